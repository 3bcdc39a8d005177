"""Targets in one form: every one as a level at its year, what cannot be computed and why, and the rule of attainment.

Municipalities put their targets as a level ("8.6 to 6.9 per cent"), as a change in percentage points, as a change in
per cent of where they started ("20 per cent lower"), or without a figure; one may be put in two ways at once. What can
be made a level is compared with what was achieved; what cannot is said to be so, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.goals.codes import better

if TYPE_CHECKING:
    from evaluation.study import Study

STATUSES = ("reached", "partly", "not_reached", "cannot_assess")
REASONS = ("no_figure", "no_baseline", "no_report_due", "not_reported", "not_due")
HALFWAY = 0.5
"""A target is partly reached from this share of the way between baseline and target."""
TINY = 1e-9
OWNER = ["municipality", "project", "theme"]


def as_level(kind: pd.Series, baseline: pd.Series, value: pd.Series) -> pd.Series:
    """Return targets as levels, in the unit of the indicator; NaN where that cannot be computed.

    Parameters
    ----------
    kind : ``level``, ``percentage_points`` (a change), ``per_cent`` (of the baseline) or ``unquantified``.
    baseline : what the change is counted from.
    value : the level, or the change with its sign.
    """
    start, stated = baseline.astype("float64"), value.astype("float64")
    level = stated.where(kind == "level")
    level = level.mask(kind == "percentage_points", start + stated)
    return level.mask(kind == "per_cent", start * (1 + stated / 100))


def status(level: Any, baseline: Any, actual: Any, direction: Any, *, halfway: float = HALFWAY) -> np.ndarray:
    """Return how far targets were reached, element by element (one of `STATUSES`).

    Reached: the figure is at the level or past it in the wanted direction. Partly: it has come at least `halfway` of
    the way from the baseline to the level. Not reached: less, or the other way; also, short of the level, where the
    baseline is not known or already past it. Cannot be assessed: no level, or no figure.

    Parameters
    ----------
    level, baseline, actual : float, scalars or arrays; NaN where unknown.
    direction : ``"lower"`` or ``"higher"``, whichever is better.
    halfway : a share of the way, above 0 and at most 1.
    """
    check_halfway(halfway)
    level, baseline, actual = (np.asarray(one, dtype=np.float64) for one in (level, baseline, actual))
    sign = np.where(np.asarray(direction) == "lower", -1.0, 1.0)
    way = level - baseline
    with np.errstate(divide="ignore", invalid="ignore"):
        reached = sign * (actual - level) >= -TINY
        partly = (sign * way > 0) & ((actual - baseline) / way >= halfway - TINY)
    found = np.where(reached, "reached", np.where(partly, "partly", "not_reached"))
    return np.where(np.isnan(level) | np.isnan(actual), "cannot_assess", found)


def judge(
    target: Mapping[str, Any] | pd.Series, level: float, actual: float, direction: str, *, halfway: float = HALFWAY
) -> tuple[str, str | None]:
    """Return the `status` of one target by the figure given and, where it cannot be assessed, why (of `REASONS`).

    Parameters
    ----------
    target : its `kind` and `baseline`.
    level, actual, direction, halfway : as in `status`.
    """
    baseline = float(target["baseline"]) if pd.notna(target["baseline"]) else np.nan
    if target["kind"] == "unquantified":
        return "cannot_assess", "no_figure"
    if np.isnan(level):
        return "cannot_assess", "no_baseline"
    if np.isnan(actual):
        return "cannot_assess", "not_reported"
    return str(status(level, baseline, actual, direction, halfway=halfway)), None


def comparable(study: Study) -> pd.DataFrame:
    """Return every target of the study in comparable form.

    Returns
    -------
    DataFrame
        One row per target, themes in the programme's order, with the columns of `study.targets` and

        - `name` of the municipality and `intake` of its project;
        - `direction`: ``lower`` or ``higher``, whichever is better, by the codebook, otherwise by the target itself;
        - `goal_level`: the target as a level, `change` from the baseline (the indicator's unit) and `change_percent`;
          missing where they cannot be computed;
        - `lacks`: why there is no level (``no_figure``, ``no_baseline``), otherwise missing;
        - `contradicts`: another target of the same project, indicator and year, put another way, gives another level,
          by more than the rounding of the figures as they are stated;
        - `wrong_way`: the level is no better than the baseline.
    """
    table = study.targets
    names = study.municipalities.set_index("municipality")["name"]
    projects = study.programme.projects[["project", "theme", "intake"]].drop_duplicates(["project", "theme"])
    places = {theme: place for place, theme in enumerate(study.programme.themes)}
    found = table.merge(projects, on=["project", "theme"], how="left")
    found = found.assign(place=found["theme"].map(places)).sort_values(["place", *OWNER, "target"], ignore_index=True)
    found = found.drop(columns="place")
    level = as_level(found["kind"], found["baseline"], found["value"])
    baseline = found["baseline"].astype("float64")
    told = found["indicator"].map(better(study))
    own = pd.Series(np.where(level < baseline, "lower", "higher"), index=found.index)
    direction = own.mask(told.notna(), told)
    change = level - baseline
    lacks = pd.Series(None, index=found.index, dtype="object")
    lacks = lacks.mask(level.isna(), "no_baseline").mask(found["kind"] == "unquantified", "no_figure")
    found = found.assign(
        name=found["municipality"].map(names).fillna(found["municipality"]),
        direction=direction.astype("str"),
        goal_level=level,
        change=change,
        change_percent=100 * change / baseline.where(baseline != 0),
        lacks=lacks,
        wrong_way=(np.where(direction == "lower", -1, 1) * change <= TINY) & change.notna(),
    )
    return found.assign(contradicts=_contradicts(found))


def _contradicts(found: pd.DataFrame) -> pd.Series:
    """Tell which levels differ, by more than their rounding, from one given for the same indicator and year."""
    margin = _margin(found)
    known = found["goal_level"].notna() & found["indicator"].notna()
    keys = [*OWNER, "indicator", "target_year"]
    same = found[known].groupby(keys, dropna=False)
    # Two intervals of rounding that do not meet: the lower end of one is above the upper end of the other.
    low, high = (found["goal_level"] + side * margin for side in (-1, 1))
    groups = [found.loc[known, key] for key in keys]
    highest_low = low[known].groupby(groups, dropna=False).transform("max")
    lowest_high = high[known].groupby(groups, dropna=False).transform("min")
    apart = (highest_low - lowest_high > TINY) & (same["goal_level"].transform("size") > 1)
    return apart.reindex(found.index, fill_value=False)


def _margin(found: pd.DataFrame) -> pd.Series:
    """Return by how much a level may be off because its figures are rounded as they are stated."""
    own, start = half_step(found["value"]), half_step(found["baseline"])
    baseline, value = found["baseline"].astype("float64"), found["value"].astype("float64")
    margin = own.where(found["kind"] != "percentage_points", own + start)
    relative = own / 100 * baseline.abs() + start * (1 + value / 100).abs()
    return margin.where(found["kind"] != "per_cent", relative)


def half_step(stated: pd.Series) -> pd.Series:
    """Return half a unit of the last decimal a figure is stated with (at most two)."""
    number = stated.astype("float64")
    steps = [((number * 10**place).round(6) % 1 == 0, 0.5 / 10**place) for place in (1, 0)]
    half = pd.Series(0.005, index=stated.index)
    for whole, step in steps:
        half = half.mask(whole, step)
    return half


def check_halfway(halfway: float) -> None:
    """Refuse a share of the way that is none."""
    if not 0 < halfway <= 1:
        remedy = "Give the share of the way from baseline to target, above 0 and at most 1, e.g. 0.5."
        raise InputError(Problem("`halfway` is no share of the way", remedy, value=halfway))


def last_full_year(study: Study) -> int:
    """Return the last calendar year that had ended by the end of the study."""
    return study.as_of.year if (study.as_of.month, study.as_of.day) == (12, 31) else study.as_of.year - 1


def percent(part: float, whole: float) -> float:
    """Return a share in per cent; NaN of nothing."""
    return 100 * part / whole if whole else np.nan
