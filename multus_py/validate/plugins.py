"""What is known of each plugin: its schema, what it cannot do without, and which of its keys exclude each other.

Tables. A plugin that is not in them is not judged: there are more plugins than anybody knows.
"""

from __future__ import annotations

SCHEMAS = {
    "bandwidth": "plugin-bandwidth",
    "bridge": "plugin-bridge",
    "firewall": "plugin-firewall",
    "host-device": "plugin-host-device",
    "ipvlan": "plugin-ipvlan",
    "macvlan": "plugin-macvlan",
    "portmap": "plugin-portmap",
    "ptp": "plugin-ptp",
    "sbr": "plugin-sbr",
    "sriov": "plugin-sriov",
    "tuning": "plugin-tuning",
    "vlan": "plugin-vlan",
    "vrf": "plugin-vrf",
}
IPAM_SCHEMAS = {
    "dhcp": "ipam-dhcp",
    "host-local": "ipam-host-local",
    "static": "ipam-static",
    "whereabouts": "ipam-whereabouts",
}
ANY_PLUGIN = "cni-plugin"

CHAINED = frozenset({"bandwidth", "firewall", "portmap", "sbr", "tuning", "vrf"})
"""Those that work on what a plugin before them has made, and refuse to be first."""
NEED_ADDRESSES = frozenset({"ipvlan"})
"""Those that need an IPAM plugin where they are first. (vlan and ptp always do: their schemas say so.)"""
MINIMUM = {"bandwidth": "0.3.0", "vrf": "0.3.1", "firewall": "0.4.0"}
"""The oldest CNI version that a plugin answers to. Others answer to all."""

DEVICE_KEYS = {
    "host-device": ("device", "hwaddr", "kernelpath", "pciBusID"),
    "sriov": ("deviceID",),
}
"""The keys that name the device to use: one of them, or a device plugin's resource."""

EXCLUSIVE = (
    ("bridge", "hairpinMode", "promiscMode"),
    ("bridge", "vlan", "vlanTrunk"),
    ("portmap", "markMasqBit", "externalSetMarkChain"),
    ("bandwidth", "shapedSubnets", "unshapedSubnets"),
)
"""Keys that a plugin does not take together."""
COMPANIONS = (
    ("bandwidth", "ingressRate", "ingressBurst"),
    ("bandwidth", "ingressBurst", "ingressRate"),
    ("bandwidth", "egressRate", "egressBurst"),
    ("bandwidth", "egressBurst", "egressRate"),
)
"""Keys that a plugin takes only together with another one; 0 is none."""
REQUIRED_BY = (("sriov", "vlanQoS", "vlan"), ("sriov", "vlanProto", "vlan"))
"""Keys that a plugin takes only where another one stands, be it 0."""

BY_ARGUMENTS = {
    "ips": frozenset({"host-local", "static", "whereabouts"}),
    "mac": frozenset({"bridge", "macvlan", "sriov", "tuning"}),
}
"""By capability, the plugins that read it from CNI_ARGS as well, in the way of before there were capabilities."""

KNOWN = frozenset({*SCHEMAS, *IPAM_SCHEMAS, ""})
"""Plugins of which it is known what they read; "" for no IPAM plugin."""

OWN_ADDRESSES = frozenset({"antrea", "calico"})
"""Plugins that complete their IPAM section before the IPAM plugin sees it: `"subnet": "usePodCidr"`, or no subnet."""
