"""Surveys: who answered, an index of several items, how reliable it is, and means of groups with honest errors.

`items` are what was asked, by the study's codebook; `response` is who answered; `index` is each respondent's mean of
the items; `reliability` how well the items agree; `weights` mend that some kinds of people answer less; `means`
compares groups; `placement` says how reliably so many answers place a municipality.
"""

from evaluation.survey.items import ANSWERED, SCALE, answer_shares, index, items, turned
from evaluation.survey.means import means
from evaluation.survey.placement import Placement, placement
from evaluation.survey.reliability import Reliability, reliability
from evaluation.survey.response import response
from evaluation.survey.weights import Weights, design_effect, weights

__all__ = [
    "ANSWERED",
    "SCALE",
    "Placement",
    "Reliability",
    "Weights",
    "answer_shares",
    "design_effect",
    "index",
    "items",
    "means",
    "placement",
    "reliability",
    "response",
    "turned",
    "weights",
]


def __dir__() -> list[str]:
    return __all__
