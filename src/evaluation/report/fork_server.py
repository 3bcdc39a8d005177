"""A server that has the third-party libraries loaded and forks kernels: run as a script, never imported by the suite.

It must not load the suite itself, whose code a notebook would then not read anew, nor
`matplotlib_inline.backend_inline`, which would turn figures into text.

Arguments: the path of the socket to listen on, and the names of the modules to load. A client connects once for each
kernel and sends one line of JSON (`argv`, `env`, `cwd`); it is answered one line with the process id, and one with the
exit status when the kernel has ended. When standard input ends, because the run that started the server has, the server
kills its kernels and ends too.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

Kernels = dict[int, socket.socket]


def serve(address: str, libraries: Sequence[str]) -> dict[str, Any] | None:
    """Load the libraries and fork a kernel for every request; in the kernel's process, return the request."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(64)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _load(libraries)
    _keep_compiled(os.path.dirname(address))
    awake, alarm = os.pipe()
    for end in (awake, alarm):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(alarm)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    waiting = selectors.DefaultSelector()
    for source in (sys.stdin.fileno(), listener, awake):
        waiting.register(source, selectors.EVENT_READ)
    kernels: Kernels = {}
    while True:
        for ready in {key.fd for key, _ in waiting.select()}:
            if ready == listener.fileno():
                client, _ = listener.accept()
                request = _request(client)
                if request is not None and _fork(client, kernels):
                    waiting.close()
                    _forget(listener, awake, alarm, *kernels.values(), client)
                    return request
                if request is None:
                    client.close()
            elif ready == awake:
                with contextlib.suppress(BlockingIOError):
                    os.read(awake, 1024)
                _reap(kernels)
            elif not os.read(sys.stdin.fileno(), 1024):
                for pid in kernels:
                    with contextlib.suppress(OSError):
                        os.killpg(pid, signal.SIGKILL)
                        os.waitpid(pid, 0)
                return None


def _load(libraries: Sequence[str]) -> None:
    """Import what is installed of the libraries, and put it out of reach of the collector, which would copy it."""
    for name in libraries:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


def _keep_compiled(folder: str) -> None:
    """Where no bytecode may be written beside the source, keep in `folder` what kernels compile, while the run lasts.

    Containers often forbid it, and each kernel would compile the suite anew.
    """
    if sys.dont_write_bytecode:
        sys.dont_write_bytecode, sys.pycache_prefix = False, os.path.join(folder, "compiled")


def _request(client: socket.socket) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError), client.makefile("r", encoding="utf-8") as lines:
        return dict(json.loads(lines.readline()))
    return None


def _fork(client: socket.socket, kernels: Kernels) -> bool:
    """Fork; return True in the kernel's process, which leads a group of its own as soon as its client hears of it."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.close(told)
        os.close(tell)
        return True
    os.close(tell)
    os.read(told, 1)
    os.close(told)
    kernels[pid] = client
    _send(client, pid)
    return False


def _reap(kernels: Kernels) -> None:
    """Tell the exit status of the kernels that have ended, negative for a signal."""
    for pid in list(kernels):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            client = kernels.pop(pid)
            _send(client, os.waitstatus_to_exitcode(status))
            client.close()


def _send(client: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):
        client.sendall(f"{number}\n".encode())


def _forget(*sources: socket.socket | int) -> None:
    """Close in the kernel what belongs to the server, and take back its handling of signals."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL if number == signal.SIGCHLD else signal.default_int_handler)
    for source in sources:
        os.close(source) if isinstance(source, int) else source.close()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def become_kernel(request: dict[str, Any]) -> None:
    """Be a kernel as `python -m ipykernel_launcher` would be one with these arguments in these surroundings."""
    from ipykernel.kernelapp import IPKernelApp

    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.argv = ["ipykernel_launcher.py", *request["argv"]]
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    ended: list[bool] = []
    atexit.register(leave, ended)  # the first to be registered is the last to be called
    IPKernelApp.launch_instance(sys.argv[1:], parent_handle=os.getppid())
    ended.append(True)


def leave(ended: Sequence[bool]) -> None:
    """End a kernel that ended well before the interpreter takes apart what it shares with the server, and copies it."""
    if not ended:
        return
    for thing in gc.get_objects():  # what was opened since the fork and never closed
        if isinstance(thing, io.IOBase):
            with contextlib.suppress(OSError, ValueError):
                thing.flush()
    os._exit(0)


if __name__ == "__main__":
    del sys.path[0]  # this file's own folder
    asked = serve(sys.argv[1], sys.argv[2:])
    if asked is not None:
        become_kernel(asked)
