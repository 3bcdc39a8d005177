"""Tests before the treatment: closed forms, what they find and how often, and what they miss."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import chi2, f, ncf, norm

from evaluation import did
from evaluation.did.event_study import EventStudy
from evaluation.errors import EstimationError

NAMES = {"outcome": "y", "unit": "unit", "period": "period", "first_treated": "first"}


def study_of(estimate, covariance, times, **options) -> EventStudy:
    frame = pd.DataFrame(covariance, index=times, columns=times)
    return EventStudy(pd.Series(np.asarray(estimate, dtype=float), index=times), frame, **options)


def random_study(seed: int, clusters: int | None = None) -> EventStudy:
    times = [-5, -4, -3, -2, 0, 1, 2]
    generator = np.random.default_rng(seed)
    noise = generator.normal(size=(30, 7))
    return study_of(generator.normal(size=7) * 0.1, 0.01 * noise.T @ noise / 30, times, clusters=clusters)


def panel(seed: int, treated: int, controls: int = 100, periods: int = 9) -> pd.DataFrame:
    """First treated in period 6; autoregressive errors."""
    generator = np.random.default_rng(seed)
    noise = generator.normal(size=(treated + controls, periods))
    for period in range(1, periods):
        noise[:, period] = 0.5 * noise[:, period - 1] + np.sqrt(0.75) * noise[:, period]
    units, time = np.arange(treated + controls), np.arange(1, periods + 1)
    rows = {"unit": np.repeat(units, periods), "period": np.tile(time, len(units)), "y": noise.ravel()}
    return pd.DataFrame(rows).assign(first=lambda frame: np.where(frame["unit"] < treated, 6, 0))


def test_with_one_period_it_is_the_t_test():
    study = study_of([0.3, 1.0], np.diag([0.04, 0.09]), [-2, 0])
    found = did.pre_trend_test(study)
    assert found.statistic == pytest.approx(0.3**2 / 0.04)
    assert found.p_value == pytest.approx(2 * norm.sf(1.5))
    assert found.equivalence_bound == pytest.approx(0.3 + norm.ppf(0.95) * 0.2)
    # A two-sided test of size 5 % finds 2.80 standard errors with power 80 %.
    assert found.slope == pytest.approx((norm.ppf(0.975) + norm.ppf(0.8)) * 0.2, rel=1e-4)
    assert found.bias == pytest.approx(found.slope)


def test_the_joint_test_is_hotellings_with_treated_clusters_and_chi_squared_without():
    study = random_study(1)
    before = [-5, -4, -3, -2]
    inverse = np.linalg.inv(study.covariance.loc[before, before])
    wald = study.estimate.loc[before] @ inverse @ study.estimate.loc[before]
    large = did.pre_trend_test(study)
    assert large.statistic == pytest.approx(wald / 4)
    assert large.p_value == pytest.approx(chi2.sf(wald, 4))
    assert large.degrees_of_freedom == (4, None)
    small = did.pre_trend_test(dataclasses.replace(study, clusters=12))
    assert small.degrees_of_freedom == (4, 8)
    assert small.p_value == pytest.approx(f.sf(wald * 8 / (4 * 12), 4, 8))
    many = did.pre_trend_test(dataclasses.replace(study, clusters=10**7))
    assert many.p_value == pytest.approx(large.p_value, abs=1e-4)
    assert many.slope == pytest.approx(large.slope, rel=1e-4)


@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_the_slope_is_found_with_the_power_stated(power):
    study = random_study(2)
    slope = did.pre_trend_test(study, power=power).slope
    before = study.before
    generator = np.random.default_rng(0)
    covariance = study.covariance.loc[before, before].to_numpy()
    drawn = generator.multivariate_normal(slope * (before + 1.0), covariance, size=40_000)
    wald = np.einsum("ij,jk,ik->i", drawn, np.linalg.inv(covariance), drawn)
    assert (wald > chi2.ppf(0.95, len(before))).mean() == pytest.approx(power, abs=0.01)


def test_with_few_clusters_the_slope_is_found_with_the_power_stated():
    # The covariance of 12 clusters is estimated from them, as an estimation does.
    generator, clusters = np.random.default_rng(1), 12
    truth = np.array([[1.0, 0.5, 0.2], [0.5, 1.0, 0.5], [0.2, 0.5, 1.0]])
    times, distance = [-4, -3, -2, 0], np.array([-3.0, -2.0, -1.0])
    critical = f.ppf(0.95, 3, 9)
    needed = brentq(lambda value: ncf.sf(critical, 3, 9, value) - 0.8, 1, 100)
    slope = np.sqrt(needed / (distance @ np.linalg.inv(truth / clusters) @ distance))
    found, precisions = [], []
    for _ in range(800):
        scores = generator.multivariate_normal(slope * distance, truth, size=clusters)
        sample = np.eye(4)
        sample[:3, :3] = np.cov(scores.T, ddof=0) / clusters
        test = did.pre_trend_test(study_of([*scores.mean(axis=0), 0], sample, times, clusters=clusters))
        found.append(test.p_value < 0.05)
        precisions.append(test.slope**-2)
    assert np.mean(found) == pytest.approx(0.8, abs=0.045)
    assert np.mean(precisions) == pytest.approx(slope**-2, rel=0.08)


def test_the_bias_is_what_the_slope_adds_to_the_target():
    study = random_study(3)
    found = did.pre_trend_test(study)
    assert found.bias == pytest.approx(found.slope * (1 + 2 + 3) / 3)
    assert did.pre_trend_test(study, target=2).bias == pytest.approx(3 * found.slope)
    assert did.pre_trend_test(study, weights={0: -1.0, 2: 1.0}).bias == pytest.approx(2 * found.slope)


def test_equivalence_needs_every_period_within_the_threshold():
    study = study_of([0.05, -0.2, 0.1, 0], np.diag([0.01, 0.0025, 0.01, 1]), [-4, -3, -2, 0])
    found = did.pre_trend_test(study, threshold=0.3)
    one_sided = norm.sf([(0.3 - 0.05) / 0.1, (0.3 - 0.2) / 0.05, (0.3 - 0.1) / 0.1])
    np.testing.assert_allclose(found.estimates["equivalence_p_value"], one_sided)
    assert found.equivalence_p_value == pytest.approx(one_sided.max())
    # At the smallest bound the p value is the size of the test.
    again = did.pre_trend_test(study, threshold=found.equivalence_bound)
    assert again.equivalence_p_value == pytest.approx(0.05)
    assert did.pre_trend_test(study).equivalence_p_value is None


def test_equivalence_is_not_found_too_often_where_there_is_none():
    generator = np.random.default_rng(2)
    covariance = np.diag([0.01, 0.01, 1.0])
    wrong = [
        did.pre_trend_test(study_of([*generator.normal([0.3, 0.0], 0.1), 0], covariance, [-3, -2, 0]), threshold=0.3)
        for _ in range(600)
    ]
    assert np.mean([found.equivalence_p_value < 0.05 for found in wrong]) < 0.075


def test_parallel_trends_are_rejected_as_often_as_stated_with_few_treated():
    p_values, naive = [], []
    for seed in range(150):
        found = did.pre_trend_test(did.estimate(panel(seed, treated=8), draws=99, **NAMES))
        wald = found.statistic * found.degrees_of_freedom[0] * 8 / found.degrees_of_freedom[1]
        p_values.append(found.p_value)
        naive.append(chi2.sf(wald, found.degrees_of_freedom[0]))
    assert np.mean(np.array(p_values) < 0.05) < 0.1
    # The usual test, which takes the covariance as known.
    assert np.mean(np.array(naive) < 0.05) > 0.25


def test_a_trend_is_found():
    frame = panel(1, treated=60)
    frame["y"] += np.where(frame["first"] > 0, 0.4 * frame["period"], 0)
    found = did.pre_trend_test(did.estimate(frame, **NAMES))
    assert found.p_value < 0.001
    assert found.estimates["event_time"].tolist() == [-5, -4, -3, -2]


def test_a_window_of_periods_can_be_tested():
    study = random_study(4)
    found = did.pre_trend_test(study, window=(-3, 0))
    assert found.estimates["event_time"].tolist() == [-3, -2]
    assert found.bias == pytest.approx(found.slope)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"power": 0.01}, "power must lie"),
        ({"power": 80}, "power must lie"),
        ({"threshold": 0}, "threshold must be"),
        ({"level": 95}, "level must lie"),
        ({"target": "all"}, "Unknown target"),
        ({"window": (-1, 2)}, "no estimate before"),
    ],
)
def test_an_option_is_used_or_refused(options, message):
    with pytest.raises(EstimationError, match=message):
        did.pre_trend_test(random_study(5), **options)


def test_more_periods_than_treated_clusters_are_refused():
    with pytest.raises(EstimationError, match="too many for 4 treated clusters"):
        did.pre_trend_test(random_study(6, clusters=4))


def test_it_explains_itself():
    found = did.pre_trend_test(random_study(7), threshold=0.5)
    for part in ("joint test", "slope", "outside 0.5"):
        assert part in repr(found)
    assert "Roth" in found._repr_html_()
