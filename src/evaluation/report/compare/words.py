"""What a comparison says, in bokmål, nynorsk and English."""

from __future__ import annotations

from collections.abc import Mapping

COMPARED: Mapping[str, Mapping[str, str]] = {
    "title": {"nb": "To rapporter side om side", "nn": "To rapportar side om side", "en": "Two reports side by side"},
    "reports": {"nb": "Rapportene", "nn": "Rapportane", "en": "The reports"},
    "same": {
        "nb": "Rapportene er like: samme grunnlag og samme resultater.",
        "nn": "Rapportane er like: same grunnlag og same resultat.",
        "en": "The reports are the same: made from the same, with the same results.",
    },
    "results_same": {
        "nb": "Resultatene er like: ingen nøkkeltall, figurer eller tabeller er forskjellige.",
        "nn": "Resultata er like: ingen nøkkeltal, figurar eller tabellar er ulike.",
        "en": "The results are the same: no finding, figure or table differs.",
    },
    "differs": {
        "nb": "Rapportene er forskjellige: {what}.",
        "nn": "Rapportane er ulike: {what}.",
        "en": "The reports differ: {what}.",
    },
    "tolerance": {
        "nb": "Tall som skiller seg med høyst {share} av det største, er regnet som like.",
        "nn": "Tal som skil seg med høgst {share} av det største, er rekna som like.",
        "en": "Numbers that differ by at most {share} of the larger are taken as equal.",
    },
    "counts": {
        "nb": "{changed} endret, {new} nye, {gone} borte",
        "nn": "{changed} endra, {new} nye, {gone} borte",
        "en": "{changed} changed, {new} new, {gone} gone",
    },
    "findings": {"nb": "Nøkkeltall", "nn": "Nøkkeltal", "en": "Findings"},
    "findings_note": {
        "nb": "Først de som nå ligger på en annen side av null, så de største endringene. Standardfeil er endringen "
        "delt på standardfeilen som 95 %-intervallene svarer til. Det sier hvor stor endringen er, og er ingen test: "
        "de to anslagene bygger for en stor del på de samme dataene og er ikke uavhengige.",
        "nn": "Først dei som no ligg på ei anna side av null, så dei største endringane. Standardfeil er endringa "
        "delt på standardfeilen som 95 %-intervalla svarar til. Det seier kor stor endringa er, og er ingen test: "
        "dei to anslaga byggjer for ein stor del på dei same dataa og er ikkje uavhengige.",
        "en": "First those that now lie on another side of zero, then the largest changes. Standard errors are the "
        "change divided by the standard error that the 95 % intervals imply. It says how large the change is, and is "
        "no test: the two estimates rest largely on the same data and are not independent.",
    },
    "exhibits": {"nb": "Figurer og tabeller", "nn": "Figurar og tabellar", "en": "Exhibits"},
    "exhibits_note": {
        "nb": "Tallene bak hver figur og tabell, celle for celle. Først celler som er holdt tilbake i bare den ene.",
        "nn": "Tala bak kvar figur og tabell, celle for celle. Først celler som er haldne tilbake i berre den eine.",
        "en": "The numbers behind each figure and table, cell by cell. First cells that are withheld in only one.",
    },
    "inputs": {"nb": "Datafiler", "nn": "Datafiler", "en": "Input files"},
    "parameters": {"nb": "Parametre", "nn": "Parametrar", "en": "Parameters"},
    "chapters": {"nb": "Kapitler", "nn": "Kapittel", "en": "Chapters"},
    "notebooks": {"nb": "Notatbøker", "nn": "Notatbøker", "en": "Notebooks"},
    "code": {"nb": "Koden", "nn": "Koden", "en": "The code"},
    "versions": {"nb": "Biblioteker", "nn": "Bibliotek", "en": "Libraries"},
    "files": {"nb": "Andre filer i rapporten", "nn": "Andre filer i rapporten", "en": "Other files of the report"},
    "chapter": {"nb": "Kapittel", "nn": "Kapittel", "en": "Chapter"},
    "finding": {"nb": "Nøkkeltall", "nn": "Nøkkeltal", "en": "Finding"},
    "what": {"nb": "Hva", "nn": "Kva", "en": "What"},
    "before": {"nb": "A", "nn": "A", "en": "A"},
    "after": {"nb": "B", "nn": "B", "en": "B"},
    "change": {"nb": "Endring", "nn": "Endring", "en": "Change"},
    "unit": {"nb": "Enhet", "nn": "Eining", "en": "Unit"},
    "errors": {"nb": "Standardfeil", "nn": "Standardfeil", "en": "Standard errors"},
    "verdict": {"nb": "Mot null", "nn": "Mot null", "en": "Against zero"},
    "others": {"nb": "Også endret", "nn": "Også endra", "en": "Also changed"},
    "lower": {"nb": "under", "nn": "under", "en": "below"},
    "unclear": {"nb": "uklart", "nn": "uklart", "en": "unclear"},
    "higher": {"nb": "over", "nn": "over", "en": "above"},
    "new": {"nb": "ny", "nn": "ny", "en": "new"},
    "gone": {"nb": "borte", "nn": "borte", "en": "gone"},
    "exhibit": {"nb": "Figur eller tabell", "nn": "Figur eller tabell", "en": "Exhibit"},
    "cells": {"nb": "Celler endret", "nn": "Celler endra", "en": "Cells changed"},
    "rows": {"nb": "Rader", "nn": "Rader", "en": "Rows"},
    "largest": {"nb": "Største endring", "nn": "Største endring", "en": "Largest change"},
    "of": {"nb": "{count} av {total}", "nn": "{count} av {total}", "en": "{count} of {total}"},
    "rows_changed": {"nb": "{new} nye, {gone} borte", "nn": "{new} nye, {gone} borte", "en": "{new} new, {gone} gone"},
    "withheld": {
        "nb": "{count} celler er holdt tilbake i bare den ene",
        "nn": "{count} celler er haldne tilbake i berre den eine",
        "en": "{count} cells are withheld in only one",
    },
    "rows_withheld": {
        "nb": "rader holdt tilbake: {before} → {after}",
        "nn": "rader haldne tilbake: {before} → {after}",
        "en": "rows withheld: {before} → {after}",
    },
    "columns_gone": {"nb": "uten kolonnen {names}", "nn": "utan kolonnen {names}", "en": "without column {names}"},
    "columns_new": {"nb": "ny kolonne {names}", "nn": "ny kolonne {names}", "en": "new column {names}"},
    "drawn": {"nb": "tegnet annerledes", "nn": "teikna annleis", "en": "drawn otherwise"},
    "told": {"nb": "annen tekst eller nummer", "nn": "annan tekst eller anna nummer", "en": "other caption or number"},
    "file": {"nb": "Fil", "nn": "Fil", "en": "File"},
    "report": {"nb": "Rapport", "nn": "Rapport", "en": "Report"},
    "as_of": {"nb": "Data til og med", "nn": "Data til og med", "en": "Data up to and including"},
    "language": {"nb": "Språk", "nn": "Språk", "en": "Language"},
    "commit": {"nb": "Kodeversjon", "nn": "Kodeversjon", "en": "Code version"},
    "unknown": {"nb": "ukjent", "nn": "ukjend", "en": "unknown"},
    "changed_code": {
        "nb": "{commit} med endringer som ikke er lagret",
        "nn": "{commit} med endringar som ikkje er lagra",
        "en": "{commit} with uncommitted changes",
    },
    "on_this_page": {"nb": "På denne siden", "nn": "På denne sida", "en": "On this page"},
}


def tell(key: str, language: str, **values: object) -> str:
    """Return the word or sentence `key` in `language` with `{name}` fields filled from `values`."""
    return COMPARED[key][language].format(**values)
