"""Run a notebook's cells in this process and collect what a kernel would have sent, to the byte.

Only what one cell writes to standard output and to standard error may come in another order: a kernel keeps none.

For many runs of one notebook that differ in one parameter: the cells that do not ask for it are run once, and the
process is then forked for every run, so that each still has a process of its own.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evaluation.report.execute import Failure, explain, first_line

if TYPE_CHECKING:
    from nbformat import NotebookNode

# Names through which a cell could read a parameter without naming it.
ROUNDABOUT = frozenset({"globals", "locals", "vars", "eval", "exec", "get_ipython", "dir", "getattr", "__import__"})


class Inline:
    """A notebook being run in this process, cell by cell, with the values of its parameters given.

    `place` is the cell to be run next, from 0.
    """

    def __init__(self, notebook: NotebookNode, parameters: Mapping[str, Any]):
        self.notebook = copy.deepcopy(notebook)
        self.parameters = dict(parameters)
        self.place = 0
        self._collected = _Collected([])
        self._shell = _shell(self._collected)

    def shared_until(self, name: str) -> int:
        """Return the place of the first code cell, after the parameters, that may depend on the parameter `name`."""
        for place, cell in enumerate(self.notebook.cells):
            tagged = "parameters" in cell.metadata.get("tags", [])
            if cell.cell_type == "code" and not tagged and may_depend(cell.source, name):
                return place
        return len(self.notebook.cells)

    def set(self, name: str, value: Any) -> None:
        """Give a parameter another value, as if it had been given from the start."""
        self.parameters[name] = value
        self._shell.user_ns[name] = copy.deepcopy(value)

    def run(self, until: int) -> Failure | None:
        """Run the cells before the place `until` that have not been run; return why it failed, or None."""
        while self.place < until:
            cell = self.notebook.cells[self.place]
            if cell.cell_type == "code":
                if failure := self._cell(cell):
                    return failure
                if "parameters" in cell.metadata.get("tags", []):
                    self._shell.user_ns.update(copy.deepcopy(self.parameters))
                    # papermill puts the values into a cell of their own, which counts.
                    self._shell.execution_count += 1
            self.place += 1
        return None

    def _cell(self, cell: NotebookNode) -> Failure | None:
        if not cell.source.strip():
            return None
        cell.outputs = self._collected.outputs = []
        cell.execution_count = self._collected.count = self._shell.execution_count
        streams = [_Stream(name, self._collected) for name in ("stdout", "stderr")]
        with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
            result = self._shell.run_cell(cell.source, store_history=True)
        error = result.error_before_exec or result.error_in_exec
        if error is None:
            return None
        return Failure(self.place + 1, first_line(cell.source), explain(type(error).__name__, str(error)))


def may_depend(source: str, name: str) -> bool:
    """Whether a cell names `name`, or could read it in a roundabout way; a cell that is not plain Python might."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return True
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return bool(names & (ROUNDABOUT | {name}))


@dataclass
class _Collected:
    """What the cell being run shows, and its number."""

    outputs: list[Any]
    count: int = 0

    def add(self, kind: str, **content: Any) -> None:
        from nbformat.v4 import new_output

        self.outputs.append(new_output(kind, **content))

    def write(self, stream: str, text: str) -> None:
        """Add to what the cell printed."""
        last = self.outputs[-1] if self.outputs else None
        if last is not None and last.output_type == "stream" and last.name == stream:
            last.text += text
        elif text:
            self.add("stream", name=stream, text=text)


class _Stream(io.TextIOBase):
    def __init__(self, name: str, collected: _Collected):
        self._name, self._collected = name, collected

    def write(self, text: str) -> int:
        self._collected.write(self._name, text)
        return len(text)


def _shell(collected: _Collected) -> Any:
    """Return a shell whose results and displays are `collected`; it writes no history and reads no configuration."""
    from IPython.core.displayhook import DisplayHook
    from IPython.core.displaypub import DisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets import Type
    from traitlets.config import Config

    class Hook(DisplayHook):
        def write_output_prompt(self) -> None:
            pass

        def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
            data, metadata = _clean(format_dict), _clean(md_dict or {})
            collected.add("execute_result", data=data, metadata=metadata, execution_count=collected.count)

        def finish_displayhook(self) -> None:
            pass

    class Publisher(DisplayPublisher):
        def publish(self, data: Any, metadata: Any = None, *_: Any, **__: Any) -> None:
            collected.add("display_data", data=_clean(data), metadata=_clean(metadata or {}))

    class Shell(InteractiveShell):
        displayhook_class = Type(Hook)
        display_pub_class = Type(Publisher)

        def enable_gui(self, gui: Any = None) -> None:
            """Have no windows, as a kernel without a front end."""

    settings = Config()
    settings.HistoryManager.enabled = False
    settings.InteractiveShell.colors = "nocolor"
    InteractiveShell.clear_instance()
    shell = Shell.instance(config=settings)
    shell._showtraceback = lambda *_: None  # type: ignore[method-assign]
    return shell


def _clean(bundle: Any) -> Any:
    """Return a bundle as it comes out at the other end of a kernel's socket."""
    from ipykernel.jsonutil import encode_images

    return json.loads(json.dumps(encode_images(bundle)))
