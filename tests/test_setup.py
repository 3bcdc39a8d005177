"""The set-up keeps its promises: one list of dependencies, one way of imports, notebooks clean."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from ruamel.yaml import YAML

from evaluation.report.copies import chapters

ROOT = Path(__file__).parents[1]
NOTEBOOKS = chapters(ROOT / "notebooks")

# The layers of the design, top first; a module imports only from rows above its own (or from its own package).
LAYERS = [
    {"errors", "texts", "language", "workbench"},
    {"municipalities", "programme"},
    {"sources", "tables", "study"},
    {
        *("participation", "survey", "did", "sick_leave", "positions", "recruitment", "reputation", "goals"),
        *("cooperation", "deep_dive", "conclusions"),
    },
    {"disclosure"},
    {"exhibits"},
    {"report", "new", "check", "fetch", "cli"},
]
# In its own row a module may use those to its left.
ROW_ORDER = ["errors", "texts", "language", "workbench", "municipalities", "programme", "sources", "tables", "study"]
ROW_ORDER += ["did", "survey", "sick_leave", "participation", "positions", "recruitment", "reputation", "goals"]
ROW_ORDER += ["cooperation", "deep_dive", "conclusions", "disclosure", "exhibits", "report"]
ROW_ORDER += ["new", "check", "fetch", "cli"]


def _modules() -> list[Path]:
    return sorted((ROOT / "src" / "evaluation").rglob("*.py"))


def _imported(path: Path) -> set[str]:
    """Names of the suite's own modules imported anywhere in the file, inside functions too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "evaluation":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("evaluation.")}
    return found


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(ROOT / "src" / "evaluation")))
def test_a_module_imports_only_from_layers_above(path):
    module = path.relative_to(ROOT / "src" / "evaluation").parts[0].removesuffix(".py")
    if module in ("__init__", "__main__"):
        return
    imported = _imported(path) - {module, "__version__"}
    if module == "demo":
        assert imported <= LAYERS[0] | LAYERS[1]
        return
    level = next(i for i, layer in enumerate(LAYERS) if module in layer)
    above = set().union(*LAYERS[:level])
    beside = {name for name in LAYERS[level] if ROW_ORDER.index(name) < ROW_ORDER.index(module)}
    lazily = {"demo"} if module in ("study", "new", "cli") else set()
    assert imported <= above | beside | lazily, f"{path.name} imports {sorted(imported - above - beside - lazily)}"


def test_difference_in_differences_knows_nothing_of_municipalities():
    for path in (ROOT / "src" / "evaluation" / "did").rglob("*.py"):
        assert _imported(path) <= {"errors", "did", "workbench"}, path


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_thin_clean_and_never_imports_the_runner(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert sum("parameters" in cell["metadata"].get("tags", []) for cell in code) == 1
    for cell in code:
        source = "".join(cell["source"])
        assert not cell["outputs"]
        assert cell["execution_count"] is None
        assert not re.search(r"^\s*(def|class) ", source, re.MULTILINE)
        assert "lambda" not in source
        assert "evaluation.report" not in source
        assert len(source.splitlines()) <= 20


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_prose_cell_speaks_all_three_languages(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    tags = [cell["metadata"].get("tags", []) for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
    counts = {language: sum(language in cell for cell in tags) for language in ("nb", "nn", "en")}
    assert counts["nb"] == counts["nn"] == counts["en"] > 0


def test_committed_notebooks_hold_no_outputs():
    done = subprocess.run(
        [sys.executable, "-m", "nbstripout", "--keep-id", "--verify", *map(str, NOTEBOOKS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _pins() -> dict[str, str]:
    """Versions of requirements.lock as they apply to the Python of environment.yml."""
    target = {"python_version": "3.12", "python_full_version": "3.12.0", "sys_platform": "linux"}
    target |= {"platform_system": "Linux", "platform_python_implementation": "CPython", "os_name": "posix"}
    pins = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if re.match(r"[a-z0-9]", line):
            requirement = Requirement(line.rstrip(" \\"))
            if requirement.marker is None or requirement.marker.evaluate(target):
                pins[requirement.name.replace(".", "-")] = str(requirement.specifier).removeprefix("==")
    return pins


def _direct() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [Requirement(d) for d in project["dependencies"] + project["optional-dependencies"]["dev"]]


def test_the_lock_satisfies_every_declared_dependency():
    pins = _pins()
    for requirement in _direct():
        name = re.sub(r"[._]", "-", requirement.name.lower())
        assert name in pins
        assert requirement.specifier.contains(pins[name]), f"{requirement} is locked at {pins[name]}"


def test_the_conda_environment_is_in_step_with_the_lock():
    listed = YAML(typ="safe").load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = dict(entry.split("=", 1) for entry in listed if isinstance(entry, str) and "=" in entry)
    pip = dict(e.split("==") for entry in listed if isinstance(entry, dict) for e in entry["pip"] if "==" in e)
    pip |= {"duckdb": conda.pop("python-duckdb")}
    versions = {re.sub(r"[._]", "-", name): version for name, version in (conda | pip).items() if name != "python"}
    pins = _pins()
    direct = {re.sub(r"[._]", "-", requirement.name.lower()) for requirement in _direct()}
    assert versions == {name: pins[name] for name in direct}


def test_importing_the_package_loads_no_scientific_library():
    heavy = "{'numpy', 'pandas', 'scipy', 'statsmodels', 'seaborn', 'pandera', 'duckdb', 'matplotlib'}"
    for statement in ("import evaluation", "import evaluation.cli"):
        code = f"{statement}; import sys; print(sorted({heavy} & set(sys.modules)))"
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        assert loaded.strip() == "[]", f"{statement} loads {loaded}"
