"""How far different roles of the same municipality see the cooperation alike, and which roles rate it higher."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation import survey
from evaluation.cooperation.mixed import mixed
from evaluation.cooperation.scores import WHICH, answers, groups, role_adjusted, scores
from evaluation.errors import InputError, Problem
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.study import Study

WIDEST = ((survey.SCALE[1] - survey.SCALE[0] + 1) ** 2 - 1) / 12
"""Variance of an item to which every answer is given equally often: people who agree in nothing."""
AGREED = 0.7
"""From this r_wg on people in a municipality are usually said to agree."""


@dataclass(frozen=True, eq=False)
class Agreement(Described):
    """Agreement about an index between people of the same municipality, within one wave.

    Attributes
    ----------
    roles : DataFrame
        `role`, `difference` (points above the mean of the roles, within municipality), `standard_error`, `low`,
        `high`, `p_value`, `respondents`, `municipalities`. From a model with an intercept for each role and a random
        one for each municipality (restricted maximum likelihood, t intervals).
    pairs : DataFrame
        `role`, `other_role`, `municipalities` (with answers from both), `difference` (points, first less second, of the
        roles' means in the municipality), `low`, `high`, `p_value` (paired t test), `correlation` between the two with
        `correlation_low`, `correlation_high` (Fisher's z).
    placement : survey.Placement
        ICC(1) and ICC(2) of the index adjusted for role: how much of the variance lies between municipalities, and how
        reliably the answers of one place it.
    """

    roles: pd.DataFrame
    pairs: pd.DataFrame
    placement: survey.Placement

    def _repr_html_(self) -> str:
        return self.roles.to_html(index=False) + self.pairs.to_html(index=False)


def agreement(people: pd.DataFrame, group: str, *, year: int, level: float = 0.95) -> Agreement:
    """Compare the roles within municipalities on one index in one wave.

    Parameters
    ----------
    people : DataFrame
        Of `cooperation.scores`.
    group : str
        One of its indices.
    year : int
        The wave.
    level : float
        Coverage of the intervals.

    Raises
    ------
    InputError
        If the wave has no answers, or fewer than two roles.

    References
    ----------
    Bliese, P. D. (2000). Within-group agreement, non-independence, and reliability. In Klein and Kozlowski (eds.).
    Fisher, R. A. (1915). Biometrika 10(4), 507-521.
    """
    used = people[people["year"] == year].assign(index=lambda frame: frame[group]).dropna(subset="index")
    if used["role"].nunique() < 2:
        remedy = "Choose a wave in which several roles answered"
        raise InputError(Problem("Roles cannot be compared", remedy, column="year", value=year))
    adjusted = used.assign(adjusted=role_adjusted(used, group))
    return Agreement(_roles(used, level), _pairs(used, level), survey.placement(adjusted, "adjusted", level=level))


def reliabilities(study: Study, year: int, *, level: float = 0.95) -> pd.DataFrame:
    """Return how reliable each index of a wave is: between its items, and between the people of a municipality.

    Returns
    -------
    DataFrame
        `index`, `items`, `alpha` (Cronbach's) with `low`, `high` (Feldt), `icc` (ICC(1): share of the variance between
        people that lies between municipalities, adjusted for role) with `icc_low`, `icc_high`, `reliability` (ICC(2):
        of a municipality's mean), `respondents`, `municipalities`.
    """
    asked, people = survey.items(study, WHICH), scores(study)
    people = people[people["year"] == year]
    rows = []
    for group in groups(study):
        alpha = survey.reliability(answers(study, year), asked[asked["group"] == group], level=level)
        adjusted = people.assign(adjusted=role_adjusted(people, group))
        place = survey.placement(adjusted, "adjusted", level=level)
        rows.append(
            {"index": group, "items": alpha.items, "alpha": alpha.alpha, "low": alpha.low, "high": alpha.high}
            | {"icc": place.icc, "icc_low": place.low, "icc_high": place.high, "reliability": place.reliability}
            | {"respondents": place.respondents, "municipalities": place.municipalities}
        )
    return pd.DataFrame(rows)


def within_group(answers: pd.DataFrame, items: pd.DataFrame, *, fewest: int = 3) -> pd.DataFrame:
    """Return the agreement of the people of each municipality about the items of an index, r_wg(J).

    One less the variance of their answers over that of answers given at random, stepped up to the number of items; 0
    where they agree less than random answers would. About single municipalities: to be summed up, never shown.

    Parameters
    ----------
    answers : DataFrame
        One wave, one row a person.
    items : DataFrame
        Of `survey.items`, those of one index.
    fewest : int
        People with complete answers a municipality needs.

    Returns
    -------
    DataFrame
        `municipality`, `respondents`, `agreement` (0 to 1).

    References
    ----------
    James, L. R., Demaree, R. G. and Wolf, G. (1984). Journal of Applied Psychology 69(1), 85-98.
    """
    names = list(items["item"])
    complete = survey.turned(answers, items).dropna(subset=names)
    grouped = complete.groupby("municipality")[names]
    spread = grouped.var(ddof=1).mean(axis=1)
    left = (1 - spread / WIDEST).clip(lower=0)
    count = len(names)
    found = pd.DataFrame({"respondents": grouped.size(), "agreement": count * left / (count * left + 1 - left)})
    return found[found["respondents"] >= fewest].rename_axis("municipality").reset_index()


def _roles(used: pd.DataFrame, level: float) -> pd.DataFrame:
    from scipy.stats import t

    names = list(dict.fromkeys(used["role"]))
    columns = np.column_stack([(used["role"] == name).to_numpy(dtype=float) for name in names])
    fit = mixed(used["index"].to_numpy(dtype=float), columns, used["municipality"].to_numpy())
    rows = []
    for place, name in enumerate(names):
        # Against the mean of the roles, each counted once, this role among them.
        value, error, free = fit.contrast(np.eye(len(names))[place] - 1 / len(names))
        half = t.ppf((1 + level) / 2, free) * error
        own = used[used["role"] == name]
        rows.append(
            {"role": name, "difference": value, "standard_error": error, "low": value - half, "high": value + half}
            | {"p_value": float(2 * t.sf(abs(value / error), free)), "respondents": len(own)}
            | {"municipalities": own["municipality"].nunique()}
        )
    return pd.DataFrame(rows).sort_values("difference", ascending=False, ignore_index=True)


def _pairs(used: pd.DataFrame, level: float) -> pd.DataFrame:
    means = used.pivot_table(index="municipality", columns="role", values="index", aggfunc="mean")
    rows = []
    for first, second in combinations(list(dict.fromkeys(used["role"])), 2):
        both = means[[first, second]].dropna()
        rows.append({"role": first, "other_role": second} | _pair(both[first], both[second], level))
    return pd.DataFrame(rows)


def correlation(first: pd.Series, second: pd.Series, *, level: float = 0.95) -> tuple[float, float, float]:
    """Return Pearson's correlation of two series without gaps and Fisher's interval; NaN with fewer than four pairs.

    References
    ----------
    Fisher, R. A. (1915). Biometrika 10(4), 507-521.
    """
    from scipy.stats import norm, pearsonr

    if len(first) < 4 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan"), float("nan"), float("nan")
    value = float(pearsonr(first, second)[0])
    reach = float(norm.ppf((1 + level) / 2)) / np.sqrt(len(first) - 3)
    middle = np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12))
    return value, float(np.tanh(middle - reach)), float(np.tanh(middle + reach))


def _pair(first: pd.Series, second: pd.Series, level: float) -> dict[str, float]:
    from scipy.stats import t

    count, gap = len(first), first - second
    found: dict[str, float] = {"municipalities": count, "difference": float(gap.mean()) if count else np.nan}
    error = float(gap.std(ddof=1) / np.sqrt(count)) if count > 1 else np.nan
    half = t.ppf((1 + level) / 2, max(count - 1, 1)) * error
    found |= {"low": found["difference"] - half, "high": found["difference"] + half, "p_value": np.nan}
    if error > 0:
        found["p_value"] = float(2 * t.sf(abs(found["difference"] / error), count - 1))
    names = ("correlation", "correlation_low", "correlation_high")
    return found | dict(zip(names, correlation(first, second, level=level), strict=True))
