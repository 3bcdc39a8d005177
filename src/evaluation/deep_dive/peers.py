"""Which case is meant, and whom it is fair to compare it with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.deep_dive.notes import Note
from evaluation.errors import InputError, Problem
from evaluation.programme import Case

if TYPE_CHECKING:
    from evaluation.study import Study

STEPS = {
    "kostra_group": ("kostra_group", "population", "country"),
    "neighbours": ("neighbours", "population", "country"),
    "county": ("county", "population", "country"),
    "population": ("population", "country"),
    "country": ("country",),
}
"""The order in which the circle of peers is widened, by the rule asked for."""


def find_case(study: Study, everyone: pd.DataFrame, name: str) -> Case:
    """Return the case meant by an identifier, or a case made of the municipality meant by a code or name.

    Raises
    ------
    InputError
        Neither; near names, or the municipalities that share the name, are listed.
    """
    programme = study.programme
    known = list(programme.cases["case"])
    if name in known:
        found = programme.case(name)
        absent = sorted(set(found.municipalities) - set(everyone["municipality"]))
        if absent:
            remedy = "Deliver their data, or leave the case out"
            raise InputError(
                Problem("A municipality of the case is not in the study", remedy, value=code) for code in absent
            )
        return found
    code = _municipality(study, everyone, name, known)
    row = everyone.set_index("municipality").loc[code]
    projects = programme.participation.loc[programme.participation["municipality"] == code, "project"]
    mine = programme.projects[programme.projects["project"].isin(projects)]
    listed = programme.participants()
    started = listed.loc[listed["municipality"] == code, "started"].dropna()
    return Case(
        case=code,
        title=dict.fromkeys(("nb", "nn", "en"), str(row["name"])),
        theme=", ".join(theme for theme in programme.themes if theme in set(mine["theme"])),
        project=", ".join(sorted(mine["project"].unique())),
        municipalities=(code,),
        network=", ".join(sorted(mine["network"].dropna().unique())) or None,
        started=started.iloc[0] if len(started) else None,
        wave=0,
    )


def _municipality(study: Study, everyone: pd.DataFrame, name: str, cases: Sequence[str]) -> str:
    """Return the code in the study's division of a municipality given by code or name, retired ones followed."""
    given = pd.Series([name], dtype="object")
    try:
        code = str(study.register.resolve(given, year=study.division).iloc[0])
    except InputError as wrong:
        try:
            retired = str(study.register.resolve(given).iloc[0])
        except InputError:
            near = get_close_matches(str(name), list(cases), n=3)
            cases_told = (
                f"Cases near it: {', '.join(near)}. " if near else f"The cases are {', '.join(cases) or 'none'}. "
            )
            raise InputError(
                Problem(f"No deep-dive case, and {problem.what}", cases_told + problem.remedy, value=name)
                for problem in wrong.problems
            ) from wrong
        code = study.register.successor(retired, division=study.division)
    if code not in set(everyone["municipality"]):
        raise InputError(
            Problem("The municipality has no data in the study", "Choose another, or deliver them", value=name)
        )
    return code


def choose_peers(
    study: Study,
    everyone: pd.DataFrame,
    case: Case,
    rule: str | Sequence[str],
    minimum: int,
    exclude_earlier: bool,
    near: Collection[str] = (),
) -> tuple[pd.DataFrame, list[Note]]:
    """Return the municipalities outside the programme that the case is compared with, and remarks on the choice.

    The circle is widened step by step, in the order of `STEPS`, until it holds `minimum` municipalities. `near` are the
    codes of the nearest neighbours.
    """
    members = everyone["municipality"].isin(case.municipalities)
    pool = outside(everyone, case, exclude_earlier)
    columns = ["municipality", "name", "county", "kostra_group", "population"]
    if not isinstance(rule, str):
        return _chosen(study, pool, rule)[columns].assign(step="chosen"), []
    if rule not in STEPS:
        meant = get_close_matches(rule, list(STEPS), n=1)
        remedy = (f"Did you mean {meant[0]!r}? " if meant else "") + f"Choose one of {', '.join(STEPS)}, or list codes"
        raise InputError(Problem("Unknown rule for peers", remedy, value=rule))
    mine, notes = everyone[members], []
    unknown = mine["kostra_group"].isna()
    if rule == "kostra_group" and unknown.any():
        notes.append(Note("group_unknown", {"names": sorted(mine.loc[unknown, "name"])}))
    step = pd.Series(pd.NA, index=pool.index, dtype="object")
    for place, name in enumerate(STEPS[rule]):
        step = step.where(step.notna() | ~alike(pool, mine, name, near), name)
        found = int(step.notna().sum())
        if place:
            notes.append(Note(f"widened_to_{name}", {"minimum": minimum, "found": found}))
        if found >= minimum:
            break
    if not found:
        what = "No municipality outside the programme can be compared with the case"
        remedy = (
            "Allow those of earlier programmes" if exclude_earlier else "Deliver data for some that did not take part"
        )
        raise InputError(Problem(what, remedy, value=case.case))
    if found < minimum:
        notes.append(Note("few_peers", {"minimum": minimum, "found": found}))
    chosen = pool.assign(step=step.astype("str"))[step.notna()]
    return chosen[[*columns, "step"]].sort_values("municipality", ignore_index=True), notes


def outside(everyone: pd.DataFrame, case: Case, exclude_earlier: bool) -> pd.DataFrame:
    """Return the municipalities outside the programme, and if asked outside its predecessors, but not the case's."""
    pool = everyone[(everyone["group"] == "others") & ~everyone["municipality"].isin(case.municipalities)]
    return pool[~pool["earlier"].astype(bool)] if exclude_earlier else pool


def alike(pool: pd.DataFrame, mine: pd.DataFrame, step: str, near: Collection[str]) -> pd.Series:
    """Mark the municipalities of the pool that a step lets in."""
    if step == "neighbours":
        return pool["municipality"].isin(set(near))
    if step == "country":
        return pd.Series(True, index=pool.index)
    if step == "population":
        least, most = mine["population"].min() / 2, mine["population"].max() * 2
        return pool["population"].between(least, most)
    return pool[step].notna() & pool[step].isin(mine[step].dropna())


def _chosen(study: Study, pool: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    wanted = study.register.resolve(pd.Series(list(codes), dtype="object"), year=study.division)
    wrong = [code for code in wanted if code not in set(pool["municipality"])]
    if wrong or not len(wanted):
        remedy = "Choose municipalities of the study that never took part"
        problems = [
            Problem("This peer took part in the programme, is the case, or has no data", remedy, value=c) for c in wrong
        ]
        raise InputError(problems or [Problem("The list of peers is empty", remedy)])
    return pool[pool["municipality"].isin(set(wanted))].sort_values("municipality", ignore_index=True)
