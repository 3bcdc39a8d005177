"""Which tables and columns a chapter needs, read from its notebook and from the functions it calls: nothing is run."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.check.source import Module, Place, bound, find, module, references
from evaluation.report.copies import chapters
from evaluation.study.members import PROGRAMME
from evaluation.study.model import FORMS, OUTCOMES
from evaluation.tables import TABLES

STUDY, PROGRAMMES = "evaluation.study.model.Study", "evaluation.programme.model.Programme"
ALWAYS = tuple(table.name for table in TABLES.values() if table.needed)
ASKING = ("has", "optional_table")
"""What is asked whether a table is there."""


@dataclass(frozen=True)
class Needs:
    """What a chapter needs.

    Attributes
    ----------
    chapter : str
        The notebook's name without ending.
    tables : tuple of str
        Without which it cannot be made.
    better : tuple of str
        That it uses where they are there.
    columns : dict
        Columns that may be left out of a table, and that it uses, by table.
    """

    chapter: str
    tables: tuple[str, ...]
    better: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class _Met:
    """What a piece of source, and all it calls, reads: tables it cannot do without, others, and words it holds."""

    needed: frozenset[str] = frozenset()
    better: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()

    def __or__(self, other: _Met) -> _Met:
        return _Met(self.needed | other.needed, self.better | other.better, self.words | other.words)


def needs(notebook: Path, read: dict[Place, _Met] | None = None) -> Needs:
    """Return what a chapter needs, from the functions its code cells call and those that these call.

    A table that a function asks for before it reads it (`study.has`, `optional_table`) is one that the chapter is
    better with, whatever the functions below it need; so are the programme's tables beside projects and participation.

    Parameters
    ----------
    read : dict, optional
        What has been read for other chapters, to be added to.
    """
    # Read as JSON: importing nbformat takes longer than all the rest.
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    cells = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    lines = [line for source in cells for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    tree = ast.parse("\n".join(lines))
    known = bound(tree, notebook)
    here = Place(notebook, notebook.stem, tree)
    met = _whole(here, {} if read is None else read, Module({}, known.imports))
    needed = tuple(table for table in TABLES if table in met.needed or table in ALWAYS)
    better = tuple(table for table in TABLES if table in met.better and table not in needed)
    used = {
        table: tuple(one.name for one in TABLES[table].columns if one.optional and one.name in met.words)
        for table in (*needed, *better)
    }
    return Needs(notebook.stem, needed, better, {table: names for table, names in used.items() if names})


def _whole(place: Place, read: dict[Place, _Met], inside: Module | None = None) -> _Met:
    """Return what a definition and all it calls read; one that is being read already adds nothing more."""
    if place not in read:
        read[place] = _Met()
        known = inside or module(place.file)
        own, asked, used = _own(place)
        if isinstance(place.tree, ast.ClassDef):
            skipped = f"{place.file.stem}.{place.name}" in ("model.Study", "model.Programme")
            used = [] if skipped else [one for name, one in known.own.items() if name.startswith(f"{place.name}.")]
        else:
            used += references(place.tree, known.own, known.imports)
        if asked == set(OUTCOMES):
            constants = [_own(one)[0].words for one in used if isinstance(one.tree, ast.expr)]
            own |= _Met(better=frozenset[str]().union(*constants) & frozenset(OUTCOMES))
        for one in used:
            own |= _whole(one, read) if one.name != "load_study" else _Met()
        if isinstance(place.tree, ast.expr):
            # Functions in a constant are chosen from by a name that is worked out.
            asked = own.needed
        read[place] = _Met(own.needed - asked, own.better | (own.needed & asked), own.words)
    return read[place]


def every(notebooks: Path) -> tuple[Needs, ...]:
    """Return what each chapter of a folder needs, in their order."""
    read: dict[Place, _Met] = {}
    return tuple(needs(path, read) for path in chapters(notebooks) if path.stem[0].isdigit())


def used_by(found: Sequence[Needs]) -> dict[str, tuple[str, ...]]:
    """Return the chapters that need each table, or are better with it, by their numbers."""
    return {
        table: tuple(
            one.chapter.split("_")[0] for one in found if FORMS.get(table, table) in (*one.tables, *one.better)
        )
        for table in TABLES
    }


def _own(place: Place) -> tuple[_Met, frozenset[str], list[Place]]:
    """Return what a definition itself reads, the tables it asks for first, and the study's methods it uses."""
    study = {"study", *(("self",) if place.name.startswith("Study.") else ())}
    programme = {"programme", *(("self",) if place.name.startswith("Programme.") else ())}
    words: set[str] = set()
    read, asked, listed = set[str](), set[str](), set[str]()
    used: list[Place | Path | None] = []
    for node in ast.walk(place.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words.add(node.value)
        elif isinstance(node, ast.Call):
            tables = {str(one.value) for one in node.args if isinstance(one, ast.Constant)} & set(OUTCOMES)
            called = _last(node.func)
            if called in ASKING:
                # Asked by a name that is worked out, it may be any of them.
                asked |= tables or set(OUTCOMES)
                listed |= tables
            elif called == "table" or any(_last(one) in study for one in node.args):
                read |= tables
        elif isinstance(node, ast.Attribute) and (owner := _last(node.value)) in study | programme:
            used.append(find(f"{STUDY if owner in study else PROGRAMMES}.{node.attr}"))
            if owner in study:
                read |= {node.attr} & set(OUTCOMES)
            else:
                listed |= {node.attr} & set(PROGRAMME)
    either = read if asked else set()
    met = _Met(frozenset(read - either), frozenset(listed | either), frozenset(words))
    return met, frozenset(asked), [one for one in used if isinstance(one, Place)]


def _last(expression: ast.expr) -> str:
    """Return the last name of an expression: `programme` of `study.programme`."""
    return getattr(expression, "attr", getattr(expression, "id", ""))
