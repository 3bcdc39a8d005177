"""How far the case's change lies from its peers', and how often a peer lies as far from the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.positions.weighted import two_variances

Floats = NDArray[np.float64]
FEW = 10
"""With fewer peers the two parts of the variance cannot be told apart, and the larger of the two alone is taken."""


@dataclass(frozen=True)
class Sums:
    """Numerator and denominator of a ratio before and after, one number per municipality."""

    top_before: Floats
    bottom_before: Floats
    top_after: Floats
    bottom_after: Floats

    def pooled(self) -> Sums:
        """Return the municipalities as one."""
        return Sums(*(np.array([part.sum()]) for part in self._parts()))

    def without_each(self) -> Sums:
        """Return, for each municipality, all the others as one."""
        return Sums(*(part.sum() - part for part in self._parts()))

    @property
    def before(self) -> Floats:
        """The ratios before."""
        return self.top_before / self.bottom_before

    @property
    def after(self) -> Floats:
        """The ratios after."""
        return self.top_after / self.bottom_after

    @property
    def change(self) -> Floats:
        """The changes of the ratios."""
        return self.after - self.before

    @property
    def noise(self) -> Floats:
        """What a change's sampling variance is proportional to: one over each denominator, added up."""
        return 1 / self.bottom_before + 1 / self.bottom_after

    def _parts(self) -> tuple[Floats, Floats, Floats, Floats]:
        return self.top_before, self.bottom_before, self.top_after, self.bottom_after


@dataclass(frozen=True)
class Gap:
    """The gap of a case to its peers; see `gap_to_peers`."""

    gap: float
    standard_error: float
    low: float
    high: float
    rank: int
    among: int
    placebo_share: float


def gap_to_peers(case: Sums, peers: Sums, confidence: float = 0.95) -> Gap:
    """Return the case's change less the change of its peers pooled, judged by the same gap of every peer to the others.

    One municipality's change has no standard error of its own. Each peer in turn takes the place of the case and is
    compared with the other peers pooled; the spread of these gaps is what a gap is when nothing sets the municipality
    apart. The variance of a gap is modelled as a part common to all sizes plus a part that falls with size (one over
    the denominators), both at least zero, fitted to the squared gaps of the peers; with fewer than `FEW` peers it is
    the larger of what either part alone would give. The interval uses the t distribution with the number of peers less
    one degrees of freedom.

    The rank and the placebo share compare gaps divided by their modelled spread, as unstandardised ranks mislead when
    the case is larger or smaller than its peers. The share is (1 + peers at least as far off) / (1 + peers), either way
    (Abadie, Diamond and Hainmueller 2010, in the manner of a permutation test). It describes how usual the development
    is. It is not the p-value of an effect: the case was not drawn by lot.

    Parameters
    ----------
    case : the sums of the case's municipalities; more than one are pooled.
    peers : the sums of the peers; NaN intervals and shares with fewer than two.
    """
    from scipy.stats import t

    together = case.pooled()
    value = float((together.change - peers.pooled().change)[0])
    count = len(peers.top_before)
    if count < 2:
        return Gap(value, np.nan, np.nan, np.nan, 0, count + 1, np.nan)
    placebo = peers.change - peers.without_each().change
    variance = _variance(np.square(placebo), peers.noise)
    size = case.bottom_before + case.bottom_after
    # Of what is common to all sizes, the municipalities of a joint case vary each on their own.
    apart = float(np.square(size / size.sum()).sum())
    error = float(np.sqrt(variance(together.noise, apart)[0]))
    reach = float(t.ppf((1 + confidence) / 2, count - 1)) * error
    own = _standardised(np.array([value]), np.array([error]))[0]
    others = _standardised(placebo, np.sqrt(variance(peers.noise, 1.0)))
    slack = 1e-9
    return Gap(
        gap=value,
        standard_error=error,
        low=value - reach,
        high=value + reach,
        rank=1 + int((others < own - slack).sum()),
        among=count + 1,
        placebo_share=(1 + int((np.abs(others) >= abs(own) - slack).sum())) / (count + 1),
    )


def _variance(squares: Floats, noise: Floats) -> Callable[[Floats, float], Floats]:
    """Fit the variance of a gap; return it as a function of the noise and of the share of the common part that counts.

    See `two_variances`; with few squares the larger of what either part alone would give.
    """
    flat = float(squares.mean())
    if len(squares) < FEW or flat == 0:
        steep = float((squares / noise).mean())
        return lambda at, _: np.maximum(flat, steep * at)
    common, sampling = two_variances(squares, noise)
    return lambda at, apart: common * apart + sampling * at


def _standardised(value: Floats, error: Floats) -> Floats:
    """Divide by the spread; where there is none, any difference is infinitely far off."""
    return np.divide(value, error, out=np.where(value == 0, 0.0, np.copysign(np.inf, value)), where=error > 0)
