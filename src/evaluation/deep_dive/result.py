"""What a deep dive finds, and the remarks that belong to it, in three languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from evaluation.programme import Case


@dataclass(frozen=True)
class Note:
    """A remark about a comparison: a `key` of the texts below and what is `given` for its `{names}`."""

    key: str
    given: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> Mapping[str, str]:
        """The remark in nb, nn and en, fill it with what is given, by `Chapter.say` or `Words.say`."""
        return TEXTS[self.key]


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
        ``county``, ``population``, ``country`` or ``chosen``).
    peer_rule : the widest step that was needed.
    facts : one row per municipality of the case: `municipality`, `name`, `county`, `kostra_group`, `population`,
        `persons` (employees) and `man_years` of the last year counted, `theme`, `themes`, `intake`, `network`,
        `started`, `earlier`.
    windows : `when`, `first`, `last` (quarters of the sick-leave windows), `year` (of the count of positions).
    sick_leave : rolling four quarters: `who`, `quarter`, `lost_days`, `agreed_days`, `rate`, `low`, `high` (10th and
        90th percentile of the peers' own rates, on the rows of the peers), `municipalities`, `man_years`.
    sectors : `who`, `sector`, `when` and the same figures.
    certified : `who`, `kind` (``self_certified``, ``doctor_certified``), `when` and the same figures.
    bands : position sizes per employee: `who`, `when`, `year`, `band`, `lower`, `upper`, `persons`, `man_years`,
        `total`, `share`.
    position_years : `who`, `year`, `persons`, `man_years`, `percentage_sum`, `mean_size`, `full_time`,
        `full_time_share`, and `mean_size_low`, ... as for sick leave.
    gaps : one row per `outcome` (``sick_leave_rate``, ``self_certified_rate``, ``doctor_certified_rate``,
        ``mean_size``, ``full_time_share``): `before`, `after`, `change` of the case; `peers_before`, `peers_after`,
        `peers_change`; `gap` = change less the peers' change, `standard_error`, `low`, `high` (percentage points);
        `rank` of the gap (1 is the largest fall, in units of its expected spread) `among` case and peers;
        `placebo_share`, the share of them with a gap at least as large; `persons` (positions only), `man_years`,
        `municipalities` (peers).
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
    notes: tuple[Note, ...]

    def gap(self, outcome: str) -> pd.Series | None:
        """Return the row of `gaps` of an outcome, None if it could not be formed."""
        found = self.gaps[self.gaps["outcome"] == outcome]
        return None if found.empty else found.iloc[0]

    def sector_table(self) -> pd.DataFrame:
        """Return the rates by sector side by side.

        Returns
        -------
        DataFrame
            `sector`, `case_before`, `case_after`, `peers_before`, `peers_after` (per cent), `man_years` of the case in
            its smaller window, and `all`, the same on every row: the sectors add up to a total that is shown.
        """
        sides = self.sectors[self.sectors["who"].isin(["case", "peers"])]
        wide = sides.pivot_table(index="sector", columns=["who", "when"], values="rate", sort=False, observed=True)
        wide.columns = ["_".join(pair) for pair in wide.columns]
        case = sides[sides["who"] == "case"].groupby("sector", observed=True, sort=False)["man_years"].min()
        columns = [f"{who}_{when}" for who in ("case", "peers") for when in ("before", "after")]
        table = wide.reindex(columns=columns).join(case).reset_index()
        return table.astype({"sector": "str"}).assign(all="all")


TEXTS: Mapping[str, Mapping[str, str]] = {
    "widened_to_county": {
        "nb": "Færre enn {minimum} kommuner ligner nok; kommunene i samme fylke er tatt med ({found} kommuner).",
        "nn": "Færre enn {minimum} kommunar liknar nok; kommunane i same fylke er tekne med ({found} kommunar).",
        "en": "Fewer than {minimum} municipalities are alike; those of the same county are included ({found} in all).",
    },
    "widened_to_population": {
        "nb": "Færre enn {minimum} kommuner ligner nok; kommuner med mellom halvparten og det dobbelte av folketallet "
        "er tatt med ({found} kommuner).",
        "nn": "Færre enn {minimum} kommunar liknar nok; kommunar med mellom halvparten og det doble av folketalet er "
        "tekne med ({found} kommunar).",
        "en": "Fewer than {minimum} municipalities are alike; those with between half and twice the population are "
        "included ({found} in all).",
    },
    "widened_to_country": {
        "nb": "Færre enn {minimum} kommuner ligner nok; alle kommuner utenfor programmet er tatt med ({found} "
        "kommuner).",
        "nn": "Færre enn {minimum} kommunar liknar nok; alle kommunar utanfor programmet er tekne med ({found} "
        "kommunar).",
        "en": "Fewer than {minimum} municipalities are alike; all outside the programme are included ({found} in all).",
    },
    "few_peers": {
        "nb": "Det finnes bare {found} kommuner å sammenligne med, færre enn de {minimum} som er ønsket.",
        "nn": "Det finst berre {found} kommunar å samanlikne med, færre enn dei {minimum} som er ønskte.",
        "en": "There are only {found} municipalities to compare with, fewer than the {minimum} asked for.",
    },
    "group_unknown": {
        "nb": "KOSTRA-gruppen er ikke kjent for {names}.",
        "nn": "KOSTRA-gruppa er ikkje kjend for {names}.",
        "en": "The KOSTRA group is not known for {names}.",
    },
    "merged": {
        "nb": "{name} ble til ved sammenslåing av {parts}; tallene fra før er summen av dem.",
        "nn": "{name} vart til ved samanslåing av {parts}; tala frå før er summen av dei.",
        "en": "{name} was formed by a merger of {parts}; earlier figures are the sum of them.",
    },
    "joint": {
        "nb": "Saken er et felles prosjekt; {names} er regnet som én.",
        "nn": "Saka er eit felles prosjekt; {names} er rekna som éin.",
        "en": "The case is a joint project; {names} are counted as one.",
    },
    "not_participant": {
        "nb": "{names} deltar ikke i programmet; før og etter skilles ved programmets første oppstart, {reference}.",
        "nn": "{names} deltek ikkje i programmet; før og etter blir skilde ved den første oppstarten, {reference}.",
        "en": "{names} did not take part; before and after are parted at the programme's first start, {reference}.",
    },
    "start_unknown": {
        "nb": "Ingen kilde forteller når arbeidet startet; før og etter skilles ved programmets første oppstart, "
        "{reference}.",
        "nn": "Inga kjelde fortel når arbeidet starta; før og etter blir skilde ved den første oppstarten, "
        "{reference}.",
        "en": "No source tells when the work started; before and after are parted at the programme's first start, "
        "{reference}.",
    },
    "no_quarters_before": {
        "nb": "Det finnes ikke fire kvartaler med sykefravær før {reference}; endringen i sykefravær kan ikke "
        "beregnes.",
        "nn": "Det finst ikkje fire kvartal med sjukefråvær før {reference}; endringa i sjukefråvær kan ikkje "
        "reknast ut.",
        "en": "There are not four quarters of sick leave before {reference}; its change cannot be computed.",
    },
    "not_started": {
        "nb": "Arbeidet hadde ikke startet ved utgangen av {last}; endringer kan ikke beregnes.",
        "nn": "Arbeidet hadde ikkje starta ved utgangen av {last}; endringar kan ikkje reknast ut.",
        "en": "The work had not started by the end of {last}; changes cannot be computed.",
    },
    "short_after": {
        "nb": "Det er bare {quarters} kvartaler med sykefravær siden oppstarten; de siste fire omfatter tid før den.",
        "nn": "Det er berre {quarters} kvartal med sjukefråvær sidan oppstarten; dei siste fire omfattar tid før han.",
        "en": "Only {quarters} quarters of sick leave have passed since the start; the last four reach back before it.",
    },
    "no_year_before": {
        "nb": "Stillinger er ikke talt før {reference}; endringen i stillingsstørrelse kan ikke beregnes.",
        "nn": "Stillingar er ikkje talde før {reference}; endringa i stillingsstorleik kan ikkje reknast ut.",
        "en": "Positions were not counted before {reference}; the change in position size cannot be computed.",
    },
    "no_year_after": {
        "nb": "Stillinger er ikke talt etter {reference}; endringen i stillingsstørrelse kan ikke beregnes.",
        "nn": "Stillingar er ikkje talde etter {reference}; endringa i stillingsstorleik kan ikkje reknast ut.",
        "en": "Positions have not been counted since {reference}; the change in position size cannot be computed.",
    },
    "case_incomplete": {
        "nb": "Saken mangler tall i noen av kvartalene eller årene, og endringen kan ikke beregnes. Det gjelder "
        "{outcome:term}.",
        "nn": "Saka manglar tal i nokre av kvartala eller åra, og endringa kan ikkje reknast ut. Det gjeld "
        "{outcome:term}.",
        "en": "The case lacks figures in some of the quarters or years, and its change cannot be "
        "computed. This concerns {outcome:term}.",
    },
    "peers_incomplete": {
        "nb": "{left_out} av {peers} sammenlignbare kommuner mangler tall og er ikke med i endringen. Det gjelder "
        "{outcome:term}.",
        "nn": "{left_out} av {peers} samanliknbare kommunar manglar tal og er ikkje med i endringa. Det gjeld "
        "{outcome:term}.",
        "en": "{left_out} of {peers} peers lack figures and are left out of the change. This concerns {outcome:term}.",
    },
    "outside_peers": {
        "nb": "Før oppstarten lå saken utenfor det vanlige blant de sammenlignbare kommunene, og "
        "sammenligningen er derfor svak. Det gjelder {outcome:term}.",
        "nn": "Før oppstarten låg saka utanfor det vanlege blant dei samanliknbare kommunane, og "
        "samanlikninga er difor veik. Det gjeld {outcome:term}.",
        "en": "Before the start the case lay outside what is usual among its peers, and the comparison "
        "is therefore weak. This concerns {outcome:term}.",
    },
}
