"""Conclusions follow from recorded findings by the stated rule, and say what changed since the earlier report."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from evaluation import conclusions
from evaluation.errors import InputError
from evaluation.exhibits import Evidence
from evaluation.language import Words
from evaluation.texts import three

STRONG = {"p_value": 0.001, "detectable": 0.2, "before": 0.6, "same_sign": 1.0}


def _finding(chapter="sick_leave", name="effect", value=-0.3, low=-0.4, high=-0.2, evidence=None, **more):
    record = {"notebook": "02_sick_leave", "chapter": chapter, "name": name, "value": value, "low": low, "high": high}
    record |= {"unit": "percentage_points", "n": 300, "decimals": 2, "causal": evidence is not None}
    if evidence is not None:
        defaults = {"theme": chapter, "outcome": "sick_leave_rate", "better": "lower", "main": True}
        record["evidence"] = defaults | STRONG | evidence
    return record | more


def _read(tmp_path, *records):
    path = tmp_path / "findings.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    return conclusions.read(path)


@pytest.mark.parametrize(
    ("change", "evidence", "grade"),
    [
        ({}, {}, "strong"),
        ({}, {"same_sign": 0.8}, "moderate"),
        ({}, {"same_sign": 0.5}, "weak"),
        ({}, {"same_sign": None}, "weak"),
        ({}, {"before": 0.01}, "weak"),
        ({}, {"before": None}, "weak"),
        ({"low": -0.4, "high": 0.1}, {"p_value": 0.2}, "undetermined"),
        ({"value": -0.05, "low": -0.2, "high": 0.1}, {"p_value": 0.5}, "none"),
        ({"value": None, "low": None, "high": None}, {"p_value": None}, "not_assessed"),
    ],
)
def test_the_grade_follows_the_stated_rule(tmp_path, change, evidence, grade):
    found = conclusions.effects(
        _read(tmp_path, _finding(evidence=evidence, **change)), relevant={"sick_leave_rate": 0.3}
    )
    assert found["grade"].tolist() == [grade]


def test_no_effect_is_called_absent_where_what_matters_was_not_stated(tmp_path):
    finding = _finding(evidence={"p_value": 0.5}, value=-0.05, low=-0.2, high=0.1)
    assert conclusions.effects(_read(tmp_path, finding))["grade"].tolist() == ["undetermined"]


def test_an_effect_that_does_not_survive_the_number_of_themes_is_not_strong(tmp_path):
    records = [_finding(chapter=f"theme_{i}", evidence={"p_value": p}) for i, p in enumerate((0.03, 0.3, 0.4))]
    found = conclusions.effects(_read(tmp_path, *records))
    assert found["p_holm"].round(6).tolist() == [0.09, 0.6, 0.6]  # 3 x 0.03, 2 x 0.3, at least the one before
    assert found["p_fdr"].round(6).tolist() == [0.09, 0.4, 0.4]
    assert found["grade"].iloc[0] == "moderate"
    alone = conclusions.effects(_read(tmp_path, records[0]))
    assert alone["grade"].tolist() == ["strong"]


def test_supporting_outcomes_are_adjusted_apart_from_the_main_ones(tmp_path):
    main, other = _finding(evidence={"p_value": 0.04}), _finding(name="b", evidence={"p_value": 0.04, "main": False})
    found = conclusions.effects(_read(tmp_path, other, main))
    assert found["main"].tolist() == [True, False]
    assert found["p_holm"].tolist() == [0.04, 0.04]


def test_multiples_of_what_matters_point_the_wanted_way(tmp_path):
    found = conclusions.effects(_read(tmp_path, _finding(evidence={})), relevant={"sick_leave_rate": 0.2})
    row = found.iloc[0]
    assert row[["low_relevant", "value_relevant", "high_relevant"]].round(6).tolist() == [1.0, 1.5, 2.0]
    assert row["went"] == "wanted"
    found = conclusions.effects(_read(tmp_path, _finding(evidence={"better": "higher"})), relevant={})
    assert found.iloc[0]["went"] == "unwanted"
    assert pd.isna(found.iloc[0]["value_relevant"])


@pytest.mark.parametrize("language", ["nb", "nn", "en"])
def test_every_grade_has_a_sentence_in_every_language(tmp_path, language):
    cases = [
        _finding(chapter="a", evidence={}),
        _finding(chapter="b", evidence={"same_sign": 0.8, "before": 0.01}),
        _finding(chapter="c", evidence={"p_value": 0.3}, low=-0.9, high=0.4),
        _finding(chapter="d", evidence={"p_value": 0.3}, low=-0.1, high=0.1),
        _finding(chapter="e", evidence={"p_value": None}, value=None, low=None, high=None),
        _finding(chapter="f", evidence={"better": "higher"}),
    ]
    effects = conclusions.effects(_read(tmp_path, *cases), relevant={"sick_leave_rate": 0.3})
    themes = {name: three(f"tema {name}", f"tema {name}", f"theme {name}") for name in "abcdefg"}
    told = conclusions.summary(effects, themes)
    words = Words(language)
    lines = [words.say(one.text, **one.given) for one in told]
    assert len(lines) == 7
    assert len({line.split("**", 2)[2] for line in lines}) == 6  # no effect assessed, and no chapter on it, read alike
    assert not [line for line in lines if "{" in line]


def test_a_theme_without_a_chapter_is_said_not_to_be_assessed(tmp_path):
    found = conclusions.effects(_read(tmp_path, _finding(evidence={})))
    told = conclusions.summary(found, {"other": three("a", "b", "c")})
    assert [Words("en").say(one.text, **one.given) for one in told] == [
        "**c.** The effect cannot be assessed with these data."
    ]


def test_changes_are_split_into_revision_and_new_data(tmp_path):
    now = _read(tmp_path, _finding(evidence={}, value=-0.5, low=-0.6, high=-0.4), _finding(name="late", evidence={}))
    then = _read(tmp_path, _finding(evidence={}), _finding(name="old", evidence={}))
    published = _read(tmp_path, _finding(evidence={}, value=-0.25))
    found = conclusions.changes(now, then, published=published).set_index("moved")
    assert found.loc["outside", ["revised", "new_data"]].round(6).tolist() == [-0.05, -0.2]
    assert sorted(found.index) == ["gone", "new", "outside"]
    unpublished = conclusions.changes(now, then)
    assert unpublished["revised"].isna().all()


def test_findings_of_repeated_chapters_and_missing_files_are_left_out(tmp_path):
    found = _read(tmp_path, _finding(), _finding(case="bygda"))
    assert len(found.rows) == 1
    assert not conclusions.read(tmp_path / "nothing.json")
    assert not conclusions.read("")
    assert conclusions.effects(conclusions.read("")).empty


def test_claims_name_the_finding_that_tests_them(tmp_path):
    found = _read(tmp_path, _finding(name="share", value=52.0, low=40.0, high=60.0))
    told = conclusions.claims(found, [("sick_leave", "share"), ("sick_leave", "unknown")])
    assert told["claim"].tolist() == ["claim.sick_leave.share"]
    assert told["value"].tolist() == [52.0]


def test_what_is_no_list_of_findings_is_refused(tmp_path):
    path = tmp_path / "findings.json"
    path.write_text("<html>", encoding="utf-8")
    with pytest.raises(InputError, match="no list of findings"):
        conclusions.read(path)


def test_evidence_is_for_effects_and_within_its_bounds():
    with pytest.raises(InputError, match="direction"):
        Evidence("a", "b", "down")
    with pytest.raises(InputError, match="share or probability"):
        Evidence("a", "b", "lower", p_value=1.2)
    assert Evidence("a", "b", "lower", detectable=-0.3, before=float("nan")).detectable == 0.3
