"""Texts in three languages, and text from data made safe: what `language` fills and spells out.

Text from data is escaped, so that a municipality named `*x*` stays text; a filled value can carry an invisible mark of
the finding it is of.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = [
    "LANGUAGES",
    "MINUS",
    "MISSING",
    "NO_BREAK",
    "WITHHELD",
    "Amount",
    "Passage",
    "Text",
    "absent",
    "capital",
    "escape",
    "mark",
    "names_in",
    "one_line",
    "three",
    "unmarked",
    "with_values",
]


def __dir__() -> list[str]:
    return __all__


LANGUAGES = ("nb", "nn", "en")
Text = Mapping[str, str]
MISSING = ".."
WITHHELD = ":"
MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}
# Private-use characters round a filled value: it begins, its finding's name ends, it ends.
_BEGINS, _NAMED, _ENDS = "\ue000", "\ue001", "\ue002"
_MARKED = re.compile(f"{_BEGINS}([^{_BEGINS}-{_ENDS}]*){_NAMED}([^{_BEGINS}-{_ENDS}]*){_ENDS}")


@dataclass(frozen=True)
class Passage:
    """A piece of prose in three languages, written by the author: not escaped, and its own `{names}` are filled.

    `mentions` holds the names asked for by this piece and by those it was chosen from.
    """

    nb: str
    nn: str
    en: str
    mentions: frozenset[str] = frozenset()

    def __getitem__(self, language: str) -> str:
        return {"nb": self.nb, "nn": self.nn, "en": self.en}[language]


@dataclass(frozen=True)
class Amount:
    """A number that knows how many decimals it is read with; `signed` shows a plus before positive numbers."""

    number: float | None
    decimals: int
    signed: bool = False


def capital(text: str) -> str:
    """Return `text` with its first letter a capital one."""
    return text[:1].upper() + text[1:]


def three(nb: str, nn: str, en: str) -> Text:
    """Return the three-language mapping of a text."""
    return {"nb": nb, "nn": nn, "en": en}


def absent(value: object) -> bool:
    """Return whether there is no value: None, or pandas' mark of a missing one."""
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def one_line(text: object) -> str:
    """Return `text` with line breaks and runs of spaces made one space; no-break spaces stay."""
    return re.sub(r"[ \t\r\n\f\v]+", " ", str(text)).strip(" ")


def escape(text: object) -> str:
    """Return `text` as one line of Markdown that shows exactly these characters: no markup, link, math or reference."""
    line = one_line(text)
    line = re.sub(r"([\\`*_{}\[\]()#|~^$!])", r"\\\1", line)
    line = re.sub(r"(?<=-)-|(?<=\.)\.|(?<=www)\.|:(?=//)", lambda found: "\\" + found.group(), line)
    line = re.sub(r"^(\d+)([.)])|^([-+=:])", lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", line)
    return re.sub("[&<>@]", lambda found: _ENTITIES[found.group()], line)


def with_values(text: str, show: Callable[[str, str], str]) -> str:
    """Return a text of `Words.marked` with each marked value as `show(finding, value)` gives it, the marks gone."""
    return _MARKED.sub(lambda found: show(found[1], found[2]), text)


def unmarked(text: str) -> str:
    """Return a text of `Words.marked` as `Words.say` gives it."""
    return with_values(text, lambda _, value: value)


def mark(value: str, finding: str) -> str:
    """Return a filled value as `with_values` finds it: marked with its finding, if it shows a digit."""
    plain = value.translate(dict.fromkeys(map(ord, (_BEGINS, _NAMED, _ENDS))))  # such as data may hold
    return f"{_BEGINS}{finding}{_NAMED}{plain}{_ENDS}" if any(map(str.isdigit, plain)) else plain


def names_in(text: str) -> set[str]:
    """Return the names a text asks for: `{rate}` and `{effect.value}` give `rate` and `effect`."""
    return {re.split(r"[.\[]", field)[0] for _, field, _, _ in string.Formatter().parse(text) if field is not None}
