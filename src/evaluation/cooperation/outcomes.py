"""The outcomes whose effects are compared, each with its own theme's participants, as the codebook has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from evaluation import positions, recruitment, sick_leave
from evaluation.cooperation.imputed import MunicipalEffects, municipal_effects
from evaluation.errors import InputError, Problem
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.study import Study


@dataclass(frozen=True)
class Outcome(Described):
    """One outcome: the table it needs, the indicator of the codebook that says its theme, and its panel.

    `panel` returns `municipality`, `period`, `value` (per cent, or per 100 employees), `first_treated` and `size`.
    """

    table: str
    indicator: str
    panel: Callable[[Study, str, object], pd.DataFrame]


def theme_of(study: Study, outcome: str) -> tuple[str, str]:
    """Return the theme that an outcome belongs to and which way is better, by the study's codebook.

    Raises
    ------
    InputError
        If the outcome is unknown, or the codebook does not have it under a theme of the programme.
    """
    if outcome not in OUTCOMES:
        raise InputError(Problem("Unknown outcome", f"Choose one of: {', '.join(OUTCOMES)}", value=outcome))
    wanted = OUTCOMES[outcome].indicator
    listed = study.codebook[(study.codebook["list"] == "indicator") & (study.codebook["code"] == wanted)]
    found = listed[listed["group"].isin(list(study.programme.themes))]
    if found.empty:
        remedy = "Add it to the codebook under a theme of the programme, or leave the outcome out"
        raise InputError(Problem("The codebook has no such indicator of a theme", remedy, value=wanted))
    return str(found["group"].iloc[0]), str(found["better"].iloc[0])


def effects(study: Study, outcome: str, *, last: object = None) -> MunicipalEffects:
    """Return the imputed effects of one outcome in the municipalities that work on its theme.

    Parameters
    ----------
    study : Study
    outcome : str
        A key of `OUTCOMES`.
    last : quarter or year, optional
        The last period used, such as the last before a break in the series.

    Returns
    -------
    MunicipalEffects
        In percentage points (vacancies: per 100 employees). Municipalities count equally; controls never took part.
    """
    theme, _ = theme_of(study, outcome)
    panel = OUTCOMES[outcome].panel(study, theme, last)
    return municipal_effects(panel, outcome="value", size="size")


def _sick_leave(study: Study, theme: str, last: object) -> pd.DataFrame:
    # A break later than the data leaves all of them.
    newest = study.quarters[1]
    end = newest if last is None else min(newest, pd.Period(str(last), freq="Q-DEC"))
    data = sick_leave.panel(study, theme=theme, last=end).data
    return _sized(data.rename(columns={"rate": "value"}), "agreed_days")


def _full_time(study: Study, theme: str, last: object) -> pd.DataFrame:
    data = positions.panel(study, "full_time_share", theme=theme).data
    return _sized(_until(data, last).rename(columns={"full_time_share": "value"}), "persons")


def _recruitment(measure: str, counted: str, study: Study, theme: str, last: object) -> pd.DataFrame:
    data = recruitment.panel(study, theme=theme).data
    data = _until(data, last).rename(columns={measure: "value", "year": "period"})
    return _sized(data.dropna(subset="value"), counted)


def _until(data: pd.DataFrame, last: object) -> pd.DataFrame:
    return data if last is None else data[data["year"] <= int(str(last))]


def _sized(data: pd.DataFrame, counted: str) -> pd.DataFrame:
    """Add the size that chance falls with: the mean of what the outcome is a share of, one for each municipality."""
    return data.assign(size=data.groupby("municipality")[counted].transform("mean"))


OUTCOMES: dict[str, Outcome] = {
    "sick_leave_rate": Outcome("sick_leave", "sick_leave_rate", _sick_leave),
    "full_time_share": Outcome("positions", "full_time_share", _full_time),
    "vacancy_rate": Outcome("vacancies", "vacant_positions", partial(_recruitment, "vacancy_rate", "employees")),
    "plan_share": Outcome("vacancies", "competence_plans", partial(_recruitment, "plan_share", "answered")),
}
