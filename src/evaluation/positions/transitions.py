"""Who moved from which position size to which: persons present in both years, and entries and exits apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.positions import register
from evaluation.positions.histogram import EDGES, EXCLUDED, _tenths, band_labels
from evaluation.positions.source import Rows, Source, memory, opened, require_columns
from evaluation.positions.weighted import ratio
from evaluation.workbench import Described

FLOWS = ("stayed", "entered", "left")


@dataclass(frozen=True, eq=False)
class Transitions(Described):
    """Persons by the band of their total position size in two years.

    Attributes
    ----------
    data : by the column `by` where given, `flow` (``stayed``, ``entered``, ``left``), `from_band` and `to_band`
        (``none`` for those who entered and who left): `persons`, `total` (persons of the same flow and `from_band`),
        `share` (per cent of them), `man_years_before` and `man_years_after` (their sizes added up in each of the years;
        0 in the year they were not employed). All combinations of bands, those of nobody too. What disclosure control
        must look at is `persons` within `flow` and `from_band`.
    totals : by the column `by`: `stayed`, `entered`, `left` (persons), `larger`, `smaller`, `same` (persons who stayed,
        by exact size in tenths of a percentage point), `mean_stayed_before`, `mean_stayed_after`, `mean_entered`,
        `mean_left` (per cent).
    baseline, last, excluded, account : as in a histogram.
    """

    data: pd.DataFrame
    totals: pd.DataFrame
    baseline: int
    last: int
    excluded: tuple[str, ...]
    account: pd.DataFrame


def transitions(
    source: Source,
    baseline: int,
    last: int,
    *,
    edges: Sequence[float] = EDGES,
    attributes: pd.DataFrame | None = None,
    by: str | None = None,
    exclude: Collection[str] = EXCLUDED,
    irregular: Literal["keep", "refuse"] = "keep",
    memory_limit: str | None = None,
    threads: int | None = None,
) -> Transitions:
    """Count persons by the bands of their total size in two years, through DuckDB, out of core.

    A person's positions are added up as in the view per employee. A person belongs to the municipality of the largest
    position in the baseline year, who entered to that of the last year; to move between municipalities is not to leave.

    Parameters
    ----------
    source : as in `histogram`.
    baseline, last : the years.
    edges : of the bands; the last has no upper limit.
    attributes, by : a table of `municipality` and the column `by` (such as group) to do it by. Persons in
        municipalities without the attribute are left out, and counted in `account` as ``no_<by>``.
    exclude, irregular, memory_limit, threads : as in `histogram`. Who is left out by employment kind in one of the
        years counts as absent that year.
    """
    cuts = _tenths(edges, "edges")
    labels = band_labels(cuts)
    if baseline == last:
        raise InputError(Problem("The baseline and the last year are the same", "Give two years", value=baseline))
    if (by is None) != (attributes is None) or (attributes is not None and by not in attributes):
        remedy = "Give `attributes` with columns municipality and group, and by='group', or neither"
        raise InputError(Problem("`by` and `attributes` belong together", remedy, value=by))
    excluded = tuple(sorted(set(exclude)))
    with opened(source, memory(memory_limit), threads) as connection:
        needed = require_columns(connection, source, ["year", *(["municipality"] if by else [])], "employee")
        account = Rows.of(connection, needed).account(source, excluded, irregular)
        connection.register("excluded", pd.DataFrame({"kind": pd.Series(excluded, dtype="str")}))
        register.keep_rows(connection, (baseline, last))
        found = connection.execute("SELECT DISTINCT year FROM kept").df()["year"].to_list()
        absent = sorted({baseline, last} - set(found))
        if absent:
            raise InputError(
                Problem(f"The register has no positions in {year}", "Choose a year it has", value=year)
                for year in absent
            )
        place = ""
        groups = pd.Index([""])
        if by and attributes is not None:
            values = {"municipality": register._codes(connection, "municipality")}
            groups = register.attribute_codes(connection, by, attributes, values["municipality"])
            place, span, codes = register.placing(values)
        statement = _statement(baseline, last, cuts, place, span if by else 1, by, codes["municipality"] if by else "0")
        counted = connection.execute(statement).df()
    return _result(counted, labels, groups, by, baseline, last, excluded, account)


def _statement(
    baseline: int, last: int, cuts: np.ndarray, place: str, span: int, by: str | None, municipality: str
) -> str:
    """Write the statement: one row a person with both years side by side, then counts by group and bands."""

    ends = ((baseline, "before"), (last, "after"))
    columns = [
        f"(CAST({register.HUNDREDTHS_SUM} FILTER (year = {year}) AS BIGINT) + 5) // 10 AS {name}" for year, name in ends
    ]
    joined = "FROM kept"
    group, attribute = "0", ""
    if by:
        largest = f"coalesce({', '.join(f'max({place}) FILTER (year = {year})' for year, _ in ends)})"
        columns.append(f"{span - 1} - {largest} % {span} AS place")
        joined += " JOIN code_municipality USING (municipality)"
        group, attribute = f"c_{by}", f" JOIN attribute_{by} ON c_municipality = {municipality}"
    steps = [int(cut) for cut in cuts]

    def band(name: str) -> str:
        tests = " ".join(f"WHEN {name} >= {low} THEN {code}" for code, low in reversed(list(enumerate(steps))))
        return f"CASE WHEN {name} IS NULL THEN -1 {tests} END"

    return f"""
        WITH persons AS (SELECT person, {", ".join(columns)} {joined} GROUP BY person)
        SELECT {group} AS grp, {band("before")} AS from_code, {band("after")} AS to_code, count(*) AS persons,
               count(*) FILTER (after > before) AS larger, count(*) FILTER (after < before) AS smaller,
               CAST(coalesce(sum(before), 0) AS BIGINT) AS sum_before,
               CAST(coalesce(sum(after), 0) AS BIGINT) AS sum_after
        FROM persons{attribute} GROUP BY ALL ORDER BY ALL
    """


def _result(
    counted: pd.DataFrame,
    labels: list[str],
    groups: pd.Index,
    by: str | None,
    baseline: int,
    last: int,
    excluded: tuple[str, ...],
    account: pd.DataFrame,
) -> Transitions:
    known = len(groups) - 1 if by else 1
    lost = counted[counted["grp"] >= known]
    if by:
        extra = pd.DataFrame({"reason": [f"no_{by}"], "rows": [int(lost["persons"].sum())]})
        account = pd.concat([account, extra], ignore_index=True)
    counted = counted[counted["grp"] < known]
    frames, totals = [], []
    for code in range(known):
        rows = counted[counted["grp"] == code]
        table = np.zeros((len(labels) + 1, len(labels) + 1), dtype=np.int64)
        cells = (rows["from_code"] + 1, rows["to_code"] + 1)
        table[cells] = rows["persons"]
        worked = np.zeros((2, *table.shape))
        # Sizes are in tenths of a per cent.
        worked[0][cells], worked[1][cells] = rows["sum_before"] / 1000, rows["sum_after"] / 1000
        name = {by: groups[code]} if by else {}
        frames.append(_long(table, worked, labels).assign(**name))
        totals.append(name | _totals(rows))
    data = pd.concat(frames, ignore_index=True)
    columns = [*([by] if by else []), "flow", "from_band", "to_band", "persons", "total", "share"]
    columns += ["man_years_before", "man_years_after"]
    return Transitions(data[columns], pd.DataFrame(totals), baseline, last, excluded, account)


def _long(table: np.ndarray, worked: np.ndarray, labels: list[str]) -> pd.DataFrame:
    """Lay the counts out: place 0 of either side is that of nobody."""
    rows = [("stayed", i + 1, j + 1) for i in range(len(labels)) for j in range(len(labels))]
    rows += [("entered", 0, j + 1) for j in range(len(labels))] + [("left", i + 1, 0) for i in range(len(labels))]
    names = ["none", *labels]
    frame = pd.DataFrame(
        [(flow, names[a], names[b], int(table[a, b]), *worked[:, a, b]) for flow, a, b in rows],
        columns=["flow", "from_band", "to_band", "persons", "man_years_before", "man_years_after"],
    )
    # Of those who left the shares are over the bands they left, as of those who entered over the bands they came to.
    keys = frame["from_band"].where(frame["flow"] != "left", "none")
    total = frame.groupby([frame["flow"], keys])["persons"].transform("sum")
    return frame.assign(total=total, share=ratio(frame["persons"].to_numpy(), total.to_numpy(), 100.0))


def _totals(rows: pd.DataFrame) -> dict[str, float]:
    both = (rows["from_code"] >= 0) & (rows["to_code"] >= 0)
    parts = {"stayed": rows[both], "entered": rows[rows["from_code"] < 0], "left": rows[rows["to_code"] < 0]}
    sizes = {name: int(part["persons"].sum()) for name, part in parts.items()}
    larger, smaller = (int(parts["stayed"][name].sum()) for name in ("larger", "smaller"))

    def mean(flow: str, column: str) -> float:
        return parts[flow][column].sum() / sizes[flow] / 10 if sizes[flow] else np.nan

    return (
        sizes
        | {"larger": larger, "smaller": smaller, "same": sizes["stayed"] - larger - smaller}
        | {"mean_stayed_before": mean("stayed", "sum_before"), "mean_stayed_after": mean("stayed", "sum_after")}
        | {"mean_entered": mean("entered", "sum_after"), "mean_left": mean("left", "sum_before")}
    )
