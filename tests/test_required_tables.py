"""What `evaluation check` calls enough for a chapter is enough: the required tables and columns alone."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from evaluation import load_study, participation, recruitment, sick_leave
from evaluation.check.needs import needs
from evaluation.municipalities import Register
from evaluation.tables import TABLES
from evaluation.tables.layout import read_layout

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
YEARS = (2010, 2011, 2012, 2013)
LAYOUT = """name: {nb: Liten studie, nn: Liten studie, en: Small study}
programme: programme.yaml
register: norway
tables:
"""
# Nobody takes part in the last theme.
PROGRAMME = """code: small
name: {nb: Lite program, nn: Lite program, en: Small programme}
start: 2011-01-01
end: 2015-12-31
themes:
  sick_leave: {nb: Sykefravær, nn: Sjukefråvær, en: Sick leave}
  recruitment: {nb: Rekruttering, nn: Rekruttering, en: Recruitment}
  reputation: {nb: Omdømme, nn: Omdømme, en: Reputation}
intakes:
  - {intake: "1", label: {nb: Første, nn: Første, en: First}, applied: 2011-08-10, admitted: 2011-10-01,
     started: 2012-01-01}
  - {intake: "2", label: {nb: Andre, nn: Andre, en: Second}, applied: 2012-08-10, admitted: 2012-10-01,
     started: 2013-01-01}
"""


def sick_leave_rows(codes: list[str], rng: np.random.Generator) -> pd.DataFrame:
    quarters = [f"{year}K{quarter}" for year in YEARS for quarter in (1, 2, 3, 4)]
    keys = pd.MultiIndex.from_product([codes, quarters, ["education", "health_care"], ["women", "men"]])
    table = keys.to_frame(index=False, name=["municipality", "quarter", "sector", "sex"])
    agreed = rng.integers(2000, 9000, len(table))
    table["self_certified_days"] = (agreed * rng.uniform(0.01, 0.03, len(table))).round()
    table["doctor_certified_days"] = (agreed * rng.uniform(0.04, 0.09, len(table))).round()
    return table.assign(agreed_days=agreed)


def vacancy_rows(codes: list[str], rng: np.random.Generator) -> pd.DataFrame:
    keys = pd.MultiIndex.from_product([codes, YEARS, ["education", "health_care"]])
    table = keys.to_frame(index=False, name=["municipality", "year", "sector"])
    table["employees"] = rng.integers(150, 600, len(table))
    table["vacant"] = 4 + rng.poisson(0.03 * table["employees"])
    table["hard_to_fill"] = 1 + rng.binomial(table["vacant"] - 1, 0.4)
    return table.assign(advertised=2 * table["vacant"], leavers=rng.poisson(0.07 * table["employees"]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty of the country's municipalities: six work on sick leave, six on recruitment, three of them on both."""
    known = Register.norwegian()
    codes = sorted(set(known.valid(2010)["code"]) & set(known.valid(2013)["code"]))[:40]
    rng = np.random.default_rng(7)
    members = {"P1": codes[:3], "P2": codes[3:6], "P3": codes[3:5], "P4": codes[5:9]}
    tables = {
        "projects": pd.DataFrame(
            [("P1", "sick_leave", 1), ("P2", "sick_leave", 2), ("P3", "recruitment", 1), ("P4", "recruitment", 2)],
            columns=["project", "theme", "intake"],
        ),
        "participation": pd.DataFrame(
            [(code, project) for project, shared in members.items() for code in shared],
            columns=["municipality", "project"],
        ),
        "sick_leave": sick_leave_rows(codes, rng),
        "vacancies": vacancy_rows(codes, rng),
    }
    made = tmp_path_factory.mktemp("required")
    for name, table in tables.items():
        table.to_csv(made / f"{name}.csv", sep=";", index=False)
    (made / "programme.yaml").write_text(PROGRAMME, encoding="utf-8")
    listed = "".join(f"  {name}: {{files: {name}.csv}}\n" for name in tables)
    (made / "sources.yaml").write_text(LAYOUT + listed, encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def study(folder):
    return load_study(folder, as_of="2013-12-31", division=2013)


def chapter(stem: str, **values: object) -> list[object]:
    """Run a chapter's cells here, with these parameters, and return what they show."""
    known: dict[str, object] = {}
    shown = []
    for cell in nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4).cells:
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, cell.id, "exec"), known)
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), cell.id, "eval"), known))
        if "parameters" in cell.metadata.get("tags", []):
            known |= values
    return shown


def prose(shown: list[object]) -> str:
    return " ".join(one.markdown for one in shown if hasattr(one, "markdown"))


def exhibit(shown: list[object], name: str):
    return next((one for one in shown if getattr(one, "id", None) == name), None)


@pytest.fixture(scope="module")
def made(folder):
    given = {"data": str(folder), "language": "en"}
    return {
        "01_programme": chapter("01_programme", **given),
        "02_sick_leave": chapter("02_sick_leave", draws=199, **given),
        "04_recruitment": chapter("04_recruitment", draws=199, **given),
    }


def test_what_the_check_calls_enough_for_a_chapter_is_enough(folder, made):
    needed = {stem: needs(NOTEBOOKS / f"{stem}.ipynb") for stem in made}
    layout = read_layout(folder)
    assert set(layout.tables) == set().union(*(one.tables for one in needed.values()))
    for name in layout.tables:
        columns = set((folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0].split(";"))
        assert columns == {column.name for column in TABLES[name].columns if not column.optional}
    for stem, shown in made.items():
        assert sum(hasattr(one, "caption") for one in shown) >= 5, stem
        assert "nan" not in prose(shown).split(), stem
        # Every exhibit that the text points to is there.
        told = {word.strip("().,:;") for word in prose(shown).split() if "@tbl:" in word or "@fig:" in word}
        absent = {word.split(":")[1] for word in told if exhibit(shown, word.split(":")[1]) is None}
        assert not absent, stem


def test_what_was_not_delivered_is_said_to_be_unknown_and_not_zero(made):
    first, second = made["01_programme"], made["02_sick_leave"]
    assert "had admitted 9 of the country's 428 municipalities" in prose(first)
    assert "sick-leave figures of 40 of the 428 municipalities" in prose(first)
    for shown in (first, second):
        assert "do not tell" in prose(shown)
        assert "had been in an earlier programme" in prose(shown)
    assert exhibit(first, "networks") is None
    assert exhibit(first, "claims") is None
    headings = " ".join(exhibit(first, "themes").table.header + exhibit(first, "before").table.header).lower()
    assert "municipalities" in headings
    assert not any(word in headings for word in ("network", "deep dive", "earlier", "population"))
    assert [row[1] for row in exhibit(first, "before").table.rows] == ["9", "31"]


def test_comparisons_that_the_data_cannot_make_are_left_out_and_named(study, made):
    lacking = ("never_participants_nor_predecessor", "same_kostra_group")
    for table, theme in ((study.sick_leave, "sick_leave"), (study.vacancies, "recruitment")):
        assert sick_leave.not_told(study, table, theme=theme) == lacking
    alternatives = recruitment.alternatives(study, theme="recruitment")
    assert "prespecified" in set(alternatives["specification"])
    assert not alternatives["specification"].isin(["without_predecessor", "same_kostra_group"]).any()
    for stem in ("02_sick_leave", "04_recruitment"):
        for what in ("without earlier participants", "within KOSTRA groups"):
            assert f"The comparison {what} is left out" in prose(made[stem])
    curve = sick_leave.specification_curve(study, last="2013Q4")
    assert set(curve["controls"]) == {"never_participants", "matched"}
    assert set(sick_leave.balance(study)["controls"]) == {"never_participants", "matched"}


def test_a_theme_that_nobody_takes_part_in_is_no_placebo(study):
    assert "reputation" in study.programme.themes
    for of, theme, other in ((sick_leave, "sick_leave", "recruitment"), (recruitment, "recruitment", "sick_leave")):
        assert list(of.placebo_themes(study, theme=theme)["theme"]) == [other]
    assert not recruitment.can_compare(study, theme="reputation")


def test_measures_that_nobody_was_asked_about_have_no_rows(study, made):
    table = recruitment.with_groups(study, theme="recruitment")
    found = recruitment.developments(table, before=[2010, 2011], after=[2013])
    assert set(found["measure"]) == set(recruitment.MEASURES) - {"plan_share"}
    assert all(pd.api.types.is_numeric_dtype(found[name]) for name in ("before", "after", "municipalities"))
    assert not recruitment.can_compare_plans(study, theme="recruitment")
    assert "too few answers about competence plans" in prose(made["04_recruitment"])
    assert exhibit(made["04_recruitment"], "plans") is None


def test_a_band_with_too_few_to_compare_keeps_its_row_and_its_reason(made):
    for stem in ("02_sick_leave", "04_recruitment"):
        shown = exhibit(made[stem], "starting_level")
        bands = [row[0] for row in shown.table.rows]
        assert bands == [str(place) for place in range(1, len(bands) + 1)]
        assert len(bands) == {"02_sick_leave": 4, "04_recruitment": 3}[stem]
        assert ("fewer than 3 municipalities" in shown.note) == any(":" in row for row in shown.table.rows)


def test_the_numbers_beside_a_rate_are_those_it_rests_on(study):
    asked = participation.coverage(study).groupby("group")["municipalities"].max()
    assert dict(asked) == {"others": 31, "participants": 9}
    assert list(participation.before(study, 2010)["municipalities"]) == [9, 31]
