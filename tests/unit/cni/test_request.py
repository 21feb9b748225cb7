from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from multus_py.cni import conf, errors, request

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject


def _network(**plugin: object) -> conf.Network:
    document = {"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "bridge", **plugin}]}
    return conf.parse(json.dumps(document).encode())


def _built(network: conf.Network, **given: JSONObject) -> JSONObject:
    document: JSONObject = json.loads(request.build(network, network.plugins[0], **given))
    return document


def test_name_and_version_are_the_network_s_whatever_the_plugin_says() -> None:
    network = _network(name="own", cniVersion="0.1.0")

    assert _built(network) == {"cniVersion": "1.0.0", "name": "net", "type": "bridge"}


def test_an_unknown_version_is_sent_empty() -> None:
    assert _built(conf.parse(b'{"name":"net","plugins":[{"type":"a"}]}'))["cniVersion"] == ""


def test_all_other_keys_are_sent_unchanged() -> None:
    keys = {"capabilities": {"ips": True}, "x": [1, {"y": None}], "ipam": {"type": "i"}}

    assert _built(_network(**keys)) == {"cniVersion": "1.0.0", "name": "net", "type": "bridge", **keys}


def test_the_text_is_what_go_writes() -> None:
    network = conf.parse(b'{"name":"net","type":"a","z":{"b":12345678901234567890,"a":"<&>"},"b":1}')

    assert request.build(network, network.plugins[0]) == (
        rb'{"b":1,"cniVersion":"","name":"net","type":"a","z":{"a":"\u003c\u0026\u003e","b":12345678901234567890}}'
    )


def test_a_previous_result_is_handed_on() -> None:
    assert _built(_network(prevResult={"old": 1}), previous={"cniVersion": "0.4.0"})["prevResult"] == {
        "cniVersion": "0.4.0"
    }


def test_a_previous_result_of_the_configuration_stays_when_there_is_no_other() -> None:
    assert _built(_network(prevResult={"old": 1}))["prevResult"] == {"old": 1}


CAPABILITIES: dict[str, tuple[JSONObject, JSONObject | None]] = {
    "declared and given": ({"capabilities": {"ips": True}}, {"ips": ["192.0.2.1"]}),
    "declared twice, given both": ({"capabilities": {"ips": True, "mac": True}}, {"ips": ["192.0.2.1"], "mac": "x"}),
    "declared as false": ({"capabilities": {"ips": False}}, None),
    "not declared": ({}, None),
    "declared, not given": ({"capabilities": {"bandwidth": True}}, None),
    "in place of the configuration's": (
        {"capabilities": {"ips": True}, "runtimeConfig": {"old": 1}},
        {"ips": ["192.0.2.1"]},
    ),
    "none, so that the configuration's stays": ({"runtimeConfig": {"old": 1}}, {"old": 1}),
}


@pytest.mark.parametrize(("plugin", "expected"), CAPABILITIES.values(), ids=CAPABILITIES)
def test_a_plugin_gets_what_it_declares(plugin: JSONObject, expected: JSONObject | None) -> None:
    document = _built(_network(**plugin), capability_args={"ips": ["192.0.2.1"], "mac": "x"})

    assert document.get("runtimeConfig") == expected


def test_more_keys_can_be_set() -> None:
    assert _built(_network(x=1), extra={"x": 2, "cni.dev/attachments": []}) == {
        "cniVersion": "1.0.0",
        "name": "net",
        "type": "bridge",
        "x": 2,
        "cni.dev/attachments": [],
    }


BAD_EXTRA: dict[str, tuple[JSONObject, str]] = {
    "an empty key": ({"": 1}, "keys cannot be empty"),
    "null": ({"k": None}, "key 'k' value must not be nil"),
}


@pytest.mark.parametrize(("extra", "message"), BAD_EXTRA.values(), ids=BAD_EXTRA)
def test_bad_keys_are_refused(extra: JSONObject, message: str) -> None:
    with pytest.raises(errors.CNIError) as caught:
        _built(_network(), extra=extra)

    assert caught.value.msg == message


def test_the_network_itself_is_not_changed() -> None:
    network = _network()

    _built(network, previous={"a": 1}, extra={"b": 2})

    assert network.plugins[0].raw == {"type": "bridge"}
