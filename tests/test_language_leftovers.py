"""Every text the reports are made of is in its own language: no bokmål in the nynorsk, and so for all three."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from evaluation.report.copies import chapters

ROOT = Path(__file__).parents[1]
LANGUAGES = ("nb", "nn", "en")
Texts = Mapping[str, str]
Found = tuple[str, Texts]

# Forms of one written language in these reports. What both have (derfor, deltar, følger) is in neither list; bokmål
# close to nynorsk (åra, veg) counts as nynorsk.
ONLY = {
    "nb": set((ROOT / "tests/data/only_bokmaal.txt").read_text(encoding="utf-8").split()),
    "nn": set((ROOT / "tests/data/only_nynorsk.txt").read_text(encoding="utf-8").split()),
}
ENDINGS = {
    "nb": re.compile(
        r"\w{2,}ing(?:en|er|ene|ens)|\w{2,}het(?:en|er|ene|ens)?|\w{3,}else[rn]?|\w{3,}elsene|\w{3,}erne|\w{4,}enes"
        r"|\w{2,}(?<!vil)(?<!bil)lig(?:e|ere|est|este|vis)?|\w{5,}ede|\w{4,}ende"
        r"|heltid\w*|sykefravær\w*|fravær\w*|sammen\w+|arbeidsgiver\w*|hoved\w+|tjeneste\w*|stillingsstørrelse\w*"
    ),
    "nn": re.compile(
        r"\w{2,}ing(?:ar|ane|a)|\w{2,}heit(?:a|er|ene)?|\w{2,}leg(?:e|are|ast|aste)?|\w{4,}(?:ar|ane)|\w{4,}ande"
        r"|heiltid\w*|sjukefråvær\w*|fråvær\w*|saman\w+|hovud\w+|teneste\w*|tilset\w+|einskild\w*"
    ),
}
# Words with such an ending that both written languages have.
BOTH = {
    *("ingen", "tingen", "helse", "gjerne", "fjerne", "moderne", "interne", "eksterne", "legende", "anlegg"),
    *(
        "lege",
        "fastlege",
        "tannlege",
        "januar",
        "februar",
        "kommentar",
        "deltar",
        "seminar",
        "uklar",
        "komande",
        "godtar",
    ),
}
NORWEGIAN = {
    *("og", "ikke", "ikkje", "av", "til", "på", "med", "som", "det", "fra", "frå", "eller", "hvor", "kor", "kommune"),
    *(
        "kommuner",
        "kommunar",
        "deltaker",
        "deltakere",
        "deltakarar",
        "heltid",
        "heiltid",
        "prosent",
        "andel",
        "endring",
    ),
    *("prosentpoeng", "tall", "ansatte", "tilsette", "dagsverk"),
}
ENGLISH = {"the", "and", "with", "which", "between", "municipality", "municipalities", "this", "effect", "from", "were"}
OTHER = {"nb": "nn", "nn": "nb"}
PEOPLE = re.compile("Sant'Anna")

ALIKE = {"januar februar mars april mai juni juli august september oktober november desember"}
LONGEST_ALIKE = 6


def leftovers(texts: Texts) -> list[str]:
    """What of a text is in another language than its own: `nn: ikke`, or that nynorsk and bokmål are the same."""
    words = {language: _words(texts[language]) for language in LANGUAGES}
    found = [f"{mine}: {word}" for mine in ("nn", "nb") for word in words[mine] if _is_only(word, OTHER[mine])]
    found += [f"en: {word}" for word in words["en"] if word in NORWEGIAN or re.search("[æøå]", word)]
    found += [f"{language}: {word}" for language in ("nb", "nn") for word in words[language] if word in ENGLISH]
    if words["nb"] == words["nn"] and len(words["nn"]) > LONGEST_ALIKE and texts["nn"] not in ALIKE:
        found.append("nn: the same as nb")
    return found


def _is_only(word: str, language: str) -> bool:
    """Whether one of the two Norwegian languages has this form and the other has not."""
    return word in ONLY[language] or (word not in BOTH and ENDINGS[language].fullmatch(word) is not None)


def _words(text: str) -> list[str]:
    """The words of a text without what is filled in, references, code and names of people."""
    shown = PEOPLE.sub(" ", re.sub(r"\{[^{}]*\}|@(?:fig|tbl):\w+|`[^`]*`|<[^>]*>", " ", text))
    return [word.casefold() for word in re.findall(r"[^\W\d_]+", shown)]


def every_text() -> Iterator[Found]:
    """Every text in three languages with where it stands: notebooks, package, labels, codebooks, YAML files."""
    for path in chapters(ROOT / "notebooks"):
        yield from in_notebook(path)
    for path in sorted((ROOT / "src").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        yield from ((f"{name}:{line}", texts) for line, texts in in_code(path.read_text(encoding="utf-8")))
    for path in (ROOT / "src/evaluation/labels.csv", *sorted((ROOT / "data").glob("*/kodebok.csv"))):
        yield from in_table(path)
    for path in (*sorted((ROOT / "params").glob("*.yaml")), *sorted((ROOT / "data").rglob("*.yaml"))):
        yield from in_yaml(YAML(typ="safe").load(path.read_text(encoding="utf-8")), path.relative_to(ROOT).as_posix())


def in_notebook(path: Path) -> Iterator[Found]:
    """Prose cells by their language tags, three that belong together, and the texts in code cells."""
    prose: dict[str, str] = {}
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            yield from ((f"{path.stem}, cell {number}", texts) for _, texts in in_code(source))
            continue
        prose |= {tag: source for tag in cell["metadata"].get("tags", []) if tag in LANGUAGES}
        if len(prose) == len(LANGUAGES):
            yield f"{path.stem}, cell {number}", prose
            prose = {}


def in_code(source: str) -> Iterator[tuple[int, Texts]]:
    """Texts given as nb=, nn= and en=, as a mapping of the three, or to `three` and `Passage`, with their line."""
    for node in ast.walk(ast.parse(source)):
        given: dict[str, ast.expr] = {}
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            given = {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}
        elif isinstance(node, ast.Call):
            given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            if getattr(node.func, "id", "") in ("three", "Passage") and len(node.args) >= len(LANGUAGES):
                given = dict(zip(LANGUAGES, node.args, strict=False))
        if given.keys() >= set(LANGUAGES):
            yield node.lineno, {language: _written(given[language]) for language in LANGUAGES}


def _written(node: ast.expr) -> str:
    """What an expression says in letters; what is computed in it is left out."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_written(part) or " " for part in node.values)
    return f"{_written(node.left)}{_written(node.right)}" if isinstance(node, ast.BinOp) else ""


def in_table(path: Path) -> Iterator[Found]:
    """The rows of a file with columns nb, nn and en."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    for number, row in enumerate(csv.DictReader(lines, delimiter=";" if ";" in lines[0] else ","), start=2):
        yield f"{path.name}, row {number}", {language: row[language] for language in LANGUAGES}


def in_yaml(node: object, where: str) -> Iterator[Found]:
    """The texts with keys nb, nn and en; `columns` maps names of columns and holds no text."""
    if isinstance(node, dict) and node.keys() >= set(LANGUAGES):
        yield where, {language: str(node[language]) for language in LANGUAGES}
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from in_yaml(value, f"{where}: {key}") if key != "columns" else ()
    elif isinstance(node, list):
        for value in node:
            yield from in_yaml(value, where)


def test_no_text_holds_words_of_another_language():
    found = [f"{where}: {', '.join(wrong)}" for where, texts in every_text() if (wrong := leftovers(texts))]
    assert not found, "\n".join(found)


def test_the_texts_are_found_wherever_they_are():
    places = [where for where, _ in every_text()]
    notebooks = {path.stem for path in chapters(ROOT / "notebooks")}
    assert notebooks <= {where.split(",")[0] for where in places}
    for start, at_least in (("src/evaluation/report/words.py", 25), ("labels.csv", 500), ("kodebok.csv", 60)):
        assert sum(where.startswith(start) for where in places) >= at_least, start
    for start in (
        "src/evaluation/exhibits/finding.py",
        "params/midterm.yaml: title",
        "data/demo/programme.yaml: themes",
    ):
        assert any(where.startswith(start) for where in places), start


@pytest.mark.parametrize(
    ("texts", "wrong"),
    [
        ({"nb": "Ikke vist", "nn": "Ikke vist", "en": "Not shown"}, ["nn: ikke"]),
        ({"nb": "Endringen", "nn": "Endringen i {n} kommuner", "en": "Change"}, ["nn: endringen", "nn: kommuner"]),
        ({"nb": "Usikkerheten", "nn": "Usikkerheten", "en": "Uncertainty"}, ["nn: usikkerheten"]),
        ({"nb": "Hvor stor", "nn": "Kor vanlig", "en": "How common"}, ["nn: vanlig"]),
        (
            {"nb": "Skilnaden er ikkje stor", "nn": "Skilnaden er ikkje stor", "en": "It is not"},
            ["nb: skilnaden", "nb: ikkje"],
        ),
        ({"nb": "Kommunene", "nn": "Kommunane", "en": "The kommuner på"}, ["en: kommuner", "en: på"]),
        ({"nb": "The effekt", "nn": "Effekt", "en": "Effect"}, ["nb: the"]),
        (dict.fromkeys(("nb", "nn"), "To og to er fire og tre og tre er seks") | {"en": "x"}, ["nn: the same as nb"]),
    ],
)
def test_a_leftover_is_found(texts, wrong):
    assert leftovers(texts) == wrong


def test_what_is_filled_in_and_what_both_languages_have_are_no_leftovers():
    text = "Delen {ikke} er vist i @fig:kommuner og `hvor`; ingen helse, frivillig eller ikkje, gjerne derfor."
    assert leftovers({"nb": "x", "nn": text.replace("frivillig", "villig"), "en": "x"}) == []
    assert leftovers({"nb": "En lege, en inngang og en villig mann", "nn": "x", "en": "x"}) == []


def test_a_leftover_is_found_in_every_kind_of_place(tmp_path):
    code = 'chapter.say(nb="x", nn=f"ikke {n}", en="x")\ngood = {"nb": "x", "nn": "ik" + "ke", "en": "x"}\n'
    code += 'three("x", "ikke", "x")\nPassage("x", "ikke", "x", mentions)\n'
    assert [leftovers(texts) for _, texts in in_code(code)] == [["nn: ikke"]] * 4
    cells = [{"cell_type": "markdown", "metadata": {"tags": [tag]}, "source": ["ikke"]} for tag in LANGUAGES]
    cells.append({"cell_type": "code", "metadata": {}, "source": code.splitlines(keepends=True)})
    (tmp_path / "one.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert [leftovers(texts)[0] for _, texts in in_notebook(tmp_path / "one.ipynb")] == ["nn: ikke"] * 5
    (tmp_path / "labels.csv").write_text("key,nb,nn,en\na,x,ikke,x\n", encoding="utf-8")
    assert [leftovers(texts) for _, texts in in_table(tmp_path / "labels.csv")] == [["nn: ikke"]]
    tree = {"title": {"nb": "x", "nn": "ikke", "en": "x"}, "columns": {"nb": "x", "nn": "ikke", "en": "x"}}
    assert [(where, leftovers(texts)) for where, texts in in_yaml(tree, "a.yaml")] == [("a.yaml: title", ["nn: ikke"])]
