"""The survey of inhabitants: who was drawn, who answered, and eight items from 1 to 5.

An answer is 3.45 and the item's own level, plus the item's share of what the person thinks of the municipality, plus
noise, rounded to 1-5. What a person thinks is the municipality's lasting level (standard deviation 0.20), its passing
one (0.05), the person's own (0.80), more in older people, and the programme's effect (0.03): far too little to be
seen with 60 municipalities, as studies of reputation find no effect (Fafo 2013:04). The last item is put the other way.

Young people answer less and think less of the municipality, which weights by age and sex mend; those who think well
answer a little more, which no weights mend. Between 50 and 300 answers a municipality, 40-50 per cent of those drawn.
All sizes but the absence of an effect are plausible values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.demo.programme import Selection
from evaluation.demo.world import Floats, Ints, World, rounded, stream

WAVES = (2011, 2013, 2015)
OTHERS = 44
LEFT_OUT = 2
TAKES_PART = 0.92
AGES = ("18-34", "35-49", "50-66", "67+")
AGE_SHARE = (0.27, 0.25, 0.28, 0.20)
AGE_LEVEL = np.array([-0.20, -0.03, 0.08, 0.20])
AGE_ANSWERS = np.array([-0.75, -0.10, 0.35, 0.45])
ANSWERING = {2011: -0.02, 2013: -0.18, 2015: -0.30}
WOMAN_LEVEL, WOMAN_ANSWERS, OPINION_ANSWERS = 0.05, 0.15, 0.15
PLACE_SD, PASSING_SD, PERSON_SD, NOISE_SD = 0.20, 0.05, 0.80, 0.75
SHARE = np.array([0.9, 1.0, 0.8, 0.7, 0.7, 0.8, 0.9, 0.8])
LEVEL = np.array([0.15, 0.05, 0.35, -0.10, -0.15, 0.40, -0.05, -0.05])
REVERSED = 7
DO_NOT_KNOW, BREAKS_OFF = 0.04, 0.04
EFFECT = 0.03


@dataclass(frozen=True)
class Wave:
    """Those drawn in one year, one element a person; `items` has 8 columns, 0 where there is no answer.

    `effect` is the mean difference the programme made to the index of those who answered in the theme's
    municipalities that had started, in points of the scale from 1 to 5.
    """

    year: int
    number: Ints
    unit: Ints
    woman: np.ndarray
    age: Ints
    status: np.ndarray
    items: Ints
    effect: float


def places(world: World, selection: Selection, seed: int) -> tuple[Ints, Floats]:
    """Return the municipalities surveyed and every municipality's lasting level."""
    rng = stream(seed, "reputation")
    lasting = PLACE_SD * np.clip(rng.normal(size=world.size), -2.2, 2.2)
    members = selection.members("reputation")
    large = world.population[:, 2] > 1_000
    others = np.setdiff1d(np.flatnonzero(large), members)
    drawn = np.concatenate([rng.permutation(members)[LEFT_OUT:], rng.choice(others, OTHERS, replace=False)])
    return np.sort(drawn), lasting


def survey(world: World, selection: Selection, year: int, scenario: str, seed: int) -> Wave:
    """Draw one wave. The scenarios share every random number; only the effect differs."""
    drawn, lasting = places(world, selection, seed)
    rng = stream(seed, f"innbyggerundersokelse_{year}.csv")
    units = drawn[rng.random(len(drawn)) < TAKES_PART]
    population = world.population[units, 2]
    sample = np.clip(np.round(rounded(150 * (population / 1_500) ** 0.35, 6)), 140, 620).astype(np.int64)
    unit = np.repeat(units, sample)
    size = len(unit)
    woman, age = rng.random(size) < 0.5, rng.choice(len(AGES), size, p=AGE_SHARE)
    passing, local = PASSING_SD * rng.normal(size=world.size), 0.12 * rng.normal(size=world.size)
    person, answers, place = PERSON_SD * rng.normal(size=size), rng.random(size), rng.random(size)
    noise, unsure = NOISE_SD * rng.normal(size=(size, len(SHARE))), rng.random((size, len(SHARE))) < DO_NOT_KNOW
    breaks = rng.integers(2, len(SHARE), size)
    thinks = (lasting + passing)[unit] + person + AGE_LEVEL[age] + WOMAN_LEVEL * woman
    effect = _effect(selection, year, scenario)[unit]
    tendency = ANSWERING[year] + local[unit] + AGE_ANSWERS[age] + WOMAN_ANSWERS * woman + OPINION_ANSWERS * person
    answered = answers < rounded(1 / (1 + np.exp(-tendency)))
    items, without = (_items(thinks + more, noise) for more in (effect, 0.0))
    treated = answered & np.isin(unit, _started(selection, year))
    made = (_upright(items) - _upright(without))[treated].mean() if treated.any() else 0.0
    partly = answered & (place < BREAKS_OFF)
    items[unsure | ~answered[:, None] | (partly[:, None] & (np.arange(len(SHARE)) >= breaks[:, None]))] = 0
    status = np.where(partly, "partly", np.where(answered, "answered", "not_answered"))
    number = 100_000 * (year - 2000) + 1 + np.arange(size)
    return Wave(year, number, unit, woman, age, status, items, round(float(made), 4))


def _items(thinks: Floats, noise: Floats) -> Ints:
    values = np.floor(3.45 + LEVEL + SHARE * thinks[:, None] + noise + 0.5)
    items = np.clip(values, 1, 5).astype(np.int64)
    items[:, REVERSED] = 6 - items[:, REVERSED]
    return items


def _upright(items: Ints) -> Floats:
    turned = np.array(items, dtype=float)
    turned[:, REVERSED] = 6 - turned[:, REVERSED]
    return turned.mean(axis=1)


def _started(selection: Selection, year: int) -> Ints:
    started = [selection.members("reputation", intake) for intake, first in (("1", 2012), ("2", 2013)) if year >= first]
    return np.concatenate(started) if started else np.array([], dtype=np.int64)


def _effect(selection: Selection, year: int, scenario: str) -> Floats:
    effect = np.zeros(selection.size)
    if scenario != "null":
        effect[_started(selection, year)] = EFFECT
    return effect


def index(wave: Wave, size: int) -> Floats:
    """Return every municipality's mean answer on the scale 1-5, the last item turned; NaN where nobody was asked."""
    complete = (wave.items > 0).all(axis=1)
    values, unit = _upright(wave.items[complete]), wave.unit[complete]
    count = np.bincount(unit, minlength=size)
    sums = np.bincount(unit, values, minlength=size)
    return np.divide(sums, count, out=np.full(size, np.nan), where=count > 0)
