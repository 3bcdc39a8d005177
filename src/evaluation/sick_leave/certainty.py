"""How sure the answer is: what a referee asks of an effect on sick leave, asked of one panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation import did
from evaluation.sick_leave.effect import effect, panel
from evaluation.sick_leave.specifications import PRESPECIFIED
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.did.honest import Honest
    from evaluation.did.power import MinimumDetectableEffect
    from evaluation.did.pre_trends import PreTrends
    from evaluation.did.resampling import Inference
    from evaluation.did.robustness import LeaveOneOut, Placebos
    from evaluation.study import Study

COLUMNS = {"outcome": "rate", "unit": "municipality", "period": "period", "first_treated": "first_treated"}
WINDOW = (-8, 7)
"""Event times, in quarters, that the tests of trends use: two years before the start and two after it.

The joint test of trends uses fewer before the start where fewer than ten are treated (`did.widest_window`).
"""


@dataclass(frozen=True, eq=False)
class Certainty(Described):
    """What can be said against an estimate, and how much of it holds.

    Attributes
    ----------
    pre_trends : PreTrends
        Whether trends were parallel before, what the test could have found, and the bound it supports.
    relative, smooth : Honest
        The interval if trends after the start differ as much as they did before (times a bound), or bend by so much a
        quarter (percentage points).
    randomised, wild : Inference
        The test that other assignments of the start dates give, and the wild cluster bootstrap, on municipalities with
        figures in every quarter.
    complete : int
        How many municipalities those are.
    detectable : MinimumDetectableEffect
    without_each_municipality : LeaveOneOut
    without_each_intake : LeaveOneOut or None
        None if all that have started did so in the same quarter.
    placebo_dates : Placebos
    """

    pre_trends: PreTrends
    relative: Honest
    smooth: Honest
    randomised: Inference
    wild: Inference
    complete: int
    detectable: MinimumDetectableEffect
    without_each_intake: LeaveOneOut | None
    without_each_municipality: LeaveOneOut
    placebo_dates: Placebos

    def bounds(self) -> pd.DataFrame:
        """Return the intervals under failures of parallel trends: `restriction`, `bound`, `low`, `high`."""
        parts = [
            found.intervals.assign(restriction=name)
            for name, found in (("relative_magnitudes", self.relative), ("smoothness", self.smooth))
        ]
        return pd.concat(parts, ignore_index=True)[["restriction", "bound", "low", "high"]]


def certainty(
    study: Study,
    *,
    theme: str = "sick_leave",
    last: pd.Period | str,
    threshold: float = 0.1,
    bends: tuple[float, ...] = (0.0, 0.02, 0.05),
    draws: int = 9999,
    replications: int = 200,
    seed: int = 0,
) -> Certainty:
    """Ask of the prespecified estimate what a referee would.

    Parameters
    ----------
    study, theme, last
        As in `effect`.
    threshold : float
        A difference in trends before the start that would be too small to matter, in percentage points.
    bends : tuple of float
        How much the difference in trends may bend from one quarter to the next, in percentage points.
    draws : int
        Of the randomisation test and the wild bootstrap.
    replications : int
        Simulated panels behind the minimum detectable effect.
    seed : int

    Returns
    -------
    Certainty
        Trends and their bounds by Callaway-Sant'Anna, which has estimates before the start relative to one quarter; the
        rest by the prespecified estimator.
    """
    data = panel(study, theme=theme, last=last).data
    whole = did.balanced(data, unit="municipality", period="period")
    event_study = effect(study, theme=theme, last=last, method="callaway_santanna")
    testable = did.widest_window(event_study, first=WINDOW[0], last=WINDOW[1])
    options: dict[str, Any] = COLUMNS | PRESPECIFIED
    dropping = options | {"missing": "drop"}
    started = data.loc[data["first_treated"].between(1, data["period"].max()), "first_treated"]
    return Certainty(
        pre_trends=did.pre_trend_test(event_study, threshold=threshold, window=testable),
        relative=did.honest(event_study, restriction="relative_magnitudes", window=WINDOW),
        smooth=did.honest(event_study, restriction="smoothness", values=bends, window=WINDOW),
        randomised=did.randomisation_inference(whole, **options, draws=draws, seed=seed),
        wild=did.wild_bootstrap(whole, **options, draws=draws, seed=seed),
        complete=int(whole["municipality"].nunique()),
        detectable=did.minimum_detectable_effect(whole, **options, replications=replications, seed=seed),
        without_each_intake=did.leave_one_out(data, **dropping, over="group") if len(set(started)) > 1 else None,
        without_each_municipality=did.leave_one_out(data, **dropping, over="treated_unit"),
        placebo_dates=did.placebo_dates(data, **dropping, leads=(2, 4, 6)),
    )
