"""A case's own targets and whether they were reached; the measures it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.deep_dive.notes import Note
from evaluation.goals import comparable, judge, last_full_year, register_figures, reported
from evaluation.goals.codes import optional_table, words
from evaluation.language import Words
from evaluation.texts import LANGUAGES, capital, three

if TYPE_CHECKING:
    from evaluation.programme import Case
    from evaluation.study import Study

STATISTICS = ("sick_leave_rate",)
"""Indicators judged by the statistics where they have the year; others by the municipality's own reports."""
COLUMNS = (
    "municipality", "name", "theme", "target", "indicator", "kind", "baseline", "baseline_year", "goal_level",
    "target_year", "actual", "actual_year", "source", "goal", "goal_reason", "so_far",
)  # fmt: skip
_NO_INDICATOR = three("et mål uten måltall", "eit mål utan måltal", "a target without an indicator")
_AIM = three(
    ": fra {baseline} til {goal_level}", ": frå {baseline} til {goal_level}", ": from {baseline} to {goal_level}"
)
_LEVEL = three(": {goal_level}", ": {goal_level}", ": {goal_level}")
_DUE = three(", innen {target_year:d}", ", innan {target_year:d}", ", by {target_year:d}")
_MEASURED = three(
    "Målt til {actual} i {actual_year:d} (kilde: {source}).",
    "Målt til {actual} i {actual_year:d} (kjelde: {source}).",
    "Measured at {actual} in {actual_year:d} (source: {source}).",
)
_SO_FAR = three("; ved siste måling {status}", "; ved siste måling {status}", "; at the last measurement {status}")


def own_targets(study: Study, case: Case) -> pd.DataFrame:
    """Return the targets that a case set itself, and whether it reached them by the end of the study.

    What was achieved is read from the statistics where they measure the indicator (the sick-leave rate of the calendar
    year), otherwise from the municipality's own annual reports: the last figure not after the target year. The rule is
    that of `goals.status`; a target cannot be assessed either when its year has not ended.

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
    if optional_table(study, "targets") is None:
        return pd.DataFrame(columns=list(COLUMNS))
    found = comparable(study)
    mine = found["municipality"].isin(case.municipalities) & found["project"].isin(_projects(case))
    if case.theme and "," not in case.theme:
        mine &= found["theme"] == case.theme
    found = _achieved(study, found[mine].sort_values(["municipality", "theme", "target"], ignore_index=True))
    judged = [judge(row, row["goal_level"], row["actual"], row["direction"]) for _, row in found.iterrows()]
    found["so_far"] = [status for status, _ in judged]
    found["goal_reason"] = pd.Series([reason for _, reason in judged], index=found.index, dtype="object")
    not_due = (found["target_year"] > last_full_year(study)).fillna(False).astype(bool)
    wait = not_due & ~found["goal_reason"].isin(["no_figure", "no_baseline"])
    found["goal"] = found["so_far"].mask(wait, "cannot_assess")
    found["goal_reason"] = found["goal_reason"].mask(wait, "not_due")
    said = words(study, "indicator")
    found["indicator"] = [said.get(str(code), code) for code in found["indicator"]]
    years = dict.fromkeys(("baseline_year", "target_year", "actual_year"), "Int64")
    figures = dict.fromkeys(("baseline", "goal_level", "actual"), "float64")
    return found[list(COLUMNS)].astype(years | figures | dict.fromkeys(("source", "goal", "goal_reason"), "str"))


def in_words(targets: pd.DataFrame) -> tuple[Note, ...]:
    """Return a remark on each of a case's `own_targets`: what it aims at, what was measured, and the verdict on it."""
    several = len(set(targets["municipality"])) > 1
    rows = [row for _, row in targets.iterrows()]
    return tuple(Note("told", {"told": {code: _told(row, several, Words(code)) for code in LANGUAGES}}) for row in rows)


def _told(row: pd.Series, several: bool, words: Words) -> str:
    known = {name: value for name, value in row.items() if isinstance(value, (str, Mapping)) or pd.notna(value)}
    given = {str(name): value for name, value in known.items()}
    given |= {name: int(value) for name, value in given.items() if name.endswith("_year")}
    indicator = capital(words.phrase(given.get("indicator", _NO_INDICATOR)))
    parts = [f"{row['name']}, {indicator[:1].lower()}{indicator[1:]}" if several else indicator]
    if "goal_level" in given:
        parts.append(words.plain(_AIM if "baseline" in given else _LEVEL, **given))
    parts += [words.plain(_DUE, **given)] if "target_year" in given else []
    measured = []
    if "actual" in given:
        measured.append(words.plain(_MEASURED, **given | {"source": words.value("source", given["source"])}))
    verdict = words.term(f"goal.{row['goal']}")
    if "goal_reason" in given:
        verdict += f" ({words.value('goal_reason', given['goal_reason'])})"
    if given.get("goal_reason") == "not_due" and row["so_far"] != "cannot_assess":
        verdict += words.plain(_SO_FAR, status=words.term(f"goal.{row['so_far']}"))
    return " ".join([f"{''.join(parts)}.", *measured, f"{capital(verdict)}."])


def _achieved(study: Study, targets: pd.DataFrame) -> pd.DataFrame:
    """Add the figure achieved, its year and where it is from."""
    told = reported(study, targets)
    told = told.where(told["actual"].notna())
    found = targets.assign(
        actual=told["actual"],
        actual_year=told["report_year"],
        source=pd.Series("annual_report", index=targets.index, dtype="object").where(told["actual"].notna(), None),
    )
    measured = register_figures(study, STATISTICS, municipalities=list(targets["municipality"].unique()))
    keys = ["municipality", "indicator", "year"]
    last = targets["target_year"].astype("Int64").fillna(last_full_year(study)).clip(upper=last_full_year(study))
    known = targets.assign(year=last)[keys].merge(measured.astype({"year": "Int64"}), on=keys, how="left")["figure"]
    by_statistics = known.notna()
    return found.assign(
        actual=found["actual"].mask(by_statistics, known),
        actual_year=found["actual_year"].mask(by_statistics, last),
        source=found["source"].mask(by_statistics, "statistics"),
    )


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
