"""Synthetic difference-in-differences and synthetic control, group by group.

The weights come from diff-diff, which repeats the algorithm of the published software (Frank-Wolfe steps, small weights
set to zero after the first hundred): published estimates rest on where it stops, which is not always the optimum. On
Proposition 99 it stops at -15.604 and -19.620; the exact optima are -15.605 and -19.514.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evaluation.did.callaway_santanna import GroupTime
from evaluation.did.panel import Panel
from evaluation.errors import EstimationError, Problem

DIFFERENCES_CITATION = (
    "Arkhangelsky, D., Athey, S., Hirshberg, D. A., Imbens, G. W. and Wager, S. (2021). Synthetic "
    "difference-in-differences. American Economic Review 111(12), 4088-4118."
)
CONTROL_CITATION = (
    "Abadie, A., Diamond, A. and Hainmueller, J. (2010). Synthetic control methods for comparative case studies. "
    "Journal of the American Statistical Association 105(490), 493-505; weights on the outcomes only."
)
JACKKNIFE = "jackknife with the weights held fixed (Arkhangelsky et al. 2021, algorithm 3)"
PLACEBO = "placebo: the same groups drawn among the never treated (Arkhangelsky et al. 2021, algorithm 4)"
# With fewer treated in a group, leaving one out says too little of how they vary.
FEWEST_FOR_JACKKNIFE = 10
PLACEBO_DRAWS = 199
# A penalty only there to make weights unique, and the improvement at which the search stops; both times the noise.
TINY, STOP = 1e-6, 1e-5


@dataclass(frozen=True, eq=False)
class Weights:
    """The weights of one group: `units` (never treated,), `times` (periods before,), and what they were chosen by.

    `noise` is the standard deviation of the controls' change from period to period, `penalty` that on unit weights.
    """

    units: np.ndarray
    times: np.ndarray
    penalty: float
    noise: float


def _fit(controls: np.ndarray, treated: np.ndarray, before: int, differences: bool, like: Weights | None) -> Weights:
    """Choose the weights that make the controls (units, periods) follow the mean of the treated before treatment."""
    from diff_diff.utils import compute_sdid_unit_weights, compute_time_weights

    earlier = np.ascontiguousarray(controls[:, :before].T)
    if like is None:
        noise = float(np.diff(controls[:, :before], axis=1).std(ddof=1))
        cells = len(treated) * (controls.shape[1] - before)
        penalty = noise * (cells**0.25 if differences else TINY)
        like = Weights(np.empty(0), np.empty(0), penalty, noise)
    stop = STOP * like.noise
    units = compute_sdid_unit_weights(
        earlier, treated[:, :before].mean(axis=0), like.penalty, intercept=differences, min_decrease=stop
    )
    times = np.zeros(before)
    if differences:
        later = np.ascontiguousarray(controls[:, before:].T)
        times = compute_time_weights(earlier, later, TINY * like.noise, min_decrease=stop)
    return Weights(np.asarray(units), np.asarray(times), like.penalty, like.noise)


def _effects(controls: np.ndarray, treated: np.ndarray, weights: Weights) -> np.ndarray:
    gap = treated.mean(axis=0) - weights.units @ controls
    return gap - weights.times @ gap[: len(weights.times)]


def synthetic(panel: Panel, *, anticipation: int, differences: bool, draws: int | None, seed: int) -> GroupTime:
    """Estimate the effect of every group in every period against a weighted average of the never treated.

    With `differences`, synthetic difference-in-differences: the gap in a period minus the gap before the treatment, in
    an average over periods weighted too. Without, synthetic control: the gap itself.
    """
    controls = panel.outcome[panel.group == 0]
    starts = {group: group - anticipation - 1 for group in panel.groups}
    short = [group + panel.origin for group, before in starts.items() if before < 2]
    if short:
        what = f"The group first treated in period {short[0]} has fewer than two periods before its treatment"
        raise EstimationError(Problem(what, "Begin the panel earlier, or leave the group out"))
    treated = {group: panel.outcome[panel.group == group] for group in panel.groups}
    fits = {g: _fit(controls, treated[g], starts[g], differences, None) for g in panel.groups}
    length = panel.outcome.shape[1]
    effect = np.concatenate([_effects(controls, treated[g], fits[g]) for g in panel.groups])
    if _jackknife_holds(panel, fits):
        influence = np.hstack([_jackknife(panel, g, fits[g]) for g in panel.groups])
        what = "clusters" if panel.clustered else "units"
        error = f"{JACKKNIFE}, leaving out one of {panel.sample.clusters} {what} at a time; normal quantiles"
    else:
        if panel.clustered:
            remedy = "Leave the cluster out, or use another method"
            what = "With few treated units the errors come from placebos among units, which cannot follow clusters"
            raise EstimationError(Problem(what, remedy))
        influence = _placebos(controls, treated, fits, differences, draws or PLACEBO_DRAWS, seed)
        error = f"{PLACEBO}, {len(influence)} draws; normal quantiles"
    return GroupTime(
        group=np.repeat(panel.groups, length),
        period=np.tile(np.arange(1, length + 1), len(panel.groups)),
        effect=effect,
        treated=np.repeat([len(treated[g]) for g in panel.groups], length),
        influence=influence,
        missing=[],
        notes=("Rows before the treatment show how well the weights fit; they do not test parallel trends.",),
        independent=True,
        error=error,
    )


def _jackknife_holds(panel: Panel, fits: dict[int, Weights]) -> bool:
    never = panel.cluster[panel.group == 0]
    for group, fit in fits.items():
        if len(np.unique(panel.cluster[panel.group == group])) < FEWEST_FOR_JACKKNIFE:
            return False
        if np.bincount(never, weights=fit.units).max() > 1 - TINY:
            return False
    return True


def _jackknife(panel: Panel, group: int, fit: Weights) -> np.ndarray:
    """Return, for each cluster, its share in the jackknife error of the group's effects: (clusters, periods)."""
    clusters = int(panel.cluster.max()) + 1
    before = len(fit.times)
    centred = panel.outcome - (panel.outcome[:, :before] @ fit.times)[:, None]
    members, never = panel.group == group, panel.group == 0

    def left_out(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
        mass = np.bincount(panel.cluster[rows], weights=weights, minlength=clusters)
        sums = np.zeros((clusters, centred.shape[1]))
        np.add.at(sums, panel.cluster[rows], weights[:, None] * centred[rows])
        return (weights @ centred[rows] - sums) / (weights.sum() - mass)[:, None]

    without = left_out(members, np.ones(int(members.sum()))) - left_out(never, fit.units)
    return np.sqrt((clusters - 1) / clusters) * (without.mean(axis=0) - without)


def _placebos(
    controls: np.ndarray,
    treated: dict[int, np.ndarray],
    fits: dict[int, Weights],
    differences: bool,
    draws: int,
    seed: int,
) -> np.ndarray:
    """Return the effects found when never-treated units play the groups, centred: (draws, cells)."""
    count = sum(len(rows) for rows in treated.values())
    if count >= len(controls):
        what = f"Placebo errors need more never-treated units than treated ones ({len(controls)}, {count})"
        raise EstimationError(Problem(what, "Include more units never treated"))
    found = []
    for order in _orders(len(controls), count, draws, np.random.default_rng(seed)):
        others, taken, row = controls[order[count:]], 0, []
        for group, rows in treated.items():
            players = controls[order[taken : taken + len(rows)]]
            taken += len(rows)
            fit = _fit(others, players, len(fits[group].times), differences, fits[group])
            row.append(_effects(others, players, fit))
        found.append(np.concatenate(row))
    replicates = np.array(found)
    return (replicates - replicates.mean(axis=0)) / np.sqrt(len(replicates))


def _orders(units: int, count: int, draws: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """Orders of the units whose first `count` play the treated; one treated unit is played by each in turn."""
    if count == 1:
        for first in generator.permutation(units)[:draws]:
            yield np.r_[first, np.delete(np.arange(units), first)]
    else:
        for _ in range(draws):
            yield generator.permutation(units)
