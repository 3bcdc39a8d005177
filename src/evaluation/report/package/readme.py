"""The README of a package: what is in it, and how a stranger makes the report again. Written from the manifest."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.report.made import Made

SHOWN = ("report.html", "report.pdf", "report.docx", "findings.json")


@dataclass(frozen=True)
class Facts:
    """What the README is written from.

    `demonstration` is what the data are generated from, or None if they are somebody's own; `parameters` are the
    parameter files beside the code; `left_out` the files of the commit that are not in the package; `draft` why the
    commit does not tell the code; `committed` when the commit was made; `code` whether the code is in the package.
    """

    made: Made
    demonstration: Mapping[str, Any] | None
    parameters: tuple[str, ...]
    left_out: tuple[str, ...]
    draft: tuple[str, ...]
    committed: int
    code: bool


def readme(facts: Facts) -> str:
    """Return the README as Markdown; its one block of commands makes the report again and compares it."""
    made = facts.made
    dirty = " (with uncommitted changes)" if made.manifest["code"]["dirty"] else ""
    parts = [
        f"# The report {made.name}: to review, and to make again",
        *([f"**DRAFT.** {' '.join(facts.draft)} It may not come out the same."] if facts.draft else []),
        f"Made at commit `{made.commit or 'unknown'}`{dirty} with Python {made.manifest['python']}, in the language "
        f"`{made.language}`, from the parameters and input files named below. Raw data are not in this package.",
        "## What is here",
        _contents(facts),
        "## Make it again",
        *_again(facts),
        "## What to expect",
        "The same inputs, code, libraries and Python give the same bytes. `SHA256SUMS` lists the hash of every file of "
        "`report/`; these are the main ones:",
        _table(("file", "SHA-256"), [(name, made.outputs[name]) for name in SHOWN if name in made.outputs]),
        "Another patch version of Python may give another `manifest.json` and `ro-crate-metadata.json`, which name it, "
        "and nothing else.",
        *_inputs(facts),
        "## Where a number comes from",
        "The appendix of the report and `report/exhibits.json` name for every figure and table its notebook, cell, "
        "data file and inputs; `report/notebooks/` holds the notebooks as they ran, `report/data/` the numbers behind "
        "each.",
    ]
    return "\n\n".join(parts) + "\n"


def _contents(facts: Facts) -> str:
    rows = [
        ("`report/`", "the report as HTML, PDF and Word, the executed notebooks, the data of every exhibit, the key "
         "numbers (`findings.json`), and `manifest.json`: what it was made from"),
        ("`ro-crate-metadata.json`", "the same as an RO-Crate 1.1: which run made which file from what"),
        ("`SHA256SUMS`", "the hash of every file of `report/`"),
    ]  # fmt: skip
    if facts.code:
        rows.insert(1, ("`code/`", "the project at the commit: notebooks, library, parameter files, lock file"))
    if facts.parameters:
        rows.append(("`parameters/`", "the parameter files, which the commit does not hold as they were used"))
    return _table(("what", "is"), rows)


def _again(facts: Facts) -> Iterator[str]:
    if not facts.code:
        yield "The code is not in this package, so the report cannot be made again from it alone."
        return
    made = facts.made
    yield f"Needed: Python {made.manifest['python']} (3.11 or newer), make, and a network for the libraries."
    if made.inputs and facts.demonstration is None:
        yield f"First put the input files listed below into `code/{made.data}/`; ask their owners for them."
    elif made.inputs:
        yield "The data are the synthetic demonstration data, which `evaluation demo` below generates."
    yield "```sh\n" + "\n".join(commands(facts)) + "\n```"
    yield (
        "The last two commands end with status 0 if the report is the same: the first tells in words what differs, the "
        "second compares the hash of every file. `.venv/bin/evaluation verify ../report` asks instead whether report, "
        "inputs, parameters, notebooks, code and libraries are as they were."
    )


def commands(facts: Facts) -> list[str]:
    """Return the commands that make the report again from the package's own folder, and compare it."""
    made = facts.made
    given = made.manifest["parameter_file"]["file"]
    file = f"../parameters/{Path(given).name}" if Path(given).name in facts.parameters else given
    report = [".venv/bin/evaluation", "report", file, "--language", made.language]
    report += ["--chapters", ",".join(made.manifest["chapters"])]
    report += ["--data", made.data] if made.data else []
    lines = ["cd code", "make .venv/.ready"]
    if facts.demonstration is not None:
        options = [part for key, value in facts.demonstration.items() for part in (f"--{key}", str(value))]
        lines.append(shlex.join([".venv/bin/evaluation", "demo", *options, "--out", str(made.data)]))
    if made.manifest["clock"] != facts.committed:
        lines.append(f"export SOURCE_DATE_EPOCH={made.manifest['clock']}")
    lines.append(shlex.join([*report, "--out", "../again"]))
    lines.append(".venv/bin/evaluation compare ../report ../again --html ../comparison.html")
    lines.append("cd ../again && sha256sum --check --quiet ../SHA256SUMS")
    return lines


def _inputs(facts: Facts) -> Iterator[str]:
    made = facts.made
    if not made.inputs:
        return
    yield "## Input files"
    yield f"In the folder `code/{made.data}/`:"
    yield _table(("file", "SHA-256"), [(f"`{name}`", digest) for name, digest in made.inputs.items()])
    if facts.left_out:
        yield f"Left out of the code, as data: {', '.join(f'`{name}`' for name in facts.left_out)}."


def _table(header: tuple[str, ...], rows: list[tuple[str, str]]) -> str:
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
