"""Run the benchmarks (`python -m benchmarks`), the proofs (`python -m benchmarks proof`), or some by name.

A module has `KIND` ("bench" or "proof"), a docstring that says the claim, and `run()`, which returns a table with the
columns `what`, `value`, `unit`, `note`. The last result of each is kept in `benchmarks/results/`.
"""

from __future__ import annotations

import json
import os
import pkgutil
import platform
import sys
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import benchmarks

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "pandas", "scipy", "duckdb", "diff-diff", "papermill", "pypandoc-binary", "typst")


def main(arguments: list[str]) -> None:
    names = [found.name for found in pkgutil.iter_modules(benchmarks.__path__) if not found.name.startswith("_")]
    wanted = arguments or ["bench"]
    unknown = sorted(set(wanted) - {"bench", "proof", *names})
    if unknown:
        raise SystemExit(f"No such benchmark: {', '.join(unknown)}. There are: bench, proof, {', '.join(names)}")
    RESULTS.mkdir(exist_ok=True)
    stopped = []
    for name in names:
        module = import_module(f"benchmarks.{name}")
        if name not in wanted and module.KIND not in wanted:
            continue
        print(f"\n{name}: {(module.__doc__ or '').strip().splitlines()[0]}", flush=True)
        start = time.perf_counter()
        try:
            table = module.run()
        except SystemExit as why:  # a claim that does not hold, or something that is not installed: the others go on
            print(why, flush=True)
            stopped.append(name)
            continue
        seconds = time.perf_counter() - start
        print(table.to_string(index=False), f"\n({seconds:.0f} s)", flush=True)
        table.to_csv(RESULTS / f"{name}.csv", index=False, lineterminator="\n")
        facts = {
            "claim": (module.__doc__ or "").strip(),
            "command": f"python -m benchmarks {name}",
            "seconds": round(seconds, 1),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "packages": {package: version(package) for package in PACKAGES},
        }
        (RESULTS / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    if stopped:
        raise SystemExit(f"Stopped, and not written: {', '.join(stopped)}")


if __name__ == "__main__":
    main(sys.argv[1:])
