"""Executed chapters kept by content: what has not changed is not computed again.

A chapter's key is made of all its result follows from: the notebook, its parameters, the suite's modules it imports,
the input files, and the versions of Python and of the installed libraries. An interrupted run has kept the chapters
that were done, so the next run goes on from there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.report.declared import read_notebook
from evaluation.report.imports import PACKAGE, modules_used, without_magics
from evaluation.report.parameters import Run

if TYPE_CHECKING:
    from nbformat import NotebookNode

# Python 3.11 fails now and then when two threads parse source at once (SystemError: recursion depth mismatch).
_PARSING = threading.Lock()
KEPT_DAYS = 30
DATA_FILES = ("*.csv", "*.json", "*.yaml")


class Kept:
    """The executed chapters in `folder`, of a study whose files (name, sha256) are `inputs`.

    With `fresh` nothing is taken from the folder; what is made anew is still kept.
    """

    def __init__(self, folder: Path, inputs: Sequence[tuple[str, str]], *, fresh: bool = False):
        self.folder = folder
        self.inputs = sorted(inputs)
        self.fresh = fresh
        self._digests: dict[Path, str] = {}
        self._codes: dict[Path, list[tuple[str, str]]] = {}

    def get(self, run: Run) -> NotebookNode | None:
        """Return the executed notebook of an equal run, or None."""
        import nbformat

        path = self._path(run)
        if self.fresh:
            return None
        try:
            content = path.read_text(encoding="utf-8")
            digest, text = content.split("\n", 1)
            if hashlib.sha256(text.encode()).hexdigest() != digest:
                return None  # cut short or edited
            os.utime(path)
            return nbformat.reads(text, as_version=4)
        except (OSError, ValueError):
            return None

    def put(self, run: Run, notebook: NotebookNode) -> None:
        """Keep the executed notebook of a run that ended well; a folder that cannot be written to is no error."""
        import nbformat

        text = nbformat.writes(notebook)
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}")
                os.replace(name, self._path(run))
            finally:
                Path(name).unlink(missing_ok=True)

    def discard_old(self) -> None:
        """Remove what no run has used for a month."""
        limit = time.time() - KEPT_DAYS * 86_400
        for path in self.folder.glob("*"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < limit:
                    path.unlink()

    def _path(self, run: Run) -> Path:
        return self.folder / f"{self.key(run)}.ipynb"

    def key(self, run: Run) -> str:
        """Return the name under which the run's result is kept."""
        told: dict[str, Any] = {
            "notebook": self._sha256(run.notebook),
            "parameters": dict(sorted(run.parameters.items())),
            "code": self._codes.get(run.notebook) or self._codes.setdefault(run.notebook, self._code(run.notebook)),
            "inputs": self.inputs,
            "surroundings": self._surroundings,
        }
        return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:32]

    def _code(self, notebook: Path) -> list[tuple[str, str]]:
        cells = [cell.source for cell in read_notebook(notebook).cells if cell.cell_type == "code"]
        with _PARSING:
            files = modules_used(tuple(without_magics(source) for source in cells))
        # Words, templates and registers that the modules read.
        data = [path for pattern in DATA_FILES for path in PACKAGE.rglob(pattern)]
        return [(path.relative_to(PACKAGE).as_posix(), self._sha256(path)) for path in sorted({*files, *data})]

    def _sha256(self, path: Path) -> str:
        if path not in self._digests:
            self._digests[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._digests[path]

    @cached_property
    def _surroundings(self) -> Mapping[str, str]:
        installed = {found.name: found.version for found in metadata.distributions()}
        return {"python": platform.python_version(), "system": platform.platform(), **dict(sorted(installed.items()))}
