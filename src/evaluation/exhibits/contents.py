"""The table of contents that a chapter shows at the workbench: the headings of the open notebook, in one language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from evaluation.texts import LANGUAGES, three
from evaluation.workbench import open_notebook

_HEADING = re.compile(r"^(#{2,3}) +(.+?)\s*$", re.MULTILINE)
_ADVICE = three(
    "Verdiene i cellen over kan endres: skriv inn andre, og velg Run > Run All Cells. "
    "README.md i mappen sier hvordan du prøver noe i en kopi.",
    "Verdiane i cella over kan endrast: skriv inn andre, og vel Run > Run All Cells. "
    "README.md i mappa seier korleis du prøver noko i ein kopi.",
    "The values in the cell above can be changed: enter others, and choose Run > Run All Cells. "
    "README.md in the folder tells how to try something in a copy.",
)


@dataclass(frozen=True)
class Heading:
    """A heading of a notebook: its level (2 or 3), its text, and the id of its cell."""

    level: int
    text: str
    cell: str


def headings(notebook: Path, language: str) -> Iterator[Heading]:
    """Yield the headings in a notebook's prose that is in the language, or in all."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        tags = set(cell["metadata"].get("tags", []))
        if cell["cell_type"] == "markdown" and (language in tags or not tags & set(LANGUAGES)):
            for marks, text in _HEADING.findall("".join(cell["source"])):
                yield Heading(len(marks), text, cell.get("id", ""))


def contents(language: str) -> str | None:
    """Return, as HTML, how to use the open notebook, and its headings as links; None where none is open.

    A report has a table of contents of its own. JupyterLab follows a link to a cell of a notebook that is named.
    """
    notebook = open_notebook()
    if notebook is None:
        return None
    items = "".join(
        f'<li style="margin-left:{2 * one.level - 4}em">'
        f'<a href="{quote(notebook.name)}#cell-id={quote(one.cell)}">{escape(one.text)}</a></li>'
        for one in headings(notebook, language)
    )
    listed = f"<ul>{items}</ul>" if items else ""
    return f'<nav lang="{language}"><p>{escape(_ADVICE[language])}</p>{listed}</nav>'
