"""Toy municipalities with small cells, released as a chapter releases them, and what an outsider makes of it."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from evaluation.disclosure import Control, Released
from evaluation.exhibits import tables

CODES = ("0061", "0062", "0063", "0064", "0065", "0066")
GROUPS = ("participants", "participants", "participants", "others", "others", "others")
STUDY = SimpleNamespace(municipalities=pd.DataFrame({"municipality": CODES, "group": GROUPS}))
EMPLOYEES = "positions.employees"
OFF = {"persons": 1, "man_years": 0.001, "municipalities": 1, "dominance": 100}
"""Limits that nothing is below."""


def control(**changes: object) -> Control:
    return Control(STUDY, **changes)  # type: ignore[arg-type]


def content(released: Released) -> dict[str, object]:
    """What the exhibit of a released result carries into the report."""
    return {"csv": tables.to_csv(released), "disclosure": released.account()}


def report(**released: Released) -> dict[str, dict[str, object]]:
    return {name: content(one) for name, one in released.items()}


def employees(year: int = 2012, **persons: dict[str, int]) -> pd.DataFrame:
    """By group and sector, the number of employees and, of the group, all of them."""
    rows = [
        {"group": group, "year": year, "sector": sector, "persons": number, "share_ill": 0.1 * number}
        for group, sectors in persons.items()
        for sector, number in sectors.items()
    ]
    return pd.DataFrame(rows)


def totals(frame: pd.DataFrame, *by: str) -> pd.DataFrame:
    return frame.groupby([*by, "year"], as_index=False)["persons"].sum()


def days(group: str = "participants", quarter: str = "2012Q4", **man_years: float) -> pd.DataFrame:
    """By sector, agreed and lost man-days of one quarter, a tenth of them lost."""
    agreed = pd.Series(man_years) * 251 / 4
    columns = {"group": group, "quarter": quarter, "sector": agreed.index, "man_years": list(man_years.values())}
    made = pd.DataFrame(columns).assign(agreed_days=agreed.to_numpy(), lost_days=0.1 * agreed.to_numpy())
    return made.assign(rate=10.0)
