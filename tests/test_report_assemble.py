"""Executed notebooks become one document: one language, exhibits numbered and referred to, nothing reaching outside."""

from __future__ import annotations

from pathlib import Path

import pytest
import toy_reports as toys

from evaluation.errors import ReportError
from evaluation.report.assemble import assemble
from evaluation.report.markdown import contained
from evaluation.report.parameters import Run

TITLE = toys.markdown("# Tittel")


def chapter(*cells, stem="02_a"):
    return {stem: toys.notebook(*cells)}


def made(notebooks, language="nb", **options):
    chapters = [[Run(stem, Path(f"notebooks/{stem}.ipynb"), {})] for stem in notebooks]
    return assemble(chapters, notebooks, language=language, **options)


def test_exhibits_are_numbered_by_chapter_and_kind_and_referred_to_by_number():
    text = "Se @fig:b, @tbl:a og @Fig:a, men `@fig:a` er kode."
    first = chapter(TITLE, toys.shown(toys.figure("x")), stem="01_a")
    second = chapter(
        TITLE,
        toys.shown(toys.prose(text)),
        toys.shown(toys.figure("a"), toys.figure("b")),
        toys.markdown("Også her: @tbl:a."),
        toys.shown(toys.table("a2"), {}),
        stem="02_b",
    )
    with pytest.raises(ReportError, match="@tbl:a refers"):
        made(first | second)
    second["02_b"].cells.append(toys.shown(toys.table("a3")))
    second["02_b"].cells[1] = toys.shown(toys.prose(text.replace("tbl:a", "tbl:a3")))
    second["02_b"].cells[3].source = "Også her: @tbl:a2."
    result = made(first | second)
    assert [exhibit.label for exhibit in result.exhibits] == [
        "Figur 1.1",
        "Figur 2.1",
        "Figur 2.2",
        "Tabell 2.1",
        "Tabell 2.2",
    ]
    expected = (
        "Se [figur 2.2](#fig-02_b-b), [tabell 2.2](#tbl-02_b-a3) og [Figur 2.1](#fig-02_b-a), men `@fig:a` er kode."
    )
    assert expected in result.markdown
    assert "Også her: [tabell 2.1](#tbl-02_b-a2)." in result.markdown


def test_a_reference_to_another_chapters_exhibit_names_those_of_this_one():
    notebooks = chapter(TITLE, toys.shown(toys.figure("x")), stem="01_a")
    notebooks |= chapter(TITLE, toys.markdown("Se @fig:x og @tbl:y."), toys.shown(toys.figure("y")), stem="02_b")
    with pytest.raises(ReportError) as error:
        made(notebooks)
    assert "02_b: @fig:x refers to an exhibit that is not in the chapter. It has @fig:y." in str(error.value)
    assert "@tbl:y" in str(error.value)


@pytest.mark.parametrize(("language", "kept"), [("nb", "bokmål"), ("nn", "nynorsk"), ("en", "English")])
def test_a_report_speaks_one_language(language, kept):
    words = {"nb": "bokmål", "nn": "nynorsk", "en": "English"}
    cells = [toys.markdown(f"# {word}", code) for code, word in words.items()]
    cells += [toys.markdown(f"på {word}", code) for code, word in words.items()] + [toys.markdown("til alle")]
    text = made(chapter(*cells, toys.shown(toys.table("t"))), language).markdown
    assert text.startswith(f"# {kept} {{#chapter-1 .chapter}}\n\npå {kept}\n\ntil alle\n\n")
    assert [word for word in words.values() if word in text] == [kept]
    assert ("Table 1.1" if language == "en" else "Tabell 1.1") in text


def test_code_findings_and_other_outputs_are_not_printed():
    cell = toys.shown({"text/html": "<b>html</b>", "text/plain": "plain"}, toys.finding("level"))
    text = made(chapter(TITLE, toys.code("secret = 1"), cell)).markdown
    assert text == "# Tittel {#chapter-1 .chapter}\n"


def test_a_repeated_notebook_is_one_chapter():
    cells = [TITLE, toys.shown(toys.prose("## Case"), toys.figure("f"), toys.finding("gap"))]
    runs = [Run(f"08_d-{case}", Path("08_d.ipynb"), {}, {"case": case}) for case in ("a", "b")]
    result = assemble([runs], {run.name: toys.notebook(*cells) for run in runs}, language="en")
    assert result.markdown.count("# Tittel") == 1
    assert [(e.label, e.name) for e in result.exhibits] == [("Figure 1.1", "08_d-a-f"), ("Figure 1.2", "08_d-b-f")]
    assert [(found["notebook"], found["case"]) for found in result.findings] == [("08_d", "a"), ("08_d", "b")]
    assert "data/08_d-b-f.csv" in result.files


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([toys.markdown("Tekst")], "02_a.ipynb: the first text in the report's language is not a title"),
        ([TITLE, toys.shown(toys.figure("f"), toys.figure("f"))], "the exhibit `f` is shown twice"),
        ([TITLE, toys.shown(toys.figure("f", alt=" "))], "`f` lacks its picture or its alternative text"),
        ([TITLE, toys.shown(toys.figure("f", png=""))], "`f` lacks its picture"),
        ([TITLE, toys.shown(toys.finding("x"), toys.finding("x"))], "the finding `x` is recorded twice"),
    ],
)
def test_an_incomplete_chapter_is_refused(cells, expected):
    with pytest.raises(ReportError) as error:
        made(chapter(*cells))
    assert expected in str(error.value)


def test_all_problems_of_all_chapters_are_told_together():
    notebooks = chapter(toys.markdown("x"), stem="01_a") | chapter(TITLE, toys.markdown("@fig:x"), stem="02_b")
    with pytest.raises(ReportError, match=r"(?s)01_a\.ipynb.*02_b: @fig:x"):
        made(notebooks)


def test_the_report_is_synthetic_if_any_exhibit_is():
    real = [toys.figure("f", synthetic=False), toys.table("t", synthetic=False)]
    assert not made(chapter(TITLE, toys.shown(*real))).synthetic
    assert made(chapter(TITLE, toys.shown(*real, toys.table("u")))).synthetic


def test_the_appendices_list_every_exhibit_and_input():
    inputs = [("raw_2012.csv", "ab" * 32)]
    text = made(chapter(TITLE, toys.shown(toys.figure("f"))), "nn", inputs=inputs).markdown
    assert "# Vedlegg A: Figurar, tabellar og kjelder {#appendix-a .unnumbered .appendix}" in text
    assert (
        "| [Figur\u00a01.1](#fig-02_a-f) | En kurve | [02\\_a, celle 1](#source-02_a-1) | `data/02_a-f.csv` |" in text
    )
    assert f"| raw\\_2012.csv | `{'ab' * 32}` |" in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\n```\n@fig:x :::\n", "a\n```\n@fig:x :::\n```"),
        ("~~~~ py\n```\n::: x\n~~~~\n::: y", "~~~~ py\n```\n::: x\n~~~~\n\\::: y"),
        ("Note[^1].\n\n[^1]: Text", "Note[^run-1].\n\n[^run-1]: Text"),
    ],
)
def test_chapter_text_cannot_reach_outside_itself(text, expected):
    assert contained(text, "run", lambda *_: "X") == expected


@pytest.mark.parametrize(
    ("text", "written"),
    [("@fig:a shows", "Fig"), ("As it is. @tbl:a shows", "Tbl"), ("see @fig:a", "fig"), ("(@tbl:a)", "tbl")],
)
def test_a_reference_that_begins_a_sentence_has_a_capital_letter(text, written):
    assert written in contained(text, "run", lambda kind, own, as_written: f"<{as_written}>").replace(">", "<").split(
        "<"
    )
