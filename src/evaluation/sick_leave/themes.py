"""Is it the theme? Effects of themes that should not lower sick leave, and of the theme on top of taking part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation import did
from evaluation.errors import EstimationError, Problem
from evaluation.sick_leave.effect import effect, panel

if TYPE_CHECKING:
    from evaluation.study import Study

TRIPLE = (
    "Two-way fixed effects with two treatments (taking part; taking part with the theme), ordinary least squares on "
    "demeaned rates, clustered on the municipality (CR1), Student's t with clusters less one degrees of freedom"
)


def placebo_themes(study: Study, *, theme: str = "sick_leave", **options: Any) -> pd.DataFrame:
    """Estimate the effect on sick leave of each other theme, among participants that do not work on `theme`.

    Where the design is sound and the programme works through its themes, these effects are near zero.

    Parameters
    ----------
    study : Study
    theme : str
        The theme whose effect is asked for elsewhere.
    **options
        Passed to `sick_leave.effect`.

    Returns
    -------
    DataFrame
        `theme`, `estimate`, `standard_error`, `low`, `high` (percentage points), `p_value`, `treated`, `n`
        (municipalities). Themes without a participant of their own that has figures from before and after its start
        are left out.
    """
    rows = []
    for other in study.programme.themes:
        mine = set(study.programme.participants(theme)["municipality"])
        if other == theme or not set(study.programme.participants(other)["municipality"]) - mine:
            continue
        try:
            found = effect(study, theme=other, without=theme, **options).overall
        except EstimationError:
            # None of them has figures from both before and after its start.
            continue
        rows.append({"theme": other} | row_of(found))
    columns = ["theme", "estimate", "standard_error", "low", "high", "p_value", "treated", "n"]
    return pd.DataFrame(rows, columns=columns)


def triple_difference(study: Study, *, theme: str = "sick_leave", last: pd.Period | str | None = None) -> did.Estimate:
    """Estimate what the theme adds to taking part: theme participants against participants with other themes only.

    The change among participants with the theme since their start, less that among participants without it, each less
    the change among those that never took part.

    Parameters
    ----------
    study, theme
        As in `effect`.
    last : Period or str, optional
        Last quarter.

    Returns
    -------
    did.Estimate
        In percentage points. `treated` counts participants with the theme; for the convention see `themes.TRIPLE`.

    Raises
    ------
    EstimationError
        No participant lacks the theme, or all do.
    """
    from scipy.stats import t as student

    data = panel(study, theme=None, last=last).data
    with_theme = study.programme.first_treated(theme)
    start = data["municipality"].map(with_theme)
    first = np.array([0 if pd.isna(quarter) else quarter.ordinal for quarter in start])
    period = data["period"].to_numpy()
    taking_part = ((data["first_treated"] > 0) & (period >= data["first_treated"])).to_numpy(dtype=float)
    on_theme = ((first > 0) & (period >= first)).astype(float)
    unit, units = pd.factorize(data["municipality"], sort=True)
    alone = len(set(data.loc[data["first_treated"] > 0, "municipality"]) - set(with_theme.index))
    if not alone or not on_theme.any():
        what = f"Participants with and without the theme {theme} are both needed"
        raise EstimationError(Problem(what, "Ask for the effect of the theme instead", value=theme))
    columns = np.column_stack([data["rate"], on_theme, taking_part])
    demeaned = _demeaned(columns, unit, pd.factorize(period, sort=True)[0])
    y, x = demeaned[:, 0], demeaned[:, 1:]
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ (x.T @ y)
    scores = np.zeros((len(units), 2))
    np.add.at(scores, unit, x * (y - x @ beta)[:, None])
    clusters = len(units)
    parameters = 2 + clusters + len(np.unique(period)) - 1
    factor = clusters / (clusters - 1) * (len(y) - 1) / (len(y) - parameters + clusters - 1)
    variance = factor * bread @ (scores.T @ scores) @ bread
    error = float(np.sqrt(variance[0, 0]))
    half = student.ppf(0.975, clusters - 1) * error
    value = float(beta[0])
    p_value = float(2 * student.sf(abs(value / error), clusters - 1))
    treated = len(set(data.loc[first > 0, "municipality"]))
    return did.Estimate(value, error, value - half, value + half, p_value, clusters, clusters, treated)


def row_of(found: did.Estimate) -> dict[str, float]:
    """Return an estimate as the columns of a table."""
    numbers = {"estimate": found.value, "standard_error": found.standard_error, "low": found.low, "high": found.high}
    return numbers | {"p_value": found.p_value, "treated": found.treated, "n": found.n}


def _demeaned(columns: np.ndarray, unit: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Take unit and period means out of unbalanced columns, by turns until nothing is left of either."""
    result = columns - columns.mean(axis=0)
    for _ in range(500):
        before = result
        for key in (unit, period):
            sums = np.zeros((key.max() + 1, result.shape[1]))
            np.add.at(sums, key, result)
            result = result - (sums / np.bincount(key)[:, None])[key]
        if np.abs(result - before).max() < 1e-12:
            return result
    raise EstimationError(Problem("Unit and period means cannot be separated", "Leave out quarters few have delivered"))
