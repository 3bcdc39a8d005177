"""A data folder of two municipalities and one year, as small as a study can be, written the way a test says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd

from evaluation.study import Study, load_study

COLUMNS = ("municipality", "quarter", "sector", "sex", "self_certified_days", "doctor_certified_days")
COLUMNS += ("days_1_3", "days_4_10", "days_11_40", "days_over_40", "agreed_days")
FIGURES = ("6,4", "20,6", "6,4", "10,6", "10", "-", "1 250,5")
PLACES = ("0301", "1601")
LAYOUT = """name: A tiny study
programme: programme.yaml
register: norway
tables:
  sick_leave: {files: "days*.csv"}
  projects: {files: projects.csv}
  participation: {files: participation.csv}
"""
PROGRAMME = """code: tiny
name: {nb: Lite program, nn: Lite program, en: Small programme}
start: 2012-01-01
end: 2015-12-31
themes: {sick_leave: {nb: Sykefravær, nn: Sjukefråvær, en: Sick leave}}
intakes:
  - {intake: "1", label: {nb: Første, nn: Første, en: First}, applied: 2011-10-10, admitted: 2011-12-01,
     started: 2012-04-01}
"""

Cells = list[list[str]]


def rows(places: Sequence[str] = PLACES, quarters: Sequence[str] = ("2012K1", "2012K2", "2012K3", "2012K4")) -> Cells:
    """The cells of the file of man-days, the header first."""
    keys = [[place, quarter, "education", sex] for place in places for quarter in quarters for sex in ("women", "men")]
    return [list(COLUMNS), *([*key, *FIGURES] for key in keys)]


def text(cells: Cells, separator: str = ";") -> str:
    return "".join(separator.join(row) + "\r\n" for row in cells)


def write(folder: Path, days: str | bytes | None = None, layout: str = LAYOUT) -> Path:
    """Write the folder with the man-days as given and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    content = text(rows()) if days is None else days
    (folder / "days.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    (folder / "sources.yaml").write_text(layout, encoding="utf-8")
    (folder / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")
    (folder / "projects.csv").write_text("project,theme,name,intake\nP1,sick_leave,Nærvær,1\n", encoding="utf-8")
    (folder / "participation.csv").write_text("municipality,project\n0301,P1\n", encoding="utf-8")
    return folder


def change(folder: Path, file: str, old: str, new: str) -> None:
    """Replace the first occurrence of `old`, which must be there."""
    path = folder / file
    content = path.read_text(encoding="utf-8")
    assert old in content, old
    path.write_text(content.replace(old, new, 1), encoding="utf-8", newline="")


def cell(row: int, column: str, value: str) -> Callable[[Path], None]:
    """Write a cell of the man-days; the row as a spreadsheet shows it."""
    return cells({(row, column): value})


def cells(changed: dict[tuple[int, str], str]) -> Callable[[Path], None]:
    """Write cells of the man-days."""

    def made(folder: Path) -> None:
        table = rows()
        for (row, column), value in changed.items():
            table[row - 1][COLUMNS.index(column)] = value
        write(folder, text(table))

    return made


def every(column: str, how: Callable[[str], str]) -> Callable[[Path], None]:
    """Write a whole column of the man-days differently."""

    def made(folder: Path) -> None:
        place = COLUMNS.index(column)
        table = rows()
        for row in table[1:]:
            row[place] = how(row[place])
        write(folder, text(table))

    return made


def workbook(path: Path, table: Sequence[Sequence[Any]]) -> None:
    """Write one sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in table:
        sheet.append(list(row))
    book.save(path)


def positions(folder: Path, **changed: Any) -> None:
    """Add a register of positions to a tiny study, its first row changed."""
    frame = pd.DataFrame(
        {
            "municipality": [place for place in PLACES for _ in range(3)],
            "year": 2012,
            "person": range(1, 7),
            "sector": "education",
            "position_code": "7960",
            "sex": ["women", "men"] * 3,
            "birth_year": range(1960, 1966),
            "percentage": [100.0, 50.0, 35.7] * 2,
            "employment": "permanent",
        }
    )
    for column, value in changed.items():
        frame[column] = frame[column].astype("object")
        frame.loc[0, column] = value
        frame[column] = frame[column].infer_objects()
    write(folder, layout=LAYOUT + "  positions: {files: positions.parquet}\n")
    frame.to_parquet(folder / "positions.parquet")


def opened(folder: Path, division: int = 2012) -> Study:
    return load_study(folder, as_of=f"{division}-12-31", division=division)
