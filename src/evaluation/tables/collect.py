"""Collecting what is wrong with a file, and what was done to it, cell by cell: alike ones are told together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evaluation.errors import Note, Problem
from evaluation.sources import Raw, as_text

SHOWN_ALIKE = 5


@dataclass
class Problems:
    """Collects the problems and notes of one file; alike ones are shown a few times and counted."""

    raw: Raw
    found: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def add(
        self,
        rows: np.ndarray | Sequence[bool] | pd.Series,
        what: str,
        remedy: str | Callable[[str], str],
        column: str,
        values: pd.Series,
    ) -> None:
        """Add a problem for the rows marked true, with the value of each distinct one, which a remedy may repeat."""

        def what_to_do(word: str) -> str:
            return remedy if isinstance(remedy, str) else remedy(word)

        at = np.flatnonzero(np.asarray(rows))
        if not len(at):
            return
        shown = as_text(values.iloc[at])
        firsts = np.flatnonzero(~shown.duplicated().to_numpy())
        several = [f" (in {int((shown == shown.iloc[first]).sum())} rows)" for first in firsts[:SHOWN_ALIKE]]
        for first, times in zip(firsts[:SHOWN_ALIKE], several, strict=True):
            again = "" if times == " (in 1 rows)" else times
            word = shown.iloc[first]
            self.found.append(self.one(f"{what}{again}", what_to_do(word), column, int(at[first]), word))
        if len(firsts) > SHOWN_ALIKE:
            more = f"{what}: {len(firsts) - SHOWN_ALIKE} more values like these"
            self.found.append(Problem(more, what_to_do("WORD"), self.raw.file, column=column))

    def one(self, what: str, remedy: str, column: str, position: int, value: object) -> Problem:
        """Return the problem of one cell."""
        return Problem(what, remedy, self.raw.file, self.row(position), column, value)

    def row(self, position: int) -> int | None:
        """Return a position of the frame as the row of a spreadsheet, where the file has rows."""
        return int(self.raw.frame.index[position]) if self.raw.numbered else None

    def note(self, code: str, rows: pd.Series | np.ndarray, column: str, values: pd.Series) -> None:
        """Note what was done to the rows marked true, with the first of them."""
        at = np.flatnonzero(np.asarray(rows))
        if len(at):
            first = as_text(values.iloc[at[:1]]).iloc[0]
            self.notes.append(Note(code, self.raw.file, len(at), column, self.row(int(at[0])), first))
