"""What several chapters work out of the same prepared table is worked out once, and kept by all it follows from.

The first that asks works it out while others that ask wait; later ones, of other runs too, read it. Its name holds that
of the prepared tables (their inputs, the cut, the division), the function with its options, the whole of the suite's
code, and the versions of Python and the libraries. Nothing is kept or taken when code has been changed since this
process began, for then what is loaded may be another than what the files say.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pickle
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, cast

from evaluation.study.load import cache_folder

SHARED = "EVALUATION_SHARED"
"""The variable that names the folder within the cache; a run that takes nothing from earlier ones has its own."""
LIBRARIES = ("duckdb", "numpy", "pandas", "pyarrow")
_PACKAGE = Path(__file__).parents[1]
_BEGAN = time.time() - 30  # before anything of the suite was loaded, on a busy machine too
Result = TypeVar("Result")


def shared(function: Callable[..., Result], table: Path, **options: Any) -> Result:
    """Return `function(table, **options)`, of a table that a study has prepared, perhaps as it was worked out before.

    The result must follow from the table and the options alone, and be one that can be pickled. A table that is not a
    study's prepared one, or options that are not plain, are worked out here and now.
    """
    place = _place(function, table, options)
    if place is None:
        return function(table, **options)
    with _locked(place):
        content = _read(place)
        if content is not None:
            return cast(Result, pickle.loads(content))
        made = function(table, **options)
        _write(place, made)
    return made


def _place(function: Callable[..., Any], table: Path, options: dict[str, Any]) -> Path | None:
    folder = cache_folder()
    if not isinstance(table, Path) or not table.is_relative_to(folder):
        return None
    code = _code()
    if code is None:
        return None
    asked = [function.__module__, function.__qualname__, table.relative_to(folder).as_posix(), options, code]
    try:
        name = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]
    except TypeError:
        return None
    return folder / os.environ.get(SHARED, "shared") / name


@cache
def _code() -> str | None:
    """Return a hash of the suite's code and its libraries, or None when the code may be another than was loaded."""
    files = sorted(_PACKAGE.rglob("*.py"))
    if max(path.stat().st_mtime for path in files) > _BEGAN:
        return None
    told = hashlib.sha256("".join([platform.python_version(), *map(version, LIBRARIES)]).encode())
    for path in files:
        told.update(path.relative_to(_PACKAGE).as_posix().encode() + path.read_bytes())
    return told.hexdigest()


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Let others that want the same wait; where that cannot be done, each works it out."""
    from filelock import FileLock

    lock = FileLock(place.with_suffix(".lock"))
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _read(place: Path) -> bytes | None:
    """Return what is kept, if it is there and whole."""
    try:
        digest, content = place.read_bytes().split(b"\n", 1)
        os.utime(place)
    except (OSError, ValueError):
        return None
    return content if hashlib.sha256(content).hexdigest().encode() == digest else None


def _write(place: Path, made: object) -> None:
    content = pickle.dumps(made)
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(dir=place.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
            os.replace(name, place)
        finally:
            Path(name).unlink(missing_ok=True)
