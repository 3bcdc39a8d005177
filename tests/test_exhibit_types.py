"""Each of the twenty exhibits of such reports is a figure or a table in a notebook of the final report."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
MAP = ROOT / "docs" / "exhibits.md"
FINAL = ROOT / "params" / "final.yaml"


def exhibit_map() -> list[tuple[int, str, str]]:
    """Number of the exhibit type, notebook, and name of a figure or table in it, as docs/exhibits.md says."""
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| (\w+) \| ([^|]+) \|$", MAP.read_text(encoding="utf-8"), re.MULTILINE)
    return [(int(number), notebook, name) for number, notebook, names in rows for name in names.strip().split(", ")]


def exhibits_in(notebook: Path) -> set[str]:
    """Names of the figures and tables that a notebook's code makes, however it is laid out."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    found = set()
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        for call in ast.walk(ast.parse("".join(cell["source"]))):
            made = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args
            if made and call.func.attr in ("figure", "table") and ast.unparse(call.func.value) == "chapter":
                found.add(ast.literal_eval(call.args[0]))
    return found


def missing_from(report: Path) -> list[tuple[int, str, str]]:
    """The exhibits of the map that a finished report does not hold: every one lies there as a file of data."""
    files = {path.stem for path in (report / "data").glob("*.csv")}

    def there(notebook: str, name: str) -> bool:
        # A chapter that is repeated has the case after its name.
        return any(file == f"{notebook}-{name}" or re.fullmatch(f"{notebook}-.+-{name}", file) for file in files)

    return [(number, notebook, name) for number, notebook, name in exhibit_map() if not there(notebook, name)]


def test_all_twenty_are_mapped():
    assert sorted({number for number, _, _ in exhibit_map()}) == list(range(1, 21))


@pytest.mark.parametrize(("number", "notebook", "name"), exhibit_map())
def test_the_notebook_makes_the_exhibit(number, notebook, name):
    assert name in exhibits_in(ROOT / "notebooks" / f"{notebook}.ipynb")


def test_every_notebook_of_the_map_is_a_chapter_of_the_final_report():
    chapters = YAML(typ="safe").load(FINAL.read_text(encoding="utf-8"))["chapters"]
    assert {notebook for _, notebook, _ in exhibit_map()} <= set(chapters)


def test_calls_over_several_lines_are_found_and_other_calls_are_not(tmp_path):
    code = 'if told:\n    chapter.figure(\n        "rates",\n        exhibits.lines(x),\n    )\n'
    code += 'pd.table("other")\nnames("third")'
    path = tmp_path / "one.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": code.splitlines(True)}]}), encoding="utf-8")
    assert exhibits_in(path) == {"rates"}


def test_what_a_report_lacks_is_named(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for _, notebook, name in exhibit_map():
        case = "-bergset" if notebook == "08_deep_dive" else ""
        (data / f"{notebook}{case}-{name}.csv").touch()
    assert missing_from(tmp_path) == []
    (data / "09_across_cases-matrix.csv").unlink()
    assert missing_from(tmp_path) == [(19, "09_across_cases", "matrix")]
