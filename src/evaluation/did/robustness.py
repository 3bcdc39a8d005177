"""Whether an estimate rests on a few units, and whether the method finds effects where there can be none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from evaluation.did.repeated import Question, table
from evaluation.did.results import Estimate
from evaluation.errors import EstimationError, Problem

OVER = ("group", "treated_unit", "unit")


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """An estimate repeated without each group, or each unit, in turn.

    Attributes
    ----------
    full : Estimate
        With all of them.
    estimates : DataFrame
        `left_out` (the `first_treated` of the group, or the unit), `estimate`, `standard_error`, `low`, `high`,
        `p_value`, `treated`, `n`, and `difference` from the full estimate.
    skipped : DataFrame
        `left_out`, `reason`: those without which nothing can be estimated.
    over : str
    """

    full: Estimate
    estimates: pd.DataFrame
    skipped: pd.DataFrame
    over: str

    @property
    def lowest(self) -> float:
        """The lowest of the estimates."""
        return float(self.estimates["estimate"].min())

    @property
    def highest(self) -> float:
        """The highest of the estimates."""
        return float(self.estimates["estimate"].max())

    @property
    def decisive(self) -> pd.DataFrame:
        """The rows without which the conclusion is another: below zero, above zero, or neither."""
        rows = self.estimates
        conclusion = (rows["low"] > 0).astype(int) - (rows["high"] < 0).astype(int)
        return rows[conclusion != int(self.full.low > 0) - int(self.full.high < 0)].reset_index(drop=True)

    def __repr__(self) -> str:
        return (
            f"LeaveOneOut(over {self.over}: {len(self.estimates)} estimates from {self.lowest:.4f} to "
            f"{self.highest:.4f}, all together {self.full.value:.4f}; {len(self.decisive)} change the conclusion)"
        )

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>{self.estimates.to_html(index=False)}"


@dataclass(frozen=True, eq=False)
class Placebos:
    """Estimates where there can be no effect, beside the actual one.

    Attributes
    ----------
    actual : Estimate
    estimates : DataFrame
        `placebo` (periods too early, or the column that says who is treated), `estimate`, `standard_error`, `low`,
        `high`, `p_value`, `treated`, `n`.
    kind : str
        What is false about the placebos.
    level : float
    """

    actual: Estimate
    estimates: pd.DataFrame
    kind: str
    level: float

    @property
    def found(self) -> int:
        """How many placebos have an interval that leaves out zero."""
        return int(((self.estimates["low"] > 0) | (self.estimates["high"] < 0)).sum())

    def __repr__(self) -> str:
        rows = [f"{row.placebo}: {row.estimate:.4f} [{row.low:.4f}, {row.high:.4f}]" for row in self._rows()]
        head = f"Placebos({self.kind}; actual {self.actual.value:.4f}; {self.found} of {len(self.estimates)} found)"
        return f"{head}\n  {'; '.join(rows)}"

    def _rows(self) -> list[Any]:
        return list(self.estimates.itertuples(index=False))

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self).splitlines()[0])}</p>{self.estimates.to_html(index=False)}"


def leave_one_out(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: str,
    first_treated: str,
    over: str = "group",
    kind: str = "simple",
    **options: Any,
) -> LeaveOneOut:
    """Estimate without each group first treated together, or without each unit, in turn.

    Parameters
    ----------
    panel, outcome, unit, period, first_treated
        As in `did.estimate`.
    over : {"group", "treated_unit", "unit"}
        Leave out the groups first treated together; the units ever treated; or all units, controls too.
    kind : str
        The number compared, as in `Effects.aggregate`.
    **options
        Passed to `did.estimate`.

    Returns
    -------
    LeaveOneOut

    Raises
    ------
    EstimationError
        As `did.estimate`; and if there is only one group, or one treated unit, to leave out.
    """
    if over not in OVER:
        listed = ", ".join(repr(choice) for choice in OVER)
        raise EstimationError(Problem(f"Unknown over {over!r}", f"Choose one of {listed}"))
    question = Question(outcome, unit, period, first_treated, kind, options)
    effects = question.effects(panel)
    studied = effects.sample.groups["first_treated"]
    groups = sorted(int(group) for group in studied if group != 0)
    code = first_treated if over == "group" else unit
    if over == "group":
        names: list[Any] = list(groups)
    else:
        kept = panel[panel[first_treated].isin(groups)] if over == "treated_unit" else panel
        names = list(kept[unit].drop_duplicates())
    if len(names) < 2:
        what = f"There is only one {over.replace('_', ' ')} to leave out"
        raise EstimationError(Problem(what, "Leaving it out leaves nothing to estimate"))
    found, skipped = [], []
    for name in names:
        try:
            found.append((name, question.again(panel[panel[code] != name])))
        except EstimationError as error:
            skipped.append((name, str(error)))
    if not found:
        raise EstimationError(Problem("Nothing can be estimated without any one of them", str(skipped[0][1])))
    full = effects.aggregate(kind)
    rows = table("left_out", found)
    return LeaveOneOut(
        full=full,
        estimates=rows.assign(difference=rows["estimate"] - full.value),
        skipped=pd.DataFrame(skipped, columns=["left_out", "reason"]),
        over=over,
    )


def placebo_dates(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: str,
    first_treated: str,
    leads: Sequence[int],
    kind: str = "simple",
    **options: Any,
) -> Placebos:
    """Pretend that the treatment began earlier, on data from before it began.

    Parameters
    ----------
    panel, outcome, unit, period, first_treated
        As in `did.estimate`.
    leads : sequence of int
        How many periods before the real treatment (and the anticipation of it) the false one begins. Treated units are
        followed up to then, so a placebo averages `lead` periods; units whose false date leaves no period before it are
        left out.
    kind : str
        The number compared, as in `Effects.aggregate`.
    **options
        Passed to `did.estimate`.

    Returns
    -------
    Placebos

    Raises
    ------
    EstimationError
        As `did.estimate`, and if a lead leaves nothing to estimate.
    """
    wrong = [lead for lead in leads if isinstance(lead, bool) or int(lead) != lead or lead < 1]
    if wrong or not len(leads):
        remedy = "Give one or more whole numbers of periods, 1 or more"
        raise EstimationError(Problem("A lead is not a number of periods", remedy, value=wrong[0] if wrong else None))
    question = Question(outcome, unit, period, first_treated, kind, options)
    actual = question.effects(panel).aggregate(kind)
    last, first = panel[period].max(), panel[period].min()
    ahead = int(options.get("anticipation", 0))
    start = panel[first_treated]
    treated = (start != 0) & (start <= last + ahead)
    kept = ~treated | (panel[period] < start - ahead)
    before, moving = panel[kept], treated[kept]
    found = []
    for lead in leads:
        false = (before[first_treated] - ahead - int(lead)).where(moving, before[first_treated])
        moved = before.assign(**{first_treated: false})[~moving | (false - ahead > first)]
        try:
            found.append((int(lead), question.again(moved, missing="drop")))
        except EstimationError as error:
            remedy = "Use fewer periods, or begin the panel earlier"
            raise EstimationError(Problem(f"Nothing can be estimated {lead} periods early: {error}", remedy)) from error
    return Placebos(actual, table("placebo", found), "the treatment dated too early", actual.level)


def placebo_treatments(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: str,
    first_treated: str,
    placebos: Sequence[str] | Mapping[str, str],
    kind: str = "simple",
    **options: Any,
) -> Placebos:
    """Pretend that others were treated: units with another treatment that cannot have moved this outcome.

    Parameters
    ----------
    panel, outcome, unit, period, first_treated
        As in `did.estimate`.
    placebos : sequence of str, or mapping of name to column
        Columns of the panel laid out as `first_treated`. Units really treated are left out of the placebo estimates.
    kind : str
        The number compared, as in `Effects.aggregate`.
    **options
        Passed to `did.estimate`.

    Returns
    -------
    Placebos

    Raises
    ------
    EstimationError
        As `did.estimate`, and if a placebo leaves nothing to estimate.
    """
    named = dict(placebos) if isinstance(placebos, Mapping) else {name: name for name in placebos}
    absent = [column for column in named.values() if column not in panel.columns]
    if absent or not named:
        remedy = "Name one or more columns of the panel"
        raise EstimationError(
            Problem("A placebo is not a column of the panel", remedy, column=absent[0] if absent else None)
        )
    question = Question(outcome, unit, period, first_treated, kind, options)
    actual = question.effects(panel).aggregate(kind)
    untreated = panel[panel[first_treated] == 0]
    found = []
    for name, column in named.items():
        try:
            found.append((name, question.again(untreated.assign(**{first_treated: untreated[column]}))))
        except EstimationError as error:
            remedy = "Use a treatment that untreated units received within the panel"
            raise EstimationError(Problem(f"Nothing can be estimated for {name!r}: {error}", remedy)) from error
    return Placebos(actual, table("placebo", found), "others treated", actual.level)
