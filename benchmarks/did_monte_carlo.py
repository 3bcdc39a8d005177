"""Known truth: imputation and Callaway-Sant'Anna are unbiased, and their 95 % intervals cover, with 104 treated.

428 municipalities over 28 quarters, two intakes (quarters 17 and 21); municipality and quarter effects, season, errors
with an autocorrelation of 0.5, municipalities of different noise; effects that grow over five quarters and differ
between the intakes and between municipalities. The target is the expected average effect over treated municipalities
and quarters. Bias must lie within two Monte Carlo standard errors; coverage is of that target, so 100 minus coverage is
the size of the test of a true null. With 8 treated, how far errors from so few miss is shown beside it.
"""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context

import numpy as np
import pandas as pd

KIND = "proof"
REPLICATIONS = 2000
WORKERS = 2
UNITS, PERIODS = 428, 28
INTAKES = {104: {17: 70, 21: 34}, 8: {17: 5, 21: 3}}
METHODS = {
    104: ("imputation", "two_stage", "callaway_santanna", "sun_abraham", "two_way_fixed_effects", "synthetic_did"),
    8: ("imputation", "two_stage", "callaway_santanna", "sun_abraham", "two_way_fixed_effects"),
}
NAMES = {"outcome": "rate", "unit": "municipality", "period": "quarter", "first_treated": "first"}


def expected_effect(treated: int) -> np.ndarray:
    """Expected effect in percentage points of every municipality in every quarter: (units, periods)."""
    since = np.arange(1, PERIODS + 1)[None, :] - first_treated(treated)[:, None]
    size = np.where(first_treated(treated) == 17, 0.4, 0.25)[:, None]
    exposed = (first_treated(treated)[:, None] > 0) & (since >= 0)
    return np.where(exposed, -size * np.minimum(since + 1, 5) / 5, 0.0)


def first_treated(treated: int) -> np.ndarray:
    first = np.zeros(UNITS, dtype=int)
    first[:treated] = np.repeat(list(INTAKES[treated]), list(INTAKES[treated].values()))
    return first


def truth(treated: int) -> float:
    effect = expected_effect(treated)
    return float(effect[effect != 0].mean())


def world(treated: int, seed: int) -> pd.DataFrame:
    generator = np.random.default_rng([treated, seed])
    noise = generator.normal(size=(UNITS, PERIODS))
    for quarter in range(1, PERIODS):
        noise[:, quarter] = 0.5 * noise[:, quarter - 1] + np.sqrt(0.75) * noise[:, quarter]
    scale = 0.8 * np.exp(0.25 * generator.normal(size=UNITS))
    quarters = np.arange(1, PERIODS + 1)
    season = 0.6 * np.cos(2 * np.pi * quarters / 4) + generator.normal(scale=0.2, size=PERIODS).cumsum()
    strength = 1 + 0.5 * generator.normal(size=UNITS)
    rate = 9.5 + generator.normal(size=UNITS)[:, None] + season + scale[:, None] * noise
    rate += strength[:, None] * expected_effect(treated)
    columns = {"municipality": np.repeat(np.arange(UNITS), PERIODS), "quarter": np.tile(quarters, UNITS)}
    columns |= {"first": np.repeat(first_treated(treated), PERIODS), "rate": rate.ravel()}
    return pd.DataFrame(columns)


def replicate(treated: int, seeds: range) -> np.ndarray:
    """Return value, standard error and coverage for every seed and method: (seeds, methods, 3)."""
    from evaluation import did

    warnings.simplefilter("ignore")
    target, found = truth(treated), np.empty((len(seeds), len(METHODS[treated]), 3))
    for row, seed in enumerate(seeds):
        frame = world(treated, seed)
        for column, method in enumerate(METHODS[treated]):
            result = did.estimate(frame, method=method, **NAMES).overall
            found[row, column] = result.value, result.standard_error, result.low <= target <= result.high
    return found


def simulate(treated: int, replications: int = REPLICATIONS) -> pd.DataFrame:
    """Summarise the replications, one row a method."""
    edges = np.linspace(0, replications, 8 * WORKERS + 1).astype(int)
    seeds = [range(start, stop) for start, stop in pairwise(edges)]
    # Small matrices: two processes with one thread each, instead of threads that wait for each other.
    os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        found = np.concatenate(list(pool.map(replicate, [treated] * len(seeds), seeds)))
    value, error, covered = np.moveaxis(found, 2, 0)
    spread = value.std(axis=0, ddof=1)
    table = {
        "method": METHODS[treated],
        "bias": value.mean(axis=0) - truth(treated),
        "monte_carlo_error": spread / np.sqrt(replications),
        "spread": spread,
        "standard_error": error.mean(axis=0),
        "coverage": 100 * covered.mean(axis=0),
    }
    return pd.DataFrame(table)


def run() -> pd.DataFrame:
    rows = []
    for treated in INTAKES:
        for found in simulate(treated).itertuples():
            what = f"{treated} treated, {found.method}"
            unbiased = abs(found.bias) <= 2 * found.monte_carlo_error
            within = f"{'within' if unbiased else 'outside'} 2 Monte Carlo s.e. ({found.monte_carlo_error:.4f})"
            rows.append((f"{what}: bias", round(found.bias, 4), "percentage points", within))
            rows.append((f"{what}: spread", round(found.spread, 4), "percentage points", f"truth {truth(treated):.4f}"))
            rows.append((f"{what}: mean standard error", round(found.standard_error, 4), "percentage points", ""))
            draws = f"{REPLICATIONS} replications"
            rows.append((f"{what}: coverage of the 95 % interval", round(found.coverage, 2), "percent", draws))
    return pd.DataFrame(rows, columns=["what", "value", "unit", "note"])
