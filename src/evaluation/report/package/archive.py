"""Write a report's package: report, code at its commit, description and instructions in one archive.

The archive's bytes follow from the report and the commit: entries are sorted, have one time (the report's) and fixed
modes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from evaluation.errors import InputError
from evaluation.report.crate import crate_text, entity_of
from evaluation.report.made import CRATE, INSIDE, MANIFEST, Made, ReviewError
from evaluation.report.manifest import COMMIT, Code, hash_files
from evaluation.report.package.contents import at_home, unfit
from evaluation.report.package.readme import Facts, readme
from evaluation.report.verify import parameter_file, verify

SUMS, CODE, RAW = "SHA256SUMS", "code", "data/raw"
PACKAGE = "src/evaluation"
SHOWN = 8  # characters of a commit in a message; more may be taken for an identity number
EARLIEST = 315_532_800  # 1980, when the times of zip archives begin


@dataclass(frozen=True)
class Packaged:
    """A package that was written: where, how many files and bytes it holds, and which of the code were left out.

    `draft` says why it cannot be trusted to make the same report again; empty if it can.
    """

    path: Path
    files: int
    size: int
    left_out: tuple[str, ...]
    draft: tuple[str, ...]


def package(made: Made, root: Path, *, out: Path | None = None, draft: bool = False) -> Packaged:
    """Write the report's package to `out` (default `root`/reports/<report>-<commit>.zip).

    Raw data are never part: no input file, nothing below the data folder (but the description of demonstration data,
    which are generated), nothing below data/raw.

    Parameters
    ----------
    made : the report.
    root : the clone of the project it was made in.
    draft : package a report made with uncommitted changes or without a commit too, marked as such.

    Raises
    ------
    ReviewError
        The report was changed since it was made, holds what may not leave the machine, or cannot be made again from a
        commit.
    """
    checked = verify(made, root, outputs_only=True)
    if checked.different:
        names = ", ".join(check.name for check in checked.different)
        remedy = "`evaluation verify` says how; make it again."
        raise ReviewError(f"{made.folder}: the report was changed since it was made ({names}). {remedy}")
    own = {name: (made.folder / name).read_bytes() for name in (*made.outputs, MANIFEST)}
    if problems := unfit(own, root):
        raise ReviewError("\n".join(problems))
    demonstration = _demonstration(made, root)
    code, left_out = _code(made, root, keep_data=demonstration is not None)
    if problems := at_home({f"{CODE}/{name}": content for name, content in code.items()}, root):
        raise ReviewError("\n".join(problems))
    reasons = _not_from_commit(made, code)
    if reasons and not draft:
        remedy = "Commit, make the report again and package that; or --draft for a package that is marked as a draft."
        raise ReviewError("\n".join((*reasons, remedy)))
    given = _parameters(made, root, code)
    facts = Facts(
        made, demonstration, tuple(given), tuple(left_out), tuple(reasons), _committed(root, made), bool(code)
    )
    if code:
        told = {"commit": made.commit, "committed": facts.committed, "files": _sums(code)}
        code[COMMIT] = json.dumps(told, indent=1).encode() + b"\n"
    files = {f"{INSIDE}/{name}": content for name, content in own.items()}
    files[f"{INSIDE}/{CRATE}"] = crate_text(made).encode()
    files |= {f"parameters/{name}": content for name, content in given.items()}
    files["README.md"] = readme(facts).encode()
    listed = {name: content for name, content in files.items() if name.startswith(f"{INSIDE}/")}
    files[SUMS] = "".join(
        f"{digest}  {name.removeprefix(f'{INSIDE}/')}\n" for name, digest in _sums(listed).items()
    ).encode()
    more = [entity_of(name, content) for name, content in files.items() if not name.startswith(f"{INSIDE}/")]
    if code:
        about = f"The project at commit {made.commit}, without data"
        more.append({"@id": f"{CODE}/", "@type": "Dataset", "name": "code", "description": about})
    files[CRATE] = crate_text(made, inside=f"{INSIDE}/", more=more).encode()
    files |= {f"{CODE}/{name}": content for name, content in code.items()}
    top = "-".join(filter(None, (made.name, (made.commit or "")[:10], "draft" if reasons else "")))
    path = (out or root / "reports" / f"{top}.zip").resolve()
    _write(path, {f"{top}/{name}": content for name, content in files.items()}, made.manifest["clock"])
    return Packaged(path, len(files), path.stat().st_size, tuple(left_out), tuple(reasons))


def _demonstration(made: Made, root: Path) -> Mapping[str, Any] | None:
    """Return what the demonstration data are generated from, or None if the data are somebody's own."""
    from evaluation.study.load import find_data
    from evaluation.tables import read_layout

    if made.data is None:
        return None
    try:
        return read_layout(find_data(root / made.data)).demonstration
    except InputError:
        return None


def _code(made: Made, root: Path, *, keep_data: bool) -> tuple[dict[str, bytes], list[str]]:
    """Return the files of the project at the report's commit, and the names of those left out as data."""
    if made.commit is None or Code.of(root).commit is None:
        return {}, []
    done = subprocess.run(
        ["git", "-C", str(root), "archive", "--format=tar", made.commit], capture_output=True, check=False
    )
    if done.returncode:
        raise ReviewError(
            f"commit {made.commit[:SHOWN]} is not in this clone: {done.stderr.decode(errors='replace').strip()}"
        )
    inputs, files, left_out = set(made.inputs.values()), {}, []
    folders = [RAW] if keep_data or made.data is None else [RAW, PurePosixPath(made.data).as_posix()]
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        for member in archive:
            if not member.isfile():
                continue
            content = archive.extractfile(member).read()  # type: ignore[union-attr]
            raw = not keep_data and hashlib.sha256(content).hexdigest() in inputs
            if raw or any(PurePosixPath(member.name).is_relative_to(folder) for folder in folders):
                left_out.append(member.name)
            else:
                files[member.name] = content
    return files, sorted(left_out)


def _not_from_commit(made: Made, code: Mapping[str, bytes]) -> list[str]:
    """Return why the commit does not tell what the report was made with; empty if it does."""
    if made.commit is None or not code:
        return ["The report was made outside a clone of the project, so there is no commit whose code to add."]
    reasons, commit = [], made.commit[:SHOWN]
    if made.manifest["code"]["dirty"]:
        reasons.append(f"The report was made with changes that are not in its commit {commit}.")
    own = {
        name.removeprefix(f"{PACKAGE}/"): digest
        for name, digest in _sums(code).items()
        if name.startswith(f"{PACKAGE}/")
    }
    if own and hash_files(own) != made.manifest["code"]["sha256"]:
        reasons.append(f"The suite's files at commit {commit} are not those the report was made with.")
    wanted = {f"notebooks/{name}": digest for name, digest in made.manifest["notebooks"].items()}
    lock = made.manifest.get("lock")
    wanted |= {lock["file"]: lock["sha256"]} if lock else {}
    for name, digest in wanted.items():
        if name not in code or hashlib.sha256(code[name]).hexdigest() != digest:
            reasons.append(f"{name} at commit {commit} is not the one the report was made with.")
    return reasons


def _parameters(made: Made, root: Path, code: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the parameter files that the code does not hold as they were, by their bare name."""
    found = {}
    for given in filter(None, (made.manifest["parameter_file"], made.manifest.get("compared_with"))):
        if hashlib.sha256(code.get(given["file"], b"")).hexdigest() == given["sha256"]:
            continue
        path = parameter_file(made, root, given["file"])
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != given["sha256"]:
            raise ReviewError(f"{given['file']}: the parameter file was changed since. Make the report again.")
        found[Path(given["file"]).name] = content
    return found


def _committed(root: Path, made: Made) -> int:
    asked = ["git", "-C", str(root), "log", "-1", "--format=%ct", str(made.commit)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else int(made.manifest["clock"])


def _sums(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


def _write(path: Path, files: Mapping[str, bytes], clock: int) -> None:
    """Write the archive beside its place and move it there in whole."""
    moment = datetime.fromtimestamp(max(clock, EARLIEST), UTC).timetuple()[:6]
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with (
            os.fdopen(handle, "wb") as target,
            zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made,
        ):
            for entry, content in sorted(files.items()):
                told = zipfile.ZipInfo(entry, date_time=moment)
                told.create_system, told.compress_type = 3, zipfile.ZIP_DEFLATED
                told.external_attr = (0o755 if content.startswith(b"#!") else 0o644) << 16
                made.writestr(told, content, compresslevel=9)
        Path(name).chmod(0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
