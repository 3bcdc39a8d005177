"""What may be shown: results in, `Released` out, with what was withheld and why.

A cell that rests on few persons or man-years is withheld, and with it, inside a group whose total is shown, the next
smallest cell, so that the first cannot be found by subtraction. A withheld value is a state of its own: it is missing
in the released data, so that nothing can be computed from it, and shown as ':', never as zero or blank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import pandas as pd

from evaluation.errors import InputError, Problem

REASONS = ("few_persons", "few_man_years", "few_municipalities", "unknown_count", "secondary")


@dataclass(frozen=True)
class Rule:
    """The smallest cell that may be shown: persons, man-years (årsverk), and municipalities behind a model result.

    Defaults: fewer than 5 persons (SSB's and NAV's rule) or 10 man-years (KS's rule) are not shown.
    """

    persons: int = 5
    man_years: float = 10.0
    municipalities: int = 3


@dataclass(frozen=True)
class Released:
    """A result that may be shown.

    Attributes
    ----------
    data
        The result; in withheld rows every protected column is missing.
    why
        For each row of `data` the reason it is withheld (one of `REASONS`), or "" when it is shown.
    rule
        The rule applied; None for public facts.
    values
        The protected columns: the values and the counts they rest on.
    """

    data: pd.DataFrame
    why: pd.Series
    rule: Rule | None
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.data.index.equals(self.why.index) or self.data.loc[self.withheld, list(self.protected)].notna().any(
            axis=None
        ):
            remedy = "Make it by release, release_estimates or release_public."
            raise InputError(Problem("A released result holds values that are withheld", remedy))

    @property
    def protected(self) -> tuple[str, ...]:
        """The protected columns, `values`, that the data still have."""
        return tuple(column for column in self.values if column in self.data)

    @property
    def withheld(self) -> pd.Series:
        """True for the rows that are withheld."""
        return self.why != ""

    @property
    def reasons(self) -> pd.DataFrame:
        """Rows withheld by reason: columns `reason`, `rows`."""
        counts = self.why[self.withheld].value_counts()
        found = [(reason, int(counts[reason])) for reason in REASONS if reason in counts.index]
        return pd.DataFrame(found, columns=["reason", "rows"])

    def where(self, **equal: Any) -> Released:
        """Return the rows whose columns equal the values given (a list: one of them), withheld rows included."""
        _check_columns(self.data, list(equal))
        keep = pd.Series(True, index=self.data.index)
        for column, wanted in equal.items():
            keep &= self.data[column].isin(wanted if isinstance(wanted, (list, tuple, set)) else [wanted])
        return Released(self.data[keep], self.why[keep], self.rule, self.values)

    def _repr_html_(self) -> str:
        table = self.data.to_html(max_rows=20, escape=True)
        return f"{table}<p>{int(self.withheld.sum())} of {len(self.data)} rows withheld</p>"


def release(
    frame: pd.DataFrame,
    *,
    values: Sequence[str],
    persons: str | None = None,
    man_years: str | None = None,
    within: Sequence[str] = (),
    rule: Rule = Rule(),
) -> Released:
    """Withhold the cells that rest on too few persons or man-years.

    Parameters
    ----------
    frame
        One row a cell.
    values
        The columns to protect; the count columns named below are protected with them.
    persons, man_years
        The columns that say how many persons or man-years (årsverk) each row rests on; at least one is needed.
    within
        The columns that identify a group whose total is shown. Where exactly one row of a group is withheld, the next
        smallest (by persons, else man-years) is withheld too. Empty: no total of these rows is shown.
    rule
        The smallest cells that may be shown.

    Raises
    ------
    InputError
        When no count is named, or a column is not there.
    """
    counts = [column for column in (persons, man_years) if column is not None]
    if not counts:
        remedy = "Name the column with the number of persons or man-years behind each row."
        raise InputError(Problem("A result cannot be released without its counts", remedy))
    _check_columns(frame, [*values, *counts, *within])
    _check_counts(frame, counts)
    protected = tuple(dict.fromkeys([*values, *counts]))
    why = pd.Series("", index=frame.index, dtype="str")
    # A row without counts and without values is a missing delivery, not a secret; with a value it cannot be judged.
    unknown = frame[counts].isna().any(axis=1) & frame[list(protected)].notna().any(axis=1)
    why = why.mask(unknown, "unknown_count")
    if man_years is not None:
        why = why.mask(frame[man_years] < rule.man_years, "few_man_years")
    if persons is not None:
        why = why.mask(frame[persons] < rule.persons, "few_persons")
    if within:
        why = _with_companions(why, frame[counts[0]], [frame[column] for column in within])
    return _withhold(frame, why, rule, protected)


def release_estimates(
    frame: pd.DataFrame, *, values: Sequence[str], municipalities: str | int, rule: Rule = Rule()
) -> Released:
    """Withhold the model results that rest on fewer municipalities than the rule allows.

    `municipalities` is the number behind every row, or the column that holds it.
    """
    if isinstance(municipalities, str):
        _check_columns(frame, [*values, municipalities])
        _check_counts(frame, [municipalities])
        behind, protected = frame[municipalities], tuple(dict.fromkeys([*values, municipalities]))
    else:
        _check_columns(frame, values)
        behind, protected = pd.Series(municipalities, index=frame.index), tuple(values)
    why = pd.Series("", index=frame.index, dtype="str")
    why = why.mask(behind.isna() & frame[list(protected)].notna().any(axis=1), "unknown_count")
    return _withhold(frame, why.mask(behind < rule.municipalities, "few_municipalities"), rule, protected)


def release_public(frame: pd.DataFrame) -> Released:
    """Release public facts that say nothing of single persons: who takes part, dates, files read, codes."""
    return Released(frame.copy(), pd.Series("", index=frame.index, dtype="str"), None, ())


def check_released(released: object) -> None:
    """Refuse to show what has not been through disclosure control."""
    if not isinstance(released, Released):
        remedy = "Pass the result through disclosure.release, release_estimates or release_public first."
        raise InputError(Problem("Only released results can be shown", remedy, value=type(released).__name__))


def _withhold(frame: pd.DataFrame, why: pd.Series, rule: Rule, protected: tuple[str, ...]) -> Released:
    data = frame.copy()
    hidden = why != ""
    for column in protected if hidden.any() else ():
        whole = pd.api.types.is_integer_dtype(data[column])
        data[column] = (data[column].astype("Int64") if whole else data[column]).mask(hidden)
    return Released(data, why, rule, protected)


def _with_companions(why: pd.Series, counts: pd.Series, groups: list[pd.Series]) -> pd.Series:
    """Withhold the next smallest row of every group in which exactly one is withheld."""
    hidden = why != ""
    keys = [group.astype("object") for group in groups]
    alone = hidden.groupby(keys, dropna=False).transform("sum") == 1
    open_cells = counts[alone & ~hidden & (counts > 0)]
    smallest = open_cells.groupby([key[open_cells.index] for key in keys], dropna=False).idxmin()
    return why.mask(why.index.isin(smallest), "secondary")


def _check_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    problems = []
    for column in columns:
        if column not in frame:
            near = get_close_matches(column, [str(name) for name in frame.columns], n=1)
            hint = f"Did you mean {near[0]}?" if near else f"It has {', '.join(map(str, frame.columns))}."
            problems.append(Problem("The result has no such column", hint, column=column))
    if not frame.index.is_unique:
        problems.append(Problem("The result has repeated row labels", "Reset its index before releasing it."))
    if problems:
        raise InputError(problems)


def _check_counts(frame: pd.DataFrame, counts: Sequence[str]) -> None:
    bad = [column for column in counts if not pd.api.types.is_numeric_dtype(frame[column])]
    if bad:
        raise InputError(
            [Problem("A count must be a number", "Name the column of counts.", column=name) for name in bad]
        )
