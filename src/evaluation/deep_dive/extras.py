"""Outcomes that a study may lack: vacancies and reputation, as sums before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.goals.codes import optional_table

if TYPE_CHECKING:
    from evaluation.study import Study

OPTIONAL = ("vacancy_rate", "reputation_index")
TOP_ANSWER = 5


def optional_sums(study: Study, reference: pd.Period) -> dict[str, pd.DataFrame]:
    """Return numerators and denominators, before and after the start, of the outcomes the study happens to hold.

    Before is the last year that ended before `reference`; after is the last year of the table, if it began no earlier.

    Returns
    -------
    dict of DataFrame
        By outcome, indexed by municipality: `top_before`, `bottom_before`, `top_after`, `bottom_after`.
        ``vacancy_rate``: vacant positions per hundred employees on 1 December. ``reputation_index``: the mean of the
        inhabitants' answers, 1 to 5 (5 is best), every person alike.
    """
    found = {}
    for outcome, yearly in (("vacancy_rate", _vacancies(study)), ("reputation_index", _reputation(study))):
        if yearly is None or yearly.empty:
            continue
        years = yearly.index.unique("year")
        earlier, last = years[years < reference.year], int(years.max())
        if not len(earlier) or last < reference.year:
            continue
        sides = [
            yearly.xs(year, level="year").set_axis([f"top_{when}", f"bottom_{when}"], axis=1)
            for year, when in ((int(earlier.max()), "before"), (last, "after"))
        ]
        found[outcome] = sides[0].join(sides[1], how="inner")
    return found


def _vacancies(study: Study) -> pd.DataFrame | None:
    table = optional_table(study, "vacancies")
    if table is None:
        return None
    sums = table.dropna(subset=["vacant", "employees"]).groupby(["municipality", "year"])[["vacant", "employees"]].sum()
    sums = sums[sums["employees"] > 0].astype(np.float64)
    return sums.assign(vacant=100 * sums["vacant"])


def _reputation(study: Study) -> pd.DataFrame | None:
    table = optional_table(study, "reputation")
    if table is None:
        return None
    items = [name for name in table.columns if name.startswith("item_") and table[name].notna().any()]
    book = optional_table(study, "codebook")
    turned = set()
    if book is not None and "better" in book:
        turned = set(book.loc[(book["list"] == "reputation") & (book["better"] == "lower"), "code"])
    answers = table[items].apply(lambda item: 1 + TOP_ANSWER - item if item.name in turned else item)
    person = answers.mean(axis=1)
    known = table.loc[person.notna(), ["municipality", "year"]].assign(top=person, bottom=1.0)
    return known.groupby(["municipality", "year"])[["top", "bottom"]].sum()
