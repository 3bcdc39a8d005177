"""The panel of an outcome that the study adds: participants of a theme, and others, year by year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.tables import Outcome
from evaluation.tables.keys import nearest

if TYPE_CHECKING:
    from evaluation.study.model import Study


@dataclass(frozen=True, eq=False)
class Panel:
    """Municipalities by years, ready for `did.estimate`.

    Attributes
    ----------
    data : DataFrame
        `municipality`, `year`, the numerator and the denominator (counts), a column named after the outcome (`per`
        times their ratio), `group` ("participants" of the theme, or "others" that were never in the programme) and
        `first_treated` (the year the municipality started in the theme, 0 if never).
    dropped : DataFrame
        `reason`, `municipalities`, `rows` (a municipality in a year).
    outcome : Outcome
    theme : str or None
    """

    data: pd.DataFrame
    dropped: pd.DataFrame
    outcome: Outcome
    theme: str | None

    def by_group(self) -> pd.DataFrame:
        """Return the outcome by `group` and `year`: a ratio of sums, with both sums and the number `municipalities`."""
        columns = [self.outcome.numerator, self.outcome.denominator]
        grouped = self.data.groupby(["group", "year"])
        sums = grouped[columns].sum().join(grouped["municipality"].nunique().rename("municipalities"))
        return _with_ratio(sums, self.outcome).reset_index()

    def __repr__(self) -> str:
        counts = self.data.groupby("group")["municipality"].nunique().to_dict()
        dropped = self.dropped.to_dict("records")
        return f"Panel({self.outcome.code}, theme={self.theme}, municipalities={counts}; dropped {dropped})"


def panel(study: Study, outcome: str, theme: str | None = None) -> Panel:
    """Return the panel of an outcome; see `Study.panel`."""
    if outcome not in study.outcomes:
        remedy = nearest(outcome, study.outcomes) if study.outcomes else "Declare it under `outcomes` in sources.yaml"
        raise InputError(Problem("the study declares no such outcome", remedy, value=outcome))
    declared, table = study.outcomes[outcome], study.table(outcome)
    last = int(table["year"].max()) if len(table) else 0
    begun = study.programme.first_treated(theme).map(lambda quarter: quarter.year)
    every = set(study.programme.participants()["municipality"])
    codes = table["municipality"]
    reasons = {
        "participants with other themes only": codes.isin(every - set(begun.index)),
        "participants that had not started by the last year": codes.isin(begun.index[begun > last]),
        "nothing to divide by": table[declared.denominator] <= 0,
    }
    why = pd.Series("", index=table.index, dtype="str")
    for reason, found in reasons.items():
        why = why.mask(found & (why == ""), reason)
    left_out = table.assign(reason=why)[why != ""].groupby("reason")["municipality"]
    first = codes.map(begun).fillna(0).astype("int64")
    group = first.gt(0).map({True: "participants", False: "others"}).astype("str")
    data = _with_ratio(table, declared).assign(group=group, first_treated=first)
    return Panel(
        data=data[why == ""].reset_index(drop=True),
        dropped=left_out.agg(municipalities="nunique", rows="size").reset_index(),
        outcome=declared,
        theme=theme,
    )


def _with_ratio(counts: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    bottom = counts[outcome.denominator]
    ratio = outcome.per * counts[outcome.numerator] / bottom.where(bottom > 0)
    return counts.assign(**{outcome.code: ratio})
