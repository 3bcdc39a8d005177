"""Released results as exhibits: figures, tables and prose with numbers, in the report's language."""

from evaluation.exhibits.chapter import Chapter, Exhibit, Prose
from evaluation.exhibits.figures import (
    FigureSpec,
    along,
    bars,
    cumulative,
    diverging_bars,
    dot_interval,
    dumbbell,
    event_study,
    funnel,
    grid,
    histogram,
    lines,
    matrix,
    small_histograms,
    specification_curve,
    stacked_bands,
    timeline,
)
from evaluation.exhibits.finding import Evidence, Finding

__all__ = [
    "Chapter",
    "Evidence",
    "Exhibit",
    "FigureSpec",
    "Finding",
    "Prose",
    "along",
    "bars",
    "cumulative",
    "diverging_bars",
    "dot_interval",
    "dumbbell",
    "event_study",
    "funnel",
    "grid",
    "histogram",
    "lines",
    "matrix",
    "small_histograms",
    "specification_curve",
    "stacked_bands",
    "timeline",
]


def __dir__() -> list[str]:
    return __all__
