"""Tables say what is wrong with a file, where, and what to do; their declaration is what is checked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import small_study
from small_study import edit, edit_positions

from evaluation import sick_leave
from evaluation.errors import InputError, Problem
from evaluation.municipalities import Register
from evaluation.study import load_study
from evaluation.tables import REASONS, TABLES, describe, prepare_positions, read_layout, schema

IDENTITY = "01819050062"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EVALUATION_CACHE", str(small_study.scratch() / "cache"))
    return small_study.write(tmp_path / "data")


def problems(folder: Path) -> list[Problem]:
    with pytest.raises(InputError) as error:
        load_study(folder, as_of="2012-12-31", division=2012)
    assert IDENTITY not in str(error.value)
    return list(error.value.problems)


def only(folder: Path) -> Problem:
    found = problems(folder)
    assert len(found) == 1, [str(one) for one in found]
    return found[0]


# --- the declaration is the documentation ---


@pytest.mark.parametrize("table", list(TABLES))
def test_every_column_is_documented_and_checked_by_the_schema(table):
    told = describe(table)
    assert told["column"].tolist() == list(schema(table).columns)
    assert (told["meaning"].str.len() > 2).all()
    for column in TABLES[table].columns:
        assert column.meaning in str(schema(table).columns[column.name].description)


def test_every_reason_is_told_in_three_languages():
    assert all(set(text) == {"nb", "nn", "en"} and all(text.values()) for text in REASONS.values())


def test_the_schema_takes_the_prepared_table_and_refuses_a_changed_one(folder):
    import pandera.pandas as pa

    good = load_study(folder, as_of="2012-12-31", division=2012).sick_leave
    schema("sick_leave").validate(good, lazy=True)
    for column, value in (("sector", "school"), ("days_1_3", -1.0), ("agreed_days", 1.0)):
        with pytest.raises(pa.errors.SchemaErrors):
            schema("sick_leave").validate(good.assign(**{column: value}), lazy=True)


# --- sources.yaml ---


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("synthetic: true", "syntetic: true", "Did you mean synthetic?"),
        ("synthetic: true", "syntetic: true", "There may be more to mend once sources.yaml is right"),
        ("files: sykefravaer_*.csv", "files: x.csv\n    exclude: {kjonn: Begge}", "Write sex, the table's name of it"),
        ("{files: fakta.csv}", "{files: fakta.csv, sheet: []}", "Write its name, a list of names, or all"),
        ("{files: fakta.csv}", "{files: fakta.csv, header: {'*.csv': no}}", "{file name or pattern: row}"),
        ("  sick_leave:", "  sickleave:", "Did you mean sick_leave?"),
        ("    files: sykefravaer_*.csv", "    file: sykefravaer_*.csv", "Did you mean files?"),
        ("      self_certified_days: egenmeldt", "      self_certified_day: egenmeldt", "mean self_certified_days?"),
        ("Undervisning: education", "Undervisning: educaton", "Did you mean education?"),
        ("  participation: {files: deltakere.xlsx, sheet: Deltakelse}\n", "", "participation is mapped to no file"),
        ("fakta.csv", "../fakta.csv", "leads out of the data folder"),
        ("en: Small study", "de: Studie", "one each for nb, nn and en"),
        ("synthetic: true", "synthetic: yes", "true or false"),
        ("files: fakta.csv", "files: 3", "`files`"),
        ("programme: programme.yaml\n", "", "`programme` is missing"),
        ("{files: fakta.csv}", "{files: fakta.csv, header: 0}", "row number"),
        ("{files: fakta.csv}", "{files: fakta.csv, decimal: ';'}", "`decimal`"),
        ("{files: fakta.csv}", "[fakta.csv]", "not a mapping"),
    ],
)
def test_a_mistake_in_sources_yaml_is_named_with_the_nearest_right_word(folder, old, new, said):
    edit(folder / "sources.yaml", old, new, "utf-8")
    with pytest.raises(InputError, match=r"sources\.yaml") as error:
        read_layout(folder)
    assert said in str(error.value)


def test_a_doubled_key_in_sources_yaml_is_refused(folder):
    edit(folder / "sources.yaml", "synthetic: true", "synthetic: true\nsynthetic: false", "utf-8")
    assert only(folder).row == 3


# --- files and columns ---


def test_a_missing_file_is_named_with_what_the_folder_holds(folder):
    (folder / "fakta.csv").rename(folder / "facts.csv")
    found = only(folder)
    assert found.file == "fakta.csv"
    assert "facts.csv" in found.remedy


def test_a_column_the_file_does_not_have_is_named_with_the_nearest(folder):
    edit(folder / "sources.yaml", "egenmeldt", "egenmelt", "utf-8")
    found = problems(folder)
    assert [(one.file, one.column) for one in found] == [
        ("sykefravaer_2011.csv", "egenmelt"),
        ("sykefravaer_2012.csv", "egenmelt"),
    ]
    assert "Did you mean egenmeldt?" in found[0].remedy


def test_a_mapped_column_that_a_table_can_do_without_may_be_deleted(folder):
    edit(folder / "sources.yaml", "year: tid, population: folketall", "year: tid, kostra_group: g", "utf-8")
    remedies = {one.column: one.remedy for one in problems(folder)}
    assert "Or delete the line: the column may be left out" in remedies["g"]
    edit(folder / "sources.yaml", "year: tid, kostra_group: g", "year: tid, population: innb", "utf-8")
    assert "The table needs it" in only(folder).remedy


def test_duration_bands_are_all_there_or_none(folder):
    edit(folder / "sources.yaml", "      days_4_10: dager_4_10\n      days_11_40: dager_11_40\n", "", "utf-8")
    found = problems(folder)
    assert {one.what for one in found} == {
        "days_1_3, days_4_10, days_11_40, days_over_40 come all together or not at all, "
        "and the file has none for days_4_10, days_11_40"
    }
    assert len(found) == 2
    assert "or delete the lines of all" in found[0].remedy


def test_a_table_without_duration_bands_has_the_kinds_by_certificate_alone(folder):
    text = (folder / "sources.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("      days_")]
    (folder / "sources.yaml").write_text("\n".join(lines), encoding="utf-8")
    table = load_study(folder, as_of="2012-12-31", division=2012).sick_leave
    assert not [name for name in table.columns if name.startswith("days_")]
    windows = {"before": ("2011Q1", "2011Q4"), "after": ("2012Q1", "2012Q4")}
    kinds = sick_leave.development_by_kind(table.assign(group="others"), **windows)
    assert set(kinds["kind"]) == {"total", "self_certified", "doctor_certified"}


def test_an_unknown_theme_or_intake_is_told_like_any_other_code_beside_what_else_is_wrong(folder):
    sheets = dict(small_study.SHEETS)
    head, *rows = sheets["Prosjekter"]
    sheets["Prosjekter"] = [head, *((row[0], "Nærvær", row[2], "Pulje 1", row[4]) for row in rows)]
    small_study.workbook(folder, sheets)
    edit(folder / "sykefravaer_2012.csv", "2012K1", "2012K7")
    found = problems(folder)
    assert [(one.column, one.value) for one in found] == [
        ("kvartal", "2012K7"),
        ("theme", "Nærvær"),
        ("intake", "Pulje 1"),
    ]
    assert found[1].what == "unknown theme (in 2 rows)"
    assert "`values: {theme: {Nærvær: CODE}}` under the table projects" in found[1].remedy
    assert found[2].remedy.endswith("Known: 1, 2")


def test_a_list_of_participants_with_a_row_for_each_theme_is_told_what_to_read_instead(folder):
    sheets = dict(small_study.SHEETS)
    sheets["Deltakelse"] = [*sheets["Deltakelse"], sheets["Deltakelse"][-1]]
    small_study.workbook(folder, sheets)
    assert "read a sheet that has each municipality and project once" in only(folder).remedy


def in_a_workbook(folder: Path, sheet: str) -> None:
    """Put the man-days of 2011 into two sheets of a workbook with titles, beside the text file of 2012."""
    lines = (folder / "sykefravaer_2011.csv").read_bytes().decode("latin-1").splitlines()
    book = openpyxl.Workbook()
    book.active.title = "2010"
    for name, part in (("2010", lines[1:20]), ("2011", lines[20:])):
        page = book["2010"] if name == "2010" else book.create_sheet(name)
        for line in ("Sykefravær", lines[0], *part):
            page.append(line.split(";"))
    book.create_sheet("Ark3")
    book.save(folder / "eldre.xlsx")
    (folder / "sykefravaer_2011.csv").unlink()
    new = f'files: [eldre.xlsx, sykefravaer_*.csv]\n    sheet: {sheet}\n    header: {{"*.xlsx": 2}}'
    edit(folder / "sources.yaml", "files: sykefravaer_*.csv", new, "utf-8")


@pytest.mark.parametrize("sheet", ["[2010, 2011]", "all"])
def test_several_sheets_beside_a_text_file_are_each_a_delivery(folder, sheet):
    whole = load_study(folder, as_of="2012-12-31", division=2012).sick_leave
    in_a_workbook(folder, sheet)
    study = load_study(folder, as_of="2012-12-31", division=2012)
    pd.testing.assert_frame_equal(study.sick_leave, whole)
    read = study.files[study.files["table"] == "sick_leave"]
    assert read[["file", "sheet", "header", "rows"]].to_numpy().tolist() == [
        ["eldre.xlsx", "2010", 2, 19],
        ["eldre.xlsx", "2011", 2, 45],
        ["sykefravaer_2012.csv", "", 1, 48],
    ]


def test_a_problem_in_one_of_several_sheets_names_it(folder):
    in_a_workbook(folder, "[2010, 2011]")
    book = openpyxl.load_workbook(folder / "eldre.xlsx")
    book["2011"]["B3"] = "i fjor"
    book.save(folder / "eldre.xlsx")
    assert (only(folder).file, only(folder).row) == ("eldre.xlsx, sheet 2011", 3)


def test_a_sheet_is_refused_where_no_file_of_the_table_is_a_workbook(folder):
    edit(folder / "sources.yaml", "{files: fakta.csv}", "{files: fakta.csv, sheet: all}", "utf-8")
    assert "only a workbook has sheets" in only(folder).what


def test_a_column_without_a_mapping_is_asked_for(folder):
    edit(folder / "sources.yaml", "      agreed_days: avtalte_dagsverk\n", "", "utf-8")
    found = problems(folder)[0]
    assert "no column is mapped to agreed_days" in found.what
    assert "avtalte_dagsverk" in found.remedy


# --- cells of the sick-leave files ---

FIRST = "0065 Askberg;2012K1;Undervisning;Kvinner;"


def first_figure(folder: Path) -> str:
    text = (folder / "sykefravaer_2012.csv").read_bytes().decode("latin-1").splitlines()[1]
    return text.removeprefix(FIRST).split(";")[0]


@pytest.mark.parametrize(
    ("old", "new", "row", "column", "remedy"),
    [
        ("0063 Hårnes", "0999 Nybu", 18, "region", "Correct it"),
        ("0065 Askberg", "0061 Askvik", 2, "region", "0065"),
        ("2012K1", "2012K7", 2, "kvartal", "2012K1"),
        ("Undervisning", "Undervisnig", 2, "tjenesteomraade", "Undervisning"),
        ("Kvinner", "Jenter", 2, "kjonn", "Kvinner, Menn"),
    ],
)
def test_a_wrong_key_is_named_with_file_row_column_value_and_remedy(folder, old, new, row, column, remedy):
    edit(folder / "sykefravaer_2012.csv", old, new)
    found = only(folder)
    assert (found.file, found.row, found.column, found.value) == ("sykefravaer_2012.csv", row, column, new)
    assert remedy in found.remedy


@pytest.mark.parametrize(("sign", "said"), [("l9,6", "not a number"), ("-19,6", "negative"), ("2000", "bands")])
def test_a_wrong_figure_is_named_with_file_row_and_column(folder, sign, said):
    edit(folder / "sykefravaer_2012.csv", FIRST + first_figure(folder), FIRST + sign)
    found = problems(folder)
    match = next(one for one in found if said in one.what)
    assert (match.file, match.row) == ("sykefravaer_2012.csv", 2)
    assert match.column == ("dager_1_3" if said == "bands" else "egenmeldt")


def test_a_rate_above_100_is_refused_with_both_sums(folder):
    row = (folder / "sykefravaer_2012.csv").read_bytes().decode("latin-1").splitlines()[4]
    edit(folder / "sykefravaer_2012.csv", row, row.rpartition(";")[0] + ";12,5")
    found = only(folder)
    assert (found.file, found.row, found.column) == ("sykefravaer_2012.csv", 5, "avtalte_dagsverk")
    assert "above 100" in found.what
    assert "of 12.5" in str(found.value)


def test_rounded_bands_pass(folder):
    edit(folder / "sykefravaer_2012.csv", ";10,5;", ";13,4;")
    load_study(folder, as_of="2012-12-31", division=2012)


def test_a_row_that_is_there_twice_is_named_with_the_other_also_across_files(folder):
    lines = (folder / "sykefravaer_2012.csv").read_bytes().decode("latin-1").splitlines()
    extra = "\r\n".join([small_study.HEADER, lines[7], ""])
    (folder / "sykefravaer_2012_rettet.csv").write_bytes(extra.encode("latin-1"))
    found = only(folder)
    assert (found.file, found.row) == ("sykefravaer_2012_rettet.csv", 2)
    assert "sykefravaer_2012.csv, row 8" in found.what


def test_a_row_left_out_for_a_sign_still_counts_as_a_repeated_key(folder):
    line = (folder / "sykefravaer_2012.csv").read_bytes().decode("latin-1").splitlines()[7]
    fields = line.split(";")
    edit(folder / "sykefravaer_2012.csv", line, line + "\r\n" + ";".join(fields[:4] + [".."] * 7))
    assert only(folder).row == 9


def test_all_problems_of_all_files_come_together(folder):
    edit(folder / "sykefravaer_2011.csv", "Kvinner", "Jenter")
    edit(folder / "sykefravaer_2012.csv", "2012K1", "første")
    edit_positions(folder / "stillinger_2012.parquet", 3, prosent=-1.0)
    sheets = small_study.SHEETS | {"Deltakelse": [("municipality", "project"), ("0999", "P1"), (63, "P2")]}
    small_study.workbook(folder, sheets)
    found = problems(folder)
    assert {one.file for one in found} == {
        "sykefravaer_2011.csv",
        "sykefravaer_2012.csv",
        "stillinger_2012.parquet",
        "deltakere.xlsx, sheet Deltakelse",
    }


def test_many_alike_problems_do_not_hide_the_others(folder):
    path = folder / "sykefravaer_2012.csv"
    text = path.read_bytes().decode("latin-1")
    for number in range(24):
        text = text.replace("Kvinner", f"kvinne{number}", 1)
    path.write_bytes(text.replace("2012K4", "2012X4").encode("latin-1"))
    message = str(InputError(problems(folder)))
    assert "19 more values like these" in message
    assert "2012X4" in message


def test_an_identity_number_is_refused_in_any_column_and_never_repeated(folder):
    edit(folder / "fakta.csv", "side A", f"fnr {IDENTITY}", "utf-8-sig")
    found = only(folder)
    assert (found.file, found.row, found.column, found.value) == ("fakta.csv", 2, "source", None)


# --- the programme's tables ---


def test_a_reference_to_nothing_is_placed_in_the_sheet(folder):
    rows = [("municipality", "project"), (61, "P1"), (None, None), (63, "P3")]
    small_study.workbook(folder, small_study.SHEETS | {"Deltakelse": rows})
    found = problems(folder)
    match = next(one for one in found if one.value == "P3")
    assert (match.file, match.row, match.column) == ("deltakere.xlsx, sheet Deltakelse", 4, "project")


def test_a_missing_sheet_lists_the_sheets(folder):
    edit(folder / "sources.yaml", "sheet: Samlinger", "sheet: Samling", "utf-8")
    found = only(folder)
    assert "Did you mean Samlinger?" in found.remedy


def test_excel_numbers_are_read_as_codes(folder):
    assert openpyxl.load_workbook(folder / "deltakere.xlsx")["Deltakelse"]["A2"].value == 61
    study = load_study(folder, as_of="2011-12-31", division=2011)
    assert study.programme.participation["municipality"].tolist() == ["0061"]


# --- the register of positions ---


def prepared(folder: Path, *, as_of: date = date(2012, 12, 31)) -> tuple[pd.DataFrame, pd.DataFrame]:
    source = read_layout(folder).tables["positions"]
    target = folder / "prepared.parquet"
    done = prepare_positions(
        source.paths(folder),
        source,
        Register.read(folder / "municipalities.csv"),
        division=2012,
        as_of=as_of,
        target=target,
        folder=folder,
    )
    return pd.read_parquet(target), done.dropped


def test_the_prepared_register_is_what_plain_pandas_makes_of_the_files(folder):
    found, dropped = prepared(folder)
    raw = pd.concat([small_study.positions(2011), small_study.positions(2012)], ignore_index=True)
    expected = pd.DataFrame(
        {
            "municipality": raw["kommunenr"].replace({"0061": "0065", "0062": "0065"}),
            "year": raw["aar"].astype("int64"),
            "person": raw["person_id"],
            "sector": raw["sector"].map(small_study.SECTORS),
            "position_code": raw["kode"],
            "sex": raw["sex"].map(small_study.SEXES),
            "birth_year": raw["birth_year"],
            "percentage": raw["prosent"].astype("float64").round(4),
            "employment": raw["employment"].map({"Fast": "permanent", "Vikar": "substitute"}),
        }
    )
    assert found.columns.tolist() == list(TABLES["positions"].names)
    pd.testing.assert_frame_equal(
        found.sort_values(["year", "person"], ignore_index=True),
        expected.sort_values(["year", "person"], ignore_index=True),
        check_dtype=False,
    )
    assert dropped.empty
    assert set(np.round(found["percentage"], 10)) == {100.0, 50.0, 35.7}


def test_counts_on_the_first_of_december_are_known_from_that_day_on(folder):
    found, dropped = prepared(folder, as_of=date(2012, 11, 30))
    assert set(found["year"]) == {2011}
    assert dropped.to_dict("list") == {"reason": ["after_cut"], "rows": [18]}
    assert set(prepared(folder, as_of=date(2012, 12, 1))[0]["year"]) == {2011, 2012}


def test_half_a_merged_municipality_is_left_out_and_counted(folder):
    frame = pd.read_parquet(folder / "stillinger_2011.parquet")
    frame[frame["kommunenr"] != "0062"].to_parquet(folder / "stillinger_2011.parquet")
    found, dropped = prepared(folder)
    assert set(found.loc[found["year"] == 2011, "municipality"]) == {"0063", "0064"}
    assert dropped.to_dict("list") == {"reason": ["predecessor_missing"], "rows": [6]}


def test_a_blank_cell_drops_the_row_and_is_counted(folder):
    edit_positions(folder / "stillinger_2012.parquet", 4, prosent=None)
    edit_positions(folder / "stillinger_2012.parquet", 5, sector="")
    found, dropped = prepared(folder)
    assert len(found) == 24 + 18 - 2
    assert dropped.to_dict("list") == {"reason": ["left_blank"], "rows": [2]}


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        ({"prosent": 1000.5}, "prosent", "outside 0-1000"),
        ({"prosent": -1.0}, "prosent", "outside 0-100"),
        ({"sector": "Skole"}, "sector", "unknown sector"),
        ({"employment": "Innleid"}, "employment", "unknown employment"),
        ({"kode": "65"}, "kode", "four-digit"),
        ({"birth_year": 12}, "birth_year", "younger than 13"),
        ({"kommunenr": "0061"}, "kommunenr", "0065"),
        ({"kommunenr": ""}, "kommunenr", "blank"),
        ({"person_id": None}, "person_id", "blank"),
        ({"aar": 12}, "aar", "not a year"),
    ],
)
def test_a_wrong_cell_of_the_register_is_named_with_file_row_and_column(folder, cells, column, said):
    edit_positions(folder / "stillinger_2012.parquet", 5, **cells)
    with pytest.raises(InputError) as error:
        prepared(folder)
    found = next(one for one in error.value.problems if said in one.what)
    assert (found.file, found.row, found.column) == ("stillinger_2012.parquet", 5, column)


def test_a_double_delivery_is_refused_within_a_file_and_across_files(folder):
    frame = small_study.positions(2012)
    pd.concat([frame, frame.iloc[[3]]]).to_parquet(folder / "stillinger_2012.parquet")
    with pytest.raises(InputError, match=r"stillinger_2012\.parquet, row 20: 1 rows repeat"):
        prepared(folder)
    frame.to_parquet(folder / "stillinger_2012.parquet")
    frame.to_parquet(folder / "stillinger_2012_ny.parquet")
    with pytest.raises(InputError, match="18 rows are also in another file"):
        prepared(folder)


def test_a_few_rows_alike_in_a_large_register_are_kept_and_counted(folder):
    frame = pd.concat([small_study.positions(2012)] * 100, ignore_index=True)
    frame["person_id"] = np.arange(len(frame)) + 1000
    pd.concat([frame, frame.iloc[[7]]]).to_parquet(folder / "stillinger_2012.parquet")
    study = load_study(folder, as_of="2012-12-31", division=2012)
    notes = study.files.set_index("file").loc["stillinger_2012.parquet", ["rows", "kept", "notes"]].tolist()
    assert notes == [1801, 1801, "1 rows alike in every column"]


def test_two_positions_of_one_person_are_both_kept(folder):
    frame = small_study.positions(2012)
    second = frame.iloc[[3]].assign(prosent=np.float32(20))
    pd.concat([frame, second]).to_parquet(folder / "stillinger_2012.parquet")
    assert len(prepared(folder)[0]) == 24 + 19
    third = frame.iloc[[3]]
    told_apart = pd.concat([frame, second, third]).assign(stillingsnr=range(20))
    told_apart.to_parquet(folder / "stillinger_2012.parquet")
    assert len(prepared(folder)[0]) == 24 + 20


@pytest.mark.parametrize("person", [IDENTITY, int(IDENTITY), float(IDENTITY)])
def test_a_register_with_identity_numbers_is_refused_and_they_are_not_repeated(folder, person):
    frame = small_study.positions(2012)
    frame["person_id"] = frame["person_id"].astype(type(person))
    frame.loc[4, "person_id"] = person
    frame.to_parquet(folder / "stillinger_2012.parquet")
    with pytest.raises(InputError) as error:
        prepared(folder)
    assert [(one.file, one.row, one.column) for one in error.value.problems] == [
        ("stillinger_2012.parquet", 6, "person_id")
    ]
    assert IDENTITY.lstrip("0") not in str(error.value)


def test_pseudonyms_in_letters_tell_the_same_persons_apart(folder):
    for year in (2011, 2012):
        frame = small_study.positions(year)
        frame.assign(person_id="p" + frame["person_id"].astype("str")).to_parquet(folder / f"stillinger_{year}.parquet")
    found, _ = prepared(folder)
    raw = pd.concat([small_study.positions(2011), small_study.positions(2012)])
    assert found["person"].nunique() == raw["person_id"].nunique()
    assert found["person"].dtype == "int64"


def test_position_codes_kept_as_numbers_get_their_zero_back(folder):
    for year in (2011, 2012):
        frame = small_study.positions(year)
        whole = frame.assign(kode=frame["kode"].astype("int64") - 6000, kommunenr=frame["kommunenr"].astype("int64"))
        whole.to_parquet(folder / f"stillinger_{year}.parquet")
        if year == 2012:  # as pandas stores whole numbers beside a blank
            whole.astype({"kode": "float64", "kommunenr": "float64", "person_id": "float64"}).to_parquet(
                folder / f"stillinger_{year}.parquet"
            )
    found, _ = prepared(folder)
    assert set(found["person"]) == set(small_study.positions(2011)["person_id"])
    assert set(found["position_code"]) == {f"0{500 + n}" for n in range(1, 7)}
    assert set(found["municipality"]) == {"0063", "0064", "0065"}


def test_a_register_as_text_says_how_to_convert_it(folder):
    edit(folder / "sources.yaml", "stillinger_*.parquet", "stillinger.csv", "utf-8")
    (folder / "stillinger.csv").write_text("a;b\n1;2\n")
    with pytest.raises(InputError, match="must be Parquet"):
        prepared(folder)


def test_a_file_cut_short_is_refused(folder):
    whole = (folder / "stillinger_2012.parquet").read_bytes()
    (folder / "stillinger_2012.parquet").write_bytes(whole[:-100])
    with pytest.raises(InputError, match="not readable Parquet"):
        prepared(folder)
