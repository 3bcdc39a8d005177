"""What the codebook says of codes: their words, and which way an indicator is better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from evaluation.texts import LANGUAGES, capital

if TYPE_CHECKING:
    from evaluation.study import Study


def optional_table(study: Study, name: str) -> Any:
    """Return a table that a study may lack (of the positions its path), or None."""
    has = getattr(study, "has", None)
    return getattr(study, name) if has is not None and has(name) else None


def words(study: Study, codes: str) -> dict[str, Mapping[str, str]]:
    """Return the words in nb, nn and en of the codes of one list of the codebook; empty where there is none."""
    book = optional_table(study, "codebook")
    if book is None:
        return {}
    rows = book[book["list"] == codes]
    return {str(row["code"]): {word: str(row[word]) for word in LANGUAGES} for _, row in rows.iterrows()}


def better(study: Study) -> dict[str, str]:
    """Return ``"higher"`` or ``"lower"``, whichever is better, of the indicators the codebook tells it of."""
    book = optional_table(study, "codebook")
    if book is None or "better" not in book:
        return {}
    rows = book[(book["list"] == "indicator") & book["better"].notna()]
    return dict(zip(rows["code"].astype(str), rows["better"].astype(str), strict=True))


def with_words(study: Study, frame: pd.DataFrame, column: str, codes: str) -> pd.DataFrame:
    """Return the frame with `words` for a cell: those of the codes in a column, or the code where there are none."""
    said = {code: {word: capital(text[word]) for word in LANGUAGES} for code, text in words(study, codes).items()}
    spelled = pd.Series([said.get(str(code), code) for code in frame[column]], index=frame.index, dtype="object")
    return frame.assign(words=spelled)
