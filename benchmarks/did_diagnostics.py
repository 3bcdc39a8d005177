"""Known truth: the joint test of pre-trends holds its size with few treated, and where bounds stop covering.

No effect and parallel trends; 428 units by 28 periods, errors with an autocorrelation of 0.5; Callaway-Sant'Anna. The
test refers its statistic to Hotelling's distribution with the treated clusters; beside it the usual chi-squared, which
takes the covariance as known. Intervals under smoothness (trends straight) and relative magnitudes (half the worst move
before) for the average effect should cover zero in at least 95 %. They take the covariance as known too, which
smoothness bears badly: `did.honest` notes it below ten treated clusters an event time. Last, the minimum detectable
effect of a two-period design against the textbook's (1.96 + 0.84) standard errors, and with 8 treated units.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

KIND = "proof"
REPLICATIONS = 300
NAMES = {"outcome": "y", "unit": "unit", "period": "period", "first_treated": "first"}
DESIGNS = (
    ({9: 30, 13: 40, 14: 34}, (-30, 8)),
    ({9: 30, 13: 40, 14: 34}, (-9, 8)),
    ({9: 30, 13: 40, 14: 34}, (-5, 3)),
    ({9: 40}, (-7, 5)),
    ({9: 20}, (-5, 3)),
    ({9: 8}, (-5, 3)),
)


def panel(seed: int, groups: dict[int, int], units: int = 428, periods: int = 28) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    noise = generator.normal(size=(units, periods))
    for period in range(1, periods):
        noise[:, period] = 0.5 * noise[:, period - 1] + np.sqrt(0.75) * noise[:, period]
    first = np.zeros(units, dtype=int)
    first[: sum(groups.values())] = np.repeat(list(groups), list(groups.values()))
    rows = {"unit": np.repeat(np.arange(units), periods), "period": np.tile(np.arange(1, periods + 1), units)}
    return pd.DataFrame(rows | {"first": np.repeat(first, periods), "y": noise.ravel()})


def run() -> pd.DataFrame:
    from scipy.stats import chi2

    from evaluation import did
    from evaluation.did.event_study import read, weights_of
    from evaluation.did.honest import relative_magnitudes, smoothness

    rows = []
    for groups, window in DESIGNS:
        treated = sum(groups.values())
        found = []
        for seed in range(REPLICATIONS):
            effects = did.estimate(panel(seed, groups), draws=99, **NAMES)
            test = did.pre_trend_test(effects, window=window)
            first, second = test.degrees_of_freedom
            wald = test.statistic * first * treated / second
            study = read(effects, window, after=True)
            weights = weights_of(study, "average", None)
            magnitudes = relative_magnitudes.interval(study, weights, 0.5, 0.95)
            straight = smoothness.interval(smoothness.frontier(study, weights), study, 0.0, 0.95)
            covers = [low <= 0 <= high for low, high in (magnitudes, straight)]
            found.append((test.p_value < 0.05, chi2.sf(wald, first) < 0.05, *covers))
        shares = np.mean(found, axis=0)
        where = f"{treated} treated, {first} event times before, {window[1] + 1} from the treatment on"
        names = ("joint test rejects", "chi-squared rejects", "relative magnitudes cover", "smoothness covers")
        for name, share in zip(names, shares, strict=True):
            error = np.sqrt(share * (1 - share) / REPLICATIONS)
            rows.append((name, share, "share of replications", f"{where}; Monte Carlo error {error:.3f}"))
    return pd.DataFrame(rows + _power(), columns=["what", "value", "unit", "note"])


def _power() -> list[tuple[str, float, str, str]]:
    from scipy.stats import norm

    from evaluation import did

    frame = panel(0, {2: 200}, units=500, periods=2)
    found = did.minimum_detectable_effect(frame, replications=9999, **NAMES)
    wide = frame.pivot_table(index="unit", columns="period", values="y")
    change = (wide[2] - wide[1]).to_numpy(copy=True)
    change[:200] -= change[:200].mean() - change[200:].mean()
    formula = (norm.ppf(0.975) + norm.ppf(0.8)) * change.std() * np.sqrt(1 / 200 + 1 / 300)
    note = f"Monte Carlo error {found.monte_carlo_error / formula:.3f}"
    rows = [("minimum detectable effect over the textbook formula", found.value / formula, "ratio", note)]
    for groups in ({9: 30, 13: 40, 14: 34}, {9: 8}):
        found = did.minimum_detectable_effect(panel(1, groups), method="imputation", replications=9999, **NAMES)
        where = f"imputation, {found.treated} treated"
        rows.append(("plain 5 % interval leaves out zero without an effect", found.size, "share", where))
        rows.append(("minimum detectable effect, power 80 %", found.value, "standard deviations", where))
    return rows
