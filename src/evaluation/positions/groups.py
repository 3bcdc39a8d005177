"""Participants against others, and the yearly panel for difference-in-differences."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.positions.change import MEASURES, Measure, _require_measure, require_years
from evaluation.positions.histogram import EXCLUDED, Histogram, _nearest, histogram
from evaluation.positions.source import View
from evaluation.positions.weighted import ratio, ratio_change
from evaluation.study.shared import shared
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.study import Study

Outcome = Literal["mean_size", "full_time_share", "small_share"]
OUTCOMES = (*MEASURES, "small_share")


def histogram_of(
    study: Study,
    *,
    by: Sequence[str] = ("municipality", "year"),
    view: View = "employee",
    exclude: Collection[str] = EXCLUDED,
) -> Histogram:
    """Return the `histogram` of a study's positions, read from the register once for all chapters that ask for it."""
    return shared(histogram, study.positions, by=tuple(by), view=view, exclude=sorted(set(exclude)))


def theme_groups(study: Study, theme: str | None = "full_time", *, exclude_earlier: bool = False) -> pd.DataFrame:
    """Return who is compared with whom: participants in the theme, and others who were never in the programme.

    Participants in other themes only are in neither group: they took part, but not in this.

    Parameters
    ----------
    study : the study.
    theme : a theme of the programme, or None for participants in any.
    exclude_earlier : leave those of the others out that took part in a predecessor programme.

    Returns
    -------
    DataFrame
        `municipality`, `group` (``participants`` or ``others``), `intake` (of participants; others have none).
    """
    themes = study.programme.themes
    if theme is not None and theme not in themes:
        raise InputError(Problem("Unknown theme", _nearest(theme, list(themes)), value=theme))
    listed = study.programme.participants(theme)[["municipality", "intake"]].assign(group="participants")
    everyone = study.municipalities
    other = everyone["group"] == "others"
    if exclude_earlier:
        other &= ~everyone["earlier"].astype(bool)
    others = everyone.loc[other, ["municipality"]].assign(group="others")
    inside = listed[listed["municipality"].isin(set(everyone["municipality"]))]
    both = pd.concat([inside, others], ignore_index=True)[["municipality", "group", "intake"]]
    return both.sort_values("municipality", ignore_index=True)


def starts(study: Study, theme: str | None = "full_time", *, exclude_earlier: bool = False) -> pd.DataFrame:
    """Return `theme_groups` with `first_treated`: the first year counted after the start, 0 for never.

    Positions are counted 1 December, so the year of the start is the first treated year, whatever the quarter.
    """
    groups = theme_groups(study, theme, exclude_earlier=exclude_earlier)
    started = study.programme.first_treated(theme)
    pairs = zip(groups["municipality"], groups["group"], strict=True)
    years = [int(started[code].year) if group == "participants" else 0 for code, group in pairs]
    return groups.assign(first_treated=years)


def compare_groups(
    hist: Histogram,
    baseline: int,
    last: int,
    measure: Measure = "mean_size",
    *,
    column: str = "group",
    participants: str = "participants",
    others: str = "others",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the level before and after, and the change, of both groups and the difference between their changes.

    All employees (positions) of a group are pooled, so large municipalities weigh more. Uncertainty is clustered on
    municipality: the ratio is linearised and a municipality's contributions of both years are added before squaring.
    Intervals use the t distribution, for a group with its municipalities less one degrees of freedom, for the
    difference with Satterthwaite's (1946). The difference between changes is development, not a causal estimate.

    Returns
    -------
    DataFrame
        Rows ``participants``, ``others``, ``difference`` in `column`: `municipalities`, the count and `man_years`
        (smaller of the years), `before`, `after` (per cent), `change` (percentage points), `standard_error`, `low`,
        `high`, `p_value` of the change.
    """
    from scipy.stats import t

    _require_measure(measure)
    require_years(hist, baseline, last)
    each = hist.where(year=[baseline, last]).measures((column, "municipality", "year"))
    rows = [_group_change(each, hist.count, measure, column, name, baseline, last) for name in (participants, others)]
    table = pd.DataFrame(rows)
    variance = np.square(table["standard_error"].to_numpy())
    shares = float((variance**2 / table["df"]).sum())
    difference = {name: table[name].iloc[0] - table[name].iloc[1] for name in ("before", "after", "change")}
    difference |= {name: table[name].min() for name in ("municipalities", hist.count, "man_years")}
    difference |= {column: "difference", "standard_error": np.sqrt(variance.sum())}
    difference["df"] = variance.sum() ** 2 / shares if shares > 0 else table["df"].min()
    table = pd.concat([table, pd.DataFrame([difference])], ignore_index=True)
    half = t.ppf((1 + confidence) / 2, table["df"]) * table["standard_error"]
    score = np.abs(ratio(table["change"].to_numpy(), table["standard_error"].to_numpy()))
    table = table.assign(low=table["change"] - half, high=table["change"] + half, p_value=2 * t.sf(score, table["df"]))
    return table.drop(columns="df")


def _group_change(
    each: pd.DataFrame, count: str, measure: Measure, column: str, name: str, baseline: int, last: int
) -> dict[str, object]:
    """Pool a group's municipalities, with errors clustered on them; `df` is their number less one."""
    part = each[each[column] == name]
    if len(part["municipality"].unique()) < 2 or len(part["year"].unique()) < 2:
        raise InputError(
            Problem(
                "A group has fewer than two municipalities, or none in one of the years",
                "Compare groups of at least two municipalities",
                column=column,
                value=name,
            )
        )
    top, scale = ("percentage_sum", 1.0) if measure == "mean_size" else ("full_time", 100.0)
    codes = pd.Index(sorted(part["municipality"].unique()))
    years = {year: part[part["year"] == year].set_index("municipality") for year in (baseline, last)}

    def column_of(year: int, field: str) -> np.ndarray:
        return years[year][field].reindex(codes, fill_value=0).to_numpy(dtype=np.float64)

    early, late = ((scale * column_of(year, top), column_of(year, count)) for year in (baseline, last))
    result = ratio_change(*early, *late)
    return {
        column: name,
        "municipalities": result.clusters,
        count: int(min(early[1].sum(), late[1].sum())),
        "man_years": min(column_of(baseline, "man_years").sum(), column_of(last, "man_years").sum()),
        "before": result.before,
        "after": result.after,
        "change": result.change,
        "standard_error": result.standard_error,
        "df": result.clusters - 1,
    }


@dataclass(frozen=True)
class Panel(Described):
    """A yearly panel of municipalities for `did.estimate`.

    Attributes
    ----------
    data : `municipality`, `year`, `period` (the year), the outcome (per cent), `first_treated` (the first year counted
        after the start; 0 for never), `group`, `persons` or `positions`, `man_years`, and `weight`: the mean count of
        the municipality in the years before anyone started, the same in all its rows. Sorted.
    dropped : `reason`, `municipalities`: what is not in the panel.
    account : `group`, `first_treated`, `municipalities`, `years` (municipality-years), `missing_years`.
    outcome, view : what was asked for.
    """

    data: pd.DataFrame
    dropped: pd.DataFrame
    account: pd.DataFrame
    outcome: str
    view: View


def panel(
    study: Study,
    outcome: Outcome = "mean_size",
    *,
    view: View = "employee",
    theme: str | None = "full_time",
    sector: str | None = None,
    exclude: Collection[str] = EXCLUDED,
    exclude_earlier: bool = False,
    hist: Histogram | None = None,
) -> Panel:
    """Return the yearly panel of participants in a theme and of those never in the programme.

    Positions are counted 1 December, so the year of the start is the first treated year, whatever the quarter.

    Parameters
    ----------
    study : the study.
    outcome : ``"mean_size"``, ``"full_time_share"`` or ``"small_share"`` (below 50 per cent), all in per cent.
    view : per ``"employee"`` or per ``"position"``.
    theme : a theme of the programme, or None for all participants.
    sector : one sector instead of all.
    exclude : employment kinds left out.
    exclude_earlier : leave municipalities of a predecessor programme out of the controls.
    hist : a histogram of this study made before, of the same view, to spare the register another reading.

    Raises
    ------
    InputError
        An unknown outcome, theme or sector, or a histogram that does not fit.
    """
    if outcome not in OUTCOMES:
        raise InputError(Problem("Unknown outcome", _nearest(outcome, OUTCOMES), value=outcome))
    groups = theme_groups(study, theme, exclude_earlier=exclude_earlier)
    if hist is None:
        by = ("municipality", "year", *(("sector",) if sector else ()))
        hist = histogram_of(study, by=by, view=view, exclude=exclude)
    if hist.view != view or hist.excluded != tuple(sorted(set(exclude))):
        raise InputError(Problem("The histogram is of another view or leaves out other kinds", "Make it anew"))
    if sector is not None:
        known = sorted(map(str, hist.data["sector"].unique())) if "sector" in hist.by else []
        if sector not in known:
            raise InputError(Problem("Unknown sector", _nearest(sector, known), value=sector))
        hist = hist.where(sector=sector)
    each = hist.measures(("municipality", "year"))
    first = starts(study, theme, exclude_earlier=exclude_earlier)
    joined = each.merge(first, on="municipality", how="inner").assign(period=lambda frame: frame["year"])
    # Who starts after the panel ends is not treated in it; the account tells them apart.
    joined["first_treated"] = joined["first_treated"].where(joined["first_treated"] <= joined["year"].max(), 0)
    columns = ["municipality", "year", "period", outcome, "first_treated", "group", hist.count, "man_years"]
    data = joined[columns].sort_values(["municipality", "year"], ignore_index=True)
    data["weight"] = _weights(data, hist.count)
    present, years = set(data["municipality"]), data["year"].nunique()
    everyone = set(study.municipalities["municipality"])
    dropped = {
        "in_other_themes_or_predecessor": len(everyone - set(groups["municipality"])),
        "no_positions": len(set(groups["municipality"]) - present),
    }
    account = data.groupby(["group", "first_treated"], as_index=False).agg(
        municipalities=("municipality", "nunique"), years=("year", "size")
    )
    account["missing_years"] = account["municipalities"] * years - account["years"]
    return Panel(
        data=data,
        dropped=pd.DataFrame({"reason": list(dropped), "municipalities": list(dropped.values())}),
        account=account,
        outcome=outcome,
        view=view,
    )


def _weights(data: pd.DataFrame, count: str) -> pd.Series:
    """Return each municipality's mean count before the first start of all; of its first year where it has none then."""
    first = data.loc[data["first_treated"] > 0, "first_treated"].min()
    early = data[data["year"] < first] if pd.notna(first) else data
    mean = early.groupby("municipality")[count].mean()
    fallback = data.groupby("municipality")[count].first()
    return data["municipality"].map(mean.reindex(fallback.index).fillna(fallback)).astype(np.float64)
