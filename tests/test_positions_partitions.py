"""A register in many files, anywhere, counted by anyone: the same histogram; a bad file is named."""

from __future__ import annotations

import pickle
import shutil
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import fsspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from test_positions import make_register

from evaluation import positions
from evaluation.errors import InputError, Problem
from evaluation.positions.source import opened
from evaluation.sources import database as databases

BY = ("municipality", "year", "sector", "age_group")
GROUPS = pd.DataFrame({"municipality": ["0061", "0062", "6100", "6101"], "group": ["a", "b", "b", "a"]})
ASKED = (
    {"by": BY, "view": "employee"},
    {"by": ("year", "sex"), "view": "position"},
    {"by": ("sector", "birth_year"), "view": "position", "years": (2011, 2013)},
    {"by": ("year", "group"), "view": "employee", "attributes": GROUPS},
)


class Elsewhere(Executor):
    """Runs each call at once as another process would, what goes in and out being pickled; the last submitted first."""

    def __init__(self):
        self.calls = 0

    def submit(self, fn, /, *args, **kwargs):
        self.calls += 1
        future = Future()
        try:
            done = pickle.loads(pickle.dumps(partial(fn, *args, **kwargs)))()
            future.set_result(pickle.loads(pickle.dumps(done)))
        except Exception as error:
            future.set_exception(pickle.loads(pickle.dumps(error)))
        return future


def spread(frame: pd.DataFrame, folder: Path, files: np.ndarray | None = None) -> Path:
    """Write the rows of each file number into a file of its own, year by year where the number is even."""
    files = np.zeros(len(frame), dtype=int) if files is None else files
    for number in np.unique(files):
        rows = frame[files == number]
        for year, part in rows.groupby("year"):
            below = folder / (f"year={year}" if number % 2 == 0 else "others") / f"{number}-{year}.parquet"
            below.parent.mkdir(parents=True, exist_ok=True)
            (part.drop(columns="year") if number % 2 == 0 else part).to_parquet(below, index=False)
    return folder


def equal(one: positions.Histogram, other: positions.Histogram) -> None:
    assert_frame_equal(one.data, other.data)
    assert_frame_equal(one.account, other.account)


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), parts=st.integers(1, 5), asked=st.sampled_from(ASKED))
def test_rows_shuffled_over_files_and_counted_by_others_give_the_same_histogram(tmp_path, seed, parts, asked):
    frame = make_register(seed, 400)
    rng = np.random.default_rng(seed)
    shuffled = frame.sample(frac=1, random_state=seed)
    shutil.rmtree(tmp_path / "register", ignore_errors=True)
    # Odd numbers only: all files have the column `year`.
    folder = spread(shuffled, tmp_path / "register", 2 * rng.integers(0, parts, len(frame)) + 1)
    whole = positions.histogram(frame, **asked)
    equal(whole, positions.histogram(folder, **asked))
    for source in (folder, frame):
        equal(whole, positions.histogram(source, **asked, executor=Elsewhere()))


def test_a_folder_by_years_a_pattern_and_an_address_are_the_register(tmp_path):
    frame = make_register()
    folder = spread(frame, tmp_path / "register")
    memory = fsspec.filesystem("memory")
    memory.put(str(folder), "/bucket/register", recursive=True)
    whole = positions.histogram(frame, by=BY, view="employee")
    sources = [str(folder), str(folder / "year=*" / "*.parquet"), folder.as_uri(), "memory://bucket/register"]
    try:
        for source in [*sources, "memory://bucket/register/year=201[123]/*.parquet"]:
            equal(whole, positions.histogram(source, by=BY, view="employee"))
        executor = Elsewhere()
        told: list[str] = []
        equal(whole, positions.histogram(sources[-1], by=BY, view="employee", executor=executor, tell=told.append))
    finally:
        memory.rm("/bucket", recursive=True)
    assert executor.calls == 3
    assert {line[:17] for line in told} == {f"Positions of {year}" for year in (2011, 2012, 2013)}
    assert [line[17:] for line in told] == [f" counted ({number} of 3)" for number in (1, 2, 3)]


def test_codes_in_folder_names_keep_their_zeros(tmp_path):
    frame = make_register(rows=200)
    for (code, year), rows in frame.groupby(["municipality", "year"]):
        path = tmp_path / f"municipality={code}" / f"year={year}"
        path.mkdir(parents=True)
        rows.drop(columns=["municipality", "year"]).to_parquet(path / "a.parquet")
    by = ("municipality", "year")
    equal(positions.histogram(tmp_path, by=by), positions.histogram(frame, by=by))


def test_a_register_without_years_is_one_part(tmp_path):
    frame = make_register().drop(columns="year")
    executor = Elsewhere()
    equal(positions.histogram(frame, by="sector"), positions.histogram(frame, by="sector", executor=executor))
    assert executor.calls == 1


def wrong_type(path: Path) -> None:
    frame = pd.read_parquet(path)
    frame.assign(percentage=frame["percentage"].astype("int64")).to_parquet(path, index=False)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-30]), "cannot be read as Parquet. Write the file again"),
        (lambda path: path.write_bytes(b""), "cannot be read as Parquet"),
        (lambda path: pd.read_parquet(path).drop(columns="sex").to_parquet(path), "column sex: The column is missing"),
        (wrong_type, "column percentage: The column is BIGINT. Write the file with the columns of"),
    ],
    ids=["cut short", "empty", "column missing", "other type"],
)
def test_a_bad_file_among_many_is_one_error_that_names_it(tmp_path, harm, said):
    folder = spread(make_register(), tmp_path)
    bad = folder / "year=2012" / "0-2012.parquet"
    harm(bad)
    for executor in (None, Elsewhere()):
        with pytest.raises(InputError) as error:
            positions.histogram(folder, by=BY, view="employee", executor=executor)
        (problem,) = error.value.problems
        assert str(problem).startswith(str(bad))
        assert said in str(problem)


def test_a_file_spoilt_inside_is_named(tmp_path):
    folder = spread(make_register(rows=30_000), tmp_path)
    bad = folder / "year=2012" / "0-2012.parquet"
    content = bytearray(bad.read_bytes())
    content[200:3000] = b"\xff" * 2800
    bad.write_bytes(content)
    with pytest.raises(InputError, match=r"0-2012.parquet: The register cannot be read\. Write the file again"):
        positions.histogram(folder, by=BY, view="employee")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("percentage", 2000.0, "above 1000 per cent"),
        ("percentage", -1.0, "negative percentage"),
        ("sector", None, "1 positions have no value"),
        ("percentage", None, "1 positions have no value"),
    ],
)
def test_what_others_find_wrong_is_said_as_it_is_here(column, value, said):
    frame = make_register().astype({"sector": "object", "percentage": "float64"})
    frame.loc[7, column] = value
    found = []
    for executor in (None, Elsewhere()):
        with pytest.raises(InputError, match=said) as error:
            positions.histogram(frame, by=BY, view="employee", executor=executor)
        found.append(str(error.value))
    assert found[0] == found[1]


def test_the_first_failure_of_an_executor_stops_the_rest(monkeypatch):
    from evaluation.positions import partitions

    counted: list[int] = []

    def fail(source, asked, years, *rest):
        counted.append(years[0])
        raise InputError(Problem("broken", "Mend it"))

    monkeypatch.setattr(partitions, "_count", fail)
    frame = pd.concat([make_register(rows=20).assign(year=year) for year in range(1990, 2015)])
    with ThreadPoolExecutor(1) as executor, pytest.raises(InputError, match="broken"):
        positions.histogram(frame, by="year", executor=executor)
    assert len(counted) < 25


def test_nothing_at_a_place_and_an_address_of_no_known_kind_are_refused(tmp_path):
    for source in (tmp_path, tmp_path / "*.parquet", "memory://nowhere/*.parquet"):
        with pytest.raises(InputError, match=r"The register does not exist\. Give a Parquet"):
            positions.histogram(source)
    with pytest.raises(InputError, match="addresses of this kind cannot be read here"):
        positions.histogram("gopher://bucket/a.parquet")


@pytest.mark.parametrize("address", ["s3://key:secret@bucket/a.parquet", "https://x.no/a.parquet?signature=secret"])
def test_credentials_in_an_address_are_refused_and_never_repeated(address):
    with pytest.raises(InputError, match="holds credentials or a signature") as error:
        positions.histogram(address)
    assert "secret" not in str(error.value)


def test_memory_and_threads_are_what_is_allowed_and_the_spill_folder_goes_away(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    shown = "SELECT current_setting('memory_limit'), current_setting('threads'), current_setting('enable_progress_bar')"
    with opened(make_register(), "500MB", 2) as connection:
        assert connection.execute(shown).fetchall() == [("476.8 MiB", 2, False)]
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv(databases.MEMORY_LIMIT, "64MB")
    monkeypatch.setenv(databases.THREADS, "3")
    with databases.database() as connection:
        limit, threads, _ = connection.execute(shown).fetchall()[0]
        assert (limit, threads) == ("61.0 MiB", 1)  # two have no room
    monkeypatch.setenv(databases.THREADS, "many")
    with pytest.raises(InputError, match=r"'many': The number of threads is not one"):
        positions.histogram(make_register())


@pytest.mark.parametrize("limit", ["lots", "500", "1MB", "500 apples", "-2GB"])
def test_a_memory_limit_that_is_no_size_is_refused(limit):
    with pytest.raises(InputError, match=r"The memory limit is not understood\. Give a size of at least 32MB"):
        positions.histogram(make_register(), memory_limit=limit)


def test_a_register_that_does_not_fit_says_what_to_do():
    import duckdb

    with pytest.raises(InputError, match=r"allowed\. Give a larger `memory_limit`"), databases.database("40MB"):
        raise duckdb.OutOfMemoryException("out of memory")


def test_every_database_is_opened_in_one_place_silently():
    source = Path(databases.__file__).parents[1]
    opening = [path.name for path in source.rglob("*.py") if "duckdb.connect" in path.read_text(encoding="utf-8")]
    assert opening == ["database.py"]
