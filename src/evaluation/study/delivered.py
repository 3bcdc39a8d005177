"""Whether the files are the ones that were delivered: their SHA-256 against the list that came with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from evaluation.errors import InputError, Problem
from evaluation.sources.content import refusing

HASHES = "hashes.json"
"""A folder may hold it: {"file name": "SHA-256"} of every file of a delivery."""


def check_delivery(folder: Path, hashes: Mapping[str, str]) -> None:
    """Compare the files of a data folder with its list of hashes, if it has one.

    Parameters
    ----------
    hashes : SHA-256 of the files the study reads, by name.

    Raises
    ------
    InputError
        Naming each file that differs or is listed and absent.
    """
    path = folder / HASHES
    if not path.is_file():
        return
    form = 'Write {"file name": "SHA-256"}'
    with refusing("the list of hashes cannot be read", form, HASHES):
        listed = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(listed, dict):
        raise InputError(Problem("the list of hashes is not a mapping of files", form, HASHES))
    differs = "the file is not the one delivered: its SHA-256 differs from the manifest"
    remedy = f"Get it again; if the change is meant, write its new hash into {HASHES}"
    problems = [
        Problem(differs, remedy, name, value=found)
        for name, told in listed.items()
        if (found := hashes.get(name)) is not None and found != str(told).strip().lower()
    ]
    problems += [
        Problem("a file of the manifest is missing", "Put it there, or remove it from the manifest", name)
        for name in listed
        if name not in hashes and not (folder / name).is_file()
    ]
    if problems:
        raise InputError(problems)
