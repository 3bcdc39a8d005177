"""Put the executed notebooks together: one Markdown document with numbered exhibits, their data, and the findings.

A chapter shows its markdown cells in the report's language, its prose and its exhibits, each with the code of its cell;
other code and outputs stay in the notebook. The cells tagged `summary` are shown before the first chapter too. Every
exhibit, and every number that the text was filled with, leads to where it comes from.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evaluation.errors import ReportError
from evaluation.report.appendices import appendices
from evaluation.report.markdown import code_block, contained, exhibit_block, picture, pipe_table, title_of
from evaluation.report.numbers import link_numbers
from evaluation.report.parameters import Run
from evaluation.report.shown import PREFIX, Exhibit, Inputs, Source, Use
from evaluation.report.words import LANGUAGES, say
from evaluation.texts import escape, unmarked

if TYPE_CHECKING:
    from nbformat import NotebookNode

PROSE = "application/vnd.evaluation.prose+json"
FINDING = "application/vnd.evaluation.finding+json"
EXHIBIT = "application/vnd.evaluation.exhibit+json"
FIELDS = ("chapter", "name", "value", "low", "high", "unit", "n", "decimals", "causal")
SUMMARY = "summary"
_HEADING = re.compile(r"^ {0,3}#{1,6} .*", re.MULTILINE)


@dataclass(frozen=True)
class Assembled:
    """The report's text and all that belongs to it; `files` are paths in the report's folder with their bytes."""

    markdown: str
    exhibits: tuple[Exhibit, ...]
    findings: tuple[Mapping[str, Any], ...]
    files: Mapping[str, bytes]
    synthetic: bool
    real_places: bool = False
    index: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class _Block:
    """A piece of a chapter in its order: "text", "exhibit" or "finding", and the code cell that made it, if one did."""

    kind: str
    content: Any
    source: Source | None = None
    summary: bool = False


@dataclass
class _Report:
    """What is known of a report while it is put together: where references lead, what was used where, what is wrong."""

    language: str
    alone: bool
    exhibits: dict[str, Exhibit] = field(default_factory=dict)
    chapters: dict[str, str] = field(default_factory=dict)
    uses: list[Use] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def assemble(
    chapters: Sequence[Sequence[Run]],
    executed: Mapping[str, NotebookNode],
    *,
    language: str,
    inputs: Sequence[tuple[str, str]] = (),
    tables: Mapping[str, Sequence[str]] | None = None,
    checked: Mapping[str, Mapping[str, Any]] | None = None,
    alone: bool = False,
) -> Assembled:
    """Assemble the report of `chapters`, each one or several runs of a notebook, whose results are in `executed`.

    `inputs` are the files (name, sha256) that the report rests on, and `tables` says which tables each was read into;
    `checked` is what the check of what is withheld found (`disclosed.check_disclosure`).
    A chapter `alone` is no report: it has neither a chapter's heading and numbers nor links to sources, code and
    appendices.

    Raises
    ------
    ReportError
        A chapter without a title, an exhibit twice or incomplete, or a reference to an exhibit that is not there.
    """
    report = _Report(language, alone)
    blocks = {run.name: list(_blocks(run, executed[run.name], language)) for runs in chapters for run in runs}
    shown: dict[str, dict[str, Exhibit]] = {}
    recorded: list[Mapping[str, Any]] = []
    for number, runs in enumerate(chapters, start=1):
        counts = dict.fromkeys(PREFIX, 0)
        for run in runs:
            report.chapters[run.notebook.stem] = report.chapters[_unnumbered(run.notebook.stem)] = str(number)
            shown[run.name] = _numbered(run, blocks[run.name], "" if alone else f"{number}.", counts, report)
            report.exhibits |= {exhibit.name: exhibit for exhibit in shown[run.name].values()}
            recorded += _findings(run, blocks[run.name], report.problems, traced=True)
    parts = [
        part
        for number, runs in enumerate(chapters, start=1)
        for place, run in enumerate(runs)
        for part in _chapter(run, blocks[run.name], shown[run.name], number, place == 0, report)
    ]
    if not alone:
        every = [(run, blocks[run.name], shown[run.name]) for runs in chapters for run in runs]
        parts = [*_summary(every, report), *parts]
    if report.problems:
        raise ReportError("\n".join(dict.fromkeys(report.problems)))
    exhibits = tuple(report.exhibits.values())
    index: tuple[Mapping[str, Any], ...] = ()
    if not alone:
        rests_on = Inputs(tuple(inputs), tables, _behind_findings(blocks.values()))
        index = tuple(exhibit.entry(rests_on) for exhibit in exhibits)
        parts += appendices(exhibits, report.uses, rests_on, language, checked or {})
    synthetic = any(exhibit.content.get("synthetic") for exhibit in exhibits)
    text = "\n\n".join(filter(None, parts)) + "\n"
    real = any(exhibit.content.get("real_places") for exhibit in exhibits)
    return Assembled(text, exhibits, tuple(recorded), _files(exhibits), synthetic, real, index)


def _files(exhibits: Sequence[Exhibit]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for exhibit in exhibits:
        files[exhibit.data_file] = exhibit.data
        if exhibit.kind == "figure":
            files[f"figures/{exhibit.name}.svg"] = exhibit.content["svg"].encode()
            files[f"figures/{exhibit.name}.png"] = base64.b64decode(exhibit.content["png"])
    return files


def _blocks(run: Run, notebook: NotebookNode, language: str) -> Iterator[_Block]:
    made_by = Source.of(run, notebook)
    kinds = {EXHIBIT: "exhibit", PROSE: "text", FINDING: "finding"}
    for place, cell in enumerate(notebook.cells):
        tags = set(cell.metadata.get("tags", []))
        summary = SUMMARY in tags
        if cell.cell_type == "markdown" and (not tags & set(LANGUAGES) or language in tags):
            yield _Block("text", cell.source, summary=summary)
        for output in cell.get("outputs", []) if cell.cell_type == "code" else []:
            data = output.get("data", {})
            for kind in (kind for kind in kinds if kind in data):
                content = dict(data[kind])
                source = made_by[place].having_read(content.pop("tables", None))
                yield _Block(kinds[kind], content["text"] if kind == PROSE else content, source, summary)


def findings(runs: Sequence[Run], executed: Mapping[str, NotebookNode], language: str) -> tuple[Mapping[str, Any], ...]:
    """Return the findings that executed runs recorded, in their order."""
    problems: list[str] = []
    found = [one for run in runs for one in _findings(run, list(_blocks(run, executed[run.name], language)), problems)]
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
        return "", ""
    return unmarked(title[0]), title[1]


def _unnumbered(stem: str) -> str:
    return re.sub(r"^\d+_", "", stem)


def _numbered(
    run: Run, blocks: Sequence[_Block], before: str, counts: dict[str, int], report: _Report
) -> dict[str, Exhibit]:
    """Return the run's exhibits by their own id, numbered within the chapter, whose own number stands `before`."""
    found: dict[str, Exhibit] = {}
    for block in blocks:
        if block.kind != "exhibit" or block.source is None:
            continue
        content, kind, own = block.content, block.content["kind"], block.content["id"]
        if own in found:
            report.problems.append(f"{run.name}: the exhibit `{own}` is shown twice. Give each its own name.")
        if kind == "figure" and not (content.get("svg") and content.get("png") and content.get("alt", "").strip()):
            report.problems.append(f"{run.name}: the figure `{own}` lacks its picture or its alternative text.")
        counts[kind] += 1
        number = f"{before}{counts[kind]}"
        label = f"{say(kind, report.language).capitalize()} {number}"
        found[own] = Exhibit(f"{run.name}-{own}", kind, number, label, content, block.source)
    return found


def _findings(
    run: Run, blocks: Sequence[_Block], problems: list[str], *, traced: bool = False
) -> list[Mapping[str, Any]]:
    """Return the run's findings; `traced` ones say which cell recorded them and what it rests on."""
    found = [block for block in blocks if block.kind == "finding"]
    names = [block.content.get("name") for block in found]
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        problems.append(f"{run.name}: the finding `{name}` is recorded twice. Give each its own name.")
    told: list[Mapping[str, Any]] = []
    for block in found:
        # A notebook file sorts the names; people read them in this order.
        ordered = {name: block.content[name] for name in FIELDS if name in block.content} | block.content
        origin = {"origin": block.source.origin.record} if traced and block.source else {}
        told.append({"notebook": run.notebook.stem, **run.varied, **ordered, **origin})
    return told


def _behind_findings(runs: Iterable[Sequence[_Block]]) -> frozenset[str] | None:
    """Return the tables that the report's findings rest on, or None where one of them does not tell."""
    read = [block.source.read for blocks in runs for block in blocks if block.kind == "finding" and block.source]
    return None if None in read else frozenset().union(*(tables for tables in read if tables is not None))


def _chapter(
    run: Run, blocks: Sequence[_Block], shown: Mapping[str, Exhibit], number: int, first: bool, report: _Report
) -> Iterator[str]:
    """Yield a run's Markdown, below the chapter's title if it is the `first` run of the chapter."""
    title, opening = _title(run, blocks, report.problems)
    if first and not report.alone:
        yield f"# {title} {{#chapter-{number} .chapter}}"
    refer = _referring(run, shown, report)
    texts, placed = 0, set()
    for block in blocks:
        if block.kind == "exhibit":
            yield from _exhibit(shown[block.content["id"]], report)
        elif block.kind == "text":
            content = block.content if texts else opening if first else ""
            texts += 1
            text = contained(content, run.name, refer)
            if block.source is None or report.alone:
                yield unmarked(text)
                continue
            # Two texts of one cell have one source, which leads back to the first of them.
            source = block.source
            text, found = link_numbers(text, source.anchor, "" if source.place in placed else source.place)
            if f"{{#{source.place}}}" in text:
                placed.add(source.place)
                report.uses.append(Use(source, source.place, "", found))
            yield text


def _summary(every: Sequence[tuple[Run, Sequence[_Block], Mapping[str, Exhibit]]], report: _Report) -> Iterator[str]:
    """Yield the texts of the cells tagged `summary` without their headings, below one of their own."""
    texts = []
    for run, blocks, shown in every:
        refer = _referring(run, shown, report)
        for block in blocks:
            if block.summary and block.kind == "text":
                text = contained(_HEADING.sub("", block.content), f"{SUMMARY}-{run.name}", refer)
                texts.append(link_numbers(text, block.source.anchor)[0] if block.source else text)
    if texts:
        yield f"# {say(SUMMARY, report.language)} {{#{SUMMARY} .unnumbered .{SUMMARY}}}"
        yield from texts


def _referring(run: Run, shown: Mapping[str, Exhibit], report: _Report) -> Callable[[str, str, str], str]:
    """Return what gives the text for a reference to an exhibit of the run, to any by its full name, or to a chapter."""

    def refer(kind: str, own: str, written: str) -> str:
        if kind == "chapter" and own in report.chapters:
            word = say("chapter", report.language)
            word = word.capitalize() if written[0].isupper() else word
            return f"[{word} {report.chapters[own]}](#chapter-{report.chapters[own]})"
        exhibit = shown.get(own) or report.exhibits.get(own)
        if exhibit is not None and PREFIX[exhibit.kind] == kind:
            label = exhibit.label if written[0].isupper() else exhibit.label.lower()
            return f"[{label}](#{exhibit.anchor})"
        known = [f"@{PREFIX[exhibit.kind]}:{name}" for name, exhibit in shown.items()]
        what, known = ("an exhibit that is not in the chapter", known)
        if kind == "chapter":
            what, known = ("a chapter that is not in the report", [f"@chapter:{name}" for name in report.chapters])
        found = ", ".join(known) or "none"
        report.problems.append(f"{run.name}: @{kind}:{own} refers to {what}. It has {found}.")
        return ""

    return refer


def _exhibit(exhibit: Exhibit, report: _Report) -> Iterator[str]:
    content = exhibit.content
    if exhibit.kind == "figure":
        body = picture(content["alt"], f"figures/{exhibit.name}.png", content["svg"])
    else:
        rows = [[escape(cell) for cell in row] for row in content["rows"]]
        body = pipe_table([escape(heading) for heading in content["header"]], content["align"], rows)
    note = content.get("note") or ""
    source = "" if report.alone else exhibit.leads_to(report.language)
    yield exhibit_block(exhibit.anchor, exhibit.kind, exhibit.label, content["caption"], body, note, source)
    if not report.alone:
        report.uses.append(Use(exhibit.source, exhibit.anchor, exhibit.label))
        yield code_block(exhibit.source.origin.source)
