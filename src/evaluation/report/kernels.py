"""Kernels for the chapters: this interpreter, the same neutral surroundings everywhere, and one way to kill them all.

Kernels talk over IPC sockets: TCP kernels started side by side race for ports. A socket's path is limited to about
100 characters, hence a short folder of its own.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import sys
import tempfile
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evaluation.report import warm

LONGEST_SOCKET_FOLDER = 70


class Kernels:
    """The kernels of one report run, started in `root` with the clock of the report at `epoch` (seconds since 1970).

    They are forked from a server that has the libraries loaded, where that can be done and unless `cold`. `given`
    are further variables of their environment.
    """

    def __init__(self, root: Path, epoch: int, *, cold: bool = False, given: Mapping[str, str] | None = None):
        self.root = root
        self.environment = environment(epoch, given)
        self.folder = socket_folder()
        (self.folder / "ipython").mkdir()
        self._managers: list[Any] = []
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self.stopped = threading.Event()
        self.server = None if cold or not warm.available() else warm.ForkServer(self.folder, self.environment)
        self.manager_class = self._manager_class()

    def __enter__(self) -> Kernels:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill every kernel, end the server and leave nothing behind."""
        self.kill()
        if self.server is not None:
            self.server.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """Kill every kernel of the run with its children, and let no new one start."""
        self.stopped.set()
        with self._lock:
            provisioners = [manager.provisioner for manager in self._managers]
        for provisioner in provisioners:
            process = getattr(provisioner, "process", None)
            if process is None or process.poll() is not None:
                continue
            with contextlib.suppress(OSError):
                if provisioner.pgid and hasattr(os, "killpg"):
                    os.killpg(provisioner.pgid, signal.SIGKILL)
                else:
                    process.kill()

    def _register(self, manager: Any) -> None:
        with self._lock:
            if self.stopped.is_set():
                raise RuntimeError("the run was stopped")
            self._managers.append(manager)

    def _manager_class(self) -> type:
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager

        kernels = self
        forked = warm.provisioner_class(self.server) if self.server is not None else None

        class ThisInterpreter(KernelSpecManager):
            """Knows one kernel, whatever kernels the user has installed under the same name."""

            def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
                argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
                argv += ["--HistoryManager.enabled=False", "--log-level=CRITICAL"]
                argv += [f"--IPKernelApp.ipython_dir={kernels.folder / 'ipython'}"]
                return KernelSpec(argv=argv, display_name="Python 3", language="python", name=kernel_name)

        class ReportKernelManager(AsyncKernelManager):
            """Starts kernels over IPC in the report's surroundings."""

            def __init__(self, **kwargs: Any):
                super().__init__(**kwargs)
                self.kernel_spec_manager = ThisInterpreter()
                self.shutdown_wait_time = 2.0
                if sys.platform != "win32":
                    self.transport = "ipc"
                self.connection_file = str(kernels.folder / f"k{next(kernels._numbers)}.json")
                self.ip = self._ip_default()

            async def start_kernel(self, **kwargs: Any) -> None:  # type: ignore[override]
                kwargs |= {"cwd": str(kernels.root), "env": dict(kernels.environment)}
                if kernels.stopped.is_set():
                    raise RuntimeError("the run was stopped")
                if forked is not None:
                    self.kernel_id = str(uuid.uuid4())
                    self.provisioner = forked(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)
                await super().start_kernel(**kwargs)
                try:
                    kernels._register(self)
                except RuntimeError:
                    await self.shutdown_kernel(now=True)
                    raise

        return ReportKernelManager


def environment(epoch: int, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the surroundings of a kernel: the same hash seed, time zone, locale and number of threads everywhere."""
    library = str(Path(__file__).resolve().parents[2])
    paths = [library, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    neutral = {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "MPLBACKEND": "agg",
        "SOURCE_DATE_EPOCH": str(epoch),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "LANG": "C.UTF-8",
        # One notebook a core is parallel enough, and sums must not depend on the number of threads.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANGUAGE"))}
    return {**inherited, **(given or {}), **neutral}


def socket_folder() -> Path:
    """Return a new folder with a short absolute path."""
    folder = Path(tempfile.mkdtemp(prefix="ev-")).resolve()
    if len(str(folder)) > LONGEST_SOCKET_FOLDER and Path("/tmp").is_dir():
        shutil.rmtree(folder)
        folder = Path(tempfile.mkdtemp(prefix="ev-", dir="/tmp"))
    return folder
