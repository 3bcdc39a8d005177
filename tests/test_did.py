"""Difference-in-differences: published numbers, second sources, known truths, invariances and refusals."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from evaluation import did
from evaluation.did.doubly_robust import doubly_robust
from evaluation.did.inference import critical_values
from evaluation.errors import EstimationError

ESTIMATE, ERROR = 1e-7, 1e-6
MPDTA = {"outcome": "log_employment", "unit": "county", "period": "year", "first_treated": "first_treated"}
NAMES = {"outcome": "y", "unit": "unit", "period": "period", "first_treated": "first"}


@pytest.fixture(scope="module")
def mpdta() -> pd.DataFrame:
    return pd.read_csv(Path(__file__).parent / "data" / "mpdta.csv")


def simulated(
    seed: int = 0, groups: dict[int, int] | None = None, periods: int = 10, effect: float = -0.4, slope: float = -0.1
) -> pd.DataFrame:
    """A panel with unit and period effects, autoregressive errors and an effect that grows by `slope` a period."""
    generator = np.random.default_rng(seed)
    sizes = groups or {0: 60, 4: 15, 6: 20, 9: 10}
    first = np.repeat(list(sizes), list(sizes.values()))
    time = np.arange(1, periods + 1)
    noise = generator.normal(size=(len(first), periods))
    for period in range(1, periods):
        noise[:, period] = 0.5 * noise[:, period - 1] + np.sqrt(0.75) * noise[:, period]
    since = time[None, :] - first[:, None]
    treated = (first[:, None] > 0) & (since >= 0)
    outcome = generator.normal(size=len(first))[:, None] + np.sin(time) + noise
    outcome += np.where(treated, effect + slope * since, 0.0)
    rows = {"unit": np.repeat(np.arange(len(first)), periods), "period": np.tile(time, len(first))}
    frame = pd.DataFrame(rows | {"first": np.repeat(first, periods), "y": outcome.ravel()})
    frame["x"] = np.repeat(generator.normal(size=len(first)), periods)
    frame["w"] = np.repeat(generator.integers(1, 6, size=len(first)), periods).astype(float)
    return frame


def true_average(frame: pd.DataFrame, effect: float = -0.4, slope: float = -0.1) -> float:
    treated = frame[(frame["first"] > 0) & (frame["period"] >= frame["first"])]
    return float((effect + slope * (treated["period"] - treated["first"])).mean())


# Published numbers


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        ("simple", -0.03995128, 0.01203401),
        ("dynamic", -0.07723982, 0.01996499),
        ("group", -0.03101828, 0.01244606),
    ],
)
def test_the_published_numbers_without_covariates_are_met(mpdta, kind, value, error):
    found = did.estimate(mpdta, control="never_treated", **MPDTA).aggregate(kind)
    assert found.value == pytest.approx(value, abs=ESTIMATE)
    assert found.standard_error == pytest.approx(error, abs=ERROR)


@pytest.mark.parametrize(
    ("est_method", "value"), [("doubly_robust", -0.04175177), ("ipw", -0.04177708), ("regression", -0.04196861)]
)
def test_the_published_numbers_with_a_covariate_are_met(mpdta, est_method, value):
    options = {"covariates": ["log_population"], "est_method": est_method, "control": "never_treated"}
    found = did.estimate(mpdta, **options, **MPDTA).overall
    assert found.value == pytest.approx(value, abs=ESTIMATE)
    if est_method == "doubly_robust":
        assert found.standard_error == pytest.approx(0.01150284, abs=ERROR)


def test_anticipation_averages_post_treatment_periods_only(mpdta):
    effects = did.estimate(mpdta, anticipation=1, control="never_treated", **MPDTA)
    assert effects.overall.value == pytest.approx(-0.04520554, abs=ESTIMATE)
    assert effects.overall.standard_error == pytest.approx(0.01668313, abs=ERROR)
    # The group of 2004 has no period before its anticipation, and the account says so.
    assert effects.sample.dropped[["rows", "units"]].to_numpy().tolist() == [[100, 20]]
    assert effects.event_study.loc[effects.event_study["reference"], "event_time"].tolist() == [-2]


# Second sources


def csdid_fit(frame, *, control, base, xformla=None, weights=None, est_method="reg"):
    from csdid.att_gt import ATTgt

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = ATTgt(
            yname="y",
            gname="first",
            idname="unit",
            tname="period",
            xformla=xformla,
            data=frame,
            control_group=control,
            weights_name=weights,
        )
        return fitted.fit(est_method=est_method, bstrap=False, base_period=base)


def csdid_aggregate(fitted, kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fitted.aggte(kind, bstrap=False, cband=False).atte


@pytest.mark.parametrize("base", ["universal", "varying"])
@pytest.mark.parametrize(
    ("control", "theirs"), [("not_yet_treated", "notyettreated"), ("never_treated", "nevertreated")]
)
def test_every_aggregate_and_row_equals_csdid(base, control, theirs, capsys):
    frame = simulated(1)
    ours = did.estimate(frame, control=control, base_period=base, **NAMES)
    fitted = csdid_fit(frame, control=theirs, base=base)
    for kind, rows in (
        ("simple", None),
        ("group", ours.by_group),
        ("dynamic", ours.event_study),
        ("calendar", ours.by_period),
    ):
        reference = csdid_aggregate(fitted, kind)
        single = ours.aggregate(kind)
        assert single.value == pytest.approx(reference["overall_att"], abs=1e-10)
        assert single.standard_error == pytest.approx(reference["overall_se"], abs=1e-10)
        if rows is not None:
            theirs_rows = pd.DataFrame({"key": reference["egt"], "att": reference["att_egt"]})
            np.testing.assert_array_equal(rows.iloc[:, 0], theirs_rows["key"])
            np.testing.assert_allclose(rows["estimate"], theirs_rows["att"].astype(float), atol=1e-10)
            errors = np.ravel(np.asarray(reference["se_egt"], dtype=float))
            known = rows["standard_error"].notna().to_numpy()
            np.testing.assert_allclose(rows.loc[known, "standard_error"], errors[known], atol=1e-10)


@pytest.mark.parametrize(("est_method", "theirs"), [("regression", "reg"), ("ipw", "ipw"), ("doubly_robust", "dr")])
def test_weighted_estimates_with_a_covariate_equal_csdid(est_method, theirs, capsys):
    frame = simulated(2)
    ours = did.estimate(frame, weights="w", covariates=["x"], est_method=est_method, control="never_treated", **NAMES)
    fitted = csdid_fit(frame, control="nevertreated", base="universal", xformla="y~x", weights="w", est_method=theirs)
    for kind in did.KINDS:
        reference = csdid_aggregate(fitted, kind)
        assert ours.aggregate(kind).value == pytest.approx(reference["overall_att"], abs=1e-7)
        assert ours.aggregate(kind).standard_error == pytest.approx(reference["overall_se"], abs=1e-6)


@pytest.mark.parametrize("anticipation", [0, 2])
def test_imputation_equals_diff_diff(anticipation):
    from diff_diff import ImputationDiD

    frame = simulated(3)
    ours = did.estimate(frame, method="imputation", anticipation=anticipation, **NAMES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = ImputationDiD(leave_one_out=True, anticipation=anticipation)
        theirs = fitted.fit(frame, "y", "unit", "period", "first")
        rows = theirs.aggregate("event_study").to_dataframe()
    rows = rows[~rows["is_reference"]].set_index("event_time")
    mine = ours.event_study.set_index("event_time")
    np.testing.assert_array_equal(mine.index, rows.index)
    np.testing.assert_allclose(mine["estimate"], rows["att"], atol=1e-9)
    np.testing.assert_allclose(mine["standard_error"], rows["se"], atol=1e-9)
    if anticipation == 0:
        assert ours.overall.value == pytest.approx(theirs.overall_att, abs=1e-9)
        assert ours.overall.standard_error == pytest.approx(theirs.overall_se, abs=1e-9)


def test_imputation_refuses_periods_that_nothing_links():
    frame = simulated(24, {0: 10, 5: 10}, periods=8)
    early = (frame["unit"] < 5) & (frame["period"] <= 2)
    late = (frame["unit"].between(5, 9)) & (frame["period"] > 2)
    treated = (frame["unit"] >= 10) & (frame["period"] > 2)
    with pytest.raises(EstimationError, match="do not link all periods"):
        did.estimate(frame[early | late | treated], method="imputation", missing="drop", **NAMES)


def test_imputation_on_an_incomplete_weighted_panel_equals_regression_on_dummies():
    import statsmodels.api as sm

    frame = simulated(4).sample(frac=0.85, random_state=4)
    ours = did.estimate(frame, method="imputation", weights="w", missing="drop", **NAMES)
    dummies = pd.get_dummies(frame[["unit", "period"]].astype("category"), dtype=float).drop(columns="period_1")
    treated = (frame["first"] > 0) & (frame["period"] >= frame["first"])
    fit = sm.WLS(frame["y"][~treated], dummies[~treated], weights=frame["w"][~treated]).fit()
    effect = (frame["y"] - dummies @ fit.params)[treated]
    for row in ours.by_group.itertuples():
        members = frame.loc[treated & (frame["first"] == row.first_treated)].assign(effect=effect)
        members["weighted"] = members["effect"] * members["w"]
        by_period = members.groupby("period")[["weighted", "w"]].sum()
        assert row.estimate == pytest.approx((by_period["weighted"] / by_period["w"]).mean(), abs=1e-9)


@pytest.mark.parametrize("weights", [None, "w"])
def test_two_way_equals_statsmodels_with_dummies(weights):
    import statsmodels.api as sm

    frame = simulated(5).sample(frac=0.9, random_state=5)
    method = "_".join(["two_way", "fixed_effects"])  # as read from a file: equal to the code's own text, not the same
    ours = did.estimate(frame, method=method, weights=weights, missing="drop", **NAMES)
    design = pd.get_dummies(frame[["unit", "period"]].astype("category"), dtype=float).drop(columns="period_1")
    design["treated"] = ((frame["first"] > 0) & (frame["period"] >= frame["first"])).astype(float)
    weight = frame["w"] if weights else np.ones(len(frame))
    fit = sm.WLS(frame["y"], design, weights=weight).fit()
    clustered = fit.get_robustcov_results("cluster", groups=frame["unit"].to_numpy(), use_correction=False)
    clusters = frame["unit"].nunique()
    error = clustered.bse[design.columns.get_loc("treated")] * np.sqrt(clusters / (clusters - 1))
    assert ours.overall.value == pytest.approx(fit.params["treated"], abs=1e-8)
    assert ours.overall.standard_error == pytest.approx(error, abs=1e-8)
    assert ours.event_study.empty
    assert ours.overall.clusters == clusters


def test_with_a_constant_propensity_doubly_robust_is_outcome_regression():
    generator = np.random.default_rng(6)
    treated = np.repeat([1.0, 0.0], [30, 70])
    design = np.column_stack([np.ones(100), generator.normal(size=100)])
    change = design @ [0.5, 2.0] - 0.7 * treated + generator.normal(size=100)
    effect, influence = doubly_robust(change, treated, design, np.full(100, 0.3), np.ones(100))
    line = np.linalg.lstsq(design[30:], change[30:], rcond=None)[0]
    assert effect == pytest.approx((change[:30] - design[:30] @ line).mean(), abs=1e-12)
    assert influence.sum() == pytest.approx(0, abs=1e-12)


# Known truth


@pytest.mark.parametrize("method", ["callaway_santanna", "sun_abraham", "imputation", "two_stage"])
def test_a_known_effect_is_recovered_without_bias_and_covered(method):
    estimates = []
    for seed in range(120):
        frame = simulated(1000 + seed)
        estimates.append(did.estimate(frame, method=method, draws=99, **NAMES).overall)
    truth = true_average(frame)
    values = np.array([found.value for found in estimates])
    assert abs(values.mean() - truth) < 3 * values.std() / np.sqrt(len(values))
    covered = np.mean([found.low <= truth <= found.high for found in estimates])
    assert 0.88 <= covered <= 0.99
    # The standard error is the spread, not a fraction of it.
    assert np.mean([found.standard_error for found in estimates]) == pytest.approx(values.std(), rel=0.2)


def test_two_way_is_biased_where_effects_grow_and_callaway_santanna_is_not():
    benchmark, staggered = [], []
    for seed in range(30):
        frame = simulated(seed, {0: 20, 3: 50, 8: 50}, effect=-1.0, slope=-1.0)
        benchmark.append(did.estimate(frame, method="two_way_fixed_effects", **NAMES).overall.value)
        staggered.append(did.estimate(frame, draws=99, **NAMES).overall.value)
    truth = true_average(frame, -1.0, -1.0)
    assert np.mean(benchmark) - truth > 1
    assert abs(np.mean(staggered) - truth) < 3 * np.std(staggered) / np.sqrt(30)


def test_the_band_of_independent_rows_is_the_closed_form():
    scores = np.random.default_rng(8).normal(size=(3000, 5))
    alone, together = critical_values([scores[:, :1], scores], level=0.95, draws=4000, seed=1)
    assert alone == pytest.approx(norm.ppf(0.975))
    assert together == pytest.approx(norm.ppf(0.5 + 0.95 ** (1 / 5) / 2), abs=0.06)


def test_the_seed_moves_the_band_only_and_repeats():
    frame = simulated(9)
    first, again, other = (did.estimate(frame, seed=seed, **NAMES) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first.event_study, again.event_study)
    assert not first.event_study["band_low"].equals(other.event_study["band_low"])
    assert first.overall == other.overall
    rows = first.event_study[~first.event_study["reference"]]
    assert (rows["band_low"] <= rows["low"]).all()
    assert (rows["band_high"] >= rows["high"]).all()


# Invariances


@pytest.mark.parametrize("method", did.METHODS)
def test_rows_labels_and_periods_do_not_change_a_result_nor_the_input(method):
    frame = simulated(10)
    kept = frame.copy(deep=True)
    plain = did.estimate(frame, method=method, **NAMES)
    pd.testing.assert_frame_equal(frame, kept)
    names = pd.Series(np.random.default_rng(0).permutation(frame["unit"].nunique())).map("unit {}".format)
    changed = frame.assign(
        unit=frame["unit"].map(names),
        period=frame["period"] + 170,
        first=frame["first"].where(frame["first"] == 0, frame["first"] + 170),
    ).sample(frac=1, random_state=1)
    moved = did.estimate(changed, method=method, **NAMES)
    assert dict(moved.aggregates) == dict(plain.aggregates)
    pd.testing.assert_frame_equal(moved.event_study, plain.event_study, check_exact=True)
    shifted = plain.by_group.assign(first_treated=plain.by_group["first_treated"] + 170)
    pd.testing.assert_frame_equal(moved.by_group, shifted, check_exact=True)


def test_whole_weights_are_repeated_units_and_their_scale_is_nothing():
    frame = simulated(11)
    weighted = did.estimate(frame, weights="w", **NAMES)
    copies = frame.loc[frame.index.repeat(frame["w"].astype(int))]
    copies = copies.assign(copy=copies.groupby(["unit", "period"]).cumcount())
    copies["unit"] = copies["unit"].astype(str) + "-" + copies["copy"].astype(str)
    repeated = did.estimate(copies, **NAMES)
    scaled = did.estimate(frame.assign(w=frame["w"] * 1000), weights="w", **NAMES)
    for kind in did.KINDS:
        assert weighted.aggregate(kind).value == pytest.approx(repeated.aggregate(kind).value, abs=1e-10)
        assert weighted.aggregate(kind).value == pytest.approx(scaled.aggregate(kind).value, abs=1e-10)
        assert weighted.aggregate(kind).standard_error == pytest.approx(scaled.aggregate(kind).standard_error)


def test_clusters_add_their_units_influence():
    frame = simulated(12)
    copies = pd.concat([frame.assign(twin=0), frame.assign(twin=1, unit=frame["unit"] + 1000)])
    copies["pair"] = copies["unit"] % 1000
    once = did.estimate(frame, **NAMES)
    naive = did.estimate(copies, **NAMES)
    clustered = did.estimate(copies, cluster="pair", **NAMES)
    # A copied unit brings no information: clustering on the pair gives the error of one copy, no clustering does not.
    assert clustered.overall.standard_error == pytest.approx(once.overall.standard_error, rel=1e-9)
    assert naive.overall.standard_error == pytest.approx(once.overall.standard_error / np.sqrt(2), rel=1e-9)
    assert (clustered.overall.clusters, clustered.overall.n) == (105, 210)
    assert clustered.sample.groups["clusters"].sum() == 105


# What is left out


def test_missing_outcomes_are_refused_or_dropped_and_counted():
    frame = simulated(13, {0: 30, 5: 10}, periods=6)
    frame.loc[(frame["unit"] == 3) & (frame["period"] == 4), "y"] = np.nan
    frame.loc[(frame["unit"] == 35) & (frame["period"] == 6), "y"] = np.inf
    frame = frame[~((frame["unit"] == 8) & (frame["period"] == 5))]
    with pytest.raises(EstimationError, match="2 rows are missing or not finite") as refused:
        did.estimate(frame, **NAMES)
    assert "1 combinations of unit and period have no row" in str(refused.value)
    effects = did.estimate(frame, missing="drop", **NAMES)
    assert effects.sample.dropped.set_index("reason").to_dict("index") == {
        "outcome missing or not finite": {"rows": 2, "units": 2},
        "no row for a unit in a period": {"rows": 1, "units": 1},
    }
    wide = frame.pivot_table(index="unit", columns="period", values="y").replace(np.inf, np.nan)
    change = (wide[5] - wide[4]).dropna()
    by_hand = change[change.index >= 30].mean() - change[change.index < 30].mean()
    at_start = effects.event_study.set_index("event_time").loc[0]
    assert at_start["estimate"] == pytest.approx(by_hand, abs=1e-12)
    assert at_start["n"] == 10


def test_units_treated_from_the_start_are_left_out_and_later_ones_are_controls():
    frame = simulated(14, {0: 30, 1: 5, 5: 10, 99: 7}, periods=8)
    with pytest.warns(UserWarning, match="7 units first treated after the panel ends") as caught:
        effects = did.estimate(frame, **NAMES)
    assert Path(caught[0].filename).parent == Path(__file__).parent, "the warning is at the call"
    assert effects.sample.dropped["units"].tolist() == [5]
    assert effects.sample.groups[["first_treated", "units"]].to_numpy().tolist() == [[0, 37], [5, 10]]
    plain = frame[frame["first"] != 1].assign(first=lambda rows: rows["first"].where(rows["first"] != 99, 0))
    assert did.estimate(plain, **NAMES).overall == effects.overall


def test_periods_without_controls_are_listed_not_estimated():
    frame = simulated(15, {4: 10, 6: 10}, periods=8)
    for method in ("callaway_santanna", "imputation"):
        effects = did.estimate(frame, method=method, **NAMES)
        after = effects.sample.cells.query("first_treated == 4 and period >= 6")
        assert after["period"].tolist() == [6, 7, 8]
        assert effects.by_period["period"].tolist() == [4, 5]
        assert effects.overall.treated == 10


def test_a_group_of_one_unit_is_warned_of():
    frame = simulated(16, {0: 20, 4: 1, 6: 8})
    with pytest.warns(UserWarning, match="first treated in period 4 has one unit"):
        effects = did.estimate(frame, **NAMES)
    assert any("one unit" in note for note in effects.notes)


# Refusals


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: pd.concat([frame, frame.head(2)]), "2 rows repeat a unit and period"),
        (lambda frame: frame.assign(period=frame["period"] + 0.5), "have no whole number"),
        (lambda frame: frame.assign(period=frame["period"].astype(str)), "must be whole numbers, not text"),
        (lambda frame: frame.assign(period=201200 + frame["period"].where(frame["period"] < 5, 100)), "repeat a unit"),
        (lambda frame: frame[frame["period"] != 5], "The periods have gaps"),
        (lambda frame: frame.assign(period=frame["period"] - 3), "0 means never treated, but is also a period"),
        (
            lambda frame: frame.assign(period=[pd.Period(str(2000 + p), freq="Y") for p in frame["period"]]),
            "not pandas periods",
        ),
        (lambda frame: frame.assign(first=frame["first"].where(frame["first"] > 0)), "Use 0 for units never treated"),
        (
            lambda frame: frame.assign(first=np.where(frame["period"] > 8, 9, frame["first"])),
            "more than one first_treated",
        ),
        (lambda frame: frame.assign(first=0), "No unit is treated within the panel"),
        (lambda frame: frame.assign(first=4), "All units are treated at the same time"),
        (lambda frame: frame.assign(first=frame["first"].clip(upper=1)), "treated from the first period on"),
        (lambda frame: frame.assign(y=frame["y"].where(frame["unit"] != 2)), "10 rows are missing or not finite"),
        (lambda frame: frame.assign(y=frame["y"].astype(str)), "The values must be numbers"),
        (lambda frame: frame.assign(w=frame["w"].where(frame["unit"] != 2, 0)), "not a positive number"),
        (lambda frame: frame.assign(w=frame["w"] + frame["period"]), "weight that varies over time"),
        (lambda frame: frame.assign(region=frame["period"]), "are in more than one cluster"),
        (lambda frame: frame.assign(region=None), "Some rows have no cluster"),
        (lambda frame: frame.drop(columns="w"), "has no column 'w'"),
        (lambda frame: frame.head(0), "has no rows"),
    ],
)
def test_a_malformed_panel_is_refused_before_estimation(change, message):
    frame = simulated(17).assign(region=lambda rows: rows["unit"] % 7)
    with pytest.raises(EstimationError, match=message):
        did.estimate(change(frame), weights="w", cluster="region", **NAMES)


def test_a_column_has_one_role():
    with pytest.raises(EstimationError, match="One column is given two roles"):
        did.estimate(simulated(18), **NAMES | {"outcome": "first"})


def test_never_treated_controls_must_exist():
    frame = simulated(18, {4: 10, 6: 10})
    with pytest.raises(EstimationError, match="No unit is never treated"):
        did.estimate(frame, control="never_treated", **NAMES)


def test_who_is_treated_last_is_no_control_in_the_periods_of_anticipation():
    frame = simulated(18, {2: 10, 5: 10, 6: 10})
    assert did.estimate(frame, **NAMES).overall.treated == 20
    with pytest.raises(EstimationError, match="All units are treated at the same time"):
        did.estimate(frame, anticipation=1, **NAMES)


def test_all_problems_of_a_panel_come_together():
    frame = simulated(19).assign(region=1)
    frame.loc[0, "region"] = 2
    frame.loc[5, "w"] = -1
    frame.loc[7, "y"] = np.nan
    with pytest.raises(EstimationError) as refused:
        did.estimate(pd.concat([frame, frame.head(1)]), weights="w", cluster="region", **NAMES)
    assert len(refused.value.problems) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "matching"}, "Unknown method 'matching'"),
        ({"control": "matched"}, "Unknown control"),
        ({"missing": "ignore"}, "Unknown missing"),
        ({"est_method": "ipw"}, "none are given"),
        ({"anticipation": -1}, "anticipation must be"),
        ({"level": 95}, "level must lie"),
        ({"draws": 9}, "at least 99 draws"),
        ({"method": "imputation", "covariates": ["x"]}, "covariates is for callaway_santanna"),
        ({"method": "imputation", "control": "never_treated"}, "control is for callaway_santanna"),
        ({"method": "two_way_fixed_effects", "anticipation": 2}, "anticipation is for callaway_santanna"),
        ({"covariates": ["x"], "est_method": "matching"}, "Unknown est_method"),
    ],
)
def test_an_option_is_used_or_refused(options, message):
    with pytest.raises(EstimationError, match=message):
        did.estimate(simulated(20), **options, **NAMES)


def test_collinear_covariates_are_refused():
    frame = simulated(21).assign(twice=lambda rows: 2 * rows["x"])
    with pytest.raises(EstimationError, match="cannot be estimated"):
        did.estimate(frame, covariates=["x", "twice"], **NAMES)


# The result


def test_a_result_is_frozen_and_explains_itself():
    frame = simulated(22)
    frame["<b>"] = frame["y"]
    effects = did.estimate(frame, **(NAMES | {"outcome": "<b>"}))
    with pytest.raises(dataclasses.FrozenInstanceError):
        effects.method = "other"
    with pytest.raises(TypeError):
        effects.aggregates["simple"] = None
    with pytest.raises(EstimationError, match="no aggregate 'median'"):
        effects.aggregate("median")
    text, page = repr(effects), effects._repr_html_()
    for part in ("callaway_santanna", "clustered on the unit (105)", "no small-sample factor"):
        assert part in text
        assert part in page
    assert "Callaway, B. and Sant&#x27;Anna" in page
    columns = ["estimate", "standard_error", "low", "high", "band_low", "band_high", "p_value", "n"]
    for rows in (effects.event_study, effects.by_group, effects.by_period):
        assert list(rows.columns[1:9]) == columns
    assert effects.overall.n == 105
    assert effects.overall.treated == 45


def test_a_single_comparison_is_the_difference_of_mean_changes():
    frame = simulated(23, {0: 12, 2: 9}, periods=2)
    found = did.estimate(frame, level=0.9, **NAMES).overall
    wide = frame.pivot_table(index="unit", columns="period", values="y")
    change = (wide[2] - wide[1]).to_numpy()
    control, treated = change[:12], change[12:]
    assert found.value == pytest.approx(treated.mean() - control.mean(), abs=1e-12)
    error = np.sqrt(treated.var() / 9 + control.var() / 12)
    assert found.standard_error == pytest.approx(error, abs=1e-12)
    assert found.high - found.value == pytest.approx(norm.ppf(0.95) * error, abs=1e-12)
    assert found.p_value == pytest.approx(2 * norm.sf(abs(found.value) / error), abs=1e-12)


# What is told beside the numbers


@pytest.mark.parametrize("method", ["callaway_santanna", "two_way_fixed_effects", "imputation"])
def test_the_convention_says_whether_the_units_are_weighted(method):
    plain, weighted = (did.estimate(simulated(), method=method, weights=name, **NAMES) for name in (None, "w"))
    assert "weighted" not in plain.standard_error
    assert weighted.standard_error.endswith("; weighted")


def test_two_way_fixed_effects_know_of_no_anticipation():
    assert did.estimate(simulated(), method="two_way_fixed_effects", **NAMES).anticipation == 0


@pytest.mark.parametrize(("never", "few"), [(6, True), (7, False)])
def test_fewer_than_ten_clusters_are_told(never, few):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notes = did.estimate(simulated(groups={0: never, 4: 3}), **NAMES).notes
    assert any("Only 9 clusters" in note for note in notes) is few
    assert any("clusters" in note for note in notes) is few


def test_a_missing_covariate_is_not_dropped_with_the_outcome():
    frame = simulated().rename(columns={"x": "a"})
    frame.loc[3, "a"] = np.nan
    with pytest.raises(EstimationError, match="1 rows are missing or not finite"):
        did.estimate(frame, covariates=["a"], missing="drop", **NAMES)
    assert did.estimate(frame, missing="drop", **NAMES).sample.units == 105


@pytest.mark.parametrize(("low", "high", "decisive"), [(-2.0, -1.0, [1, 2]), (1.0, 2.0, [0, 1]), (-1.0, 1.0, [0, 2])])
def test_decisive_is_what_changes_the_sign_or_the_certainty(low, high, decisive):
    full = did.Estimate((low + high) / 2, 0.1, low, high, 0.01, 10, 10, 3)
    rows = pd.DataFrame({"left_out": [0, 1, 2], "low": [-2.0, -0.5, 0.5], "high": [-0.5, 0.5, 2.0]})
    told = did.LeaveOneOut(full=full, estimates=rows, skipped=rows.iloc[:0], over="unit")
    assert told.decisive["left_out"].tolist() == decisive


@pytest.mark.parametrize("level", [0.95, 0.9])
def test_pointwise_intervals_are_normal_at_the_level_asked_for(level):
    found = did.estimate(simulated(), level=level, **NAMES)
    reach = norm.ppf(0.5 + level / 2)
    for frame in (found.event_study, found.by_group, found.by_period):
        rows = frame[frame["standard_error"] > 0]
        assert len(rows)
        np.testing.assert_allclose(rows["high"] - rows["estimate"], reach * rows["standard_error"])
        np.testing.assert_allclose(rows["estimate"] - rows["low"], reach * rows["standard_error"])
