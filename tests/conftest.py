"""The longest files first, so that the last worker does not sit alone with one of them."""

from __future__ import annotations

LONG = (
    *("test_reports.py", "test_reports_again.py", "test_notebooks.py", "test_profiles.py"),
    *("test_demo_predecessor.py", "test_cooperation.py"),
)


def pytest_collection_modifyitems(items):
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.name, len(LONG)))
