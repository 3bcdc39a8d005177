"""The smallest effect that a design would have found, by simulation from the panel's own residuals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.did.repeated import Question
from evaluation.did.results import Effects
from evaluation.errors import EstimationError, Problem

if TYPE_CHECKING:
    from evaluation.did.panel import Panel

CRITICAL = ("simulated", "normal")
_RESAMPLES, _FAILED = 400, 0.1


@dataclass(frozen=True, eq=False)
class MinimumDetectableEffect:
    """The effect that would have been found with a stated probability.

    Attributes
    ----------
    value : float
        In the unit of the outcome; an effect of this size, the same for all treated units in all periods, is found in
        its direction with probability `power`.
    monte_carlo_error : float
        Standard error of `value` from the number of replications.
    size : float
        How often the estimator's own interval left out zero although there was no effect: 1 - `level` if its standard
        errors hold in this design.
    critical_value : float
        What the absolute t statistic must exceed: by `critical`, the simulated quantile that makes the test hold its
        level, or the normal one.
    replications : DataFrame
        `estimate`, `standard_error` of each simulated panel without an effect.
    power, level : float
    critical, kind, method : str
    treated, units, failed, seed : int
        Treated units and units of the design; replications that could not be estimated.
    """

    value: float
    monte_carlo_error: float
    size: float
    critical_value: float
    replications: pd.DataFrame
    power: float
    level: float
    critical: str
    kind: str
    method: str
    treated: int
    units: int
    failed: int
    seed: int

    def power_at(self, effect: float) -> float:
        """Return the probability of finding an effect of this size in its direction."""
        return float((_needed(self.replications, self.critical_value) < abs(effect)).mean())

    @property
    def curve(self) -> pd.DataFrame:
        """The `power` at a range of sizes of the `effect`, for a figure."""
        effects = np.linspace(0, 2 * self.value, 41)
        return pd.DataFrame({"effect": effects, "power": [self.power_at(effect) for effect in effects]})

    def __repr__(self) -> str:
        return (
            f"MinimumDetectableEffect({self.value:.4f} with power {self.power:g} by {self.method}; {self.treated} "
            f"treated of {self.units} units; {len(self.replications)} replications, Monte Carlo error "
            f"{self.monte_carlo_error:.4f}; without an effect the interval leaves out zero in {100 * self.size:.1f} %)"
        )


def minimum_detectable_effect(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: str,
    first_treated: str,
    power: float = 0.8,
    critical: str = "simulated",
    kind: str = "simple",
    replications: int = 1000,
    seed: int = 0,
    **options: Any,
) -> MinimumDetectableEffect:
    """Find the smallest effect that this design finds with a stated probability.

    The effect estimated at each event time is taken off the treated, which leaves outcomes as if nobody were treated.
    In every replication the dates of first treatment are dealt out anew among the units (among the clusters, if they
    are given), so that levels, seasons, serial correlation and unequal variances are the panel's own, and the estimate
    is made again. A constant effect moves every estimate by as much and no standard error, so that one set of
    replications answers for all sizes of the effect.

    Parameters
    ----------
    panel, outcome, unit, period, first_treated
        As in `did.estimate`.
    power : float
        The probability with which the effect is to be found.
    critical : {"simulated", "normal"}
        The test: one that truly rejects 1 - level of the time without an effect (its critical value is taken from the
        replications, as studentised randomisation inference does), or the estimator's own interval, which with few
        treated units rejects too often and so flatters the design.
    kind : str
        The number tested, as in `Effects.aggregate`.
    replications, seed : int
        Callaway-Sant'Anna without covariates, imputation and two-way fixed effects replicate in one go for
        `kind="simple"` (and use each assignment once, if there are no more of them); all else is an estimation each.
    **options
        Passed to `did.estimate`.

    Returns
    -------
    MinimumDetectableEffect

    Raises
    ------
    EstimationError
        As `did.estimate`; if treatment varies within the clusters given; or if more than a tenth of the replications
        cannot be estimated.
    """
    _check(power, critical, replications, seed)
    question = Question(outcome, unit, period, first_treated, kind, options)
    effects = question.effects(panel)
    full = effects.aggregate(kind)
    data = _without_effect(panel, question, effects)
    rows, failed = _replicate(data, question, effects, replications, seed)
    if failed > _FAILED * replications:
        what = f"{failed} of {replications} replications cannot be estimated"
        raise EstimationError(Problem(what, "Use a method or a panel that leaves more to compare"))
    limit = _critical(rows, critical, full.level)
    return MinimumDetectableEffect(
        value=float(np.quantile(_needed(rows, limit), power)),
        monte_carlo_error=_error(rows, critical, full.level, power, seed),
        size=float((rows["estimate"].abs() > _critical(rows, "normal", full.level) * rows["standard_error"]).mean()),
        critical_value=limit,
        replications=rows,
        power=power,
        level=full.level,
        critical=critical,
        kind=kind,
        method=effects.method,
        treated=full.treated,
        units=full.n,
        failed=failed,
        seed=seed,
    )


def _without_effect(panel: pd.DataFrame, question: Question, effects: Effects) -> Panel:
    """Return the panel less its estimated effects, in an order that labels and rows cannot change."""
    from evaluation.did.methods import METHODS
    from evaluation.did.panel import Columns, prepare

    options = question.options
    names = (question.outcome, question.unit, question.period, question.first_treated)
    data = prepare(
        panel,
        Columns(*names, options.get("weights"), options.get("cluster"), _covariates(options)),
        control="not_yet_treated",
        anticipation=effects.anticipation,
        missing=options.get("missing", "raise"),
        complete=METHODS[effects.method].complete,
    )
    since = np.arange(1, data.outcome.shape[1] + 1) - data.group[:, None]
    exposed = (data.group[:, None] > 0) & (since >= -effects.anticipation)
    rows = effects.event_study
    by_time = rows.set_index("event_time")["estimate"] if len(rows) else pd.Series(dtype=float)
    removed = by_time.reindex(since.ravel()).fillna(effects.aggregate(question.kind).value).to_numpy()
    return replace(data, outcome=data.outcome - np.where(exposed, removed.reshape(since.shape), 0.0))


def _covariates(options: Mapping[str, Any]) -> tuple[str, ...]:
    given = options.get("covariates", ())
    return (given,) if isinstance(given, str) else tuple(given)


def _replicate(
    data: Panel, question: Question, effects: Effects, replications: int, seed: int
) -> tuple[pd.DataFrame, int]:
    from evaluation.did import resampling

    options = question.options
    linear = effects.method in resampling.METHODS and question.kind == "simple"
    if linear and not _covariates(options) and options.get("cluster") is None:
        estimate, error = _all_at_once(data, effects, options, replications, seed)
    else:
        estimate, error = _one_by_one(data, question, replications, seed)
    known = np.isfinite(estimate) & (error > 0)
    rows = pd.DataFrame({"estimate": estimate[known], "standard_error": error[known]})
    return rows, int((~known).sum())


def _all_at_once(
    data: Panel, effects: Effects, options: Mapping[str, Any], replications: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Estimates that are linear in the outcomes need no estimation of their own."""
    from evaluation.did.linear_forms import linear_form
    from evaluation.did.randomisation import random_assignments

    how = {"control": options.get("control", "not_yet_treated"), "anticipation": effects.anticipation}
    form = linear_form(data, effects.method, **how)
    drawn, _ = random_assignments(data, form, method=effects.method, draws=replications, seed=seed, **how)
    return drawn.constant, np.sqrt(np.maximum(drawn.variance[0], 0.0))


def _one_by_one(data: Panel, question: Question, replications: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    options = dict(question.options)
    dates = pd.Series(data.group).groupby(data.cluster).agg(["min", "max"])
    if (dates["min"] != dates["max"]).any():
        remedy = "Cluster on units, or on what was treated together"
        raise EstimationError(Problem("Treatment varies within clusters", remedy, column=options["cluster"]))
    covariates = [f"covariate_{position}" for position in range(data.covariates.shape[2])]
    named = {"weights": "weight", "cluster": "cluster", "covariates": covariates, "treatment": None}
    options |= {name: column for name, column in named.items() if options.get(name)}
    again = Question("outcome", "unit", "period", "first_treated", question.kind, options)
    frame, generator = _long(data, covariates), np.random.default_rng(seed)
    place = frame["cluster"].to_numpy()
    estimate, error = np.full((2, replications), np.nan)
    for row in range(replications):
        drawn = generator.permutation(dates["min"].to_numpy())
        try:
            found = again.again(frame.assign(first_treated=drawn[place]))
        except EstimationError:
            continue
        estimate[row], error[row] = found.value, found.standard_error
    return estimate, error


def _long(data: Panel, covariates: list[str]) -> pd.DataFrame:
    units, length = data.outcome.shape
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), length),
            "period": np.tile(np.arange(1, length + 1), units),
            "outcome": data.outcome.ravel(),
            "cluster": np.repeat(data.cluster, length),
            "weight": np.repeat(data.weights, length),
        }
    )
    wide = {name: data.covariates[:, :, position].ravel() for position, name in enumerate(covariates)}
    return frame.assign(**wide)[np.isfinite(data.outcome).ravel()]


def _critical(rows: pd.DataFrame, critical: str, level: float) -> float:
    if critical == "normal":
        from scipy.stats import norm

        return float(norm.ppf(0.5 + level / 2))
    return float(np.quantile((rows["estimate"] / rows["standard_error"]).abs(), level))


def _needed(rows: pd.DataFrame, critical: float) -> np.ndarray:
    """Return, for every replication, the effect from which on it is found: upwards, then downwards."""
    reach = critical * rows["standard_error"].to_numpy()
    estimate = rows["estimate"].to_numpy()
    return np.r_[reach - estimate, reach + estimate]


def _error(rows: pd.DataFrame, critical: str, level: float, power: float, seed: int) -> float:
    """Return the standard error of the effect over resamples of the replications."""
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(_RESAMPLES):
        again = rows.iloc[generator.integers(0, len(rows), len(rows))]
        values.append(np.quantile(_needed(again, _critical(again, critical, level)), power))
    return float(np.std(values, ddof=1))


def _check(power: float, critical: str, replications: int, seed: int) -> None:
    found = []
    if not 0.5 <= power < 1:
        found.append(Problem("power must be at least 0.5 and below 1", "Use 0.8", value=power))
    if critical not in CRITICAL:
        listed = ", ".join(repr(choice) for choice in CRITICAL)
        found.append(Problem(f"Unknown critical {critical!r}", f"Choose one of {listed}"))
    if isinstance(replications, bool) or not isinstance(replications, int) or replications < 100:
        found.append(Problem("At least 100 replications are needed", "Use 500 or more", value=replications))
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        found.append(Problem("seed must be a whole number, 0 or more", "Give a seed such as 1", value=seed))
    if found:
        raise EstimationError(found)
