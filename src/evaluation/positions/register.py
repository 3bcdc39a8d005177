"""From a register with one row per position to exact counts per distinct percentage, through DuckDB.

The register may be larger than memory: DuckDB reads the Parquet file under a memory limit and spills to a temporary
folder. A pandas frame goes the same way, through the same statements.

Percentages are held as whole hundredths and reported as whole tenths of a percentage point, and every sum is a sum of
integers: the result does not depend on the order of the rows, on the number of threads or on the route.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

View = Literal["position", "employee"]
VIEWS = ("position", "employee")
# The order decides between two equally large positions of one person; the first that differs settles it.
DIMENSIONS = ("municipality", "sector", "sex", "birth_year", "position_code", "employment", "year", "age_group")
TIE_BREAK = DIMENSIONS[:6]
WHOLE = ("year", "birth_year")
AGE_GROUPS = ((0, "under_30"), (30, "30_39"), (40, "40_49"), (50, "50_59"), (60, "60_over"))
LARGEST = 1000.0
"""A position above this many per cent cannot be a percentage of full time and is refused."""

_HUNDREDTHS = "CAST(round(CAST(percentage AS DOUBLE) * 100) AS BIGINT)"
_CEILING = 1_000_000
_LIMIT = 2**62


def read_cells(
    source: Path | str | pd.DataFrame,
    dimensions: Sequence[str],
    *,
    view: View,
    exclude: Sequence[str],
    irregular: Literal["keep", "refuse"],
    memory_limit: str,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count positions or employees per combination of `dimensions` and distinct percentage (whole tenths).

    Returns
    -------
    cells : DataFrame
        One row per combination, sorted; text dimensions are categories; `percentage` (whole tenths) and `count`.
    account : DataFrame
        Columns `reason`, `rows`: rows read, left out by employment kind, kept, and how many of those kept are zero,
        at most 1 per cent, or above 100 per cent.
    """
    wanted = list(dimensions)
    aged = ["birth_year", "year"] if "age_group" in wanted else []
    own = [name for name in wanted if name != "age_group"]
    needed = list(dict.fromkeys([*own, *aged, *(["year"] if view == "employee" else [])]))
    with _opened(source, memory_limit) as connection:
        _require_columns(connection, source, needed, view)
        account = _account(connection, source, exclude, irregular)
        connection.execute(
            "CREATE TEMP VIEW kept AS SELECT * FROM register WHERE employment NOT IN (SELECT kind FROM excluded)"
        )
        if view == "employee":
            last = max((TIE_BREAK.index(name) for name in needed if name in TIE_BREAK), default=-1)
            needed = [*TIE_BREAK[: last + 1], "year"]
        values = {name: _codes(connection, name) for name in needed}
        values |= {"age_group": pd.Index([label for _, label in AGE_GROUPS])} if aged else {}
        statement = _employees(wanted, values) if view == "employee" else _positions(wanted, values)
        found = connection.execute(statement).fetchnumpy()
        cell, count = (np.ma.getdata(found.pop(name)) for name in ("cell", "n"))
    return _decoded(cell, count, wanted, values), account


@contextmanager
def _opened(source: Path | str | pd.DataFrame, memory_limit: str) -> Iterator[DuckDBPyConnection]:
    """Open an in-memory database in which `register` is the source, whatever it is."""
    import duckdb

    with TemporaryDirectory(prefix="positions-") as spill, duckdb.connect() as connection:
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
        connection.execute(f"SET temp_directory = '{_quoted(spill)}'")
        if isinstance(source, pd.DataFrame):
            connection.register("register", source)
        else:
            path = Path(source)
            if not path.is_file():
                raise InputError(
                    Problem("The register does not exist", "Give the path of a Parquet file", file=str(path))
                )
            try:
                connection.read_parquet(str(path)).create_view("register")
            except duckdb.Error as error:
                raise InputError(
                    Problem(
                        "The register cannot be read as Parquet", "Prepare it with load_study first", file=str(path)
                    )
                ) from error
        yield connection


def _quoted(text: str) -> str:
    return str(text).replace("'", "''")


def _require_columns(connection: DuckDBPyConnection, source: object, wanted: Sequence[str], view: View) -> None:
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


def _account(
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


def _codes(connection: DuckDBPyConnection, name: str) -> pd.Index:
    """Number the values of a column from 0 in sorted order; return the values.

    Whole numbers are numbered from the smallest on, and need no table; others get a table `code_<name>`.
    """
    kind = connection.execute(f"SELECT {name} FROM kept LIMIT 0").description[0][1]
    if "INT" in str(kind).upper():
        low, high = connection.execute(f"SELECT min({name}), max({name}) FROM kept").fetchall()[0]
        return pd.Index(np.arange(low or 0, (high or 0) + 1, dtype=np.int64))
    connection.execute(
        f"CREATE TEMP TABLE code_{name} AS SELECT {name}, row_number() OVER (ORDER BY {name}) - 1 AS c_{name} "
        f"FROM (SELECT DISTINCT {name} FROM kept)"
    )
    found = connection.execute(f"SELECT {name} FROM code_{name} ORDER BY {name}").df()[name]
    return pd.Index(found.astype("str"))


def _numbered(values: pd.Index) -> bool:
    return values.dtype.kind == "i"


def _code(name: str, values: dict[str, pd.Index]) -> str:
    """Write the code of a column of the register."""
    if name == "age_group":
        return _age_group("year - birth_year")
    return f"(CAST({name} AS BIGINT) - {values[name][0]})" if _numbered(values[name]) else f"c_{name}"


def _age_group(age: str) -> str:
    steps = " ".join(f"WHEN {age} >= {low} THEN {code}" for code, (low, _) in reversed(list(enumerate(AGE_GROUPS))))
    return f"(CASE {steps} ELSE 0 END)"


def _strides(names: Sequence[str], values: dict[str, pd.Index]) -> dict[str, int]:
    """Return the place value of each column when their codes are written as one number, the first most significant."""
    sizes = [max(len(values[name]), 1) for name in names]
    return {name: math.prod(sizes[place + 1 :]) for place, name in enumerate(names)}


def _joined(names: Sequence[str], values: dict[str, pd.Index]) -> str:
    coded = [name for name in names if name != "age_group" and not _numbered(values[name])]
    return "FROM kept" + "".join(f" JOIN code_{name} USING ({name})" for name in coded)


def _number(strides: dict[str, int], codes: dict[str, str]) -> str:
    return " + ".join(f"{codes[name]} * {stride}" for name, stride in strides.items()) or "0"


def _refuse_overflow(cells: int) -> None:
    if cells >= _LIMIT:
        raise InputError(
            Problem("The histogram has too many combinations", "Ask for fewer columns in `by`", value=f"{cells:.1e}")
        )


def _positions(wanted: Sequence[str], values: dict[str, pd.Index]) -> str:
    """Write the statement that counts positions by cell."""
    strides = _strides(wanted, values)
    _refuse_overflow(math.prod(max(len(values[name]), 1) for name in wanted) * _CEILING)
    codes = {name: _code(name, values) for name in wanted}
    # `//` divides whole numbers here; on doubles DuckDB's `//` keeps the fraction.
    cell = f"({_number(strides, codes)}) * {_CEILING} + ({_HUNDREDTHS} + 5) // 10"
    return f"SELECT {cell} AS cell, count(*) AS n {_joined(wanted, values)} GROUP BY cell ORDER BY cell"


def _employees(wanted: Sequence[str], values: dict[str, pd.Index]) -> str:
    """Write the statement that adds up each person's positions and counts persons by the cell of the largest one.

    The size of a position and the codes of its columns are written as one whole number whose maximum belongs to the
    largest position and, among equals, to the first in the order of `TIE_BREAK`.
    """
    places = [name for name in TIE_BREAK if name in values]
    strides = _strides(places, values)
    span = math.prod(max(len(values[name]), 1) for name in places)
    outcome = math.prod(max(len(values[name]), 1) for name in wanted)
    _refuse_overflow(max(span * int(LARGEST * 100 + 1), outcome * _CEILING))
    place = _number(strides, {name: _code(name, values) for name in places})
    codes = {name: f"(place // {stride} % {max(len(values[name]), 1)})" for name, stride in strides.items()}
    codes["year"] = f"(year - {values['year'][0]})"
    if "age_group" in wanted:
        codes["age_group"] = _age_group(f"year - {values['birth_year'][0]} - {codes['birth_year']}")
    return f"""
        WITH persons AS (
            SELECT year, person, CAST(sum({_HUNDREDTHS}) AS BIGINT) AS hundredths,
                   max({_HUNDREDTHS} * {span} + {span - 1} - ({place})) AS largest
            {_joined(places, values)} GROUP BY year, person
        ), placed AS (
            SELECT CAST(year AS BIGINT) AS year, (hundredths + 5) // 10 AS tenths,
                   {span - 1} - largest % {span} AS place FROM persons
        )
        SELECT ({_number(_strides(wanted, values), codes)}) * {_CEILING} + tenths AS cell, count(*) AS n
        FROM placed GROUP BY cell ORDER BY cell
    """


def _decoded(cell: Any, count: Any, wanted: Sequence[str], values: dict[str, pd.Index]) -> pd.DataFrame:
    """Take the cell numbers apart again into one column per dimension."""
    rest = np.asarray(cell, dtype=np.int64)
    percentage = (rest % _CEILING) / 10
    rest //= _CEILING
    columns: dict[str, Any] = {}
    for name, stride in _strides(wanted, values).items():
        code = rest // stride
        code %= max(len(values[name]), 1)
        index = values[name]
        columns[name] = (
            np.take(index.to_numpy(), code)
            if _numbered(index)
            else pd.Categorical.from_codes(code.astype(_narrow(len(index))), categories=index, validate=False)
        )
    del rest
    frame = pd.DataFrame({**columns, "percentage": percentage}, copy=False)
    frame["count"] = np.asarray(count, dtype=np.int64)
    return frame


def _narrow(size: int) -> type[np.signedinteger[Any]]:
    """Return the smallest whole number that can number so many values: there may be millions of cells."""
    return next(kind for kind in (np.int8, np.int16, np.int32) if size <= np.iinfo(kind).max)
