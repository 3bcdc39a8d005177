"""Other reasonable choices: who is compared, which outcome, what the theme adds. Each recomputed by another route."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evaluation import did, load_study, sick_leave
from evaluation.errors import EstimationError, InputError
from evaluation.sick_leave.controls import nearest, same_group


@pytest.fixture(scope="module")
def study():
    return load_study("data/demo", as_of="2015-12-31", division=2013)


@pytest.fixture
def panel():
    """Six municipalities over eight quarters, two treated from the fifth; level and trend chosen by hand."""
    level = {"0001": 8.0, "0002": 10.0, "0003": 8.1, "0004": 9.9, "0005": 6.0, "0006": 12.0}
    rows = [
        (code, quarter, start + 0.1 * (code in ("0001", "0003")) * quarter, 5 if code in ("0001", "0002") else 0)
        for code, start in level.items()
        for quarter in range(1, 9)
    ]
    frame = pd.DataFrame(rows, columns=["municipality", "period", "rate", "first_treated"])
    return frame.assign(agreed_days=1000.0, lost_days=10 * frame["rate"])


def _by_hand(panel):
    """Level and yearly trend before the first start, apart from the mean of the quarter, one municipality at a time."""
    early = panel[panel["period"] < 5]
    apart = early["rate"] - early["period"].map(early.groupby("period")["rate"].mean())
    found = {}
    for code, rows in early.groupby("municipality"):
        slope = np.polyfit(rows["period"], apart[rows.index], 1)[0]
        found[code] = (100 * rows["lost_days"].sum() / rows["agreed_days"].sum(), 4 * slope)
    return found


def test_matching_picks_the_nearest_in_level_and_trend_as_brute_force_does(panel):
    places = _by_hand(panel)
    treated = ["0001", "0002"]
    spread = np.std([places[code] for code in treated], axis=0, ddof=1)
    pool = ["0003", "0004", "0005", "0006"]
    expected = {}
    for mine in treated:
        apart = {code: np.hypot(*((np.array(places[mine]) - places[code]) / spread)) for code in pool}
        for code in sorted(apart, key=apart.get)[:2]:
            expected[code] = expected.get(code, 0) + 0.5
    weights = nearest(panel, neighbours=2).weights
    assert weights.drop(treated).to_dict() == expected
    assert (weights[treated] == 1).all()


def test_matching_does_not_depend_on_the_order_of_rows_or_the_unit_of_the_rate(panel):
    expected = nearest(panel, 2).weights
    shuffled = panel.sample(frac=1, random_state=1)
    pd.testing.assert_series_equal(nearest(shuffled, 2).weights, expected)
    shares = panel.assign(rate=panel["rate"] / 100, lost_days=panel["lost_days"] / 100)
    pd.testing.assert_series_equal(nearest(shares, 2).weights, expected)


def test_matching_with_too_few_controls_says_how_many_there_are(panel):
    with pytest.raises(EstimationError, match=r"only 4 controls.*Ask for at most 4"):
        nearest(panel, neighbours=5)


def test_controls_of_the_same_group_count_as_often_as_the_treated_do(panel):
    groups = pd.Series({"0001": "a", "0002": "b", "0003": "a", "0004": "a", "0005": "b", "0006": "c"})
    found = same_group(panel, groups)
    assert found.weights.to_dict() == {"0001": 1, "0002": 1, "0003": 0.5, "0004": 0.5, "0005": 1}
    assert found.dropped["municipalities"].tolist() == [1]


def test_no_control_in_any_group_of_the_treated_is_refused(panel):
    with pytest.raises(EstimationError, match="KOSTRA group"):
        same_group(panel, pd.Series({"0001": "a", "0002": "a"} | dict.fromkeys(["0003", "0004", "0005", "0006"], "b")))


def test_neither_changes_the_panel(panel):
    before = panel.copy(deep=True)
    nearest(panel, 2)
    same_group(panel, pd.Series(dict.fromkeys(panel["municipality"].unique(), "a")))
    pd.testing.assert_frame_equal(panel, before)


def test_matched_controls_are_alike_before_where_all_others_are_not(study):
    plain = sick_leave.panel(study).balance.set_index("characteristic")["standardised_difference"].abs()
    matched = sick_leave.panel(study, controls="matched").balance.set_index("characteristic")["standardised_difference"]
    assert plain["level"] > 0.5
    assert (matched.abs() < 0.15).all()


def test_the_triple_difference_is_that_of_a_regression_with_dummies(study):
    import statsmodels.formula.api as smf

    found = sick_leave.triple_difference(study)
    data = sick_leave.panel(study, theme=None).data
    start = data["municipality"].map(study.programme.first_treated("sick_leave"))
    first = np.array([0 if pd.isna(quarter) else quarter.ordinal for quarter in start])
    data = data.assign(
        taking_part=((data["first_treated"] > 0) & (data["period"] >= data["first_treated"])).astype(float),
        on_theme=((first > 0) & (data["period"] >= first)).astype(float),
    )
    fitted = smf.ols("rate ~ on_theme + taking_part + C(municipality) + C(period)", data).fit(
        cov_type="cluster", cov_kwds={"groups": pd.factorize(data["municipality"])[0]}
    )
    assert found.value == pytest.approx(fitted.params["on_theme"], abs=1e-9)
    # statsmodels counts the municipality effects as parameters, although they are nested in the clusters.
    n, units, periods = len(data), data["municipality"].nunique(), data["period"].nunique()
    convention = np.sqrt((n - units - periods - 1) / (n - periods - 2))
    assert found.standard_error == pytest.approx(fitted.bse["on_theme"] * convention, rel=1e-6)


def test_the_theme_adds_what_the_truth_says_and_other_themes_add_nothing(study):
    added = sick_leave.triple_difference(study)
    assert added.low < -0.261 < added.high
    placebo = sick_leave.placebo_themes(study, method="imputation")
    assert set(placebo["theme"]) == {"full_time", "recruitment", "reputation"}
    assert ((placebo["low"] < 0) & (placebo["high"] > 0)).all()


def test_a_triple_difference_needs_participants_without_the_theme(study):
    with pytest.raises(InputError):
        sick_leave.triple_difference(study, theme="nothing")


def test_p_values_of_many_outcomes_are_adjusted_and_the_prespecified_one_is_not(study):
    table = sick_leave.by_outcome(study, last="2014Q4").set_index("outcome")
    assert table.loc["total", "p_holm"] == table.loc["total", "p_value"]
    others = table.drop(index="total")
    ranked = others["p_value"].sort_values()
    holm = np.minimum(1, np.maximum.accumulate(ranked.to_numpy() * np.arange(len(ranked), 0, -1)))
    np.testing.assert_allclose(others.loc[ranked.index, "p_holm"], holm)
    parts = table.loc[["self_certified", "doctor_certified"], "estimate"].sum()
    assert parts == pytest.approx(table.loc["total", "estimate"], abs=1e-9)
    bands = table.loc[["days_1_3", "days_4_10", "days_11_40", "days_over_40"], "estimate"].sum()
    assert bands == pytest.approx(table.loc["total", "estimate"], abs=2e-3)


def test_the_specification_curve_is_every_combination_and_marks_the_prespecified_one(study, monkeypatch):
    from evaluation.sick_leave import specifications

    fewer = {name: dict(list(options.items())[:2]) for name, options in specifications.CHOICES.items()}
    fewer["method"] = {"imputation": {"method": "imputation"}}
    monkeypatch.setattr(specifications, "CHOICES", fewer)
    curve = sick_leave.specification_curve(study, last="2014Q4")
    assert len(curve) == 1 * 2 * 2 * 2
    assert curve["estimate"].is_monotonic_increasing
    chosen = curve[curve["prespecified"]]
    assert len(chosen) == 1
    lead = sick_leave.effect(study, last="2014Q4", **sick_leave.PRESPECIFIED).overall
    assert chosen["estimate"].item() == pytest.approx(lead.value, abs=1e-12)


def test_alternatives_differ_in_one_respect_and_anticipation_reaches_back_to_the_application(study):
    assert sick_leave.anticipation_quarters(study) == 2
    table = sick_leave.alternatives(study, last="2013Q4", newest="2014Q4").set_index("specification")
    assert {"prespecified", "anticipation", "matched", "through_coverage_break"} <= set(table.index)
    by_hand = sick_leave.effect(study, last="2013Q4", method="imputation", anticipation=2).overall
    assert table.loc["anticipation", "estimate"] == pytest.approx(by_hand.value, abs=1e-12)
    assert isinstance(by_hand, did.Estimate)


def test_alternatives_agree_only_when_all_intervals_say_the_same():
    frame = pd.DataFrame({"low": [-2.0, -1.0], "high": [-1.0, -0.5]})
    assert sick_leave.same_conclusion(frame)
    assert not sick_leave.same_conclusion(frame.assign(high=[-1.0, 0.5]))
    assert sick_leave.same_conclusion(frame.assign(high=[1.0, 0.5]))


def test_a_group_of_an_effect_is_named_by_its_intake(study):
    effects = sick_leave.effect(study, last="2014Q4", method="imputation")
    table = sick_leave.by_intake(effects, study)
    assert table["intake"].tolist() == ["1", "2"]
    assert [str(quarter) for quarter in table["started"]] == ["2012Q1", "2013Q1"]
    assert table["estimate"].tolist() == effects.by_group["estimate"].tolist()


@pytest.fixture(scope="module")
def checks(study):
    return sick_leave.certainty(study, last="2014Q4", draws=499, replications=100)


def test_certainty_asks_every_question_of_the_same_municipalities(study, checks):
    data = sick_leave.panel(study, last="2014Q4").data
    quarters = data["period"].nunique()
    assert checks.complete == (data.groupby("municipality").size() == quarters).sum()
    assert checks.randomised.units == checks.wild.units == checks.complete
    lead = sick_leave.effect(study, last="2014Q4", **sick_leave.PRESPECIFIED).overall
    assert checks.without_each_municipality.full.value == pytest.approx(lead.value, abs=1e-12)
    assert len(checks.without_each_municipality.estimates) == lead.treated
    assert len(checks.without_each_intake.estimates) == 2


def test_a_true_effect_survives_what_a_referee_asks(checks):
    assert checks.randomised.p_value < 0.01
    assert checks.randomised.low < -0.261 < checks.randomised.high
    assert checks.wild.p_value < 0.01
    assert checks.pre_trends.p_value > 0.05
    assert checks.placebo_dates.found == 0
    assert 0.1 < checks.detectable.value < 0.4


def test_bounds_widen_as_more_failure_of_parallel_trends_is_allowed(checks):
    for _, rows in checks.bounds().groupby("restriction"):
        widths = (rows["high"] - rows["low"]).to_numpy()
        assert (np.diff(widths) > 0).all()


def test_man_years_are_worth_their_price_and_a_price_is_needed(study):
    effect = sick_leave.effect(study, last="2014Q4", **sick_leave.PRESPECIFIED).overall
    back = sick_leave.man_years_back(effect, 1_000_000)
    worth = back.worth(500_000)
    assert worth.value == pytest.approx(back.value * 500_000)
    assert worth.low < worth.value < worth.high
    with pytest.raises(InputError, match="price"):
        back.worth(0)
