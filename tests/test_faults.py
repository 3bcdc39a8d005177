"""Whatever goes wrong: a status that is not 0, one line that says why, the earlier report as it was, no process left
over, and the next run takes up what was done."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import small_study
import toy_profiles
import toy_reports as toys

from evaluation import cli
from evaluation.report import build as builder
from evaluation.report import render as rendering
from evaluation.report import warm

pytestmark = pytest.mark.skipif(not warm.available(), reason="faults are tried where kernels can be forked")

MARK = "EVALUATION_FAULT"
PATIENCE = 10
LIBRARIES = ("ipykernel.kernelapp",)
REPORT = f"report: toy\n{toys.TITLES}chapters: [01_first, 02_second]\n"
RUN = f"from evaluation.report import warm; warm.LIBRARIES = {LIBRARIES}; from evaluation import cli; cli.main()"


def chapters(folder: Path, second: str, first: str = "") -> None:
    """Write both chapters; each adds its number to the file `log` when it is executed, then does what is given."""
    for number, stem, source in ((1, "01_first", first), (2, "02_second", second)):
        logged = f"with open('log', 'a') as log:\n    log.write('{number}')\n{source}"
        toys.write(folder, stem, toys.markdown(f"# {stem}"), toys.code(logged), toys.shows(toys.figure(f"f{number}")))


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@dataclass
class Project:
    """A project with a finished report, in which the next run meets a fault."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    mark: str

    @property
    def report(self) -> Path:
        return self.folder / "reports" / "toy"

    def run(self, *arguments: str) -> tuple[int, list[str]]:
        """Run `evaluation report toy`; return the status and what it told on standard error but how far it had come."""
        self.monkeypatch.setattr(sys, "argv", ["evaluation", "report", "toy", "--workers", "1", *arguments])
        with pytest.raises(SystemExit) as status:
            cli.main()
        return int(status.value.code or 0), told(self.capsys.readouterr().err)

    def fails(self, said: str, *arguments: str) -> None:
        """Run, and see that it fails as every run must."""
        before = hashes(self.report)
        status, lines = self.run(*arguments)
        assert status != 0
        assert len(lines) == 1, lines
        assert re.search(said, lines[0]), lines
        assert "earlier" in lines[0] or "cannot be used" in lines[0]
        self.is_left(before)

    def is_left(self, before: dict[str, str]) -> None:
        """See that the earlier report is as it was, and that nothing is left over."""
        assert hashes(self.report) == before
        assert {path.name for path in self.report.parent.iterdir()} <= {"toy", ".toy.lock"}
        deadline = time.monotonic() + PATIENCE
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not left

    def processes(self) -> list[psutil.Process]:
        """Return the processes started from here that still run."""
        return [process for process in psutil.process_iter() if _marked(process, self.mark)]

    def executed(self) -> str:
        return (self.folder / "log").read_text() if (self.folder / "log").exists() else ""

    def resumes(self, expected: str, *arguments: str) -> None:
        """Run again: all goes well, and since the report before the chapters have been executed as expected."""
        assert self.run(*arguments) == (0, [])
        assert self.executed() == expected


def told(err: str) -> list[str]:
    return [line for line in err.splitlines() if not re.match(r" *\d+ of \d+  ", line)]


def page(folder: Path, *_: object) -> None:
    """Render in no time, where rendering is not what fails."""
    for form in ("html", "pdf", "docx"):
        (folder / f"report.{form}").write_bytes((folder / "report.md").read_bytes())


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    """A project whose report is made, with what is kept of it."""
    folder = tmp_path_factory.mktemp("good")
    chapters(folder, "1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm, "LIBRARIES", LIBRARIES)
        patch.setenv("EVALUATION_CACHE", str(folder / "cache"))
        builder.build(toys.parameter_file(folder, REPORT), root=folder, workers=1)
    (folder / "log").unlink()
    return folder


@pytest.fixture
def project(good, tmp_path, monkeypatch, capsys) -> Iterator[Project]:
    folder = tmp_path / "p"
    shutil.copytree(good, folder)
    made = Project(folder, monkeypatch, capsys, uuid.uuid4().hex)
    monkeypatch.chdir(folder)
    for name, value in {MARK: made.mark, "EVALUATION_CACHE": str(folder / "cache")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(warm, "LIBRARIES", LIBRARIES)
    monkeypatch.setattr(builder, "render", page)
    yield made
    for process in made.processes():
        process.kill()


def _marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get(MARK) == mark
    except psutil.Error:
        return False


LIMITED = "import resource\nresource.setrlimit(resource.{}, ({}, {}))\n"
SERVER = "import os, time\nassert os.getppid() != {}\nos.kill(os.getppid(), 9)\ntime.sleep(600)"
BROKEN = {
    "kernel killed": ("import os; os.kill(os.getpid(), 9)", r"cell 2 \(.*\): the kernel died \(killed"),
    "kernel killed by a limit": (LIMITED.format("RLIMIT_CPU", 1, 1) + "while True: pass", "the kernel died"),
    "out of memory": (
        LIMITED.format("RLIMIT_AS", 2**31, 2**31) + "bytearray(2**32)",
        r"02_second\.ipynb, cell 2 \(.*\): MemoryError",
    ),
    "worker killed": (SERVER.format(os.getpid()), "the kernel died"),
    "ended by the notebook": ("import sys; sys.exit(0)", "the notebook ended itself .* so the rest never ran"),
    "hanging": ("import time; time.sleep(600)", r"it took longer than 5 seconds \(`timeout` in the parameter file\)"),
    "disk full for a cell": ("open('/dev/full', 'w').write('x' * 10**6)", "No space left on device"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_chapter_that_breaks_off(project, fault):
    source, said = BROKEN[fault]
    chapters(project.folder, source, first="'changed'")
    if fault == "hanging":
        toys.parameter_file(project.folder, f"{REPORT}timeout: 5\n")
    project.fails(rf"^The report was not made; an earlier one is untouched: .*{said}")
    assert project.executed() == "12"
    chapters(project.folder, "'mended'", first="'changed'")
    project.resumes("122")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"02_second\.ipynb: this is not a notebook .*\. Save it again in JupyterLab"),
        (b'{"cells": [', r"02_second\.ipynb: this is not a notebook"),
        (b'{"cells": [{"cell_type": "code"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "not a notebook"),
        (b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "the notebook is empty"),
        (b"\x00\xff\xfe" * 99, "this is not a notebook"),
    ],
    ids=["nothing", "cut short", "half a cell", "no cell", "bytes"],
)
def test_a_corrupt_or_empty_notebook(project, content, said):
    notebook = project.folder / "notebooks" / "02_second.ipynb"
    whole = notebook.read_bytes()
    notebook.write_bytes(content)
    project.fails(said)
    notebook.write_bytes(whole)
    assert project.run() == (0, ["Nothing has changed since this report was made; --fresh makes it again."])


def test_a_missing_data_file(project):
    data = small_study.write(project.folder / "data")
    opening = 'data = "data"\nas_of = "2012-12-31"\ndivision = 2012'
    toys.write(project.folder, "02_second", toys.markdown("# 02_second"), toys.code(opening, "parameters"))
    lost = data / "bakgrunn.csv"
    content = lost.read_bytes()
    lost.unlink()
    project.fails(r"^The data cannot be used: bakgrunn\.csv: the file does not exist\. The folder data holds:")
    lost.write_bytes(content)
    status, _ = project.run()
    assert (status, project.executed()) == (0, "1")  # which is no longer the first chapter of a report without data


def test_an_output_that_cannot_be_written_to(project):
    chapters(project.folder, "'changed'")
    (project.folder / "file").touch()
    before = hashes(project.report)
    for place, said in (("file/toy", "File exists"), ("file", "this is a file"), ("notebooks", "something else")):
        project.fails(said, "--out", place)
    assert project.executed() == ""
    project.is_left(before)
    project.resumes("2")


@pytest.fixture
def small_disk(monkeypatch) -> Iterator[Path]:
    """A file system of 3 megabytes, where one may be mounted; its path is short, for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="full-"))
    mounting = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mounting, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("a small file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def leave(disk: Path, free: int) -> None:
    """Fill the disk until so many bytes are free."""
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    state = os.statvfs(disk)
    filler.write_bytes(b"x" * (state.f_bavail * state.f_frsize - free))


def test_a_disk_that_fills_up_while_the_report_is_written_rendered_or_published(project, small_disk, monkeypatch):
    seen: list[str] = []

    def render(*arguments):
        seen.append("rendering")
        rendering.render(*arguments)
        seen.append("rendered")

    monkeypatch.setattr(builder, "render", render)
    before = hashes(project.report)
    shutil.move(project.report.parent, small_disk / "reports")
    project.report.parent.symlink_to(small_disk / "reports")
    chapters(project.folder, "'changed'")
    size = sum(-(-path.stat().st_size // 4096) * 4096 for path in project.report.rglob("*") if path.is_file())
    stages = []
    for share in (0.0, 0.2, 0.6, 0.97):
        seen.clear()
        leave(small_disk, int(share * size))
        status, lines = project.run()
        assert status == 2
        assert "o space left" in lines[0], lines
        stages.append("-".join(seen))
        project.is_left(before)
    assert set(stages) == {"", "rendering", "rendering-rendered"}
    assert project.executed() == "2"
    (small_disk / "filler").unlink()
    project.resumes("2")


def test_a_disk_that_may_only_be_read(project, small_disk):
    chapters(project.folder, "'changed'")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    project.fails("Read-only file system. Choose a folder that can be written to", "--out", str(small_disk / "toy"))
    project.resumes("2")


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGTERM, "Stopped by a signal to end"), (signal.SIGINT, "Stopped by Ctrl-C")]
)
def test_a_run_that_is_stopped_and_another_at_the_same_time(project, number, said):
    before = hashes(project.report)
    chapters(project.folder, "import time; time.sleep(600)", first="'changed'")
    command = [sys.executable, "-c", RUN, "report", "toy", "--workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    deadline = time.monotonic() + 90
    while project.executed() != "12" and time.monotonic() < deadline:
        time.sleep(0.05)
    status, lines = project.run()
    assert status == 2
    assert lines[0].endswith(
        "another run is writing this report. Wait for it to end, or choose another folder with --out."
    )
    assert project.executed() == "12"
    os.killpg(process.pid, number)  # a terminal sends Ctrl-C to all of them
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    (line,) = told(err)
    assert line.startswith(said)
    assert line.endswith("an earlier report is untouched, and the next run goes on from here")
    project.is_left(before)
    chapters(project.folder, "'mended'", first="'changed'")
    project.resumes("122")


def test_another_clock_and_another_locale(project, monkeypatch):
    for folder in ("reports", "cache", "notebooks"):
        for path in (project.folder / folder).rglob("*"):
            os.utime(path, (4e9, 4e9))
    now, moved = time.time, -400 * 86_400
    monkeypatch.setattr(time, "time", lambda: now() + moved)
    monkeypatch.setattr(builder, "render", rendering.render)
    for name, value in {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    time.tzset()
    try:
        assert project.run() == (0, ["Nothing has changed since this report was made; --fresh makes it again."])
        before = hashes(project.report)
        moved = 400 * 86_400
        assert project.run("--fresh") == (0, [])
    finally:
        monkeypatch.undo()
        time.tzset()
    assert hashes(project.report) == before
    assert project.executed() == "12"


def test_a_killed_worker_of_profiles_costs_only_its_profile(project):
    kill = f"if municipality == '6233':\n    assert os.getppid() != {os.getpid()}\n    os.kill(os.getppid(), 9)"
    folder = toy_profiles.project(project.folder / "profiles", kill)
    made = toy_profiles.make(folder, "0301,6233", workers=1)
    assert (made.made, list(made.failures)) == (1, ["6233 Varghaug"])
    assert "the process that made the profiles died" in made.failures["6233 Varghaug"]
    assert not project.processes()
    again = toy_profiles.make(toy_profiles.project(folder), "0301,6233", workers=1)
    assert not again.failures


QUERY = """
import os, threading
import duckdb
from evaluation.report.endings import signals
threading.Timer(0.5, os.kill, (os.getpid(), {number})).start()
with signals({guarded}):
    duckdb.connect(config={{"threads": 1}}).execute("SELECT sum(range % 7) FROM range(10000000000)").fetchall()
"""


@pytest.mark.parametrize(("guarded", "number"), [("", 15), ("", 2), ("15", 15)])
def test_a_stop_in_the_middle_of_a_query_is_a_stop_and_no_error(guarded, number):
    code = QUERY.format(number=number, guarded=guarded)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (128 + number, "")
