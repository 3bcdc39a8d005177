"""Forms filled by hand: one workbook a form, labels in one column and answers in another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.sources.files import Raw, missing_file, sheet_rows


def form_label(text: object) -> str:
    """Return a label as it is compared: lower case, single spaces, without the colon, full stop or star at its end."""
    return re.sub(r"[\s:.*]+$", "", " ".join(str(text).split()).casefold())


def read_form(path: str | Path, *, labels: str, values: str, name: str | None = None, sheet: str | None = None) -> Raw:
    """Read a form as one row, a column for each label.

    Titles and other labels without an answer become blank columns; merged cells, blank rows and the order of the labels
    do not matter.

    Parameters
    ----------
    path : path
        A workbook (.xlsx, .xlsm).
    labels, values : str
        The letters of the columns, such as B and C.
    name, sheet : str, optional
        As in `read`.

    Raises
    ------
    InputError
        If the file is missing or no workbook, has no labels there, or has two answers to one label.
    """
    path = Path(path)
    name = name or path.name
    if not path.is_file():
        raise InputError(missing_file(path, name=name))
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        raise InputError(Problem("a form is a workbook", "Save it as .xlsx", file=name))
    shown, rows = sheet_rows(path, name, sheet, 1)
    at = [_place(letters) for letters in (labels, values)]
    answers: dict[str, Any] = {}
    problems = []
    for number, row in enumerate(rows, start=1):
        label, value = (row[place] if place < len(row) else None for place in at)
        key = "" if label is None else form_label(label)
        if not key:
            continue
        if value is not None and answers.get(key) is not None:
            what = "two answers to the same label"
            problems.append(Problem(what, "Keep one of the two", f"{name}, sheet {shown}", number, str(label)))
        elif value is not None or key not in answers:
            answers[key] = value
    if not any(value is not None for value in answers.values()):
        what = f"no labels in column {labels} with answers in column {values}"
        problems.append(Problem(what, "Name the right columns under `form`", f"{name}, sheet {shown}"))
    if problems:
        raise InputError(problems)
    frame = pd.DataFrame({key: pd.Series([value], dtype="object") for key, value in answers.items()})
    return Raw(name, frame, "xlsx", numbered=False)


def _place(letters: str) -> int:
    """Position of a column by its letters, from 0."""
    place = 0
    for letter in letters.upper():
        place = 26 * place + ord(letter) - ord("A") + 1
    return place - 1
