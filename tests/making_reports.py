"""Making reports in tests: the command line, small parameter files, and what is looked for in a page."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parents[1]
EVALUATION = Path(sys.executable).with_name("evaluation")
CASE = "almstad-sivset"  # the joint project of two municipalities


def evaluate(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(EVALUATION), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | environment)


def parameters_of(folder: Path, name: str, **changes: str) -> Path:
    """Write a copy of a parameter file with one case and other changes, so that a report takes seconds."""
    text = (ROOT / "params" / f"{name}.yaml").read_text(encoding="utf-8").replace("case: all", f"case: [{CASE}]")
    for key, value in changes.items():
        text = re.sub(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


class Page(HTMLParser):
    """Collects every image's alternative text, and every address the page would fetch."""

    def __init__(self, page: str):
        super().__init__()
        self.alts: list[str | None] = []
        self.fetched: list[str] = []
        self.language: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang")
        if tag == "img":
            self.alts.append(given.get("alt"))
        address = given.get("src") or (given.get("href") if tag == "link" else None)
        if address and not address.startswith("data:"):
            self.fetched.append(address)
        assert tag != "script" or not attrs  # the page's own


def visible(page: str) -> str:
    """Return the text of a page without its style, script, code and tags."""
    return " ".join(re.sub(r"<(style|script|pre)\b.*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL).split())
