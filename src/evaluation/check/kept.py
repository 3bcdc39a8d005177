"""A check as text that is kept between runs."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import Any

import pandas as pd

from evaluation.check.gather import Unnamed
from evaluation.check.result import Check, Lacking
from evaluation.errors import Problem


def to_json(found: Check) -> str:
    """Return a check as JSON."""
    told = {one.name: getattr(found, one.name) for one in fields(found)}
    return json.dumps({name: _plain(value) for name, value in told.items()}, ensure_ascii=False)


def from_json(text: str) -> Check:
    """Return the check of a JSON text."""
    told = json.loads(text)
    for one in fields(Check):
        value = told[one.name]
        if isinstance(value, dict) and set(value) == {"columns", "rows"}:
            told[one.name] = pd.DataFrame(value["rows"], columns=value["columns"])
    told["problems"] = tuple(Problem(**one) for one in told["problems"])
    told["unnamed"] = tuple(_unnamed(one) for one in told["unnamed"])
    told["chapters"] = tuple(
        Lacking(one["chapter"], *(tuple(one[key]) for key in ("tables", "better", "columns")))
        for one in told["chapters"]
    )
    return Check(**told)


def _unnamed(told: dict[str, Any]) -> Unnamed:
    problem = Problem(**told["problem"]) if told["problem"] else None
    return Unnamed(told["file"], told["how"], tuple(told["columns"]), problem)


def _plain(value: Any) -> Any:
    if isinstance(value, pd.DataFrame):
        rows = value.astype("object").where(value.notna(), None).to_numpy().tolist()
        return {"columns": list(value.columns), "rows": rows}
    if isinstance(value, tuple):
        return [asdict(one) | ({"value": _text(one.value)} if isinstance(one, Problem) else {}) for one in value]
    return value


def _text(value: object) -> str | None:
    return None if value is None else str(value)
