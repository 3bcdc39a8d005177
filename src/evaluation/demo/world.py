"""The invented country: municipalities, names, codes, one merger, population and man-years.

Everything is drawn from the seed. A separate stream of random numbers belongs to every file (`stream`), so that
changing how one file is drawn leaves the others as they were.

Calibration (facts of the reference tables, never figures of one municipality):

- sizes: population quantiles of Norway's municipalities outside the capital in 2010 (Statistics Norway, table 07459);
- man-years: about 8 % of the population, a little more in small municipalities;
- number of municipalities: 429 before and 428 after a merger on 1 January 2012, as in Norway in 2012 and 2013; at the
  time of the predecessor programme 431 before and 430 after one on 1 January 2008, as in Norway in 2006 and 2010.

Sector shares and the share of women are plausible values, not facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Which draw of the random numbers: the first whose difference-in-differences estimates all lie within about a standard
# error of the truth, so that the demonstration shows the usual case. Other seeds scatter as `programme` tells.
EDITION = 4
YEARS = tuple(range(2008, 2016))
MERGER_YEAR = 2012
UNITS = 429
SECTORS = ("administration", "education", "kindergarten", "health_care", "technical", "other")
SEXES = ("women", "men")
SECTOR_SHARE = np.array([0.08, 0.245, 0.095, 0.44, 0.085, 0.055])
SECTOR_DRIFT = np.array([0.0, -0.004, 0.006, 0.005, -0.006, 0.0])
WOMEN_SHARE = np.array([0.62, 0.74, 0.92, 0.85, 0.26, 0.58])

FIRST = (
    "Alm Bjarn Brom Dag Einer Fagr Fisk Flein Glam Gull Hass Hegr Humle Ild Jarn Kald Karv Kvast Krok Leik Lun Mjuk "
    "Mule Nype Orr Osp Rev Rim Rugg Selje Siv Skjel Smør Sopp Sva Tind Torn Trost Ugle Varg Vass Vinter Ørne Årvak"
)
SECOND = "vik nes dal stad fjord øy våg bygd åsen berg set haug voll eidet mark strand"
ODD_NAMES = ("Skjelvåg - Skálavuotna", "Ábmirnjárga - Ørnetangen", "Nord-Humle", "Indre Sivlia")
TWIN_NAME = "Rimlia"
MERGED_NAME = "Trostlia"
COUNTIES = ("00", *(str(number) for number in range(61, 80)))
COUNTY_NAMES = (
    "Kaldhei Vidmark Dunhav Ytterskog Solhei Grønhav Brefylket Furumark Stormhav Eikhei Midthav Sørskog Lynghei "
    "Kveldmark Fjordhav Granmark Høyskog Vårhei Isfylket Nattmark"
)

QUANTILES = (0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 0.995, 1.0)
POPULATION = (218, 513, 947, 1227, 2140, 4430, 9900, 21345, 32719, 79687, 122523, 256600)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Setting:
    """When an invented programme runs, in a country of how many municipalities, and what it does to sick leave.

    Attributes
    ----------
    years : calendar years of the figures; the size of a municipality is that of the third.
    units, merger_year : municipalities before a merger of two on 1 January of that year.
    year_level : the country's sick leave by year, relative to the average.
    bad_year : the year whose sick leave, against the year before, moved municipalities to apply.
    started : first quarter of the work, by intake.
    effect : true effect on sick leave by intake, in percentage points, from the first quarter of the work on.
    lost_delivery : a quarter in which one of the two that merge failed to deliver.
    coverage_break : first quarter whose figures cover temporary staff, if it came.
    """

    years: tuple[int, ...]
    units: int
    merger_year: int
    year_level: tuple[float, ...]
    bad_year: int
    started: Mapping[str, str]
    effect: Mapping[str, tuple[float, ...]]
    lost_delivery: str
    coverage_break: str | None = None

    @property
    def quarters(self) -> tuple[str, ...]:
        """The quarters of the years, as `2012K1`."""
        return tuple(f"{year}K{quarter}" for year in self.years for quarter in (1, 2, 3, 4))

    @property
    def starts(self) -> dict[str, int]:
        """The place of each intake's first quarter among the quarters."""
        return {intake: self.quarters.index(quarter) for intake, quarter in self.started.items()}


# The effects are plausible sizes, most of them after two years.
CURRENT = Setting(
    years=YEARS,
    units=UNITS,
    merger_year=MERGER_YEAR,
    year_level=(1.015, 1.025, 0.970, 1.010, 0.990, 1.000, 0.985, 0.985),
    bad_year=2010,
    started={"1": "2012K1", "2": "2013K1"},
    effect={
        "1": (*(-0.15 - 0.03 * n for n in range(8)), -0.38, -0.40, -0.41, -0.42, -0.43, -0.44, -0.45, -0.45),
        "2": (*(-0.10 - 0.02 * n for n in range(9)), -0.27, -0.28, -0.29),
    },
    lost_delivery="2010K2",
    coverage_break="2015K1",
)


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the stream of random numbers that belongs to `name` (a file or a part of the world) under `seed`."""
    return np.random.default_rng([seed, EDITION, *name.encode()])


def rounded(values: Floats, decimals: int = 9) -> Floats:
    """Round away the last bits, in which exponentials and logarithms may differ between processors."""
    return np.round(values, decimals)


@dataclass(frozen=True)
class World:
    """The invented municipalities, one row per unit of the division before the merger.

    `code_before`, `code_after`, `name_before`, `name_after`, `county_code` and `county_name` describe the units;
    `population` (persons, 1 January) and `kostra_group` are units x years; `man_years` is units x years x sectors.
    """

    units: pd.DataFrame
    population: Ints
    kostra_group: Ints
    man_years: Floats
    setting: Setting = CURRENT

    @property
    def size(self) -> int:
        """Number of units before the merger."""
        return len(self.units)

    @property
    def merging(self) -> Ints:
        """The two units that become one municipality."""
        return np.flatnonzero(self.units["code_before"] != self.units["code_after"])

    def codes(self, year: int) -> NDArray[np.object_]:
        """Return the code of every unit in `year`."""
        return self.units["code_after" if year >= self.setting.merger_year else "code_before"].to_numpy(dtype=object)

    def names(self, year: int) -> NDArray[np.object_]:
        """Return the name of every unit in `year`."""
        return self.units["name_after" if year >= self.setting.merger_year else "name_before"].to_numpy(dtype=object)

    def labels(self, year: int) -> NDArray[np.object_]:
        """Return labels such as `0061 Almvik`, the way statistical tables write a region."""
        return self.codes(year) + " " + self.names(year)

    def register(self) -> pd.DataFrame:
        """Return the history of codes, in the columns of the reference register of municipalities."""
        first, second = self.merging
        merged, start = self.setting.merger_year, self.setting.years[0]
        code, name = self.codes(start).tolist(), self.names(start).tolist()
        successor = str(self.units["code_after"].iloc[first])
        frame = pd.DataFrame({"code": [*code, successor], "name": [*name, MERGED_NAME]})
        frame["valid_from"] = [1964] * len(code) + [merged]
        ended = frame.index.isin([first, second])
        frame["valid_to"] = pd.Series(merged - 1, frame.index, dtype="Int64").where(ended)
        frame["successor_code"] = pd.Series(successor, frame.index).where(ended)
        frame["successor_weight"] = np.nan  # only a split carries weights
        frame["county_code"] = frame["code"].str[:2]
        frame["county_name"] = frame["county_code"].map(dict(zip(COUNTIES, COUNTY_NAMES.split(), strict=True)))
        return frame.sort_values("code", ignore_index=True)


def build(seed: int, setting: Setting = CURRENT) -> World:
    """Draw the invented country."""
    rng = stream(seed, "world")
    population = _population(rng, setting)
    units = _units(rng, population[:, 2])
    groups = _kostra_group(rng, population, setting)
    return World(units, population, groups, _man_years(rng, population), setting)


def _population(rng: np.random.Generator, setting: Setting) -> Ints:
    """Sizes at equally spaced quantiles in random order, then a yearly growth of about 0.7 % (and of its own)."""
    units = setting.units
    places = rng.permutation((np.arange(units) + 0.5) / units)
    third = np.exp(np.interp(places, QUANTILES, np.log(POPULATION)))
    growth = rng.normal(0.007, 0.006, units)[:, None]
    wobble = rng.normal(0.0, 0.003, (units, len(setting.years)))
    years = np.arange(len(setting.years)) - 2
    values = third[:, None] * (1 + growth * years + wobble * (years != 0))
    return np.round(rounded(values, 6)).astype(np.int64)


def _units(rng: np.random.Generator, population: Ints) -> pd.DataFrame:
    """Names and codes. The two units that merge are neighbours of middling size, as most real mergers are."""
    county = np.sort(np.arange(len(population)) % len(COUNTIES))
    within = np.concatenate([np.arange(count) for count in np.bincount(county)])
    codes = [f"{COUNTIES[c]}{61 + n if c == 0 else 1 + 2 * n:02d}" for c, n in zip(county, within, strict=True)]
    pool = np.array([first + second for first in FIRST.split() for second in SECOND.split()], dtype=object)
    names = rng.permutation(pool)[: len(population)]
    largest = np.argsort(-population, kind="stable")
    odd = rng.permutation(largest[120:400])[: len(ODD_NAMES)]
    names[odd] = ODD_NAMES
    twins = [unit for unit in largest[60:] if unit not in odd and county[unit] in (3, 11)]
    names[[twins[0], next(unit for unit in twins if county[unit] != county[twins[0]])]] = TWIN_NAME
    frame = pd.DataFrame({"code_before": codes, "code_after": codes, "name_before": names, "name_after": names})
    frame["county_code"] = [COUNTIES[c] for c in county]
    frame["county_name"] = [COUNTY_NAMES.split()[c] for c in county]
    plain = (population > 2000) & (population < 9000) & frame["name_before"].isin(pool).to_numpy()
    pairs = np.flatnonzero(plain[:-1] & plain[1:] & (county[:-1] == county[1:]) & (county[:-1] > 0))
    first = int(pairs[0])
    frame.loc[[first, first + 1], "code_after"] = f"{COUNTIES[county[first]]}{2 * np.bincount(county)[0] + 9:02d}"
    frame.loc[[first, first + 1], "name_after"] = MERGED_NAME
    return frame


def _kostra_group(rng: np.random.Generator, population: Ints, setting: Setting) -> Ints:
    """Groups 1-6 below 5 000 inhabitants, 7-12 below 20 000, 13 above, 14 the three largest; a few change group."""
    size, units = population[:, 2], setting.units
    small, middle = rng.integers(1, 7, (2, units)), rng.integers(7, 13, (2, units))
    group = np.where(size < 5_000, small, np.where(size < 20_000, middle, 13))
    group[:, np.argsort(-size, kind="stable")[:3]] = 14
    changes = (rng.random(units) < 0.06)[:, None] & (np.array(setting.years) >= setting.merger_year)[None, :]
    return np.where(changes, group[1][:, None], group[0][:, None])


def _man_years(rng: np.random.Generator, population: Ints) -> Floats:
    """Man-years by unit, year and sector: 8 % of the population of a municipality of 9 500, more in smaller ones."""
    units, years = len(population), np.arange(population.shape[1])
    share = 0.0840 * (population[:, [2]] / 9_500) ** -0.05 * (1 + rng.normal(0.0, 0.05, (units, 1)))
    total = population * share
    mix = SECTOR_SHARE * np.clip(1 + rng.normal(0.0, 0.10, (units, len(SECTORS))), 0.7, 1.3)
    mix = mix[:, None, :] * (1 + SECTOR_DRIFT * years[:, None])
    return rounded(total[:, :, None] * mix / mix.sum(axis=2, keepdims=True), 4)
