"""Read a YAML 1.2 file without guessing: no octal codes, no `no` that means false, no duplicate keys.

The text of every scalar is kept with its line, so that `0301` stays text and each error can point to its line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.errors import ParameterError, Problem, redact

INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)?")
NULLS = ("", "~", "null", "Null", "NULL")
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


@dataclass(frozen=True)
class Scalar:
    """One value as written. `plain` is false when it was quoted (and is text whatever it looks like)."""

    text: str
    plain: bool = True
    line: int | None = None

    @property
    def value(self) -> str | int | float | bool | None:
        """The value by the YAML 1.2 core schema; a number with a leading zero is a code and stays text."""
        if not self.plain:
            return self.text
        if self.text in NULLS:
            return None
        if self.text in BOOLEANS:
            return BOOLEANS[self.text]
        if INTEGER.fullmatch(self.text):
            return int(self.text)
        return float(self.text) if NUMBER.fullmatch(self.text) else self.text


@dataclass(frozen=True)
class Sequence:
    """A list as written."""

    items: tuple[Node, ...]
    line: int | None = None


@dataclass(frozen=True)
class Mapping:
    """Keys and values as written, in order; `lines` holds the line of each key."""

    entries: dict[str, Node]
    lines: dict[str, int]
    line: int | None = None


Node = Scalar | Sequence | Mapping


def read_mapping(path: Path) -> Mapping:
    """Read the top-level mapping of a YAML file.

    Raises
    ------
    ParameterError
        The file is missing, is not UTF-8 or YAML, is not a mapping, uses tags, or has a key twice.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ParameterError(
            Problem("the file does not exist", "Give the path of a parameter file", str(path))
        ) from None
    except UnicodeDecodeError:
        raise ParameterError(Problem("the file is not UTF-8 text", "Save it as UTF-8", str(path))) from None
    if (row := _identity_line(text)) is not None:
        remedy = "Remove it; no file of the suite needs one"
        raise ParameterError(Problem("a national identity number", remedy, f"{path}, line {row}"))
    problems: list[Problem] = []
    try:
        node = _convert(YAML(typ="safe", pure=True).compose(text), path, problems, "")
    except YAMLError as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        what = (error.problem if isinstance(error, MarkedYAMLError) else None) or str(error).splitlines()[0]
        place = f"{path}, line {mark.line + 1}" if mark else str(path)
        remedy = "Write one `name: value` on a line, spaces (not tabs) before nested lines, and quote text with : or #"
        raise ParameterError(Problem(f"this is not YAML ({what})", remedy, place)) from None
    except RecursionError:
        what = "what is nested here has no end"
        raise ParameterError(Problem(what, "Write values and lists of values", str(path))) from None
    if problems:
        raise ParameterError(problems)
    if not isinstance(node, Mapping):
        raise ParameterError(
            Problem("the file holds no `name: value` lines", "Start from params/midterm.yaml", str(path))
        )
    return node


def _identity_line(text: str) -> int | None:
    """Return the first line that holds a valid national identity number."""
    if redact(text) == text:
        return None
    from evaluation.sources import identity_line

    return identity_line(text)


def _convert(node: Any, path: Path, problems: list[Problem], key: str) -> Node:
    from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    if node is None:
        return Scalar("")
    line = node.start_mark.line + 1
    place = f"{path}, line {line}"
    tag = str(node.tag)
    if not tag.startswith("tag:yaml.org,2002:") or tag.split(":")[-1] not in _TAGS:
        problems.append(Problem(f"`{key}` has the tag {tag}", "Remove the tag: plain values are enough", place))
    if isinstance(node, ScalarNode):
        return Scalar(node.value, plain=node.style is None, line=line)
    if isinstance(node, SequenceNode):
        return Sequence(tuple(_convert(item, path, problems, key) for item in node.value), line)
    assert isinstance(node, MappingNode)
    entries: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for name_node, value_node in node.value:
        at = name_node.start_mark.line + 1
        name = name_node.value if isinstance(name_node, ScalarNode) else "?"
        if not isinstance(name_node, ScalarNode):
            problems.append(Problem("a key is not a name", "Write `name: value`", f"{path}, line {at}"))
        elif name in entries:
            what = f"`{name}` is given twice (first on line {lines[name]})"
            problems.append(Problem(what, "Keep one of them", f"{path}, line {at}"))
        value = _convert(value_node, path, problems, name)
        empty = value == Scalar("", line=value.line)  # which YAML places on the next line
        entries[name] = Scalar("", line=at) if empty else value
        lines[name] = at
    return Mapping(entries, lines, line)


_TAGS = {"str", "int", "float", "bool", "null", "seq", "map", "timestamp", "merge", "value"}
