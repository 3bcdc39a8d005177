"""One question asked of many panels: the same columns, method and options, other units or dates."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from evaluation.did.results import KINDS, Effects, Estimate
from evaluation.errors import EstimationError, Problem

FEWEST_DRAWS = 99
COLUMNS = ("estimate", "standard_error", "low", "high", "p_value", "treated", "n")


@dataclass(frozen=True)
class Question:
    """The columns of a panel, the number asked for (a kind of `Effects.aggregate`) and the options of `estimate`."""

    outcome: str
    unit: str
    period: str
    first_treated: str
    kind: str
    options: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            listed = ", ".join(repr(kind) for kind in KINDS)
            raise EstimationError(Problem(f"Unknown kind {self.kind!r}", f"Choose one of {listed}"))

    def effects(self, panel: pd.DataFrame, **changed: Any) -> Effects:
        """Estimate on a panel, with some options changed; the warnings are the caller's own."""
        from evaluation.did import estimate

        return estimate(
            panel,
            outcome=self.outcome,
            unit=self.unit,
            period=self.period,
            first_treated=self.first_treated,
            **{**self.options, **changed},
        )

    def again(self, panel: pd.DataFrame, **changed: Any) -> Estimate:
        """Estimate one number, without repeating the warnings that the panel as given has raised already."""
        from evaluation.did.methods import METHODS

        method = METHODS[self.options.get("method", "callaway_santanna")]
        if "draws" in method.options and not method.complete:
            # The simultaneous bands, which are not read, take as few draws as they may.
            changed = {"draws": FEWEST_DRAWS, **changed}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            # The treatment received has been checked against the dates as given; these may be others.
            return self.effects(panel, **changed, treatment=None).aggregate(self.kind)


def table(key: str, estimates: Iterable[tuple[Any, Estimate]]) -> pd.DataFrame:
    """Return estimates as rows: `key`, then `COLUMNS`."""
    rows = [
        (name, found.value, found.standard_error, found.low, found.high, found.p_value, found.treated, found.n)
        for name, found in estimates
    ]
    return pd.DataFrame(rows, columns=[key, *COLUMNS])
