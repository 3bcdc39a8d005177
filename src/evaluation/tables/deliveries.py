"""One Parquet file of the register as it is delivered: opened, mapped, and without what is excluded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from evaluation.errors import InputError, Note, Problem
from evaluation.sources.database import quoted
from evaluation.sources.places import hive
from evaluation.tables.declare import TABLES
from evaluation.tables.layout import TableSource
from evaluation.tables.odd import excluded
from evaluation.tables.personal import personal_in, refused
from evaluation.tables.tidy import mapped_columns

if TYPE_CHECKING:
    import duckdb

TABLE = TABLES["positions"]
_INTEGERS = ("BIGINT", "INTEGER", "UBIGINT", "UINTEGER", "SMALLINT", "TINYINT", "USMALLINT", "UTINYINT", "HUGEINT")
# A column of whole numbers with a blank in it is often stored as one of these.
_FRACTIONAL = ("DOUBLE", "FLOAT", "DECIMAL")


@dataclass(frozen=True)
class Delivery:
    """One Parquet file under check: its relation in SQL and the columns mapped."""

    name: str
    number: int
    types: dict[str, str]
    columns: dict[str, str]
    repeated: list[int] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    excluded: int = 0

    @property
    def relation(self) -> str:
        """The name of its view."""
        return f"raw_{self.number}"

    def numeric(self, column: str) -> bool:
        """Whether the file keeps the column as numbers."""
        return is_numeric(self.types[self.columns[column]])

    def __getitem__(self, column: str) -> str:
        return identifier(self.columns[column])


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Refuse a file whose pages turn out to be damaged when they are read."""
    import duckdb

    try:
        yield
    except (duckdb.BinderException, duckdb.ParserException, duckdb.CatalogException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error:
        raise InputError(_unreadable(name)) from None


def _unreadable(name: str) -> Problem:
    return Problem("the file is not readable Parquet", "Write it again; it may be cut short", name)


def is_numeric(kind: str) -> bool:
    """Whether a column of this type holds numbers."""
    return kind in _INTEGERS or kind.startswith(_FRACTIONAL)


def identifier(name: str) -> str:
    """Write a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def open_delivery(
    connection: duckdb.DuckDBPyConnection, path: Path, number: int, source: TableSource, name: str
) -> tuple[Delivery | None, list[Problem]]:
    """Return a file as a view of the connection, or what keeps it from being used."""
    import duckdb

    if path.suffix.lower() != ".parquet":
        what = "the register of positions must be Parquet"
        sql = f"duckdb -c \"COPY (FROM read_csv('{path.name}', all_varchar = true)) TO '{path.stem}.parquet'\""
        return None, [Problem(what, f"Convert it once: {sql}", name)]
    literal = str(path).replace("'", "''")
    told = "".join(
        f", '{value.replace(chr(39), chr(39) * 2)}' AS {identifier(key)}" for key, value in hive(name).items()
    )
    try:
        connection.execute(
            f"CREATE VIEW raw_{number} AS SELECT *{told} FROM "
            f"read_parquet('{literal}', file_row_number = true, hive_partitioning = false)"
        )
        described = connection.execute(f"DESCRIBE raw_{number}").fetchall()
    except duckdb.Error:
        return None, [_unreadable(name)]
    types = {row[0]: row[1] for row in described if row[0] != "file_row_number"}
    columns, problems = mapped_columns(TABLE, source, list(types), name)
    file = Delivery(name, number, types, columns)
    problems = _personal(connection, file) + problems
    return (None if problems else _without_excluded(connection, file, source)), problems


def _without_excluded(connection: duckdb.DuckDBPyConnection, file: Delivery, source: TableSource) -> Delivery:
    """Leave out of the view the rows that `exclude` names."""
    wrong = []
    for column, words in source.exclude.items():
        sql = f"SELECT DISTINCT coalesce({file[column]}::VARCHAR, '') AS word FROM {file.relation}"
        found = connection.execute(sql).df()["word"].astype("str")
        hits = [quoted(word) for word in found[excluded(found.str.strip(), words)]]
        wrong += [f"coalesce({file[column]}::VARCHAR, '') IN ({', '.join(hits)})"] if hits else []
    if not wrong:
        return file
    whole = f"whole_{file.number}"
    connection.execute(f"ALTER VIEW {file.relation} RENAME TO {whole}")
    connection.execute(f"CREATE VIEW {file.relation} AS SELECT * FROM {whole} WHERE NOT ({' OR '.join(wrong)})")
    counted = connection.execute(f"SELECT count(*) FROM {whole} WHERE {' OR '.join(wrong)}").fetchone()
    return replace(file, excluded=int(counted[0]) if counted else 0)


def _personal(connection: duckdb.DuckDBPyConnection, file: Delivery) -> list[Problem]:
    """Refuse national identity numbers in any column, mapped or not, without repeating them."""
    problems = []
    for name, kind in file.types.items():
        if is_numeric(kind) or kind == "VARCHAR":
            hits = personal_in(connection, file.relation, identifier(name), numeric=is_numeric(kind))
            problems += [refused(f"{hits[0]} national identity numbers", file.name, hits[1], name)] if hits else []
    return problems
