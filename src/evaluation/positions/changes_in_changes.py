"""Changes-in-changes: the effect along the distribution under another assumption than parallel trends.

Athey and Imbens (2006): who holds a given size before would, without the programme, have moved as the others who held
that size moved. The counterfactual distribution of the participants is theirs before, carried along by what happened to
the ranks of the others. It does not depend on the scale, as difference-in-differences does. Sizes pile up at 50, 75
and 100, so that ranks within a spike are not known: the effect has a lower and an upper bound, and a point between them
if within a spike who moves does not depend on the group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.errors import InputError, Problem
from evaluation.positions.change import require_years
from evaluation.positions.histogram import FULL_TIME, QUANTILES, SMALL, Histogram, quantile_name
from evaluation.positions.source import View
from evaluation.positions.weighted import Floats
from evaluation.workbench import Described

CITATION = (
    "Athey, S. and Imbens, G. W. (2006). Identification and inference in nonlinear difference-in-differences models. "
    "Econometrica 74(2), 431-497; section 4 for discrete outcomes."
)
POINTS = ("discrete", "lower", "upper")


@dataclass(frozen=True, eq=False)
class ChangesInChanges(Described):
    """Effects by changes-in-changes, all persons pooled.

    Attributes
    ----------
    data : by `measure` (``mean_size``, ``full_time_share``, ``small_share``, ``p10``, ..., ``median``): `observed` and
        `counterfactual` (per cent, participants in the last year), `estimate` (percentage points), `low`, `high` (of
        the estimate, clustered on municipality), `bound_low`, `bound_high` (what the data alone can say where ranks
        within a spike are unknown; they have no sampling error in them), the smallest count of the four cells,
        `municipalities`, `treated`.
    counterfactual : `percentage`, `observed`, and the cumulative shares (per cent) `discrete`, `lower`, `upper`.
    baseline, last, view : as asked for.
    standard_error, citation : the convention, and the source.
    """

    data: pd.DataFrame
    counterfactual: pd.DataFrame
    baseline: int
    last: int
    view: View
    standard_error: str
    citation: str = CITATION


def changes_in_changes(
    hist: Histogram,
    baseline: int,
    last: int,
    *,
    column: str = "group",
    participants: str = "participants",
    others: str = "others",
    at: Sequence[float] = QUANTILES,
    small: float = SMALL,
    level: float = 0.95,
    draws: int = 499,
    seed: int = 0,
) -> ChangesInChanges:
    """Estimate the effect on mean, full-time share, small share and quantiles by changes-in-changes.

    Parameters
    ----------
    hist : split by municipality, year and `column`.
    baseline, last : a year before anyone had started, and a year after.
    column, participants, others : the column that tells the groups, and its two values.
    at : quantiles, as shares.
    small : below this many per cent is small.
    level, draws, seed : intervals are percentiles of a bootstrap that draws whole municipalities within each group.

    Notes
    -----
    Municipalities weigh by their employees here, unlike in `distributional_effect` unless it is weighted.
    """
    require_years(hist, baseline, last)
    hist._require([column, "municipality"])
    if not all(0 < share < 1 for share in at):
        raise InputError(Problem("A quantile is a share between 0 and 1", "Give e.g. (0.25, 0.5, 0.75)", value=at))
    if not 0.5 < level < 1 or draws < 99:
        what = "An interval needs a level between 0.5 and 1 and at least 99 draws"
        raise InputError(Problem(what, "Use 0.95 and 499", value=f"{level}, {draws}"))
    data = hist.where(year=[baseline, last], **{column: [participants, others]}).data
    tenths = np.rint(data["percentage"].to_numpy() * 10).astype(np.int64)
    grid, place = np.unique(tenths, return_inverse=True)
    cells = {}
    for name in (participants, others):
        inside = (data[column] == name).to_numpy()
        units = np.unique(data.loc[inside, "municipality"].astype("str"))
        if len(units) < 2:
            what = "A group has fewer than two municipalities"
            raise InputError(Problem(what, "Compare groups of at least two", column=column, value=name))
        for year in (baseline, last):
            rows = inside & (data["year"] == year).to_numpy()
            counts = np.zeros((len(units), len(grid)))
            where = np.searchsorted(units, data.loc[rows, "municipality"].astype("str"))
            np.add.at(counts, (where, place[rows]), data.loc[rows, hist.count].to_numpy())
            if not counts.any():
                what = f"A group has nobody in {year}"
                raise InputError(Problem(what, "Choose years both groups have", column=column, value=name))
            cells[name, year] = counts
    order = [(others, baseline), (others, last), (participants, baseline), (participants, last)]
    sums = [cells[key].sum(axis=0) for key in order]
    sizes = grid / 10
    point = counterfactual(*(_cumulative(one) for one in sums[:3]))
    observed = _cumulative(sums[3])
    levels = {name: _summary(sizes, curve, at, small) for name, curve in zip(POINTS, point, strict=True)}
    own = _summary(sizes, observed, at, small)
    drawn = _bootstrap([cells[key] for key in order], sizes, at, small, draws, seed)
    tail = 100 * (1 - level) / 2
    low, high = np.nanpercentile(drawn, [tail, 100 - tail], axis=0)
    ends = np.stack([own - levels["lower"], own - levels["upper"]])
    names = ["mean_size", "full_time_share", "small_share", *(quantile_name(share) for share in at)]
    municipalities = [len(cells[name, last]) for name in (participants, others)]
    table = pd.DataFrame(
        {
            "measure": names,
            "observed": own,
            "counterfactual": levels["discrete"],
            "estimate": own - levels["discrete"],
            "low": low,
            "high": high,
            "bound_low": ends.min(axis=0),
            "bound_high": ends.max(axis=0),
            hist.count: int(min(one.sum() for one in sums)),
            "municipalities": sum(municipalities),
            "treated": municipalities[0],
        }
    )
    curves = pd.DataFrame({"percentage": sizes, "observed": 100 * observed})
    curves = curves.assign(**{name: 100 * curve for name, curve in zip(POINTS, point, strict=True)})
    convention = f"percentiles of {draws} bootstrap draws of whole municipalities within each group"
    return ChangesInChanges(table, curves, baseline, last, hist.view, convention)


def counterfactual(others_before: Floats, others_after: Floats, before: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the distribution the participants would have had: cumulative shares on the same grid of sizes.

    With F00, F01 for the others before and after and F10 for the participants before, at each y: the lower function is
    the share of F10 at sizes x with F00(x) <= F01(y), the upper that at sizes with F00 just below x less than F01(y)
    (Athey and Imbens 2006, theorem 4.1); between them, where the rank F01(y) stands within the step of F00 it falls in
    (theorem 4.2, conditional independence). The lower function is the continuous estimator's (equation 9).

    Returns
    -------
    discrete, lower, upper : arrays as given.
    """
    tolerance = 1e-12
    # How many sizes of the grid lie at or below the rank, and how many begin below it.
    at_or_below = np.searchsorted(others_before, others_after + tolerance, side="right")
    just_below = np.concatenate([[0.0], others_before[:-1]])
    begun = np.searchsorted(just_below, others_after - tolerance, side="left")
    padded, ranks = np.concatenate([[0.0], before]), np.concatenate([[0.0], others_before])
    lower = padded[at_or_below]
    # Sizes that the others never have, beside one where the ranks meet exactly, are in the lower function alone.
    upper = np.maximum(padded[begun], lower)
    bottom, top = ranks[at_or_below], ranks[np.maximum(begun, at_or_below)]
    step = top - bottom
    within = np.divide(others_after - bottom, step, out=np.zeros_like(step), where=step > tolerance)
    return lower + (upper - lower) * np.clip(within, 0.0, 1.0), lower, upper


def _cumulative(counts: Floats) -> Floats:
    running = np.cumsum(counts)
    return running / running[-1]


def _summary(sizes: Floats, curve: Floats, at: Sequence[float], small: float) -> Floats:
    """Return the mean, the shares at 100 and above and below `small` (per cent), and the quantiles of a curve."""
    mass = np.diff(np.concatenate([[0.0], curve]))
    full = 100 * mass[sizes >= FULL_TIME / 10].sum()
    below = 100 * mass[sizes < small].sum()
    # The small number keeps rounding from moving a quantile to the next size.
    places = np.minimum(np.searchsorted(curve, np.asarray(at) - 1e-9, side="left"), len(sizes) - 1)
    return np.concatenate([[mass @ sizes, full, below], sizes[places]])


def _bootstrap(cells: list[Floats], sizes: Floats, at: Sequence[float], small: float, draws: int, seed: int) -> Floats:
    """Draw municipalities with replacement within each group, both years together; return the estimates drawn."""
    generator = np.random.default_rng(seed)
    units = len(cells[0]), len(cells[2])
    weights = [generator.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64) for n in units]
    sums = [weights[number // 2] @ counts for number, counts in enumerate(cells)]
    drawn = np.full((draws, 3 + len(at)), np.nan)
    for draw in range(draws):
        parts = [one[draw] for one in sums]
        if all(part.any() for part in parts):
            curves = [_cumulative(part) for part in parts]
            own, other = (_summary(sizes, curve, at, small) for curve in (curves[3], counterfactual(*curves[:3])[0]))
            drawn[draw] = own - other
    return drawn
