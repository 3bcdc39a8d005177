"""Sick leave: rates, development and effect.

**Sick-leave rate** = 100 x man-days lost to the employees' own sickness / agreed man-days (sykefraværsdagsverk /
avtalte dagsverk), in percent. The numerator is adjusted for the degree of disability and the denominator for the
position percentage; Monday to Friday without public holidays; self-certified plus doctor-certified. Source: NAV, Om
statistikken: Sykefravær, chapter 4, Begreper, kjennemerker og grupperinger. KS publishes it for municipal employees by
rolling years. Rates are always formed from sums of man-days; percentages are never averaged.
"""

from evaluation.sick_leave.certainty import Certainty, certainty
from evaluation.sick_leave.composition import Decomposition, composition
from evaluation.sick_leave.controls import Comparison, left_out, not_told
from evaluation.sick_leave.development import Development, by_starting_level, development
from evaluation.sick_leave.effect import CONTROLS, MAN_YEAR, Kroner, ManYears, Panel, effect, man_years_back, panel
from evaluation.sick_leave.rates import KINDS, WORKING_DAYS, rates, rolling, with_groups
from evaluation.sick_leave.specifications import (
    PRESPECIFIED,
    SPECIFICATIONS,
    alternatives,
    anticipation_quarters,
    balance,
    by_intake,
    by_outcome,
    development_by_kind,
    marks,
    same_conclusion,
    specification_curve,
)
from evaluation.sick_leave.themes import placebo_themes, triple_difference

__all__ = [
    "CONTROLS",
    "KINDS",
    "MAN_YEAR",
    "PRESPECIFIED",
    "SPECIFICATIONS",
    "WORKING_DAYS",
    "Certainty",
    "Comparison",
    "Decomposition",
    "Development",
    "Kroner",
    "ManYears",
    "Panel",
    "alternatives",
    "anticipation_quarters",
    "balance",
    "by_intake",
    "by_outcome",
    "by_starting_level",
    "certainty",
    "composition",
    "development",
    "development_by_kind",
    "effect",
    "left_out",
    "man_years_back",
    "marks",
    "not_told",
    "panel",
    "placebo_themes",
    "rates",
    "rolling",
    "same_conclusion",
    "specification_curve",
    "triple_difference",
    "with_groups",
]


def __dir__() -> list[str]:
    return __all__
