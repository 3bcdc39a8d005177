"""How much of a change comes from within groups, and how much from who is employed: sector, sex, age, occupation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.positions.change import MEASURES, require_years
from evaluation.positions.histogram import Histogram, _names
from evaluation.positions.source import View
from evaluation.positions.weighted import ratio
from evaluation.workbench import Described

FACTORS = ("sector", "sex", "age_group", "occupation")


@dataclass(frozen=True, eq=False)
class Decomposition(Described):
    """A change split exactly into change within groups and change of who is employed.

    Attributes
    ----------
    totals : by the columns of `by` and `measure` (``mean_size`` or ``full_time_share``): `before`, `after` (per cent),
        `change`, `within`, `composition` (percentage points; `change` = `within` + `composition`), one column
        ``composition_<factor>`` each (they add up to `composition`), the smaller count of the years, `cells`.
    parts : by the columns of `by`, `measure`, `factor` and `category` (a value of the factor): `share_before`,
        `share_after` (per cent of all), `before`, `after`, and the group's own `within` and `composition` when only
        that factor makes the groups, the smaller count.
    factors, view : as asked for.
    """

    totals: pd.DataFrame
    parts: pd.DataFrame
    factors: tuple[str, ...]
    view: View


def with_occupation(hist: Histogram, digits: int = 1) -> Histogram:
    """Add `occupation`: the first `digits` of the position code, its major group at one digit."""
    hist._require(["position_code"])
    if digits not in (1, 2, 3):
        what = "An occupation is the first 1, 2 or 3 digits of the position code"
        raise InputError(Problem(what, "Give 1 for the major group", value=digits))
    occupation = hist.data["position_code"].astype("str").str[:digits].astype("category")
    columns = [*hist.by, "occupation", "percentage", hist.count]
    return replace(hist, data=hist.data.assign(occupation=occupation)[columns], by=(*hist.by, "occupation"))


def decompose(
    hist: Histogram,
    baseline: int,
    last: int,
    *,
    factors: Sequence[str] = FACTORS,
    by: Sequence[str] | str = (),
) -> Decomposition:
    """Split the change of mean size and full-time share by the cells that `factors` make together.

    With shares s and levels m of the cells, a bar for the mean of the two years and M for the total: `within` is the
    sum of s-bar x change of m, `composition` the sum of (m-bar - M-bar) x change of s; they add up exactly (Kitagawa
    1955, Journal of the American Statistical Association 50, 1168-1194). A cell of one year only has no change within.
    The part of each factor in `composition` is its Shapley value: what it adds to the composition of the factors
    before it, averaged over all orders, so that the parts add up whatever the order (Shorrocks 2013, Journal of
    Economic Inequality 11, 99-126).

    Parameters
    ----------
    hist : split by year and the factors.
    baseline, last : the years.
    factors : columns of the histogram; for ``occupation`` see `with_occupation`.
    by : columns to do it by, such as ("group",).
    """
    factors, names = _names(factors), list(_names(by))
    require_years(hist, baseline, last)
    hist._require([*factors, *names])
    if not factors or set(factors) & {*names, "year"}:
        remedy = "Name columns of the histogram that are neither in `by` nor the year"
        raise InputError(Problem("The factors cannot split the change", remedy, value=", ".join(factors)))
    each = hist.where(year=[baseline, last]).measures((*names, *factors, "year"))
    tops = {"mean_size": each["percentage_sum"], "full_time_share": 100.0 * each["full_time"]}
    each = each[[*names, *factors, "year", hist.count]].assign(**tops)
    groups = each.groupby(names, observed=True, sort=True) if names else [((), each)]
    totals, parts = [], []
    for key, rows in groups:
        labels: dict[str, Any] = dict(zip(names, key, strict=True))
        for measure in MEASURES:
            total, part = _split(rows, hist.count, measure, factors, baseline, last)
            totals.append(labels | {"measure": measure} | total)
            parts.append(part.assign(**labels, measure=measure))
    columns = [*names, "measure", "factor", "category"]
    together = pd.concat(parts, ignore_index=True)
    return Decomposition(
        totals=pd.DataFrame(totals),
        parts=together[[*columns, *(name for name in together if name not in columns)]],
        factors=factors,
        view=hist.view,
    )


def _split(
    rows: pd.DataFrame, count: str, measure: str, factors: tuple[str, ...], baseline: int, last: int
) -> tuple[dict[str, float], pd.DataFrame]:
    cells = _cells(rows, count, measure, factors, baseline, last)
    sums = cells[["size_before", "size_after", "top_before", "top_after"]].sum()
    before, after = sums["top_before"] / sums["size_before"], sums["top_after"] / sums["size_after"]
    # What the mix of each set of factors moves; that of no factor is nothing.
    moved: dict[tuple[str, ...], float] = {(): 0.0}
    parts = []
    for size in range(1, len(factors) + 1):
        for chosen in combinations(factors, size):
            part = cells if size == len(factors) else _cells(rows, count, measure, chosen, baseline, last)
            moved[chosen] = float(part["composition"].sum())
            if size == 1:
                shown = part.rename_axis("category").reset_index().assign(factor=chosen[0])
                parts.append(shown.rename(columns={"level_before": "before", "level_after": "after"}))
    total = {"before": before, "after": after, "change": after - before}
    total |= {"within": cells["within"].sum(), "composition": cells["composition"].sum()}
    total |= {f"composition_{factor}": _shapley(factor, factors, moved) for factor in factors}
    total |= {count: int(min(sums["size_before"], sums["size_after"])), "cells": len(cells)}
    shown = pd.concat(parts, ignore_index=True)
    shown[count] = shown[["size_before", "size_after"]].min(axis=1).astype(np.int64)
    columns = ["factor", "category", count, "share_before", "share_after", "before", "after", "within", "composition"]
    return total, shown[columns].astype({"category": "str"})


def _cells(
    rows: pd.DataFrame, count: str, measure: str, chosen: tuple[str, ...], baseline: int, last: int
) -> pd.DataFrame:
    """Return both years of every cell of the chosen factors with its part of the change, in percentage points."""
    summed = rows.pivot_table(
        index=list(chosen), columns="year", values=[count, measure], aggfunc="sum", fill_value=0, observed=True
    )
    cells = pd.DataFrame(index=summed.index)
    for name, year in (("before", baseline), ("after", last)):
        size, top = summed[(count, year)].astype(np.float64), summed[(measure, year)].astype(np.float64)
        cells[f"size_{name}"], cells[f"top_{name}"] = size, top
        cells[f"share_{name}"] = 100.0 * size / size.sum()
        cells[f"level_{name}"] = ratio(top.to_numpy(), size.to_numpy())
    first, second = cells["level_before"], cells["level_after"]
    first, second = first.fillna(second), second.fillna(first)
    shares = cells["share_before"] / 100, cells["share_after"] / 100
    middle = sum(cells[f"top_{name}"].sum() / cells[f"size_{name}"].sum() for name in ("before", "after")) / 2
    cells["within"] = (shares[0] + shares[1]) / 2 * (second - first)
    cells["composition"] = ((first + second) / 2 - middle) * (shares[1] - shares[0])
    return cells


def _shapley(factor: str, factors: tuple[str, ...], moved: dict[tuple[str, ...], float]) -> float:
    others = [name for name in factors if name != factor]
    value = 0.0
    for size in range(len(others) + 1):
        for chosen in combinations(others, size):
            joined = tuple(name for name in factors if name in {*chosen, factor})
            value += (moved[joined] - moved[chosen]) / (len(factors) * comb(len(factors) - 1, size))
    return value
