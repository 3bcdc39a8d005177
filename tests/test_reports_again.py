"""Another report by its parameter file, and what stops one."""

from __future__ import annotations

import re
import shutil

from making_reports import ROOT, Page, evaluate, hashes, parameters_of, visible


def test_another_report_is_a_parameter_file_and_reads_in_english(tmp_path):
    parameters = parameters_of(tmp_path, "annual")
    asked = ("report", parameters, "--language", "en", "--chapters", "01_programme,06_goal_attainment")
    done = evaluate(*asked, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert Page(page).language == "en"
    text = visible(page).lower()
    assert [word for word in ("sick leave", "targets", "municipalities") if word not in text] == []
    prose = visible(re.sub(r"<(td|th)[ >].*?</\1>", " ", page, flags=re.DOTALL)).lower()
    assert [word for word in ("sykefravær", "sjukefråvær", "kommunene", "kommunane") if word in prose] == []


def test_bad_input_is_one_clear_error_and_the_previous_report_is_untouched(tmp_path):
    data, out = tmp_path / "data", tmp_path / "out"
    shutil.copytree(ROOT / "data" / "demo", data)
    out.mkdir()
    (out / "manifest.json").write_text("{}")
    (out / "report.html").write_text("the previous report")
    before = hashes(out)
    sources = (data / "sources.yaml").read_text(encoding="utf-8")
    # A researcher's folder: nothing is generated in it.
    (data / "sources.yaml").write_text(re.sub(r"^demonstration:.*$", "", sources, flags=re.MULTILINE), encoding="utf-8")
    (data / "deltakere.xlsx").unlink()
    done = evaluate("report", "midterm", "--data", data, "--out", out)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "deltakere.xlsx" in done.stderr
    assert hashes(out) == before


def test_an_unknown_parameter_is_refused_with_the_nearest_known_one(tmp_path):
    path = parameters_of(tmp_path, "midterm")
    path.write_text(path.read_text(encoding="utf-8") + "divison: 2013\n", encoding="utf-8")
    done = evaluate("report", path, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "divison" in done.stderr
    assert "division" in done.stderr
    assert not (tmp_path / "out").exists()
