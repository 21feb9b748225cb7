"""The inventory's vocabulary: containers with their attachments, host-local's reservations, and leaks.

How they are read is in `attached` and `stores`, what is judged of them in `liveness` and `leaked`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.findings.finding import Finding


@dataclass(frozen=True, kw_only=True)
class Link:
    """An interface that a plugin's result names on the host's side, such as a bridge or an end of a veth pair."""

    name: str
    mac: str = ""


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route that a plugin's result names."""

    destination: str
    gateway: str = ""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """One network for one interface of a container: what was asked for, and what came of it."""

    network: str
    """What status and events call it: "namespace/name" of its NAD, or the name in its configuration."""
    name: str
    """The name in its configuration: that of cached results and of host-local's directories."""
    plugins: tuple[str, ...]
    """The types of its plugins, in order."""
    interface: str
    completed: bool
    """Whether its ADD succeeded: its result is cached."""
    sandbox: str = ""
    """The path of the network namespace; empty when nothing tells it."""
    master: str = ""
    """The interface of the node that it hangs on: a macvlan's master, a bridge."""
    mac: str = ""
    mtu: int = 0
    """0 when the result does not say."""
    addresses: tuple[str, ...] = ()
    """With their prefix length."""
    gateways: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    host: tuple[Link, ...] = ()
    in_sandbox: bool = True
    """Whether an interface in the sandbox is to be expected: some plugins do addresses only."""
    resource: str = ""
    device: str = ""
    config: JSONObject = field(default_factory=dict)
    """Its configuration, as its plugins get it."""
    findings: tuple[Finding, ...] | None = None
    """How it differs from the kernel (`live`); None if that was not looked at."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container (a pod's sandbox) of which something is recorded on this node."""

    id: str
    pod_namespace: str = ""
    pod: str = ""
    """The pod's name; empty when nothing tells it."""
    pod_uid: str = ""
    attachments: tuple[Attachment, ...] = ()
    """In the order of ADD; empty when neither the record nor a cached result can be read."""

    @property
    def sandbox(self) -> str:
        """The path of its network namespace; empty when nothing tells it."""
        return next((each.sandbox for each in self.attachments if each.sandbox), "")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found of its attachments."""
        return tuple(finding for each in self.attachments for finding in each.findings or ())

    @property
    def subject(self) -> str:
        """What to call it: the pod as "namespace/name", or the container where no pod is known."""
        return f"{self.pod_namespace}/{self.pod}" if self.pod else f"container {self.id[:13]}"


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """An address that host-local has noted as given away."""

    network: str
    address: str
    container_id: str
    path: str


class Life(enum.StrEnum):
    """Whether a container is there."""

    LIVE = "live"
    """Something on this machine still is that container."""
    GONE = "gone"
    """Its network namespace is gone, and nothing speaks against it."""
    UNCLEAR = "unclear"
    """It cannot be told from here, so it is left alone."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether a container is there, and how that can be told."""

    life: Life
    reason: str


class Kind(enum.StrEnum):
    """What sort of thing has leaked; also how it is reclaimed."""

    CONTAINER = "container"
    """Records, results, addresses and interfaces of a container that is gone: its plugins' DEL takes them back."""
    ADDRESS = "address"
    """A reservation of host-local's for a container of which nothing else is left."""
    RECORD = "record"
    """A record that cannot be read, without cached results, of a container of which nothing else is left."""
    RESULT = "result"
    """A cached result that cannot be read, of a container of which nothing else is left."""
    DEVICE_INFO = "device-info"
    LOCK = "lock"
    TEMPORARY = "temporary"


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Something that belongs to nobody any more."""

    kind: Kind
    subject: str
    """What it is, for people: "default/web", "address 203.0.113.10 of network storage"."""
    reason: str
    """How it can be told that nobody needs it."""
    container_id: str = ""
    path: str = ""
    """The file that it is, or that notes it."""
    holds: tuple[str, ...] = ()
    """What it keeps from others, for people: addresses, interfaces."""
