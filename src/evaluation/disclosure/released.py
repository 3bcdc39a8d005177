"""A result that may be shown, with what was withheld and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd

from evaluation.disclosure.counts import Counted
from evaluation.disclosure.rule import REASONS, Rule
from evaluation.errors import InputError, Problem
from evaluation.workbench import Described


@dataclass(frozen=True)
class Released(Described):
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
    counted
        Which counts the rows rest on, so that the exhibits of a report can be checked together; None if nobody said.
    """

    data: pd.DataFrame
    why: pd.Series
    rule: Rule | None
    values: tuple[str, ...]
    counted: Counted | None = None

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

    def account(self) -> dict[str, Any]:
        """Return how much was withheld, why and by which limits, and which counts the rows rest on, as plain data."""
        made: dict[str, Any] = {"rows": len(self.data), "withheld": int(self.withheld.sum())}
        made["limits"] = self.rule.limits() if self.rule is not None else None
        made["reasons"] = dict(self.reasons.itertuples(index=False, name=None))
        if self.counted is not None:
            made |= {"why": self.why.tolist(), **self.counted.payload()}
        return made

    def where(self, **equal: Any) -> Released:
        """Return the rows whose columns equal the values given (a list: one of them), withheld rows included."""
        check_columns(self.data, list(equal))
        keep = pd.Series(True, index=self.data.index)
        for column, wanted in equal.items():
            keep &= self.data[column].isin(wanted if isinstance(wanted, (list, tuple, set)) else [wanted])
        counted = None if self.counted is None else self.counted.take(np.flatnonzero(keep).tolist())
        return Released(self.data[keep], self.why[keep], self.rule, self.values, counted)

    def _repr_html_(self) -> str:
        table = self.data.to_html(max_rows=20, escape=True)
        return f"{table}<p>{int(self.withheld.sum())} of {len(self.data)} rows withheld</p>"


def check_released(released: object) -> None:
    """Refuse to show what has not been through disclosure control."""
    if not isinstance(released, Released):
        remedy = "Pass the result through disclosure.release, release_estimates or release_public first."
        raise InputError(Problem("Only released results can be shown", remedy, value=type(released).__name__))


def withhold(
    frame: pd.DataFrame, why: pd.Series, rule: Rule, values: tuple[str, ...], counted: Counted | None = None
) -> Released:
    """Return the frame with the protected columns emptied in the rows that have a reason."""
    data = frame.copy()
    hidden = why != ""
    for column in values if hidden.any() else ():
        whole = pd.api.types.is_integer_dtype(data[column])
        data[column] = (data[column].astype("Int64") if whole else data[column]).mask(hidden)
    return Released(data, why, rule, values, counted)


def check_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a frame without one of the columns, or with repeated row labels."""
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


def check_counts(frame: pd.DataFrame, counts: Sequence[str]) -> None:
    """Refuse columns of counts that are not numbers."""
    bad = [column for column in counts if not pd.api.types.is_numeric_dtype(frame[column])]
    if bad:
        raise InputError(
            [Problem("A count must be a number", "Name the column of counts.", column=name) for name in bad]
        )
