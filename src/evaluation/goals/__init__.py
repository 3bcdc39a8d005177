"""Goal attainment: the municipalities' own targets in comparable form, how far they were reached, and by whose figures.

Municipalities set their own targets and report every year. Three judges are kept apart: the rule applied to what was
reported, the municipality's own verdict, and the rule applied to the registers. "Cannot be assessed" is a status beside
reached, partly and not reached, and has a reason. None of it is an effect of the programme.
"""

from evaluation.goals.agreement import Agreement, agreement
from evaluation.goals.attainment import Attainment, attainment, reported
from evaluation.goals.chance import NEIGHBOURS, Chance, reached_by_chance
from evaluation.goals.codes import better, with_words, words
from evaluation.goals.comparable import (
    HALFWAY,
    REASONS,
    STATUSES,
    as_level,
    comparable,
    judge,
    last_full_year,
    status,
)
from evaluation.goals.measures import measures_taken
from evaluation.goals.operational import PARTS, operationalised
from evaluation.goals.questions import (
    ANSWERS,
    QUESTIONS,
    advice,
    answers,
    due,
    expected_reports,
    reporting,
    stated_figures,
)
from evaluation.goals.registers import REGISTERS, before_and_after, register_figures

__all__ = [
    "ANSWERS",
    "HALFWAY",
    "NEIGHBOURS",
    "PARTS",
    "QUESTIONS",
    "REASONS",
    "REGISTERS",
    "STATUSES",
    "Agreement",
    "Attainment",
    "Chance",
    "advice",
    "agreement",
    "answers",
    "as_level",
    "attainment",
    "before_and_after",
    "better",
    "comparable",
    "due",
    "expected_reports",
    "judge",
    "last_full_year",
    "measures_taken",
    "operationalised",
    "reached_by_chance",
    "register_figures",
    "reported",
    "reporting",
    "stated_figures",
    "status",
    "with_words",
    "words",
]


def __dir__() -> list[str]:
    return __all__
