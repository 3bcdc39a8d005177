"""What the readers of `sources.yaml` share: its name, and problems with its keys."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from evaluation.errors import Problem
from evaluation.texts import LANGUAGES, Text

LAYOUT = "sources.yaml"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a remedy that names the nearest known word, and all of them."""
    known = list(known)
    by_folded = {one.casefold(): one for one in known}
    near = difflib.get_close_matches(str(word).casefold(), list(by_folded), n=1, cutoff=0.5)
    return (f"Did you mean {by_folded[near[0]]}? " if near else "") + f"Known: {', '.join(known)}"


def place(inside: str) -> str:
    """Return where in the file a problem is, as the end of a sentence."""
    return f" under {inside}" if inside else ""


def unknown_keys(content: Mapping[Any, Any], known: tuple[str, ...], inside: str) -> list[Problem]:
    """Return a problem for each key that is not known."""
    return [
        Problem(f"unknown key `{key}`{place(inside)}", nearest(str(key), known), LAYOUT)
        for key in content
        if key not in known
    ]


def mapping_problem(content: Any, inside: str) -> list[Problem]:
    """Return a problem if the content is no mapping."""
    if isinstance(content, dict):
        return []
    return [Problem(f"`{inside}` is not a mapping", "Write `key: value` pairs", LAYOUT, value=content)]


def in_three(given: Any, key: str) -> tuple[Text, list[Problem]]:
    """Return a text given once or in nb, nn and en as a text in three languages, and what is wrong with it."""
    text = dict.fromkeys(LANGUAGES, given) if isinstance(given, str) else given
    if isinstance(text, dict) and set(text) == set(LANGUAGES):
        return text, []
    return {}, [Problem(f"`{key}` is not one text, or one each for nb, nn and en", "Give all three", LAYOUT)]
