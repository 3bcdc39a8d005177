"""The effect along the distribution, on data with known effects and against other implementations."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from diff_diff import ChangesInChanges
from scipy import stats

from evaluation import did, positions
from evaluation.errors import EstimationError, InputError
from evaluation.positions.changes_in_changes import counterfactual

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.positions_distributional import EFFECT, replication, simulated


@pytest.fixture(scope="module")
def drawn():
    return simulated(np.random.default_rng(7), municipalities=80, treated=20)


@pytest.fixture(scope="module")
def found(drawn):
    return positions.distributional_effect(*drawn, step=20, draws=299)


def wide(hist: positions.Histogram) -> pd.DataFrame:
    return hist.bands(("municipality", "year"))


# --- distributional difference-in-differences ---


def test_every_threshold_and_band_is_what_did_says_of_it(drawn, found):
    hist, started = drawn
    bands = wide(hist).merge(started, on="municipality")
    for place, row in found.bands.iterrows():
        one = bands[bands["band"] == row["band"]].assign(period=lambda frame: frame["year"])
        effect = did.estimate(
            one, outcome="share", unit="municipality", period="period", first_treated="first_treated",
            control="never_treated",
        ).overall  # fmt: skip
        assert row["estimate"] == pytest.approx(effect.value, abs=1e-9), place
        assert row["standard_error"] == pytest.approx(effect.standard_error, rel=1e-9)
        assert (row["low"], row["high"]) == pytest.approx((effect.low, effect.high))
        assert (row["municipalities"], row["treated"]) == (effect.n, effect.treated) == (80, 20)
    assert found.bands["estimate"].sum() == pytest.approx(0, abs=1e-9)
    full = found.thresholds.set_index("percentage").loc[100]
    assert full["estimate"] == pytest.approx(found.bands["estimate"].iloc[-1])
    assert full["standard_error"] == pytest.approx(found.bands["standard_error"].iloc[-1])


def test_observed_shares_are_those_of_the_treated_after_the_start(drawn, found):
    hist, started = drawn
    bands = wide(hist).merge(started, on="municipality")
    after = bands[(bands["first_treated"] > 0) & (bands["year"] >= bands["first_treated"])]
    wanted = after.groupby("band")["share"].mean()
    np.testing.assert_allclose(found.bands["share"], wanted[found.bands["band"]])
    np.testing.assert_allclose(found.bands["share"] - found.bands["counterfactual"], found.bands["estimate"])


def test_weights_and_other_controls_are_passed_on(drawn):
    hist, started = drawn
    started = started.assign(weight=np.arange(len(started)) % 5 + 1.0)
    options = {"weights": "weight", "control": "not_yet_treated"}
    found = positions.distributional_effect(hist, started, step=50, draws=99, **options).bands.iloc[-1]
    full = wide(hist).query("band == '100+'").merge(started, on="municipality")
    effect = did.estimate(
        full, outcome="share", unit="municipality", period="year", first_treated="first_treated", **options
    ).overall
    assert found["estimate"] == pytest.approx(effect.value)
    assert found["standard_error"] == pytest.approx(effect.standard_error, rel=1e-6)


def test_the_order_of_rows_and_the_names_do_not_matter(drawn, found):
    hist, started = drawn
    again = positions.distributional_effect(hist, started.sample(frac=1, random_state=1), step=20, draws=299)
    pd.testing.assert_frame_equal(again.bands, found.bands)


def test_a_known_effect_in_one_band_is_found_there_and_nowhere_else():
    done = pd.DataFrame([replication((seed, 40)) for seed in range(24)])
    for name, truth in (("from", -100 * EFFECT), ("to", 100 * EFFECT)):
        assert done[name].mean() == pytest.approx(truth, abs=4 * done[name].std() / np.sqrt(len(done)))
    # With a coverage of 95 % fewer than 19 of 24 happens once in 1 000.
    assert done["others"].sum() >= 19
    assert done["bands"].sum() >= 19


def test_a_band_over_fewer_is_narrower_and_never_below_the_pointwise(found):
    few = found.only(["0-24.9", "25-49.9"])
    all_bands = found.bands.iloc[:2].reset_index(drop=True)
    assert (few["band_high"] <= all_bands["band_high"] + 1e-12).all()
    assert (few["band_high"] >= few["high"] - 1e-12).all()
    with pytest.raises(InputError, match="no such band"):
        found.only(["100"])


def shifted(sizes: dict[int, tuple[float, ...]], *, by: float = 0.0) -> tuple[positions.Histogram, pd.DataFrame]:
    """Return 12 municipalities, 4 treated from 2012; all have the same sizes, moved by a constant when treated."""
    rows = [
        (f"{unit:04d}", year, size + (by if unit < 4 and year >= 2012 else 0.0), 10)
        for unit in range(12)
        for year, values in sizes.items()
        for size in values
    ]
    data = pd.DataFrame(rows, columns=["municipality", "year", "percentage", "persons"])
    data = data.groupby(["municipality", "year", "percentage"], as_index=False)["persons"].sum()
    hist = positions.Histogram(data, "employee", ("municipality", "year"), (), pd.DataFrame({"reason": [], "rows": []}))
    units = [f"{unit:04d}" for unit in range(12)]
    return hist, pd.DataFrame({"municipality": units, "first_treated": [2012] * 4 + [0] * 8})


@pytest.mark.parametrize("estimator", ["difference_in_differences", "changes_in_changes"])
def test_a_shift_by_a_constant_shifts_every_quantile_by_it(estimator):
    sizes = dict.fromkeys((2010, 2011, 2012), (20.0, 35.0, 40.0, 55.0, 60.0, 75.0))
    hist, started = shifted(sizes, by=10.0)
    at = (0.1, 0.4, 0.6, 0.9)
    if estimator == "difference_in_differences":
        found = positions.distributional_effect(hist, started, at=at, draws=99).quantiles
        assert found["estimate"].tolist() == [10.0] * 4
        assert (found["low"] == found["high"]).all()  # nothing varies between municipalities
        return
    groups = started.assign(group=np.where(started["first_treated"] > 0, "participants", "others"))
    found = positions.changes_in_changes(hist.with_attributes(groups, "group"), 2011, 2012, at=at, draws=99).data
    found = found.set_index("measure")
    assert found.loc[["p10", "p40", "p60", "p90"], "estimate"].tolist() == [10.0] * 4
    assert found.loc["mean_size", "estimate"] == pytest.approx(10)


def test_no_effect_in_a_point_mass_is_zero_everywhere():
    hist, started = shifted(dict.fromkeys((2010, 2011, 2012), (60.0,)))
    found = positions.distributional_effect(hist, started, draws=99)
    assert (found.thresholds["estimate"] == 0).all()
    assert (found.bands["estimate"] == 0).all()
    assert found.quantiles["counterfactual"].tolist() == [60.0] * 5
    assert found.thresholds["standard_error"].isna().all()


# --- changes-in-changes ---


def cells(rng: np.random.Generator, sizes: tuple[int, ...], *, digits: int | None) -> dict[str, np.ndarray]:
    parts = {
        "y00": rng.gamma(4, 10, sizes[0]),
        "y01": rng.gamma(4, 11, sizes[1]) + 2,
        "y10": rng.gamma(5, 9, sizes[2]),
        "y11": rng.gamma(5, 11, sizes[3]) + 4,
    }
    return parts if digits is None else {name: np.round(part, digits) for name, part in parts.items()}


def on_a_grid(parts: dict[str, np.ndarray]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    grid = np.unique(np.concatenate(list(parts.values())))
    return grid, {name: np.searchsorted(np.sort(part), grid, side="right") / len(part) for name, part in parts.items()}


def mean_of(grid: np.ndarray, curve: np.ndarray) -> float:
    return float(np.diff(np.concatenate([[0.0], curve])) @ grid)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.filterwarnings("ignore")
def test_the_continuous_estimate_is_that_of_another_implementation(seed):
    parts = cells(np.random.default_rng(seed), (300, 250, 200, 220), digits=None)
    frame = pd.concat(
        pd.DataFrame({"y": values, "treated": int(name[1]), "post": int(name[2])}) for name, values in parts.items()
    )
    taus = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    other = ChangesInChanges(quantiles=taus, n_bootstrap=0).fit(frame, outcome="y", treatment="treated", time="post")
    grid, curves = on_a_grid(parts)
    _, lower, upper = counterfactual(curves["y00"], curves["y01"], curves["y10"])
    assert parts["y11"].mean() - mean_of(grid, lower) == pytest.approx(other.att, abs=1e-9)
    own = np.quantile(parts["y11"], taus, method="inverted_cdf")
    effects = own - grid[[np.searchsorted(lower, tau - 1e-12) for tau in taus]]
    wanted = other.quantile_effects
    column = next(name for name in wanted.columns if name in ("qte", "effect", "estimate", "att"))
    np.testing.assert_allclose(effects, wanted[column].to_numpy(dtype=float), atol=1e-9)
    assert (lower <= upper + 1e-12).all()


def by_definition(y00: np.ndarray, y01: np.ndarray, y10: np.ndarray, y: float) -> tuple[float, float, float]:
    """Athey and Imbens (2006), equations 8 and 24 and theorems 4.1 and 4.2, with inf and sup over the support."""
    support = np.unique(y00)
    share = lambda values, at: (values <= at).mean()  # noqa: E731
    rank = share(y01, y)
    above = support[[share(y00, x) >= rank - 1e-12 for x in support]]
    below = support[[share(y00, x) <= rank + 1e-12 for x in support]]
    inverse, bracket = above.min(), (below.max() if len(below) else -np.inf)
    lower, upper = share(y10, bracket), share(y10, inverse)
    bottom, top = share(y00, bracket), share(y00, inverse)
    within = (rank - bottom) / (top - bottom) if top - bottom > 1e-12 else 0.0
    return lower + (upper - lower) * within, lower, upper


@pytest.mark.parametrize("seed", range(6))
def test_the_discrete_estimate_and_its_bounds_are_the_definitions_of_the_paper(seed):
    rng = np.random.default_rng(seed)
    # The theorems take the support of the participants before to lie in that of the others before.
    sizes = np.array([20.0, 50.0, 75.0, 80.0, 100.0])
    parts = {
        name: np.concatenate([rng.choice(sizes, 60, p=p), sizes if name == "y00" else []])
        for name, p in (
            ("y00", [0.1, 0.3, 0.2, 0.1, 0.3]),
            ("y01", [0.1, 0.2, 0.2, 0.1, 0.4]),
            ("y10", [0.2, 0.3, 0.1, 0.1, 0.3]),
        )
    }
    grid, curves = on_a_grid(parts)
    found = np.array(counterfactual(curves["y00"], curves["y01"], curves["y10"]))
    wanted = np.array([by_definition(parts["y00"], parts["y01"], parts["y10"], y) for y in grid]).T
    np.testing.assert_allclose(found, wanted, atol=1e-9)


def test_a_hand_computed_example_with_two_sizes():
    # Others: 40 % full time before, 55 % after, so of the others below full time a quarter moved up. Participants: 20 %
    # full time before; without the programme 20 + 80 / 4 = 40 %.
    grid = {"y00": [0.6, 1.0], "y01": [0.45, 1.0], "y10": [0.8, 1.0]}
    discrete, lower, upper = counterfactual(*(np.array(curve) for curve in grid.values()))
    assert discrete.tolist() == pytest.approx([0.6, 1.0])
    assert (lower[0], upper[0]) == pytest.approx((0.0, 0.8))


def grouped(rng: np.random.Generator, effect: float) -> positions.Histogram:
    """Return 40 municipalities, 15 participants, two years; some at 80 move to 100, more with the programme."""
    rows = []
    for unit in range(40):
        treated = unit < 15
        staff = int(rng.integers(80, 200))
        shares = rng.dirichlet([6, 10, 12, 14 + 2 * treated])
        before = rng.multinomial(staff, shares)
        moved = rng.binomial(before[2], np.clip(0.2 + 0.05 * rng.standard_normal() + effect * treated, 0, 1))
        after = before + np.array([0, 0, -moved, moved])
        for year, counts in ((2011, before), (2012, after)):
            rows += [
                (f"{unit:04d}", "participants" if treated else "others", year, size, int(n))
                for size, n in zip((30.0, 50.0, 80.0, 100.0), counts, strict=True)
            ]
    data = pd.DataFrame(rows, columns=["municipality", "group", "year", "percentage", "persons"])
    account = pd.DataFrame({"reason": [], "rows": []})
    return positions.Histogram(data, "employee", ("municipality", "group", "year"), (), account)


def test_the_bootstrap_of_municipalities_covers_the_true_effect():
    rng = np.random.default_rng(5)
    covered, estimates = 0, []
    for _ in range(60):
        row = positions.changes_in_changes(grouped(rng, 0.0), 2011, 2012, draws=199).data.set_index("measure")
        full = row.loc["full_time_share"]
        covered += full["low"] <= 0 <= full["high"]
        estimates.append(full["estimate"])
        assert full["bound_low"] - 1e-9 <= full["estimate"] <= full["bound_high"] + 1e-9
    assert stats.binomtest(covered, 60, 0.94).pvalue > 0.001
    assert np.mean(estimates) == pytest.approx(0, abs=4 * np.std(estimates) / np.sqrt(60))


def test_an_effect_by_changes_in_changes_is_recovered():
    rng = np.random.default_rng(6)
    found = [
        positions.changes_in_changes(grouped(rng, 0.3), 2011, 2012, draws=99).data.set_index("measure")
        for _ in range(30)
    ]
    # 30 % more of those at 80 move to 100: the share at 80 times 30, and 20 points of size for each.
    estimates = np.array([one.loc[["full_time_share", "mean_size"], "estimate"].to_numpy() for one in found])
    assert estimates[:, 0].mean() / estimates[:, 1].mean() == pytest.approx(5, rel=0.01)
    assert estimates[:, 0].mean() == pytest.approx(100 * 0.3 * 12 / 44, rel=0.12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda h, s: positions.distributional_effect(h, s, step=3), InputError, "step must divide 100"),
        (lambda h, s: positions.distributional_effect(h, s, edges=(10, 100)), InputError, "start at 0 and rise"),
        (lambda h, s: positions.distributional_effect(h, s, at=(0,)), InputError, "quantile is a share"),
        (lambda h, s: positions.distributional_effect(h, s, control="others"), EstimationError, "Unknown control"),
        (lambda h, s: positions.distributional_effect(h, s, weights="w"), InputError, "column w: .*lacks a column"),
        (lambda h, s: positions.distributional_effect(h, s, draws=9), InputError, "at least 99 draws"),
        (
            lambda h, s: positions.distributional_effect(h, pd.concat([s, s.assign(first_treated=0)])),
            InputError,
            "two starts",
        ),
        (
            lambda h, s: positions.distributional_effect(h, s.assign(first_treated=0)),
            EstimationError,
            "No unit is treated",
        ),
        (lambda h, s: positions.changes_in_changes(h, 2010, 2012), InputError, "column group"),
        (
            lambda h, s: positions.changes_in_changes(grouped(np.random.default_rng(1), 0), 2011, 2012, others="no"),
            InputError,
            "fewer than two municipalities",
        ),
    ],
)
def test_bad_questions_are_refused_in_words(drawn, call, error, message):
    with pytest.raises(error, match=message):
        call(*drawn)
