"""An event study as the diagnostics read it: estimates by event time, with their covariance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.errors import EstimationError, Problem
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.did.results import Effects

Window = tuple[int, int]
_RELATIVE_RANK = 1e-10


@dataclass(frozen=True, eq=False)
class EventStudy(Described):
    """Estimates relative to one reference period, from `did.estimate` or from any other source.

    Attributes
    ----------
    estimate : Series
        By event time (periods since first treated), consecutive but for the reference, which is left out.
    covariance : DataFrame
        Of the estimates, both axes by event time.
    reference : int
        The event time that the estimates are relative to. Effects are allowed from the next one on.
    clusters : int, optional
        Independent treated clusters behind the estimates; None if they are many.

    Raises
    ------
    EstimationError
        If event times have gaps or do not match, or the covariance is not that of estimates (finite, symmetric and of
        full rank); every reason found is listed.
    """

    estimate: pd.Series
    covariance: pd.DataFrame
    reference: int = -1
    clusters: int | None = None

    def __post_init__(self) -> None:
        times = np.asarray(self.estimate.index)
        found = []
        whole = pd.api.types.is_integer_dtype(self.estimate.index.dtype)
        every = np.arange(min([*times, self.reference]), max([*times, self.reference]) + 1) if whole else times
        if not whole or not np.array_equal(times, every[every != self.reference]):
            what = f"Event times must be consecutive whole numbers without the reference {self.reference}"
            found.append(Problem(what, "Index the estimates by event time, in order, the reference left out"))
        if not (np.array_equal(self.covariance.index, times) and np.array_equal(self.covariance.columns, times)):
            what = "The covariance has other event times than the estimates"
            found.append(Problem(what, "Index and name it by the same event times"))
        if not found:
            found = _number_problems(self.estimate.to_numpy(dtype=float), self.covariance.to_numpy(dtype=float))
        if found:
            raise EstimationError(found)

    @property
    def before(self) -> np.ndarray:
        """Event times before the reference."""
        times = self.estimate.index.to_numpy()
        return times[times < self.reference]

    @property
    def after(self) -> np.ndarray:
        """Event times after the reference: those in which effects are allowed, anticipation included."""
        times = self.estimate.index.to_numpy()
        return times[times > self.reference]

    def between(self, first: int, last: int) -> EventStudy:
        """Return the event study of the event times from `first` to `last` only."""
        times = self.estimate.index.to_numpy()
        kept = times[(times >= first) & (times <= last)]
        return EventStudy(self.estimate.loc[kept], self.covariance.loc[kept, kept], self.reference, self.clusters)


def _number_problems(estimate: np.ndarray, covariance: np.ndarray) -> list[Problem]:
    if not np.isfinite(estimate).all() or not np.isfinite(covariance).all():
        return [Problem("Some estimates or covariances are not finite", "Leave out event times without uncertainty")]
    scale = np.sqrt(np.abs(np.diag(covariance)))
    if not np.allclose(covariance, covariance.T, rtol=0, atol=1e-8 * float(scale.max(initial=0.0)) ** 2):
        return [Problem("The covariance is not symmetric", "Give the covariance of the estimates")]
    if not estimate.size:
        return []
    if (scale == 0).any() or np.linalg.eigvalsh(covariance / np.outer(scale, scale))[0] < _RELATIVE_RANK:
        remedy = "Use a narrower window of event times; there must be more clusters than event times"
        return [Problem("The covariance of the event study is singular", remedy)]
    return []


def read(effects: Effects | EventStudy, window: Window | None, *, after: bool) -> EventStudy:
    """Return the event study of an estimation, refused if it has none that pre-trends can be read from.

    Parameters
    ----------
    effects : Effects or EventStudy
    window : (first, last) event time, optional
        The event times to use; all of them by default.
    after : bool
        Whether event times after the reference are needed too.

    Raises
    ------
    EstimationError
        If the method estimates no event times before the treatment against one reference period.
    """
    study = effects if isinstance(effects, EventStudy) else _of(effects)
    if window is not None:
        first, last = window
        if not first <= study.reference <= last:
            what = f"The window {first} to {last} does not hold the reference period {study.reference}"
            raise EstimationError(Problem(what, "Give the first and last event time to use, around the reference"))
        study = study.between(first, last)
    found = []
    if not len(study.before):
        what = "The event study has no estimate before its reference period"
        found.append(Problem(what, "Use a longer panel or a wider window"))
    if after and not (study.after >= 0).any():
        found.append(Problem("The event study has no estimate after the treatment", "Use a wider window"))
    if found:
        raise EstimationError(found)
    return study


def _of(effects: Effects) -> EventStudy:
    frame = effects.event_study
    marked = frame.loc[frame["reference"], "event_time"] if "reference" in frame else frame["event_time"].head(0)
    if marked.empty:
        remedy = 'Estimate with method="callaway_santanna" and base_period="universal" for pre-trends'
        what = f"The event study by {effects.method} has no reference period before the treatment"
        raise EstimationError(Problem(what, remedy))
    estimate = frame[~frame["reference"]].set_index("event_time")["estimate"]
    known = [time for time in estimate.index if time in effects.covariance.index]
    groups = effects.sample.groups
    treated = int(groups.loc[groups["first_treated"] != 0, "clusters"].sum())
    clusters = min(treated, effects.sample.clusters)
    return EventStudy(estimate.loc[known], effects.covariance.loc[known, known], int(marked.iloc[0]), clusters)


def weights_of(study: EventStudy, target: str | int, weights: object) -> np.ndarray:
    """Return the weight of every event time after the reference in the effect asked about.

    Parameters
    ----------
    study : EventStudy
    target : "average" or int
        The average over the event times from 0 on, or one event time.
    weights : Series or mapping of event time to weight, optional
        Instead of `target`.

    Raises
    ------
    EstimationError
        If the target is not among the event times.
    """
    after = study.after
    if weights is not None:
        given = pd.Series(weights, dtype=float)
        unknown = [time for time in given.index if time not in after]
        if unknown or not np.isfinite(given).all() or not (given != 0).any():
            what = "The weights must be finite, not all zero, and by event time after the reference"
            value = unknown[0] if unknown else None
            raise EstimationError(Problem(what, f"Use event times {after[0]} to {after[-1]}", value=value))
        return given.reindex(after, fill_value=0.0).to_numpy()
    if target == "average":
        chosen = after >= 0
        return chosen / chosen.sum()
    if isinstance(target, bool) or not isinstance(target, (int, np.integer)) or target not in after:
        remedy = f'Use "average" or an event time from {after[0]} to {after[-1]}'
        raise EstimationError(Problem("Unknown target of the event study", remedy, value=target))
    return (after == target).astype(float)
