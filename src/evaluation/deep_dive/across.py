"""The cases side by side: what moved in each, how far and how surely, and what those that reached targets share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.deep_dive.compare import compare
from evaluation.deep_dive.extras import OPTIONAL
from evaluation.deep_dive.frames import SICK_LEAVE, YEAR
from evaluation.deep_dive.funnel import Funnel, funnel
from evaluation.deep_dive.notes import Note, together
from evaluation.deep_dive.result import CaseComparison
from evaluation.deep_dive.targets import measures_taken, own_targets
from evaluation.errors import InputError, Problem
from evaluation.goals import STATUSES
from evaluation.language import labels
from evaluation.positions import EXCLUDED, Histogram
from evaluation.positions.groups import histogram_of
from evaluation.texts import Text
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.study import Study

WANTED = {
    "sick_leave_rate": "lower",
    "self_certified_rate": "lower",
    "doctor_certified_rate": "lower",
    "mean_size": "higher",
    "full_time_share": "higher",
    "vacancy_rate": "lower",
    "reputation_index": "higher",
}
"""Which way each outcome is wished to go."""
OUTCOMES = ("sick_leave_rate", "full_time_share", "mean_size", *OPTIONAL)
SMALL, LARGE = 0.5, 1.0
"""A gap is small below half, and large from one, of the spread of such gaps among municipalities outside."""
CELLS = (
    "case", "title", "theme", "outcome", "gap", "low", "high", "direction", "certainty", "size", "wanted", "p_value",
    "method", "man_years", "persons",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class AcrossCases(Described):
    """All cases by all outcomes.

    Attributes
    ----------
    cells : one row per case and outcome: `case`, `title` (three languages), `theme`, `outcome`; `gap`, `low`, `high`
        (percentage points, or points of the index); `direction` (``down``, ``up``, ``level`` for a gap that rounds to
        zero, ``none`` where it cannot be formed); `certainty` (``clear`` when the interval excludes zero, ``unclear``
        otherwise); `size` (``small``, ``medium``, ``large``, in the spread of such gaps among others); `wanted`
        (``yes`` or ``no``: whether it went the way wished); `p_value`; `method` (``synthetic`` or ``peers``);
        `man_years`, `persons`.
    clear, expected : how many cells are clear, and how many chance alone would make so at this confidence.
    comparisons : what each case's comparison found, by case.
    notes : remarks the reader must see.
    """

    cells: pd.DataFrame
    clear: int
    expected: float
    comparisons: Mapping[str, CaseComparison]
    notes: tuple[Note, ...]

    @property
    def labels(self) -> dict[str, Text]:
        """What cases and outcomes are called in a figure: the municipalities, and short names, in three languages."""
        outcomes: dict[str, Text] = {name: labels()[f"short.{name}"] for name in self.cells["outcome"].unique()}
        return outcomes | {name: found.label for name, found in self.comparisons.items()}


def across(
    study: Study,
    *,
    cases: Sequence[str] | None = None,
    outcomes: Sequence[str] = OUTCOMES,
    peers: str = "kostra_group",
    exclude_earlier: bool = False,
    exclude: Sequence[str] = EXCLUDED,
    confidence: float = 0.95,
    hist: Histogram | None = None,
) -> AcrossCases:
    """Compare every case and set them side by side.

    The gap is that to the synthetic control where there is one, otherwise that to the peers (see `compare`).

    Parameters
    ----------
    study : the study.
    cases : identifiers, codes or names; all deep-dive cases by default.
    outcomes : what to show, in this order; those the study does not measure are left out.
    peers, exclude_earlier, exclude, confidence, hist : as in `compare`.

    Raises
    ------
    InputError
        If there is no case, or an outcome is unknown.
    """
    wrong = [
        Problem("Unknown outcome", f"Choose among {', '.join(WANTED)}", value=o) for o in outcomes if o not in WANTED
    ]
    named = list(study.programme.cases["case"]) if cases is None else list(cases)
    if not named:
        wrong.append(Problem("There is no case to compare", "Name municipalities, or map a file to `cases`"))
    if wrong:
        raise InputError(wrong)
    if hist is None:
        hist = histogram_of(study, exclude=exclude)
    options = {"peers": peers, "exclude_earlier": exclude_earlier, "confidence": confidence}
    compared = [compare(study, name, exclude=exclude, hist=hist, **options) for name in named]  # type: ignore[arg-type]
    found = {one.case.case: one for one in compared}
    rows = [row for one in found.values() for row in _rows(one, outcomes)]
    cells = pd.DataFrame(rows, columns=list(CELLS))
    measured = cells.loc[cells["direction"] != "none", "outcome"].unique()
    cells = cells[cells["outcome"].isin(measured)].reset_index(drop=True)
    judged = cells["low"].notna()
    return AcrossCases(
        cells=cells,
        clear=int((cells["certainty"] == "clear").sum()),
        expected=float((1 - confidence) * judged.sum()),
        comparisons=found,
        notes=(*_notes(cells), *(note for note in compared[0].notes if note.key == "coverage_break")),
    )


def _rows(found: CaseComparison, outcomes: Sequence[str]) -> list[dict[str, object]]:
    rows = []
    for outcome in outcomes:
        row = {"case": found.case.case, "title": found.case.title, "theme": found.case.theme, "outcome": outcome}
        rows.append(row | _cell(found, outcome))
    return rows


def _cell(found: CaseComparison, outcome: str) -> dict[str, object]:
    control, gap = found.synthetic.get(outcome), found.gap(outcome)
    counts: dict[str, object] = {"man_years": np.nan, "persons": np.nan}
    if gap is not None:
        counts = {"man_years": gap["man_years"], "persons": gap["persons"]}
    elif control is not None:
        counts[_count(outcome)] = float(control.path["size"].min())
    if control is not None:
        value, low, high, p_value = control.gap, control.low, control.high, control.p_value
        spread, method = float(np.sqrt(np.square(control.placebos["average_gap"]).mean())), "synthetic"
    elif gap is not None:
        value, low, high, p_value = gap["gap"], gap["low"], gap["high"], gap["placebo_share"]
        spread, method = gap["standard_error"], "peers"
    else:
        nothing: dict[str, object] = {"gap": np.nan, "low": np.nan, "high": np.nan, "p_value": np.nan, "method": None}
        return nothing | {"direction": "none", "certainty": "none", "size": "none", "wanted": "none"} | counts
    direction = "level" if round(value, 2) == 0 else "down" if value < 0 else "up"
    distance = abs(value) / spread if spread > 0 else np.nan
    return {
        "gap": value,
        "low": low,
        "high": high,
        "direction": direction,
        "certainty": "clear" if low > 0 or high < 0 else "unclear",
        "size": "small" if not distance >= SMALL else "medium" if distance < LARGE else "large",
        "wanted": "none"
        if direction == "level"
        else "yes"
        if (direction == "down") == (WANTED[outcome] == "lower")
        else "no",
        "p_value": p_value,
        "method": method,
    } | counts


def _count(outcome: str) -> str:
    return "man_years" if outcome in SICK_LEAVE else "persons"


def _notes(cells: pd.DataFrame) -> tuple[Note, ...]:
    lacking = cells[cells["direction"] == "none"]
    counts = lacking.groupby("outcome", sort=False).size()
    cases = cells["case"].nunique()
    return tuple(
        together(Note.of("cells_missing", str(name), found=cases - n, cases=cases) for name, n in counts.items())
    )


def attainment(study: Study, comparisons: Mapping[str, CaseComparison]) -> pd.DataFrame:
    """Return how many targets each case set and reached.

    Returns
    -------
    DataFrame
        One row per case with targets: `case`, `names` (three languages), `theme`, `targets`, `reached`, `partly`,
        `not_reached`, `cannot_assess`, and `already`: not yet due, but there by the last figure.
    """
    rows = []
    for name, found in comparisons.items():
        mine = own_targets(study, found.case)
        if len(mine):
            counts = {status: int((mine["goal"] == status).sum()) for status in STATUSES}
            counts["already"] = int(((mine["goal_reason"] == "not_due") & (mine["so_far"] == "reached")).sum())
            about = {"case": name, "names": found.label, "theme": found.case.theme, "targets": len(mine)}
            rows.append(about | counts)
    return pd.DataFrame(rows, columns=["case", "names", "theme", "targets", *STATUSES, "already"])


def among_all(
    study: Study, comparisons: Mapping[str, CaseComparison], reference: pd.Period | None = None
) -> tuple[Funnel, Funnel] | None:
    """Return the funnels of the level and of the change of sick leave, with every case as one, named by `case`.

    Before and after are the four quarters before `reference` (the first start of the cases by default) and the last
    four of the study; None where the table does not hold them. The rows have `mark`, the case, missing for all others.
    """
    table = study.sick_leave
    start = min(found.reference for found in comparisons.values()) if reference is None else reference
    last = table["quarter"].max()
    if table["quarter"].min() > start - YEAR or last < start:
        return None
    windows = {"before": (start - YEAR, start - 1), "after": (last - YEAR + 1, last)}
    units = {code: name for name, found in comparisons.items() for code in found.case.municipalities}
    level, change = (funnel(table, windows, change=moved, units=units) for moved in (False, True))
    level, change = (
        replace(
            one, rows=one.rows.assign(mark=one.rows["municipality"].where(one.rows["municipality"].isin(comparisons)))
        )
        for one in (level, change)
    )
    return level, change


_HALVES = (("size", "smaller", "larger"), ("start_level", "lower", "higher"), ("measures", "fewer", "more"))
TRAITS = ("theme", "intake", "earlier", "size", "start_level", "measures")


def traits_of_reached(study: Study, comparisons: Mapping[str, CaseComparison]) -> pd.DataFrame:
    """Return how often targets were reached, by traits of the cases: a description, not causes.

    Parameters
    ----------
    study : the study.
    comparisons : of `AcrossCases`.

    Returns
    -------
    DataFrame
        `trait` (``theme``, ``intake``, ``earlier``, ``size``, ``start_level``, ``measures``), `value` (as
        ``theme.sick_leave``, or ``size.larger`` and so on: than the median case), `cases`, `targets`,
        `assessed`, `reached`, `partly`, `share` (reached of those assessed, per cent), `low`, `high` (95 % Wilson
        interval, as if targets were drawn one by one). Empty when the cases have no targets.
    """
    columns = ["trait", "value", "cases", "targets", "assessed", "reached", "partly", "share", "low", "high"]
    parts = [_with_traits(study, found) for found in comparisons.values()]
    known = [part for part in parts if len(part)]
    if not known:
        return pd.DataFrame(columns=columns)
    table = pd.concat(known, ignore_index=True)
    for name, below, beyond in _HALVES:
        of_case = table.drop_duplicates("case").set_index("case")[name]
        above = table["case"].map(of_case > of_case.median())
        table[name] = np.where(table[name].isna(), "unknown", np.where(above, beyond, below))
    rows = []
    for trait in TRAITS:
        for value, part in table.groupby(trait, sort=False):
            assessed, reached = int((part["goal"] != "cannot_assess").sum()), int((part["goal"] == "reached").sum())
            low, high = wilson(reached, assessed)
            counts = (part["case"].nunique(), len(part), assessed, reached, int((part["goal"] == "partly").sum()))
            share = 100 * reached / assessed if assessed else np.nan
            rows.append((trait, f"{trait}.{value}", *counts, share, low, high))
    return pd.DataFrame(rows, columns=columns)


def _with_traits(study: Study, found: CaseComparison) -> pd.DataFrame:
    targets = own_targets(study, found.case)
    sick, facts = found.gap("sick_leave_rate"), found.facts
    return targets[["goal"]].assign(
        case=found.case.case,
        theme=targets["theme"],
        intake=str(facts["intake"].iloc[0]),
        earlier="unknown" if facts["earlier"].isna().all() else "yes" if facts["earlier"].any() else "no",
        size=float(facts["man_years"].sum(min_count=1)),
        start_level=np.nan if sick is None else float(sick["before"]),
        measures=float(len(measures_taken(study, found.case))),
    )


def wilson(hits: int, count: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return the Wilson (1927) interval of a share, in per cent; NaN of nothing."""
    if count == 0:
        return np.nan, np.nan
    share, extra = hits / count, z**2 / count
    middle, reach = share + extra / 2, z * np.sqrt(share * (1 - share) / count + extra / (4 * count))
    return 100 * (middle - reach) / (1 + extra), 100 * (middle + reach) / (1 + extra)
