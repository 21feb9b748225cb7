"""What a pod changes in a network's configuration: cni-args, and its device."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from multus_py.attach import customise
from multus_py.cni import conf, errors
from multus_py.cni.errors import CNIError
from tests.unit.attach.world import network

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

SINGLE: JSONObject = {"cniVersion": "1.0.0", "name": "a", "type": "x", "key": "kept"}
DEVICE: JSONObject = {"deviceID": "0000:03:02.3", "pciBusID": "0000:03:02.3"}


def customised(
    document: JSONObject, *, cni_args: JSONObject | None = None, device_id: str = ""
) -> tuple[conf.Network, JSONObject]:
    found = customise.customised(network(document), cni_args=cni_args, device_id=device_id)
    again = conf.parse(found.raw)
    assert again == found, "the document says the same as the network"
    written: JSONObject = json.loads(found.raw)
    return found, written


def test_a_network_that_nobody_changes_stays_as_it_was() -> None:
    before = network(SINGLE)
    assert customise.customised(before, cni_args=None, device_id="") is before


ARGS: dict[str, tuple[JSONObject, JSONObject, JSONObject]] = {
    "where there were none": ({}, {"a": 1}, {"cni": {"a": 1}}),
    "none of them": ({}, {}, {"cni": {}}),
    "over those of the network": ({"cni": {"a": 1, "b": 1}}, {"b": [2]}, {"cni": {"a": 1, "b": [2]}}),
    "beside other args": ({"other": 1}, {"b": 2}, {"other": 1, "cni": {"b": 2}}),
    "in place of null": ({"cni": None}, {"b": 2}, {"cni": {"b": 2}}),
}


@pytest.mark.parametrize(("args", "given", "expected"), ARGS.values(), ids=list(ARGS))
def test_cni_args_go_into_args_cni(args: JSONObject, given: JSONObject, expected: JSONObject) -> None:
    _, written = customised(SINGLE | ({"args": args} if args else {}), cni_args=given)
    assert written == SINGLE | {"args": expected}


def test_cni_args_go_into_every_plugin_of_a_list() -> None:
    document: JSONObject = {
        "name": "l",
        "cniVersion": "0.4.0",
        "disableCheck": True,
        "plugins": [{"type": "x"}, {"type": "y"}],
    }
    found, written = customised(document, cni_args={"a": 1})
    assert written["plugins"] == [{"type": type, "args": {"cni": {"a": 1}}} for type in ("x", "y")]
    assert (found.name, found.version, found.disable_check, found.single) == ("l", "0.4.0", True, False)


def test_a_device_goes_into_one_plugin_and_into_every_plugin_of_a_list() -> None:
    _, single = customised(SINGLE, device_id="0000:03:02.3")
    _, chain = customised({"name": "l", "plugins": [{"type": "x"}, {"type": "y"}]}, device_id="0000:03:02.3")
    assert single == SINGLE | DEVICE
    assert chain["plugins"] == [{"type": "x"} | DEVICE, {"type": "y"} | DEVICE]


NO_OBJECTS: dict[str, tuple[JSONValue, str]] = {
    "args": ([], '"args" is an array, not an object'),
    "args.cni": ({"cni": "x"}, '"cni" is a string, not an object'),
}


@pytest.mark.parametrize(("args", "message"), NO_OBJECTS.values(), ids=list(NO_OBJECTS))
def test_args_that_are_no_object_are_an_error_and_no_crash(args: JSONValue, message: str) -> None:
    """B21: the original crashes on these."""
    with pytest.raises(CNIError) as caught:
        customise.customised(network(SINGLE | {"args": args}), cni_args={"a": 1}, device_id="")
    assert caught.value.msg == f'network "a": cni-args cannot be merged: {message}'
    assert caught.value.code == errors.INVALID_CONFIG


def test_plugins_of_a_sub_directory_are_customised_too_and_written_into_the_list() -> None:
    plain = network({"name": "l", "plugins": [{"type": "x"}]})
    appended = conf.Plugin(type="y", raw={"type": "y"})
    found = customise.customised(
        plain.replace(plugins=(*plain.plugins, appended), appended=1), cni_args={"a": 1}, device_id=""
    )
    assert [plugin.raw["args"] for plugin in found.plugins] == [{"cni": {"a": 1}}] * 2
    assert conf.parse(found.raw).only_inlined
