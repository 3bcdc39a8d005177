"""Findings that other chapters have recorded, as tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.study.load import cache_folder

COLUMNS = ("notebook", "chapter", "name", "value", "low", "high", "unit", "n", "decimals", "causal")
EVIDENCE = ("theme", "outcome", "better", "main", "p_value", "detectable", "before", "same_sign")


@dataclass(frozen=True, eq=False)
class Findings:
    """The findings of a report's chapters.

    Attributes
    ----------
    rows : DataFrame
        One row per finding: notebook, chapter, name, value, low, high (in `unit`), unit, n, decimals, causal, and the
        evidence of estimates of effect (see `evaluation.exhibits.Evidence`), missing for the others. Findings of a
        chapter that is repeated, one run a case, are left out.
    """

    rows: pd.DataFrame

    def __bool__(self) -> bool:
        return not self.rows.empty

    def __repr__(self) -> str:
        notebooks = self.rows["notebook"].nunique()
        return f"Findings: {len(self.rows)} of {notebooks} chapters, {int(self.rows['causal'].sum())} of them effects"

    def get(self, chapter: str, name: str) -> pd.Series | None:
        """Return one finding by chapter and name, or None if the report has none of that name."""
        found = self.rows[(self.rows["chapter"] == chapter) & (self.rows["name"] == name)]
        return None if found.empty else found.iloc[0]


def read(findings: str | Path) -> Findings:
    """Read the findings of a report.

    Parameters
    ----------
    findings : path
        A report's findings.json: as given from the working directory or the project, or by the name under which the
        run of a report has kept it. Where there is none, the result is empty: the other chapters have not been run.

    Raises
    ------
    InputError
        If the file holds something else.
    """
    path = _find(findings)
    if path is None:
        return Findings(pd.DataFrame(columns=[*COLUMNS, *EVIDENCE]).astype({"causal": "bool"}))
    try:
        records: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        # A repeated chapter's findings carry what it was repeated over beside the names that all have.
        records = [one for one in records if not set(one) - {*COLUMNS, "evidence", "origin"}]
        rows = [{name: one[name] for name in COLUMNS} | (one.get("evidence") or {}) for one in records]
    except (ValueError, KeyError, TypeError) as error:
        remedy = "Give the findings.json of a report made by `evaluation report`"
        raise InputError(Problem("this is no list of findings", remedy, file=path.name)) from error
    return Findings(pd.DataFrame(rows, columns=[*COLUMNS, *EVIDENCE]))


def _find(findings: str | Path) -> Path | None:
    if not str(findings):
        return None
    given = Path(findings)
    places = [given] if given.is_absolute() else [place / given for place in (Path.cwd(), *Path.cwd().parents[:2])]
    return next((one for one in (*places, cache_folder() / "findings" / given) if one.is_file()), None)


def claims(found: Findings, named: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Return the findings that test published claims: `claim` (a label key), `value`, `low`, `high`, `chapter`.

    `named` are the findings by chapter and name; those that the report lacks, or that have no value, are left out.
    """
    rows = []
    for chapter, name in named:
        one = found.get(chapter, name)
        if one is not None and pd.notna(one["value"]):
            claim = {"claim": f"claim.{chapter}.{name}", **one[["value", "low", "high"]].to_dict()}
            rows.append(claim | {"chapter": f"chapter.{chapter}"})
    columns = ["claim", "value", "low", "high", "chapter"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(["value", "low", "high"], "float64"))
