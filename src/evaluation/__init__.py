"""The evaluation suite: from raw files and a parameter file to a midterm and a final report.

`load_study` opens the data; the analysis modules (`sick_leave`, `did`, `positions`, `deep_dive`) answer the evaluation
questions; `disclosure` releases results and `exhibits` shows them. Submodules load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluation.study import Study as Study
    from evaluation.study import load_study as load_study

__version__ = "0.1.0"
__all__ = ["Study", "__version__", "load_study"]
# What answers, releases and shows, in the order of the report.
_MODULES = (
    *("participation", "sick_leave", "positions", "recruitment", "reputation", "goals", "cooperation", "survey"),
    *("deep_dive", "conclusions", "did", "disclosure", "exhibits", "municipalities", "programme", "study"),
)


def __dir__() -> list[str]:
    return [*__all__, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in ("Study", "load_study"):
        return getattr(import_module("evaluation.study"), name)
    if name in _MODULES:
        return import_module(f"evaluation.{name}")
    raise AttributeError(f"module 'evaluation' has no attribute {name!r}")
