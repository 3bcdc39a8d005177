"""`sources.yaml` with every table and column that the readers know, explained, ready to have its hashes removed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from evaluation.language import Words
from evaluation.new.forms import FORMS, explained
from evaluation.tables import NORWAY, TABLES, Table
from evaluation.texts import Text, three

INTRODUCTION = three(
    nb="""Hvilken fil som har hvilken tabell, og hva kolonner og verdier heter der.
Bare det som ikke er kommentert ut, blir lest. Når du har filen til en tabell, fjerner du nummertegn og mellomrom
foran tabellen, skriver filnavnet og retter det som står til høyre for kolonnene. Det til venstre er våre navn.
Etterpå: `evaluation check` på mappen sier hva som ble forstått, og hva som mangler.""",
    nn="""Kva fil som har kva tabell, og kva kolonnar og verdiar heiter der.
Berre det som ikkje er kommentert ut, blir lese. Når du har fila til ein tabell, fjernar du nummerteikn og mellomrom
framfor tabellen, skriv filnamnet og rettar det som står til høgre for kolonnane. Det til venstre er våre namn.
Etterpå: `evaluation check` på mappa seier kva som vart forstått, og kva som manglar.""",
    en="""Which file holds which table, and what its columns and values are called there.
Only what is not commented out is read. Once you have the file of a table, remove the number sign and the space in
front of the table, write the file's name, and correct what is to the right of the columns. To the left are our names.
Then: `evaluation check` on the folder says what was understood, and what is missing.""",
)
KEYS: Mapping[str, Text] = {
    "files": three(
        nb="ett filnavn, et mønster som absence_*.csv, eller en liste",
        nn="eitt filnamn, eit mønster som absence_*.csv, eller ei liste",
        en="one file name, a pattern such as absence_*.csv, or a list",
    ),
    "sheet": three(
        nb="arket i en arbeidsbok, flere som [2010, 2011], eller all",
        nn="arket i ei arbeidsbok, fleire som [2010, 2011], eller all",
        en="the sheet of a workbook, several as [2010, 2011], or all",
    ),
    "header": three(
        nb="raden med kolonnenavn, når det står titler over den; {'*.xlsx': 3} når filene er ulike",
        nn="rada med kolonnenamn, når det står titlar over henne; {'*.xlsx': 3} når filene er ulike",
        en="the row of the column names, where titles stand above it; {'*.xlsx': 3} where files differ",
    ),
    "columns": three(nb="vårt navn: filens navn", nn="vårt namn: namnet i fila", en="our name: the file's name"),
    "measures": three(
        nb="det samme for innholdet i JSON-stat2 fra Statistisk sentralbyrå",
        nn="det same for innhaldet i JSON-stat2 frå Statistisk sentralbyrå",
        en="the same for the contents of JSON-stat2 from Statistics Norway",
    ),
    "values": three(nb="filens ord: vår kode", nn="ordet i fila: koden vår", en="the file's word: our code"),
    "exclude": three(
        nb="rader som skal utelates: {municipality: [9999, Svalbard]}",
        nn="rader som skal utelatast: {municipality: [9999, Svalbard]}",
        en="rows to be left out: {municipality: [9999, Svalbard]}",
    ),
    "decimal": three(
        nb="',' eller '.', når tallene kan leses på to måter",
        nn="',' eller '.', når tala kan lesast på to måtar",
        en="',' or '.', where the figures can be read in two ways",
    ),
    "form": three(
        nb="for utfylte skjema: {labels: B, values: C}",
        nn="for utfylte skjema: {labels: B, values: C}",
        en="of forms filled by hand: {labels: B, values: C}",
    ),
    "irregular": three(
        nb="for stillinger på 0 eller over 100 prosent: keep eller refuse",
        nn="for stillingar på 0 eller over 100 prosent: keep eller refuse",
        en="for positions of 0 or above 100 per cent: keep or refuse",
    ),
}
"""What can be said of a table, beside its name."""

_MORE = three(
    nb="Annet som kan stå under en tabell:",
    nn="Anna som kan stå under ein tabell:",
    en="What else can stand under a table:",
)
_NAME = three(nb="hva dataene er", nn="kva dataa er", en="what the data are")
_OWN = three(
    nb="Et utfall som ingen av tabellene har, føres opp under `outcomes`; se docs/add-an-outcome.md.",
    nn="Eit utfall som ingen av tabellane har, blir ført opp under `outcomes`; sjå docs/add-an-outcome.md.",
    en="An outcome that none of the tables holds is declared under `outcomes`; see docs/add-an-outcome.md.",
)
_SYNTHETIC = three(
    nb="true når tallene er oppdiktet: alle sider sier det da",
    nn="true når tala er oppdikta: alle sider seier det då",
    en="true when the figures are invented: every page then says so",
)
_NEEDED = three(nb="brukes i", nn="blir brukt i", en="used in")
_SPACES = 48


def file_name(table: str) -> str:
    """Return the name that a table's file is looked for under until another one is written."""
    form = next((form for form, tables in FORMS.items() if table in tables), None)
    if form:
        return form
    return {"positions": "positions_*.parquet", "annual_report_forms": "forms/*.xlsx"}.get(table, f"{table}_*.csv")


def sources_yaml(
    words: Words, name: Text, *, register: str = NORWAY, used: Mapping[str, Sequence[str]] | None = None
) -> str:
    """Return an annotated `sources.yaml`: the tables a study needs as they are laid out, all others commented out.

    Parameters
    ----------
    name : what the data are, in nb, nn and en.
    register : "norway", or the file of a register.
    used : chapters that use each table.
    """
    language, used = words.language, used or {}
    lines = [f"# {line}" for line in INTRODUCTION[language].splitlines()]
    lines += ["#", f"# {_MORE[language]}"]
    lines += [f"#   {key + ':':<10} {said[language]}" for key, said in KEYS.items()]
    lines += ["#", f"# {_OWN[language]}", "", f"name:  # {_NAME[language]}"]
    lines += [f"  {code}: {json.dumps(text, ensure_ascii=False)}" for code, text in name.items()]
    lines += [
        f"synthetic: false  # {_SYNTHETIC[language]}",
        "programme: programme.yaml",
        f"register: {register}",
        "tables:",
    ]
    for table in sorted(TABLES.values(), key=lambda one: not one.needed):
        chapters = ", ".join(used.get(table.name, ()))
        said = words.term(f"holds.{table.name}") + (f" ({_NEEDED[language]} {chapters})" if chapters else "")
        lines += ["", f"  # -- {said}"]
        block = _block(table, words)
        lines += [f"  {line}" if table.needed else f"  # {line}" for line in block]
    return "\n".join(lines) + "\n"


def _block(table: Table, words: Words) -> list[str]:
    """Return the lines of one table, each of which makes YAML when its hash is removed."""
    lines = [f"{table.name}:", f"  files: {file_name(table.name)}"]
    if table.name in (one for tables in FORMS.values() for one in tables):
        # The forms have our names: nothing is to be mapped.
        return [*lines, f"  sheet: {table.name}"]
    if table.name == "annual_report_forms":
        lines.append("  form: {labels: B, values: C}")
    lines.append("  columns:")
    for column in table.columns:
        # What may be left out is asked for once it is mapped: it keeps a hash of its own.
        mapped = f"    {'# ' if column.optional else ''}{column.name}: {column.name}"
        lines.append(f"{mapped:<{_SPACES}}  # {explained(column, words).meaning}")
    coded = [column for column in table.columns if column.known and not column.words]
    if coded:
        mark = "# " if all(column.optional for column in coded) else ""
        lines.append(f"{f'  {mark}values:':<{_SPACES}}  # {KEYS['values'][words.language]}")
    for column in coded:
        mark = "# " if column.optional else ""
        lines.append(f"    {mark}{column.name}:")
        lines += [f"    {mark}  {code}: {code}" for code in map(_quoted, column.known)]
    return lines


def _quoted(code: str) -> str:
    """Quote the codes that other readers of YAML take for true and false."""
    return f'"{code}"' if code in ("yes", "no") else code
