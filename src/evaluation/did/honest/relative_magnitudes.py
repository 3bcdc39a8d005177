"""Intervals that hold if trends diverge no more after the treatment than `bound` times the worst before it.

The restriction of Rambachan and Roth (2023), section 2.4.1: the difference in trends moves between consecutive periods
after the treatment by at most `bound` times its largest move before. It is a union of polyhedra, one for each move
before the treatment that may be the largest and each sign of it; the confidence set is the union of theirs. Each is
tested by the conditional / least-favourable hybrid of Andrews, Roth and Pakes (2023), with moments after the treatment
(the default of the authors' package HonestDiD).

The test statistic is a linear program, min eta subject to Y - X tau <= sigma eta over the unknown effects tau. Here its
dual has few vertices, known in closed form. A multiplier gamma >= 0 leaves the effects out only if the difference
between its weights on the upper and on the lower inequality of each period is proportional to the weights that the
target puts on that period's move. So the vertices are: the upper inequalities, so weighted; the lower; and, for each
period, both inequalities together, which say that the largest move before has the sign assumed. All of them depend on
the data through two numbers, the estimated target and the estimated move. The program thus needs no solver, the
conditioning region no search, and the least-favourable critical value is an integral instead of a simulation. The tests
compare with the linear program itself, solved by HiGHS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

from evaluation.did.event_study import EventStudy

FIRST_STAGE = 0.1
_NODES, _GRID, _ZOOM, _ROUNDS = 160, 801, 65, 3


@dataclass(frozen=True, eq=False)
class Piece:
    """One polyhedron: the move before the treatment assumed largest, and its sign.

    Attributes
    ----------
    target, move : float
        Estimates of the effect asked about (trends taken as parallel) and of the move, in the sign assumed.
    covariance : (2, 2) float
        Of target and move.
    on_target, on_move : (4,) float
        Each vertex is the statistic on_target x (target - effect) + on_move x move: the upper inequalities, the lower,
        and both together in the period where they weigh most and in that where they weigh least; those of the other
        periods lie between.
    """

    target: float
    move: float
    covariance: np.ndarray
    on_target: np.ndarray
    on_move: np.ndarray

    def accepts(self, effects: np.ndarray, critical: float, size: float) -> np.ndarray:
        """Return which effects the hybrid test does not reject; `size` is that of its second, conditional stage."""
        values = np.multiply.outer(self.target - effects, self.on_target) + self.move * self.on_move
        vertices = np.column_stack([self.on_target, self.on_move])
        between = vertices @ self.covariance @ vertices.T
        variance = np.diag(between)
        best = values.argmax(axis=1)
        statistic = values[np.arange(len(effects)), best]
        random = variance[best] > 1e-14 * variance.max()
        share = between[best] / np.where(random, variance[best], 1.0)[:, None]
        # Given what is independent of the statistic, the vertex stays the best one between these limits.
        slack = 1 - share
        with np.errstate(divide="ignore", invalid="ignore"):
            limit = (values - share * statistic[:, None]) / slack
        low = np.where(slack > 1e-10, limit, -np.inf).max(axis=1)
        high = np.minimum(np.where(slack < -1e-10, limit, np.inf).min(axis=1), critical)
        deviation = np.sqrt(np.where(random, variance[best], 1.0))
        p_value = _upper_tail(statistic / deviation, np.minimum(low, statistic) / deviation, high / deviation)
        return ~((statistic > critical) | ((statistic > 0) & random & (p_value < size)))

    def least_favourable(self, probability: float) -> float:
        """Return the value that the statistic stays below with `probability` when every inequality binds."""
        upper, lower = 1 / self.on_target[0], -1 / self.on_target[1]
        drift = upper * -self.on_move[0]
        steepest = float(-self.on_move[2:].min())
        spread = float(np.sqrt(self.covariance[1, 1]))
        slope = float(self.covariance[0, 1] / spread)
        rest = float(np.sqrt(max(self.covariance[0, 0] - slope**2, 0.0)))
        points, heights = _legendre()

        def below(critical: float) -> float:
            first = -8.5 if steepest == 0 else max(-critical / steepest / spread, -8.5)
            move = first + (8.5 - first) * (points + 1) / 2
            density = np.exp(-(move**2) / 2) / np.sqrt(2 * np.pi)
            room = drift * spread * move
            # A target known from the move alone moves with it: the conditional spread is then next to nothing.
            scale = max(rest, 1e-12 * float(np.sqrt(self.covariance[0, 0])))
            inside = ndtr((critical * upper + room - slope * move) / scale)
            inside = inside - ndtr((-critical * lower - room - slope * move) / scale)
            return float((heights * density * np.maximum(inside, 0)).sum() * (8.5 - first) / 2)

        return float(brentq(lambda critical: below(critical) - probability, 1e-6, 40.0, xtol=1e-10))


@cache
def _legendre() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(_NODES)


def _upper_tail(value: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return P(Z > value | low <= Z <= high) of a standard normal Z, stable far out in the tail."""
    at_value, at_low, at_high = log_ndtr(-value), log_ndtr(-low), log_ndtr(-high)
    with np.errstate(divide="ignore", invalid="ignore"):
        tail = np.exp(at_value - at_low) * np.expm1(at_high - at_value) / np.expm1(at_high - at_low)
    return np.where(high <= low, 1.0, tail)


def pieces(study: EventStudy, weights: np.ndarray, bound: float) -> list[Piece]:
    """Return the polyhedra of the restriction: each move before the treatment, in each sign."""
    before = len(study.before)
    estimate = study.estimate.to_numpy(dtype=float)
    covariance = study.covariance.to_numpy(dtype=float)
    moves = np.diff(np.insert(np.eye(len(estimate)), before, 0.0, axis=0), axis=0)
    target = np.r_[np.zeros(before), weights]
    by_move = np.cumsum(weights[::-1])[::-1]
    found = []
    for move in moves[:before]:
        for sign in (1.0, -1.0):
            allowed = bound * sign * move
            up = _deviations(moves[before:] - allowed, covariance)
            down = _deviations(-moves[before:] - allowed, covariance)
            over, under = np.maximum(by_move, 0), np.maximum(-by_move, 0)
            high, low, both = over @ up + under @ down, under @ up + over @ down, up + down
            drift = bound * np.abs(by_move).sum()
            pair = np.stack([target, sign * move])
            found.append(
                Piece(
                    target=float(target @ estimate),
                    move=float(sign * move @ estimate),
                    covariance=pair @ covariance @ pair.T,
                    on_target=np.array([1 / high, -1 / low, 0.0, 0.0]),
                    on_move=np.array([-drift / high, -drift / low, -2 * bound / both.min(), -2 * bound / both.max()]),
                )
            )
    return found


def _deviations(rows: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return np.sqrt(np.einsum("ij,jk,ik->i", rows, covariance, rows))


def interval(study: EventStudy, weights: np.ndarray, bound: float, level: float) -> tuple[float, float]:
    """Return the smallest and the largest effect that the hybrid test does not reject.

    Parameters
    ----------
    study : EventStudy
    weights : (event times after the reference,) float
        Of the effect asked about.
    bound : float
        How many times the largest move before the treatment a move after it may be.
    level : float
    """
    alpha = 1 - level
    first = FIRST_STAGE * alpha
    size = (alpha - first) / (1 - first)
    tested = [(piece, piece.least_favourable(1 - first)) for piece in pieces(study, weights, bound)]

    def accepted(effects: np.ndarray) -> np.ndarray:
        return np.any([piece.accepts(effects, critical, size) for piece, critical in tested], axis=0)

    # Beyond these the first stage rejects in every piece. The estimate itself is always accepted: the move assumed
    # largest has the sign of its estimate in one of each two pieces, where then no inequality is violated.
    below = [c / p.on_target[0] - p.on_move[0] / p.on_target[0] * p.move for p, c in tested]
    above = [-c / p.on_target[1] + p.on_move[1] / p.on_target[1] * p.move for p, c in tested]
    target = tested[0][0].target
    return _edge(accepted, target - max(below), target), _edge(accepted, target + max(above), target)


def _edge(accepted: Callable[[np.ndarray], np.ndarray], start: float, end: float) -> float:
    """Return the first accepted value on the way from `start` to `end`, by grids that close in on it."""
    points = _GRID
    for _ in range(_ROUNDS):
        grid = np.linspace(start, end, points)
        hit = int(np.argmax(accepted(grid)))
        start, end, points = grid[max(hit - 1, 0)], grid[hit], _ZOOM
    return float(end)
