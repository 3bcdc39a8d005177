"""A profile for every municipality: one notebook run for each, rendered as a page, with an index to find them by.

A profile that is there already, made of the same inputs, parameters and code, is kept, so that an interrupted run goes
on where it was. The failure of one is told at the end and stops no other.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import evaluation
from evaluation.errors import InputError, ParameterError, Problem
from evaluation.language import Words
from evaluation.report import warm
from evaluation.report.build import shared_cache
from evaluation.report.declared import read_declared
from evaluation.report.endings import signals
from evaluation.report.manifest import Code, clock, sha256, versions, write_json
from evaluation.report.parameters import Limits, read_plan
from evaluation.report.profiles.index import Listed, write_index
from evaluation.report.profiles.page import RECORD, Setting, Task, is_made
from evaluation.report.profiles.runs import profiles_of, run_tasks
from evaluation.report.progress import progress, tell
from evaluation.report.publish import resuming
from evaluation.report.schedule import place
from evaluation.report.words import say

ALL = "all"
VARIED = "municipality"
LIMIT = 900  # seconds for one profile


@dataclass(frozen=True)
class Made:
    """What a run did: how many of the profiles asked for were made and kept, and what went wrong by municipality.

    `removed` is how many of others were in the folder, made of something else, and are no more.
    """

    folder: Path
    made: int
    kept: int
    removed: int
    failures: Mapping[str, str]


@dataclass(frozen=True)
class Opened:
    """What the profiles need to know of the study before they are made.

    `inputs` are its files with sha256; `resolve` gives the codes of municipalities given by code or name.
    """

    municipalities: tuple[Listed, ...]
    inputs: tuple[tuple[str, str], ...]
    synthetic: bool
    resolve: Callable[[Sequence[str]], list[str]]


def open_study(parameters: Mapping[str, Any], root: Path) -> Opened:
    """Open the study once, which fills the cache that the profiles share."""
    import pandas as pd

    from evaluation.study import load_study

    here = root / str(parameters["data"])
    data = str(here if here.exists() else parameters["data"])
    limits = {name: parameters[name] for name in ("memory_limit", "threads") if name in parameters}
    study = load_study(data, as_of=parameters["as_of"], division=parameters["division"], **limits, tell=tell)
    rows: Any = study.municipalities.sort_values("municipality").itertuples(index=False)
    listed = [
        Listed(
            code=str(row.municipality),
            name=str(row.name),
            county=str(row.county),
            group="" if pd.isna(row.kostra_group) else str(row.kostra_group),
            population=None if pd.isna(row.population) else int(row.population),
            takes_part=row.group == "participants",
        )
        for row in rows
    ]
    files = study.files.drop_duplicates("file").sort_values("file")
    inputs = tuple(zip(files["file"].astype(str), files["sha256"].astype(str), strict=True))

    def resolve(names: Sequence[str]) -> list[str]:
        try:
            found = study.register.resolve(pd.Series(list(names), dtype="object"), year=study.division)
        except InputError as wrong:
            place = "the option --municipalities"
            raise InputError(replace(p, file=place, row=None, column=None) for p in wrong.problems) from None
        return [str(code) for code in found]

    return Opened(tuple(listed), inputs, study.synthetic, resolve)


def make_profiles(
    municipalities: str,
    file: Path,
    *,
    root: Path,
    out: Path | None = None,
    data: str | None = None,
    language: str | None = None,
    as_of: str | None = None,
    division: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    cold: bool = False,
    opener: Callable[[Mapping[str, Any], Path], Opened] = open_study,
) -> Made:
    """Make the profiles of `municipalities` ("all", or codes and names with commas) into a folder with an index.

    The parameters come from the report's parameter `file`, as far as the notebook `profile` declares them, and the
    options win over it. Profiles of others already in the folder stay as long as they are up to date.

    Parameters
    ----------
    out : the folder, by default `root`/reports/deep-dives.
    workers : how many profiles are made at a time (default: the cores).
    scheduler : the address (tcp://host:port) of a Dask cluster to make them on instead.
    cold : run each notebook by papermill in a kernel started from nothing: much slower, the same pages.
    opener : opens the study.

    Raises
    ------
    ParameterError, InputError
        The parameters, the data or the names cannot be used.
    ReportError
        What all profiles share failed; those in the folder are untouched.
    """
    root = root.resolve()
    notebook = root / "notebooks" / "profile.ipynb"
    parameters, spoken, limits = _parameters(notebook, file, root, data, language, as_of, division)
    opened = opener({**parameters, **limits.reading}, root)
    setting = _setting(notebook, parameters, spoken, limits.timeout or LIMIT)
    common = _common_key(setting, opened.inputs, root)
    tasks = {row.code: Task(row.code, row.name, _key(common, row.code)) for row in opened.municipalities}
    wanted = _wanted(municipalities, opened)
    target = (out or root / "reports" / "deep-dives").resolve()
    with signals(signal.SIGTERM), resuming(target) as folder, shared_cache() as given:
        kept = _keep(folder, target, tasks)
        todo = [tasks[code] for code in wanted if code not in kept]
        with progress(lambda: len(todo), "Making the profiles") as done:
            where = partial(place, workers=workers, scheduler=scheduler)
            makes = partial(profiles_of, setting, root, given | limits.environment, cold)
            failed = run_tasks(todo, makes, where, folder, away=scheduler is not None, done=done)
        present = [row for row in opened.municipalities if (folder / row.code / RECORD).exists()]
        failures = {f"{code} {tasks[code].name}": what for code, what in sorted(failed.items())}
        removed = sum((target / code / RECORD).exists() and not (folder / code).exists() for code in tasks)
        from evaluation.tables import NORWAY

        named = NORWAY in dict(opened.inputs)
        write_index(folder / "index.html", present, failures, tasks, setting, opened.synthetic, named)
        write_json(folder / "manifest.json", _manifest(folder, setting, opened.inputs, present, failures, root))
    return Made(target, len(todo) - len(failed), len(set(wanted) & set(kept)), removed, failures)


def _parameters(
    notebook: Path,
    file: Path,
    root: Path,
    data: str | None,
    language: str | None,
    as_of: str | None,
    division: int | None,
) -> tuple[dict[str, Any], str, Limits]:
    """Return the values of the notebook's parameters but the municipality, the language and the limits."""
    plan = read_plan(file, root / "notebooks", data=data, language=language)
    declared = read_declared(notebook).parameters
    given = {name: value for chapter in plan.chapters for name, value in chapter.given.items()}
    values = {name: given.get(name, value) for name, value in declared.items()}
    values |= {"language": plan.language}
    if as_of is not None:
        try:
            values["as_of"] = date.fromisoformat(as_of).isoformat()
        except ValueError:
            raise ParameterError(
                Problem("--as-of is not a date", "Write it as 2013-12-31", "the option --as-of", value=as_of)
            ) from None
    if division is not None:
        values["division"] = division
    if VARIED not in declared:
        problem = Problem(f"the notebook declares no parameter `{VARIED}`", "Declare it", str(notebook))
        raise ParameterError(problem)
    del values[VARIED]
    return values, plan.language, plan.limits


def _wanted(municipalities: str, opened: Opened) -> list[str]:
    """Return the codes asked for, in their order."""
    codes = [row.code for row in opened.municipalities]
    if municipalities.strip() == ALL:
        return codes
    asked = [part.strip() for part in municipalities.split(",") if part.strip()]
    if not asked:
        remedy = "Give all, or codes or names with commas between: 0301,Varghaug"
        raise ParameterError(Problem("no municipality is asked for", remedy, "the option --municipalities"))
    found = opened.resolve(asked)
    absent = [name for name, code in zip(asked, found, strict=True) if code not in set(codes)]
    if absent:
        what, remedy = "the municipality is not in the study", "Deliver its data, or leave it out"
        raise ParameterError(Problem(what, remedy, "the option --municipalities", value=name) for name in absent)
    return list(dict.fromkeys(found))


def _setting(notebook: Path, parameters: Mapping[str, Any], language: str, limit: int) -> Setting:
    day = date.fromisoformat(str(parameters["as_of"]))
    facts = (say("data_to", language, date=Words(language).date(day)),)
    # Not the commit's time, with which every commit would make every profile anew.
    epoch = clock(Code(None, False, None), day)
    return Setting(str(notebook), VARIED, dict(parameters), language, facts, epoch, warm.LIBRARIES, limit)


def _common_key(setting: Setting, inputs: Sequence[tuple[str, str]], root: Path) -> str:
    """Return the hash of all that goes into every profile: inputs, parameters, notebook, code and versions."""
    package = Path(evaluation.__file__).parent
    code = [path for path in sorted(package.rglob("*")) if path.is_file() and "__pycache__" not in path.parts]
    told = {
        "inputs": list(inputs),
        "parameters": dict(setting.parameters),
        "facts": [setting.epoch, *setting.facts],
        "notebook": sha256(Path(setting.notebook)),
        "code": [(path.relative_to(package).as_posix(), sha256(path)) for path in code],
        "versions": versions(root),
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _key(common: str, code: str) -> str:
    return hashlib.sha256(f"{common} {code}".encode()).hexdigest()


def _keep(folder: Path, target: Path, tasks: Mapping[str, Task]) -> list[str]:
    """Leave in `folder` the profiles that are up to date, those of the last finished run too; return their codes."""
    kept = [code for code, task in tasks.items() if is_made(folder, task)]
    for path in folder.iterdir():
        if path.name not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for code, task in tasks.items():
        if code not in kept and is_made(target, task):
            shutil.copytree(target / code, folder / code)
            kept.append(code)
    return kept


def _manifest(
    folder: Path,
    setting: Setting,
    inputs: Sequence[tuple[str, str]],
    present: Sequence[Listed],
    failures: Mapping[str, str],
    root: Path,
) -> dict[str, Any]:
    return {
        "report": "deep-dives",
        "language": setting.language,
        "parameters": dict(setting.parameters),
        "notebook": {"file": Path(setting.notebook).name, "sha256": sha256(Path(setting.notebook))},
        "inputs": [{"file": name, "sha256": digest} for name, digest in inputs],
        "versions": versions(root),
        "profiles": {row.code: sha256(folder / row.code / RECORD) for row in present},
        "failures": dict(failures),
    }
