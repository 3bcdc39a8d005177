"""Tiny projects for the tests of the report: notebooks that display hand-made bundles, without any analysis."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode, v4

PROSE = "application/vnd.evaluation.prose+json"
FINDING = "application/vnd.evaluation.finding+json"
EXHIBIT = "application/vnd.evaluation.exhibit+json"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="288pt" height="144pt" viewBox="0 0 288 144">'
    '<path d="M10 130 L270 20" stroke="#1f4e6b" stroke-width="3" fill="none"/></svg>'
)


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\x00" + b"\xd0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PNG = base64.b64encode(_png(60, 30)).decode()


def figure(own: str, caption: str = "En kurve", **changes: Any) -> dict[str, Any]:
    """The bundle of a figure."""
    content = {"kind": "figure", "id": own, "chapter": "toy", "caption": caption, "alt": f"Kurven {own} stiger."}
    content |= {"note": "Kilde: oppdiktet.", "synthetic": True, "withheld": [], "csv": "x,y\n1,2\n"}
    return {EXHIBIT: {**content, "svg": SVG, "png": PNG, **changes}}


def table(own: str, caption: str = "Noen tall", rows: int | list[list[str]] = 3, **changes: Any) -> dict[str, Any]:
    """The bundle of a table with the `rows`, or that many."""
    content = {"kind": "table", "id": own, "chapter": "toy", "caption": caption, "alt": "Tabell."}
    content |= {"note": "Kilde: oppdiktet.", "synthetic": True, "withheld": [], "csv": "name,n\na,1\n"}
    content |= {"header": ["Kommunenavn", "Årsverk"], "align": ["left", "right"]}
    content["rows"] = [[f"{k:04d} Oppdiktet", f"{k},5"] for k in range(rows)] if isinstance(rows, int) else rows
    return {EXHIBIT: {**content, **changes}}


def prose(text: str) -> dict[str, Any]:
    """The bundle of a piece of prose."""
    return {"text/markdown": text, PROSE: {"text": text}}


def finding(name: str, value: float = -0.3) -> dict[str, Any]:
    """The bundle of a finding."""
    content = {"chapter": "toy", "name": name, "value": value, "low": None, "high": None, "unit": "percent"}
    return {FINDING: {**content, "n": 9, "decimals": 1, "causal": False}}


def markdown(text: str, *tags: str) -> NotebookNode:
    """A markdown cell."""
    return v4.new_markdown_cell(text, metadata={"tags": list(tags)})


def code(source: str, *tags: str) -> NotebookNode:
    """A code cell."""
    return v4.new_code_cell(source, metadata={"tags": list(tags)})


def shows(*bundles: dict[str, Any]) -> NotebookNode:
    """A code cell that displays the bundles."""
    lines = [f"display({bundle!r}, raw=True)" for bundle in bundles]
    return code("\n".join(["from IPython.display import display", *lines]))


def shown(*bundles: dict[str, Any]) -> NotebookNode:
    """A code cell that has displayed the bundles already."""
    cell = code("shown")
    cell.outputs = [v4.new_output("display_data", data=bundle) for bundle in bundles]
    return cell


def notebook(*cells: NotebookNode) -> NotebookNode:
    """A notebook with cells named by their place."""
    made = v4.new_notebook(cells=list(cells))
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for place, cell in enumerate(made.cells):
        cell["id"] = f"cell-{place}"
    return made


def write(folder: Path, stem: str, *cells: NotebookNode) -> Path:
    """Write a notebook into the project's notebooks/ and return its path."""
    path = folder / "notebooks" / f"{stem}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook(*cells), path)
    return path


TITLES = "title: {nb: Prøverapport, nn: Prøverapport, en: Sample report}\n"
PARAMETERS = 'as_of = "2013-12-31"\nlanguage = "nb"\n'


def parameter_file(folder: Path, text: str, name: str = "toy") -> Path:
    """Write params/<name>.yaml and return its path."""
    path = folder / "params" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def project(folder: Path) -> Path:
    """Write a project of two chapters, the second run for each of two cases; return its parameter file."""
    titles = (markdown("# Programmet", "nb"), markdown("# Programmet", "nn"), markdown("# The programme", "en"))
    cells = (code(PARAMETERS + "seed = 7", "parameters"), shows(prose("## Utvikling\n\nSe @fig:kurve og @Tbl:tall.")))
    write(folder, "01_first", *titles, *cells, shows(figure("kurve"), table("tall"), finding("level")))
    titles = (markdown("# Dypdykk", "nb"), markdown("# Djupdykk", "nn"), markdown("# Deep dives", "en"))
    text = f"text = f'## Case {{case}}'\ndisplay({{'text/markdown': text, {PROSE!r}: {{'text': text}}}}, raw=True)"
    case = code(f"from IPython.display import display\n{text}")
    cells = (code(PARAMETERS + 'case = "hamar"', "parameters"), case, shows(figure("fordeling"), finding("gap")))
    write(folder, "08_dive", *titles, *cells)
    text = f"report: toy\n{TITLES}chapters: [01_first, 08_dive]\nrepeat: {{08_dive: {{case: [drammen, hamar]}}}}\n"
    return parameter_file(folder, text + 'as_of: "2013-12-31"\nlanguage: nb\n')
