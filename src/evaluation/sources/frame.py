"""Rows of cells to a frame: where the column names stand, which rows are the table's, and what stands below it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from evaluation.errors import InputError, Note, Problem

Row = Sequence[Any]

_LOOKED_AT = 40
_SHOWN = 12
# A figure by itself; `1-3 dager` is a column's name.
_FIGURE = re.compile(r"[-+]?\d[\d\s.,]*[%*]?")
_FOOTER = re.compile(
    r"(?:kilder?|kjelder?|sources?|notes?|merk(?:nad(?:er|ar)?)?|fotnoter?|footnotes?|forklaring(?:er|ar)?|tegnforklaring"
    r"|standardtegn|standardteikn|sist (?:oppdatert|endret|endra)|oppdatert|last updated|eksportert|exported|copyright"
    r"|©|\*+|\d\))(?:[\s:.=].*)?",
    re.IGNORECASE | re.DOTALL,
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


def label(text: object) -> str:
    """Return a column's name as it is compared: one Unicode form, every kind of space and line break one space."""
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", str(text))).split())


def text_of(cell: Any) -> str:
    """Return a cell as trimmed text, blank if there is nothing in it."""
    return "" if cell is None else str(cell).strip()


def footer(rows: Sequence[Row]) -> int:
    """Return how many rows at the end are not the table's: from one that begins with a word such as `Kilde:` on."""
    first = len(rows)
    for place in range(len(rows) - 1, -1, -1):
        filled = [text_of(cell) for cell in rows[place]]
        if any(filled[1:]):
            break
        if _FOOTER.fullmatch(filled[0] if filled else ""):
            first = place
    return len(rows) - first


def header_row(rows: Sequence[Row]) -> int | None:
    """Return the row, from 0, that looks like the column names: the last with several words above the first figures."""
    for place, row in enumerate(rows[:_LOOKED_AT]):
        filled = [text_of(cell) for cell in row if text_of(cell)]
        if len(filled) > 1 and any(_FIGURE.fullmatch(cell) for cell in filled[1:]):
            above = [number for number in range(place) if sum(bool(text_of(cell)) for cell in rows[number]) > 1]
            return above[-1] if above else None
    return None


def misplaced(rows: Sequence[Row], header: int, name: str) -> Problem | None:
    """Return the problem of column names that stand further down than the `header` says, below titles or merged cells.

    `rows` begin at the row of the header.
    """
    found = header_row(rows)
    if not found:
        return None
    row = header + found
    named = [label(cell) for cell in rows[found] if text_of(cell)]
    shown = ", ".join(named[:_SHOWN]) + (f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else "")
    remedy = f"Row {row} looks like the column names ({shown}): add `header: {row}`, and the rows above it are skipped"
    return Problem("the column names are not in this row, which is a title or has merged cells", remedy, name, header)


def table(
    rows: Sequence[tuple[int, Row]], names: Row, name: str, header: int, kind: str
) -> tuple[pd.DataFrame, list[Note]]:
    """Return the columns under their names and what was done to the names; nameless empty columns are left out.

    Parameters
    ----------
    rows : the row as a spreadsheet counts it, and its cells: as many as there are names.
    kind : the pandas dtype of the cells, "str" or "object".

    Raises
    ------
    InputError
        If a name is doubled, or missing above values.
    """
    index = pd.Index([number for number, _ in rows], dtype="int64")
    columns = list(zip(*(row for _, row in rows), strict=True)) or [()] * len(names)
    cleaned = ["" if one is None else label(one) for one in names]
    kept = [
        (one, pd.Series(list(cells), index=index, dtype=kind))
        for one, cells in zip(cleaned, columns, strict=True)
        if one or any(text_of(cell) for cell in cells)
    ]
    counts = Counter(one for one, _ in kept)
    problems = [
        Problem("two columns have the same name", "Rename one of them", name, header, one)
        if one
        else Problem("a column with values has no name", "Name it in the header, or remove it", name, header)
        for one, count in counts.items()
        if count > 1 or not one
    ]
    if problems:
        raise InputError(problems)
    changed = [one for one, raw in zip(cleaned, names, strict=True) if one and one != str(raw).strip(" ")]
    notes = [Note("header_spaces", name, len(changed), changed[0], header)] if changed else []
    return pd.DataFrame(dict(kept), index=index), notes
