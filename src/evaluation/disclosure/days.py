"""Releasing results that count man-days: agreed ones, and those lost to sick leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from evaluation.disclosure.counting import Counting, Draft, cells
from evaluation.disclosure.counts import Cell, Count, Counted, Ratio, Value
from evaluation.disclosure.population import OF_A_MUNICIPALITY
from evaluation.disclosure.released import Released, check_columns, check_counts

AGREED, LOST = "sick_leave.agreed_days", "sick_leave.lost_days"
LOST_OF_AGREED = 0.1
"""The lost days that stand for agreed ones in the width of intervals: sick leave is about a tenth."""
CERTIFIED = ("self_certified", "doctor_certified")
Window = tuple[pd.Period, pd.Period]


@dataclass(frozen=True, eq=False)
class Days(Counting):
    """Results that count man-days; see `Control.days`."""

    working_days: float = 251

    @property
    def contributed(self) -> str:  # noqa: D102
        return "agreed_days"

    def within(self, *windows: Sequence[Any]) -> Days:
        """Return the same for the municipalities with figures in every quarter of the windows (first, last)."""
        table, codes = self.population.members, None
        for first, last in windows:
            quarters = pd.period_range(first, last, freq="Q-DEC")
            inside = table[table["quarter"].isin(quarters)]
            days = inside[[name for name in ("agreed_days", *(f"{kind}_days" for kind in CERTIFIED)) if name in inside]]
            whole = days.notna().all(axis=1).groupby(inside[OF_A_MUNICIPALITY]).all()
            held = inside.groupby(OF_A_MUNICIPALITY)["quarter"].nunique()
            found = set(whole.index[whole]) & set(held.index[held == len(quarters)])
            codes = found if codes is None else codes & found
        members = table[table[OF_A_MUNICIPALITY].isin(codes or set())]
        return replace(self, population=replace(self.population, members=members))

    def release(
        self,
        frame: pd.DataFrame,
        *,
        values: Sequence[str] = (),
        man_years: str = "man_years",
        rolling: int = 1,
        keep: Sequence[str] = (),
        **windows: Sequence[Any] | str,
    ) -> Released:
        """Withhold the rows that rest on too few man-years, and those from which they could be worked out.

        Parameters
        ----------
        frame
            One row a cell. What a row covers is read from its columns: the municipality, or `group` and the like;
            `quarter`, `sector`, `sex`, `kind`. The numbers known are `agreed_days` and `lost_days`.
        values
            Columns to protect besides the numbers, such as a text that follows from them.
        man_years
            The column of man-years.
        rolling
            How many quarters a row covers, the last of which is `quarter`.
        keep
            Numbers that say nothing of man-days.
        windows
            First and last quarter of what `agreed_days_<name>` counts: ``before=("2010Q1", "2011Q4")``; man-years are
            then those of the smallest window. A column with the name of the window is a rate. One window alone is
            that of all the numbers, whose columns then have no ending. Where the rows differ, the name of the column
            that holds the calendar year of each: ``before="first_year"``.

        Raises
        ------
        InputError
            A column is not there, or is no number.
        """
        arguments = {"values": values, "man_years": man_years, "rolling": rolling, "keep": keep, **windows}
        return self.control.together(self.draft(frame, **arguments))[0]  # type: ignore[arg-type]

    def draft(
        self,
        frame: pd.DataFrame,
        *,
        values: Sequence[str] = (),
        man_years: str = "man_years",
        rolling: int = 1,
        keep: Sequence[str] = (),
        **windows: Sequence[Any] | str,
    ) -> Draft:
        """Return the result judged row by row, for `Control.together`; the arguments are those of `release`."""
        check_columns(frame, [*values, man_years, *keep])
        check_counts(frame, [man_years])
        places = self._places(frame)
        protected = self._values(frame, [*values, man_years], keep)
        counts: list[Count] = []
        ratios: list[Ratio] = []
        for name, quarters in _periods(frame, rolling, windows).items():
            ending = f"_{name}" if len(windows) > 1 else ""
            made = self._measured(frame, cells(places, [{"quarter": one} for one in quarters]), ending, name, man_years)
            counts += made[0]
            ratios += made[1]
        counted = Counted(tuple(counts), tuple(ratios), self._known(frame))
        why = self._why(frame, protected, counted, man_years=man_years)
        return Draft(frame, why, protected, counted, frame[man_years])

    def _measured(
        self, frame: pd.DataFrame, places: Sequence[Cell], ending: str, name: str, man_years: str
    ) -> tuple[list[Count], list[Ratio]]:
        """Return the counts and rates of one period."""
        lengths = {len(cell["quarter"]) for cell in places if cell is not None} or {1}
        year = self.working_days / 4 * max(lengths)
        limit = self.control.rule.man_years * year
        agreed = Count(AGREED, f"agreed_days{ending}", tuple(_without_kind(cell) for cell in places), limit)
        lost = Count(LOST, f"lost_days{ending}", tuple(map(_of_kind, places)), limit * LOST_OF_AGREED)
        found = [count for count in (agreed, lost) if count.column in frame]
        if agreed not in found:
            found.append(replace(agreed, column=man_years, scale=year, at_least=bool(ending)))
        rates = (f"rate{ending}", name)
        return found, [Ratio(column, lost, agreed) for column in rates if column in frame]


def _periods(
    frame: pd.DataFrame, rolling: int, windows: Mapping[str, Sequence[Any] | str]
) -> dict[str, list[frozenset[str]]]:
    """Return the quarters each row covers, by the name of the window."""
    if windows:
        return {name: _window(frame, window) for name, window in windows.items()}
    check_columns(frame, ["quarter"])
    lasts = [pd.Period(quarter, freq="Q-DEC") for quarter in frame["quarter"]]
    return {"": [frozenset(str(last - back) for back in range(rolling)) for last in lasts]}


def _window(frame: pd.DataFrame, window: Sequence[Any] | str) -> list[frozenset[str]]:
    """Return the quarters of a window for each row: its first and last, or the column with the year of each."""
    if isinstance(window, str):
        check_columns(frame, [window])
        return [frozenset(f"{year}Q{quarter}" for quarter in range(1, 5)) for year in frame[window].astype(int)]
    first, last = list(window)
    return [frozenset(pd.period_range(first, last, freq="Q-DEC").astype(str))] * len(frame)


def _without_kind(cell: Cell) -> Cell:
    return None if cell is None else {name: value for name, value in cell.items() if name != "kind"}


def _of_kind(cell: Cell) -> Cell:
    """Return the cell by how the leave was certified, or by how long it lasted: each makes up the total by itself."""
    if cell is None or "kind" not in cell or cell["kind"] in CERTIFIED:
        return cell
    rest: dict[str, Value] = {name: value for name, value in cell.items() if name != "kind"}
    return rest if cell["kind"] == "total" else {**rest, "duration": cell["kind"]}
