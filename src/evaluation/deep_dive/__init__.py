"""Deep dives: one case against its peers, described; what is found here is development, not effect."""

from evaluation.deep_dive.compare import compare
from evaluation.deep_dive.result import CaseComparison, Note

__all__ = ["CaseComparison", "Note", "compare"]
