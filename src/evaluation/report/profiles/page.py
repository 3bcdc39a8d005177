"""One municipality's profile: from the executed notebook to a folder with its page, data and record."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.report.assemble import assemble
from evaluation.report.manifest import sha256, write_json
from evaluation.report.markdown import title_of
from evaluation.report.parameters import Run
from evaluation.report.render import Front, render_page
from evaluation.report.words import LANGUAGES, invented

if TYPE_CHECKING:
    from nbformat import NotebookNode

RECORD = "profile.json"
_LETTERS = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "đ": "d", "ŋ": "n", "ŧ": "t"})


@dataclass(frozen=True)
class Task:
    """A profile to be made: code and name of the municipality, and the `key` of all that goes into it."""

    code: str
    name: str
    key: str

    @property
    def stem(self) -> str:
        """Name of the page's files without their ending: 6233-varghaug."""
        plain = unicodedata.normalize("NFKD", self.name.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
        return "-".join(filter(None, [self.code, re.sub(r"[^a-z0-9]+", "-", plain).strip("-")]))


@dataclass(frozen=True)
class Setting:
    """What all profiles of a run share: the notebook, the parameter that varies, the others, and the front's words.

    A worker loads the `libraries` before it begins, and gives a profile at most `limit` seconds.
    """

    notebook: str
    varied: str
    parameters: Mapping[str, Any]
    language: str
    facts: tuple[str, ...]
    epoch: int
    libraries: tuple[str, ...] = ()
    limit: int = 900

    def run(self, task: Task) -> Run:
        """Return the run of the notebook for a municipality."""
        varied = {self.varied: task.code}
        return Run(
            f"{Path(self.notebook).stem}-{task.code}", Path(self.notebook), {**self.parameters, **varied}, varied
        )

    def to_json(self) -> str:
        """Return the setting as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Setting:
        """Return the setting from its line."""
        content = json.loads(line)
        return cls(**{**content, "facts": tuple(content["facts"]), "libraries": tuple(content["libraries"])})


def make_page(executed: NotebookNode, task: Task, setting: Setting, folder: Path) -> None:
    """Write the profile into `folder`/<code>, which is there only when it is complete.

    Raises
    ------
    ReportError
        The notebook's exhibits do not fit together, or the page cannot be rendered.
    """
    run = setting.run(task)
    made = assemble([[run]], {run.name: executed}, language=setting.language, alone=True)
    banner = invented(setting.language, synthetic=made.synthetic, real_places=made.real_places)
    front = Front(task.name, _kind(executed, setting.language), setting.language, setting.facts, banner)
    work = Path(tempfile.mkdtemp(prefix=f".{task.code}-", dir=folder))
    try:
        work.chmod(0o755)
        (work / "report.md").write_text(made.markdown, encoding="utf-8")
        for name, content in made.files.items():
            path = work / name.replace(f"{run.name}-", "") if name.startswith("data/") else work / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        render_page(work, front, setting.epoch, task.stem)
        (work / "report.md").unlink()
        shutil.rmtree(work / "figures", ignore_errors=True)
        write_json(work / "findings.json", list(made.findings))
        files = {path.relative_to(work).as_posix(): sha256(path) for path in sorted(work.rglob("*")) if path.is_file()}
        write_json(work / RECORD, {"code": task.code, "name": task.name, "key": task.key, "files": files})
        shutil.rmtree(folder / task.code, ignore_errors=True)
        work.rename(folder / task.code)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def is_made(folder: Path, task: Task) -> bool:
    """Whether `folder` holds the profile, made of the same things and unchanged since."""
    here = folder / task.code
    try:
        record = json.loads((here / RECORD).read_text(encoding="utf-8"))
        if (record["key"], record["name"]) != (task.key, task.name):
            return False
        return all(sha256(here / name) == digest for name, digest in record["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _kind(executed: NotebookNode, language: str) -> str:
    """Return the notebook's own title in the language: what kind of page it makes."""
    for cell in executed.cells:
        spoken = {tag for tag in cell.metadata.get("tags", []) if tag in LANGUAGES}
        if cell.cell_type == "markdown" and (not spoken or language in spoken):
            title = title_of(cell.source)
            return title[0] if title else ""
    return ""
