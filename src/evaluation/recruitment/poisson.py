"""A Poisson model of counts with an intercept for every unit, fitted without estimating the intercepts.

The mean of a count is exposure x exp(intercept + x'b). Given b, the best intercept makes a unit's fitted counts add up
to its observed ones, so that only b is left to find: the conditional (multinomial) likelihood of Hausman, Hall and
Griliches (1984). Estimates are those of a regression with a dummy for every unit.
Counts need not be Poisson: the estimates hold wherever the mean is right (Wooldridge 1999, Journal of Econometrics 90,
77-97), and the errors, clustered, whatever the spread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.errors import EstimationError, Problem

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_STEPS, _CLOSE = 50, 1e-10


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted model.

    Attributes
    ----------
    coefficients : (k,)
        Log rate ratios.
    fitted : (rows,)
        Expected counts.
    covariance : (k, k)
        Clustered: of the changes when one cluster at a time is left out, to first order, factor (clusters - 1) /
        clusters (CR3; MacKinnon, Nielsen and Webb 2023, Journal of Econometrics 232, 272-299). Where a few large
        municipalities carry the counts the plain sandwich is too small.
    dispersion : float
        Pearson chi-squared over its degrees of freedom: 1 for Poisson counts.
    clusters : int
    """

    coefficients: Floats
    fitted: Floats
    covariance: Floats
    dispersion: float
    clusters: int


def fit(count: Floats, exposure: Floats, design: Floats, intercept: Integers, cluster: Integers) -> Fit:
    """Fit the model.

    Parameters
    ----------
    count, exposure : (rows,)
        Exposures are positive.
    design : (rows, k)
    intercept, cluster : (rows,) whole numbers from 0
        Which intercept a row has, and which rows are not independent.

    Raises
    ------
    EstimationError
        If the columns cannot be told apart, or a rate ratio has no finite estimate.
    """
    totals = np.bincount(intercept, count).astype(np.float64)
    beta, steps = np.zeros(design.shape[1]), 0
    while True:
        fitted, means, information = _curvature(totals, exposure, design, intercept, beta)
        if np.linalg.matrix_rank(information, hermitian=True) < len(beta):
            remedy = "Pool sectors or years, or leave out a group without units to compare with"
            raise EstimationError(Problem("The counts cannot tell the rate ratios apart", remedy))
        step = np.linalg.solve(information, design.T @ (count - fitted))
        if np.abs(step).max(initial=0.0) < _CLOSE:
            break
        beta, steps = beta + np.clip(step, -2, 2), steps + 1
        if steps == _STEPS:
            remedy = "Pool sectors or years: a rate ratio of zero or infinity has no logarithm"
            raise EstimationError(Problem("The rate ratios do not settle", remedy))
    residual = count - fitted
    centred = design - means[intercept]
    clusters, of_row = np.unique(cluster, return_inverse=True)
    scores = np.zeros((len(clusters), len(beta)))
    np.add.at(scores, of_row, centred * residual[:, None])
    own = np.zeros((len(clusters), len(beta), len(beta)))
    np.add.at(own, of_row, fitted[:, None, None] * centred[:, :, None] * centred[:, None, :])
    influence = _left_out(information, own, scores)
    used = fitted > 0
    freedom = int(used.sum()) - int((totals > 0).sum()) - len(beta)
    return Fit(
        coefficients=beta,
        fitted=fitted,
        covariance=(len(clusters) - 1) / len(clusters) * influence.T @ influence,
        dispersion=float((residual[used] ** 2 / fitted[used]).sum() / freedom) if freedom > 0 else float("nan"),
        clusters=len(clusters),
    )


def _left_out(information: Floats, own: Floats, scores: Floats) -> Floats:
    """Return by how much the estimates change without each cluster, to first order (clusters, k).

    Where a cluster alone identifies an estimate, its information is not taken out.
    """
    rest = information - own
    alone = np.linalg.cond(rest) > 1e10
    rest[alone] = information
    return np.asarray(np.linalg.solve(rest, scores[:, :, None])[:, :, 0], dtype=np.float64)


def _curvature(
    totals: Floats, exposure: Floats, design: Floats, intercept: Integers, beta: Floats
) -> tuple[Floats, Floats, Floats]:
    """Return expected counts, each intercept's weighted mean of the design, and the information on `beta`."""
    index = design @ beta
    weight = exposure * np.exp(index - index.max(initial=0.0))
    fitted = totals[intercept] * weight / np.bincount(intercept, weight)[intercept]
    sums = np.zeros((len(totals), len(beta)))
    np.add.at(sums, intercept, fitted[:, None] * design)
    means = np.divide(sums, totals[:, None], out=np.zeros_like(sums), where=totals[:, None] > 0)
    return fitted, means, (fitted[:, None] * design).T @ design - sums.T @ means


def randomised_p_value(
    count: Floats, exposure: Floats, group: Integers, *, draws: int, seed: int
) -> tuple[float, Floats]:
    """Return how often other assignments of the units to the groups give as clear a difference, and their t values.

    The statistic is the score of a rate ratio common to all treated counts in the model with unit and period effects,
    divided by its clustered error: under no effect for anyone the model needs to be fitted once only, and dividing
    keeps the test right where the treated are larger than the rest (Chung and Romano 2013; for scores, Hemerik,
    Goeman and Finos 2020, Journal of the Royal Statistical Society B 82, 841-864).

    Parameters
    ----------
    count, exposure : (units, periods)
        NaN where a unit is not observed.
    group : (units,)
        The period (1, 2, ...) a unit is treated from, 0 if never.
    draws, seed : int
    """
    units, periods = count.shape
    unit, period = np.nonzero(np.isfinite(count))
    dummies = (period[:, None] == np.arange(1, periods)).astype(float)
    null = fit(count[unit, period], exposure[unit, period], dummies, unit, unit)
    mean, rest = np.zeros(count.shape), np.zeros(count.shape)
    mean[unit, period] = null.fitted
    rest[unit, period] = count[unit, period] - null.fitted
    total = mean.sum(axis=1, keepdims=True)
    share = np.divide(mean, total, out=np.zeros_like(mean), where=total > 0)
    codes, place = np.unique(group[group > 0], return_inverse=True)
    exposed = (np.arange(1, periods + 1) >= codes[:, None]).astype(float)
    score = rest @ exposed.T
    # What treating a unit from a date has in common with the period effects, unit effects taken out.
    overlap = mean[:, None, :] * exposed - share[:, None, :] * (mean @ exposed.T)[:, :, None]
    inverse = np.linalg.pinv(np.diag(mean.sum(axis=0)) - mean.T @ share)
    square = rest.T @ rest

    def statistic(chosen: Integers) -> Floats:
        effect = overlap[chosen, place].sum(axis=-2) @ inverse
        own = score[chosen, place]
        shared = np.einsum("...it,...t->...i", rest[chosen], effect)
        spread = np.einsum("...s,st,...t->...", effect, square, effect) + (own**2 - 2 * own * shared).sum(axis=-1)
        return own.sum(axis=-1) / np.sqrt(np.maximum(spread, 1e-300))

    generator = np.random.default_rng(seed)
    drawn = np.concatenate(
        [statistic(np.argsort(generator.random((size, units)), axis=1)[:, : len(place)]) for size in _blocks(draws)]
    )
    actual = float(statistic(np.flatnonzero(group > 0)))
    return float((1 + (np.abs(drawn) >= abs(actual) * (1 - 1e-12)).sum()) / (1 + draws)), drawn


def _blocks(draws: int, size: int = 500) -> list[int]:
    return [min(size, draws - start) for start in range(0, draws, size)]
