"""What a deep dive finds: one case beside those like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from evaluation.deep_dive.controls import SyntheticControl
from evaluation.deep_dive.notes import Note
from evaluation.language import LANGUAGES, Text, Words
from evaluation.programme import Case


@dataclass(frozen=True, eq=False)
class CaseComparison:
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
    sectors : `who`, `sector`, `when` and the same figures.
    certified : `who`, `kind` (``self_certified``, ``doctor_certified``), `when` and the same figures.
    bands : position sizes per employee: `who`, `when`, `year`, `band`, `lower`, `upper`, `persons`, `man_years`,
        `total`, `share`.
    position_years : `who`, `year`, `persons`, `man_years`, `percentage_sum`, `mean_size`, `full_time`,
        `full_time_share`, and `mean_size_low`, ... as for sick leave.
    gaps : one row per `outcome` (``sick_leave_rate``, ``self_certified_rate``, ``doctor_certified_rate``,
        ``mean_size``, ``full_time_share``, and ``vacancy_rate`` and ``reputation_index`` where measured): `before`,
        `after`, `change` of the case; `peers_before`, `peers_after`, `peers_change`; `gap` = change less the peers'
        change, `standard_error`, `low`, `high` (percentage points); `rank` of the gap (1 is the largest fall, in units
        of its expected spread) `among` case and peers; `placebo_share`, the share of them with a gap at least as large;
        `persons` (positions, and the employees or respondents of the others), `man_years`, `municipalities` (peers).
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
    sectors: pd.DataFrame
    certified: pd.DataFrame
    bands: pd.DataFrame
    position_years: pd.DataFrame
    gaps: pd.DataFrame
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

    def peer_names(self, most: int) -> list[str]:
        """Return the names of the peers if there are at most so many, otherwise the largest of them and an ellipsis."""
        names = (
            self.peers.sort_values("population", ascending=False)["name"]
            if len(self.peers) > most
            else self.peers["name"]
        )
        return [*names[:most], *(["…"] if len(names) > most else [])]

    def made_of(self, outcome: str, most: int = 6) -> list[str]:
        """Return the largest donors to a synthetic control as "name weight", the weights in whole per cent."""
        mine = self.donors[self.donors["outcome"] == outcome].head(most)
        return [f"{name} {weight:.0f}" for name, weight in zip(mine["name"], mine["weight"], strict=True)]

    def main_covariates(self, sectors: int = 2) -> list[str]:
        """Return the covariates worth a row: level, trend, size, and the case's largest sectors."""
        shares = self.balance[self.balance["covariate"].str.startswith("share_")]
        largest = shares.sort_values("case", ascending=False, kind="stable")["covariate"].head(sectors)
        return [*(name for name in self.balance["covariate"] if not name.startswith("share_")), *largest]

    def parts_table(self) -> pd.DataFrame:
        """Return sick leave by sector, and self- and doctor-certified, side by side.

        Returns
        -------
        DataFrame
            As `sector_table`, with `part` for the sector or kind, and `split` (``sectors``, ``kinds``) for `all`: the
            rows of each add up to a total that is shown.
        """
        kinds = self._side_by_side(self.certified, "kind").rename(columns={"kind": "part"}).assign(split="kinds")
        sectors = self._side_by_side(self.sectors, "sector").rename(columns={"sector": "part"}).assign(split="sectors")
        return pd.concat([sectors, kinds], ignore_index=True)

    def sector_table(self) -> pd.DataFrame:
        """Return the rates by sector side by side.

        Returns
        -------
        DataFrame
            `sector`, `case_before`, `case_after`, `peers_before`, `peers_after` (per cent), `man_years` of the case in
            its smaller window, and `all`, the same on every row: the sectors add up to a total that is shown.
        """
        return self._side_by_side(self.sectors, "sector").assign(all="all")

    def _side_by_side(self, frame: pd.DataFrame, split: str) -> pd.DataFrame:
        sides = frame[frame["who"].isin(["case", "peers"])]
        wide = sides.pivot_table(index=split, columns=["who", "when"], values="rate", sort=False, observed=True)
        wide.columns = ["_".join(pair) for pair in wide.columns]
        case = sides[sides["who"] == "case"].groupby(split, observed=True, sort=False)["man_years"].min()
        columns = [f"{who}_{when}" for who in ("case", "peers") for when in ("before", "after")]
        table = wide.reindex(columns=columns).join(case).reset_index()
        return table.astype({split: "str"})
