"""What went wrong, where, and what to do about it.

Every error a user can cause derives from `EvaluationError`; the command line prints its text and exits with status 2.
Problems in one input are collected and reported together, so that a file is mended in one go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = [
    "SHOWN",
    "WARNINGS",
    "EstimationError",
    "EvaluationError",
    "InputError",
    "Note",
    "ParameterError",
    "Problem",
    "ReportError",
    "redact",
    "redacted",
]


def __dir__() -> list[str]:
    return __all__


SHOWN = 20
# Ten digits too: a spreadsheet eats the leading zero of those born on the first to the ninth.
_IDENTITY_NUMBER = re.compile(r"(?<!\d)\d{5,6}[ \-\u00a0\u2009\u202f]?\d{5}(?!\d)")


def redact(text: object) -> str:
    """Return `text` with anything shaped like a national identity number replaced by a mark."""
    return _IDENTITY_NUMBER.sub("[identity number]", str(text))


def redacted(value: object) -> object:
    """Return a value as it is, or as redacted text where it holds something shaped like an identity number."""
    shown = redact(value)
    return value if shown == str(value) else shown


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    `row` counts from 1 as a spreadsheet shows it (the header is row 1). Nothing shaped like a national identity number
    is kept in any part of it, so that no message, `repr` or log can show one.
    """

    what: str
    remedy: str
    file: str | None = None
    row: int | None = None
    column: str | None = None
    value: object = None

    def __post_init__(self) -> None:
        for part in ("what", "remedy", "file", "column", "value"):
            object.__setattr__(self, part, redacted(getattr(self, part)))
        try:
            hash(self.value)  # equal problems are told once
        except TypeError:
            object.__setattr__(self, "value", str(self.value))

    def __str__(self) -> str:
        where = [str(self.file)] if self.file else []
        where += [f"row {self.row}"] if self.row is not None else []
        where += [f"column {self.column}"] if self.column else []
        where += [f"value {str(self.value)!r}"] if self.value is not None else []
        place = ", ".join(where)
        return f"{place + ': ' if place else ''}{self.what}. {self.remedy}"


@dataclass(frozen=True)
class Note:
    """Something a reader did to an input, or found odd in it, without refusing it.

    `code` is said by the label `note.<code>`, which may ask for `{count}` and `{value}`; a code of `WARNINGS` is a
    warning, told in the check and below every exhibit made from the table, any other is told in the check only.

    Attributes
    ----------
    count : int
        How many cells, rows or municipalities it is about.
    row : int, optional
        The first such row, as a spreadsheet counts it.
    value : str
        The first such cell, or what was found; never an identity number.
    """

    code: str
    file: str
    count: int = 1
    column: str = ""
    row: int | None = None
    value: str = ""

    def __post_init__(self) -> None:
        for part in ("file", "column", "value"):
            object.__setattr__(self, part, redact(getattr(self, part)))

    @property
    def warning(self) -> bool:
        """Whether a reader of the report must know of it."""
        return self.code in WARNINGS


WARNINGS = ("preliminary", "above_full_time", "no_position", "gaps", "few_clusters")
"""Codes of notes that are told below the exhibits too."""


class EvaluationError(Exception):
    """Base class of every error the suite raises on purpose; its text never holds an identity number."""

    def __init__(self, *said: object):
        super().__init__(*(redacted(one) for one in said))


class InputError(EvaluationError):
    """An input (file, table, panel or parameter file) cannot be used; `problems` lists every reason found."""

    def __init__(self, problems: Problem | Iterable[Problem]):
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        shown = [str(problem) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            shown.append(f"... and {len(self.problems) - SHOWN} more problems of this kind.")
        super().__init__("\n".join(shown))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        # Between processes the problems travel, not the text made of them.
        return type(self), (self.problems,)


class ParameterError(InputError):
    """A parameter file, or a parameter given on the command line, cannot be used."""


class EstimationError(InputError):
    """A panel cannot answer the question asked of it (no controls, absorbed treatment, ...)."""


class ReportError(EvaluationError):
    """A report was not published. The previous report is untouched."""
