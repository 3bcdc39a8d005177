"""A study is its raw files, whole, on one division, with nothing after the cut; opened again it is the same."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import small_study
from small_study import edit

from evaluation import demo
from evaluation.errors import InputError
from evaluation.study import Study, load, load_study, prepare

ROOT = Path(__file__).parents[1]
SUMS = ["self_certified_days", "doctor_certified_days", "days_1_3", "days_4_10", "days_11_40", "days_over_40"]
KEY = ["municipality", "quarter", "sector", "sex"]


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path, request, monkeypatch) -> Path:
    if "cache" not in request.fixturenames:
        monkeypatch.setenv("EVALUATION_CACHE", str(small_study.scratch() / "cache"))
    return small_study.write(tmp_path / "data")


def whole(folder: Path) -> Study:
    return load_study(folder, as_of="2012-12-31", division=2012)


def reasons(study: Study, table: str = "sick_leave") -> dict[str, int]:
    rows = study.dropped[study.dropped["table"] == table]
    return dict(zip(rows["reason"], rows["rows"], strict=True))


def at(study: Study, municipality: str, quarter: str) -> pd.DataFrame:
    table = study.sick_leave
    return table[(table["municipality"] == municipality) & (table["quarter"] == pd.Period(quarter))]


def raw_days(years: tuple[int, ...] = (2011, 2012)) -> pd.DataFrame:
    rows = [
        {
            "code": str(row["region"])[:4],
            "quarter": pd.Period(str(row["kvartal"]).replace("K", "Q")),
            "sector": small_study.SECTORS[str(row["sector"])],
            "sex": small_study.SEXES[str(row["sex"])],
            "lost": round(row["self"], 1) + round(row["doctor"], 1),  # type: ignore[call-overload]
            "agreed_days": round(row["agreed"], 1),  # type: ignore[call-overload]
        }
        for year in years
        for row in small_study.sick_leave_rows(year)
    ]
    return pd.DataFrame(rows)


# --- what is in it ---


def test_man_days_are_conserved_and_summed_over_predecessors(folder):
    table = whole(folder).sick_leave
    raw = raw_days()
    raw["municipality"] = raw["code"].replace({"0061": "0065", "0062": "0065"})
    expected = raw.groupby(KEY)[["lost", "agreed_days"]].sum()
    found = table.assign(lost=table["self_certified_days"] + table["doctor_certified_days"]).set_index(KEY)
    pd.testing.assert_frame_equal(
        found[["lost", "agreed_days"]].sort_index(), expected.sort_index(), check_index_type=False
    )
    assert not table[KEY].duplicated().any()


def test_an_earlier_division_keeps_the_municipalities_apart(folder):
    study = load_study(folder, as_of="2011-12-31", division=2011)
    assert set(study.sick_leave["municipality"]) == set(small_study.BEFORE)
    assert study.programme.earlier_participants() == {"0062"}


def test_rows_after_a_later_merger_cannot_be_put_on_an_earlier_division(folder):
    with pytest.raises(InputError, match="2011"):
        load_study(folder, as_of="2012-12-31", division=2011)


def test_the_files_are_accounted_for_row_by_row(folder):
    files = whole(folder).files
    counted = files[files["rows"].notna()]
    assert (counted["rows"] == counted["kept"] + counted["dropped"]).all()
    days = counted[counted["table"] == "sick_leave"].set_index("file")
    assert days.loc["sykefravaer_2011.csv", ["rows", "kept", "encoding"]].tolist() == [64, 64, "latin-1"]
    assert days.loc["sykefravaer_2012.csv", "notes"] == "- 48"
    assert files["sha256"].str.fullmatch("[0-9a-f]{64}").all()
    assert {"sources.yaml", "programme.yaml", "municipalities.csv"} <= set(files["file"])


def test_municipalities_are_described_once_each(folder):
    table = whole(folder).municipalities.set_index("municipality")
    assert table.index.tolist() == ["0063", "0064", "0065"]
    assert table.loc["0065", ["name", "county", "group", "intake", "themes", "earlier"]].tolist() == [
        *("Askberg", "Nordhei", "participants", "1", "sick_leave"),
        True,
    ]
    assert table.loc["0064", "group"] == "others"
    assert pd.isna(table.loc["0064", "intake"])
    assert table["population"].to_dict() == {"0063": 2000, "0064": 3000, "0065": 1000}
    assert set(table["kostra_group"]) == {"3"}


def test_population_of_a_merged_municipality_is_the_sum_of_its_parts(folder):
    background = whole(folder).background.set_index(["municipality", "year"])
    assert background.loc[("0065", 2011), "population"] == 1000 + 2000


# --- what was not delivered ---


def replace_row(folder: Path, year: int, number: int, sign: str) -> None:
    line = (folder / f"sykefravaer_{year}.csv").read_bytes().decode("latin-1").splitlines()[number]
    edit(folder / f"sykefravaer_{year}.csv", line, ";".join([*line.split(";")[:4], *[sign] * 7]))


def test_a_row_not_delivered_takes_its_municipality_and_quarter_with_it(folder):
    number = next(i for i, row in enumerate(small_study.sick_leave_rows(2012)) if "0064" in str(row["region"]))
    replace_row(folder, 2012, number + 1, ":")
    study = whole(folder)
    assert at(study, "0064", "2012Q1").empty
    assert reasons(study) == {"confidential": 1, "incomplete_quarter": 3}
    raw = raw_days()
    others = raw[(raw["code"] != "0064") | (raw["quarter"] != pd.Period("2012Q1"))]
    assert study.sick_leave["agreed_days"].sum() == pytest.approx(others["agreed_days"].sum())


def test_half_a_merged_municipality_is_never_shown_as_the_whole(folder):
    replace_row(folder, 2011, 1, "..")
    study = whole(folder)
    assert at(study, "0065", "2011Q1").empty
    assert len(at(study, "0065", "2011Q2")) == 4
    assert reasons(study) == {"not_delivered": 1, "incomplete_quarter": 3, "predecessor_missing": 4}
    files = study.files.set_index("file")
    assert files.loc["sykefravaer_2011.csv", ["rows", "kept", "dropped"]].tolist() == [64, 56, 8]


def test_a_category_not_in_use_is_no_missing_delivery(folder):
    replace_row(folder, 2012, 1, ".")
    study = whole(folder)
    assert reasons(study) == {"not_applicable": 1}
    assert len(at(study, "0065", "2012Q1")) == 3


# --- the cut ---


@pytest.mark.parametrize(
    ("as_of", "last"), [("2012-03-30", "2011Q4"), ("2012-03-31", "2012Q1"), ("2012-12-30", "2012Q3")]
)
def test_a_quarter_is_known_when_it_has_ended(folder, as_of, last):
    assert load_study(folder, as_of=as_of, division=2012).quarters[1] == pd.Period(last)


def test_nothing_dated_after_the_cut_is_in_any_table(folder):
    study = load_study(folder, as_of="2011-12-31", division=2011)
    cut = date(2011, 12, 31)
    assert study.sick_leave["quarter"].max().end_time.date() <= cut
    assert set(study.background["year"]) == {2011}
    assert study.years == (2011,)
    assert set(pd.read_parquet(study.positions)["year"]) == {2011}
    programme = study.programme
    assert programme.intakes["intake"].tolist() == ["1"]
    assert programme.projects["project"].tolist() == ["P1"]
    assert [case.case for case in programme.all_cases()] == ["askvik"]
    assert programme.gatherings["date"].dt.date.tolist() == [date(2011, 5, 3)]
    assert programme.facts["value"].tolist() == ["2"]
    assert set(study.municipalities.query("group == 'participants'")["municipality"]) == {"0061"}
    assert set(study.dropped["reason"]) == {"after_cut"}


def test_the_midterm_is_the_same_whatever_was_delivered_later(folder, tmp_path):
    midterm = load_study(folder, as_of="2011-12-31", division=2011)
    earlier = small_study.write(tmp_path / "earlier")
    (earlier / "sykefravaer_2012.csv").unlink()
    (earlier / "stillinger_2012.parquet").unlink()
    then = load_study(earlier, as_of="2011-12-31", division=2011)
    pd.testing.assert_frame_equal(midterm.sick_leave, then.sick_leave)
    pd.testing.assert_frame_equal(pd.read_parquet(midterm.positions), pd.read_parquet(then.positions))
    pd.testing.assert_frame_equal(midterm.municipalities, then.municipalities)


def test_the_cut_may_be_a_date_or_text_and_nothing_else(folder):
    assert load_study(folder, as_of=date(2012, 12, 31), division=2012).as_of == date(2012, 12, 31)
    with pytest.raises(InputError, match="as_of"):
        load_study(folder, as_of="31.12.2012", division=2012)
    with pytest.raises(InputError, match="division"):
        load_study(folder, as_of="2012-12-31", division="2012")  # type: ignore[arg-type]


# --- opened again ---


def same(one: Study, other: Study) -> None:
    for table in ("sick_leave", "background", "files", "dropped", "municipalities"):
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table))
    assert one.positions.read_bytes() == other.positions.read_bytes()
    pd.testing.assert_frame_equal(one.programme.projects, other.programme.projects)


def test_the_same_files_are_not_read_twice(folder, monkeypatch):
    first = whole(folder)
    monkeypatch.setattr(prepare, "prepare", lambda *a, **k: pytest.fail("prepared again"))
    same(first, whole(folder))


def test_a_changed_file_is_read_anew(folder):
    first = whole(folder)
    edit(folder / "bakgrunn.csv", "0065,2012,1000", "0065,2012,1500", "utf-8")
    assert whole(folder).municipalities.set_index("municipality").loc["0065", "population"] == 1500
    assert first.municipalities.set_index("municipality").loc["0065", "population"] == 1000


def test_another_cut_or_division_has_its_own_tables(folder):
    assert whole(folder).positions != load_study(folder, as_of="2011-12-31", division=2012).positions


def test_prepared_tables_cut_short_are_prepared_again(folder):
    first = whole(folder)
    size = first.positions.stat().st_size
    first.positions.write_bytes(first.positions.read_bytes()[:-10])
    assert whole(folder).positions.stat().st_size == size


def test_another_cut_begins_where_the_files_were_read_and_gives_the_same(folder, cache, monkeypatch):
    cut = {"as_of": "2012-09-30", "division": 2012}
    alone = load_study(folder, **cut)
    tables = {name: getattr(alone, name) for name in ("sick_leave", "background", "files", "dropped", "notes")}
    shutil.rmtree(cache)
    whole(folder)
    with monkeypatch.context() as patch:
        patch.setattr(prepare, "read_table", None)
        after = load_study(folder, **cut)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(getattr(after, name), table)
    for kept in cache.glob("read-*.pickle"):
        kept.write_bytes(kept.read_bytes()[:-10])
    assert len(load_study(folder, as_of="2012-06-30", division=2012).files) == len(tables["files"])


def test_a_file_set_right_is_read_anew_and_the_others_are_not(folder, cache, monkeypatch):
    edit(folder / "sykefravaer_2012.csv", "Kvinner", "Jenter")
    with pytest.raises(InputError):
        whole(folder)
    edit(folder / "sykefravaer_2012.csv", "Jenter", "Kvinner")
    seen, read_table = [], prepare.read_table
    monkeypatch.setattr(prepare, "read_table", lambda *told: seen.append(told[1]) or read_table(*told))
    whole(folder)
    assert seen == ["sick_leave"]


def test_a_failed_preparation_leaves_nothing_behind(folder, cache):
    edit(folder / "sykefravaer_2012.csv", "Kvinner", "Jenter")
    with pytest.raises(InputError):
        whole(folder)
    assert not [path for path in cache.iterdir() if path.is_dir()]


OPEN = """
import sys
from evaluation.study import load_study
study = load_study(sys.argv[1], as_of="2012-12-31", division=2012)
print(len(study.sick_leave), study.positions, sorted({"pandera", "duckdb", "openpyxl"} & set(sys.modules)))
"""


def opened(folder: Path) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(load.__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-c", OPEN, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def test_several_kernels_may_open_a_study_at_once_and_later_ones_import_nothing_heavy(folder, cache):
    processes = [opened(folder) for _ in range(3)]
    answers = {tuple(process.communicate()[0].split()[:2]) for process in processes}
    assert len(answers) == 1
    assert all(process.returncode == 0 for process in processes)
    assert len([path for path in cache.iterdir() if path.is_dir()]) == 1
    out, error = opened(folder).communicate()
    assert out.rstrip().endswith("[]"), error


# --- finding and generating the data ---


def test_a_relative_folder_is_found_from_a_folder_below_the_project(tmp_path, cache, monkeypatch):
    project = tmp_path / "project"
    small_study.write(project / "data" / "mine")
    (project / "pyproject.toml").write_text("")
    (project / "notebooks").mkdir()
    monkeypatch.chdir(project / "notebooks")
    assert len(whole(Path("data/mine")).municipalities) == 3


def test_a_folder_that_is_not_there_says_where_it_was_looked_for(tmp_path, cache, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="does not exist") as error:
        load_study("data/nowhere", as_of="2012-12-31", division=2012)
    assert str(tmp_path / "data" / "nowhere") in str(error.value)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"has no sources\.yaml"):
        load_study(tmp_path / "empty", as_of="2012-12-31", division=2012)


def test_demonstration_data_are_generated_once_at_first_use(tmp_path, cache, monkeypatch):
    calls = []

    def generate(folder: Path, *, scenario: str, seed: int) -> dict[str, str]:
        calls.append((scenario, seed))
        for path in sorted(small_study.write(tmp_path / "beside").iterdir()):
            if path.name != "sources.yaml":
                path.replace(folder / path.name)
        return {}

    monkeypatch.setattr(demo, "generate", generate)
    folder = tmp_path / "demo"
    folder.mkdir()
    layout = small_study.LAYOUT + "demonstration: {scenario: 'null', seed: 7}\n"
    (folder / "sources.yaml").write_text(layout, encoding="utf-8")
    files = [path.name for path in small_study.write(tmp_path / "listed").iterdir()]
    (folder / "hashes.json").write_text(json.dumps(dict.fromkeys(files, "")), encoding="utf-8")
    with ThreadPoolExecutor(3) as pool:
        studies = list(pool.map(lambda _: whole(folder), range(3)))
    assert calls == [("null", 7)]
    assert all(len(study.sick_leave) == len(studies[0].sick_leave) for study in studies)


def test_the_demonstration_opens_as_the_study_it_was_drawn_as():
    folder = ROOT / "data" / "demo"
    study = load_study(folder, as_of="2015-12-31", division=2013)
    assert study.synthetic
    assert len(study.municipalities) == 428
    assert study.quarters == (pd.Period("2008Q1"), pd.Period("2015Q4"))
    assert study.years == tuple(range(2008, 2016))
    assert len(study.programme.all_cases()) == 16
    text = (folder / "sykefravaer_2014.csv").read_text(encoding="latin-1")
    rows = [line.split(";") for line in text.splitlines()[1:]]
    agreed = [re.sub(r"\s", "", row[10]).replace(",", ".") for row in rows]
    total = sum(float(cell) for cell in agreed if cell not in ("..", "-"))
    found = study.sick_leave.loc[study.sick_leave["quarter"].dt.year == 2014, "agreed_days"].sum()
    assert found == pytest.approx(total, rel=1e-12)


# --- how it shows itself ---


def test_a_study_says_what_it_is_and_that_the_figures_are_invented(folder):
    study = load_study(folder, as_of="2012-09-30", division=2012)
    for shown in (repr(study), study._repr_html_()):
        assert "ynthetic" in shown
        assert "2012-09-30" in shown
        assert "2012" in shown
        assert "Small programme" in shown
    assert len(repr(study).splitlines()) <= 6
    assert "12 of sick_leave" in repr(study)
    assert "after the data cut" in study._repr_html_()
    assert "sykefravaer_2011.csv" in study._repr_html_()


def test_names_from_files_cannot_break_the_page(folder):
    edit(folder / "sources.yaml", "en: Small study", "en: <b>Small</b>", "utf-8")
    assert "<b>Small" not in whole(folder)._repr_html_()


def test_real_data_are_not_called_synthetic(folder):
    edit(folder / "sources.yaml", "synthetic: true", "synthetic: false", "utf-8")
    study = whole(folder)
    assert not study.synthetic
    assert "ynthetic" not in repr(study) + study._repr_html_()


def test_a_table_that_is_not_mapped_is_said_when_it_is_asked_for(folder):
    text = (folder / "sources.yaml").read_text(encoding="utf-8")
    start, end = text.index("  positions:"), text.index("  background:")
    (folder / "sources.yaml").write_text(text[:start] + text[end:], encoding="utf-8")
    study = whole(folder)
    assert not study.has("positions")
    assert "not mapped: positions" in repr(study)
    with pytest.raises(InputError, match="no table positions"):
        _ = study.positions
    assert len(study.municipalities) == 3
