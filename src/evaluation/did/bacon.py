"""What two-way fixed effects compares with what: the decomposition of Goodman-Bacon (2021)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.errors import EstimationError, Problem

if TYPE_CHECKING:
    from evaluation.did.panel import Panel

KINDS = ("treated_vs_never_treated", "earlier_vs_later", "later_vs_earlier")
CITATION = (
    "Goodman-Bacon, A. (2021). Difference-in-differences with variation in treatment timing. "
    "Journal of Econometrics 225(2), 254-277."
)
COLUMNS = ("kind", "first_treated", "control", "estimate", "weight")


@dataclass(frozen=True, eq=False)
class Bacon:
    """Every comparison of two groups that a two-way fixed effects estimate averages, and its weight.

    Attributes
    ----------
    twfe : float
        The two-way fixed effects estimate, from the regression itself. The comparisons sum to it.
    comparisons : DataFrame
        `kind` (`treated_vs_never_treated`, `earlier_vs_later`, `later_vs_earlier`), `first_treated` of the group whose
        treatment is studied, `control` (the `first_treated` of the group compared with, 0 if never), `estimate` (in the
        unit of the outcome) and `weight` (they sum to one).
    units : int
        Units decomposed.
    dropped : DataFrame
        `reason`, `rows`, `units`: what was left out of the panel as given.
    citation : str
    """

    twfe: float
    comparisons: pd.DataFrame
    units: int
    dropped: pd.DataFrame
    citation: str = CITATION

    @property
    def by_kind(self) -> pd.DataFrame:
        """Each kind with its total `weight` and weighted mean `estimate`; a kind without comparisons has weight 0."""
        product = self.comparisons.assign(product=self.comparisons["estimate"] * self.comparisons["weight"])
        sums = product.groupby("kind")[["weight", "product"]].sum().reindex(list(KINDS), fill_value=0.0)
        mean = (sums["product"] / sums["weight"]).where(sums["weight"] > 0)
        return pd.DataFrame({"kind": KINDS, "weight": sums["weight"].to_numpy(), "estimate": mean.to_numpy()})

    @property
    def weight_on_treated(self) -> float:
        """The weight of the comparisons whose controls are already treated, which effects that change bias."""
        kinds = self.by_kind.set_index("kind")["weight"]
        return float(kinds["later_vs_earlier"])

    def __repr__(self) -> str:
        lines = [f"Bacon(two-way fixed effects {self.twfe:.6f}, {self.units} units)"]
        lines += [
            f"  {row.kind:<24} weight {row.weight:.5f}  estimate {row.estimate:.5f}"
            for row in self.by_kind.itertuples()
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return (
            f"<p>Two-way fixed effects {self.twfe:.6f}, {self.units} units</p>{self.by_kind.to_html(index=False)}"
            f"{self.comparisons.to_html(index=False)}<p>{escape(self.citation)}</p>"
        )


def bacon(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str,
    period: str,
    first_treated: str,
    weights: str | None = None,
    missing: str = "raise",
) -> Bacon:
    """Decompose the two-way fixed effects estimate into comparisons of two groups (Goodman-Bacon 2021, theorem 1).

    Parameters
    ----------
    panel, outcome, unit, period, first_treated
        As in `did.estimate`. Units treated from the first period on are left out, as there, and counted.
    weights : str, optional
        Column of positive weights, constant within a unit.
    missing : {"raise", "drop_units"}
        The decomposition is of a complete panel: refuse another, or leave out the units that are not observed in every
        period, and count them.

    Returns
    -------
    Bacon

    Raises
    ------
    EstimationError
        If the panel is malformed, incomplete, or its treatment is absorbed.
    """
    from evaluation.did.panel import Columns, prepare
    from evaluation.did.two_way import two_way

    if missing not in ("raise", "drop_units"):
        raise EstimationError(Problem(f"Unknown missing {missing!r}", "Choose one of 'raise', 'drop_units'"))
    data = prepare(
        panel,
        Columns(outcome, unit, period, first_treated, weights),
        control="not_yet_treated",
        anticipation=0,
        missing="drop" if missing == "drop_units" else "raise",
    )
    data, dropped = _complete(data)
    twfe, _, _ = two_way(data)
    return Bacon(twfe, _comparisons(data), len(data.group), dropped)


def _complete(data: Panel) -> tuple[Panel, pd.DataFrame]:
    seen = np.isfinite(data.outcome)
    whole = seen.all(axis=1)
    if whole.all():
        return data, data.sample.dropped
    if not whole.any():
        remedy = "Use a shorter panel, or the units observed throughout"
        raise EstimationError(Problem("No unit is observed in every period", remedy))
    row = ("unit not observed in every period", int(seen[~whole].sum()), int((~whole).sum()))
    account = pd.DataFrame([row], columns=["reason", "rows", "units"])
    account = pd.concat([data.sample.dropped, account], ignore_index=True)
    kept = replace(
        data,
        outcome=data.outcome[whole],
        group=data.group[whole],
        cluster=data.cluster[whole],
        weights=data.weights[whole],
        covariates=data.covariates[whole],
    )
    return kept, account


def _comparisons(data: Panel) -> pd.DataFrame:
    """Return every comparison with its estimate and weight; equations (7) to (10e) of the paper."""
    periods = data.outcome.shape[1]
    codes = np.unique(data.group)
    member = data.weights * (data.group == codes[:, None])
    size = member.sum(axis=1)
    total = np.column_stack([np.zeros(len(codes)), np.cumsum(member @ data.outcome, axis=1) / size[:, None]])
    share = np.where(codes > 0, (periods - codes + 1) / periods, 0.0)
    rows = []
    for k, group in enumerate(codes):
        for j, control in enumerate(codes):
            if group == 0 or j == k:
                continue
            # Before, and from, the start of the group; the window ends where the control is treated, or begins there.
            start, split = (control - 1 if 0 < control < group else 0), group - 1
            end = control - 1 if control > group else periods
            estimate = _change(total[k], start, split, end) - _change(total[j], start, split, end)
            together = size[k] + size[j]
            balance = size[k] * size[j] / together**2
            if control == 0:
                kind, used, treated = KINDS[0], 1.0, share[k]
            elif control > group:
                kind, used = KINDS[1], 1 - share[j]
                treated = (share[k] - share[j]) / used
            else:
                kind, used = KINDS[2], share[j]
                treated = share[k] / used
            variance = (together * used) ** 2 * balance * treated * (1 - treated)
            second = int(control) + data.origin if control else 0
            rows.append((kind, int(group) + data.origin, second, estimate, variance))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame["weight"] /= frame["weight"].sum()
    order = frame["kind"].map(KINDS.index)
    return frame.assign(order=order).sort_values(["order", "first_treated", "control"], ignore_index=True)[
        list(COLUMNS)
    ]


def _change(total: np.ndarray, start: int, split: int, end: int) -> float:
    """Return the mean of the periods split to end, less that of start to split, from cumulative sums."""
    return float((total[end] - total[split]) / (end - split) - (total[split] - total[start]) / (split - start))
