"""One case beside its peers and the country: the comparison that a deep-dive chapter tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.deep_dive import frames
from evaluation.deep_dive.comparators import COLUMNS, all_controls, all_series, comparator_rows, rolling_synthetic
from evaluation.deep_dive.controls import DONORS, SyntheticControl
from evaluation.deep_dive.extras import OPTIONAL, optional_sums
from evaluation.deep_dive.gaps import Sums, gap_to_peers
from evaluation.deep_dive.neighbours import NEIGHBOURS, balance, covariates, nearest
from evaluation.deep_dive.notes import Note, together
from evaluation.deep_dive.peers import STEPS, alike, choose_peers, find_case, outside
from evaluation.deep_dive.result import CaseComparison
from evaluation.errors import InputError, Problem
from evaluation.positions import EXCLUDED, Histogram
from evaluation.positions.groups import histogram_of
from evaluation.programme import Case
from evaluation.sick_leave import WORKING_DAYS

if TYPE_CHECKING:
    from evaluation.study import Study

POSITIONS = ("mean_size", "full_time_share")
COVERAGE_BREAK = pd.Period("2015Q1", freq="Q-DEC")
"""From then on the sick-leave statistics cover temporary staff too."""
GAP_COLUMNS = (
    "outcome", "before", "after", "change", "peers_before", "peers_after", "peers_change", "gap", "standard_error",
    "low", "high", "rank", "among", "placebo_share", "persons", "man_years", "municipalities",
)  # fmt: skip


def compare(
    study: Study,
    case: str,
    *,
    peers: str | Sequence[str] = "kostra_group",
    minimum_peers: int = 5,
    exclude_earlier: bool = False,
    exclude: Sequence[str] = EXCLUDED,
    confidence: float = 0.95,
    hist: Histogram | None = None,
    neighbours: int = NEIGHBOURS,
    donors: int = DONORS,
) -> CaseComparison:
    """Compare one case with municipalities like it that never took part. What is found is development, not effect.

    The case's municipalities are pooled as one. Before is the four quarters before the start, and 1 December before it;
    after is the last four quarters, and the last 1 December, of the study. For a municipality that did not take part,
    or whose start no source tells, the programme's first start parts before from after, and a note says so.

    Parameters
    ----------
    study : the study.
    case : identifier of a deep-dive case, or code or name of any municipality of the study.
    peers : ``"kostra_group"`` (same KOSTRA group), ``"neighbours"`` (nearest before the start on level, trend, size and
        sector mix), ``"county"``, ``"population"`` (half to double) or ``"country"``; or a list of municipalities. With
        fewer than `minimum_peers` the first three rules are widened by population, and then, as the fourth, to all
        outside the programme; a note tells each step taken.
    minimum_peers : how many peers are wanted.
    exclude_earlier : leave out peers, neighbours and donors that took part in a predecessor programme.
    exclude : employment kinds left out of position sizes.
    confidence : of the intervals of the gaps.
    hist : an employee histogram of the study with municipality and year, made before, to spare another reading.
    neighbours : how many nearest neighbours.
    donors : how many donors to synthetic controls.

    Returns
    -------
    CaseComparison

    Raises
    ------
    InputError
        An unknown or ambiguous case or municipality (near names are listed), no admissible peer, an unknown rule.
    """
    if minimum_peers < 1:
        raise InputError(Problem("At least one peer is needed", "Give minimum_peers=1 or more", value=minimum_peers))
    if neighbours < 1:
        raise InputError(Problem("At least one neighbour is needed", "Give neighbours=1 or more", value=neighbours))
    everyone = study.municipalities
    found = find_case(study, everyone, str(case))
    names = tuple(everyone.set_index("municipality")["name"].loc[list(found.municipalities)])
    reference, told = _reference(study, found, names)
    table, pool = study.sick_leave, outside(everyone, found, exclude_earlier)
    known, near, about_neighbours = _neighbours(table, reference, found, pool, neighbours)
    chosen, notes = choose_peers(study, everyone, found, peers, minimum_peers, exclude_earlier, near.index)
    sides = frames.Sides(found.municipalities, tuple(chosen["municipality"]), tuple(everyone["municipality"]))
    notes = [*_about(study, everyone, found, names), *told, *notes, *about_neighbours]
    hist = _employees(study, exclude, hist)
    each = hist.measures(("municipality", "year"))
    windows, missing_quarters = _quarters(table, reference)
    years, missing_years = _years(each, reference)
    notes += [*missing_quarters, *missing_years]
    sums = _sums(table, each, windows, years) | optional_sums(study, reference)
    gaps, remarks = _gaps(sums, each, years, sides, confidence)
    series = all_series(table, each)
    controls, on_controls = all_controls(
        series, found.municipalities, list(pool["municipality"]), reference, donors=donors, confidence=confidence
    )
    last_year = int(each["year"].max()) if len(each) else reference.year
    about: dict[str, Any] = {"theme": found.theme, "network": found.network, "started": found.started}
    if not everyone["earlier"].any():
        about["earlier"] = None  # the study tells of no earlier programme
    rolled = frames.rolling_years(table, sides)
    if "sick_leave_rate" in controls:
        synthetic = rolling_synthetic(series["sick_leave_rate"], controls["sick_leave_rate"], frames.YEAR)
        rolled = pd.concat([rolled, synthetic], ignore_index=True)
    return CaseComparison(
        case=found,
        names=names,
        reference=reference,
        peers=chosen,
        peer_rule=_widest(peers, chosen),
        facts=frames.fact_rows(everyone, found.municipalities, each, last_year, about),
        windows=_window_rows(windows, years),
        sick_leave=rolled,
        sectors=_sectors(table, each, windows, years, sides, confidence),
        bands=frames.band_shares(hist, years, sides),
        position_years=frames.position_years(hist, each, sides),
        gaps=gaps,
        comparators=_comparators(sums, everyone, found, pool, near, controls, confidence),
        neighbours=pool.merge(near.rename_axis("municipality").reset_index(), on="municipality")
        .sort_values(["distance", "municipality"], ignore_index=True)
        .reindex(columns=["municipality", "name", "county", "kostra_group", "population", "distance"]),
        balance=_balance(known, chosen, near, pool),
        synthetic=controls,
        donors=_donors(everyone, controls),
        notes=tuple(together([*notes, *remarks, *on_controls])),
    )


def _neighbours(
    table: pd.DataFrame, reference: pd.Period, case: Case, pool: pd.DataFrame, count: int
) -> tuple[pd.DataFrame, pd.Series, list[Note]]:
    """Return what is known of case and pool before the start, the nearest by distance, and remarks."""
    known = covariates(table, reference, case.municipalities, list(pool["municipality"]))
    if "case" not in known.index or len(known) < 3:
        return known.iloc[:0], pd.Series(dtype="float64", name="distance"), [Note("no_neighbours")]
    notes = [] if "trend" in known else [Note("no_trend")]
    near = nearest(known, count)
    if len(near) < count:
        notes.append(Note("few_neighbours", {"found": len(near), "asked": count}))
    return known, near, notes


def _balance(known: pd.DataFrame, chosen: pd.DataFrame, near: pd.Series, pool: pd.DataFrame) -> pd.DataFrame:
    groups = {"peers": chosen["municipality"], "neighbours": near.index, "others": pool["municipality"]}
    columns = ["covariate", "case", *(f"{name}{end}" for name in groups for end in ("", "_difference"))]
    if known.empty:
        return pd.DataFrame(columns=columns)
    return balance(known, {name: list(codes) for name, codes in groups.items()})[columns]


def _donors(everyone: pd.DataFrame, controls: Mapping[str, SyntheticControl]) -> pd.DataFrame:
    parts = [one.weights.assign(outcome=name, weight=100 * one.weights["weight"]) for name, one in controls.items()]
    columns = ["outcome", "municipality", "name", "weight"]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True).merge(everyone[["municipality", "name"]], how="left")[columns]


def _comparators(
    sums: Mapping[str, pd.DataFrame],
    everyone: pd.DataFrame,
    case: Case,
    pool: pd.DataFrame,
    near: pd.Series,
    controls: Mapping[str, SyntheticControl],
    confidence: float,
) -> pd.DataFrame:
    mine = everyone[everyone["municipality"].isin(case.municipalities)]
    groups = {
        step: list(pool.loc[alike(pool, mine, step, near.index), "municipality"])
        for step in ("kostra_group", "neighbours", "county", "country")
    }
    parts = [
        comparator_rows(outcome, part, case.municipalities, groups, controls.get(outcome), confidence)
        for outcome, part in sums.items()
    ]
    full = [part for part in parts if len(part)]
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame(columns=list(COLUMNS))


def _about(study: Study, everyone: pd.DataFrame, case: Case, names: Sequence[str]) -> list[Note]:
    """Tell that a case is joint, or formed by a merger within the years of the data."""
    notes = []
    if len(names) > 1:
        notes.append(Note("joint", {"names": list(names)}))
    first = int(study.sick_leave["quarter"].dt.year.min()) if len(study.sick_leave) else study.division
    known = everyone.set_index("municipality")["name"]
    register = study.register.history.drop_duplicates("code", keep="last").set_index("code")["name"]
    for code in case.municipalities:
        parts = study.register.predecessors(code, year=min(first, study.division), division=study.division)
        if tuple(parts) not in ((code,), ()):
            notes.append(Note("merged", {"name": known[code], "parts": [register[part] for part in parts]}))
    return notes


def _reference(study: Study, case: Case, names: Sequence[str]) -> tuple[pd.Period, list[Note]]:
    """Return the quarter that parts before from after, with a note where it is not the case's own start."""
    if case.started is not None:
        return case.started, []
    started = study.programme.participants()["started"].dropna()
    if started.empty:
        raise InputError(
            Problem("No start of the programme is known", "Give an intake of it a start date", value=case.case)
        )
    reference = started.min()
    if case.theme:
        return reference, [Note("start_unknown", {"reference": reference})]
    return reference, [Note("not_participant", {"names": list(names), "reference": reference})]


def _employees(study: Study, exclude: Sequence[str], hist: Histogram | None) -> Histogram:
    if hist is None:
        return histogram_of(study, exclude=exclude)
    fits = hist.view == "employee" and {"municipality", "year"} <= set(hist.by)
    if not fits or hist.excluded != tuple(sorted(set(exclude))):
        remedy = "Give one per employee by municipality and year that leaves out the same employment kinds"
        raise InputError(Problem("The histogram does not fit the comparison", remedy))
    return hist


def _quarters(table: pd.DataFrame, reference: pd.Period) -> tuple[dict[str, frames.Window], list[Note]]:
    """Return the four quarters before and after, as far as there are any, and remarks on what is lacking."""
    if table.empty:
        return {}, [Note("no_quarters_before", {"reference": reference})]
    first, last = table["quarter"].min(), table["quarter"].max()
    windows, notes = {}, []
    if first <= reference - frames.YEAR:
        windows["before"] = (reference - frames.YEAR, reference - 1)
    else:
        notes.append(Note("no_quarters_before", {"reference": reference}))
    if last < reference:
        return {}, [Note("not_started", {"last": last})]
    windows["after"] = (last - frames.YEAR + 1, last)
    passed = last.ordinal - reference.ordinal + 1
    if passed < frames.YEAR:
        notes.append(Note("short_after", {"quarters": passed}))
    if first < COVERAGE_BREAK <= last:
        notes.append(Note("coverage_break"))
    return windows, notes


def _years(each: pd.DataFrame, reference: pd.Period) -> tuple[dict[str, int], list[Note]]:
    """Return the years whose 1 December is the last before the start, and the last of all."""
    known = sorted({int(year) for year in each["year"]})
    years, notes = {}, []
    if reference.year - 1 in known:
        years["before"] = reference.year - 1
    else:
        notes.append(Note("no_year_before", {"reference": reference}))
    if known and known[-1] >= reference.year:
        years["after"] = known[-1]
    else:
        notes.append(Note("no_year_after", {"reference": reference}))
    return years, notes


def _sums(
    table: pd.DataFrame, each: pd.DataFrame, windows: Mapping[str, frames.Window], years: Mapping[str, int]
) -> dict[str, pd.DataFrame]:
    """Return numerators and denominators before and after of every outcome that has both."""
    sums = {}
    if len(windows) == 2:
        sums = {outcome: frames.sick_leave_sums(table, windows, kind) for outcome, kind in frames.SICK_LEAVE.items()}
    if len(years) == 2:
        sums |= {name: frames.position_sums(each, years["before"], years["after"], name) for name in POSITIONS}
    return sums


def _gaps(
    sums: Mapping[str, pd.DataFrame],
    each: pd.DataFrame,
    years: Mapping[str, int],
    sides: frames.Sides,
    confidence: float,
) -> tuple[pd.DataFrame, list[Note]]:
    """Return the row of every outcome that has a before and an after, and remarks on those who lack figures."""
    rows, notes = [], []
    for outcome, part in sums.items():
        case, peers = frames.as_sums(part, sides.case), frames.as_sums(part, sides.peers)
        if len(case.top_before) < len(sides.case) or not len(peers.top_before):
            if outcome not in OPTIONAL:
                notes.append(Note.of("case_incomplete", outcome))
            continue
        left_out = len(sides.peers) - len(peers.top_before)
        # Self- and doctor-certified days come in the same rows as the total: said once.
        if left_out and outcome not in frames.CERTIFIED:
            notes.append(Note.of("peers_incomplete", outcome, left_out=left_out, peers=len(sides.peers)))
        if _outside(case, peers):
            notes.append(Note.of("outside_peers", outcome))
        name: dict[str, object] = {"outcome": outcome}
        rows.append(name | _row(case, peers, confidence) | _counts(outcome, each, years, sides, case))
    return pd.DataFrame(rows, columns=list(GAP_COLUMNS)), notes


def _sectors(
    table: pd.DataFrame,
    each: pd.DataFrame,
    windows: Mapping[str, frames.Window],
    years: Mapping[str, int],
    sides: frames.Sides,
    confidence: float,
) -> pd.DataFrame:
    """Return the rows of the gaps for sick leave in each sector; that peers lack a sector needs no remark."""
    sums = frames.sector_sums(table, windows, (*sides.case, *sides.peers))
    return _gaps(sums, each, years, sides, confidence)[0]


def _row(case: Sums, peers: Sums, confidence: float) -> dict[str, object]:
    together, others = case.pooled(), peers.pooled()
    gap = gap_to_peers(case, peers, confidence)
    return {
        "before": together.before[0],
        "after": together.after[0],
        "change": together.change[0],
        "peers_before": others.before[0],
        "peers_after": others.after[0],
        "peers_change": others.change[0],
        "gap": gap.gap,
        "standard_error": gap.standard_error,
        "low": gap.low,
        "high": gap.high,
        "rank": gap.rank,
        "among": gap.among,
        "placebo_share": gap.placebo_share,
        "municipalities": len(peers.top_before),
    }


def _counts(
    outcome: str, each: pd.DataFrame, years: Mapping[str, int], sides: frames.Sides, case: Sums
) -> dict[str, object]:
    """Return the persons and man-years behind a row: the smaller of before and after."""
    smaller = float(min(case.bottom_before.sum(), case.bottom_after.sum()))
    if outcome in OPTIONAL:
        return {"persons": smaller, "man_years": np.nan}
    if outcome not in POSITIONS:
        return {"persons": np.nan, "man_years": smaller / WORKING_DAYS}
    mine = each[each["municipality"].isin(sides.case) & each["year"].isin(years.values())]
    return {"persons": smaller, "man_years": float(mine.groupby("year")["man_years"].sum().min())}


def _outside(case: Sums, peers: Sums) -> bool:
    """Whether the case's level before lies outside the 10th to 90th percentile of the peers' own."""
    if len(peers.top_before) < 5:
        return False
    low, high = np.quantile(peers.before, frames.PERCENTILES)
    return not low <= case.pooled().before[0] <= high


def _widest(rule: str | Sequence[str], chosen: pd.DataFrame) -> str:
    if not isinstance(rule, str):
        return "chosen"
    return [step for step in STEPS[rule] if step in set(chosen["step"])][-1]


def _window_rows(windows: dict[str, frames.Window], years: dict[str, int]) -> pd.DataFrame:
    rows = []
    for when in ("before", "after"):
        if when in windows or when in years:
            first, last = windows.get(when, (pd.NaT, pd.NaT))
            rows.append({"when": when, "first": first, "last": last, "year": years.get(when, pd.NA)})
    return pd.DataFrame(rows, columns=["when", "first", "last", "year"]).astype({"year": "Int64"})
