"""A report that was made: its folder with the manifest, the findings and the list of exhibits, read for a review."""

from __future__ import annotations

import contextlib
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.errors import EvaluationError

MANIFEST, CRATE, PARAMETERS = "manifest.json", "ro-crate-metadata.json", "parameters.yaml"
INSIDE = "report"
"""The report's folder in a package."""


class ReviewError(EvaluationError):
    """A report cannot be compared, verified or packaged."""


@dataclass(frozen=True)
class Made:
    """A report as it was made.

    Attributes
    ----------
    folder : Path
        Where it lies now; a report may be moved.
    manifest : Mapping
        What it follows from, and the hash of every file of it.
    findings, exhibits : sequence of Mapping
        The key numbers, and the figures and tables with at least `id`, `data` (its CSV file), `kind`, `label`
        and `caption`.
    """

    folder: Path
    manifest: Mapping[str, Any]
    findings: Sequence[Mapping[str, Any]]
    exhibits: Sequence[Mapping[str, Any]]

    def __repr__(self) -> str:
        of = f"{len(self.findings)} findings, {len(self.exhibits)} exhibits"
        return f"Made({self.name!r}, {self.language}, commit {self.commit or 'unknown'}, {of})"

    @property
    def name(self) -> str:
        """The report's own name."""
        return str(self.manifest["report"])

    @property
    def language(self) -> str:
        """The language it is written in: nb, nn or en."""
        return str(self.manifest["language"])

    @property
    def commit(self) -> str | None:
        """The commit it was made with, if known."""
        return self.manifest["code"].get("commit")

    @property
    def data(self) -> str | None:
        """The folder of the data, as given, if the report has data."""
        return self.manifest["parameters"].get("data")

    @property
    def outputs(self) -> Mapping[str, str]:
        """The files of the report with the hash each had when it was made."""
        return self.manifest["outputs"]

    @property
    def inputs(self) -> Mapping[str, str]:
        """The input files with their hashes."""
        return {entry["file"]: entry["sha256"] for entry in self.manifest["inputs"]}


def read_made(folder: Path) -> Made:
    """Read the report in `folder`.

    Raises
    ------
    ReviewError
        The folder holds no report, or files of it that cannot be read.
    """
    manifest = _read(folder / MANIFEST)
    wanted = {
        "report",
        "language",
        "parameter_file",
        "parameters",
        "inputs",
        "notebooks",
        "code",
        "versions",
        "outputs",
    }
    if not isinstance(manifest, dict) or not wanted <= manifest.keys():
        raise ReviewError(
            f"{folder / MANIFEST}: not the manifest of a report. Give a folder that a report was made in."
        )
    listed = folder / "exhibits.json"
    exhibits = _read(listed) if listed.is_file() else _from_names(manifest["outputs"])
    return Made(folder, manifest, _read(folder / "findings.json"), exhibits)


@contextlib.contextmanager
def opened(name: str, root: Path) -> Iterator[Made]:
    """Open a report given by name (`midterm`, in `root`/reports), by folder, or as a package, unpacked or not.

    Raises
    ------
    ReviewError
        There is no such report.
    """
    given = Path(name)
    if given.is_file() and zipfile.is_zipfile(given):
        with tempfile.TemporaryDirectory(prefix="evaluation-") as unpacked, zipfile.ZipFile(given) as archive:
            archive.extractall(unpacked)
            yield read_made(_inside(Path(unpacked)))
        return
    places = [given, root / "reports" / name] if len(given.parts) == 1 else [given]
    found = next((place for place in map(_inside, places) if (place / MANIFEST).is_file()), None)
    if found is None:
        there = sorted(path.parent.name for path in (root / "reports").glob(f"*/{MANIFEST}"))
        known = f"reports/ has {', '.join(there)}" if there else "reports/ has none yet"
        raise ReviewError(f"{name}: no report here. Give the folder or the name of a report; {known}.")
    yield read_made(found.resolve())


def _inside(folder: Path) -> Path:
    """Return the report's folder in an unpacked package, whose own folder may lie in `folder`, else `folder`."""
    for place in (folder, *sorted(folder.glob("*/"))):
        if (place / INSIDE / MANIFEST).is_file() and (place / CRATE).is_file():
            return place / INSIDE
    return folder


def _from_names(outputs: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the exhibits of a report that does not list them, known by the names of their files."""
    names = [name for name in outputs if name.startswith("data/") and name.endswith(".csv")]
    stems = [(name, name.removeprefix("data/").removesuffix(".csv")) for name in names]
    kinds = {stem: "figure" if f"figures/{stem}.svg" in outputs else "table" for _, stem in stems}
    return [{"id": stem, "data": name, "kind": kinds[stem], "label": stem, "caption": ""} for name, stem in stems]


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ReviewError(f"{path}: the file is not there. Give a folder that a report was made in.") from None
    except (OSError, ValueError) as error:
        raise ReviewError(f"{path}: the file cannot be read ({error}). Make the report again.") from None
