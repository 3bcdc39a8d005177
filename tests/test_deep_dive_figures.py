"""The funnel and the matrix: by shape as well as colour, in words in every language, with nothing withheld shown."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluation import exhibits
from evaluation.disclosure import release, release_public
from evaluation.errors import InputError
from evaluation.exhibits import theme
from evaluation.language import Words
from evaluation.texts import LANGUAGES, three

LABELS = {"a": three("Askvær", "Askvær", "Askvær"), "b": three("Bergsund", "Bergsund", "Bergsund")}


def chapter(language: str) -> exhibits.Chapter:
    study = SimpleNamespace(synthetic=True, name=three("P", "P", "P"), as_of=date(2013, 12, 31), division=2013)
    return exhibits.Chapter("across_cases", study=study, language=language)


def cells() -> pd.DataFrame:
    rows = [
        ("a", "sick_leave_rate", -1.234, "down", "clear", "large", 400.0),
        ("a", "mean_size", 0.5, "up", "unclear", "small", 400.0),
        ("b", "sick_leave_rate", 9.876, "up", "clear", "medium", 3.0),
        ("b", "mean_size", np.nan, "none", "none", "none", 300.0),
    ]
    columns = ["case", "outcome", "gap", "direction", "certainty", "size", "man_years"]
    return pd.DataFrame(rows, columns=columns)


def matrix() -> exhibits.FigureSpec:
    released = release(cells(), values=["gap"], man_years="man_years")
    return exhibits.matrix(released, row="case", column="outcome", value="gap", labels=LABELS)


def drawn(spec: exhibits.FigureSpec, language: str = "nb") -> Figure:
    with theme.style():
        figure = Figure(figsize=(6, 4), layout="constrained")
        FigureCanvasAgg(figure)
        spec.draw(figure, Words(language))
    return figure


def test_a_triangle_points_the_way_is_filled_when_certain_and_grows_with_the_gap():
    lines = [line for line in drawn(matrix()).axes[0].lines if line.get_marker() in ("^", "v")]
    assert [line.get_marker() for line in lines] == ["v", "^"]
    certain, uncertain = lines
    assert certain.get_markersize() > uncertain.get_markersize()
    assert certain.get_markerfacecolor() == certain.get_color()
    assert uncertain.get_markerfacecolor() == "white"
    # Meaning is in shape, fill and size; the colour is one.
    assert certain.get_color() == uncertain.get_color()


def test_the_number_and_the_signs_of_absence_are_written():
    texts = [text.get_text() for text in drawn(matrix()).axes[0].texts]
    assert texts == ["−1,23", "+0,50", ":", ".."]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nb", "Askvær: sykefravær (prosent) ned −1,23 (stort, sikkert)"),
        ("nn", "Askvær: sjukefråvær (prosent) ned −1,23 (stort, sikkert)"),
        ("en", "Askvær: sick leave (per cent) down −1.23 (large, certain)"),
    ],
)
def test_the_matrix_says_every_cell_in_words(language, said):
    shown = chapter(language).figure("matrix", matrix(), nb="A", nn="B", en="C")
    assert said in shown.alt
    withheld = {"nb": "Bergsund: sykefravær (prosent) ikke vist", "nn": "ikkje vist", "en": "not shown"}[language]
    assert withheld in shown.alt
    for part in (shown.alt, shown.csv, shown.svg):
        assert "9.87" not in part
        assert "9,87" not in part


def limits() -> pd.DataFrame:
    sizes = np.geomspace(20, 5000, 30)
    reach = 30 / np.sqrt(sizes)
    names = {"low_95": -1.96, "high_95": 1.96, "low_998": -3.09, "high_998": 3.09}
    return pd.DataFrame({"man_years": sizes} | {name: 9 + z * reach / 3 for name, z in names.items()})


def funnel(**options: object) -> exhibits.FigureSpec:
    rows = pd.DataFrame(
        {
            "man_years": [30.0, 400.0, 4000.0, 5.0],
            "value": [7.0, 9.5, 11.0, 8.765],
            "outside": ["no", "95", "99.8", "99.8"],
            "mark": [None, "a", None, "b"],
        }
    )
    released = release(rows, values=["value"], man_years="man_years")
    given = {"limits": limits(), "centre": 9.0, "mark": "mark", "value_label": "sick_leave_rate", "labels": LABELS}
    return exhibits.funnel(released, **(given | options))


def test_the_funnel_marks_cases_by_shape_and_withholds_the_small():
    figure = drawn(funnel())
    markers = {line.get_marker(): len(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() in "oD"}
    assert markers == {"o": 2, "D": 2}
    dashes = {line.get_linestyle() for line in figure.axes[0].lines if len(line.get_xdata()) == 30}
    assert dashes == {"-", "--"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_funnel_says_how_many_lie_outside_and_where_the_cases_are(language):
    shown = chapter(language).figure("funnel", funnel(), nb="A", nn="B", en="C")
    counts = {
        "nb": "2 ligger utenfor 95-prosentgrensene og 1 av dem utenfor 99,8",
        "nn": "2 ligg utanfor 95-prosentgrensene og 1 av dei utanfor 99,8",
        "en": "2 lie outside the 95% limits, and 1 of them outside the 99.8",
    }
    assert counts[language] in shown.alt
    assert "Askvær 9" in shown.alt
    assert "8,765" not in shown.alt + shown.csv
    assert "8.765" not in shown.alt + shown.csv


def test_limits_of_another_kind_and_unknown_columns_are_refused():
    with pytest.raises(InputError, match="limits of a funnel lack a column"):
        funnel(limits=limits().drop(columns="low_95"))
    with pytest.raises(InputError, match="no such column"):
        funnel(mark="name")
    public = release_public(cells())
    with pytest.raises(InputError, match="Did you mean gap"):
        exhibits.matrix(public, row="case", column="outcome", value="gapp")
