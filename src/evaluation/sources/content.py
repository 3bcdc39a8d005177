"""What a file really holds, whatever it is called: a web page, a locked workbook or half a download is told as such."""

from __future__ import annotations

import contextlib
import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from evaluation.errors import EvaluationError, InputError, Problem

GZIP, ZIP, PARQUET, OLE = b"\x1f\x8b", b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WORKBOOKS = (".xlsx", ".xlsm")
TEXTS = (".csv", ".txt", ".tsv")
_PAGE = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_AGAIN = "Download it again; the download was cut short"


def kind_of(path: Path) -> str:
    """Return the ending of a file that says how it is read: that of `days.csv.gz` is .csv."""
    return Path(path.stem).suffix.lower() if path.suffix.lower() == ".gz" else path.suffix.lower()


def is_left_beside(path: Path) -> bool:
    """Whether a file is the lock or the shadow that a program left beside another one, such as ~$days.xlsx."""
    return path.name.startswith(("~$", ".~", "._"))


def contents(path: Path, name: str) -> bytes:
    """Return the bytes of a file, unpacked if it is compressed.

    Raises
    ------
    InputError
        If the file is empty or cut short, or holds something else than its ending says.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(Problem(f"the file cannot be opened ({error.strerror})", "Close it elsewhere", name)) from None
    if raw.startswith(GZIP):
        try:
            raw = gzip.decompress(raw)
        except (EOFError, OSError, zlib.error):
            raise InputError(Problem("the compressed file is not whole", _AGAIN, name)) from None
    if found := _mistaken(raw, kind_of(path)):
        raise InputError(Problem(*found, file=name))
    return raw


def _mistaken(raw: bytes, kind: str) -> tuple[str, str] | None:
    """Return what is wrong with a file as a whole, and what to do; None if it may be what its ending says."""
    if not raw.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        return "the file is empty", "Export or download it again"
    if _PAGE.match(raw[:4000]):
        return "the file is a web page, not data", "Log in and download it again; a login page was saved in its place"
    if raw.startswith(OLE):
        if "EncryptedPackage".encode("utf-16-le") in raw:
            return "the workbook is protected by a password", "Open it and save it without the password"
        return "the file is in the old Excel format", "Open it and save it as .xlsx"
    if raw.startswith(ZIP) and kind not in WORKBOOKS:
        return f"the file is a workbook or archive called {kind}", "Name it .xlsx, or unpack it"
    if raw.startswith(PARQUET) and kind != ".parquet":
        return f"the file is Parquet called {kind}", "Name it .parquet"
    if kind in WORKBOOKS and not raw.startswith(ZIP):
        return "the workbook cannot be opened: it is no workbook", "Save it as .xlsx, or name it what it is"
    if kind == ".parquet" and not (raw.startswith(PARQUET) and raw.endswith(PARQUET)):
        return "the file is not readable Parquet: it is not whole", _AGAIN
    return None


@contextlib.contextmanager
def refusing(what: str, remedy: str, name: str) -> Iterator[None]:
    """Turn whatever a parser of foreign bytes raises into one problem; it may hold personal data, so it is not kept."""
    try:
        yield
    except EvaluationError:
        raise
    except Exception:
        raise InputError(Problem(what, remedy, name)) from None
