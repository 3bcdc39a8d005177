"""What a check found, and whether the data can be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pandas as pd

from evaluation.check import figures
from evaluation.check.gather import PERSONS, Gathered, Unnamed, gather
from evaluation.check.needs import Needs, every
from evaluation.errors import InputError, Problem, redact
from evaluation.tables import LAYOUT, NORWAY
from evaluation.texts import Text

USABLE, LOOK, UNUSABLE = 0, 1, 2


@dataclass(frozen=True)
class Lacking:
    """What a chapter lacks: tables it cannot be made without, tables and columns that it would be better with."""

    chapter: str
    tables: tuple[str, ...]
    better: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Check:
    """A data folder as it was understood.

    Attributes
    ----------
    folder : str
        Its name.
    name : dict
        What the data are, in nb, nn and en; empty if `sources.yaml` cannot be read.
    synthetic, real_places : bool
        Whether the figures are invented, and whether the municipalities are those of Norway.
    division : int
        The year whose municipal division everything is put on; 0 if nothing could be.
    problems : tuple of Problem
        Everything wrong with every file; values of tables of persons are left out.
    waiting : dict
        What is laid out and holds nothing yet, by table.
    unnamed : tuple of Unnamed
        Files that `sources.yaml` does not name.
    files, dropped, notes : DataFrame
        As those of a `Study`, here of all files, nothing cut.
    harmonised, gaps, outliers, breaks : DataFrame
        Codes put under another one; municipalities that lack periods; figures and sums that stand out.
    chapters : tuple of Lacking
    """

    folder: str
    name: Text
    synthetic: bool
    real_places: bool
    division: int
    problems: tuple[Problem, ...]
    waiting: Mapping[str, str]
    unnamed: tuple[Unnamed, ...]
    files: pd.DataFrame
    dropped: pd.DataFrame
    notes: pd.DataFrame
    harmonised: pd.DataFrame
    gaps: pd.DataFrame
    outliers: pd.DataFrame
    breaks: pd.DataFrame
    chapters: tuple[Lacking, ...]

    @property
    def status(self) -> int:
        """0 if the data can be used, 1 if they can but should be looked at, 2 if they cannot."""
        if self.problems:
            return UNUSABLE
        odd = self.waiting or self.unnamed or any(chapter.tables for chapter in self.chapters)
        # That there are few municipalities is no fault of the files.
        warned = self.notes["warning"] & (self.notes["code"] != "few_clusters")
        found = any(map(len, (self.gaps, self.outliers, self.breaks))) or bool(warned.any())
        return LOOK if odd or found else USABLE

    def __repr__(self) -> str:
        counts = {
            one.name: len(getattr(self, one.name))
            for one in fields(self)
            if isinstance(getattr(self, one.name), tuple | dict | pd.DataFrame)
        }
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        return f"Check({self.folder}: status {self.status}; {told})"


def check(folder: Path | str, *, division: int | None = None, notebooks: Path | None = None) -> Check:
    """Read everything in a data folder and say what was understood, what is wrong and what is missing.

    Parameters
    ----------
    folder : path
        Anywhere; with a `sources.yaml`.
    division : int, optional
        The year whose municipal division the tables are put on; by default the last year of the data.
    notebooks : Path, optional
        The chapters whose needs are compared with the tables that are there.

    Raises
    ------
    InputError
        If there is no such folder, or it has no `sources.yaml`: whatever else is wrong is in the result.
    """
    folder = Path(folder).expanduser()
    if not (folder / LAYOUT).is_file():
        what = f"the folder has no {LAYOUT}" if folder.is_dir() else "there is no such folder"
        remedy = "Lay one out with `evaluation new FOLDER`, and put the files there"
        raise InputError(Problem(what, remedy, value=str(folder)))
    found = gather(folder.resolve(), division)
    files, dropped = found.account.frames()
    layout = found.layout
    return Check(
        folder=folder.resolve().name,
        name=dict(layout.name) if layout is not None else {},
        synthetic=layout is not None and layout.synthetic,
        real_places=layout is not None and layout.register == NORWAY,
        division=found.division,
        problems=tuple(dict.fromkeys(_unidentified(problem, found) for problem in found.problems)),
        waiting=dict(found.waiting),
        unnamed=tuple(found.unnamed),
        files=files.drop(columns="sha256").assign(file=files["file"].map(redact)),
        dropped=dropped,
        notes=_without_persons(found.account.notes()),
        harmonised=figures.harmonised(found),
        gaps=figures.gaps(found),
        outliers=figures.outliers(found),
        breaks=figures.breaks(found),
        chapters=_lacking(every(notebooks), found) if notebooks is not None else (),
    )


def _unidentified(problem: Problem, found: Gathered) -> Problem:
    """Leave out the value, in the remedy too, where it may be of a person: of a table with a row for each."""
    if problem.value is None or problem.file in (None, LAYOUT) or found.layout is None:
        return problem
    of_persons = [
        path.relative_to(found.folder).as_posix() if path.is_relative_to(found.folder) else path.name
        for table in PERSONS
        if table in found.layout.tables
        for path in found.layout.tables[table].paths(found.folder)
    ]
    mine = any(str(problem.file).split(", sheet ")[0] == name for name in of_persons)
    return replace(problem, value=None, remedy=problem.remedy.replace(str(problem.value), "...")) if mine else problem


def _without_persons(notes: pd.DataFrame) -> pd.DataFrame:
    return notes.assign(value=notes["value"].where(~notes["table"].isin(PERSONS), ""))


def _lacking(chapters: Sequence[Needs], found: Gathered) -> tuple[Lacking, ...]:
    """Compare what the chapters need with the tables that have rows."""
    there = {name for name, parts in found.parts.items() if any(len(part.tidy.frame) for part in parts)}
    there |= {"positions"} & set(found.whole)
    there |= {"annual_reports"} if "annual_report_forms" in there else set()
    mapped = {
        name: {column for part in parts for column in part.tidy.columns} for name, parts in found.parts.items() if parts
    }
    lacking = []
    for one in chapters:
        columns = tuple(
            f"{table}.{column}"
            for table, names in one.columns.items()
            if table in mapped and table in there
            for column in names
            if column not in mapped[table]
        )
        tables, better = (tuple(name for name in names if name not in there) for names in (one.tables, one.better))
        lacking.append(Lacking(one.chapter, tables, better, columns))
    return tuple(lacking)
