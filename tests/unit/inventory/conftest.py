"""A fresh node for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.inventory.nodes import NodeWorld


@pytest.fixture
def given(tmp_path: Path) -> NodeWorld:
    return NodeWorld(tmp_path)
