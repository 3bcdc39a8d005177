"""The floor of a report: the cells of its notebooks as plain Python, in one warm process per core, and its rendering.

`python -m benchmarks._floor runs.json report-folder` prints the seconds on the clock and of the processor, without
those in which the libraries were loaded. No kernel, no outputs kept, no process of its own for a notebook.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def main(runs: Path, report: Path, cores: int = 2) -> None:
    """Run the cells, half of the notebooks in each process, then render what the report was rendered from."""
    from evaluation.report import warm

    for name in warm.LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    first, last = _parted(json.loads(runs.read_text(encoding="utf-8")))
    fork = multiprocessing.get_context("fork")
    began, before = time.perf_counter(), _used()
    for part in (first, last):  # the conclusions are written from the others' findings
        queue: Any = fork.SimpleQueue()
        for run in [*part, *[None] * cores]:
            queue.put(run)
        every = [fork.Process(target=_serve, args=(queue,)) for _ in range(cores)]
        for process in every:
            process.start()
        for process in every:
            process.join()
            if process.exitcode:
                raise SystemExit("a notebook failed as plain Python")
    cells = time.perf_counter() - began
    _render(report)
    print(json.dumps({"cells": cells, "clock": time.perf_counter() - began, "processor": _used() - before}))


def _parted(runs: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    last = [run for run in runs if "findings" in run["parameters"]]
    return [run for run in runs if run not in last], last


def _used() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def _serve(queue: Any) -> None:
    """Run notebooks one after the other until there is none."""
    os.chdir(ROOT)
    warnings.simplefilter("ignore")
    while (run := queue.get()) is not None:
        notebook = json.loads((ROOT / "notebooks" / f"{run['notebook']}.ipynb").read_text(encoding="utf-8"))
        space: dict[str, Any] = {"__name__": "__main__"}
        with open(os.devnull, "w") as nothing, contextlib.redirect_stdout(nothing):
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    exec("".join(cell["source"]), space)
                    if "parameters" in cell["metadata"].get("tags", []):
                        space.update(run["parameters"])


def _render(report: Path) -> None:
    from evaluation.report.render import Front, render

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "report"
        shutil.copytree(report, folder)
        render(folder, Front("Floor", "", "nb"), 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
