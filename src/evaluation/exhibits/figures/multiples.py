"""Small multiples: a histogram for every part, on the same axes."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.exhibits import theme
from evaluation.exhibits.figures.base import FigureSpec, Heading, floats, split
from evaluation.exhibits.figures.distribution import _edge as _size
from evaluation.exhibits.figures.distribution import _rgb
from evaluation.language import Words
from evaluation.texts import capital, three

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SMALL = three(
    "{n} histogrammer med felles akser, ett for hver rute. {what} etter {x}, i intervaller på {width}.",
    "{n} histogram med felles aksar, eitt for kvar rute. {what} etter {x}, i intervall på {width}.",
    "{n} histograms with common axes, one in each panel. {what} by {x}, in bins of {width}.",
)
_PANEL = three("{name}: {groups}.", "{name}: {groups}.", "{name}: {groups}.")
_PEAK = three("størst ved {at} ({height})", "størst ved {at} ({height})", "largest at {at} ({height})")
_PEAK_OF = three(
    "{group} størst ved {at} ({height})", "{group} størst ved {at} ({height})", "{group} largest at {at} ({height})"
)


@dataclass(frozen=True)
class SmallHistograms(FigureSpec):
    """A histogram in each panel, all with the same axes, so that panels can be compared; by group as outlines.

    x is a bin's lower edge, `width` its width; a withheld bin is marked ':' at the axis.
    """

    _: KW_ONLY
    panel: str
    x: str
    y: str
    width: float
    by: str | None = None
    columns: int = 3
    x_label: Heading | None = None
    y_label: Heading | None = None

    COLUMNS = ("panel", "x", "y", "by")
    NUMBERS = ("x", "y")
    PLACES = ("panel", "x")

    def _height(self, _words: Words) -> float:
        rows = -(-len(split(self.released.data, self.panel)) // self.columns)
        return 2.2 + 4.2 * rows

    def _draw(self, figure: Figure, words: Words) -> None:
        from matplotlib.patches import Patch

        panels = split(self.released.data, self.panel)
        rows = -(-len(panels) // self.columns)
        grid: Any = figure.subplots(rows, min(self.columns, len(panels)), sharex=True, sharey=True, squeeze=False)
        groups = [group for group, _ in split(self.released.data, self.by)]
        looks = dict(zip(groups, theme.looks(groups), strict=True))
        for axes, (value, part) in zip(grid.ravel(), panels, strict=False):
            self._panel(axes, part, looks)
            axes.set_title(self.name(self.panel, value, words), loc="left", fontsize=theme.SIZE)
        for axes in grid.ravel()[len(panels) :]:
            axes.set_visible(False)
        x, y = (words.heading(label) for label in self._labels())
        theme.decimal_axis(grid[0, 0].yaxis, words)
        theme.decimal_axis(grid[0, 0].xaxis, words, steps=(1, 2.5, 5, 10))
        figure.supxlabel(x, fontsize=theme.SIZE)
        figure.supylabel(y, fontsize=theme.SIZE)
        if self.by:
            handles = [
                Patch(
                    facecolor=(*_rgb(look.colour), 0.22) if place == 0 else "none",
                    edgecolor=look.colour,
                    linestyle=look.dash,
                    linewidth=1.3,
                )
                for place, look in enumerate(looks.values())
            ]
            theme.legend(figure, handles, [self.name(self.by, group, words) for group in groups])

    def _labels(self) -> tuple[Heading, Heading]:
        return (
            self.x_label if self.x_label is not None else self.x,
            self.y_label if self.y_label is not None else self.y,
        )

    def _panel(self, axes: Any, part: pd.DataFrame, looks: dict[Any, theme.Look]) -> None:
        for place, (group, rows) in enumerate(split(part, self.by)):
            rows, look = rows.sort_values(self.x), looks[group]
            lower, heights = floats(rows[self.x]), floats(rows[self.y])
            edges = np.append(lower, lower[-1] + self.width)
            if place == 0:
                axes.stairs(heights, edges, fill=True, color=look.colour, alpha=0.22, linewidth=0)
            axes.stairs(heights, edges, color=look.colour, linestyle=look.dash, linewidth=1.3)
            for row in rows.index[rows[self.y].isna()]:
                at = float(rows[self.x][row]) + self.width / 2
                axes.annotate(self.sign_of_absence(row), (at, 0), xytext=(0, 2), textcoords="offset points",
                              ha="center", fontweight="bold")  # fmt: skip
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")

    def _sentences(self, words: Words) -> list[str]:
        panels = split(self.released.data, self.panel)
        x, y = (words.phrase(label) for label in self._labels())
        sentences = [words.plain(_SMALL, n=len(panels), what=capital(y), x=x, width=_size(self.width, words))]
        for value, part in panels:
            peaks = []
            for group, rows in split(part, self.by):
                shown = rows[rows[self.y].notna()]
                if shown.empty:
                    continue
                heights = floats(shown[self.y])
                place = int(heights.argmax())
                edge = float(floats(shown[self.x])[place])
                at = f"{_size(edge, words)}–{_size(edge + self.width, words)}"
                height = self.amount(heights[place], words)
                named = {} if group is None else {"group": self.inside(str(self.by), group, words)}
                peaks.append(words.plain(_PEAK_OF if named else _PEAK, at=at, height=height, **named))
            name = self.name(self.panel, value, words)
            sentences.append(words.plain(_PANEL, name=name, groups="; ".join(peaks)))
        return sentences
