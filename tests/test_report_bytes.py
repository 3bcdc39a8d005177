"""The same report and the same package to the byte: on another day, elsewhere, with other settings of the machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import toy_reports as toys
from making_reports import hashes
from other_day import DAYS, other_day
from toy_made import git

from evaluation.report.compare.difference import compare
from evaluation.report.made import opened
from evaluation.report.verify import verify


def evaluate(root, *arguments, **environment):
    command = [sys.executable, "-m", "evaluation.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A committed project of two chapters."""
    root = tmp_path_factory.mktemp("here") / "project"
    for stem, bundle in {"01_first": toys.figure("kurve"), "02_second": toys.table("tall")}.items():
        cells = (toys.markdown(f"# {stem}"), toys.code(toys.PARAMETERS, "parameters"), toys.shows(bundle))
        toys.write(root, stem, *cells, toys.shows(toys.finding("level")))
    text = f"report: toy\n{toys.TITLES}chapters: [01_first, 02_second]\nas_of: '2013-12-31'\nlanguage: nb\n"
    toys.parameter_file(root, text)
    (root / ".gitignore").write_text("reports/\n")
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "a")
    return root


@dataclass(frozen=True)
class Stranger:
    """Somebody who unpacked the package and did what its README says, where everything is otherwise that may be."""

    report: Path
    package: Path
    again: Path
    package_again: Path


@pytest.fixture(scope="module")
def stranger(project, tmp_path_factory):
    there = tmp_path_factory.mktemp("there") / "a deeper" / "folder"
    here = {"TZ": "Europe/Oslo", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"}
    here["EVALUATION_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    evaluate(project, "report", "toy", "--workers", 2, "--cold", **here)
    evaluate(project, "package", "toy", "--out", project.parent / "toy.zip", **here)
    with zipfile.ZipFile(project.parent / "toy.zip") as archive:
        archive.extractall(there)
    (top,) = there.iterdir()
    otherwise = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "4711", "COLUMNS": "40"}
    otherwise["EVALUATION_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    otherwise |= other_day(tmp_path_factory.mktemp("clock")) or {}
    (block,) = re.findall(r"```sh\n(.*?)```", (top / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    enter, _set_up, *commands, sums = block.splitlines()
    assert enter == "cd code"
    for line in commands:
        program, *arguments = line.split()
        assert program == ".venv/bin/evaluation"
        options = ["--workers", 1, "--cold"] if arguments[0] == "report" else []
        evaluate(top / "code", *arguments, *options, **otherwise)
    subprocess.run(["sh", "-c", sums], cwd=top / "code", check=True)
    package_again = there / "again.zip"
    evaluate(project, "package", "toy", "--out", package_again, **otherwise)
    return Stranger(project / "reports" / "toy", project.parent / "toy.zip", top / "again", package_again)


def test_the_clock_of_the_other_day_is_another(tmp_path):
    environment = other_day(tmp_path)
    if environment is None:
        pytest.skip("no C compiler to shift the clock with")
    asked = [sys.executable, "-c", "import time, datetime; print(time.time(), datetime.datetime.now().timestamp())"]
    told = subprocess.run(asked, env=os.environ | environment, capture_output=True, text=True, check=True).stdout
    for seen in map(float, told.split()):
        assert seen == pytest.approx(time.time() + DAYS * 86_400, abs=600)


def test_every_file_of_a_report_is_the_same_to_the_byte(stranger):
    first, second = hashes(stranger.report), hashes(stranger.again)
    assert {name.rpartition(".")[2] for name in first} >= {"html", "pdf", "docx", "csv", "json", "ipynb", "svg", "md"}
    assert [name for name in first if first[name] != second.get(name)] == []
    assert first.keys() == second.keys()


def test_the_package_is_the_same_to_the_byte(stranger):
    assert stranger.package.read_bytes() == stranger.package_again.read_bytes()


def test_comparison_and_verification_say_that_nothing_differs(stranger):
    with (
        opened(str(stranger.report), stranger.report) as made,
        opened(str(stranger.package), stranger.report) as packed,
    ):
        assert compare(made, packed).same
        assert verify(packed, stranger.report.parents[1]).status == 0


def test_a_difference_in_one_number_is_seen(stranger, tmp_path):
    changed = shutil.copytree(stranger.report, tmp_path / "toy")
    path = changed / "data" / "02_second-tall.csv"
    path.write_text(path.read_text().replace("a,1", "a,2"))
    assert hashes(changed) != hashes(stranger.again)
