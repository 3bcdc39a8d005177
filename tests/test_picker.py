"""In JupyterLab one picks a municipality, a theme and a comparator; under papermill the picker stays a line of text."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbclient import NotebookClient

from evaluation import deep_dive, exhibits, load_study, workbench
from evaluation.disclosure import release
from evaluation.errors import InputError, Problem

ROOT = Path(__file__).parents[1]
MODULE = import_module("evaluation.deep_dive.picker")  # the package's own `picker` is the function


@pytest.fixture(scope="module")
def study():
    return load_study(ROOT / "data" / "demo", as_of="2013-12-31", division=2013)


@pytest.fixture(scope="module")
def chapter(study):
    return exhibits.Chapter("profile", study=study, language="nb")


def picker(study, chapter, **options):
    options = {"municipality": "Varghaug", "interactive": True, **options}
    return deep_dive.picker(study, chapter, release=release, figures=exhibits, **options)


@pytest.fixture(scope="module")
def picked(study, chapter):
    return picker(study, chapter)


def test_picking_changes_what_is_shown(picked, study):
    first = picked.shown.value
    assert "Varghaug: sykefravær" in first
    assert 'alt="Linjediagram' in first
    picked.theme.value = "position_sizes"
    assert "Varghaug: ansatte etter samlet stillingsprosent" in picked.shown.value
    picked.theme.value = "development"
    table = picked.shown.value
    assert "Varghaug: utviklingen" in table
    picked.comparator.value = "county"
    assert picked.comparison.peer_rule == "county"
    assert picked.shown.value != table
    other = study.municipalities["municipality"].iloc[0]
    picked.municipality.value = other
    assert picked.comparison.case.case == other
    assert "Smørstad: utviklingen" in picked.shown.value
    picked.municipality.value, picked.comparator.value, picked.theme.value = "6233", "kostra_group", "sick_leave"
    assert picked.shown.value == first


def test_what_is_shown_is_what_compare_finds(picked, study):
    found = deep_dive.compare(study, "6233", peers="population")
    picked.comparator.value = "population"
    assert picked.comparison.gaps.equals(found.gaps)
    picked.comparator.value = "kostra_group"


def test_every_municipality_theme_and_comparator_can_be_picked(picked, study):
    codes = {code for _, code in picked.municipality.options}
    assert codes == set(study.municipalities["municipality"])
    labels = [label for label, _ in picked.municipality.options]
    assert len(set(labels)) == len(labels)
    assert [rule for _, rule in picked.comparator.options] == list(deep_dive.STEPS)
    assert [label for label, _ in picked.theme.options] == ["Sykefravær", "Stillingsstørrelser", "Utviklingen i tall"]


def test_a_comparison_that_cannot_be_made_is_said_and_the_next_one_shown(picked, monkeypatch):
    def refuse(*_, **__):
        raise InputError(Problem("no peer <b>", "Choose another"))

    monkeypatch.setattr(MODULE, "compare", refuse)
    picked.comparator.value = "country"
    assert picked.shown.value == "<p>no peer &lt;b&gt;. Choose another</p>"
    assert picked.comparison is None
    monkeypatch.undo()
    picked.comparator.value = "kostra_group"
    assert picked.comparison is not None


def test_a_deep_dive_case_can_be_the_first(study, chapter):
    joint = next(case for case in study.programme.all_cases() if len(case.municipalities) > 1)
    first = picker(study, chapter, municipality=joint.case)
    assert first.municipality.value == joint.case
    assert first.municipality.options[0][1] == joint.case


def test_where_nobody_can_pick_a_case_is_named_by_its_municipalities(study, chapter):
    joint = next(case for case in study.programme.all_cases() if len(case.municipalities) > 1)
    names = study.municipalities.set_index("municipality")["name"].loc[list(joint.municipalities)]
    assert repr(picker(study, chapter, municipality=joint.case, interactive=False)).startswith(
        f"Kommune: {', '.join(names)}; "
    )


def test_earlier_participants_can_be_left_out(study, chapter):
    found = picker(study, chapter, exclude_earlier=True).comparison
    earlier = study.municipalities.loc[study.municipalities["earlier"], "municipality"]
    assert not set(found.peers["municipality"]) & set(earlier)


def test_an_unknown_municipality_is_an_error_at_once(study, chapter):
    with pytest.raises(InputError, match="Varghau"):
        picker(study, chapter, municipality="Varghau")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("nb", "Kommune: Varghaug; Tema: sykefravær; Sammenliknet med: samme KOSTRA-gruppe (kan velges i JupyterLab)"),
        ("nn", "Kommune: Varghaug; Tema: sjukefråvær; Samanlikna med: same KOSTRA-gruppe (kan veljast i JupyterLab)"),
        (
            "en",
            "Municipality: Varghaug; Theme: sick leave; Compared with: same KOSTRA group (can be chosen in JupyterLab)",
        ),
    ],
)
def test_where_nobody_can_pick_it_is_a_line_of_text(study, language, expected):
    chapter = exhibits.Chapter("profile", study=study, language=language)
    assert repr(picker(study, chapter, interactive=None)) == expected


def test_under_papermill_and_nbclient_the_cell_stays_static():
    notebook = nbformat.read(ROOT / "notebooks" / "profile.ipynb", as_version=4)
    done = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT / "notebooks")}}).execute()
    (output,) = done.cells[-1].outputs
    assert set(output.data) == {"text/plain"}
    assert "widgets" not in done.metadata


def test_a_front_end_that_names_its_cells_gets_the_widgets(monkeypatch):
    sent = {"metadata": {"cellId": "0a"}}
    kernel = SimpleNamespace(get_parent=lambda channel: sent)
    shell = SimpleNamespace(kernel=kernel)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert workbench.front_end()
    sent["metadata"] = {}
    assert not workbench.front_end()
    shell.kernel = None
    assert not workbench.front_end()
