"""What rests on few persons, man-years or municipalities is withheld, and cannot be found from what is shown."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.disclosure import Released, Rule, release, release_estimates, release_public
from evaluation.errors import InputError


def cells(**columns):
    return pd.DataFrame({"rate": 9.5, **columns})


@pytest.mark.parametrize(("persons", "shown"), [(0, False), (4, False), (5, True), (6, True)])
def test_fewer_than_five_persons_are_withheld(persons, shown):
    released = release(cells(persons=[persons, 100]), values=["rate"], persons="persons")
    assert released.data["rate"].notna().tolist() == [shown, True]
    assert released.data["persons"].notna().tolist() == [shown, True]
    assert released.withheld.tolist() == [not shown, False]


def test_markup_in_a_name_is_shown_as_text():
    released = release(cells(name=["<img src=x>", "b"], persons=[9, 9]), values=["rate"], persons="persons")
    assert "<img" not in released._repr_html_()
    assert "&lt;img src=x&gt;" in released._repr_html_()


@pytest.mark.parametrize(("man_years", "shown"), [(9.9, False), (10, True), (10.1, True)])
def test_fewer_than_ten_man_years_are_withheld(man_years, shown):
    released = release(cells(man_years=[man_years, 100.0]), values=["rate"], man_years="man_years")
    assert released.data["rate"].notna().tolist() == [shown, True]


@pytest.mark.parametrize(("municipalities", "shown"), [(2, False), (3, True), (4, True)])
def test_an_estimate_on_fewer_than_three_municipalities_is_withheld(municipalities, shown):
    frame = pd.DataFrame({"estimate": [-0.2, 0.1], "n": [municipalities, 50]})
    by_row = release_estimates(frame, values=["estimate"], municipalities="n")
    assert by_row.data["estimate"].notna().tolist() == [shown, True]
    assert by_row.protected == ("estimate", "n")
    whole = release_estimates(frame, values=["estimate"], municipalities=municipalities)
    assert whole.data["estimate"].notna().tolist() == [shown, shown]
    assert whole.data["n"].tolist() == [municipalities, 50]


def test_the_thresholds_are_the_rule_s():
    frame = cells(persons=[5, 9, 10])
    released = release(frame, values=["rate"], persons="persons", rule=Rule(persons=10))
    assert released.withheld.tolist() == [True, True, False]


def test_reasons_count_every_withheld_row_once():
    frame = cells(persons=[3, 3, 50, 50, np.nan], man_years=[2.0, 50.0, 5.0, 50.0, 50.0])
    released = release(frame, values=["rate"], persons="persons", man_years="man_years")
    found = {"few_persons": 2, "few_man_years": 1, "unknown_count": 1}
    assert dict(released.reasons.itertuples(index=False, name=None)) == found
    assert released.reasons["rows"].sum() == released.withheld.sum()


def test_a_missing_delivery_is_missing_and_not_withheld():
    frame = pd.DataFrame({"rate": [np.nan, 9.5], "man_years": [np.nan, np.nan]})
    released = release(frame, values=["rate"], man_years="man_years")
    assert released.why.tolist() == ["", "unknown_count"]


def test_the_only_withheld_row_of_a_group_takes_the_next_smallest_along():
    frame = cells(county=list("aaabbbcc"), persons=[3, 30, 20, 3, 4, 90, 50, 60])
    released = release(frame, values=["rate"], persons="persons", within=["county"])
    assert released.why.tolist() == ["few_persons", "", "secondary", "few_persons", "few_persons", "", "", ""]
    alone = release(frame, values=["rate"], persons="persons")
    assert alone.withheld.sum() == 3


def test_companions_are_sought_by_man_years_where_persons_are_not_counted():
    frame = cells(year=[2011] * 3, man_years=[5.0, 80.0, 40.0])
    released = release(frame, values=["rate"], man_years="man_years", within=["year"])
    assert released.withheld.tolist() == [True, False, True]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 40)), min_size=1, max_size=12))
def test_no_withheld_count_follows_from_the_total_of_its_group(rows):
    frame = pd.DataFrame(rows, columns=["county", "persons"]).assign(rate=1.0)
    released = release(frame, values=["rate"], persons="persons", within=["county"])
    for county, group in frame.groupby("county"):
        hidden = released.withheld[group.index]
        others = group.loc[~hidden, "persons"]
        assert hidden.sum() != 1 or (others == 0).all(), f"{county}: the total gives the withheld row away"
        assert (released.data.loc[others.index, "persons"] == others).all()


def test_releasing_changes_neither_the_input_nor_whole_numbers():
    frame = cells(persons=[3, 1234], year=[2012, 2013])
    before = frame.copy(deep=True)
    released = release(frame, values=["rate"], persons="persons")
    pd.testing.assert_frame_equal(frame, before)
    assert released.data["persons"].dtype == "Int64"
    assert released.data["persons"].iloc[1] == 1234
    assert released.data["year"].tolist() == [2012, 2013]


def test_a_selection_keeps_its_withheld_rows():
    frame = cells(group=["participants", "others", "others"], persons=[3, 4, 50])
    released = release(frame, values=["rate"], persons="persons")
    chosen = released.where(group="others")
    assert chosen.withheld.tolist() == [True, False]
    assert chosen.reasons["rows"].tolist() == [1]
    assert len(released.where(group=["participants", "others"]).data) == 3
    with pytest.raises(InputError, match="Did you mean group"):
        released.where(grup="others")


def test_public_facts_are_released_whole():
    released = release_public(pd.DataFrame({"name": ["Nordvik"], "projects": [2]}))
    assert not released.withheld.any()
    assert released.reasons.empty


def test_a_result_cannot_be_called_released_while_it_holds_what_is_withheld():
    with pytest.raises(InputError, match="holds values that are withheld"):
        Released(cells(persons=[3]), pd.Series(["few_persons"]), Rule(), ("rate",))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": ["rate"]}, "without its counts"),
        ({"values": ["rat"], "persons": "persons"}, "Did you mean rate"),
        ({"values": ["rate"], "persons": "person"}, "Did you mean persons"),
        ({"values": ["rate"], "persons": "name"}, "must be a number"),
        ({"values": ["rate"], "persons": "persons", "within": ["county"]}, "no such column"),
    ],
)
def test_what_cannot_be_judged_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        release(cells(persons=[3, 50], name=["a", "b"]), **arguments)


def test_repeated_row_labels_are_refused():
    frame = cells(persons=[3, 50])
    frame.index = [0, 0]
    with pytest.raises(InputError, match="repeated row labels"):
        release(frame, values=["rate"], persons="persons")
