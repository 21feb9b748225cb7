"""A fresh world for each test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.flows.world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    home = tmp_path / "node"
    home.mkdir()
    with ExitStack() as stack:
        made = World(stack, home, name=f"flow-{secrets.token_hex(4)}")
        yield made
        made.close()
