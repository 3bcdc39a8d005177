"""Synthetic controls: the weights are the optimum, Proposition 99 as published, the verdict by brute force."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from evaluation.deep_dive import Series, synthetic_control
from evaluation.deep_dive.convex import convex_weights, optimality
from evaluation.deep_dive.synthetic import Path as Fit
from evaluation.deep_dive.synthetic import fitted, judged, noise, placebos
from evaluation.errors import EstimationError, InputError

DATA = Path(__file__).parent / "data" / "california_prop99.csv"
BEFORE = 19
# The exact optimum with lagged outcomes only, as R's augsynth and Julia's SimpleSCM publish it.
MEAN_GAP, ERROR = -19.51362976, 1.65640021
# R's Synth with every lagged outcome (published with mlsynth) stops just before it: 52.1363 against 52.1296 squares.
SYNTH = {"Utah": 0.396212, "Montana": 0.22878, "Nevada": 0.204171, "Connecticut": 0.10923, "New Hampshire": 0.046482}
SYNTH |= {"Colorado": 0.015103}
SYNTH_SQUARES = 52.136289
# Arkhangelsky et al. (2021), table 1, and their package `synthdid`: Frank-Wolfe steps that stop before the optimum.
FRANK_WOLFE = -19.61966


@pytest.fixture(scope="module")
def states() -> pd.DataFrame:
    """Packs per head by state (rows) and year."""
    return pd.read_csv(DATA).set_index("Year").T


@pytest.fixture(scope="module")
def california(states) -> tuple[np.ndarray, np.ndarray, list[str]]:
    donors = states.drop(index="California")
    return states.loc["California"].to_numpy(float), donors.to_numpy(float), list(donors.index)


# Proposition 99


def test_proposition_99_is_the_exact_optimum_with_lagged_outcomes_only(california):
    target, donors, names = california
    assert (len(donors), len(target)) == (38, 31)
    found = fitted(target, donors, BEFORE, level=False)
    assert found.average_gap == pytest.approx(MEAN_GAP, abs=1e-5)
    assert found.fit_error == pytest.approx(ERROR, abs=1e-7)
    assert BEFORE * found.fit_error**2 < SYNTH_SQUARES
    weights = dict(zip(names, found.weights, strict=True))
    for name in names:
        assert weights[name] == pytest.approx(SYNTH.get(name, 0.0), abs=0.004)
    assert optimality(target[:BEFORE], donors[:, :BEFORE], found.weights) < 1e-10


def test_the_published_minus_19_62_is_where_the_published_algorithm_stops(california):
    from evaluation import did

    target, donors, names = california
    found = fitted(target, donors, BEFORE, level=False)
    wide = pd.DataFrame(np.vstack([target, donors]), index=["California", *names], columns=range(1970, 2001))
    long = wide.rename_axis("state").reset_index().melt("state", var_name="year", value_name="packs")
    long["first"] = np.where(long["state"] == "California", 1989, 0)
    options = {"outcome": "packs", "unit": "state", "period": "year", "first_treated": "first"}
    with pytest.warns(UserWarning, match="has one unit"):
        stopped = did.estimate(long.astype({"year": int}), method="synthetic_control", **options).overall.value
    assert stopped == pytest.approx(FRANK_WOLFE, abs=1e-4)
    # Its weights fit the years before less well than ours: the difference is the search, not the method.
    assert found.average_gap - stopped == pytest.approx(0.106, abs=0.001)


def test_the_placebo_ranks_of_proposition_99_are_those_published(california):
    target, donors, names = california
    found, others = fitted(target, donors, BEFORE, level=False), placebos(donors, BEFORE, level=False)
    verdict = judged(found, others, 0.95)
    # With lagged outcomes only California is third of 39, p = 0.0769 (published with mlsynth); with the
    # covariates of Abadie, Diamond and Hainmueller (2010), which are not matched on here, it is first.
    assert (verdict.ratio_rank, verdict.among) == (3, 39)
    assert verdict.ratio_p_value == pytest.approx(3 / 39)
    ahead = sorted(zip([one.ratio for one in others], names, strict=True), reverse=True)[:2]
    assert {name for _, name in ahead} == {"Missouri", "Virginia"}
    assert found.ratio == pytest.approx(12.44, abs=0.01)


def test_with_the_level_taken_out_it_is_the_published_difference_in_differences_of_it(california):
    target, donors, _ = california
    # `synthdid`: synthetic control with an intercept (DIFP), stopped early, gives -11.10464.
    assert fitted(target, donors, BEFORE, level=True).average_gap == pytest.approx(-11.10464, abs=0.01)


# The weights


@pytest.mark.parametrize("seed", range(6))
def test_weights_are_those_of_a_general_optimiser_and_of_a_grid(seed):
    rng = np.random.default_rng(seed)
    donors, target = rng.normal(size=(6, 9)), rng.normal(size=9)
    weights = convex_weights(target, donors)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-12)

    def squares(w: np.ndarray) -> float:
        return float(np.square(w @ donors - target).sum())

    other = minimize(
        squares,
        np.full(6, 1 / 6),
        method="SLSQP",
        bounds=[(0, 1)] * 6,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert squares(weights) <= other.fun + 1e-9
    assert weights == pytest.approx(other.x, abs=1e-4)
    grid = [np.array(w) / 6 for w in product(range(7), repeat=6) if sum(w) == 6]
    assert squares(weights) <= min(map(squares, grid))
    assert optimality(target, donors, weights) < 1e-10


def test_a_target_inside_the_hull_is_met_and_one_that_is_a_donor_is_that_donor():
    rng = np.random.default_rng(2)
    donors = rng.normal(size=(8, 3))
    inside = np.full(8, 1 / 8) @ donors
    assert convex_weights(inside, donors) @ donors == pytest.approx(inside, abs=1e-9)
    assert convex_weights(donors[5], donors).tolist() == [0, 0, 0, 0, 0, 1, 0, 0]
    with pytest.raises(EstimationError, match="no donors"):
        convex_weights(inside, donors[:0])


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_weights_do_not_depend_on_units_or_on_the_order_of_donors(scale):
    rng = np.random.default_rng(4)
    donors, target = rng.normal(9, 1, size=(30, 16)), rng.normal(9, 1, size=16)
    weights = convex_weights(target, donors)
    assert convex_weights(scale * target + 3, scale * donors + 3) == pytest.approx(weights, abs=1e-6)
    order = rng.permutation(30)
    assert convex_weights(target, donors[order]) == pytest.approx(weights[order], abs=1e-9)


# The verdict


def paths(gaps: list[float]) -> list[Fit]:
    return [Fit(np.ones(1), 0.0, np.zeros(4), np.array([1.0, -1.0, gap, gap]), 2) for gap in gaps]


def test_the_verdict_is_a_place_among_the_donors_and_the_interval_inverts_it():
    placebo = [0.1 * n * (-1) ** n for n in range(1, 40)]
    for gap in (-3.85, -3.7, 0.0, 2.0, 5.0):
        verdict = judged(paths([gap])[0], paths(placebo), 0.95)
        larger = sum(abs(other) >= abs(gap) for other in placebo)
        assert verdict.p_value == pytest.approx((1 + larger) / 40)
        assert (verdict.p_value <= 0.05) == (verdict.low > 0 or verdict.high < 0)
        # A value is in the interval if and only if taking it away leaves a gap that is not rejected.
        for value in np.linspace(-9, 9, 37):
            left = judged(paths([gap - value])[0], paths(placebo), 0.95).p_value
            assert (left > 0.05) == (verdict.low - 1e-9 <= value <= verdict.high + 1e-9)


def test_too_few_donors_give_no_interval():
    verdict = judged(paths([9.0])[0], paths([0.1] * 18), 0.95)
    assert (verdict.low, verdict.high) == (-np.inf, np.inf)
    assert verdict.p_value == pytest.approx(1 / 19)
    assert np.isfinite(judged(paths([9.0])[0], paths([0.1] * 19), 0.95).low)


def test_under_exchangeability_one_in_twenty_is_claimed():
    rng = np.random.default_rng(11)
    claimed, runs = 0, 400
    for _ in range(runs):
        series = rng.normal(9, 1, size=(20, 1)) + rng.normal(size=(20, 12))
        found = fitted(series[0], series[1:], 8, level=True)
        verdict = judged(found, placebos(series[1:], 8, level=True), 0.95)
        claimed += verdict.low > 0 or verdict.high < 0
    assert 0.02 < claimed / runs < 0.09


def test_noise_is_that_of_the_series_itself():
    rng = np.random.default_rng(3)
    common = np.sin(np.arange(4000))
    donors = common + 0.001 * rng.normal(size=(5, 4000))
    assert noise(common + 7 + 0.3 * rng.normal(size=4000), donors, 4000, 4) == pytest.approx(0.3, rel=0.05)
    assert np.isnan(noise(common[:5], donors[:, :5], 5, 4))


# Of municipalities


def make_series(seed: int = 0, *, units: int = 60, shift: float = 0.0, apart: float = 0.0) -> Series:
    rng = np.random.default_rng(seed)
    codes = [f"{number:04d}" for number in range(units)]
    quarters = pd.period_range("2008Q1", periods=20, freq="Q-DEC")
    days = pd.DataFrame(rng.uniform(500, 50_000, units)[:, None] * np.ones(20), index=codes, columns=quarters)
    rate = rng.normal(9, 1, (units, 1)) + np.sin(np.arange(20)) + rng.normal(size=(units, 20)) * 20 / np.sqrt(days)
    rate.iloc[0] += apart
    rate.iloc[0, 16:] += shift
    return Series("sick_leave_rate", rate * days, days, "quarter")


START = pd.Period("2012Q1", freq="Q-DEC")


def control(series: Series, case: list[str] | None = None, **options):
    return synthetic_control(series, case or ["0000"], list(series.top.index), START, **options)


def test_a_change_is_found_and_its_absence_is_not_claimed():
    moved = control(make_series(shift=-5.0))
    assert moved.high < 0
    assert moved.p_value == pytest.approx(1 / 41)
    assert moved.reach == pytest.approx((moved.high - moved.low) / 2)
    still = control(make_series())
    assert still.low < 0 < still.high
    # The shift is after the start only: weights and fit do not know of it.
    assert moved.weights.equals(still.weights)
    assert moved.gap - still.gap == pytest.approx(-5)


def test_the_gap_is_recomputed_from_weights_and_rates():
    series = make_series(3)
    found = control(series)
    rate = series.top / series.bottom
    weights = found.weights.set_index("municipality")["weight"]
    assert weights.sum() == pytest.approx(1, abs=1e-8)
    mean = weights @ rate.loc[weights.index]
    level = (rate.loc["0000"] - mean).iloc[:16].mean()
    gap = rate.loc["0000"] - mean - level
    assert found.level_difference == pytest.approx(level)
    assert found.gap == pytest.approx(gap.iloc[16:].mean())
    assert found.fit_error == pytest.approx(np.sqrt((gap.iloc[:16] ** 2).mean()))
    assert found.path["gap"].to_numpy() == pytest.approx(gap.to_numpy())
    assert found.path["when"].tolist() == ["before"] * 16 + ["after"] * 4


def test_donors_are_those_nearest_in_size_and_placebos_are_donors_in_the_place_of_the_case():
    series = make_series(5)
    found = control(series, donors=20)
    size = np.log(series.bottom.iloc[:, 0])
    wanted = (size - size["0000"]).abs().drop("0000").sort_values().index[:20]
    assert set(found.placebos["municipality"]) == set(wanted)
    first = found.placebos.iloc[0]["municipality"]
    rest = sorted(set(wanted) - {first})
    again = synthetic_control(series, [first], rest, START, donors=19)
    assert again.gap == pytest.approx(found.placebos.iloc[0]["average_gap"])
    assert again.fit_error == pytest.approx(found.placebos.iloc[0]["fit_error"])


def test_row_order_does_not_matter_and_nothing_is_changed():
    series = make_series(6)
    top = series.top.copy()
    rows = np.random.default_rng(1).permutation(series.top.index)
    shuffled = Series(series.outcome, series.top.loc[rows], series.bottom.loc[rows], "quarter")
    pd.testing.assert_frame_equal(control(shuffled).placebos, control(series).placebos)
    assert control(shuffled).gap == pytest.approx(control(series).gap, abs=1e-12)
    pd.testing.assert_frame_equal(series.top, top)


def test_a_joint_case_is_one():
    series = make_series(7)
    found = control(series, ["0000", "0001"])
    pooled = (series.top.iloc[0] + series.top.iloc[1]) / (series.bottom.iloc[0] + series.bottom.iloc[1])
    assert found.path["case"].to_numpy() == pytest.approx(pooled.to_numpy())
    assert not {"0000", "0001"} & set(found.placebos["municipality"])


def test_the_level_can_be_matched_too_and_a_poor_fit_is_said():
    far = control(make_series(8, apart=6.0), level=False)
    assert far.level_difference == 0
    assert far.poor_fit
    assert "poor_fit" in [note.key for note in far.notes]
    level = control(make_series(8, apart=6.0))
    assert level.level_difference > 4
    assert not level.poor_fit


def test_few_donors_and_missing_quarters_are_told():
    few = control(make_series(9, units=13))
    assert [note.key for note in few.notes] == ["few_donors", "no_interval"]
    assert few.notes[0].given["found"] == 12
    assert not few.bounded
    assert np.isnan([few.low, few.high]).all()
    series = make_series(10)
    gap = series.top.copy()
    gap.loc["0000", pd.Period("2009Q2", freq="Q-DEC")] = np.nan
    gap.loc["0007", pd.Period("2009Q3", freq="Q-DEC")] = np.nan
    found = control(Series(series.outcome, gap, series.bottom, "quarter"), donors=59)
    note = next(note for note in found.notes if note.key == "periods_left_out")
    assert note.given["periods"] == [pd.Period("2009Q2", freq="Q-DEC")]
    assert len(found.path) == 19
    assert "0007" not in set(found.placebos["municipality"])


@pytest.mark.parametrize(
    ("start", "units", "options", "message"),
    [
        ("2009Q1", 60, {}, "needs 8 periods before the start; there are 4"),
        ("2013Q1", 60, {}, "no period after the start"),
        ("2012Q1", 5, {}, "4 municipalities can be donors"),
    ],
)
def test_what_cannot_be_done_is_refused(start, units, options, message):
    series = make_series(units=units)
    with pytest.raises(EstimationError, match=message):
        synthetic_control(series, ["0000"], list(series.top.index), pd.Period(start, freq="Q-DEC"), **options)


def test_too_few_donors_asked_for_and_a_case_without_figures_are_refused():
    series = make_series()
    with pytest.raises(InputError, match="Too few donors are asked for"):
        control(series, donors=2)
    with pytest.raises(EstimationError, match="no figures"):
        control(series, ["9999"])
    with pytest.raises(EstimationError, match="two donors or more"):
        placebos(np.zeros((1, 5)), 3, level=True)
