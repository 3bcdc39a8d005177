"""Targets the municipalities set themselves, and what they report of them every year.

Baselines and yearly values are what the other files of the demonstration say of the same municipality (man-days,
positions, vacancies, survey of inhabitants), rounded as people round; only job satisfaction has no other source.
Baseline years are chosen freely: some take the bad year 2010, which flatters what comes after. A target may be a level,
a change in percentage points, a change in per cent, a level and a change at once (as one real municipality's 8.6 -> 6.9
per cent and "20 per cent lower"), or a wish without a figure; some lack the baseline, so that nobody can say whether
they were reached.

Facts: municipalities set their own targets; annual reports are due on 1 February, by theme; whether a goal is
operationalised, the main measure suitable, the documentation good enough and what should be strengthened are the four
questions put to every report. How many targets lack what is a plausible value, not a fact.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evaluation.demo import codebook
from evaluation.demo.cooperation import Cooperation
from evaluation.demo.programme import Selection
from evaluation.demo.recruitment import REPORTED, Vacancies
from evaluation.demo.sick_leave import SickLeave
from evaluation.demo.world import YEARS, Floats, World, stream

REPORTS = (2012, 2013, 2014, 2015)
STARTED = {"1": 2012, "2": 2013}
INDICATORS = {
    "sick_leave": (("sick_leave_rate", 0.70), ("presence_rate", 0.85), ("doctor_certified_rate", 1.0)),
    "full_time": (("full_time_share", 0.5), ("mean_position_size", 1.0)),
    "recruitment": (("vacant_positions", 0.4), ("competence_plans", 0.7), ("turnover", 1.0)),
    "reputation": (("reputation_index", 0.6), ("satisfaction", 1.0)),
}
BETTER = {code: better for group in codebook.INDICATORS.values() for code, better, *_ in group}
QUANTIFIED = {"sick_leave": 0.88, "full_time": 0.75, "recruitment": 0.60, "reputation": 0.35}
NO_BASELINE, NO_YEAR, SECOND, BOTH_WAYS, NO_TARGET = 0.18, 0.10, 0.25, 0.12, 0.04
# Steps people choose: percentage points, and per cent of the baseline.
POINTS = {"full_time_share": (2.0, 5.0, 10.0), "mean_position_size": (1.0, 2.0, 3.0), "competence_plans": (20.0, 40.0)}
PER_CENT = {"vacant_positions": (20, 30, 50), "full_time_share": (5, 10, 20), "mean_position_size": (2, 3)}
SCALES = {"reputation_index": (0.1, 0.2, 0.3), "satisfaction": (0.1, 0.2, 0.3)}
ONE_DECIMAL = 1
# A kind of target that makes no sense for the indicator, and the one taken instead.
IMPOSSIBLE = {
    ("vacant_positions", "percentage_points"): "per_cent",
    ("presence_rate", "per_cent"): "percentage_points",
    **{(scale, kind): "level" for scale in SCALES for kind in ("percentage_points", "per_cent")},
}

ANSWERS = {2012: 0.95, 2013: 0.92, 2014: 0.90, 2015: 0.94}
NOT_MEASURED, OTHER_WAY, IN_WORDS = 0.08, 0.10, 0.12
FORMS = {2012: 3, 2013: 3}
WORDS = ("ca. {x} %", "omtrent {x}", "{x} prosent", "mellom {a} og {b}", "{x} (foreløpig tall)", "ca {x}", "{a}-{b} %")
BLANK = ("ikke målt", "vet ikke", "", "måles neste år")
COMMENTS = (
    "",
    "Arbeidet er godt i gang.",
    "Vi har hatt bytte av prosjektleder.",
    "Stor belastning i enhetene har forsinket tiltakene.",
    "Partene er enige om veien videre.",
    "Tallene er fra eget system og kan avvike fra KS.",
    "Vi trenger hjelp til å måle.",
)


Row = dict[str, Any]


@dataclass(frozen=True)
class Goals:
    """`targets` and `reports` one row each, `measures` one row per project, theme and year; codes are the tidy ones."""

    targets: pd.DataFrame
    reports: pd.DataFrame
    measures: pd.DataFrame


def measured(
    world: World, days: SickLeave, positions: list[dict[str, Floats]], vacancies: Vacancies, index: Mapping[int, Floats]
) -> dict[str, Floats]:
    """Return what the other files say: indicator to values, units x years (2008-2015), NaN where nobody knows."""
    lost = days.lost.sum(axis=(2, 3)).reshape(world.size, len(YEARS), 4, -1).sum(axis=2)
    agreed = days.agreed.sum(axis=(2, 3)).reshape(world.size, len(YEARS), 4).sum(axis=2)
    total, doctor = 100 * lost.sum(axis=2) / agreed, 100 * lost[:, :, 2:].sum(axis=2) / agreed
    found = {"sick_leave_rate": total, "presence_rate": 100 - total, "doctor_certified_rate": doctor}
    count = np.stack([sums["positions"] for sums in positions], axis=1)
    full, size = (np.stack([sums[f"{name}_with"] for sums in positions], axis=1) for name in ("full_time", "size"))
    found |= {"full_time_share": 100 * full / count, "mean_position_size": size / count}
    unknown = np.full((world.size, len(YEARS)), np.nan)
    for name, values in (
        ("vacant_positions", vacancies.vacant.sum(axis=2)),
        ("turnover", 100 * vacancies.leavers.sum(axis=2) / vacancies.employees.sum(axis=2)),
        ("competence_plans", 100 * vacancies.plan.mean(axis=2)),
    ):
        found[name] = unknown.copy()
        found[name][:, YEARS.index(REPORTED[0]) :] = values
    found["reputation_index"] = unknown.copy()
    for year, values in index.items():
        found["reputation_index"][:, YEARS.index(year)] = values
    return found


def draw(world: World, selection: Selection, cooperation: Cooperation, found: dict[str, Floats], seed: int) -> Goals:
    """Draw targets, measures and annual reports. Every row takes the same random numbers whatever the figures are."""
    rows = selection.participation.merge(selection.projects, on="project")
    rows = rows.sort_values(["project", "theme", "unit"], ignore_index=True)
    found = found | {"satisfaction": _satisfaction(world, seed)}
    targets = _targets(rows, found, seed)
    measures = _measures(selection, seed)
    return Goals(targets, _reports(rows, targets, cooperation, found, seed), measures)


def _records(frame: pd.DataFrame) -> list[Row]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _satisfaction(world: World, seed: int) -> Floats:
    """Job satisfaction from 1 to 6, which only the municipality itself measures."""
    rng = stream(seed, "satisfaction")
    return 4.4 + 0.25 * rng.normal(size=(world.size, 1)) + 0.10 * rng.normal(size=(world.size, len(YEARS)))


def _number(value: float, indicator: str) -> float:
    return float(round(value)) if indicator in ("vacant_positions", "competence_plans") else round(value, ONE_DECIMAL)


def _targets(rows: pd.DataFrame, found: Mapping[str, Floats], seed: int) -> pd.DataFrame:
    rng = stream(seed, "targets")
    drawn = rng.random((len(rows), 2, 9))
    told: list[Row] = []
    for place, row in enumerate(_records(rows)):
        first = drawn[place, 0]
        if first[8] < NO_TARGET:
            continue
        one = _target(row, 1, first, found, baseline_year=None)
        told.append(one)
        second = drawn[place, 1]
        level = one["kind"] == "level" and one["baseline"] is not None and one["indicator"] == "sick_leave_rate"
        if level and second[8] < BOTH_WAYS / (BOTH_WAYS + SECOND):
            per_cent = 5 * round(100 * (one["value"] / one["baseline"] - 1) / 5)
            told.append(one | {"target": 2, "kind": "per_cent", "value": float(per_cent)})
        elif second[7] < SECOND:
            other = _target(row, 2, second, found, baseline_year=one["baseline_year"])
            told += [other] if other["indicator"] != one["indicator"] else []
    return pd.DataFrame(told).assign(wording=[_wording(one) for one in told])


def _target(row: Row, number: int, u: Floats, found: Mapping[str, Floats], baseline_year: int | None) -> Row:
    theme, unit, start = row["theme"], row["unit"], STARTED[row["intake"]]
    indicator = next(code for code, share in INDICATORS[theme] if u[0] < share)
    years = (start - 1, 2010) if start == REPORTS[0] else (start - 1, start - 2)
    year = baseline_year or years[int(u[1] < 0.3)]
    if indicator == "reputation_index":
        year = 2011
    baseline = float(found[indicator][unit, YEARS.index(year)])
    told = {
        "unit": unit,
        "project": row["project"],
        "theme": theme,
        "target": number,
        "indicator": indicator,
        "kind": "unquantified",
        "baseline": None,
        "baseline_year": None,
        "value": None,
        "target_year": None if u[2] < NO_YEAR else (start + 1, start + 2, 2015)[int(3 * u[3])],
        "date": datetime.date(start, 2, 1) + datetime.timedelta(days=int(120 * u[4])),
    }
    if u[5] >= QUANTIFIED[theme]:
        return told | {"indicator": indicator if u[6] < 0.5 else None}
    known = not np.isnan(baseline) and u[6] >= NO_BASELINE
    told |= {"baseline": _number(baseline, indicator), "baseline_year": year} if known else {}
    sign = 1 if BETTER[indicator] == codebook.UP else -1
    kind = ("level", "percentage_points", "per_cent")[int(3 * u[7])]
    kind = IMPOSSIBLE.get((indicator, kind), kind)
    steps = PER_CENT.get(indicator, (5, 10, 15, 20))
    points = SCALES.get(indicator) or POINTS.get(indicator, (0.5, 0.5, 1.0, 1.5, 2.0))
    step = steps[int(u[8] * len(steps) * 0.999)]
    change = points[int(u[8] * len(points) * 0.999)]
    if kind == "percentage_points":
        return told | {"kind": kind, "value": sign * change}
    if kind == "per_cent":
        return told | {"kind": kind, "value": float(sign * step)}
    around = baseline if not np.isnan(baseline) else 3.6
    level = around * (1 + sign * step / 100) if indicator.endswith(("_rate", "positions")) else around + sign * change
    level = around + sign * change if indicator == "presence_rate" else level
    return told | {"kind": "level", "value": min(_number(level, indicator), 100.0)}


WISHES = {
    "sick_leave": "Øke nærværet og bedre arbeidsmiljøet",
    "full_time": "Utvikle en heltidskultur",
    "recruitment": "Rekruttere og beholde kompetente medarbeidere",
    "reputation": "Styrke kommunens omdømme",
}
NAMES = {code: words[0] for group in codebook.INDICATORS.values() for code, _, *words in group}


def _wording(one: Row) -> str:
    """The target as the project plan puts it."""
    by = f" innen {one['target_year']}" if one["target_year"] else ""
    if one["kind"] == "unquantified":
        return WISHES[one["theme"]] + by
    name = NAMES[one["indicator"]].split(",")[0].capitalize()
    value = one["value"]
    figure = f"{abs(value):g}".replace(".", ",")
    if one["kind"] == "level":
        start = f"fra {one['baseline']:g} ".replace(".", ",") if one["baseline"] is not None else ""
        return f"{name}: {start}til {figure}{by}"
    more = "opp" if value > 0 else "ned"
    return f"{name} {more} {figure} {'prosentpoeng' if one['kind'] == 'percentage_points' else 'prosent'}{by}"


def _measures(selection: Selection, seed: int) -> pd.DataFrame:
    """Main measure and others of every project, theme and year; most go on from year to year and a few are added."""
    rng = stream(seed, "measures")
    told = []
    for row in _records(selection.projects.sort_values(["project", "theme"])):
        codes = [code for code, *_ in codebook.MEASURES[row["theme"]]]
        order = rng.permutation(codes).tolist()
        count, grows = 2 + int(rng.integers(0, 3)), rng.random(len(REPORTS)) < 0.5
        for place, year in enumerate(REPORTS):
            if year >= STARTED[row["intake"]]:
                taken = order[: min(count + int(grows[: place + 1].sum()), len(order))]
                told.append((row["project"], row["theme"], year, taken[0], tuple(taken)))
    return pd.DataFrame(told, columns=["project", "theme", "year", "main", "measures"])


def _reports(
    rows: pd.DataFrame,
    targets: pd.DataFrame,
    cooperation: Cooperation,
    found: Mapping[str, Floats],
    seed: int,
) -> pd.DataFrame:
    goals = _records(targets[targets["target"] == 1])
    first = {(goal["unit"], goal["project"], goal["theme"]): goal for goal in goals}
    told = []
    for year in REPORTS:
        rng = stream(seed, f"arsrapport_{year}.xlsx")
        drawn, noise = rng.random((len(rows), 10)), rng.normal(size=(len(rows), 2))
        reports: list[Row] = []
        for place, row in enumerate(_records(rows)):
            u = drawn[place]
            if year < STARTED[row["intake"]] or u[0] >= ANSWERS[year]:
                continue
            key = (row["unit"], row["project"], row["theme"])
            goal = first.get(key, {})
            about = {"unit": row["unit"], "project": row["project"], "theme": row["theme"], "year": year}
            due = datetime.date(year + 1, 2, 1)
            late = int(30 * u[2]) + 1 if u[1] < 0.15 else -int(20 * u[2])
            own = float(cooperation.quality[row["unit"]])
            report = (
                about
                | {"received": due + datetime.timedelta(days=late)}
                | _reported(goal, row, year, u, noise[place], found)
            )
            report |= _judged(report, goal, u, own)
            report["cooperation"] = int(np.clip(np.floor(3.6 + 0.6 * own + 0.5 * noise[place, 1] + 0.5), 1, 5))
            report["comment"] = COMMENTS[int(len(COMMENTS) * u[9])]
            reports.append(report)
        forms = set(rng.permutation(len(reports))[: FORMS.get(year, 0)].tolist())
        told += [report | {"form": place in forms} for place, report in enumerate(reports)]
    return pd.DataFrame(told)


def _reported(goal: Row, row: Row, year: int, u: Floats, noise: Floats, found: Mapping[str, Floats]) -> Row:
    """Figures as the municipality fills them in: a number, words around one, or nothing; and its own verdict."""
    indicator = goal.get("indicator")
    told: Row = {"indicator": indicator, "baseline": None, "value": None, "verdict": "cannot_assess"}
    if indicator is None or not isinstance(indicator, str):
        return told | {"verdict": "partly" if u[8] < 0.4 else "cannot_assess"}
    baseline: float | None = goal["baseline"] if pd.notna(goal["baseline"]) else None
    value = float(found[indicator][row["unit"], YEARS.index(year)])
    if u[4] < OTHER_WAY:
        value += 0.03 * abs(value) * float(noise[0])
    value = _number(value, indicator) if not np.isnan(value) else value
    told["baseline"] = baseline
    if np.isnan(value) or u[3] < NOT_MEASURED:
        return told | {"value": BLANK[int(len(BLANK) * u[5])], "verdict": "partly" if u[8] < 0.25 else "cannot_assess"}
    told["value"] = value if u[6] >= IN_WORDS else _in_words(value, indicator, u[5])
    aim = _aim(goal, baseline)
    if baseline is None or aim is None:
        return told | {"verdict": "partly" if u[8] < 0.3 else "cannot_assess"}
    sign = 1 if BETTER[indicator] == codebook.UP else -1
    if sign * (value - aim) >= 0:
        return told | {"verdict": "reached"}
    better = sign * (value - baseline) > 0
    # Some call a small step in the wrong direction a part of the way.
    return told | {"verdict": "partly" if better or u[8] < 0.2 else "not_reached"}


def _aim(goal: Row, baseline: float | None) -> float | None:
    """The target as a level."""
    if goal["kind"] == "unquantified":
        return None
    value = goal["value"]
    if goal["kind"] == "level":
        return value
    if baseline is None:
        return None
    start = baseline
    return start + value if goal["kind"] == "percentage_points" else start * (1 + value / 100)


def _in_words(value: float, indicator: str, u: float) -> str:
    """A figure with words around it; only shares come with a per cent sign."""
    share = indicator not in ("vacant_positions", *SCALES)
    kinds = WORDS if share else tuple(words for words in WORDS if "%" not in words and "prosent" not in words)
    words = kinds[int(len(kinds) * u)]
    whole = float(value).is_integer()
    low, high = (value - 1, value + 1) if whole else (np.floor(2 * value) / 2, np.floor(2 * value) / 2 + 0.5)
    x, a, b = (f"{number:g}".replace(".", ",") for number in (value, max(low, 0), high))
    return words.format(x=x, a=a, b=b)


def _judged(report: Row, goal: Row, u: Floats, quality: float) -> Row:
    """The four standard questions, as the evaluators answer them for the report."""
    complete = report["baseline"] is not None and pd.notna(goal.get("target_year"))
    figures = bool(goal) and goal["kind"] != "unquantified"
    goals = "yes" if figures and complete else "partly" if figures else "no"
    numeric = isinstance(report["value"], float)
    text = isinstance(report["value"], str) and any(sign.isdigit() for sign in report["value"])
    documented = "yes" if numeric and report["baseline"] is not None else "partly" if numeric or text else "no"
    suitable = "yes" if u[7] < 0.55 + 0.1 * quality else "partly" if u[7] < 0.9 else "no"
    advice = "targets" if goals == "no" else "measurement" if documented == "no" else ""
    advice = advice or ("anchoring" if quality < -0.7 else "measures" if suitable != "yes" else "nothing")
    return {"goals_operational": goals, "measure_suitable": suitable, "documentation": documented, "strengthen": advice}
