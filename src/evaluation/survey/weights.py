"""Weights for non-response: those who answered stand for those of their kind who did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.survey.items import ANSWERED

FEWEST, LARGEST = 10, 3.0


@dataclass(frozen=True, eq=False)
class Weights:
    """Non-response weights and what they cost.

    Attributes
    ----------
    weight : Series
        By the rows of the answers: how many of those drawn (of the population, if it was given) a respondent stands
        for; missing for those who did not answer.
    design_effect : float
        Kish's, over all respondents: by how much unequal weights multiply the variance of a mean.
    groups : DataFrame
        `within` columns, `drawn`, `answered` (persons), `classes` (after collapsing), `collapsed` (cells joined to
        another because they had too few answers), `trimmed` (respondents whose weight met the bound), `design_effect`.
    fewest : int
        Answers that a class must have.
    largest : float
        The bound: times the mean weight of the group.
    """

    weight: pd.Series
    design_effect: float
    groups: pd.DataFrame
    fewest: int
    largest: float

    def __repr__(self) -> str:
        sums = self.groups[["drawn", "answered", "classes", "collapsed", "trimmed"]].sum()
        return (
            f"Weights({sums['answered']} answers of {sums['drawn']} drawn; {sums['classes']} classes of at least "
            f"{self.fewest} answers, {sums['collapsed']} cells collapsed; {sums['trimmed']} trimmed at "
            f"{self.largest:g} times the mean; design effect {self.design_effect:.3f})"
        )


def design_effect(weights: pd.Series) -> float:
    """Return Kish's design effect of unequal weights, n x sum of squares / squared sum; missing weights are left out.

    References
    ----------
    Kish, L. (1965). Survey Sampling, section 11.7. Wiley.
    """
    known = weights.dropna().to_numpy(dtype=float)
    return float(len(known) * (known**2).sum() / known.sum() ** 2) if known.sum() > 0 else float("nan")


def weights(
    answers: pd.DataFrame,
    *,
    cells: Sequence[str] = ("sex", "age"),
    within: Sequence[str] = ("municipality", "year"),
    population: pd.DataFrame | None = None,
    fewest: int = FEWEST,
    largest: float = LARGEST,
) -> Weights:
    """Weigh those who answered by weighting classes: drawn / answered in each cell of each group.

    What the weights mend is that kinds of people answer less; within a cell those who answered are taken to be like
    those who did not. A cell with fewer than `fewest` answers is joined to the neighbouring cell, one that differs in
    the last of `cells` only if there is one, and has the fewest answers.

    Parameters
    ----------
    answers : DataFrame
        Everybody drawn, one row a person, with `status`, `cells` and `within`.
    cells : sequence of str
        What was known of everybody drawn; the values of each are ordered as they sort.
    within : sequence of str
        Groups that are weighted by themselves.
    population : DataFrame, optional
        `within`, `cells` and `persons`: the people of each cell, to stand in the place of those drawn. Every cell with
        somebody drawn must be there.
    fewest : int
        Answers that a class must have.
    largest : float
        Weights are trimmed at so many times the mean of their group (more than 1), and what is cut off is laid on the
        others.

    Returns
    -------
    Weights
        Within a group the weights add up to those drawn (to the population, if given).

    References
    ----------
    Kalton, G. and Flores-Cervantes, I. (2003). Weighting methods. Journal of Official Statistics 19(2), 81-97.
    """
    cells, within = list(cells), list(within)
    _check(answers, cells, within, population, fewest, largest)
    used = answers[[*within, *cells]].assign(answered=answers["status"].isin(ANSWERED).astype(int), drawn=1)
    table = used.groupby([*within, *cells], observed=True)[["drawn", "answered"]].sum().reset_index()
    table["target"] = table["drawn"].astype(float) if population is None else _persons(table, cells, within, population)
    parts, rows = [], []
    for key, group in table.groupby(within, observed=True, sort=True):
        joined = _classes(group, cells, fewest)
        sums = group.groupby(joined)[["target", "answered"]].sum()
        ratio = (sums["target"] / sums["answered"].where(sums["answered"] > 0)).loc[joined].to_numpy()
        weight, cut = _trimmed(ratio, group["answered"].to_numpy(), largest)
        parts.append(group.assign(weight=weight))
        each = np.repeat(weight, group["answered"].to_numpy())
        told = [int(group["drawn"].sum()), int(group["answered"].sum()), len(sums), len(group) - len(sums), cut]
        rows.append([*key, *told, design_effect(pd.Series(each))])
    looked_up = used.merge(pd.concat(parts)[[*within, *cells, "weight"]], on=[*within, *cells], how="left")
    values = pd.Series(looked_up["weight"].to_numpy(), index=answers.index, name="weight")
    values = values.where(used["answered"] == 1)
    columns = [*within, "drawn", "answered", "classes", "collapsed", "trimmed", "design_effect"]
    return Weights(values, design_effect(values), pd.DataFrame(rows, columns=columns), fewest, largest)


def _classes(group: pd.DataFrame, cells: list[str], fewest: int) -> np.ndarray:
    """Return the class of each cell (a number), joined until each class has enough answers or one class is left."""
    outer = group[cells[:-1]].astype("str").agg("|".join, axis=1).to_numpy() if len(cells) > 1 else np.zeros(len(group))
    classes = [[place] for place in range(len(group))]
    counts = group["answered"].to_numpy()

    def size(one: list[int]) -> int:
        return int(counts[one].sum())

    while len(classes) > 1 and min(map(size, classes)) < fewest:
        small = min(range(len(classes)), key=lambda number: size(classes[number]))
        beside = [number for number in (small - 1, small + 1) if 0 <= number < len(classes)]
        other = min(
            beside, key=lambda number: (outer[classes[number][0]] != outer[classes[small][0]], size(classes[number]))
        )
        first = min(small, other)
        classes[first : first + 2] = [classes[first] + classes[first + 1]]
    number_of = {place: number for number, one in enumerate(classes) for place in one}
    return np.array([number_of[place] for place in range(len(group))])


def _trimmed(weight: np.ndarray, answered: np.ndarray, largest: float) -> tuple[np.ndarray, int]:
    """Cut weights at `largest` times the mean and lay the rest on the others; return also how many were cut."""
    if answered.sum() == 0:
        return weight, 0
    bound = largest * (np.where(answered > 0, weight, 0.0) * answered).sum() / answered.sum()
    cut = np.zeros(len(weight), dtype=bool)
    weight = weight.copy()
    while (over := (weight > bound * (1 + 1e-12)) & (answered > 0) & ~cut).any():
        cut |= over
        excess = ((weight - bound)[over] * answered[over]).sum()
        weight[over] = bound
        free = ~cut & (answered > 0)
        weight[free] *= 1 + excess / (weight[free] * answered[free]).sum()
    return weight, int(answered[cut].sum())


def _persons(table: pd.DataFrame, cells: list[str], within: list[str], population: pd.DataFrame) -> np.ndarray:
    on = [*within, *cells]
    people = population.groupby(on, observed=True)["persons"].sum().reset_index()
    found = table[on].merge(people, on=on, how="left")
    absent = found[found["persons"].isna()]
    if len(absent):
        remedy = "Give `persons` for every cell that somebody was drawn from"
        raise InputError(
            Problem("The population lacks a cell", remedy, value=tuple(row)) for row in absent[on].to_numpy()
        )
    return found["persons"].to_numpy(dtype=float)


def _check(
    answers: pd.DataFrame,
    cells: list[str],
    within: list[str],
    population: pd.DataFrame | None,
    fewest: int,
    largest: float,
) -> None:
    problems = [
        Problem("The answers have no such column", "Use columns known of everybody drawn", column=name)
        for name in dict.fromkeys([*within, *cells, "status"])
        if name not in answers
    ]
    problems += [
        Problem("It is not known of everybody drawn", "Fill it in, or leave the column out", column=name)
        for name in [*within, *cells]
        if name in answers and answers[name].isna().any()
    ]
    if population is not None:
        problems += [
            Problem("The population has no such column", "Give `within`, `cells` and `persons`", column=name)
            for name in [*within, *cells, "persons"]
            if name not in population
        ]
    for name, value in (("cells", cells), ("within", within)):
        if not value:
            problems.append(Problem(f"`{name}` is empty", "Name at least one column", column=name))
    if answers.empty:
        problems.append(Problem("Nobody was drawn", "Choose a later `as_of`, or leave the weights out"))
    if fewest < 1:
        problems.append(Problem("A class needs at least one answer", "Give `fewest` of 1 or more", value=fewest))
    if not largest > 1:
        problems.append(Problem("The bound must be above the mean", "Give `largest` above 1", value=largest))
    if problems:
        raise InputError(problems)
