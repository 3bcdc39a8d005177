"""The position register: about 450 000 positions a year, one row a position, counted on 1 December.

A *post* is a place in a municipality and sector with a position code, an employment kind and two hidden numbers that
decide its size; a person holds it until he or she leaves (12 % a year) or turns 67. A second post belongs to whoever
holds another post, now and then one in another municipality.

The size of a post comes from the distribution of its municipality, sector and year: the hidden number `rank` decides
the band (0-24.9, 25-49.9, 50-74.9, 75-99.9, 100), `place` the size within it, with spikes at 50, 60, 75 and 80 %.
The full-time theme moves mass from the bands 50-74.9 and 75-99.9 to 100 for permanent and temporary staff. Since every
post has a size with and without the programme, the true effects are the differences between the two.

Calibration (tables of facts on the domain):

- mean size of a position 78.6-79.6 % in 2008-2015 (KS PAI register, table 1.3.5), women 77-78, men 83-86;
- the median municipality's full-time share 39.7-39.8 % in 2010 and 2012, 61-63 of the municipalities above 50 % (Fafo);
- health and care: about 20-25 % full time in rotas, nurses about 80 % on average (KS).

Not facts, but plausible values: the other sectors' shares, turnover, second positions, ages, employment kinds, and
which position codes stand for whom (7174 nurses, 7076 auxiliary nurses, 6572 assistants, 7961-7963 teachers, 6709
kindergarten teachers, 8534 technical staff, 6014 cleaners ...).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evaluation.demo.programme import Selection
from evaluation.demo.world import SECTORS, WOMEN_SHARE, YEARS, Floats, Ints, World, rounded, stream

# Employment kinds in the order of `EMPLOYMENT_SHARE`; the last four are left out of full-time measures.
EMPLOYMENT = ("permanent", "temporary", "substitute", "apprentice", "pensioner", "hourly")
EMPLOYMENT_SHARE = (0.83, 0.055, 0.06, 0.015, 0.01, 0.03)
COUNTED = 2

# Position codes by sector, with shares and the full-time share of the code relative to its sector (in points).
CODES: dict[str, tuple[tuple[str, float, float], ...]] = {
    "administration": (("8530", 0.45, 0.02), ("8531", 0.30, 0.08), ("8451", 0.15, 0.12), ("6014", 0.10, -0.35)),
    "education": (("7961", 0.35, 0.10), ("7962", 0.25, 0.06), ("7963", 0.10, 0.12), ("6572", 0.30, -0.28)),
    "kindergarten": (("7637", 0.33, 0.18), ("6709", 0.32, 0.00), ("7517", 0.27, -0.16), ("7951", 0.08, 0.25)),
    "health_care": (("7174", 0.26, 0.15), ("7076", 0.36, -0.06), ("6572", 0.22, -0.16), ("7531", 0.16, 0.10)),
    "technical": (("7517", 0.35, 0.12), ("6014", 0.30, -0.35), ("8534", 0.25, 0.15), ("8001", 0.10, 0.15)),
    "other": (("8112", 0.40, 0.08), ("7026", 0.35, -0.10), ("7531", 0.25, 0.00)),
}

# Full-time share of posts by sector in a municipality of average size, and shares of the part-time bands.
FULL_TIME = np.array([0.73, 0.62, 0.58, 0.31, 0.66, 0.54])
PART_TIME = np.array(
    [
        [0.05, 0.09, 0.40, 0.46],
        [0.04, 0.08, 0.34, 0.54],
        [0.03, 0.08, 0.36, 0.53],
        [0.05, 0.10, 0.41, 0.44],
        [0.12, 0.15, 0.41, 0.32],
        [0.10, 0.15, 0.41, 0.34],
    ]
)
FULL_TIME_BY_SIZE = 0.055
FULL_TIME_SPREAD = 0.07
FULL_TIME_CENTRE = 0.006
MEN_FULL_TIME = 0.10
LOOSE_FULL_TIME = (0.0, -0.10, -0.22, 0.35, -0.25, -0.32)
YEAR_FULL_TIME = np.array([0.012, 0.008, 0.000, -0.004, -0.008, -0.006, -0.002, -0.004])

# Sizes within each band, spikes first; the remaining share is spread over the band.
SPIKES: tuple[tuple[tuple[float, float], ...], ...] = (
    ((20.0, 0.30), (15.0, 0.15), (10.0, 0.12)),
    ((40.0, 0.22), (30.0, 0.16), (35.0, 0.10)),
    ((50.0, 0.42), (60.0, 0.20), (70.0, 0.12)),
    ((75.0, 0.38), (80.0, 0.30), (90.0, 0.10)),
)
EDGES = (4.0, 25.0, 50.0, 75.0, 100.0)

TURNOVER = 0.12
CHANGE = 0.05
LEAVING_AGE = (67, 67, 67, 23, 76, 67)
SECOND = 0.055
ELSEWHERE = 0.12
POSITIONS = 450_000

EFFECT = {"1": {2012: 0.015, 2013: 0.03, 2014: 0.04, 2015: 0.05}, "2": {2013: 0.01, 2014: 0.02, 2015: 0.03}}
FROM_BANDS = (0.4, 0.6)


@dataclass(frozen=True)
class Posts:
    """Every post there is during the period. Arrays of one length; `held` is the post whose holder has this one too."""

    unit: Ints
    sector: Ints
    code: np.ndarray
    code_shift: Floats
    employment: Ints
    first_year: Ints
    held: Ints


@dataclass(frozen=True)
class Year:
    """The register of one year: arrays of one length, one element a position.

    `percentage` is the size in per cent of full time with the programme and `without` the size without it.
    """

    year: int
    unit: Ints
    sector: Ints
    code: np.ndarray
    employment: Ints
    person: Ints
    woman: np.ndarray
    birth_year: Ints
    percentage: Floats
    without: Floats


def codes() -> tuple[str, ...]:
    """Return every position code once."""
    return tuple(sorted({code for group in CODES.values() for code, _, _ in group}))


def draw_posts(world: World, seed: int) -> Posts:
    """Lay out the posts: as many by municipality and sector as their man-years ask for."""
    rng = stream(seed, "posts")
    staff = world.man_years[:, -1, :] / (0.35 + 0.65 * FULL_TIME)
    counts = np.maximum(np.round(rounded(staff * POSITIONS * 1.012 / staff.sum(), 6)), 1).astype(np.int64)
    unit, sector = (axis.ravel() for axis in np.meshgrid(*(np.arange(n) for n in counts.shape), indexing="ij"))
    unit, sector = np.repeat(unit, counts.ravel()), np.repeat(sector, counts.ravel())
    size, names = len(unit), codes()
    code, shift = np.empty(size, dtype=np.int8), np.empty(size)
    for number, name in enumerate(SECTORS):
        rows, group = np.flatnonzero(sector == number), CODES[name]
        drawn = rng.choice(len(group), len(rows), p=[share for _, share, _ in group])
        code[rows] = np.array([names.index(entry[0]) for entry in group])[drawn]
        centre = sum(share * points for _, share, points in group)
        shift[rows] = np.array([points - centre for _, _, points in group])[drawn]
    employment = rng.choice(len(EMPLOYMENT), size, p=EMPLOYMENT_SHARE)
    late = rng.random(size) < 0.05
    first_year = np.where(late, rng.integers(YEARS[1], YEARS[-1] + 1, size), YEARS[0])
    return Posts(unit, sector, code, shift, employment, first_year, _second_posts(rng, unit, employment, first_year))


def _second_posts(rng: np.random.Generator, unit: Ints, employment: Ints, first_year: Ints) -> Ints:
    """Let some posts belong to the holder of another one: near by in the list, or anywhere in the country."""
    size = len(unit)
    held = np.arange(size)
    second = rng.random(size) < np.where(employment >= COUNTED, 2.5 * SECOND, SECOND)
    distance = np.where(rng.random(size) < ELSEWHERE, rng.integers(1, size, size), rng.integers(1, 9, size))
    other = (held + distance) % size
    # The other post must be somebody's first one, permanent, and there from the start.
    allowed = second & ~second[other] & (employment[other] == 0) & (first_year[other] == YEARS[0])
    held[allowed] = other[allowed]
    return held


def years(world: World, posts: Posts, selection: Selection, scenario: str, seed: int) -> Iterator[Year]:
    """Yield the register year by year; persons stay where turnover and age allow."""
    rng = stream(seed, "persons")
    size = len(posts.unit)
    person = 10_000_000 + np.arange(size)
    woman = rng.random(size) < WOMEN_SHARE[posts.sector]
    birth_year = _births(rng, size, YEARS[0], posts.employment, newcomers=False)
    rank, place = rng.random(size), rng.random(size)
    local = _local(world, seed)
    effect = _shifts(selection, scenario)
    for number, year in enumerate(YEARS):
        rng = stream(seed, f"stillinger_{year}.parquet")
        if number:
            leaves = (rng.random(size) < TURNOVER) | (year - birth_year >= np.array(LEAVING_AGE)[posts.employment])
            count = int(leaves.sum())
            person[leaves] = person.max() + 1 + np.arange(count)
            woman[leaves] = rng.random(count) < WOMEN_SHARE[posts.sector[leaves]]
            birth_year[leaves] = _births(rng, count, year, posts.employment[leaves], newcomers=True)
            redrawn = rng.random(size) < np.where(leaves, 0.5, CHANGE)
            count = int(redrawn.sum())
            rank[redrawn], place[redrawn] = rng.random(count), rng.random(count)
        share = FULL_TIME[posts.sector] + local[posts.unit, number] + posts.code_shift + YEAR_FULL_TIME[number]
        holder = posts.held
        share = share + np.where(woman[holder], -0.2, 0.8) * MEN_FULL_TIME
        share = np.clip(share + np.array(LOOSE_FULL_TIME)[posts.employment], 0.02, 0.96)
        moved = np.where(posts.employment < COUNTED, effect[posts.unit, number], 0.0)
        without = _sizes(posts, rank, place, share, np.zeros(size))
        percentage = _sizes(posts, rank, place, share, moved) if moved.any() else without
        there = posts.first_year <= year
        yield Year(
            year,
            posts.unit[there],
            posts.sector[there],
            posts.code[there],
            posts.employment[there],
            person[holder][there],
            woman[holder][there],
            birth_year[holder][there],
            percentage[there],
            without[there],
        )


def _births(rng: np.random.Generator, size: int, year: int, employment: Ints, *, newcomers: bool) -> Ints:
    """Ages between 18 and 66, newcomers younger; apprentices 17-21 and pensioners 62-74."""
    age = np.round(18 + 48 * rng.beta(1.6, 2.4, size) if newcomers else 19 + 47 * rng.beta(2.3, 1.8, size))
    age = np.where(employment == 3, rng.integers(17, 22, size), age)
    age = np.where(employment == 4, rng.integers(62, 75, size), age)
    return year - age.astype(np.int64)


def _local(world: World, seed: int) -> Floats:
    """Full-time share of a municipality above or below the country's, units x years: size, own level, own years."""
    rng = stream(seed, "full_time")
    size = np.log(world.population[:, [2]] / 20_000)
    own = FULL_TIME_SPREAD * np.clip(rng.normal(size=(world.size, 1)), -2.2, 2.2)
    lasting = np.clip(FULL_TIME_BY_SIZE * size + own, -0.25, 0.2)
    # A large municipality that happens to be high or low must not move the country.
    lasting += FULL_TIME_CENTRE - np.average(lasting, axis=0, weights=world.population[:, 2])
    return rounded(lasting + rng.normal(0.0, 0.006, (world.size, len(YEARS))))


def _shifts(selection: Selection, scenario: str) -> Floats:
    """Mass moved to full time, units x years, as a share of all positions."""
    shift = np.zeros((selection.size, len(YEARS)))
    if scenario != "null":
        for intake, path in EFFECT.items():
            for year, points in path.items():
                shift[selection.members("full_time", intake), YEARS.index(year)] = points
    return shift


def _sizes(posts: Posts, rank: Floats, place: Floats, full_time: Floats, moved: Floats) -> Floats:
    """Sizes in per cent by the inverse of each post's distribution; second posts are never larger than half."""
    part = PART_TIME[posts.sector] * (1 - full_time)[:, None]
    taken = np.minimum(moved, 0.5 * (part[:, 2] + part[:, 3]))
    part[:, 2] -= FROM_BANDS[0] * taken
    part[:, 3] -= FROM_BANDS[1] * taken
    bounds = np.cumsum(part, axis=1)
    band = (rank[:, None] >= bounds).sum(axis=1)
    size = np.where(band == 4, 100.0, 0.0)
    for number, table in enumerate(_within()):
        rows = np.flatnonzero(band == number)
        size[rows] = table[(place[rows] * len(table)).astype(np.int64)]
    second = posts.held != np.arange(len(size))
    return np.where(second, np.maximum(np.round(size * 0.4 / 5) * 5, 5.0), size)


def _within() -> list[Floats]:
    """Tables of 1 000 equally likely sizes in each band below full time."""
    tables = []
    for low, high, spikes in zip(EDGES[:-1], EDGES[1:], SPIKES, strict=True):
        peaks = [value for value, share in spikes for _ in range(round(1000 * share))]
        rest = low + (high - low) * (np.arange(1000 - len(peaks)) + 0.5) / (1000 - len(peaks))
        tables.append(np.concatenate([np.array(peaks), np.floor(rest * 10 + 0.001) / 10]))
    return tables


def truth(selection: Selection, registers: list[dict[str, Floats]]) -> dict[str, object]:
    """Return the realised effects of the full-time theme by intake and year, positions alike and municipalities alike.

    `registers` holds one `sums` result a year.
    """
    result: dict[str, object] = {}
    for intake in EFFECT:
        units = selection.members("full_time", intake)
        result[intake] = {
            str(year): _gap(registers[YEARS.index(year)], units) for year in YEARS if year >= min(EFFECT[intake])
        }
    overall = {}
    for year in (2012, 2013, 2014, 2015):
        started = [selection.members("full_time", intake) for intake in EFFECT if year >= min(EFFECT[intake])]
        overall[str(year)] = _gap(registers[YEARS.index(year)], np.concatenate(started))
    result["overall"] = overall
    return result


def sums(register: Year, size: int) -> dict[str, Floats]:
    """Sum positions, full-time positions and sizes by unit, with and without the programme (counted staff only)."""
    counted = register.employment < COUNTED
    unit = register.unit[counted]
    result = {"positions": np.bincount(unit, minlength=size).astype(float)}
    for name, values in (("with", register.percentage[counted]), ("without", register.without[counted])):
        result[f"full_time_{name}"] = np.bincount(unit, values >= 100, minlength=size)
        result[f"size_{name}"] = np.bincount(unit, values, minlength=size)
    return result


def _gap(sums: dict[str, Floats], units: Ints) -> dict[str, float]:
    values = {}
    for name, scale in (("full_time", 100.0), ("size", 1.0)):
        gap, positions = scale * (sums[f"{name}_with"] - sums[f"{name}_without"])[units], sums["positions"][units]
        label = {"full_time": "full_time_share", "size": "mean_percentage"}[name]
        values[label] = round(float(gap.sum() / positions.sum()), 4)
        values[f"{label}_municipalities"] = round(float((gap / positions).mean()), 4)
    return values
