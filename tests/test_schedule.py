"""A run's pieces are made here or on a Dask cluster, through one executor, with equal results and one way to fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import Future
from functools import partial
from types import SimpleNamespace

import nbformat
import pytest
import toy_profiles
import toy_reports as toys
from clusters import Cluster, lives, waited
from dask import config as settings
from distributed import KilledWorker
from making_reports import hashes
from test_did_resampling import NAMES, simulated
from typer.testing import CliRunner

from evaluation import cli, did
from evaluation.errors import ParameterError, ReportError
from evaluation.report import cluster as dask
from evaluation.report.build import build
from evaluation.report.execute import Chapters, execute
from evaluation.report.parameters import Run
from evaluation.report.schedule import LostError, place


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    started = Cluster(tmp_path_factory.mktemp("cluster"))
    yield started
    started.stop()


@pytest.fixture
def workers(scheduler):
    """A worker at least, whatever the tests before have done to theirs."""
    if all(worker.poll() is not None for worker in scheduler.workers):
        scheduler.add()
    return scheduler


def run(cluster: Cluster, folder, *stems: str):
    """Execute notebooks on the cluster."""
    runs = [Run(stem, folder / "notebooks" / f"{stem}.ipynb", {}) for stem in stems]
    with place(partial(Chapters, folder, 86400, cold=True), scheduler=cluster.address) as there:
        return execute(runs, there, done=lambda name: None)


def test_a_cluster_without_workers_is_told_of(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(dask, "PATIENCE", 1)
    with pytest.raises(ReportError, match=r"tcp://127.*: the scheduler has had no worker for 1 seconds; start some$"):
        run(scheduler, tmp_path)


def test_a_report_made_on_a_cluster_has_the_bytes_of_one_made_here(workers, tmp_path, monkeypatch):
    monkeypatch.setattr("evaluation.report.warm.LIBRARIES", ())
    made = partial(build, toys.project(tmp_path), root=tmp_path, chapters=["08_dive"])
    here = made(out=tmp_path / "here", workers=2)
    there = made(out=tmp_path / "there", scheduler=workers.address, cold=True, fresh=True)
    assert hashes(there) == hashes(here)


def test_profiles_made_on_a_cluster_have_the_bytes_of_those_made_here(workers, tmp_path, monkeypatch):
    monkeypatch.setattr("evaluation.report.warm.LIBRARIES", ())
    toy_profiles.project(tmp_path, "if municipality == '6234':\n    1 / 0")
    made = partial(toy_profiles.make, tmp_path, "6233,6234")
    here, there = made(out=tmp_path / "here"), made(out=tmp_path / "there", workers=None, scheduler=workers.address)
    assert hashes(there.folder) == hashes(here.folder)
    assert (there.made, there.failures) == (1, here.failures)


def test_the_draws_of_a_test_are_the_same_on_a_cluster(workers):
    panel = simulated(3, {0: 20, 3: 5, 5: 4}).iloc[1:]  # a gap, so that every assignment is an estimation of its own
    with dask.connected(workers.address) as client:
        executor = client.get_executor(pure=False)
        for method in (did.wild_bootstrap, did.randomisation_inference):
            asked = partial(method, panel, **NAMES, missing="drop", draws=199, seed=3)
            assert asked(executor=executor) == asked()


def test_a_worker_killed_in_mid_run_costs_only_a_retry(workers, tmp_path):
    mark = tmp_path / "mark"
    first = f"import os, pathlib, time\nmark = pathlib.Path({str(mark)!r})\nif not mark.exists():\n"
    first += "    mark.write_text(f'{os.getppid()} {os.getpid()}')\n    time.sleep(600)\n'made'"
    toys.write(tmp_path, "a", toys.code(first))
    toys.write(tmp_path, "b", toys.code("1 + 1"))
    workers.add()

    def kill() -> None:
        worker, kernel = map(int, waited(lambda: mark.exists() and mark.read_text()).split())
        assert worker in [process.pid for process in workers.workers]
        os.kill(worker, signal.SIGKILL)
        waited(lambda: not lives(kernel), 20)

    killer = threading.Thread(target=kill)
    killer.start()
    executed = run(workers, tmp_path, "a", "b")
    killer.join()
    with place(partial(Chapters, tmp_path, 86400, cold=True), workers=1) as here:
        alone = execute([Run("a", tmp_path / "notebooks" / "a.ipynb", {})], here, done=lambda name: None)
    assert nbformat.writes(executed["a"]) == nbformat.writes(alone["a"])
    assert "made" in nbformat.writes(executed["a"])


def test_a_failing_chapter_says_the_same_as_here_and_stops_the_others(workers, tmp_path):
    mark = tmp_path / "mark"
    slow = f"import os, pathlib, time\npathlib.Path({str(mark)!r}).write_text(str(os.getpid()))\ntime.sleep(600)"
    toys.write(tmp_path, "slow", toys.code(slow))
    toys.write(
        tmp_path, "failing", toys.code(f"import pathlib\nwhile not pathlib.Path({str(mark)!r}).exists(): pass\n1 / 0")
    )
    with pytest.raises(
        ReportError, match=r"^failing.ipynb, cell 1 \(import pathlib\):\nZeroDivisionError: division by zero$"
    ):
        run(workers, tmp_path, "slow", "failing")
    waited(lambda: not lives(int(mark.read_text())), 10)


def test_workers_with_other_code_are_refused(workers, tmp_path, monkeypatch):
    changed = dask.standing() | {"code of the suite": "changed since"}
    monkeypatch.setattr(dask, "standing", lambda: changed)
    toys.write(tmp_path, "a", toys.code("1"))
    with pytest.raises(
        ReportError, match=r"^the worker tcp://\S+ has other code of the suite than this machine; install"
    ):
        run(workers, tmp_path, "a")


def test_a_piece_that_worker_after_worker_dies_of_is_a_failure():
    future: Future[None] = Future()
    future.set_exception(KilledWorker("a", SimpleNamespace(address="tcp://10.0.0.1:5"), 3))
    said = r"^4 workers died of it, one after the other \(killed, or out of memory\), the last tcp://10.0.0.1:5$"
    with pytest.raises(LostError, match=said):
        dask._Cluster(None, None, None, "tcp://10.0.0.1:1").result(future)


def test_other_versions_are_named():
    here = {"Python": "3.11.9", "pandas": "3.1.1", "code of the suite": "0a"}
    assert dask.difference(here, here | {"dask": "2026.8.0"}) == ""
    assert dask.difference(here, {"Python": "3.11.9"}) == ""
    assert dask.difference(here, here | {"pandas": "3.0"}) == "pandas 3.0 and this machine 3.1.1; install the same"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("localhost:8786", "localhost:8786: this is not a scheduler's address. Write it as tcp://host:8786"),
        ("tcp://127.0.0.1:9", "tcp://127.0.0.1:9: the scheduler cannot be reached ("),
    ],
)
def test_a_scheduler_that_cannot_be_used_is_told_in_one_line(tmp_path, monkeypatch, address, said):
    monkeypatch.setattr(dask, "REACHED", 1)
    with pytest.raises(ReportError) as error:
        build(toys.project(tmp_path), root=tmp_path, scheduler=address)
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "reports" / "toy").exists()


def test_how_many_run_on_a_cluster_is_not_said_here(tmp_path):
    with pytest.raises(ParameterError, match=r"^--workers is for this machine, and --scheduler for a cluster"):
        build(toys.project(tmp_path), root=tmp_path, scheduler="tcp://127.0.0.1:9", workers=2)


def test_without_the_extra_it_is_said_how_to_install_it():
    code = "import sys\nsys.modules['distributed'] = None\nfrom evaluation.report.schedule import place\n"
    code += "with place(object, scheduler='tcp://127.0.0.1:9'):\n    pass"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].endswith("extra `cluster`. Install them: pip install -e '.[cluster]'")


@pytest.mark.parametrize("command", ["report", "deep-dives"])
def test_both_commands_hand_the_address_on(monkeypatch, command):
    given = {}

    def make(*arguments, **options):
        given.update(options)
        raise SystemExit(0)

    monkeypatch.setattr("evaluation.report.build.build", make)
    monkeypatch.setattr("evaluation.report.profiles.batch.make_profiles", make)
    CliRunner().invoke(cli.app, [command, *(["midterm"] if command == "report" else []), "--scheduler", "tcp://a:1"])
    assert given["scheduler"] == "tcp://a:1"


def test_a_cluster_that_is_gone_ends_the_run(workers, tmp_path, monkeypatch):
    monkeypatch.setattr(dask, "ASKED_EVERY", 0.2)
    toys.write(
        tmp_path,
        "a",
        toys.code("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nimport time\ntime.sleep(60)"),
    )
    monkeypatch.setattr(dask, "PATIENCE", 3)
    with pytest.raises(ReportError, match=r"all workers are gone, and none came within 3 seconds$"):
        run(workers, tmp_path, "a")
    monkeypatch.undo()
    monkeypatch.setattr(dask, "ASKED_EVERY", 0.2)
    monkeypatch.setattr(dask, "REACHED", 3)
    workers.add()
    toys.write(tmp_path, "b", toys.code(f"import os, time\nos.kill({workers.scheduler.pid}, 9)\ntime.sleep(600)"))
    soon = settings.set({"distributed.comm.timeouts.connect": "2s"})
    with soon, pytest.raises(ReportError, match=r"^tcp://127\S+: the scheduler was lost$"):
        run(workers, tmp_path, "b")
