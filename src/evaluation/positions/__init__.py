"""Position sizes: the whole distribution, what moved, and the panel for the effect.

`histogram` counts the register exactly, per position or per employee; everything else is read off its result.
"""

from evaluation.positions.change import Changes, across_municipalities, change, share_increased, shrunken
from evaluation.positions.groups import Panel, compare_groups, panel, theme_groups
from evaluation.positions.histogram import EDGES, EXCLUDED, Histogram, histogram

__all__ = [
    "EDGES",
    "EXCLUDED",
    "Changes",
    "Histogram",
    "Panel",
    "across_municipalities",
    "change",
    "compare_groups",
    "histogram",
    "panel",
    "share_increased",
    "shrunken",
    "theme_groups",
]
