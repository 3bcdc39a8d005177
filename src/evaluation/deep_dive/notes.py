"""Remarks that belong to a deep dive, in three languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from evaluation.language import labels
from evaluation.texts import Text


@dataclass(frozen=True)
class Note:
    """A remark about a comparison: a `key` of the texts below and what is `given` for its `{names}`."""

    key: str
    given: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str, outcome: str, **given: object) -> Note:
        """Return a remark that concerns one outcome, named without its unit."""
        name = {language: text.partition(" (")[0] for language, text in labels()[outcome].items()}
        return cls(key, given | {"outcomes": [name]})

    @property
    def text(self) -> Mapping[str, str]:
        """The remark in nb, nn and en, fill it with what is given, by `Chapter.say` or `Words.say`."""
        return TEXTS[self.key]


def together(notes: Iterable[Note]) -> list[Note]:
    """Return the remarks, those that say the same of several outcomes made one, where the first of them stood."""
    same: list[tuple[str, dict[str, object], list[Text] | None]] = []
    for note in notes:
        rest = {name: value for name, value in note.given.items() if name != "outcomes"}
        mine: list[Text] | None = note.given.get("outcomes")  # type: ignore[assignment]
        known = next((place for place, (key, given, _) in enumerate(same) if (key, given) == (note.key, rest)), None)
        if known is None or mine is None:
            same.append((note.key, rest, mine))
        else:
            same[known] = (note.key, rest, [*(same[known][2] or []), *mine])
    return [Note(key, rest if mine is None else rest | {"outcomes": mine}) for key, rest, mine in same]


TEXTS: Mapping[str, Mapping[str, str]] = {
    "told": {"nb": "{told}", "nn": "{told}", "en": "{told}"},
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
        "nb": "Det finnes bare {found} kommuner å sammenlikne med, færre enn de {minimum} som er ønsket.",
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
        "nb": "Prosjektet er felles; {names} er regnet som én kommune.",
        "nn": "Prosjektet er felles; {names} er rekna som éin kommune.",
        "en": "The project is joint; {names} are counted as one municipality.",
    },
    "not_participant": {
        "nb": "{names} deltar ikke i programmet; før og etter skilles ved programmets første oppstart, {reference}.",
        "nn": "{names} deltek ikkje i programmet; før og etter blir skilde ved den første oppstarten i programmet, "
        "{reference}.",
        "en": "{names} does not take part in the programme; before and after are parted at the programme's first "
        "start, {reference}.",
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
        "nn": "Det finst ikkje fire kvartal med sjukefråvær før {reference}; endringa i sjukefråvær kan ikkje reknast "
        "ut.",
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
        "nb": "Kommunen mangler tall i noen av kvartalene eller årene, og endringen kan ikke beregnes. Det gjelder "
        "{outcomes}.",
        "nn": "Kommunen manglar tal i nokre av kvartala eller åra, og endringa kan ikkje reknast ut. Det gjeld "
        "{outcomes}.",
        "en": "The municipality lacks figures in some of the quarters or years, and its change cannot be computed. "
        "This concerns {outcomes}.",
    },
    "peers_incomplete": {
        "nb": "Tall om {outcomes} mangler for {left_out} av {peers} sammenliknbare kommuner, som er holdt utenfor der.",
        "nn": "Tal om {outcomes} manglar for {left_out} av {peers} samanliknbare kommunar, som er haldne utanfor der.",
        "en": "Figures on {outcomes} are missing for {left_out} of {peers} comparable municipalities, which are left "
        "out there.",
    },
    "outside_peers": {
        "nb": "Før oppstarten lå kommunen utenfor det vanlige blant de sammenliknbare i {outcomes}; der er "
        "sammenlikningen svak.",
        "nn": "Før oppstarten låg kommunen utanfor det vanlege blant dei samanliknbare i {outcomes}; der er "
        "samanlikninga veik.",
        "en": "Before the start the municipality lay outside what is usual among the comparable in {outcomes}; there "
        "the comparison is weak.",
    },
    "no_synthetic": {
        "nb": "Til en syntetisk kontroll er det for få perioder før oppstarten, ingen etter den, eller for få kommuner "
        "med tall i alle. Det gjelder {outcomes}.",
        "nn": "Til ein syntetisk kontroll er det for få periodar før oppstarten, ingen etter han, eller for få "
        "kommunar med tal i alle. Det gjeld {outcomes}.",
        "en": "For a synthetic control there are too few periods before the start, none after it, or too few "
        "municipalities with figures in all of them. This concerns {outcomes}.",
    },
    "few_donors": {
        "nb": "Den syntetiske kontrollen er satt sammen blant {found} kommuner, færre enn de {asked} som er ønsket. "
        "Det gjelder {outcomes}.",
        "nn": "Den syntetiske kontrollen er sett saman blant {found} kommunar, færre enn dei {asked} som er ønskte. "
        "Det gjeld {outcomes}.",
        "en": "The synthetic control is put together among {found} municipalities, fewer than the {asked} asked for. "
        "This concerns {outcomes}.",
    },
    "periods_left_out": {
        "nb": "Kommunen mangler tall i {periods}, som er holdt utenfor den syntetiske kontrollen. Det gjelder "
        "{outcomes}.",
        "nn": "Kommunen manglar tal i {periods}, som er haldne utanfor den syntetiske kontrollen. Det gjeld "
        "{outcomes}.",
        "en": "The municipality lacks figures in {periods}, which the synthetic control leaves out. This concerns "
        "{outcomes}.",
    },
    "few_before": {
        "nb": "Den syntetiske kontrollen bygger på bare {found} år før oppstarten og kan da følge nesten enhver "
        "utvikling; at den passer, beviser lite. Det gjelder {outcomes}.",
        "nn": "Den syntetiske kontrollen byggjer på berre {found} år før oppstarten og kan då følgje nesten kva "
        "utvikling som helst; at han passar, provar lite. Det gjeld {outcomes}.",
        "en": "The synthetic control rests on only {found} years before the start and can then follow almost any "
        "course; that it fits proves little. This concerns {outcomes}.",
    },
    "no_interval": {
        "nb": "{found} kommuner å prøve på er for få til et intervall for avviket fra den syntetiske kontrollen. Det "
        "gjelder {outcomes}.",
        "nn": "{found} kommunar å prøve på er for få til eit intervall for avviket frå den syntetiske kontrollen. Det "
        "gjeld {outcomes}.",
        "en": "{found} municipalities to try it on are too few for an interval of the gap to the synthetic control. "
        "This concerns {outcomes}.",
    },
    "poor_fit": {
        "nb": "Den syntetiske kontrollen følger ikke kommunen godt før oppstarten: den bommer med {error:.2f} "
        "prosentpoeng, mer enn kommunen svinger tilfeldig ({noise:.2f}), og avviket etterpå sier da lite. Det gjelder "
        "{outcomes}.",
        "nn": "Den syntetiske kontrollen følgjer ikkje kommunen godt før oppstarten: han bommar med {error:.2f} "
        "prosentpoeng, meir enn kommunen svingar tilfeldig ({noise:.2f}), og avviket etterpå seier då lite. Det gjeld "
        "{outcomes}.",
        "en": "The synthetic control does not follow the municipality well before the start: it misses by {error:.2f} "
        "percentage points, more than it varies by chance ({noise:.2f}), and the gap afterwards then says little. "
        "This concerns {outcomes}.",
    },
    "few_neighbours": {
        "nb": "Det finnes bare {found} kommuner å velge naboer blant, færre enn de {asked} som er ønsket.",
        "nn": "Det finst berre {found} kommunar å velje naboar blant, færre enn dei {asked} som er ønskte.",
        "en": "There are only {found} municipalities to choose neighbours among, fewer than the {asked} asked for.",
    },
    "no_neighbours": {
        "nb": "De nærmeste kommunene kan ikke finnes, fordi kommunen eller de andre mangler tall i året før "
        "oppstarten.",
        "nn": "Dei næraste kommunane kan ikkje finnast, fordi kommunen eller dei andre manglar tal i året før "
        "oppstarten.",
        "en": "The nearest neighbours cannot be found, as the municipality or the others lack figures in the year "
        "before the start.",
    },
    "no_trend": {
        "nb": "Det er mindre enn to år med tall før oppstarten; de nærmeste kommunene er valgt uten utvikling.",
        "nn": "Det er mindre enn to år med tal før oppstarten; dei næraste kommunane er valde utan utvikling.",
        "en": "There are less than two years of figures before the start; the neighbours are chosen without the trend.",
    },
    "coverage_break": {
        "nb": "Fra 2015 omfatter sykefraværsstatistikken også midlertidig ansatte. Bruddet gjelder alle kommuner og "
        "faller i hovedsak bort i sammenlikningen, men ikke i endringen i kommunen selv.",
        "nn": "Frå 2015 omfattar sjukefråværsstatistikken også mellombels tilsette. Brotet gjeld alle kommunar og "
        "fell i hovudsak bort i samanlikninga, men ikkje i endringa i kommunen sjølv.",
        "en": "From 2015 the sick-leave statistics cover temporary staff as well. The break concerns all "
        "municipalities and mostly cancels in the comparison, but not in the municipality's own change.",
    },
    "cells_missing": {
        "nb": "Bare {found} av {cases} dypdykk kan vurderes på {outcomes}.",
        "nn": "Berre {found} av {cases} djupdykk kan vurderast på {outcomes}.",
        "en": "Only {found} of {cases} deep dives can be judged on {outcomes}.",
    },
}
