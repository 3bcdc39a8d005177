"""A figure of every unit against its size, inside the limits that chance alone would keep it within."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.exhibits import theme
from evaluation.exhibits.figures.base import FigureSpec, Heading, floats
from evaluation.language import Words
from evaluation.texts import three

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FUNNEL = three(
    "Traktdiagram. {what} for {n} kommuner mot {size}, fra {low} til {high}. Midtlinjen er {centre}.",
    "Traktdiagram. {what} for {n} kommunar mot {size}, frå {low} til {high}. Midtlinja er {centre}.",
    "Funnel plot. {what} for {n} municipalities against {size}, from {low} to {high}. The centre line is {centre}.",
)
_OUTSIDE = three(
    "{inner} ligger utenfor 95-prosentgrensene og {outer} av dem utenfor 99,8-prosentgrensene.",
    "{inner} ligg utanfor 95-prosentgrensene og {outer} av dei utanfor 99,8-prosentgrensene.",
    "{inner} lie outside the 95% limits, and {outer} of them outside the 99.8% limits.",
)
_MARKED = three("Merket: {items}.", "Merkte: {items}.", "Marked: {items}.")
_ITEM = three("{name} {value} ({size})", "{name} {value} ({size})", "{name} {value} ({size})")
_LIMITS = {
    "95": three("95 prosent-grenser", "95 prosent-grenser", "95% limits"),
    "99.8": three("99,8 prosent-grenser", "99,8 prosent-grenser", "99.8% limits"),
}
_OTHERS = three("kommuner", "kommunar", "municipalities")
_MOST_NAMED = 6


@dataclass(frozen=True)
class Funnel(FigureSpec):
    """Values against sizes on a logarithmic axis, with limits; the marked units are drawn large and named.

    Attributes
    ----------
    size, value
        Columns of numbers.
    outside
        Column that says which limits a row lies outside: "no", "95" or "99.8".
    limits
        The funnel, from `deep_dive.funnel`: `man_years`, `low_95`, `high_95`, `low_998`, `high_998`.
    centre
        The value of all together.
    mark
        Column with the name to write at a unit; missing for those that are not marked.
    """

    _: KW_ONLY
    size: str = "man_years"
    value: str = "value"
    outside: str = "outside"
    limits: pd.DataFrame
    centre: float
    mark: str | None = None
    value_label: Heading
    size_label: Heading = "man_years"

    COLUMNS = ("size", "value", "outside", "mark")
    NUMBERS = ("size", "value")

    def __post_init__(self) -> None:
        super().__post_init__()
        absent = [name for name in ("man_years", *_columns()) if name not in self.limits]
        if absent:
            remedy = "Give the limits of deep_dive.funnel"
            raise InputError([Problem("The limits of a funnel lack a column", remedy, column=name) for name in absent])

    def _height(self, _words: Words) -> float:
        return 9.0

    def _marked(self) -> pd.DataFrame:
        data = self.released.data
        return data[data[self.mark].notna()] if self.mark else data.iloc[:0]

    def _draw(self, figure: Figure, words: Words) -> None:
        from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

        axes: Any = figure.subplots()
        look, other = theme.LOOKS[0], theme.LOOKS[1]
        rows, marked = self.released.data, self._marked()
        rest = rows.drop(index=marked.index)
        dots = axes.plot(
            *(floats(rest[self.size]), floats(rest[self.value])),
            linestyle="none",
            marker="o",
            markersize=2.6,
            color=theme.MUTED,
            markeredgewidth=0,
            alpha=0.7,
        )[0]
        sizes = floats(self.limits["man_years"])
        lines = []
        for name, dash in (("95", "-"), ("998", (0, (4, 2)))):
            for side in ("low", "high"):
                line = axes.plot(sizes, floats(self.limits[f"{side}_{name}"]), color=look.colour, linewidth=1.0)[0]
                line.set_linestyle(dash)
            lines.append(line)
        axes.axhline(self.centre, color=theme.INK, linewidth=0.9)
        points = axes.plot(
            *(floats(marked[self.size]), floats(marked[self.value])),
            linestyle="none",
            marker="D",
            markersize=5.5,
            markerfacecolor=other.colour,
            markeredgecolor="white",
            markeredgewidth=0.6,
            zorder=4,
        )[0]
        axes.set_xscale("log")
        ticks = _ticks(float(sizes.min()), float(sizes.max()))
        axes.xaxis.set_major_locator(FixedLocator(ticks))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words.number(x, 0)))
        shown = floats(rows[self.value])
        shown = shown[np.isfinite(shown)]
        margin = 0.12 * float(np.ptp(shown)) or 1.0
        axes.set_ylim(shown.min() - margin, shown.max() + margin)
        axes.grid(axis="y")
        theme.decimal_axis(axes.yaxis, words)
        axes.set_xlabel(words.heading(self.size_label))
        if 0 < len(marked) <= _MOST_NAMED:
            for _, row in marked.dropna(subset=[self.value]).iterrows():
                beside: dict[str, Any] = {"xytext": (6, 4), "textcoords": "offset points", "fontsize": theme.SMALL}
                name = self.inside(str(self.mark), row[str(self.mark)], words)
                axes.annotate(name, (row[self.size], row[self.value]), **beside)
        theme.heading(axes, words.heading(self.value_label))
        names = [words.heading(_OTHERS), *(words.heading(text) for text in _LIMITS.values())]
        handles = [dots, *lines]
        if len(marked):
            handles, names = [*handles, points], [*names, words.label("cases")]
        theme.legend(figure, handles, names)

    def _sentences(self, words: Words) -> list[str]:
        data = self.released.data
        shown = data[data[self.value].notna()]
        amounts = {"low": shown[self.value].min(), "high": shown[self.value].max(), "centre": self.centre}
        values = {name: self.amount(x, words) for name, x in amounts.items()}
        what = words.heading(self.value_label)
        sentences = [words.plain(_FUNNEL, what=what, n=len(shown), size=words.phrase(self.size_label), **values)]
        inner, outer = (int(shown[self.outside].isin(among).sum()) for among in (("95", "99.8"), ("99.8",)))
        sentences.append(words.plain(_OUTSIDE, inner=inner, outer=outer))
        items = [self._item(row, words) for _, row in self._marked().iterrows()]
        if items:
            sentences.append(words.plain(_MARKED, items="; ".join(items)))
        return sentences

    def _item(self, row: pd.Series, words: Words) -> str:
        name = self.inside(str(self.mark), row[str(self.mark)], words)
        if pd.isna(row[self.value]):
            return f"{name}: {self.without(row.name, words)}"
        size = f"{words.number(row[self.size], 0)} {words.phrase(self.size_label)}"
        return words.plain(_ITEM, name=name, value=self.amount(row[self.value], words), size=size)


def _columns() -> Sequence[str]:
    return [f"{side}_{name}" for name in ("95", "998") for side in ("low", "high")]


def _ticks(low: float, high: float) -> list[float]:
    steps = [1.0, 3.0]
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    every = [step * 10.0**power for power in powers for step in steps]
    return [tick for tick in every if low * 0.95 <= tick <= high * 1.05]
