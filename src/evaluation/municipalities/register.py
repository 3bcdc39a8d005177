"""The register of municipalities: what is in force when, how a cell is read, and which code holds a territory later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evaluation.errors import SHOWN, InputError, Problem
from evaluation.municipalities.harmonise import harmonise
from evaluation.municipalities.history import STILL, Entry, SplitError, checked, entries_of
from evaluation.municipalities.names import Label, distinct, normal, read_label, shown
from evaluation.municipalities.places import leave_out, other_place
from evaluation.workbench import Described

REFERENCE = Path(__file__).resolve().parents[3] / "data" / "reference"

NORWEGIAN = "the register of Norwegian municipalities"


@dataclass(frozen=True, eq=False)
class Register(Described):
    """The municipalities of a country, their codes, and what became of them.

    Parameters
    ----------
    history : DataFrame
        One row per code and successor: `code` (4 characters), `name`, `valid_from` and `valid_to` (years, the latter
        inclusive; missing while the code is in use), `successor_code` (in force from the year after `valid_to`),
        `successor_weight` (share going to each successor when a municipality was divided; shown, never used),
        `county_code`, `county_name`.
    name : str
        What the register is.
    source : str
        Where it comes from.
    years : tuple of int, optional
        First and last year the register speaks for; other years are refused. Without it every year is answered.

    Raises
    ------
    InputError
        If the history contradicts itself; every contradiction is listed.
    """

    history: pd.DataFrame
    name: str
    source: str
    years: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "history", checked(self.history, self.name))

    @classmethod
    def read(
        cls,
        path: Path | str,
        *,
        name: str | None = None,
        source: str | None = None,
        years: tuple[int, int] | None = None,
    ) -> Register:
        """Read a register from a comma-separated UTF-8 file with the columns of `history`."""
        path = Path(path)
        try:
            history = pd.read_csv(path, dtype="str", encoding="utf-8-sig")
        except FileNotFoundError:
            problem = Problem("the register of municipalities is missing", "Put the file there, or name another one.")
        except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            problem = Problem(f"not a comma-separated table in UTF-8 ({error})", "Save the file as such.")
        else:
            return cls(history, name or path.name, source or path.name, years)
        raise InputError(Problem(problem.what, problem.remedy, str(path)))

    @classmethod
    def norwegian(cls) -> Register:
        """Return the Norwegian municipalities of 2006-2026, after SSB KLASS 131 (Statistics Norway, CC BY 4.0)."""
        return cls.read(
            REFERENCE / "municipality_code_history.csv",
            name=NORWEGIAN,
            source="Statistics Norway, KLASS 131 (CC BY 4.0)",
            years=(2006, 2026),
        )

    @cached_property
    def _entries(self) -> dict[str, Entry]:
        return entries_of(self.history)

    @cached_property
    def _counties(self) -> dict[str, str]:
        return dict(zip(self.history["county_code"], self.history["county_name"], strict=True))

    @cached_property
    def _names(self) -> dict[str, tuple[Entry, ...]]:
        names: dict[str, tuple[Entry, ...]] = {}
        for entry in self._entries.values():
            for reading in Label(name=entry.name).readings:
                names[reading] = (*names.get(reading, ()), entry)
        return names

    @cached_property
    def _made_from(self) -> dict[str, tuple[str, ...]]:
        made: dict[str, tuple[str, ...]] = {}
        for entry in self._entries.values():
            for successor in entry.successors:
                made[successor] = (*made.get(successor, ()), entry.code)
        return made

    def _check_year(self, year: int) -> None:
        if self.years and not self.years[0] <= year <= self.years[1]:
            covered = f"{self.years[0]}-{self.years[1]}"
            raise InputError(Problem(f"{self.name} covers {covered}, not {year}", "Choose a year it covers."))

    def _known(self, code: str) -> Entry:
        entry = self._entries.get(code) if isinstance(code, str) else None
        if entry is None:
            problem = Problem(f"unknown municipality code in {self.name}", "Resolve codes and names first.", value=code)
            raise InputError(problem)
        return entry

    def valid(self, year: int) -> pd.DataFrame:
        """Return the municipalities in force in `year`: `code`, `name`, `county_code`, `county_name`, by code."""
        self._check_year(year)
        now = (self.history["valid_from"] <= year) & (self.history["valid_to"].fillna(STILL) >= year)
        columns = ["code", "name", "county_code", "county_name"]
        return self.history.loc[now, columns].drop_duplicates("code").sort_values("code", ignore_index=True)

    def resolve(
        self,
        values: pd.Series,
        *,
        year: int | pd.Series | None = None,
        since: int | pd.Series | None = None,
        file: str | None = None,
        column: str = "municipality",
    ) -> pd.Series:
        """Read municipality codes from codes and names as files have them.

        Understands `0301`, `301` and `301.0` (a leading zero eaten by a spreadsheet), `0301 Oslo`, `Oslo`, `OSLO
        kommune`, both names of `Harstad - Hárstták`, a county in `Herøy (Nordland)`, and a period in
        `1903 Harstad (2013-2019)`.

        Parameters
        ----------
        values : Series
            Codes or names; numbers and text may be mixed.
        year : int or Series of int, optional
            The year the values belong to, for all or position by position. A code must be in force that year, and a
            name that moved from code to code is read as that year's. Without it no period is checked.
        since : int or Series of int, optional
            For values of no year, such as a list of participants: the year in which a name that moved from code to code
            is read. A code of another year is taken as it stands.
        file, column : str, optional
            Where the values come from, for the messages.

        Returns
        -------
        Series
            Four-character codes, with the index and name of `values`.

        Raises
        ------
        InputError
            If any value is missing, unknown, ambiguous (candidates are listed), no longer in force (the successor is
            named) or not yet in force: one problem per distinct value, with its first row (row 2 follows the header).
        """
        groups, keys = distinct(values, since if year is None else year)
        if year is not None:
            for known in {when for _, when in keys if when is not None}:
                self._check_year(known)
        codes: list[str | None] = []
        wrong: list[tuple[int, str, str]] = []
        for group, (value, when) in enumerate(keys):
            dated = (None, when) if year is None else (when, None)
            code, what, remedy = self._resolve_one(value, *dated, suggest=len(wrong) < SHOWN)
            codes.append(code)
            if code is None:
                wrong.append((group, what, remedy))
        if wrong:
            firsts = np.unique(groups, return_index=True)[1]
            counts = np.bincount(groups)
            problems = []
            for group, what, remedy in sorted(wrong, key=lambda item: firsts[item[0]]):
                value = keys[group][0]
                repeated = f" (the first of {counts[group]} such rows)" if counts[group] > 1 else ""
                problems.append(Problem(what + repeated, remedy, file, int(firsts[group]) + 2, column, shown(value)))
            raise InputError(problems)
        return pd.Series(pd.array(codes, dtype="str").take(groups), index=values.index, name=values.name)

    def _resolve_one(
        self, value: Any, year: int | None, since: int | None, *, suggest: bool
    ) -> tuple[str | None, str, str]:
        """Return (code, "", "") or (None, what is wrong, remedy) for one value."""
        label = read_label(value)
        if label is None:
            return None, "no municipality", "Give a code or a name, or leave the row out."
        found = self._having(label)
        if not found:
            if place := other_place(label, self._entries, self._counties):
                return None, place, leave_out("municipality", [str(shown(value))])
            return None, f"unknown municipality in {self.name}", self._suggestion(label, suggest=suggest)
        if label.code and label.name and (owners := self._named(label)) and found[0] not in owners:
            listed = _listed(owners)
            return None, f"{found[0]} has another name; this name belongs to {listed}", "Correct the code or the name."
        now = [entry for entry in found if year is None or entry.valid(year)]
        if since is not None and len(now) > 1:
            now = [entry for entry in now if entry.valid(since)] or now
        if len(now) == 1:
            return now[0].code, "", ""
        if year is not None and not now:
            return None, *self._out_of_force(found, year)
        told_by_county = len({entry.county for entry in now}) == len(now)
        remedy = f"Write the code, as in {str(now[0])!r}"
        if told_by_county:
            remedy = f"Write the code, or the county: {str(now[0])!r} or '{now[0].name} ({now[0].county})'"
        remedy += "." if (year, since) != (None, None) else ", or say which year the data are from."
        return None, f"ambiguous name: {', '.join(entry.described() for entry in now)}", remedy

    def _having(self, label: Label) -> tuple[Entry, ...]:
        """Return the entries a cell can mean: the code's if it has a code, otherwise those of that name."""
        if label.code:
            entry = self._entries.get(label.code)
            return (entry,) if entry else ()
        found = tuple(entry for entry in self._named(label) if label.in_county(entry.county))
        dated = tuple(e for e in found if label.first in (None, e.first) and label.last in (None, e.last))
        if not found and not label.county and " i " in label.name:
            name, _, county = label.name.rpartition(" i ")
            return self._having(label._replace(name=name, county=county))
        return dated

    def _named(self, label: Label) -> tuple[Entry, ...]:
        """Return the entries that have the name written, or one of the names it consists of."""
        return tuple(dict.fromkeys(entry for reading in label.readings for entry in self._names.get(reading, ())))

    def _suggestion(self, label: Label, *, suggest: bool) -> str:
        remedy = "Correct it; leave out rows for counties, the country and unspecified places."
        if not (label.name and suggest):
            return remedy
        near = get_close_matches(normal(label.name), list(self._names), n=3)
        listed = _listed(dict.fromkeys(entry for name in near for entry in self._names[name]))
        return f"Did you mean {listed}? {remedy}" if listed else remedy

    def _out_of_force(self, found: Iterable[Entry], year: int) -> tuple[str, str]:
        whats, remedies = [], []
        for entry in found:
            if entry.last < year:
                heirs = [self._entries[end] for end in sorted(self._ends(entry.code, year))]
                whats.append(f"{entry} ended with {entry.last}; in {year} it is {_listed(heirs) or 'nothing'}")
                remedies.append(f"Use {heirs[0]}" if len(heirs) == 1 else "Use a code in force that year")
            else:
                parts = _listed(self._entries[code] for code in self.predecessors(entry.code, year=year))
                whats.append(f"{entry} begins with {entry.first}; in {year} it is {parts or 'nothing'}")
                remedies.append("Use a code in force that year")
        return "; ".join(whats), "; ".join(dict.fromkeys(remedies)) + ", or data of the code's own years."

    def _ends(self, code: str, year: int) -> frozenset[str]:
        """Return the codes in force in `year` that hold some of the territory of `code`."""
        entry = self._entries[code]
        if entry.first > year:
            return frozenset()
        if entry.last >= year:
            return frozenset({code})
        return frozenset[str]().union(*(self._ends(successor, year) for successor in entry.successors))

    def predecessors(self, code: str, *, year: int, division: int | None = None) -> tuple[str, ...]:
        """Return the codes in force in `year` whose territory, or a part of it, belongs to `code` later.

        Parameters
        ----------
        code : str
            The code whose territory is asked for.
        year : int
            The year whose codes are wanted.
        division : int, optional
            The year that says how far `code` reaches, since a code may live on with another extent (Stavanger, 1103,
            in 2020). Without it, the later of `year` and the code's first year.
        """
        then = max(year, self._known(code).first) if division is None else division
        reached, queue = {code}, [code]
        while queue:
            older = [part for part in self._made_from.get(queue.pop(), ()) if self._entries[part].last < then]
            queue += [part for part in older if part not in reached]
            reached.update(older)
        return tuple(sorted(part for part in reached if self._entries[part].valid(year)))

    def successor(self, code: str, *, division: int) -> str:
        """Return the code that holds all of `code` in the division of the year `division`.

        Raises
        ------
        SplitError
            If `code` was divided between several municipalities.
        InputError
            If the code is unknown, has no successor, or is younger than the division.
        """
        self._check_year(division)
        entry = self._known(code)
        ends = sorted(self._ends(code, division))
        if len(ends) == 1:
            return ends[0]
        if ends:
            last = entry
            while len(last.successors) == 1:
                last = self._entries[last.successors[0]]
            what = f"{entry} was divided after {last.last} between {_listed(self._entries[end] for end in ends)}"
            remedy = f"Choose a division up to {last.last}, or leave it out: its figures cannot be shared out."
            raise SplitError(Problem(what, remedy, value=code))
        if entry.first > division:
            what = f"{entry} begins with {entry.first} and is not in the division of {division}"
            remedy = f"Choose a division from {entry.first} on, or data on the codes before it."
            raise InputError(Problem(what, remedy, value=code))
        raise InputError(Problem(f"{entry} ended with {entry.last} and has no successor", "Leave it out.", value=code))

    def mapping(self, codes: Iterable[str], *, division: int) -> dict[str, str]:
        """Return {code: its code in the division of the year `division`}; all problems are raised together.

        Raises
        ------
        SplitError
            If any of the codes was divided.
        InputError
            If any cannot be followed for another reason.
        """
        found: dict[str, str] = {}
        problems: list[Problem] = []
        kind: type[InputError] = InputError
        for code in dict.fromkeys(codes):
            try:
                found[code] = self.successor(code, division=division)
            except InputError as error:
                problems += error.problems
                kind = SplitError if isinstance(error, SplitError) else kind
        if problems:
            raise kind(problems)
        return found

    def harmonise(
        self,
        frame: pd.DataFrame,
        *,
        division: int,
        by: list[str],
        sums: list[str],
        municipality: str = "municipality",
        when: str | None = None,
    ) -> pd.DataFrame:
        """Freeze a table on the municipal division of one year, summing man-days over the predecessors.

        Parameters
        ----------
        frame : DataFrame
            One row per municipality and `by`. Codes are those `resolve` gives.
        division : int
            The year whose municipalities the result has.
        by : list of str
            The other columns of the key (quarter, sector, sex).
        sums : list of str
            Columns to sum: man-days, persons, money. Percentages cannot be summed: recompute them afterwards.
        municipality : str, optional
            The column of codes.
        when : str, optional
            The column of `by` that dates the rows (quarters, dates or years); `quarter` or `year` if `by` has one.

        Returns
        -------
        DataFrame
            `municipality`, `by` and `sums`, sorted by the first two. A sum is missing if it is missing for any
            predecessor, or if a predecessor has no row at all at that time (in a dated table): half a municipality is
            never shown as the whole. A predecessor with rows at that time but none for a cell (no technical staff)
            adds nothing to it. Otherwise totals are conserved.

        Raises
        ------
        SplitError
            If a municipality was divided, or rows dated after the division are about a municipality that grew since.
        InputError
            If a code is unknown or not in force when its row is dated, a key is repeated, a column is missing, not
            numeric, or named neither in `by` nor in `sums`.
        """
        return harmonise(self, frame, division=division, by=by, sums=sums, municipality=municipality, when=when)


def _listed(entries: Iterable[Entry]) -> str:
    return ", ".join(str(entry) for entry in entries)
