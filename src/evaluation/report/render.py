"""Render the assembled Markdown as one self-contained HTML file, a tagged PDF (PDF/UA-1) and a Word file.

pandoc reads the text without raw HTML or TeX, so that nothing in the data is interpreted; Lua filters make the
exhibits' blocks, and citeproc the references. The page runs one script of its own, which its security policy names by
hash. No step looks at the clock, the network or the user's own pandoc files and fonts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from evaluation.errors import ReportError
from evaluation.report.reference import write_reference
from evaluation.report.words import say

TEMPLATES = Path(__file__).parent / "templates"
READER = (
    "markdown-raw_html-raw_tex-raw_attribute-native_divs-native_spans-markdown_in_html_blocks-latex_macros"
    "-yaml_metadata_block-pandoc_title_block-implicit_figures-example_lists-smart"
    "+ascii_identifiers"
)
SCALES = ("1", "0.94", "0.88", "0.82")  # of a page that must fit
BIBLIOGRAPHY = "references.bib"
WIDE = "100000"  # columns: a pipe table's line is never so long that pandoc sets its widths by the dashes

# What pandoc writes around a filter's own message, and how the one on citations begins.
_AROUND = re.compile(r"Error running filter [^\n]*\n|stack traceback:.*|\S+\.lua:\d+: ", re.DOTALL)
_UNCITED = "not in the bibliography:"

# Words of the report's frame that the templates and filters ask for; some by a name that means nothing to pandoc.
_SAID = [
    *("kind", "skip", "search_report", "search_keys", "search_next", "search_previous", "code_show", "code_hide"),
    *("hits_none", "hits_one", "hits_some", "hit_at", "colours", "colours_system", "colours_light", "colours_dark"),
]
_RENAMED = {"toc-title": "contents", "page-word": "page", "references-title": "references", "code-word": "code"}


@dataclass(frozen=True)
class Front:
    """What the title page says; `facts` are its small lines.

    `banner` and the mark of a `draft` stand on every page; either may be "".
    """

    title: str
    subtitle: str
    language: str
    facts: tuple[str, ...] = ()
    banner: str = ""
    draft: str = ""

    @property
    def marking(self) -> str:
        """What stands at the top of every page, or ""."""
        return " · ".join(filter(None, (self.draft, self.banner)))


def render(folder: Path, front: Front, epoch: int) -> None:
    """Write report.html, report.pdf and report.docx beside `folder`/report.md and its figures.

    What the text cites (`[@key]`) is looked up in `folder`/references.bib. `epoch` is the date written into the files,
    in seconds since 1970.

    Raises
    ------
    ReportError
        The text cites what is not in the bibliography, pandoc or Typst cannot render the report, or the PDF would not
        be accessible.
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
        values = {
            "variables": page_parts("report.css", "page.css"),
            "metadata": metadata,
            "template": str(TEMPLATES / "page.html"),
            "html-math-method": {"method": "mathml"},
        }
        _pandoc("html5", folder / f"{name}.html", values, folder, epoch, work)
        values = {"metadata": metadata, "template": str(TEMPLATES / "page.typ")}
        _typeset(folder / f"{name}.typ", values, epoch, work, pages=2)


def _html(folder: Path, front: Front, epoch: int, work: Path) -> None:
    values = {
        "variables": page_parts("report.css", script="report.js"),
        "metadata": _metadata(front),
        "template": str(TEMPLATES / "report.html"),
        "html-math-method": {"method": "mathml"},
        "table-of-contents": True,
        "toc-depth": 2,
        "number-sections": True,
    }
    _pandoc("html5", folder / "report.html", values, folder, epoch, work)


def page_parts(*sheets: str, script: str = "") -> dict[str, str]:
    """Return a page's style and script, and the policy by which a browser takes these and its pictures alone.

    `sheets` and `script` are names of files among the templates.
    """
    style, script = "\n".join(map(_read, sheets)).strip(), _read(script).strip() if script else ""
    allowed = ["default-src 'none'", "img-src data:", f"style-src {_digest(style)}", "base-uri 'none'"]
    allowed += ["form-action 'none'"] + ([f"script-src {_digest(script)}"] if script else [])
    return {"stylesheet": style, "script": script, "policy": "; ".join(allowed)}


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _docx(folder: Path, front: Front, epoch: int, work: Path) -> None:
    reference = work / "reference.docx"
    page = say("page", front.language)
    write_reference(reference, header=front.title, banner=front.marking, page=page, pandoc=_command(), epoch=epoch)
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
        unknown = "could not be displayed" in str(error)
        remedy = ". Replace the character in the data or the notebook: no font of the PDF has it" if unknown else ""
        raise ReportError(f"the PDF could not be made: {error}{remedy}") from None
    finally:
        source.unlink()
    source.with_suffix(".pdf").write_bytes(pdf)


def _metadata(front: Front) -> dict[str, Any]:
    language = front.language
    names = {key.replace("_", "-"): key for key in _SAID} | _RENAMED
    return {name: say(key, language) for name, key in names.items()} | {
        "lang": language,
        "title": front.title,
        "pagetitle": front.title,
        "subtitle": front.subtitle,
        "banner": front.banner,
        "draft": front.draft,
        "marking": front.marking,
        "facts": list(front.facts),
        "link-citations": True,
    }


def _command() -> str:
    import pypandoc

    return str(pypandoc.get_pandoc_path())


def _pandoc(to: str, output: Path, values: Mapping[str, Any], folder: Path, epoch: int, work: Path) -> None:
    """Run pandoc on report.md in `folder`; `values` are settings of its defaults file (metadata is literal there)."""
    bibliography = folder / BIBLIOGRAPHY
    filters = [str(TEMPLATES / "cited.lua"), {"type": "citeproc"}, str(TEMPLATES / "blocks.lua")]
    metadata = values["metadata"] | ({"bibliography": [BIBLIOGRAPHY]} if bibliography.exists() else {})
    own = work / f"{to}.json"
    own.write_text(json.dumps({**values, "metadata": metadata, "filters": filters}), encoding="utf-8")
    arguments = [_command(), "report.md", "--from", READER, "--to", to, "--output", str(output), "--standalone"]
    arguments += ["--defaults", str(own), "--data-dir", str(work / "none"), "--wrap=none", f"--columns={WIDE}"]
    arguments += ["--syntax-highlighting=none", "--quiet"]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        told = re.sub(_AROUND, "", done.stderr).strip()
        kind = to.split("-")[0]
        raise ReportError(_uncited(told, bibliography) or f"the report could not be rendered as {kind}: {told}")


def _uncited(error: str, bibliography: Path) -> str:
    """Return what cited.lua complains of, with a remedy for each citation, or ""."""
    missing = re.findall(r"^(.*)\t(\S+)$", error, re.MULTILINE) if error.startswith(_UNCITED) else []
    text = bibliography.read_text(encoding="utf-8") if bibliography.exists() else ""
    keys = re.findall(r"^\s*@\w+\s*\{\s*([^\s,]+)\s*,", text, re.MULTILINE)
    problems = []
    for chapter, key in dict.fromkeys(missing):
        near = "".join(f" Did you mean @{other}?" for other in get_close_matches(key, keys, n=1))
        remedy = f"Add it there, correct the key, or write \\@{key} if no source is meant."
        problems.append(f"{chapter}: @{key} is cited, but is not in notebooks/{BIBLIOGRAPHY}.{near} {remedy}")
    return "\n".join(problems)
