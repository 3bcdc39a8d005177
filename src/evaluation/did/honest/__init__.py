"""How far parallel trends may fail before the conclusion does: the bounds of Rambachan and Roth (2023)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.errors import EstimationError, Problem

if TYPE_CHECKING:
    from evaluation.did.event_study import EventStudy, Window
    from evaluation.did.results import Effects

RESTRICTIONS = ("relative_magnitudes", "smoothness")
CITATION = (
    "Rambachan, A. and Roth, J. (2023). A more credible approach to parallel trends. "
    "Review of Economic Studies 90(5), 2555-2591."
)
METHOD = {
    "relative_magnitudes": (
        "trends move between periods after the treatment at most `bound` times as much as they ever did before it; "
        "conditional / least-favourable hybrid confidence sets"
    ),
    "smoothness": (
        "the slope of the difference in trends changes by at most `bound` from one period to the next; "
        "optimal fixed-length confidence intervals"
    ),
}
_LARGEST, _STEPS = 2.0**12, 40
# In simulations (benchmarks/did_diagnostics.py) intervals under smoothness cover too seldom below this.
_CLUSTERS_PER_PERIOD = 10


@dataclass(frozen=True, eq=False)
class Honest:
    """Intervals for an effect that hold although trends are not parallel, up to a stated bound.

    Attributes
    ----------
    intervals : DataFrame
        `bound`, `low`, `high`: the interval if trends differ up to that bound, in the unit of the outcome.
    breakdown : float
        The largest bound up to which the interval leaves out zero: 0 if it covers zero even with trends that are
        parallel (relative magnitudes) or straight (smoothness), infinite if no bound tried makes it cover zero.
    original : tuple of float
        The usual interval, which takes trends as parallel.
    estimate : float
    restriction, target : str
        What is bounded, and which effect is asked about.
    event_times : tuple of int
        First and last event time used.
    level : float
    method, citation : str
    notes : tuple of str
        What a reader must know before relying on the intervals.
    """

    intervals: pd.DataFrame
    breakdown: float
    original: tuple[float, float]
    estimate: float
    restriction: str
    target: str
    event_times: tuple[int, int]
    level: float
    method: str
    notes: tuple[str, ...] = ()
    citation: str = CITATION

    def __repr__(self) -> str:
        lines = [
            f"Honest({self.restriction}, {self.target}, event times {self.event_times[0]} to {self.event_times[1]})",
            f"  parallel trends: {self.estimate:.4f} [{self.original[0]:.4f}, {self.original[1]:.4f}]",
        ]
        bounds = [f"{row.bound:g} [{row.low:.4f}, {row.high:.4f}]" for row in self.intervals.itertuples()]
        lines.append(f"  by bound: {', '.join(bounds)}")
        lines.append(f"  breakdown: {self.breakdown:.3g}; {100 * self.level:g} % intervals; {self.method}")
        return "\n".join([*lines, f"  {'; '.join(self.notes)}"] if self.notes else lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre><p>{escape(self.citation)}</p>"


def honest(
    effects: Effects | EventStudy,
    *,
    restriction: str = "relative_magnitudes",
    values: Sequence[float] | None = None,
    target: str | int = "average",
    weights: Mapping[int, float] | pd.Series | None = None,
    window: Window | None = None,
    level: float = 0.95,
) -> Honest:
    """Bound an effect under stated failures of parallel trends (Rambachan and Roth 2023).

    Parameters
    ----------
    effects : Effects or EventStudy
        An event study relative to one period before the treatment (`base_period="universal"`).
    restriction : {"relative_magnitudes", "smoothness"}
        What the differences in trends before the treatment say about those after it: that they move no more than
        `bound` times as much from one period to the next; or that they follow a straight line, whose slope changes by
        no more than `bound` from one period to the next.
    values : sequence of float, optional
        The bounds. Relative magnitudes: multiples, 0.5, 1, 1.5 and 2 by default. Smoothness: in the unit of the outcome
        per period; no default, since what is much depends on the outcome.
    target : "average" or int
        The average of the effects over event times from 0 on, or the effect at one event time.
    weights : mapping or Series, optional
        Weights by event time instead of `target`.
    window : (first, last) event time, optional
        The event times to use; all by default. Distant ones rest on few units and, before the treatment, decide alone
        how large the worst move was.
    level : float

    Returns
    -------
    Honest
        Its intervals take the covariance of the event study as known: with few treated clusters they are too short,
        and `notes` says so.

    Raises
    ------
    EstimationError
        If the event study has no period before its reference, no common reference, or a singular covariance; or an
        option is unknown.
    """
    from scipy.stats import norm

    from evaluation.did.event_study import read, weights_of

    bounds = _bounds(restriction, values, level)
    study = read(effects, window, after=True)
    weigh = weights_of(study, target, weights)
    interval = _interval_of(study, weigh, restriction, level)
    estimate = study.estimate.loc[study.after].to_numpy(dtype=float)
    value = float(weigh @ estimate)
    spread = study.covariance.loc[study.after, study.after].to_numpy(dtype=float)
    reach = float(norm.ppf(0.5 + level / 2) * np.sqrt(weigh @ spread @ weigh))
    rows = [(bound, *interval(bound)) for bound in bounds]
    return Honest(
        intervals=pd.DataFrame(rows, columns=["bound", "low", "high"]),
        breakdown=_breakdown(interval, max(reach, abs(value)) if restriction == "smoothness" else 1.0),
        original=(value - reach, value + reach),
        estimate=value,
        restriction=restriction,
        target=_named(target, weights),
        event_times=(int(min(study.before)), int(max(study.after))),
        level=level,
        method=METHOD[restriction],
        notes=_notes(study),
    )


def _notes(study: EventStudy) -> tuple[str, ...]:
    periods = len(study.estimate)
    if study.clusters is None or study.clusters >= _CLUSTERS_PER_PERIOD * periods:
        return ()
    what = f"{study.clusters} treated clusters are few for the covariance of {periods} event times"
    return (f"{what}: intervals are too short, under smoothness most of all; use a narrower window.",)


def _bounds(restriction: str, values: Sequence[float] | None, level: float) -> list[float]:
    found = []
    if restriction not in RESTRICTIONS:
        listed = ", ".join(repr(name) for name in RESTRICTIONS)
        found.append(Problem(f"Unknown restriction {restriction!r}", f"Choose one of {listed}"))
    elif values is None and restriction == "smoothness":
        remedy = "Give the changes of slope per period to allow for, in the unit of the outcome"
        found.append(Problem("The smoothness restriction needs values", remedy))
    given = [0.5, 1.0, 1.5, 2.0] if values is None else [float(value) for value in np.ravel(np.asarray(values))]
    if not given or not all(np.isfinite(value) and value >= 0 for value in given):
        found.append(Problem("The bounds must be finite numbers, 0 or more", "Give one or more", value=values))
    if not 0.5 < level < 1:
        found.append(Problem("level must lie between 0.5 and 1", "Use 0.95 for 95 % intervals"))
    if found:
        raise EstimationError(found)
    return given


def _interval_of(
    study: EventStudy, weights: np.ndarray, restriction: str, level: float
) -> Callable[[float], tuple[float, float]]:
    from evaluation.did.honest import relative_magnitudes, smoothness

    if restriction == "relative_magnitudes":
        return lambda bound: relative_magnitudes.interval(study, weights, bound, level)
    path = smoothness.frontier(study, weights)
    return lambda bound: smoothness.interval(path, study, bound, level)


def _breakdown(interval: Callable[[float], tuple[float, float]], unit: float) -> float:
    """Return the bound from which the interval covers zero, by bisection between one too small and one too large."""

    def covers(bound: float) -> bool:
        low, high = interval(bound)
        return low <= 0 <= high

    if covers(0.0):
        return 0.0
    small, large = 0.0, unit / 16
    while not covers(large):
        small, large = large, 2 * large
        if large > _LARGEST * unit:
            return float("inf")
    for _ in range(_STEPS):
        middle = (small + large) / 2
        small, large = (small, middle) if covers(middle) else (middle, large)
        if large - small < 1e-5 * large:
            break
    return small


def _named(target: str | int, weights: Mapping[int, float] | pd.Series | None) -> str:
    if weights is not None:
        return "weighted average of event times"
    return "average over event times from 0 on" if target == "average" else f"effect at event time {target}"
