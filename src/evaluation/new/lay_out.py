"""The files of a new study folder, made and written together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from evaluation.errors import InputError, Problem
from evaluation.language import Words
from evaluation.new.forms import FORMS, form
from evaluation.new.sources import file_name, sources_yaml
from evaluation.tables import LAYOUT, NORWAY, TABLES
from evaluation.texts import Text, three

PLACEHOLDER = "my_programme"
"""The code of a programme that has been laid out and not been filled in yet."""

PARAMETERS = ("midterm", "final")
_TEMPLATES = Path(__file__).with_name("templates")
_REGISTER = "code,name,valid_from,valid_to,successor_code,successor_weight,county_code,county_name\n"
NAME = three(nb="Min studie", nn="Studien min", en="My study")
"""What a study is called that has been laid out and not been given a name yet."""

_TITLES: Mapping[str, Text] = {
    "programme": three(nb="Mitt program", nn="Programmet mitt", en="My programme"),
    "intake": three(nb="Pulje 1", nn="Pulje 1", en="Intake 1"),
}
_PROGRAMME = three(
    nb="""Hva som evalueres: programmets navn, temaene og puljene med datoer. Skriv dine egne.
`code` er et kort navn med bokstaver, tall, - og _. Temaenes og puljenes koder står i participants.xlsx.
Ta ut temaer som ingen deltar i.
For en pulje er `applied` søknadsfristen, `admitted` da den ble tatt opp, `started` da arbeidet lokalt begynte.""",
    nn="""Kva som blir evaluert: namnet på programmet, temaa og puljane med datoar. Skriv dine eigne.
`code` er eit kort namn med bokstavar, tal, - og _. Kodane til tema og puljar står i participants.xlsx.
Ta ut tema som ingen deltek i.
For ei pulje er `applied` søknadsfristen, `admitted` då ho vart teken opp, `started` då arbeidet lokalt tok til.""",
    en="""What is evaluated: the programme's name, its themes, and its intakes with dates. Write your own.
`code` is a short name of letters, digits, - and _. The codes of themes and intakes stand in participants.xlsx.
Take out themes that nobody takes part in.
Of an intake, `applied` is the deadline, `admitted` when it was admitted, and `started` when local work began.""",
)
_REPORT = three(
    nb="""Skriv din egen tittel; en `subtitle` med de samme tre språkene kan stå under. Se at `as_of` (siste dag i
dataene som brukes) og `division` (årets kommuneinndeling) er dine, og ta ut kapitler som mangler en tabell.""",
    nn="""Skriv din eigen tittel; ein `subtitle` med dei same tre språka kan stå under. Sjå til at `as_of` (siste dag
i dataa som blir brukte) og `division` (kommuneinndelinga i det året) er dine, og ta ut kapittel som manglar ein
tabell.""",
    en="""Write your own title; a `subtitle` in the same three languages may follow. See that `as_of` (the last day of
the data used) and `division` (the year of the municipal division) are yours, and take out chapters that lack a
table.""",
)
_THEMES = ("sick_leave", "full_time", "recruitment", "reputation")


@dataclass(frozen=True)
class Laid:
    """A folder as it was laid out: the files written, by name."""

    folder: Path
    files: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([f"{self.folder}:", *(f"  {name}" for name in self.files)])


def lay_out(
    folder: Path,
    *,
    language: str = "nb",
    register: str = NORWAY,
    root: Path | None = None,
    used: Mapping[str, Sequence[str]] | None = None,
) -> Laid:
    """Lay out a study folder that `evaluation check` understands from the start.

    Parameters
    ----------
    folder : Path
        Made if it is not there; refused if it holds anything, so that nothing is overwritten.
    language : str
        nb, nn or en: of the explanations.
    register : str
        "norway" for the real municipalities, or the name of a file that holds others; an empty one is written.
    root : Path, optional
        The project, for its parameter files; without it none are written.
    used : mapping, optional
        Chapters that use each table.

    Raises
    ------
    InputError
        The folder is not empty or is a file, the language is unknown, or the register is no plain file name.
    """
    words = Words(language)
    if folder.exists() and not folder.is_dir():
        raise InputError(Problem("this is a file", "Name a folder", value=str(folder)))
    if folder.is_dir() and (held := sorted(path.name for path in folder.iterdir())):
        remedy = f"Name a new or empty one; nothing is overwritten. It holds {', '.join(held[:5])}"
        raise InputError(Problem("the folder is not empty", remedy, value=str(folder)))
    if register != NORWAY and not re.fullmatch(r"[\w.-]+\.csv", register):
        remedy = "Write norway, or the name of a .csv file in the folder"
        raise InputError(Problem("not a register", remedy, column="--register", value=register))
    files = _texts(folder, words, register, root, used or {})
    content = {name: text.encode() for name, text in files.items()}
    content |= {name: form(tables, words) for name, tables in FORMS.items()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, body in content.items():
        (folder / name).write_bytes(body)
    return Laid(folder, tuple(sorted(content)))


def _texts(
    folder: Path, words: Words, register: str, root: Path | None, used: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    home = folder.resolve()
    inside = root is not None and home.is_relative_to(root.resolve())
    place = home.relative_to(root.resolve()).as_posix() if root is not None and inside else home.as_posix()
    rows = [
        f"| `{table}` | {words.term(f'holds.{table}')} | `{file_name(table)}` | {', '.join(used.get(table, ()))} |"
        for table in TABLES
    ]
    readme = Template((_TEMPLATES / f"README.{words.language}.md").read_text(encoding="utf-8"))
    files = {
        "README.md": readme.substitute(
            name=NAME[words.language], tables="\n".join(rows), folder=place, parameters=place
        ),
        LAYOUT: sources_yaml(words, NAME, register=register, used=used),
        "programme.yaml": _programme(words.language),
    }
    if register != NORWAY:
        files[register] = _REGISTER
    for name in PARAMETERS if root is not None else ():
        assert root is not None
        files[f"{name}.yaml"] = _parameters(root / "params" / f"{name}.yaml", place, home.name, words.language)
    return files


def _programme(language: str) -> str:
    def said(text: Text, indent: str) -> list[str]:
        return [f'{indent}{code}: "{one}"' for code, one in text.items()]

    lines = [f"# {line}" for line in _PROGRAMME[language].splitlines()]
    lines += [
        f"code: {PLACEHOLDER}",
        "name:",
        *said(_TITLES["programme"], "  "),
        "start: 2011-01-01",
        "end: 2015-12-31",
    ]
    lines.append("themes:")
    for theme in _THEMES:
        texts = {code: Words(code).label(f"theme.{theme}") for code in ("nb", "nn", "en")}
        lines += [f"  {theme}:", *said(texts, "    ")]
    lines += ["intakes:", '  - intake: "1"', "    label:", *said(_TITLES["intake"], "      ")]
    lines += ["    applied: 2011-08-26", "    admitted: 2011-09-28", "    started: 2012-01-01"]
    return "\n".join(lines) + "\n"


def _parameters(source: Path, data: str, name: str, language: str) -> str:
    """Return a parameter file of the project for this folder: its data, its language, a report of its own name."""
    text = source.read_text(encoding="utf-8")
    own = {"data": f'"{data}"', "language": language, "report": f"{_plain(name)}-{source.stem}"}
    for key, value in own.items():
        text, times = re.subn(rf"(?m)^{key}: .*$", f"{key}: {value}", text)
        if times != 1:
            raise InputError(Problem(f"`{key}` is not there once", "Restore the file", str(source)))
    # The project's subtitle names all themes, of which a study may have one.
    text = re.sub(r"(?m)^subtitle:\n(?:  .*\n)+", "", text)
    told = "".join(f"# {line}\n" for line in _REPORT[language].splitlines())
    return re.sub(r"(?m)^title:$", f"{told}title:", text, count=1)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "study"
