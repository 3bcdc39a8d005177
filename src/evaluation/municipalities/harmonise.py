"""Summing a table over merged municipalities, so that a series keeps to one division. See `Register.harmonise`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.municipalities.history import SplitError

if TYPE_CHECKING:
    from evaluation.municipalities.register import Register

_DATES = ("quarter", "year")


def harmonise(
    register: Register,
    frame: pd.DataFrame,
    *,
    division: int,
    by: list[str],
    sums: list[str],
    municipality: str,
    when: str | None,
) -> pd.DataFrame:
    """Return `frame` with `sums` summed to the municipalities of `division`; the contract is `Register.harmonise`'s."""
    key = [municipality, *by]
    when = when or next((column for column in _DATES if column in by), None)
    if problems := _malformed(frame, key, sums, when):
        raise InputError(problems)
    target = frame[municipality].map(register.mapping(frame[municipality].unique(), division=division)).astype("str")
    # Sorting first makes floating-point sums the same whatever the order of the rows.
    rows = frame.assign(**{municipality: target}).iloc[_order(frame, key)]
    result = rows.groupby(key, sort=True, observed=True, dropna=False)[sums].sum(skipna=False).reset_index()
    if when is None:
        return result
    pairs = pd.DataFrame({"code": frame[municipality], "target": target, "when": frame[when]})
    pairs["year"], pairs["row"] = _years(frame[when]), np.arange(len(frame)) + 2
    pairs = pairs.drop_duplicates(["code", "when"])
    _check_dates(register, pairs, division, municipality)
    return _without_partial(register, result, pairs, division, [municipality, when], sums)


def _order(frame: pd.DataFrame, key: list[str]) -> np.ndarray:
    """Return the positions of the rows in the order of the key."""
    return frame[key].reset_index(drop=True).sort_values(key, kind="stable").index.to_numpy()


def _years(values: pd.Series) -> pd.Series:
    if isinstance(values.dtype, pd.PeriodDtype) or pd.api.types.is_datetime64_any_dtype(values):
        return values.dt.year
    return pd.to_numeric(values)


def _malformed(frame: pd.DataFrame, key: list[str], sums: list[str], when: str | None) -> list[Problem]:
    """List what keeps the table from being summed; rows are counted as in a spreadsheet."""
    wanted = [*key, *sums]
    problems = [
        Problem("column missing", "Name a column of the table.", column=column)
        for column in wanted
        if column not in frame.columns
    ]
    problems += [
        Problem("named twice among the key and the sums", "Name a column once.", column=column)
        for column in dict.fromkeys(wanted)
        if wanted.count(column) > 1
    ]
    problems += [
        Problem(
            "neither part of the key nor to be summed",
            "Name it in `by` or `sums`, or drop it first; a percentage is recomputed from the sums.",
            column=str(column),
        )
        for column in frame.columns
        if column not in wanted
    ]
    if when is not None and when not in key:
        problems.append(Problem("the column that dates the rows is not in `by`", "Name it there.", column=when))
    if problems:
        return problems
    problems = [
        Problem("not numeric: it cannot be summed", "Read it as numbers.", column=column)
        for column in sums
        if not pd.api.types.is_numeric_dtype(frame[column]) or pd.api.types.is_bool_dtype(frame[column])
    ]
    if when is not None and not _dated(frame[when]):
        problems.append(Problem("rows without a date or year", "Use quarters, dates or whole years.", column=when))
    repeated = np.flatnonzero(frame.duplicated(key))
    for row in repeated:
        at = ", ".join(str(value) for value in frame[key].iloc[row])
        what = "the same municipality, period and cell twice"
        problems.append(
            Problem(what, "Keep one row, or add what tells them apart to `by`.", row=int(row) + 2, value=at)
        )
    return problems


def _dated(values: pd.Series) -> bool:
    is_time = isinstance(values.dtype, pd.PeriodDtype) or pd.api.types.is_datetime64_any_dtype(values)
    return bool(values.notna().all() and (is_time or pd.api.types.is_integer_dtype(values)))


def _check_dates(register: Register, pairs: pd.DataFrame, division: int, municipality: str) -> None:
    """Refuse codes not in force when their rows are dated, and later rows of municipalities that have grown since."""
    dated = pairs.drop_duplicates(["code", "year"])
    in_force = {year: set(register.valid(year)["code"]) for year in map(int, dated["year"].unique())}
    wrong: list[Problem] = []
    grown: list[Problem] = []
    for code, year, row in zip(dated["code"], map(int, dated["year"]), map(int, dated["row"]), strict=True):
        if code not in in_force[year]:
            try:
                register.resolve(pd.Series([code]), year=year, column=municipality)
            except InputError as error:
                wrong += [replace(problem, row=row) for problem in error.problems]
        elif year > division and (parts := register.predecessors(code, year=division, division=year)) != (code,):
            what = f"in {year} the municipality holds what was {', '.join(parts)} in {division}"
            remedy = f"Choose a division from {year} on, or leave out the later years."
            grown.append(Problem(what, remedy, row=row, column=municipality, value=code))
    if wrong or grown:
        raise (SplitError if grown else InputError)(wrong + grown)


def _without_partial(
    register: Register,
    result: pd.DataFrame,
    pairs: pd.DataFrame,
    division: int,
    key: list[str],
    sums: list[str],
) -> pd.DataFrame:
    """Set the sums to missing where a predecessor has no row at all at the time."""
    years = pairs.drop_duplicates(["target", "year"])[["target", "year"]]
    needed = [
        len(register.predecessors(code, year=min(int(year), division), division=division))
        for code, year in zip(years["target"], years["year"], strict=True)
    ]
    present = pairs.groupby(["target", "when", "year"], observed=True, sort=False)["code"].nunique().reset_index()
    present = present.merge(years.assign(needed=needed), on=["target", "year"])
    partial = present.loc[present["code"] < present["needed"], ["target", "when"]]
    if partial.empty:
        return result
    incomplete = pd.MultiIndex.from_frame(result[key]).isin(pd.MultiIndex.from_frame(partial))
    return result.assign(**{column: result[column].where(~incomplete) for column in sums})
