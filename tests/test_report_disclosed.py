"""A report that gives away what it withholds, by itself or beside an earlier one, is not published."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
import toy_reports as toys
from making_reports import hashes
from test_disclosure_attack import SMALL
from toy_disclosure import EMPLOYEES, content, control, totals

from evaluation.errors import ReportError
from evaluation.report.assemble import assemble
from evaluation.report.build import build
from evaluation.report.disclosed import check_disclosure, published
from evaluation.report.parameters import Run

PEOPLE = control().people(EMPLOYEES)
PARTS = toys.table("parts", **content(PEOPLE.release(SMALL)))
SUMS = toys.table("sums", **content(PEOPLE.release(totals(SMALL, "group"))))
SAFE = {"01_chapter": toys.notebook(toys.shown(PARTS))}
OTHER = {"02_chapter": toys.notebook(toys.shown(SUMS))}


def test_the_figures_of_the_check_say_nothing_of_what_is_protected():
    found = check_disclosure(SAFE, {}, {})
    assert found == {"report": {"statements": 5, "protected": 1, "narrowest": 1000.0, "leaks": []}}


def test_an_earlier_report_is_put_beside_whether_made_again_or_on_disk():
    with pytest.raises(ReportError, match="not published") as raised:
        check_disclosure(OTHER, SAFE, {})
    text = str(raised.value)
    assert "- positions.employees (municipality 0061, 0062, 0063, sector schools, year 2012)" in text
    assert "withheld in 01_chapter-parts, can be worked out from 02_chapter-sums, 01_chapter-parts" in text
    assert "`withhold` in the parameter file" in text
    with pytest.raises(ReportError, match="not published"):
        check_disclosure(OTHER, {}, SAFE)
    found = check_disclosure(SAFE, SAFE, SAFE, "Midtveis")
    assert found["with_earlier"] == {**found["report"], "title": "Midtveis"}


def test_a_report_on_disk_counts_only_when_it_is_whole(tmp_path):
    folder = tmp_path / "midterm"
    (folder / "notebooks").mkdir(parents=True)
    nbformat.write(SAFE["01_chapter"], folder / "notebooks" / "01_chapter.ipynb")
    assert published(folder) == {}
    (folder / "manifest.json").write_text("{}")
    assert set(published(folder)) == {"midterm/01_chapter"}
    assert published(tmp_path / "none") == {}


def test_a_report_that_leaks_is_not_published_and_the_one_before_stays(tmp_path):
    titles = [toys.markdown("# Tall", "nb"), toys.code(toys.PARAMETERS, "parameters")]
    toys.write(tmp_path, "01_chapter", *titles, toys.shows(PARTS, SUMS))
    file = toys.parameter_file(tmp_path, f"report: toy\n{toys.TITLES}chapters: [01_chapter]\nlanguage: nb\n")
    before = tmp_path / "reports" / "toy"
    before.mkdir(parents=True)
    (before / "manifest.json").write_text(json.dumps({}))
    kept = hashes(before)
    with pytest.raises(ReportError, match="sector schools") as raised:
        build(file, root=tmp_path, workers=1, cold=True)
    assert "01_chapter-sums" in str(raised.value)
    assert hashes(before) == kept


@pytest.mark.parametrize(
    ("language", "told", "begins"),
    [
        (
            "nb",
            "Personvern: 1 234 tall i rapporten er holdt sammen; av dem som er holdt tilbake for sin egen del (6), lar "
            "ingen seg regne ut, og det smaleste intervallet en kan komme fram til, er 2,5 ganger så bredt som det "
            "minst må være. Sammen med den tidligere rapporten «Midt\\*veis» er det 2 000; ingen er holdt tilbake for "
            "sin egen del.",
            "Personvern",
        ),
        ("nn", "er 2,5 gonger så breitt som det minst må vere. Saman med den tidlegare rapporten", "Personvern"),
        (
            "en",
            "(6) none can be worked out, and the narrowest interval that can be arrived at is 2.5",
            "Confidentiality",
        ),
    ],
)
def test_the_appendix_tells_what_was_tried(language, told, begins):
    checked = {
        "report": {"statements": 1234, "protected": 6, "narrowest": 2.5, "leaks": []},
        "with_earlier": {"statements": 2000, "protected": 0, "narrowest": None, "leaks": [], "title": "Midt*veis"},
    }
    run = Run("01_chapter", Path("01_chapter.ipynb"), {})
    chapter = toys.notebook(toys.markdown("# Tall", language), toys.shown(PARTS))
    text, untold = (
        assemble([[run]], {run.name: chapter}, language=language, checked=given).markdown.replace("\u00a0", " ")
        for given in (checked, {"report": {"statements": 0, "protected": 0, "narrowest": None}})
    )
    assert told in text
    assert text.count(begins) == 1
    assert begins not in untold
