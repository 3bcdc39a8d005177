"""Files to raw frames: encodings, separators, sheets. Cells stay as the file has them."""

from __future__ import annotations

import contextlib
import csv
import difflib
import io
import re
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.errors import InputError, Note, Problem, redact
from evaluation.sources.content import TEXTS, WORKBOOKS, contents, kind_of, refusing
from evaluation.sources.frame import footer, misplaced, table, text_of
from evaluation.sources.values import identity_line

SEPARATORS = {";": "semicolon", "\t": "tab", ",": "comma"}


@dataclass(frozen=True, repr=False)
class Raw:
    """The cells of one file (or one sheet) as found.

    Attributes
    ----------
    file : str
        How messages name the file.
    frame : DataFrame
        Cells as found: text, or the numbers and dates of a workbook. The index is the row as a spreadsheet counts it
        (header = row 1); for files without rows (JSON) it has no meaning and `numbered` is false.
    encoding : str
        Character encoding found, or the format of a file that has none.
    signs : dict
        Standard signs that stood beside a figure (JSON-stat2 `status`), counted.
    separator : str
        semicolon, tab or comma; empty for a file that has none.
    sheet : str
        The sheet of a workbook that was read.
    header : int
        The row of the column names; 0 for a file that has none.
    notes : tuple of Note
        What was done to the file on the way.
    """

    file: str
    frame: pd.DataFrame
    encoding: str
    numbered: bool = True
    signs: Mapping[str, int] = field(default_factory=dict)
    separator: str = ""
    sheet: str = ""
    header: int = 0
    notes: tuple[Note, ...] = ()

    def __repr__(self) -> str:
        columns = ", ".join(map(str, self.frame.columns))
        return redact(f"Raw({self.file}: {len(self.frame)} rows, {self.encoding}; columns: {columns})")


def missing_file(path: Path, *, name: str | None = None) -> Problem:
    """Return the problem of a file, or a pattern, that matches nothing, with what its folder holds instead."""
    folder = path.parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    held = sorted(p.name for p in folder.iterdir() if not p.name.startswith((".", "~$")))
    near = difflib.get_close_matches(path.name, held, n=1)
    listing = ", ".join(held[:15]) + (f" and {len(held) - 15} more" if len(held) > 15 else "")
    remedy = f"Did you mean {near[0]}? " if near else ""
    remedy += f"The folder {folder.name or folder} holds: {listing or 'nothing'}"
    return Problem("the file does not exist", remedy, file=name or str(path))


def read(path: str | Path, *, name: str | None = None, sheet: str | None = None, header: int = 1) -> Raw:
    """Read a raw file by its ending: .csv, .txt, .tsv, .xlsx, .xlsm, .json (JSON-stat2 or KLASS) or .parquet.

    A file compressed by gzip has .gz after that. A line such as `Kilde: SSB` below the table is left out and noted.

    Parameters
    ----------
    path : path
    name : str, optional
        How messages name the file; its base name by default.
    sheet : str, optional
        Sheet of a workbook; needed when it has several.
    header : int
        Row of the column names in a text file or a sheet, counted from 1; rows above it are passed over.

    Raises
    ------
    InputError
        If the file is missing (with what its folder holds) or its form is not one of these.
    """
    from evaluation.sources.statbank import read_json

    path = Path(path)
    name = name or path.name
    if not path.is_file():
        raise InputError(missing_file(path, name=name))
    kind = kind_of(path)
    if kind in WORKBOOKS:
        return _read_sheet(path, name, sheet, header)
    if sheet is not None:
        raise InputError(Problem("only a workbook has sheets", "Remove `sheet` for this file", file=name, value=sheet))
    if kind in TEXTS:
        return _read_text(contents(path, name), name, header)
    if header != 1:
        raise InputError(Problem("only text files and sheets have a header row", "Remove `header`", file=name))
    if kind == ".json":
        return read_json(contents(path, name), name)
    if kind == ".parquet":
        raw = contents(path, name)
        with refusing("the file is not readable Parquet", "Write it again; it may be cut short", name):
            frame = pd.read_parquet(io.BytesIO(raw)).reset_index(drop=True)
        frame.index = pd.RangeIndex(2, len(frame) + 2)
        return Raw(name, frame.rename(columns=str), "parquet")
    remedy = "Save it as .csv, .xlsx, .json (JSON-stat2 or KLASS) or .parquet"
    raise InputError(Problem(f"files ending in {kind or 'nothing'} cannot be read", remedy, file=name))


def decode(raw: bytes) -> tuple[str, str]:
    """Decode a text file; return the text and the encoding: utf-8, utf-8-sig, utf-16, latin-1 or cp1252."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16"), "utf-16"
    if raw.startswith(b"\xef\xbb\xbf"):
        return raw.decode("utf-8-sig"), "utf-8-sig"
    start = raw[:4000]
    if start.count(0) > len(start) // 4:
        endian = "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
        return raw.decode(endian), endian
    with contextlib.suppress(UnicodeDecodeError):
        return raw.decode("utf-8"), "utf-8"
    # The two differ in 0x80-0x9F only: signs such as the en dash in Windows, unprintable in Latin-1.
    with contextlib.suppress(UnicodeDecodeError):
        if re.search(rb"[\x80-\x9f]", raw):
            return raw.decode("cp1252"), "cp1252"
    return raw.decode("latin-1"), "latin-1"


def _separator(text: str) -> str:
    """Separator that splits the first lines into the most, and equally many, fields."""
    lines = [line for line in text[:20_000].splitlines()[:20] if line.strip()]
    best = (0, 0.0)
    found = ";"
    for separator in SEPARATORS:
        # Line by line, so that a quotation mark never closed spoils one of them only.
        widths = Counter(len(row) for line in lines for row in csv.reader([line], delimiter=separator))
        if not widths:
            break
        width, times = max(widths.items(), key=lambda item: (item[1] if item[0] > 1 else 0, item[0]))
        score = (times if width > 1 else 0, float(width))
        if score > best:
            best, found = score, separator
    return found


def _read_text(raw: bytes, name: str, header: int) -> Raw:
    try:
        text, encoding = decode(raw)
    except UnicodeDecodeError:
        raise InputError(
            Problem("the characters cannot be decoded", "Save the file as UTF-8 text", file=name)
        ) from None
    separator = _separator(text)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        remedy = "Look for a quotation mark that is never closed"
        raise InputError(Problem(f"the file is not well-formed CSV ({error})", remedy, file=name)) from None
    rows = rows[header - 1 :]
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise InputError(_nameless(rows, header, name))
    names, body = rows[0], rows[1:]
    below = footer(body)
    numbered = [(header + 1 + i, row) for i, row in enumerate(body[: len(body) - below]) if "".join(row).strip()]
    numbered = [(number, _trimmed(row, len(names))) for number, row in numbered]
    ragged = [(number, row) for number, row in numbered if len(row) != len(names)]
    if (ragged or not all(text_of(one) for one in names)) and (wrong := misplaced(rows, header, name)):
        raise InputError(wrong)
    if ragged:
        remedy = f"Fields are split at {SEPARATORS[separator]}; quote a field that holds one itself"
        message = "the row has {} fields, the header {}"
        raise InputError(Problem(message.format(len(row), len(names)), remedy, name, number) for number, row in ragged)
    frame, notes = table(numbered, names, name, header, "str")
    notes += _left_out(body, below, name, header)
    return Raw(name, frame, encoding, separator=SEPARATORS[separator], header=header, notes=tuple(notes))


def _nameless(rows: list[Any], header: int, name: str) -> Problem:
    plain = Problem("no column names", "The header must be in the row named by `header`", name, header)
    return misplaced(rows, header, name) or plain


def _trimmed(row: list[str], width: int) -> list[str]:
    """Leave out blank fields after the last column: some programs end every row with a separator."""
    return row if any(cell.strip() for cell in row[width:]) else row[:width]


def _left_out(body: list[Any], below: int, name: str, header: int) -> list[Note]:
    first = len(body) - below
    return [Note("footer", name, below, row=header + 1 + first, value=text_of(body[first][0]))] if below else []


def sheet_rows(path: Path, name: str, sheet: str | None, first: int) -> tuple[str, list[list[Any]]]:
    """Return the name of a workbook's sheet and its cells, row by row from row `first`.

    A cell formatted as a percentage holds 0.085 where people see 8.5 %: what they see is returned.
    """
    import openpyxl

    raw = contents(path, name)
    broken = "the workbook cannot be opened", "Open it in a spreadsheet program and save it anew as .xlsx", name
    with warnings.catch_warnings(), refusing(*broken):
        warnings.simplefilter("ignore", UserWarning)  # openpyxl: styles and validations it does not keep
        book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    try:
        with refusing(*broken):
            sheets = {one.title: one for one in book.worksheets}
        listed = f"The workbook has the sheets: {', '.join(sheets)}"
        if sheet is None and len(sheets) > 1:
            raise InputError(Problem("which sheet is not said", f"Add `sheet`. {listed}", file=name))
        if not sheets or (sheet is not None and sheet not in sheets):
            near = difflib.get_close_matches(str(sheet), list(sheets), n=1)
            remedy = f"Did you mean {near[0]}? {listed}" if near else listed
            raise InputError(Problem("the sheet does not exist", remedy, file=name, value=sheet))
        shown = sheet or next(iter(sheets))
        with warnings.catch_warnings(), refusing(*broken):
            warnings.simplefilter("ignore", UserWarning)
            return shown, [[_seen(cell) for cell in row] for row in sheets[shown].iter_rows(min_row=first)]
    finally:
        book.close()


def sheets_of(path: Path, name: str) -> list[str]:
    """Return the names of a workbook's sheets that hold anything."""
    import openpyxl

    with warnings.catch_warnings(), refusing("the workbook cannot be opened", "Save it anew as .xlsx", name):
        warnings.simplefilter("ignore", UserWarning)
        book = openpyxl.load_workbook(io.BytesIO(contents(path, name)), read_only=True, data_only=True)
        try:
            rows = {sheet.title: sheet.iter_rows(values_only=True) for sheet in book.worksheets}
            return [title for title, cells in rows.items() if any(text_of(cell) for row in cells for cell in row)]
        finally:
            book.close()


def _seen(cell: Any) -> Any:
    value = cell.value
    if isinstance(value, (int, float)) and not isinstance(value, bool) and "%" in str(cell.number_format):
        return round(100 * value, 10)
    return value


def _read_sheet(path: Path, name: str, sheet: str | None, header: int) -> Raw:
    shown, rows = sheet_rows(path, name, sheet, header)
    name = f"{name}, sheet {shown}"
    if not any(text_of(cell) for row in rows for cell in row):
        raise InputError(Problem("the sheet is empty", "Name another sheet, or another row as `header`", name))
    if not any(text_of(cell) for cell in rows[0]):
        raise InputError(_nameless(rows, header, name))
    width = max(len(row) for row in rows)
    rows = [row + [None] * (width - len(row)) for row in rows]
    names, body = rows[0], rows[1:]
    below = footer(body)
    numbered = [
        (header + 1 + i, row)
        for i, row in enumerate(body[: len(body) - below])
        if any(cell is not None and str(cell).strip() for cell in row)
    ]
    blank = [place for place, one in enumerate(names) if not text_of(one)]
    if any(text_of(row[place]) for _, row in numbered for place in blank) and (wrong := misplaced(rows, header, name)):
        raise InputError(wrong)
    frame, notes = table(numbered, names, name, header, "object")
    notes += _left_out(body, below, name, header)
    return Raw(name, frame, "xlsx", sheet=shown, header=header, notes=tuple(notes))


def read_yaml(path: str | Path, *, name: str | None = None) -> dict[str, Any]:
    """Read a YAML 1.2 file that holds a mapping; `no` is a word there, and doubled keys are refused.

    Raises
    ------
    InputError
        If the file is missing, is not YAML, has a key twice or is not a mapping; with the line.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError

    path = Path(path)
    name = name or path.name
    if not path.is_file():
        raise InputError(missing_file(path, name=name))
    text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")  # a surrogate is no YAML
    if (line := identity_line(text)) is not None:
        remedy = "Remove it; no file of the suite needs one"
        raise InputError(Problem("a national identity number", remedy, name, line))
    try:
        content = YAML(typ="safe", pure=True).load(text)
    except DuplicateKeyError as error:
        row = error.problem_mark.line + 1 if error.problem_mark else None
        what = str(error.problem).split(" with value")[0]
        raise InputError(Problem(what, "Keep one of the two", name, row)) from None
    except MarkedYAMLError as error:
        row = error.problem_mark.line + 1 if error.problem_mark else None
        what = f"the file is not readable YAML ({error.problem})"
        raise InputError(Problem(what, "Check the indentation, colons and quotation marks there", name, row)) from None
    except Exception:  # the parser lets through what values of a wrong kind raise, such as a date that there is none of
        what = "the file is not readable YAML"
        remedy = "Save it as UTF-8 text, check its indentation, and look for a date that there is none of"
        raise InputError(Problem(what, remedy, name)) from None
    if not isinstance(content, dict):
        raise InputError(Problem("the file is not a mapping of keys to values", "Write `key: value` lines", name))
    return content
