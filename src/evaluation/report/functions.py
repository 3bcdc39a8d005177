"""What the names in a notebook stand for in the suite, read from the source alone: nothing is imported or run.

So a chapter's report can say which functions made a number, by the dotted names under which a reader finds them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from evaluation.report.imports import PACKAGE, parsed

Definition = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Known:
    """A module, function or class of the suite, or an object `made` of the class.

    Attributes
    ----------
    name : str
        The dotted name it is reached by.
    file : Path
        Where it is defined; of a module, its own file.
    definition : ast node, optional
        Of a function or class.
    """

    name: str
    file: Path
    definition: Definition | None = None
    made: bool = False

    @property
    def called(self) -> bool:
        """Whether it is something public that is called: a function, a method, or a class."""
        private = any(part.startswith("_") for part in self.name.split("."))
        return self.definition is not None and not self.made and not private


def imported(statement: ast.stmt) -> dict[str, Known]:
    """Return what an import statement of a notebook brings from the suite, by the name it has there."""
    found: dict[str, Known | None] = {}
    if isinstance(statement, ast.ImportFrom):
        for alias in statement.names:
            found[alias.asname or alias.name] = find(statement.module or "", alias.name)
    elif isinstance(statement, ast.Import):
        for alias in statement.names:
            found[alias.asname or alias.name.split(".")[0]] = _module(alias.name if alias.asname else PACKAGE.name)
    return {name: known for name, known in found.items() if known is not None}


@cache
def find(module: str, name: str) -> Known | None:
    """Return what `from module import name` gives, or None if it is none of the suite's."""
    here = _module(module)
    return _in_module(here, name) if here else None


def _module(dotted: str) -> Known | None:
    first, *parts = dotted.split(".")
    here = PACKAGE.joinpath(*parts)
    files = [here / "__init__.py", here.with_suffix(".py")] if first == PACKAGE.name else []
    return next((Known(dotted, file) for file in files if file.is_file()), None)


def stands_for(expression: ast.expr, names: Mapping[str, Known]) -> Known | None:
    """Return what an expression is, where `names` say what the names in it are; None where that cannot be told."""
    match expression:
        case ast.Name(id=name):
            return names.get(name)
        case ast.Attribute(value=owner, attr=name):
            known = stands_for(owner, names)
            return member(known, name) if known else None
        case ast.Call(func=function):
            known = stands_for(function, names)
            return result(known) if known else None
        case ast.IfExp(body=one, orelse=other):
            return stands_for(one, names) or stands_for(other, names)
        case ast.NamedExpr(value=value):
            return stands_for(value, names)
    return None


def member(known: Known, name: str) -> Known | None:
    """Return a module's, class's or object's member of this name."""
    if known.definition is None:
        return _in_module(known, name)
    return _in_class(known, known.definition, name) if isinstance(known.definition, ast.ClassDef) else None


def result(known: Known) -> Known | None:
    """Return what a call gives: an object of the class, or of the one that a function is annotated to return."""
    if isinstance(known.definition, ast.ClassDef):
        return replace(known, made=True)
    return _annotated(known.definition.returns, known.file) if known.definition else None


def _in_module(module: Known, name: str) -> Known | None:
    bound = _bound(module.file).get(name)
    if isinstance(bound, Definition):
        return Known(f"{module.name}.{name}", module.file, bound)
    inside = f"{_dotted(module.file)}.{name}" if module.file.name == "__init__.py" else ""
    found = find(*bound) if bound and ".".join(bound) != inside else _module(inside)
    return replace(found, name=f"{module.name}.{name}") if found else None


def _in_class(known: Known, definition: ast.ClassDef, name: str) -> Known | None:
    for part in definition.body:
        match part:
            case ast.FunctionDef() if part.name == name:
                if any(isinstance(mark, ast.Name) and mark.id == "property" for mark in part.decorator_list):
                    return _annotated(part.returns, known.file) if known.made else None
                return Known(f"{known.name}.{name}", known.file, part)
            case ast.AnnAssign(target=ast.Name(id=field)) if field == name and known.made:
                return _annotated(part.annotation, known.file)
    return None


def _annotated(annotation: ast.expr | None, file: Path) -> Known | None:
    """Return an object of the suite's class that an annotation in `file` names, if it names one."""
    match annotation:
        case ast.Constant(value=str(text)):
            return _annotated(ast.parse(text, mode="eval").body, file)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _annotated(left, file) or _annotated(right, file)
        case ast.Name() | ast.Attribute():
            here, root = Known(_dotted(file), file), ast.unparse(annotation).split(".")[0]
            first = _in_module(here, root)
            known = stands_for(annotation, {root: first} if first else {})
            if known and isinstance(known.definition, ast.ClassDef):
                return replace(known, name=_shortest(known.file, known.definition), made=True)
    return None


def _shortest(file: Path, definition: ast.ClassDef) -> str:
    """Return the name of a class in the outermost package that exports it, else in the module that defines it."""
    package = _dotted(file)
    best = f"{package}.{definition.name}"
    while "." in package:
        package = package.rsplit(".", 1)[0]
        found = find(package, definition.name)
        if found and found.definition is definition:
            best = found.name
    return best


def _dotted(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _bound(file: Path) -> Mapping[str, Definition | tuple[str, str]]:
    """Return what a module binds: its own functions and classes, and what it imports as (module, name)."""
    bound: dict[str, Definition | tuple[str, str]] = {}
    for statement in _statements(parsed(file.read_text(encoding="utf-8")).body):
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            bound[statement.name] = statement
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            bound |= {alias.asname or alias.name: (statement.module, alias.name) for alias in statement.names}
        elif isinstance(statement, ast.Assign):
            bound |= dict(_renamed(statement, bound))
    return bound


def _renamed(
    statement: ast.Assign, bound: Mapping[str, Definition | tuple[str, str]]
) -> Iterator[tuple[str, Definition | tuple[str, str]]]:
    """Yield what a module gives another name, as in `lines = Lines` or `lines, bars = Lines, Bars`."""
    for target in statement.targets:
        match target, statement.value:
            case ast.Tuple(elts=several), ast.Tuple(elts=values):
                pairs = list(zip(several, values, strict=False))
            case _:
                pairs = [(target, statement.value)]
        for name, value in pairs:
            if isinstance(name, ast.Name) and isinstance(value, ast.Name) and value.id in bound:
                yield name.id, bound[value.id]


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield a module's statements, those under `if TYPE_CHECKING` and the like too."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try):
            yield from _statements([*statement.body, *statement.orelse])
