"""Words of the invented programme of the years before: its name, themes, intakes, projects and sourced claims."""

from __future__ import annotations

from evaluation.demo.texts import CASE_TITLES, NETWORK_NAMES, PROJECT_NAMES, Told

TOLD = Told(
    definition={
        "code": "kvalitet",
        "name": {
            "nb": "Kvalitet i hver kommune",
            "nn": "Kvalitet i kvar kommune",
            "en": "Quality in every municipality",
        },
        "start": "2006-10-16",
        "end": "2010-12-31",
        "themes": {
            "sick_leave": {"nb": "Sykefravær", "nn": "Sjukefråvær", "en": "Sick leave"},
            "services": {"nb": "Kvalitet i tjenestene", "nn": "Kvalitet i tenestene", "en": "Quality of services"},
            "reputation": {"nb": "Omdømme", "nn": "Omdømme", "en": "Reputation"},
        },
        "intakes": [
            {
                "intake": "1",
                "label": {"nb": "Pulje 1 (2007)", "nn": "Pulje 1 (2007)", "en": "Intake 1 (2007)"},
                "applied": "2006-11-10",
                "admitted": "2006-12-13",
                "started": "2007-01-01",
            },
            {
                "intake": "2",
                "label": {"nb": "Pulje 2 (2008)", "nn": "Pulje 2 (2008)", "en": "Intake 2 (2008)"},
                "applied": "2007-10-12",
                "admitted": "2007-11-28",
                "started": "2008-01-01",
            },
        ],
    },
    theme_words={"sick_leave": "Sykefravær", "services": "Tjenester", "reputation": "Omdømme"},
    project_names={
        "sick_leave": PROJECT_NAMES["sick_leave"],
        "services": (
            "Bedre tjenester",
            "Brukeren først",
            "Møtet med {place}",
            "Kvalitet i omsorgen",
            "En god skoledag",
        ),
        "reputation": PROJECT_NAMES["reputation"],
    },
    network_names={
        "sick_leave": NETWORK_NAMES["sick_leave"],
        "services": "Tjenestenettverk {number}",
        "reputation": NETWORK_NAMES["reputation"],
    },
    case_titles={"sick_leave": CASE_TITLES["sick_leave"]},
    # Tuesdays, as in the programme that followed.
    gatherings={"1": ("2007-02-06", "2007-10-09", "2008-04-15"), "2": ("2008-02-05", "2008-10-07", "2009-04-21")},
    earlier="Veiviseren",
    facts=(
        ("agreement_signed", "2006-10-16", "conflict", "Oppdiktet: Avtale om programmet", "2006-10-16"),
        ("agreement_signed", "2006-10-18", "conflict", "Oppdiktet: Sluttrapport fra sekretariatet 2010", "2010-06-15"),
        ("programme_period", "2006-2010", "verified", "Oppdiktet: Avtale om programmet", "2006-10-16"),
        (
            "Innsatskommuner, sykefravær",
            "12 innsatskommuner",
            "verified",
            "Oppdiktet: Lysark, januar 2008",
            "2008-01-22",
        ),
        ("Pulje 1, tatt opp 13. desember 2006", "52 kommuner", "verified", "Oppdiktet: Nyhetsbrev 2006", "2006-12-13"),
        ("Pulje 2, tatt opp 28. november 2007", "86 kommuner", "verified", "Oppdiktet: Nyhetsbrev 2007", "2007-11-28"),
        ("municipalities_total", "138", "verified", "Oppdiktet: Sluttrapport fra sekretariatet 2010", "2010-06-15"),
        (
            "networks",
            "tre obligatoriske samlinger per nettverk",
            "verified",
            "Oppdiktet: Programbeskrivelse",
            "2006-11-01",
        ),
        ("earlier_programme_municipalities", "60", "verified", "Oppdiktet: Sluttrapport for Veiviseren", "2005-12-15"),
    ),
)
