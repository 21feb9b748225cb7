"""The result of an ADD: one type for all seven versions of the spec, and its JSON in each of them.

A `Result` holds what its own version can say. What is lost or computed on the way to another version is in `convert`.
Section 9 of cni-behaviour; keys that are not in it are dropped, as the reference library does.
"""

from __future__ import annotations

from multus_py.base import address as addresses
from multus_py.base import value, wording
from multus_py.base.fields import FieldError, Fields
from multus_py.cni import convert, errors, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from multus_py.base.jsontext import JSONObject, JSONValue


class Interface(value.Value):
    """A network interface that a plugin made or used."""

    name: str
    mac: str = ""
    sandbox: str = ""
    """The path of its network namespace, empty for one on the host."""
    mtu: int = 0
    socket_path: str = ""
    pci_id: str = ""


class Address(value.Value):
    """An IP address that a plugin assigned."""

    address: str
    """With its prefix length, the host part kept: 192.0.2.7/24."""
    interface: int | None = None
    """The index of its interface in the result."""
    gateway: str = ""
    version: str | None = None
    """The `version` field that results before 1.0.0 have: "4" or "6", or what else the plugin wrote."""


class Route(value.Value):
    """A route that a plugin set."""

    dst: str
    gw: str = ""
    mtu: int = 0
    advmss: int = 0
    priority: int = 0
    table: int | None = None
    scope: int | None = None


class DNS(value.Value):
    """Name servers and what goes with them."""

    nameservers: tuple[str, ...] = ()
    domain: str = ""
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


class Result(value.Value):
    """What an ADD brought about."""

    version: str = versions.CURRENT
    """The version in which the plugin said it, one of versions.SUPPORTED."""
    interfaces: tuple[Interface, ...] = ()
    addresses: tuple[Address, ...] = ()
    routes: tuple[Route, ...] = ()
    dns: DNS = DNS()


def decode(document: JSONObject, *, default_version: str) -> Result:
    """Read a result in whatever version it is.

    Args:
        document: What the plugin printed.
        default_version: What it is taken for when it names no version; empty means 0.1.0.

    Raises:
        CNIError: It is in a version that does not exist, or a field has a wrong value.
    """
    declared = document.get("cniVersion")  # exact in case, unlike the other keys: cni-behaviour 0.3.1
    version = declared if isinstance(declared, str) and declared else default_version or versions.OLDEST
    read, _ = _codec(version)
    try:
        return read(Fields(document, "result")).replace(version=version)
    except FieldError as error:
        raise errors.CNIError(errors.DECODING_FAILURE, f"failed to unmarshal raw result: {error}") from error


def encode(result: Result, version: str) -> JSONObject:
    """Write a result in a version, converted if it is in another one.

    Args:
        result: The result; in its own version nothing of it changes.
        version: The version to write; empty means 0.1.0.

    Raises:
        CNIError: There is no such version, or the result cannot be said in it.
    """
    converted = convert.convert(result, version or versions.OLDEST)
    _, write = _codec(converted.version)
    return write(converted)


def _codec(version: str) -> tuple[Callable[[Fields], Result], Callable[[Result], JSONObject]]:
    family = convert.FAMILIES.get(version)
    if family is None:
        problem = f"unsupported CNI result version {wording.quoted(version)}"
        raise errors.CNIError(errors.INCOMPATIBLE_VERSION, problem)
    return _CODECS[family]


# Reading. Entries without an address or a destination say nothing; the reference library accepts them too.


def _read_by_family(fields: Fields) -> Result:
    """Read 0.1.0 and 0.2.0: at most one address of each family, with its routes."""
    found: list[Address] = []
    routes: list[Route] = []
    for key, version in _BY_FAMILY:
        entry = fields.fields(key)
        if entry.has("ip"):
            found.append(Address(address=_cidr(entry, "ip"), gateway=_ip(entry, "gateway"), version=version))
        routes += _read_routes(entry)
    return Result(addresses=tuple(found), routes=tuple(routes), dns=_read_dns(fields))


def _read_versioned(fields: Fields) -> Result:
    """Read 0.3.0 to 0.4.0: addresses that tell their family."""
    return Result(
        interfaces=tuple(
            Interface(name=entry.text("name"), mac=entry.text("mac"), sandbox=entry.text("sandbox"))
            for entry in fields.objects("interfaces")
        ),
        addresses=tuple(
            address.replace(version=entry.text("version"))
            for entry in fields.objects("ips")
            for address in _read_address(entry)
        ),
        routes=_read_routes(fields),
        dns=_read_dns(fields),
    )


def _read_current(fields: Fields) -> Result:
    """Read 1.0.0 and 1.1.0."""
    return Result(
        interfaces=tuple(
            Interface(
                name=entry.text("name"),
                mac=entry.text("mac"),
                sandbox=entry.text("sandbox"),
                mtu=entry.integer("mtu"),
                socket_path=entry.text("socketPath"),
                pci_id=entry.text("pciID"),
            )
            for entry in fields.objects("interfaces")
        ),
        addresses=tuple(address for entry in fields.objects("ips") for address in _read_address(entry)),
        routes=_read_routes(fields),
        dns=_read_dns(fields),
    )


def _read_address(entry: Fields) -> tuple[Address, ...]:
    index, gateway = _optional_integer(entry, "interface"), _ip(entry, "gateway")
    if not entry.has("address"):
        return ()
    return (Address(address=_cidr(entry, "address"), interface=index, gateway=gateway),)


def _read_routes(fields: Fields) -> tuple[Route, ...]:
    return tuple(
        Route(
            dst=_cidr(entry, "dst"),
            gw=_ip(entry, "gw"),
            mtu=entry.integer("mtu"),
            advmss=entry.integer("advmss"),
            priority=entry.integer("priority"),
            table=_optional_integer(entry, "table"),
            scope=_optional_integer(entry, "scope"),
        )
        for entry in fields.objects("routes")
        if entry.has("dst")
    )


def _read_dns(fields: Fields) -> DNS:
    entry = fields.fields("dns")
    return DNS(
        nameservers=entry.strings("nameservers"),
        domain=entry.text("domain"),
        search=entry.strings("search"),
        options=entry.strings("options"),
    )


def _optional_integer(fields: Fields, key: str) -> int | None:
    return fields.integer(key) if fields.has(key) else None


def _cidr(fields: Fields, key: str) -> str:
    text = fields.text(key)
    try:
        return addresses.ip_or_cidr(text if "/" in text else f"{text}/")
    except ValueError as error:
        raise errors.CNIError(errors.DECODING_FAILURE, f"invalid CIDR address: {text}") from error


def _ip(fields: Fields, key: str) -> str:
    text = fields.text(key)
    try:
        return addresses.ip(text) if text else ""
    except ValueError as error:
        raise errors.CNIError(errors.DECODING_FAILURE, f"invalid IP address: {text}") from error


# Writing. The order of the keys is the one that users see from the reference library.


def _write_by_family(result: Result) -> JSONObject:
    document: JSONObject = {"cniVersion": result.version}
    for key, version in _BY_FAMILY:
        found = [each for each in result.addresses if convert.version_of(each) == version]
        if found:
            routes = [route for route in result.routes if str(addresses.family(route.dst)) == version]
            document[key] = _filled(
                {
                    "ip": found[0].address,
                    "gateway": found[0].gateway,
                    "routes": [_write_route(route) for route in routes],
                }
            )
    document["dns"] = _write_dns(result.dns)
    return document


def _write_versioned(result: Result) -> JSONObject:
    interfaces: list[JSONValue] = [
        {"name": each.name, **_filled({"mac": each.mac, "sandbox": each.sandbox})} for each in result.interfaces
    ]
    ips: list[JSONValue] = [
        {
            "version": convert.version_of(each),
            **_filled({"interface": each.interface, "address": each.address, "gateway": each.gateway}),
        }
        for each in result.addresses
    ]
    routes: list[JSONValue] = [_write_route(route) for route in result.routes]
    return {
        "cniVersion": result.version,
        **_filled({"interfaces": interfaces, "ips": ips, "routes": routes}),
        "dns": _write_dns(result.dns),
    }


def _write_current(result: Result) -> JSONObject:
    """Write 1.0.0 and 1.1.0, where all keys are in alphabetical order."""
    interfaces: list[JSONValue] = [
        {
            **_filled({"mac": each.mac, "mtu": each.mtu or None}),
            "name": each.name,
            **_filled({"pciID": each.pci_id, "sandbox": each.sandbox, "socketPath": each.socket_path}),
        }
        for each in result.interfaces
    ]
    ips: list[JSONValue] = [
        _filled({"address": each.address, "gateway": each.gateway, "interface": each.interface})
        for each in result.addresses
    ]
    routes: list[JSONValue] = [dict(sorted(_write_route(route).items())) for route in result.routes]
    dns: JSONObject = dict(sorted(_write_dns(result.dns).items()))
    return _filled({"cniVersion": result.version, "dns": dns, "interfaces": interfaces, "ips": ips, "routes": routes})


def _write_route(route: Route) -> JSONObject:
    return _filled(
        {
            "dst": route.dst,
            "gw": route.gw,
            "mtu": route.mtu or None,
            "advmss": route.advmss or None,
            "priority": route.priority or None,
            "table": route.table,
            "scope": route.scope,
        }
    )


def _write_dns(dns: DNS) -> JSONObject:
    return _filled(
        {
            "nameservers": list(dns.nameservers),
            "domain": dns.domain,
            "search": list(dns.search),
            "options": list(dns.options),
        }
    )


def _filled(document: JSONObject) -> JSONObject:
    """Return the keys that have something to say; a zero does say something here."""
    return {key: item for key, item in document.items() if item is not None and item not in ("", [], {})}


_BY_FAMILY = (("ip4", "4"), ("ip6", "6"))
_CODECS = {
    convert.BY_FAMILY: (_read_by_family, _write_by_family),
    convert.VERSIONED: (_read_versioned, _write_versioned),
    convert.CURRENT: (_read_current, _write_current),
}
