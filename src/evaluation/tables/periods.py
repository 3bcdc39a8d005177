"""Columns of quarters and years: months summed to quarters, preliminary ones marked, later than today refused."""

from __future__ import annotations

from datetime import date

import pandas as pd

from evaluation.sources import months, quarters, starred, years
from evaluation.tables.collect import Problems
from evaluation.tables.column import Column, Table
from evaluation.tables.odd import other_period

_MONTHS = 3


def read_period(column: Column, text: pd.Series, filled: pd.Series, name: str, problems: Problems) -> pd.Series:
    """Read a column of quarters or of years; what is neither is a problem."""
    if column.kind == "quarter":
        values, bad = quarters(text)
        monthly = months(text)
        values = values.where(monthly.isna(), monthly.dt.asfreq("Q-DEC"))
        bad &= monthly.isna()
        year = values.dt.year
        said, remedy = "not a quarter", "Write quarters as 2012K1"
    else:
        values, bad = years(text)
        year = values
        said, remedy = "not a year", "Write years with four digits"
    mixed, what, instead = other_period(column, text)
    problems.add(bad & mixed & filled, what, instead, name, text)
    problems.add(bad & ~mixed & filled, said, remedy, name, text)
    problems.note("preliminary", starred(text) & ~bad, name, text)
    if column.name in ("quarter", "year"):
        # The clock is read for nothing else: what is dated later than today is a slip of the pen.
        today = pd.Timestamp(date.today())
        later = (year > today.year) if column.kind == "year" else values > today.to_period("Q-DEC")
        problems.add(later & ~bad, "a time that has not begun", "Correct the year", name, text)
    return values.astype("Int64").where(~bad) if column.kind == "year" and column.nullable else values


def whole_quarters(
    table: Table, frame: pd.DataFrame, reason: pd.Series, cells: pd.Series, name: str, problems: Problems
) -> tuple[pd.DataFrame, pd.Series]:
    """Sum the rows of months to quarters, at the place of the first one; a quarter without its three months is missing.

    Returns
    -------
    DataFrame and Series of str
        The rows, and why each is to be left out ("" where it is not).
    """
    month = months(cells)
    if month.isna().all() or problems.found:
        return frame, reason
    problems.note("months_summed", month.notna(), name, cells)
    key, sums = list(table.key), [one.name for one in table.columns if one.kind == "number" and one.name in frame]
    rows = frame.assign(month=month.where(month.notna(), frame["quarter"].dt.asfreq("M")), reason=reason)
    repeated = rows.duplicated([*key, "month"])
    problems.add(repeated & month.notna(), "the same month twice", "Keep one of the two rows", name, cells)
    grouped = rows[month.notna()].groupby(key, sort=False)
    summed = grouped.agg({**dict.fromkeys(sums, "sum"), "month": "nunique", "reason": "max"})
    places = rows[month.notna()].index.to_series().groupby([rows[column] for column in key], sort=False).first()
    whole = summed["reason"].where((summed["reason"] != "") | (summed["month"] == _MONTHS), "incomplete_quarter")
    made = summed.assign(reason=whole).reset_index().set_index(pd.Index(places.to_numpy()))
    both = pd.concat([rows[month.isna()], made]).sort_index()
    return both[list(frame.columns)], both["reason"]
