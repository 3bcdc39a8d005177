"""The tidy tables of recruitment, reputation, goals and cooperation, and the codebook that gives their codes words."""

from __future__ import annotations

import pandas as pd

from evaluation.tables.column import SECTORS, SEX_WORDS, SEXES, Column, Rule, Table

STATUSES = ("answered", "partly", "not_answered")
ROLES = ("politician", "manager", "union", "project_leader")
TARGET_KINDS = ("level", "percentage_points", "per_cent", "unquantified")
VERDICTS = ("reached", "partly", "not_reached", "cannot_assess")
ANSWERS = ("yes", "partly", "no")
ITEMS = tuple(f"item_{number}" for number in range(1, 13))
COUNTS = ("employees", "advertised", "vacant", "hard_to_fill", "leavers")


def answers(frame: pd.DataFrame) -> pd.Series:
    """Return how many items each respondent has answered."""
    return frame[[item for item in ITEMS if item in frame]].notna().sum(axis=1)


def at_most(name: str, column: str, limit: str, what: str) -> Rule:
    """Return the rule that a count is not larger than another one of its row."""
    return Rule(
        name,
        column,
        what,
        "Check the row; swapped columns are common",
        lambda frame: frame[column] <= frame[limit],
        lambda frame: frame[column].map("{:g}".format) + " of " + frame[limit].map("{:g}".format),
    )


_SILENT = Rule(
    "no_answers_without_status",
    "status",
    "answers from somebody who did not answer",
    "Correct the status, or blank the answers",
    lambda frame: (frame["status"] != "not_answered") | (answers(frame) == 0),
    lambda frame: frame["status"].astype("str") + " with " + answers(frame).astype("str") + " answers",
)
_WHOLE = Rule(
    "whole_answers",
    "item_1",
    "an answer is not a whole number",
    "Answers are 1, 2, 3, 4 or 5, or blank",
    lambda frame: (frame[list(ITEMS)].isna() | (frame[list(ITEMS)] % 1 == 0)).all(axis=1),
    lambda frame: frame[list(ITEMS)].apply(lambda row: ", ".join(f"{x:g}" for x in row if x % 1), axis=1),
)
_QUANTIFIED = Rule(
    "quantified",
    "value",
    "a target with a figure lacks the figure or the indicator",
    "Fill both in, or call the target not quantified",
    lambda frame: (frame["kind"] == "unquantified") | (frame["value"].notna() & frame["indicator"].notna()),
    lambda frame: frame["kind"].astype("str"),
)
_TOO_EARLY = Rule(
    "target_after_baseline",
    "target_year",
    "the target year is not after the year of the baseline",
    "Swap or correct the years",
    lambda frame: (
        frame["target_year"].isna() | frame["baseline_year"].isna() | (frame["target_year"] > frame["baseline_year"])
    ),
    lambda frame: frame["target_year"].astype("str"),
)

_MUNICIPALITY = Column("municipality", "municipality", "Municipality code of the time", "four digits")
_YEAR = Column("year", "year", "Year")
_PROJECT = Column("project", "text", "Local project")
_THEME = Column("theme", "text", "Theme of the programme, a code of programme.yaml")
_INDICATOR = Column("indicator", "text", "What is measured, a code of the codebook", nullable=True)


def _count(name: str, meaning: str, unit: str) -> Column:
    return Column(name, "number", meaning, unit, low=0)


def _items() -> tuple[Column, ...]:
    return tuple(
        Column(
            item, "number", f"Answer to item {number} of the codebook", "1 to 5", (), 1, 5, nullable=True, optional=True
        )
        for number, item in enumerate(ITEMS, start=1)
    )


def _judgement(name: str, meaning: str) -> Column:
    return Column(name, "code", meaning, known=ANSWERS, nullable=True, optional=True)


def _reports(name: str, meaning: str) -> Table:
    return Table(
        name,
        meaning,
        (
            _MUNICIPALITY,
            _PROJECT,
            _THEME,
            Column("year", "year", "Year reported on"),
            Column("received", "date", "Date the report was received", nullable=True, optional=True),
            _INDICATOR,
            Column("baseline", "amount", "Figure before the project, as read", "the indicator's", nullable=True),
            Column("baseline_said", "text", "The same cell as it stands", nullable=True),
            Column("value", "amount", "Figure at the end of the year, as read", "the indicator's", nullable=True),
            Column("value_said", "text", "The same cell as it stands", nullable=True),
            Column(
                "verdict", "code", "Whether the municipality says the target was reached", known=VERDICTS, nullable=True
            ),
            Column(
                *(
                    "cooperation",
                    "number",
                    "Cooperation of the parties, as the municipality sees it",
                    "1 to 5",
                    (),
                    1,
                    5,
                ),
                nullable=True,
                optional=True,
            ),
            _judgement("goals_operational", "Question 1: are the goals operationalised"),
            _judgement("measure_suitable", "Question 2: is the main measure suitable"),
            _judgement("documentation", "Question 3: is the documentation good enough to judge goal attainment"),
            Column(
                "strengthen", "text", "Question 4: what should be strengthened, a code", nullable=True, optional=True
            ),
            Column("comment", "text", "What else the report says", nullable=True, optional=True),
        ),
        key=("municipality", "project", "theme", "year"),
        dated="report",
    )


THEME_TABLES = (
    Table(
        "vacancies",
        "Vacancies, turnover and competence plans by municipality, year and sector",
        (
            _MUNICIPALITY,
            _YEAR,
            Column("sector", "code", "Service area (tjenesteområde)", known=SECTORS),
            _count("employees", "Employees on 1 December", "persons"),
            _count("advertised", "Positions advertised during the year", "positions"),
            _count("vacant", "Positions vacant on 1 December", "positions"),
            _count("hard_to_fill", "Vacant positions advertised without a qualified applicant", "positions"),
            _count("leavers", "Employees who left during the year", "persons"),
            Column(
                *("competence_plan", "code", "Whether the sector has a competence plan in force"),
                known=("yes", "no"),
                nullable=True,
                optional=True,
            ),
        ),
        key=("municipality", "year", "sector"),
        rules=(
            at_most("hard_to_fill_is_vacant", "hard_to_fill", "vacant", "more positions hard to fill than vacant"),
            at_most("leavers_were_employed", "leavers", "employees", "more people left than were employed"),
        ),
        dated="year_end",
    ),
    Table(
        "reputation",
        "Survey of inhabitants: everybody drawn, whether they answered, and what",
        (
            _MUNICIPALITY,
            _YEAR,
            Column("respondent", "integer", "Person drawn, a running number; never a national identity number"),
            Column("sex", "code", "Sex, of the register the sample was drawn from", known=SEXES, words=SEX_WORDS),
            Column("age", "text", "Age group, of the register the sample was drawn from"),
            Column("status", "code", "Whether the person answered", known=STATUSES),
            *_items(),
        ),
        key=("year", "respondent"),
        rules=(_SILENT, _WHOLE),
        dated="year_end",
    ),
    Table(
        "targets",
        "The municipalities' own targets, one row per municipality, project, theme and target",
        (
            _MUNICIPALITY,
            _PROJECT,
            _THEME,
            Column("target", "integer", "Number of the target within municipality, project and theme"),
            Column("date", "date", "Date the target was registered"),
            Column("wording", "text", "The target as the plan puts it", nullable=True, optional=True),
            _INDICATOR,
            Column("kind", "code", "How the target is put: a level, a change, or no figure", known=TARGET_KINDS),
            Column("baseline", "number", "Figure the target starts from", "the indicator's", nullable=True),
            Column("baseline_year", "year", "Year of that figure", nullable=True),
            Column(
                *("value", "number", "The level, or the change with its sign"),
                *("the indicator's, percentage points, or per cent of the baseline",),
                nullable=True,
            ),
            Column("target_year", "year", "By the end of which year", nullable=True),
        ),
        key=("municipality", "project", "theme", "target"),
        rules=(_QUANTIFIED, _TOO_EARLY),
        dated="date",
    ),
    _reports("annual_reports", "Annual reports, one row per municipality, project, theme and year"),
    _reports("annual_report_forms", "Annual reports as forms filled by hand, one file each; they join annual_reports"),
    Table(
        "measures",
        "Measures taken, one row per project, theme, year and measure",
        (
            _PROJECT,
            _THEME,
            Column("year", "year", "Year reported on"),
            Column("main_measure", "text", "The project's main measure, a code of the codebook", nullable=True),
            Column("measure", "text", "A measure taken, a code of the codebook", several=True),
        ),
        key=("project", "theme", "year", "measure"),
        dated="report",
    ),
    Table(
        "survey",
        "Survey of the parties: everybody invited, whether they answered, and what",
        (
            _MUNICIPALITY,
            _YEAR,
            Column("respondent", "integer", "Person invited, a running number; never a national identity number"),
            Column("role", "code", "Role in the project", known=ROLES),
            Column("status", "code", "Whether the person answered", known=STATUSES),
            *_items(),
        ),
        key=("year", "respondent"),
        rules=(_SILENT, _WHOLE),
        dated="year_end",
    ),
    Table(
        "events",
        "What happened in the deep-dive cases",
        (
            Column("case", "text", "Case"),
            Column("date", "date", "Date"),
            Column("event", "text", "What happened, a code of the codebook"),
            Column("note", "text", "More about it", nullable=True, optional=True),
        ),
        key=("case", "date", "event"),
        dated="date",
    ),
    Table(
        "codebook",
        "Words of the codes above, in three languages",
        (
            Column("list", "text", "Which codes: measure, indicator, reputation, survey, event, strengthen"),
            Column("code", "text", "The code, or the item"),
            Column("group", "text", "Theme of a measure or indicator, index of an item", nullable=True),
            Column("better", "code", "Which way is better", known=("higher", "lower"), nullable=True, optional=True),
            Column("nb", "text", "Words in bokmål"),
            Column("nn", "text", "Words in nynorsk"),
            Column("en", "text", "Words in English"),
        ),
        key=("list", "code"),
    ),
)
