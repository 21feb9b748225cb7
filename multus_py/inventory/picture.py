"""What a drawing of attachments shows: interfaces of the node, networks, pods with their interfaces, and the lines.

How it looks is in `svg` and `mermaid`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multus_py.inventory.model import Attachment, Container


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network, between the interface of the node that it hangs on and the pods."""

    name: str
    plugins: str
    """Their types, as "macvlan + tuning"."""
    master: str
    """The interface of the node; empty for none."""


@dataclass(frozen=True, kw_only=True)
class Port:
    """An interface of a pod."""

    name: str
    network: int
    """The index of its network."""
    addresses: tuple[str, ...]
    trouble: tuple[str, ...] = ()
    """What the kernel has otherwise."""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod, or a container of which no pod is known."""

    name: str
    ports: tuple[Port, ...]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Everything."""

    title: str
    masters: tuple[str, ...]
    networks: tuple[Network, ...]
    pods: tuple[Pod, ...]


def picture(title: str, containers: Iterable[Container]) -> Picture:
    """Put together what is to be drawn, in the order of the pods; networks as they come."""
    networks: dict[Network, int] = {}
    pods = []
    for container in containers:
        ports = []
        for each in container.attachments:
            index = networks.setdefault(_network(each), len(networks))
            trouble = tuple(finding.problem for finding in each.findings or ())
            ports.append(Port(name=each.interface, network=index, addresses=each.addresses, trouble=trouble))
        pods.append(Pod(name=container.subject, ports=tuple(ports)))
    masters = tuple(dict.fromkeys(each.master for each in networks if each.master))
    return Picture(title=title, masters=masters, networks=tuple(networks), pods=tuple(pods))


def _network(attachment: Attachment) -> Network:
    return Network(name=attachment.network, plugins=" + ".join(attachment.plugins), master=attachment.master)
