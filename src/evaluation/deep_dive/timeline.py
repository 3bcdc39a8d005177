"""What happened in a case and when: application, admission, start, gatherings, changes of leadership."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.goals.codes import optional_table, words
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.programme import Case
    from evaluation.study import Study

OF_PROGRAMME = ("application", "admission", "local_work", "gatherings")


@dataclass(frozen=True, eq=False)
class CaseTimeline(Described):
    """The course of a case.

    Attributes
    ----------
    rows : `what` (``application``, ``admission``, ``local_work``, ``gatherings``, or an event's code), `start`, `end`
        (missing for a single day), `note`; by the first day of each `what`, then in time.
    labels : the words of the events, by code.
    """

    rows: pd.DataFrame
    labels: Mapping[str, Mapping[str, str]]


def timeline(study: Study, case: Case) -> CaseTimeline:
    """Return what the programme and the study's events tell of a case, up to the end of the study.

    The local work runs from the start of the project's intake to the end of the programme, or of the study if earlier.
    Of a municipality with several projects, all are told. Events are known of deep-dive cases only; where they tell the
    case's own application or admission, these stand instead of the intake's.
    """
    programme = study.programme
    projects = [part.strip() for part in case.project.split(",")]
    mine = programme.projects[programme.projects["project"].isin(projects)]
    if case.theme and "," not in case.theme:
        mine = mine[mine["theme"] == case.theme]
    intakes = programme.intakes[programme.intakes["intake"].isin(mine["intake"])]
    end = min(pd.Timestamp(programme.end), pd.Timestamp(study.as_of))
    rows: list[tuple[str, object, object, object]] = []
    events = optional_table(study, "events")
    own = events[events["case"] == case.case] if events is not None else pd.DataFrame(columns=["event", "date"])
    for what, column in (("application", "applied"), ("admission", "admitted")):
        if what in set(own["event"]):
            continue
        rows += [(what, day, pd.NaT, None) for day in intakes[column].dropna()]
    rows += [("local_work", day, end, None) for day in intakes["started"].dropna()]
    meetings = programme.gatherings[programme.gatherings["network"].isin(mine["network"].dropna())]
    rows += [("gatherings", day, pd.NaT, None) for day in meetings["date"]]
    told = words(study, "event")
    rows += [(str(row["event"]), row["date"], pd.NaT, row.get("note")) for _, row in own.iterrows()]
    table = pd.DataFrame(rows, columns=["what", "start", "end", "note"])
    table["start"], table["end"] = pd.to_datetime(table["start"]), pd.to_datetime(table["end"])
    table = table[table["start"] <= end]
    first = table.groupby("what")["start"].min().sort_values(kind="stable")
    place = {code: number for number, code in enumerate(first.index)}
    ordered = table.assign(place=table["what"].map(place)).sort_values(["place", "start"], ignore_index=True)
    used = {code: told.get(code, dict.fromkeys(("nb", "nn", "en"), code)) for code in place if code not in OF_PROGRAMME}
    return CaseTimeline(ordered.drop(columns="place"), used)
