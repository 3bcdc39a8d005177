"""From group-time effects to the numbers reported: averages and the influence of every unit on them.

Callaway and Sant'Anna (2021), section 3. An average over groups weighs each by its share of the units (of the weights,
in a weighted estimation), and that the shares are estimated is part of its uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.did.callaway_santanna import GroupTime
from evaluation.did.panel import Panel


@dataclass(frozen=True, eq=False)
class Rows:
    """Averages by one key (event time, group or period), with influence functions.

    Attributes
    ----------
    key, treated : (rows,) int
        `treated`: the treated units behind each row.
    effect : (rows,) float
    influence : (units, rows) float
    """

    key: np.ndarray
    effect: np.ndarray
    influence: np.ndarray
    treated: np.ndarray


@dataclass(frozen=True, eq=False)
class Aggregates:
    """The single numbers (kind -> effect, influence, treated units) and the three sets of rows."""

    single: dict[str, tuple[float, np.ndarray, int]]
    dynamic: Rows
    group: Rows
    calendar: Rows


def _by_share(
    panel: Panel, group: np.ndarray, effect: np.ndarray, influence: np.ndarray, chosen: np.ndarray, known: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Average cells with the shares of their groups in the sample; the shares' own sampling error unless `known`.

    `chosen` is (cells, rows): the cells that each row averages.
    """
    units = len(panel.group)
    codes, place = np.unique(group, return_inverse=True)
    sizes = np.array([panel.weights[panel.group == code].sum() for code in codes])
    shares = (sizes / units)[place][:, None] * chosen
    totals = shares.sum(axis=0)
    average = (effect @ shares) / totals
    combined = influence @ (shares / totals)
    if known:
        return average, combined
    departure = chosen * (effect[:, None] - average)
    of_group = np.zeros((len(codes), len(average)))
    np.add.at(of_group, place, departure)
    of_group /= totals * units
    for row, code in zip(of_group, codes, strict=True):
        members = np.flatnonzero(panel.group == code)
        combined[members] += panel.weights[members, None] * row
    return average, combined


def _rows(panel: Panel, cells: GroupTime, key: np.ndarray, use: np.ndarray, known: bool) -> Rows:
    keys = np.unique(key[use])
    chosen = use[:, None] & (key[:, None] == keys)
    effect, influence = _by_share(panel, cells.group, cells.effect, cells.influence, chosen, known)
    treated = np.array([_treated(cells, column) for column in chosen.T], dtype=int)
    return Rows(keys, effect, influence, treated)


def _treated(cells: GroupTime, chosen: np.ndarray) -> int:
    groups = np.unique(cells.group[chosen])
    return int(sum(cells.treated[chosen & (cells.group == code)].max() for code in groups))


def aggregate(panel: Panel, cells: GroupTime, *, known_shares: bool = False) -> Aggregates:
    """Average group-time effects; the single numbers use post-treatment periods only, whatever the anticipation.

    With `known_shares` the shares of the groups are taken as given (inference conditional on the treatment).
    """
    event_time = cells.period - cells.group
    post = event_time >= 0
    dynamic = _rows(panel, cells, event_time, np.ones(len(post), dtype=bool), known_shares)
    group = _rows(panel, cells, cells.group, post, known_shares)
    calendar = _rows(panel, cells, cells.period, post, known_shares)
    treated = int(group.treated.sum())
    after = dynamic.key >= 0

    def one(codes: np.ndarray, rows: GroupTime | Rows, chosen: np.ndarray) -> tuple[float, np.ndarray, int]:
        average, influence = _by_share(panel, codes, rows.effect, rows.influence, chosen[:, None], known_shares)
        return float(average[0]), influence[:, 0], treated

    single = {
        "simple": one(cells.group, cells, post),
        "group": one(group.key, group, np.ones(len(group.key), dtype=bool)),
        "dynamic": (float(dynamic.effect[after].mean()), dynamic.influence[:, after].mean(axis=1), treated),
        "calendar": (float(calendar.effect.mean()), calendar.influence.mean(axis=1), treated),
    }
    return Aggregates(single, dynamic, group, calendar)
