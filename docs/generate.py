"""The pages of the documentation that follow from the code and its data: written to docs/reference at every build.

Nothing on them is typed in: tables and columns are those the readers declare, parameters those the notebooks declare,
messages are what a wrong value is answered with, measurements are those kept by `python -m benchmarks`.
"""

from __future__ import annotations

import ast
import csv
import importlib
import inspect
import io
import json
import tempfile
import tokenize
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from evaluation.errors import EvaluationError
from evaluation.language import Words
from evaluation.report import parameters
from evaluation.report.copies import chapters
from evaluation.report.declared import read_declared, read_notebook
from evaluation.tables import TABLES, Column, Table, describe

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
RESULTS = ROOT / "benchmarks" / "results"
GLOSSARY = ROOT / "docs" / "glossary.csv"
BIBLIOGRAPHY = NOTEBOOKS / "references.bib"

PACKAGES = {
    "The world": ("municipalities", "programme"),
    "Data": ("tables", "study"),
    "Analysis": (
        *("did", "survey", "sick_leave", "participation", "positions", "recruitment", "reputation", "goals"),
        *("cooperation", "deep_dive", "conclusions"),
    ),
    "Release and show": ("disclosure", "exhibits"),
}
DATED = {
    "": "",
    "year_end": "A row is known from 31 December of its year.",
    "report": "A row is known from the day the year's report was received, or from 1 February of the year after.",
    "date": "A row is known from its date.",
}
LISTED = ("Parameters", "Attributes", "Returns", "Raises")
"""Sections of docstrings that explain names, one after the other."""
TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false", list: "list", dict: "mapping"}
WRONG = {str: "true", int: "9 999", float: "0,05", bool: "yes", list: "one", dict: "5"}
"""What is written for a parameter of each type, to show what it is answered with."""
WRONG_NAMED = {
    "as_of": "31.12.2013",
    "language": "no",
    "report": "my report",
    "title": "My report",
    "subtitle": "My report",
    "chapters": "[02_sickleave]",
    "repeat": "{08_deep_dive: cases}",
    "compare_with": "midterm",
    "memory_limit": "plenty",
    "threads": "0",
    "timeout": "0",
}


def write(folder: Path) -> None:
    """Write every page whose text has changed, so that a second build renders only those."""
    folder.mkdir(exist_ok=True)
    for page in folder.glob("*.md"):
        if page.stem not in PAGES:
            page.unlink()
    for name, made in PAGES.items():
        page, text = folder / f"{name}.md", made()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    cells = ([str(cell).replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def code(text: object) -> str:
    """Words as code, if there are any."""
    return f"`{text}`" if str(text) else ""


# --- data dictionary ---


def data_dictionary() -> str:
    """Every table that a study may hold, column by column."""
    parts = [
        "# Data dictionary\n",
        "The tables that `sources.yaml` may name ([your own data](../own-data.md)), as the readers declare them. What "
        "is required must be in the file and in every row; a row left out for a missing figure is counted with its "
        "reason.\n",
        table(
            ("Table", "Holds", "Needed"),
            [(f"[`{one.name}`](#{one.name})", one.meaning, "yes" if one.needed else "no") for one in TABLES.values()],
        ),
        *(_one_table(one) for one in TABLES.values()),
        "## An outcome of your own\n",
        "An entry under `outcomes` declares one more table: `municipality`, `year`, a numerator and a denominator, "
        "neither negative. See [add an outcome](../add-an-outcome.md).\n",
    ]
    return "\n".join(parts)


def _one_table(one: Table) -> str:
    columns = [
        (
            code(row.column),
            row.kind,
            row.unit,
            row.meaning,
            row.allowed if row.kind == "number" else ", ".join(code(word) for word in row.allowed.split(", ")),
            _required(one.column(row.column)),
        )
        for row in describe(one.name).itertuples()
    ]
    key = f"No two rows share {', '.join(code(name) for name in one.key)}." if one.key else ""
    return "\n".join(
        [
            f"## {one.name}\n",
            f"{one.meaning}. {key} {DATED[one.dated]}".rstrip() + "\n",
            table(("Column", "Type", "Unit", "Meaning", "Allowed", "Required"), columns),
            *(f"- Refused: {rule.what}." for rule in one.rules),
            "",
        ]
    )


def _required(column: Column) -> str:
    if column.optional:
        return "the column may be absent"
    if column.nullable:
        return "a cell may be blank"
    return "yes; a row without it is left out" if column.kind == "number" else "yes"


# --- parameters ---


def parameter_reference() -> str:
    """What a parameter file may say: the report's own keys, and what its chapters declare."""
    notebooks = chapters(NOTEBOOKS)
    declared = {path.stem: read_declared(path).parameters for path in notebooks}
    meanings = [_meanings(path) for path in notebooks]
    filled = {parameters.FINDINGS, parameters.EARLIER}
    names = dict.fromkeys(name for values in declared.values() for name in values if name not in filled)
    return "\n".join(
        [
            "# Parameters\n",
            "A report is a parameter file of `params/`. It holds keys of the report itself, and values for names that "
            "its chapters declare in their `parameters` cell, of the type declared there. Nothing else is accepted: "
            "every mistake of a file is listed in one message.\n",
            "## Keys of the report\n",
            table(("Key", "What it says"), [(code(key), said) for key, said in parameters.KEYS.items()]),
            "## Parameters of the chapters\n",
            "A parameter that is not in the file has the chapter's own value. Chapters that declare the same name all "
            "get the value of the file.\n",
            table(
                ("Parameter", "Type", "Value of the chapters", "What it says there"),
                [(code(name), *_declared(name, declared), _said_of(name, meanings)) for name in names],
            ),
            "## What a wrong value is answered with\n",
            table(
                ("Written", "Answer"),
                [_answer(name, declared) for name in (*parameters.REPORT_KEYS, *names)],
            ),
        ]
    )


def _meanings(path: Path) -> dict[str, str]:
    """What comments of a chapter's `parameters` cell say of each: behind it, or above the first of several."""
    (cell,) = [one for one in read_notebook(path).cells if "parameters" in one.metadata.get("tags", [])]
    tokens = list(tokenize.generate_tokens(io.StringIO(cell.source).readline))
    comments = {one.start[0]: one for one in tokens if one.type == tokenize.COMMENT}
    found, above = {}, ""
    for statement in ast.parse(cell.source).body:
        assert isinstance(statement, ast.Assign)
        before = comments.get(statement.lineno - 1)
        above = before.string if before and before.line.startswith("#") else above
        behind = comments.get(statement.end_lineno or 0)
        found[ast.unparse(statement.targets[0])] = (behind.string if behind else above).lstrip("# ")
    return found


def _said_of(name: str, meanings: Sequence[dict[str, str]]) -> str:
    """What the chapters say of a parameter; each way of saying it once."""
    said = dict.fromkeys(one[name] for one in meanings if name in one)
    return "; ".join(code(one) if one.startswith('"') else one for one in said)


def _declared(name: str, declared: dict[str, dict[str, Any]]) -> tuple[str, str]:
    """The type of a parameter, and its values with the chapters that have them."""
    by_value: dict[str, list[str]] = {}
    for stem, values in declared.items():
        if name in values:
            by_value.setdefault(json.dumps(values[name], ensure_ascii=False), []).append(stem.split("_")[0])
    like = next(values[name] for values in declared.values() if name in values)
    several = len(by_value) > 1
    shown = [f"`{value}`" + (f" ({', '.join(stems)})" if several else "") for value, stems in by_value.items()]
    return TYPES[type(like)], ", ".join(shown)


def _answer(name: str, declared: dict[str, dict[str, Any]]) -> tuple[str, str]:
    """A wrong value, and the problem that the reader of parameter files finds in it."""
    stem = next((stem for stem, values in declared.items() if name in values), "01_programme")
    stem = "08_deep_dive" if name == "repeat" else stem
    wrong = WRONG_NAMED.get(name) or WRONG[type(declared[stem][name])]
    lines = {"report": "mine", "title": "{en: My report}", "chapters": f"[{stem}]", "language": "en"}
    text = "".join(f"{key}: {value}\n" for key, value in (lines | {name: wrong}).items())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mine.yaml"
        file.write_text(text, encoding="utf-8")
        try:
            parameters.read_plan(file, NOTEBOOKS)
        except EvaluationError as error:
            said = str(error).replace(f"{folder}/", "").replace(f"{folder}\\", "").splitlines()[0]
            return code(f"{name}: {wrong}"), said
    raise AssertionError(f"`{name}: {wrong}` is accepted")


# --- words, sources, measurements ---


def glossary() -> str:
    """The terms in bokmål, nynorsk and English; those that reports use are read from their labels."""
    with GLOSSARY.open(encoding="utf-8", newline="") as lines:
        terms = list(csv.DictReader(lines))
    for term in terms:
        if term["label"]:
            term |= {code: Words(code).term(term["label"]) for code in ("nb", "nn", "en")}
    rows = [(term["en"], term["nb"], term["nn"], term["definition"]) for term in terms]
    return "\n".join(
        [
            "# Glossary\n",
            "The terms of the reports in English, bokmål (nb) and nynorsk (nn). Code is in English; Norwegian is what "
            "files and readers have.\n",
            table(("English", "nb", "nn", "Meaning"), sorted(rows, key=lambda row: row[0].casefold())),
        ]
    )


def references() -> str:
    """The sources that chapters and method pages cite, by key."""
    import pypandoc

    entries = json.loads(pypandoc.convert_file(str(BIBLIOGRAPHY), "csljson", format="bibtex"))
    rows = [(code(one["id"]), _cited(one)) for one in sorted(entries, key=lambda one: one["id"])]
    return "\n".join(
        [
            "# References\n",
            "The file `notebooks/references.bib`, from which chapters cite by key.\n",
            table(("Key", "Source"), rows),
        ]
    )


def _cited(one: dict[str, Any]) -> str:
    authors = "; ".join(f"{name['family']}, {name.get('given', '')}".strip(", ") for name in one["author"])
    year = one["issued"]["date-parts"][0][0]
    title = one["title"].replace('<span class="nocase">', "").replace("</span>", "")
    issue = f"({one['issue']})" if "issue" in one else ""
    pages = f", {one['page']}" if "page" in one else ""
    doi = f" doi:{one['DOI']}" if "DOI" in one else ""
    return f"{authors} ({year}). {title}. *{one['container-title']}* {one['volume']}{issue}{pages}.{doi}"


def measured() -> str:
    """The last result of every benchmark and proof, as it is kept beside the code."""
    parts = [
        "# Measured claims\n",
        "What is said of the suite's numbers and of its cost is measured by a program of its own under `benchmarks/`. "
        "These are the results kept in `benchmarks/results/`, each with the command that makes it again.\n",
    ]
    for path in sorted(RESULTS.glob("*.json")):
        facts = json.loads(path.read_text(encoding="utf-8"))
        with path.with_suffix(".csv").open(encoding="utf-8", newline="") as lines:
            headings, *rows = csv.reader(lines)
        parts += [f"## {path.stem}\n", f"{facts['claim']}\n", f"`{facts['command']}`\n", table(headings, rows)]
    return "\n".join(parts)


# --- the library ---


def library() -> str:
    """The public names of every package, with what `help()` tells of them."""
    parts = ["# The library\n", "The packages that notebooks call, name by name, with what `help()` tells of each.\n"]
    for group, packages in PACKAGES.items():
        parts.append(f"## {group}\n")
        for package in packages:
            parts.append(_package(importlib.import_module(f"evaluation.{package}"), package))
    return "\n".join(parts)


def _package(module: ModuleType, package: str) -> str:
    public = {name: getattr(module, name) for name in _public(module)}
    named = {name: one for name, one in public.items() if inspect.isclass(one) or inspect.isfunction(one)}
    values = [code(name) for name in public if name not in named]
    parts = [f"### evaluation.{package}\n", f"{inspect.getdoc(module)}\n"]
    parts += [f"Also: {', '.join(values)}.\n"] if values else []
    for name, one in sorted(named.items(), key=lambda pair: (inspect.isclass(pair[1]), pair[0].casefold())):
        parts.append(f"#### {package}.{name}\n")
        if inspect.isfunction(one):
            parts.append(f"{code(name + _call(one))}\n")
        parts.append(_said(one))
        methods = vars(one).items() if inspect.isclass(one) else ()
        public_ones = [(each, body) for each, body in methods if inspect.isfunction(body) and not each.startswith("_")]
        parts += [f"{code(f'.{each}{_call(body)}')}: {_said(body)}" for each, body in public_ones]
    return "\n".join(parts)


def _public(module: ModuleType) -> Sequence[str]:
    own = [name for name, one in vars(module).items() if getattr(one, "__module__", "") == module.__name__]
    return getattr(module, "__all__", None) or [name for name in own if not name.startswith("_")]


def _call(function: Callable[..., Any]) -> str:
    """How a function is called: its parameters and their defaults."""
    called = inspect.signature(function)
    given = [one for one in called.parameters.values() if one.name != "self"]
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in given]
    return str(called.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def _said(one: object) -> str:
    """A docstring in Markdown: its sections as paragraphs with a bold word, what they explain as lists."""
    lines = [*str(inspect.getdoc(one)).splitlines(), ""]
    told, listed = [], False
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if below and set(below) == {"-"}:
            told.append(f"**{line}**\n")
            listed = line in LISTED
        elif line and set(line) == {"-"}:
            continue
        elif listed and line and not line.startswith(" "):
            told.append(f"- {code(line)}")
        else:
            told.append(f"  {line.strip()}".rstrip() if listed else line)
    return "\n".join(told)


PAGES: dict[str, Callable[[], str]] = {
    "data-dictionary": data_dictionary,
    "parameters": parameter_reference,
    "glossary": glossary,
    "references": references,
    "measured": measured,
    "library": library,
}
