"""Deep dives claim a change where there is none in no more than one case of twenty, and say how large one must be.

Simulates 250 programmes of the demonstration: its municipalities, noise, selection of participants on high and recently
risen sick leave, 16 deep-dive cases each, data to the end of 2013. Every case gets its synthetic control as the chapter
makes it (40 donors nearest in size, level difference taken out). A claim is an interval for the average gap that
excludes zero. Cases outside the sick-leave theme have no true effect; those in it have the demonstration's
(-0.1 to -0.4 percentage points), and in further rows the larger ones named. Beside it stand the chapter's gap to the
KOSTRA group, and what was not chosen: all municipalities as donors, the level not taken out, and the rank of the ratio
of errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from evaluation.deep_dive import Series
    from evaluation.demo.sick_leave import SickLeave

KIND = "proof"
PROGRAMMES = 250
CUT = 24
LARGER = (-0.5, -1.0, -1.5, -2.0)
DESIGNS = {"as in the chapter": (40, True), "all donors": (400, True), "level not taken out": (40, False)}
"""How many donors are asked for, and whether the level difference is taken out."""
SLOW = {"all donors": 25}
"""Designs that are run on fewer programmes, as 300 donors take fifty times as long."""


FEWEST_PEERS = 5
"""With fewer in its KOSTRA group a case is compared with a wider circle, which is left out here."""


@dataclass(frozen=True)
class Trial:
    """One case of one programme."""

    design: str
    treated: bool
    truth: float
    gap: float
    low: float
    high: float
    ratio_p_value: float
    man_years: float
    poor_fit: bool


def run() -> pd.DataFrame:
    trials = pd.DataFrame([trial for seed in range(1, PROGRAMMES + 1) for trial in _programme(seed)])
    rows: list[tuple[str, float, str, str]] = [("programmes simulated", PROGRAMMES, "programmes", "")]
    for design in (*DESIGNS, "KOSTRA peers"):
        rows += _summary(design, trials[trials["design"] == design])
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])


def _programme(seed: int) -> Iterator[Trial]:
    from evaluation.demo import programme, sick_leave, world

    country = world.build(seed)
    absence = sick_leave.draw_absence(country, seed)
    selection = programme.select(country, lasting=absence.persistent, recent=absence.bad_year(), seed=seed)
    drawn = sick_leave.draw(country, absence, selection, "standard", seed)
    outside = np.flatnonzero(selection.intake == "")
    units = programme.projects_units(selection.participation)
    in_theme = set(selection.members("sick_leave"))
    starts = selection.projects.set_index(["project", "theme"])["intake"].map(sick_leave.STARTED)
    for project, theme in zip(selection.cases["project"], selection.cases["theme"], strict=True):
        members, treated = units[project], theme == "sick_leave"
        # A case of another theme that works on sick leave as well is neither.
        if treated or not in_theme & set(members):
            yield from _controls(seed, drawn, members, outside, int(starts[project, theme]), treated)
            group = country.kostra_group[:, CUT // 4 - 1]
            alike = [int(unit) for unit in outside if group[unit] in set(group[members])]
            if len(alike) >= FEWEST_PEERS:
                yield _peers(drawn, members, alike, int(starts[project, theme]), treated)


def _controls(
    seed: int, drawn: SickLeave, members: list[int], outside: np.ndarray, start: int, treated: bool
) -> Iterator[Trial]:
    from evaluation.deep_dive import synthetic_control

    series = _series(drawn)
    weight = drawn.agreed[members, start:CUT].sum(axis=(2, 3))
    truth = float(((drawn.effect[members, start:CUT] * weight).sum(axis=0) / weight.sum(axis=0)).mean())
    for design, (donors, level) in DESIGNS.items():
        if seed > SLOW.get(design, PROGRAMMES):
            continue
        codes, able = ([str(unit) for unit in part] for part in (members, outside))
        found = synthetic_control(series, codes, able, series.periods[start], donors=donors, level=level)
        parts = (
            found.gap,
            found.low,
            found.high,
            found.ratio_p_value,
            float(found.path["size"].mean()),
            found.poor_fit,
        )
        yield Trial(design, treated, truth, *parts)


def _peers(drawn: SickLeave, members: list[int], alike: list[int], start: int, treated: bool) -> Trial:
    from evaluation.deep_dive.gaps import Sums, gap_to_peers

    lost, agreed = drawn.lost.sum(axis=(2, 3, 4)) / 10, drawn.agreed.sum(axis=(2, 3)) / 10
    before, after = slice(start - 4, start), slice(CUT - 4, CUT)

    def sums(units: list[int]) -> Sums:
        parts = (100 * lost[units, before], agreed[units, before], 100 * lost[units, after], agreed[units, after])
        return Sums(*(part.sum(axis=1) for part in parts))

    mine = sums(members)
    found = gap_to_peers(mine, sums(alike))
    weight = drawn.agreed[members, after].sum(axis=(2, 3))
    truth = float((drawn.effect[members, after] * weight).sum() / weight.sum())
    size = float(mine.bottom_after.sum() / 251)
    return Trial("KOSTRA peers", treated, truth, found.gap, found.low, found.high, np.nan, size, False)


def _series(drawn: SickLeave) -> Series:
    from evaluation.deep_dive import Series

    lost, agreed = drawn.lost.sum(axis=(2, 3, 4))[:, :CUT] / 10, drawn.agreed.sum(axis=(2, 3))[:, :CUT] / 10
    quarters = pd.period_range("2008Q1", periods=CUT, freq="Q-DEC")
    units = [str(unit) for unit in range(len(lost))]
    top, bottom = (pd.DataFrame(part, index=units, columns=quarters) for part in (100 * lost, agreed))
    return Series("sick_leave_rate", top, bottom, "quarter")


def _summary(design: str, trials: pd.DataFrame) -> Iterator[tuple[str, float, str, str]]:
    null, treated = trials[~trials["treated"]], trials[trials["treated"]]
    claimed = (null["low"] > 0) | (null["high"] < 0)
    sizes = null["man_years"].quantile([0.25, 0.75])
    parts = {"": claimed.notna(), ", smallest quarter": null["man_years"] <= sizes[0.25]}
    parts |= {", largest quarter": null["man_years"] >= sizes[0.75]}
    for name, part in parts.items():
        chance = 196 * np.sqrt(0.05 * 0.95 / part.sum())
        note = f"{int(part.sum())} cases, by chance +-{chance:.1f}"
        yield f"{design}: cases without an effect, claimed{name}", 100 * claimed[part].mean(), "per cent", note
    if null["ratio_p_value"].notna().all():
        for name, part in parts.items():
            share = 100 * (null.loc[part, "ratio_p_value"] <= 0.05).mean()
            yield f"{design}: claimed by the rank of the ratio of errors{name}", share, "per cent", ""
        yield f"{design}: cases told to fit poorly", 100 * trials["poor_fit"].mean(), "per cent", ""
    apart = trials["gap"] - trials["truth"]
    note = f"by chance +-{1.96 * apart.std() / len(apart) ** 0.5:.3f}"
    yield f"{design}: mean of gap less truth", apart.mean(), "percentage points", note
    yield f"{design}: spread of gap less truth", apart.std(), "percentage points", ""
    covered = (trials["low"] <= trials["truth"]) & (trials["truth"] <= trials["high"])
    yield f"{design}: intervals that hold the truth", 100 * covered.mean(), "per cent", f"{len(trials)} cases"
    half = (trials["high"] - trials["low"]).median() / 2
    yield f"{design}: half the width of the interval, median", half, "percentage points", ""
    note = f"{len(treated)} cases, mean effect {treated['truth'].mean():.2f}"
    found = 100 * (treated["high"] < 0).mean()
    yield f"{design}: cases with the demonstration's effect, found", found, "per cent", note
    for effect in LARGER:
        moved = 100 * (treated["high"] - treated["truth"] + effect < 0).mean()
        yield f"{design}: cases with an effect of {effect} points, found", moved, "per cent", ""
