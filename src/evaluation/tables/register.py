"""The register of positions, prepared by DuckDB: checked by aggregate queries and copied, never loaded whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Note, Problem
from evaluation.municipalities import Register
from evaluation.sources import as_text
from evaluation.sources.database import Allowed, database
from evaluation.sources.places import name_of
from evaluation.tables.collect import SHOWN_ALIKE
from evaluation.tables.declare import OLDEST, YOUNGEST
from evaluation.tables.deliveries import TABLE, Delivery, identifier, open_delivery, readable
from evaluation.tables.keys import LAYOUT
from evaluation.tables.layout import TableSource
from evaluation.tables.odd import map_it
from evaluation.tables.percentages import LARGEST, fractions, given, irregular, percentage
from evaluation.tables.tidy import coded
from evaluation.workbench import Described

if TYPE_CHECKING:
    import duckdb

CODED = tuple(column.name for column in TABLE.columns if column.kind == "code")
# One person may hold two positions alike in all that a register tells; more than this share is a double delivery.
REPEATED_SHARE = 0.001


@dataclass(frozen=True)
class PreparedPositions(Described):
    """What became of the register's files.

    Attributes
    ----------
    files : DataFrame
        file, rows, kept, dropped, repeated (rows alike in every column, kept): one row per file.
    dropped : DataFrame
        reason, rows.
    notes : tuple of Note
        Positions of 0 and above 100 per cent, which are kept.
    """

    files: pd.DataFrame
    dropped: pd.DataFrame
    notes: tuple[Note, ...] = ()


def prepare_positions(
    files: Sequence[Path],
    source: TableSource,
    register: Register,
    *,
    division: int,
    as_of: date,
    target: Path,
    folder: Path,
    allowed: Allowed | None = None,
) -> PreparedPositions:
    """Write the tidy positions of all files to one Parquet file at `target`.

    Codes are those of the tidy table, municipalities those of `division`; only counts (1 December) up to `as_of` are
    kept. A row with a blank cell is dropped, as is a merged municipality in a year one of its predecessors is missing.

    Raises
    ------
    InputError
        All problems of all files: columns not mapped, unknown codes and municipalities, percentages that are not
        (negative, above 1000; of 0 or above 100 too if the source says to refuse them; fractions such as 0.5 among
        them), impossible years of birth, identity numbers, and rows that repeat another in every column of the file
        (those not mapped included) if they are more than `REPEATED_SHARE` of it. One person may hold several positions
        of one kind, so that nothing less than the whole row is a key; a few rows alike in all are kept, and counted.
    """
    allowed = allowed or Allowed()
    with database(allowed.memory_limit, allowed.threads) as connection:
        problems: list[Problem] = []
        opened: list[Delivery] = []
        for number, path in enumerate(files):
            name = name_of(path, folder)
            with readable(name):
                found, wrong = open_delivery(connection, path, number, source, name)
            problems += wrong
            opened += [found] if found else []
        for file in opened:
            with readable(file.name):
                problems += _check(connection, file, source)
            if allowed.tell:
                allowed.tell(f"Positions checked: {file.name} ({file.number + 1} of {len(files)})")
        municipalities, wrong = _municipalities(connection, opened, register)
        problems += wrong
        if problems:
            raise InputError(problems)
        problems += _repeated_across(connection, opened, municipalities)
        if problems:
            raise InputError(problems)
        last = as_of.year if (as_of.month, as_of.day) >= (12, 1) else as_of.year - 1
        places = _places(municipalities, register, division, last)
        return _copy(connection, opened, places, last, target)


def _check(connection: duckdb.DuckDBPyConnection, file: Delivery, source: TableSource) -> list[Problem]:
    """Aggregate checks of one file, and a table `<relation>_<column>` of codes for each coded column."""
    problems = []
    for name in CODED:
        distinct = connection.execute(
            f"SELECT {file[name]}::VARCHAR AS word, count(*) AS rows, min(file_row_number) + 2 AS first "
            f"FROM {file.relation} WHERE {file[name]} IS NOT NULL AND trim({file[name]}::VARCHAR) <> '' GROUP BY 1"
        ).df()
        codes, unknown = coded(TABLE.column(name), as_text(distinct["word"].astype("str")), source)
        known = [*source.codes.get(name, {}), *TABLE.column(name).known]
        shown = distinct[unknown].sort_values("first").head(SHOWN_ALIKE)
        problems += [
            Problem(
                f"unknown {name} (in {rows} rows)",
                map_it("positions", name, known, word),
                *(file.name, int(first), file.columns[name], word),
            )
            for word, rows, first in zip(shown["word"], shown["rows"], shown["first"], strict=True)
        ]
        connection.register("code_words", pd.DataFrame({"word": distinct["word"], "code": codes}))
        connection.execute(f"CREATE TABLE {file.relation}_{name} AS FROM code_words")
        connection.unregister("code_words")
    year, birth = (f"try_cast({file[one]} AS DOUBLE)" for one in ("year", "birth_year"))
    written = percentage(file["percentage"], numeric=file.numeric("percentage"))
    size = f"try_cast({written} AS DOUBLE)"
    keep, refuse = source.irregular == "keep", source.irregular == "refuse"
    sized = given(written, numeric=file.numeric("percentage"))
    code, person, top = _position_code(file), file["person"], 100 if refuse else LARGEST
    rules = [
        ("year", f"{year} IS NULL OR {year} <> floor({year}) OR {year} NOT BETWEEN 1900 AND 2099", "not a year"),
        ("year", f"{year} BETWEEN {date.today().year + 1} AND 2099", "a time that has not begun"),
        (
            "percentage",
            f"{sized} AND ({size} IS NULL OR isnan({size}) OR {size} NOT BETWEEN 0 AND {top})",
            f"position size outside 0-{top} per cent",
        ),
        ("percentage", f"{size} = 0" if refuse else "false", "position size of 0 per cent"),
        (
            "birth_year",
            f"{file['birth_year']} IS NOT NULL AND ({birth} IS NULL OR {birth} <> floor({birth}) "
            f"OR {year} - {birth} NOT BETWEEN {YOUNGEST} AND {OLDEST})",
            f"year of birth that makes the person younger than {YOUNGEST} or older than {OLDEST}",
        ),
        ("position_code", f"{code} <> '' AND NOT regexp_full_match({code}, '\\d{{4}}')", "not a four-digit code"),
        ("municipality", f"coalesce(trim({file['municipality']}::VARCHAR), '') = ''", "the municipality is blank"),
        ("person", f"coalesce(trim({person}::VARCHAR), '') = ''", "the person is blank"),
        ("person", f"{person} <> floor({person})" if file.numeric("person") else "false", "not a whole number"),
    ]
    parts = ", ".join(
        f"count(*) FILTER ({condition}), min(file_row_number) FILTER ({condition}) + 2, "
        f"arg_min({file[name]}::VARCHAR, file_row_number) FILTER ({condition})"
        for name, condition, _ in rules
    )
    answers = connection.execute(f"SELECT {parts} FROM {file.relation}").fetchone() or ()
    for position, (name, _, what) in enumerate(rules):
        count, first, value = answers[3 * position : 3 * position + 3]
        if count:
            remedy = "Correct the rows, or leave them out of the file and say so"
            if name == "percentage" and refuse:
                remedy += f"; 0 and above 100 are kept and counted without `irregular: refuse` in {LAYOUT}"
            problems.append(Problem(f"{what} (in {count} rows)", remedy, file.name, first, file.columns[name], value))
    found = fractions(connection, file.relation, size, (file["municipality"], file["year"]), keep=keep)
    if found:
        problems.append(Problem(found.what, found.remedy, file.name, found.row, file.columns["percentage"]))
    file.notes.extend(irregular(connection, file.relation, size, file.name, file.columns["percentage"]))
    return problems + _repeated(connection, file)


def _repeated(connection: duckdb.DuckDBPyConnection, file: Delivery) -> list[Problem]:
    columns = ", ".join(identifier(name) for name in file.types)
    found = connection.execute(
        f"SELECT coalesce(sum(times - 1), 0), min(second) + 2, (SELECT count(*) FROM {file.relation}) "
        f"FROM (SELECT count(*) AS times, max(file_row_number) AS second FROM {file.relation} "
        f"GROUP BY {columns} HAVING count(*) > 1)"
    ).fetchone()
    repeated, first, rows = found or (0, None, 0)
    file.repeated.append(int(repeated))
    if repeated <= rows * REPEATED_SHARE:
        return []
    what = f"{int(repeated)} rows repeat another row in every column"
    return [Problem(what, "Remove the repeated rows, or keep the column that tells them apart", file.name, first)]


def _repeated_across(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Delivery], municipalities: pd.DataFrame
) -> list[Problem]:
    """Refuse a municipality and year that two files both hold in part with the same rows."""
    shared = municipalities.groupby(["code", "year"])["file"].nunique()
    if not (shared > 1).any():
        return []
    doubled = municipalities.set_index(["code", "year"]).index.isin(shared[shared > 1].index)
    numbers = municipalities["file"][doubled].to_list()
    chosen = [file for file in files if file.number in numbers]
    selected = " UNION ALL ".join(
        f"SELECT {file.number} AS file, {', '.join(f'{file[name]}::VARCHAR AS {name}' for name in TABLE.names)} "
        f"FROM {file.relation}"
        for file in chosen
    )
    found = connection.execute(
        f"SELECT count(*), min(a), max(b) FROM (SELECT min(file) AS a, max(file) AS b FROM ({selected}) "
        f"GROUP BY {', '.join(TABLE.names)} HAVING count(DISTINCT file) > 1)"
    ).fetchone()
    if not found or not found[0]:
        return []
    names = {file.number: file.name for file in chosen}
    what = f"{int(found[0])} rows are also in another file, {names[found[1]]}"
    return [Problem(what, "Keep each delivery in one file only", names[found[2]])]


def _position_code(file: Delivery) -> str:
    """Position code as text; whole numbers have lost their leading zeros."""
    text = f"trim(coalesce({file['position_code']}::VARCHAR, ''))"
    if file.numeric("position_code"):
        text = f"regexp_replace({text}, '\\.0+$', '')"
        return f"CASE WHEN {text} = '' THEN '' ELSE lpad({text}, greatest(4, length({text}))::INTEGER, '0') END"
    return text


def _municipalities(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Delivery], register: Register
) -> tuple[pd.DataFrame, list[Problem]]:
    """Each municipality as written, by file and year, with the code of its time."""
    parts, problems = [], []
    for file in files:
        pairs = connection.execute(
            f"SELECT {file['municipality']}::VARCHAR AS word, try_cast({file['year']} AS INTEGER) AS year, "
            f"count(*) AS rows, min(file_row_number) + 2 AS first FROM {file.relation} "
            f"WHERE trim({file['municipality']}::VARCHAR) <> '' AND try_cast({file['year']} AS INTEGER) "
            f"BETWEEN 1900 AND 2099 GROUP BY 1, 2 ORDER BY first"
        ).df()
        pairs = pairs.astype({"word": "str", "year": "int64"})
        try:
            codes = register.resolve(
                pairs["word"], year=pairs["year"], file=file.name, column=file.columns["municipality"]
            )
        except InputError as error:
            firsts = pairs["first"].to_numpy()
            problems += [
                Problem(one.what, one.remedy, one.file, int(firsts[one.row - 2]), one.column, one.value)
                if one.row is not None
                else one
                for one in error.problems
            ]
        else:
            parts.append(pairs.assign(code=codes.to_numpy(), file=file.number))
    columns = ["word", "year", "rows", "first", "code", "file"]
    return (pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)), problems


def _places(municipalities: pd.DataFrame, register: Register, division: int, last: int) -> pd.DataFrame:
    """Word and year to the code of the division; none where a predecessor is missing that year."""
    current = municipalities[municipalities["year"] <= last]
    counted = current.groupby(["code", "year"])["rows"].sum().astype("float64").reset_index()
    summed = register.harmonise(
        counted.rename(columns={"code": "municipality"}), division=division, by=["year"], sums=["rows"]
    )
    whole = set(map(tuple, summed.loc[summed["rows"].notna(), ["municipality", "year"]].to_numpy()))
    target = current["code"].map(register.mapping(current["code"].unique(), division=division))
    kept = [pair in whole for pair in zip(target, current["year"], strict=True)]
    places = current.assign(place=target.astype("str").where(np.array(kept, dtype=bool)))
    return places.drop_duplicates(["word", "year"])[["word", "year", "place"]]


def _copy(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Delivery], places: pd.DataFrame, last: int, target: Path
) -> PreparedPositions:
    connection.register("places", places)
    selects = []
    for file in files:
        joins = " ".join(
            f"LEFT JOIN {file.relation}_{name} AS {name}_codes ON r.{file[name]}::VARCHAR = {name}_codes.word"
            for name in CODED
        )
        year = f"r.{file['year']}::INTEGER"
        person = f"r.{file['person']}"
        if not file.numeric("person"):
            # Pseudonyms in letters: any stable whole number will do, since nothing but equality is used.
            person = f"coalesce(try_cast(trim({person}) AS BIGINT), (hash(trim({person})) >> 1)::BIGINT)"
        code = f"nullif({_position_code(file)}, '')"
        size = percentage(f"r.{file['percentage']}", numeric=file.numeric("percentage"))
        size = size if file.numeric("percentage") else f"nullif({size}, '')"
        selects.append(
            f"SELECT {file.number} AS file, places.place AS municipality, {year}::BIGINT AS year, "
            f"{person}::BIGINT AS person, sector_codes.code AS sector, {code} AS position_code, sex_codes.code AS sex, "
            f"r.{file['birth_year']}::BIGINT AS birth_year, "
            f"round({size}::DOUBLE, 4) AS percentage, employment_codes.code AS employment "
            f"FROM {file.relation} AS r {joins} "
            f"LEFT JOIN places ON r.{file['municipality']}::VARCHAR = places.word AND {year} = places.year"
        )
    blank = " OR ".join(f"{name} IS NULL" for name in TABLE.names if name not in ("municipality", "year", "person"))
    connection.execute(
        "CREATE VIEW tidy AS SELECT *, "
        f"CASE WHEN year > {last} THEN 'after_cut' WHEN {blank} THEN 'left_blank' "
        "WHEN municipality IS NULL THEN 'predecessor_missing' ELSE '' END AS reason "
        f"FROM ({' UNION ALL '.join(selects)})"
    )
    written = str(target).replace("'", "''")
    connection.execute(
        f"COPY (SELECT {', '.join(TABLE.names)} FROM tidy WHERE reason = '') "
        f"TO '{written}' (FORMAT parquet, COMPRESSION zstd)"
    )
    counts = connection.execute("SELECT file, reason, count(*) AS rows FROM tidy GROUP BY ALL ORDER BY ALL").df()
    return _account(counts, files)


def _account(counts: pd.DataFrame, files: Sequence[Delivery]) -> PreparedPositions:
    def total(file: Delivery, chosen: Any) -> int:
        return int(counts.loc[(counts["file"] == file.number) & chosen, "rows"].sum())

    kept = counts["reason"] == ""
    rows = [
        {"file": file.name, "rows": total(file, True) + file.excluded, "kept": total(file, kept)}
        | {"dropped": total(file, ~kept) + file.excluded}
        | {"repeated": sum(file.repeated)}
        for file in files
    ]
    left = sum(file.excluded for file in files)
    why = pd.concat([counts[~kept], pd.DataFrame({"reason": ["excluded"] * bool(left), "rows": [left] * bool(left)})])
    dropped = why.groupby("reason")["rows"].sum().reset_index()
    shown = pd.DataFrame(rows, columns=["file", "rows", "kept", "dropped", "repeated"])
    return PreparedPositions(shown, dropped, tuple(note for file in files for note in file.notes))
