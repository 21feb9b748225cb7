"""From one version's result to another's: the families of versions, and the steps between them.

Versions of a family say the same things in the same shape. A step changes what a `Result` holds to what the other
family can say; nothing here knows JSON. Section 9.3 to 9.10 of cni-behaviour.
"""

from __future__ import annotations

from multus_py.base import address
from multus_py.cni import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from multus_py.cni.result import Address, Result, Route

BY_FAMILY, VERSIONED, CURRENT = range(3)
FAMILIES = {
    "0.1.0": BY_FAMILY,
    "0.2.0": BY_FAMILY,
    "0.3.0": VERSIONED,
    "0.3.1": VERSIONED,
    "0.4.0": VERSIONED,
    "1.0.0": CURRENT,
    "1.1.0": CURRENT,
}


def convert(result: Result, version: str) -> Result:
    """Return the result as that version can say it.

    Raises:
        CNIError: One of the versions is unknown, or nothing of the result would be left.
    """
    if result.version == version:
        return result
    source, target = FAMILIES.get(result.version), FAMILIES.get(version)
    if source is None or target is None:
        problem = f"no converter for CNI result version {result.version} to {version}"
        raise errors.CNIError(errors.INCOMPATIBLE_VERSION, problem)
    for step in _STEPS.get((source, target), ()):
        result = step(result)
    return result.replace(version=version)


def version_of(entry: Address) -> str:
    """Return the `version` of an address: what the plugin wrote, be it nothing or wrong, else what the address is."""
    return str(address.family(entry.address)) if entry.version is None else entry.version


def _versioned_to_by_family(result: Result) -> Result:
    """Keep the first address of each family and the bare routes of the families that have one (cni-behaviour 9.7)."""
    kept = []
    for version in ("4", "6"):  # by the field, as the reference library does, not by the address
        kept += [each for each in result.addresses if version_of(each) == version][:1]
    if not kept:
        raise errors.CNIError(errors.INCOMPATIBLE_VERSION, "cannot convert: no valid IP addresses")
    present = {version_of(each) for each in kept}
    routes = [_bare(route) for route in result.routes if str(address.family(route.dst)) in present]
    plain = [each.replace(interface=None) for each in kept]
    return result.replace(interfaces=(), addresses=tuple(plain), routes=_ordered(routes))


def _bare(route: Route) -> Route:
    return route.replace(mtu=0, advmss=0, priority=0, table=None, scope=None)


def _ordered(routes: list[Route]) -> tuple[Route, ...]:
    """Put the IPv4 routes first: in this family they stand with the addresses."""
    return tuple(sorted(routes, key=lambda route: address.family(route.dst)))


def _versioned_to_current(result: Result) -> Result:
    return result.replace(addresses=tuple(each.replace(version=None) for each in result.addresses))


def _current_to_versioned(result: Result) -> Result:
    plain = [each.replace(mtu=0, socket_path="", pci_id="") for each in result.interfaces]
    return result.replace(interfaces=tuple(plain))  # version_of has the rest


# From BY_FAMILY to VERSIONED there is nothing to do: the addresses know their version. From CURRENT to BY_FAMILY what
# CURRENT alone can say is said of interfaces, which BY_FAMILY has not.
_STEPS: dict[tuple[int, int], tuple[Callable[[Result], Result], ...]] = {
    (BY_FAMILY, CURRENT): (_versioned_to_current,),
    (VERSIONED, BY_FAMILY): (_versioned_to_by_family,),
    (VERSIONED, CURRENT): (_versioned_to_current,),
    (CURRENT, VERSIONED): (_current_to_versioned,),
    (CURRENT, BY_FAMILY): (_versioned_to_by_family,),
}
