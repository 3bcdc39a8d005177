"""The study's programme, built from its definition and the tidy tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.programme import Programme, read_definition
from evaluation.tables.declare import TABLES
from evaluation.tables.layout import Layout
from evaluation.tables.tidy import Tidy

PROGRAMME = ("projects", "participation", "networks", "gatherings", "cases", "earlier", "facts")


@dataclass(frozen=True)
class Part:
    """One file read into a table, with what the account of files needs of how it was read."""

    file: str
    encoding: str
    tidy: Tidy
    separator: str = ""
    sheet: str = ""
    header: int = 0


def build_programme(layout: Layout, frames: Mapping[str, pd.DataFrame]) -> Programme:
    """Build the programme from its definition and tidy tables; messages name the raw files."""
    files = {"programme": layout.programme}
    files |= {name: layout.tables[name].label for name in PROGRAMME if name in layout.tables}
    known = {name: frames[name].drop(columns="date") if name == "facts" else frames[name] for name in frames}
    tables = {name: frame for name, frame in known.items() if name in PROGRAMME}
    return Programme.from_frames(read_definition(layout.folder / layout.programme), tables, files=files)


def programme_problems(
    layout: Layout, frames: Mapping[str, pd.DataFrame], parts: Mapping[str, Sequence[Part]]
) -> list[Problem]:
    """What the programme's own checks find, at the rows of the raw files."""
    try:
        build_programme(layout, frames)
    except InputError as error:
        by_file = {layout.tables[name].label: (name, read) for name, read in parts.items() if name in PROGRAMME}
        return [_placed(problem, layout, by_file) for problem in error.problems]
    return []


def _placed(problem: Problem, layout: Layout, by_file: Mapping[str, tuple[str, Sequence[Part]]]) -> Problem:
    """Give a problem of a tidy table the row and column of the raw file, where one file holds the table."""
    name, read = by_file.get(str(problem.file), ("", ()))
    if problem.row is None or len(read) != 1 or problem.column not in TABLES[name].names:
        return problem
    part = read[0]
    position = int(part.tidy.frame.index[problem.row - 2])
    row = int(part.tidy.rows[position]) if part.tidy.numbered else None
    column = layout.tables[name].columns.get(str(problem.column), problem.column)
    return replace(problem, file=part.tidy.file, row=row, column=column)


def at_rows(error: InputError, parts: Mapping[str, Sequence[Part]]) -> InputError:
    """Return an error about municipality codes with the first row of the raw files that has each."""
    found = []
    for problem in error.problems:
        rows = (row for found_in in parts.values() for row in _rows_of(str(problem.value), found_in))
        file, row, column = next(rows, (problem.file, problem.row, problem.column))
        found.append(problem if problem.file else replace(problem, file=file, row=row, column=column))
    return type(error)(found)


def _rows_of(code: str, parts: Sequence[Part]) -> Iterator[tuple[str, int | None, str | None]]:
    for part in parts:
        if "municipality" in part.tidy.frame:
            for place in part.tidy.frame.index[part.tidy.frame["municipality"] == code]:
                row = int(part.tidy.rows[int(place)]) if part.tidy.numbered else None
                yield part.file, row, part.tidy.columns.get("municipality", "municipality")
