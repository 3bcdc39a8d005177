"""A report can be read by everyone: tags, alternative texts, contrast, and tools that work by keyboard."""

from __future__ import annotations

import base64
import io
import re
import time
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
import toy_reports as toys
from pypdf import PdfReader

from benchmarks import _browser as browser
from evaluation.report.assemble import assemble
from evaluation.report.parameters import Run
from evaluation.report.render import TEMPLATES, Front, render

CODE = "\n\n::: {.code}\n```python\nhemmelig = 'Oppdiktet'\n```\n:::\n\n"
needs_browser = pytest.mark.skipif(browser.find() is None, reason="needs Chromium")


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("accessibility")
    cells = [
        toys.markdown("## Utvikling\n\nSe @fig:kurve. Fraværet er **1\u202f234,5** og \u22120,3; frav*ær*et."),
        toys.shown(toys.figure("kurve"), toys.figure("andre")),
        toys.markdown("## Effekt\n\nFormel $x^2$."),
        toys.shown(toys.table("lang", rows=70)),
    ]
    run = Run("02_a", Path("02_a.ipynb"), {})
    made = assemble([[run]], {"02_a": toys.notebook(toys.markdown("# Tittel"), *cells)}, language="nb")
    text = re.sub(r"::: \{\.code\}.*?\n:::\n", "", made.markdown, flags=re.DOTALL)
    text = re.sub(r"(?=^## Effekt|^# Vedlegg A)", CODE, text, flags=re.MULTILINE)
    for name, content in {**made.files, "report.md": text.encode()}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    render(folder, Front("Tittel", "Under", "nb", ("Versjon 1",), "Oppdiktet", "UTKAST"), 1388448000)
    return folder


def _structure(report: Path) -> list[dict[str, object]]:
    """Every element of the PDF's structure tree, in the order of reading."""
    elements, waiting = [], [PdfReader(report / "report.pdf").trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        if hasattr(element, "get"):
            elements.append(element)
            children = element.get("/K", [])
            waiting += list(children if isinstance(children, list) else [children])[::-1]
    return elements


def test_every_picture_in_the_pdf_has_a_text_that_is_not_its_caption(report):
    elements = _structure(report)
    figures = [element for element in elements if element.get("/S") == "/Figure"]
    assert [figure["/Alt"] for figure in figures] == ["Kurven kurve stiger.", "Kurven andre stiger."]
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(report / "report.pdf").pages).split())
    assert "Figur 1.1 En kurve" in text
    assert "Kurven kurve stiger" not in text


def test_every_table_in_the_pdf_has_headings_that_say_what_they_are_of(report):
    headings = [element for element in _structure(report) if element.get("/S") == "/TH"]
    assert headings
    for heading in headings:
        attributes = heading["/A"].get_object()
        attributes = attributes if isinstance(attributes, list) else [attributes]
        assert any(one.get_object().get("/Scope") == "/Column" for one in attributes)


def test_the_pdf_names_its_language_and_title_and_nests_its_headings(report):
    root = PdfReader(report / "report.pdf").trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "nb"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    levels = [int(e["/S"][2:]) for e in _structure(report) if re.fullmatch(r"/H\d", str(e.get("/S")))]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


class Controls(HTMLParser):
    """Collects the controls of a page, what labels them, and pictures with the caption they stand under."""

    def __init__(self, text: str):
        super().__init__()
        self.labels: set[str | None] = set()
        self.controls: list[dict[str, str | None]] = []
        self.pictures: list[tuple[str, str]] = []
        self.caption: str | None = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "label":
            self.labels.add(given["for"])
        if tag in ("input", "select", "button"):
            self.controls.append({"tag": tag, **given})
        if tag == "figcaption":
            self.caption = ""
        if tag == "img":
            self.pictures.append((given["alt"] or "", " ".join((self.caption or "").split())))

    def handle_data(self, data):
        if self.caption is not None:
            self.caption += data


def test_every_picture_and_control_of_the_page_has_a_name(report):
    page = Controls((report / "report.html").read_text(encoding="utf-8"))
    assert page.pictures == [
        ("Kurven kurve stiger.", "Figur 1.1 En kurve"),
        ("Kurven andre stiger.", page.pictures[1][1]),
    ]
    assert page.pictures[1][1].endswith("Figur 1.2 En kurve")
    named = [c for c in page.controls if c.get("aria-label") or c["id"] in page.labels or c["id"] == "code"]
    assert named == page.controls
    assert len(named) == 5


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("place", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground_in_light_and_in_dark(place):
    sheet = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    found = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", sheet)
    colours = {name: pair[place] for name, *pair in found} | dict(re.findall(r"--([\w-]+): (#\w{6});", sheet))
    on_paper = [(text, ground) for text in ("ink", "quiet", "accent") for ground in ("paper", "panel")]
    for text, ground in [
        *on_paper,
        ("mark-ink", "mark"),
        ("mark-ink", "paper"),
        ("hit-ink", "hit"),
        ("here-ink", "here"),
    ]:
        lighter, darker = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (text, ground)


@pytest.fixture(scope="module")
def tab(report):
    with browser.browsing() as opened:
        yield opened


def text_of(tab, identifier: str) -> str:
    return tab.run(f"document.getElementById({identifier!r}).textContent")


def search(tab, text: str) -> str:
    tab.run("document.getElementById('hits').textContent = document.getElementById('wanted').value = ''")
    tab.run("document.getElementById('wanted').focus()")
    tab.write(text)
    for _ in range(50):
        time.sleep(0.05)
        if told := text_of(tab, "hits"):
            return told
    return ""


@needs_browser
def test_the_page_asks_for_nothing_and_complains_of_nothing(tab, report):
    for dark in (False, True):
        tab.open(report / "report.html", dark=dark)
        assert tab.requests == [(report / "report.html").resolve().as_uri()]
        assert tab.messages == []
        assert tab.run("getComputedStyle(document.body).backgroundColor") == (
            "rgb(20, 25, 29)" if dark else "rgb(255, 255, 255)"
        )


@needs_browser
def test_the_policy_stops_a_script_that_is_not_the_page_s_own(tab, report, tmp_path):
    text = (report / "report.html").read_text(encoding="utf-8")
    bad = tmp_path / "bad.html"
    bad.write_text(text.replace("</body>", "<script>document.title = 'taken'</script></body>"), encoding="utf-8")
    tab.open(bad)
    assert tab.run("document.title") == "Tittel"
    assert any("Content Security Policy" in message for message in tab.messages)


@needs_browser
def test_search_counts_hits_goes_between_them_by_keyboard_and_says_where_they_are(tab, report):
    tab.open(report / "report.html")
    assert search(tab, "finnes ikke") == "Ingen treff"
    assert search(tab, "1 234,5") == "Ett treff"  # a narrow space in the text
    assert search(tab, "-0,3") == "Ett treff"  # a minus sign in the text
    assert search(tab, "FRAVÆRET") == "2 treff"  # one of them in two kinds of type
    tab.press("Enter", 13)
    assert text_of(tab, "hits") == "Treff 1 av 2: 1.1 Utvikling"
    tab.press("Enter", 13, shift=True)
    assert text_of(tab, "hits") == "Treff 2 av 2: 1.1 Utvikling"
    assert tab.run("[...document.querySelectorAll('mark.here')].map(m => m.textContent).join('|')") == "frav|ær|et"
    tab.press("Escape", 27)
    assert tab.run("document.activeElement.tagName") == "P"
    tab.run("document.getElementById('wanted').focus()")
    before = tab.run("document.getElementById('report').textContent")
    assert search(tab, "xx") == "Ingen treff"
    assert tab.run("document.querySelectorAll('mark').length") == 0
    assert tab.run("document.getElementById('report').textContent") == before


@needs_browser
def test_search_opens_a_fold_while_its_hit_is_the_one_shown(tab, report):
    tab.open(report / "report.html")
    opened = "[...document.querySelectorAll('details')].map((fold) => fold.open)"
    assert search(tab, "hemmelig") == "2 treff"
    assert tab.run(opened) == [False, False]
    tab.press("Enter", 13)
    assert tab.run(opened) == [True, False]
    tab.press("Enter", 13)
    assert tab.run(opened) == [False, True]
    assert search(tab, "Fraværet") == "2 treff"
    assert tab.run(opened) == [False, False]


@needs_browser
def test_all_code_opens_and_folds_at_once(tab, report):
    tab.open(report / "report.html")
    state = (
        "[document.getElementById('code').ariaPressed, ...[...document.querySelectorAll('details')].map(f => f.open)]"
    )
    tab.run("document.getElementById('code').focus()")
    tab.run("document.activeElement.click()")
    assert tab.run(state) == ["true", True, True]
    assert text_of(tab, "code") == "Skjul all kode"
    tab.run("document.getElementById('code').click()")
    assert tab.run(state) == ["false", False, False]


@needs_browser
def test_the_reader_s_choice_of_colours_comes_before_the_system_s_and_paper_is_white(tab, report):
    ground = "getComputedStyle(document.body).backgroundColor"
    tab.open(report / "report.html", dark=True)
    field = "document.getElementById('colours')"
    choose = f"{field}.value = '{{}}'; {field}.dispatchEvent(new Event('change'))"
    tab.run(choose.format("light"))
    assert tab.run(ground) == "rgb(255, 255, 255)"
    tab.run(choose.format("dark"))
    tab.send("Emulation.setEmulatedMedia", media="print")
    assert tab.run(ground) == "rgb(255, 255, 255)"
    assert tab.run("document.getElementById('tools').checkVisibility()") is False
    tab.open(report / "report.html")
    assert tab.run(ground) == "rgb(20, 25, 29)"  # remembered
    tab.run(choose.format(""))
    assert tab.run(ground) == "rgb(255, 255, 255)"


@needs_browser
def test_the_section_being_read_is_marked_in_the_contents(tab, report):
    tab.open(report / "report.html")
    tab.run("document.getElementById('effekt').scrollIntoView()")
    for _ in range(50):
        marked = tab.run("[...document.querySelectorAll('nav [aria-current]')].map((link) => link.textContent)")
        if marked == ["1.2 Effekt"]:
            break
        time.sleep(0.05)
    assert marked == ["1.2 Effekt"]


@needs_browser
def test_without_script_everything_is_there_and_nothing_that_does_not_work(tab, report):
    tab.open(report / "report.html", script=False)
    # The debugger may look even where the page's own script may not run.
    assert tab.run("getComputedStyle(document.getElementById('tools')).display") == "none"
    assert tab.run("document.getElementById('report').textContent.includes('hemmelig')")
    assert tab.run("document.querySelectorAll('#tbl-02_a-lang tbody tr').length") == 70


@needs_browser
def test_on_paper_every_page_is_marked_and_every_row_is_there(tab, report):
    tab.open(report / "report.html", dark=True)
    printed = PdfReader(io.BytesIO(base64.b64decode(tab.send("Page.printToPDF")["data"])))
    texts = [page.extract_text() for page in printed.pages]
    assert len(texts) > 4
    assert all(text.startswith("UTKAST · Oppdiktet") for text in texts)
    rows = set(re.findall(r"(\d{4}) Oppdiktet", " ".join(texts)))
    assert rows == {f"{k:04d}" for k in range(70)}
    assert "hemmelig" not in " ".join(texts)


@needs_browser
def test_nothing_is_cut_off_on_a_narrow_screen(tab, report):
    tab.open(report / "report.html", width=320)
    assert tab.run("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
