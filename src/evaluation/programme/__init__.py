"""Who took part in a development programme, when, in what: intakes, projects, themes, networks, cases, earlier ones.

A programme is data, not code. A project and a municipality are different things, many-to-many: two municipalities may
share one project, and one may have several projects and themes. What the sources claim about a programme is kept as
facts with their source, and where sources disagree all claims stay.
"""

from evaluation.programme.files import read_definition, read_programme
from evaluation.programme.model import Case, Programme

__all__ = ["Case", "Programme", "read_definition", "read_programme"]


def __dir__() -> list[str]:
    return __all__
