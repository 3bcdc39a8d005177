"""Recruitment: rates from sums, fewer vacancies against chance, and effects on counts against a known truth."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import did, load_study, recruitment
from evaluation.errors import EstimationError, InputError
from evaluation.recruitment import count_effects, poisson

ROOT = Path(__file__).parents[1]
NAMES = {"outcome": "count", "exposure": "staff", "unit": "unit", "period": "period", "first_treated": "first"}
EXACT, CLOSE = 1e-8, 1e-6


def counts(
    seed: int = 0, *, units: int = 60, periods: int = 5, effect: float = 0.0, spread: float = 0.0, uneven: bool = True
) -> pd.DataFrame:
    """Units 0-11 first treated in period 3, 12-23 in period 4, with a ratio exp(effect); gamma-mixed Poisson."""
    generator = np.random.default_rng(seed)
    first = np.select([np.arange(units) < 12, np.arange(units) < 24], [3, 4], 0)
    staff = np.exp(generator.normal(5.5, 0.8, units))[:, None] * np.ones(periods)
    if uneven:
        staff = staff * np.exp(generator.normal(0, 0.1, (units, periods)))
    period = np.arange(1, periods + 1)
    treated = (first[:, None] > 0) & (period >= first[:, None])
    level = generator.normal(-3.8, 0.3, (units, 1)) + 0.1 * np.sin(period) + effect * treated
    mixed = generator.gamma(1 / spread, spread, level.shape) if spread else 1.0
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), periods),
            "period": np.tile(period, units),
            "first": np.repeat(first, periods),
            "count": generator.poisson(staff * np.exp(level) * mixed).ravel().astype(float),
            "staff": staff.ravel(),
        }
    )


def by_statsmodels(data: pd.DataFrame, intercept: str, *, leads: bool = False):
    """The same model with a dummy for every intercept, by statsmodels."""
    import statsmodels.api as sm

    cells = {}
    for group in sorted(set(data["first"]) - {0}):
        for period in sorted(set(data["period"])):
            if period >= group or (leads and period < group - 1):
                cells[group, period] = (data["first"] == group) & (data["period"] == period)
    design = np.column_stack(
        [pd.get_dummies(data[intercept]), pd.get_dummies(data["period"]).iloc[:, 1:], *cells.values()]
    ).astype(float)
    model = sm.GLM(data["count"].to_numpy(), design, sm.families.Poisson(), exposure=data["staff"].to_numpy())
    fitted = model.fit(tol=1e-14, maxiter=100)
    return dict(zip(cells, fitted.params[-len(cells) :], strict=True)), fitted


# --- the model ---


@pytest.mark.parametrize("intercepts", ["unit", "group"])
@pytest.mark.parametrize("base", ["all_years", "last_year"])
def test_the_ratios_are_those_of_a_poisson_regression_with_every_dummy(intercepts, base):
    data = counts(1, effect=-0.2, spread=0.1)
    found = count_effects(data, **NAMES, base=base, intercepts=intercepts)
    expected, fitted = by_statsmodels(data, "unit" if intercepts == "unit" else "first", leads=base == "last_year")
    for row in found.cells.itertuples():
        assert row.log_ratio == pytest.approx(expected[row.first_treated, row.period], abs=CLOSE)
    assert found.dispersion == pytest.approx(fitted.pearson_chi2 / fitted.df_resid, rel=1e-6)


def test_the_overall_effect_is_observed_counts_over_those_predicted_without_treatment():
    data = counts(2, effect=-0.3)
    found = count_effects(data, **NAMES)
    ratios, fitted = by_statsmodels(data, "unit")
    treated = (data["first"] > 0) & (data["period"] >= data["first"])
    without = sum(
        fitted.fittedvalues[(data["first"] == group) & (data["period"] == period)].sum() / np.exp(ratio)
        for (group, period), ratio in ratios.items()
    )
    assert found.observed == data.loc[treated, "count"].sum()
    assert found.expected == pytest.approx(without, rel=1e-6)
    assert found.overall.value == pytest.approx(100 * (found.observed / without - 1), abs=CLOSE)
    fewer, low, high = found.fewer
    assert 3 * fewer == pytest.approx(without - found.observed, rel=1e-6)
    assert low < fewer < high


def test_two_groups_and_two_periods_give_the_logarithm_of_the_double_ratio():
    data = counts(3, periods=2, uneven=False).assign(first=lambda frame: np.where(frame["unit"] < 20, 2, 0))
    sums = data.groupby(["first", "period"])["count"].sum()
    double = np.log(sums[2, 2] * sums[0, 1] / (sums[2, 1] * sums[0, 2]))
    for intercepts in ("unit", "group"):
        found = count_effects(data, **NAMES, intercepts=intercepts)
        assert found.cells["log_ratio"].item() == pytest.approx(double, abs=EXACT)
        assert found.overall.value == pytest.approx(100 * np.expm1(double), abs=CLOSE)
        assert found.before is None


def test_unit_and_group_intercepts_agree_where_nothing_is_missing_and_exposures_stay():
    data = counts(4, effect=0.2, uneven=False)
    unit, group = (count_effects(data, **NAMES, intercepts=name) for name in ("unit", "group"))
    assert unit.cells["log_ratio"].to_numpy() == pytest.approx(group.cells["log_ratio"].to_numpy(), abs=CLOSE)


def test_errors_are_those_of_leaving_out_one_unit_at_a_time():
    data = counts(5, spread=0.05).assign(count=lambda frame: 10 * frame["count"])
    found = count_effects(data, **NAMES)
    logs = []
    for unit in range(60):
        again = count_effects(data[data["unit"] != unit], **NAMES).cells["log_ratio"].to_numpy()
        logs.append(again - found.cells["log_ratio"].to_numpy())
    refitted = np.sqrt(59 / 60 * np.square(logs).sum(axis=0))
    assert found.cells["standard_error"].to_numpy() == pytest.approx(refitted, rel=0.05)


def test_the_error_of_an_average_is_the_delta_methods():
    data = counts(6, spread=0.1)
    found = count_effects(data, **NAMES)
    laid = found.cells["expected"].to_numpy()
    weights = laid / laid.sum()
    # Errors of single cells bound that of their average; with one cell they are equal.
    bound = weights @ found.cells["standard_error"].to_numpy()
    assert 0 < found.overall.standard_error / (100 + found.overall.value) <= bound + EXACT
    alone = found.by_period.iloc[0]
    cell = found.cells.iloc[0]
    assert alone["estimate"] == pytest.approx(100 * np.expm1(cell["log_ratio"]), abs=CLOSE)
    assert alone["standard_error"] == pytest.approx((100 + alone["estimate"]) * cell["standard_error"], abs=CLOSE)


def test_intervals_cover_a_known_effect_and_a_detectable_one_is_found_four_times_in_five():
    covered, smallest, found = [], [], 0
    for seed in range(100):
        none = count_effects(counts(100 + seed, units=100, spread=0.1), **NAMES)
        covered.append(none.overall.low < 0 < none.overall.high)
        smallest.append(recruitment.detectable(none))
    fall = np.log1p(-np.median(smallest) / 100)
    for seed in range(100):
        there = count_effects(counts(100 + seed, units=100, spread=0.1, effect=fall), **NAMES).overall
        found += there.high < 0
        covered.append(there.low < 100 * np.expm1(fall) < there.high)
    assert 0.92 <= np.mean(covered) <= 0.99
    assert 0.68 <= found / 100 <= 0.92


def test_a_bad_year_before_the_start_overstates_the_effect_only_when_it_is_the_base():
    data = counts(7, units=200, periods=6)
    bad = data["period"] == data["first"] - 1
    passing = data.assign(count=np.where(bad, np.round(1.5 * data["count"]), data["count"]))
    every, last = (count_effects(passing, **NAMES, base=base) for base in ("all_years", "last_year"))
    assert last.overall.value < every.overall.value - 10
    before = every.event_study.set_index("event_time")["estimate"]
    assert before[-1] > 10
    assert last.event_study.set_index("event_time").loc[-1, "estimate"] == 0
    assert did.pre_trend_test(every.before).p_value < 0.01
    assert did.pre_trend_test(count_effects(data, **NAMES).before).p_value > 0.01


def test_what_labels_rows_and_missing_periods_do():
    data = counts(8, spread=0.1)
    before = data.copy()
    found = count_effects(data, **NAMES)
    pd.testing.assert_frame_equal(data, before)
    shuffled = data.sample(frac=1, random_state=1).assign(unit=lambda frame: "m" + frame["unit"].astype(str))
    assert count_effects(shuffled, **NAMES).overall.value == pytest.approx(found.overall.value, abs=CLOSE)
    gaps = data.drop(index=[3, 150, 299])
    assert count_effects(gaps, **NAMES).sample.rows == len(data) - 3
    assert count_effects(gaps, **NAMES, intercepts="group").sample.units == 57
    assert "leaving out one cluster" in repr(found)


def test_a_panel_that_cannot_answer_is_refused_with_every_reason():
    data = counts(9)
    with pytest.raises(EstimationError, match=r"negative in 1 rows") as error:
        count_effects(data.assign(count=data["count"].mask(data.index == 0, -1), staff=0), **NAMES, base="a bad year")
    assert len(error.value.problems) == 3
    silent = data.assign(count=data["count"].mask((data["first"] == 3) & (data["period"] == 4), 0))
    with pytest.raises(EstimationError, match="Nothing was counted in 4 among the units first treated in 3"):
        count_effects(silent, **NAMES)
    with pytest.raises(EstimationError, match="No unit is never treated"):
        count_effects(data[data["first"] > 0], **NAMES)


# --- chance ---


def randomised(data: pd.DataFrame, draws: int = 499, seed: int = 0) -> float:
    count, staff = (data.pivot_table(index="unit", columns="period", values=name) for name in ("count", "staff"))
    first = data.groupby("unit")["first"].first().to_numpy()
    return poisson.randomised_p_value(count.to_numpy(), staff.to_numpy(), first, draws=draws, seed=seed)[0]


def test_the_randomisation_test_holds_its_size_and_finds_a_large_effect():
    null = [randomised(counts(200 + seed, spread=0.3), 199) for seed in range(120)]
    assert np.mean(np.array(null) <= 0.05) <= 0.11
    assert 0.4 < np.mean(null) < 0.6
    assert randomised(counts(10, effect=-0.7)) < 0.01
    assert randomised(counts(10, spread=0.1)) == randomised(counts(10, spread=0.1))


def test_the_randomised_statistic_is_the_score_of_a_common_ratio():
    import statsmodels.api as sm

    data = counts(11, spread=0.1).drop(index=[7, 120])
    frame = data.assign(treated=((data["first"] > 0) & (data["period"] >= data["first"])).astype(float))
    dummies = np.column_stack([pd.get_dummies(frame["unit"]), pd.get_dummies(frame["period"]).iloc[:, 1:]]).astype(
        float
    )
    family, exposure = sm.families.Poisson(), frame["staff"].to_numpy()
    null = sm.GLM(frame["count"].to_numpy(), dummies, family, exposure=exposure).fit(tol=1e-14)
    mean = null.fittedvalues
    weighted = sm.WLS(frame["treated"].to_numpy(), dummies, weights=mean).fit()
    scores = pd.Series(weighted.resid * (frame["count"].to_numpy() - mean)).groupby(frame["unit"].to_numpy()).sum()
    expected = scores.sum() / np.sqrt((scores**2).sum())
    count, staff = (
        data.pivot_table(index="unit", columns="period", values=name).to_numpy() for name in ("count", "staff")
    )
    first = data.groupby("unit")["first"].first().to_numpy()
    p_value, drawn = poisson.randomised_p_value(count, staff, first, draws=999, seed=1)
    assert p_value == pytest.approx((1 + (np.abs(drawn) >= abs(expected)).sum()) / 1000, abs=0.0011)


def pairs(before, after, *, group="participants", staff=100.0) -> pd.DataFrame:
    """A table of two years, one row a municipality and year."""
    codes = [f"{group[0]}{number}" for number in range(len(before))]
    return pd.DataFrame(
        {
            "municipality": codes * 2,
            "year": [2012] * len(codes) + [2013] * len(codes),
            "vacant": [*map(float, before), *map(float, after)],
            "employees": staff,
            "group": group,
            "intake": "1" if group == "participants" else "others",
            "first_treated": 2013 if group == "participants" else 0,
        }
    )


def test_what_chance_alone_gives_is_counted_out_with_ties_apart():
    from scipy.stats import binom

    last = recruitment.last_year(pairs([1, 2, 4, 0], [2, 1, 4, 0]), 2013)
    row = recruitment.fewer(last).iloc[0]
    assert (row["fewer"], row["unchanged"], row["more"], row["share"]) == (1, 2, 1, 25)
    # Of 3: fewer if 0 or 1 of them fall in the later year. Of 8: 0 to 3. Of none: never.
    chances = [0.5, 0.5, binom.cdf(3, 8, 0.5), 0.0]
    assert row["chance_share"] == pytest.approx(25 * sum(chances), abs=EXACT)
    halved = recruitment.fewer(last, model=recruitment.Chance(drift=0.5)).iloc[0]
    p = 0.5 / 1.5
    chances = [binom.cdf(1, 3, p)] * 2 + [binom.cdf(3, 8, p), 0.0]
    assert halved["chance_share"] == pytest.approx(25 * sum(chances), abs=EXACT)


def test_the_interval_is_wilsons_and_the_p_value_that_of_a_sign_test_when_nothing_ties():
    from scipy.stats import binomtest

    before, after = [3] * 20, [2] * 15 + [4] * 5
    row = recruitment.fewer(recruitment.last_year(pairs(before, after), 2013)).iloc[0]
    exact = binomtest(15, 20)
    interval = exact.proportion_ci(method="wilson")
    assert (row["low"], row["high"]) == pytest.approx((100 * interval.low, 100 * interval.high))
    # Sums of 5 and 7 are odd: no ties, so that fewer and more are equally likely.
    assert row["chance_share"] == pytest.approx(50)
    assert row["p_value"] == pytest.approx(exact.pvalue)


def test_dispersion_and_drift_are_recovered_and_chance_agrees_with_simulation():
    generator = np.random.default_rng(1)
    n, dispersion, drift = generator.integers(2, 60, 3000), 0.05, 0.9
    p = drift / (1 + drift)
    scale = (1 - dispersion) / dispersion
    after = generator.binomial(n, generator.beta(p * scale, (1 - p) * scale, len(n)))
    last = recruitment.last_year(pairs(n - after, after, group="others"), 2013)
    found = recruitment.chance(last, drift=True)
    assert found.drift == pytest.approx(drift, abs=0.03)
    assert found.dispersion == pytest.approx(dispersion, abs=0.01)
    assert recruitment.chance(last).drift == 1.0
    row = recruitment.fewer(last, model=found).iloc[0]
    assert row["chance_low"] <= row["share"] <= row["chance_high"]
    poisson_only = recruitment.chance(recruitment.last_year(pairs([50] * 9, [50] * 9, group="others"), 2013))
    assert poisson_only.dispersion == 0


def test_others_from_the_same_level_show_what_regression_to_the_mean_gives():
    others = pairs([1] * 20 + [9] * 20, [2] * 20 + [5] * 15 + [10] * 5, group="others")
    mine = pairs([9, 9, 9, 9], [8, 8, 10, 10])
    last = recruitment.last_year(pd.concat([others, mine]), 2013)
    same = recruitment.fewer_at_same_level(last, bands=2)
    assert same.value == pytest.approx(75)
    assert same.n == 20
    half = 196 * np.sqrt(0.75 * 0.25 / 20)
    assert (same.low, same.high) == pytest.approx((75 - half, 75 + half), abs=0.01)
    with pytest.raises(InputError, match="cannot be banded"):
        recruitment.fewer_at_same_level(recruitment.last_year(mine, 2013))


def test_unknown_years_columns_and_groups_are_refused():
    table = pairs([1, 2], [2, 1])
    with pytest.raises(InputError, match=r"no such year(.|\n)*no such column"):
        recruitment.last_year(table, 2015, column="vacnt")
    last = recruitment.last_year(table, 2013)
    with pytest.raises(InputError, match="not split"):
        recruitment.fewer(last, by="county")
    with pytest.raises(InputError, match="Too few"):
        recruitment.chance(last)


# --- the study ---


@pytest.fixture(scope="module")
def final():
    return load_study(ROOT / "data" / "demo", as_of="2015-12-31", division=2013)


@pytest.fixture(scope="module")
def null(null_demo):
    return load_study(null_demo, as_of="2015-12-31", division=2013)


@pytest.fixture(scope="module")
def truth():
    return json.loads((ROOT / "data" / "demo" / "truth.json").read_text())["vacancies"]


def through(study, year: int):
    """The study as its vacancies were at the end of an earlier year."""
    earlier = copy.copy(study)
    object.__setattr__(earlier, "vacancies", study.vacancies[study.vacancies["year"] <= year])
    return earlier


def test_rates_are_ratios_of_sums(final):
    table = recruitment.with_groups(final)
    rows = recruitment.rates(table, by=["group", "year"]).set_index(["group", "year"])
    own = set(final.programme.participants("recruitment")["municipality"])
    raw = final.vacancies[final.vacancies["municipality"].isin(own) & (final.vacancies["year"] == 2013)]
    here = rows.loc["participants", 2013]
    assert here["vacancy_rate"] == pytest.approx(100 * raw["vacant"].sum() / raw["employees"].sum())
    assert here["turnover"] == pytest.approx(100 * raw["leavers"].sum() / raw["employees"].sum())
    assert here["hard_to_fill_share"] == pytest.approx(100 * raw["hard_to_fill"].sum() / raw["vacant"].sum())
    answered = raw["competence_plan"].dropna()
    assert here["plan_share"] == pytest.approx(100 * (answered == "yes").mean())
    assert here["municipalities"] == raw["municipality"].nunique()


def test_development_has_the_change_of_sums_and_the_error_of_a_ratio(final):
    table = recruitment.with_groups(final)
    moved = recruitment.development(table, before=[2010, 2011], after=[2013])
    own = table[(table["group"] == "participants") & table["year"].isin([2010, 2011, 2013])]
    whole = own.groupby("municipality").filter(lambda part: part["year"].nunique() == 3)
    spans = [whole[whole["year"] < 2012], whole[whole["year"] == 2013]]
    sums = [part.groupby("municipality")[["vacant", "employees"]].sum() for part in spans]
    rate = [100 * part["vacant"].sum() / part["employees"].sum() for part in sums]
    row = moved.rows.set_index("group").loc["participants"]
    assert (row["before"], row["after"], row["change"]) == pytest.approx((*rate, rate[1] - rate[0]))
    residual = [
        (100 * part["vacant"] - level * part["employees"]) / part["employees"].sum()
        for part, level in zip(sums, rate, strict=True)
    ]
    n = len(sums[0])
    error = np.sqrt(n / (n - 1) * np.square(residual[1] - residual[0]).sum())
    assert row["standard_error"] == pytest.approx(error)
    assert row["municipalities"] == n
    staff = [part["employees"].sum() for part in sums]
    assert row[["employees_before", "employees_after"]].tolist() == pytest.approx(staff)
    assert row["employees"] == min(staff[0] / 2, staff[1])
    gap = moved.differences.iloc[0]
    other = moved.rows.set_index("group").loc["others"]
    assert gap["difference"] == pytest.approx(row["change"] - other["change"])
    assert gap["standard_error"] == pytest.approx(np.hypot(error, other["standard_error"]))
    assert set(recruitment.developments(table, before=[2010], after=[2013])["measure"]) == set(recruitment.MEASURES)


def test_what_development_cannot_do_is_refused(final):
    table = recruitment.with_groups(final)
    with pytest.raises(InputError, match=r"no such year(.|\n)*Unknown measure(.|\n)*must end before"):
        recruitment.development(table, before=[2012], after=[1999], measure="vacancy")
    with pytest.raises(InputError, match="no such column"):
        recruitment.rates(table, by=["county"])


def test_the_panel_says_who_is_compared_and_who_is_left_out(final):
    built = recruitment.panel(final)
    about = final.municipalities
    mine = set(final.programme.participants("recruitment")["municipality"])
    others = set(about.loc[about["group"] == "others", "municipality"])
    assert set(built.data["municipality"]) == mine | others
    assert built.account.query("group == 'treated'")["municipalities"].sum() == len(mine)
    told = built.dropped.set_index("reason")
    assert told.loc["participants with other themes only", "municipalities"] == len(about) - len(mine) - len(others)
    years = final.vacancies["year"].nunique()
    assert len(built.data) + told.loc["no figures delivered for the year", "rows"] == years * len(mine | others)
    early = recruitment.panel(through(final, 2012))
    waiting = early.dropped.set_index("reason").loc["participants that had not started by the last year"]
    started = final.programme.first_treated("recruitment").map(lambda quarter: quarter.year)
    assert waiting["municipalities"] == (started > 2012).sum()
    with pytest.raises(InputError, match=r"no theme(.|\n)*no sector(.|\n)*Unknown controls"):
        recruitment.panel(final, theme="recruiting", sector="health", controls="all")


@pytest.mark.parametrize("year", [2013, 2015])
def test_the_true_effect_on_vacancies_lies_in_the_interval(final, truth, year):
    found = recruitment.effect(through(final, year))
    told = {int(when): values["realised"] for when, values in truth["overall"].items() if int(when) <= year}
    for row in found.by_period.itertuples():
        assert row.low < told[row.period] < row.high
    weights = found.cells.groupby("period")["expected"].sum()
    average = np.average([told[when] for when in weights.index], weights=weights)
    assert found.overall.low < average < found.overall.high
    assert found.overall.value == pytest.approx(average, abs=found.overall.standard_error)
    assert found.overall.treated == 33
    assert 1.1 < found.dispersion < 1.8


@pytest.mark.parametrize("year", [2013, 2015])
def test_where_the_programme_did_nothing_only_a_bad_base_year_says_otherwise(null, year):
    study = through(null, year)
    nothing = recruitment.effect(study).overall
    assert nothing.low < 0 < nothing.high
    assert abs(nothing.value) < 5
    assert recruitment.effect(study, base="last_year").overall.value < nothing.value - 8
    plans = recruitment.linear_effect(study, measure="plan_share").overall
    assert plans.low < 0 < plans.high
    hard = recruitment.effect(study, outcome="hard_to_fill").overall
    assert hard.low < 0 < hard.high


def test_the_true_effect_on_competence_plans_lies_in_the_interval(final, truth):
    found = recruitment.linear_effect(final, measure="plan_share")
    for row in found.by_period.itertuples():
        assert row.low < truth["overall"][str(row.period)]["competence_plans"] < row.high
    sure = recruitment.linear_certainty(final, draws=199, replications=100)
    assert sure.p_value < 0.01
    assert 0 < sure.detectable < 12


def test_certainty_answers_by_the_inference_that_applies(final):
    study = through(final, 2013)
    found, sure = recruitment.effect(study).overall, recruitment.certainty(study, draws=499)
    assert sure.advice.lead == "cluster_robust"
    assert sure.p_value == found.p_value
    assert sure.lowest <= found.value <= sure.highest
    assert sure.randomised == pytest.approx(found.p_value, abs=0.06)
    assert sure.pre_trends.p_value < 0.05
    few = recruitment.certainty(through(final, 2012), draws=199)
    assert (few.advice.lead, few.p_value) == ("randomisation", few.randomised)


def test_other_choices_stand_beside_the_prespecified_one(final):
    rows = recruitment.alternatives(final).set_index("specification")
    assert rows.index[0] == "prespecified"
    assert rows.loc["prespecified", "estimate"] == recruitment.effect(final).overall.value
    assert rows.loc["last_year_only", "estimate"] < rows.loc["prespecified", "estimate"]
    data = recruitment.panel(final).data
    linear = recruitment.linear_effect(final).overall
    treated = data[(data["first_treated"] > 0) & (data["year"] >= data["first_treated"])]
    mean = (treated["vacant"] / treated["employees"] * 100).mean()
    assert rows.loc["linear", "estimate"] == pytest.approx(100 * linear.value / (mean - linear.value))
    assert recruitment.same_sign(rows.reset_index()) == (rows["estimate"].iloc[1:] < 0).mean()


def test_many_outcomes_and_sectors_are_adjusted_and_the_chosen_one_is_not(final):
    from statsmodels.stats.multitest import multipletests

    outcomes = recruitment.by_outcome(final)
    assert outcomes.loc[0, "p_holm"] == outcomes.loc[0, "p_value"]
    holm = multipletests(outcomes["p_value"].iloc[1:], method="holm")[1]
    assert outcomes["p_holm"].iloc[1:].to_numpy() == pytest.approx(holm)
    sectors = recruitment.by_sector(final)
    assert set(sectors["sector"]) == set(final.vacancies["sector"])
    assert sectors["p_holm"].to_numpy() == pytest.approx(multipletests(sectors["p_value"], method="holm")[1])


def test_other_themes_leave_vacancies_alone(final):
    rows = recruitment.placebo_themes(final)
    assert set(rows["theme"]) == set(final.programme.themes) - {"recruitment"}
    assert ((rows["low"] < 0) & (rows["high"] > 0)).all()


def test_the_share_with_fewer_stands_beside_chance_and_the_never_participants(final):
    study = through(final, 2013)
    last = recruitment.last_year(recruitment.with_groups(study), 2013)
    rows = recruitment.fewer(last, model=recruitment.chance(last)).set_index("group")
    own = last.data[last.data["group"] == "participants"]
    assert rows.loc["participants", "share"] == pytest.approx(100 * (own["after"] < own["before"]).mean())
    assert rows.loc["others", "chance_low"] <= rows.loc["others", "share"] <= rows.loc["others", "chance_high"]
    level = recruitment.fewer_at_same_level(last)
    assert level.value > rows.loc["others", "share"]
    assert 30 < rows.loc["participants", "chance_share"] < 50


def test_differences_within_starting_levels_are_told_by_band(final):
    table = recruitment.with_groups(final)
    levels = recruitment.by_starting_level(table, before=2011, after=2013)
    assert levels.differences["band"].tolist() == [1, 2, 3]
    starts = levels.rows[levels.rows["group"] == "others"]["before"].to_numpy()
    assert (np.diff(starts) > 0).all()


def test_nothing_is_compared_before_there_is_anything_to_compare(final):
    assert recruitment.can_compare(through(final, 2012))
    assert not recruitment.can_compare(through(final, 2011))
    assert not recruitment.can_compare(through(final, 2009))
