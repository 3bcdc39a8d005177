"""All that differs between two reports: findings, exhibits, and what they were made from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.errors import InputError
from evaluation.report.compare.findings import FindingChange, changed_findings
from evaluation.report.compare.tables import TableChange, changed_table
from evaluation.report.made import Made, ReviewError

NOTHING = TableChange()


@dataclass(frozen=True)
class Change:
    """Something that two reports have otherwise: what, and how it was and is (None where it is not there)."""

    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class ExhibitChange:
    """A figure or table that two reports do not have alike; one of `before` and `after` is None if only one has it.

    `table` is how its data differ, `drawn` whether its picture does, `told` whether caption or number do.
    """

    name: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    table: TableChange = NOTHING
    drawn: bool = False
    told: bool = False

    @property
    def rows_withheld(self) -> tuple[int, int]:
        """How many rows are withheld before and after, by what the reports say of the exhibit."""
        before, after = (sum(((one or {}).get("withheld") or {}).values()) for one in (self.before, self.after))
        return before, after

    @property
    def order(self) -> tuple[Any, ...]:
        """What the changes are sorted by: what is withheld in one only, other numbers, the rest, new and gone ones."""
        both = self.before is not None and self.after is not None
        table = self.table
        before, after = self.rows_withheld
        rows = table.rows_gone + table.rows_new + len(table.columns_gone) + len(table.columns_new)
        largest = table.largest.size if table.largest else 0.0
        return (
            not both,
            -table.withheld - abs(after - before),
            not table,
            -largest,
            -len(table.cells),
            -rows,
            self.name,
        )


@dataclass(frozen=True)
class Comparison:
    """Two reports and what differs between them; each sequence has the most important first.

    `settings` is what they were made from, by kind: "inputs", "parameters", "chapters", "notebooks", "code" and
    "versions". `files` are other files of the report that differ.
    """

    before: Made
    after: Made
    tolerance: float
    findings: tuple[FindingChange, ...]
    exhibits: tuple[ExhibitChange, ...]
    settings: Mapping[str, tuple[Change, ...]]
    files: tuple[Change, ...]

    @property
    def synthetic(self) -> bool:
        """Whether either report shows synthetic data."""
        return any(exhibit.get("synthetic") for made in (self.before, self.after) for exhibit in made.exhibits)

    @property
    def results_same(self) -> bool:
        """Whether no finding and no exhibit differs."""
        return not self.findings and not self.exhibits

    @property
    def same(self) -> bool:
        """Whether nothing differs at all."""
        return self.results_same and not any(self.settings.values()) and not self.files

    def __repr__(self) -> str:
        counts = {"findings": self.findings, "exhibits": self.exhibits, **self.settings, "files": self.files}
        told = ", ".join(f"{name} {len(found)}" for name, found in counts.items() if found)
        return f"Comparison({self.before.name} -> {self.after.name}: {told or 'no difference'})"


def compare(before: Made, after: Made, *, tolerance: float = 0.0) -> Comparison:
    """Compare two reports; numbers that differ by at most `tolerance` of the larger are taken as equal.

    Raises
    ------
    ReviewError
        The findings or the data of an exhibit cannot be read.
    """
    try:
        findings = changed_findings(before.findings, after.findings, tolerance=tolerance)
        exhibits = _exhibits(before, after, tolerance)
    except (InputError, OSError, ValueError, KeyError, TypeError) as error:
        raise ReviewError(f"the results cannot be compared: {error}. Make both reports again.") from error
    return Comparison(before, after, tolerance, findings, exhibits, _settings(before, after), _files(before, after))


def _exhibits(before: Made, after: Made, tolerance: float) -> tuple[ExhibitChange, ...]:
    old, new = ({str(one["data"]): one for one in made.exhibits} for made in (before, after))
    found = []
    for data in sorted(old.keys() | new.keys()):
        name = data.removeprefix("data/").removesuffix(".csv")
        if data not in old or data not in new:
            found.append(ExhibitChange(name, old.get(data), new.get(data)))
            continue
        table = changed_table(before.folder / data, after.folder / data, tolerance=tolerance)
        spoken = before.language == after.language  # Words and decimal marks differ in another language.
        picture = f"figures/{name}.svg"
        drawn = spoken and not tolerance and before.outputs.get(picture) != after.outputs.get(picture)
        told = spoken and any(old[data].get(part) != new[data].get(part) for part in ("label", "caption"))
        withheld = old[data].get("withheld") != new[data].get("withheld")
        if table or drawn or told or withheld:
            found.append(ExhibitChange(name, old[data], new[data], table, drawn, told))
    return tuple(sorted(found, key=lambda change: change.order))


def _settings(before: Made, after: Made) -> dict[str, tuple[Change, ...]]:
    def told(made: Made) -> dict[str, Mapping[str, Any]]:
        code, lock = made.manifest["code"], made.manifest.get("lock") or {}
        return {
            "inputs": made.inputs,
            "parameters": {"language": made.language, **_flat(made.manifest["parameters"])},
            "chapters": dict.fromkeys(made.manifest.get("chapters", ()), ""),
            "notebooks": made.manifest["notebooks"],
            "code": {name: code.get(name) for name in ("commit", "dirty", "version", "sha256")},
            "versions": {
                "python": made.manifest.get("python"),
                **made.manifest["versions"],
                **({lock["file"]: lock["sha256"]} if lock else {}),
            },
        }

    old, new = told(before), told(after)
    return {kind: _changes(old[kind], new[kind]) for kind in old}


def _files(before: Made, after: Made) -> tuple[Change, ...]:
    """Return the report's other files that differ: findings and exhibits are compared by content."""
    belonging = ("data/", "figures/", "findings.json", "exhibits.json")
    old, new = (
        {name: digest for name, digest in made.outputs.items() if not name.startswith(belonging)}
        for made in (before, after)
    )
    return _changes(old, new)


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    names = [*old, *(name for name in new if name not in old)]
    pairs = [Change(name, _text(old.get(name)), _text(new.get(name))) for name in names]
    return tuple(pair for pair in pairs if pair.before != pair.after)


def _flat(values: Mapping[str, Any], start: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= _flat(value, f"{start}{name}.") if isinstance(value, Mapping) else {f"{start}{name}": value}
    return found


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def counts(changes: Sequence[Any]) -> tuple[int, int, int]:
    """Return how many of `changes` are changed, new and gone."""
    new = sum(change.before is None for change in changes)
    gone = sum(change.after is None for change in changes)
    return len(changes) - new - gone, new, gone
