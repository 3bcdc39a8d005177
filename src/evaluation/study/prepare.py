"""From raw files to the prepared tables of one cut and one division, written as Parquet. The slow way, taken once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.municipalities import Register
from evaluation.programme import Programme
from evaluation.sources import read
from evaluation.study.members import PROGRAMME, Part, build_programme, programme_problems
from evaluation.tables import LAYOUT, TABLES, Layout, Tidy, check, prepare_positions, tidy

OUTCOMES = ("sick_leave", "background")
KEY = ["municipality", "quarter"]


@dataclass
class _Account:
    """Counts of one preparation: a line per file and table, and rows dropped by reason."""

    hashes: Mapping[str, str]
    lines: list[dict[str, object]] = field(default_factory=list)
    dropped: dict[tuple[str, str], int] = field(default_factory=dict)

    def file(self, name: str, table: str, encoding: str, rows: int | None, kept: int | None, notes: str) -> None:
        gone = None if rows is None or kept is None else rows - kept
        self.lines.append(
            {"file": name, "table": table, "sha256": self.hashes[name], "encoding": encoding}
            | {"rows": rows, "kept": kept, "dropped": gone, "notes": notes}
        )

    def drop(self, table: str, reasons: pd.Series) -> None:
        for reason, rows in reasons[reasons != ""].value_counts(sort=False).items():
            self.dropped[table, str(reason)] = self.dropped.get((table, str(reason)), 0) + int(rows)

    def frames(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        columns = ["file", "table", "sha256", "encoding", "rows", "kept", "dropped", "notes"]
        files = pd.DataFrame(self.lines, columns=columns)
        files = files.astype({"rows": "Int64", "kept": "Int64", "dropped": "Int64"})
        rows = [(table, reason, count) for (table, reason), count in sorted(self.dropped.items())]
        return files, pd.DataFrame(rows, columns=["table", "reason", "rows"])


def prepare(
    layout: Layout, register: Register, *, as_of: date, division: int, hashes: Mapping[str, str], target: Path
) -> None:
    """Read, check, cut and harmonise every table and write them into the folder `target`.

    Raises
    ------
    InputError
        Everything found wrong in any file, together.
    """
    account = _Account(hashes)
    for name, table in ((LAYOUT, "sources"), (layout.programme, "programme"), (layout.register, "register")):
        account.file(name, table, "utf-8", None, None, "")
    problems: list[Problem] = []
    parts: dict[str, list[Part]] = {}
    for name in (*OUTCOMES, *PROGRAMME):
        if name in layout.tables:
            parts[name], wrong = _read(layout, name, register)
            problems += wrong
    try:
        _positions(layout, register, as_of, division, target, account)
    except InputError as error:
        problems += error.problems
    if not problems:
        frames = {
            name: pd.concat([one.tidy.frame for one in found], ignore_index=True) for name, found in parts.items()
        }
        problems += programme_problems(layout, frames, parts)
    if problems:
        raise InputError(problems)
    if "sick_leave" in parts:
        _sick_leave(parts["sick_leave"], register, as_of, division, account).to_parquet(target / "sick_leave.parquet")
    if "background" in parts:
        _background(parts["background"], register, as_of, division, account).to_parquet(target / "background.parquet")
    _programme(parts, as_of, build_programme(layout, frames).known_at(as_of), account, target)
    files, dropped = account.frames()
    files.to_parquet(target / "files.parquet")
    dropped.to_parquet(target / "dropped.parquet")


def _read(layout: Layout, name: str, register: Register) -> tuple[list[Part], list[Problem]]:
    """Read and check all files of one table."""
    table, source = TABLES[name], layout.tables[name]
    parts: list[Part] = []
    problems: list[Problem] = []
    for path in source.paths(layout.folder):
        file = path.relative_to(layout.folder).as_posix()
        try:
            raw = read(path, name=file, sheet=source.sheet, header=source.header)
        except InputError as error:
            problems += error.problems
            continue
        part = tidy(table, raw, source, register)
        problems += part.problems
        parts.append(Part(file, raw.encoding, part))
    if not problems:
        problems += check(table, [part.tidy for part in parts], source)
    return parts, problems


def _notes(part: Tidy) -> str:
    return ", ".join(f"{sign} {count}" for sign, count in sorted(part.signs.items()))


def _combined(parts: Sequence[Part], account: _Account, table: str) -> pd.DataFrame:
    """All rows of a table with columns `file` and `reason` (empty where the row is to be kept)."""
    account.drop(table, pd.Series(["not_applicable"] * sum(part.tidy.unused for part in parts), dtype="str"))
    frames = [
        frame.assign(file=number)
        for number, part in enumerate(parts)
        for frame in (part.tidy.frame.assign(reason=""), part.tidy.left_out)
        if len(frame.columns)
    ]
    return pd.concat(frames, ignore_index=True).astype({"reason": "str"})


def _close(parts: Sequence[Part], rows: pd.DataFrame, account: _Account, table: str) -> None:
    """Enter the files of a table and the reasons of its rows into the account."""
    account.drop(table, rows["reason"])
    kept = rows.loc[rows["reason"] == "", "file"].value_counts()
    for number, part in enumerate(parts):
        read = len(part.tidy.frame) + len(part.tidy.left_out) + part.tidy.unused
        account.file(part.file, table, part.encoding, read, int(kept.get(number, 0)), _notes(part.tidy))


def _sick_leave(
    parts: Sequence[Part], register: Register, as_of: date, division: int, account: _Account
) -> pd.DataFrame:
    """Quarters that had ended, complete for each municipality, summed to the division."""
    rows = _combined(parts, account, "sick_leave")
    later = rows["quarter"].dt.end_time.dt.date > as_of
    rows["reason"] = rows["reason"].mask(later, "after_cut")
    missing = rows.loc[~later & (rows["reason"] != ""), KEY].drop_duplicates()
    incomplete = pd.MultiIndex.from_frame(rows[KEY]).isin(pd.MultiIndex.from_frame(missing))
    rows["reason"] = rows["reason"].mask(incomplete & (rows["reason"] == ""), "incomplete_quarter")
    kept = rows[rows["reason"] == ""]
    table = TABLES["sick_leave"]
    sums = [column.name for column in table.columns if column.kind == "number"]
    harmonised = register.harmonise(
        kept[list(table.names)], division=division, by=["quarter", "sector", "sex"], sums=sums
    )
    partial = harmonised.loc[harmonised["agreed_days"].isna(), KEY].drop_duplicates()
    if len(partial):
        mapping = register.mapping(kept["municipality"].unique(), division=division)
        place = kept[KEY].assign(municipality=kept["municipality"].map(mapping).astype("str"))
        half = pd.MultiIndex.from_frame(place).isin(pd.MultiIndex.from_frame(partial))
        rows.loc[kept.index[half], "reason"] = "predecessor_missing"
    _close(parts, rows, account, "sick_leave")
    return harmonised[harmonised["agreed_days"].notna()].reset_index(drop=True)


def _background(
    parts: Sequence[Part], register: Register, as_of: date, division: int, account: _Account
) -> pd.DataFrame:
    """Years that had ended: inhabitants summed to the division; the KOSTRA group where all predecessors share it."""
    rows = _combined(parts, account, "background")
    last = as_of.year if (as_of.month, as_of.day) == (12, 31) else as_of.year - 1
    rows["reason"] = rows["reason"].mask(rows["year"] > last, "after_cut")
    _close(parts, rows, account, "background")
    kept = rows.loc[rows["reason"] == "", ["municipality", "year", "population", "kostra_group"]]
    summed = register.harmonise(
        kept[["municipality", "year", "population"]], division=division, by=["year"], sums=["population"]
    )
    mapping = register.mapping(kept["municipality"].unique(), division=division)
    placed = kept.assign(municipality=kept["municipality"].map(mapping).astype("str"))
    found = placed.groupby(["municipality", "year"])["kostra_group"].agg(["first", "nunique", "count", "size"])
    shared = found["first"].where((found["nunique"] == 1) & (found["count"] == found["size"])).astype("str")
    merged = summed.merge(shared.rename("kostra_group").reset_index(), on=["municipality", "year"], how="left")
    return merged[["municipality", "year", "population", "kostra_group"]]


def _positions(layout: Layout, register: Register, as_of: date, division: int, target: Path, account: _Account) -> None:
    source = layout.tables.get("positions")
    if source is None:
        return
    paths, written = source.paths(layout.folder), target / "positions.parquet"
    done = prepare_positions(
        paths, source, register, division=division, as_of=as_of, target=written, folder=layout.folder
    )
    for file, rows, kept, repeated in done.files[["file", "rows", "kept", "repeated"]].to_numpy():
        notes = f"{repeated} rows alike in every column" if repeated else ""
        account.file(file, "positions", "parquet", rows, kept, notes)
    for reason, count in zip(done.dropped["reason"], done.dropped["rows"], strict=True):
        account.dropped["positions", str(reason)] = int(count)


def _programme(
    parts: Mapping[str, Sequence[Part]], as_of: date, known: Programme, account: _Account, target: Path
) -> None:
    """Write the programme's tables, later claims and participation left out, and account for what the cut removes."""
    for name in PROGRAMME:
        if name not in parts:
            continue
        rows = _combined(parts[name], account, name)
        later = pd.Series(False, index=rows.index)
        if name in ("facts", "gatherings"):
            later = rows["date"].map(lambda day: isinstance(day, date) and day > as_of).astype("bool")
        elif name == "earlier":
            later = (rows["from_year"] > as_of.year).fillna(False).astype("bool")
        elif name == "networks":
            later = ~rows["network"].isin(known.networks["network"])
        else:
            later = ~rows["project"].isin(known.projects["project"])
        rows["reason"] = rows["reason"].mask(later, "after_cut")
        _close(parts[name], rows, account, name)
        written = rows if name in ("projects", "participation", "networks", "gatherings", "cases") else rows[~later]
        written[list(TABLES[name].names)].reset_index(drop=True).to_parquet(target / f"{name}.parquet")
