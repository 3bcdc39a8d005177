"""The synthetic control of a case: its donors, its weights and fit, its gap and what the gap is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.deep_dive import synthetic
from evaluation.deep_dive.notes import Note
from evaluation.errors import EstimationError, InputError, Problem
from evaluation.sick_leave import WORKING_DAYS, rates
from evaluation.workbench import Described

DONORS = 40
"""How many donors are asked for: enough for an interval of 95 per cent, few enough to be of the case's size."""
SHORTEST = {"quarter": 8, "year": 3}
"""The fewest periods before the start that weights are fitted to."""
FEWEST = 5
FEW_BEFORE = 8
"""With fewer periods before the start, weights can follow almost any course, and a close fit proves nothing."""


@dataclass(frozen=True, eq=False)
class Series(Described):
    """One outcome of every municipality over time, as sums to divide.

    Attributes
    ----------
    outcome : its name.
    top, bottom : DataFrame, municipalities by periods; the outcome is `top` / `bottom`. Missing where a municipality
        lacks figures.
    step : ``"quarter"`` or ``"year"``.
    """

    outcome: str
    top: pd.DataFrame
    bottom: pd.DataFrame
    step: str

    @property
    def periods(self) -> pd.Index:
        """The periods, in order."""
        return self.top.columns

    @property
    def season(self) -> int:
        """Periods to a year."""
        return 4 if self.step == "quarter" else 1

    def starts(self, reference: pd.Period) -> int:
        """Return the number of periods before the start."""
        start = reference if self.step == "quarter" else reference.year
        return int((self.periods < start).sum())


@dataclass(frozen=True, eq=False)
class SyntheticControl(Described):
    """A case beside a weighted mean of municipalities outside the programme that followed its course before the start.

    Rates and gaps are in per cent and percentage points.

    Attributes
    ----------
    outcome : its name.
    gap, low, high : the case less its synthetic control, averaged over the periods after the start, less their
        difference before it when `level_difference` was taken out; the interval comes from the same done to every
        donor (see `synthetic.judged`). NaN ends where there are too few donors for it.
    p_value : the share of donors and case whose absolute average gap is at least as large.
    ratio, ratio_rank, ratio_p_value, among : error after over error before, its place among donors and case, and share.
    fit_error : root mean square of the gap before the start.
    noise : what the case's own level scatters by from period to period (see `synthetic.noise`).
    level_difference : the case less the weighted mean before the start; 0 when it was not taken out.
    weights : DataFrame of `municipality`, `weight`, largest first; those of weight zero are left out.
    path : DataFrame of `period`, `when`, `case`, `synthetic`, `gap`, `size` (of the case: man-years, or employees).
    placebos : DataFrame of `municipality`, `average_gap`, `fit_error`, `ratio`: every donor as if it were the case.
    donors, asked : number of donors, and how many were asked for.
    confidence : of the interval.
    notes : remarks the reader must see.
    """

    outcome: str
    gap: float
    low: float
    high: float
    p_value: float
    ratio: float
    ratio_rank: int
    ratio_p_value: float
    among: int
    fit_error: float
    noise: float
    level_difference: float
    weights: pd.DataFrame
    path: pd.DataFrame
    placebos: pd.DataFrame
    donors: int
    asked: int
    confidence: float
    notes: tuple[Note, ...]

    @property
    def bounded(self) -> bool:
        """Whether there are donors enough for an interval."""
        return bool(np.isfinite(self.low))

    @property
    def reach(self) -> float:
        """Half the width of the interval: the smallest gap that could have been told from none."""
        return (self.high - self.low) / 2

    @property
    def poor_fit(self) -> bool:
        """Whether the synthetic control misses the case before the start by more than the case's own noise."""
        return bool(self.fit_error > self.noise)


def sick_leave_series(table: pd.DataFrame, kind: str, outcome: str) -> Series:
    """Return a kind of sick leave by municipality and quarter, in per cent of agreed days."""
    cells = rates(table, by=["municipality", "quarter"], kind=kind)
    whole = cells[(cells["missing"] == 0) & (cells["agreed_days"] > 0)]
    every = pd.period_range(table["quarter"].min(), table["quarter"].max(), freq="Q-DEC")
    return Series(
        outcome,
        100 * _wide(whole, "quarter", "lost_days", every),
        _wide(whole, "quarter", "agreed_days", every),
        "quarter",
    )


def position_series(each: pd.DataFrame, outcome: str) -> Series:
    """Return mean size or full-time share per employee by municipality and year, in per cent."""
    top, scale = ("percentage_sum", 1.0) if outcome == "mean_size" else ("full_time", 100.0)
    counted = each[each["persons"] > 0]
    every = pd.RangeIndex(int(each["year"].min()), int(each["year"].max()) + 1)
    return Series(outcome, scale * _wide(counted, "year", top, every), _wide(counted, "year", "persons", every), "year")


def _wide(cells: pd.DataFrame, period: str, value: str, every: pd.Index) -> pd.DataFrame:
    table = cells.pivot_table(index="municipality", columns=period, values=value, observed=True).astype(np.float64)
    return table.reindex(columns=every)


def synthetic_control(
    series: Series,
    case: Sequence[str],
    admissible: Sequence[str],
    reference: pd.Period,
    *,
    donors: int = DONORS,
    level: bool = True,
    confidence: float = 0.95,
) -> SyntheticControl:
    """Fit a synthetic control to a case and judge its gap.

    Donors are the admissible municipalities with figures in every period that are nearest to the case in size (agreed
    days, or employees, before the start): the case's gap is judged by theirs, and chance alone moves small
    municipalities more than large ones.

    Parameters
    ----------
    series : of all municipalities.
    case : codes, pooled as one.
    admissible : codes of those that may be donors; the case's own are passed over.
    reference : the quarter of the start.
    donors : how many are asked for; a note tells when there are fewer.
    level : take out the difference in level before, so that the course is matched, not the level.

    Raises
    ------
    InputError
        If fewer than five donors are asked for.
    EstimationError
        If there are too few periods before, none after, too few donors, or the case lacks figures.
    """
    if donors < FEWEST:
        remedy = f"Ask for {FEWEST} or more; {DONORS} are usual"
        raise InputError(Problem("Too few donors are asked for", remedy, value=donors))
    series, lacking = _of_case(series, case)
    before = _before(series, reference)
    top, bottom = (part.loc[list(case)].sum(axis=0) for part in (series.top, series.bottom))
    target = (top / bottom).to_numpy(dtype=np.float64)
    size = float(bottom.iloc[:before].sum())
    pool = _nearest_in_size(series, set(admissible) - set(case), before, size, donors)
    values = (series.top.loc[pool] / series.bottom.loc[pool]).to_numpy(dtype=np.float64)
    path = synthetic.fitted(target, values, before, level=level)
    others = synthetic.placebos(values, before, level=level)
    verdict = synthetic.judged(path, others, confidence)
    scatter = synthetic.noise(target, values, before, series.season)
    bounded = np.isfinite(verdict.low)
    return SyntheticControl(
        outcome=series.outcome,
        gap=verdict.gap,
        low=verdict.low if bounded else np.nan,
        high=verdict.high if bounded else np.nan,
        p_value=verdict.p_value,
        ratio=path.ratio,
        ratio_rank=verdict.ratio_rank,
        ratio_p_value=verdict.ratio_p_value,
        among=verdict.among,
        fit_error=path.fit_error,
        noise=scatter,
        level_difference=path.level,
        weights=_weights(pool, path.weights),
        path=_path(series, path, target, bottom),
        placebos=_placebos(pool, others),
        donors=len(pool),
        asked=donors,
        confidence=confidence,
        notes=_notes(series, path, scatter, len(pool), donors, lacking, bounded=bool(bounded)),
    )


def _of_case(series: Series, case: Sequence[str]) -> tuple[Series, list[object]]:
    """Return the series in the periods for which the whole case has figures, and the periods left out."""
    known = (series.top.reindex(list(case)).notna() & series.bottom.reindex(list(case)).notna()).all(axis=0)
    if not known.any():
        what = "The case has no figures to fit a synthetic control to"
        raise EstimationError(Problem(what, "Deliver them", column=series.outcome, value=", ".join(case)))
    kept = Series(series.outcome, series.top.loc[:, known], series.bottom.loc[:, known], series.step)
    return kept, list(series.periods[~known])


def _before(series: Series, reference: pd.Period) -> int:
    before = series.starts(reference)
    short = SHORTEST[series.step]
    if before < short:
        what = f"A synthetic control needs {short} periods before the start; there are {before}"
        raise EstimationError(Problem(what, "Begin the data earlier", column=series.outcome, value=str(reference)))
    if before == len(series.periods):
        what = "There is no period after the start to compare in"
        raise EstimationError(Problem(what, "Choose a later `as_of`", column=series.outcome, value=str(reference)))
    return before


def _nearest_in_size(series: Series, admissible: set[str], before: int, size: float, count: int) -> list[str]:
    whole = series.bottom.index[(series.bottom.notna() & series.top.notna()).all(axis=1)]
    able = sorted(admissible & set(whole))
    if len(able) < FEWEST:
        what = f"{len(able)} municipalities can be donors to a synthetic control; {FEWEST} are needed"
        remedy = "Admit those of earlier programmes, or deliver figures for more municipalities"
        raise EstimationError(Problem(what, remedy, column=series.outcome))
    sizes = series.bottom.loc[able].iloc[:, :before].sum(axis=1)
    apart = (np.log(sizes) - np.log(size)).abs()
    return sorted(apart.sort_values(kind="stable").index[:count])


def _weights(pool: Sequence[str], weights: synthetic.Floats) -> pd.DataFrame:
    table = pd.DataFrame({"municipality": pd.array(pool, dtype="str"), "weight": weights})
    used = table[table["weight"] > 1e-9]
    return used.sort_values(["weight", "municipality"], ascending=[False, True], ignore_index=True)


def _path(series: Series, path: synthetic.Path, target: synthetic.Floats, bottom: pd.Series) -> pd.DataFrame:
    days = WORKING_DAYS / series.season if series.step == "quarter" else 1.0
    return pd.DataFrame(
        {
            "period": series.periods,
            "when": np.where(np.arange(len(target)) < path.before, "before", "after"),
            "case": target,
            "synthetic": path.synthetic,
            "gap": path.gap,
            "size": bottom.to_numpy(dtype=np.float64) / days,
        }
    )


def _placebos(pool: Sequence[str], others: Sequence[synthetic.Path]) -> pd.DataFrame:
    columns = {
        "municipality": pd.array(pool, dtype="str"),
        "average_gap": [one.average_gap for one in others],
        "fit_error": [one.fit_error for one in others],
        "ratio": [one.ratio for one in others],
    }
    return pd.DataFrame(columns)


def _notes(
    series: Series,
    path: synthetic.Path,
    noise: float,
    found: int,
    asked: int,
    lacking: Sequence[object],
    *,
    bounded: bool,
) -> tuple[Note, ...]:
    told: list[tuple[str, dict[str, object]]] = []
    if lacking:
        told.append(("periods_left_out", {"periods": list(lacking)}))
    if path.before < FEW_BEFORE:
        told.append(("few_before", {"found": path.before}))
    if found < asked:
        told.append(("few_donors", {"found": found, "asked": asked}))
    if not bounded:
        told.append(("no_interval", {"found": found}))
    if path.fit_error > noise:
        told.append(("poor_fit", {"error": path.fit_error, "noise": noise}))
    return tuple(Note.of(key, series.outcome, **given) for key, given in told)
