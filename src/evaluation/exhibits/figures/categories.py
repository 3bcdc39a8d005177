"""Comparisons of categories: bars with intervals, and bands that add up to a hundred per cent."""

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

_BARS = three("Stolpediagram. {what}.", "Stolpediagram. {what}.", "Bar chart. {what}.")
_TOP = three(
    "Høyest: {top}; lavest: {bottom}.", "Høgast: {top}; lågast: {bottom}.", "Highest: {top}; lowest: {bottom}."
)
_INTERVALS = three(
    "Strekene viser 95 prosent konfidensintervall.",
    "Strekane viser 95 prosent konfidensintervall.",
    "The lines show 95 per cent confidence intervals.",
)
_STACKED = three(
    "Stablede stolper som hver er 100 prosent, delt i {bands}.",
    "Stabla stolpar som kvar er 100 prosent, delte i {bands}.",
    "Stacked bars of 100 per cent each, divided into {bands}.",
)
_PART = three("{number} i {band}", "{number} i {band}", "{number} in {band}")


@dataclass(frozen=True)
class Bars(FigureSpec):
    """Horizontal bars by category, grouped by `by`, with intervals where `low` and `high` are given.

    The number is printed at the end of each bar; ':' stands for a withheld bar and '..' for a missing one.
    """

    _: KW_ONLY
    category: str
    value: str
    by: str | None = None
    low: str | None = None
    high: str | None = None
    value_label: Heading | None = None

    COLUMNS = ("category", "value", "by", "low", "high")
    PLACES = ("category",)
    NUMBERS = ("value", "low", "high")

    def _height(self, words: Words) -> float:
        data = self.released.data
        groups = 1 if self.by is None else len(in_order(data[self.by]))
        row = self.row_cm(self.category, 0.25 + 0.45 * groups, words)
        return 2.2 + len(in_order(data[self.category])) * row + (0.6 if self.by else 0)

    def _draw(self, figure: Figure, words: Words) -> None:
        axes: Any = figure.subplots()
        categories = in_order(self.released.data[self.category])
        groups = split(self.released.data, self.by)
        thick = 0.8 / len(groups)
        handles, names = [], []
        for place, ((group, rows), look) in enumerate(zip(groups, theme.looks([g for g, _ in groups]), strict=True)):
            at = np.array([categories.index(value) for value in rows[self.category]]) - 0.4 + thick * (place + 0.5)
            y = floats(rows[self.value])
            fill: dict[str, Any] = (
                {"color": look.colour} if not look.hatch else {"facecolor": "white", "edgecolor": look.colour}
            )
            drawn = axes.barh(at, np.nan_to_num(y), height=thick * 0.86, hatch=look.hatch, linewidth=0.8, **fill)
            handles.append(drawn[0])
            names.append("" if group is None else self.name(str(self.by), group, words))
            ends = self._intervals(axes, at, y, rows)
            self._print(axes, at, ends, rows, words)
        axes.axvline(0, color=theme.INK, linewidth=0.8)
        axes.set_yticks(
            range(len(categories)),
            [wrapped(self.name(self.category, value, words)) for value in categories],
            linespacing=1.0,
        )
        axes.set_ylim(len(categories) - 0.5, -0.5)
        axes.grid(axis="x")
        axes.margins(x=0.1)
        theme.decimal_axis(axes.xaxis, words)
        axes.set_xlabel(self.what(words))
        if self.by:
            theme.legend(figure, handles, names)

    def _intervals(self, axes: Axes, at: np.ndarray, y: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
        if not (self.low and self.high):
            return y
        low, high = floats(rows[self.low]), floats(rows[self.high])
        spread = np.vstack([y - low, high - y])
        # A white line under the black one keeps the interval visible on a dark bar.
        axes.errorbar(y, at, xerr=spread, fmt="none", ecolor="white", elinewidth=2.6, capsize=0)
        axes.errorbar(y, at, xerr=spread, fmt="none", ecolor=theme.INK, elinewidth=1.0, capsize=2)
        return np.where(y < 0, np.fmin(y, low), np.fmax(y, high))

    def _print(self, axes: Axes, at: np.ndarray, ends: np.ndarray, rows: pd.DataFrame, words: Words) -> None:
        for height, value, end, row in zip(at, floats(rows[self.value]), ends, rows.index, strict=True):
            absent = not np.isfinite(value)
            text = self.sign_of_absence(row) if absent else self.amount(value, words)
            side = -1 if not absent and value < 0 else 1
            beside: dict[str, Any] = {
                "textcoords": "offset points",
                "va": "center",
                "ha": "left" if side > 0 else "right",
            }
            axes.annotate(text, (0 if absent else end, height), xytext=(4 * side, 0), fontsize=theme.SMALL, **beside)

    def what(self, words: Words) -> str:
        """Return what the values are."""
        return words.heading(self.value_label if self.value_label is not None else self.value)

    def _sentences(self, words: Words) -> list[str]:
        sentences = [words.plain(_BARS, what=self.what(words))]
        for group, rows in split(self.released.data, self.by):
            items = []
            for row, category, value in zip(rows.index, rows[self.category], rows[self.value], strict=True):
                number = self.without(row, words) if pd.isna(value) else self.amount(value, words)
                items.append(f"{self.inside(self.category, category, words)} {number}")
            listed = "; ".join(items)
            name = None if group is None else self.name(str(self.by), group, words)
            sentences.append(f"{capital(listed)}." if name is None else f"{name}: {listed}.")
        shown = self.released.data[self.released.data[self.value].notna()]
        if len(shown) > 1:
            y = floats(shown[self.value])
            ends = {"top": shown.iloc[int(y.argmax())], "bottom": shown.iloc[int(y.argmin())]}
            sentences.append(words.plain(_TOP, **{end: self._title(row, words) for end, row in ends.items()}))
        if self.low and self.high:
            sentences.append(words.text(_INTERVALS))
        return sentences

    def _title(self, row: pd.Series, words: Words) -> str:
        category = self.inside(self.category, row[self.category], words)
        return category if self.by is None else f"{category} ({self.inside(self.by, row[self.by], words)})"


@dataclass(frozen=True)
class StackedBands(FigureSpec):
    """One bar of 100 per cent for each category, divided into ordered bands with their shares printed.

    `share` is in per cent, one row for each category (and `by`, an outer grouping) and band, bands in their order.
    """

    _: KW_ONLY
    category: str
    band: str
    share: str
    by: str | None = None
    decimals: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        for title, rows in self._bars():
            total = floats(rows[self.share])
            if np.isfinite(total).all() and abs(total.sum() - 100) > 0.5:
                remedy = "Give the shares of every band in per cent."
                problem = Problem(
                    "The bands of a bar do not add up to 100 per cent", remedy, column=self.share, value=title
                )
                raise InputError(problem)

    COLUMNS = ("category", "band", "share", "by")
    PLACES = ("category", "band")
    NUMBERS = ("share",)

    def _height(self, words: Words) -> float:
        outer = 0 if self.by is None else len(in_order(self.released.data[self.by]))
        return 2.4 + self.row_cm(self.category, 0.62, words) * len(self._bars()) + 0.75 * outer

    def _bars(self) -> list[tuple[tuple[Any, Any], pd.DataFrame]]:
        return [
            ((group, category), part)
            for group, rows in split(self.released.data, self.by)
            for category, part in split(rows, self.category)
        ]

    def _draw(self, figure: Figure, words: Words) -> None:
        from matplotlib.patches import Patch

        axes: Any = figure.subplots()
        bands = in_order(self.released.data[self.band])
        looks = dict(zip(bands, zip(theme.ramp(len(bands)), theme.band_hatches(len(bands)), strict=True), strict=True))
        at, previous, ticks = 0.0, None, []
        for (group, category), rows in self._bars():
            if self.by is not None and group != previous:
                at += 0.35 if previous is not None else 0.0
                axes.text(0, at, self.name(self.by, group, words), va="center", fontweight="bold")
                previous, at = group, at + 0.85
            self._bar(axes, at, rows, looks, words)
            ticks.append((at, wrapped(self.name(self.category, category, words))))
            at += 1.0
        axes.set_yticks([tick for tick, _ in ticks], [name for _, name in ticks], linespacing=1.0)
        axes.set_ylim(at - 0.4, -0.6)
        axes.set_xlim(0, 100)
        theme.decimal_axis(axes.xaxis, words)
        axes.set_xlabel(words.label("percent"))
        edge: dict[str, Any] = {"edgecolor": theme.INK, "linewidth": 0.5}
        handles = [Patch(facecolor=colour, hatch=hatch, **edge) for colour, hatch in looks.values()]
        theme.legend(figure, handles, [self.name(self.band, band, words) for band in bands])

    def _bar(self, axes: Axes, at: float, rows: pd.DataFrame, looks: dict[Any, Any], words: Words) -> None:
        shares = floats(rows[self.share])
        if not np.isfinite(shares).all():
            signs = dict.fromkeys(self.sign_of_absence(row) for row in rows.index[~np.isfinite(shares)])
            axes.text(0.6, at, " ".join(signs), va="center")
            return
        left = 0.0
        for band, share in zip(rows[self.band], shares, strict=True):
            colour, hatch = looks[band]
            axes.barh(at, share, left=left, height=0.78, color=colour, hatch=hatch, edgecolor=theme.INK, linewidth=0.5)
            if share >= 2.5:
                text = axes.text(left + share / 2, at, self.amount(share, words), ha="center", va="center")
                text.set(color=theme.readable_on(colour), fontsize=theme.SMALL)
                if hatch:
                    text.set_bbox({"facecolor": colour, "edgecolor": "none", "pad": 1.0})
            left += share

    def _sentences(self, words: Words) -> list[str]:
        bands = [self.name(self.band, band, words) for band in in_order(self.released.data[self.band])]
        sentences = [words.plain(_STACKED, bands=words.list(bands))]
        for (group, category), rows in self._bars():
            names = [self.name(str(self.by), group, words)] if self.by is not None else []
            name = self.inside if names else self.name
            names.append(name(self.category, category, words))
            items = [
                self._item(*item, words) for item in zip(rows.index, rows[self.band], rows[self.share], strict=True)
            ]
            if rows[self.share].isna().all():
                items = [self.without(rows.index[0], words)]
            sentences.append(f"{', '.join(names)}: {'; '.join(items)}.")
        return sentences

    def _item(self, row: Any, band: Any, share: Any, words: Words) -> str:
        number = self.without(row, words) if pd.isna(share) else words.percent(share, self.decimals)
        return words.plain(_PART, number=number, band=self.inside(self.band, band, words))
