"""Profiles of all 428 municipalities take at most a quarter of the time of the same notebooks run one by one.

Makes the profiles (HTML, PDF, data) of 4 and of 24 municipalities by `evaluation deep-dives` with two workers, which
tells the start from the time of one more profile, and runs the notebook of 6 of them by the papermill command, one by
one, which makes no page at all. Both are then drawn out to 428 along a straight line. Seconds on the clock depend on
what else the machine does; processor seconds, of which two cores give two a second, hardly do. Memory is the largest
sum over all processes of the run of what each holds alone and its share of what it holds with others.
"""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

KIND = "bench"
ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
ALL, FEW, SOME, ONE_BY_ONE, WORKERS = 428, 4, 24, 6, 2


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, processor seconds, and the largest memory in megabytes."""

    clock: float
    processor: float
    memory: float


def run() -> pd.DataFrame:
    with (ROOT / "data" / "demo" / "municipalities.csv").open(encoding="utf-8") as file:
        valid = [row["code"] for row in csv.DictReader(file) if row["valid_to"] == ""]
    chosen = valid[:: len(valid) // SOME][:SOME]  # from all over the country, of all sizes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _profiles(chosen[:1], folder / "first")  # the study's tables are prepared once for all
        few = _profiles(chosen[:FEW], folder / "few")
        some = _profiles(chosen, folder / "some")
        single = [_papermill(code, folder / f"{code}.ipynb") for code in chosen[:ONE_BY_ONE]]
    rows = [
        ("profiles: municipalities made in this run", SOME, "profiles", f"{WORKERS} workers"),
        ("profiles: largest memory of the run", some.memory, "megabytes", "all processes"),
    ]
    for unit in ("clock", "processor"):
        one = (getattr(some, unit) - getattr(few, unit)) / (SOME - FEW)
        start = getattr(few, unit) - FEW * one
        alone = sum(getattr(cost, unit) for cost in single) / ONE_BY_ONE
        told = f"seconds, {unit}"
        rows += [
            ("profiles: start", start, told, "workers, libraries, shared cells"),
            ("profiles: each", one, told, "notebook, HTML, PDF and data"),
            (f"profiles: all {ALL}", start + ALL * one, told, f"drawn out from {FEW} and {SOME}"),
            ("papermill command: each", alone, told, f"mean of {ONE_BY_ONE}; the notebook alone, no page"),
            (f"papermill command: all {ALL}", ALL * alone, told, f"drawn out from {ONE_BY_ONE}"),
        ]
        ratio = (start + ALL * one) / (ALL * alone)
        if unit == "clock":
            rows.append(("ratio", ratio, "of the clock", "target: at most 0.25"))
            rows.append(("profiles: sustained rate per core", 60 / one / WORKERS, "a minute", "clock"))
        else:
            rows.append(("ratio, were the cores idle", ratio / WORKERS, "of the clock", "from processor seconds"))
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"]).round({"value": 3})


def _profiles(codes: list[str], out: Path) -> Cost:
    command = [str(BIN / "evaluation"), "deep-dives", "--municipalities", ",".join(codes), "--out", str(out)]
    cost = _measured([*command, "--workers", str(WORKERS)])
    assert len(list(out.glob("*/*.pdf"))) == len(codes)
    return cost


def _papermill(code: str, out: Path) -> Cost:
    command = [str(BIN / "papermill"), "notebooks/profile.ipynb", str(out), "--no-progress-bar"]
    return _measured([*command, "-r", "municipality", code])


def _measured(command: list[str]) -> Cost:
    """Run a command in the project; its processor seconds are those of all its processes that it waited for."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    largest = [0.0]
    watcher = threading.Thread(target=_watch, args=(process, largest), daemon=True)
    watcher.start()
    status = process.wait()
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    watcher.join()
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(clock, processor, largest[0])


def _watch(process: subprocess.Popen[bytes], largest: list[float]) -> None:
    while process.poll() is None:
        largest[0] = max(largest[0], sum(_held(pid) for pid in _family(process.pid)) / 1024)
        time.sleep(0.5)


def _family(top: int) -> list[int]:
    """Return a process and all that descend from it."""
    parents = {}
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if entry.isdigit():
            try:
                parents[int(entry)] = int(Path("/proc", entry, "stat").read_text().rsplit(") ", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
    found = [top]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _held(pid: int) -> float:
    """Return the kilobytes a process holds, what it shares counted by its share."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return float(next((line.split()[1] for line in lines if line.startswith("Pss:")), 0))
