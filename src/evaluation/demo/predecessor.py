"""An invented programme of the years before: 138 municipalities, of which only twelve work on sick leave.

Another draw of the invented country, seven years of sick leave, and the participants' files; no positions, surveys or
annual reports. The same chapters run on it with a parameter file of their own, and inference has to hold with few
treated municipalities.

Shape (facts of the real predecessor programme, data/reference/programmes/kvalitetskommuneprogrammet): 138
municipalities in two intakes that start in 2007 and 2008, twelve of them on sick leave; participants above others
before (10.4 against 9.7 per cent); 430 municipalities in 2010. How the participants are shared between intakes, themes
and projects is not told there and is plausible only; so is the true effect, of the size that the published figures,
10.4 to 10.3 against 9.7 to 9.9, leave room for once regression to the mean is allowed for.

The years are those of the national series (Statistics Norway, all industries), halfway towards no change: a peak in
2009 and a low in 2005.
"""

from __future__ import annotations

import json
from functools import partial

import numpy as np
import pandas as pd

from evaluation.demo import files, programme, sick_leave
from evaluation.demo.predecessor_texts import TOLD
from evaluation.demo.programme import Selection
from evaluation.demo.world import Floats, Ints, Setting, World, build, stream

SETTING = Setting(
    years=tuple(range(2004, 2011)),
    units=431,
    merger_year=2008,
    year_level=(1.010, 0.978, 0.994, 0.993, 1.007, 1.039, 0.989),
    bad_year=2005,
    started={"1": "2007K1", "2": "2008K1"},
    effect={
        "1": (*(-0.10 - 0.02 * n for n in range(8)), *(-0.26 - 0.01 * n for n in range(8))),
        "2": (*(-0.08 - 0.02 * n for n in range(8)), -0.23, -0.24, -0.25, -0.25),
    },
    lost_delivery="2006K2",
)
THROUGH = ("2008K4", "2009K4", "2010K4")
BATCHES = (("1", (1,) * 46 + (2,) * 3), ("2", (1,) * 74 + (2,) * 6))
ON_SICK_LEAVE = {"1": 7, "2": 5}
OTHER_THEMES = {"services": 0.7, "reputation": 0.3}
SECOND_THEME = 0.2
CASES = {"1": 2, "2": 2}
EARLIER = {"participants": 24, "others": 36}


def contents(scenario: str, seed: int) -> files.Files:
    """Name every file with the function that makes its bytes."""
    world = build(seed, SETTING)
    absence = sick_leave.draw_absence(world, seed)
    selection = select(world, lasting=absence.persistent, recent=absence.bad_year(), seed=seed)
    days = sick_leave.draw(world, absence, selection, scenario, seed)
    yield "municipalities.csv", partial(files.municipalities_csv, world)
    yield "befolkning_kostra.json", partial(files.background_json, world, seed)
    yield "deltakere.xlsx", partial(files.participants_xlsx, world, selection, TOLD)
    yield "programme.yaml", partial(files.programme_yaml, TOLD)
    yield "program_fakta.csv", partial(files.facts_csv, TOLD)
    for year in SETTING.years:
        yield f"sykefravaer_{year}.csv", partial(files.sick_leave_csv, world, days, year)
    truth = {
        "scenario": scenario,
        "seed": seed,
        "sick_leave": sick_leave.truth(SETTING, days, selection, scenario, THROUGH),
        "selection": sick_leave.selection_facts(absence, selection),
    }
    yield "truth.json", lambda: (json.dumps(truth, indent=1) + "\n").encode()


def select(world: World, *, lasting: Floats, recent: Floats, seed: int) -> Selection:
    """Draw participants, projects and cases; sick leave goes to single municipalities under pressure.

    `lasting` and `recent` are as in `programme.select`.
    """
    rng = stream(seed, "selection")
    count = sum(sum(sizes) for _, sizes in BATCHES)
    pressure, chosen = programme.draw_chosen(rng, world, lasting, recent, count)
    intake, participation, started = programme.draw_projects(rng, chosen, world.size, BATCHES)
    projects = _themes(rng, participation, started, pressure)
    projects["network"] = programme.draw_networks(projects, tuple(TOLD.theme_words))
    cases = _cases(rng, world, projects, participation)
    return Selection(intake, projects, participation, cases, _earlier(rng, world, chosen))


def _themes(
    rng: np.random.Generator, participation: pd.DataFrame, started: dict[str, str], pressure: Floats
) -> pd.DataFrame:
    """Give sick leave to as many of each intake as there were, other themes to the rest, two of them to a fifth."""
    units = programme.projects_units(participation)
    need = {name: pressure[members[0]] + rng.normal() for name, members in units.items() if len(members) == 1}
    order = sorted(need, key=lambda name: -need[name])
    sick: set[str] = set()
    for intake, count in ON_SICK_LEAVE.items():
        sick |= set([name for name in order if started[name] == intake][:count])
    rows = []
    for project, intake in started.items():
        both = rng.permutation(list(OTHER_THEMES)).tolist()
        one = rng.choice(list(OTHER_THEMES), p=list(OTHER_THEMES.values()))
        others = both if rng.random() < SECOND_THEME else [str(one)]
        themes = ["sick_leave"] if project in sick else others
        rows += [(project, theme, intake, place == 0) for place, theme in enumerate(themes)]
    return pd.DataFrame(rows, columns=["project", "theme", "intake", "primary"])


def _cases(rng: np.random.Generator, world: World, projects: pd.DataFrame, participation: pd.DataFrame) -> pd.DataFrame:
    """Deep-dive cases of the sick-leave theme, of both intakes, none among the smallest."""
    units, population = programme.projects_units(participation), world.population[:, 2]
    rows = []
    for intake, count in CASES.items():
        mine = projects[(projects["theme"] == "sick_leave") & (projects["intake"] == intake)]["project"]
        large = [name for name in mine if population[units[name][0]] > programme.SMALLEST_CASE]
        for project in np.sort(rng.permutation(large)[:count]):
            case = programme.slug(world.units["name_after"].iloc[units[project][0]])
            rows.append((case, str(project), "sick_leave", int(intake)))
    return pd.DataFrame(rows, columns=["case", "project", "theme", "wave"])


def _earlier(rng: np.random.Generator, world: World, chosen: Ints) -> pd.DataFrame:
    """The municipalities of the programme before this one."""
    others = np.setdiff1d(np.arange(world.size), chosen)
    parts = [rng.choice(chosen, EARLIER["participants"], replace=False)]
    parts.append(rng.choice(others, EARLIER["others"], replace=False))
    frame = pd.DataFrame({"unit": np.sort(np.concatenate(parts))})
    return frame.assign(from_year=2002, to_year=2005)
