"""Keep what the solver's own library writes to standard output out of the notebooks."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Send what compiled code writes to standard output nowhere: HiGHS, told to be silent, leaves a line now and then.

    Jupyter shows what a process writes as output of the cell; on Windows it does not, and nothing is done.
    """
    if sys.platform == "win32":
        yield
        return
    from ctypes import CDLL

    flush = CDLL(None).fflush
    flush(None)
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        flush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
