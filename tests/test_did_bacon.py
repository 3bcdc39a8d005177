"""The decomposition of two-way fixed effects: R's numbers, a regression for every comparison, and the identity."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evaluation import did
from evaluation.errors import EstimationError

DATA = Path(__file__).parent / "data"
EHEC = {"outcome": "insured", "unit": "state", "period": "year", "first_treated": "first_treated"}
NAMES = {"outcome": "y", "unit": "unit", "period": "period", "first_treated": "first"}
PRINTED = 1e-9

# What R's bacondecomp prints for these data (course material of Mixtape Sessions, Advanced DID): treated, control
# (0: never treated), estimate, weight.
WITH_NEVER_TREATED = [
    (2016, 0, 0.082728773, 0.0502256229),
    (2014, 0, 0.074935691, 0.6215420836),
    (2015, 0, 0.046864475, 0.0824014126),
    (2017, 0, 0.102274094, 0.0211889347),
    (2019, 0, 0.030943646, 0.0172650579),
    (2014, 2016, 0.050191048, 0.0258975868),
    (2015, 2016, 0.004156228, 0.0020600353),
    (2017, 2016, 0.031975667, 0.0002942908),
    (2019, 2016, 0.005429020, 0.0005885815),
    (2016, 2014, 0.054292531, 0.0172650579),
    (2015, 2014, 0.030656579, 0.0161859918),
    (2017, 2014, 0.077060485, 0.0097115951),
    (2019, 2014, 0.025483405, 0.0107906612),
    (2016, 2015, 0.041763062, 0.0011771630),
    (2014, 2015, 0.066569262, 0.0194231901),
    (2017, 2015, 0.063993540, 0.0008828723),
    (2019, 2015, 0.027470457, 0.0011771630),
    (2016, 2017, 0.014518637, 0.0007847754),
    (2014, 2017, 0.048755447, 0.0194231901),
    (2015, 2017, 0.008627171, 0.0020600353),
    (2019, 2017, 0.033588931, 0.0001961938),
    (2016, 2019, 0.090774537, 0.0047086521),
    (2014, 2019, 0.088170864, 0.0647439670),
    (2015, 2019, 0.061097391, 0.0082401413),
    (2017, 2019, 0.110885473, 0.0017657446),
]
WITHOUT = [
    (2014, 2016, 0.050191048, 0.1248817408),
    (2017, 2016, 0.031975667, 0.0014191107),
    (2016, 2014, 0.054292531, 0.0832544939),
    (2015, 2014, 0.030656579, 0.0780510880),
    (2019, 2014, 0.025483405, 0.0520340587),
    (2014, 2019, 0.088170864, 0.3122043519),
    (2017, 2019, 0.110885473, 0.0085146641),
]


@pytest.fixture(scope="module")
def ehec() -> pd.DataFrame:
    return pd.read_csv(DATA / "ehec.csv")


def staggered(seed: int, *, slope: float = 0.0, periods: int = 9) -> pd.DataFrame:
    """30 never treated, groups of 12, 8 and 10; an effect that grows by `slope` a period; weights by unit."""
    generator = np.random.default_rng(seed)
    first = np.repeat([0, 3, 5, 8], [30, 12, 8, 10])
    time = np.arange(1, periods + 1)
    since = time - first[:, None]
    outcome = generator.normal(size=(len(first), 1)) + np.cos(time) + generator.normal(size=(len(first), periods))
    outcome += np.where((first[:, None] > 0) & (since >= 0), 1 + slope * since, 0.0)
    rows = {"unit": np.repeat(np.arange(len(first)), periods), "period": np.tile(time, len(first))}
    frame = pd.DataFrame(rows | {"first": np.repeat(first, periods), "y": outcome.ravel()})
    return frame.assign(w=np.repeat(generator.integers(1, 6, size=len(first)), periods).astype(float))


def quiet_bacon(frame: pd.DataFrame, **options) -> did.Bacon:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return did.bacon(frame, **options)


@pytest.mark.parametrize(("printed", "never"), [(WITH_NEVER_TREATED, True), (WITHOUT, False)])
def test_every_comparison_and_weight_is_that_of_bacondecomp(ehec, printed, never):
    found = quiet_bacon(ehec if never else ehec[ehec["first_treated"] != 0], **EHEC).comparisons
    found = found.set_index(["first_treated", "control"])
    assert len(found) == (25 if never else 20)
    for treated, control, estimate, weight in printed:
        row = found.loc[(treated, control)]
        assert row["estimate"] == pytest.approx(estimate, abs=PRINTED)
        assert row["weight"] == pytest.approx(weight, abs=PRINTED)
    assert (found["kind"] == "treated_vs_never_treated").sum() == (5 if never else 0)


def test_the_kinds_are_those_of_bacondecomp_on_its_own_example():
    castle = pd.read_csv(DATA / "castle.csv")
    names = {"outcome": "log_homicide", "unit": "state", "period": "year", "first_treated": "first_treated"}
    found = quiet_bacon(castle, **names)
    rows = found.by_kind.set_index("kind")
    printed = {
        "earlier_vs_later": (0.05976, -0.00554),
        "later_vs_earlier": (0.03190, 0.07032),
        "treated_vs_never_treated": (0.90834, 0.08796),
    }
    for kind, (weight, estimate) in printed.items():
        assert rows.loc[kind, "weight"] == pytest.approx(weight, abs=5e-6)
        assert rows.loc[kind, "estimate"] == pytest.approx(estimate, abs=5e-6)
    assert found.twfe == pytest.approx(0.08181162, abs=5e-9)
    assert found.weight_on_treated == pytest.approx(0.03190, abs=5e-6)


def test_two_way_fixed_effects_are_those_of_fixest(ehec):
    assert quiet_bacon(ehec, **EHEC).twfe == pytest.approx(0.070321, abs=5e-7)
    assert quiet_bacon(ehec[ehec["first_treated"] != 0], **EHEC).twfe == pytest.approx(0.062817, abs=5e-7)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("never", [True, False])
def test_the_comparisons_sum_to_two_way_fixed_effects(weights, never):
    for seed in range(5):
        frame = staggered(seed, slope=0.5)
        frame = frame if never else frame[frame["first"] != 0]
        found = did.bacon(frame, weights=weights, **NAMES)
        rows = found.comparisons
        regression = did.estimate(frame, method="two_way_fixed_effects", weights=weights, **NAMES)
        assert found.twfe == pytest.approx(regression.overall.value, abs=1e-12)
        assert (rows["estimate"] * rows["weight"]).sum() == pytest.approx(found.twfe, abs=1e-10)
        assert rows["weight"].sum() == pytest.approx(1, abs=1e-12)
        assert (rows["weight"] > 0).all()


def test_every_comparison_is_a_regression_on_two_groups_in_a_window():
    import statsmodels.api as sm

    frame = staggered(7)
    for row in did.bacon(frame, weights="w", **NAMES).comparisons.itertuples():
        part = frame[frame["first"].isin([row.first_treated, row.control])]
        if row.kind == "earlier_vs_later":
            part = part[part["period"] < row.control]
        if row.kind == "later_vs_earlier":
            part = part[part["period"] >= row.control]
        design = pd.get_dummies(part[["unit", "period"]].astype("category"), dtype=float).iloc[:, :-1]
        treated = (part["first"] == row.first_treated) & (part["period"] >= row.first_treated)
        fit = sm.WLS(part["y"], design.assign(treated=treated.astype(float)), weights=part["w"]).fit()
        assert row.estimate == pytest.approx(fit.params["treated"], abs=1e-10)


def test_weights_are_those_of_diff_diff():
    from diff_diff import BaconDecomposition

    frame = staggered(8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = BaconDecomposition(weights="exact").fit(frame, "y", "unit", "period", "first")
    ours = did.bacon(frame, **NAMES).comparisons
    expected = sorted((c.weight, c.estimate) for c in theirs.comparisons)
    found = sorted(zip(ours["weight"], ours["estimate"], strict=True))
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_growing_effects_turn_the_comparisons_with_treated_controls_around():
    rows = did.bacon(staggered(9, slope=1.0), **NAMES).by_kind.set_index("kind")
    assert rows.loc["later_vs_earlier", "estimate"] < 0 < rows.loc["treated_vs_never_treated", "estimate"]


def test_rows_labels_and_periods_do_not_change_it_nor_the_input():
    frame = staggered(10)
    kept = frame.copy(deep=True)
    plain = did.bacon(frame, **NAMES)
    pd.testing.assert_frame_equal(frame, kept)
    moved = frame.assign(
        unit=frame["unit"].map(lambda unit: f"unit {99 - unit}"),
        period=frame["period"] + 50,
        first=frame["first"].where(frame["first"] == 0, frame["first"] + 50),
    ).sample(frac=1, random_state=3)
    rows = did.bacon(moved, **NAMES).comparisons
    np.testing.assert_array_equal(rows["weight"], plain.comparisons["weight"])
    np.testing.assert_array_equal(rows["estimate"], plain.comparisons["estimate"])
    assert rows["control"].max() == plain.comparisons["control"].max() + 50


def test_an_incomplete_panel_is_refused_or_loses_units_which_are_counted():
    frame = staggered(11)
    broken = frame.drop(index=frame.index[(frame["unit"] == 3) & (frame["period"] == 4)])
    broken.loc[broken["unit"] == 35, "y"] = np.nan
    with pytest.raises(EstimationError, match="have no row"):
        did.bacon(broken, **NAMES)
    found = did.bacon(broken, missing="drop_units", **NAMES)
    whole = did.bacon(frame[~frame["unit"].isin([3, 35])], **NAMES)
    pd.testing.assert_frame_equal(found.comparisons, whole.comparisons)
    assert found.units == 58
    assert found.dropped.set_index("reason")["rows"].to_dict() == {
        "no row for a unit in a period": 1,
        "no outcome in any period": 0,
        "outcome missing or not finite": 9,
        "unit not observed in every period": 8,
    }
    with pytest.raises(EstimationError, match="Unknown missing"):
        did.bacon(frame, missing="drop", **NAMES)
    with pytest.raises(EstimationError, match="No unit is observed in every period"):
        did.bacon(frame.assign(y=frame["y"].where(frame["period"] != 9)), missing="drop_units", **NAMES)


def test_it_explains_itself():
    found = did.bacon(staggered(12), **NAMES)
    assert "later_vs_earlier" in repr(found)
    assert "Goodman-Bacon" in found._repr_html_()
