"""What a number counts, and whom it leaves out: the words that belong under every exhibit of position sizes."""

from __future__ import annotations

from collections.abc import Collection

from evaluation.language import Words
from evaluation.positions.histogram import EXCLUDED
from evaluation.positions.source import View
from evaluation.texts import LANGUAGES, Text, three

_WHO = {
    "employee": three("Per ansatt, alle stillinger lagt sammen", "Per tilsett, alle stillingar lagde saman",
                      "Per employee, all positions added up"),
    "position": three("Per stilling", "Per stilling", "Per position"),
    "both": three("Per ansatt og per stilling", "Per tilsett og per stilling", "Per employee and per position"),
}  # fmt: skip
_WITHOUT = three("{who}. Utelatt: {kinds}.", "{who}. Utelate: {kinds}.", "{who}. Left out: {kinds}.")
_WITH_ALL = three("{who}. Alle ansettelsesformer.", "{who}. Alle tilsetjingsformer.", "{who}. All kinds of employment.")


def basis(view: View | str = "employee", exclude: Collection[str] = EXCLUDED, *more: Text) -> Text:
    """Return a note in three languages that states the view and the employment kinds left out, and then `more`.

    Parameters
    ----------
    view : ``"employee"``, ``"position"`` or ``"both"``.
    exclude : the employment kinds left out.
    more : further sentences of the note.
    """
    notes = {}
    for language in LANGUAGES:
        words = Words(language)
        kinds = words.list(words.term(kind) for kind in exclude)
        text = _WITHOUT if exclude else _WITH_ALL
        first = words.text(text).format(who=words.text(_WHO[view]), kinds=kinds)
        notes[language] = " ".join([first, *(words.text(one) for one in more)])
    return three(*(notes[language] for language in LANGUAGES))
