"""A case's own targets and whether they were reached; the measures it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.deep_dive.extras import better, optional_table, words
from evaluation.sick_leave import rates

if TYPE_CHECKING:
    from evaluation.programme import Case
    from evaluation.study import Study

STATUSES = ("reached", "partly", "not_reached", "cannot_assess")
HALFWAY = 0.5
"""A target is partly reached from this share of the way between baseline and target."""
COLUMNS = (
    "municipality", "name", "theme", "target", "indicator", "kind", "baseline", "baseline_year", "goal_level",
    "target_year", "actual", "actual_year", "source", "goal", "goal_reason", "so_far",
)  # fmt: skip


def own_targets(study: Study, case: Case) -> pd.DataFrame:
    """Return the targets that a case set itself, and whether it reached them by the end of the study.

    What was achieved is read from the statistics where they measure the indicator (the sick-leave rate of the calendar
    year), otherwise from the municipality's own annual reports: the last figure not after the target year. A target is
    reached when the figure is at least as good as its level, partly when it has come at least half the way from the
    baseline, and cannot be assessed when it has no figure, no baseline where one is needed, nothing was
    reported, or its year has not ended.

    Returns
    -------
    DataFrame
        One row per municipality and target: `municipality`, `name`, `theme`, `target`, `indicator` (its words where the
        codebook has them), `kind`, `baseline`, `baseline_year`, `goal_level` (the target as a level), `target_year`,
        `actual`, `actual_year`, `source` (``statistics``, ``annual_report`` or missing), `goal` (``reached``,
        ``partly``, ``not_reached``, ``cannot_assess``), `goal_reason` (a code, missing where it could be assessed),
        `so_far` (the status by the last figure, whether or not the year has ended).
        Empty when the study holds no targets, or none of the case.
    """
    table = optional_table(study, "targets")
    if table is None:
        return pd.DataFrame(columns=list(COLUMNS))
    mine = table[table["municipality"].isin(case.municipalities)]
    mine = mine[mine["project"].isin(_projects(case))]
    if case.theme and "," not in case.theme:
        mine = mine[mine["theme"] == case.theme]
    names = study.municipalities.set_index("municipality")["name"]
    said = words(study, "indicator")
    rows = []
    for _, row in mine.sort_values(["municipality", "theme", "target"]).iterrows():
        level = _level(row)
        actual, year, source = _achieved(study, row)
        direction = better(study, row["indicator"]) or ("lower" if level < row["baseline"] else "higher")
        so_far, why = judge(row, level, actual, direction)
        due = pd.isna(row["target_year"]) or int(row["target_year"]) <= last_full_year(study)
        wait = not due and why not in ("no_figure", "no_baseline")
        goal, reason = ("cannot_assess", "not_due") if wait else (so_far, why)
        rows.append(
            {
                "name": names[row["municipality"]],
                "indicator": said.get(str(row["indicator"]), row["indicator"]),
                "goal_level": level,
                "actual": actual,
                "actual_year": year,
                "source": source,
                "goal": goal,
                "goal_reason": reason,
                "so_far": so_far,
            }
            | {key: row[key] for key in ("municipality", "theme", "target", "kind", "baseline", "baseline_year")}
            | {"target_year": row["target_year"]}
        )
    found = pd.DataFrame(rows, columns=list(COLUMNS))
    years = dict.fromkeys(("baseline_year", "target_year", "actual_year"), "Int64")
    return found.astype(years | dict.fromkeys(("baseline", "goal_level", "actual"), "float64"))


def judge(row: Mapping[str, Any] | pd.Series, level: float, actual: float, direction: str) -> tuple[str, str | None]:
    """Return the status of a target by the figure given and, where it cannot be assessed, why not.

    Parameters
    ----------
    row : the target: `kind`, `baseline`.
    level : the target as a level; NaN where it cannot be told.
    actual : what was achieved; NaN where nothing is known.
    direction : ``"higher"`` or ``"lower"``, whichever is better.
    """
    baseline = float(row["baseline"]) if pd.notna(row["baseline"]) else np.nan
    if row["kind"] == "unquantified":
        return "cannot_assess", "no_figure"
    if np.isnan(level):
        return "cannot_assess", "no_baseline"
    if np.isnan(actual):
        return "cannot_assess", "not_reported"
    sign = -1.0 if direction == "lower" else 1.0
    if sign * (actual - level) >= -1e-9:
        return "reached", None
    way = level - baseline
    if np.isnan(baseline) or sign * way <= 0:
        return "not_reached", None
    return ("partly" if (actual - baseline) / way >= HALFWAY - 1e-9 else "not_reached"), None


def last_full_year(study: Study) -> int:
    """Return the last calendar year that had ended by the end of the study."""
    return study.as_of.year if (study.as_of.month, study.as_of.day) == (12, 31) else study.as_of.year - 1


def _level(row: pd.Series) -> float:
    """Return a target as a level."""
    value, baseline = (float(row[name]) if pd.notna(row[name]) else np.nan for name in ("value", "baseline"))
    if row["kind"] == "percentage_points":
        return baseline + value
    if row["kind"] == "per_cent":
        return baseline * (1 + value / 100)
    return value if row["kind"] == "level" else np.nan


def _achieved(study: Study, row: pd.Series) -> tuple[float, object, str | None]:
    """Return the figure achieved, its year and where it is from."""
    last = last_full_year(study)
    last = last if pd.isna(row["target_year"]) else min(int(row["target_year"]), last)
    if row["indicator"] == "sick_leave_rate":
        inside = study.sick_leave["municipality"] == row["municipality"]
        found = rates(study.sick_leave[inside & (study.sick_leave["quarter"].dt.year == last)])
        if len(found) and found["missing"].iloc[0] == 0:
            return float(found["rate"].iloc[0]), last, "statistics"
    reports = optional_table(study, "annual_reports")
    if reports is None:
        return np.nan, pd.NA, None
    same = np.logical_and.reduce([reports[key] == row[key] for key in ("municipality", "project", "theme")])
    known = reports[same & (reports["year"] <= last) & reports["value"].notna()]
    known = known[known["indicator"].isna() | (known["indicator"] == row["indicator"])].sort_values("year")
    if known.empty:
        return np.nan, pd.NA, None
    return float(known["value"].iloc[-1]), int(known["year"].iloc[-1]), "annual_report"


def measures_taken(study: Study, case: Case) -> pd.DataFrame:
    """Return the measures that a case took.

    Returns
    -------
    DataFrame
        One row per measure, the main one first: `measure` (its words where the codebook has them), `main` (bool),
        `first_year`, `last_year`. Empty when the study holds no measures, or none of the case.
    """
    columns = ["measure", "main", "first_year", "last_year"]
    table = optional_table(study, "measures")
    if table is None:
        return pd.DataFrame(columns=columns)
    mine = table[table["project"].isin(_projects(case))]
    if case.theme and "," not in case.theme:
        mine = mine[mine["theme"] == case.theme]
    said, main = words(study, "measure"), set(mine["main_measure"].dropna())
    years = mine.groupby("measure")["year"].agg(["min", "max"])
    rows = [
        {"measure": said.get(str(code), code), "main": code in main, "first_year": row["min"], "last_year": row["max"]}
        for code, row in years.iterrows()
    ]
    found = pd.DataFrame(rows, columns=columns)
    return found.sort_values(["main", "first_year"], ascending=[False, True], kind="stable", ignore_index=True)


def _projects(case: Case) -> Sequence[str]:
    return [part.strip() for part in case.project.split(",")]
