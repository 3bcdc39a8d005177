"""Empty workbooks for what is typed by hand: a sheet for each table, and one that explains the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluation.language import Words
from evaluation.tables import TABLES, Column

FORMS: Mapping[str, tuple[str, ...]] = {
    "participants.xlsx": ("projects", "participation", "networks", "gatherings", "cases", "earlier"),
    "targets.xlsx": ("targets",),
}
"""The workbooks, and the tables each has a sheet for."""

EXPLAINED = {"nb": "Forklaring", "nn": "Forklaring", "en": "Explanation"}
_HEADINGS = {
    "nb": ("ark", "kolonne", "hva som skal stå her", "må fylles ut", "tillatt"),
    "nn": ("ark", "kolonne", "kva som skal stå her", "må fyllast ut", "tillate"),
    "en": ("sheet", "column", "what goes here", "must be filled in", "allowed"),
}


@dataclass(frozen=True)
class Explained:
    """What is said of a column: what it is, whether a row needs it, and what is allowed."""

    meaning: str
    needed: bool
    allowed: str


def explained(column: Column, words: Words) -> Explained:
    """Say in words what goes into a column."""
    name, _, number = column.name.rpartition("_") if column.name.startswith("item_") else (column.name, "", "")
    meaning = words.plain(words.term(f"meaning.{name}"), number=number)
    allowed = ", ".join(column.known)
    if not allowed and column.low is not None:
        above = {"nb": "{low} eller mer", "nn": "{low} eller meir", "en": "{low} or more"}[words.language]
        allowed = f"{column.low:g}–{column.high:g}" if column.high is not None else above.format(low=f"{column.low:g}")
    return Explained(meaning, not (column.nullable or column.optional), allowed)


def form(tables: Sequence[str], words: Words) -> bytes:
    """Return a workbook with an empty sheet for each table, under its name, and a sheet that explains the columns."""
    import openpyxl
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    from evaluation.demo.files import fixed_bytes

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    told = [_HEADINGS[words.language]]
    for table in tables:
        sheet = book.create_sheet(table)
        sheet.append(list(TABLES[table].names))
        sheet.freeze_panes = "A2"
        for place, column in enumerate(TABLES[table].columns, start=1):
            letter = get_column_letter(place)
            sheet.column_dimensions[letter].width = max(14, len(column.name) + 4)
            # Codes such as 0301 and values such as 1-5 stay what is typed.
            for number in range(2, 202 if column.kind in ("municipality", "text", "code") else 2):
                sheet[f"{letter}{number}"].number_format = "@"
            if column.known:
                listed = DataValidation("list", formula1=f'"{",".join(column.known)}"', allow_blank=column.nullable)
                sheet.add_data_validation(listed)
                listed.add(f"{letter}2:{letter}1000")
            said = explained(column, words)
            needed = words.term("yes" if said.needed else "no")
            told.append((table, column.name, said.meaning, needed, said.allowed))
    sheet = book.create_sheet(EXPLAINED[words.language])
    for row in told:
        sheet.append(row)
    for letter, width in zip("ABCDE", (16, 20, 60, 16, 50), strict=True):
        sheet.column_dimensions[letter].width = width
    for one in book.worksheets:
        for cell in one[1]:
            cell.font, cell.alignment = Font(bold=True), Alignment(vertical="top")
    return fixed_bytes(book)
