"""What a reader of the report must know of the data: warnings of the readers, and participants without all figures."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from evaluation.errors import Note
from evaluation.municipalities import Register
from evaluation.tables import Layout

_TIMES = {"sick_leave": "quarter", "positions": "year", "vacancies": "year"}
_SHOWN = 5
FEW = 10
"""With fewer independent clusters than this, errors that follow clusters are too small."""


def found_odd(layout: Layout, participants: set[str], register: Register, prepared: Path) -> list[tuple[str, Note]]:
    """Return notes on the tables: participants that lack a quarter or a year that others have; few municipalities."""
    found = []
    for table, time in (_TIMES | dict.fromkeys(layout.outcomes, "year")).items():
        path = prepared / f"{table}.parquet"
        if not path.is_file():
            continue
        present = _pairs(path, time)
        if present.empty:
            continue
        file = layout.tables[table].label
        found += [(table, one) for one in few_clusters(present, file)]
        times = pd.Index(sorted(present[time].unique()))
        have = present.groupby("municipality")[time].nunique()
        lacking = {code: len(times) - int(have.get(code, 0)) for code in sorted(participants)}
        lacking = {code: number for code, number in lacking.items() if number}
        if lacking:
            names = register.history.drop_duplicates("code").set_index("code")["name"]
            listed = [f"{code} {names.get(code, '')}: {number}" for code, number in list(lacking.items())[:_SHOWN]]
            listed += ["..."] if len(lacking) > _SHOWN else []
            found.append((table, Note("gaps", file, len(lacking), time, value=", ".join(listed))))
    return found


def few_clusters(rows: pd.DataFrame, file: str) -> list[Note]:
    """Return a note if a table has figures of so few municipalities that errors cannot follow them."""
    units = rows["municipality"].nunique()
    return [Note("few_clusters", file, units, "municipality")] if units < FEW else []


def _pairs(path: Path, time: str) -> pd.DataFrame:
    """Return each municipality and time once; the register of positions is too large to be read for that."""
    if path.stem != "positions":
        return pd.read_parquet(path, columns=["municipality", time]).drop_duplicates()
    from evaluation.sources.database import database, quoted

    with database() as connection:
        return connection.execute(f"SELECT DISTINCT municipality, year FROM read_parquet({quoted(path)})").df()


def cautions(notes: pd.DataFrame, tables: Collection[str] | None) -> list[tuple[str, int]]:
    """Return the warnings about tables: their codes, and how many cells or municipalities they are about."""
    told = notes[notes["warning"].astype("bool")]
    told = told if tables is None else told[told["table"].isin(tables)]
    # The same participant may lack figures in two tables.
    return [
        (str(code), int(found.max() if code == "gaps" else found.sum()))
        for code, found in told.groupby("code", sort=True)["count"]
    ]
