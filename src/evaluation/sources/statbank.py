"""Statistics Norway's JSON: PxWebApi's JSON-stat2 data sets and KLASS code lists.

The JSON-stat2 reader is our own, small as the format is, because the published one (pyjstat) drops `status`, and with
it why a figure is missing. Format: https://json-stat.org/full/ (version 2.0).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from itertools import product
from math import prod
from typing import Any

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.sources.files import Raw, decode


def read_json(raw: bytes, name: str) -> Raw:
    """Read a JSON-stat2 data set or a KLASS code list, whichever the file is."""
    try:
        content = json.loads(decode(raw)[0])
    except (ValueError, RecursionError) as error:
        remedy = "Fetch the file again; it may be cut short or be an error page"
        row = getattr(error, "lineno", None)
        raise InputError(Problem("the file is not readable JSON", remedy, name, row)) from None
    if isinstance(content, dict) and content.get("class") == "dataset" and str(content.get("version")) == "2.0":
        return json_stat(content, name)
    if isinstance(content, dict) and isinstance(content.get("codes"), list):
        return klass(content, name)
    remedy = "Ask PxWebApi for the format json-stat2, or KLASS for codes as JSON"
    raise InputError(Problem("the file is neither a JSON-stat2 data set nor a KLASS code list", remedy, name))


def json_stat(content: Mapping[str, Any], name: str = "JSON-stat2") -> Raw:
    """Turn a JSON-stat2 data set into one row per combination of categories.

    A dimension gives a column of codes under its id, and one of labels under `<id>.label` where they differ; the
    contents dimension (role `metric`) gives a column per measure instead, under its label. A figure that is not there
    is its standard sign from `status` (given as an object, a list or one sign for all), or blank; a sign beside a
    figure (`*`) is counted in `Raw.signs`.
    """
    try:
        ids, sizes = list(content["id"]), [int(size) for size in content["size"]]
        dimensions = {key: categories(content["dimension"][key]) for key in ids}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"the data set's id, size and dimension do not fit together ({error})"
        raise InputError(Problem(what, "Fetch the file again", name)) from None
    count = prod(sizes)
    values, status = _dense(content.get("value"), count, name), _signs(content.get("status"), count)
    shape = [len(dimensions[key]) for key in ids]
    if shape != sizes or len(values) != count:
        what = f"the data set says {count} figures in the shape {sizes}, but has {len(values)} in {shape}"
        raise InputError(Problem(what, "Fetch the file again; it may be cut short", name))
    cells = [
        value if value is not None else sign.rstrip("*").strip() for value, sign in zip(values, status, strict=True)
    ]
    signs = Counter(sign for value, sign in zip(values, status, strict=True) if value is not None and sign)
    metrics = content.get("role", {}).get("metric", [])
    metric = metrics[0] if metrics and len(ids) > 1 else None
    frame = pd.DataFrame(list(product(*(dimensions[key] for key in ids))), columns=ids, dtype="str")
    frame["value"] = pd.Series(cells, dtype="object")
    keys = [key for key in ids if key != metric]
    if metric is not None:
        measures = [frame[frame[metric] == code].set_index(keys)["value"] for code in dimensions[metric]]
        counts = Counter(dimensions[metric].values())
        labels = [label if counts[label] == 1 else code for code, label in dimensions[metric].items()]
        frame = pd.concat(measures, axis=1, keys=labels).reset_index()
    for key in keys:
        shown = dimensions[key]
        if any(code != label for code, label in shown.items()):
            frame.insert(list(frame.columns).index(key) + 1, f"{key}.label", frame[key].map(shown))
    return Raw(name, frame, "json-stat2", numbered=False, signs=dict(signs))


def categories(dimension: Mapping[str, Any]) -> dict[str, str]:
    """Return the codes of a dimension in order with their labels; `index` is an object, a list or (of one) absent."""
    category = dimension["category"]
    index, labels = category.get("index"), category.get("label", {})
    if isinstance(index, Mapping):
        codes = sorted(index, key=lambda code: index[code])
    else:
        codes = list(index if index is not None else labels)
    return {str(code): str(labels.get(code, code)) for code in codes}


def _dense(values: Any, count: int, name: str) -> list[float | None]:
    """Figures in order; a sparse data set gives them as an object keyed by position."""
    if isinstance(values, Mapping):
        values = [values.get(str(position)) for position in range(count)]
    if not isinstance(values, list):
        raise InputError(Problem("the data set has no values", "Fetch the file again", name))
    wrong = [value for value in values if value is not None and (isinstance(value, (bool, str)))]
    if wrong:
        raise InputError(Problem("a figure is not a number", "Fetch the file again", name, value=wrong[0]))
    return [None if value is None else float(value) for value in values]


def _signs(status: Any, count: int) -> list[str]:
    if isinstance(status, Mapping):
        return [str(status.get(str(position)) or "").strip() for position in range(count)]
    if isinstance(status, list):
        signs = [str(sign or "").strip() for sign in status]
        return (signs * count)[:count] if len(signs) == 1 else signs + [""] * (count - len(signs))
    return [str(status or "").strip()] * count


def klass(content: Mapping[str, Any], name: str = "KLASS") -> Raw:
    """Turn a KLASS response of codes (`codesAt`, `codes`) into one row per code, names as KLASS gives them."""
    codes = content["codes"]
    if not codes or not all(isinstance(code, Mapping) and code.get("code") and "name" in code for code in codes):
        raise InputError(Problem("the code list is empty or lacks code and name", "Fetch it again from KLASS", name))
    columns = list(dict.fromkeys(key for code in codes for key in code))
    cells = {column: ["" if code.get(column) is None else str(code[column]) for code in codes] for column in columns}
    return Raw(name, pd.DataFrame(cells, dtype="str"), "klass-json", numbered=False)
