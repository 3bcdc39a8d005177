"""Where the pieces of a run are made: by processes of this machine, or on a cluster, through one `Executor`.

A workshop makes pieces: it holds the processes that do so (kernels, or workers that fork), is called with one piece
at a time by any number of threads, and is closed when the run ends. On this machine there is one; on a cluster each
worker has one of its own. Whoever hands out pieces sees a `concurrent.futures.Executor` either way.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from evaluation.errors import ParameterError, Problem, ReportError

Piece = TypeVar("Piece")
Made = TypeVar("Made")
P = TypeVar("P", contravariant=True)
M = TypeVar("M", covariant=True)


class LostError(ReportError):
    """A piece was not made: it took with it every process that tried."""


class Workshop(Protocol[P, M]):
    """Makes pieces, several at a time, until it is closed; closing ends what is being made, and may be done twice."""

    def __call__(self, piece: P, /) -> M:
        """Make one piece."""
        ...

    def close(self) -> None:
        """End every process started, and let no new one start."""
        ...


@dataclass(frozen=True)
class Place(Generic[Piece, Made]):
    """An executor and what it is to do with a piece."""

    executor: Executor
    make: Callable[[Piece], Made]

    def result(self, future: Future[Made]) -> Made:
        """Return what was made, or raise why not."""
        return future.result()

    def check(self) -> None:
        """Raise if nothing more can come."""


@contextlib.contextmanager
def place(
    workshop: Callable[[], Workshop[Any, Any]], *, workers: int | None = None, scheduler: str | None = None
) -> Iterator[Place[Any, Any]]:
    """Open a workshop here, or one on every worker of the cluster whose `scheduler` is at an address (tcp://host:port).

    When the block ends, well or not, all that is still being made is ended.

    Parameters
    ----------
    workshop : makes it; for a cluster something that can be sent there.
    workers : pieces made at a time on this machine (default: the cores).

    Raises
    ------
    ParameterError
        Both are given: how much a cluster's worker does at a time is set where it is started.
    ReportError
        The cluster cannot be used.
    """
    if scheduler is None:
        with _here(workshop(), workers or cores()) as found:
            yield found
        return
    if workers is not None:
        remedy = "Leave --workers out, and start the cluster's workers with as many threads as they shall run notebooks"
        raise ParameterError(Problem("--workers is for this machine, and --scheduler for a cluster", remedy))
    from evaluation.report.cluster import on_cluster

    with on_cluster(workshop, scheduler) as found:
        yield found


@contextlib.contextmanager
def _here(workshop: Workshop[Any, Any], workers: int) -> Iterator[Place[Any, Any]]:
    # Threads, for they only wait: the work is in the processes of the workshop.
    pool = ThreadPoolExecutor(max_workers=max(1, workers), thread_name_prefix="workshop")
    try:
        yield Place(pool, workshop)
    finally:
        workshop.close()
        pool.shutdown(wait=True, cancel_futures=True)


def each(where: Place[Piece, Made], pieces: Iterable[Piece]) -> Iterator[tuple[Piece, Future[Made]]]:
    """Give each piece with its future as soon as it is made, those that went well first; what is given is let go of.

    All pieces are handed over at once, before anything is given. Waits in short steps: a signal must find the main
    thread awake.
    """
    futures = {where.executor.submit(where.make, piece): (place, piece) for place, piece in enumerate(pieces)}
    return _as_made(where, futures)


def _as_made(
    where: Place[Piece, Made], futures: dict[Future[Made], tuple[int, Piece]]
) -> Iterator[tuple[Piece, Future[Made]]]:
    while futures:
        ended = wait(futures, timeout=0.5, return_when=FIRST_COMPLETED).done
        where.check()
        for future in sorted(ended, key=lambda future: (_failed(future), futures[future][0])):
            yield futures.pop(future)[1], future


def _failed(future: Future[Any]) -> bool:
    return future.cancelled() or future.exception() is not None


def cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
