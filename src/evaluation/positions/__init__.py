"""Position sizes: the whole distribution, what moved, and the effect along it.

`histogram` counts the register exactly, per position or per employee; everything else but `transitions`, which follows
persons, is read off its result.
"""

from evaluation.positions.alternatives import alternatives, same_sign
from evaluation.positions.basis import basis
from evaluation.positions.change import (
    Changes,
    across_municipalities,
    change,
    largest_increase,
    share_increased,
    shrunken,
)
from evaluation.positions.changes_in_changes import ChangesInChanges, changes_in_changes
from evaluation.positions.curves import Curves, curves
from evaluation.positions.distributional import DistributionalEffects, distributional_effect
from evaluation.positions.groups import Panel, compare_groups, panel, starts, theme_groups
from evaluation.positions.histogram import EDGES, EXCLUDED, Histogram, histogram
from evaluation.positions.mix import FACTORS, Decomposition, decompose, with_occupation
from evaluation.positions.transitions import Transitions, transitions

__all__ = [
    "EDGES",
    "EXCLUDED",
    "FACTORS",
    "Changes",
    "ChangesInChanges",
    "Curves",
    "Decomposition",
    "DistributionalEffects",
    "Histogram",
    "Panel",
    "Transitions",
    "across_municipalities",
    "alternatives",
    "basis",
    "change",
    "changes_in_changes",
    "compare_groups",
    "curves",
    "decompose",
    "distributional_effect",
    "histogram",
    "largest_increase",
    "panel",
    "same_sign",
    "share_increased",
    "shrunken",
    "starts",
    "theme_groups",
    "transitions",
    "with_occupation",
]


def __dir__() -> list[str]:
    return __all__
