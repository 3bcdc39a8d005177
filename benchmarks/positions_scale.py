"""The chapter's histograms of 1 to 100 million positions: time in proportion to the rows, under 500 MB of memory.

Registers of eight years are written to temporary folders, a Parquet file a year (year=2012/): 428 municipalities, the
largest far larger than the smallest, 6 sectors, 19 position codes, one person in twelve with a second position, sizes
that pile up at round numbers and 16 % spread over half per cents. The chapter reads them three times: employees by
municipality, year and sector; positions by year and sector; employees of two years by sector, sex, age group and
position code. Claims: memory under 500 MB at any size; time linear in rows from 1 to 100 million (the picture has the
line); counted year by year by two processes, and by a Dask cluster of two workers where `distributed` is installed, the
result is equal. At 20 million: at most 1.5 times one hand-written DuckDB query for the same cells (a single statement
with the three parts, at the same memory limit and without any), at least 4 times as fast as pandas and with at most a
fifth of its memory. Beside them the transitions, and a query for the positions alone.

Every measurement is a process of its own, the median of five; memory is the largest resident set the operating system
saw. Processor time is shown too: it depends less on what else the machine is doing, of which the mean load tells.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent
from typing import Any

import pandas as pd

from benchmarks._lines import Line, Panel, picture

KIND = "bench"
SIZES = (1, 3, 10, 30, 100)  # million rows
COMPARED, SPREAD = 20, 10
TIMES = 5
YEARS = range(2008, 2016)
KINDS = "('substitute', 'apprentice', 'pensioner', 'hourly')"

REGISTER = """
COPY (
    SELECT lpad((floor(428 * pow(u1, 2.5)) + 1)::INT::VARCHAR, 4, '0') AS municipality,
        i % {rows} + CASE WHEN u2 < 0.08 THEN 1 ELSE 0 END + 10000000 AS person,
        ['administration', 'education', 'kindergarten', 'health_care', 'technical', 'other'][(floor(u3 * 6) + 1)::INT]
            AS sector,
        [{codes}][(floor(u4 * 19) + 1)::INT] AS position_code,
        CASE WHEN u5 < 0.25 THEN 'men' ELSE 'women' END AS sex,
        (1945 + floor(u6 * 50))::BIGINT AS birth_year,
        CASE WHEN u7 < 0.42 THEN 100.0
             WHEN u7 < 0.84 THEN [50.0, 75.0, 80.0, 60.0, 20.0, 40.0, 70.0, 90.0, 30.0, 15.0][(floor(u8 * 10) + 1)::INT]
             ELSE round(2 * (4 + u8 * 96)) / 2 END AS percentage,
        CASE WHEN u9 < 0.82 THEN 'permanent' WHEN u9 < 0.88 THEN 'temporary'
             ELSE ['substitute', 'apprentice', 'pensioner', 'hourly'][(floor((u9 - 0.88) / 0.12 * 4) + 1)::INT] END
            AS employment
    FROM (SELECT i, {draws} FROM range({year} * {rows}, ({year} + 1) * {rows}) t(i))
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""
READ = "read_parquet('{path}/*/*.parquet', hive_partitioning = true)"
CODES = "8530 8531 8451 6014 7961 7962 7963 6572 7637 6709 7517 7951 7174 7076 7531 8534 8001 8112 7026"

QUERY = """
WITH persons AS MATERIALIZED (
    SELECT year, person, round(sum(percentage), 1) AS size, arg_max(municipality, percentage) AS municipality,
           arg_max(sector, percentage) AS sector, arg_max(sex, percentage) AS sex,
           arg_max(birth_year, percentage) AS birth_year, arg_max(position_code, percentage) AS code
    FROM {read} WHERE employment NOT IN {kinds} GROUP BY year, person
)
SELECT 1 AS part, year, municipality AS a, sector AS b, '' AS c, '' AS d, size, count(*) AS n FROM persons GROUP BY ALL
UNION ALL
SELECT 2, year, '', sector, '', '', round(percentage, 1) AS size, count(*) FROM {read}
WHERE employment NOT IN {kinds} GROUP BY ALL
UNION ALL
SELECT 3, year, code, sector, sex, ((year - birth_year) // 10)::VARCHAR AS age, size, count(*) FROM persons
WHERE year IN (2011, 2013) GROUP BY ALL
"""
ALONE = """
SELECT municipality, year, sector, round(percentage, 1) AS size, count(*) AS n FROM {read}
WHERE employment NOT IN {kinds} GROUP BY ALL
"""

MEASURED = """
import json, resource, sys, time
start = time.perf_counter()
{body}
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_SELF)
memory = used.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
cpu = used.ru_utime + used.ru_stime
below = resource.getrusage(resource.RUSAGE_CHILDREN)
cpu += below.ru_utime + below.ru_stime
largest = below.ru_maxrss / 1024
print(json.dumps({{"seconds": seconds, "cpu": cpu, "memory": memory, "largest": largest, "cells": int(cells)}}))
"""
CHAPTER = """
from evaluation import positions
first = positions.histogram({path!r}, by=("municipality", "year", "sector"), view="employee"{how})
second = positions.histogram({path!r}, by=("year", "sector"), view="position"{how})
by = ("year", "sector", "sex", "age_group", "position_code")
third = positions.histogram({path!r}, by=by, view="employee", years=(2011, 2013){how})
cells = len(first.data) + len(second.data) + len(third.data)
"""
SAVED = """
for number, one in enumerate((first, second, third)):
    one.data.to_parquet({saved!r} + f"{{number}}.parquet")
"""
PROCESSES = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
"""
CLUSTER = """
from distributed import Client, LocalCluster
cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
with cluster, Client(cluster) as client:
    executor = client.get_executor()
"""
TRANSITIONS = """
from evaluation import positions
cells = len(positions.transitions({path!r}, 2011, 2013).data)
"""
DUCKDB = """
import duckdb
connection = duckdb.connect()
connection.execute("SET preserve_insertion_order = false")
connection.execute("SET temp_directory = {spill!r}")
if {limit!r}:
    connection.execute("SET memory_limit = {limit!r}")
cells = len(connection.execute({query!r}).df())
"""
PANDAS = """
import pandas as pd
columns = ["municipality", "year", "person", "sector", "sex", "birth_year", "position_code", "percentage", "employment"]
frame = pd.read_parquet({path!r}, columns=columns)
frame = frame[~frame["employment"].isin({kinds})].astype({{"year": "int64"}})
second = frame.groupby(["year", "sector", frame["percentage"].round(1)]).size()
frame = frame.sort_values("percentage", ascending=False, kind="stable")
sizes = frame.groupby(["year", "person"])["percentage"].sum().round(1).rename("size")
persons = frame.drop_duplicates(["year", "person"]).join(sizes, on=["year", "person"])
first = persons.groupby(["municipality", "year", "sector", "size"]).size()
two = persons[persons["year"].isin([2011, 2013])]
third = two.groupby(["year", "sector", "sex", (two["year"] - two["birth_year"]) // 10, "position_code", "size"]).size()
cells = len(first) + len(second) + len(third)
"""


def run() -> pd.DataFrame:
    """Write the registers, measure everything in processes of its own, and compare."""
    load = os.getloadavg()[0]
    table, lines = [], []
    for millions in SIZES:
        with _register(millions) as path:
            one = _median(CHAPTER.format(path=path, how=""), TIMES)
            table += _rows(millions, "the chapter's histograms", one)
            if one.get("failed"):
                raise SystemExit(f"{millions} million rows: {one['failed']}")
            lines.append(one)
            if millions == SIZES[-1]:
                table += _rows(millions, "transitions between two years", _median(TRANSITIONS.format(path=path), 1))
            if millions == SPREAD:
                table += _spread(path, one)
    table += _straight(lines)
    with _register(COMPARED) as path:
        table += _peers(path)
    table.append(("", "load of the machine before and after", round(load, 1), "", f"{os.getloadavg()[0]:.1f} after"))
    return pd.DataFrame(table, columns=["rows", "what", "value", "unit", "note"])


@contextmanager
def _register(millions: int) -> Iterator[str]:
    """Write a register of so many million positions to a folder for the length of a block."""
    draws = ", ".join(f"(hash(i * 16 + {k}) >> 11) / 9007199254740992.0 AS u{k}" for k in range(1, 10))
    codes = ", ".join(f"'{code}'" for code in CODES.split())
    with TemporaryDirectory(prefix="register-") as folder:
        for place, year in enumerate(YEARS):
            path = Path(folder, f"year={year}", "positions.parquet")
            path.parent.mkdir()
            rows = millions * 1_000_000 // len(YEARS)
            statement = REGISTER.format(path=path, rows=rows, year=place, codes=codes, draws=draws)
            _process(f"import duckdb; duckdb.execute({statement!r}); cells = 0")
        yield folder


def _straight(found: Sequence[dict[str, float]]) -> list[tuple[object, ...]]:
    """Fit the lines, draw the picture, and say how straight they are."""
    clock = Line.through("on the clock", SIZES, [one["seconds"] for one in found])
    processor = Line.through("of the processor", SIZES, [one["cpu"] for one in found])
    memory = Line.through("largest resident set", SIZES, [one["memory"] for one in found])
    panels = [
        Panel("The chapter's histograms", "million positions", "seconds", (clock, processor)),
        Panel("Memory", "million positions", "MB", (memory,), fitted=False, limit=500),
    ]
    picture("positions_scale", panels)
    span = f"{SIZES[0]} to {SIZES[-1]} million"
    return [
        (span, f"seconds {line.label}: slope", round(line.slope, 3), "s a million", f"R² {line.r_squared:.4f}")
        for line in (clock, processor)
    ] + [(span, "largest memory at any size", round(max(memory.y)), "MB", "claim: under 500")]


def _spread(path: str, alone: dict[str, float]) -> list[tuple[object, ...]]:
    """Count the years by two processes, and by a cluster where there can be one; refuse another result."""
    ways = {"two processes": PROCESSES}
    ways |= {"a Dask cluster of two workers": CLUSTER} if find_spec("distributed") else {}
    table: list[tuple[object, ...]] = []
    with TemporaryDirectory(prefix="equal-") as folder:
        own = _process(CHAPTER.format(path=path, how="") + SAVED.format(saved=f"{folder}/own-"))
        assert not own.get("failed"), own
        for number, (name, opening) in enumerate(ways.items()):
            body = CHAPTER.format(path=path, how=", executor=executor") + SAVED.format(saved=f"{folder}/{number}-")
            one = _process(opening + indent(body, "    "))
            table += _rows(SPREAD, name, one, f"largest worker {one.get('largest', 0):.0f} MB")
            pairs = [(Path(folder, f"own-{k}.parquet"), Path(folder, f"{number}-{k}.parquet")) for k in range(3)]
            equal = all(pd.read_parquet(a).equals(pd.read_parquet(b)) for a, b in pairs)
            assert equal, f"{name}: other counts"
            table.append((f"{SPREAD} million rows", f"{name}: equal to one process", int(equal), "", "every cell"))
            if not one.get("failed"):
                share = round(one["seconds"] / alone["seconds"], 2)
                table.append((f"{SPREAD} million rows", f"{name}: against one process", share, "of its time", ""))
    return table


def _peers(path: str) -> list[tuple[object, ...]]:
    """Compare with hand-written queries, at the same memory limit and without any, and with pandas."""
    from evaluation.positions.source import MEMORY

    with TemporaryDirectory(prefix="spill-") as spill:
        query, alone = (text.format(read=READ.format(path=path), kinds=KINDS) for text in (QUERY, ALONE))
        limited, free = (DUCKDB.format(spill=spill, limit=limit, query=query) for limit in (MEMORY, ""))
        bodies = {
            "the chapter's histograms": CHAPTER.format(path=path, how=""),
            f"one DuckDB query for the same cells, {MEMORY}": limited,
            "one DuckDB query for the same cells, no limit": free,
            "one DuckDB query for positions alone, no limit": DUCKDB.format(spill=spill, limit="", query=alone),
            "pandas": PANDAS.format(path=path, kinds=["substitute", "apprentice", "pensioner", "hourly"]),
        }
        found = {name: _median(body, 1 if name == "pandas" else TIMES) for name, body in bodies.items()}
    own = found.pop("the chapter's histograms")
    table = _rows(COMPARED, "the chapter's histograms", own)
    for name, one in found.items():
        table += _rows(COMPARED, name, one)
        if one.get("failed"):
            continue
        for key, unit in (("seconds", "of its time"), ("cpu", "of its processor time"), ("memory", "of its memory")):
            share = round(own[key] / one[key], 2)
            table.append((f"{COMPARED} million rows", f"the chapter's against: {name}", share, unit, ""))
    return table


def _rows(millions: int, name: str, one: dict[str, Any], more: str = "") -> list[tuple[object, ...]]:
    where = f"{millions} million rows"
    if one.get("failed"):
        return [(where, name, None, "s", one["failed"])]
    note = f"{one['cells']} cells; {one['cpu']:.1f} s of processor time, the import of packages included"
    return [(where, name, round(one["seconds"], 2), "s", note), (where, name, round(one["memory"]), "MB", more)]


def _median(body: str, times: int) -> dict[str, Any]:
    """Measure so many times, and return the median of each number."""
    found = [_process(body) for _ in range(times)]
    failed = [one for one in found if one.get("failed")]
    return failed[0] if failed else {key: statistics.median(one[key] for one in found) for key in found[0]}


def _process(body: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(body=body)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1][:120] if done.stderr.strip() else "killed"}
    # DuckDB may draw a progress bar before it.
    return json.loads(done.stdout[done.stdout.rindex("{") :])
