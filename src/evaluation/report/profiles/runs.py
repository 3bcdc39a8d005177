"""Make many profiles side by side: by workers that fork for each, or one kernel each where nothing can be forked."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.errors import EvaluationError, ReportError
from evaluation.report import warm
from evaluation.report.execute import execute_one
from evaluation.report.kernels import Kernels, environment
from evaluation.report.profiles.page import Setting, Task, make_page
from evaluation.report.schedule import LostError, Place, Workshop, each

Posted = tuple[str | None, dict[str, bytes]]
"""What went wrong with a profile, or None, and its files."""


def run_tasks(
    tasks: Sequence[Task],
    makes: Callable[[Path], Workshop[Task, str | None]],
    where: Callable[[Callable[[], Workshop[Any, Any]]], AbstractContextManager[Place[Any, Any]]],
    folder: Path,
    *,
    away: bool,
    done: Callable[[str], None],
) -> dict[str, str]:
    """Make the profiles of `tasks` in `folder`; return what went wrong by code.

    `makes` gives the workshop of a folder, and `where` the place of a workshop; `away` says that the folder is not to
    be found there.

    Raises
    ------
    ReportError
        What the profiles share failed, so that none can be made.
    """
    if not tasks:
        return {}
    failed: dict[str, str] = {}
    with where(partial(Post, makes) if away else partial(makes, folder)) as there:
        for task, future in each(there, tasks):
            try:
                what = there.result(future)
                what = _received(what, folder / task.code) if away else what
            except LostError as lost:
                what = str(lost)
            if what is not None:
                failed[task.code] = what
            done(f"{task.code} {task.name}{' failed' if what is not None else ''}")
    return failed


def _received(posted: Posted, here: Path) -> str | None:
    """Put the files of a profile in place, which is there only when it is complete; return what went wrong."""
    what, files = posted
    if what is None:
        beside = here.with_name(f".{here.name}-posted")
        shutil.rmtree(beside, ignore_errors=True)
        for name, content in files.items():
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / name).write_bytes(content)
        shutil.rmtree(here, ignore_errors=True)
        beside.rename(here)
    return what


class Post:
    """A workshop where the folder of the run is not: it gives what went wrong, and the files of the profile."""

    def __init__(self, makes: Callable[[Path], Workshop[Task, str | None]]):
        self.folder = Path(tempfile.mkdtemp(prefix="ev-"))
        self.workshop = makes(self.folder)

    def __call__(self, task: Task) -> Posted:
        """Make a profile."""
        what, here = self.workshop(task), self.folder / task.code
        files = (path for path in sorted(here.rglob("*")) if path.is_file())
        posted = what, {path.relative_to(here).as_posix(): path.read_bytes() for path in files}
        shutil.rmtree(here, ignore_errors=True)
        return posted

    def close(self) -> None:
        """End what makes them, and leave nothing behind."""
        self.workshop.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def profiles_of(
    setting: Setting, root: Path, given: Mapping[str, str], cold: bool, folder: Path
) -> Workshop[Task, str | None]:
    """Return the workshop that makes profiles in `folder`; it gives what went wrong, or None."""
    if cold or not warm.available():
        return ByKernels(setting, folder, root, given)
    return ByWorkers(setting, folder, root, given)


class ByKernels:
    """A workshop that runs the whole notebook for each, in a kernel started from nothing."""

    def __init__(self, setting: Setting, folder: Path, root: Path, given: Mapping[str, str]):
        self.setting, self.folder = setting, folder
        self.kernels = Kernels(root, setting.epoch, cold=True, given=given)

    def __call__(self, task: Task) -> str | None:
        """Make a profile."""
        try:
            make_page(execute_one(self.setting.run(task), self.kernels), task, self.setting, self.folder)
        except EvaluationError as error:
            return str(error)
        return None

    def close(self) -> None:
        """Kill what runs."""
        self.kernels.close()


class ByWorkers:
    """A workshop of processes that fork for each; there are as many as profiles are made at a time."""

    def __init__(self, setting: Setting, folder: Path, root: Path, given: Mapping[str, str]):
        self.new = partial(_Worker, setting, folder, root, given)
        self.every: list[_Worker] = []
        self.idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self.closed = threading.Event()

    def __call__(self, task: Task) -> str | None:
        """Make a profile."""
        try:
            worker = self.idle.get_nowait()
        except queue.Empty:
            worker = self.new()
            self.every.append(worker)
        if self.closed.is_set():
            raise ReportError("stopped")
        try:
            return worker.make(task)
        finally:
            self.idle.put(worker)

    def close(self) -> None:
        """Kill what runs."""
        self.closed.set()
        for worker in self.every:
            worker.close()


class _Worker:
    """A process that makes profiles, started at the first, and again if it died."""

    def __init__(self, setting: Setting, folder: Path, root: Path, given: Mapping[str, str]):
        self._setting, self._folder, self._root = setting, folder, root
        self._environment = environment(setting.epoch, given)
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
                env=self._environment,
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
