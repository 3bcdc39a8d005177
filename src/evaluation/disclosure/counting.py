"""What releasing people and releasing man-days have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.disclosure.counts import Cell, Counted, Value
from evaluation.disclosure.population import OF_A_MUNICIPALITY, Population, largest_share
from evaluation.disclosure.primary import few
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.disclosure.control import Control

DIMENSIONS = ("sector", "sex", "age_group", "position_code", "kind", "flow", "from_band", "to_band")
TIMES = ("year", "quarter", "first_treated", "event_time")
SIZES = ("lower", "upper", "band", "percentage", "bound")
OPEN = ("municipalities", "population", "cells", "reference")
"""Columns that stand in withheld rows too: they say nothing of persons."""


@dataclass(frozen=True, eq=False)
class Draft(Described):
    """A result judged row by row, not yet against what else is released with it."""

    frame: pd.DataFrame
    why: pd.Series
    protected: tuple[str, ...]
    counted: Counted
    loss: pd.Series


@dataclass(frozen=True, eq=False)
class Counting(Described, ABC):
    """Results that count something of a population of municipalities."""

    control: Control
    population: Population
    by: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    @abstractmethod
    def contributed(self) -> str:
        """The column of the members' table that says what each municipality contributes."""

    def _places(self, frame: pd.DataFrame) -> list[dict[str, Value] | None]:
        """Return each row's municipalities, sector, sex and the like; the time is not in it."""
        names = self._divided(frame)
        places: list[dict[str, Value] | None] = []
        columns = [frame[name].astype("str") for name in names]
        told = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)] or [{}] * len(frame)
        for municipalities, row in zip(self.population.of(frame, self._others(frame)), told, strict=True):
            places.append(None if municipalities is None else {OF_A_MUNICIPALITY: municipalities, **row})
        return places

    def _known(self, frame: pd.DataFrame) -> dict[str, frozenset[str]]:
        return {name: frozenset(frame[name].astype("str")) for name in self._divided(frame)}

    def _divided(self, frame: pd.DataFrame) -> list[str]:
        return [name for name in (*DIMENSIONS, *self.by) if name in frame]

    def _others(self, frame: pd.DataFrame) -> list[str]:
        """Return the columns that say something of a row other than whose it is."""
        return [name for name in (*DIMENSIONS, *TIMES, *SIZES, *OPEN, *self.by) if name in frame]

    def _why(
        self,
        frame: pd.DataFrame,
        values: tuple[str, ...],
        counted: Counted,
        *,
        persons: str | None = None,
        man_years: str | None = None,
    ) -> pd.Series:
        """Return why each row is withheld for what it holds, or because the parameter file says so."""
        largest = self._largest(counted.counts[0].cells)
        largest = None if largest is None else largest.set_axis(frame.index)
        why = few(frame, self.control.rule, values=values, persons=persons, man_years=man_years, largest=largest)
        return why.mask((why == "") & self.control.chosen(frame), "chosen")

    def _largest(self, places: Sequence[Cell]) -> pd.Series | None:
        """Return the per cent that the largest municipality makes up of each cell, where the table says how many."""
        value = self.contributed
        return largest_share(self.population.members, value, places) if value in self.population.members else None

    def _values(self, frame: pd.DataFrame, values: Sequence[str], keep: Sequence[str]) -> tuple[str, ...]:
        """Return the columns to protect: every number that is not what the row is called, and those named."""
        keys = [*self.population.keys(frame, self._others(frame)), self.population.column, *self.by]
        return (*values, *(name for name in numbers(frame, [*keys, *keep]) if name not in values))


def numbers(frame: pd.DataFrame, keep: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the columns of numbers but those that say what a row is about, and those to `keep`."""
    shown = {*DIMENSIONS, *TIMES, *SIZES, *OPEN, *keep}
    told = frame.select_dtypes("number")  # without truth values
    return tuple(str(name) for name in told if name not in shown)


def cells(places: Sequence[Cell], extra: Sequence[Mapping[str, Value]]) -> tuple[Cell, ...]:
    """Return the cells: the places, each with what is special to its row."""
    pairs = zip(places, extra, strict=True)
    return tuple(None if place is None else {**place, **special} for place, special in pairs)
