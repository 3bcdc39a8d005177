"""What a deep dive finds: one case beside those like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from evaluation.deep_dive.controls import SyntheticControl
from evaluation.deep_dive.frames import CERTIFIED, SICK_LEAVE
from evaluation.deep_dive.notes import Note
from evaluation.language import Words
from evaluation.programme import Case
from evaluation.texts import LANGUAGES, Text, three
from evaluation.workbench import Described

_AMONG = three("blant dem ", "mellom dei ", "among them ")
_TRAITS = {
    "county": three("ligger i {county}", "ligg i {county}", "lies in {county}"),
    "kostra_group": three(
        "hører til KOSTRA-gruppe {kostra_group}",
        "høyrer til KOSTRA-gruppe {kostra_group}",
        "belongs to KOSTRA group {kostra_group}",
    ),
    "population": three("har {population} innbyggere", "har {population} innbyggjarar", "has {population} inhabitants"),
}
_EARLIER = {
    True: three(
        "var med i et tidligere program", "var med i eit tidlegare program", "took part in an earlier programme"
    ),
    False: three(
        "var ikke med i noe tidligere program",
        "var ikkje med i noko tidlegare program",
        "took part in no earlier programme",
    ),
}


@dataclass(frozen=True, eq=False)
class CaseComparison(Described):
    """One case against its peers.

    In the frames, `who` is ``case`` (its municipalities pooled as one), ``peers`` (pooled) or ``country`` (all
    municipalities of the study, the case too); `when` is ``before`` or ``after``. Rates and shares are in per cent, and
    stand beside their numerators and denominators.

    Attributes
    ----------
    case : the case; of a municipality that is not one, a case made for it.
    names : names of the case's municipalities.
    reference : the quarter that parts before from after: the start, or the programme's first start.
    peers : `municipality`, `name`, `county`, `kostra_group`, `population`, `step` (what let it in: ``kostra_group``,
        ``neighbours``, ``county``, ``population``, ``country`` or ``chosen``).
    peer_rule : the widest step that was needed.
    facts : one row per municipality of the case: `municipality`, `name`, `county`, `kostra_group`, `population`,
        `persons` (employees) and `man_years` of the last year counted, `theme`, `themes`, `intake`, `network`,
        `started`, `earlier`.
    windows : `when`, `first`, `last` (quarters of the sick-leave windows), `year` (of the count of positions).
    sick_leave : rolling four quarters: `who` (also ``synthetic``, where there is a synthetic control), `quarter`,
        `lost_days`, `agreed_days`, `rate`, `low`, `high` (10th and 90th percentile of the peers' own rates, on the rows
        of the peers), `municipalities`, `man_years`.
    bands : position sizes per employee: `who`, `when`, `side` (both in one: ``case_before`` and so on), `year`, `band`,
        `lower`, `upper`, `persons`, `man_years`, `total`, `share`.
    position_years : `who`, `year`, `persons`, `man_years`, `percentage_sum`, `mean_size`, `full_time`,
        `full_time_share`, and `mean_size_low`, ... as for sick leave.
    gaps : one row per `outcome` (``sick_leave_rate``, ``self_certified_rate``, ``doctor_certified_rate``,
        ``mean_size``, ``full_time_share``, and ``vacancy_rate`` and ``reputation_index`` where measured): `before`,
        `after`, `change` of the case; `peers_before`, `peers_after`, `peers_change`; `gap` = change less the peers'
        change, `standard_error`, `low`, `high` (percentage points); `rank` of the gap (1 is the largest fall, in units
        of its expected spread) `among` case and peers; `placebo_share`, the share of them with a gap at least as large;
        `persons` (positions, and the employees or respondents of the others), `man_years`, `municipalities` (peers).
    sectors : the same for sick leave in each sector, whose code is the `outcome`.
    comparators : every group of municipalities the case can be compared with, and its synthetic control, with how well
        each fits; see `comparators.comparator_rows`.
    neighbours : the nearest neighbours: `municipality`, `name`, `county`, `population`, `distance`, nearest first.
    balance : how alike case and groups are before the start; see `neighbours.balance`. The groups are ``peers``,
        ``neighbours`` and ``others`` (all outside the programme).
    synthetic : the synthetic control of each outcome it can be made for.
    donors : what each is made of: `outcome`, `municipality`, `name`, `weight` (per cent), largest first.
    notes : remarks the reader must see.
    """

    case: Case
    names: tuple[str, ...]
    reference: pd.Period
    peers: pd.DataFrame
    peer_rule: str
    facts: pd.DataFrame
    windows: pd.DataFrame
    sick_leave: pd.DataFrame
    bands: pd.DataFrame
    position_years: pd.DataFrame
    gaps: pd.DataFrame
    sectors: pd.DataFrame
    comparators: pd.DataFrame
    neighbours: pd.DataFrame
    balance: pd.DataFrame
    synthetic: Mapping[str, SyntheticControl]
    donors: pd.DataFrame
    notes: tuple[Note, ...]

    def gap(self, outcome: str) -> pd.Series | None:
        """Return the row of `gaps` of an outcome, None if it could not be formed."""
        found = self.gaps[self.gaps["outcome"] == outcome]
        return None if found.empty else found.iloc[0]

    @property
    def label(self) -> Text:
        """The names of the case's municipalities, in three languages."""
        return {language: Words(language).list(self.names) for language in LANGUAGES}

    @property
    def portrait(self) -> Text:
        """A sentence on each of the case's municipalities: where it lies, its group and size, earlier programmes."""
        return {
            language: " ".join(_portrait(row, language) for row in self.facts.to_dict("records"))
            for language in LANGUAGES
        }

    def peer_names(self, most: int) -> Text:
        """Return the names of the peers; of more than so many, the largest and that they are among them."""
        names = self.peers.sort_values("population", ascending=False, kind="stable")["name"].head(most)
        among = dict.fromkeys(LANGUAGES, "") if len(self.peers) <= most else _AMONG
        return {language: among[language] + Words(language).list(names) for language in LANGUAGES}

    def made_of(self, outcome: str, most: int = 6) -> list[str]:
        """Return the largest donors to a synthetic control as "name weight", the weights in whole per cent."""
        mine = self.donors[self.donors["outcome"] == outcome].head(most)
        return [f"{name} {weight:.0f}" for name, weight in zip(mine["name"], mine["weight"], strict=True)]

    def main_covariates(self, sectors: int = 2) -> list[str]:
        """Return the covariates worth a row: level, trend, size, and the case's largest sectors."""
        shares = self.balance[self.balance["covariate"].str.startswith("share_")]
        largest = shares.sort_values("case", ascending=False, kind="stable")["covariate"].head(sectors)
        return [*(name for name in self.balance["covariate"] if not name.startswith("share_")), *largest]

    def development(self) -> pd.DataFrame:
        """Return the rows of `gaps` and `sectors` as one table, to be released together.

        Returns
        -------
        DataFrame
            Sick leave, its kinds and its sectors, then the other outcomes. Also `counted`, the persons behind the row
            or, where these are not known, the man-years; and `split`: rows with the same add up to a total shown.
        """
        of_sick_leave = self.gaps["outcome"].isin(list(SICK_LEAVE))
        gaps = self.gaps.assign(split=self.gaps["outcome"].where(~self.gaps["outcome"].isin(CERTIFIED), "kinds"))
        parts = [gaps[of_sick_leave], self.sectors.assign(split="sectors"), gaps[~of_sick_leave]]
        table = pd.concat([part for part in parts if len(part)] or [gaps], ignore_index=True)
        return table.assign(counted=table["persons"].fillna(table["man_years"]).astype("float64"))


def _portrait(facts: Mapping[Any, Any], language: str) -> str:
    words = Words(language)
    told = {name: facts[name] for name in _TRAITS if pd.notna(facts[name])}
    if "population" in told:
        told["population"] = int(told["population"])
    clauses = [words.plain(_TRAITS[name], **{name: value}) for name, value in told.items()]
    if pd.notna(facts["earlier"]):
        clauses.append(words.text(_EARLIER[bool(facts["earlier"])]))
    return f"{facts['name']} {words.list(clauses)}."
