"""Primary suppression: which rows rest on too little themselves."""

from __future__ import annotations

import pandas as pd

from evaluation.disclosure.rule import Rule


def few(
    frame: pd.DataFrame,
    rule: Rule,
    *,
    values: tuple[str, ...],
    persons: str | None = None,
    man_years: str | None = None,
    municipalities: pd.Series | None = None,
    largest: pd.Series | None = None,
) -> pd.Series:
    """Return for each row why it is withheld for what it holds, "" where it may be shown.

    A row without counts and without values is a missing delivery, not a secret; one with a value cannot be judged.
    Nought is fewer than the limit: that nobody in a group is in a band is said of everybody in the group.

    Parameters
    ----------
    values : the protected columns.
    persons, man_years : the columns of counts.
    municipalities : how many stand behind each row.
    largest : per cent of each row that its largest contributor makes up; missing where there is but one to speak of.
    """
    counts = [frame[column] for column in (persons, man_years) if column is not None]
    counts += [] if municipalities is None else [municipalities]
    why = pd.Series("", index=frame.index, dtype="str")
    told = frame[list(values)].select_dtypes("number").notna().any(axis=1)
    for count in counts:
        why = why.mask(count.isna() & told, "unknown_count")
    if largest is not None:
        why = why.mask(largest > rule.dominance, "dominance")
    if municipalities is not None:
        why = why.mask(municipalities < rule.municipalities, "few_municipalities")
    if man_years is not None:
        why = why.mask(frame[man_years] < rule.man_years, "few_man_years")
    if persons is not None:
        why = why.mask(frame[persons] < rule.persons, "few_persons")
    return why
