"""Reading a programme from a folder: `programme.yaml` and one comma-separated UTF-8 file for each table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.programme.checks import NEEDED, TABLES
from evaluation.programme.model import Programme


def read_definition(path: Path | str) -> Mapping[str, Any]:
    """Return a programme's definition as YAML 1.2 has it (`no` is text, `0301` keeps its zero in quotes).

    Raises
    ------
    InputError
        If the file is missing, not UTF-8, not YAML (a repeated key included), or not a mapping.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(Problem("file missing", "Put it there, or name another one.", str(path))) from None
    except UnicodeDecodeError:
        raise InputError(Problem("not UTF-8", "Save the file as UTF-8.", str(path))) from None
    try:
        definition = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        row = mark.line + 1 if mark else None
        what = str(getattr(error, "problem", None) or error).split("\n")[0]
        raise InputError(Problem(f"not YAML: {what}", "Correct the line.", str(path), row=row)) from None
    except Exception:  # the parser lets through what values of a wrong kind raise, such as a date that there is none of
        remedy = "Look for a date that there is none of, and for values that begin with !!."
        raise InputError(Problem("not YAML: a value cannot be read", remedy, str(path))) from None
    if not isinstance(definition, Mapping):
        raise InputError(Problem("not a mapping of keys to values", "Write `key: value` lines.", str(path)))
    return definition


def read_programme(folder: Path | str) -> Programme:
    """Read the programme in `folder`: `programme.yaml`, `projects.csv`, `participation.csv`, and what else it has.

    The columns are those of the tables of `Programme`; an empty cell is unknown.

    Raises
    ------
    InputError
        If a file is missing or unreadable, or the parts contradict one another.
    """
    folder = Path(folder)
    definition = read_definition(folder / "programme.yaml")
    paths = {table: folder / f"{table}.csv" for table in TABLES}
    missing = [
        Problem("file missing", "Put it there.", str(paths[table])) for table in NEEDED if not paths[table].is_file()
    ]
    if missing:
        raise InputError(missing)
    frames = {}
    for table, path in paths.items():
        if not path.is_file():
            continue
        try:
            frames[table] = pd.read_csv(path, dtype="str", encoding="utf-8-sig", keep_default_na=False, na_values=[""])
        except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            what = f"not a comma-separated table in UTF-8 ({error})"
            raise InputError(Problem(what, "Save the file as such.", str(path))) from None
    files = {"programme": str(folder / "programme.yaml"), **{table: str(path) for table, path in paths.items()}}
    return Programme.from_frames(definition, frames, files=files)
