"""Mutants of a package, and the tests that meet each (used by `mutation`)."""

from __future__ import annotations

import ast
import os
import pickle
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "evaluation"
WARM = ("scipy.stats", "scipy.optimize", "statsmodels.api", "pyarrow.parquet", "duckdb", "diff_diff", "nbformat")
MEMORY, NEVER_MET = 8 * 2**30, 99


class Mutant(NamedTuple):
    """One operator at one place."""

    module: str
    line: int
    column: int
    operator: str
    occurrence: int


def mutants(package: str) -> Iterator[Mutant]:
    """Yield every mutant of a package, in a fixed order."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    operators = [(name, get_operator(name)) for name in sorted(operator_names())]
    for path in sorted((SOURCE / package).glob("*.py")):
        source = path.read_text(encoding="utf-8")
        nodes, never = list(ast_nodes(get_ast(source))), annotations(source)
        for name, operator in operators:
            if operator.arguments():
                continue
            starts = [start for node in nodes for start, _ in operator().mutation_positions(node)]
            for occurrence, (line, column) in enumerate(starts):
                if not any(first <= (line, column) < last for first, last in never):
                    yield Mutant(path.stem, line, column, name, occurrence)


def annotations(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return where the annotations of a module begin and end."""
    found = [getattr(node, name, None) for node in ast.walk(ast.parse(source)) for name in ("annotation", "returns")]
    return [((one.lineno, one.col_offset), (one.end_lineno, one.end_col_offset)) for one in found if one is not None]


def changed(path: Path, mutant: Mutant) -> str:
    """Return what a module's source becomes."""
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    return str(mutate_code(path.read_text(encoding="utf-8"), get_operator(mutant.operator)(), mutant.occurrence))


def line(package: str, mutant: Mutant) -> str:
    """Return the line on which a mutant differs."""
    return (SOURCE / package / f"{mutant.module}.py").read_text(encoding="utf-8").splitlines()[mutant.line - 1]


def compiles(package: str, mutant: Mutant) -> bool:
    """Whether the operator can be applied (cosmic-ray fails at `except module.Error`) and leaves Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            compile(changed(SOURCE / package / f"{mutant.module}.py", mutant), mutant.module, "exec")
        except (SyntaxError, AttributeError):
            return False
    return True


def tried(package: str, tests_of: Iterable[str], drawn: list[Mutant]) -> list[str]:
    """Return how each mutant ended, some at a time, each in a process of its own that ends with it."""
    for name in WARM:
        import_module(name)
    sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EVALUATION_CACHE"] = f"{folder}/cache"
        known = Path(folder, "reached")
        if ended(forked(lambda: reach(package, tests_of, known), 600)) != "survived":
            raise SystemExit(f"The tests of {package} fail without any fault.")
        reached, seconds = pickle.loads(known.read_bytes())
        running: dict[int, int] = {}
        result = [""] * len(drawn)
        for place, mutant in enumerate(drawn):
            tests = meeting(package, mutant, reached, seconds)
            limit = 10 + 3 * int(sum(seconds[test] for test in tests))
            if tests:
                running[forked(partial(meet, package, mutant, tests, f"{folder}/{place}"), limit)] = place
            else:
                result[place] = "survived"
            while len(running) >= (os.cpu_count() or 1) or (running and place == len(drawn) - 1):
                process, status = os.wait()
                result[running.pop(process)] = ended(process, status)
    return result


def forked(work: Callable[[], int], limit: int) -> int:
    """Start the work in a fork with so many seconds of processor time, silently; return the process."""
    process = os.fork()
    if process:
        return process
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.alarm(20 * limit)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    for name in [name for name in sys.modules if name.partition(".")[0] == "evaluation"]:
        del sys.modules[name]
    try:
        os._exit(int(work()))
    except BaseException:
        os._exit(1)


def ended(process: int, status: int | None = None) -> str:
    """Return what the end of a process says of its mutant."""
    status = os.waitpid(process, 0)[1] if status is None else status
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM) else "killed"
    if os.WEXITSTATUS(status) == NEVER_MET:
        raise SystemExit("The tests met the module as it is, not the mutant.")
    return "killed" if os.WEXITSTATUS(status) else "survived"


def tests_run(names: Iterable[str], plugin: Any, *options: str) -> int:
    """Run files of tests without `conftest.py`, which watches for written input and is slow."""
    files = [str(ROOT / "tests" / name) for name in names]
    options = ("-x", "-q", "--noconftest", "-p", "no:cacheprovider", f"--rootdir={ROOT}", *options)
    return int(pytest.main([*options, *files], plugins=[plugin]))


def meet(package: str, mutant: Mutant, tests: list[str], folder: str) -> int:
    """Put the mutant in the place of its module and run these tests."""
    mutated = Mutated(package, mutant)
    sys.meta_path.insert(0, mutated)
    files = sorted({Path(test.partition("::")[0]).name for test in tests})
    failed = tests_run(files, Chosen(tests), f"--basetemp={folder}")
    return failed if mutated.met else NEVER_MET


def reach(package: str, tests_of: Iterable[str], known: Path) -> int:
    """Note which tests, and which fixtures shared by tests, reach each line, and what each test takes."""
    from coverage import Coverage

    measured = Coverage(data_file=None, source=[str(SOURCE / package)], config_file=False)
    timed = Timed(measured)
    measured.start()
    failed = tests_run([f"test_{name}.py" for name in tests_of], timed, f"--basetemp={known}-run")
    measured.stop()
    data, reached = measured.get_data(), {}
    for file in data.measured_files():
        for line, whose in data.contexts_by_lineno(file).items():
            tests = {test for one in whose for test in timed.users.get(one, {one}) if one}
            reached[Path(file).stem, line] = tests
    known.write_bytes(pickle.dumps((reached, timed.seconds)))
    return failed


def meeting(package: str, mutant: Mutant, reached: dict, seconds: dict[str, float]) -> list[str]:
    """Return the tests that reach the function in which the mutant stands, the quickest first."""
    tree = ast.parse((SOURCE / package / f"{mutant.module}.py").read_text(encoding="utf-8"))
    outer = [node for top in tree.body for node in (top.body if isinstance(top, ast.ClassDef) else [top])]
    inside = [node for node in outer if isinstance(node, ast.FunctionDef) and begins(node) <= mutant.line]
    inside = [node for node in inside if mutant.line <= (node.end_lineno or 0)]
    lines = range(inside[0].body[0].lineno, (inside[0].end_lineno or 0) + 1) if inside else ()
    tests = {test for line in lines for test in reached.get((mutant.module, line), ())} if inside else set(seconds)
    return sorted(tests & set(seconds), key=lambda test: (seconds[test], test))


def begins(node: ast.FunctionDef) -> int:
    """Return the line of a function's first decorator, or its own."""
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


class Timed:
    """Tells coverage which test, or which fixture shared by tests, is running."""

    def __init__(self, measured: Any) -> None:
        self.measured, self.test = measured, ""
        self.seconds: dict[str, float] = {}
        self.users: dict[str, set[str]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Any:
        self.test = item.nodeid
        for name in item.fixturenames:
            self.users.setdefault(f"fixture {name}", set()).add(item.nodeid)
        self.measured.switch_context(self.test)
        began = time.process_time()
        result = yield
        self.seconds[self.test] = time.process_time() - began
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Any:
        shared = fixturedef.scope != "function"
        self.measured.switch_context(f"fixture {fixturedef.argname}" if shared else self.test)
        result = yield
        self.measured.switch_context(self.test)
        return result


class Chosen:
    """Runs the chosen tests only, in their order."""

    def __init__(self, tests: list[str]) -> None:
        self.tests = tests

    def pytest_collection_modifyitems(self, items: list) -> None:
        known = {item.nodeid: item for item in items}
        items[:] = [known[test] for test in self.tests]


class Mutated(SourceFileLoader):
    """Finds the module of a mutant, and compiles what it has become."""

    def __init__(self, package: str, mutant: Mutant) -> None:
        name = f"evaluation.{package}" + ("" if mutant.module == "__init__" else f".{mutant.module}")
        super().__init__(name, str(SOURCE / package / f"{mutant.module}.py"))
        self.mutant, self.met = mutant, False

    def find_spec(self, name: str, *_: Any) -> Any:
        return spec_from_file_location(name, self.path, loader=self) if name == self.name else None

    def get_code(self, _: str) -> Any:
        mutated = changed(Path(self.path), self.mutant)
        self.met = True
        return compile(mutated, self.path, "exec")
