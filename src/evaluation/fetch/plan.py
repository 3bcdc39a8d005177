"""What a table costs to fetch: its cells, and the requests they are split into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

from evaluation.fetch.select import Variable

Selection = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Plan:
    """What is to be fetched of a table.

    Attributes
    ----------
    table, title, updated, source : str
        `updated` is when the producer last changed the table.
    variables : tuple of Variable
    selection : dict
        Codes asked for by variable; variables left out give their total.
    limit : int
        Cells the server gives in one answer.
    """

    table: str
    title: str
    updated: str
    source: str
    variables: tuple[Variable, ...]
    selection: Selection
    limit: int

    @property
    def cells(self) -> int:
        """Cells of the whole, empty ones included."""
        return cells(self.selection)

    @property
    def parts(self) -> tuple[Selection, ...]:
        """The selections of the requests, none above the limit, in the table's order."""
        return tuple(_parts(self.selection, self.limit))

    def __str__(self) -> str:
        lines = [f"{self.table}: {self.title}", f"  last updated {self.updated}"]
        for variable in self.variables:
            taken = self.selection.get(variable.code)
            if taken is None:
                how = f"left out, the table gives the total; --select '{variable.code}=*' for its values"
            else:
                ends = taken[0] if len(taken) == 1 else f"{taken[0]} to {taken[-1]}"
                how = f"{len(taken)} of {len(variable.values)} values ({ends})"
            lines.append(f"  {variable.code} ({variable.label}): {how}")
        requests = len(self.parts)
        lines.append(f"  {self.cells:,} cells in {requests} request{'s' if requests > 1 else ''}")
        return "\n".join(lines)


def cells(selection: Selection) -> int:
    """Return how many cells a selection has."""
    return prod(len(codes) for codes in selection.values())


def _parts(selection: Selection, limit: int) -> Iterator[Selection]:
    """Split along the variable with the most values, and again along the next where that is not enough."""
    total = cells(selection)
    if total <= limit:
        yield selection
        return
    longest = max(selection, key=lambda code: len(selection[code]))
    codes = selection[longest]
    size = max(1, limit * len(codes) // total)
    for start in range(0, len(codes), size):
        yield from _parts({**selection, longest: codes[start : start + size]}, limit)
