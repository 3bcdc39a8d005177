"""What a report was made of: inputs, parameters, code, versions, seeds and the hashes of what came out.

Nothing here depends on the clock or the machine's folders, so two runs of the same report have the same manifest.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from importlib import metadata
from pathlib import Path
from typing import Any

import evaluation
from evaluation.report.parameters import Plan, Run
from evaluation.report.render import BIBLIOGRAPHY

FIXED = date(2000, 1, 1)
LOCK = "requirements.lock"
COMMIT = "commit.json"
"""In a copy of the project without history: its commit, when it was made, and the hash of each file at it."""


@dataclass(frozen=True)
class Code:
    """The state of the project the report was made with; `commit` is None outside a git clone."""

    commit: str | None
    dirty: bool
    committed: int | None

    @classmethod
    def of(cls, root: Path) -> Code:
        """Read the commit of the clone at `root` (not of a clone around it), and whether tracked files were changed."""
        top = _git(root, "rev-parse", "--show-toplevel")
        commit = _git(root, "rev-parse", "--verify", "HEAD") if top and Path(top).resolve() == root.resolve() else None
        if not commit:
            return cls._copied(root)
        changed = bool(_git(root, "status", "--porcelain", "--untracked-files=no"))
        return cls(commit, changed, int(_git(root, "log", "-1", "--format=%ct") or 0))

    @classmethod
    def _copied(cls, root: Path) -> Code:
        """Read what the copy in a package says of its commit, and whether files of it were changed since."""
        try:
            told = json.loads((root / COMMIT).read_text(encoding="utf-8"))
            changed = any(_digest(root / name) != digest for name, digest in told["files"].items())
            return cls(str(told["commit"]), changed, int(told["committed"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(None, False, None)

    @property
    def short(self) -> str:
        """The commit in ten characters, or the package's version."""
        return self.commit[:10] if self.commit else evaluation.__version__


def clock(code: Code, as_of: date | None) -> int:
    """Return the date written into the files, in seconds since 1970 and never the time of the run.

    It is SOURCE_DATE_EPOCH if set, else the commit's time, else the last date of the data.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given.isdigit():
        return int(given)
    if code.committed is not None:
        return code.committed
    return int(datetime.combine(as_of or FIXED, time(), UTC).timestamp())


def made_from(
    plan: Plan, *, code: Code, root: Path, inputs: Sequence[tuple[str, str]], earlier: Plan | None = None
) -> dict[str, Any]:
    """Return all that a report follows from; `inputs` are (file, sha256), `earlier` the report it compares with."""
    notebooks = {chapter.declared.path for one in (plan, earlier) if one for chapter in one.chapters}
    notebooks |= {cited for cited in [root / "notebooks" / BIBLIOGRAPHY] if cited.is_file()}
    return {
        "report": plan.name,
        "language": plan.language,
        "parameter_file": {"file": _shown(plan.file, root), "sha256": sha256(plan.file)},
        "compared_with": {"file": _shown(earlier.file, root), "sha256": sha256(earlier.file)} if earlier else None,
        "parameters": dict(plan.values),
        "chapters": [chapter.declared.stem for chapter in plan.chapters],
        "seeds": {"PYTHONHASHSEED": 0, **seeds(plan)},
        "inputs": [{"file": name, "sha256": digest} for name, digest in inputs],
        "notebooks": {path.name: sha256(path) for path in sorted(notebooks)},
        "code": {"version": evaluation.__version__, "commit": code.commit, "dirty": code.dirty, "sha256": source()},
        "lock": {"file": LOCK, "sha256": _digest(root / LOCK)} if (root / LOCK).is_file() else None,
        "clock": clock(code, plan.as_of),
        "python": platform.python_version(),
        "versions": versions(root),
    }


def manifest(made: Mapping[str, Any], runs: Sequence[Run], *, folder: Path) -> dict[str, Any]:
    """Return the manifest of the report in `folder`: what it was `made` from, its runs, and what came out."""
    return {
        **made,
        "runs": [{"name": run.name, "notebook": run.notebook.stem, "parameters": dict(run.parameters)} for run in runs],
        "outputs": {
            path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()
        },
    }


def up_to_date(folder: Path, made: Mapping[str, Any]) -> bool:
    """Whether `folder` holds the whole report `made` from the same, and nothing of it was changed afterwards."""
    try:
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        same = all(found[name] == json.loads(json.dumps(value, default=str)) for name, value in made.items())
        return same and all(sha256(folder / name) == digest for name, digest in found["outputs"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def seeds(plan: Plan) -> dict[str, Any]:
    """Return the seeds the chapters ran with, by chapter and parameter."""
    found = {}
    for chapter in plan.chapters:
        for name, value in {**chapter.declared.parameters, **chapter.given}.items():
            if re.fullmatch(r"(.*_)?seed", name):
                found[f"{chapter.declared.stem}.{name}"] = value
    return found


def versions(root: Path) -> dict[str, str]:
    """Return the installed version of each direct dependency, and of pandoc."""
    found = {}
    for requirement in _requirements(root):
        name = re.split(r"[\s\[<>=!~;(]", requirement, maxsplit=1)[0]
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return dict(sorted(found.items()))


def write_json(path: Path, content: object) -> None:
    """Write `content` as indented JSON in UTF-8."""
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False, default=str)
    path.write_text(text + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(path: Path) -> str | None:
    return sha256(path) if path.is_file() else None


def source() -> str:
    """Return a hash of the suite's own files, as they are and not as they were committed."""
    package = Path(evaluation.__file__).parent
    paths = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return hash_files({path.relative_to(package).as_posix(): sha256(path) for path in paths})


def hash_files(digests: Mapping[str, str]) -> str:
    """Return one hash of files by their names and hashes; folder by folder in the order of their names."""
    told = hashlib.sha256()
    for name in sorted(digests, key=lambda name: name.split("/")):
        told.update(f"{name}\0{digests[name]}\n".encode())
    return told.hexdigest()


def _requirements(root: Path) -> Sequence[str]:
    try:
        return metadata.requires("evaluation") or []
    except metadata.PackageNotFoundError:
        project = root / "pyproject.toml"
        content: Mapping[str, Any] = tomllib.loads(project.read_text(encoding="utf-8")) if project.exists() else {}
        return list(content.get("project", {}).get("dependencies", []))


def _shown(path: Path, root: Path) -> str:
    resolved = path.resolve()
    return resolved.relative_to(root).as_posix() if resolved.is_relative_to(root) else path.name


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
