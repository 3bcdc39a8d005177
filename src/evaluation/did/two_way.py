"""Unit and period effects by solving for the periods only: imputation, and the two-way regression as a benchmark.

A regression on unit and period dummies needs no dummies. With a weight that is constant within a unit, the unit effects
can be solved out, which leaves one equation a period.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.did.callaway_santanna import GroupTime
from evaluation.did.panel import Panel
from evaluation.errors import EstimationError, Problem

IMPUTATION_CITATION = (
    "Borusyak, K., Jaravel, X. and Spiess, J. (2024). Revisiting event-study designs: robust and efficient "
    "estimation. Review of Economic Studies 91(6), 3253-3285."
)
TWO_STAGE_CITATION = "Gardner, J. (2022). Two-stage differences in differences. arXiv:2207.05943."
TWO_WAY_CITATION = (
    "Two-way fixed effects. As a benchmark only: with staggered treatment it compares with units already treated "
    "(Goodman-Bacon, A. (2021). Journal of Econometrics 225(2), 254-277)."
)
TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class TwoWay:
    """Weighted least squares of any (units, periods) array on unit and period effects, over the cells `used`.

    Attributes
    ----------
    used : (units, periods) bool
    weights : (units,) float
    counts : (units,) float
        Cells used of each unit.
    solver : (periods, periods) float
        Generalised inverse of the equations that remain for the periods.
    """

    used: np.ndarray
    weights: np.ndarray
    counts: np.ndarray
    solver: np.ndarray

    @classmethod
    def over(cls, used: np.ndarray, weights: np.ndarray) -> TwoWay:
        """Prepare the regression, which is refused if the periods are not connected through the units."""
        ones = used.astype(float)
        counts = ones.sum(axis=1)
        share = np.where(counts > 0, weights / np.maximum(counts, 1), 0.0)
        system = np.diag(weights @ ones) - ones.T @ (share[:, None] * ones)
        periods = int(used.any(axis=0).sum())
        # One eigenvalue is zero by construction (a constant moves between units and periods), up to rounding.
        scale = TOLERANCE * np.trace(system)
        if np.linalg.matrix_rank(system, tol=scale, hermitian=True) < periods - 1:
            remedy = "Leave out periods or units so that every period is linked to the others"
            raise EstimationError(Problem("Untreated observations do not link all periods to each other", remedy))
        if periods < system.shape[0]:
            return cls(used, weights, counts, np.linalg.pinv(system, rcond=TOLERANCE, hermitian=True))
        # Only a constant is in the null space, so the generalised inverse is an inverse once the constant is added.
        trace = np.trace(system)
        return cls(used, weights, counts, np.linalg.inv(system + trace / periods**2) - 1 / trace)

    def effects(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return unit effects (NaN for units without a used cell) and period effects."""
        known = np.where(self.used, values, 0.0)
        with np.errstate(invalid="ignore"):
            means = known.sum(axis=1) / self.counts
        centred = np.where(self.used, values - means[:, None], 0.0)
        period = self.solver @ (self.weights @ centred)
        with np.errstate(invalid="ignore"):
            unit = means - (self.used @ period) / self.counts
        return unit, period

    def residuals(self, values: np.ndarray) -> np.ndarray:
        """Return what unit and period effects do not explain; zero outside the cells used."""
        unit, period = self.effects(values)
        return np.where(self.used, values - unit[:, None] - period[None, :], 0.0)


def impute(panel: Panel, *, anticipation: int, leave_one_out: bool = True) -> GroupTime:
    """Estimate effects as outcomes minus those imputed from untreated observations (Borusyak et al. 2024).

    The variance is theirs for weights taken as given (theorem 3), effects centred within group and period, with the
    leave-one-out correction of their appendix A.9: without it, groups of few units have errors that are too small.
    Without it and with estimated group shares it is the sandwich of Gardner's two stages (2022), whose estimates are
    the same.
    """
    periods = np.arange(1, panel.outcome.shape[1] + 1)
    seen = np.isfinite(panel.outcome)
    exposed = (panel.group[:, None] > 0) & (periods[None, :] >= panel.group[:, None] - anticipation)
    fit = TwoWay.over(seen & ~exposed, panel.weights)
    unit, period = fit.effects(panel.outcome)
    compared = np.asarray(fit.used.any(axis=0))
    effect = np.where(seen & exposed & compared[None, :], panel.outcome - unit[:, None] - period[None, :], np.nan)
    scores = panel.weights[:, None] * fit.residuals(panel.outcome)

    cells, missing = [], []
    for group in panel.groups:
        for time in range(group - anticipation, len(periods) + 1):
            members = np.flatnonzero((panel.group == group) & np.isfinite(effect[:, time - 1]))
            if members.size:
                cells.append((group, time, members))
            else:
                what = "no untreated unit in the period" if not compared[time - 1] else "no treated unit observed"
                missing.append((group + panel.origin, time + panel.origin, what))
    effects, influence = _imputed_cells(panel, fit, effect, scores, cells, leave_one_out)
    return GroupTime(
        group=np.array([group for group, _, _ in cells], dtype=int),
        period=np.array([time for _, time, _ in cells], dtype=int),
        effect=effects,
        treated=np.array([len(members) for _, _, members in cells], dtype=int),
        influence=influence,
        missing=missing,
        notes=("Rows before the treatment are not estimated by imputation; test pre-trends separately.",),
    )


def _imputed_cells(
    panel: Panel,
    fit: TwoWay,
    effect: np.ndarray,
    scores: np.ndarray,
    cells: list[tuple[int, int, np.ndarray]],
    leave_one_out: bool,
) -> tuple[np.ndarray, np.ndarray]:
    units, periods = panel.outcome.shape
    averages = np.empty(len(cells))
    target = np.zeros((periods, len(cells)))
    treated = np.zeros((units, len(cells)))
    for column, (_, time, members) in enumerate(cells):
        weights = panel.weights[members] / panel.weights[members].sum()
        values = effect[members, time - 1]
        averages[column] = weights @ values
        if leave_one_out:
            share = weights**2 / (weights**2).sum()
            # A unit alone in its cell is its own average: no correction can restore its variation.
            own = np.where(share < 1, 1 - share, 1.0)
            treated[members, column] = weights * (values - share @ values) / own
        else:
            treated[members, column] = weights * (values - averages[column])
        target[time - 1, column] = 1.0
        target[:, column] -= (weights / fit.counts[members]) @ fit.used[members]
    return averages, treated - scores @ (fit.solver @ target)


def two_way(panel: Panel) -> tuple[float, np.ndarray, int]:
    """Regress the outcome on being treated with unit and period effects.

    Returns
    -------
    effect : float
    influence : (units,) float
        Scaled so that the sum of squares over clusters carries the factor clusters / (clusters - 1).
    treated : int
    """
    periods = np.arange(1, panel.outcome.shape[1] + 1)
    treated = ((panel.group[:, None] > 0) & (periods[None, :] >= panel.group[:, None])).astype(float)
    fit = TwoWay.over(np.isfinite(panel.outcome), panel.weights)
    varying = fit.residuals(treated)
    outcome = fit.residuals(panel.outcome)
    weighted = panel.weights[:, None] * varying
    total = float((weighted * varying).sum())
    if total < 1e-9 * max(float(treated.sum()), 1.0):
        remedy = "Include units never treated, or treated at other times"
        raise EstimationError(Problem("The treatment is absorbed by the unit and period effects", remedy))
    effect = float((weighted * outcome).sum() / total)
    influence = (weighted * (outcome - effect * varying)).sum(axis=1) / total
    clusters = panel.sample.clusters
    units = int(((treated > 0) & fit.used).any(axis=1).sum())
    return effect, influence * np.sqrt(clusters / (clusters - 1)), units
