"""What the evaluation comes to: the other chapters' findings put together, graded by a stated rule, and compared."""

from evaluation.conclusions.changes import changes
from evaluation.conclusions.grade import GRADES, effects
from evaluation.conclusions.read import Findings, claims, read
from evaluation.conclusions.summary import Sentence, summary

__all__ = ["GRADES", "Findings", "Sentence", "changes", "claims", "effects", "read", "summary"]


def __dir__() -> list[str]:
    return __all__
