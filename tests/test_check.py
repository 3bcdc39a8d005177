"""The check of a data folder: everything understood is told, everything wrong at once, and nothing of a person."""

from __future__ import annotations

import re
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import small_study

from evaluation import cli
from evaluation.check import LOOK, UNUSABLE, USABLE, as_text, check, every, needs, page, used_by
from evaluation.check import command as commands
from evaluation.check.kept import from_json, to_json
from evaluation.check.words import WORDS
from evaluation.errors import InputError
from evaluation.report.copies import chapters as of_report
from evaluation.study.model import OUTCOMES
from evaluation.tables import TABLES
from evaluation.texts import LANGUAGES, names_in

ROOT = Path(__file__).parents[1]
# A made-up number with valid control digits.
PERSONAL = "01010012356"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return small_study.write(tmp_path_factory.mktemp("check") / "small")


@pytest.fixture(scope="module")
def good(written):
    return check(written, notebooks=ROOT / "notebooks")


@pytest.fixture
def folder(written, tmp_path):
    return Path(shutil.copytree(written, tmp_path / "small"))


@pytest.fixture
def light(folder):
    """The folder without the register of positions, which takes as long as all the rest."""
    text = (folder / "sources.yaml").read_text(encoding="utf-8")
    start, end = text.index("  positions:"), text.index("  background:")
    (folder / "sources.yaml").write_text(text[:start] + text[end:], encoding="utf-8")
    for path in folder.glob("*.parquet"):
        path.unlink()
    return folder


def test_every_file_is_told_with_encoding_separator_sheet_columns_and_rows(good):
    files = good.files.set_index(["file", "table"])
    sick = files.loc["sykefravaer_2011.csv", "sick_leave"]
    assert (sick["encoding"], sick["separator"], sick["rows"], sick["kept"]) == ("latin-1", "semicolon", 64, 64)
    assert "municipality: region" in sick["columns"]
    assert files.loc["deltakere.xlsx", "participation"]["sheet"] == "Deltakelse"
    assert files.loc["fakta.csv", "facts"]["encoding"] == "utf-8-sig"
    positions = files.loc["stillinger_2012.parquet", "positions"]
    assert (positions["rows"], positions["kept"]) == (18, 18)
    assert "person: person_id" in positions["columns"]
    assert set(good.files["table"]) == {*TABLES} & set(good.files["table"])


def test_rows_left_out_of_a_merged_municipality_are_told_with_the_part_that_is_missing(light):
    lines = (light / "sykefravaer_2011.csv").read_bytes().decode("latin-1").splitlines(keepends=True)
    kept = "".join(line for line in lines if not line.startswith("0062"))
    (light / "sykefravaer_2011.csv").write_bytes(kept.encode("latin-1"))
    found = check(light)
    told = found.harmonised.set_index("municipality").loc["0061"]
    assert (told["left_out"], told["missing"]) == (16, "0062 Bervik")
    assert "0062 Bervik" in as_text(found, "nb")


def test_merged_codes_are_told_with_what_they_are_put_under(good):
    pairs = good.harmonised.set_index("municipality")["division"].to_dict()
    assert pairs == {"0061": "0065", "0062": "0065"}
    assert good.division == 2012
    assert good.harmonised["rows"].sum() > 2 * 16


@pytest.fixture
def one_year(light):
    """The folder without the year before the merger, so that there is nothing to remark."""
    (light / "sykefravaer_2011.csv").unlink()
    lines = (light / "bakgrunn.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (light / "bakgrunn.csv").write_text("".join(line for line in lines if ",2011," not in line), encoding="utf-8")
    return light


def test_a_folder_with_nothing_to_remark_is_usable(one_year):
    found = check(one_year)
    assert found.problems == ()
    assert [len(getattr(found, name)) for name in ("gaps", "outliers", "breaks")] == [0, 0, 0]
    assert found.status == USABLE


def test_all_problems_of_all_files_come_at_once(folder):
    small_study.edit(folder / "sykefravaer_2011.csv", "0063 H", "0999 H")
    small_study.edit(folder / "sykefravaer_2012.csv", "2012K2", "i fjor")
    (folder / "bakgrunn.csv").write_text("<!DOCTYPE html><html>logg inn</html>", encoding="utf-8")
    (folder / "fakta.csv").unlink()
    frame = pd.read_parquet(folder / "stillinger_2011.parquet")
    frame.assign(prosent=-5.0).to_parquet(folder / "stillinger_2011.parquet")
    found = check(folder)
    assert found.status == UNUSABLE
    told = "\n".join(map(str, found.problems))
    for file, what in {
        "sykefravaer_2011.csv": "0999",
        "sykefravaer_2012.csv": "i fjor",
        "bakgrunn.csv": "web page",
        "fakta.csv": "does not exist",
        "stillinger_2011.parquet": "outside 0-",
    }.items():
        assert any(str(one.file).startswith(file) for one in found.problems), file
        assert what in told
    # What could be read is told all the same.
    files = found.files.set_index(["file", "table"])
    assert files.loc["sykefravaer_2012.csv", "sick_leave"]["encoding"] == "latin-1"
    assert files.loc["deltakere.xlsx", "participation"]["rows"] == 2


def test_a_layout_that_cannot_be_read_is_told_with_the_files_there_are(light):
    small_study.edit(light / "sources.yaml", "columns:\n      municipality", "colums:\n      municipality", "utf-8")
    found = check(light)
    assert found.status == UNUSABLE
    assert "Did you mean columns?" in str(found.problems[0])
    assert "There may be more to mend" in str(found.problems[-1])
    unnamed = {one.file for one in found.unnamed}
    assert "sykefravaer_2011.csv" in unnamed
    assert "bakgrunn.csv" not in unnamed


@pytest.mark.parametrize("given", ["[yes]", "{a: 1}", "&itself [*itself]"])
def test_a_list_where_one_value_is_meant_is_told_as_it_was_read(light, given):
    small_study.edit(light / "sources.yaml", "synthetic: true", f"synthetic: {given}", "utf-8")
    assert "`synthetic` is not true or false" in str(check(light).problems[0])


def test_a_mistake_in_the_layout_hides_no_problem_of_other_tables(light):
    small_study.edit(light / "sources.yaml", "synthetic: true", "syntetic: true", "utf-8")
    small_study.edit(light / "sykefravaer_2011.csv", "0063 H", "0999 H")
    told = "\n".join(map(str, check(light).problems))
    assert "Did you mean synthetic?" in told
    assert "0999" in told


def test_nothing_of_a_person_is_shown(folder):
    frame = pd.read_parquet(folder / "stillinger_2012.parquet")
    frame.loc[3, "employment"] = "Kari Nordmann, rengjører"
    frame.to_parquet(folder / "stillinger_2012.parquet")
    small_study.edit(folder / "sykefravaer_2011.csv", "Kvinner", PERSONAL)
    (folder / "ansatte.csv").write_text(f"Ola Nordmann;{PERSONAL};1960\nKari Nordmann;1;1961\n", encoding="utf-8")
    (folder / f"{PERSONAL}.csv").write_text("navn;alder\nx;1\n", encoding="utf-8")
    found = check(folder)
    everything = to_json(found) + "".join(page(found, one) + as_text(found, one) for one in LANGUAGES)
    assert PERSONAL not in everything
    assert "Nordmann" not in everything
    told = [one for one in found.problems if one.file == "stillinger_2012.parquet"]
    assert [(one.column, one.value) for one in told] == [("employment", None)]
    assert told[0].row == 5
    assert any("national identity number" in one.what for one in found.problems)


def test_missing_periods_are_told_participants_first(light):
    file = light / "sykefravaer_2012.csv"
    lines = [
        line
        for line in file.read_bytes().decode("latin-1").splitlines()
        if "0063 H" not in line or "2012K3" not in line
    ]
    lines = [line for line in lines if "0064 L" not in line or "2012K1" not in line]
    file.write_bytes("\r\n".join([*lines, ""]).encode("latin-1"))
    found = check(light)
    sick = found.gaps[found.gaps["table"] == "sick_leave"]
    assert sick[["municipality", "participant", "periods"]].to_numpy().tolist() == [
        ["0063", True, "2012Q3"],
        ["0064", False, "2012Q1"],
    ]
    assert found.status == LOOK


def test_a_lost_decimal_comma_is_an_outlier_and_a_change_of_coverage_a_break(light, good):
    file = light / "sykefravaer_2012.csv"
    lines = file.read_bytes().decode("latin-1").splitlines()
    usual = good.breaks.query("table == 'sick_leave'")
    # Ten times the agreed days of one municipality in one quarter; in the next year, a tenth more everywhere.
    large = [_times(line, 10) if line.startswith("0064") and "2012K4" in line else line for line in lines]
    file.write_bytes("\r\n".join([*large, ""]).encode("latin-1"))
    found = check(light)
    assert found.outliers["column"].tolist() == ["agreed_days", "rate"]
    assert found.outliers[["municipality", "period"]].drop_duplicates().to_numpy().tolist() == [["0064", "2012Q4"]]
    more = [_times(line, 1.1) if line[0].isdigit() else line for line in lines]
    file.write_bytes("\r\n".join([*more, ""]).encode("latin-1"))
    found = check(light)
    assert found.outliers.empty
    # Two of four municipalities merge in 2012 and are half as large from then on, in this little world.
    sick = found.breaks[found.breaks["table"] == "sick_leave"].set_index("period")
    assert set(sick["column"]) == {"agreed_days"}
    assert sick["after"].to_numpy() == pytest.approx(1.1 * usual["after"].to_numpy())
    assert sick["change"].to_numpy() == pytest.approx(100 * (sick["after"] / sick["before"] - 1).to_numpy())


def _times(line: str, factor: float) -> str:
    cells = line.split(";")
    agreed = float(cells[-1].replace(" ", "").replace(",", "."))
    return ";".join([*cells[:-1], small_study.norwegian(agreed * factor)])


def test_files_that_are_not_named_are_told_with_the_columns_to_map(light):
    (light / "mer.csv").write_bytes("Kommune;År;Tall\n0063;2011;1\n".encode("cp1252"))
    book = openpyxl.Workbook()
    book.active.append(("Prosjekt", "Tema"))
    book.active.append(("A", "Heltid"))
    book.create_sheet("to")
    book.save(light / "to ark.xlsx")
    (light / "~$lås.xlsx").write_bytes(b"x")
    (light / "notat.md").write_text("x", encoding="utf-8")
    told = check(light).unnamed
    found = {one.file: one for one in told[:1]}
    assert [one.file for one in told] == ["mer.csv", "to ark.xlsx", "to ark.xlsx"]
    assert (told[1].how, told[1].columns) == ("xlsx, Sheet", ("Prosjekt", "Tema"))
    assert "the sheet is empty" in told[2].problem.what
    assert found["mer.csv"].columns == ("Kommune", "År", "Tall")
    assert "latin-1, semicolon" in found["mer.csv"].how


def test_each_chapter_is_told_what_it_lacks(good):
    lacking = {one.chapter: one for one in good.chapters}
    assert lacking["02_sick_leave"].tables == ()
    assert lacking["04_recruitment"].tables == ("vacancies",)
    assert set(lacking["08_deep_dive"].better) >= {"targets", "measures", "events", "vacancies"}
    assert lacking["07_cooperation"].tables == ("annual_reports", "survey", "codebook")
    assert lacking["10_conclusions"].tables == ()


@pytest.fixture(scope="module")
def chapters():
    return every(ROOT / "notebooks")


def test_what_a_chapter_needs_follows_from_its_notebook(chapters):
    found = {one.chapter: one for one in chapters}
    notebooks = [path for path in of_report(ROOT / "notebooks") if path.stem != "profile"]
    assert list(found) == [path.stem for path in notebooks]
    for path in notebooks:
        # By another route: what the notebook itself reads from the study.
        named = set(re.findall(r"study\.(\w+)", path.read_text(encoding="utf-8"))) & set(OUTCOMES)
        assert named <= set(found[path.stem].tables)
    assert found["03_position_sizes"].tables == ("positions", "projects", "participation")
    assert found["04_recruitment"].columns["vacancies"] == ("competence_plan",)
    assert "02" in used_by(chapters)["sick_leave"]
    assert used_by(chapters)["events"] == ("08",)


def test_a_table_that_is_asked_for_first_is_one_a_chapter_is_better_with(tmp_path):
    code = "from evaluation import deep_dive, load_study\\nstudy = load_study(data)\\n{}"
    cell = '{"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "source": "%s"}]}'
    for number, (line, table) in enumerate(
        [("deep_dive.timeline(study, case)", "events"), ("deep_dive.own_targets(study, case)", "targets")]
    ):
        (tmp_path / f"{number}.ipynb").write_text(cell % code.format(line), encoding="utf-8")
        found = needs(tmp_path / f"{number}.ipynb")
        assert table in found.better
        assert found.tables == ("projects", "participation")
    (tmp_path / "x.ipynb").write_text(cell % code.format("study.survey"), encoding="utf-8")
    assert "survey" in needs(tmp_path / "x.ipynb").tables


def test_the_documentation_names_the_chapters_that_use_each_table(chapters):
    text = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
    for table, used in used_by(chapters).items():
        if table not in ("projects", "participation"):
            row = next(
                line for line in text.splitlines() if line.startswith("|") and f"`{table}`" in line.split("|")[1]
            )
            assert row.split("|")[3].strip() == ", ".join(used), table


class Page(HTMLParser):
    """What an accessibility check looks at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == name]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_stands_alone_and_can_be_walked_by_a_screen_reader(good, language):
    text = page(good, language)
    seen = Page(text)
    assert seen.of("html")[0]["lang"] == language
    assert not re.search(r"https?://|src=|@import|url\(", text)
    assert len(seen.of("h1")) == len(seen.of("main")) == 1
    assert [one["id"] for one in seen.of("h2")] == [one["href"].lstrip("#") for one in seen.of("a")][1:]
    assert all(one.get("scope") in ("col", "row") for one in seen.of("th"))
    assert len([one for tag, one in seen.tags if tag == "div" and one.get("role") == "region"]) == len(seen.of("table"))
    assert "@media print" in text
    assert 'class="banner"' in text
    assert page(good, language) == text


def test_every_word_is_there_in_three_languages_and_asks_for_the_same():
    for key, text in WORDS.items():
        assert set(text) == set(LANGUAGES), key
        assert len({frozenset(names_in(text[one])) for one in LANGUAGES}) == 1, key


@pytest.mark.parametrize(
    ("register", "said"), [("norway", "må ikke leses som tall for kommunene"), ("r.csv", "kommunene og alle tall er")]
)
def test_invented_figures_are_told_as_what_they_are_beside_real_and_invented_municipalities(tmp_path, register, said):
    text = f"name: x\nsynthetic: true\nprogramme: p.yaml\nregister: {register}\ntables: {{}}\n"
    (tmp_path / "sources.yaml").write_text(text, encoding="utf-8")
    found = check(tmp_path)
    assert said in page(found, "nb")
    assert said in as_text(found, "nb")


def test_text_from_files_is_shown_as_it_stands(light):
    small_study.edit(light / "sykefravaer_2011.csv", "Undervisning", "<b>x</b>")
    found = check(light)
    assert "<b>x</b>" not in page(found, "nb")
    assert "&lt;b&gt;x&lt;/b&gt;" in page(found, "nb")


def test_the_division_can_be_chosen(light):
    found = check(light, division=2011)
    assert found.status == UNUSABLE
    assert "0065 Askberg begins with 2012 and is not in the division of 2011" in str(found.problems[0])


def test_a_kept_check_says_the_same(good):
    again = from_json(to_json(good))
    for language in LANGUAGES:
        assert page(again, language) == page(good, language)
        assert as_text(again, language) == as_text(good, language)
    assert again.status == good.status


def test_a_check_changes_nothing_in_the_folder(written, good, tmp_path):
    again = small_study.write(tmp_path / "again")
    names = sorted(path.name for path in written.rglob("*"))
    assert names == sorted(path.name for path in again.rglob("*"))
    for name in names:
        if not name.endswith(".xlsx"):  # a workbook keeps the time it was written
            assert (written / name).read_bytes() == (again / name).read_bytes()


def test_a_place_that_is_no_data_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"no sources\.yaml.*evaluation new"):
        check(tmp_path)
    with pytest.raises(InputError, match="no such folder"):
        check(tmp_path / "x")


def test_the_command_writes_the_page_keeps_the_check_and_ends_with_its_status(one_year, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    asked = []
    monkeypatch.setattr(commands, "check", lambda *given, **more: asked.append(given) or check(*given))

    def call(*more: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["evaluation", "check", "small", "--out", "out", *more])
        with pytest.raises(SystemExit) as status:
            cli.main()
        return int(status.value.code or 0), *capsys.readouterr()

    status, out, _ = call("--language", "en")
    assert status == USABLE
    assert "The data can be used." in out
    assert out.rstrip().endswith("out/check.html")
    assert "The data can be used." in (tmp_path / "out" / "check.html").read_text(encoding="utf-8")
    assert (tmp_path / "out" / "check.txt").read_text(encoding="utf-8").startswith("Data check: Small study")
    assert call("--language", "nn")[0] == USABLE
    assert len(asked) == 1
    (one_year / "fakta.csv").unlink()
    status, out, _ = call()
    assert (status, len(asked)) == (UNUSABLE, 2)
    assert "fakta.csv" in out
    status, out, err = call("--language", "no")
    assert (status, out) == (2, "")
    assert "No such report language" in err
