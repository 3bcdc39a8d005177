"""What may not be in a package: raw rows, national identity numbers, and folders of the machine it was made on."""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from evaluation.report.assemble import EXHIBIT, FINDING, PROSE

TEXT = (".csv", ".html", ".ipynb", ".json", ".md", ".svg", ".txt", ".yaml")
RELEASED = {EXHIBIT, FINDING, PROSE}
RAW_TABLE = re.compile(r"<style scoped>.*class=\"dataframe\"", re.DOTALL)  # how a notebook shows a pandas table
_ELEVEN = re.compile(r"(?<![\w-])(?<!\d\.)\d{6}[ -]?\d{5}(?!\w|\.\d)")  # not the decimals of a number
_HOME = re.compile(r"(?<![\w.:/])(?:/home/|/Users/|/root/|[A-Z]:\\{1,2}Users\\)[^\s\"'<>]+")


def unfit(files: Mapping[str, bytes], root: Path) -> list[str]:
    """Return what of the report's `files` (name, bytes) may not leave the machine, as sentences with a remedy.

    `root` is the project's folder, which a report names nowhere.
    """
    folders = {str(folder) for folder in (root, Path.home(), Path(tempfile.gettempdir()))} - {"/"}
    found = []
    for name, content in sorted(files.items()):
        for text in _texts(name, content):
            found += [f"{name}: {what}" for what in _in_text(text, folders)]
        if name.endswith(".ipynb"):
            found += [f"{name}, {what}" for what in _raw_tables(content)]
    return list(dict.fromkeys(found))


def at_home(files: Mapping[str, bytes], root: Path) -> list[str]:
    """Return which of the project's `files` name the folder it lies in here."""
    folder = f"{root}/".encode()
    remedy = "Write the path relative to the project, and commit"
    return [f"{name}: names a folder of this machine. {remedy}" for name, content in files.items() if folder in content]


def _texts(name: str, content: bytes) -> Iterator[str]:
    if name.endswith((".docx", ".xlsx")):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for part in archive.namelist():
                if part.endswith((".xml", ".rels")):
                    yield archive.read(part).decode("utf-8", "replace")
    elif name.endswith(TEXT):
        yield content.decode("utf-8", "replace")


def _in_text(text: str, folders: set[str]) -> Iterator[str]:
    import numpy as np

    from evaluation.sources import valid_identity_numbers

    for folder in sorted(folders):
        if f"{folder}/" in text or f'{folder}"' in text:
            yield "names a folder of this machine. Keep the data below the project, or give --data relative to it, "
            "and make the report again"
            break
    else:
        if _HOME.search(text):
            yield "names somebody's home folder. Find the cell that shows it, and make the report again"
    numbers = [int(re.sub(r"\D", "", number)) for number in _ELEVEN.findall(text)]
    if numbers and valid_identity_numbers(np.array(numbers)).any():
        yield "holds what is a national identity number. Find the cell that shows it, and make the report again"


def _raw_tables(notebook: bytes) -> Iterator[str]:
    """Yield the cells that show a table of rows which was not released as an exhibit."""
    for number, cell in enumerate(json.loads(notebook)["cells"], start=1):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if not RELEASED & data.keys() and RAW_TABLE.search("".join(data.get("text/html", ""))):
                yield f"cell {number}: shows a table as it is. Show it as an exhibit, or not at all"
