"""From a register with one row per position to exact counts per distinct percentage, through DuckDB.

The register may be larger than memory: DuckDB reads the Parquet file under a memory limit and spills to a temporary
folder. A pandas frame goes the same way, through the same statements.

Percentages are held as whole hundredths and reported as whole tenths of a percentage point, and every sum is a sum of
integers: the result does not depend on the order of the rows, on the number of threads or on the route.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.positions.source import LARGEST, Rows, View

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
Tell = Callable[[str], None] | None


@dataclass(frozen=True)
class Asked:
    """What is asked of a register: counts by `wanted` and percentage, and what is needed to give them.

    `attributes` holds `municipality` and, in a column each, those of `wanted` that the register lacks: `given`.
    """

    wanted: tuple[str, ...]
    view: View
    exclude: tuple[str, ...]
    attributes: pd.DataFrame | None = None

    @property
    def given(self) -> list[str]:
        """The attributes among what is wanted."""
        if self.attributes is None:
            return []
        return [name for name in self.attributes if name != "municipality" and name in self.wanted]

    def columns(self, *, years: bool) -> list[str]:
        """Return the columns of the register that are read, `year` if the work goes by `years`."""
        aged = ["birth_year", "year"] if "age_group" in self.wanted else []
        own = [name for name in self.wanted if name not in ("age_group", *self.given)]
        own += ["municipality"] * bool(self.given) + ["year"] * (self.view == "employee" or years)
        return list(dict.fromkeys([*own, *aged]))


@dataclass(frozen=True)
class Part:
    """Exact counts of some years of a register; with those of its other years they add up to the counts of all.

    Attributes
    ----------
    cells, counts : numbers that stand for what is wanted and the percentage, and how many there are of each; an array
        for each reading.
    meaning : what the codes of each column in the number stand for.
    rows : how the rows are made up.
    """

    cells: list[Any]
    counts: list[Any]
    meaning: dict[str, pd.Index]
    rows: Rows


def count_part(
    connection: DuckDBPyConnection, asked: Asked, columns: Sequence[str], needed: Sequence[str], tell: Tell = None
) -> Part:
    """Count what is in the view `register`; `columns` of it are split by or added up, `needed` must have values.

    Rows that cannot be right are not counted; `Rows.account` refuses them.
    """
    rows = Rows.of(connection, needed)
    if not rows.usable:
        return Part([], [], {name: pd.Index([]) for name in asked.wanted}, rows)
    connection.register("excluded", pd.DataFrame({"kind": pd.Series(list(asked.exclude), dtype="str")}))
    keep_rows(connection)
    if asked.view == "employee":
        last = max((TIE_BREAK.index(name) for name in columns if name in TIE_BREAK), default=-1)
        columns = [*TIE_BREAK[: last + 1], "year"]
    values = {name: _codes(connection, name) for name in columns}
    values |= {"age_group": pd.Index([label for _, label in AGE_GROUPS])} if "age_group" in asked.wanted else {}
    if asked.attributes is not None:
        places = values.get("municipality", pd.Index([]))
        values |= {name: attribute_codes(connection, name, asked.attributes, places) for name in asked.given}
    if asked.view == "position":
        statements = {"": _positions(asked.wanted, values, asked.given)}
    else:
        # A year at a time: a person is added up within the year, and a year's persons take a fraction of the room.
        statements = {f"{year}": _employees(asked.wanted, values, int(year)) for year in values["year"]}
    parts = []
    for year, statement in statements.items():
        parts.append(connection.execute(statement).fetchnumpy())
        if tell and year:
            tell(f"Positions of {year} counted")
    cells, counts = ([np.ma.getdata(part.pop(name)) for part in parts] for name in ("cell", "n"))
    return Part(cells, counts, {name: values[name] for name in asked.wanted}, rows)


def frame_of(parts: list[Part], asked: Asked) -> pd.DataFrame:
    """Return the counts of the parts of a register together, one row per combination, sorted.

    Empties the parts on the way: there may be millions of cells.
    """
    values = {name: _joint([part.meaning[name] for part in parts]) for name in asked.wanted}
    _refuse_overflow(math.prod(max(len(values[name]), 1) for name in asked.wanted) * _CEILING)
    cells, counts = [], []
    for part in parts:
        cells += [_numbered_anew(cell, part.meaning, asked.wanted, values) for cell in part.cells]
        counts += part.counts
        part.cells.clear()
        part.counts.clear()
    return _decoded(*_added(cells, counts), asked.wanted, values)


def _joint(indexes: Sequence[pd.Index]) -> pd.Index:
    """Return the values of a column in all parts, in the order in which one part has them."""
    if all(index.equals(indexes[0]) for index in indexes):
        return indexes[0]
    filled = [index for index in indexes if len(index)]
    if filled and all(_numbered(index) for index in filled):
        return pd.Index(np.arange(min(index[0] for index in filled), max(index[-1] for index in filled) + 1))
    return pd.Index(sorted(set().union(*filled)))


def _numbered_anew(cell: Any, meaning: dict[str, pd.Index], wanted: Sequence[str], values: dict[str, pd.Index]) -> Any:
    """Write the cells of a part with the codes that all parts share."""
    if all(meaning[name].equals(values[name]) for name in wanted) or not len(cell):
        return cell
    rest = cell // _CEILING
    made = np.zeros_like(cell)
    strides = _strides(wanted, values)
    for name, stride in _strides(wanted, meaning).items():
        code = rest // stride % max(len(meaning[name]), 1)
        made += values[name].get_indexer(meaning[name])[code] * strides[name]
    return made * _CEILING + cell % _CEILING


def _added(cells: list[Any], counts: list[Any]) -> tuple[Any, Any]:
    """Put the cells of several readings together in order, adding up those that occur in more than one.

    Empties both lists on the way.
    """
    nothing = np.zeros(0, dtype=np.int64)
    cell = np.concatenate(cells or [nothing])
    cells.clear()
    count = np.concatenate(counts or [nothing])
    counts.clear()
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
    counted = f"employment NOT IN (SELECT kind FROM excluded){chosen}"
    connection.execute(f"CREATE OR REPLACE TEMP VIEW kept AS SELECT * FROM register WHERE {counted}")


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


def without_none(cells: pd.DataFrame, account: pd.DataFrame, given: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
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
