"""Reputation among inhabitants: an index from a survey in waves, and how large an effect such a survey could find.

`measured` gives every person's index and weight; `panel` the municipalities' means by wave; `levels` and `changes` how
they developed; `obstacle` why an effect cannot be estimated, if it cannot; `effect` the estimate with what the design
could have found beside it; `noise` how much of the movement of municipalities is chance in who answered.
"""

from evaluation.reputation.development import changes, kinds, levels
from evaluation.reputation.effect import OBSTACLES, Answer, alternatives, effect, obstacle, same_conclusion, same_sign
from evaluation.reputation.noise import Noise, noise
from evaluation.reputation.waves import GROUPS, Measured, Panel, measured, panel

__all__ = [
    "GROUPS",
    "OBSTACLES",
    "Answer",
    "Measured",
    "Noise",
    "Panel",
    "alternatives",
    "changes",
    "effect",
    "kinds",
    "levels",
    "measured",
    "noise",
    "obstacle",
    "panel",
    "same_conclusion",
    "same_sign",
]


def __dir__() -> list[str]:
    return __all__
