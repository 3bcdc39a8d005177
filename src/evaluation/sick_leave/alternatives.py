"""The effect told in other ways: by intake, and under other reasonable choices than the one the chapter leads with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation import did
from evaluation.sick_leave.development import Window, development
from evaluation.sick_leave.effect import effect
from evaluation.sick_leave.rates import KINDS

if TYPE_CHECKING:
    from evaluation.study import Study

# Each choice differs from the prespecified one (the first) in one respect.
SPECIFICATIONS: dict[str, dict[str, Any]] = {
    "prespecified": {},
    "imputation": {"method": "imputation"},
    "two_way_fixed_effects": {"method": "two_way_fixed_effects"},
    "weighted_by_man_days": {"weighted": True},
    "without_predecessor": {"controls": "never_participants_nor_predecessor"},
    "only_never_treated": {"control": "never_treated"},
    "doctor_certified": {"kind": "doctor_certified"},
    "health_care": {"sector": "health_care"},
    "anticipation_two_quarters": {"anticipation": 2},
}


def alternatives(
    study: Study, *, theme: str = "sick_leave", last: pd.Period | str, newest: pd.Period | str | None = None
) -> pd.DataFrame:
    """Estimate the effect under other reasonable choices.

    Parameters
    ----------
    study, theme
        As in `effect`.
    last : Period or str
        The last quarter of the prespecified estimate.
    newest : Period or str, optional
        The last quarter of the data; if later than `last`, the estimate through it is added, coverage break and all.

    Returns
    -------
    DataFrame
        `specification` (a label key), `estimate`, `standard_error`, `low`, `high` (percentage points), `p_value`,
        `treated`, `n` (municipalities), `same_outcome` (false where the outcome or the municipalities' employees are
        others, so that the number is not expected to be the same).
    """
    plans = {name: {"last": last} | options for name, options in SPECIFICATIONS.items()}
    if newest is not None and pd.Period(newest, freq="Q-DEC") > pd.Period(last, freq="Q-DEC"):
        plans["through_coverage_break"] = {"last": newest}
    rows = []
    for name, options in plans.items():
        found = effect(study, theme=theme, **options).overall
        rows.append(
            {"specification": name}
            | {"estimate": found.value, "standard_error": found.standard_error, "low": found.low, "high": found.high}
            | {"p_value": found.p_value, "treated": found.treated, "n": found.n}
            | {"same_outcome": not {"kind", "sector"} & set(options)}
        )
    return pd.DataFrame(rows)


def same_conclusion(alternatives: pd.DataFrame) -> bool:
    """Return whether all intervals of `alternatives` lie below zero, all above, or all cover it."""
    below, above = alternatives["high"] < 0, alternatives["low"] > 0
    return bool(below.all() or above.all() or not (below | above).any())


def by_intake(effects: did.Effects, study: Study) -> pd.DataFrame:
    """Return the effect in each intake: `effects.by_group` with the intake that started in that quarter.

    Returns
    -------
    DataFrame
        `intake`, `started` (quarter) and the columns of `by_group`. Intakes that started in the same quarter share a
        row, named together.
    """
    rows = effects.by_group.copy()
    started = [pd.Period(ordinal=int(first), freq="Q-DEC") for first in rows["first_treated"]]
    starts = study.programme.starts
    names = [", ".join(intake for intake, began in starts.items() if began == quarter) for quarter in started]
    rows.insert(0, "intake", names)
    rows.insert(1, "started", pd.Series(started, index=rows.index))
    return rows


def development_by_kind(table: pd.DataFrame, *, before: Window, after: Window) -> pd.DataFrame:
    """Return the development of every kind of sick leave: total, by certificate and by duration.

    Returns
    -------
    DataFrame
        `kind` (a key of `KINDS`) and the columns of `Development.rows` by `group`.
    """
    parts = [development(table, before=before, after=after, kind=kind).rows.assign(kind=kind) for kind in KINDS]
    return pd.concat(parts, ignore_index=True)


def marks(study: Study, coverage_break: str) -> dict[pd.Period, Any]:
    """Return the quarters a development is read against: each intake's start and the coverage break.

    Returns
    -------
    dict
        Quarter to a label key or a text in three languages; quarters outside the data are left out.
    """
    quarters = study.sick_leave["quarter"]
    found: dict[pd.Period, Any] = {}
    labels = study.programme.intake_labels
    for intake, began in study.programme.starts.items():
        name = {language: text[:1].lower() + text[1:] for language, text in labels[intake].items()}
        found[began] = {
            "nb": f"Oppstart {name['nb']}",
            "nn": f"Oppstart {name['nn']}",
            "en": f"Start of {name['en']}",
        }
    found[pd.Period(coverage_break, freq="Q-DEC")] = "coverage_break"
    return {quarter: label for quarter, label in found.items() if quarters.min() < quarter <= quarters.max()}
