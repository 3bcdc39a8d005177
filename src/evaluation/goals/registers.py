"""What the registers say of the same indicators that the municipalities set targets for.

Sick leave from man-days, positions from the position register, vacancies, leavers and competence plans from the
counts of 1 December. Each is one entry of `REGISTERS`; an indicator without one is known from the reports alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.goals.codes import optional_table
from evaluation.goals.comparable import last_full_year
from evaluation.positions import histogram
from evaluation.sick_leave import rates

if TYPE_CHECKING:
    from evaluation.study import Study

QUARTERS = 4
FIGURES = ["indicator", "municipality", "year", "figure", "persons", "man_years"]


def _sick_leave(table: pd.DataFrame, kind: str = "total") -> pd.DataFrame:
    """Return the rate of each calendar year of which every quarter was delivered."""
    table = table.assign(year=table["quarter"].dt.year)
    by = ["municipality", "year"]
    quarters = table.groupby(by)["quarter"].nunique().rename("quarters").reset_index()
    yearly = rates(table, by=by, kind=kind).merge(quarters, on=by)
    whole = yearly[(yearly["missing"] == 0) & (yearly["quarters"] == QUARTERS)]
    return whole.assign(figure=whole["rate"])


def _presence(table: pd.DataFrame) -> pd.DataFrame:
    found = _sick_leave(table)
    return found.assign(figure=100 - found["figure"])


def _positions(register: Path, measure: str) -> pd.DataFrame:
    by = ("municipality", "year")
    found = histogram(register, by=by, view="position").measures(by)
    # A position is held by one person: as many positions are at most as many persons.
    return found.assign(figure=found[measure], persons=found["positions"])


def _counts(table: pd.DataFrame) -> pd.DataFrame:
    plan = table["competence_plan"] if "competence_plan" in table else pd.Series(np.nan, index=table.index)
    told = table.assign(planned=(plan == "yes").astype(float), asked=plan.notna().astype(float))
    sums = told.groupby(["municipality", "year"])[["employees", "vacant", "leavers", "planned", "asked"]].sum()
    return sums.reset_index()


def _vacant(table: pd.DataFrame) -> pd.DataFrame:
    found = _counts(table)
    return found.assign(figure=found["vacant"].astype(float), persons=found["employees"])


def _share(table: pd.DataFrame, top: str, bottom: str) -> pd.DataFrame:
    found = _counts(table)
    found = found[found[bottom] > 0]
    return found.assign(figure=100 * found[top] / found[bottom], persons=found["employees"])


REGISTERS: Mapping[str, tuple[str, Callable[[Any], pd.DataFrame]]] = {
    "sick_leave_rate": ("sick_leave", _sick_leave),
    "presence_rate": ("sick_leave", _presence),
    "doctor_certified_rate": ("sick_leave", partial(_sick_leave, kind="doctor_certified")),
    "full_time_share": ("positions", partial(_positions, measure="full_time_share")),
    "mean_position_size": ("positions", partial(_positions, measure="mean_size")),
    "vacant_positions": ("vacancies", _vacant),
    "turnover": ("vacancies", partial(_share, top="leavers", bottom="employees")),
    "competence_plans": ("vacancies", partial(_share, top="planned", bottom="asked")),
}
"""Indicator -> the study's table that measures it, and what makes its figures by municipality and year of the table."""


def register_figures(
    study: Study, indicators: Sequence[str] | None = None, *, municipalities: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the indicators as the registers have them, by municipality and calendar year.

    Parameters
    ----------
    study : the study; what it does not hold is left out.
    indicators : codes of `REGISTERS`; all by default.
    municipalities : codes; all by default.

    Returns
    -------
    DataFrame
        `indicator`, `municipality`, `year`, `figure` (per cent, or a number of positions), and what it rests on:
        `persons` (positions or employees) or `man_years`. Position measures are per position, without substitutes,
        apprentices, pensioners and the hourly paid; sick leave only of years with every quarter delivered.
    """
    wanted = list(REGISTERS) if indicators is None else list(indicators)
    unknown = [code for code in wanted if code not in REGISTERS]
    if unknown:
        remedy = f"Choose among {', '.join(REGISTERS)}"
        raise InputError(Problem("No register measures the indicator", remedy, value=code) for code in unknown)
    parts = []
    for indicator in wanted:
        name, figures = REGISTERS[indicator]
        table = optional_table(study, name)
        if table is None:
            continue
        if municipalities is not None and isinstance(table, pd.DataFrame):
            table = table[table["municipality"].isin(municipalities)]
        parts.append(figures(table).assign(indicator=indicator).reindex(columns=FIGURES))
    kinds: dict[str, Any] = {"municipality": "str", "year": "int64", "figure": "float64"}
    kinds |= {"persons": "float64", "man_years": "float64"}
    if not parts:
        return pd.DataFrame(columns=FIGURES).astype(kinds)
    # Columns that a register does not have are all missing; they must not decide the type.
    found = pd.concat([part.astype(kinds) for part in parts], ignore_index=True)
    inside = found["year"] <= last_full_year(study)
    if municipalities is not None:
        inside &= found["municipality"].isin(municipalities)
    return found[inside].reset_index(drop=True)


def before_and_after(
    study: Study,
    indicator: str,
    *,
    theme: str,
    before: int | None = None,
    last: int | None = None,
    figures: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return an indicator in each municipality of a theme, before it started and last: development, not effect.

    Parameters
    ----------
    study : the study.
    indicator : a code of `REGISTERS`.
    theme : whose municipalities.
    before : the year compared with; by default the last calendar year that ended before the municipality started.
    last : the later year; by default the last calendar year of the register.
    figures : of `register_figures`, where there already.

    Returns
    -------
    DataFrame
        `municipality`, `name`, `intake`, `first_year`, `last_year`, `before`, `after`, `change` (the indicator's unit)
        and `change_percent`, `persons` and `man_years` (the smaller of the years); sorted by the change. Those without
        a start, or without a figure in either year, are left out.
    """
    known = register_figures(study, [indicator]) if figures is None else figures
    known = known[known["indicator"] == indicator]
    taking_part = study.programme.participants(theme).dropna(subset=["started"])
    years = taking_part["started"].dt.year - 1 if before is None else before
    newest = known["year"].max() if last is None else last
    rows = taking_part[["municipality", "intake"]].assign(first_year=years, last_year=newest)
    columns = ["municipality", "year", "figure", "persons", "man_years"]
    for end, value in (("first_year", "before"), ("last_year", "after")):
        side = known[columns].rename(columns={"year": end, "figure": value, "persons": f"persons_{value}"})
        side = side.rename(columns={"man_years": f"man_years_{value}"})
        rows = rows.merge(side, on=["municipality", end])
    rows = rows[rows["first_year"] < rows["last_year"]]
    names = study.municipalities[["municipality", "name"]]
    change = rows["after"] - rows["before"]
    rows = rows.assign(
        change=change,
        change_percent=100 * change / rows["before"].where(rows["before"] != 0),
        **{size: rows[[f"{size}_before", f"{size}_after"]].min(axis=1) for size in ("persons", "man_years")},
    )
    rows = rows.merge(names, on="municipality", how="left").sort_values(["change", "municipality"], ignore_index=True)
    shown = ["municipality", "name", "intake", "first_year", "last_year", "before", "after", "change", "change_percent"]
    return rows[[*shown, "persons", "man_years"]]
