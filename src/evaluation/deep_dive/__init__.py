"""Deep dives: one case against its fair comparison, and the cases side by side; it is development, not effect."""

from evaluation.deep_dive.across import OUTCOMES, AcrossCases, across, among_all, attainment, traits_of_reached
from evaluation.deep_dive.compare import compare
from evaluation.deep_dive.controls import Series, SyntheticControl, synthetic_control
from evaluation.deep_dive.funnel import Funnel, funnel, small_numbers
from evaluation.deep_dive.neighbours import balance, covariates, nearest
from evaluation.deep_dive.notes import Note
from evaluation.deep_dive.peers import STEPS, find_case
from evaluation.deep_dive.picker import picker
from evaluation.deep_dive.result import CaseComparison
from evaluation.deep_dive.targets import in_words, measures_taken, own_targets
from evaluation.deep_dive.timeline import CaseTimeline, timeline

__all__ = [
    "OUTCOMES",
    "STEPS",
    "AcrossCases",
    "CaseComparison",
    "CaseTimeline",
    "Funnel",
    "Note",
    "Series",
    "SyntheticControl",
    "across",
    "among_all",
    "attainment",
    "balance",
    "compare",
    "covariates",
    "find_case",
    "funnel",
    "in_words",
    "measures_taken",
    "nearest",
    "own_targets",
    "picker",
    "small_numbers",
    "synthetic_control",
    "timeline",
    "traits_of_reached",
]


def __dir__() -> list[str]:
    return __all__
