"""A check as sections of rows, which the page and the text both show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from evaluation.check.figures import BREAK, LEAST, SPREADS, TIMES
from evaluation.check.needs import ALWAYS
from evaluation.check.result import Check
from evaluation.check.words import WORDS
from evaluation.language import Words
from evaluation.report.words import invented

MANY = 60
"""Rows shown of a section; the others are counted."""


@dataclass(frozen=True)
class Section:
    """A part of the check: its title, what it explains, and rows of words under the headings.

    `numbers` are the columns set to the right; `english` those that are English in every language.
    """

    key: str
    title: str
    intro: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    nothing: str
    numbers: tuple[int, ...] = ()
    english: tuple[int, ...] = ()


class Teller:
    """Says a check in one language."""

    def __init__(self, check: Check, language: str):
        self.check, self.words = check, Words(language)

    def say(self, key: str, **values: object) -> str:
        """Return a word or sentence of the check."""
        return self.words.plain(WORDS[key], **values)

    def heading(self) -> tuple[str, str]:
        """Return the verdict, and what the division is where there is one."""
        told = self.check.division and len(self.check.files)
        division = self.say("division", division=self.check.division) if told else ""
        waits = not self.check.problems and any(table in ALWAYS for table in self.check.waiting)
        return self.say("status_waiting" if waits else f"status_{self.check.status}"), division

    def sections(self) -> list[Section]:
        """Return all sections that have something to say, problems first."""
        made = [self._wrong(), self._waiting(), self._chapters(), self._unnamed(), self._files(), self._dropped()]
        made += [self._noted(), self._harmonised(), self._gaps(), self._outliers(), self._breaks()]
        return [one for one in made if one.rows or one.key in ("wrong", "files")]

    def _section(
        self,
        key: str,
        head: Iterable[str],
        rows: Iterable[Iterable[str]],
        numbers: tuple[int, ...] = (),
        english: tuple[int, ...] = (),
        **values: object,
    ) -> Section:
        listed = [tuple(row) for row in rows]
        heads = tuple(self.words.heading(WORDS[one]) for one in head)
        if len(listed) > MANY and key != "wrong":
            more = self.say("more", count=len(listed) - MANY)
            listed = [*listed[:MANY], (more, *[""] * (len(heads) - 1))]
        nothing = self.say("nothing_wrong") if key == "wrong" else self.words.heading(WORDS["none"])
        intro = self.say(f"{key}_intro", **values)
        return Section(key, self.say(key), intro, heads, tuple(listed), nothing, numbers, english)

    def table(self, name: object) -> str:
        """Return what a table is called, with its name in `sources.yaml`."""
        return f"{name} ({self.words.term(f'table.{name}')})" if self.words.known(f"table.{name}") else str(name)

    def _wrong(self) -> Section:
        rows = [
            (
                str(one.file or ""),
                "" if one.row is None else str(one.row),
                str(one.column or ""),
                "" if one.value is None else str(one.value),
                one.what,
                one.remedy,
            )
            for one in self.check.problems
        ]
        return self._section("wrong", ("file", "row", "column", "value", "what", "remedy"), rows, (1,), (4, 5))

    def _waiting(self) -> Section:
        rows = [(self.table(table), file) for table, file in self.check.waiting.items()]
        return self._section("waiting", ("table", "file"), rows)

    def _unnamed(self) -> Section:
        rows = [
            (
                one.file,
                one.how,
                ", ".join(one.columns) or (f"{one.problem.what}. {one.problem.remedy}" if one.problem else ""),
            )
            for one in self.check.unnamed
        ]
        return self._section("unnamed", ("file", "how", "columns"), rows)

    def _files(self) -> Section:
        rows = []
        for one in self.check.files.to_dict("records"):
            how = [one["encoding"], *([self.say(one["separator"])] if one["separator"] else [])]
            how += [self.say("sheet", sheet=one["sheet"])] if one["sheet"] else []
            how += [self.say("header", row=one["header"])] if one["header"] > 1 else []
            counts = [self._count(one[count]) for count in ("rows", "kept", "dropped")]
            rows.append((one["file"], self.table(one["table"]), ", ".join(how), *counts, one["columns"], one["notes"]))
        head = ("file", "table", "how", "read_rows", "kept", "left_out", "columns", "signs")
        return self._section("files", head, rows, (3, 4, 5))

    def _dropped(self) -> Section:
        rows = [
            (self.table(one.table), self.words.term(f"reason.{one.reason}"), self._count(one.rows))
            for one in self.check.dropped.itertuples()
        ]
        return self._section("dropped", ("table", "reason", "rows"), rows, (2,))

    def _noted(self) -> Section:
        notes = self.check.notes
        rows = []
        for (table, code, warning), group in notes.groupby(["table", "code", "warning"], sort=False):
            values = [value for value in group["value"] if value]
            columns = ", ".join(dict.fromkeys(column for column in group["column"] if column))
            mark = self.words.term("yes") if warning else ""
            said = self.words.term(f"note.{code}")
            rows.append(
                (self.table(table), said, columns, self._count(group["count"].sum()), (values or [""])[0], mark)
            )
        return self._section("noted", ("table", "what", "columns", "count", "first", "warning"), rows, (3,))

    def _harmonised(self) -> Section:
        rows = [
            (
                f"{one.municipality} {one.name}",
                f"{one.division} {one.division_name}",
                self._count(one.rows),
                self._count(one.left_out),
                str(one.missing),
            )
            for one in self.check.harmonised.itertuples()
        ]
        return self._section("harmonised", ("municipality", "under", "rows", "left_out", "missing"), rows, (2, 3))

    def _gaps(self) -> Section:
        yes = self.words.term("yes")
        rows = [
            (
                self.table(one.table),
                f"{one.municipality} {one.name}",
                yes if one.participant else "",
                self._count(one.missing),
                str(one.periods),
            )
            for one in self.check.gaps.itertuples()
        ]
        return self._section("gaps", ("table", "municipality", "participant", "missing", "periods"), rows, (3,))

    def _outliers(self) -> Section:
        rows = [
            (
                self.table(one.table),
                self._column(one.column),
                f"{one.municipality} {one.name}",
                str(one.period),
                self.words.number(one.value),
                self.words.number(one.usual),
            )
            for one in self.check.outliers.itertuples()
        ]
        head = ("table", "column", "municipality", "period", "value", "usual")
        return self._section("outliers", head, rows, (4, 5), times=TIMES, least=LEAST, spreads=SPREADS)

    def _breaks(self) -> Section:
        rows = [
            (
                self.table(one.table),
                self._column(one.column),
                str(one.period),
                self.words.integer(one.before),
                self.words.integer(one.after),
                self.words.signed(one.change),
            )
            for one in self.check.breaks.itertuples()
        ]
        head = ("table", "column", "period", "before", "after", "change")
        return self._section("breaks", head, rows, (3, 4, 5), share=100 * BREAK)

    def _chapters(self) -> Section:
        rows = [
            (one.chapter, *(", ".join(listed) for listed in (one.tables, one.better, one.columns)))
            for one in self.check.chapters
            if one.tables or one.better or one.columns
        ]
        return self._section("chapters", ("chapter", "lacks", "better", "lacks_columns"), rows)

    def _column(self, column: object) -> str:
        return self.words.term(str(column)) if self.words.known(str(column)) else str(column)

    def _count(self, value: object) -> str:
        return "" if pd.isna(value) else self.words.integer(value)  # type: ignore[call-overload]


def as_text(check: Check, language: str) -> str:
    """Return the check as plain text: what is wrong in full, the rest a row a line."""
    teller = Teller(check, language)
    lines = [f"{teller.say('title')}: {teller.words.text(check.name) if check.name else check.folder}"]
    lines += [part for part in teller.heading() if part]
    lines += filter(None, [invented(language, synthetic=check.synthetic, real_places=check.real_places)])
    for one in teller.sections():
        lines += ["", one.title, "-" * len(one.title)]
        if one.key == "wrong":
            lines += [f"- {problem}" for problem in check.problems] or [one.nothing]
            continue
        lines += [one.intro]
        if one.rows:
            lines += [" | ".join(row).rstrip(" |") for row in (one.head, *one.rows)]
        else:
            lines.append(one.nothing)
    return "\n".join(lines) + "\n"
