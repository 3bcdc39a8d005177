"""The survey of the parties as indices: of each person, and of each municipality."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evaluation import survey
from evaluation.errors import InputError, Problem

if TYPE_CHECKING:
    from evaluation.study import Study

WHICH = "survey"
FEWEST = 2
"""Answers a municipality needs for an index of its own; the index is never shown, only used to compare groups."""


def groups(study: Study) -> list[str]:
    """Return the indices the survey asks for (the codebook's groups of items), in the order of the codebook."""
    return list(dict.fromkeys(survey.items(study, WHICH)["group"].dropna().astype(str)))


def scores(study: Study) -> pd.DataFrame:
    """Return everybody who answered, with the mean of each group's items, turned so that higher is better.

    Returns
    -------
    DataFrame
        `municipality`, `year`, `respondent`, `role`, and a column for each of `groups` (1 to 5; missing if fewer than
        half of its items are answered).
    """
    asked = survey.items(study, WHICH)
    answered = study.survey[study.survey["status"].isin(survey.ANSWERED)].reset_index(drop=True)
    found = answered[["municipality", "year", "respondent", "role"]].copy()
    for group in groups(study):
        found[group] = survey.index(answered, asked[asked["group"] == group])
    return found


def answers(study: Study, year: int) -> pd.DataFrame:
    """Return everybody who answered in a wave, wholly or in part, as in the study's survey."""
    wave = study.survey[study.survey["year"] == year]
    return wave[wave["status"].isin(survey.ANSWERED)].reset_index(drop=True)


def judged(study: Study, year: int) -> pd.DataFrame:
    """Return how many answered each item on the better side in a wave, best judged first.

    Returns
    -------
    DataFrame
        `item`, `index` (it belongs to), `nb`, `nn`, `en` (its words), `share` (per cent of those who answered it, with
        4 or 5 after items whose better way is down are turned), `low`, `high` (clustered on municipality; as of
        `survey.means`), `respondents`, `municipalities`.
    """
    asked = survey.items(study, WHICH)
    turned = survey.turned(answers(study, year), asked)
    rows = []
    for item in asked["item"]:
        side = 100.0 * (turned[item] > sum(survey.SCALE) / 2).where(turned[item].notna())
        told = survey.means(turned.assign(share=side), "share").rename(columns={"mean": "share"})
        rows.append(told.assign(item=item))
    found = asked[["item", "group", "nb", "nn", "en"]].merge(pd.concat(rows), on="item")
    found = found.drop(columns="standard_error").rename(columns={"group": "index"})
    return found.sort_values("share", ascending=False, ignore_index=True)


def role_adjusted(scores: pd.DataFrame, group: str) -> pd.Series:
    """Return each person's index less the mean of their role in that wave, plus the wave's mean.

    Roles answer on different levels and not everybody answers, so that a municipality would otherwise seem to cooperate
    well because its project leader answered and its union representative did not.
    """
    _require(scores, group)
    values = scores[group]
    wave = values.groupby(scores["year"])
    return values - values.groupby([scores["year"], scores["role"]]).transform("mean") + wave.transform("mean")


def municipal(scores: pd.DataFrame, group: str, *, year: int | None = None, fewest: int = FEWEST) -> pd.DataFrame:
    """Return the index of each municipality: the mean of its people, adjusted for role.

    Parameters
    ----------
    scores : DataFrame
        Of `scores`.
    group : str
        One of its indices.
    year : int, optional
        One wave; all waves together by default.
    fewest : int
        Municipalities with fewer answers are left out.

    Returns
    -------
    DataFrame
        `municipality`, `respondents`, `value` (1 to 5), `standardised` (standard deviations from the mean of the
        municipalities), `half` ("high" at or above the median municipality, otherwise "low"). To compare groups with,
        not to be shown.
    """
    _require(scores, group)
    waves = sorted(int(one) for one in scores["year"].unique())
    if year is not None and year not in waves:
        listed = ", ".join(map(str, waves)) or "none"
        raise InputError(Problem("The survey has no such wave", f"It has: {listed}", column="year", value=year))
    used = scores if year is None else scores[scores["year"] == year]
    adjusted = used.assign(value=role_adjusted(used, group)).dropna(subset="value")
    found = adjusted.groupby("municipality")["value"].agg(respondents="size", value="mean").reset_index()
    found = found[found["respondents"] >= fewest].reset_index(drop=True)
    spread = found["value"].std(ddof=1)
    centred = found["value"] - found["value"].mean()
    found["standardised"] = centred / spread if spread > 0 else float("nan")
    found["half"] = (found["value"] >= found["value"].median()).map({True: "high", False: "low"})
    return found


def _require(scores: pd.DataFrame, group: str) -> None:
    known = [name for name in scores if name not in ("municipality", "year", "respondent", "role")]
    if group not in known:
        remedy = f"Choose one of: {', '.join(map(str, known))}"
        raise InputError(Problem("The survey has no such index", remedy, value=group))
