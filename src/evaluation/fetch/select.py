"""Which values of a table are asked for: the expressions of PxWebApi, worked out against the table's own codes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from evaluation.errors import Problem
from evaluation.sources.statbank import categories

ALL = "*"
_CALL = re.compile(r"(top|bottom|from|to|range)\(([^()]*)\)", re.IGNORECASE)
_COMMA = re.compile(r",(?![^()]*\))")


@dataclass(frozen=True)
class Variable:
    """A variable of a table.

    Attributes
    ----------
    code, label : str
        What the table calls it (`Tid`) and what readers do (`år`).
    values : dict
        Label of each code, in the table's order.
    role : str
        time, metric, geo or nothing.
    total : bool
        Whether it can be left out, and the table then gives its total.
    """

    code: str
    label: str
    values: Mapping[str, str]
    role: str
    total: bool


def variables(metadata: Mapping[str, Any]) -> tuple[Variable, ...]:
    """Return the variables of a table from its metadata (JSON-stat2 without figures)."""
    roles = {code: role for role, codes in metadata.get("role", {}).items() for code in codes}
    found = []
    for code in metadata["id"]:
        dimension = metadata["dimension"][code]
        total = bool(dimension.get("extension", {}).get("elimination", False))
        label = str(dimension.get("label", code))
        found.append(Variable(code, label, categories(dimension), roles.get(code, ""), total))
    return tuple(found)


def read_selection(given: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Read `Region=0301,1103` and `Tid=top(5)` as values by variable; return them and what is written wrong."""
    selection: dict[str, tuple[str, ...]] = {}
    problems = []
    for text in given:
        variable, sign, values = text.partition("=")
        parts = tuple(part.strip() for part in _COMMA.split(values) if part.strip())
        if not sign or not variable.strip() or not parts:
            remedy = "Write Variable=values, as Region=0301,1103 or Tid=from(2008) or Kjonn=*"
            problems.append(Problem("a selection is not `Variable=values`", remedy, column="--select", value=text))
        else:
            selection[variable.strip()] = (*selection.get(variable.strip(), ()), *parts)
    return selection, problems


def choose(
    table: str, known: Sequence[Variable], wanted: Mapping[str, Sequence[str]]
) -> tuple[dict[str, tuple[str, ...]], list[Problem]]:
    """Return the codes to ask for by variable, in the table's order, and what is wrong with the selection.

    What is not named: all regions, contents and periods, and all values of what has no total; of other variables the
    total, which the table gives when they are left out.
    """
    by_name = {variable.code.casefold(): variable for variable in known}
    named: dict[str, Sequence[str]] = {}
    problems = []
    for name, values in wanted.items():
        if name.casefold() in by_name:
            named[by_name[name.casefold()].code] = values
        else:
            remedy = _nearest(name, {variable.code: variable.label for variable in known})
            problems.append(Problem("the table has no such variable", remedy, table, column=name))
    chosen: dict[str, tuple[str, ...]] = {}
    for variable in known:
        if variable.code in named:
            codes, wrong = _codes(table, variable, named[variable.code])
            problems += wrong
            chosen[variable.code] = codes
        elif variable.role or not variable.total:
            chosen[variable.code] = tuple(variable.values)
    return chosen, problems


def _codes(table: str, variable: Variable, values: Sequence[str]) -> tuple[tuple[str, ...], list[Problem]]:
    """Return the codes that some values or expressions mean, each once, in the table's order."""
    found: set[str] = set()
    problems = []
    for value in values:
        try:
            codes = _meant(variable, value)
        except KeyError as error:
            what, remedy = "no such value", _nearest(str(error.args[0]), variable.values)
            problems.append(Problem(what, remedy, table, column=variable.code, value=str(error.args[0])))
            continue
        except ValueError:
            remedy = "Write top(5), bottom(5), from(2008), to(2015), range(2008,2015), a code, or * and ? for any sign"
            problems.append(
                Problem("the expression is not understood", remedy, table, column=variable.code, value=value)
            )
            continue
        if not codes:
            what, remedy = "no value is like this", _nearest(value.strip("*?"), variable.values)
            problems.append(Problem(what, remedy, table, column=variable.code, value=value))
        found |= set(codes)
    return tuple(code for code in variable.values if code in found), problems


def _meant(variable: Variable, value: str) -> list[str]:
    """Codes of one value; a KeyError names a code that is not there, a ValueError says it cannot be read."""
    codes = list(variable.values)
    by_folded = {code.casefold(): place for place, code in enumerate(codes)}

    def place(code: str) -> int:
        if code.strip().casefold() not in by_folded:
            raise KeyError(code.strip())
        return by_folded[code.strip().casefold()]

    call = _CALL.fullmatch(value)
    if call:
        return _CALLS[call[1].casefold()](codes, call[2].split(","), place, variable.role == "time")
    if "(" in value or ")" in value:
        raise ValueError(value)
    if "*" in value or "?" in value:
        pattern = re.compile(re.escape(value).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE)
        return [code for code in codes if pattern.fullmatch(code)]
    return [codes[place(value)]]


_Place = Callable[[str], int]


def _first(codes: list[str], given: list[str], *, backwards: bool) -> list[str]:
    count, offset = int(given[0]), int(given[1]) if len(given) > 1 else 0
    if count < 1 or offset < 0 or len(given) > 2:
        raise ValueError(given)
    return (codes[::-1] if backwards else codes)[offset : offset + count]


def _between(codes: list[str], given: list[str], place: _Place) -> list[str]:
    low, high = given
    return codes[place(low) : place(high) + 1]


# Of time, the top is the latest; of other variables, what comes first.
_CALLS: Mapping[str, Callable[[list[str], list[str], _Place, bool], list[str]]] = {
    "top": lambda codes, given, _, time: _first(codes, given, backwards=time),
    "bottom": lambda codes, given, _, time: _first(codes, given, backwards=not time),
    "from": lambda codes, given, place, _: codes[place(",".join(given)) :],
    "to": lambda codes, given, place, _: codes[: place(",".join(given)) + 1],
    "range": lambda codes, given, place, _: _between(codes, given, place),
}


def _nearest(word: str, known: Mapping[str, str]) -> str:
    """Return a remedy with the nearest codes, by code or by label."""
    folded = {text.casefold(): code for code, label in known.items() for text in (label, code)}
    near = list(dict.fromkeys(folded[one] for one in get_close_matches(word.casefold(), folded, n=3, cutoff=0.5)))
    listed = [f"{code} ({known[code]})" if known[code] != code else code for code in near or list(known)[:8]]
    more = f" and {len(known) - len(listed)} more" if not near and len(known) > len(listed) else ""
    return f"Did you mean {' or '.join(listed)}?" if near else f"It has {', '.join(listed)}{more}"
