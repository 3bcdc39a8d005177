"""Tell how far a run has come: a bar on a terminal, plain lines elsewhere. Written to standard error."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from itertools import count


def tell(line: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(f"{line}\n")


@contextlib.contextmanager
def progress(total: Callable[[], int], doing: str = "Running the chapters") -> Iterator[Callable[[str], None]]:
    """Give a function to call with the name of each notebook that is done, `total` in all by then."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        number = count(1)
        yield lambda name: console.print(f"{next(number):>3} of {total()}  {name}", soft_wrap=True)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(doing, total=total())

        def done(name: str) -> None:
            bar.update(task, total=total(), advance=1, description=name)

        yield done
