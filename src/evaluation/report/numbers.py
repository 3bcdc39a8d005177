"""The numbers that a text was filled with, as links to where they come from."""

from __future__ import annotations

import re

from evaluation.texts import unmarked, with_values

# Where a link cannot stand: code, formulas, other links and footnote marks; and headings, which stand in the contents.
_ASIDE = re.compile(r"(`+).+?\1|\$[^$]+\$|!?\[[^\]]*\]\([^)]*\)|\[\^[^\]]*\]|^ {0,3}#.*")
_FENCED = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
_BRACKET = re.compile(r"(?<!\\)[\[\]]")


def link_numbers(text: str, target: str, place: str = "") -> tuple[str, tuple[str, ...]]:
    """Return Markdown with each marked value as a link to `target`, and the names of the findings among them.

    The first link is the `place` that `target` can lead back to, if one is given.
    """
    findings: dict[str, None] = {}
    places = iter([place] if place else [])

    def show(finding: str, value: str) -> str:
        if _BRACKET.search(value):
            return value
        findings.update({finding: None} if finding else {})
        link = f"[{value}](#{target}){{.number}}"
        here = next(places, "")
        return f"[{link}]{{#{here}}}" if here else link

    if _FENCED.search(text):
        return unmarked(text), ()
    lines = [with_values(_ASIDE.sub(lambda found: unmarked(found[0]), line), show) for line in text.split("\n")]
    return "\n".join(lines), tuple(findings)
