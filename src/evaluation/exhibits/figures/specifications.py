"""Many estimates of one thing: a specification curve, with the choices behind each estimate below it."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.exhibits import theme
from evaluation.exhibits.figures.base import FigureSpec, Heading, floats, in_order
from evaluation.language import Words
from evaluation.texts import three

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW_CM = 0.42
_CURVE = three(
    "Spesifikasjonskurve. {what}: {n} estimater ordnet etter størrelse, fra {lowest} til {highest}, median {median}.",
    "Spesifikasjonskurve. {what}: {n} estimat ordna etter storleik, frå {lowest} til {highest}, median {median}.",
    "Specification curve. {what}: {n} estimates in order of size, from {lowest} to {highest}, median {median}.",
)
_SIDES = three(
    "{below} har et intervall helt under null, {above} helt over null, og {across} omfatter null.",
    "{below} har eit intervall heilt under null, {above} heilt over null, og {across} omfattar null.",
    "{below} have an interval wholly below zero, {above} wholly above zero, and {across} include zero.",
)
_CHOSEN = three(
    "Det forhåndsvalgte estimatet er {value} ({low} til {high}), nummer {rank} fra den laveste.",
    "Det førehandsvalde estimatet er {value} ({low} til {high}), nummer {rank} frå det lågaste.",
    "The estimate chosen beforehand is {value} ({low} to {high}), number {rank} from the lowest.",
)
_BY = three(
    "Median etter valg, {name}: {items}.",
    "Median etter val, {name}: {items}.",
    "Median by choice, {name}: {items}.",
)


@dataclass(frozen=True)
class SpecificationCurve(FigureSpec):
    """Estimates in order of size with their intervals, and below, for each of the `choices`, a dot for what was chosen.

    `marked` is a column of true and false; the true row is the one chosen beforehand, drawn as a diamond.

    References
    ----------
    Simonsohn, U., Simmons, J. P. and Nelson, L. D. (2020). Specification curve analysis. Nature Human Behaviour 4.
    """

    _: KW_ONLY
    value: str
    low: str
    high: str
    choices: tuple[str, ...]
    marked: str
    value_label: Heading | None = None
    decimals: int = 2

    COLUMNS = ("value", "low", "high", "marked")
    NUMBERS = ("value", "low", "high")
    PLACES = ("value", "low", "high", "marked")

    def _options(self) -> list[tuple[str, Any]]:
        return [(column, value) for column in self.choices for value in in_order(self.released.data[column])]

    def _height(self, words: Words) -> float:  # noqa: ARG002
        return 7.5 + _ROW_CM * (len(self._options()) + len(self.choices))

    def _draw(self, figure: Figure, words: Words) -> None:
        rows = self.released.data.sort_values(self.value, kind="stable")
        at = np.arange(len(rows))
        chosen = rows[self.marked].to_numpy(dtype=bool)
        below = len(self._options()) + len(self.choices)
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[5.0, _ROW_CM * below])
        colour = theme.LOOKS[0].colour
        value, low, high = (floats(rows[column]) for column in (self.value, self.low, self.high))
        top.axhline(0, color=theme.INK, linewidth=0.9)
        top.vlines(at, low, high, color=colour, linewidth=1.1, alpha=0.55)
        dots: dict[str, Any] = {"linestyle": "none", "color": colour}
        usual = top.plot(at[~chosen], value[~chosen], marker="o", markersize=3.2, **dots)[0]
        ours = top.plot(at[chosen], value[chosen], marker="D", markersize=7, markeredgecolor=theme.INK, **dots)[0]
        top.grid(axis="y")
        theme.decimal_axis(top.yaxis, words)
        theme.heading(top, self.what(words))
        height, ticks, names = 0.0, [], []
        for column in self.choices:
            bottom.text(-0.5, height, words.label(column), fontweight="bold", va="center", fontsize=theme.SMALL)
            height += 1
            for option in in_order(rows[column]):
                here = (rows[column] == option).to_numpy()
                for mine, marker, size in ((here & ~chosen, "o", 2.6), (here & chosen, "D", 5)):
                    bottom.plot(at[mine], np.full(mine.sum(), height), marker=marker, markersize=size, **dots)
                ticks.append(height)
                names.append(self.name(column, option, words))
                height += 1
        bottom.set_yticks(ticks, names, fontsize=theme.SMALL)
        bottom.set_ylim(height - 0.3, -0.8)
        bottom.set_xlim(-1, len(rows))
        bottom.set_xticks([])
        bottom.grid(visible=False)
        theme.legend(figure, [ours, usual], [words.label("prespecified"), words.label("other_choice")])

    def what(self, words: Words) -> str:
        """Return what the values are."""
        return words.heading(self.value_label if self.value_label is not None else self.value)

    def _sentences(self, words: Words) -> list[str]:
        rows = self.released.data.sort_values(self.value, kind="stable").reset_index(drop=True)
        value = rows[self.value]
        numbers = {"lowest": value.min(), "highest": value.max(), "median": value.median()}
        shown = {key: self.amount(number, words) for key, number in numbers.items()}
        below, above = int((rows[self.high] < 0).sum()), int((rows[self.low] > 0).sum())
        sentences = [words.plain(_CURVE, what=self.what(words), n=len(rows), **shown)]
        sentences.append(words.plain(_SIDES, below=below, above=above, across=len(rows) - below - above))
        for place, row in rows[rows[self.marked].astype(bool)].iterrows():
            parts = {key: self.amount(row[column], words) for key, column in self._interval().items()}
            sentences.append(words.plain(_CHOSEN, rank=int(str(place)) + 1, **parts))
        for column in self.choices:
            medians = [
                f"{self.inside(column, option, words)} {self.amount(value[rows[column] == option].median(), words)}"
                for option in in_order(self.released.data[column])
            ]
            sentences.append(words.plain(_BY, name=words.term(column), items="; ".join(medians)))
        return sentences

    def _interval(self) -> dict[str, str]:
        return {"value": self.value, "low": self.low, "high": self.high}
