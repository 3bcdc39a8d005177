"""How much of a change in the total rate comes from the sectors' rates, and how much from their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.sick_leave.development import Window, by_municipality, checked_windows
from evaluation.sick_leave.rates import WORKING_DAYS, checked_columns
from evaluation.workbench import Described


@dataclass(frozen=True, eq=False)
class Decomposition(Described):
    """A change in the total rate split exactly into two sums over sectors.

    Attributes
    ----------
    totals : DataFrame
        By the columns of `by`: `rate_before`, `rate_after` (percent), `change`, `within`, `composition` (percentage
        points; `change` = `within` + `composition`), `municipalities`, `man_years`.
    sectors : DataFrame
        The contributions: by and `sector`, `share_before`, `share_after` (of the agreed days, percent), `rate_before`,
        `rate_after`, `within`, `composition`, lost and agreed days, `municipalities`, `man_years`.
    dropped : DataFrame
        `reason`, `municipalities`.
    """

    totals: pd.DataFrame
    sectors: pd.DataFrame
    dropped: pd.DataFrame

    def _repr_html_(self) -> str:
        return "".join(frame.to_html(index=False) for frame in (self.totals, self.sectors, self.dropped))


def composition(
    table: pd.DataFrame,
    *,
    before: Window,
    after: Window,
    by: Sequence[str] = (),
    part: str = "sector",
    kind: str = "total",
    working_days: float = WORKING_DAYS,
) -> Decomposition:
    """Split the change of the total rate into change within sectors and change of the sector mix (shift-share).

    With shares s and rates r of the sectors, a bar for the mean of the two windows and R for the total rate:
    `within` = sum of s-bar x change of r, `composition` = sum of (r-bar - R-bar) x change of s. The two add up exactly,
    without a residual, because both are weighed at the middle (Kitagawa 1955, Journal of the American Statistical
    Association 50, 1168-1194).

    Parameters
    ----------
    table : DataFrame
        The tidy table `sick_leave`, or `with_groups(study)`.
    before, after, kind, working_days
        As in `development`; the same municipalities in both windows.
    by : sequence of str
        Columns to do it by, for instance ["group"].
    part : str
        The column whose mix changes.
    """
    windows = checked_windows(table, before, after)
    by = [by] if isinstance(by, str) else list(by)
    wide, dropped = by_municipality(table, checked_columns(table, [*by, part], kind), kind, windows)
    sums = [name for name in wide.columns if name.startswith(("lost_days", "agreed_days"))]
    keyed = wide if by else wide.assign(all=0)
    keys = by or ["all"]
    sectors = keyed.groupby([*keys, part], observed=True)[sums].sum().reset_index()
    members = keyed[(keyed["agreed_days_before"] > 0) | (keyed["agreed_days_after"] > 0)]
    sectors["municipalities"] = _members(members, sectors, [*keys, part])
    whole = sectors.groupby(keys, observed=True)[sums].transform("sum")
    lengths = [last.ordinal - first.ordinal + 1 for first, last in windows]
    for name in ("before", "after"):
        sectors[f"share_{name}"] = 100 * sectors[f"agreed_days_{name}"] / whole[f"agreed_days_{name}"]
        agreed = sectors[f"agreed_days_{name}"]
        sectors[f"rate_{name}"] = 100 * sectors[f"lost_days_{name}"] / agreed.where(agreed > 0)
        sectors[f"total_{name}"] = 100 * whole[f"lost_days_{name}"] / whole[f"agreed_days_{name}"]
    # A sector that exists in one window only has no change within; all of its contribution is composition.
    first, last = sectors["rate_before"], sectors["rate_after"]
    first, last = first.fillna(last), last.fillna(first)
    middle = (sectors["total_before"] + sectors["total_after"]) / 2
    sectors["within"] = (sectors["share_before"] + sectors["share_after"]) / 200 * (last - first)
    shift = (sectors["share_after"] - sectors["share_before"]) / 100
    sectors["composition"] = ((first + last) / 2 - middle) * shift
    sectors["man_years"] = _man_years(sectors, lengths, working_days)
    columns = ["share_before", "share_after", "rate_before", "rate_after", "within", "composition", *sums]
    totals = _totals(sectors, members, keys, lengths, working_days)
    return Decomposition(
        totals[[*by, *totals.columns[len(keys) :]]],
        sectors[[*by, part, *columns, "municipalities", "man_years"]],
        dropped,
    )


def _members(wide: pd.DataFrame, rows: pd.DataFrame, keys: list[str]) -> np.ndarray:
    counts = wide.groupby(keys, observed=True)["municipality"].nunique().rename("count").reset_index()
    return rows[keys].merge(counts, on=keys, how="left")["count"].fillna(0).to_numpy(dtype=int)


def _man_years(rows: pd.DataFrame, lengths: list[int], working_days: float) -> pd.Series:
    before = rows["agreed_days_before"] / (working_days / 4 * lengths[0])
    after = rows["agreed_days_after"] / (working_days / 4 * lengths[1])
    return pd.concat([before, after], axis=1).min(axis=1)


def _totals(
    sectors: pd.DataFrame, members: pd.DataFrame, keys: list[str], lengths: list[int], working_days: float
) -> pd.DataFrame:
    summed = ["within", "composition", "agreed_days_before", "agreed_days_after", "lost_days_before", "lost_days_after"]
    totals = sectors.groupby(keys, observed=True)[summed].sum().reset_index()
    for name in ("before", "after"):
        totals[f"rate_{name}"] = 100 * totals[f"lost_days_{name}"] / totals[f"agreed_days_{name}"]
    totals["change"] = totals["rate_after"] - totals["rate_before"]
    totals["municipalities"] = _members(members, totals, keys)
    totals["man_years"] = _man_years(totals, lengths, working_days)
    numbers = [
        "rate_before",
        "rate_after",
        "change",
        "within",
        "composition",
        *summed[2:],
        "municipalities",
        "man_years",
    ]
    return totals[[*keys, *numbers]]
