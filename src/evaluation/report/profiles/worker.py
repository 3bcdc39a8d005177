"""A process that makes profiles one after the other: `python -m evaluation.report.profiles.worker`.

It reads lines of JSON from standard input: the setting and the folder, then one task at a time. It answers each by a
line (null, or what went wrong). The cells of the notebook that are the same for all are run once; for every profile the
process is then forked. When standard input ends, because the run has, it ends with all it started.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import mmap
import os
import select
import signal
import struct
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from evaluation.errors import EvaluationError
from evaluation.report.declared import read_notebook
from evaluation.report.execute import Failure, first_line, message
from evaluation.report.profiles.page import Setting, Task, make_page

if TYPE_CHECKING:
    from evaluation.report.inline import Inline

RENDERING = ("typst", "pypandoc", "nbformat.v4")


def main() -> None:
    """Serve until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a notebook prints by itself is no answer
    setting = Setting.from_json(_line().decode())
    folder = Path(json.loads(_line()))
    inline, failure = _prepare(setting)
    _answer(answers, failure)
    if failure is not None:
        return
    place = mmap.mmap(-1, 8)
    while line := _line():
        task = Task(**json.loads(line))
        _answer(answers, _forked(inline, task, setting, folder, place))


def _line() -> bytes:
    """Read a line of standard input and nothing after it, or nothing at its end."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            return b""
        line += byte
    return line


def _answer(answers: TextIO, what: str | None) -> None:
    answers.write(json.dumps(what) + "\n")
    answers.flush()


def _prepare(setting: Setting) -> tuple[Inline, str | None]:
    """Load the libraries and run the cells that all profiles share."""
    from evaluation.report.inline import Inline

    for name in (*setting.libraries, *RENDERING):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if "matplotlib" in sys.modules:
        _draw()
    inline = Inline(read_notebook(Path(setting.notebook)), setting.parameters)
    failure = inline.run(inline.shared_until(setting.varied))
    gc.collect()
    gc.freeze()
    told = None if failure is None else _told(failure, Task("", "", ""), setting, shared=True)
    return inline, told


def _draw() -> None:
    """Draw once, so that what matplotlib finds out at the first drawing (fonts above all) is known to every child."""
    from matplotlib.figure import Figure

    for kind in ("png", "svg"):
        figure = Figure()
        figure.subplots().set_title("0")
        figure.savefig(io.BytesIO(), format=kind)


def _forked(inline: Inline, task: Task, setting: Setting, folder: Path, place: mmap.mmap) -> str | None:
    """Make one profile in a process of its own; return what went wrong, or None."""
    told, tell = os.pipe()
    place[:8] = struct.pack("q", inline.place)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(told)
            signal.alarm(setting.limit)
            status = _make(inline, task, setting, folder, place, tell)
        finally:
            os._exit(status)
    os.close(tell)
    text = b""
    while True:
        ready, _, _ = select.select([told, 0], [], [])
        if 0 in ready and told not in ready:
            os.killpg(0, signal.SIGKILL)  # the run has ended: nothing else is said while a profile is being made
        chunk = os.read(told, 65536)
        if not chunk:
            break
        text += chunk
    os.close(told)
    _, status = os.waitpid(pid, 0)
    number = os.waitstatus_to_exitcode(status)
    if text:
        what: str | None = json.loads(text)
        return what
    cells = inline.notebook.cells
    begun = min(struct.unpack("q", place[:8])[0], len(cells) - 1)
    reason = "the process died (killed, or out of memory), so the rest never ran"
    if number == -signal.SIGALRM:
        reason = f"it took longer than {setting.limit} seconds"
    elif number >= 0:
        reason = "the notebook ended the process by itself, so the rest never ran"
    return _told(Failure(begun + 1, first_line(cells[begun].source), reason), task, setting)


def _make(inline: Inline, task: Task, setting: Setting, folder: Path, place: mmap.mmap, tell: int) -> int:
    """In the child: run the rest of the cells and render; tell what went wrong or None, and return the exit status."""
    gc.set_threshold(100_000)  # a collection would copy what is shared, and the process soon ends
    try:
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        inline.set(setting.varied, task.code)
        failure = None
        while failure is None and inline.place < len(inline.notebook.cells):
            place[:8] = struct.pack("q", inline.place)
            failure = inline.run(inline.place + 1)
        if failure is not None:
            return _tell(tell, _told(failure, task, setting))
        make_page(inline.notebook, task, setting, folder)
    except EvaluationError as error:
        return _tell(tell, str(error))
    except Exception as error:
        traceback.print_exc()
        return _tell(tell, f"{type(error).__name__}: {error}")
    return _tell(tell, None)


def _tell(tell: int, what: str | None) -> int:
    with os.fdopen(tell, "w", encoding="utf-8") as file:
        json.dump(what, file)
    return int(what is not None)


def _told(failure: Failure, task: Task, setting: Setting, shared: bool = False) -> str:
    run = setting.run(task)
    return message(run if not shared else type(run)(run.name, run.notebook, {}), failure)


if __name__ == "__main__":
    main()
