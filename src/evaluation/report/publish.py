"""Publish a folder all at once: it is made beside the old one and takes its place only when it is complete."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from evaluation.errors import ReportError

MARK = "manifest.json"


@contextlib.contextmanager
def publishing(out: Path) -> Iterator[Path]:
    """Give a fresh folder to fill; when the block ends well it replaces `out`, else it is removed and `out` stays.

    Raises
    ------
    ReportError
        Another run is writing `out`, or `out` holds something that is not a report.
    """
    with _locked(out):
        building = Path(tempfile.mkdtemp(prefix=f".{out.name}.new-", dir=out.parent))
        building.chmod(0o755)
        try:
            yield building
            _swap(building, out)
        finally:
            shutil.rmtree(building, ignore_errors=True)


@contextlib.contextmanager
def resuming(out: Path) -> Iterator[Path]:
    """Give a folder to fill that an interrupted run left as it was; when the block ends well it replaces `out`.

    Raises
    ------
    ReportError
        As for `publishing`.
    """
    with _locked(out):
        building = out.parent / f".{out.name}.unfinished"
        building.mkdir(exist_ok=True)
        yield building
        _swap(building, out)


@contextlib.contextmanager
def _locked(out: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    out.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out.parent / f".{out.name}.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise ReportError(
            f"{out}: another run is writing this report. Wait for it to end, or choose another folder with --out."
        ) from None
    try:
        _recover(out)
        _refuse_other_folders(out)
        yield
    finally:
        lock.release()


def _old(out: Path) -> Path:
    return out.parent / f".{out.name}.old"


def _recover(out: Path) -> None:
    """Mend what a machine that stopped in the middle left: bring the previous report back, remove unfinished ones."""
    old = _old(out)
    if old.exists() and not out.exists():
        old.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    for unfinished in out.parent.glob(f".{out.name}.new-*"):
        shutil.rmtree(unfinished, ignore_errors=True)


def _refuse_other_folders(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise ReportError(f"{out}: this is a file. Give --out a folder.")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).exists():
        raise ReportError(f"{out}: the folder holds something else than a report. Give --out a new or empty folder.")


def _swap(building: Path, out: Path) -> None:
    old = _old(out)
    if out.exists():
        out.rename(old)
    try:
        building.rename(out)
    except OSError as error:
        if old.exists():
            old.rename(out)
        raise ReportError(f"{out}: the report could not be put in place ({error.strerror})") from None
    shutil.rmtree(old, ignore_errors=True)
