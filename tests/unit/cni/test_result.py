"""Results as JSON: read, written, and taken from one version to another.

The golden file has one result in the fullest form of each of the three families of versions.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import strategies

from multus_py.base import jsontext
from multus_py.cni import convert, errors, result, versions
from multus_py.cni.result import DNS, Address, Interface, Result, Route

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

GOLDEN_TEXT = (Path(__file__).parents[2] / "golden" / "cni" / "results.json").read_text(encoding="utf-8")
GOLDEN: dict[str, JSONObject] = json.loads(GOLDEN_TEXT)
FULL_IN = {
    "0.1.0": "0.2.0",
    "0.2.0": "0.2.0",
    "0.3.0": "0.4.0",
    "0.3.1": "0.4.0",
    "0.4.0": "0.4.0",
    "1.0.0": "1.1.0",
    "1.1.0": "1.1.0",
}
OLDEST, MIDDLE, NEWEST = versions.SUPPORTED[:2], versions.SUPPORTED[2:5], versions.SUPPORTED[5:]
PAIRS = list(itertools.product(versions.SUPPORTED, repeat=2))


def _full(version: str) -> JSONObject:
    return {**GOLDEN[FULL_IN[version]], "cniVersion": version}


def _decoded(document: JSONObject, version: str = "") -> Result:
    return result.decode(document, default_version=version)


def _failure(document: JSONObject, version: str = "") -> errors.CNIError:
    with pytest.raises(errors.CNIError) as caught:
        _decoded(document, version)
    return caught.value


# ------------------------------------------------------------------------------------------------------------- shapes


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_a_result_in_its_own_version_does_not_change_in_one_character(version: str) -> None:
    document = _full(version)

    written = result.encode(_decoded(document), version)

    assert jsontext.dumps(written, indent=4) == jsontext.dumps(document, indent=4)


def test_everything_has_its_place() -> None:
    assert _decoded(_full("1.1.0")) == Result(
        version="1.1.0",
        interfaces=(
            Interface(name="cni0", mac="0a:58:0a:01:02:03", mtu=1500, pci_id="0000:00:02.0"),
            Interface(name="eth0", mac="0a:58:0a:01:02:04", sandbox="/var/run/netns/x", socket_path="/run/sock"),
        ),
        addresses=(
            Address(address="192.0.2.30/24", interface=0, gateway="192.0.2.1"),
            Address(address="2001:db8::30/64"),
            Address(address="198.51.100.7/32", interface=1),
        ),
        routes=(
            Route(dst="::/0", gw="2001:db8::1"),
            Route(dst="0.0.0.0/0", gw="192.0.2.1", mtu=1400, advmss=1360, priority=10, table=0, scope=0),
            Route(dst="198.51.100.0/24"),
        ),
        dns=DNS(nameservers=("192.0.2.53",), domain="example.org", search=("a.example.org",), options=("ndots:5",)),
    )


EMPTY: dict[str, JSONObject] = {
    **{version: {"cniVersion": version, "dns": {}} for version in (*OLDEST, *MIDDLE)},
    **{version: {"cniVersion": version} for version in NEWEST},
}


@pytest.mark.parametrize(("version", "document"), EMPTY.items(), ids=EMPTY)
def test_an_empty_result_has_a_version_and_before_1_0_0_a_dns(version: str, document: JSONObject) -> None:
    assert result.encode(Result(version=version), version) == document
    assert _decoded(document) == Result(version=version)


@pytest.mark.parametrize("version", OLDEST)
def test_a_result_made_by_us_in_an_old_version_keeps_its_address(version: str) -> None:
    made = Result(version=version, addresses=(Address(address="0.0.0.0/0", gateway="0.0.0.0"),))

    assert result.encode(made, version)["ip4"] == {"ip": "0.0.0.0/0", "gateway": "0.0.0.0"}


@pytest.mark.parametrize("version", MIDDLE)
def test_a_result_made_by_us_gets_the_version_of_its_addresses(version: str) -> None:
    made = Result(version=version, addresses=(Address(address="2001:db8::1/64"),))

    assert result.encode(made, version)["ips"] == [{"version": "6", "address": "2001:db8::1/64"}]


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_keys_are_read_without_regard_to_case_and_unknown_ones_are_dropped(version: str) -> None:
    upper = json.loads(GOLDEN_TEXT.replace('"dst"', '"DST"').replace('"nameservers"', '"NameServers"'))
    document = {**upper[FULL_IN[version]], "cniVersion": version, "new": 1}

    assert result.encode(_decoded(document), version) == _full(version)


def test_null_and_absent_are_the_same() -> None:
    document: JSONObject = {"cniVersion": "1.0.0", "interfaces": None, "ips": None, "routes": None, "dns": None}

    assert _decoded(document) == Result(version="1.0.0")


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_entries_that_say_nothing_are_dropped(version: str) -> None:
    document: JSONObject = {
        "cniVersion": version,
        "ip4": {"gateway": "192.0.2.1"},
        "ips": [{"gateway": "192.0.2.1"}],
        "routes": [{"gw": "192.0.2.1"}],
    }

    assert _decoded(document) == Result(version=version)


def test_addresses_are_written_in_their_canonical_form_with_the_host_part() -> None:
    document: JSONObject = {
        "cniVersion": "1.0.0",
        "ips": [{"address": "2001:DB8:0::30/64", "gateway": "2001:DB8::1"}],
        "routes": [{"dst": "::0/0"}, {"dst": "192.0.2.7/24"}],
    }

    decoded = _decoded(document)

    assert decoded.addresses == (Address(address="2001:db8::30/64", gateway="2001:db8::1"),)
    assert [route.dst for route in decoded.routes] == ["::/0", "192.0.2.7/24"]


# ------------------------------------------------------------------------------------------------------------ versions


@pytest.mark.parametrize("declared", [None, "", 5, {}], ids=["absent", "empty", "a number", "an object"])
@pytest.mark.parametrize(("default", "expected"), [("0.4.0", "0.4.0"), ("", "0.1.0")])
def test_without_a_version_the_result_is_in_the_configuration_s(
    declared: str | int | None, default: str, expected: str
) -> None:
    assert _decoded({"cniVersion": declared}, default).version == expected


def test_the_key_of_the_version_is_exact() -> None:
    assert _decoded({"CNIVersion": "1.0.0"}, "0.4.0").version == "0.4.0"


def test_a_version_of_the_result_s_own_wins() -> None:
    assert _decoded({"cniVersion": "0.3.1"}, "1.0.0").version == "0.3.1"


@pytest.mark.parametrize("version", ["7.0.0", "1.0", "x"])
def test_a_version_that_does_not_exist_is_refused(version: str) -> None:
    expected = {"code": 1, "msg": f'unsupported CNI result version "{version}"'}

    assert _failure({"cniVersion": version}).document() == expected
    assert _failure({}, version).document() == expected
    with pytest.raises(errors.CNIError) as caught:
        result.encode(Result(version=version), version)
    assert caught.value.document() == expected


@pytest.mark.parametrize(("source", "target"), [("1.0.0", "7.0.0"), ("7.0.0", "1.0.0"), ("7.0.0", "8.0.0")])
def test_there_is_no_way_to_or_from_a_version_that_does_not_exist(source: str, target: str) -> None:
    with pytest.raises(errors.CNIError) as caught:
        result.encode(Result(version=source), target)

    assert caught.value.document() == {
        "code": 1,
        "msg": f"no converter for CNI result version {source} to {target}",
    }


def test_an_empty_target_is_0_1_0() -> None:
    assert result.encode(Result(version="0.2.0"), "") == {"cniVersion": "0.1.0", "dns": {}}


BAD: dict[str, tuple[JSONObject, str]] = {
    "an address without a prefix": ({"ips": [{"address": "192.0.2.1"}]}, "invalid CIDR address: 192.0.2.1"),
    "an empty address": ({"ips": [{"address": ""}]}, "invalid CIDR address: "),
    "no gateway": ({"ips": [{"address": "192.0.2.1/24", "gateway": "x"}]}, "invalid IP address: x"),
    "a destination that is none": ({"routes": [{"dst": "default"}]}, "invalid CIDR address: default"),
    "a route's gateway that is none": ({"routes": [{"dst": "::/0", "gw": "x"}]}, "invalid IP address: x"),
    "a number for an address": (
        {"ips": [{"address": 1}]},
        "failed to unmarshal raw result: result.ips[0].address: expected a string, found 1",
    ),
    "an object for ips": (
        {"ips": {}},
        "failed to unmarshal raw result: result.ips: expected an array, found an object",
    ),
    "null among interfaces": (
        {"interfaces": [None]},
        "failed to unmarshal raw result: result.interfaces[0]: expected an object, found null",
    ),
    "a string for an index": (
        {"ips": [{"address": "192.0.2.1/24", "interface": "0"}]},
        'failed to unmarshal raw result: result.ips[0].interface: expected an integer, found "0"',
    ),
    "a float for a table": (
        {"routes": [{"dst": "::/0", "table": 1.5}]},
        "failed to unmarshal raw result: result.routes[0].table: expected an integer, found 1.5",
    ),
    "a string for a dns": ({"dns": "x"}, 'failed to unmarshal raw result: result.dns: expected an object, found "x"'),
}


@pytest.mark.parametrize("version", [*MIDDLE, *NEWEST])
@pytest.mark.parametrize(("document", "message"), BAD.values(), ids=BAD)
def test_a_wrong_value_is_refused_with_its_place(version: str, document: JSONObject, message: str) -> None:
    assert _failure({"cniVersion": version, **document}).document() == {"code": 6, "msg": message}


@pytest.mark.parametrize("version", OLDEST)
def test_a_wrong_value_is_refused_in_the_oldest_versions_too(version: str) -> None:
    assert _failure({"cniVersion": version, "ip6": {"ip": "x/64"}}).msg == "invalid CIDR address: x/64"
    assert _failure({"cniVersion": version, "ip6": []}).code == 6


# ---------------------------------------------------------------------------------------------------------- conversion


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_each_version_can_be_had_in_each_other_one(source: str, target: str) -> None:
    written = result.encode(_decoded(_full(source)), target)

    assert written["cniVersion"] == target
    again = result.decode(written, default_version="")
    assert result.encode(again, target) == written
    assert {each.address for each in again.addresses} >= {"192.0.2.30/24", "2001:db8::30/64"}
    assert again.dns == _decoded(_full(source)).dns


@pytest.mark.parametrize("family", [OLDEST, MIDDLE, NEWEST])
def test_within_a_family_only_the_version_changes(family: tuple[str, ...]) -> None:
    for source, target in itertools.product(family, repeat=2):
        assert result.encode(_decoded(_full(source)), target) == _full(target)


@pytest.mark.parametrize(("source", "target"), list(itertools.product(OLDEST, MIDDLE)))
def test_upwards_from_the_oldest_addresses_and_routes_are_put_in_one_list_each(source: str, target: str) -> None:
    assert result.encode(_decoded(_full(source)), target) == {
        "cniVersion": target,
        "ips": [
            {"version": "4", "address": "192.0.2.30/24", "gateway": "192.0.2.1"},
            {"version": "6", "address": "2001:db8::30/64"},
        ],
        "routes": [
            {"dst": "0.0.0.0/0", "gw": "192.0.2.1"},
            {"dst": "198.51.100.0/24"},
            {"dst": "::/0", "gw": "2001:db8::1"},
        ],
        "dns": GOLDEN["0.2.0"]["dns"],
    }


@pytest.mark.parametrize(("source", "target"), list(itertools.product((*MIDDLE, *NEWEST), OLDEST)))
def test_downwards_to_the_oldest_the_first_address_of_each_family_and_bare_routes_stay(
    source: str, target: str
) -> None:
    assert result.encode(_decoded(_full(source)), target) == {
        "cniVersion": target,
        "ip4": {
            "ip": "192.0.2.30/24",
            "gateway": "192.0.2.1",
            "routes": [{"dst": "0.0.0.0/0", "gw": "192.0.2.1"}, {"dst": "198.51.100.0/24"}],
        },
        "ip6": {"ip": "2001:db8::30/64", "routes": [{"dst": "::/0", "gw": "2001:db8::1"}]},
        "dns": GOLDEN["0.4.0"]["dns"],
    }


@pytest.mark.parametrize(("source", "target"), list(itertools.product(NEWEST, MIDDLE)))
def test_downwards_to_the_middle_addresses_get_a_version_and_interfaces_lose_what_is_new(
    source: str, target: str
) -> None:
    assert result.encode(_decoded(_full(source)), target) == _full(target)


@pytest.mark.parametrize(("source", "target"), list(itertools.product(MIDDLE, NEWEST)))
def test_upwards_from_the_middle_addresses_lose_their_version(source: str, target: str) -> None:
    ips = result.encode(_decoded(_full(source)), target)["ips"]

    assert ips == GOLDEN["1.1.0"]["ips"]


@pytest.mark.parametrize(("source", "target"), list(itertools.product((*MIDDLE, *NEWEST), OLDEST)))
def test_without_an_address_there_is_no_result_in_the_oldest_versions(source: str, target: str) -> None:
    with pytest.raises(errors.CNIError) as caught:
        result.encode(Result(version=source, routes=(Route(dst="::/0"),)), target)

    assert caught.value.document() == {"code": 1, "msg": "cannot convert: no valid IP addresses"}


@pytest.mark.parametrize("written", ["", "5", None], ids=["empty", "wrong", "absent"])
def test_an_address_whose_version_is_missing_or_wrong_is_lost_in_the_oldest_versions(written: str | None) -> None:
    ips: list[jsontext.JSONValue] = [{"address": "192.0.2.1/24"}, {"version": "6", "address": "2001:db8::1/64"}]
    first = ips[0]
    assert isinstance(first, dict)
    if written is not None:
        first["version"] = written

    converted = result.encode(_decoded({"cniVersion": "0.4.0", "ips": ips}), "0.2.0")

    assert converted == {"cniVersion": "0.2.0", "ip6": {"ip": "2001:db8::1/64"}, "dns": {}}


def test_routes_of_a_family_without_an_address_are_lost_in_the_oldest_versions() -> None:
    made = Result(addresses=(Address(address="192.0.2.1/24"),), routes=(Route(dst="::/0"), Route(dst="0.0.0.0/0")))

    assert result.encode(made, "0.2.0") == {
        "cniVersion": "0.2.0",
        "ip4": {"ip": "192.0.2.1/24", "routes": [{"dst": "0.0.0.0/0"}]},
        "dns": {},
    }


# ---------------------------------------------------------------------------------------------------------- any input

IPS = strategies.ip_addresses()
ADDRESS_TEXT = IPS.flatmap(lambda ip: strategies.integers(0, ip.max_prefixlen).map(lambda length: f"{ip}/{length}"))
TEXT = strategies.text(alphabet="abc0:/<&>é", max_size=6)
SMALL = strategies.integers(0, 3)
RESULTS = strategies.builds(
    Result,
    version=strategies.sampled_from(NEWEST),
    interfaces=strategies.lists(
        strategies.builds(Interface, name=TEXT, mac=TEXT, sandbox=TEXT, mtu=SMALL, socket_path=TEXT, pci_id=TEXT),
        max_size=3,
    ).map(tuple),
    addresses=strategies.lists(
        strategies.builds(
            Address,
            address=ADDRESS_TEXT,
            interface=strategies.none() | SMALL,
            gateway=strategies.just("") | IPS.map(str),
        ),
        max_size=3,
    ).map(tuple),
    routes=strategies.lists(
        strategies.builds(
            Route,
            dst=ADDRESS_TEXT,
            gw=strategies.just("") | IPS.map(str),
            mtu=SMALL,
            advmss=SMALL,
            priority=SMALL,
            table=strategies.none() | SMALL,
            scope=strategies.none() | SMALL,
        ),
        max_size=3,
    ).map(tuple),
    dns=strategies.builds(
        DNS,
        nameservers=strategies.lists(TEXT, max_size=2).map(tuple),
        domain=TEXT,
        search=strategies.lists(TEXT, max_size=2).map(tuple),
        options=strategies.lists(TEXT, max_size=2).map(tuple),
    ),
)


def _normal(made: Result) -> Result:
    return result.decode(result.encode(made, made.version), default_version="")


@hypothesis.given(RESULTS)
def test_a_result_survives_the_round_trip_through_its_own_version(made: Result) -> None:
    normal = _normal(made)

    assert _normal(normal) == normal
    assert len(normal.addresses) == len(made.addresses)
    assert (normal.interfaces, normal.dns) == (made.interfaces, made.dns)


@hypothesis.given(RESULTS, strategies.sampled_from(MIDDLE))
def test_to_the_middle_and_back_only_what_is_new_is_lost(made: Result, version: str) -> None:
    normal = _normal(made)

    there = result.decode(result.encode(normal, version), default_version="")
    back = convert.convert(there, made.version)

    plain = tuple(each.replace(mtu=0, socket_path="", pci_id="") for each in normal.interfaces)
    assert back == normal.replace(interfaces=plain)


@hypothesis.given(RESULTS, strategies.sampled_from(PAIRS))
def test_converting_twice_is_converting_once_or_an_error(made: Result, pair: tuple[str, str]) -> None:
    first, second = pair
    try:
        direct = convert.convert(convert.convert(made, first), second)
        again = convert.convert(direct, second)
    except errors.CNIError as error:
        assert error.msg == "cannot convert: no valid IP addresses"  # noqa: PT017 - the only failure there is
    else:
        assert again == direct
        assert direct.version == second


KEYS = "cniVersion ip4 ip6 ips ip address gateway interface interfaces name routes dst gw mtu table dns search x"
KEY = strategies.sampled_from(KEYS.split())
SCALAR = (
    strategies.none()
    | strategies.booleans()
    | strategies.integers(-2, 2)
    | strategies.sampled_from([*versions.SUPPORTED, "", "192.0.2.1/24", "2001:db8::1", "::/0"])
)
ANY = strategies.recursive(
    SCALAR, lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(KEY, inner, max_size=5)
)


@hypothesis.given(
    strategies.dictionaries(KEY, ANY), strategies.sampled_from(versions.SUPPORTED), strategies.sampled_from(PAIRS)
)
def test_any_object_is_a_result_or_a_cni_error(document: JSONObject, version: str, pair: tuple[str, str]) -> None:
    try:
        decoded = result.decode({"cniVersion": pair[0], **document}, default_version=version)
        jsontext.dumps(result.encode(decoded, pair[1]))
    except errors.CNIError as error:
        jsontext.dumps(error.document())
