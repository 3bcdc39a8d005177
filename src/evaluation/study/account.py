"""The account of a preparation: what every file held, which rows were kept, and why others were not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from evaluation.study.members import Part
from evaluation.tables import Tidy


@dataclass
class Account:
    """Counts of one preparation: a line per file and table, and rows dropped by reason."""

    hashes: Mapping[str, str]
    lines: list[dict[str, object]] = field(default_factory=list)
    dropped: dict[tuple[str, str], int] = field(default_factory=dict)

    def file(self, name: str, table: str, encoding: str, rows: int | None, kept: int | None, notes: str) -> None:
        """Enter a file and the table it was read into."""
        gone = None if rows is None or kept is None else rows - kept
        self.lines.append(
            {"file": name, "table": table, "sha256": self.hashes[name], "encoding": encoding}
            | {"rows": rows, "kept": kept, "dropped": gone, "notes": notes}
        )

    def drop(self, table: str, reasons: pd.Series) -> None:
        """Count the rows of a table that have a reason to be left out."""
        for reason, rows in reasons[reasons != ""].value_counts(sort=False).items():
            self.dropped[table, str(reason)] = self.dropped.get((table, str(reason)), 0) + int(rows)

    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the files, and the rows dropped by table and reason."""
        columns = ["file", "table", "sha256", "encoding", "rows", "kept", "dropped", "notes"]
        files = pd.DataFrame(self.lines, columns=columns)
        files = files.astype({"rows": "Int64", "kept": "Int64", "dropped": "Int64"})
        rows = [(table, reason, count) for (table, reason), count in sorted(self.dropped.items())]
        return files, pd.DataFrame(rows, columns=["table", "reason", "rows"])


def _notes(part: Tidy) -> str:
    return ", ".join(f"{sign} {count}" for sign, count in sorted(part.signs.items()))


def combined(parts: Sequence[Part], account: Account, table: str) -> pd.DataFrame:
    """All rows of a table with columns `file` and `reason` (empty where the row is to be kept)."""
    account.drop(table, pd.Series(["not_applicable"] * sum(part.tidy.unused for part in parts), dtype="str"))
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
        read = len(part.tidy.frame) + len(part.tidy.left_out) + part.tidy.unused
        account.file(part.file, table, part.encoding, read, int(kept.get(number, 0)), _notes(part.tidy))
