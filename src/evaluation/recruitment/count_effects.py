"""Difference-in-differences for counts: the effect of a staggered treatment as a rate ratio.

Wooldridge, J. M. (2023). Simple approaches to nonlinear difference-in-differences with panel data. Econometrics Journal
26(3), C31-C66: an exponential mean with effects of unit and period, and a ratio of its own for every group and treated
period, by Poisson quasi-likelihood. Parallel trends are assumed of the logarithms of the means.

Here every unit has an intercept, concentrated out (`poisson`), in place of one intercept for every group. In a
balanced panel in which units of a group grow alike the estimates are equal. With deliveries missing and exposures
that change unevenly they are not, and unit intercepts are then the ones that compare every unit with itself.
`intercepts="group"` gives the other form, for units observed in every period.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation import did
from evaluation.errors import EstimationError, Problem
from evaluation.recruitment.poisson import Fit, Floats, Integers, fit

if TYPE_CHECKING:
    from evaluation.did.panel import Panel

BASES = ("all_years", "last_year")
INTERCEPTS = ("unit", "group")
STANDARD_ERROR = (
    "Poisson quasi-likelihood, clustered on the unit by leaving out one cluster at a time (to first order, factor "
    "(clusters - 1) / clusters), delta method for averages with the observed counts as weights taken as given; "
    "intervals on the logarithm by Student's t with the treated units less one degrees of freedom"
)
CITATION = (
    "Wooldridge, J. M. (2023). Simple approaches to nonlinear difference-in-differences with panel data. Econometrics "
    "Journal 26(3), C31-C66."
)
_NUMBERS = ["estimate", "standard_error", "low", "high", "p_value"]


@dataclass(frozen=True, eq=False)
class CountEffects:
    """Effects on a count, in per cent of what it would have been without the treatment.

    Attributes
    ----------
    overall : did.Estimate
        All counts of the treated since they started, against those expected: per cent. The standard error is that of
        the per cent; the interval is made on the logarithm and is not symmetric.
    event_study : DataFrame
        By `event_time`: `estimate`, `standard_error`, `low`, `high` (per cent), `p_value`, `n` (treated units). Before
        the start: the distance from the mean of the years before (`base` "all_years"), or from the last of them.
    by_group, by_period : DataFrame
        The same columns by `first_treated` and by `period`, since the start.
    cells : DataFrame
        `first_treated`, `period`, `event_time`, `observed`, `expected` (counts without the treatment), `log_ratio`,
        `standard_error` (of the logarithm).
    before : did.EventStudy or None
        Logarithms of the ratios relative to the last period before the start, for `did.pre_trend_test`; None if no
        group has two periods before.
    observed, expected : float
        Counts of the treated since the start, and what they would have been.
    dispersion : float
        Pearson chi-squared over its degrees of freedom; 1 for Poisson counts.
    base, intercepts : str
    sample : did.Sample
    notes : tuple of str
    standard_error, citation : str
    """

    overall: did.Estimate
    event_study: pd.DataFrame
    by_group: pd.DataFrame
    by_period: pd.DataFrame
    cells: pd.DataFrame
    before: did.EventStudy | None
    observed: float
    expected: float
    dispersion: float
    base: str
    intercepts: str
    sample: did.Sample
    notes: tuple[str, ...] = ()
    standard_error: str = STANDARD_ERROR
    citation: str = CITATION

    @property
    def fewer(self) -> tuple[float, float, float]:
        """How many fewer there were than expected, a period on average, with the interval of the effect."""
        periods = self.cells["period"].nunique()
        counts = [-self.expected * part / 100 / periods for part in (self.overall.value, self.overall.high)]
        return counts[0], counts[1], -self.expected * self.overall.low / 100 / periods

    def __repr__(self) -> str:
        lines = [
            f"CountEffects (per cent; base {self.base}, an intercept for every {self.intercepts})",
            f"  overall {self.overall}",
            f"  {self.observed:.0f} counted, {self.expected:.1f} expected; dispersion {self.dispersion:.2f}",
            f"  {self.sample!r}",
            f"  standard errors: {self.standard_error}",
        ]
        return "\n".join([*lines, f"  {'; '.join(self.notes)}"] if self.notes else lines)

    def _repr_html_(self) -> str:
        return f"<pre>{self!r}</pre>{self.event_study.to_html(index=False)}<p>{self.citation}</p>"


@dataclass(frozen=True, eq=False)
class _Model:
    """A fit, and which group and period each of its effects belongs to (numbered as in `did.panel.Panel`)."""

    fit: Fit
    group: Integers
    period: Integers
    observed: Floats
    first: int  # position of the first effect among the coefficients

    @property
    def ratios(self) -> Floats:
        return self.fit.coefficients[self.first :]

    @property
    def covariance(self) -> Floats:
        return self.fit.covariance[self.first :, self.first :]

    @property
    def event_time(self) -> Integers:
        return self.period - self.group

    @property
    def expected(self) -> Floats:
        return self.observed * np.exp(-self.ratios)

    def pooled(self, chosen: np.ndarray) -> tuple[float, Floats]:
        """Return the logarithm of observed to expected in the chosen cells, and its gradient."""
        expected = self.expected * chosen
        return float(np.log((self.observed * chosen).sum() / expected.sum())), expected / expected.sum()


def count_effects(
    panel: pd.DataFrame,
    *,
    outcome: str,
    exposure: str,
    unit: str,
    period: str,
    first_treated: str,
    base: str = "all_years",
    intercepts: str = "unit",
    level: float = 0.95,
) -> CountEffects:
    """Estimate the effect of a staggered treatment on a count, as a ratio of rates.

    Parameters
    ----------
    panel : DataFrame
        One row a unit and period; periods without a row are passed over and counted in `sample`.
    outcome, exposure : str
        Counts (0 or more) and what they are counted of (positive), such as vacancies and employees.
    unit, period, first_treated : str
        As in `did.estimate`. Never-treated units are needed.
    base : {"all_years", "last_year"}
        What the time since the start is compared with: all periods before it, or only the last.
    intercepts : {"unit", "group"}
        See the module. "group" leaves out units not observed in every period.
    level : float

    Returns
    -------
    CountEffects

    Raises
    ------
    EstimationError
        If the panel or the options cannot answer, or a ratio has no finite estimate because nothing was counted; every
        problem found is listed.
    """
    from evaluation.did.panel import Columns, prepare

    _check(panel, outcome, exposure, base, intercepts, level)
    columns = Columns(outcome, unit, period, first_treated, covariates=(exposure,))
    complete = intercepts == "group"
    data = prepare(panel, columns, control="never_treated", anticipation=0, missing="drop", complete=complete)
    _check_cells(data, leads=base == "last_year")
    leads = _model(data, intercepts, leads=True) if _leads_possible(data) else None
    if base == "last_year":
        main = leads if leads is not None else _model(data, intercepts, leads=False)
    else:
        main = _model(data, intercepts, leads=False)
    since = main.event_time >= 0
    overall = _estimate(*main.pooled(since), main, data, since, level)
    silent = int((np.nansum(data.outcome, axis=1) == 0).sum())
    notes = (f"{silent} units with nothing counted in any period tell nothing and count in `sample` only.",)
    return CountEffects(
        overall=overall,
        event_study=_event_study(main, leads, data, base, level),
        by_group=_rows(main, data, "first_treated", main.group + data.origin, since, level),
        by_period=_rows(main, data, "period", main.period + data.origin, since, level),
        cells=_cells(main, data, since),
        before=None if leads is None else _before(leads, data),
        observed=float(main.observed[since].sum()),
        expected=float(main.expected[since].sum()),
        dispersion=main.fit.dispersion,
        base=base,
        intercepts=intercepts,
        sample=data.sample,
        notes=data.notes + (notes if silent else ()),
    )


def _model(data: Panel, intercepts: str, *, leads: bool) -> _Model:
    """Fit period effects and ratios of every group and treated period; with `leads` of all but the last before, too."""
    unit, period = np.nonzero(np.isfinite(data.outcome))
    count, exposure = data.outcome[unit, period], data.covariates[unit, period, 0]
    length, of_row = data.outcome.shape[1], data.group[unit]
    pairs = [(g, t) for g in data.groups for t in range(1, length + 1) if t >= g or (leads and t < g - 1)]
    group, when = (np.array(side, dtype=np.int64) for side in zip(*pairs, strict=True))
    in_cell = (of_row[:, None] == group) & (period[:, None] + 1 == when)
    dummies = period[:, None] == np.arange(1, length)
    intercept = unit if intercepts == "unit" else np.unique(of_row, return_inverse=True)[1]
    design = np.column_stack([dummies, in_cell]).astype(float)
    return _Model(fit(count, exposure, design, intercept, unit), group, when, count @ in_cell, length - 1)


def _leads_possible(data: Panel) -> bool:
    """Whether some group has two periods before the start, and all such periods have something counted."""
    pairs = [(g, t) for g in data.groups for t in range(1, g)]
    counted = all(np.nansum(data.outcome[data.group == g, t - 1]) > 0 for g, t in pairs)
    return counted and any(g > 2 for g in data.groups)


def _estimate(
    log_ratio: float, gradient: Floats, model: _Model, data: Panel, cells: np.ndarray, level: float
) -> did.Estimate:
    from scipy.stats import t

    error = float(np.sqrt(gradient @ model.covariance @ gradient))
    treated = sum(int((data.group == group).sum()) for group in np.unique(model.group[cells]))
    freedom = max(treated - 1, 1)
    half = float(t.ppf(0.5 + level / 2, freedom)) * error
    ratio, low, high = (float(np.exp(log_ratio + shift)) for shift in (0.0, -half, half))
    return did.Estimate(
        value=100 * (ratio - 1),
        standard_error=100 * ratio * error,
        low=100 * (low - 1),
        high=100 * (high - 1),
        p_value=float(2 * t.sf(abs(log_ratio) / error, freedom)) if error > 0 else float("nan"),
        n=data.sample.units,
        clusters=model.fit.clusters,
        treated=treated,
        level=level,
    )


def _rows(model: _Model, data: Panel, name: str, key: Integers, use: np.ndarray, level: float) -> pd.DataFrame:
    parts = [(int(value), use & (key == value)) for value in np.unique(key[use])]
    found = [(value, _estimate(*model.pooled(cells), model, data, cells, level)) for value, cells in parts]
    return _frame(name, found)


def _frame(name: str, found: Sequence[tuple[int, did.Estimate]]) -> pd.DataFrame:
    rows = [(key, e.value, e.standard_error, e.low, e.high, e.p_value, e.treated) for key, e in found]
    return pd.DataFrame(rows, columns=[name, *_NUMBERS, "n"])


def _event_study(main: _Model, leads: _Model | None, data: Panel, base: str, level: float) -> pd.DataFrame:
    after = _rows(main, data, "event_time", main.event_time, main.event_time >= 0, level)
    if leads is None:
        return after
    earlier = []
    for time in range(int(leads.event_time.min()), 0):
        groups = [group for group in data.groups if group + time >= 1]
        gradient = _lead(leads, data, time, groups, base)
        cells = np.isin(leads.group, groups)
        if gradient.any():
            earlier.append((time, _estimate(float(gradient @ leads.ratios), gradient, leads, data, cells, level)))
    before = _frame("event_time", earlier)
    if base == "last_year":
        units = int(np.isin(data.group, data.groups).sum())
        reference = {"event_time": -1, "estimate": 0.0, "n": units}
        before = pd.concat([before, pd.DataFrame([reference])], ignore_index=True)
    return pd.concat([before, after], ignore_index=True)


def _lead(leads: _Model, data: Panel, time: int, groups: list[int], base: str) -> Floats:
    """Return the weights that make a ratio before the start out of those of the groups, relative to the base."""
    counts = {g: float(np.nansum(data.outcome[data.group == g, g + time - 1])) for g in groups}
    gradient = np.zeros(len(leads.ratios))
    for group, count in counts.items():
        weight = count / sum(counts.values())
        own = (leads.group == group) & (leads.period < group)
        gradient += weight * (own & (leads.event_time == time))
        if base == "all_years":
            exposed = np.nansum(
                np.where(np.isfinite(data.outcome), data.covariates[:, :, 0], 0)[data.group == group], 0
            )
            shares = exposed[leads.period - 1] / exposed[: group - 1].sum()
            gradient -= weight * own * shares
    return gradient


def _before(leads: _Model, data: Panel) -> did.EventStudy:
    times = np.unique(leads.event_time)
    found = [leads.pooled(leads.event_time == time) for time in times]
    gradient = np.vstack([row for _, row in found])
    index = pd.Index(times, name="event_time")
    covariance = pd.DataFrame(gradient @ leads.covariance @ gradient.T, index=index, columns=index)
    clusters = int((data.group > 0).sum())
    return did.EventStudy(pd.Series([value for value, _ in found], index=index), covariance, -1, clusters)


def _cells(model: _Model, data: Panel, since: np.ndarray) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "first_treated": model.group + data.origin,
            "period": model.period + data.origin,
            "event_time": model.event_time,
            "observed": model.observed,
            "expected": model.expected,
            "log_ratio": model.ratios,
            "standard_error": np.sqrt(np.diag(model.covariance)),
        }
    )
    return frame[since].reset_index(drop=True)


def _check(panel: pd.DataFrame, outcome: str, exposure: str, base: str, intercepts: str, level: float) -> None:
    found = [
        Problem(f"Unknown {name} {value!r}", f"Choose one of: {', '.join(known)}")
        for name, value, known in (("base", base, BASES), ("intercepts", intercepts, INTERCEPTS))
        if value not in known
    ]
    if not 0 < level < 1:
        found.append(Problem("The level must lie between 0 and 1", "Give e.g. 0.95", value=level))
    for name, low, what in ((outcome, "negative", "A count"), (exposure, "not positive", "An exposure")):
        numbers = pd.to_numeric(panel[name], errors="coerce") if name in panel else pd.Series(dtype=float)
        wrong = numbers < 0 if name == outcome else numbers <= 0
        if wrong.any():
            remedy = "Leave such rows out before estimating"
            found.append(Problem(f"{what} is {low} in {int(wrong.sum())} rows", remedy, column=name))
    if found:
        raise EstimationError(found)


def _check_cells(data: Panel, *, leads: bool) -> None:
    """Refuse groups and periods in which nothing was counted: a ratio to or of zero has no logarithm."""
    found = []
    for group in data.groups:
        counts = np.nansum(data.outcome[data.group == group], axis=0)
        empty = [period for period in range(group, len(counts) + 1) if counts[period - 1] == 0]
        early = [period for period in range(1, group) if counts[period - 1] == 0]
        if len(early) == group - 1 or leads:
            empty = early + empty
        names = ", ".join(str(period + data.origin) for period in empty)
        if empty:
            what = f"Nothing was counted in {names} among the units first treated in {group + data.origin}"
            found.append(Problem(what, "Pool sectors or groups: a ratio of zero has no logarithm"))
    rest = np.nansum(data.outcome[data.group == 0], axis=0)
    if (rest == 0).any():
        found.append(Problem("Nothing was counted among the never treated in some period", "Widen the controls"))
    if found:
        raise EstimationError(found)
