"""Several tables, one after the other; what is wrong with some stops none of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from evaluation.errors import Problem
from evaluation.fetch.client import LANGUAGES, SERVER, Client, FetchError
from evaluation.fetch.select import read_selection
from evaluation.fetch.tables import KEPT, fetch, plan


def fetch_all(
    tables: Sequence[str],
    select: Sequence[str],
    *,
    folder: Path,
    name: str | None = None,
    language: str = "nb",
    server: str | None = None,
    dry_run: bool = False,
    fresh: bool = False,
    say: Callable[[str], None] = lambda _: None,
    client: Client | None = None,
) -> Iterator[str]:
    """Fetch tables, or only plan them, and tell of each when it is done.

    Raises
    ------
    FetchError
        At once when the options cannot be meant; otherwise at the end, with the problems of all tables that failed.
    """
    from evaluation.study.load import cache_folder

    selection, problems = read_selection(select)
    if language not in LANGUAGES:
        remedy = "Choose nb (bokmål), nn (nynorsk) or en (English)"
        problems.append(Problem("no such language", remedy, column="--language", value=language))
    if name is not None and (len(tables) > 1 or Path(name).name != name or not name.strip(".")):
        remedy = "Give the name of one file, without a folder, for one table"
        problems.append(Problem("the name cannot be used", remedy, column="--name", value=name))
    if problems:
        raise FetchError(problems)
    client = client or Client(server or SERVER, language, say)
    for table in dict.fromkeys(tables):
        try:
            if dry_run:
                yield str(plan(table, selection, client))
            else:
                kept = cache_folder() / KEPT
                stem = name.removesuffix(".json") if name else None
                yield str(fetch(table, selection, client, folder=folder, name=stem, kept=kept, fresh=fresh))
        except FetchError as error:
            problems += error.problems
    if problems:
        raise FetchError(problems)
