"""Sick leave: rates from sums, panels with an account, development with its uncertainty, effects on known truth."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evaluation import did, load_study, sick_leave
from evaluation.disclosure import release
from evaluation.errors import EstimationError, InputError

ROOT = Path(__file__).parents[1]
SECTORS = {"education": (0.4, 7.0), "health_care": (0.5, 11.0), "technical": (0.1, 8.0)}
SEASON = np.array([1.12, 0.97, 0.85, 1.06])
STARTED = {"1": pd.Period("2012Q1"), "2": pd.Period("2013Q1")}
THEMES = ("sick_leave", "full_time")


@dataclasses.dataclass(frozen=True)
class FakeProgramme:
    starts: pd.DataFrame
    themes: tuple[str, ...] = THEMES

    def participants(self, theme=None):
        rows = self.starts if theme is None else self.starts[self.starts["theme"] == theme]
        return rows[["municipality", "intake"]].drop_duplicates("municipality")

    def first_treated(self, theme=None):
        rows = self.starts if theme is None else self.starts[self.starts["theme"] == theme]
        return rows.groupby("municipality")["started"].min()


def fake_study(seed=0, *, size=120, effect=0.0, selection=0.0, noise=0.6, last="2013Q4"):
    """Municipalities 0-19 in intake 1 and 20-39 in intake 2 on sick leave, 40-49 on full time only, the rest others.

    `selection` adds a passing rise before the programme to participants; `effect` is in points from each start.
    """
    generator = np.random.default_rng(seed)
    codes = np.array([f"{number:04d}" for number in range(size)])
    quarters = pd.period_range("2010Q1", last, freq="Q-DEC")
    intake = np.where(np.arange(size) < 20, "1", np.where(np.arange(size) < 50, "2", "others"))
    works_on_it = np.arange(size) < 40
    level = generator.normal(0, 0.7, size)[:, None] + generator.normal(0, noise, (size, len(quarters)))
    before = np.array([quarter < STARTED["1"] for quarter in quarters])
    level += selection * (intake != "others")[:, None] * before
    start = np.array([STARTED[code].ordinal if code in STARTED else 10**6 for code in intake])
    treated = works_on_it[:, None] & (np.array([q.ordinal for q in quarters])[None, :] >= start[:, None])
    level += effect * treated
    staff = np.exp(generator.normal(5.5, 1.0, size))
    frames = []
    for sector, (share, rate) in SECTORS.items():
        for sex, part in (("women", 0.75), ("men", 0.25)):
            agreed = np.repeat((staff * share * part * 62.75)[:, None], len(quarters), axis=1)
            season = SEASON[[quarter.quarter - 1 for quarter in quarters]]
            lost = agreed * np.clip(rate * season + level, 0.5, 40) / 100
            frames.append(
                pd.DataFrame(
                    {
                        "municipality": np.repeat(codes, len(quarters)),
                        "quarter": np.tile(quarters, size),
                        "sector": sector,
                        "sex": sex,
                        "self_certified_days": 0.2 * lost.ravel(),
                        "doctor_certified_days": 0.8 * lost.ravel(),
                        "days_1_3": 0.1 * lost.ravel(),
                        "days_4_10": 0.1 * lost.ravel(),
                        "days_11_40": 0.3 * lost.ravel(),
                        "days_over_40": 0.5 * lost.ravel(),
                        "agreed_days": agreed.ravel(),
                    }
                )
            )
    table = pd.concat(frames, ignore_index=True).astype({"quarter": "period[Q-DEC]"})
    about = pd.DataFrame(
        {
            "municipality": codes,
            "group": np.where(intake == "others", "others", "participants"),
            "intake": np.where(intake == "others", None, intake),
            "earlier": np.arange(size) % 3 == 0,
        }
    )
    rows = [
        (code, "sick_leave" if on_it else "full_time", STARTED[mine], mine)
        for code, mine, on_it in zip(codes, intake, works_on_it, strict=True)
        if mine in STARTED
    ]
    starts = pd.DataFrame(rows, columns=["municipality", "theme", "started", "intake"])
    return SimpleNamespace(programme=FakeProgramme(starts), municipalities=about, sick_leave=table)


@pytest.fixture(scope="module")
def study():
    return fake_study()


# Rates


def test_a_rate_is_a_ratio_of_sums_never_a_mean_of_percentages(study):
    found = sick_leave.rates(study.sick_leave, by=["quarter", "sector"]).set_index(["quarter", "sector"])
    part = study.sick_leave.query("sector == 'education'")
    part = part[part["quarter"] == pd.Period("2011Q2")]
    lost = (part["self_certified_days"] + part["doctor_certified_days"]).sum()
    row = found.loc[(pd.Period("2011Q2"), "education")]
    assert row["rate"] == pytest.approx(100 * lost / part["agreed_days"].sum())
    assert row["municipalities"] == 120
    mean = (100 * (part["self_certified_days"] + part["doctor_certified_days"]) / part["agreed_days"]).mean()
    assert abs(row["rate"] - mean) > 0.01


def test_the_kinds_add_up(study):
    total, own, doctor = (
        sick_leave.rates(study.sick_leave, by="sex", kind=kind)["rate"]
        for kind in ("total", "self_certified", "doctor_certified")
    )
    np.testing.assert_allclose(own + doctor, total)
    bands = [kind for kind in sick_leave.KINDS if kind.startswith("days_")]
    np.testing.assert_allclose(
        sum(sick_leave.rates(study.sick_leave, by="sex", kind=kind)["rate"] for kind in bands), total
    )


def test_a_full_time_employee_is_one_man_year_whatever_the_window():
    quarters = pd.period_range("2012Q1", "2012Q4", freq="Q-DEC")
    one = {"sector": "other", "sex": "men", "self_certified_days": 1.0, "doctor_certified_days": 0.0}
    table = pd.DataFrame({"municipality": "0061", "quarter": quarters, "agreed_days": 251 / 4} | one)
    for by in (["quarter"], ["municipality"], ["municipality", "quarter"], []):
        assert sick_leave.rates(table, by=by)["man_years"].to_numpy() == pytest.approx(1.0)
    assert sick_leave.rolling(table)["man_years"].tolist() == [1.0]


def test_a_missing_figure_is_in_neither_sum_and_counted(study):
    table = study.sick_leave.copy()
    table.loc[table["municipality"] == "0100", "doctor_certified_days"] = np.nan
    row = sick_leave.rates(table, by=["quarter"]).iloc[0]
    rest = table[(table["municipality"] != "0100") & (table["quarter"] == row["quarter"])]
    assert (row["municipalities"], row["missing"]) == (119, 6)
    assert row["agreed_days"] == pytest.approx(rest["agreed_days"].sum())
    alone = sick_leave.rates(table, by=["municipality"]).set_index("municipality").loc["0100"]
    assert np.isnan(alone["rate"])
    assert (alone["man_years"], alone["municipalities"]) == (0, 0)


def test_a_rolling_year_sums_before_dividing_and_needs_every_quarter(study):
    table = study.sick_leave
    found = sick_leave.rolling(table, by=["sector"])
    assert found["quarter"].min() == pd.Period("2010Q4")
    assert found["quarter"].max() == pd.Period("2013Q4")
    row = found.query("sector == 'technical'").set_index("quarter").loc[pd.Period("2012Q3")]
    window = table[
        table["quarter"].between(pd.Period("2011Q4"), pd.Period("2012Q3")) & (table["sector"] == "technical")
    ]
    lost = (window["self_certified_days"] + window["doctor_certified_days"]).sum()
    assert row["rate"] == pytest.approx(100 * lost / window["agreed_days"].sum())
    assert row["municipalities"] == 120
    holed = table[(table["quarter"] != pd.Period("2012Q2")) | (table["sector"] != "technical")]
    technical = sick_leave.rolling(holed, by=["sector"]).query("sector == 'technical'")["quarter"]
    gone = pd.period_range("2012Q2", "2013Q1", freq="Q-DEC")
    assert set(found["quarter"]) - set(technical) == set(gone)


def test_groups_follow_the_programme_and_the_input_is_kept(study):
    kept = study.sick_leave.copy(deep=True)
    table = sick_leave.with_groups(study)
    pd.testing.assert_frame_equal(study.sick_leave, kept)
    assert len(table) == len(kept)
    by_intake = sick_leave.rates(table, by=["intake"]).set_index("intake")["municipalities"]
    assert by_intake.to_dict() == {"1": 20, "2": 30, "others": 70}
    members = table.drop_duplicates("municipality")
    assert (members["theme_sick_leave"].sum(), members["theme_full_time"].sum()) == (40, 10)
    on_theme = sick_leave.with_groups(study, theme="sick_leave").drop_duplicates("municipality")
    assert on_theme["intake"].value_counts().to_dict() == {"others": 70, "1": 20, "2": 20}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda table: sick_leave.rates(table, by=["county"]), "column county"),
        (lambda table: sick_leave.rates(table, kind="short"), "Unknown kind of sick leave 'short'"),
        (lambda table: sick_leave.rolling(table, by=["quarter"]), "already runs over quarters"),
        (lambda table: sick_leave.rolling(table, quarters=0), "at least one quarter"),
    ],
)
def test_a_wrong_request_is_told(study, call, message):
    with pytest.raises(InputError, match=message):
        call(study.sick_leave)


# The panel and the effect


def test_the_panel_compares_the_theme_with_never_participants(study):
    built = sick_leave.panel(study)
    assert built.account.to_numpy().tolist() == [
        ["treated", "1", 20, 320],
        ["treated", "2", 20, 320],
        ["controls", "others", 70, 1120],
    ]
    assert built.dropped.to_numpy().tolist() == [["participants with other themes only", 10, 160]]
    firsts = built.data.groupby("municipality")["first_treated"].first()
    assert firsts["0000"] == pd.Period("2012Q1").ordinal
    assert firsts["0025"] == pd.Period("2013Q1").ordinal
    assert firsts["0119"] == 0
    assert "0045" not in firsts
    row = built.data.query("municipality == '0119'").iloc[3]
    cells = study.sick_leave[
        (study.sick_leave["municipality"] == "0119") & (study.sick_leave["quarter"] == row["quarter"])
    ]
    lost = cells["self_certified_days"].sum() + cells["doctor_certified_days"].sum()
    assert row["rate"] == pytest.approx(100 * lost / cells["agreed_days"].sum())
    assert row["period"] == row["quarter"].ordinal


def test_predecessor_participants_can_be_left_out_of_the_controls_only(study):
    built = sick_leave.panel(study, controls="never_participants_nor_predecessor")
    reasons = built.dropped.set_index("reason")["municipalities"].to_dict()
    predecessors = sum(number % 3 == 0 for number in range(50, 120))
    assert reasons["participants in a predecessor programme, not in this one"] == predecessors
    assert built.account["municipalities"].tolist() == [20, 20, 70 - predecessors]


def test_a_quarter_with_a_missing_cell_is_dropped_and_counted(study):
    table = study.sick_leave.copy()
    hit = (
        (table["municipality"] == "0007") & (table["quarter"] == pd.Period("2011Q3")) & (table["sector"] == "technical")
    )
    table.loc[hit & (table["sex"] == "men"), "self_certified_days"] = np.nan
    changed = SimpleNamespace(programme=study.programme, municipalities=study.municipalities, sick_leave=table)
    built = sick_leave.panel(changed)
    row = built.dropped.set_index("reason").loc["figures missing for some sector or sex in the quarter"]
    assert row.tolist() == [1, 1]
    assert len(built.data) == 110 * 16 - 1
    assert len(sick_leave.panel(changed, sector="education").data) == 110 * 16


def test_a_quarter_that_was_not_delivered_is_counted(study):
    table = study.sick_leave
    gone = (table["municipality"] == "0110") & (table["quarter"].isin([pd.Period("2011Q3"), pd.Period("2012Q1")]))
    changed = SimpleNamespace(programme=study.programme, municipalities=study.municipalities, sick_leave=table[~gone])
    row = sick_leave.panel(changed).dropped.set_index("reason").loc["no figures delivered for the quarter"]
    assert row.tolist() == [1, 2]
    sample = sick_leave.effect(changed, draws=99).sample
    assert sample.dropped.set_index("reason").loc["no row for a unit in a period"].tolist() == [2, 1]


def test_the_weight_is_fixed_before_the_programme(study):
    data = sick_leave.panel(study).data
    early = data[data["quarter"] < pd.Period("2012Q1")].groupby("municipality")["agreed_days"].mean()
    assert data.groupby("municipality")["weight"].nunique().eq(1).all()
    np.testing.assert_allclose(data["weight"], data["municipality"].map(early))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"theme": "absence"}, "no theme 'absence'"),
        ({"sector": "schools"}, "no sector 'schools'"),
        ({"kind": "short"}, "Unknown kind"),
        ({"controls": "all"}, "Unknown controls 'all'"),
        ({"first": "2005Q1"}, "is not within the table"),
        ({"first": "2012Q1", "last": "2011Q1"}, "is not within the table"),
    ],
)
def test_a_wrong_panel_is_refused(study, options, message):
    with pytest.raises(InputError, match=message):
        sick_leave.panel(study, **options)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("method", ["callaway_santanna", "imputation"])
def test_a_true_effect_is_recovered_on_average_and_covered(method, weighted):
    found = [
        sick_leave.effect(fake_study(seed, effect=-0.3), method=method, weighted=weighted, draws=99).overall
        for seed in range(12)
    ]
    values = np.array([estimate.value for estimate in found])
    assert abs(values.mean() + 0.3) < 3.5 * values.std() / np.sqrt(len(values))
    assert sum(estimate.low <= -0.3 <= estimate.high for estimate in found) >= 9


def test_without_an_effect_none_is_found_as_often_as_chance_allows():
    found = [sick_leave.effect(fake_study(50 + seed), method="imputation", draws=99).overall for seed in range(20)]
    assert sum(estimate.p_value < 0.05 for estimate in found) <= 3


def test_an_effect_is_that_of_its_panel(study):
    effects = sick_leave.effect(study, sector="health_care", kind="doctor_certified", last="2013Q2", seed=3)
    data = sick_leave.panel(study, sector="health_care", kind="doctor_certified", last="2013Q2").data
    names = {"outcome": "rate", "unit": "municipality", "period": "period", "first_treated": "first_treated"}
    assert effects.overall == did.estimate(data, seed=3, **names).overall
    assert effects.overall.clusters == 110
    with pytest.raises(EstimationError, match="Unknown method"):
        sick_leave.effect(study, method="before_after")


def test_an_effect_as_man_years_keeps_sign_and_interval():
    estimate = did.Estimate(-0.3, 0.1, -0.5, -0.1, 0.003, 100, 100, 40)
    back = sick_leave.man_years_back(estimate, 2_300_000)
    assert back.days == pytest.approx(6900)
    assert (back.low, back.value, back.high) == pytest.approx((10, 30, 50))
    assert sick_leave.man_years_back(estimate, 2_300_000, working_days=115).value == pytest.approx(60)
    with pytest.raises(InputError, match="agreed_days must be a positive number"):
        sick_leave.man_years_back(estimate, 0)


# Development

WINDOWS = {"before": ("2010Q1", "2011Q4"), "after": ("2013Q1", "2013Q4")}


def test_development_is_the_change_of_pooled_rates(study):
    found = sick_leave.development(sick_leave.with_groups(study), groups="intake", within=["sector"], **WINDOWS)
    table = sick_leave.with_groups(study).query("intake == '2' and sector == 'education'")
    pooled = []
    for first, last in WINDOWS.values():
        part = table[table["quarter"].between(pd.Period(first), pd.Period(last))]
        pooled.append(sick_leave.rates(part)["rate"].iloc[0])
    row = found.rows.set_index(["intake", "sector"]).loc[("2", "education")]
    assert (row["rate_before"], row["rate_after"]) == pytest.approx(tuple(pooled))
    assert row["change"] == pytest.approx(pooled[1] - pooled[0])
    other = found.rows.set_index(["intake", "sector"]).loc[("others", "education")]
    difference = found.differences.set_index(["intake", "sector"]).loc[("2", "education")]
    assert difference["difference"] == pytest.approx(row["change"] - other["change"])
    assert difference["standard_error"] == pytest.approx(np.hypot(row["standard_error"], other["standard_error"]))
    assert set(found.differences["intake"]) == {"1", "2"}


def test_the_uncertainty_of_development_is_the_spread_over_samples_of_municipalities():
    table = sick_leave.with_groups(fake_study(1, size=400))
    table = table.query("group == 'others'")
    once = sick_leave.development(table, **WINDOWS).rows.iloc[0]
    by_unit = [
        part.groupby("municipality")[["lost_days", "agreed_days"]].sum()
        for part in (
            sick_leave.rates(table[table["quarter"].between(*map(pd.Period, window))], by=["municipality", "quarter"])
            for window in WINDOWS.values()
        )
    ]
    lost, agreed = ([part[name].to_numpy() for part in by_unit] for name in ("lost_days", "agreed_days"))
    generator = np.random.default_rng(1)
    changes = []
    for _ in range(3000):
        draw = generator.integers(0, len(lost[0]), len(lost[0]))
        before, after = (100 * lost[window][draw].sum() / agreed[window][draw].sum() for window in (0, 1))
        changes.append(after - before)
    assert once["standard_error"] == pytest.approx(np.std(changes), rel=0.08)


def test_the_intervals_of_development_cover_a_known_change():
    covered = []
    for seed in range(60):
        table = sick_leave.with_groups(fake_study(seed, size=90, noise=0.8))
        table = table[table["group"] == "others"]
        row = sick_leave.development(table, before=("2010Q1", "2010Q4"), after=("2011Q1", "2011Q4")).rows.iloc[0]
        covered.append(row["low"] <= 0 <= row["high"])
    assert 0.85 <= np.mean(covered) <= 1.0


def test_municipalities_without_all_quarters_are_left_out_of_both_windows(study):
    table = sick_leave.with_groups(study)
    gone = (table["municipality"] == "0110") & (table["quarter"] == pd.Period("2013Q2"))
    unknown = (table["municipality"] == "0111") & (table["quarter"] == pd.Period("2010Q2"))
    table.loc[unknown, "agreed_days"] = np.nan
    found = sick_leave.development(table[~gone], **WINDOWS)
    assert found.dropped["municipalities"].tolist() == [2]
    assert found.rows.set_index("group").loc["others", "municipalities"] == 68
    whole = sick_leave.development(table[~table["municipality"].isin(["0110", "0111"])], **WINDOWS)
    pd.testing.assert_frame_equal(found.rows, whole.rows)


def test_regression_to_the_mean_shows_as_a_difference_that_bands_of_starting_level_shrink():
    raw, banded = [], []
    for seed in range(8):
        table = sick_leave.with_groups(fake_study(seed, selection=0.0, noise=1.5))
        # Choose those with a high rate in the window before: nothing is done to them, yet they fall.
        rates = sick_leave.rates(table[table["quarter"] < pd.Period("2011Q1")], by=["municipality"])
        noisy = rates["rate"] + np.random.default_rng(seed).normal(0, 0.4, len(rates))
        chosen = rates.loc[noisy.nlargest(50).index, "municipality"]
        table["group"] = np.where(table["municipality"].isin(chosen), "participants", "others")
        windows = {"before": ("2010Q1", "2010Q4"), "after": ("2013Q1", "2013Q4")}
        plain = sick_leave.development(table, **windows).differences.iloc[0]
        assert plain["level_difference"] > 0.5
        raw.append(plain["difference"])
        within = sick_leave.by_starting_level(table, bands=3, **windows).differences
        banded.append(
            (within["difference"] / within["standard_error"] ** 2).sum() / (within["standard_error"] ** -2).sum()
        )
    assert np.mean(raw) < -0.3
    assert abs(np.mean(banded)) < 0.6 * abs(np.mean(raw))


def test_bands_are_those_of_the_others_start(study):
    found = sick_leave.by_starting_level(sick_leave.with_groups(study), bands=4, **WINDOWS)
    others = found.rows.query("group == 'others'")
    assert others["municipalities"].sum() == 70
    assert others["municipalities"].between(17, 18).all()
    assert others["rate_before"].is_monotonic_increasing
    with pytest.raises(InputError, match="too few for 40 bands"):
        sick_leave.by_starting_level(sick_leave.with_groups(study), bands=40, **WINDOWS)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (("2010Q1", "2010Q4"), ("2013Q1", "2013Q3"), "different seasons"),
        (("2010Q1", "2011Q4"), ("2011Q1", "2012Q4"), "overlap"),
        (("2007Q1", "2007Q4"), ("2013Q1", "2013Q4"), "not within the table"),
        (("2011Q4", "2011Q1"), ("2013Q1", "2013Q4"), "not within the table"),
    ],
)
def test_windows_that_cannot_be_compared_are_refused(study, before, after, message):
    with pytest.raises(InputError, match=message):
        sick_leave.development(sick_leave.with_groups(study), before=before, after=after)


# Composition


def test_within_and_composition_add_up_exactly(study):
    table = sick_leave.with_groups(study)
    later = table["quarter"] >= pd.Period("2013Q1")
    grown = later & (table["sector"] == "health_care") & (table["municipality"] > "0060")
    for column in ("agreed_days", "self_certified_days", "doctor_certified_days"):
        table.loc[grown, column] *= 1.7
    table.loc[later, "doctor_certified_days"] *= 1.05
    found = sick_leave.composition(table, by=["group"], **WINDOWS)
    totals = found.totals
    np.testing.assert_allclose(totals["within"] + totals["composition"], totals["change"], atol=1e-12)
    sums = found.sectors.groupby("group")[["within", "composition"]].sum()
    np.testing.assert_allclose(sums["composition"], totals["composition"], atol=1e-12)
    change = sick_leave.development(table, **WINDOWS).rows.set_index("group")["change"]
    np.testing.assert_allclose(totals.set_index("group")["change"], change, atol=1e-12)
    assert totals.set_index("group").loc["others", "composition"] > 0.05
    np.testing.assert_allclose(found.sectors.groupby("group")[["share_before", "share_after"]].sum(), 100)


def test_a_pure_change_of_mix_is_composition_and_a_pure_change_of_rate_is_within():
    quarters = pd.period_range("2010Q1", "2011Q4", freq="Q-DEC")
    rows = []
    for quarter in quarters:
        late = quarter.year == 2011
        for sector, rate, days in (("education", 6.0, 100.0), ("health_care", 12.0, 300.0 if late else 100.0)):
            rows.append(("0061", quarter, sector, rate * days / 100, 0.0, days))
    columns = ["municipality", "quarter", "sector", "self_certified_days", "doctor_certified_days", "agreed_days"]
    table = pd.DataFrame(rows, columns=columns).astype({"quarter": "period[Q-DEC]"})
    years = {"before": ("2010Q1", "2010Q4"), "after": ("2011Q1", "2011Q4")}
    mix = sick_leave.composition(table, **years).totals.iloc[0]
    assert (mix["change"], mix["within"], mix["composition"]) == pytest.approx((1.5, 0.0, 1.5))
    same = table.assign(agreed_days=100.0, self_certified_days=[5.0 + (q.year == 2011) for q in table["quarter"]])
    rate = sick_leave.composition(same, **years).totals.iloc[0]
    assert (rate["change"], rate["within"], rate["composition"]) == pytest.approx((1.0, 1.0, 0.0))
    new = table[(table["sector"] == "education") | (table["quarter"] >= pd.Period("2011Q1"))]
    opened = sick_leave.composition(new, **years).totals.iloc[0]
    assert (opened["change"], opened["within"], opened["composition"]) == pytest.approx((4.5, 0.0, 4.5))


# Ready for release


def test_results_are_frozen_and_can_be_released(study):
    table = sick_leave.with_groups(study)
    found = sick_leave.development(table, groups="intake", **WINDOWS)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.rows = None
    rates = sick_leave.rates(table, by=["municipality", "sector"])
    shown = release(rates, values=["rate"], man_years="man_years")
    small = rates["man_years"] < shown.rule.man_years
    assert small.any()
    assert shown.data.loc[small.to_numpy(), "rate"].isna().all()
    for frame in (
        found.rows,
        found.differences,
        sick_leave.rolling(table),
        sick_leave.composition(table, **WINDOWS).sectors,
    ):
        assert {"municipalities", "man_years"} <= set(frame.columns)
    assert "Development: before (2010Q1, 2011Q4), after (2013Q1, 2013Q4)" in repr(found)
    assert "standard_error" in found._repr_html_()
    assert "treated" in sick_leave.panel(study)._repr_html_()


# The demonstration, whose true effects are known


@pytest.fixture(scope="module")
def demonstration():
    return load_study("data/demo", as_of="2015-12-31", division=2013)


@pytest.mark.parametrize(("weighted", "truth"), [(False, "municipalities"), (True, "man_days")])
@pytest.mark.parametrize("method", ["callaway_santanna", "imputation"])
def test_the_true_effect_of_the_demonstration_lies_in_the_interval(demonstration, method, weighted, truth):
    overall = sick_leave.effect(demonstration, last="2014Q4", method=method, weighted=weighted, draws=99).overall
    known = json.loads((ROOT / "data" / "demo" / "truth.json").read_text(encoding="utf-8"))
    value = known["sick_leave"]["overall"]["2014K4"][truth]
    assert overall.low < value < overall.high
    assert overall.value < 0
    assert abs(overall.value - value) < 0.12


def test_the_demonstration_can_be_described_as_the_chapter_does(demonstration):
    table = sick_leave.with_groups(demonstration, theme="sick_leave")
    windows = {"before": ("2010Q1", "2011Q4"), "after": ("2014Q1", "2014Q4")}
    moved = sick_leave.development(table, **windows)
    assert moved.rows["rate_before"].between(8, 12).all()
    # Participants were chosen among those with high absence.
    assert moved.differences["level_difference"].iloc[0] > 0
    split = sick_leave.composition(table, by=["group"], **windows).totals
    np.testing.assert_allclose(split["within"] + split["composition"], split["change"], atol=1e-12)
    built = sick_leave.panel(demonstration)
    units = (
        built.account["municipalities"].sum()
        + built.dropped.query("reason.str.contains('other themes')")["municipalities"].sum()
    )
    assert units == len(demonstration.municipalities)
