"""Difference-in-differences with staggered treatment, for any panel.

`estimate` takes a panel (`outcome`, `unit`, `period`, `first_treated`) and returns `Effects`: the average effect on the
treated, by time since treatment, by group and by period, each with its uncertainty and its sample.

What a reviewer asks next: `bacon` (what two-way fixed effects compares), `pre_trend_test` and `honest` (parallel
trends, tested and relaxed), `minimum_detectable_effect`, `leave_one_out`, `placebo_dates` and `placebo_treatments`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from evaluation.did import methods
from evaluation.did.bacon import Bacon, bacon
from evaluation.did.event_study import EventStudy
from evaluation.did.few_treated import ferman_pinto
from evaluation.did.honest import Honest, honest
from evaluation.did.power import MinimumDetectableEffect, minimum_detectable_effect
from evaluation.did.pre_trends import PreTrends, pre_trend_test, widest_window
from evaluation.did.randomisation import randomisation_inference
from evaluation.did.recommend import Recommendation, advised, balanced, recommend_inference
from evaluation.did.resampling import Inference
from evaluation.did.results import KINDS, Effects, Estimate, Sample
from evaluation.did.robustness import LeaveOneOut, Placebos, leave_one_out, placebo_dates, placebo_treatments
from evaluation.did.wild_bootstrap import wild_bootstrap

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "KINDS",
    "METHODS",
    "Bacon",
    "Effects",
    "Estimate",
    "EventStudy",
    "Honest",
    "Inference",
    "LeaveOneOut",
    "MinimumDetectableEffect",
    "Placebos",
    "PreTrends",
    "Recommendation",
    "Sample",
    "advised",
    "bacon",
    "balanced",
    "estimate",
    "ferman_pinto",
    "honest",
    "leave_one_out",
    "minimum_detectable_effect",
    "placebo_dates",
    "placebo_treatments",
    "pre_trend_test",
    "randomisation_inference",
    "recommend_inference",
    "widest_window",
    "wild_bootstrap",
]


def __dir__() -> list[str]:
    return __all__


METHODS = tuple(methods.METHODS)


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
    draws: int | None = None,
    seed: int = 0,
    treatment: str | None = None,
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
    method : str
        One of `METHODS`. "callaway_santanna"; "sun_abraham" (never-treated controls, or the group treated last);
        "imputation" (Borusyak, Jaravel and Spiess); "two_stage" (Gardner: the same estimate, other errors);
        "synthetic_did" and "synthetic_control" (weighted never-treated units, group by group, then averaged);
        "two_way_fixed_effects" as a benchmark only. An option that a method does not use is refused.
    control : {"not_yet_treated", "never_treated"}
        Callaway-Sant'Anna only; the other methods have controls of their own, named in the result.
    weights : str, optional
        Column of positive weights, constant within a unit. Effects are then averages over the weights. Not for the
        synthetic methods.
    cluster : str, optional
        Column of clusters, constant within a unit. Default: every unit is a cluster. Refused by the synthetic methods
        where their errors come from placebos.
    covariates : sequence of str
        Columns for parallel trends given covariates, read in each comparison's reference period (Callaway-Sant'Anna).
    est_method : {"doubly_robust", "ipw", "regression"}, optional
        How covariates enter; doubly robust if covariates are given.
    anticipation : int
        Periods before treatment in which effects are allowed. Aggregates still average post-treatment periods only.
        Not for two-way fixed effects.
    base_period : {"universal", "varying"}
        The reference of comparisons before the treatment: the last period before treatment and anticipation, or the
        period before each (Callaway-Sant'Anna). After the treatment they agree.
    missing : {"raise", "drop"}
        Refuse a panel with outcomes missing or not finite or rows absent, or compare each unit in the periods it has
        (the synthetic methods leave such units out). What is dropped is counted in `sample`.
    level : float
        Coverage of intervals and bands.
    draws : int, optional
        Multiplier draws behind the simultaneous bands, 999 by default; standard errors are analytic. Where a synthetic
        method has a group of fewer than ten treated units, its errors come from placebos, 199 by default.
    seed : int
        Of those draws.
    treatment : str, optional
        Column of the treatment received in each period, 0 or 1: checked against `first_treated`, and refused where the
        treatment ends or never varies.

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
    Sun, L. and Abraham, S. (2021). Journal of Econometrics 225(2), 175-199.
    Borusyak, K., Jaravel, X. and Spiess, J. (2024). Review of Economic Studies 91(6), 3253-3285.
    Gardner, J. (2022). Two-stage differences in differences. arXiv:2207.05943.
    Arkhangelsky, D. and others (2021). American Economic Review 111(12), 4088-4118.
    """
    from evaluation.did.panel import Columns, prepare

    covariates = (covariates,) if isinstance(covariates, str) else tuple(covariates)
    options = methods.Options(
        method,
        control,
        weights,
        cluster,
        covariates,
        est_method,
        anticipation,
        base_period,
        missing,
        level,
        draws,
        seed,
    )
    options.check()
    columns = Columns(outcome, unit, period, first_treated, weights, cluster, covariates, treatment)
    data = prepare(
        panel,
        columns,
        control=methods.control_of(options),
        anticipation=anticipation,
        missing=missing,
        complete=methods.METHODS[method].complete,
    )
    for note in data.notes:
        warnings.warn(note, UserWarning, stacklevel=2)
    return methods.fit(data, options)
