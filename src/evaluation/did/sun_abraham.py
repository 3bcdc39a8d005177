"""Sun and Abraham's interaction-weighted estimator, without building its regression.

Their regression has unit effects, period effects, and a dummy for every treated group in every period but the one
before its treatment. Each treated group thus has period effects of its own, and the regression falls apart into one
two-way regression for each group and one for the controls: exact on incomplete and weighted panels too, and a matter
of milliseconds where the regression itself takes minutes and gigabytes. On a complete panel the coefficients are
Callaway and Sant'Anna's comparisons with never-treated controls.
"""

from __future__ import annotations

import numpy as np

from evaluation.did.callaway_santanna import REASONS, GroupTime
from evaluation.did.panel import Panel
from evaluation.did.two_way import TwoWay
from evaluation.errors import EstimationError, Problem

CITATION = (
    "Sun, L. and Abraham, S. (2021). Estimating dynamic treatment effects in event studies with heterogeneous "
    "treatment effects. Journal of Econometrics 225(2), 175-199."
)


def saturated(panel: Panel, *, anticipation: int) -> GroupTime:
    """Estimate the coefficient of every group in every period, relative to the period before its treatment.

    The controls are the units never treated; if there are none, the group treated last, over the periods before its
    treatment (and anticipation).
    """
    never = panel.group == 0
    length = panel.outcome.shape[1]
    control, notes = 0, []
    if not never.any():
        control = panel.groups[-1]
        length = control - anticipation - 1
        notes.append(
            f"No unit is never treated: the controls are the group first treated in period {control + panel.origin}, "
            f"and periods from {length + 1 + panel.origin} on are not used."
        )
    known = np.isfinite(panel.outcome)
    known[:, length:] = False
    fit_control = _contrasts(panel, known, np.flatnonzero(panel.group == control))
    cells, effects, influences, missing = [], [], [], []
    for group in (group for group in panel.groups if group != control):
        base = group - anticipation - 2
        members = np.flatnonzero(panel.group == group)
        fit_group = _contrasts(panel, known, members)
        for place in (place for place in range(length) if place != base):
            seen = known[members, place]
            reason = _reason(known, members, panel.group == control, base, place)
            if reason:
                missing.append((group + panel.origin, place + 1 + panel.origin, reason))
                continue
            influence = np.zeros(len(panel.group))
            change_group = _change(fit_group, influence, base, place, 1.0)
            change_control = _change(fit_control, influence, base, place, -1.0)
            cells.append((group, place + 1, int(seen.sum())))
            effects.append(change_group - change_control)
            influences.append(influence)
    if not cells:
        remedy = "Check that groups and controls are observed in the period before the treatment and in others"
        raise EstimationError(Problem("No group can be compared with the controls", remedy))
    return GroupTime(
        group=np.array([cell[0] for cell in cells]),
        period=np.array([cell[1] for cell in cells]),
        effect=np.array(effects),
        treated=np.array([cell[2] for cell in cells]),
        influence=np.column_stack(influences),
        missing=missing,
        notes=tuple(notes),
    )


def _contrasts(panel: Panel, known: np.ndarray, members: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit one group: its members, its period effects, and each member's influence on each of them."""
    weights = panel.weights[members]
    fit = TwoWay.over(known[members], weights)
    _, period = fit.effects(panel.outcome[members])
    scores = weights[:, None] * fit.residuals(panel.outcome[members])
    return members, period, scores @ fit.solver


def _change(
    fit: tuple[np.ndarray, np.ndarray, np.ndarray], influence: np.ndarray, base: int, place: int, sign: float
) -> float:
    members, period, of_period = fit
    influence[members] += sign * (of_period[:, place] - of_period[:, base])
    return float(period[place] - period[base])


def _reason(known: np.ndarray, members: np.ndarray, control: np.ndarray, base: int, place: int) -> str | None:
    if base >= known.shape[1] or not known[members, base].any():
        return REASONS["missing_period"]
    observed = known[members, place].any() and known[control, place].any() and known[control, base].any()
    return None if observed else REASONS["zero_treated_control"]
