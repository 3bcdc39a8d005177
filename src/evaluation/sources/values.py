"""Cells to values: numbers with Statistics Norway's standard signs, quarters, years, dates and identity numbers.

Every reader here takes a column of cells as found (text, or the numbers and dates of a workbook) and returns the values
together with a mask of the cells it could not read; none of them guesses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

# Statistics Norway's standard signs for a figure that is not there (https://www.ssb.no/en/diverse/standardtegn).
SIGNS: Mapping[str, str] = {
    ".": "not_applicable",
    "..": "not_delivered",
    "...": "not_yet_available",
    ":": "confidential",
    "": "left_blank",
}
ZEROS = ("-", "–")
PRELIMINARY = "*"
WITHHELD = "<"
"""How `<5` is counted: a figure withheld for being small."""

_SPACE = "[ \u00a0\u2007\u2009\u202f']"
_WHITESPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Numbers:
    """A column of cells read as numbers.

    Attributes
    ----------
    figures : Series of float
        The numbers; NaN where `missing` gives a reason or `bad` is true.
    missing : Series of str
        Why a figure is not there (a value of `SIGNS`), else empty.
    bad : Series of bool
        Cells that are neither a number nor a standard sign.
    signs : dict
        How often each standard sign occurred, `-` (zero), `*` (preliminary) and `<` (withheld) too, blanks not.
    styles : dict
        How often a figure was written with a `decimal_comma`, `thousands` set off or a `percent_sign`.
    doubt : str or None
        A figure such as "1.234" that may be a decimal or a thousand, when nothing in the column settles it.
    """

    figures: pd.Series
    missing: pd.Series
    bad: pd.Series
    signs: dict[str, int]
    doubt: str | None = None
    styles: Mapping[str, int] = field(default_factory=dict)


def as_text(column: pd.Series) -> pd.Series:
    """Return the cells as trimmed text: blanks as "", whole numbers without decimals, dates as ISO dates."""
    if isinstance(column.dtype, pd.StringDtype):
        return column.fillna("").str.strip()
    return column.map(_cell_text).astype("str")


def _cell_text(cell: Any) -> str:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat()
    return str(cell).strip()


def numbers(column: pd.Series, *, decimal: str | None = None) -> Numbers:
    """Read a column of figures written the Norwegian (or the English) way.

    Thousands may be set off by a space (also the no-break and narrow ones), decimals by comma or point; a percent sign,
    a trailing `*` (preliminary), the standard signs and `<5` (withheld for being small) are understood.

    Parameters
    ----------
    column : Series
        Cells as found.
    decimal : {",", "."}, optional
        The decimal sign. By default it is read off the column; figures that stay ambiguous are reported in `doubt`.
    """
    if isinstance(column.dtype, pd.StringDtype):
        return _text_numbers(column, decimal)
    if pd.api.types.is_numeric_dtype(column.dtype):
        values = column.astype("float64")
        return _native(values)
    native = column.map(lambda cell: isinstance(cell, (int, float, np.number)) and not isinstance(cell, bool))
    text = _text_numbers(as_text(column.where(~native, "0")), decimal)
    found = _native(column.where(native).astype("float64"))
    return Numbers(
        figures=text.figures.where(~native, found.figures),
        missing=text.missing.where(~native, found.missing),
        bad=text.bad & ~native,
        signs=text.signs,
        doubt=text.doubt,
        styles=text.styles,
    )


def _native(values: pd.Series) -> Numbers:
    missing = pd.Series(np.where(values.isna(), SIGNS[""], ""), index=values.index, dtype="str")
    return Numbers(values, missing, np.isinf(values), {})


def _text_numbers(column: pd.Series, decimal: str | None) -> Numbers:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pa.array(column, type=pa.string(), from_pandas=True)
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    text = pc.replace_substring(pc.utf8_trim_whitespace(pc.fill_null(text, "")), "\u2212", "-")
    preliminary = pc.match_substring_regex(text, r"\d\s*%?\s*\*$")
    percent = pc.match_substring_regex(text, r"\d\s*%")
    withheld = pc.match_substring_regex(text, r"^[<≤]\s*\d+$")
    text = pc.replace_substring_regex(text, r"(\d)\s*%?\s*\*?$", r"\1")
    known = pc.index_in(text, pa.array(list(SIGNS)))
    zero = pc.is_in(text, pa.array(ZEROS))
    figure = pc.invert(pc.or_(pc.or_(pc.is_valid(known), zero), withheld))
    sign, doubt = (decimal, None) if decimal else _decimal_sign(text.filter(figure))
    other = "," if sign == "." else r"\."
    whole = rf"(?:\d+|\d{{1,3}}(?:{_SPACE}\d{{3}})+|\d{{1,3}}(?:{other}\d{{3}})+)"
    fraction = rf"{re.escape(sign)}\d+"
    readable = pc.and_(figure, pc.match_substring_regex(text, rf"^[-+]?(?:{whole}(?:{fraction})?|{fraction})$"))
    plain = pc.replace_substring_regex(text, rf"(?:{_SPACE}|{other}|\+)", "")
    plain = plain if sign == "." else pc.replace_substring(plain, ",", ".")
    values = pc.if_else(readable, plain, pa.scalar(None, pa.string())).cast(pa.float64())
    values = pc.if_else(zero, 0.0, values)
    reasons = pc.fill_null(pa.array(list(SIGNS.values())).take(known), "")
    reasons = pc.if_else(withheld, SIGNS[":"], reasons)
    counts = {symbol: _count(pc.equal(text, symbol)) for symbol in (*list(SIGNS)[:-1], ZEROS[0])}
    counts |= {PRELIMINARY: _count(preliminary), WITHHELD: _count(withheld)}
    written = {
        "decimal_comma": pc.match_substring_regex(text, r",") if sign == "," else pa.array([], pa.bool_()),
        "thousands": pc.match_substring_regex(text, rf"\d(?:{_SPACE}|{other})\d"),
        "percent_sign": percent,
    }
    styles = {style: _count(pc.and_(found, readable)) for style, found in written.items() if len(found)}
    return Numbers(
        figures=pd.Series(values.to_numpy(zero_copy_only=False), index=column.index, dtype="float64"),
        missing=pd.Series(reasons, index=column.index, dtype="str"),
        bad=pd.Series(pc.and_not(figure, readable).to_numpy(zero_copy_only=False), index=column.index),
        signs={symbol: count for symbol, count in counts.items() if count},
        doubt=doubt,
        styles={style: count for style, count in styles.items() if count},
    )


def _count(mask: Any) -> int:
    import pyarrow.compute as pc

    return int(pc.sum(mask).as_py() or 0)


def _decimal_sign(text: Any) -> tuple[str, str | None]:
    """Decimal sign of a column of figures, with a figure that leaves it in doubt if nothing settles it."""
    import pyarrow.compute as pc

    def having(pattern: str) -> Any:
        return text.filter(pc.match_substring_regex(text, pattern))

    comma, point = having(","), having(r"\.")
    if not len(comma) and not len(point):
        return ",", None
    if len(comma) and len(point) and len(having(r",.*\.|\..*,")):
        return (",", None) if len(having(r"\.\d{3}.*,")) else (".", None)
    if len(having(",.*,")):
        return ".", None
    if len(having(r"\..*\.")):
        return ",", None

    def grouped(found: Any, mark: str) -> bool:
        pattern = rf"^[-+]?[1-9]\d{{0,2}}{mark}\d{{3}}$"
        return bool(pc.all(pc.match_substring_regex(found, pattern)).as_py())

    comma_grouped, point_grouped = grouped(comma, ","), grouped(point, r"\.")
    if len(comma) and len(point):
        doubt = comma[0].as_py() if comma_grouped and point_grouped else None
        return ("." if comma_grouped and not point_grouped else ","), doubt
    if len(comma):
        return ",", comma[0].as_py() if comma_grouped else None
    return ".", point[0].as_py() if point_grouped else None


def _distinct(column: pd.Series, read: Callable[[str], Any]) -> list[Any]:
    """`read` applied once to each distinct text of the column, laid out along the column."""
    codes, found = pd.factorize(as_text(column))
    results = [read(_WHITESPACE.sub(" ", str(text))) for text in found]
    return [results[code] for code in codes]


_QUARTERS = (
    re.compile(r"^(?P<year>\d{4}) ?[-/:]? ?[kq] ?(?P<quarter>[1-4])$"),
    re.compile(r"^(?P<year>\d{4})[-/:](?P<quarter>[1-4])$"),
    re.compile(r"^(?P<quarter>[1-4])\.? ?(?:kvartal|kv\.?|quarter),? ?(?P<year>\d{4})$"),
    re.compile(r"^[kq] ?(?P<quarter>[1-4])[-/:, ]{0,2}(?P<year>\d{4})$"),
    re.compile(r"^(?P<quarter>[1-4])\.? ?[kq][-/: ]?(?P<year>\d{4})$"),
)


_MONTH = re.compile(r"(?P<year>(?:19|20)\d\d) ?m ?(?P<month>0[1-9]|1[0-2])")
_STAR = re.compile(r"(?<=\w) ?\*$")


def starred(column: pd.Series) -> pd.Series:
    """Mask of the periods marked as preliminary, such as 2012* or 2012K1*."""
    return as_text(column).str.contains(_STAR)


def months(column: pd.Series) -> pd.Series:
    """Months written as 2012M01, as Period[M]; NaT where the cell is none."""
    codes, texts = pd.factorize(as_text(column))
    found = [_MONTH.fullmatch(_STAR.sub("", str(text)).casefold()) for text in texts]
    read = [pd.Period(year=int(one["year"]), month=int(one["month"]), freq="M") if one else pd.NaT for one in found]
    return pd.Series(pd.array(read, dtype=pd.PeriodDtype("M")).take(codes), index=column.index)


def _quarter(text: str) -> Any:
    text = _STAR.sub("", text).casefold()
    for pattern in _QUARTERS:
        found = pattern.match(text)
        if found and 1900 <= int(found["year"]) <= 2100:
            return pd.Period(year=int(found["year"]), quarter=int(found["quarter"]), freq="Q-DEC")
    return pd.NaT


def quarters(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Quarters written as 2012K1, 2012-1, 2012Q1, K1 2012, 4Q2008 or 1. kvartal 2012, with a star if preliminary.

    Returns
    -------
    values : Series of Period[Q-DEC]
        NaT where the cell is not a quarter.
    bad : Series of bool
    """
    codes, found = pd.factorize(as_text(column))
    read = [_quarter(_WHITESPACE.sub(" ", str(text))) for text in found]
    distinct = pd.array(read, dtype=pd.PeriodDtype("Q-DEC"))
    values = pd.Series(distinct.take(codes), index=column.index)
    return values, values.isna()


def _year(text: str) -> int | None:
    found = re.fullmatch(r"((?:19|20)\d\d) ?\*?", text)
    return int(found[1]) if found else None


def years(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Calendar years (1900-2099, with a star if preliminary) as integers, with a mask of others (-1 there)."""
    values = pd.Series(_distinct(column, _year), index=column.index, dtype="float64")
    return values.fillna(-1).astype("int64"), values.isna()


def _date(text: str) -> date | None:
    for pattern in ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d"):
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    return None


def dates(column: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Dates (workbook dates, 2012-03-15, 15.03.2012 or 20120315) as `datetime.date`, with a mask of the unreadable."""
    values = pd.Series(_distinct(column, _date), index=column.index, dtype="object")
    return values, values.isna()


_CANDIDATE = r"\d{6}[ \-\x{00a0}\x{2009}\x{202f}]?\d{5}"
_CANDIDATES = re.compile(r"(?<!\d)\d{6}[ \-\u00a0\u2009\u202f]?\d{5}(?!\d)")
_WEIGHTS = np.array([[3, 7, 6, 1, 8, 9, 4, 5, 2, 1, 0], [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]])


def valid_identity_numbers(candidates: np.ndarray) -> np.ndarray:
    """Whether each integer is a valid Norwegian national identity number by date and both control digits.

    Birth numbers, D-numbers (day + 40), help numbers (month + 40) and synthetic ones (month + 80) count alike; a
    leading zero may have been lost. Source: regulation to the Population Register Act (FOR-2017-07-14-1201).
    """
    candidates = np.asarray(candidates, dtype="int64")
    digits = (candidates[:, None] // 10 ** np.arange(10, -1, -1, dtype="int64")) % 10
    day = (digits[:, 0] * 10 + digits[:, 1]) % 40
    month = (digits[:, 2] * 10 + digits[:, 3]) % 40
    dated = (day >= 1) & (day <= 31) & (month >= 1) & (month <= 12) & (digits[:, 0] < 8)
    checked = ((digits @ _WEIGHTS.T) % 11 == 0).all(axis=1)
    return (candidates > 0) & (candidates < 10**11) & dated & checked


def identity_numbers(column: pd.Series) -> pd.Series:
    """Mask of the cells that hold a valid national identity number, alone or inside a text."""
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        whole = column.fillna(0).astype("float64").clip(-1, 10**12).astype("int64")
        return pd.Series(valid_identity_numbers(whole.to_numpy()), index=column.index)
    import pyarrow as pa
    import pyarrow.compute as pc

    text = as_text(column)
    found = pc.match_substring_regex(pa.array(text, type=pa.string()), rf"{_CANDIDATE}|^\d{{10}}$")
    suspect = pd.Series(found, index=text.index, dtype="bool")
    hits = text[suspect].map(_holds_identity_number).astype("bool")
    return hits.reindex(column.index, fill_value=False)


def _holds_identity_number(text: str) -> bool:
    found = [int(re.sub(r"\D", "", match)) for match in _CANDIDATES.findall(text)]
    # A workbook's number cell loses the leading zero of those born on the first nine days of a month.
    found += [int(text)] if re.fullmatch(r"\d{10}", text) else []
    return bool(found) and bool(valid_identity_numbers(np.array(found)).any())


def identity_line(text: str) -> int | None:
    """Return the first line of a text, from 1, that holds a valid national identity number; None if none does."""
    if not _CANDIDATES.search(text):
        return None
    hits = identity_numbers(pd.Series(text.splitlines(), dtype="str"))
    return int(np.argmax(hits)) + 1 if hits.any() else None
