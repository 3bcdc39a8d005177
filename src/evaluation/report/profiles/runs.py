"""Make many profiles side by side: by workers that fork for each, or one kernel each where nothing can be forked."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from evaluation.errors import EvaluationError, ReportError
from evaluation.report import warm
from evaluation.report.execute import execute_one
from evaluation.report.kernels import Kernels, environment
from evaluation.report.profiles.page import Setting, Task, make_page


def run_tasks(
    tasks: Sequence[Task],
    setting: Setting,
    folder: Path,
    *,
    root: Path,
    workers: int,
    cold: bool,
    done: Callable[[str], None],
) -> dict[str, str]:
    """Make the profiles of `tasks` in `folder`, `workers` at a time; return what went wrong by code.

    Raises
    ------
    ReportError
        What the profiles share failed, so that none can be made.
    """
    if not tasks:
        return {}
    workers = max(1, min(workers, len(tasks)))
    if cold or not warm.available():
        return _by_kernels(tasks, setting, folder, root, workers, done)
    return _by_workers(tasks, setting, folder, root, workers, done)


def _by_kernels(
    tasks: Sequence[Task], setting: Setting, folder: Path, root: Path, workers: int, done: Callable[[str], None]
) -> dict[str, str]:
    failed: dict[str, str] = {}
    with Kernels(root, setting.epoch, cold=True) as kernels:

        def make(task: Task) -> str | None:
            try:
                make_page(execute_one(setting.run(task), kernels), task, setting, folder)
            except EvaluationError as error:
                return str(error)
            return None

        pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="profile")
        futures = {pool.submit(make, task): task for task in tasks}
        try:
            _collect(futures, failed, done)
        finally:
            kernels.kill()
            pool.shutdown(wait=True, cancel_futures=True)
    return failed


def _by_workers(
    tasks: Sequence[Task], setting: Setting, folder: Path, root: Path, workers: int, done: Callable[[str], None]
) -> dict[str, str]:
    failed: dict[str, str] = {}
    idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
    every = [_Worker(setting, folder, root) for _ in range(workers)]
    for worker in every:
        idle.put(worker)

    def make(task: Task) -> str | None:
        worker = idle.get()
        try:
            return worker.make(task)
        finally:
            idle.put(worker)

    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="profile")
    futures = {pool.submit(make, task): task for task in tasks}
    try:
        _collect(futures, failed, done)
    finally:
        for worker in every:
            worker.close()
        pool.shutdown(wait=True, cancel_futures=True)
    return failed


def _collect(futures: dict[Future[str | None], Task], failed: dict[str, str], done: Callable[[str], None]) -> None:
    """Wait for all in short steps: a signal must find the main thread awake."""
    waiting: set[Future[str | None]] = set(futures)
    while waiting:
        ended, waiting = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in sorted(ended, key=lambda future: futures[future].code):
            task, what = futures[future], future.result()
            if what is not None:
                failed[task.code] = what
            done(f"{task.code} {task.name}{' failed' if what is not None else ''}")


class _Worker:
    """A process that makes profiles, started at the first, and again if it died."""

    def __init__(self, setting: Setting, folder: Path, root: Path):
        self._setting, self._folder, self._root = setting, folder, root
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._closed = False

    def make(self, task: Task) -> str | None:
        """Make a profile; return what went wrong, or None."""
        process = self._process or self._start()
        answer = self._ask(process, json.dumps(task.__dict__))
        if answer is None:
            self._process = None
            self._kill(process)
            return "the process that made the profiles died (killed, or out of memory)"
        return answer[0]

    def _start(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._closed:
                raise ReportError("stopped")
            process = subprocess.Popen(
                [sys.executable, "-m", "evaluation.report.profiles.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._root,
                env=environment(self._setting.epoch),
                text=True,
                encoding="utf-8",
                start_new_session=True,
            )
            self._process = process
        answer = self._ask(process, f"{self._setting.to_json()}\n{json.dumps(str(self._folder))}")
        if answer is None or answer[0] is not None:
            raise ReportError(
                answer[0] if answer and answer[0] else "the process that makes the profiles did not start"
            )
        return process

    def _ask(self, process: subprocess.Popen[str], line: str) -> tuple[str | None] | None:
        """Send a line and return the answer in a tuple, or None when the process has died."""
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            if answer := process.stdout.readline():
                return (json.loads(answer),)
        return None

    def close(self) -> None:
        """End the process and all it started."""
        with self._lock:
            self._closed = True
            process, self._process = self._process, None
        if process is not None:
            self._kill(process)

    @staticmethod
    def _kill(process: subprocess.Popen[Any]) -> None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                assert stream is not None
                stream.close()
