"""What a command costs: clock, processor, memory, and how busy the machine was meanwhile."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    """Seconds on the clock, processor seconds, the largest memory in megabytes, and the machine's mean load."""

    clock: float
    processor: float
    memory: float
    load: float


def measured(command: Sequence[str], **environment: str) -> Cost:
    """Run a command in the project; its processor seconds are those of all its processes that it waited for."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, **silent)
    largest: list[float] = []
    loads: list[float] = []
    watcher = threading.Thread(target=_watch, args=(process, largest, loads), daemon=True)
    watcher.start()
    status = process.wait()
    clock, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    watcher.join()
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}")
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(clock, processor, max(largest), sum(loads) / len(loads))


def _watch(process: subprocess.Popen[bytes], largest: list[float], loads: list[float]) -> None:
    while True:
        largest.append(sum(_held(pid) for pid in _family(process.pid)) / 1024)
        loads.append(os.getloadavg()[0])
        if process.poll() is not None:
            return
        time.sleep(1)


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
