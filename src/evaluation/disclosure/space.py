"""Counts cut into atoms: the smallest pieces that no released number looks inside.

Every released count is a sum over cells, and cells overlap. Partition refinement finds the pieces (atoms) such that
each cell is a set of whole atoms; what is known is then a system of linear inequalities in non-negative atoms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from evaluation.disclosure.counts import Value
from evaluation.errors import InputError, Problem

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Whole = Mapping[str, Value]
LARGEST = 20_000_000


@dataclass(frozen=True)
class Term:
    """A coefficient times the count of a cell of a measure."""

    measure: str
    cell: Whole
    coefficient: float = 1.0


def atoms(forms: Sequence[Sequence[Term]], known: Mapping[str, Iterable[str]], *, closed: bool = True) -> csr_array:
    """Return the linear forms (sums of terms) in terms of atoms: one row a form, one column an atom.

    Parameters
    ----------
    known
        The values of dimensions that some cells do not name. Those no form tells apart fall together.
    closed
        Whether the values known and named are all there are; otherwise a cell that does not name a dimension also
        covers something unnamed in it.
    """
    from scipy.sparse import coo_array

    by_measure: dict[str, list[tuple[int, Whole, float]]] = defaultdict(list)
    for row, form in enumerate(forms):
        for term in form:
            by_measure[term.measure].append((row, term.cell, term.coefficient))
    rows, columns, values, first = [], [], [], 0
    for measure in sorted(by_measure):
        uses = by_measure[measure]
        for (row, _, coefficient), found in zip(uses, _pieces(measure, uses, known, closed), strict=True):
            rows.append(np.full(len(found), row))
            columns.append(found + first)
            values.append(np.full(len(found), coefficient))
        first = max((int(part.max(initial=first - 1)) + 1 for part in columns), default=0)
    shape = (len(forms), first)
    if not rows:
        return coo_array(shape, dtype=float).tocsr()
    stacked = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return coo_array(stacked, shape=shape).tocsr()


def _pieces(
    measure: str, uses: Sequence[tuple[int, Whole, float]], known: Mapping[str, Iterable[str]], closed: bool
) -> list[np.ndarray]:
    """Return the atoms of each cell used, as numbers from 0."""
    names = sorted({name for _, cell, _ in uses for name in cell})
    classes = [_classes([cell.get(name) for _, cell, _ in uses], known.get(name, ()), closed) for name in names]
    shape = tuple(count for count, _ in classes)
    if prod(shape) > LARGEST:
        remedy = "Release fewer breakdowns, or give what cannot be added up measures of their own."
        raise InputError(Problem(f"The released counts of {measure} cut each other into too many pieces", remedy))
    # Atoms in the same cells get the same sum of the cells' random numbers.
    random = np.random.default_rng(20120101).integers(1, 2**62, size=len(uses), dtype=np.int64)
    marks = np.zeros(shape, dtype=np.int64)
    places = [np.ix_(*[members[use] for _, members in classes]) for use in range(len(uses))]
    for place, number in zip(places, random, strict=True):
        marks[place] += number
    found, labels = np.unique(marks, return_inverse=True)
    labels = labels.reshape(shape)
    inside = np.flatnonzero(found)  # what no cell covers is of no interest
    number = np.full(len(found), -1)
    number[inside] = np.arange(len(inside))
    return [np.unique(number[labels[place]]) for place in places]


def _classes(values: Sequence[Value | None], known: Iterable[str], closed: bool) -> tuple[int, list[np.ndarray]]:
    """Return how many classes a dimension falls into, and for each value the classes that it covers."""
    if any(isinstance(value, tuple) for value in values):
        return _intervals(values)
    sets = [_as_set(value) for value in values]
    distinct = sorted({one for one in sets if one is not None}, key=lambda one: (len(one), sorted(one)))
    signature: dict[str, list[int]] = {name: [] for name in known}
    for place, one in enumerate(distinct):
        for name in one:
            signature.setdefault(name, []).append(place)
    kinds = sorted({tuple(places) for places in signature.values()})
    if not closed and () not in kinds:
        kinds = [(), *kinds]
    everything = np.arange(len(kinds))
    covered = {place: [at for at, kind in enumerate(kinds) if place in set(kind)] for place in range(len(distinct))}
    where = {one: np.array(covered[place], dtype=int) for place, one in enumerate(distinct)}
    return len(kinds), [everything if one is None else where[one] for one in sets]


def _as_set(value: Value | None) -> frozenset[str] | None:
    return frozenset([value]) if isinstance(value, str) else value if isinstance(value, frozenset) else None


def _intervals(values: Sequence[Value | None]) -> tuple[int, list[np.ndarray]]:
    ends = np.unique([end for value in values if isinstance(value, tuple) for end in value] + [0.0, np.inf])
    count = len(ends) - 1
    places = [np.searchsorted(ends, value if isinstance(value, tuple) else (0.0, np.inf)) for value in values]
    return count, [np.arange(first, last) for first, last in places]
