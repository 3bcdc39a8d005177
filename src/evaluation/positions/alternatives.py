"""The effect on position sizes under other reasonable choices than the one the chapter leads with."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation import did
from evaluation.positions.groups import Outcome, panel
from evaluation.positions.histogram import EXCLUDED, Histogram

if TYPE_CHECKING:
    from evaluation.study import Study

LED = "callaway_santanna"
_NEVER = {"control": "never_treated"}
# Each differs from the chapter's choice (the first) in one respect: options of `did.estimate`, or of `panel`.
CHOICES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    LED: (_NEVER, {}),
    "imputation": ({"method": "imputation"}, {}),
    "sun_abraham": ({"method": "sun_abraham"}, {}),
    "two_way_fixed_effects": ({"method": "two_way_fixed_effects"}, {}),
    "not_yet_treated": ({"control": "not_yet_treated"}, {}),
    "weighted_by_employees": (_NEVER | {"weights": "weight"}, {}),
    "without_predecessor": (_NEVER, {"exclude_earlier": True}),
}


def alternatives(
    study: Study,
    outcome: Outcome,
    *,
    theme: str | None = "full_time",
    exclude: Collection[str] = EXCLUDED,
    hist: Histogram | None = None,
) -> pd.DataFrame:
    """Estimate the average effect on an outcome per employee under other choices, each differing in one respect.

    Parameters
    ----------
    study, outcome, theme, exclude, hist
        As in `panel`.

    Returns
    -------
    DataFrame
        `specification` (a label key), `prespecified` (bool), `estimate`, `standard_error`, `low`, `high` (percentage
        points), `p_value`, `treated`, `n` (municipalities). Standard errors are clustered on municipality. The choice
        without a predecessor is left out where no other municipality is known to have been in one.
    """
    rows, everyone = [], 0
    for name, (options, choice) in CHOICES.items():
        built = panel(study, outcome, theme=theme, exclude=exclude, hist=hist, **choice)
        units = built.data["municipality"].nunique()
        if choice and units == everyone:
            continue  # nobody is known to have been in an earlier programme
        everyone = max(everyone, units)
        asked: dict[str, Any] = {
            "outcome": outcome,
            "unit": "municipality",
            "period": "period",
            "first_treated": "first_treated",
        }
        found = did.estimate(built.data, missing="drop", **asked, **options).overall
        numbers = {"estimate": found.value, "standard_error": found.standard_error, "low": found.low}
        numbers |= {"high": found.high, "p_value": found.p_value, "treated": found.treated, "n": found.n}
        rows.append({"specification": name, "prespecified": name == LED} | numbers)
    return pd.DataFrame(rows)


def same_sign(found: pd.DataFrame) -> float:
    """Return the share (0-1) of the other choices whose estimate has the sign of the chapter's."""
    led = found.loc[found["prespecified"], "estimate"].iloc[0]
    return float((found.loc[~found["prespecified"], "estimate"] * led > 0).mean())
