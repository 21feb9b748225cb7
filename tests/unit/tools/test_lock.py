"""The locks hold what pyproject.toml asks for, each package once for a machine, with hashes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def locked(name: str) -> list[tuple[Requirement, list[str]]]:
    text = (ROOT / "requirements" / f"{name}.lock").read_text().replace("\\\n", "")
    lines = [line.split(" --hash=") for line in text.splitlines() if line and not line.startswith("#")]
    return [(Requirement(line[0].strip()), [part.strip() for part in line[1:]]) for line in lines]


def wanted(extra: str) -> list[Requirement]:
    """Return what an extra asks for, with what other extras of ours it names."""
    found = []
    for text in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra]]:
        requirement = Requirement(text)
        if requirement.name == PROJECT["name"]:
            found += [each for other in requirement.extras for each in wanted(other)]
        else:
            found.append(requirement)
    return found


def _name(text: str) -> str:
    return re.sub(r"[-_.]+", "-", text).lower()


@pytest.mark.parametrize("extra", ["build", "dev"])
def test_what_is_asked_for_is_locked(extra: str) -> None:
    versions = {_name(pin.name): str(pin.specifier).removeprefix("==") for pin, _ in locked(extra)}

    missing = [
        str(each) for each in wanted(extra) if not each.specifier.contains(versions.get(_name(each.name), "0.dev0"))
    ]

    assert not missing, "make lock"


@pytest.mark.parametrize("extra", ["build", "dev"])
def test_everything_has_its_version_and_hashes(extra: str) -> None:
    pins = locked(extra)

    assert pins
    for pin, hashes in pins:
        assert [specifier.operator for specifier in pin.specifier] == ["=="], pin
        assert hashes, pin
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", each) for each in hashes), pin


@pytest.mark.parametrize("extra", ["build", "dev"])
def test_no_registry_is_named(extra: str) -> None:
    assert "://" not in (ROOT / "requirements" / f"{extra}.lock").read_text()
