"""The reference of the configuration says what the programs do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multus_py.attach import settings
from multus_py.hostconfig import options, validation
from multus_py.lab.objects import JSON, Object, section
from tools import configuration

SCHEMAS = Path(configuration.SCHEMAS)
NETWORK: Object = {"cniVersion": "1.0.0", "name": "cluster", "type": "bridge"}


def _properties(name: str, *path: str) -> dict[str, JSON]:
    return section(json.loads((SCHEMAS / f"{name}.schema.json").read_text()), *path, "properties")


def _defaults(properties: dict[str, JSON]) -> dict[str, JSON]:
    return {
        key: schema["default"] for key, schema in properties.items() if isinstance(schema, dict) and "default" in schema
    }


def test_the_page_is_made_of_the_schemas() -> None:
    assert configuration.PAGE.read_text() == configuration.page(), "make docs"


def test_every_key_is_explained() -> None:
    undescribed = [
        line for line in configuration.page().splitlines() if line.startswith("| `") and line.endswith("|  |")
    ]

    assert not undescribed


SETTINGS = _defaults(_properties("multus-conf", "$defs", "settings"))


@pytest.mark.parametrize("key", SETTINGS)
def test_the_plugin_has_the_defaults_that_the_schema_names(key: str) -> None:
    bare: Object = {"delegates": [NETWORK]}
    said = bare | {key: SETTINGS[key]}

    assert settings.parse(json.dumps(said).encode()) == settings.parse(json.dumps(bare).encode())


def test_the_installer_has_the_defaults_that_the_schema_names(tmp_path: Path) -> None:
    defaults = _defaults(_properties("daemon-config"))
    bare, said = tmp_path / "bare.json", tmp_path / "said.json"
    bare.write_text("{}")
    said.write_text(json.dumps({key: value for key, value in defaults.items() if key != "logLevel"}))

    assert not validation.problems(defaults, "daemon-config")
    assert options.from_file(said) == options.from_file(bare)
