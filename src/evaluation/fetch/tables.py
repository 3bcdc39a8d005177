"""A table from the server to a file: planned, asked for part by part, kept, put together, and written whole."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.errors import Problem
from evaluation.fetch.client import LANGUAGES, SERVER, Client, FetchError
from evaluation.fetch.combine import check_answer, columns, combine
from evaluation.fetch.plan import Plan, Selection
from evaluation.fetch.select import ALL, choose, variables

if TYPE_CHECKING:
    import httpx

LIMIT = 800_000
"""Cells in one answer, where the server does not say: Statistics Norway's limit."""

KEPT = "fetched"
PROVENANCE = ".provenance.yaml"
_LICENCE = "CC BY 4.0"


@dataclass(frozen=True)
class Fetched:
    """A table as it was fetched.

    Attributes
    ----------
    plan : Plan
    file, provenance : Path
        The JSON-stat2 file, and the note of where it comes from.
    columns : tuple of str
        What `sources.yaml` can map.
    changed : bool
        Whether the file is new or other than it was.
    asked : int
        Answers that came over the network; the other parts were kept from before.
    """

    plan: Plan
    file: Path
    provenance: Path
    columns: tuple[str, ...]
    changed: bool
    asked: int

    def __str__(self) -> str:
        state = "written" if self.changed else "unchanged"
        requests = len(self.plan.parts)
        return (
            f"{self.file}: {state}, {self.plan.cells:,} cells in {requests} request{'s' if requests > 1 else ''} "
            f"({requests - self.asked} kept from before)\n  columns: {', '.join(self.columns)}"
        )


def plan(table: str, selection: Mapping[str, Sequence[str]], client: Client) -> Plan:
    """Return what fetching a table would take; asks the server for its limits and the table's metadata.

    Parameters
    ----------
    table : str
        The id of a table, as 07459.
    selection : mapping
        Values and expressions (`top(5)`, `from(2008)`, `????`) by variable. Not named: all regions, contents and
        periods; the total of other variables that have one, else all values.

    Raises
    ------
    FetchError
        The table is unknown, a variable or a value is (with the nearest), or the server cannot be asked.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", table):
        raise FetchError(Problem("not the id of a table", "Give it as 07459", value=table))
    try:
        _, metadata = client.ask(client.request(f"tables/{table}/metadata"), table)
    except FetchError as error:
        if table.isdigit() and len(table) < 5:
            remedy = f"Did you mean {table.zfill(5)}? A spreadsheet eats leading zeros"
            raise FetchError([*error.problems, Problem("the id has fewer than five digits", remedy, table)]) from None
        raise
    try:
        known = variables(metadata)
    except (KeyError, TypeError, AttributeError) as error:
        remedy = "Check the address: PxWebApi version 2 is needed"
        raise FetchError(Problem("the table's metadata are not JSON-stat2", remedy, table)) from error
    chosen, problems = choose(table, known, selection)
    if problems:
        raise FetchError(problems)
    limit = int(client.settings.get("maxDataCells") or LIMIT)
    title, updated = str(metadata.get("label", table)), str(metadata.get("updated", ""))
    return Plan(table, title, updated, str(metadata.get("source", "")), known, chosen, limit)


def fetch(
    table: str,
    selection: Mapping[str, Sequence[str]],
    client: Client,
    *,
    folder: Path,
    name: str | None = None,
    kept: Path | None = None,
    fresh: bool = False,
) -> Fetched:
    """Fetch a table into `folder`/`name`.json, with its provenance beside it; both are replaced whole or not at all.

    Parameters
    ----------
    table, selection : see `plan`.
    name : str, optional
        Name of the file without ending; the table's id by default.
    kept : Path, optional
        Folder of answers kept by content: a part of the same query on the same edition of the table is not asked for
        again, so that an interrupted run goes on where it stopped.
    fresh : bool
        Ask for every part again.

    Raises
    ------
    FetchError
        See `plan`; or the table was changed while it was fetched, or an answer is not what was asked for.
    """
    planned = plan(table, selection, client)
    answers: list[dict[str, Any]] = []
    bodies: list[bytes] = []
    requests: list[httpx.Request] = []
    asked = 0
    for number, part in enumerate(planned.parts, start=1):
        what = table if len(planned.parts) == 1 else f"{table}, part {number} of {len(planned.parts)}"
        request = client.request(f"tables/{table}/data", _written(part, planned))
        place = None if kept is None else kept / f"{_key(request, planned.updated)}.json"
        body = None if fresh or place is None else _read(place)
        if body is None:
            body, answer = client.ask(request, what)
            check_answer(answer, part, what)
            asked += 1
            if place is not None:
                replace(place, body)
        else:
            answer = json.loads(body)
        if str(answer.get("updated", planned.updated)) != planned.updated:
            remedy = "Run the command again"
            raise FetchError(Problem("the table was updated while it was fetched", remedy, what))
        answers.append(answer)
        bodies.append(body)
        requests.append(request)
    whole = answers[0] if len(answers) == 1 else combine(answers, planned.selection)
    content = bodies[0] if len(answers) == 1 else json.dumps(whole, ensure_ascii=False).encode()
    file = folder / f"{name or table}.json"
    note = file.with_suffix(PROVENANCE)
    changed = not file.is_file() or file.read_bytes() != content
    replace(note, _provenance(planned, file.name, content, requests, client))
    if changed:
        replace(file, content)
    return Fetched(planned, file, note, tuple(columns(whole)), changed, asked)


def _written(part: Selection, planned: Plan) -> Selection:
    """Write all values of a variable as a star."""
    whole = {variable.code: tuple(variable.values) for variable in planned.variables}
    return {code: (ALL,) if codes == whole[code] else codes for code, codes in part.items()}


def _key(request: httpx.Request, updated: str) -> str:
    told = [request.method, str(request.url), request.content.decode(), updated]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _read(place: Path) -> bytes | None:
    """Return an answer kept from before, if it is there and whole."""
    try:
        body = place.read_bytes()
        json.loads(body)
    except (OSError, ValueError):
        return None
    return body


def replace(file: Path, content: bytes) -> None:
    """Write a file beside its place and move it in whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as open_file:
            open_file.write(content)
        os.chmod(beside, 0o644)
        os.replace(beside, file)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _provenance(planned: Plan, file: str, content: bytes, requests: Sequence[httpx.Request], client: Client) -> bytes:
    """Say where a file comes from, as YAML: equal for equal queries on the same edition of the table."""
    from ruamel.yaml import YAML

    licence = str(client.settings.get("license", ""))
    open_licence = f"{_LICENCE} ({licence})" if client.server == SERVER and licence else licence or "see the producer"
    named = {"no": "Kilde", "en": "Source"}[LANGUAGES[client.language]]
    told = {
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "table": planned.table,
        "title": planned.title,
        "updated": planned.updated,
        "attribution": f"{named}: {planned.source}, {planned.table}",
        "licence": open_licence,
        "server": client.server,
        "cells": planned.cells,
        "selection": {code: list(codes) for code, codes in planned.selection.items()},
        "requests": [
            {"method": request.method, "url": str(request.url)}
            | ({"body": json.loads(request.content)} if request.method == "POST" else {})
            for request in requests
        ],
    }
    written = io.BytesIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 4096
    yaml.dump(told, written)
    return f"# Where {file} comes from; written by `evaluation fetch {planned.table}`.\n".encode() + written.getvalue()
