"""What every figure is: a released result, the columns to draw, a drawing, and a text that says what it shows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from difflib import get_close_matches
from textwrap import wrap
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from evaluation.disclosure import Released, check_released
from evaluation.errors import InputError, Problem
from evaluation.exhibits import theme
from evaluation.language import Words
from evaluation.texts import MISSING, WITHHELD, Passage, Text, three
from evaluation.workbench import Described

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NOT_SHOWN = three("ikke vist", "ikkje vist", "not shown")
_NO_DATA = three("mangler", "manglar", "not available")
Heading = str | Text | Passage
PAGE_CM = 16.0
"""What the rows of a figure may take of a page's height, in centimetres."""


@dataclass(frozen=True)
class FigureSpec(Described, ABC):
    """A figure to be drawn in any of the languages.

    Attributes
    ----------
    released
        The result shown.
    labels
        For values of category and group columns, a label key or three-language text that replaces their own label.
    decimals
        Decimals of the numbers printed in the figure and in its alternative text.
    """

    COLUMNS: ClassVar[tuple[str, ...]] = ()
    """The attributes that name columns."""
    NUMBERS: ClassVar[tuple[str, ...]] = ()
    """Those of them whose columns hold numbers."""
    PLACES: ClassVar[tuple[str, ...]] = ()
    """Those of them that say where a row stands, and may not be missing."""

    released: Released
    _: KW_ONLY
    labels: Mapping[Any, Heading] = field(default_factory=dict)
    decimals: int = 1

    def __post_init__(self) -> None:
        check_released(self.released)
        data, problems = self.released.data, []
        for column in self._chosen(self.COLUMNS):
            if column not in data:
                near = get_close_matches(column, [str(name) for name in data.columns], n=1)
                hint = f"Did you mean {near[0]}?" if near else f"It has {', '.join(map(str, data.columns))}."
                problems.append(Problem("The figure's data have no such column", hint, column=column))
        if not problems:
            numbers = [name for name in self._chosen(self.NUMBERS) if not pd.api.types.is_numeric_dtype(data[name])]
            remedy = "Name a column of numbers."
            problems += [Problem("A figure can only draw numbers", remedy, column=column) for column in numbers]
            places = [name for name in self._chosen(self.PLACES) if data[name].isna().any()]
            remedy = "Leave these rows out, or name a column that is not protected."
            problems += [Problem("Rows of a figure have no place in it", remedy, column=name) for name in places]
        if (getattr(self, "low", None) is None) != (getattr(self, "high", None) is None):
            problems.append(Problem("An interval needs both ends", "Name the columns `low` and `high`, or neither."))
        if data.empty:
            problems.append(Problem("There is nothing to draw", "Check the selection of rows."))
        if problems:
            raise InputError(problems)

    def height_cm(self, words: Words) -> float:
        """Return the height of the figure in centimetres; long names may need more."""
        return self._height(words)

    def draw(self, figure: Figure, words: Words) -> None:
        """Draw onto an empty figure."""
        self._draw(figure, words)

    def alt(self, words: Words) -> str:
        """Return what the figure shows, for those who do not see it."""
        return " ".join(self._sentences(words))

    @abstractmethod
    def _height(self, words: Words) -> float: ...

    @abstractmethod
    def _draw(self, figure: Figure, words: Words) -> None: ...

    @abstractmethod
    def _sentences(self, words: Words) -> list[str]: ...

    def _chosen(self, attributes: tuple[str, ...]) -> list[str]:
        return [column for column in (getattr(self, name) for name in attributes) if column is not None]

    def name(self, column: str, value: Any, words: Words) -> str:
        """Return how a value of a category or group column is written by itself."""
        return words.heading(self.labels[value]) if value in self.labels else words.cell(column, value)

    def inside(self, column: str, value: Any, words: Words) -> str:
        """Return how a value of a category or group column is written inside a sentence."""
        return words.phrase(self.labels[value]) if value in self.labels else words.value(column, value)

    def amount(self, x: Any, words: Words, *, signed: bool = False) -> str:
        """Return a number as the figure prints it."""
        return words.number(None if pd.isna(x) else x, self.decimals, signed=signed)

    def without(self, row: Any, words: Words) -> str:
        """Return in words that a row of the index is withheld or has no data."""
        return words.text(_NOT_SHOWN if self.released.withheld[row] else _NO_DATA)

    def row_cm(self, column: str, usual: float, words: Words) -> float:
        """Return the height of a row: the usual, more where a name takes several lines, less where a page is full."""
        values = in_order(self.released.data[column])
        lines = max(1 + wrapped(self.name(column, value, words)).count("\n") for value in values)
        return min(max(usual, 0.38 * lines + 0.04), max(PAGE_CM / len(values), 0.3 * lines))

    def sign_of_absence(self, row: Any) -> str:
        """Return ':' for a withheld row and '..' for one without data; `row` is a label of the index."""
        return WITHHELD if self.released.withheld[row] else MISSING


def wrapped(name: str) -> str:
    """Return the name of a row on as many lines as it needs."""
    return "\n".join(wrap(name, 30, break_long_words=False, break_on_hyphens=False)) or name


def in_order(column: pd.Series) -> list[Any]:
    """Return the values of a column in the order of its categories, otherwise as they first come."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        present = set(column.dropna())
        return [value for value in column.cat.categories if value in present]
    return list(column.dropna().unique())


def split(data: pd.DataFrame, by: str | None) -> list[tuple[Any, pd.DataFrame]]:
    """Return the groups of the data with their rows, those that recur in their usual order; without `by` one, None."""
    if by is None:
        return [(None, data)]
    values = in_order(data[by])
    if all(value in theme.OWN_LOOK for value in values):
        values.sort(key=theme.OWN_LOOK.__getitem__)
    return [(value, data[data[by] == value]) for value in values]


def floats(column: pd.Series) -> np.ndarray:
    """Return a column as floating-point numbers, missing as NaN."""
    return column.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
