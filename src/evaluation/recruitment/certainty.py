"""How sure the answer is: trends before, chance, single municipalities, other themes, and other reasonable choices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation import did
from evaluation.errors import EstimationError
from evaluation.recruitment.count_effects import CountEffects
from evaluation.recruitment.effect import CONTROLS, OUTCOMES, estimated, in_per_cent, linear_effect, panel
from evaluation.recruitment.poisson import randomised_p_value
from evaluation.sick_leave.controls import not_told
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.did.honest import Honest
    from evaluation.did.pre_trends import PreTrends
    from evaluation.study import Study

POWER = 0.8
SPECIFICATIONS: dict[str, dict[str, Any]] = {
    "prespecified": {},
    "last_year_only": {"base": "last_year"},
    "group_intercepts": {"intercepts": "group"},
    "without_predecessor": {"controls": "never_participants_nor_predecessor"},
    "same_kostra_group": {"controls": "same_kostra_group"},
}
"""Each differs from the prespecified one (the first) in one respect."""


@dataclass(frozen=True, eq=False)
class Certainty(Described):
    """What can be said against an estimate, and how much of it holds.

    Attributes
    ----------
    pre_trends : PreTrends or None
        Of the logarithms of the ratios before the start; None if no group has two years before.
    relative : Honest or None
        The interval (of logarithms, with the last year before the start as base) if trends after the start differ as
        much as they did before, times a bound.
    randomised : float
        p-value of no effect for anyone, from other assignments of the municipalities to the starts.
    p_value : float
        Of the inference that applies to so many participants (`did.recommend_inference`).
    advice : did.Recommendation
    detectable : float
        The smallest fall, in per cent, found with 80 % probability (see `detectable`).
    lowest, highest : float
        The estimate without one participant at a time.
    """

    pre_trends: PreTrends | None
    relative: Honest | None
    randomised: float
    p_value: float
    advice: did.Recommendation
    detectable: float
    lowest: float
    highest: float


def certainty(
    study: Study, *, theme: str = "recruitment", outcome: str = "vacant", draws: int = 9999, seed: int = 0
) -> Certainty:
    """Ask of the prespecified estimate what a referee would.

    Parameters
    ----------
    study, theme, outcome
        As in `effect`.
    draws, seed : int
        Of the randomisation test.
    """
    from evaluation.did.panel import Columns, prepare

    data = panel(study, theme=theme).data
    found = estimated(data, outcome)
    columns = Columns(outcome, "municipality", "year", "first_treated", covariates=("employees",))
    laid = prepare(data, columns, control="never_treated", anticipation=0, missing="drop")
    randomised, _ = randomised_p_value(laid.outcome, laid.covariates[:, :, 0], laid.group, draws=draws, seed=seed)
    treated = found.overall.treated
    advice = did.recommend_inference(max(treated, 2))
    without = _without_each(data, outcome)
    return Certainty(
        pre_trends=pre_trends(found),
        relative=_relative(found),
        randomised=randomised,
        p_value=found.overall.p_value if advice.lead == "cluster_robust" else randomised,
        advice=advice,
        detectable=detectable(found),
        lowest=float(min(without)),
        highest=float(max(without)),
    )


@dataclass(frozen=True)
class LinearCertainty:
    """What speaks for and against a linear estimate.

    `p_value` is of the inference that applies to so many participants, `before` that of equal trends before the start
    (None where it cannot be told), `detectable` the smallest effect found with 80 % probability, `complete` the
    municipalities with figures in every year, on which the last two and the randomisation test rest.
    """

    p_value: float
    before: float | None
    detectable: float
    complete: int


def linear_certainty(
    study: Study,
    *,
    theme: str = "recruitment",
    measure: str = "plan_share",
    draws: int = 1999,
    replications: int = 500,
    seed: int = 0,
) -> LinearCertainty:
    """Ask of `linear_effect` what `certainty` asks of the model of counts."""
    data = panel(study, theme=theme).data.dropna(subset=[measure])
    whole = data[data.groupby("municipality")["year"].transform("size") == data["year"].nunique()]
    named: dict[str, Any] = {"outcome": measure, "unit": "municipality", "period": "year"}
    named |= {"first_treated": "first_treated", "method": "imputation"}
    found = linear_effect(study, theme=theme, measure=measure).overall
    advice = did.recommend_inference(max(found.treated, 2))
    randomised = did.randomisation_inference(whole, **named, draws=draws, seed=seed).p_value
    smallest = did.minimum_detectable_effect(whole, **named, replications=replications, seed=seed)
    try:
        earlier = linear_effect(study, theme=theme, measure=measure, method="callaway_santanna")
        before: float | None = did.pre_trend_test(earlier).p_value
    except EstimationError:
        before = None
    p_value = found.p_value if advice.lead == "cluster_robust" else randomised
    return LinearCertainty(p_value, before, smallest.value, int(whole["municipality"].nunique()))


def pre_trends(found: CountEffects) -> PreTrends | None:
    """Test whether the logarithms of the ratios moved before the start; None where they cannot be told."""
    if found.before is None:
        return None
    try:
        return did.pre_trend_test(found.before)
    except EstimationError:
        return None


def detectable(found: CountEffects, *, power: float = POWER) -> float:
    """Return the smallest fall, in per cent, that this design finds with a stated probability.

    (t quantile of the interval + t quantile of the power) x standard error of the logarithm, as a fall (Bloom 1995,
    Evaluation Review 19, 547-556). A positive number.
    """
    from scipy.stats import t

    overall = found.overall
    error = overall.standard_error / (100 + overall.value)
    freedom = max(overall.treated - 1, 1)
    reach = t.ppf(0.5 + overall.level / 2, freedom) + t.ppf(power, freedom)
    return float(100 * (1 - np.exp(-reach * error)))


def alternatives(study: Study, *, theme: str = "recruitment") -> pd.DataFrame:
    """Estimate the effect on vacancies under other reasonable choices, each differing in one respect.

    Returns
    -------
    DataFrame
        `specification` (a label key), `estimate`, `standard_error`, `low`, `high` (per cent), `p_value`, `treated`, `n`
        (municipalities). Choices that the study tells nothing of (`sick_leave.not_told`), or with nothing counted where
        the model needs it, are left out. "linear" and "linear_weighted" are difference-in-differences of the rate by
        imputation (every municipality, or every employee, counting the same), in per cent of the rate expected.
    """
    untold = not_told(study, study.vacancies, theme=theme)
    rows = []
    for name, choice in SPECIFICATIONS.items():
        options = dict(choice)
        controls = options.pop("controls", CONTROLS[0])
        if controls in untold:
            continue
        found = _or_none(panel(study, theme=theme, controls=controls).data, "vacant", **options)
        if found is not None:
            rows.append({"specification": name} | _row(found.overall))
    data = panel(study, theme=theme).data
    for name, weighted in (("linear", False), ("linear_weighted", True)):
        linear = in_per_cent(linear_effect(study, theme=theme, weighted=weighted), data, weighted=weighted)
        rows.append({"specification": name} | _row(linear))
    return pd.DataFrame(rows)


def same_sign(alternatives: pd.DataFrame) -> float:
    """Return the share (0-1) of the choices after the first whose estimate has the sign of the first."""
    sign = np.sign(alternatives["estimate"])
    return float((sign.iloc[1:] == sign.iloc[0]).mean())


def by_outcome(study: Study, *, theme: str = "recruitment") -> pd.DataFrame:
    """Estimate the effect on every count, with what each design could have found and how it was before the start.

    Counts of which there are too few for a ratio are left blank.

    Returns
    -------
    DataFrame
        `outcome`, `estimate`, `standard_error`, `low`, `high` (per cent), `p_value`, `treated`, `n`, `p_holm` (Holm
        1979, over all but the first, which was chosen beforehand), `detectable` (per cent), `before` (p-value of equal
        trends before the start), `dispersion`.
    """
    data = panel(study, theme=theme).data
    return _adjusted("outcome", {outcome: _or_none(data, outcome) for outcome in OUTCOMES}, first=True)


def by_sector(study: Study, *, theme: str = "recruitment", outcome: str = "vacant") -> pd.DataFrame:
    """Estimate the effect in every sector; sectors with nothing counted in some group and year are left blank.

    Returns
    -------
    DataFrame
        `sector` and the columns of `by_outcome`; all p-values are adjusted together.
    """
    sectors = sorted(study.vacancies["sector"].astype(str).unique())
    found = {sector: _or_none(panel(study, theme=theme, sector=sector).data, outcome) for sector in sectors}
    return _adjusted("sector", found, first=False)


def placebo_themes(study: Study, *, theme: str = "recruitment", outcome: str = "vacant") -> pd.DataFrame:
    """Estimate the effect of each other theme, among participants that do not work on `theme`.

    Where the design is sound and the programme works through its themes, these effects are near zero.

    Returns
    -------
    DataFrame
        `theme`, `estimate`, `standard_error`, `low`, `high` (per cent), `p_value`, `treated`, `n`. Themes without a
        participant of their own that has started, or with nothing counted among those, are left out.
    """
    rows = []
    for other in study.programme.themes:
        if other == theme:
            continue
        found = _or_none(panel(study, theme=other, without=theme).data, outcome)
        if found is not None:
            rows.append({"theme": other} | _row(found.overall))
    return pd.DataFrame(rows, columns=["theme", *_ROW])


_ROW = ("estimate", "standard_error", "low", "high", "p_value", "treated", "n")


def _row(found: did.Estimate) -> dict[str, float]:
    values = (found.value, found.standard_error, found.low, found.high, found.p_value, found.treated, found.n)
    return dict(zip(_ROW, values, strict=True))


def _adjusted(name: str, found: dict[str, CountEffects | None], *, first: bool) -> pd.DataFrame:
    from statsmodels.stats.multitest import multipletests

    rows = []
    for key, effects in found.items():
        row: dict[str, Any] = {name: key}
        if effects is not None:
            test = pre_trends(effects)
            row |= _row(effects.overall) | {"detectable": detectable(effects), "dispersion": effects.dispersion}
            row["before"] = np.nan if test is None else test.p_value
        rows.append(row)
    table = pd.DataFrame(rows, columns=[name, *_ROW, "p_holm", "detectable", "before", "dispersion"])
    table["p_holm"] = table["p_value"].astype(float)
    tested = table["p_value"].notna() & (table.index > 0 if first else True)
    if tested.any():
        table.loc[tested, "p_holm"] = multipletests(table.loc[tested, "p_value"].astype(float), method="holm")[1]
    return table


def _or_none(data: pd.DataFrame, outcome: str, **options: Any) -> CountEffects | None:
    try:
        return estimated(data, outcome, **options)
    except EstimationError:
        return None


def _without_each(data: pd.DataFrame, outcome: str) -> list[float]:
    treated = data.loc[data["first_treated"] > 0, "municipality"].unique()
    found = [_or_none(data[data["municipality"] != code], outcome) for code in treated]
    return [one.overall.value for one in found if one is not None] or [float("nan")]


def _relative(found: CountEffects) -> Honest | None:
    if found.before is None:
        return None
    try:
        return did.honest(found.before, restriction="relative_magnitudes")
    except EstimationError:
        return None
