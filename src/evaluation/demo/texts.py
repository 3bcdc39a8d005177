"""Words of the invented programme: its name, themes, intakes, projects, networks, cases and sourced claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Told:
    """An invented programme in words: what its secretariat's files say.

    Attributes
    ----------
    definition : the contents of `programme.yaml`.
    theme_words : what each theme is called in the files.
    project_names, network_names : names by theme; `{place}` and `{number}` are filled in.
    case_titles : titles of deep-dive cases in three languages, by theme.
    gatherings : dates of the first network's gatherings, by intake.
    earlier : name of the programme before this one.
    facts : sourced claims: key, value, status, source, and the date they were made.
    """

    definition: Mapping[str, Any]
    theme_words: Mapping[str, str]
    project_names: Mapping[str, tuple[str, ...]]
    network_names: Mapping[str, str]
    case_titles: Mapping[str, tuple[Mapping[str, str], ...]]
    gatherings: Mapping[str, tuple[str, ...]]
    earlier: str
    facts: tuple[tuple[str, ...], ...]


THEMES = ("sick_leave", "full_time", "recruitment", "reputation")
THEME_WORDS = {
    "sick_leave": "Sykefravær",
    "full_time": "Heltid",
    "recruitment": "Rekruttering",
    "reputation": "Omdømme",
}
EARLIER_PROGRAMME = "Godt lag i kommunen"

DEFINITION: dict[str, Any] = {
    "code": "samspel",
    "name": {
        "nb": "Samspill for en bedre kommune",
        "nn": "Samspel for ein betre kommune",
        "en": "Teamwork for a better municipality",
    },
    "start": "2011-03-21",
    "end": "2015-12-31",
    "themes": {
        "sick_leave": {"nb": "Sykefravær og nærvær", "nn": "Sjukefråvær og nærvær", "en": "Sick leave and presence"},
        "full_time": {"nb": "Heltidskultur", "nn": "Heiltidskultur", "en": "Full-time culture"},
        "recruitment": {
            "nb": "Kompetanse og rekruttering",
            "nn": "Kompetanse og rekruttering",
            "en": "Competence and recruitment",
        },
        "reputation": {"nb": "Omdømme", "nn": "Omdømme", "en": "Reputation"},
    },
    "intakes": [
        {
            "intake": "1",
            "label": {"nb": "Pulje 1 (2012)", "nn": "Pulje 1 (2012)", "en": "Intake 1 (2012)"},
            "applied": "2011-08-26",
            "admitted": "2011-09-28",
            "started": "2012-01-01",
        },
        {
            "intake": "2",
            "label": {"nb": "Pulje 2 (2013)", "nn": "Pulje 2 (2013)", "en": "Intake 2 (2013)"},
            "applied": "2012-09-14",
            "admitted": "2012-10-24",
            "started": "2013-01-01",
        },
    ],
}

PROJECT_NAMES = {
    "sick_leave": ("Nærvær hver dag", "Friskere sammen", "På jobb i {place}", "Nærværsløftet", "Tidlig samtale"),
    "full_time": ("Hele stillinger", "Heltid i {place}", "Større stillinger", "Turnus som teller", "Hel uke"),
    "recruitment": ("Rett kompetanse", "Velg {place}", "Læring på jobb", "Flere fagfolk", "Kompetanse for framtida"),
    "reputation": ("Stolt av {place}", "Godt omtalt", "Vertskap i {place}", "Åpen kommune", "Vi forteller"),
}

NETWORK_NAMES = {
    "sick_leave": "Nærværsnettverk {number}",
    "full_time": "Heltidsnettverk {number}",
    "recruitment": "Kompetansenettverk {number}",
    "reputation": "Omdømmenettverk {number}",
}

CASE_TITLES = {
    "sick_leave": (
        {
            "nb": "{place}: nærvær som ledelse i hverdagen",
            "nn": "{place}: nærvær som leiing i kvardagen",
            "en": "{place}: presence as everyday leadership",
        },
        {
            "nb": "{place}: den tidlige samtalen",
            "nn": "{place}: den tidlege samtalen",
            "en": "{place}: the early conversation",
        },
        {
            "nb": "{place}: fra fraværstall til arbeidsmiljø",
            "nn": "{place}: frå fråværstal til arbeidsmiljø",
            "en": "{place}: from absence figures to working environment",
        },
        {
            "nb": "{place}: partene går sammen om nærvær",
            "nn": "{place}: partane går saman om nærvær",
            "en": "{place}: the parties join forces on presence",
        },
    ),
    "full_time": (
        {
            "nb": "{place}: hele stillinger i omsorgen",
            "nn": "{place}: heile stillingar i omsorga",
            "en": "{place}: whole positions in care",
        },
        {
            "nb": "{place}: en turnus som gir større stillinger",
            "nn": "{place}: ein turnus som gir større stillingar",
            "en": "{place}: a rota that makes larger positions",
        },
        {
            "nb": "{place}: heltid som hovedregel",
            "nn": "{place}: heiltid som hovudregel",
            "en": "{place}: full time as the rule",
        },
        {
            "nb": "{place}: bemanningsteam på tvers av enhetene",
            "nn": "{place}: bemanningslag på tvers av einingane",
            "en": "{place}: a staffing pool across units",
        },
    ),
    "recruitment": (
        {
            "nb": "{place}: to kommuner, ett arbeidsmarked",
            "nn": "{place}: to kommunar, éin arbeidsmarknad",
            "en": "{place}: two municipalities, one labour market",
        },
        {
            "nb": "{place}: fra assistent til fagarbeider",
            "nn": "{place}: frå assistent til fagarbeidar",
            "en": "{place}: from assistant to skilled worker",
        },
        {
            "nb": "{place}: lærlingene som blir",
            "nn": "{place}: lærlingane som blir verande",
            "en": "{place}: the apprentices who stay",
        },
        {
            "nb": "{place}: kompetanseplan i fellesskap",
            "nn": "{place}: kompetanseplan i fellesskap",
            "en": "{place}: a shared plan for competence",
        },
    ),
    "reputation": (
        {
            "nb": "{place}: omdømme bygges innenfra",
            "nn": "{place}: omdømme blir bygd innanfrå",
            "en": "{place}: reputation is built from within",
        },
        {
            "nb": "{place}: kommunen som vertskap",
            "nn": "{place}: kommunen som vertskap",
            "en": "{place}: the municipality as host",
        },
        {
            "nb": "{place}: ansatte forteller",
            "nn": "{place}: tilsette fortel",
            "en": "{place}: the employees tell their story",
        },
        {
            "nb": "{place}: service som rykte",
            "nn": "{place}: service som rykte",
            "en": "{place}: service as reputation",
        },
    ),
}
GATHERINGS = {"1": ("2012-02-07", "2012-10-09", "2013-04-16"), "2": ("2013-02-12", "2013-10-08", "2014-04-08")}
AND = {"nb": " og ", "nn": " og ", "en": " and "}

FACTS_HEADER = ("key", "value", "status", "source", "dato")
FACTS = (
    ("agreement_signed", "2011-03-21", "verified", "Oppdiktet: Avtale om programmet", "2011-03-21"),
    ("programme_period", "2011-2015", "verified", "Oppdiktet: Avtale om programmet", "2011-03-21"),
    ("grant_per_municipality_nok", "300000", "verified", "Oppdiktet: Utlysning 2011", "2011-05-16"),
    (
        "applications_2011",
        "89 søknader (over 100 kommuner)",
        "verified",
        "Oppdiktet: Oppstartsmelding 2011",
        "2011-09-28",
    ),
    (
        "intake_1_admitted_2011-09-28",
        "25 prosjekter / 31 kommuner",
        "verified",
        "Oppdiktet: Oppstartsmelding 2011",
        "2011-09-28",
    ),
    (
        "intake_1_supplement_2011-11-18",
        "26 nye kommuner",
        "conflict",
        "Oppdiktet: Nettsted, november 2011",
        "2011-11-18",
    ),
    (
        "intake_1_supplement_2011-11-18",
        "53 kommuner i alt i 2011",
        "conflict",
        "Oppdiktet: Lysark, januar 2012",
        "2012-01-24",
    ),
    (
        "intake_2_admitted_2012-10-24",
        "43 nye prosjekter / 52 nye kommuner",
        "verified",
        "Oppdiktet: Nyhetsbrev 2012",
        "2012-10-24",
    ),
    ("municipalities_total", "109", "verified", "Oppdiktet: Nyhetsbrev 2015", "2015-10-15"),
    ("local_projects_total", "95", "verified", "Oppdiktet: Nyhetsbrev 2015", "2015-10-15"),
    ("networks", "tre obligatoriske samlinger per nettverk", "verified", "Oppdiktet: Programbeskrivelse", "2011-05-16"),
    ("annual_report_deadline", "1. februar", "verified", "Oppdiktet: Programbeskrivelse", "2011-05-16"),
    (
        "earlier_programme_municipalities",
        "138",
        "verified",
        "Oppdiktet: Sluttrapport for Godt lag i kommunen",
        "2010-06-30",
    ),
)

CURRENT = Told(DEFINITION, THEME_WORDS, PROJECT_NAMES, NETWORK_NAMES, CASE_TITLES, GATHERINGS, EARLIER_PROGRAMME, FACTS)
