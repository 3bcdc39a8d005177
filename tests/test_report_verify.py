"""Whether a report still follows from what it was made from: every single thing that changed is named."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import toy_reports as toys
from toy_made import INPUTS, edit, git, toy_report
from typer.testing import CliRunner

from evaluation.cli import app
from evaluation.errors import InputError, Problem
from evaluation.report import verify as verifying
from evaluation.report.crate import crate_text
from evaluation.report.made import CRATE, MANIFEST, ReviewError, read_made
from evaluation.report.verify import rebuild, verify


def at_hand(data, root):
    return dict(INPUTS)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "project"


@pytest.fixture
def made(root):
    toys.project(root)
    (root / "requirements.lock").write_text("pandas==3.0\n")
    return toy_report(root, root / "reports" / "toy", data="data/own")


def states(found):
    return {(check.part, check.name): check.state for check in found.different}


def test_an_unchanged_report_follows_from_what_it_was_made_from(made, root):
    found = verify(made, root, hashes=at_hand)
    assert (found.status, found.different, found.unknown) == (0, (), ())
    assert {check.part for check in found.checks} == {
        *("files", "inputs", "parameter files", "notebooks", "code", "libraries"),
    }
    assert next(found.lines()) == "The report toy follows from its inputs, code and parameters."


def test_a_report_moved_elsewhere_is_verified_there(made, root, tmp_path):
    moved = shutil.move(made.folder, tmp_path / "archive of 2014")
    assert verify(read_made(moved), root, hashes=at_hand).status == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda made, root: (made.folder / "report.md").write_text("x"), ("files", "report.md", "differs")),
        (lambda made, root: (made.folder / "report.pdf").unlink(), ("files", "report.pdf", "gone")),
        (lambda made, root: (made.folder / "extra.txt").write_text("x"), ("files", "extra.txt", "new")),
        (lambda made, root: edit(made, MANIFEST, seeds={"draws": 1}), ("files", CRATE, "differs")),
        (
            lambda made, root: (root / "params" / "toy.yaml").write_text("x"),
            ("parameter files", "params/toy.yaml", "differs"),
        ),
        (
            lambda made, root: (root / "notebooks" / "01_first.ipynb").write_text("{}"),
            ("notebooks", "01_first.ipynb", "differs"),
        ),
        (
            lambda made, root: (root / "notebooks" / "08_dive.ipynb").unlink(),
            ("notebooks", "08_dive.ipynb", "gone"),
        ),
        (
            lambda made, root: (root / "requirements.lock").write_text("pandas==3.1\n"),
            ("libraries", "requirements.lock", "differs"),
        ),
    ],
    ids=["file", "file gone", "file new", "manifest", "parameters", "notebook", "notebook gone", "lock"],
)
def test_what_changed_is_named(made, root, change, expected):
    change(made, root)
    found = verify(read_made(made.folder), root, hashes=at_hand)
    assert found.status == 1
    part, name, state = expected
    assert states(found)[part, name] == state
    assert len(found.different) == 1


def test_both_hashes_are_told(made, root):
    before = hashlib.sha256((made.folder / "report.md").read_bytes()).hexdigest()
    (made.folder / "report.md").write_text("x")
    after = hashlib.sha256(b"x").hexdigest()
    lines = list(verify(made, root, hashes=at_hand).lines())
    assert lines[0] == "The report toy does NOT follow from its inputs, code and parameters."
    assert f"  report.md: differs, was {before}, is {after}" in lines


def test_inputs_that_changed_came_or_went_are_named(made, root):
    now = {"people.csv": "c" * 64, "new.csv": "d" * 64}
    found = verify(made, root, hashes=lambda data, root: now)
    assert states(found) == {
        ("inputs", "people.csv"): "differs",
        ("inputs", "sources.yaml"): "gone",
        ("inputs", "new.csv"): "new",
    }


def test_inputs_that_are_not_at_hand_leave_it_unknown(made, root):
    def absent(data, root):
        raise InputError(Problem("the data folder does not exist", "Get it", value=data))

    found = verify(made, root, hashes=absent)
    assert found.status == 2
    assert {check.name for check in found.unknown} == {"people.csv", "sources.yaml"}
    assert "the data folder does not exist" in "\n".join(found.lines())
    alone = verify(made, root, hashes=absent, outputs_only=True)
    assert alone.status == 0
    assert next(alone.lines()) == "The files of the report toy are as they were made."
    (made.folder / "report.md").write_text("x")
    assert verify(made, root, hashes=absent).status == 1  # What differs is known.


def test_other_code_and_other_libraries_are_named(made, root, monkeypatch):
    monkeypatch.setattr(verifying, "source", lambda: "0" * 64)
    monkeypatch.setattr(verifying, "versions", lambda root: {**made.manifest["versions"], "pandas": "9.9.9"})
    found = verify(made, root, hashes=at_hand)
    assert states(found) == {("code", "the suite's files"): "differs", ("libraries", "pandas"): "differs"}


def test_another_commit_with_the_same_code_is_only_told(made, root):
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "a")
    found = verify(made, root, hashes=at_hand)
    assert found.status == 0
    assert f"It was made at commit unknown; this is {git(root, 'rev-parse', 'HEAD')}." in list(found.lines())


def test_a_list_of_exhibits_that_tells_another_hash_is_found(made, root):
    listed = json.loads((made.folder / "exhibits.json").read_text())
    listed[0]["data_sha256"] = "0" * 64
    (made.folder / "exhibits.json").write_text(json.dumps(listed))
    names = {check.name for check in verify(read_made(made.folder), root, hashes=at_hand).different}
    assert "exhibits.json, hash of data/01_first-kurve.csv" in names


def test_made_again_every_file_is_compared(made, root, monkeypatch):
    asked = []

    def make(command, **options):
        asked.append((command, options))
        again = Path(command[command.index("--out") + 1])
        shutil.copytree(made.folder, again)
        (again / "report.md").write_text("x")
        (again / "report.pdf").unlink()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(verifying.subprocess, "run", make)
    found = {check.name: check.state for check in rebuild(made, root)}
    assert {name: state for name, state in found.items() if state != "same"} == {
        "report.md": "differs",
        "report.pdf": "gone",
    }
    assert found.keys() == {*made.outputs, MANIFEST, CRATE}
    ((command, options),) = asked
    assert command[4] == str(root / "params" / "toy.yaml")
    for option in (["--language", "nb"], ["--chapters", "01_first,08_dive"], ["--data", "data/own"]):
        assert option[1] == command[command.index(option[0]) + 1]
    assert "--fresh" in command
    assert options["env"]["SOURCE_DATE_EPOCH"] == str(made.manifest["clock"])
    monkeypatch.setattr(verifying.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 2))
    with pytest.raises(ReviewError, match="could not be made again"):
        rebuild(made, root)


def test_the_command_ends_with_the_status(made, root, monkeypatch):
    monkeypatch.chdir(root)
    run = lambda *given: CliRunner().invoke(app, ["verify", *given])  # noqa: E731
    assert run("toy", "--outputs-only").exit_code == 0
    assert run("toy").exit_code == 2  # The data are nowhere.
    (made.folder / "report.md").write_text("x")
    assert run(str(made.folder)).exit_code == 1


def test_the_crate_says_which_run_made_which_file_from_what(made):
    graph = {entity["@id"]: entity for entity in json.loads(crate_text(made))["@graph"]}
    run = graph["#run/01_first"]
    assert run["instrument"] == {"@id": "#notebook/01_first.ipynb"}
    results = {entry["@id"] for entry in run["result"]}
    assert {"notebooks/01_first.ipynb", "data/01_first-tall.csv", "figures/01_first-kurve.svg"} <= results
    assert graph["#parameter/08_dive-hamar/case"]["value"] == "hamar"
    assert graph["data/01_first-tall.csv"]["sha256"] == made.outputs["data/01_first-tall.csv"]
    assert graph["data/01_first-tall.csv"]["description"] == "Tabell 1.1 Noen tall"
    assert graph["#input/people.csv"]["sha256"] == "a" * 64


def test_the_crate_keeps_the_specifications_rules(made):
    crate = json.loads(crate_text(made))
    graph = crate["@graph"]
    ids = [entity["@id"] for entity in graph]
    assert len(ids) == len(set(ids))
    root, descriptor = graph[ids.index("./")], graph[ids.index(CRATE)]
    assert descriptor["about"] == {"@id": "./"}
    assert descriptor["conformsTo"]["@id"].startswith("https://w3id.org/ro/crate/1.")
    assert {"name", "description", "datePublished", "license"} <= root.keys()
    files = {entity["@id"] for entity in graph if entity["@type"] == "File"}
    assert {part["@id"] for part in root["hasPart"]} == files
    there = {path.relative_to(made.folder).as_posix() for path in made.folder.rglob("*") if path.is_file()}
    assert files == there - {CRATE}
    assert _references(graph) <= {*ids, descriptor["conformsTo"]["@id"]}
    actions = [entity for entity in graph if entity["@type"] == "CreateAction"]
    assert {action["@id"] for action in actions} == {entry["@id"] for entry in root["mentions"]}
    assert all(action["instrument"] and action["result"] for action in actions)


def _references(value):
    if isinstance(value, dict):
        own = {value["@id"]} if value.keys() == {"@id"} else set()
        return own.union(*(_references(part) for part in value.values()))
    return set().union(*(_references(part) for part in value)) if isinstance(value, list) else set()
