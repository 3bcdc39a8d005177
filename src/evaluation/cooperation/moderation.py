"""Whether the programme's effect differs with a trait of the municipality: moderation, not the effect of the trait.

Municipalities were not drawn to cooperate well. Those that do differ from the start, and a difference between effects
may be due to anything else that differs. All tests of a family are therefore reported together, with p-values adjusted
for their number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation import did
from evaluation.cooperation.imputed import MunicipalEffects
from evaluation.cooperation.mixed import mixed
from evaluation.errors import EstimationError, Problem
from evaluation.workbench import Described

CONVENTION = (
    "Imputed effects of municipalities on the trait and their intake, weighted by the inverse of the chance variance "
    "learnt from municipalities that never took part, with a random intercept for each network (restricted maximum "
    "likelihood); t intervals, degrees of freedom within networks"
)


@dataclass(frozen=True)
class Moderation(Described):
    """How the effect differs with a trait.

    Attributes
    ----------
    difference : did.Estimate
        Difference in effect for one unit more of the trait (a group against the rest; a standard deviation), in the
        outcome's unit; `n` and `treated` count municipalities, `clusters` networks.
    between_networks : float
        Standard deviation of what networks share beyond it, in the outcome's unit.
    dropped : int
        Municipalities with an effect but without the trait.
    convention : str
    """

    difference: did.Estimate
    between_networks: float
    dropped: int
    convention: str = CONVENTION


def moderation(
    effects: MunicipalEffects, trait: pd.Series, *, network: pd.Series | None = None, level: float = 0.95
) -> Moderation:
    """Estimate how the effect differs with a trait, among municipalities of the same intake.

    Parameters
    ----------
    effects : MunicipalEffects
    trait : Series
        A number for each municipality, by code: 0 and 1 for two groups, or a scale.
    network : Series, optional
        The network of each municipality, by code; one without a network stands by itself.
    level : float
        Coverage of the interval.

    Raises
    ------
    EstimationError
        If the trait does not vary, or too few municipalities have it.

    References
    ----------
    Laird, N. M. and Ware, J. H. (1982). Biometrics 38(4), 963-974. Thompson, S. G. and Sharp, S. J. (1999), on
    regressing effects on traits. Statistics in Medicine 18(20), 2693-2708.
    """
    from scipy.stats import t

    data = effects.data.assign(trait=effects.data["municipality"].map(trait).astype(float)).dropna(subset="trait")
    if data["trait"].nunique() < 2:
        what = f"The trait does not vary among the {len(data)} municipalities with an effect"
        raise EstimationError(Problem(what, "Choose another trait, or a theme with more municipalities"))
    intake = pd.get_dummies(data["first_treated"]).to_numpy(dtype=float)
    columns = np.column_stack([data["trait"], intake])
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        what = "Within intakes the trait does not vary"
        raise EstimationError(Problem(what, "Choose another trait, or a theme with more municipalities"))
    group = _groups(data["municipality"], network)
    fit = mixed(data["effect"].to_numpy(), columns, group, 1 / data["standard_error"].to_numpy() ** 2)
    value, error, free = fit.contrast(np.eye(columns.shape[1])[0])
    half = float(t.ppf((1 + level) / 2, free)) * error
    p_value = float(2 * t.sf(abs(value / error), free))
    count = len(data)
    found = did.Estimate(value, error, value - half, value + half, p_value, count, fit.groups, count, level)
    return Moderation(found, float(np.sqrt(fit.between)), len(effects.data) - count)


def moderations(
    effects: Mapping[str, MunicipalEffects],
    traits: pd.DataFrame,
    networks: Mapping[str, pd.Series] | None = None,
) -> pd.DataFrame:
    """Estimate every trait's moderation of every outcome's effect.

    Parameters
    ----------
    effects : mapping
        Outcome -> its effects.
    traits : DataFrame
        Indexed by municipality, one column a trait.
    networks : mapping, optional
        Outcome -> network of each municipality.

    Returns
    -------
    DataFrame
        `moderator`, `outcome`, `municipalities`, `networks`, `estimate`, `standard_error`, `low`, `high`, `p_value`. A
        trait that cannot be judged for an outcome has a row without numbers.
    """
    rows = []
    for trait in traits.columns:
        for outcome, found in effects.items():
            row: dict[str, object] = {"moderator": trait, "outcome": outcome}
            known = found.data["municipality"].map(traits[trait]).notna()
            try:
                one = moderation(found, traits[trait], network=(networks or {}).get(outcome)).difference
            except EstimationError:
                rows.append(row | {"municipalities": int(known.sum())})
                continue
            row |= {"municipalities": one.n, "networks": one.clusters, "estimate": one.value}
            row |= {"standard_error": one.standard_error, "low": one.low, "high": one.high, "p_value": one.p_value}
            rows.append(row)
    columns = ["moderator", "outcome", "municipalities", "networks"]
    return pd.DataFrame(rows, columns=[*columns, "estimate", "standard_error", "low", "high", "p_value"])


def between_networks(effects: Mapping[str, MunicipalEffects], networks: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Return how much the effect differs between networks, beyond intake and chance.

    Returns
    -------
    DataFrame
        `outcome`, `municipalities`, `networks`, `between` and `within` (standard deviations of what a network shares
        and of what is the municipality's own, chance included, for one of average precision), `icc` (share of the
        variance that networks share), `p_value` (F test of networks within intakes, the same weights). Municipalities
        without a network are left out.
    """
    from scipy.stats import f

    rows = []
    for outcome, found in effects.items():
        data = found.data.assign(network=found.data["municipality"].map(networks[outcome])).dropna(subset="network")
        row: dict[str, object] = {"outcome": outcome, "municipalities": len(data)}
        row["networks"] = data["network"].nunique()
        intake = pd.get_dummies(data["first_treated"]).to_numpy(dtype=float)
        dummies = pd.get_dummies(data["network"]).to_numpy(dtype=float)
        weight = 1 / data["standard_error"].to_numpy() ** 2
        small, large = (_residual(data["effect"].to_numpy(), x, weight) for x in (intake, np.hstack([intake, dummies])))
        more, left = large[1] - small[1], len(data) - large[1]
        if more > 0 and left > 0:
            fit = mixed(data["effect"].to_numpy(), intake, data["network"].to_numpy(), weight)
            ratio = ((small[0] - large[0]) / more) / (large[0] / left)
            row |= {"between": float(np.sqrt(fit.between)), "within": float(np.sqrt(fit.within))}
            row |= {"icc": fit.between / (fit.between + fit.within), "p_value": float(f.sf(ratio, more, left))}
        rows.append(row)
    columns = ["outcome", "municipalities", "networks", "between", "within", "icc", "p_value"]
    return pd.DataFrame(rows, columns=columns)


def adjusted(tables: Sequence[pd.DataFrame], *, level: float = 0.95) -> list[pd.DataFrame]:
    """Return the tables with p-values adjusted for all their tests together.

    Each gets `p_holm` (Holm 1979: the chance of any false finding is kept) and `p_fdr` (Benjamini and Hochberg 1995:
    the expected share of false findings is), by `statsmodels.stats.multitest.multipletests`, and `clear` (bool),
    whether `p_holm` is below 1 - `level`. Rows without a p-value are no tests.
    """
    from statsmodels.stats.multitest import multipletests

    together = pd.concat([table["p_value"] for table in tables], ignore_index=True).astype(float)
    known = together.notna().to_numpy()
    found = {name: np.full(len(together), np.nan) for name in ("p_holm", "p_fdr")}
    for name, method in (("p_holm", "holm"), ("p_fdr", "fdr_bh")):
        if known.any():
            found[name][known] = multipletests(together[known], method=method)[1]
    result, start = [], 0
    for table in tables:
        part = slice(start, start + len(table))
        columns = {name: values[part] for name, values in found.items()}
        result.append(table.assign(**columns, clear=columns["p_holm"] < 1 - level))
        start += len(table)
    return result


def _groups(municipality: pd.Series, network: pd.Series | None) -> np.ndarray:
    """Return the network of each municipality; one that has none is a group by itself."""
    if network is None:
        return municipality.to_numpy()
    return municipality.map(network).fillna("alone in " + municipality).to_numpy()


def _residual(outcome: np.ndarray, columns: np.ndarray, weight: np.ndarray) -> tuple[float, int]:
    """Return the weighted residual sum of squares and the rank of the columns."""
    root = np.sqrt(weight)
    beta, _, rank, _ = np.linalg.lstsq(columns * root[:, None], outcome * root, rcond=None)
    return float(((root * (outcome - columns @ beta)) ** 2).sum()), int(rank)
