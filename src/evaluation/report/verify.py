"""Whether a report still follows from what it was made from: its files, inputs, parameters, notebooks, code, libraries.

Every file is hashed again. `rebuild` is the stronger question: the report made once more, compared byte by byte.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluation.errors import InputError
from evaluation.report.crate import crate_text
from evaluation.report.made import CRATE, MANIFEST, PARAMETERS, Made, ReviewError
from evaluation.report.manifest import LOCK, Code, sha256, source, versions

UNKNOWN = "unknown"
FILES = "files"


@dataclass(frozen=True)
class Check:
    """One thing a report follows from: how it was (None: not there), how it is, and of which part it is.

    `state` is "same", "differs", "gone", "new", or "unknown" where it is not at hand.
    """

    part: str
    name: str
    made: str | None
    now: str | None

    @property
    def state(self) -> str:
        """What became of it."""
        if self.now == UNKNOWN:
            return UNKNOWN
        if self.made is None or self.now is None:
            return "gone" if self.now is None else "new"
        return "same" if self.made == self.now else "differs"


@dataclass(frozen=True)
class Verified:
    """What was checked of a report; `notes` are sentences about what does not decide."""

    made: Made
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()

    @property
    def different(self) -> tuple[Check, ...]:
        """What is no longer as it was."""
        return tuple(check for check in self.checks if check.state not in ("same", UNKNOWN))

    @property
    def unknown(self) -> tuple[Check, ...]:
        """What could not be checked."""
        return tuple(check for check in self.checks if check.state == UNKNOWN)

    @property
    def status(self) -> int:
        """Exit status: 0 it follows, 1 something differs, 2 nothing differs but not all could be checked."""
        return 1 if self.different else 2 if self.unknown else 0

    def __repr__(self) -> str:
        return f"Verified({self.made.name!r}: {len(self.checks)} checks, {len(self.different)} differ, {self.status})"

    @property
    def _headline(self) -> str:
        if all(check.part == FILES for check in self.checks):
            state = "are NOT as they were made" if self.different else "are as they were made"
            return f"The files of the report {self.made.name} {state}."
        begin = {0: "follows from", 1: "does NOT follow from", 2: "was checked in part against"}[self.status]
        end = "; it is unknown whether it follows" if self.status == 2 else ""
        return f"The report {self.made.name} {begin} its inputs, code and parameters{end}."

    def lines(self) -> Iterator[str]:
        """Yield what was found as lines of text: what differs with both hashes, and a count of the rest by part."""
        yield self._headline
        for part in dict.fromkeys(check.part for check in self.checks):
            of = [check for check in self.checks if check.part == part]
            same = sum(check.state == "same" for check in of)
            yield f"{part}: {same} of {len(of)} the same"
            for check in of:
                if check.state == UNKNOWN:
                    yield f"  {check.name}: not at hand, was {check.made}"
                elif check.state != "same":
                    was, now = check.made or "not there", check.now or "not there"
                    yield f"  {check.name}: {check.state}, was {was}, is {now}"
        yield from self.notes


def input_hashes(data: str, root: Path) -> Mapping[str, str]:
    """Return the hash of every input file that the data folder has now, by name."""
    from evaluation.study.load import hash_inputs

    return hash_inputs(root / data if (root / data).exists() else data)


def verify(
    made: Made,
    root: Path,
    *,
    data: str | None = None,
    outputs_only: bool = False,
    hashes: Callable[[str, Path], Mapping[str, str]] = input_hashes,
) -> Verified:
    """Check whether the report still follows from what it was made from, on this machine.

    Parameters
    ----------
    made : the report, wherever it lies.
    root : the project: notebooks, parameter files, lock file.
    data : folder of the data, if they have moved since.
    outputs_only : check only that the report's own files are as they were made.
    hashes : finds the inputs; given (data folder, root) it returns their hashes by name.
    """
    checks = list(_outputs(made))
    notes: list[str] = []
    if not outputs_only:
        checks += _inputs(made, data or made.data, root, hashes, notes)
        checks += _made_with(made, root, notes)
    return Verified(made, tuple(checks), tuple(notes))


def _outputs(made: Made) -> Iterator[Check]:
    """Check the report's files, that no others came, and that the crate's description is the one that follows."""
    now = {name: digest for name, digest in _files(made.folder).items() if name not in (MANIFEST, CRATE)}
    for name in sorted(made.outputs.keys() | now.keys()):
        yield Check(FILES, name, made.outputs.get(name), now.get(name))
    for exhibit in made.exhibits:
        told, listed = exhibit.get("data_sha256"), made.outputs.get(str(exhibit["data"]))
        if told and told != listed:
            yield Check(FILES, f"exhibits.json, hash of {exhibit['data']}", listed, told)
    if (made.folder / CRATE).is_file() and now == made.outputs:
        follows = hashlib.sha256(crate_text(made).encode()).hexdigest()
        yield Check(FILES, CRATE, follows, sha256(made.folder / CRATE))


def _inputs(
    made: Made,
    data: str | None,
    root: Path,
    hashes: Callable[[str, Path], Mapping[str, str]],
    notes: list[str],
) -> Iterator[Check]:
    if data is None or not made.inputs:
        return
    try:
        now = hashes(data, root)
    except InputError as error:
        notes.append(f"The inputs could not be read: {error}")
        now = dict.fromkeys(made.inputs, UNKNOWN)
    for name in sorted(made.inputs.keys() | now.keys()):
        yield Check("inputs", name, made.inputs.get(name), now.get(name))


def _made_with(made: Made, root: Path, notes: list[str]) -> Iterator[Check]:
    """Check parameter files, notebooks, code, lock file and libraries; say what the commit is."""
    manifest, told = made.manifest, made.manifest["code"]
    for given in (manifest["parameter_file"], manifest.get("compared_with")):
        if given:
            yield Check(
                "parameter files", given["file"], given["sha256"], _hash(parameter_file(made, root, given["file"]))
            )
    for name, digest in manifest["notebooks"].items():
        yield Check("notebooks", name, digest, _hash(root / "notebooks" / name))
    yield Check("code", "the suite's files", told["sha256"], source())
    lock = manifest.get("lock")
    if lock:
        yield Check("libraries", lock["file"], lock["sha256"], _hash(root / LOCK))
    now = versions(root)
    yield Check("libraries", "python", manifest["python"], platform.python_version())
    for name in sorted(manifest["versions"].keys() | now.keys()):
        yield Check("libraries", name, manifest["versions"].get(name), now.get(name))
    code = Code.of(root)
    if told.get("dirty"):
        notes.append("It was made with uncommitted changes, so its commit does not tell the code; the hashes above do.")
    if made.commit != code.commit:
        notes.append(f"It was made at commit {made.commit or 'unknown'}; this is {code.commit or 'unknown'}.")


def parameter_file(made: Made, root: Path, name: str) -> Path:
    """Return a parameter file of the report: in the project, else beside a package's report, else the report's copy."""
    own = made.folder / PARAMETERS if name == made.manifest["parameter_file"]["file"] else made.folder / name
    places = [root / name, made.folder.parent / "parameters" / Path(name).name]
    return next((place for place in places if place.is_file()), own)


def _hash(path: Path) -> str | None:
    return sha256(path) if path.is_file() else None


def rebuild(made: Made, root: Path, *, data: str | None = None) -> tuple[Check, ...]:
    """Make the report again in a temporary folder and compare every file of it with the one there is.

    Raises
    ------
    ReviewError
        The report can no longer be made.
    """
    with tempfile.TemporaryDirectory(prefix="evaluation-") as work:
        file = parameter_file(made, root, made.manifest["parameter_file"]["file"])
        if file.name == PARAMETERS:  # The copy, under the name it had.
            file = shutil.copyfile(file, Path(work) / Path(made.manifest["parameter_file"]["file"]).name)
        again = Path(work) / made.name
        command = [sys.executable, "-m", "evaluation.cli", "report", str(file), "--out", str(again), "--fresh"]
        command += ["--language", made.language, "--chapters", ",".join(made.manifest["chapters"])]
        where = data or made.data
        command += ["--data", where] if where else []
        environment = os.environ | {"SOURCE_DATE_EPOCH": str(made.manifest["clock"])}
        done = subprocess.run(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise ReviewError("the report could not be made again, for the reason above")
        old, new = _files(made.folder), _files(again)
        return tuple(
            Check("made again", name, old.get(name), new.get(name)) for name in sorted(old.keys() | new.keys())
        )


def _files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): sha256(path) for path in folder.rglob("*") if path.is_file()}
