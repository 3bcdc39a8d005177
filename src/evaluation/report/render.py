"""Render the assembled Markdown as one self-contained HTML file, a tagged PDF (PDF/UA-1) and a Word file.

pandoc reads the text without raw HTML or TeX, so that nothing in the data is interpreted; a Lua filter makes the
exhibits' blocks. No step looks at the clock, the network or the user's own pandoc files and fonts.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.errors import ReportError
from evaluation.report.reference import write_reference
from evaluation.report.words import say

TEMPLATES = Path(__file__).parent / "templates"
READER = (
    "markdown-raw_html-raw_tex-raw_attribute-native_divs-native_spans-markdown_in_html_blocks-latex_macros"
    "-citations-yaml_metadata_block-pandoc_title_block-implicit_figures-example_lists-smart"
    "+ascii_identifiers"
)
SCALES = ("1", "0.94", "0.88", "0.82")  # of a page that must fit
WIDE = "100000"  # columns: a pipe table's line is never so long that pandoc sets its widths by the dashes


@dataclass(frozen=True)
class Front:
    """What the title page says; `facts` are its small lines, `banner` (or "") stands on every page."""

    title: str
    subtitle: str
    language: str
    facts: tuple[str, ...] = ()
    banner: str = ""


def render(folder: Path, front: Front, epoch: int) -> None:
    """Write report.html, report.pdf and report.docx beside `folder`/report.md and its figures.

    `epoch` is the date written into the files, in seconds since 1970.

    Raises
    ------
    ReportError
        pandoc or Typst cannot render the report, or the PDF would not be accessible.
    """
    with tempfile.TemporaryDirectory(prefix="ev-") as name, ThreadPoolExecutor(max_workers=3) as pool:
        work = Path(name)
        jobs = [pool.submit(job, folder, front, epoch, work) for job in (_html, _docx, _pdf)]
        for job in jobs:
            job.result()


def render_page(folder: Path, front: Front, epoch: int, name: str) -> None:
    """Write `folder`/<name>.html and .pdf, two pages without contents list, from report.md as `render` does.

    What would run on to a third page is set smaller, as far as it stays readable.

    Raises
    ------
    ReportError
        pandoc or Typst cannot render the page, or the PDF would not be accessible.
    """
    with tempfile.TemporaryDirectory(prefix="ev-") as scratch:
        work = Path(scratch)
        metadata = {**_metadata(front), "alone": True}
        sheets = [(TEMPLATES / f"{sheet}.css").read_text(encoding="utf-8") for sheet in ("report", "page")]
        values = {
            "variables": {"stylesheet": "\n".join(sheets)},
            "metadata": metadata,
            "template": str(TEMPLATES / "page.html"),
            "html-math-method": {"method": "mathml"},
        }
        _pandoc("html5", folder / f"{name}.html", values, folder, epoch, work)
        values = {"metadata": metadata, "template": str(TEMPLATES / "page.typ")}
        _typeset(folder / f"{name}.typ", values, epoch, work, pages=2)


def _html(folder: Path, front: Front, epoch: int, work: Path) -> None:
    values = {
        "variables": {"stylesheet": (TEMPLATES / "report.css").read_text(encoding="utf-8")},
        "metadata": _metadata(front),
        "template": str(TEMPLATES / "report.html"),
        "html-math-method": {"method": "mathml"},
        "table-of-contents": True,
        "toc-depth": 2,
        "number-sections": True,
    }
    _pandoc("html5", folder / "report.html", values, folder, epoch, work)


def _docx(folder: Path, front: Front, epoch: int, work: Path) -> None:
    reference = work / "reference.docx"
    page = say("page", front.language)
    write_reference(reference, header=front.title, banner=front.banner, page=page, pandoc=_command(), epoch=epoch)
    metadata = {**_metadata(front), "date": " · ".join(front.facts)}
    values = {"metadata": metadata, "reference-doc": str(reference), "number-sections": True}
    _pandoc("docx", folder / "report.docx", values, folder, epoch, work)


def _pdf(folder: Path, front: Front, epoch: int, work: Path) -> None:
    values = {"metadata": _metadata(front), "template": str(TEMPLATES / "report.typ"), "number-sections": True}
    _typeset(folder / "report.typ", values, epoch, work)


def _typeset(source: Path, values: Mapping[str, Any], epoch: int, work: Path, pages: int | None = None) -> None:
    """Write the PDF of the same name as the Typst `source`, in whose folder report.md and its pictures lie.

    A template that asks for `pages` is set smaller until it fills no more of them.
    """
    import typst

    folder = source.parent  # Typst reads pictures below the folder of its source only.
    _pandoc("typst-smart", source, values, folder, epoch, work)
    common: dict[str, Any] = {"root": folder, "ignore_system_fonts": True, "font_paths": []}
    try:
        size = {}
        for scale in SCALES if pages else ():
            size = {"scale": scale}
            if int(typst.query(source, "<pages>", field="value", one=True, sys_inputs=size, **common)) <= (pages or 0):
                break
        pdf = typst.compile(source, format="pdf", pdf_standards="ua-1", timestamp=epoch, sys_inputs=size, **common)
    except typst.TypstError as error:
        raise ReportError(f"the PDF could not be made: {error}") from None
    finally:
        source.unlink()
    source.with_suffix(".pdf").write_bytes(pdf)


def _metadata(front: Front) -> dict[str, Any]:
    language = front.language
    return {
        "lang": language,
        "title": front.title,
        "pagetitle": front.title,
        "subtitle": front.subtitle,
        "banner": front.banner,
        "facts": list(front.facts),
        "kind": say("kind", language),
        "toc-title": say("contents", language),
        "skip": say("skip", language),
        "page-word": say("page", language),
    }


def _command() -> str:
    import pypandoc

    return str(pypandoc.get_pandoc_path())


def _pandoc(to: str, output: Path, values: Mapping[str, Any], folder: Path, epoch: int, work: Path) -> None:
    """Run pandoc on report.md in `folder`; `values` are settings of its defaults file (metadata is literal there)."""
    own = work / f"{to}.json"
    own.write_text(json.dumps(values), encoding="utf-8")
    arguments = [_command(), "report.md", "--from", READER, "--to", to, "--output", str(output), "--standalone"]
    arguments += [
        "--defaults",
        str(own),
        "--data-dir",
        str(work / "none"),
        "--lua-filter",
        str(TEMPLATES / "blocks.lua"),
    ]
    arguments += ["--wrap=none", f"--columns={WIDE}"]
    arguments += ["--syntax-highlighting=none", "--quiet"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        raise ReportError(f"the report could not be rendered as {to.split('-')[0]}: {done.stderr.strip()}")
