"""How reliably the answers of a municipality place it among the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem


@dataclass(frozen=True)
class Placement:
    """The spread among municipalities against that among the people of one.

    Attributes
    ----------
    between, within : float
        Standard deviation of the municipalities' true means and of people in one municipality, in the index's points.
    icc, low, high : float
        Share of the variance between people that lies between municipalities (ICC(1)), with Searle's interval at
        `level` (exact if municipalities have equally many answers).
    reliability : float
        Of the municipalities' means, with the answers they have (ICC(2)).
    answers : float
        Answers of a typical municipality (the mean that ICC is computed with).
    respondents, municipalities : int
    design_effect : float
        Of weights: so many answers count as one.
    """

    between: float
    within: float
    icc: float
    low: float
    high: float
    reliability: float
    answers: float
    respondents: int
    municipalities: int
    design_effect: float = 1.0
    level: float = 0.95

    def reliability_of(self, answers: float) -> float:
        """Return the reliability of the mean of so many answers (Spearman-Brown)."""
        effective = answers / self.design_effect
        return effective * self.icc / (1 + (effective - 1) * self.icc)

    def answers_for(self, reliability: float) -> float:
        """Return how many answers make a mean this reliable (infinite if municipalities are alike)."""
        if not 0 < reliability < 1:
            raise InputError(Problem("No such reliability", "Give more than 0 and less than 1", value=reliability))
        if self.icc <= 0:
            return float("inf")
        return self.design_effect * reliability * (1 - self.icc) / (self.icc * (1 - reliability))

    def measurement_error(self, answers: float) -> float:
        """Return the standard error of the mean of so many answers of one municipality, in the index's points."""
        return self.within / float(np.sqrt(answers / self.design_effect))

    def passed(self, size: float) -> float:
        """Return the share of the others (per cent) that a municipality in the middle would pass by rising so much.

        The true means are taken to be normal. Missing if municipalities are alike.
        """
        from scipy.stats import norm

        return 100 * float(norm.cdf(size / self.between) - 0.5) if self.between > 0 else float("nan")

    def __repr__(self) -> str:
        return (
            f"Placement(standard deviation {self.between:.3f} between and {self.within:.3f} within "
            f"{self.municipalities} municipalities; ICC(1) {self.icc:.3f} [{self.low:.3f}, {self.high:.3f}]; "
            f"reliability {self.reliability:.3f} with {self.answers:.0f} answers)"
        )


def placement(
    answers: pd.DataFrame,
    value: str,
    *,
    place: str = "municipality",
    weights: str | None = None,
    level: float = 0.95,
) -> Placement:
    """Split the variance of an index into that between municipalities and that within them (one-way analysis).

    Parameters
    ----------
    answers : DataFrame
        One wave, one row a person; rows without `value` are left out.
    value, place : str
        Columns.
    weights : str, optional
        Column of weights; they enter by their design effect within the municipality, which makes answers count less.
    level : float
        Coverage of the interval of the intraclass correlation.

    Returns
    -------
    Placement

    Raises
    ------
    InputError
        If there are fewer than two municipalities or nobody beside another in one.

    References
    ----------
    Shrout, P. E. and Fleiss, J. L. (1979). Psychological Bulletin 86(2), 420-428. Searle, S. R. (1971). Linear Models.
    Bliese, P. D. (2000). Within-group agreement, non-independence, and reliability (ICC(1) and ICC(2)).
    """
    from scipy.stats import f

    from evaluation.survey.weights import design_effect

    used = answers.dropna(subset=[value, *([weights] if weights else [])])
    grouped = used.groupby(place, observed=True)[value]
    count, mean = grouped.size().to_numpy(dtype=float), grouped.mean().to_numpy(dtype=float)
    places, people = len(count), float(count.sum())
    if places < 2 or people <= places:
        what = f"{int(people)} answers in {places} municipalities do not tell people from places"
        raise InputError(Problem(what, "Take a survey with several answers in several municipalities"))
    total = used[value].to_numpy(dtype=float)
    squares = float((count * (mean - total.mean()) ** 2).sum())
    between = squares / (places - 1)
    within = (float(((total - total.mean()) ** 2).sum()) - squares) / (people - places)
    if within <= 0:
        raise InputError(Problem("The answers of a municipality do not vary", "Check the column", column=value))
    typical = (people - float((count**2).sum()) / people) / (places - 1)
    ratio = between / within
    ends = [ratio / f.ppf(p, places - 1, people - places) for p in ((1 + level) / 2, (1 - level) / 2)]
    low, high = ((end - 1) / (end + typical - 1) for end in ends)
    spread = max((between - within) / typical, 0.0)
    effect = 1.0
    if weights:
        each = used.groupby(place, observed=True)[weights].agg(design_effect)
        effect = float(np.average(each, weights=count))
    icc = spread / (spread + within)
    effective = typical / effect
    return Placement(
        between=float(np.sqrt(spread)),
        within=float(np.sqrt(within)),
        icc=icc,
        low=float(low),
        high=float(high),
        reliability=effective * icc / (1 + (effective - 1) * icc),
        answers=typical,
        respondents=int(people),
        municipalities=places,
        design_effect=effect,
        level=level,
    )
