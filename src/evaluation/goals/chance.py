"""How much of "reached" would come without any programme: the same targets put to municipalities outside it.

Whoever sets a target in a bad year, or starts high, tends to come closer to the mean whatever is done (regression to
the mean: Galton 1886; Barnett, van der Pols and Dobson 2005, International Journal of Epidemiology 34, 215-220). Each
target is therefore put to the never-participating municipalities that had the same level in the same year, and judged
by the same rule in the same later year. It is a yardstick for the word "reached", not an estimate of effect: the
municipalities are alike in one figure only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.goals.comparable import HALFWAY, comparable, percent, status
from evaluation.goals.registers import register_figures
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.study import Study

NEIGHBOURS = 20
DRAWS = 999
CODES = {"not_reached": 0, "partly": 1, "reached": 2}
PAIR = ["indicator", "baseline_year", "judged_year"]
COUNTS = ["targets", "municipalities", "reached", "expected", "low", "high", "as_many", "share_reached"]


@dataclass(frozen=True, eq=False)
class Chance(Described):
    """Targets beside what municipalities outside the programme at the same level came to.

    Attributes
    ----------
    targets : DataFrame
        One row per target that can be put to others: the columns of `comparable`, `judged_year`, `actual` (the
        register's figure then), `status` by it, and of the comparison municipalities `chance_reached` and
        `chance_partly` (shares, 0-1), `comparison_level` (their mean level in the baseline year), `comparison_change`
        (their mean change), and `linear_change` (what the regression line of `persistence` gives).
    draws : array
        For each draw (row) and target (column) 2 reached, 1 partly, 0 not.
    persistence : DataFrame
        `indicator`, `baseline_year`, `judged_year`, `targets` of them, `municipalities`, `mean_before`, `mean_after`,
        `correlation` and `slope` of the later on the earlier level, among the comparison municipalities: with
        correlation r and equal spread, one that starts d above the mean is expected to come (1 - r) d closer to it.
    neighbours : comparison municipalities a target.
    comparison : municipalities to choose among.
    dropped : DataFrame
        `goal_reason`, `targets`: those that cannot be put to others.
    convention : what the interval covers, in words.
    """

    targets: pd.DataFrame
    draws: np.ndarray
    persistence: pd.DataFrame
    neighbours: int
    comparison: int
    dropped: pd.DataFrame
    convention: str

    def by(self, columns: Sequence[str] = (), *, confidence: float = 0.95) -> pd.DataFrame:
        """Count the targets reached beside what chance gives.

        Returns
        -------
        DataFrame
            `columns`, `targets`, `municipalities`, `reached` (by the registers), `expected` (the mean number reached
            among the comparison municipalities), `low`, `high` (the central range of the number in the draws),
            `as_many` (per cent of draws with at least as many), `share_reached`, `share_expected`, `share_low`,
            `share_high` (per cent of the targets), `start_difference` (how far the comparison municipalities start
            below or above, in the indicator's unit; meaningful within one indicator).
        """
        if not 0 < confidence < 1:
            raise InputError(Problem("The confidence must lie between 0 and 1", "Give e.g. 0.95", value=confidence))
        names = list(columns)
        rows = self.targets.reset_index(drop=True)
        parts = rows.groupby(names, sort=False) if names else [((), rows)]
        found = [dict(zip(names, key, strict=True)) | self._count(part, confidence) for key, part in parts]
        shares = ["share_expected", "share_low", "share_high", "start_difference"]
        return pd.DataFrame(found, columns=[*names, *COUNTS, *shares])

    def _count(self, part: pd.DataFrame, confidence: float) -> dict[str, float]:
        numbers = (self.draws[:, part.index] == CODES["reached"]).sum(axis=1)
        reached, size = int((part["status"] == "reached").sum()), len(part)
        low, high = np.quantile(numbers, [(1 - confidence) / 2, (1 + confidence) / 2], method="inverted_cdf")
        expected = float(part["chance_reached"].sum())
        shares = {"share_reached": reached, "share_expected": expected, "share_low": low, "share_high": high}
        return {
            "targets": size,
            "municipalities": int(part["municipality"].nunique()),
            "reached": reached,
            "expected": expected,
            "low": int(low),
            "high": int(high),
            "as_many": 100 * float((numbers >= reached).mean()),
            "start_difference": float((part["comparison_level"] - part["baseline"]).mean()),
            **{name: percent(count, size) for name, count in shares.items()},
        }


def reached_by_chance(
    study: Study,
    *,
    neighbours: int = NEIGHBOURS,
    halfway: float = HALFWAY,
    exclude_earlier: bool = False,
    last: int | None = None,
    draws: int = DRAWS,
    seed: int = 1,
    figures: pd.DataFrame | None = None,
) -> Chance:
    """Put every target that a register can judge to never-participating municipalities that started at its level.

    A target in per cent asks the same change in per cent of each comparison municipality, any other the same change in
    the indicator's unit. Both sides are judged by the registers, in the target year or, if it has not come, in the
    last year (`last`, or the last calendar year of the indicator's register).

    Each draw takes the comparison municipalities anew with replacement, finds the nearest again, and lets one of them
    stand for each participant, in all its targets alike; so it holds both the uncertainty of who is there to compare
    with and what chance does to as many municipalities as there are, whose targets rise and fall together.

    Parameters
    ----------
    study : the study.
    neighbours : how many comparison municipalities a target, those nearest in level in the baseline year.
    halfway : as in `status`.
    exclude_earlier : leave participants of an earlier programme out of the comparison.
    last : judge no later than this year.
    draws, seed : of the interval.
    figures : of `register_figures`, where there already.
    """
    _check(neighbours, draws)
    known = register_figures(study) if figures is None else figures
    targets, dropped = _judgeable(study, known, last)
    units = study.municipalities
    outside = units[(units["group"] == "others") & ~(units["earlier"] & exclude_earlier)]
    levels = known[known["municipality"].isin(outside["municipality"])]
    wide = levels.pivot_table(index="municipality", columns=["indicator", "year"], values="figure")
    rng = np.random.default_rng(seed)
    pool = len(wide)
    if pool < neighbours and len(targets):
        remedy = "Ask for fewer neighbours"
        raise InputError(Problem(f"Only {pool} municipalities never took part", remedy, value=neighbours))
    size, count = len(targets), max(pool, 1)
    before, after = np.full((size, count), np.nan), np.full((size, count), np.nan)
    for place, (indicator, early, late) in enumerate(targets[PAIR].itertuples(index=False)):
        for side, year in ((before, early), (after, late)):
            if (indicator, year) in wide:
                side[place] = wide[indicator, year]
    compared = Neighbours.find(targets, before, after, neighbours, halfway)
    few = compared.available < neighbours
    if few.any():
        dropped = _dropped(dropped, "few_comparisons", int(few.sum()))
        targets, compared = targets[~few].reset_index(drop=True), compared.where(~few)
    persistence, linear = _persistence(targets, before[~few], after[~few])
    targets = targets.assign(
        status=status(
            targets["goal_level"], targets["baseline"], targets["actual"], targets["direction"], halfway=halfway
        ),
        chance_reached=compared.mean(compared.outcome == CODES["reached"]),
        chance_partly=compared.mean(compared.outcome == CODES["partly"]),
        comparison_level=compared.mean(compared.start),
        comparison_change=compared.mean(compared.change),
        linear_change=linear,
    )
    drawn = compared.draw(targets["municipality"], draws, rng)
    convention = f"95 % of {draws} draws of comparison municipalities, one standing for all targets of a participant"
    return Chance(targets, drawn, persistence, neighbours, pool, dropped, convention)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Comparison municipalities in the order of their distance, one row a target; `order` are their places."""

    order: np.ndarray
    start: np.ndarray
    change: np.ndarray
    outcome: np.ndarray
    available: np.ndarray
    count: int

    @classmethod
    def find(
        cls, targets: pd.DataFrame, before: np.ndarray, after: np.ndarray, count: int, halfway: float
    ) -> Neighbours:
        """Order the comparison municipalities by their distance from each baseline, and judge them by its target."""
        column = {name: targets[name].to_numpy(dtype=np.float64)[:, None] for name in ("baseline", "change", "value")}
        known = np.isfinite(before) & np.isfinite(after)
        distance = np.where(known, np.abs(before - column["baseline"]), np.inf)
        order = np.argsort(distance, axis=1, kind="stable")
        start, end = (np.take_along_axis(side, order, axis=1) for side in (before, after))
        relative = (targets["kind"] == "per_cent").to_numpy()[:, None]
        wanted = np.where(relative, start * (1 + column["value"] / 100), start + column["change"])
        direction = targets["direction"].to_numpy(dtype=object)[:, None]
        judged = status(wanted, start, end, direction, halfway=halfway)
        outcome = np.select([judged == name for name in CODES], list(CODES.values()), -1).astype(np.int8)
        return cls(order, start, end - start, outcome, known.sum(axis=1), count)

    def where(self, keep: pd.Series | np.ndarray) -> Neighbours:
        """Return the rows told."""
        at = np.asarray(keep)
        rows = {name: getattr(self, name)[at] for name in ("order", "start", "change", "outcome", "available")}
        return replace(self, **rows)

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Return the mean over the nearest."""
        nearest = values[:, : self.count].astype(np.float64)
        return nearest.mean(axis=1) if nearest.size else np.zeros(len(values))

    def draw(self, municipality: pd.Series, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Return what one comparison municipality for each participant comes to, `draws` times."""
        size, pool = self.order.shape
        found = np.empty((draws, size), dtype=np.int8)
        who, participants = pd.factorize(municipality)
        for number in range(draws) if size else ():
            times = rng.multinomial(pool, np.full(pool, 1 / pool))
            upto = np.cumsum(np.where(self.outcome >= 0, times[self.order], 0), axis=1)
            # The nearest of those drawn, each as often as it was; fewer where the draw left fewer.
            within = np.minimum(self.count, upto[:, -1])
            chosen = np.floor(rng.random(len(participants))[who] * within).astype(np.int64)
            place = (upto > chosen[:, None]).argmax(axis=1)
            found[number] = self.outcome[np.arange(size), place]
        return found


def _judgeable(study: Study, known: pd.DataFrame, last: int | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the targets that a register can judge, with the year and its figure, and why the others cannot."""
    targets = comparable(study)
    newest = known.groupby("indicator")["year"].max()
    if last is not None:
        newest = newest.clip(upper=last)
    end = targets["indicator"].map(newest)
    year = targets["target_year"].astype("Float64").fillna(np.inf)
    judged = np.minimum(end.astype("float64"), year.astype("float64"))
    found = targets.assign(judged_year=pd.array(judged, dtype="Float64")).astype({"judged_year": "Int64"})
    beside = known.rename(columns={"year": "judged_year", "figure": "actual"})[
        ["indicator", "municipality", "judged_year", "actual"]
    ].astype({"judged_year": "Int64"})
    found = found.merge(beside, on=["indicator", "municipality", "judged_year"], how="left")
    steps: list[tuple[str, Any]] = [
        ("no_figure", found["lacks"] == "no_figure"),
        ("no_register", found["judged_year"].isna()),
        ("no_baseline", found["baseline"].isna() | found["baseline_year"].isna()),
        ("no_time", (found["judged_year"] <= found["baseline_year"]).fillna(False)),
        ("no_register_figure", found["actual"].isna()),
    ]
    out, dropped = pd.Series(False, index=found.index), pd.DataFrame({"goal_reason": [], "targets": []})
    for reason, lost in steps:
        now = lost.astype(bool) & ~out
        dropped = _dropped(dropped, reason, int(now.sum())) if now.any() else dropped
        out = out | now
    kept = found[~out].reset_index(drop=True)
    return kept.astype({"baseline_year": "int64", "judged_year": "int64"}), dropped


def _dropped(table: pd.DataFrame, reason: str, count: int) -> pd.DataFrame:
    row = pd.DataFrame({"goal_reason": [reason], "targets": [count]})
    return row if table.empty else pd.concat([table, row], ignore_index=True)


def _persistence(targets: pd.DataFrame, before: np.ndarray, after: np.ndarray) -> tuple[pd.DataFrame, np.ndarray]:
    """Return how levels persist among the comparison municipalities, and the change the line gives each target."""
    rows, linear = [], np.full(len(targets), np.nan)
    for key, part in targets.groupby(PAIR, sort=True):
        first = part.index[0]
        early, late = before[first], after[first]
        both = np.isfinite(early) & np.isfinite(late)
        early, late = early[both], late[both]
        spread = float(early.std())
        slope = float(((early - early.mean()) * (late - late.mean())).mean() / spread**2) if spread > 0 else np.nan
        correlation = slope * spread / float(late.std()) if late.std() > 0 else np.nan
        linear[part.index] = late.mean() + slope * (part["baseline"] - early.mean()) - part["baseline"]
        about = {
            "targets": len(part),
            "municipalities": int(both.sum()),
            "mean_before": early.mean(),
            "mean_after": late.mean(),
        }
        rows.append(dict(zip(PAIR, key, strict=True)) | about | {"correlation": correlation, "slope": slope})
    columns = [*PAIR, "targets", "municipalities", "mean_before", "mean_after", "correlation", "slope"]
    kinds = dict.fromkeys(columns[1:5], "int64") | dict.fromkeys(columns[5:], "float64")
    return pd.DataFrame(rows, columns=columns).astype(kinds), linear


def _check(neighbours: int, draws: int) -> None:
    problems = [
        Problem(f"`{name}` is too small", remedy, value=number)
        for name, number, least, remedy in (
            ("neighbours", neighbours, 2, "Compare each target with at least 2 municipalities, e.g. 20."),
            ("draws", draws, 1, "Give at least one draw, e.g. 999."),
        )
        if number < least
    ]
    if problems:
        raise InputError(problems)
