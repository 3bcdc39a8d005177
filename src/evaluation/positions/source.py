"""The register as DuckDB sees it: opened whatever it is, and refused when it cannot be right."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

import pandas as pd

from evaluation.errors import InputError, Problem

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

View = Literal["position", "employee"]
VIEWS = ("position", "employee")
WHOLE = ("year", "birth_year")
LARGEST = 1000.0
"""A position above this many per cent cannot be a percentage of full time and is refused."""


@contextmanager
def opened(source: Path | str | pd.DataFrame, memory_limit: str) -> Iterator[DuckDBPyConnection]:
    """Open an in-memory database in which `register` is the source, whatever it is."""
    import duckdb

    with TemporaryDirectory(prefix="positions-") as spill, duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")  # it would be a widget in a notebook
        connection.execute("SET preserve_insertion_order = false")
        try:
            connection.execute(f"SET memory_limit = '{_quoted(memory_limit)}'")
        except duckdb.Error as error:
            raise InputError(
                Problem(
                    "The memory limit is not understood",
                    "Give a size with a unit, such as 512MB or 2GB",
                    value=memory_limit,
                )
            ) from error
        connection.execute(f"SET threads = {_threads(connection)}")
        connection.execute(f"SET temp_directory = '{_quoted(spill)}'")
        if isinstance(source, pd.DataFrame):
            connection.register("register", source)
        else:
            path = Path(source)
            if not path.is_file():
                remedy = "Give the path of a Parquet or CSV file"
                raise InputError(Problem("The register does not exist", remedy, file=str(path)))
            text = path.suffix.lower() == ".csv"
            try:
                connection.execute(f"CREATE VIEW register AS {_csv(connection, path) if text else _parquet(path)}")
            except duckdb.Error as error:
                what = f"The register cannot be read as {'CSV' if text else 'Parquet'}"
                raise InputError(Problem(what, "Prepare it with load_study first", file=str(path))) from error
        yield connection


def _threads(connection: DuckDBPyConnection) -> int:
    """Return how many threads the memory has room for: each keeps tables of its own while it adds up."""
    size, unit = str(connection.execute("SELECT current_setting('memory_limit')").fetchall()[0][0]).split()
    room = float(size) * {"MiB": 1, "GiB": 2**10, "TiB": 2**20}.get(unit, 0)
    return max(1, min(os.cpu_count() or 1, int(room // 40)))


def _quoted(text: str) -> str:
    return str(text).replace("'", "''")


def _parquet(path: Path) -> str:
    return f"SELECT * FROM read_parquet('{_quoted(str(path))}')"


def _csv(connection: DuckDBPyConnection, path: Path) -> str:
    """Write the reading of a tidy CSV: codes stay text with their leading zeros, a decimal comma is a decimal sign."""
    read = f"FROM read_csv('{_quoted(str(path))}', all_varchar = true)"
    found = [row[0] for row in connection.execute(f"DESCRIBE SELECT * {read}").fetchall()]
    casts = {"percentage": "CAST(replace(percentage, ',', '.') AS DOUBLE) AS percentage"}
    casts |= {name: f"CAST({name} AS BIGINT) AS {name}" for name in (*WHOLE, "person")}
    columns = [casts.get(name, '"' + name + '"') for name in found]
    return f"SELECT {', '.join(columns)} {read}"


def require_columns(connection: DuckDBPyConnection, source: object, wanted: Sequence[str], view: View) -> None:
    """Refuse a register that lacks a column, or has empty values in one that is needed."""
    present = {row[0]: str(row[1]) for row in connection.execute("DESCRIBE register").fetchall()}
    needed = list(dict.fromkeys([*wanted, "percentage", "employment", *(["person"] if view == "employee" else [])]))
    file = None if isinstance(source, pd.DataFrame) else str(source)
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
    counts = connection.execute(f"SELECT {', '.join(f'count(*) - count({name})' for name in needed)} FROM register")
    empty = [(name, rows) for name, rows in zip(needed, counts.fetchall()[0], strict=True) if rows]
    if empty:
        raise InputError(
            Problem(
                f"{rows} positions have no value",
                "Fill the value in, or leave these positions out and say so",
                file=file,
                column=name,
            )
            for name, rows in empty
        )


def account_of(
    connection: DuckDBPyConnection, source: object, exclude: Sequence[str], irregular: Literal["keep", "refuse"]
) -> pd.DataFrame:
    """Count the rows by what becomes of them, and refuse percentages that cannot be right."""
    connection.register("excluded", pd.DataFrame({"kind": pd.Series(list(exclude), dtype="str")}))
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
    kept = kinds[~kinds["employment"].isin(list(exclude))]
    file = None if isinstance(source, pd.DataFrame) else str(source)
    problems = []

    def problem(what: str, remedy: str, value: object = None) -> None:
        problems.append(Problem(what, remedy, file=file, column="percentage", value=value))

    if kinds["nan"].sum():
        problem(f"{kinds['nan'].sum()} positions have no value", "Fill the value in, or leave these positions out")
    if kinds["low"].min() < 0:
        problem("A position has a negative percentage", "Correct it at the source", float(kinds["low"].min()))
    if kinds["high"].max() > LARGEST:
        problem(
            f"A position is above {LARGEST:.0f} per cent", "Correct the unit at the source", float(kinds["high"].max())
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
