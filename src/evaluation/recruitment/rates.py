"""Vacancies, hard-to-fill positions, turnover and competence plans: levels and development, from sums.

Vacant positions are counted on 1 December, leavers and advertised positions over the year; all are given per 100
employees on 1 December. Rates are ratios of sums; percentages are never averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.positions import starts
from evaluation.positions.weighted import RatioChange, ratio, ratio_change
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.study import Study

MEASURES = {
    "vacancy_rate": ("vacant", "employees"),
    "hard_to_fill_rate": ("hard_to_fill", "employees"),
    "hard_to_fill_share": ("hard_to_fill", "vacant"),
    "turnover": ("leavers", "employees"),
    "plan_share": ("plans", "answered"),
}
"""Each measure's numerator and denominator; 100 times their ratio. Plans are sectors that have a competence plan in
force, of the sectors that answered whether they have one."""

COUNTS = ("employees", "advertised", "vacant", "hard_to_fill", "leavers", "plans", "answered")
Years = Sequence[int]


def with_groups(study: Study, *, theme: str | None = "recruitment") -> pd.DataFrame:
    """Return the vacancies of the theme's participants and of those never in the programme.

    Returns
    -------
    DataFrame
        The table with `plans` and `answered` (0 or 1), `group` ("participants" or "others"), `intake` (its code,
        "unknown" or "others") and `first_treated` (the first year counted after the start, 0 if never; counts are of
        1 December, so the year of the start is the first). Participants with other themes only are left out.

    Raises
    ------
    InputError
        If the theme is unknown, or no source tells when a participant started.
    """
    groups = starts(study, theme)
    other = groups["group"] == "others"
    intake = groups["intake"].astype(object).where(groups["intake"].notna(), "unknown").mask(other, "others")
    plan = study.vacancies["competence_plan"]
    table = study.vacancies.assign(plans=(plan == "yes").astype(float), answered=plan.notna().astype(float))
    return table.merge(groups.assign(intake=intake), on="municipality", how="inner", validate="many_to_one")


def rates(table: pd.DataFrame, *, by: Sequence[str] = ("group", "year")) -> pd.DataFrame:
    """Return every measure of `MEASURES` with its numerator and denominator, for any grouping of the table.

    Parameters
    ----------
    table : DataFrame
        Of `with_groups`.
    by : sequence of str

    Returns
    -------
    DataFrame
        The columns of `by`, the sums of `COUNTS`, `municipalities`, and the measures (per 100; NaN where the
        denominator is zero). Over several years the counts of the years are added.
    """
    names = _known(table, by)
    grouped = table.groupby(names, observed=True)
    sums = grouped[list(COUNTS)].sum().join(grouped["municipality"].nunique().rename("municipalities"))
    measures = {
        name: ratio(sums[top].to_numpy(), sums[bottom].to_numpy(), 100.0) for name, (top, bottom) in MEASURES.items()
    }
    return sums.assign(**measures).reset_index()


@dataclass(frozen=True, eq=False)
class Development(Described):
    """Rates before and after, their change and its uncertainty, and the differences between participants and others.

    Attributes
    ----------
    rows : DataFrame
        Columns of the grouping, `before`, `after` (per 100), `change`, `standard_error`, `low`, `high`, the sums
        `numerator_before`, `denominator_before`, `numerator_after`, `denominator_after`, `employees_before`,
        `employees_after`, `municipalities`, and `employees` (a year, in the smaller of the two spans).
    differences : DataFrame
        The grouping without `group`: `difference` (change of participants less that of others), `standard_error`,
        `low`, `high`, `level_difference` (before), `municipalities` (the fewer of the two).
    dropped : DataFrame
        `reason`, `municipalities`.
    measure : str
    years_before, years_after : tuple of int
    """

    rows: pd.DataFrame
    differences: pd.DataFrame
    dropped: pd.DataFrame
    measure: str
    years_before: tuple[int, ...]
    years_after: tuple[int, ...]


def development(
    table: pd.DataFrame,
    *,
    before: Years,
    after: Years,
    measure: str = "vacancy_rate",
    by: Sequence[str] = ("group",),
    level: float = 0.95,
) -> Development:
    """Return how a measure developed from some years to others: description, not effect.

    Only municipalities with figures in every one of the years are compared. Errors are of a ratio of sums, clustered on
    the municipality (`positions.weighted.ratio_change`); intervals use Student's t with municipalities less one degrees
    of freedom, for differences Satterthwaite's (1946).

    Parameters
    ----------
    table : DataFrame
        Of `with_groups`.
    before, after : sequence of int
        Years; their counts are added.
    measure : str
        A key of `MEASURES`.
    by : sequence of str
        The grouping; differences are told if it holds `group`.
    level : float

    Raises
    ------
    InputError
        If a year, the measure or a column is unknown, or the years overlap.
    """
    names = _known(table, by)
    spans = _spans(table, before, after, measure)
    top, bottom = MEASURES[measure]
    delivered = table[table["year"].isin([*spans[0], *spans[1]])].groupby("municipality")["year"].nunique()
    whole = delivered.index[delivered == len(spans[0]) + len(spans[1])]
    absent = table["municipality"].nunique() - len(whole)
    used = table[table["municipality"].isin(whole)]
    sums = [
        used[used["year"].isin(span)]
        .groupby([*names, "municipality"], observed=True)[list(dict.fromkeys([top, bottom, "employees"]))]
        .sum()
        for span in spans
    ]
    wide = pd.concat(sums, axis=1, keys=["before", "after"]).fillna(0.0)
    found: dict[tuple[object, ...], tuple[RatioChange, dict[str, float]]] = {}
    for key, part in wide.groupby(level=names, observed=True):
        parts = [part[span][column].to_numpy() for span in ("before", "after") for column in (top, bottom)]
        if parts[1].sum() > 0 and parts[3].sum() > 0:
            counted = dict(zip(_SUMS, (float(column.sum()) for column in parts), strict=True))
            staff = {f"employees_{name}": float(part[name]["employees"].sum()) for name in _ENDS}
            a_year = [total / len(span) for total, span in zip(staff.values(), spans, strict=True)]
            found[key] = ratio_change(*parts), counted | staff | {"employees": min(a_year)}
    rows = [dict(zip(names, key, strict=True)) | _row(*values, level) for key, values in found.items()]
    told = [("figures missing in some of the years", absent)] if absent else []
    return Development(
        rows=pd.DataFrame(rows, columns=[*names, *_ROW]).astype(dict.fromkeys(_ROW[:-2], float)),
        differences=_differences(found, names, level),
        dropped=pd.DataFrame(told, columns=["reason", "municipalities"]),
        measure=measure,
        years_before=spans[0],
        years_after=spans[1],
    )


def developments(table: pd.DataFrame, *, before: Years, after: Years) -> pd.DataFrame:
    """Return the development of every measure, by group: the rows of `development` with their `measure`.

    A measure that the table tells nothing of, such as competence plans where nobody was asked, has no rows.
    """
    parts = [
        development(table, before=before, after=after, measure=name).rows.assign(measure=name) for name in MEASURES
    ]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def by_starting_level(
    table: pd.DataFrame, *, before: int, after: int, measure: str = "vacancy_rate", bands: int = 3
) -> Development:
    """Compare participants and others that started at the same level, to see what regression to the mean would give.

    Municipalities are banded by their own rate in the year `before`, at the quantiles of the others. If participants
    fell more only because they started higher, the differences within bands vanish.

    Returns
    -------
    Development
        By `band` (1 is the lowest level) and `group`. The differences have a row for every band: where there are fewer
        than two participants or two others it holds their number only.
    """
    each = rates(table[table["year"] == before], by=["group", "municipality"]).set_index("municipality")
    others = each.loc[each["group"] == "others", measure].dropna()
    if len(others) < 2 * bands:
        remedy = "Use fewer bands, or a longer list of municipalities"
        raise InputError(Problem(f"{len(others)} other municipalities are too few for {bands} bands", remedy))
    edges = np.quantile(others, np.arange(1, bands) / bands)
    level = each[measure].dropna()
    band = pd.Series(np.searchsorted(edges, level, side="right") + 1, index=level.index)
    banded = table[table["municipality"].isin(band.index)]
    banded = banded.assign(band=banded["municipality"].map(band).astype(int))
    found = development(banded, before=[before], after=[after], measure=measure, by=["band", "group"])
    sides = found.rows.groupby("band")["municipalities"].agg(["size", "min"])
    fewer = sides["min"].where(sides["size"] == 2, 0).reindex(range(1, bands + 1), fill_value=0)
    differences = found.differences.set_index("band").reindex(fewer.index)
    differences["municipalities"] = fewer.astype("int64")
    return replace(found, differences=differences.rename_axis("band").reset_index())


_ENDS = ("before", "after")
_SUMS = ("numerator_before", "denominator_before", "numerator_after", "denominator_after")
_STAFF = ("employees_before", "employees_after", "municipalities", "employees")
_ROW = (*("before", "after", "change", "standard_error", "low", "high"), *_SUMS, *_STAFF)
_DIFFERENCE = ("difference", "standard_error", "low", "high", "level_difference", "municipalities")


def _row(change: RatioChange, counted: dict[str, float], level: float) -> dict[str, float]:
    from scipy.stats import t

    half = 100 * float(t.ppf(0.5 + level / 2, max(change.clusters - 1, 1))) * change.standard_error
    moved = 100 * change.change
    ends = {"before": 100 * change.before, "after": 100 * change.after, "change": moved}
    spread = {"standard_error": 100 * change.standard_error, "low": moved - half, "high": moved + half}
    return ends | spread | counted | {"municipalities": change.clusters}


def _differences(
    found: dict[tuple[object, ...], tuple[RatioChange, dict[str, float]]], names: list[str], level: float
) -> pd.DataFrame:
    from scipy.stats import t

    rest = [name for name in names if name != "group"]
    rows = []
    place = names.index("group") if "group" in names else None
    for key, (mine, _) in found.items():
        if place is None or key[place] != "participants":
            continue
        other = found.get(tuple("others" if at == place else part for at, part in enumerate(key)))
        if other is None or mine.clusters < 2 or other[0].clusters < 2:
            continue
        parts = [side.standard_error**2 for side in (mine, other[0])]
        free = [side.clusters - 1 for side in (mine, other[0])]
        error = 100 * float(np.sqrt(sum(parts)))
        shares = sum(part**2 / freedom for part, freedom in zip(parts, free, strict=True))
        half = float(t.ppf(0.5 + level / 2, sum(parts) ** 2 / shares if shares > 0 else min(free))) * error
        moved = 100 * (mine.change - other[0].change)
        start = 100 * (mine.before - other[0].before)
        values = (moved, error, moved - half, moved + half, start, min(mine.clusters, other[0].clusters))
        own = dict(zip(rest, (part for at, part in enumerate(key) if at != place), strict=True))
        rows.append(own | dict(zip(_DIFFERENCE, values, strict=True)))
    return pd.DataFrame(rows, columns=[*rest, *_DIFFERENCE])


def _known(table: pd.DataFrame, by: Sequence[str]) -> list[str]:
    names = [by] if isinstance(by, str) else list(by)
    absent = [name for name in names if name not in table.columns]
    if absent or not names:
        remedy = f"Use columns of the table: {', '.join(map(str, table.columns))}"
        raise InputError(
            [Problem("The table has no such column", remedy, column=name) for name in absent]
            or Problem("A grouping needs at least one column", remedy)
        )
    return names


def _spans(table: pd.DataFrame, before: Years, after: Years, measure: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    known = sorted({int(year) for year in table["year"].unique()})
    problems = [
        Problem("The table has no such year", f"It has {', '.join(map(str, known))}", column="year", value=year)
        for year in dict.fromkeys([*before, *after])
        if year not in known
    ]
    if measure not in MEASURES:
        problems.append(Problem(f"Unknown measure {measure!r}", f"Choose one of: {', '.join(MEASURES)}"))
    if not len(before) or not len(after) or max(before) >= min(after):
        problems.append(Problem("The years before must end before the years after begin", "Give both spans, in order"))
    if problems:
        raise InputError(problems)
    return tuple(sorted(set(before))), tuple(sorted(set(after)))
