"""The whole way of a comparison: two reports by name, their differences as text and as a page on disk."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from evaluation.language import Words
from evaluation.report.compare.difference import Comparison, compare
from evaluation.report.compare.show import as_page, as_text
from evaluation.report.made import Made, opened


@dataclass(frozen=True)
class Told:
    """A comparison that was told: as `text`, and on the `page`; `same` by what was asked for."""

    same: bool
    text: str
    page: Path
    found: Comparison


def compare_reports(
    before: str,
    after: str,
    root: Path,
    *,
    page: Path | None = None,
    tolerance: float = 0.0,
    language: str | None = None,
    results_only: bool = False,
) -> Told:
    """Compare two reports given by name, folder or package, and write the page.

    The `page` is `root`/reports/compare-A-B.html by default.

    Raises
    ------
    ReviewError
        A report is not there or cannot be read.
    InputError
        `language` is not one of the suite's.
    """
    with opened(before, root) as old, opened(after, root) as new:
        spoken = Words(language or new.language).language
        found = compare(old, new, tolerance=tolerance)
        terminal = sys.stdout.isatty()
        text = as_text(found, spoken, terminal=terminal, results_only=results_only)
        target = page or root / "reports" / f"compare-{_named(old, before)}-{_named(new, after)}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(as_page(found, spoken, results_only=results_only), encoding="utf-8")
        same = found.results_same if results_only else found.same
    return Told(same, text, target, found)


def _named(made: Made, given: str) -> str:
    """Return a name for a file: of the folder or the package, without the folders around it."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", Path(given).stem).strip("-") or made.name
