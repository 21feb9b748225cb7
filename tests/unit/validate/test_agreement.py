"""`validate` and the plugin never disagree: what the plugin's own parsers refuse is an error, whatever it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st

from multus_py.attach import settings as attach_settings
from multus_py.cni import conf
from multus_py.cni.errors import CNIError
from multus_py.findings.finding import Finding, Severity
from multus_py.multinet import selection
from multus_py.validate import checking
from tests.unit.hostconfig.test_validation import anything, multus, networks, objects
from tests.unit.validate import marked

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue


def errors(file: str, text: str) -> list[Finding]:
    return [one for one in checking.validate([(file, text.encode())]) if one.severity is Severity.ERROR]


def definition(config: JSONValue) -> str:
    return json.dumps(
        {
            "apiVersion": "k8s.cni.cncf.io/v1",
            "kind": "NetworkAttachmentDefinition",
            "metadata": {"name": "net"},
            "spec": {"config": json.dumps(config)},
        }
    )


@settings(max_examples=100)
@given(networks)
def test_a_network_that_the_plugin_refuses_is_an_error(network: JSONObject) -> None:
    named = {**network, "name": network.get("name") or "net"}
    try:
        conf.parse(json.dumps(named).encode())
    except CNIError:
        assert errors("a.json", definition(network))


@settings(max_examples=100)
@given(multus)
def test_a_multus_configuration_that_the_plugin_refuses_is_an_error(configuration: JSONObject) -> None:
    document = {"type": "multus", **{key: item for key, item in configuration.items() if key.lower() != "type"}}
    try:
        attach_settings.parse(json.dumps(document).encode())
    except CNIError:
        assert errors("00-multus.conf", json.dumps(document))


words = st.sampled_from(["", "a", "A", "a/b", "net", "192.0.2.1", "192.0.2.1/24", "02:00:5e:00:53:01", "x" * 16, "TCP"])
ports = objects(
    {
        **dict.fromkeys(["hostPort", "containerPort"], st.sampled_from([0, 1, 80, 65536, 1.0])),
        **dict.fromkeys(["protocol", "hostIP"], words),
    }
)
selections = objects(
    {
        **dict.fromkeys(["name", "namespace", "interface", "mac", "infiniband-guid", "deviceID"], words),
        "ipam-claim-reference": words,
        **dict.fromkeys(["ips", "default-route"], st.lists(words, max_size=2)),
        "portMappings": st.lists(ports, max_size=1),
        "bandwidth": objects(dict.fromkeys(["ingressRate", "egressBurst"], st.integers(-1, 1))),
        "cni-args": st.just({}),
    }
).map(lambda found: {"name": "net"} | found)


@settings(max_examples=100)
@example([{"name": "net", "interface": "a"}, {"name": "net", "interface": "a"}])
@example([{"name": "net", "ips": ["192.0.2.1"], "ipam-claim-reference": "a"}])
@example([{"name": "net", "default-route": []}, {"name": "net", "default-route": []}])
@given(st.lists(selections | anything, max_size=2))
def test_an_annotation_that_the_plugin_refuses_is_an_error_and_no_other_is(found: list[JSONValue]) -> None:
    text = json.dumps(found)
    reported = errors("a.yaml", marked.pod(text))
    try:
        selection.check_default_routes(selection.parse(text, namespace="default"))
    except selection.SelectionError:
        assert reported
    else:
        assert {one.id for one in reported} <= {"misspelt-key", "interface-name-taken"}


@settings(max_examples=100)
@given(st.text(alphabet="aA1-./@, \t", max_size=12))
def test_a_short_form_that_the_plugin_refuses_is_an_error_and_no_other_is(text: str) -> None:
    object = {"apiVersion": "v1", "kind": "Pod", "metadata": {"annotations": {"k8s.v1.cni.cncf.io/networks": text}}}
    reported = errors("a.json", json.dumps(object))
    try:
        selection.parse(text, namespace="default")
    except selection.SelectionError:
        assert reported
    else:
        assert not reported
