"""The same text as HTML, PDF and Word: self-contained, numbered, cited, marked, and equal byte by byte."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from xml.dom import minidom

import pytest
import toy_reports as toys
from pypdf import PdfReader

from evaluation.errors import ReportError
from evaluation.report.assemble import assemble
from evaluation.report.copies import chapters
from evaluation.report.parameters import Run
from evaluation.report.render import Front, render

ROOT = Path(__file__).parents[1]
EPOCH = 1388448000
BANNER = "Syntetiske data: kommunene er oppdiktet"
HOSTILE = '<script>alert(1)</script> \\input{x} `raw`{=html} _a_ "q" #x $5 @y'
FRONT = Front(
    "Midtveis & <slutt>", "Under $tittel$ #1", "nb", ("Data til og med 31. desember 2013", "Versjon 1"), BANNER
)


BIBLIOGRAPHY = """
@article{holm1979, author = {Holm, Sture}, title = {A simple procedure}, journal = {Journal}, year = {1979},
  volume = {6}, pages = {65--70}}
@article{callaway2021, author = {Callaway, Brantly and Sant'Anna, Pedro H. C.}, title = {Several periods},
  journal = {Journal}, year = {2021}}
"""


def document(folder: Path, *cells, language: str = "nb") -> Path:
    run = Run("02_a", Path("02_a.ipynb"), {})
    notebook = toys.notebook(toys.markdown("# Tittel"), *cells)
    result = assemble([[run]], {"02_a": notebook}, language=language, inputs=[("file_1.csv", "0f" * 32)])
    folder.mkdir()
    (folder / "references.bib").write_text(BIBLIOGRAPHY, encoding="utf-8")
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
        toys.markdown(
            "Andelen er [9,3](#chapter-1){.number} prosent, etter @holm1979, med flere perioder [@callaway2021]."
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
        *("data", "figures", "references.bib", "report.docx", "report.html", "report.md", "report.pdf"),
    ]


class Page(HTMLParser):
    """Collects the elements of a page and the text shown."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.shown = ""
        self.hidden = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.hidden = tag in ("style", "script")

    def handle_endtag(self, tag):
        self.hidden = False

    def handle_data(self, data):
        self.shown += "" if self.hidden else data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page(report):
    return Page((report / "report.html").read_text(encoding="utf-8"))


def test_the_page_asks_for_nothing_and_runs_its_own_script_alone(page, report):
    text = (report / "report.html").read_text(encoding="utf-8")
    assert not {"link", "iframe", "object", "embed", "form", "base"} & {tag for tag, _ in page.elements}
    assert page.all("script") == page.all("style") == [{}]
    given = [(name, value) for _, attributes in page.elements for name, value in attributes.items()]
    sources = [value for name, value in given if name == "src"]
    assert sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert "url(" not in text
    assert not [name for name, _ in given if name.startswith("on") or name == "style"]


def test_the_policy_of_the_page_names_its_script_and_style_by_their_hashes(page, report):
    text = (report / "report.html").read_text(encoding="utf-8")
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv"))
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    for rule, tag in {"script-src": "script", "style-src": "style"}.items():
        content = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        assert rules.pop(rule) == f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
    none = dict.fromkeys(("default-src", "base-uri", "form-action"), "'none'")
    assert rules == none | {"img-src": "data:"}


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
    assert any(cell.get("class") == "right" for cell in page.all("td"))


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
    for style in ("Caption", "ExhibitNote", "TOC1", "TOC2", "Notice"):
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


def _body(report: Path) -> str:
    with zipfile.ZipFile(report / "report.docx") as file:
        return file.read("word/document.xml").decode()


def test_word_can_number_list_and_refer_to_the_captions_itself(report):
    body = _body(report)
    captions = [text for text in re.findall(r"<w:p>.*?</w:p>", body) if 'w:pStyle w:val="Caption"' in text]
    fields = [re.findall(r'w:instr=" (SEQ [^"]+) "', caption) for caption in captions]
    assert fields == [[r"SEQ Figur \* ARABIC \s 1"], *[[r"SEQ Tabell \* ARABIC \s 1"]] * 2]
    assert [re.sub(r"<[^>]+>", "", caption)[:10] for caption in captions] == ["Figur 1.1 ", "Tabell 1.1", "Tabell 1.2"]
    labels = dict(re.findall(r'w:bookmarkStart w:id="\d+" w:name="(_Ref\w+)"/>(.*?)<w:bookmarkEnd', body))
    references = re.findall(r'w:instr=" REF (\w+) \\h( \\\* Lower)? "><w:r><w:t [^>]*>([^<]+)<', body)
    assert len(references) >= 5  # two in the text, three in the appendix
    for name, lower, shown in references:
        label = re.sub(r"<[^>]+>", "", labels[name])
        assert shown.replace("\u00a0", " ") == (label.lower() if lower else label)
    assert {name for name, _, _ in references} == set(labels)


def test_what_is_cited_is_listed_before_the_appendices(page, pdf, report):
    for text in (page.shown, " ".join(p.extract_text() for p in pdf.pages[1:]), re.sub(r"<[^>]+>", "", _body(report))):
        text = " ".join(text.split()).replace("\u2019", "'")
        assert "etter Holm (1979), med flere perioder (Callaway og Sant'Anna 2021)." in text
        assert "Holm, Sture. 1979. «A simple procedure». Journal 6: 65–70." in text
        assert text.rindex("Referanser") < text.rindex("Holm, Sture") < text.rindex("Vedlegg A")
    assert {"references", "ref-holm1979"} <= {link["href"][1:] for link in page.all("a")}
    assert "@y" in page.shown  # the mark in a name is no citation


@pytest.mark.parametrize(
    ("language", "cited", "title"),
    [
        ("nn", "(Callaway og Sant\u2019Anna 2021)", "Referansar"),
        ("en", "(Callaway and Sant\u2019Anna 2021)", "References"),
    ],
)
def test_citations_speak_the_language_of_the_report(tmp_path, language, cited, title):
    folder = document(tmp_path / "a", toys.markdown("Sjå [@callaway2021]."), language=language)
    render(folder, Front("Title", "", language), EPOCH)
    shown = Page((folder / "report.html").read_text(encoding="utf-8")).shown
    assert cited in shown
    assert title in shown
    assert "Holm" not in shown  # in the bibliography, but not cited


def test_every_citation_that_is_not_in_the_bibliography_is_named(tmp_path):
    text = "Som @holm1997 og [@ukjent; @holm1979] sier."
    with pytest.raises(ReportError) as error:
        render(document(tmp_path / "a", toys.markdown(text)), FRONT, EPOCH)
    assert str(error.value).splitlines() == [
        "Tittel: @holm1997 is cited, but is not in notebooks/references.bib. Did you mean @holm1979? "
        "Add it there, correct the key, or write \\@holm1997 if no source is meant.",
        "Tittel: @ukjent is cited, but is not in notebooks/references.bib. "
        "Add it there, correct the key, or write \\@ukjent if no source is meant.",
    ]


def test_the_chapters_cite_what_the_bibliography_has_and_alike_in_every_language():
    text = (ROOT / "notebooks" / "references.bib").read_text(encoding="utf-8")
    entries = dict(re.findall(r"^@article\{(\w+),(.*?)^\}", text, re.MULTILINE | re.DOTALL))
    for key, entry in entries.items():
        assert {"author", "title", "journal", "year", "volume", "pages"} <= set(re.findall(r"(\w+) = \{", entry)), key
        assert re.search(r"year = \{(\d+)\}", entry)[1] in key
    cited = {language: Counter() for language in ("nb", "nn", "en")}
    for path in chapters(ROOT / "notebooks"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            tags = [tag for tag in cell["metadata"].get("tags", []) if tag in cited]
            for line in cell["source"]:
                spoken = tags or re.findall(r"^\s*\"?(nb|nn|en)\"?[=:]", line)
                for key in re.findall(r"(?<![\w:])@([a-z]+\d{4})\b", line):
                    cited[spoken[0]][f"{path.stem}: {key}"] += 1
    assert cited["nb"] == cited["nn"] == cited["en"]
    assert len(cited["nb"]) > 15
    assert {name.split(": ")[1] for name in cited["nb"]} <= set(entries)


def test_a_report_that_cites_nothing_needs_no_bibliography(tmp_path):
    folder = document(tmp_path / "a", toys.markdown("Skriv til post@example.org, eller \\@holm1979."))
    (folder / "references.bib").unlink()
    render(folder, FRONT, EPOCH)
    shown = Page((folder / "report.html").read_text(encoding="utf-8")).shown
    assert "post@example.org, eller @holm1979." in shown
    assert "Referanser" not in shown


def test_code_is_folded_on_the_page_and_left_out_elsewhere(tmp_path):
    folder = document(tmp_path / "a", toys.shown(toys.figure("kurve")))
    text = (folder / "report.md").read_text(encoding="utf-8")
    block = '::: {.code}\n```python\nhemmelig("<script>")\n```\n:::\n\n'
    (folder / "report.md").write_text(
        re.sub(r"::: \{\.code\}.*?\n:::\n\n|(?=# Vedlegg A)", block, text, count=1, flags=re.S)
    )
    render(folder, FRONT, EPOCH)
    page = Page((folder / "report.html").read_text(encoding="utf-8"))
    assert page.all("details") == [{"class": "code"}]
    assert "Kode · Figur 1.1" in page.shown
    assert 'hemmelig("<script>")' in page.shown
    assert "hemmelig" not in _body(folder)
    assert not any("hemmelig" in p.extract_text() for p in PdfReader(folder / "report.pdf").pages)


def test_a_number_in_the_text_leads_to_its_source_and_reads_as_text_on_paper(page, pdf, report):
    assert {"href": "#chapter-1", "class": "number"} in page.all("a")
    run = re.search(r'<w:hyperlink w:anchor="chapter-1" w:history="1">(<w:r>.*?</w:r>)</w:hyperlink>', _body(report))
    assert run[1] == '<w:r><w:t xml:space="preserve">9,3</w:t></w:r>'
    assert "er 9,3 prosent" in " ".join(" ".join(p.extract_text() for p in pdf.pages).split())


def test_a_draft_is_marked_on_the_front_and_on_every_page_of_all_three_forms(tmp_path):
    folder = document(tmp_path / "a", toys.shown(toys.table("lang", rows=70)))
    render(folder, Front("Tittel", "", "nb", ("Versjon 1",), BANNER, draft="UTKAST"), EPOCH)
    page = Page((folder / "report.html").read_text(encoding="utf-8"))
    assert page.all("header") == [{"class": "banner"}, {"class": "title"}]
    assert {"class": "draft"} in page.all("p")
    assert f"UTKAST · {BANNER}" in page.shown
    texts = [sheet.extract_text() for sheet in PdfReader(folder / "report.pdf").pages]
    assert all(f"UTKAST · {BANNER}" in text for text in texts)
    assert texts[0].count("UTKAST") == 2
    with zipfile.ZipFile(folder / "report.docx") as file:
        assert f"UTKAST · {BANNER}" in file.read("word/header1.xml").decode()
    assert re.search(r'"Notice" />.{0,80}>UTKAST<', _body(folder))


def test_the_summary_stands_first_without_a_number(tmp_path):
    folder = document(tmp_path / "a", toys.markdown("Tekst"))
    text = (folder / "report.md").read_text(encoding="utf-8")
    summary = "# Sammendrag {#summary .unnumbered .summary}\n\nDet viktigste.\n\n"
    (folder / "report.md").write_text(summary + text, encoding="utf-8")
    render(folder, FRONT, EPOCH)
    shown = " ".join(Page((folder / "report.html").read_text(encoding="utf-8")).shown.split())
    assert "Sammendrag Det viktigste. 1 Tittel Tekst" in shown
    assert "Sammendrag 1 Tittel Vedlegg" in shown  # the contents


def test_a_table_too_wide_for_the_text_reaches_into_the_margins_before_the_type_becomes_small(tmp_path):
    header = [f"Overskrift{k}" for k in range(12)]
    wide = toys.table("bred", header=header, align=["right"] * 12, rows=[["1 234 567,89"] * 12])
    folder = document(tmp_path / "a", toys.shown(wide), toys.shown(toys.table("smal")))
    render(folder, FRONT, EPOCH)
    starts = {}
    for sheet in PdfReader(folder / "report.pdf").pages:
        sheet.extract_text(visitor_text=lambda text, at, *_: starts.setdefault(text.strip(), at[4]))
    margin = 2.5 / 2.54 * 72
    assert starts["Overskrift0"] < margin < starts["Kommunenavn"] < margin + 10


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
        ("Tegnet \uff1d", "could not be displayed .* Replace the character in the data or the notebook"),
    ],
)
def test_what_cannot_be_rendered_is_an_error(tmp_path, text, expected):
    with pytest.raises(ReportError, match=expected):
        render(document(tmp_path / "a", toys.markdown(text)), FRONT, EPOCH)
