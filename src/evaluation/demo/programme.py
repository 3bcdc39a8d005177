"""Who takes part in the invented programme: selection, projects, themes, networks, gatherings, cases.

Shape (programme facts): 31 municipalities in 25 projects and 26 more in a supplementary round form intake 1 (start
2012), 52 form intake 2 (start 2013): 109 municipalities in 95 projects, themes overlapping, four cases a theme, one of
them a joint project; 138 municipalities had been in the predecessor programme.

Selection. A municipality takes part, and works on sick leave, when its sick leave is high for lasting reasons, when
2010 was a bad year after 2009, and when it is large enough to have the capacity. The bad year passes by itself
(regression to the mean): a comparison with 2010 as the base year overstates what the programme did. Difference in
differences on the sick-leave theme against never-participants is hardly affected, because the shocks that led to
selection have faded when the projects start and cancel in an average over the whole period before them. Over 300 seeds,
estimate minus truth through 2013, 2014 and 2015 in percentage points, municipalities alike or weighted by man-days
(spread over seeds in brackets):

- base 2010:                                       -0.17, weighted -0.11  (0.06-0.09)
- base the last quarter before the start:           0.00                  (0.09-0.13)
- base all quarters before the start (imputation):  0.00                  (0.04-0.07)
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.demo import texts
from evaluation.demo.world import Floats, Ints, World, stream

BATCHES = (
    ("1", (1,) * 20 + (2,) * 4 + (3,)),
    ("1", (1,) * 20 + (2,) * 3),
    ("2", (1,) * 36 + (2,) * 5 + (3,) * 2),
)
MUNICIPALITIES = sum(sum(sizes) for _, sizes in BATCHES)
SECOND_PROJECTS = 4
PRIMARY = {"sick_leave": 38, "full_time": 25, "recruitment": 16, "reputation": 12}
SECOND_THEME = 0.32
NETWORK_SIZE = 7
SMALLEST_CASE = 2500
EARLIER = {"participants": 55, "others": 83}
LASTING_WEIGHT, RECENT_WEIGHT, SIZE_WEIGHT = 0.45, 0.6, 0.35


@dataclass(frozen=True)
class Selection:
    """The participants. `intake` holds the first intake of every unit ("" for never).

    `projects` has one row per project and theme (project, theme, intake, network, primary), `participation` one per
    unit and project, `cases` one per deep-dive case (case, project, theme, wave), `earlier` the predecessor's units.
    """

    intake: np.ndarray
    projects: pd.DataFrame
    participation: pd.DataFrame
    cases: pd.DataFrame
    earlier: pd.DataFrame

    @property
    def size(self) -> int:
        """Number of units."""
        return len(self.intake)

    def members(self, theme: str, intake: str | None = None) -> Ints:
        """Return the units with a project in `theme`, of one intake (by the project's start) or of all."""
        first = self._first_intake(theme)
        return first.index.to_numpy() if intake is None else first.index[first == intake].to_numpy()

    def started(self, theme: str, starts: Mapping[str, int], *, never: int) -> Ints:
        """Return when each unit started in `theme`; `never` where it did not."""
        values = np.full(self.size, never)
        first = self._first_intake(theme)
        values[first.index] = first.map(starts)
        return values

    def _first_intake(self, theme: str) -> pd.Series:
        rows = self.participation.merge(self.projects[self.projects["theme"] == theme], on="project")
        return rows.groupby("unit")["intake"].min()


def select(world: World, *, lasting: Floats, recent: Floats, seed: int) -> Selection:
    """Draw participants, projects and cases.

    `lasting` is the lasting part of a municipality's sick leave and `recent` the change in its passing part from 2009
    to 2010, both in percentage points.
    """
    rng = stream(seed, "selection")
    pressure, chosen = draw_chosen(rng, world, lasting, recent, MUNICIPALITIES)
    intake, participation, started = draw_projects(rng, chosen, world.size, BATCHES)
    projects = _themes(rng, participation, started, pressure)
    participation, projects = _second_projects(rng, participation, projects)
    projects["network"] = draw_networks(projects, texts.THEMES)
    cases = _cases(rng, world, projects, participation)
    return Selection(intake, projects, participation, cases, _earlier(rng, world, chosen))


def projects_units(participation: pd.DataFrame) -> dict[str, list[int]]:
    """Return the units of every project."""
    return {str(project): units.tolist() for project, units in participation.groupby("project")["unit"]}


def _columns(frame: pd.DataFrame, *names: str) -> list[list[str]]:
    return [frame[name].tolist() for name in names]


def _standard(values: Floats) -> Floats:
    return (values - values.mean()) / values.std()


def draw_chosen(
    rng: np.random.Generator, world: World, lasting: Floats, recent: Floats, count: int
) -> tuple[Floats, Ints]:
    """Return the pressure on every municipality, and those that take part, in random order; none that merges does."""
    pressure = LASTING_WEIGHT * _standard(lasting) + RECENT_WEIGHT * _standard(recent)
    capacity = SIZE_WEIGHT * _standard(np.log(world.population[:, 2]))
    score = pressure + capacity + rng.normal(size=world.size)
    score[world.merging] = -np.inf
    return pressure, rng.permutation(np.argsort(-score, kind="stable")[:count])


def draw_projects(
    rng: np.random.Generator, chosen: Ints, size: int, batches: Sequence[tuple[str, tuple[int, ...]]]
) -> tuple[np.ndarray, pd.DataFrame, dict[str, str]]:
    """Share the participants among projects; joint projects join neighbours in the order of codes.

    A batch is an intake and the number of municipalities in each of its projects. Returned are the intake of every unit
    ("" for never), the units of every project, and the intake of every project.
    """
    intake = np.full(size, "", dtype=object)
    rows: list[tuple[int, str]] = []
    started: dict[str, str] = {}
    place = 0
    for number, sizes in batches:
        batch = np.sort(chosen[place : place + sum(sizes)])
        place += len(batch)
        intake[batch] = number
        for units in np.split(batch, np.cumsum(rng.permutation(sizes))[:-1]):
            project = f"P{len(started) + 1:03d}"
            started[project] = number
            rows += [(int(unit), project) for unit in units]
    return intake, pd.DataFrame(rows, columns=["unit", "project"]), started


def _themes(
    rng: np.random.Generator, participation: pd.DataFrame, started: dict[str, str], pressure: Floats
) -> pd.DataFrame:
    """Give every project a first theme, sick leave to those under pressure, and a third of them a second theme.

    The joint project under least pressure works on recruitment: it is to be one of the cases.
    """
    need = participation.assign(need=pressure[participation["unit"]]).groupby("project")["need"].mean()
    order = (-(need + rng.normal(0.0, 0.4, len(need)))).sort_values(kind="stable").index.tolist()
    rest = rng.permutation([theme for theme in texts.THEMES[1:] for _ in range(PRIMARY[theme])]).tolist()
    primary = dict(zip(order, ["sick_leave"] * PRIMARY["sick_leave"] + rest, strict=True))
    members = projects_units(participation)
    joint = next(name for name in order[::-1] if len(members[name]) == 2 and started[name] == "1")
    other = next(name for name in order[::-1] if primary[name] == "recruitment")
    primary[joint], primary[other] = "recruitment", primary[joint]
    rows = []
    for project, theme in sorted(primary.items()):
        rows.append((project, theme, started[project], True))
        second = str(rng.choice([other for other in texts.THEMES if other != theme], p=[0.5, 0.3, 0.2]))
        if rng.random() < SECOND_THEME:
            rows.append((project, second, started[project], False))
    return pd.DataFrame(rows, columns=["project", "theme", "intake", "primary"])


def _second_projects(
    rng: np.random.Generator, participation: pd.DataFrame, projects: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Let a few municipalities of intake 1 start one project more in 2013, in a theme they do not have."""
    themes = participation.merge(projects, on="project").groupby("unit")["theme"].agg(set)
    first = participation.merge(projects[projects["intake"] == "1"], on="project")["unit"].unique()
    free = [unit for unit in first if not themes[unit] & {"recruitment", "reputation"}]
    number = participation["project"].nunique()
    names = [f"P{number + 1 + n:03d}" for n in range(SECOND_PROJECTS)]
    theme = ["recruitment", "reputation"] * (SECOND_PROJECTS // 2)
    units = np.sort(rng.permutation(free)[:SECOND_PROJECTS])
    more = pd.DataFrame({"project": names, "theme": theme, "intake": "2", "primary": True})
    return (
        pd.concat([participation, pd.DataFrame({"unit": units, "project": names})], ignore_index=True),
        pd.concat([projects, more], ignore_index=True),
    )


def draw_networks(projects: pd.DataFrame, themes: Sequence[str]) -> np.ndarray:
    """Networks of about seven projects within theme and intake, numbered through."""
    network, number = np.full(len(projects), "", dtype=object), 0
    for theme in themes:
        for intake in ("1", "2"):
            rows = np.flatnonzero((projects["theme"] == theme) & (projects["intake"] == intake))
            count = max(1, round(len(rows) / NETWORK_SIZE))
            network[rows] = [f"N{number + 1 + place % count:02d}" for place in range(len(rows))]
            number += count
    return network


def _cases(rng: np.random.Generator, world: World, projects: pd.DataFrame, participation: pd.DataFrame) -> pd.DataFrame:
    """Four cases a theme, three of intake 1 and one of intake 2; the first of recruitment is a joint project."""
    units, population = projects_units(participation), world.population[:, 2]
    names = world.units["name_after"]
    shared = set(np.flatnonzero(names.duplicated(keep=False)))
    taken: set[int] = set()
    rows = []
    for theme in texts.THEMES:
        for place, (intake, wave) in enumerate((("1", 1), ("1", 1), ("1", 2), ("2", 2))):
            members = 2 if theme == "recruitment" and place == 0 else 1
            mine = dict(zip(*_columns(projects[projects["theme"] == theme], "project", "intake"), strict=True))
            fit = [name for name in mine if len(units[name]) == members and not (taken | shared) & set(units[name])]
            of_intake = [name for name in fit if mine[name] == intake]
            large = [name for name in of_intake if population[units[name]].min() > SMALLEST_CASE]
            project = str(rng.choice(large or of_intake or fit))
            taken |= set(units[project])
            case = "-".join(slug(names.iloc[unit]) for unit in units[project])
            rows.append((case, project, theme, wave))
    return pd.DataFrame(rows, columns=["case", "project", "theme", "wave"])


def slug(name: str) -> str:
    """Return a name as the code of a case: small letters a-z, without signs."""
    letters = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "á": "a", " ": None, "-": None})
    return name.split(" - ")[0].casefold().translate(letters)


def _earlier(rng: np.random.Generator, world: World, chosen: Ints) -> pd.DataFrame:
    """The predecessor's municipalities, half of the later participants among them, one that has merged since."""
    others = np.setdiff1d(np.arange(world.size), np.concatenate([chosen, world.merging]))
    units = np.concatenate(
        [
            rng.choice(chosen, EARLIER["participants"], replace=False),
            rng.choice(others, EARLIER["others"] - 1, replace=False),
            world.merging[:1],
        ]
    )
    frame = pd.DataFrame({"unit": np.sort(units)})
    frame["from_year"] = rng.choice([2007, 2008], len(frame), p=[0.4, 0.6])
    frame["to_year"] = 2010
    return frame


def case_titles(world: World, selection: Selection, told: texts.Told) -> pd.DataFrame:
    """Return the titles of the cases in three languages, in the order of `selection.cases`."""
    units, names = projects_units(selection.participation), world.units["name_after"]
    rows = []
    for place, (project, theme) in enumerate(zip(*_columns(selection.cases, "project", "theme"), strict=True)):
        template = told.case_titles[theme][place % 4]
        places = [names.iloc[unit] for unit in units[project]]
        rows.append({f"tittel_{word}": template[word].format(place=texts.AND[word].join(places)) for word in template})
    return pd.DataFrame(rows)


def gatherings(selection: Selection, told: texts.Told) -> pd.DataFrame:
    """Return the three gatherings of every network (network, date), one network a day, Monday to Thursday."""
    networks = selection.projects.drop_duplicates("network").sort_values("network")
    rows = []
    for place, (network, intake) in enumerate(zip(*_columns(networks, "network", "intake"), strict=True)):
        for text in told.gatherings[intake]:
            monday = datetime.date.fromisoformat(text) - datetime.timedelta(days=1)
            rows.append((network, monday + datetime.timedelta(days=7 * (place // 4) + place % 4)))
    return pd.DataFrame(rows, columns=["network", "date"])
