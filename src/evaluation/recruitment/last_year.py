"""Vacant positions last year and this year: how many municipalities had fewer, and how many would by chance alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.positions.change import poisson_binomial

BANDS = 4


@dataclass(frozen=True, eq=False)
class LastYear:
    """The counts of two years by municipality.

    Attributes
    ----------
    data : DataFrame
        `municipality`, `group`, `intake`, `before`, `after` (positions), `employees_before`, `employees_after`,
        `employees` (the smaller), `rate_before`, `rate_after` (per 100 employees), `change` (positions).
    dropped : DataFrame
        `reason`, `municipalities`.
    year : int
        The later of the two years.
    column : str
    """

    data: pd.DataFrame
    dropped: pd.DataFrame
    year: int
    column: str

    def __repr__(self) -> str:
        counts = self.data["group"].value_counts().to_dict()
        return f"LastYear({self.column}, {self.year - 1} and {self.year}; {counts}; left out {len(self.dropped)})"


@dataclass(frozen=True)
class Chance:
    """How counts vary when nothing happens to one municipality rather than another.

    Given the two years' sum and the employees, the later count is beta-binomial: binomial where `dispersion` is 0, and
    with more spread as municipalities' rates move for reasons of their own. `drift` is the ratio of this year's rate to
    last year's that all have in common: 1 where nothing has changed.
    """

    drift: float = 1.0
    dispersion: float = 0.0


@dataclass(frozen=True)
class Share:
    """A share in per cent with its 95 % interval; `n` is how many municipalities it rests on."""

    value: float
    low: float
    high: float
    n: int


def last_year(table: pd.DataFrame, year: int, *, column: str = "vacant") -> LastYear:
    """Return the counts of a year and the year before, of participants that had started by then and of others.

    Parameters
    ----------
    table : DataFrame
        Of `rates.with_groups`.
    year : int
    column : str
        A count of the table.

    Raises
    ------
    InputError
        If the table lacks one of the years, or the column.
    """
    known = sorted({int(found) for found in table["year"].unique()})
    problems = [
        Problem("The table has no such year", f"It has {', '.join(map(str, known))}", value=wanted)
        for wanted in (year - 1, year)
        if wanted not in known
    ]
    if column not in table.columns:
        problems.append(Problem("The table has no such column", "Name a count of the table", column=column))
    if problems:
        raise InputError(problems)
    rows = table[table["first_treated"] <= year]
    sums = rows.groupby(["municipality", "group", "intake", "year"])[list(dict.fromkeys([column, "employees"]))].sum()
    early, late = (sums.xs(when, level="year") for when in (year - 1, year))
    both = early.add_suffix("_before").join(late.add_suffix("_after"), how="inner")
    both = both.rename(columns={f"{column}_before": "before", f"{column}_after": "after"})
    employed = both[(both[["employees_before", "employees_after"]] > 0).all(axis=1)].reset_index()
    data = employed.assign(
        employees=employed[["employees_before", "employees_after"]].min(axis=1),
        rate_before=100 * employed["before"] / employed["employees_before"],
        rate_after=100 * employed["after"] / employed["employees_after"],
        change=employed["after"] - employed["before"],
    )
    later = table.loc[table["first_treated"] > year, "municipality"].nunique()
    absent = rows["municipality"].nunique() - len(data)
    told = [("participants that had not started", later), ("figures missing in one of the years", absent)]
    dropped = pd.DataFrame([row for row in told if row[1]], columns=["reason", "municipalities"])
    return LastYear(data, dropped, int(year), column)


def chance(last: LastYear, *, group: str = "others", drift: bool = False) -> Chance:
    """Estimate from one group how counts vary from one year to the next.

    The dispersion solves the moment equation of the beta-binomial, the sum over municipalities of (count - mean)^2 /
    binomial variance = 1 + (sum of the two years - 1) x dispersion; not below 0. The drift is the ratio of the group's
    rates where asked for; otherwise it is 1 in what is returned.
    """
    data = last.data[(last.data["group"] == group) & (last.data["before"] + last.data["after"] > 0)]
    if len(data) < 2:
        raise InputError(
            Problem("Too few municipalities to tell how counts vary", "Choose a larger group", value=group)
        )
    ratio = (data["after"].sum() / data["employees_after"].sum()) / (
        data["before"].sum() / data["employees_before"].sum()
    )
    n = (data["before"] + data["after"]).to_numpy(dtype=float)
    p = _later_share(data, ratio)
    excess = np.square(data["after"].to_numpy() - n * p) / (n * p * (1 - p)) - 1
    spread = float(excess.sum() / (n - 1).sum()) if (n > 1).any() else 0.0
    return Chance(drift=float(ratio) if drift else 1.0, dispersion=min(max(spread, 0.0), 0.99))


def fewer(last: LastYear, *, by: str = "group", model: Chance = Chance(), confidence: float = 0.95) -> pd.DataFrame:
    """Return the share of municipalities with fewer than the year before, and what chance alone would give.

    Parameters
    ----------
    last : LastYear
    by : str
        Column to split by.
    model : Chance
        What chance alone means; by default counting noise only.
    confidence : float
        Of the interval and of the range of chance.

    Returns
    -------
    DataFrame
        `by`, `municipalities`, `fewer`, `unchanged`, `more`, `share` (per cent with fewer; unchanged ones count as
        not), `low`, `high` (Wilson 1927), `chance_share`, `chance_low`, `chance_high` (per cent: expected, and the
        central range), `p_value` (twice the smaller tail). The number with fewer is Poisson-binomial, computed exactly.
    """
    from statsmodels.stats.proportion import proportion_confint

    if by not in last.data.columns:
        raise InputError(Problem("The counts are not split by this column", "Use group or intake", column=by))
    if not 0 < confidence < 1:
        raise InputError(Problem("The confidence must lie between 0 and 1", "Give e.g. 0.95", value=confidence))
    rows = []
    tail = (1 - confidence) / 2
    for key, part in last.data.groupby(by, observed=True):
        down, n = int((part["change"] < 0).sum()), len(part)
        low, high = proportion_confint(down, n, alpha=1 - confidence, method="wilson")
        mass = poisson_binomial(_probability_of_fewer(part, model))
        ends = np.searchsorted(mass.cumsum(), [tail - 1e-12, 1 - tail - 1e-12])
        rows.append(
            {by: key, "municipalities": n, "fewer": down, "unchanged": int((part["change"] == 0).sum())}
            | {"more": int((part["change"] > 0).sum()), "share": 100 * down / n, "low": 100 * low, "high": 100 * high}
            | {"chance_share": 100 * float(np.arange(n + 1) @ mass) / n, "chance_low": 100 * ends[0] / n}
            | {"chance_high": 100 * min(ends[1], n) / n}
            | {"p_value": float(min(1.0, 2 * min(mass[: down + 1].sum(), mass[down:].sum())))}
        )
    columns = [by, "municipalities", "fewer", "unchanged", "more", "share", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "chance_share", "chance_low", "chance_high", "p_value"])


def fewer_at_same_level(last: LastYear, *, bands: int = BANDS) -> Share:
    """Return how many of the others had fewer, had they started where the participants did: regression to the mean.

    The others are split at the quantiles of their rate the year before, and their shares with fewer weighted by how
    many participants started in each band. The interval is the normal one of a weighted sum of shares, 95 %.
    """
    mine, others = (last.data[last.data["group"] == group] for group in ("participants", "others"))
    if mine.empty or len(others) < 2 * bands:
        remedy = "Use fewer bands, or a longer list of municipalities"
        raise InputError(Problem(f"{len(mine)} participants and {len(others)} others cannot be banded", remedy))
    edges = np.quantile(others["rate_before"], np.arange(1, bands) / bands)
    band, own = (np.searchsorted(edges, part["rate_before"], side="right") for part in (others, mine))
    down = (others["change"] < 0).to_numpy(dtype=float)
    weights = np.bincount(own, minlength=bands) / len(mine)
    found = [(weight, down[band == at]) for at, weight in enumerate(weights) if weight > 0 and (band == at).any()]
    whole = sum(weight for weight, _ in found)
    value = sum(weight * part.mean() for weight, part in found) / whole
    variance = sum((weight / whole) ** 2 * part.mean() * (1 - part.mean()) / len(part) for weight, part in found)
    half = 1.959964 * float(np.sqrt(variance))
    n = sum(len(part) for _, part in found)
    return Share(100 * float(value), 100 * max(float(value) - half, 0.0), 100 * min(float(value) + half, 1.0), n)


def _later_share(data: pd.DataFrame, ratio: float) -> np.ndarray:
    """Return the share of the two years' counts that is expected in the later, by municipality."""
    late = ratio * data["employees_after"].to_numpy(dtype=float)
    return late / (data["employees_before"].to_numpy(dtype=float) + late)


def _probability_of_fewer(data: pd.DataFrame, model: Chance) -> np.ndarray:
    from scipy.stats import betabinom, binom

    sums = (data["before"] + data["after"]).to_numpy(dtype=np.int64)
    share = _later_share(data, model.drift)
    most = (sums + 1) // 2 - 1  # the largest later count that is smaller than the earlier one
    if model.dispersion <= 0:
        return np.where(sums > 0, binom.cdf(most, sums, share), 0.0)
    scale = (1 - model.dispersion) / model.dispersion
    found = np.zeros(len(sums))
    for at, (n, top, p) in enumerate(zip(sums, most, share, strict=True)):
        if n > 0:
            found[at] = betabinom.pmf(np.arange(top + 1), n, p * scale, (1 - p) * scale).sum()
    return found
