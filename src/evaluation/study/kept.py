"""Tables as they were read, before they are cut: another cut, or one file set right, reads only what has changed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pickle
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from evaluation.errors import Problem
from evaluation.sources.places import name_of
from evaluation.study.members import Part
from evaluation.tables import Layout

Read = tuple[list[Part], list[Problem]]


@dataclass(frozen=True)
class Kept:
    """The tables that were read without a problem, in `folder`, by all that they follow from.

    That is the code and the register of municipalities, whose name is `base`; what `sources.yaml` says of the table;
    and its files, of which `hashes` has the SHA-256.
    """

    folder: Path
    base: str
    hashes: Mapping[str, str]

    def get(self, layout: Layout, name: str) -> Read | None:
        """Return the table if it was read before; what cannot be loaded, whatever the reason, is read anew."""
        with contextlib.suppress(Exception):
            parts: list[Part] = pickle.loads(self._place(layout, name).read_bytes())
            return parts, []
        return None

    def put(self, layout: Layout, name: str, read: Read) -> Read:
        """Keep a table as it was read, unless there are problems, and return it."""
        parts, problems = read
        if not problems:
            place = self._place(layout, name)
            beside = place.with_suffix(f".{os.getpid()}")
            with contextlib.suppress(OSError):  # a full disk: the next cut takes longer
                beside.write_bytes(pickle.dumps(parts))
                os.replace(beside, place)
            beside.unlink(missing_ok=True)
        return read

    def _place(self, layout: Layout, name: str) -> Path:
        source = layout.tables[name]
        files = [name_of(path, layout.folder) for path in source.paths(layout.folder)]
        said = repr((name, layout.declared(name), replace(source, copies={})))
        told = [self.base, layout.since, said, [(file, self.hashes[file]) for file in files]]
        return self.folder / f"read-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]}.pickle"
