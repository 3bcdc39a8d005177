"""A report is published all at once, by one run at a time, and never over something else."""

from __future__ import annotations

import pytest

from evaluation.errors import ReportError
from evaluation.report.publish import publishing


def make(out, text):
    with publishing(out) as folder:
        (folder / "manifest.json").write_text(text)


def stop_in_the_middle(folder):
    (folder / "half").touch()
    raise KeyboardInterrupt


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_the_new_report_takes_the_place_of_the_old_one(tmp_path):
    out = tmp_path / "reports" / "toy"
    make(out, "first")
    (out / "left-over").touch()
    make(out, "second")
    assert names(out) == ["manifest.json"]
    assert (out / "manifest.json").read_text() == "second"
    assert names(out.parent) == ["toy"]


def test_a_failure_leaves_the_old_report_and_nothing_else(tmp_path):
    out = tmp_path / "toy"
    make(out, "first")
    with pytest.raises(KeyboardInterrupt), publishing(out) as folder:
        stop_in_the_middle(folder)
    assert (out / "manifest.json").read_text() == "first"
    assert names(tmp_path) == ["toy"]


def test_a_second_run_at_the_same_time_is_refused(tmp_path):
    out = tmp_path / "toy"
    with publishing(out) as folder:
        (folder / "manifest.json").touch()
        with pytest.raises(ReportError, match="another run is writing"), publishing(out):
            pass
    assert (out / "manifest.json").exists()


def test_the_old_report_comes_back_after_a_stop_in_the_middle_of_the_swap(tmp_path):
    out = tmp_path / "toy"
    make(out, "first")
    out.rename(tmp_path / ".toy.old")
    (tmp_path / ".toy.new-abc").mkdir()
    with pytest.raises(ValueError, match="stop"), publishing(out):
        raise ValueError("stop")
    assert (out / "manifest.json").read_text() == "first"
    assert names(tmp_path) == ["toy"]


def test_a_folder_with_something_else_is_refused_and_kept(tmp_path):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter.txt").write_text("years of work")
    with pytest.raises(ReportError, match="something else than a report"):
        make(out, "x")
    assert names(out) == ["chapter.txt"]
    with pytest.raises(ReportError, match="this is a file"):
        make(out / "chapter.txt", "x")
