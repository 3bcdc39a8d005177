"""Developments over time: lines by group, and the event study of an estimate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.exhibits import theme
from evaluation.exhibits.figures.base import FigureSpec, Heading, floats, split
from evaluation.language import Words
from evaluation.texts import three

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LINES = three(
    "Linjediagram. {what}, {first} til {last}.",
    "Linjediagram. {what}, {first} til {last}.",
    "Line chart. {what}, {first} to {last}.",
)
_LINE = three(
    "{name}: fra {first} til {last}, lavest {low} ({when_low}), høyest {high} ({when_high}).",
    "{name}: frå {first} til {last}, lågast {low} ({when_low}), høgast {high} ({when_high}).",
    "{name}: from {first} to {last}, lowest {low} ({when_low}), highest {high} ({when_high}).",
)
_EMPTY = three("{name}: ingen verdier vises.", "{name}: ingen verdiar er viste.", "{name}: no values are shown.")
_HIGHEST = three(
    "Høyest til slutt: {top}; lavest: {bottom}.",
    "Høgast til slutt: {top}; lågast: {bottom}.",
    "Highest at the end: {top}; lowest: {bottom}.",
)
_BAND = three("Et bånd vises rundt {names}.", "Eit band er vist rundt {names}.", "A band is shown around {names}.")
_MARKS = three("Loddrette linjer: {marks}.", "Loddrette linjer: {marks}.", "Vertical lines: {marks}.")


@dataclass(frozen=True)
class Lines(FigureSpec):
    """Time series by group: x a quarter, a year or a number; withheld and missing points leave a gap.

    Attributes
    ----------
    low, high
        Columns of an uncertainty band.
    marks
        Vertical lines: value of x -> label key or three-language text.
    zero
        Whether the value axis starts at zero.
    """

    _: KW_ONLY
    x: str
    y: str
    by: str | None = None
    low: str | None = None
    high: str | None = None
    marks: Mapping[Any, Heading] = field(default_factory=dict)
    y_label: Heading | None = None
    zero: bool = False
    height: float = 7.5

    COLUMNS = ("x", "y", "by", "low", "high")
    PLACES = ("x",)
    NUMBERS = ("y", "low", "high")

    def _height(self, _words: Words) -> float:
        return self.height

    def _draw(self, figure: Figure, words: Words) -> None:
        axes: Any = figure.subplots()
        groups = split(self.released.data, self.by)
        ends = []
        for (group, rows), look in zip(groups, theme.looks([group for group, _ in groups]), strict=True):
            rows = rows.sort_values(self.x)
            at, y = positions(rows[self.x]), floats(rows[self.y])
            if self.low and self.high:
                band = floats(rows[self.low]), floats(rows[self.high])
                axes.fill_between(at, *band, color=look.colour, alpha=0.16, linewidth=0)
            dots = max(1, len(at) // 24)
            axes.plot(at, y, color=look.colour, linestyle=look.dash, marker=look.marker, markevery=dots)
            shown = np.flatnonzero(np.isfinite(y))
            if group is not None and len(shown):
                ends.append((at[shown[-1]], y[shown[-1]], self.name(str(self.by), group, words)))
        axes.grid(axis="y")
        if self.zero:
            axes.set_ylim(bottom=0)
        theme.decimal_axis(axes.yaxis, words)
        time_axis(axes, self.released.data[self.x], words)
        theme.end_labels(axes, ends)
        marks = [(position(x), words.heading(text)) for x, text in self.marks.items()]
        theme.heading(axes, self.what(words), theme.reference_lines(axes, marks) if marks else 0)

    def what(self, words: Words) -> str:
        """Return what the values are."""
        return words.heading(self.y_label if self.y_label is not None else self.y)

    def _sentences(self, words: Words) -> list[str]:
        data = self.released.data.sort_values(self.x)
        span = words.value(self.x, data[self.x].iloc[0]), words.value(self.x, data[self.x].iloc[-1])
        sentences = [words.plain(_LINES, what=self.what(words), first=span[0], last=span[1])]
        last: dict[str, float] = {}
        for group, rows in split(data, self.by):
            name = self.what(words) if group is None else self.name(str(self.by), group, words)
            shown = rows[rows[self.y].notna()]
            if shown.empty:
                sentences.append(words.plain(_EMPTY, name=name))
                continue
            y = floats(shown[self.y])
            low, high = int(y.argmin()), int(y.argmax())
            last[name if group is None else self.inside(str(self.by), group, words)] = y[-1]
            when = [words.value(self.x, shown[self.x].iloc[place]) for place in (low, high)]
            values = {
                key: self.amount(x, words)
                for key, x in zip(("first", "last", "low", "high"), y[[0, -1, low, high]], strict=True)
            }
            sentences.append(words.plain(_LINE, name=name, when_low=when[0], when_high=when[1], **values))
        if len(last) > 1:
            sentences.append(
                words.plain(_HIGHEST, top=max(last, key=last.__getitem__), bottom=min(last, key=last.__getitem__))
            )
        if self.low and self.high:
            groups = [(group, rows) for group, rows in split(data, self.by) if rows[self.low].notna().any()]
            around = [self.what(words) if g is None else self.inside(str(self.by), g, words) for g, _ in groups]
            sentences.append(words.plain(_BAND, names=words.list(around)))
        if self.marks:
            marks = [f"{words.phrase(text)} ({words.value(self.x, x)})" for x, text in self.marks.items()]
            sentences.append(words.plain(_MARKS, marks=words.list(marks)))
        return sentences


_EVENT = three(
    "Hendelsesstudie. {what}, etter tid siden oppstart, fra {first} til {last}.",
    "Hendingsstudie. {what}, etter tid sidan oppstart, frå {first} til {last}.",
    "Event study. {what}, by time since the start, from {first} to {last}.",
)
_SIDES = {
    "before": three("Før oppstart", "Før oppstart", "Before the start"),
    "after": three("Etter oppstart", "Etter oppstart", "After the start"),
}
_SIDE = three(
    "{side}: {n} estimater fra {low} til {high}; {excludes} av dem har et intervall som utelukker null.",
    "{side}: {n} estimat frå {low} til {high}; {excludes} av dei har eit intervall som utelukkar null.",
    "{side}: {n} estimates from {low} to {high}; {excludes} of them have an interval that excludes zero.",
)
_FINAL = three(
    "Det siste estimatet er {value} (intervall {low} til {high}).",
    "Det siste estimatet er {value} (intervall {low} til {high}).",
    "The last estimate is {value} (interval {low} to {high}).",
)
_SIMULTANEOUS = three(
    "Det samtidige båndet utelukker null i {n} av {all} perioder etter oppstart.",
    "Det samtidige bandet utelukkar null i {n} av {all} periodar etter oppstart.",
    "The simultaneous band excludes zero in {n} of {all} periods after the start.",
)


@dataclass(frozen=True)
class EventStudy(FigureSpec):
    """Estimates by time since the start: pointwise intervals thick, simultaneous band thin; before the start hollow.

    The default columns are those of `did`'s event study; `band_low` and `band_high` may be None.
    """

    _: KW_ONLY
    event_time: str = "event_time"
    estimate: str = "estimate"
    low: str = "low"
    high: str = "high"
    band_low: str | None = "band_low"
    band_high: str | None = "band_high"
    y_label: Heading = "effect_percentage_points"
    x_label: Heading = "quarters_since_start"
    decimals: int = 2

    PLACES = ("event_time",)
    COLUMNS = ("event_time", "estimate", "low", "high", "band_low", "band_high")
    NUMBERS = COLUMNS

    def _height(self, _words: Words) -> float:
        return 8.0

    def _draw(self, figure: Figure, words: Words) -> None:
        from matplotlib.lines import Line2D
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        axes: Any = figure.subplots()
        rows = self.released.data.sort_values(self.event_time)
        at, y = floats(rows[self.event_time]), floats(rows[self.estimate])
        low, high = floats(rows[self.low]), floats(rows[self.high])
        axes.axhline(0, color=theme.INK, linewidth=0.9)
        axes.vlines(at, low, high, color=theme.LOOKS[0].colour, linewidth=2.6, alpha=0.55)
        thick = Line2D([], [], color=theme.LOOKS[0].colour, linewidth=2.6, alpha=0.55)
        handles, names = [thick], [words.label("pointwise_interval")]
        if self.band_low and self.band_high:
            bottom, top = floats(rows[self.band_low]), floats(rows[self.band_high])
            spread = np.vstack([y - bottom, top - y])
            axes.errorbar(at, y, spread, fmt="none", ecolor=theme.INK, elinewidth=0.7, capsize=2, capthick=0.7)
            handles.append(Line2D([], [], color=theme.INK, linewidth=0.7, marker="|", markersize=5))
            names.append(words.label("simultaneous_band"))
        for before, fill in ((True, "white"), (False, theme.LOOKS[0].colour)):
            side = (at < 0) if before else (at >= 0)
            dots: dict[str, Any] = {
                "linestyle": "none",
                "marker": "o",
                "markersize": 4.6,
                "markeredgecolor": theme.LOOKS[0].colour,
            }
            axes.plot(at[side], y[side], markerfacecolor=fill, zorder=3, **dots)
            handles.append(Line2D([], [], markerfacecolor=fill, **dots))
            names.append(words.text(_SIDES["before" if before else "after"]))
        axes.grid(axis="y")
        theme.decimal_axis(axes.yaxis, words)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: words.number(x, 0)))
        axes.set_xlabel(words.heading(self.x_label))
        rows_above = theme.reference_lines(axes, [(-0.5, words.label("programme_start"))])
        theme.heading(axes, words.heading(self.y_label), rows_above)
        theme.legend(figure, handles, names)

    def _sentences(self, words: Words) -> list[str]:
        rows = self.released.data.sort_values(self.event_time)
        first, last = (words.number(rows[self.event_time].iloc[place], 0) for place in (0, -1))
        sentences = [words.plain(_EVENT, what=words.heading(self.y_label), first=first, last=last)]
        # The reference period has an estimate of zero by construction and no interval.
        shown = rows[rows[self.estimate].notna() & rows[self.low].notna()]
        for side, part in (
            ("before", shown[shown[self.event_time] < 0]),
            ("after", shown[shown[self.event_time] >= 0]),
        ):
            if part.empty:
                continue
            ends = (self.amount(part[self.estimate].agg(how), words) for how in ("min", "max"))
            values = dict(zip(("low", "high"), ends, strict=True))
            excludes = _excluding(part, self.low, self.high)
            sentences.append(
                words.plain(_SIDE, side=words.text(_SIDES[side]), n=len(part), excludes=excludes, **values)
            )
        after = shown[shown[self.event_time] >= 0]
        if not after.empty:
            final = after.iloc[-1]
            parts = {key: self.amount(final[getattr(self, column)], words) for key, column in _FINAL_PARTS}
            sentences.append(words.plain(_FINAL, **parts))
            if self.band_low and self.band_high:
                outside = _excluding(after, self.band_low, self.band_high)
                sentences.append(words.plain(_SIMULTANEOUS, n=outside, all=len(after)))
        return sentences


_FINAL_PARTS = (("value", "estimate"), ("low", "low"), ("high", "high"))


def _excluding(rows: pd.DataFrame, low: str, high: str) -> int:
    return int(((rows[low] > 0) | (rows[high] < 0)).fillna(False).sum())


def position(x: Any) -> float:
    """Return where a value of a time axis stands: quarters and years by their number, dates by their year."""
    if hasattr(x, "ordinal"):
        return float(x.ordinal)
    if hasattr(x, "year"):
        return x.year + (pd.Timestamp(x).day_of_year - 1) / 365.25
    return float(x)


def positions(column: pd.Series) -> np.ndarray:
    """Return where the values of a column stand on the axis."""
    return np.array([position(x) for x in column], dtype=float)


def time_axis(axes: Axes, column: pd.Series, words: Words) -> None:
    """Number the x axis: years at their first quarter, otherwise whole years or numbers."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

    periods = sorted(column.dropna().unique())
    if not hasattr(periods[0], "ordinal"):
        whole = pd.api.types.is_integer_dtype(column)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=whole))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}" if whole else words.number(x, 1)))
        return
    span = pd.period_range(periods[0], periods[-1], freq=periods[0].freq)
    firsts = [period for period in span if getattr(period, "quarter", 1) == 1]
    if len(firsts) < 2:
        axes.set_xticks([p.ordinal for p in span], [words.short_quarter(p).replace(" ", "\n", 1) for p in span])
        return
    firsts = firsts[:: 1 + len(firsts) // 13]
    axes.set_xticks([period.ordinal for period in firsts], [str(period.year) for period in firsts])
    axes.xaxis.set_minor_locator(FixedLocator([period.ordinal for period in span]))
    axes.tick_params(axis="x", which="minor", length=1.8)
