"""Leaving out, placebos and power: recomputed by hand, known truths and refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from evaluation import did
from evaluation.did import power
from evaluation.errors import EstimationError

NAMES = {"outcome": "y", "unit": "unit", "period": "period", "first_treated": "first"}


def panel(seed: int, groups: dict[int, int] | None = None, periods: int = 10, effect: float = 1.0) -> pd.DataFrame:
    sizes = groups or {0: 30, 5: 8, 7: 6}
    generator = np.random.default_rng(seed)
    first, time = np.repeat(list(sizes), list(sizes.values())), np.arange(1, periods + 1)
    outcome = generator.normal(size=(len(first), 1)) + np.sin(time) + 0.5 * generator.normal(size=(len(first), periods))
    outcome += np.where((first[:, None] > 0) & (time >= first[:, None]), effect, 0.0)
    rows = {"unit": np.repeat(np.arange(len(first)), periods), "period": np.tile(time, len(first))}
    frame = pd.DataFrame(rows | {"first": np.repeat(first, periods), "y": outcome.ravel()})
    return frame.assign(w=np.repeat(generator.integers(1, 5, size=len(first)), periods).astype(float))


# Leave one out


@pytest.mark.parametrize("method", ["callaway_santanna", "imputation", "two_way_fixed_effects"])
def test_each_row_is_the_estimate_without_the_group(method):
    frame = panel(1)
    found = did.leave_one_out(frame, over="group", method=method, **NAMES)
    full = did.estimate(frame, method=method, **NAMES).overall
    assert found.full == full
    for row in found.estimates.itertuples():
        alone = did.estimate(frame[frame["first"] != row.left_out], method=method, **NAMES).overall
        assert (row.estimate, row.standard_error, row.n) == (alone.value, alone.standard_error, alone.n)
        assert row.difference == pytest.approx(alone.value - full.value)
    assert (found.lowest, found.highest) == (found.estimates["estimate"].min(), found.estimates["estimate"].max())


def test_the_treatment_may_begin_in_the_first_row():
    frame = panel(1).assign(treated=lambda rows: ((rows["first"] > 0) & (rows["period"] >= rows["first"])).astype(int))
    turned = frame.sort_values("treated", ascending=False, kind="stable")
    assert turned["treated"].iloc[0] == 1
    assert did.estimate(turned, treatment="treated", **NAMES).overall == did.estimate(frame, **NAMES).overall


def test_the_treatment_received_is_checked_once_on_the_panel_as_given():
    frame = panel(1).assign(treated=lambda rows: ((rows["first"] > 0) & (rows["period"] >= rows["first"])).astype(int))
    found = did.placebo_dates(frame, leads=[1], treatment="treated", **NAMES)
    assert found.estimates.equals(did.placebo_dates(frame, leads=[1], **NAMES).estimates)
    with pytest.raises(EstimationError, match="disagree with first_treated"):
        did.placebo_dates(
            frame.assign(treated=(frame["period"] > 4).astype(int)), leads=[1], treatment="treated", **NAMES
        )


def test_units_are_left_out_treated_ones_or_all():
    frame = panel(2)
    treated = did.leave_one_out(frame, over="treated_unit", weights="w", kind="group", **NAMES)
    assert sorted(treated.estimates["left_out"]) == list(range(30, 44))
    row = treated.estimates.set_index("left_out").loc[33]
    alone = did.estimate(frame[frame["unit"] != 33], weights="w", **NAMES).aggregate("group")
    assert (row["estimate"], row["standard_error"]) == (alone.value, alone.standard_error)
    assert len(did.leave_one_out(frame, over="unit", **NAMES).estimates) == 44


def test_a_unit_that_carries_the_result_is_named():
    frame = panel(3, {0: 40, 5: 6}, effect=0.0)
    frame.loc[(frame["unit"] == 41) & (frame["period"] >= 5), "y"] += 40
    frame.loc[(frame["unit"] > 41) & (frame["period"] >= 5), "y"] += 0.5
    found = did.leave_one_out(frame, over="treated_unit", **NAMES)
    assert found.full.low < 0
    assert found.decisive["left_out"].tolist() == [41]
    assert "1 change the conclusion" in repr(found)


def test_what_cannot_be_left_out_is_listed():
    frame = panel(4, {0: 1, 5: 6, 7: 6})
    found = did.leave_one_out(frame, over="unit", control="never_treated", **NAMES)
    assert found.skipped["left_out"].tolist() == [0]
    assert "never treated" in found.skipped["reason"].iloc[0]


def test_one_group_cannot_be_left_out():
    with pytest.raises(EstimationError, match="only one group"):
        did.leave_one_out(panel(5, {0: 10, 4: 5}), **NAMES)
    with pytest.raises(EstimationError, match="Unknown over"):
        did.leave_one_out(panel(5), over="intake", **NAMES)
    with pytest.raises(EstimationError, match="Unknown kind"):
        did.leave_one_out(panel(5), kind="median", **NAMES)
    with pytest.raises(EstimationError, match="Unknown method"):
        did.leave_one_out(panel(5), method="guess", **NAMES)


# Placebos


def test_a_placebo_date_is_the_difference_of_differences_before_the_treatment():
    frame = panel(6, {0: 20, 7: 9})
    found = did.placebo_dates(frame, leads=[1, 2, 3], **NAMES)
    wide = frame.pivot_table(index="unit", columns="period", values="y")
    for row in found.estimates.itertuples():
        start = 7 - row.placebo
        after = wide[list(range(start, 7))].mean(axis=1) - wide[start - 1]
        assert row.estimate == pytest.approx(after[20:].mean() - after[:20].mean(), abs=1e-12)
    assert found.actual == did.estimate(frame, **NAMES).overall


@pytest.mark.parametrize("method", ["callaway_santanna", "imputation"])
def test_the_real_effect_does_not_leak_into_a_placebo_date(method):
    frame = panel(7)
    huge = frame.assign(y=frame["y"] + np.where((frame["first"] > 0) & (frame["period"] >= frame["first"]), 1e3, 0))
    for anticipation in (0, 1):
        options = {"method": method, "anticipation": anticipation, "leads": [1, 2]}
        pd.testing.assert_frame_equal(
            did.placebo_dates(frame, **options, **NAMES).estimates,
            did.placebo_dates(huge, **options, **NAMES).estimates,
        )


def test_placebo_dates_are_found_as_often_as_stated():
    found = [did.placebo_dates(panel(seed, {0: 60, 6: 30, 8: 30}), leads=[3], **NAMES).found for seed in range(100)]
    assert np.mean(found) < 0.12


def test_anticipation_shows_in_a_placebo_date():
    frame = panel(8, {0: 40, 7: 20})
    frame["y"] += np.where((frame["first"] > 0) & (frame["period"] >= 5), 1.0, 0.0)
    found = did.placebo_dates(frame, leads=[2], **NAMES)
    assert found.found == 1
    assert found.estimates.loc[0, "estimate"] == pytest.approx(1, abs=0.3)


def test_units_whose_false_date_is_too_early_are_left_out_never_made_controls():
    frame = panel(9, {0: 20, 3: 7, 8: 9})
    found = did.placebo_dates(frame, leads=[3], **NAMES)
    alone = did.placebo_dates(frame[frame["first"] != 3], leads=[3], **NAMES)
    assert found.estimates.loc[0, "treated"] == 9
    assert found.estimates.loc[0, "n"] == 29
    assert found.estimates.loc[0, "estimate"] == pytest.approx(alone.estimates.loc[0, "estimate"])


@pytest.mark.parametrize("leads", [[], [0], [1.5], [True]])
def test_a_lead_must_be_a_number_of_periods(leads):
    with pytest.raises(EstimationError, match="not a number of periods"):
        did.placebo_dates(panel(10), leads=leads, **NAMES)


def test_a_lead_that_leaves_nothing_is_refused():
    with pytest.raises(EstimationError, match="estimated 6 periods early"):
        did.placebo_dates(panel(10), leads=[6], **NAMES)


def test_a_placebo_treatment_leaves_out_the_really_treated():
    frame = panel(11)
    frame["other"] = np.where(frame["unit"].between(5, 14), 6, np.where(frame["unit"] > 40, 4, 0))
    found = did.placebo_treatments(frame, placebos={"another programme": "other"}, method="imputation", **NAMES)
    alone = frame[frame["first"] == 0].drop(columns="first")
    expected = did.estimate(alone, method="imputation", **(NAMES | {"first_treated": "other"})).overall
    row = found.estimates.iloc[0]
    assert (row["placebo"], row["estimate"], row["treated"]) == ("another programme", expected.value, 10)
    assert found.found == int(expected.low > 0 or expected.high < 0)
    assert "another programme" in repr(found)


def test_a_placebo_treatment_must_be_there():
    frame = panel(12).assign(other=0)
    with pytest.raises(EstimationError, match="not a column"):
        did.placebo_treatments(frame, placebos=["another"], **NAMES)
    with pytest.raises(EstimationError, match="Nothing can be estimated for 'other'"):
        did.placebo_treatments(frame, placebos=["other"], **NAMES)


# Power


def test_with_two_periods_it_is_the_textbook_formula():
    frame = panel(13, {0: 300, 2: 200}, periods=2)
    found = did.minimum_detectable_effect(frame, replications=4000, **NAMES)
    wide = frame.pivot_table(index="unit", columns="period", values="y")
    change = wide[2] - wide[1]
    change[300:] -= change[300:].mean() - change[:300].mean()
    error = change.std() * np.sqrt(1 / 300 + 1 / 200)
    assert found.value == pytest.approx((norm.ppf(0.975) + norm.ppf(0.8)) * error, rel=0.05)
    assert found.size == pytest.approx(0.05, abs=0.015)
    assert found.critical_value == pytest.approx(1.96, abs=0.1)
    assert (found.treated, found.units, found.failed) == (200, 500, 0)


def test_an_effect_of_that_size_is_found_with_the_power_stated():
    sizes = {0: 120, 5: 30, 7: 20}
    found = did.minimum_detectable_effect(panel(14, sizes, effect=0.0), method="imputation", **NAMES)
    assert found.power_at(found.value) == pytest.approx(0.8, abs=0.01)
    assert found.power_at(-found.value) == found.power_at(found.value)
    assert found.power_at(0.0) == pytest.approx(0.025, abs=0.02)
    assert found.curve["power"].is_monotonic_increasing
    # New panels of the same kind, with that effect.
    rejected = []
    for seed in range(150):
        frame = panel(1000 + seed, sizes, effect=found.value)
        overall = did.estimate(frame, method="imputation", draws=99, **NAMES).overall
        rejected.append(overall.value / overall.standard_error > found.critical_value)
    assert np.mean(rejected) == pytest.approx(0.8, abs=0.12)


def test_all_at_once_and_one_by_one_agree():
    frame = panel(15, {0: 25, 5: 5, 7: 4})
    frame["itself"] = frame["unit"]
    for options in ({"method": "imputation"}, {"control": "never_treated", "weights": "w"}):
        quick = did.minimum_detectable_effect(frame, replications=2000, critical="normal", **options, **NAMES)
        slow = did.minimum_detectable_effect(
            frame, replications=100, critical="normal", cluster="itself", **options, **NAMES
        )
        error = np.hypot(quick.monte_carlo_error, slow.monte_carlo_error)
        assert abs(quick.value - slow.value) < 4 * error
        assert slow.monte_carlo_error < 0.12 * slow.value


def test_placebo_dates_are_the_same_whatever_the_periods_are_called():
    frame = panel(14, {0: 30, 6: 8, 10: 7}, periods=9)  # the last are treated after the panel, and anticipate it
    options = {"leads": [1, 2], "method": "imputation", "anticipation": 1, **NAMES}
    moved = frame.assign(
        period=frame["period"] + 1, first=frame["first"].where(frame["first"] == 0, frame["first"] + 1)
    )
    found, again = (did.placebo_dates(one, **options).estimates for one in (frame, moved))
    pd.testing.assert_frame_equal(found, again)


def test_the_monte_carlo_error_is_a_standard_deviation_of_the_sample(monkeypatch):
    found = []
    needed = power._needed

    def spied(rows, critical):
        found.append(np.quantile(needed(rows, critical), 0.8))
        return needed(rows, critical)

    monkeypatch.setattr(power, "_needed", spied)
    monkeypatch.setattr(power, "_RESAMPLES", 2)
    rows = pd.DataFrame({"estimate": np.random.default_rng(1).normal(size=50), "standard_error": 1.0})
    error = power._error(rows, "normal", 0.95, 0.8, 1)
    assert len(found) == 2
    assert error == pytest.approx(abs(found[0] - found[1]) / np.sqrt(2))


@pytest.mark.parametrize("anticipation", [0, 1])
def test_an_effect_that_is_anticipated_hides_no_smaller_one(anticipation):
    frame = panel(23)
    shown = (frame["first"] > 0) & (frame["period"] >= frame["first"] - anticipation)
    options = {"anticipation": anticipation, "replications": 100, **NAMES}
    one, other = (
        did.minimum_detectable_effect(frame.assign(y=frame["y"] + add), **options).value
        for add in (0.0, np.where(shown, 100.0, 0.0))
    )
    assert one == pytest.approx(other, rel=1e-6)


def test_few_treated_units_flatter_the_normal_test():
    frame = panel(16, {0: 150, 5: 3})
    honest = did.minimum_detectable_effect(frame, method="imputation", replications=2000, **NAMES)
    normal = did.minimum_detectable_effect(frame, method="imputation", critical="normal", replications=2000, **NAMES)
    assert honest.size == normal.size > 0.1
    assert honest.value > 1.1 * normal.value


def test_the_effect_itself_does_not_count_as_noise():
    small, large = (
        did.minimum_detectable_effect(panel(17, effect=effect), replications=500, method="imputation", **NAMES).value
        for effect in (0.0, 50.0)
    )
    assert small == pytest.approx(large, rel=1e-6)


def test_rows_labels_and_periods_do_not_change_it_nor_the_input():
    frame = panel(18)
    kept = frame.copy(deep=True)
    for options in ({}, {"kind": "dynamic"}):
        plain = did.minimum_detectable_effect(frame, replications=100, seed=3, **options, **NAMES)
        pd.testing.assert_frame_equal(frame, kept)
        changed = frame.assign(
            unit=frame["unit"].map(lambda unit: f"unit {99 - unit}"),
            period=frame["period"] + 20,
            first=frame["first"].where(frame["first"] == 0, frame["first"] + 20),
        ).sample(frac=1, random_state=5)
        moved = did.minimum_detectable_effect(changed, replications=100, seed=3, **options, **NAMES)
        assert moved.value == pytest.approx(plain.value, rel=1e-9)
        other = did.minimum_detectable_effect(frame, replications=100, seed=4, **options, **NAMES)
        assert other.value != plain.value


def test_treatment_is_dealt_to_clusters():
    frame = panel(19, {0: 24, 5: 8, 7: 8})
    frame["region"] = frame["unit"] // 4
    found = did.minimum_detectable_effect(frame, cluster="region", replications=100, **NAMES)
    assert found.value > 0
    with pytest.raises(EstimationError, match="Treatment varies within clusters"):
        did.minimum_detectable_effect(frame.assign(region=frame["unit"] % 3), cluster="region", **NAMES)


def test_an_incomplete_panel_and_covariates_are_taken_along():
    frame = panel(20).assign(x=lambda rows: rows["w"] + rows["unit"] % 3)
    lacking = frame.drop(index=frame.index[::17])
    found = did.minimum_detectable_effect(lacking, missing="drop", replications=100, **NAMES)
    assert 0.1 < found.value < 2
    found = did.minimum_detectable_effect(
        frame, covariates=["x"], est_method="regression", replications=100, critical="normal", **NAMES
    )
    assert 0.1 < found.value < 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"power": 0.4}, "power must be"),
        ({"critical": "exact"}, "Unknown critical"),
        ({"replications": 10}, "At least 100 replications"),
        ({"seed": -1}, "seed must be"),
        ({"kind": "median"}, "Unknown kind"),
        ({"method": "guess"}, "Unknown method"),
    ],
)
def test_an_option_is_used_or_refused(options, message):
    with pytest.raises(EstimationError, match=message):
        did.minimum_detectable_effect(panel(21), **options, **NAMES)


def test_it_explains_itself():
    found = did.minimum_detectable_effect(panel(22), replications=100, **NAMES)
    assert "with power 0.8" in repr(found)
    assert f"leaves out zero in {100 * found.size:.1f} %" in repr(found)
