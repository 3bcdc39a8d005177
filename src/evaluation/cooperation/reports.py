"""What the municipalities' own annual reports say of the cooperation, and of what should be strengthened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evaluation import survey
from evaluation.cooperation.agreement import correlation

if TYPE_CHECKING:
    from evaluation.study import Study

SCORE, ADVICE = "cooperation", "strengthen"


def reported(study: Study, *, by: tuple[str, ...] = ("year",)) -> pd.DataFrame:
    """Return the municipalities' own score of their cooperation (1 to 5) in the annual reports, by year.

    Returns
    -------
    DataFrame
        As of `survey.means`, clustered on municipality, with `reports` for `respondents`; empty where no report due by
        the cut has a score.
    """
    known = _with(study, SCORE)
    return survey.means(known, SCORE, by=by).rename(columns={"respondents": "reports"})


def reported_by_municipality(study: Study) -> pd.Series:
    """Return each municipality's mean own score over its reports, less the year's mean; never to be shown."""
    known = _with(study, SCORE)
    score = known[SCORE].astype(float)
    centred = known.assign(score=score - score.groupby(known["year"]).transform("mean"))
    return centred.groupby("municipality")["score"].mean().rename("reported")


def same_story(study: Study, municipal: pd.DataFrame, *, level: float = 0.95) -> dict[str, float]:
    """Return how the municipalities' own scores follow the survey's index, over municipalities that have both.

    `municipal` is of `cooperation.municipal`. The result has `municipalities`, `correlation`, `low` and `high`
    (Fisher's interval).
    """
    both = municipal.set_index("municipality")["value"].to_frame().join(reported_by_municipality(study), how="inner")
    value, low, high = correlation(both["value"], both["reported"], level=level)
    return {"municipalities": len(both), "correlation": value, "low": low, "high": high}


def strengthen(study: Study, *, level: float = 0.95) -> pd.DataFrame:
    """Return what the reports of the latest year say should be strengthened.

    Returns
    -------
    DataFrame
        `year`, `strengthen` (a code of the codebook), `municipalities` (with a report that names it), `reports`, `of`
        (reports with an answer), `share` (per cent of them), `low`, `high` (Wilson). Most often named first; empty
        where no report due by the cut says it.
    """
    from statsmodels.stats.proportion import proportion_confint

    known = _with(study, ADVICE)
    newest = known[known["year"] == known["year"].max()]
    counts = newest.groupby(["year", ADVICE]).agg(municipalities=("municipality", "nunique"), reports=("year", "size"))
    found = counts.reset_index().assign(of=len(newest))
    low, high = proportion_confint(found["reports"], found["of"], alpha=1 - level, method="wilson")
    found = found.assign(share=100 * found["reports"] / found["of"], low=100 * low, high=100 * high)
    return found.sort_values(["reports", ADVICE], ascending=[False, True], ignore_index=True)


def words_of(study: Study, listed: str) -> dict[str, dict[str, str]]:
    """Return the words of a list of the codebook (such as `strengthen` or `survey`): code -> nb, nn and en."""
    rows = study.codebook[study.codebook["list"] == listed]
    languages = ["nb", "nn", "en"]
    return {
        str(code): dict(zip(languages, words, strict=True)) for code, *words in rows[["code", *languages]].to_numpy()
    }


def _with(study: Study, column: str) -> pd.DataFrame:
    """Return the annual reports that have an answer in a column, with no rows where no file has it."""
    reports = study.annual_reports
    return reports.dropna(subset=column) if column in reports else reports.iloc[:0].assign(**{column: None})
