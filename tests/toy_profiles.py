"""A tiny project for the tests of the profiles: a notebook that shows hand-made bundles for three municipalities."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import toy_reports as toys

from evaluation.errors import InputError, Problem
from evaluation.report.profiles.batch import Made, Opened, make_profiles
from evaluation.report.profiles.index import Listed

LISTED = (
    Listed("0301", "Ås & <Øy>", "Fylket", "13", 634463, True),
    Listed("6233", "Varghaug", "Dunhav", "8", 6317, True),
    Listed("6234", "Ábmirnjárga", "Dunhav", "", None, False),
)
SHARED = "import os\nopened = os.getpid()\nprint('opened')"
PARAMETERS = 'language = "nb"\nas_of = "2013-12-31"\nmunicipality = "6233"'


def project(folder: Path, last: str = "municipality") -> Path:
    """Write notebooks/profile.ipynb, whose last cell is `last`, and a parameter file; return the folder."""
    titles = [toys.markdown(f"# {text}", language) for language, text in (("nb", "Profil"), ("nn", "Profil"))]
    titles.append(toys.markdown("# Profile", "en"))
    text = r"text = f'## Kommune {municipality}\n\nSe @fig:kurve.\n\n### Om\n\n### Mer'"
    shown = f"display({{'text/markdown': text, {toys.PROSE!r}: {{'text': text}}}}, raw=True)"
    cells = (
        toys.code(PARAMETERS, "parameters"),
        toys.code(SHARED),
        toys.code(f"from IPython.display import display\n{text}\n{shown}"),
        toys.shows(toys.figure("kurve"), toys.table("tall"), toys.finding("level")),
        toys.code(last),
    )
    toys.write(folder, "profile", *titles, *cells)
    toys.write(folder, "01_first", *titles, toys.code(PARAMETERS, "parameters"))
    toys.parameter_file(folder, f'report: toy\n{toys.TITLES}chapters: [01_first]\nas_of: "2013-12-31"\n')
    return folder


def opener(_: Mapping[str, Any], __: Path) -> Opened:
    """Open the study that there is not."""
    known = {name: one.code for one in LISTED for name in (one.code, one.name)} | {"0999": "0999"}

    def resolve(names: Any) -> list[str]:
        if absent := [name for name in names if name not in known]:
            raise InputError(Problem("unknown municipality", "Correct it", value=name) for name in absent)
        return [known[name] for name in names]

    return Opened(LISTED, (("raw.csv", "0a" * 32),), True, resolve)


def make(folder: Path, municipalities: str = "all", **options: Any) -> Made:
    """Make profiles of the project in `folder`."""
    options = {"opener": opener, "workers": 1, **options}
    return make_profiles(municipalities, folder / "params" / "toy.yaml", root=folder, **options)


def processes() -> list[str]:
    """Return the processes that this one has started and that still run."""
    listed = subprocess.run(["ps", "-eo", "ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=1) for line in listed.splitlines()]
    return [row[1] for row in rows if row[0] == str(os.getpid()) and "profiles.worker" in row[-1]]
