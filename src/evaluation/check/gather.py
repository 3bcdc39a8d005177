"""Reading everything in a data folder, whatever is wrong with parts of it, and accounting for all of it."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pandas as pd

from evaluation.errors import InputError, Note, Problem, redact
from evaluation.municipalities import Register
from evaluation.new import NAME, PLACEHOLDER
from evaluation.programme import Programme, read_definition
from evaluation.sources import read
from evaluation.sources.content import WORKBOOKS
from evaluation.sources.database import Allowed, database, quoted
from evaluation.study.account import Account, close, combined
from evaluation.study.cautions import few_clusters
from evaluation.study.delivered import check_delivery
from evaluation.study.load import complete, hash_inputs
from evaluation.study.members import PROGRAMME, Part, at_rows, build_programme, programme_problems
from evaluation.study.prepare import prepare_register, read_table
from evaluation.study.strangers import strangers
from evaluation.study.whole import summed
from evaluation.tables import LAYOUT, NORWAY, TABLES, Layout
from evaluation.tables.layout import what_is_right

POSITIONS = TABLES["positions"]
# What a folder holds beside data: told of nobody as forgotten.
_BESIDE = (".md", ".yaml", ".yml", ".html", ".pdf", ".docx", ".ipynb", ".py")
_ENDS = date(9999, 12, 31)
PERSONS = tuple(table.name for table in TABLES.values() if {"person", "respondent"} & set(table.names))
"""Tables with a row for each person: nothing of a row of theirs is shown."""


@dataclass(frozen=True)
class Unnamed:
    """A file that `sources.yaml` does not name: how it reads, with its column names, or why it does not."""

    file: str
    how: str
    columns: tuple[str, ...] = ()
    problem: Problem | None = None


@dataclass
class Gathered:
    """What was read, and what was met on the way.

    Attributes
    ----------
    layout, register, programme : as far as they could be read
    account : Account
        Files, rows left out by reason, notes of the readers.
    parts : dict
        The files read into each table, those with problems included.
    whole : dict of DataFrame
        Tables of counts summed to municipalities of the `division` and periods; positions as counts by year.
    problems : list of Problem
    waiting : dict
        Files (or forms) with nothing in them yet, by the table they are for.
    halves : dict
        By code, the rows left out because another part of the merged municipality has none, and the codes of those.
    """

    folder: Path
    layout: Layout | None = None
    register: Register | None = None
    programme: Programme | None = None
    division: int = 0
    account: Account = field(default_factory=lambda: Account(defaultdict(str)))
    parts: dict[str, list[Part]] = field(default_factory=dict)
    whole: dict[str, pd.DataFrame] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    unnamed: list[Unnamed] = field(default_factory=list)
    halves: dict[str, tuple[int, set[str]]] = field(default_factory=dict)


def gather(folder: Path, division: int | None = None) -> Gathered:
    """Read a data folder: every file, every table, and what can be put together of them."""
    found = Gathered(folder)
    try:
        layout, wrong = what_is_right(folder)
        found.problems += wrong
        found.layout = _present(layout, found) if layout is not None else None
    except InputError as error:
        found.problems += error.problems
    found.unnamed = _unnamed(folder, found.layout)
    if found.layout is None:
        return found
    try:
        found.layout = complete(found.layout)
        norwegian = found.layout.register == NORWAY
        found.register = Register.norwegian() if norwegian else Register.read(folder / found.layout.register)
    except InputError as error:
        found.problems += error.problems
        return found
    _delivered(found)
    for name, source in found.layout.tables.items():
        found.account.note(name, [Note("left_beside", one.name) for one in source.passed_over(folder)])
        if name != "positions":
            _table(name, found)
    found.division = division or _latest(found)
    _across(found)
    for name, parts in found.parts.items():
        _account(name, parts, found)
    _register(found)
    return found


def _delivered(found: Gathered) -> None:
    """Compare the files with the list of hashes that came with them."""
    assert found.layout is not None
    if found.layout.demonstration is None:
        try:
            check_delivery(found.folder, hash_inputs(found.folder))
        except InputError as error:
            found.problems += error.problems


def _present(layout: Layout, found: Gathered) -> Layout:
    """Return the layout without the files that are not there, each of which is a problem."""
    if layout.demonstration is not None:
        return complete(layout)
    tables = {}
    for name, source in layout.tables.items():
        absent = {pattern: replace(source, files=(pattern,)).absent(layout.folder) for pattern in source.files}
        found.problems += [problem for problems in absent.values() for problem in problems]
        if there := tuple(pattern for pattern, problems in absent.items() if not problems):
            tables[name] = replace(source, files=there)
    return replace(layout, tables=tables)


def _unnamed(folder: Path, layout: Layout | None) -> list[Unnamed]:
    """Files that no table is mapped to, and how each reads: what `sources.yaml` would have to say of it."""
    named = set(layout.present()) if layout is not None else set()
    every = sorted(path for path in folder.rglob("*") if path.is_file() and path not in named)
    shown = [
        path
        for path in every
        if path.suffix.lower() not in _BESIDE
        and not any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)
        and path.name not in ("hashes.json", "truth.json", "targets.xlsx", "participants.xlsx")
    ]
    return [
        _glance(path, redact(path.relative_to(folder).as_posix()), sheet) for path in shown for sheet in _sheets(path)
    ]


def _sheets(path: Path) -> list[str | None]:
    """The sheets of a workbook that has several; one of any other file."""
    if path.suffix.lower() not in WORKBOOKS:
        return [None]
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True)
    except Exception:  # whatever is wrong with it, the reader says
        return [None]
    names = [str(sheet.title) for sheet in book.worksheets]
    book.close()
    return list(names) if len(names) > 1 else [None]


def _glance(path: Path, name: str, sheet: str | None) -> Unnamed:
    try:
        raw = read(path, name=name, sheet=sheet)
    except InputError as error:
        return Unnamed(name, sheet or "", (), error.problems[0])
    how = ", ".join(part for part in (raw.encoding, raw.separator, raw.sheet) if part)
    columns = tuple(redact(column) for column in raw.frame.columns)
    # A first row with figures may be a row of data, of which nothing is shown.
    return Unnamed(name, how, () if any(any(map(str.isdigit, one)) for one in columns) else columns)


def _table(name: str, found: Gathered) -> None:
    """Read the files of a table; those that have a header but no rows are waiting to be filled in."""
    assert found.layout is not None
    assert found.register is not None
    parts, problems = read_table(found.layout, name, found.register)
    empty = [part for part in parts if part.tidy.columns and not len(part.tidy.rows)]
    if empty:
        found.waiting[name] = ", ".join(part.file for part in empty)
        gone = {problem for part in empty for problem in part.tidy.problems}
        problems = [problem for problem in problems if problem not in gone]
    found.parts[name] = [part for part in parts if part not in empty]
    found.problems += problems


def _latest(found: Gathered) -> int:
    """The last year that the data tell of: its municipal division holds all of them."""
    years = [1]
    for parts in found.parts.values():
        for part in parts:
            for column in {"quarter", "year"} & set(part.tidy.frame.columns):
                times = part.tidy.frame[column]
                years.append(int(times.dt.year.max() if column == "quarter" else times.max()) if len(times) else 1)
    if max(years) > 1:
        return max(years)
    assert found.register is not None
    return found.register.years[1] if found.register.years else 2100


def _across(found: Gathered) -> None:
    """Check what the tables say of each other, and build the programme."""
    layout, parts = found.layout, found.parts
    assert layout is not None
    assert found.register is not None
    if any(not parts.get(name) for name, table in TABLES.items() if table.needed) or found.problems:
        _definition(layout, found)
        return
    frames = {name: pd.concat([one.tidy.frame for one in read], ignore_index=True) for name, read in parts.items()}
    filled = {name: read for name, read in parts.items() if read}
    wrong = programme_problems(layout, frames, filled) or strangers(layout, found.register, frames, filled)
    found.problems += wrong
    _definition(layout, found)
    if not wrong:
        themes = layout.declared("projects").column("theme").known
        if idle := [theme for theme in themes if theme not in set(frames["projects"]["theme"])]:
            found.waiting["themes"] = f"{layout.programme}: {', '.join(idle)}"
        known = build_programme(layout, {name: frame for name, frame in frames.items() if name in PROGRAMME})
        try:
            found.programme = known.harmonised(found.register, found.division)
        except InputError as error:
            found.problems += error.problems


def _definition(layout: Layout, found: Gathered) -> None:
    """Note a name and a programme that are still as they were laid out, and a programme that cannot be read."""
    if dict(layout.name) == dict(NAME):
        found.waiting["name"] = LAYOUT
    try:
        if read_definition(layout.folder / layout.programme).get("code") == PLACEHOLDER:
            found.waiting["programme"] = layout.programme
    except InputError as error:
        found.problems += [problem for problem in error.problems if problem not in found.problems]


def _account(name: str, parts: Sequence[Part], found: Gathered) -> None:
    """Enter the rows of a table, summed to whole municipalities where they are counts."""
    assert found.layout is not None
    assert found.register is not None
    readable = [part for part in parts if "reason" in part.tidy.left_out or len(part.tidy.frame)]
    for part in parts:
        if part not in readable:
            found.account.file(part.file, name, part.encoding, None, None, "", **_how(part))
            found.account.note(name, part.tidy.notes)
    if not readable:
        return
    rows = combined(readable, found.account, name)
    declared = found.layout.declared(name)
    time = "quarter" if name == "sick_leave" else "year"
    if (name in ("sick_leave", "vacancies") or name in found.layout.outcomes) and not found.problems:
        try:
            found.whole[name] = summed(rows, declared, time, found.register, found.division)
            found.account.note(name, few_clusters(found.whole[name], found.layout.tables[name].label))
            _halves(rows, time, found)
        except InputError as error:
            found.problems += at_rows(error, found.parts).problems
    elif name == "background":
        found.whole[name] = rows
    close(readable, rows, found.account, name)


def _halves(rows: pd.DataFrame, time: str, found: Gathered) -> None:
    """Note the rows left out because another predecessor of the merged municipality has none at the time."""
    register = found.register
    assert register is not None
    there: dict[object, set[str]] = {when: set(part) for when, part in rows.groupby(time)["municipality"]}
    half = rows[rows["reason"] == "predecessor_missing"]
    for (code, when), part in half.groupby(["municipality", time]):
        whole = register.successor(str(code), division=found.division)
        year = when.year if isinstance(when, pd.Period) else int(str(when))
        needed = set(register.predecessors(whole, year=min(year, found.division), division=found.division))
        count, lacking = found.halves.get(str(code), (0, set()))
        found.halves[str(code)] = count + len(part), lacking | (needed - there[when])


def _how(part: Part) -> Mapping[str, object]:
    columns = ", ".join(f"{ours}: {theirs}" for ours, theirs in part.tidy.columns.items())
    return {"separator": part.separator, "sheet": part.sheet, "header": part.header, "columns": columns}


def _register(found: Gathered) -> None:
    """Read the register of positions as a report does, and count its positions by municipality and year."""
    assert found.layout is not None
    assert found.register is not None
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder)
        try:
            prepare_register(found.layout, found.register, _ENDS, found.division, target, found.account, Allowed())
        except InputError as error:
            found.problems += error.problems
        source = found.layout.tables.get("positions")
        columns = ", ".join(f"{name}: {source.columns.get(name, name)}" for name in POSITIONS.names) if source else ""
        found.account.lines = [
            line | ({"columns": columns} if line["table"] == "positions" else {}) for line in found.account.lines
        ]
        written = target / "positions.parquet"
        if written.is_file():
            with database() as connection:
                counted = f"SELECT municipality, year, count(*) AS positions FROM read_parquet({quoted(written)})"
                found.whole["positions"] = connection.execute(f"{counted} GROUP BY ALL ORDER BY ALL").df()
