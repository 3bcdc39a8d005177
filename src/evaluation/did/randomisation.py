"""Studentised randomisation inference over who is first treated when.

Had the intakes been drawn otherwise, the same outcomes (less the effect under the null, for the units really treated)
would have been compared otherwise. The t statistic of the real assignment is placed among those of other assignments
with as many units in each intake. Dividing by the standard error is what keeps the test right when the treated are
larger or smaller units, with other variances, than the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import replace
from itertools import combinations
from math import factorial, prod

import numpy as np
import pandas as pd

from evaluation.did.linear_forms import LinearForm, collapse, linear_form
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
    "Chung, E. and Romano, J. P. (2013). Exact and asymptotically robust permutation tests. Annals of Statistics "
    "41(2), 484-507; MacKinnon, J. G. and Webb, M. D. (2020). Randomization inference for difference-in-differences "
    "with few treated clusters. Journal of Econometrics 218(2), 435-450."
)


def randomisation_inference(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: str,
    first_treated: str,
    method: str = "imputation",
    control: str = "not_yet_treated",
    null: float = 0.0,
    weights: str | None = None,
    strata: str | None = None,
    anticipation: int = 0,
    missing: str = "raise",
    level: float = 0.95,
    draws: int = 9999,
    seed: int = 0,
    executor: Executor | None = None,
) -> Inference:
    """Test the overall effect against other assignments of the units to the intakes.

    Parameters
    ----------
    panel, outcome, unit, period, first_treated, control, weights, anticipation, missing
        As in `did.estimate`. In a panel without weights and gaps all draws are matrix products; otherwise each is an
        estimation of its own, some hundred times slower.
    method : {"imputation", "callaway_santanna", "two_way_fixed_effects"}
        The estimate tested, without covariates.
    null : float
        The effect tested, the same on every treated observation, in the unit of the outcome.
    strata : str, optional
        Column of strata, constant within a unit: units change places only within their stratum (for instance
        municipalities of like size), as if the intakes had been drawn so.
    level : float
        Coverage of the interval.
    draws, seed : int
        If there are at most `draws` assignments, all are used and the p value is exact.
    executor : Executor, optional
        Reckons the draws block by block: processes of this machine, or a cluster's. The result is the same.

    Returns
    -------
    Inference
        The p value is the share of assignments, the real one counted in, whose absolute t statistic is at least the
        real one's.

    Raises
    ------
    EstimationError
        Listing every problem of the options, then of the panel.

    References
    ----------
    Chung, E. and Romano, J. P. (2013). Annals of Statistics 41(2), 484-507.
    MacKinnon, J. G. and Webb, M. D. (2020). Journal of Econometrics 218(2), 435-450.
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
    if found:
        raise EstimationError(found)
    frame, columns = panel, Columns(outcome, unit, period, first_treated, weights)
    if strata is not None:
        frame, columns = _with_strata(panel, columns, strata)
    data, form = ready(frame, columns, method=method, control=control, anticipation=anticipation, missing=missing)
    within = None if strata is None else pd.factorize(np.nanmax(data.covariates[:, :, 0], axis=1))[0]
    drawn, exact = random_assignments(
        data, form, method=method, control=control, anticipation=anticipation, strata=within, draws=draws, seed=seed,
        executor=executor,
    )  # fmt: skip
    low, high = drawn.interval(level)
    where = "" if within is None else f" within {within.max() + 1} strata"
    lost = int(np.isinf(drawn.constant).sum())
    notes = data.notes + open_ends(low, high, level)
    if lost:
        notes += (f"{lost} assignments leave nothing to estimate because of gaps; they count as extreme.",)
    if exact and len(drawn.constant) * (1 - level) < 1:
        notes += (f"Only {len(drawn.constant)} assignments are possible, so nothing can be rejected at this level.",)
    return Inference(
        estimate=drawn.estimate,
        standard_error=drawn.standard_error,
        statistic=(drawn.estimate - null) / drawn.standard_error,
        null=float(null),
        p_value=drawn.p_value(null),
        low=low,
        high=high,
        level=level,
        draws=len(drawn.constant),
        seed=seed,
        exact=exact,
        kind=f"first treatment permuted over units{where}",
        treated=form.treated,
        units=data.sample.units,
        clusters=data.sample.clusters,
        method=f"Studentised randomisation inference on the overall effect by {method}",
        citation=CITATION,
        notes=notes,
    )


def _with_strata(panel: pd.DataFrame, columns: Columns, strata: str) -> tuple[pd.DataFrame, Columns]:
    """Return a panel in which the strata are numbers, so that it can be checked and laid out like a covariate."""
    if strata not in panel.columns:
        raise EstimationError(Problem(f"The panel has no column {strata!r}", "Name a column of the panel"))
    if strata in columns.used():
        raise EstimationError(
            Problem(f"The column {strata!r} is given two roles", "Name a column of its own as strata")
        )
    codes = pd.factorize(panel[strata])[0]
    found = []
    if (codes < 0).any():
        found.append(
            Problem(f"{(codes < 0).sum()} rows have no stratum", "Name the stratum of every row", column=strata)
        )
    numbered = panel.assign(**{strata: codes.astype(float)})
    if columns.unit in panel.columns:
        counts = numbered.groupby(columns.unit, observed=True)[strata].nunique()
        if (counts > 1).any():
            what = f"{(counts > 1).sum()} units are in more than one stratum"
            found.append(Problem(what, "A unit must stay in one stratum", column=strata))
    if found:
        raise EstimationError(found)
    return numbered, replace(columns, covariates=(strata,))


def random_assignments(
    data: Panel,
    form: LinearForm,
    *,
    method: str,
    control: str = "not_yet_treated",
    anticipation: int = 0,
    strata: np.ndarray | None = None,
    draws: int = 9999,
    seed: int = 0,
    executor: Executor | None = None,
) -> tuple[Draws, bool]:
    """Return the draws for a prepared panel, and whether they are all there are.

    Of all assignments, the real one among them, if there are at most `draws`; else of `draws` random ones.
    """
    codes, label = np.unique(data.group, return_inverse=True)
    within = np.zeros(len(label), dtype=int) if strata is None else strata
    blocks = [np.flatnonzero(within == stratum) for stratum in np.unique(within)]
    possible = prod(_assignments(label[members]) for members in blocks)
    if possible == 1:
        remedy = "Leave strata out, or make them wide enough to hold both treated and others"
        raise EstimationError(Problem("The units can be assigned in one way only", remedy))
    exact = possible <= draws
    estimate, error = observed(data, form)
    values = without_effects(data)
    simple = bool(np.isfinite(data.outcome).all()) and not data.weighted
    estimates = _Alike(data, form, values) if simple else _OneByOne(data, codes, values, method, control, anticipation)
    size = max(1, BLOCK // len(label))
    permuted = _every(label, blocks, size) if exact else _random(label, blocks, draws, size, seed)
    constant, slope, variance = in_blocks(estimates, permuted, executor)
    return Draws(estimate, error, constant, slope, variance, counted=0 if exact else 1), exact


class _Alike:
    """Estimates of a balanced, unweighted panel: each group's sums are a matrix product with its indicators."""

    def __init__(self, data: Panel, form: LinearForm, values: np.ndarray) -> None:
        self.periods = data.outcome.shape[1]
        self.coefficients = collapse(form, data.group)
        straight, treated = np.einsum("vit,kt->vki", values, self.coefficients.own)
        self.squares = np.stack([straight**2, straight * treated, treated**2], axis=2)
        self.values = np.column_stack(list(values))
        self.rest = int(np.argmax(self.coefficients.sizes))

    def __call__(self, labels: np.ndarray) -> Statistics:
        form, groups = self.coefficients, len(self.coefficients.sizes)
        sums = np.zeros((groups, len(labels), self.values.shape[1]))
        squares = np.zeros((groups, len(labels), 3))
        sums[self.rest] += self.values.sum(axis=0)
        squares[self.rest] += self.squares[self.rest].sum(axis=0)
        for position in np.delete(np.arange(groups), self.rest):
            wide = np.column_stack([self.values, self.squares[position], self.squares[self.rest]])
            found = (labels == position).astype(float) @ wide
            sums[position] = found[:, :-6]
            squares[position] = found[:, -6:-3]
            # The largest group is what the others leave.
            sums[self.rest] -= found[:, :-6]
            squares[self.rest] -= found[:, -3:]
        shaped = sums.reshape(groups, len(labels), 2, self.periods)
        effect = np.einsum("kt,kbvt->vb", form.effect, shaped, optimize=True)
        own = np.einsum("kt,kbvt->vkb", form.own, shaped, optimize=True)
        shared = np.einsum("klt,lbvt->vkb", form.shared, shaped, optimize=True)
        size = form.sizes[:, None]
        first = squares[:, :, 0] + shared[0] * (2 * own[0] + size * shared[0])
        mixed = squares[:, :, 1] + shared[0] * own[1] + shared[1] * (own[0] + size * shared[0])
        third = squares[:, :, 2] + shared[1] * (2 * own[1] + size * shared[1])
        return effect[0], effect[1], np.stack([first.sum(axis=0), -2 * mixed.sum(axis=0), third.sum(axis=0)])


class _OneByOne:
    """Estimates of a panel with weights or gaps: an estimation for each assignment."""

    def __init__(
        self, data: Panel, codes: np.ndarray, values: np.ndarray, method: str, control: str, anticipation: int
    ) -> None:
        self.data, self.codes, self.values = data, codes, values
        self.method, self.control, self.anticipation = method, control, anticipation

    def __call__(self, labels: np.ndarray) -> Statistics:
        effect, variance = np.empty((2, len(labels))), np.empty((3, len(labels)))
        for row, label in enumerate(labels):
            moved = replace(self.data, group=self.codes[label])
            try:
                form = linear_form(moved, self.method, control=self.control, anticipation=self.anticipation)
            except EstimationError:
                # Gaps can leave an assignment without an estimate; counting it as extreme errs towards caution.
                effect[:, row], variance[:, row] = (np.inf, 0.0), 0.0
                continue
            (effect[0, row], straight), (effect[1, row], treated) = (form.evaluate(value) for value in self.values)
            variance[:, row] = straight @ straight, -2 * straight @ treated, treated @ treated
        return effect[0], effect[1], variance


def _assignments(label: np.ndarray) -> int:
    counts = np.unique(label, return_counts=True)[1]
    return factorial(len(label)) // prod(factorial(int(count)) for count in counts)


def _random(label: np.ndarray, blocks: list[np.ndarray], draws: int, size: int, seed: int) -> Iterator[np.ndarray]:
    generator = np.random.default_rng(seed)
    for start in range(0, draws, size):
        rows = min(size, draws - start)
        permuted = np.empty((rows, len(label)), dtype=np.int8)
        for members in blocks:
            kept = np.tile(label[members].astype(np.int8), (rows, 1))
            permuted[:, members] = generator.permuted(kept, axis=1, out=kept)
        yield permuted


def _every(label: np.ndarray, blocks: list[np.ndarray], size: int) -> Iterator[np.ndarray]:
    kept = []
    for permuted in _arrangements(label, blocks):
        kept.append(permuted)
        if len(kept) == size:
            yield np.array(kept)
            kept = []
    if kept:
        yield np.array(kept)


def _arrangements(label: np.ndarray, blocks: list[np.ndarray]) -> Iterator[np.ndarray]:
    if not blocks:
        yield label.copy()
        return
    members, *others = blocks
    for rest in _arrangements(label, others):
        for filled in _fill(members, label[members]):
            permuted = rest.copy()
            permuted[members] = filled
            yield permuted


def _fill(places: np.ndarray, values: np.ndarray) -> Iterator[np.ndarray]:
    """Every distinct order of `values`, given in the order of `places`."""
    first = values[0]
    count = int((values == first).sum())
    if count == len(values):
        yield values
        return
    for chosen in combinations(range(len(places)), count):
        free = np.ones(len(places), dtype=bool)
        free[list(chosen)] = False
        for rest in _fill(places[free], values[values != first]):
            filled = np.full(len(places), first)
            filled[free] = rest
            yield filled
