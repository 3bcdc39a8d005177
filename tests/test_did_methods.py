"""The methods of difference-in-differences against second sources, what each refuses, and what changes none of them."""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from scipy.optimize import nnls
from test_did import NAMES, simulated

from evaluation import did
from evaluation.did import callaway_santanna, means, methods, synthetic
from evaluation.did.panel import Columns, prepare
from evaluation.errors import EstimationError

PACKS = {"outcome": "packs", "unit": "state", "period": "Year", "first_treated": "first"}
SYNTHETIC = ("synthetic_did", "synthetic_control")


@pytest.fixture(scope="module")
def prop99() -> pd.DataFrame:
    wide = pd.read_csv(Path(__file__).parent / "data" / "california_prop99.csv")
    long = wide.melt("Year", var_name="state", value_name="packs")
    return long.assign(first=np.where(long["state"] == "California", 1989, 0))


def estimate(frame: pd.DataFrame, method: str, **options) -> did.Effects:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return did.estimate(frame, method=method, **(NAMES | options))


def quietly(function, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **options)


# Differences of means are Callaway and Sant'Anna's comparisons


@pytest.mark.parametrize("base_period", ["universal", "varying"])
@pytest.mark.parametrize("control", methods.CONTROLS)
@pytest.mark.parametrize("anticipation", [0, 2])
def test_differences_of_means_equal_diff_diff_on_an_incomplete_weighted_panel(base_period, control, anticipation):
    frame = simulated(31).sample(frac=0.9, random_state=31)
    columns = Columns(*NAMES.values(), weights="w")
    panel = prepare(frame, columns, control=control, anticipation=anticipation, missing="drop")
    options = {"control": control, "anticipation": anticipation, "base_period": base_period}
    ours = means.group_time_means(panel, **options)
    theirs = callaway_santanna.group_time(panel, model="regression", **options)
    np.testing.assert_array_equal(ours.group, theirs.group)
    np.testing.assert_array_equal(ours.period, theirs.period)
    np.testing.assert_array_equal(ours.treated, theirs.treated)
    np.testing.assert_allclose(ours.effect, theirs.effect, atol=1e-12)
    np.testing.assert_allclose(ours.influence, theirs.influence, atol=1e-12)
    assert ours.missing == sorted(theirs.missing)


# Sun and Abraham


def test_sun_abraham_equals_its_regression_on_an_incomplete_weighted_panel():
    frame = simulated(32, {0: 25, 4: 8, 6: 12}, periods=8).sample(frac=0.9, random_state=32)
    ours = estimate(frame, "sun_abraham", weights="w", missing="drop")
    design = pd.get_dummies(frame[["unit", "period"]].astype("category"), dtype=float).drop(columns="period_1")
    for group, period in itertools.product((4, 6), range(1, 9)):
        if period != group - 1:
            design[group, period] = ((frame["first"] == group) & (frame["period"] == period)).astype(float)
    fit = sm.WLS(frame["y"], design.to_numpy(), weights=frame["w"]).fit()
    robust = fit.get_robustcov_results("cluster", groups=frame["unit"].to_numpy(), use_correction=False)
    for row in ours.by_group.itertuples():
        after = np.array([isinstance(c, tuple) and c[0] == row.first_treated <= c[1] for c in design.columns])
        contrast = after / after.sum()
        assert row.estimate == pytest.approx(contrast @ fit.params, abs=1e-9)
        error = np.sqrt(contrast @ robust.cov_params() @ contrast)
        assert row.standard_error == pytest.approx(error, abs=1e-9)


@pytest.mark.parametrize("anticipation", [0, 1])
def test_sun_abraham_equals_diff_diff_but_for_the_small_sample_factor(anticipation):
    from diff_diff import SunAbraham

    frame = simulated(33)
    ours = estimate(frame, "sun_abraham", anticipation=anticipation)
    theirs = quietly(SunAbraham(anticipation=anticipation).fit, frame, "y", "unit", "period", "first")
    rows = theirs.to_dataframe("event_study").set_index("relative_period")
    mine = ours.event_study[~ours.event_study["reference"]].set_index("event_time")
    np.testing.assert_array_equal(mine.index, rows.index)
    np.testing.assert_allclose(mine["estimate"], rows["effect"], atol=1e-10)
    factors = rows["se"] / mine["standard_error"]
    assert factors.min() == pytest.approx(factors.max(), abs=1e-10)
    assert 1 < factors.mean() < 1.03
    assert ours.event_study.loc[ours.event_study["reference"], "event_time"].tolist() == [-1 - anticipation]
    if anticipation == 0:
        assert ours.overall.value == pytest.approx(theirs.overall_att, abs=1e-10)
        assert theirs.overall_se / ours.overall.standard_error == pytest.approx(factors.mean(), abs=1e-10)


def test_sun_abraham_is_callaway_santanna_with_never_treated_controls_on_a_complete_panel():
    frame = simulated(34)
    interactions = estimate(frame, "sun_abraham")
    comparisons = estimate(frame, "callaway_santanna", control="never_treated")
    for kind in did.KINDS:
        assert interactions.aggregate(kind).value == pytest.approx(comparisons.aggregate(kind).value, abs=1e-12)
    columns = ["first_treated", "estimate", "standard_error"]
    pd.testing.assert_frame_equal(interactions.by_group[columns], comparisons.by_group[columns], rtol=1e-10)


def test_without_never_treated_the_group_treated_last_is_the_control():
    frame = simulated(35, {4: 10, 6: 12, 9: 11})
    ours = estimate(frame, "sun_abraham")
    cut = frame[frame["period"] < 9].assign(first=lambda rows: rows["first"].where(rows["first"] != 9, 0))
    assert ours.overall.value == pytest.approx(estimate(cut, "sun_abraham").overall.value, abs=1e-12)
    assert ours.overall.treated == 22
    later = frame.assign(period=frame["period"] + 2011, first=frame["first"] + 2011)
    for effects, year in ((ours, 9), (estimate(later, "sun_abraham"), 2020)):
        told = f"the controls are the group first treated in period {year}, and periods from {year} on are not used"
        assert any(told in note for note in effects.notes)


@pytest.mark.parametrize(
    ("method", "options"),
    [
        *((method, {}) for method in ("callaway_santanna", "sun_abraham", "imputation", "two_stage")),
        ("callaway_santanna", {"covariates": ["x"], "est_method": "regression"}),
    ],
)
@pytest.mark.parametrize("shift", [2011, -30])
def test_years_of_the_calendar_move_the_years_of_the_result_and_nothing_else(method, options, shift):
    numbered = simulated(36, {0: 20, 4: 8, 6: 8, 9: 8}, periods=9)
    # A group without figures in a period, and the period before its treatment, has comparisons without an estimate.
    numbered = numbered[~((numbered["first"] == 9) & numbered["period"].isin([2, 8]))]
    first = numbered["first"].where(numbered["first"] == 0, numbered["first"] + shift)
    years = numbered.assign(period=numbered["period"] + shift, first=first)
    ours, theirs = (estimate(frame, method, missing="drop", **options) for frame in (numbered, years))
    moved = {"first_treated", "period"}
    for mine, yours in (
        *((getattr(ours, name), getattr(theirs, name)) for name in ("by_group", "by_period", "event_study")),
        (ours.sample.cells, theirs.sample.cells),
        (ours.sample.groups, theirs.sample.groups),
    ):
        expected = mine.assign(
            **{name: mine[name].where(mine[name] == 0, mine[name] + shift) for name in moved & {*mine}}
        )
        pd.testing.assert_frame_equal(yours, expected, check_dtype=False)
    if method in ("callaway_santanna", "sun_abraham"):
        assert (9, 2) in set(zip(ours.sample.cells["first_treated"], ours.sample.cells["period"], strict=True))


def test_units_seen_untreated_once_say_nothing_of_the_periods():
    frame = simulated(39, {0: 20, 2: 8, 6: 10})
    untreated = frame[(frame["first"] == 0) | (frame["period"] < frame["first"])]
    fit = smf.ols("y ~ C(unit) + C(period)", untreated).fit()
    treated = frame.drop(index=untreated.index)
    expected = (treated["y"] - fit.predict(treated)).mean()
    assert estimate(frame, "imputation").overall.value == pytest.approx(expected, abs=1e-9)


def test_where_the_controls_are_not_seen_nothing_is_compared():
    frame = simulated(38, {4: 10, 6: 12, 9: 11})
    frame = frame[~((frame["first"] == 9) & (frame["period"] == 2))]
    cells = estimate(frame, "sun_abraham", missing="drop").sample.cells
    assert list(zip(cells["first_treated"], cells["period"], strict=True)) == [(4, 2), (6, 2)]


# Two stages


@pytest.mark.parametrize("anticipation", [0, 2])
def test_two_stages_equal_diff_diff(anticipation):
    from diff_diff import TwoStageDiD

    frame = simulated(36)
    ours = estimate(frame, "two_stage", anticipation=anticipation)
    theirs = quietly(TwoStageDiD(anticipation=anticipation).fit, frame, "y", "unit", "period", "first")
    rows = quietly(lambda: theirs.aggregate("event_study").to_dataframe())
    rows = rows[~rows["is_reference"]]
    np.testing.assert_allclose(ours.event_study["estimate"], rows["att"], atol=1e-9)
    np.testing.assert_allclose(ours.event_study["standard_error"], rows["se"], atol=1e-9)
    if anticipation == 0:
        assert ours.overall.value == pytest.approx(theirs.overall_att, abs=1e-9)
        assert ours.overall.standard_error == pytest.approx(theirs.overall_se, abs=1e-9)


def test_two_stages_estimate_what_imputation_does():
    frame = simulated(37).sample(frac=0.9, random_state=37)
    options = {"weights": "w", "missing": "drop"}
    first, second = (estimate(frame, method, **options) for method in ("two_stage", "imputation"))
    for kind in did.KINDS:
        assert first.aggregate(kind).value == pytest.approx(second.aggregate(kind).value, abs=1e-12)


# Synthetic difference-in-differences and synthetic control


@pytest.mark.parametrize(("method", "value"), [("synthetic_did", -15.604), ("synthetic_control", -19.620)])
def test_the_published_numbers_of_proposition_99_are_met(prop99, method, value):
    with pytest.warns(UserWarning, match="has one unit"):
        effects = did.estimate(prop99, method=method, **PACKS)
    assert effects.overall.value == pytest.approx(value, abs=5e-4)
    # One treated state: every other state plays it once.
    assert "38 draws" in effects.standard_error
    assert effects.overall.treated == 1


def optimum(paths: np.ndarray, target: np.ndarray, penalty: float) -> np.ndarray:
    """Weights on the simplex that minimise the squared distance of `paths` to `target` plus the penalty, exactly."""
    distance = np.vstack([paths - target[:, None], np.sqrt(penalty) * np.eye(paths.shape[1])])
    scale = np.abs(distance).max()
    system = np.vstack([distance / scale, np.ones(paths.shape[1])])
    weights = nnls(system, np.r_[np.zeros(len(distance)), 1.0], maxiter=100_000)[0]
    return weights / weights.sum()


def test_where_the_published_algorithm_stops_is_near_the_exact_optimum(prop99):
    wide = prop99.pivot_table(index="state", columns="Year", values="packs")
    treated, controls = wide.loc["California"].to_numpy(), wide.drop(index="California").to_numpy()
    before, after = controls[:, :19], controls[:, 19:].mean(axis=1)
    noise = np.diff(before, axis=1).std(ddof=1)
    centred, goal = before.T - before.T.mean(axis=0), treated[:19] - treated[:19].mean()
    units = optimum(centred, goal, 19 * np.sqrt(12) * noise**2)
    times = optimum(before - before.mean(axis=0), after - after.mean(), 38 * (1e-6 * noise) ** 2)
    gap = treated - units @ controls
    assert gap[19:].mean() - times @ gap[:19] == pytest.approx(-15.605, abs=5e-4)
    units = optimum(before.T, treated[:19], 19 * (1e-6 * noise) ** 2)
    assert treated[19:].mean() - units @ after == pytest.approx(-19.514, abs=5e-4)


def test_synthetic_did_of_one_group_and_its_jackknife_equal_diff_diff():
    from diff_diff import SyntheticDiD

    frame = simulated(38, {0: 40, 7: 14})
    ours = estimate(frame, "synthetic_did")
    ever = frame.assign(ever=(frame["first"] > 0).astype(int))
    fitted = SyntheticDiD(variance_method="jackknife", seed=1)
    theirs = quietly(fitted.fit, ever, "y", "ever", "unit", "period", post_periods=[7, 8, 9, 10])
    assert ours.overall.value == pytest.approx(theirs.att, abs=1e-6)
    assert ours.overall.standard_error == pytest.approx(theirs.se, rel=1e-5)
    assert ours.standard_error.startswith("jackknife")


@pytest.mark.parametrize("method", SYNTHETIC)
def test_groups_are_estimated_apart_and_averaged_by_size_and_length(method):
    frame = simulated(39, {0: 40, 6: 12, 9: 15})
    together = estimate(frame, method)
    apart = {group: estimate(frame[frame["first"].isin([0, group])], method).overall for group in (6, 9)}
    for row in together.by_group.itertuples():
        assert row.estimate == pytest.approx(apart[row.first_treated].value, abs=1e-12)
    weights = {6: 12 * 5, 9: 15 * 2}
    expected = sum(weights[group] * apart[group].value for group in weights) / sum(weights.values())
    assert together.overall.value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("clustered", [False, True])
def test_the_jackknife_leaves_out_one_cluster_at_a_time(clustered):
    frame = simulated(40, {0: 40, 7: 24}).assign(pair=lambda rows: rows["unit"] // 2)
    ours = estimate(frame, "synthetic_did", cluster="pair" if clustered else None)
    panel = prepare(frame, Columns(*NAMES.values()), control="never_treated", anticipation=0, missing="raise")
    group = panel.outcome[panel.group == 0], panel.outcome[panel.group == 7]
    fit = synthetic._fit(*group, 6, True, None)
    unit = {tuple(path): rows["unit"].iloc[0] for _, rows in frame.groupby("unit") for path in [rows["y"]]}
    cluster = [np.array([unit[tuple(path)] // (2 if clustered else 1) for path in paths]) for paths in group]
    found = []
    for code in np.unique(np.concatenate(cluster)):
        kept = cluster[0] != code
        left = synthetic.Weights(fit.units[kept] / fit.units[kept].sum(), fit.times, 0.0, 0.0)
        found.append(synthetic._effects(group[0][kept], group[1][cluster[1] != code], left)[6:].mean())
    count = 32 if clustered else 64
    assert len(found) == count == ours.overall.clusters
    error = np.sqrt((count - 1) / count * ((np.array(found) - np.mean(found)) ** 2).sum())
    assert ours.overall.standard_error == pytest.approx(error, rel=1e-9)


def test_placebo_errors_are_the_spread_of_effects_where_nothing_happened():
    # Independent noise around common periods: the spread of the estimate is known from new draws of the same world.
    values, errors = [], []
    for seed in range(25):
        frame = simulated(400 + seed, {0: 30, 6: 2}, periods=9, effect=0.0, slope=0.0)
        found = estimate(frame, "synthetic_did", draws=99, seed=seed).overall
        values.append(found.value)
        errors.append(found.standard_error)
    assert np.mean(errors) == pytest.approx(np.sqrt(np.mean(np.square(values))), rel=0.35)
    assert abs(np.mean(values)) < 3 * np.std(values) / 5


def test_units_with_gaps_are_left_out_of_synthetic_methods_and_counted():
    frame = simulated(41, {0: 40, 7: 14})
    gaps = frame[~((frame["unit"] == 3) & (frame["period"] == 2))]
    with pytest.raises(EstimationError, match="1 combinations of unit and period have no row"):
        did.estimate(gaps, method="synthetic_did", **NAMES)
    effects = estimate(gaps, "synthetic_did", missing="drop")
    rows = effects.sample.dropped.set_index("reason")
    assert rows.loc["unit not observed in every period"].to_dict() == {"rows": 9, "units": 1}
    assert effects.overall == estimate(frame[frame["unit"] != 3], "synthetic_did").overall
    no_treated = frame[~((frame["first"] > 0) & (frame["period"] == 2))]
    with pytest.raises(EstimationError, match="No treated unit and control are left with the outcomes needed"):
        estimate(no_treated, "synthetic_did", missing="drop")


@pytest.mark.parametrize(
    ("groups", "options", "message"),
    [
        ({5: 10, 7: 10}, {}, "No unit is never treated"),
        ({0: 20, 2: 10}, {}, "fewer than two periods before its treatment"),
        ({0: 6, 5: 8}, {}, "more never-treated units than treated"),
        ({0: 30, 5: 4}, {"cluster": "region"}, "cannot follow clusters"),
    ],
)
def test_what_synthetic_methods_cannot_answer_is_refused(groups, options, message):
    frame = simulated(42, groups).assign(region=lambda rows: rows["unit"] // 2)
    with pytest.raises(EstimationError, match=message):
        estimate(frame, "synthetic_did", **options)


# Every method alike


@pytest.mark.parametrize("method", SYNTHETIC)
def test_placebo_errors_follow_neither_rows_nor_labels(method):
    frame = simulated(43, {0: 25, 6: 3}, periods=8)
    kept = frame.copy(deep=True)
    plain = estimate(frame, method, draws=99)
    pd.testing.assert_frame_equal(frame, kept)
    changed = frame.assign(
        unit=frame["unit"].map("unit {}".format),
        period=frame["period"] + 40,
        first=frame["first"].where(frame["first"] == 0, frame["first"] + 40),
    ).sample(frac=1, random_state=3)
    moved = estimate(changed, method, draws=99)
    assert dict(moved.aggregates) == dict(plain.aggregates)
    pd.testing.assert_frame_equal(moved.event_study, plain.event_study, check_exact=True)


@pytest.mark.parametrize("method", did.METHODS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: pd.concat([frame, frame.head(2)]), "2 rows repeat a unit and period"),
        (lambda frame: frame.assign(period=frame["period"].astype(str)), "must be whole numbers, not text"),
        (lambda frame: frame.assign(first=np.where(frame["period"] > 8, 9, frame["first"])), "more than one first_tr"),
        (lambda frame: frame.assign(first=0), "No unit is treated within the panel"),
        (lambda frame: frame.assign(first=4), "so there are no controls"),
        (lambda frame: frame.assign(first=1), "Every treated unit is treated from the first period on"),
        (lambda frame: frame.assign(y=frame["y"].where(frame["unit"] != 2, np.inf)), "10 rows are missing or not fin"),
        (lambda frame: frame.assign(region=frame["period"]), "are in more than one cluster"),
    ],
)
def test_every_method_refuses_a_panel_that_cannot_answer(method, change, message):
    frame = simulated(44).assign(region=lambda rows: rows["unit"] % 30)
    with pytest.raises(EstimationError, match=message):
        did.estimate(change(frame), method=method, cluster="region", **NAMES)


@pytest.mark.parametrize("method", did.METHODS)
def test_every_method_warns_of_a_group_of_one_unit(method):
    frame = simulated(45, {0: 20, 4: 1, 6: 12})
    with pytest.warns(UserWarning, match="first treated in period 4 has one unit"):
        did.estimate(frame, method=method, **NAMES, **({} if method == "two_way_fixed_effects" else {"draws": 99}))


GIVEN = {
    "control": "never_treated",
    "covariates": ["x"],
    "base_period": "varying",
    "anticipation": 1,
    "weights": "w",
    "draws": 999,
    "seed": 5,
}
REFUSED = [
    (method, option) for method in did.METHODS for option in GIVEN if option not in methods.METHODS[method].options
]


@pytest.mark.parametrize(("method", "option"), REFUSED)
def test_an_option_that_a_method_does_not_use_is_refused(method, option):
    with pytest.raises(EstimationError, match=f"{option} is for .*; {method} does not use it"):
        did.estimate(simulated(46), method=method, **{option: GIVEN[option]}, **NAMES)


@pytest.mark.parametrize("method", did.METHODS)
def test_an_option_that_a_method_takes_changes_something(method):
    frame = simulated(47, {0: 40, 5: 14, 7: 12})
    plain = estimate(frame, method)
    for option in methods.METHODS[method].options & GIVEN.keys():
        other = estimate(frame, method, **{option: 1234 if option == "draws" else GIVEN[option]})
        same = other.overall == plain.overall and other.event_study.equals(plain.event_study)
        assert not same, option


def test_a_treatment_absorbed_by_unit_and_period_effects_is_refused():
    frame = simulated(48, {0: 10, 5: 10}, periods=8)
    only_before = frame[(frame["first"] > 0) | (frame["period"] < 5)]
    with pytest.raises(EstimationError, match="absorbed by the unit and period effects"):
        did.estimate(only_before, method="two_way_fixed_effects", missing="drop", **NAMES)


def treated_now(frame: pd.DataFrame) -> pd.Series:
    return ((frame["first"] > 0) & (frame["period"] >= frame["first"])).astype(int)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame["d"].where(~((frame["unit"] == 70) & (frame["period"] == 9)), 0), "ends in 1 units"),
        (lambda frame: frame["d"].where(frame["unit"] != 2, (frame["period"] > 7).astype(int)), "3 rows disagree"),
        (lambda frame: frame["d"] * 0, "The treatment never varies"),
        (lambda frame: frame["d"] * 2, "rows have a treatment that is not 0 or 1"),
        (lambda frame: frame["d"].map({0: "no", 1: "yes"}), "rows have a treatment that is not 0 or 1"),
    ],
)
def test_a_treatment_that_ends_or_contradicts_its_start_is_refused(change, message):
    frame = simulated(49).assign(d=treated_now)
    with pytest.raises(EstimationError, match=message):
        did.estimate(frame.assign(d=change(frame)).sample(frac=1, random_state=1), treatment="d", **NAMES)


@pytest.mark.parametrize("kind", [int, bool, float])
def test_a_treatment_that_lasts_is_only_checked(kind):
    frame = simulated(50).assign(d=lambda rows: treated_now(rows).astype(kind))
    assert did.estimate(frame, treatment="d", **NAMES).overall == did.estimate(frame, **NAMES).overall


@pytest.mark.parametrize("method", [method for method in did.METHODS if method != "two_way_fixed_effects"])
def test_the_covariance_of_the_event_study_has_its_standard_errors(method):
    effects = estimate(simulated(51), method)
    rows = effects.event_study.set_index("event_time")["standard_error"].dropna()
    np.testing.assert_array_equal(effects.covariance.index, rows.index)
    np.testing.assert_allclose(np.sqrt(np.diag(effects.covariance)), rows, rtol=1e-10)
