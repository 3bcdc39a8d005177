"""The chapter's histograms of 20 and of 100 million positions: time and memory beside plain DuckDB and pandas.

A register of eight years is written to a temporary Parquet file: 428 municipalities, the largest far larger than the
smallest, 6 sectors, 19 position codes, one person in twelve with a second position, sizes that pile up at round numbers
and 16 % spread over half per cents. The chapter reads it three times: employees by municipality, year and sector;
positions by year and sector; employees of two years by sector, sex, age group and position code. Claims: at most 1.5
times one hand-written DuckDB query for the same cells (a single statement with the three parts, at the same memory
limit and without any), at most 400 MB of memory in all, at least 4 times as fast as pandas and with at most a fifth of
its memory; 100 million rows at the same memory. Beside them the transitions, and a query for the positions alone.
Processor time is shown too: it does not depend on what else the machine is doing.

Every measurement is a process of its own; memory is the largest resident set the operating system saw.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

KIND = "bench"
ROWS = (20_000_000, 100_000_000)
KINDS = "('substitute', 'apprentice', 'pensioner', 'hourly')"

REGISTER = """
COPY (
    SELECT lpad((floor(428 * pow(u1, 2.5)) + 1)::INT::VARCHAR, 4, '0') AS municipality,
        2008 + i // {year_rows} AS year,
        i % {year_rows} + CASE WHEN u2 < 0.08 THEN 1 ELSE 0 END + 10000000 AS person,
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
    FROM (SELECT i, {draws} FROM range({rows}) t(i))
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
"""
CODES = "8530 8531 8451 6014 7961 7962 7963 6572 7637 6709 7517 7951 7174 7076 7531 8534 8001 8112 7026"

QUERY = """
WITH persons AS MATERIALIZED (
    SELECT year, person, round(sum(percentage), 1) AS size, arg_max(municipality, percentage) AS municipality,
           arg_max(sector, percentage) AS sector, arg_max(sex, percentage) AS sex,
           arg_max(birth_year, percentage) AS birth_year, arg_max(position_code, percentage) AS code
    FROM '{path}' WHERE employment NOT IN {kinds} GROUP BY year, person
)
SELECT 1 AS part, year, municipality AS a, sector AS b, '' AS c, '' AS d, size, count(*) AS n FROM persons GROUP BY ALL
UNION ALL
SELECT 2, year, '', sector, '', '', round(percentage, 1) AS size, count(*) FROM '{path}'
WHERE employment NOT IN {kinds} GROUP BY ALL
UNION ALL
SELECT 3, year, code, sector, sex, ((year - birth_year) // 10)::VARCHAR AS age, size, count(*) FROM persons
WHERE year IN (2011, 2013) GROUP BY ALL
"""
ALONE = """
SELECT municipality, year, sector, round(percentage, 1) AS size, count(*) AS n FROM '{path}'
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
print(json.dumps({{"seconds": seconds, "cpu": cpu, "memory": memory, "cells": int(cells)}}))
"""
CHAPTER = """
from evaluation import positions
first = positions.histogram({path!r}, by=("municipality", "year", "sector"), view="employee")
second = positions.histogram({path!r}, by=("year", "sector"), view="position")
by = ("year", "sector", "sex", "age_group", "position_code")
third = positions.histogram({path!r}, by=by, view="employee", years=(2011, 2013))
cells = len(first.data) + len(second.data) + len(third.data)
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
frame = frame[~frame["employment"].isin({kinds})]
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
    tables = []
    for rows in ROWS:
        with TemporaryDirectory(prefix="register-") as folder:
            path, spill = str(Path(folder) / "register.parquet"), str(Path(folder) / "spill")
            _write(path, rows)
            tables.append(_compare(path, spill, rows))
    return pd.concat(tables, ignore_index=True)


def _write(path: str, rows: int) -> None:
    draws = ", ".join(f"(hash(i * 16 + {k}) >> 11) / 9007199254740992.0 AS u{k}" for k in range(1, 10))
    codes = ", ".join(f"'{code}'" for code in CODES.split())
    statement = REGISTER.format(path=path, rows=rows, year_rows=rows // 8, codes=codes, draws=draws)
    _process(f"import duckdb; duckdb.execute({statement!r}); cells = 0")


def _compare(path: str, spill: str, rows: int) -> pd.DataFrame:
    from evaluation.positions.histogram import MEMORY

    query = QUERY.format(path=path, kinds=KINDS)
    bodies = {
        "the chapter's histograms": CHAPTER.format(path=path),
        "transitions between two years": TRANSITIONS.format(path=path),
    }
    if rows == ROWS[0]:
        limited = DUCKDB.format(spill=spill, limit=MEMORY, query=query)
        bodies[f"one DuckDB query for the same cells, {MEMORY}"] = limited
        alone = ALONE.format(path=path, kinds=KINDS)
        bodies["one DuckDB query for the same cells, no limit"] = DUCKDB.format(spill=spill, limit="", query=query)
        bodies["one DuckDB query for positions alone, no limit"] = DUCKDB.format(spill=spill, limit="", query=alone)
        bodies["pandas"] = PANDAS.format(path=path, kinds=["substitute", "apprentice", "pensioner", "hourly"])
    found = {name: _process(body) for name, body in bodies.items()}
    own = found["the chapter's histograms"]
    table = []
    for name, one in found.items():
        millions, failed = f"{rows // 1_000_000} million rows", one.get("failed", "")
        if failed:
            table.append((millions, name, None, "s", failed))
            continue
        note = f"{one['cells']} cells; {one['cpu']:.1f} s of processor time, the import of packages included"
        table.append((millions, name, round(one["seconds"], 1), "s", note))
        table.append((millions, name, round(one["memory"]), "MB", ""))
        if name not in ("the chapter's histograms", "transitions between two years"):
            for key, unit in (
                ("seconds", "of its time"),
                ("cpu", "of its processor time"),
                ("memory", "of its memory"),
            ):
                table.append((millions, f"the chapter's against: {name}", round(own[key] / one[key], 2), unit, ""))
    return pd.DataFrame(table, columns=["rows", "what", "value", "unit", "note"])


def _process(body: str) -> dict[str, float | str]:
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(body=body)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1][:120] if done.stderr.strip() else "killed"}
    # DuckDB may draw a progress bar before it.
    return json.loads(done.stdout[done.stdout.rindex("{") :])
