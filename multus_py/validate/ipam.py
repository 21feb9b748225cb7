"""Addresses, subnets and ranges of the IPAM plugins: what cannot be handed out, and what could be handed out twice.

The rules are those of the plugins themselves, which apply them when a pod starts.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING, TypeAlias

from multus_py.base.fields import Fields
from multus_py.findings.finding import Finding, Severity
from multus_py.validate.document import Path

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONValue
    from multus_py.validate.document import Document

Address: TypeAlias = IPv4Address | IPv6Address
Subnet: TypeAlias = IPv4Network | IPv6Network


@dataclass(frozen=True, kw_only=True)
class Range:
    """Addresses that a plugin hands out, as far as they are written so that they can be understood."""

    path: Path
    """Where in the IPAM configuration."""
    subnet: Subnet
    first: Address
    last: Address

    def holds(self, address: Address) -> bool:
        """Tell whether an address is one of these."""
        return address.version == self.first.version and int(self.first) <= int(address) <= int(self.last)

    def overlaps(self, other: Range) -> bool:
        """Tell whether an address is in both."""
        return self.holds(other.first) or self.holds(other.last) or other.holds(self.first)


def check(document: Document, type: str) -> Iterator[Finding]:
    """Yield what is wrong with the addresses of an IPAM configuration, which is what the document is."""
    if type in _CHECKS:
        yield from _CHECKS[type](document)
        yield from _check_routes(document, type)


def ranges(value: JSONValue, type: str) -> tuple[tuple[Range, ...], ...]:
    """Return the sets of ranges that a plugin takes one address of each from; for `static`, each address."""
    return tuple(_RANGES[type](Fields(value, ""))) if type in _RANGES and isinstance(value, dict) else ()


def address(value: JSONValue) -> Address | None:
    """Return an address; None when this is none, which the schemas have said already."""
    try:
        return ipaddress.ip_address(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _interface(value: JSONValue) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface | None:
    """Return an address with its prefix length."""
    try:
        return ipaddress.ip_interface(value) if isinstance(value, str) and "/" in value else None
    except ValueError:
        return None


# ------------------------------------------------------------------------------------------------------- host-local


def _host_local_ranges(fields: Fields) -> Iterator[tuple[Range, ...]]:
    single = _host_local_range(fields, ())
    if single is not None:
        yield (single,)
    sets = fields.raw("ranges")
    for at, each in enumerate(sets if isinstance(sets, list) else ()):
        found = (
            _host_local_range(Fields(item, ""), ("ranges", at, index))
            for index, item in enumerate(each if isinstance(each, list) else ())
            if isinstance(item, dict)
        )
        yield tuple(item for item in found if item is not None)


def _host_local_range(fields: Fields, path: Path) -> Range | None:
    written = _interface(fields.raw("subnet"))
    if written is None:
        return None
    subnet: Subnet = written.network
    first = address(fields.raw("rangeStart")) or subnet.network_address
    last = address(fields.raw("rangeEnd")) or subnet.broadcast_address
    return Range(path=path, subnet=subnet, first=first, last=last)


def _check_host_local(document: Document) -> Iterator[Finding]:
    sets = ranges(document.value, "host-local")
    for each in sets:
        for item in each:
            yield from _check_subnet(document, item)
            yield from _check_ends(document, item, "rangeStart", "rangeEnd")
            yield from _check_gateway(document, (*item.path, "gateway"), (item.subnet,))
        if len({item.subnet.version for item in each}) > 1:
            yield document.finding(
                "mixed-families",
                each[0].path[:-1],
                "expected ranges of one family, found IPv4 and IPv6 in one set",
                remedy="Make two sets of them: [[{IPv4}], [{IPv6}]].",
            )
    yield from _check_overlaps(document, sets, "subnet")


def _check_subnet(document: Document, item: Range) -> Iterator[Finding]:
    path = (*item.path, "subnet")
    written = _interface(document.get(path))
    if written is not None and written.ip != item.subnet.network_address:
        problem = f"expected the address of a network, found {written}, whose network is {item.subnet}"
        yield document.finding("host-bits-set", path, problem, remedy=f"Write {item.subnet}.")
    if item.subnet.prefixlen > item.subnet.max_prefixlen - 2:
        problem = f"expected a subnet of four addresses or more, found {item.subnet}"
        yield document.finding("subnet-too-small", path, problem, remedy="Write a shorter prefix length.")


# ------------------------------------------------------------------------------------------------------- whereabouts


def _whereabouts_ranges(fields: Fields) -> Iterator[tuple[Range, ...]]:
    single = _whereabouts_range(fields, ())
    if single is not None:
        yield (single,)
    several = fields.raw("ipRanges")
    for at, item in enumerate(several if isinstance(several, list) else ()):
        found = _whereabouts_range(Fields(item, ""), ("ipRanges", at)) if isinstance(item, dict) else None
        if found is not None:
            yield (found,)


def _whereabouts_range(fields: Fields, path: Path) -> Range | None:
    """Read 192.0.2.0/24, or 192.0.2.10-192.0.2.20/24."""
    text = fields.raw("range")
    begin, dash, end = text.partition("-") if isinstance(text, str) else ("", "", "")
    written = _interface((end if dash else begin).strip())
    if written is None:
        return None
    subnet: Subnet = written.network
    first = address(begin.strip()) if dash else address(fields.raw("range_start"))
    last = written.ip if dash else address(fields.raw("range_end"))
    return Range(path=path, subnet=subnet, first=first or subnet.network_address, last=last or subnet.broadcast_address)


def _check_whereabouts(document: Document) -> Iterator[Finding]:
    for path in ((), *(("ipRanges", at) for at, _ in enumerate(_items(document, ("ipRanges",))))):
        text = document.get((*path, "range"))
        if isinstance(text, str) and not ranges(document.get(path), "whereabouts"):
            problem = f'expected a subnet or a range with a prefix length, found "{text}"'
            remedy = "Write 192.0.2.0/24 or 192.0.2.10-192.0.2.20/24."
            yield document.finding("wrong-value", (*path, "range"), problem, remedy=remedy)
    sets = ranges(document.value, "whereabouts")
    for (item,) in sets:
        yield from _check_ends(document, item, "range_start", "range_end")
        for at, text in enumerate(_items(document, (*item.path, "exclude"))):
            yield from _check_exclude(document, item, (*item.path, "exclude", at), text)
    yield from _check_gateway(document, ("gateway",), tuple(item.subnet for (item,) in sets))
    for finding in _check_overlaps(document, sets, "range"):  # whereabouts sees to it that no address is given twice
        yield dataclasses.replace(finding, severity=Severity.WARNING)


def _check_exclude(document: Document, item: Range, path: Path, text: JSONValue) -> Iterator[Finding]:
    excluded = _interface(text if not isinstance(text, str) or "/" in text else f"{text}/{item.subnet.max_prefixlen}")
    if excluded is not None and not excluded.network.overlaps(item.subnet):
        yield document.finding(
            "address-outside-subnet",
            path,
            f"expected a part of {item.subnet}, found {text}",
            remedy="Correct it, or remove it: nothing of it is handed out.",
            severity=Severity.WARNING,
        )


# ------------------------------------------------------------------------------------------------------------ static


def _static_ranges(fields: Fields) -> Iterator[tuple[Range, ...]]:
    several = fields.raw("addresses")
    for at, item in enumerate(several if isinstance(several, list) else ()):
        written = _interface(Fields(item, "").raw("address")) if isinstance(item, dict) else None
        if written is not None:
            yield (Range(path=("addresses", at), subnet=written.network, first=written.ip, last=written.ip),)


def _check_static(document: Document) -> Iterator[Finding]:
    sets = ranges(document.value, "static")
    for (item,) in sets:
        yield from _check_gateway(document, (*item.path, "gateway"), (item.subnet,))
    for (one,), (other,) in itertools.combinations(sets, 2):
        if one.overlaps(other):
            yield document.finding(
                "overlapping-ranges",
                (*other.path, "address"),
                f"{other.first} stands here a second time",
                remedy="Remove one of them.",
            )


# ---------------------------------------------------------------------------------------------------- what all have


def _check_ends(document: Document, item: Range, start: str, end: str) -> Iterator[Finding]:
    outside = [(key, at) for key, at in ((start, item.first), (end, item.last)) if not _within(at, item.subnet)]
    for key, found in outside:
        yield document.finding(
            "address-outside-subnet",
            (*item.path, key if document.get((*item.path, key)) is not None else "range"),
            f"expected an address of {item.subnet}, found {found}",
            remedy="Write an address of the subnet, or the subnet that was meant.",
        )
    if not outside and int(item.first) > int(item.last):
        yield document.finding(
            "reversed-range",
            (*item.path, end if document.get((*item.path, end)) is not None else "range"),
            f"expected {item.first} or an address after it, found {item.last}",
            remedy="Write the lower address first.",
        )


def _check_gateway(document: Document, path: Path, subnets: tuple[Subnet, ...]) -> Iterator[Finding]:
    gateway = address(document.get(path))
    if gateway is None or not subnets or any(_within(gateway, subnet) for subnet in subnets) or gateway.is_link_local:
        return
    yield document.finding(
        "gateway-outside-subnet",
        path,
        f"expected an address of {' or '.join(map(str, subnets))}, found {gateway}",
        remedy="Write the gateway's address in the subnet; the pod reaches no other one directly.",
        severity=Severity.ERROR if _has_route_by_gateway(document) else Severity.WARNING,
    )


def _has_route_by_gateway(document: Document) -> bool:
    """Tell whether a route goes by the gateway: the kernel refuses it then, and the pod fails."""
    routes = _items(document, ("routes",))
    return any(document.get(("routes", at, "gw")) is None for at, _ in enumerate(routes))


def _check_overlaps(document: Document, sets: tuple[tuple[Range, ...], ...], key: str) -> Iterator[Finding]:
    every = [item for each in sets for item in each]
    for one, other in itertools.combinations(every, 2):
        if one.overlaps(other):
            yield document.finding(
                "overlapping-ranges",
                (*other.path, key),
                f"{_shown(other)} overlaps with {_shown(one)} of line {document.line((*one.path, key))}",
                remedy="Give each range addresses of its own.",
            )


def _check_routes(document: Document, type: str) -> Iterator[Finding]:
    subnets = [item.subnet for each in ranges(document.value, type) for item in each]
    for at, _ in enumerate(_items(document, ("routes",))):
        path = ("routes", at, "gw")
        gateway = address(document.get(path))
        near = [subnet for subnet in subnets if gateway is not None and subnet.version == gateway.version]
        for finding in _check_gateway(document, path, tuple(near)):
            yield document.finding(finding.id, path, finding.problem, remedy=finding.remedy, severity=Severity.WARNING)


def _items(document: Document, path: Path) -> list[JSONValue]:
    value = document.get(path)
    return value if isinstance(value, list) else []


def _within(address: Address, subnet: Subnet) -> bool:
    return address.version == subnet.version and address in subnet


def _shown(item: Range) -> str:
    whole = item.first == item.subnet.network_address and item.last == item.subnet.broadcast_address
    return str(item.subnet) if whole else f"{item.first} to {item.last}"


_CHECKS: dict[str, Callable[[Document], Iterator[Finding]]] = {
    "host-local": _check_host_local,
    "whereabouts": _check_whereabouts,
    "static": _check_static,
}
_RANGES: dict[str, Callable[[Fields], Iterator[tuple[Range, ...]]]] = {
    "host-local": _host_local_ranges,
    "whereabouts": _whereabouts_ranges,
    "static": _static_ranges,
}
