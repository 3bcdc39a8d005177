"""How numbers, dates, labels and sentences read in bokmål (nb), nynorsk (nn) and English (en).

Numbers follow the language (decimal comma and space in Norwegian), labels come from `labels.csv`, and a sentence is a
text with `{names}` that `Words.say` fills. Text from data is escaped, so that a municipality named `*x*` stays text.
"""

from __future__ import annotations

import csv
import math
import numbers
import re
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from evaluation.errors import InputError, Problem
from evaluation.texts import (
    LANGUAGES,
    MINUS,
    MISSING,
    NO_BREAK,
    Amount,
    Passage,
    Text,
    absent,
    capital,
    escape,
    mark,
    one_line,
    three,
)

__all__ = ["Spoken", "Words", "labels"]


def __dir__() -> list[str]:
    return __all__


_MONTHS = {
    "nb": "januar februar mars april mai juni juli august september oktober november desember",
    "nn": "januar februar mars april mai juni juli august september oktober november desember",
    "en": "January February March April May June July August September October November December",
}
_AND = {"nb": "og", "nn": "og", "en": "and"}
_AND_OVER = {"nb": " og over", "nn": " og over", "en": " and over"}
# Columns whose cells hold several codes, and the column that says what one of them is.
_SEVERAL = {"themes": "theme", "intakes": "intake"}
_LABELS = Path(__file__).with_name("labels.csv")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?)\+")
_SPEC = re.compile(r"(?P<sign>\+)?(?:\.(?P<decimals>\d)f)?")


@runtime_checkable
class Spoken(Protocol):
    """What can be read out part by part, as `{effect.value}`: returns finished phrases and amounts by name."""

    def spoken(self, words: Words) -> Mapping[str, str | Amount]:
        """Return the parts by name, in the language of `words`."""


@lru_cache(maxsize=1)
def labels() -> Mapping[str, Text]:
    """Return every label of `labels.csv` by key, in its form inside a sentence."""
    with _LABELS.open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["key"]: three(row["nb"], row["nn"], row["en"]) for row in csv.DictReader(file)})


@dataclass(frozen=True)
class Words:
    """How things read in one language: "nb", "nn" or "en".

    `own` holds what the data themselves call things, such as `theme.services`; it comes before `labels.csv`.
    """

    language: str
    own: Mapping[str, Text] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            remedy = "Choose nb (bokmål), nn (nynorsk) or en (English); plain 'no' is not one of them."
            raise InputError(Problem("No such report language", remedy, column="language", value=self.language))

    def number(self, x: object, decimals: int = 1, *, signed: bool = False) -> str:
        """Return a number rounded to `decimals`; '..' when there is none. A rounded zero has no sign."""
        if absent(x) or not math.isfinite(float(x)):  # type: ignore[arg-type]
            return MISSING
        digits = f"{abs(float(x)):,.{decimals}f}"  # type: ignore[arg-type]
        zero = not any(character in "123456789" for character in digits)
        if self.language != "en":
            digits = digits.translate({ord(","): NO_BREAK, ord("."): ","})
        negative = float(x) < 0  # type: ignore[arg-type]
        sign = "" if zero else MINUS if negative else "+" if signed else ""
        return sign + digits

    def p_value(self, p: object, *, least: float = 0.001) -> str:
        """Return a p value with three decimals, or that it is below the `least` that is told apart from zero."""
        if p is not None and 0 <= float(p) < least:  # type: ignore[arg-type]
            return f"<{NO_BREAK}{self.number(least, 3)}"
        return self.number(p, 3)

    def integer(self, x: object) -> str:
        """Return a whole number with thousands separated."""
        return self.number(x, 0)

    def signed(self, x: object, decimals: int = 1) -> str:
        """Return a number with its sign, plus included."""
        return self.number(x, decimals, signed=True)

    def percent(self, x: object, decimals: int = 1) -> str:
        """Return a percentage with its sign: '9,6 %' or '9.6%'."""
        return self.number(x, decimals) + ("%" if self.language == "en" else f"{NO_BREAK}%")

    def known(self, key: object) -> bool:
        """Return whether `key` has a label."""
        return isinstance(key, str) and (key in self.own or key in labels())

    def term(self, key: str) -> str:
        """Return the label of `key` as it stands inside a sentence."""
        if not self.known(key):
            near = get_close_matches(str(key), [*self.own, *labels()], n=3)
            hint = f"Did you mean {', '.join(near)}?" if near else "Add it there, or give the text in nb, nn and en."
            raise InputError(Problem("No such label", hint, file="labels.csv", column="key", value=key))
        return (self.own[key] if key in self.own else labels()[key])[self.language]

    def label(self, key: str) -> str:
        """Return the label of `key` with a capital first letter, as in headings, legends and cells."""
        return capital(self.term(key))

    def phrase(self, text: str | Text | Passage) -> str:
        """Return a label key's term, or the text of this language, as it stands inside a sentence."""
        return self.term(text) if isinstance(text, str) else self.text(text)

    def heading(self, text: str | Text | Passage) -> str:
        """Return the same with a capital first letter."""
        return capital(self.phrase(text))

    def value(self, column: str, value: object) -> str:
        """Return how a value of a column reads inside a sentence: its label if it has one, otherwise itself.

        A key `column.value` of `labels.csv` comes before the key `value`, so that intake "1" is not any other "1".
        """
        if column in _SEVERAL and isinstance(value, str):
            return ", ".join(self.value(_SEVERAL[column], part) for part in value.split(", "))
        key = self._key(column, value)
        if key is not None:
            return self.term(key)
        if isinstance(value, Mapping):
            return self.text(value)
        if column == "band" and isinstance(value, str) and _RANGE.fullmatch(value):
            return self._range(value)
        return self.moment(value, short=True) if hasattr(value, "year") else one_line(value)

    def cell(self, column: str, value: object) -> str:
        """Return how a value of a column reads by itself, in a cell or a legend: labels with a capital first letter."""
        shown = self.value(column, value)
        return capital(shown) if column in _SEVERAL or self._key(column, value) is not None else shown

    def _key(self, column: str, value: object) -> str | None:
        return next((str(key) for key in (f"{column}.{value}", value) if self.known(key)), None)

    def _range(self, band: str) -> str:
        """Return a band of per cents with edges of its own, as '0-33.3' or '50+'."""
        edges = band.replace("-", "–").rstrip("+")
        percent = f"{edges}%" if self.language == "en" else f"{edges.replace('.', ',')}{NO_BREAK}%"
        return percent + _AND_OVER[self.language] * band.endswith("+")

    def moment(self, value: Any, *, short: bool = False) -> str:
        """Return a quarter, year or date."""
        if not hasattr(value, "ordinal"):
            return self.date(value)
        if not value.freqstr.startswith("Q"):
            return str(value.year)
        return self.short_quarter(value) if short else self.quarter(value)

    def quarter(self, period: Any) -> str:
        """Return a quarter as '1. kvartal 2012' or 'Q1 2012'."""
        return (
            f"Q{period.quarter} {period.year}" if self.language == "en" else f"{period.quarter}. kvartal {period.year}"
        )

    def short_quarter(self, period: Any) -> str:
        """Return a quarter as '1. kv. 2012' or 'Q1 2012'."""
        return self.quarter(period).replace("kvartal", "kv.")

    def date(self, day: date) -> str:
        """Return a date as '31. desember 2013' or '31 December 2013'."""
        stop = "" if self.language == "en" else "."
        return f"{day.day}{stop} {_MONTHS[self.language].split()[day.month - 1]} {day.year}"

    def text(self, text: Text | Passage) -> str:
        """Return this language's text of a three-language text."""
        if not isinstance(text, Passage) and (not isinstance(text, Mapping) or self.language not in text):
            remedy = "Give the text as {nb: ..., nn: ..., en: ...}."
            raise InputError(Problem(f"A text is missing in {self.language}", remedy, value=text))
        return text[self.language]

    def list(self, items: Iterable[object]) -> str:
        """Return 'a, b og c'."""
        shown = [str(item) for item in items]
        if len(shown) < 2:
            return "".join(shown)
        return f"{', '.join(shown[:-1])} {_AND[self.language]} {shown[-1]}"

    def say(self, text: str | Text | Passage, /, **values: object) -> str:
        """Return Markdown: the text with its `{names}` filled and everything that comes from data escaped.

        Whole numbers get thousands, other numbers one decimal; `{x:.2f}`, `{x:+.1f}`, `{year:d}` (no thousands) and
        `{test:p}` ("p = 0,034", "p < 0,001") ask for another form, `{code:term}` for a label. Quarters, dates, lists
        and three-language texts are spelled out.
        """
        return _Filler(self, values, escape).fill(text)

    def marked(self, text: str | Text | Passage, /, **values: object) -> str:
        """Return the same as `say` with invisible marks round each filled value that shows a digit.

        A mark holds the name of the finding that the value is of, or nothing; `with_values` and `unmarked` read it.
        """
        return _Filler(self, values, escape, mark).fill(text)

    def plain(self, text: str | Text | Passage, /, **values: object) -> str:
        """Return the same as `say` as plain text: for captions, notes, alternative texts and cells."""
        return _Filler(self, values, one_line).fill(text)


@dataclass(frozen=True)
class _Part:
    """What is filled in: a value, or a part `of` a finding by its name, whose texts are finished phrases."""

    value: Any
    of: str | None = None


class _Filler(string.Formatter):
    """Fills the names of a text; only plain names and one named part of a `Spoken` value can be asked for.

    `mark(shown, finding)` gives what is put in the place of a value as it is shown.
    """

    def __init__(
        self,
        words: Words,
        values: Mapping[str, object],
        safe: Callable[[object], str],
        mark: Callable[[str, str], str] = lambda shown, _: shown,
    ):
        self.words, self.values, self.safe, self.mark = words, values, safe, mark

    def fill(self, text: str | Text | Passage) -> str:
        chosen = text if isinstance(text, str) else self.words.text(text)
        try:
            return self.vformat(chosen, (), self.values)
        except ValueError as error:
            raise InputError(Problem(f"A text cannot be filled ({error})", "Mend its braces.", value=chosen)) from error

    def get_field(self, field_name: str, *__: Any) -> tuple[Any, str]:
        name, _, part = field_name.partition(".")
        if name not in self.values:
            known = ", ".join(sorted(self.values)) or "none"
            raise InputError(
                Problem("A text asks for a value that was not given", f"Given: {known}.", value=field_name)
            )
        value = self.values[name]
        if not part:
            return value, name
        parts = value.spoken(self.words) if isinstance(value, Spoken) else {}
        if part not in parts:
            remedy = (
                f"It has {', '.join(sorted(parts))}." if parts else "Only a finding has parts; give the value itself."
            )
            raise InputError(Problem("A text asks for a part that the value does not have", remedy, value=field_name))
        return _Part(parts[part], getattr(value, "name", "")), name

    def format_field(self, value: Any, format_spec: str) -> str:
        if not format_spec and isinstance(value, Passage):
            return self.fill(value)
        if not format_spec and isinstance(value, (list, tuple)):
            return self.words.list(self.format_field(item, "") for item in value)
        if isinstance(value, Spoken):
            value = _Part(value.spoken(self.words)["value"], getattr(value, "name", ""))
        part = value if isinstance(value, _Part) else _Part(value)
        return self.mark(self._shown(part, format_spec), part.of or "")

    def _shown(self, part: _Part, format_spec: str) -> str:
        words, value = self.words, part.value
        if format_spec in ("term", "label"):
            return words.term(value) if format_spec == "term" else words.label(value)
        if isinstance(value, Amount) or (isinstance(value, numbers.Real) and not isinstance(value, bool)):
            return self._number(value, format_spec)
        if absent(value):
            return MISSING
        if isinstance(value, bool):
            return words.term("yes" if value else "no")
        if format_spec == "short" and hasattr(value, "ordinal"):
            return words.moment(value, short=True)
        if format_spec:
            raise InputError(Problem(f"A text asks for the form {format_spec!r} of a text", "Remove it.", value=value))
        if isinstance(value, str) and part.of is not None:
            return value
        if isinstance(value, Mapping):
            return self.safe(words.text(value))
        return words.moment(value) if hasattr(value, "year") else self.safe(value)

    def _number(self, value: Any, spec: str) -> str:
        amount = value if isinstance(value, Amount) else None
        x = amount.number if amount else value
        if spec == "d":
            return f"{int(x)}" if x is not None else MISSING
        if spec == "p":
            sign = "" if x is not None and 0 <= x < 0.001 else f"={NO_BREAK}"
            return self.safe(f"p{NO_BREAK}{sign}{self.words.p_value(x)}")
        form = _SPEC.fullmatch(spec)
        if form is None:
            remedy = "Use {x}, {x:.2f}, {x:+.1f}, {year:d}, {test:p} or {code:term}."
            raise InputError(Problem(f"A text asks for an unknown form {spec!r} of a number", remedy, value=x))
        usual = amount.decimals if amount else 0 if isinstance(x, numbers.Integral) else 1
        decimals = usual if form["decimals"] is None else int(form["decimals"])
        return self.words.number(x, decimals, signed=bool(form["sign"]) or bool(amount and amount.signed))
