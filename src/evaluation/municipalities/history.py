"""The history of a register's codes: checked on the way in, and read as entries that know their successors."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from evaluation.errors import InputError, Problem

COLUMNS = [
    "code",
    "name",
    "valid_from",
    "valid_to",
    "successor_code",
    "successor_weight",
    "county_code",
    "county_name",
]
STILL = 9999


class SplitError(InputError):
    """A municipality was divided between several, or has grown since: its figures cannot be divided by a guess."""


class Entry(NamedTuple):
    """One municipality code: its years of validity (both inclusive) and the codes that took over."""

    code: str
    name: str
    first: int
    last: int
    county: str
    successors: tuple[str, ...]

    def valid(self, year: int) -> bool:
        """Tell whether the code is in force in `year`."""
        return self.first <= year <= self.last

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def described(self) -> str:
        """Return code, name, county and years, to tell candidates apart."""
        years = f"{self.first}-" if self.last == STILL else f"{self.first}-{self.last}"
        return f"{self} ({self.county}, {years})"


def entries_of(history: pd.DataFrame) -> dict[str, Entry]:
    """Return {code: Entry} of a checked history, in the order of the codes."""
    successors: dict[str, list[str]] = {}
    for code, successor in zip(history["code"], history["successor_code"], strict=True):
        successors.setdefault(code, []).extend([] if pd.isna(successor) else [successor])
    single = history.drop_duplicates("code").sort_values("code")
    last = single["valid_to"].fillna(STILL)
    rows = zip(single["code"], single["name"], single["valid_from"], last, single["county_name"], strict=True)
    return {
        code: Entry(code, name, int(a), int(b), county, tuple(successors[code])) for code, name, a, b, county in rows
    }


def checked(history: pd.DataFrame, file: str) -> pd.DataFrame:
    """Return the history with years as integers and codes as text.

    Raises
    ------
    InputError
        If columns are missing, a value cannot be read, or the rows contradict one another.
    """
    if missing := [column for column in COLUMNS if column not in history.columns]:
        raise InputError(
            Problem("column missing from the register", "Add it.", file, column=column) for column in missing
        )
    typed = history[COLUMNS].reset_index(drop=True)
    problems = _unreadable(typed, file)
    if problems:
        raise InputError(problems)
    for column in ("code", "name", "successor_code", "county_code", "county_name"):
        typed[column] = typed[column].astype("str")
    for column in ("valid_from", "valid_to"):
        typed[column] = pd.to_numeric(typed[column]).astype("Int64")
    typed["successor_weight"] = pd.to_numeric(typed["successor_weight"]).astype("float64")
    if problems := _contradictions(typed, file):
        raise InputError(problems)
    return typed


def _unreadable(history: pd.DataFrame, file: str) -> list[Problem]:
    """List cells that are no code, year, weight or name."""
    problems = []
    rules = [
        ("code", r"\d{4}", True, "Write a code of four digits, as text."),
        ("successor_code", r"\d{4}", False, "Write a code of four digits, as text, or nothing."),
        ("valid_from", r"\d{4}(\.0)?", True, "Write a year."),
        ("valid_to", r"\d{4}(\.0)?", False, "Write a year, or nothing while the code is in use."),
        ("successor_weight", r"0?\.\d+|1(\.0*)?", False, "Write a share between 0 and 1, or nothing."),
        ("name", r".*\S.*", True, "Write the name."),
        ("county_code", r".*\S.*", True, "Write the county's code."),
        ("county_name", r".*\S.*", True, "Write the county's name."),
    ]
    for column, pattern, needed, remedy in rules:
        text = history[column].astype("str")
        wrong = (text.isna() & needed) | (text.notna() & ~text.str.fullmatch(pattern).fillna(False).astype(bool))
        for row in wrong.to_numpy().nonzero()[0]:
            shown = None if pd.isna(text.iloc[row]) else text.iloc[row]
            problems.append(Problem("the register cannot be read", remedy, file, int(row) + 2, column, shown))
    return problems


def _contradictions(history: pd.DataFrame, file: str) -> list[Problem]:
    """List rows that contradict themselves or other rows of the register."""
    known = history.drop_duplicates("code").set_index("code")
    heir, last = history["successor_code"], history["valid_to"].fillna(STILL)
    after = last + 1
    kinds = history.groupby("code")[["name", "valid_from", "valid_to"]].transform("nunique", dropna=False)
    named = heir.notna()
    in_register = heir.isin(known.index)
    in_force = (heir.map(known["valid_from"]) <= after) & (heir.map(known["valid_to"]).fillna(STILL) >= after)
    rules = [
        ("code", (kinds > 1).any(axis=1), "the code has two names or periods", "Give every municipality its own code."),
        ("code", history.duplicated(["code", "successor_code"]), "the row is there twice", "Delete one."),
        ("valid_to", last < history["valid_from"], "the code ends before it begins", "Correct the years."),
        ("successor_code", named & (last == STILL), "a code in use has a successor", "Write the code's last year."),
        ("successor_code", named & ~in_register, "the successor is not in the register", "Add the successor."),
        (
            "successor_code",
            named & in_register & (last < STILL) & ~in_force.fillna(False),
            "the successor is not in force the year after",
            "Correct the years.",
        ),
    ]
    return [
        Problem(what, remedy, file, int(row) + 2, column, history[column].iloc[row])
        for column, wrong, what, remedy in rules
        for row in wrong.to_numpy(dtype=bool).nonzero()[0]
    ]
