"""What every test shares: who may run it, and how Hypothesis behaves. Fixtures live beside the tests that use them."""

from __future__ import annotations

import os

import hypothesis
import pytest

# No deadline: how long one example takes says more about a busy machine than about the code.
hypothesis.settings.register_profile("multus", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("multus")

_NEEDS_ROOT = "needs root and network namespaces: sudo make test"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked root for other users, with the reason in the report."""
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason=_NEEDS_ROOT))


def pytest_report_header() -> str | None:
    """Say at the top of a run that it is a partial one."""
    return None if os.geteuid() == 0 else "not root: tests marked root are skipped (sudo make test runs them)"
