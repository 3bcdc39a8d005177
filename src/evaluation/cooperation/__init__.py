"""Cooperation between the parties: what they answer, whether they agree, and where the programme succeeded.

`scores` and `municipal` make indices of the survey, `agreement` compares the roles, `effects` imputes each
municipality's effect, `moderation` tells whether it differs with a trait, and `succeeded` makes all tests together.
A difference between effects is moderation: municipalities that cooperate well differ in other ways too.
"""

from evaluation.cooperation.agreement import AGREED, Agreement, agreement, correlation, reliabilities, within_group
from evaluation.cooperation.imputed import MunicipalEffects, municipal_effects, spread
from evaluation.cooperation.mixed import Mixed, mixed
from evaluation.cooperation.moderation import (
    CONVENTION,
    Moderation,
    adjusted,
    between_networks,
    moderation,
    moderations,
)
from evaluation.cooperation.outcomes import OUTCOMES, Outcome, effects, theme_of
from evaluation.cooperation.reports import reported, reported_by_municipality, same_story, strengthen, words_of
from evaluation.cooperation.scores import FEWEST, answers, groups, judged, municipal, role_adjusted, scores
from evaluation.cooperation.traits import earlier, earlier_by_half, networks
from evaluation.cooperation.who import Succeeded, succeeded

__all__ = [
    "AGREED",
    "CONVENTION",
    "FEWEST",
    "OUTCOMES",
    "Agreement",
    "Mixed",
    "Moderation",
    "MunicipalEffects",
    "Outcome",
    "Succeeded",
    "adjusted",
    "agreement",
    "answers",
    "between_networks",
    "correlation",
    "earlier",
    "earlier_by_half",
    "effects",
    "groups",
    "judged",
    "mixed",
    "moderation",
    "moderations",
    "municipal",
    "municipal_effects",
    "networks",
    "reliabilities",
    "reported",
    "reported_by_municipality",
    "role_adjusted",
    "same_story",
    "scores",
    "spread",
    "strengthen",
    "succeeded",
    "theme_of",
    "within_group",
    "words_of",
]


def __dir__() -> list[str]:
    return __all__
