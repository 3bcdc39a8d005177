"""A new study folder: laid out from the declarations, overwriting nothing, and a study once files are added."""

from __future__ import annotations

import io
import re
import shutil
import sys
from pathlib import Path

import openpyxl
import pytest
import small_study
from ruamel.yaml import YAML

from evaluation import cli, load_study
from evaluation.check import LOOK, check
from evaluation.errors import InputError
from evaluation.language import Words
from evaluation.new import FORMS, PLACEHOLDER, lay_out, sources_yaml
from evaluation.new.forms import EXPLAINED, explained, form
from evaluation.new.sources import KEYS
from evaluation.programme import read_definition
from evaluation.programme.checks import checked_definition
from evaluation.report.parameters import read_plan
from evaluation.tables import TABLES, read_layout
from evaluation.tables.mistakes import TABLE_KEYS
from evaluation.texts import LANGUAGES

ROOT = Path(__file__).parents[1]
NAME = {"nb": "Min", "nn": "Min", "en": "Mine"}


def uncommented(text: str) -> str:
    """What is left when the hashes in front of every table are removed, as the folder's README says."""
    return "\n".join(re.sub(r"^  # (?!--)", "  ", line) for line in text.splitlines())


@pytest.fixture
def folder(tmp_path):
    lay_out(tmp_path / "mine", root=ROOT)
    return tmp_path / "mine"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_annotated_layout_is_usable_as_it_is_and_with_every_hash_removed(tmp_path, language):
    text = sources_yaml(Words(language), NAME)
    (tmp_path / "sources.yaml").write_text(text, encoding="utf-8")
    assert set(read_layout(tmp_path).tables) == {"projects", "participation"}
    (tmp_path / "sources.yaml").write_text(uncommented(text), encoding="utf-8")
    found = read_layout(tmp_path)
    assert set(found.tables) == set(TABLES)
    in_forms = {table for tables in FORMS.values() for table in tables}
    for name, table in TABLES.items():
        mapped = found.tables[name].columns
        wanted = set() if name in in_forms else {column.name for column in table.columns if not column.optional}
        assert set(mapped) == wanted
        coded = {column.name for column in table.columns if column.known and not column.words and not column.optional}
        assert set(found.tables[name].codes) == (set() if name in in_forms else coded)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_column_and_key_is_explained_in_the_language(language):
    words, text = Words(language), sources_yaml(Words(language), NAME)
    for name, table in TABLES.items():
        assert words.term(f"holds.{name}") in text
        for column in table.columns:
            assert explained(column, words).meaning
            assert name in sum(FORMS.values(), ()) or f"{column.name}: {column.name}" in text
    assert set(KEYS) == set(TABLE_KEYS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_forms_have_the_columns_of_their_tables_and_say_what_goes_in(language):
    for tables in FORMS.values():
        book = openpyxl.load_workbook(io.BytesIO(form(tables, Words(language))))
        assert book.sheetnames == [*tables, EXPLAINED[language]]
        for table in tables:
            assert [cell.value for cell in book[table][1]] == list(TABLES[table].names)
            assert book[table].max_row == 1 or not any(
                row for row in book[table].iter_rows(2, values_only=True) if any(row)
            )
        told = [row[:2] for row in book[EXPLAINED[language]].iter_rows(2, values_only=True)]
        assert told == [(table, column) for table in tables for column in TABLES[table].names]


def test_the_programme_is_a_valid_one_that_is_known_as_not_filled_in(folder):
    definition = read_definition(folder / "programme.yaml")
    assert checked_definition(definition, "programme.yaml")["code"] == PLACEHOLDER


def test_the_parameter_files_are_those_of_the_project_for_this_folder(folder):
    for name, as_of in (("midterm", "2013-12-31"), ("final", "2015-12-31")):
        plan = read_plan(folder / f"{name}.yaml", ROOT / "notebooks")
        assert plan.name == f"mine-{name}"
        assert plan.values["data"] == folder.as_posix()
        assert plan.values["as_of"] == as_of


def test_the_parameter_files_claim_no_theme_and_say_what_to_look_at(folder):
    text = (folder / "midterm.yaml").read_text(encoding="utf-8")
    assert "subtitle:" not in text
    assert text.index("# Skriv din egen tittel") < text.index("\ntitle:") < text.index("\nas_of:")


def test_the_same_command_gives_the_same_bytes(tmp_path):
    made = [lay_out(tmp_path / place / "mine") for place in "ab"]
    assert made[0].files == made[1].files
    for name in made[0].files:
        one, other = ((tmp_path / place / "mine" / name).read_bytes() for place in "ab")
        assert one.replace(str(tmp_path / "a").encode(), b"") == other.replace(str(tmp_path / "b").encode(), b"")


def test_a_folder_that_holds_anything_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "sources.yaml").write_text("name: x", encoding="utf-8")
    with pytest.raises(InputError, match=r"not empty.*nothing is overwritten.*sources\.yaml"):
        lay_out(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["sources.yaml"]
    assert (tmp_path / "mine" / "sources.yaml").read_text(encoding="utf-8") == "name: x"
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="this is a file"):
        lay_out(tmp_path / "file")


@pytest.mark.parametrize(
    ("given", "expected"), [({"language": "no"}, "No such report language"), ({"register": "../x"}, "not a register")]
)
def test_an_option_that_cannot_be_meant_lays_out_nothing(tmp_path, given, expected):
    with pytest.raises(InputError, match=expected):
        lay_out(tmp_path / "mine", **given)
    assert not (tmp_path / "mine").exists()


def test_a_fresh_folder_is_checked_as_waiting_to_be_filled_in(folder):
    found = check(folder)
    assert found.problems == ()
    assert set(found.waiting) == {"projects", "participation", "programme", "name"}
    assert found.unnamed == ()
    assert found.status == LOOK


def test_a_laid_out_folder_becomes_a_study_by_adding_files_and_correcting_names(tmp_path, monkeypatch):
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    mine, theirs = tmp_path / "mine", small_study.write(tmp_path / "theirs")
    lay_out(mine, register="municipalities.csv", language="en")
    for pattern in ("sykefravaer_*.csv", "municipalities.csv", "programme.yaml", "bakgrunn.csv"):
        for path in theirs.glob(pattern):
            shutil.copy(path, mine)
    found = check(mine)
    assert [one.file for one in found.unnamed] == ["bakgrunn.csv", "sykefravaer_2011.csv", "sykefravaer_2012.csv"]
    assert found.unnamed[1].how == "latin-1, semicolon"
    _fill(mine / "participants.xlsx")
    text = (mine / "sources.yaml").read_text(encoding="utf-8")
    start = text.index("  # sick_leave:")
    block = text[start : text.index("\n\n", start)]
    right = {
        **_columns(),
        "sick_leave_*.csv": "sykefravaer_*.csv",
        "      education: education": "      Undervisning: education",
    }
    corrected = uncommented(block)
    for ours, yours in {**right, "      health_care: health_care": "      Helse/pleie/omsorg: health_care"}.items():
        assert ours in corrected
        corrected = corrected.replace(ours, yours, 1)
    (mine / "sources.yaml").write_text(text.replace(block, corrected), encoding="utf-8")
    found = check(mine)
    assert found.problems == ()
    assert found.waiting == {"name": "sources.yaml"}
    read = found.files[found.files["table"] == "sick_leave"]
    assert read["kept"].sum() == read["rows"].sum() == 4 * 2 * 2 * (4 + 3)
    study = load_study(mine, as_of="2012-12-31", division=2012)
    assert len(study.sick_leave) == 4 * 2 * 2 * (3 + 3)
    assert list(study.programme.participants()["municipality"]) == ["0063", "0065"]


def _columns() -> dict[str, str]:
    given = YAML(typ="safe").load(small_study.LAYOUT)["tables"]["sick_leave"]["columns"]
    hashes = {column.name: "# " for column in TABLES["sick_leave"].columns if column.optional}
    return {f"    {hashes.get(ours, '')}{ours}: {ours} ": f"    {ours}: {theirs} " for ours, theirs in given.items()}


def _fill(file: Path) -> None:
    """Type two projects and their municipalities into the form."""
    book = openpyxl.load_workbook(file)
    for row in (("P1", "sick_leave", "Nærvær i Askvik", "1"), ("P2", "sick_leave", "Nærvær i Hårnes", "2")):
        book["projects"].append(row)
    for row in (("0061", "P1"), ("0063 Hårnes", "P2")):
        book["participation"].append(row)
    book.save(file)


def test_the_command_lays_out_and_names_what_uses_each_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["evaluation", "new", str(tmp_path / "mine"), "--language", "nn"])
    with pytest.raises(SystemExit) as status:
        cli.main()
    assert not status.value.code
    assert "participants.xlsx" in capsys.readouterr().out
    text = (tmp_path / "mine" / "sources.yaml").read_text(encoding="utf-8")
    assert re.search(r"ledige stillingar.*\(blir brukt i 04, .*08", text)
    readme = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    assert "| `vacancies` |" in readme
    assert str(tmp_path / "mine") in readme
