"""The adapter to diff-diff: group-time effects given covariates, and the influence of every unit on them.

Only the group-time comparisons with covariates are taken from diff-diff (pinned exactly in pyproject.toml); without,
they are differences of means (`means`). Averages, standard errors and bands are made in this package from the influence
functions: diff-diff has no dynamic or group overall, and with anticipation its overall averages periods before the
treatment.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evaluation.did.doubly_robust import doubly_robust
from evaluation.did.panel import Panel
from evaluation.errors import EstimationError, Problem

CITATION = (
    "Callaway, B. and Sant'Anna, P. H. C. (2021). Difference-in-differences with multiple time periods. "
    "Journal of Econometrics 225(2), 200-230."
)
MODELS = {"regression": "reg", "ipw": "ipw", "doubly_robust": "dr"}
REASONS = {
    "missing_period": "no earlier period to compare with",
    "zero_treated_control": "no treated unit or no control observed in both periods",
    "non_finite_regression": "the regression has no finite solution",
}


@dataclass(frozen=True, eq=False)
class GroupTime:
    """Effects of each group in each period, on the panel's own numbering of periods.

    Attributes
    ----------
    group, period : (cells,) int
    effect : (cells,) float
    treated : (cells,) int
        Treated units compared.
    influence : (units, cells) float
        Units in the panel's order; the standard error is the root of the column's sum of squares.
    missing : list of (group, period, reason)
    notes : tuple of str
    independent : bool
        The rows of `influence` are clusters or draws, independent of each other, instead of units.
    error : str
        The standard-error convention, where it depends on the data.
    """

    group: np.ndarray
    period: np.ndarray
    effect: np.ndarray
    treated: np.ndarray
    influence: np.ndarray
    missing: list[tuple[int, int, str]]
    notes: tuple[str, ...]
    independent: bool = False
    error: str = ""


def _estimator(**options: Any) -> Any:
    from diff_diff import CallawaySantAnna

    class Normalised(CallawaySantAnna):
        """Callaway-Sant'Anna with the doubly robust weights normalised to sum to one."""

        def _doubly_robust(
            self, treated_change: Any, control_change: Any, X_treated: Any = None, X_control: Any = None, **rest: Any
        ) -> Any:
            if X_treated is None:
                return super()._doubly_robust(treated_change, control_change, X_treated, X_control, **rest)
            from diff_diff.linalg import _check_propensity_diagnostics, solve_logit

            covariates = np.vstack([X_treated, X_control])
            treated = np.r_[np.ones(len(treated_change)), np.zeros(len(control_change))]
            weights = rest.get("sw_all")
            _, propensity = solve_logit(
                covariates,
                treated,
                rank_deficient_action=self.rank_deficient_action,
                weights=weights,
                epv_threshold=self.epv_threshold,
                context_label=rest.get("context_label", ""),
            )
            _check_propensity_diagnostics(propensity, self.pscore_trim)
            effect, influence = doubly_robust(
                np.r_[treated_change, control_change],
                treated,
                np.column_stack([np.ones(len(treated)), covariates]),
                np.clip(propensity, self.pscore_trim, 1 - self.pscore_trim),
                np.ones(len(treated)) if weights is None else weights,
            )
            return effect, float(np.sqrt(influence @ influence)), influence

    return Normalised(**options)


def _long(panel: Panel) -> tuple[pd.DataFrame, list[str]]:
    unit, period = np.nonzero(np.isfinite(panel.outcome))
    frame = pd.DataFrame(
        {
            "unit": unit,
            "period": period + 1,
            "outcome": panel.outcome[unit, period],
            "group": panel.group[unit],
            "weight": panel.weights[unit],
        }
    )
    names = [f"covariate_{position}" for position in range(panel.covariates.shape[2])]
    for position, name in enumerate(names):
        frame[name] = panel.covariates[unit, period, position]
    return frame, names


def group_time(panel: Panel, *, model: str, control: str, anticipation: int, base_period: str) -> GroupTime:
    """Estimate the effect of every group in every period (Callaway and Sant'Anna 2021, section 2).

    Covariates are read in the reference period of each comparison. A unit enters a comparison if it is observed in both
    of its periods.
    """
    from diff_diff import SurveyDesign

    frame, names = _long(panel)
    estimator = _estimator(
        control_group=control,
        anticipation=anticipation,
        estimation_method=MODELS[model],
        base_period=base_period,
        rank_deficient_action="error",
        n_bootstrap=0,
    )
    design = SurveyDesign(weights="weight", weight_type="pweight") if panel.weighted else None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit = estimator.fit(
                frame,
                outcome="outcome",
                unit="unit",
                time="period",
                first_treat="group",
                covariates=names or None,
                survey_design=design,
            )
        except (ValueError, np.linalg.LinAlgError) as error:
            remedy = "Check that the covariates vary, are not collinear and do not separate treated from controls"
            raise EstimationError(Problem(f"The comparison cannot be estimated: {error}", remedy)) from error
    return _collect(fit, len(panel.group), panel.origin, _messages(caught))


def _messages(caught: list[warnings.WarningMessage]) -> tuple[str, ...]:
    # The account of the sample already tells of missing rows and of comparisons without an estimate.
    texts = [str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)]
    told = ("Unbalanced panel", "could not be estimated")
    return tuple(dict.fromkeys(text for text in texts if not any(part in text for part in told)))


def _collect(fit: Any, units: int, origin: int, notes: tuple[str, ...]) -> GroupTime:
    influence_of = fit._aggregation_kit.influence
    cells, missing = [], []
    for (group, period), cell in fit.group_time_effects.items():
        if cell.get("is_reference"):
            continue
        if np.isfinite(cell["effect"]) and (group, period) in influence_of:
            cells.append((int(group), int(period)))
        else:
            reason = str(cell.get("skip_reason"))
            missing.append((int(group) + origin, int(period) + origin, REASONS.get(reason, reason)))
    cells.sort()
    influence = np.zeros((units, len(cells)))
    for column, key in enumerate(cells):
        parts = influence_of[key]
        influence[parts["treated_idx"], column] = parts["treated_inf"]
        influence[parts["control_idx"], column] = parts["control_inf"]
    return GroupTime(
        group=np.array([group for group, _ in cells], dtype=int),
        period=np.array([period for _, period in cells], dtype=int),
        effect=np.array([fit.group_time_effects[key]["effect"] for key in cells], dtype=float),
        treated=np.array([fit.group_time_effects[key]["n_treated"] for key in cells], dtype=int),
        influence=influence,
        missing=missing,
        notes=notes,
    )
