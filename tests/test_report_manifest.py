"""The manifest tells what a report was made of, and nothing that differs between two runs."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import date
from importlib import metadata

import pytest

from evaluation import __version__
from evaluation.report.manifest import Code, clock, sha256, versions


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "a.txt").write_text("a")
    git(tmp_path, "add", "a.txt")
    git(tmp_path, "commit", "-q", "-m", "a", "--date", "2014-01-01T00:00:00Z")
    return tmp_path


def test_the_commit_is_told_and_whether_files_were_changed(clone):
    clean = Code.of(clone)
    assert len(clean.commit) == 40
    assert clean.short == clean.commit[:10]
    assert not clean.dirty
    (clone / "new.txt").touch()
    assert not Code.of(clone).dirty
    (clone / "a.txt").write_text("b")
    assert Code.of(clone).dirty


def test_a_clone_around_the_project_is_not_the_project(clone):
    inner = clone / "project"
    inner.mkdir()
    assert Code.of(inner) == Code(None, False, None)
    assert Code.of(inner).short == __version__


def test_an_empty_clone_has_no_commit(tmp_path):
    git(tmp_path, "init", "-q")
    assert Code.of(tmp_path).commit is None


def test_the_clock_is_the_commits_or_the_datas_and_never_the_walls(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert clock(Code("a" * 40, False, 1234), date(2013, 12, 31)) == 1234
    assert clock(Code(None, False, None), date(2013, 12, 31)) == 1388448000
    assert clock(Code(None, False, None), None) == 946684800
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "77")
    assert clock(Code("a" * 40, False, 1234), None) == 77


def test_versions_are_those_installed(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["pandas>=3"]\n')
    found = versions(tmp_path)
    assert found["pandas"] == metadata.version("pandas")


def test_a_files_hash_is_that_of_its_bytes(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc" * 100_000)
    assert sha256(path) == hashlib.sha256(b"abc" * 100_000).hexdigest()
