"""The network-status annotation.

The texts in tests/golden/multinet are what the original's own library (network-attachment-definition-client 1.7.6)
writes for the same results, byte for byte; those in the folder departures differ on purpose, as the table here says.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from multus_py.cni import result as results
from multus_py.multinet import status

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

GOLDEN = Path(__file__).parents[2] / "golden" / "multinet"
PATH = "/var/run/netns/pod"


class Attached(NamedTuple):
    """One attachment: what its plugins returned, and what is known besides."""

    document: JSONObject
    name: str = "demo/net-a"
    is_default: bool = False
    device_info: JSONObject | None = None
    ifname: str = "net1"


ETH0: JSONObject = {"name": "eth0", "mac": "0a:58:c0:00:02:07", "sandbox": PATH}
NET1: JSONObject = {"name": "net1", "mac": "02:00:5e:00:53:01", "sandbox": PATH}
NET2: JSONObject = {"name": "net2", "sandbox": PATH}
BRIDGE: JSONObject = {"name": "cni0", "mac": "0a:58:c0:00:02:01"}
VETH: JSONObject = {"name": "veth1", "mac": "0a:58:c0:00:02:02"}
DEFAULT: JSONObject = {"dst": "0.0.0.0/0", "gw": "192.0.2.1"}

BRIDGED: JSONObject = {
    "cniVersion": "1.0.0",
    "interfaces": [BRIDGE, VETH, ETH0],
    "ips": [{"address": "192.0.2.7/24", "interface": 2, "gateway": "192.0.2.1"}],
    "routes": [DEFAULT],
}
VERSIONED: JSONObject = {
    "interfaces": [BRIDGE, VETH, NET1],
    "ips": [{"version": "4", "address": "198.51.100.7/24", "interface": 2}],
    "dns": {"nameservers": ["192.0.2.53"], "domain": "example.com", "search": ["a", "b"], "options": ["ndots:5"]},
}
PCI: JSONObject = {"type": "pci", "version": "1.1.0", "pci": {"pci-address": "0000:03:02.3"}}

SAME: dict[str, list[Attached]] = {
    "default-and-one-more": [
        Attached(BRIDGED, "cluster-net", is_default=True, ifname="eth0"),
        Attached({**VERSIONED, "cniVersion": "1.0.0"}),
    ],
    "version-0.3.0": [Attached({**VERSIONED, "cniVersion": "0.3.0"})],
    "version-0.3.1": [Attached({**VERSIONED, "cniVersion": "0.3.1"})],
    "version-0.4.0": [Attached({**VERSIONED, "cniVersion": "0.4.0"})],
    "version-1.0.0": [Attached({**VERSIONED, "cniVersion": "1.0.0"})],
    "version-1.1.0-with-mtu": [Attached({"cniVersion": "1.1.0", "interfaces": [{**NET1, "mtu": 9000}]})],
    "dual-stack": [
        Attached(
            {
                "cniVersion": "1.0.0",
                "interfaces": [ETH0],
                "ips": [
                    {"address": "192.0.2.7/24", "interface": 0, "gateway": "192.0.2.1"},
                    {"address": "2001:db8::7/64", "interface": 0, "gateway": "2001:db8::1"},
                ],
                "routes": [DEFAULT, {"dst": "::/0", "gw": "2001:db8::1"}, {"dst": "203.0.113.0/24", "gw": "192.0.2.9"}],
            },
            is_default=True,
        )
    ],
    "one-interface-has-all-addresses": [
        Attached(
            {
                "cniVersion": "1.0.0",
                "interfaces": [NET1],
                "ips": [{"address": "192.0.2.7/24"}, {"address": "192.0.2.8/24", "interface": 0}],
            }
        )
    ],
    "several-interfaces": [
        Attached(
            {
                "cniVersion": "1.0.0",
                "interfaces": [NET1, VETH, NET2],
                "ips": [
                    {"address": "192.0.2.7/24", "interface": 0},
                    {"address": "192.0.2.8/24", "interface": 2, "gateway": "192.0.2.1"},
                    {"address": "192.0.2.9/24"},
                    {"address": "192.0.2.10/24", "interface": 1},
                ],
                "routes": [DEFAULT],
                "dns": {"nameservers": ["192.0.2.53"]},
            },
            is_default=True,
            device_info=PCI,
        )
    ],
    "several-interfaces-no-gateway": [
        Attached({"cniVersion": "1.0.0", "interfaces": [VETH, NET1, NET2]}, is_default=True)
    ],
    "device-info": [Attached({"cniVersion": "1.0.0", "interfaces": [NET1]}, device_info=PCI)],
    "html-characters": [
        Attached({"cniVersion": "1.0.0", "interfaces": [NET1], "dns": {"domain": "<a&b>", "search": ['é\n"']}})
    ],
    "nothing": [],
}

OURS: dict[str, list[Attached]] = {
    # The original writes nothing for these: the attachment cannot be seen (cni-behaviour 15.2.6).
    "version-0.1.0": [
        Attached({"cniVersion": "0.1.0", "ip4": {"ip": "192.0.2.7/24", "gateway": "192.0.2.1", "routes": [DEFAULT]}})
    ],
    "version-0.2.0-default": [
        Attached(
            {"cniVersion": "0.2.0", "ip4": {"ip": "192.0.2.7/24"}, "ip6": {"ip": "2001:db8::7/64"}},
            "cluster-net",
            is_default=True,
            ifname="eth0",
        )
    ],
    "no-interfaces": [Attached({"cniVersion": "1.0.0", "ips": [{"address": "192.0.2.7/24"}]})],
    "nothing-at-all": [Attached({"cniVersion": "1.0.0"}, ifname="")],
    "only-host-interfaces": [
        Attached(
            {
                "cniVersion": "1.0.0",
                "interfaces": [BRIDGE, VETH],
                "ips": [{"address": "192.0.2.7/24", "interface": 1}],
            }
        )
    ],
    # The original names the interface for none, and loses what tells it.
    "one-host-interface": [
        Attached({"cniVersion": "1.0.0", "interfaces": [VETH], "ips": [{"address": "192.0.2.7/24"}]}, is_default=True)
    ],
    # The original shows "<nil>" for a default route without a gateway, and takes 0.0.0.0/1 for a default route.
    "gateways-of-default-routes-only": [
        Attached(
            {
                "cniVersion": "1.0.0",
                "interfaces": [NET1],
                "routes": [
                    {"dst": "0.0.0.0/0"},
                    {"dst": "0.0.0.0/1", "gw": "192.0.2.9"},
                    {"dst": "::/1", "gw": "2001:db8::9"},
                    {"dst": "::0/0", "gw": "2001:db8::1"},
                ],
            }
        )
    ],
    # The original marks no interface when the gateway's address belongs to one on the host.
    "gateway-on-a-host-interface": [
        Attached(
            {
                "cniVersion": "1.0.0",
                "interfaces": [BRIDGE, ETH0, NET1],
                "ips": [
                    {"address": "192.0.2.1/24", "interface": 0, "gateway": "192.0.2.254"},
                    {"address": "192.0.2.7/24", "interface": 1},
                ],
            },
            is_default=True,
        )
    ],
}


def _rendered(attachments: list[Attached]) -> str:
    return status.render(
        entry
        for each in attachments
        for entry in status.entries(
            results.decode(each.document, default_version=""),
            name=each.name,
            ifname=each.ifname,
            is_default=each.is_default,
            device_info=each.device_info,
        )
    )


@pytest.mark.parametrize(("case", "attachments"), SAME.items(), ids=list(SAME))
def test_the_annotation_is_the_original_one(case: str, attachments: list[Attached]) -> None:
    assert _rendered(attachments) == (GOLDEN / f"{case}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("case", "attachments"), OURS.items(), ids=list(OURS))
def test_the_annotation_tells_what_the_original_leaves_out(case: str, attachments: list[Attached]) -> None:
    assert _rendered(attachments) == (GOLDEN / "departures" / f"{case}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", [*SAME, *OURS])
def test_the_default_network_has_exactly_one_default_interface(case: str) -> None:
    for each in SAME.get(case) or OURS.get(case) or []:
        result = results.decode(each.document, default_version="")
        for is_default in (True, False):
            found = status.entries(result, name=each.name, ifname="eth0", is_default=is_default)
            assert [entry["default"] for entry in found if "default" in entry] == [True] * is_default


def test_every_entry_has_a_name_and_dns() -> None:
    for each in (attached for cases in (SAME, OURS) for attachments in cases.values() for attached in attachments):
        for entry in status.entries(
            results.decode(each.document, default_version=""), name="n", ifname="", is_default=False
        ):
            assert entry["name"] == "n"
            assert isinstance(entry["dns"], dict)


def test_the_address_of_a_host_interface_is_not_the_pods() -> None:
    document: JSONObject = {
        "cniVersion": "1.0.0",
        "interfaces": [BRIDGE, NET1],
        "ips": [{"address": "192.0.2.1/24", "interface": 0}, {"address": "192.0.2.7/24", "interface": 1}],
    }
    [entry] = status.entries(
        results.decode(document, default_version=""), name="demo/net-a", ifname="net1", is_default=False
    )
    assert entry["ips"] == ["192.0.2.7"]
