"""What moved between two years, municipality by municipality, and how much of it chance alone would give.

A register counts everyone, so the noise here is not that of a sample: it is who happened to be employed on the day of
the count. The standard errors are those of two years' employees drawn anew. Most people stay, so these errors are an
upper limit; where noise matters for the answer it is scaled by how much the changes of municipalities of different size
really scatter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.positions.histogram import COUNT, Histogram, _names, _nearest
from evaluation.positions.source import View
from evaluation.positions.weighted import two_variances
from evaluation.workbench import Described

Measure = Literal["mean_size", "full_time_share"]
MEASURES = ("mean_size", "full_time_share")
UNCHANGED = 1e-9
ENOUGH = 20
"""Municipalities needed to tell true variation from noise by size."""


@dataclass(frozen=True)
class Changes(Described):
    """Change in position size between two years.

    Attributes
    ----------
    data : one row per combination of `by`. `positions` or `persons`, and `man_years`, hold the smaller of the two
        years (what disclosure control must look at). For each of `mean_size` (per cent) and `full_time_share` (per
        cent) the columns `<measure>_baseline`, `<measure>_last`, `<measure>_change` (percentage points) and
        `<measure>_error`, the standard error of the change by chance alone.
    absent : the combinations counted in one of the years only, with `reason`; they are not in `data`.
    baseline, last : the years.
    view, by : as in the histogram.
    """

    data: pd.DataFrame
    absent: pd.DataFrame
    baseline: int
    last: int
    view: View
    by: tuple[str, ...]

    def only(self, municipalities: Sequence[str]) -> Changes:
        """Keep the municipalities given."""
        wanted = set(municipalities)
        return replace(
            self,
            data=self.data[self.data["municipality"].isin(wanted)].reset_index(drop=True),
            absent=self.absent[self.absent["municipality"].isin(wanted)].reset_index(drop=True),
        )


def change(hist: Histogram, baseline: int, last: int, by: Sequence[str] | str = ("municipality",)) -> Changes:
    """Return the change in mean size and full-time share from `baseline` to `last`, by municipality unless told.

    Raises
    ------
    InputError
        A year the histogram does not have, the same year twice, or a column it is not split by.
    """
    names = tuple(name for name in _names(by) if name != "year")
    require_years(hist, baseline, last)
    both = hist.where(year=[baseline, last]).measures((*names, "year"))
    early, late = (both[both["year"] == year].drop(columns="year").set_index(list(names)) for year in (baseline, last))
    shared = early.index.intersection(late.index, sort=None).sort_values()
    absent = pd.concat(
        [
            early.index.difference(late.index).to_frame(index=False).assign(reason="not_in_last_year"),
            late.index.difference(early.index).to_frame(index=False).assign(reason="not_in_baseline_year"),
        ],
        ignore_index=True,
    )
    early, late = early.loc[shared], late.loc[shared]
    count = COUNT[hist.view]
    data = shared.to_frame(index=False).set_index(shared)
    data[count] = np.minimum(early[count], late[count])
    data["man_years"] = np.minimum(early["man_years"], late["man_years"])
    for measure in MEASURES:
        data[f"{measure}_baseline"] = early[measure]
        data[f"{measure}_last"] = late[measure]
        data[f"{measure}_change"] = late[measure] - early[measure]
        data[f"{measure}_error"] = np.sqrt(sum(_spread(year, measure) / year[count] for year in (early, late)))
    return Changes(
        data=data.reset_index(drop=True), absent=absent, baseline=baseline, last=last, view=hist.view, by=names
    )


def share_increased(
    changes: Changes,
    measure: Measure = "mean_size",
    *,
    by: Sequence[str] | str = (),
    drift: float = 0.0,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the share of municipalities in which the measure rose, and the share chance alone would give.

    Chance alone means: the true change is `drift` in every municipality, and what is seen is that plus normal noise
    with each municipality's own standard error. With no drift each municipality rises with probability one half,
    whatever its noise; so half of the municipalities rising is what no change looks like. With the change among the
    others as `drift` the question becomes whether the participants rose more often than by following the others: the
    noise then matters, and is scaled down to the scatter of the changes about their common mean, which under chance
    alone is all noise. The number that rises is Poisson-binomial, computed exactly.

    Parameters
    ----------
    changes : of `change`.
    measure : ``"mean_size"`` or ``"full_time_share"``.
    by : columns of `changes.data` to split by.
    drift : the common true change under chance alone, in percentage points.
    confidence : of the interval and of the chance range.

    Returns
    -------
    DataFrame
        `municipalities`, `increased`, `unchanged` (exactly), `share` (per cent increased, unchanged ones count as not),
        `low`, `high` (Wilson 1927), `chance_share`, `chance_low`, `chance_high` (per cent: expected, and the central
        range of what chance gives), `p_value` (twice the smaller tail of the chance distribution).
    """
    _require_measure(measure)
    if not 0 < confidence < 1:
        raise InputError(Problem("The confidence must lie between 0 and 1", "Give e.g. 0.95", value=confidence))
    names = list(_names(by))
    absent = [name for name in names if name not in changes.by]
    if absent:
        raise InputError(
            Problem("The changes are not split by this column", _nearest(name, changes.by), column=name)
            for name in absent
        )
    parts = changes.data.groupby(names, observed=True, sort=True) if names else [((), changes.data)]
    rows = []
    for key, part in parts:
        moved = part[f"{measure}_change"].to_numpy(dtype=np.float64)
        error = _scaled(moved, part[f"{measure}_error"].to_numpy(dtype=np.float64))
        rows.append(dict(zip(names, key, strict=True)) | _chance(moved, error, drift, confidence))
    columns = [*names, "municipalities", "increased", "unchanged", "share", "low", "high"]
    columns += ["chance_share", "chance_low", "chance_high", "p_value"]
    return pd.DataFrame(rows, columns=columns)


def shrunken(changes: Changes, measure: Measure = "mean_size") -> pd.DataFrame:
    """Return each municipality's change drawn towards the mean change by as much as it is noise, for ranking.

    Empirical Bayes: true changes vary normally around a common mean, with a variance that is the same at every size;
    the noise is each municipality's own error, scaled. From `ENOUGH` municipalities on the variance and the scale are
    told apart by how the scatter falls with size; with fewer the errors are taken as they are and the variance is Paule
    and Mandel's (1982). A small municipality no longer tops the list by chance.

    Returns
    -------
    DataFrame
        `changes.data` with `estimate` (percentage points), `low`, `high` (95 per cent, given tau), `reliability` (0 is
        all noise, 1 none) and `rank` (1 is the largest increase); sorted by it.
    """
    from scipy.stats import norm

    _require_measure(measure)
    data = changes.data
    moved = data[f"{measure}_change"].to_numpy(dtype=np.float64)
    variance = np.square(data[f"{measure}_error"].to_numpy(dtype=np.float64))
    tau, scale = _true_and_noise(moved, variance)
    variance = scale * variance
    weight = 1 / np.maximum(tau + variance, np.finfo(float).tiny)
    mean = float((weight * moved).sum() / weight.sum()) if len(moved) else np.nan
    reliability = np.divide(tau, tau + variance, out=np.ones(len(moved)), where=tau + variance > 0)
    estimate = mean + reliability * (moved - mean)
    half = norm.ppf(0.975) * np.sqrt(reliability * variance)
    ranked = data.assign(estimate=estimate, low=estimate - half, high=estimate + half, reliability=reliability)
    ranked = ranked.sort_values(["estimate", *changes.by], ascending=[False] + [True] * len(changes.by))
    return ranked.assign(rank=np.arange(1, len(ranked) + 1)).reset_index(drop=True)


def largest_increase(ranked: pd.DataFrame, measure: Measure = "mean_size") -> pd.DataFrame:
    """Return the municipality with the largest increase, and to what level: by shrunken estimate and as counted.

    The two may differ: the largest change as counted is often that of a small municipality, where one person's new
    contract moves the mean.

    Parameters
    ----------
    ranked : of `shrunken`, or what disclosure control left of it; withheld municipalities are not considered.

    Returns
    -------
    DataFrame
        Two rows, `ranking` ``shrunken`` and ``counted``, with the columns of `ranked`: among them `estimate` with its
        interval, `<measure>_change`, and the level reached, `<measure>_last`.
    """
    _require_measure(measure)
    shown = ranked[ranked["estimate"].notna() & ranked[f"{measure}_change"].notna()]
    if shown.empty:
        raise InputError(Problem("There is no municipality to rank", "Check the selection, and what was withheld"))
    first = [shown[name].astype("float64").idxmax() for name in ("estimate", f"{measure}_change")]
    found = shown.loc[first].reset_index(drop=True)
    found.insert(0, "ranking", ["shrunken", "counted"])
    return found


def across_municipalities(
    hist: Histogram, by: Sequence[str] | str = ("year",), measure: Measure = "full_time_share"
) -> pd.DataFrame:
    """Return the distribution of a measure over municipalities, as the published tables have it.

    The published series is the median municipality's full-time share, and the number of municipalities above 50, above
    25 and at most 10 per cent (arbeidslivet.no 30.10.2013, from Fafo's "Heltid i nord"). Municipalities count equally.

    Returns
    -------
    DataFrame
        `municipalities`, `median`, `p10`, `p25`, `p75`, `p90` (per cent), `above_50`, `above_25`, `at_most_10`
        (numbers of municipalities); the median of an even number is the mean of the two in the middle.
    """
    _require_measure(measure)
    names = [name for name in _names(by) if name != "municipality"]
    each = hist.measures((*names, "municipality"))
    parts = each.groupby(names, observed=True, sort=True) if names else [((), each)]
    rows = []
    for key, part in parts:
        value = part[measure].to_numpy(dtype=np.float64)
        p10, p25, median, p75, p90 = np.quantile(value, (0.1, 0.25, 0.5, 0.75, 0.9)) if len(value) else [np.nan] * 5
        rows.append(
            dict(zip(names, key, strict=True))
            | {"municipalities": len(value), "median": median, "p10": p10, "p25": p25, "p75": p75, "p90": p90}
            | {"above_50": int((value > 50).sum()), "above_25": int((value > 25).sum())}
            | {"at_most_10": int((value <= 10).sum())}
        )
    return pd.DataFrame(rows)


def require_years(hist: Histogram, baseline: int, last: int) -> None:
    """Refuse years the histogram does not have, and a change from a year to itself."""
    if "year" not in hist.by:
        raise InputError(Problem("The histogram is not split by year", "Make it with year in `by`", column="year"))
    known = sorted({int(year) for year in hist.data["year"].unique()})
    problems = [
        Problem(f"The histogram has no positions in {year}", f"It has {', '.join(map(str, known))}", value=year)
        for year in dict.fromkeys((baseline, last))
        if year not in known
    ]
    if baseline == last:
        problems.append(Problem("The baseline and the last year are the same", "Give two years", value=baseline))
    if problems:
        raise InputError(problems)


def _require_measure(measure: str) -> None:
    if measure not in MEASURES:
        raise InputError(Problem("Unknown measure", _nearest(measure, MEASURES), value=measure))


def _spread(year: pd.DataFrame, measure: str) -> pd.Series:
    """Return the variance of what one position or employee adds to the measure, in squared percentage points."""
    if measure == "mean_size":
        return year["variance"]
    return year["full_time_share"] * (100 - year["full_time_share"])


def _chance(moved: np.ndarray, error: np.ndarray, drift: float, confidence: float) -> dict[str, float]:
    from scipy.stats import norm

    n, up = len(moved), int((moved > UNCHANGED).sum())
    if n == 0:
        return {"municipalities": 0, "increased": 0, "unchanged": 0}
    z = norm.ppf((1 + confidence) / 2)
    centre, half = up + z**2 / 2, z * np.sqrt(up * (n - up) / n + z**2 / 4)
    # Without noise the sign is that of the drift; without either, a rise is as likely as a fall.
    certain = 0.0 if drift == 0 else float(np.copysign(np.inf, drift))
    score = np.divide(drift, error, out=np.full(n, certain), where=error > 0)
    mass = poisson_binomial(norm.cdf(score))
    below = mass.cumsum()
    tail = (1 - confidence) / 2
    ends = np.searchsorted(below, [tail - 1e-12, 1 - tail - 1e-12])
    return {
        "municipalities": n,
        "increased": up,
        "unchanged": int((np.abs(moved) <= UNCHANGED).sum()),
        "share": 100 * up / n,
        "low": 100 * (centre - half) / (n + z**2),
        "high": 100 * (centre + half) / (n + z**2),
        "chance_share": 100 * float(np.arange(n + 1) @ mass) / n,
        "chance_low": 100 * ends[0] / n,
        "chance_high": 100 * min(ends[1], n) / n,
        "p_value": float(min(1.0, 2 * min(mass[: up + 1].sum(), mass[up:].sum()))),
    }


def poisson_binomial(probabilities: np.ndarray) -> np.ndarray:
    """Return the distribution of the number of successes in independent trials with these probabilities."""
    mass = np.ones(1)
    for p in probabilities:
        mass = np.append(mass * (1 - p), 0.0) + np.append(0.0, mass * p)
    return mass


def _scaled(moved: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Scale the errors down to the scatter of the changes about their common mean, where there are enough of them."""
    known = error > 0
    if known.sum() < ENOUGH:
        return error
    weight = 1 / np.square(error[known])
    mean = (weight * moved[known]).sum() / weight.sum()
    scale = (weight * np.square(moved[known] - mean)).sum() / (known.sum() - 1)
    return error * np.sqrt(min(scale, 1.0))


def _true_and_noise(moved: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """Return the variance of true changes and what the squared errors are to be multiplied by."""
    if len(moved) < ENOUGH or np.ptp(variance) == 0:
        return _between(moved, variance), 1.0
    true, scale = _between(moved, variance), 1.0
    for _ in range(5):
        weight = 1 / np.maximum(true + scale * variance, np.finfo(float).tiny)
        squares = np.square(moved - (weight * moved).sum() / weight.sum()) * len(moved) / (len(moved) - 1)
        true, scale = two_variances(squares, variance)
    return true, scale


def _between(value: np.ndarray, variance: np.ndarray) -> float:
    """Return the variance of true values around their mean, by Paule and Mandel's moment equation; at least 0."""
    from scipy.optimize import brentq

    if len(value) < 2:
        return 0.0
    floor = max(float(variance.max()), 1.0) * 1e-12

    def excess(tau: float) -> float:
        weight = 1 / np.maximum(variance + tau, floor)
        mean = (weight * value).sum() / weight.sum()
        return float((weight * np.square(value - mean)).sum() - (len(value) - 1))

    if excess(0.0) <= 0:
        return 0.0
    return float(brentq(excess, 0.0, float(np.var(value, ddof=1)) * len(value) + floor, xtol=1e-12))
