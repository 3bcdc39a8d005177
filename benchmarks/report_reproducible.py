"""The same report twice gives the same bytes, in every language, whatever the number of workers.

Makes the midterm report twice (one worker, then two) and the final report in English and in nynorsk, and compares the
hashes of what the two midterm runs published. The times are those of this run on this machine.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

KIND = "proof"
ROOT = Path(__file__).parents[1]
EXECUTABLE = Path(sys.executable).with_name("evaluation")


def run() -> pd.DataFrame:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        made = {}
        for name, options in {
            "midterm, one worker": ["midterm", "--workers", "1"],
            "midterm, two workers": ["midterm", "--workers", "2"],
            "final, English": ["final", "--language", "en"],
            "final, nynorsk": ["final", "--language", "nn"],
        }.items():
            out = Path(folder) / name.replace(", ", "-").replace(" ", "-")
            start = time.perf_counter()
            command = [str(EXECUTABLE), "report", *options, "--out", str(out)]
            subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
            made[name] = _hashes(out)
            rows.append((f"{name}: time", time.perf_counter() - start, "seconds", ""))
            rows.append((f"{name}: files published", len(made[name]), "files", ""))
        first, second = made["midterm, one worker"], made["midterm, two workers"]
        different = sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))
        rows.append(("midterm twice: files that differ", len(different), "files", "; ".join(different)))
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])


def _hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
