"""`sources.yaml`: which raw file holds which table, and what its columns and values are called there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from evaluation.errors import InputError, Problem
from evaluation.programme import read_definition
from evaluation.sources import form_label, label, missing_file, read_yaml
from evaluation.sources.content import WORKBOOKS, is_left_beside, kind_of
from evaluation.sources.files import sheets_of
from evaluation.sources.places import copied, is_address, located
from evaluation.tables.column import Table
from evaluation.tables.declare import TABLES
from evaluation.tables.keys import LAYOUT, in_three, mapping_problem, unknown_keys
from evaluation.tables.mistakes import TABLE_KEYS, as_list, check_table
from evaluation.tables.outcomes import OUTCOME_KEYS, Outcome, read_outcome

NORWAY = "norway"
ALL = "all"
"""For `sheet`: every sheet of a workbook that holds anything."""

_TOP = ("name", "synthetic", "programme", "register", "demonstration", "tables", "outcomes")
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
    sheets : tuple of str
        The sheets of a workbook, each a delivery of the table; "all" stands for those that hold anything.
    header : int or dict
        Row of the column names (from 1), of all files or by file name or pattern.
    decimal
        The decimal sign where the figures leave it in doubt.
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
    sheets: tuple[str, ...] = ()
    header: int | Mapping[str, int] = 1
    decimal: str | None = None
    irregular: str = "warn"
    form: Mapping[str, str] | None = None
    exclude: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    copies: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """How messages name the table's files together."""
        return ", ".join(self.files) + (f", sheet {', '.join(self.sheets)}" if self.sheets else "")

    def header_of(self, file: str) -> int:
        """Return the row of the column names in a file of the table."""
        if isinstance(self.header, int):
            return self.header
        return next((row for pattern, row in self.header.items() if fnmatchcase(file, pattern)), 1)

    def sheets_in(self, path: Path, file: str) -> Sequence[str | None]:
        """Return the sheets to read of a file; of one that is no workbook, beside others that are, there is one."""
        if not self.sheets:
            return [None]
        if kind_of(path) not in WORKBOOKS:
            return [None] if self._has_workbooks else self.sheets[:1]
        return sheets_of(path, file) if self.sheets == (ALL,) else self.sheets

    @property
    def _has_workbooks(self) -> bool:
        return any(one.lower().removesuffix(".gz").endswith((*WORKBOOKS, "*")) for one in self.files)

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
        """Return the declaration of a table: one of `TABLES`, with the programme's themes and intakes as its codes.

        Or that of an outcome that the folder adds.
        """
        if table in self.outcomes:
            return self.outcomes[table].table
        known = {"theme": self._codes("themes"), "intake": self._codes("intakes")}
        columns = (replace(one, known=known.get(one.name) or one.known) for one in TABLES[table].columns)
        return replace(TABLES[table], columns=tuple(columns))

    @cached_property
    def _definition(self) -> Mapping[str, Any]:
        """The programme's definition as it stands; nothing of one that cannot be read, which its own reader tells."""
        try:
            return read_definition(self.folder / self.programme)
        except InputError:
            return {}

    def _codes(self, key: str) -> tuple[str, ...]:
        found = self._definition.get(key)
        codes = [one.get("intake") for one in found if isinstance(one, dict)] if isinstance(found, list) else found
        return tuple(str(one) for one in codes) if isinstance(codes, list | Mapping) else ()

    @property
    def since(self) -> int | None:
        """The year the programme started, in which lists of participants name their municipalities."""
        found = re.match(r"\d{4}", str(self._definition.get("start")))
        return int(found[0]) if found else None

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
    layout, problems = what_is_right(folder)
    if layout is None or problems:
        raise InputError(problems)
    return layout


def what_is_right(folder: Path) -> tuple[Layout | None, list[Problem]]:
    """Return the layout with the tables that nothing is wrong with, if there is any, and everything that is wrong.

    Raises
    ------
    InputError
        If `sources.yaml` cannot be read at all.
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
                found = mapping_problem(given, f"tables: {table}") or check_table(TABLES[table], given)
                wrong += found
                sources[table] = None if found else _table_source(table, given)
        wrong += [
            Problem(f"the table {table.name} is mapped to no file", f"Add it under `tables` ({table.meaning})", LAYOUT)
            for table in TABLES.values()
            if table.needed and table.name not in tables
        ]
    outcomes, own, mistakes = _own(content.get("outcomes", {}))
    wrong += mistakes
    problems += wrong
    if problems:
        what = "what has a mistake here has not been read"
        problems.append(Problem(what, f"There may be more to mend once {LAYOUT} is right", LAYOUT))
    if not all(isinstance(content.get(key), str) for key in ("programme", "register")):
        return None, problems
    layout = Layout(
        folder=folder,
        name=name,
        synthetic=content.get("synthetic") is True,
        programme=content["programme"],
        register=content["register"],
        tables={table: source for table, source in sources.items() if source is not None} | own,
        outcomes={code: outcome for code, outcome in outcomes.items() if code in own},
        demonstration=None if problems else demonstration,
    )
    return layout, problems


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
                wrong = check_table(outcome.table, source, f"outcomes: {code}", (*OUTCOME_KEYS, *TABLE_KEYS))
                outcomes[code] = outcome
                sources |= {} if wrong else {code: _table_source(code, source)}
        problems += wrong
    return outcomes, sources, problems


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
        sheets=tuple(str(one) for one in as_list(given.get("sheet", []))),
        header=given.get("header", 1),
        decimal=given.get("decimal"),
        irregular=given.get("irregular", "warn"),
        form=given.get("form"),
        exclude={
            column: tuple(str(word).strip() for word in as_list(words))
            for column, words in (given.get("exclude") or {}).items()
        },
    )
