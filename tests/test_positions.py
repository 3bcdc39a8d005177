"""Position sizes: every measure recomputed by plain pandas and numpy on the rows themselves, and by closed forms."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from scipy import stats

from evaluation import positions
from evaluation.disclosure import release
from evaluation.errors import InputError
from evaluation.positions.change import poisson_binomial
from evaluation.positions.weighted import ratio_change

EXACT = 1e-9
KINDS = ["permanent", "temporary", "substitute", "apprentice", "pensioner", "hourly"]


def make_register(seed: int = 1, rows: int = 1500) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    person = rng.integers(1, rows // 3, rows)
    sizes = np.array([100, 100, 80, 75, 50, 50, 33.3, 20, 12.5, 7.1])
    return pd.DataFrame(
        {
            "municipality": rng.choice(["0061", "0062", "6100", "6101", "6102"], rows),
            "year": rng.choice([2011, 2012, 2013], rows),
            "person": person,
            "sector": rng.choice(["administration", "education", "health_care"], rows, p=[0.2, 0.3, 0.5]),
            "position_code": rng.choice(["6572", "7076", "7174"], rows),
            "sex": np.where(person % 4 == 0, "men", "women"),
            "birth_year": 1950 + person % 45,
            "percentage": rng.choice(sizes, rows).astype("float32"),
            "employment": rng.choice(KINDS, rows, p=[0.7, 0.1, 0.1, 0.04, 0.03, 0.03]),
        }
    )


@pytest.fixture(scope="module")
def register() -> pd.DataFrame:
    return make_register()


@pytest.fixture(scope="module")
def parquet(register, tmp_path_factory):
    path = tmp_path_factory.mktemp("register") / "positions.parquet"
    register.to_parquet(path)
    return path


def employees_by_hand(register: pd.DataFrame) -> pd.DataFrame:
    """One row per person and year, by sorting and adding up rows: another route than the one tested."""
    kept = register[register["employment"].isin(["permanent", "temporary"])].copy()
    kept["percentage"] = kept["percentage"].astype(float).round(2)
    ties = ["municipality", "sector", "sex", "birth_year", "position_code", "employment"]
    kept = kept.sort_values(["percentage", *ties], ascending=[False] + [True] * len(ties))
    first = kept.drop_duplicates(["person", "year"]).drop(columns="percentage")
    sums = kept.groupby(["person", "year"])["percentage"].sum().round(1).rename("percentage").reset_index()
    return first.merge(sums, on=["person", "year"])


def rows_by_hand(register: pd.DataFrame, view: str) -> pd.DataFrame:
    if view == "employee":
        return employees_by_hand(register)
    kept = register[register["employment"].isin(["permanent", "temporary"])]
    return kept.assign(percentage=kept["percentage"].astype(float).round(1))


def gini_by_pairs(values: np.ndarray) -> float:
    return float(np.abs(values[:, None] - values[None, :]).mean() / (2 * values.mean()))


@pytest.mark.parametrize("view", ["position", "employee"])
@pytest.mark.parametrize("by", [("year",), ("municipality", "year"), ("year", "sector", "sex")])
def test_every_measure_equals_plain_pandas_on_the_rows(register, view, by):
    hist = positions.histogram(register, by=("municipality", "year", "sector", "sex"), view=view)
    count = "persons" if view == "employee" else "positions"
    found = hist.measures(by).set_index(list(by))
    expected = {}
    for key, part in rows_by_hand(register, view).groupby(list(by)):
        size = part["percentage"].to_numpy()
        at = {f"p{q}": np.quantile(size, q / 100, method="inverted_cdf") for q in (10, 25, 75, 90)}
        expected[key] = at | {
            count: len(size),
            "man_years": size.sum() / 100,
            "percentage_sum": size.sum(),
            "mean_size": size.mean(),
            "full_time": (size >= 100).sum(),
            "full_time_share": 100 * (size >= 100).mean(),
            "small": (size < 50).sum(),
            "small_share": 100 * (size < 50).mean(),
            "median": np.quantile(size, 0.5, method="inverted_cdf"),
            "gini": gini_by_pairs(size),
            "variance": size.var(),
        }
    wanted = pd.DataFrame.from_dict(expected, orient="index")
    wanted.index = found.index
    assert set(wanted) == set(found) - {"municipalities"}
    assert_frame_equal(found[list(wanted)], wanted, check_dtype=False, rtol=0, atol=EXACT)


@pytest.mark.parametrize("view", ["position", "employee"])
def test_bands_density_and_cumulative_equal_plain_pandas(register, view):
    hist = positions.histogram(register, by=("year", "sector"), view=view)
    rows = rows_by_hand(register, view)
    sizes = {key: part["percentage"].to_numpy() for key, part in rows.groupby(["year", "sector"])}
    bands, density, cumulative = hist.bands(), hist.density(width=20), hist.cumulative()
    assert bands["band"].unique().tolist() == ["0-24.9", "25-49.9", "50-74.9", "75-99.9", "100+"]
    for key, size in sizes.items():
        part = bands[(bands["year"] == key[0]) & (bands["sector"] == key[1])]
        wanted = [np.sum((size >= low) & (size < high)) for low, high in zip(part["lower"], part["upper"], strict=True)]
        assert part[hist.count].tolist() == wanted
        np.testing.assert_allclose(part["share"], 100 * np.array(wanted) / len(size), atol=EXACT)
        assert part["man_years"].sum() == pytest.approx(size.sum() / 100, abs=EXACT)
        part = density[(density["year"] == key[0]) & (density["sector"] == key[1])]
        # 50 belongs to the bin from 40: whole-number bins, which DuckDB's `//` on doubles would get wrong.
        assert part[hist.count].tolist() == np.bincount((size // 20).astype(int), minlength=len(part)).tolist()
        assert (part["density"] * 20).sum() == pytest.approx(100, abs=EXACT)
        part = cumulative[(cumulative["year"] == key[0]) & (cumulative["sector"] == key[1])]
        wanted = [100 * (size <= value + 1e-6).mean() for value in part["percentage"]]
        np.testing.assert_allclose(part["share"], wanted, atol=EXACT)


@pytest.mark.parametrize("view", ["position", "employee"])
@pytest.mark.parametrize("by", [("municipality", "year"), ("sex", "year", "age_group"), ("year", "position_code")])
def test_a_parquet_file_and_a_frame_in_any_row_order_give_the_same(register, parquet, view, by):
    before = register.copy()
    from_file = positions.histogram(parquet, by=by, view=view)
    shuffled = register.sample(frac=1, random_state=3).reset_index(drop=True)
    for other in (register, shuffled):
        again = positions.histogram(other, by=by, view=view)
        assert_frame_equal(from_file.data, again.data)
        assert_frame_equal(from_file.account, again.account)
    assert_frame_equal(register, before)
    count = from_file.count
    whole = positions.histogram(parquet, by=("municipality", "sector", "sex", "year"), view=view)
    assert whole.data[count].sum() == from_file.data[count].sum() == len(rows_by_hand(register, view))


def test_an_employee_counts_once_where_the_largest_position_is_in_every_split(register):
    rows = employees_by_hand(register)
    for by in (["year", "sector"], ["sex", "year"], ["year", "municipality", "position_code"], ["year", "birth_year"]):
        found = positions.histogram(register, by=by, view="employee").measures()
        wanted = rows.groupby(by).size()
        assert found.set_index(by)["persons"].to_dict() == wanted.to_dict()


def test_age_groups_are_the_ages_of_the_year_counted(register):
    found = positions.histogram(register, by=("year", "age_group"), view="position").measures()
    rows = rows_by_hand(register, "position")
    ages = pd.cut(
        rows["year"] - rows["birth_year"],
        [-1, 29, 39, 49, 59, 200],
        labels=["under_30", "30_39", "40_49", "50_59", "60_over"],
    )
    wanted = rows.groupby([rows["year"], ages], observed=True).size()
    assert found.set_index(["year", "age_group"])["positions"].to_dict() == wanted.to_dict()


def one(person: int, municipality: str, percentage: float, **other) -> dict:
    row = {"municipality": municipality, "year": 2012, "person": person, "sector": "education", "sex": "women"}
    row |= {"birth_year": 1970, "position_code": "7000", "employment": "permanent", "percentage": percentage}
    return row | other


def test_positions_of_one_person_are_added_up_across_municipalities():
    frame = pd.DataFrame([one(1, "0061", 40.0), one(1, "6100", 60.0), one(2, "0061", 40.0)])
    found = positions.histogram(frame, view="employee").measures().set_index("municipality")
    assert found["persons"].to_dict() == {"0061": 1, "6100": 1}
    assert found.loc["6100", "full_time_share"] == 100
    assert found.loc["0061", "mean_size"] == 40


def test_three_thirds_are_full_time_and_equal_positions_go_to_the_first_municipality():
    frame = pd.DataFrame([one(1, "6100", 33.34), one(1, "0062", 33.34), one(1, "0063", 33.33)])
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        found = positions.histogram(frame.iloc[order], view="employee").measures()
        assert found[["municipality", "full_time"]].to_numpy().tolist() == [["0062", 1]]


@pytest.mark.parametrize("view", ["position", "employee"])
def test_percentages_that_round_to_the_same_tenth_are_one_cell(view):
    sizes = [33.31, 33.34, 33.25, 33.35, 99.95, 99.94]
    hist = positions.histogram(pd.DataFrame([one(i, "0061", size) for i, size in enumerate(sizes)]), view=view)
    found = hist.data[["percentage", hist.count]].to_numpy().tolist()
    assert found == [[33.3, 3], [33.4, 1], [99.9, 1], [100.0, 1]]


def test_the_same_person_in_two_years_is_two_employee_years():
    frame = pd.DataFrame([one(1, "0061", 60.0), one(1, "0061", 60.0, year=2013)])
    found = positions.histogram(frame, view="employee").measures()
    assert found["mean_size"].tolist() == [60, 60]


def test_excluded_kinds_are_left_out_before_the_sum_and_accounted_for(register):
    frame = pd.DataFrame([one(1, "0061", 60.0), one(1, "0061", 40.0, employment="substitute")])
    assert positions.histogram(frame, view="employee").measures()["full_time"].item() == 0
    assert positions.histogram(frame, view="employee", exclude=()).measures()["full_time"].item() == 1
    account = positions.histogram(register).account.set_index("reason")["rows"]
    kinds = register["employment"].value_counts()
    assert account["read"] == len(register)
    assert account["kept"] == kinds["permanent"] + kinds["temporary"]
    assert {kind: account[f"excluded_{kind}"] for kind in positions.EXCLUDED} == {
        kind: kinds[kind] for kind in positions.EXCLUDED
    }


def test_zero_and_above_100_are_counted_or_refused():
    frame = pd.DataFrame([one(1, "0061", 0.0), one(2, "0061", 120.0), one(3, "0061", 0.5), one(4, "0061", 50.0)])
    hist = positions.histogram(frame)
    account = hist.account.set_index("reason")["rows"]
    assert (account["kept_zero"], account["kept_above_100"], account["kept_at_most_1"]) == (1, 1, 1)
    assert hist.bands()["positions"].tolist() == [2, 0, 1, 0, 1]
    with pytest.raises(InputError, match=r"1 positions are of 0 per cent and 1 above 100"):
        positions.histogram(frame, irregular="refuse")


@pytest.mark.parametrize("view", ["position", "employee"])
def test_a_point_mass_has_its_point_for_every_measure(view):
    frame = pd.DataFrame([one(person, "0061", 62.5) for person in range(7)])
    found = positions.histogram(frame, view=view).measures().iloc[0]
    assert found[["mean_size", "p10", "p25", "median", "p75", "p90"]].tolist() == [62.5] * 6
    assert found[["full_time_share", "small_share", "gini", "variance"]].tolist() == [0, 0, 0, 0]
    assert found["man_years"] == pytest.approx(7 * 0.625)


def test_a_two_point_distribution_has_its_closed_forms():
    n, m, low, high = 30, 10, 20.0, 100.0
    frame = pd.DataFrame([one(i, "0061", low if i < n else high) for i in range(n + m)])
    found = positions.histogram(frame).measures().iloc[0]
    p = m / (n + m)
    mean = (1 - p) * low + p * high
    assert found["mean_size"] == pytest.approx(mean)
    assert found["variance"] == pytest.approx(p * (1 - p) * (high - low) ** 2)
    assert found["gini"] == pytest.approx(p * (1 - p) * (high - low) / mean)
    assert found["full_time_share"] == pytest.approx(100 * p)
    assert found[["p25", "median", "p75", "p90"]].tolist() == [low, low, low, high]


def test_a_shift_by_a_constant_moves_location_and_leaves_spread(register):
    frame = register.assign(percentage=register["percentage"].clip(upper=80).astype(float).round(1))
    early = positions.histogram(frame).measures()
    late = positions.histogram(frame.assign(percentage=frame["percentage"] + 12.3)).measures()
    for name in ("mean_size", "p10", "p25", "median", "p75", "p90"):
        np.testing.assert_allclose(late[name] - early[name], 12.3, atol=EXACT)
    np.testing.assert_allclose(late["variance"], early["variance"], atol=1e-6)


def test_histograms_of_parts_add_up_to_the_whole(register):
    split = positions.histogram(register, by=("municipality", "year", "sector", "sex"))
    whole = positions.histogram(register, by=("municipality", "year"))
    assert_frame_equal(split.measures(("municipality", "year")), whole.measures())


def test_years_are_never_added_together_by_accident(register):
    hist = positions.histogram(register)
    with pytest.raises(InputError, match="Several years would be added together"):
        hist.measures("municipality")
    assert len(hist.where(year=2012).measures("municipality")) == 5
    assert hist.where(year=2012).measures(())["municipalities"].item() == 5


def test_attributes_of_municipalities_split_and_lost_rows_are_counted(register):
    hist = positions.histogram(register)
    groups = pd.DataFrame({"municipality": ["0061", "0062", "6100"], "group": ["participants", "others", "others"]})
    joined = hist.with_attributes(groups, "group")
    found = joined.measures(("group", "year")).set_index(["group", "year"])["positions"]
    rows = rows_by_hand(register, "position")
    wanted = rows[rows["municipality"].isin(["0062", "6100"])].groupby("year").size()
    assert found["others"].to_dict() == wanted.to_dict()
    lost = joined.account.set_index("reason")["rows"]["no_group"]
    assert lost == rows["municipality"].isin(["6101", "6102"]).sum()
    with pytest.raises(InputError, match="two values"):
        hist.with_attributes(pd.concat([groups, groups.assign(group="x")]), "group")


@pytest.mark.parametrize("view", ["position", "employee"])
def test_changes_equal_the_difference_of_the_means_and_their_welch_error(register, view):
    hist = positions.histogram(register, view=view)
    found = positions.change(hist, 2011, 2013).data.set_index("municipality")
    rows = rows_by_hand(register, view)
    for code, part in rows.groupby("municipality"):
        a, b = (part.loc[part["year"] == year, "percentage"].to_numpy() for year in (2011, 2013))
        assert found.loc[code, "mean_size_change"] == pytest.approx(b.mean() - a.mean(), abs=EXACT)
        error = np.sqrt(a.var() / len(a) + b.var() / len(b))
        assert found.loc[code, "mean_size_error"] == pytest.approx(error, abs=EXACT)
        p, q = (a >= 100).mean(), (b >= 100).mean()
        error = 100 * np.sqrt(p * (1 - p) / len(a) + q * (1 - q) / len(b))
        assert found.loc[code, "full_time_share_error"] == pytest.approx(error, abs=EXACT)
        assert found.loc[code, hist.count] == min(len(a), len(b))
        assert found.loc[code, "man_years"] == pytest.approx(min(a.sum(), b.sum()) / 100)


def test_a_municipality_counted_in_one_year_only_is_named_not_guessed():
    frame = pd.DataFrame([one(1, "0061", 50.0), one(1, "0061", 60.0, year=2013), one(2, "0062", 50.0)])
    changes = positions.change(positions.histogram(frame), 2012, 2013)
    assert changes.data["municipality"].tolist() == ["0061"]
    assert changes.absent.to_numpy().tolist() == [["0062", "not_in_last_year"]]


def changes_of(moved: list[float], error: float = 1.0) -> positions.Changes:
    data = pd.DataFrame({"municipality": [f"{i:04d}" for i in range(len(moved))], "persons": 50, "man_years": 40.0})
    for measure in ("mean_size", "full_time_share"):
        data[f"{measure}_change"], data[f"{measure}_error"] = moved, error
    return positions.Changes(data, data.head(0), 2011, 2012, "employee", ("municipality",))


def test_share_increased_has_the_wilson_interval_and_the_binomial_as_chance():
    moved = [1.0] * 14 + [-1.0] * 5 + [0.0]
    found = positions.share_increased(changes_of(moved)).iloc[0]
    wilson = stats.binomtest(14, 20).proportion_ci(method="wilson")
    assert (found["low"], found["high"]) == pytest.approx((100 * wilson.low, 100 * wilson.high))
    assert (found["municipalities"], found["increased"], found["unchanged"]) == (20, 14, 1)
    assert found["share"] == 70
    assert found["chance_share"] == pytest.approx(50)
    assert found["p_value"] == pytest.approx(stats.binomtest(14, 20, 0.5).pvalue)
    low, high = stats.binom.ppf([0.025, 0.975], 20, 0.5)
    assert (found["chance_low"], found["chance_high"]) == pytest.approx((100 * low / 20, 100 * high / 20))


def test_chance_with_a_common_drift_is_what_a_simulation_gives():
    rng = np.random.default_rng(4)
    errors = rng.uniform(0.2, 3, 40)
    # Changes scattered as much as their errors say, so that the errors are taken as they are.
    changes = changes_of(list(errors * np.where(np.arange(40) % 2, 1.5, -1.5)))
    changes.data["mean_size_error"] = errors
    found = positions.share_increased(changes, drift=0.4).iloc[0]
    draws = (0.4 + errors * rng.standard_normal((40_000, 40)) > 0).mean(axis=1) * 100
    assert found["chance_share"] == pytest.approx(draws.mean(), abs=0.2)
    assert (found["chance_low"], found["chance_high"]) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=2.6)


def test_the_distribution_of_successes_is_the_binomial_when_the_odds_are_equal():
    np.testing.assert_allclose(poisson_binomial(np.full(12, 0.3)), stats.binom.pmf(np.arange(13), 12, 0.3), atol=1e-12)


def test_chance_is_calibrated_when_nothing_changes():
    rng = np.random.default_rng(11)
    errors = rng.uniform(0.3, 4, 60)
    low = 0
    for _ in range(400):
        changes = changes_of(list(errors * rng.standard_normal(60)))
        low += positions.share_increased(changes)["p_value"].item() < 0.05
    assert low / 400 < 0.075


def test_shrunken_changes_keep_a_noisy_small_municipality_off_the_top():
    changes = changes_of([8.0, 3.0, 3.2, -0.5, 0.2, 0.4], error=0.3)
    changes.data.loc[0, "mean_size_error"] = 8.0
    ranked = positions.shrunken(changes)
    assert ranked["municipality"].iloc[0] == "0002"
    noisy = ranked.set_index("municipality").loc["0000"]
    assert noisy["reliability"] < 0.2
    assert abs(noisy["estimate"]) < 3
    same = positions.shrunken(changes_of([1.0, 1.2, 0.9, 1.1], error=5.0))
    np.testing.assert_allclose(same["estimate"], 1.05, atol=EXACT)
    exact = positions.shrunken(changes_of([1.0, 2.0, -1.0], error=0.0))
    assert exact["estimate"].tolist() == pytest.approx([2.0, 1.0, -1.0])


def test_true_variation_is_told_from_noise_by_size_when_most_people_stay():
    covered, closer = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        errors, true = rng.uniform(1, 8, 400), rng.normal(0.5, 0.8, 400)
        # Two years of nearly the same people: the errors of independent years are five times the noise there is.
        changes = changes_of(list(true + errors / 5 * rng.standard_normal(400)))
        changes.data["mean_size_error"] = errors
        found = positions.shrunken(changes).sort_values("municipality")
        missed, raw = (np.square(found[name] - true).mean() for name in ("estimate", "mean_size_change"))
        closer.append(missed / raw)
        covered.append(((found["low"] <= true) & (true <= found["high"])).mean())
    assert max(closer) < 0.8
    assert np.mean(covered) == pytest.approx(0.945, abs=0.02)


def test_following_the_others_is_judged_by_the_scatter_there_is():
    rng = np.random.default_rng(13)
    errors, rejected = np.full(60, 5.0), 0
    for _ in range(300):
        changes = changes_of(list(0.8 + rng.standard_normal(60)))
        changes.data["mean_size_error"] = errors
        rejected += positions.share_increased(changes, drift=0.8)["p_value"].item() < 0.05
    assert rejected / 300 < 0.08
    same = positions.share_increased(changes, drift=0.8)["chance_share"].item()
    assert same == pytest.approx(100 * stats.norm.cdf(0.8), abs=6)


def test_municipalities_above_and_below_are_counted_as_in_the_published_table():
    shares = {"0001": [100, 100, 20, 20], "0002": [100, 20, 20], "0003": [100, 20, 20, 20], "0004": [20] * 9 + [100]}
    shares["0005"] = [100, 100, 20]
    frame = pd.DataFrame(
        [
            one(1000 * i + j, code, size)
            for i, (code, sizes) in enumerate(shares.items())
            for j, size in enumerate(sizes)
        ]
    )
    found = positions.across_municipalities(positions.histogram(frame, view="employee")).iloc[0]
    # full-time shares 50, 33.3, 25, 10, 66.7: "above" leaves the limit itself out, "at most" takes it in
    assert found[["municipalities", "above_50", "above_25", "at_most_10"]].tolist() == [5, 1, 3, 1]
    assert found["median"] == pytest.approx(100 / 3)


def test_groups_are_pooled_and_clustered_as_a_delta_method_by_hand():
    rng = np.random.default_rng(5)
    clusters = 12
    bottom = rng.integers(20, 200, (2, clusters)).astype(float)
    top = bottom * rng.uniform(50, 90, (2, clusters))
    found = ratio_change(top[0], bottom[0], top[1], bottom[1])
    sums = np.array([top[0].sum(), bottom[0].sum(), top[1].sum(), bottom[1].sum()])
    slope = np.array([-1 / sums[1], sums[0] / sums[1] ** 2, 1 / sums[3], -sums[2] / sums[3] ** 2])
    data = np.vstack([top[0], bottom[0], top[1], bottom[1]])
    error = np.sqrt(slope @ (np.cov(data) * clusters) @ slope)
    assert found.change == pytest.approx(sums[2] / sums[3] - sums[0] / sums[1])
    assert found.standard_error == pytest.approx(error)


def simulated_groups(rng, *, effect: float, municipalities: int = 30) -> pd.DataFrame:
    rows = []
    for number in range(municipalities):
        group = "participants" if number < municipalities // 2 else "others"
        level, moved = rng.normal(65, 6), rng.normal(1, 2) + effect * (group == "participants")
        for year, mean in ((2011, level), (2013, level + moved)):
            size = np.clip(rng.normal(mean, 10, 40), 1, 100).round(1)
            rows += [
                {"municipality": f"{number:04d}", "group": group, "year": year, "percentage": p, "persons": 1}
                for p in size
            ]
    return pd.DataFrame(rows)


def as_histogram(rows: pd.DataFrame) -> positions.Histogram:
    by = ["municipality", "group", "year", "percentage"]
    return positions.Histogram(
        rows.groupby(by, as_index=False)["persons"].sum(),
        "employee",
        tuple(by[:3]),
        (),
        pd.DataFrame({"reason": [], "rows": []}),
    )


def test_group_comparison_covers_the_true_difference():
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(150):
        table = positions.compare_groups(as_histogram(simulated_groups(rng, effect=1.5)), 2011, 2013)
        row = table.set_index("group").loc["difference"]
        covered += row["low"] <= 1.5 <= row["high"]
    assert 0.90 <= covered / 150 <= 0.99


def test_group_comparison_rows_are_the_pooled_means():
    rows = simulated_groups(np.random.default_rng(8), effect=0.0)
    table = positions.compare_groups(as_histogram(rows), 2011, 2013, "full_time_share").set_index("group")
    full = rows.assign(full=100 * (rows["percentage"] >= 100)).groupby(["group", "year"])["full"].mean()
    for group in ("participants", "others"):
        assert table.loc[group, "before"] == pytest.approx(full[group, 2011])
        assert table.loc[group, "change"] == pytest.approx(full[group, 2013] - full[group, 2011])
        assert table.loc[group, "municipalities"] == 15
    assert release(table.reset_index(), values=["change"], persons="persons").withheld.sum() == 0


def make_study(register, path) -> SimpleNamespace:
    listed = pd.DataFrame({"municipality": ["0061", "6102"], "intake": ["1", "2"]})
    started = pd.Series(pd.PeriodIndex(["2012Q1", "2013Q2"], freq="Q-DEC"), index=listed["municipality"])

    def participants(theme=None):
        return listed if theme is None else listed[listed["municipality"] == "0061"]

    def first_treated(theme=None):
        return started if theme is None else started[["0061"]]

    municipalities = pd.DataFrame(
        {
            "municipality": ["0061", "0062", "6100", "6101", "6102"],
            "group": ["participants", "others", "others", "others", "participants"],
            "earlier": [False, True, False, False, False],
        }
    )
    programme = SimpleNamespace(
        participants=participants, first_treated=first_treated, themes={"full_time": {}, "sick_leave": {}}
    )
    return SimpleNamespace(programme=programme, municipalities=municipalities, positions=path)


def test_the_panel_has_a_row_for_each_municipality_and_year_of_the_two_groups(register, parquet):
    study = make_study(register, parquet)
    panel = positions.panel(study, "full_time_share")
    assert panel.data.groupby("municipality")["first_treated"].first().to_dict() == {
        "0061": 2012, "0062": 0, "6100": 0, "6101": 0
    }  # fmt: skip
    rows = employees_by_hand(register)
    wanted = (rows["percentage"] >= 100).groupby([rows["municipality"], rows["year"]]).mean() * 100
    found = panel.data.set_index(["municipality", "year"])["full_time_share"]
    np.testing.assert_allclose(found, wanted.loc[found.index], atol=EXACT)
    counts = rows.groupby(["municipality", "year"]).size()
    assert panel.data.groupby("municipality")["weight"].unique().map(list).to_dict() == {
        code: [counts[code, 2011]] for code in ("0061", "0062", "6100", "6101")
    }
    assert panel.dropped.to_numpy().tolist() == [["in_other_themes_or_predecessor", 1], ["no_positions", 0]]
    assert panel.account["missing_years"].tolist() == [0, 0]
    assert set(positions.panel(study, theme=None).data["first_treated"]) == {0, 2012, 2013}
    assert "0062" not in set(positions.panel(study, exclude_earlier=True).data["municipality"])
    sector = positions.panel(study, sector="education", view="position").data
    rows = rows_by_hand(register, "position")
    assert sector["positions"].sum() == ((rows["sector"] == "education") & (rows["municipality"] != "6102")).sum()
    ready = positions.histogram(parquet, by=("municipality", "year", "sector"), view="employee")
    assert_frame_equal(positions.panel(study, "full_time_share", hist=ready).data, panel.data)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: positions.histogram(r, by=("municipality", "yaer")), r"column yaer: Unknown.*Did you mean 'year'"),
        (lambda r: positions.histogram(r, view="person"), "Unknown view"),
        (lambda r: positions.histogram(r, by=()), "`by` is empty"),
        (lambda r: positions.histogram(r, memory_limit="lots"), "memory limit is not understood"),
        (lambda r: positions.histogram("/nowhere/x.parquet"), "register does not exist"),
        (lambda r: positions.histogram(r.drop(columns="employment")), "column employment: The register lacks a column"),
        (
            lambda r: positions.histogram(r.assign(percentage=r["percentage"].mask(r.index < 3))),
            "3 positions have",
        ),
        (
            lambda r: positions.histogram(r.assign(employment=r["employment"].mask(r.index < 2))),
            "2 positions have",
        ),
        (lambda r: positions.histogram(r.assign(percentage=-r["percentage"])), "negative percentage"),
        (
            lambda r: positions.histogram(r.assign(year=r["year"].astype(str))),
            "column year: .*whole numbers, not VARCHAR",
        ),
        (lambda r: positions.histogram(r.assign(percentage=r["percentage"] * 100)), "above 1000 per cent"),
        (lambda r: positions.histogram(r.assign(percentage=r["percentage"] / 100)), "run from 0 to 100"),
        (lambda r: positions.histogram(r).measures("sector"), "not split by this column"),
        (lambda r: positions.histogram(r).bands("year", edges=(25, 50)), "start at 0 and rise"),
        (lambda r: positions.histogram(r).bands("year", edges=(0, 33.33)), "whole tenths"),
        (lambda r: positions.histogram(r).density("year", width=0), "must be above 0"),
        (lambda r: positions.change(positions.histogram(r), 2011, 2011), "the same"),
        (
            lambda r: positions.change(positions.histogram(r), 2010, 2013),
            "no positions in 2010. It has 2011, 2012",
        ),
        (lambda r: positions.share_increased(changes_of([1.0]), "mean"), "Unknown measure. Did you mean 'mean_size'"),
        (lambda r: positions.share_increased(changes_of([1.0]), by="group"), "not split by this column"),
        (lambda r: positions.panel(make_study(r, r), theme="fulltime"), "Unknown theme. Did you mean 'full_time'"),
        (lambda r: positions.panel(make_study(r, r), sector="edu"), "Unknown sector"),
        (lambda r: positions.panel(make_study(r, r), "median"), "Unknown outcome"),
    ],
)
def test_bad_input_is_refused_in_words(register, call, message):
    with pytest.raises(InputError, match=message):
        call(register)


def test_an_empty_selection_gives_empty_results_and_no_false_numbers(register):
    hist = positions.histogram(register).where(year=2012, municipality="none")
    assert hist.measures().empty
    assert hist.bands().empty
    assert hist.cumulative().empty
    assert hist.density().empty
    nobody = positions.histogram(register, exclude=KINDS)
    assert nobody.data.empty
    assert nobody.account.set_index("reason")["rows"]["kept"] == 0
