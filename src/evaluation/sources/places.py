"""Where files are: in a folder, in its subfolders, or at an address that fsspec reaches (s3://, gs://, file://, ...).

Credentials are fsspec's business: it finds them in the environment or in the provider's own configuration. An address
that holds some is refused without being repeated, and so they come into no message, account or cache.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from evaluation.errors import InputError, Problem
from evaluation.sources.content import is_left_beside

_ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.DOTALL)
_PATTERN = re.compile(r"[*?\[]")
_CHUNK = 2**20
COPIES = "copies"
"""Name of the folder that holds copies of files from elsewhere."""


def is_address(text: str) -> bool:
    """Whether a text is an address such as s3://bucket/folder/*.parquet and not a path."""
    return _ADDRESS.fullmatch(text) is not None


def address_problem(text: str, file: str | None = None) -> Problem | None:
    """Return what is wrong with an address: it must not hold credentials."""
    found = _ADDRESS.fullmatch(text)
    if found is None or not ("@" in found[2].split("/")[0] or (found[1].startswith("http") and "?" in found[2])):
        return None
    remedy = "Remove them; fsspec finds them in environment variables or in the provider's configuration file"
    return Problem(f"an address ({found[1]}://...) holds credentials or a signature", remedy, file=file)


def filesystem(address: str) -> Any:
    """Return the fsspec file system of an address.

    Raises
    ------
    InputError
        If the address holds credentials, or the package for such addresses is not installed.
    """
    import fsspec

    if problem := address_problem(address):
        raise InputError(problem)
    protocol = _ADDRESS.fullmatch(address)
    assert protocol is not None
    try:
        return fsspec.filesystem(protocol[1])
    except (ImportError, ValueError) as error:
        remedy = f"Install what fsspec needs for it: {str(error).splitlines()[0]} (s3: pip install 'evaluation[s3]')"
        raise InputError(Problem("addresses of this kind cannot be read here", remedy, value=address)) from error


def files_at(place: str) -> list[str]:
    """Return the files at a path, pattern, folder or address, sorted; of a folder the Parquet files at any depth.

    Raises
    ------
    InputError
        If an address cannot be reached.
    """
    if not is_address(place):
        return _local(Path(place))
    if place.startswith("file://"):
        return _local(Path(unquote(place.removeprefix("file://"))))
    files = filesystem(place)
    try:
        if _PATTERN.search(place):
            found = files.glob(place)
        elif files.isdir(place):
            found = files.glob(f"{place.rstrip('/')}/**/*.parquet")
        else:
            found = [place] if files.exists(place) else []
    except Exception as error:  # each provider has its own
        what = f"the address cannot be reached ({type(error).__name__})"
        raise InputError(Problem(what, "Check the address, the network and the credentials", value=place)) from error
    return sorted(files.unstrip_protocol(one).replace(":///", "://") for one in found)


def _local(path: Path) -> list[str]:
    if path.is_file():
        return [str(path)]
    if path.is_dir():
        return sorted(str(one) for one in path.rglob("*.parquet") if one.is_file())
    parts = path.parts
    first = next((place for place, part in enumerate(parts) if _PATTERN.search(part)), None)
    if first is None:
        return []
    return sorted(str(one) for one in Path(*parts[:first]).glob(str(Path(*parts[first:]))) if one.is_file())


def located(folder: Path, pattern: str) -> list[Path]:
    """Return the files in a folder that match a pattern, sorted; the Parquet files below where it names a folder."""
    try:
        found = sorted(folder.glob(pattern))
    except (ValueError, NotImplementedError, OSError):  # no pattern at all
        return []
    below = [sorted(one.rglob("*.parquet")) if one.is_dir() else [one] for one in found]
    return [path for paths in below for path in paths if path.is_file() and not is_left_beside(path)]


def copied(address: str, folder: Path, tell: Callable[[str], None] | None = None) -> list[Path]:
    """Copy the files at an address below `folder`, each once for as long as its source says that it is the same.

    Files at file:// are read where they are.
    """
    found = files_at(address)
    if address.startswith("file://"):
        return [Path(name) for name in found]
    files = filesystem(address)
    placed = []
    for number, name in enumerate(found, start=1):
        state = hashlib.sha256(f"{name} {files.ukey(name)}".encode()).hexdigest()[:32]
        path = folder / state / name.replace("://", "/")
        if not path.is_file():
            if tell:
                tell(f"Copying {name} ({number} of {len(found)})")
            _copy(files, name, path)
        placed.append(path)
    if placed:
        os.utime(folder)  # in use: what nobody has used for a month is removed
    return placed


def name_of(path: Path, folder: Path) -> str:
    """Return how messages name a file: by its place in the data folder, or by the address that it was copied from."""
    if path.is_relative_to(folder):
        return path.relative_to(folder).as_posix()
    if COPIES not in path.parts:
        return path.as_posix()
    protocol, *rest = path.parts[path.parts.index(COPIES) + 2 :]
    return f"{protocol}://{'/'.join(rest)}"


def _copy(files: Any, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as written, files.open(name, "rb") as read:
            while chunk := read.read(_CHUNK):
                written.write(chunk)
        os.replace(beside, target)
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            raise  # of this machine's disk
        what = f"the file cannot be fetched ({type(error).__name__})"
        raise InputError(Problem(what, "Check the network and the credentials, and try again", file=name)) from error
    finally:
        Path(beside).unlink(missing_ok=True)


def hive(name: str) -> dict[str, str]:
    """Return the columns a path tells: of year=2012/municipality=0301/a.parquet the year and the municipality."""
    pairs = (part.split("=", 1) for part in PurePosixPath(name).parts[:-1] if "=" in part)
    return {key: unquote(value) for key, value in pairs if key and value != "__HIVE_DEFAULT_PARTITION__"}
