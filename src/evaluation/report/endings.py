"""How a command that failed or was stopped ends: one line that says why, and an exit status that is not 0."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from evaluation.errors import EvaluationError

FAILED = 2
HEADLINES = {
    "ParameterError": "The parameters cannot be used",
    "InputError": "The data cannot be used",
    "FetchError": "Not every table was fetched; files fetched earlier are as they were",
    "ReportError": "The report was not made; an earlier one is untouched",
}
_KEPT = "an earlier report is untouched, and the next run goes on from here"
_STOPPED = {
    128 + signal.SIGINT: f"Stopped by Ctrl-C; {_KEPT}",
    128 + signal.SIGTERM: f"Stopped by a signal to end (SIGTERM); {_KEPT}",
}
_MACHINE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "Make room for reports, cache and temporary files"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "Choose a folder that can be written to, with --out"),
    **dict.fromkeys((errno.ENOTDIR, errno.EEXIST, errno.EIO), "Choose another folder, with --out"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN), "Run fewer at a time, with --workers"),
}


def ending(error: BaseException) -> tuple[str, int] | None:
    """Return what to say of an error, the reason in the first line, and the exit status; None of a mistake of ours."""
    if isinstance(error, EvaluationError):
        headline = HEADLINES.get(type(error).__name__, "This cannot be done")
        # A failed notebook is named in a line of its own.
        return f"{headline}: {str(error).replace(':' + chr(10), ': ', 1)}", FAILED
    if isinstance(error, SystemExit) and error.code in _STOPPED:
        return _STOPPED[int(error.code)], int(error.code)
    if isinstance(error, MemoryError):
        return f"There was not enough memory. {_MACHINE[errno.ENOMEM]}", FAILED
    if isinstance(error, OSError) and error.errno in _MACHINE:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}. {_MACHINE[error.errno]}; {_KEPT}", FAILED
    return None


@contextmanager
def signals(*numbers: int) -> Iterator[None]:
    """Let signals (Ctrl-C and SIGTERM unless others) end the block in good order, once, with the status of a shell.

    So kernels and unfinished folders are cleaned up.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    received: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        received.append(number)
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, stop) for number in numbers or (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Exception:
        if received:  # DuckDB, in the middle of a query, makes an error of its own of it
            raise SystemExit(128 + received[0]) from None
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
