"""Execute the chapters with papermill, side by side, and believe a run only when every cell of it ran.

papermill reports success after `sys.exit(0)` although the remaining cells never ran, and marks all cells of a killed
kernel as completed; so the executed notebook itself is checked.
"""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evaluation.errors import ReportError
from evaluation.report.declared import read_notebook
from evaluation.report.endings import signals
from evaluation.report.kept import Kept
from evaluation.report.kernels import Kernels
from evaluation.report.parameters import Run
from evaluation.report.schedule import LostError, Place, each

if TYPE_CHECKING:
    from nbformat import NotebookNode

START_TIMEOUT = 180  # seconds for a kernel to answer, on a busy machine
WIDGET = "application/vnd.jupyter.widget-view+json"
OUTPUT_TIMEOUT = 120  # seconds to wait for the last output of a cell


@dataclass(frozen=True)
class Failure:
    """Why a notebook's run is not valid: the cell's position from 1 (0 if none), its first line and what happened."""

    cell: int
    source: str
    what: str


def execute(
    runs: Iterable[Run],
    where: Place[Run, NotebookNode],
    *,
    done: Callable[[str], None],
    kept: Kept | None = None,
) -> dict[str, NotebookNode]:
    """Execute `runs` at a place of `Chapters`; return the executed notebooks by the name of the run, in their order.

    The first are begun while the next are asked for. `done` is told each run that ended well. Runs whose equal is among
    the `kept` are taken from there. At the first failure the others are killed.

    Raises
    ------
    ReportError
        Naming the notebook, the cell and the error.
    """
    asked: list[str] = []
    found: dict[str, NotebookNode] = {}

    def wanted() -> Iterator[Run]:
        for run in runs:
            asked.append(run.name)
            if kept and (notebook := kept.get(run)):
                found[run.name] = notebook
            else:
                yield run

    with signals(signal.SIGTERM):
        begun = each(where, wanted())
        for name in list(found):
            done(name)
        for run, future in begun:
            try:
                found[run.name] = where.result(future)
            except LostError as lost:
                raise ReportError(message(run, Failure(0, "", str(lost)))) from None
            if kept:
                kept.put(run, found[run.name])
            done(run.name)
    return {name: found[name] for name in asked}


class Chapters:
    """A workshop that executes notebooks: see `Kernels` for what it is given; `timeout` is in seconds for each cell."""

    def __init__(
        self,
        root: Path,
        epoch: int,
        *,
        cold: bool = False,
        given: Mapping[str, str] | None = None,
        timeout: int | None = None,
    ):
        self.kernels = Kernels(root, epoch, cold=cold, given=given)
        self.timeout = timeout

    def __call__(self, run: Run) -> NotebookNode:
        """Execute the notebook of a run."""
        return execute_one(run, self.kernels, self.timeout)

    def close(self) -> None:
        """Kill what runs, and end the server that kernels are forked from."""
        self.kernels.close()


def execute_one(run: Run, kernels: Kernels, timeout: int | None = None) -> NotebookNode:
    """Execute one notebook in a kernel of its own, no cell longer than `timeout` seconds, and return it, checked."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from evaluation.report.engine import SHOWN

    # Without a handler, Python's last resort prints what we say better ourselves.
    logging.getLogger("papermill").addHandler(logging.NullHandler())
    notebook = read_notebook(run.notebook)
    own_ids = {cell.get("id") for cell in notebook.cells}
    failure: Failure | None = None
    begun: list[NotebookNode] = []
    try:
        executed = papermill.execute_notebook(
            notebook,
            None,
            parameters=dict(run.parameters),
            engine_name=SHOWN,
            begun=begun,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            start_timeout=START_TIMEOUT,
            iopub_timeout=OUTPUT_TIMEOUT,
            execution_timeout=timeout,
            kernel_manager_class=kernels.manager_class,
        )
        failure = check(executed)
    except PapermillExecutionError as error:
        place = error.cell_index - _injected_before(notebook, error.cell_index)
        failure = Failure(place + 1, first_line(error.source), explain(error.ename, error.evalue))
    except Exception as error:
        if kernels.stopped.is_set():
            raise ReportError(f"{run.name}: stopped") from error
        if isinstance(error, TimeoutError) and timeout is not None:
            what = f"it took longer than {timeout} seconds (`timeout` in the parameter file), so the rest never ran"
        elif type(error).__name__ == "DeadKernelError" or "died" in str(error):
            what = "the kernel died (killed, out of memory, or ended by the notebook itself), so the rest never ran"
        else:
            raise
        failure = _broken_off(begun, what)
    if failure:
        raise ReportError(message(run, failure))
    return normalise(executed, own_ids)


def check(notebook: NotebookNode) -> Failure | None:
    """Return why the executed notebook is not valid, or None: every code cell must have run, without an error."""
    number = 0
    for cell in notebook.cells:
        injected = "injected-parameters" in cell.metadata.get("tags", [])
        number += not injected
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                return Failure(number, first_line(cell.source), explain(output.ename, output.evalue))
        if cell.get("execution_count") is None:
            return Failure(number, first_line(cell.source), "the cell was never run")
    return None


def _broken_off(begun: Sequence[NotebookNode], what: str) -> Failure:
    """Return the failure of a notebook that was broken off: in the last cell it began, if it began any."""
    cells = [cell for notebook in begun for cell in notebook.cells]
    started = [i for i, cell in enumerate(cells) if cell.metadata.get("papermill", {}).get("start_time")]
    if not started:
        return Failure(0, "", "the kernel did not start")
    injected = any("injected-parameters" in cell.metadata.get("tags", []) for cell in cells[: started[-1]])
    return Failure(started[-1] + 1 - injected, first_line(cells[started[-1]].source), what)


def normalise(notebook: NotebookNode, own_ids: set[str | None]) -> NotebookNode:
    """Return the notebook without what differs between two equal runs: times, run identities, memory addresses.

    Widgets go too, such as the progress bar DuckDB shows when a query is slow: they need the kernel that made them.
    """
    for key in ("papermill", "widgets"):
        notebook.metadata.pop(key, None)
    for index, cell in enumerate(notebook.cells):
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        if cell.get("id") not in own_ids:
            free = (f"made-{index}{'-' * more}" for more in range(len(own_ids) + 1))
            cell["id"] = next(name for name in free if name not in own_ids)
        if "outputs" in cell:
            cell["outputs"] = _joined([output for output in cell.outputs if WIDGET not in output.get("data", {})])
        for output in cell.get("outputs", []):
            if "text" in output:  # a warning names the file its cell was written to, with the process in its name
                output["text"] = re.sub(r"(?<!\S)\S*ipykernel_\d+\S\d+\.py", "cell.py", output["text"])
            data = output.get("data", {})
            if isinstance(data.get("text/plain"), str):
                data["text/plain"] = re.sub(r" at 0x[0-9a-f]+", " at 0x0", data["text/plain"])
    return notebook


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return the outputs with what was written to one stream in pieces as one text: where it is cut is chance."""
    made: list[NotebookNode] = []
    for output in outputs:
        if made and output.output_type == "stream" == made[-1].output_type and output.name == made[-1].name:
            made[-1]["text"] += output.text
        else:
            made.append(output)
    return made


def first_line(source: str) -> str:
    """Return the first line of a cell that is not a comment, to recognise the cell by."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    code = [line for line in lines if not line.startswith("#")]
    return (code or lines or [""])[0]


def _injected_before(notebook: NotebookNode, index: int) -> int:
    """papermill inserts its cell after the one tagged `parameters`; cells are counted without it."""
    tagged = [i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", [])]
    return int(bool(tagged) and index > tagged[0])


def explain(ename: str, evalue: str) -> str:
    """Return what an error of a cell says: an error of the suite speaks for itself."""
    from evaluation import errors

    if ename == "SystemExit":
        return "the notebook ended itself (sys.exit or quit), so the rest never ran"
    kind = getattr(errors, ename, None)
    known = isinstance(kind, type) and issubclass(kind, errors.EvaluationError)
    return errors.redact(evalue if known else f"{ename}: {evalue}".removesuffix(": "))


def message(run: Run, failure: Failure) -> str:
    """Return a failure with the notebook, the repeated value and the cell before it."""
    varied = "".join(f", {name} {value}" for name, value in run.varied.items())
    place = f", cell {failure.cell} ({failure.source})" if failure.cell else ""
    return f"{run.notebook.name}{varied}{place}:\n{failure.what}"
