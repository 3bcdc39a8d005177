"""Cases by outcomes: direction by the way a triangle points, size by its size, certainty by whether it is filled."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation.exhibits import theme
from evaluation.exhibits.figures.base import FigureSpec, Heading, in_order, wrapped
from evaluation.language import Words
from evaluation.texts import MISSING, capital, three

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = {"up": "^", "down": "v", "level": "o"}
SIZES = {"small": 5.0, "medium": 8.0, "large": 11.5}
_WORDS = {
    "up": three("opp", "opp", "up"),
    "down": three("ned", "ned", "down"),
    "level": three("uendret", "uendra", "unchanged"),
    "small": three("lite", "lite", "small"),
    "medium": three("middels", "middels", "medium"),
    "large": three("stort", "stort", "large"),
    "clear": three("sikkert", "sikkert", "certain"),
    "unclear": three("usikkert", "usikkert", "uncertain"),
}
_MATRIX = three(
    "Matrise av {rows} rader og {columns} utfall: {names}. Sikkert er et avvik når intervallet utelukker null; det "
    "gjelder {clear} av {n}.",
    "Matrise av {rows} rader og {columns} utfall: {names}. Sikkert er eit avvik når intervallet utelukkar null; det "
    "gjeld {clear} av {n}.",
    "Matrix of {rows} rows and {columns} outcomes: {names}. A gap is certain when its interval excludes zero; that is "
    "so of {clear} of {n}.",
)
_CELL = three(
    "{outcome} {direction} {value} ({size}, {certainty})",
    "{outcome} {direction} {value} ({size}, {certainty})",
    "{outcome} {direction} {value} ({size}, {certainty})",
)
_LEGEND = (
    ("up", "clear", three("opp, sikkert", "opp, sikkert", "up, certain")),
    ("up", "unclear", three("opp, usikkert", "opp, usikkert", "up, uncertain")),
    ("down", "clear", three("ned, sikkert", "ned, sikkert", "down, certain")),
    ("down", "unclear", three("ned, usikkert", "ned, usikkert", "down, uncertain")),
)


@dataclass(frozen=True)
class Matrix(FigureSpec):
    """One triangle a cell, with its number beside it: it points where the value went, grows with it, is filled if sure.

    Nothing rests on colour: all triangles have the same.

    Attributes
    ----------
    row, column
        Columns of the data that say where a cell stands.
    value
        The number printed.
    direction, certainty, size
        Columns with "up", "down" or "level"; "clear" or "unclear"; "small", "medium" or "large". Other words leave the
        cell with the sign of missing or withheld.
    """

    _: KW_ONLY
    row: str
    column: str
    value: str
    direction: str = "direction"
    certainty: str = "certainty"
    size: str = "size"
    row_label: Heading | None = None
    decimals: int = 2

    COLUMNS = ("row", "column", "value", "direction", "certainty", "size")
    NUMBERS = ("value",)
    PLACES = ("row", "column")

    def _height(self, words: Words) -> float:
        return 2.6 + self.row_cm(self.row, 0.66, words) * len(in_order(self.released.data[self.row]))

    def _draw(self, figure: Figure, words: Words) -> None:
        from matplotlib.lines import Line2D

        axes: Any = figure.subplots()
        rows, columns = (in_order(self.released.data[name]) for name in (self.row, self.column))
        for place, cell in self.released.data.iterrows():
            x, y = columns.index(cell[self.column]), rows.index(cell[self.row])
            if not self._shown(cell):
                axes.annotate(self.sign_of_absence(place), (x, y), ha="center", va="center", color=theme.MUTED)
                continue
            size = SIZES[cell[self.size]]
            axes.plot(x - 0.16, y, **self._mark(cell[self.direction], cell[self.certainty]), markersize=size)
            weight = "bold" if cell[self.certainty] == "clear" else "normal"
            text = self.amount(cell[self.value], words, signed=True)
            axes.annotate(text, (x + 0.02, y), ha="left", va="center", weight=weight)
        axes.set_xlim(-0.5, len(columns) - 0.5)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        names = [wrapped(self.name(self.row, value, words)) for value in rows]
        axes.set_yticks(range(len(rows)), names, linespacing=1.0)
        heads = [_narrow(self.name(self.column, value, words), 66 // len(columns)) for value in columns]
        axes.set_xticks(range(len(columns)), heads, fontsize=theme.SMALL)
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.spines["bottom"].set_visible(False)
        for edge in range(len(rows) + 1):
            axes.axhline(edge - 0.5, color=theme.FAINT, linewidth=0.6, zorder=0)
        handles = [Line2D([], [], **self._mark(way, sure), markersize=SIZES["medium"]) for way, sure, _ in _LEGEND]
        theme.legend(figure, handles, [words.heading(text) for *_, text in _LEGEND])

    def _mark(self, direction: str, certainty: str) -> dict[str, Any]:
        colour = theme.LOOKS[0].colour
        fill = colour if certainty == "clear" else "white"
        return {"marker": MARKS[direction], "color": colour, "markerfacecolor": fill, "linestyle": "none"}

    def _shown(self, cell: pd.Series) -> bool:
        known = cell[self.direction] in MARKS and cell[self.size] in SIZES and pd.notna(cell[self.value])
        return bool(known)

    def _sentences(self, words: Words) -> list[str]:
        data = self.released.data
        rows, columns = (in_order(data[name]) for name in (self.row, self.column))
        shown = data[[self._shown(cell) for _, cell in data.iterrows()]]
        names = words.list(self.inside(self.column, value, words) for value in columns)
        counts = {"rows": len(rows), "columns": len(columns), "n": len(shown)}
        clear = int((shown[self.certainty] == "clear").sum())
        sentences = [words.plain(_MATRIX, names=names, clear=clear, **counts)]
        for value in rows:
            cells = [self._said(cell, place, words) for place, cell in data[data[self.row] == value].iterrows()]
            sentences.append(f"{capital(self.inside(self.row, value, words))}: {'; '.join(cells)}.")
        return sentences

    def _said(self, cell: pd.Series, place: Any, words: Words) -> str:
        outcome = self.inside(self.column, cell[self.column], words)
        if not self._shown(cell):
            return f"{outcome} {self.without(place, words)}"
        said = {name: words.text(_WORDS[cell[getattr(self, name)]]) for name in ("direction", "size", "certainty")}
        value = self.amount(cell[self.value], words, signed=True)
        return words.plain(_CELL, outcome=outcome, value=value, **said)


def _narrow(name: str, width: int) -> str:
    return "\n".join(wrap(name, max(width, 9), break_long_words=False)) or MISSING
