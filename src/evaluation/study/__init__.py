"""One study: a programme and its tables, cut at a date, on one municipal division.

`load_study` is how every notebook opens; midterm and final report are the same notebooks at different `as_of` dates.
"""

from evaluation.study.load import load_study
from evaluation.study.model import Study

__all__ = ["Study", "load_study"]


def __dir__() -> list[str]:
    return __all__
