"""A report of 100 exhibits is rendered as HTML, PDF and Word in under 30 seconds on two cores.

Fifty figures drawn by the suite's own theme (lines with a confidence interval, twelve quarters, three groups) and fifty
tables of 20 rows, in ten chapters with a paragraph, a citation and the code between them: 100 exhibits, assembled once
and rendered together as `evaluation report` does it, then each form alone. On a busy machine the clock tells little:
half the processor seconds is the least that two free cores would need.
"""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

KIND = "bench"
ROOT = Path(__file__).parents[1]
CHAPTERS, EACH = 10, 10
LIMIT = 30.0
EPOCH = 1388448000


def run() -> pd.DataFrame:
    from evaluation.report import render

    rows: list[tuple[str, float, str, str]] = [("load", round(os.getloadavg()[0], 1), "processes", "at the start")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "report"
        start = time.perf_counter()
        exhibits = write(folder)
        rows.append(("exhibits", exhibits, "exhibits", f"drawn and assembled in {time.perf_counter() - start:.0f} s"))
        front = render.Front("Report", "A hundred exhibits", "en", ("Version 1",), "Synthetic data", "DRAFT")
        start, worked = time.perf_counter(), _processor()
        render.render(folder, front, EPOCH)
        seconds = time.perf_counter() - start
        rows.append(("all three forms", seconds, "seconds", f"{'under' if seconds < LIMIT else 'OVER'} {LIMIT:.0f}"))
        rows.append(("all three forms, processor", _processor() - worked, "seconds", "of all cores together"))
        for kind, job in {"html": render._html, "docx": render._docx, "pdf": render._pdf}.items():
            start = time.perf_counter()
            with tempfile.TemporaryDirectory() as work:
                job(folder, front, EPOCH, Path(work))
            size = (folder / f"report.{kind}").stat().st_size / 1e6
            rows.append((f"{kind} alone", time.perf_counter() - start, "seconds", f"{size:.1f} MB"))
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])


def _processor() -> float:
    """Return the processor seconds of this process and those it has waited for."""
    own, waited = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + waited.ru_utime + waited.ru_stime


def write(folder: Path) -> int:
    """Write the Markdown and pictures of the report; return how many exhibits it has."""
    from nbformat import v4

    from evaluation.report.assemble import assemble
    from evaluation.report.parameters import Run

    rng = np.random.default_rng(1)
    chapters, executed = [], {}
    for number in range(1, CHAPTERS + 1):
        run = Run(f"{number:02d}_chapter", Path(f"{number:02d}_chapter.ipynb"), {})
        cells = [v4.new_markdown_cell(f"# Chapter {number}")]
        for place in range(EACH // 2):
            cells.append(v4.new_markdown_cell(f"## Section {place}\n\n" + "The figure shows it [@holm1979]. " * 12))
            for bundle in (_figure(place, rng), _table(place, rng)):
                cell = v4.new_code_cell(f'chapter.table("t{place}", released, columns=["municipality", "rate"])')
                cell.outputs = [v4.new_output("display_data", data=bundle)]
                cells.append(cell)
        for place, cell in enumerate(cells):
            cell["id"] = f"cell-{place}"
        chapters.append([run])
        executed[run.name] = v4.new_notebook(cells=cells)
    made = assemble(chapters, executed, language="en")
    for name, content in {**made.files, "report.md": made.markdown.encode()}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    shutil.copyfile(ROOT / "notebooks" / "references.bib", folder / "references.bib")
    return len(made.exhibits)


def _chapter() -> Any:
    from evaluation import exhibits
    from evaluation.texts import three

    name = three("Programmet", "Programmet", "The programme")
    study = SimpleNamespace(synthetic=True, name=name, as_of=date(2013, 12, 31), division=2013)
    return exhibits.Chapter("bench", study=study, language="en")


def _figure(place: int, rng: np.random.Generator) -> dict[str, Any]:
    from evaluation import exhibits
    from evaluation.disclosure import release_public

    quarters = np.repeat(pd.period_range("2011Q1", periods=12, freq="Q"), 3)
    rate = 9 + rng.normal(0, 0.3, 36)
    frame = pd.DataFrame({"quarter": quarters, "group": ["participants", "others", "case"] * 12, "rate": rate})
    released = release_public(frame.assign(low=rate - 0.4, high=rate + 0.4))
    spec = exhibits.lines(released, x="quarter", y="rate", by="group", low="low", high="high")
    shown = _chapter().figure(f"f{place}", spec, nb="Fravær", nn="Fråvær", en="Sick leave by quarter")
    return dict(shown._repr_mimebundle_())


def _table(place: int, rng: np.random.Generator) -> dict[str, Any]:
    from evaluation.disclosure import release_public

    names = [f"{k:04d} Invented" for k in range(20)]
    frame = pd.DataFrame({"municipality": names, "rate": rng.normal(9, 1, 20), "persons": rng.integers(100, 9999, 20)})
    columns = ["municipality", "rate", "persons"]
    shown = _chapter().table(f"t{place}", release_public(frame), nb="Tall", nn="Tal", en="Numbers", columns=columns)
    return dict(shown._repr_mimebundle_())
