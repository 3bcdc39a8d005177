"""The effect along the whole distribution: difference-in-differences of the share at or above every size.

The outcome of a municipality is the share of its employees with at least x per cent of full time, for a sequence of x.
Each is estimated by `evaluation.did`, and the influence of every municipality on all of them is kept, so that one band
covers the whole curve. Band shares are differences of two such shares, quantile effects its inversion: nothing is
estimated twice, and the parts agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import EstimationError, InputError, Problem
from evaluation.positions.histogram import EDGES, QUANTILES, Histogram, _tenths, band_labels, quantile_name
from evaluation.positions.simultaneous import critical_value, errors
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.did.panel import Panel

CITATION = (
    "Callaway, B. and Sant'Anna, P. H. C. (2021), Journal of Econometrics 225(2), 200-230, for each threshold; "
    "Chernozhukov, V., Fernandez-Val, I. and Melly, B. (2013), Econometrica 81(6), 2205-2268, for the sequence; "
    "Chernozhukov, V., Fernandez-Val, I., Melly, B. and Wuethrich, K. (2020), Journal of the American Statistical "
    "Association 115(529), 123-137, for quantiles of discrete outcomes."
)


@dataclass(frozen=True, eq=False)
class Scores:
    """What a simultaneous band is made from: the influence of each municipality on the effect in every band.

    Attributes
    ----------
    influence : (municipalities, bands)
    strata : (municipalities,) the intake, as whole numbers from 0.
    level, draws, seed : of the bootstrap.
    """

    influence: np.ndarray
    strata: np.ndarray
    level: float
    draws: int
    seed: int

    def factor(self, columns: Sequence[int]) -> float:
        """Return the factor that makes the intervals of these columns cover at once."""
        chosen = self.influence[:, list(columns)]
        return critical_value(chosen, self.strata, level=self.level, draws=self.draws, seed=self.seed)


@dataclass(frozen=True, eq=False)
class DistributionalEffects(Described):
    """Effects on the whole distribution of position sizes, in percentage points.

    Attributes
    ----------
    thresholds : `percentage` x and the effect on the share of at least x: `estimate`, `standard_error`, `low`, `high`
        (at each x), `band_low`, `band_high` (over all x at once), `p_value` (pointwise), `share` (per cent of the
        treated after the start, observed), `counterfactual` (`share` less the effect), `municipalities`, `treated`.
    bands : `band`, `lower`, `upper` and the same for the share in each band; its own band over the bands.
    quantiles : `quantile` (per cent), `observed`, `counterfactual` (position sizes, per cent), `estimate`, `low`,
        `high`: by inverting the simultaneous band, so that the intervals cover all quantiles at once. Sizes are known
        to the step between the thresholds.
    standard_error, citation : the convention, and the sources.
    """

    thresholds: pd.DataFrame
    bands: pd.DataFrame
    quantiles: pd.DataFrame
    standard_error: str
    scores: Scores
    citation: str = CITATION

    def only(self, bands: Sequence[str]) -> pd.DataFrame:
        """Return the rows of some bands with a simultaneous band of their own, over them alone.

        For a claim made beforehand about these bands, such as that those below half time are left alone.
        """
        unknown = [name for name in bands if name not in set(self.bands["band"])]
        if unknown or not bands:
            remedy = f"It has {', '.join(self.bands['band'])}"
            raise InputError(Problem("There is no such band", remedy, value=", ".join(unknown)))
        rows = self.bands[self.bands["band"].isin(bands)]
        reach = self.scores.factor(rows.index.to_list()) * rows["standard_error"]
        rows = rows.assign(band_low=rows["estimate"] - reach, band_high=rows["estimate"] + reach)
        return rows.reset_index(drop=True)


def distributional_effect(
    hist: Histogram,
    started: pd.DataFrame,
    *,
    edges: Sequence[float] = EDGES,
    step: float = 5.0,
    at: Sequence[float] = QUANTILES,
    control: str = "never_treated",
    weights: str | None = None,
    level: float = 0.95,
    draws: int = 999,
    seed: int = 0,
) -> DistributionalEffects:
    """Estimate the effect on every band share, on the share at or above every size, and on quantiles.

    Parameters
    ----------
    hist : split by municipality and year.
    started : `municipality`, `first_treated` (a year; 0 for never), as `panel` and `starts` give them, and the column
        `weights` where named. Other municipalities are left out.
    edges : of the bands, from 0.
    step : percentage points between the thresholds up to 100; bands' edges are thresholds too.
    at : quantiles, as shares.
    control : ``"never_treated"`` or ``"not_yet_treated"``.
    weights : a column of positive weights, constant within a municipality; otherwise municipalities count equally.
    level : coverage of intervals and bands.
    draws, seed : of the multiplier bootstrap behind the bands.

    Returns
    -------
    DistributionalEffects
        Averages over treated municipalities and their years from the start on.

    Raises
    ------
    InputError, EstimationError
        Edges or a step that do not fit, or a panel that cannot answer.
    """
    cuts = _tenths(edges, "edges")
    labels = band_labels(cuts)
    width = int(_tenths([step], "step")[0])
    if width <= 0 or 1000 % width:
        raise InputError(Problem("The step must divide 100", "Give e.g. 5", value=step))
    sizes = np.unique(np.concatenate([np.arange(width, 1001, width), cuts[1:]]))
    data = _shares(hist, sizes, started, weights)
    panel = _panel(data, sizes, control, weights)
    influence, effect, observed, treated = _estimates(panel, len(sizes), control)
    strata = np.unique(panel.group, return_inverse=True)[1].astype(np.int64)
    counts = {"municipalities": panel.sample.units, "treated": treated}

    def frame(values: Any, scores: Any, shares: Any) -> pd.DataFrame:
        return _frame(values, Scores(scores, strata, level, draws, seed), shares).assign(**counts)

    thresholds = frame(effect, influence, observed)
    thresholds.insert(0, "percentage", sizes / 10)
    # A band is the difference between the share from its lower edge on and that from the next edge on.
    places = np.searchsorted(sizes, cuts[1:])
    chosen = [np.column_stack([np.full(len(x), full), x[:, places], np.zeros(len(x))]) for x, full in
              ((influence, 0.0), (effect[None, :], 0.0), (observed[None, :], 100.0))]  # fmt: skip
    parts = [x[:, :-1] - x[:, 1:] for x in chosen]
    bands = frame(parts[1][0], parts[0], parts[2][0])
    for place, (name, values) in enumerate(
        {"band": labels, "lower": cuts / 10, "upper": [*(cuts[1:] / 10), np.inf]}.items()
    ):
        bands.insert(place, name, values)
    convention = (
        f"analytic, from influence functions, clustered on the municipality ({panel.sample.units}); normal quantiles; "
        "simultaneous bands by a studentised multiplier bootstrap within intakes"
    )
    scores = Scores(parts[0], strata, level, draws, seed)
    return DistributionalEffects(thresholds, bands, _quantiles(thresholds, at), convention, scores)


def _shares(hist: Histogram, sizes: np.ndarray, started: pd.DataFrame, weights: str | None) -> pd.DataFrame:
    """Return one row per municipality and year with the share (per cent) at or above every size, `at_0`, `at_1`, ..."""
    hist._require(["municipality", "year"])
    wanted = ["municipality", "first_treated", *([weights] if weights else [])]
    absent = [name for name in wanted if name not in started]
    if absent:
        raise InputError(
            Problem("The table of who started when lacks a column", "Make it by positions.starts", column=name)
            for name in absent
        )
    first = started[wanted].drop_duplicates()
    if first["municipality"].duplicated().any():
        twice = first.loc[first["municipality"].duplicated(), "municipality"].iloc[0]
        what = "One municipality has two starts or weights"
        raise InputError(Problem(what, "Give one row each", column="municipality", value=twice))
    binned = hist._binned(("municipality", "year"), np.concatenate([[0], sizes]))
    keys = binned.loc[binned["bin"] == 0, ["municipality", "year"]].reset_index(drop=True)
    share = binned["share"].to_numpy().reshape(len(keys), len(sizes) + 1)
    above = share[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
    outcomes = pd.DataFrame(above, columns=[f"at_{place}" for place in range(len(sizes))])
    return pd.concat([keys, outcomes], axis=1).merge(first, on="municipality")


def _panel(data: pd.DataFrame, sizes: np.ndarray, control: str, weights: str | None) -> Panel:
    """Check the panel once, and lay out every outcome in the one order of the municipalities."""
    from evaluation.did.panel import Columns, prepare

    if control not in ("never_treated", "not_yet_treated"):
        remedy = "Choose 'never_treated' or 'not_yet_treated'"
        raise EstimationError(Problem(f"Unknown control {control!r}", remedy))
    names = tuple(f"at_{place}" for place in range(len(sizes)))
    columns = Columns(names[-1], "municipality", "year", "first_treated", weights=weights, covariates=names)
    return prepare(data, columns, control=control, anticipation=0, missing="drop")


def _estimates(panel: Panel, outcomes: int, control: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return influence (municipalities, outcomes), effects, the treated's own level after the start, and their number.

    The average is that of `did.estimate(...).overall`: over treated municipalities and their years from the start on.
    """
    from evaluation.did.aggregate import aggregate
    from evaluation.did.callaway_santanna import group_time

    influence = np.zeros((len(panel.group), outcomes))
    effect = np.zeros(outcomes)
    nothing = np.empty((*panel.outcome.shape, 0))
    periods = np.arange(1, panel.outcome.shape[1] + 1)
    after = (panel.group[:, None] > 0) & (periods[None, :] >= panel.group[:, None]) & np.isfinite(panel.outcome)
    weight = panel.weights[:, None] * after
    observed = np.einsum("up,upo->o", weight, np.where(after[:, :, None], panel.covariates, 0.0)) / weight.sum()
    treated = 0
    for place in range(outcomes):
        one = replace(panel, outcome=panel.covariates[:, :, place], covariates=nothing)
        varying = np.nanmax(one.outcome) - np.nanmin(one.outcome) > 0
        if not varying:  # everyone has at least so much: no effect, and nothing to estimate it from
            continue
        cells = group_time(one, model="regression", control=control, anticipation=0, base_period="universal")
        if not (cells.period >= cells.group).any():
            remedy = "Check that participants are observed before and after, beside others"
            raise EstimationError(Problem("No effect after the start can be estimated", remedy))
        value, scores, treated = aggregate(one, cells).single["simple"]
        effect[place], influence[:, place] = value, scores
    return influence, effect, observed, treated


def _frame(effect: np.ndarray, scores: Scores, observed: np.ndarray) -> pd.DataFrame:
    from scipy.stats import norm

    error = errors(scores.influence)
    reach = float(norm.ppf(0.5 + scores.level / 2)) * error
    band = scores.factor(range(len(effect))) * error
    return pd.DataFrame(
        {
            "estimate": effect,
            "standard_error": error,
            "low": effect - reach,
            "high": effect + reach,
            "band_low": effect - band,
            "band_high": effect + band,
            "p_value": 2 * norm.sf(np.abs(effect / error)),
            "share": observed,
            "counterfactual": observed - effect,
        }
    )


def _quantiles(thresholds: pd.DataFrame, at: Sequence[float]) -> pd.DataFrame:
    """Invert the shares at or above each size into sizes; the band of the one is the band of the other.

    A share of at least x is a step function of x; it is made falling first (Chernozhukov et al. 2010, Econometrica
    78(3), 1093-1125). The observed distribution of the treated is taken as it is, the counterfactual is uncertain.
    """
    if not all(0 < share < 1 for share in at):
        raise InputError(Problem("A quantile is a share between 0 and 1", "Give e.g. (0.25, 0.5, 0.75)", value=at))
    sizes = np.concatenate([[0.0], thresholds["percentage"].to_numpy()])
    observed = thresholds["share"].to_numpy()
    known = {name: thresholds[name].fillna(0.0).to_numpy() for name in ("estimate", "band_low", "band_high")}
    own = _sizes(sizes, observed, at)
    middle, low, high = (_sizes(sizes, observed - known[name], at) for name in ("estimate", "band_high", "band_low"))
    return pd.DataFrame(
        {
            "quantile": 100.0 * np.asarray(at, dtype=np.float64),
            "measure": [quantile_name(share) for share in at],
            "observed": own,
            "counterfactual": middle,
            "estimate": own - middle,
            "low": own - high,
            "high": own - low,
            "municipalities": thresholds["municipalities"].iloc[0],
            "treated": thresholds["treated"].iloc[0],
        }
    )


def _sizes(sizes: np.ndarray, above: np.ndarray, at: Sequence[float]) -> np.ndarray:
    """Return the largest of the sizes that more than the share 1 - q has at least: the q-quantile, to the step."""
    falling = np.sort(np.clip(np.concatenate([[100.0], above]), 0.0, 100.0))[::-1]
    return np.array([sizes[np.flatnonzero(falling > 100.0 * (1 - share) + 1e-9)[-1]] for share in at])
