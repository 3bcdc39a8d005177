"""All the comparators of a case side by side, each with how well it fits and the gap it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evaluation.deep_dive import frames
from evaluation.deep_dive.controls import (
    Series,
    SyntheticControl,
    position_series,
    sick_leave_series,
    synthetic_control,
)
from evaluation.deep_dive.gaps import gap_to_peers
from evaluation.deep_dive.notes import Note
from evaluation.errors import EstimationError
from evaluation.sick_leave import WORKING_DAYS

GOOD, FAIR = 0.25, 0.75
"""A group fits well when its level before lies within a quarter of a standard deviation (among all outside the
programme) of the case's, fairly within three quarters."""
COLUMNS = (
    "outcome", "comparator", "municipalities", "before", "level_difference", "fit", "change", "gap", "low", "high",
    "placebo_share",
)  # fmt: skip


def comparator_rows(
    outcome: str,
    sums: pd.DataFrame,
    case: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    control: SyntheticControl | None,
    confidence: float,
) -> pd.DataFrame:
    """Return one row for every group that a case can be compared with, and one for its synthetic control.

    Parameters
    ----------
    sums : numerators and denominators before and after by municipality (see `frames.sick_leave_sums`).
    groups : codes by name of the group; groups without figures are left out. The last is all outside the programme.

    Returns
    -------
    DataFrame
        `outcome`, `comparator`, `municipalities`; `before`, the comparator's level; `level_difference`, the case less
        that; `fit` (``fit.good``, ``fit.fair``, ``fit.poor``); `change` of the comparator; `gap`, `low`, `high`;
        `placebo_share`.
    """
    mine = frames.as_sums(sums, case)
    if len(mine.top_before) < len(case):
        return pd.DataFrame(columns=list(COLUMNS))
    level = float(mine.pooled().before[0])
    everyone = frames.as_sums(sums, list(groups.values())[-1]).before
    spread = float(everyone.std(ddof=1)) if len(everyone) > 1 else np.nan
    rows: list[dict[str, object]] = []
    for name, codes in groups.items():
        theirs = frames.as_sums(sums, codes)
        if not len(theirs.top_before):
            continue
        pooled, gap = theirs.pooled(), gap_to_peers(mine, theirs, confidence)
        apart = level - float(pooled.before[0])
        rows.append(
            {
                "outcome": outcome,
                "comparator": name,
                "municipalities": len(theirs.top_before),
                "before": float(pooled.before[0]),
                "level_difference": apart,
                "fit": _fit(abs(apart) / spread) if spread > 0 else "fit.unknown",
                "change": float(pooled.change[0]),
                "gap": gap.gap,
                "low": gap.low,
                "high": gap.high,
                "placebo_share": gap.placebo_share,
            }
        )
    if control is not None:
        rows.append(_synthetic(outcome, control))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _fit(distance: float) -> str:
    return "fit.good" if distance <= GOOD else "fit.fair" if distance <= FAIR else "fit.poor"


def _synthetic(outcome: str, control: SyntheticControl) -> dict[str, object]:
    sides = control.path.groupby("when")["synthetic"].mean()
    return {
        "outcome": outcome,
        "comparator": "synthetic",
        "municipalities": len(control.weights),
        "before": sides["before"] - control.level_difference,
        "level_difference": control.level_difference,
        "fit": "fit.poor" if control.poor_fit else "fit.good",
        "change": sides["after"] - sides["before"],
        "gap": control.gap,
        "low": control.low,
        "high": control.high,
        "placebo_share": control.p_value,
    }


def all_series(table: pd.DataFrame, each: pd.DataFrame) -> dict[str, Series]:
    """Return the outcomes that a synthetic control is made for, as far as the tables hold them."""
    found = {}
    if len(table):
        found["sick_leave_rate"] = sick_leave_series(table, "total", "sick_leave_rate")
    if len(each):
        found |= {name: position_series(each, name) for name in ("mean_size", "full_time_share")}
    return found


def all_controls(
    series: Mapping[str, Series],
    case: Sequence[str],
    admissible: Sequence[str],
    reference: pd.Period,
    *,
    donors: int,
    confidence: float,
) -> tuple[dict[str, SyntheticControl], list[Note]]:
    """Return the synthetic controls that can be made, by outcome, and remarks on them and on those that cannot."""
    found: dict[str, SyntheticControl] = {}
    notes: list[Note] = []
    for name, one in series.items():
        try:
            found[name] = synthetic_control(one, case, admissible, reference, donors=donors, confidence=confidence)
        except EstimationError:
            notes.append(Note.of("no_synthetic", name))
            continue
        notes += found[name].notes
    return found, notes


def rolling_synthetic(series: Series, control: SyntheticControl, year: int) -> pd.DataFrame:
    """Return the synthetic control in rolling years: the donors' rolling rates, weighted, and the level difference.

    Returns
    -------
    DataFrame
        The columns of `frames.rolling_years` for `who` ``synthetic``; `lost_days` and `agreed_days` are the donors'
        sums, unweighted, and `man_years` theirs.
    """
    codes = list(control.weights["municipality"])
    top, bottom = (part.loc[codes].T.rolling(year).sum().dropna() for part in (series.top, series.bottom))
    rate = (top / bottom) @ control.weights.set_index("municipality")["weight"] + control.level_difference
    days = bottom.sum(axis=1)
    return pd.DataFrame(
        {
            "who": "synthetic",
            "quarter": pd.PeriodIndex(rate.index, freq="Q-DEC"),
            "lost_days": top.sum(axis=1).to_numpy() / 100,
            "agreed_days": days.to_numpy(),
            "rate": rate.to_numpy(),
            "low": np.nan,
            "high": np.nan,
            "municipalities": len(codes),
            "man_years": days.to_numpy() / WORKING_DAYS,
        }
    )
