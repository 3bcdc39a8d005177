"""Who takes part: counts by another route, and what was known at the cut date."""

from __future__ import annotations

import pandas as pd
import pytest

from evaluation import load_study, participation
from evaluation.errors import InputError


@pytest.fixture(scope="module")
def study():
    return load_study("data/demo", as_of="2013-12-31", division=2013)


@pytest.fixture(scope="module")
def early():
    return load_study("data/demo", as_of="2012-06-30", division=2013)


def test_the_account_counts_municipalities_and_projects_each_for_itself(study):
    account = participation.account(study)
    programme = study.programme
    assert account.participants == programme.participation["municipality"].nunique()
    assert account.projects == programme.participation["project"].nunique()
    sizes = programme.participation.drop_duplicates().groupby("project").size()
    assert account.joint == (sizes > 1).sum() > 0
    assert account.participants < len(programme.participation)
    assert account.earlier + account.earlier_others == len(
        programme.earlier_participants() & set(study.municipalities["municipality"])
    )


def test_a_municipality_with_several_themes_counts_in_each_and_once_in_all(study):
    table = participation.by_theme(study).set_index(["theme", "intake"])["municipalities"]
    everyone = table.loc[("all", "all")]
    assert everyone == participation.account(study).participants
    assert table.loc[[(theme, "all") for theme in study.programme.themes]].sum() > everyone
    sick_leave = study.programme.participants("sick_leave")
    assert table.loc[("sick_leave", "all")] == len(sick_leave)


def test_networks_hold_the_gatherings_known_at_the_cut_date_only(study, early):
    late, then = participation.networks(study), participation.networks(early)
    assert late["gatherings"].sum() == len(study.programme.gatherings) > then["gatherings"].sum()
    assert pd.to_datetime(then["last_gathering"]).max() <= pd.Timestamp("2012-06-30")


def test_milestones_end_at_the_cut_date(study, early):
    for one in (study, early):
        table = participation.milestones(one)
        assert table[["start", "end"]].max().max() <= pd.Timestamp(one.as_of)
        assert set(table["what"]) <= set(participation.milestone_labels(one))
    assert "work_2" not in set(participation.milestones(early)["what"])


def test_the_rate_before_is_a_ratio_of_sums_not_an_average_of_rates(study):
    table = participation.before(study, 2010).set_index("group")
    group = study.municipalities.set_index("municipality")["group"]
    rows = study.sick_leave[study.sick_leave["quarter"].dt.year == 2010]
    mine = rows[rows["municipality"].map(group) == "participants"]
    lost = (mine["self_certified_days"] + mine["doctor_certified_days"]).sum()
    assert table.loc["participants", "rate"] == pytest.approx(100 * lost / mine["agreed_days"].sum(), rel=1e-12)


@pytest.mark.parametrize("year", [2012, 2005])
def test_a_year_with_projects_or_without_data_is_refused_with_the_years_there_are(study, year):
    with pytest.raises(InputError, match="2008, 2009, 2010, 2011"):
        participation.before(study, year)


def test_coverage_counts_municipalities_with_complete_quarters(study):
    table = participation.coverage(study)
    assert table.groupby("quarter")["municipalities"].sum().eq(len(study.municipalities)).all()
    one = table.iloc[-1]
    quarter = study.sick_leave[study.sick_leave["quarter"] == one["quarter"]]
    group = study.municipalities.set_index("municipality")["group"]
    assert one["delivered"] == quarter.loc[quarter["municipality"].map(group) == one["group"], "municipality"].nunique()


def test_conflicting_claims_are_all_kept_and_marked(study):
    claims = participation.claims(study)
    assert len(claims) == len(study.programme.facts)
    conflicting = claims[claims["conflict"]]
    assert conflicting["key"].duplicated().any()
