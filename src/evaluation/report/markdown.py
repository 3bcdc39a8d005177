"""The Markdown that the report is assembled in: chapter text made safe to put side by side, and exhibit blocks.

Chapters are joined into one document, so nothing in one may reach into the next: fences are closed, `:::` is text, and
footnotes get names of their own. Raw HTML and TeX are switched off in the reader (see `render`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from evaluation.texts import escape

TEXT_WIDTH = 16.0  # centimetres between the margins of the page
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_REFERENCE = re.compile(r"(`+)(?:.*?)\1|@(fig|tbl|chapter):([A-Za-z0-9_-]+)", re.IGNORECASE)
_FOOTNOTE = re.compile(r"\[\^([^\]\s]+)\]")


def title_of(text: str) -> tuple[str, str] | None:
    """Return the title of a chapter's first cell (`# Title`) and the text below it; None if it has no title."""
    found = re.match(r"\s*#[ \t]+(\S.*?)[ \t#]*(?:\n|$)", text)
    return (found[1], text[found.end() :].strip()) if found else None


def contained(text: str, name: str, refer: Callable[[str, str, str], str]) -> str:
    """Return chapter text that cannot reach outside itself.

    `name` is the run's, put before footnote names; `refer(kind, id, written)` gives the text for `@fig:id`, `@tbl:id`
    and `@chapter:id`; `written` begins with a capital letter where the label is to do so.
    """
    lines, fence = [], ""
    for line in text.strip().splitlines():
        found = _FENCE.match(line)
        if fence:
            if found and found[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif found:
            fence = found[1]
        else:
            line = re.sub(r"^(\s*):(?=::)", r"\1\\:", line)
            line = _FOOTNOTE.sub(rf"[^{name}-\1]", line)
            line = _REFERENCE.sub(lambda m: refer(m[2].lower(), m[3], _written(m)) if m[2] else m[0], line)
        lines.append(line)
    return "\n".join([*lines, fence] if fence else lines)


def _written(found: re.Match[str]) -> str:
    """Return the kind as written, with a capital letter where the reference begins a sentence."""
    begins = re.search(r"(?:^|[.!?])[\s*_>-]*$", found.string[: found.start()])
    return found[2].capitalize() if begins else found[2]


def pipe_table(header: Sequence[str], align: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a pipe table of finished Markdown cells; `align` holds "left" or "right" for each column."""
    rule = ["--:" if side == "right" else ":--" for side in align]
    lines = [header, rule, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def exhibit_block(anchor: str, kind: str, label: str, caption: str, body: str, note: str, source: str = "") -> str:
    """Return the fenced block of an exhibit: caption, picture or table, note, and Markdown on where it comes from.

    `caption` and `note` are plain text.
    """
    parts = [f"::: {{#{anchor} .exhibit .{kind}}}", f"**{label}** {escape(caption)}", body]
    below = " ".join(filter(None, [escape(note), source]))
    return "\n\n".join([*parts, *filter(None, [below]), ":::"])


def code_block(source: str) -> str:
    """Return the fenced block of Python code."""
    longest = max((len(found) for found in re.findall("`+", source)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"::: {{.code}}\n{fence} python\n{source.rstrip()}\n{fence}\n:::"


def picture(alt: str, file: str, svg: str) -> str:
    """Return a picture with its alternative text, as wide as its SVG was drawn but no wider than the page's text."""
    drawn = re.search(r"<svg\b[^>]*?\swidth=\"([0-9.]+)pt\"", svg)
    width = min(float(drawn[1]) * 2.54 / 72, TEXT_WIDTH) if drawn else TEXT_WIDTH
    return f"![{escape(alt)}]({file}){{width={width:.2f}cm}}"
