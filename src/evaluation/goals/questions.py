"""The four standard questions to every annual report, and who did not report.

Are the goals operationalised; is the main measure suitable; is the documentation good enough to judge goal attainment;
what should be strengthened. Every share has those that did not report beside it.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.goals.codes import optional_table
from evaluation.goals.comparable import OWNER, percent
from evaluation.sources import HOW, amounts

if TYPE_CHECKING:
    from evaluation.study import Study

QUESTIONS = ("goals_operational", "measure_suitable", "documentation")
ANSWERS = ("yes", "partly", "no", "unanswered", "no_report")
DUE = (2, 1)
"""Month and day of the next year by which an annual report is due."""


def expected_reports(study: Study) -> pd.DataFrame:
    """Return every report that was due by the end of the study, and whether it came.

    Every municipality reports for each project and theme on every year from the one it started in to the end of the
    programme; the report is due on 1 February of the year after.

    Returns
    -------
    DataFrame
        `municipality`, `name`, `project`, `theme`, `intake`, `year`, `received` (bool), `late` (bool: after it was
        due), and, of those that came, the columns of `study.annual_reports`.
    """
    programme = study.programme
    projects = programme.projects[["project", "theme", "intake"]]
    members = programme.participation.merge(projects, on="project")
    started = programme.intakes.set_index("intake")["started"]
    first = members["intake"].map(started).map(lambda day: pd.Timestamp(day).year if pd.notna(day) else np.nan)
    known = members.assign(first=first).dropna(subset=["first"])
    years = [
        year
        for year in range(int(known["first"].min()) if len(known) else 0, programme.end.year + 1)
        if len(known) and due(year) <= study.as_of
    ]
    asked = known.merge(pd.DataFrame({"year": pd.Series(years, dtype="int64")}), how="cross")
    asked = asked.loc[asked["year"] >= asked["first"], [*OWNER, "intake", "year"]]
    reports = optional_table(study, "annual_reports")
    places = {theme: place for place, theme in enumerate(programme.themes)}
    asked = asked.assign(place=asked["theme"].map(places)).sort_values(["place", *OWNER, "year"], ignore_index=True)
    names = study.municipalities.set_index("municipality")["name"]
    asked = asked.drop(columns="place").assign(name=asked["municipality"].map(names).fillna(asked["municipality"]))
    if reports is None:
        return asked.assign(received=False, late=False)
    came = reports.rename(columns={"received": "received_on"}).assign(received=True)
    found = asked.merge(came, on=[*OWNER, "year"], how="left")
    days = pd.to_datetime(found["received_on"]) if "received_on" in found else pd.Series(pd.NaT, index=found.index)
    return found.assign(received=found["received"].notna(), late=days > pd.to_datetime(found["year"].map(due)))


def due(year: int) -> datetime.date:
    """Return the day by which the report on a year is due."""
    return datetime.date(year + 1, *DUE)


def reporting(expected: pd.DataFrame) -> pd.DataFrame:
    """Count the reports: `year`, `theme` ("all" too), `expected`, `received`, `share` (per cent), `late`, `missing`.

    Parameters
    ----------
    expected : of `expected_reports`.
    """
    rows = []
    for year in sorted(expected["year"].unique()):
        part = expected[expected["year"] == year]
        for theme, inside in [*part.groupby("theme", sort=False), ("all", part)]:
            count, came = len(inside), int(inside["received"].sum())
            row = {"year": int(year), "theme": theme, "expected": count, "received": came}
            row |= {"share": percent(came, count), "late": int(inside["late"].sum()), "missing": count - came}
            rows.append(row)
    return pd.DataFrame(rows, columns=["year", "theme", "expected", "received", "share", "late", "missing"])


def answers(expected: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the answers to the first three questions about the reports on a year.

    Returns
    -------
    DataFrame
        `theme`, `question` (of `QUESTIONS`), `judgement` (of `ANSWERS`; ``unanswered`` only where it occurs),
        `reports`, `expected` (reports due in the theme), `share` (per cent of those due).
    """
    rows = expected[expected["year"] == year]
    found = []
    for theme, part in rows.groupby("theme", sort=False):
        for question in QUESTIONS:
            told = part[question] if question in part else pd.Series(None, index=part.index, dtype="object")
            said = told.where(told.notna(), "unanswered").where(part["received"], "no_report")
            for answer in ANSWERS:
                count = int((said == answer).sum())
                about = {"theme": theme, "question": question, "judgement": answer, "reports": count}
                found.append(about | {"expected": len(part), "share": percent(count, len(part))})
    table = pd.DataFrame(found, columns=["theme", "question", "judgement", "reports", "expected", "share"])
    nobody = table.groupby("judgement")["reports"].transform("sum") == 0
    return table[~(nobody & (table["judgement"] == "unanswered"))].reset_index(drop=True)


def advice(expected: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return what should be strengthened, by the reports on a year.

    Returns
    -------
    DataFrame
        `theme`, `strengthen` (a code of the codebook, ``unanswered``), `reports`, `received` (reports that came, in the
        theme), `share` (per cent of those); the most frequent first.
    """
    rows = expected[(expected["year"] == year) & expected["received"]]
    columns = ["theme", "strengthen", "reports", "received", "share"]
    if rows.empty or "strengthen" not in rows:
        return pd.DataFrame(columns=columns)
    said = rows.assign(strengthen=rows["strengthen"].fillna("unanswered"))
    table = said.groupby(["theme", "strengthen"], sort=False)["year"].size().rename("reports").reset_index()
    table["received"] = table["theme"].map(rows.groupby("theme").size())
    table["share"] = 100 * table["reports"] / table["received"]
    order = {theme: place for place, theme in enumerate(dict.fromkeys(rows["theme"]))}
    table = table.assign(place=table["theme"].map(order))
    table = table.sort_values(["place", "reports", "strengthen"], ascending=[True, False, True], ignore_index=True)
    return table[columns]


def stated_figures(expected: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return how the reports on a year write their figure: `stated` (of `evaluation.sources.HOW`), `reports`, `share`.

    Exact, with words for "about", as a range, as a bound ("under 9"), in words no figure can be read from, or blank.
    """
    rows = expected[(expected["year"] == year) & expected["received"]]
    if rows.empty or "value_said" not in rows:
        return pd.DataFrame(columns=["stated", "reports", "share"])
    counts = amounts(rows["value_said"]).how.value_counts().reindex(list(HOW), fill_value=0)
    table = counts.rename_axis("stated").rename("reports").reset_index()
    return table.assign(share=100 * table["reports"] / len(rows))
