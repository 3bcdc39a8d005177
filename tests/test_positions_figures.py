"""The figures of position sizes: drawn in three languages, saying what they show, the same in grey."""

from __future__ import annotations

import re
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from evaluation import exhibits
from evaluation.disclosure import release, release_estimates
from evaluation.errors import InputError
from evaluation.texts import LANGUAGES, three

SECRET = 87.654321


def curve(groups: tuple[str, ...] = ("participants", "others")):
    rows = []
    for place, group in enumerate(groups):
        for size in range(5, 105, 5):
            effect = 0.0 if size < 75 or place else (size - 70) / 20
            rows.append(
                (group, size, effect, effect - 0.2, effect + 0.2, effect - 0.3, effect + 0.3, 42 if size > 5 else 1)
            )
    columns = ["group", "percentage", "estimate", "low", "high", "band_low", "band_high", "treated"]
    return release_estimates(pd.DataFrame(rows, columns=columns), values=columns[2:-1], municipalities="treated")


def panels():
    rows = [(s, low, 4.0 + (low == 100) * 20, 50) for s in ("education", "health_care") for low in range(0, 105, 5)]
    frame = pd.DataFrame(rows, columns=["sector", "lower", "share", "persons"])
    frame.loc[3, ["share", "persons"]] = [SECRET, 2]
    return release(frame, values=["share"], persons="persons", within=["sector"])


def matrix():
    bands = ["0-24.9", "25-49.9", "50-74.9"]
    rows = [(a, b, 90.0 if a == b else 5.0, 200) for a in [*bands, "none"] for b in bands]
    frame = pd.DataFrame(rows, columns=["from_band", "to_band", "share", "persons"])
    frame.loc[1, ["share", "persons"]] = [SECRET, 3]
    return release(frame, values=["share"], persons="persons")


FIGURES = {
    "along": lambda: exhibits.along(curve(), x="percentage", by="group", y_label="threshold_effect"),
    "along-one": lambda: exhibits.along(curve(("participants",)), x="percentage", y_label="threshold_effect"),
    "small-histograms": lambda: exhibits.small_histograms(
        panels(), panel="sector", x="lower", y="share", width=5, x_label="percentage", y_label="share_of_employees"
    ),
    "grid": lambda: exhibits.grid(
        matrix(), row="from_band", column="to_band", value="share", value_label="percent",
        row_label=three("i 2011", "i 2011", "in 2011"), column_label=three("i 2013", "i 2013", "in 2013"),
    ),
}  # fmt: skip


def shown(name, language):
    study = SimpleNamespace(synthetic=True, name=three("P", "P", "P"), as_of=date(2013, 12, 31), division=2013)
    chapter = exhibits.Chapter("position_sizes", study=study, language=language)
    return chapter.figure(name, FIGURES[name](), nb="Bildetekst", nn="Bilettekst", en="Caption")


@pytest.fixture(scope="module")
def figures():
    return {(name, language): shown(name, language) for name in FIGURES for language in LANGUAGES}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_speaks_three_languages_and_holds_no_withheld_number(figures, name):
    texts = {language: figures[name, language].alt for language in LANGUAGES}
    assert len(set(texts.values())) == 3
    for language in LANGUAGES:
        one = figures[name, language]
        assert len(one.alt) > 80
        assert "{" not in one.alt
        for text in (one.alt, one.csv, one.svg):
            assert "87.65" not in text
            assert "87,65" not in text
        assert not re.search(r"\d\.\d", one.alt) or language == "en"


def test_the_same_figure_is_the_same_bytes(figures):
    for name in FIGURES:
        again = shown(name, "nb")
        assert (again.svg, again.png) == (figures[name, "nb"].svg, figures[name, "nb"].png)


def test_the_curve_says_where_its_band_excludes_zero(figures):
    assert "The simultaneous band excludes zero at 80 to 100." in figures["along", "en"].alt
    assert "Others: " in figures["along", "en"].alt
    assert "The simultaneous band includes zero everywhere." in figures["along", "en"].alt


def test_panels_and_cells_say_what_is_withheld(figures):
    assert "Undervisning: størst ved 100–105 (24,0)." in figures["small-histograms", "nb"].alt
    assert "not shown" in figures["grid", "en"].alt
    assert "25–49.9% 90.0" in figures["grid", "en"].alt


@pytest.mark.parametrize("name", ["along", "grid"])
def test_groups_and_cells_differ_without_colour(name):
    from evaluation.exhibits import theme
    from evaluation.language import Words

    with theme.style():
        figure = theme.drawn(FIGURES[name](), Words("nb"))
        axes = figure.axes[0]
        if name == "along":
            looks = {(line.get_linestyle(), line.get_marker(), line.get_markerfacecolor()) for line in axes.lines}
            assert len({marker for _, marker, _ in looks if marker not in ("None", "")}) == 2
            assert "white" in {fill for *_, fill in looks}
        else:
            grey = np.array([patch.get_facecolor()[:3] for patch in axes.patches]) @ [0.2126, 0.7152, 0.0722]
            assert grey.max() - grey.min() > 0.3
            assert {text.get_text() for text in axes.texts} >= {"90,0", "5,0", ":"}


def test_a_grid_with_two_values_in_a_cell_is_refused():
    twice = pd.concat([matrix().data, matrix().data.iloc[[0]]], ignore_index=True)
    released = release(twice.fillna({"share": 1.0, "persons": 9}), values=["share"], persons="persons")
    with pytest.raises(InputError, match="two values"):
        exhibits.grid(released, row="from_band", column="to_band", value="share")
