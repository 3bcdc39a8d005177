"""Answers on an ordered scale as bars centred on the neutral answer: how many agree, how many do not."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.exhibits import theme
from evaluation.exhibits.figures.base import PAGE_CM, FigureSpec, floats, in_order, split, wrapped
from evaluation.language import Words
from evaluation.texts import capital, three

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DIVERGING = three(
    "Stablede stolper sentrert om det nøytrale svaret, prosent av svarene fra {first} (til venstre) til {last} (til "
    "høyre).",
    "Stabla stolpar sentrerte om det nøytrale svaret, prosent av svara frå {first} (til venstre) til {last} (til "
    "høgre).",
    "Stacked bars centred on the neutral answer, per cent of the answers from {first} (left) to {last} (right).",
)
_BAR = three(
    "{bar}: {higher} til høyre for midten, {neutral} nøytrale, {lower} til venstre",
    "{bar}: {higher} til høgre for midten, {neutral} nøytrale, {lower} til venstre",
    "{bar}: {higher} right of the centre, {neutral} neutral, {lower} left of it",
)
_EVEN = three(
    "{bar}: {higher} til høyre for midten, {lower} til venstre",
    "{bar}: {higher} til høgre for midten, {lower} til venstre",
    "{bar}: {higher} right of the centre, {lower} left of it",
)
_NEUTRAL = "#f4f4f4"
_LEFT, _RIGHT = ("#f0cdb4", "#8c3a12"), ("#bcdbe8", "#0b3c5d")
_PRINTED = 5.0


@dataclass(frozen=True)
class DivergingBars(FigureSpec):
    """One bar of 100 per cent a category, its lower answers left of the centre and its higher answers right of it.

    `share` is in per cent, one row for each category (and `by`, an outer grouping) and answer. The answers are ordered
    by value (categories: in their order); of an odd number the middle one is neutral and straddles the centre. Answers
    left of the centre are hatched and grow darker outwards on both sides, so that the figure reads in grey; shares of
    5 per cent or more are printed.
    """

    _: KW_ONLY
    category: str
    answer: str
    share: str
    by: str | None = None
    decimals: int = 0

    COLUMNS = ("category", "answer", "share", "by")
    PLACES = ("category", "answer")
    NUMBERS = ("share",)

    def __post_init__(self) -> None:
        super().__post_init__()
        problems = []
        for title, rows in self._bars():
            total = floats(rows[self.share])
            if rows[self.answer].duplicated().any():
                remedy = "Give one row a bar and answer; name an outer grouping in `by`."
                problems.append(Problem("An answer occurs twice in a bar", remedy, column=self.answer, value=title))
            elif np.isfinite(total).all() and abs(total.sum() - 100) > 0.5:
                remedy = "Give the shares of every answer in per cent."
                what = "The answers of a bar do not add up to 100 per cent"
                problems.append(Problem(what, remedy, column=self.share, value=title))
        if problems:
            raise InputError(problems)

    def _scale(self) -> list[Any]:
        """Return the answers from the lowest to the highest."""
        column = self.released.data[self.answer]
        ordered = isinstance(column.dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(column)
        return in_order(column) if ordered else sorted(in_order(column))

    def _bars(self) -> list[tuple[tuple[Any, Any], pd.DataFrame]]:
        return [
            ((group, category), part)
            for group, rows in split(self.released.data, self.by)
            for category, part in split(rows, self.category)
        ]

    def _shares(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the shares of a bar along the scale; an answer without a row has none."""
        found = dict(zip(rows[self.answer], floats(rows[self.share]), strict=True))
        return np.array([found.get(answer, 0.0) for answer in self._scale()])

    def _sides(self, shares: np.ndarray) -> tuple[float, float, float]:
        """Return the shares below the middle of the scale, in it, and above it."""
        half = len(shares) // 2
        return float(shares[:half].sum()), float(shares[half : len(shares) - half].sum()), float(shares[-half:].sum())

    def _height(self, words: Words) -> float:
        outer = 0 if self.by is None else len(in_order(self.released.data[self.by]))
        bars = len(self._bars())
        row = min(self.row_cm(self.category, 0.62, words), max(0.42, (PAGE_CM - 0.75 * outer) / bars))
        return 2.0 + row * bars + 0.75 * outer

    def _draw(self, figure: Figure, words: Words) -> None:
        from matplotlib.patches import Patch

        axes: Any = figure.subplots()
        looks = _looks(len(self._scale()))
        at, previous, ticks, headings, reach = 0.0, None, [], [], 10.0
        for (group, category), rows in self._bars():
            if self.by is not None and group != previous:
                at += 0.35 if previous is not None else 0.0
                headings.append((at, self.name(self.by, group, words)))
                previous, at = group, at + 0.95
            reach = max(reach, self._bar(axes, at, rows, looks, words))
            ticks.append((at, wrapped(self.name(self.category, category, words))))
            at += 1.0
        axes.axvline(0, color=theme.INK, linewidth=0.8, zorder=3)
        for height, text in headings:
            # On white, so that the centre line does not run through the words.
            above: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
            axes.text(-reach - 1, height, text, va="center", fontweight="bold", zorder=5, bbox=above)
        axes.set_yticks([tick for tick, _ in ticks], [name for _, name in ticks], linespacing=1.0)
        axes.set_ylim(at - 0.4, -0.6)
        axes.set_xlim(-reach - 1, reach + 1)
        # Distances from the middle of the neutral answer mean nothing by themselves: the shares are printed instead.
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        edge: dict[str, Any] = {"edgecolor": theme.INK, "linewidth": 0.5}
        handles = [Patch(facecolor=colour, hatch=hatch, **edge) for colour, hatch in looks]
        theme.legend(figure, handles, [self.name(self.answer, answer, words) for answer in self._scale()])

    def _bar(self, axes: Any, at: float, rows: pd.DataFrame, looks: list[tuple[Any, str]], words: Words) -> float:
        """Draw one bar and return how far it reaches from the centre."""
        shares = self._shares(rows)
        if not np.isfinite(shares).all():
            absent = rows.index[rows[self.share].isna()]
            signs = dict.fromkeys(self.sign_of_absence(row) for row in absent)
            axes.text(
                0, at, " ".join(signs), va="center", ha="center", bbox={"facecolor": "white", "edgecolor": "none"}
            )
            return 0.0
        lower, neutral, _ = self._sides(shares)
        start = left = -lower - neutral / 2
        for share, (colour, hatch) in zip(shares, looks, strict=True):
            axes.barh(at, share, left=left, height=0.8, color=colour, hatch=hatch, edgecolor=theme.INK, linewidth=0.5)
            if share >= _PRINTED:
                text = axes.text(left + share / 2, at, self.amount(share, words), ha="center", va="center", zorder=4)
                text.set(color=theme.readable_on(colour), fontsize=theme.SMALL)
                text.set_bbox({"facecolor": colour, "edgecolor": "none", "pad": 0.8})
            left += share
        return max(abs(start), abs(left))

    def _sentences(self, words: Words) -> list[str]:
        scale = self._scale()
        ends = {"first": self.inside(self.answer, scale[0], words), "last": self.inside(self.answer, scale[-1], words)}
        sentences = [words.plain(_DIVERGING, **ends)]
        for group, rows in split(self.released.data, self.by):
            title = "" if self.by is None else f"{self.name(self.by, group, words)}: "
            items = [self._item(category, part, words) for category, part in split(rows, self.category)]
            listed = "; ".join(items)
            sentences.append(f"{title or ''}{listed if title else capital(listed)}.")
        return sentences

    def _item(self, category: Any, rows: pd.DataFrame, words: Words) -> str:
        name = self.inside(self.category, category, words)
        shares = self._shares(rows)
        if not np.isfinite(shares).all():
            return f"{name}: {self.without(rows.index[rows[self.share].isna()][0], words)}"
        sides = zip(("lower", "neutral", "higher"), self._sides(shares), strict=True)
        spoken = {side: words.percent(share, self.decimals) for side, share in sides}
        if len(shares) % 2 == 0:
            spoken.pop("neutral")
        return words.plain(_BAR if len(shares) % 2 else _EVEN, bar=name, **spoken)


def _looks(steps: int) -> list[tuple[Any, str]]:
    """Return colour and hatch of each answer, darker outwards, hatched below the middle."""
    half = steps // 2
    left = [(colour, "////") for colour in _between(*_LEFT, half)][::-1]
    middle = [(_NEUTRAL, "")] * (steps % 2)
    return [*left, *middle, *((colour, "") for colour in _between(*_RIGHT, half))]


def _between(light: str, dark: str, steps: int) -> list[Any]:
    from matplotlib.colors import to_hex, to_rgb

    ends = np.array([to_rgb(light), to_rgb(dark)])
    at = np.linspace(0, 1, steps)[:, None] if steps > 1 else np.array([[0.0]])
    return [to_hex(colour) for colour in ends[0] + at * (ends[1] - ends[0])]
