"""Whether two verdicts on the same targets agree, beyond what they would by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.goals.comparable import STATUSES, percent
from evaluation.workbench import Described

CONVENTION = (
    "Large-sample variance of kappa (Fleiss, Cohen and Everitt 1969); one verdict per report, taken as independent"
)


@dataclass(frozen=True, eq=False)
class Agreement(Described):
    """Two verdicts on the same targets.

    Attributes
    ----------
    table : DataFrame
        One row per verdict of the first judge: `verdict`, a column for each verdict of the second, `n`.
    n : targets that both have judged.
    same : how many verdicts are the same; `share` in per cent.
    kinder, harsher : how often the first judge says more, or less, was reached, where both can assess.
    expected : per cent that would be the same if each judge drew from his own verdicts at random.
    kappa : Cohen's kappa (1960): agreement beyond that, as a share of what there could be; 1 full, 0 none.
    low, high : 95 % interval. NaN, as is kappa, where a judge gives one verdict only.
    standard_error : the convention in words.
    dropped : targets that one of them has not judged.
    """

    table: pd.DataFrame
    n: int
    same: int
    share: float
    kinder: int
    harsher: int
    expected: float
    kappa: float
    low: float
    high: float
    dropped: int
    standard_error: str = CONVENTION

    @property
    def value(self) -> float:
        """Kappa, under the name findings ask for."""
        return self.kappa


def agreement(
    rows: pd.DataFrame, first: str = "verdict", second: str = "status", *, among: Sequence[str] = STATUSES
) -> Agreement:
    """Cross two columns of verdicts and return how far they agree.

    Parameters
    ----------
    rows : of `Attainment.targets`, or `Attainment.one_per_report()`.
    first, second : the columns: `verdict` (the municipality's own), `status` (the rule), `register_status`.
    among : the verdicts, in their order from the best; rows with another one on either side are dropped.
    """
    order = list(among)
    assessed = [name for name in order if name != "cannot_assess"]
    both = rows[rows[first].isin(order) & rows[second].isin(order)]
    crossed = pd.crosstab(both[first], both[second]).reindex(index=order, columns=order, fill_value=0)
    counts = crossed.to_numpy(dtype=np.float64)
    n, same = int(counts.sum()), int(np.trace(counts))
    expected = float((counts.sum(axis=0) * counts.sum(axis=1)).sum() / n**2) if n else np.nan
    kappa, low, high = _kappa(counts)
    judged = crossed.loc[assessed, assessed].to_numpy()
    table = crossed.rename_axis(columns=None).assign(n=crossed.sum(axis=1))
    return Agreement(
        table=table.rename_axis("verdict").reset_index(),
        n=n,
        same=same,
        share=percent(same, n),
        kinder=int(np.triu(judged, 1).sum()),
        harsher=int(np.tril(judged, -1).sum()),
        expected=100 * expected,
        kappa=kappa,
        low=low,
        high=high,
        dropped=len(rows) - n,
    )


def _kappa(counts: np.ndarray) -> tuple[float, float, float]:
    from statsmodels.stats.inter_rater import cohens_kappa

    # A judge with one verdict only cannot agree or disagree beyond chance.
    if min((counts.sum(axis=axis) > 0).sum() for axis in (0, 1)) < 2:
        return np.nan, np.nan, np.nan
    used = (counts.sum(axis=0) + counts.sum(axis=1)) > 0
    found = cohens_kappa(counts[np.ix_(used, used)])
    return float(found.kappa), float(max(found.kappa_low, -1.0)), float(min(found.kappa_upp, 1.0))
