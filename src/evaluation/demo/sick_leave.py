"""Lost and agreed man-days by municipality, quarter, sector and sex, with known true effects.

The rate of a cell is, before noise and in per cent of agreed man-days,

    level(sector, sex) x season(quarter) x year + [persistent + transitory(quarter)] x level / average level + effect

where `persistent` and `transitory` belong to the municipality (percentage points at the average level) and `effect` is
the true effect of the programme: additive in percentage points, equal in every sector and for both sexes, and wholly on
doctor-certified absence over ten days.

Calibration (tables of facts on the domain):

- the level: 9.5-10 % in all (KS: 9.55 in 2017-2018; 9.7-9.9 among 324 municipalities in 2008-2009);
- health against schools 1.38 and administration against schools 0.77: NAV, doctor-certified, first quarters 2008-2014.
  NAV's own levels hold private employers too, so they set the ratios, and KS's total the level;
- the years: the same series (peak in 2009, low in 2010), halfway towards no change;
- the season: KS 2019, doctor-certified (7.8, 6.9, 5.6, 7.5) and Statistics Norway's self-certified series;
- the bands 1-3, 4-10, 11-40 and over 40 days: KS 2015K4-2016K3 (0.5, 0.5, 1.3, 2.4);
- participants above others before the programme: as in the predecessor programme (10.4 against 9.7).

Not facts, but plausible values: kindergartens and technical services against schools, women against men, the spread
between municipalities (0.8), shocks that fade by half every quarter (standard deviation 0.35 in one of 4 500
inhabitants, less in larger ones), sampling noise whose variance is proportional to the lost days, and the coverage
break of 2015, whose existence is a fact: temporary staff add 4-12 % to the agreed man-days and are absent less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.demo.programme import Selection
from evaluation.demo.world import SECTORS, SEXES, WOMEN_SHARE, YEARS, Floats, Ints, World, rounded, stream

QUARTERS = tuple(f"{year}K{quarter}" for year in YEARS for quarter in (1, 2, 3, 4))
WEEKDAYS = np.array([63.0, 59.0, 66.0, 63.0])
BREAK = QUARTERS.index("2015K1")
PERMANENT_COVERAGE = 0.88

LEVEL = 9.8
SELF_SHARE = 0.155
SECTOR_LEVEL = np.array([0.77, 1.0, 1.36, 1.38, 0.92, 0.92])
MEN_LEVEL = 0.66
YEAR_LEVEL = np.array([1.015, 1.025, 0.970, 1.010, 0.990, 1.000, 0.985, 0.985])
SEASON_SELF = np.array([1.22, 0.84, 0.82, 1.12])
SEASON_DOCTOR = np.array([1.12, 0.995, 0.805, 1.08])
TEMPORARY_LEVEL = 0.65

# Components: self-certified 1-3 and 4-10 days; doctor-certified 4-10, 11-40 and over 40 days.
SHARE = np.array([0.107, 0.048, 0.060, 0.280, 0.505])
DISPERSION = np.array([2.0, 3.0, 5.0, 8.0, 13.0])
EFFECT_SHARE = np.array([0.0, 0.0, 0.0, 0.35, 0.65])

PERSISTENT_SD = 0.8
TRANSITORY_SD = 0.35
AUTOCORRELATION = 0.5
MISSING = 30

# True effects in percentage points by quarters since the start; plausible sizes, most of it after two years.
EFFECT = {
    "1": (*(-0.15 - 0.03 * n for n in range(8)), -0.38, -0.40, -0.41, -0.42, -0.43, -0.44, -0.45, -0.45),
    "2": (*(-0.10 - 0.02 * n for n in range(9)), -0.27, -0.28, -0.29),
}
STARTED = {"1": QUARTERS.index("2012K1"), "2": QUARTERS.index("2013K1")}


@dataclass(frozen=True)
class Absence:
    """The municipalities' own part of the rate: `persistent` (units) and `transitory` (units x quarters), in points."""

    persistent: Floats
    transitory: Floats

    def bad_year(self) -> Floats:
        """Return by how much the passing part of each municipality's rate rose from 2009 to 2010, in points."""
        years = self.transitory.reshape(len(self.persistent), len(YEARS), 4).mean(axis=2)
        return rounded(years[:, YEARS.index(2010)] - years[:, YEARS.index(2009)])


@dataclass(frozen=True)
class SickLeave:
    """Tenths of man-days: `lost` (units x quarters x sectors x sexes x components), `agreed` without the last axis.

    `effect` (units x quarters) is the true effect in percentage points and `missing` marks deliveries that failed.
    """

    lost: Ints
    agreed: Ints
    effect: Floats
    missing: np.ndarray


def draw_absence(world: World, seed: int) -> Absence:
    """Draw what sets municipalities apart: a lasting part and shocks that fade (autoregressive, 0.5 a quarter)."""
    rng = stream(seed, "absence")
    persistent = PERSISTENT_SD * np.clip(rng.normal(size=world.size), -2.2, 2.2)
    persistent = rounded(persistent - np.average(persistent, weights=world.population[:, 2]))
    # Shocks average out over more workplaces in a larger municipality.
    scale = rounded(np.clip((world.population[:, 2] / 4_500) ** -0.2, 0.5, 1.3))
    shocks = TRANSITORY_SD * scale[:, None] * rng.normal(size=(world.size, len(QUARTERS)))
    shocks[:, 1:] *= np.sqrt(1 - AUTOCORRELATION**2)
    for quarter in range(1, len(QUARTERS)):
        shocks[:, quarter] += AUTOCORRELATION * shocks[:, quarter - 1]
    return Absence(persistent, shocks)


def true_effect(selection: Selection, scenario: str) -> Floats:
    """Return the true effect in percentage points, units x quarters: zero outside the sick-leave theme."""
    effect = np.zeros((selection.size, len(QUARTERS)))
    if scenario == "null":
        return effect
    for intake, path in EFFECT.items():
        effect[np.ix_(selection.members("sick_leave", intake), np.arange(STARTED[intake], len(QUARTERS)))] = path
    return effect


def draw(world: World, absence: Absence, selection: Selection, scenario: str, seed: int) -> SickLeave:
    """Draw the man-days of every delivery. The scenarios share every random number; only the effect differs."""
    effect = true_effect(selection, scenario)
    staff = _staff(world)
    own, temporary = _agreed(world, staff, seed)
    agreed = own + temporary
    rate = _rates(world, absence)
    expected = rate * (own + TEMPORARY_LEVEL * temporary)[..., None] / 100
    expected = np.maximum(expected, 1e-4)
    lost = np.empty(expected.shape)
    for position, year in enumerate(YEARS):
        within = slice(4 * position, 4 * position + 4)
        rng = stream(seed, f"sykefravaer_{year}.csv")
        lost[:, within] = DISPERSION * rng.standard_gamma(expected[:, within] / DISPERSION)
    # The effect scales what was drawn without it: drawn anew, one cell's would shift the random numbers of the others.
    points = effect[:, :, None, None, None] * EFFECT_SHARE * agreed[..., None] / 100
    lost *= np.maximum(1 + points / expected, 0.0)
    # Nobody loses more days than agreed: in cells of one or two persons the noise would.
    ceiling = np.minimum(1.0, 0.6 * agreed / lost.sum(axis=-1))
    lost *= ceiling[..., None]
    tenths = np.floor(rounded(lost * 10, 6) + 0.5).astype(np.int64)
    return SickLeave(tenths, np.round(rounded(agreed * 10, 6)).astype(np.int64), effect, _missing(world, seed))


def _staff(world: World) -> Floats:
    """Man-years by unit, quarter, sector and sex."""
    women = np.stack([WOMEN_SHARE, 1 - WOMEN_SHARE], axis=-1)
    return np.repeat(world.man_years, 4, axis=1)[..., None] * women


def _agreed(world: World, staff: Floats, seed: int) -> tuple[Floats, Floats]:
    """Agreed man-days of the staff covered before 2015 and of the temporary staff included from then on."""
    rng = stream(seed, "agreed")
    wobble = 1 + np.clip(rng.normal(0.0, 0.01, staff.shape), -0.03, 0.03)
    days = np.tile(WEEKDAYS, len(YEARS))[None, :, None, None]
    own = PERMANENT_COVERAGE * staff * wobble * days
    share = rng.uniform(0.04, 0.12, world.size)[:, None, None, None]
    included = (np.arange(len(QUARTERS)) >= BREAK)[None, :, None, None]
    return own, own * share * included


def _rates(world: World, absence: Absence) -> Floats:
    """Expected rates without the programme, in per cent, by component."""
    by_sex = np.stack([np.ones(len(SECTORS)), np.full(len(SECTORS), MEN_LEVEL)], axis=-1)
    by_sex /= WOMEN_SHARE[:, None] * by_sex[:, [0]] + (1 - WOMEN_SHARE)[:, None] * by_sex[:, [1]]
    mix = world.man_years.sum(axis=(0, 1))
    relative = SECTOR_LEVEL[:, None] * by_sex / (SECTOR_LEVEL @ mix / mix.sum())
    season = np.where(np.arange(len(SHARE))[None, :] < 2, SEASON_SELF[:, None], SEASON_DOCTOR[:, None])
    time = np.tile(season, (len(YEARS), 1)) * np.repeat(YEAR_LEVEL, 4)[:, None]
    own = (absence.persistent[:, None] + absence.transitory)[:, :, None]
    return (LEVEL * time * SHARE + own * SHARE)[:, :, None, None, :] * relative[None, None, :, :, None]


def _missing(world: World, seed: int) -> np.ndarray:
    """Mark deliveries that failed: some whole municipality-quarters, one of them a predecessor's before the merger."""
    rng = stream(seed, "missing")
    missing = np.zeros((world.size, len(QUARTERS)), dtype=bool)
    others = np.setdiff1d(np.arange(world.size), world.merging)
    units = rng.choice(others, MISSING - 1, replace=False)
    missing[units, rng.integers(0, len(QUARTERS), MISSING - 1)] = True
    missing[world.merging[0], QUARTERS.index("2010K2")] = True
    return missing


def overall(sick_leave: SickLeave, selection: Selection, last: str) -> dict[str, float]:
    """Return the average true effect over treated municipality-quarters up to and including `last`, in points.

    Once weighted by agreed man-days and once with every municipality-quarter alike, over delivered quarters only.
    """
    started = selection.started("sick_leave", STARTED, never=len(QUARTERS))
    quarter = np.arange(len(QUARTERS))[None, :]
    treated = (quarter >= started[:, None]) & (quarter <= QUARTERS.index(last)) & ~sick_leave.missing
    weight = np.where(treated, sick_leave.agreed.sum(axis=(2, 3)), 0)
    return {
        "man_days": round(float((sick_leave.effect * weight).sum() / weight.sum()), 4),
        "municipalities": round(float(sick_leave.effect[treated].mean()), 4),
    }


def selection_facts(absence: Absence, selection: Selection) -> dict[str, float]:
    """Return how far sick-leave participants lay above never-participants before the programme, in points."""
    chosen, others = selection.members("sick_leave"), np.flatnonzero(selection.intake == "")
    gap = absence.transitory[chosen].mean(axis=0) - absence.transitory[others].mean(axis=0)
    years = {str(year): round(float(gap[4 * n : 4 * n + 4].mean()), 4) for n, year in enumerate(YEARS[:4])}
    lasting = absence.persistent[chosen].mean() - absence.persistent[others].mean()
    return {"persistent": round(float(lasting), 4)} | {f"transitory_{year}": gap for year, gap in years.items()}


__all__ = ["QUARTERS", "SECTORS", "SEXES", "Absence", "SickLeave", "draw", "draw_absence", "overall", "true_effect"]
