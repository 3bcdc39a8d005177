"""Every block in README, CONTRIBUTING and docs is run, or read by the program it is for; none is passed over."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import test_tutorial
import typer
from distributed.cli import dask_scheduler, dask_worker

import evaluation
from evaluation import cli
from evaluation.report import strict_yaml
from evaluation.report.parameters import LIMITS, read_plan
from evaluation.tables import read_layout

ROOT = Path(__file__).parents[1]
MADE = {"_build", "reference"}
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
PAGES += sorted(path for path in (ROOT / "docs").rglob("*.md") if not MADE & set(path.relative_to(ROOT).parts))
# A page is run as a whole, in a project of its own, or its clusters are not here: their calls are only looked up.
TUTORIAL, CLUSTER = "docs/add-an-outcome.md", "docs/cluster.md"
REPORT = "report: mine\ntitle: {en: Mine}\nlanguage: en\nchapters: [02_sick_leave]\n"
STUDY = "name: Mine\nprogramme: programme.yaml\nregister: norway\ntables:\n"
STUDY += "  projects: {files: a.csv}\n  participation: {files: b.csv}\n"


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, the line it begins on, what stands behind the fence, and its text."""

    page: str
    line: int
    info: str
    text: str

    @property
    def way(self) -> str:
        if self.page == TUTORIAL:
            return "whole tutorial"
        looked_up = self.page == CLUSTER and self.info == "python"
        return "names" if looked_up else WAYS[self.info]


WAYS = {"sh": "commands", "python": "run", "yaml": "settings", "text": "folders", "{toctree}": "pages"}


def blocks(path: Path) -> Iterator[Block]:
    page, lines = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8").splitlines()
    start = None
    for number, line in enumerate(lines, start=1):
        if not line.lstrip().startswith("```"):
            continue
        if start is None:
            start = number
        else:
            text = "".join(f"{one}\n" for one in lines[start : number - 1])
            yield Block(page, start, lines[start - 1].strip().removeprefix("```"), text)
            start = None
    assert start is None, f"{page}, line {start}: a block without an end"


BLOCKS = [block for path in PAGES for block in blocks(path)]


def of(way: str) -> pytest.MarkDecorator:
    chosen = [block for block in BLOCKS if block.way == way]
    return pytest.mark.parametrize("block", chosen, ids=[f"{block.page}:{block.line}" for block in chosen])


def test_every_block_is_handled_and_the_tutorial_has_no_block_that_its_own_tests_do_not_take():
    handled = {name.args[1][0].way for name in _parametrised()} | {"run", "whole tutorial"}
    assert {block.way for block in BLOCKS} == handled
    taken = [" ".join([language, *words]) for language, words, _ in test_tutorial.blocks()]
    assert taken == [block.info for block in BLOCKS if block.page == TUTORIAL]


def _parametrised() -> Iterator[Any]:
    for test in list(globals().values()):
        yield from (mark for mark in getattr(test, "pytestmark", []) if mark.args[:1] == ("block",))


# --- shell ---


def evaluation_command(words: list[str]) -> None:
    command = typer.main.get_command(cli.app).commands[words[0]]
    command.make_context(words[0], words[1:])


def python_command(words: list[str]) -> None:
    if words[:2] == ["-m", "pip"]:
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert set(re.findall(r"\.\[(\w+)\]", words[-1])) <= extras["optional-dependencies"].keys()
    else:
        assert words[:2] == ["-m", "benchmarks"]
        assert all((ROOT / "benchmarks" / f"{name}.py").exists() for name in words[2:])


def make_command(words: list[str]) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(words) <= set(targets)


def papermill_command(words: list[str]) -> None:
    # As the program itself reads it; importing it takes seconds.
    notebook, _, option, parameters = words
    assert option == "-f"
    assert (ROOT / notebook).exists()
    assert (ROOT / parameters).exists()


def dask_command(words: list[str]) -> None:
    commands = {"scheduler": dask_scheduler.main, "worker": dask_worker.main}
    commands[words[0]].make_context(words[0], words[1:])


def git_command(words: list[str]) -> None:
    assert words == ["clone", "ADDRESS", "evaluation"]


def cd_command(words: list[str]) -> None:
    assert words == ["evaluation"]


PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    "evaluation": evaluation_command,
    "python": python_command,
    "make": make_command,
    "papermill": papermill_command,
    "dask": dask_command,
    "git": git_command,
    "cd": cd_command,
}


@of("commands")
def test_every_command_is_understood_by_the_program_it_is_for(block):
    commands = [shlex.split(line, comments=True) for line in block.text.splitlines()]
    assert any(commands)
    for words in filter(None, commands):
        PROGRAMS[Path(words[0]).name](words[1:])


def test_a_command_that_is_not_there_is_found():
    for line in ("evaluation reports midterm", "evaluation report --langauge nn midterm", "make tests", "rm x"):
        words = shlex.split(line)
        with pytest.raises(Exception, match=r"reports|langauge|tests|rm"):
            PROGRAMS[words[0]](words[1:])


# --- Python ---


@pytest.fixture(scope="module")
def one_study():
    """Load each study once: a page's blocks ask for it by the same arguments."""
    return functools.cache(evaluation.load_study)


RUN = list(dict.fromkeys(block.page for block in BLOCKS if block.way == "run"))


@pytest.mark.parametrize("page", RUN)
def test_the_python_of_a_page_runs_in_its_order(page, one_study, monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(evaluation, "load_study", one_study)
    names: dict[str, Any] = {"__name__": page}
    for block in BLOCKS:
        if block.page == page and block.way == "run":
            # A mistake is told with its line on the page.
            code = compile("\n" * block.line + block.text, ROOT / page, "exec")
            exec(code, names)


@of("names")
def test_what_cannot_run_here_is_python_and_calls_what_there_is(block):
    tree = ast.parse(block.text)
    known = _imported(tree)
    if not known:
        page = (ROOT / block.page).read_text(encoding="utf-8")
        assert "has not been run" in page
        assert "dask_jobqueue" in block.text
    for node in ast.walk(tree):
        if isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
            known[node.optional_vars.id] = _named(node.context_expr.func, known)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = _named(call.func, known)
        if called is not None:
            inspect.signature(called).bind_partial(**{one.arg: None for one in call.keywords if one.arg})


def _imported(tree: ast.Module) -> dict[str, Any]:
    """What the block imports, of the libraries that are here."""
    found = {}
    for node in (one for one in tree.body if isinstance(one, ast.ImportFrom)):
        if importlib.util.find_spec(node.module):
            module = importlib.import_module(node.module)
            for name in node.names:
                found[name.name] = getattr(module, name.name, None) or importlib.import_module(
                    f"{node.module}.{name.name}"
                )
    return found


def _named(node: ast.expr, known: dict[str, Any]) -> Any:
    """What a name or a name with attributes stands for; None where it is not known from the imports."""
    if isinstance(node, ast.Attribute):
        owner = _named(node.value, known)
        return None if owner is None else getattr(owner, node.attr)
    return known.get(node.id) if isinstance(node, ast.Name) else None


# --- settings, folders, pages ---


@of("settings")
def test_settings_are_read_as_they_stand(block, tmp_path):
    text = block.text
    if text.startswith("# params/"):
        read(tmp_path, text)
        return
    if set(strict_yaml.read_mapping(write(tmp_path, "any.yaml", text)).entries) <= set(LIMITS):
        assert read(tmp_path, REPORT + text).limits != read(tmp_path, REPORT).limits
        return
    write(tmp_path, "sources.yaml", text if "programme:" in text else STUDY + text)
    named = re.findall(r"^  (\w+):", text.split("tables:\n")[-1], re.MULTILINE)
    assert named
    assert set(named) <= read_layout(tmp_path).tables.keys()


def read(folder: Path, text: str) -> Any:
    return read_plan(write(folder, "mine.yaml", text), ROOT / "notebooks")


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@of("folders")
def test_folders_are_where_the_readme_says(block):
    places = [place for line in block.text.splitlines() for place in re.findall(r"(?:^|\s)([\w/]+/)(?=\s|$)", line)]
    assert len(places) >= 5
    within = {"reference/": "data/reference/", "demo/": "data/demo/", "raw/": ""}
    assert [place for place in places if not (ROOT / within.get(place, place)).is_dir()] == []


@of("pages")
def test_a_list_of_pages_names_pages_that_there_are(block, monkeypatch):
    folder = (ROOT / block.page).parent
    names = [line for line in block.text.splitlines() if line and not line.startswith(":")]
    monkeypatch.syspath_prepend(ROOT / "docs")
    made = {f"reference/{name}" for name in importlib.import_module("generate").PAGES}
    assert names
    assert [name for name in names if name not in made and not list(folder.glob(f"{name}.md"))] == []
