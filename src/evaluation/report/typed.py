"""Give a value in a parameter file the type of the literal a notebook declares, or say why it cannot have it."""

from __future__ import annotations

import re
from typing import Any

from evaluation.errors import ParameterError, Problem
from evaluation.report.strict_yaml import BOOLEANS, INTEGER, NULLS, NUMBER, Mapping, Node, Scalar, Sequence

_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_YES_NO = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def typed(node: Node, like: Any, *, key: str, file: str) -> Any:
    """Return the value of `node` in the type of `like`.

    `like` None or an empty list takes any value; a list types its items by its first, a mapping by the same key or its
    first value. A text parameter takes the characters as written (`0301` stays so), a decimal number takes a whole one.

    Raises
    ------
    ParameterError
        Naming file, line, key, value and remedy.
    """
    if isinstance(like, list):
        if not isinstance(node, Sequence):
            raise _error(node, key, file, "is not a list", "Write a list: [first, second]")
        item = like[0] if like else None
        return [typed(entry, item, key=key, file=file) for entry in node.items]
    if isinstance(like, dict):
        if not isinstance(node, Mapping):
            raise _error(node, key, file, "is not a mapping", "Write {name: value}")
        first = next(iter(like.values()), None)
        return {k: typed(v, like.get(k, first), key=f"{key}.{k}", file=file) for k, v in node.entries.items()}
    if like is None:
        return untyped(node, key=key, file=file)
    if not isinstance(node, Scalar):
        raise _error(node, key, file, f"is not {_NAMES[type(like)]}", "Write a single value")
    if node.plain and node.text in NULLS:
        raise _error(node, key, file, "has no value", "Write a value, or remove the line to use the notebook's own")
    return _scalar(node, type(like), key, file)


def untyped(node: Node, *, key: str, file: str) -> Any:
    """Return the value of `node` by the YAML 1.2 core schema (codes with a leading zero stay text)."""
    if isinstance(node, Sequence):
        return [untyped(item, key=key, file=file) for item in node.items]
    if isinstance(node, Mapping):
        return {name: untyped(item, key=f"{key}.{name}", file=file) for name, item in node.entries.items()}
    if node.plain and _DECIMAL_COMMA.fullmatch(node.text):
        raise _comma(node, key, file)
    return node.value


def _scalar(node: Scalar, kind: type, key: str, file: str) -> Any:
    text = node.text.strip()
    if kind is str:
        if node.plain and text in BOOLEANS:
            raise _error(node, key, file, "is not a text", f'Write "{text}" in quotes if the text is meant')
        return node.text
    if not node.plain:
        raise _error(node, key, file, f"is a quoted text, not {_NAMES[kind]}", "Remove the quotes")
    if kind is bool:
        if text not in BOOLEANS:
            hint = _YES_NO.get(text.lower(), "true or false")
            raise _error(node, key, file, "is not true or false", f"Write {hint}")
        return BOOLEANS[text]
    if _DECIMAL_COMMA.fullmatch(text):
        raise _comma(node, key, file)
    if _LEADING_ZERO.fullmatch(text):
        remedy = f"Write {int(text)} if the number is meant; a code must be a text in the notebook's parameters cell"
        raise _error(node, key, file, "has a leading zero, which makes it a code and not a number", remedy)
    if kind is int:
        if not INTEGER.fullmatch(text):
            raise _error(node, key, file, "is not a whole number", "Write digits only, without spaces or decimals")
        return int(text)
    if not NUMBER.fullmatch(text):
        raise _error(node, key, file, "is not a number", "Write digits with a decimal point, without spaces")
    return float(text)


_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


def _comma(node: Scalar, key: str, file: str) -> ParameterError:
    remedy = f"YAML numbers have a decimal point: write {node.text.replace(',', '.')}"
    return _error(node, key, file, "has a decimal comma", remedy)


def _error(node: Node, key: str, file: str, what: str, remedy: str) -> ParameterError:
    value = node.text if isinstance(node, Scalar) else None
    return ParameterError(Problem(f"`{key}` {what}", remedy, file=place(file, node.line), value=value))


def place(file: str, line: int | None) -> str:
    """Return `file, line N`, or the file alone."""
    return f"{file}, line {line}" if line else file
