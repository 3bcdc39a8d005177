"""Every chapter runs top to bottom: in JupyterLab with its defaults, and under plain papermill."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from evaluation.report.copies import chapters
from evaluation.report.declared import read_declared
from evaluation.report.execute import execute_one
from evaluation.report.kernels import Kernels
from evaluation.report.parameters import Run, read_plan

ROOT = Path(__file__).parents[1]
NOTEBOOKS = chapters(ROOT / "notebooks")
# Every chapter is executed with these values in the midterm report; the long ones are not run twice.
LONG = ("02_sick_leave", "03_position_sizes", "04_recruitment", "05_reputation", "06_goal_attainment")
LONG += ("07_cooperation", "09_across_cases")
SHORT = [path for path in NOTEBOOKS if path.stem not in LONG]


@pytest.fixture(scope="module")
def kernels():
    # JupyterLab starts a kernel in the notebooks' own folder.
    with Kernels(ROOT / "notebooks", 0) as started:
        yield started


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_defaults_are_those_of_the_midterm_report(path):
    declared = read_declared(path).parameters
    midterm = read_plan(ROOT / "params" / "midterm.yaml", ROOT / "notebooks").values
    common = {name: declared[name] for name in ("data", "as_of", "division", "language")}
    assert common == {name: midterm[name] for name in common}


@pytest.mark.parametrize("path", SHORT, ids=lambda p: p.stem)
def test_a_chapter_runs_in_jupyterlab_with_its_default_parameters(path, kernels):
    notebook = nbformat.read(path, as_version=4)
    done = execute_one(Run(path.stem, path, {}), kernels)
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = [output.data for output in outputs if "data" in output]
    exhibits = [data for data in shown if "application/vnd.evaluation.exhibit+json" in data]
    # A chapter written from the others' findings has none to show before a report is made.
    assert exhibits or "findings = " in "".join(cell.source for cell in notebook.cells)
    assert all("text/html" in data for data in exhibits)
    assert not [output for output in outputs if output.output_type == "stream" and output.name == "stderr"]


def test_plain_papermill_with_the_reports_parameter_file_runs_a_chapter(tmp_path):
    out = tmp_path / "out.ipynb"
    command = [sys.executable, "-m", "papermill", "notebooks/01_programme.ipynb", str(out)]
    command += ["-f", "params/midterm.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    cells = nbformat.read(out, as_version=4).cells
    assert all(cell.execution_count for cell in cells if cell.cell_type == "code")
