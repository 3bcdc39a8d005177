"""Words of the other themes: measures, indicators, survey items, events and advice, in three languages.

Indicators and items carry the way they should move; an item whose better way is down is put the other way round.
"""

from __future__ import annotations

HEADER = ("liste", "kode", "gruppe", "retning", "nb", "nn", "en")
UP, DOWN = "opp", "ned"

MEASURES = {
    "sick_leave": (
        ("N1", "tidlig samtale ved fravær", "tidleg samtale ved fråvær", "early conversation on absence"),
        (
            "N2",
            "opplæring av ledere i oppfølging",
            "opplæring av leiarar i oppfølging",
            "training managers to follow up",
        ),
        ("N3", "nærværsgrupper på arbeidsplassen", "nærværsgrupper på arbeidsplassen", "presence groups at work"),
        ("N4", "tilrettelagte oppgaver", "tilrettelagde oppgåver", "adapted tasks"),
        ("N5", "utvidet egenmelding", "utvida eigenmelding", "longer self-certification"),
        ("N6", "ergonomi og hjelpemidler", "ergonomi og hjelpemiddel", "ergonomics and aids"),
        ("N7", "fast møte med lege og NAV", "fast møte med lege og NAV", "regular meetings with doctor and NAV"),
        ("N8", "kartlegging av arbeidsmiljøet", "kartlegging av arbeidsmiljøet", "survey of the working environment"),
    ),
    "full_time": (
        (
            "H1",
            "kartlegging av ønsket stillingsstørrelse",
            "kartlegging av ønskt stillingsstorleik",
            "survey of wishes",
        ),
        ("H2", "ny turnus", "ny turnus", "a new rota"),
        ("H3", "bemanningsteam på tvers", "bemanningslag på tvers", "a staffing pool across units"),
        (
            "H4",
            "alle stillinger lyses ut som hele",
            "alle stillingar blir lyste ut som heile",
            "all posts advertised whole",
        ),
        ("H5", "sammenslåing av småstillinger", "samanslåing av småstillingar", "merging small positions"),
        ("H6", "arbeid i to enheter", "arbeid i to einingar", "work in two units"),
        ("H7", "lange vakter i helgene", "lange vakter i helgane", "long weekend shifts"),
        ("H8", "lokal avtale om heltid", "lokal avtale om heiltid", "a local agreement on full time"),
    ),
    "recruitment": (
        ("K1", "kompetanseplan for tjenesten", "kompetanseplan for tenesta", "a competence plan for the service"),
        ("K2", "fagbrev på jobb", "fagbrev på jobb", "vocational certificate at work"),
        ("K3", "flere læreplasser", "fleire læreplassar", "more apprenticeships"),
        ("K4", "stipend til videreutdanning", "stipend til vidareutdanning", "grants for further education"),
        ("K5", "felles rekruttering med naboer", "felles rekruttering med naboar", "joint recruitment with neighbours"),
        ("K6", "mottak av nyansatte", "mottak av nytilsette", "induction of new employees"),
        ("K7", "tiltak for seniorer", "tiltak for seniorar", "measures for senior employees"),
        ("K8", "samarbeid med høyskole", "samarbeid med høgskule", "cooperation with a university college"),
    ),
    "reputation": (
        ("O1", "omdømmeplan", "omdømeplan", "a plan for reputation"),
        ("O2", "opplæring i service", "opplæring i service", "service training"),
        ("O3", "nytt nettsted", "ny nettstad", "a new website"),
        ("O4", "ansatte som ambassadører", "tilsette som ambassadørar", "employees as ambassadors"),
        ("O5", "innbyggermøter", "innbyggjarmøte", "meetings with inhabitants"),
        ("O6", "arbeid med medier", "arbeid med media", "work with the media"),
        ("O7", "verdier og etikk", "verdiar og etikk", "values and ethics"),
        ("O8", "tilflytterprosjekt", "tilflyttarprosjekt", "a project for newcomers"),
    ),
}

INDICATORS = {
    "sick_leave": (
        ("sick_leave_rate", DOWN, "sykefravær, prosent", "sjukefråvær, prosent", "sick leave, per cent"),
        ("presence_rate", UP, "nærvær, prosent", "nærvær, prosent", "presence, per cent"),
        (
            *("doctor_certified_rate", DOWN, "legemeldt sykefravær, prosent", "legemeldt sjukefråvær, prosent"),
            "doctor-certified sick leave, per cent",
        ),
    ),
    "full_time": (
        (
            *("full_time_share", UP, "stillinger på 100 prosent, andel", "stillingar på 100 prosent, del"),
            "positions of 100 per cent, share",
        ),
        (
            *("mean_position_size", UP, "gjennomsnittlig stillingsstørrelse", "gjennomsnittleg stillingsstorleik"),
            "mean position size",
        ),
    ),
    "recruitment": (
        ("vacant_positions", DOWN, "ledige stillinger, antall", "ledige stillingar, tal", "vacant positions, number"),
        (
            *("competence_plans", UP, "tjenesteområder med kompetanseplan, prosent"),
            *("tenesteområde med kompetanseplan, prosent", "service areas with a competence plan, per cent"),
        ),
        ("turnover", DOWN, "ansatte som sluttet, prosent", "tilsette som slutta, prosent", "leavers, per cent"),
    ),
    "reputation": (
        ("reputation_index", UP, "omdømmeindeks, 1-5", "omdømeindeks, 1-5", "index of reputation, 1-5"),
        (
            "satisfaction",
            UP,
            "ansattes tilfredshet, 1-6",
            "tilfredsheita til dei tilsette, 1-6",
            "job satisfaction, 1-6",
        ),
    ),
}

REPUTATION = (
    (UP, "Kommunen gir gode tjenester", "Kommunen gir gode tenester", "The municipality provides good services"),
    (UP, "Jeg har tillit til kommunen", "Eg har tillit til kommunen", "I trust the municipality"),
    (UP, "Jeg blir møtt med respekt", "Eg blir møtt med respekt", "I am met with respect"),
    (UP, "Kommunen informerer godt", "Kommunen gir god informasjon", "The municipality informs well"),
    (
        *(UP, "Kommunen er en attraktiv arbeidsgiver", "Kommunen er ein attraktiv arbeidsgivar"),
        "The municipality is an attractive employer",
    ),
    (UP, "Jeg vil anbefale andre å bo her", "Eg vil rå andre til å bu her", "I would recommend others to live here"),
    (
        *(UP, "Kommunen utvikler seg i riktig retning", "Kommunen utviklar seg i rett retning"),
        "The municipality is developing in the right direction",
    ),
    (
        *(DOWN, "Jeg hører mest negativt om kommunen", "Eg høyrer mest negativt om kommunen"),
        "I hear mostly bad things about the municipality",
    ),
)

SURVEY = (
    ("cooperation", UP, "Partene har et felles mål", "Partane har eit felles mål", "The parties share one goal"),
    (
        *("cooperation", UP, "Partene møtes jevnlig om prosjektet", "Partane møtest jamleg om prosjektet"),
        "The parties meet regularly about the project",
    ),
    (
        *(
            "cooperation",
            UP,
            "Tillitsvalgte er med før beslutninger tas",
            "Tillitsvalde er med før avgjerder blir tekne",
        ),
        "Union representatives take part before decisions are made",
    ),
    (
        *("cooperation", UP, "Politikerne følger prosjektet aktivt", "Politikarane følgjer prosjektet aktivt"),
        "The politicians follow the project actively",
    ),
    (
        *("cooperation", UP, "Vi løser uenighet i fellesskap", "Vi løyser usemje i fellesskap"),
        "We settle disagreement together",
    ),
    (
        *("cooperation", DOWN, "Samarbeidet er mest informasjon, lite medvirkning"),
        *(
            "Samarbeidet er mest informasjon, lite medverknad",
            "The cooperation is mostly information, little influence",
        ),
    ),
    (
        *("leadership", UP, "Ledelsen er engasjert i prosjektet", "Leiinga er engasjert i prosjektet"),
        "The management is committed to the project",
    ),
    (
        *("leadership", UP, "Ledelsen følger opp det vi blir enige om", "Leiinga følgjer opp det vi blir samde om"),
        "The management follows up what we agree on",
    ),
    ("benefits", UP, "Prosjektet har gitt resultater", "Prosjektet har gitt resultat", "The project has given results"),
    (
        *("benefits", UP, "Prosjektet har gitt bedre tjenester", "Prosjektet har gitt betre tenester"),
        "The project has given better services",
    ),
    (
        *("benefits", UP, "Prosjektet har gitt bedre arbeidsmiljø", "Prosjektet har gitt betre arbeidsmiljø"),
        "The project has given a better working environment",
    ),
    (
        *("benefits", UP, "Resultatene vil vare etter programmet", "Resultata vil vare etter programmet"),
        "The results will last after the programme",
    ),
)

EVENTS = {
    "application": ("søknad", "søknad", "application"),
    "council_decision": ("vedtak i kommunestyret", "vedtak i kommunestyret", "decision of the council"),
    "plan_approved": ("prosjektplan godkjent", "prosjektplan godkjend", "project plan approved"),
    "chief_executive_change": ("ny rådmann", "ny rådmann", "new chief executive"),
    "project_leader_change": ("ny prosjektleder", "ny prosjektleiar", "new project leader"),
    "mayor_change": ("ny ordfører", "ny ordførar", "new mayor"),
    "reorganisation": ("omorganisering", "omorganisering", "reorganisation"),
}
EVENT_WORDS = {
    "application": "Søknad",
    "council_decision": "Vedtak",
    "plan_approved": "Prosjektplan",
    "chief_executive_change": "Ny rådmann",
    "project_leader_change": "Ny prosjektleder",
    "mayor_change": "Ny ordfører",
    "reorganisation": "Omorganisering",
}

ADVICE = {
    "targets": ("tydeligere mål", "tydelegare mål", "clearer targets"),
    "measurement": ("bedre målinger", "betre målingar", "better measurement"),
    "anchoring": (
        "sterkere forankring hos partene",
        "sterkare forankring hos partane",
        "stronger support by the parties",
    ),
    "measures": ("flere eller bedre tiltak", "fleire eller betre tiltak", "more or better measures"),
    "nothing": ("ingenting bestemt", "ingenting bestemt", "nothing in particular"),
}
ADVICE_WORDS = {
    "targets": "Mål",
    "measurement": "Måling",
    "anchoring": "Forankring",
    "measures": "Tiltak",
    "nothing": "Ingen",
}


def rows() -> list[tuple[str, ...]]:
    """Return the rows of the codebook: list, code, group, better way, and the words in nb, nn and en."""
    found: list[tuple[str, ...]] = []
    for theme, measures in MEASURES.items():
        found += [("measure", code, theme, "", *words) for code, *words in measures]
    for theme, indicators in INDICATORS.items():
        found += [("indicator", code, theme, better, *words) for code, better, *words in indicators]
    for number, (better, *words) in enumerate(REPUTATION, start=1):
        found.append(("reputation", f"item_{number}", "reputation", better, *words))
    for number, (group, better, *words) in enumerate(SURVEY, start=1):
        found.append(("survey", f"item_{number}", group, better, *words))
    found += [("event", code, "", "", *words) for code, words in EVENTS.items()]
    found += [("strengthen", code, "", "", *words) for code, words in ADVICE.items()]
    return found
