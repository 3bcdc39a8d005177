"""A Dask cluster as a place where the pieces of a run are made. Needs the extra `cluster`, and is imported only for it.

Every worker of the cluster gets a plugin that holds a workshop of its own as long as the run lasts; a worker that joins
later, or is started anew, gets one too. A piece whose worker dies is given to another by the scheduler.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import platform
import re
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from evaluation.errors import ReportError
from evaluation.report.manifest import source, versions
from evaluation.report.schedule import LostError, Made, Piece, Place, Workshop

try:
    from distributed import Client, KilledWorker, WorkerPlugin, get_worker
except ImportError:
    what = "Working on a cluster needs the libraries of the extra `cluster`. Install them: pip install -e '.[cluster]'"
    raise ReportError(what) from None

ADDRESS = re.compile(r"(tcp|tls)://[^\s/:]+:\d+|(tcp|tls)://\[[0-9a-fA-F:]+\]:\d+")
REACHED = 15  # seconds for a scheduler to answer
PATIENCE = 60  # seconds without any worker, at the start and later
ASKED_EVERY = 5  # seconds between two looks at the cluster


@contextlib.contextmanager
def on_cluster(workshop: Callable[[], Workshop[Any, Any]], scheduler: str) -> Iterator[Place[Any, Any]]:
    """Open a workshop on every worker of the cluster.

    Raises
    ------
    ReportError
        The scheduler cannot be reached, has no worker within `PATIENCE` seconds, or runs other versions than this.
    """
    name = f"evaluation-{uuid.uuid4().hex}"
    with connected(scheduler) as client:
        _wait_for_workers(client, scheduler)
        _refuse_other_versions(client)
        try:
            client.register_plugin(_Bench(workshop, standing()), name=name)
        except ImportError as error:
            raise ReportError(f"{scheduler}: a worker cannot import what the run needs ({error})") from None
        try:
            yield _Cluster(client.get_executor(pure=False), partial(_make, name), client, scheduler)
        finally:
            with contextlib.suppress(Exception):  # a cluster that is gone has ended what it was making
                client.unregister_worker_plugin(name)


@dataclass(frozen=True)
class _Cluster(Place[Piece, Made]):
    """The cluster's executor, watched: what takes away the cluster must not leave the run waiting for ever."""

    client: Client
    scheduler: str
    seen: dict[str, float] = field(default_factory=dict)

    def result(self, future: Future[Made]) -> Made:
        try:
            return future.result()
        except KilledWorker as error:
            deaths = f"{error.allowed_failures + 1} workers died of it, one after the other"
            raise LostError(f"{deaths} (killed, or out of memory), the last {error.last_worker.address}") from None
        except CancelledError:
            raise ReportError(f"{self.scheduler}: the scheduler was lost") from None

    def check(self) -> None:
        now = time.monotonic()
        if now - self.seen.get("asked", 0.0) < ASKED_EVERY:
            return
        if self.client.status not in ("running", "connecting"):
            raise ReportError(f"{self.scheduler}: the scheduler was lost")
        self.seen["asked"] = now
        if _workers(self.client):
            self.seen["worker"] = now
        elif now - self.seen.setdefault("worker", now) > PATIENCE:
            raise ReportError(f"{self.scheduler}: all workers are gone, and none came within {PATIENCE} seconds")


class _Bench(WorkerPlugin):
    """A worker's workshop; `wrong` says why it has none."""

    def __init__(self, workshop: Callable[[], Workshop[Any, Any]], expected: Mapping[str, str]):
        self.workshop, self.expected = workshop, expected
        self.made: Workshop[Any, Any] | None = None
        self.wrong = "stopped"

    def setup(self, worker: Any) -> None:
        self.wrong = difference(self.expected, standing())
        if self.wrong:
            self.wrong = f"the worker {worker.address} has {self.wrong}"
        else:
            self.made = self.workshop()

    async def teardown(self, worker: Any) -> None:  # noqa: ARG002 (distributed gives it by name)
        made, self.made, self.wrong = self.made, None, "stopped"
        if made is not None:
            await asyncio.to_thread(made.close)


def _make(name: str, piece: Any) -> Any:
    """On a worker: make a piece in its workshop."""
    bench = get_worker().plugins.get(name)
    if not isinstance(bench, _Bench) or bench.made is None:
        raise ReportError(bench.wrong if isinstance(bench, _Bench) else "stopped")
    return bench.made(piece)


@cache
def standing() -> dict[str, str]:
    """Return what must be equal for equal results: the versions of Python and the libraries, and the suite's code.

    As they were when first asked for, which is when a worker loads the code: it goes on with that when files change.
    """
    root = Path(__file__).resolve().parents[3]
    return {"Python": platform.python_version(), **versions(root), "code of the suite": source()}


def difference(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """Return in words the first that is not equal, or nothing; a library that only one side has is not compared."""
    for name in here:
        if name in there and here[name] != there[name]:
            if name == "code of the suite":
                return "other code of the suite than this machine; install the same and start the workers anew"
            return f"{name} {there[name]} and this machine {here[name]}; install the same"
    return ""


@contextlib.contextmanager
def connected(scheduler: str) -> Iterator[Client]:
    """Connect to the cluster whose scheduler is at an address; what is given has a `get_executor`."""
    if not ADDRESS.fullmatch(scheduler):
        raise ReportError(f"{scheduler}: this is not a scheduler's address. Write it as tcp://host:8786")
    for name in ("distributed", "tornado"):  # they tell on the terminal what is said in one line here
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of other versions: they are refused
        try:
            client = Client(scheduler, timeout=REACHED, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ReportError(f"{scheduler}: the scheduler cannot be reached ({said})") from None
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=5)


def _wait_for_workers(client: Client, scheduler: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise ReportError(f"{scheduler}: the scheduler has had no worker for {PATIENCE} seconds; start some") from None


def _refuse_other_versions(client: Client) -> None:
    """Refuse a cluster that might not understand what it is sent."""
    found: Any = client.get_versions()
    here = found["client"]["packages"]
    others = {"the scheduler": found["scheduler"]} | {
        f"the worker {name}": one for name, one in found["workers"].items()
    }
    for name, other in others.items():
        if what := difference(here, {key: value for key, value in other["packages"].items() if value is not None}):
            raise ReportError(f"{name} has {what}")


def _workers(client: Client) -> int:
    with contextlib.suppress(Exception):
        return len(client.nthreads())
    return 0
