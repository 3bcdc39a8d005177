"""Small numbers: how far chance alone takes a municipality of each size, and what is left when chance is taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.deep_dive import frames
from evaluation.errors import EstimationError, Problem
from evaluation.positions.weighted import two_variances
from evaluation.sick_leave import WORKING_DAYS
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.deep_dive.result import CaseComparison
    from evaluation.study import Study

CITATION = (
    "Spiegelhalter, D. J. (2005). Funnel plots for comparing institutional performance. Statistics in Medicine 24(8), "
    "1185-1202; Morris, C. N. (1983). Parametric empirical Bayes inference. Journal of the American Statistical "
    "Association 78(381), 47-55."
)
LIMITS = (0.95, 0.998)
FEWEST = 10
STEPS = 60


@dataclass(frozen=True, eq=False)
class Funnel(Described):
    """Every municipality's figure against its size, with the limits that chance alone would keep it within.

    Attributes
    ----------
    rows : `municipality`, `man_years`, `value` (per cent, or percentage points for a change), `standard_error` (of
        chance alone), `outside` (``"no"``, ``"95"`` or ``"99.8"``: the limits it lies outside), `shrunken`, `low`,
        `high` (what is left with chance taken out, with an interval), `rank` (1 is the lowest shrunken figure).
    limits : `man_years`, `low_95`, `high_95`, `low_998`, `high_998`: the funnel.
    centre : the figure of all together (the country's rate, or its change).
    between : standard deviation of the true figures of municipalities.
    expected_outside : how many chance alone would put outside the inner limits.
    confidence : of the shrunken intervals.
    """

    rows: pd.DataFrame
    limits: pd.DataFrame
    centre: float
    between: float
    expected_outside: float
    confidence: float

    def of(self, municipality: str) -> pd.Series | None:
        """Return the row of a municipality, None if it has no figures."""
        found = self.rows[self.rows["municipality"] == municipality]
        return None if found.empty else found.iloc[0]


def funnel(
    table: pd.DataFrame,
    windows: Mapping[str, frames.Window],
    *,
    change: bool = False,
    kind: str = "total",
    units: Mapping[str, str] | None = None,
    confidence: float = 0.95,
) -> Funnel:
    """Set every municipality's sick leave, or its change, against its size.

    The squared distances from the centre are fitted by a part common to all sizes (true differences) and a part in
    proportion to one over the agreed days (chance; see `positions.weighted.two_variances`). Chance sets the limits:
    sick leave comes in spells, so it is far larger than if every day were drawn alone. Each figure is drawn towards the
    centre by the share of its variance that is chance (empirical Bayes), so that small municipalities do not come first
    and last in every ranking.

    Parameters
    ----------
    table : the tidy table of sick leave.
    windows : the four quarters ``after``, and ``before`` them, as first and last quarter.
    change : of the change from before to after; otherwise of the level after.
    kind : a key of `sick_leave.KINDS`.
    units : another name for some municipalities; those with the same are pooled (a joint case).

    Raises
    ------
    EstimationError
        With fewer than ten municipalities.
    """
    from scipy.stats import norm

    sums = frames.sick_leave_sums(table, windows, kind)
    if units:
        sums = sums.groupby(sums.index.map(lambda code: units.get(code, code))).sum()
    if len(sums) < FEWEST:
        what = f"A funnel needs {FEWEST} municipalities with figures; there are {len(sums)}"
        raise EstimationError(Problem(what, "Choose other windows, or deliver more"))
    before, after = (sums[f"top_{when}"] / sums[f"bottom_{when}"] for when in ("before", "after"))
    centre = float(sums["top_after"].sum() / sums["bottom_after"].sum())
    days, scale = sums["bottom_after"], 1 / sums["bottom_after"]
    value = after
    if change:
        centre -= float(sums["top_before"].sum() / sums["bottom_before"].sum())
        value, scale = after - before, scale + 1 / sums["bottom_before"]
        days = 2 / scale
    common, chance = two_variances(np.square((value - centre).to_numpy()), scale.to_numpy())
    error = np.sqrt(chance * scale)
    kept = common / (common + chance * scale) if common > 0 else 0.0 * scale
    shrunken, spread = centre + kept * (value - centre), np.sqrt(kept * chance * scale)
    reach = float(norm.ppf(0.5 + confidence / 2))
    inner, outer = (float(norm.ppf(0.5 + share / 2)) for share in LIMITS)
    far = (value - centre).abs()
    rows = pd.DataFrame(
        {
            "man_years": days / WORKING_DAYS,
            "value": value,
            "standard_error": error,
            "outside": np.where(far > outer * error, "99.8", np.where(far > inner * error, "95", "no")),
            "shrunken": shrunken,
            "low": shrunken - reach * spread,
            "high": shrunken + reach * spread,
            "rank": shrunken.rank(method="min").astype(int),
        }
    )
    return Funnel(
        rows=rows.rename_axis("municipality").reset_index(),
        limits=_limits(rows["man_years"], centre, chance, 2.0 if change else 1.0, inner, outer),
        centre=centre,
        between=float(np.sqrt(common)),
        expected_outside=(1 - LIMITS[0]) * len(rows),
        confidence=confidence,
    )


def small_numbers(study: Study, found: CaseComparison, *, change: bool = True) -> Funnel | None:
    """Return the funnel of a case's change in sick leave among all municipalities, the case as ``"case"``.

    Before and after are the case's own. None where there are not both.
    """
    known = found.windows.dropna(subset=["first"])
    windows = {row["when"]: (row["first"], row["last"]) for _, row in known.iterrows()}
    if len(windows) < 2 or found.gap("sick_leave_rate") is None:
        return None
    return funnel(study.sick_leave, windows, change=change, units=dict.fromkeys(found.case.municipalities, "case"))


def _limits(
    man_years: pd.Series, centre: float, chance: float, parts: float, inner: float, outer: float
) -> pd.DataFrame:
    sizes = np.geomspace(man_years.min(), man_years.max(), STEPS)
    error = np.sqrt(chance * parts / (sizes * WORKING_DAYS))
    columns = {"man_years": sizes}
    for name, reach in (("95", inner), ("998", outer)):
        columns |= {f"low_{name}": centre - reach * error, f"high_{name}": centre + reach * error}
    return pd.DataFrame(columns)
