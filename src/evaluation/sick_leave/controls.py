"""Who the participants are compared with: all others, others of the same kind, or others that looked alike before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.errors import EstimationError, Problem
from evaluation.texts import LANGUAGES, Passage, three
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.study import Study

NEIGHBOURS = 5
_LEFT_OUT = {
    "never_participants_nor_predecessor": three(
        "Sammenlikningen uten tidligere deltakere er utelatt, fordi dataene ikke skiller dem fra de andre.",
        "Samanlikninga utan tidlegare deltakarar er utelaten, fordi dataa ikkje skil dei frå dei andre.",
        "The comparison without earlier participants is left out, as the data do not tell them from the others.",
    ),
    "same_kostra_group": three(
        "Sammenlikningen innen KOSTRA-gruppe er utelatt, fordi dataene ikke har kommuner utenfor programmet i "
        "deltakernes grupper.",
        "Samanlikninga innan KOSTRA-gruppe er utelaten, fordi dataa ikkje har kommunar utanfor programmet i gruppene "
        "til deltakarane.",
        "The comparison within KOSTRA groups is left out, as the data have no municipalities outside the programme in "
        "the groups of the participants.",
    ),
}


@dataclass(frozen=True, eq=False)
class Comparison(Described):
    """Weights of the municipalities of a panel, constant over time.

    Attributes
    ----------
    weights : Series
        By municipality: 1 for the treated; for controls how much each counts; absent if not compared with at all.
    balance : DataFrame
        `characteristic` ("level" and "trend" of the rate before the first start: percent, and percentage points a
        year), `treated`, `controls` (weighted means), `standardised_difference` (in standard deviations of treated).
    dropped : DataFrame
        `reason`, `municipalities`.
    """

    weights: pd.Series
    balance: pd.DataFrame
    dropped: pd.DataFrame


def not_told(study: Study, table: pd.DataFrame, *, theme: str | None) -> tuple[str, ...]:
    """Return the comparison groups that the study cannot tell apart from all who never took part.

    Parameters
    ----------
    study : Study
    table : DataFrame
        The figures: only municipalities that have some are compared.
    theme : str or None
        Whose participants are compared with others.

    Returns
    -------
    tuple of str
        "never_participants_nor_predecessor" where none, or all, of the others are known to have been in an earlier
        programme: leaving them out would repeat the main estimate. "same_kostra_group" where no other municipality is
        known to be in the KOSTRA group of a participant.
    """
    about = study.municipalities
    about = about[about["municipality"].isin(table["municipality"].unique())]
    others = about[about["group"] == "others"]
    mine = about[about["municipality"].isin(study.programme.participants(theme)["municipality"])]
    alike = others["kostra_group"].isin(mine["kostra_group"].dropna()).any()
    absent = {
        "never_participants_nor_predecessor": others["earlier"].nunique() < 2,
        "same_kostra_group": not alike,
    }
    return tuple(name for name, missing in absent.items() if missing)


def left_out(study: Study, table: pd.DataFrame, *, theme: str | None) -> Passage:
    """Return, in three languages, which comparisons are left out and why (`not_told`); empty where none is."""
    told = [_LEFT_OUT[name] for name in not_told(study, table, theme=theme)]
    nb, nn, en = ("".join(f" {text[language]}" for text in told) for language in LANGUAGES)
    return Passage(nb, nn, en)


def everyone(data: pd.DataFrame) -> Comparison:
    """Compare with all controls of the panel, each counting once."""
    before = _before(data)
    return _comparison(before, pd.Series(1.0, index=before.index), [])


def same_group(data: pd.DataFrame, groups: pd.Series) -> Comparison:
    """Compare with controls of the same KOSTRA groups, weighted so that the groups count as among the treated.

    Parameters
    ----------
    data : DataFrame
        The panel: `municipality`, `period`, `rate`, `agreed_days`, `lost_days`, `first_treated`.
    groups : Series
        The group of each municipality.

    Raises
    ------
    EstimationError
        No treated municipality has a control in its group.
    """
    before = _before(data)
    group = groups.reindex(before.index)
    treated = before["treated"]
    counts = pd.crosstab(group, treated).reindex(columns=[False, True], fill_value=0)
    both = counts.index[(counts[False] > 0) & (counts[True] > 0)]
    if not len(both):
        raise EstimationError(
            Problem("No participant has a control in its KOSTRA group", "Compare with all others instead")
        )
    share = counts.loc[both, True] / counts.loc[both, False]
    weights = group.map(share).astype("float64").where(~treated, 1.0)
    kept = group.isin(both)
    dropped = [
        ("participants without a control in their KOSTRA group", int((treated & ~kept).sum())),
        ("controls in KOSTRA groups without a participant", int((~treated & ~kept).sum())),
    ]
    return _comparison(before, weights[kept], dropped)


def nearest(data: pd.DataFrame, neighbours: int = NEIGHBOURS) -> Comparison:
    """Compare each participant with the controls nearest to it in level and trend before the programme.

    Distance is Euclidean in level and trend, each divided by its standard deviation among the treated; neighbours may
    serve several participants and count as often. Matching on past outcomes invites regression to the mean: where the
    groups differ lastingly, controls are picked in a year that was high by chance, so that the result is a check, not
    the answer (Daw and Hatfield 2018, Health Services Research 53, 4138-4156).

    Raises
    ------
    EstimationError
        There are fewer controls than neighbours asked for.
    """
    before = _before(data).dropna()
    treated, pool = before[before["treated"]], before[~before["treated"]]
    if len(pool) < neighbours:
        remedy = f"Ask for at most {len(pool)}"
        raise EstimationError(Problem(f"There are only {len(pool)} controls to match with", remedy, value=neighbours))
    scale = treated[["level", "trend"]].std(ddof=1).replace(0, 1)
    places = [(frame[["level", "trend"]] / scale).to_numpy() for frame in (treated, pool)]
    distance = np.square(places[0][:, None, :] - places[1][None, :, :]).sum(axis=2)
    # Ties go to the lower code, so that the order of rows does not matter.
    chosen = np.argsort(distance, axis=1, kind="stable")[:, :neighbours]
    times = np.bincount(chosen.ravel(), minlength=len(pool)) / neighbours
    used = pd.Series(times, index=pool.index)
    weights = pd.concat([pd.Series(1.0, index=treated.index), used[used > 0]]).sort_index()
    dropped = [("controls that are no participant's neighbour", int((times == 0).sum()))]
    return _comparison(before, weights, dropped)


def _before(data: pd.DataFrame) -> pd.DataFrame:
    """Level (percent, summed man-days) and trend (points a year) of each municipality before the first start."""
    starts = data.loc[data["first_treated"] > 0, "first_treated"]
    early = data[data["period"] < starts.min()] if len(starts) else data
    grouped = early.groupby("municipality")
    sums = grouped[["lost_days", "agreed_days"]].sum()
    # Season is taken out by comparing with the mean of all municipalities in the quarter.
    apart = early["rate"] - early.groupby("period")["rate"].transform("mean")
    time = early["period"] - early.groupby("municipality")["period"].transform("mean")
    unit = early["municipality"]
    slope = (apart * time).groupby(unit).sum() / (time**2).groupby(unit).sum()
    treated = data.groupby("municipality")["first_treated"].first() > 0
    table = pd.DataFrame({"level": 100 * sums["lost_days"] / sums["agreed_days"], "trend": 4 * slope})
    return table.assign(treated=treated.reindex(table.index)).sort_index()


def _comparison(before: pd.DataFrame, weights: pd.Series, dropped: list[tuple[str, int]]) -> Comparison:
    known = before.loc[before.index.intersection(weights.index)].dropna()
    rows = []
    for name in ("level", "trend"):
        treated, controls = known[known["treated"]], known[~known["treated"]]
        means = treated[name].mean(), np.average(controls[name], weights=weights[controls.index])
        spread = treated[name].std(ddof=1)
        rows.append((name, *means, (means[0] - means[1]) / spread))
    balance = pd.DataFrame(rows, columns=["characteristic", "treated", "controls", "standardised_difference"])
    told = pd.DataFrame([row for row in dropped if row[1]], columns=["reason", "municipalities"])
    return Comparison(weights, balance, told)
