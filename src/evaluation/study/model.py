"""The study as notebooks meet it."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.municipalities import NORWEGIAN, Register
from evaluation.programme import Programme
from evaluation.sources.database import distinct
from evaluation.tables.keys import LAYOUT, nearest
from evaluation.tables.outcomes import Outcome
from evaluation.texts import Text

if TYPE_CHECKING:
    from evaluation.study.panel import Panel

T = TypeVar("T")

OTHER_THEMES = (*("vacancies", "reputation", "targets", "annual_reports", "measures", "survey", "events", "codebook"),)
OUTCOMES = ("sick_leave", "positions", "background", *OTHER_THEMES)
FORMS = {"annual_report_forms": "annual_reports"}
ASKED = "_asked"


@dataclass(frozen=True)
class Stored:
    """A prepared table that is read when it is first asked for."""

    path: Path

    def read(self) -> pd.DataFrame:
        """Return the table."""
        return pd.read_parquet(self.path)


class Mapped(Generic[T]):
    """A field of a table that a study may lack; asking for it then says what to do instead of failing later."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Mapped[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            raise AttributeError(self.name)  # tells the dataclass that the field has no default
        instance.__dict__.setdefault(ASKED, set()).add(self.name)
        value = instance.__dict__[f"_{self.name}"]
        if isinstance(value, Stored):
            value = instance.__dict__[f"_{self.name}"] = value.read()
        if value is None:
            remedy = f"Map a file to it under `tables` in {LAYOUT}, or leave out the chapters that need it"
            raise InputError(Problem(f"the study has no table {self.name}", remedy, LAYOUT))
        return value

    def __set__(self, instance: Any, value: T | Stored | None) -> None:
        instance.__dict__[f"_{self.name}"] = value


@dataclass(frozen=True, eq=False, repr=False)
class Study:
    """A programme and its tidy tables, cut at a date, on one municipal division.

    Attributes
    ----------
    programme : Programme
        What was known of it at `as_of`, with the municipalities of `division`.
    register : Register
        The municipalities and their mergers.
    division : int
        The year whose municipal division all tables are on; man-days are summed over predecessors.
    as_of : date
        Nothing dated later is in any table: quarters that had not ended, counts of positions (1 December) and years
        that had not been reached, intakes not yet admitted, gatherings not yet held.
    synthetic : bool
        Whether the figures are invented.
    name : dict
        What the data are, in nb, nn and en.
    files : DataFrame
        file, table, sha256, encoding, rows, kept, dropped, notes, separator, sheet, header (its row), columns: one row
        per file and table.
    dropped : DataFrame
        table, reason (a code of `evaluation.tables.REASONS`), rows.
    notes : DataFrame
        What was done to files and cells, or found odd in them: table, code (its label is `note.<code>`), warning
        (bool), file, column, row (the first), count, value (the first).
    sick_leave, background : DataFrame
        See `evaluation.tables.describe`.
    positions : Path
        Parquet file of the tidy positions (register-sized; read it with DuckDB).
    vacancies, reputation, targets, annual_reports, measures, survey, events, codebook : DataFrame
        The tables of the other themes, as in `evaluation.tables.describe`; forms are among the annual reports. Items of
        a survey that no file has are left out. Each is read from the prepared tables when it is first asked for.
    outcomes : dict of Outcome
        The outcomes that the study's `sources.yaml` adds, by their names; `table` and `panel` give their figures.
    """

    programme: Programme
    register: Register
    division: int
    as_of: date
    synthetic: bool
    name: Mapping[str, str]
    files: Mapped[pd.DataFrame] = Mapped()
    dropped: Mapped[pd.DataFrame] = Mapped()
    sick_leave: Mapped[pd.DataFrame] = Mapped()
    positions: Mapped[Path] = Mapped()
    background: Mapped[pd.DataFrame] = Mapped()
    vacancies: Mapped[pd.DataFrame] = Mapped()
    reputation: Mapped[pd.DataFrame] = Mapped()
    targets: Mapped[pd.DataFrame] = Mapped()
    annual_reports: Mapped[pd.DataFrame] = Mapped()
    measures: Mapped[pd.DataFrame] = Mapped()
    survey: Mapped[pd.DataFrame] = Mapped()
    events: Mapped[pd.DataFrame] = Mapped()
    codebook: Mapped[pd.DataFrame] = Mapped()
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    own: Mapping[str, Stored] = field(default_factory=dict)
    notes: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["table", "code", "warning", "count"]))

    def cautions(self, tables: Collection[str] | None = None) -> list[tuple[str, int]]:
        """Return the warnings about tables (all unless given): their codes, and how many cells or municipalities."""
        from evaluation.study.cautions import cautions

        return cautions(self.notes, tables)

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of outcomes by its name: one of those above, or of an outcome that the study adds."""
        if name in self.own:
            self.__dict__.setdefault(ASKED, set()).add(name)
            return self.own[name].read()
        known = [table for table in OUTCOMES if table != "positions"]
        if name not in known:
            raise InputError(Problem("the study has no such table", nearest(name, [*known, *self.own]), value=name))
        return getattr(self, name)

    def panel(self, outcome: str, *, theme: str | None = None) -> Panel:
        """Return an outcome that the study adds as a panel of municipalities and years, ready for `did.estimate`.

        Parameters
        ----------
        outcome : str
            A name under `outcomes` in `sources.yaml`.
        theme : str, optional
            Treated are the municipalities that work on it (on any, by default) from the year they started. Those that
            never take part are the controls; participants with other themes only, and those that had not started by the
            last year, are left out and counted.

        Raises
        ------
        InputError
            If the study declares no such outcome, or the programme has no such theme.
        """
        from evaluation.study.panel import panel

        return panel(self, outcome, theme)

    @property
    def labels(self) -> dict[str, Text]:
        """What the outcomes that the study adds are called in reports, and their units, by label key."""
        return {key: text for outcome in self.outcomes.values() for key, text in outcome.labels.items()}

    def has(self, table: str) -> bool:
        """Whether a file is mapped to a table of outcomes, such as `sick_leave`, `positions` or `vacancies`."""
        return table in self.own or self.__dict__.get(f"_{table}") is not None

    @property
    def real_places(self) -> bool:
        """Whether the municipalities are those of Norway: of invented figures, their names then need a warning."""
        return self.register.name == NORWEGIAN

    @property
    def tables_read(self) -> tuple[str, ...]:
        """The tables of `files` that have been read so far, so that nothing computed yet can rest on another.

        The programme's are read when the study is opened, an outcome's when it is first asked for; who asks for `files`
        or `dropped` has an account of all.
        """
        asked = self.__dict__.get(ASKED, set())
        waiting = set() if asked & {"files", "dropped"} else {*OUTCOMES, *self.own} - asked
        listed = dict.fromkeys(self.__dict__["_files"]["table"].astype(str))
        return tuple(table for table in listed if FORMS.get(table, table) not in waiting)

    @property
    def municipalities(self) -> pd.DataFrame:
        """One row per municipality of the division that the data hold.

        Returns
        -------
        DataFrame
            `municipality`, `name`, `county`; `kostra_group` and `population` (inhabitants) of the latest year not after
            `as_of`; `group` ("participants", or "others" that were never in the programme by then); `intake` and
            `themes` ("a, b") of participants; `earlier` (bool), whether it took part in an earlier programme.
        """
        return self._municipalities.copy()

    @cached_property
    def _municipalities(self) -> pd.DataFrame:
        frames = [self.table(name) for name in ("sick_leave", "background", "vacancies", *self.own) if self.has(name)]
        if not frames and self.has("positions"):
            frames = [pd.DataFrame({"municipality": distinct(self.positions, "municipality")})]
        codes = pd.concat([frame["municipality"].drop_duplicates() for frame in frames] or [pd.Series(dtype="str")])
        table = pd.DataFrame({"municipality": codes.drop_duplicates().sort_values(ignore_index=True).astype("str")})
        known = self.register.valid(self.division).rename(columns={"code": "municipality", "county_name": "county"})
        table = table.merge(known[["municipality", "name", "county"]], on="municipality", how="left")
        table = table.merge(self._latest_background(), on="municipality", how="left")
        taking_part = self.programme.participants()[["municipality", "intake", "themes"]]
        table = table.merge(taking_part, on="municipality", how="left")
        participants = table["municipality"].isin(taking_part["municipality"])
        table["group"] = participants.map({True: "participants", False: "others"}).astype("str")
        table["earlier"] = table["municipality"].isin(self.programme.earlier_participants())
        columns = [
            "municipality",
            "name",
            "county",
            "kostra_group",
            "population",
            "group",
            "intake",
            "themes",
            "earlier",
        ]
        return table[columns]

    def _latest_background(self) -> pd.DataFrame:
        if not self.has("background"):
            return pd.DataFrame(columns=["municipality", "kostra_group", "population"]).astype(
                {"population": "float64"}
            )
        # `last` passes over years whose figure is missing.
        latest = self.background.sort_values("year").groupby("municipality")[["kostra_group", "population"]].last()
        return latest.reset_index()

    @property
    def quarters(self) -> tuple[pd.Period, pd.Period]:
        """The first and the last quarter of the sick-leave table."""
        quarters = self.sick_leave["quarter"]
        if quarters.empty:
            raise InputError(Problem(f"no quarter had ended by {self.as_of}", "Choose a later `as_of`"))
        return quarters.min(), quarters.max()

    @property
    def years(self) -> tuple[int, ...]:
        """The years of the position counts, or of the background where no positions are mapped."""
        found = distinct(self.positions, "year") if self.has("positions") else self.background["year"].unique()
        return tuple(sorted(int(year) for year in found))

    def __repr__(self) -> str:
        from evaluation.study.show import plain

        with self._unasked():
            return plain(self)

    def _repr_html_(self) -> str:
        from evaluation.study.show import rich

        with self._unasked():
            return rich(self)

    @contextlib.contextmanager
    def _unasked(self) -> Iterator[None]:
        """Forget what is asked for meanwhile: to show the study is not to rest a number on it."""
        asked = set(self.__dict__.get(ASKED, set()))
        try:
            yield
        finally:
            self.__dict__[ASKED] = asked
