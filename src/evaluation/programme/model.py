"""A programme and the questions asked of it: who took part and since when, and what was known at a date."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.municipalities import Register
from evaluation.programme.checks import LANGUAGES, checked_definition, checked_tables, near
from evaluation.workbench import Described

QUARTER = "Q-DEC"


@dataclass(frozen=True)
class Case:
    """One deep-dive case: a project within a theme, and the municipalities that share it.

    `title` has the languages nb, nn and en. `started` is the quarter local work began, None where no source tells.
    """

    case: str
    title: Mapping[str, str]
    theme: str
    project: str
    municipalities: tuple[str, ...]
    network: str | None
    started: pd.Period | None
    wave: int


@dataclass(frozen=True, eq=False)
class Programme(Described):
    """A development programme as data. What no source tells is missing, never guessed.

    Attributes
    ----------
    code, name, start, end
        Its short name, its name in three languages, and the dates it ran.
    themes : dict
        Code and name of each theme, in the order reports take them.
    intakes : DataFrame
        `intake`, `label` (three languages), and the dates `applied`, `admitted` and `started` (local work began).
    projects : DataFrame
        `project`, `theme`, `name`, `intake`, `network`: one row per project and theme.
    participation : DataFrame
        `municipality` (code), `project`: many to many.
    networks, gatherings : DataFrame
        `network`, `theme`, `name`; `network`, `date`.
    cases : DataFrame
        `case`, `project`, `theme`, `wave`, `title_nb`, `title_nn`, `title_en`: deep-dive cases.
    earlier : DataFrame
        `municipality`, `programme`, `from_year`, `to_year`: participation in earlier programmes.
    facts : DataFrame
        `key`, `value`, `status`, `source`: what sources claim about the programme; conflicting claims are all kept.
    """

    code: str
    name: Mapping[str, str]
    start: datetime.date
    end: datetime.date
    themes: Mapping[str, Mapping[str, str]]
    intakes: pd.DataFrame
    projects: pd.DataFrame
    participation: pd.DataFrame
    networks: pd.DataFrame
    gatherings: pd.DataFrame
    cases: pd.DataFrame
    earlier: pd.DataFrame
    facts: pd.DataFrame

    @classmethod
    def from_frames(
        cls,
        definition: Mapping[str, Any],
        frames: Mapping[str, pd.DataFrame],
        *,
        files: Mapping[str, str] | None = None,
    ) -> Programme:
        """Build a programme from its definition and its tables.

        Parameters
        ----------
        definition : mapping
            `code`, `name`, `start`, `end`, `themes` and `intakes`, as in `programme.yaml`.
        frames : mapping of DataFrame
            The tables named as the attributes; `projects` and `participation` are needed, others may be absent.
        files : mapping of str, optional
            The file each table (and `programme`, the definition) comes from, for the messages.

        Raises
        ------
        InputError
            If anything is missing, unknown, repeated or contradictory; all problems of the tables together.
        """
        files = files or {}
        parts = checked_definition(definition, files.get("programme", "programme.yaml"))
        tables: dict[str, Any] = checked_tables(
            frames, themes=parts["themes"], intakes=parts["intakes"]["intake"], files=files
        )
        return cls(**parts, **tables)

    @property
    def starts(self) -> dict[str, pd.Period]:
        """The quarter in which each intake's local work began; intakes whose start no source tells are left out."""
        known = self.intakes.dropna(subset=["started"])
        return {
            str(intake): pd.Period(pd.Timestamp(started), freq=QUARTER)
            for intake, started in zip(known["intake"], known["started"], strict=True)
        }

    @property
    def intake_labels(self) -> dict[str, Mapping[str, str]]:
        """What each intake is called, in three languages."""
        return dict(zip(self.intakes["intake"].astype(str), self.intakes["label"], strict=True))

    def participants(self, theme: str | None = None) -> pd.DataFrame:
        """Return who took part, in the programme or in one theme.

        Returns
        -------
        DataFrame
            One row per municipality, by code: `municipality`; `intake` and `started` (Period of a quarter) of its first
            start, missing where no source tells the start of one of its projects; `projects`, how many it has (in the
            theme); `themes`, all its themes, as text.
        """
        self._check_theme(theme)
        return self._participants[theme].copy()

    @cached_property
    def _participants(self) -> dict[str | None, pd.DataFrame]:
        """Who took part in each theme, and (None) in any: asked for by every estimate, so found once."""
        rows = self.participation.merge(self.projects, on="project").merge(
            self.intakes[["intake", "started"]], on="intake", how="left"
        )
        order = {code: place for place, code in enumerate(self.themes)}
        themes = rows.groupby("municipality")["theme"].agg(
            lambda codes: ", ".join(sorted(codes.dropna().unique(), key=order.__getitem__))
        )
        return {theme: self._first(rows, themes, theme) for theme in (None, *self.themes)}

    @staticmethod
    def _first(rows: pd.DataFrame, themes: pd.Series, theme: str | None) -> pd.DataFrame:
        chosen = rows if theme is None else rows[rows["theme"] == theme]
        first = chosen.sort_values(["municipality", "started", "intake"], na_position="first")
        first = first.drop_duplicates("municipality")
        result = first[["municipality", "intake", "started"]].reset_index(drop=True)
        result["started"] = result["started"].dt.to_period(QUARTER)
        result["projects"] = result["municipality"].map(chosen.groupby("municipality")["project"].nunique())
        result["themes"] = result["municipality"].map(themes)
        return result

    def first_treated(self, theme: str | None = None) -> pd.Series:
        """Return the quarter (Period) each participant first started, in the programme or one theme, by municipality.

        Raises
        ------
        InputError
            If the start of a participant is not known.
        """
        rows = self.participants(theme)
        unknown = rows.loc[rows["started"].isna(), "municipality"]
        if len(unknown):
            remedy = "Give its project an intake with a start date, or leave it out of the comparison."
            raise InputError(Problem("no source tells when it started", remedy, value=code) for code in unknown)
        return rows.set_index("municipality")["started"].rename("first_treated")

    def earlier_participants(self, programme: str | None = None) -> frozenset[str]:
        """Return the codes of those who took part in an earlier programme, or in the one named."""
        known = self.earlier["programme"].drop_duplicates()
        if programme is None:
            return frozenset(self.earlier["municipality"])
        if programme not in set(known):
            raise InputError(Problem("unknown earlier programme", near(programme, known), value=programme))
        return frozenset(self.earlier.loc[self.earlier["programme"] == programme, "municipality"])

    def case(self, case: str) -> Case:
        """Return one deep-dive case.

        Raises
        ------
        InputError
            If there is no such case; near names are listed.
        """
        found = self.cases[self.cases["case"] == str(case)]
        if found.empty:
            raise InputError(Problem("unknown deep-dive case", near(case, self.cases["case"]), value=case))
        row = found.iloc[0]
        of_project = self.projects["project"] == row["project"]
        project = self.projects[of_project & (self.projects["theme"] == row["theme"])].iloc[0]
        started = self.intakes.loc[self.intakes["intake"] == project["intake"], "started"].dropna()
        mine = self.participation.loc[self.participation["project"] == row["project"], "municipality"]
        return Case(
            case=row["case"],
            title={language: row[f"title_{language}"] for language in LANGUAGES},
            theme=row["theme"],
            project=row["project"],
            municipalities=tuple(sorted(mine)),
            network=None if pd.isna(project["network"]) else project["network"],
            started=None if started.empty else pd.Period(started.iloc[0], freq=QUARTER),
            wave=int(row["wave"]),
        )

    def all_cases(self) -> tuple[Case, ...]:
        """Return the deep-dive cases in the order of the table."""
        return tuple(self.case(case) for case in self.cases["case"])

    def conflicts(self) -> pd.DataFrame:
        """Return the facts on which sources disagree (a status with the word conflict), as they are kept."""
        disputed = self.facts["status"].str.contains("conflict", case=False)
        return self.facts[disputed].reset_index(drop=True)

    def harmonised(self, register: Register, division: int) -> Programme:
        """Return the programme on the municipal division of a year.

        A merged municipality took part if any of its predecessors did: it has all their projects, and the years of its
        earlier participation are the widest of theirs.

        Raises
        ------
        SplitError
            If a participant was divided.
        InputError
            If a code is unknown or younger than the division.
        """
        codes = pd.concat([self.participation["municipality"], self.earlier["municipality"]]).unique()
        mapping = register.mapping(codes, division=division)

        def mapped(frame: pd.DataFrame) -> pd.DataFrame:
            return frame.assign(municipality=frame["municipality"].map(mapping).astype("str"))

        earlier = mapped(self.earlier).groupby(["municipality", "programme"], sort=False, as_index=False)
        return replace(
            self,
            participation=mapped(self.participation).drop_duplicates(ignore_index=True),
            earlier=earlier.agg({"from_year": "min", "to_year": "max"}),
        )

    def known_at(self, as_of: datetime.date) -> Programme:
        """Return what was known of the programme at the end of a day.

        Intakes admitted later are left out with their projects, participation and cases, and gatherings later are too.
        An intake is known from the day of admission, or from its start where no source tells that day; a project of an
        undated intake, or of none, from the programme's end. Networks stay while a project or a gathering of theirs
        does. The facts stay.
        """
        end = pd.Timestamp(self.end)
        known = self.intakes["admitted"].fillna(self.intakes["started"]).fillna(end)
        intakes = self.intakes[known <= pd.Timestamp(as_of)]
        in_known = self.projects["intake"].isin(intakes["intake"])
        projects = self.projects[in_known | (self.projects["intake"].isna() & (end <= pd.Timestamp(as_of)))]
        gatherings = self.gatherings[self.gatherings["date"] <= pd.Timestamp(as_of)]
        active = [*projects["network"].dropna(), *gatherings["network"]]

        def of_known(frame: pd.DataFrame) -> pd.DataFrame:
            return frame[frame["project"].isin(projects["project"])].reset_index(drop=True)

        return replace(
            self,
            intakes=intakes.reset_index(drop=True),
            projects=projects.reset_index(drop=True),
            participation=of_known(self.participation),
            networks=self.networks[self.networks["network"].isin(active)].reset_index(drop=True),
            gatherings=gatherings.reset_index(drop=True),
            cases=of_known(self.cases),
        )

    def _check_theme(self, theme: str | None) -> None:
        if theme is not None and theme not in self.themes:
            raise InputError(Problem("unknown theme", near(theme, self.themes), value=theme))
