"""Prose, findings, tables and the bundles they are shown by: true in three languages, and data never become markup."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from evaluation import exhibits
from evaluation.disclosure import release, release_public
from evaluation.errors import InputError
from evaluation.texts import LANGUAGES, MINUS, three, unmarked

EXHIBIT = "application/vnd.evaluation.exhibit+json"
SCRIPT = "<script>alert(1)</script>"
SECRET = 87.654321


def study(synthetic=True):
    name = three("Programmet", "Programmet", "The programme")
    return SimpleNamespace(synthetic=synthetic, name=name, as_of=date(2013, 12, 31), division=2013)


def chapter(language="nb", synthetic=True):
    return exhibits.Chapter("sick_leave", study=study(synthetic), language=language)


def municipalities():
    frame = pd.DataFrame(
        {"municipality": ["Nordvik", SCRIPT, "$a$"], "before": [60.0, 62.0, SECRET], "after": [63.0, 61.0, 70.0]}
    )
    return release(frame.assign(persons=[200, 300, 4]), values=["before", "after"], persons="persons")


def dates():
    frame = pd.DataFrame(
        {
            "what": ["programme_period", "intake_1", "gatherings"],
            "kind": ["programme_period", "local_work", "gathering"],
            "start": pd.to_datetime(["2011-03-14", "2012-01-01", "2012-09-01"]),
            "end": pd.to_datetime(["2015-12-31", "2015-12-31", None]),
        }
    )
    return release_public(frame)


def timeline():
    return exhibits.timeline(dates(), category="what", start="start", end="end", kind="kind")


def dumbbell():
    columns = {"category": "municipality", "before": "before", "after": "after"}
    return exhibits.dumbbell(municipalities(), **columns, value_label="mean_size")


def figure(language="nb", spec=timeline, synthetic=True):
    return chapter(language, synthetic).figure("a", spec(), nb="Bildetekst", nn="Bilettekst", en="Caption")


def table(language="nb", released=None, **more):
    frame = pd.DataFrame(
        {
            "municipality": ["Nordvik", SCRIPT, "=cmd()"],
            "sector": ["health_care", "other", "unheard_of"],
            "year": [2012, 2012, 2013],
            "rate": [9.62, SECRET, np.nan],
            "persons": [1234, 3, 60],
            "started": [pd.Period("2012Q1")] * 3,
            "earlier": [True, False, True],
        }
    )
    released = release(frame, values=["rate"], persons="persons") if released is None else released
    columns = {
        "municipality": "municipality",
        "sector": "sector",
        "year": "year",
        "rate": three("Fravær", "Fråvær", "Absence"),
        "persons": "persons",
        "started": "started",
        "earlier": "earlier",
    }
    captions = {"nb": "Tabelltekst", "nn": "Tabelltekst", "en": "Caption"}
    return chapter(language).table("rates", released, **captions, columns=columns, **more)


def test_a_table_reads_in_the_language_with_signs_for_withheld_and_missing():
    content = table()._repr_mimebundle_()[EXHIBIT]
    assert content["header"][:4] == ["Kommune", "Tjenesteområde", "År", "Fravær"]
    assert content["align"] == ["left", "left", "right", "right", "right", "left", "left"]
    assert content["rows"] == [
        ["Nordvik", "Helse, pleie og omsorg", "2012", "9,6", "1\N{NO-BREAK SPACE}234", "1. kv. 2012", "Ja"],
        [SCRIPT, "Annet", "2012", ":", ":", "1. kv. 2012", "Nei"],
        ["=cmd()", "unheard_of", "2013", "..", "60", "1. kv. 2012", "Ja"],
    ]
    assert content["withheld"] == [{"reason": "few_persons", "rows": 1}]
    assert "1 av 3 rader, færre enn 5 personer (1)." in content["note"]
    assert ".. = oppgave mangler." in content["note"]
    english = table("en", decimals={"rate": 2})._repr_mimebundle_()[EXHIBIT]
    assert english["rows"][0][3:] == ["9.62", "1,234", "Q1 2012", "Yes"]


def test_a_bundle_is_plain_json_with_the_fields_the_report_reads():
    for exhibit in (table(), figure()):
        content = json.loads(json.dumps(exhibit._repr_mimebundle_(include=None, exclude=None)))[EXHIBIT]
        common = {"kind", "id", "chapter", "caption", "alt", "note", "synthetic", "withheld", "disclosure", "csv"}
        own = {"header", "align", "rows"} if exhibit.kind == "table" else {"svg", "png"}
        assert set(content) == common | own
        assert content["chapter"] == "sick_leave"


def test_data_never_become_markup_in_html():
    for exhibit in (table(), figure(spec=dumbbell)):
        page = exhibit.html()
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        ElementTree.fromstring(page.replace('max-width:100%">', 'max-width:100%"/>'))
    page = table().html()
    assert page.count('scope="col"') == 7
    assert page.count('scope="row"') == 3
    assert 'lang="nb"' in page
    assert "alt=" in figure().html()


def test_the_csv_is_for_machines_and_harmless_in_a_spreadsheet():
    rows = list(csv.DictReader(io.StringIO(table().csv)))
    assert [row["rate"] for row in rows] == ["9.62", ":", ""]
    assert [row["persons"] for row in rows] == ["1234", ":", "60"]
    assert [row["municipality"] for row in rows] == ["Nordvik", SCRIPT, "'=cmd()"]
    assert rows[0]["started"] == "2012Q1"
    assert rows[0]["earlier"] == "True"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", " =1", "\uff1d1+1"])
def test_every_start_of_a_formula_is_made_harmless(text):
    released = release_public(pd.DataFrame({"name": [text]}))
    exhibit = chapter().table("a", released, nb="a", nn="a", en="a", columns=["name"])
    assert next(iter(csv.DictReader(io.StringIO(exhibit.csv))))["name"] == f"'{text}"


@pytest.mark.parametrize(
    ("language", "mark"),
    [
        ("nb", "Syntetiske demonstrasjonsdata"),
        ("nn", "Syntetiske demonstrasjonsdata"),
        ("en", "Synthetic demonstration data"),
    ],
)
def test_every_exhibit_of_a_synthetic_study_says_so(language, mark):
    assert mark in table(language).note
    assert mark in figure(language).note
    assert mark in figure(language).html()
    real = figure(language, synthetic=False)
    assert mark not in real.note
    assert not real.synthetic


@pytest.mark.parametrize(("language", "mark"), [("nb", "Oppdiktede tall"), ("nn", "Oppdikta tal"), ("en", "Invented")])
def test_invented_figures_of_real_municipalities_are_not_said_to_be_of_invented_ones(language, mark):
    about = SimpleNamespace(**vars(study()), real_places=True)
    shown = exhibits.Chapter("a", study=about, language=language).figure(
        "a", timeline(), nb="Bildetekst", nn="Bilettekst", en="Caption"
    )
    assert mark in shown.note
    assert "Synt" not in shown.note
    assert shown._repr_mimebundle_()[EXHIBIT]["real_places"] is True
    assert "real_places" not in figure(language)._repr_mimebundle_()[EXHIBIT]


def test_a_note_names_the_source_and_the_cut():
    note = table(note=three("Egen merknad.", "Eigen merknad.", "Own note.")).note
    assert note.startswith("Egen merknad. ")
    assert "Kilde: Programmet, data til og med 31. desember 2013, kommuneinndelingen i 2013." in note


def test_tables_take_only_released_results_and_known_columns():
    with pytest.raises(InputError, match="Only released results"):
        table(released=dates().data)
    with pytest.raises(InputError, match=r"(?s)no such column.*It has municipality"):
        table(decimals={"rat": 1})
    with pytest.raises(InputError, match="Not a name for"):
        chapter().table("A b", dates(), nb="a", nn="a", en="a", columns={"what": "period"})


def test_a_caption_holds_computed_values_and_differs_from_the_alternative_text():
    exhibit = chapter().figure(
        "a", timeline(), nb="Fra {q:short}", nn="Frå {q:short}", en="From {q}", q=pd.Period("2012Q1")
    )
    assert exhibit.caption == "Fra 1. kv. 2012"
    with pytest.raises(InputError, match="repeats the alternative text"):
        chapter().figure("a", timeline(), nb=exhibit.alt, nn="a", en="a")


def test_prose_is_in_the_language_with_data_escaped():
    texts = {"nb": "{who} falt {x:.2f} (se @fig:rates).", "nn": "{who} gjekk ned {x:.2f}.", "en": "{who} fell {x:.2f}."}
    bundle = chapter("nb").say(**texts, who="*A*", x=0.256)._repr_mimebundle_()
    assert bundle["text/markdown"] == r"\*A\* falt 0,26 (se @fig:rates)."
    assert unmarked(bundle["application/vnd.evaluation.prose+json"]["text"]) == bundle["text/markdown"]
    assert chapter("en").say(**texts, who="A", x=0.256).markdown == "A fell 0.26."


def test_no_language_may_lack_a_number():
    with pytest.raises(InputError, match=r"value 'x': The text in nn leaves out"):
        chapter("nb").say(nb="{x}", nn="ingen", en="{x}", x=1)
    with pytest.raises(InputError, match="was not given"):
        chapter("nb").say(nb="{x}", nn="{x}", en="{y} {x}", x=1)


def test_the_chosen_text_is_the_true_one():
    opened = chapter("nn")
    yes, no = three("ja {x}", "ja {x}", "yes {x}"), three("nei {x}", "nei {x}", "no {x}")
    for condition, start in ((True, "ja"), (np.False_, "nei")):
        said = opened.say(nb="{c}", nn="{c}", en="{c}", c=opened.choose(condition, yes, no), x=2.0)
        assert said.markdown == f"{start} 2,0"


@pytest.mark.parametrize("condition", [True, False])
def test_a_choice_asks_for_the_values_of_all_it_is_among(condition):
    opened = chapter()
    choice = opened.choose(
        condition, three("steg med {x}", "steg med {x}", "rose by {x}"), three("stod", "stod", "stood")
    )
    assert opened.say(nb="{c}", nn="{c}", en="{c}", c=choice, x=1.0).markdown in ("steg med 1,0", "stod")
    with pytest.raises(InputError, match="another choice may need it"):
        opened.say(nb="{c}", nn="{c}", en="{c}", c=choice)


@dataclass(frozen=True)
class Estimate:
    value: float
    low: float
    high: float
    n: int


DOWN, UP, UNSURE = Estimate(-0.31, -0.5, -0.1, 400), Estimate(0.31, 0.1, 0.5, 400), Estimate(-0.01, -0.2, 0.2, 400)


@pytest.mark.parametrize(
    ("estimate", "language", "words"),
    [
        (DOWN, "nb", "gikk ned med 0,3 prosentpoeng; en klar nedgang; utelukker null; under"),
        (DOWN, "nn", "gjekk ned med 0,3 prosentpoeng; ein klar nedgang; utelukkar null; under"),
        (UP, "nn", "steg med 0,3 prosentpoeng; ein klar auke; utelukkar null; over"),
        (UP, "en", "rose by 0.3 percentage points; a clear increase; excludes zero; above"),
        (UNSURE, "nb", "var uendret; ingen klar endring; omfatter null; på linje med"),
        (UNSURE, "en", "was unchanged; no clear change; includes zero; level with"),
    ],
)
def test_phrases_stay_true_whichever_way_the_number_falls(estimate, language, words):
    opened = chapter(language)
    change = opened.finding("change", estimate, unit="percentage_points")
    text = "{f.moved}; {f.verdict}; {f.zero}; {f.above_or_below}"
    assert opened.say(nb=text, nn=text, en=text, f=change).markdown == words


@pytest.mark.parametrize("estimate", [DOWN, UP, UNSURE])
@pytest.mark.parametrize("language", LANGUAGES)
def test_effect_is_said_of_causal_estimates_only(estimate, language):
    opened = chapter(language)
    said = {
        causal: " ".join(
            map(str, opened.finding("x", estimate, unit="percent", causal=causal).spoken(opened.words).values())
        )
        for causal in (True, False)
    }
    assert re.search("effe[ck]t", said[True])
    assert not re.search("effe[ck]t", said[False])


def test_a_finding_s_numbers_are_read_with_its_decimals():
    opened = chapter()
    found = opened.finding("effect", DOWN, unit="percentage_points", decimals=2, causal=True)
    text = "{f} {f.signed} {f.size:.1f} {f.with_unit}, {f.interval}, n = {f.n}"
    said = opened.say(nb=text, nn=text, en=text, f=found).markdown
    assert said == f"{MINUS}0,31 {MINUS}0,31 0,3 {MINUS}0,31 prosentpoeng, fra {MINUS}0,50 til {MINUS}0,10, n = 400"


@pytest.mark.parametrize(("estimate", "word"), [(DOWN, "ned"), (UP, "opp"), (UNSURE, "uklart")])
def test_a_text_follows_the_interval_of_a_finding(estimate, word):
    opened = chapter()
    texts = {key: three(text, text, text) for key, text in (("lower", "ned"), ("higher", "opp"), ("unclear", "uklart"))}
    passage = opened.by_verdict(opened.finding("x", estimate, unit="percent"), **texts)
    assert passage["nb"] == word


def test_a_number_that_is_not_there_is_said_so():
    opened = chapter("nn")
    found = opened.finding("share", float("nan"), unit="percent")
    assert found.value is None
    text = "{f.value}: {f.verdict}"
    assert opened.say(nb=text, nn=text, en=text, f=found).markdown == "..: inga endring som kan vurderast"


def test_a_finding_is_published_once_and_as_json(monkeypatch):
    import IPython
    import IPython.display

    published = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", lambda bundle, raw: published.append(bundle))
    chapter().finding("effect", np.float64(-0.31), low=-0.5, high=-0.1, unit="percentage_points", n=np.int64(400))
    (bundle,) = published
    content = json.loads(json.dumps(bundle))["application/vnd.evaluation.finding+json"]
    assert content == {
        "chapter": "sick_leave",
        "name": "effect",
        "value": -0.31,
        "low": -0.5,
        "high": -0.1,
        "unit": "percentage_points",
        "n": 400,
        "decimals": 1,
        "causal": False,
    }
    assert "<p" in bundle["text/html"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"unit": "procent"}, "unknown unit"),
        ({"unit": "percent", "low": 1.0}, "both ends"),
        ({"unit": "percent", "low": 2.0, "high": 1.0}, "both ends"),
    ],
)
def test_a_finding_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        chapter().finding("x", 1.0, **arguments)
