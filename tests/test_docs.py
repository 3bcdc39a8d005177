"""The documentation builds without a warning, fetches nothing, and names only what there is."""

from __future__ import annotations

import csv
import importlib
import json
import re
import warnings
import xml.etree.ElementTree as ElementTree
from contextlib import redirect_stderr
from html import unescape
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest
from sphinx.cmd.build import build_main
from test_docs_blocks import PAGES
from test_setup import LAYERS, ROW_ORDER

from evaluation.language import labels
from evaluation.report.copies import chapters
from evaluation.study import Study
from evaluation.tables import TABLES
from evaluation.texts import LANGUAGES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
METHODS = sorted(path for path in (DOCS / "methods").glob("*.md") if path.name != "index.md")
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` does it, a warning stops it; and without a network."""
    folder = tmp_path_factory.mktemp("site")
    said = StringIO()
    with redirect_stderr(said), warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # of the libraries, about their own next versions
        patch.setattr("socket.socket.connect", None)
        status = build_main(["-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(folder)])
    assert (status, said.getvalue()) == (0, "")
    return folder


class Fetched(HTMLParser):
    """Collects every address that a page loads when it is opened; a link to follow is none."""

    def __init__(self, page: str):
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        loaded = [given.get("src"), given.get("srcset"), given.get("poster")]
        loaded += [given.get("href")] if tag in ("link", "use", "image") else []
        self.addresses += [address for address in loaded if address]


def test_the_site_has_every_page_and_loads_nothing_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert {path.stem for path in PAGES if path.is_relative_to(DOCS)} <= {page.stem for page in pages}
    for page in pages:
        fetched = Fetched(page.read_text(encoding="utf-8")).addresses
        assert fetched
        assert [one for one in fetched if re.match(r"(?i)(https?:)?//", one)] == [], page.name
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style.read_text(encoding="utf-8")), style.name


def test_the_pages_made_from_the_code_hold_all_of_it(site, monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    dictionary = unescape((site / "reference/data-dictionary.html").read_text(encoding="utf-8"))
    for table in TABLES.values():
        assert f'id="{table.name.replace("_", "-")}"' in dictionary
        assert table.meaning in dictionary
        assert all(f">{column.name}<" in dictionary for column in table.columns)
        assert all(column.meaning in dictionary for column in table.columns)
    parameters = (DOCS / "reference/parameters.md").read_text(encoding="utf-8")
    for notebook in chapters(ROOT / "notebooks"):
        for name in _declared(notebook):
            # Type, value, what it says, and what a wrong value is answered with.
            assert re.search(rf"^\| `{name}` \| [a-z ]+ \| `[^|]+ \| [^|]*\w[^|]* \|$", parameters, re.MULTILINE), name
            assert re.search(rf"^\| `{name}: .+` \| mine\.yaml, line \d.*`{name}`", parameters, re.MULTILINE), name
    packages = importlib.import_module("generate").PACKAGES.values()
    assert {one for group in packages for one in group} == set().union(*LAYERS[1:6]) - {"sources"}
    measured = (site / "reference/measured.html").read_text(encoding="utf-8")
    for result in (ROOT / "benchmarks/results").glob("*.csv"):
        assert result.stem in measured


def _declared(notebook: Path) -> list[str]:
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            names = re.findall(r"^(\w+) =", "".join(cell["source"]), re.MULTILINE)
            return [name for name in names if name not in ("findings", "earlier_findings")]
    return []


def test_the_picture_has_the_layers_and_their_modules_in_order():
    picture = ElementTree.parse(DOCS / "images/architecture.svg").getroot()
    assert all(picture.find(f"{SVG}{part}").text.strip() for part in ("title", "desc"))
    assert picture.get("aria-labelledby") == "title desc"
    drawn = [
        [text.text for text in layer.iter(f"{SVG}text") if text.get("class") == "module"]
        for layer in picture.iter(f"{SVG}g")
        if layer.get("class") == "layer"
    ]
    modules = [name for layer in drawn for name in layer]
    assert [set(layer) for layer in drawn] == LAYERS
    assert modules == ROW_ORDER
    everything = {path.stem for path in (ROOT / "src/evaluation").iterdir() if path.suffix in ("", ".py")}
    assert everything - set(modules) == {"__init__", "__pycache__", "__main__", "demo"} & everything


def test_links_between_pages_lead_to_files():
    for page, text in TEXTS.items():
        prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
        links = [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", prose) if not link.startswith("http")]
        assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == [], page


def test_tests_benchmarks_and_files_that_pages_name_are_there():
    for page, text in TEXTS.items():
        files = re.findall(r"`((?:tests|src|notebooks|data/reference|benchmarks)/[\w./]+)`", text)
        made = {"notebooks/11_overtime.ipynb"} if page.endswith("add-an-outcome.md") else set()
        assert {name for name in files if not (ROOT / name).exists()} == made, page
        for name in re.findall(r"python -m benchmarks (\w+)", text):
            assert (ROOT / "benchmarks" / f"{name}.py").exists(), (page, name)


@pytest.mark.parametrize("path", METHODS, ids=lambda path: path.stem)
def test_a_method_page_says_what_it_must_and_cites_what_there_is(path):
    text = path.read_text(encoding="utf-8")
    asked = ["What it answers", "What it assumes|What they assume", "When not to ", "Units", "In the code"]
    for heading in [*asked, "How it is checked", "References"]:
        assert re.search(rf"^## (?:{heading})", text, re.MULTILINE), heading
    keys = set(
        re.findall(r"^@\w+\{(\w+),", (ROOT / "notebooks/references.bib").read_text(encoding="utf-8"), re.MULTILINE)
    )
    cited = re.findall(r"`([a-z]+(?:19|20)\d\d)`", text)
    assert cited or path.stem == "disclosure-control"
    assert set(cited) <= keys
    assert re.search(r"`tests/test_\w+\.py`", text)


def test_functions_that_pages_name_are_there():
    packages = {name for name in ROW_ORDER if name not in ("new", "check", "fetch", "cli", "report")}
    for page, text in TEXTS.items():
        for package, name in re.findall(r"`(?:evaluation\.)?(\w+)\.(\w+)(?:\([^`]*\))?`", text):
            if package in packages and name not in ("json", "py", "yaml"):
                module = importlib.import_module(f"evaluation.{package}")
                # `study` is also what an open study is called.
                there = hasattr(module, name) or (package == "study" and hasattr(Study, name))
                assert there, (page, package, name)


def test_the_glossary_has_each_term_once_in_three_languages_and_takes_labels_from_the_labels():
    with (DOCS / "glossary.csv").open(encoding="utf-8", newline="") as lines:
        terms = list(csv.DictReader(lines))
    for term in terms:
        own = [bool(term[language]) for language in LANGUAGES]
        assert own == [term["label"] == ""] * len(LANGUAGES), term
        assert term["label"] == "" or term["label"] in labels()
        assert term["definition"].endswith(".")
    for language in LANGUAGES:
        words = [term[language] or labels()[term["label"]][language] for term in terms]
        assert len(set(words)) == len(words)
