"""A released result as a table: formatted cells for readers, and the same data as CSV for machines."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from evaluation.disclosure import Released
from evaluation.errors import InputError, Problem
from evaluation.language import Words
from evaluation.texts import MISSING, WITHHELD, Passage, Text, three

Heading = str | Text | Passage

# Columns that count something read as whole numbers unless the caller says otherwise.
_WHOLE = frozenset(
    [
        "agreed_days",
        "lost_days",
        "self_certified_days",
        "doctor_certified_days",
        "days_1_3",
        "days_4_10",
        "days_11_40",
        "days_over_40",
        "man_years",
        "persons",
        "employees",
        "positions",
        "municipalities",
        "population",
        "projects",
        "rows",
        "n",
        "clusters",
        "count",
    ]
)
# Before what a spreadsheet takes for a formula, full-width signs too, at the start of a text or of a part of it.
_FORMULA = re.compile("(?:^|(?<=;))(?=\\s*[=+@\uff1d\uff0b\uff0d\uff20-]|[\t\r])")
_P_VALUES = frozenset(["p_value", "p_holm", "p_fdr"])
_ALT = three(
    "Tabell, {rows} × {count}. Kolonner: {columns}.",
    "Tabell, {rows} × {count}. Kolonnar: {columns}.",
    "Table, {rows} × {count}. Columns: {columns}.",
)


@dataclass(frozen=True)
class Table:
    """A table ready to print: headings, alignment ("left" or "right") and cells as text in one language."""

    header: tuple[str, ...]
    align: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def alt(self, words: Words) -> str:
        """Return what the table holds, in a sentence."""
        return words.plain(_ALT, rows=len(self.rows), count=len(self.header), columns=list(self.header))

    def html(self) -> str:
        """Return the rows as HTML, headings with scope, everything escaped."""
        head = "".join(_cell("th", text, side, "col") for text, side in zip(self.header, self.align, strict=True))
        body = []
        for row in self.rows:
            cells = [
                _cell("th" if place == 0 and side == "left" else "td", text, side, "row")
                for place, (text, side) in enumerate(zip(row, self.align, strict=True))
            ]
            body.append(f"<tr>{''.join(cells)}</tr>")
        return f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>"


def table(
    released: Released,
    words: Words,
    *,
    columns: Mapping[str, Heading] | Sequence[str],
    decimals: Mapping[str, int] | None = None,
) -> Table:
    """Return the chosen columns as a table in the language of `words`.

    Withheld cells read ':' and missing ones '..'; numbers stand to the right with one decimal, or `decimals`; counts
    and years are whole. A text that has a label is shown by it.
    """
    headings = dict(columns) if isinstance(columns, Mapping) else {column: column for column in columns}
    places = dict(decimals or {})
    unknown = [name for name in headings if name not in released.data] + [
        name for name in places if name not in headings
    ]
    if unknown or not headings:
        remedy = f"It has {', '.join(map(str, released.data.columns))}."
        raise InputError(
            [Problem("The table has no such column", remedy, column=name) for name in unknown or ["(none)"]]
        )
    cells = [_column(released, name, words, places.get(name)) for name in headings]
    align = tuple("right" if _is_number(released.data[name]) else "left" for name in headings)
    header = tuple(words.heading(heading) for heading in headings.values())
    return Table(header, align, tuple(zip(*cells, strict=True)))


def to_csv(released: Released) -> str:
    """Return the whole released result as CSV: UTF-8, comma, decimal point; withheld ':', missing empty.

    Numbers are left as they are. A text that a spreadsheet would run as a formula, because it begins with = + - @ or a
    tab, is made harmless by a leading apostrophe; so is what follows a semicolon, where a Norwegian spreadsheet cuts.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [str(column) for column in released.data.columns]
    writer.writerow([_harmless(column) for column in columns])
    withheld, protected = released.withheld.to_numpy(), set(released.protected)
    for hidden, row in zip(withheld, released.data.itertuples(index=False, name=None), strict=True):
        cells = zip(columns, row, strict=True)
        writer.writerow([WITHHELD if hidden and name in protected else _machine(value) for name, value in cells])
    return out.getvalue()


def _column(released: Released, name: str, words: Words, decimals: int | None) -> list[str]:
    column = released.data[name]
    whole = pd.api.types.is_integer_dtype(column) or name in _WHOLE
    places = decimals if decimals is not None else 0 if whole else 1
    year = whole and (name == "year" or name.endswith("_year"))
    hidden = released.withheld if name in released.protected else pd.Series(False, index=column.index)
    return [
        WITHHELD if withheld else _shown(value, name, words, places, year)
        for value, withheld in zip(column, hidden, strict=True)
    ]


def _shown(value: Any, name: str, words: Words, places: int, year: bool) -> str:
    if not isinstance(value, Mapping) and pd.isna(value):
        return MISSING
    if isinstance(value, (bool, pd.api.typing.NAType)) or type(value).__name__ == "bool":
        return words.label("yes" if value else "no")
    if isinstance(value, (str, Mapping)) or hasattr(value, "year"):
        return words.cell(name, value)
    if name in _P_VALUES:
        return words.p_value(value)
    return str(int(value)) if year else words.number(value, places)


def _machine(value: Any) -> str:
    if not isinstance(value, Mapping) and pd.isna(value):
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, (int, bool)):
        return str(value)
    return _harmless(value.date().isoformat() if isinstance(value, pd.Timestamp) else str(value))


def _harmless(text: str) -> str:
    return _FORMULA.sub("'", text)


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _cell(tag: str, text: str, side: str, scope: str) -> str:
    marked = f' scope="{scope}"' if tag == "th" else ""
    return f'<{tag}{marked} style="text-align:{side}">{html.escape(text)}</{tag}>'
