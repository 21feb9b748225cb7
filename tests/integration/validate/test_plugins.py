"""The rules of the IPAM plugins are those of the real ones: what we call an error they refuse, and nothing else.

host-local and static need no namespace and no root: they only hand out addresses.
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
    assert PLUGINS is not None
    section = {**ipam, "dataDir": ipam.get("dataDir", str(folder))} if ipam["type"] == "host-local" else ipam
    environment = {
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "a",
        "CNI_NETNS": "/proc/self/ns/net",
        "CNI_IFNAME": "net1",
        "CNI_PATH": str(PLUGINS),
    }
    done = subprocess.run(
        [PLUGINS / str(ipam["type"])],
        input=json.dumps({"cniVersion": "1.0.0", "name": "net", "type": "macvlan", "ipam": section}).encode(),
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    return done.returncode != 0


@pytest.mark.skipif(PLUGINS is None, reason="needs the reference plugins: make setup")
@pytest.mark.parametrize("ipam", IPAM.values(), ids=list(IPAM))
def test_what_is_an_error_is_what_the_plugin_refuses(ipam: Object, tmp_path: Path) -> None:
    assert is_refused_by_us(ipam) == is_refused_by_the_plugin(ipam, tmp_path)
