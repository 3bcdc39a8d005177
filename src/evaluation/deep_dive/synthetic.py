"""A synthetic control of one series, and what its gap is worth: the same done to every donor in turn.

Pure functions of arrays; `deep_dive.controls` brings them the study.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.deep_dive.convex import convex_weights
from evaluation.errors import EstimationError, Problem

Floats = NDArray[np.float64]
CITATION = (
    "Abadie, A., Diamond, A. and Hainmueller, J. (2010). Synthetic control methods for comparative case studies. "
    "Journal of the American Statistical Association 105(490), 493-505; weights on the outcome before alone, and the "
    "level difference taken out where asked (Ferman, B. and Pinto, C. (2021). Synthetic controls with imperfect "
    "pretreatment fit. Quantitative Economics 12(4), 1197-1221)."
)


@dataclass(frozen=True, eq=False)
class Path:
    """One series beside its synthetic control.

    Attributes
    ----------
    weights : shape (donors,).
    level : what is added to the weighted mean of the donors: the difference in level before, or zero.
    synthetic, gap : shape (periods,), in the unit of the outcome.
    before : number of periods before.
    """

    weights: Floats
    level: float
    synthetic: Floats
    gap: Floats
    before: int

    @property
    def average_gap(self) -> float:
        """The mean gap of the periods after."""
        return float(self.gap[self.before :].mean())

    @property
    def fit_error(self) -> float:
        """Root mean square of the gap before."""
        return float(np.sqrt(np.square(self.gap[: self.before]).mean()))

    @property
    def error_after(self) -> float:
        """Root mean square of the gap after."""
        return float(np.sqrt(np.square(self.gap[self.before :]).mean()))

    @property
    def ratio(self) -> float:
        """The error after over the error before; without bound for a perfect fit before."""
        if self.fit_error > 1e-9 * max(self.error_after, float(np.abs(self.synthetic).max())):
            return self.error_after / self.fit_error
        return np.inf if self.error_after > 0 else 1.0


@dataclass(frozen=True)
class Verdict:
    """What the gap of a case is worth, judged by the gaps of the donors; see `judged`.

    `p_value` and `low`, `high` are of the average gap; `ratio_rank` and `ratio_p_value` of the ratio of errors.
    """

    gap: float
    low: float
    high: float
    p_value: float
    ratio_rank: int
    ratio_p_value: float
    among: int


def fitted(target: Floats, donors: Floats, before: int, *, level: bool) -> Path:
    """Fit a synthetic control of `target` on its first `before` periods.

    Parameters
    ----------
    target : shape (periods,).
    donors : shape (donors, periods).
    level : take the mean before out of every series first, so that only the course is matched. The gap is then one of
        changes; without it a case outside the donors' range keeps a gap before, and gets one after.
    """
    own, others = target[:before], donors[:, :before]
    weights = (
        convex_weights(own - own.mean(), others - others.mean(axis=1, keepdims=True))
        if level
        else convex_weights(own, others)
    )
    synthetic = weights @ donors
    shift = float((own - synthetic[:before]).mean()) if level else 0.0
    return Path(weights, shift, synthetic + shift, target - synthetic - shift, before)


def placebos(donors: Floats, before: int, *, level: bool) -> list[Path]:
    """Fit to every donor in turn a synthetic control made of the other donors; the case is never among them."""
    if len(donors) < 2:
        raise EstimationError(Problem("Placebos need two donors or more", "Admit more municipalities as donors"))
    return [fitted(donors[row], np.delete(donors, row, axis=0), before, level=level) for row in range(len(donors))]


def judged(path: Path, others: list[Path], confidence: float) -> Verdict:
    """Judge the average gap of the case by those of the donors.

    If the case were one of them, drawn blindly, every place of its absolute average gap among theirs would be as likely
    as any other. The p-value is its place from the top over the number of donors and case; the interval holds the
    values that would not be rejected so if taken from the case's gap after: the gap and, to either side, the absolute
    placebo gap with the needed place. It is unbounded where there are too few donors for the confidence asked.

    The ratio of errors (Abadie, Diamond and Hainmueller 2010) is ranked beside it. It forgives a donor that its control
    misses before as well; but where the fit before is close by chance, as it is for a large municipality among smaller
    ones, it is exceeded too often, and it tells no direction.
    """
    among = len(others) + 1
    sizes = np.sort(np.abs([one.average_gap for one in others]))[::-1]
    slack = 1e-9 * max(float(sizes[0]), abs(path.average_gap))
    place = 1 + int((sizes >= abs(path.average_gap) - slack).sum())
    ratios = np.array([one.ratio for one in others])
    rank = 1 + int((ratios >= path.ratio * (1 - 1e-9)).sum())
    # Rejected is what lies beyond all but `spare` of the placebos: its p-value is at most 1 - confidence.
    spare = int(np.floor((1 - confidence) * among + 1e-9)) - 1
    reach = float(sizes[spare]) if spare >= 0 else np.inf
    gap = path.average_gap
    return Verdict(gap, gap - reach, gap + reach, place / among, rank, rank / among, among)


def noise(target: Floats, donors: Floats, before: int, season: int) -> float:
    """Return the noise of a series: what its level scatters by from period to period, of its own.

    From the changes over `season` periods of the series less the donors' mean, before: their standard deviation over
    the square root of two. NaN with fewer than three such changes.
    """
    own = (target - donors.mean(axis=0))[:before]
    changes = own[season:] - own[:-season] if len(own) > season else np.empty(0)
    return float(changes.std(ddof=1) / np.sqrt(2)) if len(changes) > 2 else np.nan
