"""Recruitment and competence: vacancies, hard-to-fill positions, turnover and competence plans, by municipality.

**Vacant position**: a position without a holder on 1 December, in a sector's own count; **hard to fill**: vacant, and
advertised without a qualified applicant; **turnover**: employees who left during the year; all per 100 employees on
1 December. **Competence plans** are counted in sectors. Counts are small, so that effects on them are estimated by a
model of counts, as a change in per cent (`effect`); a linear estimate stands beside it (`linear_effect`).
"""

from evaluation.recruitment.certainty import (
    SPECIFICATIONS,
    Certainty,
    LinearCertainty,
    alternatives,
    by_outcome,
    by_sector,
    certainty,
    detectable,
    linear_certainty,
    placebo_themes,
    pre_trends,
    same_sign,
)
from evaluation.recruitment.count_effects import CountEffects, count_effects
from evaluation.recruitment.effect import (
    CONTROLS,
    OUTCOMES,
    PRESPECIFIED,
    Panel,
    by_intake,
    can_compare,
    can_compare_plans,
    effect,
    in_per_cent,
    linear_effect,
    panel,
)
from evaluation.recruitment.last_year import Chance, LastYear, Share, chance, fewer, fewer_at_same_level, last_year
from evaluation.recruitment.rates import (
    MEASURES,
    Development,
    by_starting_level,
    development,
    developments,
    rates,
    with_groups,
)

__all__ = [
    "CONTROLS",
    "MEASURES",
    "OUTCOMES",
    "PRESPECIFIED",
    "SPECIFICATIONS",
    "Certainty",
    "Chance",
    "CountEffects",
    "Development",
    "LastYear",
    "LinearCertainty",
    "Panel",
    "Share",
    "alternatives",
    "by_intake",
    "by_outcome",
    "by_sector",
    "by_starting_level",
    "can_compare",
    "can_compare_plans",
    "certainty",
    "chance",
    "count_effects",
    "detectable",
    "development",
    "developments",
    "effect",
    "fewer",
    "fewer_at_same_level",
    "in_per_cent",
    "last_year",
    "linear_certainty",
    "linear_effect",
    "panel",
    "placebo_themes",
    "pre_trends",
    "rates",
    "same_sign",
    "with_groups",
]


def __dir__() -> list[str]:
    return __all__
