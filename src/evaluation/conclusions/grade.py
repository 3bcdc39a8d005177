"""How certain each effect is, by one rule stated before the results are seen.

Grades, from the finding and its evidence alone:

- strong: it holds after Holm's (1979) adjustment for all the main outcomes, the trends before the start are tested and
  do not differ, and at least nine in ten of the other choices tried give the same sign;
- moderate: p is below 0.05 before the adjustment, no difference in trends before the start was found, and at least
  three in four of the other choices give the same sign;
- weak: p is below 0.05, but something of that fails or was not looked at;
- none: p is 0.05 or more, and the whole 95 % interval is nearer zero than the smallest effect that matters;
- undetermined: p is 0.05 or more, and the interval holds effects of that size;
- not_assessed: no effect could be estimated.

A main outcome is one a chapter chose beforehand; supporting outcomes are adjusted among themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from evaluation.conclusions.read import Findings

GRADES = ("strong", "moderate", "weak", "none", "undetermined", "not_assessed")
LEVEL = 0.05
STRONG_SIGN, MODERATE_SIGN = 0.9, 0.75


def effects(found: Findings, *, relevant: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return the estimates of effect with their certainty.

    Parameters
    ----------
    found : Findings
    relevant : mapping, optional
        The smallest effect that matters by outcome, in the finding's unit, without sign. For an outcome not given, no
        effect is graded "none": whether a relevant one was missed cannot be said.

    Returns
    -------
    DataFrame
        A row per effect with evidence, main outcomes first: `theme`, `outcome`, `main`, `value`, `low`, `high`, `unit`,
        `decimals`, `n`, `p_value`, `p_holm` and `p_fdr` (Holm 1979; Benjamini and Hochberg 1995; among the main
        outcomes, and among the others), `detectable`, `relevant`, `before`, `same_sign`, `went` ("wanted",
        "unwanted", or missing while p is 0.05 or more), `grade`, and `low_relevant`, `value_relevant`,
        `high_relevant`: the effect in multiples of the relevant one, positive where it is wanted.
    """
    rows = found.rows[found.rows["causal"].astype("bool") & found.rows["outcome"].notna()].copy()
    rows["main"] = rows["main"].astype("bool")
    for column in ("value", "low", "high", "n", "p_value", "detectable", "before", "same_sign"):
        rows[column] = rows[column].astype("float64")
    rows["relevant"] = rows["outcome"].map(dict(relevant or {})).astype("float64")
    rows["p_holm"], rows["p_fdr"] = _adjusted(rows, "holm"), _adjusted(rows, "fdr_bh")
    sign = rows["better"].map({"higher": 1.0, "lower": -1.0})
    told = rows["p_value"] < LEVEL
    towards = (rows["value"] * sign > 0).map({True: "wanted", False: "unwanted"})
    rows["went"] = towards.where(told)
    rows["grade"] = [_grade(row) for _, row in rows.iterrows()]
    ends = {name: rows[name] * sign / rows["relevant"] for name in ("value", "low", "high")}
    rows["value_relevant"] = ends["value"]
    rows["low_relevant"] = ends["low"].where(sign > 0, ends["high"])
    rows["high_relevant"] = ends["high"].where(sign > 0, ends["low"])
    columns = ["notebook", "theme", "outcome", "main", "value", "low", "high", "unit", "decimals", "n", "p_value"]
    columns += ["p_holm", "p_fdr", "detectable", "relevant", "before", "same_sign", "went", "grade"]
    columns += ["low_relevant", "value_relevant", "high_relevant"]
    return rows.sort_values("main", ascending=False, kind="stable")[columns].reset_index(drop=True)


def _adjusted(rows: pd.DataFrame, method: str) -> pd.Series:
    """Return p-values adjusted among the main outcomes and among the others; missing where there is none."""
    from statsmodels.stats.multitest import multipletests

    adjusted = pd.Series(float("nan"), index=rows.index)
    known = rows["p_value"].notna()
    for main in (True, False):
        family = rows.index[known & (rows["main"] == main)]
        if len(family):
            adjusted[family] = multipletests(rows.loc[family, "p_value"], method=method)[1]
    return adjusted


def _grade(row: pd.Series) -> str:
    if pd.isna(row["value"]) or pd.isna(row["p_value"]):
        return "not_assessed"
    if row["p_value"] >= LEVEL:
        farthest = max(abs(row["low"]), abs(row["high"]))
        return "none" if farthest < row["relevant"] else "undetermined"
    parallel = row["before"] >= LEVEL
    if row["p_holm"] < LEVEL and parallel and row["same_sign"] >= STRONG_SIGN:
        return "strong"
    return "moderate" if parallel and row["same_sign"] >= MODERATE_SIGN else "weak"
