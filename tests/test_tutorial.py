"""The tutorial does what it says: its own blocks, in order, make a report with the new outcome from nothing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat import v4

from evaluation import conclusions, load_study
from evaluation.errors import InputError

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT / "docs" / "add-an-outcome.md"
DEMO = ("programme.yaml", "municipalities.csv", "deltakere.xlsx")
TRUE_EFFECT = -3.0
BIN = Path(sys.executable).parent


def blocks() -> list[tuple[str, list[str], str]]:
    """Language, the words after it, and text of each fenced block."""
    found = re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```$", TUTORIAL.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return [(language, words.split(), text) for language, words, text in found]


def _run(folder: Path, command: list[str]) -> str:
    environment = os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "EVALUATION_CACHE": str(folder / "cache"),
    }
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _notebook(folder: Path) -> None:
    """Put the blocks that are cells together, as a reader does in JupyterLab."""
    made = v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    cells = [(language, words[1:], text) for language, words, text in blocks() if words[:1] == ["notebook"]]
    for language, tags, text in cells:
        new = v4.new_code_cell if language == "python" else v4.new_markdown_cell
        made.cells.append(new(text.strip(), metadata={"tags": tags}))
    nbformat.write(made, folder / "notebooks" / "11_overtime.ipynb")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with nothing but the demonstration's programme, and then what the tutorial tells one to make."""
    folder = tmp_path_factory.mktemp("tutorial")
    for name in ("notebooks", "params", "data/demo"):
        (folder / name).mkdir(parents=True)
    for name in DEMO:
        (folder / "data/demo" / name).write_bytes((ROOT / "data/demo" / name).read_bytes())
    script = ""
    _notebook(folder)
    for language, words, text in blocks():
        if language == "yaml":
            file = folder / text.splitlines()[0].removeprefix("# ")
            file.write_text((file.read_text(encoding="utf-8") if file.exists() else "") + text, encoding="utf-8")
        elif language == "sh":
            _run(folder, ["sh", "-e", "-c", text])
        elif language == "python" and not words:
            # As in one session: later blocks use the names of earlier ones.
            script += text
            _run(folder, [sys.executable, "-c", script])
    return folder


@pytest.fixture(scope="module")
def study(project):
    return load_study(project / "data/mine", as_of="2015-12-31", division=2013)


def test_every_kind_of_block_is_there_and_run():
    kinds = [(language, *words[:1]) for language, words, _ in blocks()]
    assert {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)} == {
        ("sh",): 2,
        ("yaml",): 3,
        ("python",): 2,
        ("markdown", "notebook"): 3,
        ("python", "notebook"): 6,
    }


def test_the_new_effect_is_a_finding_with_its_evidence_and_covers_what_was_put_in(project):
    (found,) = json.loads((project / "reports/overtime/findings.json").read_text(encoding="utf-8"))
    assert (found["notebook"], found["chapter"], found["name"]) == ("11_overtime", "overtime", "effect")
    assert found["unit"] == "unit.overtime"
    assert found["causal"]
    assert found["low"] < TRUE_EFFECT < found["high"] < 0
    assert found["evidence"]["outcome"] == "overtime"
    assert found["evidence"]["p_value"] < 0.001
    assert found["evidence"]["before"] > 0.05
    assert 0 < found["evidence"]["detectable"] < 3


def test_the_report_shows_the_new_exhibits_in_the_words_of_the_entry(project):
    report = project / "reports/overtime"
    page = (report / "report.html").read_text(encoding="utf-8")
    assert "Overtidstimer per ansatt" in page
    assert "timer per ansatt i året" in page
    assert (report / "data/11_overtime-development.csv").exists()
    assert (report / "data/11_overtime-by_start.csv").exists()
    assert (report / "report.pdf").stat().st_size > 2000


def test_the_conclusions_grade_and_word_the_new_outcome(project, study):
    found = conclusions.read(project / "reports/overtime/findings.json")
    effects = conclusions.effects(found, relevant={"overtime": 1.0})
    assert effects.loc[0, ["outcome", "went"]].tolist() == ["overtime", "wanted"]
    said = conclusions.summary(effects.assign(main=True), study.programme.themes, study.labels)
    told = next(sentence for sentence in said if "outcome" in sentence.given)
    assert told.given["outcome"]["nn"] == "overtidstimar per tilsett"
    assert told.given["unit"]["en"] == "hours"


def test_the_panel_counts_whom_it_compares_and_sums_those_that_merged(project, study):
    raw = pd.read_csv(project / "data/mine/overtid.csv", sep=";", dtype={"kommune": str})
    panel = study.panel("overtime", theme="full_time")
    whole = study.table("overtime")
    # A merger adds hours and employees up; no mean of ratios.
    assert whole["overtime_hours"].sum() == pytest.approx(raw["overtidstimer"].sum())
    assert whole["municipality"].nunique() == len(study.register.valid(2013)) < raw["kommune"].nunique()
    mine = set(study.programme.participants("full_time")["municipality"])
    ever = set(study.programme.participants()["municipality"])
    assert set(panel.data.loc[panel.data["group"] == "participants", "municipality"]) == mine
    assert set(panel.data.loc[panel.data["group"] == "others", "municipality"]) == set(whole["municipality"]) - ever
    assert panel.dropped["municipalities"].sum() == len(ever - mine)
    sums = panel.data.groupby(["group", "year"])[["overtime_hours", "employees"]].sum()
    expected = (sums["overtime_hours"] / sums["employees"]).to_numpy()
    assert panel.by_group()["overtime"].to_numpy() == pytest.approx(expected)


def test_an_earlier_cut_leaves_later_years_out_and_counts_them(project):
    early = load_study(project / "data/mine", as_of="2012-12-31", division=2013)
    assert early.table("overtime")["year"].max() == 2012
    cut = early.dropped.set_index(["table", "reason"])["rows"]
    assert cut["overtime", "after_cut"] == 3 * 428
    assert early.has("overtime")
    assert "overtime" in repr(early)


def test_an_outcome_that_is_not_declared_is_refused_with_those_that_are(study):
    with pytest.raises(InputError, match="Did you mean overtime"):
        study.panel("overtim")
    with pytest.raises(InputError, match="Did you mean overtime"):
        study.table("overtim")
    with pytest.raises(InputError, match="no table sick_leave"):
        study.table("sick_leave")


def test_a_wrong_entry_is_refused_with_every_mistake_at_once(project, tmp_path):
    text = (project / "data/mine/sources.yaml").read_text(encoding="utf-8")
    text = text.replace("nn: timar, ", "").replace(
        "denominator: employees", "denominator: year\n    per: 0\n    fils: x.csv"
    )
    (tmp_path / "sources.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_study(tmp_path, as_of="2015-12-31", division=2013)
    for what in ("outcomes: overtime: unit", "no numerator and denominator", "per` is not a positive number"):
        assert what in str(error.value)
    (tmp_path / "sources.yaml").write_text(text.replace("  overtime:", "  vacancies:"), encoding="utf-8")
    with pytest.raises(InputError, match="`vacancies` under outcomes cannot be the name of an outcome"):
        load_study(tmp_path, as_of="2015-12-31", division=2013)


def test_a_wrong_figure_is_refused_at_its_row(project, tmp_path):
    shutil.copytree(project / "data/mine", tmp_path / "mine")
    file = tmp_path / "mine" / "overtid.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[4] = ";".join([*lines[4].split(";")[:3], "-7"])
    file.write_text("\n".join([*lines, lines[2]]), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_study(tmp_path / "mine", as_of="2015-12-31", division=2013)
    assert "row 5, column overtidstimer" in str(error.value)
    assert "the same municipality, year as in overtid.csv, row 3" in str(error.value)
