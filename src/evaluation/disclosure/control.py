"""Disclosure control as a notebook uses it: one object with the limits, and for what is counted a way to release it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from evaluation.disclosure import plain
from evaluation.disclosure.bounds import solved
from evaluation.disclosure.counting import Draft, numbers
from evaluation.disclosure.days import Days
from evaluation.disclosure.people import People
from evaluation.disclosure.population import Population
from evaluation.disclosure.released import Released, withhold
from evaluation.disclosure.rule import PRIMARY, Rule
from evaluation.disclosure.secondary import Table, companions
from evaluation.disclosure.space import Term, atoms
from evaluation.errors import InputError, Problem
from evaluation.workbench import Described


class StudyLike(Protocol):
    """What disclosure control must know of a study."""

    @property
    def municipalities(self) -> pd.DataFrame: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Control(Described):
    """The rule of a report, and what the parameter file withholds besides: ``Control(study, limits, withhold)``.

    Attributes
    ----------
    study
        Whose municipalities are meant where a result says only "all".
    limits
        See `Rule`; those not given are the defaults.
    withhold
        Rows to withhold whatever they hold, by the values of their columns: ``[{"sector": "education", "year":
        2012}]``. A remedy where numbers of different exhibits, or of two reports, give a withheld count away.

    Raises
    ------
    InputError
        An unknown limit, or one that is not a number of its kind.
    """

    study: StudyLike
    limits: Mapping[str, float] = field(default_factory=dict)
    withhold: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        Rule.of(self.limits)
        if not all(isinstance(rows, Mapping) and rows for rows in self.withhold):
            remedy = "Write [{column: value, ...}, ...]."
            raise InputError(Problem("`withhold` does not name rows by their columns", remedy, value=self.withhold))

    @property
    def rule(self) -> Rule:
        """The smallest cells that may be shown."""
        return Rule.of(self.limits)

    def people(
        self,
        measure: str,
        members: pd.DataFrame | None = None,
        *,
        count: str = "persons",
        by: Sequence[str] = (),
        named: Mapping[str, Sequence[str]] | None = None,
        column: str = "who",
    ) -> People:
        """Return how results that count people (employees, positions, respondents) are released.

        Parameters
        ----------
        measure
            What is counted, such as ``positions.employees``: cells of the same measure add up across exhibits. Of
            ``survey...`` no row may be a single municipality's, however many answered.
        members
            Which municipality belongs to which `group`, `intake`, ...; with the columns `year` and `count` also how
            many it has, by which dominance is judged. Default: the study's municipalities.
        count
            The column of results (and of `members`) with the number of people.
        by
            Columns of results, besides the usual ones, that divide these people: ``["role", "item"]``.
        named, column
            Where rows go by names of their own, in `column`: the municipalities of each.
        """
        return People(self, self._population(members, named, column), measure, count, by=tuple(by))

    def days(
        self,
        table: pd.DataFrame | None = None,
        *,
        named: Mapping[str, Sequence[str]] | None = None,
        column: str = "who",
        working_days: float = 251,
    ) -> Days:
        """Return how results that count agreed and lost man-days are released.

        `table` is the sick-leave table with its groups, by which dominance is judged too; `named` and `column` as for
        `people`; `working_days` are the agreed man-days in a man-year.
        """
        return Days(self, self._population(table, named, column), working_days)

    def public(self, frame: pd.DataFrame) -> Released:
        """Release public facts that say nothing of single persons: who takes part, dates, files read, codes."""
        return plain.release_public(frame)

    def estimates(
        self,
        frame: pd.DataFrame,
        *,
        municipalities: str | int,
        values: Sequence[str] = (),
        keep: Sequence[str] = (),
        people: People | None = None,
        years: Sequence[int] = (),
    ) -> Released:
        """Withhold the model results that rest on fewer municipalities than the rule allows.

        `municipalities` is the number behind every row, or the column that holds it. Every number is protected that
        does not say what the row is about (`event_time`, `year`, ...), and `values` besides; those of `keep` are not.
        An estimate is no sum of cells; but where the rows also tell how many `people` they rest on, these numbers are
        (`years` as in `People.release`).
        """
        every = (*values, *numbers(frame, keep))
        released = plain.release_estimates(frame, values=every, municipalities=municipalities, rule=self.rule)
        return released if people is None else replace(released, counted=people.draft(frame, years=years).counted)

    def release(
        self,
        frame: pd.DataFrame,
        *,
        persons: str | None = None,
        man_years: str | None = None,
        within: Sequence[str] = (),
        values: Sequence[str] = (),
        keep: Sequence[str] = (),
    ) -> Released:
        """Withhold the rows that rest on too few, where what they count cannot be added up with other exhibits.

        As `disclosure.release`, with the limits of the report and every number protected as by `estimates`.
        """
        every = (*values, *numbers(frame, keep))
        counts = {"persons": persons, "man_years": man_years}
        return plain.release(frame, values=every, within=within, rule=self.rule, **counts)

    def chosen(self, frame: pd.DataFrame) -> pd.Series:
        """Return which rows the parameter file withholds."""
        found = pd.Series(False, index=frame.index)
        for wanted in self.withhold:
            if set(wanted) <= set(frame.columns):
                same = [frame[name].astype("str") == str(value) for name, value in wanted.items()]
                found |= np.logical_and.reduce(same)
        return found

    def together(self, *drafts: Draft) -> tuple[Released, ...]:
        """Release results that share cells and totals, so that none gives away what another withholds."""
        hidden = [(draft.why != "").to_numpy() for draft in drafts]
        made = _protected(drafts, hidden) if any(part.any() for part in hidden) else hidden
        return tuple(
            withhold(
                draft.frame,
                draft.why.mask(pd.Series(now & ~before, index=draft.why.index), "secondary"),
                self.rule,
                draft.protected,
                draft.counted,
            )
            for draft, before, now in zip(drafts, hidden, made, strict=True)
        )

    def _population(
        self, members: pd.DataFrame | None, named: Mapping[str, Sequence[str]] | None, column: str
    ) -> Population:
        known = {name: frozenset(map(str, codes)) for name, codes in (named or {}).items()}
        return Population(self.study.municipalities if members is None else members, known, column)


def _protected(drafts: Sequence[Draft], hidden: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return which rows to withhold of each result."""
    first = np.cumsum([0, *(len(draft.frame) for draft in drafts)])
    terms: list[tuple[Term, ...]] = []
    values: list[float] = []
    rows: list[int] = []
    secret: list[int] = []
    limits: list[float] = []
    known: dict[str, frozenset[str]] = {}
    for draft, start in zip(drafts, first, strict=False):
        known |= {name: known.get(name, frozenset()) | found for name, found in draft.counted.known.items()}
        for count in draft.counted.counts:
            shown = count.column not in draft.protected
            numbers = draft.frame[count.column].to_numpy(dtype=float, na_value=np.nan) * count.scale
            for row, (cell, value) in enumerate(zip(count.cells, numbers, strict=True)):
                if cell is None or count.at_least or np.isnan(value):
                    continue
                if count.limit and not shown and draft.why.iloc[row] in PRIMARY:
                    secret.append(len(terms))
                    limits.append(count.limit)
                terms.append((Term(count.measure, cell),))
                values.append(value)
                rows.append(-1 if shown else start + row)
    loss = np.concatenate([draft.loss.fillna(0.0).to_numpy(dtype=float) + 1.0 for draft in drafts])
    if not secret:
        return list(hidden)
    forms = atoms(terms, known)
    pieces = solved(forms, values)
    if pieces is None:
        forms = atoms(terms, known, closed=False)
        pieces = solved(forms, values)
    if pieces is None:
        remedy = "Give what is counted differently a measure of its own."
        raise InputError(Problem("Results released together contradict each other", remedy))
    table = Table(forms, pieces, np.array(rows), loss)
    made = companions(table, secret, limits, np.concatenate(hidden))
    return [made[start : start + len(draft.frame)] for draft, start in zip(drafts, first, strict=False)]
