"""A grid of shares: where each row went, darker where there are more, with the number printed in every cell."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.exhibits import theme
from evaluation.exhibits.figures.base import FigureSpec, Heading, floats, in_order, wrapped
from evaluation.language import Words
from evaluation.texts import three

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GRID = three(
    "Rutenett. {what}, {rows} rader ({row}) og {columns} kolonner ({column}).",
    "Rutenett. {what}, {rows} rader ({row}) og {columns} kolonnar ({column}).",
    "Grid. {what}, {rows} rows ({row}) and {columns} columns ({column}).",
)
_CELL = three("{column} {number}", "{column} {number}", "{column} {number}")


@dataclass(frozen=True)
class Grid(FigureSpec):
    """Values from 0 to 100 by row and column, such as a transition matrix; withheld cells read ':'."""

    _: KW_ONLY
    row: str
    column: str
    value: str
    row_label: Heading | None = None
    column_label: Heading | None = None
    value_label: Heading | None = None

    COLUMNS = ("row", "column", "value")
    NUMBERS = ("value",)
    PLACES = ("row", "column")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.released.data.duplicated([self.row, self.column]).any():
            remedy = "Give one row of data for each row and column of the grid."
            raise InputError(Problem("A cell of the grid has two values", remedy, column=self.value))

    def _height(self, words: Words) -> float:
        rows = len(in_order(self.released.data[self.row]))
        return 2.8 + self.row_cm(self.row, 0.8, words) * rows

    def _draw(self, figure: Figure, words: Words) -> None:
        from matplotlib.patches import Rectangle

        axes: Any = figure.subplots()
        data = self.released.data
        rows, columns = in_order(data[self.row]), in_order(data[self.column])
        shades = theme.ramp(9)
        for index, row, column, value in zip(
            data.index, data[self.row], data[self.column], floats(data[self.value]), strict=True
        ):
            known = np.isfinite(value)
            # A root brings out the small shares: most of a transition matrix stands on its diagonal.
            shade = shades[min(int(np.sqrt(max(value, 0.0) / 100) * 9), 8)] if known else "white"
            place = columns.index(column), rows.index(row)
            edge: dict[str, Any] = {"edgecolor": "white", "linewidth": 1.2}
            axes.add_patch(Rectangle((place[0] - 0.5, place[1] - 0.5), 1, 1, facecolor=shade, **edge))
            text = self.amount(value, words) if known else self.sign_of_absence(index)
            colour = theme.readable_on(shade) if known else theme.INK
            axes.text(*place, text, ha="center", va="center", color=colour)
        names = [wrapped(self.name(self.row, value, words)) for value in rows]
        axes.set_yticks(range(len(rows)), names, linespacing=1.0)
        axes.set_xticks(range(len(columns)), [self.name(self.column, value, words) for value in columns])
        axes.set_xlim(-0.5, len(columns) - 0.5)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.tick_params(length=0)
        axes.set_xlabel(words.heading(self._label("column")))
        axes.set_ylabel(words.heading(self._label("row")))
        theme.heading(axes, words.heading(self._label("value")))

    def _label(self, part: str) -> Heading:
        given = getattr(self, f"{part}_label")
        return given if given is not None else getattr(self, part)

    def _sentences(self, words: Words) -> list[str]:
        data = self.released.data
        rows, columns = in_order(data[self.row]), in_order(data[self.column])
        parts = {"what": words.heading(self._label("value")), "row": words.phrase(self._label("row"))}
        parts["column"] = words.phrase(self._label("column"))
        sentences = [words.plain(_GRID, rows=len(rows), columns=len(columns), **parts)]
        for value in rows:
            own = data[data[self.row] == value]
            cells = []
            for index, column, number in zip(own.index, own[self.column], own[self.value], strict=True):
                shown = self.without(index, words) if pd.isna(number) else self.amount(number, words)
                name = self.inside(self.column, column, words)
                cells.append(words.plain(_CELL, column=name, number=shown))
            sentences.append(f"{self.name(self.row, value, words)}: {'; '.join(cells)}.")
        return sentences
