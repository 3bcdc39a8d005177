"""How far the targets are operationalised: has each an indicator, a figure, a baseline and a target year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evaluation.goals.comparable import OWNER, comparable, percent

if TYPE_CHECKING:
    from evaluation.study import Study

PARTS = ("with_indicator", "with_figure", "with_baseline", "with_year")
COLUMNS = ["theme", "intake", "municipalities", "without_target", "targets", *PARTS, "complete", "as_level"]


def operationalised(study: Study, targets: pd.DataFrame | None = None) -> pd.DataFrame:
    """Count what the targets state, by theme and intake.

    Parameters
    ----------
    study : the study.
    targets : of `comparable`, where there already.

    Returns
    -------
    DataFrame
        `theme`, `intake` ("all" sums over intakes; the last row over both), `municipalities` with a project in the
        theme that had started, `without_target` (those that registered none), `targets`, how many state each of
        `PARTS`, `complete` (all four), `as_level` (the level can be computed), and in per cent `share_complete` and
        `degree`: the parts stated of all that could be, four a target.
    """
    found = comparable(study) if targets is None else targets
    stated = stated_parts(found)
    rows = []
    programme = study.programme
    members = programme.participation.merge(programme.projects[["project", "theme", "intake"]], on="project")
    begun = pd.to_datetime(programme.intakes.set_index("intake")["started"]) <= pd.Timestamp(study.as_of)
    members = members[members["intake"].map(begun).fillna(False).astype(bool)]
    for theme in [*programme.themes, "all"]:
        for intake in [*programme.intakes["intake"], "all"]:
            inside, asked = (_chosen(frame, theme, intake) for frame in (stated, members))
            if len(asked) or len(inside) or theme == intake == "all":
                rows.append({"theme": theme, "intake": intake, **_counted(inside, asked)})
    return pd.DataFrame(rows, columns=[*COLUMNS, "share_complete", "degree"])


def stated_parts(targets: pd.DataFrame) -> pd.DataFrame:
    """Return the targets with `PARTS`, `complete` and `as_level` as true or false; the figure is the target's own."""
    found = targets.assign(
        with_indicator=targets["indicator"].notna(),
        with_figure=(targets["kind"] != "unquantified") & targets["value"].notna(),
        with_baseline=targets["baseline"].notna(),
        with_year=targets["target_year"].notna(),
        as_level=targets["goal_level"].notna(),
    )
    return found.assign(complete=found[list(PARTS)].all(axis=1))


def _chosen(frame: pd.DataFrame, theme: str, intake: str) -> pd.DataFrame:
    inside = frame if theme == "all" else frame[frame["theme"] == theme]
    return inside if intake == "all" else inside[inside["intake"] == intake]


def _counted(targets: pd.DataFrame, members: pd.DataFrame) -> dict[str, float]:
    names = [*PARTS, "complete", "as_level"]
    counts = {name: int(targets[name].sum()) for name in names}
    asked = members[OWNER].drop_duplicates()
    silent = asked.merge(targets[OWNER].drop_duplicates(), on=OWNER, how="left", indicator=True)
    return {
        "municipalities": int(members["municipality"].nunique()),
        "without_target": int(silent.loc[silent["_merge"] == "left_only", "municipality"].nunique()),
        "targets": len(targets),
        **counts,
        "share_complete": percent(counts["complete"], len(targets)),
        "degree": percent(sum(counts[name] for name in PARTS), len(PARTS) * len(targets)),
    }
