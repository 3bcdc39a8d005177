"""What can be wrong with what `sources.yaml` says of a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from evaluation.errors import Problem
from evaluation.sources import label
from evaluation.sources.places import address_problem, is_address
from evaluation.tables.column import Table
from evaluation.tables.keys import LAYOUT, mapping_problem, nearest, place, unknown_keys

TABLE_KEYS = ("files", "sheet", "header", "form", "decimal", "columns", "measures", "values", "exclude", "irregular")
"""What can be said of a table."""
_FORM = ("labels", "values")


def as_list(given: Any) -> list[Any]:
    """Return what stands alone as a list of one."""
    return given if isinstance(given, list) else [given]


def check_table(
    table: Table, given: Mapping[str, Any], inside: str = "", keys: tuple[str, ...] = TABLE_KEYS
) -> list[Problem]:
    """Return what is wrong with what `sources.yaml` says of a table."""
    inside = inside or f"tables: {table.name}"
    problems = unknown_keys(given, keys, inside)
    files = given.get("files")
    listed = [files] if isinstance(files, str) else files
    if not isinstance(listed, list) or not listed or not all(isinstance(one, str) and one for one in listed):
        remedy = "Give a file name, a pattern such as sick_leave_*.csv, or a list of them"
        problems.append(Problem(f"`files`{place(inside)} is missing or not text", remedy, LAYOUT))
    elif any(_leads_out(one) for one in listed):
        remedy = "Name files relative to the data folder, and inside it"
        problems.append(Problem(f"`files`{place(inside)} leads out of the data folder", remedy, LAYOUT, value=listed))
    elif wrong := [problem for one in listed if (problem := address_problem(one, LAYOUT))]:
        problems += wrong
    if given.get("decimal") not in (None, ",", "."):
        problems.append(Problem(f"`decimal`{place(inside)} is not ',' or '.'", "Quote the sign", LAYOUT))
    header = given.get("header", 1)
    rows = list(header.values()) if isinstance(header, dict) and header else [header]
    if any(not isinstance(row, int) or isinstance(row, bool) or row < 1 for row in rows):
        remedy = "Count rows from 1; where files differ, write `header: {file name or pattern: row}`"
        problems.append(Problem(f"`header`{place(inside)} is not a row number", remedy, LAYOUT, value=header))
    if "form" in given:
        problems += _check_form(given, inside)
    if "irregular" in given and (table.name != "positions" or given["irregular"] not in ("keep", "refuse")):
        remedy = "Write keep or refuse, for the table positions only"
        problems.append(Problem(f"`irregular`{place(inside)} is not known", remedy, LAYOUT, value=given["irregular"]))
    sheets = as_list(given.get("sheet", ""))
    if not sheets or not all(isinstance(one, str | int) and not isinstance(one, bool) for one in sheets):
        remedy = "Write its name, a list of names, or all"
        problems.append(Problem(f"`sheet`{place(inside)} is not a sheet's name", remedy, LAYOUT, value=sheets))
    for key in ("columns", "measures"):
        columns = given.get(key, {})
        problems += mapping_problem(columns, f"{inside}: {key}") or unknown_keys(
            columns, table.names, f"{inside}: {key}"
        )
    if isinstance(given.get("columns"), dict) and isinstance(given.get("measures"), dict):
        problems += [
            Problem(f"`{column}` is under both columns and measures{place(inside)}", "Keep one of them", LAYOUT)
            for column in set(given["columns"]) & set(given["measures"])
        ]
    exclude, values = given.get("exclude") or {}, given.get("values", {})
    theirs = given["columns"] if isinstance(given.get("columns"), dict) else {}
    problems += mapping_problem(exclude, f"{inside}: exclude") or _strange_keys(
        table, exclude, theirs, f"{inside}: exclude"
    )
    return problems + (mapping_problem(values, f"{inside}: values") or _check_values(table, values, theirs))


def _strange_keys(table: Table, given: Mapping[Any, Any], theirs: Mapping[str, Any], inside: str) -> list[Problem]:
    """Return a problem for each key that is no column of the table; the file's own name of one is told ours."""
    ours = {label(name): column for column, name in theirs.items()}
    problems = []
    for key in given:
        if key not in table.names and label(key) in ours:
            what = f"`{key}`{place(inside)} is what the file calls a column"
            problems.append(Problem(what, f"Write {ours[label(key)]}, the table's name of it", LAYOUT))
        else:
            problems += unknown_keys({key: None}, table.names, inside)
    return problems


def _leads_out(pattern: str) -> bool:
    path = PurePosixPath(pattern)
    return not is_address(pattern) and (path.is_absolute() or ".." in path.parts)


def _check_form(given: Mapping[str, Any], inside: str) -> list[Problem]:
    form = given["form"]
    problems = mapping_problem(form, f"{inside}: form") or unknown_keys(form, _FORM, f"{inside}: form")
    letters = form if isinstance(form, dict) else {}
    if not problems and not all(re.fullmatch("[A-Za-z]{1,3}", str(letters.get(key, ""))) for key in _FORM):
        remedy = "Give the letters of two columns, as {labels: B, values: C}"
        problems.append(Problem(f"`form`{place(inside)} does not name two columns", remedy, LAYOUT, value=form))
    if "header" in given:
        problems.append(Problem(f"a form has no `header`{place(inside)}", "Remove it", LAYOUT))
    return problems


def _check_values(table: Table, values: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[Problem]:
    inside = f"tables: {table.name}: values"
    problems = _strange_keys(table, values, theirs, inside)
    for name, codes in values.items():
        if name not in table.names:
            continue
        column = table.column(name)
        if column.kind not in ("code", "text"):
            problems.append(Problem(f"`{name}`{place(inside)} has no codes to map", "Remove it", LAYOUT))
            continue
        problems += mapping_problem(codes, f"{inside}: {name}")
        targets = dict.fromkeys(str(code) for code in codes.values()) if isinstance(codes, dict) else {}
        problems += [
            Problem(f"`{name}` is mapped to an unknown code", nearest(code, column.known), LAYOUT, value=code)
            for code in targets
            if column.known and code not in column.known
        ]
    return problems
