"""A comparison in words: a headline and tables of text, the same on a terminal and on a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.exhibits.finding import BARE, OWN_UNIT, Finding
from evaluation.language import Words
from evaluation.report.compare.difference import Change, Comparison, ExhibitChange, counts
from evaluation.report.compare.findings import FindingChange
from evaluation.report.compare.words import tell
from evaluation.report.made import INSIDE, Made

SHORT = 12  # characters of a hash or commit that are shown
HASHED = ("inputs", "notebooks", "code", "versions", "files")
INTERVAL = ("low", "high")  # told beside the value


@dataclass(frozen=True)
class Section:
    """A table of a comparison: `header` and `rows` are texts, `right` the columns that are numbers."""

    key: str
    title: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()


def headline(found: Comparison, language: str, *, results_only: bool = False) -> str:
    """Return in one sentence whether the reports differ, and in what."""
    if found.same or (results_only and found.results_same):
        return tell("same" if found.same else "results_same", language)
    parts = []
    for section in sections(found, language, results_only=results_only):
        parts.append(f"{section.title.lower()} ({len(section.rows)})")
    return tell("differs", language, what=", ".join(parts))


def sections(found: Comparison, language: str, *, results_only: bool = False) -> list[Section]:
    """Return the tables of what differs, most important first; with `results_only` of findings and exhibits."""
    made = [_findings(found.findings, language), _exhibits(found.exhibits, language)]
    if not results_only:
        made += [_settings(kind, changes, language) for kind, changes in found.settings.items()]
        made += [_settings("files", found.files, language)]
    return [section for section in made if section.rows]


def reports(found: Comparison, language: str) -> Section:
    """Return the table of the two reports themselves."""
    keys = ("report", "as_of", "language", "commit")
    rows = [
        (tell(key, language), *(_fact(key, made, language) for made in (found.before, found.after))) for key in keys
    ]
    header = ("", tell("before", language), tell("after", language))
    return Section("reports", tell("reports", language), "", header, tuple(rows))


def _fact(key: str, made: Made, language: str) -> str:
    if key == "report":
        return made.name if made.folder.name in (made.name, INSIDE) else f"{made.name} ({made.folder.name})"
    if key == "language":
        return made.language
    if key == "as_of":
        return str(made.manifest["parameters"].get("as_of", ""))
    commit = (made.commit or tell("unknown", language))[:SHORT]
    return tell("changed_code", language, commit=commit) if made.manifest["code"].get("dirty") else commit


def _findings(changes: Sequence[FindingChange], language: str) -> Section:
    names = ("chapter", "finding", "before", "after", "change", "unit", "errors", "verdict", "others")
    rows = tuple(_finding(change, Words(language), language) for change in changes)
    note = "\n".join((_counted(changes, language), tell("findings_note", language))) if rows else ""
    header = tuple(tell(name, language) for name in names)
    return Section("findings", tell("findings", language), note, header, rows, right=(2, 3, 4, 6))


def _finding(change: FindingChange, words: Words, language: str) -> tuple[str, ...]:
    one = change.after or change.before
    decimals = one.decimals if one else 0
    moved = "" if change.change is None else _enough(words, change.change, decimals)
    if change.before is None or change.after is None:
        moved = tell("new" if change.before is None else "gone", language)
    verdict = ""
    if change.verdict and change.before and change.after:
        verdict = " → ".join(tell(side.verdict, language) for side in (change.before, change.after))
    others = [
        f"{name} {_plain(before, language)} → {_plain(after, language)}"
        for name, before, after in change.others
        if name not in INTERVAL
    ]
    return (
        change.chapter,
        change.name,
        _value(change.before, words),
        _value(change.after, words),
        moved,
        _unit(one, words),
        "" if change.errors is None else words.number(change.errors, 1),
        verdict,
        "; ".join(others),
    )


def _value(one: Finding | None, words: Words) -> str:
    if one is None:
        return ""
    value = words.number(one.value, one.decimals)
    if one.low is None:
        return value
    return f"{value} ({words.number(one.low, one.decimals)}; {words.number(one.high, one.decimals)})"


def _enough(words: Words, x: float, decimals: int) -> str:
    """Return a change with its sign, and with so many decimals that it is not shown as zero."""
    while x and decimals < 12 and abs(x) < 10.0**-decimals:
        decimals += 1
    return words.signed(x, decimals)


def _unit(one: Finding | None, words: Words) -> str:
    if one is None or one.unit in BARE:
        return ""
    return words.term(one.unit) if words.known(one.unit) else one.unit.removeprefix(OWN_UNIT)


def _plain(value: object, language: str) -> str:
    if not isinstance(value, float):
        return "–" if value is None else str(value)
    return f"{value:.4g}".replace(".", "." if language == "en" else ",")


def _exhibits(changes: Sequence[ExhibitChange], language: str) -> Section:
    names = ("exhibit", "file", "cells", "rows", "largest", "others")
    rows = tuple(_exhibit(change, Words(language), language) for change in changes)
    note = "\n".join((_counted(changes, language), tell("exhibits_note", language))) if rows else ""
    header = tuple(tell(name, language) for name in names)
    return Section("exhibits", tell("exhibits", language), note, header, rows, right=(2,))


def _exhibit(change: ExhibitChange, words: Words, language: str) -> tuple[str, ...]:
    one, table = change.after or change.before or {}, change.table
    if change.before is None or change.after is None:
        state = tell("new" if change.before is None else "gone", language)
        return (_called(one), str(one["data"]), "", "", "", state)
    cells = f"{words.integer(len(table.cells))}"
    moved = table.rows_new or table.rows_gone
    others = [tell("withheld", language, count=table.withheld)] if table.withheld else []
    before, after = change.rows_withheld
    others += [tell("rows_withheld", language, before=before, after=after)] if before != after else []
    others += [tell("columns_gone", language, names=", ".join(table.columns_gone))] if table.columns_gone else []
    others += [tell("columns_new", language, names=", ".join(table.columns_new))] if table.columns_new else []
    others += [tell("told", language)] if change.told else []
    others += [tell("drawn", language)] if change.drawn and not table else []
    largest = table.largest
    return (
        _called(one),
        str(one["data"]),
        tell("of", language, count=cells, total=words.integer(table.compared)) if table.compared else "",
        tell("rows_changed", language, new=table.rows_new, gone=table.rows_gone) if moved else "",
        f"{largest.row}, {largest.column}: {largest.before or '–'} → {largest.after or '–'}" if largest else "",
        "; ".join(others),
    )


def _called(exhibit: object) -> str:
    told = dict(exhibit) if isinstance(exhibit, dict) else {}
    return " ".join(filter(None, (told.get("label"), told.get("caption"))))


def _settings(kind: str, changes: Sequence[Change], language: str) -> Section:
    rows = tuple((change.what, *(_setting(kind, change, side, language) for side in ("before", "after")))
                 for change in changes)  # fmt: skip
    header = (tell("what", language), tell("before", language), tell("after", language))
    return Section(kind, tell(kind, language), _counted(changes, language) if rows else "", header, rows)


def _setting(kind: str, change: Change, side: str, language: str) -> str:
    value = change.before if side == "before" else change.after
    if value is None:
        return "–" if side == "before" else tell("gone", language)
    if value == "":
        return tell("new", language) if change.before is None else "✓"
    hashed = kind in HASHED and len(value) >= 40 and all(character in "0123456789abcdef" for character in value)
    return value[:SHORT] if hashed else value


def _counted(changes: Sequence[Change | FindingChange | ExhibitChange], language: str) -> str:
    changed, new, gone = counts(changes)
    return tell("counts", language, changed=changed, new=new, gone=gone)
