"""Bounds on failures of parallel trends: published intervals, the linear program, brute force and coverage."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog, minimize
from scipy.stats import norm

from evaluation import did
from evaluation.did.event_study import EventStudy
from evaluation.did.honest import relative_magnitudes, smoothness
from evaluation.errors import EstimationError

EHEC = {"outcome": "insured", "unit": "state", "period": "year", "first_treated": "first_treated"}
PUBLISHED = 1e-3


@pytest.fixture(scope="module")
def expansion() -> pd.DataFrame:
    """The states that expanded Medicaid in 2014 or not by 2015, to 2015: the example of the R package HonestDiD."""
    frame = pd.read_csv(Path(__file__).parent / "data" / "ehec.csv")
    return frame[(frame["year"] < 2016) & (frame["first_treated"] != 2015)]


@pytest.fixture(scope="module")
def published(expansion) -> EventStudy:
    """Its two-way event study, with the clustered covariance and the small-sample factor of the R package fixest."""
    import statsmodels.api as sm

    design = pd.get_dummies(expansion[["state", "year"]].astype("category"), dtype=float).drop(columns="year_2008")
    years = [year for year in range(2008, 2016) if year != 2013]
    treated = expansion["first_treated"] == 2014
    for year in years:
        design[f"treated_{year}"] = (treated & (expansion["year"] == year)).astype(float)
    fit = sm.OLS(expansion["insured"], design).fit()
    groups = expansion["state"].to_numpy()
    clustered = fit.get_robustcov_results("cluster", groups=groups, use_correction=False)
    rows, clusters = len(expansion), expansion["state"].nunique()
    factor = clusters / (clusters - 1) * (rows - 1) / (rows - len(years) - expansion["year"].nunique())
    times = [year - 2014 for year in years]
    covariance = pd.DataFrame(factor * clustered.cov_params()[-7:, -7:], index=times, columns=times)
    return EventStudy(pd.Series(fit.params.to_numpy()[-7:], index=times), covariance)


def estimated(expansion: pd.DataFrame, **options) -> did.Effects:
    with warnings.catch_warnings():
        # Some states expand after 2015.
        warnings.simplefilter("ignore", UserWarning)
        return did.estimate(expansion, **EHEC, **options)


def random_study(seed: int, before: int = 4, after: int = 3, scale: float = 0.3) -> EventStudy:
    generator = np.random.default_rng(seed)
    times = [*range(-before - 1, -1), *range(after)]
    noise = generator.normal(size=(3 * len(times), len(times)))
    covariance = scale**2 * (noise.T @ noise / len(noise) + 0.5)
    estimate = generator.normal(size=len(times)) * scale + np.where(np.array(times) >= 0, 1.0, 0.0)
    return EventStudy(pd.Series(estimate, index=times), pd.DataFrame(covariance, index=times, columns=times))


# Published intervals


@pytest.mark.parametrize(
    ("bound", "low", "high"), [(0.5, 0.0240, 0.0672), (1, 0.0171, 0.0720), (1.5, 0.00824, 0.0797), (2, -0.0011, 0.0883)]
)
def test_relative_magnitudes_are_those_published(published, bound, low, high):
    row = did.honest(published, target=0, values=[bound]).intervals.iloc[0]
    assert row["low"] == pytest.approx(low, abs=PUBLISHED)
    assert row["high"] == pytest.approx(high, abs=PUBLISHED)


@pytest.mark.parametrize(
    ("bound", "low", "high"),
    [(0, 0.0259, 0.0607), (0.01, 0.0132, 0.0787), (0.02, 0.00286, 0.0907), (0.05, -0.0271, 0.121)],
)
def test_smoothness_is_that_published(published, bound, low, high):
    row = did.honest(published, restriction="smoothness", target=0, values=[bound]).intervals.iloc[0]
    assert row["low"] == pytest.approx(low, abs=PUBLISHED / 2)
    assert row["high"] == pytest.approx(high, abs=PUBLISHED / 2)


def test_the_breakdown_values_are_those_published(published):
    assert did.honest(published, target=0).breakdown == pytest.approx(2, abs=0.1)
    smooth = did.honest(published, restriction="smoothness", target=0, values=[0.01])
    assert 0.02 < smooth.breakdown < 0.03


def test_an_estimation_gives_the_published_intervals_too(expansion, published):
    effects = estimated(expansion)
    found = did.honest(effects, target=0, values=[1, 2])
    known = did.honest(published, target=0, values=[1, 2])
    np.testing.assert_allclose(found.intervals, known.intervals, atol=PUBLISHED)
    # One group and all others never treated: the event study is the two-way one, to the last digit.
    assert found.estimate == pytest.approx(known.estimate, abs=1e-12)
    smooth = {"restriction": "smoothness", "target": 0, "values": [0, 0.05]}
    rows, others = did.honest(effects, **smooth).intervals, did.honest(published, **smooth).intervals
    # What differs is the small-sample factor of fixest, 3.3 % of the standard errors.
    np.testing.assert_allclose(rows, others, atol=PUBLISHED)


# Relative magnitudes


def inequalities(study: EventStudy, bound: float, move: int, sign: int) -> np.ndarray:
    """Rows A of A delta <= 0 for the periods after: both signs of each move, less the move assumed largest."""
    before, count = len(study.before), len(study.estimate)
    moves = np.diff(np.insert(np.eye(count), before, 0.0, axis=0), axis=0)
    largest = bound * sign * moves[move]
    return np.vstack([moves[before:] - largest, -moves[before:] - largest])


def by_linear_program(rows: np.ndarray, study: EventStudy, weights: np.ndarray, effect: float) -> tuple:
    """The statistic of Andrews, Roth and Pakes by HiGHS, in the original effects, and its multipliers."""
    before = len(study.before)
    spread = np.sqrt(np.diag(rows @ study.covariance.to_numpy() @ rows.T))
    objective = np.r_[1.0, np.zeros(len(weights))]
    solved = linprog(
        objective,
        A_ub=np.column_stack([-spread, -rows[:, before:]]),
        b_ub=-rows @ study.estimate.to_numpy(),
        A_eq=np.r_[0.0, weights][None, :],
        b_eq=[effect],
        bounds=(None, None),
        method="highs",
    )
    return solved.fun, -solved.ineqlin.marginals


@pytest.mark.parametrize("weights", [[1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3], [1.0, -2.0, 0.5]])
def test_the_statistic_is_the_linear_program(weights):
    study, weigh = random_study(1), np.array(weights)
    for bound in (0.0, 0.7, 2.0):
        pieces = relative_magnitudes.pieces(study, weigh, bound)
        for position, piece in enumerate(pieces):
            rows = inequalities(study, bound, position // 2, 1 if position % 2 == 0 else -1)
            for effect in (-2.0, 0.3, 1.1, 4.0):
                values = piece.on_target * (piece.target - effect) + piece.on_move * piece.move
                solved, _ = by_linear_program(rows, study, weigh, effect)
                assert values.max() == pytest.approx(solved, abs=1e-7)


def test_the_conditional_test_is_that_found_by_searching_with_the_linear_program():
    study, weigh, bound = random_study(2, before=2, after=4), np.array([0.25, 0.25, 0.25, 0.25]), 0.8
    size, critical = 0.045 / 0.995, 2.9
    covariance = study.covariance.to_numpy()
    decisions = set()
    for position, piece in enumerate(relative_magnitudes.pieces(study, weigh, bound)):
        rows = inequalities(study, bound, position // 2, 1 if position % 2 == 0 else -1)
        error = np.sqrt(piece.covariance[0, 0])
        for effect in piece.target + error * np.array([-3.0, -1.8, 1.5, 2.2]):
            statistic, multiplier = by_linear_program(rows, study, weigh, effect)
            direction = covariance @ rows.T @ multiplier
            variance = multiplier @ rows @ direction
            rest = study.estimate.to_numpy() - direction / variance * statistic

            def best(value, rest=rest, direction=direction, variance=variance, rows=rows, effect=effect):
                moved = pd.Series(rest + direction / variance * value, index=study.estimate.index)
                shifted = EventStudy(moved, study.covariance)
                return by_linear_program(rows, shifted, weigh, effect)[0] - value < 1e-7

            limits = []
            for far in (-50.0, 50.0):
                inside, outside = statistic, far
                for _ in range(30):
                    middle = (inside + outside) / 2
                    inside, outside = (middle, outside) if best(middle) else (inside, middle)
                limits.append(far if best(far) else inside)
            low, high = limits[0], min(limits[1], critical)
            deviation = np.sqrt(variance)
            tail = norm.cdf(high / deviation) - norm.cdf(statistic / deviation)
            p_value = tail / (norm.cdf(high / deviation) - norm.cdf(low / deviation))
            rejects = statistic > critical or (statistic > 0 and p_value < size)
            assert piece.accepts(np.array([effect]), critical, size)[0] == (not rejects)
            decisions.add(rejects)
    assert decisions == {True, False}


def test_the_least_favourable_value_is_that_of_a_simulation():
    generator = np.random.default_rng(0)
    study = random_study(3)
    for bound in (0.0, 0.5, 3.0):
        for piece in relative_magnitudes.pieces(study, np.array([0.5, 0.5, 0.0]), bound)[:3]:
            drawn = generator.multivariate_normal([0, 0], piece.covariance, size=400_000)
            statistic = (drawn[:, [0]] * piece.on_target + drawn[:, [1]] * piece.on_move).max(axis=1)
            for probability in (0.95, 0.995):
                below = (statistic <= piece.least_favourable(probability)).mean()
                assert below == pytest.approx(probability, abs=4 * np.sqrt(probability * (1 - probability) / 400_000))


def test_with_trends_that_cannot_move_the_interval_is_the_usual_one():
    for seed in range(3):
        study = random_study(seed)
        for target in ("average", 1):
            found = did.honest(study, values=[0], target=target)
            assert tuple(found.intervals.loc[0, ["low", "high"]]) == pytest.approx(found.original, abs=1e-6)


def test_relative_magnitudes_cover_under_the_worst_trend_allowed():
    # Trends move by 0.2 before the treatment and keep moving so after it, times the bound.
    truth, bound, step = 0.5, 1.0, 0.2
    base = random_study(5, before=3, after=2, scale=0.15)
    times = base.estimate.index.to_numpy()
    trend = np.where(times < -1, -step * (times == -2), bound * step * (times + 1.0))
    weights = np.array([0.5, 0.5])
    mean = trend + np.where(times >= 0, truth, 0.0)
    drawn = np.random.default_rng(1).multivariate_normal(mean, base.covariance, size=400)
    covered = []
    first = relative_magnitudes.FIRST_STAGE * 0.05
    size = (0.05 - first) / (1 - first)
    for estimate in drawn:
        study = dataclasses.replace(base, estimate=pd.Series(estimate, index=times))
        pieces = relative_magnitudes.pieces(study, weights, bound)
        accepted = [p.accepts(np.array([truth]), p.least_favourable(1 - first), size)[0] for p in pieces]
        covered.append(any(accepted))
    assert np.mean(covered) >= 0.95 - 2.5 * np.sqrt(0.05 * 0.95 / 400)
    # Parallel trends are wrong here, and the usual interval misses.
    error = np.sqrt(weights @ base.covariance.to_numpy()[-2:, -2:] @ weights)
    assert (np.abs(drawn[:, -2:] @ weights - truth) < 1.96 * error).mean() < 0.9


# Smoothness


def test_the_path_meets_the_conditions_of_an_optimum_at_every_knot():
    for seed in range(8):
        generator = np.random.default_rng(seed)
        noise = generator.normal(size=(20, 9))
        quadratic, linear = noise.T @ noise / 20, generator.normal(size=9)
        knots = smoothness.lasso_path(quadratic, linear)
        np.testing.assert_allclose(knots[0], 0)
        np.testing.assert_allclose(knots[-1], np.linalg.solve(quadratic, -linear), atol=1e-9)
        for knot in knots:
            gradient = quadratic @ knot + linear
            penalty = np.abs(gradient).max()
            used = np.abs(knot) > 1e-10
            np.testing.assert_allclose(gradient[used], -penalty * np.sign(knot[used]), atol=1e-9)


def test_the_largest_bias_is_that_of_a_linear_program():
    study, weights, bound = random_study(6, before=5, after=3), np.array([0.2, 0.3, 0.5]), 0.4
    path = smoothness.frontier(study, weights)
    position = 1.5
    used = path.extrapolation(position)
    count, before = len(study.estimate), len(study.before)
    second = np.diff(np.insert(np.eye(count), before, 0.0, axis=0), n=2, axis=0)
    rows = np.vstack([second, -second])
    solved = linprog(-used, A_ub=rows, b_ub=np.full(len(rows), bound), bounds=(None, None), method="highs")
    claimed = bound * (path.fixed_bias + np.abs(path.at(np.array([position]))).sum())
    assert -solved.fun == pytest.approx(claimed, abs=1e-8)
    # A straight line is cancelled.
    assert used @ (study.estimate.index.to_numpy() + 1.0) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("bound", [0.0, 0.02, 0.2])
def test_no_other_extrapolation_gives_a_shorter_interval(bound):
    study, weights = random_study(7, before=4, after=2, scale=0.2), np.array([0.5, 0.5])
    path = smoothness.frontier(study, weights)
    covariance = study.covariance.to_numpy()
    low, high = smoothness.interval(path, study, bound, 0.95)

    def width(changes):
        used = np.r_[path.constant + path.changes @ changes, weights]
        deviation = np.sqrt(used @ covariance @ used)
        bias = bound * (path.fixed_bias + np.abs(changes).sum())
        return smoothness.half_width(np.array([bias]), np.array([deviation]), 0.95)[0]

    generator = np.random.default_rng(0)
    starts = [path.knots[0], path.knots[-1], *generator.normal(size=(4, 3))]
    found = [
        minimize(width, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12, "maxiter": 4000}).fun
        for start in starts
    ]
    assert min(found) == pytest.approx((high - low) / 2, abs=1e-7)
    assert (high - low) / 2 <= min(found) + 1e-9


def test_a_straight_line_is_extrapolated_by_generalised_least_squares():
    study = random_study(8, before=4, after=2)
    low, high = did.honest(study, restriction="smoothness", values=[0], target=1).intervals.loc[0, ["low", "high"]]
    # All estimates on a line through the reference, and an effect of its own in each period after it.
    times = study.estimate.index.to_numpy()
    design = np.column_stack([times + 1.0, *(np.where(times == after, 1.0, 0.0) for after in (0, 1))])
    inverse = np.linalg.inv(study.covariance.to_numpy())
    variance = np.linalg.inv(design.T @ inverse @ design)
    fitted = variance @ design.T @ inverse @ study.estimate.to_numpy()
    assert (low + high) / 2 == pytest.approx(fitted[2], abs=1e-9)
    assert (high - low) / 2 == pytest.approx(norm.ppf(0.975) * np.sqrt(variance[2, 2]), abs=1e-9)


def test_the_half_width_holds_its_level_whatever_the_bias():
    for bias in (0.0, 0.1, 1.0, 5.9, 6.1, 30.0, 1e4):
        width = smoothness.half_width(np.array([bias]), np.array([0.7]), 0.95)[0]
        inside = norm.cdf((width - bias) / 0.7) - norm.cdf((-width - bias) / 0.7)
        assert inside == pytest.approx(0.95, abs=1e-8)


def test_one_period_before_the_treatment_is_enough():
    study = random_study(9, before=1, after=1)
    smooth = did.honest(study, restriction="smoothness", values=[0.1], target=0)
    assert smooth.intervals.notna().all(axis=None)
    assert did.honest(study, target=0).intervals.notna().all(axis=None)


# Both


@pytest.mark.parametrize(("restriction", "values"), [("relative_magnitudes", [0.3, 1, 4]), ("smoothness", [0, 0.1, 1])])
def test_wider_bounds_give_wider_intervals_and_signs_mirror(restriction, values):
    study = random_study(10)
    rows = did.honest(study, restriction=restriction, values=values).intervals
    assert rows["low"].is_monotonic_decreasing
    assert rows["high"].is_monotonic_increasing
    mirrored = dataclasses.replace(study, estimate=-study.estimate)
    other = did.honest(mirrored, restriction=restriction, values=values).intervals
    np.testing.assert_allclose(other["low"], -rows["high"], atol=1e-6)
    scaled = EventStudy(100 * study.estimate, 1e4 * study.covariance)
    factor = 100 if restriction == "smoothness" else 1
    large = did.honest(scaled, restriction=restriction, values=[factor * value for value in values]).intervals
    np.testing.assert_allclose(large[["low", "high"]] / 100, rows[["low", "high"]], atol=1e-6)


@pytest.mark.parametrize("restriction", ["relative_magnitudes", "smoothness"])
def test_the_breakdown_is_where_zero_enters(restriction):
    study = random_study(11, scale=0.1)
    found = did.honest(study, restriction=restriction, values=[1.0])
    assert found.breakdown > 0
    inside, outside = 0.999 * found.breakdown, 1.001 * found.breakdown
    rows = did.honest(study, restriction=restriction, values=[inside, outside]).intervals
    covers = (rows["low"] <= 0) & (rows["high"] >= 0)
    assert covers.tolist() == [False, True]
    nothing = dataclasses.replace(study, estimate=0 * study.estimate)
    assert did.honest(nothing, restriction=restriction, values=[1.0]).breakdown == 0


def test_a_target_is_a_weighted_sum_of_effects():
    study = random_study(12)
    average = did.honest(study, values=[1])
    weighted = did.honest(study, values=[1], weights={0: 1 / 3, 1: 1 / 3, 2: 1 / 3})
    pd.testing.assert_frame_equal(average.intervals, weighted.intervals)
    assert average.estimate == pytest.approx(study.estimate.loc[[0, 1, 2]].mean())
    assert "average" in average.target


def test_periods_of_anticipation_are_after_the_reference_but_not_in_the_average():
    times = [-4, -3, -1, 0, 1]
    covariance = pd.DataFrame(np.eye(5) * 0.01, index=times, columns=times)
    study = EventStudy(pd.Series([0.0, 0.1, 5.0, 1.0, 2.0], index=times), covariance, reference=-2)
    found = did.honest(study, values=[0])
    assert found.estimate == pytest.approx(1.5)
    assert did.honest(study, values=[0], target=-1).estimate == 5.0


def test_a_window_leaves_out_distant_periods():
    study = random_study(13, before=6, after=4)
    found = did.honest(study, window=(-3, 1), values=[1])
    times = [-3, -2, 0, 1]
    alone = EventStudy(study.estimate.loc[times], study.covariance.loc[times, times])
    pd.testing.assert_frame_equal(found.intervals, did.honest(alone, values=[1]).intervals)
    assert found.event_times == (-3, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"restriction": "monotone"}, "Unknown restriction"),
        ({"restriction": "smoothness"}, "needs values"),
        ({"values": []}, "finite numbers, 0 or more"),
        ({"values": [-1]}, "finite numbers, 0 or more"),
        ({"level": 95}, "level must lie"),
        ({"target": 9}, "Unknown target"),
        ({"target": "total"}, "Unknown target"),
        ({"weights": {-3: 1.0}}, "by event time after the reference"),
        ({"weights": {0: 0.0}}, "not all zero"),
        ({"window": (0, 3)}, "does not hold the reference"),
        ({"window": (-1, 3)}, "no estimate before its reference"),
        ({"window": (-5, -1)}, "no estimate after the treatment"),
    ],
)
def test_an_option_is_used_or_refused(options, message):
    with pytest.raises(EstimationError, match=message):
        did.honest(random_study(14), **options)


def test_an_event_study_that_cannot_be_one_is_refused():
    study = random_study(15)
    times = study.estimate.index
    with pytest.raises(EstimationError, match="consecutive whole numbers"):
        EventStudy(study.estimate.drop(-4), study.covariance.drop(index=-4, columns=-4))
    with pytest.raises(EstimationError, match="other event times"):
        EventStudy(study.estimate, study.covariance.iloc[::-1, ::-1])
    with pytest.raises(EstimationError, match="singular"):
        EventStudy(study.estimate, pd.DataFrame(1.0, index=times, columns=times))
    with pytest.raises(EstimationError, match="not finite"):
        EventStudy(study.estimate.where(times != 0), study.covariance)
    with pytest.raises(EstimationError, match="not symmetric"):
        EventStudy(study.estimate, study.covariance + np.triu(np.ones((7, 7)), 1))


@pytest.mark.parametrize(
    "options", [{"method": "imputation"}, {"method": "two_way_fixed_effects"}, {"base_period": "varying"}]
)
def test_estimates_without_a_common_reference_are_refused(expansion, options):
    effects = estimated(expansion, **options)
    with pytest.raises(EstimationError, match="no reference period"):
        did.honest(effects)


def test_the_covariance_of_an_estimation_is_that_of_its_rows(expansion):
    effects = estimated(expansion)
    rows = effects.event_study[~effects.event_study["reference"]].set_index("event_time")
    np.testing.assert_allclose(np.sqrt(np.diag(effects.covariance)), rows["standard_error"], rtol=1e-12)
    assert effects.covariance.index.tolist() == rows.index.tolist()
    assert effects.covariance.index.name == effects.covariance.columns.name == "event_time"
    # One group: the covariance of differences of means, by hand.
    wide = expansion.pivot_table(index="state", columns="year", values="insured")
    change = wide.drop(columns=2013).sub(wide[2013], axis=0)
    treated = expansion.groupby("state")["first_treated"].first().reindex(change.index) == 2014
    parts = [np.cov(change[mask].T, ddof=0) / mask.sum() for mask in (treated, ~treated)]
    np.testing.assert_allclose(effects.covariance, sum(parts), atol=1e-14)


def test_few_treated_clusters_are_noted():
    study = random_study(16)
    assert did.honest(study).notes == ()
    assert did.honest(dataclasses.replace(study, clusters=70)).notes == ()
    found = did.honest(dataclasses.replace(study, clusters=69))
    assert "69 treated clusters are few" in found.notes[0]
    assert found.notes[0] in repr(found)


def test_it_explains_itself(published):
    found = did.honest(published, target=0)
    assert "breakdown" in repr(found)
    assert "Rambachan" in found._repr_html_()
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.breakdown = 1.0
