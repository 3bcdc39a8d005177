"""Diverging bars are centred on the neutral answer, read in grey, and say in words what they show."""

from __future__ import annotations

import re
from datetime import date
from types import SimpleNamespace

import pandas as pd
import pytest

from evaluation import exhibits
from evaluation.disclosure import release, release_public
from evaluation.errors import InputError
from evaluation.exhibits import theme
from evaluation.language import Words
from evaluation.texts import LANGUAGES, three

SHARES = {
    ("item_1", "manager"): (10.0, 20.0, 30.0, 25.0, 15.0),
    ("item_1", "union"): (0.0, 5.0, 15.0, 45.0, 35.0),
    ("item_2", "manager"): (87.6, 0.0, 0.0, 0.0, 12.4),
    ("item_2", "union"): (20.0, 20.0, 20.0, 20.0, 20.0),
}
RESPONDENTS = {("item_2", "manager"): 4}
ITEMS = {
    "item_1": three("Partene har et felles mål", "Partane har eit felles mål", "The parties share one goal"),
    "item_2": three("Vi løser uenighet", "Vi løyser usemje", "We settle disagreement"),
}


def answers(shares=SHARES):
    rows = [
        (item, role, answer, share, RESPONDENTS.get((item, role), 40))
        for (item, role), bar in shares.items()
        for answer, share in enumerate(bar, start=1)
    ]
    frame = pd.DataFrame(rows, columns=["item", "role", "answer", "share", "respondents"])
    return release(frame, values=["share"], persons="respondents")


def spec(shares=SHARES):
    return exhibits.diverging_bars(
        answers(shares), category="role", answer="answer", share="share", by="item", labels=ITEMS
    )


def drawn(figure, language="nb"):
    with theme.style():
        return theme.drawn(figure, Words(language))


def chapter(language):
    study = SimpleNamespace(
        synthetic=True, name=three("Programmet", "Programmet", "The programme"), as_of=date(2013, 12, 31), division=2013
    )
    return exhibits.Chapter("cooperation", study=study, language=language)


def bars(figure):
    """The rectangles of each drawn bar from the left, as (left, right, face, hatch)."""
    found = {}
    for patch in figure.axes[0].patches:
        left = patch.get_x()
        part = (left, left + patch.get_width(), patch.get_facecolor(), patch.get_hatch())
        found.setdefault(round(patch.get_y(), 3), []).append(part)
    return [sorted(parts, key=lambda part: part[:2]) for _, parts in sorted(found.items())]


def test_the_middle_of_the_neutral_answer_stands_at_the_centre():
    expected = [bar for key, bar in SHARES.items() if key not in RESPONDENTS]
    for parts, shares in zip(bars(drawn(spec())), expected, strict=True):
        lower, neutral = sum(shares[:2]), shares[2]
        assert parts[0][0] == pytest.approx(-lower - neutral / 2)
        assert parts[-1][1] == pytest.approx(100 - lower - neutral / 2)
        assert [right - left for left, right, *_ in parts] == pytest.approx(shares)


def test_an_even_number_of_answers_has_the_centre_between_them():
    figure = exhibits.diverging_bars(
        answers({("item_1", "union"): (10.0, 30.0, 40.0, 20.0)}), category="role", answer="answer", share="share"
    )
    (parts,) = bars(drawn(figure))
    assert parts[2][0] == pytest.approx(0)
    assert "60 % til høyre for midten, 40 % til venstre" in figure.alt(Words("nb")).replace("\N{NO-BREAK SPACE}", " ")


def test_the_sides_are_told_apart_without_colour():
    (parts, *_) = bars(drawn(spec({("item_1", "union"): (20.0,) * 5})))
    grey = [0.2126 * face[0] + 0.7152 * face[1] + 0.0722 * face[2] for _, _, face, _ in parts]
    assert [bool(hatch) for *_, hatch in parts] == [True, True, False, False, False]
    assert grey[0] < grey[1] < grey[2] > grey[3] > grey[4]


def test_large_shares_are_printed_and_small_ones_not():
    printed = [
        text.get_text() for text in drawn(spec({("item_1", "union"): (0.0, 4.0, 15.0, 46.0, 35.0)})).axes[0].texts
    ]
    assert {"15", "46", "35"} <= set(printed)
    assert not {"0", "4"} & set(printed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_alternative_text_tells_the_sides_of_every_bar(language):
    alt = spec().alt(Words(language)).replace("\N{NO-BREAK SPACE}", " ")
    expected = {
        "nb": "Partene har et felles mål: ledere: 40 % til høyre for midten, 30 % nøytrale, 30 % til venstre",
        "nn": "Partane har eit felles mål: leiarar: 40 % til høgre for midten, 30 % nøytrale, 30 % til venstre",
        "en": "The parties share one goal: managers: 40% right of the centre, 30% neutral, 30% left of it",
    }
    assert expected[language] in alt


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_withheld_bar_is_shown_as_such_and_nowhere_its_numbers(language):
    shown = chapter(language).figure("answers", spec(), nb="Svar", nn="Svara", en="Answers")
    assert not re.search(r"87[.,]6|12[.,]4|88|12 ?%", shown.alt.replace("\N{NO-BREAK SPACE}", " ") + shown.csv)
    assert {"nb": "ikke vist", "nn": "ikkje vist", "en": "not shown"}[language] in shown.alt
    assert ":" in [text.get_text() for text in drawn(spec(), language).axes[0].texts]
    assert len(bars(drawn(spec(), language))) == 3


def test_a_full_page_of_bars_still_fits_a_page():
    roles = ("politician", "manager", "union", "project_leader")
    many = {(f"item_{item}", role): (20.0,) * 5 for item in range(1, 7) for role in roles}
    assert spec(many).height_cm(Words("nb")) < 21


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.assign(share=frame["share"] * 0.9), "do not add up to 100 per cent"),
        (lambda frame: pd.concat([frame, frame], ignore_index=True), "occurs twice in a bar"),
        (lambda frame: frame.assign(share="ten"), "only draw numbers"),
    ],
)
def test_bars_that_are_none_are_refused(change, message):
    frame = change(answers({("item_1", "union"): (20.0,) * 5}).data)
    with pytest.raises(InputError, match=message):
        exhibits.diverging_bars(release_public(frame), category="role", answer="answer", share="share")
