"""The effect of taking part on vacancies, turnover and competence plans: the panel it is estimated from, estimates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation import did
from evaluation.errors import EstimationError, InputError, Problem
from evaluation.positions.weighted import ratio
from evaluation.recruitment.count_effects import CountEffects, count_effects
from evaluation.recruitment.rates import COUNTS, MEASURES, with_groups
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.study import Study

CONTROLS = ("never_participants", "never_participants_nor_predecessor", "same_kostra_group")
FEWEST, FEWEST_OTHERS = 3, 8
OUTCOMES = ("vacant", "hard_to_fill", "leavers", "advertised")
PRESPECIFIED: dict[str, Any] = {"base": "all_years", "intercepts": "unit"}
"""Chosen beforehand: municipalities apply after a bad year, so that all years before the start are the base, not the
last; and with deliveries missing every municipality is compared with itself."""


@dataclass(frozen=True, eq=False)
class Panel(Described):
    """Municipalities by years, ready to be estimated from.

    Attributes
    ----------
    data : DataFrame
        `municipality`, `year`, the counts of `rates.COUNTS`, the measures of `rates.MEASURES` (per 100; NaN without a
        denominator), `first_treated` (year, 0 if never) and `weight` (mean employees before anyone started).
    account : DataFrame
        `group` ("treated" or "controls"), `first_treated`, `municipalities`, `rows`.
    dropped : DataFrame
        `reason`, `municipalities`, `rows` (a municipality in a year).
    theme, sector, controls : str or None
    """

    data: pd.DataFrame
    account: pd.DataFrame
    dropped: pd.DataFrame
    theme: str | None
    sector: str | None
    controls: str

    def _repr_html_(self) -> str:
        return self.account.to_html(index=False) + self.dropped.to_html(index=False)


def can_compare(study: Study, *, theme: str | None = "recruitment") -> bool:
    """Whether anything can be said: enough participants that had started have figures from before and after.

    Enough are as many as an estimate that may be shown rests on (`FEWEST`); `FEWEST_OTHERS` municipalities outside the
    programme must have two years, and something must have been counted wherever the model needs it.
    """
    table = with_groups(study, theme=theme)
    started = table[(table["first_treated"] > 0) & (table["first_treated"] <= table["year"].max())]
    before, after = (
        set(started.loc[side, "municipality"])
        for side in (started["year"] < started["first_treated"], started["year"] >= started["first_treated"])
    )
    others = table.loc[table["group"] == "others"].groupby("municipality")["year"].nunique()
    if len(before & after) < FEWEST or int((others > 1).sum()) < FEWEST_OTHERS:
        return False
    data = panel(study, theme=theme).data
    try:
        for outcome in ("vacant", "hard_to_fill"):
            estimated(data, outcome)
    except EstimationError:
        return False
    return True


def can_compare_plans(study: Study, *, theme: str | None = "recruitment") -> bool:
    """Whether enough municipalities say in every year which sectors have a competence plan, as in `can_compare`."""
    told = panel(study, theme=theme).data.dropna(subset=["plan_share"])
    every = told.groupby("municipality").agg(years=("year", "nunique"), first=("first_treated", "first"))
    whole = every.loc[every["years"] == study.vacancies["year"].nunique(), "first"]
    return int((whole > 0).sum()) >= FEWEST and int((whole == 0).sum()) >= FEWEST_OTHERS


def panel(
    study: Study,
    *,
    theme: str | None = "recruitment",
    sector: str | None = None,
    controls: str = "never_participants",
    without: str | None = None,
) -> Panel:
    """Build the yearly panel that an effect is estimated from.

    Treated are the municipalities that work on `theme`, from the year they started (counts are of 1 December). Controls
    never take part in the programme. Participants with other themes only, and those that had not started by the last
    year, are left out: they are neither.

    Parameters
    ----------
    study : Study
    theme : str or None
        A theme of the programme; None for any.
    sector : str, optional
        A code of the column `sector`; all sectors together by default.
    controls : {"never_participants", "never_participants_nor_predecessor", "same_kostra_group"}
        The others leave out controls that were in a predecessor programme, or in a KOSTRA group without participants.
    without : str, optional
        Leave out participants that (also) work on this theme.

    Raises
    ------
    InputError
        If the theme, sector or controls are unknown; every problem is listed.
    """
    table = study.vacancies
    _check(study, theme, sector, controls, without)
    about = study.municipalities.set_index("municipality")
    last = int(table["year"].max()) if len(table) else 0
    begun = study.programme.first_treated(theme).map(lambda quarter: quarter.year).astype("int64")
    codes = about.index
    treated, never = codes.isin(begun.index[begun <= last]), (about["group"] == "others").to_numpy()
    waiting = codes.isin(begun.index[begun > last])
    excluded = {
        "participants with other themes only": ~treated & ~waiting & ~never,
        "participants that had not started by the last year": waiting,
    }
    if controls == "never_participants_nor_predecessor":
        excluded["participants in a predecessor programme, not in this one"] = never & about["earlier"].to_numpy(bool)
    if controls == "same_kostra_group":
        group = about["kostra_group"]
        excluded["controls in KOSTRA groups without a participant"] = (
            never & ~group.isin(group[treated].dropna()).to_numpy()
        )
    if without is not None:
        also = codes.isin(study.programme.participants(without)["municipality"])
        excluded[f"participants that also work on {without}"] = treated & also
    rows = table if sector is None else table[table["sector"] == sector]
    plan = rows["competence_plan"]
    rows = rows.assign(plans=(plan == "yes").astype(float), answered=plan.notna().astype(float))
    cells = rows.groupby(["municipality", "year"])[list(COUNTS)].sum().reset_index()
    gone, dropped = pd.Series(data=False, index=codes), []
    for reason, mask in excluded.items():
        dropped.append((reason, int((mask & ~gone).sum()), int(cells["municipality"].isin(codes[mask & ~gone]).sum())))
        gone |= mask
    kept = cells[cells["municipality"].isin(codes[~gone])]
    empty = kept["employees"] <= 0
    dropped.append(("no employees in the year", kept.loc[empty, "municipality"].nunique(), int(empty.sum())))
    delivered = kept.loc[~empty, "municipality"].value_counts().reindex(codes[~gone], fill_value=0)
    absent = (
        table["year"].nunique()
        - delivered
        - kept[empty]["municipality"].value_counts().reindex(delivered.index, fill_value=0)
    )
    dropped.append(("no figures delivered for the year", int((absent > 0).sum()), int(absent.sum())))
    data = _finish(kept[~empty], begun[begun <= last])
    told = pd.DataFrame([row for row in dropped if row[1]], columns=["reason", "municipalities", "rows"])
    return Panel(data, _account(data), told, theme, sector, controls)


def effect(
    study: Study,
    *,
    theme: str | None = "recruitment",
    outcome: str = "vacant",
    base: str = PRESPECIFIED["base"],
    intercepts: str = PRESPECIFIED["intercepts"],
    level: float = 0.95,
    **who: Any,
) -> CountEffects:
    """Estimate the effect of the programme on a count per employee, in per cent.

    Parameters
    ----------
    study, theme
        As in `panel`.
    outcome : {"vacant", "hard_to_fill", "leavers", "advertised"}
    base, intercepts, level
        As in `count_effects`.
    **who
        `sector`, `controls`, `without`, as in `panel`.

    Returns
    -------
    CountEffects
        Of the counts of the municipalities together: every position counts the same. Clustered on the municipality.
    """
    _check_outcome(outcome, OUTCOMES)
    return estimated(panel(study, theme=theme, **who).data, outcome, base=base, intercepts=intercepts, level=level)


def estimated(data: pd.DataFrame, outcome: str = "vacant", **options: Any) -> CountEffects:
    """Estimate the effect on a count from the `data` of a panel; `options` as in `count_effects`."""
    names: dict[str, Any] = {"unit": "municipality", "period": "year", "first_treated": "first_treated"}
    return count_effects(data, outcome=outcome, exposure="employees", **names | PRESPECIFIED | options)


def linear_effect(
    study: Study,
    *,
    theme: str | None = "recruitment",
    measure: str = "vacancy_rate",
    weighted: bool = False,
    method: str = "imputation",
    level: float = 0.95,
    **who: Any,
) -> did.Effects:
    """Estimate the effect on a rate by linear difference-in-differences, in points per 100.

    For shares (competence plans, per cent of sectors) the points are percentage points. For vacancies it stands beside
    `effect`: it assumes that rates would have changed by as many points, not by as many per cent.

    Parameters
    ----------
    study, theme, **who
        As in `panel`.
    measure : str
        A key of `rates.MEASURES`.
    weighted : bool
        Weigh municipalities by their employees before anyone started; otherwise every municipality counts the same.
    method : str
        Of `did.estimate`.

    Returns
    -------
    did.Effects
        Clustered on the municipality; years without figures are passed over and counted in `sample`.
    """
    _check_outcome(measure, tuple(MEASURES))
    data = panel(study, theme=theme, **who).data
    data = data.dropna(subset=[measure, "weight"] if weighted else [measure])
    if data.empty:
        raise EstimationError(Problem("The panel is empty", "Widen the sectors or the controls"))
    columns: dict[str, Any] = {"unit": "municipality", "period": "year", "first_treated": "first_treated"}
    weights = "weight" if weighted else None
    return did.estimate(data, outcome=measure, weights=weights, method=method, missing="drop", level=level, **columns)


def in_per_cent(
    effects: did.Effects, data: pd.DataFrame, *, measure: str = "vacancy_rate", weighted: bool = False
) -> did.Estimate:
    """Return a linear effect in per cent of the mean rate the treated would have had, taken as given.

    Parameters
    ----------
    effects : did.Effects
        Of `linear_effect`, with the same `measure` and `weighted`.
    data : DataFrame
        Of the panel it was estimated from.
    """
    treated = data[(data["first_treated"] > 0) & (data["year"] >= data["first_treated"])]
    treated = treated.dropna(subset=[measure, "weight"] if weighted else [measure])
    found = effects.overall
    mean = np.average(treated[measure], weights=treated["weight"] if weighted else None)
    scale = 100 / (float(mean) - found.value)
    value, error = found.value * scale, found.standard_error * scale
    return replace(found, value=value, standard_error=error, low=found.low * scale, high=found.high * scale)


def by_intake(found: CountEffects, study: Study) -> pd.DataFrame:
    """Return `found.by_group` with the `intake` that started in the year; intakes of one year share a row."""
    starts = study.programme.starts
    years = found.by_group["first_treated"]
    names = [", ".join(intake for intake, began in starts.items() if began.year == year) for year in years]
    rows = found.by_group.copy()
    rows.insert(0, "intake", names)
    return rows


def _finish(data: pd.DataFrame, begun: pd.Series) -> pd.DataFrame:
    first = data["municipality"].map(begun).fillna(0).astype("int64")
    measures = {
        name: ratio(data[top].to_numpy(), data[bottom].to_numpy(), 100.0) for name, (top, bottom) in MEASURES.items()
    }
    early = data[data["year"] < begun.min()] if len(begun) else data
    weight = data["municipality"].map(early.groupby("municipality")["employees"].mean())
    return data.assign(**measures, first_treated=first, weight=weight).reset_index(drop=True)


def _account(data: pd.DataFrame) -> pd.DataFrame:
    treated = (data["first_treated"] > 0).map({True: "treated", False: "controls"})
    grouped = data.assign(group=treated).groupby(["group", "first_treated"])["municipality"]
    counts = grouped.agg(municipalities="nunique", rows="size").reset_index()
    return counts.sort_values(["group", "first_treated"], ascending=[False, True], ignore_index=True)


def _check_outcome(name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise InputError(Problem(f"Unknown outcome {name!r}", f"Choose one of: {', '.join(known)}"))


def _check(study: Study, theme: str | None, sector: str | None, controls: str, without: str | None) -> None:
    themes, sectors = list(study.programme.themes), sorted(study.vacancies["sector"].unique())
    problems = [
        Problem(f"The programme has no theme {name!r}", f"Choose one of: {', '.join(themes)}")
        for name in (theme, without)
        if name is not None and name not in themes
    ]
    if sector is not None and sector not in sectors:
        problems.append(Problem(f"The table has no sector {sector!r}", f"Choose one of: {', '.join(sectors)}"))
    if controls not in CONTROLS:
        problems.append(Problem(f"Unknown controls {controls!r}", f"Choose one of: {', '.join(CONTROLS)}"))
    if problems:
        raise InputError(problems)
