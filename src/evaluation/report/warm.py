"""Warm kernels: forked from a server that has the third-party libraries loaded, each in a process of its own.

A kernel starts in a fraction of a second instead of seconds and computes the same. It is forked on Linux only:
elsewhere there is no fork, or the system's own libraries do not survive it. Where the server cannot be used, kernels
start cold.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_client.provisioning import LocalProvisioner

SCRIPT = Path(__file__).with_name("fork_server.py")
LIBRARIES = tuple(
    """
    ipykernel.kernelapp ipykernel.ipkernel ipykernel.zmqshell IPython.display
    numpy.random pyarrow.parquet pyarrow.compute pyarrow.dataset duckdb
    pandas pandas.core.computation.expressions pandas.io.formats.html pandas.io.formats.style pandas.io.parquet
    scipy.stats scipy.optimize scipy.linalg scipy.sparse.linalg scipy.spatial scipy.special
    statsmodels.api statsmodels.formula.api diff_diff
    matplotlib.figure matplotlib.pyplot matplotlib.dates matplotlib.ticker matplotlib.patheffects
    matplotlib.backends.backend_agg matplotlib.backends.backend_svg matplotlib.backends.backend_mixed PIL.PngImagePlugin
    seaborn ipywidgets
    pydantic pandera.pandas ruamel.yaml filelock openpyxl
    """.split()  # noqa: SIM905 (a list of 40 lines says no more)
)
PATIENCE = 180  # seconds for the server to load the libraries, on a busy machine


def available() -> bool:
    """Whether kernels can be forked here."""
    return sys.platform == "linux"


class ForkServer:
    """The server of one report run: it listens in `folder`, whose kernels share the variables of `environment`."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.address = str(folder / "fork")
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), self.address, *LIBRARIES],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )

    def fork(self, argv: list[str], *, environment: dict[str, str], cwd: str) -> ForkedProcess | None:
        """Return a kernel's process, or None when the server cannot give one."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(PATIENCE)
        try:
            self._connect(connection)
            request = {"argv": argv, "env": environment, "cwd": cwd}
            connection.sendall(json.dumps(request).encode() + b"\n")
            lines = connection.makefile("r", encoding="utf-8")
            answer = lines.readline()
        except OSError:
            answer = ""
        if not answer:
            connection.close()
            return None
        connection.settimeout(None)
        return ForkedProcess(int(answer), connection, lines)

    def _connect(self, connection: socket.socket) -> None:
        """Connect as soon as the server listens; it answers when it has loaded the libraries."""
        for _ in range(PATIENCE * 50):
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                return connection.connect(self.address)
            try:
                self._process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            break
        raise OSError("the fork server does not listen")

    def close(self) -> None:
        """End the server, and with it every kernel it forked."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class ForkedProcess:
    """A process forked by the server, with what a provisioner needs of a `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, connection: socket.socket, lines: Any):
        self.pid = pid
        self.returncode: int | None = None
        self._connection, self._lines = connection, lines
        self._ended = threading.Event()
        threading.Thread(target=self._listen, daemon=True, name=f"kernel {pid}").start()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            answer = self._lines.readline()
            # A server that ends without an answer takes its kernels with it.
            self.returncode = int(answer) if answer else -signal.SIGKILL
        if self.returncode is None:
            self.returncode = -signal.SIGKILL
        self._connection.close()
        self._ended.set()

    def poll(self) -> int | None:
        """Return the exit status, or None while the process lives."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait for the end of the process and return its exit status."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired("kernel", timeout or 0.0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process if it lives."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)


def provisioner_class(server: ForkServer) -> type[LocalProvisioner]:
    """Return the provisioner that starts kernels by `server`, and cold where it cannot."""
    from jupyter_client.provisioning import LocalProvisioner

    class ForkProvisioner(LocalProvisioner):
        """Starts a kernel by forking the server."""

        async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
            environment, cwd = dict(kwargs["env"]), str(kwargs["cwd"])
            place = cmd.index("ipykernel_launcher") + 1
            process = server.fork(cmd[place:], environment=environment, cwd=cwd)
            if process is None:
                return await super().launch_kernel(cmd, **kwargs)
            self.process = process  # type: ignore[assignment]
            self.pid = self.pgid = process.pid
            self.cwd = cwd
            return self.connection_info

    return ForkProvisioner
