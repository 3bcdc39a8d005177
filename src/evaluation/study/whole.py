"""Counts put on one division: whole municipalities or none, summed over predecessors."""

from __future__ import annotations

import pandas as pd

from evaluation.municipalities import Register
from evaluation.tables import Table


def summed(rows: pd.DataFrame, table: Table, time: str, register: Register, division: int) -> pd.DataFrame:
    """Return the rows to keep, summed to the division; mark in `rows` those left out because another one is missing.

    A municipality that lacks one row at a time (`quarter` or `year`) is left out altogether then, and so is a merged
    one of which a predecessor is missing: a sum over fewer would be another number.

    Parameters
    ----------
    rows : DataFrame
        The table's columns and `reason`; changed in place.
    table : Table
        Keyed by municipality, time and what else tells its rows apart.
    time : {"quarter", "year"}
    """
    key = ["municipality", time]
    sums = [column.name for column in table.columns if column.kind == "number" and column.name in rows]
    by = [name for name in table.key if name != "municipality"]
    missing = rows.loc[~rows["reason"].isin(["", "after_cut"]), key].drop_duplicates()
    incomplete = pd.MultiIndex.from_frame(rows[key]).isin(pd.MultiIndex.from_frame(missing))
    rows["reason"] = rows["reason"].mask(incomplete & (rows["reason"] == ""), f"incomplete_{time}")
    kept = rows[rows["reason"] == ""]
    result = register.harmonise(kept[["municipality", *by, *sums]], division=division, by=by, sums=sums)
    partial = result.loc[result[sums[-1]].isna(), key].drop_duplicates()
    if len(partial):
        mapping = register.mapping(kept["municipality"].unique(), division=division)
        place = kept[key].assign(municipality=kept["municipality"].map(mapping).astype("str"))
        half = pd.MultiIndex.from_frame(place).isin(pd.MultiIndex.from_frame(partial))
        rows.loc[kept.index[half], "reason"] = "predecessor_missing"
    return result[result[sums[-1]].notna()].reset_index(drop=True)


def shared(rows: pd.DataFrame, value: str, by: list[str], register: Register, division: int) -> pd.DataFrame:
    """Return `value` by municipality of the division and `by`; missing where predecessors differ or one is missing."""
    mapping = register.mapping(rows["municipality"].unique(), division=division)
    placed = rows.assign(municipality=rows["municipality"].map(mapping).astype("str"))
    found = placed.groupby(["municipality", *by])[value].agg(["first", "nunique", "count", "size"])
    same = found["first"].where((found["nunique"] == 1) & (found["count"] == found["size"])).astype("str")
    return same.rename(value).reset_index()
