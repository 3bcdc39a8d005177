"""A server on this machine that answers as Statistics Norway's PxWebApi v2 does: limits, errors and all."""

from __future__ import annotations

import fnmatch
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from math import prod
from typing import Any
from urllib.parse import parse_qs, urlsplit

REGIONS = {"0": "Hele landet", "03": "Oslo", "0301": "Oslo", "0101": "Halden", "1103": "Stavanger", "1723": "Mosvik"}
YEARS = [str(year) for year in range(2008, 2016)]
UPDATED = "2026-02-24T07:00:00Z"
CONFIG = {
    "apiVersion": "2.3.2",
    "maxDataCells": 800000,
    "maxCallsPerTimeWindow": 0,
    "timeWindow": 0,
    "license": "https://www.ssb.no/en/diverse/lisens",
}


def dimension(label: str, codes: dict[str, str], *, total: bool, **more: Any) -> dict[str, Any]:
    index = {code: at for at, code in enumerate(codes)}
    extension = {"elimination": total, "show": "code_value", "codelists": []}
    return {"label": label, "category": {"index": index, "label": codes, **more}, "extension": extension}


def population() -> dict[str, Any]:
    """Metadata of a table in the form of 07459."""
    units = {code: {"base": "personer", "decimals": 0} for code in ("Personer1", "Endring")}
    return {
        "version": "2.0",
        "class": "dataset",
        "label": "07459: Befolkning, etter region, kjønn, statistikkvariabel og år",
        "source": "Statistisk sentralbyrå",
        "updated": UPDATED,
        "role": {"time": ["Tid"], "geo": ["Region"], "metric": ["ContentsCode"]},
        "id": ["Region", "Kjonn", "ContentsCode", "Tid"],
        "size": [len(REGIONS), 2, 2, len(YEARS)],
        "dimension": {
            "Region": dimension("region", REGIONS, total=True),
            "Kjonn": dimension("kjønn", {"2": "Kvinner", "1": "Menn"}, total=True),
            "ContentsCode": dimension(
                "statistikkvariabel", {"Personer1": "Personer", "Endring": "Endring"}, total=False, unit=units
            ),
            "Tid": dimension("år", {year: year for year in YEARS}, total=False),
        },
        "extension": {"px": {"tableid": "07459"}},
        "value": [],
    }


def figure(cell: dict[str, str]) -> tuple[float | None, str]:
    """The figure of a cell and its sign; a total is the sum over the variable left out."""
    if cell["Region"] == "1723" and cell["Tid"] >= "2012":
        return None, "."
    if cell["Region"] == "0101" and cell["Tid"] == "2009":
        return None, ":"
    code = int(cell["Region"]) + 10 * int(cell["Tid"]) + (1 if cell["ContentsCode"] == "Endring" else 0)
    sexes = [cell["Kjonn"]] if "Kjonn" in cell else ["1", "2"]
    return float(sum(code + int(sex) for sex in sexes)), ""


class StatBank:
    """The tables, the limits and what has been asked; a test may put an answer of its own before the next ones."""

    def __init__(self) -> None:
        self.tables = {"07459": population()}
        self.limit = 800_000
        self.longest = 2_100
        self.asked: list[tuple[str, str, Any]] = []
        self.next: list[tuple[int, dict[str, str], bytes]] = []
        self.headers = {"x-ratelimit-policy": "40;w=60s", "x-ratelimit-remaining": "39"}
        self.address = ""

    def paths(self, kind: str = "/data") -> list[tuple[str, str, Any]]:
        return [one for one in self.asked if one[1].split("?")[0].endswith(kind)]

    def answer(self, method: str, target: str, body: Any) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(target)
        if self.next and parts.path.endswith(("/data", "/metadata")):
            return self.next.pop(0)
        if len(self.address) + len(target) > self.longest and method == "GET":
            return 404, {}, b""
        path = parts.path.strip("/").split("/")
        if path == ["config"]:
            return _json(CONFIG | {"maxDataCells": self.limit})
        if len(path) != 3 or path[0] != "tables":
            return 404, {}, b""
        if path[1] not in self.tables:
            return _error(404, "Non-existent table")
        if path[2] == "metadata":
            return _json(self.tables[path[1]])
        if body is not None:
            selection = {one["variableCode"]: one["valueCodes"] for one in body["selection"]}
        else:
            query = {key: value[0] for key, value in parse_qs(parts.query).items()}
            selection = {key[11:-1]: value.split(",") for key, value in query.items() if key.startswith("valueCodes[")}
        return self.data(self.tables[path[1]], selection)

    def data(self, table: dict[str, Any], selection: dict[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        chosen: dict[str, list[str]] = {}
        for code in table["id"]:
            known = list(table["dimension"][code]["category"]["index"])
            if code not in selection:
                if not table["dimension"][code]["extension"]["elimination"]:
                    return _error(400, "Missing selection for mandantory variable")
                continue
            if len(set(selection[code])) < len(selection[code]):
                return 500, {}, b""
            if not all(fnmatch.filter(known, value) for value in selection[code]):
                return _error(400, "Non-existent value")
            chosen[code] = [one for one in known if any(fnmatch.fnmatch(one, value) for value in selection[code])]
        if prod(len(codes) for codes in chosen.values()) > self.limit:
            return _error(400, "Too many cells selected")
        cells = [dict(zip(chosen, codes, strict=True)) for codes in product(*chosen.values())]
        found = [figure(cell) for cell in cells]
        dimensions = {code: _cut(table["dimension"][code], codes) for code, codes in chosen.items()}
        whole = {**table, "id": list(chosen), "size": [len(codes) for codes in chosen.values()]}
        whole |= {"dimension": dimensions, "value": [value for value, _ in found]}
        signs = {str(at): sign for at, (_, sign) in enumerate(found) if sign}
        return _json(whole | ({"status": signs} if signs else {}))


def _cut(whole: dict[str, Any], codes: list[str]) -> dict[str, Any]:
    category = {key: {code: said[code] for code in codes} for key, said in whole["category"].items() if key != "index"}
    return {**whole, "category": {"index": {code: at for at, code in enumerate(codes)}, **category}}


def _json(content: Any, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    body = json.dumps(content, ensure_ascii=False).encode()
    return status, {"content-type": "application/json; charset=utf-8"}, body


def _error(status: int, title: str) -> tuple[int, dict[str, str], bytes]:
    return _json({"type": "Parameter error", "title": title, "status": status}, status)


@contextmanager
def serving(bank: StatBank) -> Iterator[StatBank]:
    """Serve a bank on a free port of this machine; `bank.address` is where."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, method: str, body: Any) -> None:
            bank.asked.append((method, self.path, body))
            status, headers, content = bank.answer(method, self.path, body)
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **bank.headers, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self._answer("GET", None)

        def do_POST(self) -> None:
            self._answer("POST", json.loads(self.rfile.read(int(self.headers["content-length"]))))

        log_message: Callable[..., None] = lambda *_: None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    bank.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield bank
    finally:
        server.shutdown()
        server.server_close()
