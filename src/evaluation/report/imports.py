"""Which of the suite's own modules a chapter rests on, read from the source without importing anything."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from threading import Lock

PACKAGE = Path(__file__).parents[1]
_PARSING = Lock()
"""Chapters run side by side, and Python 3.11 counts how deep a tree is over all threads at once."""


def modules_used(sources: tuple[str, ...], package: Path = PACKAGE) -> frozenset[Path]:
    """Return the files of `package` that Python `sources` import, directly or through each other.

    Imports inside functions count. A module brings the `__init__` of every package it lies in.
    """
    waiting = [path for source in sources for path in _imported(parsed(source), package, package)]
    found: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _of_file(path, package)
    return frozenset(found)


def without_magics(source: str) -> str:
    """Return a cell without the lines that are IPython's and not Python's."""
    return "\n".join("" if line.lstrip().startswith(("%", "!", "?")) else line for line in source.splitlines())


@cache
def _of_file(path: Path, package: Path) -> tuple[Path, ...]:
    return tuple(_imported(parsed(path.read_text(encoding="utf-8")), path.parent, package))


def parsed(source: str) -> ast.Module:
    """Return the syntax tree of Python source."""
    with _PARSING:
        return ast.parse(source)


def _imported(tree: ast.AST, here: Path, package: Path) -> list[Path]:
    found: list[Path] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found += _files(alias.name.split("."), package)
        elif isinstance(node, ast.ImportFrom):
            parts = node.module.split(".") if node.module else []
            if node.level:
                base = here
                for _ in range(node.level - 1):
                    base = base.parent
                parts = [package.name, *base.relative_to(package).parts, *parts]
            for alias in node.names:
                found += _files([*parts, alias.name], package)
    return found


def _files(parts: list[str], package: Path) -> list[Path]:
    """Return the files that importing the dotted name loads; its last part may be a name within a module."""
    if parts[0] != package.name:
        return []
    found, folder = [package / "__init__.py"], package
    for part in parts[1:]:
        if (folder / f"{part}.py").is_file():
            return [*found, folder / f"{part}.py"]
        folder = folder / part
        if not (folder / "__init__.py").is_file():
            break
        found.append(folder / "__init__.py")
    return found
