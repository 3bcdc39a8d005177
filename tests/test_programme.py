"""Programmes: who took part and since when, what was known at a date, and sources that disagree."""

from __future__ import annotations

import copy
import datetime

import pandas as pd
import pytest

from evaluation.errors import InputError
from evaluation.municipalities import REFERENCE, Register, SplitError
from evaluation.programme import Case, Programme, read_definition, read_programme

FOLDERS = sorted((REFERENCE / "programmes").iterdir())


def text(word: str) -> dict[str, str]:
    return {"nb": word, "nn": word, "en": word}


DEFINITION = {
    "code": "example",
    "name": text("Example"),
    "start": datetime.date(2011, 3, 14),
    "end": "2015-12-31",
    "themes": {"sick_leave": text("Sick leave"), "full_time": text("Full time")},
    "intakes": [
        {"intake": 1, "label": text("One"), "applied": None, "admitted": "2011-09-21", "started": "2012-01-01"},
        {"intake": "2", "label": text("Two"), "admitted": None, "started": "2013-01-01"},
        {"intake": "3", "label": text("Three")},
    ],
}


def tables() -> dict[str, pd.DataFrame]:
    """A: two themes, shared by 1901 and 1915. B: 0301 alone, later. C: 0301 again. D: no source tells when."""
    rows = {
        "projects": (
            ["project", "theme", "name", "intake", "network"],
            [
                ("A", "sick_leave", "Joint", 1.0, "N1"),
                ("A", "full_time", "Joint", 1.0, None),
                ("B", "sick_leave", None, 2.0, "N1"),
                ("C", "full_time", None, 1.0, "N2"),
                ("D", None, None, None, None),
            ],
        ),
        "participation": (
            ["municipality", "project"],
            [("1901", "A"), ("1915", "A"), ("0301", "B"), ("0301", "C"), ("1103", "D")],
        ),
        "networks": (["network", "theme", "name"], [("N1", "sick_leave", "First"), ("N2", "full_time", None)]),
        "gatherings": (["network", "date"], [("N1", "2012-02-07"), ("N1", datetime.date(2014, 1, 8))]),
        "cases": (
            ["case", "project", "theme", "wave", "title_nb", "title_nn", "title_en"],
            [("joint", "A", "full_time", 1, "b", "n", "e"), ("alone", "B", "sick_leave", 2, "b", "n", "e")],
        ),
        "earlier": (
            ["municipality", "programme", "from_year", "to_year"],
            [("1901", "Before", 2008, 2009), ("1915", "Before", 2007, None), ("0301", "Elsewhere", None, None)],
        ),
        "facts": (
            ["key", "value", "status", "source"],
            [
                ("n", "53", "verified-conflict", "a"),
                ("n", "57", "verified-conflict", "b"),
                ("grant", "300000", "ok", "c"),
            ],
        ),
    }
    return {table: pd.DataFrame(values, columns=columns) for table, (columns, values) in rows.items()}


@pytest.fixture
def programme() -> Programme:
    return Programme.from_frames(DEFINITION, tables())


def quarter(name: str) -> pd.Period:
    return pd.Period(name, freq="Q-DEC")


def changed(table: str, column: str, row: int, value: object) -> dict[str, pd.DataFrame]:
    frames = tables()
    frames[table] = frames[table].astype({column: "object"})
    frames[table].loc[row, column] = value
    return frames


def refusal(definition: object, frames: dict[str, pd.DataFrame], **options: object) -> str:
    with pytest.raises(InputError) as caught:
        Programme.from_frames(definition, frames, **options)
    return str(caught.value)


# Who took part


def test_a_municipality_is_one_row_with_its_first_start_and_all_its_themes(programme: Programme) -> None:
    expected = pd.DataFrame(
        {
            "municipality": ["0301", "1103", "1901", "1915"],
            "intake": ["1", None, "1", "1"],
            "started": pd.PeriodIndex(["2012Q1", None, "2012Q1", "2012Q1"], freq="Q-DEC"),
            "projects": [2, 1, 1, 1],
            "themes": ["sick_leave, full_time", "", "sick_leave, full_time", "sick_leave, full_time"],
        }
    )
    pd.testing.assert_frame_equal(programme.participants(), expected, check_dtype=False)


def test_a_theme_counts_from_its_own_first_start(programme: Programme) -> None:
    sick_leave = programme.participants("sick_leave").set_index("municipality")
    assert sick_leave["started"].to_dict() == {
        "0301": quarter("2013Q1"),
        "1901": quarter("2012Q1"),
        "1915": quarter("2012Q1"),
    }
    assert sick_leave["intake"].to_dict() == {"0301": "2", "1901": "1", "1915": "1"}
    assert set(sick_leave["projects"]) == {1}
    assert programme.first_treated("full_time").to_dict() == dict.fromkeys(["0301", "1901", "1915"], quarter("2012Q1"))


def test_the_row_order_of_the_tables_changes_nothing(programme: Programme) -> None:
    mixed = {name: frame.iloc[::-1].reset_index(drop=True) for name, frame in tables().items()}
    again = Programme.from_frames(DEFINITION, mixed)
    for theme in (None, "sick_leave", "full_time"):
        pd.testing.assert_frame_equal(again.participants(theme), programme.participants(theme))


def test_a_start_no_source_tells_is_never_guessed(programme: Programme) -> None:
    with pytest.raises(InputError, match="value '1103': no source tells when it started"):
        programme.first_treated()


def test_the_first_start_is_the_earliest_date_whatever_the_intakes_are_called() -> None:
    intakes = [
        {"intake": "1", "label": text("One"), "started": "2013-04-01"},
        {"intake": "2", "label": text("Two"), "started": "2012-02-15"},
    ]
    frames = {name: frame[frame["project"] != "D"] for name, frame in tables().items() if "project" in frame}
    frames["projects"] = frames["projects"].assign(network=None)
    programme = Programme.from_frames(DEFINITION | {"intakes": intakes}, frames)
    oslo = programme.participants().set_index("municipality").loc["0301"]
    assert (oslo["intake"], oslo["started"]) == ("2", quarter("2012Q1"))


def test_one_project_of_unknown_start_leaves_the_first_start_unknown() -> None:
    frames = tables()
    frames["participation"] = pd.concat(
        [frames["participation"], pd.DataFrame({"municipality": ["0301"], "project": ["D"]})]
    )
    programme = Programme.from_frames(DEFINITION, frames)
    assert programme.participants().set_index("municipality")["started"].isna().to_dict()["0301"]
    assert programme.first_treated("sick_leave")["0301"] == quarter("2013Q1")


def test_an_unknown_theme_or_earlier_programme_names_the_nearest(programme: Programme) -> None:
    with pytest.raises(InputError, match=r"unknown theme\. Did you mean sick_leave"):
        programme.participants("sickleave")
    with pytest.raises(InputError, match="Did you mean Before"):
        programme.earlier_participants("Befor")
    assert programme.earlier_participants() == {"1901", "1915", "0301"}
    assert programme.earlier_participants("Before") == {"1901", "1915"}


def test_a_case_is_a_project_within_a_theme_with_everyone_who_shares_it(programme: Programme) -> None:
    joint, alone = programme.all_cases()
    titles = {"nb": "b", "nn": "n", "en": "e"}
    assert joint == Case("joint", titles, "full_time", "A", ("1901", "1915"), None, quarter("2012Q1"), 1)
    assert alone == Case("alone", titles, "sick_leave", "B", ("0301",), "N1", quarter("2013Q1"), 2)
    assert programme.case("joint") == joint
    with pytest.raises(InputError, match=r"unknown deep-dive case\. Did you mean joint"):
        programme.case("jiont")


def test_sources_that_disagree_are_both_kept(programme: Programme) -> None:
    assert list(programme.conflicts()["value"]) == ["53", "57"]
    assert len(programme.facts) == 3


# At a date, and on a division


@pytest.mark.parametrize(
    ("as_of", "intakes", "projects", "gatherings", "networks", "cases"),
    [
        ("2011-09-20", set(), set(), 0, set(), set()),
        ("2011-09-21", {"1"}, {"A", "C"}, 0, {"N1", "N2"}, {"joint"}),
        ("2012-12-31", {"1"}, {"A", "C"}, 1, {"N1", "N2"}, {"joint"}),
        ("2013-01-01", {"1", "2"}, {"A", "B", "C"}, 1, {"N1", "N2"}, {"joint", "alone"}),
        ("2015-12-30", {"1", "2"}, {"A", "B", "C"}, 2, {"N1", "N2"}, {"joint", "alone"}),
        ("2015-12-31", {"1", "2", "3"}, {"A", "B", "C", "D"}, 2, {"N1", "N2"}, {"joint", "alone"}),
    ],
)
def test_nothing_later_than_the_date_is_known(
    programme: Programme, as_of: str, intakes: set, projects: set, gatherings: int, networks: set, cases: set
) -> None:
    known = programme.known_at(datetime.date.fromisoformat(as_of))
    assert set(known.intakes["intake"]) == intakes
    assert set(known.projects["project"]) == set(known.participation["project"]) == projects
    assert len(known.gatherings) == gatherings
    assert set(known.networks["network"]) == networks
    assert {case.case for case in known.all_cases()} == cases
    assert known.facts.equals(programme.facts)


def test_a_municipality_known_from_one_project_has_only_that_one(programme: Programme) -> None:
    known = programme.known_at(datetime.date(2012, 6, 30))
    assert known.participants().set_index("municipality").loc["0301", ["projects", "themes"]].tolist() == [
        1,
        "full_time",
    ]
    assert "0301" not in set(known.participants("sick_leave")["municipality"])


def test_a_merged_municipality_took_part_as_its_predecessors_did(programme: Programme) -> None:
    merged = programme.harmonised(Register.norwegian(), 2013)
    assert sorted(merged.participation["municipality"] + merged.participation["project"]) == [
        "0301B",
        "0301C",
        "1103D",
        "1903A",
    ]
    assert merged.case("joint").municipalities == ("1903",)
    before = merged.earlier.set_index("municipality").loc["1903"]
    assert (before["programme"], before["from_year"], before["to_year"]) == ("Before", 2007, 2009)
    assert merged.earlier_participants() == {"1903", "0301"}
    assert programme.case("joint").municipalities == ("1901", "1915")


def test_a_divided_or_too_young_participant_is_refused() -> None:
    divided = Programme.from_frames(DEFINITION, changed("participation", "municipality", 4, "1850"))
    with pytest.raises(SplitError, match="1850 Tysfjord"):
        divided.harmonised(Register.norwegian(), 2020)
    young = Programme.from_frames(DEFINITION, changed("participation", "municipality", 4, "1903"))
    with pytest.raises(InputError, match="not in the division of 2012"):
        young.harmonised(Register.norwegian(), 2012)


def test_building_changes_neither_the_definition_nor_the_tables() -> None:
    definition, frames = copy.deepcopy(DEFINITION), tables()
    Programme.from_frames(definition, frames).harmonised(Register.norwegian(), 2013)
    assert definition == DEFINITION
    for name, frame in tables().items():
        pd.testing.assert_frame_equal(frames[name], frame)


# Bad input


@pytest.mark.parametrize(
    ("table", "column", "row", "value", "said"),
    [
        (
            "projects",
            "theme",
            0,
            "sickleave",
            "row 2, column theme, value 'sickleave': unknown theme. Did you mean sick_leave",
        ),
        ("projects", "intake", 2, "4", "row 4, column intake, value '4': unknown intake. Known: 1, 2, 3"),
        ("projects", "intake", 1, "2", "row 3, column intake.*the project has several intakes"),
        ("projects", "network", 0, "N9", "row 2, column network, value 'N9': unknown network"),
        ("projects", "network", 3, "N1", "row 5, column network.*another theme"),
        ("projects", "theme", 1, "sick_leave", "row 3, column project, value 'A': the same row twice"),
        ("projects", "project", 3, "E", "value 'E': nobody takes part"),
        ("projects", "project", 3, None, "row 5, column project: no value"),
        ("participation", "project", 3, "X", "row 5, column project, value 'X': unknown project"),
        ("participation", "project", 3, "B", "row 5, column municipality, value '0301': the same row twice"),
        ("participation", "municipality", 0, 1901.5, "row 2, column municipality, value '1901.5'"),
        ("participation", "municipality", 2, "301", "four digits"),
        ("gatherings", "date", 0, "in spring", "row 2, column date, value 'in spring': cannot be read. Write a date"),
        ("gatherings", "network", 0, "N3", "row 2, column network, value 'N3': unknown network"),
        ("cases", "case", 0, "all", "row 2, column case, value 'all'"),
        ("cases", "case", 1, "joint", "row 3, column case, value 'joint': the same row twice"),
        ("cases", "theme", 1, "full_time", "row 3, column theme.*does not work on this theme"),
        ("cases", "wave", 0, 1.5, "row 2, column wave, value '1.5': cannot be read. Write a whole number"),
        ("cases", "title_nn", 0, " ", "row 2, column title_nn: no value"),
        ("earlier", "to_year", 0, 2006, "row 2, column to_year, value.*ends before it begins"),
    ],
)
def test_a_table_that_contradicts_the_others_is_refused_where_it_does(
    table: str, column: str, row: int, value: object, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        Programme.from_frames(DEFINITION, changed(table, column, row, value))


def test_all_problems_of_the_tables_come_together_with_their_files() -> None:
    frames = changed("projects", "intake", 0, "9") | {"earlier": changed("earlier", "to_year", 0, 1999)["earlier"]}
    message = refusal(DEFINITION, frames, files={"projects": "deltakere.xlsx, Prosjekter"})
    assert "deltakere.xlsx, Prosjekter, row 2" in message
    assert "earlier, row 2" in message


def test_missing_and_unknown_tables_and_columns_are_named() -> None:
    frames = tables()
    message = refusal(DEFINITION, {"projects": frames["projects"].drop(columns="theme"), "network": frames["networks"]})
    assert "participation: table missing" in message
    assert "network: unknown table. Did you mean networks" in message
    assert "projects, column theme: column missing" in message
    wrong = frames | {"projects": frames["projects"].assign(Intake="1")}
    assert "column Intake: unknown column. Did you mean intake" in refusal(DEFINITION, wrong)


def test_only_projects_and_participation_are_needed() -> None:
    frames = {name: frame for name, frame in tables().items() if name in ("projects", "participation")}
    frames["projects"] = frames["projects"].assign(network=None)
    programme = Programme.from_frames(DEFINITION, frames)
    assert programme.all_cases() == ()
    assert programme.earlier_participants() == frozenset()
    assert programme.conflicts().empty
    assert len(programme.harmonised(Register.norwegian(), 2013).participants()) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tittel": "x"}, "programme.yaml, column tittel: unknown key"),
        ({"name": {"nb": "a", "nn": "b"}}, "column name.en: missing"),
        ({"name": text("a") | {"se": "d"}}, "column name.se: unknown key"),
        ({"start": "14.03.2011"}, "column start, value '14.03.2011': not a date"),
        ({"end": "2010-01-01"}, "ends before it starts"),
        ({"code": "a b"}, "column code, value 'a b'"),
        ({"themes": {}}, "no themes"),
        ({"intakes": [{"intake": "1"}]}, r"column intakes\[0\].label: missing"),
        ({"intakes": {"intake": "1"}}, "not a list of intakes"),
        ({"intakes": [DEFINITION["intakes"][0]] * 2}, "value '1': the intake is there twice"),
        (
            {"intakes": [{"intake": "1", "label": text("One"), "admitted": "2012-01-02", "started": "2012-01-01"}]},
            "not in the order applied, admitted, started",
        ),
    ],
)
def test_a_definition_that_cannot_be_used_is_refused_by_key(change: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Programme.from_frames(DEFINITION | change, tables())


def test_a_definition_is_read_as_yaml_1_2_and_refused_by_line(tmp_path) -> None:
    path = tmp_path / "programme.yaml"
    path.write_text("a: no\nb: '0301'\nc: 2012-01-01\n", encoding="utf-8")
    assert read_definition(path) == {"a": "no", "b": "0301", "c": datetime.date(2012, 1, 1)}
    for content, said in {
        "a: 1\na: 2\n": "row 2.*not YAML: found duplicate key",
        "a: [1\n": "not YAML",
        "a: 2013-13-45\n": "a value cannot be read.*a date that there is none of",
        "a: !!bool maybe\n": "a value cannot be read",
        "- 1\n": "not a mapping",
    }.items():
        path.write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=said):
            read_definition(path)
    path.write_bytes("a: ø".encode("latin-1"))
    with pytest.raises(InputError, match="not UTF-8"):
        read_definition(path)
    with pytest.raises(InputError, match=r"nowhere\.yaml: file missing"):
        read_definition(tmp_path / "nowhere.yaml")


def test_a_folder_without_its_tables_is_refused(tmp_path) -> None:
    (tmp_path / "programme.yaml").write_text("code: x\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"(?s)projects\.csv: file missing.*participation\.csv: file missing"):
        read_programme(tmp_path)


# The sourced facts


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_sourced_participant_has_a_fact_with_its_source(folder) -> None:
    programme = read_programme(folder)
    sourced = programme.facts[programme.facts["key"].str.startswith("participant.")]
    verified = sourced.loc[sourced["status"] == "verified", "key"].str.removeprefix("participant.")
    assert set(programme.participants()["municipality"]) == set(verified)
    assert programme.facts["source"].notna().all()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_codes_of_the_participants_are_those_of_2013_and_of_their_names(folder) -> None:
    programme, norway = read_programme(folder), Register.norwegian()
    assert set(programme.participation["municipality"]) <= set(norway.valid(2013)["code"])
    assert set(programme.earlier["municipality"]) <= set(norway.valid(2013)["code"])
    claims = programme.facts[programme.facts["key"].str.fullmatch(r"participant\.\d{4}")]
    named = norway.resolve(claims["value"].str.partition(":")[0], year=2013)
    assert list(named) == list(claims["key"].str[-4:])


def test_saman_om_ein_betre_kommune_has_its_16_cases_four_to_a_theme() -> None:
    programme = read_programme(REFERENCE / "programmes" / "saman_om_ein_betre_kommune")
    cases = programme.all_cases()
    assert pd.Series([case.theme for case in cases]).value_counts().to_dict() == dict.fromkeys(programme.themes, 4)
    assert sum(len(case.municipalities) for case in cases) == 17
    assert programme.case("finnoy-rennesoy").municipalities == ("1141", "1142")
    assert programme.case("lunner").started == quarter("2012Q1")
    assert programme.case("vefsn").started is None


def test_the_conflicting_counts_of_2011_are_kept_as_conflicts() -> None:
    programme = read_programme(REFERENCE / "programmes" / "saman_om_ein_betre_kommune")
    claims = programme.conflicts().groupby("key")["value"].agg(list)
    assert len(claims["municipalities_admitted_2011"]) == 2
    assert any("57" in claim for claim in claims["municipalities_admitted_2011"])
    assert any("53" in claim for claim in claims["municipalities_admitted_2011"])
    assert all(len(values) > 1 for values in claims)


def test_kvalitetskommuneprogrammet_has_its_12_focus_municipalities() -> None:
    programme = read_programme(REFERENCE / "programmes" / "kvalitetskommuneprogrammet")
    focus = programme.participants("sick_leave")
    assert len(focus) == 12
    assert set(focus["intake"]) == {"innsats"}
    successor = read_programme(REFERENCE / "programmes" / "saman_om_ein_betre_kommune")
    assert successor.earlier_participants("Kvalitetskommuneprogrammet") == set(programme.participants()["municipality"])
