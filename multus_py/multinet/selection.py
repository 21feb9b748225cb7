"""Network selections: what the annotations `networks` and `default-network` of a pod ask for.

Text in, immutable values out. Nothing here knows Kubernetes, pods or plugins: that a network exists, and what becomes
of a request, are other modules' business. Grammar: NPWG multi-network spec 4, cni-behaviour 14, multus-behaviour 2.1.

Everything that can be wrong with an annotation by itself is found here, as one SelectionError that names the element
("networks[1].mac"). The caller knows which pod and which annotation it was, and adds that.
"""

from __future__ import annotations

from multus_py.base import address, fields, jsontext, value
from multus_py.base.wording import quoted
from multus_py.cni import args
from multus_py.cni.errors import CNIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from multus_py.base.fields import Fields
    from multus_py.base.jsontext import JSONObject

_JSON_MARKS = frozenset('[{"')
_ALPHANUMERIC = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_NAME_CHARACTERS = _ALPHANUMERIC | {"-"}
_LABEL_SIZE, _NAME_SIZE = 63, 253
_RATES = ("ingressRate", "ingressBurst", "egressRate", "egressBurst")
_PROTOCOLS = ("", "tcp", "udp", "sctp")


class SelectionError(ValueError):
    """An annotation asks for something that is not possible; the message names the element and the reason."""


class Selection(value.Value):
    """One element of the annotation: a network, and how the pod wants to be attached to it."""

    namespace: str
    name: str
    """The NetworkAttachmentDefinition."""
    interface: str = ""
    """The name that the interface should have in the pod; empty when any will do."""
    ips: tuple[str, ...] = ()
    """Addresses, each with or without a prefix length, as written."""
    mac: str = ""
    infiniband_guid: str = ""
    port_mappings: tuple[JSONObject, ...] = ()
    bandwidth: JSONObject | None = None
    cni_args: JSONObject | None = None
    """What goes into `args.cni` of every plugin; {} is not the same as None."""
    device_id: str = ""
    gateways: tuple[str, ...] | None = None
    """`default-route`: None when the key is absent; () keeps the attachment's own default route."""
    ipam_claim: str = ""

    @property
    def reference(self) -> str:
        """The network's full name, "namespace/name"."""
        return f"{self.namespace}/{self.name}"

    def capability_args(self) -> JSONObject:
        """Return what this selection puts into `runtimeConfig`, for plugins that can (cni-behaviour 14.3)."""
        wanted: JSONObject = {
            "ips": list(self.ips),
            "mac": self.mac,
            "portMappings": list(self.port_mappings),
            "bandwidth": self.bandwidth,
            "infinibandGUID": self.infiniband_guid,
            "deviceID": self.device_id,
        }
        return {key: item for key, item in wanted.items() if item}


def parse(text: str, *, namespace: str) -> tuple[Selection, ...]:
    """Read the annotation `k8s.v1.cni.cncf.io/networks`, in its short form or as JSON.

    Args:
        text: The annotation. Empty means no networks.
        namespace: Where networks without a namespace of their own are.

    Raises:
        SelectionError: When any element is not as it should be, or two ask for the same interface.
    """
    if not text:
        return ()
    selections = _parse(text, namespace, "networks")
    _check_interfaces(selections)
    return selections


def parse_one(text: str, *, namespace: str) -> Selection:
    """Read the annotation `v1.multus-cni.io/default-network`: the same grammar, exactly one element.

    Raises:
        SelectionError: When it has another number of elements, or the one is not as it should be.
    """
    selections = _parse(text, namespace, "default-network") if text else ()
    if len(selections) != 1:
        raise SelectionError(f"default-network: expected exactly one network, found {len(selections)}")
    return selections[0]


def is_json(text: str) -> bool:
    """Tell whether an annotation has the JSON form, or is meant to."""
    return not _JSON_MARKS.isdisjoint(text)


def check_default_routes(selections: Iterable[Selection]) -> None:
    """Check that all `default-route` requests of a pod can be fulfilled together.

    One gateway for each address family, or one attachment that keeps its own default routes: anything else would leave
    it to chance where the pod's traffic goes.

    Raises:
        SelectionError: When they contradict each other.
    """
    requests = [(each.reference, each.gateways) for each in selections if each.gateways is not None]
    keepers = [reference for reference, gateways in requests if not gateways]
    if keepers and len(requests) > 1:
        names = ", ".join(reference for reference, _ in requests)
        raise SelectionError(f"an empty default-route list must be the only default-route of a pod: {names}")
    for family in (4, 6):
        found = [
            f"{gateway} ({reference})"
            for reference, gateways in requests
            for gateway in gateways
            if address.family(gateway) == family
        ]
        if len(found) > 1:
            problem = f"multus does not support ECMP for default-route: several IPv{family} gateways"
            raise SelectionError(f"{problem}: {', '.join(found)}")


def _parse(text: str, namespace: str, where: str) -> tuple[Selection, ...]:
    try:
        if not is_json(text):
            items = enumerate(text.split(","))
            return tuple(_short(item.strip(), namespace, f"{where}[{index}]") for index, item in items)
        return tuple(_element(element, namespace) for element in _elements(text, where))
    except fields.FieldError as error:
        raise SelectionError(str(error)) from error


def _elements(text: str, where: str) -> tuple[Fields, ...]:
    """Return the objects of the JSON form. Keys are found whatever their case; those that mean nothing are ignored."""
    try:
        document = jsontext.loads(text)
    except jsontext.JSONError as error:
        raise SelectionError(f"{where}: neither a list of network names nor JSON: {error}") from error
    if not isinstance(document, list):
        raise SelectionError(f"{where}: expected a JSON array of objects, found {jsontext.kind(document)}")
    return fields.Fields({where: document}, "").objects(where)


def _short(item: str, namespace: str, where: str) -> Selection:
    """Read `[namespace/]name[@interface]`, blanks allowed around each part."""
    if not item:
        raise SelectionError(f"{where}: the network's name is missing (is there a comma too many?)")
    where = f"{where} ({quoted(item)})"
    parts = item.split("/")
    if len(parts) > 2:
        raise SelectionError(f"{where}: Invalid network object (failed at '/')")
    rest = parts[-1].split("@")
    if len(rest) > 2:
        raise SelectionError(f"{where}: Invalid network object (failed at '@')")
    own = parts[0].strip() if len(parts) == 2 else ""
    selection = Selection(
        namespace=own or namespace,
        name=rest[0].strip(),
        interface=rest[1].strip() if len(rest) == 2 else "",
    )
    _check_names(selection, own, where)
    return selection


def _element(element: Fields, namespace: str) -> Selection:
    own = element.text("namespace")
    selection = Selection(
        namespace=own or namespace,
        name=element.text("name"),
        interface=element.text("interface") or element.text("interfaceRequest"),  # the second is the old spelling
        ips=_checked_list(element, "ips", address.ip_or_cidr, "an IP address, or one with a prefix length"),
        mac=_hardware_address(element, "mac"),
        infiniband_guid=_hardware_address(element, "infiniband-guid"),
        port_mappings=tuple(_port_mapping(entry) for entry in element.objects("portMappings")),
        bandwidth=_bandwidth(element.fields("bandwidth")) if element.has("bandwidth") else None,
        cni_args=element.object("cni-args"),
        device_id=element.text("deviceID"),
        gateways=element.parsed("default-route", address.ip, "an IP address") if element.has("default-route") else None,
        ipam_claim=element.text("ipam-claim-reference"),
    )
    _check_names(selection, own, element.where)
    if selection.ips and selection.ipam_claim:
        problem = "cannot provide a static IP and a reference of an IPAM claim in the same network selection element"
        raise SelectionError(f"{element.where}: {problem}")
    return selection


def _check_names(selection: Selection, own_namespace: str, where: str) -> None:
    """Check the names that must be valid wherever they come from; the pod's own namespace needs no check.

    Multus: the original refuses dots in the short form, although names of NADs may contain them, and checks nothing in
    the JSON form, where a bad name then fails at the API server.
    """
    if not selection.name:
        raise SelectionError(f"{where}: the network's name is missing")
    if not is_dns_name(selection.name, size=_NAME_SIZE, dots=True):
        raise SelectionError(f"{where}: {quoted(selection.name)} cannot be the name of a NetworkAttachmentDefinition")
    if own_namespace and not is_dns_name(own_namespace, size=_LABEL_SIZE, dots=False):
        raise SelectionError(f"{where}: {quoted(own_namespace)} cannot be the name of a namespace")
    if selection.interface:
        _check_interface(selection.interface, where)


def _check_interface(name: str, where: str) -> None:
    try:
        args.validate_interface_name(name)
    except CNIError as error:
        raise SelectionError(f"{where}: {quoted(name)} cannot be the name of an interface: {error}") from error
    if not name.isprintable():  # NUL, which ends it for the kernel; and what would steer the terminal that shows it
        problem = "it contains a character that cannot be shown"
        raise SelectionError(f"{where}: {quoted(name)} cannot be the name of an interface: {problem}")


def is_dns_name(text: str, *, size: int, dots: bool) -> bool:
    """Tell whether this is a DNS-1123 label (a namespace's name), or several joined by dots (an object's name)."""
    labels = text.split(".") if dots else [text]
    return len(text) <= size and all(
        _NAME_CHARACTERS.issuperset(label) and label[:1] in _ALPHANUMERIC and label[-1:] in _ALPHANUMERIC
        for label in labels
    )


def _checked_list(element: Fields, key: str, check: Callable[[str], str], expected: str) -> tuple[str, ...]:
    """Return a list of strings as it was written, once all of them have been found good."""
    element.parsed(key, check, expected)
    return element.strings(key)


def _hardware_address(element: Fields, key: str) -> str:
    text = element.text(key)
    try:
        if text:
            address.mac(text)
    except ValueError as error:
        raise SelectionError(f"{element.path(key)}: {error}") from error
    return text  # as written: what it means beyond its form is the plugin's business


def _port_mapping(entry: Fields) -> JSONObject:
    """Check one port mapping, and return it as the plugins know it."""
    protocol, host_ip = entry.text("protocol"), entry.text("hostIP")
    if protocol.lower() not in _PROTOCOLS:
        raise entry.wrong("protocol", "TCP, UDP or SCTP", protocol)
    if host_ip:
        _checked_text(entry, "hostIP", address.ip, "an IP address")
    mapping: JSONObject = {key: _port(entry, key) for key in ("hostPort", "containerPort")}
    optional: JSONObject = {"protocol": protocol, "hostIP": host_ip}
    return mapping | {key: text for key, text in optional.items() if text}


def _checked_text(entry: Fields, key: str, check: Callable[[str], str], expected: str) -> None:
    text = entry.text(key)
    try:
        check(text)
    except ValueError:
        raise entry.wrong(key, expected, text) from None


def _port(entry: Fields, key: str) -> int:
    if not entry.has(key):
        raise SelectionError(f"{entry.path(key)}: the port is missing")
    port = entry.integer(key)
    if not 0 < port < 1 << 16:
        raise entry.wrong(key, "a port from 1 to 65535", port)
    return port


def _bandwidth(entry: Fields) -> JSONObject:
    """Check the rates (bits per second) and bursts (bits); all four are passed on, 0 for what is not limited."""
    rates: JSONObject = {}
    for key in _RATES:
        rate = entry.integer(key)
        if rate < 0:
            raise entry.wrong(key, "a number of bits, 0 or more", rate)
        rates[key] = rate
    return rates


def _check_interfaces(selections: tuple[Selection, ...]) -> None:
    first: dict[str, int] = {}
    for index, selection in enumerate(selections):
        earlier = first.setdefault(selection.interface, index) if selection.interface else index
        if earlier != index:
            raise SelectionError(
                f'networks[{earlier}] and networks[{index}] both ask for the interface "{selection.interface}"'
            )
