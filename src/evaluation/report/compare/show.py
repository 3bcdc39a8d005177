"""A comparison on a terminal (plain text where it is none) and as one HTML page that fetches nothing."""

from __future__ import annotations

import html
import io
from collections.abc import Iterator
from string import Template
from typing import TYPE_CHECKING

from evaluation.language import Words
from evaluation.report.compare.difference import Comparison
from evaluation.report.compare.sections import Section, headline, reports, sections
from evaluation.report.compare.words import tell
from evaluation.report.render import TEMPLATES
from evaluation.report.words import say

if TYPE_CHECKING:
    from rich.table import Table

WIDEST = 10_000  # columns of plain text: a line is never broken, so that other programs can read it


def as_text(found: Comparison, language: str, *, terminal: bool = False, results_only: bool = False) -> str:
    """Return the comparison as text: with colours and broken to the width of a `terminal`, else plain."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=io.StringIO(), force_terminal=terminal, width=None if terminal else WIDEST, highlight=False)
    console.print(Text(headline(found, language, results_only=results_only), style="bold"), soft_wrap=not terminal)
    for line in (*([say("synthetic", language)] if found.synthetic else []), *_tolerance(found, language)):
        console.print(Text(line))
    for section in (reports(found, language), *sections(found, language, results_only=results_only)):
        console.print()
        console.print(Text(section.title.upper(), style="bold"))
        for line in section.note.splitlines():
            console.print(Text(line), style="dim", soft_wrap=not terminal)
        columns = len(section.header)
        free = console.options.update(max_width=WIDEST)
        while columns > 1 and console.measure(_table(section, columns, terminal), options=free).maximum > console.width:
            columns -= 1  # The last say least; the page has them all.
        console.print(_table(section, columns, terminal))
    written = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.splitlines()) + "\n"


def _table(section: Section, columns: int, terminal: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=terminal, padding=(0, 1))
    for place, name in enumerate(section.header[:columns]):
        made.add_column(Text(name), justify="right" if place in section.right else "left", overflow="fold")
    for row in section.rows:
        made.add_row(*map(Text, row[:columns]))
    return made


def as_page(found: Comparison, language: str, *, results_only: bool = False) -> str:
    """Return the comparison as one HTML page in `language`, self-contained and readable without colours."""
    made = sections(found, language, results_only=results_only)
    links = "".join(f'<li><a href="#{one.key}">{html.escape(one.title)}</a></li>' for one in made)
    synthetic = html.escape(say("synthetic", language)) if found.synthetic else ""
    banner = f'<header class="banner">{synthetic}</header>' if synthetic else ""
    return Template((TEMPLATES / "compare.html").read_text(encoding="utf-8")).substitute(
        language=language,
        stylesheet="\n".join((TEMPLATES / f"{name}.css").read_text(encoding="utf-8") for name in ("report", "compare")),
        title=html.escape(tell("title", language)),
        skip=html.escape(say("skip", language)),
        on_this_page=html.escape(tell("on_this_page", language)),
        marked=" marked" if banner else "",
        banner=banner,
        links=links or "<li>–</li>",
        headline=html.escape(headline(found, language, results_only=results_only)),
        tolerance="".join(f"<p>{html.escape(line)}</p>" for line in _tolerance(found, language)),
        sections="\n".join(_section(one) for one in (reports(found, language), *made)),
    )


def _tolerance(found: Comparison, language: str) -> list[str]:
    share = Words(language).number(found.tolerance, 12).rstrip("0").rstrip(",.")
    return [tell("tolerance", language, share=share)] if found.tolerance else []


def _section(section: Section) -> str:
    title, key = html.escape(section.title), section.key
    notes = "".join(f"<p>{html.escape(line)}</p>" for line in section.note.splitlines())
    header = "".join(f'<th scope="col">{html.escape(name)}</th>' if name else "<td></td>" for name in section.header)
    rows = "\n".join(f"<tr>{''.join(_cells(row, section.right))}</tr>" for row in section.rows)
    return (
        f'<section><h2 id="{key}">{title}</h2>{notes}\n'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{title}"><table>\n'
        f"<thead><tr>{header}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div></section>"
    )


def _cells(row: tuple[str, ...], right: tuple[int, ...]) -> Iterator[str]:
    for place, text in enumerate(row):
        kind = ' class="number"' if place in right else ""
        yield f'<th scope="row">{html.escape(text)}</th>' if place == 0 else f"<td{kind}>{html.escape(text)}</td>"
