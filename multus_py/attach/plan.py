"""Plan: from the settings, the pod and its NADs to the ordered list of attachments. Nothing is done here.

Order (multus-behaviour 1.2): the cluster network, the default networks, those of the pod's annotation, the auxiliary
chain. Position decides the interface names (3.5), so that it is settled here once, and recorded.
"""

from __future__ import annotations

from multus_py.attach import customise
from multus_py.attach.attachment import Attachment, Plan
from multus_py.attach.devinfo import INFO_FILE
from multus_py.attach.networks import Found
from multus_py.base import value
from multus_py.cni import errors
from multus_py.multinet import selection
from multus_py.node import deviceinfo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.devices import Device
    from multus_py.attach.networks import Finder
    from multus_py.attach.settings import Settings
    from multus_py.attach.work import PodArgs, Work
    from multus_py.cluster.objects import Pod
    from multus_py.cluster.port import Cluster
    from multus_py.multinet.selection import Selection
    from multus_py.node.routes import DefaultRoutes

NETWORKS = "k8s.v1.cni.cncf.io/networks"
DEFAULT_NETWORK = "v1.multus-cni.io/default-network"


class _Choice(value.Value):
    """A network that will be attached, and what the pod asked for with it."""

    found: Found
    selection: Selection | None = None
    where: str = ""
    """Where the pod asked for it; what messages begin with."""
    device: Device | None = None
    """The device that it takes, once that is known."""


def make(work: Work, pod: Pod | None, *, finder: Finder, cluster: Cluster | None) -> Plan:
    """Decide what an ADD has to do.

    Args:
        work: The call.
        pod: The pod, None when there is no Kubernetes.
        finder: Where networks are looked up.
        cluster: What knows of the pod's devices, None when there is no Kubernetes.

    Raises:
        CNIError: Something that the plan needs is missing, wrong, or not allowed.
    """
    settings = work.settings
    choices = _default_choices(settings, pod, finder)
    if pod is not None:
        choices[0] = _replacement(settings, pod, finder) or choices[0]
        choices += _selected(settings, pod, finder)
    chain = finder.auxiliary_chain()
    if chain is not None:
        choices.append(_Choice(found=chain))
    choices = _with_devices(work, choices, cluster, pod)
    attachments = tuple(_attachment(work, choice, index=index) for index, choice in enumerate(choices))
    try:
        _check_names(attachments)
        return Plan(attachments=attachments, default_routes=_default_routes(attachments))
    except errors.CNIError as error:
        raise error.prefixed(f"pod {pod.namespace}/{pod.name}: " if pod else "") from error


def cluster_network(settings: Settings, finder: Finder) -> Found:
    """Return the network that every pod gets first. Raises CNIError."""
    if settings.cluster_network:
        return finder.reference(settings.cluster_network)
    network = settings.delegates[0]
    return Found(name=network.name, network=network)


def _default_choices(settings: Settings, pod: Pod | None, finder: Finder) -> list[_Choice]:
    """Return the networks that the configuration gives to this pod."""
    choices = [_Choice(found=cluster_network(settings, finder))]
    choices += [_Choice(found=Found(name=network.name, network=network)) for network in settings.delegates[1:]]
    if settings.cluster_network and (pod is None or pod.namespace not in settings.system_namespaces):
        choices += [_Choice(found=finder.reference(name)) for name in settings.default_networks]
    return choices


def _replacement(settings: Settings, pod: Pod, finder: Finder) -> _Choice | None:
    """Return the network that the pod wants in place of the cluster network, None when it wants none."""
    text = pod.annotations.get(DEFAULT_NETWORK)
    if text is None:
        return None
    annotation = _place(pod, DEFAULT_NETWORK)
    try:
        wanted = selection.parse_one(text, namespace=settings.multus_namespace)
    except selection.SelectionError as error:
        raise errors.CNIError(errors.INVALID_CONFIG, f"{annotation}{error}") from error
    return _choice(settings, pod, finder, wanted, f"{annotation}{wanted.reference}: ")


def _selected(settings: Settings, pod: Pod, finder: Finder) -> list[_Choice]:
    """Return the networks that the pod wants besides."""
    annotation = _place(pod, NETWORKS)
    try:
        wanted = selection.parse(pod.annotations.get(NETWORKS, ""), namespace=pod.namespace)
    except selection.SelectionError as error:
        raise errors.CNIError(errors.INVALID_CONFIG, f"{annotation}{error}") from error
    finder.look_up((item.namespace, item.name) for item in wanted if is_allowed(settings, pod.namespace, item))
    return [
        _choice(settings, pod, finder, item, f"{annotation}networks[{index}] ({item.reference}): ")
        for index, item in enumerate(wanted)
    ]


def _place(pod: Pod, annotation: str) -> str:
    return f"pod {pod.namespace}/{pod.name}: annotation {annotation}: "


def _choice(settings: Settings, pod: Pod, finder: Finder, wanted: Selection, where: str) -> _Choice:
    try:
        _check_isolation(settings, pod, wanted)
        found = finder.attachment_definition(wanted.namespace, wanted.name)
    except errors.CNIError as error:
        raise error.prefixed(where) from error
    return _Choice(found=found, selection=wanted, where=where)


def _check_isolation(settings: Settings, pod: Pod, wanted: Selection) -> None:
    """Refuse a network of another namespace where pods are kept apart (cni-behaviour 15.1.4)."""
    if not is_allowed(settings, pod.namespace, wanted):
        problem = (
            f"namespace isolation enabled, annotation violates permission, pod is in namespace {pod.namespace} but "
            f"refers to target namespace {wanted.namespace} (allowed: {', '.join(in_reach(settings, pod.namespace))})"
        )
        raise errors.CNIError(errors.INVALID_CONFIG, problem)


def is_allowed(settings: Settings, namespace: str, wanted: Selection) -> bool:
    """Tell whether pods of a namespace may use a network."""
    return not settings.namespace_isolation or wanted.namespace in in_reach(settings, namespace)


def in_reach(settings: Settings, namespace: str) -> tuple[str, ...]:
    """Return the namespaces whose networks a namespace's pods may use where pods are kept apart."""
    return tuple(dict.fromkeys((namespace, *settings.global_namespaces)))


def _with_devices(work: Work, choices: list[_Choice], cluster: Cluster | None, pod: Pod | None) -> list[_Choice]:
    """Let each network that needs a device take one, in their order."""
    if not any(choice.found.resource or (choice.selection and choice.selection.device_id) for choice in choices):
        return choices
    from multus_py.attach.devices import Devices  # 0.2 ms, for pods with a device only

    devices, equipped = Devices(work, cluster, pod), []
    for choice in choices:
        try:
            equipped.append(choice.replace(device=devices.take(choice.found, choice.selection)))
        except errors.CNIError as error:
            raise error.prefixed(choice.where) from error
    return equipped


def _attachment(work: Work, choice: _Choice, *, index: int) -> Attachment:
    found, wanted, device = choice.found, choice.selection, choice.device
    ifname = (wanted.interface if wanted else "") or (f"net{index}" if index else work.request.call.ifname)
    # The runtime's capability arguments are meant for the cluster network alone (cni-behaviour 14.3.9).
    capability_args = dict(work.settings.runtime_config) if index == 0 else {}
    capability_args |= wanted.capability_args() if wanted else {}
    allocated = device.id if device is not None and device.allocated else ""
    try:
        network = customise.customised(found.network, cni_args=wanted.cni_args if wanted else None, device_id=allocated)
    except errors.CNIError as error:
        raise error.prefixed(choice.where) from error
    if device is not None:
        info = deviceinfo.attachment_path(found.name, work.request.call.container_id, ifname)
        capability_args |= {"deviceID": device.id, INFO_FILE: info}
    return Attachment(
        name=found.name,
        network=network,
        ifname=ifname,
        args=delegate_args(work.pod_args, wanted),
        capability_args=capability_args,
        selection=wanted,
        resource=found.resource if allocated else "",
        device_id=device.id if device is not None else "",
        netns=work.request.call.netns,
    )


def delegate_args(pod_args: PodArgs, wanted: Selection | None) -> tuple[tuple[str, str], ...]:
    """Return CNI_ARGS for a delegate: what the runtime gave us, then the MAC and the addresses that the pod asked for.

    Multus: it always sends IgnoreUnknown first, then the pod (cni-behaviour 8.6.4); unlike it we send no key twice.
    """
    pairs = {"IgnoreUnknown": "true"} | dict(pod_args.pairs)
    if wanted is not None and wanted.mac:
        pairs["MAC"] = wanted.mac
    if wanted is not None and wanted.ips:
        pairs["IP"] = ",".join(wanted.ips)
    return tuple(pairs.items())


def _check_names(attachments: tuple[Attachment, ...]) -> None:
    """Refuse a plan that would fail half-way: two networks on one interface."""
    holders: dict[str, str] = {}
    for attachment in attachments:
        if attachment.ifname in holders:
            problem = f"{holders[attachment.ifname]} and {attachment.name} both want interface name {attachment.ifname}"
            raise errors.CNIError(errors.INVALID_CONFIG, problem)
        holders[attachment.ifname] = attachment.name


def _default_routes(attachments: tuple[Attachment, ...]) -> tuple[DefaultRoutes, ...]:
    """Return who is to hold the default routes (cni-behaviour 14.4)."""
    asked = [
        (item.ifname, wanted, gateways)
        for item in attachments
        if (wanted := item.selection) is not None and (gateways := wanted.gateways) is not None
    ]
    try:
        selection.check_default_routes([wanted for _, wanted, _ in asked])
    except selection.SelectionError as error:
        raise errors.CNIError(errors.INVALID_CONFIG, f"default-route: {error}") from error
    if not asked:
        return ()
    from multus_py.node import routes  # brings netlink, 1 ms

    return tuple(routes.DefaultRoutes(holder=ifname, gateways=gateways) for ifname, _, gateways in asked)
