"""Put the executed notebooks together: one Markdown document with numbered exhibits, their data, and the findings.

A chapter shows its markdown cells in the report's language, its prose and its exhibits; code and other outputs stay in
the notebook.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evaluation.errors import ReportError
from evaluation.language import escape
from evaluation.report.markdown import contained, exhibit_block, picture, pipe_table, title_of
from evaluation.report.parameters import Run
from evaluation.report.words import LANGUAGES, say

if TYPE_CHECKING:
    from nbformat import NotebookNode

PROSE = "application/vnd.evaluation.prose+json"
FINDING = "application/vnd.evaluation.finding+json"
EXHIBIT = "application/vnd.evaluation.exhibit+json"
FIELDS = ("chapter", "name", "value", "low", "high", "unit", "n", "decimals", "causal")
NO_BREAK = "\u00a0"
PREFIX = {"figure": "fig", "table": "tbl"}


@dataclass(frozen=True)
class Exhibit:
    """A figure or table with its place in the report: `name` is unique in it, `number` reads "2.1"."""

    name: str
    kind: str
    number: str
    label: str
    notebook: str
    content: Mapping[str, Any]

    @property
    def anchor(self) -> str:
        """What links point to."""
        return f"{PREFIX[self.kind]}-{self.name}"

    @property
    def data_file(self) -> str:
        """Path of the exhibit's data in the report's folder."""
        return f"data/{self.name}.csv"


@dataclass(frozen=True)
class Assembled:
    """The report's text and all that belongs to it; `files` are paths in the report's folder with their bytes."""

    markdown: str
    exhibits: tuple[Exhibit, ...]
    findings: tuple[Mapping[str, Any], ...]
    files: Mapping[str, bytes]
    synthetic: bool


def assemble(
    chapters: Sequence[Sequence[Run]],
    executed: Mapping[str, NotebookNode],
    *,
    language: str,
    inputs: Sequence[tuple[str, str]] = (),
    alone: bool = False,
) -> Assembled:
    """Assemble the report of `chapters`, each one or several runs of a notebook, whose results are in `executed`.

    `inputs` are the files (name, sha256) that the appendix lists. A chapter `alone` is no report: it has neither a
    chapter's heading and numbers nor appendices.

    Raises
    ------
    ReportError
        A chapter without a title, an exhibit twice or incomplete, or a reference to an exhibit that is not there.
    """
    problems: list[str] = []
    parts: list[str] = []
    exhibits: list[Exhibit] = []
    recorded: list[Mapping[str, Any]] = []
    for number, runs in enumerate(chapters, start=1):
        counts = {"figure": 0, "table": 0}
        for place, run in enumerate(runs):
            blocks = list(_blocks(executed[run.name], language))
            shown = _numbered(run, blocks, "" if alone else f"{number}.", counts, language, problems)
            exhibits += shown.values()
            recorded += _findings(run, blocks, problems)
            title = _title(run, blocks, problems)
            if place == 0 and not alone:
                parts.append(f"# {title[0]} {{#chapter-{number} .chapter}}")
            parts += _text(run, blocks, shown, problems, opening=title[1] if place == 0 else "")
    if problems:
        raise ReportError("\n".join(problems))
    parts += [] if alone else _appendices(exhibits, inputs, language)
    files: dict[str, bytes] = {}
    for exhibit in exhibits:
        files[exhibit.data_file] = exhibit.content["csv"].encode()
        if exhibit.kind == "figure":
            files[f"figures/{exhibit.name}.svg"] = exhibit.content["svg"].encode()
            files[f"figures/{exhibit.name}.png"] = base64.b64decode(exhibit.content["png"])
    synthetic = any(exhibit.content.get("synthetic") for exhibit in exhibits)
    return Assembled("\n\n".join(filter(None, parts)) + "\n", tuple(exhibits), tuple(recorded), files, synthetic)


@dataclass(frozen=True)
class _Block:
    """A piece of a chapter in its order: "text", "exhibit" or "finding"."""

    kind: str
    content: Any


def _blocks(notebook: NotebookNode, language: str) -> Iterator[_Block]:
    for cell in notebook.cells:
        spoken = {tag for tag in cell.metadata.get("tags", []) if tag in LANGUAGES}
        if cell.cell_type == "markdown" and (not spoken or language in spoken):
            yield _Block("text", cell.source)
        for output in cell.get("outputs", []) if cell.cell_type == "code" else []:
            data = output.get("data", {})
            if EXHIBIT in data:
                yield _Block("exhibit", data[EXHIBIT])
            elif PROSE in data:
                yield _Block("text", data[PROSE]["text"])
            elif FINDING in data:
                yield _Block("finding", data[FINDING])


def findings(runs: Sequence[Run], executed: Mapping[str, NotebookNode], language: str) -> tuple[Mapping[str, Any], ...]:
    """Return the findings that executed runs recorded, in their order."""
    problems: list[str] = []
    found = [one for run in runs for one in _findings(run, list(_blocks(executed[run.name], language)), problems)]
    if problems:
        raise ReportError("\n".join(problems))
    return tuple(found)


def _title(run: Run, blocks: Sequence[_Block], problems: list[str]) -> tuple[str, str]:
    first = next((block.content for block in blocks if block.kind == "text"), "")
    title = title_of(first)
    if title is None:
        problems.append(
            f"{run.notebook.name}: the first text in the report's language is not a title. Begin it with `# `."
        )
    return title or ("", "")


def _numbered(
    run: Run, blocks: Sequence[_Block], before: str, counts: dict[str, int], language: str, problems: list[str]
) -> dict[str, Exhibit]:
    """Return the run's exhibits by their own id, numbered within the chapter, whose own number stands `before`."""
    found: dict[str, Exhibit] = {}
    for content in (block.content for block in blocks if block.kind == "exhibit"):
        kind, own = content["kind"], content["id"]
        if own in found:
            problems.append(f"{run.name}: the exhibit `{own}` is shown twice. Give each its own name.")
        if kind == "figure" and not (content.get("svg") and content.get("png") and content.get("alt", "").strip()):
            problems.append(f"{run.name}: the figure `{own}` lacks its picture or its alternative text.")
        counts[kind] += 1
        number = f"{before}{counts[kind]}"
        label = f"{say(kind, language).capitalize()} {number}"
        found[own] = Exhibit(f"{run.name}-{own}", kind, number, label, run.notebook.stem, content)
    return found


def _findings(run: Run, blocks: Sequence[_Block], problems: list[str]) -> list[Mapping[str, Any]]:
    found = [block.content for block in blocks if block.kind == "finding"]
    names = [content.get("name") for content in found]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        problems.append(f"{run.name}: the finding `{name}` is recorded twice. Give each its own name.")
    # A notebook file sorts the names; people read them in this order.
    ordered = [{name: content[name] for name in FIELDS if name in content} | content for content in found]
    return [{"notebook": run.notebook.stem, **run.varied, **content} for content in ordered]


def _text(
    run: Run, blocks: Sequence[_Block], shown: Mapping[str, Exhibit], problems: list[str], *, opening: str
) -> Iterator[str]:
    """Yield the run's Markdown after the chapter's title, references resolved."""

    def refer(kind: str, own: str, written: str) -> str:
        exhibit = shown.get(own)
        if exhibit is None or PREFIX[exhibit.kind] != kind:
            known = [f"@{PREFIX[e.kind]}:{name}" for name, e in shown.items()]
            problems.append(
                f"{run.name}: @{kind}:{own} refers to an exhibit that is not in the chapter. "
                f"It has {', '.join(known) or 'none'}."
            )
            return ""
        label = exhibit.label if written[0].isupper() else exhibit.label.lower()
        return f"[{label}](#{exhibit.anchor})"

    yield contained(opening, run.name, refer)
    titled = False
    for block in blocks:
        if block.kind == "exhibit":
            yield _exhibit(shown[block.content["id"]])
        elif block.kind == "text":
            if titled:
                yield contained(block.content, run.name, refer)
            titled = True


def _exhibit(exhibit: Exhibit) -> str:
    content = exhibit.content
    if exhibit.kind == "figure":
        body = picture(content["alt"], f"figures/{exhibit.name}.png", content["svg"])
    else:
        rows = [[escape(cell) for cell in row] for row in content["rows"]]
        body = pipe_table([escape(heading) for heading in content["header"]], content["align"], rows)
    return exhibit_block(
        exhibit.anchor, exhibit.kind, exhibit.label, content["caption"], body, content.get("note") or ""
    )


def _appendices(exhibits: Sequence[Exhibit], inputs: Sequence[tuple[str, str]], language: str) -> Iterator[str]:
    def heading(letter: str, key: str) -> str:
        title = say("appendix", language, letter=letter, title=say(key, language))
        return f"# {title} {{#appendix-{letter.lower()} .unnumbered .appendix}}\n\n{say(f'{key}_intro', language)}"

    letters = iter("AB")
    if exhibits:
        yield heading(next(letters), "exhibits")
        header = [say(key, language) for key in ("number", "caption", "notebook", "data_file")]
        rows = [
            [
                f"[{e.label.replace(' ', NO_BREAK)}](#{e.anchor})",
                escape(e.content["caption"]),
                escape(e.notebook),
                f"`{e.data_file}`",
            ]
            for e in exhibits
        ]
        yield pipe_table(header, ["left"] * 4, rows)
    if inputs:
        yield heading(next(letters), "inputs")
        rows = [[escape(name), f"`{digest}`"] for name, digest in inputs]
        yield pipe_table([say("file", language), say("hash", language)], ["left"] * 2, rows)
