"""A small data folder of invented municipalities, written in the formats researchers get. Two of them merge in 2012."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import openpyxl
import pandas as pd

SECTORS = {"Undervisning": "education", "Helse/pleie/omsorg": "health_care"}
SEXES = {"Kvinner": "women", "Menn": "men"}
BEFORE = {"0061": "Askvik", "0062": "Bervik", "0063": "Hårnes", "0064": "Lurøyna"}
AFTER = {"0065": "Askberg", "0063": "Hårnes", "0064": "Lurøyna"}

REGISTER = """code,name,valid_from,valid_to,successor_code,successor_weight,county_code,county_name
0061,Askvik,1900,2011,0065,,00,Nordhei
0062,Bervik,1900,2011,0065,,00,Nordhei
0063,Hårnes,1900,,,,00,Nordhei
0064,Lurøyna,1900,,,,00,Nordhei
0065,Askberg,2012,,,,00,Nordhei
"""

LAYOUT = """name: {nb: Liten studie, nn: Liten studie, en: Small study}
synthetic: true
programme: programme.yaml
register: municipalities.csv
tables:
  sick_leave:
    files: sykefravaer_*.csv
    columns:
      municipality: region
      quarter: kvartal
      sector: tjenesteomraade
      sex: kjonn
      self_certified_days: egenmeldt
      doctor_certified_days: legemeldt
      days_1_3: dager_1_3
      days_4_10: dager_4_10
      days_11_40: dager_11_40
      days_over_40: dager_over_40
      agreed_days: avtalte_dagsverk
    values:
      sector: {Undervisning: education, Helse/pleie/omsorg: health_care}
      sex: {Kvinner: women, Menn: men}
  positions:
    files: stillinger_*.parquet
    columns: {municipality: kommunenr, year: aar, person: person_id, position_code: kode, percentage: prosent}
    values:
      sector: {Undervisning: education, Helse/pleie/omsorg: health_care}
      sex: {Kvinner: women, Menn: men}
      employment: {Fast: permanent, Vikar: substitute}
  background: {files: bakgrunn.csv, columns: {municipality: region, year: tid, population: folketall}}
  projects: {files: deltakere.xlsx, sheet: Prosjekter}
  participation: {files: deltakere.xlsx, sheet: Deltakelse}
  networks: {files: deltakere.xlsx, sheet: Nettverk}
  gatherings: {files: deltakere.xlsx, sheet: Samlinger}
  cases: {files: deltakere.xlsx, sheet: Dypdykk}
  earlier: {files: deltakere.xlsx, sheet: Tidligere}
  facts: {files: fakta.csv}
"""

PROGRAMME = """code: small
name: {nb: Lite program, nn: Lite program, en: Small programme}
start: 2011-01-01
end: 2013-12-31
themes:
  sick_leave: {nb: Sykefravær, nn: Sjukefråvær, en: Sick leave}
intakes:
  - {intake: "1", label: {nb: Første, nn: Første, en: First}, applied: 2011-01-10, admitted: 2011-03-01,
     started: 2011-04-01}
  - {intake: "2", label: {nb: Andre, nn: Andre, en: Second}, applied: 2012-01-10, admitted: 2012-03-01,
     started: 2012-07-01}
"""

SHEETS = {
    "Prosjekter": [
        ("project", "theme", "name", "intake", "network"),
        ("P1", "sick_leave", "Nærvær i Askvik", 1, "N1"),
        ("P2", "sick_leave", "Nærvær i Hårnes", 2, "N1"),
    ],
    "Deltakelse": [("municipality", "project"), (61, "P1"), ("0063 Hårnes", "P2")],
    "Nettverk": [("network", "theme", "name"), ("N1", "sick_leave", "Nettverk 1")],
    "Samlinger": [
        ("network", "date"),
        ("N1", pd.Timestamp("2011-05-03").to_pydatetime()),
        ("N1", "12.09.2012"),
    ],
    "Dypdykk": [
        ("case", "project", "theme", "wave", "title_nb", "title_nn", "title_en"),
        ("askvik", "P1", "sick_leave", 1, "Askvik", "Askvik", "Askvik"),
        ("haarnes", "P2", "sick_leave", 2, "Hårnes", "Hårnes", "Hårnes"),
    ],
    "Tidligere": [("municipality", "programme", "from_year", "to_year"), ("0062 Bervik", "kvalitet", 2007, 2009)],
}

FACTS = (
    "key;value;status;source;date\nantall;2;sourced;side A;2011-06-01\nantall;3;sourced, conflict;side B;2012-06-01\n"
)

HEADER = (
    "region;kvartal;tjenesteomraade;kjonn;egenmeldt;legemeldt;dager_1_3;dager_4_10;dager_11_40;dager_over_40;"
    "avtalte_dagsverk"
)


def norwegian(value: float) -> str:
    return f"{value:,.1f}".replace(",", " ").replace(".", ",") if value else "-"


def sick_leave_rows(year: int) -> list[dict[str, object]]:
    """The man-days behind the file of one year, as numbers."""
    names = BEFORE if year < 2012 else AFTER
    rows = []
    for place, (code, name) in enumerate(names.items()):
        for quarter in range(1, 5):
            for sector in SECTORS:
                for sex in SEXES:
                    extra = place + quarter + len(sex) + (year - 2011) + len(sector) / 10
                    bands = (10.5, 10 + extra, 10 + extra, 0.0)
                    rows.append(
                        {"region": f"{code} {name}", "kvartal": f"{year}K{quarter}", "sector": sector, "sex": sex}
                        | {"self": 10.5 + extra, "doctor": 20 + extra, "bands": bands, "agreed": 1100 + 10 * extra}
                    )
    return rows


@cache
def scratch() -> Path:
    """Return a folder of this test process, with what its tests share: equal folders are then prepared once."""
    folder = Path(tempfile.mkdtemp(prefix="small-study-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def write(folder: Path) -> Path:
    """Write the whole folder and return it; each time the same bytes, though a workbook holds the time it was saved."""
    model = scratch() / "study"
    return Path(shutil.copytree(model if model.exists() else _write(model), folder, dirs_exist_ok=True))


def _write(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sources.yaml").write_text(LAYOUT, encoding="utf-8")
    (folder / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")
    (folder / "municipalities.csv").write_text(REGISTER, encoding="utf-8")
    (folder / "fakta.csv").write_text(FACTS, encoding="utf-8-sig")
    for year in (2011, 2012):
        lines = [
            ";".join(
                [str(row[key]) for key in ("region", "kvartal", "sector", "sex")]
                + [norwegian(value) for value in (row["self"], row["doctor"], *row["bands"], row["agreed"])]
            )
            for row in sick_leave_rows(year)
        ]
        text = "\r\n".join([HEADER, *lines, ""])
        (folder / f"sykefravaer_{year}.csv").write_bytes(text.encode("latin-1"))
        positions(year).to_parquet(folder / f"stillinger_{year}.parquet")
    background = ["region,tid,folketall,kostra_group"]
    for year in (2011, 2012):
        names = BEFORE if year < 2012 else AFTER
        background += [f"{code},{year},{1000 * (place + 1)},3" for place, code in enumerate(names)]
    (folder / "bakgrunn.csv").write_text("\n".join(background) + "\n", encoding="utf-8")
    workbook(folder, SHEETS)
    return folder


def workbook(folder: Path, sheets: dict[str, list[tuple[object, ...]]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(folder / "deltakere.xlsx")


def positions(year: int) -> pd.DataFrame:
    names = list(BEFORE if year < 2012 else AFTER)
    rows = [
        {
            "kommunenr": code,
            "aar": year,
            "person_id": 100 * place + number,
            "sector": list(SECTORS)[number % 2],
            "kode": f"{6500 + number}",
            "sex": list(SEXES)[number % 2],
            "birth_year": 1960 + number,
            "prosent": [100.0, 50.0, 35.7][number % 3],
            "employment": "Vikar" if number == 3 else "Fast",
        }
        for place, code in enumerate(names)
        for number in range(1, 7)
    ]
    return pd.DataFrame(rows).astype({"aar": "int16", "prosent": "float32"})


def edit(path: Path, old: str, new: str, encoding: str = "latin-1") -> None:
    """Replace the first occurrence of `old`, which must be there."""
    text = path.read_bytes().decode(encoding)
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode(encoding))


def edit_positions(path: Path, row: int, **cells: object) -> None:
    """Change cells of a spreadsheet row (header = 1) of a Parquet file."""
    frame = pd.read_parquet(path)
    for column, value in cells.items():
        frame[column] = frame[column].astype("object")
        frame.loc[row - 2, column] = value
        frame[column] = frame[column].infer_objects()
    frame.to_parquet(path)
