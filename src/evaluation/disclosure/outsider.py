"""What an outsider can work out: every number released, put together, bounds each withheld count by linear programming.

The outsider knows that counts are not negative, and every number released; nothing of what a withheld count might be
(the assumption of the cell suppression problem: Fischetti and Salazar 2001, Management Science 47(7)).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evaluation.disclosure.bounds import Bounds, Knowns, around
from evaluation.disclosure.counts import Counted, counted, told
from evaluation.disclosure.rule import PRIMARY
from evaluation.disclosure.space import Term, Whole, atoms
from evaluation.errors import InputError, Problem

NEAR = 1e-9
"""How far a released number may be from the count, relative to it: the CSV has ten digits."""
SLACK = 1e-3
"""How much narrower than its limit an interval may be, as a share of it, for the rounding of numbers and solver."""


@dataclass(frozen=True)
class Statement:
    """What a released number says: a sum of counts lies between two values."""

    terms: tuple[Term, ...]
    lower: float
    upper: float
    source: str


@dataclass(frozen=True)
class Protected:
    """A count withheld for what it is itself, and how wide the interval must stay that it can be bounded by."""

    measure: str
    cell: Whole
    limit: float
    source: str

    def __str__(self) -> str:
        return f"{self.measure} ({told(self.cell)})"


@dataclass(frozen=True)
class Leak:
    """A withheld count that can be bounded too closely, and the exhibits whose numbers do it.

    Its interval, `lower` to `upper`, is as secret as the count: no message shows it.
    """

    protected: Protected
    lower: float = field(repr=False)
    upper: float = field(repr=False)
    sources: tuple[str, ...] = ()

    def __str__(self) -> str:
        sources = ", ".join(self.sources) or "the numbers shown"
        return f"{self.protected}, withheld in {self.protected.source}, can be worked out from {sources}"


@dataclass(frozen=True)
class Attack:
    """What an attack found: the number of `statements` used and of counts `protected`, and the leaks.

    `narrowest` is the least width of an interval relative to what it must be (1 or more is safe), None when nothing is
    protected.
    """

    statements: int
    protected: int
    narrowest: float | None
    leaks: tuple[Leak, ...]

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain data, without what is protected; a width of 1000 or more is given as 1000."""
        narrowest = None if self.narrowest is None else round(min(self.narrowest, 1000.0), 2)
        made = {"statements": self.statements, "protected": self.protected, "narrowest": narrowest}
        return {**made, "leaks": [str(leak) for leak in self.leaks]}


def attack(*reports: Mapping[str, Mapping[str, Any]]) -> Attack:
    """Try to bound every withheld count by all that was released.

    Parameters
    ----------
    reports
        The exhibits of one report, or of several that the same people may read (a midterm and a final): by the
        exhibit's name what its bundle holds, of which `csv` and `disclosure` are used.

    Raises
    ------
    InputError
        The released numbers contradict each other: two exhibits call different things by one measure.
    """
    statements: dict[object, Statement] = {}
    protected: dict[object, Protected] = {}
    known: dict[str, frozenset[str]] = {}
    for name, content in (item for report in reports for item in report.items()):
        account = content.get("disclosure") or {}
        if "counts" not in account:
            continue
        found = counted(account)
        known |= {one: known.get(one, frozenset()) | values for one, values in found.known.items()}
        rows = list(csv.DictReader(io.StringIO(content["csv"])))
        for said in _statements(found, rows, name):
            terms = tuple((term.measure, frozenset(term.cell.items()), term.coefficient) for term in said.terms)
            statements.setdefault((terms, said.lower, said.upper), said)
        for secret in _protected(found, rows, account["why"], name):
            protected.setdefault((secret.measure, frozenset(secret.cell.items()), secret.limit), secret)
    return bound(list(statements.values()), list(protected.values()), known)


def bound(
    statements: Sequence[Statement], protected: Sequence[Protected], known: Mapping[str, Iterable[str]]
) -> Attack:
    """Return what follows from the statements for each protected count; see `attack`."""
    if not protected:
        return Attack(len(statements), 0, None, ())
    # Where the parts shown do not make up the whole, there are others that nobody named.
    found = _bounds(statements, protected, known, closed=True) or _bounds(statements, protected, known, closed=False)
    if not found:
        names = sorted({one.source for one in statements})
        remedy = "Give what is counted differently a measure, or a scope, of its own."
        raise InputError(Problem(f"Released numbers contradict each other, among them {', '.join(names)}", remedy))
    widths = [(one, ends, ends.upper - ends.lower) for one, ends in zip(protected, found, strict=True)]
    leaks = tuple(
        Leak(one, ends.lower, ends.upper, tuple(dict.fromkeys(statements[row].source for row in ends.rows)))
        for one, ends, width in widths
        if width < one.limit * (1 - SLACK)
    )
    narrowest = min(width / one.limit for one, _, width in widths)
    return Attack(len(statements), len(protected), float(narrowest), leaks)


def _bounds(
    statements: Sequence[Statement], protected: Sequence[Protected], known: Mapping[str, Iterable[str]], closed: bool
) -> list[Bounds]:
    """Return the bounds of each protected count; none where what was released contradicts itself."""
    said = [said.terms for said in statements]
    forms = atoms([*said, *((Term(one.measure, one.cell),) for one in protected)], known, closed=closed)
    lower, upper = (np.array([getattr(said, end) for said in statements]) for end in ("lower", "upper"))
    knowns = Knowns(forms[: len(said)], lower, upper)
    found = []
    for place, one in enumerate(protected, start=len(said)):
        ends = knowns.bounds(forms[[place]], one.limit)
        if ends is None:
            return []
        found.append(ends)
    return found


def _statements(found: Counted, rows: Sequence[Mapping[str, str]], name: str) -> Iterator[Statement]:
    for count in found.counts:
        for cell, row in zip(count.cells, rows, strict=True):
            value = _number(row.get(count.column))
            if cell is not None and value is not None:
                lower, upper = around([value * count.scale], NEAR)
                ends = (float(lower[0]), np.inf if count.at_least else float(upper[0]))
                yield Statement((Term(count.measure, cell),), *ends, name)
    for ratio in found.ratios:
        for part, whole, row in zip(ratio.part.cells, ratio.whole.cells, rows, strict=True):
            value = _number(row.get(ratio.column))
            # Where the counts are shown too, the rate says nothing that they do not.
            both = _number(row.get(ratio.part.column)) is not None and _number(row.get(ratio.whole.column)) is not None
            if part is not None and whole is not None and value is not None and not both:
                # scale x part = value x whole, the value being rounded.
                parts, reach = Term(ratio.part.measure, part, ratio.scale), NEAR * max(abs(value), 1e-3)
                high = (parts, Term(ratio.whole.measure, whole, -(value + reach)))
                low = (parts, Term(ratio.whole.measure, whole, -(value - reach)))
                yield Statement(high, -np.inf, 0.0, name)
                yield Statement(low, 0.0, np.inf, name)


def _protected(found: Counted, rows: Sequence[Mapping[str, str]], why: Sequence[str], name: str) -> Iterator[Protected]:
    for count in found.counts:
        for cell, row, reason in zip(count.cells, rows, why, strict=True):
            hidden = _number(row.get(count.column)) is None
            if cell is not None and reason in PRIMARY and hidden and count.limit and not count.at_least:
                yield Protected(count.measure, cell, count.limit, name)


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None
