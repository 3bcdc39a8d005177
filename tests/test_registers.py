"""A study whose register lies in many files, in folders by year or elsewhere: the same study, every file accounted."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import fsspec
import pandas as pd
import pytest
import small_study
from pandas.testing import assert_frame_equal

from evaluation import load_study
from evaluation.errors import InputError, ParameterError
from evaluation.report.parameters import Limits, read_plan
from evaluation.sources.places import hive, name_of


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "cache"))
    return small_study.write(tmp_path / "data")


def study(folder: Path, **allowed):
    return load_study(folder, as_of="2012-12-31", division=2012, **allowed)


def map_positions(folder: Path, files: str) -> None:
    path = folder / "sources.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("files: stillinger_*.parquet", f"files: {files}"), encoding="utf-8")


def split(folder: Path, below: Path) -> Path:
    """Write the positions into folders by year and municipality, whose names alone tell these."""
    for path in sorted(folder.glob("stillinger_*.parquet")):
        for (year, code), rows in pd.read_parquet(path).groupby(["aar", "kommunenr"]):
            place = below / f"aar={year}" / f"kommunenr={code}"
            place.mkdir(parents=True)
            rows.drop(columns=["aar", "kommunenr"]).to_parquet(place / "part.parquet", index=False)
        path.unlink()
    return below


def tidy(positions: Path) -> pd.DataFrame:
    frame = pd.read_parquet(positions)
    return frame.sort_values(list(frame.columns), ignore_index=True)


def test_a_register_in_folders_by_year_and_municipality_is_the_same_register(folder):
    whole = tidy(study(folder).positions)
    split(folder, folder / "stillinger")
    layout = (folder / "sources.yaml").read_text(encoding="utf-8")
    for pattern in ("stillinger", "stillinger/aar=*/**/*.parquet"):
        (folder / "sources.yaml").write_text(layout, encoding="utf-8")
        map_positions(folder, pattern)
        found = study(folder)
        assert_frame_equal(tidy(found.positions), whole)
        files = found.files[found.files["table"] == "positions"]
        assert files["file"].tolist()[0] == "stillinger/aar=2011/kommunenr=0061/part.parquet"
        assert files["kept"].sum() == len(whole)


def test_a_register_elsewhere_is_copied_once_and_accounted_for_file_by_file(folder):
    whole = tidy(study(folder).positions)
    bucket = fsspec.filesystem("memory")
    below = split(folder, folder / "out")
    bucket.put(str(below), "/bucket/register", recursive=True)
    first = below / "aar=2011" / "kommunenr=0061" / "part.parquet"
    digest = hashlib.sha256(first.read_bytes()).hexdigest()
    shutil.rmtree(below)
    map_positions(folder, "memory://bucket/register/**/*.parquet")
    told: list[str] = []
    try:
        found = study(folder, tell=told.append)
        files = found.files[found.files["table"] == "positions"].set_index("file")
        assert files.loc["memory://bucket/register/aar=2011/kommunenr=0061/part.parquet", "sha256"] == digest
        assert_frame_equal(tidy(found.positions), whole)
        copying = [line for line in told if line.startswith("Copying memory://bucket/register/aar=2011")]
        assert copying[0].endswith(f"(1 of {len(files)})")
        assert f"({len(files)} of {len(files)})" in told[-1]
        told.clear()
        assert_frame_equal(tidy(study(folder, tell=told.append).positions), whole)
        assert told == []
        bucket.rm("/bucket", recursive=True)
        with pytest.raises(InputError, match="there is no file at this address"):
            study(folder)
    finally:
        if bucket.exists("/bucket"):
            bucket.rm("/bucket", recursive=True)


def test_every_bad_file_of_a_register_is_named_with_what_to_do(folder):
    below = split(folder, folder / "stillinger")
    map_positions(folder, "stillinger")
    cut = below / "aar=2011" / "kommunenr=0061" / "part.parquet"
    cut.write_bytes(cut.read_bytes()[:-20])
    other = below / "aar=2012" / "kommunenr=0063" / "part.parquet"
    pd.read_parquet(other).drop(columns="prosent").to_parquet(other)
    with pytest.raises(InputError) as error:
        study(folder)
    said = [str(problem) for problem in error.value.problems]
    assert any(
        line.startswith("stillinger/aar=2011/kommunenr=0061/part.parquet: the file is not readable") for line in said
    )
    assert any(
        line.startswith("stillinger/aar=2012/kommunenr=0063/part.parquet") and "prosent" in line for line in said
    )


def test_credentials_in_sources_are_refused_and_never_repeated(folder):
    map_positions(folder, "s3://key:secret@bucket/*.parquet")
    with pytest.raises(InputError, match=r"sources\.yaml: an address \(s3://\.\.\.\) holds credentials") as error:
        study(folder)
    assert "secret" not in str(error.value)


def test_a_study_of_a_tight_memory_is_the_same_and_a_wrong_limit_is_refused(folder):
    whole = tidy(study(folder).positions)
    shutil.rmtree(folder.parent / "cache")
    assert_frame_equal(tidy(study(folder, memory_limit="64MB", threads=1).positions), whole)
    shutil.rmtree(folder.parent / "cache")
    with pytest.raises(InputError, match="The memory limit is not understood"):
        study(folder, memory_limit="plenty")


def test_years_and_municipalities_come_from_the_register_without_reading_it_whole(folder, monkeypatch):
    found = study(folder)
    monkeypatch.setattr(pd, "read_parquet", lambda *_, **__: pytest.fail("the register is read into memory"))
    assert found.years == (2011, 2012)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("a.parquet", {}),
        ("x/year=2012/municipality=0301/a.parquet", {"year": "2012", "municipality": "0301"}),
        ("s3://b/name=%C3%85s/year=__HIVE_DEFAULT_PARTITION__/a=b.parquet", {"name": "Ås"}),
    ],
)
def test_paths_tell_columns(name, columns):
    assert hive(name) == columns


def test_files_are_named_by_their_place_or_address(tmp_path):
    assert name_of(tmp_path / "a" / "b.csv", tmp_path) == "a/b.csv"
    assert name_of(tmp_path / "copies" / "0f" / "s3" / "b" / "c.csv", tmp_path / "data") == "s3://b/c.csv"


PLAN = "report: toy\ntitle: {{nb: T}}\nchapters: [one]\n{}\n"


def plan(folder: Path, lines: str):
    import toy_reports as toys

    toys.write(folder, "one", toys.code("x = 1", "parameters"))
    return read_plan(toys.parameter_file(folder, PLAN.format(lines)), folder / "notebooks")


def test_limits_of_a_report_are_typed_and_reach_notebooks_by_their_environment(tmp_path):
    assert plan(tmp_path, "").limits == Limits()
    found = plan(tmp_path, "memory_limit: 500MB\nthreads: 2\ntimeout: 3600").limits
    assert found == Limits("500MB", 2, 3600)
    assert found.reading == {"memory_limit": "500MB", "threads": 2}
    assert found.environment == {"EVALUATION_MEMORY_LIMIT": "500MB", "EVALUATION_THREADS": "2"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("memory_limit: 500", "line 4.*`memory_limit` is not a size. Write it as 500MB or 2GB"),
        ("memory_limit: 12 apples", "`memory_limit` is not a size"),
        ("threads: two", "`threads`"),
        ("threads: 0", "`threads` is below 1. Write a whole number from 1 on"),
        ("timeout: -5", "`timeout` is below 1"),
        ("timeouts: 5", "Did you mean `timeout`"),
    ],
)
def test_a_wrong_limit_is_refused_with_its_line(tmp_path, line, said):
    with pytest.raises(ParameterError, match=said):
        plan(tmp_path, line)
