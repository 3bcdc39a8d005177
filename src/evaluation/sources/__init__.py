"""Raw files as researchers have them, read without changing what they say.

`read` takes a CSV or tab-separated file, an Excel workbook, a JSON-stat2 response of Statistics Norway's PxWebApi, a
KLASS code list or a Parquet file and returns a `Raw` frame of cells as found. `numbers`, `quarters`, `years` and
`dates` turn cells into values and say which they could not read; `amounts` reads figures written by hand, `read_form`
a form filled by hand; `read_yaml` reads YAML 1.2 strictly.
"""

from evaluation.sources.amounts import HOW, Amounts, amounts
from evaluation.sources.files import Raw, missing_file, read, read_yaml
from evaluation.sources.forms import form_label, read_form
from evaluation.sources.frame import label
from evaluation.sources.values import (
    SIGNS,
    Numbers,
    as_text,
    dates,
    identity_line,
    identity_numbers,
    months,
    numbers,
    quarters,
    starred,
    valid_identity_numbers,
    years,
)

__all__ = [
    "HOW",
    "SIGNS",
    "Amounts",
    "Numbers",
    "Raw",
    "amounts",
    "as_text",
    "dates",
    "form_label",
    "identity_line",
    "identity_numbers",
    "label",
    "missing_file",
    "months",
    "numbers",
    "quarters",
    "read",
    "read_form",
    "read_yaml",
    "starred",
    "valid_identity_numbers",
    "years",
]


def __dir__() -> list[str]:
    return __all__
