"""The figures of the case, its peers and the country, side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evaluation.deep_dive.gaps import Sums
from evaluation.positions import EDGES, Histogram
from evaluation.sick_leave import rates, rolling
from evaluation.tables import SECTORS

YEAR = 4
SICK_LEAVE = {
    "sick_leave_rate": "total",
    "self_certified_rate": "self_certified",
    "doctor_certified_rate": "doctor_certified",
}
"""The outcomes of sick leave, and the kind of `sick_leave.rates` that each is."""
CERTIFIED = ("self_certified_rate", "doctor_certified_rate")
PERCENTILES = (0.1, 0.9)


@dataclass(frozen=True)
class Sides:
    """The codes of the municipalities on each side: `case`, `peers` and `country`."""

    case: tuple[str, ...]
    peers: tuple[str, ...]
    country: tuple[str, ...]

    def items(self) -> list[tuple[str, tuple[str, ...]]]:
        """Return name and codes of each side, in the order of the tables."""
        return [("case", self.case), ("peers", self.peers), ("country", self.country)]


Window = tuple[pd.Period, pd.Period]


def by_side(table: pd.DataFrame, sides: Sides) -> pd.DataFrame:
    """Return the rows of each side, one after the other, with `who`; a municipality may stand on two sides."""
    parts = [table[table["municipality"].isin(set(codes))].assign(who=who) for who, codes in sides.items()]
    return pd.concat(parts, ignore_index=True)


def rolling_years(table: pd.DataFrame, sides: Sides) -> pd.DataFrame:
    """Return rolling four quarters of sick leave by side, with the spread of the peers' own rates."""
    pooled = rolling(by_side(table, sides), by=["who"], quarters=YEAR)
    own = rolling(table[table["municipality"].isin(set(sides.peers))], by=["municipality"], quarters=YEAR)
    own = own[own["missing"] == 0]
    spread = own.groupby("quarter")["rate"].quantile(np.array(PERCENTILES)).unstack()  # noqa: PD010
    spread = spread.rename(columns=dict(zip(PERCENTILES, ("low", "high"), strict=True))).reset_index()
    joined = pooled.merge(spread.assign(who="peers"), on=["who", "quarter"], how="left")
    columns = ["who", "quarter", "lost_days", "agreed_days", "rate", "low", "high", "municipalities", "man_years"]
    return _in_order(joined.reindex(columns=columns), ["quarter"])


def sick_leave_sums(table: pd.DataFrame, windows: Mapping[str, Window], kind: str) -> pd.DataFrame:
    """Return lost and agreed days before and after by municipality, of those with figures in every quarter of both."""
    quarter = table["quarter"]
    needed = np.logical_or.reduce([(quarter >= first) & (quarter <= last) for first, last in windows.values()])
    quarterly = rates(table[needed], by=["municipality", "quarter"], kind=kind)
    usable = quarterly[(quarterly["missing"] == 0) & (quarterly["agreed_days"] > 0)]
    parts = []
    for when in ("before", "after"):
        first, last = windows[when]
        inside = usable[(usable["quarter"] >= first) & (usable["quarter"] <= last)].groupby("municipality")
        whole = inside.size() == YEAR
        sums = inside[["lost_days", "agreed_days"]].sum()[whole]
        parts.append(sums.set_axis([f"top_{when}", f"bottom_{when}"], axis=1))
    joined = parts[0].join(parts[1], how="inner")
    return joined.assign(top_before=100 * joined["top_before"], top_after=100 * joined["top_after"])


def sector_sums(table: pd.DataFrame, windows: Mapping[str, Window], codes: Collection[str]) -> dict[str, pd.DataFrame]:
    """Return, by sector, the sums of `sick_leave_sums` of all sick leave in the municipalities given."""
    inside = table[table["municipality"].isin(set(codes))]
    known = [sector for sector in SECTORS if (inside["sector"] == sector).any()] if len(windows) == 2 else []
    return {sector: sick_leave_sums(inside[inside["sector"] == sector], windows, "total") for sector in known}


def position_sums(each: pd.DataFrame, baseline: int, last: int, measure: str) -> pd.DataFrame:
    """Return numerators and denominators of a measure in two years by municipality, of those counted in both.

    Parameters
    ----------
    each : measures of an employee histogram by municipality and year.
    measure : ``"mean_size"`` or ``"full_time_share"``.
    """
    top, scale = ("percentage_sum", 1.0) if measure == "mean_size" else ("full_time", 100.0)
    parts = [
        (each[each["year"] == year].set_index("municipality")[[top, "persons"]] * [scale, 1.0]).set_axis(
            [f"top_{when}", f"bottom_{when}"], axis=1
        )
        for when, year in (("before", baseline), ("after", last))
    ]
    return parts[0].join(parts[1], how="inner")


def as_sums(table: pd.DataFrame, codes: Collection[str]) -> Sums:
    """Return the rows of the municipalities given, in the order of their codes."""
    part = table[table.index.isin(set(codes))].sort_index()
    columns = ("top_before", "bottom_before", "top_after", "bottom_after")
    return Sums(*(part[name].to_numpy(dtype=np.float64) for name in columns))


def position_years(hist: Histogram, each: pd.DataFrame, sides: Sides) -> pd.DataFrame:
    """Return mean size and full-time share by year and side, with the spread of the peers' own."""
    parts = [hist.where(municipality=codes).measures("year").assign(who=who) for who, codes in sides.items()]
    columns = ["who", "year", "persons", "man_years", "percentage_sum", "mean_size", "full_time", "full_time_share"]
    pooled = pd.concat(parts, ignore_index=True)[[*columns, "municipalities"]]
    own = each[each["municipality"].isin(set(sides.peers))].groupby("year")
    for measure in ("mean_size", "full_time_share"):
        for end, share in zip(("low", "high"), PERCENTILES, strict=True):
            spread = pooled["year"].map(own[measure].quantile(share))
            pooled[f"{measure}_{end}"] = spread.where(pooled["who"] == "peers")
    return _in_order(pooled, ["year"])


def band_shares(hist: Histogram, years: Mapping[str, int], sides: Sides) -> pd.DataFrame:
    """Return the distribution of employees over bands of position size by side, in the year of each `when`."""
    found = []
    for who, codes in sides.items():
        chosen = hist.where(municipality=codes, year=list(years.values()))
        bands = chosen.bands("year", EDGES)
        found += [
            bands[bands["year"] == year].assign(who=who, when=when, side=f"{who}_{when}")
            for when, year in years.items()
        ]
    columns = ["who", "when", "side", "year", "band", "lower", "upper", "persons", "man_years", "total", "share"]
    return pd.concat(found, ignore_index=True)[columns] if found else pd.DataFrame(columns=columns)


def fact_rows(
    everyone: pd.DataFrame, codes: Collection[str], each: pd.DataFrame, year: int, about: Mapping[str, Any]
) -> pd.DataFrame:
    """Return what is known of each municipality of the case, with the employees of `year`."""
    columns = ["municipality", "name", "county", "kostra_group", "population", "themes", "intake", "earlier"]
    rows = everyone.loc[everyone["municipality"].isin(set(codes)), columns]
    employed = each.loc[each["year"] == year, ["municipality", "persons", "man_years"]]
    joined = rows.merge(employed, on="municipality", how="left").assign(**about)
    order = ["municipality", "name", "county", "kostra_group", "population", "persons", "man_years"]
    order += ["theme", "themes", "intake", "network", "started", "earlier"]
    return joined[order].sort_values("municipality", ignore_index=True)


def _in_order(frame: pd.DataFrame, then: list[str]) -> pd.DataFrame:
    """Sort by side as the tables have it, and by the columns given; before stands before after."""
    places = {"case": 0, "peers": 1, "country": 2, "synthetic": 3, "before": 0, "after": 1}
    return frame.sort_values(
        ["who", *then],
        key=lambda column: column.map(places) if column.name in ("who", "when") else column,
        ignore_index=True,
    )
