"""A study folder of one's own, laid out: what to fill in, what to put where, and forms for what is typed by hand.

Everything is made from the declarations of the tables, so that it says what the readers ask for.
"""

from evaluation.new.forms import FORMS
from evaluation.new.lay_out import NAME, PLACEHOLDER, Laid, lay_out
from evaluation.new.sources import sources_yaml

__all__ = ["FORMS", "NAME", "PLACEHOLDER", "Laid", "lay_out", "sources_yaml"]
