"""Exact statistics of grouped values with counts, and of ratios with clusters. Pure functions of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def total(group: Integers, groups: int, amount: NDArray[np.generic]) -> Integers:
    """Add up whole numbers by group; `group` holds 0..groups-1. Exact below 2**53."""
    return np.rint(np.bincount(group, weights=amount.astype(np.float64), minlength=groups)).astype(np.int64)


def quantiles(group: Integers, groups: int, value: Integers, count: Integers, at: Sequence[float]) -> Floats:
    """Return, for each group and each share in `at`, the smallest value that at least that share does not exceed.

    This is the inverse of the distribution function (Hyndman and Fan 1996, type 1): always a value that occurs.

    Parameters
    ----------
    group, value, count : arrays of one length, sorted by group and, within it, by value.
    groups : the number of groups.
    at : shares between 0 and 1.

    Returns
    -------
    array of shape (groups, len(at)), NaN for an empty group.
    """
    found = np.full((groups, len(at)), np.nan)
    running = np.cumsum(count)
    size = total(group, groups, count)
    ends = np.cumsum(size)
    present = size > 0
    for place, share in enumerate(at):
        # The small number keeps 0.1 * 10 from becoming 1.0000000000000002 and so the next value.
        needed = np.maximum(np.ceil(share * size - 1e-9), 1).astype(np.int64)
        rank = (ends - size + needed)[present]
        found[present, place] = value[np.searchsorted(running, rank, side="left")]
    return found


def gini(group: Integers, groups: int, value: Integers, count: Integers) -> Floats:
    """Return the Gini coefficient of each group: half the mean absolute difference over the mean, 0 when all are equal.

    The arrays are sorted as in `quantiles`. NaN for an empty group and for one whose values are all zero.
    """
    size = total(group, groups, count)
    sums = total(group, groups, value * count)
    before = np.cumsum(count) - count - (np.cumsum(size) - size)[group]
    place = (2 * before + count - size[group]).astype(np.float64)  # whole numbers would overflow on a large register
    numerator = np.bincount(group, weights=place * (value * count), minlength=groups)
    denominator = size.astype(np.float64) * sums
    return np.divide(numerator, denominator, out=np.full(groups, np.nan), where=denominator > 0)


def ratio(numerator: NDArray[np.generic], denominator: NDArray[np.generic], scale: float = 1.0) -> Floats:
    """Divide, with NaN where the denominator is zero."""
    top, bottom = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    return scale * np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0)


@dataclass(frozen=True)
class RatioChange:
    """A ratio of two sums before and after, over clusters, with the linearised standard error of its change."""

    before: float
    after: float
    change: float
    standard_error: float
    before_error: float
    after_error: float
    clusters: int


def ratio_change(top_before: Floats, bottom_before: Floats, top_after: Floats, bottom_after: Floats) -> RatioChange:
    """Return a ratio of sums before and after and its change, with errors clustered on the rows.

    The error is that of the linearised ratio (Cochran 1977, section 6.5), the contributions added up within a cluster
    over both periods, so that what is common to a cluster before and after cancels; factor C / (C - 1). NaN with fewer
    than two clusters.

    Parameters
    ----------
    top_before, bottom_before, top_after, bottom_after : one number per cluster; a cluster absent in a period has zeros.
    """
    before, after = top_before.sum() / bottom_before.sum(), top_after.sum() / bottom_after.sum()
    early = (top_before - before * bottom_before) / bottom_before.sum()
    late = (top_after - after * bottom_after) / bottom_after.sum()
    clusters = len(early)
    factor = clusters / (clusters - 1) if clusters > 1 else np.nan

    def error(influence: Floats) -> float:
        return float(np.sqrt(factor * np.square(influence).sum()))

    return RatioChange(
        before=float(before),
        after=float(after),
        change=float(after - before),
        standard_error=error(late - early),
        before_error=error(early),
        after_error=error(late),
        clusters=clusters,
    )


def two_variances(squares: Floats, noise: Floats) -> tuple[float, float]:
    """Fit squared deviations as common + sampling * noise, both at least zero.

    What varies alike at every size is told from what falls with size by a regression of the squares on `noise`
    (non-negative least squares), reweighted by the spread a square is expected to have: the variance of a squared
    normal deviate goes with the square of its expectation.

    Returns
    -------
    common, sampling : in the units of the squares, and per unit of `noise`.
    """
    from scipy.optimize import nnls

    flat = float(squares.mean())
    if flat == 0:
        return 0.0, 0.0
    unit = float(noise.mean())
    design = np.column_stack([np.ones_like(noise), noise / unit])
    expected = np.full(len(squares), flat)
    fitted = np.array([flat, 0.0])
    for _ in range(20):
        fitted = nnls(design / expected[:, None], squares / expected)[0]
        updated = np.maximum(design @ fitted, 1e-3 * flat)
        if np.allclose(updated, expected, rtol=1e-8, atol=0):
            break
        expected = updated
    return float(fitted[0]), float(fitted[1] / unit)
