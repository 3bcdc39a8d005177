"""Figures are self-contained drawings, readable in print and in grey, that say in words what they show."""

from __future__ import annotations

import io
import json
import re
import struct
from datetime import date
from itertools import pairwise
from types import SimpleNamespace
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import exhibits
from evaluation.disclosure import release, release_estimates, release_public
from evaluation.errors import InputError
from evaluation.exhibits import theme
from evaluation.language import Words
from evaluation.texts import LANGUAGES, MINUS, three

EXHIBIT = "application/vnd.evaluation.exhibit+json"
SCRIPT = "<script>alert(1)</script>"
SECRET = 87.654321


def study(synthetic=True):
    name = three("Programmet", "Programmet", "The programme")
    return SimpleNamespace(synthetic=synthetic, name=name, as_of=date(2013, 12, 31), division=2013)


def chapter(language="nb", synthetic=True):
    return exhibits.Chapter("sick_leave", study=study(synthetic), language=language)


def rates():
    quarters = pd.period_range("2010Q1", "2013Q4", freq="Q-DEC")
    frame = pd.DataFrame(
        [
            (group, quarter, level - step * place, 5000.0)
            for group, level, step in (("participants", 10.0, 0.05), ("others", 9.5, 0.01))
            for place, quarter in enumerate(quarters)
        ],
        columns=["group", "quarter", "rate", "man_years"],
    )
    frame.loc[3, ["rate", "man_years"]] = [SECRET, 2.0]
    return release(frame, values=["rate"], man_years="man_years")


def sectors():
    frame = pd.DataFrame(
        {
            "sector": ["education", "education", "technical", "technical"],
            "year": [2012, 2012, 2013, 2013],
            "group": ["participants", "others"] * 2,
            "rate": [6.5, 6.1, SECRET, 9.9],
            "low": [6.2, 6.0, 80.0, 9.7],
            "high": [6.8, 6.2, 90.0, 10.1],
            "persons": [50, 900, 3, 700],
        }
    )
    return release(frame, values=["rate", "low", "high"], persons="persons")


def events():
    frame = pd.DataFrame({"event_time": range(-4, 4), "estimate": [0.1, -0.1, 0.05, 0.0, -0.1, -0.2, -0.3, -0.4]})
    for column, width in (("low", -0.15), ("high", 0.15), ("band_low", -0.25), ("band_high", 0.25)):
        frame[column] = frame["estimate"] + width
    frame.loc[3, ["low", "high", "band_low", "band_high"]] = np.nan
    return release_estimates(frame, values=list(frame.columns[1:]), municipalities=50)


def shares():
    bands = ["0-24.9", "25-49.9", "50-74.9", "75-99.9", "100+"]
    rows = [
        (year, band, share, 500)
        for year in (2011, 2013)
        for band, share in zip(bands, (10, 10, 20, 20, 40), strict=True)
    ]
    return release(
        pd.DataFrame(rows, columns=["year", "band", "share", "persons"]), values=["share"], persons="persons"
    )


def sizes():
    edges = np.arange(0.0, 105.0, 5.0)
    frame = pd.DataFrame({"lower": edges, "share": 1.0, "persons": 100})
    frame.loc[frame["lower"] == 50, "share"] = 20.0
    frame.loc[frame["lower"] == 100, "share"] = 40.0
    frame.loc[2, ["share", "persons"]] = [SECRET, 2]
    frame["cumulative"] = frame["share"].cumsum().clip(upper=100)
    return release(frame, values=["share", "cumulative"], persons="persons")


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


MARK = pd.Period("2012Q1")
FIGURES = {
    "lines": lambda: exhibits.lines(rates(), x="quarter", y="rate", by="group", marks={MARK: "intake_1_start"}),
    "lines-band": lambda: exhibits.lines(sectors(), x="year", y="rate", by="group", low="low", high="high", zero=True),
    "event-study": lambda: exhibits.event_study(events()),
    "bars": lambda: exhibits.bars(sectors(), category="sector", value="rate", by="group", low="low", high="high"),
    "stacked": lambda: exhibits.stacked_bands(shares(), category="year", band="band", share="share"),
    "histogram": lambda: exhibits.histogram(sizes(), x="lower", y="share", width=5, x_label="position_size"),
    "cumulative": lambda: exhibits.cumulative(
        sizes(), x="lower", y="cumulative", y_label="cumulative_share", x_label="percentage"
    ),
    "dumbbell": lambda: exhibits.dumbbell(
        municipalities(), category="municipality", before="before", after="after", value_label="mean_size"
    ),
    "dot-interval": lambda: exhibits.dot_interval(
        sectors(), category="sector", value="rate", low="low", high="high", by="group"
    ),
    "timeline": lambda: exhibits.timeline(dates(), category="what", start="start", end="end", kind="kind"),
}


def shown(name, language="nb"):
    captions = {"nb": "Bildetekst", "nn": "Bilettekst", "en": "Caption"}
    return chapter(language).figure(name, FIGURES[name](), **captions)


@pytest.fixture(scope="module")
def figures():
    return {(name, language): shown(name, language) for name in FIGURES for language in LANGUAGES}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_a_self_contained_drawing_with_its_text_as_paths(figures, name):
    exhibit = figures[name, "nb"]
    root = ElementTree.fromstring(exhibit.svg)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert "path" in tags
    assert not tags & {"text", "script", "image", "metadata", "foreignObject"}
    links = [value for element in root.iter() for key, value in element.attrib.items() if key.endswith("href")]
    assert all(link.startswith("#") for link in links)
    ids = {element.get("id") for element in root.iter()} - {None}
    assert {link[1:] for link in links} | set(re.findall(r"url\(#([^)]*)\)", exhibit.svg)) <= ids


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_sixteen_centimetres_wide_and_names_no_program(figures, name):
    png = figures[name, "nb"].png
    width, _ = struct.unpack(">II", png[16:24])
    assert width == pytest.approx(16 / 2.54 * 150, abs=1)
    assert b"tEXt" not in png
    assert b"tIME" not in png


@pytest.mark.parametrize("name", ["lines", "bars", "timeline"])
def test_a_figure_is_the_same_bytes_every_time(figures, name):
    again = shown(name)
    assert (again.svg, again.png) == (figures[name, "nb"].svg, figures[name, "nb"].png)


def test_drawings_in_one_page_share_no_ids(figures):
    ids = [set(re.findall(r'\bid="([^"]*)"', figures[name, "nb"].svg)) for name in FIGURES]
    assert sum(map(len, ids)) == len(set().union(*ids))


@pytest.mark.parametrize("name", FIGURES)
def test_the_alternative_text_differs_by_language_and_from_the_caption(figures, name):
    texts = [figures[name, language].alt for language in LANGUAGES]
    assert len(set(texts)) == 3
    assert all(len(text) > 40 and figures[name, "nb"].caption not in text for text in texts)
    assert not re.search(r"\b(ikke|fra|uendret|høyest)\b", figures[name, "nn"].alt)


def test_the_alternative_text_of_lines_says_range_and_who_is_highest(figures):
    alt = figures["lines", "nb"].alt
    data = rates().data
    ours = data[data["group"] == "participants"]["rate"]
    assert f"Deltakere: fra {ours.iloc[0]:.1f} til {ours.iloc[-1]:.1f}".replace(".", ",") in alt
    assert f"lavest {ours.min():.1f} (4. kv. 2013)".replace(".", ",", 1) in alt
    assert "Høyest til slutt: øvrige; lavest: deltakere." in alt
    assert "oppstart pulje 1 (1. kv. 2012)" in alt


def test_the_alternative_text_of_an_event_study_counts_intervals_that_exclude_zero(figures):
    data = events().data
    after = data[data["event_time"] >= 0]
    outside = ((after["low"] > 0) | (after["high"] < 0)).sum()
    band = ((after["band_low"] > 0) | (after["band_high"] < 0)).sum()
    alt = figures["event-study", "en"].alt
    assert f"After the start: 4 estimates from {MINUS}0.40 to {MINUS}0.10; {outside} of them" in alt
    assert f"The last estimate is {MINUS}0.40 (interval {MINUS}0.55 to {MINUS}0.25)." in alt
    assert f"excludes zero in {band} of 4 periods" in alt


def test_the_alternative_texts_of_the_other_figures_hold_their_numbers(figures):
    assert "40 % i 100 % og over".replace(" %", "\N{NO-BREAK SPACE}%") in figures["stacked", "nb"].alt
    assert "størst ved 0–5 (1,0), 50–55 (20,0) og 100–105 (40,0)" in figures["histogram", "nb"].alt
    assert "1 steg, 1 gikk ned, 0 uendret" in figures["dumbbell", "nb"].alt
    assert "Deltakere: undervisning 6,5; samferdsel og teknikk ikke vist." in figures["bars", "nb"].alt
    assert "3 av 3 intervaller ligger helt på én side" in figures["dot-interval", "nb"].alt
    assert "lokalt arbeid 1. januar 2012 til 31. desember 2015" in figures["timeline", "nb"].alt


@pytest.mark.parametrize("name", ["lines", "bars", "histogram", "dumbbell", "dot-interval"])
def test_a_withheld_number_is_nowhere_in_what_is_shown(figures, name):
    for language in LANGUAGES:
        bundle = figures[name, language]._repr_mimebundle_()
        shown = {key: value for key, value in bundle.pop(EXHIBIT).items() if key not in ("svg", "png")}
        page = re.sub('base64,[^"]*', "", json.dumps([shown, bundle]).replace('\\"', '"'))
        assert "alt" in page
        assert not re.search("87[.,][67]", page)
    exhibit = figures[name, "nb"]
    assert exhibit.withheld
    assert "Ikke vist av hensyn til personvernet (:): 1 av" in exhibit.note


def test_a_withheld_bar_of_the_histogram_is_a_gap_and_not_zero():
    with theme.style():
        figure = theme.drawn(FIGURES["histogram"](), Words("nb"))
    heights, _, _ = figure.axes[0].patches[-1].get_data()
    assert np.isnan(heights[2])
    assert heights[[0, 10, 20]].tolist() == [1.0, 20.0, 40.0]
    assert ":" in [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize(("language", "mark"), [("nb", "9,6"), ("en", "9.6")])
def test_axes_are_numbered_in_the_language(language, mark):
    with theme.style():
        figure = theme.drawn(FIGURES["lines"](), Words(language))
        figure.draw_without_rendering()
        ticks = [label.get_text() for label in figure.axes[0].get_yticklabels()]
        years = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert mark in ticks
    assert years == ["2010", "2011", "2012", "2013"]


def test_drawing_leaves_the_reader_s_settings_alone():
    before = {key: value for key, value in mpl.rcParams.items() if key != "backend"}
    shown("timeline")
    assert {key: value for key, value in mpl.rcParams.items() if key != "backend"} == before


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_every_look_reads_on_white_and_in_grey():
    assert all(1.05 / (luminance(look.colour) + 0.05) >= 3 for look in theme.LOOKS)
    for attribute in ("marker", "hatch", "dash"):
        assert len({getattr(look, attribute) for look in theme.LOOKS}) == len(theme.LOOKS)
    ours, theirs = theme.looks(["participants", "others"])
    assert (luminance(theirs.colour) + 0.05) / (luminance(ours.colour) + 0.05) > 2


def test_a_group_keeps_its_look_whatever_stands_beside_it():
    assert theme.looks(["others", "participants"])[1] == theme.looks(["participants"])[0]
    assert len({look.marker for look in theme.looks(["men", "participants", "others", "a", "b", "1"])}) == 6
    with pytest.raises(InputError, match="7 groups"):
        theme.looks(list("abcdefg"))


def test_a_long_name_takes_several_lines_and_the_room_for_them():
    frame = pd.DataFrame(
        {"name": ["kort", "et navn som er så langt at det må deles på flere linjer"], "value": [1.0, 2.0]}
    )
    specs = [exhibits.bars(release_public(frame.head(rows)), category="name", value="value") for rows in (1, 2)]
    short, tall = (spec.height_cm(Words("nb")) for spec in specs)
    assert tall - 2.2 > 2 * (short - 2.2)
    with theme.style():
        labels = [text.get_text() for text in theme.drawn(specs[1], Words("nb")).axes[0].get_yticklabels()]
    assert labels[0] == "kort"
    assert labels[1].count("\n") == 1


@given(st.lists(st.floats(0, 100), max_size=8))
def test_labels_are_moved_apart_in_order(heights):
    placed = theme.apart(sorted(heights), 10)
    assert len(placed) == len(heights)
    assert all(b - a >= 10 - 1e-6 for a, b in pairwise(placed))
    far = [100.0 * place for place in range(len(heights))]
    assert theme.apart(far, 10) == far


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: exhibits.lines(rates().data, x="quarter", y="rate"), "Only released results"),
        (lambda: exhibits.lines(rates(), x="quarter", y="rat"), r"(?s)rat.*Did you mean rate"),
        (lambda: exhibits.bars(sectors(), category="sector", value="group"), "only draw numbers"),
        (lambda: exhibits.bars(sectors().where(sector="other"), category="sector", value="rate"), "nothing to draw"),
        (lambda: exhibits.lines(rates(), x="quarter", y="rate", low="rate"), "both ends"),
        (lambda: exhibits.lines(sectors(), x="persons", y="rate"), "no place in it"),
        (
            lambda: exhibits.stacked_bands(shares().where(band="100+"), category="year", band="band", share="share"),
            "add up to 100",
        ),
        (lambda: exhibits.histogram(sizes(), x="lower", y="share", width=3), "bins of a histogram overlap"),
        (lambda: exhibits.dot_interval(many(), category="n", value="n", low="n", high="n"), "no room for 60 rows"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def many():
    return release_public(pd.DataFrame({"n": range(60)}))


def test_the_csv_of_a_figure_is_its_whole_released_data(figures):
    back = pd.read_csv(io.StringIO(figures["lines", "nb"].csv), na_values=[":"])
    expected = rates().data.assign(quarter=lambda frame: frame["quarter"].astype(str))
    pd.testing.assert_frame_equal(back, expected, check_dtype=False)
