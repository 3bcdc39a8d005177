"""Development: how rates changed, with the uncertainty that comes from which municipalities there are.

A change in a group is a *development*; that it differs from the change elsewhere is a *raw* difference-in-differences.
Neither is called an effect here: groups that start higher tend to fall (regression to the mean).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from evaluation.errors import InputError, Problem
from evaluation.sick_leave.rates import WORKING_DAYS, checked_columns, measured
from evaluation.workbench import Described

Window = tuple[pd.Period | str, pd.Period | str]
OTHERS = "others"
CHANGE_COLUMNS = (
    *("rate_before", "rate_after", "change", "standard_error", "low", "high"),
    *("lost_days_before", "agreed_days_before", "lost_days_after", "agreed_days_after", "municipalities", "man_years"),
)
DIFFERENCE_COLUMNS = (
    *("difference", "standard_error", "low", "high", "level_difference", "municipalities", "man_years"),
)
CONVENTION = (
    "Ratio of sums over municipalities, linearised, clustered on the municipality, factor "
    "municipalities / (municipalities - 1), Student's t"
)


@dataclass(frozen=True, eq=False)
class Development(Described):
    """Change of rates between two windows.

    Attributes
    ----------
    rows : DataFrame
        By group (and `within`): `rate_before`, `rate_after` (percent), `change`, `standard_error`, `low`, `high`
        (percentage points), `lost_days_` and `agreed_days_before` and `_after`, `municipalities`, `man_years` (of the
        smaller window).
    differences : DataFrame
        The change in each group less the change among others: `difference`, `standard_error`, `low`, `high`
        (percentage points), `level_difference` (of the rates before), `municipalities` and `man_years` of the smaller
        side. A raw difference-in-differences: a development, not an effect.
    dropped : DataFrame
        `reason`, `municipalities`: left out because they lack figures in some quarter of the windows.
    before, after : tuple of Period
    standard_error : str
        The convention in words.
    """

    rows: pd.DataFrame
    differences: pd.DataFrame
    dropped: pd.DataFrame
    before: tuple[pd.Period, pd.Period]
    after: tuple[pd.Period, pd.Period]
    standard_error: str = CONVENTION

    def _repr_html_(self) -> str:
        return "".join(frame.to_html(index=False) for frame in (self.rows, self.differences, self.dropped))


def development(
    table: pd.DataFrame,
    *,
    before: Window,
    after: Window,
    groups: str = "group",
    within: Sequence[str] = (),
    kind: str = "total",
    level: float = 0.95,
    working_days: float = WORKING_DAYS,
) -> Development:
    """Compare pooled rates of two windows, by group.

    Only municipalities with figures in every quarter of both windows count, so that a change is not one of membership
    or season. The windows must hold each quarter of the year equally often.

    Parameters
    ----------
    table : DataFrame
        `with_groups(study)`.
    before, after : pair of Period or str
        First and last quarter, inclusive, for instance ("2010Q1", "2011Q4").
    groups : str
        The column of groups, in which "others" are those compared with: "group", "intake" or another.
    within : sequence of str
        Columns to break down by, for instance ["sector"].
    kind : str
        A key of `sick_leave.KINDS`.
    level : float
        Coverage of the intervals.
    working_days : float
        Agreed man-days in a man-year.

    Returns
    -------
    Development
        Standard errors are those of a ratio of sums over municipalities (Cochran 1977, Sampling Techniques, section
        6.3), and treat the municipalities as drawn from more of their kind.
    """
    windows = checked_windows(table, before, after)
    keys = [groups, *([within] if isinstance(within, str) else within)]
    wide, dropped = by_municipality(table, checked_columns(table, keys, kind), kind, windows)
    changes = {
        key: _change(part, level, windows, working_days) for key, part in wide.groupby(keys, observed=True, sort=True)
    }
    differences = {
        key: _difference(change, changes[(OTHERS, *key[1:])], level)
        for key, change in changes.items()
        if key[0] != OTHERS and (OTHERS, *key[1:]) in changes
    }
    return Development(
        _frame(keys, changes, CHANGE_COLUMNS), _frame(keys, differences, DIFFERENCE_COLUMNS), dropped, *windows
    )


def by_starting_level(
    table: pd.DataFrame, *, before: Window, after: Window, bands: int = 4, kind: str = "total", level: float = 0.95
) -> Development:
    """Compare participants with others that started at the same level: what regression to the mean would give.

    Municipalities are banded by their rate in the window before, at the quantiles of the others. If participants fell
    more only because they started higher, the differences within bands vanish.

    Returns
    -------
    Development
        As `development` by `group` within `band` (1 is the lowest level before). The differences have a row for every
        band: one without participants, or without others that have figures, holds no more than that.
    """
    windows = checked_windows(table, before, after)
    wide, dropped = by_municipality(table, checked_columns(table, ["group"], kind), kind, windows)
    start = 100 * wide["lost_days_before"] / wide["agreed_days_before"]
    others = start[wide["group"] == OTHERS]
    if others.size < 2 * bands:
        remedy = "Use fewer bands, or a longer list of municipalities"
        raise InputError(Problem(f"{others.size} other municipalities are too few for {bands} bands", remedy))
    edges = np.quantile(others, np.arange(1, bands) / bands)
    band = pd.Series(np.searchsorted(edges, start, side="right") + 1, index=wide["municipality"])
    banded = table[table["municipality"].isin(band.index)]
    banded = banded.assign(band=banded["municipality"].map(band).astype(int))
    result = development(banded, before=before, after=after, within=["band"], kind=kind, level=level)
    empty = [place for place in range(1, bands + 1) if place not in set(result.differences["band"])]
    told = pd.DataFrame({"group": "participants", "band": empty, "municipalities": 0})
    differences = pd.concat([result.differences, told], ignore_index=True) if empty else result.differences
    return replace(result, dropped=dropped, differences=differences.sort_values("band", ignore_index=True))


def _frame(keys: list[str], rows: dict[Any, dict[str, float]], columns: tuple[str, ...]) -> pd.DataFrame:
    found = [dict(zip(keys, key, strict=True)) | row for key, row in rows.items()]
    return pd.DataFrame(found, columns=[*keys, *columns])


def checked_windows(
    table: pd.DataFrame, before: Window, after: Window
) -> tuple[tuple[pd.Period, pd.Period], tuple[pd.Period, pd.Period]]:
    """Return the windows as quarters; refuse those outside the table, overlapping, or of different seasons."""
    pairs, problems = [], []
    for name, window in (("before", before), ("after", after)):
        first, last = (pd.Period(end, freq="Q-DEC") for end in window)
        if first > last or last > table["quarter"].max() or first < table["quarter"].min():
            what = f"The window {name}, {first} to {last}, is not within the table"
            problems.append(Problem(what, f"The table runs {table['quarter'].min()} to {table['quarter'].max()}"))
        pairs.append((first, last))
    if problems:
        raise InputError(problems)
    seasons = [
        pd.Series([q.quarter for q in pd.period_range(*pair, freq="Q-DEC")]).value_counts(normalize=True).to_dict()
        for pair in pairs
    ]
    if seasons[0] != seasons[1]:
        remedy = "Sick leave is highest in the first quarter: use whole years, or the same quarters of the year"
        raise InputError(Problem("The two windows hold different seasons", remedy))
    if pairs[0][1] >= pairs[1][0]:
        raise InputError(Problem("The windows overlap or are out of order", "Let `before` end before `after` begins"))
    return pairs[0], pairs[1]


def by_municipality(
    table: pd.DataFrame, by: list[str], kind: str, windows: tuple[tuple[pd.Period, pd.Period], ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return days before and after by municipality (and `by`), and how many lack figures in some quarter."""
    used = measured(table, by, kind)
    keys = list(dict.fromkeys([*by, "municipality"]))
    parts, complete = [], None
    for name, (first, last) in zip(("before", "after"), windows, strict=True):
        inside = used[(used["quarter"] >= first) & (used["quarter"] <= last)]
        length = last.ordinal - first.ordinal + 1
        sums = inside.groupby(keys, observed=True)[["lost_days", "agreed_days"]].sum()
        missing = inside.groupby("municipality")["missing"].sum()
        quarters = inside[["municipality", "quarter"]].drop_duplicates()["municipality"].value_counts()
        whole = set(quarters.index[quarters == length]) & set(missing.index[missing == 0])
        complete = whole if complete is None else complete & whole
        parts.append(sums.add_suffix(f"_{name}"))
    wide = pd.concat(parts, axis=1).fillna(0.0).reset_index()
    kept = wide[wide["municipality"].isin(complete or set())]
    count = used["municipality"].nunique() - kept["municipality"].nunique()
    dropped = [("figures missing in some quarter of the windows", count)] if count else []
    return kept, pd.DataFrame(dropped, columns=["reason", "municipalities"])


def _change(
    part: pd.DataFrame, level: float, windows: tuple[tuple[pd.Period, pd.Period], ...], working_days: float
) -> dict[str, float]:
    lost = {name: part[f"lost_days_{name}"].to_numpy() for name in ("before", "after")}
    agreed = {name: part[f"agreed_days_{name}"].to_numpy() for name in ("before", "after")}
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = {name: 100 * lost[name].sum() / agreed[name].sum() for name in lost}
        linear = {name: (100 * lost[name] - rate[name] * agreed[name]) / agreed[name].sum() for name in lost}
    count = int(((agreed["before"] > 0) | (agreed["after"] > 0)).sum())
    change = rate["after"] - rate["before"]
    squares = float(((linear["after"] - linear["before"]) ** 2).sum())
    error = float(np.sqrt(squares * count / (count - 1))) if count > 1 else np.nan
    reach = float(student.ppf(0.5 + level / 2, max(count - 1, 1))) * error
    years = [
        agreed[name].sum() / (working_days / 4 * (last.ordinal - first.ordinal + 1))
        for name, (first, last) in zip(agreed, windows, strict=True)
    ]
    return {
        "rate_before": rate["before"],
        "rate_after": rate["after"],
        "change": change,
        "standard_error": error,
        "low": change - reach,
        "high": change + reach,
        "lost_days_before": lost["before"].sum(),
        "agreed_days_before": agreed["before"].sum(),
        "lost_days_after": lost["after"].sum(),
        "agreed_days_after": agreed["after"].sum(),
        "municipalities": count,
        "man_years": min(years),
    }


def _difference(mine: dict[str, float], others: dict[str, float], level: float) -> dict[str, float]:
    variances = [side["standard_error"] ** 2 for side in (mine, others)]
    freedoms = [max(side["municipalities"] - 1, 1) for side in (mine, others)]
    error = float(np.sqrt(sum(variances)))
    # Welch and Satterthwaite: a small group decides the degrees of freedom when it carries the variance.
    parts = sum(variance**2 / freedom for variance, freedom in zip(variances, freedoms, strict=True))
    reach = float(student.ppf(0.5 + level / 2, error**4 / parts if parts > 0 else 1.0)) * error
    difference = mine["change"] - others["change"]
    return {
        "difference": difference,
        "standard_error": error,
        "low": difference - reach,
        "high": difference + reach,
        "level_difference": mine["rate_before"] - others["rate_before"],
        "municipalities": min(mine["municipalities"], others["municipalities"]),
        "man_years": min(mine["man_years"], others["man_years"]),
    }
