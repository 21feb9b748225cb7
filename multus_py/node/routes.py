"""The default routes of a pod: where the annotation's `default-route` becomes true in the kernel.

All of it concerns the unicast routes to 0.0.0.0/0 and ::/0 of the main table: whatever their metric, with one gateway,
with several (multipath), with none (device only), with the flag onlink. Cluster routes, link routes and other tables
stay.

A removed route is kept as the kernel described it, so that it can be put back exactly. IPv6 routes that a router has
advertised are removed like all others; so that the next advertisement does not bring them back, the interfaces are told
to learn addresses only (`accept_ra_defrtr`).
"""

from __future__ import annotations

import errno
import posix

from multus_py.base import address, files, value
from multus_py.node import defaultroute, errors, netlink, netns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from multus_py.node.defaultroute import Route
    from multus_py.node.netlink import Socket
    from multus_py.node.netns import Namespace

_LEARN_DEFAULT = "/proc/sys/net/ipv6/conf/{}/accept_ra_defrtr"


class DefaultRoutes(value.Value):
    """What is wanted: the interface that shall hold the default routes, and by which gateways."""

    holder: str
    gateways: tuple[str, ...] = ()
    """At most one of each family; none at all keeps the holder's own default routes."""


class RouteChange(value.Value):
    """What was changed."""

    removed: tuple[tuple[str, int], ...] = ()
    """(interface, 4 or 6) for each interface that lost default routes of that family; the holder may be among them."""
    added: tuple[str, ...] = ()
    """The gateways by which the holder has its default routes now."""


class DefaultRoute(value.Value):
    """One default route, or one leg of it."""

    interface: str
    family: int
    """4 or 6."""
    gateway: str = ""
    """Empty when the route leads straight to the interface."""
    metric: int = 0


def set_default_routes(netns_path: str, wanted: DefaultRoutes) -> RouteChange:
    """Make the holder's default routes the only ones of their family in a namespace.

    With gateways, the families of these are changed: all default routes go, the holder's old ones included, and one
    through each gateway comes. Without, the holder's own stay and the others' go, in each family in which the holder
    has one. Other families are not touched. It is for the end of an ADD: a network attached later may bring new ones.

    Raises:
        NodeError: The namespace or the holder is not there, the holder has no default route to keep, or the kernel
            refuses a change. Everything is as it was then, unless the message says otherwise.
    """
    with netns.Namespace(netns_path) as namespace, namespace.socket() as socket:
        names = {link.index: link.name for link in socket.links()}
        index = next((index for index, name in names.items() if name == wanted.holder), 0)
        if not index:
            raise errors.NodeError(f"{netns_path}: no interface {wanted.holder} to hold the default route")
        found = defaultroute.list_all(socket)
        versions = {address.family(gateway) for gateway in wanted.gateways}
        versions = versions or {route.version for route in found if route.is_on(index)}
        if not versions:
            raise errors.NodeError(f"{wanted.holder} shall keep its default route, but has none")
        change = _Change(namespace, socket, names)
        try:
            if 6 in versions:
                kept = "" if wanted.gateways else wanted.holder
                change.ignore_advertised([name for name in names.values() if name not in {"lo", kept}])
            _replace(change, [route for route in found if route.version in versions], wanted, index=index)
        except BaseException as error:
            lost = change.undo()
            if isinstance(error, errors.NodeError) and lost:
                raise errors.NodeError(f"{error}; and {lost}") from error
            raise
        return RouteChange(removed=tuple(change.removed), added=wanted.gateways)


def _replace(change: _Change, found: Iterable[Route], wanted: DefaultRoutes, *, index: int) -> None:
    """Remove the default routes that are there, and make the wanted ones."""
    for route in sorted(found, key=_without_gateway):
        change.remove(route, kept=0 if wanted.gateways else index)
    for gateway in wanted.gateways:
        change.add(gateway, index)


def _without_gateway(route: Route) -> bool:
    """Sort by this: a request to remove a route without a gateway would fit one with a gateway, too."""
    return not any(leg.gateway for leg in route.legs)


def list_default_routes(netns_path: str) -> tuple[DefaultRoute, ...]:
    """Return the default routes of a namespace, the ways of a multipath route one by one.

    Raises:
        NodeError: The namespace is not there, or the kernel does not tell.
    """
    with netns.socket_in(netns_path) as socket:
        names = {link.index: link.name for link in socket.links()}
        return tuple(
            DefaultRoute(
                interface=names.get(leg.index, ""),
                family=route.version,
                gateway=leg.gateway,
                metric=route.metric,
            )
            for route in defaultroute.list_all(socket)
            for leg in route.legs
        )


class _Change:
    """Changes that are undone together."""

    def __init__(self, namespace: Namespace, socket: Socket, names: Mapping[int, str]) -> None:
        self._namespace = namespace
        self._socket = socket
        self._names = names
        self._undo: list[Callable[[], object]] = []
        self.removed: list[tuple[str, int]] = []

    def remove(self, route: Route, *, kept: int) -> None:
        """Remove a route, but for its legs on the interface `kept`. A route with no other legs is not touched."""
        gone = [leg for leg in route.legs if leg.index != kept]
        if not gone:
            return
        self._request(defaultroute.DELETE_ROUTE, 0, route, "cannot be removed")
        # Without the flag APPEND a route comes before those of the same metric; the last one removed is the first back.
        back = netlink.CREATE
        self._undo.append(lambda: self._request(defaultroute.NEW_ROUTE, back, route, "cannot be put back"))
        if len(gone) < len(route.legs):
            self._make(route.only(kept), netlink.CREATE, "cannot be kept")
        for leg in gone:
            pair = (self._names.get(leg.index, ""), route.version)
            if pair not in self.removed:
                self.removed.append(pair)

    def add(self, gateway: str, index: int) -> None:
        """Add a default route through a gateway."""
        self._make(defaultroute.through(gateway, index), netlink.CREATE | netlink.EXCLUSIVE, "cannot be added")

    def ignore_advertised(self, ifnames: list[str]) -> None:
        """Let interfaces learn no default routes from routers any more."""
        with netns.Inside(self._namespace):  # /proc/sys/net shows the namespace of whoever looks
            for ifname in ifnames:
                before = _setting(ifname)
                if before not in {b"", b"0"}:
                    _set(ifname, b"0")
                    self._set_again_later(ifname, before)

    def undo(self) -> str:
        """Put everything back, the last change first; say what was not possible."""
        lost = []
        while self._undo:
            try:
                self._undo.pop()()
            except errors.NodeError as error:
                lost.append(str(error))
        return ", ".join(lost)

    def _make(self, route: Route, flags: int, problem: str) -> None:
        """Make a route; to undo it, remove it."""
        self._request(defaultroute.NEW_ROUTE, flags, route, problem)
        self._undo.append(lambda: self._request(defaultroute.DELETE_ROUTE, 0, route, "cannot be removed again"))

    def _request(self, kind: int, flags: int, route: Route, problem: str) -> None:
        try:
            self._socket.request(kind, route.payload(), flags)
        except errors.KernelError as error:
            if kind == defaultroute.DELETE_ROUTE and error.errno == errno.ESRCH:
                return  # it has gone by itself
            raise errors.NodeError(f"{route.describe(self._names)} {problem}: {error}") from error

    def _set_again_later(self, ifname: str, before: bytes) -> None:
        def set_again() -> None:
            with netns.Inside(self._namespace):
                _set(ifname, before)

        self._undo.append(set_again)


def _setting(ifname: str) -> bytes:
    """Return whether an interface learns default routes; empty when it has no IPv6."""
    try:
        return files.read(_LEARN_DEFAULT.format(ifname)).strip()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise errors.NodeError(f"cannot see whether {ifname} learns IPv6 default routes: {error}") from error


def _set(ifname: str, setting: bytes) -> None:
    try:
        fd = posix.open(_LEARN_DEFAULT.format(ifname), posix.O_WRONLY | posix.O_CLOEXEC)
        try:
            files.write_fd(fd, setting)
        finally:
            posix.close(fd)
    except OSError as error:
        raise errors.NodeError(f"cannot tell {ifname} whether to learn IPv6 default routes: {error}") from error
