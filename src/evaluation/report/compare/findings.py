"""Which findings of two reports differ, by how much, and how much that is against their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluation.exhibits.finding import Finding
from evaluation.report.assemble import FIELDS

WIDTH = 2 * 1.959963984540054
"""Width of a 95 % interval in standard errors."""


@dataclass(frozen=True)
class FindingChange:
    """A finding that two reports do not have alike; one of `before` and `after` is None where only one has it.

    Attributes
    ----------
    chapter : str
        Notebook, with the case it was run for.
    change : float, optional
        After minus before, in the finding's unit; None where either is missing or the units differ.
    errors : float, optional
        The size of `change` in standard errors: their root mean square over the two, each the width of its 95 %
        interval divided by 3.92. It says how large the change is, and is no test: the estimates rest largely on the
        same data.
    verdict : bool
        Whether the interval now lies on another side of zero, or its sign is another if it has no interval.
    others : sequence of (str, value, value)
        What differs besides the value: ends of the interval, n, unit, evidence.
    """

    chapter: str
    name: str
    before: Finding | None
    after: Finding | None
    change: float | None = None
    errors: float | None = None
    verdict: bool = False
    others: tuple[tuple[str, Any, Any], ...] = ()

    @property
    def order(self) -> tuple[Any, ...]:
        """What the changes are sorted by: verdicts, effects, size; then new ones and those that are gone."""
        one = self.after or self.before
        both = self.before is not None and self.after is not None
        size = self.errors if self.errors is not None else -1.0
        return (not both, not self.verdict, not (one and one.causal), -size, -self._relative, self.chapter, self.name)

    @property
    def _relative(self) -> float:
        if not self.change or self.before is None or self.after is None:
            return 0.0
        return abs(self.change) / max(abs(self.before.value or 0), abs(self.after.value or 0))


def changed_findings(
    before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], *, tolerance: float = 0.0
) -> tuple[FindingChange, ...]:
    """Return the findings that differ by more than `tolerance` (a share of the larger number), most important first."""
    old, new = _by_place(before), _by_place(after)
    found = []
    for place in sorted(old.keys() | new.keys()):
        change = _change(place, old.get(place), new.get(place), tolerance)
        if change is not None:
            found.append(change)
    return tuple(sorted(found, key=lambda change: change.order))


def alike(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two values are equal, or numbers that differ by no more than `tolerance` of the larger."""
    if one == other:
        return True
    numbers = [x for x in (one, other) if isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x)]
    return len(numbers) == 2 and abs(one - other) <= tolerance * max(abs(one), abs(other))


def _by_place(findings: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    known = {*FIELDS, "evidence", "origin"}
    return {
        (" ".join(str(value) for key, value in entry.items() if key not in known), str(entry["name"])): entry
        for entry in findings
    }


def _change(
    place: tuple[str, str], old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, tolerance: float
) -> FindingChange | None:
    before, after = _finding(old), _finding(new)
    if before is None or after is None:
        return FindingChange(*place, before, after)
    told = {**_told(old), **_told(new)}
    others = [(name, _told(old).get(name), _told(new).get(name)) for name in told]
    others = [(name, one, other) for name, one, other in others if not alike(one, other, tolerance)]
    moved = not alike(before.value, after.value, tolerance)
    if not moved and not others:
        return None
    change = errors = None
    if before.value is not None and after.value is not None and before.unit == after.unit:
        change = after.value - before.value if moved else 0.0
        errors = _in_errors(change, before, after)
    verdict = before.verdict != after.verdict
    return FindingChange(*place, before, after, change, errors, verdict, tuple(others))


def _finding(entry: Mapping[str, Any] | None) -> Finding | None:
    return Finding(**{name: entry[name] for name in FIELDS}) if entry else None


def _told(entry: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what a finding says besides its value."""
    entry = entry or {}
    return {name: entry.get(name) for name in ("low", "high", "n", "unit")} | dict(entry.get("evidence") or {})


def _in_errors(change: float, before: Finding, after: Finding) -> float | None:
    ends = [(one.low, one.high) for one in (before, after)]
    squares = [((high - low) / WIDTH) ** 2 for low, high in ends if low is not None and high is not None]
    return abs(change) / math.sqrt(sum(squares) / 2) if len(squares) == 2 and sum(squares) > 0 else None
