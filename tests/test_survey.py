"""Surveys: each number against another route, a published example or a simulation with a known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from evaluation import load_study, survey
from evaluation.errors import InputError

# Six targets judged by four judges: table 2 of Shrout and Fleiss (1979).
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], dtype=float
)


def asked(count: int, lower: tuple[int, ...] = ()) -> pd.DataFrame:
    better = ["lower" if number in lower else "higher" for number in range(1, count + 1)]
    names = [f"item_{number}" for number in range(1, count + 1)]
    return pd.DataFrame({"item": names, "group": "one", "better": better, "nb": names, "nn": names, "en": names})


def answered(values: np.ndarray, **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(values, columns=[f"item_{number}" for number in range(1, values.shape[1] + 1)])
    return frame.assign(status="answered", **columns)


@pytest.fixture
def drawn():
    """Four municipalities; the young answer less and think less."""
    rng = np.random.default_rng(3)
    size = 4_000
    frame = pd.DataFrame(
        {
            "municipality": rng.choice(["0001", "0002", "0003", "0004"], size),
            "year": 2011,
            "sex": rng.choice(["men", "women"], size),
            "age": rng.choice(["18-34", "35-66", "67+"], size),
        }
    )
    frame["thinks"] = 3 + 0.6 * (frame["age"] == "67+") + 0.1 * (frame["sex"] == "women") + rng.normal(size=size)
    chance = frame["age"].map({"18-34": 0.25, "35-66": 0.5, "67+": 0.8})
    frame["status"] = np.where(rng.random(size) < chance, "answered", "not_answered")
    return frame


def test_items_come_from_the_codebook_in_its_order_and_only_those_of_the_table():
    study = load_study("data/demo", as_of="2013-12-31", division=2013)
    for which in ("reputation", "survey"):
        found = survey.items(study, which)
        listed = study.codebook[study.codebook["list"] == which]
        assert list(found["item"]) == [code for code in listed["code"] if code in getattr(study, which)]
        assert list(found["nn"]) == list(listed["nn"])
    with pytest.raises(InputError, match="Choose one of: reputation, survey"):
        survey.items(study, "staff")


def test_items_put_the_other_way_are_turned_and_the_answers_given_are_not_touched():
    answers = answered(np.array([[1.0, 2.0], [np.nan, 5.0]]))
    before = answers.copy()
    turned = survey.turned(answers, asked(2, lower=(2,)))
    assert list(turned["item_2"]) == [4.0, 1.0]
    assert turned["item_1"].equals(before["item_1"])
    assert answers.equals(before)


def test_every_item_that_cannot_be_turned_is_named_at_once():
    items = asked(3).assign(better=["higher", None, "higher"])
    with pytest.raises(InputError) as caught:
        survey.turned(answered(np.ones((2, 2))), items)
    assert [problem.column for problem in caught.value.problems] == ["item_3", "item_2"]
    with pytest.raises(InputError, match="no items"):
        survey.index(answered(np.ones((2, 2))), asked(0))


def test_the_index_is_the_mean_of_the_items_answered_if_they_are_enough():
    answers = answered(np.array([[1, 5, 3, 4.0], [2, np.nan, np.nan, 4], [2, np.nan, np.nan, np.nan]]))
    items = asked(4, lower=(2,))
    assert survey.index(answers, items).tolist()[:2] == [(1 + 1 + 3 + 4) / 4, 3.0]
    assert np.isnan(survey.index(answers, items)[2])
    assert survey.index(answers, items, at_least=1).notna().tolist() == [True, False, False]
    with pytest.raises(InputError, match="at_least"):
        survey.index(answers, items, at_least=0)


def test_shares_of_answers_count_every_step_and_add_up():
    answers = answered(np.array([[1, 5.0], [1, 4], [3, np.nan]]), year=2011)
    found = survey.answer_shares(answers, asked(2), ["year"])
    assert len(found) == 2 * 5
    assert found.groupby("item")["share"].sum().tolist() == pytest.approx([100, 100])
    one = found[found["item"] == "item_1"].set_index("answer")
    assert one["persons"].to_dict() == {1: 2, 2: 0, 3: 1, 4: 0, 5: 0}
    assert one["respondents"].unique().tolist() == [3]


def test_the_response_rate_counts_partial_answers_and_everybody_asked():
    status = ["answered"] * 40 + ["partly"] * 5 + ["not_answered"] * 55
    answers = pd.DataFrame({"status": status, "year": 2011})
    row = survey.response(answers, ["year"]).iloc[0]
    assert row[["invited", "answered", "partly"]].tolist() == [100, 40, 5]
    assert row["response_rate"] == pytest.approx(45)
    z, p, n = 1.959963984540054, 0.45, 100
    middle, half = (
        (p + z**2 / (2 * n)) / (1 + z**2 / n),
        z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n),
    )
    assert row[["low", "high"]].tolist() == pytest.approx([100 * (middle - half), 100 * (middle + half)])
    assert survey.response(answers)[["invited", "answered", "partly"]].iloc[0].tolist() == [100, 40, 5]
    with pytest.raises(InputError, match="column role"):
        survey.response(answers, ["role"])


def test_alpha_is_that_of_a_published_example_and_of_the_analysis_of_variance():
    found = survey.reliability(answered(SHROUT_FLEISS), asked(4))
    assert round(found.alpha, 2) == 0.91  # ICC(3,4) of Shrout and Fleiss (1979), table 4
    people, judges = SHROUT_FLEISS.shape
    rest = SHROUT_FLEISS - SHROUT_FLEISS.mean(1, keepdims=True) - SHROUT_FLEISS.mean(0) + SHROUT_FLEISS.mean()
    between = judges * ((SHROUT_FLEISS.mean(1) - SHROUT_FLEISS.mean()) ** 2).sum() / (people - 1)
    assert found.alpha == pytest.approx(1 - (rest**2).sum() / ((people - 1) * (judges - 1)) / between)  # Hoyt (1941)


def test_alpha_of_each_item_left_out_and_its_correlation_with_the_rest_by_plain_pandas():
    rng = np.random.default_rng(1)
    values = np.clip(np.round(3 + rng.normal(size=(300, 1)) + rng.normal(size=(300, 4))), 1, 5)
    values[:, 3] = 6 - values[:, 3]
    found = survey.reliability(answered(values), asked(4, lower=(4,)))
    frame = pd.DataFrame(values).assign(**{"3": 6 - values[:, 3]}).drop(columns=3).set_axis(range(4), axis=1)
    for place, row in found.by_item.iterrows():
        others = frame.drop(columns=place)
        assert row["item_rest_correlation"] == pytest.approx(frame[place].corr(others.sum(axis=1)))
        covariance = others.cov().to_numpy()
        assert row["alpha_without"] == pytest.approx(1.5 * (1 - np.trace(covariance) / covariance.sum()))
    index = frame.mean(axis=1)
    assert found.standard_error_of_measurement == pytest.approx(index.std() * np.sqrt(1 - found.alpha))


def test_feldts_interval_covers_the_true_alpha_as_often_as_it_says():
    rng = np.random.default_rng(11)
    items, covered, draws = asked(6), 0, 400
    truth = 6 * 0.4 / (1 + 5 * 0.4)  # six items that correlate by 0.4
    for _ in range(draws):
        values = np.sqrt(0.4) * rng.normal(size=(60, 1)) + np.sqrt(0.6) * rng.normal(size=(60, 6))
        found = survey.reliability(answered(values), items)
        covered += found.low < truth < found.high
    assert abs(covered / draws - 0.95) < 3 * np.sqrt(0.95 * 0.05 / draws)


def test_only_those_who_answered_all_count_and_too_few_are_refused():
    values = SHROUT_FLEISS.copy()
    values[0, 0] = np.nan
    assert survey.reliability(answered(values), asked(4)).respondents == 5
    with pytest.raises(InputError, match="there are 1 and 6"):
        survey.reliability(answered(SHROUT_FLEISS[:, :1]), asked(1))
    with pytest.raises(InputError, match="same index"):
        survey.reliability(answered(np.ones((9, 3))), asked(3))


def test_weights_are_drawn_by_answered_in_each_cell_and_add_up_to_those_drawn(drawn):
    found = survey.weights(drawn, fewest=1, largest=50)
    keys = ["municipality", "year", "sex", "age"]
    reached = (drawn["status"] == "answered").groupby([drawn[key] for key in keys]).transform("sum")
    expected = drawn.groupby(keys)["status"].transform("size") / reached
    here = drawn["status"] == "answered"
    assert found.weight[here].tolist() == pytest.approx(expected[here].tolist())
    assert found.weight[~here].isna().all()
    assert found.weight.groupby(drawn["municipality"]).sum().tolist() == pytest.approx(
        drawn["municipality"].value_counts().sort_index().tolist()
    )
    assert found.groups[["collapsed", "trimmed"]].sum().tolist() == [0, 0]
    known = found.weight.dropna()
    assert found.design_effect == pytest.approx(1 + known.var(ddof=0) / known.mean() ** 2)


def test_weights_mend_non_response_that_the_cells_tell_of(drawn):
    answers = drawn.assign(weight=survey.weights(drawn).weight)
    here = answers["status"] == "answered"
    truth = drawn["thinks"].mean()
    error = drawn["thinks"].std() / np.sqrt(here.sum())
    assert answers.loc[here, "thinks"].mean() - truth > 4 * error
    assert abs(np.average(answers.loc[here, "thinks"], weights=answers.loc[here, "weight"]) - truth) < 2.5 * error


def test_small_cells_are_joined_to_a_neighbour_of_the_same_sex_and_nobody_is_lost():
    rows = [
        ("men", "a", 20, 10),
        ("men", "b", 10, 2),
        ("men", "c", 30, 12),
        ("women", "a", 20, 11),
        ("women", "b", 10, 0),
    ]
    parts = [
        pd.DataFrame({"sex": sex, "age": age, "status": ["answered"] * reached + ["not_answered"] * (asked_ - reached)})
        for sex, age, asked_, reached in rows
    ]
    answers = pd.concat(parts, ignore_index=True).assign(municipality="0001", year=2011)
    found = survey.weights(answers, fewest=5)
    each = found.weight.groupby([answers["sex"], answers["age"]]).first()
    assert each[("men", "a")] == each[("men", "b")] == pytest.approx(30 / 12)
    assert each[("men", "c")] == pytest.approx(30 / 12)
    assert each[("women", "a")] == pytest.approx(30 / 11)
    assert found.groups[["drawn", "answered", "classes", "collapsed"]].iloc[0].tolist() == [90, 35, 3, 2]
    assert found.weight.sum() == pytest.approx(90)


def test_weights_are_trimmed_at_the_bound_and_what_is_cut_off_is_laid_on_the_others():
    status = ["answered"] * 50 + ["not_answered"] * 10 + ["answered"] * 2 + ["not_answered"] * 78
    answers = pd.DataFrame(
        {"sex": ["men"] * 60 + ["women"] * 80, "status": status, "municipality": "0001", "year": 2011}
    )
    found = survey.weights(answers, cells=["sex"], fewest=1, largest=2)
    known = found.weight.dropna()
    assert known.max() == pytest.approx(2 * 140 / 52)
    assert known.sum() == pytest.approx(140)
    assert found.groups["trimmed"].tolist() == [2]
    assert "2 trimmed at 2 times the mean" in repr(found)


def test_weights_can_stand_for_the_population_instead(drawn):
    population = drawn.groupby(["municipality", "year", "sex", "age"]).size().rename("persons").reset_index()
    population["persons"] = np.arange(1, len(population) + 1) * 100
    found = survey.weights(drawn, population=population, fewest=1, largest=50)
    assert found.weight.groupby(drawn["municipality"]).sum().tolist() == pytest.approx(
        population.groupby("municipality")["persons"].sum().tolist()
    )
    with pytest.raises(InputError, match="lacks a cell"):
        survey.weights(drawn, population=population.iloc[1:])


def test_what_weights_cannot_be_made_of_is_told_together(drawn):
    broken = drawn.drop(columns="sex").assign(age=drawn["age"].mask(drawn.index < 3))
    with pytest.raises(InputError) as caught:
        survey.weights(broken, fewest=0, largest=1)
    text = str(caught.value)
    assert all(
        part in text for part in ("column sex", "not known of everybody drawn", "at least one answer", "above the mean")
    )
    with pytest.raises(InputError, match="Nobody was drawn"):
        survey.weights(drawn.iloc[:0])


def test_means_are_those_of_weighted_least_squares_with_clustered_errors(drawn):
    answers = drawn[drawn["status"] == "answered"].assign(
        weight=lambda frame: np.linspace(1, 3, len(frame)), place=lambda frame: frame.index % 23
    )
    found = survey.means(answers, "thinks", by=["sex"], weights="weight", cluster="place").set_index("sex")
    for sex, group in answers.groupby("sex"):
        fit = smf.wls("thinks ~ 1", group, weights=group["weight"]).fit(
            cov_type="cluster", cov_kwds={"groups": group["place"]}
        )
        assert found.loc[sex, "mean"] == pytest.approx(fit.params.iloc[0])
        assert found.loc[sex, "standard_error"] == pytest.approx(fit.bse.iloc[0])
        assert found.loc[sex, ["respondents", "municipalities"]].tolist() == [len(group), 23]
    alone = survey.means(answers.assign(place=1), "thinks", cluster="place").iloc[0]
    assert alone["mean"] == pytest.approx(answers["thinks"].mean())
    assert np.isnan(alone["standard_error"])


def test_the_interval_of_a_mean_covers_the_truth_although_answers_of_a_municipality_are_alike():
    rng = np.random.default_rng(5)
    covered, naive, draws = 0, 0, 300
    place = np.repeat(np.arange(25), 30)
    for _ in range(draws):
        values = 3 + 0.3 * rng.normal(size=25)[place] + 0.7 * rng.normal(size=len(place))
        answers = pd.DataFrame({"index": values, "municipality": place})
        row = survey.means(answers, "index").iloc[0]
        covered += row["low"] < 3 < row["high"]
        naive += abs(values.mean() - 3) < 1.96 * values.std() / np.sqrt(len(values))
    assert abs(covered / draws - 0.95) < 3 * np.sqrt(0.95 * 0.05 / draws)
    assert naive / draws < 0.7


def test_placement_is_that_of_a_published_example():
    rows = [(target, value) for target, values in enumerate(SHROUT_FLEISS) for value in values]
    found = survey.placement(pd.DataFrame(rows, columns=["municipality", "index"]), "index")
    assert round(found.icc, 2) == 0.17  # ICC(1,1) of Shrout and Fleiss (1979), table 4
    assert round(found.reliability, 2) == 0.44  # ICC(1,4)
    assert [round(found.low, 2), round(found.high, 2)] == [-0.13, 0.72]  # as R's psych::ICC gives for these data
    assert (found.respondents, found.municipalities, found.answers) == (24, 6, pytest.approx(4))


def test_placement_finds_the_spread_it_was_given_and_how_far_a_mean_may_be_off():
    rng = np.random.default_rng(8)
    size = rng.integers(40, 160, 400)
    place = np.repeat(np.arange(400), size)
    true = 0.2 * rng.normal(size=400)
    answers = pd.DataFrame({"municipality": place, "index": 3 + true[place] + 0.7 * rng.normal(size=len(place))})
    found = survey.placement(answers, "index")
    assert found.between == pytest.approx(0.2, abs=0.02)
    assert found.within == pytest.approx(0.7, abs=0.01)
    off = answers.groupby("municipality")["index"].mean() - 3 - true
    assert found.measurement_error(100) == pytest.approx(np.sqrt((off**2 * size).mean() / 100), rel=0.1)
    assert found.reliability_of(found.answers_for(0.8)) == pytest.approx(0.8)
    assert found.passed(found.between) == pytest.approx(34.13, abs=0.01)
    weighted = survey.placement(answers.assign(weight=np.where(answers.index % 2, 1.0, 3.0)), "index", weights="weight")
    assert weighted.design_effect == pytest.approx(1.25, abs=0.01)
    assert weighted.answers_for(0.8) == pytest.approx(weighted.design_effect * found.answers_for(0.8))


def test_municipalities_that_are_alike_cannot_be_told_apart_by_any_number_of_answers():
    answers = pd.DataFrame({"municipality": [1, 1, 2, 2], "index": [1.0, 5.0, 2.0, 4.0]})
    found = survey.placement(answers, "index")
    assert found.between == 0
    assert found.answers_for(0.8) == np.inf
    assert np.isnan(found.passed(0.1))
    with pytest.raises(InputError, match="2 answers in 2 municipalities"):
        survey.placement(answers.iloc[[0, 2]], "index")
