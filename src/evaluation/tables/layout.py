"""`sources.yaml`: which raw file holds which table, and what its columns and values are called there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from evaluation.errors import InputError, Problem
from evaluation.sources import form_label, label, missing_file, read_yaml
from evaluation.sources.content import is_left_beside
from evaluation.sources.places import address_problem, copied, is_address, located
from evaluation.tables.column import Table
from evaluation.tables.declare import TABLES
from evaluation.tables.keys import LAYOUT, in_three, mapping_problem, nearest, place, unknown_keys
from evaluation.tables.outcomes import OUTCOME_KEYS, Outcome, read_outcome

NORWAY = "norway"

_TOP = ("name", "synthetic", "programme", "register", "demonstration", "tables", "outcomes")
_TABLE = ("files", "sheet", "header", "form", "decimal", "columns", "measures", "values", "exclude", "irregular")
_FORM = ("labels", "values")
_DEMONSTRATION = ("programme", "scenario", "seed")


@dataclass(frozen=True)
class TableSource:
    """Where one tidy table comes from.

    Attributes
    ----------
    table : str
    files : tuple of str
        File names or patterns, relative to the data folder, where a folder stands for the Parquet files below it; or
        addresses that fsspec reaches, such as s3://bucket/positions/**/*.parquet.
    columns : dict
        Tidy name to the file's name; a column whose names are the same need not be given.
    codes : dict
        Tidy column to {value in the file: code}.
    sheet, header, decimal
        Sheet of a workbook; row of the column names (from 1); decimal sign where the figures leave it in doubt.
    form : dict
        Of forms, one file each: the letters of the columns with `labels` and with `values`.
    exclude : dict
        Tidy column to words of the file; rows that have one of them there, alone or as the code before a name, are left
        out and counted: totals, unspecified places, Svalbard.
    copies : dict
        Of each address among the files: where they are on this machine.
    irregular
        Positions of 0 or above 100 per cent are kept with a warning; "refuse" refuses them, and "keep" keeps single
        ones of at most 1 per cent as well, which are otherwise taken for fractions.
    """

    table: str
    files: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sheet: str | None = None
    header: int = 1
    decimal: str | None = None
    irregular: str = "warn"
    form: Mapping[str, str] | None = None
    exclude: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    copies: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How messages name the table's files together."""
        return ", ".join(self.files) + (f", sheet {self.sheet}" if self.sheet else "")

    def paths(self, folder: Path) -> list[Path]:
        """Return the files there are, in order of their names within each pattern."""
        found = [path for pattern in self.files for path in self._matching(folder, pattern)]
        return list(dict.fromkeys(found))

    def here(self, folder: Path, tell: Callable[[str], None] | None = None) -> TableSource:
        """Return the source with the files of its addresses copied below `folder`."""
        return replace(self, copies={one: tuple(copied(one, folder, tell)) for one in self.files if is_address(one)})

    def _matching(self, folder: Path, pattern: str) -> Sequence[Path]:
        return self.copies.get(pattern, ()) if is_address(pattern) else located(folder, pattern)

    def passed_over(self, folder: Path) -> list[Path]:
        """Return the locks of open programs (~$days.xlsx) that match a pattern too."""
        patterns = [pattern for pattern in self.files if not is_address(pattern) and located(folder, pattern)]
        return sorted({path for pattern in patterns for path in folder.glob(pattern) if is_left_beside(path)})

    def absent(self, folder: Path) -> list[Problem]:
        """Return a problem for every file, pattern or address that matches nothing."""
        return [
            Problem("there is no file at this address", "Check it, and that you may read there", pattern)
            if is_address(pattern)
            else missing_file(folder / pattern, name=pattern)
            for pattern in self.files
            if not self._matching(folder, pattern)
        ]


@dataclass(frozen=True)
class Layout:
    """A data folder as its `sources.yaml` describes it. `register` is a file, or "norway" for the Norwegian one."""

    folder: Path
    name: Mapping[str, str]
    synthetic: bool
    programme: str
    register: str
    tables: Mapping[str, TableSource]
    demonstration: Mapping[str, Any] | None = None
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    def declared(self, table: str) -> Table:
        """Return the declaration of a table: one of `TABLES`, or of an outcome that the folder adds."""
        return self.outcomes[table].table if table in self.outcomes else TABLES[table]

    def absent(self) -> list[Problem]:
        """Return a problem for every file, pattern or address that matches nothing."""
        own = [TableSource("", (name,)).absent(self.folder) for name in self._own()]
        return [
            problem for found in own + [one.absent(self.folder) for one in self.tables.values()] for problem in found
        ]

    def _own(self) -> list[str]:
        return [self.programme] if self.register == NORWAY else [self.programme, self.register]

    def present(self) -> list[Path]:
        """Return every file the layout names that is there, without doubles, in a fixed order."""
        found = {path for source in self.tables.values() for path in source.paths(self.folder)}
        return sorted(found | {path for name in self._own() for path in located(self.folder, name)})


def read_layout(folder: Path) -> Layout:
    """Read and check `sources.yaml` of a data folder.

    Raises
    ------
    InputError
        All at once: unknown keys, tables and columns (with the nearest known one), values mapped to unknown codes, a
        needed table that no file is mapped to, and text where a list or a mapping is expected.
    """
    content = read_yaml(folder / LAYOUT, name=LAYOUT)
    problems = unknown_keys(content, _TOP, "")
    problems += [
        Problem(f"`{key}` is missing", "Add it; see data/demo/sources.yaml for an example", LAYOUT)
        for key in ("name", "programme", "register", "tables")
        if key not in content
    ]
    name, wrong = in_three(content.get("name", ""), "name")
    problems += wrong
    for key, kind, said in (
        ("synthetic", bool, "true or false"),
        ("programme", str, "a file"),
        ("register", str, "a file"),
    ):
        if key in content and not isinstance(content[key], kind):
            problems.append(Problem(f"`{key}` is not {said}", f"Write {said}", LAYOUT, value=content[key]))
    demonstration = content.get("demonstration")
    if demonstration is not None:
        problems += mapping_problem(demonstration, "demonstration") or unknown_keys(
            demonstration, _DEMONSTRATION, "demonstration"
        )
    tables = content.get("tables", {})
    wrong = mapping_problem(tables, "tables") or unknown_keys(tables, tuple(TABLES), "tables")
    sources = {}
    if isinstance(tables, dict):
        for table, given in tables.items():
            if table in TABLES:
                found = mapping_problem(given, f"tables: {table}") or _check_table(TABLES[table], given)
                wrong += found
                sources[table] = None if found else _table_source(table, given)
        wrong += [
            Problem(f"the table {table.name} is mapped to no file", f"Add it under `tables` ({table.meaning})", LAYOUT)
            for table in TABLES.values()
            if table.needed and table.name not in tables
        ]
    outcomes, own, mistakes = _own(content.get("outcomes", {}))
    wrong += mistakes
    if problems + wrong:
        raise InputError(problems + wrong)
    return Layout(
        folder=folder,
        name=name,
        synthetic=content.get("synthetic", False),
        programme=content["programme"],
        register=content["register"],
        tables={table: source for table, source in sources.items() if source is not None} | own,
        outcomes=outcomes,
        demonstration=demonstration,
    )


def _own(content: Any) -> tuple[dict[str, Outcome], dict[str, TableSource], list[Problem]]:
    """Return the outcomes that the folder adds, where their tables come from, and what is wrong with them."""
    outcomes: dict[str, Outcome] = {}
    sources: dict[str, TableSource] = {}
    problems = mapping_problem(content, "outcomes")
    for code, given in content.items() if not problems else ():
        wrong = mapping_problem(given, f"outcomes: {code}")
        if not wrong:
            outcome, wrong = read_outcome(code, given)
            source = {key: value for key, value in given.items() if key not in OUTCOME_KEYS}
            if outcome is not None:
                wrong = _check_table(outcome.table, source, f"outcomes: {code}", (*OUTCOME_KEYS, *_TABLE))
                outcomes[code] = outcome
                sources |= {} if wrong else {code: _table_source(code, source)}
        problems += wrong
    return outcomes, sources, problems


def _check_table(
    table: Table, given: Mapping[str, Any], inside: str = "", keys: tuple[str, ...] = _TABLE
) -> list[Problem]:
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
    if not isinstance(header, int) or isinstance(header, bool) or header < 1:
        problems.append(Problem(f"`header`{place(inside)} is not a row number", "Count rows from 1", LAYOUT))
    if "form" in given:
        problems += _check_form(given, inside)
    if "irregular" in given and (table.name != "positions" or given["irregular"] not in ("keep", "refuse")):
        remedy = "Write keep or refuse, for the table positions only"
        problems.append(Problem(f"`irregular`{place(inside)} is not known", remedy, LAYOUT, value=given["irregular"]))
    if not isinstance(given.get("sheet", ""), str):
        problems.append(Problem(f"`sheet`{place(inside)} is not text", "Quote the sheet's name", LAYOUT))
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
    exclude = given.get("exclude") or {}
    inside_exclude = f"{inside}: exclude"
    problems += mapping_problem(exclude, inside_exclude) or unknown_keys(exclude, table.names, inside_exclude)
    values = given.get("values", {})
    return problems + (mapping_problem(values, f"{inside}: values") or _check_values(table, values))


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


def _check_values(table: Table, values: Mapping[str, Any]) -> list[Problem]:
    inside = f"tables: {table.name}: values"
    problems = unknown_keys(values, table.names, inside)
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


def _table_source(table: str, given: Mapping[str, Any]) -> TableSource:
    files = given["files"]
    columns = {**given.get("columns", {}), **given.get("measures", {})}
    if "form" in given:
        columns = {tidy: form_label(raw) for tidy, raw in columns.items()}
    return TableSource(
        table=table,
        files=(files,) if isinstance(files, str) else tuple(files),
        columns={tidy: label(raw) for tidy, raw in columns.items()},
        codes={
            column: {str(raw).strip(): str(code) for raw, code in codes.items()}
            for column, codes in given.get("values", {}).items()
        },
        sheet=given.get("sheet"),
        header=given.get("header", 1),
        decimal=given.get("decimal"),
        irregular=given.get("irregular", "warn"),
        form=given.get("form"),
        exclude={
            column: tuple(str(word).strip() for word in (words if isinstance(words, list) else [words]))
            for column, words in (given.get("exclude") or {}).items()
        },
    )
