"""From a number to its row: every number and exhibit leads to the cell, functions, parameters and files behind it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

import nbformat
import pytest
import toy_reports as toys
import unmodified
from making_reports import ROOT, visible
from pypdf import PdfReader

import evaluation
from evaluation import conclusions, load_study
from evaluation.errors import ReportError
from evaluation.exhibits import Finding
from evaluation.language import Words
from evaluation.report.assemble import Assembled, assemble
from evaluation.report.copies import chapters
from evaluation.report.functions import find
from evaluation.report.numbers import link_numbers
from evaluation.report.parameters import Run
from evaluation.report.render import Front, render
from evaluation.report.trace import Origin, origins
from evaluation.texts import Passage, three, unmarked

NB = Words("nb")
TITLE = toys.markdown("# Tittel")
GAP = Finding("toy", "gap", -0.3, -0.4, -0.1, "percentage_points", 9, 1, causal=False)
TEXT = "## Del {n}\n\nAv {n} er {share:.1f} prosent `{n}` og $x = {n}$; **{n}** {name}, {gap.interval} og {some}."
GIVEN = {"n": 1234, "share": 5.25, "name": "*Nes* \ue000forged\ue0015\ue002", "gap": GAP, "some": [1, "to", 3.5]}
INPUTS = [("a.csv", "aa" * 32), ("b.csv", "bb" * 32), ("c.csv", "cc" * 32)]
TABLES = {"a.csv": ["first"], "b.csv": ["second"]}


def made_by(*cells: str, parameters: str = "") -> list[Origin]:
    """The origins of the code cells, after a parameters cell."""
    notebook = toys.notebook(toys.code(parameters, "parameters"), *map(toys.code, cells))
    return list(origins(notebook).values())


def cell(source: str, *bundles: dict[str, Any]) -> nbformat.NotebookNode:
    """A cell of this source that has displayed the bundles."""
    made = toys.shown(*bundles)
    made.source = source
    return made


def chapter(marked: bool = True) -> nbformat.NotebookNode:
    said = NB.marked(TEXT, **GIVEN)
    prose = toys.prose(said if marked else unmarked(said))
    prose[toys.PROSE]["tables"] = ["first"]
    found = toys.finding("gap")
    found[toys.FINDING]["tables"] = ["first", "second"]
    return toys.notebook(
        TITLE,
        toys.code('as_of = "2013-12-31"\nlimit = 3\nunused = 0', "parameters"),
        toys.code("limit = 4", "injected-parameters"),
        toys.code("from evaluation import disclosure, exhibits\nstudy = object()\nchapter = exhibits.Chapter(study)"),
        cell("gap = chapter.finding(limit)", found),
        cell("chapter.say(gap)", prose),
        cell("chapter.figure(disclosure.release(gap))", toys.figure("f", tables=["second"], csv="n,x\n7,1\n:,2\n")),
        cell("chapter.table()\n`````\n".replace("`````", "'`````'"), toys.table("t")),
    )


def report(**changes: Any) -> Assembled:
    run = Run("02_a", Path("02_a.ipynb"), {"limit": 4})
    options = {"language": "nb", "inputs": INPUTS, "tables": TABLES, **changes}
    return assemble([[run]], {"02_a": chapter()}, **options)


def links(text: str) -> tuple[set[str], set[str]]:
    """The places that Markdown links to, and those that it has."""
    return set(re.findall(r"\]\(#([^)]+)\)", text)), set(re.findall(r"\{#([^\s}]+)", text))


# Numbers in the text ---------------------------------------------------------------------------------------------


def test_marks_are_round_values_with_digits_and_the_text_is_otherwise_the_same():
    said = NB.marked(TEXT, **GIVEN)
    assert unmarked(said) == NB.say(TEXT, **{**GIVEN, "name": "*Nes* forged5"})
    linked, findings = link_numbers(said, "there", "here")
    assert re.findall(r"\[([^\[\]]+)\]\(#there\)\{\.number\}", linked) == [
        *("1\N{NO-BREAK SPACE}234", "5,2", "1\N{NO-BREAK SPACE}234"),
        *(r"\*Nes\* forged5", "fra −0,4 til −0,1", "1", "3,5"),
    ]
    assert findings == ("gap",)
    assert linked.count("{#here}") == 1
    assert linked.startswith("## Del 1\N{NO-BREAK SPACE}234\n\nAv [[1")  # no link in a heading, code or formula
    assert "`1\N{NO-BREAK SPACE}234` og $x = 1\N{NO-BREAK SPACE}234$;" in linked


def test_a_chosen_text_and_a_remark_mark_their_values_too():
    chosen = Passage("{n} steg", "{n} steg", "{n} rose")
    assert unmarked(NB.marked("{p}", p=chosen, n=5)) == "5 steg"
    assert link_numbers(NB.marked("{p}", p=chosen, n=5), "x")[0] == "[5](#x){.number} steg"
    assert link_numbers(NB.marked("{p}", p=three("to", "to", "two")), "x")[0] == "to"


@pytest.mark.parametrize("text", ["```\n{n}\n```", "see [{n}](#other)", "[^{n}]"])
def test_no_link_is_put_where_none_can_stand(text):
    assert link_numbers(NB.marked(text, n=5), "x") == (text.format(n=5), ())


def test_every_number_in_prose_has_a_link_whose_target_exists():
    text = report().markdown
    used, there = links(text)
    assert used <= there
    assert text.count("](#source-02_a-4){.number}") == 7
    entry = text.split("::: {#source-02_a-4 .source}\n", 1)[1].split("\n:::", 1)[0]
    assert "bygger på celle 1, 3;" in entry
    assert "`exhibits.Chapter.finding`" in entry
    assert "funn `gap`" in entry
    assert "[teksten](#number-02_a-4)" in entry


def test_runs_of_one_notebook_share_their_entries_and_lead_back_to_each():
    runs = [Run(f"08_d-{case}", Path("08_d.ipynb"), {"limit": 4}, {"case": case}) for case in ("a", "b")]
    result = assemble([runs], {run.name: chapter() for run in runs}, language="en", inputs=INPUTS, tables=TABLES)
    used, there = links(result.markdown)
    assert used <= there
    assert result.markdown.count("::: {#source-08_d-4 .source}") == 1
    assert "[the text (a)](#number-08_d-a-4), [the text (b)](#number-08_d-b-4)" in result.markdown
    assert [entry["id"] for entry in result.index] == ["08_d-a-f", "08_d-a-t", "08_d-b-f", "08_d-b-t"]


def test_a_page_alone_has_neither_marks_nor_links_nor_code():
    text = report(alone=True).markdown
    assert not re.search("[\ue000-\ue002]|source-|[.]code|[.]data", text)
    assert "1\N{NO-BREAK SPACE}234" in text


class Anchors(HTMLParser):
    """The page's identifiers, and what its links point to, by their class."""

    def __init__(self, page: str):
        super().__init__()
        self.there: list[str] = []
        self.used: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.there += [given["id"] or ""] if "id" in given else []
        self.used += [(given.get("class") or "", given["href"] or "")] if tag == "a" and "href" in given else []


def rendered(folder: Path, marked: bool) -> Path:
    run = Run("02_a", Path("02_a.ipynb"), {"limit": 4})
    result = assemble([[run]], {"02_a": chapter(marked)}, language="nb", inputs=INPUTS)
    folder.mkdir()
    (folder / "report.md").write_text(result.markdown, encoding="utf-8")
    for name, content in result.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    render(folder, Front("Prøve", "", "nb"), 1388448000)
    return folder


def chapter_texts(folder: Path) -> list[str]:
    """What the chapter reads in the three forms, up to the first appendix."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    pages = PdfReader(folder / "report.pdf").pages
    with zipfile.ZipFile(folder / "report.docx") as word:
        body = word.read("word/document.xml").decode()
    paragraphs = "\n".join("".join(re.findall(r"<w:t[^>]*>([^<]*)", part)) for part in body.split("</w:p>"))
    read = [
        visible(re.sub(r"</?(?:a|span)\b[^>]*>", "", page)),
        "\n".join(page.extract_text() for page in pages),
        paragraphs,
    ]
    # The appendices tell where the numbers come from; they are named in the contents first.
    return [re.sub(r"\s+", " ", text.split("Vedlegg A")[1]) for text in read]


def test_the_text_reads_the_same_in_all_forms_and_every_link_of_the_page_leads_somewhere(tmp_path):
    marked, plain = rendered(tmp_path / "marked", True), rendered(tmp_path / "plain", False)
    assert chapter_texts(marked) == chapter_texts(plain)
    assert all("forged5" in text for text in chapter_texts(marked))
    page = Anchors((marked / "report.html").read_text(encoding="utf-8"))
    assert {address[1:] for _, address in page.used if address.startswith("#")} <= set(page.there)
    assert len(page.there) == len(set(page.there))
    assert sum("number" in kind.split() for kind, _ in page.used) == 7
    files = {address for kind, address in page.used if "data" in kind.split()}
    assert files == {"data/02_a-f.csv", "data/02_a-t.csv"}
    assert all((marked / file).is_file() for file in files)
    paper = [link.get_object() for sheet in PdfReader(marked / "report.pdf").pages for link in sheet.get("/Annots", [])]
    assert not [link for link in paper if "/URI" in link.get("/A", {})]  # files beside a PDF are named, not linked


# Exhibits --------------------------------------------------------------------------------------------------------


def test_an_exhibits_entry_goes_from_its_number_to_its_rows():
    result = report()
    figure, table = result.index
    assert figure["functions"] == [
        "evaluation.disclosure.release",
        *(f"evaluation.exhibits.Chapter{name}" for name in ("", ".figure", ".finding")),
    ]
    expected = {
        "id": "02_a-f",
        "kind": "figure",
        "number": "1.1",
        "label": "Figur 1.1",
        "anchor": "fig-02_a-f",
        "notebook": "02_a",
        "run": "02_a",
        "cell": 5,
        "cell_id": "cell-6",
        "rests_on": [1, 2, 3, 5],
        "parameters": {"as_of": "2013-12-31", "limit": 4, "unused": 0},
        "uses": ["limit"],
        "n": {"n": 7},
        "rows": 2,
        "withheld": {},
        "synthetic": True,
        "data": "data/02_a-f.csv",
        "figure": ["figures/02_a-f.svg", "figures/02_a-f.png"],
    }
    assert {name: figure[name] for name in expected} == expected
    assert figure["alt"] != figure["caption"]
    # b.csv was read into the table that had been read, c.csv into nobody knows which; of the table nothing is known.
    assert [one["file"] for one in figure["inputs"]] == ["b.csv", "c.csv"]
    assert [one["file"] for one in table["inputs"]] == ["a.csv", "b.csv", "c.csv"]
    assert table["figure"] == []
    for entry in result.index:
        assert entry["data_sha256"] == hashlib.sha256(result.files[entry["data"]]).hexdigest()
        assert entry["rows"] == len(list(csv.DictReader(io.StringIO(result.files[entry["data"]].decode()))))
    json.dumps(result.index, allow_nan=False)


def test_an_exhibit_is_followed_by_its_code_and_leads_to_its_data_and_its_source():
    text = report().markdown
    exhibit = text.split("::: {#fig-02_a-f .exhibit .figure}")[1].split("\n:::\n")[0]
    assert "[Hvor tallene kommer fra](#source-02_a-5) [Tallene (CSV)](data/02_a-f.csv){.data}" in exhibit
    assert "::: {.code}\n``` python\nchapter.figure(disclosure.release(gap))\n```\n:::" in text
    assert "::: {.code}\n`````` python\nchapter.table()\n'`````'\n``````\n:::" in text
    assert "[02\\_a, celle 5](#source-02_a-5) | `data/02_a-f.csv` |" in text


def test_what_rests_on_findings_rests_on_the_files_behind_them():
    last = toys.notebook(TITLE, toys.code('findings = "x"', "parameters"), cell("findings", toys.table("u", tables=[])))
    runs = [Run(name, Path(f"{name}.ipynb"), {}) for name in ("02_a", "10_b")]
    result = assemble([[run] for run in runs], {"02_a": chapter(), "10_b": last}, language="nb", inputs=INPUTS)
    assert [one["file"] for one in result.index[-1]["inputs"]] == ["a.csv", "b.csv", "c.csv"]
    told = {"a.csv": ["first"], "b.csv": ["second"], "c.csv": ["third"]}
    result = assemble(
        [[run] for run in runs], {"02_a": chapter(), "10_b": last}, language="nb", inputs=INPUTS, tables=told
    )
    assert [one["file"] for one in result.index[-1]["inputs"]] == ["a.csv", "b.csv"]


def test_findings_tell_where_they_come_from_and_can_be_read_again(tmp_path):
    found = report().findings
    assert found[0]["origin"]["cell"] == 3
    assert "evaluation.exhibits.Chapter.finding" in found[0]["origin"]["functions"]
    assert "tables" not in found[0]
    path = tmp_path / "findings.json"
    path.write_text(json.dumps(found), encoding="utf-8")
    assert conclusions.read(path).get("toy", "gap")["value"] == -0.3


ASSEMBLED = """
import hashlib, json, nbformat, sys
from pathlib import Path
from evaluation.report.assemble import assemble
from evaluation.report.parameters import Run
runs = [Run(case, Path("02_a.ipynb"), {}, {"case": case}) for case in "ab"]
made = assemble([runs], {run.name: nbformat.read(sys.argv[1], 4) for run in runs}, language="nb")
print(hashlib.sha256((made.markdown + json.dumps([made.index, made.findings])).encode()).hexdigest())
"""


def test_the_bytes_are_the_same_whatever_the_order_of_sets(tmp_path):
    path = tmp_path / "02_a.ipynb"
    nbformat.write(chapter(), path)
    told = {
        subprocess.run(
            [sys.executable, "-c", ASSEMBLED, str(path)],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


# Slices and functions --------------------------------------------------------------------------------------------


def test_a_slice_holds_the_cells_whose_results_are_used_and_no_others():
    cells = [
        "import math\na = 1\nb = 2",  # 2
        "c = a + 1",  # 3
        "rows = []",  # 4
        "rows.append(c)",  # 5
        "frame['x'] = b",  # 6: of a frame that is made nowhere
        "c = 0",  # 7: replaces 3
        "print(rows)",  # 8
        "print(c)",  # 9
        "print([c for c in rows], frame)",  # 10: its c is its own
        "%matplotlib inline\nc += 1",  # 11
        "if b:\n    c = b",  # 12: may leave c as it was
        "print(c)",  # 13
    ]
    found = {origin.cell: origin.rests_on for origin in made_by(*cells, parameters="p = 1")}
    assert found[8] == (2, 3, 4, 5, 8)
    assert found[9] == (7, 9)
    assert found[10] == (2, 3, 4, 5, 6, 10)
    assert found[13] == (2, 7, 11, 12, 13)


def test_cells_are_numbered_as_jupyterlab_numbers_them_and_only_parameters_used_are_named():
    cells = [
        toys.markdown("# x"),
        toys.code(""),
        toys.code("a = 1\nb = 2\nc = 3", "parameters"),
        toys.code("b = 5", "injected-parameters"),
        toys.code("d = a"),
        toys.code("f = lambda x: x + b"),
        toys.code("print(d, f(1))"),
    ]
    found = origins(toys.notebook(*cells))
    assert {place: (origin.cell, origin.cell_id) for place, origin in found.items()} == {
        2: (1, "cell-2"),
        4: (2, "cell-4"),
        5: (3, "cell-5"),
        6: (4, "cell-6"),
    }
    assert [found[place].uses for place in (4, 5, 6)] == [("a",), ("b",), ("a", "b")]
    assert found[6].rests_on == (1, 2, 3, 4)


def test_functions_are_named_through_modules_results_and_choices():
    source = (
        "from evaluation import cooperation, deep_dive as dive, exhibits\n"
        "from evaluation.disclosure import release\n"
        "import evaluation.municipalities as m\n"
        "import pandas as pd"
    )
    found = made_by(
        source,
        "study = evaluation.load_study('x')\ncase = dive.compare(study, 'y') if study else None",
        "chapter = exhibits.Chapter('x', study=study, language='nb')\nchapter.words.term('x')",
        "pd.DataFrame().map(case.gap)\nrelease(case).where(a=1)\ncooperation.scores(study)\n_ = m.Register.norwegian()",
    )
    assert [name.removeprefix("evaluation.") for name in found[-1].functions] == [
        *("cooperation.scores", "deep_dive.CaseComparison.gap", "deep_dive.compare"),
        *("disclosure.Released.where", "disclosure.release"),
        *("municipalities.Register", "municipalities.Register.norwegian"),
    ]
    assert "evaluation.language.Words.term" in found[-2].functions


def test_every_name_found_statically_is_there_when_imported():
    names = set()
    for path in chapters(ROOT / "notebooks"):
        found = origins(nbformat.read(path, as_version=4))
        names |= {name for origin in found.values() for name in origin.functions}
    assert len(names) > 100
    assert all(callable(resolved(name)) for name in names)
    assert find("evaluation", "nothing") is None


def resolved(dotted: str) -> Any:
    """What a reader gets who asks for the name: a package's member, or its submodule."""
    found = evaluation
    for part in dotted.split(".")[1:]:
        found = getattr(found, part) if hasattr(found, part) else import_module(f"{found.__name__}.{part}")
    return found


class Calls:
    """What the suite's functions and classes a cell itself calls, noted while it runs."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str]] = set()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        caller = frame.f_back
        while caller is not None and caller.f_code.co_filename == unmodified.__file__:  # which stands round each
            caller = caller.f_back
        if event != "call" or caller is None or not caller.f_code.co_filename.startswith("<cell"):
            return
        module, name = str(frame.f_globals.get("__name__", "")), frame.f_code.co_qualname
        if frame.f_code.co_name == "__init__":
            module, name = type(frame.f_locals["self"]).__module__, type(frame.f_locals["self"]).__qualname__
        if module.split(".")[0] == "evaluation" and not frame.f_code.co_name.startswith("__get"):
            self.seen.add((module, name))


@pytest.fixture(scope="module")
def programme():
    """The programme chapter, run cell by cell: its code cells, and for each what it showed and what it called."""
    notebook = nbformat.read(ROOT / "notebooks" / "01_programme.ipynb", as_version=4)
    cells = [one for one in notebook.cells if one.cell_type == "code"]
    values: dict[str, Any] = {}
    shown, called = [], []
    for number, one in enumerate(cells, start=1):
        calls = Calls()
        *lines, last = one.source.rsplit("\nchapter.", 1)
        whole = "\n".join(lines) if not one.source.startswith("chapter.") else ""
        expression = f"chapter.{last}" if lines else last
        is_shown = expression.startswith(("chapter.table", "chapter.figure"))
        sys.setprofile(calls)
        try:
            exec(compile(whole if is_shown else one.source, f"<cell {number}>", "exec"), values)
            shown.append(eval(compile(expression, f"<cell {number}>", "eval"), values) if is_shown else None)
        finally:
            sys.setprofile(None)
        called.append(calls.seen)
    return notebook, shown, called


def test_the_functions_found_are_those_that_run(programme):
    notebook, _, called = programme
    # A cell names it for the case that there is nothing to show; here there is.
    instead = {("evaluation.exhibits.chapter", "Chapter.remarks")}
    found_in_all: set[tuple[str, str]] = set()
    for origin in origins(notebook).values():
        objects = [resolved(name) for name in origin.functions]
        found = {(one.__module__, one.__qualname__) for one in objects if isinstance(one, (FunctionType, type))}
        assert len(found) == len(origin.functions)
        assert found - instead <= set().union(*(called[number - 1] for number in origin.rests_on))
        found_in_all |= found
    ran = set().union(*called)
    assert found_in_all - instead == {one for one in ran - instead if not isinstance(resolved(".".join(one)), property)}


def test_the_cells_named_make_the_exhibit_again_on_their_own(programme):
    notebook, shown, _ = programme
    cells = [one.source for one in notebook.cells if one.cell_type == "code"]
    places = {origin.cell: origin for origin in origins(notebook).values()}
    for number in [number for number, exhibit in enumerate(shown, start=1) if exhibit][::3]:
        origin = places[number]
        assert origin.rests_on[-1] == number
        assert len(origin.rests_on) < number
        values: dict[str, Any] = {}
        for place in origin.rests_on[:-1]:
            exec(cells[place - 1], values)
        start = cells[number - 1].rfind("\nchapter.") + 1
        exec(cells[number - 1][:start], values)
        again = eval(cells[number - 1][start:], values)
        assert (again.id, again.csv) == (shown[number - 1].id, shown[number - 1].csv)


def test_a_study_knows_which_of_its_tables_were_read():
    study = load_study("data/demo", as_of="2013-12-31", division=2013)
    outcomes = {"sick_leave", "positions", "background", "vacancies", "survey", "annual_reports", "annual_report_forms"}
    assert "projects" in study.tables_read
    repr(study)
    assert not outcomes & set(study.tables_read)  # to show a study is not to use its tables
    assert len(study.annual_reports)
    assert outcomes & set(study.tables_read) == {"annual_reports", "annual_report_forms"}
    assert study.positions.is_file()
    assert "positions" in study.tables_read
    assert len(study.dropped)
    assert outcomes < set(study.tables_read)


# The summary -----------------------------------------------------------------------------------------------------


def test_the_summary_comes_first_with_its_references_resolved_across_chapters():
    prose = toys.prose(
        f"Av {NB.marked('{n}', n=5)} viser @fig:g mest. Se @chapter:first, @fig:01_first-f[^1].\n\n[^1]: x"
    )
    last = toys.notebook(
        TITLE,
        toys.markdown("## Grenser\n\n@Chapter:02_last sier mer.", "nb", "summary"),
        toys.markdown("## Limits", "en", "summary"),
        toys.code("1"),
        toys.shown(prose, toys.figure("g")),
    )
    last.cells[-1].metadata["tags"] = ["summary"]
    notebooks = {"01_first": toys.notebook(TITLE, toys.shown(toys.figure("f"))), "02_last": last}
    runs = [[Run(name, Path(f"{name}.ipynb"), {})] for name in notebooks]
    text = assemble(runs, notebooks, language="nb").markdown
    start = text.split("# Tittel {#chapter-1", 1)[0]
    lines = [line for line in takewhile(lambda line: not line.startswith("# Tittel"), start.splitlines()) if line]
    assert lines == [
        "# Sammendrag {#summary .unnumbered .summary}",
        "[Kapittel 2](#chapter-2) sier mer.",
        "Av [5](#source-02_last-2){.number} viser [figur 2.1](#fig-02_last-g) mest. "
        "Se [kapittel 1](#chapter-1), [figur 1.1](#fig-01_first-f)[^summary-02_last-1].",
        "[^summary-02_last-1]: x",
    ]
    chapter = text.split("# Tittel {#chapter-2", 1)[1]
    assert "## Grenser" in chapter  # it stands in its chapter too, where numbers are led back to
    assert "{#number-02_last-2}" in chapter


def test_a_report_without_such_cells_has_no_summary_and_an_absent_chapter_is_refused():
    assert "#summary" not in report().markdown
    notebooks = {"02_a": toys.notebook(TITLE, toys.markdown("@chapter:sick_leave"))}
    with pytest.raises(ReportError, match=r"@chapter:sick_leave refers to a chapter that is not in the report. It has"):
        assemble([[Run("02_a", Path("02_a.ipynb"), {})]], notebooks, language="nb")
