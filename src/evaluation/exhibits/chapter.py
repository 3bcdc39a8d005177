"""What a notebook shows: prose with computed numbers, findings, figures and tables, in the report's language.

A `Chapter` is opened in the first cell. Everything it returns shows itself in JupyterLab and carries, beside that, the
machine-readable form from which the report is put together. Captions, notes, alternative texts
and cells are plain text.
"""

from __future__ import annotations

import base64
import html
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from textwrap import shorten
from typing import Any, Protocol

from evaluation.disclosure import Released, check_released
from evaluation.errors import InputError, Problem
from evaluation.exhibits import tables, theme
from evaluation.exhibits.contents import contents
from evaluation.exhibits.figures import FigureSpec
from evaluation.exhibits.finding import MIMETYPE as FINDING
from evaluation.exhibits.finding import OWN_UNIT, Evidence, Finding, finite
from evaluation.language import Words
from evaluation.texts import LANGUAGES, Passage, Text, names_in, three, unmarked

PROSE = "application/vnd.evaluation.prose+json"
EXHIBIT = "application/vnd.evaluation.exhibit+json"
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_-]*")

SYNTHETIC = three(
    "Syntetiske demonstrasjonsdata.",
    "Syntetiske demonstrasjonsdata.",
    "Synthetic demonstration data.",
)
_SOURCE = three(
    "Kilde: {name}, data til og med {as_of}, kommuneinndelingen i {division:d}.",
    "Kjelde: {name}, data til og med {as_of}, kommuneinndelinga i {division:d}.",
    "Source: {name}, data up to and including {as_of}, municipal division of {division:d}.",
)
_WITHHELD = three(
    "Ikke vist av hensyn til personvernet (:): {hidden} av {rows} rader, {reasons}.",
    "Ikkje vist av omsyn til personvernet (:): {hidden} av {rows} rader, {reasons}.",
    "Not shown, for confidentiality (:): {hidden} of {rows} rows, {reasons}.",
)
_REASONS = {
    "few_persons": three("færre enn {0} personer", "færre enn {0} personar", "fewer than {0} persons"),
    "few_man_years": three("færre enn {0} årsverk", "færre enn {0} årsverk", "fewer than {0} man-years"),
    "few_municipalities": three("færre enn {0} kommuner", "færre enn {0} kommunar", "fewer than {0} municipalities"),
    "dominance": three(
        "én kommune er mer enn {0} prosent av summen",
        "éin kommune er meir enn {0} prosent av summen",
        "one municipality is more than {0} per cent of the sum",
    ),
    "unknown_count": three("ukjent antall bak tallet", "ukjent tal bak verdien", "unknown count behind the value"),
    "secondary": three(
        "for at en annen skjult rad ikke skal kunne regnes ut",
        "for at ei anna skjult rad ikkje skal kunne reknast ut",
        "so that another withheld row cannot be worked out",
    ),
    "chosen": three("holdt tilbake ved valg", "halde tilbake ved val", "withheld by choice"),
}
_CAUTION = three("Forbehold: {told}.", "Atterhald: {told}.", "Caution: {told}.")
_MISSING = three(".. = oppgave mangler.", ".. = oppgåve manglar.", ".. = not available.")


class StudyLike(Protocol):
    """What a chapter needs to know of the study it shows."""

    @property
    def synthetic(self) -> bool: ...  # noqa: D102
    @property
    def name(self) -> Text: ...  # noqa: D102
    @property
    def as_of(self) -> date: ...  # noqa: D102
    @property
    def division(self) -> int: ...  # noqa: D102


class Remark(Protocol):
    """A remark of a result: a three-language text, and the values it asks for."""

    @property
    def text(self) -> Text: ...  # noqa: D102
    @property
    def given(self) -> Mapping[str, object]: ...  # noqa: D102


@dataclass(frozen=True)
class Prose:
    """A piece of the report's text, as Markdown.

    `marked` has invisible marks round the values filled in (see `Words.marked`), from which the report tells where each
    comes from; `read` are the study's tables that had been read by then, None where that is not known.
    """

    marked: str
    read: tuple[str, ...] | None = None

    @property
    def markdown(self) -> str:
        """The text as it is read."""
        return unmarked(self.marked)

    def __repr__(self) -> str:
        return shorten(self.markdown, 200, placeholder=" ...")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        content = {"text": self.marked} | _told(self.read)
        return {"text/markdown": self.markdown, PROSE: content, "text/plain": self.markdown}


@dataclass(frozen=True)
class Exhibit:
    """A figure or a table with all that a report needs to show it; shows itself in JupyterLab."""

    kind: str
    id: str
    chapter: str
    language: str
    caption: str
    alt: str
    note: str
    synthetic: bool
    withheld: tuple[tuple[str, int], ...]
    disclosure: Mapping[str, Any]
    csv: str
    read: tuple[str, ...] | None = None
    table: tables.Table | None = None
    svg: str = ""
    png: bytes = b""
    real_places: bool = False

    def __repr__(self) -> str:
        return f"Exhibit {self.id} ({self.kind} of {self.chapter})\n  {self.caption}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        fields = ("kind", "id", "chapter", "caption", "alt", "note", "synthetic", "disclosure", "csv")
        content: dict[str, Any] = {field: getattr(self, field) for field in fields}
        content |= _told(self.read) | ({"real_places": True} if self.real_places else {})
        content["withheld"] = [{"reason": reason, "rows": rows} for reason, rows in self.withheld]
        if self.table is not None:
            content |= {"header": list(self.table.header), "align": list(self.table.align)}
            content["rows"] = [list(row) for row in self.table.rows]
        else:
            content |= {"svg": self.svg, "png": base64.b64encode(self.png).decode("ascii")}
        return {EXHIBIT: content, "text/html": self.html(), "text/plain": f"{self.caption}\n{self.alt}\n{self.note}"}

    def html(self) -> str:
        """Return the exhibit as JupyterLab shows it: with caption, note and, for a figure, alternative text."""
        caption, note = html.escape(self.caption), html.escape(self.note)
        below = f'<p style="font-size:85%;max-width:45em;margin:0.3em 0">{note}</p>' if note else ""
        label = f'lang="{self.language}" id="{self.kind[:3]}-{self.id}"'
        if self.table is not None:
            top = f'<caption style="text-align:left;font-weight:bold">{caption}</caption>'
            return f"<div {label}><table>{top}{self.table.html()}</table>{below}</div>"
        image = base64.b64encode(self.png).decode("ascii")
        picture = f'<img src="data:image/png;base64,{image}" alt="{html.escape(self.alt)}" style="max-width:100%">'
        return f"<figure {label}>{picture}<figcaption><b>{caption}</b>{below}</figcaption></figure>"


@dataclass(frozen=True)
class Chapter:
    """The chapter that a notebook is: `Chapter("sick_leave", study=study, language="nb")`."""

    name: str
    study: StudyLike
    language: str

    def __post_init__(self) -> None:
        _check_identifier(self.name)
        Words(self.language)

    def __repr__(self) -> str:
        study = self.study
        return f"Chapter {self.name}, {self.language}: data to {study.as_of}, division of {study.division}"

    def _repr_html_(self) -> str | None:
        return contents(self.language)

    @property
    def words(self) -> Words:
        """How numbers and labels read in this chapter's language; what the programme and the study name, as they do."""
        called = _called(getattr(self.study, "programme", None))
        return Words(self.language, called | dict(getattr(self.study, "labels", {})))

    def say(self, *, nb: str, nn: str, en: str, **values: object) -> Prose:
        """Return prose in the report's language, with its `{names}` filled (see `Words.say`).

        The three texts must ask for the same names, and for every value given, so that no language lacks a number.
        """
        return Prose(_agreed(nb, nn, en, values, self.words, "marked"), self._tables)

    def remarks(self, notes: Sequence[Remark]) -> Prose:
        """Return the remarks that a result makes about itself as a list in the report's language."""
        lines = [f"- {self.words.marked(note.text, **note.given)}" for note in notes]
        return Prose("\n".join(lines), self._tables)

    @property
    def _tables(self) -> tuple[str, ...] | None:
        """The study's tables that have been read, which are all that what is shown now can rest on."""
        return getattr(self.study, "tables_read", None)

    def choose(self, condition: object, yes: Text | Passage, no: Text | Passage) -> Passage:
        """Return the text that is true: `yes` when the condition holds, otherwise `no`; to be given to `say`."""
        return self._chosen(yes if condition else no, (yes, no))

    def _chosen(self, chosen: Text | Passage, among: tuple[Text | Passage, ...]) -> Passage:
        mentions: set[str] = set()
        for text in among:
            mentions |= text.mentions if isinstance(text, Passage) else set()
            mentions |= {name for language in LANGUAGES for name in names_in(Words(language).text(text))}
        nb, nn, en = (Words(language).text(chosen) for language in LANGUAGES)
        return Passage(nb, nn, en, frozenset(mentions))

    def by_verdict(
        self, finding: Finding, *, lower: Text | Passage, higher: Text | Passage, unclear: Text | Passage
    ) -> Passage:
        """Return the text that fits a finding: its interval below zero, above zero, or neither."""
        chosen = {"lower": lower, "higher": higher, "unclear": unclear}[finding.verdict]
        return self._chosen(chosen, (lower, higher, unclear))

    def finding(
        self,
        name: str,
        value: Any,
        *,
        low: float | None = None,
        high: float | None = None,
        unit: str,
        n: int | None = None,
        decimals: int = 1,
        causal: bool = False,
        evidence: Evidence | None = None,
    ) -> Finding:
        """Record a key number by name and return it for use in prose.

        `value` is a number or an estimate with `value`, `low`, `high` and `n`. `causal` is for estimates of an effect;
        its `evidence` is what the conclusions grade it by.
        """
        _check_identifier(name)
        if unit.startswith(OWN_UNIT):
            self.words.term(unit)  # refuses one that no outcome of the study has
        if hasattr(value, "value"):
            low, high = (value.low, value.high) if low is None and high is None else (low, high)
            n, value = (value.n if n is None else n), value.value
        whole = None if finite(n) is None else int(n)  # type: ignore[arg-type]
        ends = (finite(low), finite(high))
        found = Finding(self.name, name, finite(value), *ends, unit, whole, decimals, bool(causal), evidence)
        if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
            from IPython.display import display

            bundle = found.bundle(self.words)
            bundle[FINDING] |= _told(self._tables)
            display(bundle, raw=True)
        return found

    def figure(
        self,
        id: str,
        figure: FigureSpec,
        *,
        nb: str,
        nn: str,
        en: str,
        note: Text | Passage | None = None,
        **values: object,
    ) -> Exhibit:
        """Return a figure with its caption (`nb`, `nn`, `en`, which may ask for `values`) and note."""
        if not isinstance(figure, FigureSpec):
            remedy = "Make it by exhibits.lines, exhibits.bars, ... from a Released."
            raise InputError(Problem("What is shown as a figure is not one", remedy, value=type(figure).__name__))
        svg, png = theme.rendered(figure, self.words, prefix=f"{self.name}-{id}")
        common = self._common(id, figure.released, figure.alt(self.words), (nb, nn, en), note, values)
        return Exhibit("figure", id, **common, svg=svg, png=png)

    def table(
        self,
        id: str,
        released: Released,
        *,
        nb: str,
        nn: str,
        en: str,
        columns: Mapping[str, tables.Heading] | Sequence[str],
        decimals: Mapping[str, int] | None = None,
        note: Text | Passage | None = None,
        **values: object,
    ) -> Exhibit:
        """Return a table with its caption; `columns` gives each column's heading as a label key or three texts."""
        check_released(released)
        shown = tables.table(released, self.words, columns=columns, decimals=decimals)
        absent = any(cell == tables.MISSING for row in shown.rows for cell in row)
        common = self._common(id, released, shown.alt(self.words), (nb, nn, en), note, values, absent)
        return Exhibit("table", id, **common, table=shown)

    def _common(
        self,
        id: str,
        released: Released,
        alt: str,
        captions: tuple[str, str, str],
        note: Text | Passage | None,
        values: Mapping[str, object],
        absent: bool = False,
    ) -> dict[str, Any]:
        _check_identifier(id)
        caption = _agreed(*captions, values, self.words, "plain")
        if alt.strip() == caption.strip():
            raise InputError(
                Problem("A caption repeats the alternative text", "Say what the exhibit is for.", value=id)
            )
        own = [] if note is None else [self.words.plain(note)]
        return {
            "chapter": self.name,
            "language": self.language,
            "caption": caption,
            "alt": alt,
            "note": " ".join([*own, *self._notes(released, absent)]),
            "synthetic": bool(self.study.synthetic),
            "withheld": tuple(released.reasons.itertuples(index=False, name=None)),
            "disclosure": released.account(),
            "csv": tables.to_csv(released),
            "read": self._tables,
            "real_places": bool(getattr(self.study, "real_places", False)),
        }

    def _notes(self, released: Released, absent: bool) -> list[str]:
        words, notes = self.words, []
        reasons = [self._reason(released, reason, rows) for reason, rows in released.reasons.itertuples(index=False)]
        if reasons:
            hidden = int(released.withheld.sum())
            notes.append(words.plain(_WITHHELD, hidden=hidden, rows=len(released.data), reasons="; ".join(reasons)))
        if absent:
            notes.append(words.text(_MISSING))
        study = self.study
        if told := self._cautions():
            listed = "; ".join(f"{words.term(f'note.{code}')} ({words.integer(count)})" for code, count in told)
            notes.append(words.plain(_CAUTION, told=listed))
        notes.append(words.plain(_SOURCE, name=study.name, as_of=study.as_of, division=study.division))
        if study.synthetic:
            real = getattr(study, "real_places", False)
            notes.append(words.label("invented_figures") if real else words.text(SYNTHETIC))
        return notes

    def _cautions(self) -> list[tuple[str, int]]:
        """Warnings about the tables that an exhibit can rest on."""
        cautions = getattr(self.study, "cautions", None)
        return [] if cautions is None else cautions(self._tables)

    def _reason(self, released: Released, reason: str, rows: int) -> str:
        limit = getattr(released.rule, reason.removeprefix("few_"), 0)
        text = self.words.text(_REASONS[reason]).replace(
            "{0}", self.words.number(limit, 0 if limit == int(limit) else 1)
        )
        return f"{text} ({self.words.integer(rows)})"


def _agreed(nb: str, nn: str, en: str, values: Mapping[str, object], words: Words, form: str) -> str:
    """Fill the three texts, so that a mistake in any of them is found in each, and return this language's."""
    texts = three(nb, nn, en)
    inner = [value for value in values.values() if isinstance(value, Passage)]
    mentions = {name for passage in inner for name in passage.mentions}
    what, remedy = "A text to choose asks for a value that was not given", "Give it, as another choice may need it."
    problems = [Problem(what, remedy, value=name) for name in sorted(mentions - set(values))]
    for language in texts:
        asked = names_in(texts[language]).union(mentions, *(names_in(passage[language]) for passage in inner))
        what, remedy = f"The text in {language} leaves out a value", "Use it, or do not give it."
        problems += [Problem(what, remedy, value=name) for name in sorted(set(values) - asked)]
        if not problems:
            getattr(replace(words, language=language), form)(texts[language], **values)
    if problems:
        raise InputError(problems)
    return str(getattr(words, form)(texts[words.language], **values))


def _told(read: tuple[str, ...] | None) -> dict[str, Any]:
    return {} if read is None else {"tables": list(read)}


def _called(programme: Any) -> dict[str, Text]:
    """Return what a programme calls its themes and intakes, as labels inside a sentence."""
    if programme is None:
        return {}
    said = {f"theme.{code}": text for code, text in programme.themes.items()}
    said |= {f"intake.{code}": text for code, text in programme.intake_labels.items()}
    # An abbreviation keeps its capital.
    return {
        key: {word: one[:1].lower() + one[1:] if one[1:2].islower() else one for word, one in text.items()}
        for key, text in said.items()
    }


def _check_identifier(name: str) -> None:
    if not _IDENTIFIER.fullmatch(name):
        remedy = "Use small letters a-z, digits, - and _, beginning with a letter."
        raise InputError(Problem("Not a name for a chapter, finding or exhibit", remedy, value=name))
