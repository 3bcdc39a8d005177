"""What a tidy table is declared with: columns, rules on rows, and how a row is dated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

Kind = Literal["municipality", "quarter", "year", "date", "code", "text", "number", "integer", "amount"]
Dated = Literal["", "year_end", "report", "date"]


SECTORS = ("administration", "education", "kindergarten", "health_care", "technical", "other")
SEXES = ("women", "men")
_SEX_WORDS = {
    "women": ("k", "kvinne", "kvinner", "kvinnelig", "kvinneleg", "w", "women", "female", "2"),
    "men": ("m", "mann", "menn", "mannlig", "mannleg", "men", "male", "1"),
}
# 1 and 2 as in Statistics Norway's classification of sex (KLASS 2).
SEX_WORDS = tuple((word, sex) for sex, words in _SEX_WORDS.items() for word in words)
"""What files call the sexes, understood without being mapped."""


@dataclass(frozen=True)
class Column:
    """One column of a tidy table.

    Attributes
    ----------
    name, kind, meaning, unit : str
        `kind` says how cells are read: a municipality, a quarter, a year, a date, one of the `known` codes, text, a
        figure, a whole number, or an amount: a figure as people write it by hand ("ca. 8,5 %"), missing where no single
        one can be read.
    known : tuple of str
        The codes allowed.
    low, high : float
        Smallest and largest figure allowed.
    nullable : bool
        Whether a row is kept when the cell is missing. Otherwise a row without the figure is dropped and counted.
    optional : bool
        Whether the column may be absent from the file.
    pattern : str
        Regular expression the whole text must match.
    several : bool
        Whether a cell may hold several values, set apart by comma or semicolon: the row is then repeated for each.
    words : tuple of (str, str)
        What files usually call the codes, understood where `sources.yaml` maps nothing else; in small letters.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    known: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    nullable: bool = False
    optional: bool = False
    pattern: str = ""
    several: bool = False
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Rule:
    """A condition on a whole row: `holds` is true where it is kept, `value` shows what broke it."""

    name: str
    column: str
    what: str
    remedy: str
    holds: Callable[[pd.DataFrame], pd.Series]
    value: Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class Table:
    """A tidy table: its columns, the key no two rows share, and the rules its rows keep.

    `dated` says when a row is known, for the cut: on 31 December of its `year`, when the year's report was `received`
    (or was due, on 1 February of the year after), or on its `date`; "" for tables with a cut of their own or none.
    `together` are optional columns that a file has all of or none of: without them the table is without them. `once`
    says what to do about a key that is there twice.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    needed: bool = False
    dated: Dated = ""
    together: tuple[str, ...] = ()
    once: str = "Keep one of the two rows"

    def column(self, name: str) -> Column:
        """Return the column called `name`."""
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)
