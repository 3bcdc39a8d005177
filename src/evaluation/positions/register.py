"""From a register with one row per position to exact counts per distinct percentage, through DuckDB.

The register may be larger than memory: DuckDB reads the Parquet file under a memory limit and spills to a temporary
folder. A pandas frame goes the same way, through the same statements.

Percentages are held as whole hundredths and reported as whole tenths of a percentage point, and every sum is a sum of
integers: the result does not depend on the order of the rows, on the number of threads or on the route.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.positions.source import LARGEST, View, account_of, opened, require_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The order decides between two equally large positions of one person; the first that differs settles it.
DIMENSIONS = ("municipality", "sector", "sex", "birth_year", "position_code", "employment", "year", "age_group")
TIE_BREAK = DIMENSIONS[:6]
AGE_GROUPS = ((0, "under_30"), (30, "30_39"), (40, "40_49"), (50, "50_59"), (60, "60_over"))
_HUNDREDTHS = "CAST(round(CAST(percentage AS DOUBLE) * 100) AS BIGINT)"
# A sum of whole numbers is exact in floating point far beyond any person's hundredths, and twice as fast.
HUNDREDTHS_SUM = "sum(round(CAST(percentage AS DOUBLE) * 100))"
_CEILING = 1_000_000
_LIMIT = 2**62
_NONE = ""


def read_cells(
    source: Path | str | pd.DataFrame,
    dimensions: Sequence[str],
    *,
    view: View,
    exclude: Sequence[str],
    irregular: Literal["keep", "refuse"],
    memory_limit: str,
    years: Sequence[int] = (),
    attributes: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count positions or employees per combination of `dimensions` and distinct percentage (whole tenths).

    `attributes` holds `municipality` and, in a column each, those of the `dimensions` that the register lacks. Only
    `years` are read, where given.

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
    given = [] if attributes is None else [name for name in attributes if name != "municipality" and name in wanted]
    own = [name for name in wanted if name not in ("age_group", *given)]
    own += ["municipality"] * bool(given) + ["year"] * (view == "employee" or bool(years))
    needed = list(dict.fromkeys([*own, *aged]))
    with opened(source, memory_limit) as connection:
        require_columns(connection, source, needed, view)
        account = account_of(connection, source, exclude, irregular)
        keep_rows(connection, years)
        if view == "employee":
            last = max((TIE_BREAK.index(name) for name in needed if name in TIE_BREAK), default=-1)
            needed = [*TIE_BREAK[: last + 1], "year"]
        values = {name: _codes(connection, name) for name in needed}
        values |= {"age_group": pd.Index([label for _, label in AGE_GROUPS])} if aged else {}
        if attributes is not None:
            places = values.get("municipality", pd.Index([]))
            values |= {name: attribute_codes(connection, name, attributes, places) for name in given}
        if view == "employee":
            # A year at a time: a person is added up within the year, and a year's persons take a fraction of the room.
            statements = [_employees(wanted, values, int(year)) for year in values["year"]]
        else:
            statements = [_positions(wanted, values, given)]
        parts = [connection.execute(statement).fetchnumpy() for statement in statements]
    cell, count = _added(parts)
    return _without_none(_decoded(cell, count, wanted, values), account, given)


def _added(parts: list[dict[str, Any]]) -> tuple[Any, Any]:
    """Put the cells of several readings together in order, adding up those that occur in more than one.

    Empties `parts` on the way: there may be millions of cells.
    """
    cell = np.concatenate([np.ma.getdata(part.pop("cell")) for part in parts])
    count = np.concatenate([np.ma.getdata(part.pop("n")) for part in parts])
    if (cell[1:] > cell[:-1]).all():
        return cell, count
    order = np.argsort(cell, kind="stable")
    cell, count = cell[order], count[order]
    del order
    first = np.concatenate([[True], cell[1:] > cell[:-1]])
    if first.all():
        return cell, count
    starts = np.flatnonzero(first)
    return cell[starts], np.add.reduceat(count, starts)


def keep_rows(connection: DuckDBPyConnection, years: Sequence[int] = ()) -> None:
    """Make the view `kept` of the rows that count: not of the kinds left out, and of the years asked for."""
    chosen = f" AND year IN ({', '.join(str(int(year)) for year in years)})" if years else ""
    connection.execute(
        f"CREATE TEMP VIEW kept AS SELECT * FROM register WHERE employment NOT IN (SELECT kind FROM excluded){chosen}"
    )


def attribute_codes(
    connection: DuckDBPyConnection, name: str, attributes: pd.DataFrame, municipalities: pd.Index
) -> Any:
    """Make a table from the code of a municipality to that of its attribute; the last value is that of none."""
    known = attributes.dropna(subset=[name]).set_index("municipality")[name].astype("str")
    if known.index.has_duplicates:
        twice = known.index[known.index.duplicated()][0]
        what = "One municipality has two values of an attribute"
        raise InputError(Problem(what, "Give one row each", column="municipality", value=twice))
    values = pd.Index(sorted(known.unique()))
    codes = values.get_indexer(known.reindex(municipalities).to_numpy(dtype=object))
    codes = np.where(codes < 0, len(values), codes)
    table = pd.DataFrame({"c_municipality": np.arange(len(municipalities)), f"c_{name}": codes})
    connection.register("attribute_codes", table)
    connection.execute(f"CREATE TEMP TABLE attribute_{name} AS FROM attribute_codes")
    connection.unregister("attribute_codes")
    return values.append(pd.Index([_NONE]))


def _without_none(
    cells: pd.DataFrame, account: pd.DataFrame, given: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Leave out, and count, those in municipalities without an attribute."""
    lost = {}
    for name in given:
        none = (cells[name] == _NONE).to_numpy()
        lost[f"no_{name}"] = int(cells.loc[none, "count"].sum())
        cells = cells[~none].reset_index(drop=True)
        cells[name] = cells[name].cat.remove_categories([_NONE])
    extra = pd.DataFrame({"reason": list(lost), "rows": list(lost.values())})
    return cells, pd.concat([account, extra], ignore_index=True) if given else account


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


def _positions(wanted: Sequence[str], values: dict[str, pd.Index], given: Sequence[str] = ()) -> str:
    """Write the statement that counts positions by cell; `given` are attributes of the municipality."""
    strides = _strides(wanted, values)
    _refuse_overflow(math.prod(max(len(values[name]), 1) for name in wanted) * _CEILING)
    codes = {name: f"c_{name}" if name in given else _code(name, values) for name in wanted}
    names = [name for name in dict.fromkeys([*wanted, *["municipality"] * bool(given)]) if name not in given]
    attributes = "".join(f" JOIN attribute_{name} USING (c_municipality)" for name in given)
    # `//` divides whole numbers here; on doubles DuckDB's `//` keeps the fraction.
    cell = f"({_number(strides, codes)}) * {_CEILING} + ({_HUNDREDTHS} + 5) // 10"
    return f"SELECT {cell} AS cell, count(*) AS n {_joined(names, values)}{attributes} GROUP BY cell ORDER BY cell"


def _employees(wanted: Sequence[str], values: dict[str, pd.Index], year: int) -> str:
    """Write the statement that adds up each person's positions of a year and counts persons by the largest one's cell.

    Attributes of the municipality are the columns wanted that are neither in the register nor the age group.
    """
    place, span, codes = placing(values)
    outcome = math.prod(max(len(values[name]), 1) for name in wanted)
    _refuse_overflow(max(span * int(LARGEST * 100 + 1), outcome * _CEILING))
    places = [name for name in TIE_BREAK if name in values]
    codes["year"] = str(year - values["year"][0])
    if "age_group" in wanted:
        codes["age_group"] = _age_group(f"{year} - {values['birth_year'][0]} - {codes['birth_year']}")
    given = [name for name in wanted if name not in codes]
    codes |= {name: f"c_{name}" for name in given}
    attributes = "".join(
        f" JOIN attribute_{name} ON attribute_{name}.c_municipality = {codes['municipality']}" for name in given
    )
    return f"""
        WITH persons AS (
            SELECT person, CAST({HUNDREDTHS_SUM} AS BIGINT) AS hundredths, max({place}) AS largest
            {_joined(places, values)} WHERE year = {year} GROUP BY person
        ), placed AS (
            SELECT (hundredths + 5) // 10 AS tenths, {span - 1} - largest % {span} AS place FROM persons
        )
        SELECT ({_number(_strides(wanted, values), codes)}) * {_CEILING} + tenths AS cell, count(*) AS n
        FROM placed{attributes} GROUP BY cell ORDER BY cell
    """


def placing(values: dict[str, pd.Index]) -> tuple[str, int, dict[str, str]]:
    """Write the size of a position and the codes of its columns as one whole number.

    Its maximum over a person's positions belongs to the largest and, among equals, to the first in the order of
    `TIE_BREAK`.

    Returns
    -------
    number : the SQL of that number, of columns of the register.
    span : `place`, from which the codes are read, is ``span - 1 - number % span``.
    codes : column -> the SQL of its code, of `place`.
    """
    places = [name for name in TIE_BREAK if name in values]
    strides = _strides(places, values)
    span = math.prod(max(len(values[name]), 1) for name in places)
    place = _number(strides, {name: _code(name, values) for name in places})
    codes = {name: f"(place // {stride} % {max(len(values[name]), 1)})" for name, stride in strides.items()}
    return f"{_HUNDREDTHS} * {span} + {span - 1} - ({place})", span, codes


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
            np.take(index.to_numpy().astype(np.int32), code)
            if _numbered(index)
            else pd.Categorical.from_codes(code.astype(_narrow(len(index))), categories=index, validate=False)
        )
    del rest
    frame = pd.DataFrame({**columns, "percentage": percentage}, copy=False)
    # Half the room of the usual whole numbers, which counts in cells this small never need.
    fits = int(count.max(initial=0)) <= np.iinfo(np.int32).max
    frame["count"] = np.asarray(count, dtype=np.int32 if fits else np.int64)
    return frame


def _narrow(size: int) -> type[np.signedinteger[Any]]:
    """Return the smallest whole number that can number so many values: there may be millions of cells."""
    return next(kind for kind in (np.int8, np.int16, np.int32) if size <= np.iinfo(kind).max)
