"""Measures taken: how many projects and municipalities take each, and which are the main ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evaluation.errors import InputError, Problem

if TYPE_CHECKING:
    from evaluation.study import Study

COLUMNS = ["theme", "measure", "projects", "municipalities", "main", "share"]


def measures_taken(study: Study, theme: str | None = None, *, year: int | None = None) -> pd.DataFrame:
    """Return how many projects and municipalities have taken each measure.

    A municipality has taken a measure when a project it takes part in has; one with several counts once.

    Parameters
    ----------
    study : the study.
    theme : one theme; all by default.
    year : one year; by default any year reported on so far.

    Returns
    -------
    DataFrame
        `theme`, `measure` (code), `projects`, `municipalities`, `main` (municipalities whose project calls it the main
        one), `share` (per cent of the municipalities whose projects told of measures in the theme); themes in the
        programme's order, within them the most frequent first. Empty when nothing has been reported.
    """
    themes = study.programme.themes
    if theme is not None and theme not in themes:
        raise InputError(Problem("The programme has no such theme", f"Choose among {', '.join(themes)}", value=theme))
    rows = study.measures
    rows = rows if theme is None else rows[rows["theme"] == theme]
    rows = rows if year is None else rows[rows["year"] == year]
    placed = rows.merge(study.programme.participation[["project", "municipality"]], on="project")
    told = placed.groupby("theme")["municipality"].nunique()
    main = placed[placed["main_measure"] == placed["measure"]]
    keys = ["theme", "measure"]
    table = placed.groupby(keys).agg(projects=("project", "nunique"), municipalities=("municipality", "nunique"))
    table["main"] = main.groupby(keys)["municipality"].nunique()
    table = table.reset_index()
    table["main"] = table["main"].fillna(0).astype("int64")
    table["share"] = 100 * table["municipalities"] / told.reindex(table["theme"]).to_numpy(dtype="float64")
    table["place"] = [list(themes).index(code) for code in table["theme"]]
    by = ["place", "municipalities", "measure"]
    return table.sort_values(by, ascending=[True, False, True], ignore_index=True)[COLUMNS]
