"""Secondary suppression protects every withheld count, and loses no more than need be."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import block_diag, csr_array, vstack

from evaluation.disclosure import secondary
from evaluation.disclosure.secondary import Table, companions

LIMIT = 5.0


def two_way(counts, margins=True):
    """Return a two-way table as one system: its cells, which may be withheld, and its margins, which are shown."""
    counts = np.asarray(counts, dtype=float)
    rows, columns = counts.shape
    cells = csr_array(np.eye(counts.size))
    sums = [np.kron(np.eye(rows), np.ones(columns)), np.kron(np.ones(rows), np.eye(columns))] if margins else []
    forms = vstack([cells, *map(csr_array, sums)]).tocsr()
    row = np.r_[np.arange(counts.size), np.full(forms.shape[0] - counts.size, -1)]
    return Table(forms, counts.ravel(), row, counts.ravel() + 1)


def width(table, hidden, count):
    """By another route: how wide the interval is that what is shown leaves for a count, by two equality programs."""
    shown = (table.row < 0) | ~hidden[table.row]
    forms, aim = table.forms.toarray(), table.forms.toarray()[count]
    known = (table.forms @ table.atoms)[shown]
    ends = [linprog(sign * aim, A_eq=forms[shown], b_eq=known, method="highs-ds") for sign in (1.0, -1.0)]
    return np.inf if ends[1].status == 3 else -ends[1].fun - ends[0].fun


def protects(table, hidden, protected):
    return all(width(table, hidden, count) >= LIMIT - 1e-6 for count in protected)


def least_loss(table, hidden, protected):
    """Try every choice of rows."""
    choices = (np.array(choice, dtype=bool) for choice in product([False, True], repeat=len(hidden)))
    losses = [table.loss[c].sum() for c in choices if (c >= hidden).all() and protects(table, c, protected)]
    return min(losses, default=None)


def small(table):
    cells = len(table.loss)
    return [count for count in range(cells) if table.atoms[count] < LIMIT]


@pytest.mark.parametrize("seed", [1, 3, 6])
def test_the_loss_is_the_least_that_any_choice_of_rows_has(seed):
    random = np.random.default_rng(seed)
    table = two_way(random.choice([0, 2, 3, 6, 9, 14, 20, 31], size=(3, 3)))
    protected = small(table)
    hidden = table.atoms < LIMIT
    made = companions(table, protected, [LIMIT] * len(protected), hidden)
    best = least_loss(table, hidden, protected)
    assert best is not None, "this seed has no answer to compare with"
    assert protects(table, made, protected)
    assert table.loss[made].sum() == pytest.approx(best)


def test_how_far_a_count_may_be_above_and_below_add_up_to_the_limit():
    table = two_way([[1, 3, 50], [3, 9, 60], [20, 70, 80]])
    cheap = np.isin(np.arange(9), [0, 1, 3, 4])  # one below or three above: not five apart
    assert not protects(table, cheap, [0])
    made = companions(table, [0], [LIMIT], np.arange(9) == 0)
    assert protects(table, made, [0])
    assert table.loss[made].sum() == pytest.approx(least_loss(table, np.arange(9) == 0, [0]))


@pytest.mark.parametrize("seed", range(2))
def test_one_count_after_the_other_protects_too(seed, monkeypatch):
    table = two_way(np.random.default_rng(seed).choice([1, 4, 7, 12, 18, 40, 55], size=(4, 6)))
    protected, hidden = small(table), table.atoms < LIMIT
    at_once = companions(table, protected, [LIMIT] * len(protected), hidden)
    monkeypatch.setattr(secondary, "TOGETHER", 0)
    one_by_one = companions(table, protected, [LIMIT] * len(protected), hidden)
    assert protects(table, one_by_one, protected)
    assert table.loss[one_by_one].sum() >= table.loss[at_once].sum() - 1e-9


def test_what_is_small_enough_is_solved_at_once_and_the_rest_one_by_one(monkeypatch):
    table = two_way([[3, 20, 9], [30, 4, 7]])
    protected, hidden = small(table), table.atoms < LIMIT
    unknowns = 2 * len(protected) * table.forms.shape[1]  # a high and a low world for each
    solve, solved = secondary._solved, []

    def seen(part, counts, widths, made):
        solved.append(len(counts))
        return solve(part, counts, widths, made)

    monkeypatch.setattr(secondary, "_solved", seen)
    for together, wanted in ((unknowns, [2]), (unknowns - 1, [1, 1])):
        monkeypatch.setattr(secondary, "TOGETHER", together)
        solved.clear()
        companions(table, protected, [LIMIT] * len(protected), hidden)
        assert solved == wanted


def test_where_no_choice_protects_everything_is_withheld():
    table = two_way([[3, 0], [0, 1]])
    made = companions(table, [0], [LIMIT], np.array([True, False, False, False]))
    assert not protects(table, made, [0])
    assert made.all()


def test_pieces_that_hold_nothing_withheld_are_left_alone():
    apart = two_way([[3, 20], [30, 40]])
    other = two_way([[50, 60], [70, 80]])
    forms = block_diag([apart.forms, other.forms]).tocsr()
    row = np.r_[apart.row, np.where(other.row < 0, -1, other.row + 4)]
    table = Table(forms, np.r_[apart.atoms, other.atoms], row, np.r_[apart.loss, other.loss])
    hidden = table.atoms < LIMIT
    made = companions(table, [0], [LIMIT], hidden)
    assert made.tolist() == [True] * 4 + [False] * 4
    assert hidden.sum() == 1, "the input is left as it was"
