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

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.demo.programme import Selection
from evaluation.demo.world import CURRENT, SECTORS, SEXES, WOMEN_SHARE, Floats, Ints, Setting, World, rounded, stream

QUARTERS = CURRENT.quarters
STARTED = CURRENT.starts
WEEKDAYS = np.array([63.0, 59.0, 66.0, 63.0])
PERMANENT_COVERAGE = 0.88

LEVEL = 9.8
SELF_SHARE = 0.155
SECTOR_LEVEL = np.array([0.77, 1.0, 1.36, 1.38, 0.92, 0.92])
MEN_LEVEL = 0.66
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


@dataclass(frozen=True)
class Absence:
    """The municipalities' own part of the rate: `persistent` (units) and `transitory` (units x quarters), in points."""

    persistent: Floats
    transitory: Floats
    setting: Setting = CURRENT

    def bad_year(self) -> Floats:
        """Return by how much the passing part of each municipality's rate rose to the bad year, in points."""
        years = self.transitory.reshape(len(self.persistent), -1, 4).mean(axis=2)
        place = self.setting.years.index(self.setting.bad_year)
        return rounded(years[:, place] - years[:, place - 1])


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
    quarters = len(world.setting.quarters)
    persistent = PERSISTENT_SD * np.clip(rng.normal(size=world.size), -2.2, 2.2)
    persistent = rounded(persistent - np.average(persistent, weights=world.population[:, 2]))
    # Shocks average out over more workplaces in a larger municipality.
    scale = rounded(np.clip((world.population[:, 2] / 4_500) ** -0.2, 0.5, 1.3))
    shocks = TRANSITORY_SD * scale[:, None] * rng.normal(size=(world.size, quarters))
    shocks[:, 1:] *= np.sqrt(1 - AUTOCORRELATION**2)
    for quarter in range(1, quarters):
        shocks[:, quarter] += AUTOCORRELATION * shocks[:, quarter - 1]
    return Absence(persistent, shocks, world.setting)


def true_effect(setting: Setting, selection: Selection, scenario: str) -> Floats:
    """Return the true effect in percentage points, units x quarters: zero outside the sick-leave theme."""
    quarters = len(setting.quarters)
    effect = np.zeros((selection.size, quarters))
    if scenario == "null":
        return effect
    for intake, path in setting.effect.items():
        members = selection.members("sick_leave", intake)
        effect[np.ix_(members, np.arange(setting.starts[intake], quarters))] = path
    return effect


def draw(world: World, absence: Absence, selection: Selection, scenario: str, seed: int) -> SickLeave:
    """Draw the man-days of every delivery. The scenarios share every random number; only the effect differs."""
    effect = true_effect(world.setting, selection, scenario)
    staff = _staff(world)
    own, temporary = _agreed(world, staff, seed)
    agreed = own + temporary
    rate = _rates(world, absence)
    expected = rate * (own + TEMPORARY_LEVEL * temporary)[..., None] / 100
    expected = np.maximum(expected, 1e-4)
    lost = np.empty(expected.shape)
    for position, year in enumerate(world.setting.years):
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
    quarters, included = world.setting.quarters, world.setting.coverage_break
    days = np.tile(WEEKDAYS, len(world.setting.years))[None, :, None, None]
    own = PERMANENT_COVERAGE * staff * wobble * days
    share = rng.uniform(0.04, 0.12, world.size)[:, None, None, None]
    since = quarters.index(included) if included else len(quarters)
    return own, own * share * (np.arange(len(quarters)) >= since)[None, :, None, None]


def _rates(world: World, absence: Absence) -> Floats:
    """Expected rates without the programme, in per cent, by component."""
    by_sex = np.stack([np.ones(len(SECTORS)), np.full(len(SECTORS), MEN_LEVEL)], axis=-1)
    by_sex /= WOMEN_SHARE[:, None] * by_sex[:, [0]] + (1 - WOMEN_SHARE)[:, None] * by_sex[:, [1]]
    mix = world.man_years.sum(axis=(0, 1))
    relative = SECTOR_LEVEL[:, None] * by_sex / (SECTOR_LEVEL @ mix / mix.sum())
    season = np.where(np.arange(len(SHARE))[None, :] < 2, SEASON_SELF[:, None], SEASON_DOCTOR[:, None])
    level = np.array(world.setting.year_level)
    time = np.tile(season, (len(level), 1)) * np.repeat(level, 4)[:, None]
    own = (absence.persistent[:, None] + absence.transitory)[:, :, None]
    return (LEVEL * time * SHARE + own * SHARE)[:, :, None, None, :] * relative[None, None, :, :, None]


def _missing(world: World, seed: int) -> np.ndarray:
    """Mark deliveries that failed: some whole municipality-quarters, one of them a predecessor's before the merger."""
    rng = stream(seed, "missing")
    quarters = world.setting.quarters
    missing = np.zeros((world.size, len(quarters)), dtype=bool)
    others = np.setdiff1d(np.arange(world.size), world.merging)
    units = rng.choice(others, MISSING - 1, replace=False)
    missing[units, rng.integers(0, len(quarters), MISSING - 1)] = True
    missing[world.merging[0], quarters.index(world.setting.lost_delivery)] = True
    return missing


def truth(
    setting: Setting, sick_leave: SickLeave, selection: Selection, scenario: str, through: Sequence[str]
) -> dict[str, object]:
    """Effects in percentage points by intake and quarters since the start, and overall through some quarters."""
    paths: dict[str, object] = {
        intake: {str(event): 0.0 if scenario == "null" else round(effect, 2) for event, effect in enumerate(path)}
        for intake, path in setting.effect.items()
    }
    return paths | {"overall": {last: overall(setting, sick_leave, selection, last) for last in through}}


def overall(setting: Setting, sick_leave: SickLeave, selection: Selection, last: str) -> dict[str, float]:
    """Return the average true effect over treated municipality-quarters up to and including `last`, in points.

    Once weighted by agreed man-days and once with every municipality-quarter alike, over delivered quarters only.
    """
    quarters = setting.quarters
    started = selection.started("sick_leave", setting.starts, never=len(quarters))
    quarter = np.arange(len(quarters))[None, :]
    treated = (quarter >= started[:, None]) & (quarter <= quarters.index(last)) & ~sick_leave.missing
    weight = np.where(treated, sick_leave.agreed.sum(axis=(2, 3)), 0)
    return {
        "man_days": round(float((sick_leave.effect * weight).sum() / weight.sum()), 4),
        "municipalities": round(float(sick_leave.effect[treated].mean()), 4),
    }


def selection_facts(absence: Absence, selection: Selection) -> dict[str, float]:
    """Return how far sick-leave participants lay above never-participants before the programme, in points."""
    chosen, others = selection.members("sick_leave"), np.flatnonzero(selection.intake == "")
    gap = absence.transitory[chosen].mean(axis=0) - absence.transitory[others].mean(axis=0)
    before = absence.setting.years[: min(absence.setting.starts.values()) // 4]
    years = {str(year): round(float(gap[4 * n : 4 * n + 4].mean()), 4) for n, year in enumerate(before)}
    lasting = absence.persistent[chosen].mean() - absence.persistent[others].mean()
    return {"persistent": round(float(lasting), 4)} | {f"transitory_{year}": gap for year, gap in years.items()}


__all__ = [
    "QUARTERS",
    "SECTORS",
    "SEXES",
    "STARTED",
    "Absence",
    "SickLeave",
    "draw",
    "draw_absence",
    "overall",
    "true_effect",
    "truth",
]
