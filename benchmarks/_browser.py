"""A headless Chromium for proofs and tests, spoken to over its debugging protocol; it counts what a page asks for."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find() -> str | None:
    """The browser's program: $CHROMIUM or one on the path."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One tab.

    `requests` holds every address asked for since the page was opened, but for pictures in the page itself (data:);
    `messages` what the browser complained of, and what a script tried to say.
    """

    def __init__(self, address: str):
        self._socket = websocket.create_connection(address, suppress_origin=True, timeout=1800)
        self._ids = itertools.count(1)
        self.requests: list[str] = []
        self.messages: list[str] = []
        self._loaded = False
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        own = next(self._ids)
        self._socket.send(json.dumps({"id": own, "method": method, "params": parameters}))
        while True:
            answer = self._next()
            if answer.get("id") == own:
                assert "error" not in answer, answer["error"]
                return dict(answer["result"])

    def open(self, path: Path, *, dark: bool = False, width: int = 1280, script: bool = True, media: str = "") -> None:
        """Open a file and wait until it is loaded."""
        self.requests.clear()
        self.messages.clear()
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.send("Emulation.setEmulatedMedia", media=media, features=scheme)
        self.send("Emulation.setScriptExecutionDisabled", value=not script)
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", **metrics)
        self._loaded = False
        self.send("Page.navigate", url=path.resolve().as_uri())
        while not self._loaded:
            self._next()

    def run(self, source: str) -> Any:
        """Evaluate JavaScript in the page and return its value; promises are waited for."""
        result = self.send("Runtime.evaluate", expression=source, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def press(self, key: str, code: int, *, shift: bool = False) -> None:
        """Press and release a key."""
        event = {"key": key, "code": key, "windowsVirtualKeyCode": code, "modifiers": 8 if shift else 0}
        self.send("Input.dispatchKeyEvent", type="keyDown", **event)
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    def write(self, text: str) -> None:
        """Write where the cursor is."""
        self.send("Input.insertText", text=text)

    def picture(self) -> str:
        """What the window shows, as a PNG in base64."""
        return str(self.send("Page.captureScreenshot")["data"])

    def _next(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self._socket.recv())
        method, given = told.get("method"), told.get("params", {})
        if method == "Network.requestWillBeSent":
            if not given["request"]["url"].startswith("data:"):
                self.requests.append(given["request"]["url"])
        elif method == "Log.entryAdded":
            self.messages.append(given["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.messages.append(str(given["exceptionDetails"]))
        elif method == "Page.javascriptDialogOpening":
            self.messages.append(f"dialog: {given['message']}")
            self._socket.send(
                json.dumps({"id": next(self._ids), "method": "Page.handleJavaScriptDialog", "params": {"accept": True}})
            )
        elif method == "Page.loadEventFired":
            self._loaded = True
        return told


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start a browser with a profile of its own, and end it."""
    program = find()
    assert program, "no Chromium was found"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
        command += [f"--user-data-dir={profile}", "--no-first-run", "--disable-extensions", "--disable-dev-shm-usage"]
        command += ["--disable-background-networking", "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield Browser(_tab(Path(profile) / "DevToolsActivePort"))
        finally:
            process.terminate()
            process.wait(30)


def _tab(file: Path) -> str:
    """Return the address of the first tab's socket, as soon as the browser has written where it listens."""
    from urllib.request import urlopen

    for _ in range(300):
        if file.exists() and "\n" in file.read_text():
            port = file.read_text().split()[0]
            with urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
            if tabs:
                return str(tabs[0]["webSocketDebuggerUrl"])
        time.sleep(0.1)
    raise AssertionError("the browser did not start")
