"""Single values side by side: before and after, and estimates with their intervals."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.exhibits import theme
from evaluation.exhibits.figures.base import FigureSpec, Heading, floats, in_order, split, wrapped
from evaluation.language import Words
from evaluation.texts import capital, three

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_ROWS = 45
_MOST_LISTED, _ENDS = 16, 5
_FIRST_LAST = three(
    "Øverst: {first}. Nederst: {last}.", "Øvst: {first}. Nedst: {last}.", "At the top: {first}. At the bottom: {last}."
)
_DUMBBELL = three(
    "Før og etter. {what}, {before} og {after}, for {n} rader: {up} steg, {down} gikk ned, {same} uendret.",
    "Før og etter. {what}, {before} og {after}, for {n} rader: {up} steg, {down} gjekk ned, {same} uendra.",
    "Before and after. {what}, {before} and {after}, for {n} rows: {up} rose, {down} fell, {same} unchanged.",
)
_PAIR = three("{name} fra {before} til {after}", "{name} frå {before} til {after}", "{name} from {before} to {after}")
_HIDDEN = three("{name} vises ikke", "{name} er ikkje vist", "{name} is not shown")
_FOREST = three(
    "Estimater med intervall. {what}. Referanselinje ved {reference}.",
    "Estimat med intervall. {what}. Referanselinje ved {reference}.",
    "Estimates with intervals. {what}. Reference line at {reference}.",
)
_ESTIMATE = three(
    "{name} {value} ({low} til {high})", "{name} {value} ({low} til {high})", "{name} {value} ({low} to {high})"
)
_OUTSIDE = three(
    "{outside} av {n} intervaller ligger helt på én side av linjen.",
    "{outside} av {n} intervall ligg heilt på éi side av linja.",
    "{outside} of {n} intervals lie wholly on one side of the line.",
)


def _check_rows(spec: FigureSpec, column: str) -> None:
    rows = len(spec.released.data)
    if rows > _MOST_ROWS:
        remedy = f"Select at most {_MOST_ROWS} of them, or show them in a table."
        raise InputError(Problem(f"A page has no room for {rows} rows of a figure", remedy, column=column))


@dataclass(frozen=True)
class Dumbbell(FigureSpec):
    """Before (hollow) and after (filled) on one line for each category, with the change printed to the right."""

    _: KW_ONLY
    category: str
    before: str
    after: str
    before_label: Heading | None = None
    after_label: Heading | None = None
    value_label: Heading

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_rows(self, self.category)

    COLUMNS = ("category", "before", "after")
    PLACES = ("category",)
    NUMBERS = ("before", "after")

    def _height(self, words: Words) -> float:
        return 2.8 + self.row_cm(self.category, 0.46, words) * len(self.released.data)

    def _draw(self, figure: Figure, words: Words) -> None:
        axes: Any = figure.subplots()
        data = self.released.data
        at = np.arange(len(data))
        before, after = floats(data[self.before]), floats(data[self.after])
        colour = theme.LOOKS[0].colour
        axes.hlines(at, before, after, color=theme.MUTED, linewidth=1.4)
        dots: dict[str, Any] = {
            "linestyle": "none",
            "marker": "o",
            "markersize": 5,
            "markeredgecolor": colour,
            "zorder": 3,
        }
        hollow = axes.plot(before, at, markerfacecolor="white", **dots)[0]
        filled = axes.plot(after, at, markerfacecolor=colour, **dots)[0]
        for place, row, change in zip(at, data.index, after - before, strict=True):
            text = self.amount(change, words, signed=True) if np.isfinite(change) else self.sign_of_absence(row)
            beside: dict[str, Any] = {
                "xycoords": ("axes fraction", "data"),
                "textcoords": "offset points",
                "va": "center",
                "ha": "right",
            }
            axes.annotate(text, (1, place), xytext=(34, 0), fontsize=theme.SMALL, annotation_clip=False, **beside)
        above: dict[str, Any] = {
            "xycoords": "axes fraction",
            "textcoords": "offset points",
            "ha": "right",
            "va": "bottom",
        }
        axes.annotate(words.label("change"), (1, 1), xytext=(34, 2), fontsize=theme.SMALL, color=theme.MUTED, **above)
        rows_axis(axes, [self.name(self.category, value, words) for value in data[self.category]])
        theme.decimal_axis(axes.xaxis, words)
        axes.set_xlabel(words.heading(self.value_label))
        theme.legend(figure, [hollow, filled], list(self._ends(words)))

    def _ends(self, words: Words) -> tuple[str, str]:
        labels = (self.before_label, self.before), (self.after_label, self.after)
        before, after = (words.heading(label if label is not None else column) for label, column in labels)
        return before, after

    def _sentences(self, words: Words) -> list[str]:
        data = self.released.data
        change = (floats(data[self.after]) - floats(data[self.before])).round(self.decimals)
        before, after = self._ends(words)
        counts = {"up": int((change > 0).sum()), "down": int((change < 0).sum()), "same": int((change == 0).sum())}
        what = words.heading(self.value_label)
        sentences = [words.plain(_DUMBBELL, what=what, before=before, after=after, n=len(data), **counts)]
        items = []
        for value, first, last in data[[self.category, self.before, self.after]].itertuples(index=False, name=None):
            name = self.inside(self.category, value, words)
            ends = {"before": self.amount(first, words), "after": self.amount(last, words)}
            absent = pd.isna(first) or pd.isna(last)
            items.append(words.plain(_HIDDEN, name=name) if absent else words.plain(_PAIR, name=name, **ends))
        sentences.append(listed(items, words))
        return sentences


@dataclass(frozen=True)
class DotInterval(FigureSpec):
    """Estimates with intervals, one line for each category (and group), beside a reference line."""

    _: KW_ONLY
    category: str
    value: str
    low: str
    high: str
    by: str | None = None
    reference: float = 0.0
    value_label: Heading | None = None
    decimals: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_rows(self, self.category)

    COLUMNS = ("category", "value", "low", "high", "by")
    PLACES = ("category",)
    NUMBERS = ("value", "low", "high")

    def _height(self, words: Words) -> float:
        return 2.8 + self.row_cm(self.category, 0.5, words) * len(self.released.data)

    def _draw(self, figure: Figure, words: Words) -> None:
        axes: Any = figure.subplots()
        categories = in_order(self.released.data[self.category])
        groups = split(self.released.data, self.by)
        handles = []
        for place, ((_, rows), look) in enumerate(
            zip(groups, theme.looks([group for group, _ in groups]), strict=True)
        ):
            shift = (place - (len(groups) - 1) / 2) * 0.7 / len(groups)
            at = np.array([categories.index(value) for value in rows[self.category]]) + shift
            value, low, high = (floats(rows[column]) for column in (self.value, self.low, self.high))
            axes.hlines(at, low, high, color=look.colour, linewidth=1.3)
            handles.append(
                axes.plot(value, at, linestyle="none", marker=look.marker, markersize=5, color=look.colour)[0]
            )
            for row, height, middle, left, right in zip(rows.index, at, value, low, high, strict=True):
                text = self._printed(middle, left, right, words) if np.isfinite(middle) else self.sign_of_absence(row)
                beside: dict[str, Any] = {
                    "xycoords": ("axes fraction", "data"),
                    "textcoords": "offset points",
                    "va": "center",
                }
                axes.annotate(text, (1, height), xytext=(8, 0), fontsize=theme.SMALL, annotation_clip=False, **beside)
        above: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
        axes.annotate(words.label("estimate_interval"), (1, 1), xytext=(8, 2), fontsize=theme.SMALL, **above)
        axes.axvline(self.reference, color=theme.INK, linewidth=0.9)
        rows_axis(axes, [self.name(self.category, value, words) for value in categories])
        theme.decimal_axis(axes.xaxis, words)
        axes.set_xlabel(self.what(words))
        if self.by:
            theme.legend(figure, handles, [self.name(self.by, group, words) for group, _ in groups])

    def _printed(self, value: float, low: float, high: float, words: Words) -> str:
        return f"{self.amount(value, words)} ({self.amount(low, words)}; {self.amount(high, words)})"

    def what(self, words: Words) -> str:
        """Return what the values are."""
        return words.heading(self.value_label if self.value_label is not None else self.value)

    def _sentences(self, words: Words) -> list[str]:
        data = self.released.data
        reference = words.number(self.reference, 0 if float(self.reference).is_integer() else self.decimals)
        sentences = [words.plain(_FOREST, what=self.what(words), reference=reference)]
        items = []
        for _, row in data.iterrows():
            name = ", ".join(self.inside(column, row[column], words) for column in (self.category, self.by) if column)
            if pd.isna(row[self.value]):
                items.append(words.plain(_HIDDEN, name=name))
                continue
            numbers = {part: self.amount(row[getattr(self, part)], words) for part in ("value", "low", "high")}
            items.append(words.plain(_ESTIMATE, name=name, **numbers))
        sentences.append(listed(items, words))
        low, high = floats(data[self.low]), floats(data[self.high])
        outside = int(((low > self.reference) | (high < self.reference)).sum())
        sentences.append(words.plain(_OUTSIDE, outside=outside, n=int(np.isfinite(low).sum())))
        return sentences


def listed(items: list[str], words: Words) -> str:
    """Return the items as a sentence; of many the first and the last, as all are in the data file."""
    if len(items) <= _MOST_LISTED:
        return f"{capital('; '.join(items))}."
    return words.plain(_FIRST_LAST, first="; ".join(items[:_ENDS]), last="; ".join(items[-_ENDS:]))


def rows_axis(axes: Axes, names: list[str]) -> None:
    """Name the rows from the top, with a faint line to lead the eye."""
    axes.set_yticks(range(len(names)), [wrapped(name) for name in names], linespacing=1.0)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.grid(axis="both")
