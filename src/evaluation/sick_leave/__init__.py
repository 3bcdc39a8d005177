"""Sick leave: rates, development and effect.

**Sick-leave rate** = 100 x man-days lost to the employees' own sickness / agreed man-days (sykefraværsdagsverk /
avtalte dagsverk), in percent. The numerator is adjusted for the degree of disability and the denominator for the
position percentage; Monday to Friday without public holidays; self-certified plus doctor-certified. Source: NAV, Om
statistikken: Sykefravær, chapter 4, Begreper, kjennemerker og grupperinger. KS publishes it for municipal employees by
rolling years. Rates are always formed from sums of man-days; percentages are never averaged.
"""

from evaluation.sick_leave.alternatives import (
    SPECIFICATIONS,
    alternatives,
    by_intake,
    development_by_kind,
    marks,
    same_conclusion,
)
from evaluation.sick_leave.composition import Decomposition, composition
from evaluation.sick_leave.development import Development, by_starting_level, development
from evaluation.sick_leave.effect import CONTROLS, MAN_YEAR, ManYears, Panel, effect, man_years_back, panel
from evaluation.sick_leave.rates import KINDS, WORKING_DAYS, rates, rolling, with_groups

__all__ = [
    "CONTROLS",
    "KINDS",
    "MAN_YEAR",
    "SPECIFICATIONS",
    "WORKING_DAYS",
    "Decomposition",
    "Development",
    "ManYears",
    "Panel",
    "alternatives",
    "by_intake",
    "by_starting_level",
    "composition",
    "development",
    "development_by_kind",
    "effect",
    "man_years_back",
    "marks",
    "panel",
    "rates",
    "rolling",
    "same_conclusion",
    "with_groups",
]
