"""What stands out in the figures: periods that are missing, outliers, breaks, and codes put on one division."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation.check.gather import Gathered
from evaluation.tables import lost_days

TIMES = 3.0
"""A municipality's total is an outlier above this many times its own median, or below one part in as many."""

LEAST = 50.0
"""Totals with a smaller median are not judged: small counts jump."""

SPREADS = 6.0
"""A rate is an outlier so many robust standard deviations (1.4826 times the median distance) from the others'."""

BREAK = 0.03
"""A break is a change from a year to the next, in the sum over the same municipalities, of more than this share."""

KEY = ("municipality", "period")
HARMONISED = ("municipality", "name", "division", "division_name", "rows", "left_out", "missing")
GAPS = ("table", "municipality", "name", "participant", "missing", "periods")
OUTLIERS = ("table", "column", "municipality", "name", "period", "value", "usual")
BREAKS = ("table", "column", "period", "before", "after", "change")


def harmonised(found: Gathered) -> pd.DataFrame:
    """Return the codes that are put together under another one of the division, with the rows they have.

    `left_out` are those of them that another code had to be there for, which is `missing` (its code and name).
    """
    register = found.register
    counts: dict[str, int] = {}
    for parts in found.parts.values():
        for part in parts:
            if "municipality" in part.tidy.frame:
                for code, rows in part.tidy.frame["municipality"].value_counts().items():
                    counts[str(code)] = counts.get(str(code), 0) + int(rows)
    if register is None or not counts or found.problems:
        return pd.DataFrame(columns=list(HARMONISED))
    mapping = register.mapping(sorted(counts), division=found.division)
    names = _names(found)
    moved = [(str(code), str(target)) for code, target in sorted(mapping.items()) if target != code]
    put = []
    for code, target in moved:
        left, lacking = found.halves.get(code, (0, set()))
        missing = ", ".join(f"{one} {names.get(one, '')}" for one in sorted(lacking))
        put.append((code, names.get(code, ""), target, names.get(target, ""), counts[code] - left, left, missing))
    return pd.DataFrame(put, columns=list(HARMONISED))


def gaps(found: Gathered) -> pd.DataFrame:
    """Return the municipalities of the division that lack periods a table has, participants first."""
    members = set(found.programme.participants()["municipality"]) if found.programme is not None else set()
    names = _names(found)
    rows = []
    for table in [one for one in found.whole if one != "background"]:
        frame, time = found.whole[table], _time(found.whole[table])
        pairs = frame[["municipality", time]].drop_duplicates()
        periods = sorted(pairs[time].unique())
        have: dict[str, set[object]] = {str(code): set(group[time]) for code, group in pairs.groupby("municipality")}
        for code in sorted(set(have) | members, key=lambda one: (one not in members, one)):
            lacking = [str(period) for period in periods if period not in have.get(code, set())]
            if lacking:
                shown = ", ".join(lacking[:6]) + (" ..." if len(lacking) > 6 else "")
                rows.append((table, code, names.get(code, ""), code in members, len(lacking), shown))
    return pd.DataFrame(rows, columns=list(GAPS))


def outliers(found: Gathered) -> pd.DataFrame:
    """Return totals far from the municipality's own, and sick-leave rates far from those of others at the time."""
    names, pieces = _names(found), []
    for table, totals in _totals(found).items():
        columns = [name for name in totals.columns if name not in KEY]
        long = totals.melt(list(KEY), columns, var_name="column").dropna(subset="value")
        usual = long.groupby(["municipality", "column"])["value"].transform("median")
        far = (usual >= LEAST) & ((long["value"] > TIMES * usual) | (long["value"] < usual / TIMES))
        pieces.append(long.assign(table=table, usual=usual)[far])
        if table == "sick_leave":
            pieces.append(_rates(totals).assign(table=table, column="rate"))
    rows = pd.concat(pieces) if pieces else pd.DataFrame(columns=list(OUTLIERS))
    rows = rows.assign(name=rows["municipality"].map(names), period=rows["period"].astype("str"))
    return rows[list(OUTLIERS)].sort_values(["table", "municipality", "period", "column"], ignore_index=True)


def _rates(totals: pd.DataFrame) -> pd.DataFrame:
    rate = 100 * lost_days(totals) / totals["agreed_days"].where(totals["agreed_days"] > 0)
    usual = rate.groupby(totals["period"]).transform("median")
    spread = 1.4826 * (rate - usual).abs().groupby(totals["period"]).transform("median")
    return totals[list(KEY)].assign(value=rate, usual=usual)[(rate - usual).abs() > SPREADS * spread.where(spread > 0)]


def breaks(found: Gathered) -> pd.DataFrame:
    """Return where the sum over the same municipalities jumps from a year to the next, by a table's largest column."""
    rows: list[tuple[object, ...]] = []
    for table, totals in _totals(found).items():
        columns = [name for name in totals.columns if name not in KEY]
        column = str(totals[columns].sum().idxmax())
        there = totals.dropna(subset=column)
        times = there.groupby("municipality")["period"].transform("nunique")
        sums = there[times == there["period"].nunique()].groupby("period")[column].sum()
        year = {period: period - (4 if isinstance(period, pd.Period) else 1) for period in sums.index}
        for period, earlier in year.items():
            before, after = float(sums.get(earlier, np.nan)), float(sums[period])
            if abs(after / before - 1) > BREAK:
                rows.append((table, column, str(period), before, after, 100 * (after / before - 1)))
    return pd.DataFrame(rows, columns=list(BREAKS))


def _totals(found: Gathered) -> dict[str, pd.DataFrame]:
    """Counts by `municipality` and `period`, of the tables that are summed."""
    totals = {}
    for table, frame in found.whole.items():
        kept = frame[frame["reason"] == ""] if "reason" in frame else frame
        counts = [name for name in kept.select_dtypes("number").columns if name not in ("year", "file")]
        if len(kept) and counts:
            renamed = kept.rename(columns={_time(kept): "period"})
            totals[table] = renamed.groupby(list(KEY))[counts].sum(min_count=1).astype("float64").reset_index()
    return totals


def _time(frame: pd.DataFrame) -> str:
    return "quarter" if "quarter" in frame else "year"


def _names(found: Gathered) -> dict[str, str]:
    if found.register is None:
        return {}
    history = found.register.history.drop_duplicates("code")
    return dict(zip(history["code"].astype(str), history["name"].astype(str), strict=True))
