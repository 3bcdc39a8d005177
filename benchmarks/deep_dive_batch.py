"""Profiles of all 428 municipalities take at most a quarter of the time of the same notebooks run one by one.

Makes the profiles (HTML, PDF, data, index) of every municipality in one run of `evaluation deep-dives` with two
workers, from a folder without any, and runs the notebook of 8 of them by the papermill command, one by one, half before
and half after; papermill makes no page at all, and its time is drawn out to as many. Seconds on the clock depend on
what else the machine does, of which the mean load tells (beyond the run's own 2); processor seconds, of which two cores
give two a second, hardly do. Memory is the largest sum over all processes of the run of what each holds alone and its
share of what it holds with others.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks._measuring import ROOT, Cost, measured

KIND = "bench"
BIN = Path(sys.executable).parent
ONE_BY_ONE, WORKERS = 8, 2


def run(codes: Sequence[str] | None = None) -> pd.DataFrame:
    """Measure; `codes` are the municipalities, all by default."""
    codes = _all_codes() if codes is None else list(codes)
    count = len(codes)
    sample = codes[:: max(1, count // ONE_BY_ONE)][:ONE_BY_ONE]  # from all over the country, of all sizes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _profiles(codes[:1], folder / "first")  # the study's tables are prepared once for all
        single = [_papermill(code, folder / f"{code}.ipynb") for code in sample[::2]]
        batch = _profiles(codes, folder / "all")
        single += [_papermill(code, folder / f"{code}.ipynb") for code in sample[1::2]]
    alone = Cost(*(sum(getattr(cost, part) for cost in single) / len(single) for part in Cost.__dataclass_fields__))
    drawn_out = f"drawn out from {len(single)} of them"
    rows = [
        ("profiles in one run", count, "profiles", f"{WORKERS} workers, none failed"),
        ("profiles: all", batch.clock, "seconds, clock", "HTML, PDF, data and index"),
        ("profiles: each", batch.clock / count, "seconds, clock", ""),
        ("profiles: all", batch.processor, "seconds, processor", ""),
        ("profiles: each", batch.processor / count, "seconds, processor", ""),
        ("profiles: sustained rate per core", 60 * count / batch.clock / WORKERS, "a minute", "clock, start included"),
        ("profiles: largest memory", batch.memory, "megabytes", "all processes; target: under 3000"),
        ("profiles: mean load", batch.load, "processes", "of the whole machine"),
        ("papermill command: each", alone.clock, "seconds, clock", "the notebook alone, no page"),
        ("papermill command: each", alone.processor, "seconds, processor", ""),
        ("papermill command: all", count * alone.clock, "seconds, clock", drawn_out),
        ("papermill command: mean load", alone.load, "processes", "of the whole machine"),
        ("ratio", batch.clock / (count * alone.clock), "of the clock", "target: at most 0.25"),
        ("ratio of processor seconds", batch.processor / (count * alone.processor), "", ""),
    ]
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"]).round({"value": 3})


def _all_codes() -> list[str]:
    with (ROOT / "data" / "demo" / "municipalities.csv").open(encoding="utf-8") as file:
        return [row["code"] for row in csv.DictReader(file) if row["valid_to"] == ""]


def _profiles(codes: Sequence[str], out: Path) -> Cost:
    command = [str(BIN / "evaluation"), "deep-dives", "--municipalities", ",".join(codes), "--out", str(out)]
    cost = measured([*command, "--workers", str(WORKERS)])
    assert len(list(out.glob("*/*.pdf"))) == len(codes)
    return cost


def _papermill(code: str, out: Path) -> Cost:
    command = [str(BIN / "papermill"), "notebooks/profile.ipynb", str(out), "--no-progress-bar"]
    return measured([*command, "-r", "municipality", code])
