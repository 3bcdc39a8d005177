"""One band over many related numbers: the multiplier bootstrap of their largest t statistic."""

from __future__ import annotations

import numpy as np

from evaluation.errors import InputError, Problem
from evaluation.positions.weighted import Floats, Integers

BLOCK = 256


def critical_value(influence: Floats, strata: Integers, *, level: float, draws: int, seed: int) -> float:
    """Return the factor that makes intervals of all the columns cover at once.

    Every cluster's influence on all the columns is multiplied by one random sign, so that what the columns share stays
    shared, and the largest absolute t statistic over the columns is drawn. Each drawn sum is divided by its own error,
    not by that of the estimate: with few clusters in a stratum (few participants) the factor is then wider, as a t
    quantile is than a normal one. Never below the normal factor of a single interval.

    Parameters
    ----------
    influence : (clusters, columns), centred within strata; the error of a column is the root of its sum of squares.
    strata : (clusters,) whole numbers from 0: groups drawn apart, such as each intake and the others.
    level : the coverage, such as 0.95.
    draws, seed : of the bootstrap.

    References
    ----------
    Chernozhukov, V., Chetverikov, D. and Kato, K. (2013). Annals of Statistics 41(6), 2786-2819.
    Callaway, B. and Sant'Anna, P. H. C. (2021). Journal of Econometrics 225(2), 200-230, algorithm 1.
    """
    from scipy.stats import norm

    if not 0.5 < level < 1 or draws < 99:
        what = "A band needs a level between 0.5 and 1 and at least 99 draws"
        raise InputError(Problem(what, "Use 0.95 and 999", value=f"{level}, {draws}"))
    pointwise = float(norm.ppf(0.5 + level / 2))
    squares = np.square(influence).sum(axis=0)
    used = influence[:, squares > 1e-18 * max(float(squares.max(initial=0.0)), 1e-300)]
    if used.shape[1] == 0:
        return pointwise
    squares = np.square(used).sum(axis=0)
    members = np.zeros((len(strata), int(strata.max()) + 1))
    members[np.arange(len(strata)), strata] = 1.0
    counts = members.sum(axis=0)
    # Sums by stratum and column: a draw's variance is what its signs leave around the means of the strata.
    parts = (members[:, :, None] * used[:, None, :]).reshape(len(strata), -1)
    generator = np.random.default_rng(seed)
    largest = np.empty(draws)
    for start in range(0, draws, BLOCK):
        rows = min(BLOCK, draws - start)
        signs = generator.integers(0, 2, size=(rows, len(strata)), dtype=np.int8) * 2.0 - 1.0
        sums = (signs @ parts).reshape(rows, len(counts), -1)
        variance = squares - (np.square(sums) / counts[None, :, None]).sum(axis=1)
        error = np.sqrt(np.maximum(variance, 1e-12 * squares))
        largest[start : start + rows] = (np.abs(sums.sum(axis=1)) / error).max(axis=1)
    return max(pointwise, float(np.quantile(largest, level)))


def errors(influence: Floats) -> Floats:
    """Return the root of the sum of squares over clusters; NaN where nothing varies, so that no test is made of it."""
    found = np.sqrt(np.square(influence).sum(axis=0))
    return np.where(found > 1e-9 * max(float(found.max(initial=0.0)), 1e-9), found, np.nan)
