"""A report again: the same bytes, another truth, and what stops it."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from making_reports import ROOT, Page, evaluate, hashes, parameters_of, visible


def test_the_same_report_again_is_the_same_bytes(tmp_path):
    parameters = parameters_of(tmp_path, "annual")
    asked = ("report", parameters, "--language", "en", "--chapters", "01_programme,06_goal_attainment", "--fresh")
    done = evaluate(*asked, "--out", tmp_path / "first")
    assert done.returncode == 0, done.stderr
    elsewhere = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
    done = evaluate(*asked, "--out", tmp_path / "second", "--workers", 1, "--cold", **elsewhere)
    assert done.returncode == 0, done.stderr
    first = hashes(tmp_path / "first")
    assert hashes(tmp_path / "second") == first
    # Kept chapters are what the run made.
    done = evaluate(*asked[:-1], "--out", tmp_path / "third")
    assert done.returncode == 0, done.stderr
    assert hashes(tmp_path / "third") == first
    page = (tmp_path / "first" / "report.html").read_text(encoding="utf-8")
    assert Page(page).language == "en"
    text = visible(page).lower()
    assert [word for word in ("sick leave", "targets", "municipalities") if word not in text] == []
    prose = visible(re.sub(r"<(td|th)[ >].*?</\1>", " ", page, flags=re.DOTALL)).lower()
    assert [word for word in ("sykefravær", "sjukefråvær", "kommunene", "kommunane") if word in prose] == []


def test_in_the_null_scenario_the_report_finds_no_effect(tmp_path):
    data = tmp_path / "null"
    done = evaluate("demo", "--scenario", "null", "--out", data)
    assert done.returncode == 0, done.stderr
    parameters = parameters_of(tmp_path, "final")
    done = evaluate("report", parameters, "--data", data, "--out", tmp_path / "out", "--chapters", "02_sick_leave")
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
    before = hashes(out)
    sources = (data / "sources.yaml").read_text(encoding="utf-8")
    # A researcher's folder: nothing is generated in it.
    (data / "sources.yaml").write_text(re.sub(r"^demonstration:.*$", "", sources, flags=re.MULTILINE), encoding="utf-8")
    (data / "hashes.json").unlink()
    path = data / change["file"]
    if change.get("gone"):
        path.unlink()
    else:
        text = path.read_bytes().decode("latin-1")
        assert change["old"] in text
        path.write_bytes(text.replace(change["old"], change["new"]).encode("latin-1"))
    done = evaluate("report", "midterm", "--data", data, "--out", out)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    for word in said:
        assert word in done.stderr
    assert hashes(out) == before


def test_an_unknown_parameter_is_refused_with_the_nearest_known_one(tmp_path):
    path = parameters_of(tmp_path, "midterm")
    path.write_text(path.read_text(encoding="utf-8") + "divison: 2013\n", encoding="utf-8")
    done = evaluate("report", path, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "divison" in done.stderr
    assert "division" in done.stderr
    assert not (tmp_path / "out").exists()
