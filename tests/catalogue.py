"""Every kind of bad input there is a rule for, in one table: how it is written, what becomes of it, what is said.

`python tests/catalogue.py` writes docs/bad-input.md from it; `test_catalogue.py` runs every line and compares the page.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tiny_study as tiny
import toy_reports as toys
from tiny_study import LAYOUT, cell, cells, change, every

from evaluation import deep_dive, did
from evaluation.check import check
from evaluation.disclosure import release_public
from evaluation.errors import EvaluationError
from evaluation.exhibits import Chapter
from evaluation.language import Words
from evaluation.municipalities import Register
from evaluation.report.parameters import read_plan
from evaluation.study.prepare import read_table
from evaluation.tables import read_layout

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "bad-input.md"
# Valid by its control digits, and of nobody: the month is raised by 80, as in the test population; the second is a
# D-number, whose day is raised by 40.
IDENTITY, D_NUMBER = "01819050062", "41819050137"

Told = str


@dataclass(frozen=True)
class Line:
    """One kind of input: its class (E refused, A accepted and noted, W warned), and what must be said of it."""

    group: str
    what: str
    kind: str
    made: Callable[[Path], None]
    says: tuple[str, ...]
    run: Callable[[Path], Told]


# --- what becomes of a folder ---


def refused(opening: Callable[[Path], Any], folder: Path) -> Told:
    """The message of the error that opening the folder gives."""
    try:
        opening(folder)
    except EvaluationError as error:
        return str(error).replace(f"{folder}{os.sep}", "")
    return "accepted"


def noted(folder: Path) -> Told:
    """What the check says of the table of man-days that is read."""
    layout = read_layout(folder)
    parts, problems = read_table(layout, "sick_leave", Register.norwegian())
    if problems:
        return f"refused: {problems[0]}"
    words = Words("en")
    said = []
    for part in parts:
        said += [f"{part.encoding}, {part.separator}" if part.separator else part.encoding]
        reasons = part.tidy.left_out["reason"].value_counts(sort=False) if len(part.tidy.left_out) else {}
        said += [f"{words.term(f'reason.{reason}')}: {count}" for reason, count in dict(reasons).items()]
        said += [f"{words.term('reason.excluded')}: {part.tidy.excluded}"] if part.tidy.excluded else []
        said += [f"{words.term(f'note.{note.code}')}: {note.count}" for note in part.tidy.notes]
    said += [f"{words.term('note.left_beside')}: {one.name}" for one in layout.tables["sick_leave"].passed_over(folder)]
    return "; ".join(dict.fromkeys(said))


def warned(folder: Path) -> Told:
    """The warning below an exhibit, if the check has it too."""
    study = tiny.opened(folder)
    study.sick_leave.head()  # an exhibit is warned of the tables that have been read by then
    if study.has("positions"):
        assert study.positions.exists()
    codes = set(study.notes.loc[study.notes["warning"], "code"])
    shown = Chapter("tiny", study=study, language="en").table(
        "t",
        release_public(pd.DataFrame({"municipality": ["0301"]})),
        nb="Kommuner",
        nn="Kommunar",
        en="Municipalities",
        columns=["municipality"],
    )
    caution = re.search(r"Caution: .*?\.(?= |$)", shown.note)
    assert caution, shown.note
    assert all(Words("en").term(f"note.{code}") in caution[0] for code in codes)
    checked = check(folder)
    assert codes - {"gaps"} <= set(checked.notes["code"])
    assert "gaps" not in codes or len(checked.gaps)
    return caution[0]


def planned(folder: Path) -> Any:
    return read_plan(folder / "params" / "toy.yaml", folder / "notebooks")


def said_of_plan(folder: Path) -> Told:
    return ", ".join(f"{name}: {value!r}" for name, value in planned(folder).chapters[0].given.items())


def estimated(folder: Path) -> Any:
    return did.estimate(
        pd.read_parquet(folder / "panel.parquet"),
        outcome="y",
        unit="unit",
        period="period",
        first_treated="first_treated",
        **json.loads((folder / "options.json").read_text()),
    )


def noted_of_estimate(folder: Path) -> Told:
    return " ".join(estimated(folder).notes)


# --- writing it ---


def days(content: str | bytes | None = None, layout: str = LAYOUT) -> Callable[[Path], None]:
    return lambda folder: void(tiny.write(folder, content, layout))


def void(_: object) -> None:
    return None


def text_in(encoding: str) -> bytes:
    return tiny.text(tiny.rows()).replace("0301", "0301 Oslø").replace("1601", "1601 Trondheim – ").encode(encoding)


def workbook(table: list[list[Any]]) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        tiny.write(folder, layout=LAYOUT.replace("days*.csv", "days*.xlsx"))
        tiny.workbook(folder / "days.xlsx", table)

    return made


def bytes_as(name: str, content: bytes) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        tiny.write(folder, layout=LAYOUT.replace("days*.csv", name))
        (folder / name).write_bytes(content)

    return made


def truncated_parquet(folder: Path) -> None:
    tiny.positions(folder)
    path = folder / "positions.parquet"
    path.write_bytes(path.read_bytes()[:-40])


def protected() -> bytes:
    """As much of a workbook with a password as tells it from others: a compound file with an encrypted package."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(96)


def manifest(folder: Path) -> None:
    tiny.write(folder)
    listed = {"days.csv": hashlib.sha256(b"as delivered").hexdigest()}
    (folder / "hashes.json").write_text(json.dumps(listed))


def lock_file(folder: Path) -> None:
    tiny.write(folder)
    (folder / "~$days.csv").write_bytes(b"\x05Kari" + bytes(160))
    change(folder, "sources.yaml", "days*.csv", "*days.csv")


def place(new: str) -> Callable[[Path], None]:
    return every("municipality", lambda old: new if old == "0301" else old)


def place_in_row_2(new: str) -> Callable[[Path], None]:
    return cell(2, "municipality", new)


def at(year: int, code: str) -> Callable[[Path], None]:
    """One municipality, and the year its days are of."""
    quarters = [f"{year}K{number}" for number in (1, 2, 3, 4)]
    return days(tiny.text(tiny.rows([code, "1515"], quarters)))


def divided(folder: Path) -> None:
    at(2021, "1507")(folder)
    change(folder, "participation.csv", "0301", "1515")


def excluding(made: Callable[[Path], None], entry: str) -> Callable[[Path], None]:
    def both(folder: Path) -> None:
        made(folder)
        change(folder, "sources.yaml", '"days*.csv"}', f'"days*.csv", exclude: {{{entry}}}}}')

    return both


def months(folder: Path) -> None:
    names = [f"2012M{number:02d}" for number in range(1, 13)]
    tiny.write(folder, tiny.text(tiny.rows(quarters=names)))


def absent_quarter(folder: Path) -> None:
    table = [row for row in tiny.rows() if row[:2] != ["0301", "2012K3"]]
    tiny.write(folder, tiny.text(table))


def reported(values: list[str]) -> Callable[[Path], None]:
    """Annual reports with the figures as written by hand."""

    def made(folder: Path) -> None:
        head = "municipality,project,theme,year,indicator,baseline,baseline_said,value,value_said,verdict\n"
        lines = [f'0301,P1,sick_leave,{2012 + number},rate,,,"{value}",,\n' for number, value in enumerate(values)]
        tiny.write(folder, layout=LAYOUT + "  annual_reports: {files: reports.csv}\n")
        (folder / "reports.csv").write_text(head + "".join(lines), encoding="utf-8")

    return made


def vacancies(cell_of_employees: str) -> Callable[[Path], None]:
    def made(folder: Path) -> None:
        head = "municipality;year;sector;employees;advertised;vacant;hard_to_fill;leavers\n"
        row = f"0301;2012;education;{cell_of_employees};5;4;1;2\n"
        tiny.write(folder, layout=LAYOUT + "  vacancies: {files: vacancies.csv}\n")
        (folder / "vacancies.csv").write_text(head + row, encoding="utf-8")

    return made


def panel(treated: Callable[[np.ndarray, np.ndarray], np.ndarray], units: int = 40, **options: Any) -> Any:
    """A panel whose first period of treatment is made from unit numbers; `switch` ends the treatment of unit 1."""

    def made(folder: Path, switch: bool = False) -> None:
        unit, period = (part.ravel() for part in np.meshgrid(np.arange(units), np.arange(1, 7), indexing="ij"))
        first = treated(unit, period)
        frame = pd.DataFrame({"unit": unit, "period": period, "first_treated": first})
        frame["y"] = np.sin(unit * 7.0) + period + np.cos(unit * period)
        frame["treated"] = ((first > 0) & (period >= first)).astype("int64")
        if switch:
            frame.loc[(frame["unit"] == 1) & (frame["period"] == 6), "treated"] = 0
        frame.to_parquet(folder / "panel.parquet")
        (folder / "options.json").write_text(json.dumps(options))

    return made


def parameters(lines: str, declared: str = "") -> Callable[[Path], None]:
    own = 'data = "data/demo"\nas_of = "2013-12-31"\nlanguage = "nb"\nshare = 0.5\ncase = "a"\n' + declared

    def made(folder: Path) -> None:
        toys.write(folder, "02_a", toys.code(own, "parameters"))
        toys.parameter_file(folder, f"report: toy\n{toys.TITLES}chapters: [02_a]\n{lines}")

    return made


E = partial(refused, tiny.opened)
PLAN, PANEL = partial(refused, planned), partial(refused, estimated)
HEAD, *BODY = tiny.rows()
CSV = tiny.text(tiny.rows())
LOGIN = b"<!DOCTYPE html>\n<html><head><title>Logg inn</title></head><body><form>...</form></body></html>\n"
TITLES_ABOVE = "Tabell 5. Dagsverk\r\n\r\n;;Dager;;;;;;;;\r\n" + CSV
MERGED = [["Tabell 5. Dagsverk"], [], ["", "", "", "", "Dagsverk"], HEAD, *BODY]


def line(group: str, what: str, kind: str, made: Callable[[Path], None], *says: str, run: Any = None) -> Line:
    return Line(group, what, kind, made, says, run or {"E": E, "A": noted, "W": warned}[kind])


FILES = partial(line, "Files")
CODES = partial(line, "Codes")
NUMBERS = partial(line, "Numbers")
TIME = partial(line, "Time")
PERSONS = partial(line, "Panel")
DESIGN = partial(line, "Design")
SET = partial(line, "Parameters")

LINES = (
    FILES("Windows-1252 with semicolons", "A", days(text_in("cp1252")), "cp1252", "semicolon"),
    FILES("Latin-1 with tabs", "A", days(CSV.replace(";", "\t").replace("0301", "0301 Oslø").encode("latin-1")),
          "latin-1", "tab"),
    FILES("A byte-order mark", "A", days(CSV.encode("utf-8-sig")), "utf-8-sig"),
    FILES("UTF-16", "A", days(CSV.encode("utf-16")), "utf-16"),
    FILES("Compressed by gzip", "A", bytes_as("days.csv.gz", gzip.compress(CSV.encode(), mtime=0)), "utf-8"),
    FILES("Title rows above the header, in a text file", "E", days(TITLES_ABOVE),
          "days.csv, row 1", "Row 4 looks like the column names", "header: 4"),
    FILES("Title rows above a merged header, in a workbook", "E", workbook(MERGED), "row 1", "add `header: 4`"),
    FILES("`Kilde: SSB` below the table", "A", days(CSV + "\r\nKilde: SSB\r\n* foreløpige tall\r\n"),
          "lines below the table, left out: 2"),
    FILES("An empty file", "E", days(""), "days.csv: the file is empty"),
    FILES("Column names and no rows", "E", days(tiny.text([HEAD])), "days.csv", "no rows", "sources.yaml"),
    FILES("A Parquet file cut short", "E", truncated_parquet, "positions.parquet", "not readable Parquet"),
    FILES("A gzip file cut short", "E", bytes_as("days.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:-30]),
          "days.csv.gz", "not whole", "Download it again"),
    FILES("A login page saved as .csv", "E", days(LOGIN), "days.csv", "a web page", "Log in"),
    FILES("A workbook with a password", "E", bytes_as("days.xlsx", protected()), "days.xlsx", "password"),
    FILES("A file that differs from the manifest `hashes.json`", "E", manifest, "days.csv", "SHA-256 differs"),
    FILES("Two columns of one name", "E", days(CSV.replace("days_4_10", "days_1_3", 1)),
          "days.csv, row 1, column days_1_3", "same name", "Rename"),
    FILES("No-break spaces in column names", "A", days(
        CSV.replace("agreed_days", "agreed\u00a0days\u00a0", 1),
        LAYOUT.replace('"days*.csv"', '"days*.csv", columns: {agreed_days: agreed days}')),
        "column names with no-break spaces"),
    FILES("`~$` file of an open workbook", "A", lock_file, "lock files of an open program", "~$days.csv"),
    FILES("A quotation mark that is never closed", "E", days(CSV.replace("2012K1", '"2012K1', 1)), "quotation mark"),
    CODES("301 for 0301", "A", place("301"), "lost their leading zero, restored: 8"),
    CODES("`0301 Oslo`", "A", place("0301 Oslo"), "followed by a name, read as codes: 8"),
    CODES("`Trondheim - Tråante`", "A", every("municipality", lambda old: old.replace("1601", "Trondheim - Tråante")),
          "by name only, read as codes: 8"),
    CODES("A retired code (1201 Bergen) at a later date", "E", at(2021, "1201"), "row 2", "value '1201'",
          "ended with 2019", "Use 4601 Bergen", run=partial(refused, partial(tiny.opened, division=2021))),
    CODES("A municipality that was divided (1507 Ålesund in 2024)", "E", divided,
          "days.csv, row 2, column municipality, value '1507'", "divided after 2023",
          "1508 Ålesund, 1580 Haram", "its figures cannot be shared out",
          run=partial(refused, partial(tiny.opened, division=2024))),
    CODES("Totals of a county", "E", place_in_row_2("01 Østfold"), "row 2", "total of the county Østfold", "exclude"),
    CODES("Totals of the country", "E", place_in_row_2("0 Hele landet"), "row 2", "total of the country", "exclude"),
    CODES("An unspecified place (9999)", "E", place_in_row_2("9999 Uoppgitt"), "an unspecified place", "exclude"),
    CODES("Svalbard", "E", place_in_row_2("2111 Longyearbyen"), "outside the municipalities", "exclude"),
    CODES("9999 and Svalbard, excluded in sources.yaml", "A", excluding(
        lambda folder: tiny.write(folder, tiny.text(tiny.rows(["0301", "9999", "2100 Svalbard"]))) and None,
        'municipality: [9999, "2100"]'), "left out on request (exclude): 16"),
    CODES("A city district (bydel)", "E", place_in_row_2("030103 Sagene"), "city district", "0301 Oslo", "exclude"),
    CODES("The old and the new code in one year", "E", days(tiny.text(tiny.rows(["1723", "1756"]))),
          "value '1723'", "1723 Mosvik ended with 2011", "in 2012 it is 1756 Inderøy"),
    CODES("A name that two municipalities have (Herøy)", "E", place_in_row_2("Herøy"), "ambiguous name",
          "1515 Herøy (Møre og Romsdal", "1818 Herøy (Nordland", "Write the code, or the county"),
    CODES("A name that two municipalities have (Våler)", "E", place_in_row_2("Våler"), "ambiguous name",
          "0137 Våler (Østfold", "0426 Våler (Hedmark"),
    CODES("A name that is misspelt", "E", place_in_row_2("Trondhjem"), "unknown municipality", "Did you mean",
          "1601 Trondheim"),
    NUMBERS("`6,4`", "A", days(), "figures with a decimal comma: 16"),
    NUMBERS("Thousands set off by a space or a no-break space", "A", cell(3, "agreed_days", "1\u00a0250,5"),
            "figures with thousands set off: 16"),
    NUMBERS("The standard signs `:` `.` `..`", "A", cells(
        {(row, column): sign for row, sign in ((2, ":"), (3, ".."), (4, ".")) for column in tiny.COLUMNS[4:]}),
        "confidential (:): 1", "not delivered (..): 1"),
    NUMBERS("`<5`", "A", cell(2, "agreed_days", "<5"), "figures withheld for being small", "confidential (:): 1"),
    NUMBERS("`6,4 %`", "A", cell(2, "self_certified_days", "6,4 %"), "figures with a per cent sign: 1"),
    NUMBERS("A fraction (0,064) among per cents (6,4)", "E", reported(["6,4", "7,1", "0,068"]), "reports.csv, row 4",
            "value '0.068'", "a fraction where others write per cent", "as 6,4"),
    NUMBERS("A position size of 0,5 among per cents", "E", lambda folder: tiny.positions(folder, percentage=0.5),
            "positions.parquet, row 2", "fractions such as 0.5", "Multiply the fractions by 100"),
    NUMBERS("A negative figure", "E", cell(2, "agreed_days", "-1250,5"), "row 2, column agreed_days", "negative",
            "Correct the sign"),
    NUMBERS("A rate above 100 per cent", "E", cell(2, "agreed_days", "12,5"), "row 2", "above 100 per cent",
            "27.0 lost of 12.5"),
    NUMBERS("A position above 100 per cent", "W", lambda folder: tiny.positions(folder, percentage=120.0),
            "positions above 100 per cent (1)"),
    NUMBERS("A position of 0 per cent", "W", lambda folder: tiny.positions(folder, percentage=0.0),
            "positions of 0 per cent (1)"),
    NUMBERS("`#DIV/0!`", "E", cell(2, "agreed_days", "#DIV/0!"), "row 2, column agreed_days", "'#DIV/0!'",
            "an error of the spreadsheet", "Correct the formula"),
    NUMBERS("`01.mai` where 1-5 was meant", "E", vacancies("01.mai"), "vacancies.csv, row 2", "'01.mai'",
            "a spreadsheet makes 01.mai of 1-5", "Format the column as text"),
    NUMBERS("`1.234`, which may be either", "E", days(CSV.replace("1 250,5", "1.250").replace(",", ".")),
            "decimals or thousands", "decimal: ','"),
    NUMBERS("Two decimal signs in one column", "E", cell(2, "agreed_days", "1250.5"), "value '1250.5'", "not a number"),
    TIME("`2012-1`", "A", every("quarter", lambda old: old.replace("K", "-")), "utf-8"),
    TIME("`1. kvartal 2012`", "A", every("quarter", lambda old: f"{old[-1]}. kvartal 2012"), "utf-8"),
    TIME("Months (`2012M01`)", "A", months, "rows of months, summed to quarters: 48"),
    TIME("A preliminary period (`2012K4*`)", "W", every("quarter", lambda old: old.replace("K4", "K4*")),
         "preliminary figures (*) (4)"),
    TIME("A preliminary figure (`1 250,5*`)", "W", cell(2, "agreed_days", "1 250,5*"), "preliminary figures (*) (1)"),
    TIME("Years among quarters", "E", cell(2, "quarter", "2012"), "row 2, column quarter, value '2012'",
         "a year among quarters", "A year is the sum of its quarters"),
    TIME("A quarter that does not exist", "E", cell(2, "quarter", "2012K5"), "value '2012K5'", "Write quarters as"),
    TIME("A year in the future", "E", cell(2, "quarter", "2099K1"), "value '2099K1'", "a time that has not begun"),
    TIME("A participant without all quarters", "W", absent_quarter,
         "participants without figures for every period (1)"),
    PERSONS("The same key twice", "E", days(CSV + tiny.text([BODY[0]])), "days.csv, row 18",
            "the same municipality, quarter, sector, sex as in days.csv, row 2", "Keep one"),
    PERSONS("`K` and `M`", "A", every("sex", lambda old: {"women": "K", "men": "M"}[old]), "usual words for codes"),
    PERSONS("`1` and `2`", "A", every("sex", lambda old: {"women": "2", "men": "1"}[old]), "1 is men, 2 is women"),
    PERSONS("`Kvinner` and `Menn`", "A", every("sex", lambda old: {"women": "Kvinner", "men": "Menn"}[old]),
            "usual words for codes"),
    PERSONS("`Begge kjønn` among women and men", "E", cell(2, "sex", "Begge kjønn"), "row 2, column sex",
            "a total among the codes of sex", "exclude"),
    PERSONS("`Begge kjønn`, excluded in sources.yaml", "A",
            excluding(cell(2, "sex", "Begge kjønn"), "sex: Begge kjønn"),
            "left out on request (exclude): 1"),
    PERSONS("A national identity number", "E", cell(2, "municipality", f"{IDENTITY[:6]} {IDENTITY[6:]}"), "row 2",
            "1 national identity numbers", "the file may not be used", "running numbers"),
    PERSONS("A D-number in a column that is not used", "E",
            days("".join(f"{row};{more}\r\n" for row, more in zip(
                CSV.split("\r\n")[:-1], ["note", D_NUMBER, *[""] * 15], strict=True))),
            "row 2, column note", "national identity numbers"),
    DESIGN("A treatment absorbed by fixed effects (treated throughout)", "E",
           panel(lambda unit, _: np.where(unit < 20, 1, 0)), "treated from the first period on", run=PANEL),
    DESIGN("No controls", "E", panel(lambda unit, _: np.where(unit < 20, 3, 4), control="never_treated"),
           "No unit is never treated, so there are no controls", run=PANEL),
    DESIGN("All treated at once", "E", panel(lambda unit, _: np.full(len(unit), 4)),
           "All units are treated at the same time", run=PANEL),
    DESIGN("A treatment that ends", "E", lambda folder: panel(
        lambda unit, _: np.where(unit < 20, 3, 0), treatment="treated")(folder, switch=True),
        "The treatment ends in 1 units", run=PANEL),
    DESIGN("Fewer than ten clusters, in an estimate", "W", panel(lambda unit, _: np.where(unit < 4, 3, 0), units=8),
           "Only 8 clusters", "rely on randomisation", run=noted_of_estimate),
    DESIGN("Fewer than ten clusters, in the data", "W", days(), "fewer than ten independent clusters", "(2)"),
    SET("A misspelt key", "E", parameters("as_off: x\n"), "line 4", "Did you mean `as_of`?", run=PLAN),
    SET("0301 without quotation marks", "A", parameters("case: 0301\n"), "case: '0301'", run=said_of_plan),
    SET("`language: no`", "E", parameters("language: no\n"), "line 4", "write nb (bokmål) or nn (nynorsk)", run=PLAN),
    SET("`0,05`", "E", parameters("share: 0,05\n"), "line 4", "decimal comma", "write 0.05", run=PLAN),
    SET("A key given twice", "E", parameters("case: a\ncase: b\n"), "line 5", "given twice (first on line 4)",
        run=PLAN),
    SET("The last before the first", "E", parameters(
        'before: ["2011Q4", "2010Q1"]\n', 'before = ["2010Q1", "2011Q4"]\n'), "line 4", "ends before it begins",
        "Swap the two", run=PLAN),
    SET("A national identity number", "E", parameters(f'case: "{IDENTITY}"\n'), "line 4", "a national identity number",
        "Remove it", run=PLAN),
    SET("A date that is none", "E", parameters("as_of: 31.12.2013\n"), "line 4", "Write it as", run=PLAN),
    SET("An unknown outcome", "E", days(), "outcom", "sick_leave_rate",
        run=partial(refused, lambda folder: deep_dive.across(tiny.opened(folder), outcomes=["sick_leave_rat"]))),
    SET("An unknown municipality", "E", days(), "Trondhjem", "Trondheim",
        run=partial(refused, lambda folder: deep_dive.compare(tiny.opened(folder), "Trondhjem"))),
)  # fmt: skip


# --- the page ---

MEANING = {"E": "refused", "A": "accepted", "W": "warned"}
INTRODUCTION = """# Bad input

What becomes of files, codes, figures, times, designs and parameters that are not as they should be. **Refused** is
one error that lists every problem with file, row (as a spreadsheet shows it), column, value and remedy. **Accepted** is
read as meant, and told by `evaluation check`. **Warned** is used, and told there and below every exhibit made from it.
A national identity number is repeated in no message.

Every line is run by the tests, with what is said of it; `python tests/catalogue.py` writes this page from them.
"""


def told(one: Line, folder: Path) -> Told:
    """Write the input of a line and return what is said of it."""
    folder.mkdir(parents=True, exist_ok=True)
    one.made(folder)
    return one.run(folder)


def row(one: Line, said: Told) -> str:
    """A line of the page's tables."""
    first = said.splitlines()[0] if said else ""
    shown = re.sub(r"\s+", " ", first).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
    return f"| {one.what} | {MEANING[one.kind]} | {shown} |"


def page(says: dict[Line, Told]) -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for group in dict.fromkeys(one.group for one in LINES):
        rows = [row(one, says[one]) for one in LINES if one.group == group]
        parts.append(
            "\n".join([f"## {group}\n", "| input | becomes | what is said |", "| --- | --- | --- |", *rows, ""])
        )
    return "\n".join(parts)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["EVALUATION_CACHE"] = str(Path(folder) / "cache")
        says = {one: told(one, Path(folder) / str(number)) for number, one in enumerate(LINES)}
    PAGE.write_text(page(says), encoding="utf-8")


if __name__ == "__main__":
    main()
