"""Where the programme did nothing, the final report's sick-leave chapter finds no effect and says so."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

KIND = "proof"
ROOT = Path(__file__).parents[1]
SAID = "ikke funnet noen sikker effekt"


def run() -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as name:
        data, out = Path(name) / "null", Path(name) / "out"
        _evaluation("demo", "--scenario", "null", "--out", str(data))
        asked = ["--data", str(data), "--chapters", "02_sick_leave", "--out", str(out)]
        _evaluation("report", "final", *asked)
        findings = json.loads((out / "findings.json").read_text(encoding="utf-8"))
        said = SAID in (out / "report.md").read_text(encoding="utf-8")
    rows = [
        {"what": one["name"], "value": one["value"], "low": one["low"], "high": one["high"]}
        for one in findings
        if one["name"] in ("effect", "effect_callaway_santanna")
    ]
    frame = pd.DataFrame(rows)
    frame["covers_zero"] = (frame["low"] <= 0) & (frame["high"] >= 0)
    frame["said_in_prose"] = said
    if not (len(frame) == 2 and frame["covers_zero"].all() and said):
        raise SystemExit(f"an effect is claimed where there is none: {rows}")
    return frame


def _evaluation(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "evaluation.cli", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
    )
