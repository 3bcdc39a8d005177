"""Vacancies, surveys, targets, reports, measures and events: read, checked, cut and put on one division."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import small_study
from small_study import edit

from evaluation.errors import InputError, Problem
from evaluation.sources import HOW, amounts, read_form
from evaluation.study import Study, load_study
from evaluation.study.model import OTHER_THEMES
from evaluation.tables import TABLES, read_layout

LAYOUT = """  vacancies:
    files: ledige_*.csv
    columns: {municipality: kommune, year: aar, hard_to_fill: vanskelig, competence_plan: plan}
    values:
      sector: {Undervisning: education, Helse: health_care}
      competence_plan: {Ja: "yes", Nei: "no"}
  reputation: {files: omdomme.csv, values: {sex: {K: women, M: men}}}
  targets: {files: maal.csv, columns: {municipality: kommune}}
  annual_reports:
    files: rapporter.csv
    columns: {baseline_said: baseline, value_said: value}
  annual_report_forms:
    files: skjema/*.xlsx
    form: {labels: B, values: C}
    columns:
      municipality: Kommune
      project: Prosjekt
      theme: Tema
      year: Rapportår
      received: Mottatt
      indicator: Indikator
      baseline: Ved start
      baseline_said: Ved start
      value: Ved slutt
      value_said: Ved slutt
      verdict: Nådd?
    values: {verdict: {Ja: reached, Nei: not_reached}}
  measures: {files: tiltak.csv}
  survey: {files: parter.csv}
  events: {files: hendelser.csv}
  codebook: {files: kodebok.csv}
"""

FILES = {
    "ledige_2011.csv": """kommune;aar;sector;employees;advertised;vacant;vanskelig;leavers;plan
61;2011;Undervisning;40;5;2;1;3;Ja
61;2011;Helse;1 060;9;4;-;7;Ja
62;2011;Undervisning;20;3;1;-;2;Ja
62;2011;Helse;30;6;-;-;1;Nei
63;2011;Undervisning;10;1;1;1;1;
63;2011;Helse;12;2;-;-;-;Nei
""",
    "ledige_2012.csv": """kommune;aar;sector;employees;advertised;vacant;vanskelig;leavers;plan
65;2012;Undervisning;61;8;2;1;4;Nei
65;2012;Helse;90;12;3;2;8;Ja
63;2012;Undervisning;10;-;-;-;1;Ja
63;2012;Helse;..;2;-;-;-;Nei
""",
    "omdomme.csv": """municipality;year;respondent;sex;age;status;item_1;item_2
0061;2011;1;K;18-34;answered;4;5
0062 Bervik;2011;2;M;67+;not_answered;;
0065;2012;3;K;67+;partly;3;
""",
    "maal.csv": """kommune;project;theme;target;date;wording;indicator;kind;baseline;baseline_year;value;target_year
0061;P1;sick_leave;1;2011-05-02;Ned fra 8,6 til 6,9;rate;level;8,6;2010;6,9;2012
0061;P1;sick_leave;2;2011-05-02;Ned 20 prosent;rate;per_cent;8,6;2010;-20;2012
0063;P2;sick_leave;1;2012-08-15;Bedre;;unquantified;;;;
""",
    "rapporter.csv": """municipality;project;theme;year;received;indicator;baseline;value;verdict
0061;P1;sick_leave;2011;2012-01-20;rate;8,6;ca. 8,1 %;partly
0063;P2;sick_leave;2012;;rate;;vet ikke;cannot_assess
""",
    "tiltak.csv": """project;theme;year;main_measure;measure
P1;sick_leave;2011;N1;"N1, N2;N3,"
P2;sick_leave;2012;N2;N2
""",
    "parter.csv": """municipality;year;respondent;role;status;item_1;item_2;item_3
0062;2011;11;union;answered;4;2;5
0063;2012;12;manager;not_answered;;;
""",
    "hendelser.csv": """case;date;event;note
askvik;12.01.2011;application;
askvik;2012-10-01;leader;Ny rådmann
""",
    "kodebok.csv": """list;code;group;better;nb;nn;en
measure;N2;sick_leave;;to;to;two
measure;N1;sick_leave;;en;ein;one
measure;N3;sick_leave;;tre;tre;three
indicator;rate;sick_leave;lower;fravær;fråvær;leave
event;application;;;søknad;søknad;application
event;leader;;;leder;leiar;leader
""",
}

FORM = [
    ("Årsrapport 2012", None),
    (None, None),
    ("Kommune:", "Askberg kommune"),
    ("Prosjekt", "P1"),
    ("Tema :", "sick_leave"),
    ("Rapportår", 2012),
    ("Mottatt", "28.01.2013"),
    ("INDIKATOR", "rate"),
    ("Ved start *", 8.6),
    ("Ved slutt", "mellom 7 og 8 %"),
    ("Nådd?", "nei"),
]


def form(path: Path, rows: list[tuple[object, object]]) -> None:
    path.parent.mkdir(exist_ok=True)
    book = openpyxl.Workbook()
    for number, (label, value) in enumerate(rows, start=2):
        book.worksheets[0].cell(number, 2, label)
        book.worksheets[0].cell(number, 3, value)
    book.worksheets[0].merge_cells("B2:C2")
    book.save(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = small_study.write(tmp_path_factory.mktemp("themes") / "data")
    with (folder / "sources.yaml").open("a", encoding="utf-8") as file:
        file.write(LAYOUT)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    form(folder / "skjema" / "askberg.xlsx", FORM)
    return folder


@pytest.fixture
def folder(model, tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EVALUATION_CACHE", str(small_study.scratch() / "cache"))
    return Path(shutil.copytree(model, tmp_path / "data"))


def opened(folder: Path, as_of: str = "2013-12-31", division: int = 2013) -> Study:
    return load_study(folder, as_of=as_of, division=division)


def problems(folder: Path) -> list[Problem]:
    with pytest.raises(InputError) as error:
        opened(folder)
    return list(error.value.problems)


def only(folder: Path) -> Problem:
    found = problems(folder)
    assert len(found) == 1, [str(one) for one in found]
    return found[0]


def reasons(study: Study, table: str) -> dict[str, int]:
    rows = study.dropped[study.dropped["table"] == table]
    return dict(zip(rows["reason"], rows["rows"], strict=True))


def without(folder: Path, table: str) -> None:
    """Take a table out of sources.yaml."""
    lines = (folder / "sources.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    start = next(n for n, line in enumerate(lines) if line.startswith(f"  {table}:"))
    end = next((n for n in range(start + 1, len(lines)) if not lines[n].startswith("   ")), len(lines))
    (folder / "sources.yaml").write_text("".join(lines[:start] + lines[end:]), encoding="utf-8")


# --- counts ---


def test_counts_are_summed_over_predecessors(folder):
    table = opened(folder).vacancies.set_index(["municipality", "year", "sector"])
    counts = ["employees", "advertised", "vacant", "hard_to_fill", "leavers"]
    assert table.loc[("0065", 2011, "education"), counts].tolist() == [60, 8, 3, 1, 5]
    assert table.loc[("0065", 2011, "health_care"), counts].tolist() == [1090, 15, 4, 0, 8]
    assert table.loc[("0065", 2012, "health_care"), counts].tolist() == [90, 12, 3, 2, 8]


def test_a_plan_is_shared_by_all_predecessors_or_unknown(folder):
    plans = opened(folder).vacancies.set_index(["municipality", "year", "sector"])["competence_plan"]
    assert plans[("0065", 2011, "education")] == "yes"
    assert pd.isna(plans[("0065", 2011, "health_care")])
    assert pd.isna(plans[("0063", 2011, "education")])


def test_a_municipality_that_lacks_a_sector_is_left_out_that_year(folder):
    study = opened(folder)
    assert set(study.vacancies.loc[study.vacancies["year"] == 2012, "municipality"]) == {"0065"}
    assert reasons(study, "vacancies") == {"not_delivered": 1, "incomplete_year": 1}


def test_half_a_merged_municipality_is_never_shown_as_the_whole(folder):
    edit(folder / "ledige_2011.csv", "62;2011;Helse;30", "62;2011;Helse;:", "utf-8")
    study = opened(folder)
    assert set(study.vacancies.loc[study.vacancies["year"] == 2011, "municipality"]) == {"0063"}
    expected = {"confidential": 1, "incomplete_year": 2, "not_delivered": 1, "predecessor_missing": 2}
    assert reasons(study, "vacancies") == expected


# --- rows of persons and reports ---


def test_respondents_keep_their_answers_and_move_to_the_division(folder):
    study = opened(folder)
    assert study.reputation["municipality"].tolist() == ["0065"] * 3
    assert study.survey["municipality"].tolist() == ["0065", "0063"]
    assert study.reputation["item_1"].tolist()[::2] == [4, 3]
    assert study.reputation["item_2"].isna().tolist() == [False, True, True]
    early = opened(folder, "2011-12-31", 2011)
    assert early.reputation["municipality"].tolist() == ["0061", "0062"]


def test_a_survey_has_the_items_its_file_has(folder):
    study = opened(folder)
    assert [name for name in study.reputation if name.startswith("item")] == ["item_1", "item_2"]
    assert [name for name in study.survey if name.startswith("item")] == ["item_1", "item_2", "item_3"]


def test_a_target_may_be_a_level_and_a_change_at_once(folder):
    both = opened(folder).targets.query("municipality == '0065'")
    assert both["kind"].tolist() == ["level", "per_cent"]
    assert both["value"].tolist() == [6.9, -20]
    assert both["baseline_year"].tolist() == [2010, 2010]
    assert opened(folder).targets.query("municipality == '0063'")["baseline"].isna().all()


def test_forms_join_the_reports_and_figures_are_read_as_people_write_them(folder):
    reports = opened(folder).annual_reports.set_index(["municipality", "year"])
    assert reports.loc[("0065", 2011), ["value", "value_said"]].tolist() == [8.1, "ca. 8,1 %"]
    assert reports.loc[("0065", 2012), ["baseline", "value", "value_said", "verdict"]].tolist() == [
        *(8.6, 7.5, "mellom 7 og 8 %", "not_reached"),
    ]
    assert reports.loc[("0065", 2012), "received"] == date(2013, 1, 28)
    assert pd.isna(reports.loc[("0063", 2012), "value"])
    assert reports.loc[("0063", 2012), "value_said"] == "vet ikke"
    assert not opened(folder).has("annual_report_forms")


def test_several_measures_in_a_cell_become_a_row_each(folder):
    measures = opened(folder).measures
    assert measures.query("project == 'P1'")["measure"].tolist() == ["N1", "N2", "N3"]
    assert measures.query("project == 'P1'")["main_measure"].tolist() == ["N1"] * 3


def test_the_codebook_keeps_its_order(folder):
    assert opened(folder).codebook["code"].tolist()[:3] == ["N2", "N1", "N3"]


# --- the cut ---


@pytest.mark.parametrize(
    ("table", "before", "rows", "on"),
    [
        ("vacancies", "2011-12-30", 0, "2011-12-31"),
        ("reputation", "2012-12-30", 2, "2012-12-31"),
        ("survey", "2012-12-30", 1, "2012-12-31"),
        ("targets", "2012-08-14", 2, "2012-08-15"),
        ("events", "2012-09-30", 1, "2012-10-01"),
        ("measures", "2013-01-31", 3, "2013-02-01"),  # due on 1 February
        ("annual_reports", "2012-01-19", 0, "2012-01-20"),  # received
        ("annual_reports", "2013-01-27", 1, "2013-01-28"),  # a form, received
        ("annual_reports", "2013-01-31", 2, "2013-02-01"),  # no date: due on 1 February
    ],
)
def test_a_row_is_known_from_its_date_on(folder, table, before, rows, on):
    division = 2011 if before < "2012" else 2013
    assert len(getattr(opened(folder, before, division), table)) == rows
    assert len(getattr(opened(folder, on, division), table)) > rows


def test_the_midterm_is_the_same_whatever_was_delivered_later(folder):
    midterm = opened(folder, "2011-12-31", 2011)
    frames = {table: getattr(midterm, table) for table in OTHER_THEMES}
    (folder / "ledige_2012.csv").unlink()
    for name in ("omdomme.csv", "maal.csv", "rapporter.csv", "parter.csv", "hendelser.csv"):
        lines = (folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(lines[:-1]), encoding="utf-8")
    then = opened(folder, "2011-12-31", 2011)
    for table, frame in frames.items():
        if table != "annual_reports":
            pd.testing.assert_frame_equal(frame, getattr(then, table))
    assert frames["annual_reports"].empty
    assert set(midterm.vacancies["year"]) == {2011}


def test_nothing_of_the_demonstration_is_dated_after_the_cut():
    cut = date(2013, 12, 31)
    study = load_study("data/demo", as_of=cut, division=2013)
    assert all(study.has(table) for table in OTHER_THEMES)
    for table in ("vacancies", "reputation", "survey"):
        assert getattr(study, table)["year"].max() == 2013
    assert study.targets["date"].max() <= cut
    assert study.events["date"].max() <= cut
    assert study.annual_reports["received"].max() <= cut
    assert set(study.annual_reports["year"]) == set(study.measures["year"]) == {2012}
    assert study.targets["baseline_year"].dropna().max() <= 2012
    files = study.files.set_index("file")
    assert files.loc["arsrapport_2013.xlsx", "kept"] == 0
    assert len(study.annual_reports) == files.loc["arsrapport_2012.xlsx", "kept"] + 3
    codes = set(study.municipalities["municipality"])
    for table in ("vacancies", "reputation", "survey", "targets", "annual_reports"):
        assert set(getattr(study, table)["municipality"]) <= codes


# --- what is wrong is said ---


@pytest.mark.parametrize(
    ("file", "old", "new", "row", "column", "said"),
    [
        ("ledige_2012.csv", "12;3;2;8", "12;2;3;8", 3, "vanskelig", "hard to fill than vacant"),
        ("ledige_2012.csv", "10;-;-;-;1", "10;-;-;-;11", 4, "leavers", "left than were employed"),
        ("ledige_2011.csv", "61;2011", "65;2011", 2, "kommune", "0065"),
        ("omdomme.csv", "not_answered;;", "not_answered;3;", 3, "status", "did not answer"),
        ("omdomme.csv", "answered;4;5", "answered;4;6", 2, "item_2", "above 5"),
        ("omdomme.csv", "answered;4;5", "answered;4,5;5", 2, "item_1", "not a whole number"),
        ("omdomme.csv", "2011;2;M", "2011;1;M", 3, "year", "the same year, respondent"),
        ("maal.csv", "8,6;2010;6,9;2012", "8,6;2012;6,9;2012", 2, "target_year", "not after"),
        ("maal.csv", "rate;level;8,6;2010;6,9", "rate;level;8,6;2010;", 2, "value", "lacks the figure"),
        ("maal.csv", "P2;sick_leave", "P9;sick_leave", 4, "theme", "no such project and theme"),
        ("maal.csv", "0063;P2", "0064;P2", 4, "project", "no such municipality and project"),
        ("maal.csv", "rate;level", "rates;level", 2, "indicator", "no such indicator"),
        ("rapporter.csv", "partly", "nesten", 2, "verdict", "unknown verdict"),
        ("tiltak.csv", "N2;N3", "N2;N1", 2, "project", "the same project"),
        ("tiltak.csv", "N1, N2;N3", "N1, N2;N7", 2, "measure", "no such measure"),
        ("tiltak.csv", '"N1, N2;N3,"', "", 2, "measure", "blank"),
        ("parter.csv", "manager", "boss", 3, "role", "unknown role"),
        ("hendelser.csv", "askvik;2012", "oskvik;2012", 3, "case", "no such case"),
    ],
)
def test_a_wrong_cell_is_named_with_file_row_and_column(folder, file, old, new, row, column, said):
    edit(folder / file, old, new, "utf-8")
    found = problems(folder)[0]
    assert (found.file, found.row, found.column) == (file, row, column)
    assert said in str(found)


def test_an_identity_number_in_a_comment_is_refused_and_not_repeated(folder):
    edit(folder / "hendelser.csv", "Ny rådmann", "Ny rådmann 01819050062", "utf-8")
    found = only(folder)
    assert "identity number" in found.what
    assert "01819050062" not in str(found)


def test_a_report_that_came_both_ways_is_refused(folder):
    rows = [(label, {"P1": "P2", "Askberg kommune": "Hårnes"}.get(str(value), value)) for label, value in FORM]
    form(folder / "skjema" / "haarnes.xlsx", rows)
    found = only(folder)
    assert found.file == "skjema/haarnes.xlsx"
    assert "already in rapporter.csv" in found.what


# --- forms ---


def test_a_form_is_read_by_its_labels_wherever_they_stand(tmp_path):
    form(tmp_path / "a.xlsx", FORM)
    form(tmp_path / "b.xlsx", [(None, None), *FORM[::-1]])
    one, other = (read_form(tmp_path / name, labels="B", values="C").frame for name in ("a.xlsx", "b.xlsx"))
    pd.testing.assert_frame_equal(one, other[list(one)])
    assert one.loc[0, "kommune"] == "Askberg kommune"
    assert one.loc[0, "ved start"] == 8.6
    assert not read_form(tmp_path / "a.xlsx", labels="B", values="C").numbered


@pytest.mark.parametrize(
    ("rows", "letters", "said"),
    [
        ([*FORM, ("Prosjekt:", "P2")], ("B", "C"), f"row {len(FORM) + 2}, .*two answers"),
        (FORM, ("D", "E"), "no labels in column D"),
    ],
)
def test_a_form_that_cannot_be_read_says_why(tmp_path, rows, letters, said):
    form(tmp_path / "a.xlsx", rows)
    with pytest.raises(InputError, match=said):
        read_form(tmp_path / "a.xlsx", labels=letters[0], values=letters[1])


def test_a_label_the_form_does_not_have_is_named_with_the_nearest(folder):
    form(folder / "skjema" / "askberg.xlsx", [row for row in FORM if row[0] != "Nådd?"] + [("Nådd målet?", "ja")])
    found = problems(folder)[0]
    assert (found.file, found.column) == ("skjema/askberg.xlsx", "nådd?")
    assert "Did you mean nådd målet?" in found.remedy


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("{labels: B}", "does not name two columns"),
        ("{labels: B, values: 3}", "does not name two columns"),
        ("{labels: B, value: C}", "Did you mean values?"),
        ("B", "not a mapping"),
        ("{labels: B, values: C}\n    header: 2", "a form has no `header`"),
    ],
)
def test_a_mistake_about_forms_in_sources_yaml_is_named(folder, new, said):
    edit(folder / "sources.yaml", "{labels: B, values: C}", new, "utf-8")
    with pytest.raises(InputError, match=r"sources\.yaml") as error:
        read_layout(folder)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("cell", "figure", "how"),
    [
        (8.5, 8.5, "exact"),
        ("8,5", 8.5, "exact"),
        ("8.5 %", 8.5, "exact"),
        ("1 234,5", 1234.5, "exact"),
        ("-1,5 prosentpoeng", -1.5, "exact"),
        ("\u22122 stillinger", -2, "exact"),
        ("ca. 8,5 %", 8.5, "approximate"),
        ("CA 9", 9, "approximate"),
        ("om lag 40 prosent", 40, "approximate"),
        ("~7", 7, "approximate"),
        ("8,5 (foreløpig tall)", 8.5, "approximate"),
        ("mellom 8 og 9 %", 8.5, "range"),
        ("8 – 9", 8.5, "range"),
        ("fra 8,6 til 6,9", None, "unread"),
        ("8,6 til 6,9", None, "unread"),
        ("under 9 %", None, "bound"),
        ("> 50", None, "bound"),
        ("ca. minst 5", None, "bound"),
        ("vet ikke", None, "unread"),
        ("ned 3 siden 2011", None, "unread"),
        ("1.234", None, "unread"),
        ("", None, "blank"),
        (None, None, "blank"),
        ("..", None, "blank"),
    ],
)
def test_a_figure_written_by_hand_is_read_or_left_alone(cell, figure, how):
    read = amounts(pd.Series([cell], dtype="object"))
    assert read.how.tolist() == [how]
    assert how in HOW
    assert read.figures.tolist() == [figure] if figure is not None else read.figures.isna().all()


# --- read when asked for ---


def test_a_table_is_read_once_when_it_is_asked_for_and_never_otherwise(folder, monkeypatch):
    opened(folder)
    read: list[str] = []
    original = pd.read_parquet
    monkeypatch.setattr(
        pd, "read_parquet", lambda path, *a, **k: (read.append(Path(path).stem), original(path, *a, **k))[1]
    )
    study = opened(folder)
    assert not set(read) & {*OTHER_THEMES, "sick_leave", "background"}
    assert all(study.has(table) for table in OTHER_THEMES)
    assert "vacancies" not in read
    assert study.vacancies is study.vacancies
    assert read.count("vacancies") == 1


@pytest.mark.parametrize("table", OTHER_THEMES)
def test_a_table_that_is_not_mapped_is_said_when_it_is_asked_for(folder, table):
    without(folder, table)
    if table == "annual_reports":
        without(folder, "annual_report_forms")
    study = opened(folder)
    assert not study.has(table)
    assert f"not mapped: {table}" in repr(study)
    with pytest.raises(InputError, match=f"no table {table}"):
        getattr(study, table)


def test_forms_alone_are_annual_reports(folder):
    without(folder, "annual_reports")
    assert opened(folder).annual_reports["year"].tolist() == [2012]


@pytest.mark.parametrize("table", OTHER_THEMES)
def test_the_schema_takes_the_prepared_table(folder, table):
    from evaluation.tables import schema

    frame = getattr(opened(folder), table)
    items = [column.name for column in TABLES[table].columns if column.name not in frame]
    schema(table).validate(frame.assign(**dict.fromkeys(items, float("nan")))[list(TABLES[table].names)], lazy=True)


def test_every_file_is_accounted_for_row_by_row(folder):
    files = opened(folder).files
    counted = files[files["table"].isin([*OTHER_THEMES, "annual_report_forms"])].set_index("file")
    assert (counted["rows"] == counted["kept"] + counted["dropped"]).all()
    assert counted.loc["ledige_2012.csv", ["rows", "kept", "dropped"]].tolist() == [4, 2, 2]
    assert counted.loc["skjema/askberg.xlsx", ["table", "rows", "kept"]].tolist() == ["annual_report_forms", 1, 1]
    assert set(counted["table"]) == {*OTHER_THEMES, "annual_report_forms"}
