"""What has not changed is not computed again, and what has changed is."""

from __future__ import annotations

from dataclasses import replace

import nbformat
import pytest

from evaluation.report.imports import PACKAGE, modules_used
from evaluation.report.kept import Kept
from evaluation.report.parameters import Run


def _package(folder, **modules):
    package = folder / "evaluation"
    for name, text in {"__init__": "", **modules}.items():
        path = package / f"{name.replace('__of__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return package


def test_imports_are_followed_through_functions_packages_and_relative_names(tmp_path):
    package = _package(
        tmp_path,
        a="def f():\n    from evaluation.b import g\n",
        b="import evaluation.deep.one\n",
        c="",
        deep__of____init__="",
        deep__of__one="from . import two\nfrom ..c import x\n",
        deep__of__two="import pandas\n",
        unused="",
    )
    found = {path.relative_to(package).as_posix() for path in modules_used(("from evaluation import a",), package)}
    assert found == {"__init__.py", "a.py", "b.py", "deep/__init__.py", "deep/one.py", "deep/two.py", "c.py"}


def test_a_chapter_rests_on_its_theme_and_not_on_the_others():
    used = {path.relative_to(PACKAGE).as_posix() for path in modules_used(("from evaluation import recruitment",))}
    assert "recruitment/__init__.py" in used
    assert "did/__init__.py" in used
    assert not {path for path in used if path.startswith(("cooperation/", "deep_dive/", "report/"))}


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "chapter.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%matplotlib inline\n1 + 1")])
    nbformat.write(notebook, path)
    return Run("chapter", path, {"language": "nb"})


def _executed(run):
    notebook = nbformat.read(run.notebook, as_version=4)
    notebook.cells[0].execution_count = 1
    return notebook


def test_an_equal_run_is_taken_from_the_last_one(tmp_path, run):
    Kept(tmp_path / "kept", [("a.csv", "1")]).put(run, _executed(run))
    found = Kept(tmp_path / "kept", [("a.csv", "1")]).get(run)
    assert found == _executed(run)
    assert Kept(tmp_path / "kept", [("a.csv", "1")], fresh=True).get(run) is None


def test_another_input_parameter_or_text_is_another_run(tmp_path, run):
    kept = Kept(tmp_path / "kept", [("a.csv", "1")])
    kept.put(run, _executed(run))
    assert Kept(tmp_path / "kept", [("a.csv", "2")]).get(run) is None
    assert kept.get(replace(run, parameters={"language": "nn"})) is None
    notebook = _executed(run)
    notebook.cells[0].source = "1 + 2"
    nbformat.write(notebook, run.notebook)
    assert Kept(tmp_path / "kept", [("a.csv", "1")]).get(run) is None


def test_changed_code_that_the_chapter_imports_is_another_run(tmp_path, run, monkeypatch):
    import evaluation.report.kept as kept_module

    notebook = _executed(run)
    notebook.cells[0].source = "from evaluation import a"
    nbformat.write(notebook, run.notebook)
    package = _package(tmp_path, a="from evaluation.b import f\n", b="f = 1\n", other="1\n")
    monkeypatch.setattr(kept_module, "PACKAGE", package)
    monkeypatch.setattr(kept_module, "modules_used", lambda sources: modules_used(sources, package))

    def key():
        return Kept(tmp_path / "kept", []).key(run)

    first = key()
    (package / "other.py").write_text("2\n")
    assert key() == first
    (package / "labels.csv").write_text("key\n")
    assert key() != first


def test_a_damaged_file_is_no_result(tmp_path, run):
    kept = Kept(tmp_path / "kept", [])
    kept.put(run, _executed(run))
    (path,) = (tmp_path / "kept").glob("*.ipynb")
    path.write_bytes(path.read_bytes()[:-20])
    assert kept.get(run) is None


def test_a_folder_that_cannot_be_written_to_costs_only_the_keeping(tmp_path, run):
    (tmp_path / "kept").write_text("a file")
    kept = Kept(tmp_path / "kept", [])
    kept.put(run, _executed(run))
    assert kept.get(run) is None
