"""The command line: `evaluation report midterm` and `evaluation demo`."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from evaluation.report.endings import ending, signals

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Turn raw files and a parameter file into an evaluation report.",
)


class Scenario(enum.StrEnum):
    """Which truth the demonstration data have."""

    standard = "standard"
    null = "null"


class Programme(enum.StrEnum):
    """Which invented programme the demonstration data are of."""

    current = "current"
    predecessor = "predecessor"


@app.command()
def report(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|PATH", help="A report of params/ (annual, midterm, final, predecessor) or a parameter file."
        ),
    ],
    data: Annotated[str | None, typer.Option(help="Folder of the data, instead of the parameter file's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report. Default: reports/NAME.")] = None,
    language: Annotated[str | None, typer.Option(help="nb, nn or en, instead of the parameter file's.")] = None,
    chapters: Annotated[str | None, typer.Option(help="Only these chapters: 01_programme,02_sick_leave.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Notebooks run at a time. Default: the cores + 1.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Run on a Dask cluster instead: tcp://host:port.")] = None,
    cold: Annotated[bool, typer.Option("--cold", help="Start every notebook from nothing: slower, the same.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Take no chapter from an earlier equal run.")] = False,
) -> None:
    """Make a report: HTML, PDF, Word, executed notebooks and the data of every exhibit."""
    from evaluation.report.build import build, find_parameter_file, find_root

    here = Path.cwd()
    root = find_root(here)
    wanted = [chapter.strip() for chapter in chapters.split(",") if chapter.strip()] if chapters else None
    made = build(
        find_parameter_file(name, root),
        root=root,
        out=out,
        data=_from_root(data, here, root),
        language=language,
        chapters=wanted,
        workers=workers,
        scheduler=scheduler,
        cold=cold,
        fresh=fresh,
    )
    shown = made.relative_to(here) if made.is_relative_to(here) else made
    for file in ("report.html", "report.pdf", "report.docx"):
        typer.echo(shown / file)


@app.command(name="deep-dives")
def deep_dives(
    municipalities: Annotated[
        str, typer.Option(help="all, or codes and names with commas between: 0301,Varghaug.")
    ] = "all",
    parameters: Annotated[
        str, typer.Option(metavar="NAME|PATH", help="The report or parameter file whose parameters are used.")
    ] = "midterm",
    data: Annotated[str | None, typer.Option(help="Folder of the data, instead of the parameter file's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the profiles. Default: reports/deep-dives.")] = None,
    language: Annotated[str | None, typer.Option(help="nb, nn or en, instead of the parameter file's.")] = None,
    as_of: Annotated[str | None, typer.Option(help="Last date of the data, as 2013-12-31.")] = None,
    division: Annotated[int | None, typer.Option(help="Year of the municipal division.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Profiles made at a time. Default: the cores.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Make them on a Dask cluster instead: tcp://host:port.")] = None,
    cold: Annotated[bool, typer.Option("--cold", help="Start every notebook from nothing: slower, the same.")] = False,
) -> None:
    """Make a two-page profile of each municipality, HTML and PDF, with an index to search in."""
    from evaluation.report.build import find_parameter_file, find_root
    from evaluation.report.profiles.batch import make_profiles

    here = Path.cwd()
    root = find_root(here)
    made = make_profiles(
        municipalities,
        find_parameter_file(parameters, root),
        root=root,
        out=out,
        data=_from_root(data, here, root),
        language=language,
        as_of=as_of,
        division=division,
        workers=workers,
        scheduler=scheduler,
        cold=cold,
    )
    shown = made.folder.relative_to(here) if made.folder.is_relative_to(here) else made.folder
    outdated = f", {made.removed} outdated ones of others removed" if made.removed else ""
    typer.echo(f"{shown / 'index.html'}: {made.made} profiles made, {made.kept} kept{outdated}")
    if made.failures:
        told = "\n".join(f"{name}: {what}" for name, what in made.failures.items())
        typer.echo(f"{len(made.failures)} profiles could not be made.\n{told}", err=True)
        raise typer.Exit(1)


@app.command()
def demo(
    out: Annotated[
        Path | None, typer.Option(help="Folder to write to. Default: data/demo or data/demo_predecessor.")
    ] = None,
    programme: Annotated[
        Programme, typer.Option(help="current; predecessor: an earlier programme with few sick-leave municipalities.")
    ] = Programme.current,
    scenario: Annotated[
        Scenario, typer.Option(help="standard: known effects; null: no effect at all.")
    ] = Scenario.standard,
    seed: Annotated[int | None, typer.Option(help="Seed of the random numbers. Default: of the draw shown.")] = None,
) -> None:
    """Write the synthetic demonstration data: raw files of invented municipalities."""
    from evaluation import demo

    folder = out or Path("data") / demo.PROGRAMMES[programme.value].home.name
    files = demo.generate(folder, programme=programme.value, scenario=scenario.value, seed=seed)
    typer.echo(f"{folder}: {len(files)} files")


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder, such as data/raw.")],
    language: Annotated[str, typer.Option(help="nb, nn or en, of the explanations.")] = "nb",
    register: Annotated[
        str, typer.Option(help="norway: the real municipalities; or the .csv file that will hold others.")
    ] = "norway",
) -> None:
    """Lay out a study folder: what to fill in, what to put where, and empty forms."""
    from evaluation.check import every, used_by
    from evaluation.new import lay_out
    from evaluation.report.build import find_root

    root = find_root(Path.cwd())
    used = used_by(every(root / "notebooks"))
    typer.echo(lay_out(folder, language=language, register=register, root=root, used=used))


@app.command()
def check(
    data: Annotated[str, typer.Argument(metavar="DATA", help="A data folder, anywhere.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder of check.html and check.txt. Default: reports/check/NAME.")
    ] = None,
    language: Annotated[str, typer.Option(help="nb, nn or en.")] = "nb",
    division: Annotated[
        int | None, typer.Option(help="Year of the municipal division. Default: the last year of the data.")
    ] = None,
) -> None:
    """Read everything in a data folder and tell what was understood, what is wrong, and what is missing.

    Ends with status 0 if the data can be used, 1 if they can but something is missing or should be looked at, and 2 if
    they cannot be used.
    """
    from evaluation.check.command import run
    from evaluation.report.build import find_root

    here = Path.cwd()
    root = find_root(here)
    made, text, status = run(data, root=root, out=out, language=language, division=division)
    typer.echo(text)
    typer.echo(made.relative_to(here) if made.is_relative_to(here) else made)
    raise typer.Exit(status)


@app.command()
def fetch(
    tables: Annotated[list[str], typer.Argument(metavar="TABLE_ID...", help="Ids of tables, as 07459 12134.")],
    select: Annotated[
        list[str] | None,
        typer.Option(help="Values of a variable, as 'Region=????', Tid=from(2008), Kjonn=*. Repeat for others."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder of the files.")] = Path("data/raw"),
    name: Annotated[str | None, typer.Option(help="Name of the file. Default: the table's id.")] = None,
    language: Annotated[str, typer.Option(help="nb, nn or en, of titles and labels.")] = "nb",
    server: Annotated[str | None, typer.Option(help="Address of a PxWebApi v2. Default: Statistics Norway's.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be fetched.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ask again for what has come before.")] = False,
) -> None:
    """Fetch tables of Statistics Norway's StatBank into a data folder, with a note of where they come from."""
    from evaluation.fetch.command import fetch_all

    for line in fetch_all(
        tables,
        select or [],
        folder=out,
        name=name,
        language=language,
        server=server,
        dry_run=dry_run,
        fresh=fresh,
        say=lambda text: typer.echo(text, err=True),
    ):
        typer.echo(line)


@app.command()
def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="A report: its name, folder or package.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The report to compare it with.")],
    html: Annotated[Path | None, typer.Option(help="The page. Default: reports/compare-A-B.html.")] = None,
    tolerance: Annotated[
        float, typer.Option(min=0, max=1, help="Take numbers as equal that differ by this share of the larger.")
    ] = 0.0,
    language: Annotated[str | None, typer.Option(help="nb, nn or en. Default: of report B.")] = None,
    results_only: Annotated[
        bool, typer.Option("--results-only", help="Compare findings and exhibits, not what they were made from.")
    ] = False,
) -> None:
    """Compare two reports, here and as a page. Exit status: 0 the same, 1 they differ, 2 they cannot be compared."""
    from evaluation.report.build import find_root
    from evaluation.report.compare.command import compare_reports

    root = find_root(Path.cwd())
    told = compare_reports(
        before, after, root, page=html, tolerance=tolerance, language=language, results_only=results_only
    )
    typer.echo(told.text, nl=False)
    typer.echo(_shown(told.page), err=True)
    raise typer.Exit(0 if told.same else 1)


@app.command()
def verify(
    report: Annotated[str, typer.Argument(metavar="REPORT", help="A report: its name, folder or package.")],
    data: Annotated[str | None, typer.Option(help="Folder of the data, if they have moved.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make it again too, and compare every byte.")] = False,
    outputs_only: Annotated[
        bool, typer.Option("--outputs-only", help="Check only that the report's own files are as they were made.")
    ] = False,
) -> None:
    """Check that a report follows from its inputs, code and parameters. Exit status: 0 yes, 1 no, 2 it is unknown."""
    from dataclasses import replace

    from evaluation.report import verify as verifying
    from evaluation.report.build import find_root
    from evaluation.report.made import opened

    here = Path.cwd()
    root = find_root(here).resolve()
    with opened(report, root) as made:
        given = _from_root(data, here, root)
        found = verifying.verify(made, root, data=given, outputs_only=outputs_only)
        if rebuild:
            found = replace(found, checks=(*found.checks, *verifying.rebuild(made, root, data=given)))
    typer.echo("\n".join(found.lines()))
    raise typer.Exit(found.status)


@app.command()
def package(
    report: Annotated[str, typer.Argument(metavar="REPORT", help="A report: its name or folder.")],
    out: Annotated[Path | None, typer.Option(help="The archive. Default: reports/REPORT-COMMIT.zip.")] = None,
    draft: Annotated[
        bool, typer.Option("--draft", help="Also if it was made with uncommitted changes; marked.")
    ] = False,
) -> None:
    """Write an archive from which a stranger can review the report and make it again; never with raw data."""
    from evaluation.report.build import find_root
    from evaluation.report.made import opened
    from evaluation.report.package.archive import package as write_package

    root = find_root(Path.cwd()).resolve()
    with opened(report, root) as made:
        done = write_package(made, root, out=out, draft=draft)
    for reason in done.draft:
        typer.echo(f"DRAFT: {reason}", err=True)
    typer.echo(f"{_shown(done.path)}: {done.files} files, {done.size / 1e6:.1f} MB")


@app.command()
def copy(
    chapter: Annotated[str, typer.Argument(metavar="CHAPTER", help="A notebook of notebooks/: 02_sick_leave.")],
    language: Annotated[str | None, typer.Option(help="nb, nn or en: leave out the prose in the others.")] = None,
    name: Annotated[str | None, typer.Option(help="The copy is my_NAME.ipynb. Default: the chapter's name.")] = None,
) -> None:
    """Copy a chapter beside it, to try something in JupyterLab; no report takes the copy for a chapter."""
    from evaluation.report.build import find_root
    from evaluation.report.copies import copy_chapter

    folder = find_root(Path.cwd()) / "notebooks"
    typer.echo(_shown(copy_chapter(chapter, folder, language=language, name=name)))


def _from_root(data: str | None, here: Path, root: Path) -> str | None:
    """Return a data folder given from `here` as the notebooks, which run in `root`, find it."""
    if data is None or Path(data).is_absolute() or not (here / data).exists():
        return data
    found = (here / data).resolve()
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else str(found)


def _shown(path: Path) -> Path:
    """Return a path as it is read from the working directory."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def main() -> None:
    """Run the command line; why it failed or was stopped is told in the first line of one block on standard error."""
    try:
        with signals():
            app()
    except BaseException as error:
        if (told := ending(error)) is None:
            raise
        typer.echo(told[0], err=True)
        raise SystemExit(told[1]) from None


if __name__ == "__main__":
    main()
