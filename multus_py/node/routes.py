"""The default routes of a pod: where the annotation's `default-route` becomes true in the kernel."""

from __future__ import annotations

from multus_py.base import value


class DefaultRoutes(value.Value):
    """What is wanted: the interface that shall hold the default routes, and by which gateways."""

    holder: str
    gateways: tuple[str, ...] = ()
    """At most one of each family; none at all keeps the holder's own default routes."""


class RouteChange(value.Value):
    """What was changed."""

    removed: tuple[tuple[str, int], ...] = ()
    """(interface, 4 or 6) for each interface that lost its default routes of that family, the holder's old ones too."""
    added: tuple[str, ...] = ()
    """The gateways by which the holder has a default route now."""


def set_default_routes(netns_path: str, wanted: DefaultRoutes) -> RouteChange:
    """Make the holder's default routes the only ones of their family in a namespace. Raises NodeError."""
    raise NotImplementedError(netns_path, wanted)
