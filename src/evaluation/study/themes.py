"""The tables of the other themes: cut at the date, put on the division."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pandas as pd

from evaluation.municipalities import Register
from evaluation.study.account import Account, close, combined
from evaluation.study.members import Part
from evaluation.study.strangers import FORMS, REPORTS
from evaluation.study.whole import shared, summed
from evaluation.tables import ITEMS, TABLES, Outcome, Table
from evaluation.tables.themes import THEME_TABLES

THEMES = tuple(table.name for table in THEME_TABLES)


def known_from(table: Table, rows: pd.DataFrame) -> pd.Series:
    """Return the date from which each row is known (`datetime.date`); missing for tables that are not dated."""
    dated = table.dated
    if dated == "date":
        return rows["date"]
    if dated == "year_end":
        return rows["year"].map(lambda year: date(int(year), 12, 31))
    if dated == "report":
        due = rows["year"].map(lambda year: date(int(year) + 1, 2, 1))
        return rows["received"].where(rows["received"].notna(), due) if "received" in rows else due
    return pd.Series(None, index=rows.index, dtype="object")


def prepare_themes(
    parts: Mapping[str, Sequence[Part]],
    register: Register,
    as_of: date,
    division: int,
    account: Account,
    target: Path,
) -> None:
    """Write the tables of the other themes that are mapped; forms join the annual reports."""
    made: dict[str, pd.DataFrame] = {}
    for name in THEMES:
        if name in parts:
            made[name] = _one(name, parts[name], register, as_of, division, account)
    reports = [made.pop(name) for name in (REPORTS, FORMS) if name in made]
    if reports:
        made[REPORTS] = pd.concat(reports, ignore_index=True)
    for name, frame in made.items():
        frame.to_parquet(target / f"{name}.parquet")


def prepare_outcomes(
    outcomes: Mapping[str, Outcome],
    parts: Mapping[str, Sequence[Part]],
    register: Register,
    as_of: date,
    division: int,
    account: Account,
    target: Path,
) -> None:
    """Write the tables of the outcomes that the study adds: years that had ended, summed over merged municipalities."""
    for name, outcome in outcomes.items():
        rows = _cut(combined(parts[name], account, name), outcome.table, as_of)
        frame = summed(rows, outcome.table, "year", register, division)
        close(parts[name], rows, account, name)
        written = frame[list(outcome.table.names)].sort_values(list(outcome.table.key), ignore_index=True)
        written.to_parquet(target / f"{name}.parquet")


def _cut(rows: pd.DataFrame, table: Table, as_of: date) -> pd.DataFrame:
    """Mark the rows that were not known at the cut."""
    if not table.dated:
        return rows
    later = known_from(table, rows).map(lambda day: day > as_of).astype("bool")
    return rows.assign(reason=rows["reason"].mask(later, "after_cut"))


def _one(
    name: str, parts: Sequence[Part], register: Register, as_of: date, division: int, account: Account
) -> pd.DataFrame:
    declared = TABLES[name]
    rows = _cut(combined(parts, account, name), declared, as_of)
    if name == "vacancies":
        frame = summed(rows, declared, "year", register, division)
        plans = rows.loc[rows["reason"] == "", ["municipality", "year", "sector", "competence_plan"]]
        plan = shared(plans, "competence_plan", ["year", "sector"], register, division)
        frame = frame.merge(plan, on=["municipality", "year", "sector"], how="left")
    else:
        frame = rows.loc[rows["reason"] == ""]
        if "municipality" in declared.names:
            mapping = register.mapping(frame["municipality"].unique(), division=division)
            frame = frame.assign(municipality=frame["municipality"].map(mapping).astype("str"))
    close(parts, rows, account, name)
    # A survey has as many items as it has; columns for more are left out.
    absent = [item for item in ITEMS if item in declared.names and rows[item].isna().all()]
    columns = [column for column in declared.names if column not in absent]
    # A codebook keeps the order it was written in: items and measures are shown in it.
    return (
        frame[columns].reset_index(drop=True)
        if name == "codebook"
        else frame[columns].sort_values(list(declared.key), ignore_index=True)
    )
