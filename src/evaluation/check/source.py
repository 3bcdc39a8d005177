"""Where a name in the suite's own source is defined, across imports and re-exports; nothing is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True, eq=False)
class Place:
    """A function, method, class or constant: its module's file, its name (`Class.method`), and the tree of it."""

    file: Path
    name: str
    tree: ast.AST


@dataclass(frozen=True)
class Module:
    """What a module binds: its own definitions by name, and the dotted names of what it imports."""

    own: Mapping[str, Place]
    imports: Mapping[str, str]


@cache
def module(file: Path) -> Module:
    """Read a module of the suite."""
    return bound(ast.parse(file.read_text(encoding="utf-8")), file)


def bound(tree: ast.Module, file: Path) -> Module:
    """Return what a module's tree binds; imports inside functions count, and `if` and `try` are looked into."""
    own: dict[str, Place] = {}
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            own[statement.name] = Place(file, statement.name, statement)
        if isinstance(statement, ast.ClassDef):
            for part in statement.body:
                if isinstance(part, ast.FunctionDef):
                    own[f"{statement.name}.{part.name}"] = Place(file, f"{statement.name}.{part.name}", part)
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            own |= {one.id: Place(file, one.id, statement.value) for one in targets if isinstance(one, ast.Name)}
    imports: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE.name:
            imports |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return Module(own, imports)


@cache
def find(dotted: str) -> Place | Path | None:
    """Return the definition, or the file of the module, that a dotted name of the suite stands for."""
    parts = dotted.split(".")
    here: Path = PACKAGE / "__init__.py"
    for number, part in enumerate(parts[1:], start=1):
        # What a package exports under the name of one of its modules is meant, as in Python.
        exported = module(here).imports.get(part, dotted) if here.name == "__init__.py" else dotted
        if number == len(parts) - 1 and exported != dotted:
            return find(exported)
        beside = [here.parent / f"{part}.py", here.parent / part / "__init__.py"]
        found = next((one for one in beside if here.name == "__init__.py" and one.is_file()), None)
        if found is None:
            return member(here, ".".join(parts[number:]))
        here = found
    return here


def member(file: Path, name: str) -> Place | Path | None:
    """Return what a name stands for in a module."""
    known = module(file)
    if name in known.own:
        return known.own[name]
    first, _, rest = name.partition(".")
    return find(f"{known.imports[first]}{'.' if rest else ''}{rest}") if first in known.imports else None


def references(tree: ast.AST, own: Mapping[str, Place], imports: Mapping[str, str]) -> list[Place]:
    """Return the definitions that the names and dotted names in a piece of source stand for."""
    found: list[Place | Path | None] = []
    for dotted in dict.fromkeys(_dotted(tree)):
        first, _, rest = dotted.partition(".")
        if first in own:
            found.append(own[first])
        elif first in imports:
            found.append(find(imports[first] + (f".{rest}" if rest else "")))
    return [one for one in found if isinstance(one, Place)]


def _dotted(tree: ast.AST) -> Iterable[str]:
    """Yield each name, and each chain of attributes from a name, with all its beginnings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            parts, inner = [node.attr], node.value
            while isinstance(inner, ast.Attribute):
                parts.append(inner.attr)
                inner = inner.value
            if isinstance(inner, ast.Name):
                yield ".".join([inner.id, *reversed(parts)])
