"""Matching by brute force, small numbers, own targets, the course of a case, and the cases side by side."""

from __future__ import annotations

import datetime
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_deep_dive import NEIGHBOURS, TOWNS, make_study, rate_by_hand

from evaluation import deep_dive
from evaluation.deep_dive.across import wilson
from evaluation.deep_dive.neighbours import balance, covariates, distances, nearest
from evaluation.disclosure import release
from evaluation.errors import EstimationError, InputError
from evaluation.goals import judge
from evaluation.language import Words

OUTSIDE = [town[0] for town in TOWNS if town[5] == "others"]
START = pd.Period("2012Q1", freq="Q-DEC")


@pytest.fixture(scope="module")
def study() -> SimpleNamespace:
    return make_study()


def with_tables(study: SimpleNamespace, **tables: pd.DataFrame) -> SimpleNamespace:
    """The study with more tables, as the real one tells of them."""
    other = SimpleNamespace(**vars(study), **tables)
    other.has = lambda name: name in vars(other)
    other.as_of = datetime.date(2013, 12, 31)
    return other


# Matching


def test_covariates_are_recomputed_from_the_rows(study):
    known = covariates(study.sick_leave, START, ["0061"], OUTSIDE)
    table = study.sick_leave
    for unit, code in (("case", "0061"), ("0072", "0072")):
        level = rate_by_hand(study, [code], "2011Q1", "2011Q4")
        early = rate_by_hand(study, [code], "2009Q1", "2009Q4")
        mine = table[(table["municipality"] == code) & (table["quarter"].dt.year == 2011)]
        assert known.loc[unit, "level"] == pytest.approx(level)
        assert known.loc[unit, "trend"] == pytest.approx((level - early) / 2)
        assert known.loc[unit, "size"] == pytest.approx(np.log(mine["agreed_days"].sum() / 251))
        health = mine.loc[mine["sector"] == "health_care", "agreed_days"].sum()
        assert known.loc[unit, "share_health_care"] == pytest.approx(100 * health / mine["agreed_days"].sum())


def test_nearest_neighbours_by_brute_force(study):
    known = covariates(study.sick_leave, START, ["0061"], OUTSIDE)
    others = known.drop(index="case")
    shares = [name for name in known if name.startswith("share_")]
    found = {}
    for code in others.index:
        parts = [((known.loc["case", x] - others.loc[code, x]) / others[x].std()) ** 2 for x in known]
        of = dict(zip(known.columns, parts, strict=True))
        mix = sum(of[name] for name in shares) / len(shares)
        found[code] = np.sqrt((of["level"] + of["trend"] + of["size"] + mix) / 4)
    wanted = sorted(found, key=found.__getitem__)
    near = nearest(known, 5)
    assert near.index.tolist() == wanted[:5]
    assert near.to_numpy() == pytest.approx([found[code] for code in wanted[:5]])
    compared = deep_dive.compare(study, "alone", neighbours=5, peers="neighbours")
    assert compared.neighbours["municipality"].tolist() == wanted[:5]
    assert compared.peers["municipality"].tolist() == sorted(wanted[:5])
    assert set(compared.peers["step"]) == {"neighbours"}


def test_matching_depends_on_neither_units_nor_row_order(study):
    known = covariates(study.sick_leave, START, ["0061"], OUTSIDE)
    other = known.copy()
    other["level"] = other["level"] / 100 + 3
    other["size"] *= 7
    other[[name for name in known if name.startswith("share_")]] *= 0.01
    assert distances(other).to_numpy() == pytest.approx(distances(known).to_numpy())
    shuffled = known.sample(frac=1, random_state=3)
    assert nearest(shuffled, 6).index.tolist() == nearest(known, 6).index.tolist()
    rows = study.sick_leave.sample(frac=1, random_state=4)
    again = covariates(rows, START, ["0061"], OUTSIDE)
    pd.testing.assert_frame_equal(again, known)


def test_balance_is_the_difference_of_means_in_standard_deviations(study):
    known = covariates(study.sick_leave, START, ["0061"], OUTSIDE)
    table = balance(known, {"peers": NEIGHBOURS}).set_index("covariate")
    others = known.drop(index="case")
    for name in ("level", "size"):
        mean = others.loc[NEIGHBOURS, name].mean()
        # Size is compared by its logarithm and told in man-years.
        assert table.loc[name, "peers"] == pytest.approx(np.exp(mean) if name == "size" else mean)
        wanted = (known.loc["case", name] - mean) / others[name].std()
        assert table.loc[name, "peers_difference"] == pytest.approx(wanted)
    nearer = deep_dive.compare(study, "alone", neighbours=3).balance.set_index("covariate")
    assert nearer["neighbours_difference"].abs().mean() < nearer["others_difference"].abs().mean()


def test_a_constant_covariate_and_a_short_history_are_passed_over(study):
    known = covariates(study.sick_leave, START, ["0061"], OUTSIDE).assign(size=5.0)
    known.loc["case", "size"] = 9.0
    assert np.isfinite(distances(known)).all()
    short = covariates(study.sick_leave, pd.Period("2010Q3", freq="Q-DEC"), ["0061"], OUTSIDE)
    assert "trend" not in short
    early = deep_dive.compare(make_study(first="2011Q1"), "alone")
    assert "no_trend" in [note.key for note in early.notes]
    none = deep_dive.compare(make_study(first="2011Q3"), "alone")
    keys = [note.key for note in none.notes]
    assert {"no_neighbours", "no_synthetic"} <= set(keys)
    assert none.neighbours.empty
    assert none.balance.empty


def test_fewer_neighbours_than_asked_and_none_are_told(study):
    found = deep_dive.compare(study, "alone", neighbours=100)
    note = next(note for note in found.notes if note.key == "few_neighbours")
    assert note.given == {"found": len(OUTSIDE), "asked": 100}
    with pytest.raises(InputError, match="At least one neighbour"):
        deep_dive.compare(study, "alone", neighbours=0)


def test_earlier_participants_can_be_left_out_everywhere(study):
    found = deep_dive.compare(study, "alone", exclude_earlier=True, neighbours=50)
    assert "0070" not in set(found.peers["municipality"]) | set(found.neighbours["municipality"])
    assert all("0070" not in set(one.placebos["municipality"]) for one in found.synthetic.values())
    assert "0070" in set(deep_dive.compare(study, "alone", neighbours=50).neighbours["municipality"])


def test_earlier_participation_is_unknown_where_no_earlier_programme_is_told_of(study):
    other = SimpleNamespace(**vars(study))
    other.municipalities = study.municipalities.assign(earlier=False)
    found = deep_dive.compare(other, "alone")
    assert found.facts["earlier"].isna().all()
    assert "earlier programme" not in found.portrait["en"]


def test_every_comparator_stands_in_the_table_with_its_fit(study):
    found = deep_dive.compare(study, "alone")
    rows = found.comparators[found.comparators["outcome"] == "sick_leave_rate"].set_index("comparator")
    assert rows.index.tolist() == ["kostra_group", "neighbours", "county", "country", "synthetic"]
    assert rows.loc["kostra_group", "gap"] == pytest.approx(found.gap("sick_leave_rate")["gap"])
    before = rate_by_hand(study, ["0061"], "2011Q1", "2011Q4") - rate_by_hand(study, OUTSIDE, "2011Q1", "2011Q4")
    assert rows.loc["country", "level_difference"] == pytest.approx(before)
    assert set(rows["fit"]) <= {"fit.good", "fit.fair", "fit.poor"}
    control = found.synthetic["sick_leave_rate"]
    assert rows.loc["synthetic", "gap"] == control.gap
    assert found.donors.groupby("outcome")["weight"].sum().to_numpy() == pytest.approx(100)
    assert found.made_of("sick_leave_rate", most=2)[0].startswith(found.donors["name"].iloc[0])


def test_the_synthetic_line_is_the_weighted_rolling_rate(study):
    found = deep_dive.compare(study, "alone")
    control = found.synthetic["sick_leave_rate"]
    line = found.sick_leave[found.sick_leave["who"] == "synthetic"].set_index("quarter")["rate"]
    weights = control.weights.set_index("municipality")["weight"]
    wanted = sum(w * rate_by_hand(study, [code], "2012Q3", "2013Q2") for code, w in weights.items())
    assert line[pd.Period("2013Q2", freq="Q-DEC")] == pytest.approx(wanted + control.level_difference)


def test_all_outcomes_and_sectors_stand_in_one_table(study):
    found = deep_dive.compare(study, "alone")
    table = found.development()
    assert table["outcome"].tolist() == [
        "sick_leave_rate", "self_certified_rate", "doctor_certified_rate", "education", "health_care", "mean_size",
        "full_time_share",
    ]  # fmt: skip
    assert table["split"].tolist()[1:5] == ["kinds", "kinds", "sectors", "sectors"]
    assert table["split"].value_counts().drop(["kinds", "sectors"]).max() == 1
    assert len(table["gap"].dropna()) == len(table)


def test_a_small_sector_is_withheld_and_cannot_be_found_by_subtraction(study):
    found = deep_dive.compare(study, "alone")
    sectors = found.sectors.assign(man_years=[4.0, 400.0])
    small = replace(found, sectors=sectors).development()
    shown = release(small, values=["before", "after", "gap"], man_years="counted", within=["split"])
    assert set(small.loc[shown.withheld, "outcome"]) == {"education", "health_care"}


def test_a_case_and_its_peers_are_told_in_words(study):
    joint = deep_dive.compare(study, "joint")
    one, both = "lies in Øst, belongs to KOSTRA group 2", "and took part in no earlier programme."
    assert joint.portrait["en"] == (
        f"Askvær {one}, has 4,000 inhabitants {both} Bergsund {one}, has 9,000 inhabitants {both}"
    )
    assert joint.peer_names(2)["en"] == "among them Nabo F and Nabo E"
    assert joint.peer_names(6)["en"].startswith("Nabo F, Nabo E,")
    unknown = replace(joint, facts=joint.facts.head(1).assign(kostra_group=None, population=pd.NA, earlier=None))
    assert unknown.portrait["en"] == "Askvær lies in Øst."


# Small numbers


def many(seed: int, units: int = 300, between: float = 0.8, chance: float = 20.0) -> tuple[pd.DataFrame, pd.Series]:
    """Sick leave of municipalities whose true rates are known; chance falls with the square root of the days."""
    rng = np.random.default_rng(seed)
    days = np.exp(rng.uniform(7, 13, units))
    true = 9 + between * rng.normal(size=units)
    rows = []
    for year in (2011, 2013):
        for quarter in range(1, 5):
            rate = true + chance * np.sqrt(4) * rng.normal(size=units) / np.sqrt(days)
            rows.append(
                pd.DataFrame({"municipality": [f"{n:04d}" for n in range(units)], "agreed_days": days / 4})
                .assign(quarter=pd.Period(f"{year}Q{quarter}", freq="Q-DEC"), lost=rate * days / 400)
                .assign(sector="education", sex="women")
            )
    table = pd.concat(rows, ignore_index=True)
    table["self_certified_days"], table["doctor_certified_days"] = 0.2 * table["lost"], 0.8 * table["lost"]
    return table, pd.Series(true, index=[f"{n:04d}" for n in range(units)])


def windows() -> dict[str, tuple[pd.Period, pd.Period]]:
    years = {"before": 2011, "after": 2013}
    return {when: tuple(pd.Period(f"{year}Q{q}", freq="Q-DEC") for q in (1, 4)) for when, year in years.items()}


def test_the_funnel_is_of_chance_alone_and_shrinkage_is_nearer_the_truth():
    table, true = many(1, chance=60.0)
    found = deep_dive.funnel(table, windows())
    assert found.between == pytest.approx(0.8, rel=0.25)
    rows = found.rows.set_index("municipality")
    error = 60 / np.sqrt(rows["man_years"] * 251)
    assert rows["standard_error"].to_numpy() == pytest.approx(error.to_numpy(), rel=0.2)
    raw, shrunken = ((rows[name] - true) ** 2 for name in ("value", "shrunken"))
    small = rows["man_years"] < 50
    assert shrunken[small].mean() < 0.7 * raw[small].mean()
    held = (rows["low"] <= true) & (true <= rows["high"])
    assert 0.9 < held.mean() <= 1
    assert rows.loc[rows["rank"] == 1, "man_years"].iloc[0] > rows.loc[rows["value"].idxmin(), "man_years"]


def test_a_funnel_without_differences_holds_what_it_promises():
    table, _ = many(2, units=600, between=0.0)
    found = deep_dive.funnel(table, windows())
    outside = (found.rows["outside"] != "no").mean()
    assert outside == pytest.approx(0.05, abs=0.025)
    assert found.expected_outside == pytest.approx(30)
    assert (found.rows["outside"] == "99.8").mean() < 0.01
    # Nothing but chance: everything is drawn to the centre.
    assert found.rows["shrunken"].std() < 0.2 * found.rows["value"].std()


def test_the_limits_meet_the_rows_and_the_change_is_measured_too():
    table, _ = many(3)
    level, change = (deep_dive.funnel(table, windows(), change=moved) for moved in (False, True))
    for found in (level, change):
        at = np.interp(found.rows["man_years"], found.limits["man_years"], found.limits["high_95"])
        reach = (at - found.centre) / found.rows["standard_error"]
        assert reach.to_numpy() == pytest.approx(1.96, rel=0.03)
    assert change.between < 0.3
    assert change.of("0007")["value"] == pytest.approx(
        level.of("0007")["value"]
        - deep_dive.funnel(table, windows() | {"after": windows()["before"]}).of("0007")["value"]
    )


def test_a_joint_case_is_one_point_and_too_few_are_refused():
    table, _ = many(4)
    found = deep_dive.funnel(table, windows(), units={"0001": "case", "0002": "case"})
    assert found.of("0001") is None
    assert len(found.rows) == 299
    with pytest.raises(EstimationError, match="needs 10 municipalities"):
        deep_dive.funnel(table[table["municipality"] < "0005"], windows())


def test_the_case_is_found_in_the_funnel_of_a_study(study):
    compared = deep_dive.compare(study, "alone")
    found = deep_dive.small_numbers(study, compared)
    assert found.of("case")["value"] == pytest.approx(compared.gap("sick_leave_rate")["change"])
    late = make_study(last="2012Q4")
    assert deep_dive.small_numbers(late, deep_dive.compare(late, "joint")) is None


# Own targets and measures

CODES = [
    ("indicator", "sick_leave_rate", "lower"),
    ("indicator", "full_time", "higher"),
    ("measure", "plan", None),
    ("measure", "training", None),
    ("event", "new_leader", None),
    ("reputation", "item_1", None),
    ("reputation", "item_2", "lower"),
]
BOOK = pd.DataFrame(CODES, columns=["list", "code", "better"]).assign(
    group=None, nb=lambda f: f["code"] + " nb", nn=lambda f: f["code"] + " nn", en=lambda f: f["code"] + " en"
)


def make_targets() -> pd.DataFrame:
    rows = [
        ("0061", "A", "full_time", 1, "full_time", "level", 40.0, 45.0, 2013),
        ("0061", "A", "full_time", 2, "full_time", "percentage_points", 40.0, 10.0, 2013),
        ("0061", "A", "full_time", 3, "full_time", "per_cent", 40.0, 50.0, 2013),
        ("0061", "A", "full_time", 4, None, "unquantified", None, None, 2013),
        ("0061", "A", "full_time", 5, "full_time", "percentage_points", None, 3.0, 2013),
        ("0061", "A", "full_time", 6, "full_time", "level", 40.0, 46.0, 2015),
        ("0061", "J", "sick_leave", 1, "sick_leave_rate", "level", 9.0, 20.0, 2013),
        ("0062", "J", "sick_leave", 1, "sick_leave_rate", "level", 9.0, 1.0, 2013),
    ]
    columns = ["municipality", "project", "theme", "target", "indicator", "kind", "baseline", "value", "target_year"]
    return pd.DataFrame(rows, columns=columns).assign(baseline_year=2011, date=pd.Timestamp("2012-02-01"))


def make_reports() -> pd.DataFrame:
    rows = [("0061", "A", "full_time", 2012, 42.0), ("0061", "A", "full_time", 2013, 46.0)]
    table = pd.DataFrame(rows, columns=["municipality", "project", "theme", "year", "value"])
    return table.assign(indicator="full_time")


def test_targets_are_judged_by_their_level_and_the_figure_achieved(study):
    told = with_tables(study, targets=make_targets(), annual_reports=make_reports(), codebook=BOOK)
    found = deep_dive.own_targets(told, deep_dive.find_case(told, told.municipalities, "alone")).set_index("target")
    assert found["goal_level"].tolist()[:3] == [45, 50, 60]
    assert found["goal"].tolist() == ["reached", "partly", "not_reached", *["cannot_assess"] * 3]
    assert found["goal_reason"].tolist()[3:] == ["no_figure", "no_baseline", "not_due"]
    assert found.loc[6, "so_far"] == "reached"
    assert (found.loc[1, "actual"], found.loc[1, "actual_year"], found.loc[1, "source"]) == (46, 2013, "annual_report")
    assert found.loc[1, "indicator"]["nn"] == "full_time nn"


def test_targets_are_told_in_words_with_their_verdict(study):
    told = with_tables(study, targets=make_targets(), annual_reports=make_reports(), codebook=BOOK)
    found = deep_dive.own_targets(told, deep_dive.find_case(told, told.municipalities, "alone"))
    said = [Words("en").plain(note.text, **note.given) for note in deep_dive.in_words(found)]
    assert (
        said[0]
        == "Full_time en: from 40.0 to 45.0, by 2013. Measured at 46.0 in 2013 (source: annual report). Reached."
    )
    assert said[2].endswith("Not reached.")
    assert said[3] == "A target without an indicator, by 2013. Cannot be assessed (not quantified)."
    assert said[5].endswith("Cannot be assessed (not yet due); at the last measurement reached.")
    joint = deep_dive.own_targets(told, deep_dive.find_case(told, told.municipalities, "joint"))
    said = [Words("nb").plain(note.text, **note.given) for note in deep_dive.in_words(joint)]
    assert [one.split(",")[0] for one in said] == ["Askvær", "Bergsund"]
    assert deep_dive.in_words(found.iloc[:0]) == ()


def test_sick_leave_targets_are_judged_by_the_statistics(study):
    told = with_tables(study, targets=make_targets(), codebook=BOOK)
    found = deep_dive.own_targets(told, deep_dive.find_case(told, told.municipalities, "joint"))
    assert found["municipality"].tolist() == ["0061", "0062"]
    assert found["actual"].iloc[0] == pytest.approx(rate_by_hand(study, ["0061"], "2013Q1", "2013Q4"))
    assert found["source"].tolist() == ["statistics", "statistics"]
    assert found["goal"].tolist() == ["reached", "not_reached"]


@pytest.mark.parametrize(
    ("baseline", "level", "actual", "direction", "wanted"),
    [
        (9.0, 8.0, 8.0, "lower", "reached"),
        (9.0, 8.0, 8.5, "lower", "partly"),
        (9.0, 8.0, 8.6, "lower", "not_reached"),
        (9.0, 8.0, 9.9, "lower", "not_reached"),
        (40.0, 50.0, 45.0, "higher", "partly"),
        (40.0, 50.0, 51.0, "higher", "reached"),
        (None, 50.0, 45.0, "higher", "not_reached"),
        (40.0, 50.0, np.nan, "higher", "cannot_assess"),
    ],
)
def test_a_target_is_reached_partly_reached_or_not(baseline, level, actual, direction, wanted):
    assert judge({"kind": "level", "baseline": baseline}, level, actual, direction)[0] == wanted


def test_what_a_study_does_not_hold_was_not_measured(study):
    case = deep_dive.find_case(study, study.municipalities, "alone")
    assert deep_dive.own_targets(study, case).empty
    assert deep_dive.measures_taken(study, case).empty
    assert "vacancy_rate" not in set(deep_dive.compare(study, "alone").gaps["outcome"])


def test_measures_come_with_the_main_one_first(study):
    rows = [("A", "full_time", 2012, "training", "plan"), ("A", "full_time", 2013, "training", "training")]
    rows += [("A", "full_time", 2013, "training", "plan"), ("J", "sick_leave", 2013, "plan", "plan")]
    table = pd.DataFrame(rows, columns=["project", "theme", "year", "main_measure", "measure"])
    told = with_tables(study, measures=table, codebook=BOOK)
    found = deep_dive.measures_taken(told, deep_dive.find_case(told, told.municipalities, "alone"))
    assert [words["en"] for words in found["measure"]] == ["training en", "plan en"]
    assert found["main"].tolist() == [True, False]
    assert found["first_year"].tolist() == [2013, 2012]


# Vacancies and reputation


def test_vacancies_and_reputation_are_compared_when_they_are_measured(study):
    rng = np.random.default_rng(5)
    codes = [town[0] for town in TOWNS]
    rows = [
        (code, year, "education", rng.integers(50, 90), rng.integers(1, 9)) for code in codes for year in (2011, 2013)
    ]
    vacancies = pd.DataFrame(rows, columns=["municipality", "year", "sector", "employees", "vacant"])
    people = [(code, year, *rng.integers(1, 6, 2)) for code in codes for year in (2010, 2013) for _ in range(12)]
    reputation = pd.DataFrame(people, columns=["municipality", "year", "item_1", "item_2"]).astype(
        {"item_1": float, "item_2": float}
    )
    told = with_tables(study, vacancies=vacancies, reputation=reputation, codebook=BOOK)
    found = deep_dive.compare(told, "alone")
    row, mine = found.gap("vacancy_rate"), vacancies[vacancies["municipality"] == "0061"].set_index("year")
    rate = 100 * mine["vacant"] / mine["employees"]
    assert (row["before"], row["after"]) == pytest.approx((rate[2011], rate[2013]))
    assert row["persons"] == mine["employees"].min()
    index = reputation[reputation["municipality"] == "0061"].copy()
    index["score"] = (index["item_1"] + 6 - index["item_2"]) / 2
    row = found.gap("reputation_index")
    assert row["after"] == pytest.approx(index.loc[index["year"] == 2013, "score"].mean())
    assert row["persons"] == 12


# The course of a case


def test_the_timeline_tells_what_the_programme_and_the_events_tell(study):
    events = pd.DataFrame(
        [("alone", "2012-05-01", "new_leader", "ny"), ("joint", "2012-06-01", "new_leader", None)],
        columns=["case", "date", "event", "note"],
    ).assign(date=lambda f: pd.to_datetime(f["date"]))
    told = with_tables(study, events=events, codebook=BOOK)
    found = deep_dive.timeline(told, deep_dive.find_case(told, told.municipalities, "alone"))
    assert found.rows["what"].tolist() == ["local_work", "new_leader"]
    assert found.rows["start"].iloc[0] == pd.Timestamp("2012-01-01")
    assert found.rows["end"].iloc[0] == pd.Timestamp("2013-12-31")
    assert found.labels == {"new_leader": {"nb": "new_leader nb", "nn": "new_leader nn", "en": "new_leader en"}}


# Side by side


@pytest.fixture(scope="module")
def across(study) -> deep_dive.AcrossCases:
    return deep_dive.across(study)


def test_every_case_stands_beside_every_outcome_measured(across):
    cells = across.cells.set_index(["case", "outcome"])
    assert set(cells.index.get_level_values("case")) == {"alone", "joint", "undated"}
    assert set(cells.index.get_level_values("outcome")) == {"sick_leave_rate", "full_time_share", "mean_size"}
    for (case, outcome), row in cells.iterrows():
        found = across.comparisons[case]
        source = found.synthetic.get(outcome)
        wanted = source.gap if source is not None else found.gap(outcome)["gap"]
        assert row["gap"] == pytest.approx(wanted)
        assert row["method"] == ("synthetic" if source is not None else "peers")
        assert row["direction"] == ("down" if round(wanted, 2) < 0 else "up" if round(wanted, 2) > 0 else "level")
        assert (row["certainty"] == "clear") == bool(row["low"] > 0 or row["high"] < 0)
        if row["direction"] != "level":
            assert row["wanted"] == ("yes" if (row["direction"] == "down") == (outcome == "sick_leave_rate") else "no")
    assert across.clear == (cells["certainty"] == "clear").sum()
    assert across.expected == pytest.approx(0.05 * cells["low"].notna().sum())
    assert across.labels["joint"] == {
        "nb": "Askvær og Bergsund",
        "nn": "Askvær og Bergsund",
        "en": "Askvær and Bergsund",
    }


def test_cells_that_cannot_be_filled_are_told():
    late = make_study(last="2012Q4")
    found = deep_dive.across(late, cases=["alone", "joint"])
    note = next(note for note in found.notes if note.key == "cells_missing")
    assert note.given["cases"] == 2
    lacking = found.cells[found.cells["direction"] == "none"]
    assert set(lacking["case"]) == {"joint"}
    assert lacking["gap"].isna().all()


def test_what_reached_targets_share_is_counted(study):
    told = with_tables(study, targets=make_targets(), annual_reports=make_reports(), codebook=BOOK)
    found = deep_dive.across(told, cases=["alone", "joint"])
    goals = deep_dive.attainment(told, found.comparisons).set_index("case")
    assert goals.loc["alone", ["targets", "reached", "partly", "not_reached", "cannot_assess", "already"]].tolist() == [
        6, 1, 1, 1, 3, 1
    ]  # fmt: skip
    traits = deep_dive.traits_of_reached(told, found.comparisons).set_index(["trait", "value"])
    row = traits.loc["theme", "theme.full_time"]
    assert (row["cases"], row["targets"], row["assessed"], row["reached"]) == (1, 6, 3, 1)
    assert row["share"] == pytest.approx(100 / 3)
    assert deep_dive.traits_of_reached(study, found.comparisons).empty


def test_the_wilson_interval_is_the_one_of_statsmodels():
    from statsmodels.stats.proportion import proportion_confint

    for hits, count in ((0, 4), (2, 7), (9, 9)):
        wanted = proportion_confint(hits, count, method="wilson")
        assert wilson(hits, count) == pytest.approx(tuple(100 * end for end in wanted), abs=1e-9)
    assert np.isnan(wilson(0, 0)).all()


def test_the_funnels_of_all_mark_the_cases(study, across):
    level, change = deep_dive.among_all(study, across.comparisons)
    assert set(level.rows["mark"].dropna()) == {"alone", "joint", "undated"} & set(level.rows["municipality"])
    assert len(change.rows) == len(level.rows)
    assert deep_dive.among_all(study, across.comparisons, pd.Period("2009Q2", freq="Q-DEC")) is None


def test_unknown_outcomes_and_no_cases_are_refused_together(study):
    with pytest.raises(InputError, match=r"(?s)Unknown outcome.*no case"):
        deep_dive.across(study, cases=[], outcomes=["sick_leave"])


def test_the_coverage_break_is_told(study):
    late = make_study(last="2015Q4")
    late.positions = study.positions
    assert "coverage_break" in [note.key for note in deep_dive.compare(late, "alone").notes]
    assert "coverage_break" not in [note.key for note in deep_dive.compare(study, "alone").notes]
