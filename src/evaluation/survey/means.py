"""Means of groups from a survey drawn municipality by municipality."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem


def means(
    answers: pd.DataFrame,
    value: str,
    *,
    by: Sequence[str] = (),
    weights: str | None = None,
    cluster: str = "municipality",
    level: float = 0.95,
) -> pd.DataFrame:
    """Return the mean of each group, with standard errors that know that answers of a municipality resemble each other.

    Parameters
    ----------
    answers : DataFrame
        One row a person; rows without `value` (or weight) are left out.
    value : str
        Column, such as an index from 1 to 5.
    by : sequence of str
        Columns; none for everybody together.
    weights : str, optional
        Column of weights; all alike otherwise.
    cluster : str
        Column of what was drawn or treated together.
    level : float
        Coverage of the interval.

    Returns
    -------
    DataFrame
        *`by`, `mean`, `standard_error`, `low`, `high`, `respondents`, `municipalities` (clusters). Taylor
        linearisation of the ratio, clusters x 1 / (clusters - 1) correction, t distribution with clusters - 1 degrees
        of freedom; no error with one cluster.

    References
    ----------
    Binder, D. A. (1983). International Statistical Review 51(3), 279-292.
    """
    from scipy.stats import t

    by = [by] if isinstance(by, str) else list(by)
    needed = [value, cluster, *by, *([weights] if weights else [])]
    absent = [name for name in dict.fromkeys(needed) if name not in answers]
    if absent:
        raise InputError(Problem("The answers have no such column", "Use a column they have", column=c) for c in absent)
    used = answers[list(dict.fromkeys(needed))].dropna(subset=[value, *([weights] if weights else [])])
    used = used.assign(_weight=used[weights].astype(float) if weights else 1.0)
    groups = used.groupby(by, observed=True, sort=True) if by else [((), used)]
    rows = []
    for key, group in groups:
        weight, values = group["_weight"].to_numpy(), group[value].to_numpy(dtype=float)
        mean = float((weight * values).sum() / weight.sum())
        scores = pd.Series(weight * (values - mean) / weight.sum()).groupby(group[cluster].to_numpy()).sum()
        count = len(scores)
        error = float(np.sqrt(count / (count - 1) * (scores**2).sum())) if count > 1 else np.nan
        half = t.ppf((1 + level) / 2, count - 1) * error if count > 1 else np.nan
        rows.append([*key, mean, error, mean - half, mean + half, len(group), count])
    columns = [*by, "mean", "standard_error", "low", "high", "respondents", "municipalities"]
    return pd.DataFrame(rows, columns=columns)
