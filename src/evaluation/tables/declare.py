"""The tidy tables: what each holds, column by column. Readers, checks and the documentation all come from here."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from evaluation.language import labels
from evaluation.tables.column import SECTORS, SEX_WORDS, SEXES, Column, Rule, Table
from evaluation.tables.themes import THEME_TABLES

EMPLOYMENT = ("permanent", "temporary", "substitute", "apprentice", "pensioner", "hourly")
BANDS = ("days_1_3", "days_4_10", "days_11_40", "days_over_40")

# Six figures rounded to whole man-days can together be three off.
BAND_TOLERANCE = 3.0
# A person is hardly employed before this age; catches swapped columns and two-digit years.
YOUNGEST, OLDEST = 13, 100


def lost_days(frame: pd.DataFrame) -> pd.Series:
    """Man-days lost to own sickness: self-certified and doctor-certified together."""
    return frame["self_certified_days"] + frame["doctor_certified_days"]


def _bands(frame: pd.DataFrame) -> pd.Series:
    """Man-days in the duration bands; all that were lost where a file has no bands."""
    return frame[list(BANDS)].sum(axis=1) if BANDS[0] in frame else lost_days(frame)


_RATE = Rule(
    "rate_at_most_100",
    "agreed_days",
    "the sick-leave rate is above 100 per cent: more man-days lost than agreed",
    "Check the row's man-days; a lost decimal comma is common",
    lambda frame: (lost_days(frame) <= frame["agreed_days"]) | (frame["agreed_days"] < 0),
    lambda frame: lost_days(frame).map("{:.1f}".format) + " lost of " + frame["agreed_days"].map("{:.1f}".format),
)
_BANDS = Rule(
    "bands_sum_to_lost_days",
    "days_1_3",
    "the duration bands do not sum to the self-certified and doctor-certified man-days",
    f"Check the row; a difference up to {BAND_TOLERANCE:g} man-days passes as rounding",
    lambda frame: (_bands(frame) - lost_days(frame)).abs() <= BAND_TOLERANCE,
    lambda frame: (
        _bands(frame).map("{:.1f}".format) + " in bands, " + lost_days(frame).map("{:.1f}".format) + " in all"
    ),
)
_PERIOD = Rule(
    "ends_after_start",
    "to_year",
    "the programme ends before it begins",
    "Swap or correct the years",
    lambda frame: frame["to_year"].isna() | frame["from_year"].isna() | (frame["to_year"] >= frame["from_year"]),
    lambda frame: frame["to_year"].astype("str"),
)

_MUNICIPALITY = Column("municipality", "municipality", "Municipality code of the time", "four digits")
_SECTOR = Column("sector", "code", "Service area (tjenesteområde)", known=SECTORS)
_SEX = Column("sex", "code", "Sex", known=SEXES, words=SEX_WORDS)
_THEME = Column("theme", "text", "Theme of the programme, a code of programme.yaml")
_PROJECT = Column("project", "text", "Local project")


def _days(name: str, meaning: str) -> Column:
    return Column(name, "number", meaning, "man-days", low=0, optional=name in BANDS)


def _from_a_list(row: str) -> str:
    """What to do about a row that is there twice because the list has more rows than the table."""
    return f"Keep one of the two rows; if the list has one for each theme, read a sheet that has each {row} once"


_ALL = (
    Table(
        "sick_leave",
        "Man-days lost to own sickness and man-days agreed, municipal employees, Monday to Friday",
        (
            _MUNICIPALITY,
            Column("quarter", "quarter", "Calendar quarter"),
            _SECTOR,
            _SEX,
            _days("self_certified_days", "Lost, certified by the employee (egenmeldt)"),
            _days("doctor_certified_days", "Lost, certified by a doctor (legemeldt)"),
            _days("days_1_3", "Lost in absences of 1-3 days"),
            _days("days_4_10", "Lost in absences of 4-10 days"),
            _days("days_11_40", "Lost in absences of 11-40 days"),
            _days("days_over_40", "Lost in absences of more than 40 days"),
            _days("agreed_days", "Agreed man-days, adjusted for position percentage (avtalte dagsverk)"),
        ),
        key=("municipality", "quarter", "sector", "sex"),
        rules=(_RATE, _BANDS),
        together=BANDS,
    ),
    Table(
        "positions",
        "Positions in municipal employment on 1 December, one row per position (after KS's PAI register)",
        (
            _MUNICIPALITY,
            Column("year", "year", "Year of the count"),
            Column("person", "integer", "Person, a meaningless running number; never a national identity number"),
            _SECTOR,
            Column("position_code", "text", "Position code (stillingskode)", "four digits", pattern=r"\d{4}"),
            _SEX,
            Column("birth_year", "year", "Year of birth"),
            Column(
                "percentage", "number", "Position size (stillingsprosent)", "per cent of full time", low=0, high=100
            ),
            Column("employment", "code", "Kind of employment", known=EMPLOYMENT),
        ),
    ),
    Table(
        "background",
        "What a municipality is compared by",
        (
            _MUNICIPALITY,
            Column("year", "year", "Year"),
            Column("population", "number", "Inhabitants on 1 January", "persons", low=0, nullable=True),
            Column("kostra_group", "text", "KOSTRA group of comparable municipalities", nullable=True, optional=True),
        ),
        key=("municipality", "year"),
    ),
    Table(
        "projects",
        "Local projects, one row per project and theme",
        (
            _PROJECT,
            Column("theme", "text", _THEME.meaning, nullable=True),
            Column("name", "text", "Name of the project", nullable=True, optional=True),
            Column("intake", "text", "Intake round (pulje), a code of programme.yaml", nullable=True),
            Column("network", "text", "Network the project meets in", nullable=True, optional=True),
        ),
        key=("project", "theme"),
        needed=True,
    ),
    Table(
        "participation",
        "Which municipality takes part in which project, many to many",
        (_MUNICIPALITY, _PROJECT),
        key=("municipality", "project"),
        needed=True,
        once=_from_a_list("municipality and project"),
    ),
    Table(
        "networks",
        "Networks of municipalities",
        (
            Column("network", "text", "Network"),
            _THEME,
            Column("name", "text", "Name of the network", nullable=True, optional=True),
        ),
        key=("network",),
    ),
    Table(
        "gatherings",
        "Gatherings of the networks",
        (Column("network", "text", "Network"), Column("date", "date", "Date of the gathering")),
        key=("network", "date"),
    ),
    Table(
        "cases",
        "Deep-dive cases",
        (
            Column("case", "text", "Case"),
            _PROJECT,
            _THEME,
            Column("wave", "integer", "Round of deep dives"),
            Column("title_nb", "text", "Title in bokmål"),
            Column("title_nn", "text", "Title in nynorsk"),
            Column("title_en", "text", "Title in English"),
        ),
        key=("case",),
    ),
    Table(
        "earlier",
        "Municipalities in earlier programmes",
        (
            _MUNICIPALITY,
            Column("programme", "text", "Earlier programme"),
            Column("from_year", "year", "First year of participation", nullable=True),
            Column("to_year", "year", "Last year of participation", nullable=True),
        ),
        key=("municipality", "programme"),
        rules=(_PERIOD,),
    ),
    Table(
        "facts",
        "Claims about the programme with their source; sources that disagree are both kept",
        (
            Column("key", "text", "What the claim is about"),
            Column("value", "text", "What the source says"),
            Column("status", "text", "How sure it is; with the word conflict where sources disagree"),
            Column("source", "text", "Where it is said", nullable=True),
            Column("date", "date", "When it was said", nullable=True, optional=True),
        ),
        key=("key", "value", "source"),
    ),
)

TABLES: Mapping[str, Table] = {table.name: table for table in (*_ALL, *THEME_TABLES)}
"""The tidy tables by name."""

REASONS: Mapping[str, Mapping[str, str]] = {
    code: labels()[f"reason.{code}"]
    for code in (
        *("not_delivered", "confidential", "not_applicable", "not_yet_available", "left_blank"),
        *("incomplete_quarter", "incomplete_year", "predecessor_missing", "after_cut", "excluded"),
    )
}
"""Why a row is left out: the codes in `Study.dropped`, in three languages."""


def describe(table: str | None = None) -> pd.DataFrame:
    """Return the documentation of one tidy table, or of all: column, kind, unit, meaning and what is allowed."""
    chosen = [TABLES[table]] if table else list(TABLES.values())
    rows = [
        {
            "table": one.name,
            "column": column.name,
            "kind": column.kind,
            "unit": column.unit,
            "meaning": column.meaning,
            "allowed": _allowed(column),
            "missing": "kept as missing" if column.nullable else "row dropped and counted, or refused in a key",
        }
        for one in chosen
        for column in one.columns
    ]
    return pd.DataFrame(rows, dtype="str")


def _allowed(column: Column) -> str:
    if column.known:
        return ", ".join(column.known)
    if column.pattern:
        return column.pattern
    if column.low is None and column.high is None:
        return ""
    return f"{column.low:g} or more" if column.high is None else f"{column.low:g} to {column.high:g}"
