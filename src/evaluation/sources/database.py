"""One way to open DuckDB: within a memory limit, spilling to a folder that goes away, silent, and off the network."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from evaluation.errors import InputError, Problem

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY_LIMIT, THREADS = "EVALUATION_MEMORY_LIMIT", "EVALUATION_THREADS"
"""Environment variables that say what a database may use where a call does not; a report sets them for its chapters."""
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(K|M|G|T)I?B", re.IGNORECASE)
_SMALLEST = 32
_A_THREAD = 40


def megabytes(size: str) -> float | None:
    """Return a size such as 500MB or 2GB in megabytes, None if it is not one or is too small to work in."""
    found = _SIZE.fullmatch(size.strip())
    number = float(found[1]) * 1000.0 ** ("KMGT".index(found[2].upper()) - 1) if found else 0.0
    return number if number >= _SMALLEST else None


@dataclass(frozen=True)
class Allowed:
    """What reading a register may use, as in `database`, and who is told how far it has come."""

    memory_limit: str | None = None
    threads: int | None = None
    tell: Callable[[str], None] | None = None


@contextmanager
def database(memory_limit: str | None = None, threads: int | None = None) -> Iterator[DuckDBPyConnection]:
    """Open an in-memory database for the length of a block.

    Parameters
    ----------
    memory_limit : what it may use before it spills to disk, such as 500MB; what `EVALUATION_MEMORY_LIMIT` says unless
        given, else four fifths of the machine's memory.
    threads : how many threads it may use; what `EVALUATION_THREADS` says unless given, else the cores. Fewer are used
        where the memory has no room for so many: each keeps tables of its own.

    Raises
    ------
    InputError
        If the limit is no size, the threads are no number, or the memory did not suffice in spite of spilling.
    """
    import duckdb

    limit = memory_limit or os.environ.get(MEMORY_LIMIT)
    wanted = _threads(threads)
    room = None if limit is None else megabytes(limit)
    if limit is not None and room is None:
        remedy = f"Give a size of at least {_SMALLEST}MB with its unit, such as 512MB or 2GB"
        raise InputError(Problem("The memory limit is not understood", remedy, value=limit))
    with TemporaryDirectory(prefix="duckdb-") as spill, duckdb.connect() as connection:
        settings: dict[str, object] = {
            "enable_progress_bar": False,  # it would be a widget in a notebook
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "temp_directory": spill,
            "threads": wanted if room is None else max(1, min(wanted, int(room // _A_THREAD))),
        }
        settings |= {} if limit is None else {"memory_limit": limit}
        for name, value in settings.items():
            connection.execute(f"SET {name} = {quoted(value)}")
        try:
            yield connection
        except duckdb.IOException as error:
            if "No space left" not in str(error):
                raise
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), spill) from error
        except duckdb.OutOfMemoryException as error:
            remedy = "Give a larger `memory_limit`, or see that the folder for temporary files has room"
            raise InputError(
                Problem("The register does not fit into the memory allowed", remedy, value=limit)
            ) from error


def _threads(given: int | None) -> int:
    text = os.environ.get(THREADS)
    if given is None and text is None:
        return os.cpu_count() or 1
    number = int(text) if given is None and text and text.isdecimal() else given
    if number is None or isinstance(number, bool) or not isinstance(number, int) or number < 1:
        value = text if given is None else given
        raise InputError(Problem("The number of threads is not one", "Give a whole number from 1 on", value=value))
    return number


def quoted(value: object) -> str:
    """Write a text, a path, a number, or a list of texts as SQL."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(quoted(one) for one in value)}]"
    return str(value).lower() if isinstance(value, bool | int) else "'" + str(value).replace("'", "''") + "'"


def distinct(path: Path, column: str) -> list[Any]:
    """Return the values that occur in a column of a Parquet file of any size, sorted."""
    with database() as connection:
        found = connection.execute(f"SELECT DISTINCT {column} FROM read_parquet({quoted(path)}) ORDER BY 1").fetchall()
    return [row[0] for row in found]
