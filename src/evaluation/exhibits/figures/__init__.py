"""The figures, each a frozen specification that draws itself in any of the languages and says what it shows."""

from evaluation.exhibits.figures.base import FigureSpec
from evaluation.exhibits.figures.categories import Bars, StackedBands
from evaluation.exhibits.figures.chronology import Timeline
from evaluation.exhibits.figures.comparison import DotInterval, Dumbbell
from evaluation.exhibits.figures.distribution import Cumulative, Histogram
from evaluation.exhibits.figures.series import EventStudy, Lines
from evaluation.exhibits.figures.specifications import SpecificationCurve

# A notebook calls them as the verbs they are: `exhibits.lines(released, x="quarter", y="rate")`.
bars, cumulative, dot_interval, dumbbell, event_study = Bars, Cumulative, DotInterval, Dumbbell, EventStudy
histogram, lines, stacked_bands, timeline = Histogram, Lines, StackedBands, Timeline
specification_curve = SpecificationCurve

__all__ = [
    "FigureSpec",
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
