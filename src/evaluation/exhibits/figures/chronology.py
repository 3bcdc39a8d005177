"""When things happened: spans and days on a line of time."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.exhibits import theme
from evaluation.exhibits.figures.base import FigureSpec, in_order, split, wrapped
from evaluation.exhibits.figures.series import position
from evaluation.language import Words
from evaluation.texts import three

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TIMELINE = three(
    "Tidslinje fra {first} til {last}.", "Tidslinje frå {first} til {last}.", "Timeline from {first} to {last}."
)
_MOST_DAYS = 6
_DAYS = three(
    "{n} datoer fra {first} til {last}", "{n} datoar frå {first} til {last}", "{n} dates from {first} to {last}"
)
_SPAN = three("{start} til {end}", "{start} til {end}", "{start} to {end}")


@dataclass(frozen=True)
class Timeline(FigureSpec):
    """Spans (`start` to `end`) as bars and single days (no `end`) as diamonds, one line for each category."""

    _: KW_ONLY
    category: str
    start: str
    end: str
    kind: str | None = None

    COLUMNS = ("category", "start", "end", "kind")
    PLACES = ("category", "start")

    def _height(self, words: Words) -> float:
        rows = len(in_order(self.released.data[self.category]))
        return 1.1 + self.row_cm(self.category, 0.42, words) * rows + (0.6 if self.kind else 0)

    def _draw(self, figure: Figure, words: Words) -> None:
        from matplotlib.patches import Patch

        axes: Any = figure.subplots()
        rows = in_order(self.released.data[self.category])
        groups = split(self.released.data, self.kind)
        handles = []
        for (_, part), look in zip(groups, theme.looks([group for group, _ in groups]), strict=True):
            fill: dict[str, Any] = (
                {"color": look.colour} if not look.hatch else {"facecolor": "white", "edgecolor": look.colour}
            )
            point: dict[str, Any] = {"linestyle": "none", "marker": look.marker, "color": look.colour, "markersize": 6}
            days = part[part[self.end].isna()]
            for _, row in part[part[self.end].notna()].iterrows():
                left, right = position(row[self.start]), position(row[self.end])
                at = rows.index(row[self.category])
                axes.barh(at, right - left, left=left, height=0.5, hatch=look.hatch, linewidth=0.8, **fill)
            at_days = [position(day) for day in days[self.start]]
            dots = axes.plot(at_days, [rows.index(value) for value in days[self.category]], zorder=3, **point)[0]
            handles.append(dots if len(days) == len(part) else Patch(hatch=look.hatch, **fill))
        axes.set_yticks(
            range(len(rows)), [wrapped(self.name(self.category, value, words)) for value in rows], linespacing=1.0
        )
        axes.set_ylim(len(rows) - 0.4, -0.6)
        first, last = self._span()
        years = np.arange(first.year, last.year + 2)
        axes.set_xticks(years, [str(year) for year in years])
        axes.grid(axis="both")
        if self.kind:
            theme.legend(figure, handles, [self.name(self.kind, group, words) for group, _ in groups])

    def _span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        data = self.released.data
        days = pd.to_datetime(pd.concat([data[self.start], data[self.end]]).dropna())
        return days.min(), days.max()

    def _sentences(self, words: Words) -> list[str]:
        first, last = self._span()
        sentences = [words.plain(_TIMELINE, first=words.date(first), last=words.date(last))]
        for category, rows in split(self.released.data, self.category):
            days = rows[rows[self.end].isna()]
            if len(days) > _MOST_DAYS:
                ends = {"first": words.date(days[self.start].min()), "last": words.date(days[self.start].max())}
                listed = [words.plain(_DAYS, n=len(days), **ends)]
                rows = rows[rows[self.end].notna()]
            else:
                listed = []
            items = "; ".join([*(self._item(row, words) for _, row in rows.iterrows()), *listed])
            sentences.append(f"{self.name(self.category, category, words)}: {items}.")
        return sentences

    def _item(self, row: pd.Series, words: Words) -> str:
        start = words.date(row[self.start])
        when = start if pd.isna(row[self.end]) else words.plain(_SPAN, start=start, end=words.date(row[self.end]))
        return when if self.kind is None else f"{self.inside(self.kind, row[self.kind], words)} {when}"
