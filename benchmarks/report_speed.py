"""The final report takes at most a quarter of the papermill command's time, and 1.5 times the floor.

Makes the final report (10 chapters, 16 cases, what it compares with, three forms) with an empty cache, by the command
as a user gives it. The peer runs the same notebooks with the same parameters one by one by the papermill command, and
turns each into HTML by `jupyter nbconvert`: no single document, no PDF, no Word file. The floor is the same cells as
plain Python in one warm process a core, plus rendering; it finds the tables prepared, as loading libraries and
preparing tables are no part of it. What the report costs made again is told too: unchanged, with all chapters kept, and
with a parameter changed that one chapter reads. Seconds on the clock depend on what else the machine does, of which the
mean load tells; processor seconds hardly do.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

from benchmarks._measuring import ROOT, Cost, measured
from evaluation.report.build import find_parameter_file
from evaluation.report.kernels import environment

KIND = "bench"
BIN = Path(sys.executable).parent
AGAIN = 5
REPORT = "final"
ORDINARY = {"PYTHONDONTWRITEBYTECODE": ""}
"""Python keeps what it compiles, as it does unless told otherwise: the peer would compile the suite 49 times."""


def run(report: str = REPORT) -> pd.DataFrame:
    """Measure the report of a name or a parameter file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache, made = folder / "cache", folder / "made"
        cold = _report(report, made, cache)
        runs = json.loads((made / "manifest.json").read_text(encoding="utf-8"))["runs"]
        peers = _one_by_one(runs, folder / "one", cache)
        floor = _floor(runs, made, cache, folder)
        unchanged = [_report(report, made, cache) for _ in range(AGAIN)]
        shutil.rmtree(made)
        kept = _report(report, made, cache)
        changed = _report(str(_changed(report, folder)), made, cache)
    total = Cost(*(sum(getattr(one, part) for one in peers) for part in ("clock", "processor", "memory", "load")))
    rows = [
        ("notebooks", len(runs), "notebooks", "chapters, cases, and those of the earlier report"),
        ("report, empty cache", cold.clock, "seconds, clock", "tables prepared, all executed, three forms"),
        ("report, empty cache", cold.processor, "seconds, processor", ""),
        ("report: largest memory", cold.memory, "megabytes", "all processes"),
        ("report: mean load", cold.load, "processes", "of the whole machine"),
        ("one by one", total.clock, "seconds, clock", "papermill command, then nbconvert to HTML"),
        ("one by one", total.processor, "seconds, processor", ""),
        ("one by one: mean load", total.load / len(peers), "processes", "of the whole machine"),
        ("floor", floor["clock"], "seconds, clock", "plain Python in two warm processes, then rendering"),
        ("floor: cells alone", floor["cells"], "seconds, clock", ""),
        ("floor", floor["processor"], "seconds, processor", ""),
        ("ratio to one by one", cold.clock / total.clock, "of the clock", "target: at most 0.25"),
        ("ratio to one by one", cold.processor / total.processor, "of the processor", ""),
        ("ratio to the floor", cold.clock / floor["clock"], "of the clock", "target: at most 1.5"),
        ("ratio to the floor", cold.processor / floor["processor"], "of the processor", ""),
        ("unchanged report", statistics.median(one.clock for one in unchanged), "seconds, clock", f"median of {AGAIN}"),
        ("all chapters kept", kept.clock, "seconds, clock", "assembled and rendered anew"),
        ("one chapter changed", changed.clock, "seconds, clock", "goal attainment and conclusions executed"),
    ]
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"]).round({"value": 3})


def _report(report: str, out: Path, cache: Path) -> Cost:
    command = [str(BIN / "evaluation"), "report", report, "--out", str(out)]
    return measured(command, EVALUATION_CACHE=str(cache), **ORDINARY)


def _changed(report: str, folder: Path) -> Path:
    """Return a parameter file like that of the report, but for a parameter that the chapter on goals alone reads."""
    given = find_parameter_file(report, ROOT)
    changed = folder / given.name
    changed.write_text(f"{given.read_text(encoding='utf-8')}\nhalfway: 0.6\n", encoding="utf-8")
    return changed


def _one_by_one(runs: list[dict[str, object]], folder: Path, cache: Path) -> list[Cost]:
    """Run each notebook by the papermill command in a cache that has the findings alone, and nbconvert it."""
    folder.mkdir()
    own = folder / "cache"
    shutil.copytree(cache / "findings", own / "findings")
    costs = []
    for run in runs:
        source, out = ROOT / "notebooks" / f"{run['notebook']}.ipynb", folder / f"{run['name']}.ipynb"
        parameters = folder / f"{run['name']}.yaml"
        parameters.write_text(json.dumps(run["parameters"]), encoding="utf-8")  # which is YAML too
        command = [str(BIN / "papermill"), str(source), str(out), "--no-progress-bar", "-f", str(parameters)]
        costs.append(measured(command, EVALUATION_CACHE=str(own), **ORDINARY))
        costs.append(measured([str(BIN / "jupyter"), "nbconvert", "--to", "html", str(out)], **ORDINARY))
    return costs


def _floor(runs: list[dict[str, object]], made: Path, cache: Path, folder: Path) -> dict[str, float]:
    told = folder / "runs.json"
    told.write_text(json.dumps(runs), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks._floor", str(told), str(made)]
    # What chapters share it works out itself.
    surroundings = environment(0, {"EVALUATION_CACHE": str(cache), "EVALUATION_SHARED": "floor"})
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
