"""Write the files of the other themes: deliveries of vacancies, two surveys, targets, reports and forms filled by hand.

As in `files`, the bytes depend on nothing but the arguments.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from evaluation.demo import codebook, cooperation, recruitment, reputation, texts
from evaluation.demo.files import SECTOR_WORDS, SEX_WORDS, fixed_bytes, workbook
from evaluation.demo.goals import NAMES, Goals
from evaluation.demo.world import Ints, World

VACANCIES_HEADER = (
    "Kommunenr;Kommune;År;Tjenesteområde;Ansatte;Utlyste stillinger;Ledige stillinger;Herav vanskelige å besette;"
    "Sluttet i året;Kompetanseplan"
)
STATUS_WORDS = {"answered": "Svart", "partly": "Delvis svart", "not_answered": "Ikke svart"}
ROLE_WORDS = ("Folkevalgt", "Leder", "Tillitsvalgt", "Prosjektleder")
KIND_WORDS = {
    "level": "Nivå",
    "percentage_points": "Endring i prosentpoeng",
    "per_cent": "Endring i prosent",
    "unquantified": "Ikke tallfestet",
}
VERDICT_WORDS = {
    "reached": "Nådd",
    "partly": "Delvis nådd",
    "not_reached": "Ikke nådd",
    "cannot_assess": "Kan ikke vurderes",
}
YES_WORDS = {"yes": "Ja", "partly": "Delvis", "no": "Nei"}
REPORT_HEADER = (
    *("Kommune", "Prosjekt", "Tema", "Rapportår", "Mottatt", "Indikator", "Ved start", "Resultat", "Egen vurdering"),
    *("Partssamarbeid (1-5)", "Mål operasjonalisert", "Hovedtiltak egnet", "Dokumentasjon god nok"),
    *("Bør forsterkes", "Merknad"),
)


def vacancies_csv(world: World, vacancies: recruitment.Vacancies, year: int) -> bytes:
    """Return one year of vacancies (Latin-1, semicolon; codes have lost their zeros, `-` zero, `..` not delivered)."""
    at = recruitment.REPORTED.index(year)
    labels, unit = np.unique(world.labels(year).astype(str), return_inverse=True)

    def summed(values: Ints) -> Ints:
        result = np.zeros((len(labels), *values.shape[1:]), dtype=np.int64)
        np.add.at(result, unit, values)
        return result

    counts = [
        summed(values[:, at])
        for values in (vacancies.employees, vacancies.advertised, vacancies.vacant, vacancies.hard, vacancies.leavers)
    ]
    gone = summed(vacancies.missing[:, at].astype(np.int64)) > 0
    plan, known = (summed(flag[:, at].astype(np.int64)) > 0 for flag in (vacancies.plan, vacancies.plan_known))
    lines = [VACANCIES_HEADER]
    for place, label in enumerate(labels.tolist()):
        for sector, word in enumerate(SECTOR_WORDS):
            figures = [_count(int(values[place, sector])) for values in counts]
            answer = ("Ja" if plan[place, sector] else "Nei") if known[place, sector] else ""
            cells = [".."] * len(figures) + [""] if gone[place] else [*figures, answer]
            lines.append(";".join([str(int(label[:4])), label[5:], str(year), word, *cells]))
    return "\r\n".join([*lines, ""]).encode("latin-1")


def _count(value: int) -> str:
    return f"{value:,}".replace(",", " ") if value else "-"


def inhabitants_csv(world: World, wave: reputation.Wave) -> bytes:
    """Return one wave of the survey of inhabitants: everybody drawn, with status (Latin-1, semicolon)."""
    label = world.labels(wave.year)[wave.unit].tolist()
    sex = np.array(SEX_WORDS, dtype=object)[np.where(wave.woman, 0, 1)].tolist()
    age = np.array(reputation.AGES, dtype=object)[wave.age].tolist()
    columns = (_items(wave.items), [str(number) for number in wave.number], label, sex, age, _statuses(wave.status))
    lines = [
        ";".join((number, place, str(wave.year), woman, years, status, *items))
        for items, number, place, woman, years, status in zip(*columns, strict=True)
    ]
    items = ";".join(f"sp{number}" for number in range(1, wave.items.shape[1] + 1))
    header = f"lopenr;kommune;aar;kjonn;aldersgruppe;status;{items}"
    return "\r\n".join([header, *lines, ""]).encode("latin-1")


def parties_csv(world: World, wave: cooperation.Wave) -> bytes:
    """Return one wave of the parties' survey as survey tools export it (UTF-16, tab)."""
    label = world.labels(wave.year)[wave.unit].tolist()
    role = np.array(ROLE_WORDS, dtype=object)[wave.role].tolist()
    columns = (_items(wave.items), wave.number.tolist(), label, role, _statuses(wave.status))
    lines = [
        "\t".join((str(number), place, who, str(wave.year), status, *items))
        for items, number, place, who, status in zip(*columns, strict=True)
    ]
    items = "\t".join(f"s{number}" for number in range(1, wave.items.shape[1] + 1))
    header = f"Svarnr\tKommune\tRolle\tÅr\tStatus\t{items}"
    return b"\xff\xfe" + "\r\n".join([header, *lines, ""]).encode("utf-16-le")


def _items(items: Ints) -> list[list[str]]:
    """Answers as text, blank where there is none."""
    return np.array(["", "1", "2", "3", "4", "5"], dtype=object)[items].tolist()


def _statuses(status: np.ndarray) -> list[str]:
    return [STATUS_WORDS[str(code)] for code in status]


def targets_xlsx(world: World, goals: Goals) -> bytes:
    """Return the municipalities' own targets as the secretariat keeps them; a few figures are text."""
    label = world.labels(2012)
    header = (
        *("Prosjekt", "Kommune", "Tema", "Mål nr", "Målformulering", "Indikator", "Måltype", "Utgangspunkt"),
        *("Utgangsår", "Måltall", "Målår", "Registrert"),
    )
    rows = []
    for place, one in enumerate(_plain(goals.targets)):
        baseline = one["baseline"]
        if baseline is not None and place % 9 == 4:
            baseline = f"{baseline:g}".replace(".", ",")
        rows.append(
            (
                *(one["project"], label[one["unit"]], texts.THEME_WORDS[one["theme"]], one["target"], one["wording"]),
                *(_indicator(one["indicator"]), KIND_WORDS[one["kind"]], baseline, one["baseline_year"]),
                *(one["value"], one["target_year"], one["date"]),
            )
        )
    return workbook({"Mål": (header, rows)})


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries, None where there is nothing, whole years as integers."""
    rows = frame.astype("object").where(frame.notna(), None).to_dict("records")
    for row in rows:
        for key in ("baseline_year", "target_year"):
            if row.get(key) is not None:
                row[key] = int(row[key])
    return [{str(key): value for key, value in row.items()} for row in rows]


def _indicator(code: str | None) -> str | None:
    return None if code is None else NAMES[code].capitalize()


def reports_xlsx(world: World, goals: Goals, year: int) -> bytes:
    """Return the year's reports as the secretariat typed them: a title, a blank row, then one row a report."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Rapporter"
    sheet.append([f"Årsrapporter {year} – {texts.DEFINITION['name']['nb']}"])
    sheet.append([])
    sheet.append(list(REPORT_HEADER))
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(REPORT_HEADER))
    reports = goals.reports[(goals.reports["year"] == year) & ~goals.reports["form"]]
    for one in _plain(reports):
        sheet.append(list(_report(world, one)))
    return fixed_bytes(book)


def _report(world: World, one: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        *(world.labels(2012)[one["unit"]], one["project"], texts.THEME_WORDS[one["theme"]], one["year"]),
        *(one["received"], _indicator(one["indicator"]), one["baseline"], one["value"], VERDICT_WORDS[one["verdict"]]),
        *(one["cooperation"], YES_WORDS[one["goals_operational"]], YES_WORDS[one["measure_suitable"]]),
        *(YES_WORDS[one["documentation"]], codebook.ADVICE_WORDS[one["strengthen"]], one["comment"] or None),
    )


def forms(world: World, goals: Goals) -> dict[str, bytes]:
    """Return the reports that came as forms filled by hand, by file name: labels in column B, values in column C."""
    found: dict[str, bytes] = {}
    for place, one in enumerate(_plain(goals.reports[goals.reports["form"]])):
        number = 1 + sum(f"_{one['year']}_" in name for name in found)
        found[f"skjema/arsrapport_{one['year']}_{number}.xlsx"] = _form(world, one, place)
    return found


def _form(world: World, one: Mapping[str, Any], place: int) -> bytes:
    import openpyxl
    from openpyxl.styles import Font

    code, name = world.codes(2012)[one["unit"]], world.names(2012)[one["unit"]]
    received: datetime.date = one["received"]
    figures = [_by_hand(one[key], place) for key in ("baseline", "value")]
    parts: Sequence[tuple[str, Sequence[tuple[str, Any]]]] = (
        (
            "Om prosjektet",
            (
                # Names that two municipalities share, or that are written in two languages, come with their code.
                ("Kommune:", f"{code} {name} kommune"),
                ("Prosjektnr.:", one["project"]),
                ("Tema:", texts.THEME_WORDS[one["theme"]].upper() if place % 2 else texts.THEME_WORDS[one["theme"]]),
                ("Rapportår:", one["year"]),
                ("Dato mottatt", f"{received:%d.%m.%Y}" if place % 2 else received),
            ),
        ),
        (
            "Måloppnåelse",
            (
                ("Indikator", _indicator(one["indicator"])),
                ("Verdi ved start", figures[0]),
                ("Verdi ved årets slutt *", figures[1]),
                ("Er målet nådd?", VERDICT_WORDS[one["verdict"]]),
                ("Partssamarbeid (1-5)", one["cooperation"]),
                ("Merknader:", one["comment"] or None),
            ),
        ),
        (
            "Fylles ut av sekretariatet",
            (
                ("Mål operasjonalisert", YES_WORDS[one["goals_operational"]]),
                ("Hovedtiltak egnet", YES_WORDS[one["measure_suitable"]]),
                ("Dokumentasjon god nok", YES_WORDS[one["documentation"]]),
                ("Bør forsterkes", codebook.ADVICE_WORDS[one["strengthen"]]),
            ),
        ),
    )
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Skjema"
    sheet["B2"] = f"Årsrapport {one['year']}"
    sheet["B3"] = texts.DEFINITION["name"]["nb"]
    row = 5
    for title, fields in parts:
        sheet.cell(row, 2, title).font = Font(bold=True)
        sheet.merge_cells(start_row=row, start_column=2, end_row=row, end_column=3)
        for label, value in fields:
            row += 1
            sheet.cell(row, 2, label)
            sheet.cell(row, 3, value)
        row += 2
    for merged in ("B2:C2", "B3:C3"):
        sheet.merge_cells(merged)
    sheet["B2"].font = Font(bold=True, size=14)
    sheet.column_dimensions["B"].width = 34
    return fixed_bytes(book)


def _by_hand(value: Any, place: int) -> Any:
    """A figure the way a person fills in a cell: now a number, now text around it."""
    if not isinstance(value, float):
        return value
    text = f"{value:g}".replace(".", ",")
    return (value, f"ca. {text}", f" {text} ")[place % 3]


def measures_xlsx(goals: Goals) -> bytes:
    """Return the measures by project and year, several in one cell, set apart now by a comma, now by a semicolon."""
    joined = (", ", "; ", ",")
    rows = [
        (
            *(one["project"], texts.THEME_WORDS[one["theme"]], one["year"], one["main"]),
            joined[place % 3].join(one["measures"]),
        )
        for place, one in enumerate(_plain(goals.measures))
    ]
    return workbook({"Tiltak": (("Prosjekt", "Tema", "Rapportår", "Hovedtiltak", "Tiltak"), rows)})


def events_csv(events: pd.DataFrame) -> bytes:
    """Return what happened in the cases (UTF-8, comma, Norwegian dates)."""
    frame = pd.DataFrame(
        {
            "case": events["case"],
            "dato": events["date"].map("{:%d.%m.%Y}".format),
            "hendelse": events["event"].map(codebook.EVENT_WORDS),
            "merknad": events["note"],
        }
    )
    return frame.to_csv(index=False, lineterminator="\n").encode()


def codebook_csv() -> bytes:
    """Return the words of codes and items in three languages (UTF-8 with byte-order mark, semicolon)."""
    frame = pd.DataFrame(codebook.rows(), columns=list(codebook.HEADER))
    return frame.to_csv(index=False, sep=";", lineterminator="\r\n").encode("utf-8-sig")


__all__ = [
    "codebook_csv",
    "events_csv",
    "forms",
    "inhabitants_csv",
    "measures_xlsx",
    "parties_csv",
    "reports_xlsx",
    "targets_xlsx",
    "vacancies_csv",
]
