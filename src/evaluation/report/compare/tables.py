"""Which rows and cells of an exhibit's data differ between two reports.

Rows are recognised by the columns that name them (text and whole numbers), so that an inserted row changes no other.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.report.compare.findings import alike
from evaluation.texts import MISSING, WITHHELD

MARKS = {"", "nan", WITHHELD, MISSING}
"""Cells without a number in a column of numbers."""


@dataclass(frozen=True)
class CellChange:
    """A cell that differs: the row by its naming cells, the column, and what stood and stands there."""

    row: str
    column: str
    before: str
    after: str

    @property
    def size(self) -> float:
        """The change as a share of the larger number; 1 where there is no number on one side."""
        one, other = _number(self.before), _number(self.after)
        if one is None or other is None:
            return 1.0
        return abs(one - other) / (max(abs(one), abs(other)) or 1.0)

    @property
    def withheld(self) -> bool:
        """Whether the cell is withheld in one report and shown in the other."""
        return (self.before == WITHHELD) != (self.after == WITHHELD)


@dataclass(frozen=True)
class TableChange:
    """How two tables differ: rows and columns only one has, cells of common rows that differ, of how many."""

    rows_gone: int = 0
    rows_new: int = 0
    columns_gone: tuple[str, ...] = ()
    columns_new: tuple[str, ...] = ()
    cells: tuple[CellChange, ...] = ()
    compared: int = 0

    def __bool__(self) -> bool:
        return bool(self.rows_gone or self.rows_new or self.columns_gone or self.columns_new or self.cells)

    @property
    def withheld(self) -> int:
        """How many cells are withheld in one report and shown in the other."""
        return sum(cell.withheld for cell in self.cells)

    @property
    def largest(self) -> CellChange | None:
        """The cell that changed most as a share of its number; one withheld in only one report comes first."""
        return max(self.cells, key=lambda cell: (cell.withheld, cell.size), default=None)


def changed_table(before: Path, after: Path, *, tolerance: float = 0.0) -> TableChange:
    """Compare two CSV files; numbers that differ by at most `tolerance` of the larger are equal."""
    old, new = _read(before), _read(after)
    old_names, new_names = list(old[0]) if old else [], list(new[0]) if new else []
    shared = [name for name in old_names if name in new_names]
    naming = _naming(shared, old, new)
    old_rows, new_rows = _by_name(old, naming), _by_name(new, naming)
    common = [name for name in old_rows if name in new_rows]
    measured = [name for name in shared if name not in naming]
    cells = [
        CellChange(_called(row), column, old_rows[row][column], new_rows[row][column])
        for row in common
        for column in measured
        if not _alike(old_rows[row][column], new_rows[row][column], tolerance)
    ]
    return TableChange(
        len(old_rows) - len(common),
        len(new_rows) - len(common),
        tuple(name for name in old_names if name not in new_names) if new else (),
        tuple(name for name in new_names if name not in old_names) if old else (),
        tuple(cells),
        len(common) * len(measured),
    )


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: cell or "" for name, cell in row.items()} for row in csv.DictReader(file)]


def _naming(shared: Sequence[str], *tables: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the fewest columns, text before whole numbers, that tell the rows of each table apart."""
    kinds = {name: _kind([row[name] for table in tables for row in table]) for name in shared}
    candidates = [name for kind in ("text", "whole") for name in shared if kinds[name] == kind]
    chosen: list[str] = []

    def told_apart(names: Sequence[str]) -> list[int]:
        return [len({tuple(row[name] for name in names) for row in table}) for table in tables]

    for name in candidates:
        if chosen and told_apart(chosen) == [len(table) for table in tables]:
            break
        if not chosen or told_apart([*chosen, name]) != told_apart(chosen):
            chosen.append(name)
    return chosen


def _kind(cells: Sequence[str]) -> str:
    present = [cell for cell in cells if cell not in MARKS]
    if any(_number(cell) is None for cell in present):
        return "text"
    return "whole" if present and all(cell.lstrip("-").isdigit() for cell in present) else "measured"


def _by_name(rows: Sequence[Mapping[str, str]], naming: Sequence[str]) -> dict[tuple[str, ...], Mapping[str, str]]:
    """Return the rows by the cells that name them, and by how many of the name came before."""
    found: dict[tuple[str, ...], Mapping[str, str]] = {}
    counts: dict[tuple[str, ...], int] = {}
    for row in rows:
        name = tuple(row[column] for column in naming)
        counts[name] = counts.get(name, -1) + 1
        found[*name, str(counts[name])] = row
    return found


def _called(row: tuple[str, ...]) -> str:
    """Return the cells that name a row, or its place; where others have the name, both."""
    name, place = ", ".join(row[:-1]), int(row[-1])
    return f"{name} ({place + 1})".strip() if place or not name else name


def _alike(one: str, other: str, tolerance: float) -> bool:
    if one == other:
        return True
    numbers = _number(one), _number(other)
    return None not in numbers and alike(*numbers, tolerance)


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
