"""Nearest neighbours: municipalities that were like the case before the programme, and how alike they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from evaluation.sick_leave import WORKING_DAYS, rates

YEAR = 4
NEIGHBOURS = 10
"""How many are chosen unless another number is asked for."""
ASPECTS = ("level", "trend", "size", "mix")


def covariates(table: pd.DataFrame, reference: pd.Period, case: Sequence[str], pool: Sequence[str]) -> pd.DataFrame:
    """Return what municipalities are matched on, all of it from before `reference`.

    Parameters
    ----------
    table : the tidy table of sick leave.
    reference : the quarter in which the programme starts for the case.
    case, pool : codes; the case's are pooled as one.

    Returns
    -------
    DataFrame
        Indexed by municipality, the case as ``"case"``: `level`, the rate in per cent of the last four quarters;
        `trend`, its change a year from the first four quarters for which the case has figures, in percentage points
        (left out when they reach into the last four); `size`, the natural logarithm of man-years;
        `share_<sector>`, per cent of agreed days. Those without figures in each of these quarters are left out.
    """
    unit = {code: code for code in pool} | dict.fromkeys(case, "case")
    mine = table[table["municipality"].isin(unit) & (table["quarter"] < reference)]
    mine = mine.assign(unit=mine["municipality"].map(unit))
    first = _first_year(mine, reference, len(case))
    last = _window(mine, reference - YEAR, len(case))
    found = pd.DataFrame({"level": 100 * last["lost_days"] / last["agreed_days"]})
    if first is not None:
        early = _window(mine, first, len(case))
        years = (reference - YEAR).ordinal - first.ordinal
        found["trend"] = (found["level"] - 100 * early["lost_days"] / early["agreed_days"]) / (years / YEAR)
    found["size"] = np.log(last["agreed_days"] / WORKING_DAYS)
    inside = mine[mine["quarter"] >= reference - YEAR]
    days = rates(inside, by=["unit", "sector"]).set_index(["unit", "sector"])["agreed_days"]
    by_sector = days.unstack()  # noqa: PD010
    mix = 100 * by_sector.fillna(0.0).div(by_sector.sum(axis=1), axis=0)
    mix.columns = [f"share_{sector}" for sector in mix.columns]
    return found.join(mix).dropna().sort_index()


def _first_year(table: pd.DataFrame, reference: pd.Period, members: int) -> pd.Period | None:
    """Return the first of the first four quarters in a row with figures for the whole case, if before the last four."""
    cells = rates(table[table["unit"] == "case"], by=["municipality", "quarter"])
    known = cells[(cells["missing"] == 0) & (cells["agreed_days"] > 0)].groupby("quarter").size()
    whole = set(known.index[known == members])
    able = [quarter for quarter in sorted(whole) if all(quarter + step in whole for step in range(YEAR))]
    return able[0] if able and able[0] + 2 * YEAR <= reference else None


def _window(table: pd.DataFrame, first: pd.Period, members: int) -> pd.DataFrame:
    """Return lost and agreed days of the four quarters from `first`, of the units with figures in all of them."""
    inside = table[(table["quarter"] >= first) & (table["quarter"] < first + YEAR)]
    cells = rates(inside, by=["unit", "municipality", "quarter"])
    cells = cells[(cells["missing"] == 0) & (cells["agreed_days"] > 0)]
    grouped = cells.groupby("unit")
    wanted = pd.Series(YEAR, index=grouped.size().index)
    if "case" in wanted.index:
        wanted["case"] = YEAR * members
    return grouped[["lost_days", "agreed_days"]].sum()[grouped.size() == wanted]


def aspects(columns: Iterable[str]) -> Mapping[str, list[str]]:
    """Return the covariates of each aspect: level, trend and size alone, the shares of the sectors together."""
    names = list(columns)
    parts = {name: [name] for name in ASPECTS[:-1] if name in names}
    return parts | {"mix": [name for name in names if name.startswith("share_")]}


def distances(known: pd.DataFrame) -> pd.Series:
    """Return how far each municipality lies from the case.

    Every covariate is divided by its standard deviation among the others, so that units of measurement do not matter;
    the squares are averaged within an aspect and then over the aspects, so that six sectors do not outvote the level.
    A covariate that does not vary among the others tells them apart from the case only, and is left out.
    """
    others = known.drop(index="case")
    apart = (others - known.loc["case"]).div(others.std(ddof=1).where(lambda spread: spread > 1e-12), axis=1)
    squares = [apart[names].dropna(axis=1, how="all").pow(2).mean(axis=1) for names in aspects(known.columns).values()]
    found = pd.concat([part for part in squares if part.notna().any()], axis=1)
    return np.sqrt(found.mean(axis=1))


def nearest(known: pd.DataFrame, count: int) -> pd.Series:
    """Return the distance of the `count` nearest to the case, nearest first; ties in the order of codes."""
    far = distances(known).sort_index()
    return far.sort_values(kind="stable").iloc[:count].rename("distance")


def balance(known: pd.DataFrame, groups: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return how alike the case and each group are on every covariate.

    Returns
    -------
    DataFrame
        One row per `covariate`: `case`, and for each group `<group>`, the mean of its municipalities, and
        `<group>_difference`, the case less that mean in standard deviations among all others: the standardised mean
        difference. Of `size`, compared by its logarithm, man-years and the groups' geometric means are told; shares are
        in per cent.
    """
    others = known.drop(index="case")
    spread = others.std(ddof=1)
    table = pd.DataFrame({"case": known.loc["case"]})
    for name, codes in groups.items():
        table[name] = others[others.index.isin(set(codes))].mean()
        table[f"{name}_difference"] = (table["case"] - table[name]) / spread.where(spread > 1e-12)
    if "size" in table.index:
        table.loc["size", ["case", *groups]] = np.exp(table.loc["size", ["case", *groups]].astype("float64"))
    return table.rename_axis("covariate").reset_index()
