"""The Multus configuration that counts is found, whatever it is called by now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from multus_py.doctor import configuration
from multus_py.doctor.check import BlockedError
from multus_py.doctor.root import Root
from multus_py.lab.objects import Object

MULTUS: Object = {"cniVersion": "0.4.0", "name": "m", "type": "multus", "delegates": [{"type": "bridge"}]}
OTHER: Object = {"cniVersion": "0.4.0", "name": "cluster", "type": "bridge"}


def found(directory: Path, files: Mapping[str, object]) -> configuration.Configuration:
    """Write files, a text as it is, and look."""
    for name, content in files.items():
        (directory / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return configuration.find(Root(), PurePosixPath(directory))


def test_the_first_one_by_name_counts(tmp_path: Path) -> None:
    made = found(tmp_path, {"05-a.conf": OTHER, "10-m.conf": MULTUS, "20-m.conf": MULTUS})
    assert (made.path.name, made.hidden) == ("10-m.conf", False)


def test_one_in_place_goes_before_one_that_was_renamed(tmp_path: Path) -> None:
    made = found(tmp_path, {"00-multus.conf.old": MULTUS, "10-m.conf": MULTUS})
    assert (made.path.name, made.hidden) == ("10-m.conf", False)


@pytest.mark.parametrize("suffix", configuration.SUFFIXES)
def test_a_renamed_one_is_found(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"00-multus.conf{suffix}").write_text(json.dumps(MULTUS))
    made = found(tmp_path, {"10-a.conf": OTHER})
    assert made.hidden
    assert configuration.original(made.path.name) == "00-multus.conf"


def test_the_plugin_of_a_list_gets_its_name_and_version(tmp_path: Path) -> None:
    plugin: Object = {"type": "multus", "delegates": [OTHER]}
    listed: Object = {"cniVersion": "1.0.0", "name": "m", "plugins": [OTHER, plugin]}
    made = found(tmp_path, {"00-multus.conflist": listed})
    assert made.plugin == {**plugin, "cniVersion": "1.0.0", "name": "m"}
    assert made.settings().delegates[0].name == "cluster"


def test_a_broken_one_under_our_name_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(BlockedError, match="it cannot be read") as caught:
        found(tmp_path, {"00-multus.conf": "{", "10-m.conf": MULTUS})
    assert caught.value.check == "config-valid"
    assert caught.value.file == f"{tmp_path}/00-multus.conf"


def test_a_broken_one_of_somebody_else_is(tmp_path: Path) -> None:
    assert found(tmp_path, {"00-a.conf": "{", "10-m.conf": MULTUS}).path.name == "10-m.conf"


def test_none_is_the_business_of_the_first_check(tmp_path: Path) -> None:
    with pytest.raises(BlockedError, match=r"no configuration in .* is Multus'") as caught:
        found(tmp_path, {"10-a.conf": OTHER})
    assert caught.value.check == "config-present"


def test_a_directory_that_is_not_there_is_called_as_the_node_calls_it(tmp_path: Path) -> None:
    with pytest.raises(BlockedError, match="No such file") as caught:
        configuration.find(Root(tmp_path), PurePosixPath("/etc/cni/net.d"))
    assert (caught.value.check, caught.value.file) == ("config-present", "/etc/cni/net.d")


def test_a_setting_of_the_wrong_kind_is_named(tmp_path: Path) -> None:
    made = found(tmp_path, {"00-multus.conf": MULTUS | {"apiTimeout": "10s"}})
    with pytest.raises(BlockedError, match="apiTimeout: expected a number") as caught:
        made.settings()
    assert (caught.value.check, caught.value.file) == ("config-valid", f"{tmp_path}/00-multus.conf")
