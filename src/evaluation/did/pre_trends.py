"""Whether trends were parallel before the treatment, and how large a difference the data could have missed.

A test that finds nothing says little by itself (Roth 2022), so it comes with the slope of a difference in trends that
it would find with a stated power, with the bias that slope would give, and with the smallest bound that all differences
can be said to be within.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.errors import EstimationError, Problem

if TYPE_CHECKING:
    from evaluation.did.event_study import EventStudy, Window
    from evaluation.did.results import Effects

CITATION = (
    "Roth, J. (2022). Pretest with caution: event-study estimates after testing for parallel trends. American Economic "
    "Review: Insights 4(3), 305-322. Dette, H. and Schumann, M. (2024). Testing for equivalence of pre-trends in "
    "difference-in-differences estimation. Journal of Business & Economic Statistics 42(4), 1289-1301."
)


@dataclass(frozen=True, eq=False)
class PreTrends:
    """A test of parallel trends before the treatment, with what it could have found.

    Attributes
    ----------
    estimates : DataFrame
        `event_time`, `estimate`, `standard_error`, `p_value` and `equivalence_p_value` (of the hypothesis that the
        estimate is really at least the threshold; NaN if none was given), before the reference period.
    statistic, p_value : float
    degrees_of_freedom : (int, int or None)
        The joint test that all of them are zero. The Wald statistic is referred to Hotelling's distribution (an F after
        scaling) with the number of treated clusters, since their covariance is estimated: with 8 treated and 4 periods
        the usual chi-squared rejects a true hypothesis in more than 40 % of samples. Without a number of clusters the
        second is None, and the test is chi-squared over its degrees of freedom.
    slope : float
        The straight-line difference in trends, per period, that the joint test finds with probability `power`.
    bias : float
        What that slope would add to the effect asked about (`target`).
    equivalence_bound : float
        The smallest bound for which it can be said, at `level`, that every estimate is within it.
    threshold, equivalence_p_value : float or None
        The bound stated in advance, and the p value of the hypothesis that some estimate is outside it.
    power, level : float
    reference : int
    target, citation : str
    """

    estimates: pd.DataFrame
    statistic: float
    degrees_of_freedom: tuple[int, int | None]
    p_value: float
    slope: float
    bias: float
    equivalence_bound: float
    threshold: float | None
    equivalence_p_value: float | None
    power: float
    level: float
    reference: int
    target: str
    citation: str = CITATION

    def __repr__(self) -> str:
        first, last = self.estimates["event_time"].iloc[[0, -1]]
        lines = [
            f"PreTrends(event times {first} to {last}, relative to {self.reference})",
            f"  joint test: F {self.statistic:.2f} on {self.degrees_of_freedom}, p {self.p_value:.3f}",
            f"  found with power {self.power:g}: a slope of {self.slope:.4g} per period, a bias of {self.bias:.4g}",
            f"  every difference within {self.equivalence_bound:.4g}, at level {self.level:g}",
        ]
        if self.threshold is not None:
            lines.append(f"  outside {self.threshold:g}: p {self.equivalence_p_value:.3f}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>{self.estimates.to_html(index=False)}<p>{escape(self.citation)}</p>"


def widest_window(effects: Effects, *, first: int, last: int) -> Window:
    """Return the event times from `first` to `last`, begun later where the treated are too few to test that many.

    The joint test needs the covariance of the estimates before the treatment, and with it more treated clusters than
    event times by three or more.
    """
    return max(first, min(2 - effects.overall.treated, -2)), last


def pre_trend_test(
    effects: Effects | EventStudy,
    *,
    power: float = 0.8,
    threshold: float | None = None,
    target: str | int = "average",
    weights: Mapping[int, float] | pd.Series | None = None,
    window: Window | None = None,
    level: float = 0.95,
) -> PreTrends:
    """Test for differences in trends before the treatment, and say which ones the test could have missed.

    Parameters
    ----------
    effects : Effects or EventStudy
        An event study relative to one period before the treatment (`base_period="universal"`).
    power : float
        The probability with which the reported slope would be found.
    threshold : float, optional
        A difference, in the unit of the outcome, that would be too small to matter: stated before looking, for instance
        half the smallest effect of interest. Equivalence is tested against it by two one-sided tests an event time; all
        must reject.
    target, weights
        The effect whose bias is reported, as in `did.honest`.
    window : (first, last) event time, optional
        The event times to use; all by default. A joint test of many periods spreads its power thin.
    level : float
        One minus the size of the tests.

    Returns
    -------
    PreTrends

    Raises
    ------
    EstimationError
        If the event study has no period before its reference, no common reference, or a singular covariance; or an
        option is unknown.
    """
    from scipy.stats import norm

    from evaluation.did.event_study import read, weights_of

    _check(power, threshold, level)
    study = read(effects, window, after=True)
    weigh = weights_of(study, target, weights)
    before = study.before
    estimate = study.estimate.loc[before].to_numpy(dtype=float)
    covariance = study.covariance.loc[before, before].to_numpy(dtype=float)
    error = np.sqrt(np.diag(covariance))
    joint = _Joint.of(len(before), study.clusters)
    statistic = joint.scale * float(estimate @ np.linalg.solve(covariance, estimate))
    distance = (before - study.reference).astype(float)
    noncentrality = joint.noncentrality(power, level)
    slope = float(np.sqrt(noncentrality / (joint.shrinkage * distance @ np.linalg.solve(covariance, distance))))
    one_sided = None if threshold is None else norm.sf((threshold - np.abs(estimate)) / error)
    rows = pd.DataFrame(
        {
            "event_time": before,
            "estimate": estimate,
            "standard_error": error,
            "p_value": 2 * norm.sf(np.abs(estimate) / error),
            "equivalence_p_value": np.nan if one_sided is None else one_sided,
        }
    )
    return PreTrends(
        estimates=rows,
        statistic=statistic,
        degrees_of_freedom=(joint.first, joint.second),
        p_value=joint.tail(statistic, 0.0),
        slope=slope,
        bias=slope * float(weigh @ (study.after - study.reference)),
        equivalence_bound=float((np.abs(estimate) + norm.ppf(level) * error).max()),
        threshold=threshold,
        equivalence_p_value=None if one_sided is None else float(one_sided.max()),
        power=power,
        level=level,
        reference=study.reference,
        target="weighted average of event times" if weights is not None else str(target),
    )


def _check(power: float, threshold: float | None, level: float) -> None:
    found = []
    if not 0.5 < level < 1:
        found.append(Problem("level must lie between 0.5 and 1", "Use 0.95 for 5 % tests"))
    if not 1 - level < power < 1:
        found.append(Problem("power must lie between the size of the test and 1", "Use 0.8", value=power))
    if threshold is not None and not 0 < threshold < float("inf"):
        found.append(
            Problem("The threshold must be a positive number", "Give it in the outcome's unit", value=threshold)
        )
    if found:
        raise EstimationError(found)


@dataclass(frozen=True)
class _Joint:
    """The distribution of a Wald statistic times `scale`: F, or chi-squared over its degrees without a second.

    A covariance from clusters (without a small-sample factor) has an inverse that is too large on average, by
    1 / `shrinkage`.
    """

    first: int
    second: int | None
    scale: float
    shrinkage: float

    @classmethod
    def of(cls, periods: int, clusters: int | None) -> _Joint:
        if clusters is None:
            return cls(periods, None, 1 / periods, 1.0)
        if clusters <= periods + 2:
            what = f"{periods} event times before the treatment are too many for {clusters} treated clusters"
            raise EstimationError(Problem(what, "Use a narrower window of event times"))
        second = clusters - periods
        return cls(periods, second, second / (periods * clusters), (second - 2) / clusters)

    def tail(self, value: float, noncentrality: float) -> float:
        from scipy.stats import chi2, f, ncf, ncx2

        if self.second is None:
            scaled = value * self.first
            found = ncx2.sf(scaled, self.first, noncentrality) if noncentrality else chi2.sf(scaled, self.first)
        elif noncentrality:
            found = ncf.sf(value, self.first, self.second, noncentrality)
        else:
            found = f.sf(value, self.first, self.second)
        return float(found)

    def noncentrality(self, power: float, level: float) -> float:
        """Return the noncentrality that the test of this level finds with this power."""
        from scipy.optimize import brentq
        from scipy.stats import chi2, f

        first = self.first
        critical = chi2.ppf(level, first) / first if self.second is None else f.ppf(level, first, self.second)
        highest = 1.0
        while self.tail(critical, highest) < power:
            highest *= 2
        return float(brentq(lambda value: self.tail(critical, value) - power, 0.0, highest))
