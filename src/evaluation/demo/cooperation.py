"""Cooperation between the parties: its quality in every participating municipality, and the survey that asks about it.

The quality lasts through the programme; it is higher, by half a standard deviation, where the municipality had been in
the predecessor programme. It makes the programme's effect on vacancies and competence plans stronger (`recruitment`),
and leaves its effect on sick leave and position sizes as it is. What people answer about *benefits* also follows what
they have seen: respondents whose municipality had a good run of sick leave, by the programme or by luck, say that the
project gave results. A correlation between cooperation or benefits and sick leave is therefore no sign that one caused
the other.

Facts: about 600 politicians, managers, union representatives and project leaders were asked, 70-75 per cent answered;
municipalities whose parties cooperate do better, and most of those had been in the predecessor programme. The sizes are
plausible values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.demo.programme import Selection
from evaluation.demo.world import YEARS, Floats, Ints, World, stream

WAVES = (2013, 2015)
ROLES = ("politician", "manager", "union", "project_leader")
# Invitations by role, and one more where the municipality has at least so many inhabitants.
INVITED = np.array([1, 1, 1, 1])
ONE_MORE = np.array([8_000, 5_000, 8_000, 10**9])
ANSWERING = np.array([0.62, 0.76, 0.74, 0.86])
PARTLY = 0.05
ROLE_LEVEL = np.array([0.10, 0.15, -0.20, 0.20])
EARLIER = 0.5
QUALITY, LEADERSHIP, PERSON, NOISE = 0.45, 0.5, 0.55, 0.65
LEVEL = np.array([0.2, 0.3, 0.0, -0.4, 0.0, 0.0, 0.3, 0.1, 0.1, -0.3, -0.1, -0.2])
REVERSED = 5
BENEFITS = slice(8, 12)
SEEN = 0.50
MISSING_ITEM = 0.02


@dataclass(frozen=True)
class Cooperation:
    """`quality` and `leadership` by unit, in standard deviations of the participants; zero outside the programme."""

    quality: Floats
    leadership: Floats


@dataclass(frozen=True)
class Wave:
    """The invited of one year, one element a person; `items` has 12 columns, 0 where there is no answer."""

    year: int
    number: Ints
    unit: Ints
    role: Ints
    status: np.ndarray
    items: Ints


def draw(world: World, selection: Selection, seed: int) -> Cooperation:
    """Draw the quality of cooperation and the commitment of the management."""
    rng = stream(seed, "parties")
    taking_part = np.flatnonzero(selection.intake != "")
    quality, other = rng.normal(size=(2, world.size))
    quality[selection.earlier["unit"]] += EARLIER
    both = []
    for values in (quality, 0.6 * quality + 0.8 * other):
        scaled = np.zeros(world.size)
        own = values[taking_part]
        scaled[taking_part] = np.clip((own - own.mean()) / own.std(), -2.0, 2.0)
        both.append(np.round(scaled, 6))
    return Cooperation(*both)


def survey(world: World, selection: Selection, cooperation: Cooperation, rates: Floats, year: int, seed: int) -> Wave:
    """Draw one wave of the survey; `rates` (units x years) is the sick leave people have seen, in per cent."""
    rng = stream(seed, f"partsundersokelse_{year}.csv")
    units = np.flatnonzero(selection.intake != "")
    invited = INVITED + (world.population[units, 2][:, None] >= ONE_MORE)
    unit = np.repeat(units, invited.sum(axis=1))
    role = np.concatenate([np.repeat(np.arange(len(ROLES)), count) for count in invited])
    size = len(unit)
    person, answers, place, breaks = (
        rng.normal(size=size),
        rng.random(size),
        rng.random(size),
        rng.integers(3, 12, size),
    )
    noise, gone = rng.normal(size=(size, len(LEVEL))), rng.random((size, len(LEVEL))) < MISSING_ITEM
    level = 3.5 + LEVEL + ROLE_LEVEL[role][:, None] + PERSON * person[:, None]
    level = level + QUALITY * cooperation.quality[unit][:, None]
    level[:, 6:8] += (LEADERSHIP * cooperation.leadership - QUALITY * cooperation.quality)[unit][:, None]
    level[:, BENEFITS] += SEEN * _seen(selection, rates, year)[unit][:, None]
    items = np.clip(np.floor(level + NOISE * noise + 0.5), 1, 5).astype(np.int64)
    items[:, REVERSED] = 6 - items[:, REVERSED]
    answered = answers < ANSWERING[role]
    partly = answered & (place < PARTLY)
    items[gone | ~answered[:, None] | (partly[:, None] & (np.arange(len(LEVEL)) >= breaks[:, None]))] = 0
    status = np.where(partly, "partly", np.where(answered, "answered", "not_answered"))
    return Wave(year, 1000 * (year - 2000) + 1 + np.arange(size), unit, role, status, items)


def _seen(selection: Selection, rates: Floats, year: int) -> Floats:
    """How much better than the others' a sick-leave participant's rate developed from 2011, in standard deviations."""
    members = selection.members("sick_leave")
    fall = rates[members, YEARS.index(2011)] - rates[members, YEARS.index(year)]
    seen = np.zeros(selection.size)
    seen[members] = np.round(np.clip((fall - fall.mean()) / fall.std(), -2.0, 2.0), 6)
    return seen


def truth(scenario: str) -> dict[str, object]:
    """Return what the quality of cooperation does to the programme's effects, and what it does not."""
    from evaluation.demo.recruitment import MODERATION

    works = 0.0 if scenario == "null" else MODERATION
    return {
        "moderation": {"vacancies": works, "competence_plans": works, "sick_leave": 0.0, "full_time": 0.0},
        "earlier_programme": EARLIER,
        "benefits_follow_sick_leave": SEEN,
    }
