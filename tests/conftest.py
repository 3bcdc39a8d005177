"""The demonstration data are there before any test; the longest files go first, so that no worker ends alone.

Calls of public functions are watched: none may write to its input.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import unmodified

from evaluation import demo
from evaluation.study.load import complete
from evaluation.tables.layout import read_layout

ROOT = Path(__file__).parents[1]
LONG = (
    *("test_reports.py", "test_reports_again.py", "test_notebooks.py", "test_profiles.py"),
    *("test_demo_predecessor.py", "test_cooperation.py", "test_schedule.py", "test_required_tables.py"),
)


def pytest_collection_modifyitems(items):
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.name, len(LONG)))


def pytest_configure():
    unmodified.watch()
    for folder in ("demo", "demo_predecessor"):
        complete(read_layout(ROOT / "data" / folder))


@pytest.fixture(scope="session")
def null_demo(tmp_path_factory):
    """The demonstration without effects, generated once for all workers."""
    own = tmp_path_factory.getbasetemp()
    made = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "null_demo"
    if not made.exists():
        folder = tmp_path_factory.mktemp("null")
        demo.generate(folder, scenario="null")
        try:
            folder.rename(made)
        except OSError:  # another worker was first
            return made
    return made
