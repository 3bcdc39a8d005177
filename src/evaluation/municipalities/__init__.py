"""Which municipality is which, across mergers: reading codes and names, and freezing a series on one year's division.

A municipality code says which territory a number belongs to, and for how long: Mosvik (1723) and Inderøy (1729) became
Inderøy (1756) on 1 January 2012. To follow a municipality over time, map every code to the division of one year and
**sum** man-days over the predecessors; percentages cannot be summed or averaged. A territory that was divided between
several successors is refused, never shared out by a guess.

The history of the Norwegian codes follows Statistics Norway's classification of municipalities (KLASS 131); see
`data/reference/README.md`.
"""

from evaluation.municipalities.history import SplitError
from evaluation.municipalities.register import NORWEGIAN, REFERENCE, Register

__all__ = ["NORWEGIAN", "REFERENCE", "Register", "SplitError"]


def __dir__() -> list[str]:
    return __all__
