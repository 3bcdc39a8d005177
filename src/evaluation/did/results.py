"""What an estimation returns: frozen numbers that explain themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType

import pandas as pd

from evaluation.errors import EstimationError, Problem

KINDS = ("simple", "group", "dynamic", "calendar")


@dataclass(frozen=True)
class Estimate:
    """One estimated effect, in the unit of the outcome (percentage points for a rate in percent).

    `low` and `high` bound the interval at `level`; `n` counts the units of the estimation sample, `treated` the treated
    units the number rests on, `clusters` the independent clusters behind the standard error.
    """

    value: float
    standard_error: float
    low: float
    high: float
    p_value: float
    n: int
    clusters: int
    treated: int
    level: float = 0.95

    def __str__(self) -> str:
        return (
            f"{self.value:.4f} (standard error {self.standard_error:.4f}, {100 * self.level:g} % interval "
            f"[{self.low:.4f}, {self.high:.4f}], p {self.p_value:.3f}; {self.treated} treated of {self.n} units, "
            f"{self.clusters} clusters)"
        )


@dataclass(frozen=True, eq=False)
class Sample:
    """The units an estimate rests on, and what was left out.

    Attributes
    ----------
    rows, units, clusters : int
        Rows with an outcome, units and clusters in the estimation sample.
    groups : DataFrame
        `first_treated` (0: never treated within the panel), `units`, `clusters`, `rows`.
    dropped : DataFrame
        `reason`, `rows` (a unit in a period), `units`: what was left out of the panel as given.
    cells : DataFrame
        Group-period comparisons without an estimate: `first_treated`, `period`, `reason`.
    """

    rows: int
    units: int
    clusters: int
    groups: pd.DataFrame
    dropped: pd.DataFrame
    cells: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["first_treated", "period", "reason"]))

    def __repr__(self) -> str:
        left_out = "; ".join(
            f"{row.rows} rows, {row.units} units: {row.reason}" for row in self.dropped.itertuples(index=False)
        )
        return (
            f"Sample({self.units} units, {self.clusters} clusters, {self.rows} rows; "
            f"left out: {left_out or 'nothing'}; comparisons without an estimate: {len(self.cells)})"
        )

    def _repr_html_(self) -> str:
        parts = [
            f"<p>{self.units} units, {self.clusters} clusters, {self.rows} rows</p>",
            self.groups.to_html(index=False),
        ]
        parts += [frame.to_html(index=False) for frame in (self.dropped, self.cells) if len(frame)]
        return "".join(parts)


@dataclass(frozen=True, eq=False)
class Effects:
    """Estimated effects of a staggered treatment; every number carries its uncertainty and its sample.

    Attributes
    ----------
    overall : Estimate
        The average effect on the treated over their post-treatment periods (`aggregate("simple")`).
    event_study : DataFrame
        By `event_time` (periods since first treated). Columns as in every frame here: `estimate`, `standard_error`,
        `low`, `high` (pointwise), `band_low`, `band_high` (simultaneous over the rows), `p_value`, `n` (treated units
        behind the row). The reference period is a row with estimate 0, no uncertainty and `reference` true.
    covariance : DataFrame
        Of the estimates of the event study, by event time; event times without uncertainty are not in it.
    by_group, by_period : DataFrame
        By `first_treated` and by calendar `period`, post-treatment periods only.
    sample : Sample
    method, control, standard_error, citation : str
        Name of the method and of the control group; the standard-error convention in words; the source of the method.
    notes : tuple of str
        What a reader must know before relying on the numbers.
    """

    method: str
    control: str
    anticipation: int
    aggregates: Mapping[str, Estimate]
    event_study: pd.DataFrame
    by_group: pd.DataFrame
    by_period: pd.DataFrame
    sample: Sample
    standard_error: str
    citation: str
    notes: tuple[str, ...] = ()
    covariance: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __post_init__(self) -> None:
        object.__setattr__(self, "aggregates", MappingProxyType(dict(self.aggregates)))

    @property
    def overall(self) -> Estimate:
        """The average effect on the treated over their post-treatment periods."""
        return self.aggregates["simple"]

    def aggregate(self, kind: str) -> Estimate:
        """Return one number for the whole treatment.

        Parameters
        ----------
        kind : {"simple", "group", "dynamic", "calendar"}
            The average over treated units and post-treatment periods; over groups by size, each group's periods
            averaged first; over event times; over calendar periods (Callaway and Sant'Anna 2021, section 3).

        Raises
        ------
        EstimationError
            If the method does not answer this aggregation.
        """
        if kind not in self.aggregates:
            remedy = f"Choose one of: {', '.join(self.aggregates)}"
            raise EstimationError(Problem(f"{self.method} has no aggregate {kind!r}", remedy))
        return self.aggregates[kind]

    def __repr__(self) -> str:
        lines = [f"Effects by {self.method} (control: {self.control}, anticipation: {self.anticipation})"]
        lines += [f"  {kind:<9} {estimate}" for kind, estimate in self.aggregates.items()]
        lines.append("; ".join([f"  {self.sample!r}", f"standard errors: {self.standard_error}", *self.notes]))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        table = pd.DataFrame(
            {
                kind: [e.value, e.standard_error, e.low, e.high, e.p_value, e.treated, e.n, e.clusters]
                for kind, e in self.aggregates.items()
            },
            index=["estimate", "standard error", "low", "high", "p", "treated units", "units", "clusters"],
        ).T
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return (
            f"<p>{escape(self.method)}, control {escape(self.control)}, anticipation {self.anticipation}</p>"
            f"{table.to_html()}{self.event_study.to_html(index=False)}"
            f"<p>{escape(self.standard_error)}</p><p>{escape(self.citation)}</p>{f'<ul>{notes}</ul>' if notes else ''}"
        )
