"""The report's own words (contents, figure, appendix, ...) in bokmål, nynorsk and English."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("nb", "nn", "en")

WORDS: Mapping[str, Mapping[str, str]] = {
    "contents": {"nb": "Innhold", "nn": "Innhald", "en": "Contents"},
    "skip": {"nb": "Gå til innholdet", "nn": "Gå til innhaldet", "en": "Skip to the content"},
    "figure": {"nb": "figur", "nn": "figur", "en": "figure"},
    "table": {"nb": "tabell", "nn": "tabell", "en": "table"},
    "kind": {"nb": "Evalueringsrapport", "nn": "Evalueringsrapport", "en": "Evaluation report"},
    "data_to": {
        "nb": "Data til og med {date}",
        "nn": "Data til og med {date}",
        "en": "Data up to and including {date}",
    },
    "version": {"nb": "Versjon {version}", "nn": "Versjon {version}", "en": "Version {version}"},
    "changed": {
        "nb": "{commit} med endringer som ikke er lagret",
        "nn": "{commit} med endringar som ikkje er lagra",
        "en": "{commit} with uncommitted changes",
    },
    "page": {"nb": "Side", "nn": "Side", "en": "Page"},
    "synthetic": {
        "nb": "Syntetiske data: kommunene og alle tall er oppdiktet",
        "nn": "Syntetiske data: kommunane og alle tal er oppdikta",
        "en": "Synthetic data: the municipalities and all figures are invented",
    },
    "appendix": {
        "nb": "Vedlegg {letter}: {title}",
        "nn": "Vedlegg {letter}: {title}",
        "en": "Appendix {letter}: {title}",
    },
    "exhibits": {
        "nb": "Figurer, tabeller og kilder",
        "nn": "Figurar, tabellar og kjelder",
        "en": "Exhibits and sources",
    },
    "exhibits_intro": {
        "nb": "Tallene bak hver figur og tabell ligger som CSV-filer i rapportens mappe. "
        "Kapittelet er skrevet og regnet ut i notatboken.",
        "nn": "Tala bak kvar figur og tabell ligg som CSV-filer i mappa til rapporten. "
        "Kapittelet er skrive og rekna ut i notatboka.",
        "en": "The numbers behind every figure and table lie as CSV files in the report's folder. "
        "The chapter is written and computed in the notebook.",
    },
    "number": {"nb": "Nummer", "nn": "Nummer", "en": "Number"},
    "caption": {"nb": "Innhold", "nn": "Innhald", "en": "Content"},
    "notebook": {"nb": "Notatbok", "nn": "Notatbok", "en": "Notebook"},
    "data_file": {"nb": "Datafil", "nn": "Datafil", "en": "Data file"},
    "inputs": {"nb": "Datagrunnlaget", "nn": "Datagrunnlaget", "en": "Input data"},
    "inputs_intro": {
        "nb": "Filene rapporten bygger på, med fingeravtrykk (SHA-256). Samme filer gir samme rapport.",
        "nn": "Filene rapporten byggjer på, med fingeravtrykk (SHA-256). Same filer gir same rapport.",
        "en": "The files the report rests on, with their fingerprints (SHA-256). The same files give the same report.",
    },
    "file": {"nb": "Fil", "nn": "Fil", "en": "File"},
    "hash": {"nb": "SHA-256", "nn": "SHA-256", "en": "SHA-256"},
    "profiles": {"nb": "Kommuneprofiler", "nn": "Kommuneprofilar", "en": "Municipality profiles"},
    "search": {"nb": "Søk etter kommune", "nn": "Søk etter kommune", "en": "Search for a municipality"},
    "search_hint": {"nb": "Navn, nummer eller fylke", "nn": "Namn, nummer eller fylke", "en": "Name, code or county"},
    "shown_of": {
        "nb": "Viser {{shown}} av {{total}} kommuner",
        "nn": "Viser {{shown}} av {{total}} kommunar",
        "en": "Showing {{shown}} of {{total}} municipalities",
    },
    "municipality": {"nb": "Kommune", "nn": "Kommune", "en": "Municipality"},
    "county": {"nb": "Fylke", "nn": "Fylke", "en": "County"},
    "kostra_group": {"nb": "KOSTRA-gruppe", "nn": "KOSTRA-gruppe", "en": "KOSTRA group"},
    "inhabitants": {"nb": "Innbyggere", "nn": "Innbyggjarar", "en": "Inhabitants"},
    "programme": {"nb": "Programmet", "nn": "Programmet", "en": "The programme"},
    "takes_part": {"nb": "deltar", "nn": "deltek", "en": "takes part"},
    "profile": {"nb": "Profil", "nn": "Profil", "en": "Profile"},
    "not_made": {"nb": "Profiler som mangler", "nn": "Profilar som manglar", "en": "Profiles that are missing"},
    "not_made_intro": {
        "nb": "Disse profilene kunne ikke lages:",
        "nn": "Desse profilane kunne ikkje lagast:",
        "en": "These profiles could not be made:",
    },
}


def say(key: str, language: str, **values: object) -> str:
    """Return the word or sentence `key` in `language` with `{name}` fields filled from `values`."""
    return WORDS[key][language].format(**values)
