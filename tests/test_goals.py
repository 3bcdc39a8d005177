"""Goal attainment: targets in one form, three judges kept apart, and what chance alone would reach."""

from __future__ import annotations

import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from scipy.stats import norm

from evaluation import goals, load_study
from evaluation.errors import InputError
from evaluation.programme import Programme
from evaluation.sources import amounts, read_form

DEMO = Path(__file__).parents[1] / "data" / "demo"
OWNER = ["municipality", "project", "theme"]
BOOK = pd.DataFrame(
    [("indicator", "sick_leave_rate", "lower"), ("indicator", "full_time_share", "higher"), ("measure", "M1", None)],
    columns=["list", "code", "better"],
).assign(group=None, nb=lambda f: f["code"] + " nb", nn=lambda f: f["code"] + " nn", en=lambda f: f["code"] + " en")
TARGET = [*OWNER, "target", "indicator", "kind", "baseline", "baseline_year", "value", "target_year"]
REPORT = [*OWNER, "year", "indicator", "value", "value_said", "verdict"]


def text(word: str) -> dict[str, str]:
    return dict.fromkeys(("nb", "nn", "en"), word)


def programme(members: list[tuple[str, str]]) -> Programme:
    """Two themes, two intakes (2012 and 2013); project A alone on full time, S shared on sick leave."""
    definition = {
        "code": "example",
        "name": text("Example"),
        "start": "2011-03-14",
        "end": "2015-12-31",
        "themes": {"sick_leave": text("Sick leave"), "full_time": text("Full time")},
        "intakes": [
            {"intake": "1", "label": text("One"), "started": "2012-01-01"},
            {"intake": "2", "label": text("Two"), "started": "2013-01-01"},
        ],
    }
    projects = [("A", "full_time", "Alone", "2", None), ("S", "sick_leave", "Shared", "1", None)]
    return Programme.from_frames(
        definition,
        {
            "projects": pd.DataFrame(projects, columns=["project", "theme", "name", "intake", "network"]),
            "participation": pd.DataFrame(members, columns=["municipality", "project"]),
        },
    )


MEMBERS = [("0001", "S"), ("0002", "S"), ("0001", "A")]


def study(
    targets: list[tuple] = (),
    reports: list[tuple] = (),
    *,
    members: list[tuple[str, str]] = MEMBERS,
    outside: int = 3,
    as_of: str = "2014-06-30",
    **tables: pd.DataFrame,
) -> SimpleNamespace:
    """A study as the functions see one: participants of `members`, and others from 1001 on."""
    told = pd.DataFrame(list(targets), columns=TARGET).astype({"value": "float64", "baseline": "float64"})
    years = dict.fromkeys(["baseline_year", "target_year"], "Int64")
    inside = sorted({code for code, _ in members})
    codes = [*inside, *(f"{1001 + place}" for place in range(outside))]
    units = pd.DataFrame({"municipality": codes, "name": [f"Town {code}" for code in codes]})
    units["group"] = np.where(units["municipality"].isin(inside), "participants", "others")
    made = {"targets": told.astype(years), "codebook": BOOK}
    made["annual_reports"] = pd.DataFrame(list(reports), columns=REPORT).astype({"value": "float64"})
    made |= tables
    return SimpleNamespace(
        programme=programme(members),
        municipalities=units.assign(earlier=False),
        as_of=datetime.date.fromisoformat(as_of),
        has=lambda name: name in made,
        **made,
    )


@pytest.fixture(scope="module")
def final():
    return load_study(DEMO, as_of="2015-12-31", division=2013)


@pytest.fixture(scope="module")
def figures(final):
    return goals.register_figures(final)


@pytest.fixture(scope="module")
def found(final, figures):
    return goals.attainment(final, figures=figures)


# --- one form ---

SICK = ("0001", "S", "sick_leave")
FULL = ("0001", "A", "full_time")


def test_every_kind_of_target_becomes_a_level_or_says_what_it_lacks():
    rows = [
        (*SICK, 1, "sick_leave_rate", "level", 8.6, 2011, 6.9, 2014),
        (*SICK, 2, "sick_leave_rate", "percentage_points", 8.6, 2011, -1.7, 2013),
        (*SICK, 3, "sick_leave_rate", "per_cent", 8.6, 2011, -20, 2015),
        (*SICK, 4, "sick_leave_rate", "per_cent", None, None, -20, 2014),
        (*SICK, 5, "sick_leave_rate", "level", None, None, 6.9, 2014),
        (*SICK, 6, None, "unquantified", None, None, None, None),
    ]
    one = goals.comparable(study(rows)).set_index("target")
    assert one["goal_level"].tolist()[:3] == pytest.approx([6.9, 6.9, 6.88])
    assert one["change_percent"][3] == pytest.approx(-20)
    assert one["lacks"].fillna("").tolist() == ["", "", "", "no_baseline", "", "no_figure"]
    assert np.isnan(one["goal_level"][4])
    assert np.isnan(one["goal_level"][6])
    assert one["goal_level"][5] == 6.9
    assert one["name"].unique().tolist() == ["Town 0001"]


@pytest.mark.parametrize(
    ("per_cent", "apart"),
    [(-20, False), (-19.8, False), (-21, False), (-22, True), (-30, True)],
)
def test_a_target_put_in_two_ways_that_disagree_beyond_rounding_is_flagged(per_cent, apart):
    # A real municipality's target: 8.6 to 6.9, and 20 per cent lower; 6.9 of 8.6 is -19.77.
    rows = [
        (*SICK, 1, "sick_leave_rate", "level", 8.6, 2011, 6.9, 2014),
        (*SICK, 2, "sick_leave_rate", "per_cent", 8.6, 2011, per_cent, 2014),
        (*SICK, 3, "sick_leave_rate", "level", 8.6, 2011, 7.9, 2013),
    ]
    assert goals.comparable(study(rows))["contradicts"].tolist() == [apart, apart, False]


def test_the_wanted_direction_is_the_codebooks_otherwise_the_targets_own():
    rows = [
        (*SICK, 1, "sick_leave_rate", "level", 8.0, 2011, 9.0, 2014),
        (*FULL, 1, "satisfaction", "level", 4.0, 2011, 4.5, 2014),
        (*FULL, 2, "complaints", "level", 40, 2011, 30, 2014),
    ]
    one = goals.comparable(study(rows))
    assert one["direction"].tolist() == ["lower", "higher", "lower"]
    assert one["wrong_way"].tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("actual", "halfway", "wanted"),
    [
        (8.0, 0.5, "reached"),
        (7.5, 0.5, "reached"),
        (8.5, 0.5, "partly"),
        (8.6, 0.5, "not_reached"),
        (8.6, 0.4, "partly"),
        (8.5, 1.0, "not_reached"),
        (9.4, 0.5, "not_reached"),
        (np.nan, 0.5, "cannot_assess"),
    ],
)
def test_the_rule_of_attainment(actual, halfway, wanted):
    assert goals.status(8.0, 9.0, actual, "lower", halfway=halfway) == wanted
    # Mirrored, higher is better.
    assert goals.status(-8.0, -9.0, -actual, "higher", halfway=halfway) == wanted
    assert goals.judge({"kind": "level", "baseline": 9.0}, 8.0, actual, "lower", halfway=halfway)[0] == wanted


@pytest.mark.parametrize("halfway", [0, -0.5, 1.01])
def test_a_share_of_the_way_that_is_none_is_refused(halfway):
    with pytest.raises(InputError, match="no share of the way"):
        goals.status(8.0, 9.0, 8.5, "lower", halfway=halfway)


# --- what the reports say ---


def test_the_last_report_with_a_figure_in_time_is_used():
    target = [(*SICK, 1, "sick_leave_rate", "level", 9.0, 2012, 8.0, 2014)]
    reports = [
        (*SICK, 2012, "sick_leave_rate", 7.0, "7", "reached"),  # the baseline's own year
        (*SICK, 2013, "sick_leave_rate", 8.5, "mellom 8 og 9", "partly"),
        (*SICK, 2014, "sick_leave_rate", None, "vet ikke", "cannot_assess"),
        (*SICK, 2015, "sick_leave_rate", 7.0, "7", "reached"),  # after the target's
    ]
    one = study(target, reports)
    said = goals.reported(one, goals.comparable(one)).iloc[0]
    assert (said["report_year"], said["actual"], said["stated"], said["rounding"]) == (2013, 8.5, "range", 0.5)
    without = study(target, [*reports[:1], *reports[2:]])
    said = goals.reported(without, goals.comparable(without)).iloc[0]
    assert (said["report_year"], said["verdict"]) == (2014, "cannot_assess")
    assert np.isnan(said["actual"])


def test_a_report_about_another_indicator_says_nothing_of_a_target():
    target = [(*SICK, 1, "sick_leave_rate", "level", 9.0, 2011, 8.0, 2014)]
    other = study(target, [(*SICK, 2013, "presence_rate", 92.0, "92", "reached")])
    assert goals.attainment(other).targets["goal_reason"].tolist() == ["not_reported"]
    unnamed = study(target, [(*SICK, 2013, None, 8.0, "8", "reached")])
    assert goals.attainment(unnamed).targets["status"].tolist() == ["reached"]


def test_why_a_target_cannot_be_assessed_is_told_apart():
    targets = [
        (*SICK, 1, "sick_leave_rate", "level", 9.0, 2011, 8.0, 2012),
        (*SICK, 2, "sick_leave_rate", "per_cent", None, None, -10, 2013),
        (*SICK, 3, None, "unquantified", None, None, None, 2013),
        ("0002", *SICK[1:], 1, "sick_leave_rate", "level", 9.0, 2011, 8.0, 2013),
        (*FULL, 1, "full_time_share", "level", 30, 2012, 40, 2015),
    ]
    reports = [(*SICK, 2012, "sick_leave_rate", 8.4, "8,4", "partly")]
    one = goals.attainment(study(targets, reports, as_of="2013-12-31"))
    assert one.targets["status"].tolist() == ["partly", *["cannot_assess"] * 4]
    assert one.targets["goal_reason"].tolist()[1:] == ["no_baseline", "no_figure", "not_reported", "no_report_due"]
    assert one.targets["due"].tolist() == [True, False, False, False, False]
    asked = one.asked()
    assert asked.counts().iloc[0]["targets"] == 4
    assert asked.counts(["theme"])["share_cannot_assess"].tolist() == [75.0]
    assert asked.reasons()["targets"].sum() == 3
    assert asked.shares("theme")["share"].sum() == pytest.approx(100)


def test_what_is_shown_of_a_municipality_holds_nothing_of_the_registers(found):
    assert not [name for name in found.as_stated() if "register" in name]
    assert "figure" not in found.by_municipality()


def test_attainment_is_recomputed_from_the_files_by_hand(final, found):
    reports = final.annual_reports
    for _, row in found.targets.iterrows():
        level = {"level": row["value"], "percentage_points": row["baseline"] + row["value"]}.get(row["kind"], np.nan)
        level = row["baseline"] * (100 + row["value"]) / 100 if row["kind"] == "per_cent" else level
        mine = reports[(reports[OWNER] == row[OWNER].to_numpy()).all(axis=1) & reports["value"].notna()]
        mine = mine[mine["indicator"] == row["indicator"]].sort_values("year")
        if pd.notna(row["target_year"]):
            mine = mine[mine["year"] <= row["target_year"]]
        if pd.isna(level) or mine.empty:
            wanted = "cannot_assess"
        else:
            now = mine["value"].iloc[-1]
            sign = -1 if row["direction"] == "lower" else 1
            share = (now - row["baseline"]) / (level - row["baseline"])
            wanted = "reached" if sign * (now - level) > -1e-9 else "partly" if share > 0.5 - 1e-9 else "not_reached"
        assert row["status"] == wanted, row


def test_every_target_is_counted_once(found):
    whole, themes = found.counts().iloc[0], found.counts(["theme"])
    assert themes[["targets", *goals.STATUSES]].sum().tolist() == whole[["targets", *goals.STATUSES]].tolist()
    assert whole[list(goals.STATUSES)].sum() == whole["targets"] == len(found.targets)
    assert found.by_municipality()["targets"].sum() == whole["targets"]
    assert found.reasons(["theme"])["targets"].sum() == whole["cannot_assess"]


def test_no_table_of_the_study_is_changed(final, figures):
    before = {name: getattr(final, name).copy() for name in ("targets", "annual_reports", "measures")}
    goals.attainment(final, figures=figures)
    goals.expected_reports(final)
    goals.measures_taken(final)
    for name, table in before.items():
        pd.testing.assert_frame_equal(getattr(final, name), table)


# --- agreement ---


def test_kappa_is_cohens():
    # A textbook table: 20 and 15 agreed of 50, so observed 0.70, by chance 0.50, kappa 0.40.
    pairs = [("reached", "reached")] * 20 + [("reached", "partly")] * 5
    pairs += [("partly", "reached")] * 10 + [("partly", "partly")] * 15
    rows = pd.DataFrame(pairs, columns=["verdict", "status"])
    one = goals.agreement(rows)
    assert (one.n, one.same, one.share, one.expected) == (50, 35, 70, 50)
    assert one.kappa == one.value == pytest.approx(0.4)
    assert (one.kinder, one.harsher) == (5, 10)
    # Cohen's (1960) simpler error, close to the one used.
    error = np.sqrt(0.7 * 0.3 / (50 * 0.5**2))
    assert (one.low, one.high) == pytest.approx((0.4 - 1.96 * error, 0.4 + 1.96 * error), abs=0.03)


def test_two_independent_judges_agree_no_more_than_by_chance():
    rng = np.random.default_rng(3)
    rows = pd.DataFrame(rng.choice(goals.STATUSES, (20_000, 2)), columns=["verdict", "status"])
    one = goals.agreement(rows)
    assert abs(one.kappa) < 3 * (one.high - one.low) / (2 * 1.96)
    assert one.share == pytest.approx(one.expected, abs=1)


def test_a_judge_with_one_verdict_only_has_no_kappa():
    rows = pd.DataFrame({"verdict": ["reached", "reached", None], "status": ["reached", "partly", "partly"]})
    one = goals.agreement(rows)
    assert np.isnan(one.kappa)
    assert (one.n, one.dropped) == (2, 1)
    assert np.isnan(goals.agreement(rows.iloc[:0]).kappa)


def test_a_report_has_one_verdict_however_many_targets_it_is_about(found):
    one = found.one_per_report()
    assert not one.duplicated(OWNER).any()
    assert len(one) == found.targets.dropna(subset=["report_year"])[OWNER].drop_duplicates().shape[0]


# --- how far the targets are operationalised ---


def test_what_targets_state_is_counted(final, found):
    table = goals.operationalised(final, found.targets).set_index(["theme", "intake"])
    whole, raw = table.loc[("all", "all")], final.targets
    assert whole["targets"] == len(raw)
    assert whole["with_figure"] == (raw["kind"] != "unquantified").sum()
    four = raw["indicator"].notna() & raw["value"].notna() & raw["baseline"].notna() & raw["target_year"].notna()
    assert whole["complete"] == four.sum()
    stated = raw[["indicator", "value", "baseline", "target_year"]].notna().to_numpy()
    assert whole["degree"] == pytest.approx(100 * stated.mean())
    for theme in final.programme.themes:
        parts = table.loc[theme]
        assert parts.loc[["1", "2"], "targets"].sum() == parts.loc["all", "targets"]


def test_municipalities_that_set_no_target_are_counted():
    table = goals.operationalised(study([(*SICK, 1, None, "unquantified", None, None, None, None)]))
    table = table.set_index(["theme", "intake"])
    assert table.loc[("sick_leave", "all"), ["municipalities", "without_target", "targets"]].tolist() == [2, 1, 1]
    assert table.loc[("full_time", "all"), ["without_target", "targets"]].tolist() == [1, 0]


# --- the four questions ---


def test_every_expected_report_is_accounted_for(final):
    expected = goals.expected_reports(final)
    assert expected["received"].sum() == len(final.annual_reports)
    table = goals.reporting(expected)
    assert (table["received"] + table["missing"] == table["expected"]).all()
    started = final.programme.participation.merge(final.programme.projects, on="project")
    assert table[(table["year"] == 2012) & (table["theme"] == "all")]["expected"].tolist() == [
        (started["intake"] == "1").sum()
    ]
    late = final.annual_reports
    days = pd.to_datetime(late["received"]) - pd.to_datetime((late["year"] + 1).astype(str) + "-02-01")
    assert expected["late"].sum() == (days.dt.days > 0).sum()


def test_answers_add_up_with_those_that_did_not_report(final):
    expected = goals.expected_reports(final)
    table = goals.answers(expected, 2014)
    bars = table.groupby(["theme", "question"])
    assert bars["share"].sum().to_numpy() == pytest.approx(100)
    assert (bars["reports"].sum() == bars["expected"].first()).all()
    raw = final.annual_reports[(final.annual_reports["year"] == 2014) & (final.annual_reports["theme"] == "full_time")]
    mine = table[(table["theme"] == "full_time") & (table["question"] == "documentation")].set_index("judgement")
    assert mine.loc["yes", "reports"] == (raw["documentation"] == "yes").sum()
    given = goals.advice(expected, 2014)
    assert given["reports"].sum() == (final.annual_reports["year"] == 2014).sum()
    assert goals.stated_figures(expected, 2014)["share"].sum() == pytest.approx(100)


def test_before_the_first_deadline_nothing_is_expected():
    expected = goals.expected_reports(study(as_of="2013-01-31"))
    assert expected.empty
    assert goals.answers(expected, 2012).empty
    assert goals.reporting(expected).empty
    assert len(goals.expected_reports(study(as_of="2013-02-01"))) == 2


def test_an_unanswered_question_is_not_a_missing_report():
    reports = pd.DataFrame([(*SICK, 2012, None, None)], columns=[*OWNER, "year", "documentation", "value_said"])
    expected = goals.expected_reports(study(annual_reports=reports, as_of="2013-12-31"))
    told = goals.answers(expected, 2012)
    told = told[told["question"] == "documentation"].set_index("judgement")["reports"]
    assert (told["unanswered"], told["no_report"]) == (1, 1)


# --- measures ---


def test_measures_are_counted_by_project_and_municipality():
    rows = [("S", "sick_leave", 2012, "M1", "M1"), ("S", "sick_leave", 2013, "M1", "M1")]
    rows += [("S", "sick_leave", 2013, "M1", "M2"), ("A", "full_time", 2013, "M3", "M3")]
    table = pd.DataFrame(rows, columns=["project", "theme", "year", "main_measure", "measure"])
    one = study(measures=table)
    found = goals.measures_taken(one)
    assert found["measure"].tolist() == ["M1", "M2", "M3"]
    assert found["projects"].tolist() == [1, 1, 1]
    assert found["municipalities"].tolist() == [2, 2, 1]
    assert found["main"].tolist() == [2, 0, 1]
    assert goals.measures_taken(one, "full_time")["share"].tolist() == [100]
    assert goals.measures_taken(one, year=2012)["measure"].tolist() == ["M1"]
    said = goals.with_words(one, found, "measure", "measure")["words"]
    assert said.iloc[0]["nn"] == "M1 nn"
    assert said.iloc[1] == "M2"
    with pytest.raises(InputError, match="no such theme"):
        goals.measures_taken(one, "fulltime")


# --- registers ---


def test_registers_say_what_the_municipalities_started_from(final, figures):
    """The demonstration's baselines are the other files' own figures, rounded: a known truth for every indicator."""
    told = final.targets.dropna(subset=["baseline"])
    both = told.merge(
        figures, left_on=["municipality", "indicator", "baseline_year"], right_on=["municipality", "indicator", "year"]
    )
    assert set(both["indicator"]) == set(goals.REGISTERS)
    whole = both["indicator"].isin(["vacant_positions", "competence_plans"])
    gap = (both["baseline"] - both["figure"]).abs()
    # A sector that did not answer about its plan is unknown to the register.
    assert (gap[~whole] <= 0.05 + 1e-9).all()
    assert (gap[both["indicator"] == "vacant_positions"] <= 0.5).all()
    assert (gap[both["indicator"] == "competence_plans"] <= 0.5 + 1e-9).mean() > 0.7


def test_register_figures_are_recomputed_with_plain_pandas(final, figures):
    days = final.sick_leave[final.sick_leave["quarter"].dt.year == 2013]
    sums = days.groupby("municipality")[["self_certified_days", "doctor_certified_days", "agreed_days"]].sum()
    wanted = 100 * (sums["self_certified_days"] + sums["doctor_certified_days"]) / sums["agreed_days"]
    mine = figures[figures["year"] == 2013].pivot_table(index="municipality", columns="indicator", values="figure")
    rate = mine["sick_leave_rate"].dropna()
    pd.testing.assert_series_equal(rate, wanted.reindex(rate.index), check_names=False)
    assert (rate + mine["presence_rate"].dropna()).to_numpy() == pytest.approx(100)
    staff = pd.read_parquet(final.positions)
    staff = staff[(staff["year"] == 2013) & staff["employment"].isin(["permanent", "temporary"])]
    full = 100 * (staff["percentage"] >= 100).groupby(staff["municipality"]).mean()
    assert mine["full_time_share"].dropna().to_numpy() == pytest.approx(full.to_numpy())
    counts = final.vacancies[final.vacancies["year"] == 2013].groupby("municipality")[["leavers", "employees"]].sum()
    turnover = 100 * counts["leavers"] / counts["employees"]
    assert mine["turnover"].dropna().to_numpy() == pytest.approx(turnover.to_numpy())


def test_a_year_without_every_quarter_has_no_figure():
    quarters = pd.period_range("2012Q1", "2013Q3", freq="Q-DEC")
    days = pd.DataFrame({"municipality": "0001", "quarter": quarters, "agreed_days": 1000.0})
    days = days.assign(self_certified_days=20.0, doctor_certified_days=70.0)
    found = goals.register_figures(study(sick_leave=days), ["sick_leave_rate"])
    assert found[["year", "figure"]].to_numpy().tolist() == [[2012, 9.0]]
    assert goals.register_figures(study(sick_leave=days, as_of="2012-12-30")).empty
    with pytest.raises(InputError, match="No register measures"):
        goals.register_figures(study(), ["sick_leave"])


def test_before_and_after_is_a_development_of_those_with_both_years(final, figures):
    moved = goals.before_and_after(final, "sick_leave_rate", theme="sick_leave", last=2014, figures=figures)
    taking_part = final.programme.participants("sick_leave").set_index("municipality")
    known = figures[figures["indicator"] == "sick_leave_rate"].set_index(["municipality", "year"])["figure"]
    for _, row in moved.iterrows():
        assert row["first_year"] == taking_part.loc[row["municipality"], "started"].year - 1
        early, late = known[row["municipality"], row["first_year"]], known[row["municipality"], 2014]
        assert (row["change"], row["change_percent"]) == pytest.approx((late - early, 100 * (late / early - 1)))
    assert moved["change"].is_monotonic_increasing
    yearly = goals.before_and_after(final, "mean_position_size", theme="full_time", before=2013, figures=figures)
    assert yearly[["first_year", "last_year"]].drop_duplicates().to_numpy().tolist() == [[2013, 2015]]
    assert (yearly["persons"] >= 5).all()


def test_reported_figures_are_set_against_the_same_years_register(found):
    table = found.against_registers().set_index("indicator")
    rows = found.targets.dropna(subset=["actual", "register_figure"])
    assert table.loc["all", "targets"] == len(rows) == table.drop("all")["targets"].sum()
    gap = (rows["actual"] - rows["register_figure"]).abs()
    assert table.loc["all", "same"] == (gap <= rows["rounding"] + 1e-9).sum()
    # The demonstration measures one in ten in another way; rounding moves few others.
    assert 80 < table.loc["all", "share_same"] < 100


# --- chance ---


def levels(pairs: dict[str, tuple[float, float]], indicator: str = "sick_leave_rate") -> pd.DataFrame:
    """Figures of 2011 and 2013 by municipality."""
    rows = [
        (indicator, code, year, figure, 100.0, 100.0)
        for code, pair in pairs.items()
        for year, figure in zip((2011, 2013), pair, strict=True)
    ]
    return pd.DataFrame(rows, columns=["indicator", "municipality", "year", "figure", "persons", "man_years"])


def normals(rng, count: int, rho: float, start: np.ndarray | None = None) -> np.ndarray:
    """Levels of two years: standard deviation 1 around 9, correlation rho; the first given or drawn."""
    first = rng.normal(size=count) if start is None else start - 9
    return 9 + np.column_stack([first, rho * first + np.sqrt(1 - rho**2) * rng.normal(size=count)])


def test_regression_to_the_mean_is_that_of_the_closed_form():
    rng, rho, start, change = np.random.default_rng(1), 0.6, 10.5, -0.8
    pool = normals(rng, 60_000, rho)
    pairs = {f"{1001 + place}": tuple(pair) for place, pair in enumerate(pool)}
    target = [(*SICK, 1, "sick_leave_rate", "percentage_points", start, 2011, change, 2013)]
    one = study(target, outside=len(pool))
    chance = goals.reached_by_chance(one, neighbours=1500, draws=1, figures=levels(pairs | {"0001": (start, 9.5)}))
    row, lasting = chance.targets.iloc[0], chance.persistence.iloc[0]
    spread = np.sqrt(1 - rho**2)
    expected = (1 - rho) * (9 - start)
    assert row["comparison_change"] == pytest.approx(expected, abs=0.06)
    assert row["linear_change"] == pytest.approx(expected, abs=0.02)
    assert (lasting["correlation"], lasting["slope"]) == pytest.approx((rho, rho), abs=0.01)
    reached = norm.cdf((change - expected) / spread)
    halfway = norm.cdf((change / 2 - expected) / spread)
    assert row["chance_reached"] == pytest.approx(reached, abs=0.04)
    assert row["chance_partly"] == pytest.approx(halfway - reached, abs=0.04)
    assert row["comparison_level"] == pytest.approx(start, abs=0.05)


def simulated(seed: int, effect: float) -> pd.DataFrame:
    """Fifty high starters that aim at one point lower, against 300 others, correlation 0.6; one run of the chapter."""
    rng = np.random.default_rng(seed)
    members = [("0001", "A"), *((f"{place:04d}", "S") for place in range(1, 51))]
    mine = normals(rng, 50, 0.6, start=9.0 + np.abs(rng.normal(size=50)))
    mine[:, 1] += effect
    others = normals(rng, 300, 0.6)
    codes = [code for code, _ in members[1:]]
    targets = [
        (code, "S", "sick_leave", 1, "sick_leave_rate", "percentage_points", round(pair[0], 1), 2011, -1.0, 2013)
        for code, pair in zip(codes, mine, strict=True)
    ]
    pairs = dict(zip(codes, map(tuple, mine), strict=True))
    pairs |= {f"{1001 + place}": tuple(pair) for place, pair in enumerate(others)}
    one = study(targets, members=members, outside=300)
    return goals.reached_by_chance(one, draws=199, seed=seed, figures=levels(pairs)).by().iloc[0]


def test_without_a_programme_the_number_reached_is_what_chance_gives():
    runs = [simulated(seed, effect=0.0) for seed in range(24)]
    inside = sum(run["low"] <= run["reached"] <= run["high"] for run in runs)
    assert inside >= 21
    # High starters reach one point by themselves far more often than the others as a whole do.
    assert np.mean([run["reached"] for run in runs]) == pytest.approx(
        np.mean([run["expected"] for run in runs]), abs=1.5
    )
    assert np.mean([run["share_expected"] for run in runs]) > 18


def test_what_a_programme_adds_is_seen_above_chance():
    runs = [simulated(seed, effect=-0.8) for seed in range(5)]
    assert all(run["reached"] > run["high"] for run in runs)
    assert all(run["as_many"] < 2.5 for run in runs)


def toy(kind: str, value: float, others: list[tuple[float, float]], **options) -> goals.Chance:
    pairs = {f"{1001 + place}": pair for place, pair in enumerate(others)} | {"0001": (10.0, 8.9)}
    targets = [(*SICK, number, "sick_leave_rate", kind, 10.0, 2011, value, 2013) for number in (1, 2)]
    return goals.reached_by_chance(study(targets, outside=len(others)), figures=levels(pairs), **options)


def test_others_are_asked_the_same_change_in_the_same_form():
    others = [(10.0, 9.0), (8.0, 7.1), (12.0, 11.0), (20.0, 1.0)]
    relative = toy("per_cent", -10, others, neighbours=3).targets.iloc[0]
    # Ten per cent of 10, 8 and 12: reached, reached, not (but most of the way).
    assert (relative["chance_reached"], relative["chance_partly"]) == pytest.approx((2 / 3, 1 / 3))
    absolute = toy("level", 9.0, others, neighbours=3).targets.iloc[0]
    assert (absolute["chance_reached"], absolute["chance_partly"]) == pytest.approx((2 / 3, 1 / 3))
    points = toy("percentage_points", -0.95, others, neighbours=3).targets.iloc[0]
    assert points["chance_reached"] == pytest.approx(2 / 3)
    assert relative["status"] == "reached"


def test_the_targets_of_one_participant_stand_or_fall_with_one_comparison_municipality():
    rng = np.random.default_rng(2)
    chance = toy("level", 9.5, [tuple(pair) for pair in normals(rng, 40, 0.5)], neighbours=10, draws=50)
    assert (chance.draws[:, 0] == chance.draws[:, 1]).all()
    again = toy(
        "level", 9.5, [tuple(pair) for pair in normals(np.random.default_rng(2), 40, 0.5)], neighbours=10, draws=50
    )
    assert (again.draws == chance.draws).all()


def test_targets_that_cannot_be_put_to_others_are_accounted_for(final, figures):
    chance = goals.reached_by_chance(final, figures=figures, draws=9)
    assert chance.dropped["targets"].sum() + len(chance.targets) == len(final.targets)
    assert chance.by(["theme"])["targets"].sum() == len(chance.targets)
    early = goals.reached_by_chance(final, figures=figures, draws=9, last=2013)
    assert early.targets["judged_year"].max() == 2013
    assert (chance.targets["judged_year"] > chance.targets["baseline_year"]).all()


def test_too_few_to_compare_with_is_said():
    with pytest.raises(InputError, match="Only 3 municipalities"):
        toy("level", 9.0, [(10.0, 9.0)] * 3, neighbours=5)
    with pytest.raises(InputError, match=r"neighbours.*\n.*draws"):
        toy("level", 9.0, [(10.0, 9.0)] * 3, neighbours=1, draws=0)
    absent = toy("level", 9.0, [(10.0, 9.0), (9.0, np.nan), (8.0, 8.0)], neighbours=3)
    assert absent.dropped.to_numpy().tolist() == [["few_comparisons", 2]]
    assert absent.by().iloc[0]["targets"] == 0


# --- forms filled by hand ---


@pytest.mark.parametrize(
    ("cell", "figure", "how"),
    [
        ("8,5 %.", 8.5, "exact"),
        ("8,5*", 8.5, "approximate"),
        ("0,5 %-poeng", 0.5, "exact"),
        ("12 stk.", 12, "exact"),
        ("nesten 9", 9, "approximate"),
        ("i underkant av 9 %", 9, "approximate"),
        ("+/- 9", 9, "approximate"),
        ("8-9 %.", 8.5, "range"),
        ("0–2 %", 1, "range"),
        ("-2–2", None, "unread"),
        ("1.234.", None, "unread"),
        ("8,5 % i 2012", None, "unread"),
        ("under 9 %.", None, "bound"),
    ],
)
def test_more_ways_of_writing_a_figure_are_read_or_left_alone(cell, figure, how):
    read = amounts(pd.Series([cell], dtype="object"))
    assert read.how.tolist() == [how]
    assert read.figures.tolist() == [figure] if figure is not None else read.figures.isna().all()


def test_the_half_width_of_a_range_is_told():
    assert amounts(pd.Series(["mellom 8 og 9", "8,5"])).half_width.tolist() == [0.5, 0.0]


def test_a_cell_formatted_as_a_percentage_is_read_as_people_see_it(tmp_path):
    book = openpyxl.Workbook()
    for row in [(None, "Verdi ved start:", 0.086), (None, "Verdi ved slutt", 8.5), (None, "Andel", 0.5)]:
        book.active.append(row)
    book.active["C1"].number_format = "0.0%"
    book.save(tmp_path / "form.xlsx")
    form = read_form(tmp_path / "form.xlsx", labels="B", values="C").frame.iloc[0]
    assert form.tolist() == [8.6, 8.5, 0.5]


def test_a_verdict_with_a_stop_after_it_is_read_and_an_unknown_one_is_left_to_the_message():
    from evaluation.tables import TABLES
    from evaluation.tables.tidy import coded

    verdict = next(column for column in TABLES["annual_reports"].columns if column.name == "verdict")
    source = SimpleNamespace(codes={"verdict": {"Delvis nådd": "partly", "Nådd": "reached"}})
    codes, unknown = coded(verdict, pd.Series(["Delvis  nådd.", "NÅDD!", "nesten"]), source)
    assert codes.tolist()[:2] == ["partly", "reached"]
    assert unknown.tolist() == [False, False, True]
