"""Inference by resampling: brute force, a second source, exactness, size, invariances and refusals."""

from __future__ import annotations

import dataclasses
import warnings
from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest

from evaluation import did
from evaluation.did.few_treated import residual_draws
from evaluation.did.linear_forms import collapse, linear_form
from evaluation.did.panel import Columns, prepare
from evaluation.did.resampling import Draws
from evaluation.errors import EstimationError

NAMES = {"outcome": "y", "unit": "unit", "period": "period", "first_treated": "first"}
METHODS = ("callaway_santanna", "imputation", "two_way_fixed_effects")
TESTS = (did.wild_bootstrap, did.randomisation_inference, did.ferman_pinto)


def simulated(seed: int, groups: dict[int, int], periods: int = 6, effect: float = 0.0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    first = np.repeat(list(groups), list(groups.values()))
    time = np.arange(1, periods + 1)
    noise = generator.normal(size=(len(first), periods)).cumsum(axis=1) * 0.3 + generator.normal(
        size=(len(first), periods)
    )
    treated = (first[:, None] > 0) & (time >= first[:, None])
    columns = {"unit": np.repeat(np.arange(len(first)), periods), "period": np.tile(time, len(first))}
    frame = pd.DataFrame(columns | {"first": np.repeat(first, periods), "y": (noise + effect * treated).ravel()})
    frame["w"] = np.repeat(generator.integers(1, 6, size=len(first)), periods).astype(float)
    frame["size"] = np.repeat(np.exp(generator.normal(size=len(first))), periods)
    return frame


def run(test, frame, **options):
    extra = {"size": "size"} if test is did.ferman_pinto else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return test(frame, **NAMES, **extra, **options)


def estimated(frame, outcome="y", **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return did.estimate(frame, **NAMES | {"outcome": outcome}, **options).overall


def t_statistic(frame, outcome="y", null=0.0, **options):
    found = estimated(frame, outcome, **options)
    return abs(found.value - null) / found.standard_error


def is_treated(frame):
    return ((frame["first"] > 0) & (frame["period"] >= frame["first"])).to_numpy(dtype=float)


# The linear form is the estimator


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("kept", "weights"), [(1.0, None), (1.0, "w"), (0.9, None), (0.85, "w")])
def test_estimate_and_error_are_those_of_the_estimator(method, kept, weights):
    frame = simulated(1, {0: 40, 4: 1, 6: 20, 9: 10}, 10).sample(frac=kept, random_state=1)
    missing = "drop" if kept < 1 else "raise"
    for anticipation in (0, 1) if method != "two_way_fixed_effects" else (0,):
        options = {"method": method, "weights": weights, "missing": missing} | (
            {"anticipation": anticipation} if anticipation else {}
        )
        wanted = estimated(frame, **options)
        found = run(did.wild_bootstrap, frame, draws=99, **options)
        assert found.estimate == pytest.approx(wanted.value, abs=1e-10)
        assert found.standard_error == pytest.approx(wanted.standard_error, abs=1e-10)
        assert found.statistic == pytest.approx(wanted.value / wanted.standard_error, abs=1e-8)
        assert (found.units, found.clusters) == (wanted.n, wanted.clusters)


@pytest.mark.parametrize("method", ["callaway_santanna", "imputation"])
def test_periods_in_which_all_are_treated_are_not_estimated_by_the_form_either(method):
    frame = simulated(4, {4: 10, 6: 12, 9: 9}, 10)
    wanted = estimated(frame, method=method)
    for test in (did.wild_bootstrap, did.randomisation_inference):
        found = run(test, frame, draws=99, method=method, null=0.3)
        assert found.estimate == pytest.approx(wanted.value, abs=1e-10)
        assert found.standard_error == pytest.approx(wanted.standard_error, abs=1e-10)
        assert found.statistic == pytest.approx((wanted.value - 0.3) / wanted.standard_error, abs=1e-8)
        assert "(95 % interval [" in str(found)


@pytest.mark.parametrize("method", METHODS)
def test_groups_of_a_balanced_panel_have_one_form(method):
    frame = simulated(2, {0: 12, 3: 5, 5: 4}, 7)
    data = prepare(frame, Columns(*NAMES.values()), control="not_yet_treated", anticipation=0, missing="raise")
    form = linear_form(data, method)
    effect, influence = form.evaluate(data.outcome)
    small = collapse(form, data.group)
    label = np.unique(data.group, return_inverse=True)[1]
    sums = np.stack([data.outcome[label == position].sum(axis=0) for position in range(3)])
    assert (small.effect * sums).sum() == pytest.approx(effect, abs=1e-12)
    shared = np.einsum("klt,lt->k", small.shared, sums)
    np.testing.assert_allclose((small.own[label] * data.outcome).sum(axis=1) + shared[label], influence, atol=1e-12)


# Brute force


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weights", [None, "w"])
def test_the_wild_bootstrap_is_the_one_done_draw_by_draw(method, weights):
    frame = simulated(3, {0: 3, 3: 2, 4: 2}, 5, effect=0.6)
    null, treated = 0.2, is_treated(frame)
    dummies = pd.get_dummies(frame[["unit", "period"]].astype("category"), dtype=float).to_numpy()
    root = np.sqrt(frame["w"].to_numpy() if weights else np.ones(len(frame)))
    adjusted = frame["y"].to_numpy() - null * treated
    fitted = dummies @ np.linalg.lstsq(dummies * root[:, None], adjusted * root)[0]
    observed = t_statistic(frame, null=null, method=method, weights=weights)
    more = []
    for signs in product([-1.0, 1.0], repeat=7):
        drawn = fitted + null * treated + np.array(signs)[frame["unit"]] * (adjusted - fitted)
        found = t_statistic(frame.assign(drawn=drawn), "drawn", null, method=method, weights=weights)
        more.append(found >= observed - 1e-9)
    test = run(did.wild_bootstrap, frame, method=method, weights=weights, null=null)
    assert (test.draws, test.exact) == (128, True)
    assert test.p_value == np.mean(more)
    assert run(did.wild_bootstrap, frame, method=method, weights=weights, null=null, draws=128).exact


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("weights", "gap"), [(None, False), ("w", False), (None, True)])
def test_randomisation_is_the_one_done_assignment_by_assignment(method, weights, gap):
    frame = simulated(4, {0: 4, 3: 2, 4: 1}, 5, effect=0.6)
    if gap:
        frame = frame.drop(index=12)
    null = 0.25
    options = {"method": method, "weights": weights, "missing": "drop" if gap else "raise"}
    observed = t_statistic(frame, null=null, **options)
    adjusted = frame.assign(adjusted=frame["y"] - null * is_treated(frame))
    more = []
    for dates in set(permutations([0, 0, 0, 0, 3, 3, 4])):
        moved = adjusted.assign(first=np.array(dates)[frame["unit"]])
        more.append(t_statistic(moved, "adjusted", **options) >= observed - 1e-9)
    test = run(did.randomisation_inference, frame, null=null, **options)
    assert (test.draws, test.exact) == (105, True)
    assert test.p_value == np.mean(more)
    assert run(did.randomisation_inference, frame, null=null, draws=105, **options).exact


def test_assignments_within_strata_are_those_that_keep_each_strata_dates():
    frame = simulated(5, {0: 5, 4: 3}, 6, effect=0.5)
    frame["stratum"] = np.where(frame["unit"].isin([0, 1, 2, 5]), "north", "south")
    stratum = frame.groupby("unit")["stratum"].first().to_numpy()
    given = frame.groupby("unit")["first"].first().to_numpy()
    observed, more = t_statistic(frame, method="imputation"), []
    for dates in set(permutations(given)):
        kept = all(sorted(np.array(dates)[stratum == s]) == sorted(given[stratum == s]) for s in ("north", "south"))
        if kept:
            moved = frame.assign(first=np.array(dates)[frame["unit"]])
            more.append(t_statistic(moved, method="imputation") >= observed - 1e-9)
    test = run(did.randomisation_inference, frame, strata="stratum")
    assert (test.draws, len(more)) == (24, 24)
    assert test.p_value == np.mean(more)
    assert "2 strata" in test.kind


def test_ferman_pinto_is_the_one_done_by_hand():
    frame = simulated(8, {0: 24, 4: 2}, 6)
    frame["y"] = 0.8 * is_treated(frame) + frame["y"] * np.sqrt(1 + 1 / frame["size"])
    wide = frame.pivot_table(index="unit", columns="period", values="y").to_numpy()
    change = wide[:, 3:].mean(axis=1) - wide[:, :3].mean(axis=1)
    controls = change[:24] - change[:24].mean()
    inverse = 1 / frame.groupby("unit")["size"].first().to_numpy()
    design = np.column_stack([np.ones(24), inverse[:24]])
    fit = np.linalg.lstsq(design, controls**2)[0]
    assert (fit > 0).all()
    normal = controls / np.sqrt(design @ fit)
    spread = np.sqrt(fit[0] + fit[1] * inverse)
    generator = np.random.default_rng(9)
    errors = [
        (spread[24:] * generator.choice(normal, 2)).mean() - (spread[:24] * generator.choice(normal, 24)).mean()
        for _ in range(20_000)
    ]
    effect = change[24:].mean() - change[:24].mean()
    test = run(did.ferman_pinto, frame, draws=20_000)
    assert test.estimate == pytest.approx(effect, abs=1e-12)
    assert test.p_value == pytest.approx(np.mean(np.abs(errors) >= abs(effect)), abs=0.015)
    assert (test.high - test.low) / 2 == pytest.approx(np.quantile(np.abs(errors), 0.95), rel=0.03)


# Second source: wildboottest 0.3.2, WildboottestCL(X, Y, cluster, R), type "11", null imposed, X = treated, dummies of
# all units and of all periods but the first; its weights `v` set to those of `drawn_weights(kind, 999, clusters, seed)`
# with the units in the order of the panel, which gives the number of draws (of 999) with a larger absolute t.
WILDBOOTTEST = [
    (1, {0: 14, 4: 4, 6: 6}, 9, 1, "rademacher", 576),
    (1, {0: 14, 4: 4, 6: 6}, 9, 1, "webb", 584),
    (2, {0: 14, 4: 4, 6: 6}, 9, 1, "rademacher", 16),
    (2, {0: 14, 4: 4, 6: 6}, 9, 1, "webb", 19),
    (3, {0: 30, 3: 5, 5: 5}, 6, 2, "rademacher", 67),
    (3, {0: 30, 3: 5, 5: 5}, 6, 2, "webb", 70),
]


@pytest.mark.parametrize(("seed", "groups", "periods", "together", "distribution", "larger"), WILDBOOTTEST)
def test_the_wild_bootstrap_equals_wildboottest(seed, groups, periods, together, distribution, larger):
    frame = simulated(seed, groups, periods, effect=0.5)
    frame["pair"] = frame["unit"] // together
    test = run(did.wild_bootstrap, frame, cluster="pair", distribution=distribution, draws=999, seed=seed)
    assert test.p_value == larger / 999
    assert not test.exact


# What a test must be


def test_every_assignment_as_the_real_one_gives_p_values_that_keep_their_promise():
    frame = simulated(7, {0: 6, 4: 3})
    found = []
    for dates in set(permutations([0] * 6 + [4] * 3)):
        moved = frame.assign(first=np.array(dates)[frame["unit"]])
        found.append(run(did.randomisation_inference, moved).p_value)
    assert len(found) == 84
    for share in (2 / 84, 0.05, 0.1, 0.5):
        assert np.mean(np.array(found) <= share) <= share + 1e-12
    assert min(found) == 1 / 84


def test_a_true_null_is_kept_when_the_treated_vary_more_though_not_by_unscaled_residuals():
    rejected = []
    for seed in range(120):
        generator = np.random.default_rng(seed)
        spread = np.repeat([0.3, 2.0], [48, 32])
        frame = simulated(seed, {0: 72, 4: 8})
        frame["y"] = (generator.normal(size=(80, 6)) * spread[:, None]).ravel()
        frame["size"] = np.repeat(1 / spread**2, 6)
        data = prepare(frame, Columns(*NAMES.values()), control="not_yet_treated", anticipation=0, missing="raise")
        form = linear_form(data, "imputation")
        plain = np.abs(residual_draws(data, form, None, draws=199, seed=seed)[0])
        effect = abs(form.evaluate(data.outcome)[0])
        tests = [run(test, frame, draws=199, seed=seed).p_value for test in TESTS]
        rejected.append([p <= 0.05 for p in (*tests, (plain >= effect).mean())])
    wild, randomised, rescaled, unscaled = np.mean(rejected, axis=0)
    assert wild <= 0.11
    assert 0.01 <= randomised <= 0.11
    assert rescaled <= 0.11
    assert unscaled > 0.15


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("method", METHODS)
def test_the_interval_holds_what_the_test_does_not_reject(test, method):
    frame = simulated(8, {0: 30, 4: 6, 5: 4}, 7, effect=1.0)
    found = run(test, frame, method=method, draws=499)
    assert found.low < found.estimate < found.high
    width = found.high - found.low
    for end, sign in ((found.low, 1), (found.high, -1)):
        assert run(test, frame, method=method, draws=499, null=end + sign * 1e-3 * width).p_value > 0.05
        assert run(test, frame, method=method, draws=499, null=end - sign * 1e-3 * width).p_value <= 0.05
    narrow = run(test, frame, method=method, draws=499, level=0.8)
    assert found.low < narrow.low < narrow.high < found.high
    # A constant effect added moves the estimate and the interval, not their width.
    moved = run(test, frame.assign(y=frame["y"] + 2 * is_treated(frame)), method=method, draws=499)
    np.testing.assert_allclose([moved.low - 2, moved.high - 2], [found.low, found.high], atol=1e-8)


def test_a_test_that_never_rejects_has_an_open_interval_and_says_so():
    few = run(did.randomisation_inference, simulated(9, {0: 8, 4: 1}, effect=50.0))
    assert few.p_value == 1 / 9
    assert (few.low, few.high) == (-np.inf, np.inf)
    assert any("rejects no effect" in note for note in few.notes)
    assert any("Only 9 assignments are possible" in note for note in few.notes)
    wild = run(did.wild_bootstrap, simulated(9, {0: 30, 4: 2}), draws=999)
    assert any("Only 2 clusters are treated" in note for note in wild.notes)


def test_the_interval_of_ferman_and_pinto_is_wider_for_smaller_treated_units():
    frame = simulated(10, {0: 1000, 4: 2})
    size = np.random.default_rng(0).uniform(0.25, 4, size=1002)
    noise = np.random.default_rng(1).normal(size=(1002, 6)) / np.sqrt(size)[:, None]
    frame["y"] = noise.ravel()
    widths = []
    for treated in (0.25, 4.0):
        size[1000:] = treated
        found = run(did.ferman_pinto, frame.assign(size=np.repeat(size, 6)))
        widths.append(found.high - found.low)
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.2)
    even = run(did.ferman_pinto, frame.assign(size=3.0))
    assert any("does not fall with size" in note for note in even.notes)


def test_an_assignment_that_gaps_leave_without_an_estimate_counts_as_extreme():
    frame = simulated(11, {0: 5, 4: 1}, effect=30.0)
    late = frame[~((frame["unit"] == 2) & (frame["period"] < 4))]
    found = run(did.randomisation_inference, late, missing="drop")
    assert found.p_value == 2 / 6
    assert any("1 assignments leave nothing to estimate" in note for note in found.notes)


# Invariances


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("weights", [None, "w"])
def test_rows_labels_and_periods_do_not_change_a_test_nor_the_input(test, weights):
    frame = simulated(12, {0: 25, 4: 6, 5: 4})
    frame["stratum"] = np.where(frame["unit"] % 2, "odd", "even")
    kept = frame.copy(deep=True)
    options = {"draws": 199, "weights": weights}
    if test is did.randomisation_inference:
        options["strata"] = "stratum"
    plain = run(test, frame, **options)
    pd.testing.assert_frame_equal(frame, kept)
    names = pd.Series(np.random.default_rng(0).permutation(35)).map("unit {}".format)
    changed = frame.assign(
        unit=frame["unit"].map(names),
        period=frame["period"] + 170,
        first=frame["first"].where(frame["first"] == 0, frame["first"] + 170),
    ).sample(frac=1, random_state=1)
    assert run(test, changed, **options) == plain


@pytest.mark.parametrize("test", TESTS)
def test_the_seed_moves_the_draws_only_and_repeats(test):
    frame = simulated(13, {0: 25, 4: 6, 5: 4})
    first, again, other = (run(test, frame, draws=999, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)
    assert (first.estimate, first.standard_error) == (other.estimate, other.standard_error)
    assert first.p_value == pytest.approx(other.p_value, abs=0.06)


@pytest.mark.parametrize("test", TESTS)
def test_a_result_is_frozen_and_explains_itself(test):
    found = run(test, simulated(14, {0: 25, 4: 6, 5: 4}), draws=199)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.p_value = 0
    assert (found.treated, found.units, found.draws, found.null, found.level) == (10, 35, 199, 0.0, 0.95)
    assert "imputation" in found.method or "two_way_fixed_effects" in found.method
    for part in (found.kind, "10 treated of 35 units", "draws: 199, seed 0"):
        assert part in str(found)
        assert part in found._repr_html_()
    assert found.citation in found._repr_html_().replace("&#x27;", "'")


# Refusals


@pytest.mark.parametrize("test", TESTS)
def test_every_wrong_option_is_listed_at_once(test):
    options = {
        "method": "ols",
        "control": "others",
        "anticipation": -1,
        "null": np.nan,
        "level": 95,
        "draws": 10,
        "seed": -1,
        "missing": "ignore",
    }
    with pytest.raises(EstimationError) as refused:
        run(test, simulated(15, {0: 25, 4: 6}), **options)
    assert len(refused.value.problems) == len(options)


@pytest.mark.parametrize(
    ("test", "options", "message"),
    [
        (did.wild_bootstrap, {"distribution": "mammen"}, "Unknown distribution 'mammen'"),
        (did.wild_bootstrap, {"anticipation": 1}, "does not use anticipation"),
        (did.wild_bootstrap, {"control": "never_treated"}, "does not use it"),
        (did.randomisation_inference, {"strata": "region"}, "has no column 'region'"),
        (did.randomisation_inference, {"strata": "unit"}, "given two roles"),
        (did.randomisation_inference, {"strata": "period_copy"}, "in more than one stratum"),
        (did.randomisation_inference, {"strata": "nothing"}, "have no stratum"),
        (did.randomisation_inference, {"strata": "first_copy"}, "in one way only"),
        (did.ferman_pinto, {"size": "region"}, "has no column 'region'"),
        (did.ferman_pinto, {"size": "period_copy"}, "have a size that varies over time"),
        (did.ferman_pinto, {"size": "negative"}, "a size that is not positive"),
        (did.ferman_pinto, {"size": "nothing"}, "must be numbers"),
    ],
)
def test_what_cannot_be_tested_is_refused(test, options, message):
    frame = simulated(16, {0: 25, 4: 6})
    frame = frame.assign(period_copy=frame["period"], first_copy=frame["first"], negative=-frame["size"], nothing=None)
    extra = {"size": "size"} if test is did.ferman_pinto else {}
    with pytest.raises(EstimationError, match=message):
        test(frame, **NAMES | extra | options)


def test_too_few_never_treated_units_and_a_malformed_panel_are_refused():
    with pytest.raises(EstimationError, match="Only 10 units are never treated"):
        run(did.ferman_pinto, simulated(17, {0: 10, 4: 6}))
    frame = simulated(17, {0: 25, 4: 6})
    for test in TESTS:
        with pytest.raises(EstimationError, match="2 rows repeat a unit and period"):
            run(test, pd.concat([frame, frame.head(2)]))
        with pytest.raises(EstimationError, match="no standard error"):
            run(test, frame.assign(y=1.0))


# Which to use


@pytest.mark.parametrize(
    ("treated", "varies_by_size", "lead", "beside"),
    [
        (104, False, "cluster_robust", ("randomisation", "wild_bootstrap")),
        (20, False, "cluster_robust", ("randomisation", "wild_bootstrap")),
        (19, True, "randomisation", ("wild_bootstrap", "ferman_pinto")),
        (5, False, "randomisation", ("wild_bootstrap",)),
        (4, False, "randomisation", ()),
        (3, False, "randomisation", ()),
        (3, True, "ferman_pinto", ("randomisation",)),
        (1, True, "ferman_pinto", ()),
    ],
)
def test_the_inference_recommended_follows_the_number_of_treated(treated, varies_by_size, lead, beside):
    found = did.recommend_inference(treated, varies_by_size=varies_by_size)
    assert (found.lead, found.beside, found.treated) == (lead, beside, treated)
    assert ("cluster_robust" in found.against) == (treated < 20)
    assert not {found.lead, *found.beside} & set(found.against)
    assert found.reason


def test_one_treated_unit_and_no_treated_unit_have_no_inference():
    with pytest.raises(EstimationError, match="nothing tells how much it varies"):
        did.recommend_inference(1)
    with pytest.raises(EstimationError, match="whole number, 1 or more"):
        did.recommend_inference(0)


@pytest.mark.parametrize(("counted", "expected"), [(0, 2 / 4), (1, 3 / 5)])
def test_the_p_value_is_the_share_of_draws_as_far_from_the_null(counted, expected):
    constant = np.array([0.1, -1.0, 2.0, 0.9])
    drawn = Draws(1.0, 0.5, constant, np.zeros(4), np.tile([[0.25], [0.0], [0.0]], 4), counted)
    assert drawn.p_value(0.0, studentised=False) == expected
    assert drawn.p_value(0.0) == expected
    wide = Draws(1.0, 0.5, constant, np.zeros(4), np.tile([[25.0], [0.0], [0.0]], 4), counted)
    assert wide.p_value(0.0) == counted / (4 + counted)
