"""Answers to parts of a table put together into one data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from evaluation.errors import Problem
from evaluation.fetch.client import FetchError
from evaluation.fetch.plan import Selection
from evaluation.sources.statbank import categories, json_stat

DataSet = Mapping[str, Any]


def codes_of(data: DataSet) -> dict[str, list[str]]:
    """Return the codes of each variable of a data set, in order."""
    return {code: list(categories(data["dimension"][code])) for code in data["id"]}


def check_answer(answer: DataSet, selection: Selection, what: str) -> None:
    """Raise a FetchError unless an answer holds exactly the values asked for, with a figure or a sign for each cell."""
    try:
        held, figures = codes_of(answer), answer["value"]
    except (KeyError, TypeError, ValueError, AttributeError):
        held, figures = {}, []
    if not held or any(set(held.get(code, ())) != set(codes) for code, codes in selection.items()):
        remedy = "Run the command again: the table may have been changed in the meantime"
        raise FetchError(Problem("the answer holds other values than were asked for", remedy, what))
    cells = prod(len(codes) for codes in held.values())
    if not isinstance(figures, Mapping) and len(figures) != cells:
        remedy = "Run the command again; if it happens again, tell the producer"
        raise FetchError(Problem(f"the answer has {len(figures)} figures for {cells} cells", remedy, what))


def combine(answers: Sequence[DataSet], selection: Selection) -> dict[str, Any]:
    """Return one data set of the whole selection from answers that each hold a part of it."""
    order = {code: list(selection.get(code, held)) for code, held in codes_of(answers[0]).items()}
    place = {code: {value: at for at, value in enumerate(values)} for code, values in order.items()}
    shape = [len(values) for values in order.values()]
    values, signs = np.full(shape, None, dtype="object"), np.full(shape, "", dtype="object")
    for answer in answers:
        held = codes_of(answer)
        at = np.ix_(*([place[code][value] for value in held[code]] for code in order))
        size = [len(held[code]) for code in order]
        values[at] = _cells(answer["value"], size, None)
        signs[at] = _cells(answer.get("status"), size, "")
    status = {str(at): sign for at, sign in enumerate(signs.ravel()) if sign}
    dimension = {code: _dimension([one["dimension"][code] for one in answers], order[code]) for code in order}
    whole = {**answers[0], "id": list(order), "size": shape, "dimension": dimension}
    return whole | {"value": values.ravel().tolist(), "status": status}


def _cells(given: Any, size: Sequence[int], nothing: Any) -> np.ndarray:
    """Cells of one answer, which come as a list, as an object by position, or as one sign for all."""
    flat = np.full(prod(size), nothing, dtype="object")
    if isinstance(given, Mapping):
        for at, value in given.items():
            flat[int(at)] = value
    elif isinstance(given, list):
        flat[:] = given * flat.size if len(given) == 1 else given
    elif given:
        flat[:] = given
    return flat.reshape(size)


def _dimension(parts: Sequence[Mapping[str, Any]], codes: Sequence[str]) -> dict[str, Any]:
    """One variable of the whole: its codes in order, and what the parts say of each (label, unit, note)."""
    category: dict[str, Any] = {}
    for part in parts:
        for key, said in part["category"].items():
            category[key] = {**category.get(key, {}), **said} if isinstance(said, Mapping) else said
    return {**parts[0], "category": {**category, "index": {code: at for at, code in enumerate(codes)}}}


def columns(data: DataSet) -> list[str]:
    """Return the columns that the reader will give the file, without reading its figures."""
    metrics = data.get("role", {}).get("metric", [])
    held = {code: codes if code in metrics else codes[:1] for code, codes in codes_of(data).items()}
    cut = {code: {**data["dimension"][code]["category"], "index": codes} for code, codes in held.items()}
    sample = {
        **data,
        "size": [len(codes) for codes in held.values()],
        "dimension": {code: {"category": category} for code, category in cut.items()},
        "value": [0.0] * prod(len(codes) for codes in held.values()),
        "status": None,
    }
    return [str(name) for name in json_stat(sample).frame.columns]
