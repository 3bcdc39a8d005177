"""Studentised randomisation inference over who is first treated when.

Had the intakes been drawn otherwise, the same outcomes (less the effect under the null, for the units really treated)
would have been compared otherwise. The t statistic of the real assignment is placed among those of other assignments
with as many units in each intake. Dividing by the standard error is what keeps the test right when the treated are
larger or smaller units, with other variances, than the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from math import factorial, prod

import numpy as np
import pandas as pd

from evaluation.did.linear_forms import LinearForm, collapse, linear_form
from evaluation.did.panel import Columns, Panel
from evaluation.did.resampling import BLOCK, Draws, Inference, check, observed, open_ends, ready, without_effects
from evaluation.errors import EstimationError, Problem

CITATION = (
    "Chung, E. and Romano, J. P. (2013). Exact and asymptotically robust permutation tests. Annals of Statistics 41(2), "
    "484-507; MacKinnon, J. G. and Webb, M. D. (2020). Randomization inference for difference-in-differences with few "
    "treated clusters. Journal of Econometrics 218(2), 435-450."
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
    within = np.zeros(len(data.group), dtype=int)
    if strata is not None:
        within = pd.factorize(data.covariates[:, 0, 0] if data.covariates.size else within)[0]
    drawn, exact = random_assignments(
        data, form, method=method, control=control, anticipation=anticipation, strata=within, draws=draws, seed=seed
    )
    low, high = drawn.interval(level)
    where = "" if strata is None else f" within {len(np.unique(within))} strata"
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
        notes=data.notes + open_ends(low, high, level),
    )
