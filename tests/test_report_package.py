"""A package holds all that a stranger needs to make the report again, and nothing that may not leave the machine."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile

import pytest
import toy_reports as toys
from toy_made import INPUTS, TABLES, git, toy_report
from typer.testing import CliRunner

from evaluation.cli import app
from evaluation.report.made import ReviewError, opened
from evaluation.report.manifest import COMMIT, Code
from evaluation.report.package.archive import package
from evaluation.report.package.contents import unfit
from evaluation.report.verify import verify

RAW = b"person;percentage\n1;100\n"


@pytest.fixture
def root(tmp_path):
    """A clone with a parameter file, notebooks, a lock file, and raw data that somebody committed."""
    root = tmp_path / "project"
    toys.project(root)
    (root / "requirements.lock").write_text("pandas==3.0\n")
    (root / ".gitignore").write_text("reports/\n")
    for name in ("data/raw/people.csv", "data/own/people.csv", "elsewhere/copy.csv"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(RAW)
    (root / "data" / "raw" / "other.csv").write_bytes(b"not an input")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "a")
    return root


def made_in(root, **options):
    own = (("people.csv", hashlib.sha256(RAW).hexdigest()), *INPUTS[1:])
    return toy_report(root, root / "reports" / "toy", **{"data": "data/own", "inputs": own, **options})


def contents(path):
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def test_the_package_holds_report_code_description_and_instructions_but_no_data(root):
    made = made_in(root)
    done = package(made, root)
    files = contents(done.path)
    assert done.path == root / "reports" / f"toy-{made.commit[:10]}.zip"
    assert {f"report/{name}" for name in made.outputs} <= files.keys()
    wanted = {
        "README.md",
        "SHA256SUMS",
        "ro-crate-metadata.json",
        "report/manifest.json",
        "code/notebooks/01_first.ipynb",
    }
    assert wanted | {"code/requirements.lock", "code/params/toy.yaml"} <= files.keys()
    assert RAW not in files.values()
    assert not [name for name in files if name.startswith(("code/data/raw", "code/data/own"))]
    assert done.left_out == (
        *("data/own/people.csv", "data/raw/other.csv", "data/raw/people.csv", "elsewhere/copy.csv"),
    )
    assert len(files) == done.files


def test_the_code_is_that_of_the_reports_commit_whatever_came_after(root):
    made = made_in(root)
    (root / "later.txt").write_text("later")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "b")
    files = contents(package(made, root).path)
    assert "code/later.txt" not in files
    assert json.loads(files[f"code/{COMMIT}"])["commit"] == made.commit


def test_the_readme_says_what_to_put_where_what_to_run_and_what_to_expect(root):
    made = made_in(root)
    text = contents(package(made, root).path)["README.md"].decode()
    for name, digest in made.inputs.items():
        assert f"| `{name}` | {digest} |" in text
    assert "`code/data/own/`" in text
    assert made.outputs["report.html"] in text
    (block,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = block.splitlines()
    assert lines[:2] == ["cd code", "make .venv/.ready"]
    report = ".venv/bin/evaluation report params/toy.yaml --language nb --chapters 01_first,08_dive --data data/own"
    assert f"{report} --out ../again" in lines
    assert str(root) not in text


def test_the_sums_are_those_of_every_file_of_the_report(root):
    files = contents(package(made_in(root), root).path)
    listed = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    own = {name.removeprefix("report/"): content for name, content in files.items() if name.startswith("report/")}
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in own.items()}


def test_the_description_lists_every_file_but_those_of_the_code(root):
    files = contents(package(made_in(root), root).path)
    graph = {entity["@id"]: entity for entity in json.loads(files["ro-crate-metadata.json"])["@graph"]}
    described = {name for name, entity in graph.items() if entity["@type"] == "File"}
    apart = {name for name in files if name.startswith("code/") or name.endswith("ro-crate-metadata.json")}
    assert described == files.keys() - apart
    assert graph["code/"]["@type"] == "Dataset"
    assert "report/data/01_first-tall.csv" in {entry["@id"] for entry in graph["#run/01_first"]["result"]}


def test_entries_are_sorted_with_one_time_and_fixed_modes(root):
    made = made_in(root)
    with zipfile.ZipFile(package(made, root).path) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert len({entry.date_time for entry in entries}) == 1
    assert {entry.external_attr >> 16 for entry in entries} == {0o644}
    assert len({entry.filename.partition("/")[0] for entry in entries}) == 1


def test_a_copy_of_the_code_knows_its_commit_and_whether_it_was_changed(root, tmp_path):
    made = made_in(root)
    with zipfile.ZipFile(package(made, root).path) as archive:
        archive.extractall(tmp_path / "stranger")
    (copy,) = (tmp_path / "stranger").glob("*/code")
    clone = Code.of(root)
    assert Code.of(copy) == Code(made.commit, False, clone.committed)
    (copy / "notebooks" / "01_first.ipynb").write_text("{}")
    assert Code.of(copy).dirty
    (copy / COMMIT).write_text('{"commit": 1}')
    assert Code.of(copy) == Code(None, False, None)


def test_an_unpacked_package_is_a_report_that_can_be_verified(root, tmp_path):
    made = made_in(root)
    with zipfile.ZipFile(package(made, root).path) as archive:
        archive.extractall(tmp_path / "stranger")
    (copy,) = (tmp_path / "stranger").glob("*/code")
    with opened(str(copy.parent), copy) as found:
        assert verify(found, copy, hashes=lambda data, root: made.inputs).status == 0
        (copy / "params" / "toy.yaml").write_text("x")
        assert verify(found, copy, hashes=lambda data, root: made.inputs).status == 1


@pytest.mark.parametrize("how", ["uncommitted", "no commit", "another notebook", "another lock"])
def test_what_a_commit_does_not_tell_is_refused_or_marked_as_a_draft(root, tmp_path, how):
    if how == "uncommitted":
        (root / "requirements.lock").write_text("pandas==3.1\n")
    elif how == "no commit":
        (root / ".git").rename(tmp_path / "git")
    changes = {
        "another notebook": {"notebooks": {"01_first.ipynb": "0" * 64}},
        "another lock": {"lock": {"file": "requirements.lock", "sha256": "0" * 64}},
    }
    made = made_in(root, **changes.get(how, {}))
    with pytest.raises(ReviewError, match="--draft"):
        package(made, root)
    done = package(made, root, draft=True)
    assert done.draft
    assert "draft" in done.path.name
    files = contents(done.path)
    assert files["README.md"].decode().splitlines()[2].startswith("**DRAFT.** ")
    assert ("code/notebooks/01_first.ipynb" in files) is (how != "no commit")


def test_a_parameter_file_from_elsewhere_comes_along(root, tmp_path):
    made = made_in(root)
    text = (root / "params" / "toy.yaml").read_text() + "# own\n"
    own = {"file": "mine.yaml", "sha256": hashlib.sha256(text.encode()).hexdigest()}
    (made.folder / "parameters.yaml").write_text(text)
    outputs = {**made.outputs, "parameters.yaml": own["sha256"]}
    (made.folder / "manifest.json").write_text(json.dumps({**made.manifest, "parameter_file": own, "outputs": outputs}))
    (made.folder / "ro-crate-metadata.json").unlink()
    with opened(str(made.folder), root) as again:
        files = contents(package(again, root).path)
    assert files["parameters/mine.yaml"].decode() == text
    assert "evaluation report ../parameters/mine.yaml" in files["README.md"].decode()


def test_a_report_changed_since_it_was_made_is_refused(root):
    made = made_in(root)
    (made.folder / "report.md").write_text("x")
    with pytest.raises(ReviewError, match=r"was changed since it was made \(report\.md\)"):
        package(made, root)


FRAME = '<div>\n<style scoped>td {}</style>\n<table border="1" class="dataframe"><tr><td>7</td></tr></table></div>'


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"cells": (toys.shown({"text/html": FRAME}),)}, r"01_first\.ipynb, cell 2: shows a table as it is"),
        ({"cells": (toys.shown({"text/plain": "01010012356"}),)}, "national identity number"),
        (
            {"tables": TABLES | {"01_first-tall": "name,n\n010100 12356,1\n"}},
            "01_first-tall.csv: holds what is a national",
        ),
        ({"data": "{root}/data/own"}, "names a folder of this machine"),
        ({"cells": (toys.shown({"text/plain": "/home/kari/x.csv"}),)}, "somebody's home folder"),
    ],
    ids=["raw table", "identity number", "identity number in a CSV", "folder", "home"],
)
def test_what_may_not_leave_the_machine_stops_the_package(root, options, said):
    if "data" in options:
        options = {"data": options["data"].format(root=root)}
    with pytest.raises(ReviewError, match=said):
        package(made_in(root, **options), root)
    assert not list((root / "reports").glob("*.zip"))


def test_code_that_names_the_projects_folder_stops_the_package(root):
    (root / "notes.txt").write_text(f"see {root}/data/own")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "b")
    with pytest.raises(ReviewError, match=r"code/notes\.txt: names a folder of this machine"):
        package(made_in(root), root)


def test_what_only_looks_like_it_does_not(tmp_path):
    released = toys.table("tall")
    released["text/html"] = FRAME
    notebook = json.dumps(toys.notebook(toys.shown(released), toys.shown({"text/plain": "0.01010012356 / a.home/x"})))
    files = {
        "notebooks/a.ipynb": notebook.encode(),
        "data/a.csv": b"rate\n9.01010012356\n",
        "figures/a.png": b"/home/x",
    }
    assert unfit(files, tmp_path / "project") == []


def test_the_command_tells_where_the_package_is(root, monkeypatch):
    made = made_in(root)
    monkeypatch.chdir(root)
    done = CliRunner().invoke(app, ["package", "toy"])
    assert done.exit_code == 0, done.exception
    assert done.output.startswith(f"reports/toy-{made.commit[:10]}.zip: ")
