"""How files write a municipality: `301`, `0301 Oslo`, `Harstad - Hárstták`, `Herøy (Nordland)`, `Halden (-2019)`."""

from __future__ import annotations

import math
import re
import unicodedata
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem

# PxWeb's aggregated value sets write K-0301; a spreadsheet column with an empty cell turns 301 into 301.0.
_CODE = re.compile(r"(?:K[-_])?(\d{1,4})(?:\.0+)?(?:[\s:;,–-]+(\D.*))?")
_BRACKETS = re.compile(r"\(([^)]*)\)")
_PERIOD = re.compile(r"(\d{4})?\s*[-–]\s*(\d{4})?")
_SUFFIX = re.compile(r"\s+(?:kommune|kommun|municipality)\b", re.IGNORECASE)
_SHORTEST_COUNTY = 3


def normal(name: str) -> str:
    """Return a name as it is compared: one Unicode form, lower case, hyphens and all kinds of space as one space."""
    composed = unicodedata.normalize("NFC", name).casefold()
    return re.sub(r"[\s\u00ad\u2010-\u2015-]+", " ", composed).strip()


class Label(NamedTuple):
    """What one cell says about a municipality; each part may be missing."""

    code: str = ""
    name: str = ""
    county: str = ""
    first: int | None = None
    last: int | None = None

    @property
    def readings(self) -> tuple[str, ...]:
        """The names to look up, the whole first, then the names a bilingual one consists of."""
        parts = re.split(r"\s+[-–/]\s+|/", self.name)
        return tuple(dict.fromkeys(normal(part) for part in (self.name, *parts) if part.strip()))

    def in_county(self, county: str) -> bool:
        """Tell whether the county written, possibly abbreviated (`Nordl.`), can be this one; none written fits all."""
        written = normal(self.county.rstrip("."))
        return not written or (len(written) >= _SHORTEST_COUNTY and normal(county).startswith(written))


def read_label(value: Any) -> Label | None:
    """Return what a cell says, or None when it is empty. A cell that says nothing useful gives an unknown name."""
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        if math.isnan(number):
            return None
        return Label(code=f"{int(number):04d}") if number.is_integer() and number >= 0 else Label(name=str(value))
    if not isinstance(value, str):
        return None if value is None or value is pd.NA or value is pd.NaT else Label(name=str(value))
    text = " ".join(value.split())
    match = _CODE.fullmatch(text)
    code = match[1].zfill(4) if match else ""
    name = (match[2] or "") if match else text
    county, first, last = "", None, None
    for inside in _BRACKETS.findall(name):
        if (period := _PERIOD.fullmatch(inside.strip())) and any(period.groups()):
            first, last = (int(year) if year else None for year in period.groups())
        else:
            county = inside
    name = _SUFFIX.sub("", _BRACKETS.sub(" ", name)).strip()
    return Label(code, name, county, first, last) if code or name else None


def shown(value: Any) -> Any:
    """Return a value for a message, without any long number."""
    short = "[long number]" if re.search(r"\d{9,}", str(value)) else value
    return None if read_label(value) is None else short


def distinct(values: pd.Series, year: int | pd.Series | None) -> tuple[np.ndarray, list[tuple[Any, int | None]]]:
    """Return the group of every position and the (value, year) of every group, in order of appearance."""
    groups, found = pd.factorize(values, use_na_sentinel=False)
    if not isinstance(year, pd.Series):
        return groups, [(value, None if year is None else int(year)) for value in found]
    if len(year) != len(values):
        what = f"{len(year)} years for {len(values)} municipalities"
        raise InputError(Problem(what, "Give one year, or one for each value."))
    years, known = pd.factorize(pd.to_numeric(year, errors="coerce"), use_na_sentinel=False)
    if pd.isna(known).any():
        row = int(np.flatnonzero(pd.isna(known)[years])[0]) + 2
        raise InputError(Problem("no year for a municipality", "Give every row a year.", row=row, column="year"))
    pairs, firsts = pd.factorize(groups * len(known) + years)
    combined = [divmod(int(pair), len(known)) for pair in firsts]
    return pairs, [(found[value], int(known[when])) for value, when in combined]
