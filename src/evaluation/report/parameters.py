"""A report is a parameter file: which chapters, on which data, up to which date, in which language.

Besides the report's own keys (`report`, `title`, `subtitle`, `chapters`, `repeat`, `compare_with`, and the limits
`memory_limit`, `threads` and `timeout`, on which no result depends) the file gives values to names that a chapter
declares in its `parameters` cell, typed by the literal declared there. Nothing else is accepted.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from evaluation.errors import InputError, ParameterError, Problem
from evaluation.report import strict_yaml
from evaluation.report.declared import Declared, read_declared
from evaluation.report.strict_yaml import Node, Scalar
from evaluation.report.typed import place, typed
from evaluation.report.words import LANGUAGES

LIMITS = {"memory_limit": "text", "threads": 1, "timeout": 1}
KEYS: Mapping[str, str] = {
    "report": "name of the report, and of its folder",
    "title": "title in nb, nn and en",
    "subtitle": "subtitle in the same languages",
    "chapters": "chapters in their order, each the name of a notebook",
    "repeat": "chapters that are run once for each value of a parameter; all: for each case of the study",
    "compare_with": "an earlier report, and those of its chapters whose findings stand beside this one's",
    "memory_limit": "memory that the reading of a register may use",
    "threads": "threads that the reading of a register may use",
    "timeout": "seconds that one cell, or one profile, may take",
}
"""The keys of the report itself, and what each says."""
REPORT_KEYS = tuple(KEYS)
ALL = "all"
_TIME = re.compile(r"(?:19|20)\d\d(?:Q[1-4]|(?:-\d\d){1,2})?")
WITHHELD_BELOW = "limits"
"""The parameter of a chapter with the limits below which it shows nothing."""
FINDINGS, EARLIER = "findings", "earlier_findings"
"""Parameters of a chapter that is written from the others: their findings, and those of an earlier report."""


@dataclass(frozen=True)
class Run:
    """One execution of a notebook: `name` is its stem, with the repeated value if the chapter repeats."""

    name: str
    notebook: Path
    parameters: Mapping[str, Any]
    varied: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Chapter:
    """A chapter of the report: its notebook, the values given to it, and the parameter it repeats over, if any.

    `values` is "all" until the cases of the study are known.
    """

    declared: Declared
    given: Mapping[str, Any]
    repeats: str | None = None
    values: tuple[Any, ...] | str = ()

    def runs(self, cases: Sequence[str] = ()) -> tuple[Run, ...]:
        """Return the runs of the chapter; `cases` are what "all" stands for."""
        stem, path = self.declared.stem, self.declared.path
        if self.repeats is None:
            return (Run(stem, path, dict(self.given)),)
        values = tuple(cases) if self.values == ALL else self.values
        found = []
        for value in values:
            varied = {self.repeats: value}
            found.append(Run(f"{stem}-{_slug(value)}", path, {**self.given, **varied}, varied))
        return tuple(found)


@dataclass(frozen=True)
class Limits:
    """What a run may use: what reading a register may (as in `sources.database`), and seconds for one cell."""

    memory_limit: str | None = None
    threads: int | None = None
    timeout: int | None = None

    @property
    def reading(self) -> dict[str, Any]:
        """What is set for reading a register."""
        named = {"memory_limit": self.memory_limit, "threads": self.threads}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def environment(self) -> dict[str, str]:
        """The same as environment variables, for the notebooks."""
        from evaluation.sources.database import MEMORY_LIMIT, THREADS

        variables = {"memory_limit": MEMORY_LIMIT, "threads": THREADS}
        return {variables[name]: str(value) for name, value in self.reading.items()}


@dataclass(frozen=True)
class Plan:
    """A report to be made: what the parameter file and the command line say, checked against the notebooks.

    `compared` names the earlier report whose findings stand beside this one's, and the chapters that give them.
    """

    name: str
    title: str
    subtitle: str
    language: str
    file: Path
    chapters: tuple[Chapter, ...]
    values: Mapping[str, Any]
    compared: tuple[str, tuple[str, ...]] | None = None
    limits: Limits = Limits()

    @property
    def as_of(self) -> date | None:
        """The last date of the data, if the chapters have one."""
        text = self.values.get("as_of")
        return date.fromisoformat(text) if text else None


def read_plan(
    file: Path,
    notebooks: Path,
    *,
    data: str | None = None,
    language: str | None = None,
    chapters: Sequence[str] | None = None,
) -> Plan:
    """Read a parameter file; `data`, `language` and `chapters` come from the command line and win over the file.

    Raises
    ------
    ParameterError
        With every problem found: file, line, key, value and what to do.
    """
    root = strict_yaml.read_mapping(file)
    problems: list[Problem] = []
    reader = _Reader(str(file), problems)
    entries = dict(root.entries)
    stems = reader.texts(entries.get("chapters"), "chapters")
    available = sorted(path.stem for path in notebooks.glob("*.ipynb"))
    for stem in stems:
        reader.known(stem, available, "chapter", f"notebook in {notebooks.name}/", root.lines.get("chapters"))
    if problems:
        raise ParameterError(problems)
    declared = {stem: read_declared(notebooks / f"{stem}.ipynb") for stem in stems}
    names = {name for notebook in declared.values() for name in notebook.parameters} | {"language"}
    names -= {FINDINGS, EARLIER}
    for key, line in root.lines.items():
        if key not in REPORT_KEYS:
            reader.known(key, sorted(names | set(REPORT_KEYS)), "parameter", "parameter of this report", line)

    sources = {"--data": ("data", data), "--language": ("language", language)}
    for option, (name, value) in sources.items():
        if value is not None:
            reader.known(name, sorted(names), option, "parameter of these chapters", None)
            entries[name] = Scalar(value, plain=False)
            reader.options[name] = option
    spoken = reader.language(entries.get("language"))
    given = {stem: reader.given(notebook, entries) for stem, notebook in declared.items()}
    repeats = reader.repeats(entries.get("repeat"), declared)
    wanted = reader.wanted(chapters, stems)
    compared = reader.compared(entries.get("compare_with"), available)
    limits = reader.limits(entries)
    if problems:
        raise ParameterError(problems)
    made = tuple(Chapter(declared[s], given[s], *repeats.get(s, (None, ()))) for s in wanted)
    values: dict[str, Any] = {}
    for chapter in reversed(made):
        own = {**chapter.declared.parameters, **chapter.given}
        values |= {name: value for name, value in own.items() if name != chapter.repeats}
    values = {**values, "language": spoken}
    reader.date(values.get("as_of"), root.lines.get("as_of"))
    name = reader.name(entries.get("report"))
    title = reader.in_language(entries.get("title"), "title", spoken, required=True)
    subtitle = reader.in_language(entries.get("subtitle"), "subtitle", spoken, required=False)
    if problems:
        raise ParameterError(problems)
    return Plan(name, title, subtitle, spoken, file, made, values, compared, limits)


@dataclass(frozen=True)
class _Reader:
    """Checks the values of one file, adding what is wrong to `problems`; `options` names what the command line gave."""

    file: str
    problems: list[Problem]
    options: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, remedy: str, line: int | None = None, value: object = None) -> None:
        self.problems.append(Problem(what, remedy, file=place(self.file, line), value=value))

    def known(self, name: str, names: Iterable[str], kind: str, of: str, line: int | None) -> None:
        names = list(names)
        if name in names:
            return
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        remedy = f"Did you mean `{near[0]}`? " if near else ""
        self.add(
            f"unknown {kind} `{name}`: there is no such {of}", f"{remedy}Known: {', '.join(names) or 'none'}", line
        )

    def typed(self, node: Node, like: Any, key: str) -> Any:
        try:
            file = f"the option {self.options[key]}" if key in self.options else self.file
            return typed(node, like, key=key, file=file)
        except ParameterError as error:
            self.problems.extend(problem for problem in error.problems if problem not in self.problems)
            return like

    def texts(self, node: Node | None, key: str) -> list[str]:
        found = self.typed(node, ["text"], key) if node else []
        if not found:
            self.add(f"`{key}` is missing or empty", "List the notebooks: chapters: [01_programme, 02_sick_leave]")
        for item in {item for item in found if found.count(item) > 1}:
            self.add(f"`{key}` lists {item} twice", "List each notebook once", getattr(node, "line", None))
        return list(found)

    def given(self, notebook: Declared, entries: Mapping[str, Node]) -> dict[str, Any]:
        likes = notebook.parameters
        given = {name: self.typed(entries[name], like, name) for name, like in likes.items() if name in entries}
        self.ordered({**likes, **given}, {name: entries[name].line for name in given})
        if WITHHELD_BELOW in given:
            self.withheld_below(given[WITHHELD_BELOW], entries[WITHHELD_BELOW].line)
        return given

    def withheld_below(self, limits: Mapping[str, float], line: int | None) -> None:
        """Refuse limits that disclosure control does not know, before any chapter runs."""
        from evaluation.disclosure.rule import Rule

        try:
            Rule.of(limits)
        except InputError as error:
            found = [replace(one, file=place(self.file, line), column=None) for one in error.problems]
            self.problems.extend(problem for problem in found if problem not in self.problems)

    def ordered(self, values: Mapping[str, Any], lines: Mapping[str, int | None]) -> None:
        """Refuse what ends before it begins: two times in a list, or names such as `first_year` and `last_year`."""
        spans = {name: tuple(value) for name, value in values.items() if isinstance(value, list) and len(value) == 2}
        for name in values:
            last = name.replace("first", "last", 1)
            if last != name and last in values:
                spans[last] = (values[name], values[last])
        for name, (begin, end) in spans.items():
            times = [str(one) for one in (begin, end)]
            if name in lines and all(_TIME.fullmatch(one) for one in times) and times[0] > times[1]:
                self.add(f"`{name}` ends before it begins", "Swap the two", lines[name], ", ".join(times))

    def language(self, node: Node | None) -> str:
        if node is None:
            return "nb"
        text = node.text if isinstance(node, Scalar) else ""
        if text not in LANGUAGES:
            remedy = "Write nb (bokmål), nn (nynorsk) or en (English)"
            if text in ("no", "nor", "nb-NO", "nb_NO", "norsk"):
                remedy = "Norwegian is written in two ways: write nb (bokmål) or nn (nynorsk)"
            option = self.options.get("language")
            where = f"the option {option}" if option else place(self.file, node.line)
            self.problems.append(Problem("`language` is not a language of the suite", remedy, file=where, value=text))
        return text

    def repeats(self, node: Node | None, declared: Mapping[str, Declared]) -> dict[str, tuple[str, Any]]:
        """Return for each repeated notebook the parameter and its values (a tuple, or "all")."""
        example = "Write repeat: {08_deep_dive: {case: all}}"
        if node is None:
            return {}
        if not isinstance(node, strict_yaml.Mapping):
            self.add("`repeat` is not a mapping", example, node.line)
            return {}
        found: dict[str, tuple[str, Any]] = {}
        for stem, what in node.entries.items():
            line = node.lines[stem]
            self.known(stem, sorted(declared), "chapter", "chapter of this report to repeat", line)
            if stem not in declared:
                continue
            if not isinstance(what, strict_yaml.Mapping) or len(what.entries) != 1:
                self.add(f"`repeat` of {stem} does not name one parameter", example, line)
                continue
            (name, values), likes = next(iter(what.entries.items())), declared[stem].parameters
            self.known(name, sorted(likes), "parameter", f"parameter of {stem} to repeat over", line)
            if name not in likes:
                continue
            if isinstance(values, Scalar) and values.text == ALL:
                if name != "case":
                    self.add(f"`all` is known for `case`, not for `{name}`", "List the values: [first, second]", line)
                found[stem] = (name, ALL)
                continue
            items = tuple(self.typed(values, [likes[name]], f"repeat.{stem}.{name}"))
            if not items or len({_slug(item) for item in items}) < len(items):
                self.add(f"`repeat` of {stem} is empty or has a value twice", "List each value once", line)
            found[stem] = (name, items)
        return found

    def compared(self, node: Node | None, available: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
        example = "Write compare_with: {midterm: [02_sick_leave]}"
        if node is None:
            return None
        if not isinstance(node, strict_yaml.Mapping) or len(node.entries) != 1:
            self.add("`compare_with` does not name one report with its chapters", example, node.line)
            return None
        (name, chapters) = next(iter(node.entries.items()))
        stems = self.typed(chapters, ["text"], f"compare_with.{name}")
        for stem in stems:
            self.known(stem, available, "chapter", "notebook to compare", node.line)
        return name, tuple(stems)

    def limits(self, entries: Mapping[str, Node]) -> Limits:
        from evaluation.sources.database import megabytes

        found = {name: self.typed(entries[name], like, name) for name, like in LIMITS.items() if name in entries}
        for name, value in found.items():
            if name == "memory_limit" and megabytes(value) is None:
                self.add("`memory_limit` is not a size", "Write it as 500MB or 2GB", entries[name].line, value)
            elif name != "memory_limit" and value < 1:
                self.add(f"`{name}` is below 1", "Write a whole number from 1 on", entries[name].line, value)
        return Limits(**found)

    def wanted(self, chapters: Sequence[str] | None, stems: Sequence[str]) -> list[str]:
        for stem in chapters or ():
            reader = _Reader("the option --chapters", self.problems)
            reader.known(stem, stems, "chapter", f"chapter of {self.file}", None)
        return [stem for stem in stems if not chapters or stem in chapters]

    def name(self, node: Node | None) -> str:
        text = node.text if isinstance(node, Scalar) else ""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", text):
            remedy = "Write a name of letters, digits, - and _: it becomes the report's folder"
            self.add("`report` does not name the report", remedy, getattr(node, "line", None), text or None)
        return text

    def in_language(self, node: Node | None, key: str, language: str, *, required: bool) -> str:
        if node is None and not required:
            return ""
        remedy = f"Write {key}: {{nb: ..., nn: ..., en: ...}}"
        if not isinstance(node, strict_yaml.Mapping):
            self.add(f"`{key}` is missing or is not given by language", remedy, getattr(node, "line", None))
            return ""
        for name in node.entries:
            self.known(name, LANGUAGES, f"language of `{key}`", "language", node.lines[name])
        text = node.entries.get(language)
        if not isinstance(text, Scalar) or not text.text.strip():
            self.add(f"`{key}` has no text in the language `{language}`", remedy, node.line)
            return ""
        return " ".join(text.text.split())

    def date(self, value: object, line: int | None) -> None:
        if value is None:
            return
        try:
            date.fromisoformat(str(value))
        except ValueError:
            self.add("`as_of` is not a date", 'Write it as "2013-12-31"', line, value)


def _slug(value: object) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", str(value)).strip("-") or "value"
