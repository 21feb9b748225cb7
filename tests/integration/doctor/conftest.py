"""A healthy node for each test."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from multus_py.lab.certs import Authority
from tests.integration.doctor.patient import Patient


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def patient(tmp_path: Path, authority: Authority) -> Iterator[Patient]:
    home = tmp_path / "node"
    home.mkdir()
    with ExitStack() as stack:
        yield Patient(stack, home, name=f"doctor-{secrets.token_hex(4)}", authority=authority)
