"""Distributions: histograms that keep their spikes, and cumulative curves."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.exhibits import theme
from evaluation.exhibits.figures.base import FigureSpec, Heading, floats, split
from evaluation.language import Words
from evaluation.texts import capital, three

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HISTOGRAM = three(
    "Histogram. {what} etter {x}, i intervaller på {width}.",
    "Histogram. {what} etter {x}, i intervall på {width}.",
    "Histogram. {what} by {x}, in bins of {width}.",
)
_PEAKS = three("{name}: størst ved {peaks}.", "{name}: størst ved {peaks}.", "{name}: largest at {peaks}.")
_CUMULATIVE = three(
    "Kumulativ fordeling. {what} etter {x}.",
    "Kumulativ fordeling. {what} etter {x}.",
    "Cumulative distribution. {what} by {x}.",
)
_REACHED = three(
    "{name}: en fjerdedel har høyst {q25}, halvparten høyst {q50} og tre fjerdedeler høyst {q75}.",
    "{name}: ein fjerdedel har høgst {q25}, halvparten høgst {q50} og tre fjerdedelar høgst {q75}.",
    "{name}: a quarter have at most {q25}, half at most {q50} and three quarters at most {q75}.",
)


@dataclass(frozen=True)
class _Distribution(FigureSpec):
    _: KW_ONLY
    x: str
    y: str
    by: str | None = None
    x_label: Heading | None = None
    y_label: Heading | None = None

    COLUMNS = ("x", "y", "by")
    NUMBERS = ("x", "y")
    PLACES = ("x",)

    def _height(self, _words: Words) -> float:
        return 7.5

    def phrases(self, words: Words) -> tuple[str, str]:
        """Return what x and y are, as it reads inside a sentence."""
        asked = zip((self.x_label, self.y_label), (self.x, self.y), strict=True)
        x, y = (words.phrase(label if label is not None else column) for label, column in asked)
        return x, y

    def parts(self, words: Words) -> list[tuple[str, Any, pd.DataFrame]]:
        """Return each group's name, value and rows in order of x."""
        found = split(self.released.data, self.by)
        name = capital(self.phrases(words)[1])
        return [
            (name if group is None else self.name(str(self.by), group, words), group, rows.sort_values(self.x))
            for group, rows in found
        ]


@dataclass(frozen=True)
class Histogram(_Distribution):
    """Values by bin as outlines, one for each group: x is a bin's lower edge, `width` its width, y its height.

    The bins are those of the data, so that spikes at round position sizes stand where they are. The first group is
    filled lightly; a withheld bin is marked ':' at the axis.
    """

    _: KW_ONLY
    width: float

    def __post_init__(self) -> None:
        super().__post_init__()
        for group, rows in split(self.released.data, self.by):
            steps = floats(rows[self.x]) / self.width
            offset = steps - steps[0]
            if rows[self.x].duplicated().any() or np.abs(offset - offset.round()).max() > 1e-6:
                remedy = "Give one row for each bin and group, with lower edges a whole number of widths apart."
                raise InputError(Problem("The bins of a histogram overlap", remedy, column=self.x, value=group))

    def _draw(self, figure: Figure, words: Words) -> None:
        from matplotlib.patches import Patch

        axes: Any = figure.subplots()
        parts = self.parts(words)
        handles = []
        for place, ((_, _, rows), look) in enumerate(zip(parts, theme.looks([g for _, g, _ in parts]), strict=True)):
            edges, heights = self._steps(rows)
            if place == 0:
                axes.stairs(heights, edges, fill=True, color=look.colour, alpha=0.22, linewidth=0)
            line = axes.stairs(heights, edges, color=look.colour, linestyle=look.dash, linewidth=1.5)
            faint = (*_rgb(look.colour), 0.22) if place == 0 else "none"
            handles.append(Patch(facecolor=faint, edgecolor=look.colour, linestyle=line.get_linestyle(), linewidth=1.5))
            for row in rows.index[rows[self.y].isna()]:
                middle = float(rows[self.x][row]) + self.width / 2
                axes.annotate(
                    self.sign_of_absence(row), (middle, 0), xytext=(0, 4), textcoords="offset points", ha="center"
                ).set(fontweight="bold", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8}, zorder=4)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        theme.decimal_axis(axes.yaxis, words)
        theme.decimal_axis(axes.xaxis, words, steps=(1, 2.5, 5, 10))
        x, y = map(capital, self.phrases(words))
        axes.set_xlabel(x)
        theme.heading(axes, y)
        if self.by:
            theme.legend(figure, handles, [name for name, _, _ in parts])

    def _steps(self, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """Return edges and heights of all bins; a bin without a row is empty, a withheld one a gap."""
        lower = floats(rows[self.x])
        places = np.rint((lower - lower[0]) / self.width).astype(int)
        heights = np.zeros(places[-1] + 1)
        heights[places] = floats(rows[self.y])
        return lower[0] + self.width * np.arange(len(heights) + 1), heights

    def _sentences(self, words: Words) -> list[str]:
        x, y = self.phrases(words)
        sentences = [words.plain(_HISTOGRAM, what=capital(y), x=x, width=_edge(self.width, words))]
        for name, _, rows in self.parts(words):
            tallest = rows[rows[self.y].notna()].nlargest(3, self.y).sort_values(self.x)
            bins = zip(floats(tallest[self.x]), floats(tallest[self.y]), strict=True)
            peaks = [f"{self._bin(edge, words)} ({self.amount(height, words)})" for edge, height in bins]
            sentences.append(words.plain(_PEAKS, name=name, peaks=words.list(peaks)))
        return sentences

    def _bin(self, edge: float, words: Words) -> str:
        return f"{_edge(edge, words)}–{_edge(edge + self.width, words)}"


@dataclass(frozen=True)
class Cumulative(_Distribution):
    """Cumulative shares (per cent) at or below x, as steps, one curve for each group."""

    def _draw(self, figure: Figure, words: Words) -> None:
        axes: Any = figure.subplots()
        parts = self.parts(words)
        handles = []
        for (_, _, rows), look in zip(parts, theme.looks([group for _, group, _ in parts]), strict=True):
            at, y = floats(rows[self.x]), floats(rows[self.y])
            every = max(1, len(at) // 12)
            line = axes.plot(at, y, color=look.colour, linestyle=look.dash, drawstyle="steps-post")[0]
            axes.plot(at[::every], y[::every], color=look.colour, linestyle="none", marker=look.marker)
            line.set(marker=look.marker, markevery=[])
            handles.append(line)
        axes.set_ylim(0, 101)
        axes.grid(axis="y")
        theme.decimal_axis(axes.yaxis, words)
        theme.decimal_axis(axes.xaxis, words, steps=(1, 2.5, 5, 10))
        x, y_name = map(capital, self.phrases(words))
        axes.set_xlabel(x)
        theme.heading(axes, y_name)
        if self.by:
            theme.legend(figure, _keys(handles), [name for name, _, _ in parts])

    def _sentences(self, words: Words) -> list[str]:
        x, y = self.phrases(words)
        sentences = [words.plain(_CUMULATIVE, what=capital(y), x=x)]
        for name, _, rows in self.parts(words):
            shown = rows[rows[self.y].notna()]
            at, reached_by = floats(shown[self.x]), floats(shown[self.y])
            if len(at) and reached_by[-1] >= 75:
                reached = {f"q{share}": _edge(at[np.argmax(reached_by >= share)], words) for share in (25, 50, 75)}
                sentences.append(words.plain(_REACHED, name=name, **reached))
        return sentences


def _keys(lines: list[Any]) -> list[Any]:
    from matplotlib.lines import Line2D

    look = ("color", "linestyle", "marker")
    return [Line2D([], [], **{key: getattr(line, f"get_{key}")() for key in look}) for line in lines]


def _edge(x: float, words: Words) -> str:
    return words.number(x, 0 if float(x).is_integer() else 1)


def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)
