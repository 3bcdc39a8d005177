"""Asking a PxWebApi v2 politely: within its rate, again when it is busy, and with its errors put in words."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from evaluation.errors import InputError, Problem

if TYPE_CHECKING:
    import ssl

    import httpx
    import tenacity

SERVER = "https://data.ssb.no/api/pxwebapi/v2"
"""Statistics Norway's PxWebApi, version 2."""

LANGUAGES = {"nb": "no", "nn": "no", "en": "en"}
ATTEMPTS = 6
LONGEST_WAIT = 300.0
# Statistics Norway's guide says 30 requests a minute; what its answers say comes before it.
RATE = (30, 60.0)
# Longer addresses are answered 404 (Statistics Norway: about 2 100); what is longer is posted.
LONGEST_URL = 2000
_BUSY = (429, 502, 503, 504)
_POLICY = re.compile(r"(\d+);\s*w=(\d+)")


class FetchError(InputError):
    """A table could not be fetched; files fetched earlier are as they were."""


class _AgainError(Exception):
    """Worth another try: what went wrong, and how many seconds the server asks to wait."""

    def __init__(self, problem: Problem, wait: float | None = None):
        super().__init__(problem.what)
        self.problem, self.wait = problem, wait


@dataclass
class Client:
    """A server and the manners it is asked with.

    Attributes
    ----------
    server : str
        Address of a PxWebApi v2.
    language : str
        nb, nn or en: of labels and titles.
    say : callable
        Told in a sentence when there is waiting to do.
    sleep, clock : callable
        Waiting and telling the time, in seconds.
    """

    server: str = SERVER
    language: str = "nb"
    say: Callable[[str], None] = lambda _: None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _rate: tuple[int, float] = RATE
    _asked: deque[float] = field(default_factory=deque)
    _settings: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        self.server = self.server.rstrip("/")
        if not re.match(r"https?://[^/]", self.server):
            remedy = f"Write it as {SERVER}"
            raise FetchError(Problem("the server's address is not one", remedy, column="--server", value=self.server))

    def request(self, path: str, selection: Mapping[str, Sequence[str]] | None = None) -> httpx.Request:
        """Return the request for `path`, values of variables in the address if they fit there, else in the body."""
        import httpx

        parameters = {"lang": LANGUAGES[self.language]}
        if selection is None:
            return httpx.Request("GET", f"{self.server}/{path}", params=parameters)
        parameters["outputFormat"] = "json-stat2"
        asked = {f"valueCodes[{variable}]": ",".join(codes) for variable, codes in selection.items()}
        short = httpx.Request("GET", f"{self.server}/{path}", params=parameters | asked)
        plain = not any(set(",[]()") & set(code) for codes in selection.values() for code in codes)
        if plain and len(str(short.url)) <= LONGEST_URL:
            return short
        listed = [{"variableCode": variable, "valueCodes": list(codes)} for variable, codes in selection.items()]
        return httpx.Request("POST", f"{self.server}/{path}", params=parameters, json={"selection": listed})

    def ask(self, request: httpx.Request, what: str) -> tuple[bytes, dict[str, Any]]:
        """Send a request until it is answered; return the body and the JSON object in it.

        Raises
        ------
        FetchError
            There is no network or no such server; the server refuses (with its own words), has no such table, is busy
            for longer than `ATTEMPTS` tries, or answers with a web page or with half a body.
        """
        import tenacity

        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_AgainError),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=_wait,
            sleep=self.sleep,
            before_sleep=lambda state: self._tell(what, state),
            reraise=True,
        )
        try:
            return tries(self._once, request, what)
        except _AgainError as error:
            problem = error.problem
            remedy = f"Tried {ATTEMPTS} times. Run the command again later: what has come is kept"
            raise FetchError(Problem(problem.what, remedy, what, value=problem.value)) from None

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the server says of itself (`maxDataCells`, `license`), asked once; nothing where it does not say."""
        if self._settings is None:
            try:
                self._settings = self.ask(self.request("config"), "config")[1]
            except FetchError:
                self._settings = {}
        return self._settings

    def _tell(self, what: str, state: tenacity.RetryCallState) -> None:
        seconds = state.next_action.sleep if state.next_action else 0.0
        error = state.outcome.exception() if state.outcome else None
        self.say(f"{what}: {error}; waits {seconds:.0f} s")

    def _once(self, request: httpx.Request, what: str) -> tuple[bytes, dict[str, Any]]:
        import httpx

        self._take_turn(what)
        limits = httpx.Timeout(120.0, connect=15.0)
        try:
            with httpx.Client(timeout=limits, follow_redirects=True, verify=_trusted()) as session:
                answer = session.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
            remedy = "Check the network, a proxy (HTTPS_PROXY) and the address; what has come is kept"
            raise FetchError(Problem(f"the server cannot be reached ({error})", remedy, value=self.server)) from None
        except httpx.TransportError as error:
            raise _AgainError(Problem(f"the answer was cut short ({type(error).__name__})", "", what)) from None
        self._learn_rate(answer)
        if answer.status_code in _BUSY:
            raise self._busy(answer, what)
        return answer.content, _content(answer, what)

    def _busy(self, answer: httpx.Response, what: str) -> Exception:
        said = "too many requests" if answer.status_code == 429 else "the server is busy or being updated"
        wait = _seconds(answer.headers.get("retry-after"))
        problem = Problem(f"{said} ({answer.status_code})", "", what)
        if wait is not None and wait > LONGEST_WAIT:
            remedy = f"The server asks to wait {wait / 60:.0f} minutes; run the command again then"
            return FetchError(Problem(problem.what, remedy, what))
        return _AgainError(problem, wait)

    def _take_turn(self, what: str) -> None:
        """Wait until another request is within the rate."""
        count, window = self._rate
        while self._asked and self.clock() - self._asked[0] >= window:
            self._asked.popleft()
        if len(self._asked) >= count:
            seconds = window - (self.clock() - self._asked[0])
            self.say(f"{what}: {count} requests in {window:.0f} s are allowed; waits {seconds:.0f} s")
            self.sleep(seconds)
            self._asked.popleft()
        self._asked.append(self.clock())

    def _learn_rate(self, answer: httpx.Response) -> None:
        if found := _POLICY.search(answer.headers.get("x-ratelimit-policy", "")):
            self._rate = (max(1, int(found[1])), float(found[2]))


@cache
def _trusted() -> ssl.SSLContext:
    """Whom to trust, read once: it takes longer than a short request."""
    import httpx

    return httpx.create_ssl_context()


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds until the next try: what the server asks for, otherwise 1, 2, 4, ..."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _AgainError) else None
    return asked if asked is not None else float(2 ** (state.attempt_number - 1))


def _seconds(header: str | None) -> float | None:
    """Read Retry-After: seconds, or a date."""
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def _content(answer: httpx.Response, what: str) -> dict[str, Any]:
    """Return the JSON object of an answer, or raise what the server says."""
    page = answer.content.lstrip()[:1] == b"<" or "html" in answer.headers.get("content-type", "")
    if page:
        remedy = "A proxy may ask for a login, or the address is not that of a PxWebApi v2"
        status = f" ({answer.status_code})" if answer.is_error else ""
        raise FetchError(Problem(f"a web page came instead of data{status}", remedy, what, value=str(answer.url.host)))
    if answer.is_error:
        raise FetchError(_refused(answer, what))
    try:
        found = json.loads(answer.content)
    except ValueError:
        raise _AgainError(Problem("the answer was cut short", "", what)) from None
    if not isinstance(found, dict):
        raise FetchError(Problem("the answer is no data set", "Check the address of the server", what))
    return found


def _refused(answer: httpx.Response, what: str) -> Problem:
    """Put a refusal in words, the server's own first."""
    try:
        told = json.loads(answer.content)
        said = str(told.get("title") or told.get("detail") or "")
    except (ValueError, AttributeError):
        said = ""
    words = f"the server says: {said} ({answer.status_code})" if said else f"the server answers {answer.status_code}"
    remedies = {
        404: "Look the id up in the StatBank (five digits, as 07459); the table may have been replaced",
        403: "The table is not open to everybody, or the address is wrong",
        400: "Look at the table's variables and values with --dry-run",
    }
    return Problem(words, remedies.get(answer.status_code, "Run the command again later"), what)
