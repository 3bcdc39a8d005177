"""Which inference applies, by the number of treated units: what the size study found (docs/decisions/005)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import pandas as pd

from evaluation.did.resampling import Inference
from evaluation.did.results import Estimate
from evaluation.errors import EstimationError, Problem
from evaluation.workbench import Described

ENOUGH = 20
WILD_FROM = 5
SEVERAL = 4


@dataclass(frozen=True)
class Recommendation(Described):
    """Which inference to lead with.

    Attributes
    ----------
    lead : {"cluster_robust", "randomisation", "ferman_pinto"}
    beside : tuple of str
        What else holds its size, to show beside; of these and "wild_bootstrap".
    against : tuple of str
        What rejects too often, or never.
    reason : str
    treated : int
    """

    lead: str
    beside: tuple[str, ...]
    against: tuple[str, ...]
    reason: str
    treated: int


def recommend_inference(treated: int, *, varies_by_size: bool = False) -> Recommendation:
    """Return which inference applies to a number of treated units.

    Parameters
    ----------
    treated : int
        Treated units behind the estimate (clusters, if treatment is given to clusters).
    varies_by_size : bool
        Whether the size of units is known and it can be defended that nothing but size makes the treated vary more or
        less than the rest. The correction by Ferman and Pinto rests on it.

    Returns
    -------
    Recommendation

    Raises
    ------
    EstimationError
        If nothing is treated, or one unit is and `varies_by_size` is false: no inference then holds.
    """
    if isinstance(treated, bool) or not isinstance(treated, int) or treated < 1:
        raise EstimationError(Problem("The number of treated units must be a whole number, 1 or more", "Count them"))
    if treated == 1 and not varies_by_size:
        what = "With one treated unit nothing tells how much it varies by itself"
        raise EstimationError(Problem(what, "Describe the case, or defend that only size makes units vary differently"))
    by_size = ("ferman_pinto",) if varies_by_size else ()
    if treated >= ENOUGH:
        reason = "With 20 treated units or more cluster-robust errors held, and so did every studentised test."
        return Recommendation("cluster_robust", ("randomisation", "wild_bootstrap", *by_size), (), reason, treated)
    if treated >= SEVERAL:
        reason = (
            "Cluster-robust errors reject a true null too often with so few treated units; studentised randomisation "
            "inference held, whether the treated were small, large or varied more than the rest for other reasons."
        )
        wild = ("wild_bootstrap",) if treated >= WILD_FROM else ()
        return Recommendation("randomisation", (*wild, *by_size), ("cluster_robust",), reason, treated)
    against = ("cluster_robust", "wild_bootstrap")
    if varies_by_size:
        reason = (
            "With so few treated units Ferman and Pinto's correction held and told an effect from none most often; it "
            "holds only if nothing but size makes the treated vary differently."
        )
        return Recommendation("ferman_pinto", ("randomisation",) if treated > 1 else (), against, reason, treated)
    reason = (
        "With two or three treated units studentised randomisation inference held, but it tells few effects from none; "
        "the wild bootstrap never rejects and cluster-robust errors reject a true null in a fifth of cases or more."
    )
    return Recommendation("randomisation", (), against, reason, treated)


def advised(overall: Estimate, test: Inference, *, bound: float = inf) -> Estimate:
    """Return an estimate with the interval and p-value of the inference its number of treated units calls for.

    Parameters
    ----------
    overall : Estimate
        With a cluster-robust standard error.
    test : Inference
        Randomisation inference on the same effect; on the units without gaps, where there are gaps (see `balanced`).
    bound : float
        The largest effect there can be, without sign: 100 for a rate in percent. It ends an interval that no test does.

    Returns
    -------
    Estimate
        As it is where cluster-robust errors hold (see `recommend_inference`); otherwise with `low`, `high` and
        `p_value` of the test. The estimate and its standard error stay.
    """
    if recommend_inference(overall.treated).lead == "cluster_robust":
        return overall
    return replace(overall, low=max(test.low, -bound), high=min(test.high, bound), p_value=test.p_value)


def balanced(panel: pd.DataFrame, *, unit: str, period: str) -> pd.DataFrame:
    """Return the rows of the units that are there in every period, as tests by resampling want them."""
    found = panel.groupby(unit, observed=True)[period].transform("nunique")
    return panel[found == panel[period].nunique()]
