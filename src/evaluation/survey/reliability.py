"""How well the items of an index agree, and how far a person's index may be from what it measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.survey.items import turned


@dataclass(frozen=True, eq=False)
class Reliability:
    """Cronbach's alpha of an index and what it means for a person's score.

    Attributes
    ----------
    alpha, low, high : float
        At most 1; Feldt's interval at `level`.
    respondents, items : int
        Who answered every item, and how many items there are.
    standard_deviation : float
        Of the respondents' index, in points of the scale from 1 to 5.
    by_item : DataFrame
        `item`, `item_rest_correlation` (with the mean of the other items), `alpha_without` (missing with two items).
    level : float
    """

    alpha: float
    low: float
    high: float
    respondents: int
    items: int
    standard_deviation: float
    by_item: pd.DataFrame
    level: float = 0.95

    @property
    def standard_error_of_measurement(self) -> float:
        """How far a person's index typically is from what it measures, in points of the scale."""
        return float(self.standard_deviation * np.sqrt(max(1 - self.alpha, 0.0)))

    def __repr__(self) -> str:
        return (
            f"Reliability(alpha {self.alpha:.3f}, {100 * self.level:g} % interval [{self.low:.3f}, {self.high:.3f}]; "
            f"{self.items} items, {self.respondents} respondents, standard error of measurement "
            f"{self.standard_error_of_measurement:.3f})"
        )


def reliability(answers: pd.DataFrame, items: pd.DataFrame, *, level: float = 0.95) -> Reliability:
    """Compute Cronbach's alpha of the items, turned the same way, among those who answered all of them.

    Parameters
    ----------
    answers : DataFrame
        One row a person.
    items : DataFrame
        As of `survey.items`, at least two.
    level : float
        Coverage of the interval.

    Returns
    -------
    Reliability

    Raises
    ------
    InputError
        If there are fewer than two items, fewer than three who answered all, or their answers do not vary.

    References
    ----------
    Cronbach, L. J. (1951). Psychometrika 16, 297-334. Feldt, L. S. (1965). Psychometrika 30, 357-370.
    """
    from scipy.stats import f

    names = list(items["item"])
    values = turned(answers, items)[names].dropna().to_numpy(dtype=float)
    people, count = values.shape
    if count < 2 or people < 3:
        what = f"Reliability needs two items and three who answered them all; there are {count} and {people}"
        raise InputError(Problem(what, "Take more items, or drop those that few have answered"))
    total = values.sum(axis=1)
    if np.ptp(total) == 0:
        raise InputError(Problem("Everybody has the same index", "Reliability needs answers that vary"))
    alpha = _alpha(values)
    ends = f.ppf([(1 + level) / 2, (1 - level) / 2], people - 1, (people - 1) * (count - 1))
    low, high = (1 - (1 - alpha) * end for end in ends)
    rest = [_correlation(values[:, column], total - values[:, column]) for column in range(count)]
    without = [_alpha(np.delete(values, column, axis=1)) if count > 2 else np.nan for column in range(count)]
    by_item = pd.DataFrame({"item": names, "item_rest_correlation": rest, "alpha_without": without})
    deviation = float((total / count).std(ddof=1))
    return Reliability(alpha, float(low), float(high), people, count, deviation, by_item, level)


def _alpha(values: np.ndarray) -> float:
    count = values.shape[1]
    total = values.sum(axis=1).var(ddof=1)
    each = values.var(axis=0, ddof=1).sum()
    return float(count / (count - 1) * (1 - each / total)) if total > 0 else float("nan")


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    varies = np.ptp(first) > 0 and np.ptp(second) > 0
    return float(np.corrcoef(first, second)[0, 1]) if varies else float("nan")
