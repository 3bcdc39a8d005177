"""The restricted wild cluster bootstrap, as matrix products.

The null is imposed: what unit and period effects and the effect under the null leave of the outcomes is multiplied,
cluster by cluster, by random numbers with mean 0 and variance 1, and the t statistic is computed anew. Because the
estimate and every cluster's influence are linear in the outcomes, all draws are one matrix product, for every null.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from evaluation.did.linear_forms import LinearForm
from evaluation.did.panel import Columns, Panel
from evaluation.did.resampling import BLOCK, Draws, Inference, check, observed, open_ends, ready, without_effects
from evaluation.errors import EstimationError, Problem

CITATION = (
    "Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2008). Bootstrap-based improvements for inference with clustered "
    "errors. Review of Economics and Statistics 90(3), 414-427; Webb, M. D. (2023). Reworking wild bootstrap-based "
    "inference for clustered errors. Canadian Journal of Economics 56(3), 839-858; Roodman, D., MacKinnon, J. G., "
    "Nielsen, M. O. and Webb, M. D. (2019). Fast and wild. Stata Journal 19(1), 4-60."
)
WEIGHTS = {
    "rademacher": np.array([-1.0, 1.0]),
    "webb": np.array([-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)]),
}
FEW = 6


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
    data, form = ready(
        panel, columns, method=method, control=control, anticipation=anticipation, missing=missing
    )
    drawn, exact = wild_draws(data, form, distribution=distribution, draws=draws, seed=seed)
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


@dataclass(frozen=True, eq=False)
class _Clusters:
    """The parts of a linear form summed over the units of each cluster, for restricted residuals."""

    effect: np.ndarray
    own: np.ndarray
    shared: np.ndarray


def _by_cluster(values: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    summed = np.zeros((int(cluster.max()) + 1, *values.shape[1:]))
    np.add.at(summed, cluster, values)
    return summed


def wild_draws(
    data: Panel, form: LinearForm, *, distribution: str = "rademacher", draws: int = 9999, seed: int = 0
) -> tuple[Draws, bool]:
    """Return the draws for a prepared panel, and whether they are all there are."""
    estimate, error = observed(data, form)
    sides = []
    for values in without_effects(data):
        parts = form.parts(values)
        sides.append(
            _Clusters(*(_by_cluster(part, data.cluster) for part in (parts.effect, parts.own, parts.shared)))
        )
    loading = _by_cluster(form.loading, data.cluster)
    clusters = len(loading)
    possible = len(WEIGHTS[distribution]) ** clusters
    exact = possible <= draws
    # With the numbers drawn v and loading L, a cluster's influence is v * own + L (v' shared), squared and summed.
    straight, treated = sides
    wide = np.column_stack(
        [side.effect for side in sides]
        + [side.own[:, None] * loading for side in sides]
        + [side.shared for side in sides]
    )
    squared = np.column_stack([straight.own**2, straight.own * treated.own, treated.own**2])
    between = loading.T @ loading
    count = possible if exact else draws
    constant, slope, variance = np.empty(count), np.empty(count), np.empty((3, count))
    generator = np.random.default_rng(seed)
    size = max(1, BLOCK // clusters)
    everything = _all(distribution, clusters) if exact else None
    for start in range(0, count, size):
        rows = slice(start, min(start + size, count))
        if everything is None:
            drawn = _drawn(generator, distribution, rows.stop - start, clusters)
        else:
            drawn = everything[rows]
        sums = drawn @ wide
        # The squares of signs are one, so their sum needs no product.
        diagonal = squared.sum(axis=0)[None, :] if distribution == "rademacher" else drawn**2 @ squared
        constant[rows], slope[rows] = sums[:, 0], sums[:, 1]
        crossed, crossed_treated, shared, shared_treated = np.split(sums[:, 2:], 4, axis=1)
        bent, bent_treated = shared @ between, shared_treated @ between
        variance[0, rows] = diagonal[:, 0] + _dot(2 * crossed + bent, shared)
        mixed = _dot(crossed + bent, shared_treated) + _dot(crossed_treated, shared)
        variance[1, rows] = -2 * (diagonal[:, 1] + mixed)
        variance[2, rows] = diagonal[:, 2] + _dot(2 * crossed_treated + bent_treated, shared_treated)
    return Draws(estimate, error, constant, slope, variance, counted=0), exact


def _dot(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.einsum("bq,bq->b", left, right)


def _drawn(generator: np.random.Generator, distribution: str, draws: int, clusters: int) -> np.ndarray:
    points = WEIGHTS[distribution]
    return points[generator.integers(0, len(points), size=(draws, clusters), dtype=np.int8)]


def _all(distribution: str, clusters: int) -> np.ndarray:
    return np.array(list(product(WEIGHTS[distribution], repeat=clusters)))
