"""The restricted wild cluster bootstrap, as matrix products.

The null is imposed: what unit and period effects and the effect under the null leave of the outcomes is multiplied,
cluster by cluster, by random numbers with mean 0 and variance 1, and the t statistic is computed anew. Because the
estimate and every cluster's influence are linear in the outcomes, all draws are one matrix product, for every null.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from evaluation.did.inference import by_cluster
from evaluation.did.linear_forms import LinearForm
from evaluation.did.panel import Columns, Panel
from evaluation.did.resampling import (
    BLOCK,
    Draws,
    Inference,
    Statistics,
    check,
    in_blocks,
    observed,
    open_ends,
    ready,
    without_effects,
)  # fmt: skip
from evaluation.errors import EstimationError, Problem

CITATION = (
    "Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008). Bootstrap-based improvements for inference with "
    "clustered errors. Review of Economics and Statistics 90(3), 414-427; Webb, M. D. (2023). Reworking wild "
    "bootstrap-based inference for clustered errors. Canadian Journal of Economics 56(3), 839-858; Roodman, D., "
    "MacKinnon, J. G., Nielsen, M. O. and Webb, M. D. (2019). Fast and wild. Stata Journal 19(1), 4-60."
)
WEIGHTS = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)]),
}
FEW, RANK = 5, 1e-10


def wild_bootstrap(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: str,
    first_treated: str,
    method: str = "two_way_fixed_effects",
    control: str = "not_yet_treated",
    distribution: str = "rademacher",
    null: float = 0.0,
    weights: str | None = None,
    cluster: str | None = None,
    anticipation: int = 0,
    missing: str = "raise",
    level: float = 0.95,
    draws: int = 9999,
    seed: int = 0,
    executor: Executor | None = None,
) -> Inference:
    """Test the overall effect by the restricted wild cluster bootstrap.

    Parameters
    ----------
    panel, outcome, unit, period, first_treated, control, weights, cluster, anticipation, missing
        As in `did.estimate`.
    method : {"two_way_fixed_effects", "imputation", "callaway_santanna"}
        The estimate tested, without covariates. For the last two the null imposed is the same effect `null` on every
        treated observation: effects that differ widely make the test cautious.
    distribution : {"rademacher", "webb"}
        Signs, or six points that give more distinct draws when clusters are few. If all draws are at most `draws`,
        they are enumerated.
    null : float
        The effect tested, in the unit of the outcome.
    level : float
        Coverage of the interval.
    draws, seed : int
    executor : Executor, optional
        Reckons the draws block by block: processes of this machine, or a cluster's. The result is the same.

    Returns
    -------
    Inference
        The p value is the share of draws whose absolute t statistic is at least the observed one's.

    Raises
    ------
    EstimationError
        Listing every problem of the options, then of the panel.

    References
    ----------
    Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008). Review of Economics and Statistics 90(3), 414-427.
    Roodman, D., MacKinnon, J. G., Nielsen, M. O. and Webb, M. D. (2019). Stata Journal 19(1), 4-60.
    MacKinnon, J. G. and Webb, M. D. (2017). Journal of Applied Econometrics 32(2), 233-254 (few treated clusters).
    """
    found = check(
        method=method,
        control=control,
        anticipation=anticipation,
        null=null,
        level=level,
        draws=draws,
        seed=seed,
        missing=missing,
    )
    if distribution not in WEIGHTS:
        listed = ", ".join(map(repr, WEIGHTS))
        found.append(Problem(f"Unknown distribution {distribution!r}", f"Choose one of {listed}"))
    if found:
        raise EstimationError(found)
    columns = Columns(outcome, unit, period, first_treated, weights, cluster)
    data, form = ready(panel, columns, method=method, control=control, anticipation=anticipation, missing=missing)
    drawn, exact = wild_draws(data, form, distribution=distribution, draws=draws, seed=seed, executor=executor)
    low, high = drawn.interval(level)
    p_value = drawn.p_value(null)
    treated_clusters = len(np.unique(data.cluster[data.group > 0]))
    notes = data.notes + open_ends(low, high, level)
    if treated_clusters < FEW:
        what = f"Only {treated_clusters} clusters are treated: the restricted wild bootstrap then hardly ever rejects"
        notes += (f"{what}; use randomisation inference (MacKinnon and Webb 2017).",)
    if p_value == 0:
        notes += (f"No draw was as extreme: p is below 1/{len(drawn.constant)}.",)
    return Inference(
        estimate=drawn.estimate,
        standard_error=drawn.standard_error,
        statistic=(drawn.estimate - null) / drawn.standard_error,
        null=float(null),
        p_value=p_value,
        low=low,
        high=high,
        level=level,
        draws=len(drawn.constant),
        seed=seed,
        exact=exact,
        kind=f"{distribution} weights by cluster",
        treated=form.treated,
        units=data.sample.units,
        clusters=data.sample.clusters,
        method=f"Restricted wild cluster bootstrap of the t statistic of the overall effect by {method}",
        citation=CITATION,
        notes=notes,
    )


def wild_draws(
    data: Panel,
    form: LinearForm,
    *,
    distribution: str = "rademacher",
    draws: int = 9999,
    seed: int = 0,
    executor: Executor | None = None,
) -> tuple[Draws, bool]:
    """Return the draws for a prepared panel, and whether they are all there are."""
    estimate, error = observed(data, form)
    effect, own, shared = [], [], []
    for values in without_effects(data):
        effect.append(np.bincount(data.cluster, (form.effect * values).sum(axis=1)))
        own.append(np.bincount(data.cluster, (form.own * values).sum(axis=1)))
        shared.append(by_cluster(form.contributions(values, slice(None)), data.cluster))
    loading = by_cluster(form.loading, data.cluster)
    directions = _directions(loading)
    loading = loading @ directions
    shared = [each @ directions for each in shared]
    clusters = len(loading)
    possible = len(WEIGHTS[distribution]) ** clusters
    exact = possible <= draws
    # With the numbers drawn v and loading L, a cluster's influence is v * own + L (v' shared), squared and summed.
    wide = np.column_stack([*effect, *(each[:, None] * loading for each in own), *shared])
    squared = np.column_stack([own[0] ** 2, own[0] * own[1], own[1] ** 2])
    products = _Products(wide, loading.T @ loading, squared, signs=distribution == "rademacher")
    blocks = _all(distribution, clusters) if exact else drawn_weights(distribution, draws, clusters, seed)
    return Draws(estimate, error, *in_blocks(products, blocks, executor), counted=0), exact


@dataclass(frozen=True, eq=False)
class _Products:
    """What draws of weights (draws, clusters) make of the estimate and its variance."""

    wide: np.ndarray
    between: np.ndarray
    squared: np.ndarray
    signs: bool

    def __call__(self, drawn: np.ndarray) -> Statistics:
        sums, variance = drawn @ self.wide, np.empty((3, len(drawn)))
        # The squares of signs are one, so their sum needs no product.
        diagonal = self.squared.sum(axis=0)[None, :] if self.signs else drawn**2 @ self.squared
        crossed, crossed_treated, common, common_treated = np.split(sums[:, 2:], 4, axis=1)
        bent, bent_treated = common @ self.between, common_treated @ self.between
        variance[0] = diagonal[:, 0] + _dot(2 * crossed + bent, common)
        mixed = _dot(crossed + bent, common_treated) + _dot(crossed_treated, common)
        variance[1] = -2 * (diagonal[:, 1] + mixed)
        variance[2] = diagonal[:, 2] + _dot(2 * crossed_treated + bent_treated, common_treated)
        return sums[:, 0], sums[:, 1], variance


def _directions(loading: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of the rows: (columns, rank). Units of a group load alike, so the rank is small."""
    left, found = loading.copy(), np.zeros((0, loading.shape[1]))
    squares = (left**2).sum(axis=1)
    least = RANK**2 * squares.max()
    while len(found) < loading.shape[1] and squares.max() > least:
        direction = left[np.argmax(squares)]
        direction = direction - found.T @ (found @ direction)
        found = np.vstack([found, direction / np.sqrt(direction @ direction)])
        left -= np.outer(left @ found[-1], found[-1])
        squares = (left**2).sum(axis=1)
    return found.T


def _dot(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.einsum("bq,bq->b", left, right)


def drawn_weights(distribution: str, draws: int, clusters: int, seed: int) -> Iterator[np.ndarray]:
    """Draw weights in blocks of rows: (draws, clusters) in all."""
    generator, points, size = np.random.default_rng(seed), WEIGHTS[distribution], max(1, BLOCK // clusters)
    for start in range(0, draws, size):
        shape = (min(size, draws - start), clusters)
        if len(points) == 2:
            bits = np.frombuffer(generator.bytes(-(-shape[0] * clusters // 8)), dtype=np.uint8)
            yield 2.0 * np.unpackbits(bits, count=shape[0] * clusters).reshape(shape) - 1.0
        else:
            yield points[generator.integers(0, len(points), size=shape, dtype=np.int8)]


def _all(distribution: str, clusters: int) -> Iterator[np.ndarray]:
    yield np.array(list(product(WEIGHTS[distribution], repeat=clusters)))
