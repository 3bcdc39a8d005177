"""The figures, each a frozen specification that draws itself in any of the languages and says what it shows."""

from evaluation.exhibits.figures.along import Along
from evaluation.exhibits.figures.base import FigureSpec
from evaluation.exhibits.figures.categories import Bars, StackedBands
from evaluation.exhibits.figures.chronology import Timeline
from evaluation.exhibits.figures.comparison import DotInterval, Dumbbell
from evaluation.exhibits.figures.distribution import Cumulative, Histogram
from evaluation.exhibits.figures.diverging import DivergingBars
from evaluation.exhibits.figures.funnel import Funnel
from evaluation.exhibits.figures.grid import Grid
from evaluation.exhibits.figures.matrix import Matrix
from evaluation.exhibits.figures.multiples import SmallHistograms
from evaluation.exhibits.figures.series import EventStudy, Lines
from evaluation.exhibits.figures.specifications import SpecificationCurve

# A notebook calls them as the verbs they are: `exhibits.lines(released, x="quarter", y="rate")`.
bars, cumulative, dot_interval, dumbbell, event_study = Bars, Cumulative, DotInterval, Dumbbell, EventStudy
histogram, lines, stacked_bands, timeline = Histogram, Lines, StackedBands, Timeline
along, grid, small_histograms = Along, Grid, SmallHistograms
specification_curve = SpecificationCurve
funnel, matrix = Funnel, Matrix
diverging_bars = DivergingBars

__all__ = [
    "FigureSpec",
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
