"""A chapter's key number by name, and the phrases that stay true whichever way it falls."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.errors import InputError, Problem
from evaluation.language import Words
from evaluation.texts import Amount, Text, three

MIMETYPE = "application/vnd.evaluation.finding+json"
BARE = ("count", "share", "index")
UNITS = (
    *("percent", "percentage_points", "man_days", "man_years", "persons", "employees", "positions", "municipalities"),
    *("projects", "quarters", "years", "kroner", "million_kroner"),
    *BARE,
)

OWN_UNIT = "unit."
"""Before the name of an outcome that a study adds: the unit is what its `sources.yaml` says."""

# Each phrase for a value that fell, stayed and rose.
_ROSE_OR_FELL = (
    three("gikk ned", "gjekk ned", "fell"),
    three("var uendret", "var uendra", "was unchanged"),
    three("steg", "steg", "rose"),
)
_RISE_OR_FALL = (
    three("en nedgang", "ein nedgang", "a decrease"),
    three("ingen endring", "inga endring", "no change"),
    three("en økning", "ein auke", "an increase"),
)
_ABOVE_OR_BELOW = (
    three("under", "under", "below"),
    three("på linje med", "på linje med", "level with"),
    three("over", "over", "above"),
)
_CHANGE = (
    three("en klar nedgang", "ein klar nedgang", "a clear decrease"),
    three("ingen klar endring", "inga klar endring", "no clear change"),
    three("en klar økning", "ein klar auke", "a clear increase"),
)
_EFFECT = (
    three(
        "en effekt i form av en klar nedgang", "ein effekt i form av ein klar nedgang", "an effect: a clear decrease"
    ),
    three("ingen klar effekt", "ingen klar effekt", "no clear effect"),
    three("en effekt i form av en klar økning", "ein effekt i form av ein klar auke", "an effect: a clear increase"),
)
_ZERO = (
    three("omfatter null", "omfattar null", "includes zero"),
    three("utelukker null", "utelukkar null", "excludes zero"),
    three("er ikke beregnet", "er ikkje rekna ut", "has not been computed"),
)
_NOT_ASSESSED = three(
    "ingen endring som kan vurderes", "inga endring som kan vurderast", "no change that can be assessed"
)
_INTERVAL = three("fra {low} til {high}", "frå {low} til {high}", "from {low} to {high}")
_MOVED = three("{verb} med {size}", "{verb} med {size}", "{verb} by {size}")


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against an estimate of effect; the conclusions grade it by this and nothing else.

    Attributes
    ----------
    theme : str
        Theme of the programme, such as "sick_leave".
    outcome : str
        Label of what is measured, such as "sick_leave_rate".
    better : str
        Which way the programme wished it to move: "lower" or "higher".
    main : bool
        Whether it is the one outcome of the theme chosen beforehand; others support it.
    p_value : float, optional
        Of no effect, two-sided, by the chapter's own inference; multiple testing is not yet allowed for.
    detectable : float, optional
        The smallest effect found four times in five (without sign), in the finding's unit.
    before : float, optional
        p-value of no difference in trend before the start.
    same_sign : float, optional
        Share (0-1) of the other choices tried that give the same sign.
    """

    theme: str
    outcome: str
    better: str
    main: bool = True
    p_value: float | None = None
    detectable: float | None = None
    before: float | None = None
    same_sign: float | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.better not in ("lower", "higher"):
            problems.append(Problem("`better` is no direction", 'Say "lower" or "higher".', value=self.better))
        for name in ("p_value", "before", "same_sign"):
            value = finite(getattr(self, name))
            object.__setattr__(self, name, value)
            if value is not None and not 0 <= value <= 1:
                problems.append(Problem(f"`{name}` is no share or probability", "Give it from 0 to 1.", value=value))
        detectable = finite(self.detectable)
        object.__setattr__(self, "detectable", None if detectable is None else abs(detectable))
        if problems:
            raise InputError(problems)


@dataclass(frozen=True)
class Finding:
    """A named number of a chapter, with its 95 % interval where it has one.

    In a text its parts are asked for by name: `{x.value}`, `{x.signed}`, `{x.size}` (without sign), `{x.unit}`,
    `{x.with_unit}`, `{x.low}`, `{x.high}`, `{x.interval}` ("fra -0,4 til -0,1"), `{x.n}`, and phrases:
    `{x.verdict}` ("en klar nedgang", "ingen klar endring"; with `causal` "en effekt i form av ..."), `{x.zero}`
    ("omfatter null"), `{x.rose_or_fell}` ("steg"), `{x.moved}` ("steg med 0,3 prosentpoeng"), `{x.rise_or_fall}`
    ("en økning"), `{x.above_or_below}` ("over").

    Attributes
    ----------
    value, low, high
        In `unit`; None where there is none (withheld, or without an interval).
    n
        How many units (usually municipalities) it rests on.
    causal
        Whether it estimates an effect; only then may the word be used of it.
    evidence
        Of an effect: what the conclusions grade it by.
    """

    chapter: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    n: int | None
    decimals: int
    causal: bool
    evidence: Evidence | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.unit not in UNITS and not self.unit.startswith(OWN_UNIT):
            problems.append(Problem("A finding has an unknown unit", f"Use {', '.join(UNITS)}.", value=self.unit))
        if (self.low is None) != (self.high is None) or (self.low or 0) > (self.high or 0):
            remedy = "Give both ends, the lower first, or neither."
            problems.append(
                Problem(f"The interval of finding {self.name} is not one", remedy, value=(self.low, self.high))
            )
        if self.evidence is not None and not self.causal:
            remedy = "Only an estimate of effect is graded; give causal=True or leave the evidence out."
            problems.append(Problem(f"Finding {self.name} has evidence but estimates no effect", remedy))
        if problems:
            raise InputError(problems)

    @property
    def verdict(self) -> str:
        """Return "lower", "higher" or "unclear", by whether the interval excludes zero; without one, by the value."""
        low, high = (self.value, self.value) if self.low is None else (self.low, self.high)
        if low is None or high is None:
            return "unclear"
        return "lower" if high < 0 else "higher" if low > 0 else "unclear"

    def spoken(self, words: Words) -> Mapping[str, str | Amount]:
        """Return the parts that a text can ask for, in the language of `words`."""
        number = lambda x, signed=False: Amount(x, self.decimals, signed)  # noqa: E731
        direction = 1 if self.value is None else 1 + _sign(self.value, self.decimals)
        size = None if self.value is None else abs(self.value)
        unit = "" if self.unit in BARE else words.term(self.unit)
        verb = words.text(_ROSE_OR_FELL[direction])
        moved = words.plain(_MOVED, verb=verb, size=f"{words.number(size, self.decimals)} {unit}".strip())
        return {
            "value": number(self.value),
            "signed": number(self.value, True),
            "size": number(size),
            "low": number(self.low),
            "high": number(self.high),
            "n": Amount(self.n, 0),
            "unit": unit,
            "with_unit": f"{words.number(self.value, self.decimals)} {unit}".strip(),
            "interval": words.plain(_INTERVAL, low=number(self.low), high=number(self.high)),
            "verdict": words.text(self._verdict_phrase(direction)),
            "zero": words.text(_ZERO[2 if self.low is None else int(self.verdict != "unclear")]),
            "rose_or_fell": verb,
            "moved": moved if direction != 1 else verb,
            "rise_or_fall": words.text(_RISE_OR_FALL[direction]),
            "above_or_below": words.text(_ABOVE_OR_BELOW[direction]),
        }

    def _verdict_phrase(self, direction: int) -> Text:
        if self.value is None:
            return _NOT_ASSESSED
        if self.low is None:
            return _RISE_OR_FALL[direction]
        return (_EFFECT if self.causal else _CHANGE)[{"lower": 0, "unclear": 1, "higher": 2}[self.verdict]]

    def bundle(self, words: Words) -> dict[str, Any]:
        """Return what is put on display: the number for machines and a line for readers."""
        fields = ("chapter", "name", "value", "low", "high", "unit", "n", "decimals", "causal")
        line = words.plain("{f.with_unit}", f=self)
        if self.low is not None:
            line += words.plain(" ({f.low}; {f.high})", f=self)
        text = f"{self.name}: {line}"
        shown = f'<p style="color:var(--jp-ui-font-color1, #595959);font-size:85%;margin:0">{html.escape(text)}</p>'
        record: dict[str, Any] = {field: getattr(self, field) for field in fields}
        if self.evidence is not None:
            record["evidence"] = asdict(self.evidence)
        return {MIMETYPE: record, "text/html": shown, "text/plain": text}


def finite(x: Any) -> float | None:
    """Return a plain number, or None where there is none."""
    return None if x is None or not math.isfinite(float(x)) else float(x)


def _sign(x: float, decimals: int) -> int:
    shown = round(x, decimals)
    return (shown > 0) - (shown < 0)
