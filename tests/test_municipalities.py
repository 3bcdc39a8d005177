"""Municipalities: what cells mean, which codes are in force, and series that keep to one division with nothing lost."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.errors import InputError
from evaluation.municipalities import REFERENCE, Register, SplitError
from evaluation.municipalities.names import read_label, shown

MERGED = {"1756": ("1723", "1729"), "1903": ("1901", "1915")}


@pytest.fixture(scope="module")
def norway() -> Register:
    return Register.norwegian()


@pytest.fixture(scope="module")
def man_days(norway: Register) -> pd.DataFrame:
    """Made-up man-days for every municipality, quarter of 2008-2015 and two sectors, by the codes of each year."""
    rng = np.random.default_rng(2008)
    parts = [
        pd.DataFrame({"municipality": norway.valid(quarter.year)["code"], "quarter": quarter, "sector": sector})
        for quarter in pd.period_range("2008Q1", "2015Q4", freq="Q-DEC")
        for sector in ("health_care", "education")
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["lost_days"] = rng.uniform(10, 9_000, len(frame)).round(1)
    frame["agreed_days"] = rng.uniform(20_000, 90_000, len(frame)).round(1)
    return frame


def small(**changes: list[object]) -> Register:
    """A register of five invented codes: 0001 and 0002 become 0003 in 2012; 0004 is divided between 0003 and 0005."""
    columns: dict[str, list[object]] = {
        "code": ["0001", "0002", "0003", "0004", "0004", "0005"],
        "name": ["Nordby", "Sørby", "Storby", "Delt", "Delt", "Resten"],
        "valid_from": [1900, 1900, 2012, 1900, 1900, 2014],
        "valid_to": [2011, 2011, None, 2013, 2013, None],
        "successor_code": ["0003", "0003", None, "0003", "0005", None],
        "successor_weight": [None, None, None, 0.4, 0.6, None],
        "county_code": ["00"] * 6,
        "county_name": ["Fylket"] * 6,
    }
    return Register(pd.DataFrame(columns | changes), "invented", "made up")


def read(register: Register, *values: object, year: int | None = None) -> list[str]:
    return list(register.resolve(pd.Series(list(values), dtype=object), year=year))


def refusal(register: Register, *values: object, year: int | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read(register, *values, year=year)
    return str(caught.value)


# The division of a year


@pytest.mark.parametrize(
    ("year", "number"),
    [(2006, 431), (2008, 430), (2010, 430), (2011, 430), (2012, 429), *((year, 428) for year in range(2013, 2017))],
)
def test_number_of_municipalities_is_the_published_one(norway: Register, year: int, number: int) -> None:
    valid = norway.valid(year)
    assert len(valid) == valid["code"].nunique() == number


def test_the_division_of_2024_is_the_one_statistics_norway_publishes(norway: Register) -> None:
    sent = json.loads((Path(__file__).parent / "data" / "klass131_codesAt_2026-01-01.json").read_text(encoding="utf-8"))
    published = {one["code"] for one in sent["codes"]} - {"9999"}
    assert set(norway.valid(2024)["code"]) == published
    before = [code for code in norway.valid(2023)["code"] if code != "1507"]
    assert set(norway.mapping(before, division=2024).values()) == published - {"1508", "1580"}
    with pytest.raises(SplitError, match="1507 Ålesund was divided after 2023 between 1508 Ålesund, 1580 Haram"):
        norway.successor("1507", division=2024)


def test_a_year_the_register_does_not_cover_is_refused(norway: Register) -> None:
    for ask in (lambda: norway.valid(2027), lambda: norway.valid(2005), lambda: read(norway, "0301", year=2027)):
        with pytest.raises(InputError, match="covers 2006-2026"):
            ask()


# Reading cells


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("0301", "0301"),
        ("301", "0301"),
        (301, "0301"),
        (301.0, "0301"),
        ("301.0", "0301"),
        ("K-0301", "0301"),
        ("0301 Oslo", "0301"),
        ("301 Oslo", "0301"),
        ("0301 Oslo kommune", "0301"),
        ("  oslo\u00a0kommune ", "0301"),
        ("Oslo", "0301"),
        ("Trondheim - Tråante", "1601"),
        ("Harstad - Hárstták", "1903"),
        ("Hárstták - Harstad", "1903"),
        ("1903 Harstad - Hárstták (2013-2019)", "1903"),
        ("0101 Halden (-2019)", "0101"),
        ("Halden (-2019)", "0101"),
        ("Divtasvuodna - Tysfjord", "1850"),
        ("Deatnu - Tana", "2025"),
        ("Snåsa", "1736"),
        ("Herøy (Nordland)", "1818"),
        ("Herøy (Møre og Romsdal)", "1515"),
        ("Bø (Telem.)", "0821"),
        ("Bø i Telemark", "0821"),
        ("Nord-Aurdal", "0542"),
        ("Øvre-Eiker", "0624"),
        ("A\u030asnes", "0425"),
    ],
)
def test_a_cell_is_read_as_files_write_it(norway: Register, value: object, code: str) -> None:
    assert read(norway, value, year=2013) == [code]


def test_every_name_statistics_norway_prints_is_read_as_the_code_of_its_year(norway: Register) -> None:
    table = pd.read_csv(REFERENCE / "population_municipality_2005_2018_asreported_codes.csv", dtype={"code": str})
    table = table[table["year"] >= 2006].reset_index(drop=True)
    assert len(table) > 5_000
    assert list(norway.resolve(table["name"], year=table["year"])) == list(table["code"])


def test_a_name_that_moved_from_code_to_code_is_read_as_that_of_its_year(norway: Register) -> None:
    names = pd.Series(["Harstad", "Harstad", "Harstad"], index=["a", "b", "c"], name="region")
    codes = norway.resolve(names, year=pd.Series([2008, 2013, 2020]))
    pd.testing.assert_series_equal(codes, pd.Series(["1901", "1903", "5402"], list("abc"), name="region", dtype="str"))
    assert "5402 Harstad" in refusal(norway, "Harstad")
    assert "say which year" in refusal(norway, "Harstad")


def test_names_without_a_year_are_those_of_the_year_their_list_began(norway):
    names = pd.Series(["Rindal", "Harstad", "1756 Inderøy", "5061"])
    assert norway.resolve(names, since=2011).tolist() == ["1567", "1901", "1756", "5061"]
    for name, one in (("Herøy", "'1515 Herøy' or 'Herøy (Møre og Romsdal)'"), ("Våler", "'0137 Våler' or 'Våler (")):
        with pytest.raises(InputError, match="ambiguous name") as error:
            norway.resolve(pd.Series([name]), since=2011)
        assert f"Write the code, or the county: {one}" in str(error.value)
        assert "which year" not in str(error.value)


def test_leading_zeros_eaten_by_a_spreadsheet_come_back(norway: Register) -> None:
    codes = norway.valid(2013)["code"]
    eaten = codes.astype(int)
    assert list(norway.resolve(eaten, year=2013)) == list(codes)
    assert list(norway.resolve(eaten.astype(float), year=2013)) == list(codes)


def test_ambiguous_names_are_refused_with_their_candidates(norway: Register) -> None:
    valid = norway.valid(2013)
    twice = valid[valid["name"].duplicated(keep=False)].groupby("name")["code"].agg(list)
    assert set(twice.index) == {"Bø", "Herøy", "Nes", "Os", "Sande", "Våler"}
    for name, codes in twice.items():
        message = refusal(norway, name, year=2013)
        assert "ambiguous" in message
        assert all(code in message for code in codes)
        assert f"{name} (" in message


def test_all_problems_come_together_with_their_rows(norway: Register) -> None:
    values = pd.Series(["Oslo", "Haldenn", "Oslo", "0101 Moss", None, "Haldenn", 9998, "Hele landet"], dtype=object)
    with pytest.raises(InputError) as caught:
        norway.resolve(values, year=2013, file="leave.csv", column="region")
    problems = caught.value.problems
    assert [problem.row for problem in problems] == [3, 5, 6, 8, 9]
    assert {(problem.file, problem.column) for problem in problems} == {("leave.csv", "region")}
    message = str(caught.value)
    assert "Did you mean 0101 Halden" in message
    assert "the first of 2 such rows" in message
    assert "belongs to 0104 Moss" in message


def test_a_retired_code_names_its_successor(norway: Register) -> None:
    assert "Use 1903 Harstad" in refusal(norway, "1901", year=2013)
    assert "Use 1756 Inderøy" in refusal(norway, "Mosvik", year=2012)
    assert "1806 Narvik, 1875 Hamarøy" in refusal(norway, "Tysfjord", year=2020)


def test_a_code_of_later_years_names_what_it_was_made_from(norway: Register) -> None:
    message = refusal(norway, "1756", year=2011)
    assert "begins with 2012" in message
    assert "1723 Mosvik, 1729 Inderøy" in message


def test_a_county_is_known_by_three_letters_and_no_fewer(norway: Register) -> None:
    assert read(norway, "Herøy (Nor)", "Herøy (Nordl.)") == ["1818", "1818"]
    assert "unknown municipality" in refusal(norway, "Herøy (No)")


@pytest.mark.parametrize("value", ["2100", "2111", "2599", "Svalbard", "Norsk sokkel", "2111 Longyearbyen"])
def test_svalbard_and_the_shelf_are_outside_the_municipalities(norway: Register, value: str) -> None:
    assert "a place outside the municipalities" in refusal(norway, value)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("030101", "a city district (bydel) of 0301 Oslo"),
        ("03010101", "a basic statistical unit (grunnkrets) of 0301 Oslo"),
        ("Bydel Sagene", "a city district (bydel), not"),
    ],
)
def test_parts_of_a_municipality_are_told_apart(norway: Register, value: str, kind: str) -> None:
    assert kind in refusal(norway, value)


def test_municipalities_of_a_year_are_numbered_from_nought(norway: Register) -> None:
    assert norway.valid(2013).index.tolist() == list(range(428))


@pytest.mark.parametrize("value", ["2099", "2600", "5999", "2111 Sørby"])
def test_other_codes_are_unknown_and_not_outside(norway: Register, value: str) -> None:
    assert "unknown municipality" in refusal(norway, value)


def test_equal_cells_are_one_problem_that_says_how_many() -> None:
    assert "(the first of 2 such rows)" in refusal(small(), "Sørbx", "Nordby", "Sørbx")
    assert "such rows" not in refusal(small(), "Sørbx", "Nordby")


def test_three_names_are_suggested_at_most() -> None:
    register = small(name=["Nordbya", "Nordbyb", "Nordbyc", "Nordbyd", "Nordbyd", "Resten"])
    assert refusal(register, "Nordbyx").partition("Did you mean ")[2].partition("?")[0].count("Nordby") == 3


def test_a_municipality_that_ended_without_an_heir_is_said_to_be_nothing_now() -> None:
    register = small(successor_code=["0003", None, None, "0003", "0005", None])
    told = refusal(register, "0002", year=2013)
    assert "in 2013 it is nothing" in told
    assert "Use a code in force that year" in told


def test_a_value_is_shown_as_it_is_but_for_long_numbers() -> None:
    assert shown("Oslo") == "Oslo"
    assert shown(301) == 301
    assert shown("123456789") == "[long number]"
    assert shown("") is None
    assert shown(None) is None


def test_candidates_are_told_with_their_county_and_years() -> None:
    register = small(name=["Nordby", "Nordby", "Storby", "Delt", "Delt", "Nordby"])
    told = refusal(register, "Nordby")
    assert "0001 Nordby (Fylket, 1900-2011), 0002 Nordby (Fylket, 1900-2011), 0005 Nordby (Fylket, 2014-)" in told


@pytest.mark.parametrize(
    ("value", "code", "name"),
    [
        (0, "0000", ""),
        (301, "0301", ""),
        (301.0, "0301", ""),
        (301.5, "", "301.5"),
        (-301, "", "-301"),
        (True, "", "True"),
    ],
)
def test_a_number_is_a_code_when_it_can_be_one(value: object, code: str, name: str) -> None:
    label = read_label(value)
    assert label is not None
    assert (label.code, label.name) == (code, name)


def test_an_identity_number_in_the_wrong_column_is_never_echoed(norway: Register) -> None:
    number = "010180" + "12345"
    message = refusal(norway, number, f"{number} Oslo", int(number))
    assert number not in message
    assert number.lstrip("0") not in message


def test_a_name_with_a_wrong_county_or_a_truth_value_is_not_a_municipality(norway: Register) -> None:
    assert "unknown" in refusal(norway, "Oslo (Nordland)", year=2013)
    assert "a total of the county Oslo" in refusal(norway, "03", year=2013)
    assert "a total of the county Hordaland" in refusal(norway, "Hordaland fylke", year=2013)
    assert "unknown" in refusal(norway, "9876 Hordaland", year=2013)
    assert "unknown" in refusal(norway, True, year=2013)
    assert "unknown" in refusal(norway, 301.5, year=2013)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("030102", "a city district (bydel) of 0301 Oslo"),
        ("30102", "a city district (bydel) of 0301 Oslo"),
        ("030102 Gamle Oslo", "a city district (bydel) of 0301 Oslo"),
        ("03010203", "a basic statistical unit (grunnkrets) of 0301 Oslo"),
        ("Bydel Frogner", "a city district (bydel)"),
        *(
            (text, "a total of the country")
            for text in ("00" * 2, str(10_000)[1:], "Hele landet", "0000 Hele landet", "EAK")
        ),
        *((text, "an unspecified place") for text in ("9999", "0099", "Uoppgitt", "9999 Uoppgitt")),
        *((text, "a place outside") for text in ("2111", "Svalbard", "2100", "2599 Sokkelen")),
        *((text, "unknown") for text in ("990102", "0000 Fjern", "2099", "2600")),
    ],
)
def test_a_place_that_is_no_municipality_is_told_for_what_it_is(norway: Register, text: str, said: str) -> None:
    told = refusal(norway, text, year=2013)
    assert said in told
    for other in ("a city district", "a total of the country", "an unspecified place", "a place outside"):
        assert said.startswith(other) or other not in told


def test_a_code_may_be_in_use_for_one_year_only() -> None:
    register = small(valid_from=[2011, 1900, 2012, 1900, 1900, 2014])
    assert read(register, "0001", year=2011) == ["0001"]


def test_years_of_another_length_or_missing_are_refused(norway: Register) -> None:
    values = pd.Series(["0301", "0301"])
    with pytest.raises(InputError, match="1 years for 2"):
        norway.resolve(values, year=pd.Series([2013]))
    with pytest.raises(InputError, match="row 3"):
        norway.resolve(values, year=pd.Series([2013, None]))
    with pytest.raises(InputError, match="row 4"):
        norway.resolve(pd.Series(["0301"] * 4), year=pd.Series([2013, 2013, None, None]))


def test_a_file_of_160_000_rows_is_read_in_a_moment(norway: Register) -> None:
    named = norway.valid(2013).assign(label=lambda valid: valid["code"] + " " + valid["name"])
    rows = named.sample(160_000, replace=True, random_state=1).reset_index(drop=True)
    years = pd.Series(np.resize([2013, 2014, 2015], len(rows)))
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        codes = norway.resolve(rows["label"], year=years)
        seconds.append(time.perf_counter() - begun)
    assert codes.equals(rows["code"].rename("label"))
    assert min(seconds) < 0.3


# Following codes


def test_codes_follow_the_published_list_of_mergers(norway: Register) -> None:
    changes = pd.read_csv(REFERENCE / "municipality_mergers.csv", dtype="str")
    whole = changes[changes["change_type"] != "split"]
    followed = {"2012": 2012, "2013": 2013, "2017": 2017, "2018": 2018, "2019": 2019, "2020": 2020}
    whole = whole[whole["effective_date"].str[:4].isin(list(followed))]
    assert len(whole) > 300
    for change in whole.itertuples(index=False):
        division = int(change.effective_date[:4])
        assert norway.successor(change.old_code, division=division) == change.new_code


def test_every_code_of_2006_reaches_2017_by_the_list_of_mergers_alone(norway: Register) -> None:
    changes = pd.read_csv(REFERENCE / "municipality_mergers.csv", dtype="str").sort_values("effective_date")
    step = changes[changes["effective_date"] <= "2017-01-01"].set_index("old_code")["new_code"].to_dict()
    expected = {}
    for code in norway.valid(2006)["code"]:
        end = code
        while end in step and step[end] != end:
            end = step[end]
        expected[code] = end
    assert norway.mapping(expected, division=2017) == expected
    assert set(expected.values()) == set(norway.valid(2017)["code"])


@pytest.mark.parametrize(("code", "division"), [("1850", 2020), ("1613", 2020), ("5012", 2020)])
def test_a_divided_municipality_is_refused(norway: Register, code: str, division: int) -> None:
    with pytest.raises(SplitError, match="was divided after 2019 between"):
        norway.successor(code, division=division)
    assert norway.successor(code, division=2019) in {"1850", "5012"}


def test_a_division_before_the_code_exists_is_refused(norway: Register) -> None:
    with pytest.raises(InputError, match="begins with 2013 and is not in the division of 2012"):
        norway.successor("1903", division=2012)


def test_mapping_lists_every_problem_and_says_it_is_a_split_if_one_is(norway: Register) -> None:
    with pytest.raises(SplitError) as caught:
        norway.mapping(["0101", "1850", "0000", "5012"], division=2020)
    assert [problem.value for problem in caught.value.problems] == ["1850", "0000", "5012"]
    with pytest.raises(InputError) as caught:
        norway.mapping(["0000"], division=2020)
    assert not isinstance(caught.value, SplitError)


def test_a_code_that_lives_on_with_another_extent_has_its_new_parts(norway: Register) -> None:
    parts = ("1103", "1141", "1142")
    assert set(norway.mapping(parts, division=2020).values()) == {"1103"}
    assert norway.predecessors("1103", year=2019, division=2020) == parts
    assert norway.predecessors("1103", year=2019) == ("1103",)
    assert norway.predecessors("1903", year=2008) == ("1901", "1915")


# Freezing a series on one division


def test_series_of_2008_to_2015_keep_to_the_division_of_2013_with_man_days_conserved(
    norway: Register, man_days: pd.DataFrame
) -> None:
    sums = ["lost_days", "agreed_days"]
    frozen = norway.harmonise(man_days, division=2013, by=["quarter", "sector"], sums=sums)
    assert set(frozen["municipality"]) == set(norway.valid(2013)["code"])
    assert len(frozen) == 428 * 32 * 2
    assert not frozen[sums].isna().any(axis=None)
    key = ["quarter", "sector"]
    pd.testing.assert_frame_equal(frozen.groupby(key)[sums].sum(), man_days.groupby(key)[sums].sum())
    for successor, parts in MERGED.items():
        mine = frozen[frozen["municipality"] == successor].set_index(key)[sums]
        theirs = man_days[man_days["municipality"].isin([*parts, successor])].groupby(key)[sums].sum()
        pd.testing.assert_frame_equal(mine, theirs)
    others = [code for code in norway.valid(2008)["code"] if code not in {"1723", "1729", "1901", "1915"}]
    untouched = man_days[man_days["municipality"].isin(others)].sort_values(["municipality", *key], ignore_index=True)
    same = frozen[frozen["municipality"].isin(others)].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, untouched)


def test_the_order_of_rows_changes_nothing_and_the_input_is_left_alone(
    norway: Register, man_days: pd.DataFrame
) -> None:
    before = man_days.copy(deep=True)
    mixed = man_days.sample(frac=1, random_state=5)
    options = {"division": 2013, "by": ["quarter", "sector"], "sums": ["lost_days", "agreed_days"]}
    pd.testing.assert_frame_equal(norway.harmonise(man_days, **options), norway.harmonise(mixed, **options))
    norway.resolve(man_days["municipality"], year=man_days["quarter"].dt.year)
    pd.testing.assert_frame_equal(man_days, before)


def test_a_missing_part_makes_the_whole_missing(norway: Register) -> None:
    rows = [("1723", 2010, None), ("1729", 2010, 5.0), ("1723", 2011, 1.0), ("1729", 2011, 2.0), ("1756", 2012, 4.0)]
    frame = pd.DataFrame(rows, columns=["municipality", "year", "days"])
    frozen = norway.harmonise(frame, division=2013, by=["year"], sums=["days"]).set_index("year")["days"]
    assert np.isnan(frozen[2010])
    assert list(frozen[[2011, 2012]]) == [3.0, 4.0]
    absent = norway.harmonise(frame.drop(index=0), division=2013, by=["year"], sums=["days"])
    assert np.isnan(absent.set_index("year")["days"][2010])


def test_a_part_that_has_no_staff_of_a_kind_adds_nothing(norway: Register) -> None:
    rows = [("1901", "care", 5.0), ("1901", "technical", 2.0), ("1915", "care", 1.0)]
    frame = pd.DataFrame(rows, columns=["municipality", "sector", "days"]).assign(quarter=pd.Period("2010Q1"))
    frozen = norway.harmonise(frame, division=2013, by=["quarter", "sector"], sums=["days"])
    assert dict(zip(frozen["sector"], frozen["days"], strict=True)) == {"care": 6.0, "technical": 2.0}


def test_half_of_a_divided_municipality_is_not_passed_off_as_the_whole(norway: Register) -> None:
    frame = pd.DataFrame({"municipality": ["1805", "1854"], "year": [2019, 2019], "days": [3.0, 1.0]})
    frozen = norway.harmonise(frame, division=2020, by=["year"], sums=["days"])
    assert list(frozen["municipality"]) == ["1806"]
    assert frozen["days"].isna().all()
    with pytest.raises(SplitError, match="1850 Tysfjord was divided"):
        norway.harmonise(
            pd.concat([frame, frame.iloc[:1].assign(municipality="1850")]), division=2020, by=["year"], sums=["days"]
        )


def test_later_rows_of_a_municipality_that_grew_are_refused(norway: Register) -> None:
    frame = pd.DataFrame({"municipality": ["1103", "1103"], "year": [2019, 2021], "days": [3.0, 9.0]})
    with pytest.raises(SplitError, match="1103, 1141, 1142") as caught:
        norway.harmonise(frame, division=2019, by=["year"], sums=["days"])
    assert [problem.row for problem in caught.value.problems] == [3]


def test_a_code_not_in_force_when_its_row_is_dated_is_refused(norway: Register) -> None:
    frame = pd.DataFrame({"municipality": ["1729", "1756"], "year": [2010, 2010], "days": [3.0, 9.0]})
    with pytest.raises(InputError, match="begins with 2012") as caught:
        norway.harmonise(frame, division=2013, by=["year"], sums=["days"])
    assert [problem.row for problem in caught.value.problems] == [3]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.assign(rate=8.5), "neither part of the key nor to be summed"),
        (lambda f: f.drop(columns="days"), "column missing"),
        (lambda f: pd.concat([f, f.iloc[:1]]), "row 4.*value '0301, 2010'"),
        (lambda f: f.assign(days="5,0"), "not numeric"),
        (lambda f: f.assign(year=[2010.0, None]), "without a date"),
        (lambda f: f.assign(municipality=["0301", "Oslo"]), "unknown municipality code"),
    ],
)
def test_a_table_that_cannot_be_summed_is_refused(norway: Register, change, said: str) -> None:
    frame = pd.DataFrame({"municipality": ["0301", "0301"], "year": [2010, 2011], "days": [1.0, 2.0]})
    with pytest.raises(InputError, match=said):
        norway.harmonise(change(frame), division=2013, by=["year"], sums=["days"])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_sums_of_any_complete_table_are_conserved(data: st.DataObject) -> None:
    register = small()
    years = data.draw(st.lists(st.integers(2008, 2013), min_size=1, max_size=4, unique=True))
    rows = [(code, year) for year in years for code in register.valid(year)["code"]]
    days = data.draw(st.lists(st.integers(0, 10**9), min_size=len(rows), max_size=len(rows)))
    frame = pd.DataFrame(rows, columns=["municipality", "year"]).assign(days=days)
    shuffled = frame.iloc[data.draw(st.permutations(range(len(frame))))]
    frozen = register.harmonise(shuffled, division=2013, by=["year"], sums=["days"])
    assert frozen.groupby("year")["days"].sum().to_dict() == frame.groupby("year")["days"].sum().to_dict()
    assert set(frozen["municipality"]) == {"0003", "0004"}
    undated = register.harmonise(
        shuffled.rename(columns={"year": "period"}), division=2013, by=["period"], sums=["days"]
    )
    assert list(undated["days"]) == list(frozen["days"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["0001", 1, 1.0, "1", "1 Nordby", "Nordby", "NORDBY kommune", "Storby", 3]), min_size=1)
)
def test_reading_value_by_value_gives_what_reading_together_gives(values: list[object]) -> None:
    register = small()
    together = register.resolve(pd.Series(values, dtype=object))
    assert list(together) == [read(register, value)[0] for value in values]


# The register itself


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"code": ["1", "0002", "0003", "0004", "0004", "0005"]}, "row 2, column code, value '1'.*four digits"),
        ({"valid_to": [1899, 2011, None, 2013, 2013, None]}, "row 2, column valid_to.*ends before it begins"),
        ({"successor_code": ["0009", "0003", None, "0003", "0005", None]}, "value '0009'.*not in the register"),
        ({"successor_code": ["0005", "0003", None, "0003", "0005", None]}, "row 2.*not in force the year after"),
        ({"successor_code": ["0003", "0003", "0005", "0003", "0005", None]}, "row 4.*a code in use has a successor"),
        ({"successor_code": ["0003", "0003", None, "0003", "0003", None]}, "row 6.*there twice"),
        ({"name": ["Nordby", "Sørby", "Storby", "Delt", "Delet", "Resten"]}, "row 5.*two names or periods"),
        ({"name": ["", "Sørby", "Storby", "Delt", "Delt", "Resten"]}, "row 2, column name"),
    ],
)
def test_a_register_that_contradicts_itself_is_refused(changes: dict[str, list[object]], said: str) -> None:
    with pytest.raises(InputError, match=said):
        small(**changes)


@pytest.mark.parametrize(
    "codes", [["0009", "0003", None, "0003", "0005", None], ["0003", "0003", "0005", "0003", "0005", None]]
)
def test_a_successor_that_is_wrong_for_one_reason_is_told_once(codes: list[object]) -> None:
    with pytest.raises(InputError) as caught:
        small(successor_code=codes)
    assert len(caught.value.problems) == 1


def test_a_register_is_read_from_a_file_as_it_is_built_from_a_frame(tmp_path) -> None:
    register = small()
    register.history.to_csv(tmp_path / "municipalities.csv", index=False)
    again = Register.read(tmp_path / "municipalities.csv")
    pd.testing.assert_frame_equal(again.history, register.history)
    assert again.name == "municipalities.csv"
    assert read(again, 1, "0002 Sørby") == ["0001", "0002"]


def test_a_register_that_is_missing_or_not_a_table_says_so(tmp_path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv: the register of municipalities is missing"):
        Register.read(tmp_path / "nowhere.csv")
    (tmp_path / "latin.csv").write_bytes("code,name\n0001,Sørby\n".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        Register.read(tmp_path / "latin.csv")
    (tmp_path / "short.csv").write_text("code,name\n0001,Nordby\n")
    with pytest.raises(InputError, match="column valid_to: column missing"):
        Register.read(tmp_path / "short.csv")


def test_the_register_keeps_its_own_copy_of_the_history() -> None:
    history = small().history.copy()
    register = Register(history, "invented", "made up")
    history.loc[0, "name"] = "Endret"
    assert read(register, "Nordby") == ["0001"]
