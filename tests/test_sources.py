"""Raw files are read as they are: real responses, every encoding and separator, signs kept, nothing guessed."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
from datetime import date, datetime
from pathlib import Path

import fsspec
import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.errors import InputError
from evaluation.sources import (
    as_text,
    dates,
    forms,
    identity_numbers,
    numbers,
    places,
    quarters,
    read,
    read_yaml,
    valid_identity_numbers,
    years,
)
from evaluation.sources.database import database, megabytes
from evaluation.sources.files import missing_file
from evaluation.sources.frame import footer, header_row
from evaluation.sources.statbank import json_stat, read_json

DATA = Path(__file__).parent / "data"


def column(*cells: object) -> pd.Series:
    return pd.Series(list(cells), dtype="str" if all(isinstance(cell, str) for cell in cells) else "object")


def problem(error: pytest.ExceptionInfo[InputError]) -> str:
    return str(error.value)


# --- real files ---


def test_the_recorded_json_stat2_response_is_read_as_statistics_norway_sent_it():
    raw = read(DATA / "jsonstat2_sample_ssb_12134_v2.json")
    sent = json.loads((DATA / "jsonstat2_sample_ssb_12134_v2.json").read_text(encoding="utf-8"))
    region = raw.frame["KOKkommuneregion0000"].tolist()
    assert region == ["0301", "4601", "5001"]
    assert raw.frame["KOKkommuneregion0000.label"].tolist() == ["Oslo - Oslove", "Bergen", "Trondheim - Tråante"]
    assert raw.frame["Frie inntekter per innbygger (kr)"].tolist() == sent["value"]
    assert years(raw.frame["Tid"])[0].tolist() == [2024] * 3


def test_the_recorded_klass_response_is_read_whole_with_its_leading_zeros():
    raw = read(DATA / "klass131_codesAt_2026-01-01.json")
    sent = json.loads((DATA / "klass131_codesAt_2026-01-01.json").read_text(encoding="utf-8"))["codes"]
    assert list(zip(raw.frame["code"], raw.frame["name"], strict=True)) == [(c["code"], c["name"]) for c in sent]
    assert raw.frame["code"].iloc[0] == "0301"
    assert len(raw.frame) == 358


def test_the_norwegian_csv_is_read_with_decimal_commas_leading_zeros_and_letters():
    path = DATA / "ssb_legemeldt_bostedskommune_menn_2008K1_2009K1_utdrag.csv"
    raw = read(path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    assert raw.encoding == "utf-8"
    assert raw.frame["kommunenr"].tolist() == [row["kommunenr"] for row in rows]
    assert raw.frame.loc[2, ["kommunenr", "kommune"]].tolist() == ["0101", "Halden"]
    assert "Rømskog" in set(raw.frame["kommune"])
    percent = numbers(raw.frame["prosent_2008K1"])
    assert percent.figures.tolist() == [float(row["prosent_2008K1"].replace(",", ".")) for row in rows]
    days = numbers(raw.frame["sykefravaersdagsverk_2008K1"]).figures
    assert days.sum() == sum(int(row["sykefravaersdagsverk_2008K1"]) for row in rows)
    assert not percent.bad.any()


# --- text files ---

TEXT = "region;kvartal;dager\r\n0061 Hårnes;2012K1;1 234,5\r\n0062 Ærvik;2012K2;-\r\n"


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("latin-1", "latin-1"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_every_encoding_gives_the_same_letters(tmp_path, encoding, found):
    (tmp_path / "a.csv").write_bytes(TEXT.encode(encoding))
    raw = read(tmp_path / "a.csv")
    assert raw.encoding == found
    assert raw.frame["region"].tolist() == ["0061 Hårnes", "0062 Ærvik"]
    assert list(raw.frame.columns) == ["region", "kvartal", "dager"]


def test_windows_signs_are_not_taken_for_latin_1(tmp_path):
    (tmp_path / "a.csv").write_bytes("navn;verdi\nHøst – vår;–\n".encode("cp1252"))
    raw = read(tmp_path / "a.csv")
    assert raw.encoding == "cp1252"
    assert raw.frame["navn"].tolist() == ["Høst – vår"]
    assert numbers(raw.frame["verdi"]).figures.tolist() == [0.0]


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_every_separator_is_found(tmp_path, separator):
    rows = [["region", "verdi"], ["0061 Ås", "1"], ["0062 Bø", "2"]]
    (tmp_path / "a.txt").write_text("\n".join(separator.join(row) for row in rows), encoding="utf-8")
    assert read(tmp_path / "a.txt").frame.to_numpy().tolist() == rows[1:]


def test_decimal_commas_do_not_make_a_semicolon_file_a_comma_file(tmp_path):
    (tmp_path / "a.csv").write_text("a;b\n1,5;2,5\n3,5;4,5\n", encoding="utf-8")
    assert read(tmp_path / "a.csv").frame.columns.tolist() == ["a", "b"]


def test_rows_are_counted_as_in_a_spreadsheet_across_blank_lines_and_titles(tmp_path):
    (tmp_path / "a.csv").write_text("Tabell 1\n\na;b\n1;2\n;\n\n3;4\n", encoding="utf-8")
    frame = read(tmp_path / "a.csv", header=3).frame
    assert frame.index.tolist() == [4, 7]


def test_the_names_are_looked_for_above_the_figures_and_not_in_titles_or_notes_of_one_cell():
    rows = [("Tabell 1", ""), ("kommune", "dager"), ("", "(i alt)"), ("0301", "6,4"), ("kommune", "dager")]
    assert header_row(rows) == 1
    assert header_row([rows[0], rows[3]]) is None


def test_the_first_row_of_a_footer_is_told_as_it_stands_in_the_file(tmp_path):
    (tmp_path / "a.csv").write_text("Tabell 1\na;b\n1;2\n3;4\nKilde: SSB\n* foreløpig\n", encoding="utf-8")
    raw = read(tmp_path / "a.csv", header=2)
    assert [(note.row, note.value) for note in raw.notes] == [(5, "Kilde: SSB")]
    assert raw.frame["a"].tolist() == ["1", "3"]


def test_a_row_with_too_many_fields_is_named(tmp_path):
    (tmp_path / "a.csv").write_text("a;b\n1;2\n1;2;3\n1\n", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read(tmp_path / "a.csv")
    assert [p.row for p in error.value.problems] == [3, 4]
    assert "3 fields, the header 2" in problem(error)
    assert "semicolon" in problem(error)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('a;b\n1;"2\n', "quotation mark"),
        ("a;a\n1;2\n", "same name"),
        ("a;\n1;2\n", "no name"),
        ("", "the file is empty"),
    ],
)
def test_a_broken_text_file_is_refused_with_a_reason(tmp_path, text, said):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read(tmp_path / "a.csv")


def test_a_missing_file_tells_what_the_folder_holds(tmp_path):
    (tmp_path / "sykefravaer_2012.csv").write_text("a\n")
    with pytest.raises(InputError) as error:
        read(tmp_path / "sykefraver_2012.csv")
    assert "Did you mean sykefravaer_2012.csv?" in problem(error)


def test_an_unknown_kind_of_file_is_refused(tmp_path):
    (tmp_path / "a.xls").write_bytes(b"x")
    with pytest.raises(InputError, match=r"Save it as \.csv, \.xlsx"):
        read(tmp_path / "a.xls")


# --- workbooks ---


def book(path: Path, **sheets: list[list[object]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def test_a_sheet_keeps_numbers_and_dates_and_row_numbers(tmp_path):
    rows = [
        ["Skjema"],
        ["kommune", "dager", "dato"],
        [61, 1234.5, datetime(2012, 3, 5)],
        [None] * 3,
        ["0062", "..", "x"],
    ]
    raw = read(book(tmp_path / "a.xlsx", Ark=rows), header=2)
    assert raw.frame.index.tolist() == [3, 5]
    figures = numbers(raw.frame["dager"])
    assert figures.figures.iloc[0] == 1234.5
    assert figures.missing.tolist() == ["", "not_delivered"]
    found, bad = dates(raw.frame["dato"])
    assert found.iloc[0] == date(2012, 3, 5)
    assert bad.tolist() == [False, True]


def test_a_sheet_must_be_named_when_there_are_several_and_the_names_are_listed(tmp_path):
    path = book(tmp_path / "a.xlsx", Prosjekter=[["a"]], Deltakelse=[["a"]])
    with pytest.raises(InputError, match="Prosjekter, Deltakelse"):
        read(path)
    with pytest.raises(InputError, match=r"Did you mean Prosjekter\?"):
        read(path, sheet="Prosjektar")


def test_a_file_that_is_no_workbook_is_refused(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"not a zip")
    with pytest.raises(InputError, match="cannot be opened"):
        read(tmp_path / "a.xlsx")


# --- numbers ---


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1234,5", 1234.5),
        ("1 234,5", 1234.5),
        ("1\u00a0234,5", 1234.5),
        ("1\u202f234\u202f567,25", 1234567.25),
        ("1.234,5", 1234.5),
        ("1,234.5", 1234.5),
        ("1.234.567", 1234567),
        ("12.5", 12.5),
        ("0,125", 0.125),
        ("-3,5", -3.5),
        ("\u22123,5", -3.5),
        ("6,5 %", 6.5),
        ("6,5%", 6.5),
        ("12,0*", 12.0),
        ("-", 0.0),
        ("  7 ", 7.0),
    ],
)
def test_a_figure_is_read_as_written(cell, value):
    read_as = numbers(column(cell))
    assert read_as.figures.tolist() == [value]
    assert not read_as.bad.any()
    assert read_as.doubt is None


@pytest.mark.parametrize("cell", ["17 5", "1 23", "abc", "1,2,3", "n/a", "12 345 6", "1-2", "--", "%", "*"])
def test_what_is_no_figure_is_refused_not_guessed(cell):
    read_as = numbers(column(cell))
    assert read_as.bad.tolist() == [True]
    assert np.isnan(read_as.figures.iloc[0])


@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=8),
    st.sampled_from([" ", "\u00a0", "\u202f", "", "."]),
    st.sampled_from([",", "."]),
)
def test_any_figure_with_one_decimal_is_read_back(tenths, thousands, decimal):
    if thousands == decimal:
        thousands = ""
    cells = [f"{value / 10:,.1f}".replace(",", "T").replace(".", decimal).replace("T", thousands) for value in tenths]
    read_as = numbers(column(*cells))
    np.testing.assert_allclose(read_as.figures, np.array(tenths) / 10)


def test_the_standard_signs_are_missing_for_a_reason_and_counted():
    read_as = numbers(column(".", "..", "...", ":", "", "-", "5*", ".."))
    reasons = [
        "not_applicable",
        "not_delivered",
        "not_yet_available",
        "confidential",
        "left_blank",
        "",
        "",
        "not_delivered",
    ]
    assert read_as.missing.tolist() == reasons
    assert read_as.figures.isna().tolist() == [True] * 5 + [False, False, True]
    assert read_as.signs == {".": 1, "..": 2, "...": 1, ":": 1, "-": 1, "*": 1}


def test_a_point_that_may_be_decimal_or_thousand_is_reported_until_the_column_or_the_user_settles_it():
    assert numbers(column("1.234", "5.678")).doubt == "1.234"
    assert numbers(column("1,234")).doubt == "1,234"
    assert numbers(column("1.234", "5.678"), decimal=",").figures.tolist() == [1234, 5678]
    assert numbers(column("1.234", "5.678"), decimal=".").figures.tolist() == [1.234, 5.678]
    settled = numbers(column("1.234", "56,7"))
    assert settled.doubt is None
    assert settled.figures.tolist() == [1234, 56.7]


def test_a_column_with_two_decimal_signs_is_refused():
    assert numbers(column("12,5", "12.5")).bad.tolist() == [False, True]


# --- quarters, years ---


@pytest.mark.parametrize(
    "cell",
    [
        "2012K1",
        "2012k1",
        "2012-1",
        "2012Q1",
        "2012-K1",
        "2012 K1",
        "1. kvartal 2012",
        "K1 2012",
        "1Q2012",
        "1.kv. 2012",
    ],
)
def test_every_way_of_writing_a_quarter_is_the_same_quarter(cell):
    values, bad = quarters(column(cell, "2013K4"))
    assert values.tolist() == [pd.Period("2012Q1"), pd.Period("2013Q4")]
    assert not bad.any()


@pytest.mark.parametrize("cell", ["2012K5", "2012-10", "2012-01", "2012", "", "12K1", "kvartal 1", "2012-03-01"])
def test_what_is_no_quarter_is_refused(cell):
    values, bad = quarters(column(cell))
    assert bad.tolist() == [True]
    assert values.isna().all()


def test_years_are_whole_and_of_these_centuries():
    values, bad = years(pd.Series([2012, "2012", 2012.0, "12", "2012.5"], dtype="object"))
    assert values.tolist()[:3] == [2012] * 3
    assert bad.tolist() == [False] * 3 + [True] * 2


# --- JSON-stat2 ---


def cube(**changes: object) -> dict[str, object]:
    content: dict[str, object] = {
        "version": "2.0",
        "class": "dataset",
        "id": ["Region", "ContentsCode", "Tid"],
        "size": [2, 2, 2],
        "role": {"metric": ["ContentsCode"]},
        "dimension": {
            "Region": {"category": {"index": {"0062": 1, "0061": 0}, "label": {"0061": "Askvik", "0062": "Bervik"}}},
            "ContentsCode": {"category": {"index": ["F", "K"], "label": {"F": "Folkemengde", "K": "Gruppe"}}},
            "Tid": {"category": {"index": ["2011", "2012"]}},
        },
        "value": [1, 2, 3, 4, 5, None, 7, None],
        "status": {"5": "..", "7": ":", "0": "*"},
    }
    return content | changes


def test_a_json_stat2_cube_is_laid_out_in_row_major_order_with_its_signs():
    raw = json_stat(cube())
    expected = [
        ["0061", "Askvik", "2011", 1, 3],
        ["0061", "Askvik", "2012", 2, 4],
        ["0062", "Bervik", "2011", 5, 7],
        ["0062", "Bervik", "2012", "..", ":"],
    ]
    assert raw.frame.columns.tolist() == ["Region", "Region.label", "Tid", "Folkemengde", "Gruppe"]
    assert raw.frame.to_numpy().tolist() == expected
    assert raw.signs == {"*": 1}


def test_status_as_a_list_and_values_as_an_object_say_the_same():
    signs = ["*", None, None, None, None, "..", None, ":"]
    sparse = {str(i): value for i, value in enumerate([1, 2, 3, 4, 5, None, 7, None]) if value is not None}
    expected = json_stat(cube()).frame
    pd.testing.assert_frame_equal(json_stat(cube(status=signs)).frame, expected)
    pd.testing.assert_frame_equal(json_stat(cube(value=sparse)).frame, expected)


def test_a_list_of_status_may_be_shorter_than_the_values():
    assert not json_stat(cube(status=[])).signs
    raw = json_stat(cube(status=["*", "*", "*"]))
    assert raw.signs == {"*": 3}
    assert len(raw.frame) == 4


def test_measures_become_columns_unless_there_is_nothing_else():
    two = {"id": ["ContentsCode", "Tid"], "size": [2, 2], "value": [1, 2, 3, 4], "status": None}
    assert json_stat(cube(**two)).frame.columns.tolist() == ["Tid", "Folkemengde", "Gruppe"]
    one = {"id": ["ContentsCode"], "size": [2], "value": [1, 2], "status": None}
    assert json_stat(cube(**one)).frame["value"].tolist() == [1, 2]


@pytest.mark.parametrize("changes", [{"class": "collection"}, {"class": None}, {"version": "1.0"}])
def test_json_of_another_class_or_version_is_neither(changes):
    with pytest.raises(InputError, match="neither a JSON-stat2 data set nor a KLASS code list"):
        read_json(json.dumps(cube(**changes)).encode(), "a.json")


def test_one_status_for_all_holds_for_all():
    raw = json_stat(cube(status="*"))
    assert raw.signs == {"*": 6}
    assert json_stat(cube(status=["*"])).signs == raw.signs


@pytest.mark.parametrize(
    "changes",
    [{"value": [1, 2]}, {"size": [2, 2, 3]}, {"id": ["Region", "X", "Tid"]}, {"value": ["a"] * 8}, {"value": None}],
)
def test_a_cube_that_does_not_fit_together_is_refused(changes):
    with pytest.raises(InputError, match="Fetch the file again"):
        json_stat(cube(**changes))


def test_json_that_is_neither_kind_is_refused(tmp_path):
    (tmp_path / "a.json").write_text('{"error": "429"}')
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(InputError, match="neither a JSON-stat2"):
        read(tmp_path / "a.json")
    with pytest.raises(InputError, match="not readable JSON"):
        read(tmp_path / "b.json")


# --- identity numbers ---


def synthetic_identity_number(digits: str) -> str:
    """Complete nine digits with the two control digits, the schoolbook way."""
    first = 11 - sum(int(d) * w for d, w in zip(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2), strict=True)) % 11
    first %= 11
    assert first < 10, "choose other digits"
    second = 11 - sum(int(d) * w for d, w in zip(f"{digits}{first}", (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), strict=True)) % 11
    second %= 11
    assert second < 10, "choose other digits"
    return f"{digits}{first}{second}"


# Months 81-92 are those of the tax administration's test population: no living person has them.
SYNTHETIC = synthetic_identity_number("018190500")
OTHER = synthetic_identity_number("158270300")


@pytest.mark.parametrize(
    "cell", [SYNTHETIC, f"{SYNTHETIC[:6]} {SYNTHETIC[6:]}", f"Ola, {OTHER}, rådmann", SYNTHETIC.lstrip("0")]
)
def test_an_identity_number_is_found_anywhere_in_a_text(cell):
    assert identity_numbers(column("61", cell, "")).tolist() == [False, True, False]


def test_an_identity_number_is_found_among_numbers_that_lost_their_zero():
    assert identity_numbers(pd.Series([61, int(SYNTHETIC)])).tolist() == [False, True]
    assert identity_numbers(pd.Series([61, int(OTHER), None], dtype="object")).tolist() == [False, True, False]


def test_other_long_numbers_are_left_in_peace():
    wrong_control = SYNTHETIC[:-1] + str((int(SYNTHETIC[-1]) + 1) % 10)
    assert not identity_numbers(column(wrong_control, "974760673", "123456789012345", "2012K1")).any()
    assert not valid_identity_numbers(np.array([99999999999, 0, 10**12, 12345])).any()


@pytest.mark.parametrize(
    ("day", "month"), [("00", "81"), ("32", "81"), ("72", "81"), ("80", "81"), ("01", "80"), ("01", "93")]
)
def test_a_number_of_no_date_is_no_identity_number(day, month):
    numbers = []
    for individual in range(500, 520):  # control digits can be had of most
        with contextlib.suppress(AssertionError):
            numbers.append(int(synthetic_identity_number(f"{day}{month}90{individual}")))
    assert len(numbers) > 10
    assert not valid_identity_numbers(np.array(numbers)).any()


def test_a_number_below_zero_or_too_long_is_no_identity_number():
    # Their last eleven digits are, counted as Python divides.
    assert not valid_identity_numbers(np.array([int(OTHER) - 10**11, int(OTHER) + 10**11])).any()


# --- what a place holds ---


@pytest.mark.parametrize(("held", "said"), [(15, "f14$"), (16, "f14 and 1 more$"), (18, "f14 and 3 more$")])
def test_fifteen_files_of_a_folder_are_listed(tmp_path, held, said):
    for number in range(held):
        (tmp_path / f"f{number:02}").touch()
    assert re.search(said, missing_file(tmp_path / "x").remedy)


@pytest.mark.parametrize("name", ["a.txt", "a.xlsx", "a.csv"])
def test_parquet_under_another_name_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(b"PAR1 and more PAR1")
    with pytest.raises(InputError, match=f"the file is Parquet called {name[1:]}"):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("size", "expected"),
    [("64MB", 64), ("2GB", 2000), ("1 TB", 1e6), ("64000kb", 64), ("1.5GiB", 1500), ("32MB", 32), ("31MB", None)],
)
def test_a_size_is_read_in_megabytes(size, expected):
    assert megabytes(size) == expected


def test_local_addresses_are_files_folders_and_patterns(tmp_path):
    for name in ("b/2.parquet", "a/1.parquet", "a/note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    one, two = str(tmp_path / "a/1.parquet"), str(tmp_path / "b/2.parquet")
    assert places._local(tmp_path) == [one, two]
    assert places._local(tmp_path / "a" / "1.parquet") == [one]
    assert places._local(tmp_path / "*" / "*.parquet") == [one, two]
    assert places._local(tmp_path / "c") == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["a", "b"], ["x", "6"]], 0),
        ([["Title", ""], ["a", "b"], ["x", "6"]], 1),
        ([["a", "b"], ["", ""], ["x", "6"]], 0),
        ([["6"], ["a", "b"]], None),
        ([["x", "6"]], None),
    ],
)
def test_the_header_is_the_last_row_of_words_above_the_figures(rows, expected):
    assert header_row(rows) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [(";\nkommune;rate\n0301;6,4\n", "Row 2 looks like the column names"), (";\n;\n", "no column names")],
)
def test_a_header_without_names_is_refused_with_the_row_to_look_at(tmp_path, text, said):
    (tmp_path / "a.csv").write_text(text + "x;y\n", encoding="utf-8")
    with pytest.raises(InputError, match=said):
        read(tmp_path / "a.csv")


def test_the_footer_of_a_sheet_is_left_out(tmp_path):
    workbook = openpyxl.Workbook()
    for row in (["kommune", "rate"], *([f"{code:04}", 6.4] for code in range(1, 8)), ["Kilde: SSB", None]):
        workbook.active.append(row)
    workbook.save(tmp_path / "a.xlsx")
    raw = read(tmp_path / "a.xlsx")
    assert len(raw.frame) == 7
    assert [note.count for note in raw.notes if note.code == "footer"] == [1]


def test_a_database_fetches_no_extension_and_shows_no_progress():
    with database(threads=1) as connection:
        for name in ("autoinstall_known_extensions", "autoload_known_extensions", "enable_progress_bar"):
            assert connection.execute(f"SELECT current_setting('{name}')").fetchone() == (False,), name


def test_a_cube_from_the_wire_is_the_cube():
    sent = json.loads(json.dumps(cube()))
    pd.testing.assert_frame_equal(json_stat(sent).frame, json_stat(cube()).frame)


def test_lines_below_a_table_end_with_the_first_that_has_more_than_one_cell():
    rows = [["0301", "6"], ["Kilde: SSB", ""], ["1601", "7"], ["", ""], ["Kilde: SSB", ""], ["Note", ""]]
    assert footer(rows) == 2


@pytest.mark.parametrize("size", [[1, 2, 2], [3, 2, 2]])
def test_a_cube_of_another_shape_than_its_dimensions_is_refused(size):
    count = int(np.prod(size))
    with pytest.raises(InputError, match=f"the data set says {count} figures"):
        json_stat(cube(size=size, value=[1] * count, status=None))


@pytest.mark.parametrize("suffix", [".doc", ".html", ".xyz", ""])
def test_a_file_of_another_kind_is_refused_by_its_ending(tmp_path, suffix):
    (tmp_path / f"a{suffix}").write_bytes(b"x")
    with pytest.raises(InputError, match=f"files ending in {suffix or 'nothing'} cannot be read"):
        read(tmp_path / f"a{suffix}")


@pytest.mark.parametrize(("limit", "threads"), [("39MB", 1), ("120MB", 3), ("1GB", 8)])
def test_a_database_has_as_many_threads_as_its_memory_has_room_for(limit, threads):
    with database(limit, threads=8) as connection:
        assert connection.execute("SELECT current_setting('threads')").fetchone() == (threads,)


def test_a_file_elsewhere_that_cannot_be_fetched_is_a_problem_and_leaves_nothing(tmp_path):
    class Away:
        def open(self, name, mode):
            raise RuntimeError("expired")

    with pytest.raises(InputError, match=r"a\.parquet: the file cannot be fetched \(RuntimeError\)"):
        places._copy(Away(), "s3://bucket/a.parquet", tmp_path / "a.parquet")
    assert not list(tmp_path.iterdir())


def test_a_file_elsewhere_is_found_by_its_name_and_its_copies_are_kept_while_they_are_used(tmp_path):
    elsewhere = fsspec.filesystem("memory")
    elsewhere.pipe("/bucket/one.parquet", b"content")
    try:
        assert places.files_at("memory://bucket/one.parquet") == ["memory://bucket/one.parquet"]
        assert places.files_at("memory://bucket/other.parquet") == []
        assert places.copied("memory://bucket/other.parquet", tmp_path / "none") == []
        (copy,) = places.copied("memory://bucket/one.parquet", tmp_path)
        os.utime(tmp_path, (0, 0))
        assert places.copied("memory://bucket/one.parquet", tmp_path) == [copy]
        assert copy.read_bytes() == b"content"
        assert tmp_path.stat().st_mtime > 0
    finally:
        elsewhere.rm("/bucket", recursive=True)


@pytest.mark.parametrize("text", ["many", "0", "-1", "1.5", ""])
def test_a_number_of_threads_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("EVALUATION_THREADS", text)
    with pytest.raises(InputError, match="The number of threads is not one"), database():
        pass
    with database(threads=1):
        pass


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("s3://key:secret@bucket/a.parquet", True),
        ("s3://bucket/a@b.parquet", False),
        ("https://example.org/a.parquet?token=1", True),
        ("s3://bucket/a?.parquet", False),
        ("folder/a@b.parquet", False),
    ],
)
def test_an_address_with_credentials_is_refused(address, refused):
    assert (places.address_problem(address) is not None) is refused


def test_rows_of_parquet_are_counted_as_in_a_sheet_and_json_has_none(tmp_path):
    pd.DataFrame({"a": [1, 2]}, index=[7, 9]).to_parquet(tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").frame.index.tolist() == [2, 3]
    assert not read_json(json.dumps({"codes": [{"code": "0301", "name": "Oslo"}]}).encode(), "a.json").numbered


def test_a_moment_is_a_date_at_midnight_only():
    cells = pd.Series([datetime(2012, 1, 2), datetime(2012, 1, 2, 3, 4)], dtype="object")
    assert as_text(cells).tolist() == ["2012-01-02", "2012-01-02T03:04:00"]


def test_of_separators_that_fit_equally_well_the_semicolon_is_meant(tmp_path):
    (tmp_path / "a.csv").write_text("kommune;rate, prosent\nOslo;6,4\nBergen;7,1\n", encoding="utf-8")
    assert list(read(tmp_path / "a.csv").frame.columns) == ["kommune", "rate, prosent"]


@pytest.mark.parametrize(
    "text",
    [
        *("a: \x00", "a: [1, 2", "\udcff"),
        *("a: 2013-13-45", "a: !!int ''", "a: !!bool maybe", "[" * 3000),
        "!!python/object:os.system {}",
        "a: !!binary å",
    ],
)
def test_yaml_that_cannot_be_read_is_one_problem(tmp_path, text):
    (tmp_path / "a.yaml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match="the file is not readable YAML"):
        read_yaml(tmp_path / "a.yaml")


def test_twelve_column_names_are_listed_of_a_header_further_down(tmp_path):
    names, figures = ";".join(f"n{number}" for number in range(17)), ";".join(["x", *["6"] * 16])
    (tmp_path / "a.csv").write_text(f"Title;;\n{names}\n{figures}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"n10, n11 and 5 more\)"):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize(("letters", "place"), [("A", 0), ("Z", 25), ("AA", 26), ("bc", 54)])
def test_columns_of_a_form_are_lettered_as_in_a_workbook(letters, place):
    assert forms._place(letters) == place


# --- YAML ---


def test_yaml_is_read_by_version_1_2(tmp_path):
    (tmp_path / "a.yaml").write_text('a: no\nb: "0301"\nc: true\n', encoding="utf-8")
    assert read_yaml(tmp_path / "a.yaml") == {"a": "no", "b": "0301", "c": True}


@pytest.mark.parametrize(
    ("text", "said", "row"),
    [
        ("a: 1\nb: 2\na: 3\n", "duplicate key", 3),
        ("a: [1\nb: 2\n", "not readable YAML", 2),
        ("- a\n", "not a mapping", None),
    ],
)
def test_yaml_that_cannot_be_trusted_is_refused_with_its_line(tmp_path, text, said, row):
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said) as error:
        read_yaml(tmp_path / "a.yaml")
    assert error.value.problems[0].row == row
