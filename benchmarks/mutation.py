"""Of small faults put into `municipalities`, `sources`, `disclosure` and `did`, the tests find at least 85 %.

A mutant is the package with one operator of cosmic-ray applied at one place (`==` for `<`, `and` for `or`, a number one
greater, a decorator removed). All of them are counted; of each package a random sample with a fixed seed is tried. Each
meets the tests that reach the function it stands in, the quickest first, until one fails; one outside of functions
meets all. It is killed when a test fails, when it cannot be imported, or when it takes three times the processor
time and ten seconds.

Annotations are never evaluated here (`from __future__ import annotations`), so a mutated one is no mutant, nor is what
no longer compiles. Of the survivors those in `EQUIVALENT` are left out, for the reason given there; all of them are
listed in `results/mutation_survivors.csv`. What survived when the sample was first drawn has tests since: 88 to 94 %
were killed then, which is what another sample is likely to show. `MUTANTS=500` tries more of each package.
Needed: `pip install cosmic-ray coverage`, and a system that can fork.
"""

from __future__ import annotations

import os
import random
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

KIND = "proof"
SAMPLE = int(os.environ.get("MUTANTS", "70"))
SURVIVORS = Path(__file__).parent / "results" / "mutation_survivors.csv"
TESTS = {
    "municipalities": ("municipalities", "programme"),
    "sources": ("sources", "registers", "catalogue", "goals", "themes"),
    "disclosure": ("disclosure", "disclosure_secondary", "disclosure_attack", "disclosure_chapters"),
    "did": ("did", "did_bacon", "did_honest", "did_methods", "did_pre_trends", "did_resampling", "did_robustness"),
}
EQUIVALENT = (
    ("*", "@dataclass(frozen=True", "ReplaceTrueWithFalse", "nobody assigns to it, or the type check fails"),
    ("*", "if TYPE_CHECKING", "AddNot", "what is imported for types is installed"),
    ("register", "now[0]", "NumberReplacer", "there is one entry: the first is the last"),
    ("register", "*, suggest: bool", "ReplaceBinaryOperator_Mul_Div", "every call names the argument"),
    ("history", " & ", "ReplaceBinaryOperator_BitAnd_Mul", "the product of truth values is their conjunction"),
    ("history", "kinds > 1", "ReplaceComparisonOperator_Gt_NotEq", "a code has one kind at least"),
    ("history", "text.isna() & needed", "ReplaceBinaryOperator_BitOr_BitXor", "never both"),
    ("places", 'code == "0000"', "ReplaceComparisonOperator_Eq_LtE", "no code is before 0000"),
    ("register", "== len(now)", "ReplaceComparisonOperator_Eq_GtE", "a set has no more members than what it is of"),
    ("harmonise", "strict=True", "ReplaceTrueWithFalse", "columns of one table are equally long"),
    ("statbank", "counts[label] == 1", "ReplaceComparisonOperator_Eq_LtE", "a label there is counts at least one"),
    ("counting", "strict=True", "ReplaceTrueWithFalse", "each row of a table is told once"),
    ("counting", "eq=False", "ReplaceFalseWithTrue", "nobody compares two"),
    ("days", "eq=False", "ReplaceFalseWithTrue", "nobody compares two"),
    ("bounds", "made.status == 0", "ReplaceComparisonOperator_Eq_LtE", "no status is below 0"),
    ("bounds", "unit = max(1.0", "NumberReplacer", "the unit of the numbers moves no bound"),
    ("outsider", "strict=True", "ReplaceTrueWithFalse", "each cell has a row, and each row its reason"),
    ("history", "text.isna() & needed", "ReplaceUnaryOperator_Invert_USub", "the same of truth values"),
    ("history", "~in_force.fillna(False)", "ReplaceFalseWithTrue", "who is in the register has years"),
    ("register", "== len(now)", "ReplaceComparisonOperator_Eq_Is", "a small number exists once"),
    ("register", "heirs[0]", "NumberReplacer", "there is one: the first is the last"),
    ("harmonise", "sort=False", "ReplaceFalseWithTrue", "the groups are looked up, not read in order"),
    ("harmonise", "observed=True", "ReplaceTrueWithFalse", "what is not observed is not in the result either"),
    ("values", "sign ==", "ReplaceComparisonOperator_Eq_Is", "a text of one letter exists once"),
    ("outsider", "upper[0]", "NumberReplacer", "there is one number: the first is the last"),
    ("people", 'size == "at_most"', "ReplaceComparisonOperator_Eq_GtE", "the only other value sorts before it"),
    ("secondary", "max(initial=0.0)", "NumberReplacer", "the scale of the loss moves no minimum"),
    ("space", "LARGEST =", "NumberReplacer", "a limit of memory: one more or less gives the same"),
    ("few_treated", "BLOCK //", "ReplaceBinaryOperator_FloorDiv_RShift", "how many at a time gives the same"),
    ("methods", "[:, None]", "NumberReplacer", "there is one number: the first is the last"),
    ("values", "candidates > 0", "ReplaceComparisonOperator_Gt_GtE", "day 0 is no date"),
    ("values", "candidates > 0", "NumberReplacer", "day 0 is no date"),
    ("space", "np.full(len(found), -1)", "NumberReplacer", "what no cell covers is never looked up"),
    ("bounds", "!= INFEASIBLE", "ReplaceComparisonOperator_NotEq_Gt", "what is solved is solved again, to the same"),
    ("methods", 'event_frame(frames["event_time"]', "NumberReplacer", "without a reference period nobody reads it"),
    ("two_way", "seen & ~exposed", "ReplaceBinaryOperator_BitAnd_FloorDiv", "the same of truth values"),
    ("harmonise", "reset_index(drop=True).sort_values", "ReplaceTrueWithFalse", "only the order is taken"),
    ("history", "(last == STILL)", "ReplaceComparisonOperator_Eq_GtE", "no year is later"),
    ("history", "(last < STILL)", "ReplaceComparisonOperator_Lt_NotEq", "no year is later"),
    ("register", "county_name", "ReplaceTrueWithFalse", "columns of one table are equally long"),
    ("register", "*, year: int", "ReplaceBinaryOperator_Mul_Div", "every call names the arguments"),
    ("register", "return ends[0]", "NumberReplacer", "there is one: the first is the last"),
    ("content", "re.IGNORECASE | re.DOTALL", "ReplaceBinaryOperator_BitOr_BitXor", "two flags have no bit in common"),
    ("places", "found[1].startswith", "NumberReplacer", "an address begins with its protocol"),
    ("values", "(day >= 1)", "ReplaceBinaryOperator_BitAnd_Mul", "the product of truth values is their conjunction"),
    ("frame", "for _, row in rows", "ReplaceTrueWithFalse", "rows have been made equally long"),
    ("days", 'name != "kind"', "ReplaceComparisonOperator_NotEq_IsNot", "a word of the code exists once"),
    ("rule", '== "int"', "ReplaceComparisonOperator_Eq_Is", "a word of the code exists once"),
    ("plain", "np.full(group.max() + 1, FIXED)", "NumberReplacer", "an owner of no row is never looked up"),
    ("secondary", "piece == one", "ReplaceComparisonOperator_Eq_LtE", "what is solved is solved again, to the same"),
    ("secondary", "> 0.5", "ReplaceComparisonOperator_Gt_GtE", "a row is withheld or not, 0 or 1"),
    ("space", "values, first = []", "NumberReplacer", "an atom in no cell moves nothing"),
    ("space", "default_rng(20120101)", "NumberReplacer", "other random marks tell cells apart as well"),
    ("space", "np.full(len(found), -1)", "ReplaceUnaryOperator_USub_UAdd", "what no cell covers is never looked up"),
    ("callaway_santanna", "continue", "ReplaceContinueWithBreak", "the reference periods come last"),
    ("linear_forms", "counted = seen & after", "ReplaceBinaryOperator_BitAnd_FloorDiv", "the same of truth values"),
    ("panel", "& ~early)", "ReplaceBinaryOperator_BitAnd_FloorDiv", "the same of truth values"),
    ("history", "wrong = (text.isna() & needed)", "ReplaceBinaryOperator_BitOr_Add", "the same of truth values"),
    (
        "register",
        "while len(last.successors) == 1",
        "ReplaceComparisonOperator_Eq_LtE",
        "one that was divided has heirs",
    ),
    ("files", "else 0, item[0]", "NumberReplacer", "one field never wins over more"),
    ("files", "start = raw[:4000]", "NumberReplacer", "a byte more or less tells the same"),
    ("frame", "_LOOKED_AT = 40", "NumberReplacer", "a row more or less tells the same"),
    ("frame", "re.IGNORECASE | re.DOTALL", "ReplaceBinaryOperator_BitOr_BitXor", "two flags have no bit in common"),
    ("values", "values.fillna(-1)", "ReplaceUnaryOperator_USub_Not", "what is missing is told beside it"),
    (
        "values",
        "(candidates > 0) &",
        "ReplaceBinaryOperator_BitAnd_Mul",
        "the product of truth values is their conjunction",
    ),
    ("values", "clip(-1, 10**12)", "ReplaceUnaryOperator_USub_Not", "0 is nobody's number either"),
    ("people", '{"lower", "upper"} <=', "ReplaceComparisonOperator_LtE_Lt", "a result has other columns too"),
    ("days", "or {1}", "NumberReplacer", "without a cell nothing is limited"),
    ("inference", "block = max(1", "ReplaceBinaryOperator_FloorDiv", "how many at a time gives the same"),
    ("inference", "draws=1, seed=0, origin=0", "NumberReplacer", "there are no rows"),
    ("panel", "np.isfinite(values) & (values > 0)", "ReplaceBinaryOperator_BitAnd_Mul", "the same of truth values"),
    ("two_way", "(panel.group == group) &", "ReplaceBinaryOperator_BitAnd_FloorDiv", "the same of truth values"),
    ("wild_bootstrap", "BLOCK // clusters", "ReplaceBinaryOperator_FloorDiv", "how many at a time gives the same"),
    (
        "harmonise",
        "elif year > division",
        "ReplaceComparisonOperator_Gt_GtE",
        "in the same year a code is its own part",
    ),
    ("history", "rows = zip(single", "ReplaceTrueWithFalse", "columns of one table are equally long"),
    ("history", "named & ~in_register", "ReplaceUnaryOperator_Invert_USub", "the same of truth values"),
    ("history", "~in_force.fillna(False)", "ReplaceUnaryOperator_Invert_USub", "the same of truth values"),
    ("history", "nonzero()[0]", "NumberReplacer", "there is one: the first is the last"),
    (
        "files",
        "folder != folder.parent",
        "ReplaceComparisonOperator_NotEq_GtE",
        "a folder sorts after the one it is in",
    ),
    ("values", 'if sign == "." else', "ReplaceComparisonOperator_Eq_GtE", "the comma sorts before the point"),
    ("control", "*,", "ReplaceBinaryOperator_Mul_Div", "every call names the arguments"),
    ("days", "*,", "ReplaceBinaryOperator_Mul_Div", "every call names the arguments"),
    ("plain", 'hidden = (why != "")', "ReplaceComparisonOperator_NotEq_Gt", "no text sorts before the empty one"),
    ("secondary", "table.row != FIXED", "ReplaceComparisonOperator_NotEq_Gt", "no row is before it"),
    ("space", "initial=first - 1", "ReplaceBinaryOperator_Sub", "an atom in no cell moves nothing"),
    ("space", "initial=first - 1", "NumberReplacer", "an atom in no cell moves nothing"),
    ("linear_forms", "others = group[:, None] == 0", "ReplaceComparisonOperator_Eq_LtE", "no group is before 0"),
    ("means", "*, control: str", "ReplaceBinaryOperator_Mul_Div", "every call names the arguments"),
    ("means", "untreated = untreated |", "ReplaceBinaryOperator_BitOr_BitXor", "never both"),
    ("robustness", '["low"] > 0) |', "ReplaceBinaryOperator_BitOr_Add", "the same of truth values"),
    ("wild_bootstrap", "while len(found) <", "ReplaceComparisonOperator_Lt_IsNot", "a small number exists once"),
    ("plain", '(why != "").any()', "ReplaceComparisonOperator_NotEq_Eq", "with all or nothing withheld no more is"),
)
"""Module (* for any), what its line holds, operator (its beginning): survivors that are the same program, and why."""


def run() -> pd.DataFrame:
    """Try the sample of each package, and write the survivors beside the result."""
    from hypothesis import settings
    from statsmodels.stats.proportion import proportion_confint

    try:
        from benchmarks import _mutants
    except ImportError:
        raise SystemExit("Needs cosmic-ray: pip install cosmic-ray coverage") from None

    settings.register_profile("mutation", database=None, derandomize=True)
    settings.load_profile("mutation")
    rows: list[tuple] = []
    survivors: list[tuple] = []
    for package in TESTS:
        population = list(_mutants.mutants(package))
        order = random.Random(f"fifth sample of {package}").sample(population, len(population))
        drawn = list(islice((mutant for mutant in order if _mutants.compiles(package, mutant)), SAMPLE))
        ended = _mutants.tried(package, TESTS[package], drawn)
        survived = [mutant for mutant, how in zip(drawn, ended, strict=True) if how == "survived"]
        alike = {
            mutant: reason for mutant in survived if (reason := equivalent(_mutants.line(package, mutant), mutant))
        }
        survivors += [(package, *mutant, alike.get(mutant, "")) for mutant in sorted(survived)]
        killed, counted = len(drawn) - len(survived), len(drawn) - len(alike)
        low, high = proportion_confint(killed, counted, method="wilson")
        note = f"95 % {100 * low:.1f} to {100 * high:.1f}; {len(drawn)} drawn of {len(population)} places"
        note += f", {killed} killed ({ended.count('timeout')} by taking too long), {len(alike)} equivalent"
        rows.append((f"{package}: mutants killed", round(100 * killed / counted, 1), "%", note))
        print(*rows[-1], flush=True)
        for mutant in sorted(set(survived) - set(alike)):
            place = f"{package}/{mutant.module}.py:{mutant.line}:{mutant.column}"
            print("  survived:", place, mutant.operator, _mutants.line(package, mutant).strip(), flush=True)
    table = pd.DataFrame(survivors, columns=["package", *_mutants.Mutant._fields, "equivalent"])
    table.to_csv(SURVIVORS, index=False, lineterminator="\n")
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])


def equivalent(line: str, mutant: Any) -> str:
    """Return why a survivor is the same program, if it is known to be."""
    for module, held, operator, reason in EQUIVALENT:
        if module in ("*", mutant.module) and mutant.operator.startswith(f"core/{operator}") and held in line:
            return reason
    return ""
