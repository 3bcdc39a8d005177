"""The report's appendices: its exhibits, the files it rests on, and the cells that its numbers come from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import groupby
from typing import Any, TypeVar

from evaluation.language import Words
from evaluation.report.markdown import pipe_table
from evaluation.report.shown import Exhibit, Inputs, Source, Use
from evaluation.report.words import say
from evaluation.texts import escape

NO_BREAK = "\u00a0"
T = TypeVar("T")


def appendices(
    exhibits: Sequence[Exhibit],
    uses: Sequence[Use],
    inputs: Inputs,
    language: str,
    checked: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[str]:
    """Yield the appendices' Markdown; `uses` are all places that lead to a cell, `checked` as in `disclosure.json`."""
    letters = iter("ABC")

    def heading(key: str) -> str:
        letter = next(letters)
        title = say("appendix", language, letter=letter, title=say(key, language))
        return f"# {title} {{#appendix-{letter.lower()} .unnumbered .appendix}}\n\n{say(f'{key}_intro', language)}"

    if exhibits:
        yield heading("exhibits")
        yield _exhibits(exhibits, language)
        yield " ".join(_checked(checked or {}, Words(language)))
    if inputs.files:
        yield heading("inputs")
        yield _inputs(inputs, language)
    if uses:
        yield heading("origins")
        ordered = sorted(uses, key=lambda use: (use.source.run.notebook.stem, use.source.origin.cell))
        for stem, of_notebook in groupby(ordered, key=lambda use: use.source.run.notebook.stem):
            yield f"## {escape(stem)} {{#origins-{stem} .unnumbered .unlisted}}"
            yield from _origins(list(of_notebook), inputs, language)


def _exhibits(exhibits: Sequence[Exhibit], language: str) -> str:
    header = [say(key, language) for key in ("number", "caption", "notebook", "data_file")]
    rows = [
        [
            f"[{e.label.replace(' ', NO_BREAK)}](#{e.anchor})",
            escape(e.content["caption"]),
            f"[{escape(e.notebook)}, {say('cell', language, cell=e.source.origin.cell).lower()}](#{e.source.anchor})",
            f"`{e.data_file}`",
        ]
        for e in exhibits
    ]
    return pipe_table(header, ["left"] * 4, rows)


def _checked(checked: Mapping[str, Mapping[str, Any]], words: Words) -> Iterator[str]:
    """Yield what was tried to work out what is withheld, from this report and from it and the earlier one."""
    for name, found in checked.items():
        if found["statements"]:
            told = {key: words.integer(found[key]) for key in ("statements", "protected")}
            told |= {"width": words.number(found["narrowest"]), "earlier": escape(found.get("title", ""))}
            ending = "worked_out" if found["protected"] else "nothing_withheld"
            yield say(f"checked_{name}", words.language, **told) + say(ending, words.language, **told)


def _inputs(inputs: Inputs, language: str) -> str:
    tables = inputs.tables or {}
    columns = ["file", *(["read_into"] if tables else []), "hash"]
    rows = [
        [escape(name), *([escape(", ".join(tables.get(name, ())))] if tables else []), f"`{digest}`"]
        for name, digest in inputs.files
    ]
    return pipe_table([say(column, language) for column in columns], ["left"] * len(columns), rows)


def _origins(uses: Sequence[Use], inputs: Inputs, language: str) -> Iterator[str]:
    """Yield what a notebook's cells have in common, and for each an entry with the rest."""
    cells = [list(of_cell) for _, of_cell in groupby(uses, key=lambda use: use.source.anchor)]
    told = [_facts([use.source for use in of_cell], inputs) for of_cell in cells]
    common = {key: reduce(_both, (facts[key] for facts in told)) if len(told) > 1 else [] for key in told[0]}
    shared = "; ".join(_listed(common, language))
    yield f"{say('common', language)}: {shared}." if shared else ""
    values = _values([use.source for use in uses])
    yield f"{say('values', language)}: {', '.join(values)}." if values else ""
    for of_cell, facts in zip(cells, told, strict=True):
        own = {key: [one for one in facts[key] if one not in common[key]] for key in facts}
        own["findings"] = [f"`{name}`" for name in dict.fromkeys(name for use in of_cell for name in use.findings)]
        own["shown"] = [f"[{_place(use, language)}](#{use.anchor})" for use in of_cell]
        source = of_cell[0].source
        parts = [f"**{say('cell', language, cell=source.origin.cell)}**", *_listed(own, language)]
        yield f"::: {{#{source.anchor} .source}}\n{'; '.join(parts)}.\n:::"


def _facts(sources: Sequence[Source], inputs: Inputs) -> dict[str, list[str]]:
    """Return what the runs of a cell rest on, as Markdown."""
    origin = sources[0].origin
    tables = [inputs.read_by(source) for source in sources]
    read = sorted(frozenset().union(*(one for one in tables if one is not None)))
    return {
        "rests_on": [str(cell) for cell in origin.rests_on if cell != origin.cell],
        "functions": [f"`{name.split('.', 1)[1]}`" for name in origin.functions],
        "parameters": [f"`{name}`" for name in origin.uses],
        "tables": [f"`{name}`" for name in read],
    }


def _values(sources: Sequence[Source]) -> list[str]:
    """Return the parameters that any of the cells uses with their values, those that differ between runs without."""
    told = []
    for name in sorted({name for source in sources for name in source.origin.uses}):
        values = {json.dumps(source.parameters.get(name), ensure_ascii=False, default=str) for source in sources}
        told.append(f"`{name}` = {escape(values.pop())}" if len(values) == 1 else f"`{name}`")
    return told


def _listed(facts: Mapping[str, Sequence[str]], language: str) -> list[str]:
    return [f"{say(key, language)} {', '.join(listed)}" for key, listed in facts.items() if listed]


def _place(use: Use, language: str) -> str:
    varied = ", ".join(escape(value) for value in use.source.run.varied.values())
    if use.label:
        return use.label.replace(" ", NO_BREAK)
    return f"{say('the_text', language)}{f' ({varied})' if varied else ''}"


def _both(one: Sequence[T], other: Sequence[T]) -> list[T]:
    return [value for value in one if value in other]
