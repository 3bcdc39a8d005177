"""The overall effect and the influence of every unit on it, as linear functions of the outcomes.

Given who is treated when, each estimator's overall effect is a sum over units of something linear in that unit's
outcomes, and a unit's influence is its own such number plus loadings on a few numbers shared by all units (period
effects, averages of cells). Resampling then needs no new estimation: a draw that multiplies each unit's outcomes by a
number multiplies what is here by the same number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evaluation.did.panel import Panel
from evaluation.did.two_way import TwoWay
from evaluation.errors import EstimationError, Problem


@dataclass(frozen=True, eq=False)
class Parts:
    """What each unit brings: to the effect (units,), to its own influence (units,) and to the shared numbers."""

    effect: np.ndarray
    own: np.ndarray
    shared: np.ndarray


@dataclass(frozen=True, eq=False)
class LinearForm:
    """An overall effect as a linear function of outcomes.

    Attributes
    ----------
    loading : (units, shared) float
        A unit's influence is `parts.own + loading @ parts.shared.sum(axis=0)`.
    parts : callable
        From any (units, periods) array to `Parts`; cells not observed do not count, whatever they hold.
    treated : int
        Treated units behind the effect.
    """

    loading: np.ndarray
    parts: Callable[[np.ndarray], Parts]
    treated: int

    def evaluate(self, values: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the effect and the influence of every unit, for outcomes `values` (units, periods)."""
        parts = self.parts(values)
        return float(parts.effect.sum()), parts.own + self.loading @ parts.shared.sum(axis=0)

    def coefficients(self, periods: int) -> np.ndarray:
        """Return the weight of every observation in the effect: (units, periods)."""
        return np.column_stack([self.parts(pulse).effect for pulse in _pulses(len(self.loading), periods)])


@dataclass(frozen=True, eq=False)
class Collapsed:
    """The linear form of a balanced, unweighted panel, in which units of one group are alike.

    Attributes
    ----------
    effect, own : (groups, periods) float
        The effect is the sum of `effect` times the groups' sums of outcomes; a unit's influence is `own` of its group
        times its outcomes plus `shared` of its group times all groups' sums.
    shared : (groups, groups, periods) float
    sizes : (groups,) int
    """

    effect: np.ndarray
    own: np.ndarray
    shared: np.ndarray
    sizes: np.ndarray


def collapse(form: LinearForm, group: np.ndarray, periods: int) -> Collapsed:
    """Read the coefficients of each group off one of its units (groups in the order of their codes)."""
    _, one, sizes = np.unique(group, return_index=True, return_counts=True)
    pulses = [form.parts(pulse) for pulse in _pulses(len(group), periods)]
    effect = np.column_stack([parts.effect[one] for parts in pulses])
    own = np.column_stack([parts.own[one] for parts in pulses])
    shared = np.stack([form.loading[one] @ parts.shared[one].T for parts in pulses], axis=2)
    return Collapsed(effect, own, shared, sizes)


def _pulses(units: int, periods: int) -> list[np.ndarray]:
    return [np.broadcast_to(row, (units, periods)) for row in np.eye(periods)]


def linear_form(panel: Panel, method: str, *, control: str = "not_yet_treated", anticipation: int = 0) -> LinearForm:
    """Return the linear form of a method's overall effect, for the treatment in `panel.group`.

    Parameters
    ----------
    panel : Panel
    method : {"callaway_santanna", "imputation", "two_way_fixed_effects"}
    control : {"not_yet_treated", "never_treated"}
        Callaway-Sant'Anna only.
    anticipation : int

    Raises
    ------
    EstimationError
        If no effect after the treatment can be estimated.
    """
    if method == "two_way_fixed_effects":
        return _two_way(panel)
    if method == "imputation":
        return _imputation(panel, anticipation)
    return _callaway_santanna(panel, control, anticipation)


def treatment(panel: Panel) -> np.ndarray:
    """Return 1.0 where a unit is treated, else 0.0: (units, periods)."""
    periods = np.arange(1, panel.outcome.shape[1] + 1)
    return ((panel.group[:, None] > 0) & (periods[None, :] >= panel.group[:, None])).astype(float)


def _nothing() -> EstimationError:
    remedy = "Check that treated units are observed before and after, beside untreated ones"
    return EstimationError(Problem("No effect after the treatment can be estimated", remedy))


def _two_way(panel: Panel) -> LinearForm:
    treated = treatment(panel)
    fit = TwoWay.over(np.isfinite(panel.outcome), panel.weights)
    varying = fit.residuals(treated)
    weighted = panel.weights[:, None] * varying
    squares = (weighted * varying).sum(axis=1)
    total = squares.sum()
    if total < 1e-9 * max(float(treated.sum()), 1.0):
        remedy = "Include units never treated, or treated at other times"
        raise EstimationError(Problem("The treatment is absorbed by the unit and period effects", remedy))
    coefficient = weighted / total
    clusters = panel.sample.clusters
    factor = np.sqrt(clusters / (clusters - 1))
    loading = -factor * np.column_stack([coefficient @ fit.solver, squares / total])

    def parts(values: np.ndarray) -> Parts:
        effect = np.einsum("it,it->i", coefficient, np.where(fit.used, values, 0.0))
        centred = panel.weights[:, None] * _centred(fit, values)
        return Parts(effect, factor * effect, np.column_stack([centred, effect]))

    return LinearForm(loading, parts, int(((treated > 0) & fit.used).any(axis=1).sum()))


def _centred(fit: TwoWay, values: np.ndarray) -> np.ndarray:
    known = np.where(fit.used, values, 0.0)
    means = known.sum(axis=1) / np.maximum(fit.counts, 1)
    return np.where(fit.used, known - means[:, None], 0.0)


def _imputation(panel: Panel, anticipation: int) -> LinearForm:
    """Borusyak et al. (2024): see `two_way.impute`, of which this is the average after the treatment."""
    units, length = panel.outcome.shape
    seen, after, weights = np.isfinite(panel.outcome), treatment(panel) > 0, panel.weights
    periods = np.arange(1, length + 1)
    exposed = (panel.group[:, None] > 0) & (periods[None, :] >= panel.group[:, None] - anticipation)
    fit = TwoWay.over(seen & ~exposed, weights)
    counted = seen & after & fit.used.any(axis=0)[None, :] & (fit.counts > 0)[:, None]
    codes = np.array(panel.groups)
    member = (panel.group[:, None] == codes[None, :]).astype(float)

    # A cell is a group in a period; a unit is in one cell a period, so cells' weights fit in (units, periods).
    mass = member.T @ (weights[:, None] * counted)
    present = mass > 0
    if not present.any():
        raise _nothing()
    lead = np.where(present, (weights @ member)[:, None], 0.0)
    lead /= lead.sum()
    of_mass = np.divide(lead, mass, out=np.zeros_like(lead), where=present)
    coefficient = np.where(counted, weights[:, None] * (member @ of_mass), 0.0)
    squares = member.T @ (weights[:, None] ** 2 * counted)
    of_squares = np.divide(1.0, squares, out=np.zeros_like(squares), where=present)
    share = np.where(counted, weights[:, None] ** 2 * (member @ of_squares), 0.0)
    # A unit alone in its cell is its own average: no correction can restore its variation.
    corrected = coefficient / np.where(share < 1, 1 - share, 1.0)

    before = fit.used / np.maximum(fit.counts, 1)[:, None]
    target = coefficient.sum(axis=0) - coefficient.sum(axis=1) @ before
    moved = fit.solver @ target
    pull = weights[:, None] * _centred(fit, np.broadcast_to(moved, (units, length)))
    # How the period effects enter a cell's average, and through it the influence of the cell's units.
    group_of = np.argmax(member, axis=1)
    direct = corrected - corrected.sum(axis=1)[:, None] * before
    through = np.zeros((units, length))
    for position in range(len(codes)):
        members = member[:, position] > 0
        inside = share[members]
        entering = np.diag(present[position].astype(float)) - inside.T @ before[members]
        through[members] = corrected[members] @ entering
    cells = np.zeros((units, len(codes), length))
    cells[np.arange(units), group_of] = corrected
    loading = np.column_stack([(pull - direct + through) @ fit.solver, -cells.reshape(units, -1)])

    def parts(values: np.ndarray) -> Parts:
        known = np.where(fit.used, values, 0.0)
        means = known.sum(axis=1) / np.maximum(fit.counts, 1)
        change = np.where(counted, values - means[:, None], 0.0)
        untreated = np.where(fit.used, values - means[:, None], 0.0)
        pulled = np.einsum("it,it->i", pull, known)
        effect = np.einsum("it,it->i", coefficient, change) - pulled
        own = np.einsum("it,it->i", corrected, change) - pulled
        averages = np.zeros((units, len(codes), length))
        averages[np.arange(units), group_of] = share * change
        return Parts(effect, own, np.column_stack([weights[:, None] * untreated, averages.reshape(units, -1)]))

    return LinearForm(loading, parts, int(counted.any(axis=1).sum()))


def _callaway_santanna(panel: Panel, control: str, anticipation: int) -> LinearForm:
    """Comparisons of changes since the last period before treatment and anticipation, without covariates."""
    length = panel.outcome.shape[1]
    seen, group, weights = np.isfinite(panel.outcome), panel.group, panel.weights
    codes = np.array([(code, time) for code in panel.groups for time in range(code, length + 1)]).reshape(-1, 2)
    base = codes[:, 0] - 2 - anticipation
    codes, base = codes[base >= 0], base[base >= 0]
    first, now = codes[:, 0], codes[:, 1] - 1
    both = seen[:, now] & seen[:, base]
    others = group[:, None] == 0
    if control == "not_yet_treated":
        others = others | (group[:, None] > now[None, :] + 1 + anticipation)
    treated, others = both & (group[:, None] == first[None, :]), both & others
    kept = treated.any(axis=0) & others.any(axis=0)
    if not kept.any():
        raise _nothing()
    first, now, base, treated, others = first[kept], now[kept], base[kept], treated[:, kept], others[:, kept]
    of_treated = weights[:, None] * treated / (weights @ treated)
    of_others = weights[:, None] * others / (weights @ others)
    in_group = group[:, None] == first[None, :]
    lead = weights @ in_group
    total = lead.sum()
    lead = lead / total
    # The shares of the groups are estimated too: a unit moves the weight of its group.
    shares = weights[:, None] * (in_group - in_group.sum(axis=1)[:, None] * lead) / total
    loading = np.column_stack([shares - of_treated * lead, of_others * lead - shares])

    def parts(values: np.ndarray) -> Parts:
        change = np.where(both[:, kept], values[:, now] - values[:, base], 0.0)
        averages = np.column_stack([of_treated * change, of_others * change])
        effect = (of_treated * change - of_others * change) @ lead
        return Parts(effect, effect, averages)

    return LinearForm(loading, parts, int(treated.any(axis=1).sum()))
