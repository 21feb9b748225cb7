"""The networks that the bench attaches pods to: a bridge, and macvlans on one cable. Configurations only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

VERSION = "1.0.0"
"""The CNI version of every configuration: the newest that the plugins of Debian 12 and the peer have in common."""
COUNTS = (0, 1, 2, 4)
"""How many extra networks the pods of the first table have."""
UPLINK = "uplink"
_PRIMARY = "192.0.2.0/24"
_EXTRA = ("198.51.100.0/25", "198.51.100.128/25", "203.0.113.0/25", "203.0.113.128/25")


def primary(data: Path) -> dict[str, object]:
    """Return the cluster network's configuration: a bridge with a default gateway."""
    return {
        "cniVersion": VERSION,
        "name": "bench-primary",
        "type": "bridge",
        "bridge": "br0",
        "isDefaultGateway": True,
        "ipam": _ipam(_PRIMARY, data),
    }


def extras(data: Path) -> dict[str, Mapping[str, object]]:
    """Return the extra networks' configurations by name, in the order in which pods ask for them."""
    return {
        f"net{number}": {
            "cniVersion": VERSION,
            "name": f"net{number}",
            "type": "macvlan",
            "master": UPLINK,
            "mode": "bridge",
            "ipam": _ipam(subnet, data),
        }
        for number, subnet in enumerate(_EXTRA, 1)
    }


def annotation(count: int) -> str:
    """Return what a pod says that wants the first `count` extra networks."""
    return ",".join(f"net{number}" for number in range(1, count + 1))


def interfaces(count: int) -> list[str]:
    """Return the names of a pod's interfaces, `lo` left out, when it has `count` extra networks."""
    return ["eth0", *(f"net{number}" for number in range(1, count + 1))]


def multus(
    cluster_network: Mapping[str, object],
    *,
    kubeconfig: Path,
    plugins: Path,
    state: Path,
    parallel: bool = False,
    daemon: Path | None = None,
) -> bytes:
    """Return a Multus configuration, as a runtime passes it to the plugin.

    The thin Go Multus ignores what it does not know: `parallel...`, `daemon...`.
    """
    config: dict[str, object] = {
        "cniVersion": VERSION,
        "name": "multus-bench",
        "type": "multus",
        "logLevel": "error",
        "logToStderr": False,
        "kubeconfig": str(kubeconfig),
        "binDir": str(plugins),
        "cniDir": str(state),
        "confDir": str(state / "none"),
        "delegates": [cluster_network],
        "daemonSocketDir": str(daemon or ""),
    }
    if parallel:
        config["parallelAttachments"] = True
    return encode(config)


def encode(config: Mapping[str, object]) -> bytes:
    """Return a configuration as a program reads it."""
    return json.dumps(config).encode()


def with_previous(config: bytes, result: bytes) -> bytes:
    """Return a configuration with the ADD's result in it, if there was one, as a runtime passes it to DEL."""
    return config if not result else json.dumps({**json.loads(config), "prevResult": json.loads(result)}).encode()


def _ipam(subnet: str, data: Path) -> dict[str, object]:
    return {"type": "host-local", "dataDir": str(data), "ranges": [[{"subnet": subnet}]]}
