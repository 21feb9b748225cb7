"""default-route: change the pod's routes as asked, then the results, so that nobody is told of routes that are gone.

NPWG multi-network spec 4.1.2.1.9, cni-behaviour 14.4. The original changes the cached results only, and not the
routes (B1 to B5); here the kernel comes first, and results, cache, network status and CHECK follow it.
"""

from __future__ import annotations

from multus_py.base import address
from multus_py.cni import cache, errors
from multus_py.cni import result as results
from multus_py.cni.result import Route
from multus_py.node import errors as node_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from multus_py.attach.attachment import Attached
    from multus_py.attach.work import Work
    from multus_py.cni.result import Result
    from multus_py.node.routes import DefaultRoutes, RouteChange

_DEFAULT = {4: "0.0.0.0/0", 6: "::/0"}


def reroute(work: Work, wanted: DefaultRoutes, made: Iterable[Attached]) -> list[Attached]:
    """Give the default route to one interface of the pod; return the attachments with results that say so.

    Raises:
        CNIError: The kernel refuses, or a changed result cannot be cached.
    """
    try:
        change = work.ports.node.set_default_routes(work.request.call.netns, wanted)
    except node_errors.NodeError as error:
        problem = f"[{work.subject}]: cannot set the default route to {wanted.holder}: {error}"
        raise errors.CNIError(errors.INTERNAL, problem) from error
    return [_updated(work, attached, wanted, change) for attached in made]


def _updated(work: Work, attached: Attached, wanted: DefaultRoutes, change: RouteChange) -> Attached:
    ifname = attached.attachment.ifname
    # A plugin may claim a default route that it has not set, so what goes does not depend on what the kernel had.
    lost = {family for name, family in change.removed if name == ifname}
    lost |= {address.family(gateway) for gateway in change.added}
    gained = change.added if ifname == wanted.holder else ()
    result = corrected(attached.result, lost=lost, gained=gained)
    if result == attached.result:
        return attached
    _cache(work, attached, result)
    return attached.replace(result=result)


def corrected(result: Result, *, lost: set[int], gained: tuple[str, ...]) -> Result:
    """Return a result without its default routes of some families (4, 6), and with those via some gateways."""
    kept = [
        route for route in result.routes if not (address.is_default(route.dst) and address.family(route.dst) in lost)
    ]
    new = [Route(dst=_DEFAULT[address.family(gateway)], gw=gateway) for gateway in gained]
    return result.replace(routes=(*kept, *new))


def _cache(work: Work, attached: Attached, result: Result) -> None:
    """Write the result where libcni's CHECK and DEL look for it."""
    network, ifname = attached.attachment.network.name, attached.attachment.ifname
    cached = cache.read(work.settings.cni_dir, network, work.request.call.container_id, ifname)
    if cached is not None:
        cache.write(work.settings.cni_dir, cached.replace(result=results.encode(result, result.version)))
