"""The parts a programme is built from, checked: the definition (a mapping, from YAML) and its tables."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import pandas as pd

from evaluation.errors import InputError, Problem

LANGUAGES = ("nb", "nn", "en")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_DATES = ("applied", "admitted", "started")

# Kinds: text, identifier, code (municipality), whole (number), date; a question mark where unknown is allowed.
TABLES: dict[str, dict[str, str]] = {
    "projects": {"project": "text", "theme": "text?", "name": "text?", "intake": "text?", "network": "text?"},
    "participation": {"municipality": "code", "project": "text"},
    "networks": {"network": "text", "theme": "text", "name": "text?"},
    "gatherings": {"network": "text", "date": "date"},
    "cases": {
        "case": "identifier",
        "project": "text",
        "theme": "text",
        "wave": "whole",
        "title_nb": "text",
        "title_nn": "text",
        "title_en": "text",
    },
    "earlier": {"municipality": "code", "programme": "text", "from_year": "whole?", "to_year": "whole?"},
    "facts": {"key": "text", "value": "text", "status": "text", "source": "text?"},
}
KEYS = {
    "projects": ["project", "theme"],
    "participation": ["municipality", "project"],
    "networks": ["network"],
    "gatherings": ["network", "date"],
    "cases": ["case"],
    "earlier": ["municipality", "programme"],
    "facts": ["key", "value", "source"],
}
NEEDED = ("projects", "participation")


def near(wrong: object, known: Iterable[str]) -> str:
    """Return the remedy for an unknown name: the nearest known one, or all of them."""
    names = [str(name) for name in known]
    close = get_close_matches(str(wrong), names, n=3)
    return f"Did you mean {', '.join(close)}?" if close else f"Known: {', '.join(names) or 'none'}."


def checked_definition(definition: Mapping[str, Any], file: str) -> dict[str, Any]:
    """Return code, name, start, end, themes and intakes (a frame) of a programme's definition.

    Raises
    ------
    InputError
        If keys are missing or unknown, texts lack a language, or dates cannot be read or contradict one another.
    """
    problems: list[Problem] = []
    keys = ("code", "name", "start", "end", "themes", "intakes")
    _check_keys(definition, keys, keys, "", file, problems)
    if problems:
        raise InputError(problems)
    start = _date(definition["start"], "start", file, problems, needed=True)
    end = _date(definition["end"], "end", file, problems, needed=True)
    if start and end and start > end:
        problems.append(Problem("the programme ends before it starts", "Correct the dates.", file, column="end"))
    if not isinstance(definition["code"], str) or not _IDENTIFIER.fullmatch(definition["code"]):
        what = "the code is not a plain name"
        problems.append(Problem(what, "Use letters, digits, - and _.", file, column="code", value=definition["code"]))
    themes = definition["themes"]
    if not isinstance(themes, Mapping) or not themes:
        problems.append(Problem("no themes", "Give each theme's code and name.", file, column="themes"))
        themes = {}
    result = {
        "code": definition["code"],
        "name": _text(definition["name"], "name", file, problems),
        "start": start,
        "end": end,
        "themes": {str(code): _text(text, f"themes.{code}", file, problems) for code, text in themes.items()},
        "intakes": _intakes(definition["intakes"], file, problems),
    }
    if problems:
        raise InputError(problems)
    return result


def _check_keys(
    given: Any, known: Iterable[str], needed: Iterable[str], place: str, file: str, problems: list[Problem]
) -> None:
    if not isinstance(given, Mapping):
        problems.append(Problem("not a mapping", f"Give the keys {', '.join(known)}.", file, column=place or None))
        return
    dot = f"{place}." if place else ""
    problems += [Problem("missing", "Add it.", file, column=f"{dot}{key}") for key in needed if key not in given]
    problems += [Problem("unknown key", near(k, known), file, column=f"{dot}{k}") for k in given if k not in known]


def _text(value: Any, place: str, file: str, problems: list[Problem]) -> dict[str, str]:
    before = len(problems)
    _check_keys(value, LANGUAGES, LANGUAGES, place, file, problems)
    if len(problems) > before:
        return {}
    for language in LANGUAGES:
        if not isinstance(value[language], str) or not value[language].strip():
            problems.append(Problem("no text", "Write one.", file, column=f"{place}.{language}", value=value[language]))
    return {language: str(value[language]) for language in LANGUAGES}


def _date(value: Any, place: str, file: str, problems: list[Problem], *, needed: bool = False) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date) or (value is None and not needed):
        return value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        problems.append(Problem("not a date", "Write it as 2012-01-31.", file, column=place, value=value))
        return None


def _intakes(given: Any, file: str, problems: list[Problem]) -> pd.DataFrame:
    rows = []
    if not isinstance(given, list):
        problems.append(Problem("not a list of intakes", "Give a list, possibly empty.", file, column="intakes"))
        given = []
    for number, intake in enumerate(given):
        place, before = f"intakes[{number}]", len(problems)
        _check_keys(intake, ("intake", "label", *_DATES), ("intake", "label"), place, file, problems)
        if len(problems) > before:
            continue
        dates = [_date(intake.get(key), f"{place}.{key}", file, problems) for key in _DATES]
        known = [date for date in dates if date]
        if known != sorted(known):
            what = "the dates are not in the order applied, admitted, started"
            problems.append(Problem(what, "Correct them.", file, column=place))
        rows.append((str(intake["intake"]), _text(intake["label"], f"{place}.label", file, problems), *dates))
    frame = pd.DataFrame(rows, columns=["intake", "label", *_DATES])
    frame["intake"] = frame["intake"].astype("str")
    for column in _DATES:
        frame[column] = pd.to_datetime(frame[column])
    for code in frame.loc[frame.duplicated("intake"), "intake"]:
        problems.append(
            Problem("the intake is there twice", "Give each its own code.", file, column="intakes", value=code)
        )
    return frame


def checked_tables(
    frames: Mapping[str, pd.DataFrame],
    *,
    themes: Iterable[str],
    intakes: Iterable[str],
    files: Mapping[str, str],
) -> dict[str, pd.DataFrame]:
    """Return the programme's tables with their columns typed; absent ones empty.

    Raises
    ------
    InputError
        If a table or column is missing or unknown, a cell cannot be read, a key is repeated, or a row refers to a
        theme, intake, network or project that does not exist. Rows are counted as a spreadsheet shows them.
    """
    names = {table: files.get(table, table) for table in TABLES}
    problems = [Problem("table missing", "Add it.", names[table]) for table in NEEDED if table not in frames]
    problems += [Problem("unknown table", near(table, TABLES), str(table)) for table in frames if table not in TABLES]
    for table in set(TABLES) & set(frames):
        known, given = TABLES[table], list(frames[table].columns)
        file = names[table]
        problems += [Problem("column missing", "Add it.", file, column=name) for name in known if name not in given]
        problems += [Problem("unknown column", near(n, known), file, column=str(n)) for n in given if n not in known]
    if problems:
        raise InputError(problems)
    typed = {
        table: _typed(frames.get(table, pd.DataFrame(columns=list(columns))), columns, names[table], problems)
        for table, columns in TABLES.items()
    }
    if problems:
        raise InputError(problems)
    for table, key in KEYS.items():
        repeated = typed[table].duplicated(key)
        _report(
            typed[table],
            repeated,
            key[0],
            "the same row twice",
            f"Keep one for {' and '.join(key)}.",
            names[table],
            problems,
        )
    _check_references(typed, list(themes), list(intakes), names, problems)
    if problems:
        raise InputError(problems)
    return typed


def _typed(frame: pd.DataFrame, columns: Mapping[str, str], file: str, problems: list[Problem]) -> pd.DataFrame:
    result = pd.DataFrame(index=pd.RangeIndex(len(frame)))
    for column, kind in columns.items():
        values = frame[column].reset_index(drop=True)
        read, remedy = _read(values, kind.rstrip("?"))
        blank = values.isna() | (values.astype("str").str.strip() == "").fillna(False).astype(bool)
        wrong = read.isna() & ~(blank if kind.endswith("?") else False)
        for row in wrong.to_numpy().nonzero()[0]:
            shown = None if blank.iloc[row] else values.iloc[row]
            problems.append(
                Problem("no value" if shown is None else "cannot be read", remedy, file, int(row) + 2, column, shown)
            )
        result[column] = read
    return result


def _read(values: pd.Series, kind: str) -> tuple[pd.Series, str]:
    """Return the values of one kind, missing where they cannot be read, and how they are written."""
    if kind == "date":
        return pd.to_datetime(values, errors="coerce", format="ISO8601"), "Write a date as 2012-01-31."
    if kind == "whole":
        numbers = pd.to_numeric(values, errors="coerce")
        return numbers.where(numbers % 1 == 0).astype("Int64"), "Write a whole number."
    # A spreadsheet gives the intake 1 as a number, and as 1.0 where a cell of the column is empty.
    text = values.astype("str").str.strip().str.replace(r"^(\d+)\.0$", r"\1", regex=True)
    pattern, remedy = {
        "text": (r"(?s).+", "Write it."),
        "identifier": (r"(?!all$)[A-Za-z0-9][A-Za-z0-9_-]*", "Use letters a-z, digits, - and _, and not the word all."),
        "code": (r"\d{4}", "Write a municipality code of four digits, as text."),
    }[kind]
    return text.where(text.str.fullmatch(pattern).fillna(False).astype(bool)), remedy


def _report(
    frame: pd.DataFrame, wrong: pd.Series, column: str, what: str, remedy: str, file: str, problems: list[Problem]
) -> None:
    for row in wrong.to_numpy(dtype=bool).nonzero()[0]:
        problems.append(Problem(what, remedy, file, int(row) + 2, column, frame[column].iloc[row]))


def _check_references(
    tables: Mapping[str, pd.DataFrame],
    themes: list[str],
    intakes: list[str],
    names: Mapping[str, str],
    problems: list[Problem],
) -> None:
    projects, networks = tables["projects"], tables["networks"]
    known = {
        "theme": themes,
        "intake": intakes,
        "network": networks["network"].tolist(),
        "project": projects["project"].drop_duplicates().tolist(),
    }
    for table, column in [
        ("projects", "theme"),
        ("projects", "intake"),
        ("projects", "network"),
        ("participation", "project"),
        ("networks", "theme"),
        ("gatherings", "network"),
        ("cases", "project"),
        ("cases", "theme"),
    ]:
        frame = tables[table]
        for row in (frame[column].notna() & ~frame[column].isin(known[column])).to_numpy().nonzero()[0]:
            value = frame[column].iloc[row]
            problems.append(
                Problem(f"unknown {column}", near(value, known[column]), names[table], int(row) + 2, column, value)
            )
    intakes_of = projects.groupby("project")["intake"].transform("nunique", dropna=False)
    _report(
        projects,
        intakes_of > 1,
        "intake",
        "the project has several intakes",
        "Choose one.",
        names["projects"],
        problems,
    )
    theme_of = projects["network"].map(networks.drop_duplicates("network").set_index("network")["theme"])
    other = theme_of.notna() & projects["theme"].notna() & (theme_of != projects["theme"])
    _report(
        projects,
        other,
        "network",
        "the network has another theme",
        "Choose one of the theme.",
        names["projects"],
        problems,
    )
    alone = ~projects["project"].isin(tables["participation"]["project"]) & ~projects.duplicated("project")
    _report(
        projects, alone, "project", "nobody takes part", "Add its municipalities.", names["participation"], problems
    )
    cases, earlier = tables["cases"], tables["earlier"]
    pairs = pd.MultiIndex.from_frame(projects[["project", "theme"]])
    lost = pd.Series(~pd.MultiIndex.from_frame(cases[["project", "theme"]]).isin(pairs))
    lost &= cases["project"].isin(known["project"]) & cases["theme"].isin(themes)
    _report(cases, lost, "theme", "the project does not work on this theme", "Correct it.", names["cases"], problems)
    backwards = (earlier["to_year"] < earlier["from_year"]).fillna(False)
    _report(earlier, backwards, "to_year", "ends before it begins", "Correct the years.", names["earlier"], problems)
