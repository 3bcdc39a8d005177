"""A parameter file is read without guessing, typed by the notebooks, and refused with file, line, value and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest
import toy_reports as toys
from ruamel.yaml import YAML

from evaluation.errors import ParameterError, ReportError
from evaluation.report.declared import read_declared
from evaluation.report.parameters import read_plan
from evaluation.report.strict_yaml import Scalar

ROOT = Path(__file__).parents[1]
HEAD = f"report: toy\n{toys.TITLES}chapters: [02_a]\n"
DECLARED = """
data = "data/demo"
as_of = "2013-12-31"
division = 2013
language = "nb"
share = 0.5
weighted = True
codes = ["0301"]
limit = None
options = {"low": 1.5}
limits = {"persons": 5, "man_years": 10.0}
case = "a"
"""


@pytest.fixture
def folder(tmp_path):
    toys.write(tmp_path, "02_a", toys.code(DECLARED, "parameters"))
    toys.write(tmp_path, "03_b", toys.code('language = "nb"', "parameters"))
    return tmp_path


def read(folder: Path, text: str, **options):
    return read_plan(toys.parameter_file(folder, text), folder / "notebooks", **options)


def test_values_take_the_type_of_the_notebooks_literal(folder):
    text = "division: 2012\nshare: 1\nweighted: false\ncodes: [0301, 1103]\nlimit: 3\noptions: {low: 2}\ncase: 0301\n"
    given = read(folder, HEAD + text).chapters[0].given
    assert given == {
        "division": 2012,
        "share": 1.0,
        "weighted": False,
        "codes": ["0301", "1103"],
        "limit": 3,
        "options": {"low": 2.0},
        "case": "0301",
    }
    assert type(given["share"]) is float
    assert type(given["options"]["low"]) is float


@pytest.mark.parametrize(
    "text", ["true", "False", "12", "-3", "1.5", "1e3", "null", "~", "no", "yes", "on", "abc", "1.2.3"]
)
def test_a_plain_scalar_reads_as_in_another_yaml_1_2_reader(text):
    value = YAML(typ="safe", pure=True).load(f"key: {text}")["key"]
    assert Scalar(text).value == value
    assert type(Scalar(text).value) is type(value)


@pytest.mark.parametrize(
    ("text", "value"), [("0301", "0301"), ("12:30", "12:30"), ("0o17", "0o17"), ("2013-12-31", "2013-12-31")]
)
def test_codes_times_and_dates_stay_text(text, value):
    assert Scalar(text).value == value


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("language: no\n", ["line 4", "'no'", "write nb (bokmål) or nn (nynorsk)"]),
        ("language: fr\n", ["line 4", "'fr'", "en (English)"]),
        ("as_off: x\n", ["line 4", "`as_off`", "Did you mean `as_of`?"]),
        ("share: 0,05\n", ["line 4", "'0,05'", "decimal comma", "write 0.05"]),
        ("limit: 0,05\n", ["line 4", "write 0.05"]),
        ("share: much\n", ["line 4", "'much'", "`share` is not a number"]),
        ("division: 2012.5\n", ["line 4", "`division` is not a whole number"]),
        ("division: 0201\n", ["line 4", "leading zero", "Write 201"]),
        ('division: "2012"\n', ["line 4", "quoted text", "Remove the quotes"]),
        ("division:\n", ["line 4", "`division` has no value"]),
        ("weighted: no\n", ["line 4", "'no'", "Write false"]),
        ("case: true\n", ["line 4", "`case` is not a text", '"true"']),
        ("codes: 0301\n", ["line 4", "`codes` is not a list"]),
        ("options: 3\n", ["line 4", "`options` is not a mapping"]),
        ("share: [1]\n", ["line 4", "`share` is not a number"]),
        ("division: 2012\ndivision: 2013\n", ["line 5", "given twice", "line 4"]),
        ("case: !!python/name:os.system x\n", ["line 4", "tag"]),
        ("as_of: 31.12.2013\n", ["line 4", "'31.12.2013'", "2013-12-31"]),
        ("repeat: {02_x: {case: all}}\n", ["line 4", "Did you mean `02_a`?"]),
        ("repeat: {02_a: {cases: all}}\n", ["Did you mean `case`?"]),
        ("repeat: {02_a: {division: all}}\n", ["`all` is known for `case`"]),
        ("repeat: {02_a: {case: [a, a]}}\n", ["value twice"]),
        ("repeat: all\n", ["Write repeat: {08_deep_dive: {case: all}}"]),
        ("share: [1\n", ["line", "this is not YAML"]),
        ("share: &itself [*itself]\n", ["what is nested here has no end"]),
        (f"share: {'[' * 5000}\n", ["what is nested here has no end"]),
    ],
)
def test_a_mistake_is_told_with_line_value_and_remedy(folder, lines, expected):
    with pytest.raises(ParameterError) as error:
        read(folder, HEAD + lines)
    assert str(folder / "params" / "toy.yaml") in str(error.value)
    for part in expected:
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"report: ../toy\n{toys.TITLES}chapters: [02_a]\n", "`report` does not name the report"),
        ("report: toy\nchapters: [02_a]\n", "`title` is missing"),
        ("report: toy\ntitle: {en: Report}\nchapters: [02_a]\n", "no text in the language `nb`"),
        ("report: toy\ntitle: {nb: a, no: b}\nchapters: [02_a]\n", "unknown language of `title` `no`"),
        (f"report: toy\n{toys.TITLES}", "`chapters` is missing or empty"),
        (f"report: toy\n{toys.TITLES}chapters: [02_b]\n", "unknown chapter `02_b`"),
        (f"report: toy\n{toys.TITLES}chapters: [02_a, 02_a]\n", "lists 02_a twice"),
        ("- 02_a\n", "holds no `name: value` lines"),
    ],
)
def test_the_reports_own_keys_are_checked(folder, text, expected):
    with pytest.raises(ParameterError, match=expected.replace("`", ".")):
        read(folder, text)


def test_limits_of_disclosure_are_checked_before_any_chapter_runs(folder):
    with pytest.raises(ParameterError) as error:
        read(folder, f"{HEAD}limits: {{person: 12, man_years: -1}}\n")
    first, second = map(str, error.value.problems)
    assert "toy.yaml, line 4" in first
    assert "Did you mean persons?" in first
    assert "man_years is out of range" in second
    assert read(folder, f"{HEAD}limits: {{persons: 12}}\n").chapters[0].given["limits"] == {"persons": 12}


def test_all_mistakes_are_told_together(folder):
    with pytest.raises(ParameterError) as error:
        read(folder, HEAD + "language: no\nshare: 0,5\ndivison: 2013\n")
    assert len(error.value.problems) == 3


def test_a_missing_file_is_told(folder):
    with pytest.raises(ParameterError, match="the file does not exist"):
        read_plan(folder / "absent.yaml", folder / "notebooks")


def test_a_file_in_another_encoding_is_told(folder):
    path = folder / "latin.yaml"
    path.write_bytes("report: prøve\n".encode("latin-1"))
    with pytest.raises(ParameterError, match="not UTF-8"):
        read_plan(path, folder / "notebooks")


def test_the_command_line_wins_over_the_file(folder):
    text = HEAD.replace("02_a", "02_a, 03_b") + "language: nb\ndata: data/demo\n"
    plan = read(folder, text, data="data/raw/mine", language="en", chapters=["02_a"])
    assert plan.language == "en"
    assert plan.title == "Sample report"
    assert [chapter.declared.stem for chapter in plan.chapters] == ["02_a"]
    assert plan.chapters[0].given == {"language": "en", "data": "data/raw/mine"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"language": "no"}, ["--language", "'no'", "nn (nynorsk)"]),
        ({"chapters": ["02"]}, ["--chapters", "`02`", "02_a"]),
    ],
)
def test_a_wrong_option_is_named(folder, options, expected):
    with pytest.raises(ParameterError) as error:
        read(folder, HEAD, **options)
    for part in expected:
        assert part in str(error.value)


def test_data_for_chapters_without_data_is_refused(folder):
    with pytest.raises(ParameterError, match="--data"):
        read(folder, HEAD.replace("02_a", "03_b"), data="x")


def test_a_notebook_is_given_only_what_it_declares(folder):
    plan = read(folder, HEAD.replace("02_a", "02_a, 03_b") + "share: 0.1\nlanguage: nn\n")
    assert [dict(chapter.given) for chapter in plan.chapters] == [{"language": "nn", "share": 0.1}, {"language": "nn"}]
    assert plan.values["division"] == 2013


def test_a_chapter_repeats_over_all_cases_or_those_listed(folder):
    every = read(folder, HEAD + "repeat: {02_a: {case: all}}\n").chapters[0].runs(("bømlo", "arendal"))
    assert [run.parameters["case"] for run in every] == ["bømlo", "arendal"]
    assert every[1].name == "02_a-arendal"
    listed = read(folder, HEAD + "repeat: {02_a: {case: [hamar]}}\n").chapters[0].runs(("bømlo", "arendal"))
    assert [dict(run.varied) for run in listed] == [{"case": "hamar"}]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 1\nb = a + 1", "b = a \\+ 1"),
        ("a = b = 1", "a = b = 1"),
        ("import os", "import os"),
        ("a = (1, 2)", "not a plain value"),
        ("a = ", "not Python"),
    ],
)
def test_a_parameters_cell_holds_plain_values_only(tmp_path, source, expected):
    with pytest.raises(ReportError, match=expected):
        read_declared(toys.write(tmp_path, "x", toys.code(source, "parameters")))


def test_declared_values_may_be_annotated_and_hold_equal_signs(tmp_path):
    source = '"""What can be set."""\na: float = 1.5\nb = "x == y"  # two signs\nc = -1'
    path = toys.write(tmp_path, "x", toys.code(source, "parameters"))
    assert read_declared(path).parameters == {"a": 1.5, "b": "x == y", "c": -1}


def test_two_parameters_cells_are_refused(tmp_path):
    cells = (toys.code("a = 1", "parameters"), toys.code("b = 1", "parameters"))
    with pytest.raises(ReportError, match="several cells"):
        read_declared(toys.write(tmp_path, "x", *cells))


@pytest.mark.parametrize("file", sorted((ROOT / "params").glob("*.yaml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_every_parameter_file_of_the_project_is_accepted(file, language):
    plan = read_plan(file, ROOT / "notebooks", language=language)
    assert plan.name == file.stem
    assert plan.chapters
