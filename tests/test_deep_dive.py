"""Deep dives: every figure recomputed from the rows, the gap by brute force and simulation, the messages read."""

from __future__ import annotations

import datetime
import string
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from evaluation import deep_dive, positions
from evaluation.deep_dive.gaps import FEW, Sums, gap_to_peers
from evaluation.deep_dive.notes import TEXTS
from evaluation.disclosure import release
from evaluation.errors import InputError
from evaluation.language import Words, labels
from evaluation.municipalities import Register
from evaluation.programme import Programme

EXACT = 1e-9
FRAMES = ("peers", "facts", "sick_leave", "bands", "position_years", "gaps", "sectors")
FRAMES += ("comparators", "neighbours", "balance", "donors")
SECTORS = ("education", "health_care")
# code, name, county, KOSTRA group, population, group, earlier
TOWNS = [
    ("0061", "Askvær", "Øst", "2", 4000, "participants", False),
    ("0062", "Bergsund", "Øst", "2", 9000, "participants", False),
    ("0063", "Tvilling", "Øst", "9", 700, "participants", False),
    *[(f"00{70 + i}", f"Nabo {chr(65 + i)}", "Øst", "2", 3000 + 500 * i, "others", i == 0) for i in range(6)],
    *[(f"61{10 + i}", f"Fjern {chr(65 + i)}", "Vest", "5", 600 + 200 * i, "others", False) for i in range(7)],
    ("6140", "Tvilling", "Vest", None, 5000, "others", False),
    ("6150", "Samling", "Vest", "5", 2500, "others", False),
]
RETIRED = [("6151", "Nordre"), ("6152", "Søndre")]


def text(word: str) -> dict[str, str]:
    return dict.fromkeys(("nb", "nn", "en"), word)


def make_programme() -> Programme:
    definition = {
        "code": "example",
        "name": text("Example"),
        "start": datetime.date(2011, 3, 14),
        "end": "2015-12-31",
        "themes": {"sick_leave": text("Sick leave"), "full_time": text("Full time")},
        "intakes": [
            {"intake": "1", "label": text("One"), "started": "2012-01-01"},
            {"intake": "2", "label": text("Two"), "started": "2013-04-01"},
        ],
    }
    projects = [
        ("A", "full_time", "Alone", "1", "N"),
        ("J", "sick_leave", "Joint", "2", None),
        ("U", "sick_leave", "U", None, None),
    ]
    cases = [("alone", "A", "full_time", 1, "b", "n", "e"), ("joint", "J", "sick_leave", 1, "b", "n", "e")]
    cases.append(("undated", "U", "sick_leave", 1, "b", "n", "e"))
    return Programme.from_frames(
        definition,
        {
            "projects": pd.DataFrame(projects, columns=["project", "theme", "name", "intake", "network"]),
            "participation": pd.DataFrame(
                [("0061", "A"), ("0061", "J"), ("0062", "J"), ("0063", "U")], columns=["municipality", "project"]
            ),
            "networks": pd.DataFrame([("N", "full_time", "Net")], columns=["network", "theme", "name"]),
            "cases": pd.DataFrame(
                cases, columns=["case", "project", "theme", "wave", "title_nb", "title_nn", "title_en"]
            ),
        },
    )


def make_register() -> Register:
    rows = [(code, name, 1900, 2012 if code == "" else None, None, county) for code, name, county, *_ in TOWNS]
    rows = [(*row[:2], 2012 if row[0] == "6150" else 1900, *row[3:]) for row in rows]
    rows += [(code, name, 1900, 2011, "6150", "Vest") for code, name in RETIRED]
    frame = pd.DataFrame(rows, columns=["code", "name", "valid_from", "valid_to", "successor_code", "county_name"])
    return Register(
        frame.assign(successor_weight=None, county_code=frame["county_name"].map({"Øst": "00", "Vest": "61"})),
        "the invented register",
        "made up",
    )


def make_sick_leave(rng: np.random.Generator, quarters: pd.PeriodIndex) -> pd.DataFrame:
    rows = [
        (code, quarter, sector, sex)
        for code, *_ in TOWNS
        for quarter in quarters
        for sector in SECTORS
        for sex in ("women", "men")
    ]
    frame = pd.DataFrame(rows, columns=["municipality", "quarter", "sector", "sex"])
    frame["quarter"] = pd.PeriodIndex(frame["quarter"], freq="Q-DEC")
    size = frame["municipality"].map({code: population for code, _, _, _, population, *_ in TOWNS})
    frame["agreed_days"] = (size * rng.uniform(0.8, 1.2, len(frame))).round(1)
    frame["self_certified_days"] = (frame["agreed_days"] * rng.uniform(0.01, 0.03, len(frame))).round(1)
    frame["doctor_certified_days"] = (frame["agreed_days"] * rng.uniform(0.05, 0.09, len(frame))).round(1)
    return frame


def make_positions(rng: np.random.Generator) -> pd.DataFrame:
    parts = []
    for place, (code, *_rest, population, _, _) in enumerate(TOWNS):
        for year in (2010, 2011, 2012, 2013):
            rows = population // 20
            size = rng.choice([100, 100, 80, 50, 50, 20, 12.5], rows)
            parts.append(
                pd.DataFrame({"municipality": code, "year": year, "person": place * 10_000 + np.arange(rows) // 2 * 2})
                .assign(percentage=size, sector="education", sex="women", birth_year=1970, position_code="7000")
                .assign(employment=rng.choice(["permanent", "substitute"], rows, p=[0.9, 0.1]))
            )
    return pd.concat(parts, ignore_index=True)


def make_study(seed: int = 1, *, last: str = "2013Q4", first: str = "2009Q1") -> SimpleNamespace:
    rng = np.random.default_rng(seed)
    columns = ["municipality", "name", "county", "kostra_group", "population", "group", "earlier"]
    towns = pd.DataFrame(TOWNS, columns=columns).assign(
        intake=lambda f: f["municipality"].map({"0061": "1", "0062": "2"}),
        themes=lambda f: f["municipality"].map({"0061": "full_time, sick_leave"}).fillna(""),
    )
    return SimpleNamespace(
        programme=make_programme(),
        register=make_register(),
        division=2013,
        municipalities=towns,
        sick_leave=make_sick_leave(rng, pd.period_range(first, last, freq="Q-DEC")),
        positions=make_positions(rng),
    )


@pytest.fixture(scope="module")
def study() -> SimpleNamespace:
    return make_study()


@pytest.fixture(scope="module")
def alone(study) -> deep_dive.CaseComparison:
    return deep_dive.compare(study, "alone")


NEIGHBOURS = [f"00{70 + i}" for i in range(6)]


def rate_by_hand(
    study, codes, first: str, last: str, columns=("self_certified_days", "doctor_certified_days"), sector=None
) -> float:
    table = study.sick_leave if sector is None else study.sick_leave[study.sick_leave["sector"] == sector]
    inside = table["quarter"].between(pd.Period(first, freq="Q-DEC"), pd.Period(last, freq="Q-DEC"))
    rows = table[table["municipality"].isin(codes) & inside]
    return 100 * rows[list(columns)].to_numpy().sum() / rows["agreed_days"].sum()


def sizes_by_hand(study, codes, year: int) -> pd.Series:
    rows = study.positions
    rows = rows[rows["municipality"].isin(codes) & (rows["year"] == year) & (rows["employment"] == "permanent")]
    return rows.groupby("person")["percentage"].sum()


# Who is compared


def test_peers_are_those_of_the_same_kostra_group_that_never_took_part(alone):
    assert alone.peers["municipality"].tolist() == NEIGHBOURS
    assert set(alone.peers["step"]) == {"kostra_group"} == {alone.peer_rule}
    assert alone.names == ("Askvær",)
    assert alone.reference == pd.Period("2012Q1", freq="Q-DEC")


def test_participants_of_a_predecessor_can_be_left_out(study):
    found = deep_dive.compare(study, "alone", exclude_earlier=True)
    assert found.peers["municipality"].tolist() == NEIGHBOURS[1:]


def test_the_circle_is_widened_in_the_documented_order_and_every_step_is_told(study):
    found = deep_dive.compare(study, "alone", minimum_peers=7)
    assert [note.key for note in found.notes if note.key.startswith("widened")] == ["widened_to_population"]
    assert found.peer_rule == "population"
    added = found.peers[found.peers["step"] == "population"]
    assert added["municipality"].tolist() == ["6140", "6150"]
    widest = deep_dive.compare(study, "alone", minimum_peers=40)
    keys = [note.key for note in widest.notes]
    assert [key for key in keys if "wide" in key or key == "few_peers"] == [
        "widened_to_population",
        "widened_to_country",
        "few_peers",
    ]
    assert len(widest.peers) == sum(town[5] == "others" for town in TOWNS)
    county = deep_dive.compare(study, "alone", peers="county")
    assert county.peers["municipality"].tolist() == NEIGHBOURS


def test_peers_can_be_named_but_not_from_the_programme(study):
    found = deep_dive.compare(study, "alone", peers=["Nabo B", "6112"])
    assert found.peers["municipality"].tolist() == ["0071", "6112"]
    assert found.peer_rule == "chosen"
    with pytest.raises(InputError, match="took part in the programme"):
        deep_dive.compare(study, "alone", peers=["0062"])
    with pytest.raises(InputError, match="list of peers is empty"):
        deep_dive.compare(study, "alone", peers=[])


def test_a_joint_case_is_pooled_as_one(study):
    found = deep_dive.compare(study, "joint")
    assert found.case.municipalities == ("0061", "0062")
    assert "joint" in [note.key for note in found.notes]
    last = found.sick_leave[(found.sick_leave["who"] == "case")].iloc[-1]
    assert last["rate"] == pytest.approx(rate_by_hand(study, ["0061", "0062"], "2013Q1", "2013Q4"), abs=EXACT)
    assert len(found.facts) == 2


# The figures


@pytest.mark.parametrize(
    ("who", "codes"), [("case", ["0061"]), ("peers", NEIGHBOURS), ("country", [t[0] for t in TOWNS])]
)
def test_sick_leave_is_pooled_over_man_days(study, alone, who, codes):
    rolled = alone.sick_leave.set_index(["who", "quarter"])["rate"]
    for last in ("2009Q4", "2011Q2", "2013Q4"):
        first = str(pd.Period(last, freq="Q-DEC") - 3)
        wanted = rate_by_hand(study, codes, first, last)
        assert rolled[who, pd.Period(last, freq="Q-DEC")] == pytest.approx(wanted, abs=EXACT)


def test_the_spread_of_peers_is_over_their_own_rates(study, alone):
    own = [rate_by_hand(study, [code], "2012Q3", "2013Q2") for code in NEIGHBOURS]
    quarter = pd.Period("2013Q2", freq="Q-DEC")
    row = alone.sick_leave[(alone.sick_leave["who"] == "peers") & (alone.sick_leave["quarter"] == quarter)].iloc[0]
    assert (row["low"], row["high"]) == pytest.approx(tuple(np.quantile(own, [0.1, 0.9])), abs=EXACT)
    others = alone.sick_leave[alone.sick_leave["who"] != "peers"]
    assert others[["low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize(("who", "codes"), [("case", ["0061"]), ("peers", NEIGHBOURS)])
def test_position_sizes_are_per_employee(study, alone, who, codes):
    years = alone.position_years.set_index(["who", "year"])
    for year in (2010, 2013):
        size = sizes_by_hand(study, codes, year)
        assert years.loc[(who, year), "mean_size"] == pytest.approx(size.mean(), abs=EXACT)
        assert years.loc[(who, year), "full_time_share"] == pytest.approx(100 * (size >= 100).mean(), abs=EXACT)
        assert years.loc[(who, year), "persons"] == len(size)
    bands = alone.bands[alone.bands["who"] == who].set_index(["when", "band"])
    size = sizes_by_hand(study, codes, 2011)
    assert bands.loc[("before", "50-74.9"), "persons"] == ((size >= 50) & (size < 75)).sum()
    assert bands.loc["after", "share"].sum() == pytest.approx(100)
    assert alone.windows["year"].tolist() == [2011, 2013]


def test_the_facts_are_those_of_the_last_count(study, alone):
    row = alone.facts.iloc[0]
    size = sizes_by_hand(study, ["0061"], 2013)
    assert (row["persons"], row["population"], row["network"], row["theme"]) == (len(size), 4000, "N", "full_time")
    assert row["man_years"] == pytest.approx(size.sum() / 100)
    assert row["started"] == pd.Period("2012Q1", freq="Q-DEC")


def test_gaps_are_the_difference_of_the_changes(study, alone):
    row = alone.gap("sick_leave_rate")
    before = rate_by_hand(study, ["0061"], "2011Q1", "2011Q4"), rate_by_hand(study, NEIGHBOURS, "2011Q1", "2011Q4")
    after = rate_by_hand(study, ["0061"], "2013Q1", "2013Q4"), rate_by_hand(study, NEIGHBOURS, "2013Q1", "2013Q4")
    assert (row["before"], row["peers_before"]) == pytest.approx(before, abs=EXACT)
    assert row["gap"] == pytest.approx(after[0] - before[0] - after[1] + before[1], abs=EXACT)
    assert row["low"] < row["gap"] < row["high"]
    row = alone.gap("full_time_share")
    case, peers = (
        [100 * (sizes_by_hand(study, codes, y) >= 100).mean() for y in (2011, 2013)] for codes in (["0061"], NEIGHBOURS)
    )
    assert row["gap"] == pytest.approx(case[1] - case[0] - peers[1] + peers[0], abs=EXACT)
    assert row["persons"] == min(len(sizes_by_hand(study, ["0061"], year)) for year in (2011, 2013))
    assert alone.gaps["outcome"].tolist() == [
        "sick_leave_rate", "self_certified_rate", "doctor_certified_rate", "mean_size", "full_time_share"
    ]  # fmt: skip


@pytest.mark.parametrize(("side", "codes"), [("", ["0061"]), ("peers_", NEIGHBOURS)])
def test_kinds_and_sectors_of_sick_leave_are_pooled_over_man_days_too(study, alone, side, codes):
    for kind in ("self_certified", "doctor_certified"):
        wanted = rate_by_hand(study, codes, "2011Q1", "2011Q4", [f"{kind}_days"])
        assert alone.gap(f"{kind}_rate")[f"{side}before"] == pytest.approx(wanted, abs=EXACT)
    assert alone.sectors["outcome"].tolist() == list(SECTORS)
    for _, row in alone.sectors.iterrows():
        wanted = rate_by_hand(study, codes, "2013Q1", "2013Q4", sector=row["outcome"])
        assert row[f"{side}after"] == pytest.approx(wanted, abs=EXACT)


def test_a_sector_has_the_gap_of_a_study_of_that_sector_alone(study, alone):
    only = SimpleNamespace(**vars(study))
    only.sick_leave = study.sick_leave[study.sick_leave["sector"] == "education"].reset_index(drop=True)
    wanted = deep_dive.compare(only, "alone").gap("sick_leave_rate")
    row = alone.sectors.set_index("outcome").loc["education"]
    measured = ["before", "after", "gap", "low", "high", "placebo_share", "man_years"]
    assert row[measured].tolist() == pytest.approx(wanted[measured].tolist())


def test_row_order_and_a_histogram_made_before_change_nothing(study, alone):
    other = SimpleNamespace(**vars(study))
    other.sick_leave = study.sick_leave.sample(frac=1, random_state=2).reset_index(drop=True)
    other.positions = study.positions.sample(frac=1, random_state=2).reset_index(drop=True)
    other.municipalities = study.municipalities.sample(frac=1, random_state=2).reset_index(drop=True)
    before = study.sick_leave.copy()
    hist = positions.histogram(study.positions, by=("municipality", "year", "sex"), view="employee")
    for again in (deep_dive.compare(other, "alone"), deep_dive.compare(study, "alone", hist=hist)):
        for name in FRAMES:
            assert_frame_equal(getattr(again, name), getattr(alone, name), rtol=1e-12)
        assert again.notes == alone.notes
    assert_frame_equal(study.sick_leave, before)


def test_every_frame_can_be_released(alone):
    assert len(release(alone.sick_leave, values=["rate", "lost_days", "agreed_days"], man_years="man_years").data)
    bands = release(alone.bands, values=["share"], persons="persons", man_years="man_years", within=("who", "when"))
    assert bands.data.loc[bands.withheld, "share"].isna().all()
    assert not release(
        alone.position_years, values=["mean_size"], persons="persons", man_years="man_years"
    ).withheld.any()
    assert not release(alone.gaps, values=["gap"], man_years="man_years").withheld.any()


# The gap, judged


def sums(rng, sizes, *, common=0.0, shift=0.0) -> Sums:
    n = np.asarray(sizes, dtype=float)
    before = rng.normal(9, 1, len(n)) + 20 * rng.standard_normal(len(n)) / np.sqrt(n)
    after = before + shift + common * rng.standard_normal(len(n)) + 20 * rng.standard_normal(len(n)) / np.sqrt(n)
    return Sums(before * n, n, after * n, n)


def test_the_placebo_share_is_a_rank_by_brute_force():
    rng = np.random.default_rng(3)
    case, peers = sums(rng, [700.0]), sums(rng, np.full(14, 700.0))
    found = gap_to_peers(case, peers)
    # Equal sizes: the spread is the same for all, so plain gaps rank as standardised ones do.
    change = peers.top_after / 700 - peers.top_before / 700
    own = float((case.top_after - case.top_before)[0] / 700)
    placebo = [change[i] - np.delete(change, i).mean() for i in range(14)]
    assert found.gap == pytest.approx(own - change.mean())
    assert found.placebo_share == pytest.approx((1 + sum(abs(p) >= abs(found.gap) for p in placebo)) / 15)
    assert (found.rank, found.among) == (1 + sum(p < found.gap for p in placebo), 15)
    assert found.standard_error == pytest.approx(np.sqrt(np.mean(np.square(placebo))), rel=1e-6)


@pytest.mark.parametrize("size", [250.0, 1100.0, 5000.0])
@pytest.mark.parametrize("common", [0.0, 1.0])
def test_an_ordinary_case_is_seldom_called_unusual_whatever_its_size(size, common):
    rng = np.random.default_rng(int(size) + int(common))
    covered, small, runs = 0, 0, 400
    for _ in range(runs):
        sizes = np.exp(rng.normal(7, 1, 40))
        found = gap_to_peers(sums(rng, [size], common=common), sums(rng, sizes, common=common))
        covered += found.low <= 0 <= found.high
        small += found.placebo_share <= 0.1
    assert covered / runs > 0.90
    assert 0.05 < small / runs < 0.16


def test_few_peers_make_the_interval_wider_not_narrower():
    rng = np.random.default_rng(9)
    covered = 0
    for _ in range(300):
        peers = sums(rng, np.exp(rng.normal(7, 1, FEW - 4)))
        found = gap_to_peers(sums(rng, [250.0]), peers)
        covered += found.low <= 0 <= found.high
    assert covered / 300 > 0.93


def test_a_case_that_moved_is_found():
    rng = np.random.default_rng(5)
    found = gap_to_peers(sums(rng, [2000.0], shift=-4.0), sums(rng, np.full(30, 2000.0)))
    assert found.high < 0
    assert (found.rank, found.placebo_share) == (1, pytest.approx(1 / 31))


def test_a_single_peer_gives_a_gap_and_no_claim_about_it():
    rng = np.random.default_rng(5)
    found = gap_to_peers(sums(rng, [100.0]), sums(rng, [100.0]))
    assert np.isfinite(found.gap)
    assert np.isnan([found.low, found.high, found.placebo_share]).all()


def test_identical_changes_have_a_gap_of_zero_and_the_middle_of_nothing():
    peers = Sums(*(np.full(6, value) for value in (900.0, 100.0, 1000.0, 100.0)))
    found = gap_to_peers(
        Sums(*(part[:1] for part in (peers.top_before, peers.bottom_before, peers.top_after, peers.bottom_after))),
        peers,
    )
    assert (found.gap, found.standard_error, found.placebo_share) == (0.0, 0.0, 1.0)


# Remarks and refusals


def keys(found: deep_dive.CaseComparison) -> set[str]:
    return {note.key for note in found.notes}


def test_a_case_without_a_period_before_shows_levels_and_says_so():
    study = make_study(first="2011Q3")
    found = deep_dive.compare(study, "alone")
    assert "no_quarters_before" in keys(found)
    assert len(found.sick_leave)
    assert found.sectors.empty
    assert set(found.gaps["outcome"]) == {"mean_size", "full_time_share"}
    assert found.gap("sick_leave_rate") is None


def test_a_case_that_had_not_started_claims_no_change():
    study = make_study(last="2012Q4")
    study.positions = study.positions[study.positions["year"] <= 2012]
    found = deep_dive.compare(study, "joint")
    assert {"not_started", "no_year_after"} <= keys(found)
    assert found.gaps.empty
    assert found.sectors.empty
    assert release(found.development(), values=["gap"], man_years="counted", within=["split"]).data.empty
    assert len(found.sick_leave)


def test_a_window_that_reaches_back_before_the_start_is_told(study):
    found = deep_dive.compare(study, "joint")
    note = next(note for note in found.notes if note.key == "short_after")
    assert note.given == {"quarters": 3}


def test_peers_and_cases_that_lack_a_quarter_are_left_out_and_told(study):
    other = SimpleNamespace(**vars(study))
    table = study.sick_leave
    gone = (table["municipality"] == "0072") & (table["quarter"] == pd.Period("2011Q2", freq="Q-DEC"))
    other.sick_leave = table[~gone]
    found = deep_dive.compare(other, "alone")
    note = next(note for note in found.notes if note.key == "peers_incomplete")
    assert note.given == {"left_out": 1, "peers": 6, "outcomes": [labels()["short.sick_leave_rate"]]}
    assert found.gap("sick_leave_rate")["municipalities"] == 5
    gone = (table["municipality"] == "0061") & (table["quarter"] == pd.Period("2013Q2", freq="Q-DEC"))
    other.sick_leave = table[~gone]
    found = deep_dive.compare(other, "alone")
    assert "case_incomplete" in keys(found)
    assert found.gap("sick_leave_rate") is None
    assert found.gap("mean_size") is not None


def test_any_municipality_can_be_described_by_its_name_and_a_note_says_what_it_is(study):
    found = deep_dive.compare(study, "Nabo C")
    assert found.case.municipalities == ("0072",)
    assert "0072" not in set(found.peers["municipality"])
    assert "not_participant" in keys(found)
    assert found.reference == pd.Period("2012Q1", freq="Q-DEC")
    participant = deep_dive.compare(study, "Bergsund")
    assert participant.reference == pd.Period("2013Q2", freq="Q-DEC")
    assert participant.case.theme == "sick_leave"


def test_a_municipality_that_merged_is_followed_and_told(study):
    by_old_name = deep_dive.compare(study, "Nordre")
    assert by_old_name.case.municipalities == ("6150",)
    note = next(note for note in by_old_name.notes if note.key == "merged")
    assert note.given == {"name": "Samling", "parts": ["Nordre", "Søndre"]}
    assert "group_unknown" in keys(deep_dive.compare(study, "6140"))


def test_an_undated_case_is_measured_from_the_programmes_first_start(study):
    found = deep_dive.compare(study, "undated", peers="country")
    assert "start_unknown" in keys(found)
    assert found.facts["started"].isna().all()


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("alnoe", {}, "No deep-dive case.*Cases near it: alone"),
        ("Bergsun", {}, "Did you mean .*Bergsund"),
        ("Tvilling", {}, "ambiguous name.*0063.*6140"),
        ("0999", {}, "No deep-dive case, and unknown municipality"),
        ("alone", {"peers": "kostragroup"}, "Unknown rule for peers. Did you mean 'kostra_group'"),
        ("alone", {"minimum_peers": 0}, "At least one peer"),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(study, name, options, message):
    with pytest.raises(InputError, match=f"(?s){message}"):
        deep_dive.compare(study, name, **options)


def test_no_peers_and_a_wrong_histogram_are_refused(study):
    nobody = SimpleNamespace(**vars(study))
    nobody.municipalities = study.municipalities.assign(group="participants")
    with pytest.raises(InputError, match="No municipality outside the programme"):
        deep_dive.compare(nobody, "alone")
    with pytest.raises(InputError, match="does not fit"):
        deep_dive.compare(study, "alone", hist=positions.histogram(study.positions))
    fewer = SimpleNamespace(**vars(study))
    fewer.municipalities = study.municipalities[study.municipalities["municipality"] != "0062"]
    with pytest.raises(InputError, match=r"value '0062'.*not in the study"):
        deep_dive.compare(fewer, "joint")


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_every_remark_reads_in_every_language(language):
    values = {"minimum": 5, "found": 3, "names": ["A", "B"], "name": "C", "parts": ["D", "E"], "quarters": 2}
    values |= {"reference": pd.Period("2012Q1", freq="Q-DEC"), "last": pd.Period("2012Q4", freq="Q-DEC")}
    values |= {
        "left_out": 1,
        "peers": 6,
        "outcome": "sick_leave_rate",
        "asked": 40,
        "error": 0.5,
        "noise": 0.2,
        "periods": [2010],
        "cases": 3,
    }
    values |= {"outcomes": [labels()["sick_leave_rate"], labels()["mean_size"]], "told": text("Told.")}
    for key, texts in TEXTS.items():
        asked = {name.split(":")[0] for _, name, _, _ in string.Formatter().parse(texts[language]) if name}
        note = deep_dive.Note(key, {name: values[name] for name in asked})
        said = Words(language).say(dict(note.text), **note.given)
        assert "{" not in said
        assert said.endswith(".")
