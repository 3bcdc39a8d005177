"""The effect told in other ways: by intake, and under other reasonable choices than the one the chapter leads with."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation import did
from evaluation.sick_leave.controls import not_told
from evaluation.sick_leave.development import Window, development
from evaluation.sick_leave.effect import CONTROLS, effect, panel
from evaluation.sick_leave.rates import kinds_in
from evaluation.sick_leave.themes import row_of

if TYPE_CHECKING:
    from evaluation.study import Study

# Each choice differs from the prespecified one (the first) in one respect.
PRESPECIFIED: dict[str, Any] = {"method": "imputation"}
SPECIFICATIONS: dict[str, dict[str, Any]] = {
    "prespecified": {},
    "callaway_santanna": {"method": "callaway_santanna"},
    "two_way_fixed_effects": {"method": "two_way_fixed_effects"},
    "weighted_by_man_days": {"weighted": True},
    "without_predecessor": {"controls": "never_participants_nor_predecessor"},
    "same_kostra_group": {"controls": "same_kostra_group"},
    "matched": {"controls": "matched"},
}
# What a specification curve goes through: every combination of these.
CHOICES: dict[str, dict[str, dict[str, Any]]] = {
    "method": {"imputation": {"method": "imputation"}, "callaway_santanna": {"method": "callaway_santanna"}},
    "controls": {
        "never_participants": {},
        "never_participants_nor_predecessor": {"controls": "never_participants_nor_predecessor"},
        "same_kostra_group": {"controls": "same_kostra_group"},
        "matched": {"controls": "matched"},
    },
    "weighting": {"unweighted": {}, "weighted": {"weighted": True}},
    "kind": {"total": {}, "doctor_certified": {"kind": "doctor_certified"}},
}


def alternatives(
    study: Study, *, theme: str = "sick_leave", last: pd.Period | str, newest: pd.Period | str | None = None
) -> pd.DataFrame:
    """Estimate the effect under other reasonable choices, each differing from the prespecified one in one respect.

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
        `treated`, `n` (municipalities). Anticipation is allowed from the quarter of the first application. Controls
        that the study tells nothing of (`not_told`) are left out.
    """
    untold = not_told(study, study.sick_leave, theme=theme)
    possible = {name: plan for name, plan in SPECIFICATIONS.items() if plan.get("controls") not in untold}
    plans = {name: {"last": last} | options for name, options in possible.items()}
    plans["anticipation"] = {"last": last, "anticipation": anticipation_quarters(study)}
    if newest is not None and pd.Period(newest, freq="Q-DEC") > pd.Period(last, freq="Q-DEC"):
        plans["through_coverage_break"] = {"last": newest}
    rows = [
        {"specification": name} | row_of(effect(study, theme=theme, **PRESPECIFIED | options).overall)
        for name, options in plans.items()
    ]
    return pd.DataFrame(rows)


def anticipation_quarters(study: Study) -> int:
    """Return the longest time from an application to the start of local work, in quarters."""
    known = study.programme.intakes.dropna(subset=["applied", "started"])
    ordinals = [
        tuple(pd.Period(pd.Timestamp(day), freq="Q-DEC").ordinal for day in pair)
        for pair in zip(known["applied"], known["started"], strict=True)
    ]
    return max((started - applied for applied, started in ordinals), default=0)


def specification_curve(study: Study, *, theme: str = "sick_leave", last: pd.Period | str) -> pd.DataFrame:
    """Estimate the effect under every combination of the choices in `CHOICES` that the study can tell apart.

    Returns
    -------
    DataFrame
        In order of size: a column for each choice (`method`, `controls`, `weighting`, `kind`), `prespecified` (bool),
        `estimate`, `standard_error`, `low`, `high` (percentage points), `p_value`, `treated`, `n`.
    """
    rows, untold = [], not_told(study, study.sick_leave, theme=theme)
    for names in product(*([name for name in choice if name not in untold] for choice in CHOICES.values())):
        chosen = dict(zip(CHOICES, names, strict=True))
        options: dict[str, Any] = {}
        for choice, name in chosen.items():
            options |= CHOICES[choice][name]
        first = all(name == next(iter(CHOICES[choice])) for choice, name in chosen.items())
        found = effect(study, theme=theme, last=last, **options).overall
        rows.append({**chosen, "prespecified": first, **row_of(found)})
    return pd.DataFrame(rows).sort_values("estimate", kind="stable", ignore_index=True)


def balance(study: Study, *, theme: str = "sick_leave", last: pd.Period | str | None = None) -> pd.DataFrame:
    """Return how participants and each comparison group differed before the programme.

    Returns
    -------
    DataFrame
        `controls` (of `CONTROLS`), `characteristic`, `treated`, `controls_mean`, `standardised_difference`, `n`
        (municipalities compared with). Controls that the study tells nothing of (`not_told`) are left out.
    """
    parts, untold = [], not_told(study, study.sick_leave, theme=theme)
    for name in (name for name in CONTROLS if name not in untold):
        built = panel(study, theme=theme, last=last, controls=name)
        others = int(built.data.loc[built.data["first_treated"] == 0, "municipality"].nunique())
        rows = built.balance.rename(columns={"controls": "controls_mean"}).assign(n=others)
        rows.insert(0, "controls", name)
        parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def by_outcome(
    study: Study, *, theme: str = "sick_leave", last: pd.Period | str, sectors: bool = True, **options: Any
) -> pd.DataFrame:
    """Estimate the effect on every kind of sick leave and in every sector, with p-values adjusted for their number.

    Returns
    -------
    DataFrame
        `outcome` (a key of `KINDS` or a sector), `estimate`, `standard_error`, `low`, `high` (percentage points),
        `p_value`, `p_holm` (Holm 1979: the chance of any false finding), `p_fdr` (Benjamini and Hochberg 1995: the
        share of false findings), `treated`, `n`. The total is not adjusted: it is the prespecified outcome.
    """
    from statsmodels.stats.multitest import multipletests

    plans = {kind: {"kind": kind} for kind in kinds_in(study.sick_leave)}
    if sectors:
        plans |= {sector: {"sector": sector} for sector in sorted(study.sick_leave["sector"].astype(str).unique())}
    rows = [
        {"outcome": name} | row_of(effect(study, theme=theme, last=last, **PRESPECIFIED | options | plan).overall)
        for name, plan in plans.items()
    ]
    table = pd.DataFrame(rows)
    others = table["outcome"] != "total"
    for column, method in (("p_holm", "holm"), ("p_fdr", "fdr_bh")):
        table[column] = table["p_value"]
        table.loc[others, column] = multipletests(table.loc[others, "p_value"], method=method)[1]
    return table


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
    """Return the development of every kind of sick leave: total, by certificate and, where the table has it, duration.

    Returns
    -------
    DataFrame
        `kind` (a key of `KINDS`) and the columns of `Development.rows` by `group`.
    """
    parts = [
        development(table, before=before, after=after, kind=kind).rows.assign(kind=kind) for kind in kinds_in(table)
    ]
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
