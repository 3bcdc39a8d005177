"""The register as DuckDB sees it: opened whatever it is, and refused when it cannot be right."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.sources.database import MEMORY_LIMIT, database, quoted
from evaluation.sources.places import files_at, filesystem, hive, is_address

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Source = Path | str | pd.DataFrame
View = Literal["position", "employee"]
VIEWS = ("position", "employee")
WHOLE = ("year", "birth_year")
LARGEST = 1000.0
"""A position above this many per cent cannot be a percentage of full time and is refused."""
MEMORY = "120MB"
"""What DuckDB may use: with Python and pandas beside it a reading of any size stays below 500 MB."""
_MEND = "Write the file again; it may be cut short"


def memory(limit: str | None) -> str:
    """Return the memory limit of a reading: the one given, else the environment's, else `MEMORY`."""
    return limit or os.environ.get(MEMORY_LIMIT) or MEMORY


@contextmanager
def opened(
    source: Source, memory_limit: str, threads: int | None = None, *, checked: bool = False
) -> Iterator[DuckDBPyConnection]:
    """Open an in-memory database in which `register` is the source, whatever it is.

    The files of a register in several must have the same columns; `checked` says that this has been seen to.
    """
    import duckdb

    with database(memory_limit, threads) as connection:
        connection.execute("SET preserve_insertion_order = false")  # whole numbers are added up: any order will do
        files: list[str] = []
        if isinstance(source, pd.DataFrame):
            connection.register("delivered", source)
        else:
            files = _files(source)
            if is_address(files[0]):
                connection.register_filesystem(filesystem(files[0]))
            _view(connection, files, checked)
        connection.execute("CREATE VIEW register AS FROM delivered")
        try:
            yield connection
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            spoilt = next((name for name in files if not _whole(connection, name)), None)
            if spoilt is None:
                raise
            raise InputError(Problem("The register cannot be read", _MEND, file=spoilt)) from error


def _whole(connection: DuckDBPyConnection, name: str) -> bool:
    """Whether every value of a Parquet file can be read."""
    import duckdb

    try:
        connection.execute(f"SELECT bit_xor(hash(COLUMNS(*))) FROM {_parquet([name])}").fetchall()
    except duckdb.Error:
        return False
    return True


def _files(source: Path | str) -> list[str]:
    found = files_at(str(source))
    if not found:
        remedy = "Give a Parquet or CSV file, a folder or a pattern of Parquet files, or the address of such"
        raise InputError(Problem("The register does not exist", remedy, file=str(source)))
    return found


def _view(connection: DuckDBPyConnection, files: Sequence[str], checked: bool) -> None:
    """Make the view `delivered` of the files."""
    import duckdb

    text = files[0].lower().endswith(".csv")
    if not text and not checked:
        _require_equal(connection, files)
    try:
        read = _csv(connection, files[0]) if text else f"SELECT * FROM {_parquet(files)}"
        connection.execute(f"CREATE VIEW delivered AS {read}")
    except duckdb.Error as error:
        what = f"The register cannot be read as {'CSV' if text else 'Parquet'}"
        raise InputError(Problem(what, "Prepare it with load_study first", file=files[0])) from error


def _require_equal(connection: DuckDBPyConnection, files: Sequence[str]) -> None:
    """Refuse files that are not whole, and those whose columns are not those of the first that is."""
    import duckdb

    problems = []
    first: tuple[str, dict[str, str]] | None = None
    for name in files:
        try:
            rows = connection.execute(f"DESCRIBE SELECT * FROM {_parquet([name])}").fetchall()
        except duckdb.Error:
            problems.append(Problem("The register cannot be read as Parquet", _MEND, file=name))
            continue
        columns = {row[0]: str(row[1]) for row in rows}
        first = first or (name, columns)
        for column, kind in first[1].items():
            if columns.get(column) != kind:
                what = f"The column is {columns[column]}" if column in columns else "The column is missing"
                remedy = f"Write the file with the columns of {first[0]}, where it is {kind}"
                problems.append(Problem(what, remedy, file=name, column=column))
    if problems:
        raise InputError(problems)


def _parquet(files: Sequence[str]) -> str:
    """Write the reading of Parquet files; what their paths tell (year=2012/) are columns too."""
    kinds = {key: "BIGINT" if key in WHOLE else "VARCHAR" for key in hive(files[0])}
    typed = ", ".join(f"{quoted(key)}: {kind}" for key, kind in kinds.items())
    told = f", hive_partitioning = true, hive_types = {{{typed}}}" if kinds else ", hive_partitioning = false"
    # Having seen every file DuckDB knows how much there is; guessing by the first it ran out of memory at 30 million.
    return f"read_parquet({quoted(list(files))}{told}, union_by_name = {quoted(len(files) > 1)})"


def keep_years(connection: DuckDBPyConnection, years: Sequence[int]) -> None:
    """Leave only the rows of these years in `register`, all where none are given."""
    chosen = f" WHERE year IN ({', '.join(str(int(year)) for year in years)})" if years else ""
    connection.execute(f"CREATE OR REPLACE VIEW register AS SELECT * FROM delivered{chosen}")


def _csv(connection: DuckDBPyConnection, path: str) -> str:
    """Write the reading of a tidy CSV: codes stay text with their leading zeros, a decimal comma is a decimal sign."""
    read = f"FROM read_csv({quoted(path)}, all_varchar = true)"
    found = [row[0] for row in connection.execute(f"DESCRIBE SELECT * {read}").fetchall()]
    casts = {"percentage": "CAST(replace(percentage, ',', '.') AS DOUBLE) AS percentage"}
    casts |= {name: f"CAST({name} AS BIGINT) AS {name}" for name in (*WHOLE, "person")}
    columns = [casts.get(name, '"' + name + '"') for name in found]
    return f"SELECT {', '.join(columns)} {read}"


def require_columns(connection: DuckDBPyConnection, source: object, wanted: Sequence[str], view: View) -> list[str]:
    """Refuse a register that lacks a column; return those that are needed."""
    present = {row[0]: str(row[1]) for row in connection.execute("DESCRIBE register").fetchall()}
    needed = list(dict.fromkeys([*wanted, "percentage", "employment", *(["person"] if view == "employee" else [])]))
    file = _named(source)
    absent = [name for name in needed if name not in present]
    if absent:
        raise InputError(
            Problem(
                "The register lacks a column",
                f"The columns found are {', '.join(sorted(present))}",
                file=file,
                column=name,
            )
            for name in absent
        )
    wrong = [name for name in needed if name in WHOLE and "INT" not in present[name].upper()]
    if wrong:
        raise InputError(
            Problem(
                f"The column must hold whole numbers, not {present[name]}", "Convert it first", file=file, column=name
            )
            for name in wrong
        )
    return needed


def _named(source: object) -> str | None:
    return None if isinstance(source, pd.DataFrame) else str(source)


@dataclass(frozen=True)
class Rows:
    """How the rows of a register are made up; those of its parts add up.

    Attributes
    ----------
    kinds : by employment kind: rows, lowest and highest percentage, and how many are 0, at most 1, above 100 or no
        number.
    empty : rows without a value, by column.
    """

    kinds: pd.DataFrame
    empty: Mapping[str, int]

    @classmethod
    def of(cls, connection: DuckDBPyConnection, needed: Sequence[str]) -> Rows:
        """Count those of `register`."""
        counts = connection.execute(f"SELECT {', '.join(f'count(*) - count({name})' for name in needed)} FROM register")
        empty = dict(zip(needed, counts.fetchall()[0], strict=True))
        kinds = connection.execute(
            """
            SELECT employment, count(*) AS n, min(percentage) AS low, max(percentage) AS high,
                   count(*) FILTER (percentage = 0) AS zero,
                   count(*) FILTER (percentage > 0 AND percentage <= 1) AS small,
                   count(*) FILTER (percentage > 100) AS above,
                   count(*) FILTER (isnan(CAST(percentage AS DOUBLE))) AS nan
            FROM register GROUP BY employment ORDER BY employment
            """
        ).df()
        return cls(kinds, empty)

    @classmethod
    def added(cls, parts: Sequence[Rows]) -> Rows:
        """Add up those of the parts of a register."""
        if len(parts) == 1:
            return parts[0]
        ways = {"n": "sum", "low": "min", "high": "max"} | dict.fromkeys(("zero", "small", "above", "nan"), "sum")
        kinds = pd.concat([part.kinds for part in parts]).groupby("employment", dropna=False).agg(ways).reset_index()
        return cls(kinds, {name: sum(part.empty[name] for part in parts) for name in parts[0].empty})

    @property
    def usable(self) -> bool:
        """Whether every row has its values, and a percentage that can be one."""
        kinds = self.kinds
        possible = not kinds["nan"].sum() and not kinds["low"].min() < 0 and not kinds["high"].max() > LARGEST
        return possible and not any(self.empty.values())

    def account(self, source: object, exclude: Sequence[str], irregular: Literal["keep", "refuse"]) -> pd.DataFrame:
        """Count the rows by what becomes of them, and refuse what cannot be right."""
        kinds, file = self.kinds, _named(source)
        if empty := [(name, rows) for name, rows in self.empty.items() if rows]:
            remedy = "Fill the value in, or leave these positions out and say so"
            raise InputError(
                Problem(f"{rows} positions have no value", remedy, file=file, column=name) for name, rows in empty
            )
        kept = kinds[~kinds["employment"].isin(list(exclude))]
        problems = []

        def problem(what: str, remedy: str, value: object = None) -> None:
            problems.append(Problem(what, remedy, file=file, column="percentage", value=value))

        if kinds["nan"].sum():
            problem(f"{kinds['nan'].sum()} positions have no value", "Fill the value in, or leave these positions out")
        if kinds["low"].min() < 0:
            problem("A position has a negative percentage", "Correct it at the source", float(kinds["low"].min()))
        if kinds["high"].max() > LARGEST:
            problem(
                f"A position is above {LARGEST:.0f} per cent",
                "Correct the unit at the source",
                float(kinds["high"].max()),
            )
        if len(kept) and 0 < kept["high"].max() <= 1:
            problem("Every position is at most 1 per cent", "Percentages run from 0 to 100, not from 0 to 1")
        if irregular == "refuse" and kept[["zero", "above"]].to_numpy().sum():
            problem(
                f"{kept['zero'].sum()} positions are of 0 per cent and {kept['above'].sum()} above 100 per cent",
                "Correct them, or keep them with irregular='keep'",
            )
        if problems:
            raise InputError(problems)
        rows = {"read": kinds["n"].sum()}
        rows |= {f"excluded_{kind}": kinds.loc[kinds["employment"] == kind, "n"].sum() for kind in exclude}
        rows |= {"kept": kept["n"].sum(), "kept_zero": kept["zero"].sum()}
        rows |= {"kept_at_most_1": kept["small"].sum(), "kept_above_100": kept["above"].sum()}
        return pd.DataFrame({"reason": list(rows), "rows": [int(n) for n in rows.values()]})
