"""What chapters share is worked out once for the same content, and never taken for another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from evaluation.positions import histogram
from evaluation.study import shared as module
from evaluation.study.shared import SHARED, shared


@pytest.fixture
def table(tmp_path, monkeypatch):
    """A prepared table of a study, in a cache of its own."""
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "_code", lambda: "as it is")
    path = tmp_path / "prepared" / "positions.parquet"
    path.parent.mkdir()
    columns = {"municipality": ["0101", "0101", "0301"], "year": 2012, "person": ["a", "a", "b"], "sector": "school"}
    columns |= {"position_code": "1", "sex": "F", "birth_year": 1970, "percentage": [50.0, 33.33, 100.0]}
    pd.DataFrame({**columns, "employment": "permanent"}).to_parquet(path)
    return path


def noted(table: Path, *, text: object = "", wrong: bool = False) -> list[object]:
    """Work something out, and leave a line that it was done."""
    with (table.parent / "log").open("a") as file:
        file.write("done\n")
    if wrong:
        raise OSError("the table cannot be read")
    return [text]


def times(table: Path) -> int:
    log = table.parent / "log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_an_equal_question_is_worked_out_once_and_another_by_itself(table, monkeypatch):
    assert [shared(noted, table, text="a") for _ in range(2)] == [["a"], ["a"]]
    assert times(table) == 1
    other = table.with_name("other.parquet")
    assert shared(noted, table, text="b") == ["b"]
    assert shared(noted, other, text="a") == ["a"]
    assert times(table) == 3


def test_what_was_kept_is_not_taken_when_code_or_the_run_is_another(table, monkeypatch):
    shared(noted, table)
    monkeypatch.setattr(module, "_code", lambda: "changed")
    shared(noted, table)
    assert times(table) == 2
    monkeypatch.setenv(SHARED, "fresh-1")
    shared(noted, table)
    shared(noted, table)
    assert times(table) == 3


def test_code_that_changed_since_the_process_began_is_not_trusted(table, tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path))
    monkeypatch.setattr(module, "_PACKAGE", tmp_path)
    (tmp_path / "code.py").write_text("")
    for now, expected in ((False, 1), (True, 3)):
        monkeypatch.setattr(module, "_BEGAN", 0.0 if now else 1e12)
        module._code.cache_clear()
        shared(noted, table)
        shared(noted, table)
        assert times(table) == expected
    module._code.cache_clear()


def test_a_result_that_was_damaged_is_worked_out_anew(table):
    shared(noted, table)
    (kept,) = [path for path in (table.parents[1] / "shared").iterdir() if not path.suffix]
    for damaged in (kept.read_bytes()[:-1], b"", b"\n"):
        kept.write_bytes(damaged)
        assert shared(noted, table) == [""]
    assert times(table) == 4


def test_tables_elsewhere_and_options_that_are_not_plain_are_not_shared(table, tmp_path, monkeypatch):
    for _ in range(2):
        shared(noted, table, text=object)
    assert times(table) == 2
    monkeypatch.setenv("EVALUATION_CACHE", str(tmp_path / "another"))
    for _ in range(2):
        shared(noted, table)
    assert times(table) == 4


def test_an_error_is_told_and_not_kept(table):
    for _ in range(2):
        with pytest.raises(OSError, match="the table cannot be read"):
            shared(noted, table, wrong=True)
    assert times(table) == 2


def test_a_cache_that_cannot_be_written_to_costs_only_the_work(table, monkeypatch):
    (table.parents[1] / "shared").write_text("a file where the folder should be")
    assert shared(noted, table) == shared(noted, table) == [""]
    assert times(table) == 2


def test_a_shared_histogram_is_the_one_counted_here(table):
    asked = {"by": ("municipality", "year"), "view": "employee", "exclude": []}
    counted = histogram(table, **asked)
    for found in (shared(histogram, table, **asked) for _ in range(2)):
        pd.testing.assert_frame_equal(found.data, counted.data, check_exact=True)
        pd.testing.assert_frame_equal(found.account, counted.account, check_exact=True)
        assert (found.view, found.by, found.excluded) == (counted.view, counted.by, counted.excluded)


def test_processes_that_ask_at_once_work_it_out_once(table):
    code = "import sys, time\nfrom pathlib import Path\nfrom evaluation.study import shared as module\n"
    code += "import test_shared\nmodule._code = lambda: 'as it is'\n"
    code += "print(module.shared(test_shared.slow, Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(table)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0] for process in both] == ["['slow']\n"] * 2
    assert times(table) == 1


def slow(table: Path) -> list[object]:
    """Take as long as another process needs to start."""
    import time

    time.sleep(1.5)
    return noted(table, text="slow")
