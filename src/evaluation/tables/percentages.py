"""How a register writes position sizes: text with a decimal comma, and fractions of full time among percentages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evaluation.errors import Note, Problem
from evaluation.tables.keys import LAYOUT

if TYPE_CHECKING:
    import duckdb

LARGEST = 1000
"""Above this many per cent a position is refused even where those above 100 are kept."""
# More than this share of positions of at most 1 per cent, beside larger ones, are fractions mixed with per cent.
MIXED_SHARE = 0.01
# So many positions of a municipality, all at most 1 per cent, are a delivery in fractions.
DELIVERED = 5


def percentage(column: str, *, numeric: bool) -> str:
    """Write the reading of a column: a decimal comma, spaces and a per cent sign in text mean what they mean."""
    if numeric:
        return column
    return f"replace(regexp_replace({column}::VARCHAR, '[\\s\u00a0%]', '', 'g'), ',', '.')"


def given(written: str, *, numeric: bool) -> str:
    """Write the condition that a row has a size."""
    return f"{written} IS NOT NULL" if numeric else f"{written} <> ''"


def irregular(connection: duckdb.DuckDBPyConnection, relation: str, size: str, file: str, column: str) -> list[Note]:
    """Note the positions of 0 and those above 100 per cent of a view with `file_row_number`."""
    notes = []
    for code, condition in (("no_position", f"{size} = 0"), ("above_full_time", f"{size} > 100")):
        found = connection.execute(
            f"SELECT count(*), min(file_row_number) + 2, arg_min({size}, file_row_number) "
            f"FROM {relation} WHERE {condition}"
        ).fetchone()
        count, first, value = found or (0, None, None)
        notes += [Note(code, file, int(count), column, int(first), f"{value:g}")] if count else []
    return notes


def fractions(
    connection: duckdb.DuckDBPyConnection, relation: str, size: str, place: tuple[str, str], *, keep: bool
) -> Problem | None:
    """Find fractions of full time (0.5) among percentages (50): in a whole municipality, or here and there.

    Parameters
    ----------
    relation, size, place : the view with `file_row_number`, the SQL of the size, and the columns of municipality and
        year.
    keep : single positions of at most 1 per cent are meant as they stand; a whole municipality of them never is.
    """
    small = f"{size} > 0 AND {size} <= 1"
    found = connection.execute(
        f"SELECT count(*) FILTER (positions >= {DELIVERED} AND small = positions), sum(small), sum(positions), "
        f"min(first) + 2 FROM (SELECT count({size}) AS positions, count(*) FILTER ({small}) AS small, "
        f"min(file_row_number) FILTER ({small}) AS first FROM {relation} GROUP BY {', '.join(place)})"
    ).fetchone()
    places, rows, positions, first = found or (0, 0, 0, None)
    if not rows or not (places or (not keep and rows > MIXED_SHARE * positions)):
        return None
    where = f", every position in {places} municipalities and years among them" if places else ""
    what = f"{int(rows)} positions of at most 1 per cent{where}: fractions such as 0.5 where others write 50"
    remedy = "Multiply the fractions by 100"
    if not places:
        remedy += f"; positions that really are so small can be kept with `irregular: keep` in {LAYOUT}"
    return Problem(what, remedy, row=int(first))
