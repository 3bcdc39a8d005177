"""What a chapter releases carries what it counts, and the limits are set in one place for all chapters."""

from __future__ import annotations

import json
import re

import nbformat
import pandas as pd
import pytest
from making_reports import ROOT
from toy_disclosure import CODES, GROUPS, STUDY, content, control, report

from evaluation.disclosure import attack
from evaluation.disclosure.counts import counted
from evaluation.errors import InputError
from evaluation.report.copies import chapters
from evaluation.report.parameters import read_plan

NOTEBOOKS = chapters(ROOT / "notebooks")
STAFF = "recruitment.employees"
BOTH = {"before": [2010, 2011], "after": [2013]}
TABLE = pd.DataFrame(
    [(code, group, year, 40.0) for code, group in zip(CODES, GROUPS, strict=True) for year in (2010, 2011, 2013)],
    columns=["municipality", "group", "year", "employees"],
)
OF_YEARS = pd.DataFrame(
    {"group": ["participants", "others"], "employees_before": [6.0, 240.0], "employees_after": 120.0}
)
OF_YEARS = OF_YEARS.assign(employees_after=120.0, employees=[3.0, 120.0])


def sources(notebook):
    return [cell.source for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]


def test_counts_of_several_years_are_put_together_with_those_of_one():
    staff = control().people(STAFF, TABLE, count="employees")
    windows = staff.release(OF_YEARS, **BOTH)
    assert windows.why.tolist() == ["few_persons", ""]
    assert [count.limit for count in windows.counted.counts] == [10, 5]
    single = pd.DataFrame({"group": "participants", "year": [2010, 2011], "employees": [5.0, 1.0]})
    years = staff.release(single.assign(employees=[8.0, 5.0]))
    # 2010 and 2011 are the window before.
    found = attack(report(windows=windows, years=years))
    assert [leak.protected.cell["year"] for leak in found.leaks] == [frozenset({"2010", "2011"})]
    assert set(found.leaks[0].sources) == {"years"}


def test_municipalities_without_every_year_are_no_part_of_what_is_compared():
    staff = control().people(STAFF, TABLE.drop(index=[0]), count="employees").within([2010, 2011, 2013])
    cells = staff.release(OF_YEARS, **BOTH).counted.counts[0].cells
    assert [sorted(cell["municipality"]) for cell in cells] == [list(CODES[1:3]), list(CODES[3:])]


def test_counts_of_several_years_stand_alone():
    staff = control().people(STAFF, TABLE, count="employees")
    with pytest.raises(InputError, match="stand alone"):
        staff.release(OF_YEARS, years=[2010], **BOTH)
    with pytest.raises(InputError, match="no such column"):
        staff.release(OF_YEARS.drop(columns="employees_after"), **BOTH)


def test_answers_by_role_and_overall_are_one_measure_and_give_nothing_away():
    answers = control().people("survey.answers", count="respondents", by=["role", "item"])
    by_role = pd.DataFrame({"role": ["manager", "union", "leader"], "item": "a", "respondents": [4, 30, 20]})
    by_role, overall = by_role.assign(share=50.0), pd.DataFrame({"item": ["a"], "respondents": [54]})
    drafts = answers.draft(by_role, years=[2013]), answers.draft(overall, years=[2013])
    assert drafts[0].counted.counts[0].cells[0]["role"] == "manager"
    alone = [answers.release(frame, years=[2013]) for frame in (by_role, overall)]
    assert len(attack(report(parts=alone[0], whole=alone[1])).leaks) == 1
    parts, whole = control().together(*drafts)
    assert parts.why.tolist() == ["few_persons", "", "secondary"]
    assert attack(report(parts=parts, whole=whole)).leaks == ()


def test_further_counts_of_the_same_cells_are_statements_of_their_own():
    asked = control().people("survey.answered", count="answered", by=["role"])
    frame = pd.DataFrame({"role": ["manager", "union"], "answered": [40, 30], "invited": [50, 45]})
    released = asked.release(frame, years=[2013], also={"invited": "survey.invited"})
    assert attack(report(response=released)).statements == 4
    with pytest.raises(InputError, match="Did you mean invited"):
        asked.release(frame, also={"inivted": "survey.invited"})


def test_the_persons_behind_an_estimate_are_statements_and_the_estimate_is_none():
    levels = pd.DataFrame({"group": ["participants", "others"], "year": 2013, "mean": 3.5, "answers": [4, 90]})
    levels = levels.assign(municipalities=[2, 3])
    answers = control().people("survey.indexed", count="answers")
    released = control().estimates(levels, municipalities="municipalities", people=answers)
    assert released.why.tolist() == ["few_municipalities", ""]
    everybody = answers.release(pd.DataFrame({"year": [2013], "answers": [94]}))
    found = attack(report(levels=released, everybody=everybody))
    assert (found.statements, found.protected, len(found.leaks)) == (2, 1, 1)


def test_a_year_that_differs_by_row_is_that_row_s_window():
    frame = pd.DataFrame({"municipality": CODES[:2], "first_year": [2011, 2012], "before": [9.0, 8.0], "after": 8.5})
    frame = frame.assign(last_year=2013, man_years=[80.0, 90.0])
    years = {"before": "first_year", "after": "last_year"}
    released = control().days().release(frame, keep=["first_year", "last_year"], **years)
    rate = released.counted.ratios[0]
    assert rate.column == "before"
    assert [sorted(cell["quarter"])[0] for cell in rate.whole.cells] == ["2011Q1", "2012Q1"]
    assert all(len(cell["quarter"]) == 4 for cell in rate.whole.cells)
    carried = content(released)["disclosure"]
    assert counted(json.loads(json.dumps(carried))) == released.counted


def test_counts_of_no_year_are_of_all_times():
    frame = pd.DataFrame({"group": ["participants", "others"], "employees": [3, 90]})
    released = control().people(STAFF, count="employees").release(frame)
    assert released.why.tolist() == ["few_persons", ""]
    assert all("year" not in cell for cell in released.counted.counts[0].cells)


def test_man_days_are_of_the_municipalities_with_figures_in_every_quarter_of_each_window():
    quarters = pd.period_range("2010Q1", "2011Q4", freq="Q-DEC")
    table = STUDY.municipalities.merge(pd.DataFrame({"quarter": quarters}), how="cross").assign(agreed_days=9000.0)
    in_2010 = table["quarter"].dt.year == 2010
    table["doctor_certified_days"] = 500.0
    table.loc[(table["municipality"] == CODES[3]) & in_2010, "doctor_certified_days"] = None
    days = control().days(table[(table["municipality"] != CODES[0]) | (table["quarter"] != "2011Q2")])
    rows = pd.DataFrame({"group": ["participants", "others"], "agreed_days": 99999.0, "man_years": 400.0})

    def held(*windows):
        released = days.within(*windows).release(rows, before=windows[0])
        return [set(cell["municipality"]) for cell in released.counted.counts[0].cells]

    first, second = ("2010Q1", "2010Q4"), ("2011Q1", "2011Q4")
    assert held(first) == [set(CODES[:3]), set(CODES[4:])]
    assert held(second) == [set(CODES[1:3]), set(CODES[3:])]
    assert held(first, second) == [set(CODES[1:3]), set(CODES[4:])]


def test_leave_by_certificate_and_leave_by_duration_are_each_a_way_of_dividing_the_same_total():
    kinds = ["total", "self_certified", "doctor_certified", "1-16 days"]
    frame = pd.DataFrame({"quarter": "2012Q4", "kind": kinds, "lost_days": [900.0, 300.0, 600.0, 500.0]})
    lost = next(
        count
        for count in control().days().draft(frame.assign(man_years=100.0)).counted.counts
        if count.measure == "sick_leave.lost_days"
    )
    told = [{name: cell[name] for name in ("kind", "duration") if name in cell} for cell in lost.cells]
    assert told == [{}, {"kind": kinds[1]}, {"kind": kinds[2]}, {"duration": kinds[3]}]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chapter_releases_by_the_limits_of_the_parameter_file(notebook):
    code = "\n".join(sources(notebook))
    assert "disclosure.Control(study, limits, withhold)" in code
    assert not re.search(r"release_(?:public|estimates)|from evaluation\.disclosure|(?<![.\w])release\(", code)


def test_the_limits_are_set_once_for_all_chapters(tmp_path):
    file = tmp_path / "toy.yaml"
    stems = [path.stem for path in NOTEBOOKS if path.stem[0].isdigit() and path.stem != "08_deep_dive"]
    given = {"persons": 8, "man_years": 25.0, "municipalities": 4, "dominance": 75.0}
    limits = ", ".join(f"{name}: {value}" for name, value in given.items())
    lines = ["report: toy", "title: {nb: T, nn: T, en: T}", f"chapters: [{', '.join(stems)}]", f"limits: {{{limits}}}"]
    file.write_text("\n".join([*lines, "withhold: [{sector: education}]"]) + "\n", encoding="utf-8")
    plan = read_plan(file, ROOT / "notebooks")
    assert len(plan.chapters) == len(stems) > 8
    for chapter in plan.chapters:
        assert chapter.given["limits"] == given, chapter.declared.stem
        assert chapter.given["withhold"] == [{"sector": "education"}]
