"""How much of what moves between waves is only chance in who was drawn and answered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.errors import InputError, Problem
from evaluation.reputation.waves import Panel


@dataclass(frozen=True)
class Noise:
    """The movement of municipalities' means, split into chance in who answered and true movement.

    Attributes
    ----------
    observed : float
        Standard deviation of the change among municipalities of one group, in points.
    sampling : float
        Of that, what chance in who answered gives by itself (root mean square of the standard errors), in points.
    share : float
        Share of the variance of changes that is chance in who answered; 1 if that alone gives as much as is seen.
    municipalities : int
    """

    observed: float
    sampling: float
    share: float
    municipalities: int

    @property
    def reliability(self) -> float:
        """The share of the variance of changes that is not chance in who answered."""
        return 1 - self.share

    def without(self, size: float) -> float:
        """Return what a standard error, or a smallest detectable effect, would be had everybody answered."""
        return size * float(np.sqrt(1 - self.share))


def noise(panel: Panel) -> Noise:
    """Split the variance of the municipalities' change from the waves before anyone started to those after.

    Municipalities in the theme and those that never took part, with waves on both sides of the first start; the groups'
    own means are taken off first. People are drawn anew in every wave, so that the errors of waves are independent.

    Raises
    ------
    InputError
        If there are no more municipalities with waves on both sides of the start than groups.
    """
    data = panel.data[panel.data["both_sides"] & panel.data["group"].isin(("participants", "others"))]
    if data["municipality"].nunique() <= data["group"].nunique():
        what = "There are not enough municipalities surveyed both before and after the start"
        raise InputError(Problem(what, "Choose a later `as_of`, or see `reputation.obstacle`"))
    first = data.loc[data["first_treated"] > 0, "first_treated"].min()
    late = (data["period"] >= first).rename("late")
    sides = data.assign(squared=data["standard_error"] ** 2).groupby(["group", "municipality", late])
    means = sides["index"].mean().unstack("late")
    chance = (sides["squared"].sum() / sides.size() ** 2).unstack("late").sum(axis=1)
    change = means[True] - means[False]
    groups = change.groupby("group")
    observed = float(((change - groups.transform("mean")) ** 2).sum() / (len(change) - groups.ngroups))
    sampling = float(chance.mean())
    share = min(sampling / observed, 1.0) if observed > 0 else 1.0
    return Noise(float(np.sqrt(observed)), float(np.sqrt(sampling)), share, len(change))
