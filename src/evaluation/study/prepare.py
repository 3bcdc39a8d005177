"""From raw files to the prepared tables of one cut and one division, written as Parquet. The slow way, taken once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd

from evaluation.errors import InputError, Note, Problem
from evaluation.municipalities import Register
from evaluation.programme import Programme
from evaluation.sources import Raw, read, read_form
from evaluation.sources.database import Allowed
from evaluation.sources.places import hive, name_of
from evaluation.study.account import Account, close, combined
from evaluation.study.cautions import found_odd
from evaluation.study.kept import Kept
from evaluation.study.members import PROGRAMME, Part, at_rows, build_programme, programme_problems
from evaluation.study.strangers import strangers
from evaluation.study.themes import THEMES, prepare_outcomes, prepare_themes
from evaluation.study.whole import shared, summed
from evaluation.tables import LAYOUT, TABLES, Layout, TableSource, check, prepare_positions, tidy

OUTCOMES = ("sick_leave", "background")


def prepare(
    layout: Layout,
    register: Register,
    *,
    as_of: date,
    division: int,
    hashes: Mapping[str, str],
    target: Path,
    kept: Kept,
    allowed: Allowed | None = None,
) -> None:
    """Read, check, cut and harmonise every table and write them into the folder `target`; `allowed` is to the register.

    A table whose files were read before, for another cut or division, is among the `kept` ones.

    Raises
    ------
    InputError
        Everything found wrong in any file, together.
    """
    account = Account(hashes)
    for name, table in ((LAYOUT, "sources"), (layout.programme, "programme"), (layout.register, "register")):
        account.file(name, table, "utf-8", None, None, "")
    problems: list[Problem] = []
    parts: dict[str, list[Part]] = {}
    for name in (*OUTCOMES, *PROGRAMME, *THEMES, *layout.outcomes):
        if name in layout.tables:
            parts[name], wrong = kept.get(layout, name) or kept.put(layout, name, read_table(layout, name, register))
            problems += wrong
    try:
        prepare_register(layout, register, as_of, division, target, account, allowed or Allowed())
    except InputError as error:
        problems += error.problems
    if not problems:
        frames = {
            name: pd.concat([one.tidy.frame for one in found], ignore_index=True) for name, found in parts.items()
        }
        problems += programme_problems(layout, frames, parts) or strangers(layout, register, frames, parts)
    if problems:
        raise InputError(problems)
    programme = build_programme(layout, frames).known_at(as_of)
    try:
        taking_part = programme.harmonised(register, division).participants()["municipality"]
        _write(layout, parts, programme, register, as_of, division, account, target)
    except InputError as error:
        raise at_rows(error, parts) from None
    for name, source in layout.tables.items():
        account.note(name, [Note("left_beside", path.name) for path in source.passed_over(layout.folder)])
    account.noted += found_odd(layout, set(taking_part), register, target)
    account.notes().to_parquet(target / "notes.parquet")
    files, dropped = account.frames()
    files.to_parquet(target / "files.parquet")
    dropped.to_parquet(target / "dropped.parquet")


def _write(
    layout: Layout,
    parts: Mapping[str, Sequence[Part]],
    programme: Programme,
    register: Register,
    as_of: date,
    division: int,
    account: Account,
    target: Path,
) -> None:
    """Cut every table at the date, put it on the division, and write it."""
    if "sick_leave" in parts:
        rows = combined(parts["sick_leave"], account, "sick_leave")
        rows["reason"] = rows["reason"].mask(rows["quarter"].dt.end_time.dt.date > as_of, "after_cut")
        whole = summed(rows, TABLES["sick_leave"], "quarter", register, division)
        close(parts["sick_leave"], rows, account, "sick_leave")
        whole.to_parquet(target / "sick_leave.parquet")
    if "background" in parts:
        _background(parts["background"], register, as_of, division, account).to_parquet(target / "background.parquet")
    _programme(parts, as_of, programme, account, target)
    prepare_themes(parts, register, as_of, division, account, target)
    prepare_outcomes(layout.outcomes, parts, register, as_of, division, account, target)


def read_table(layout: Layout, name: str, register: Register) -> tuple[list[Part], list[Problem]]:
    """Read and check all files of one table; return them, and everything wrong with them."""
    table, source = layout.declared(name), layout.tables[name]
    parts: list[Part] = []
    problems: list[Problem] = []
    for path in source.paths(layout.folder):
        file = name_of(path, layout.folder)
        raws, wrong = _deliveries(path, file, source)
        problems += wrong
        for raw in raws:
            whole = replace(raw, frame=raw.frame.assign(**hive(file)))
            part = tidy(table, whole, source, register, layout.since)
            problems += part.problems
            parts.append(Part(file, raw.encoding, part, raw.separator, raw.sheet, raw.header))
    if not problems:
        problems += check(table, [part.tidy for part in parts], source)
    return parts, problems


def _deliveries(path: Path, file: str, source: TableSource) -> tuple[list[Raw], list[Problem]]:
    """Read a file, each of its sheets that the source names, and what cannot be read of it."""
    raws: list[Raw] = []
    problems: list[Problem] = []
    try:
        sheets = source.sheets_in(path, file)
    except InputError as error:
        return [], list(error.problems)
    for sheet in sheets:
        try:
            if source.form:
                raws.append(read_form(path, name=file, sheet=sheet, **source.form))
            else:
                raws.append(read(path, name=file, sheet=sheet, header=source.header_of(file)))
        except InputError as error:
            problems += error.problems
    return raws, problems


def _background(
    parts: Sequence[Part], register: Register, as_of: date, division: int, account: Account
) -> pd.DataFrame:
    """Years that had ended: inhabitants summed to the division; the KOSTRA group where all predecessors share it."""
    rows = combined(parts, account, "background")
    last = as_of.year if (as_of.month, as_of.day) == (12, 31) else as_of.year - 1
    rows["reason"] = rows["reason"].mask(rows["year"] > last, "after_cut")
    close(parts, rows, account, "background")
    kept = rows.loc[rows["reason"] == "", ["municipality", "year", "population", "kostra_group"]]
    summed_up = register.harmonise(
        kept[["municipality", "year", "population"]], division=division, by=["year"], sums=["population"]
    )
    groups = shared(kept, "kostra_group", ["year"], register, division)
    merged = summed_up.merge(groups, on=["municipality", "year"], how="left")
    return merged[["municipality", "year", "population", "kostra_group"]]


def prepare_register(
    layout: Layout, register: Register, as_of: date, division: int, target: Path, account: Account, allowed: Allowed
) -> None:
    """Write the register of positions below `target`, if there is one, and enter its files into the account."""
    source = layout.tables.get("positions")
    if source is None:
        return
    paths, written = source.paths(layout.folder), target / "positions.parquet"
    done = prepare_positions(
        paths,
        source,
        register,
        division=division,
        as_of=as_of,
        target=written,
        folder=layout.folder,
        allowed=allowed,
    )
    for file, rows, kept, repeated in done.files[["file", "rows", "kept", "repeated"]].to_numpy():
        notes = f"{repeated} rows alike in every column" if repeated else ""
        account.file(file, "positions", "parquet", rows, kept, notes)
    account.note("positions", done.notes)
    for reason, count in zip(done.dropped["reason"], done.dropped["rows"], strict=True):
        account.dropped["positions", str(reason)] = int(count)


def _programme(
    parts: Mapping[str, Sequence[Part]], as_of: date, known: Programme, account: Account, target: Path
) -> None:
    """Write the programme's tables, later claims and participation left out, and account for what the cut removes."""
    for name in PROGRAMME:
        if name not in parts:
            continue
        rows = combined(parts[name], account, name)
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
        close(parts[name], rows, account, name)
        written = rows if name in ("projects", "participation", "networks", "gatherings", "cases") else rows[~later]
        written[list(TABLES[name].names)].reset_index(drop=True).to_parquet(target / f"{name}.parquet")
