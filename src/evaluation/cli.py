"""The command line: `evaluation report midterm` and `evaluation demo`."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

from evaluation.errors import EvaluationError

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
    workers: Annotated[int | None, typer.Option(min=1, help="Notebooks run at a time. Default: the cores.")] = None,
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


def _from_root(data: str | None, here: Path, root: Path) -> str | None:
    """Return a data folder given from `here` as the notebooks, which run in `root`, find it."""
    if data is None or Path(data).is_absolute() or not (here / data).exists():
        return data
    found = (here / data).resolve()
    return found.relative_to(root).as_posix() if found.is_relative_to(root) else str(found)


def main() -> None:
    """Run the command line; what the user can mend is told in one block on standard error, with exit status 2."""
    try:
        app()
    except EvaluationError as error:
        typer.echo(f"{_HEADLINES.get(type(error).__name__, 'This cannot be done')}\n{error}", err=True)
        raise SystemExit(2) from None


_HEADLINES = {
    "ParameterError": "The parameters cannot be used.",
    "InputError": "The data cannot be used.",
    "ReportError": "The report was not made; an earlier one is untouched.",
}

if __name__ == "__main__":
    main()
