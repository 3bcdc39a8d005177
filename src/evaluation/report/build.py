"""Make a report: parameter file -> executed notebooks -> one document -> HTML, PDF and Word, published all at once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.errors import ParameterError, Problem, ReportError
from evaluation.language import Words
from evaluation.report.assemble import Assembled, assemble, findings
from evaluation.report.crate import write_crate
from evaluation.report.declared import read_declared
from evaluation.report.disclosed import FILE as DISCLOSURE
from evaluation.report.disclosed import check_disclosure, published
from evaluation.report.endings import signals
from evaluation.report.execute import Chapters, execute
from evaluation.report.kept import Kept
from evaluation.report.made import MANIFEST, PARAMETERS, read_made
from evaluation.report.manifest import Code, clock, made_from, manifest, sha256, up_to_date, write_json
from evaluation.report.parameters import ALL, EARLIER, FINDINGS, Plan, Run, read_plan
from evaluation.report.progress import progress, tell
from evaluation.report.publish import publishing
from evaluation.report.render import BIBLIOGRAPHY, Front, render
from evaluation.report.schedule import cores, place
from evaluation.report.words import invented, say

if TYPE_CHECKING:
    from nbformat import NotebookNode

HASH_SHOWN = 16  # of the 64 letters of the parameters' hash, on the front page; the manifest has all


@dataclass(frozen=True)
class Opened:
    """What a report needs to know of its study before the chapters run.

    That is the cases, the input files with sha256, and the tables that each file was read into.
    """

    cases: tuple[str, ...]
    inputs: tuple[tuple[str, str], ...]
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def open_study(values: Mapping[str, Any], root: Path) -> Opened:
    """Open the study once before the chapters do: it generates demonstration files and fills the cache they share."""
    from evaluation.study import load_study

    data = Path(values["data"])
    here = root / data
    arguments = {name: values[name] for name in ("as_of", "division", "memory_limit", "threads") if name in values}
    study = load_study(str(here if here.exists() else data), **arguments, tell=tell)
    files = study.files.sort_values("file", kind="stable").astype({"file": str, "sha256": str, "table": str})
    inputs = tuple(files[["file", "sha256"]].drop_duplicates("file").itertuples(index=False, name=None))
    tables = {str(file): tuple(names.unique()) for file, names in files.groupby("file")["table"]}
    return Opened(tuple(case.case for case in study.programme.all_cases()), inputs, tables)


def build(
    file: Path,
    *,
    root: Path,
    out: Path | None = None,
    data: str | None = None,
    language: str | None = None,
    chapters: Sequence[str] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    cold: bool = False,
    fresh: bool = False,
    opener: Callable[[Mapping[str, Any], Path], Opened] = open_study,
) -> Path:
    """Make the report of a parameter file from `root`/notebooks and return its folder (default `root`/reports/<name>).

    A report that is there already, made from the same and unchanged since, is left as it is.
    `workers` is how many notebooks run at a time (default: one more than the cores, as a kernel that starts or ends
    leaves its core idle), unless they run on the cluster whose `scheduler` is at an address (tcp://host:port); `cold`
    starts each kernel from nothing, which is slower and gives the same; `fresh` executes chapters that are kept from an
    equal run too; `opener` opens the study.

    Raises
    ------
    ParameterError
        The parameter file, or an option, cannot be used.
    ReportError
        A chapter failed, the report could not be rendered, or what it shows, with what the earlier report it compares
        itself with shows, gives away what it withholds; the previous report is untouched.
    """
    root = root.resolve()
    plan = read_plan(file, root / "notebooks", data=data, language=language, chapters=chapters)
    target = (out or root / "reports" / plan.name).resolve()
    code = Code.of(root)
    epoch = clock(code, plan.as_of)
    earlier = _earlier(plan, root, data)
    told = partial(made_from, plan, code=code, root=root, earlier=earlier)
    if not fresh and up_to_date(target, {name: part for name, part in told(inputs=()).items() if name != "inputs"}):
        opened = _opened(plan, opener, root)
        if up_to_date(target, told(inputs=opened.inputs)):
            tell("Nothing has changed since this report was made; --fresh makes it again.")
            return target
    chapters_at = partial(Chapters, root, epoch, cold=cold, timeout=plan.limits.timeout)
    at_a_time = workers if workers or scheduler else cores() + 1
    located = partial(place, workers=at_a_time, scheduler=scheduler)
    # The kernels come before the study: their libraries load while the data are read.
    with (
        signals(signal.SIGTERM),
        publishing(target) as folder,
        shared_cache(fresh=fresh) as cache,
        located(partial(chapters_at, given=cache | plan.limits.environment)) as where,
    ):
        opened = _opened(plan, opener, root)
        runs = [chapter.runs(opened.cases) for chapter in plan.chapters]
        _refuse_empty(plan, runs)
        kept = Kept(_cache("chapters"), opened.inputs, fresh=fresh)
        before: list[Run] = []
        with progress(lambda: len(before) + sum(map(len, runs))) as done:
            run_all = partial(execute, where=where, done=done, kept=kept)
            opens = partial(_earlier_runs, earlier, opener, root) if earlier else list
            runs, executed = _in_order(plan, runs, before, opens, run_all)
        for used in (kept, Kept(_cache("shared"), ())):
            used.discard_old()
        own = {run.name: executed[run.name] for chapter in runs for run in chapter}
        then = {run.name: executed[run.name] for run in before}
        on_disk = published(root / "reports" / earlier.name) if earlier else {}
        checked = check_disclosure(own, then, on_disk, earlier.title if earlier else None)
        assembled = assemble(
            runs, executed, language=plan.language, inputs=opened.inputs, tables=opened.tables, checked=checked
        )
        _write(folder, assembled, executed)
        write_json(folder / DISCLOSURE, checked)
        if (cited := root / "notebooks" / BIBLIOGRAPHY).exists():
            shutil.copyfile(cited, folder / BIBLIOGRAPHY)
        render(folder, _front(plan, code, assembled, epoch), epoch)
        every = [*(run for chapter in runs for run in chapter), *before]
        shutil.copyfile(plan.file, folder / PARAMETERS)
        write_json(folder / MANIFEST, manifest(told(inputs=opened.inputs), every, folder=folder))
        write_crate(read_made(folder))
    return target


def _opened(plan: Plan, opener: Callable[[Mapping[str, Any], Path], Opened], root: Path) -> Opened:
    return opener({**plan.values, **plan.limits.reading}, root) if _needs_study(plan) else Opened((), ())


def _earlier(plan: Plan, root: Path, data: str | None) -> Plan | None:
    """Return the earlier report that a chapter of this one compares with its own, if any: all that it released."""
    if plan.compared is None or not any(EARLIER in chapter.declared.parameters for chapter in plan.chapters):
        return None
    name, _ = plan.compared
    beside = plan.file.with_name(f"{name}.yaml")
    file = beside if beside.exists() else find_parameter_file(name, root)
    return read_plan(file, root / "notebooks", data=data, language=plan.language)


def _earlier_runs(plan: Plan, opener: Callable[[Mapping[str, Any], Path], Opened], root: Path) -> list[Run]:
    # A chapter written from findings releases no counts of its own.
    chapters = [chapter for chapter in plan.chapters if FINDINGS not in chapter.declared.parameters]
    repeated = any(chapter.values == ALL for chapter in chapters)
    cases = _opened(plan, opener, root).cases if repeated else ()
    return [replace(run, name=f"{plan.name}-{run.name}") for chapter in chapters for run in chapter.runs(cases)]


def _in_order(
    plan: Plan,
    runs: Sequence[Sequence[Run]],
    before: list[Run],
    opens: Callable[[], Sequence[Run]],
    run_all: Callable[[Iterable[Run]], dict[str, NotebookNode]],
) -> tuple[list[tuple[Run, ...]], dict[str, NotebookNode]]:
    """Execute the chapters, then those written from the others' findings; return the runs as made, and the results.

    `before` is filled with the runs of the earlier report, which is opened while the first chapters run.
    """
    last = {chapter.declared.stem for chapter in plan.chapters if FINDINGS in chapter.declared.parameters}
    first = [run for chapter in runs for run in chapter if run.notebook.stem not in last]

    def by_length() -> Iterator[Run]:
        # A chapter that repeats is many short notebooks: at the end they leave no core without work.
        yield from (run for run in first if not run.varied)
        before.extend(opens())
        yield from (run for run in before if not run.varied)
        yield from (run for run in [*first, *before] if run.varied)

    executed = run_all(by_length())
    if not last:
        return [tuple(chapter) for chapter in runs], executed
    given = {FINDINGS: _store(findings(first, executed, plan.language))}
    compared = [run for run in before if plan.compared and run.notebook.stem in plan.compared[1]]
    given |= {EARLIER: _store(findings(compared, executed, plan.language))} if before else {}
    made = [tuple(_told(run, given) if run.notebook.stem in last else run for run in chapter) for chapter in runs]
    written = run_all([run for chapter in made for run in chapter if run.notebook.stem in last])
    return made, executed | written


def _store(found: Sequence[Mapping[str, Any]]) -> str:
    """Keep findings under the name of their content, and return it: equal findings have the same name everywhere."""
    text = json.dumps(list(found), ensure_ascii=False, sort_keys=True)
    path = _cache(FINDINGS) / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path.name


def _cache(part: str) -> Path:
    from evaluation.study.load import cache_folder

    return cache_folder() / part


@contextlib.contextmanager
def shared_cache(*, fresh: bool = False) -> Iterator[dict[str, str]]:
    """Give the variables that name the folders of what is kept between runs, the same wherever notebooks run.

    With `fresh` what chapters share is kept as long as the block lasts, apart from that of earlier runs.
    """
    from evaluation.study.load import CACHE, cache_folder
    from evaluation.study.shared import SHARED

    given = {CACHE: str(cache_folder())}
    if not fresh:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="fresh-", dir=cache_folder()))
    try:
        yield given | {SHARED: folder.name}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _told(run: Run, given: Mapping[str, str]) -> Run:
    """Return the run with the findings it declares as parameters."""
    declared = read_declared(run.notebook).parameters
    return replace(run, parameters={**run.parameters, **{name: given[name] for name in given if name in declared}})


def find_root(start: Path) -> Path:
    """Return the folder that holds notebooks/ and params/: around `start`, else the one this package lies in."""
    for folder in (start, *start.parents, Path(__file__).resolve().parents[3]):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder
    raise ReportError(f"{start}: no project here. Go to the folder that holds notebooks/ and params/.")


def find_parameter_file(name: str, root: Path) -> Path:
    """Return the parameter file of a report given by name (`midterm`) or by path."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        return path
    found = root / "params" / f"{name}.yaml"
    if not found.exists():
        known = ", ".join(sorted(path.stem for path in (root / "params").glob("*.yaml")))
        remedy = f"Give one of {known}, or the path of a parameter file"
        raise ParameterError(Problem("there is no report of this name", remedy, file=f"{root.name}/params", value=name))
    return found


def _needs_study(plan: Plan) -> bool:
    return "data" in plan.values or any(chapter.values == ALL for chapter in plan.chapters)


def _refuse_empty(plan: Plan, runs: Sequence[Sequence[Run]]) -> None:
    for chapter, found in zip(plan.chapters, runs, strict=True):
        if not found:
            remedy = "Remove the chapter, list the cases, or choose data and a date with cases"
            what = f"{chapter.declared.stem} repeats over `{chapter.repeats}: all`, but the study has no case"
            raise ParameterError(Problem(what, remedy, file=str(plan.file)))


def _front(plan: Plan, code: Code, made: Assembled, epoch: int) -> Front:
    language = plan.language
    dated = Words(language).date(datetime.fromtimestamp(epoch, UTC).date())
    facts = [say("data_to", language, date=Words(language).date(plan.as_of))] if plan.as_of else []
    facts.append(say("dated", language, date=dated))
    version = say("changed", language, commit=code.short) if code.dirty else code.short
    facts.append(say("version", language, version=version))
    facts.append(say("parameters_hash", language, file=plan.file.name, hash=sha256(plan.file)[:HASH_SHOWN]))
    banner = invented(language, synthetic=made.synthetic, real_places=made.real_places)
    draft = say("draft", language) if code.dirty else ""
    return Front(plan.title, plan.subtitle, language, tuple(facts), banner, draft)


def _write(folder: Path, assembled: Assembled, executed: Mapping[str, NotebookNode]) -> None:
    import nbformat

    (folder / "report.md").write_text(assembled.markdown, encoding="utf-8")
    for name, content in assembled.files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    write_json(folder / "findings.json", list(assembled.findings))
    write_json(folder / "exhibits.json", list(assembled.index))
    (folder / "notebooks").mkdir()
    for run, notebook in executed.items():
        nbformat.write(notebook, folder / "notebooks" / f"{run}.ipynb")
