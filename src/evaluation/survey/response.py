"""Who answered, of everybody asked."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from evaluation.errors import InputError, Problem


def response(answers: pd.DataFrame, by: Sequence[str] = (), *, level: float = 0.95) -> pd.DataFrame:
    """Return the response rate of each group.

    Everybody in the table counts as asked and eligible: the rate is RR2 of the American Association for Public Opinion
    Research (complete and partial answers of all asked), and the cautious one where some had moved or died.

    Parameters
    ----------
    answers : DataFrame
        Everybody asked, one row a person, with `status` ("answered", "partly", "not_answered").
    by : sequence of str
        Columns; none for everybody together.
    level : float
        Coverage of the interval.

    Returns
    -------
    DataFrame
        *`by`, `invited`, `answered` (wholly), `partly` (persons), `response_rate`, `low`, `high` (per cent; Wilson's
        interval).

    References
    ----------
    AAPOR (2023). Standard Definitions: Final Dispositions of Case Codes and Outcome Rates for Surveys.
    Wilson, E. B. (1927). Journal of the American Statistical Association 22, 209-212.
    """
    from statsmodels.stats.proportion import proportion_confint

    by = [by] if isinstance(by, str) else list(by)
    absent = [name for name in [*by, "status"] if name not in answers]
    if absent:
        raise InputError(Problem("The answers have no such column", "Use a column they have", column=c) for c in absent)
    counted = answers.assign(
        invited=1, **{name: (answers["status"] == name).astype(int) for name in ("answered", "partly")}
    )
    columns = ["invited", "answered", "partly"]
    sums = (
        counted.groupby(by, observed=True)[columns].sum().reset_index()
        if by
        else counted[columns].sum().to_frame().T.astype(int)
    )
    reached = sums["answered"] + sums["partly"]
    low, high = proportion_confint(reached, sums["invited"], alpha=1 - level, method="wilson")
    return sums.assign(response_rate=100 * reached / sums["invited"], low=100 * low, high=100 * high)
