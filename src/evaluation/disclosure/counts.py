"""What a released result counts: which people, man-years or days, in which municipalities, quarters, sectors, ...

A *cell* says for each dimension which base values it covers: one (a text), several (a set), or an interval of numbers
``(from, below)``. A dimension it does not name is covered whole. Populations are sets of municipality codes and windows
of time sets of quarters, so that cells of different exhibits, and of reports made at different times, can be put
together. `None` stands for a row that counts nothing that could be named (a synthetic control, a model result).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Value = str | frozenset[str] | tuple[float, float]
Cell = Mapping[str, Value] | None


@dataclass(frozen=True)
class Count:
    """A column of counts: of what (`measure`), and of which cell in each row.

    Attributes
    ----------
    measure : what is counted, such as ``positions.employees``. Cells of one measure that do not overlap add up.
    column : the column of the released data.
    cells : one for each row.
    limit : how wide the interval that an outsider finds for a withheld count must be; 0 where none is protected.
    scale : times the column's value is the count.
    at_least : the column holds a number that the count is not below (the smaller of two years).
    """

    measure: str
    column: str
    cells: tuple[Cell, ...]
    limit: float = 0.0
    scale: float = 1.0
    at_least: bool = False


@dataclass(frozen=True)
class Ratio:
    """A column of rates, shares or means: `scale` times the count of `part` by the count of `whole`, row by row."""

    column: str
    part: Count
    whole: Count
    scale: float = 100.0


@dataclass(frozen=True)
class Counted:
    """All that the rows of a released result count.

    `known` holds, by dimension, the values there are (the sectors, the sexes): they make up what a cell without the
    dimension covers.
    """

    counts: tuple[Count, ...] = ()
    ratios: tuple[Ratio, ...] = ()
    known: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def take(self, rows: Sequence[int]) -> Counted:
        """Return what those rows count, by position."""

        def some(count: Count) -> Count:
            return replace(count, cells=tuple(count.cells[row] for row in rows))

        ratios = tuple(replace(one, part=some(one.part), whole=some(one.whole)) for one in self.ratios)
        return replace(self, counts=tuple(map(some, self.counts)), ratios=ratios)

    def payload(self) -> dict[str, Any]:
        """Return it as plain data for the exhibit's bundle; a set of values is written once and referred to."""
        sets: dict[frozenset[str], int] = {}

        def value(one: Value) -> object:
            if isinstance(one, frozenset):
                return sets.setdefault(one, len(sets))
            return one if isinstance(one, str) else [end if end < float("inf") else None for end in one]

        def coded(count: Count) -> dict[str, Any]:
            cells = [
                None if cell is None else {name: value(cell[name]) for name in sorted(cell)} for cell in count.cells
            ]
            return {
                "measure": count.measure,
                "column": count.column,
                "limit": count.limit,
                "scale": count.scale,
                "at_least": count.at_least,
                "cells": cells,
            }

        counts = [coded(count) for count in self.counts]
        ratios = [
            {"column": one.column, "part": coded(one.part), "whole": coded(one.whole), "scale": one.scale}
            for one in self.ratios
        ]
        known = {name: sorted(values) for name, values in sorted(self.known.items())}
        return {"counts": counts, "ratios": ratios, "known": known, "sets": [sorted(one) for one in sets]}


def counted(payload: Mapping[str, Any]) -> Counted:
    """Return what a bundle's `payload` says is counted."""
    sets = [frozenset(one) for one in payload["sets"]]

    def value(one: Any) -> Value:
        if isinstance(one, list):
            return (float(one[0]), float("inf") if one[1] is None else float(one[1]))
        return one if isinstance(one, str) else sets[one]

    def count(one: Mapping[str, Any]) -> Count:
        cells = tuple(
            None if cell is None else {name: value(part) for name, part in cell.items()} for cell in one["cells"]
        )
        return Count(one["measure"], one["column"], cells, one["limit"], one["scale"], one["at_least"])

    ratios = tuple(
        Ratio(one["column"], count(one["part"]), count(one["whole"]), one["scale"]) for one in payload["ratios"]
    )
    known = {name: frozenset(values) for name, values in payload["known"].items()}
    return Counted(tuple(map(count, payload["counts"])), ratios, known)


def told(cell: Mapping[str, Value]) -> str:
    """Return a cell in words a researcher can find it by: ``sector health_care, year 2012, 42 municipality``."""

    def value(name: str, one: Value) -> str:
        if isinstance(one, str):
            return f"{name} {one}"
        if isinstance(one, tuple):
            return f"{name} {one[0]:g}-{one[1]:g}"
        return f"{name} {', '.join(sorted(one))}" if len(one) < 5 else f"{name} ({len(one)})"

    return ", ".join(value(name, cell[name]) for name in sorted(cell)) or "all"
