"""Checks of the node's interfaces that networks hang on: there, up, and with frames large enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.doctor.check import Check, error, fine, warning

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.doctor.usage import Used
    from multus_py.doctor.view import View
    from multus_py.findings.finding import Finding

_KEYS = {"macvlan": "master", "macvtap": "master", "ipvlan": "master", "vlan": "master", "host-device": "device"}
"""What plugins call the interface that has to be there. Bridges are made where they are missing."""
_MOVED = ("host-device",)
"""Plugins that move the interface into the pod: it need not be seen on the node."""


@dataclass(frozen=True, kw_only=True)
class Master:
    """An interface that a network needs."""

    used: Used
    type: str
    name: str
    mtu: int
    """What the network asks for; 0 for nothing."""


def masters(view: View) -> Iterator[Master]:
    """Return the interfaces of this node that networks name."""
    for used in view.networks:
        for plugin in used.network.plugins:
            config: JSONObject = plugin.raw
            name = config.get(_KEYS.get(plugin.type, ""))
            if not isinstance(name, str) or not name or config.get("linkInContainer") is True:
                continue  # without a name it is the one with the default route
            mtu = config.get("mtu")
            yield Master(
                used=used,
                type=plugin.type,
                name=name,
                mtu=mtu if isinstance(mtu, int) and plugin.type not in _MOVED else 0,
            )


def present(view: View) -> Iterator[Finding]:
    """Look for them."""
    for master in masters(view):
        if view.link(master.name) is None and not _is_in_pod(view, master):
            there = ", ".join(name for name in view.links if name != "lo")
            say = error if master.used.needed else warning
            yield say(
                f"its {_KEYS[master.type]} {master.name} is not on this node, which has {there or 'none'}",
                remedy="Correct the name, make the interface, or keep pods of this network away from this node "
                "(nodeSelector).",
                subject=master.used.subject,
            )
    names = sorted({master.name for master in masters(view)})
    yield fine(f"the interfaces that networks name are there: {', '.join(names)}" if names else "networks name none")


def state(view: View) -> Iterator[Finding]:
    """Look at whether they are up, and connected."""
    for master in masters(view):
        link = view.link(master.name)
        if link is None or master.type in _MOVED:
            continue  # master-present tells, or the plugin sets it up
        if not link.up:
            yield warning(
                f"its {_KEYS[master.type]} {master.name} is down, so pods get an interface that carries nothing",
                remedy=f"Run ip link set {master.name} up, and see that it is up after a restart.",
                subject=master.used.subject,
            )
        elif not link.carrier:
            yield warning(
                f"its {_KEYS[master.type]} {master.name} has no carrier: is the cable plugged in, the switch port on?",
                remedy="Look at the other end.",
                subject=master.used.subject,
            )
    yield fine("they are up and connected")


def mtu(view: View) -> Iterator[Finding]:
    """Compare their frames with what networks ask for."""
    for master in masters(view):
        link = view.link(master.name)
        if link is not None and master.mtu > link.mtu:
            say = error if master.used.needed else warning
            yield say(
                f"it asks for an MTU of {master.mtu}, and {master.name} has {link.mtu}",
                remedy=f"Ask for {link.mtu} or less, or run ip link set {master.name} mtu {master.mtu} on all nodes.",
                subject=master.used.subject,
            )
    yield fine("they have room for what networks ask for")


def _is_in_pod(view: View, master: Master) -> bool:
    """Tell whether the interface may be missing because a pod has it."""
    if master.type not in _MOVED:
        return False
    return any(each.network in {master.used.reference, master.used.network.name} for each in view.attachments)


CHECKS = (
    Check(
        id="master-present",
        title="the interfaces that networks hang on are there",
        looks_at="`master` of macvlan, ipvlan and vlan, `device` of host-device, in the configuration and all NADs, "
        "against the interfaces of this node (rtnetlink).",
        meaning='Pods of these networks fail: "Link not found". For NADs that no pod of this node wants it is a '
        "warning.",
        remedy="Correct the name, or make the interface on this node.",
        look=present,
    ),
    Check(
        id="master-up",
        title="the interfaces that networks hang on are up",
        looks_at="Their flags IFF_UP and IFF_LOWER_UP.",
        meaning="Pods start, and reach nobody.",
        remedy="Set the interface up; look at cable and switch.",
        look=state,
    ),
    Check(
        id="master-mtu",
        title="the interfaces that networks hang on have room for their frames",
        looks_at="`mtu` of these networks, against that of the interface.",
        meaning='Pods of these networks fail: "invalid argument", or "invalid MTU".',
        remedy="Ask for less, or give the interface more, on all nodes.",
        look=mtu,
    ),
)
