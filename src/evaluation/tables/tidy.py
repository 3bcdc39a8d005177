"""Raw cells to tidy columns: mapping names and values, reading figures, dropping what was not delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Note, Problem, redact
from evaluation.municipalities import Register
from evaluation.municipalities.places import leave_out
from evaluation.sources import SIGNS, Raw, amounts, as_text, dates, label, numbers
from evaluation.tables.collect import Problems
from evaluation.tables.column import Column, Table
from evaluation.tables.keys import LAYOUT, nearest
from evaluation.tables.layout import TableSource
from evaluation.tables.odd import excluded, map_it, spreadsheet_errors, totals, turned_into_dates
from evaluation.tables.periods import read_period, whole_quarters
from evaluation.tables.personal import personal


@dataclass(frozen=True)
class Tidy:
    """One file as rows of a tidy table.

    Attributes
    ----------
    frame : DataFrame
        Rows to keep, with the columns of the table; the index counts the rows of the file from 0.
    rows : Index
        Row of each of the file's rows as a spreadsheet counts them; without meaning unless `numbered`.
    left_out : DataFrame
        Rows without a figure they need, with a column `reason`.
    unused : int
        Rows whose figures are all `.`: the category (a municipality before its first year) was not in use.
    excluded : int
        Rows left out because `exclude` of `sources.yaml` names a word of theirs.
    problems : tuple of Problem
    signs : dict
        Standard signs met in the figures of the table, counted.
    columns : dict
        Tidy column to the column of the file it was read from.
    notes : tuple of Note
        What was done to the file and its cells, those of the reader first.
    """

    file: str
    frame: pd.DataFrame
    rows: pd.Index
    left_out: pd.DataFrame
    problems: tuple[Problem, ...] = ()
    signs: Mapping[str, int] = field(default_factory=dict)
    numbered: bool = True
    unused: int = 0
    excluded: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def __repr__(self) -> str:
        kept, gone = len(self.frame), len(self.left_out)
        return f"Tidy({redact(self.file)}: {kept} rows, {gone} left out, {len(self.problems)} problems)"


def tidy(table: Table, raw: Raw, source: TableSource, register: Register, since: int | None = None) -> Tidy:
    """Turn the cells of one file into rows of a tidy table; problems are collected, not raised.

    A row whose figure is missing (a standard sign or a blank in a column that is not nullable) is left out with the
    reason; a blank or unreadable cell in any other needed column is a problem. Names of municipalities in rows without
    a year of their own are those of the year `since`.
    """
    empty = pd.DataFrame()
    problems = Problems(raw, notes=list(raw.notes))
    problems.found += personal(raw)
    names, unmapped = _names(table, raw, source)
    problems.found += unmapped + _rowless(raw)
    if problems.found:
        found, notes = tuple(problems.found), tuple(problems.notes)
        return Tidy(raw.file, empty, raw.frame.index, empty, found, {}, raw.numbered, columns=names, notes=notes)
    raw, left = _wanted(raw, source, names)
    raw, unused = _in_use(table, _one_each(table, raw, names), names)
    problems.raw = raw
    cells = raw.frame.reset_index(drop=True)
    columns: dict[str, pd.Series] = {}
    reason = pd.Series("", index=cells.index, dtype="str")
    signs: dict[str, int] = dict(raw.signs)
    # The year a municipality code is read in comes from the row's own quarter or year: read those first.
    for column in sorted(table.columns, key=lambda one: one.kind == "municipality"):
        if column.name not in names:
            if column.optional and column.name not in table.together:
                columns[column.name] = _absent(column, cells.index)
            continue
        name = names[column.name]
        odd = spreadsheet_errors(name, cells[name], problems)
        odd |= turned_into_dates(column, name, cells[name], problems)
        here = cells[name].mask(odd, "0") if odd.any() and column.kind == "number" else cells[name]
        if column.kind == "number":
            columns[column.name], missing = _figures(table, name, here, source, problems, signs)
            if not column.nullable:
                reason = reason.where((reason != "") | (missing == ""), missing)
        elif column.kind == "amount":
            columns[column.name] = amounts(here).figures
        elif column.kind == "municipality":
            columns[column.name] = _municipalities(here, columns, raw, name, register, problems, since)
        elif column.kind == "text" and column.nullable:
            text = as_text(here)
            absent = text.isin([sign for sign in SIGNS if sign])
            for mark, times in text[absent].value_counts().items():
                signs[str(mark)] = signs.get(str(mark), 0) + int(times)
            columns[column.name] = _cells(column, text.where(~absent, ""), name, source, problems)
        else:
            columns[column.name] = _cells(column, here, name, source, problems)
    frame = pd.DataFrame({column.name: columns[column.name] for column in table.columns if column.name in columns})
    if "quarter" in names:
        frame, reason = whole_quarters(table, frame, reason, cells[names["quarter"]], names["quarter"], problems)
    left_out = frame[reason != ""].assign(reason=reason[reason != ""])
    return Tidy(
        file=raw.file,
        frame=frame[reason == ""],
        rows=raw.frame.index,
        left_out=left_out,
        problems=tuple(problems.found),
        signs=signs,
        numbered=raw.numbered,
        unused=unused,
        excluded=left,
        columns=names,
        notes=tuple(problems.notes),
    )


def _rowless(raw: Raw) -> list[Problem]:
    if len(raw.frame):
        return []
    remedy = f"Export it again, or remove the table from {LAYOUT} until it has rows"
    return [Problem("the file has column names but no rows", remedy, raw.file)]


def _figures(
    table: Table, name: str, cells: pd.Series, source: TableSource, problems: Problems, signs: dict[str, int]
) -> tuple[pd.Series, pd.Series]:
    """Read a column of figures; return them and why those that are missing are."""
    read = numbers(cells, decimal=source.decimal)
    problems.add(read.bad, "not a number", "Write figures only, or a standard sign", name, cells)
    if read.doubt:
        what = "the point or comma may set off decimals or thousands"
        remedy = f"Add `decimal: ','` or `decimal: '.'` to the table {table.name} in {LAYOUT}"
        problems.found.append(Problem(what, remedy, problems.raw.file, column=name, value=read.doubt))
    for sign, count in read.signs.items():
        signs[sign] = signs.get(sign, 0) + count
    problems.notes += [Note(style, problems.raw.file, count, name) for style, count in read.styles.items()]
    if read.signs.get("*"):
        problems.note("preliminary", as_text(cells).str.endswith("*"), name, cells)
    if read.signs.get("<"):
        problems.note("withheld_small", as_text(cells).str.startswith(("<", "≤")), name, cells)
    return read.figures, read.missing


def _names(table: Table, raw: Raw, source: TableSource) -> tuple[dict[str, str], list[Problem]]:
    """Return tidy column to column of the file, and what is wrong with the mapping."""
    return mapped_columns(table, source, [str(name) for name in raw.frame.columns], raw.file)


def mapped_columns(
    table: Table, source: TableSource, present: Sequence[str], file: str
) -> tuple[dict[str, str], list[Problem]]:
    """Return tidy column to column of the file, and what is wrong with the mapping in `sources.yaml`."""
    names, problems = {}, []
    written = {label(name): name for name in present}
    for column in table.columns:
        name = source.columns.get(column.name, column.name)
        if name in written:
            names[column.name] = written[name]
        elif column.name in table.together:
            continue
        elif column.name in source.columns:
            what = f"{LAYOUT} maps {column.name} to a column the file does not have"
            instead = "Or delete the line: the column may be left out" if column.optional else "The table needs it"
            problems.append(Problem(what, f"{nearest(name, present)}. {instead}", file, column=name))
        elif not column.optional:
            what = f"no column is mapped to {column.name} ({column.meaning})"
            remedy = f"Add it under `columns` of the table {table.name} in {LAYOUT}. The file has: {', '.join(present)}"
            problems.append(Problem(what, remedy, file))
    return names, problems + _not_together(table, source, names, present, file)


def _not_together(
    table: Table, source: TableSource, names: Mapping[str, str], present: Sequence[str], file: str
) -> list[Problem]:
    """Return the problem of columns that come all together or not at all, when a file has some of those asked for."""
    absent = [name for name in table.together if name not in names]
    asked = set(table.together) & (set(names) | set(source.columns))
    if not absent or not asked:
        return []
    what = f"{', '.join(table.together)} come all together or not at all, and the file has none for {', '.join(absent)}"
    remedy = f"Map all under `columns` of the table {table.name} in {LAYOUT}, or delete the lines of all: they may be "
    return [Problem(what, f"{remedy}left out. The file has: {', '.join(present)}", file)]


def _wanted(raw: Raw, source: TableSource, names: Mapping[str, str]) -> tuple[Raw, int]:
    """Leave out the rows that `exclude` names, before anything is asked of them."""
    left = pd.Series(False, index=raw.frame.index)
    for column, words in source.exclude.items():
        if column in names:
            left |= excluded(as_text(raw.frame[names[column]]), words)
    return (replace(raw, frame=raw.frame[~left]), int(left.sum())) if left.any() else (raw, 0)


def _in_use(table: Table, raw: Raw, names: Mapping[str, str]) -> tuple[Raw, int]:
    """Leave out rows of categories that were not in use, before their municipality is asked for in that year."""
    figures = [
        raw.frame[names[column.name]]
        for column in table.columns
        if column.name in names and column.name not in table.key and (column.kind == "number" or column.nullable)
    ]
    if not figures:
        return raw, 0
    unused = pd.concat([as_text(column) == "." for column in figures], axis=1).all(axis=1)
    return (replace(raw, frame=raw.frame[~unused]), int(unused.sum())) if unused.any() else (raw, 0)


def _one_each(table: Table, raw: Raw, names: Mapping[str, str]) -> Raw:
    """Repeat rows whose cell holds several values, once for each; all keep the row number of the file."""
    frame = raw.frame
    for name in [names[column.name] for column in table.columns if column.several and column.name in names]:
        parts = as_text(frame[name]).str.split(r"\s*[,;]\s*", regex=True)
        # A separator too many is no value; a cell without any value stays, and is a problem.
        filled = parts.map(lambda found: [part for part in found if part] or [""])
        frame = frame.assign(**{name: filled}).explode(name)
    return replace(raw, frame=frame)


def _absent(column: Column, index: pd.Index) -> pd.Series:
    kinds = {"number": "float64", "amount": "float64", "integer": "Int64", "year": "Int64", "date": "object"}
    return pd.Series([None] * len(index), index=index, dtype=kinds.get(column.kind, "str"))


def _municipalities(
    cells: pd.Series,
    columns: Mapping[str, pd.Series],
    raw: Raw,
    name: str,
    register: Register,
    problems: Problems,
    since: int | None,
) -> pd.Series:
    text = as_text(cells)
    when = columns["quarter"].dt.year if "quarter" in columns else columns.get("year")
    dated = pd.Series(True, index=cells.index) if when is None else when.fillna(-1) > 0
    asked = text[dated]
    try:
        codes = register.resolve(
            asked,
            year=None if when is None else when[dated].astype("int64"),
            since=_since(columns, since),
            file=raw.file,
            column=name,
        )
    except InputError as error:
        positions = np.flatnonzero(dated.to_numpy())
        for problem in error.problems:
            row = None
            if problem.row is not None and raw.numbered:
                row = int(raw.frame.index[positions[problem.row - 2]])
            problems.found.append(replace(problem, row=row))
        return pd.Series("", index=cells.index, dtype="str")
    for code, pattern in _STYLES.items():
        problems.note(code, text.str.fullmatch(pattern), name, text)
    return codes.reindex(cells.index).astype("str")


def _since(columns: Mapping[str, pd.Series], since: int | None) -> int | pd.Series | None:
    """Return the year of rows that tell one beside their subject, such as the date of a target; `since` of others."""
    if since is None:
        return None
    if "date" in columns:
        return columns["date"].map(lambda day: getattr(day, "year", since)).fillna(since).astype("int64")
    return columns["from_year"].fillna(since).astype("int64") if "from_year" in columns else since


_STYLES = {
    "zero_restored": r"\d{1,3}(?:\.0+)?(?:\D.*)?",
    "code_with_name": r"(?:K[-_])?\d{1,4}[\s:;,–-]+\D.*",
    "name_only": r"\D{2}.*(?<!\d)",
}


def _cells(column: Column, cells: pd.Series, name: str, source: TableSource, problems: Problems) -> pd.Series:
    """Read a column of quarters, years, dates, whole numbers, codes or text."""
    text = as_text(cells)
    filled = text != ""
    if not column.nullable:
        problems.add(~filled, "the cell is blank", "Fill it in, or remove the row", name, cells)
    if column.kind in ("quarter", "year"):
        return read_period(column, text, filled, name, problems)
    if column.kind == "date":
        values, bad = dates(text)
        problems.add(bad & filled, "not a date", "Write dates as 2012-03-15 or 15.03.2012", name, cells)
        return values
    if column.kind == "integer":
        read = numbers(cells, decimal=",")
        whole = read.figures.notna() & (read.figures % 1 == 0)
        problems.add(~whole & filled, "not a whole number", "Write digits only", name, cells)
        return read.figures.where(whole, -1).astype("int64")
    return _codes(column, text, name, source, problems, filled)


def _codes(
    column: Column, text: pd.Series, name: str, source: TableSource, problems: Problems, filled: pd.Series
) -> pd.Series:
    codes, unknown = coded(column, text, source)
    words = source.codes.get(column.name, {})
    known = [*words, *column.known]
    together = unknown & totals(text)
    what = f"a total among the codes of {column.name}: counted twice"
    problems.add(together, what, lambda word: leave_out(column.name, [word]), name, text)
    unknown &= ~together
    usual = text.str.casefold().isin([word for word, _ in column.words if word not in column.known])
    problems.note("usual_words", usual & ~text.isin(list(words)), name, text)

    def meaning(word: str) -> str:
        return map_it(source.table, column.name, known, word)

    problems.add(unknown & filled, f"unknown {column.name}", meaning, name, text)
    if column.pattern:
        wrong = filled & ~text.str.fullmatch(column.pattern)
        problems.add(wrong, f"not a {column.name.replace('_', ' ')}", f"Expected {column.unit}", name, text)
    return codes.where(filled | (not column.nullable))


def _word(cell: object) -> str:
    return " ".join(str(cell).split()).casefold()


def coded(column: Column, text: pd.Series, source: TableSource) -> tuple[pd.Series, pd.Series]:
    """Map the words of a file to codes, letter case and a stop at the end aside; return codes and which are unknown."""
    words = source.codes.get(column.name, {})
    known = dict(column.words) | {code.casefold(): code for code in column.known}
    known |= {word.casefold(): code for word, code in words.items()}
    if not known:
        return text, pd.Series(False, index=text.index)
    # A spreadsheet makes 1.0 of a code 1 where a cell of the column is empty.
    distinct = {
        word: known.get(_word(word), known.get(_word(word).removesuffix(".0").rstrip(" .,;:!*")))
        for word in text.unique()
    }
    codes = text.map(distinct).astype("str")
    if column.known:
        return codes, codes.isna()
    # Free text: words the file's mapping does not name stay as they are.
    return codes.where(codes.notna(), text), pd.Series(False, index=text.index)
