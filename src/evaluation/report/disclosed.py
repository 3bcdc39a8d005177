"""The report, and an earlier one with it, against what it withholds: a report that leaks is not published."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.errors import ReportError
from evaluation.report.declared import read_notebook

if TYPE_CHECKING:
    from nbformat import NotebookNode

EXHIBIT = "application/vnd.evaluation.exhibit+json"
FILE = "disclosure.json"
REMEDY = (
    "Release the results that share these cells together (Control.together), or name rows to hold back besides under "
    "`withhold` in the parameter file, such as [{sector: education, year: 2012}]."
)


def released(notebooks: Mapping[str, NotebookNode]) -> dict[str, Mapping[str, Any]]:
    """Return what the exhibits of executed notebooks released, by notebook and exhibit."""
    found = {}
    for name, notebook in notebooks.items():
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                content = output.get("data", {}).get(EXHIBIT)
                if content is not None:
                    found[f"{name}-{content['id']}"] = content
    return found


def published(folder: Path) -> dict[str, NotebookNode]:
    """Return the executed notebooks of the report in a folder, none if there is no report."""
    paths = sorted((folder / "notebooks").glob("*.ipynb")) if (folder / "manifest.json").is_file() else []
    return {f"{folder.name}/{path.stem}": read_notebook(path) for path in paths}


def check_disclosure(
    own: Mapping[str, NotebookNode],
    earlier: Mapping[str, NotebookNode],
    on_disk: Mapping[str, NotebookNode],
    title: str | None = None,
) -> dict[str, Any]:
    """Try to work out what a report withholds, from all it shows and all that an earlier report shows.

    Parameters
    ----------
    own, earlier
        The executed notebooks of the report, and of the earlier one as it follows from its parameter file today.
    on_disk
        Those of the earlier report as it was made, if it is there: its readers have these numbers.
    title
        The earlier report's.

    Returns
    -------
    dict
        Of the report by itself, and with the earlier one: `statements` used, counts `protected`, `narrowest` (the least
        width of an interval relative to what it must be); and the earlier one's `title`. The report on disk is in none
        of the figures, so that these follow from the inputs alone.

    Raises
    ------
    ReportError
        Naming each count that can be worked out, and from which exhibits; never the count.
    """
    from evaluation.disclosure import attack

    mine, before = released(own), released(earlier)
    found = {"report": attack(mine)} | ({"with_earlier": attack(mine, before)} if before else {})
    last = [attack(mine, released(on_disk))] if on_disk else []
    leaks = {str(leak): None for result in [*found.values(), *last] for leak in result.leaks}
    if leaks:
        lines = "\n".join(f"- {leak}" for leak in leaks)
        raise ReportError(f"The report would give away what it withholds, and is not published.\n{lines}\n{REMEDY}")
    made = {name: result.summary() for name, result in found.items()}
    if before and title:
        made["with_earlier"]["title"] = title
    return made
