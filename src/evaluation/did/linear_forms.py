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
class LinearForm:
    """An overall effect as a linear function of outcomes.

    A unit's influence is `own` times its outcomes, summed over periods, plus `loading` times the shared numbers.

    Attributes
    ----------
    effect, own : (units, periods) float
        Weight of every observation in the effect, and in its unit's influence; zero where nothing is observed.
    loading : (units, shared) float
    contributions : callable
        From outcomes of some units (rows, periods), zero where not observed, and the positions of those units, to what
        they add to the shared numbers: (rows, shared).
    treated : int
        Treated units behind the effect.
    """

    effect: np.ndarray
    own: np.ndarray
    loading: np.ndarray
    contributions: Callable[[np.ndarray, np.ndarray | slice], np.ndarray]
    treated: int

    def evaluate(self, values: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the effect and the influence of every unit, for outcomes (units, periods), zero if not observed."""
        shared = self.contributions(values, slice(None)).sum(axis=0)
        return float(np.vdot(self.effect, values)), _rows(self.own, values) + self.loading @ shared


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


def collapse(form: LinearForm, group: np.ndarray) -> Collapsed:
    """Read the coefficients of each group off one of its units (groups in the order of their codes)."""
    _, one, sizes = np.unique(group, return_index=True, return_counts=True)
    shape = (len(one), form.effect.shape[1])
    pulses = [form.contributions(np.broadcast_to(pulse, shape), one) for pulse in np.eye(shape[1])]
    shared = np.stack([form.loading[one] @ pulse.T for pulse in pulses], axis=2)
    return Collapsed(form.effect[one], form.own[one], shared, sizes)


def _rows(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("it,it->i", left, right))


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
    effect = weighted / total
    clusters = panel.sample.clusters
    factor = np.sqrt(clusters / (clusters - 1))
    loading = -factor * np.column_stack([effect @ fit.solver, squares / total])

    def contributions(values: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
        centred = panel.weights[rows, None] * _centred(fit, values, rows)
        return np.column_stack([centred, _rows(effect[rows], values)])

    observed = int(((treated > 0) & fit.used).any(axis=1).sum())
    return LinearForm(effect, factor * effect, loading, contributions, observed)


def _centred(fit: TwoWay, values: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
    """Subtract from each unit its mean over the cells used; zero elsewhere."""
    used = fit.used[rows]
    known = np.where(used, values, 0.0)
    return np.where(used, known - (known.sum(axis=1) / np.maximum(fit.counts[rows], 1))[:, None], 0.0)


def _imputation(panel: Panel, anticipation: int) -> LinearForm:
    """Borusyak et al. (2024): see `two_way.impute`, of which this is the average after the treatment."""
    units, length = panel.outcome.shape
    seen, after, weights = np.isfinite(panel.outcome), treatment(panel) > 0, panel.weights
    periods = np.arange(1, length + 1)
    exposed = (panel.group[:, None] > 0) & (periods[None, :] >= panel.group[:, None] - anticipation)
    fit = TwoWay.over(seen & ~exposed, weights)
    counted = seen & after & np.any(fit.used, axis=0, keepdims=True) & (fit.counts > 0)[:, None]
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
    pull = weights[:, None] * _centred(fit, np.broadcast_to(moved, (units, length)), slice(None))
    # How the period effects enter a cell's average, and through it the influence of the cell's units.
    group_of = np.argmax(member, axis=1)
    direct = corrected - corrected.sum(axis=1)[:, None] * before
    through = np.zeros((units, length))
    for position in range(len(codes)):
        members = member[:, position] > 0
        inside = share[members]
        entering = np.diag(present[position].astype(float)) - inside.T @ before[members]
        through[members] = corrected[members] @ entering
    loading = np.column_stack([(pull - direct + through) @ fit.solver, -_by_group(corrected, group_of, len(codes))])

    def contributions(values: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
        known = np.where(fit.used[rows], values, 0.0)
        means = (known.sum(axis=1) / np.maximum(fit.counts[rows], 1))[:, None]
        untreated = np.where(fit.used[rows], known - means, 0.0)
        averages = _by_group(share[rows] * (values - means), group_of[rows], len(codes))
        return np.column_stack([weights[rows, None] * untreated, averages])

    effect = coefficient - coefficient.sum(axis=1)[:, None] * before - pull
    return LinearForm(effect, direct - pull, loading, contributions, int(counted.any(axis=1).sum()))


def _by_group(values: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Lay (rows, periods) out as (rows, groups * periods), each row in the columns of its group."""
    wide = np.zeros((len(values), groups, values.shape[1]))
    wide[np.arange(len(values)), group] = values
    return wide.reshape(len(values), -1)


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

    apart = (of_treated - of_others) * lead
    effect = np.zeros_like(panel.outcome)
    np.add.at(effect.T, now, apart.T)
    np.subtract.at(effect.T, base, apart.T)

    def contributions(values: np.ndarray, rows: np.ndarray | slice) -> np.ndarray:
        change = values[:, now] - values[:, base]
        return np.column_stack([of_treated[rows] * change, of_others[rows] * change])

    return LinearForm(effect, effect, loading, contributions, int(treated.any(axis=1).sum()))
