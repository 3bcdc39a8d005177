"""What spreadsheets and statistics put where a value is meant: error values, dates, totals, years among quarters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.municipalities.places import as_yaml, leave_out
from evaluation.sources import as_text, months, quarters, years
from evaluation.tables.column import Column
from evaluation.tables.keys import LAYOUT

if TYPE_CHECKING:
    from evaluation.tables.collect import Problems

_ERRORS = r"#(?:DIV/0!|N/A|I/T|REF!|VALUE!|VERDI!|NAME\?|NAVN\?|NUM!|TALL!|NULL!|SPILL!|OVERFLYT!|GETTING_DATA|#+)"
_SUM = "A year is the sum of its quarters. "
_MONTHS = "jan|feb|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|des|dec"
_TURNED = rf"(?i)\d{{1,2}}[.\-](?:{_MONTHS})\.?(?:[.\-]\d{{2,4}})?|(?:{_MONTHS})[.\-]\d{{2,4}}"
TOTALS = (
    "begge kjønn",
    "begge",
    "i alt",
    "ialt",
    "totalt",
    "total",
    "sum",
    "alle",
    "both sexes",
    "all",
    "samlet",
    "samla",
)


def spreadsheet_errors(column: str, cells: pd.Series, problems: Problems) -> pd.Series:
    """Report the error values of a spreadsheet; return where they are."""
    found = as_text(cells).str.fullmatch(_ERRORS)
    remedy = "Correct the formula in the spreadsheet, or clear the cell"
    problems.add(found, "an error of the spreadsheet, not a value", remedy, column, cells)
    return found


def turned_into_dates(column: Column, name: str, cells: pd.Series, problems: Problems) -> pd.Series:
    """Report cells that a spreadsheet has made dates of, such as 01.mai of 1-5; return where they are."""
    if column.kind == "date":
        return pd.Series(False, index=cells.index)
    found = as_text(cells).str.fullmatch(_TURNED)
    if cells.dtype == object:
        found |= cells.map(lambda cell: isinstance(cell, (date, datetime)) and cell is not pd.NaT).astype("bool")
    what = "a date where none is meant: a spreadsheet makes 01.mai of 1-5"
    problems.add(found, what, "Format the column as text, and type the value again", name, cells)
    return found


def totals(text: pd.Series) -> pd.Series:
    """Mask of the words that stand for all codes together."""
    return text.str.casefold().isin(TOTALS)


def map_it(table: str, column: str, words: Iterable[str], word: str) -> str:
    """Return the remedy for a word that is no code: the line that says which code it means."""
    line = f"`values: {{{column}: {{{as_yaml(word)}: CODE}}}}` under the table {table} in {LAYOUT}"
    return f"Correct it, or say which code it means: {line}. Known: {', '.join(dict.fromkeys(words))}"


def other_period(column: Column, text: pd.Series) -> tuple[pd.Series, str, str | Callable[[str], str]]:
    """Return where a column of quarters holds whole years, or the other way round; what that is, and a remedy."""
    if column.kind == "quarter":
        return ~years(text)[1], "a year among quarters", lambda word: _SUM + leave_out("quarter", [word])
    inside = ~quarters(text)[1] | months(text).notna()
    return inside, "a quarter or month among years", "Sum them to years before, or leave these rows out"


def excluded(text: pd.Series, words: tuple[str, ...]) -> pd.Series:
    """Mask of the cells that are one of the words, or begin with it as the code before a name."""
    wanted = {_same(word) for word in words}
    found = {one: _same(one) in wanted or _same(one.partition(" ")[0]) in wanted for one in text.unique()}
    return text.map(found).astype("bool")


def _same(word: str) -> str:
    folded = " ".join(word.split()).casefold()
    return str(int(folded)) if folded.isascii() and folded.isdigit() else folded
