"""Releasing one table that is linked to no other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evaluation.disclosure.primary import few
from evaluation.disclosure.released import Released, check_columns, check_counts, withhold
from evaluation.disclosure.rule import DEFAULT, Rule
from evaluation.disclosure.secondary import FIXED, Table, companions
from evaluation.errors import InputError, Problem


def release(
    frame: pd.DataFrame,
    *,
    values: Sequence[str],
    persons: str | None = None,
    man_years: str | None = None,
    within: Sequence[str] = (),
    rule: Rule = DEFAULT,
) -> Released:
    """Withhold the cells that rest on too few persons or man-years.

    Parameters
    ----------
    frame
        One row a cell.
    values
        The columns to protect; the count columns named below are protected with them.
    persons, man_years
        The columns that say how many persons or man-years (årsverk) each row rests on; at least one is needed.
    within
        The columns that identify a group whose total is shown: of its rows, so many more are withheld, at least loss,
        that no withheld count follows from the total. Empty: no total of these rows is shown.
    rule
        The smallest cells that may be shown.

    Raises
    ------
    InputError
        When no count is named, or a column is not there.
    """
    counts = [column for column in (persons, man_years) if column is not None]
    if not counts:
        remedy = "Name the column with the number of persons or man-years behind each row."
        raise InputError(Problem("A result cannot be released without its counts", remedy))
    check_columns(frame, [*values, *counts, *within])
    check_counts(frame, counts)
    protected = tuple(dict.fromkeys([*values, *counts]))
    why = few(frame, rule, values=protected, persons=persons, man_years=man_years)
    if within and (why != "").any():
        limits = {persons: float(rule.persons), man_years: rule.man_years}
        for count in counts:
            why = _within(why, frame[count], frame[list(within)], limits[count])
    return withhold(frame, why, rule, protected)


def release_estimates(
    frame: pd.DataFrame, *, values: Sequence[str], municipalities: str | int, rule: Rule = DEFAULT
) -> Released:
    """Withhold the model results that rest on fewer municipalities than the rule allows.

    `municipalities` is the number behind every row, or the column that holds it.
    """
    if isinstance(municipalities, str):
        check_columns(frame, [*values, municipalities])
        check_counts(frame, [municipalities])
        behind, protected = frame[municipalities], tuple(dict.fromkeys([*values, municipalities]))
    else:
        check_columns(frame, values)
        behind, protected = pd.Series(municipalities, index=frame.index), tuple(values)
    return withhold(frame, few(frame, rule, values=protected, municipalities=behind), rule, protected)


def release_public(frame: pd.DataFrame) -> Released:
    """Release public facts that say nothing of single persons: who takes part, dates, files read, codes."""
    return Released(frame.copy(), pd.Series("", index=frame.index, dtype="str"), None, ())


def _within(why: pd.Series, counts: pd.Series, groups: pd.DataFrame, limit: float) -> pd.Series:
    """Withhold further rows of each group whose total is shown, where one withheld could be worked out."""
    from scipy.sparse import csr_array, eye_array, vstack

    filled = counts.fillna(0.0).to_numpy(dtype=float)
    group = groups.groupby(list(groups.columns), dropna=False, sort=False, observed=True).ngroup().to_numpy()
    rows = len(filled)
    totals = csr_array((np.ones(rows), (group, np.arange(rows))), shape=(group.max() + 1, rows))
    # A row without a count is a missing delivery: nobody can take it for a part of the total.
    forms = vstack([eye_array(rows), totals]).tocsr()
    owners = np.concatenate([np.arange(rows), np.full(group.max() + 1, FIXED)])
    hidden = (why != "").to_numpy()
    small = np.flatnonzero(hidden & counts.notna().to_numpy())
    table = Table(forms, filled, owners, filled + 1.0)
    made = companions(table, small.tolist(), [limit] * len(small), hidden)
    return why.mask(pd.Series(made & ~hidden & counts.notna().to_numpy(), index=why.index), "secondary")
