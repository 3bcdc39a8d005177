"""How a study shows itself as the last value of a cell."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from evaluation.study.model import OTHER_THEMES, OUTCOMES
from evaluation.tables.declare import REASONS

if TYPE_CHECKING:
    from evaluation.study.model import Study

SYNTHETIC = "Synthetic data: the figures are invented"


def facts(study: Study) -> list[tuple[str, str]]:
    """Return what a reader asks first, as pairs of question and answer."""
    units = study.municipalities
    taking_part = int((units["group"] == "participants").sum())
    answers = [
        ("data", str(study.name["en"])),
        ("programme", str(study.programme.name["en"])),
        ("cut date", f"{study.as_of.isoformat()} (nothing later is in any table)"),
        ("municipal division", str(study.division)),
        ("municipalities", f"{len(units)}, of them {taking_part} participants"),
    ]
    if study.has("sick_leave") and len(study.sick_leave):
        first, last = study.quarters
        answers.append(("sick leave", f"{first} to {last}, {len(study.sick_leave):,} rows"))
    if study.has("positions") and study.years:
        answers.append(("positions", f"{study.years[0]} to {study.years[-1]} (1 December)"))
    others = [table for table in (*OTHER_THEMES, *study.outcomes) if study.has(table)]
    answers += [("other tables", ", ".join(others))] if others else []
    absent = [table for table in OUTCOMES if not study.has(table)]
    return answers + ([("not mapped", ", ".join(absent))] if absent else [])


def plain(study: Study) -> str:
    """Return the study as text of at most six lines; the page shows all of it."""
    said = [f"{question}: {answer}" for question, answer in facts(study)]
    dropped = study.dropped.groupby("table", sort=False)["rows"].sum()
    lines = [
        f"Study{' (' + SYNTHETIC.lower() + ')' if study.synthetic else ''}",
        "; ".join(said[:2]),
        "; ".join(said[2:4]),
        said[4],
        "; ".join(said[5:]),
        "rows dropped: " + (", ".join(f"{rows:,} of {table}" for table, rows in dropped.items()) or "none"),
    ]
    return "\n  ".join(filter(None, lines))


def rich(study: Study) -> str:
    """Return the study as HTML: the facts, the files with rows kept and dropped, and why rows were dropped."""
    mark = f"<p><strong>{SYNTHETIC}.</strong></p>" if study.synthetic else ""
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left">{escape(question)}</th>'
        f'<td style="text-align:left">{escape(answer)}</td></tr>'
        for question, answer in facts(study)
    )
    files = study.files[["file", "table", "encoding", "rows", "kept", "dropped", "notes"]]
    files = files.astype("object").where(files.notna(), "")
    table = files.to_html(index=False, border=0, escape=True)
    parts = [mark, f"<table><tbody>{rows}</tbody></table>"]
    parts.append(f"<details><summary>{len(files)} files and tables</summary>{table}</details>")
    if len(study.dropped):
        why = study.dropped.assign(reason=study.dropped["reason"].map(_reason))
        parts.append(f"<details><summary>Rows dropped</summary>{why.to_html(index=False, border=0)}</details>")
    return f'<div class="evaluation-study" lang="en">{"".join(parts)}</div>'


def _reason(code: object) -> str:
    return REASONS[str(code)]["en"] if str(code) in REASONS else str(code)
