"""The second networks that several cases use."""

from __future__ import annotations

from multus_py.lab.objects import Object


def macvlan() -> Object:
    """Return a network over the link between the nodes, with addresses from a range."""
    return {
        "cniVersion": "1.0.0",
        "type": "macvlan",
        "master": "eth1",
        "mode": "bridge",
        "ipam": {"type": "host-local", "subnet": "203.0.113.128/25"},
    }


def gate() -> Object:
    """Return a network within the node whose plugin can be made to wait (`Node.close_gate`)."""
    return {
        "cniVersion": "1.0.0",
        "type": "gate",
        "bridge": "gate0",
        "ipam": {"type": "host-local", "subnet": "203.0.113.128/25"},
    }
