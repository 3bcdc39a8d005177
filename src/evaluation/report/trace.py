"""Where what a notebook shows comes from: its cell, the cells before it that it uses, and the functions they call.

This is the program slice of the cell, read from the source: of the statements before it, those that set or change a
name that it uses, those that these use, and so on. Of the suite's functions, those named there; of the parameters,
those used.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from evaluation.report.functions import Known, imported, stands_for
from evaluation.report.imports import parsed, without_magics

if TYPE_CHECKING:
    from nbformat import NotebookNode

PARAMETERS, INJECTED = "parameters", "injected-parameters"


@dataclass(frozen=True)
class Origin:
    """Where what a cell shows comes from.

    Attributes
    ----------
    cell : int
        The cell's number, as JupyterLab shows it when the notebook is run from the top.
    cell_id : str
        The cell's id in the notebook file.
    rests_on : tuple of int
        The numbers of the cells before it whose results it uses, itself included.
    functions : tuple of str
        The suite's public functions, methods and classes that these name, by their dotted names.
    uses : tuple of str
        The notebook's parameters that these use.
    source : str
        The cell's code.
    """

    cell: int
    cell_id: str
    rests_on: tuple[int, ...]
    functions: tuple[str, ...]
    uses: tuple[str, ...]
    source: str

    @property
    def record(self) -> dict[str, Any]:
        """The origin as it stands in exhibits.json and findings.json."""
        lists = {name: list(getattr(self, name)) for name in ("rests_on", "functions", "uses")}
        return {"cell": self.cell, "cell_id": self.cell_id, **lists}


def origins(notebook: NotebookNode) -> Mapping[int, Origin]:
    """Return the origin of what each code cell shows, by the cell's place in the notebook.

    The cell in which papermill gives the parameters their values has none and is not counted.
    """
    cells = [
        (place, str(cell.get("id", "")), cell.source, PARAMETERS in cell.metadata.get("tags", []))
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.source.strip() and INJECTED not in cell.metadata.get("tags", [])
    ]
    found = _origins(tuple(cell[1:] for cell in cells))
    return {place: origin for (place, *_), origin in zip(cells, found, strict=True)}


@dataclass(frozen=True)
class _Step:
    """A statement of a cell: the names it sets or changes, of them those it `replaces`, and those it uses."""

    cell: int
    sets: frozenset[str]
    replaces: frozenset[str]
    uses: frozenset[str]
    functions: frozenset[str]


@lru_cache(maxsize=64)
def _origins(cells: tuple[tuple[str, str, bool], ...]) -> tuple[Origin, ...]:
    names: dict[str, Known] = {}
    steps: list[_Step] = []
    parameters: frozenset[str] = frozenset()
    found = []
    for number, (name, source, declares) in enumerate(cells, start=1):
        own = list(_steps(number, source, names))
        steps += own
        parameters |= frozenset().union(*(step.sets for step in own)) if declares else frozenset()
        behind = _behind(steps, number)
        numbers = tuple(sorted({step.cell for step in behind}))
        functions = sorted(frozenset().union(*(step.functions for step in behind)))
        uses = parameters & frozenset().union(*(step.sets | step.uses for step in behind))
        found.append(Origin(number, name, numbers, tuple(functions), tuple(sorted(uses)), source))
    return tuple(found)


def _behind(steps: Sequence[_Step], cell: int) -> list[_Step]:
    """Return the cell's own steps, and those before them on which they rest."""
    wanted: set[str] = set()
    found = []
    for step in reversed(steps):
        if step.cell == cell or step.sets & wanted:
            found.append(step)
            wanted -= step.replaces
            wanted |= step.uses
    return found


def _steps(cell: int, source: str, names: dict[str, Known]) -> Iterator[_Step]:
    """Yield the steps of a cell, and keep in `names` what of the suite the notebook's names stand for."""
    for statement in parsed(without_magics(source)).body:
        named = {
            known.name
            for node in ast.walk(statement)
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
            if (known := stands_for(node, names)) and known.called
        }
        bound, uses = _bound_and_used(statement)
        changed = set(_changed(statement, names))
        whole = isinstance(statement, ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom)
        replaces = bound if whole else set()
        yield _Step(cell, *map(frozenset, (bound | changed, replaces - changed, uses | changed, named)))
        _learn(statement, bound, names)


def _learn(statement: ast.stmt, bound: set[str], names: dict[str, Known]) -> None:
    for name in bound:
        names.pop(name, None)
    names |= imported(statement)
    for node in ast.walk(statement):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ):
                known = stands_for(value, names) if value else None
                names |= {name: known} if known else {}


def _bound_and_used(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Return the notebook's names that a statement binds and those that it uses, inside comprehensions too."""
    bound, used = set(), set()
    tables = [symtable.symtable(ast.unparse(statement), "cell", "exec")]
    for table in tables:
        outermost = table.get_type() == "module"
        for symbol in table.get_symbols():
            if outermost or symbol.is_global():
                bound |= {symbol.get_name()} if symbol.is_assigned() or symbol.is_imported() else set()
                used |= {symbol.get_name()} if symbol.is_referenced() else set()
        tables += table.get_children()
    return bound, used


def _changed(statement: ast.stmt, names: Mapping[str, Known]) -> Iterator[str]:
    """Yield the names whose object a statement changes in part: `x[...] = ...`, `x.y = ...`, `x.append(...)`.

    The suite's own objects are not changed by their methods.
    """
    for node in ast.walk(statement):
        match node:
            case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del()):
                yield from _root(node)
            case ast.Expr(value=ast.Call(func=ast.Attribute() as method)) if stands_for(method, names) is None:
                yield from _root(method)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id
