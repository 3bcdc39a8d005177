"""The limits below which nothing is shown, and why a row may be withheld."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches

from evaluation.errors import InputError, Problem

PRIMARY = ("few_persons", "few_man_years", "few_municipalities", "dominance", "unknown_count")
REASONS = (*PRIMARY, "secondary", "chosen")
"""Why a row is withheld: for what it holds itself, for another row's sake, or because the parameter file says so."""


@dataclass(frozen=True)
class Rule:
    """The smallest cell that may be shown: persons, man-years (årsverk), and municipalities behind a model result.

    Defaults: fewer than 5 persons (SSB's and NAV's rule) or 10 man-years (KS's rule) are not shown, nor what rests on
    fewer than 3 municipalities (SSB's rule of 3 units), nor a sum over municipalities of which one makes up more than
    `dominance` per cent (the (n, k) rule of Hundepool et al. 2012, Statistical Disclosure Control, section 4.2, with
    n = 1: the others could then tell its figure closely).
    """

    persons: int = 5
    man_years: float = 10.0
    municipalities: int = 3
    dominance: float = 85.0

    @classmethod
    def of(cls, limits: Mapping[str, float] | None) -> Rule:
        """Return the rule of a notebook's `limits`; those not given are the defaults.

        Raises
        ------
        InputError
            A name that is no limit, or a value that is not a number of its kind.
        """
        known = {field.name: field.type for field in fields(cls)}
        problems = []
        for name, value in (limits or {}).items():
            whole = known.get(name) == "int"
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"The limits are {', '.join(known)}."
                problems.append(Problem("There is no such limit", hint, column="limits", value=name))
            elif isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                kind = "a whole number" if whole else "a number"
                problems.append(Problem(f"The limit {name} is not {kind}", f"Write {kind}.", "limits", value=value))
            elif not value > 0 or (name == "dominance" and value > 100):
                problems.append(Problem(f"The limit {name} is out of range", "Write one above 0.", value=value))
        if problems:
            raise InputError(problems)
        return cls(**dict(limits or {}))  # type: ignore[arg-type]

    def limits(self) -> dict[str, float]:
        """Return the limits by name."""
        return asdict(self)


DEFAULT = Rule()
