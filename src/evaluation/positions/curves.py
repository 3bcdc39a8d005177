"""Before and after along the whole distribution, with bands for sampling error.

Everyone is counted, so the uncertainty is not that of a sample of persons. It is that of municipalities: how different
the curve would have been with other municipalities like these. It is therefore clustered on municipality, and what is
common to a municipality in both years cancels in the change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.positions.change import require_years
from evaluation.positions.histogram import FULL_TIME, Histogram, _names, _nearest, _tenths
from evaluation.positions.simultaneous import critical_value, errors
from evaluation.positions.source import View
from evaluation.workbench import Described

Kind = Literal["at_most", "at_least", "density"]
KINDS = ("at_most", "at_least", "density")


@dataclass(frozen=True, eq=False)
class Curves(Described):
    """The distribution in two years and the change between them, at the same sizes.

    Attributes
    ----------
    levels : by the columns of `by`, `year` and `percentage`: the count (`persons` or `positions`) behind the value,
        `total`, `share` (per cent), `standard_error`, `low`, `high` (at each size), `band_low`, `band_high` (over all
        sizes of the curve at once), `municipalities`.
    change : by the columns of `by` and `percentage`: the smaller count of the years, `change` (percentage points) and
        the same uncertainty.
    kind : ``"at_most"``, ``"at_least"`` or ``"density"``.
    view : as in the histogram.
    """

    levels: pd.DataFrame
    change: pd.DataFrame
    kind: str
    view: View


def curves(
    hist: Histogram,
    baseline: int,
    last: int,
    *,
    kind: Kind = "at_most",
    step: float = 5.0,
    by: Sequence[str] | str = (),
    level: float = 0.95,
    draws: int = 999,
    seed: int = 0,
) -> Curves:
    """Return the distribution before and after, and its change, with sampling error clustered on municipality.

    Parameters
    ----------
    hist : split by municipality and year.
    baseline, last : the years.
    kind : ``"at_most"`` is the cumulative share up to and including each size below 100, ``"at_least"`` the share of
        each size and above, ``"density"`` per cent per percentage point in bins of width `step` from each size
        (100 and above in the last).
    step : percentage points between the sizes; it must divide 100.
    by : columns of the histogram for a curve each, such as ("group",).
    level : coverage of intervals and bands.
    draws, seed : of the multiplier bootstrap behind the bands.

    Notes
    -----
    The share is a ratio of sums over municipalities, its error that of the linearised ratio with the factor C / (C - 1)
    (Cochran 1977, section 6.5).
    """
    if kind not in KINDS:
        raise InputError(Problem("Unknown kind of curve", _nearest(str(kind), KINDS), value=kind))
    require_years(hist, baseline, last)
    names = [name for name in _names(by) if name not in ("year", "municipality")]
    hist._require([*names, "municipality"])
    width = int(_tenths([step], "step")[0])
    if width <= 0 or FULL_TIME % width:
        raise InputError(Problem("The step must divide 100", "Give e.g. 5", value=step))
    chosen = hist.where(year=[baseline, last])
    cuts = np.arange(0, FULL_TIME + 1, width)
    if kind == "at_most":  # the bin of a size ends with it: 75 belongs to "at most 75"
        cuts = np.concatenate([[0], cuts[1:-1] + 1])
    binned = chosen._binned((*names, "municipality", "year"), cuts)
    parts = binned.groupby(names, observed=True, sort=True) if names else [((), binned)]
    levels, changes = [], []
    for key, part in parts:
        labels: dict[str, Any] = dict(zip(names, key, strict=True))
        one, moved = _curve(part, hist.count, (baseline, last), kind, width / 10, level, draws, seed)
        levels.append(one.assign(**labels))
        changes.append(moved.assign(**labels))
    together = [pd.concat(frames, ignore_index=True) for frames in (levels, changes)]
    # Everyone has at least 0, and the last size of "at most" holds everyone: neither says anything.
    ends = {"at_least": 0.0, "at_most": 100.0}
    together = [frame[frame["percentage"] != ends.get(kind, -1.0)].reset_index(drop=True) for frame in together]
    if width % 10 == 0:
        together = [frame.astype({"percentage": np.int64}) for frame in together]
    ordered = [frame[[*names, *(column for column in frame if column not in names)]] for frame in together]
    return Curves(ordered[0], ordered[1], kind, hist.view)


def _curve(
    part: pd.DataFrame,
    count: str,
    years: tuple[int, int],
    kind: Kind,
    step: float,
    level: float,
    draws: int,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    from scipy.stats import norm

    units = np.sort(part["municipality"].unique())
    sizes = int(part["bin"].max()) + 1
    inside, influence, frames = {}, {}, []
    clusters = len(units)
    factor = np.sqrt(clusters / (clusters - 1)) if clusters > 1 else np.nan
    width = float(norm.ppf(0.5 + level / 2))
    strata = np.zeros(clusters, dtype=np.int64)
    percentage = np.arange(sizes) * step + (step if kind == "at_most" else 0.0)

    def uncertain(value: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
        error = errors(scores)
        band = critical_value(scores, strata, level=level, draws=draws, seed=seed) * error
        reach = width * error
        return {"standard_error": error, "low": value - reach, "high": value + reach} | {
            "band_low": value - band,
            "band_high": value + band,
        }

    for year in years:
        rows = part[part["year"] == year]
        counts = np.zeros((clusters, sizes))
        counts[np.searchsorted(units, rows["municipality"]), rows["bin"]] = rows[count]
        everyone = counts.sum(axis=1)
        summed = _accumulated(counts, kind)
        share = summed.sum(axis=0) / everyone.sum() if everyone.sum() else np.full(sizes, np.nan)
        scale = 100.0 / step if kind == "density" else 100.0
        influence[year] = scale * factor * (summed - share * everyone[:, None]) / max(everyone.sum(), 1.0)
        inside[year] = (np.rint(summed.sum(axis=0)).astype(np.int64), scale * share, int((everyone > 0).sum()))
        frames.append(
            pd.DataFrame({"year": year, "percentage": percentage, count: inside[year][0]}).assign(
                total=int(everyone.sum()),
                share=scale * share,
                **uncertain(scale * share, influence[year]),
                municipalities=inside[year][2],
            )
        )
    early, late = (inside[year] for year in years)
    moved = late[1] - early[1]
    change = pd.DataFrame({"percentage": percentage, count: np.minimum(early[0], late[0]), "change": moved})
    scores = influence[years[1]] - influence[years[0]]
    change = change.assign(**uncertain(moved, scores), municipalities=min(early[2], late[2]))
    return pd.concat(frames, ignore_index=True), change


def _accumulated(counts: np.ndarray, kind: Kind) -> np.ndarray:
    if kind == "density":
        return counts
    if kind == "at_most":
        return counts.cumsum(axis=1)
    return counts[:, ::-1].cumsum(axis=1)[:, ::-1]
