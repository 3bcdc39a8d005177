"""Releasing results that count people: employees, positions, respondents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from evaluation.disclosure.counting import Counting, Draft, cells
from evaluation.disclosure.counts import Cell, Count, Counted, Ratio, Value
from evaluation.disclosure.population import OF_A_MUNICIPALITY
from evaluation.disclosure.released import Released, check_columns, check_counts
from evaluation.errors import InputError, Problem

SURVEY = "survey"
FULL = (100.0, float("inf"))
JUST_ABOVE = 1e-6
PARTS = ("size", "to_band")
"""The dimensions that `total` is over, where the rows have them."""

Size = Literal["at_most", "at_least"]


@dataclass(frozen=True, eq=False)
class People(Counting):
    """Results that count people; see `Control.people`."""

    measure: str
    count: str

    @property
    def contributed(self) -> str:  # noqa: D102
        return self.count

    def within(self, years: Sequence[int]) -> People:
        """Return the same for the municipalities that the members' table has in every one of the years."""
        table = self.population.members
        held = table[table["year"].isin(years)].groupby(OF_A_MUNICIPALITY)["year"].nunique()
        members = table[table[OF_A_MUNICIPALITY].isin(held.index[held == len(set(years))])]
        return replace(self, population=replace(self.population, members=members))

    def release(
        self,
        frame: pd.DataFrame,
        *,
        values: Sequence[str] = (),
        man_years: str | None = None,
        size: Size | None = None,
        years: Sequence[int] = (),
        also: Mapping[str, str] | None = None,
        keep: Sequence[str] = (),
        **windows: Sequence[int],
    ) -> Released:
        """Withhold the rows that rest on too few, and those from which they could be worked out.

        Parameters
        ----------
        frame
            One row a cell. What a row covers is read from its columns: the municipality, or `group` and the like;
            `year`, `sector`, `sex`, `age_group`, `flow`, `from_band`, `to_band`, and those of `by`; position sizes
            from `lower` and `upper`.
        values
            Columns to protect besides the numbers, such as a text that follows from them.
        man_years
            The column of man-years, where rows with too few are withheld too.
        size
            Where the rows are along `percentage`: whether they hold positions up to it, or from it on.
        years
            Where the rows have no `year`: theirs. Of several, the count is the smallest.
        also
            Further columns of counts of the same cells, by what they count: ``{"vacant": "recruitment.vacant"}``.
        keep
            Numbers that say nothing of people.
        windows
            The years that `<count>_<name>` counts together: ``before=[2010, 2011]`` for `employees_before`; the count
            itself is then that of a year of the smallest.

        Raises
        ------
        InputError
            A column is not there; or answers of a survey by municipality, which are never shown.
        """
        arguments: dict[str, Any] = {"man_years": man_years, "size": size, "years": years, "also": also, **windows}
        return self.control.together(self.draft(frame, values=values, keep=keep, **arguments))[0]

    def draft(
        self,
        frame: pd.DataFrame,
        *,
        values: Sequence[str] = (),
        man_years: str | None = None,
        size: Size | None = None,
        years: Sequence[int] = (),
        also: Mapping[str, str] | None = None,
        keep: Sequence[str] = (),
        **windows: Sequence[int],
    ) -> Draft:
        """Return the result judged row by row, for `Control.together`; the arguments are those of `release`."""
        used = [self.count, *([] if man_years is None else [man_years])]
        summed = {f"{self.count}_{name}": span for name, span in windows.items()}
        check_columns(frame, [*values, *used, *(also or {}), *summed, *keep])
        check_counts(frame, [*used, *(also or {}), *summed])
        if summed and (years or also or man_years):
            remedy = "Leave out `years`, `also` and `man_years`, or the windows."
            raise InputError(Problem("Counts of several years together stand alone", remedy, value=sorted(windows)))
        places = cells(self._places(frame), _sizes(frame, size))
        self._refuse_survey(places)
        protected = self._values(frame, [*values, *used], keep)
        found = self._over_years(summed, places) if summed else self._counted(frame, places, years, man_years, also)
        counted = replace(found, known=self._known(frame))
        why = self._why(frame, protected, counted, persons=self.count, man_years=man_years)
        return Draft(frame, why, protected, counted, frame[self.count])

    def _refuse_survey(self, places: Sequence[Cell]) -> None:
        alone = [place for place in places if place is not None and len(place[OF_A_MUNICIPALITY]) == 1]
        if self.measure.split(".")[0] == SURVEY and alone:
            what = f"Answers of a survey by municipality are never shown ({len(alone)} rows)"
            raise InputError(Problem(what, "Show them by role, theme or group of municipalities.", value=self.measure))

    def _over_years(self, summed: Mapping[str, Sequence[int]], places: Sequence[Cell]) -> Counted:
        limit, counts = self.control.rule.persons, []
        for column, years in summed.items():
            span: dict[str, Value] = {"year": frozenset(map(str, years))}
            counts.append(Count(self.measure, column, cells(places, [span] * len(places)), limit * len(years)))
        return Counted(tuple(counts))

    def _counted(
        self,
        frame: pd.DataFrame,
        places: Sequence[Cell],
        years: Sequence[int],
        man_years: str | None,
        also: Mapping[str, str] | None,
    ) -> Counted:
        rule, measure, of_years = self.control.rule, self.measure, f"{self.measure}.man_years"
        if "year" in frame:
            times = [[{"year": str(year)} for year in frame["year"]]]
        else:
            times = [[{"year": str(year)}] * len(frame) for year in years] or [[{}] * len(frame)]
        counts, ratios = [], []
        for time in times:
            mine, several = cells(places, time), len(times) > 1
            persons = Count(measure, self.count, mine, rule.persons, at_least=several)
            whole = Count(measure, "total", tuple(_without(cell, PARTS) for cell in mine))
            worked = Count(of_years, "man_years", mine, rule.man_years if man_years else 0.0, at_least=several)
            full = Count(measure, "full_time", cells(mine, [{"size": FULL}] * len(frame)))
            counts += [count for count in (persons, worked, whole, full) if count.column in frame]
            counts += [Count(what, column, mine, at_least=several) for column, what in (also or {}).items()]
            shares = [Ratio("share", persons, whole), Ratio("mean_size", worked, persons)]
            shares += [Ratio("full_time_share", full, persons)]
            ratios += [] if several else [one for one in shares if one.column in frame]
        told = "total" in frame
        ratios = [one for one in ratios if told or one.column != "share"]
        return Counted(tuple(counts), tuple(ratios))


def _sizes(frame: pd.DataFrame, size: Size | None) -> list[dict[str, Value]]:
    """Return the position sizes of each row, in per cent of full time."""
    if size is not None:
        check_columns(frame, ["percentage"])
        ends = frame["percentage"].astype(float)
        up_to = [(0.0, end + JUST_ABOVE) for end in ends]
        return [{"size": pair} for pair in (up_to if size == "at_most" else [(end, float("inf")) for end in ends])]
    if {"lower", "upper"} <= set(frame):
        pairs = zip(frame["lower"].astype(float), frame["upper"].astype(float), strict=True)
        return [{"size": pair} for pair in pairs]
    return [{}] * len(frame)


def _without(cell: Cell, names: Sequence[str]) -> Cell:
    return None if cell is None else {name: value for name, value in cell.items() if name not in names}
