"""Outcomes that a study adds itself: declared in its `sources.yaml`, read and checked like every other table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluation.errors import Problem
from evaluation.language import labels
from evaluation.tables.column import Column, Table
from evaluation.tables.declare import TABLES
from evaluation.tables.keys import LAYOUT, in_three
from evaluation.texts import Text

OUTCOME_KEYS = ("name", "unit", "numerator", "denominator", "per")
UNIT = "unit."
"""What the label of an own unit begins with: the unit of the outcome `overtime` is `unit.overtime`."""

_MUNICIPALITY = Column("municipality", "municipality", "Municipality code of the time", "four digits")
_YEAR = Column("year", "year", "Year")
_CODE = re.compile("[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Outcome:
    """An outcome by municipality and year: `per` times a numerator divided by a denominator.

    Both are counts, so that municipalities that merge, and groups of them, are summed; a ratio is never averaged.

    Attributes
    ----------
    code : str
    name, unit : dict
        What it is called inside a sentence and what it is counted in, in nb, nn and en.
    numerator, denominator : str
        Columns of the table; neither is negative.
    per : float
        100 for "per 100".
    """

    code: str
    name: Text
    unit: Text
    numerator: str
    denominator: str
    per: float = 1.0

    @property
    def table(self) -> Table:
        """The declaration of its table: municipality, year and the two counts; a year is known when it has ended."""
        counts = [
            Column(column, "number", f"{column.replace('_', ' ').capitalize()}, of {self.name['en']}", low=0)
            for column in (self.numerator, self.denominator)
        ]
        columns = (_MUNICIPALITY, _YEAR, *counts)
        return Table(self.code, self.name["en"], columns, key=("municipality", "year"), dated="year_end")

    @property
    def labels(self) -> Mapping[str, Text]:
        """What reports call it, by label key: its name under its code, its unit under `unit.<code>`."""
        return {self.code: self.name, UNIT + self.code: self.unit}


def read_outcome(code: Any, given: Mapping[str, Any]) -> tuple[Outcome | None, list[Problem]]:
    """Return an outcome as `sources.yaml` declares it, or what is wrong with the declaration."""
    inside = f"outcomes: {code}"
    name, problems = in_three(given.get("name"), f"{inside}: name")
    unit, wrong = in_three(given.get("unit"), f"{inside}: unit")
    problems += wrong
    if not isinstance(code, str) or not _CODE.fullmatch(code) or code in TABLES or code in labels():
        remedy = "Use small letters, digits and _, and a name that is neither a table nor a label already"
        problems.append(Problem(f"`{code}` under outcomes cannot be the name of an outcome", remedy, LAYOUT))
    top, bottom = str(given.get("numerator", "")), str(given.get("denominator", ""))
    taken = {"municipality", "year", "group", "first_treated", "municipalities", code}
    if top == bottom or not all(_CODE.fullmatch(one) and one not in taken for one in (top, bottom)):
        remedy = "Name two columns of counts in small letters, digits and _, such as overtime_hours and employees"
        problems.append(Problem(f"`{inside}` has no numerator and denominator", remedy, LAYOUT, value=(top, bottom)))
    per = given.get("per", 1)
    if isinstance(per, bool) or not isinstance(per, int | float) or not 0 < per < float("inf"):
        what = f"`{inside}: per` is not a positive number"
        problems.append(Problem(what, "Write 100 for per cent", LAYOUT, value=per))
    if problems:
        return None, problems
    return Outcome(code, name, unit, top, bottom, float(per)), []
