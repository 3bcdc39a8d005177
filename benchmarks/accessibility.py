"""axe-core finds nothing wrong with the reports in Chromium, they fetch nothing, and their PDFs conform to PDF/UA-1.

The midterm and the final report in bokmål, nynorsk and English, each in light and in dark, wide and narrow, with the
search open on a hit and code unfolded: axe-core's violations of any severity, all rules, best practices included; every
address that the page asked for besides itself; what the browser complained of. Every picture's alternative text is
compared with its caption. The PDFs are checked by `page-validation`, a validator of PDF/UA-1 that by its own account
passes veraPDF's corpus; a PDF without tags is put before it first, to show that it can fail.

Needs Chromium (its program on the path or in $CHROMIUM) and two packages that the suite does not need otherwise:
`pip install axe-playwright-python page-validation` (of the first, only its axe.min.js). $REPORTS may name a folder of
reports made before (`midterm-nb`, ...), which are not made anew unless something has changed.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks._browser import Browser, browsing

KIND = "proof"
Row = tuple[str, float, str, str]
ROOT = Path(__file__).parents[1]
EXECUTABLE = Path(sys.executable).with_name("evaluation")
REPORTS = [(name, language) for name in ("midterm", "final") for language in ("nb", "nn", "en")]
LOOKS = {"light": (False, 1280), "dark": (True, 1280), "narrow": (False, 400), "narrow, dark": (True, 400)}
WORD = {"nb": "fravær", "nn": "fråvær", "en": "leave"}
AXE = """axe.run(document, {resultTypes: ['violations']}).then((result) => ({
  violations: result.violations.map((one) => `${one.id} (${one.impact}, ${one.nodes.length})`),
  passes: result.passes.length, version: result.testEngine.version}))"""


def run() -> pd.DataFrame:
    rows: list[Row] = []
    axe = _axe()

    def tell(*found: Row) -> None:
        rows.extend(found)
        for what, value, _, note in found:
            print(f"{what}: {value}  {note}", flush=True)

    with ExitStack() as stack:
        folder = Path(os.environ.get("REPORTS") or stack.enter_context(tempfile.TemporaryDirectory()))
        tab = stack.enter_context(browsing())
        tell(("a PDF without tags: failed rules", *_failed(_untagged())))
        for name, language in REPORTS:
            out, told = folder / f"{name}-{language}", f"{name}, {language}"
            command = [str(EXECUTABLE), "report", name, "--language", language, "--out", str(out)]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            for look, (dark, width) in LOOKS.items():
                tell(*_looked_at(tab, out / "report.html", f"{told}, {look}", axe, WORD[language], dark, width))
            pictures = _Pictures((out / "report.html").read_text(encoding="utf-8")).found
            alike = sum(not alt.strip() or alt.strip() in caption for alt, caption in pictures)
            tell((f"{told}: pictures whose text is missing or is the caption", alike, "", f"of {len(pictures)}"))
            tell((f"{told}: failed PDF/UA-1 rules", *_failed((out / "report.pdf").read_bytes())))
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])


def _axe() -> str:
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("Needs axe-core: pip install axe-playwright-python page-validation")
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


def _looked_at(tab: Browser, page: Path, told: str, axe: str, word: str, dark: bool, width: int) -> list[Row]:
    tab.open(page, dark=dark, width=width)
    tab.run("document.getElementById('wanted').focus()")
    tab.write(word)
    time.sleep(1)
    tab.press("Enter", 13)
    hits = tab.run("document.getElementById('hits').textContent")
    tab.run("(document.querySelector('details.code') || {}).open = true")
    asked = [address for address in tab.requests if address != page.resolve().as_uri()]
    complained = list(tab.messages)
    tab.run(axe)
    found: dict[str, Any] = tab.run(AXE)
    return [
        (
            f"{told}: axe violations",
            len(found["violations"]),
            "",
            "; ".join(found["violations"]) or _passed(found, hits),
        ),
        (f"{told}: addresses asked for, complaints", len(asked) + len(complained), "", "; ".join(asked + complained)),
    ]


def _passed(found: dict[str, Any], hits: str) -> str:
    return f"axe-core {found['version']}, {found['passes']} rules passed; search: {hits}"


def _failed(pdf: bytes) -> tuple[int, str, str]:
    """Return the number of PDF/UA-1 rules that a PDF fails, and which, or how many it passes."""
    validator = importlib.import_module("page")
    report = validator.validate_pdf_bytes(pdf, profile=validator.ValidationProfile.PDF_UA_1)
    failed = sorted({failure.rule_id for failure in report.failures})
    return report.rules.failed, "", "; ".join(failed) or f"{report.rules.passed} rules passed"


def _untagged() -> bytes:
    import typst

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "plain.typ"
        source.write_text("= First\n\n=== Third", encoding="utf-8")
        return bytes(typst.compile(source, format="pdf"))


class _Pictures(HTMLParser):
    """Collects the alternative text of every picture with the caption above it, without its label."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._caption = ""
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "figcaption":
            self._caption, self._inside = "", True
        if tag == "img":
            self.found.append((dict(attrs).get("alt") or "", re.sub(r"\s+", " ", self._caption)))

    def handle_endtag(self, tag: str) -> None:
        if tag == "figcaption":
            self._inside = False

    def handle_data(self, data: str) -> None:
        self._caption += data if self._inside else ""
