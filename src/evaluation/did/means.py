"""Group-time effects without covariates: differences of mean changes, for every group and period at once.

Callaway and Sant'Anna's three models (outcome regression, weighting, doubly robust) are the same difference of means
when there are no covariates, so no regression is run and no package is called.
"""

from __future__ import annotations

import numpy as np

from evaluation.did.callaway_santanna import REASONS, GroupTime
from evaluation.did.panel import Panel


def group_time_means(panel: Panel, *, control: str, anticipation: int, base_period: str) -> GroupTime:
    """Estimate the effect of every group in every period (Callaway and Sant'Anna 2021, section 2).

    A unit enters a comparison if it is observed in both of its periods. Treated after the period compared (and its
    anticipation), a unit is a control under "not_yet_treated".
    """
    length = panel.outcome.shape[1]
    periods = np.arange(1, length + 1)
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    missing: list[tuple[int, int, str]] = []
    for group in panel.groups:
        base = np.full(length, group - 1 - anticipation)
        if base_period == "varying":
            before = periods < group
            base[before] = periods[before] - 1
        compared = (base >= 1) & (base != periods)
        change = panel.outcome[:, compared] - panel.outcome[:, base[compared] - 1]
        latest = np.maximum(periods, base)[compared]
        untreated = panel.group[:, None] == 0
        if control == "not_yet_treated":
            untreated = untreated | (panel.group[:, None] > latest[None, :] + anticipation)
            untreated[panel.group == group] = False
        seen = np.isfinite(change)
        change = np.where(seen, change, 0.0)
        of_treated, influence_treated = _mean(change, panel.weights, seen & (panel.group == group)[:, None])
        of_control, influence_control = _mean(change, panel.weights, seen & untreated)
        effect = of_treated - of_control
        found = np.isfinite(effect)
        unknown = periods[compared][~found]
        missing += [(group + panel.origin, int(t) + panel.origin, REASONS["zero_treated_control"]) for t in unknown]
        influence_treated -= influence_control
        treated = (seen & (panel.group == group)[:, None]).sum(axis=0)
        parts.append((periods[compared][found], effect[found], treated[found], influence_treated[:, found]))
    return GroupTime(
        group=np.repeat(panel.groups, [len(part[0]) for part in parts]),
        period=np.concatenate([part[0] for part in parts]),
        effect=np.concatenate([part[1] for part in parts]),
        treated=np.concatenate([part[2] for part in parts]),
        influence=np.hstack([part[3] for part in parts]),
        missing=sorted(missing),
        notes=(),
    )


def _mean(values: np.ndarray, weights: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted mean of each column over its members and the influence of every unit on it."""
    share = weights[:, None] * members
    total = share.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share /= total
        mean = (share * values).sum(axis=0) / (total > 0)
        share *= values - mean
    return mean, share
