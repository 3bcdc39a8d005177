"""Sick-leave rates from numerators and denominators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem

if TYPE_CHECKING:
    from evaluation.study import Study

KINDS = {
    "total": ("self_certified_days", "doctor_certified_days"),
    "self_certified": ("self_certified_days",),
    "doctor_certified": ("doctor_certified_days",),
    "days_1_3": ("days_1_3",),
    "days_4_10": ("days_4_10",),
    "days_11_40": ("days_11_40",),
    "days_over_40": ("days_over_40",),
}
"""The man-days that each kind of sick leave counts; the last four by the duration of the spell in days."""

WORKING_DAYS = 251
"""Agreed man-days in a man-year. Agreed days count Monday to Friday without public holidays, and holiday leave is not
taken out of them: 250-253 a year. The divisor of every column `man_years`."""


def rates(
    table: pd.DataFrame, *, by: Sequence[str] = (), kind: str = "total", working_days: float = WORKING_DAYS
) -> pd.DataFrame:
    """Sick-leave rates of any grouping of the table.

    Parameters
    ----------
    table : DataFrame
        The tidy table `sick_leave`, or `with_groups(study)`.
    by : sequence of str
        Columns to group by; none gives one row for the whole table.
    kind : str
        A key of `KINDS`.
    working_days : float
        Agreed man-days in a man-year.

    Returns
    -------
    DataFrame
        The columns of `by`, `lost_days` and `agreed_days` (man-days), `rate` (percent), `municipalities`, `man_years`
        and `missing`. Man-years are the agreed days divided by the working days of the quarters in the cell
        (`working_days` / 4 each), so they are comparable whatever the number of quarters. A row of the table without
        both figures counts in neither sum, and is counted in `missing`.
    """
    by = checked_columns(table, by, kind)
    used = measured(table, by, kind)
    return _summed(used, by, working_days)


def rolling(
    table: pd.DataFrame,
    *,
    by: Sequence[str] = (),
    kind: str = "total",
    quarters: int = 4,
    working_days: float = WORKING_DAYS,
) -> pd.DataFrame:
    """Sick-leave rates over a rolling window, free of season when the window is a year.

    Sums over the window are formed before dividing. A window is left out unless every one of its quarters has figures.

    Parameters
    ----------
    table, by, kind, working_days
        As in `rates`; `by` without `quarter`.
    quarters : int
        Length of the window.

    Returns
    -------
    DataFrame
        As `rates`, with `quarter` (the last of the window) after the columns of `by`.
    """
    by = checked_columns(table, by, kind)
    if "quarter" in by:
        raise InputError(Problem("A rolling window already runs over quarters", "Leave `quarter` out of `by`"))
    if quarters < 1:
        raise InputError(Problem("A window has at least one quarter", "Use quarters=4 for a rolling year"))
    used = measured(table, [*by, "quarter"], kind)
    cells = [*dict.fromkeys([*by, "municipality", "quarter"])]
    small = used.groupby(cells, observed=True, as_index=False)[["lost_days", "agreed_days", "missing"]].sum()
    small["source"] = small["quarter"]
    # Each quarter belongs to as many windows as a window has quarters.
    windows = pd.concat([small.assign(quarter=small["quarter"] + ahead) for ahead in range(quarters)])
    windows = windows[windows["quarter"] <= table["quarter"].max()]
    result = _summed(windows, [*by, "quarter"], working_days, source="source")
    filled = windows[windows["agreed_days"] > 0].groupby([*by, "quarter"], observed=True)["source"].nunique()
    complete = filled[filled == quarters].index
    keys = pd.MultiIndex.from_frame(result[[*by, "quarter"]]) if by else pd.Index(result["quarter"])
    return result[keys.isin(complete)].reset_index(drop=True)


def with_groups(study: Study, *, theme: str | None = None) -> pd.DataFrame:
    """Return the sick-leave table with what the programme says of each municipality.

    Parameters
    ----------
    study : Study
    theme : str, optional
        Keep, of the participants, those that work on the theme, with their intake in it.

    Returns
    -------
    DataFrame
        The table with `group` ("participants" or "others"), `intake` (its code, "unknown", or "others"), `earlier`
        (in a predecessor programme) and for each theme a column `theme_<code>`, true for those that work on it.
    """
    about = study.municipalities[["municipality", "group", "earlier"]].copy()
    about.insert(2, "intake", intakes(study, theme).reindex(about["municipality"]).fillna("others").to_numpy())
    for code in study.programme.themes:
        about[f"theme_{code}"] = about["municipality"].isin(study.programme.participants(code)["municipality"])
    if theme is not None:
        about = about[(about["group"] == "others") | about[f"theme_{theme}"]]
    return study.sick_leave.merge(about, on="municipality", how="inner", validate="many_to_one")


def intakes(study: Study, theme: str | None) -> pd.Series:
    """Return the intake of each participant, by municipality; "unknown" where no source tells."""
    rows = study.programme.participants(theme).set_index("municipality")
    return rows["intake"].astype(object).fillna("unknown")


def kinds_in(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the kinds of sick leave that a table holds: without duration bands, those by certificate alone."""
    return tuple(kind for kind, columns in KINDS.items() if set(columns) <= set(table.columns))


def checked_columns(table: pd.DataFrame, by: Sequence[str], kind: str) -> list[str]:
    """Return the columns to group by, or refuse a kind or a column that does not exist."""
    by = [by] if isinstance(by, str) else list(by)
    problems = []
    if kind not in KINDS:
        problems.append(Problem(f"Unknown kind of sick leave {kind!r}", f"Choose one of: {', '.join(KINDS)}"))
    needed = [*by, "municipality", "quarter", "agreed_days", *KINDS.get(kind, ())]
    absent = [name for name in dict.fromkeys(needed) if name not in table.columns]
    problems += [Problem("The table has no such column", "Use a column of the table", column=name) for name in absent]
    if problems:
        raise InputError(problems)
    return by


def measured(table: pd.DataFrame, by: Sequence[str], kind: str) -> pd.DataFrame:
    """Return `by`, municipality, quarter, lost and agreed days; both zero and `missing` 1 where either is unknown."""
    used = table[list(dict.fromkeys([*by, "municipality", "quarter"]))].copy()
    lost = table[list(KINDS[kind])].sum(axis=1, skipna=False).to_numpy(dtype=float)
    agreed = table["agreed_days"].to_numpy(dtype=float)
    known = np.isfinite(lost) & np.isfinite(agreed)
    used["lost_days"] = np.where(known, lost, 0.0)
    used["agreed_days"] = np.where(known, agreed, 0.0)
    used["missing"] = (~known).astype(int)
    return used


def _summed(used: pd.DataFrame, by: list[str], working_days: float, source: str = "quarter") -> pd.DataFrame:
    if not by:
        return _summed(used.assign(all=0), ["all"], working_days, source).drop(columns="all")
    with_figures = used[used["agreed_days"] > 0]
    result = used.groupby(by, observed=True)[["lost_days", "agreed_days", "missing"]].sum()
    counts = pd.DataFrame(
        {
            "municipalities": _distinct(with_figures, by, "municipality"),
            "quarters": _distinct(with_figures, by, source),
        }
    )
    result = result.join(counts)
    result["municipalities"] = result["municipalities"].fillna(0).astype(int)
    result["rate"] = 100 * result["lost_days"] / result["agreed_days"].where(result["agreed_days"] > 0)
    result["man_years"] = (result["agreed_days"] / (working_days / 4 * result["quarters"])).fillna(0.0)
    columns = ["lost_days", "agreed_days", "rate", "municipalities", "man_years", "missing"]
    return result[columns].reset_index()


def _distinct(used: pd.DataFrame, by: list[str], column: str) -> pd.Series:
    if column in by:
        return used.groupby(by, observed=True).size().clip(upper=1)
    return used[[*by, column]].drop_duplicates().groupby(by, observed=True).size()
