"""What is in a data folder: what was understood of every file, what is wrong, and what is missing for which chapter.

`check` reads everything, whatever is wrong with parts of it; `page` and `as_text` show the result in nb, nn or en.
"""

from evaluation.check.needs import Needs, every, needs, used_by
from evaluation.check.page import page
from evaluation.check.result import LOOK, UNUSABLE, USABLE, Check, Lacking, check
from evaluation.check.show import as_text

__all__ = [
    "LOOK",
    "UNUSABLE",
    "USABLE",
    "Check",
    "Lacking",
    "Needs",
    "as_text",
    "check",
    "every",
    "needs",
    "page",
    "used_by",
]
