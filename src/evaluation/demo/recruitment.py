"""Vacancies, turnover and competence plans by municipality, year and sector, with known true effects.

Vacant positions are counted on 1 December. Without the programme their number is drawn around

    employees x rate(sector) x municipality (lasting, size) x year x municipality and year (passing)

with more spread than a Poisson count has. The programme fills a share of them: each vacancy that would have been there
is gone with a probability that belongs to the municipality and year, so that the effect is a ratio below one. It is
stronger where the parties cooperate well (`MODERATION`). A competence plan becomes more likely in the same way.

Participants of the recruitment theme start higher. Most of it lasts; the year before they applied was a bad year after
better ones, and passes by itself: with that year as the base a comparison overstates what the programme did, with the
mean of all years before the start it does not.

Facts: about half of the recruitment municipalities had fewer vacancies than the year before (published about the
programme's second year). About one in eight employees leaves a year, as in the position register of the demonstration,
and there are about as many of them. Rates by sector (1-2.5 % of the employees), spread and effects are plausible
values, not facts. Over 40 draws the estimate by difference in differences scatters by 3 percentage points around the
truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.demo.cooperation import Cooperation
from evaluation.demo.positions import FULL_TIME
from evaluation.demo.programme import Selection
from evaluation.demo.world import SECTORS, YEARS, Floats, Ints, World, rounded, stream

REPORTED = tuple(range(2010, 2016))
FIRST = YEARS.index(REPORTED[0])

RATE = np.array([0.010, 0.011, 0.017, 0.024, 0.019, 0.008])
HARD = np.array([0.25, 0.30, 0.40, 0.45, 0.50, 0.20])
LEAVING = np.array([0.10, 0.11, 0.13, 0.13, 0.12, 0.12])
YEAR_LEVEL = np.array([0.95, 1.05, 1.10, 1.04, 0.98, 0.92])
LASTING_SD, PASSING_SD, CELL_SHAPE = 0.35, 0.10, 20.0
EMPLOYEES = 0.79
BY_SIZE = -0.10
ABOVE = 0.20
PASSING = {"1": (-0.12, 0.12, 0.0, 0.0, 0.0, 0.0), "2": (-0.06, -0.06, 0.12, 0.0, 0.0, 0.0)}
PLAN, PLAN_GROWTH = 0.35, 0.03
MISSING, PLAN_BLANK = 0.03, 0.03

# Ratio of vacancies with the programme to vacancies without it, and share of sectors that get a plan, by year.
EFFECT = {"1": {2012: 0.93, 2013: 0.87, 2014: 0.83, 2015: 0.80}, "2": {2013: 0.93, 2014: 0.88, 2015: 0.85}}
PLAN_EFFECT = {"1": {2012: 0.10, 2013: 0.20, 2014: 0.28, 2015: 0.32}, "2": {2013: 0.10, 2014: 0.20, 2015: 0.25}}
MODERATION = 0.5


@dataclass(frozen=True)
class Vacancies:
    """Counts by unit, year (2010-2015) and sector; `without` are the vacancies there would be without the programme.

    `plan` tells whether the sector has a competence plan, `plan_known` whether that was answered, `missing` (units x
    years) which deliveries failed.
    """

    employees: Ints
    advertised: Ints
    vacant: Ints
    hard: Ints
    leavers: Ints
    without: Ints
    plan: np.ndarray
    plan_without: np.ndarray
    plan_known: np.ndarray
    missing: np.ndarray


def draw(world: World, selection: Selection, cooperation: Cooperation, scenario: str, seed: int) -> Vacancies:
    """Draw the counts of every delivery. The scenarios share every random number; only the effect differs."""
    rng = stream(seed, "recruitment")
    staff = world.man_years[:, FIRST:] / (0.35 + 0.65 * FULL_TIME)
    employees = np.maximum(np.round(rounded(EMPLOYEES * staff, 6)), 1).astype(np.int64)
    shape = employees.shape
    own = LASTING_SD * np.clip(rng.normal(size=(world.size, 1)), -2.2, 2.2)
    own = own + BY_SIZE * np.log(world.population[:, [2]] / 4_500) - LASTING_SD**2 / 2
    # As with sick leave, what passes averages out over more workplaces in a larger municipality.
    calm = np.clip((world.population[:, [2]] / 4_500) ** -0.2, 0.5, 1.3)
    own = own + PASSING_SD * calm * rng.normal(size=shape[:2]) + _before(selection)
    scale = rounded(np.exp(own) * YEAR_LEVEL)[:, :, None] * rng.gamma(CELL_SHAPE, 1 / CELL_SHAPE, shape)
    without = np.minimum(rng.poisson(rounded(employees * RATE * scale, 6)), employees // 2)
    leavers = rng.binomial(employees, np.broadcast_to(LEAVING, shape))
    advertised = without + rng.poisson(0.75 * leavers)
    cell = np.repeat(np.arange(without.size), without.ravel())
    kept, hardness = rng.random((2, len(cell)))
    ratio = _ratios(selection, cooperation, scenario)
    stays = kept < np.broadcast_to(ratio[:, :, None], shape).ravel()[cell]
    hard = stays & (hardness < HARD[cell % len(SECTORS)])
    vacant, hard_to_fill = (
        np.bincount(cell, flag, without.size).astype(np.int64).reshape(shape) for flag in (stays, hard)
    )
    plans, known = rng.random((2, world.size, len(SECTORS)))
    has = PLAN + PLAN_GROWTH * np.arange(len(REPORTED))[None, :, None] + np.zeros((world.size, 1, 1))
    more = _plan_shares(selection, cooperation, scenario)[:, :, None]
    return Vacancies(
        employees=employees,
        advertised=advertised,
        vacant=vacant,
        hard=hard_to_fill,
        leavers=leavers,
        without=without,
        plan=plans[:, None, :] < has + more,
        plan_without=plans[:, None, :] < has,
        plan_known=np.broadcast_to((known >= PLAN_BLANK)[:, None, :], shape),
        missing=rng.random(shape[:2]) < MISSING,
    )


def _before(selection: Selection) -> Floats:
    """How far recruitment participants lie above others without the programme (logarithm), units x years."""
    above = np.zeros((selection.size, len(REPORTED)))
    for intake, passing in PASSING.items():
        above[selection.members("recruitment", intake)] = ABOVE + np.array(passing)
    return above


def _strength(cooperation: Cooperation) -> Floats:
    """Factor on the effect: 1 at average cooperation, from 0 to 2."""
    return np.clip(1 + MODERATION * cooperation.quality, 0.0, 2.0)


def _ratios(selection: Selection, cooperation: Cooperation, scenario: str) -> Floats:
    ratio = np.ones((selection.size, len(REPORTED)))
    for intake, path in EFFECT.items() if scenario != "null" else ():
        units = selection.members("recruitment", intake)
        for year, value in path.items():
            ratio[units, REPORTED.index(year)] = rounded(value ** _strength(cooperation)[units])
    return ratio


def _plan_shares(selection: Selection, cooperation: Cooperation, scenario: str) -> Floats:
    share = np.zeros((selection.size, len(REPORTED)))
    for intake, path in PLAN_EFFECT.items() if scenario != "null" else ():
        units = selection.members("recruitment", intake)
        for year, value in path.items():
            share[units, REPORTED.index(year)] = rounded(value * _strength(cooperation)[units])
    return share


def truth(vacancies: Vacancies, selection: Selection, scenario: str) -> dict[str, object]:
    """Return the effects on vacancies (per cent) and on competence plans (percentage points), by intake and year.

    `drawn` is the effect the draw aimed at for average cooperation, `realised` what it came to: all vacancies of the
    participants with the programme against without it.
    """
    result: dict[str, object] = {}
    for intake, path in EFFECT.items():
        units = selection.members("recruitment", intake)
        result[intake] = {
            str(year): {"drawn": 0.0 if scenario == "null" else round(100 * (value - 1), 2)}
            | _realised(vacancies, units, year)
            for year, value in path.items()
        }
    everyone = {
        year: [selection.members("recruitment", i) for i in EFFECT if year in EFFECT[i]] for year in EFFECT["1"]
    }
    result["overall"] = {
        str(year): _realised(vacancies, np.concatenate(units), year) for year, units in everyone.items()
    }
    return result


def _realised(vacancies: Vacancies, units: Ints, year: int) -> dict[str, float]:
    at = (units, REPORTED.index(year))
    plans = 100.0 * (vacancies.plan[at].mean() - vacancies.plan_without[at].mean())
    ratio = vacancies.vacant[at].sum() / vacancies.without[at].sum()
    return {"realised": round(100 * float(ratio - 1), 2), "competence_plans": round(float(plans), 2)}
