"""What a notebook declares: the names, and by their literals the types, of its `parameters` cell."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from evaluation.errors import Problem, ReportError

if TYPE_CHECKING:
    from nbformat import NotebookNode


@dataclass(frozen=True)
class Declared:
    """A chapter's notebook and the parameters it declares.

    `parameters` maps each name to the literal it has in the cell tagged `parameters`; empty if there is no such cell.
    """

    path: Path
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """Name of the notebook without its ending."""
        return self.path.stem


def _nbformat() -> ModuleType:
    """Import nbformat without the grammar of addresses that jsonschema compiles: a second for what is not used."""
    grammar = "rfc3987_syntax"
    if "jsonschema" in sys.modules or grammar in sys.modules:
        return import_module("nbformat")
    sys.modules[grammar] = None  # type: ignore[assignment]  # an import of it fails, which jsonschema expects
    try:
        return import_module("nbformat")
    finally:
        del sys.modules[grammar]


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook file as nbformat 4."""
    nbformat = _nbformat()
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise ReportError(f"{path}: the notebook does not exist") from None
    except (ValueError, KeyError, AttributeError, nbformat.ValidationError) as error:
        problem = Problem(
            f"this is not a notebook ({str(error).splitlines()[0]})", "Save it again in JupyterLab", str(path)
        )
        raise ReportError(str(problem)) from None


def read_declared(path: Path) -> Declared:
    """Read the parameters a notebook declares, from the plain assignments of its cell tagged `parameters`.

    Raises
    ------
    ReportError
        Several cells are tagged, or an assignment is not `name = literal`: such a value would be computed from
        another default, and would not follow when that is changed.
    """
    return Declared(path, declared_in(read_notebook(path), path))


def declared_in(notebook: NotebookNode, path: Path) -> dict[str, Any]:
    """Return the parameters that a notebook, of the file at `path`, declares, as `read_declared` does."""
    if not notebook.cells:
        raise ReportError(str(Problem("the notebook is empty", "Write it, or leave the chapter out", str(path))))
    cells = [c for c in notebook.cells if c.cell_type == "code" and "parameters" in c.metadata.get("tags", [])]
    if not cells:
        return {}
    if len(cells) > 1:
        raise ReportError(str(Problem("several cells are tagged `parameters`", "Keep one such cell", str(path))))
    try:
        tree = ast.parse(cells[0].source)
    except SyntaxError as error:
        problem = Problem(f"the parameters cell is not Python ({error.msg})", "Mend the cell", str(path))
        raise ReportError(str(problem)) from None
    parameters: dict[str, Any] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        name, value = _assignment(statement)
        if name is None or value is None:
            raise ReportError(_not_literal(path, statement))
        try:
            literal = ast.literal_eval(value)
        except ValueError:
            raise ReportError(_not_literal(path, statement)) from None
        if isinstance(literal, tuple | set | bytes | complex):
            raise ReportError(_not_literal(path, statement))
        parameters[name] = literal
    return parameters


def _assignment(statement: ast.stmt) -> tuple[str | None, ast.expr | None]:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id, statement.value
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id, statement.value
    return None, None


def _not_literal(path: Path, statement: ast.stmt) -> str:
    remedy = "Write `name = value` with a text, number, true or false, None, list or mapping; compute in the next cell"
    what = f"the parameters cell holds `{ast.unparse(statement)}`, which is not a plain value"
    return str(Problem(what, remedy, str(path)))
