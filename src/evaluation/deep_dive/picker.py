"""In JupyterLab: pick a municipality, a theme and whom to compare with, and see the comparison change.

The picker calls `compare` and shows the result by the chapter, the release and the figures it is handed, for it stands
above them. Under papermill, where nobody can pick, it stays a line of text.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from evaluation.deep_dive.compare import compare
from evaluation.deep_dive.peers import STEPS, find_case
from evaluation.deep_dive.result import CaseComparison
from evaluation.errors import EvaluationError
from evaluation.language import Words
from evaluation.positions import EXCLUDED, Histogram
from evaluation.positions.groups import histogram_of
from evaluation.texts import capital, three
from evaluation.workbench import front_end

if TYPE_CHECKING:
    from evaluation.study import Study

THEMES = {
    "sick_leave": three("sykefravær", "sjukefråvær", "sick leave"),
    "position_sizes": three("stillingsstørrelser", "stillingsstorleikar", "position sizes"),
    "development": three("utviklingen i tall", "utviklinga i tal", "the development in figures"),
}
_LABELS = {
    "municipality": three("Kommune", "Kommune", "Municipality"),
    "theme": three("Tema", "Tema", "Theme"),
    "comparator": three("Sammenliknet med", "Samanlikna med", "Compared with"),
}
_STATIC = three("kan velges i JupyterLab", "kan veljast i JupyterLab", "can be chosen in JupyterLab")
_GAPS = {
    "before": "before",
    "after": "after",
    "peers_before": "others_before",
    "peers_after": "others_after",
    "gap": "gap_short",
    "low": "low",
    "high": "high",
    "placebo_share": "as_large",
}


class Chapter(Protocol):
    """What shows: a chapter of `exhibits`."""

    @property
    def words(self) -> Words: ...  # noqa: D102
    def figure(self, id: str, figure: Any, **texts: Any) -> Any: ...  # noqa: D102
    def table(self, id: str, released: Any, **texts: Any) -> Any: ...  # noqa: D102


class Figures(Protocol):
    """What draws: the module `exhibits`."""

    lines: Any
    stacked_bands: Any


def picker(
    study: Study,
    chapter: Chapter,
    *,
    release: Callable[..., Any],
    figures: Figures,
    municipality: str,
    peers: str = "kostra_group",
    theme: str = "sick_leave",
    exclude_earlier: bool = False,
    exclude: Sequence[str] = EXCLUDED,
    hist: Histogram | None = None,
    interactive: bool | None = None,
) -> Picker | Static:
    """Return the pickers with the comparison below them, or a line of text where nobody can pick.

    Parameters
    ----------
    study : the study.
    chapter : the open chapter, whose language is spoken.
    release, figures : `disclosure.release`, and the module `exhibits`.
    municipality : the first one: code, name or case.
    peers, theme : the first comparator (a rule of `compare`) and theme (`THEMES`).
    exclude_earlier, exclude, hist : see `compare`.
    interactive : whether there is somebody to pick; unless told, whether the cell was run from a front end such as
        JupyterLab and not by papermill.
    """
    if not (front_end() if interactive is None else interactive):
        found = find_case(study, study.municipalities, municipality)
        names = study.municipalities.set_index("municipality")["name"].loc[list(found.municipalities)]
        return Static(chapter.words, ", ".join(names), theme, peers)
    if hist is None:
        hist = histogram_of(study, exclude=exclude)
    options = {"exclude_earlier": exclude_earlier, "exclude": tuple(exclude), "hist": hist}
    return Picker(study, chapter, release, figures, municipality, peers, theme, options)


class Static:
    """The pickers where nobody can pick: what they stand at."""

    def __init__(self, words: Words, municipality: str, theme: str, peers: str):
        chosen = (municipality, words.text(THEMES[theme]), words.value("step", peers))
        texts = [f"{words.text(_LABELS[name])}: {value}" for name, value in zip(_LABELS, chosen, strict=True)]
        self.text = f"{'; '.join(texts)} ({words.text(_STATIC)})"

    def __repr__(self) -> str:
        return self.text


class Picker:
    """Three pickers and the comparison they ask for.

    Attributes
    ----------
    municipality, theme, comparator : the widgets; set their `value` to pick.
    shown : the widget whose `value` is the comparison as HTML.
    comparison : the result shown, None when it could not be made (`shown` then says why).
    """

    def __init__(
        self,
        study: Study,
        chapter: Chapter,
        release: Callable[..., Any],
        figures: Figures,
        municipality: str,
        peers: str,
        theme: str,
        options: Mapping[str, Any],
    ):
        from ipywidgets import HTML, Dropdown, HBox, Layout, VBox

        words = chapter.words
        self._study, self._chapter, self._release, self._figures = study, chapter, release, figures
        self._options = dict(options)
        first = self._compare(municipality, peers)

        def choice(name: str, options: list[tuple[str, str]], value: str) -> Any:
            label = words.text(_LABELS[name])
            return Dropdown(
                options=options,
                value=value,
                description=label,
                style={"description_width": "initial"},
                layout=Layout(width="max-content"),
            )

        self.municipality = choice("municipality", _municipalities(study, first), first.case.case)
        self.theme = choice("theme", [(capital(words.text(text)), key) for key, text in THEMES.items()], theme)
        self.comparator = choice("comparator", [(words.cell("step", rule), rule) for rule in STEPS], peers)
        self.shown = HTML()
        self.comparison: CaseComparison | None = first
        self._compared = (first.case.case, peers)
        self.box = VBox([HBox([self.municipality, self.theme, self.comparator]), self.shown])
        for widget in (self.municipality, self.theme, self.comparator):
            widget.observe(self._update, names="value")
        self._update()

    def _compare(self, municipality: str, peers: str) -> CaseComparison:
        return compare(self._study, municipality, peers=peers, **self._options)

    def _update(self, *_: Any) -> None:
        asked = (self.municipality.value, self.comparator.value)
        try:
            if asked != self._compared or self.comparison is None:
                self.comparison, self._compared = None, asked
                self.comparison = self._compare(*asked)
            self.shown.value = self._html(self.comparison)
        except EvaluationError as error:
            self.shown.value = f"<p>{html.escape(str(error))}</p>"

    def _html(self, found: CaseComparison) -> str:
        show = {
            "sick_leave": self._sick_leave,
            "position_sizes": self._position_sizes,
            "development": self._development,
        }
        remarks = (self._chapter.words.plain(note.text, **note.given) for note in found.notes)
        items = "".join(f"<li>{html.escape(remark)}</li>" for remark in remarks)
        return f"{show[self.theme.value](found).html()}<ul>{items}</ul>"

    def _sick_leave(self, found: CaseComparison) -> Any:
        values = ["rate", "low", "high", "lost_days", "agreed_days"]
        released = self._release(found.sick_leave, values=values, man_years="man_years")
        drawn = self._figures.lines(
            released,
            x="quarter",
            y="rate",
            by="who",
            low="low",
            high="high",
            marks={found.reference: "programme_start"},
            labels={"case": found.label},
        )
        return self._chapter.figure(
            "picked",
            drawn,
            nb="{title}: sykefravær i løpende år, prosent av avtalte dagsverk",
            nn="{title}: sjukefråvær i løpande år, prosent av avtalte dagsverk",
            en="{title}: sick leave in rolling years, per cent of agreed man-days",
            title=found.label,
        )

    def _position_sizes(self, found: CaseComparison) -> Any:
        released = self._release(found.bands, values=["share"], persons="persons", within=["who", "when"])
        sides = released.where(who=["case", "peers"])
        return self._chapter.figure(
            "picked",
            self._figures.stacked_bands(sides, category="side", band="band", share="share"),
            nb="{title}: ansatte etter samlet stillingsprosent, prosent",
            nn="{title}: tilsette etter samla stillingsprosent, prosent",
            en="{title}: employees by total position size, per cent",
            title=found.label,
        )

    def _development(self, found: CaseComparison) -> Any:
        return self._chapter.table(
            "picked",
            self._release(
                found.development(),
                values=[*_GAPS, "change", "peers_change"],
                man_years="counted",
                within=["split"],
            ),
            columns={"outcome": "outcome", **_GAPS},
            decimals=dict.fromkeys(("gap", "low", "high", "placebo_share"), 2),
            nb="{title}: utviklingen sammenliknet med andre kommuner, prosent og prosentpoeng",
            nn="{title}: utviklinga samanlikna med andre kommunar, prosent og prosentpoeng",
            en="{title}: development compared with other municipalities, per cent and percentage points",
            title=found.label,
        )

    def _repr_mimebundle_(self, **arguments: Any) -> Any:
        return self.box._repr_mimebundle_(**arguments)


def _municipalities(study: Study, first: CaseComparison) -> list[tuple[str, str]]:
    """Return what can be picked, by name; those that share a name are told apart by county, and the first case too."""
    everyone = study.municipalities.sort_values(["name", "municipality"])
    shared = everyone["name"].duplicated(keep=False)
    labels = everyone["name"].where(~shared, everyone["name"] + " (" + everyone["county"].astype("str") + ")")
    options = list(zip(labels, everyone["municipality"], strict=True))
    if first.case.case not in set(everyone["municipality"]):
        options.insert(0, (", ".join(first.names), first.case.case))
    return options
