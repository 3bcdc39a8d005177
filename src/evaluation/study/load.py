"""Opening a study: finding the data, the prepared tables kept from last time, the cut and the division."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.municipalities import REFERENCE, Register
from evaluation.sources.database import Allowed
from evaluation.sources.places import COPIES, name_of
from evaluation.study.delivered import HASHES, check_delivery
from evaluation.study.model import OTHER_THEMES, Stored, Study
from evaluation.tables.keys import LAYOUT
from evaluation.tables.layout import NORWAY, Layout, read_layout

CACHE = "EVALUATION_CACHE"
SIZES = "prepared.json"
KEPT_DAYS = 30
_PACKAGE = Path(__file__).parents[1]
_ROOT = Path(__file__).parents[3]
_CODE = ("municipalities", "programme", "sources", "tables", "study")


def load_study(
    data: str | Path,
    *,
    as_of: str | date,
    division: int,
    memory_limit: str | None = None,
    threads: int | None = None,
    tell: Callable[[str], None] | None = None,
) -> Study:
    """Open a data folder as a study.

    The first opening reads and checks the raw files (seconds); the prepared tables are kept, so that the next opening
    with the same files, cut and division takes a fraction of one. Another cut or division, or a file set right, reads
    only the tables whose files have changed. A folder of demonstration data is filled at first use. Several notebooks
    may open the same study at once.

    Parameters
    ----------
    data : path
        Folder with a `sources.yaml`. A relative path is looked for in the working directory, in its parents up to the
        project, and in the project itself.
    as_of : str or date
        The cut, as 2013-12-31: nothing dated later is in any table.
    division : int
        The year whose municipal division all tables are put on.
    memory_limit, threads
        What preparing the register may use, such as 500MB and 2, before it spills to disk; what the environment
        variables `EVALUATION_MEMORY_LIMIT` and `EVALUATION_THREADS` say unless given.
    tell
        Is told how far copying files from elsewhere and preparing the register have come.

    Raises
    ------
    InputError
        Everything wrong with the files, together, with file, row, column, value and remedy.
    """
    day, division = _day(as_of), _division(division)
    layout = complete(read_layout(find_data(data)), tell)
    register = _register(layout)
    hashes = _hashes(layout)
    if layout.demonstration is None:
        check_delivery(layout.folder, hashes)
    prepared = cache_folder() / _key(hashes, as_of=day.isoformat(), division=division)
    if not _whole(prepared):
        _prepare(prepared, layout, register, day, division, hashes, Allowed(memory_limit, threads, tell))
    _touch(prepared)
    return _assemble(prepared, layout, register, day, division)


def find_data(data: str | Path) -> Path:
    """Return the data folder: as given, or below the working directory, its parents up to the project, or the project.

    Raises
    ------
    InputError
        If there is no such folder, or it has no `sources.yaml`.
    """
    given = Path(data).expanduser()
    here = Path.cwd()
    places = [here]
    for parent in (here, *here.parents):
        places.append(parent)
        if (parent / "pyproject.toml").is_file():
            break
    else:
        places = [here]
    candidates = [given] if given.is_absolute() else [place / given for place in (*places, _ROOT)]
    found = next((one for one in candidates if (one / LAYOUT).is_file()), None)
    if found is not None:
        return found.resolve()
    if any(one.is_dir() for one in candidates):
        remedy = "Write one that says which file holds which table; data/demo/sources.yaml is an example"
        raise InputError(Problem(f"the data folder has no {LAYOUT}", remedy, value=str(data)))
    looked = ", ".join(dict.fromkeys(str(one) for one in candidates))
    raise InputError(Problem("the data folder does not exist", f"Looked for: {looked}", value=str(data)))


def hash_inputs(data: str | Path) -> dict[str, str]:
    """Return the SHA-256 of every input file that a data folder has by its name; absent demonstration data are made.

    Raises
    ------
    InputError
        If there is no such folder, or its `sources.yaml` cannot be used.
    """
    layout = read_layout(find_data(data))
    with contextlib.suppress(InputError):  # What is absent has no hash.
        layout = complete(layout)
    return _hashes(layout)


def _day(as_of: str | date) -> date:
    if isinstance(as_of, datetime):
        return as_of.date()
    if isinstance(as_of, date):
        return as_of
    try:
        return date.fromisoformat(as_of)
    except (ValueError, TypeError) as error:
        problem = Problem("`as_of` is not a date", "Write it as 2013-12-31", column="as_of", value=as_of)
        raise InputError(problem) from error


def _division(division: int) -> int:
    if isinstance(division, bool) or not isinstance(division, int) or not 1838 <= division <= 2100:
        remedy = "Give the year whose municipal division the analysis is on, such as 2013"
        raise InputError(Problem("`division` is not a year", remedy, column="division", value=division))
    return division


def cache_folder() -> Path:
    """Return the folder of what is kept between runs: EVALUATION_CACHE, else the project's or the user's .cache."""
    given = os.environ.get(CACHE)
    home = _ROOT if (_ROOT / "pyproject.toml").is_file() else Path.home()
    folder = Path(given) if given else home / ".cache" / "evaluation"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = f"Set the environment variable {CACHE} to a folder that can be written to"
        raise InputError(Problem("no folder for prepared tables", remedy, value=str(folder))) from error
    return folder


def complete(layout: Layout, tell: Callable[[str], None] | None = None) -> Layout:
    """Return the layout with its files in place, `tell` being told of what is copied from elsewhere.

    Demonstration data are generated, other absent files refused.
    """
    if layout.demonstration is not None and _ungenerated(layout):
        from filelock import FileLock

        from evaluation import demo

        name = hashlib.sha256(str(layout.folder).encode()).hexdigest()[:16]
        with FileLock(cache_folder() / f"demonstration-{name}.lock"):
            if _ungenerated(layout):
                demo.generate(layout.folder, **layout.demonstration)
        layout = read_layout(layout.folder)
    tables = {name: source.here(cache_folder() / COPIES, tell) for name, source in layout.tables.items()}
    layout = replace(layout, tables=tables)
    if problems := layout.absent():
        raise InputError(problems)
    return layout


def _ungenerated(layout: Layout) -> bool:
    """Whether files are missing: of the layout, or of the list that comes with the demonstration."""
    if layout.absent():
        return True
    listed = layout.folder / HASHES
    if not listed.is_file():
        from evaluation import demo

        shown = demo.PROGRAMMES.get((layout.demonstration or {}).get("programme", "current"))
        listed = shown.home / HASHES if shown else listed
    names = json.loads(listed.read_text(encoding="utf-8")) if listed.is_file() else {}
    return any(not (layout.folder / name).is_file() for name in names)


def _register(layout: Layout) -> Register:
    return Register.norwegian() if layout.register == NORWAY else Register.read(layout.folder / layout.register)


def _hashes(layout: Layout) -> dict[str, str]:
    """SHA-256 of every file the layout names, by its name in the data folder, and of the Norwegian register if used."""
    paths = {name_of(path, layout.folder): path for path in layout.present()}
    paths |= {LAYOUT: layout.folder / LAYOUT}
    paths |= {NORWAY: REFERENCE / "municipality_code_history.csv"} if layout.register == NORWAY else {}
    return {name: _sha256(path) for name, path in paths.items()}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _key(hashes: dict[str, str], **told: str | int) -> str:
    """Name of what is kept: of the inputs, of the code that prepares them, and of what else is `told`, as the cut."""
    code = [_PACKAGE / "errors.py"] + [path for part in _CODE for path in sorted((_PACKAGE / part).rglob("*.py"))]
    made_of = {
        "inputs": sorted(hashes.items()),
        "code": [(path.relative_to(_PACKAGE).as_posix(), _sha256(path)) for path in code],
        "pandas": pd.__version__,
        **told,
    }
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:32]


def _prepare(
    prepared: Path,
    layout: Layout,
    register: Register,
    as_of: date,
    division: int,
    hashes: dict[str, str],
    allowed: Allowed,
) -> None:
    """Prepare the tables beside their place and move them in whole; others that want the same wait."""
    from filelock import FileLock

    from evaluation.study.kept import Kept
    from evaluation.study.prepare import prepare

    with FileLock(prepared.with_suffix(".lock")):
        if _whole(prepared):
            return
        shutil.rmtree(prepared, ignore_errors=True)
        beside = Path(tempfile.mkdtemp(prefix=".preparing-", dir=prepared.parent))
        try:
            prepare(
                layout,
                register,
                as_of=as_of,
                division=division,
                hashes=hashes,
                target=beside,
                kept=Kept(prepared.parent, _key({layout.register: hashes[layout.register]}), hashes),
                allowed=allowed,
            )
            sizes = {path.name: path.stat().st_size for path in sorted(beside.iterdir())}
            (beside / SIZES).write_text(json.dumps(sizes), encoding="utf-8")
            os.replace(beside, prepared)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
        _discard_old(prepared.parent)


def _whole(prepared: Path) -> bool:
    """Whether the prepared tables are there and as long as they were written."""
    try:
        sizes = json.loads((prepared / SIZES).read_text(encoding="utf-8"))
        return all((prepared / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _touch(prepared: Path) -> None:
    with contextlib.suppress(OSError):
        os.utime(prepared)


def _discard_old(cache: Path) -> None:
    """Remove prepared tables that nobody has opened for a month, and files as they were read."""
    limit = time.time() - KEPT_DAYS * 86_400
    for path in cache.iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime >= limit:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
                path.with_suffix(".lock").unlink(missing_ok=True)
            elif path.suffix == ".pickle":
                path.unlink()


def _assemble(prepared: Path, layout: Layout, register: Register, as_of: date, division: int) -> Study:
    from evaluation.study.members import PROGRAMME, build_programme

    def stored(name: str) -> Any:
        path = prepared / f"{name}.parquet"
        return Stored(path) if path.is_file() else None

    def table(name: str) -> pd.DataFrame:
        return pd.read_parquet(prepared / f"{name}.parquet")

    frames = {name: table(name) for name in PROGRAMME if name in layout.tables}
    return Study(
        programme=build_programme(layout, frames).known_at(as_of).harmonised(register, division),
        register=register,
        division=division,
        as_of=as_of,
        synthetic=layout.synthetic,
        name=dict(layout.name),
        sick_leave=stored("sick_leave"),
        positions=prepared / "positions.parquet" if "positions" in layout.tables else None,
        background=stored("background"),
        files=table("files"),
        dropped=table("dropped"),
        notes=table("notes"),
        outcomes=layout.outcomes,
        own={name: stored(name) for name in layout.outcomes},
        **{name: stored(name) for name in OTHER_THEMES},
    )
