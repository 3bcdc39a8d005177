"""What a municipality is called is text, whatever it looks like: no form of a report carries anything of it out."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pandas as pd
import pytest
import toy_reports as toys
from pypdf import PdfReader

from benchmarks import _browser as browser
from evaluation import exhibits
from evaluation.disclosure import release_public
from evaluation.report.assemble import assemble
from evaluation.report.parameters import Run
from evaluation.report.render import Front, render
from evaluation.texts import three

FORMULAS = ["=cmd()|' /C calc'!A1", "+1+1", "-1-1", "@SUM(A1)", "Nes;=1+1"]
MARKUP = [
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "<!-- x -->", "&lt;b&gt;"),
    *("*x*", "__x__", "~~x~~", "^x^", "[a](b)", "![a](http://example.org/x.png)", "[@holm1979]", "@holm1979", "@fig:a"),
    *(":::", "::: {.code}", "```", "`x`{=html}", "| a | b |", "# x", "1. x", "[^1]", "^[x]", "{x}", "{{x}}", "- x"),
    *(
        "$x$",
        "\\input{x}",
        "\\u{41}",
        "#x",
        '#link("x")[y]',
        "#emph[x]",
        "<fig-a>",
        "$for(x)$",
        "// x",
        "/* x */",
        "%x",
    ),
    *("</style><b>x</b>", "]]>", "&#x3c;", "--", "\"x\" 'y'"),
]
NAMES = [*FORMULAS, *MARKUP]
BIBLIOGRAPHY = "@article{holm1979, author = {Holm, Sture}, title = {A procedure}, journal = {J}, year = {1979}}"


def notebook():
    name = three("Programmet", "Programmet", "The programme")
    study = SimpleNamespace(synthetic=True, name=name, as_of=date(2013, 12, 31), division=2013)
    chapter = exhibits.Chapter("toy", study=study, language="nb")
    frame = pd.DataFrame({"municipality": NAMES, "rate": [-0.5 - k for k in range(len(NAMES))]})
    few = release_public(frame.assign(after=0.5).rename(columns={"rate": "before"}).head(12))
    titles = {"municipality": three("Kommune", "Kommune", "Municipality"), "rate": three("Rate", "Rate", "Rate")}
    columns = {"category": "municipality", "before": "before", "after": "after"}
    lines = exhibits.dumbbell(few, **columns, value_label="mean_size")
    told = [chapter.say(nb="{n} er størst.", nn="{n} er størst.", en="{n} is largest.", n=one) for one in NAMES]
    captions = {"nb": "Kommunen {n}", "nn": "Kommunen {n}", "en": "Municipality {n}"}
    shown = [
        *told,
        chapter.table("a", release_public(frame), **captions, n=MARKUP[0], columns=titles),
        chapter.figure("b", lines, **captions, n=MARKUP[0]),
    ]
    cells = [toys.shown(one._repr_mimebundle_()) for one in shown]
    return toys.notebook(toys.markdown("# Tittel"), *cells)


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("injection")
    made = assemble([[Run("02_a", Path("02_a.ipynb"), {})]], {"02_a": notebook()}, language="nb")
    for name, content in {
        **made.files,
        "report.md": made.markdown.encode(),
        "references.bib": BIBLIOGRAPHY.encode(),
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    render(folder, Front(MARKUP[0], MARKUP[5], "nb", ("$x$ #x",), "*x* #x", draft="<b>"), 1388448000)
    return folder


class Page(HTMLParser):
    """Collects the text of every cell and paragraph, and the page's elements."""

    def __init__(self, text: str):
        super().__init__()
        self.texts: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("td", "th", "p", "h1", "figcaption", "header"):
            self.texts.append("")

    def handle_data(self, data):
        if self.texts:
            self.texts[-1] += data


def test_every_name_is_text_on_the_page(report):
    page = Page((report / "report.html").read_text(encoding="utf-8"))
    texts = [" ".join(text.split()) for text in page.texts]
    for name in NAMES:
        assert name in texts, name  # its cell
        assert f"{name} er størst." in texts, name
    assert sum("Kommunen <script>alert(1)</script>" in text for text in texts) >= 3  # two captions, and the appendix
    assert {"<script>alert(1)</script>", "*x*", "$x$ #x", "<b>"} <= set(texts)
    assert any(text.startswith("<b> · *x* #x") for text in texts)
    assert [given for tag, given in page.elements if tag == "script"] == [{}]
    assert not any(name.startswith("on") for _, given in page.elements for name in given)
    links = {given["href"] for tag, given in page.elements if tag == "a" and "href" in given}
    assert {link for link in links if not link.startswith("#")} <= {"data/02_a-a.csv", "data/02_a-b.csv"}
    assert "#ref-holm1979" not in links


def test_every_name_is_text_in_word_and_word_is_asked_to_run_nothing(report):
    space = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    with zipfile.ZipFile(report / "report.docx") as file:
        document = ElementTree.fromstring(file.read("word/document.xml"))
        header = ElementTree.fromstring(file.read("word/header1.xml"))
        relations = file.read("word/_rels/document.xml.rels").decode()
    texts = ["".join(part.itertext()) for part in document.iter(f"{space}p")]
    for name in NAMES:
        assert name in texts, name
        assert f"{name} er størst." in texts, name
    assert "".join(header.itertext()) == "<b> · *x* #x<script>alert(1)</script>"
    fields = {field.get(f"{space}instr").split()[0] for field in document.iter(f"{space}fldSimple")}
    fields |= {"".join(field.itertext()).split()[0] for field in document.iter(f"{space}instrText")}
    assert fields <= {"SEQ", "REF", "TOC"}
    assert "External" not in relations


def test_every_name_is_text_in_the_pdf_and_the_pdf_is_asked_to_run_nothing(report):
    pdf = PdfReader(report / "report.pdf")
    shown = _letters(" ".join(page.extract_text() for page in pdf.pages))
    for name in NAMES:
        assert shown.count(_letters(name)) >= 2, name
    targets = [note.get_object() for page in pdf.pages for note in page.get("/Annots", [])]
    assert targets
    assert not any("/A" in note for note in targets)  # they lead to places in it
    assert not {"/OpenAction", "/AA", "/AcroForm"} & set(pdf.trailer["/Root"])
    assert pdf.metadata.title == f"{MARKUP[0]}. {MARKUP[5]}"


def _letters(text: str) -> str:
    """Without spaces and the hyphens of line breaks, and with wide signs as the narrow ones."""
    return re.sub(r"[\s\u00ad\u2010]", "", unicodedata.normalize("NFKC", text)).replace("-", "")


def test_no_name_begins_a_formula_in_a_csv_and_numbers_stay_numbers(report):
    text = (report / "data" / "02_a-a.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [float(row["rate"]) for row in rows] == [-0.5 - k for k in range(len(NAMES))]
    read = [row["municipality"] for row in rows]
    assert [cell.replace("'", "", 1) if cell != name else cell for cell, name in zip(read, NAMES, strict=True)] == NAMES
    for separator in ",;\t":  # however a spreadsheet cuts the line
        cells = [cell for row in csv.reader(io.StringIO(text), delimiter=separator) for cell in row]
        suspect = [cell for cell in cells if re.match(r"\s*[=+@-]", cell)]
        assert all(re.fullmatch(r"-[\d.]+", cell) for cell in suspect), suspect


@pytest.mark.skipif(browser.find() is None, reason="needs Chromium")
def test_a_browser_shows_the_page_without_running_or_fetching_anything_else(report):
    with browser.browsing() as tab:
        tab.open(report / "report.html")
        tab.run("document.getElementById('wanted').focus()")
        tab.write("<script>alert(1)</script>")
        tab.run("new Promise((done) => setTimeout(done, 400))")
        tab.press("Enter", 13)
        assert tab.run("document.querySelectorAll('mark').length") >= 4
        assert tab.run("document.querySelectorAll('main script, main img[onerror]').length") == 0
        assert tab.requests == [(report / "report.html").resolve().as_uri()]
        assert tab.messages == []
