"""The survey of inhabitants, wave by wave: each person's index and weight, each municipality's mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evaluation import survey
from evaluation.errors import InputError, Problem
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.study import Study

GROUPS = ("participants", "other_themes", "others")
"""Participants in the theme, participants in other themes only, and those who never took part in the programme."""

CELLS = ("sex", "age")


@dataclass(frozen=True, eq=False)
class Measured:
    """Everybody drawn, with the index and weight of those who answered.

    Attributes
    ----------
    data : DataFrame
        `municipality`, `group` (of `GROUPS`), `year`, `respondent`, `sex`, `age`, `status`, the items as answered,
        `index` (1 to 5; missing where too few items are answered) and `weight` (missing with it).
    items : DataFrame
        As of `survey.items`.
    weights : survey.Weights or None
        How the weights were made; None if nobody was asked yet.
    years : tuple of int
        The waves.
    theme : str
    """

    data: pd.DataFrame
    items: pd.DataFrame
    weights: survey.Weights | None
    years: tuple[int, ...]
    theme: str

    @property
    def answers(self) -> pd.DataFrame:
        """The rows with an index."""
        return self.data.dropna(subset="index").reset_index(drop=True)

    def __repr__(self) -> str:
        return (
            f"Measured(theme={self.theme}, waves {', '.join(map(str, self.years)) or 'none'}: {len(self.data)} drawn, "
            f"{self.data['index'].notna().sum()} with an index of {len(self.items)} items)\n{self.weights}"
        )


@dataclass(frozen=True, eq=False)
class Panel(Described):
    """The surveyed municipalities' mean index by wave.

    Attributes
    ----------
    data : DataFrame
        `municipality`, `group`, `year`, `period` (the number of the wave, from 1), `index` (mean, 1 to 5),
        `standard_error` (from who answered, in points), `answers`, `first_treated` (the number of the first wave after
        the start in the theme; 0 for never), `earlier` (in a predecessor programme), `both_sides` (whether it has a
        wave both before and after the start; for others, before and after the first start of all).
    years : tuple of int
        The waves.
    weighted : bool
        Whether the means are weighted for non-response.
    theme : str
    """

    data: pd.DataFrame
    years: tuple[int, ...]
    weighted: bool
    theme: str

    @property
    def account(self) -> pd.DataFrame:
        """By `group` and `year`: `municipalities`, those with a wave on `both_sides` of the start, and `answers`."""
        rows = self.data.groupby(["group", "year"]).agg(
            municipalities=("municipality", "nunique"), both_sides=("both_sides", "sum"), answers=("answers", "sum")
        )
        return rows.reset_index()


def measured(
    study: Study,
    *,
    theme: str = "reputation",
    at_least: float = 0.5,
    fewest: int = 10,
    largest: float = 3.0,
) -> Measured:
    """Compute the reputation index and the non-response weight of everybody who answered.

    Who broke off before `at_least` of the items were answered counts as not answering: the others of the same sex and
    age in the municipality stand for them.

    Parameters
    ----------
    study : Study
    theme : str
        The theme whose participants are followed.
    at_least : float
        As in `survey.index`.
    fewest, largest
        As in `survey.weights`; classes by sex and age within municipality and wave.

    Raises
    ------
    InputError
        If the theme is unknown, or the study lacks the survey or the codebook.
    """
    themes = study.programme.themes
    if theme not in themes:
        raise InputError(Problem("Unknown theme", f"Choose one of: {', '.join(themes)}", value=theme))
    asked = survey.items(study, "reputation")
    drawn = study.reputation
    mine = set(study.programme.participants(theme)["municipality"])
    about = study.municipalities.set_index("municipality")["group"]
    group = drawn["municipality"].map(about).map({"participants": "other_themes", "others": "others"})
    group = group.mask(drawn["municipality"].isin(mine), "participants").astype("str")
    data = drawn.assign(group=pd.Categorical(group, categories=list(GROUPS), ordered=True))
    if drawn.empty or not len(asked):
        return Measured(data.assign(index=float("nan"), weight=float("nan")), asked, None, (), theme)
    data["index"] = survey.index(data, asked, at_least=at_least)
    usable = data.assign(status=data["status"].mask(data["index"].isna(), "not_answered"))
    made = survey.weights(usable, cells=CELLS, within=["municipality", "year"], fewest=fewest, largest=largest)
    years = tuple(sorted(int(year) for year in data["year"].unique()))
    return Measured(data.assign(weight=made.weight), asked, made, years, theme)


def panel(study: Study, found: Measured, *, weighted: bool = True) -> Panel:
    """Return the municipalities' mean index by wave.

    The survey of a year counts as taken at its end, so a municipality is treated from the wave of the year it started
    in. Its mean is that of its inhabitants as drawn (weighted) or of those who answered.
    """
    answers = found.answers.assign(one=1.0)
    means = survey.means(
        answers.assign(person=range(len(answers))),
        "index",
        by=["municipality", "group", "year"],
        weights="weight" if weighted else "one",
        cluster="person",
    )
    started = study.programme.first_treated(found.theme)
    number = {year: place for place, year in enumerate(found.years, start=1)}
    first = {
        code: next((number[year] for year in found.years if year >= start.year), len(number) + 1)
        for code, start in started.items()
    }
    earlier = study.programme.earlier_participants()
    data = means.rename(columns={"mean": "index", "respondents": "answers"})
    data = data.assign(
        period=data["year"].map(number).astype("int64"),
        first_treated=data["municipality"].map(first).fillna(0).astype("int64"),
        earlier=data["municipality"].isin(earlier),
    )
    data["both_sides"] = _both_sides(data)
    columns = ["municipality", "group", "year", "period", "index", "standard_error", "answers", "first_treated"]
    return Panel(data[[*columns, "earlier", "both_sides"]], found.years, weighted, found.theme)


def _both_sides(data: pd.DataFrame) -> pd.Series:
    own = data["first_treated"]
    start = own.where(own > 0, own[own > 0].min())
    before = (data["period"] < start).groupby(data["municipality"]).transform("any")
    after = (data["period"] >= start).groupby(data["municipality"]).transform("any")
    return before & after
