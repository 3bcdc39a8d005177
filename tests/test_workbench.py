"""At the workbench: what results say of themselves, what Tab lists, and what a chapter shows at its top."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, fields, is_dataclass
from fnmatch import fnmatch
from importlib import import_module
from inspect import isabstract, isclass, ismodule
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
from typer.testing import CliRunner

import evaluation
from evaluation import exhibits, workbench
from evaluation.cli import app
from evaluation.errors import ReportError
from evaluation.exhibits import contents
from evaluation.report.copies import COPIES, chapters, copy_chapter
from evaluation.report.declared import read_declared
from evaluation.texts import LANGUAGES
from evaluation.workbench import Described

ROOT = Path(__file__).parents[1]
MODULES = sorted(name for name in dir(evaluation) if name not in evaluation.__all__)
PUBLIC = {
    name: import_module(f"evaluation.{name}") for name in [*MODULES, "texts", "language", "errors", "tables", "sources"]
}
RESULTS = sorted(
    {one for module in PUBLIC.values() for one in vars(module).values() if isclass(one) and is_dataclass(one)},
    key=lambda one: f"{one.__module__}.{one.__qualname__}",
)
DESCRIBED = [one for one in RESULTS if one.__repr__ is Described.__repr__ and not isabstract(one)]


@pytest.mark.parametrize("name", PUBLIC)
def test_tab_lists_what_is_public_and_nothing_that_was_imported(name):
    module = PUBLIC[name]
    listed = dir(module)
    assert sorted(listed) == sorted(module.__all__)
    for public in listed:
        value = getattr(module, public)
        assert not ismodule(value)
        assert not (isclass(value) or callable(value)) or value.__module__.startswith(("evaluation", "collections"))


def test_tab_after_the_package_lists_its_modules_and_each_is_there():
    assert {"did", "sick_leave", "positions", "deep_dive", "exhibits", "disclosure", "load_study"} <= set(
        dir(evaluation)
    )
    assert not {"annotations", "Any", "TYPE_CHECKING", "import_module"} & set(dir(evaluation))
    assert all(getattr(evaluation, name) is PUBLIC[name] for name in MODULES)
    with pytest.raises(AttributeError, match="no attribute 'sick_leaves'"):
        _ = evaluation.sick_leaves


def test_no_result_holds_tables_without_saying_what_it_is():
    # A dataclass that says nothing itself prints every row of every table.
    silent = [one for one in RESULTS if hasattr(one.__repr__, "__wrapped__")]
    holding = [one for one in silent if "DataFrame" in str([field.type for field in fields(one)])]
    assert holding == []
    assert len(DESCRIBED) >= 40


@pytest.mark.parametrize("result", DESCRIBED, ids=lambda one: f"{one.__module__.split('.', 1)[1]}.{one.__name__}")
def test_a_result_of_any_size_says_what_it_is_in_six_lines(result):
    made = object.__new__(result)
    for field in fields(result):
        long = pd.DataFrame({"municipality": [f"{code:04d}" for code in range(1000)] * 2, "value": 1.0})
        value = long if "DataFrame" in str(field.type) else "long and wordy " * 50
        object.__setattr__(made, f"_{field.name}" if isinstance(field.default, property) else field.name, value)
    said = repr(made).splitlines()
    assert said[0].startswith(result.__name__)
    assert len(said) <= 6
    assert max(map(len, said)) <= workbench.WIDTH + 2
    if any("DataFrame" in str(field.type) for field in fields(result)):
        assert "(2000 rows, municipalities: 1000)" in repr(made)


@dataclass(frozen=True)
class Inner(Described):
    value: float


@dataclass(frozen=True)
class Outer(Described):
    window: tuple[int, int]
    share: float
    codes: tuple[str, ...]
    inner: Inner
    rows: pd.DataFrame
    dropped: pd.DataFrame
    standard_error: str
    nothing: None = None


@pytest.fixture
def outer():
    rows = pd.DataFrame({"municipality": ["0101", "0101", "0104"], "name": ["<b>", "x", "y"]})
    codes = tuple(f"{code:04d}" for code in range(100))
    return Outer(
        (2010, 2012), 1 / 3, codes, Inner(1.0), rows, rows[:1], "by municipality, small-sample corrected (CR1)"
    )


def test_a_result_says_its_values_its_tables_and_what_it_holds(outer):
    assert repr(outer).splitlines() == [
        "Outer: window (2010, 2012), share 0.3333, codes [100]",
        "  tables: rows (3 rows, municipalities: 2); dropped (1 row, municipalities: 1)",
        "  results: inner (Inner)",
        "  standard error: by municipality, small-sample corrected (CR1)",
    ]


def test_jupyterlab_shows_the_first_table_open_and_data_as_text(outer):
    page = outer._repr_html_()
    assert page.count("<details open>") == 1
    assert page.count("<table") == 2
    assert "&lt;b&gt;" in page
    assert "<b>" not in page


def test_a_class_with_words_of_its_own_keeps_them():
    @dataclass(frozen=True)
    class Own(Described):
        value: int

        def __repr__(self) -> str:
            return "own"

    assert repr(Own(1)) == "own"


def notebook_open(monkeypatch, path: Path) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    monkeypatch.setattr(workbench, "front_end", lambda: True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", chapters(ROOT / "notebooks"), ids=lambda path: path.stem)
def test_a_chapters_contents_are_its_headings_in_its_language(path, language, monkeypatch):
    notebook_open(monkeypatch, path)
    page = contents.contents(language)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    mine = [cell for cell in cells if language in cell["metadata"].get("tags", [])]
    # By another route: every line that begins with two or three #.
    expected = [line.lstrip("# ") for cell in mine for line in "".join(cell["source"]).splitlines() if line[:2] == "##"]
    assert [one.text for one in contents.headings(path, language)] == expected
    leading_to = re.findall(r'href="([^"#]+)#cell-id=([^"]+)"', page)
    assert len(leading_to) == len(expected)
    assert {name for name, _ in leading_to} <= {path.name}
    assert {cell for _, cell in leading_to} <= {cell["id"] for cell in mine}


def test_contents_are_shown_where_somebody_is_and_not_in_a_report(monkeypatch, tmp_path):
    chapter = exhibits.Chapter("toy", study=SimpleNamespace(as_of="2013-12-31", division=2013), language="nb")
    assert repr(chapter) == "Chapter toy, nb: data to 2013-12-31, division of 2013"
    monkeypatch.setenv("JPY_SESSION_NAME", str(ROOT / "notebooks" / "01_programme.ipynb"))
    assert chapter._repr_html_() is None
    notebook_open(monkeypatch, tmp_path / "not there.ipynb")
    assert chapter._repr_html_() is None
    notebook_open(monkeypatch, ROOT / "notebooks" / "01_programme.ipynb")
    assert "Hvem som deltar" in chapter._repr_html_()


@pytest.mark.parametrize("path", chapters(ROOT / "notebooks"), ids=lambda path: path.stem)
def test_a_chapter_opens_with_what_can_be_changed_and_then_its_contents(path):
    code = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    first, second = ("".join(cell["source"]).splitlines() for cell in code[:2])
    assert first[0] == "# Change these and run all cells (Run > Run All Cells)."
    told = [line for line in first[1:] if re.match(r"\w+ = ", line) and "  # " in line]
    assert len(told) >= 6
    assert second[-1] == "chapter"


@pytest.fixture
def folder(tmp_path):
    for name in ("01_first", "02_second-Copy1", "my_trial", "Untitled"):
        cells = [nbformat.v4.new_code_cell('language = "nb"  # or "en"', metadata={"tags": ["parameters"]})]
        cells += [nbformat.v4.new_markdown_cell(f"## {one}", metadata={"tags": [one]}) for one in LANGUAGES]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
    return tmp_path


def test_copies_are_no_chapters_and_git_ignores_them(folder):
    assert [path.stem for path in chapters(folder)] == ["01_first"]
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {f"/notebooks/{copy}.ipynb" for copy in COPIES} <= set(ignored)
    assert not any(fnmatch(path.name, f"{copy}.ipynb") for path in chapters(ROOT / "notebooks") for copy in COPIES)


def test_a_copy_in_one_language_has_its_prose_alone_and_the_parameter_set(folder):
    copy = copy_chapter("01_first", folder, language="en")
    assert copy.name == "my_01_first.ipynb"
    assert [cell.source for cell in nbformat.read(copy, 4).cells] == ['language = "en"  # or "en"', "## en"]
    assert read_declared(copy).parameters == {"language": "en"}
    whole = copy_chapter("01_first", folder, name="whole")
    assert nbformat.read(whole, 4) == nbformat.read(folder / "01_first.ipynb", 4)
    assert [path.stem for path in chapters(folder)] == ["01_first"]


def test_what_is_wrong_with_a_copy_is_told_at_once(folder):
    with pytest.raises(ReportError) as error:
        copy_chapter("01_frist", folder, language="no", name="trial")
    for part in ("no such chapter", "01_first", "no such language", "nb, nn, en", "there already", "my_trial.ipynb"):
        assert part in str(error.value)


def test_the_command_copies_a_chapter_and_says_where(folder, tmp_path, monkeypatch):
    project = tmp_path / "project"
    (project / "params").mkdir(parents=True)
    shutil.copytree(folder, project / "notebooks", ignore=shutil.ignore_patterns("project"))
    monkeypatch.chdir(project)
    done = CliRunner().invoke(app, ["copy", "01_first", "--language", "nn"])
    assert done.stdout == f"{Path('notebooks/my_01_first.ipynb')}\n"
    assert read_declared(project / "notebooks" / "my_01_first.ipynb").parameters == {"language": "nn"}
