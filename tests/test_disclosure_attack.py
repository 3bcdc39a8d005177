"""The outsider finds nothing that is protected, and finds it when any single protection is switched off."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from toy_disclosure import CODES, EMPLOYEES, STUDY, content, control, days, employees, report, totals

from evaluation.disclosure import Released, attack, space
from evaluation.disclosure.counts import told
from evaluation.disclosure.plain import release_public
from evaluation.disclosure.population import largest_share
from evaluation.disclosure.quiet import quiet
from evaluation.disclosure.released import withhold
from evaluation.disclosure.rule import Rule
from evaluation.errors import InputError

SMALL = employees(
    participants={"schools": 3, "health": 20, "other": 11}, others={"schools": 50, "health": 90, "other": 40}
)


def primary_only(draft) -> Released:
    """Release a result with what is withheld for itself, and nothing withheld for its sake."""
    return withhold(draft.frame, draft.why, Rule(), draft.protected, draft.counted)


def undone(draft, released: Released, *columns: str) -> Released:
    """Put the values of columns back into a released result: their protection is switched off."""
    data = released.data.assign(**{name: draft.frame[name] for name in columns})
    return replace(released, data=data, values=tuple(set(released.protected) - set(columns)))


def test_what_a_table_and_its_totals_withhold_cannot_be_worked_out():
    people = control().people(EMPLOYEES)
    parts, sums = control().together(people.draft(SMALL), people.draft(totals(SMALL, "group")))
    found = attack(report(parts=parts, sums=sums))
    assert found.leaks == ()
    assert found.protected == 1
    assert found.narrowest >= 1
    assert parts.why.tolist() == ["few_persons", "", "secondary", "", "", ""]
    sums_first = control().together(people.draft(totals(SMALL, "group")), people.draft(SMALL))
    assert [one.why.tolist() for one in sums_first] == [sums.why.tolist(), parts.why.tolist()]


def test_rows_after_one_whose_count_is_not_known_are_protected_too():
    frame = employees(participants={"schools": np.nan, "health": 3, "other": 20, "offices": 11})
    people = control().people(EMPLOYEES)
    released = control().together(people.draft(frame), people.draft(totals(frame, "group")))
    assert released[0].why.tolist() == ["", "few_persons", "", "secondary"]
    assert attack({str(place): content(one) for place, one in enumerate(released)}).leaks == ()


def test_the_largest_share_is_of_the_cell_alone():
    frame = pd.DataFrame(
        {
            "municipality": ["a", "b", "a", "b"],
            "sector": ["schools", "schools", "health", "health"],
            "persons": [30, 10, 1, 99],
        }
    )
    cells = [
        {"municipality": frozenset("ab"), "sector": "schools"},
        {"municipality": frozenset("ab"), "year": "2012"},
        None,
    ]
    shares = largest_share(frame, "persons", cells)
    assert shares.iloc[:2].tolist() == [75.0, pytest.approx(100 * 109 / 140)]
    assert np.isnan(shares.iloc[2])


def test_a_sector_whose_count_is_not_known_hides_another_in_their_total():
    frame = employees(participants={"schools": 3, "health": np.nan})
    people = control().people(EMPLOYEES)
    parts, sums = control().together(people.draft(frame), people.draft(totals(frame.fillna({"persons": 60}), "group")))
    assert parts.why.tolist() == ["few_persons", ""]
    assert sums.why.tolist() == [""]


def test_results_that_cut_each_other_into_too_many_pieces_are_refused(monkeypatch):
    people = control().people(EMPLOYEES)
    drafts = [people.draft(SMALL), people.draft(totals(SMALL, "group"))]
    monkeypatch.setattr(space, "LARGEST", 1)
    with pytest.raises(InputError, match="cut each other into too many pieces"):
        control().together(*drafts)


def test_what_is_written_after_the_solver_is_shown_and_what_it_writes_is_not(capfd):
    with quiet():
        os.write(1, b"solving")
        os.write(2, b"warning")
    os.write(1, b"solved")
    assert capfd.readouterr() == ("solved", "warning")


def test_leave_of_all_kinds_is_the_total_and_leave_by_length_is_told_by_its_length():
    parts = [days(schools=90.0).assign(kind=kind) for kind in ("total", "days_1_3")]
    draft = control().days().draft(pd.concat(parts, ignore_index=True))
    agreed, lost = draft.counted.counts
    assert lost.cells[0] == agreed.cells[0] == agreed.cells[1]
    assert lost.cells[1] == {**agreed.cells[1], "duration": "days_1_3"}


@pytest.mark.parametrize(("count", "said"), [(2, "0001, 0002"), (5, "(5)"), (6, "(6)")])
def test_a_cell_of_many_municipalities_is_told_by_their_number(count, said):
    assert said in told({"municipality": frozenset(f"000{number}" for number in range(1, count + 1))})


def test_a_limit_that_nothing_is_beyond_is_a_limit():
    assert Rule.of({"dominance": 100}).dominance == 100


@pytest.mark.parametrize("seed", range(2))
def test_whatever_the_counts_are_tables_released_together_give_nothing_away(seed):
    random = np.random.default_rng(seed)
    cells = product(["participants", "others"], ["schools", "health", "other", "offices"], ["women", "men"])
    frame = pd.DataFrame(cells, columns=["group", "sector", "sex"])
    frame = frame.assign(year=2012, persons=random.choice([1, 3, 4, 8, 15, 40, 90], size=len(frame)))
    people = control().people(EMPLOYEES)
    tables = [frame, *(totals(frame, *by) for by in (("group", "sector"), ("sector", "sex"), ("group",)))]
    released = control().together(*map(people.draft, tables))
    found = attack({str(place): content(one) for place, one in enumerate(released)})
    assert found.leaks == ()
    assert found.protected >= 4
    assert not released[3].withheld.any(), "no more is withheld than need be"


def test_totals_that_agree_to_the_last_digit_are_no_contradiction_and_the_solver_writes_nothing(capfd):
    random = np.random.default_rng(7)
    cells = product(["participants", "others"], ["schools", "health", "other", "offices"], ["-29", "30-", "40-", "50-"])
    frame = pd.DataFrame(cells, columns=["group", "sector", "age_group"])
    frame = frame.assign(year=2012, persons=random.choice([1, 3, 4, 8, 15, 40, 90, 200], size=len(frame)))
    people = control().people(EMPLOYEES)
    tables = [
        frame,
        *(totals(frame, *by) for by in (("group", "sector"), ("sector",), ("group",), ("group", "age_group"))),
    ]
    released = control().together(*map(people.draft, tables))
    assert attack({str(place): content(one) for place, one in enumerate(released)}).leaks == ()
    assert capfd.readouterr() == ("", "")


def test_secondary_suppression_within_a_table_switched_off_gives_the_count_away():
    people = control().people(EMPLOYEES)
    parts, sums = people.draft(SMALL), people.release(totals(SMALL, "group"))
    found = attack(report(parts=primary_only(parts), sums=sums))
    (leak,) = found.leaks
    assert (leak.lower, leak.upper) == (pytest.approx(3, abs=1e-4), pytest.approx(3, abs=1e-4))
    assert set(leak.sources) == {"parts", "sums"}
    assert "sector schools" in str(leak)
    assert "[" not in str(leak)
    assert "lower" not in repr(leak)


def test_secondary_suppression_across_linked_tables_switched_off_gives_the_count_away():
    people = control().people(EMPLOYEES)
    by_sector = totals(SMALL, "sector").assign(group="all").drop(columns="group")
    drafts = [people.draft(SMALL), people.draft(totals(SMALL, "group")), people.draft(by_sector)]
    together = control().together(*drafts)
    assert attack(report(a=together[0], b=together[1], c=together[2])).leaks == ()
    # Each table safe by itself: the companion lies in the same group, and the sum of its sector gives it away.
    one, two = control().together(*drafts[:2])
    three = people.release(by_sector)
    assert attack(report(a=one, b=two)).leaks == ()
    found = attack(report(a=one, b=two, c=three))
    assert [leak.protected.cell["sector"] for leak in found.leaks] == ["schools"]
    assert "c" in found.leaks[0].sources


def test_persons_switched_off_the_count_itself_is_released():
    people, all_shown = control().people(EMPLOYEES), control(limits={"persons": 1}).people(EMPLOYEES)
    withheld = people.release(SMALL)
    assert attack(report(parts=withheld)).leaks == ()
    found = attack(report(parts=withheld, same=all_shown.release(SMALL)))
    assert found.leaks[0].sources == ("same",)


def test_man_years_switched_off_the_count_itself_is_released():
    frame = days(schools=4.0, health=120.0, other=60.0)
    withheld = control().days().release(frame)
    assert withheld.why.tolist() == ["few_man_years", "", ""]
    assert attack(report(parts=withheld)).leaks == ()
    same = control(limits={"man_years": 1.0}).days().release(frame)
    found = attack(report(parts=withheld, same=same))
    assert {leak.protected.measure for leak in found.leaks} == {"sick_leave.agreed_days", "sick_leave.lost_days"}


def test_dominance_switched_off_the_figure_of_the_largest_contributor_is_released():
    sizes = pd.Series([960.0, 20.0, 20.0, 300.0, 350.0, 350.0], index=CODES)
    table = STUDY.municipalities.assign(quarter=pd.Period("2012Q4"), agreed_days=(sizes * 251 / 4).to_numpy())
    table["lost_days"] = 0.1 * table["agreed_days"]
    rows = table.groupby(["group", "quarter"], as_index=False)[["agreed_days", "lost_days"]].sum()
    rows["man_years"] = rows["agreed_days"] / (251 / 4)
    withheld = control().days(table).release(rows)
    assert dict(zip(rows["group"], withheld.why, strict=True)) == {"others": "", "participants": "dominance"}
    assert attack(report(groups=withheld)).leaks == ()
    shown = control(limits={"dominance": 97}).days(table).release(rows)
    assert shown.why.tolist() == ["", ""]
    assert attack(report(groups=withheld, same=shown)).leaks
    # A row of one municipality is about that municipality: nobody is hidden among others in it.
    own = rows.iloc[:1].drop(columns="group").assign(municipality="0061")
    assert control().days(table).release(own).why.tolist() == [""]


def test_a_mean_or_a_share_of_a_withheld_cell_gives_it_away():
    frame = pd.DataFrame({"year": 2012, "lower": [0, 50, 100], "upper": [50, 100, float("inf")]})
    frame = frame.assign(persons=[3, 30, 60], total=93, man_years=[1.2, 22.5, 60.0])
    frame = frame.assign(share=100 * frame["persons"] / 93, mean_size=100 * frame["man_years"] / frame["persons"])
    draft = control().people(EMPLOYEES).draft(frame)
    released = control().together(draft)[0]
    assert attack(report(bands=released)).leaks == ()
    assert released.data.loc[0, ["share", "mean_size", "man_years"]].isna().all()
    for shown in (["share"], ["mean_size", "man_years"]):
        found = attack(report(bands=undone(draft, released, *shown)))
        assert [leak.protected.cell["size"] for leak in found.leaks] == [(0.0, 50.0)], shown


def test_a_midterm_and_a_final_report_are_safe_alone_and_leak_together():
    people = control().people(EMPLOYEES)
    midterm = report(parts=people.release(SMALL))
    assert attack(midterm).leaks == ()
    # By the final report one municipality has joined: the totals differ by what the midterm withheld.
    final = report(sums=people.release(totals(SMALL, "group")))
    assert attack(final).leaks == ()
    found = attack(final, midterm)
    assert [leak.protected.source for leak in found.leaks] == ["parts"]
    # The remedy: rows that the parameter file withholds besides.
    held = control(withhold=[{"group": "participants", "year": 2012}]).people(EMPLOYEES)
    remedied = held.release(totals(SMALL, "group"))
    assert remedied.why.tolist() == ["", "chosen"]
    assert attack(report(sums=remedied), midterm).leaks == ()


def test_a_population_that_grows_by_one_municipality_between_reports_gives_it_away():
    own = pd.DataFrame({"municipality": ["0061"], "year": 2012, "persons": [4]})
    final = (
        control().people(EMPLOYEES).release(pd.DataFrame({"group": ["participants"], "year": 2012, "persons": [64]}))
    )
    earlier = STUDY.municipalities.assign(group=["others", *STUDY.municipalities["group"][1:]])
    then = control().people(EMPLOYEES, earlier)
    midterm = then.release(pd.DataFrame({"group": ["participants"], "year": 2012, "persons": [60]}))
    withheld = control().people(EMPLOYEES).release(own)
    assert attack(report(own=withheld, final=final)).leaks == ()
    found = attack(report(own=withheld, final=final), report(midterm=midterm))
    assert set(found.leaks[0].sources) == {"final", "midterm"}


def test_rolling_windows_that_differ_by_a_quarter_are_put_together():
    quarters = pd.DataFrame({"group": "participants", "quarter": ["2012Q1", "2013Q1"], "agreed_days": [200.0, 9000.0]})
    quarters = quarters.assign(man_years=quarters["agreed_days"] / (251 / 4))
    rolling = pd.DataFrame(
        {"group": "participants", "quarter": ["2012Q4", "2013Q1"], "agreed_days": [27200.0, 36000.0]}
    )
    rolling = rolling.assign(man_years=rolling["agreed_days"] / 251)
    counted = control().days()
    single, windows = counted.release(quarters), counted.release(rolling, rolling=4)
    # 2013Q1 - 2012Q1 is the difference of the windows; with the one the other is known.
    assert single.why.tolist() == ["few_man_years", ""]
    assert attack(report(single=single)).leaks == ()
    assert set(attack(report(single=single, windows=windows)).leaks[0].sources) == {"single", "windows"}


def test_the_outsider_reads_only_what_an_exhibit_carries_and_needs_counts_to_say_anything():
    people = control().people(EMPLOYEES)
    carried = json.loads(json.dumps(report(parts=people.release(SMALL))))
    assert attack(carried) == attack(report(parts=people.release(SMALL)))
    assert attack({"public": content(release_public(SMALL)), "other": {"csv": "a\n1\n"}}).statements == 0


def test_what_is_shown_of_a_whole_is_taken_for_all_of_it_unless_that_cannot_be():
    people = control().people(EMPLOYEES)
    shown = report(two=people.release(SMALL[SMALL["sector"] != "other"]), sums=people.release(totals(SMALL, "group")))
    assert attack(shown).leaks[0].upper == pytest.approx(14, abs=1e-4)
    women = pd.DataFrame({"group": ["participants"], "year": 2012, "sex": ["women"], "persons": [25]})
    found = attack(shown | report(women=people.release(women)))
    assert found.leaks == ()
    assert found.narrowest == pytest.approx(14 / 5, rel=1e-3)


def test_numbers_that_contradict_each_other_are_refused():
    people = control().people(EMPLOYEES)
    wrong = totals(SMALL, "group").assign(persons=[180, 10])
    with pytest.raises(InputError, match="contradict each other"):
        attack(report(parts=people.release(SMALL), sums=people.release(wrong)))


def test_answers_of_a_survey_by_municipality_are_refused_whatever_their_number():
    frame = pd.DataFrame({"municipality": ["0061", "0062"], "year": 2013, "respondents": [40, 4], "mean": [3.1, 2.0]})
    survey = control().people("survey.respondents", count="respondents")
    with pytest.raises(InputError, match=r"never shown \(2 rows\)"):
        survey.release(frame)
    by_group = pd.DataFrame({"group": ["participants", "others"], "year": 2013, "respondents": [40, 4], "mean": 3.0})
    assert survey.release(by_group).why.tolist() == ["", "few_persons"]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"person": 5}, "Did you mean persons"),
        ({"persons": 2.5}, "not a whole number"),
        ({"man_years": "10"}, "not a number"),
        ({"dominance": 120}, "out of range"),
        ({"persons": 0}, "out of range"),
    ],
)
def test_limits_of_the_parameter_file_are_checked(limits, message):
    with pytest.raises(InputError, match=message):
        control(limits=limits)


def test_a_table_without_the_columns_of_a_row_to_withhold_has_none_of_them():
    chosen = control(withhold=[{"sector": "schools", "year": 2012}]).chosen
    assert not chosen(SMALL.drop(columns="sector")).any()
    assert chosen(SMALL).tolist() == ((SMALL["sector"] == "schools") & (SMALL["year"] == 2012)).tolist()
    assert chosen(SMALL).any()


@pytest.mark.parametrize(("held", "said"), [("abcd", "a, b, c, d"), ("abcde", "(5)")])
def test_a_cell_is_told_by_its_places_or_their_number(held, said):
    assert told({"municipality": frozenset(held), "size": (0.0, 50.0), "sex": "women"}) == (
        f"municipality {said}, sex women, size 0-50"
    )
    assert told({}) == "all"


def test_what_the_solver_says_is_not_shown_and_what_others_say_is():
    code = "import os\nfrom evaluation.disclosure.quiet import quiet\nos.write(1, b'a')\n"
    code += "with quiet():\n    os.write(1, b'b')\n    os.write(2, b'c')\nos.write(1, b'd')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("ad", "c")


def test_the_limit_of_man_days_is_that_of_man_years():
    draft = control(limits={"man_years": 8.0}).days().draft(days(schools=100.0))
    counts = {one.column: one for one in draft.counted.counts}
    assert counts["agreed_days"].limit == pytest.approx(8 * 251 / 4)
    assert counts["lost_days"].limit == pytest.approx(8 * 251 / 4 / 10)


@pytest.mark.parametrize(("size", "expected"), [("at_most", (0.0, 50.0)), ("at_least", (50.0, np.inf))])
def test_positions_up_to_a_size_or_from_it_on_are_counted(size, expected):
    frame = employees(participants={"schools": 40}).assign(percentage=50.0)
    (cell,) = control().people(EMPLOYEES).draft(frame, size=size).counted.counts[0].cells
    assert cell["size"] == pytest.approx(expected, abs=0.01)


def test_rows_to_withhold_are_named_by_their_columns():
    with pytest.raises(InputError, match="does not name rows by their columns"):
        control(withhold=["schools"])


def test_the_limits_are_those_of_the_parameter_file():
    people = control(limits={"persons": 12}).people(EMPLOYEES)
    released = people.release(SMALL)
    assert released.why.tolist() == ["few_persons", "", "few_persons", "", "", ""]
    assert released.account()["limits"]["persons"] == 12
    assert SimpleNamespace(**released.account()).reasons == {"few_persons": 2}
