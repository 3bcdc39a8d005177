"""Convex weights: the weighted mean of some series that comes closest to another, solved exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluation.errors import EstimationError, Problem

Floats = NDArray[np.float64]


def convex_weights(target: Floats, donors: Floats) -> Floats:
    """Return the weights, at least zero and adding up to one, whose mean of the donors is nearest to the target.

    Minimises the sum of squares of `target - weights @ donors`: the point of the donors' convex hull nearest to the
    target. With Z the donors less the target, the answer is u / sum(u), where u solves the non-negative least squares
    problem |Z'u|^2 + (1'u - 1)^2: along the direction of any weights w the second objective is least at
    |Z'w|^2 / (1 + |Z'w|^2), which grows with |Z'w|^2 (Lawson and Hanson 1974, chapter 23). The active set of their
    algorithm ends in the exact optimum after finitely many steps, so there is no step size and no tolerance to choose.

    Parameters
    ----------
    target : shape (periods,).
    donors : shape (donors, periods).

    Raises
    ------
    EstimationError
        If there are no donors, or the search does not end.
    """
    from scipy.optimize import nnls

    if len(donors) == 0:
        raise EstimationError(Problem("There are no donors to weigh", "Admit more municipalities as donors"))
    apart = donors - target
    # Of order one at the optimum, so that neither part of the problem drowns the other.
    scale = float(np.sqrt(np.square(apart).sum(axis=1).min()))
    if scale == 0:
        exact = np.flatnonzero(~apart.any(axis=1))
        return np.isin(np.arange(len(donors)), exact[:1]).astype(np.float64)
    rows = np.vstack([apart.T / scale, np.ones(len(donors))])
    wanted = np.append(np.zeros(len(target)), 1.0)
    try:
        found, _ = nnls(rows, wanted, maxiter=30 * len(donors) + 300)
    except RuntimeError as error:
        remedy = "Look for donors with the same series twice, or for values far out of range"
        raise EstimationError(Problem("The search for convex weights did not end", remedy)) from error
    weights: Floats = found / found.sum()
    return weights


def optimality(target: Floats, donors: Floats, weights: Floats) -> float:
    """Return by how much the sum of squares could still fall along an edge, relative to it: zero at the optimum.

    The duality gap of the problem: 2 (max over donors of the fall towards it) over the sum of squares of the target.
    """
    residual = weights @ donors - target
    slope = donors @ residual
    return float(2 * (weights @ slope - slope.min()) / np.square(target - target.mean()).sum())
