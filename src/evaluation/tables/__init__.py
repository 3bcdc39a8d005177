"""Tidy tables: their declaration (which is their documentation), their schemas, and the way from raw cells to them.

`TABLES` and `describe` say what each table holds; `schema` gives its pandera schema; `read_layout` reads a data
folder's `sources.yaml`; `tidy` and `check` turn raw cells into checked rows; `prepare_positions` does the same for the
register-sized table through DuckDB, without loading it.
"""

from evaluation.tables.checks import check, schema
from evaluation.tables.column import SECTORS, SEXES, Column, Table
from evaluation.tables.declare import BANDS, EMPLOYMENT, REASONS, TABLES, describe, lost_days
from evaluation.tables.keys import LAYOUT
from evaluation.tables.layout import NORWAY, Layout, TableSource, read_layout
from evaluation.tables.outcomes import Outcome
from evaluation.tables.register import PreparedPositions, prepare_positions
from evaluation.tables.themes import ANSWERS, COUNTS, ITEMS, ROLES, STATUSES, TARGET_KINDS, VERDICTS
from evaluation.tables.tidy import Tidy, tidy

__all__ = [
    "ANSWERS",
    "BANDS",
    "COUNTS",
    "EMPLOYMENT",
    "ITEMS",
    "LAYOUT",
    "NORWAY",
    "REASONS",
    "ROLES",
    "SECTORS",
    "SEXES",
    "STATUSES",
    "TABLES",
    "TARGET_KINDS",
    "VERDICTS",
    "Column",
    "Layout",
    "Outcome",
    "PreparedPositions",
    "Table",
    "TableSource",
    "Tidy",
    "check",
    "describe",
    "lost_days",
    "prepare_positions",
    "read_layout",
    "schema",
    "tidy",
]


def __dir__() -> list[str]:
    return __all__
