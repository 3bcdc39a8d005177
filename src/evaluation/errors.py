"""What went wrong, where, and what to do about it.

Every error a user can cause derives from `EvaluationError`; the command line prints its text and exits with status 2.
Problems in one input are collected and reported together, so that a file is mended in one go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

SHOWN = 20
# Ten digits too: a spreadsheet eats the leading zero of those born on the first to the ninth.
_IDENTITY_NUMBER = re.compile(r"(?<!\d)\d{5,6}[ -]?\d{5}(?!\d)")


def redact(text: object) -> str:
    """Return `text` with anything shaped like a national identity number replaced by a mark."""
    return _IDENTITY_NUMBER.sub("[identity number]", str(text))


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input.

    `row` counts from 1 as a spreadsheet shows it (the header is row 1). `value` is shown redacted.
    """

    what: str
    remedy: str
    file: str | None = None
    row: int | None = None
    column: str | None = None
    value: object = None

    def __str__(self) -> str:
        where = [str(self.file)] if self.file else []
        where += [f"row {self.row}"] if self.row is not None else []
        where += [f"column {self.column}"] if self.column else []
        where += [f"value {redact(self.value)!r}"] if self.value is not None else []
        place = ", ".join(where)
        return f"{place + ': ' if place else ''}{redact(self.what)}. {redact(self.remedy)}"


class EvaluationError(Exception):
    """Base class of every error the suite raises on purpose."""


class InputError(EvaluationError):
    """An input (file, table, panel or parameter file) cannot be used; `problems` lists every reason found."""

    def __init__(self, problems: Problem | Iterable[Problem]):
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        shown = [str(problem) for problem in self.problems[:SHOWN]]
        if len(self.problems) > SHOWN:
            shown.append(f"... and {len(self.problems) - SHOWN} more problems of this kind.")
        super().__init__("\n".join(shown))


class ParameterError(InputError):
    """A parameter file, or a parameter given on the command line, cannot be used."""


class EstimationError(InputError):
    """A panel cannot answer the question asked of it (no controls, absorbed treatment, ...)."""


class ReportError(EvaluationError):
    """A report was not published. The previous report is untouched."""
