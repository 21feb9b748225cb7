"""Network selections from annotations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multus_py.multinet import selection
from multus_py.multinet.selection import Selection, SelectionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multus_py.base.jsontext import JSONObject, JSONValue


def _one(text: str) -> Selection:
    [found] = selection.parse(text, namespace="demo")
    return found


def _element(**keys: JSONValue) -> Selection:
    return _one(json.dumps([{"name": "net-a", **keys}]))


SHORT_FORMS = {
    "a name": ("net-a", ["demo/net-a@"]),
    "a namespace": ("blue/net-a", ["blue/net-a@"]),
    "an interface": ("net-a@eth5", ["demo/net-a@eth5"]),
    "everything": ("blue/net-a@eth5", ["blue/net-a@eth5"]),
    "several, in order": ("c,a,b", ["demo/c@", "demo/a@", "demo/b@"]),
    "the same twice": ("a,a@x", ["demo/a@", "demo/a@x"]),
    "blanks around every part": (" blue / net-a @ eth5 ,\tb\n", ["blue/net-a@eth5", "demo/b@"]),
    "no namespace before the slash": ("/net-a", ["demo/net-a@"]),
    "no interface after the at sign": ("net-a@", ["demo/net-a@"]),
    "a name with dots": ("net.a.example.com", ["demo/net.a.example.com@"]),
    "a network called null": ("null", ["demo/null@"]),
    "digits": ("0/1", ["0/1@"]),
    "the longest interface name": ("a@abcdefghijklmno", ["demo/a@abcdefghijklmno"]),
    "an interface name in another script": ("a@netzübér", ["demo/a@netzübér"]),
    "nothing": ("", []),
    "an empty JSON list": ("[]", []),
}


@pytest.mark.parametrize(("text", "found"), SHORT_FORMS.values(), ids=list(SHORT_FORMS))
def test_the_short_form_lists_networks(text: str, found: list[str]) -> None:
    selections = selection.parse(text, namespace="demo")
    assert [f"{item.reference}@{item.interface}" for item in selections] == found
    assert all(
        item == Selection(namespace=item.namespace, name=item.name, interface=item.interface) for item in selections
    )


def test_the_json_form_has_every_key() -> None:
    document: JSONObject = {
        "name": "net-a",
        "namespace": "blue",
        "ips": ["192.0.2.7", "2001:db8::7/64"],
        "mac": "02-00-5E-00-53-01",
        "interface": "eth5",
        "interfaceRequest": "ignored",
        "portMappings": [
            {"hostPort": 8080, "containerPort": 80},
            {"hostPort": 1, "containerPort": 65535, "protocol": "UDP", "hostIP": "192.0.2.1", "other": True},
        ],
        "bandwidth": {"ingressRate": 1000, "egressBurst": 5},
        "infiniband-guid": "24:8a:07:03:00:8d:ae:2f",
        "cni-args": {"com.example.x": [1, {"y": None}]},
        "deviceID": "0000:03:02.3",
        "default-route": ["192.0.2.1", "2001:DB8::0:1"],
        "com.example.private": "ignored",
    }
    found = _one(json.dumps([document]))
    assert found == Selection(
        name="net-a",
        namespace="blue",
        interface="eth5",
        ips=("192.0.2.7", "2001:db8::7/64"),
        mac="02-00-5E-00-53-01",
        infiniband_guid="24:8a:07:03:00:8d:ae:2f",
        port_mappings=(
            {"hostPort": 8080, "containerPort": 80},
            {"hostPort": 1, "containerPort": 65535, "protocol": "UDP", "hostIP": "192.0.2.1"},
        ),
        bandwidth={"ingressRate": 1000, "ingressBurst": 0, "egressRate": 0, "egressBurst": 5},
        cni_args={"com.example.x": [1, {"y": None}]},
        device_id="0000:03:02.3",
        gateways=("192.0.2.1", "2001:db8::1"),
    )
    assert found.capability_args() == {
        "ips": ["192.0.2.7", "2001:db8::7/64"],
        "mac": "02-00-5E-00-53-01",
        "portMappings": list(found.port_mappings),
        "bandwidth": found.bandwidth,
        "infinibandGUID": "24:8a:07:03:00:8d:ae:2f",
        "deviceID": "0000:03:02.3",
    }


def test_keys_are_found_whatever_their_case() -> None:
    text = json.dumps([{"NAME": "a", "NameSpace": "blue", "PortMappings": [{"HOSTPORT": 1, "containerport": 2}]}])
    found = _one(text)
    assert (found.reference, found.port_mappings) == ("blue/a", ({"hostPort": 1, "containerPort": 2},))


def test_a_key_in_its_own_case_wins() -> None:
    assert _one('[{"Name": "b", "name": "a", "NAME": "c"}]').name == "a"


def test_null_is_not_set() -> None:
    keys = ("namespace", "ips", "mac", "interface", "portMappings", "bandwidth", "cni-args", "default-route")
    assert _element(**dict.fromkeys(keys)) == Selection(namespace="demo", name="net-a")


def test_what_is_empty_is_no_request() -> None:
    found = _element(ips=[], mac="", portMappings=[], interface="", deviceID="", **{"infiniband-guid": ""})
    assert found == Selection(namespace="demo", name="net-a")
    assert found.capability_args() == {}


def test_empty_cni_args_and_an_empty_default_route_are_kept() -> None:
    found = _one('[{"name": "net-a", "cni-args": {}, "default-route": []}]')
    assert found.cni_args == {}
    assert found.gateways == ()


def test_the_old_key_for_the_interface_counts_when_the_new_one_is_empty() -> None:
    assert _element(interfaceRequest="eth7").interface == "eth7"
    assert _element(interface="", interfaceRequest="eth7").interface == "eth7"
    assert _element(interface="eth5", interfaceRequest="eth7").interface == "eth5"


def test_an_ipam_claim_is_kept() -> None:
    assert _element(**{"ipam-claim-reference": "claim-1"}).ipam_claim == "claim-1"


def test_what_the_json_form_may_hold_is_no_bare_object() -> None:
    with pytest.raises(SelectionError, match="networks: expected a JSON array of objects, found an object"):
        selection.parse('{"name": "a"}', namespace="demo")


BAD_SHORT_FORMS = {
    "a comma too many": ("a,", r"^networks\[1\]: the network's name is missing"),
    "a comma in front": (",a", r"^networks\[0\]: the network's name is missing"),
    "only blanks": (" \t", r"^networks\[0\]: the network's name is missing"),
    "no name": ("blue/", r'^networks\[0\] \("blue/"\): the network\'s name is missing'),
    "only an interface": ("@eth5", r'^networks\[0\] \("@eth5"\): the network\'s name is missing'),
    "two slashes": ("a,b/c/d", r"^networks\[1\] .*Invalid network object \(failed at '/'\)$"),
    "two at signs": ("a@b@c", r"^networks\[0\] .*Invalid network object \(failed at '@'\)$"),
    "an at sign before the slash": ("a@x/b", r'"a@x" cannot be the name of a namespace'),
    "upper case": ("Net-a", r'"Net-a" cannot be the name of a NetworkAttachmentDefinition'),
    "an underscore": ("net_a", "cannot be the name of a NetworkAttachmentDefinition"),
    "a hyphen at the end": ("net-", "cannot be the name of a NetworkAttachmentDefinition"),
    "a hyphen before a dot": ("net-.a", "cannot be the name of a NetworkAttachmentDefinition"),
    "two dots": ("net..a", "cannot be the name of a NetworkAttachmentDefinition"),
    "a name of 254 bytes": ("a" * 254, "cannot be the name of a NetworkAttachmentDefinition"),
    "a dot in the namespace": ("blue.sky/a", '"blue.sky" cannot be the name of a namespace'),
    "a namespace of 64 bytes": ("b" * 64 + "/a", "cannot be the name of a namespace"),
    "a long interface name": ("a@abcdefghijklmnop", 'interface: "?.*"abcdefghijklmnop".*too long'),
    "15 characters but 16 bytes": ("a@abcdefghijklmnö", "too long"),
    "a dot for an interface": ("a@.", r'"\." cannot be the name of an interface'),
    "two dots for an interface": ("a@..", r'"\.\." cannot be the name of an interface'),
    "a colon": ("a@b:c", '"b:c" cannot be the name of an interface'),
    "a blank inside": ("a@b c", '"b c" cannot be the name of an interface'),
    "the same interface twice": ("a@x,b,c@x", r'^networks\[0\] and networks\[2\] both ask for the interface "x"$'),
    "a newline, shown as such": ("a\nb", r'networks\[0\] \("a\\nb"\)'),
}


@pytest.mark.parametrize(("text", "message"), BAD_SHORT_FORMS.values(), ids=list(BAD_SHORT_FORMS))
def test_a_bad_short_form_is_one_clear_error(text: str, message: str) -> None:
    message = message.replace('interface: "?.*', "")
    with pytest.raises(SelectionError, match=message):
        selection.parse(text, namespace="demo")


MAPPING: JSONObject = {"hostPort": 80, "containerPort": 80}
BAD_KEYS: dict[str, tuple[JSONObject, str]] = {
    "no name": ({"name": ""}, "networks[1]: the network's name is missing"),
    "a name that is a number": ({"name": 5}, "networks[1].name: expected a string, found 5"),
    "a name with a namespace": ({"name": "b/a"}, '"b/a" cannot be the name of a NetworkAttachmentDefinition'),
    "a name that leaves its place": ({"name": "../secrets"}, "cannot be the name of a NetworkAttachmentDefinition"),
    "a bad namespace": ({"namespace": "Blue"}, 'networks[1]: "Blue" cannot be the name of a namespace'),
    "ips that are no list": ({"ips": "192.0.2.1"}, 'networks[1].ips: expected an array, found "192.0.2.1"'),
    "ips that are numbers": ({"ips": [1]}, "networks[1].ips[0]: expected a string, found 1"),
    "a bad ip": (
        {"ips": ["192.0.2.1", "192.0.2.256"]},
        "networks[1].ips[1]: expected an IP address, or one with a prefix",
    ),
    "a bad prefix": ({"ips": ["192.0.2.1/33"]}, "networks[1].ips[0]: expected an IP address"),
    "a bad mac": ({"mac": "zz"}, "networks[1].mac: address zz: invalid MAC address"),
    "a bad guid": ({"infiniband-guid": "24:8a"}, "networks[1].infiniband-guid: address 24:8a: invalid MAC address"),
    "a bad interface": ({"interface": "a/b"}, 'networks[1]: "a/b" cannot be the name of an interface'),
    "an interface with a NUL": ({"interface": "a\0b"}, r'networks[1]: "a\x00b" cannot be the name of an interface'),
    "an old interface key with a bad one": ({"interfaceRequest": ".."}, '".." cannot be the name of an interface'),
    "portMappings that are an object": ({"portMappings": MAPPING}, "networks[1].portMappings: expected an array"),
    "a port mapping that is null": (
        {"portMappings": [None]},
        "networks[1].portMappings[0]: expected an object, found null",
    ),
    "no host port": (
        {"portMappings": [{"containerPort": 1}]},
        "networks[1].portMappings[0].hostPort: the port is missing",
    ),
    "port 0": (
        {"portMappings": [MAPPING, MAPPING | {"hostPort": 0}]},
        "portMappings[1].hostPort: expected a port from 1",
    ),
    "port 65536": (
        {"portMappings": [MAPPING | {"containerPort": 65536}]},
        "containerPort: expected a port from 1 to 65535",
    ),
    "a port in quotes": ({"portMappings": [MAPPING | {"hostPort": "80"}]}, 'hostPort: expected an integer, found "80"'),
    "a port with a fraction": (
        {"portMappings": [MAPPING | {"hostPort": 80.0}]},
        "hostPort: expected an integer, found 80.0",
    ),
    "an unknown protocol": ({"portMappings": [MAPPING | {"protocol": "icmp"}]}, "protocol: expected TCP, UDP or SCTP"),
    "a bad host address": ({"portMappings": [MAPPING | {"hostIP": "here"}]}, "hostIP: expected an IP address"),
    "bandwidth that is a number": ({"bandwidth": 5}, "networks[1].bandwidth: expected an object, found 5"),
    "a negative rate": (
        {"bandwidth": {"egressRate": -1}},
        "networks[1].bandwidth.egressRate: expected a number of bits",
    ),
    "a rate in quotes": ({"bandwidth": {"egressRate": "1M"}}, "networks[1].bandwidth.egressRate: expected an integer"),
    "cni-args that are a list": ({"cni-args": []}, "networks[1].cni-args: expected an object, found an array"),
    "a device that is a number": ({"deviceID": 1}, "networks[1].deviceID: expected a string"),
    "a gateway with a prefix": (
        {"default-route": ["192.0.2.1/24"]},
        "networks[1].default-route[0]: expected an IP address",
    ),
    "an empty gateway": ({"default-route": [""]}, "networks[1].default-route[0]: expected an IP address"),
    "a gateway that is no list": ({"default-route": "192.0.2.1"}, "networks[1].default-route: expected an array"),
    "addresses and an IPAM claim": (
        {"ips": ["192.0.2.1"], "ipam-claim-reference": "c"},
        "cannot provide a static IP and a reference of an IPAM claim in the same network selection element",
    ),
    "the same interface twice": (
        {"interface": "first"},
        'networks[0] and networks[1] both ask for the interface "first"',
    ),
}


@pytest.mark.parametrize(("keys", "message"), BAD_KEYS.values(), ids=list(BAD_KEYS))
def test_a_bad_element_is_one_error_that_names_it(keys: JSONObject, message: str) -> None:
    text = json.dumps([{"name": "good", "interface": "first"}, {"name": "net-a", **keys}])
    with pytest.raises(SelectionError) as caught:
        selection.parse(text, namespace="demo")
    assert message in str(caught.value)
    assert "networks[1]" in str(caught.value)


BAD_JSON = {
    "null for an element": ('[{"name": "a"}, null]', r"^networks\[1\]: expected an object, found null$"),
    "a name for an element": ('["a"]', r'^networks\[0\]: expected an object, found "a"$'),
    "a string": ('"net1"', "^networks: expected a JSON array of objects, found a string$"),
    "a quote inside": ('net"1', "^networks: neither a list of network names nor JSON: "),
    "a list without its end": ('[{"name": "a"}', "^networks: neither a list of network names nor JSON: "),
    "text after the list": ("[] []", "^networks: neither a list of network names nor JSON: "),
    "a number that is too big": ("[" + "9" * 5000 + "]", "^networks"),
    "brackets without end": ("[" * 100_000, "^networks"),
}


@pytest.mark.parametrize("character", [chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum()])
def test_only_letters_digits_and_hyphens_are_in_names_and_only_json_has_marks(character: str) -> None:
    assert selection.is_json(f"a{character}b") == (character in '[{"')
    assert selection.is_dns_name(f"a{character}b", size=63, dots=False) == (character == "-")
    assert not selection.is_dns_name(f"{character}b", size=63, dots=False)


@pytest.mark.parametrize(("text", "message"), BAD_JSON.values(), ids=list(BAD_JSON))
def test_bad_json_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        selection.parse(text, namespace="demo")


@pytest.mark.parametrize("text", ["blue/main@eth7", '[{"name":"main","namespace":"blue","interface":"eth7"}]'])
def test_the_default_network_is_one_selection(text: str) -> None:
    expected = Selection(namespace="blue", name="main", interface="eth7")
    assert selection.parse_one(text, namespace="kube-system") == expected


def test_a_bare_default_network_is_in_the_given_namespace() -> None:
    assert selection.parse_one("main", namespace="kube-system").reference == "kube-system/main"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "default-network: expected exactly one network, found 0"),
        ("[]", "default-network: expected exactly one network, found 0"),
        ("a,b", "default-network: expected exactly one network, found 2"),
        ("[null]", r"default-network\[0\]: expected an object, found null"),
        ('[{"name":"a","mac":"x"}]', r"default-network\[0\]\.mac: address x"),
        ("a_b", r'default-network\[0\] \("a_b"\): "a_b" cannot be the name'),
    ],
)
def test_anything_but_one_default_network_is_an_error(text: str, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        selection.parse_one(text, namespace="kube-system")


def _routes(*gateways: list[str] | None) -> list[Selection]:
    names = "abc"
    return [
        Selection(namespace="demo", name=name, gateways=None if some is None else tuple(some))
        for name, some in zip(names, gateways, strict=False)
    ]


@pytest.mark.parametrize(
    "gateways",
    [
        [None, None],
        [["192.0.2.1"], None],
        [["192.0.2.1", "2001:db8::1"], None],
        [["192.0.2.1"], ["2001:db8::1"]],
        [None, []],
    ],
    ids=["none", "one", "one of each family", "one of each family, apart", "an empty list"],
)
def test_default_routes_that_go_together(gateways: list[list[str] | None]) -> None:
    selection.check_default_routes(_routes(*gateways))


ECMP4 = "multus does not support ECMP for default-route: several IPv4 gateways: 192.0.2.1 (demo/a), 192.0.2.2 (demo/b)"
ECMP6 = (
    "multus does not support ECMP for default-route: several IPv6 gateways: 2001:db8::1 (demo/a), 2001:db8::2 (demo/a)"
)
ALONE = "an empty default-route list must be the only default-route of a pod: demo/a, demo/b"


@pytest.mark.parametrize(
    ("gateways", "message"),
    [
        ([["192.0.2.1"], ["192.0.2.2"]], ECMP4),
        ([["2001:db8::1", "2001:db8::2"]], ECMP6),
        ([[], []], ALONE),
        ([[], ["192.0.2.1"]], ALONE),
        ([["192.0.2.1"], [], None], ALONE),
    ],
    ids=["two of IPv4", "two of IPv6 on one network", "two empty lists", "empty before others", "empty after others"],
)
def test_default_routes_that_contradict_each_other(gateways: list[list[str] | None], message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        selection.check_default_routes(_routes(*gateways))
    assert str(caught.value) == message


# Properties.

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["name", "namespace", "ips", "mac", "interface", "interfaceRequest", "portMappings", "bandwidth", "cni-args"]
KEYS += ["infiniband-guid", "deviceID", "default-route", "ipam-claim-reference", "NAME", "x"]
INNER = ["hostPort", "containerPort", "protocol", "hostIP", "ingressRate", "egressBurst"]
TEXTS = st.text() | st.text(alphabet=',/@[]{}":. \tabA-_0\n\0', max_size=30)
WORDS = TEXTS | st.sampled_from(["192.0.2.1", "2001:db8::/64", "02:00:5e:00:53:01", "net-a", "eth5", "tcp"])
LEAVES = JSON_VALUES | WORDS | st.lists(WORDS) | st.lists(st.dictionaries(st.sampled_from(INNER), JSON_VALUES))


@given(TEXTS | st.lists(st.dictionaries(st.sampled_from(KEYS), LEAVES) | JSON_VALUES).map(json.dumps))
def test_whatever_the_text_it_is_parsed_or_a_selection_error(text: str) -> None:
    try:
        for item in selection.parse(text, namespace="demo"):
            item.capability_args()
        selection.parse_one(text, namespace="demo")
    except SelectionError:
        pass  # any other exception fails the test


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z0-9]{1,5})?", fullmatch=True)
LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
INTERFACES = st.from_regex(r"[a-z][a-z0-9._-]{0,14}", fullmatch=True)
MACS = st.binary(min_size=6, max_size=6).map(lambda packed: packed.hex(":"))
GUIDS = st.binary(min_size=8, max_size=8).map(lambda packed: packed.hex(":"))
IPS = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(lambda ip: ip.compressed)
PORTS = st.integers(1, 65535)
MAPPINGS = st.fixed_dictionaries(
    {"hostPort": PORTS, "containerPort": PORTS},
    optional={"protocol": st.sampled_from(["tcp", "TCP", "udp", "Sctp"]), "hostIP": IPS},
)
RATES = st.fixed_dictionaries(
    dict.fromkeys(("ingressRate", "ingressBurst", "egressRate", "egressBurst"), st.integers(0))
)
ELEMENTS = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "namespace": LABELS,
        "ips": st.lists(IPS | IPS.map(lambda ip: f"{ip}/8")),
        "mac": MACS,
        "interface": INTERFACES,
        "portMappings": st.lists(MAPPINGS),
        "bandwidth": RATES,
        "infiniband-guid": GUIDS,
        "cni-args": st.dictionaries(st.text(), JSON_VALUES),
        "deviceID": st.text(),
        "default-route": st.lists(st.ip_addresses(v=4).map(str)),
    },
)


def _written(item: Selection) -> JSONObject:
    written: dict[str, JSONValue] = {
        "name": item.name,
        "namespace": item.namespace if item.namespace != "demo" else None,
        "ips": list(item.ips) or None,
        "mac": item.mac or None,
        "interface": item.interface or None,
        "portMappings": list(item.port_mappings) or None,
        "bandwidth": item.bandwidth,
        "infiniband-guid": item.infiniband_guid or None,
        "cni-args": item.cni_args,
        "deviceID": item.device_id or None,
        "default-route": None if item.gateways is None else list(item.gateways),
    }
    return {key: value for key, value in written.items() if value is not None}


def _interface(element: Mapping[str, object]) -> str:
    return str(element.get("interface", id(element)))  # those that ask for none do not clash


@given(st.lists(ELEMENTS, unique_by=_interface))
def test_a_list_of_selections_survives_being_written_and_read(elements: list[JSONObject]) -> None:
    text = json.dumps(elements)
    found = selection.parse(text, namespace="demo")
    kept = ("cni-args", "default-route", "bandwidth")  # an empty one says something
    assert [_written(item) for item in found] == [
        {key: value for key, value in element.items() if value or key in kept} for element in elements
    ]


SHORT_ITEMS = st.tuples(LABELS, NAMES, INTERFACES)


@given(st.lists(SHORT_ITEMS, min_size=1, unique_by=lambda item: item[2]))
def test_both_forms_say_the_same(items: list[tuple[str, str, str]]) -> None:
    short = ", ".join(f"{namespace}/{name}@{interface}" for namespace, name, interface in items)
    long = json.dumps([{"name": name, "namespace": space, "interface": interface} for space, name, interface in items])
    assert selection.parse(short, namespace="demo") == selection.parse(long, namespace="demo")
