"""Along the distribution: a curve of changes or effects over position sizes with its simultaneous band."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.exhibits import theme
from evaluation.exhibits.figures.base import FigureSpec, Heading, floats, split
from evaluation.exhibits.figures.distribution import _edge as _size
from evaluation.exhibits.figures.distribution import _rgb
from evaluation.language import Words
from evaluation.texts import three

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ALONG = three(
    "Kurve. {what} etter {x}, fra {first} til {last}, med nullinje.",
    "Kurve. {what} etter {x}, frå {first} til {last}, med nullinje.",
    "Curve. {what} by {x}, from {first} to {last}, with a zero line.",
)
_ENDS = three(
    "{name}: høyest {high} ved {at_high}, lavest {low} ved {at_low}.",
    "{name}: høgast {high} ved {at_high}, lågast {low} ved {at_low}.",
    "{name}: highest {high} at {at_high}, lowest {low} at {at_low}.",
)
_CLEAR = three(
    "Det samtidige båndet utelukker null ved {at}.",
    "Det samtidige bandet utelukkar null ved {at}.",
    "The simultaneous band excludes zero at {at}.",
)
_UNCLEAR = three(
    "Det samtidige båndet omfatter null overalt.",
    "Det samtidige bandet omfattar null overalt.",
    "The simultaneous band includes zero everywhere.",
)
_RANGE = three("{first} til {last}", "{first} til {last}", "{first} to {last}")


@dataclass(frozen=True)
class Along(FigureSpec):
    """Estimates along x with pointwise intervals (thick) and the simultaneous band (shaded, with edges), by group.

    Where the band excludes zero the point is filled, elsewhere hollow: the answer does not rest on colour.
    """

    _: KW_ONLY
    x: str
    estimate: str = "estimate"
    low: str = "low"
    high: str = "high"
    band_low: str = "band_low"
    band_high: str = "band_high"
    by: str | None = None
    x_label: Heading | None = None
    y_label: Heading
    decimals: int = 2

    COLUMNS = ("x", "estimate", "low", "high", "band_low", "band_high", "by")
    NUMBERS = ("x", "estimate", "low", "high", "band_low", "band_high")
    PLACES = ("x",)

    def _height(self, _words: Words) -> float:
        return 8.0

    def _draw(self, figure: Figure, words: Words) -> None:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        axes: Any = figure.subplots()
        axes.axhline(0, color=theme.INK, linewidth=0.9)
        groups = split(self.released.data, self.by)
        spread = np.diff(np.unique(floats(self.released.data[self.x]))).min(initial=1.0)
        ends = []
        for place, ((group, rows), look) in enumerate(
            zip(groups, theme.looks([group for group, _ in groups]), strict=True)
        ):
            rows = rows.sort_values(self.x)
            at = floats(rows[self.x]) + (place - (len(groups) - 1) / 2) * 0.3 * spread
            y, low, high = (floats(rows[name]) for name in (self.estimate, self.low, self.high))
            bottom, top = floats(rows[self.band_low]), floats(rows[self.band_high])
            axes.fill_between(at, bottom, top, color=look.colour, alpha=0.13, linewidth=0)
            for edge in (bottom, top):
                axes.plot(at, edge, color=look.colour, linewidth=0.7, linestyle=look.dash)
            axes.vlines(at, low, high, color=look.colour, linewidth=2.4, alpha=0.55)
            axes.plot(at, y, color=look.colour, linewidth=1.0, linestyle=look.dash)
            clear = (bottom > 0) | (top < 0)
            for chosen, fill in ((clear, look.colour), (~clear, "white")):
                dots: dict[str, Any] = {"linestyle": "none", "markeredgecolor": look.colour, "zorder": 3}
                axes.plot(at[chosen], y[chosen], marker=look.marker, markersize=4.6, markerfacecolor=fill, **dots)
            shown = np.flatnonzero(np.isfinite(y))
            if group is not None and len(shown):
                ends.append((at[shown[-1]], y[shown[-1]], self.name(str(self.by), group, words)))
        axes.grid(axis="y")
        theme.decimal_axis(axes.yaxis, words)
        theme.decimal_axis(axes.xaxis, words, steps=(1, 2.5, 5, 10))
        axes.set_xlabel(words.heading(self.x_label if self.x_label is not None else self.x))
        theme.end_labels(axes, ends)
        theme.heading(axes, words.heading(self.y_label))
        colour = theme.LOOKS[0].colour
        dot: dict[str, Any] = {"marker": "o", "markersize": 4.6, "linestyle": "none", "markeredgecolor": colour}
        handles = [
            Line2D([], [], color=colour, linewidth=2.4, alpha=0.55),
            Patch(facecolor=(*_rgb(colour), 0.13), edgecolor=colour, linewidth=0.7),
            Line2D([], [], markerfacecolor=colour, **dot),
            Line2D([], [], markerfacecolor="white", **dot),
        ]
        names = ["pointwise_interval", "simultaneous_band", "band_excludes_zero", "band_includes_zero"]
        theme.legend(figure, handles, [words.label(name) for name in names])

    def _sentences(self, words: Words) -> list[str]:
        data = self.released.data.sort_values(self.x)
        x = words.phrase(self.x_label if self.x_label is not None else self.x)
        first, last = (_size(floats(data[self.x])[place], words) for place in (0, -1))
        what = words.heading(self.y_label)
        sentences = [words.plain(_ALONG, what=what, x=x, first=first, last=last)]
        for group, rows in split(data, self.by):
            name = what if group is None else self.name(str(self.by), group, words)
            shown = rows[rows[self.estimate].notna()]
            if shown.empty:
                continue
            at, y = floats(shown[self.x]), floats(shown[self.estimate])
            high, low = int(y.argmax()), int(y.argmin())
            values = {"high": self.amount(y[high], words), "low": self.amount(y[low], words)}
            places = {"at_high": _size(at[high], words), "at_low": _size(at[low], words)}
            sentences.append(words.plain(_ENDS, name=name, **values, **places))
            clear = ((shown[self.band_low] > 0) | (shown[self.band_high] < 0)).fillna(False).to_numpy(dtype=bool)
            runs = [_run(at, start, end, words) for start, end in _runs(clear)]
            sentences.append(words.plain(_CLEAR, at=words.list(runs)) if runs else words.text(_UNCLEAR))
        return sentences


def _runs(clear: np.ndarray) -> list[tuple[int, int]]:
    """Return the first and last place of every unbroken run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], clear.astype(int), [0]])))
    return [(int(start), int(end) - 1) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _run(at: np.ndarray, start: int, end: int, words: Words) -> str:
    if start == end:
        return _size(at[start], words)
    return words.plain(_RANGE, first=_size(at[start], words), last=_size(at[end], words))
