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
    "dated": {"nb": "Datert {date}", "nn": "Datert {date}", "en": "Dated {date}"},
    "parameters_hash": {
        "nb": "Parametere {file}, SHA-256 {hash}",
        "nn": "Parametrar {file}, SHA-256 {hash}",
        "en": "Parameters {file}, SHA-256 {hash}",
    },
    "draft": {"nb": "UTKAST", "nn": "UTKAST", "en": "DRAFT"},
    "references": {"nb": "Referanser", "nn": "Referansar", "en": "References"},
    "code": {"nb": "Kode", "nn": "Kode", "en": "Code"},
    "code_show": {"nb": "Vis all kode", "nn": "Vis all kode", "en": "Show all code"},
    "code_hide": {"nb": "Skjul all kode", "nn": "Gøym all kode", "en": "Hide all code"},
    "search_report": {"nb": "Søk i rapporten", "nn": "Søk i rapporten", "en": "Search the report"},
    "search_keys": {
        "nb": "Enter: neste treff. Skift og Enter: forrige. Esc: til treffet i teksten.",
        "nn": "Enter: neste treff. Skift og Enter: førre. Esc: til treffet i teksten.",
        "en": "Enter: next hit. Shift and Enter: previous. Esc: to the hit in the text.",
    },
    "search_next": {"nb": "Neste treff", "nn": "Neste treff", "en": "Next hit"},
    "search_previous": {"nb": "Forrige treff", "nn": "Førre treff", "en": "Previous hit"},
    "hits_none": {"nb": "Ingen treff", "nn": "Ingen treff", "en": "No hits"},
    "hits_one": {"nb": "Ett treff", "nn": "Eitt treff", "en": "One hit"},
    "hits_some": {"nb": "{{total}} treff", "nn": "{{total}} treff", "en": "{{total}} hits"},
    "hit_at": {
        "nb": "Treff {{place}} av {{total}}: {{section}}",
        "nn": "Treff {{place}} av {{total}}: {{section}}",
        "en": "Hit {{place}} of {{total}}: {{section}}",
    },
    "colours": {"nb": "Farger", "nn": "Fargar", "en": "Colours"},
    "colours_system": {"nb": "Som systemet", "nn": "Som systemet", "en": "As the system"},
    "colours_light": {"nb": "Lyse", "nn": "Lyse", "en": "Light"},
    "colours_dark": {"nb": "Mørke", "nn": "Mørke", "en": "Dark"},
    "synthetic": {
        "nb": "Syntetiske data: kommunene og alle tall er oppdiktet",
        "nn": "Syntetiske data: kommunane og alle tal er oppdikta",
        "en": "Synthetic data: the municipalities and all figures are invented",
    },
    "synthetic_real": {
        "nb": "Oppdiktede tall: de må ikke leses som tall for kommunene som er nevnt",
        "nn": "Oppdikta tal: dei må ikkje lesast som tal for kommunane som er nemnde",
        "en": "Invented figures: they must not be read as those of the municipalities named",
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
    "checked_report": {
        "nb": "Personvern: {statements} tall i rapporten er holdt sammen",
        "nn": "Personvern: {statements} tal i rapporten er haldne saman",
        "en": "Confidentiality: {statements} numbers of the report were put together",
    },
    "checked_with_earlier": {
        "nb": "Sammen med den tidligere rapporten «{earlier}» er det {statements}",
        "nn": "Saman med den tidlegare rapporten «{earlier}» er det {statements}",
        "en": "Together with the earlier report “{earlier}” they are {statements}",
    },
    "worked_out": {
        "nb": "; av dem som er holdt tilbake for sin egen del ({protected}), lar ingen seg regne ut, og det smaleste "
        "intervallet en kan komme fram til, er {width} ganger så bredt som det minst må være.",
        "nn": "; av dei som er haldne att for sin eigen del ({protected}), let ingen seg rekne ut, og det smalaste "
        "intervallet ein kan kome fram til, er {width} gonger så breitt som det minst må vere.",
        "en": "; of those withheld for their own sake ({protected}) none can be worked out, and the narrowest interval "
        "that can be arrived at is {width} times as wide as it must be at the least.",
    },
    "nothing_withheld": {
        "nb": "; ingen er holdt tilbake for sin egen del.",
        "nn": "; ingen er haldne att for sin eigen del.",
        "en": "; none is withheld for its own sake.",
    },
    "number": {"nb": "Nummer", "nn": "Nummer", "en": "Number"},
    "caption": {"nb": "Innhold", "nn": "Innhald", "en": "Content"},
    "notebook": {"nb": "Notatbok", "nn": "Notatbok", "en": "Notebook"},
    "data_file": {"nb": "Datafil", "nn": "Datafil", "en": "Data file"},
    "origins": {"nb": "Hvor tallene kommer fra", "nn": "Kvar tala kjem frå", "en": "Where the numbers come from"},
    "origins_intro": {
        "nb": "Et tall i teksten leder hit: til cellen i notatboken som skrev det, med nummeret den har når "
        "notatboken kjøres fra toppen, cellene den bygger på, og funksjonene, parametrene, tabellene og funnene de "
        "bruker. Filene bak hver tabell står i vedlegget om datagrunnlaget.",
        "nn": "Eit tal i teksten fører hit: til cella i notatboka som skreiv det, med nummeret ho har når notatboka "
        "blir køyrd frå toppen, cellene ho byggjer på, og funksjonane, parametrane, tabellane og funna dei bruker. "
        "Filene bak kvar tabell står i vedlegget om datagrunnlaget.",
        "en": "A number in the text leads here: to the cell of the notebook that wrote it, by the number it has when "
        "the notebook is run from the top, the cells it rests on, and the functions, parameters, tables and findings "
        "these use. The files behind each table are in the appendix on the input data.",
    },
    "common": {"nb": "Felles for cellene", "nn": "Felles for cellene", "en": "Common to the cells"},
    "values": {"nb": "Parametrenes verdier", "nn": "Verdiane til parametrane", "en": "Values of the parameters"},
    "cell": {"nb": "Celle {cell}", "nn": "Celle {cell}", "en": "Cell {cell}"},
    "rests_on": {"nb": "bygger på celle", "nn": "byggjer på celle", "en": "rests on cell"},
    "functions": {"nb": "funksjoner", "nn": "funksjonar", "en": "functions"},
    "parameters": {"nb": "parametere", "nn": "parametrar", "en": "parameters"},
    "tables": {"nb": "tabeller", "nn": "tabellar", "en": "tables"},
    "findings": {"nb": "funn", "nn": "funn", "en": "findings"},
    "shown": {"nb": "vist i", "nn": "vist i", "en": "shown in"},
    "the_text": {"nb": "teksten", "nn": "teksten", "en": "the text"},
    "numbers_as_csv": {"nb": "Tallene (CSV)", "nn": "Tala (CSV)", "en": "The numbers (CSV)"},
    "read_into": {"nb": "Tabeller", "nn": "Tabellar", "en": "Tables"},
    "summary": {"nb": "Sammendrag", "nn": "Samandrag", "en": "Summary"},
    "chapter": {"nb": "kapittel", "nn": "kapittel", "en": "chapter"},
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


def invented(language: str, *, synthetic: bool, real_places: bool) -> str:
    """Return what every page says of invented figures, of invented municipalities or real ones; "" of real figures."""
    return say("synthetic_real" if real_places else "synthetic", language) if synthetic else ""
