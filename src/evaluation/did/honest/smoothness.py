"""Intervals that hold if the difference in trends is never more than `bound` from a straight line, period to period.

The restriction of Rambachan and Roth (2023), section 2.4.2: the slope of the difference in trends changes by at most
`bound` between consecutive periods. The intervals are their optimal fixed-length ones (section 4): the target minus an
extrapolation of the estimates before the treatment, chosen so that the interval, which allows for the largest bias of
the extrapolation, is shortest.

The extrapolation must cancel a straight line. Written by how it weighs each change of slope before the treatment, its
largest bias is `bound` times the sum of absolute weights, plus a part that no extrapolation can change. The shortest
interval is thus on the path of a lasso, which is traced exactly, once for every bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import chndtrix
from scipy.stats import norm

from evaluation.did.event_study import EventStudy

_PER_SEGMENT = 41
_NORMAL_FROM = 6.0


@dataclass(frozen=True, eq=False)
class Frontier:
    """The extrapolations worth considering, from the least biased to the least variable.

    Attributes
    ----------
    knots : (knots, changes) float
        Weights on the changes of slope before the treatment; between knots they change linearly.
    changes : (event times before, changes) float
    constant : (event times before,) float
        Weights on the estimates before the treatment are `constant + changes @ knot`.
    fixed_bias : float
        The bias from changes of slope after the treatment, for a bound of one.
    target : (event times after,) float
    """

    knots: np.ndarray
    changes: np.ndarray
    constant: np.ndarray
    fixed_bias: float
    target: np.ndarray

    def at(self, position: np.ndarray) -> np.ndarray:
        """Return the weights on changes of slope at positions along the path: whole numbers are knots."""
        start = np.clip(np.floor(position).astype(int), 0, max(len(self.knots) - 2, 0))
        end = np.minimum(start + 1, len(self.knots) - 1)
        share = (position - start)[:, None]
        return (1 - share) * self.knots[start] + share * self.knots[end]

    def extrapolation(self, position: float) -> np.ndarray:
        """Return the weights on all estimates, those after the treatment last."""
        return np.r_[self.constant + self.changes @ self.at(np.array([position]))[0], self.target]


def frontier(study: EventStudy, weights: np.ndarray) -> Frontier:
    """Trace the extrapolations that are least variable for their largest bias.

    Parameters
    ----------
    study : EventStudy
    weights : (event times after the reference,) float
        Of the effect asked about.
    """
    before = study.reference - study.before[::-1]
    after = study.after - study.reference
    covariance = study.covariance.to_numpy(dtype=float)
    split = len(before)
    # From the nearest period outwards; column j is the change of slope j periods before the reference.
    second = np.eye(split, split, k=-1) - 2 * np.eye(split) + np.eye(split, split, k=1)
    changes = second[:, : split - 1]
    constant = np.zeros(split)
    constant[0] = weights @ after
    among = covariance[:split, :split][::-1, ::-1]
    across = covariance[:split, split:][::-1] @ weights
    quadratic = changes.T @ among @ changes
    linear = changes.T @ (among @ constant + across)
    remaining = np.maximum.outer(after, np.arange(len(after))) - np.arange(len(after))
    return Frontier(
        knots=lasso_path(quadratic, linear),
        changes=changes[::-1],
        constant=constant[::-1],
        fixed_bias=float(np.abs(weights @ remaining).sum()),
        target=weights,
    )


def lasso_path(quadratic: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """Return the solutions of min x'Qx / 2 + q'x + penalty |x|, at every penalty where their direction changes.

    Parameters
    ----------
    quadratic : (n, n) float
        Q, positive definite.
    linear : (n,) float
        q.

    Returns
    -------
    (knots, n) float
        From zero (a prohibitive penalty) to the unpenalised solution.
    """
    count = len(linear)
    if not count:
        return np.zeros((1, 0))
    solution, knots = np.zeros(count), [np.zeros(count)]
    active, sign = np.zeros(count, dtype=bool), np.zeros(count)
    penalty = float(np.abs(linear).max())
    entering = int(np.abs(linear).argmax())
    leaving = -1
    while penalty > 0:
        if entering >= 0:
            gradient = quadratic @ solution + linear
            active[entering], sign[entering] = True, -np.sign(gradient[entering])
        kept = np.flatnonzero(active)
        direction = np.zeros(count)
        direction[kept] = np.linalg.solve(quadratic[np.ix_(kept, kept)], sign[kept])
        gradient, slope = quadratic @ solution + linear, quadratic @ direction
        with np.errstate(divide="ignore", invalid="ignore"):
            joins = np.stack([(penalty - gradient) / (1 + slope), (penalty + gradient) / (1 - slope)])
            zeros = np.where(active & (sign * direction < 0), -solution / direction, np.inf)
        joins[:, active] = np.inf
        joins[~(joins > 1e-13 * penalty)] = np.inf
        if leaving >= 0:
            joins[:, leaving] = np.where(joins[:, leaving] < 1e-9 * penalty, np.inf, joins[:, leaving])
        zeros[~(zeros > 0)] = np.inf
        step = min(float(joins.min()), float(zeros.min()), penalty)
        solution = solution + step * direction
        penalty -= step
        entering, leaving = -1, -1
        if step == zeros.min():
            leaving = int(zeros.argmin())
            active[leaving], sign[leaving], solution[leaving] = False, 0.0, 0.0
        elif step == joins.min():
            entering = int(joins.min(axis=0).argmin())
        else:
            penalty = 0.0
        knots.append(solution.copy())
    return np.array(knots)


def half_width(bias: np.ndarray, deviation: np.ndarray, level: float) -> np.ndarray:
    """Return the quantile at `level` of the absolute value of a normal with mean `bias` and this deviation."""
    ratio = bias / deviation
    near = np.sqrt(chndtrix(level, 1.0, np.minimum(ratio, _NORMAL_FROM) ** 2))
    return deviation * np.where(ratio < _NORMAL_FROM, near, ratio + norm.ppf(level))


def interval(path: Frontier, study: EventStudy, bound: float, level: float) -> tuple[float, float]:
    """Return the shortest interval of fixed length under the restriction."""
    covariance = study.covariance.to_numpy(dtype=float)

    def width(position: np.ndarray) -> np.ndarray:
        changes = path.at(position)
        before = path.constant + changes @ path.changes.T
        used = np.column_stack([before, np.broadcast_to(path.target, (len(position), len(path.target)))])
        deviation = np.sqrt(np.einsum("ij,jk,ik->i", used, covariance, used))
        bias = bound * (path.fixed_bias + np.abs(changes).sum(axis=1))
        return half_width(bias, deviation, level)

    last = len(path.knots) - 1
    grid = np.linspace(0, last, last * (_PER_SEGMENT - 1) + 1)
    widths = width(grid)
    best = int(widths.argmin())
    position, shortest = float(grid[best]), float(widths[best])
    if last:
        ends = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        found = minimize_scalar(lambda at: width(np.array([at]))[0], bounds=ends, method="bounded")
        if found.fun < shortest:
            position, shortest = float(found.x), float(found.fun)
    centre = float(path.extrapolation(position) @ study.estimate.to_numpy(dtype=float))
    return centre - shortest, centre + shortest
