"""The same table in any dialect is the same table, and nothing a user feeds the suite ends in a traceback."""

from __future__ import annotations

import fuzz
import pandas as pd
import pytest
import unmodified

from evaluation.errors import redact


@pytest.mark.parametrize("name", list(fuzz.PROPERTIES))
def test_it_is_read_as_meant_or_refused_in_words(name, tmp_path):
    fuzz.tried(name, tmp_path, fuzz.PROPERTIES[name][2])


# --- no public function changes its input ---


def test_every_public_function_is_watched_and_a_write_to_its_input_is_seen():
    assert {"evaluation.did.estimate", "evaluation.sources.values.numbers", "evaluation.disclosure.plain.release"} <= (
        unmodified.WATCHED
    )

    def writes(how):
        def function(table):
            how(table)

        return unmodified.watching(function)

    def table():
        return pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})

    ways = {
        "a new column": lambda one: one.insert(0, "c", 1),
        "a column": lambda one: one.__setitem__("a", 0.0),
        "a cell": lambda one: one.iloc.__setitem__((0, 0), 9.0),
        "a text": lambda one: one.loc.__setitem__((0, "b"), "z"),
        "the index": lambda one: setattr(one, "index", [5, 6]),
        "the names": lambda one: setattr(one, "columns", ["p", "q"]),
        "the kind": lambda one: one.isetitem(0, one["a"].astype("int64")),
    }
    for how in ways.values():
        with pytest.raises(AssertionError, match="changes its input"):
            writes(how)(table())
    writes(lambda one: one.assign(a=0))(table())
    with pytest.raises(AssertionError, match="changes its input"):
        writes(lambda one: one["t"].__setitem__("a", 0.0))({"t": table()})


# --- identity numbers ---


@pytest.mark.parametrize("space", ["", " ", "-", "\u00a0", "\u202f"])
def test_an_identity_number_is_never_shown(space):
    number = f"018190{space}50062"
    assert number not in redact(f"før {number} etter")
