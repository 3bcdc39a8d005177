"""A panel checked before any estimator sees it.

The estimation packages answer wrongly in silence on a malformed panel: never-treated units coded as missing drop every
control, a `first_treated` that varies within a unit passes, period codes such as 201201 break event time. So every
check is made here, and all problems are reported together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.did.results import Sample
from evaluation.errors import EstimationError, Problem

CONTROLS = ("not_yet_treated", "never_treated")
FEW_CLUSTERS = 10


@dataclass(frozen=True)
class Columns:
    """The names of the columns of a panel that an estimation uses."""

    outcome: str
    unit: str
    period: str
    first_treated: str
    weights: str | None = None
    cluster: str | None = None
    covariates: tuple[str, ...] = ()
    treatment: str | None = None

    def used(self) -> list[str]:
        """Return every column named, each once."""
        named = [self.outcome, self.unit, self.period, self.first_treated, self.weights, self.cluster, *self.covariates]
        return list(dict.fromkeys(name for name in [*named, self.treatment] if name is not None))


@dataclass(frozen=True, eq=False)
class Panel:
    """A valid panel, units by periods, in an order that labels and rows cannot change.

    Units are ordered by their group and their outcomes. Periods are numbered 1, 2, ...; `origin` is the period before
    the first one. `group` is the period of first treatment on that numbering, 0 for units not treated in the panel.

    Attributes
    ----------
    outcome : (units, periods) float, NaN where a unit is not observed
    group, cluster : (units,) int
    weights : (units,) float with mean 1
    covariates : (units, periods, covariates) float
    """

    outcome: np.ndarray
    group: np.ndarray
    cluster: np.ndarray
    weights: np.ndarray
    covariates: np.ndarray
    origin: int
    weighted: bool
    clustered: bool
    sample: Sample
    notes: tuple[str, ...]

    @property
    def groups(self) -> list[int]:
        """The periods of first treatment, in order."""
        return [int(group) for group in np.unique(self.group) if group != 0]


def _number_problems(frame: pd.DataFrame, column: str, *, never: bool = False) -> list[Problem]:
    values = frame[column]
    if isinstance(values.dtype, pd.PeriodDtype):
        remedy = f"Number the periods, for quarters: frame[{column!r}].map(lambda quarter: quarter.ordinal)"
        return [Problem("Periods must be whole numbers, not pandas periods", remedy, column=column)]
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        remedy = "Use consecutive whole numbers, one step per period"
        return [Problem("Periods must be whole numbers, not text", remedy, column=column, value=values.iloc[0])]
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    wrong = ~np.isfinite(numbers) | (numbers != np.floor(numbers))
    if not wrong.any():
        return []
    remedy = "Use 0 for units never treated" if never else "Use consecutive whole numbers, one step per period"
    return [Problem(f"{wrong.sum()} rows have no whole number", remedy, column=column, value=values[wrong].iloc[0])]


def _varying(frame: pd.DataFrame, unit: str, column: str, what: str, remedy: str) -> list[Problem]:
    rows, units = pd.factorize(frame[unit])
    codes = pd.factorize(frame[column])[0]
    of_unit = np.zeros(len(units) + 1, dtype=codes.dtype)
    of_unit[rows] = codes
    if (of_unit[rows] == codes).all():
        return []
    pairs = frame[[unit, column]].drop_duplicates()
    counts = pairs[unit].value_counts()
    differs = counts > 1
    return [Problem(f"{differs.sum()} units {what}", remedy, column=column, value=counts.index[differs].min())]


def _column_problems(frame: pd.DataFrame, columns: Columns) -> list[Problem]:
    names = columns.used()
    missing = [name for name in names if name not in frame.columns]
    if missing:
        return [
            Problem(f"The panel has no column {name!r}", "Name a column of the panel", column=name) for name in missing
        ]
    if frame.empty:
        return [Problem("The panel has no rows", "Check the selection that built it")]
    roles = [columns.outcome, columns.unit, columns.period, columns.first_treated]
    if len(set(roles)) < len(roles):
        return [Problem("One column is given two roles", "Outcome, unit, period and first_treated must differ")]
    twice = [name for name in names if isinstance(frame[name], pd.DataFrame)]
    return [Problem("The column appears twice", "Rename or drop one of them", column=name) for name in twice]


def _value_problems(frame: pd.DataFrame, columns: Columns, missing: str) -> list[Problem]:
    found = _number_problems(frame, columns.period)
    found += _number_problems(frame, columns.first_treated, never=True)
    if frame[columns.unit].isna().any():
        count = int(frame[columns.unit].isna().sum())
        found.append(Problem(f"{count} rows have no unit", "Name the unit of every row", column=columns.unit))
    repeated = frame.duplicated([columns.unit, columns.period])
    if repeated.any():
        first = frame.loc[repeated].iloc[0]
        what = f"{repeated.sum()} rows repeat a unit and period"
        value = f"{first[columns.unit]}, {first[columns.period]}"
        found.append(Problem(what, "Keep one row for each unit and period", column=columns.unit, value=value))
    absent = frame[columns.unit].nunique() * frame[columns.period].nunique() - int((~repeated).sum())
    if absent > 0 and missing == "raise":
        remedy = 'Complete the panel, or pass missing="drop" to compare each unit in the periods it has'
        found.append(Problem(f"{absent} combinations of unit and period have no row", remedy, column=columns.unit))
    remedy = "A unit has one period of first treatment, the same on all its rows; 0 if it is never treated"
    found += _varying(frame, columns.unit, columns.first_treated, "have more than one first_treated", remedy)
    for name in (columns.outcome, *columns.covariates):
        found += _finite_problems(frame, name, columns, missing)
    if columns.weights is not None:
        found += _weight_problems(frame, columns.unit, columns.weights)
    if columns.cluster is not None:
        if frame[columns.cluster].isna().any():
            found.append(Problem("Some rows have no cluster", "Name the cluster of every row", column=columns.cluster))
        remedy = "A unit must stay in one cluster"
        found += _varying(frame, columns.unit, columns.cluster, "are in more than one cluster", remedy)
    return found


def _finite_problems(frame: pd.DataFrame, name: str, columns: Columns, missing: str) -> list[Problem]:
    values = frame[name]
    if not pd.api.types.is_numeric_dtype(values):
        return [Problem("The values must be numbers", "Convert the column first", column=name, value=values.iloc[0])]
    wrong = ~np.isfinite(values.to_numpy(dtype=float, na_value=np.nan))
    if not wrong.any() or (missing == "drop" and name == columns.outcome):
        return []
    remedy = "Complete the values" if name != columns.outcome else 'Complete them, or pass missing="drop" and report it'
    return [Problem(f"{wrong.sum()} rows are missing or not finite", remedy, column=name)]


def _weight_problems(frame: pd.DataFrame, unit: str, name: str) -> list[Problem]:
    if not pd.api.types.is_numeric_dtype(frame[name]):
        return [Problem("Weights must be numbers", "Convert the column first", column=name)]
    values = frame[name].to_numpy(dtype=float, na_value=np.nan)
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        what = f"{wrong.sum()} rows have a weight that is not a positive number"
        return [Problem(what, "Leave such units out before estimating", column=name, value=values[wrong][0])]
    remedy = "Use one weight a unit, for instance its mean before the treatment"
    return _varying(frame, unit, name, "have a weight that varies over time", remedy)


def _treatment_problems(frame: pd.DataFrame, columns: Columns) -> list[Problem]:
    name = str(columns.treatment)
    values = frame[name]
    if pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
        given = values.to_numpy(dtype=float, na_value=np.nan)
    else:
        given = np.full(len(values), np.nan)
    wrong = ~np.isin(given, (0, 1))
    if wrong.any():
        what = f"{wrong.sum()} rows have a treatment that is not 0 or 1"
        return [Problem(what, "Code the treatment 0 or 1", column=name, value=values[wrong].iloc[0])]
    if (given == given[0]).all():
        remedy = "Include units or periods without the treatment"
        return [Problem("The treatment never varies", remedy, column=name, value=values.iloc[0])]
    ordered = frame.assign(treated=given).sort_values(columns.period, kind="stable")
    ends = ordered.groupby(columns.unit, observed=True)["treated"].diff() < 0
    if ends.any():
        units = ordered.loc[ends, columns.unit]
        remedy = "These methods need a treatment that lasts; end the panel before it ends, or study its start only"
        return [Problem(f"The treatment ends in {units.nunique()} units", remedy, column=name, value=units.iloc[0])]
    first, period = frame[columns.first_treated], frame[columns.period]
    differs = given != ((first != 0) & (period >= first)).to_numpy(dtype=float)
    if differs.any():
        remedy = "It is 1 from first_treated on, and 0 before and for units never treated"
        unit = frame.loc[differs, columns.unit].iloc[0]
        return [Problem(f"{differs.sum()} rows disagree with first_treated", remedy, column=name, value=unit)]
    return []


def _design_problems(frame: pd.DataFrame, columns: Columns, control: str, anticipation: int) -> list[Problem]:
    periods = np.unique(frame[columns.period].to_numpy(dtype=np.int64))
    first, last = int(periods[0]), int(periods[-1])
    groups = frame.groupby(columns.unit, observed=True)[columns.first_treated].first().to_numpy(dtype=np.int64)
    found = []
    gaps = np.setdiff1d(np.arange(first, min(last, first + 10_000) + 1), periods)
    if gaps.size:
        remedy = "Number the periods consecutively; codes such as 201201 are not consecutive"
        found.append(Problem("The periods have gaps", remedy, column=columns.period, value=int(gaps[0])))
    if first <= 0 <= last:
        remedy = "Shift the periods so that they start at 1 or later"
        found.append(Problem("0 means never treated, but is also a period", remedy, column=columns.period))
    treated = groups[(groups != 0) & (groups <= last)]
    column = columns.first_treated
    if not treated.size:
        found.append(
            Problem("No unit is treated within the panel", "Check first_treated and the periods", column=column)
        )
    elif (treated <= first + anticipation).all():
        remedy = "Begin the panel before the treatment (and its anticipation)"
        found.append(Problem("Every treated unit is treated from the first period on", remedy, column=column))
    elif control == "never_treated" and not _never(groups, last, anticipation).any():
        remedy = 'Use control="not_yet_treated", or include units never treated'
        found.append(Problem("No unit is never treated, so there are no controls", remedy, column=column))
    elif not (groups == 0).any() and groups.max() <= treated[treated > first + anticipation].min() + anticipation:
        remedy = "Include units never treated or treated later"
        found.append(Problem("All units are treated at the same time, so there are no controls", remedy, column=column))
    return found


def _never(groups: np.ndarray, last: int, anticipation: int) -> np.ndarray:
    return (groups == 0) | (groups > last + anticipation)


def prepare(
    frame: pd.DataFrame, columns: Columns, *, control: str, anticipation: int, missing: str, complete: bool = False
) -> Panel:
    """Check a panel and lay it out as units by periods.

    Parameters
    ----------
    frame : DataFrame
        One row a unit and period. Not modified.
    columns : Columns
    control : {"not_yet_treated", "never_treated"}
    anticipation : int
        Periods before first treatment in which an effect is allowed.
    missing : {"raise", "drop"}
        What to do with outcomes that are missing or not finite, and with periods in which a unit has no row.
    complete : bool
        Leave out units that are not observed in every period.

    Raises
    ------
    EstimationError
        Listing every problem of the panel at once.
    """
    problems = _column_problems(frame, columns)
    if problems:
        raise EstimationError(problems)
    data = frame.loc[:, columns.used()]
    problems = _value_problems(data, columns, missing)
    readable = not any(problem.column in (columns.period, columns.first_treated) for problem in problems)
    if readable:
        problems += _design_problems(data, columns, control, anticipation)
        problems += _treatment_problems(data, columns) if columns.treatment is not None else []
    if problems:
        raise EstimationError(problems)
    return _lay_out(data, columns, anticipation, complete)


def _lay_out(data: pd.DataFrame, columns: Columns, anticipation: int, complete: bool) -> Panel:
    rows, units = pd.factorize(data[columns.unit])
    periods = data[columns.period].to_numpy(dtype=np.int64)
    origin = int(periods.min()) - 1
    length = int(periods.max()) - origin
    outcome = _wide(data[columns.outcome], rows, periods - origin - 1, (len(units), length))
    outcome[~np.isfinite(outcome)] = np.nan
    covariates = np.empty((*outcome.shape, len(columns.covariates)))
    for position, name in enumerate(columns.covariates):
        covariates[:, :, position] = _wide(data[name], rows, periods - origin - 1, outcome.shape)
    given = np.empty(len(units), dtype=np.int64)
    given[rows] = data[columns.first_treated].to_numpy(dtype=np.int64)
    group = np.where(given == 0, 0, given - origin)
    later = group > length + anticipation
    group[later] = 0
    weights = np.ones(len(units))
    if columns.weights is not None:
        weights[rows] = data[columns.weights].to_numpy(dtype=float)
    cluster = np.arange(len(units))
    if columns.cluster is not None:
        cluster[rows] = pd.factorize(data[columns.cluster])[0]
    seen = np.isfinite(outcome)
    early = (given != 0) & (group <= 1 + anticipation) & ~later
    dropped = _dropped(outcome, rows, early, anticipation, complete)
    keep = np.flatnonzero((seen.all(axis=1) if complete else seen.any(axis=1)) & ~early)
    if not keep.size or not (group[keep] != 0).any() or (complete and (group[keep] != 0).all()):
        remedy = "Complete the panel, begin it earlier or include more units"
        raise EstimationError(Problem("No treated unit and control are left with the outcomes needed", remedy))
    order = keep[np.lexsort([*outcome[keep].T[::-1], weights[keep], group[keep]])]
    cluster = pd.factorize(cluster[order])[0]
    sample = Sample(
        rows=int(seen[order].sum()),
        units=len(order),
        clusters=int(cluster.max()) + 1,
        groups=_groups(group[order], cluster, seen[order], origin),
        dropped=dropped,
    )
    return Panel(
        outcome=outcome[order],
        group=group[order],
        cluster=cluster,
        weights=weights[order] / weights[order].mean(),
        covariates=covariates[order],
        origin=origin,
        weighted=columns.weights is not None,
        clustered=columns.cluster is not None,
        sample=sample,
        notes=_few(int(cluster.max()) + 1) + _notes(group[order], later[order], origin),
    )


def _wide(values: pd.Series, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    wide = np.full(shape, np.nan)
    wide[rows, columns] = values.to_numpy(dtype=float, na_value=np.nan)
    return wide


def _dropped(
    outcome: np.ndarray, rows: np.ndarray, early: np.ndarray, anticipation: int, complete: bool
) -> pd.DataFrame:
    seen = np.isfinite(outcome)
    per_unit = np.bincount(rows, minlength=len(outcome))
    lost = per_unit - seen.sum(axis=1)
    absent = outcome.shape[1] - per_unit
    before = (
        "treated, or in the anticipation of it, from the first period on"
        if anticipation
        else "treated from the first period on"
    )
    reasons = [
        ("outcome missing or not finite", int(lost.sum()), int((lost > 0).sum())),
        ("no row for a unit in a period", int(absent.sum()), int((absent > 0).sum())),
        (f"{before}: no earlier period to compare with", int(seen[early].sum()), int(early.sum())),
        ("no outcome in any period", 0, int((~seen.any(axis=1)).sum())),
    ]
    if complete:
        gaps = seen.any(axis=1) & ~seen.all(axis=1) & ~early
        reasons.append(("unit not observed in every period", int(seen[gaps].sum()), int(gaps.sum())))
    return pd.DataFrame([reason for reason in reasons if reason[2]], columns=["reason", "rows", "units"])


def _groups(group: np.ndarray, cluster: np.ndarray, seen: np.ndarray, origin: int) -> pd.DataFrame:
    codes = np.unique(group)
    members = [group == code for code in codes]
    counts = {
        "first_treated": [0 if code == 0 else int(code) + origin for code in codes],
        "units": [int(chosen.sum()) for chosen in members],
        "clusters": [len(np.unique(cluster[chosen])) for chosen in members],
        "rows": [int(seen[chosen].sum()) for chosen in members],
    }
    return pd.DataFrame(counts)


def _few(clusters: int) -> tuple[str, ...]:
    if clusters >= FEW_CLUSTERS:
        return ()
    return (f"Only {clusters} clusters: errors that follow clusters are then too small; rely on randomisation.",)


def _notes(group: np.ndarray, later: np.ndarray, origin: int) -> tuple[str, ...]:
    notes = []
    if later.any():
        notes.append(f"{later.sum()} units first treated after the panel ends count as never treated.")
    codes, sizes = np.unique(group[group != 0], return_counts=True)
    for code in codes[sizes == 1]:
        what = f"The group first treated in period {code + origin} has one unit"
        notes.append(f"{what}: how that unit varies by itself cannot be estimated.")
    return tuple(notes)
