"""Which municipalities stand behind a row, and how much of it the largest of them makes up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from evaluation.disclosure.counts import Value
from evaluation.errors import InputError, Problem
from evaluation.workbench import Described

OF_A_MUNICIPALITY = "municipality"


@dataclass(frozen=True, eq=False)
class Population(Described):
    """The municipalities of a table's rows, by what the rows are called.

    Attributes
    ----------
    members : one row a municipality, or more: `municipality`, and columns that say who belongs to what (`group`,
        `intake`, ...).
    named : where rows are called by names of their own (``case``, ``peers``): the municipalities of each.
    column : the column that holds these names.
    """

    members: pd.DataFrame
    named: Mapping[str, frozenset[str]] = field(default_factory=dict)
    column: str = "who"

    def __post_init__(self) -> None:
        if OF_A_MUNICIPALITY not in self.members:
            remedy = "Give a table with a column `municipality`, such as study.municipalities."
            raise InputError(Problem("It is not known which municipalities are counted", remedy))

    @cached_property
    def _everyone(self) -> frozenset[str]:
        return frozenset(self.members[OF_A_MUNICIPALITY].astype(str))

    def keys(self, frame: pd.DataFrame, others: Sequence[str]) -> list[str]:
        """Return the columns of the frame that say which municipalities a row is about; `others` say something else."""
        if OF_A_MUNICIPALITY in frame:
            return [OF_A_MUNICIPALITY]
        names = set(self.members.select_dtypes(exclude="number")) & set(frame.select_dtypes(exclude="number"))
        return [str(name) for name in frame if name in names and name not in others]

    def of(self, frame: pd.DataFrame, others: Sequence[str]) -> list[frozenset[str] | None]:
        """Return the municipalities of each row; None where nobody said."""
        if self.column in frame and self.column not in self.members:
            return [self.named.get(str(name)) for name in frame[self.column]]
        keys = self.keys(frame, others)
        if not keys:
            return [self._everyone] * len(frame)
        groups = self.members.astype(dict.fromkeys(keys, "str")).groupby(keys, observed=True)[OF_A_MUNICIPALITY]
        found = {key: frozenset(codes.astype(str)) for key, codes in groups}
        rows = frame[keys].astype("str").itertuples(index=False, name=None)
        return [found.get(row) for row in rows]


def largest_share(table: pd.DataFrame, value: str, cells: Sequence[Mapping[str, Value] | None]) -> pd.Series:
    """Return for each cell the per cent of `value` in it that its largest municipality makes up.

    The contributor is the municipality as employer. Missing where the cell is one municipality's own (whose figures are
    what the row is about), or holds nothing.
    """
    names = {name for cell in cells if cell is not None for name in cell if name in table}
    sums = table.groupby(sorted(names | {OF_A_MUNICIPALITY}), observed=True)[value].sum().reset_index()
    codes = {name: sums[name].astype("str") for name in names}
    masks: dict[tuple[str, Value], Any] = {}

    def mask(name: str, wanted: Value) -> Any:
        if (name, wanted) not in masks:
            masks[name, wanted] = codes[name].isin([wanted] if isinstance(wanted, str) else sorted(wanted)).to_numpy()
        return masks[name, wanted]

    shares = []
    for cell in cells:
        inside = pd.Series(True, index=sums.index)
        for name, wanted in (cell or {}).items():
            if name in names and not isinstance(wanted, tuple):
                inside &= mask(name, wanted)
        each = sums[inside].groupby(OF_A_MUNICIPALITY, observed=True)[value].sum()
        alone = cell is None or len(each) < 2 or each.sum() <= 0
        shares.append(float("nan") if alone else 100 * float(each.max() / each.sum()))
    return pd.Series(shares, dtype="float64")
