"""Pandera schemas of the tidy tables, and their failures as problems a researcher can mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import Problem
from evaluation.tables.collect import SHOWN_ALIKE
from evaluation.tables.column import Column, Table
from evaluation.tables.declare import TABLES
from evaluation.tables.layout import TableSource
from evaluation.tables.tidy import Tidy

if TYPE_CHECKING:
    import pandera.pandas as pa

_TYPES = {
    "quarter": "period[Q-DEC]",
    "year": "int64",
    "number": "float64",
    "amount": "float64",
    "integer": "int64",
    "date": "object",
}


def schema(table: str | Table) -> pa.DataFrameSchema:
    """Return the pandera schema of a tidy table: types, ranges, codes, rules and the key, with the documentation."""
    import pandera.pandas as pa

    declared = TABLES[table] if isinstance(table, str) else table
    return pa.DataFrameSchema(
        {column.name: _column(column, required=column.name not in declared.together) for column in declared.columns},
        checks=[pa.Check(rule.holds, name=rule.name, error=rule.what) for rule in declared.rules],
        unique=list(declared.key) or None,
        strict=True,
        ordered=True,
        name=declared.name,
        description=declared.meaning,
    )


def _column(column: Column, *, required: bool) -> pa.Column:
    import pandera.pandas as pa

    checks = [pa.Check.isin(column.known)] if column.known else []
    checks += [pa.Check.ge(column.low)] if column.low is not None else []
    checks += [pa.Check.le(column.high)] if column.high is not None else []
    checks += [pa.Check.str_matches(f"^(?:{column.pattern})$")] if column.pattern else []
    checks += [pa.Check.str_matches(r"^\d{4}$")] if column.kind == "municipality" else []
    kind: Any = _TYPES.get(column.kind, pd.StringDtype(na_value=np.nan))
    if column.kind == "year" and column.nullable:
        kind = "Int64"
    unit = f" ({column.unit})" if column.unit else ""
    return pa.Column(kind, checks, nullable=column.nullable, required=required, description=column.meaning + unit)


def check(table: Table, parts: Sequence[Tidy], source: TableSource) -> list[Problem]:
    """Check the rows of all files of a table together; return the problems with file, row, column and value."""
    import pandera.pandas as pa

    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    if _in_some(table, parts):
        frame = frame.drop(columns=list(table.together))
    files = np.repeat([part.file for part in parts], [len(part.frame) for part in parts])
    rows = np.concatenate([_rows(part, part.frame.index) for part in parts])
    problems = _repeated(table, parts) + _fractions(table, parts) + _in_some(table, parts)
    try:
        schema(table).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        failures = error.failure_cases.drop_duplicates(["check", "index", "schema_context"])
    else:
        return problems
    rules = {rule.what: rule for rule in table.rules}
    for (name, shown_column), group in failures.groupby(["check", "column"], sort=False, dropna=False):
        if str(name).startswith(("multiple_fields_uniqueness", "field_uniqueness")):
            continue
        at = [int(position) for position in group["index"].dropna()]
        rule = rules.get(str(name))
        if rule is not None:
            at = sorted(set(at))
            what, remedy, column = rule.what, rule.remedy, rule.column
            values = list(rule.value(frame.iloc[at]))
        else:
            what, remedy = _said(table, str(name), str(shown_column))
            column, values = str(shown_column), list(group["failure_case"])
        column = source.columns.get(column, column)
        for position, value in list(zip(at, values, strict=False))[:SHOWN_ALIKE]:
            row = int(rows[position]) or None
            problems.append(Problem(what, remedy, str(files[position]), row, column, value))
        if len(at) > SHOWN_ALIKE:
            problems.append(Problem(f"{what}: {len(at) - SHOWN_ALIKE} more rows", remedy, column=column))
        if not at:
            problems.append(Problem(what, remedy, ", ".join(sorted({part.file for part in parts})), column=column))
    return list(dict.fromkeys(problems))


def _rows(part: Tidy, positions: pd.Index) -> np.ndarray:
    """Spreadsheet rows of the given positions; 0 where the file has none."""
    if part.numbered:
        return part.rows.to_numpy()[positions.to_numpy()]
    return np.zeros(len(positions), dtype="int64")


def _said(table: Table, check_name: str, column: str) -> tuple[str, str]:
    """What a built-in check of pandera found, and what to do."""
    declared = table.column(column) if column in table.names else None
    if check_name.startswith("greater_than_or_equal_to") and declared is not None:
        what = "negative" if declared.low == 0 else f"below {declared.low:g}"
        return f"{declared.unit or 'the figure'} {what}", "Correct the sign or the figure"
    if check_name.startswith("less_than_or_equal_to") and declared is not None:
        return f"{declared.unit or 'the figure'} above {declared.high:g}", "Correct the figure"
    if check_name.startswith("isin") and declared is not None:
        return f"unknown {column}", f"Known: {', '.join(declared.known)}"
    if check_name == "not_nullable":
        return "the value is missing", "Fill it in, or remove the row"
    return f"the table breaks the check {check_name}", f"Expected: {declared.meaning if declared else table.meaning}"


# A figure at most this large may be a share of one, where those beside it are a hundred times larger.
_FRACTION, _PER_CENT = 0.35, 1.0
_ENOUGH = 2


def _fractions(table: Table, parts: Sequence[Tidy]) -> list[Problem]:
    """Fractions (0.064) among per cents (6.4) of one indicator, in figures written by hand."""
    amounts = [column.name for column in table.columns if column.kind == "amount"]
    if not amounts or "indicator" not in table.names:
        return []
    group = [name for name in ("indicator", "kind") if name in table.names]
    what, remedy = "a fraction where others write per cent", "Write it in per cent, as 6,4 and not 0,064"
    found = []
    for name in amounts:
        cells = pd.concat([part.frame.assign(part=at, at=part.frame.index) for at, part in enumerate(parts)])
        cells = cells[cells[name].notna()].reset_index(drop=True)
        small = cells[name].between(0, _FRACTION, inclusive="right")
        others = cells[name].where(cells[name] > _PER_CENT).groupby([cells[one] for one in group])
        low, high, count = (others.transform(how) for how in ("min", "max", "count"))
        mixed = small & (count >= _ENOUGH) & (100 * cells[name]).between(low, high)
        shown = cells[mixed].head(SHOWN_ALIKE)
        for place, at, value in zip(shown["part"].tolist(), shown["at"].tolist(), shown[name], strict=True):
            part = parts[place]
            number = int(_rows(part, pd.Index([at]))[0]) or None
            found.append(Problem(what, remedy, part.file, number, part.columns.get(name, name), value))
    return found


def _in_some(table: Table, parts: Sequence[Tidy]) -> list[Problem]:
    """Columns that come together, in some files of the table and not in others."""
    without = [part.file for part in parts if not set(table.together) <= set(part.columns)]
    if not table.together or len(without) in (0, len(parts)):
        return []
    what = f"{', '.join(table.together)} are in other files of the table {table.name} and not in this one"
    return [Problem(what, "Give them in all files of the table or in none", file) for file in without]


def _repeated(table: Table, parts: Sequence[Tidy]) -> list[Problem]:
    """Rows whose key is already there, rows left out for missing figures included."""
    if not table.key:
        return []
    key = list(table.key)
    both = [pd.concat([part.frame[key], part.left_out[key]]).sort_index() for part in parts]
    keys = pd.concat(both, ignore_index=True)
    files = np.repeat([part.file for part in parts], [len(one) for one in both])
    rows = np.concatenate([_rows(part, one.index) for part, one in zip(parts, both, strict=True)])
    repeated = keys.duplicated().to_numpy()
    if not repeated.any():
        return []
    firsts = keys.assign(at=np.arange(len(keys))).groupby(key, sort=False, dropna=False)["at"].transform("min")
    found = []
    for position in np.flatnonzero(repeated)[:SHOWN_ALIKE]:
        first = int(firsts.iloc[position])
        where = f"{files[first]}, row {rows[first]}" if rows[first] else str(files[first])
        what = f"the same {', '.join(key)} as in {where}"
        value = ", ".join(str(value) for value in keys.iloc[position])
        row = int(rows[position]) or None
        found.append(Problem(what, table.once, str(files[position]), row, key[0], value))
    if repeated.sum() > SHOWN_ALIKE:
        what = f"{int(repeated.sum()) - SHOWN_ALIKE} more rows whose {', '.join(key)} is already there"
        found.append(Problem(what, "Keep one of each", column=key[0]))
    return found
