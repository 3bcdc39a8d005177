"""Who succeeded: every test of moderation of the chapter, made together so that their number is allowed for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evaluation.cooperation.imputed import MunicipalEffects, spread
from evaluation.cooperation.moderation import adjusted, between_networks, moderations
from evaluation.cooperation.outcomes import OUTCOMES, effects, theme_of
from evaluation.cooperation.reports import reported_by_municipality
from evaluation.cooperation.scores import groups, municipal, scores
from evaluation.cooperation.traits import earlier, networks
from evaluation.errors import EstimationError
from evaluation.workbench import Described

if TYPE_CHECKING:
    from evaluation.study import Study


@dataclass(frozen=True, eq=False)
class Succeeded(Described):
    """Where the programme's effect was larger, as moderation.

    Attributes
    ----------
    tests : DataFrame
        The main family of tests: as of `moderations`, for the index of cooperation (a standard deviation more, in
        the wave chosen) and earlier participation, with `detectable` (the difference found four times in five) and
        `favourable`, `favourable_low`, `favourable_high`: the difference in standard deviations of the imputed effects,
        with its sign turned so that higher is better for every outcome.
    between : DataFrame
        As of `between_networks`. Its tests and `tests` are one family: `p_holm`, `p_fdr`, `clear` count them together.
    other : DataFrame
        Other measures of cooperation and other indices, as `tests`: the second family, adjusted by itself.
    by_group : DataFrame
        `moderator`, `group`, `outcome` and the effect in the group, each against the same never-treated municipalities.
    spread : DataFrame
        `outcome` and how much the effects differ beyond chance (see `spread`).
    dropped : DataFrame
        `outcome`, `reason`, `municipalities`: what is not in the tests.
    wave : int or None
        The wave of the index; None where the survey has not been held.
    """

    tests: pd.DataFrame
    between: pd.DataFrame
    other: pd.DataFrame
    by_group: pd.DataFrame
    spread: pd.DataFrame
    dropped: pd.DataFrame
    wave: int | None

    @property
    def count(self) -> int:
        """How many tests the first family has."""
        return int(self.tests["p_value"].notna().sum() + self.between["p_value"].notna().sum())

    @property
    def clear(self) -> pd.DataFrame:
        """The rows of `tests` that stay clear when all tests are counted."""
        return self.tests[self.tests["clear"]]

    def _repr_html_(self) -> str:
        return self.tests.to_html(index=False) + self.between.to_html(index=False)


def succeeded(
    study: Study,
    *,
    index: str,
    wave: int | None = None,
    outcomes: Sequence[str] = tuple(OUTCOMES),
    last: Mapping[str, object] | None = None,
) -> Succeeded:
    """Ask whether the effects differ with cooperation, earlier participation and network.

    Parameters
    ----------
    study : Study
    index : str
        The survey's index of cooperation, a group of the codebook.
    wave : int, optional
        The wave it is taken from; by default the first, the least coloured by how things went. Without a wave held by
        the cut, cooperation is not tested.
    outcomes : sequence of str
        Keys of `OUTCOMES`; those whose table, theme or participants the study lacks are listed in `dropped`.
    last : mapping, optional
        Outcome -> last period used.
    """
    found, dropped = _effects(study, outcomes, last or {})
    theme = {outcome: theme_of(study, outcome) for outcome in found}
    nets = {outcome: networks(study, theme[outcome][0]) for outcome in found}
    people = scores(study)
    waves = sorted(int(year) for year in people["year"].unique())
    wave = wave if wave is not None or not waves else waves[0]
    before = earlier(study)
    traits, other = pd.DataFrame({"earlier": before}), pd.DataFrame(index=before.index)
    named = {"earlier": before.map({1.0: "earlier.yes", 0.0: "earlier.no"})}
    if wave is not None:
        mine = municipal(people, index, year=wave).set_index("municipality")
        traits.insert(0, "cooperation", mine["standardised"])
        named = {"cooperation": "half." + mine["half"]} | named
        other = _other(study, people, index, wave, waves)
    if wave is not None and before.isna().all():
        traits = traits[["cooperation"]]
    tests, between = moderations(found, traits, nets), between_networks(found, nets)
    tests, between = adjusted([tests, between])
    (beside,) = adjusted([moderations(found, other, nets)])
    sizes = pd.DataFrame([{"outcome": outcome} | spread(one) for outcome, one in found.items()])
    better = {outcome: direction for outcome, (_, direction) in theme.items()}
    by_group = [
        one.by(group).assign(moderator=name, outcome=outcome)
        for name, group in named.items()
        for outcome, one in found.items()
    ]
    return Succeeded(
        tests=_favourable(tests, sizes, better),
        between=between,
        other=_favourable(beside, sizes, better),
        by_group=pd.concat([part for part in by_group if len(part)] or by_group[:1], ignore_index=True)
        if by_group
        else pd.DataFrame(),
        spread=sizes,
        dropped=dropped,
        wave=wave,
    )


def _effects(
    study: Study, outcomes: Sequence[str], last: Mapping[str, object]
) -> tuple[dict[str, MunicipalEffects], pd.DataFrame]:
    found: dict[str, MunicipalEffects] = {}
    rows: list[tuple[str, str, int | None]] = []
    for outcome in outcomes:
        if outcome in OUTCOMES and not study.has(OUTCOMES[outcome].table):
            rows.append((outcome, "the study lacks its table", None))
            continue
        theme_of(study, outcome)
        try:
            found[outcome] = effects(study, outcome, last=last.get(outcome))
        except EstimationError as error:
            rows.append((outcome, error.problems[0].what, None))
            continue
        lost = found[outcome].dropped
        rows += [(outcome, why, n) for why, n in zip(lost["reason"], lost["municipalities"], strict=True)]
    return found, pd.DataFrame(rows, columns=["outcome", "reason", "municipalities"])


def _other(study: Study, people: pd.DataFrame, index: str, wave: int, waves: list[int]) -> pd.DataFrame:
    """Return the other measures: halves, other waves, the other indices, and the municipalities' own score."""
    halves = municipal(people, index, year=wave).set_index("municipality")["half"]
    columns = {"half": (halves == "high").astype(float)}
    if len(waves) > 1:
        for name, year in (("last_wave", waves[-1]), ("all_waves", None)):
            columns[name] = municipal(people, index, year=year).set_index("municipality")["standardised"]
    for name in groups(study):
        if name != index:
            columns[name] = municipal(people, name, year=wave).set_index("municipality")["standardised"]
    if study.has("annual_reports"):
        own = reported_by_municipality(study)
        if len(own) > 1:
            columns["reported"] = own / own.std(ddof=1)
    return pd.DataFrame(columns)


def _favourable(tests: pd.DataFrame, sizes: pd.DataFrame, better: Mapping[str, str]) -> pd.DataFrame:
    """Add the differences in standard deviations of the imputed effects, turned so that higher is better."""
    from scipy.stats import t

    deviation = tests["outcome"].map(dict(zip(sizes["outcome"], sizes["observed"], strict=True))).astype(float)
    sign = tests["outcome"].map(better).map({"lower": -1.0, "higher": 1.0}).astype(float)
    scaled = tests[["estimate", "low", "high"]].astype(float).mul(sign / deviation, axis=0)
    half = (tests["high"] - tests["low"]).astype(float) / 2
    # Half the interval is the t quantile times the error; the power adds the quantile of four in five.
    free = tests["municipalities"].astype(float).clip(lower=3) - 2
    return tests.assign(
        favourable=scaled["estimate"],
        favourable_low=scaled[["low", "high"]].min(axis=1),
        favourable_high=scaled[["low", "high"]].max(axis=1),
        detectable=half + t.ppf(0.8, free) * tests["standard_error"].astype(float),
    )
