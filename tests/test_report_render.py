"""The same text as HTML, PDF and Word: accessible, self-contained, marked as synthetic, and equal byte by byte."""

from __future__ import annotations

import io
import re
import zipfile
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.dom import minidom

import pytest
import toy_reports as toys
from pypdf import PdfReader

from evaluation.errors import ReportError
from evaluation.report.assemble import assemble
from evaluation.report.parameters import Run
from evaluation.report.render import Front, render

EPOCH = 1388448000
BANNER = "Syntetiske data: kommunene er oppdiktet"
HOSTILE = '<script>alert(1)</script> \\input{x} `raw`{=html} _a_ "q" #x $5 @y'
FRONT = Front(
    "Midtveis & <slutt>", "Under $tittel$ #1", "nb", ("Data til og med 31. desember 2013", "Versjon 1"), BANNER
)


def document(folder: Path, *cells) -> Path:
    run = Run("02_a", Path("02_a.ipynb"), {})
    notebook = toys.notebook(toys.markdown("# Tittel"), *cells)
    result = assemble([[run]], {"02_a": notebook}, language="nb", inputs=[("file_1.csv", "0f" * 32)])
    folder.mkdir()
    (folder / "report.md").write_text(result.markdown, encoding="utf-8")
    for name, content in result.files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def whole(folder: Path) -> Path:
    hostile = [[f"| {HOSTILE}", ":"], ["", "1\u202f234,5"]]
    cells = [
        toys.markdown(
            "## Utvikling\n\nSe @fig:kurve og @tbl:lang. Formel $\\frac{d}{a}$ og $$x^2$$\n\n#### Hoppet over"
        ),
        toys.markdown("# Utvikling\n\n<script>alert(2)</script>[^1]\n\n[^1]: Fotnote."),
        toys.shown(toys.figure("kurve", caption=f"Kurve {HOSTILE}", note=HOSTILE)),
        toys.shown(toys.table("lang", rows=70)),
        toys.shown(toys.table("rar", header=["A | B", HOSTILE], rows=hostile)),
    ]
    made = document(folder, *cells)
    render(made, FRONT, EPOCH)
    return made


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return whole(tmp_path_factory.mktemp("render") / "a")


def test_rendering_again_gives_the_same_bytes(report, tmp_path):
    again = whole(tmp_path / "b")
    for name in ("report.html", "report.pdf", "report.docx"):
        assert (report / name).read_bytes() == (again / name).read_bytes(), name
    assert sorted(path.name for path in again.iterdir()) == [
        *("data", "figures", "report.docx", "report.html", "report.md", "report.pdf"),
    ]


class Page(HTMLParser):
    """Collects the elements of a page and the text shown."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.shown = ""
        self.style = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.style = tag == "style"

    def handle_endtag(self, tag):
        self.style = False

    def handle_data(self, data):
        self.shown += "" if self.style else data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page(report):
    return Page((report / "report.html").read_text(encoding="utf-8"))


def test_the_page_asks_for_nothing_and_runs_nothing(page, report):
    assert not {"script", "link", "iframe", "object", "embed"} & {tag for tag, _ in page.elements}
    sources = [value for _, attributes in page.elements for name, value in attributes.items() if name == "src"]
    assert sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert "url(" not in (report / "report.html").read_text(encoding="utf-8")
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]


def test_text_from_data_is_shown_and_not_interpreted(page):
    assert page.shown.count(HOSTILE) == 5  # caption, note, heading, cell, and the caption in the appendix
    assert "<script>alert(2)</script>" in page.shown
    assert "Midtveis & <slutt>" in page.shown
    assert "Under $tittel$ #1" in page.shown


def test_the_page_is_accessible(page):
    assert page.all("html") == [{"lang": "nb"}]
    assert [image["alt"] for image in page.all("img")] == ["Kurven kurve stiger."]
    assert page.all("figure")[0] == {"id": "fig-02_a-kurve", "class": "figure"}
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    targets = {link["href"][1:] for link in page.all("a") if link["href"].startswith("#")}
    assert targets <= set(identifiers)
    assert {"fig-02_a-kurve", "tbl-02_a-lang", "chapter-1", "utvikling"} <= targets
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)][1:]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(page.all("th")) > 70
    assert any("text-align: right" in (cell.get("style") or "") for cell in page.all("td"))


def test_the_page_is_marked_and_numbered(page):
    assert BANNER in page.shown
    assert "Figur 1.1 Kurve" in page.shown
    assert "Tabell 1.1 Noen tall" in page.shown
    assert "Vedlegg A: Figurer, tabeller og kilder" in page.shown
    assert "file_1.csv" in page.shown
    assert "0f" * 32 in page.shown


@pytest.fixture(scope="module")
def pdf(report):
    return PdfReader(io.BytesIO((report / "report.pdf").read_bytes()))


def test_the_pdf_is_tagged_with_language_title_and_standard(pdf):
    root = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is not None
    assert bool(root["/MarkInfo"]["/Marked"])
    assert root["/Lang"] == "nb"
    assert pdf.metadata.title == "Midtveis & <slutt>. Under $tittel$ #1"
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    kinds, alternatives = _structure(root["/StructTreeRoot"])
    assert {"/Figure", "/Table", "/TH", "/TD", "/Caption", "/H1", "/H2", "/H3", "/Formula", "/TOC"} <= kinds
    assert {"Kurven kurve stiger.", "\\frac{d}{a}", "x^2"} <= alternatives


def _structure(node) -> tuple[set[str], set[str]]:
    kinds, alternatives, waiting = set(), set(), [node]
    while waiting:
        element = waiting.pop().get_object()
        if not hasattr(element, "get"):
            continue
        kinds.add(element.get("/S"))
        alternatives.add(element.get("/Alt"))
        children = element.get("/K", [])
        waiting += children if isinstance(children, list) else [children]
    return kinds, alternatives


def test_every_page_of_the_pdf_is_marked_and_a_long_table_repeats_its_headings(pdf):
    texts = [page.extract_text() for page in pdf.pages]
    assert all(BANNER in text for text in texts)
    assert sum("Kommunenavn" in text for text in texts) >= 2
    assert "Data til og med 31. desember 2013" in texts[0]
    assert any("Side 3" in text for text in texts)
    assert str(pdf.metadata.creation_date).startswith("2013-12-31")


def test_the_word_file_has_captions_headings_and_alternative_texts(report):
    with zipfile.ZipFile(report / "report.docx") as file:
        parts = {name: file.read(name) for name in file.namelist()}
        assert {entry.date_time[:3] for entry in file.infolist()} <= {(1980, 1, 1), (2013, 12, 31)}
    for name, content in parts.items():
        if name.endswith((".xml", ".rels")):
            minidom.parseString(content)
    body = parts["word/document.xml"].decode()
    assert 'descr="Kurven kurve stiger."' in body
    for style in ("TableCaption", "ImageCaption", "ExhibitNote", "TOC1", "TOC2", "Notice"):
        assert f'w:pStyle w:val="{style}"' in body, style
        assert f'w:styleId="{style}"' in parts["word/styles.xml"].decode(), style
    assert '<w:tblHeader w:val="on" />' in body
    assert '<w:jc w:val="right" />' in body
    assert re.search(r'<w:lang [^>]*w:val="nb"', parts["word/styles.xml"].decode())
    headers = [content.decode() for name, content in parts.items() if name.startswith("word/header")]
    assert len(headers) == 1
    assert BANNER in headers[0]
    assert "Midtveis &amp; &lt;slutt&gt;" in headers[0]
    anchors = set(re.findall(r'w:anchor="([^"]+)"', body))
    assert anchors <= set(re.findall(r'w:bookmarkStart [^>]*w:name="([^"]+)"', body))


def test_a_report_of_real_data_has_no_banner(tmp_path):
    folder = document(tmp_path / "a", toys.markdown("Tekst"), toys.shown(toys.table("t", synthetic=False)))
    render(folder, Front("Title", "", "en"), EPOCH)
    assert 'class="banner"' not in (folder / "report.html").read_text(encoding="utf-8")
    text = PdfReader(folder / "report.pdf").pages[0].extract_text()
    assert "Evaluation report" in text
    assert "Synthetic" not in text
    with zipfile.ZipFile(folder / "report.docx") as file:
        assert 'w:val="Banner"' not in file.read("word/header1.xml").decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![x](http://example.org/x.png)", "a picture that is not an exhibit"),
        ("Formel $\\nonsense{$ her", "cannot be read as TeX"),
    ],
)
def test_what_cannot_be_rendered_is_an_error(tmp_path, text, expected):
    with pytest.raises(ReportError, match=expected):
        render(document(tmp_path / "a", toys.markdown(text)), FRONT, EPOCH)
