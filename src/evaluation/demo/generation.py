"""Write the demonstration data into a folder, and know what it should come to."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evaluation.demo import (
    cooperation,
    events,
    files,
    goals,
    positions,
    predecessor,
    programme,
    recruitment,
    reputation,
    sick_leave,
    theme_files,
)
from evaluation.demo.files import Files
from evaluation.demo.world import CURRENT, YEARS, Floats, World, build
from evaluation.errors import InputError, Problem

DATA = Path(__file__).parents[3] / "data"
SCENARIOS = ("standard", "null")
THROUGH = ("2013K4", "2014K4", "2015K4")


@dataclass(frozen=True)
class Demonstration:
    """One invented programme: where its committed files lie, the seed of the draw shown, and what makes its files."""

    home: Path
    seed: int
    contents: Callable[[str, int], Files]


def generate(
    folder: str | Path, *, programme: str = "current", scenario: str = "standard", seed: int | None = None
) -> dict[str, str]:
    """Write the demonstration data of `scenario` into `folder` and return the SHA-256 of every file by its name.

    `programme` is a key of `PROGRAMMES`; `seed` is by default that of the draw shown. The same scenario and seed give
    the same bytes. Files are written beside their place and moved into it once all are
    complete. `sources.yaml`, which says how the files are read, comes along; it is no part of the result. In the
    scenario `null` every random number is the same and the programme has no effect.

    Raises
    ------
    InputError
        If the programme or scenario is unknown or the seed is not a non-negative whole number.
    """
    _check(programme, scenario, seed)
    chosen = PROGRAMMES[programme]
    seed = chosen.seed if seed is None else seed
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    hashes = {}
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as beside:
        for name, content in chosen.contents(scenario, seed):
            data = content()
            (Path(beside) / name).parent.mkdir(exist_ok=True)
            (Path(beside) / name).write_bytes(data)
            hashes[name] = hashlib.sha256(data).hexdigest()
        sources = _sources(programme, scenario, seed)
        if not (folder / "sources.yaml").exists() or (folder / "sources.yaml").read_bytes() != sources:
            (Path(beside) / "sources.yaml").write_bytes(sources)
        for path in sorted(path for path in Path(beside).rglob("*") if path.is_file()):
            place = folder / path.relative_to(beside)
            place.parent.mkdir(exist_ok=True)
            os.replace(path, place)
    return dict(sorted(hashes.items()))


def expected_hashes(programme: str = "current") -> dict[str, str]:
    """Return the committed SHA-256 of every file of the standard scenario: what `generate` should come to."""
    text = (PROGRAMMES[programme].home / "hashes.json").read_text(encoding="utf-8")
    hashes: dict[str, str] = json.loads(text)
    return hashes


def _check(programme: str, scenario: str, seed: int | None) -> None:
    problems = []
    if programme not in PROGRAMMES:
        remedy = f"Use one of: {', '.join(PROGRAMMES)}"
        problems.append(Problem("There is no such programme among the demonstrations", remedy, value=programme))
    if scenario not in SCENARIOS:
        remedy = f"Use one of: {', '.join(SCENARIOS)}"
        problems.append(Problem("There is no such scenario of the demonstration data", remedy, value=scenario))
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
        problems.append(Problem("The seed is not a non-negative whole number", "Give one, such as 2011", value=seed))
    if problems:
        raise InputError(problems)


def _contents(scenario: str, seed: int) -> Files:
    """Name every file with the function that makes its bytes, so that one register at a time is in memory."""
    world = build(seed)
    absence = sick_leave.draw_absence(world, seed)
    selection = programme.select(world, lasting=absence.persistent, recent=absence.bad_year(), seed=seed)
    days = sick_leave.draw(world, absence, selection, scenario, seed)
    yield "municipalities.csv", partial(files.municipalities_csv, world)
    yield "befolkning_kostra.json", partial(files.background_json, world, seed)
    yield "deltakere.xlsx", partial(files.participants_xlsx, world, selection)
    yield "programme.yaml", files.programme_yaml
    yield "program_fakta.csv", files.facts_csv
    for year in YEARS:
        yield f"sykefravaer_{year}.csv", partial(files.sick_leave_csv, world, days, year)
    sums = []
    for register in positions.years(world, positions.draw_posts(world, seed), selection, scenario, seed):
        sums.append(positions.sums(register, world.size))
        yield f"stillinger_{register.year}.parquet", partial(files.positions_parquet, world, register)
    truth = {
        "scenario": scenario,
        "seed": seed,
        "sick_leave": sick_leave.truth(CURRENT, days, selection, scenario, THROUGH),
        "positions": positions.truth(selection, sums),
        "selection": sick_leave.selection_facts(absence, selection),
    }
    truth |= yield from _other_themes(world, selection, days, sums, scenario, seed)
    yield "truth.json", lambda: (json.dumps(truth, indent=1) + "\n").encode()


def _other_themes(
    world: World,
    selection: programme.Selection,
    days: sick_leave.SickLeave,
    sums: list[dict[str, Floats]],
    scenario: str,
    seed: int,
) -> Generator[tuple[str, Callable[[], bytes]], None, dict[str, object]]:
    """Name the files of recruitment, reputation, goals and cooperation; return their part of the truth."""
    quality = cooperation.draw(world, selection, seed)
    vacancies = recruitment.draw(world, selection, quality, scenario, seed)
    for year in recruitment.REPORTED:
        yield f"ledige_stillinger_{year}.csv", partial(theme_files.vacancies_csv, world, vacancies, year)
    waves = {year: reputation.survey(world, selection, year, scenario, seed) for year in reputation.WAVES}
    for year, wave in waves.items():
        yield f"innbyggerundersokelse_{year}.csv", partial(theme_files.inhabitants_csv, world, wave)
    index = {year: reputation.index(wave, world.size) for year, wave in waves.items()}
    found = goals.measured(world, days, sums, vacancies, index)
    for year in cooperation.WAVES:
        answers = cooperation.survey(world, selection, quality, found["sick_leave_rate"], year, seed)
        yield f"partsundersokelse_{year}.csv", partial(theme_files.parties_csv, world, answers)
    told = goals.draw(world, selection, quality, found, seed)
    yield "maal.xlsx", partial(theme_files.targets_xlsx, world, told)
    yield "tiltak.xlsx", partial(theme_files.measures_xlsx, told)
    for year in goals.REPORTS:
        yield f"arsrapport_{year}.xlsx", partial(theme_files.reports_xlsx, world, told, year)
    for name, form in theme_files.forms(world, told).items():
        yield name, partial(bytes, form)
    yield "hendelser.csv", partial(theme_files.events_csv, events.draw(selection, seed))
    yield "kodebok.csv", theme_files.codebook_csv
    return {
        "vacancies": recruitment.truth(vacancies, selection, scenario),
        "reputation": {str(year): wave.effect for year, wave in waves.items()},
        "cooperation": cooperation.truth(scenario),
    }


def _sources(programme: str, scenario: str, seed: int) -> bytes:
    """The committed `sources.yaml`, naming this scenario and seed."""
    text = (PROGRAMMES[programme].home / "sources.yaml").read_text(encoding="utf-8")
    named = "" if programme == "current" else f"programme: {programme}, "
    # In quotes: YAML reads a bare `null` as nothing.
    line = f'demonstration: {{{named}scenario: "{scenario}", seed: {seed}}}'
    return re.sub(r"^demonstration: .*$", line, text, flags=re.MULTILINE).encode()


PROGRAMMES = {
    "current": Demonstration(DATA / "demo", 2011, _contents),
    "predecessor": Demonstration(DATA / "demo_predecessor", 2007, predecessor.contents),
}
"""The invented programmes there are data of, by name."""
