"""What moved: curves with their bands, the decomposition and the transitions, recomputed by plain pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from test_positions import employees_by_hand, make_register, one, rows_by_hand

from evaluation import positions
from evaluation.disclosure import release
from evaluation.errors import InputError
from evaluation.positions.simultaneous import critical_value

EXACT = 1e-9
GROUPS = pd.DataFrame(
    {"municipality": ["0061", "0062", "6100", "6101"], "group": ["participants", "participants", "others", "others"]}
)


@pytest.fixture(scope="module")
def register() -> pd.DataFrame:
    return make_register(seed=2, rows=2400)


# --- measures that can be chosen ---


def test_small_positions_and_quantiles_are_what_one_asks_for(register):
    rows = rows_by_hand(register, "position")
    sizes = rows[rows["year"] == 2012]["percentage"].to_numpy()
    found = positions.histogram(register).where(year=2012).measures((), small=33.4, at=(0.025, 0.5)).iloc[0]
    assert found["small"] == (sizes < 33.4).sum()
    assert found["p2.5"] == np.quantile(sizes, 0.025, method="inverted_cdf")
    assert found["median"] == np.quantile(sizes, 0.5, method="inverted_cdf")
    assert "p10" not in found
    with pytest.raises(InputError, match="quantile is a share"):
        positions.histogram(register).measures(at=(50,))


@pytest.mark.parametrize("view", ["position", "employee"])
def test_chosen_years_and_attributes_of_municipalities_are_those_of_the_whole(register, view):
    by = ("group", "year", "sector", "age_group")
    found = positions.histogram(register, by=by, view=view, years=(2011, 2013), attributes=GROUPS)
    whole = positions.histogram(register, by=("municipality", "year", "sector", "age_group"), view=view)
    joined = whole.where(year=[2011, 2013]).with_attributes(GROUPS, "group")
    wanted = joined.data.groupby([*by, "percentage"], observed=True)[whole.count].sum().reset_index()
    columns = [*by, "percentage", whole.count]
    texts = dict.fromkeys(("group", "sector", "age_group"), "str")
    ordered = found.data[columns].astype(texts).sort_values(columns, ignore_index=True)
    assert_frame_equal(
        ordered, wanted[columns].astype(texts).sort_values(columns, ignore_index=True), check_dtype=False
    )
    lost = found.account.set_index("reason")["rows"]["no_group"]
    assert lost == joined.account.set_index("reason")["rows"]["no_group"] > 0


# --- curves ---


@pytest.mark.parametrize("kind", ["at_most", "at_least", "density"])
def test_curves_are_the_shares_of_the_rows(register, kind):
    hist = positions.histogram(register, view="employee")
    found = positions.curves(hist, 2011, 2013, kind=kind, step=20, draws=99)
    rows = rows_by_hand(register, "employee")
    for year in (2011, 2013):
        size = rows.loc[rows["year"] == year, "percentage"].to_numpy()
        part = found.levels[found.levels["year"] == year]
        for at, share in zip(part["percentage"], part["share"], strict=True):
            inside = {"at_most": size <= at, "at_least": size >= at}.get(
                kind, (size >= at) & ((size < at + 20) | (at == 100))
            )
            scale = 100 / 20 if kind == "density" else 100
            assert share == pytest.approx(scale * inside.mean(), abs=EXACT)
    wide = found.levels.pivot_table(index="percentage", columns="year", values="share")
    np.testing.assert_allclose(found.change["change"], (wide[2013] - wide[2011]).loc[found.change["percentage"]])


def test_the_error_of_a_curve_is_that_of_a_ratio_clustered_on_municipality(register):
    hist = positions.histogram(register, view="position")
    found = positions.curves(hist, 2011, 2013, kind="at_least", step=50, draws=99)
    rows = rows_by_hand(register, "position")
    parts = {}
    for year in (2011, 2013):
        own = rows[rows["year"] == year].assign(full=lambda frame: 100.0 * (frame["percentage"] >= 100))
        parts[year] = own.groupby("municipality")["full"].agg(["sum", "size"])
    influence = {
        y: (p["sum"] - p["sum"].sum() / p["size"].sum() * p["size"]) / p["size"].sum() for y, p in parts.items()
    }
    clusters = len(parts[2011])
    error = np.sqrt(clusters / (clusters - 1) * ((influence[2013] - influence[2011]) ** 2).sum())
    row = found.change.set_index("percentage").loc[100]
    assert row["standard_error"] == pytest.approx(error)
    assert row["band_low"] <= row["low"] <= row["change"] <= row["high"] <= row["band_high"]


def test_the_factor_of_a_band_is_known_where_theory_knows_it():
    rng = np.random.default_rng(1)
    strata = np.zeros(4000, dtype=np.int64)
    alone = critical_value(rng.standard_normal((4000, 1)), strata, level=0.95, draws=4999, seed=1)
    assert alone == pytest.approx(1.96, abs=0.06)
    apart = critical_value(rng.standard_normal((4000, 10)), strata, level=0.95, draws=4999, seed=1)
    assert apart == pytest.approx(2.80, abs=0.06)  # of ten independent: the normal quantile of 0.95 ** 0.1
    same = np.repeat(rng.standard_normal((4000, 1)), 10, axis=1)
    assert critical_value(same, strata, level=0.95, draws=4999, seed=1) == pytest.approx(alone, abs=0.07)
    few = rng.standard_normal((12, 1))
    few -= few.mean()
    assert critical_value(few, strata[:12], level=0.95, draws=4999, seed=1) == pytest.approx(2.2, abs=0.15)  # t of 11


def test_nothing_that_varies_gives_no_test():
    frame = pd.DataFrame([one(i, f"000{i % 4}", 60.0, year=year) for i in range(20) for year in (2011, 2013)])
    found = positions.curves(positions.histogram(frame), 2011, 2013, step=50, draws=99)
    assert found.change["standard_error"].isna().all()
    assert (found.change["change"] == 0).all()


# --- decomposition ---


def detailed(register: pd.DataFrame) -> positions.Histogram:
    by = ("year", "sector", "sex", "age_group", "position_code")
    return positions.with_occupation(positions.histogram(register, by=by, view="employee"), digits=2)


@pytest.mark.parametrize("measure", ["mean_size", "full_time_share"])
def test_the_parts_of_a_change_add_up_and_are_those_of_plain_pandas(register, measure):
    found = positions.decompose(detailed(register), 2011, 2013)
    total = found.totals.set_index("measure").loc[measure]
    rows = employees_by_hand(register)
    age = pd.cut(rows["year"] - rows["birth_year"], [-1, 29, 39, 49, 59, 200]).astype(str)
    value = rows["percentage"] if measure == "mean_size" else 100.0 * (rows["percentage"] >= 100)
    rows = rows.assign(age=age, occupation=rows["position_code"].str[:2], value=value)
    means = rows.groupby("year")["value"].mean()
    assert total["before"] == pytest.approx(means[2011])
    assert total["change"] == pytest.approx(means[2013] - means[2011])
    assert total["within"] + total["composition"] == pytest.approx(total["change"], abs=EXACT)
    factors = [f"composition_{factor}" for factor in positions.FACTORS]
    assert total[factors].sum() == pytest.approx(total["composition"], abs=EXACT)
    keys = ["sector", "sex", "age", "occupation"]
    before, after = (rows[rows["year"] == year].groupby(keys)["value"].agg(["mean", "size"]) for year in (2011, 2013))
    cells = before.join(after, how="outer", suffixes=("_0", "_1"))
    share = cells[["size_0", "size_1"]].fillna(0)
    share = share / share.sum()
    level = cells[["mean_0", "mean_1"]].bfill(axis=1).ffill(axis=1).to_numpy()
    within = (share.mean(axis=1).to_numpy() * (level[:, 1] - level[:, 0])).sum()
    assert total["within"] == pytest.approx(within)


def test_a_change_of_mix_alone_is_all_composition_and_belongs_to_its_factor():
    rows = [one(i, "0061", 100.0 if i % 2 else 50.0, sex="men" if i % 2 else "women") for i in range(40)]
    rows += [one(i, "0061", 100.0 if i % 4 else 50.0, sex="men" if i % 4 else "women", year=2013) for i in range(40)]
    hist = positions.histogram(pd.DataFrame(rows), by=("year", "sex", "sector"))
    total = (
        positions.decompose(hist, 2012, 2013, factors=("sex", "sector")).totals.set_index("measure").loc["mean_size"]
    )
    assert total["change"] == total["composition"] == total["composition_sex"] == pytest.approx(12.5)
    assert total["within"] == total["composition_sector"] == 0


def test_a_change_of_size_alone_is_all_within():
    rows = [one(i, "0061", 50.0, sex="men" if i % 3 else "women") for i in range(30)]
    rows += [one(i, "0061", 60.0, sex="men" if i % 3 else "women", year=2013) for i in range(30)]
    hist = positions.histogram(pd.DataFrame(rows), by=("year", "sex"))
    found = positions.decompose(hist, 2012, 2013, factors="sex")
    total = found.totals.set_index("measure").loc["mean_size"]
    assert (total["within"], total["composition"]) == pytest.approx((10, 0))
    assert found.parts.loc[found.parts["measure"] == "mean_size", "within"].sum() == pytest.approx(10)


# --- transitions ---


def transitions_by_hand(register: pd.DataFrame, before: int, after: int) -> pd.DataFrame:
    rows = employees_by_hand(register)
    labels = ["0-24.9", "25-49.9", "50-74.9", "75-99.9", "100+"]
    rows = rows.assign(
        band=pd.cut(rows["percentage"], [-1, 24.95, 49.95, 74.95, 99.95, 9999], labels=labels).astype(str)
    )
    early, late = (rows[rows["year"] == year].set_index("person") for year in (before, after))
    both = early[["municipality", "percentage", "band"]].join(
        late[["municipality", "percentage", "band"]], how="outer", suffixes=("_0", "_1")
    )
    both["municipality"] = both["municipality_0"].fillna(both["municipality_1"])
    return both


def test_transitions_follow_persons_as_plain_pandas_does(register, tmp_path):
    path = tmp_path / "register.parquet"
    register.to_parquet(path)
    both = transitions_by_hand(register, 2011, 2013)
    for source in (register, path):
        found = positions.transitions(source, 2011, 2013)
        table = found.data.set_index(["from_band", "to_band"])["persons"]
        wanted = both.fillna({"band_0": "none", "band_1": "none"}).groupby(["band_0", "band_1"]).size()
        assert table[table > 0].to_dict() == wanted.to_dict()
    sizes = both.fillna({"band_0": "none", "band_1": "none"}).groupby(["band_0", "band_1"])
    worked = found.data.set_index(["from_band", "to_band"])[table > 0].sort_index()
    for column, size in (("man_years_before", "percentage_0"), ("man_years_after", "percentage_1")):
        np.testing.assert_allclose(worked[column], sizes[size].sum().sort_index() / 100, atol=EXACT)
    totals = found.totals.iloc[0]
    stayed = both.dropna()
    assert totals["stayed"] == len(stayed) == found.data.loc[found.data["flow"] == "stayed", "persons"].sum()
    assert totals["larger"] == (stayed["percentage_1"] > stayed["percentage_0"] + 1e-6).sum()
    assert totals["smaller"] == (stayed["percentage_1"] < stayed["percentage_0"] - 1e-6).sum()
    assert totals["mean_stayed_after"] == pytest.approx(stayed["percentage_1"].mean())
    assert totals["mean_left"] == pytest.approx(both.loc[both["band_1"].isna(), "percentage_0"].mean())
    shares = found.data[found.data["flow"] == "stayed"].groupby("from_band")["share"].sum()
    np.testing.assert_allclose(shares, 100)
    flows = found.data[found.data["flow"] != "stayed"].groupby("flow")["share"].sum()
    np.testing.assert_allclose(flows, 100)


def test_transitions_by_group_add_up_and_count_those_of_no_group(register):
    found = positions.transitions(register, 2011, 2013, attributes=GROUPS, by="group")
    both = transitions_by_hand(register, 2011, 2013)
    both["group"] = both["municipality"].map(GROUPS.set_index("municipality")["group"])
    wanted = both.groupby("group").size()
    assert found.data.groupby("group")["persons"].sum().to_dict() == wanted.to_dict()
    assert found.account.set_index("reason")["rows"]["no_group"] == both["group"].isna().sum()
    released = release(found.data, values=["share"], persons="persons", within=["group", "flow", "from_band"])
    shown = released.data["persons"].dropna()
    assert (shown >= 5).all()
    assert released.withheld.any()


def test_to_move_between_municipalities_is_not_to_leave():
    frame = pd.DataFrame([one(1, "0061", 60.0), one(1, "6100", 80.0, year=2013), one(2, "0061", 50.0)])
    totals = positions.transitions(frame, 2012, 2013).totals.iloc[0]
    assert totals[["stayed", "entered", "left", "larger"]].tolist() == [1, 0, 1, 1]


def test_the_largest_increase_is_named_by_both_rankings():
    data = pd.DataFrame(
        {"municipality": list("abcd"), "persons": 50, "man_years": 40.0, "mean_size_last": [71.0, 80, 75, 70]}
    )
    moved = np.array([8.0, 3.0, 3.2, -0.5])
    for measure in ("mean_size", "full_time_share"):
        data[f"{measure}_change"], data[f"{measure}_error"] = moved, [8.0, 0.3, 0.3, 0.3]
    changes = positions.Changes(data, data.head(0), 2011, 2012, "employee", ("municipality",))
    found = positions.largest_increase(positions.shrunken(changes)).set_index("ranking")
    assert found["municipality"].to_dict() == {"shrunken": "c", "counted": "a"}
    assert found.loc["counted", "mean_size_last"] == 71
    with pytest.raises(InputError, match="no municipality to rank"):
        positions.largest_increase(positions.shrunken(changes).assign(estimate=np.nan))


def test_the_note_says_what_is_counted_and_who_is_left_out():
    more = {"nb": "Mer.", "nn": "Meir.", "en": "More."}
    assert positions.basis("employee", ["hourly"], more)["en"] == (
        "Per employee, all positions added up. Left out: hourly paid. More."
    )
    assert positions.basis("position", ())["nb"] == "Per stilling. Alle ansettelsesformer."


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: positions.curves(positions.histogram(r), 2011, 2013, kind="pdf"), "Unknown kind of curve"),
        (lambda r: positions.curves(positions.histogram(r), 2011, 2013, step=3), "step must divide 100"),
        (lambda r: positions.curves(positions.histogram(r), 2011, 2013, draws=5), "at least 99 draws"),
        (lambda r: positions.curves(positions.histogram(r, by=("year",)), 2011, 2013), "column municipality"),
        (lambda r: positions.decompose(detailed(r), 2011, 2013, factors=("sex",), by="sex"), "factors cannot split"),
        (lambda r: positions.decompose(detailed(r), 2011, 2013, factors=("age",)), "not split by this column"),
        (lambda r: positions.with_occupation(detailed(r), digits=4), "first 1, 2 or 3 digits"),
        (lambda r: positions.transitions(r, 2011, 2011), "the same"),
        (lambda r: positions.transitions(r, 2010, 2013), "no positions in 2010"),
        (lambda r: positions.transitions(r, 2011, 2013, by="group"), "belong together"),
        (lambda r: positions.transitions(r, 2011, 2013, edges=(10, 50)), "start at 0 and rise"),
        (lambda r: positions.histogram(r, by=("grup", "year"), attributes=GROUPS), "Did you mean 'group'"),
        (
            lambda r: positions.histogram(r, by=("group",), attributes=pd.concat([GROUPS, GROUPS])),
            "two values of an attribute",
        ),
    ],
)
def test_bad_questions_are_refused_in_words(register, call, message):
    with pytest.raises(InputError, match=message):
        call(register)
