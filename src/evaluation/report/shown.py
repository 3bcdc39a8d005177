"""What a report shows, exhibits and numbers, each with the cell of the run that made it."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from evaluation.report.declared import declared_in
from evaluation.report.parameters import EARLIER, FINDINGS, Run
from evaluation.report.trace import Origin, origins
from evaluation.report.words import say

if TYPE_CHECKING:
    from nbformat import NotebookNode

PREFIX = {"figure": "fig", "table": "tbl"}
COUNTS = ("n", "municipalities", "projects", "man_years", "persons", "employees", "positions", "clusters")
"""Columns that tell how many units a row rests on."""


@dataclass(frozen=True)
class Inputs:
    """The files a report rests on, as (name, sha256), and the tables that each was read into, as far as is known.

    `behind_findings` are the tables that the report's findings rest on; None where that is not known.
    """

    files: tuple[tuple[str, str], ...] = ()
    tables: Mapping[str, Sequence[str]] | None = None
    behind_findings: frozenset[str] | None = None

    def read_by(self, source: Source) -> frozenset[str] | None:
        """Return the tables that what a cell shows can rest on: read by then, or behind the findings it was given."""
        told = {FINDINGS, EARLIER} & set(source.origin.uses)
        if source.read is None or (told and self.behind_findings is None):
            return None
        return frozenset(source.read) | ((self.behind_findings or frozenset()) if told else frozenset())

    def of(self, source: Source) -> list[tuple[str, str]]:
        """Return the files that what a cell shows can rest on; all where the tables are not known."""
        read, tables = self.read_by(source), self.tables or {}
        return [file for file in self.files if read is None or file[0] not in tables or read & {*tables[file[0]]}]


@dataclass(frozen=True)
class Source:
    """A code cell of a run: where it is and what it rests on, and all the run's parameters with their values.

    `read` are the study's tables that had been read when it had run; None where that is not known.
    """

    run: Run
    origin: Origin
    parameters: Mapping[str, Any]
    read: tuple[str, ...] | None = None

    @classmethod
    def of(cls, run: Run, notebook: NotebookNode) -> dict[int, Source]:
        """Return the sources in a run's notebook by the cell's place in it."""
        parameters = {**declared_in(notebook, run.notebook), **run.parameters}
        return {place: cls(run, origin, parameters) for place, origin in origins(notebook).items()}

    def having_read(self, tables: Sequence[str] | None) -> Source:
        """Return the source with the tables that had been read."""
        return self if tables is None else replace(self, read=tuple(tables))

    @property
    def anchor(self) -> str:
        """What links from exhibits and numbers point to; runs of one notebook share it."""
        return f"source-{self.run.notebook.stem}-{self.origin.cell}"

    @property
    def place(self) -> str:
        """What links back to the first number in the cell's text point to."""
        return f"number-{self.run.name}-{self.origin.cell}"


@dataclass(frozen=True)
class Use:
    """Where the report shows what a cell made: an exhibit by its `label`, or a text ("") with numbers of `findings`."""

    source: Source
    anchor: str
    label: str
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exhibit:
    """A figure or table with its place in the report: `name` is unique in it, `number` reads "2.1"."""

    name: str
    kind: str
    number: str
    label: str
    content: Mapping[str, Any]
    source: Source

    @property
    def anchor(self) -> str:
        """What links point to."""
        return f"{PREFIX[self.kind]}-{self.name}"

    @property
    def notebook(self) -> str:
        """Name of the notebook without its ending."""
        return self.source.run.notebook.stem

    @property
    def data_file(self) -> str:
        """Path of the exhibit's data in the report's folder."""
        return f"data/{self.name}.csv"

    @property
    def data(self) -> bytes:
        """The exhibit's data as CSV."""
        return bytes(self.content["csv"].encode())

    @property
    def pictures(self) -> tuple[str, ...]:
        """Paths of a figure's pictures in the report's folder."""
        return tuple(f"figures/{self.name}.{form}" for form in ("svg", "png")) if self.kind == "figure" else ()

    def leads_to(self, language: str) -> str:
        """Return Markdown that leads to the exhibit's data and to where they come from."""
        origin, numbers = say("origins", language), say("numbers_as_csv", language)
        return f"[{origin}](#{self.source.anchor}) [{numbers}]({self.data_file}){{.data}}"

    def entry(self, inputs: Inputs) -> dict[str, Any]:
        """Return all there is to know of the exhibit, from its number to its rows, as it stands in exhibits.json.

        `n` is by unit how many the row that rests on most of them does.
        """
        content, run, origin = self.content, self.source.run, self.source.origin
        entry = {name: getattr(self, name) for name in ("kind", "number", "label", "anchor")}
        entry |= {name: content.get(name) for name in ("caption", "alt", "note")}
        rows = list(csv.DictReader(io.StringIO(content["csv"])))
        return {
            "id": self.name,
            **entry,
            "n": {name: most for name in COUNTS if (most := _most(row.get(name) for row in rows)) is not None},
            "rows": len(rows),
            "withheld": {one["reason"]: one["rows"] for one in content.get("withheld", [])},
            "synthetic": bool(content.get("synthetic")),
            "notebook": self.notebook,
            "run": run.name,
            **origin.record,
            "parameters": dict(self.source.parameters),
            "inputs": [{"file": file, "sha256": digest} for file, digest in inputs.of(self.source)],
            "data": self.data_file,
            "data_sha256": hashlib.sha256(self.data).hexdigest(),
            "figure": list(self.pictures),
        }


def _most(cells: Iterable[str | None]) -> float | None:
    """Return the largest number in the cells of a released column, of which some may be withheld or missing."""
    numbers = [float(cell) for cell in cells if cell and cell.replace(".", "", 1).isdigit()]
    return max(int(number) if number.is_integer() else number for number in numbers) if numbers else None
