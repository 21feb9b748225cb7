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
    "the longest names": (f"{'b' * 63}/{'a' * 253}", [f"{'b' * 63}/{'a' * 253}@"]),
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


NO_NAD = "cannot be the name of a NetworkAttachmentDefinition"
NO_NAMESPACE = "cannot be the name of a namespace"
NO_INTERFACE = "cannot be the name of an interface"
TOO_LONG = "interface name is too long; interface name should be less than 16 characters"
BAD_CHARACTER = "interface name contains / or : or whitespace characters"
UNSEEN = "it contains a character that cannot be shown"
MISSING_NAME = "the network's name is missing"
IS_IT_A_COMMA = "the network's name is missing (is there a comma too many?)"
BAD_SHORT_FORMS = {
    "a comma too many": ("a,", f"networks[1]: {IS_IT_A_COMMA}"),
    "a comma in front": (",a", f"networks[0]: {IS_IT_A_COMMA}"),
    "only blanks": (" \t", f"networks[0]: {IS_IT_A_COMMA}"),
    "no name": ("blue/", f'networks[0] ("blue/"): {MISSING_NAME}'),
    "only an interface": ("@eth5", f'networks[0] ("@eth5"): {MISSING_NAME}'),
    "two slashes": ("a,b/c/d", "networks[1] (\"b/c/d\"): Invalid network object (failed at '/')"),
    "two at signs": ("a@b@c", "networks[0] (\"a@b@c\"): Invalid network object (failed at '@')"),
    "an at sign before the slash": ("a@x/b", f'networks[0] ("a@x/b"): "a@x" {NO_NAMESPACE}'),
    "upper case": ("Net-a", f'networks[0] ("Net-a"): "Net-a" {NO_NAD}'),
    "an underscore": ("net_a", f'networks[0] ("net_a"): "net_a" {NO_NAD}'),
    "a hyphen at the end": ("net-", f'networks[0] ("net-"): "net-" {NO_NAD}'),
    "a hyphen before a dot": ("net-.a", f'networks[0] ("net-.a"): "net-.a" {NO_NAD}'),
    "two dots": ("net..a", f'networks[0] ("net..a"): "net..a" {NO_NAD}'),
    "a name of 254 bytes": ("a" * 254, f'networks[0] ("{"a" * 254}"): "{"a" * 254}" {NO_NAD}'),
    "a dot in the namespace": ("blue.sky/a", f'networks[0] ("blue.sky/a"): "blue.sky" {NO_NAMESPACE}'),
    "a namespace of 64 bytes": ("b" * 64 + "/a", f'networks[0] ("{"b" * 64}/a"): "{"b" * 64}" {NO_NAMESPACE}'),
    "a long interface name": (
        "a@abcdefghijklmnop",
        f'networks[0] ("a@abcdefghijklmnop"): "abcdefghijklmnop" {NO_INTERFACE}: {TOO_LONG}',
    ),
    "15 characters but 16 bytes": (
        "a@abcdefghijklmnö",
        f'networks[0] ("a@abcdefghijklmnö"): "abcdefghijklmnö" {NO_INTERFACE}: {TOO_LONG}',
    ),
    "a dot for an interface": ("a@.", f'networks[0] ("a@."): "." {NO_INTERFACE}: interface name is . or ..'),
    "two dots for an interface": ("a@..", f'networks[0] ("a@.."): ".." {NO_INTERFACE}: interface name is . or ..'),
    "a colon": ("a@b:c", f'networks[0] ("a@b:c"): "b:c" {NO_INTERFACE}: {BAD_CHARACTER}'),
    "a blank inside": ("a@b c", f'networks[0] ("a@b c"): "b c" {NO_INTERFACE}: {BAD_CHARACTER}'),
    "the same interface twice": ("a@x,b,c@x", 'networks[0] and networks[2] both ask for the interface "x"'),
    "a newline, shown as such": ("a\nb", f'networks[0] ("a\\nb"): "a\\nb" {NO_NAD}'),
}


@pytest.mark.parametrize(("text", "message"), BAD_SHORT_FORMS.values(), ids=list(BAD_SHORT_FORMS))
def test_a_bad_short_form_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        selection.parse(text, namespace="demo")
    assert str(caught.value) == message


MAPPING: JSONObject = {"hostPort": 80, "containerPort": 80}
BAD_KEYS: dict[str, tuple[JSONObject, str]] = {
    "no name": ({"name": ""}, f": {MISSING_NAME}"),
    "a name that is a number": ({"name": 5}, ".name: expected a string, found 5"),
    "a name with a namespace": ({"name": "b/a"}, f': "b/a" {NO_NAD}'),
    "a name that leaves its place": ({"name": "../secrets"}, f': "../secrets" {NO_NAD}'),
    "a bad namespace": ({"namespace": "Blue"}, f': "Blue" {NO_NAMESPACE}'),
    "a namespace that leaves its place": ({"namespace": ".."}, f': ".." {NO_NAMESPACE}'),
    "ips that are no list": ({"ips": "192.0.2.1"}, '.ips: expected an array, found "192.0.2.1"'),
    "ips that are numbers": ({"ips": [1]}, ".ips[0]: expected a string, found 1"),
    "a bad ip": (
        {"ips": ["192.0.2.1", "192.0.2.256"]},
        '.ips[1]: expected an IP address, or one with a prefix length, found "192.0.2.256"',
    ),
    "a bad prefix": (
        {"ips": ["192.0.2.1/33"]},
        '.ips[0]: expected an IP address, or one with a prefix length, found "192.0.2.1/33"',
    ),
    "a bad mac": ({"mac": "zz"}, ".mac: address zz: invalid MAC address"),
    "a bad guid": ({"infiniband-guid": "24:8a"}, ".infiniband-guid: address 24:8a: invalid MAC address"),
    "a bad interface": ({"interface": "a/b"}, f': "a/b" {NO_INTERFACE}: {BAD_CHARACTER}'),
    "an interface with a NUL": ({"interface": "a\0b"}, rf': "a\x00b" {NO_INTERFACE}: {UNSEEN}'),
    "an interface that steers terminals": ({"interface": "\x1b[2J"}, rf': "\x1b[2J" {NO_INTERFACE}: {UNSEEN}'),
    "an old interface key with a bad one": (
        {"interfaceRequest": ".."},
        f': ".." {NO_INTERFACE}: interface name is . or ..',
    ),
    "portMappings that are an object": ({"portMappings": MAPPING}, ".portMappings: expected an array, found an object"),
    "a port mapping that is null": ({"portMappings": [None]}, ".portMappings[0]: expected an object, found null"),
    "no host port": ({"portMappings": [{"containerPort": 1}]}, ".portMappings[0].hostPort: the port is missing"),
    "port 0": (
        {"portMappings": [MAPPING, MAPPING | {"hostPort": 0}]},
        ".portMappings[1].hostPort: expected a port from 1 to 65535, found 0",
    ),
    "port 65536": (
        {"portMappings": [MAPPING | {"containerPort": 65536}]},
        ".portMappings[0].containerPort: expected a port from 1 to 65535, found 65536",
    ),
    "a port in quotes": (
        {"portMappings": [MAPPING | {"hostPort": "80"}]},
        '.portMappings[0].hostPort: expected an integer, found "80"',
    ),
    "a port with a fraction": (
        {"portMappings": [MAPPING | {"hostPort": 80.0}]},
        ".portMappings[0].hostPort: expected an integer, found 80.0",
    ),
    "an unknown protocol": (
        {"portMappings": [MAPPING | {"protocol": "icmp"}]},
        '.portMappings[0].protocol: expected TCP, UDP or SCTP, found "icmp"',
    ),
    "a bad host address": (
        {"portMappings": [MAPPING | {"hostIP": "here"}]},
        '.portMappings[0].hostIP: expected an IP address, found "here"',
    ),
    "bandwidth that is a number": ({"bandwidth": 5}, ".bandwidth: expected an object, found 5"),
    "a negative rate": (
        {"bandwidth": {"egressRate": -1}},
        ".bandwidth.egressRate: expected a number of bits, 0 or more, found -1",
    ),
    "a rate in quotes": (
        {"bandwidth": {"egressRate": "1M"}},
        '.bandwidth.egressRate: expected an integer, found "1M"',
    ),
    "cni-args that are a list": ({"cni-args": []}, ".cni-args: expected an object, found an array"),
    "a device that is a number": ({"deviceID": 1}, ".deviceID: expected a string, found 1"),
    "a gateway with a prefix": (
        {"default-route": ["192.0.2.1/24"]},
        '.default-route[0]: expected an IP address, found "192.0.2.1/24"',
    ),
    "an empty gateway": ({"default-route": [""]}, '.default-route[0]: expected an IP address, found ""'),
    "a gateway that is no list": (
        {"default-route": "192.0.2.1"},
        '.default-route: expected an array, found "192.0.2.1"',
    ),
    "addresses and an IPAM claim": (
        {"ips": ["192.0.2.1"], "ipam-claim-reference": "c"},
        ": cannot provide a static IP and a reference of an IPAM claim in the same network selection element",
    ),
}


@pytest.mark.parametrize(("keys", "message"), BAD_KEYS.values(), ids=list(BAD_KEYS))
def test_a_bad_element_is_one_error_that_names_it(keys: JSONObject, message: str) -> None:
    text = json.dumps([{"name": "good", "interface": "first"}, {"name": "net-a", **keys}])
    with pytest.raises(SelectionError) as caught:
        selection.parse(text, namespace="demo")
    assert str(caught.value) == f"networks[1]{message}"


NEITHER = "networks: neither a list of network names nor JSON: "
BAD_JSON = {
    "null for an element": ('[{"name": "a"}, null]', "networks[1]: expected an object, found null"),
    "a name for an element": ('["a"]', 'networks[0]: expected an object, found "a"'),
    "an object": ('{"name": "a"}', "networks: expected a JSON array of objects, found an object"),
    "a string": ('"net1"', "networks: expected a JSON array of objects, found a string"),
    "a quote inside": ('net"1', f"{NEITHER}Expecting value at line 1, column 1"),
    "a list without its end": ('[{"name": "a"}', f"{NEITHER}Expecting ',' delimiter at the end of the text"),
    "text after the list": ("[] []", f"{NEITHER}unexpected text after the JSON value at line 1, column 4"),
    "a number that is too big": ("[" + "9" * 5000 + "]", f"{NEITHER}a number has more than 4300 digits"),
    "brackets without end": ("[" * 100_000, f"{NEITHER}nested too deeply"),
}


@pytest.mark.parametrize(("text", "message"), BAD_JSON.values(), ids=list(BAD_JSON))
def test_bad_json_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        selection.parse(text, namespace="demo")
    assert str(caught.value) == message


@pytest.mark.parametrize("character", [chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum()])
def test_only_letters_digits_and_hyphens_are_in_names_and_only_json_has_marks(character: str) -> None:
    assert selection.is_json(f"a{character}b") == (character in '[{"')
    assert selection.is_dns_name(f"a{character}b", size=63, dots=False) == (character == "-")
    assert not selection.is_dns_name(f"{character}b", size=63, dots=False)


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
        ("[null]", "default-network[0]: expected an object, found null"),
        ('[{"name":"a","mac":"x"}]', "default-network[0].mac: address x: invalid MAC address"),
        ("a_b", f'default-network[0] ("a_b"): "a_b" {NO_NAD}'),
        ("[", "default-network: neither a list of network names nor JSON: Expecting value at the end of the text"),
    ],
)
def test_anything_but_one_default_network_is_an_error(text: str, message: str) -> None:
    with pytest.raises(SelectionError) as caught:
        selection.parse_one(text, namespace="kube-system")
    assert str(caught.value) == message


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
