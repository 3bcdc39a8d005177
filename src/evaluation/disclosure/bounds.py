"""How closely sums of non-negative atoms can be bounded, by linear programming (HiGHS)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.errors import EvaluationError

if TYPE_CHECKING:
    from scipy.sparse import csr_array


INFEASIBLE, UNBOUNDED = 2, 3


@dataclass(frozen=True)
class Bounds:
    """The least and the greatest a count can be, and the known rows (by place) that make it so."""

    lower: float
    upper: float
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Knowns:
    """What is known of non-negative atoms: `lower` <= `forms` @ atoms <= `upper`, row by row."""

    forms: csr_array
    lower: np.ndarray
    upper: np.ndarray
    _pieces: dict[tuple[bytes, float], tuple[np.ndarray, csr_array, np.ndarray]] = field(default_factory=dict)

    @cached_property
    def _component(self) -> np.ndarray:
        """The connected piece of each atom: what is known of one piece says nothing of another."""
        from scipy.sparse import block_array
        from scipy.sparse.csgraph import connected_components

        graph = block_array([[None, self.forms], [self.forms.T, None]])
        return connected_components(graph, directed=False)[1][self.forms.shape[0] :]

    def bounds(self, target: csr_array, unit: float) -> Bounds | None:
        """Bound `target` @ atoms; None where what is known contradicts itself. `unit` is the size that matters."""
        inside = np.isin(self._component, np.unique(self._component[target.indices]))
        rows, forms, ends = self._within(inside, unit)
        aim = np.asarray(target[:, inside].todense()).ravel()
        found, used = [], set()
        for sign in (1.0, -1.0):
            # The marginals say which numbers the bound rests on.
            made = _least(sign * aim, forms, ends)
            if made.status == INFEASIBLE:
                return None
            if made.status not in (0, UNBOUNDED):
                raise EvaluationError(f"A withheld count could not be bounded: {made.message}")
            found.append(sign * made.fun if made.status == 0 else np.inf)
            used |= set(rows[np.abs(made.ineqlin.marginals) > 1e-7].tolist()) if made.status == 0 else set()
        return Bounds(found[0] * unit, found[1] * unit, tuple(sorted(used)))

    def _within(self, inside: np.ndarray, unit: float) -> tuple[np.ndarray, csr_array, np.ndarray]:
        """Return what is known of some atoms as upper limits: whose rows they are, forms and limits."""
        key = (inside.tobytes(), unit)
        if key not in self._pieces:
            from scipy.sparse import vstack

            rows = np.flatnonzero(np.diff(self.forms[:, inside].indptr))
            forms = self.forms[:, inside][rows]
            given = np.concatenate([self.upper[rows], -self.lower[rows]]) / unit
            real = np.isfinite(given)
            self._pieces[key] = np.concatenate([rows, rows])[real], vstack([forms, -forms]).tocsr()[real], given[real]
        return self._pieces[key]


def solved(forms: csr_array, values: Sequence[float]) -> np.ndarray | None:
    """Return non-negative atoms with these sums, None where there are none."""
    from scipy.sparse import vstack

    unit = max(1.0, float(np.median(np.abs(values))))
    lower, upper = around(np.asarray(values) / unit, 1e-8)
    both = vstack([forms, -forms]).tocsr()
    found = _least(np.zeros(forms.shape[1]), both, np.concatenate([upper, -lower]))
    return np.maximum(found.x, 0.0) * unit if found.status == 0 else None


def _least(aim: np.ndarray, forms: csr_array, ends: np.ndarray) -> Any:
    """Return the solution of least `aim` @ atoms, where `forms` @ atoms is at most `ends`."""
    from scipy.optimize import linprog

    for presolve in (True, False):
        # Presolve takes numbers known more closely than its tolerance for a contradiction: ask again without.
        found = linprog(aim, A_ub=forms, b_ub=ends, bounds=(0, None), method="highs", options={"presolve": presolve})
        if found.status != INFEASIBLE:
            break
    return found


def around(values: Sequence[float] | np.ndarray, near: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the intervals that rounded values stand for; `near` is relative to their size."""
    exact = np.asarray(values, dtype=float)
    reach = near * np.maximum(np.abs(exact), 1.0)
    return exact - reach, exact + reach
