"""The page that lists the profiles: a table to search in, which works from a folder without network or server."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from evaluation.language import Words
from evaluation.report.profiles.page import Setting, Task
from evaluation.report.render import TEMPLATES, page_parts
from evaluation.report.words import invented, say


@dataclass(frozen=True)
class Listed:
    """A municipality of the study, as the index lists it."""

    code: str
    name: str
    county: str
    group: str
    population: int | None
    takes_part: bool


def write_index(
    path: Path,
    municipalities: Sequence[Listed],
    failures: Mapping[str, str],
    tasks: Mapping[str, Task],
    setting: Setting,
    synthetic: bool,
    real_places: bool = False,
) -> None:
    """Write the index of the profiles of `municipalities`, and of the `failures` by municipality."""
    language = setting.language
    texts = {key: html.escape(say(key, language)) for key in WORDS}
    header = "".join(
        f'<th scope="col">{texts[key]}</th>'
        for key in ("municipality", "county", "kostra_group", "inhabitants", "programme", "profile")
    )
    said = html.escape(invented(language, synthetic=synthetic, real_places=real_places))
    banner = f'<header class="banner">{said}</header>' if said else ""
    page = Template((TEMPLATES / "profiles.html").read_text(encoding="utf-8")).substitute(
        texts,
        language=language,
        marked=" marked" if synthetic else "",
        banner=banner,
        facts=html.escape(" · ".join(setting.facts)),
        **page_parts("report.css", "page.css", script="profiles.js"),
        header=header,
        rows="\n".join(_row(one, tasks[one.code], Words(language), texts) for one in municipalities),
        failed=_failed(failures, texts),
        total=len(municipalities),
    )
    path.write_text(page, encoding="utf-8")


WORDS = (
    "profiles", "search", "search_hint", "shown_of", "municipality", "county", "kostra_group", "inhabitants",
    "programme", "takes_part", "profile", "not_made", "not_made_intro", "skip",
)  # fmt: skip


def _row(one: Listed, task: Task, words: Words, texts: Mapping[str, str]) -> str:
    name, stem = html.escape(one.name), html.escape(f"{one.code}/{task.stem}", quote=True)
    people = html.escape(words.integer(one.population)) if one.population is not None else ".."
    cells = [
        f'<th scope="row"><a href="{stem}.html">{name}</a> {html.escape(one.code)}</th>',
        f"<td>{html.escape(one.county)}</td>",
        f"<td>{html.escape(one.group)}</td>",
        f'<td class="number">{people}</td>',
        f"<td>{texts['takes_part'] if one.takes_part else ''}</td>",
        f'<td><a href="{stem}.html" aria-label="{name}, HTML">HTML</a> '
        f'<a href="{stem}.pdf" aria-label="{name}, PDF">PDF</a></td>',
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _failed(failures: Mapping[str, str], texts: Mapping[str, str]) -> str:
    if not failures:
        return ""
    items = "".join(f"<li><b>{html.escape(name)}</b>: {html.escape(what)}</li>" for name, what in failures.items())
    return f"<h2>{texts['not_made']}</h2><p>{texts['not_made_intro']}</p><ul>{items}</ul>"
