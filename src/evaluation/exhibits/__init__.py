"""Released results as exhibits: figures, tables and prose with numbers, in the report's language."""

from evaluation.exhibits.chapter import Chapter, Exhibit, Prose
from evaluation.exhibits.figures import (
    FigureSpec,
    bars,
    cumulative,
    dot_interval,
    dumbbell,
    event_study,
    histogram,
    lines,
    specification_curve,
    stacked_bands,
    timeline,
)
from evaluation.exhibits.finding import Finding

__all__ = [
    "Chapter",
    "Exhibit",
    "FigureSpec",
    "Finding",
    "Prose",
    "bars",
    "cumulative",
    "dot_interval",
    "dumbbell",
    "event_study",
    "histogram",
    "lines",
    "specification_curve",
    "stacked_bands",
    "timeline",
]
