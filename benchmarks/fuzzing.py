"""Nothing a user feeds the suite ends in a traceback, and a table in any dialect is read as the same table.

Thousands of tables written in every dialect, of random and damaged files, and of parameter files are read. Each must be
accepted, as the table it was written from where one was, or refused by an error of the suite that repeats no identity
number. The suite's tests try a few of the same (`tests/test_fuzz.py`).
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

KIND = "proof"
TESTS = Path(__file__).parents[1] / "tests"


def run() -> pd.DataFrame:
    """Try every promise on many examples; a traceback ends its examples and is counted."""
    sys.path.insert(0, str(TESTS))
    import fuzz

    rows = []
    for name, (_, _, _, examples) in fuzz.PROPERTIES.items():
        fuzz.COUNTED.clear()
        began, told = time.perf_counter(), ""
        with tempfile.TemporaryDirectory() as folder:
            try:
                fuzz.tried(name, Path(folder), examples, shrink=True)
            except Exception as error:
                told = f"{type(error).__name__}: {error}"[:200]
        note = f"{fuzz.COUNTED['accepted']} accepted, {fuzz.COUNTED['refused']} refused"
        note += f", {time.perf_counter() - began:.0f} s" + (f"; {told}" if told else "")
        print(f"{name}: {note}", flush=True)
        rows += [(name, examples, "examples", note), (f"{name}: tracebacks", int(bool(told)), "", told)]
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])
