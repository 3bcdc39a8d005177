"""The effect on the index, and the smallest effect that the survey could have found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation import did, survey
from evaluation.errors import EstimationError, Problem
from evaluation.reputation.noise import Noise, noise
from evaluation.reputation.waves import Measured, Panel, panel

if TYPE_CHECKING:
    from evaluation.did.power import MinimumDetectableEffect
    from evaluation.did.pre_trends import PreTrends
    from evaluation.did.resampling import Inference
    from evaluation.did.robustness import LeaveOneOut
    from evaluation.study import Study

COLUMNS: dict[str, Any] = {
    "outcome": "index",
    "unit": "municipality",
    "period": "period",
    "first_treated": "first_treated",
}
OPTIONS: dict[str, Any] = COLUMNS | {"method": "imputation", "missing": "drop"}
FEWEST = 3
OBSTACLES = ("no_wave", "one_wave", "no_wave_before", "no_wave_after", "too_few")
"""Why no effect can be estimated: no wave, or one only; none before, or none after, the start; too few surveyed."""

SPECIFICATIONS: dict[str, dict[str, Any]] = {
    "without_weights": {"weighted": False},
    "every_wave": {"every_wave": True},
    "by_answers": {"by_answers": True},
    "without_predecessor": {"earlier": False},
    "against_other_themes": {"controls": "other_themes"},
}


@dataclass(frozen=True, eq=False)
class Answer:
    """An effect with what it is worth.

    Attributes
    ----------
    estimate : did.Estimate
        Points of the scale from 1 to 5. Its interval and p-value are those of the inference that `advice` leads with.
    effects : did.Effects
        All that was estimated, with standard errors clustered on municipality.
    advice : did.Recommendation
        Which inference holds with so many participants.
    randomised, wild : did.Inference or None
        The studentised randomisation test and the wild cluster bootstrap (None below five participants, where it does
        not hold).
    detectable : did.MinimumDetectableEffect
        By a test that holds its level.
    noise : Noise
    without_each_municipality : did.LeaveOneOut
    waves_before : int
        Waves before the first start.
    before : did.PreTrends or None
        The test of equal development before the start; None with a single wave before it.
    """

    estimate: did.Estimate
    effects: did.Effects
    advice: did.Recommendation
    randomised: Inference
    wild: Inference | None
    detectable: MinimumDetectableEffect
    noise: Noise
    without_each_municipality: LeaveOneOut
    waves_before: int
    before: PreTrends | None

    @property
    def found(self) -> bool:
        """Whether an effect is found: no effect at all is rejected at the 5 per cent level."""
        return self.estimate.p_value < 0.05

    def ranges(self, spread: float) -> pd.DataFrame:
        """Return the estimate beside what the design could find and beside the spread among municipalities.

        Parameters
        ----------
        spread : float
            Standard deviation of the municipalities' true means, in points (`survey.Placement.between`).

        Returns
        -------
        DataFrame
            `range` ("estimate", "too_small", "too_small_all_answered", "spread"), `value`, `low`, `high` (points),
            `municipalities`.
        """
        rows = [("estimate", self.estimate.value, self.estimate.low, self.estimate.high)]
        for name, size in (
            ("too_small", self.detectable.value),
            ("too_small_all_answered", self.noise.without(self.detectable.value)),
            ("spread", spread),
        ):
            rows.append((name, 0.0, -size, size))
        return pd.DataFrame(rows, columns=["range", "value", "low", "high"]).assign(
            municipalities=self.estimate.treated
        )

    def __repr__(self) -> str:
        return (
            f"Answer({self.estimate}; inference: {self.advice.lead}; smallest effect found {self.detectable.value:.4f})"
        )


def obstacle(panel: Panel) -> str | None:
    """Return why no effect can be estimated from these waves (one of `OBSTACLES`), or None if it can."""
    if len(panel.years) < 2:
        return "one_wave" if panel.years else "no_wave"
    starts = panel.data.loc[panel.data["group"] == "participants", "first_treated"]
    if len(starts) and starts.max() <= 1:
        return "no_wave_before"
    if len(starts) and starts.min() > len(panel.years):
        return "no_wave_after"
    groups = _compared(panel).groupby("group")["municipality"].nunique()
    return "too_few" if min(groups.get(name, 0) for name in ("participants", "others")) < FEWEST else None


def effect(panel: Panel, *, draws: int = 9999, replications: int = 1000, seed: int = 0) -> Answer:
    """Estimate the effect of the theme on the municipalities' mean index, with inference for few participants.

    Difference-in-differences by imputation (Borusyak, Jaravel and Spiess): participants in the theme against those who
    never took part, among municipalities with a wave on both sides of the start; every municipality counts equally, and
    a wave without it is passed over.

    Parameters
    ----------
    panel : Panel
    draws : int
        Of the randomisation test and the wild bootstrap.
    replications : int
        Simulated panels behind the smallest detectable effect.
    seed : int

    Raises
    ------
    EstimationError
        If there is an `obstacle`.
    """
    hindered = obstacle(panel)
    if hindered is not None:
        what = f"No effect can be estimated: {hindered}"
        raise EstimationError(Problem(what, "Choose a later `as_of`, or describe the level only"))
    data = _compared(panel)
    effects = did.estimate(data, **OPTIONS)
    randomised = did.randomisation_inference(data, **OPTIONS, draws=draws, seed=seed)
    advice = did.recommend_inference(randomised.treated)
    held = "wild_bootstrap" in advice.beside
    waves_before = int(data.loc[data["first_treated"] > 0, "first_treated"].min()) - 1
    by_wave = did.estimate(data, **(OPTIONS | {"method": "callaway_santanna"})) if waves_before > 1 else None
    return Answer(
        estimate=_led(effects.overall, randomised),
        effects=effects,
        advice=advice,
        randomised=randomised,
        wild=did.wild_bootstrap(data, **OPTIONS, draws=draws, seed=seed) if held else None,
        detectable=did.minimum_detectable_effect(data, **OPTIONS, replications=replications, seed=seed),
        noise=noise(panel),
        without_each_municipality=did.leave_one_out(data, **OPTIONS, over="treated_unit"),
        waves_before=waves_before,
        before=None if by_wave is None else did.pre_trend_test(by_wave),
    )


def alternatives(study: Study, found: Measured, answer: Answer, *, draws: int = 999, seed: int = 0) -> pd.DataFrame:
    """Estimate the effect under other reasonable choices, each differing from the prespecified one in one respect.

    Without weights for non-response; only municipalities surveyed in every wave; municipalities weighing by their
    answers; controls that were in no predecessor programme; participants in other themes as controls.

    Returns
    -------
    DataFrame
        `specification` ("prespecified", which is `answer`, first), `estimate`, `standard_error` (clustered on
        municipality), `low`, `high`, `p_value` (of the inference that holds with so many participants, by `draws`),
        `treated`, `n`. Choices that leave fewer than three on either side are left out, and so is that
        without a predecessor where nobody is known to have been in one.
    """
    made = {weighted: panel(study, found, weighted=weighted) for weighted in (True, False)}
    fitted = {"prespecified": answer.estimate}
    for name, choice in SPECIFICATIONS.items():
        one: dict[str, Any] = dict(choice)
        source, by_answers = made[one.pop("weighted", True)], one.pop("by_answers", False)
        data = _compared(source, **one)
        sides = data.groupby(data["first_treated"] > 0)["municipality"].nunique()
        if len(sides) < 2 or sides.min() < FEWEST or ("earlier" in one and not source.data["earlier"].any()):
            continue
        data = data.assign(weight=data.groupby("municipality")["answers"].transform("mean"))
        options = OPTIONS | ({"weights": "weight"} if by_answers else {})
        randomised = did.randomisation_inference(data, **options, draws=draws, seed=seed)
        fitted[name] = _led(did.estimate(data, **options).overall, randomised)
    numbers = ["standard_error", "low", "high", "p_value", "treated", "n"]
    rows = [[name, one.value, *(getattr(one, number) for number in numbers)] for name, one in fitted.items()]
    return pd.DataFrame(rows, columns=["specification", "estimate", *numbers])


def same_sign(alternatives: pd.DataFrame) -> float:
    """Return the share (0 to 1) of the other choices with the sign of the prespecified estimate, its first row."""
    others = alternatives["estimate"].iloc[1:]
    return float((others * alternatives["estimate"].iloc[0] > 0).mean())


def same_conclusion(alternatives: pd.DataFrame) -> bool:
    """Return whether all choices say the same: below zero, above it, or neither."""
    return len(set((alternatives["low"] > 0).astype(int) - (alternatives["high"] < 0).astype(int))) == 1


def _led(overall: did.Estimate, test: Inference) -> did.Estimate:
    """Return the estimate with all its participants, and the interval and p-value that hold with so many."""
    low, high = survey.SCALE
    return did.advised(replace(overall, treated=test.treated), test, bound=high - low)


def _compared(
    panel: Panel, *, controls: str = "others", every_wave: bool = False, earlier: bool = True
) -> pd.DataFrame:
    """Return the rows of the participants and their controls that have a wave on both sides of the start."""
    data = panel.data
    kept = data["group"].isin(("participants", controls)) & data["both_sides"]
    if every_wave:
        kept &= data.groupby("municipality")["period"].transform("size") == len(panel.years)
    if not earlier:
        kept &= (data["group"] == "participants") | ~data["earlier"]
    return data[kept].reset_index(drop=True)
