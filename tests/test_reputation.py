"""Reputation: index, waves and development by plain pandas; the effect and its limits against known truths."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from ruamel.yaml import YAML
from scipy import stats

from evaluation import did, load_study, reputation, survey
from evaluation.demo import reputation as invented
from evaluation.demo import sick_leave, theme_files
from evaluation.demo.programme import select
from evaluation.demo.world import build
from evaluation.errors import EstimationError, InputError
from evaluation.reputation.effect import OPTIONS

DEMO = Path(__file__).parents[1] / "data" / "demo"
TRUTH = json.loads((DEMO / "truth.json").read_text())
TABLES = (
    "background",
    "projects",
    "participation",
    "networks",
    "gatherings",
    "cases",
    "earlier",
    "facts",
    "reputation",
)


def small(folder: Path) -> Path:
    """The demonstration with only what reputation needs."""
    wanted = ("municipalities", "befolkning", "deltakere", "program", "innbygger", "kodebok")
    for path in DEMO.iterdir():
        if path.name.startswith(wanted):
            shutil.copy(path, folder / path.name)
    yaml = YAML()
    layout = yaml.load((DEMO / "sources.yaml").read_text())
    del layout["demonstration"]  # files left out are not to be made anew
    layout["tables"] = {name: layout["tables"][name] for name in (*TABLES, "codebook")}
    yaml.dump(layout, (folder / "sources.yaml").open("w"))
    return folder


@pytest.fixture(scope="module")
def standard(tmp_path_factory):
    return small(tmp_path_factory.mktemp("standard"))


@pytest.fixture(scope="module")
def null(tmp_path_factory):
    """The same people asked, and no effect."""
    folder, seed = small(tmp_path_factory.mktemp("null")), TRUTH["seed"]
    world = build(seed)
    absence = sick_leave.draw_absence(world, seed)
    selection = select(world, lasting=absence.persistent, recent=absence.bad_year(), seed=seed)
    for year in invented.WAVES:
        wave = invented.survey(world, selection, year, "null", seed)
        (folder / f"innbyggerundersokelse_{year}.csv").write_bytes(theme_files.inhabitants_csv(world, wave))
    return folder


@pytest.fixture(scope="module")
def study(standard):
    return load_study(standard, as_of="2015-12-31", division=2013)


@pytest.fixture(scope="module")
def found(study):
    return reputation.measured(study)


@pytest.fixture(scope="module")
def panel(study, found):
    return reputation.panel(study, found)


@pytest.fixture(scope="module")
def answer(panel):
    return reputation.effect(panel, draws=1999, replications=400)


def at(folder: Path, day: str) -> reputation.Panel:
    study = load_study(folder, as_of=day, division=2013)
    return reputation.panel(study, reputation.measured(study))


def simulated(
    seed: int, *, effect: float = 0.0, waves: int = 3, first: int = 2, moving: float = 0.05, chance: float = 0.06
) -> reputation.Panel:
    """Twelve participants and thirty others, whose lasting levels differ by 0.2."""
    rng = np.random.default_rng(seed)
    rows = pd.MultiIndex.from_product([range(42), range(1, waves + 1)], names=["municipality", "period"]).to_frame(
        index=False
    )
    mine = rows["municipality"] < 12
    noise = (0.2 * rng.normal(size=42))[rows["municipality"]] + np.hypot(moving, chance) * rng.normal(size=len(rows))
    data = rows.assign(
        group=np.where(mine, "participants", "others"),
        year=2009 + 2 * rows["period"],
        index=3.5 + noise + effect * (mine & (rows["period"] >= first)),
        standard_error=chance,
        answers=100,
        first_treated=np.where(mine, first, 0),
        earlier=False,
        both_sides=True,
    )
    return reputation.Panel(data, tuple(sorted(data["year"].unique())), True, "reputation")


def test_the_index_and_the_weights_are_those_of_plain_pandas(study, found):
    table = study.reputation
    values = table[[f"item_{number}" for number in range(1, 9)]].copy()
    values["item_8"] = 6 - values["item_8"]
    index = values.mean(axis=1).where(values.notna().sum(axis=1) >= 4)
    pd.testing.assert_series_equal(found.data["index"], index, check_names=False)
    drawn = table.groupby(["municipality", "year"]).size()
    stands_for = found.data.groupby(["municipality", "year"])["weight"].sum()
    assert stands_for.tolist() == pytest.approx(drawn.tolist())
    assert (found.data["weight"].isna() == index.isna()).all()


def test_groups_are_the_theme_the_other_themes_and_those_never_in_the_programme(study, found):
    members = set(study.programme.participants("reputation")["municipality"])
    everyone = set(study.programme.participants()["municipality"])
    of = found.data.groupby("municipality")["group"].first()
    assert {code for code, group in of.items() if group == "participants"} <= members
    assert {code for code, group in of.items() if group == "other_themes"} <= everyone - members
    assert not {code for code, group in of.items() if group == "others"} & everyone
    with pytest.raises(InputError, match="Choose one of: sick_leave, full_time, recruitment, reputation"):
        reputation.measured(study, theme="fame")


def test_the_panel_has_weighted_means_and_counts_waves_from_the_start(study, found, panel):
    answers = found.answers
    expected = (answers["index"] * answers["weight"]).groupby([answers["municipality"], answers["year"]]).sum()
    expected /= answers.groupby(["municipality", "year"])["weight"].sum()
    assert panel.data.set_index(["municipality", "year"])["index"].to_dict() == pytest.approx(expected.to_dict())
    started = study.programme.first_treated("reputation")
    mine = panel.data[panel.data["group"] == "participants"]
    treated = mine["period"] >= mine["first_treated"]
    assert (treated == (mine["year"] >= mine["municipality"].map(started).map(lambda quarter: quarter.year))).all()
    assert (panel.data.loc[panel.data["group"] != "participants", "first_treated"] == 0).all()
    waves = panel.data.groupby("municipality")["period"].agg(["min", "max"])
    both = panel.data.groupby("municipality")["both_sides"].first()
    assert both.tolist() == ((waves["min"] == 1) & (waves["max"] > 1)).tolist()
    plain = reputation.panel(study, found, weighted=False).data.set_index(["municipality", "year"])["index"]
    assert plain.to_dict() == pytest.approx(answers.groupby(["municipality", "year"])["index"].mean().to_dict())


def test_the_errors_of_means_are_those_of_weighted_least_squares(found, panel):
    group = found.answers.merge(panel.data.loc[[0], ["municipality", "year"]])
    fit = smf.wls("index ~ 1", group.rename_axis("row"), weights=group["weight"]).fit(cov_type="HC1")
    assert panel.data.loc[0, "standard_error"] == pytest.approx(fit.bse.iloc[0])


def test_levels_and_changes_are_those_of_the_t_tests(panel):
    row = reputation.levels(panel).query("group == 'others' and year == 2013").iloc[0]
    values = panel.data.query("group == 'others' and year == 2013")["index"]
    interval = stats.ttest_1samp(values, 0).confidence_interval()
    assert row[["low", "high"]].tolist() == pytest.approx(list(interval))
    changes = reputation.changes(panel).set_index("group")
    wide = panel.data.pivot_table(index=["group", "municipality"], columns="year", values="index")
    moved = (wide[2015] - wide[2011]).dropna()
    welch = stats.ttest_ind(moved["participants"], moved["others"], equal_var=False)
    row = changes.loc["participants"]
    assert row["difference"] == pytest.approx(moved["participants"].mean() - moved["others"].mean())
    assert row[["difference_low", "difference_high"]].tolist() == pytest.approx(list(welch.confidence_interval()))
    assert row["municipalities"] == len(moved["participants"])


def test_who_answers_is_told_by_sex_and_age(found):
    kinds = reputation.kinds(found, 2013).set_index(["sex", "age"])
    wave = found.data[found.data["year"] == 2013]
    young = wave[(wave["sex"] == "men") & (wave["age"] == "18-34")]
    row = kinds.loc[("men", "18-34")]
    assert row["invited"] == len(young)
    assert row["respondents"] == (young["status"] != "not_answered").sum()
    assert row["index"] == pytest.approx(young["index"].mean())
    assert kinds["response_rate"].idxmin() == ("men", "18-34")


def test_the_effect_is_that_of_imputation_by_least_squares(panel, answer):
    data = panel.data[panel.data["both_sides"] & (panel.data["group"] != "other_themes")].rename(columns={"index": "y"})
    treated = (data["first_treated"] > 0) & (data["period"] >= data["first_treated"])
    fit = smf.ols("y ~ C(municipality) + C(year)", data[~treated]).fit()
    gap = data.loc[treated, "y"] - fit.predict(data[treated])
    by_wave = gap.groupby(data["year"]).mean()
    assert answer.effects.by_period["estimate"].tolist() == pytest.approx(by_wave.tolist())
    assert answer.estimate.value == pytest.approx(by_wave.mean())
    assert answer.estimate.treated == data.loc[treated, "municipality"].nunique()
    assert answer.estimate.n == data["municipality"].nunique()


@pytest.mark.parametrize("day", ["2013-12-31", "2015-12-31"])
def test_no_effect_is_claimed_with_or_without_one_and_the_interval_holds_the_truth(standard, null, day):
    found, none = (reputation.effect(at(folder, day), draws=499, replications=100) for folder in (standard, null))
    truth = np.mean([TRUTH["reputation"][year] for year in ("2013", "2015") if year <= day[:4]])
    for one, true in ((found, truth), (none, 0.0)):
        assert not one.found
        assert one.estimate.low < true < one.estimate.high
        assert one.detectable.value > 3 * truth
    assert found.estimate.value - none.estimate.value == pytest.approx(truth, abs=0.005)


def test_few_participants_get_the_inference_that_holds_with_few(answer):
    assert answer.advice.lead == "randomisation"
    assert (answer.estimate.low, answer.estimate.high) == (answer.randomised.low, answer.randomised.high)
    assert answer.estimate.p_value == answer.randomised.p_value
    assert answer.wild is not None


def test_with_one_wave_before_nothing_is_said_of_trends_before_and_with_two_it_is(answer):
    assert (answer.waves_before, answer.before) == (1, None)
    later = reputation.effect(simulated(1, waves=4, first=3), draws=199, replications=100)
    assert later.waves_before == 2
    assert 0 < later.before.p_value < 1


@pytest.mark.parametrize(
    ("day", "reason"), [("2010-12-31", "no_wave"), ("2012-12-31", "one_wave"), ("2013-12-31", None)]
)
def test_before_two_waves_are_in_the_obstacle_is_named(standard, day, reason):
    panel = at(standard, day)
    assert reputation.obstacle(panel) == reason
    assert all(year <= int(day[:4]) for year in panel.years)
    if reason:
        assert reputation.changes(panel).empty
        with pytest.raises(EstimationError, match=reason):
            reputation.effect(panel)


def test_waves_on_one_side_of_the_start_or_too_few_places_are_obstacles_too():
    panel = simulated(2)
    assert reputation.obstacle(panel) is None
    for reason, first in (("no_wave_before", 1), ("no_wave_after", 4)):
        late = panel.data.assign(
            first_treated=panel.data["first_treated"].where(panel.data["first_treated"] == 0, first)
        )
        assert reputation.obstacle(replace(panel, data=late)) == reason
    assert reputation.obstacle(replace(panel, data=panel.data[panel.data["municipality"] >= 10])) == "too_few"
    assert {"no_wave", "one_wave", "no_wave_before", "no_wave_after", "too_few"} == set(reputation.OBSTACLES)


def found_in(panel: reputation.Panel) -> bool:
    return did.randomisation_inference(panel.data, **OPTIONS, draws=199).p_value < 0.05


def test_an_effect_of_the_detectable_size_is_found_four_times_in_five_and_none_seldom():
    sizes = [
        did.minimum_detectable_effect(simulated(seed).data, **OPTIONS, replications=200).value
        for seed in range(200, 212)
    ]
    size = np.mean(sizes)
    # Bloom (1995): 2.80 standard errors; here of a mean of two waves less one, twelve places against thirty.
    assert size == pytest.approx(2.80 * np.hypot(0.05, 0.06) * np.sqrt(3 / 2) * np.sqrt(1 / 12 + 1 / 30), rel=0.08)
    assert np.mean([found_in(simulated(seed, effect=size)) for seed in range(1, 101)]) == pytest.approx(0.8, abs=0.12)
    assert np.mean([found_in(simulated(seed)) for seed in range(1, 101)]) <= 0.11


def test_noise_is_told_from_true_movement():
    shares = [reputation.noise(simulated(seed, moving=0.05, chance=0.06)) for seed in range(60)]
    assert np.mean([one.share for one in shares]) == pytest.approx(0.06**2 / (0.05**2 + 0.06**2), abs=0.05)
    one = shares[0]
    assert one.without(0.1) == pytest.approx(0.1 * np.sqrt(1 - one.share))
    assert one.reliability == pytest.approx(1 - one.share)
    assert reputation.noise(simulated(3, moving=0.0, chance=0.2)).share > 0.7
    with pytest.raises(InputError, match="before and after"):
        reputation.noise(replace(simulated(1), data=simulated(1).data.assign(both_sides=False)))


def test_the_ranges_stand_for_the_estimate_the_limit_and_the_spread(answer):
    rows = answer.ranges(0.15).set_index("range")
    assert rows.loc["estimate", ["value", "low", "high"]].tolist() == pytest.approx(
        [answer.estimate.value, answer.estimate.low, answer.estimate.high]
    )
    assert rows.loc["too_small", "high"] == answer.detectable.value
    assert rows.loc["too_small_all_answered", "high"] < rows.loc["too_small", "high"]
    assert rows.loc["spread", ["low", "high"]].tolist() == [-0.15, 0.15]


def test_other_choices_stand_beside_the_chosen_one_and_differ_from_it(study, found, answer):
    rows = reputation.alternatives(study, found, answer, draws=199).set_index("specification")
    assert rows.index[0] == "prespecified"
    assert rows.loc["prespecified", "estimate"] == answer.estimate.value
    assert rows["estimate"].nunique() == 6
    assert rows.loc["every_wave", "treated"] < rows.loc["prespecified", "treated"]
    assert rows.loc["without_predecessor", "n"] < rows.loc["prespecified", "n"]
    signs = [np.sign(value) == np.sign(answer.estimate.value) for value in rows["estimate"].iloc[1:]]
    assert reputation.same_sign(rows.reset_index()) == np.mean(signs)
    assert reputation.same_conclusion(rows.reset_index())
    moved = rows.reset_index().assign(low=lambda frame: frame["low"].where(frame.index > 0, 0.01))
    assert not reputation.same_conclusion(moved)


def test_the_survey_and_the_panel_given_are_not_changed(study, found, panel, answer):
    before, data = study.reputation.copy(), panel.data.copy()
    reputation.panel(study, found)
    reputation.levels(panel)
    reputation.noise(panel)
    pd.testing.assert_frame_equal(study.reputation, before)
    pd.testing.assert_frame_equal(panel.data, data)
    assert survey.items(study, "reputation").equals(found.items)
    assert "smallest effect found" in repr(answer)
