"""A report folder described as an RO-Crate 1.1, with what made what by the Process Run Crate profile.

Each run of a notebook is an action: from input files and parameters, by the notebook, to the executed notebook with the
data and pictures of its exhibits. The description follows from the folder alone, so equal reports have equal ones.
Specification: https://www.researchobject.org/ro-crate/specification/1.1/ and https://w3id.org/ro/wfrun/process/0.5.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from evaluation.report.made import CRATE, MANIFEST, PARAMETERS, Made
from evaluation.report.words import say

SPECIFICATION = "https://w3id.org/ro/crate/1.1"
PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
CONTEXT = [f"{SPECIFICATION}/context", {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}]
COMPLETED = "http://schema.org/CompletedActionStatus"
FORMATS = {  # not from the machine's own list of types
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".yaml": "application/yaml",
}
Entity = dict[str, Any]


def write_crate(made: Made) -> None:
    """Write the description into the report's folder as ro-crate-metadata.json."""
    (made.folder / CRATE).write_text(crate_text(made), encoding="utf-8")


def crate_text(made: Made, *, inside: str = "", more: Sequence[Entity] = ()) -> str:
    """Return the description of the report as JSON-LD.

    In a package the report lies `inside` a folder ("report/"), beside `more` parts that are described already.
    """
    parts = [*_files(made, inside), *more]
    actions = [*_runs(made, inside), _assembling(made, inside)]
    made_with = [*_notebooks(made), *_software(made), *_inputs(made), *_parameters(made)]
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{say('kind', made.language)}: {made.name}",
        "description": f"The report {made.name}: document, executed notebooks, the data of every exhibit and the key "
        "numbers, with what they were made from. The input data are named by their hashes and are not part.",
        "datePublished": datetime.fromtimestamp(made.manifest["clock"], UTC).date().isoformat(),
        "inLanguage": made.language,
        "license": {"@id": "#licence"},
        "conformsTo": {"@id": PROFILE},
        "hasPart": _ids(parts),
        "mentions": _ids(actions),
    }
    descriptor = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": SPECIFICATION},
    }
    profile = {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    licence = {
        "@id": "#licence",
        "@type": "CreativeWork",
        "name": "Terms of the report, of the code and of the data",
        "description": "The report's terms are its publisher's. The code and the notebooks have the licence of the "
        "suite (MIT). The input data belong to their owners, whose terms hold, and are not part of this crate.",
    }
    graph = [descriptor, root, *parts, *actions, *made_with, profile, licence]
    return json.dumps({"@context": CONTEXT, "@graph": graph}, ensure_ascii=False, indent=1) + "\n"


def entity_of(name: str, content: bytes, description: str = "") -> Entity:
    """Return the description of a file of the crate that lies in it under `name`."""
    told = {"description": description} if description else {}
    return {
        "@id": quote(name),
        "@type": "File",
        "name": name,
        **told,
        "encodingFormat": FORMATS.get(Path(name).suffix, "text/plain"),
        "contentSize": str(len(content)),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _files(made: Made, inside: str) -> list[Entity]:
    captions = {str(one["data"]): " ".join(filter(None, (one["label"], one["caption"]))) for one in made.exhibits}
    pictures = {name.replace("data/", "figures/").replace(".csv", end): caption
                for name, caption in captions.items() for end in (".svg", ".png")}  # fmt: skip
    about = captions | pictures | {MANIFEST: "What the report was made from, and the hash of every file of it"}
    names = sorted({*made.outputs, MANIFEST})
    return [entity_of(inside + name, (made.folder / name).read_bytes(), about.get(name, "")) for name in names]


def _runs(made: Made, inside: str) -> Iterator[Entity]:
    """Yield an action for each run of a notebook."""
    results = _results(made)
    for run in made.manifest["runs"]:
        name = run["name"]
        given = [{"@id": f"#parameter/{quote(name)}/{quote(key)}"} for key in run["parameters"]]
        read = [{"@id": _input(file)} for file in made.inputs] if "data" in run["parameters"] else []
        yield {
            "@id": f"#run/{quote(name)}",
            "@type": "CreateAction",
            "name": f"Run of {name}",
            "description": f"The notebook {run['notebook']}.ipynb run from top to bottom with its parameters.",
            "actionStatus": COMPLETED,
            "instrument": {"@id": f"#notebook/{quote(run['notebook'])}.ipynb"},
            "object": [*read, *given],
            "result": [{"@id": quote(inside + file)} for file in results[name]],
        }


def _results(made: Made) -> dict[str, list[str]]:
    """Return the files each run made: its executed notebook, and its exhibits' data and pictures."""
    names = [run["name"] for run in made.manifest["runs"]]
    found: dict[str, list[str]] = {name: [] for name in names}
    for file in made.outputs:
        folder, _, rest = file.partition("/")
        own = [name for name in names if rest == f"{name}.ipynb" or rest.startswith(f"{name}-")]
        if own and folder in ("notebooks", "data", "figures"):
            found[max(own, key=len)].append(file)
    return found


def _assembling(made: Made, inside: str) -> Entity:
    """Return the action that put the executed notebooks together."""
    shown = [file for files in _results(made).values() for file in files]
    rest = [name for name in made.outputs if name not in shown and name != PARAMETERS]
    notebooks = [name for name in shown if name.startswith("notebooks/")]
    given = [name for name in made.outputs if name == PARAMETERS]
    return {
        "@id": "#assembling",
        "@type": "CreateAction",
        "name": f"Putting together the report {made.name}",
        "description": "The executed notebooks put together as one document and rendered.",
        "actionStatus": COMPLETED,
        "instrument": {"@id": "#suite"},
        "object": [{"@id": quote(inside + name)} for name in [*notebooks, *given]],
        "result": [{"@id": quote(inside + name)} for name in [*rest, MANIFEST]],
    }


def _notebooks(made: Made) -> Iterator[Entity]:
    for name, digest in made.manifest["notebooks"].items():
        yield {
            "@id": f"#notebook/{quote(name)}",
            "@type": "SoftwareSourceCode" if name.endswith(".ipynb") else "CreativeWork",
            "name": name,
            "version": made.commit or made.manifest["code"]["version"],
            "sha256": digest,
            "programmingLanguage": {"@id": "#python"},
            "isPartOf": {"@id": "#suite"},
        }


def _software(made: Made) -> Iterator[Entity]:
    code, versions = made.manifest["code"], made.manifest["versions"]
    state = " with uncommitted changes" if code.get("dirty") else ""
    libraries = [
        {
            "@id": f"https://pypi.org/project/{quote(name)}/{quote(version)}/",
            "@type": "SoftwareApplication",
            "name": name,
            "softwareVersion": version,
            "url": f"https://pypi.org/project/{quote(name)}/",
        }
        for name, version in versions.items()
    ]
    yield {
        "@id": "#suite",
        "@type": "SoftwareApplication",
        "name": "evaluation",
        "description": f"The suite of notebooks and its library, at commit {made.commit or 'unknown'}{state}.",
        "softwareVersion": made.commit or code["version"],
        "sha256": code["sha256"],
        "license": {"@id": "https://spdx.org/licenses/MIT"},
        "softwareRequirements": [{"@id": "#python"}, *_ids(libraries)],
    }
    yield {"@id": "https://spdx.org/licenses/MIT", "@type": "CreativeWork", "name": "MIT License"}
    yield {"@id": "#python", "@type": "ComputerLanguage", "name": "Python", "version": made.manifest["python"]}
    yield from libraries


def _inputs(made: Made) -> Iterator[Entity]:
    for name, digest in made.inputs.items():
        yield {
            "@id": _input(name),
            "@type": "CreativeWork",
            "name": name,
            "description": "Input file, not part of the crate; known by its hash.",
            "sha256": digest,
        }


def _parameters(made: Made) -> Iterator[Entity]:
    for run in made.manifest["runs"]:
        for name, value in run["parameters"].items():
            told = value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)
            entity = f"#parameter/{quote(run['name'])}/{quote(name)}"
            yield {"@id": entity, "@type": "PropertyValue", "name": name, "value": told}


def _input(name: str) -> str:
    return f"#input/{quote(name)}"


def _ids(entities: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"@id": entity["@id"]} for entity in entities]
