"""A check from the command line: kept for as long as nothing changes, written as a page and as text."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from evaluation.check.kept import from_json, to_json
from evaluation.check.page import page
from evaluation.check.result import Check, check
from evaluation.check.show import as_text
from evaluation.errors import InputError, Problem
from evaluation.language import Words
from evaluation.study.load import cache_folder, find_data
from evaluation.tables import LAYOUT

_PACKAGE = Path(__file__).parents[1]
KEPT = "checks"


def run(
    data: str, *, root: Path, out: Path | None = None, language: str = "nb", division: int | None = None
) -> tuple[Path, str, int]:
    """Check a data folder and write `check.html` and `check.txt`; return the page, the text and the exit status.

    Raises
    ------
    InputError
        There is no such folder, it has no `sources.yaml`, there is no such language, or `out` is a file.
    """
    Words(language)
    folder = Path(data).expanduser()
    folder = folder if folder.is_dir() else find_data(data)
    target = out or root / "reports" / "check" / folder.resolve().name
    if target.exists() and not target.is_dir():
        raise InputError(Problem("this is a file", "Name a folder", column="--out", value=str(target)))
    found = _checked(folder.resolve(), division, root / "notebooks")
    text = as_text(found, language)
    target.mkdir(parents=True, exist_ok=True)
    (target / "check.html").write_text(page(found, language), encoding="utf-8")
    (target / "check.txt").write_text(text, encoding="utf-8")
    return target / "check.html", text, found.status


def _checked(folder: Path, division: int | None, notebooks: Path) -> Check:
    """Check a folder, or return what an equal check found."""
    layout = folder / LAYOUT
    elsewhere = not layout.is_file() or b"://" in layout.read_bytes()
    kept = cache_folder() / KEPT / f"{_key(folder, division, notebooks)}.json"
    if kept.is_file() and not elsewhere:
        return from_json(kept.read_text(encoding="utf-8"))
    found = check(folder, division=division, notebooks=notebooks)
    if not elsewhere:
        kept.parent.mkdir(exist_ok=True)
        beside = kept.with_suffix(".part")
        beside.write_text(to_json(found), encoding="utf-8")
        beside.replace(kept)
    return found


def _key(folder: Path, division: int | None, notebooks: Path) -> str:
    """Name of a check: of all files in the folder, of the suite's code and labels, and of the chapters."""
    own = [path for ending in ("py", "csv") for path in sorted(_PACKAGE.rglob(f"*.{ending}"))]
    chapters = sorted(notebooks.glob("*.ipynb"))
    told = [str(division), str(folder)]
    for path in [*own, *chapters, *sorted(one for one in folder.rglob("*") if one.is_file())]:
        with path.open("rb") as file:
            told += [path.name, hashlib.file_digest(file, "sha256").hexdigest()]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
