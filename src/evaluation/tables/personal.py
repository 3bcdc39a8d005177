"""National identity numbers are refused wherever they stand, and never repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.errors import Problem
from evaluation.sources import Raw, identity_numbers, valid_identity_numbers

if TYPE_CHECKING:
    import duckdb

REMEDY = "Replace persons by running numbers of at most nine digits before the file reaches this folder"
# The same as in `identity_numbers`: six digits and five, a space of some kind or a hyphen between, or a lost zero.
_WRITTEN = r"(?:^|\D)(\d{6}[ \-\x{00a0}\x{2009}\x{202f}]?\d{5})(?:\D|$)"
_SHORT = r"^\d{10}$"


def personal(raw: Raw) -> list[Problem]:
    """Return a problem for each column with identity numbers in its cells, and for one among the names."""
    named = identity_numbers(pd.Series([str(name) for name in raw.frame.columns], dtype="str"))
    problems = [refused("a national identity number among the column names", raw.file)] if named.any() else []
    for name in raw.frame.columns:
        hits = identity_numbers(raw.frame[name])
        if hits.any():
            row = int(raw.frame.index[int(np.argmax(hits))]) if raw.numbered else None
            problems.append(refused(f"{int(hits.sum())} national identity numbers", raw.file, row, str(name)))
    return problems


def personal_in(
    connection: duckdb.DuckDBPyConnection, relation: str, column: str, *, numeric: bool
) -> tuple[int, int] | None:
    """Return how many identity numbers a column of a view with `file_row_number` has, and the first row as shown."""
    if numeric:
        sql = f"SELECT {column}::BIGINT AS candidate, file_row_number AS place FROM {relation} "
        sql += f"WHERE {column} BETWEEN 1000000000 AND 99999999999"
    else:
        found = f"regexp_extract_all({column}, '{_WRITTEN}', 1)"
        short = f"CASE WHEN regexp_matches(trim({column}), '{_SHORT}') THEN [trim({column})] ELSE {found} END"
        sql = (
            f"SELECT regexp_replace(one, '\\D', '', 'g')::BIGINT AS candidate, place "
            f"FROM (SELECT unnest({short}) AS one, file_row_number AS place FROM {relation})"
        )
    found_rows = connection.execute(sql).fetchnumpy()
    hits = valid_identity_numbers(np.ma.filled(found_rows["candidate"], 0))
    return (int(hits.sum()), int(np.asarray(found_rows["place"])[hits].min()) + 2) if hits.any() else None


def refused(what: str, file: str, row: int | None = None, column: str | None = None) -> Problem:
    """Return the problem of a file that holds identity numbers."""
    return Problem(f"{what}: the file may not be used", REMEDY, file, row, column)
