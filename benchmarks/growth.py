"""Cost grows in proportion to municipalities, periods and cases, or more slowly.

On the demonstration data, in one process, after a first time that does not count: the prespecified effect on sick leave
(`sick_leave.effect`), employees by municipality and year with the effect on the full-time share (`positions`), and deep
dives (`deep_dive.compare`). Municipalities outside the programme are left out, or copied under codes of their own, to
have fewer or more of them; quarters are cut off; cases are compared one after another. The exponent is the slope of the
logarithms: 1 is proportional, below 1 slower. Claim: at most 1.2 along each. Rows are in `positions_scale`. Seconds are
of the processor, medians of five; seconds on the clock stand beside them, with the load of the machine.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks._lines import Line, Panel, picture

KIND = "bench"
TIMES = 5
MUNICIPALITIES = (0.5, 1, 2, 4)  # of those outside the programme
QUARTERS = (20, 23, 26, 29, 32)
CASES = (1, 2, 4, 8, 16)
LIMIT = 1.2


def run() -> pd.DataFrame:
    """Measure along each, draw the picture, and say how cost grows."""
    from evaluation import load_study

    load = os.getloadavg()[0]
    study = load_study(Path(__file__).parents[1] / "data" / "demo", as_of="2015-12-31", division=2013)
    table: list[tuple[object, ...]] = []
    panels = [
        _along("municipalities", _by_municipalities(study), table),
        _along("quarters", _by_quarters(study), table),
        _along("cases", _by_cases(study), table),
    ]
    picture("growth", panels)
    table.append(("load of the machine before and after", round(load, 1), "", f"{os.getloadavg()[0]:.1f} after"))
    return pd.DataFrame(table, columns=["what", "value", "unit", "note"])


Work = dict[str, list[tuple[float, Callable[[], Any]]]]


def _by_municipalities(study: Any) -> Work:
    """The analyses of as many municipalities as the programme's, and ever more outside it."""
    from evaluation import did, positions, sick_leave

    inside = set(study.programme.participants()["municipality"])
    register = pd.read_parquet(study.positions)
    work: Work = {"sick_leave.effect": [], "positions": []}

    def effect_on_full_time(frame: pd.DataFrame) -> Any:
        hist = positions.histogram(frame, by=("municipality", "year"), view="employee")
        panel = positions.panel(study, "full_time_share", hist=hist)
        names = {"unit": "municipality", "period": "period", "first_treated": "first_treated"}
        design = {"outcome": "full_time_share", "method": "callaway_santanna", "control": "never_treated", **names}
        return did.estimate(panel.data, **design, missing="drop")

    for times in MUNICIPALITIES:
        days, held = (_times(frame, inside, times) for frame in (study.sick_leave, register))
        larger, count = replace(study, sick_leave=days), float(days["municipality"].nunique())
        whole = lambda larger=larger: sick_leave.effect(larger, **sick_leave.PRESPECIFIED)  # noqa: E731
        work["sick_leave.effect"].append((count, whole))
        work["positions"].append((count, lambda held=held: effect_on_full_time(held)))
    return work


def _times(frame: pd.DataFrame, inside: set[str], times: float) -> pd.DataFrame:
    """Return the rows of the programme's municipalities, and those of others so many times over, under other codes."""
    own = frame["municipality"].isin(inside)
    others = frame[~own]
    codes = sorted(others["municipality"].unique())
    if times < 1:
        return frame[own | frame["municipality"].isin(codes[: int(len(codes) * times)])]
    copies = []
    for number in range(int(times)):
        names = {code: f"{number}{code}"[-5:] if number else code for code in codes}
        copy = others.assign(municipality=others["municipality"].astype("str").map(names))
        if "person" in copy:
            copy["person"] += number * (int(frame["person"].max()) + 1)
        copies.append(copy)
    return pd.concat([frame[own], *copies], ignore_index=True)


def _by_quarters(study: Any) -> Work:
    from evaluation import sick_leave

    first = study.quarters[0]
    ends = [first + count - 1 for count in QUARTERS if first + count - 1 <= study.quarters[1]]
    effects = [
        (float(count), lambda end=end: sick_leave.effect(study, last=end, **sick_leave.PRESPECIFIED))
        for count, end in zip(QUARTERS, ends, strict=False)
    ]
    return {"sick_leave.effect": effects}


def _by_cases(study: Any) -> Work:
    from evaluation import deep_dive, positions

    cases = [case.case for case in study.programme.all_cases()]
    hist = positions.histogram(study.positions, by=("municipality", "year"), view="employee")

    def compare(names: Sequence[str]) -> None:
        for name in names:
            deep_dive.compare(study, name, hist=hist)

    return {"deep_dive.compare": [(float(n), lambda n=n: compare(cases[:n])) for n in CASES if n <= len(cases)]}


def _along(axis: str, work: Work, table: list[tuple[object, ...]]) -> Panel:
    lines = []
    for name, sizes in work.items():
        sizes[0][1]()
        found = [_measured(one) for _, one in sizes]
        for (size, _), (processor, clock) in zip(sizes, found, strict=True):
            what = f"{name}, {size:.0f} {axis}"
            table.append((what, round(processor, 3), "s of the processor", f"{clock:.3f} s on the clock"))
        line = Line.through(name, [size for size, _ in sizes], [processor for processor, _ in found])
        note = f"claim: at most {LIMIT}; R² of the line {line.r_squared:.3f}"
        table.append((f"{name}: exponent along {axis}", round(line.exponent, 2), "", note))
        lines.append(line)
    return Panel(f"By {axis}", axis, "seconds of the processor", tuple(lines))


def _measured(work: Callable[[], Any]) -> tuple[float, float]:
    found = []
    for _ in range(TIMES):
        processor, clock = time.process_time(), time.perf_counter()
        work()
        found.append((time.process_time() - processor, time.perf_counter() - clock))
    return statistics.median(one[0] for one in found), statistics.median(one[1] for one in found)
