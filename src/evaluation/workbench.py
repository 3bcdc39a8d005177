"""How results meet somebody at the workbench: what they say of themselves, and whether anybody is there to see it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from html import escape
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 200
_SHORT = 40
_CONVENTIONS = ("standard_error", "convention")


class Described:
    """A result that says what it is in at most six lines, and in JupyterLab shows its tables.

    The lines are its plain values, the rows and municipalities of its tables, the results it holds, and the convention
    of its standard errors. A class with words of its own for it keeps them.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # A dataclass leaves a `__repr__` that the class already has.
        if "__repr__" not in vars(cls):
            cls.__repr__ = Described.__repr__  # type: ignore[method-assign]

    def __repr__(self) -> str:
        return "\n".join(shorten(line, WIDTH, placeholder=" ...") for line in _lines(self)).replace("\n", "\n  ")

    def _repr_html_(self) -> str:
        first, *rest = _lines(self)
        top = f"<p><strong>{escape(first)}</strong>{''.join(f'<br>{escape(line)}' for line in rest)}</p>"
        tables = [(name, value) for name, value in _values(self) if _is_table(value)]
        shown = "".join(
            f"<details{' open' if place == 0 else ''}><summary>{escape(_sized(name, table))}</summary>"
            f"{table.to_html(max_rows=20, border=0)}</details>"
            for place, (name, table) in enumerate(tables)
        )
        return f'<div lang="en">{top}{shown}</div>'


def front_end() -> bool:
    """Whether the cell being run was sent by a front end, which says which cell it is; papermill does not."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    return bool(kernel.get_parent("shell").get("metadata", {}).get("cellId"))


def open_notebook() -> Path | None:
    """Return the notebook that a front end is running, where Jupyter Server tells which it is."""
    named = Path(os.environ.get("JPY_SESSION_NAME", ""))
    return named if front_end() and named.suffix == ".ipynb" and named.is_file() else None


def _lines(result: object) -> list[str]:
    plain, tables, held, said = [], [], [], []
    for name, value in _values(result):
        if _is_table(value):
            tables.append(_sized(name, value))
        elif is_dataclass(value):
            held.append(f"{name} ({type(value).__name__})")
        elif isinstance(value, str) and len(value) > _SHORT:
            said += [f"{name.replace('_', ' ')}: {value}"] if name in _CONVENTIONS else []
        elif (told := _plain(value)) is not None:
            plain.append(f"{name} {told}")
    lines = [f"{type(result).__name__}{': ' if plain else ''}{', '.join(plain)}"]
    lines += [f"tables: {'; '.join(tables)}"] if tables else []
    lines += [f"results: {', '.join(held)}"] if held else []
    return lines + said[:1]


def _values(result: Any) -> Iterator[tuple[str, Any]]:
    return ((field.name, getattr(result, field.name)) for field in fields(result) if not field.name.startswith("_"))


def _is_table(value: object) -> bool:
    return type(value).__name__ == "DataFrame"


def _sized(name: str, table: pd.DataFrame) -> str:
    rows = f"{len(table)} {'row' if len(table) == 1 else 'rows'}"
    units = f", municipalities: {table['municipality'].nunique()}" if "municipality" in table else ""
    return f"{name} ({rows}{units})"


def _plain(value: object) -> str | None:
    """Return a value in a few signs: itself, or how many it holds; None where there is nothing to tell."""
    if value is None or isinstance(value, bytes):
        return None
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping) or (hasattr(value, "__len__") and not isinstance(value, str)):
        several = ", ".join(map(str, value)) if isinstance(value, (tuple, list, Mapping)) else ""
        return f"({several})" if 0 < len(several) <= _SHORT else f"[{len(value)}]"
    return str(value)
