"""Difference-in-differences with staggered treatment, for any panel.

`estimate` takes a panel (`outcome`, `unit`, `period`, `first_treated`) and returns `Effects`: the average effect on the
treated, by time since treatment, by group and by period, each with its uncertainty and its sample.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from evaluation.did.results import KINDS, Effects, Estimate, Sample
from evaluation.errors import EstimationError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.did.callaway_santanna import GroupTime
    from evaluation.did.panel import Panel

__all__ = ["KINDS", "METHODS", "Effects", "Estimate", "Sample", "estimate"]

METHODS = ("callaway_santanna", "imputation", "two_way_fixed_effects")
_MODELS = ("regression", "ipw", "doubly_robust")
_FRAMES = ("event_time", "first_treated", "period")
_CONTROLS = ("not_yet_treated", "never_treated")


def estimate(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: str,
    first_treated: str,
    method: str = "callaway_santanna",
    control: str = "not_yet_treated",
    weights: str | None = None,
    cluster: str | None = None,
    covariates: Sequence[str] = (),
    est_method: str | None = None,
    anticipation: int = 0,
    base_period: str = "universal",
    missing: str = "raise",
    level: float = 0.95,
    draws: int = 999,
    seed: int = 0,
) -> Effects:
    """Estimate the effect of a treatment that units receive at different times and keep.

    Parameters
    ----------
    panel : DataFrame
        One row a unit and period. Never modified; the order of rows, the labels of units and a shift of the periods do
        not change a result.
    outcome, unit, period, first_treated : str
        Columns. Periods are consecutive whole numbers; `first_treated` is the period from which a unit is treated, the
        same on all its rows, 0 if never. Units treated from the first period on are left out, and counted.
    method : {"callaway_santanna", "imputation", "two_way_fixed_effects"}
        The last as a benchmark only.
    control : {"not_yet_treated", "never_treated"}
        Callaway-Sant'Anna only; the other methods use every untreated observation.
    weights : str, optional
        Column of positive weights, constant within a unit. Effects are then averages over the weights.
    cluster : str, optional
        Column of clusters, constant within a unit. Default: every unit is a cluster.
    covariates : sequence of str
        Columns for parallel trends given covariates, read in each comparison's reference period (Callaway-Sant'Anna).
    est_method : {"doubly_robust", "ipw", "regression"}, optional
        How covariates enter; doubly robust if covariates are given.
    anticipation : int
        Periods before treatment in which effects are allowed. Aggregates still average post-treatment periods only.
    base_period : {"universal", "varying"}
        The reference of comparisons before the treatment: the last period before treatment and anticipation, or the
        period before each (Callaway-Sant'Anna). After the treatment they agree.
    missing : {"raise", "drop"}
        Refuse a panel with outcomes missing or not finite or rows absent, or compare each unit in the periods it has.
    level : float
        Coverage of intervals and bands.
    draws, seed : int
        Multiplier draws behind the simultaneous bands, and their seed. Standard errors are analytic.

    Returns
    -------
    Effects

    Raises
    ------
    EstimationError
        If the panel or the options cannot answer; every problem of the panel is listed.

    References
    ----------
    Callaway, B. and Sant'Anna, P. H. C. (2021). Journal of Econometrics 225(2), 200-230.
    Borusyak, K., Jaravel, X. and Spiess, J. (2024). Review of Economic Studies 91(6), 3253-3285.
    """
    from evaluation.did.panel import Columns, prepare

    covariates = (covariates,) if isinstance(covariates, str) else tuple(covariates)
    _check_options(method, control, covariates, est_method, anticipation, base_period, missing, level, draws)
    columns = Columns(outcome, unit, period, first_treated, weights, cluster, covariates)
    data = prepare(panel, columns, control=control, anticipation=anticipation, missing=missing)
    for note in data.notes:
        warnings.warn(note, UserWarning, stacklevel=2)
    if method == "two_way_fixed_effects":
        return _two_way(data, level)
    from evaluation.did import callaway_santanna, two_way

    if method == "imputation":
        cells = two_way.impute(data, anticipation=anticipation)
        return _effects(data, cells, method, "untreated observations", anticipation, level, draws, seed)
    cells = callaway_santanna.group_time(
        data,
        model=est_method or ("doubly_robust" if covariates else "regression"),
        control=control,
        anticipation=anticipation,
        base_period=base_period,
    )
    return _effects(
        data, cells, method, control, anticipation, level, draws, seed, universal=base_period == "universal"
    )


def _check_options(
    method: str,
    control: str,
    covariates: tuple[str, ...],
    est_method: str | None,
    anticipation: int,
    base_period: str,
    missing: str,
    level: float,
    draws: int,
) -> None:
    found = []
    choices = [
        ("method", method, METHODS),
        ("control", control, _CONTROLS),
        ("base_period", base_period, ("universal", "varying")),
        ("missing", missing, ("raise", "drop")),
        ("est_method", est_method, (None, *_MODELS)),
    ]
    for name, value, known in choices:
        if value not in known:
            listed = ", ".join(repr(choice) for choice in known if choice is not None)
            found.append(Problem(f"Unknown {name} {value!r}", f"Choose one of {listed}"))
    if est_method is not None and not covariates:
        found.append(
            Problem("est_method says how covariates enter, but none are given", "Name covariates or leave it out")
        )
    if isinstance(anticipation, bool) or not isinstance(anticipation, int) or anticipation < 0:
        found.append(Problem("anticipation must be a whole number of periods, 0 or more", "Give the number of periods"))
    if not 0.5 < level < 1:
        found.append(Problem("level must lie between 0.5 and 1", "Use 0.95 for 95 % intervals"))
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 99:
        found.append(Problem("A band needs at least 99 draws", "Use 999 or more"))
    if method in METHODS[1:]:
        only = f"is for callaway_santanna; {method} does not use it"
        refused = [("control", control != "not_yet_treated"), ("covariates", bool(covariates))]
        refused += [("base_period", base_period != "universal")]
        if method == "two_way_fixed_effects":
            refused.append(("anticipation", anticipation != 0))
        found += [Problem(f"{name} {only}", "Leave it out") for name, given in refused if given]
    if found:
        raise EstimationError(found)


def _convention(data: Panel, method: str) -> str:
    source = {
        "callaway_santanna": "analytic, from influence functions, estimated group shares included",
        "imputation": "conservative (Borusyak et al., theorem 3), leave-one-out, treatment taken as given",
        "two_way_fixed_effects": "sandwich with the factor clusters / (clusters - 1)",
    }[method]
    what = "the clusters given" if data.clustered else "the unit"
    factor = "" if method == "two_way_fixed_effects" else "; no small-sample factor"
    weighted = "; weighted" if data.weighted else ""
    return f"{source}; clustered on {what} ({data.sample.clusters}){factor}; normal quantiles{weighted}"


def _two_way(data: Panel, level: float) -> Effects:
    from evaluation.did import two_way
    from evaluation.did.inference import by_cluster, empty_frames, estimate_of, event_frame, standard_errors

    effect, influence, treated = two_way.two_way(data)
    error = float(standard_errors(by_cluster(influence[:, None], data.cluster))[0])
    single = estimate_of(effect, error, level=level, sample=data.sample, treated=treated)
    frames = empty_frames(_FRAMES)
    return Effects(
        method="two_way_fixed_effects",
        control="every observation, those of treated units included",
        anticipation=0,
        aggregates={"simple": single},
        event_study=event_frame(frames["event_time"], None, 0),
        by_group=frames["first_treated"],
        by_period=frames["period"],
        sample=data.sample,
        standard_error=_convention(data, "two_way_fixed_effects"),
        citation=two_way.TWO_WAY_CITATION,
        notes=data.notes,
    )


def _effects(
    data: Panel,
    cells: GroupTime,
    method: str,
    control: str,
    anticipation: int,
    level: float,
    draws: int,
    seed: int,
    *,
    universal: bool = False,
) -> Effects:
    from evaluation.did import callaway_santanna, two_way
    from evaluation.did.aggregate import aggregate
    from evaluation.did.inference import by_cluster, estimate_of, event_frame, frames_of, standard_errors

    sample = replace(data.sample, cells=_cells(cells))
    if not (cells.period >= cells.group).any():
        remedy = "Check that treated units are observed before and after, beside untreated ones"
        raise EstimationError(Problem("No effect after the treatment can be estimated", remedy))
    averages = aggregate(data, cells, known_shares=method == "imputation")
    singles = {}
    for kind, (effect, influence, treated) in averages.single.items():
        error = float(standard_errors(by_cluster(influence[:, None], data.cluster))[0])
        singles[kind] = estimate_of(effect, error, level=level, sample=sample, treated=treated)
    rows = dict(zip(_FRAMES, (averages.dynamic, averages.group, averages.calendar), strict=True))
    frames = frames_of(rows, cluster=data.cluster, level=level, draws=draws, seed=seed, origin=data.origin)
    reference = -1 - anticipation if universal else None
    event_study = event_frame(frames["event_time"], reference, int(averages.group.treated.sum()))
    return Effects(
        method=method,
        control=control,
        anticipation=anticipation,
        aggregates=singles,
        event_study=event_study,
        by_group=frames["first_treated"],
        by_period=frames["period"],
        sample=sample,
        standard_error=_convention(data, method),
        citation=two_way.IMPUTATION_CITATION if method == "imputation" else callaway_santanna.CITATION,
        notes=data.notes + cells.notes,
    )


def _cells(cells: GroupTime) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(cells.missing, columns=["first_treated", "period", "reason"])
