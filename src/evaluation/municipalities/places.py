"""Places that stand among municipalities in files without being one: the country, counties, districts, Svalbard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from evaluation.municipalities.history import Entry
from evaluation.municipalities.names import Label, normal

# What YAML takes for text without quotation marks.
_PLAIN = re.compile(r"(?!(?:yes|no|on|off|true|false|null)$)[^\W\d_][\w /.-]*[\w.]", re.IGNORECASE)
_TWICE = "its municipalities would be counted twice"
_COUNTRY = {"hele landet", "heile landet", "landet", "norge", "noreg", "norway", "the whole country", "eak"}
_COUNTRY |= {"i alt", "totalt", "total", "sum", "alle kommuner", "alle kommunar", "all municipalities"}
_NOWHERE = {"uoppgitt", "uoppgitt kommune", "uoppgjeve", "ukjent", "ukjend", "unspecified", "unknown"}
_BEYOND = re.compile(r"svalbard|spitsbergen|longyearbyen|jan mayen|bjørnøya|hopen|sokkel|utland|utenfor norge")
_UNSPECIFIED, _FIRST_BEYOND, _LAST_BEYOND = ("9999", "0099"), "2100", "2599"
# Six digits are a city district (bydel), eight a basic statistical unit (grunnkrets): both begin with the municipality.
_PART = re.compile(r"(?P<code>\d{3,4})(?P<part>\d{2}|\d{4})(?:\s+\D.*)?")


def as_yaml(word: str) -> str:
    """Return a word as a YAML file holds it: in quotation marks where it would be read as something else."""
    return word if _PLAIN.fullmatch(word) else f'"{word}"'


def leave_out(column: str, words: Iterable[str]) -> str:
    """Return the remedy for rows that have a word where none of theirs belongs: the line that leaves them out."""
    listed = ", ".join(map(as_yaml, words))
    return f"Leave these rows out: write `exclude: {{{column}: [{listed}]}}` under the table in sources.yaml"


def other_place(label: Label, entries: Mapping[str, Entry], counties: Mapping[str, str]) -> str | None:
    """Say what a cell is that is no municipality; None if it is not one of the places known here.

    Parameters
    ----------
    counties : code to name.
    """
    name, code = normal(label.name), label.code
    if part := _PART.fullmatch(label.name or code):
        whole = entries.get(part["code"].zfill(4))
        kind = "a city district (bydel)" if len(part["part"]) == 2 else "a basic statistical unit (grunnkrets)"
        return f"{kind} of {whole}, not a municipality" if whole else None
    if name.startswith("bydel "):
        return "a city district (bydel), not a municipality"
    if name in _COUNTRY or (code == "0000" and not name):
        return f"a total of the country, not a municipality: {_TWICE}"
    if code in _UNSPECIFIED or name in _NOWHERE:
        return "an unspecified place, not a municipality"
    if _BEYOND.search(name) or (not name and _FIRST_BEYOND <= code <= _LAST_BEYOND):
        return "a place outside the municipalities (Svalbard, Jan Mayen, the continental shelf)"
    if not label.county and (county := _county(name, code, counties)):
        return f"a total of the county {county}, not a municipality: {_TWICE}"
    return None


def _county(name: str, code: str, counties: Mapping[str, str]) -> str | None:
    """Return the county that is meant by its code of two digits, or by its name alone."""
    if code.startswith("00"):
        return counties.get(code[2:])
    named = _named(name, counties.values()) or _named(name.removesuffix(" fylke"), counties.values())
    return None if code else named


def _named(name: str, counties: Iterable[str]) -> str | None:
    return next((county for county in counties if name and normal(county) == name), None)
