"""Every kind of bad input is refused, accepted or warned of as the documentation says, in the words it shows."""

from __future__ import annotations

import catalogue
import pytest
import tiny_study as tiny
from catalogue import LINES, PAGE

from evaluation.errors import InputError

PAGE_NOW = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""


@pytest.mark.parametrize("one", LINES, ids=lambda one: f"{one.group}: {one.what}")
@pytest.mark.filterwarnings("ignore:Only 8 clusters")
def test_input_becomes_what_the_page_says(one, tmp_path, monkeypatch):
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    said = catalogue.told(one, tmp_path / "data")
    for part in one.says:
        assert part in said
    assert said.startswith("accepted") is False
    assert catalogue.IDENTITY not in said
    assert catalogue.D_NUMBER not in said
    assert f"{catalogue.row(one, said)}\n" in PAGE_NOW, "python tests/catalogue.py writes the page anew"


def test_the_page_has_every_line_in_order_and_nothing_else():
    rows = [row for row in PAGE_NOW.splitlines() if row.startswith("| ") and not row.startswith(("| input", "| ---"))]
    meant = [(one.what, catalogue.MEANING[one.kind]) for one in LINES]
    assert [tuple(row[2:].split(" | ")[:2]) for row in rows] == meant
    assert PAGE_NOW.startswith(catalogue.INTRODUCTION)
    assert len({(one.group, one.what) for one in LINES}) == len(LINES)


def test_everything_wrong_is_told_in_one_error(tmp_path, monkeypatch):
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    wrong = {
        (2, "municipality"): "Herøy",
        (3, "quarter"): "2012",
        (4, "sex"): "Begge kjønn",
        (5, "agreed_days"): "#DIV/0!",
    }
    tiny.cells(wrong)(tmp_path / "data")
    tiny.change(tmp_path / "data", "participation.csv", "0301", "01 Østfold")
    with pytest.raises(InputError) as error:
        tiny.opened(tmp_path / "data")
    placed = [(one.file, one.row, one.column) for one in error.value.problems]
    assert set(placed) == {("days.csv", row, column) for row, column in wrong} | {
        ("participation.csv", 2, "municipality")
    }
    assert all(one.remedy for one in error.value.problems)


def test_an_accepted_file_gives_the_figures_that_stand_there(tmp_path, monkeypatch):
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    catalogue.months(tmp_path / "months")
    quarters = tiny.opened(tmp_path / "months").sick_leave
    assert quarters["agreed_days"].tolist() == [3 * 1250.5] * 16
    assert quarters["self_certified_days"].sum() == pytest.approx(48 * 6.4)


def test_a_quarter_without_its_three_months_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    names = [f"2012M{number:02d}" for number in range(1, 12)]
    study = tiny.opened(tiny.write(tmp_path / "data", tiny.text(tiny.rows(quarters=names))))
    assert sorted(study.sick_leave["quarter"].astype("str").unique()) == ["2012Q1", "2012Q2", "2012Q3"]
    assert study.dropped.set_index("reason")["rows"].to_dict() == {"incomplete_quarter": 4}


def test_what_is_excluded_makes_no_municipality_incomplete(tmp_path, monkeypatch):
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    table = tiny.rows()
    table.insert(1, ["0301", "2012K1", "education", "Begge kjønn", *tiny.FIGURES])
    folder = tiny.write(tmp_path / "data", tiny.text(table))
    tiny.change(folder, "sources.yaml", '"days*.csv"', '"days*.csv", exclude: {sex: Begge kjønn}')
    study = tiny.opened(folder)
    assert len(study.sick_leave) == 16
    assert study.dropped.values.tolist() == [["sick_leave", "excluded", 1]]
    assert study.files.set_index("file").loc["days.csv", ["rows", "kept", "dropped"]].tolist() == [17, 16, 1]


def test_rows_of_the_register_are_excluded_and_counted(tmp_path, monkeypatch):
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    tiny.positions(tmp_path / "data", municipality="9999 Uoppgitt")
    tiny.change(
        tmp_path / "data", "sources.yaml", "positions.parquet", "positions.parquet, exclude: {municipality: 9999}"
    )
    study = tiny.opened(tmp_path / "data")
    assert study.files.set_index("file").loc["positions.parquet", ["rows", "kept", "dropped"]].tolist() == [6, 5, 1]
    assert study.dropped.values.tolist() == [["positions", "excluded", 1]]
