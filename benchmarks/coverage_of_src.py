"""The suite runs at least 95 % of the lines and branches of `src`.

The tests run as always, and so do the kernels and commands that they start and fork: coverage is switched on in each.
`COVERED=tests/test_language.py` measures a part of the suite, `COVERED="-n 2"` uses two cores.
Needed: `pip install coverage`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

KIND = "proof"
ROOT = Path(__file__).parents[1]
SETTINGS = """[run]
source = {root}/src/evaluation
branch = true
parallel = true
data_file = {folder}/data
patch = subprocess, _exit, fork
concurrency = multiprocessing, thread
sigterm = true
[report]
exclude_also = if TYPE_CHECKING:
"""


def run() -> pd.DataFrame:
    """Run the suite, and tell what of each module was run: in all, and where it is less than 90 %."""
    if find_spec("coverage") is None:
        raise SystemExit("Needs coverage: pip install coverage")
    with tempfile.TemporaryDirectory() as folder:
        settings, told = Path(folder, "settings"), Path(folder, "told.json")
        settings.write_text(SETTINGS.format(root=ROOT, folder=folder), encoding="utf-8")

        def coverage(verb: str, *more: str) -> int:
            command = [sys.executable, "-m", "coverage", verb, f"--rcfile={settings}", *more]
            return subprocess.run(command, cwd=ROOT, check=False).returncode

        failed = coverage("run", "-m", "pytest", "-p", "no:cacheprovider", *os.environ.get("COVERED", "").split())
        coverage("combine", "--quiet")
        coverage("json", "--quiet", "-o", str(told))
        found = json.loads(told.read_text(encoding="utf-8"))
    modules = {Path(name).relative_to("src").as_posix(): one["summary"] for name, one in found["files"].items()}
    modules = {name: one for name, one in modules.items() if one["percent_covered"] < 90}
    rows = [("tests failed", int(failed != 0), "", "")]
    rows += [(what, round(one["percent_covered"], 1), "%", counted(one)) for what, one in [("src", found["totals"])]]
    rows += [(name, round(one["percent_covered"], 1), "%", counted(one)) for name, one in sorted(modules.items())]
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])


def counted(one: dict[str, int]) -> str:
    """Return how many lines and branches were run, of how many."""
    lines = f"{one['covered_lines']} of {one['num_statements']} lines"
    return f"{lines}, {one['covered_branches']} of {one['num_branches']} branches"
