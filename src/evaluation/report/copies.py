"""Copies of chapters, to try something in: they lie beside the chapters, and no report takes them for one."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from evaluation.errors import Problem, ReportError
from evaluation.report.declared import declared_in, read_notebook
from evaluation.texts import LANGUAGES

OWN = "my_"
COPIES = (f"{OWN}*", "*-Copy*", "Untitled*")
"""How copies are named: by `copy_chapter`, and by JupyterLab. Git ignores them too."""


def chapters(folder: Path) -> list[Path]:
    """Return the notebooks of a folder that are no copies, by name."""
    return sorted(path for path in folder.glob("*.ipynb") if not any(fnmatch(path.stem, copy) for copy in COPIES))


def copy_chapter(chapter: str, folder: Path, *, language: str | None = None, name: str | None = None) -> Path:
    """Copy a chapter to `my_<name>.ipynb` beside it and return the copy.

    With a `language`, the copy has its prose in that language alone, and the parameter set to it.

    Raises
    ------
    ReportError
        There is no such chapter or language, or the copy is there already.
    """
    known = [path.stem for path in chapters(folder)]
    copy = folder / f"{OWN}{(name or chapter).removeprefix(OWN)}.ipynb"
    problems = []
    if chapter not in known:
        problems.append(Problem("there is no such chapter", f"Choose one of {', '.join(known)}", value=chapter))
    if language is not None and language not in LANGUAGES:
        problems.append(Problem("there is no such language", f"Choose one of {', '.join(LANGUAGES)}", value=language))
    if copy.exists():
        problems.append(Problem("the copy is there already", "Give another --name, or delete it", str(copy)))
    if problems:
        raise ReportError("\n".join(map(str, problems)))
    notebook = read_notebook(folder / f"{chapter}.ipynb")
    if language is not None:
        others = set(LANGUAGES) - {language}
        notebook.cells = [cell for cell in notebook.cells if not others & set(cell.metadata.get("tags", []))]
        default = declared_in(notebook, copy).get("language")
        for cell in notebook.cells:
            if "parameters" in cell.metadata.get("tags", []):
                cell.source = cell.source.replace(f'language = "{default}"', f'language = "{language}"')
    import nbformat

    with copy.open("x", encoding="utf-8") as file:
        nbformat.write(notebook, file)
    return copy
