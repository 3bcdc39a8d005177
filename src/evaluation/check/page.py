"""A check as one page: self-contained, in the dress of the reports, with tables that screen readers can walk."""

from __future__ import annotations

import html
from pathlib import Path
from string import Template

from evaluation.check.result import Check
from evaluation.check.show import Section, Teller
from evaluation.report.render import TEMPLATES
from evaluation.report.words import invented, say

_PAGE = Path(__file__).with_name("page.html")


def page(check: Check, language: str) -> str:
    """Return the check as an HTML page."""
    teller = Teller(check, language)
    sections = teller.sections()
    verdict, division = teller.heading()
    name = teller.words.text(check.name) if check.name else check.folder
    said = html.escape(invented(language, synthetic=check.synthetic, real_places=check.real_places))
    banner = f'<div class="banner" role="note">{said}</div>' if said else ""
    return Template(_PAGE.read_text(encoding="utf-8")).substitute(
        language=language,
        title=html.escape(f"{teller.say('title')}: {name}"),
        stylesheet="\n".join((TEMPLATES / f"{one}.css").read_text(encoding="utf-8") for one in ("report", "page")),
        marked=" marked" if check.synthetic else "",
        skip=html.escape(say("skip", language)),
        banner=banner,
        kind=html.escape(" · ".join(part for part in (teller.say("title"), division) if part)),
        name=html.escape(name),
        verdict=html.escape(verdict),
        contents=html.escape(say("contents", language)),
        links="".join(f'<li><a href="#{one.key}">{html.escape(one.title)}</a></li>' for one in sections),
        sections="\n".join(_section(one) for one in sections),
    )


def _section(one: Section) -> str:
    head = f'<section aria-labelledby="{one.key}"><h2 id="{one.key}">{html.escape(one.title)}</h2>'
    intro = f"<p>{html.escape(one.intro)}</p>"
    if not one.rows:
        return f"{head}<p>{html.escape(one.nothing)}</p></section>"
    names = "".join(
        f'<th scope="col"{_side(one, place)}>{html.escape(name)}</th>' for place, name in enumerate(one.head)
    )
    rows = "\n".join(
        f"<tr>{''.join(_cell(one, place, cell) for place, cell in enumerate(row))}</tr>" for row in one.rows
    )
    label = html.escape(one.title, quote=True)
    table = f"<table><thead><tr>{names}</tr></thead><tbody>\n{rows}\n</tbody></table>"
    return f'{head}{intro}<div class="scroll" tabindex="0" role="region" aria-label="{label}">{table}</div></section>'


def _cell(one: Section, place: int, cell: str) -> str:
    tag, scope = ("th", ' scope="row"') if place == 0 else ("td", "")
    language = ' lang="en"' if place in one.english else ""
    return f"<{tag}{scope}{_side(one, place)}{language}>{html.escape(cell)}</{tag}>"


def _side(one: Section, place: int) -> str:
    return ' class="number"' if place in one.numbers else ""
