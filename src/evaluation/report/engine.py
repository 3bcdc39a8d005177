"""papermill's own engine, which besides shows the notebook while it is being executed.

papermill would write the notebook to disk before and after every cell, which took a third of the processor time of a
report of many cases; what had begun when a kernel died is seen in memory as well.
"""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines

SHOWN = "shown"


class Shown(NBClientEngine):
    """Executes a notebook as papermill does, after appending it to `begun`."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, *, begun: list[NotebookNode], **options: Any
    ) -> None:
        """Execute the notebook; its cells have their outputs and times as soon as they end."""
        begun.append(nb_man.nb)
        super().execute_managed_notebook(nb_man, kernel_name, **options)


papermill_engines.register(SHOWN, Shown)
