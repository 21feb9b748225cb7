"""What belongs to nobody any more. Looking changes nothing; taking it back is in `reclaiming`.

Whatever another CNI plugin may own is left alone: only stores of networks that Multus knows are looked at, and only
files whose names or contents say which container they are of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.attach import networks as lookup
from multus_py.attach import plan as planning
from multus_py.base import jsontext
from multus_py.cni import conf
from multus_py.cni.errors import CNIError
from multus_py.inventory import attached as attaching
from multus_py.inventory import stores
from multus_py.inventory.liveness import Witnesses
from multus_py.inventory.model import Kind, Leak, Life
from multus_py.node.errors import NodeError

if TYPE_CHECKING:
    from multus_py.cni.conf import Network
    from multus_py.inventory.model import Container, Reservation
    from multus_py.inventory.node import Node
    from multus_py.inventory.stores import OwnedFile


def leaked(
    node: Node, *, networks: Iterable[Network] = (), say: Callable[[str], None] = lambda _text: None
) -> tuple[Leak, ...]:
    """Return what is leaked, containers first.

    Args:
        node: The node.
        networks: Networks that Multus may attach, besides those of the records and of its configuration: all NADs'.
        say: Is told what could not be judged, and why.

    Raises:
        InventoryError: The records cannot be listed.
    """
    # Before the records: Multus writes a record first and removes it last, so what is noted for a container without one
    # is not about to get one.
    reserved = _reservations(node, networks)
    containers = attaching.attached(node)
    witnesses = Witnesses.of(node)
    if witnesses.notes is None:
        directories = " or ".join(map(str, node.places.runtime_results))
        say(f"only containers that are recorded are judged, as the runtime's notes are not to be seen in {directories}")
    search = _Search(node=node, witnesses=witnesses, known=frozenset(each.id for each in containers), say=say)
    return (
        *search.containers(containers),
        *search.reservations(reserved),
        *search.files(),
    )


def networks_of(node: Node, containers: Iterable[Container]) -> tuple[Network, ...]:
    """Return the networks that Multus is known to attach: those of its configuration, and of containers."""
    settings = node.work.settings
    found = list(settings.delegates)
    try:
        found.append(planning.cluster_network(settings, lookup.Finder(settings, None)).network)
    except CNIError:  # a NAD, which the caller may know; records have it, too
        pass
    for each in (each for container in containers for each in container.attachments):
        try:
            found.append(conf.parse(jsontext.dumps(each.config).encode()))
        except CNIError:
            continue
    return tuple(found)


def _reservations(node: Node, networks: Iterable[Network]) -> tuple[Reservation, ...]:
    known = (*networks, *networks_of(node, attaching.attached(node)))
    found = stores.directories(node.places, known).items()
    return tuple(each for directory, name in found for each in stores.reservations(name, directory))


@dataclass(frozen=True, kw_only=True)
class _Search:
    """One look at everything."""

    node: Node
    witnesses: Witnesses
    known: frozenset[str]
    """The containers of which there is a record or a readable result."""
    say: Callable[[str], None]

    def containers(self, containers: Iterable[Container]) -> Iterator[Leak]:
        """Yield the containers that are gone."""
        for container in containers:
            if not container.attachments:
                yield from self._unreadable(container)
                continue
            judgement = self.witnesses.judge(container)
            if judgement.life is Life.GONE and not self._is_busy(container.id):
                yield Leak(
                    kind=Kind.CONTAINER,
                    subject=container.subject,
                    reason=judgement.reason,
                    container_id=container.id,
                    path=str(self.node.places.state / container.id),
                    holds=_held(container),
                )

    def reservations(self, reserved: Iterable[Reservation]) -> Iterator[Leak]:
        """Yield the addresses of containers of which nothing else is left."""
        candidates = [each for each in reserved if self._is_nobody(each.container_id) and self._is_old(each.path)]
        if not candidates:
            return
        try:
            used = self.node.machine.addresses()
        except NodeError as error:
            self.say(f"no address is judged, as it cannot be told which ones are in use: {error}")
            return
        for each in candidates:
            if each.address not in used:
                yield Leak(
                    kind=Kind.ADDRESS,
                    subject=f"address {each.address} of network {each.network}",
                    reason=f"nothing is known of its container {each.container_id[:13]}, and no interface has it",
                    container_id=each.container_id,
                    path=each.path,
                    holds=(each.address,),
                )

    def files(self) -> Iterator[Leak]:
        """Yield files that nobody reads any more."""
        places = self.node.places
        results = () if places.shared else stores.owned(places.results)
        yield from self._owned(Kind.RESULT, "cached result that cannot be read", results)
        yield from self._owned(Kind.DEVICE_INFO, "device information", stores.owned(places.device_info))
        for lock in stores.locks(places.state):
            if self._is_old(lock.path) and not stores.is_held(lock.path):
                yield _file(Kind.LOCK, "lock", lock.path, "no call holds it", lock.container_id)
        for each in stores.unfinished(places.state, places.results, places.device_info):
            if self._is_old(each.path) and not self._is_busy(each.container_id):
                reason = "whoever was writing it has not finished"
                yield _file(Kind.TEMPORARY, "temporary file", each.path, reason, each.container_id)

    def _owned(self, kind: Kind, what: str, files: Iterable[OwnedFile]) -> Iterator[Leak]:
        for each in files:
            if self._is_nobody(each.container_id) and self._is_old(each.path):
                reason = f"nothing is known of its container {each.container_id[:13]}"
                yield _file(kind, what, each.path, reason, each.container_id)

    def _unreadable(self, container: Container) -> Iterator[Leak]:
        """Yield a record that is none, when nothing else speaks for its container."""
        path = self.node.places.state / container.id
        if stores.is_container_id(container.id) and self._is_silent(container.id) and self._is_old(path):
            reason = "nothing can be read of it, and nothing is left of its container"
            yield _file(Kind.RECORD, "record", path, reason, container.id)

    def _is_nobody(self, container_id: str) -> bool:
        """Tell whether nothing is left of a container. Its id must be one: whose other names are cannot be told."""
        known = not stores.is_container_id(container_id) or container_id in self.known
        return not known and self._is_silent(container_id)

    def _is_silent(self, container_id: str) -> bool:
        """Tell whether nothing speaks for a container besides what is recorded."""
        return self.witnesses.is_silent(container_id) and not self._is_busy(container_id)

    def _is_busy(self, container_id: str) -> bool:
        """Tell whether a call is at work for it."""
        return stores.is_held(stores.lock(self.node.places.state, container_id))

    def _is_old(self, path: str | Path) -> bool:
        return stores.is_old(Path(path), now=self.node.now())


def _held(container: Container) -> tuple[str, ...]:
    """Return what a container keeps from others."""
    return tuple(address for each in container.attachments for address in each.addresses)


def _file(kind: Kind, what: str, path: Path, reason: str, container_id: str) -> Leak:
    return Leak(kind=kind, subject=f"{what} {path}", reason=reason, container_id=container_id, path=str(path))
