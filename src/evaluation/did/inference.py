"""Standard errors from influence functions, and the simultaneous band by multiplier bootstrap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from evaluation.did.aggregate import Rows
from evaluation.did.results import Estimate, Sample

# Random signs drawn at a time: few large products, within some tens of megabytes.
BLOCK = 4_000_000
COLUMNS = ("estimate", "standard_error", "low", "high", "band_low", "band_high", "p_value", "n")


def by_cluster(influence: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """Sum the influence (units, rows) of the units of each cluster: (clusters, rows)."""
    count = int(cluster.max()) + 1
    if count == len(cluster):
        return influence[np.argsort(cluster)]
    summed = np.zeros((count, influence.shape[1]))
    np.add.at(summed, cluster, influence)
    return summed


def standard_errors(scores: np.ndarray) -> np.ndarray:
    """Root of the sum of squares over clusters; NaN where nothing varies, so that no test is made of it."""
    errors = np.sqrt((scores**2).sum(axis=0))
    return np.where(errors > 0, errors, np.nan)


def covariance_of(rows: Rows, cluster: np.ndarray) -> pd.DataFrame:
    """Return the covariance of the rows that have a standard error, by their key."""
    scores = by_cluster(rows.influence, cluster)
    known = np.isfinite(standard_errors(scores))
    keys = pd.Index(rows.key[known])
    return pd.DataFrame(scores[:, known].T @ scores[:, known], index=keys, columns=keys)


def critical_values(families: Sequence[np.ndarray], *, level: float, draws: int, seed: int) -> list[float]:
    """Return, for each family of rows, the factor that makes intervals cover all its rows at once.

    The largest absolute t statistic over the rows is drawn by multiplying each cluster's influence by an independent
    sign (Callaway and Sant'Anna 2021, algorithm 1). Never below the factor of a pointwise interval.
    """
    pointwise = float(norm.ppf(0.5 + level / 2))
    scaled = []
    for scores in families:
        errors = standard_errors(scores)
        scaled.append(scores[:, np.isfinite(errors)] / errors[np.isfinite(errors)])
    ends = np.cumsum([part.shape[1] for part in scaled])
    together = np.hstack(scaled)
    generator = np.random.default_rng(seed)
    largest = np.zeros((draws, len(scaled)))
    block = max(1, BLOCK // len(together))
    for start in range(0, draws, block):
        rows = slice(start, min(start + block, draws))
        signs = generator.integers(0, 2, size=(rows.stop - start, len(together)), dtype=np.int8) * 2.0 - 1.0
        statistics = np.abs(signs @ together)
        for position, part in enumerate(np.split(statistics, ends[:-1], axis=1)):
            largest[rows, position] = part.max(axis=1, initial=0.0)
    # One row is its own band; its multiplier distribution would only add noise.
    return [
        pointwise if part.shape[1] < 2 else max(pointwise, float(np.quantile(largest[:, position], level)))
        for position, part in enumerate(scaled)
    ]


def estimate_of(effect: float, error: float, *, level: float, sample: Sample, treated: int) -> Estimate:
    """Return an estimate with the normal interval and two-sided p value."""
    reach = float(norm.ppf(0.5 + level / 2)) * error
    p_value = float(2 * norm.sf(abs(effect / error)))
    return Estimate(
        effect, error, effect - reach, effect + reach, p_value, sample.units, sample.clusters, treated, level
    )


def frames_of(
    rows: Mapping[str, Rows], *, cluster: np.ndarray, level: float, draws: int, seed: int, origin: int
) -> dict[str, pd.DataFrame]:
    """Return the tidy frame of each set of rows, with pointwise intervals and its own simultaneous band.

    `origin` turns groups and periods back to the numbering of the panel as given; event time needs none.
    """
    scores = {name: by_cluster(part.influence, cluster) for name, part in rows.items()}
    bands = critical_values(list(scores.values()), level=level, draws=draws, seed=seed)
    factor = float(norm.ppf(0.5 + level / 2))
    frames = {}
    for (name, part), band in zip(rows.items(), bands, strict=True):
        errors = standard_errors(scores[name])
        values = (
            part.key + (0 if name == "event_time" else origin),
            part.effect,
            errors,
            part.effect - factor * errors,
            part.effect + factor * errors,
            part.effect - band * errors,
            part.effect + band * errors,
            2 * norm.sf(np.abs(part.effect / errors)),
            part.treated,
        )
        frames[name] = pd.DataFrame(dict(zip((name, *COLUMNS), values, strict=True)))
    return frames


def empty_frames(names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Return the frames of a method that has no such rows."""
    nothing = Rows(np.empty(0, dtype=int), np.empty(0), np.empty((1, 0)), np.empty(0, dtype=int))
    cluster = np.zeros(1, dtype=int)
    return frames_of(dict.fromkeys(names, nothing), cluster=cluster, level=0.95, draws=1, seed=0, origin=0)


def event_frame(frame: pd.DataFrame, event_time: int | None, treated: int) -> pd.DataFrame:
    """Mark the reference period of an event study and add its row: zero by definition, so without uncertainty."""
    marked = frame.assign(reference=np.zeros(len(frame), dtype=bool))
    if event_time is None:
        return marked
    row = pd.DataFrame({"event_time": [event_time], "estimate": [0.0], "n": [treated], "reference": [True]})
    joined = pd.concat([marked, row.reindex(columns=marked.columns)], ignore_index=True)
    return joined.sort_values("event_time", ignore_index=True)
