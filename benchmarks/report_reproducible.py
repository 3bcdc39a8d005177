"""The same report and package twice give the same bytes: another day, time zone, locale, folder and number of workers.

Clones the last commit into two folders of other names and makes the midterm report and its package in each, every
chapter anew. The second time the clock is set back by more than a year (for Python, pandoc and Typst alike, where there
is a C compiler), in another time zone and locale, with another seed of Python's hashes, one worker instead of two,
kernels started cold, and a cache of its own. Then the final report in English and nynorsk. The times are those of this
run on this machine.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from tests.other_day import DAYS, other_day

KIND = "proof"
ROOT = Path(__file__).parents[1]
OTHERWISE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "4711", "COLUMNS": "40"}


def run() -> pd.DataFrame:
    rows: list[tuple[str, float, str, str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shifted = other_day(folder)
        rows.append(("clock set by", DAYS if shifted else 0, "days", "" if shifted else "no C compiler"))
        clones = {"here": folder / "here", "there": folder / "a deeper" / "folder there"}
        for place, clone in clones.items():
            subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
            settings = {"TZ": "Europe/Oslo", "LC_ALL": "C.UTF-8"} if place == "here" else OTHERWISE | (shifted or {})
            options = ["--workers", "2"] if place == "here" else ["--workers", "1", "--cold"]
            rows.append(_timed(f"midterm {place}", clone, ["report", "midterm", "--fresh", *options], settings))
            rows.append(_timed(f"package {place}", clone, ["package", "midterm"], settings))
        first, second = (_hashes(clone / "reports") for clone in clones.values())
        different = sorted(name for name in first | second if first.get(name) != second.get(name))
        rows.append(("midterm and package: files", len(first), "files", ""))
        rows.append(("midterm and package: files that differ", len(different), "files", "; ".join(different)))
        for language in ("en", "nn"):
            asked = ["report", "final", "--language", language, "--out", str(folder / language)]
            rows.append(_timed(f"final, {language}", clones["here"], asked, {}))
            rows.append((f"final, {language}: files", len(_hashes(folder / language)), "files", ""))
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])


def _timed(what: str, clone: Path, arguments: list[str], settings: dict[str, str]) -> tuple[str, float, str, str]:
    start = time.perf_counter()
    environment = os.environ | {"PYTHONPATH": str(clone / "src"), "EVALUATION_CACHE": str(clone / ".cache")} | settings
    command = [sys.executable, "-m", "evaluation.cli", *arguments]
    subprocess.run(command, cwd=clone, env=environment, check=True, stdout=subprocess.DEVNULL)
    return (f"{what}: time", time.perf_counter() - start, "seconds", "")


def _hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
