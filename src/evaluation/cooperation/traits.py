"""Traits of the municipalities that the effect may differ with: cooperation, earlier participation, network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from evaluation.study import Study


def earlier(study: Study) -> pd.Series:
    """Return whether each participant took part in an earlier programme (1.0 or 0.0), by municipality.

    Missing for all where the study tells of no earlier programme.
    """
    taking_part = study.programme.participants()["municipality"]
    before = taking_part.isin(study.programme.earlier_participants()).astype(float)
    if not study.programme.earlier_participants():
        before[:] = float("nan")
    return pd.Series(before.to_numpy(), index=pd.Index(taking_part, name="municipality"), name="earlier")


def networks(study: Study, theme: str) -> pd.Series:
    """Return the network of each participant in a theme, by municipality; missing where it has none.

    A municipality with several projects in the theme has the network of the first by code.
    """
    programme = study.programme
    rows = programme.participation.merge(programme.projects[programme.projects["theme"] == theme], on="project")
    first = rows.sort_values(["municipality", "project"]).groupby("municipality")["network"].first()
    return first.rename("network")


def earlier_by_half(study: Study, municipal: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Return how many municipalities with better and with poorer cooperation had been in an earlier programme.

    Parameters
    ----------
    study : Study
    municipal : DataFrame
        Of `cooperation.municipal`.
    level : float
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Rows `half` "high", "low" and "difference": `municipalities`, `earlier`, `share` (per cent; the difference in
        percentage points), `low`, `high` (Wilson; Newcombe for the difference), `p_value` (Fisher's exact test; the
        difference only).

    References
    ----------
    Newcombe, R. G. (1998). Statistics in Medicine 17(8), 873-890.
    """
    from scipy.stats import fisher_exact
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    before = municipal["municipality"].isin(study.programme.earlier_participants())
    rows, counts = [], []
    for half in ("high", "low"):
        mine = before[municipal["half"] == half]
        number, of = int(mine.sum()), len(mine)
        counts.append((number, of))
        low, high = proportion_confint(number, of, alpha=1 - level, method="wilson") if of else (float("nan"),) * 2
        share = 100 * number / of if of else float("nan")
        rows.append({"half": half, "municipalities": of, "earlier": number, "share": share})
        rows[-1] |= {"low": 100 * low, "high": 100 * high}
    (a, n), (b, m) = counts
    gap: dict[str, object] = {"half": "difference", "municipalities": n + m, "earlier": a + b}
    if n and m:
        low, high = confint_proportions_2indep(a, n, b, m, compare="diff", method="newcomb", alpha=1 - level)
        gap |= {"share": 100 * (a / n - b / m), "low": 100 * low, "high": 100 * high}
        gap["p_value"] = float(fisher_exact([[a, n - a], [b, m - b]])[1])
    return pd.DataFrame([*rows, gap], columns=["half", "municipalities", "earlier", "share", "low", "high", "p_value"])
