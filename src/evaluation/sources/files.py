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

from evaluation.errors import InputError, Problem

SEPARATORS = {";": "semicolon", "\t": "tab", ",": "comma"}


@dataclass(frozen=True)
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
    """

    file: str
    frame: pd.DataFrame
    encoding: str
    numbered: bool = True
    signs: Mapping[str, int] = field(default_factory=dict)


def missing_file(path: Path, *, name: str | None = None) -> Problem:
    """Return the problem of a file, or a pattern, that matches nothing, with what its folder holds instead."""
    folder = path.parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    held = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
    near = difflib.get_close_matches(path.name, held, n=1)
    listing = ", ".join(held[:15]) + (f" and {len(held) - 15} more" if len(held) > 15 else "")
    remedy = f"Did you mean {near[0]}? " if near else ""
    remedy += f"The folder {folder.name or folder} holds: {listing or 'nothing'}"
    return Problem("the file does not exist", remedy, file=name or str(path))


def read(path: str | Path, *, name: str | None = None, sheet: str | None = None, header: int = 1) -> Raw:
    """Read a raw file by its ending: .csv, .txt, .tsv, .xlsx, .xlsm, .json (JSON-stat2 or KLASS) or .parquet.

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
    kind = path.suffix.lower()
    if kind in (".xlsx", ".xlsm"):
        return _read_sheet(path, name, sheet, header)
    if sheet is not None:
        raise InputError(Problem("only a workbook has sheets", "Remove `sheet` for this file", file=name, value=sheet))
    if kind in (".csv", ".txt", ".tsv"):
        return _read_text(path, name, header)
    if header != 1:
        raise InputError(Problem("only text files and sheets have a header row", "Remove `header`", file=name))
    if kind == ".json":
        return read_json(path, name)
    if kind == ".parquet":
        frame = pd.read_parquet(path)
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
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator))
        if not widths:
            break
        width, times = max(widths.items(), key=lambda item: (item[1] if item[0] > 1 else 0, item[0]))
        score = (times if width > 1 else 0, float(width))
        if score > best:
            best, found = score, separator
    return found


def _read_text(path: Path, name: str, header: int) -> Raw:
    try:
        text, encoding = decode(path.read_bytes())
    except UnicodeDecodeError as error:
        raise InputError(
            Problem("the characters cannot be decoded", "Save the file as UTF-8 text", file=name)
        ) from error
    separator = _separator(text)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        remedy = "Look for a quotation mark that is never closed"
        raise InputError(Problem(f"the file is not well-formed CSV ({error})", remedy, file=name)) from error
    rows = rows[header - 1 :]
    if not rows or not any(cell.strip() for cell in rows[0]):
        raise InputError(Problem("no column names", "The header must be in the row named by `header`", name, header))
    names, body = rows[0], rows[1:]
    numbered = [(header + 1 + i, row) for i, row in enumerate(body) if "".join(row).strip()]
    ragged = [(number, row) for number, row in numbered if len(row) != len(names)]
    if ragged:
        remedy = f"Fields are split at {SEPARATORS[separator]}; quote a field that holds one itself"
        message = "the row has {} fields, the header {}"
        raise InputError(Problem(message.format(len(row), len(names)), remedy, name, number) for number, row in ragged)
    columns = list(zip(*(row for _, row in numbered), strict=True)) or [()] * len(names)
    index = pd.Index([number for number, _ in numbered], dtype="int64")
    series = [pd.Series(list(cells), index=index, dtype="str") for cells in columns]
    return Raw(name, _frame(names, series, name, header), encoding)


def _frame(names: list[Any], series: list[pd.Series], name: str, header: int) -> pd.DataFrame:
    """Columns under their trimmed names; nameless empty columns are left out, doubled or missing names refused."""
    trimmed = ["" if label is None else str(label).strip() for label in names]
    kept = [
        (label, column)
        for label, column in zip(trimmed, series, strict=True)
        if label or not column.fillna("").astype("str").eq("").all()
    ]
    counts = Counter(label for label, _ in kept)
    problems = [
        Problem("two columns have the same name", "Rename one of them", name, header, label)
        if label
        else Problem("a column with values has no name", "Name it in the header, or remove it", name, header)
        for label, count in counts.items()
        if count > 1 or not label
    ]
    if problems:
        raise InputError(problems)
    return pd.DataFrame(dict(kept))


def sheet_rows(path: Path, name: str, sheet: str | None, first: int) -> tuple[str, list[list[Any]]]:
    """Return the name of a workbook's sheet and its cells, row by row from row `first`.

    A cell formatted as a percentage holds 0.085 where people see 8.5 %: what they see is returned.
    """
    import zipfile

    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # openpyxl: styles and validations it does not keep
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
        remedy = "Open it in a spreadsheet program and save it anew as .xlsx, without a password"
        raise InputError(Problem("the workbook cannot be opened", remedy, file=name)) from error
    try:
        listed = f"The workbook has the sheets: {', '.join(book.sheetnames)}"
        if sheet is None and len(book.sheetnames) > 1:
            raise InputError(Problem("which sheet is not said", f"Add `sheet`. {listed}", file=name))
        if sheet is not None and sheet not in book.sheetnames:
            near = difflib.get_close_matches(sheet, book.sheetnames, n=1)
            remedy = f"Did you mean {near[0]}? {listed}" if near else listed
            raise InputError(Problem("the sheet does not exist", remedy, file=name, value=sheet))
        shown = sheet or book.sheetnames[0]
        return shown, [[_seen(cell) for cell in row] for row in book[shown].iter_rows(min_row=first)]
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
    if not rows or all(cell is None for cell in rows[0]):
        raise InputError(Problem("no column names", "The header must be in the row named by `header`", name, header))
    width = max(len(row) for row in rows)
    rows = [row + [None] * (width - len(row)) for row in rows]
    numbered = [
        (header + 1 + i, row)
        for i, row in enumerate(rows[1:])
        if any(cell is not None and str(cell).strip() for cell in row)
    ]
    index = pd.Index([number for number, _ in numbered], dtype="int64")
    columns = list(zip(*(row for _, row in numbered), strict=True)) or [()] * width
    series = [pd.Series(list(cells), index=index, dtype="object") for cells in columns]
    return Raw(name, _frame(rows[0], series, name, header), "xlsx")


def read_yaml(path: str | Path, *, name: str | None = None) -> dict[str, Any]:
    """Read a YAML 1.2 file that holds a mapping; `no` is a word there, and doubled keys are refused.

    Raises
    ------
    InputError
        If the file is missing, is not YAML, has a key twice or is not a mapping; with the line.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    path = Path(path)
    name = name or path.name
    if not path.is_file():
        raise InputError(missing_file(path, name=name))
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except DuplicateKeyError as error:
        row = error.problem_mark.line + 1 if error.problem_mark else None
        what = str(error.problem).split(" with value")[0]
        raise InputError(Problem(what, "Keep one of the two", name, row)) from error
    except MarkedYAMLError as error:
        row = error.problem_mark.line + 1 if error.problem_mark else None
        what = f"the file is not readable YAML ({error.problem})"
        raise InputError(Problem(what, "Check the indentation, colons and quotation marks there", name, row)) from error
    except (YAMLError, UnicodeDecodeError) as error:
        what = "the file is not readable YAML"
        raise InputError(Problem(what, "Save it as UTF-8 text and check its indentation", name)) from error
    if not isinstance(content, dict):
        raise InputError(Problem("the file is not a mapping of keys to values", "Write `key: value` lines", name))
    return content
