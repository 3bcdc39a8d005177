"""Report folders made by hand for the tests of compare, verify and package: no notebook is run, nothing rendered."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import toy_reports as toys

from evaluation.report.crate import write_crate
from evaluation.report.made import MANIFEST, PARAMETERS, Made, read_made
from evaluation.report.manifest import Code, made_from, manifest, write_json
from evaluation.report.parameters import read_plan

TABLES = {
    "01_first-kurve": "year,intake,estimate,low,high\n2012,1,-0.3,-0.5,-0.1\n2013,1,-0.4,-0.6,-0.2\n",
    "01_first-tall": "theme,persons\nsick_leave,40\nfull_time,:\n",
}
INPUTS = (("people.csv", "a" * 64), ("sources.yaml", "b" * 64))


def finding(name: str, value: float | None, low: float | None = None, high: float | None = None, **more: Any) -> dict:
    """A finding as findings.json has it."""
    told = {"notebook": "01_first", "chapter": "first", "name": name, "value": value, "low": low, "high": high}
    return {**told, "unit": "percentage_points", "n": 90, "decimals": 2, "causal": low is not None, **more}


FINDINGS = (finding("effect", -0.3, -0.5, -0.1), finding("level", 9.6), finding("gap", 0.2, -0.1, 0.5))


def toy_report(
    root: Path,
    out: Path,
    *,
    findings: tuple[dict, ...] = FINDINGS,
    tables: dict[str, str] = TABLES,
    inputs: tuple[tuple[str, str], ...] = INPUTS,
    language: str = "nb",
    cells: tuple[Any, ...] = (),
    data: str | None = None,
    **changes: Any,
) -> Made:
    """Write a report of the project in `root` into `out`; `changes` replace parts of its manifest."""
    file = root / "params" / "toy.yaml"
    if not file.exists():
        toys.project(root)
    plan = read_plan(file, root / "notebooks", language=language)
    runs = [run for chapter in plan.chapters for run in chapter.runs()]
    shutil.rmtree(out, ignore_errors=True)
    for folder in ("data", "figures", "notebooks"):
        (out / folder).mkdir(parents=True)
    for stem, text in tables.items():
        (out / "data" / f"{stem}.csv").write_text(text, encoding="utf-8")
    (out / "figures" / "01_first-kurve.svg").write_text(toys.SVG, encoding="utf-8")
    for run in runs:
        nbformat.write(toys.notebook(toys.markdown("# Tittel"), *cells), out / "notebooks" / f"{run.name}.ipynb")
    for form in ("html", "pdf", "md"):
        (out / f"report.{form}").write_text(f"a report as {form}", encoding="utf-8")
    write_json(out / "findings.json", list(findings))
    labels = {"01_first-kurve": ("figure", "Figur 1.1"), "01_first-tall": ("table", "Tabell 1.1")}
    exhibits = [
        {"id": stem, "kind": kind, "label": label, "caption": "Noen tall", "data": f"data/{stem}.csv"}
        for stem, (kind, label) in labels.items()
        if stem in tables
    ]
    write_json(out / "exhibits.json", exhibits)
    shutil.copyfile(file, out / PARAMETERS)
    told = made_from(plan, code=Code.of(root), root=root, inputs=inputs)
    told["parameters"] |= {"data": data} if data else {}
    write_json(out / MANIFEST, {**manifest(told, runs, folder=out), **changes})
    made = read_made(out)
    write_crate(made)
    return made


def edit(made: Made, name: str, **changes: Any) -> None:
    """Change entries of a JSON file of a report."""
    path = made.folder / name
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, **changes}), encoding="utf-8")


def git(root: Path, *arguments: str) -> str:
    """Run git on a clone, as somebody."""
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()
