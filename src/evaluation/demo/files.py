"""Write the invented world in the formats researchers really get.

Every writer returns bytes that depend on nothing but its arguments: no time of day, no compression that differs between
builds (the workbook is stored uncompressed), no order of a set.
"""

from __future__ import annotations

import datetime
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.demo import positions, programme, texts
from evaluation.demo.sick_leave import SickLeave
from evaluation.demo.world import Ints, World, stream

if TYPE_CHECKING:
    from openpyxl import Workbook

SECTOR_WORDS = (
    "Administrasjon",
    "Undervisning",
    "Barnehager",
    "Helse/pleie/omsorg",
    "Samferdsel og teknikk",
    "Annet",
)
SEX_WORDS = ("Kvinner", "Menn")
EMPLOYMENT_WORDS = ("Fast", "Midlertidig", "Vikar", "Lærling", "Pensjonist", "Timelønnet")
SICK_LEAVE_HEADER = (
    "region;kvartal;tjenesteomraade;kjonn;egenmeldt;legemeldt;dager_1_3;dager_4_10;dager_11_40;dager_over_40;"
    "avtalte_dagsverk"
)
NO_BREAK_SPACE_FROM = 2012
MEASURES = ("Folkemengde", "KOSTRA-gruppe")
FIXED = datetime.datetime(2016, 3, 1, 8, 0)

Files = Iterator[tuple[str, Callable[[], bytes]]]
"""Names of files, each with the function that makes its bytes."""


def municipalities_csv(world: World) -> bytes:
    """Return the register of invented municipalities (UTF-8, comma), in the columns of the reference register."""
    return world.register().to_csv(index=False, lineterminator="\n").encode()


def sick_leave_csv(world: World, sick_leave: SickLeave, year: int) -> bytes:
    """Return one year of man-days (Latin-1, semicolon, decimal comma, thousands by space, `-` zero, `..` missing).

    Thousands are set apart by a plain space, from 2012 by a no-break space: both occur in real deliveries.
    """
    first = 4 * world.setting.years.index(year)
    within = slice(first, first + 4)
    labels, unit = np.unique(world.labels(year).astype(str), return_inverse=True)
    lost, agreed = (_summed(values[:, within], unit) for values in (sick_leave.lost, sick_leave.agreed))
    missing = _summed(sick_leave.missing[:, within].astype(np.int64), unit) > 0
    self_short, self_long, doctor_short, doctor_middle, doctor_long = np.moveaxis(lost, -1, 0)
    measures = (
        self_short + self_long,
        doctor_short + doctor_middle + doctor_long,
        self_short,
        self_long + doctor_short,
        doctor_middle,
        doctor_long,
        agreed,
    )
    space = "\u00a0" if year >= NO_BREAK_SPACE_FROM else " "
    gone = np.broadcast_to(missing[:, :, None, None], agreed.shape).ravel()
    columns = [np.where(gone, "..", _norwegian(measure.ravel(), space)).tolist() for measure in measures]
    keys = (
        f"{label};{quarter};{sector};{sex}"
        for label in labels
        for quarter in world.setting.quarters[within]
        for sector in SECTOR_WORDS
        for sex in SEX_WORDS
    )
    lines = [";".join(row) for row in zip(keys, *columns, strict=True)]
    return "\r\n".join([SICK_LEAVE_HEADER, *lines, ""]).encode("latin-1")


def _summed(values: Ints, unit: Ints) -> Ints:
    """Sum over units that are one municipality."""
    result = np.zeros((unit.max() + 1, *values.shape[1:]), dtype=np.int64)
    np.add.at(result, unit, values)
    return result


def _norwegian(tenths: Ints, space: str) -> np.ndarray:
    """Write tenths as `12 345,6`, zero as `-`; each different number once."""
    values, place = np.unique(tenths, return_inverse=True)
    words = [f"{value // 10:,}".replace(",", space) + f",{value % 10}" if value else "-" for value in values.tolist()]
    return np.array(words, dtype=object)[place]


def background_json(world: World, seed: int) -> bytes:
    """Return population and KOSTRA group as JSON-stat2, codes as reported each year.

    `status` marks codes not in use that year (`.`) and a few values that are missing (`..`) or confidential (`:`).
    """
    rng = stream(seed, "befolkning_kostra.json")
    register = world.register()
    codes = register["code"].tolist()
    years = world.setting.years
    value: list[int | None] = [None] * (len(codes) * len(MEASURES) * len(years))
    for number, year in enumerate(years):
        names, unit = np.unique(world.codes(year).astype(str), return_inverse=True)
        population = np.bincount(unit, world.population[:, number]).astype(int)
        group = np.zeros(len(names), dtype=int)
        np.maximum.at(group, unit, world.kostra_group[:, number])
        for code, numbers in zip(names, zip(population.tolist(), group.tolist(), strict=True), strict=True):
            for measure, content in enumerate(numbers):
                value[(codes.index(code) * len(MEASURES) + measure) * len(years) + number] = content
    status = {str(place): "." for place, content in enumerate(value) if content is None}
    for sign, measure, count in (("..", 0, 4), (":", 1, 3)):
        for region in rng.choice(
            np.flatnonzero(register["valid_to"].isna() & (register["valid_from"] < years[0])), count
        ):
            place = (int(region) * len(MEASURES) + measure) * len(years) + int(rng.integers(0, 4))
            value[place], status[str(place)] = None, sign
    labels = (register["code"] + " " + register["name"]).tolist()
    dimensions = {
        "Region": ("region", dict(zip(codes, labels, strict=True))),
        "ContentsCode": ("statistikkvariabel", {measure: measure for measure in MEASURES}),
        "Tid": ("år", {str(year): str(year) for year in years}),
    }
    content = {
        "version": "2.0",
        "class": "dataset",
        "label": "Oppdiktede tall: folkemengde og KOSTRA-gruppe, etter region, statistikkvariabel og år",
        "source": "Demonstrasjonsdata (oppdiktede kommuner)",
        "updated": f"{FIXED.isoformat()}Z",
        "id": list(dimensions),
        "size": [len(categories) for _, categories in dimensions.values()],
        "role": {"time": ["Tid"], "geo": ["Region"], "metric": ["ContentsCode"]},
        "dimension": {
            name: {"label": label, "category": {"index": {c: n for n, c in enumerate(categories)}, "label": categories}}
            for name, (label, categories) in dimensions.items()
        },
        "value": value,
        "status": dict(sorted(status.items(), key=lambda item: int(item[0]))),
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def positions_parquet(world: World, register: positions.Year) -> bytes:
    """Return one year of the position register (Parquet, zstd, dictionary-coded text)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def coded(place: Any, words: Sequence[str]) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(place.astype(np.int16)), pa.array(list(words), pa.string()))

    codes, unit = np.unique(world.codes(register.year).astype(str), return_inverse=True)
    size = len(register.unit)
    table = pa.table(
        {
            "kommunenr": coded(unit[register.unit], codes.tolist()),
            "aar": pa.array(np.full(size, register.year, dtype=np.int16)),
            "person_id": pa.array(register.person.astype(np.int64)),
            "tjenesteomraade": coded(register.sector, SECTOR_WORDS),
            "stillingskode": coded(register.code, positions.codes()),
            "kjonn": coded(np.where(register.woman, 0, 1), SEX_WORDS),
            "fodselsaar": pa.array(register.birth_year.astype(np.int16)),
            "stillingsprosent": pa.array(register.percentage.astype(np.float32)),
            "ansettelsesform": coded(register.employment, EMPLOYMENT_WORDS),
        }
    )
    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        compression_level=6,
        row_group_size=131_072,
        use_dictionary=[name for name in table.column_names if name != "person_id"],
        column_encoding={"person_id": "DELTA_BINARY_PACKED"},
        store_schema=False,
    )
    return buffer.getvalue()


def participants_xlsx(world: World, selection: programme.Selection, told: texts.Told = texts.CURRENT) -> bytes:
    """Return the workbook a programme secretariat keeps; municipalities are now a number, now `0061 Name`."""
    units, names = programme.projects_units(selection.participation), world.units["name_after"]
    label = world.labels(world.setting.merger_year)
    projects: list[tuple[str, ...]] = []
    first: dict[str, str] = {}
    for project, theme, intake, network in selection.projects.drop(columns="primary").to_numpy().tolist():
        kinds = told.project_names[first.setdefault(project, theme)]
        title = kinds[int(project[1:]) % len(kinds)].format(place=names.iloc[units[project][0]])
        projects.append((project, told.theme_words[theme], title, f"Pulje {intake}", network))
    networks = selection.projects.drop_duplicates("network").sort_values("network")
    numbered = (networks.groupby("theme").cumcount() + 1).tolist()
    titles = programme.case_titles(world, selection, told)
    cases = selection.cases.assign(theme=selection.cases["theme"].map(told.theme_words))
    earlier = selection.earlier
    # A predecessor of a merged municipality took part under its own name.
    before = world.labels(world.setting.years[0])
    return workbook(
        {
            "Prosjekter": (("prosjekt", "tema", "navn", "pulje", "nettverk"), projects),
            "Deltakelse": (
                ("kommune", "prosjekt"),
                [
                    (_region(label[unit], row), project)
                    for row, (unit, project) in enumerate(selection.participation.itertuples(index=False))
                ],
            ),
            "Nettverk": (
                ("nettverk", "tema", "navn"),
                [
                    (network, told.theme_words[theme], told.network_names[theme].format(number=number))
                    for (network, theme), number in zip(
                        networks[["network", "theme"]].to_numpy().tolist(), numbered, strict=True
                    )
                ],
            ),
            "Samlinger": (("nettverk", "dato"), list(programme.gatherings(selection, told).itertuples(index=False))),
            "Dypdykk": (
                ("case", "prosjekt", "tema", "runde", *titles.columns),
                list(pd.concat([cases, titles], axis=1).itertuples(index=False)),
            ),
            "Tidligere": (
                ("kommune", "program", "fra_aar", "til_aar"),
                [
                    (_region(before[unit], row), told.earlier, int(start), int(end))
                    for row, (unit, start, end) in enumerate(earlier.itertuples(index=False))
                ],
            ),
        }
    )


def _region(label: str, row: int) -> str | int:
    """Every third municipality is a number, as Excel makes of a code, and so are all whose zeros Excel eats."""
    return int(label[:4]) if row % 3 == 2 or label.startswith("00") else label


def workbook(sheets: Mapping[str, tuple[Sequence[str], Sequence[Sequence[Any]]]]) -> bytes:
    """Return an Excel workbook with a header row in every sheet, free of the time it was written."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, (header, rows) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(list(header))
        for row in rows:
            sheet.append(list(row))
    return fixed_bytes(book)


def fixed_bytes(book: Workbook) -> bytes:
    """Return a workbook as bytes without the time it was written."""
    written, fixed = io.BytesIO(), io.BytesIO()
    book.save(written)
    stamp = FIXED.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_STORED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, content)
            plain = zipfile.ZipInfo(entry.filename, FIXED.timetuple()[:6])
            plain.create_system = 3
            target.writestr(plain, content)
    return fixed.getvalue()


def programme_yaml(told: texts.Told = texts.CURRENT) -> bytes:
    """Return the definition of the invented programme as YAML 1.2; texts are quoted, dates are plain."""
    return ("\n".join(_yaml(told.definition)) + "\n").encode()


def _yaml(value: Mapping[str, Any], indent: str = "") -> list[str]:
    lines = []
    for key, content in value.items():
        if isinstance(content, Mapping):
            lines += [f"{indent}{key}:", *_yaml(content, indent + "  ")]
        elif isinstance(content, list):
            lines.append(f"{indent}{key}:")
            for entry in content:
                first, *rest = _yaml(entry, indent + "    ")
                lines += [f"{indent}  - {first.strip()}", *rest]
        else:
            plain = re.fullmatch(r"\d{4}-\d\d-\d\d", content)
            lines.append(f"{indent}{key}: {content if plain else json.dumps(content, ensure_ascii=False)}")
    return lines


def facts_csv(told: texts.Told = texts.CURRENT) -> bytes:
    """Return the invented programme's sourced claims (UTF-8 with byte-order mark, semicolon), two in conflict."""
    frame = pd.DataFrame(told.facts, columns=list(texts.FACTS_HEADER))
    return frame.to_csv(index=False, sep=";", lineterminator="\r\n").encode("utf-8-sig")
