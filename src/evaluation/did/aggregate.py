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
    panel: Panel, group: np.ndarray, effect: np.ndarray, influence: np.ndarray, known: bool
) -> tuple[float, np.ndarray]:
    """Average cells with the shares of their groups in the sample; the shares' own sampling error unless `known`."""
    units = len(panel.group)
    shares = np.array([panel.weights[panel.group == code].sum() / units for code in group])
    total = shares.sum()
    average = float(shares @ effect / total)
    if known:
        return average, influence @ (shares / total)
    of_share = np.zeros(units)
    for code in np.unique(group):
        members = panel.group == code
        of_share[members] = panel.weights[members] * (effect[group == code] - average).sum()
    return average, influence @ (shares / total) + of_share / (total * units)


def _rows(panel: Panel, cells: GroupTime, key: np.ndarray, use: np.ndarray, known: bool) -> Rows:
    keys = np.unique(key[use])
    effect, influence = np.empty(len(keys)), np.empty((len(panel.group), len(keys)))
    for position, value in enumerate(keys):
        chosen = use & (key == value)
        effect[position], influence[:, position] = _by_share(
            panel, cells.group[chosen], cells.effect[chosen], cells.influence[:, chosen], known
        )
    treated = np.array([_treated(cells, use & (key == value)) for value in keys], dtype=int)
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
    simple = _by_share(panel, cells.group[post], cells.effect[post], cells.influence[:, post], known_shares)
    single = {
        "simple": (*simple, treated),
        "group": (*_by_share(panel, group.key, group.effect, group.influence, known_shares), treated),
        "dynamic": (float(dynamic.effect[after].mean()), dynamic.influence[:, after].mean(axis=1), treated),
        "calendar": (float(calendar.effect.mean()), calendar.influence.mean(axis=1), treated),
    }
    return Aggregates(single, dynamic, group, calendar)
