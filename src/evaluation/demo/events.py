"""What happened in the deep-dive cases and when: application, decisions, new leaders, reorganisations."""

from __future__ import annotations

import datetime

import pandas as pd

from evaluation.demo import texts
from evaluation.demo.programme import Selection
from evaluation.demo.world import stream

CHANGES = {"chief_executive_change": 0.35, "project_leader_change": 0.55, "reorganisation": 0.30}
# After the local elections of September 2011 and 2015 councils chose their mayors in October.
ELECTIONS = {datetime.date(2011, 10, 12): 0.30, datetime.date(2015, 10, 14): 0.35}
NOTES = {
    "chief_executive_change": "Tiltrådte etter utlysning",
    "project_leader_change": "Overtok prosjektet",
    "reorganisation": "Færre enheter",
    "mayor_change": "Etter kommunevalget",
}


def draw(selection: Selection, seed: int) -> pd.DataFrame:
    """Return case, date, event (a code) and note, in the order of the cases and their dates."""
    rng = stream(seed, "events")
    intakes = {intake["intake"]: intake for intake in texts.DEFINITION["intakes"]}
    projects = selection.projects.drop_duplicates("project")
    of = dict(zip(projects["project"].tolist(), projects["intake"].tolist(), strict=True))
    rows: list[tuple[str, datetime.date, str, str]] = []
    for name, project in selection.cases[["case", "project"]].to_numpy().tolist():
        intake = intakes[of[project]]
        applied, started = (datetime.date.fromisoformat(intake[key]) for key in ("applied", "started"))
        days = [int(number) for number in rng.integers(0, 60, 3)]
        rows.append((name, applied - datetime.timedelta(days=days[0] // 4), "application", ""))
        rows.append((name, applied - datetime.timedelta(days=20 + days[1]), "council_decision", ""))
        rows.append((name, started + datetime.timedelta(days=30 + days[2]), "plan_approved", ""))
        for event, share in CHANGES.items():
            happens, after = rng.random() < share, int(rng.integers(60, 1_060))
            if happens:
                rows.append((name, started + datetime.timedelta(days=after), event, NOTES[event]))
        for day, share in ELECTIONS.items():
            if rng.random() < share:
                rows.append(
                    (
                        name,
                        day + datetime.timedelta(days=int(rng.integers(0, 14))),
                        "mayor_change",
                        NOTES["mayor_change"],
                    )
                )
    frame = pd.DataFrame(rows, columns=["case", "date", "event", "note"])
    return (
        frame.assign(order=frame["case"].map({case: n for n, case in enumerate(selection.cases["case"])}))
        .sort_values(["order", "date", "event"], ignore_index=True)
        .drop(columns="order")
    )
