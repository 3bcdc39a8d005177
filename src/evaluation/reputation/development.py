"""How the index developed in the theme's municipalities and in others: description, not effect."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evaluation import survey
from evaluation.reputation.waves import CELLS, GROUPS, Measured, Panel


def levels(panel: Panel, *, level: float = 0.95) -> pd.DataFrame:
    """Return the mean index of each group in each wave; every municipality counts equally.

    Returns
    -------
    DataFrame
        `group`, `year`, `mean`, `standard_error`, `low`, `high` (points of the scale from 1 to 5; from the spread among
        municipalities, t distribution), `municipalities`, `answers`.
    """
    rows = []
    for name in GROUPS:
        for year in panel.years:
            part = panel.data[(panel.data["group"] == name) & (panel.data["year"] == year)]
            rows.append([name, year, *_mean(part["index"].to_numpy(), level), len(part), int(part["answers"].sum())])
    columns = ["group", "year", "mean", "standard_error", "low", "high", "municipalities", "answers"]
    found = pd.DataFrame(rows, columns=columns).astype({"municipalities": "int64", "answers": "int64"})
    return found[found["municipalities"] > 0].reset_index(drop=True)


def changes(panel: Panel, *, level: float = 0.95) -> pd.DataFrame:
    """Return the change from the first wave to the last, and how it differs from that of those who never took part.

    Returns
    -------
    DataFrame
        `group`, `before`, `after`, `change`, `standard_error`, `low`, `high` (points), `difference`, `difference_low`,
        `difference_high` (from the change among the others, Welch's interval; missing for them), `municipalities`
        (surveyed in both waves), `answers` (in the smaller). Every municipality counts equally. Empty with fewer than
        two waves. A difference between changes is development, not an effect.
    """
    from scipy.stats import t

    columns = ["group", "before", "after", "change", "standard_error", "low", "high"]
    columns += ["difference", "difference_low", "difference_high", "municipalities", "answers"]
    if len(panel.years) < 2:
        return pd.DataFrame(columns=columns)
    ends = panel.data[panel.data["year"].isin((panel.years[0], panel.years[-1]))]
    places = ends.set_index(["group", "municipality"])
    sides = [places[places["year"] == year] for year in (panel.years[0], panel.years[-1])]
    wide = sides[0].merge(sides[1], left_index=True, right_index=True, suffixes=("_before", "_after"))
    early, late = wide["index_before"], wide["index_after"]
    change = late - early
    others = change[change.index.get_level_values("group") == "others"].to_numpy()
    rows = []
    for name in GROUPS:
        mine = wide.index.get_level_values("group") == name
        moved = change[mine].to_numpy()
        if not len(moved):
            continue
        gap = [np.nan] * 3
        if name != "others" and min(len(moved), len(others)) > 1:
            parts = np.array([moved.var(ddof=1) / len(moved), others.var(ddof=1) / len(others)])
            degrees = parts.sum() ** 2 / (parts**2 / (np.array([len(moved), len(others)]) - 1)).sum()
            half = t.ppf((1 + level) / 2, degrees) * np.sqrt(parts.sum())
            apart = moved.mean() - others.mean()
            gap = [apart, apart - half, apart + half]
        answers = int(wide.loc[mine, ["answers_before", "answers_after"]].sum().min())
        means = [early[mine].mean(), late[mine].mean()]
        rows.append([name, *means, *_mean(moved, level), *gap, len(moved), answers])
    return pd.DataFrame(rows, columns=columns)


def _mean(values: np.ndarray, level: float) -> list[float]:
    """Return the mean, its standard error and its interval; no error from one value."""
    from scipy.stats import t

    count = len(values)
    mean = float(values.mean()) if count else np.nan
    error = float(values.std(ddof=1) / np.sqrt(count)) if count > 1 else np.nan
    half = float(t.ppf((1 + level) / 2, count - 1)) * error if count > 1 else np.nan
    return [mean, error, mean - half, mean + half]


def kinds(found: Measured, year: int) -> pd.DataFrame:
    """Return who answers and what they think, by sex and age, in one wave: what the weights rest on.

    Returns
    -------
    DataFrame
        `sex`, `age`, `invited`, `respondents` (persons; whole and partial answers), `response_rate`, `low`, `high` (per
        cent; see `survey.response`), `index` (mean of those with one, unweighted, 1 to 5), `weight` (mean).
    """
    wave = found.data[found.data["year"] == year]
    rates = survey.response(wave, CELLS)
    means = wave.groupby(list(CELLS), observed=True)[["index", "weight"]].mean().reset_index()
    rates["respondents"] = rates["answered"] + rates["partly"]
    return rates.merge(means, on=list(CELLS), how="left").drop(columns=["answered", "partly"])
