"""Figures as people write them by hand: `ca. 8,5 %`, `8.5 prosent`, `mellom 8 og 9`, `12 stillinger (foreløpig)`."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from evaluation.sources.values import SIGNS, as_text

HOW = ("exact", "approximate", "range", "bound", "unread", "blank")
"""How a cell was read, best first."""

_ABOUT = re.compile(
    r"^(?:ca|circa|cirka|omtrent|rundt|om lag|omlag|anslagsvis|nær|nesten|vel|knapt|drøyt|i underkant av|i overkant av"
    r"|about|approx)\b\.? ?|^(?:[~≈±]|\+/-) ?"
)
_BOUND = re.compile(
    r"^(?:under|over|minst|høyst|høgst|maks|maksimalt|inntil|opptil|mer enn|meir enn|mindre enn|færre enn"
    r"|at least|at most|less than|more than)\b|^[<>≤≥]"
)
_NUMBER = r"[-+]?(?:\d{1,3}(?: \d{3})+|\d+)(?:[.,]\d+)?"
_UNIT = (
    r"(?: ?(?:%[- ]?poeng|%|prosentpoeng|prosent|pst\.?|pp|poeng|per cent|stillinger|stillingar|årsverk|personer"
    r"|personar|ansatte|tilsette|stk))?"
)
_ONE = re.compile(rf"^({_NUMBER}){_UNIT}$")
_TWO = re.compile(rf"^(?:mellom |between )?({_NUMBER}){_UNIT} ?(?:-|–|til|og|to|and) ?({_NUMBER}){_UNIT}$")
_THOUSAND = re.compile(r"[-+]?[1-9]\d{0,2}\.\d{3}")


@dataclass(frozen=True)
class Amounts:
    """Cells read as amounts.

    Attributes
    ----------
    figures : Series of float
        The figure; the middle of a range; NaN where `how` is bound, unread or blank.
    how : Series of str
        exact; approximate (a word for "about", a note in brackets, or a star: preliminary); range; bound ("under 9": no
        figure can be read); unread; blank.
    half_width : Series of float
        How far the ends of a range are from its middle, otherwise 0; NaN without a figure.
    """

    figures: pd.Series
    how: pd.Series
    half_width: pd.Series


def amounts(column: pd.Series) -> Amounts:
    """Read a column of figures written by hand, each cell by itself.

    A cell that is not one figure (or one range) is left unread: nothing is taken out of a sentence, and `1.234` may be
    a decimal or a thousand. The standard signs count as blank.
    """
    text = as_text(column)
    read = {cell: _amount(cell) for cell in text.unique()}
    return Amounts(
        figures=text.map({cell: figure for cell, (figure, *_) in read.items()}).astype("float64"),
        how=text.map({cell: how for cell, (_, how, _) in read.items()}).astype("str"),
        half_width=text.map({cell: half for cell, (*_, half) in read.items()}).astype("float64"),
    )


def _amount(cell: str) -> tuple[float, str, float]:
    nothing = float("nan")
    if cell in SIGNS:
        return nothing, "blank", nothing
    text = re.sub(r"[\s\u00a0\u2007\u2009\u202f]+", " ", cell).replace("\u2212", "-").strip().casefold()
    text = re.sub(r"(?<=[\w%)]) ?[.;!]$", "", text)  # a sentence's end
    plain = re.sub(r" ?\([^)]*\)|(?<=[\d%]) ?\*$", "", text).strip()
    about = _ABOUT.sub("", plain).strip()
    if _BOUND.search(about):
        return nothing, "bound", nothing
    if (found := _ONE.match(about)) and not _THOUSAND.fullmatch(found[1]):
        return _figure(found[1]), "exact" if about == text else "approximate", 0.0
    found = _TWO.match(about)
    if found and not any(_THOUSAND.fullmatch(part) for part in found.groups()):
        low, high = (_figure(part) for part in found.groups())
        # From 8.6 to 6.9 is a change, not a range.
        if 0 <= low < high:
            return (low + high) / 2, "range", (high - low) / 2
    return nothing, "unread", nothing


def _figure(text: str) -> float:
    return float(text.replace(" ", "").replace(",", "."))
