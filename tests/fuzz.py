"""Tables in every dialect there is, and files that nobody meant: what `test_fuzz.py` and the long run are made of."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import tiny_study as tiny
import toy_reports as toys
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from evaluation.check import check
from evaluation.errors import EvaluationError
from evaluation.municipalities import Register
from evaluation.programme import read_definition
from evaluation.report.parameters import read_plan
from evaluation.sources import read, read_form, read_yaml
from evaluation.study.prepare import read_table
from evaluation.tables import TABLES, TableSource, prepare_positions, read_layout

NORWAY = Register.norwegian()
NAMES = {"0301": "Oslo", "1601": "Trondheim", "1903": "Harstad - Hárstták", "0101": "Halden"}

# --- a table, and the dialects it may be written in ---


@dataclass(frozen=True)
class Dialect:
    """How a file writes what a table holds."""

    container: str
    encoding: str
    separator: str
    decimal: str
    thousands: str
    place: str
    quarter: str
    sex: str
    header: str
    above: int
    below: tuple[str, ...]
    end: str
    zero: str
    percent: bool
    quoted: bool


DIALECTS = st.builds(
    Dialect,
    container=st.sampled_from(["csv", "csv", "csv", "csv.gz", "xlsx", "parquet", "json"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"]),
    separator=st.sampled_from([";", "\t", ","]),
    decimal=st.sampled_from([",", "."]),
    thousands=st.sampled_from(["", " ", "\u00a0", "\u202f"]),
    place=st.sampled_from(
        ["{code}", "{short}", "{code} {name}", "{short} {name}", "{name}", "K-{code}", "{name} kommune"]
    ),
    quarter=st.sampled_from(["{y}K{q}", "{y}-{q}", "{y}Q{q}", "{q}. kvartal {y}", "K{q} {y}", "{q}Q{y}", "{y}k{q}*"]),
    sex=st.sampled_from(["women/men", "Kvinner/Menn", "K/M", "2/1", "kvinne/mann", "KVINNER/MENN"]),
    header=st.sampled_from(["{}", " {} ", "{}\u00a0", "\ufeff{}", "spaced"]),
    above=st.integers(0, 3),
    below=st.sampled_from([(), ("Kilde: SSB",), ("", "Kilde: KS", "* foreløpige tall", "1) Uten vikarer")]),
    end=st.sampled_from(["\r\n", "\n"]),
    zero=st.sampled_from(["0", "-", "0,0", "–"]),
    percent=st.booleans(),
    quoted=st.booleans(),
)

_DAYS = st.integers(0, 60_000).map(lambda tenths: tenths / 10)


@st.composite
def figures(draw: st.DrawFn) -> pd.DataFrame:
    """A tidy table of man-days: some municipalities and quarters, both sexes."""
    places = draw(st.lists(st.sampled_from(sorted(NAMES)), min_size=1, max_size=3, unique=True))
    quarters = [pd.Period(f"2013Q{number}") for number in range(1, draw(st.integers(1, 3)) + 1)]
    rows = []
    for place in places:
        for quarter in quarters:
            for sex in ("women", "men"):
                bands = [draw(_DAYS) for _ in range(4)]
                lost = round(sum(bands), 1)
                own = round(min(lost, draw(_DAYS)), 1)
                agreed = round(lost + draw(_DAYS) + 0.1, 1)
                rows.append([place, quarter, "education", sex, own, round(lost - own, 1), *bands, agreed])
    return pd.DataFrame(rows, columns=list(TABLES["sick_leave"].names))


def written(frame: pd.DataFrame, dialect: Dialect, folder: Path) -> None:
    """Write a study whose man-days are the table in the dialect."""
    how = _possible(dialect)
    cells = [[_cell(name, value, how) for name, value in row.items()] for row in frame.to_dict("records")]
    names = [how.header.format(name) for name in frame.columns]
    extra = f", header: {how.above + 1}" if how.above else ""
    extra += f", decimal: '{how.decimal}'"
    if how.header == "spaced":
        names = [name.replace("_", "\u00a0") for name in frame.columns]
        extra += ", columns: {" + ", ".join(f"{name}: {name.replace('_', ' ')}" for name in frame.columns) + "}"
    for old in folder.glob("days*"):
        old.unlink()
    tiny.write(folder, layout=tiny.LAYOUT.replace('"days*.csv"', f"days.{how.container}{extra}"))
    (folder / "days.csv").unlink()
    _WRITERS[how.container](folder / f"days.{how.container}", names, cells, how, frame)


def _possible(how: Dialect) -> Dialect:
    """The dialect without what its container or encoding cannot hold."""
    if how.container in ("parquet", "json"):
        how = replace(how, above=0, below=(), header="{}" if how.container == "json" else how.header)
    if how.container in ("csv", "csv.gz") and how.encoding in ("cp1252", "latin-1"):
        spaces = {"\u202f": "\u00a0"}
        plain = "Harstad" if "name" in how.place else ""
        how = replace(how, thousands=spaces.get(how.thousands, how.thousands))
        how = replace(how, header="{}" if how.header.startswith("\ufeff") else how.header)
        how = replace(how, place=how.place + ("\0" if plain else ""))
        how = replace(how, zero="0" if how.encoding == "latin-1" and how.zero == "–" else how.zero)
    return how


def _cell(name: str, value: Any, how: Dialect) -> str:
    if name == "municipality":
        known = NAMES[value].split(" - ")[0] if how.place.endswith("\0") else NAMES[value]
        return how.place.rstrip("\0").format(code=value, short=value.lstrip("0"), name=known)
    if name == "quarter":
        return how.quarter.format(y=value.year, q=value.quarter)
    if name == "sex":
        return how.sex.split("/")[value == "men"]
    if name == "sector":
        return str(value)
    if value == 0:
        return how.zero.replace(",", how.decimal)
    shown = f"{value:,.1f}".replace(",", "T").replace(".", how.decimal).replace("T", how.thousands)
    return shown + " %" * (how.percent and name == "agreed_days")


def _text(path: Path, names: list[str], cells: list[list[str]], how: Dialect, _: pd.DataFrame) -> None:
    out = io.StringIO(newline="")
    out.write("".join(f"Tabell {number}: dagsverk{how.end}" for number in range(how.above)))
    quoting = csv.QUOTE_ALL if how.quoted else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=how.separator, lineterminator=how.end, quoting=quoting).writerows([names, *cells])
    out.write("".join(line + how.end for line in how.below))
    raw = out.getvalue().encode(how.encoding)
    path.write_bytes(gzip.compress(raw, mtime=0) if path.suffix == ".gz" else raw)


def _workbook(path: Path, names: list[str], cells: list[list[str]], how: Dialect, frame: pd.DataFrame) -> None:
    above = [[f"Tabell {number}: dagsverk"] for number in range(how.above)]
    # Half of the figures as numbers, as spreadsheets have them.
    mixed = [
        [value if isinstance(value, float) and how.quoted else cell for cell, value in zip(row, values, strict=True)]
        for row, values in zip(cells, frame.to_numpy().tolist(), strict=True)
    ]
    tiny.workbook(path, [*above, names, *mixed, *([line] for line in how.below)])


def _parquet(path: Path, names: list[str], cells: list[list[str]], *_: Any) -> None:
    pd.DataFrame(cells, columns=names, dtype="str").to_parquet(path)


def _json_stat(path: Path, _: list[str], cells: list[list[str]], how: Dialect, frame: pd.DataFrame) -> None:
    keys, measures = list(frame.columns[:4]), list(frame.columns[4:])
    codes = {key: list(dict.fromkeys(row[place] for row in cells)) for place, key in enumerate(keys)}
    codes["contents"] = measures
    dimension = {key: {"category": {"index": values}} for key, values in codes.items()}
    found = {tuple(row[:4]): values for row, values in zip(cells, frame[measures].to_numpy().tolist(), strict=True)}
    order = pd.MultiIndex.from_product([codes[key] for key in keys])
    content = {"version": "2.0", "class": "dataset", "id": [*keys, "contents"], "dimension": dimension}
    content |= {"size": [len(values) for values in codes.values()], "role": {"metric": ["contents"]}}
    path.write_text(
        json.dumps({**content, "value": [one for key in order for one in found[key]]}), encoding=how.encoding
    )


_WRITERS: dict[str, Callable[..., None]] = {
    "csv": _text,
    "csv.gz": _text,
    "xlsx": _workbook,
    "parquet": _parquet,
    "json": _json_stat,
}


def read_back(folder: Path) -> pd.DataFrame:
    """The tidy table of man-days that is read, in the order of its key."""
    parts, problems = read_table(read_layout(folder), "sick_leave", NORWAY)
    assert not problems, [str(one) for one in problems]
    frame = pd.concat([part.tidy.frame for part in parts])
    return frame.sort_values(["municipality", "quarter", "sex"], ignore_index=True)


# --- files that nobody meant ---

COUNTED: Counter[str] = Counter()
"""How many inputs were accepted, and how many refused."""

SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".json", ".parquet", ".csv.gz", ".json.gz", ".gz", ".xls", "")
NASTY = ("", " ", "\0", "\ufeff", "0", "-1", "1e400", "nan", "inf", "1,2,3", "9" * 40, "01819050062", "018190 50062")
NASTY += (
    "#DIV/0!",
    "01.mai",
    "..",
    ":",
    "<5",
    "2012",
    "2012K9",
    "2012M13",
    "0000K1",
    "🙂",
    "é" * 300,
    '"',
    "'",
    "=1+1",
)
NASTY += (
    "{",
    "[",
    "---",
    "&a",
    "*a",
    "!!python/object:x",
    "a: b",
    "- a",
    "|",
    ">",
    "?",
    "%",
    "@",
    "`",
    "\t",
    "\\x",
    "~",
)
NASTY += (
    "true",
    "no",
    "1_000",
    "0o17",
    "0x1f",
    "12:30",
    "2012-13-45",
    "..nan",
    ".inf",
    "<<",
    "null",
    "../x",
    "/",
    "**",
    "[a",
)

CHANGES = st.lists(
    st.tuples(st.sampled_from(["cut", "end", "flip", "put", "double"]), st.floats(0, 1), st.floats(0, 1),
              st.sampled_from(NASTY)),
    min_size=1,
    max_size=4,
)  # fmt: skip


def mutated(content: bytes, changes: list[tuple[str, float, float, str]]) -> bytes:
    """Cut, break off, flip, insert or double parts of a file."""
    for kind, at, length, word in changes:
        first = int(at * len(content))
        last = min(len(content), first + 1 + int(length * 40))
        if kind == "cut":
            content = content[:first] + content[last:]
        elif kind == "end":
            content = content[:first]
        elif kind == "flip" and first < len(content):
            content = content[:first] + bytes([content[first] ^ (1 + int(length * 254))]) + content[first + 1 :]
        elif kind == "put":
            content = content[:first] + word.encode() + content[last if length > 0.5 else first :]
        elif kind == "double":
            content = content[:last] + content[first:]
    return content


# Not a part of a longer number, which would be none.
SECRET = re.compile(r"(?<!\d)018190 ?50062(?!\d)")


def only_told(action: Callable[[], Any]) -> None:
    """Run something: it succeeds, or is refused by an error of the suite that repeats no identity number."""
    try:
        action()
        COUNTED["accepted"] += 1
    except EvaluationError as error:
        COUNTED["refused"] += 1
        said = str(error) + repr(error) + repr(getattr(error, "problems", ()))
        assert said.strip()
        assert not SECRET.search(said)


def read_anything(path: Path, content: bytes) -> None:
    """Read a file of any name and content, as a table and as a form."""
    path.write_bytes(content)
    only_told(lambda: read(path))
    only_told(lambda: read(path, header=3))
    if path.suffix in (".xlsx", ".xlsm"):
        only_told(lambda: read_form(path, labels="A", values="B"))


@cache
def samples() -> dict[str, bytes]:
    """A good file of each kind."""
    with TemporaryDirectory() as folder:
        return _samples(Path(folder))


def _samples(folder: Path) -> dict[str, bytes]:
    tiny.write(folder)
    tiny.workbook(folder / "days.xlsx", tiny.rows())
    pd.DataFrame(tiny.rows()[1:], columns=list(tiny.COLUMNS), dtype="str").to_parquet(folder / "days.parquet")
    sent = Path(__file__).parent / "data"
    return {
        ".csv": (folder / "days.csv").read_bytes(),
        ".csv.gz": gzip.compress((folder / "days.csv").read_bytes(), mtime=0),
        ".xlsx": (folder / "days.xlsx").read_bytes(),
        ".parquet": (folder / "days.parquet").read_bytes(),
        ".json": (sent / "jsonstat2_sample_ssb_12134_v2.json").read_bytes(),
    }


def read_study(folder: Path) -> None:
    """Read the layout, the definition and the man-days of a folder, whatever stands there."""

    def table() -> None:
        layout = read_layout(folder)
        for name in layout.tables:
            read_table(layout, name, NORWAY) if name != "positions" else None

    only_told(table)
    only_told(lambda: read_definition(folder / "programme.yaml"))
    only_told(lambda: read_yaml(folder / "sources.yaml"))


def read_register(folder: Path) -> None:
    """Prepare whatever positions.parquet has become."""
    path, source = folder / "positions.parquet", TableSource("positions", ("positions.parquet",))
    only_told(
        lambda: prepare_positions(
            [path],
            source,
            NORWAY,
            division=2012,
            as_of=date(2012, 12, 31),
            target=folder / "out.parquet",
            folder=folder,
        )
    )


PARAMETERS = (
    f'report: toy\n{toys.TITLES}chapters: [02_a]\ndata: data/demo\nas_of: "2013-12-31"\ndivision: 2013\n'
    'language: nb\nbefore: ["2010Q1", "2011Q4"]\nrepeat: {02_a: {case: [a, b]}}\noptions: {low: 1.5}\n'
)
DECLARED = 'data = "d"\nas_of = "2013-12-31"\ndivision = 2013\nlanguage = "nb"\nbefore = ["2010Q1", "2011Q4"]\n'
DECLARED += 'case = "a"\noptions = {"low": 1.5}\nlimit = None\n'


def plan_of(folder: Path, content: bytes) -> None:
    """Read a parameter file of any content."""
    path = folder / "params" / "toy.yaml"
    if not path.exists():
        toys.write(folder, "02_a", toys.code(DECLARED, "parameters"))
        path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    only_told(lambda: read_plan(path, folder / "notebooks"))


# What YAML can say and JSON cannot, some of it with no value that it stands for.
ODD = ("2012-01-01", "2013-13-45", "!!bool x", "!!int ''", "!!timestamp x", "!!binary å", "&a [*a]", "&b {x: *b}")
ODD += ("!!python/name:os.system x", "[" * 250, ".inf", "0o17", "1_000", "{[1]: 2}", "? x")
_SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(-10, 3000), st.floats(), st.sampled_from(NASTY), st.text(max_size=5)),
    st.sampled_from([f"odd {place}" for place in range(len(ODD))]),
)
TREES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["low", "case", "02_a", "nb", "x"]), inner)
    ),
    max_leaves=6,
)
KEYS = ("report", "title", "chapters", "repeat", "compare_with", "data", "as_of", "division", "language", "before")
KEYS += ("options", "limit", "threads", "memory_limit", "timeout", "subtitle", "x")
LAYOUT_KEYS = ("name", "synthetic", "programme", "register", "demonstration", "tables", "outcomes", "x")
DEFINITION = dict(YAML(typ="safe", pure=True).load(tiny.PROGRAMME))
TABLE_KEYS = ("files", "sheet", "header", "form", "decimal", "columns", "measures", "values", "exclude", "irregular")


GOOD = {"report": "toy", "title": dict.fromkeys(("nb", "nn", "en"), "Title"), "chapters": ["02_a"], "language": "nb"}


def as_yaml(tree: object) -> str:
    """Return a tree as YAML, with what is odd written out."""
    text = json.dumps(tree, default=str)
    text = re.sub(r'"(\d{4}-\d\d-\d\d)"', r"\1", text)  # a date
    for place in reversed(range(len(ODD))):
        text = text.replace(f'"odd {place}"', ODD[place])
    return text


# --- the promises ---


def same_table(folder: Path, frame: pd.DataFrame, dialect: Dialect) -> None:
    """A table written in a dialect is read as the table."""
    written(frame, dialect, folder)
    wanted = frame.sort_values(["municipality", "quarter", "sex"], ignore_index=True)
    pd.testing.assert_frame_equal(read_back(folder), wanted, check_dtype=False, rtol=1e-12)
    COUNTED["accepted"] += 1


def damaged_file(folder: Path, kind: str, changes: list[tuple[str, float, float, str]]) -> None:
    """A good file that was damaged."""
    read_anything(folder / f"file{kind}", mutated(samples()[kind], changes))


def damaged_study(folder: Path, file: str, changes: list[tuple[str, float, float, str]]) -> None:
    """A good study in which one file was damaged."""
    tiny.write(folder)
    path = folder / file
    path.write_bytes(mutated(path.read_bytes(), changes))
    read_study(folder)


def damaged_register(folder: Path, column: str, cell: str, changes: list[tuple[str, float, float, str]]) -> None:
    """A register with a strange cell, and then damaged."""
    tiny.positions(folder)
    path = folder / "positions.parquet"
    frame = pd.read_parquet(path).astype({column: "str"})
    frame.replace({column: {str(frame[column].iloc[0]): cell}}).to_parquet(path)
    read_register(folder)
    path.write_bytes(mutated(path.read_bytes(), changes))
    read_register(folder)


def tree_as_layout(folder: Path, content: dict[str, Any], table: dict[str, Any], programme: dict[str, Any]) -> None:
    """Any tree as sources.yaml, as the entry of a table in a good one, and in the definition of the programme."""
    tiny.write(folder)
    days = {"sick_leave": {"files": "days.csv", **table}}
    rest = {name: {"files": f"{name}.csv"} for name in ("projects", "participation")}
    good = {"name": "x", "programme": "programme.yaml", "register": "norway", "tables": days | rest}
    for tree in (content, good):
        (folder / "sources.yaml").write_text(as_yaml(tree), encoding="utf-8")
        read_study(folder)
    (folder / "programme.yaml").write_text(as_yaml(DEFINITION | programme), encoding="utf-8")
    (folder / "sources.yaml").write_text(as_yaml(good | content), encoding="utf-8")
    read_study(folder)
    only_told(lambda: check(folder))


Property = tuple[Callable[..., None], dict[str, st.SearchStrategy[Any]], int, int]
_FILES = ("sources.yaml", "programme.yaml", "days.csv", "participation.csv")
PROPERTIES: dict[str, Property] = {
    "a table in any dialect is the same table": (same_table, {"frame": figures(), "dialect": DIALECTS}, 16, 600),
    "random bytes of any name": (
        lambda folder, content, suffix: read_anything(folder / f"file{suffix}", content),
        {"content": st.binary(max_size=300), "suffix": st.sampled_from(SUFFIXES)},
        60,
        4000,
    ),
    "a damaged file": (
        damaged_file,
        {"kind": st.sampled_from([".csv", ".csv.gz", ".xlsx", ".parquet", ".json"]), "changes": CHANGES},
        50,
        3000,
    ),
    "a damaged study": (damaged_study, {"file": st.sampled_from(_FILES), "changes": CHANGES}, 8, 600),
    "a damaged register of positions": (
        damaged_register,
        {
            "column": st.sampled_from(["sex", "year", "percentage", "person", "municipality"]),
            "cell": st.sampled_from(NASTY),
            "changes": CHANGES,
        },
        4,
        120,
    ),
    "a damaged parameter file": (
        lambda folder, changes: plan_of(folder, mutated(PARAMETERS.encode(), changes)),
        {"changes": CHANGES},
        60,
        4000,
    ),
    "any tree as parameters": (
        lambda folder, content: plan_of(folder, as_yaml(GOOD | content).encode()),
        {"content": st.dictionaries(st.sampled_from(KEYS), TREES)},
        60,
        4000,
    ),
    "any tree as sources.yaml": (
        tree_as_layout,
        {
            "content": st.dictionaries(st.sampled_from(LAYOUT_KEYS), TREES),
            "table": st.dictionaries(st.sampled_from(TABLE_KEYS), TREES),
            "programme": st.dictionaries(st.sampled_from(tuple(DEFINITION)), TREES, max_size=2),
        },
        8,
        400,
    ),
}
"""Each promise by name: what must hold in a folder, of what, and how many examples the suite and the long run try."""


def tried(name: str, folder: Path, examples: int, *, shrink: bool = False) -> None:
    """Try a promise on so many examples, the same ones at every run."""
    action, strategies, *_ = PROPERTIES[name]

    @given(**strategies)
    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def promise(**drawn: Any) -> None:
        action(folder, **drawn)

    promise()
