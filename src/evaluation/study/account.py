"""The account of a preparation: what every file held, which rows were kept, and why others were not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from evaluation.errors import Note
from evaluation.study.members import Part
from evaluation.tables import Tidy


@dataclass
class Account:
    """Counts of one preparation: a line per file and table, rows dropped by reason, and what was done or found odd."""

    hashes: Mapping[str, str]
    lines: list[dict[str, object]] = field(default_factory=list)
    dropped: dict[tuple[str, str], int] = field(default_factory=dict)
    noted: list[tuple[str, Note]] = field(default_factory=list)

    def file(
        self, name: str, table: str, encoding: str, rows: int | None, kept: int | None, notes: str, **how: object
    ) -> None:
        """Enter a file and the table it was read into; `how` gives its separator, sheet, header and columns."""
        gone = None if rows is None or kept is None else rows - kept
        self.lines.append(
            {"file": name, "table": table, "sha256": self.hashes[name], "encoding": encoding}
            | {"rows": rows, "kept": kept, "dropped": gone, "notes": notes}
            | {"separator": "", "sheet": "", "header": 0, "columns": "", **how}
        )

    def note(self, table: str, notes: Iterable[Note]) -> None:
        """Enter what was done to a table's files, or found odd in them."""
        self.noted += [(table, one) for one in notes]

    def drop(self, table: str, reasons: pd.Series) -> None:
        """Count the rows of a table that have a reason to be left out."""
        for reason, rows in reasons[reasons != ""].value_counts(sort=False).items():
            self.dropped[table, str(reason)] = self.dropped.get((table, str(reason)), 0) + int(rows)

    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the files, and the rows dropped by table and reason."""
        columns = ["file", "table", "sha256", "encoding", "rows", "kept", "dropped", "notes"]
        columns += ["separator", "sheet", "header", "columns"]
        files = pd.DataFrame(self.lines, columns=columns)
        files = files.astype({"rows": "Int64", "kept": "Int64", "dropped": "Int64"})
        rows = [(table, reason, count) for (table, reason), count in sorted(self.dropped.items())]
        return files, pd.DataFrame(rows, columns=["table", "reason", "rows"])

    def notes(self) -> pd.DataFrame:
        """Return the notes: `table`, `code`, `warning`, `file`, `column`, `row` (the first), `count`, `value`."""
        rows = [
            (table, one.code, one.warning, one.file, one.column, one.row, one.count, one.value)
            for table, one in dict.fromkeys(self.noted)
        ]
        frame = pd.DataFrame(rows, columns=["table", "code", "warning", "file", "column", "row", "count", "value"])
        return frame.astype({"warning": "bool", "row": "Int64", "count": "int64"})


def _notes(part: Tidy) -> str:
    return ", ".join(f"{sign} {count}" for sign, count in sorted(part.signs.items()))


def combined(parts: Sequence[Part], account: Account, table: str) -> pd.DataFrame:
    """All rows of a table with columns `file` and `reason` (empty where the row is to be kept)."""
    left = {"not_applicable": sum(part.tidy.unused for part in parts)}
    left["excluded"] = sum(part.tidy.excluded for part in parts)
    account.drop(table, pd.Series([reason for reason, rows in left.items() for _ in range(rows)], dtype="str"))
    frames = [
        frame.assign(file=number)
        for number, part in enumerate(parts)
        for frame in (part.tidy.frame.assign(reason=""), part.tidy.left_out)
        if len(frame.columns)
    ]
    return pd.concat(frames, ignore_index=True).astype({"reason": "str"})


def close(parts: Sequence[Part], rows: pd.DataFrame, account: Account, table: str) -> None:
    """Enter the files of a table and the reasons of its rows into the account."""
    account.drop(table, rows["reason"])
    kept = rows.loc[rows["reason"] == "", "file"].value_counts()
    for number, part in enumerate(parts):
        tidy = part.tidy
        read = len(tidy.frame) + len(tidy.left_out) + tidy.unused + tidy.excluded
        how = {"separator": part.separator, "sheet": part.sheet, "header": part.header}
        how["columns"] = ", ".join(f"{ours}: {theirs}" for ours, theirs in tidy.columns.items())
        account.file(part.file, table, part.encoding, read, int(kept.get(number, 0)), _notes(tidy), **how)
        account.note(table, tidy.notes)
