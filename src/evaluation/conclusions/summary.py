"""The answer of each theme in a sentence or two, by the grade of its main effect."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from evaluation.language import labels
from evaluation.texts import LANGUAGES, Amount, Passage, Text, three

_ESTIMATE = three(
    "**{theme}** ({where}). Beregnet effekt på {outcome}: {value} {unit} (95 prosent-intervall fra {low} til {high}). ",
    "**{theme}** ({where}). Rekna effekt på {outcome}: {value} {unit} (95 prosent-intervall frå {low} til {high}). ",
    "**{theme}** ({where}). Estimated effect on {outcome}: "
    "{value} {unit} (95 per cent interval from {low} to {high}). ",
)
_HOLDS = {
    "strong": three("Det er sterke holdepunkter", "Det er sterke haldepunkt", "There is strong evidence"),
    "moderate": three("Det er rimelige holdepunkter", "Det er rimelege haldepunkt", "There is moderate evidence"),
    "weak": three("Det er svake holdepunkter", "Det er svake haldepunkt", "There is weak evidence"),
}
_WENT = {
    "wanted": three(
        "for at programmet virket slik det skulle.",
        "for at programmet verka slik det skulle.",
        "that the programme worked as intended.",
    ),
    "unwanted": three(
        "for at programmet virket mot sin hensikt.",
        "for at programmet verka mot føremålet sitt.",
        "that the programme worked against its intention.",
    ),
}
_REST = {
    "none": three(
        "Ingen effekt er funnet, og effekter store nok til å bety noe er utelukket av intervallet.",
        "Ingen effekt er funnen, og effektar store nok til å bety noko er utelukka av intervallet.",
        "No effect was found, and effects large enough to matter are excluded by the interval.",
    ),
    "undetermined": three(
        "Ingen sikker effekt er funnet, men intervallet omfatter effekter store nok til å bety noe.",
        "Ingen sikker effekt er funnen, men intervallet omfattar effektar store nok til å bety noko.",
        "No certain effect was found, but the interval includes effects large enough to matter.",
    ),
}
_DETECTABLE = three(
    " Opplegget finner effekter fra {detectable} {unit} og oppover fire ganger av fem.",
    " Opplegget finn effektar frå {detectable} {unit} og oppover fire gonger av fem.",
    " The design finds effects of {detectable} {unit} or more four times in five.",
)
_NOT_ASSESSED = three(
    "**{theme}.** Effekten kan ikke vurderes med disse dataene.",
    "**{theme}.** Effekten kan ikkje vurderast med desse dataa.",
    "**{theme}.** The effect cannot be assessed with these data.",
)
_WEAKNESS = {
    "adjusted": three(
        "effekten holder ikke når det tas hensyn til at flere temaer er prøvd",
        "effekten held ikkje når det blir teke omsyn til at fleire tema er prøvde",
        "the effect does not hold once it is allowed for that several themes were tested",
    ),
    "trends": three(
        "utviklingen var ulik også før oppstart",
        "utviklinga var ulik også før oppstart",
        "the trends differed before the start too",
    ),
    "untested": three(
        "det kan ikke prøves om utviklingen var lik før oppstart",
        "det kan ikkje prøvast om utviklinga var lik før oppstart",
        "whether the trends were alike before the start cannot be tested",
    ),
    "sign": three(
        "andre rimelige valg gir til dels et annet svar",
        "andre rimelege val gir til dels eit anna svar",
        "other reasonable choices partly give another answer",
    ),
    "no_others": three("andre valg er ikke prøvd", "andre val er ikkje prøvde", "other choices were not tried"),
}
_RESERVATION = three(" Forbehold: {weakness}.", " Atterhald: {weakness}.", " Reservation: {weakness}.")


@dataclass(frozen=True)
class Sentence:
    """A text in three languages and what is `given` for its `{names}`."""

    text: Text
    given: Mapping[str, object] = field(default_factory=dict)


def summary(
    effects: pd.DataFrame, themes: Mapping[str, Text], own: Mapping[str, Text] | None = None
) -> tuple[Sentence, ...]:
    """Return a sentence for every theme of the programme, with a reference to the chapter it comes from.

    Parameters
    ----------
    effects : DataFrame
        As `evaluation.conclusions.effects` gives them.
    themes : mapping
        Name of each theme in three languages, by its code. A theme without a main effect is said not to be assessed.
    own : mapping, optional
        Labels of the outcomes and units that the study adds (`study.labels`), beside those of `labels.csv`.
    """
    known = {**labels(), **(own or {})}
    main = effects[effects["main"]]
    told = []
    for theme, name in themes.items():
        mine = main[main["theme"] == theme]
        told += [_sentence(row, name, known) for _, row in mine.iterrows()] or [
            Sentence(_NOT_ASSESSED, {"theme": name})
        ]
    return tuple(told)


def weaknesses(row: pd.Series, level: float = 0.05) -> list[str]:
    """Return what keeps an effect from the grade "strong", as keys: adjusted, trends, untested, sign, no_others."""
    found = ["adjusted"] if row["p_holm"] >= level else []
    found += ["untested"] if pd.isna(row["before"]) else ["trends"] if row["before"] < level else []
    found += ["no_others"] if pd.isna(row["same_sign"]) else ["sign"] if row["same_sign"] < 0.9 else []
    return found


def _sentence(row: pd.Series, theme: Text, known: Mapping[str, Text]) -> Sentence:
    grade, decimals = row["grade"], int(row["decimals"])
    if grade == "not_assessed":
        return Sentence(_NOT_ASSESSED, {"theme": theme})
    where = f"@chapter:{row['notebook']}"
    given: dict[str, object] = {
        "theme": theme,
        "where": Passage(where, where, where),
        "outcome": without_unit(known[row["outcome"]]),
        "value": Amount(row["value"], decimals, signed=True),
        "low": Amount(row["low"], decimals),
        "high": Amount(row["high"], decimals),
        "unit": known[f"unit.{row['unit']}" if f"unit.{row['unit']}" in known else row["unit"]],
    }
    if grade in _HOLDS:
        text = _joined(_ESTIMATE, _HOLDS[grade], three(" ", " ", " "), _WENT[row["went"]])
        if grade != "strong" and (found := weaknesses(row)):
            return Sentence(_joined(text, _RESERVATION), given | {"weakness": [_WEAKNESS[key] for key in found]})
        return Sentence(text, given)
    if grade == "undetermined" and pd.notna(row["detectable"]):
        given["detectable"] = Amount(row["detectable"], decimals)
        return Sentence(_joined(_ESTIMATE, _REST[grade], _DETECTABLE), given)
    return Sentence(_joined(_ESTIMATE, _REST[grade]), given)


def without_unit(label: Text) -> Text:
    """Return a label without the unit in brackets at its end."""
    return {language: re.sub(r" \([^()]*\)$", "", label[language]) for language in LANGUAGES}


def _joined(*texts: Text) -> Text:
    parts: Sequence[Text] = texts
    return {language: "".join(text[language] for text in parts) for language in LANGUAGES}
