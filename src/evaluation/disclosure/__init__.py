"""What may be shown: results in, `Released` out, with what was withheld and why.

A cell that rests on few persons or man-years is withheld, and with it as many others as it takes that it cannot be
worked out from what is shown. A withheld value is a state of its own: it is missing in the released data, so that
nothing can be computed from it, and shown as ':', never as zero or blank.
"""

from evaluation.disclosure.control import Control
from evaluation.disclosure.outsider import Attack, Leak, attack
from evaluation.disclosure.plain import release, release_estimates, release_public
from evaluation.disclosure.released import Released, check_released
from evaluation.disclosure.rule import REASONS, Rule

__all__ = [
    "REASONS",
    "Attack",
    "Control",
    "Leak",
    "Released",
    "Rule",
    "attack",
    "check_released",
    "release",
    "release_estimates",
    "release_public",
]


def __dir__() -> list[str]:
    return __all__
