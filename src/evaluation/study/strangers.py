"""Rows of the other themes that name what no other table has: a project, a theme, a participant, a case, a code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.municipalities import Register
from evaluation.study.members import Part
from evaluation.tables import TABLES, Layout
from evaluation.tables.collect import SHOWN_ALIKE

REPORTS, FORMS = "annual_reports", "annual_report_forms"
# Columns of a table that name something of another one; the codebook by the list the code stands in.
_NAMES: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], ...] = (
    (("project", "theme"), "projects", ("targets", REPORTS, FORMS, "measures")),
    (("case",), "cases", ("events",)),
)
_CODES = (
    ("indicator", "indicator", ("targets", REPORTS, FORMS)),
    ("measure", "measure", ("measures",)),
    ("main_measure", "measure", ("measures",)),
    ("event", "event", ("events",)),
    ("strengthen", "strengthen", (REPORTS, FORMS)),
)
_PARTICIPANTS = ("targets", REPORTS, FORMS)

Row = tuple[Any, ...]


def strangers(
    layout: Layout, register: Register, frames: Mapping[str, pd.DataFrame], parts: Mapping[str, Sequence[Part]]
) -> list[Problem]:
    """Return a problem for every row that names what no other table has, and for every report that came twice."""

    def find(table: str, columns: tuple[str, ...], other: str, known: Callable[[Row], bool]) -> list[Problem]:
        return _strange(layout, parts[table], table, columns, other, known) if table in frames else []

    problems: list[Problem] = []
    for columns, other, tables in _NAMES:
        if other in frames:
            names = set(frames[other][list(columns)].itertuples(index=False, name=None))
            for table in tables:
                problems += find(table, columns, f"the table {other}", names.__contains__)
    if "codebook" in frames:
        book = frames["codebook"]
        for column, listed, tables in _CODES:
            codes = {(code,) for code in book.loc[book["list"] == listed, "code"]}
            for table in tables:
                problems += find(table, (column,), f"the list {listed} of the codebook", codes.__contains__)
    for table in _PARTICIPANTS:
        taking_part = _Participants(register, frames["participation"])
        when = "date" if table == "targets" else "year"
        problems += find(table, (when, "municipality", "project"), "the table participation", taking_part.has)
    if REPORTS in frames and FORMS in frames:
        problems += _doubled(parts[REPORTS], parts[FORMS])
    return problems


class _Participants:
    """Whether a municipality is in a project, when one of the two tables has it under its code before a merger."""

    def __init__(self, register: Register, participation: pd.DataFrame):
        self.register = register
        self.pairs = set(participation[["municipality", "project"]].itertuples(index=False, name=None))
        self.since = register.history.groupby("code")["valid_from"].max().to_dict()

    def has(self, row: Row) -> bool:
        when, code, project = row
        year = when.year if isinstance(when, date) else int(when)
        members = [member for member, its_project in self.pairs if its_project == project]
        return code in members or any(
            self._later(member, year) == code or self._later(code, int(self.since[member])) == member
            for member in members
        )

    def _later(self, code: str, year: int) -> str | None:
        try:
            return self.register.successor(code, division=year)
        except InputError:
            return None


def _strange(
    layout: Layout,
    parts: Sequence[Part],
    table: str,
    columns: tuple[str, ...],
    other: str,
    known: Callable[[Row], bool],
) -> list[Problem]:
    shown = [column for column in columns if column not in ("date", "year")]
    what, remedy = f"no such {' and '.join(shown).replace('_', ' ')}", f"Correct it, or add it to {other}"
    found = []
    for part in parts:
        cells = part.tidy.frame[list(columns)]
        for position, row in zip(cells.index, cells.itertuples(index=False, name=None), strict=True):
            if any(pd.isna(value) for value in row) or known(row):
                continue
            number = int(part.tidy.rows[position]) if part.tidy.numbered else None
            column = layout.tables[table].columns.get(shown[-1], shown[-1])
            found.append(Problem(what, remedy, part.file, number, column, ", ".join(row[-len(shown) :])))
    more = len(found) - SHOWN_ALIKE
    return found[:SHOWN_ALIKE] + ([Problem(f"{what}: {more} more rows", remedy)] if more > 0 else [])


def _doubled(typed: Sequence[Part], forms: Sequence[Part]) -> list[Problem]:
    """Forms of a report that is already among the rows."""
    key = list(TABLES[REPORTS].key)
    known = set(pd.concat([part.tidy.frame[key] for part in typed]).itertuples(index=False, name=None))
    what, remedy = f"the report is already in {', '.join(part.file for part in typed)}", "Keep one of the two"
    return [
        Problem(what, remedy, part.file, value=", ".join(str(value) for value in found))
        for part in forms
        for found in part.tidy.frame[key].itertuples(index=False, name=None)
        if found in known
    ]
