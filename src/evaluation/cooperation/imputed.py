"""The programme's effect in each municipality: what happened less what would have, imputed from the untreated.

One municipality's imputed effect is mostly noise. How much, the municipalities that never took part tell: the same
figure computed for them, as if they had started then, has a true value of zero. Only what many such effects have in
common, and how they follow a trait, is reported; single ones are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation import did
from evaluation.did.two_way import IMPUTATION_CITATION, TwoWay
from evaluation.errors import EstimationError, Problem


@dataclass(frozen=True, eq=False)
class MunicipalEffects:
    """Imputed effects of single municipalities and their noise.

    Attributes
    ----------
    data : DataFrame
        `municipality`, `first_treated` (period), `effect` (the outcome's unit), `standard_error` (of chance alone, from
        the controls), `before`, `after` (periods observed), `size`.
    panel : DataFrame
        What they were computed from: `municipality`, `period`, `outcome`, `first_treated` (0: not treated in the panel)
        and `size`.
    controls : int
        Municipalities never treated in the panel.
    dropped : DataFrame
        `reason`, `municipalities`: treated ones without an effect.
    citation, standard_error : str
        The source of the method; the convention in words.
    """

    data: pd.DataFrame
    panel: pd.DataFrame
    controls: int
    dropped: pd.DataFrame
    citation: str = IMPUTATION_CITATION
    standard_error: str = (
        "root of the variance of placebo effects of the never treated at the same date, as a constant and a part that "
        "falls with size (non-negative least squares)"
    )

    def __repr__(self) -> str:
        return (
            f"MunicipalEffects({len(self.data)} municipalities, {self.controls} controls; mean "
            f"{self.data['effect'].mean():.3f}; dropped {self.dropped.to_dict('records')})"
        )

    def by(self, group: pd.Series) -> pd.DataFrame:
        """Estimate the effect in groups of municipalities, each against the same never-treated ones.

        Parameters
        ----------
        group : Series
            The group of each municipality, by code; municipalities without one are left out.

        Returns
        -------
        DataFrame
            `group`, `estimate`, `standard_error`, `low`, `high`, `p_value`, `municipalities` (treated), `n`: by
            imputation, clustered on municipality (`did.estimate`). No estimate for a group of fewer than two.
        """
        rows = []
        mine = self.data["municipality"].map(group)
        for name in sorted(mine.dropna().unique()):
            members = self.data.loc[mine == name, "municipality"]
            row: dict[str, object] = {"group": name, "municipalities": len(members)}
            if len(members) > 1:
                kept = self.panel[(self.panel["first_treated"] == 0) | self.panel["municipality"].isin(members)]
                found = _estimate(kept)
                row |= {"estimate": found.value, "standard_error": found.standard_error, "low": found.low}
                row |= {"high": found.high, "p_value": found.p_value, "n": found.n}
            rows.append(row)
        columns = ["group", "estimate", "standard_error", "low", "high", "p_value", "municipalities", "n"]
        return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[1:6], float) | {columns[6]: "int64"})


def municipal_effects(
    panel: pd.DataFrame,
    *,
    outcome: str,
    unit: str = "municipality",
    period: str = "period",
    first_treated: str = "first_treated",
    size: str | None = None,
) -> MunicipalEffects:
    """Impute the effect in each treated municipality: its mean after the start less what untreated ones predict.

    Municipality and period effects are fitted to untreated observations (Borusyak, Jaravel and Spiess 2024); what is
    observed after the start less their sum, averaged over the municipality's periods, is its effect.

    Parameters
    ----------
    panel : DataFrame
        One row a municipality and period; not modified.
    outcome, unit, period, first_treated : str
        Columns, as of `did.estimate`; `first_treated` is 0 for those never treated. Those treated later than the panel
        count as untreated in it, and are given no effect.
    size : str, optional
        Column that the noise falls with, such as employees, constant within a municipality.

    Raises
    ------
    EstimationError
        If nobody is treated, or fewer than ten never are.
    """
    columns = [unit, period, outcome, first_treated, *([size] if size else [])]
    data = (
        panel[columns].dropna().set_axis(["municipality", "period", "outcome", "first_treated", *columns[4:]], axis=1)
    )
    data = data.rename(columns={str(size): "size"}) if size else data.assign(size=1.0)
    data["first_treated"] = data["first_treated"].where(data["first_treated"] <= data["period"].max(), 0)
    if data.duplicated(["municipality", "period"]).any():
        raise EstimationError(Problem("A municipality has two rows in a period", "Add its parts up before the share"))
    wide = data.pivot_table(index="municipality", columns="period", values="outcome", aggfunc="first")
    about = data.groupby("municipality")[["first_treated", "size"]].first().loc[wide.index]
    start, periods, values = about["first_treated"].to_numpy(), wide.columns.to_numpy(), wide.to_numpy()
    never = start == 0
    if never.all() or never.sum() < 10:
        what = f"{int((~never).sum())} municipalities are treated and {int(never.sum())} are not"
        raise EstimationError(Problem(what, "Widen the periods, or choose another theme"))
    after = (start[:, None] > 0) & (periods[None, :] >= start[:, None])
    fit = TwoWay.over(np.isfinite(values) & ~after, np.ones(len(values)))
    # Periods in which nobody is untreated have no comparison.
    period_effect = np.where(fit.used.any(axis=0), fit.effects(values)[1], np.nan)
    residual = values - period_effect[None, :]
    parts = []
    for group in np.unique(start[~never]):
        late = np.broadcast_to(periods >= group, residual.shape)
        effect, before_count, after_count = _moved(residual, late)
        noise = _noise(effect[never], about["size"].to_numpy()[never])
        own = start == group
        error = np.sqrt(noise[0] + noise[1] / about["size"].to_numpy()[own])
        part = about[own].reset_index().assign(effect=effect[own], standard_error=error)
        parts.append(part.assign(before=before_count[own], after=after_count[own]))
    found = pd.concat(parts, ignore_index=True)
    lost = found["effect"].isna()
    reasons = [("no figures before the start or none after it", int(lost.sum()))] if lost.any() else []
    order = ["municipality", "first_treated", "effect", "standard_error", "before", "after", "size"]
    kept = found.loc[~lost, order].sort_values("municipality", ignore_index=True)
    dropped = pd.DataFrame(reasons, columns=["reason", "municipalities"])
    return MunicipalEffects(kept, data.reset_index(drop=True), int(never.sum()), dropped)


def spread(effects: MunicipalEffects) -> dict[str, float]:
    """Return how much the effects differ between municipalities beyond chance.

    Cochran's Q of the effects within intakes, with the chance variances from the controls, and the moment estimate of
    the variance of true effects (DerSimonian and Laird 1986, Controlled Clinical Trials 7(3), 177-188).

    Returns
    -------
    dict
        `municipalities`, `observed` and `chance` (standard deviations of imputed effects within intakes, and what
        chance gives), `true` (standard deviation of true effects), `p_value` (of no true differences).
    """
    from scipy.stats import chi2

    data = effects.data
    intake = pd.get_dummies(data["first_treated"]).to_numpy(dtype=float)
    effect, variance = data["effect"].to_numpy(), data["standard_error"].to_numpy() ** 2
    weight = 1 / variance
    information = intake.T @ (weight[:, None] * intake)
    left = effect - intake @ np.linalg.solve(information, intake.T @ (weight * effect))
    free = len(data) - intake.shape[1]
    total = float((weight * left**2).sum())
    lost = float(np.trace(np.linalg.solve(information, intake.T @ ((weight**2)[:, None] * intake))))
    true = max(0.0, (total - free) / (weight.sum() - lost)) if free else np.nan
    plain = effect - intake @ np.linalg.lstsq(intake, effect, rcond=None)[0]
    return {
        "municipalities": len(data),
        "observed": float(np.sqrt((plain**2).sum() / free)) if free else np.nan,
        "chance": float(np.sqrt(variance.mean())),
        "true": float(np.sqrt(true)),
        "p_value": float(chi2.sf(total, free)) if free else np.nan,
    }


def _estimate(panel: pd.DataFrame) -> did.Estimate:
    return did.estimate(
        panel,
        outcome="outcome",
        unit="municipality",
        period="period",
        first_treated="first_treated",
        method="imputation",
        missing="drop",
        draws=99,
    ).overall


def _moved(residual: np.ndarray, late: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean of the late periods less that of the early ones, and how many of each there are."""
    known = np.isfinite(residual)
    early_count, late_count = (known & ~late).sum(axis=1), (known & late).sum(axis=1)
    sums = (np.where(known & part, residual, 0.0).sum(axis=1) for part in (~late, late))
    with np.errstate(invalid="ignore", divide="ignore"):
        early, after = (total / count for total, count in zip(sums, (early_count, late_count), strict=True))
    return after - early, early_count, late_count


def _noise(placebo: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return a and c of the chance variance a + c / size, neither negative."""
    from scipy.optimize import nnls

    known = np.isfinite(placebo)
    columns = np.column_stack([np.ones(known.sum()), 1 / size[known]])
    if np.ptp(columns[:, 1]) == 0:
        return np.array([float((placebo[known] ** 2).mean()), 0.0])
    columns = columns / (scale := columns.mean(axis=0))
    squared, weight = placebo[known] ** 2, np.ones(known.sum())
    for _ in range(5):
        # A square scatters in proportion to its expectation: the noisy small ones must not decide for the large.
        found = nnls(columns * weight[:, None], squared * weight)[0]
        weight = 1 / np.maximum(columns @ found, 0.05 * squared.mean())
    return found / scale
