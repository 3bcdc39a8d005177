"""A test by resampling: what it returns, its p value for any null, and its interval by inverting the test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from html import escape
from math import isfinite

import numpy as np
import pandas as pd

from evaluation.did.linear_forms import LinearForm, linear_form, treatment
from evaluation.did.panel import Columns, Panel, prepare
from evaluation.did.two_way import TwoWay
from evaluation.errors import EstimationError, Problem
from evaluation.workbench import Described

METHODS = ("callaway_santanna", "imputation", "two_way_fixed_effects")
CONTROLS = ("not_yet_treated", "never_treated")
BLOCK = 2**21
FARTHEST, STEPS, HALVINGS = 1e4, 80, 40
TIE, NOTHING = 1e-9, 1e-13


@dataclass(frozen=True)
class Inference(Described):
    """A test of one overall effect and the interval that inverts it.

    Attributes
    ----------
    estimate, standard_error : float
        In the unit of the outcome, as `did.estimate` gives them.
    statistic : float
        (estimate - null) / standard_error.
    p_value : float
        Of the two-sided test of `null`.
    low, high, level : float
        The smallest interval that holds every effect not rejected at 1 - `level`; infinite where none is rejected.
    draws, seed : int
        Draws made, and their seed. If `exact`, every possible draw was made and the seed had no part in it.
    kind : str
        The weights drawn, or what was permuted or resampled.
    treated, units, clusters : int
    method, citation : str
        In words, and its source.
    notes : tuple of str
        What a reader must know before relying on the numbers.
    """

    estimate: float
    standard_error: float
    statistic: float
    null: float
    p_value: float
    low: float
    high: float
    level: float
    draws: int
    seed: int
    exact: bool
    kind: str
    treated: int
    units: int
    clusters: int
    method: str
    citation: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        how = f"all {self.draws}" if self.exact else f"{self.draws}, seed {self.seed}"
        return (
            f"{self.estimate:.4f} ({100 * self.level:g} % interval [{self.low:.4f}, {self.high:.4f}], "
            f"p {self.p_value:.4f} against {self.null:g}; {self.kind}, draws: {how}; "
            f"{self.treated} treated of {self.units} units, {self.clusters} clusters)"
        )

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        text = (escape(str(self)), escape(self.method), escape(self.citation))
        return "".join(f"<p>{line}</p>" for line in text) + (f"<ul>{notes}</ul>" if notes else "")


@dataclass(frozen=True, eq=False)
class Draws:
    """Draws of an estimate and its variance under every null at once.

    Under the null of an effect of `null`, a draw's deviation from it is `constant - null * slope` and its variance
    `variance[0] + null * variance[1] + null**2 * variance[2]`.

    Attributes
    ----------
    estimate, standard_error : float
        Observed.
    constant, slope : (draws,) float
    variance : (3, draws) float
    counted : int
        1 if the observed value counts as one more draw, as it must when the draws are random assignments; else 0.
    """

    estimate: float
    standard_error: float
    constant: np.ndarray
    slope: np.ndarray
    variance: np.ndarray
    counted: int

    def p_value(self, null: float, *, studentised: bool = True) -> float:
        """Return the share of draws at least as far from the null as the estimate, in standard errors or not."""
        drawn = np.abs(self.constant - null * self.slope)
        observed = abs(self.estimate - null) * (1 - TIE)
        if studentised:
            first, second, third = self.variance
            error = np.sqrt(np.maximum(first + null * (second + null * third), 0.0))
            extreme = drawn * self.standard_error >= observed * error
        else:
            extreme = drawn >= observed
        return float((np.count_nonzero(extreme) + self.counted) / (len(drawn) + self.counted))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the smallest interval that holds every null with a p value above 1 - `level`."""
        low, high = (self._end(direction, 1 - level) for direction in (-1.0, 1.0))
        return low, high

    def _end(self, direction: float, size: float) -> float:
        # The p value is not monotone in the null, so the search comes from far away: no null accepted is left out.
        steps = direction * self.standard_error * np.geomspace(FARTHEST, 0.01, STEPS)
        rejected = None
        for step in steps:
            if self.p_value(self.estimate + step) > size:
                break
            rejected = step
        else:
            step = 0.0
        if rejected is None:
            return direction * np.inf
        inside, outside = step, rejected
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            if self.p_value(self.estimate + middle) > size:
                inside = middle
            else:
                outside = middle
        return float(self.estimate + outside)


def check(
    *, method: str, control: str, anticipation: int, null: float, level: float, draws: int, seed: int, missing: str
) -> list[Problem]:
    """Return what is wrong with the options that every test here takes."""
    found = []
    choices = (("method", method, METHODS), ("control", control, CONTROLS), ("missing", missing, ("raise", "drop")))
    for name, value, known in choices:
        if value not in known:
            found.append(Problem(f"Unknown {name} {value!r}", f"Choose one of {', '.join(map(repr, known))}"))
    if method in METHODS[1:] and control != CONTROLS[0]:
        found.append(Problem(f"control is for callaway_santanna; {method} does not use it", "Leave it out"))
    if not _whole(anticipation, 0):
        found.append(Problem("anticipation must be a whole number of periods, 0 or more", "Give the number of periods"))
    elif method == METHODS[2] and anticipation != 0:
        found.append(Problem(f"{method} does not use anticipation", "Leave it out"))
    if not isfinite(null):
        found.append(Problem("null must be a finite number", "Give an effect in the unit of the outcome"))
    if not 0.5 < level < 1:
        found.append(Problem("level must lie between 0.5 and 1", "Use 0.95 for 95 % intervals"))
    if not _whole(draws, 99):
        found.append(Problem("A test by resampling needs at least 99 draws", "Use 9999"))
    if not _whole(seed, 0):
        found.append(Problem("seed must be a whole number, 0 or more", "Give any whole number"))
    return found


def _whole(value: object, least: int) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= least


def ready(
    panel: pd.DataFrame, columns: Columns, *, method: str, control: str, anticipation: int, missing: str
) -> tuple[Panel, LinearForm]:
    """Check a panel, lay it out, and write the estimator as a linear form of it."""
    data = prepare(panel, columns, control=control, anticipation=anticipation, missing=missing)
    return data, linear_form(data, method, control=control, anticipation=anticipation)


def observed(data: Panel, form: LinearForm) -> tuple[float, float]:
    """Return the estimate and its standard error, clustered as the panel is."""
    estimate, influence = form.evaluate(np.nan_to_num(data.outcome))
    error = float(np.sqrt((np.bincount(data.cluster, influence) ** 2).sum()))
    if not error > NOTHING * np.nanmax(np.abs(data.outcome)):
        remedy = "Check that outcomes vary between units"
        raise EstimationError(Problem("The effect has no standard error, so it cannot be tested", remedy))
    return estimate, error


def without_effects(data: Panel) -> np.ndarray:
    """Return what unit and period effects leave of the outcomes and of the treatment: (2, units, periods).

    Under a constant effect `null` the first minus `null` times the second is what they leave of untreated outcomes.
    """
    fit = TwoWay.over(np.isfinite(data.outcome), data.weights)
    return np.stack([fit.residuals(data.outcome), fit.residuals(treatment(data))])


Statistics = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Of a block of draws: what `Draws` holds of them, `constant`, `slope` and `variance`."""


def in_blocks(
    drawn: Callable[[np.ndarray], Statistics], blocks: Iterable[np.ndarray], executor: Executor | None
) -> Statistics:
    """Return the statistics of all draws in their order, each block's reckoned by the executor if there is one."""
    found: Iterator[Statistics] = executor.map(drawn, list(blocks)) if executor else map(drawn, blocks)
    constant, slope, variance = zip(*found, strict=True)
    return np.concatenate(constant), np.concatenate(slope), np.concatenate(variance, axis=1)


def open_ends(low: float, high: float, level: float) -> tuple[str, ...]:
    """Return a note if the interval has no end."""
    if np.isfinite([low, high]).all():
        return ()
    return (f"The test rejects no effect, however far off, on an open side of the {100 * level:g} % interval.",)
