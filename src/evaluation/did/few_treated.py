"""Inference with very few treated units: residuals of the never-treated, rescaled to the size of the treated.

With two or three treated units nothing can be learnt of their variance from themselves. It is taken from the
never-treated, allowing for what averages of few people always do: vary more. The variance of a unit's part in the
estimate is modelled as a constant plus a term that falls with the unit's size.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.did.linear_forms import LinearForm
from evaluation.did.panel import Columns, Panel
from evaluation.did.resampling import BLOCK, Inference, check, observed, ready
from evaluation.did.two_way import TwoWay
from evaluation.errors import EstimationError, Problem

CITATION = (
    "Ferman, B. and Pinto, C. (2019). Inference in differences-in-differences with few treated groups and "
    "heteroskedasticity. Review of Economics and Statistics 101(3), 452-467."
)
FEWEST_NEVER = 20


def ferman_pinto(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: str,
    first_treated: str,
    size: str,
    method: str = "imputation",
    control: str = "not_yet_treated",
    null: float = 0.0,
    weights: str | None = None,
    anticipation: int = 0,
    missing: str = "raise",
    level: float = 0.95,
    draws: int = 9999,
    seed: int = 0,
) -> Inference:
    """Test the overall effect with residuals of never-treated units, rescaled by size.

    Parameters
    ----------
    panel, outcome, unit, period, first_treated, control, weights, anticipation, missing
        As in `did.estimate`.
    size : str
        Column with the size of each unit, positive and constant within a unit: what the outcome is an average of
        (employees, agreed man-days). The scale does not matter.
    method : {"imputation", "callaway_santanna", "two_way_fixed_effects"}
        The estimate tested, without covariates.
    null : float
        The effect tested, in the unit of the outcome.
    level : float
        Coverage of the interval.
    draws, seed : int

    Returns
    -------
    Inference
        The p value is the share of draws of the estimate's error at least as large as its distance from the null.
        Residuals are those of the never-treated only, so that they are the same under every null and the interval needs
        no search.

    Raises
    ------
    EstimationError
        Listing every problem of the options, then of the panel; also with fewer than 20 never-treated units.

    References
    ----------
    Ferman, B. and Pinto, C. (2019). Review of Economics and Statistics 101(3), 452-467.
    Conley, T. G. and Taber, C. R. (2011). Review of Economics and Statistics 93(1), 113-125 (without the rescaling).
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
    columns = Columns(outcome, unit, period, first_treated, weights, None, (size,))
    data, form = ready(panel, columns, method=method, control=control, anticipation=anticipation, missing=missing)
    sizes = _sizes(data, size)
    errors, flat = residual_draws(data, form, sizes, draws=draws, seed=seed)
    estimate, error = observed(data, form)
    distance = np.sort(np.abs(errors))
    # The largest distance that is still no rarer than 1 - level.
    reach = float(distance[draws - 1 - int((1 - level) * draws + 1e-9)])
    p_value = float((distance >= abs(estimate - null) * (1 - 1e-9)).mean())
    notes = data.notes
    if flat:
        notes += ("Among the never-treated the variance does not fall with size, so all are given the same variance.",)
    if p_value == 0:
        notes += (f"No draw was as extreme: p is below 1/{draws}.",)
    return Inference(
        estimate=estimate,
        standard_error=error,
        statistic=(estimate - null) / error,
        null=float(null),
        p_value=p_value,
        low=estimate - reach,
        high=estimate + reach,
        level=level,
        draws=draws,
        seed=seed,
        exact=False,
        kind="residuals of never-treated units, rescaled by size",
        treated=form.treated,
        units=data.sample.units,
        clusters=data.sample.clusters,
        method=f"Ferman and Pinto's correction for the size of the treated, on the overall effect by {method}",
        citation=CITATION,
        notes=notes,
    )


def _sizes(data: Panel, column: str) -> np.ndarray:
    given = data.covariates[:, :, 0]
    smallest, largest = np.nanmin(given, axis=1), np.nanmax(given, axis=1)
    found = []
    if (smallest != largest).any():
        what = f"{(smallest != largest).sum()} units have a size that varies over time"
        found.append(Problem(what, "Use one size a unit, for instance its mean before the treatment", column=column))
    if (smallest <= 0).any():
        what = f"{(smallest <= 0).sum()} units have a size that is not positive"
        found.append(Problem(what, "Leave such units out before estimating", column=column))
    if found:
        raise EstimationError(found)
    return largest / largest.mean()


def residual_draws(
    data: Panel, form: LinearForm, sizes: np.ndarray | None, *, draws: int = 9999, seed: int = 0
) -> tuple[np.ndarray, bool]:
    """Return draws of the estimate's error, and whether the variance was found not to fall with size.

    Without `sizes` residuals are not rescaled (Conley and Taber 2011), which is right only if treated and never-treated
    units have the same variance.
    """
    never = data.group == 0
    if never.sum() < FEWEST_NEVER:
        what = f"Only {never.sum()} units are never treated; their residuals say too little"
        raise EstimationError(Problem(what, f"Include at least {FEWEST_NEVER} units never treated"))
    seen = np.isfinite(data.outcome)
    residuals = TwoWay.over(seen & never[:, None], data.weights).residuals(data.outcome)[never]
    # A row for each treated unit: its part in the estimate, had its errors been those of each never-treated unit.
    parts = form.effect[~never] @ residuals.T
    others = np.einsum("it,it->i", form.effect[never], residuals)[None, :]
    scale, scale_others, flat = np.ones(len(parts)), np.ones(never.sum()), False
    if sizes is not None:
        inverse = 1 / sizes
        parts, constant, slope = _normalised(parts, inverse[never])
        scale = np.sqrt(constant + slope * inverse[~never])
        flat = not slope.any()
        others, constant, slope = _normalised(others, inverse[never])
        scale_others = np.sqrt(constant + slope * inverse[never])
    generator = np.random.default_rng(seed)
    errors = np.empty(draws)
    pool, block = int(never.sum()), max(1, BLOCK // len(never))
    rows = np.arange(len(parts))
    for start in range(0, draws, block):
        stop = min(start + block, draws)
        chosen = generator.integers(0, pool, size=(stop - start, len(parts)), dtype=np.int32)
        errors[start:stop] = parts[rows, chosen] @ scale
        chosen = generator.integers(0, pool, size=(stop - start, pool), dtype=np.int32)
        errors[start:stop] += others[0][chosen] @ scale_others
    return errors, flat


def _normalised(parts: np.ndarray, inverse: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Divide every row by the standard deviation that its fit gives each unit; return the fits' coefficients too."""
    normal, fits = np.zeros_like(parts), np.zeros((len(parts), 2))
    for row, part in enumerate(parts):
        fits[row] = _variance(part**2, inverse)
        deviation = np.sqrt(fits[row, 0] + fits[row, 1] * inverse)
        np.divide(part, deviation, out=normal[row], where=deviation > 0)
    return normal, fits[:, 0], fits[:, 1]


def _variance(squares: np.ndarray, inverse: np.ndarray) -> tuple[float, float]:
    """Fit squares on a constant and the inverse size by least squares, neither coefficient negative."""
    slope, constant = np.polyfit(inverse, squares, 1) if np.ptp(inverse) > 0 else (0.0, squares.mean())
    if slope >= 0 and constant >= 0:
        return float(constant), float(slope)
    through = float(squares @ inverse / (inverse @ inverse))
    level = float(squares.mean())
    if ((squares - through * inverse) ** 2).sum() < ((squares - level) ** 2).sum():
        return 0.0, through
    return level, 0.0
