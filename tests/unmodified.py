"""No public function changes its input: the first calls that the tests of a process make of each are watched.

`watch` wraps each public function, and each public method of a public class, of the packages that take tables, as
`conftest.py` asks for. Copy-on-write makes it nearly free: a shallow copy taken before the call keeps what was there,
and shares its memory with what is there after it unless somebody wrote.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

PACKAGES = ("municipalities", "programme", "sources", "tables", "study", "participation", "survey", "did", "sick_leave")
PACKAGES += ("positions", "recruitment", "reputation", "goals", "cooperation", "deep_dive", "conclusions", "disclosure")

CALLS = int(os.environ.get("WATCHED_CALLS", "10"))
WATCHED: set[str] = set()


def watch() -> None:
    """Wrap what is public in the packages, new functions included."""
    for package in PACKAGES:
        module = importlib.import_module(f"evaluation.{package}")
        names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
        for name in names:
            found = getattr(module, name, None)
            if inspect.isfunction(found) and found.__module__.startswith("evaluation"):
                home = importlib.import_module(found.__module__)
                watched = watching(found)
                for place in (module, home):
                    if getattr(place, name, None) is found:
                        setattr(place, name, watched)
                WATCHED.add(f"{found.__module__}.{name}")
            elif inspect.isclass(found) and found.__module__.startswith("evaluation"):
                for method, body in list(vars(found).items()):
                    if inspect.isfunction(body) and not method.startswith("_"):
                        setattr(found, method, watching(body))
                        WATCHED.add(f"{found.__module__}.{name}.{method}")


def watching(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, failing when one of its first calls has changed a table that it was given."""
    left = iter(range(CALLS))

    @functools.wraps(function)
    def watched(*arguments: Any, **named: Any) -> Any:
        if next(left, None) is None:
            return function(*arguments, **named)
        given = {**dict(enumerate(arguments)), **named}
        before = [(where, frame, frame.copy(deep=False)) for where, frame in tables(given)]
        result = function(*arguments, **named)
        for where, frame, kept in before:
            assert unchanged(frame, kept), f"{function.__module__}.{function.__qualname__} changes its input {where}"
        return result

    return watched


def tables(given: Any, where: str = "", depth: int = 2) -> Iterator[tuple[str, Any]]:
    """Yield every table among the arguments, in containers and in the fields of objects."""
    if isinstance(given, pd.DataFrame | pd.Series):
        yield where, given
    elif depth and isinstance(given, Mapping):
        for name, one in given.items():
            yield from tables(one, f"{where}.{name}", depth - (where != ""))
    elif depth and isinstance(given, list | tuple) and len(given) < 100:
        for place, one in enumerate(given):
            yield from tables(one, f"{where}[{place}]", depth - 1)
    elif depth and type(given).__module__.startswith("evaluation"):
        yield from tables(dict(getattr(given, "__dict__", {})), where or "self", depth - 1)


def unchanged(after: Any, before: Any) -> bool:
    """Whether a table still is what its shallow copy was taken of."""
    if not (after.index is before.index or after.index.equals(before.index)) or after.attrs != before.attrs:
        return False
    if isinstance(after, pd.Series):
        return after.name == before.name and _same(after, before)
    if not (after.columns is before.columns or after.columns.equals(before.columns)):
        return False
    return all(_same(after.iloc[:, place], before.iloc[:, place]) for place in range(after.shape[1]))


def _same(after: pd.Series, before: pd.Series) -> bool:
    one, other = after.array, before.array
    inner = [getattr(each, "_ndarray", getattr(each, "_pa_array", None)) for each in (one, other)]
    if all(isinstance(each, np.ndarray) for each in inner) and np.shares_memory(*inner) and inner[0].dtype != object:
        return one.dtype == other.dtype
    return inner[0] is inner[1] is not None or bool(after.equals(before))
