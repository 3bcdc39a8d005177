"""The methods by name: which options each takes, how it is run, and how it describes itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evaluation.did.results import Effects
from evaluation.errors import EstimationError, Problem

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.did.callaway_santanna import GroupTime
    from evaluation.did.panel import Panel

MODELS = ("regression", "ipw", "doubly_robust")
CONTROLS = ("not_yet_treated", "never_treated")
FRAMES = ("event_time", "first_treated", "period")
DRAWS = 999
_COMMON = frozenset({"cluster", "missing", "level"})
_BANDS = _COMMON | {"draws", "seed", "anticipation"}


@dataclass(frozen=True)
class Method:
    """What one method takes and how its result is described.

    `control` names the control group where the method leaves no choice. `known_shares`: the shares of groups are taken
    as given, so the inference is conditional on who was treated. `complete`: units must be observed in every period.
    """

    options: frozenset[str]
    error: str
    control: str = ""
    known_shares: bool = False
    complete: bool = False


METHODS = {
    "callaway_santanna": Method(
        _BANDS | {"weights", "control", "covariates", "base_period"},
        "analytic, from influence functions, estimated group shares included",
    ),
    "sun_abraham": Method(
        _BANDS | {"weights"},
        "sandwich of the saturated regression, group shares taken as given",
        "never treated (or, if there are none, the group treated last)",
        known_shares=True,
    ),
    "imputation": Method(
        _BANDS | {"weights"},
        "conservative (Borusyak et al., theorem 3), leave-one-out, treatment taken as given",
        "untreated observations",
        known_shares=True,
    ),
    "two_stage": Method(
        _BANDS | {"weights"},
        "sandwich of both stages (Gardner 2022), estimated group shares included",
        "untreated observations",
    ),
    "two_way_fixed_effects": Method(
        _COMMON | {"weights"},
        "sandwich with the factor clusters / (clusters - 1)",
        "every observation, those of treated units included",
    ),
    "synthetic_did": Method(_BANDS, "", "weighted never-treated units", known_shares=True, complete=True),
    "synthetic_control": Method(_BANDS, "", "weighted never-treated units", known_shares=True, complete=True),
}


@dataclass(frozen=True)
class Options:
    """The options of an estimation; `None` where nothing was chosen."""

    method: str
    control: str
    weights: str | None
    cluster: str | None
    covariates: tuple[str, ...]
    est_method: str | None
    anticipation: int
    base_period: str
    missing: str
    level: float
    draws: int | None
    seed: int

    def check(self) -> None:
        """Refuse what is unknown, and what the method would not use.

        Raises
        ------
        EstimationError
        """
        found = [problem for name, known in _CHOICES.items() for problem in _unknown(name, getattr(self, name), known)]
        if self.est_method is not None and not self.covariates:
            remedy = "Name covariates or leave it out"
            found.append(Problem("est_method says how covariates enter, but none are given", remedy))
        if not _whole(self.anticipation, 0):
            remedy = "Give the number of periods"
            found.append(Problem("anticipation must be a whole number of periods, 0 or more", remedy))
        if not 0.5 < self.level < 1:
            found.append(Problem("level must lie between 0.5 and 1", "Use 0.95 for 95 % intervals"))
        if self.draws is not None and not _whole(self.draws, 99):
            found.append(Problem("A band needs at least 99 draws", "Use 999 or more"))
        if not _whole(self.seed, 0):
            found.append(Problem("seed must be a whole number, 0 or more", "Give a seed such as 1"))
        found += self._unused()
        if found:
            raise EstimationError(found)

    def _unused(self) -> list[Problem]:
        if self.method not in METHODS:
            return []
        given = {
            "control": self.control != "not_yet_treated",
            "covariates": bool(self.covariates),
            "base_period": self.base_period != "universal",
            "anticipation": self.anticipation != 0,
            "weights": self.weights is not None,
            "draws": self.draws is not None,
            "seed": self.seed != 0,
        }
        unused = [name for name, is_given in given.items() if is_given and name not in METHODS[self.method].options]
        takers = {name: [m for m, method in METHODS.items() if name in method.options] for name in unused}
        return [
            Problem(f"{name} is for {', '.join(takers[name])}; {self.method} does not use it", "Leave it out")
            for name in unused
        ]


_CHOICES: dict[str, tuple[str | None, ...]] = {
    "method": tuple(METHODS),
    "control": CONTROLS,
    "base_period": ("universal", "varying"),
    "missing": ("raise", "drop"),
    "est_method": (None, *MODELS),
}


def _unknown(name: str, value: object, known: tuple[str | None, ...]) -> list[Problem]:
    if value in known:
        return []
    listed = ", ".join(repr(choice) for choice in known if choice is not None)
    return [Problem(f"Unknown {name} {value!r}", f"Choose one of {listed}")]


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def control_of(options: Options) -> str:
    """Return the control group that the panel must have: never-treated units or any units not yet treated."""
    return "never_treated" if METHODS[options.method].complete else options.control


def fit(data: Panel, options: Options) -> Effects:
    """Estimate by the method named in the options."""
    if options.method == "two_way_fixed_effects":
        return _two_way(data, options)
    cells, citation = _cells(data, options)
    return _effects(data, cells, citation, options)


def _cells(data: Panel, options: Options) -> tuple[GroupTime, str]:
    """Return the effect of every group in every period, and the source of the method."""
    from evaluation.did import callaway_santanna, means, sun_abraham, synthetic, two_way

    ahead = options.anticipation
    if options.method in ("imputation", "two_stage"):
        cells = two_way.impute(data, anticipation=ahead, leave_one_out=options.method == "imputation")
        citation = two_way.IMPUTATION_CITATION if options.method == "imputation" else two_way.TWO_STAGE_CITATION
        return cells, citation
    if options.method == "sun_abraham":
        return sun_abraham.saturated(data, anticipation=ahead), sun_abraham.CITATION
    if options.method in ("synthetic_did", "synthetic_control"):
        differences = options.method == "synthetic_did"
        cells = synthetic.synthetic(
            data, anticipation=ahead, differences=differences, draws=options.draws, seed=options.seed
        )
        return cells, synthetic.DIFFERENCES_CITATION if differences else synthetic.CONTROL_CITATION
    if options.covariates:
        model = options.est_method or "doubly_robust"
        cells = callaway_santanna.group_time(
            data, model=model, control=options.control, anticipation=ahead, base_period=options.base_period
        )
    else:
        cells = means.group_time_means(
            data, control=options.control, anticipation=ahead, base_period=options.base_period
        )
    return cells, callaway_santanna.CITATION


def _convention(data: Panel, source: str, *, factor: bool) -> str:
    what = "the clusters given" if data.clustered else "the unit"
    small = "" if factor else "; no small-sample factor"
    weighted = "; weighted" if data.weighted else ""
    return f"{source}; clustered on {what} ({data.sample.clusters}){small}; normal quantiles{weighted}"


def _two_way(data: Panel, options: Options) -> Effects:
    from evaluation.did import two_way
    from evaluation.did.inference import by_cluster, empty_frames, estimate_of, event_frame, standard_errors

    effect, influence, treated = two_way.two_way(data)
    error = float(standard_errors(by_cluster(influence[:, None], data.cluster))[0])
    single = estimate_of(effect, error, level=options.level, sample=data.sample, treated=treated)
    frames = empty_frames(FRAMES)
    method = METHODS[options.method]
    return Effects(
        method=options.method,
        control=method.control,
        anticipation=0,
        aggregates={"simple": single},
        event_study=event_frame(frames["event_time"], None, 0),
        by_group=frames["first_treated"],
        by_period=frames["period"],
        sample=data.sample,
        standard_error=_convention(data, method.error, factor=True),
        citation=two_way.TWO_WAY_CITATION,
        notes=data.notes,
    )


def _effects(data: Panel, cells: GroupTime, citation: str, options: Options) -> Effects:
    import numpy as np

    from evaluation.did.aggregate import aggregate
    from evaluation.did.inference import (
        by_cluster,
        covariance_of,
        estimate_of,
        event_frame,
        frames_of,
        standard_errors,
    )

    method = METHODS[options.method]
    sample = replace(data.sample, cells=_missing(cells))
    if not (cells.period >= cells.group).any():
        remedy = "Check that treated units are observed before and after, beside untreated ones"
        raise EstimationError(Problem("No effect after the treatment can be estimated", remedy))
    averages = aggregate(data, cells, known_shares=method.known_shares)
    cluster = np.arange(len(cells.influence)) if cells.independent else data.cluster
    singles = {}
    for kind, (effect, influence, treated) in averages.single.items():
        error = float(standard_errors(by_cluster(influence[:, None], cluster))[0])
        singles[kind] = estimate_of(effect, error, level=options.level, sample=sample, treated=treated)
    rows = dict(zip(FRAMES, (averages.dynamic, averages.group, averages.calendar), strict=True))
    frames = frames_of(
        rows,
        cluster=cluster,
        level=options.level,
        draws=options.draws or DRAWS,
        seed=options.seed,
        origin=data.origin,
    )
    against_one_period = options.method == "sun_abraham" or "base_period" in method.options
    reference = -1 - options.anticipation if against_one_period and options.base_period == "universal" else None
    return Effects(
        method=options.method,
        control=method.control or options.control,
        anticipation=options.anticipation,
        aggregates=singles,
        event_study=event_frame(frames["event_time"], reference, int(averages.group.treated.sum())),
        by_group=frames["first_treated"],
        by_period=frames["period"],
        sample=sample,
        standard_error=cells.error or _convention(data, method.error, factor=False),
        citation=citation,
        notes=data.notes + cells.notes,
        covariance=covariance_of(rows["event_time"], cluster).rename_axis(index="event_time", columns="event_time"),
    )


def _missing(cells: GroupTime) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(cells.missing, columns=["first_treated", "period", "reason"])
