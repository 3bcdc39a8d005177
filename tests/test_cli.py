"""The command line: a whole toy report, one clear error with status 2, the earlier report untouched."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
import toy_reports as toys

from evaluation import cli
from evaluation.report import build as builder
from evaluation.report import warm
from evaluation.report.parameters import Run

SOURCE = Path(__file__).parents[1] / "src"


def call(monkeypatch, capsys, folder: Path, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["evaluation", *arguments])
    with pytest.raises(SystemExit) as status:
        cli.main()
    out, err = capsys.readouterr()
    return int(status.value.code or 0), out, err


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module", autouse=True)
def few_libraries():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm, "LIBRARIES", ("ipykernel.kernelapp",))
        yield


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    file = toys.project(folder)
    builder.build(file, root=folder, workers=2)
    return folder


def test_a_report_holds_every_format_the_notebooks_the_data_and_the_account(toy):
    report = toy / "reports" / "toy"
    assert sorted(hashes(report)) == [
        "data/01_first-kurve.csv",
        "data/01_first-tall.csv",
        "data/08_dive-drammen-fordeling.csv",
        "data/08_dive-hamar-fordeling.csv",
        "disclosure.json",
        "exhibits.json",
        "figures/01_first-kurve.png",
        "figures/01_first-kurve.svg",
        *(f"figures/08_dive-{case}-fordeling.{kind}" for case in ("drammen", "hamar") for kind in ("png", "svg")),
        "findings.json",
        "manifest.json",
        "notebooks/01_first.ipynb",
        "notebooks/08_dive-drammen.ipynb",
        "notebooks/08_dive-hamar.ipynb",
        "parameters.yaml",
        *(f"report.{kind}" for kind in ("docx", "html", "md", "pdf")),
        "ro-crate-metadata.json",
    ]
    assert (report / "data/01_first-kurve.csv").read_text() == "x,y\n1,2\n"
    found = json.loads((report / "findings.json").read_text())
    assert [(f["notebook"], f.get("case"), f["name"]) for f in found] == [
        ("01_first", None, "level"),
        ("08_dive", "drammen", "gap"),
        ("08_dive", "hamar", "gap"),
    ]
    executed = nbformat.read(report / "notebooks/08_dive-drammen.ipynb", as_version=4)
    assert executed.cells[5].outputs[0].data["text/markdown"] == "## Case drammen"


def test_the_manifest_accounts_for_inputs_and_outputs(toy):
    report = toy / "reports" / "toy"
    account = json.loads((report / "manifest.json").read_text())
    about = ("manifest.json", "ro-crate-metadata.json")  # the crate describes the manifest too
    told = {name: value for name, value in hashes(report).items() if name not in about}
    assert account["outputs"] == told
    assert account["parameters"] == {"as_of": "2013-12-31", "language": "nb", "seed": 7}
    assert account["seeds"] == {"PYTHONHASHSEED": 0, "01_first.seed": 7}
    notebook = toy / "notebooks" / "08_dive.ipynb"
    assert account["notebooks"]["08_dive.ipynb"] == hashlib.sha256(notebook.read_bytes()).hexdigest()
    assert [run["parameters"].get("case") for run in account["runs"]] == [None, "drammen", "hamar"]
    assert account["parameter_file"]["file"] == "params/toy.yaml"
    assert str(toy) not in (report / "manifest.json").read_text()


def test_the_same_report_twice_is_equal_byte_by_byte(toy, monkeypatch, capsys):
    before = hashes(toy / "reports" / "toy")
    status, out, err = call(monkeypatch, capsys, toy, "report", "toy", "--workers", "1", "--fresh")
    assert status == 0
    assert out.splitlines() == [str(Path("reports", "toy", f"report.{kind}")) for kind in ("html", "pdf", "docx")]
    assert "3 of 3" in err
    assert hashes(toy / "reports" / "toy") == before


def test_an_unchanged_report_is_left_as_it_is_and_a_changed_one_made_again(toy, monkeypatch, capsys, tmp_path):
    out = tmp_path / "out"
    arguments = ("report", "toy", "--out", str(out))
    assert call(monkeypatch, capsys, toy, *arguments)[0] == 0
    made = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    status, _, err = call(monkeypatch, capsys, toy, *arguments)
    assert status == 0
    assert "Nothing has changed" in err
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == made
    before = hashes(out)
    (out / "report.html").write_text("touched by hand", encoding="utf-8")
    assert call(monkeypatch, capsys, toy, *arguments)[0] == 0
    assert hashes(out) == before
    page = out / "report.html"
    seen = page.stat().st_mtime_ns
    assert call(monkeypatch, capsys, toy, *arguments, "--fresh")[0] == 0
    assert page.stat().st_mtime_ns != seen
    assert call(monkeypatch, capsys, toy, *arguments, "--language", "en")[0] == 0
    assert 'lang="en"' in page.read_text(encoding="utf-8")


def test_options_choose_language_chapters_and_folder(toy, monkeypatch, capsys, tmp_path):
    out = tmp_path / "elsewhere"
    arguments = ("report", "params/toy.yaml", "--language", "en", "--chapters", "01_first", "--out", str(out))
    assert call(monkeypatch, capsys, toy, *arguments)[0] == 0
    text = (out / "report.md").read_text(encoding="utf-8")
    assert text.startswith("# The programme")
    assert "Deep dives" not in text
    assert '<html lang="en">' in (out / "report.html").read_text(encoding="utf-8")


def test_a_failing_chapter_leaves_the_earlier_report_and_names_the_cell(toy, monkeypatch, capsys):
    before = hashes(toy / "reports" / "toy")
    names = sorted(path.name for path in (toy / "reports").iterdir())
    notebook = toy / "notebooks" / "08_dive.ipynb"
    good = notebook.read_bytes()
    broken = nbformat.read(notebook, as_version=4)
    broken.cells[-1].source = "if case == 'hamar':\n    {}['column']"
    nbformat.write(broken, notebook)
    try:
        status, out, err = call(monkeypatch, capsys, toy, "report", "toy")
    finally:
        notebook.write_bytes(good)
    assert (status, out) == (2, "")
    assert "an earlier one is untouched" in err
    assert "08_dive.ipynb, case hamar, cell 6 (if case == 'hamar':): KeyError: 'column'" in err
    assert "Traceback" not in err
    assert hashes(toy / "reports" / "toy") == before
    assert sorted(path.name for path in (toy / "reports").iterdir()) == names


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("report", "midterm"), ["no report of this name", "'midterm'", "toy"]),
        (("report", "params/absent.yaml"), ["params/absent.yaml", "does not exist"]),
        (("report", "toy", "--language", "no"), ["--language", "write nb (bokmål) or nn (nynorsk)"]),
        (("report", "toy", "--chapters", "02_first"), ["--chapters", "Did you mean `01_first`?"]),
        (("report", "toy", "--data", "x"), ["unknown --data `data`"]),
        (("report", "toy", "--out", "params"), ["params", "something else than a report"]),
    ],
)
def test_what_the_user_can_mend_is_one_block_with_status_2(toy, monkeypatch, capsys, arguments, expected):
    before = hashes(toy)
    status, out, err = call(monkeypatch, capsys, toy, *arguments)
    assert (status, out) == (2, "")
    assert "Traceback" not in err
    for part in expected:
        assert part in err
    assert {name: value for name, value in hashes(toy).items() if not name.endswith(".lock")} == {
        name: value for name, value in before.items() if not name.endswith(".lock")
    }


def test_a_mistake_of_ours_keeps_its_traceback(toy, monkeypatch):
    monkeypatch.chdir(toy)
    monkeypatch.setattr(sys, "argv", ["evaluation", "report", "toy"])
    monkeypatch.setattr(builder, "build", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_the_project_is_found_from_a_folder_inside_it_and_from_elsewhere(toy, tmp_path):
    assert builder.find_root(toy / "notebooks") == toy
    assert builder.find_root(tmp_path) == SOURCE.parent


def test_cases_and_inputs_come_from_the_study(toy, tmp_path):
    text = (toy / "params" / "toy.yaml").read_text(encoding="utf-8").replace("[drammen, hamar]", "all")
    file = tmp_path / "all.yaml"
    file.write_text(text, encoding="utf-8")
    asked = []

    def opener(values, root):
        asked.append((dict(values), root))
        return builder.Opened(("strand",), (("raw.csv", "0a" * 32),))

    out = builder.build(file, root=toy, out=tmp_path / "out", opener=opener)
    assert asked == [({"as_of": "2013-12-31", "language": "nb", "seed": 7}, toy)]
    account = json.loads((out / "manifest.json").read_text())
    assert account["inputs"] == [{"file": "raw.csv", "sha256": "0a" * 32}]
    assert "## Case strand" in (out / "report.md").read_text(encoding="utf-8")


def test_what_repeats_runs_last_and_an_earlier_report_is_opened_while_the_first_run():
    def run(name, **varied):
        return Run(name, Path(f"{name[0]}.ipynb"), {}, varied)

    asked: list[str] = []
    before: list[Run] = []

    def opens():
        asked.append("the earlier report is opened")
        return [run("e-1", case=1), run("f")]

    def run_all(runs):
        for one in runs:
            asked.append(one.name)
        return {}

    chapters = [[run("a")], [run("b-1", case=1), run("b-2", case=2)], [run("c")]]
    builder._in_order(SimpleNamespace(chapters=[]), chapters, before, opens, run_all)
    assert asked == ["a", "c", "the earlier report is opened", "f", "b-1", "b-2", "e-1"]
    assert [one.name for one in before] == ["e-1", "f"]


def test_termination_stops_the_kernels_and_leaves_nothing(tmp_path):
    mark = tmp_path / "pid"
    wait = f"import os, pathlib, time\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    toys.write(tmp_path, "01_slow", toys.markdown("# T"), toys.code(wait))
    toys.parameter_file(tmp_path, f"report: toy\n{toys.TITLES}chapters: [01_slow]\n")
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "evaluation.cli", "report", "toy"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) != 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
    assert [path.name for path in (tmp_path / "reports").iterdir() if path.suffix != ".lock"] == []


def test_reading_a_notebook_compiles_no_grammar_and_leaves_it_to_be_imported():
    code = f"""
import sys
from pathlib import Path
from evaluation.report.declared import read_notebook
read_notebook(Path({str(SOURCE.parent / "notebooks" / "profile.ipynb")!r}))
print("rfc3987_syntax" in sys.modules)
import rfc3987_syntax
print(rfc3987_syntax.is_valid_syntax("iri", "https://example.org/"))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_help_loads_no_scientific_library():
    heavy = {"numpy", "pandas", "matplotlib", "statsmodels", "papermill", "nbformat", "pypandoc", "typst", "duckdb"}
    code = f"""
import sys
from evaluation import cli
sys.argv = ["evaluation", "report", "--help"]
try:
    cli.main()
finally:
    print("loaded", sorted({heavy} & set(sys.modules)))
"""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "--workers" in done.stdout
    assert done.stdout.strip().endswith("loaded []")


def test_demo_passes_its_options_on(monkeypatch, capsys, tmp_path):
    asked = {}

    def generate(folder, *, programme, scenario, seed):
        asked.update(folder=folder, programme=programme, scenario=scenario, seed=seed)
        return {"a.csv": "0", "b.csv": "1"}

    monkeypatch.setattr("evaluation.demo.generate", generate)
    status, out, _ = call(monkeypatch, capsys, tmp_path, "demo", "--out", "here", "--scenario", "null", "--seed", "5")
    assert status == 0
    assert asked == {"folder": Path("here"), "programme": "current", "scenario": "null", "seed": 5}
    assert "2 files" in out
    assert call(monkeypatch, capsys, tmp_path, "demo", "--programme", "predecessor")[0] == 0
    folder = Path("data") / "demo_predecessor"
    assert asked == {"folder": folder, "programme": "predecessor", "scenario": "standard", "seed": None}


def test_an_unknown_scenario_is_refused(monkeypatch, capsys, tmp_path):
    status, _, err = call(monkeypatch, capsys, tmp_path, "demo", "--scenario", "rosy")
    assert status == 2
    assert "standard" in err
