"""The items of a survey, turned the same way, and the index of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem

if TYPE_CHECKING:
    from evaluation.study import Study

SURVEYS = ("reputation", "survey")
SCALE = (1, 5)
"""The lowest and the highest answer to an item."""

ANSWERED = ("answered", "partly")
"""The statuses of those who answered, wholly or in part."""


def items(study: Study, which: str) -> pd.DataFrame:
    """Return the items of a survey, in the order of the codebook.

    Parameters
    ----------
    study : Study
    which : {"reputation", "survey"}
        The survey of inhabitants, or that of the parties in the projects.

    Returns
    -------
    DataFrame
        `item` (a column of the survey's table), `group` (the index it belongs to), `better` ("higher" or "lower";
        missing where the codebook does not say), `nb`, `nn`, `en` (its words). Only items that the table has.

    Raises
    ------
    InputError
        If there is no such survey, or the study lacks it or the codebook.
    """
    if which not in SURVEYS:
        raise InputError(Problem("Unknown survey", f"Choose one of: {', '.join(SURVEYS)}", value=which))
    listed = study.codebook
    asked = listed[(listed["list"] == which) & listed["code"].isin(getattr(study, which).columns)]
    better = asked["better"] if "better" in asked else pd.Series(None, index=asked.index, dtype="object")
    asked = asked.assign(better=better).rename(columns={"code": "item"})
    return asked[["item", "group", "better", "nb", "nn", "en"]].reset_index(drop=True)


def turned(answers: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Return a copy of `answers` in which higher is better for every item: those with better "lower" are 6 - x.

    Raises
    ------
    InputError
        If an item is not a column of `answers`, or it is not said which way is better.
    """
    problems = [
        Problem("The answers have no such item", "Use `survey.items` of the same study", column=str(item))
        for item in items["item"]
        if item not in answers
    ]
    problems += [
        Problem("It is not said which way is better", "Fill in `better` in the codebook", column=str(row.item))
        for row in items.itertuples()
        if row.better not in ("higher", "lower")
    ]
    if not len(items):
        problems.append(Problem("There are no items", "Choose a group that the survey has"))
    if problems:
        raise InputError(problems)
    lower = list(items.loc[items["better"] == "lower", "item"])
    return answers.assign(**{item: sum(SCALE) - answers[item] for item in lower})


def index(answers: pd.DataFrame, items: pd.DataFrame, *, at_least: float = 0.5) -> pd.Series:
    """Return each respondent's mean of the turned items, from 1 to 5; missing where too few are answered.

    Parameters
    ----------
    answers : DataFrame
        One row a person.
    items : DataFrame
        As of `items`; take one group's rows for the index of that group.
    at_least : float
        Share of the items (above 0, at most 1) that must be answered.
    """
    if not 0 < at_least <= 1:
        raise InputError(Problem("`at_least` is no share", "Give more than 0 and at most 1", value=at_least))
    values = turned(answers, items)[list(items["item"])]
    enough = values.notna().sum(axis=1) >= at_least * len(items)
    return values.mean(axis=1).where(enough).rename("index")


def answer_shares(answers: pd.DataFrame, items: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return how each item was answered, as it was asked (not turned), by group.

    Returns
    -------
    DataFrame
        *`by`, `item`, `answer` (1 to 5; every one of them), `persons`, `respondents` (who answered the item), `share`
        (per cent of them).
    """
    by = [by] if isinstance(by, str) else list(by)
    long = answers.melt(id_vars=by, value_vars=list(items["item"]), var_name="item", value_name="answer")
    counts = long.dropna(subset="answer").groupby([*by, "item", "answer"], observed=True).size().rename("persons")
    groups = counts.reset_index()[[*by, "item"]].drop_duplicates()
    levels = pd.DataFrame({"answer": np.arange(SCALE[0], SCALE[1] + 1, dtype=float)})
    rows = groups.merge(levels, how="cross").merge(counts.reset_index(), on=[*by, "item", "answer"], how="left")
    rows = rows.fillna({"persons": 0}).astype({"answer": int, "persons": int})
    respondents = rows.groupby([*by, "item"], observed=True)["persons"].transform("sum")
    order = rows["item"].map({item: place for place, item in enumerate(items["item"])})
    rows = rows.assign(respondents=respondents, share=100 * rows["persons"] / respondents, order=order)
    return rows.sort_values([*by, "order", "answer"], ignore_index=True).drop(columns="order")
