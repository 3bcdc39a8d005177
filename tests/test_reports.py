"""The main job: raw files and a parameter file to a report, in three languages, the same bytes every time."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from pypdf import PdfReader

ROOT = Path(__file__).parents[1]
EVALUATION = Path(sys.executable).with_name("evaluation")
CASE = "almstad-sivset"  # the joint project of two municipalities

# Worker processes take whole groups, so that a report is made once and by one of them.
pytestmark = pytest.mark.xdist_group("reports")


def _evaluation(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(EVALUATION), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | environment)


def _parameters(folder: Path, name: str, **changes: str) -> Path:
    """Write a copy of a parameter file with one case and other changes, so that a report takes seconds."""
    text = (ROOT / "params" / f"{name}.yaml").read_text(encoding="utf-8").replace("case: all", f"case: [{CASE}]")
    for key, value in changes.items():
        text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


class _Images(HTMLParser):
    """Collects every image's alternative text, and every address the page would fetch."""

    def __init__(self, page: str):
        super().__init__()
        self.alts: list[str | None] = []
        self.fetched: list[str] = []
        self.language: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang")
        if tag == "img":
            self.alts.append(given.get("alt"))
        address = given.get("src") or (given.get("href") if tag == "link" else None)
        if address and not address.startswith("data:"):
            self.fetched.append(address)
        assert tag != "script"


@pytest.fixture(scope="module")
def midterm(tmp_path_factory):
    out = tmp_path_factory.mktemp("reports") / "midterm"
    done = _evaluation("report", "midterm", "--out", out)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module", params=["en", "nn"])
def final(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"final-{request.param}")
    parameters = _parameters(folder, "final")
    done = _evaluation("report", parameters, "--out", folder / "out", "--language", request.param)
    assert done.returncode == 0, done.stderr
    return request.param, folder / "out"


def test_the_midterm_report_has_every_part(midterm):
    for name in ("report.html", "report.pdf", "report.docx", "findings.json", "manifest.json"):
        assert (midterm / name).stat().st_size > 2000, name
    notebooks = {path.stem for path in (midterm / "notebooks").glob("*.ipynb")}
    assert {"01_programme", "02_sick_leave", "03_position_sizes"} < notebooks
    assert sum(stem.startswith("08_deep_dive-") for stem in notebooks) == 16


def test_no_reference_is_unresolved_and_no_text_unfilled(midterm):
    page = (midterm / "report.html").read_text(encoding="utf-8")
    visible = re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    assert not re.findall(r"@(?:fig|tbl):\S+|\{[a-z_.]+(?::[^}]*)?\}|\?\?", visible)
    text = "\n".join(page.extract_text() for page in PdfReader(midterm / "report.pdf").pages)
    assert not re.findall(r"@(?:fig|tbl):\S+|\{[a-z_]+\}", text)


def test_the_page_fetches_nothing_and_every_figure_is_told_in_words(midterm):
    page = (midterm / "report.html").read_text(encoding="utf-8")
    found = _Images(page)
    assert found.language == "nb"
    assert not found.fetched
    captions = re.findall(r"<figcaption[^>]*>(.*?)</figcaption>", page, flags=re.DOTALL)
    assert len(found.alts) > 40
    assert all(alt and len(alt) > 40 for alt in found.alts)
    assert not set(found.alts) & {re.sub(r"<[^>]+>", "", caption).strip() for caption in captions}


def test_the_pdf_is_tagged_titled_and_says_on_every_page_that_the_data_are_synthetic(midterm):
    pdf = PdfReader(midterm / "report.pdf")
    catalogue = pdf.trailer["/Root"]
    assert catalogue["/MarkInfo"]["/Marked"]
    assert catalogue["/Lang"].startswith("nb")
    assert "Midtveisevaluering" in pdf.metadata.title
    assert all("yntetiske" in page.extract_text() for page in pdf.pages)


def test_every_exhibit_leaves_its_data_and_none_of_it_is_later_than_the_cut(midterm):
    exhibits = 0
    for path in (midterm / "notebooks").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            outputs = [output for output in cell.get("outputs", []) if "data" in output]
            exhibits += sum("application/vnd.evaluation.exhibit+json" in output.data for output in outputs)
    files = sorted((midterm / "data").glob("*.csv"))
    assert len(files) == exhibits > 100
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows, path
        moments = [row[key] for row in rows for key in ("quarter", "year", "start", "last_gathering") if row.get(key)]
        assert not [moment for moment in moments if moment[:4] > "2013"], path


def test_the_true_effects_lie_in_the_chapters_own_intervals(midterm):
    truth = json.loads((ROOT / "data" / "demo" / "truth.json").read_text(encoding="utf-8"))
    findings = {
        (entry["chapter"], entry["name"]): entry
        for entry in json.loads((midterm / "findings.json").read_text(encoding="utf-8"))
        if not entry["notebook"].startswith("08")
    }
    true = truth["sick_leave"]["overall"]["2013K4"]["municipalities"]
    for name in ("effect", "effect_callaway_santanna"):
        entry = findings["sick_leave", name]
        assert entry["low"] <= true <= entry["high"], name
    # The estimate must not merely be vague: the prespecified one finds the effect.
    assert findings["sick_leave", "effect"]["high"] < 0
    full_time = findings["position_sizes", "full_time_effect"]
    true = truth["positions"]["overall"]["2013"]["full_time_share_municipalities"]
    assert full_time["low"] <= true <= full_time["high"]
    assert full_time["causal"]


def test_no_notebook_reads_the_truth():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert "truth" not in path.read_text(encoding="utf-8")
    assert "truth" not in (ROOT / "data" / "demo" / "sources.yaml").read_text(encoding="utf-8")


def test_the_manifest_says_what_the_report_was_made_from(midterm):
    manifest = json.loads((midterm / "manifest.json").read_text(encoding="utf-8"))
    inputs = {entry["file"]: entry["sha256"] for entry in manifest["inputs"]}
    for name in ("sykefravaer_2012.csv", "stillinger_2013.parquet", "deltakere.xlsx", "programme.yaml"):
        assert inputs[name] == hashlib.sha256((ROOT / "data" / "demo" / name).read_bytes()).hexdigest()
    assert manifest["parameters"]["as_of"] == "2013-12-31"
    assert manifest["versions"]["diff-diff"]
    for name, sha in manifest["outputs"].items():
        assert hashlib.sha256((midterm / name).read_bytes()).hexdigest() == sha, name


def test_the_final_report_is_complete_in_its_language(final):
    language, out = final
    page = (out / "report.html").read_text(encoding="utf-8")
    assert _Images(page).language == language
    visible = re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)
    text = " ".join(visible.split()) + " ".join(alt or "" for alt in _Images(page).alts)
    own, foreign = {
        "en": (["sick leave", "full-time", "municipalities"], ["sykefravær", "sjukefråvær", "kommunene"]),
        "nn": (["sjukefråvær", "heiltid", "kommunane"], ["sykefravær", "kommunene", "heltid", " ikke "]),
    }[language]
    for word in own:
        assert word in text.lower(), word
    # Names in the data (files, sources, invented networks) stay in the language of the data.
    prose = re.sub(r"<(td|th)[ >].*?</\1>", " ", page, flags=re.DOTALL)
    prose = re.sub(r"<style.*?</style>|<[^>]+>", " ", prose, flags=re.DOTALL).lower()
    assert not [word for word in foreign if word in prose]
    charts = list((out / "figures").glob("*.svg"))
    assert charts


def test_the_same_report_again_is_the_same_bytes(final, tmp_path):
    language, out = final
    parameters = _parameters(tmp_path, "final")
    # The parameter file's own place is not part of a report; its content is.
    shutil.copy(parameters, out.parent / "final.yaml")
    options = ("--out", tmp_path / "again", "--language", language, "--workers", 1)
    done = _evaluation("report", out.parent / "final.yaml", *options, TZ="Pacific/Kiritimati", LC_ALL="C")
    assert done.returncode == 0, done.stderr
    first, second = _hashes(out), _hashes(tmp_path / "again")
    assert first == second


def test_in_the_null_scenario_the_report_finds_no_effect(tmp_path):
    data = tmp_path / "null"
    done = _evaluation("demo", "--scenario", "null", "--out", data)
    assert done.returncode == 0, done.stderr
    parameters = _parameters(tmp_path, "final")
    done = _evaluation("report", parameters, "--data", data, "--out", tmp_path / "out", "--chapters", "02_sick_leave")
    assert done.returncode == 0, done.stderr
    findings = json.loads((tmp_path / "out" / "findings.json").read_text(encoding="utf-8"))
    for name in ("effect", "effect_callaway_santanna"):
        entry = next(entry for entry in findings if entry["name"] == name)
        assert entry["low"] <= 0 <= entry["high"], name
    assert "ikke funnet noen sikker effekt" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"file": "deltakere.xlsx", "gone": True}, ["deltakere.xlsx"]),
        ({"file": "sources.yaml", "old": "region", "new": "regoin"}, ["sykefravaer_2008.csv", "regoin", "region"]),
        (
            {"file": "sykefravaer_2010.csv", "old": "0062 Gullset", "new": "9999 Ukjent"},
            ["sykefravaer_2010.csv", "9999"],
        ),
    ],
    ids=["missing file", "unknown column", "unknown municipality"],
)
def test_bad_input_is_one_clear_error_and_the_previous_report_is_untouched(change, said, tmp_path):
    data, out = tmp_path / "data", tmp_path / "out"
    shutil.copytree(ROOT / "data" / "demo", data)
    out.mkdir()
    (out / "manifest.json").write_text("{}")
    (out / "report.html").write_text("the previous report")
    before = _hashes(out)
    sources = (data / "sources.yaml").read_text(encoding="utf-8")
    # A researcher's folder: nothing is generated in it.
    (data / "sources.yaml").write_text(re.sub(r"^demonstration:.*$", "", sources, flags=re.MULTILINE), encoding="utf-8")
    path = data / change["file"]
    if change.get("gone"):
        path.unlink()
    else:
        text = path.read_bytes().decode("latin-1")
        assert change["old"] in text
        path.write_bytes(text.replace(change["old"], change["new"]).encode("latin-1"))
    done = _evaluation("report", "midterm", "--data", data, "--out", out)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in said:
        assert word in done.stderr
    assert _hashes(out) == before


def test_an_unknown_parameter_is_refused_with_the_nearest_known_one(tmp_path):
    path = _parameters(tmp_path, "midterm")
    path.write_text(path.read_text(encoding="utf-8") + "divison: 2013\n", encoding="utf-8")
    done = _evaluation("report", path, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "divison" in done.stderr
    assert "division" in done.stderr
    assert not (tmp_path / "out").exists()
