"""A register counted where it lies: in this process, or year by year by whatever executor is given.

A person's positions are added up within a year, so that a year is the part of a register that can be counted alone,
however its rows are spread over files. The counts of the years are whole numbers and add up: the result does not depend
on who counted which, nor in which order.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, as_completed
from typing import TYPE_CHECKING, Literal

import pandas as pd

from evaluation.positions.register import Asked, Part, Tell, count_part, frame_of, without_none
from evaluation.positions.source import Rows, Source, keep_years, opened, require_columns

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def read_cells(
    source: Source,
    asked: Asked,
    *,
    irregular: Literal["keep", "refuse"],
    memory_limit: str,
    threads: int | None = None,
    years: Sequence[int] = (),
    executor: Executor | None = None,
    tell: Tell = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count positions or employees per combination of what is asked and distinct percentage (whole tenths).

    Only `years` are read, where given. Memory and threads are those of each process that counts.

    Returns
    -------
    cells : DataFrame
        One row per combination, sorted; text dimensions are categories; `percentage` (whole tenths) and `count`.
    account : DataFrame
        Columns `reason`, `rows`: rows read, left out by employment kind, kept, and how many of those kept are zero,
        at most 1 per cent, or above 100 per cent.
    """
    columns = asked.columns(years=bool(years))
    with opened(source, memory_limit, threads) as connection:
        needed = require_columns(connection, source, columns, asked.view)
        if executor is None:
            keep_years(connection, years)
            parts = [count_part(connection, asked, columns, needed, tell)]
        else:
            found = sorted(set(years)) or _years(connection)
    if executor is not None:
        parts = _counted(executor, source, asked, found, memory_limit, threads, tell)
    account = Rows.added([part.rows for part in parts]).account(source, asked.exclude, irregular)
    return without_none(frame_of(parts, asked), account, asked.given)


def _years(connection: DuckDBPyConnection) -> list[int]:
    """Return the years of the register; none where it does not tell years, and is counted as one."""
    if "year" not in {row[0] for row in connection.execute("DESCRIBE register").fetchall()}:
        return []
    return [row[0] for row in connection.execute("SELECT DISTINCT year FROM register ORDER BY year").fetchall()]


def _counted(
    executor: Executor,
    source: Source,
    asked: Asked,
    years: Sequence[int],
    memory_limit: str,
    threads: int | None,
    tell: Tell,
) -> list[Part]:
    """Let the executor count every year; the first failure stops the rest."""
    if not years:
        return [executor.submit(_count, source, asked, (), memory_limit, threads).result()]
    futures = {}
    for year in years:
        rows: Source = source.loc[source["year"] == year] if isinstance(source, pd.DataFrame) else source
        futures[executor.submit(_count, rows, asked, (year,), memory_limit, threads)] = year
    try:
        for number, future in enumerate(as_completed(futures), start=1):
            future.result()
            if tell:
                tell(f"Positions of {futures[future]} counted ({number} of {len(futures)})")
    finally:
        for future in futures:
            future.cancel()
    return [future.result() for future in futures]


def _count(source: Source, asked: Asked, years: Sequence[int], memory_limit: str, threads: int | None) -> Part:
    """Count some years of the register, in a process of their own."""
    columns = asked.columns(years=bool(years))
    with opened(source, memory_limit, threads, checked=True) as connection:
        needed = require_columns(connection, source, columns, asked.view)
        keep_years(connection, years)
        return count_part(connection, asked, columns, needed)
