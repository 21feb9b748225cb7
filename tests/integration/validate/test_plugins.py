"""What we call an error the real plugins refuse; and of the IPAM plugins' rules, nothing else.

None of it needs root: host-local and static only hand out addresses, and the others refuse before they do anything.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from multus_py.findings.finding import Severity
from multus_py.lab.objects import Object
from multus_py.validate import checking
from tests.unit.validate import marked

PLUGINS = next((path for path in map(Path, ("/usr/lib/cni", "/opt/cni/bin")) if (path / "host-local").exists()), None)
SUBNET = "192.0.2.0/24"

IPAM: dict[str, Object] = {
    "a subnet": {"type": "host-local", "subnet": SUBNET},
    "an IPv6 subnet": {"type": "host-local", "subnet": "2001:db8::/64"},
    "a range": {"type": "host-local", "subnet": SUBNET, "rangeStart": "192.0.2.10", "rangeEnd": "192.0.2.20"},
    "one address": {"type": "host-local", "subnet": SUBNET, "rangeStart": "192.0.2.10", "rangeEnd": "192.0.2.10"},
    "both families": {"type": "host-local", "ranges": [[{"subnet": SUBNET}], [{"subnet": "2001:db8::/64"}]]},
    "two ranges in a set": {
        "type": "host-local",
        "ranges": [[{"subnet": SUBNET}, {"subnet": "198.51.100.0/24"}]],
    },
    "keys in another case": {"Type": "host-local", "type": "host-local", "Subnet": SUBNET, "RANGESTART": "192.0.2.10"},
    "the smallest subnet": {"type": "host-local", "subnet": "192.0.2.0/30"},
    "no subnet": {"type": "host-local"},
    "no prefix length": {"type": "host-local", "subnet": "192.0.2.0"},
    "a subnet that is too small": {"type": "host-local", "subnet": "192.0.2.0/31"},
    "a start outside": {"type": "host-local", "subnet": SUBNET, "rangeStart": "192.0.3.1"},
    "a start of the other family": {"type": "host-local", "subnet": SUBNET, "rangeStart": "2001:db8::1"},
    "an end outside": {"type": "host-local", "subnet": SUBNET, "rangeEnd": "192.0.3.1"},
    "host bits": {"type": "host-local", "subnet": "192.0.2.7/24"},
    "a gateway outside that no route goes by": {"type": "host-local", "subnet": SUBNET, "gateway": "192.0.3.1"},
    "a range backwards": {"type": "host-local", "subnet": SUBNET, "rangeStart": "192.0.2.9", "rangeEnd": "192.0.2.8"},
    "overlapping sets": {"type": "host-local", "ranges": [[{"subnet": SUBNET}], [{"subnet": "192.0.2.128/25"}]]},
    "overlapping ranges": {"type": "host-local", "ranges": [[{"subnet": SUBNET}, {"subnet": "192.0.2.128/25"}]]},
    "mixed families": {"type": "host-local", "ranges": [[{"subnet": SUBNET}, {"subnet": "2001:db8::/64"}]]},
    "an address that is none": {"type": "host-local", "subnet": SUBNET, "rangeStart": "192.0.2"},
    "a wrong kind": {"type": "host-local", "subnet": SUBNET, "dataDir": 5},
    "a route to nowhere": {"type": "host-local", "subnet": SUBNET, "routes": [{"dst": "default"}]},
    "an empty set": {"type": "host-local", "ranges": [[]]},
    "a static address": {"type": "static", "addresses": [{"address": "192.0.2.7/24", "gateway": "192.0.2.1"}]},
    "a static address without its length": {"type": "static", "addresses": [{"address": "192.0.2.7"}]},
    "static addresses of a wrong kind": {"type": "static", "addresses": "192.0.2.7/24"},
}


def is_refused_by_us(ipam: Object) -> bool:
    text = marked.nad(json.dumps({"cniVersion": "1.0.0", "name": "net", "type": "macvlan", "ipam": ipam}))
    return any(finding.severity is Severity.ERROR for finding in checking.validate([("a.yaml", text.encode())]))


def is_refused_by_the_plugin(ipam: Object, folder: Path) -> bool:
    section = {**ipam, "dataDir": ipam.get("dataDir", str(folder))} if ipam["type"] == "host-local" else ipam
    return call({"type": "macvlan", "ipam": section}, program=str(ipam["type"])).returncode != 0


def call(plugin: Object, *, program: str = "") -> subprocess.CompletedProcess[bytes]:
    """ADD, for a network namespace that does not exist: whoever would change anything fails."""
    assert PLUGINS is not None
    environment = {
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "a",
        "CNI_NETNS": "/does/not/exist",
        "CNI_IFNAME": "net1",
        "CNI_PATH": str(PLUGINS),
    }
    return subprocess.run(
        [PLUGINS / (program or str(plugin["type"]))],
        input=json.dumps({"cniVersion": "1.0.0", "name": "net", **plugin}).encode(),
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )


@pytest.mark.skipif(PLUGINS is None, reason="needs the reference plugins: make setup")
@pytest.mark.parametrize("ipam", IPAM.values(), ids=list(IPAM))
def test_what_is_an_error_is_what_the_plugin_refuses(ipam: Object, tmp_path: Path) -> None:
    assert is_refused_by_us(ipam) == is_refused_by_the_plugin(ipam, tmp_path)


REFUSED: dict[str, tuple[Object, str]] = {
    "a rate without a burst": ({"type": "bandwidth", "ingressRate": 1000}, "burst"),
    "both kinds of masquerading": ({"type": "portmap", "markMasqBit": 1, "externalSetMarkChain": "A"}, "markMasqBit"),
    "a mark that is none": ({"type": "portmap", "markMasqBit": 32}, "MasqMarkBit"),
    "hairpin and promiscuous": ({"type": "bridge", "hairpinMode": True, "promiscMode": True}, "promiscuous"),
    "a VLAN that is none": ({"type": "bridge", "vlan": 4095}, "VLAN"),
    "an MTU in quotes": ({"type": "bridge", "mtu": "1500"}, "mtu"),
    "no master": ({"type": "vlan", "vlanId": 7, "ipam": {"type": "dhcp"}}, "master"),
    "no device": ({"type": "host-device"}, "device"),
    "no domain": ({"type": "vrf"}, "vrf name"),
    "tuning before others": ({"type": "tuning"}, "prevResult"),
    "firewall before others": ({"type": "firewall"}, "prevResult"),
    "portmap before others": ({"type": "portmap"}, "chained"),
    "routes before others": ({"type": "sbr"}, "chained"),
}


@pytest.mark.skipif(PLUGINS is None, reason="needs the reference plugins: make setup")
@pytest.mark.parametrize(("plugin", "said"), REFUSED.values(), ids=list(REFUSED))
def test_what_is_an_error_the_plugin_refuses_before_it_does_anything(plugin: Object, said: str) -> None:
    text = marked.nad(json.dumps({"cniVersion": "1.0.0", "name": "net", **plugin}))
    assert any(finding.severity is Severity.ERROR for finding in checking.validate([("a.yaml", text.encode())]))
    done = call(plugin)
    assert done.returncode != 0
    assert said.lower() in done.stdout.decode().lower()
