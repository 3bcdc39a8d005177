"""From its package alone a stranger makes the same midterm report, to the byte.

Makes the midterm report in a fresh clone of the last commit, packages it, unpacks the package in an empty folder, and
runs the commands of its README there: libraries installed by hash from the lock file, the demonstration data generated,
the report made and compared. Then looks for raw data in the package. The times are those of this run on this machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import pandas as pd

KIND = "proof"
ROOT = Path(__file__).parents[1]
OWN = ("PYTHONPATH", "VIRTUAL_ENV", "EVALUATION_CACHE", "SOURCE_DATE_EPOCH")


def run() -> pd.DataFrame:
    rows: list[tuple[str, float, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        clone, archive = Path(folder) / "clone", Path(folder) / "midterm.zip"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        environment = {name: value for name, value in os.environ.items() if name not in OWN}
        own = environment | {"PYTHONPATH": str(clone / "src")}
        evaluation = [sys.executable, "-m", "evaluation.cli"]
        _timed(rows, "midterm made in a clone", [*evaluation, "report", "midterm"], clone, own)
        _timed(rows, "package written", [*evaluation, "package", "midterm", "--out", str(archive)], clone, own)
        rows.append(("package: size", archive.stat().st_size / 1e6, "MB", ""))
        stranger = Path(folder) / "stranger"
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(stranger)
            rows += _raw_data(packed, clone / "data" / "demo")
        (top,) = stranger.iterdir()
        here = top
        (block,) = re.findall(r"```sh\n(.*?)```", (top / "README.md").read_text(encoding="utf-8"), re.DOTALL)
        for line in block.splitlines():
            if line.startswith("cd ") and "&&" not in line:
                here /= line.removeprefix("cd ")
                continue
            _timed(rows, f"$ {line}", ["sh", "-c", line], here, environment)
        first, second = _hashes(top / "report"), _hashes(top / "again")
        different = sorted(name for name in first | second if first.get(name) != second.get(name))
        rows.append(("files of the report", len(first), "files", ""))
        rows.append(("files that differ", len(different), "files", "; ".join(different)))
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])


def _timed(rows: list, what: str, command: list[str], here: Path, environment: dict[str, str]) -> None:
    start = time.perf_counter()
    done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{what}\n{done.stdout}\n{done.stderr}")
    rows.append((what, time.perf_counter() - start, "seconds", "status 0"))


def _raw_data(packed: zipfile.ZipFile, data: Path) -> list[tuple[str, float, str, str]]:
    """Look for input files, for the register's person numbers, and for places of the machine."""
    files = {name: packed.read(name) for name in packed.namelist()}
    inputs = {hashlib.sha256(path.read_bytes()).hexdigest() for path in data.rglob("*") if path.is_file()}
    described = {"sources.yaml", "hashes.json", "README.md"}  # committed: what the data are, not data
    found = [
        name
        for name, content in files.items()
        if Path(name).name not in described and hashlib.sha256(content).hexdigest() in inputs
    ]
    persons = set()
    for path in sorted(data.glob("stillinger_*.parquet")):
        persons |= set(pd.read_parquet(path, columns=["person_id"])["person_id"].astype(str))
    own = {name: content for name, content in files.items() if "/report/" in name}
    outputs = " ".join(_shown(name, content) for name, content in own.items())
    seen = set(re.findall(r"(?<![\w.])\d{8}(?![\w.])", outputs)) & persons
    places = [name for name, content in own.items() if str(data.parents[1]).encode() in content]
    return [
        ("package: input files in it", len(found), "files", "; ".join(found)),
        ("package: person numbers of the register in the report", len(seen), "numbers", f"of {len(persons)}"),
        ("package: files that name the folder it was made in", len(places), "files", "; ".join(places)),
    ]


def _shown(name: str, content: bytes) -> str:
    """Return the text of a file; of a notebook, also inside its JSON strings."""
    if name.endswith((".png", ".pdf", ".docx")):
        return ""
    text = content.decode("utf-8")
    return json.dumps(json.loads(text), ensure_ascii=False) if name.endswith((".ipynb", ".json")) else text


def _hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
