"""Who takes part, in what and since when, how participants differed before, and how complete the data are.

Counts of municipalities and projects are public facts; rates before the programme are sums of man-days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.sick_leave import rates, with_groups

if TYPE_CHECKING:
    from evaluation.study import Study

__all__ = [
    "GROUPS",
    "Account",
    "account",
    "before",
    "by_theme",
    "claims",
    "coverage",
    "milestone_labels",
    "milestones",
    "networks",
]


def __dir__() -> list[str]:
    return __all__


GROUPS = ("participants", "others")


@dataclass(frozen=True)
class Account:
    """The programme in numbers at the cut date.

    Attributes
    ----------
    country : municipalities of the register in the year of the division.
    municipalities : those with sick-leave figures.
    participants : those admitted to the programme.
    projects, joint : local projects, and those that several municipalities share.
    several_themes : participants that work on more than one theme.
    cases : deep-dive cases.
    earlier, earlier_others : participants that had been in an earlier programme, and others with sick-leave figures
        that had; None where the study tells of no earlier programme.
    conflicts : sourced claims about the programme that disagree.
    """

    country: int
    municipalities: int
    participants: int
    projects: int
    joint: int
    several_themes: int
    cases: int
    earlier: int | None
    earlier_others: int | None
    conflicts: int


def account(study: Study) -> Account:
    """Return the programme in numbers: a project and a municipality are counted each for itself."""
    programme, delivered = study.programme, study.sick_leave["municipality"].drop_duplicates()
    taking_part, before = programme.participants()["municipality"], programme.earlier_participants()
    others = delivered[~delivered.isin(taking_part)]
    themes = _by_municipality(study).groupby("municipality")["theme"].nunique()
    shared = programme.participation.groupby("project")["municipality"].nunique()
    return Account(
        country=len(study.register.valid(study.division)),
        municipalities=len(delivered),
        participants=len(taking_part),
        projects=programme.projects["project"].nunique(),
        joint=int((shared > 1).sum()),
        several_themes=int((themes > 1).sum()),
        cases=len(programme.all_cases()),
        earlier=int(taking_part.isin(before).sum()) if before else None,
        earlier_others=int(others.isin(before).sum()) if before else None,
        conflicts=len(programme.conflicts()),
    )


def by_theme(study: Study) -> pd.DataFrame:
    """Return municipalities, projects, networks and deep-dive cases by theme and intake.

    Returns
    -------
    DataFrame
        `theme`, `intake` ("all" for the whole theme), `municipalities`, `projects`, `networks`, `cases`. A municipality
        with several themes counts once in each; the rows "all" count every municipality once.
    """
    rows = _by_municipality(study)
    cases = study.programme.cases.merge(
        study.programme.projects[["project", "intake"]].drop_duplicates("project"), on="project"
    )
    found = []
    for theme in [*study.programme.themes, "all"]:
        of_theme = rows if theme == "all" else rows[rows["theme"] == theme]
        told = cases if theme == "all" else cases[cases["theme"] == theme]
        for intake in [*study.programme.intakes["intake"], "all"]:
            part = of_theme if intake == "all" else of_theme[of_theme["intake"] == intake]
            chosen = told if intake == "all" else told[told["intake"] == intake]
            found.append(
                {"theme": theme, "intake": intake}
                | {f"{what}s": part[what].nunique() for what in ("project", "network")}
                | {"municipalities": part["municipality"].nunique(), "cases": len(chosen)}
            )
    return pd.DataFrame(found)[["theme", "intake", "municipalities", "projects", "networks", "cases"]]


def networks(study: Study) -> pd.DataFrame:
    """Return the networks: `name`, `theme`, `municipalities`, `projects`, `gatherings`, `last_gathering` (date)."""
    programme = study.programme
    rows = (
        _by_municipality(study)
        .groupby("network")
        .agg(municipalities=("municipality", "nunique"), projects=("project", "nunique"))
    )
    held = programme.gatherings.groupby("network")["date"].agg(["size", "max"])
    table = programme.networks.set_index("network").join(rows).join(held)
    table = table.rename(columns={"size": "gatherings", "max": "last_gathering"})
    counts = ["municipalities", "projects", "gatherings"]
    table[counts] = table[counts].fillna(0).astype("int64")
    shown = table[["name", "theme", *counts, "last_gathering"]]
    # Network 2 before network 10.
    return shown.sort_values(
        ["theme", "name"],
        key=lambda names: names.astype("str").str.replace(r"\d+", lambda found: found[0].zfill(6), regex=True),
        ignore_index=True,
    )


def milestones(study: Study) -> pd.DataFrame:
    """Return the course of the programme for a timeline: `what` (see `milestone_labels`), `start`, `end` (dates).

    For each intake the time from application to admission, the project work up to the cut date (or the programme's
    end, if earlier), and every network gathering held by then, as a day without an end.
    """
    programme = study.programme
    end = min(study.as_of, programme.end)
    rows: list[tuple[str, date, date | None]] = []
    held = programme.gatherings.merge(programme.projects[["network", "intake"]].drop_duplicates(), on="network")
    for intake in programme.intakes.itertuples():
        applied, admitted, started = (_day(getattr(intake, step)) for step in ("applied", "admitted", "started"))
        rows.append((f"selection_{intake.intake}", applied, admitted))
        if started <= end:
            rows.append((f"work_{intake.intake}", started, end))
        days = sorted({_day(found) for found in held.loc[held["intake"] == intake.intake, "date"]})
        rows += [(f"gathering_{intake.intake}", day, None) for day in days]
    table = pd.DataFrame(rows, columns=["what", "start", "end"])
    return table.assign(start=pd.to_datetime(table["start"]), end=pd.to_datetime(table["end"]))


def milestone_labels(study: Study) -> dict[str, dict[str, str]]:
    """Return what each kind of milestone is called, by intake, in three languages."""
    kinds = {
        "selection": {"nb": "søknad og opptak", "nn": "søknad og opptak", "en": "application and admission"},
        "work": {"nb": "lokalt arbeid", "nn": "lokalt arbeid", "en": "local work"},
        "gathering": {"nb": "nettverkssamlinger", "nn": "nettverkssamlingar", "en": "network gatherings"},
    }
    return {
        f"{kind}_{intake}": {language: f"{label[language]}: {text[language]}" for language in ("nb", "nn", "en")}
        for intake, label in study.programme.intake_labels.items()
        for kind, text in kinds.items()
    }


def before(study: Study, year: int) -> pd.DataFrame:
    """Return how participants and others differed in a year before the programme.

    Parameters
    ----------
    study : the study.
    year : a year with sick-leave data for which no project had started.

    Returns
    -------
    DataFrame
        One row per group (`participants`, `others`): `municipalities` (those with figures in the year, of which all the
        rest is told), `population` (median), `man_years`, `lost_days`, `agreed_days` and `rate` (percent) as in
        `sick_leave.rates`, `earlier` (percent of the municipalities that had been in an earlier programme; missing
        where the study tells of none).

    Raises
    ------
    InputError
        The year has no data, or projects had started.
    """
    known = sorted(study.sick_leave["quarter"].dt.year.unique())
    first = min((period.year for period in study.programme.first_treated()), default=known[-1] + 1)
    if year not in known or year >= first:
        remedy = f"Choose one of {', '.join(str(y) for y in known if y < first)}"
        raise InputError(Problem("Not a year before the programme with sick-leave data", remedy, value=year))
    days = with_groups(study)
    days = days[days["quarter"].dt.year == year]
    sums = rates(days, by=["group"]).set_index("group")
    units = study.municipalities[study.municipalities["municipality"].isin(days["municipality"])]
    units = units.groupby("group", observed=True).agg(
        municipalities=("municipality", "size"), population=("population", "median"), earlier=("earlier", "mean")
    )
    table = units.join(sums[["lost_days", "agreed_days", "rate", "man_years"]]).reindex(list(GROUPS))
    table["earlier"] = 100 * table["earlier"] if len(study.programme.earlier) else float("nan")
    return table.rename_axis("group").reset_index()


def coverage(study: Study) -> pd.DataFrame:
    """Return how many municipalities delivered sick-leave data, by quarter and group.

    Returns
    -------
    DataFrame
        `quarter`, `group`, `municipalities` (those asked: all participants, and others with figures in some quarter),
        `delivered` (with complete data), `share` (percent).
    """
    units = study.municipalities[["municipality", "group"]]
    asked = units["municipality"].isin(study.sick_leave["municipality"].unique()) | (units["group"] == "participants")
    units = units[asked]
    present = study.sick_leave[["municipality", "quarter"]].drop_duplicates().merge(units, on="municipality")
    delivered = present.groupby(["quarter", "group"], observed=True).size().rename("delivered")
    quarters = pd.period_range(study.sick_leave["quarter"].min(), study.sick_leave["quarter"].max(), freq="Q-DEC")
    grid = pd.MultiIndex.from_product([quarters, GROUPS], names=["quarter", "group"])
    table = delivered.reindex(grid, fill_value=0).reset_index()
    table["municipalities"] = table["group"].map(units["group"].value_counts())
    table["share"] = 100 * table["delivered"] / table["municipalities"]
    return table[["quarter", "group", "municipalities", "delivered", "share"]]


def claims(study: Study) -> pd.DataFrame:
    """Return the sourced claims about the programme: `key`, `value`, `source`, `conflict` (the sources disagree)."""
    facts = study.programme.facts
    table = facts.assign(conflict=facts["status"].str.contains("conflict"))
    return table[["key", "value", "source", "conflict"]].reset_index(drop=True)


def _by_municipality(study: Study) -> pd.DataFrame:
    """One row per municipality, project and theme, with intake and network."""
    return study.programme.participation.merge(study.programme.projects, on="project")


def _day(moment: date) -> date:
    stamp = pd.Timestamp(moment)
    return date(stamp.year, stamp.month, stamp.day)
