"""Secondary suppression: which further rows to withhold, so that no withheld count follows from sums, at least loss.

The cell suppression problem over linked tables, as a mixed-integer linear program (Fischetti and Salazar 2001,
Management Science 47(7); Kelly, Golden and Assad 1992, Networks 22): a row is withheld or shown, and for each count
that must not be known there are two sets of atoms, both in agreement with all rows shown, in which it differs by its
limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.disclosure.quiet import quiet

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TOGETHER = 6_000
"""Unknowns (protected counts times twice the atoms) up to which the whole problem is solved at once."""
NODES = 2_000
REACH = 10.0
FIXED = -1


@dataclass(frozen=True)
class Table:
    """Linked tables as one system: the counts of the rows are sums of non-negative atoms.

    Attributes
    ----------
    forms : counts by atoms.
    atoms : non-negative atoms of which the counts are the sums. Which of them does not matter.
    row : to which row of the tables each count belongs, which is withheld or shown with it; -1 for one always shown.
    loss : what is lost when a row is withheld, for each row.
    """

    forms: csr_array
    atoms: np.ndarray
    row: np.ndarray
    loss: np.ndarray


def companions(table: Table, protected: Sequence[int], limits: Sequence[float], hidden: np.ndarray) -> np.ndarray:
    """Return which rows to withhold, those `hidden` already among them.

    Parameters
    ----------
    protected, limits
        The counts (by row of `table.forms`) that must not be known, and how wide the interval of each must stay.
    hidden
        True for the rows that are withheld for what they hold.

    Returns
    -------
    ndarray of bool
        One for each row. In pieces of the tables of up to `TOGETHER` unknowns, the loss is the least possible. Larger
        ones are solved for one protected count after the other, each with the rows withheld so far: protected, though
        more may be lost than need be. Where no choice of rows protects (a total shown is itself too small), all rows
        of the piece are withheld. The same tables give the same rows.
    """
    from scipy.sparse import block_array
    from scipy.sparse.csgraph import connected_components

    made = hidden.copy()
    if not len(protected):
        return made
    graph = block_array([[None, table.forms], [table.forms.T, None]])
    piece = connected_components(graph, directed=False)[1][: table.forms.shape[0]]
    for one in np.unique(piece[list(protected)]):
        mine = np.flatnonzero(piece == one)
        wanted = [place for place, count in enumerate(protected) if piece[count] == one]
        counts = [int(np.searchsorted(mine, protected[place])) for place in wanted]
        widths = [limits[place] for place in wanted]
        forms = table.forms[mine]
        inside = np.unique(forms.indices)
        forms = forms[:, inside]
        part = Table(forms, table.atoms[inside], table.row[mine], table.loss)
        at_once = 2 * len(counts) * forms.shape[1] <= TOGETHER
        steps = [(counts, widths)] if at_once else [([c], [w]) for c, w in zip(counts, widths, strict=True)]
        for some, wide in steps:
            made = _solved(part, some, wide, made)
    return made


def _solved(table: Table, protected: Sequence[int], limits: Sequence[float], hidden: np.ndarray) -> np.ndarray:
    """Solve for some protected counts at once: a high and a low world for each, by how their atoms differ."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_diag, csr_array, hstack, vstack

    rows = np.unique(table.row[table.row != FIXED])
    worlds, (counts, atoms), unit = 2 * len(protected), table.forms.shape, max(limits)
    # A count may stray by `REACH` where its row is withheld, and not at all where it is shown.
    free = np.flatnonzero(table.row != FIXED)
    places = (free, np.searchsorted(rows, table.row[free]))
    stray = vstack([csr_array((np.full(len(free), REACH), places), shape=(counts, len(rows)))] * worlds)
    forms = block_diag([table.forms] * worlds)
    constraints = [
        LinearConstraint(hstack([forms, -stray]).tocsr(), -np.inf, 0.0),
        LinearConstraint(hstack([forms, stray]).tocsr(), 0.0, np.inf),
        LinearConstraint(_apart(table, protected, len(rows)), np.asarray(limits) / unit, np.inf),
    ]
    loss = table.loss[rows] / max(table.loss[rows].max(initial=0.0), 1e-9)
    unknowns = np.zeros(worlds * atoms)
    with quiet():
        found = milp(
            np.concatenate([unknowns, loss]),
            constraints=constraints,
            integrality=np.concatenate([unknowns, np.ones(len(rows))]),
            bounds=Bounds(
                np.concatenate([np.tile(-table.atoms / unit, worlds), hidden[rows].astype(float)]),
                np.concatenate([unknowns + np.inf, np.ones(len(rows))]),
            ),
            options={"mip_rel_gap": 0.0, "node_limit": NODES},
        )
    made = hidden.copy()
    made[rows] = True if found.x is None else found.x[worlds * atoms :] > 0.5
    return made


def _apart(table: Table, protected: Sequence[int], rows: int) -> csr_array:
    """Return for each protected count its value in the high world less that in the low one."""
    from scipy.sparse import block_diag, csr_array, hstack

    each = [hstack([table.forms[[count]], -table.forms[[count]]]) for count in protected]
    return hstack([block_diag(each), csr_array((len(protected), rows))]).tocsr()
