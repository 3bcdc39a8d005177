"""Cooperation: scores and agreement by hand, imputed effects, moderation found where it is and only there."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from benchmarks import cooperation_moderation as proof
from evaluation import cooperation, did, load_study, survey
from evaluation.demo import cooperation as parties
from evaluation.errors import EstimationError, InputError

ROOT = Path(__file__).parents[1]
BEFORE_BREAK = {"sick_leave_rate": pd.Period("2014Q4")}


@cache
def study(as_of="2015-12-31"):
    return load_study(ROOT / "data" / "demo", as_of=as_of, division=2013)


@cache
def found(as_of="2015-12-31"):
    return cooperation.succeeded(study(as_of), index="cooperation", last=BEFORE_BREAK)


def of(tests, moderator, outcome):
    return tests[(tests["moderator"] == moderator) & (tests["outcome"] == outcome)].iloc[0]


# --- the mixed model ---


def grouped(seed=1, groups=12, size=5, between=1.0):
    generator = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), size)
    return between * generator.normal(size=groups)[group] + generator.normal(size=groups * size), group


def test_the_mixed_model_is_the_analysis_of_variance_where_it_is_balanced():
    y, group = grouped()
    means = y.reshape(12, 5).mean(axis=1)
    between = 5 * means.var(ddof=1)
    within = ((y.reshape(12, 5) - means[:, None]) ** 2).sum() / (60 - 12)
    fit = cooperation.mixed(y, np.ones((60, 1)), group)
    assert fit.coefficients[0] == pytest.approx(y.mean())
    assert fit.within == pytest.approx(within, rel=1e-4)
    assert fit.between == pytest.approx((between - within) / 5, rel=1e-3)
    assert fit.covariance[0, 0] == pytest.approx(between / 60, rel=1e-3)
    assert fit.contrast(np.ones(1))[2] == 11


@pytest.mark.parametrize("weighted", [False, True])
def test_the_mixed_model_is_that_of_statsmodels_where_groups_differ(weighted):
    generator = np.random.default_rng(4)
    y, group = grouped(seed=3)
    weight = generator.uniform(0.5, 4, 60) if weighted else np.ones(60)
    x = np.column_stack([np.ones(60), generator.normal(size=60)])
    root = np.sqrt(weight / weight.mean())
    other = sm.MixedLM(y * root, x * root[:, None], groups=group, exog_re=root[:, None]).fit(reml=True)
    fit = cooperation.mixed(y, x, group, weight)
    assert [fit.between, fit.within] == pytest.approx([other.cov_re[0, 0], other.scale], rel=1e-3)
    assert fit.coefficients == pytest.approx(other.fe_params, rel=1e-4)
    # statsmodels takes errors from the Hessian of all parameters, here they are those of known variances.
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(other.bse_fe, rel=1e-2)


def test_without_differences_between_groups_it_is_weighted_least_squares():
    generator = np.random.default_rng(5)
    y, group = generator.normal(size=40), np.tile(np.arange(8), 5)
    y = y - pd.Series(y).groupby(group).transform("mean").to_numpy()
    x = np.column_stack([np.ones(40), generator.normal(size=40)])
    weight = generator.uniform(1, 3, 40)
    for groups in (group, np.arange(40)):
        fit = cooperation.mixed(y, x, groups, weight)
        plain = sm.WLS(y, x, weights=weight).fit()
        assert fit.coefficients == pytest.approx(plain.params, abs=1e-4)
        assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(plain.bse, rel=1e-3)
    assert {fit.contrast(row)[2] for row in np.eye(2)} == {38}


def test_degrees_of_freedom_know_what_varies_within_groups():
    group = np.repeat(np.arange(6), 5)
    within, between = np.tile([1.0, 2, 3, 4, 5], 6), np.repeat(np.arange(6) % 2, 5).astype(float)
    fit = cooperation.mixed(grouped(groups=6)[0], np.column_stack([np.ones(30), within, between]), group)
    assert [fit.contrast(row)[2] for row in np.eye(3)] == [3, 30 - 7, 3]
    assert fit.contrast(np.array([0.0, 2.0, 0.0]))[1] == pytest.approx(2 * np.sqrt(fit.covariance[1, 1]))


def test_a_model_that_cannot_be_answered_for_is_refused():
    with pytest.raises(EstimationError, match="cannot answer for 2 coefficients"):
        cooperation.mixed(np.arange(5.0), np.ones((5, 2)), np.arange(5))


# --- scores and agreement ---


def people(cells, year=2013):
    """One person a (municipality, role, index)."""
    frame = pd.DataFrame(cells, columns=["municipality", "role", "cooperation"])
    return frame.assign(year=year, respondent=range(len(frame)))


def balanced(seed=2, municipalities=30):
    generator = np.random.default_rng(seed)
    level = {"manager": 0.3, "union": -0.2, "politician": 0.0}
    own = 0.8 * generator.normal(size=municipalities)
    return people(
        [
            (f"{place:04d}", role, 3 + own[place] + level[role] + 0.5 * generator.normal())
            for place in range(municipalities)
            for role in level
        ]
    )


def test_an_index_is_the_mean_of_turned_items_by_hand():
    told = cooperation.scores(study())
    items = survey.items(study(), "survey")
    row = study().survey.dropna(subset=list(items["item"])).iloc[7]
    mine = items[items["group"] == "cooperation"]
    pairs = mine[["item", "better"]].itertuples(index=False)
    by_hand = [6 - row[item] if better == "lower" else row[item] for item, better in pairs]
    one = told[(told["respondent"] == row["respondent"]) & (told["year"] == row["year"])]
    assert one["cooperation"].item() == pytest.approx(np.mean(by_hand))
    assert cooperation.groups(study()) == ["cooperation", "leadership", "benefits"]


def test_who_happened_to_answer_does_not_make_the_cooperation_better():
    cells = [("0001", "manager", 4.0), ("0001", "manager", 4.0), ("0002", "union", 3.0), ("0002", "union", 3.0)]
    cells += [
        (f"{place:04d}", role, 4.0 if role == "manager" else 3.0)
        for place in range(3, 9)
        for role in ("manager", "union")
    ]
    told = cooperation.municipal(people(cells), "cooperation")
    assert told["value"].to_numpy() == pytest.approx(3.5)


def test_municipalities_are_halved_at_the_middle_and_need_two_answers():
    cells = [(f"{place:04d}", "union", float(place)) for place in (1, 2, 3, 4) for _ in range(2)] + [
        ("0009", "union", 5.0)
    ]
    told = cooperation.municipal(people(cells), "cooperation").set_index("municipality")
    assert told["half"].to_dict() == {"0001": "low", "0002": "low", "0003": "high", "0004": "high"}
    assert told["standardised"].mean() == pytest.approx(0)
    assert told["standardised"].std(ddof=1) == pytest.approx(1)
    with pytest.raises(InputError, match=r"no such wave.*It has: 2013"):
        cooperation.municipal(people(cells), "cooperation", year=2014)
    with pytest.raises(InputError, match="Choose one of: cooperation"):
        cooperation.municipal(people(cells), "trust")


def test_in_a_balanced_wave_roles_differ_as_their_means_do():
    frame = balanced()
    told = cooperation.agreement(frame, "cooperation", year=2013).roles.set_index("role")
    means = frame.groupby("role")["cooperation"].mean()
    assert told["difference"].to_dict() == pytest.approx((means - means.mean()).to_dict(), abs=1e-6)
    table = anova_lm(smf.ols("cooperation ~ C(municipality) + C(role)", frame).fit())
    error = np.sqrt(table.loc["Residual", "mean_sq"] / 30 * (1 - 1 / 3))
    assert told["standard_error"].to_numpy() == pytest.approx(error, rel=1e-3)
    half = stats.t.ppf(0.975, 90 - 32) * error
    assert told["high"].to_numpy() - told["difference"].to_numpy() == pytest.approx(half, rel=1e-3)


def test_pairs_of_roles_are_paired_tests_and_correlations():
    frame = balanced()
    told = cooperation.agreement(frame, "cooperation", year=2013).pairs.set_index(["role", "other_role"])
    wide = frame.pivot_table(index="municipality", columns="role", values="cooperation")
    one = told.loc[("manager", "union")]
    test = stats.ttest_rel(wide["manager"], wide["union"])
    assert one["p_value"] == pytest.approx(test.pvalue)
    assert (one["low"], one["high"]) == pytest.approx(tuple(test.confidence_interval()))
    correlation = stats.pearsonr(wide["manager"], wide["union"])
    assert one["correlation"] == pytest.approx(correlation.statistic)
    ends = correlation.confidence_interval()
    assert (one["correlation_low"], one["correlation_high"]) == pytest.approx((ends.low, ends.high))


def test_intraclass_correlations_are_those_of_the_classical_formulas():
    frame = balanced()
    place = cooperation.agreement(frame, "cooperation", year=2013).placement
    adjusted = frame.assign(y=cooperation.role_adjusted(frame, "cooperation"))
    table = anova_lm(smf.ols("y ~ C(municipality)", adjusted).fit())
    between, within = table.loc["C(municipality)", "mean_sq"], table.loc["Residual", "mean_sq"]
    assert place.icc == pytest.approx((between - within) / (between + 2 * within))
    assert place.reliability == pytest.approx((between - within) / between)


def test_agreement_within_is_one_when_all_say_the_same_and_none_when_answers_are_random():
    items = pd.DataFrame({"item": ["item_1", "item_2"], "better": ["higher", "lower"]})
    rows = (
        [("0001", 4, 2)] * 3
        + [("0002", answer, 6 - answer) for answer in (1, 1, 5, 5)]
        + [("0003", 3, 3), ("0003", 4, 3)]
    )
    rows += [("0004", answer, 3) for answer in (2, 3, 4)]
    frame = pd.DataFrame(rows, columns=["municipality", "item_1", "item_2"])
    told = cooperation.within_group(frame, items).set_index("municipality")["agreement"]
    # Municipality 4: variances 1 and 0 against 2 at random leave 3/4; two items: 2 x 0.75 / (2 x 0.75 + 0.25).
    assert told.to_dict() == pytest.approx({"0001": 1.0, "0002": 0.0, "0004": 1.5 / 1.75})


def test_the_demonstration_s_roles_are_found():
    answered = cooperation.scores(study())
    waves = [
        cooperation.agreement(answered, "cooperation", year=year).roles.set_index("role") for year in parties.WAVES
    ]
    drawn = dict(zip(parties.ROLES, parties.ROLE_LEVEL - parties.ROLE_LEVEL.mean(), strict=True))
    for role, value in drawn.items():
        mean = np.mean([wave.loc[role, "difference"] for wave in waves])
        error = np.hypot(*(wave.loc[role, "standard_error"] for wave in waves)) / 2
        assert abs(mean - value) < 2.5 * error
    assert all(wave.loc["union", "high"] < 0 and wave.loc["union", "p_value"] < 0.01 for wave in waves)


def test_items_are_judged_on_the_better_side_by_plain_counting():
    told = cooperation.judged(study(), 2013).set_index("item")
    wave = cooperation.answers(study(), 2013)
    assert told.loc["item_1", "share"] == pytest.approx(100 * (wave["item_1"].dropna() >= 4).mean())
    assert told.loc["item_6", "share"] == pytest.approx(100 * (wave["item_6"].dropna() <= 2).mean())
    assert told["share"].is_monotonic_decreasing
    assert told.loc["item_9", "index"] == "benefits"


def test_reliability_is_told_for_every_index_of_the_codebook():
    told = cooperation.reliabilities(study(), 2013).set_index("index")
    asked = survey.items(study(), "survey")
    alpha = survey.reliability(cooperation.answers(study(), 2013), asked[asked["group"] == "benefits"])
    assert told.loc["benefits", "alpha"] == pytest.approx(alpha.alpha)
    assert told["items"].to_dict() == {"cooperation": 6, "leadership": 2, "benefits": 4}
    assert told["reliability"].between(0.4, 0.85).all()


# --- annual reports ---


def test_the_municipalities_own_scores_are_plain_means_and_follow_the_survey():
    told = cooperation.reported(study()).set_index("year")
    known = study().annual_reports.dropna(subset="cooperation")
    assert told["mean"].to_dict() == pytest.approx(known.groupby("year")["cooperation"].mean().to_dict())
    same = cooperation.same_story(study(), cooperation.municipal(cooperation.scores(study()), "cooperation", year=2013))
    assert same["low"] > 0.3


def test_what_should_be_strengthened_adds_up_and_is_of_the_latest_year():
    told = cooperation.strengthen(study())
    assert told["share"].sum() == pytest.approx(100)
    assert told["year"].unique().tolist() == [2014]
    low, _ = proportion_confint(told["reports"].iloc[0], told["of"].iloc[0], method="wilson")
    assert told["low"].iloc[0] == pytest.approx(100 * low)


def test_reports_without_a_score_are_no_scores():
    bare = SimpleNamespace(annual_reports=study().annual_reports.drop(columns=["cooperation", "strengthen"]))
    assert cooperation.reported(bare).empty
    assert cooperation.strengthen(bare).empty


# --- imputed effects ---


def simulated(seed=1, slope=0.0, spread=0.0, treated=60, situation="scale"):
    """A panel with effects of -0.3 + slope x trait + own spread, its traits and networks, and its effects."""
    generator = np.random.default_rng(seed)
    panel, trait, network = proof.simulated(generator, treated, 6, 0.0, situation)
    own = slope * trait + spread * pd.Series(generator.normal(size=len(trait)), index=trait.index)
    after = (panel["first_treated"] > 0) & (panel["period"] >= panel["first_treated"])
    panel["value"] += panel["municipality"].map(own).fillna(0.0).where(after, 0.0)
    return panel, trait, network


def effects_of(panel, **options):
    return cooperation.municipal_effects(panel, outcome="value", size="size", **options)


def test_the_effects_average_to_the_imputation_estimate():
    panel, _, _ = simulated()
    before = panel.copy()
    data = effects_of(panel).data
    overall = did.estimate(
        panel, outcome="value", unit="municipality", period="period", first_treated="first_treated", method="imputation"
    ).overall
    assert np.average(data["effect"], weights=data["after"]) == pytest.approx(overall.value, abs=1e-9)
    pd.testing.assert_frame_equal(panel, before)


def test_the_chance_of_single_effects_is_learnt_from_those_that_never_took_part():
    scores = []
    for seed in range(4):
        data = effects_of(simulated(seed)[0]).data
        scores += ((data["effect"] + 0.3) / data["standard_error"]).tolist()
    assert np.std(scores) == pytest.approx(1, abs=0.12)
    assert data["standard_error"].corr(data["size"], method="spearman") < -0.99


def test_spread_beyond_chance_is_found_where_it_is():
    none, much = (cooperation.spread(effects_of(simulated(3, spread=size)[0])) for size in (0.0, 0.8))
    assert none["p_value"] > 0.05
    assert much["p_value"] < 0.001
    assert much["true"] == pytest.approx(0.8, abs=0.2)


def test_groups_are_compared_with_the_same_controls():
    panel, trait, _ = simulated()
    found = effects_of(panel)
    told = found.by((trait > 0).map({True: "high", False: "low"})).set_index("group")
    own = panel[panel["first_treated"].eq(0) | panel["municipality"].isin(trait.index[trait > 0])]
    plain = did.estimate(
        own, outcome="value", unit="municipality", period="period", first_treated="first_treated", method="imputation"
    ).overall
    assert told.loc["high", "estimate"] == pytest.approx(plain.value)
    assert told.loc["high", "standard_error"] == pytest.approx(plain.standard_error)
    assert told["municipalities"].sum() == 60
    assert (told["n"] - told["municipalities"]).unique().tolist() == [290]


def test_those_that_start_after_the_panel_are_controls_until_then():
    panel, _, _ = simulated()
    early = panel[panel["period"] < proof.STARTS[1]]
    data = effects_of(early).data
    assert set(data["first_treated"]) == {proof.STARTS[0]}
    assert effects_of(early).controls == 320


def test_panels_that_cannot_answer_are_refused():
    panel, _, _ = simulated()
    with pytest.raises(EstimationError, match="0 municipalities are treated"):
        effects_of(panel.assign(first_treated=0))
    with pytest.raises(EstimationError, match="two rows in a period"):
        effects_of(pd.concat([panel, panel]))
    gone = panel["municipality"].eq("0000") & panel["period"].ge(proof.STARTS[0])
    found = effects_of(panel[~gone])
    assert found.dropped.to_dict("records") == [
        {"reason": "no figures before the start or none after it", "municipalities": 1}
    ]


# --- moderation ---


def test_moderation_is_recovered_within_its_interval():
    inside, values = 0, []
    for seed in range(12):
        panel, trait, network = simulated(seed, slope=0.25, spread=0.1)
        one = cooperation.moderation(effects_of(panel), trait, network=network).difference
        inside += one.low <= 0.25 <= one.high
        values.append(one.value)
    assert inside >= 10
    assert np.mean(values) == pytest.approx(0.25, abs=0.05)


def test_without_networks_moderation_is_weighted_least_squares():
    panel, trait, _ = simulated(2, slope=0.2)
    found = effects_of(panel)
    data = found.data.assign(x=found.data["municipality"].map(trait))
    plain = smf.wls("effect ~ x + C(first_treated)", data, weights=1 / data["standard_error"] ** 2).fit()
    one = cooperation.moderation(found, trait).difference
    assert (one.value, one.standard_error) == pytest.approx((plain.params["x"], plain.bse["x"]))
    assert (one.low, one.high) == pytest.approx(tuple(plain.conf_int().loc["x"]))
    assert one.p_value == pytest.approx(plain.pvalues["x"])


@pytest.mark.parametrize("situation", ["33 treated, 4 networks, scale", "51 treated, 7 networks that differ, scale"])
def test_without_moderation_the_test_rejects_about_as_often_as_it_should(situation):
    # 60 data sets at 5 %: more than 8 rejections have a probability below 1 %. The proof has 400 of each.
    assert proof.rejected(situation, 60) <= 100 * 8 / 60


def test_differences_between_networks_are_an_f_test_within_intakes():
    panel, _, network = simulated(4)
    found = effects_of(panel.drop(columns="size").assign(size=1.0))
    data = found.data.assign(network=found.data["municipality"].map(network))
    weights = 1 / data["standard_error"] ** 2
    names = ("first_treated", "network")
    small, large = (smf.wls(f"effect ~ C({name})", data, weights=weights).fit() for name in names)
    (row,) = cooperation.between_networks({"value": found}, {"value": network}).itertuples()
    assert row.p_value == pytest.approx(large.compare_f_test(small)[1])
    assert (row.municipalities, row.networks) == (60, 6)


def test_all_tests_of_a_family_are_adjusted_together():
    first, second = pd.DataFrame({"p_value": [0.001, 0.04, np.nan]}), pd.DataFrame({"p_value": [0.012, 0.3]})
    one, two = cooperation.adjusted([first, second])
    together = [0.001, 0.04, 0.012, 0.3]
    for column, method in (("p_holm", "holm"), ("p_fdr", "fdr_bh")):
        expected = multipletests(together, method=method)[1]
        assert one[column].tolist()[:2] + two[column].tolist() == pytest.approx(expected)
    assert np.isnan(one["p_holm"].iloc[2])
    assert one["clear"].tolist() == [True, False, False]
    assert two["clear"].tolist() == [True, False]
    assert "p_holm" not in first


def test_a_trait_that_does_not_vary_is_refused_or_left_without_numbers():
    panel, trait, _ = simulated()
    found = effects_of(panel)
    with pytest.raises(EstimationError, match="does not vary among the 60"):
        cooperation.moderation(found, trait * 0)
    of_intake = found.data.set_index("municipality")["first_treated"].astype(float)
    with pytest.raises(EstimationError, match="Within intakes"):
        cooperation.moderation(found, of_intake)
    table = cooperation.moderations({"value": found}, pd.DataFrame({"flat": trait * 0, "trait": trait}))
    assert table["estimate"].isna().tolist() == [True, False]


# --- who succeeded, in the demonstration ---


def test_what_cooperation_does_moderate_is_found_and_what_it_does_not_is_not():
    truth = json.loads((ROOT / "data" / "demo" / "truth.json").read_text())["cooperation"]["moderation"]
    tests = found().tests
    assert truth["competence_plans"] > 0
    assert of(tests, "cooperation", "plan_share")["clear"]
    assert of(tests, "cooperation", "plan_share")["favourable"] > 0
    assert truth["sick_leave"] == truth["full_time"] == 0
    for outcome in ("sick_leave_rate", "full_time_share"):
        one = of(tests, "cooperation", outcome)
        assert not one["clear"]
        assert one["low"] < 0 < one["high"]
    # On vacancies it is there and too small for so few municipalities; the sign is right, and fewer is better.
    one = of(tests, "cooperation", "vacancy_rate")
    assert truth["vacancies"] > 0
    assert one["favourable"] > 0 > one["estimate"]
    assert found().clear["moderator"].tolist() == ["cooperation"]


def test_over_demonstrations_the_test_finds_what_is_there_and_not_what_is_not():
    with_it = proof.found_in("standard", range(1, 7)).set_index(["outcome", "moderator"])
    null = proof.found_in("null", range(1, 7)).set_index(["outcome", "moderator"])
    assert with_it.loc[("competence plans", "as it is"), "found"] >= 60
    assert with_it.loc[("competence plans", "by the survey"), "estimate"] > 4
    assert with_it.loc[("vacancies", "as it is"), "estimate"] < -0.05
    for table, outcomes in ((with_it, ["sick_leave"]), (null, ["sick_leave", "vacancies", "competence plans"])):
        for outcome in outcomes:
            row = table.loc[(outcome, "as it is")]
            assert abs(row["estimate"]) < row["standard_error"]


def test_all_tests_of_the_chapter_are_counted():
    told = found()
    together = [*told.tests["p_value"], *told.between["p_value"]]
    assert told.count == len(together) == 12
    assert [*told.tests["p_holm"], *told.between["p_holm"]] == pytest.approx(multipletests(together, method="holm")[1])
    assert told.wave == 2013


def test_answers_on_benefits_follow_what_people_have_seen():
    one = of(found("2013-12-31").other, "benefits", "sick_leave_rate")
    assert one["high"] < 0
    assert "benefits" not in set(found().tests["moderator"])


def test_before_any_wave_only_earlier_participation_and_network_are_tested():
    told = found("2013-03-15")
    assert told.wave is None
    assert set(told.tests["moderator"]) == {"earlier"}
    assert len(told.between) == 4
    assert told.other.empty
    assert cooperation.scores(study("2013-03-15")).empty


def test_earlier_participation_is_no_moderator_where_no_earlier_programme_is_told_of():
    silent = copy.copy(study("2013-03-15"))
    programme = replace(silent.programme, earlier=silent.programme.earlier.iloc[:0])
    object.__setattr__(silent, "programme", programme)
    told = cooperation.succeeded(silent, index="cooperation", outcomes=["sick_leave_rate"], last=BEFORE_BREAK)
    assert told.tests["estimate"].isna().all()
    assert told.tests["municipalities"].eq(0).all()
    assert told.by_group.empty


def test_midterm_holds_no_answer_or_figure_from_later():
    assert cooperation.scores(study("2013-12-31"))["year"].unique().tolist() == [2013]
    panel = cooperation.effects(study("2013-12-31"), "vacancy_rate").panel
    assert panel["period"].max() == 2013
    assert "last_wave" not in set(found("2013-12-31").other["moderator"])


def test_a_favourable_difference_is_one_in_the_better_direction():
    tests = found().tests
    lower = tests["outcome"].isin(["sick_leave_rate", "vacancy_rate"])
    assert (np.sign(tests["favourable"]) == np.where(lower, -1, 1) * np.sign(tests["estimate"])).all()
    assert (tests["favourable_low"] <= tests["favourable"]).all()
    one = of(tests, "earlier", "vacancy_rate")
    spread = found().spread.set_index("outcome").loc["vacancy_rate", "observed"]
    assert one["favourable"] == pytest.approx(-one["estimate"] / spread)
    assert one["detectable"] == pytest.approx((one["high"] - one["low"]) / 2 + 0.85 * one["standard_error"], rel=0.01)


def test_most_of_those_who_cooperate_well_had_been_there_before():
    municipal = cooperation.municipal(cooperation.scores(study()), "cooperation", year=2013)
    told = cooperation.earlier_by_half(study(), municipal).set_index("half")
    earlier = study().programme.earlier_participants()
    high = [code in earlier for code in municipal.loc[municipal["half"] == "high", "municipality"]]
    low = [code in earlier for code in municipal.loc[municipal["half"] == "low", "municipality"]]
    assert told.loc["high", "share"] == pytest.approx(100 * np.mean(high))
    ends = proportion_confint(sum(high), len(high), method="wilson")
    assert told.loc["high", ["low", "high"]].tolist() == pytest.approx([100 * end for end in ends])
    table = [[sum(high), len(high) - sum(high)], [sum(low), len(low) - sum(low)]]
    assert told.loc["difference", "p_value"] == pytest.approx(stats.fisher_exact(table).pvalue)
    # Newcombe's interval by its formula, from the two Wilson intervals.
    (p, l1, u1), (q, l2, u2) = (told.loc[half, ["share", "low", "high"]] for half in ("high", "low"))
    assert told.loc["difference", "low"] == pytest.approx(p - q - np.hypot(p - l1, u2 - q))
    assert told.loc["difference", "high"] == pytest.approx(p - q + np.hypot(u1 - p, q - l2))
    assert told.loc["difference", "low"] > 0


def test_an_outcome_whose_table_is_not_mapped_is_left_out_and_said_so():
    without = replace(study(), positions=None, vacancies=None)
    told = cooperation.succeeded(without, index="cooperation", last=BEFORE_BREAK)
    assert told.tests["outcome"].unique().tolist() == ["sick_leave_rate"]
    assert told.dropped["outcome"].tolist() == ["full_time_share", "vacancy_rate", "plan_share"]
    assert set(told.dropped["reason"]) == {"the study lacks its table"}


def test_outcomes_have_the_theme_and_direction_of_the_codebook():
    assert cooperation.theme_of(study(), "vacancy_rate") == ("recruitment", "lower")
    assert cooperation.theme_of(study(), "plan_share") == ("recruitment", "higher")
    with pytest.raises(InputError, match="Choose one of: sick_leave_rate"):
        cooperation.theme_of(study(), "profit")
    bare = SimpleNamespace(codebook=study().codebook.iloc[:0], programme=study().programme)
    with pytest.raises(InputError, match="no such indicator of a theme"):
        cooperation.theme_of(bare, "vacancy_rate")


def test_the_chapter_claims_no_effect_of_cooperation_and_shows_no_single_municipality():
    source = (ROOT / "notebooks" / "07_cooperation.ipynb").read_text(encoding="utf-8")
    assert "causal=True" not in source
    assert "Evidence" not in source
    assert "truth.json" not in source
    assert '"municipality"' not in source
