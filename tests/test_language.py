"""Numbers, labels and sentences read as the language wants, and data never become markup."""

from __future__ import annotations

import csv
import html
import re
from datetime import date
from pathlib import Path

import pandas as pd
import pypandoc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import language
from evaluation.errors import InputError
from evaluation.language import Words, labels
from evaluation.texts import LANGUAGES, MINUS, Passage, escape, three

NB, NN, EN = (Words(code) for code in LANGUAGES)
SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("x", "decimals", "nb", "en"),
    [
        (9.62, 1, "9,6", "9.6"),
        (-0.25, 2, f"{MINUS}0,25", f"{MINUS}0.25"),
        (-0.04, 1, "0,0", "0.0"),
        (-0.0, 0, "0", "0"),
        (1234567.89, 1, f"1{SPACE}234{SPACE}567,9", "1,234,567.9"),
        (999.96, 1, f"1{SPACE}000,0", "1,000.0"),
        (float("nan"), 1, "..", ".."),
        (None, 1, "..", ".."),
    ],
)
def test_numbers_follow_the_language_and_a_rounded_zero_has_no_sign(x, decimals, nb, en):
    assert (NB.number(x, decimals), NN.number(x, decimals), EN.number(x, decimals)) == (nb, nb, en)


def test_signed_numbers_show_plus_but_never_a_signed_zero():
    assert [NB.signed(x, 1) for x in (0.3, -0.3, 0.01, -0.01)] == ["+0,3", f"{MINUS}0,3", "0,0", "0,0"]


@given(st.floats(-1e9, 1e9), st.integers(0, 4))
def test_a_printed_number_reads_back_as_the_rounded_number(x, decimals):
    for words in (NB, EN):
        shown = words.number(x, decimals).replace(MINUS, "-").replace(SPACE, "")
        back = shown.replace(",", ".") if words is NB else shown.replace(",", "")
        assert float(back) == pytest.approx(round(x, decimals), abs=0.51 * 10**-decimals)


def test_times_and_lists_read_as_the_language_has_them():
    period, day = pd.Period("2012Q1"), date(2013, 12, 31)
    assert [w.quarter(period) for w in (NB, NN, EN)] == ["1. kvartal 2012", "1. kvartal 2012", "Q1 2012"]
    assert [w.short_quarter(period) for w in (NB, EN)] == ["1. kv. 2012", "Q1 2012"]
    assert [w.date(day) for w in (NB, NN, EN)] == ["31. desember 2013", "31. desember 2013", "31 December 2013"]
    assert [NB.list([]), NB.list(["a"]), NB.list("ab"), EN.list("abc")] == ["", "a", "a og b", "a, b and c"]
    assert [NB.percent(9.62), EN.percent(9.62)] == [f"9,6{SPACE}%", "9.6%"]


def test_plain_no_is_not_a_language():
    with pytest.raises(InputError, match=r"(?s)'no'.*bokmål"):
        Words("no")


CODES = re.findall(
    r"\S+",
    """
    administration education kindergarten health_care technical other women men permanent temporary substitute
    apprentice pensioner hourly participants others total self_certified doctor_certified days_1_3 days_4_10
    days_11_40 days_over_40 rate agreed_days lost_days municipalities municipality man_years standard_error interval
    year quarter intake network sick_leave recruitment reputation theme.full_time group.1 group.2 intake.1 intake.2
    band.0-24.9 band.25-49.9 band.50-74.9 band.75-99.9 band.100+ mean_size full_time_share small_share estimate low
    high p_value n
    """,
)


def test_every_code_of_the_tidy_tables_has_a_label():
    assert [code for code in CODES if not NB.known(code)] == []


def test_no_label_is_given_twice():
    with (Path(language.__file__).parent / "labels.csv").open(encoding="utf-8", newline="") as file:
        keys = [row["key"] for row in csv.DictReader(file)]
    assert sorted(keys) == sorted(set(keys)) == sorted(labels())


def test_every_label_is_there_in_three_languages():
    assert [key for key, texts in labels().items() if not all(texts[code].strip() for code in LANGUAGES)] == []
    lines = (NB.label("rate"), NN.label("rate"), EN.label("rate"))
    assert lines == ("Sykefravær (prosent)", "Sjukefråvær (prosent)", "Sick leave (per cent)")


BOKMAAL = re.compile(
    r"\b(syke\w*|kommuner|ikke|ansatt\w*|gjennomsnittlig|fra|heltid\w*|tjeneste\w*|andel\w*|stillinger|dager|"
    r"egenmeldt\w*|størrelse|kvartaler|prosjekter|personer|deltakere|tidligere|siden|uke|øvrige|kjønnene|hvert|hver|"
    r"endringer|klynger|kilde\w*|forskjell|bånd|antall|mangler|beholdt|utelatt|dypdykk)\b"
)


def test_nynorsk_labels_are_nynorsk():
    assert {key: texts["nn"] for key, texts in labels().items() if BOKMAAL.search(texts["nn"])} == {}


def test_an_unknown_label_names_the_nearest():
    with pytest.raises(InputError, match=r"(?s)municipalty.*municipality"):
        NB.label("municipalty")


def test_a_label_of_the_column_comes_before_a_general_one():
    assert NB.cell("intake", "1") == "Pulje 1"
    assert NB.cell("kostra_group", "1") == "1"
    assert NB.cell("sector", "other") == "Annet"
    assert NB.value("municipality", "Ny \n By") == "Ny By"
    assert [w.value("band", "33.3-66.6") for w in (NB, EN)] == [f"33,3–66,6{SPACE}%", "33.3–66.6%"]
    assert NB.value("band", "50+") == f"50{SPACE}% og over"


def test_a_sentence_is_filled_in_the_form_asked_for():
    said = NB.say(
        "{n} kommuner, {rate} prosent, {rate:.2f}, {change:+.1f}, i {year:d}, {sector:term}, {when}, {when:short}, "
        "{names}, {t}",
        n=1234,
        rate=9.614,
        change=0.25,
        year=2013,
        sector="health_care",
        when=pd.Period("2012Q1"),
        names=["A*", "B"],
        t=three("navn", "namn", "name"),
    )
    assert said == (
        f"1{SPACE}234 kommuner, 9,6 prosent, 9,61, +0,2, i 2013, helse, pleie og omsorg, 1. kvartal 2012, 1. kv. 2012, "
        r"A\* og B, navn"
    )


def test_passages_are_filled_and_data_are_not():
    passage = Passage("*steg* til {x}", "*steg* til {x}", "*rose* to {x}")
    assert NB.say("Det {p}. {name}", p=passage, x=1.0, name="{x}") == r"Det *steg* til 1,0. \{x\}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{rat}", r"(?s)not given.*Given: rate"),
        ("{rate.value}", "part that the value does not have"),
        ("{rate.__class__}", "part that the value does not have"),
        ("{rate:%}", "unknown form"),
        ("{rate", "cannot be filled"),
    ],
)
def test_a_text_that_cannot_be_filled_says_why(text, message):
    with pytest.raises(InputError, match=message):
        NB.say(text, rate=1.0)


NASTY = [
    "<script>alert(1)</script>",
    "*x* _y_ **z** `k` ~~s~~ ^a^ ~b~",
    "[text](javascript:alert(1)) ![i](x.png) [@cite] @fig:id [[w]]",
    "$x^2$ \\(y\\) $$z$$ \\alpha",
    "# Heading",
    "1. one",
    "- item",
    "+ item",
    "=cmd()|A1",
    "> quote",
    "a | b | c",
    "https://example.org www.example.org",
    "&amp; &lt; AT&T",
    "a -- b --- c ... d",
    "Harstad - Hárstták",
    "{.class #id} {{x}}",
    ": definition",
    "2) two",
]


@pytest.mark.parametrize("reader", ["markdown", "gfm"])
def test_data_stay_text_in_markdown(reader):
    """The escaped text goes through pandoc and comes out as the characters that went in, with no element of its own."""
    source = "\n\n".join(escape(text) for text in NASTY)
    page = pypandoc.convert_text(source, "html", format=reader, extra_args=["--wrap=none"])
    paragraphs = page.strip().splitlines()
    assert [html.unescape(re.sub("</?p>", "", line)) for line in paragraphs] == NASTY
    assert set(re.findall("<[^>]*>", page)) == {"<p>", "</p>"}


@pytest.mark.parametrize(
    ("language", "p", "shown"),
    [("nb", 0.0341, "p = 0,034"), ("en", 0.0341, "p = 0.034"), ("nb", 0.0004, "p < 0,001"), ("en", 1.0, "p = 1.000")],
)
def test_a_p_value_is_never_shown_as_zero(language, p, shown):
    text = Words(language).plain("{p:p}", p=p)
    assert text.replace("\N{NO-BREAK SPACE}", " ") == shown
