"""Record: what a call is about to run, on disk before it runs, so that DEL, CHECK and GC need nothing else.

The file is `<cniDir>/<containerID>`, in the original's format (multus-behaviour 3.7): a JSON list of delegates in which
`Bytes` is the configuration. What the original loses stands beside its keys, under one key of ours that it ignores:
the interface name, CNI_ARGS and capability arguments. A node can so change between the two under running pods.
Whether an attachment was completed, and with what result, is told by libcni's own cached result (`cni/cache.py`): it is
written by the ADD that succeeds and removed by the DEL that succeeds.
"""

from __future__ import annotations

import binascii

from multus_py.attach.attachment import Attachment
from multus_py.base import fields, files, jsontext
from multus_py.cni import cache, conf, errors, versions
from multus_py.cni import result as results

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.attachment import Plan
    from multus_py.attach.work import Work
    from multus_py.base.fields import Fields
    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.cni.cache import Cached

_OURS = "multus-py"
_LITTER = ("lock", "tmp")
"""What files of a call end in that outlive it when it is killed: `.<containerID>.lock`, `.<containerID>.tmp`."""


def path(cni_dir: str, container_id: str) -> str:
    """Return where a container's record stands."""
    return f"{cni_dir}/{container_id}"


def save(work: Work, container_id: str, attachments: tuple[Attachment, ...]) -> None:
    """Write a container's record. Raises CNIError; what was there before is still there then."""
    target = path(work.settings.cni_dir, container_id)
    document: list[JSONValue] = [_encode(attachment) for attachment in attachments]
    try:
        files.write_atomic(target, jsontext.dumps(document).encode(), only_writer=True)
    except OSError as error:
        raise errors.CNIError(errors.IO_FAILURE, f"cannot write the record {target}: {error.strerror}") from error


def remove(work: Work, container_id: str) -> None:
    """Remove a container's record, if it is there. Raises CNIError."""
    target = path(work.settings.cni_dir, container_id)
    try:
        files.remove(target)
    except OSError as error:
        raise errors.CNIError(errors.IO_FAILURE, f"cannot remove the record {target}: {error.strerror}") from error


def sweep(work: Work, container_id: str) -> None:
    """Remove what is left of a container when all its attachments are gone, but for its record. Raises CNIError.

    Usually that is nothing: calls that were killed, crashes, and a disk that refused leave something.
    """
    cni_dir = work.settings.cni_dir
    try:
        files.remove(files.unfinished(path(cni_dir, container_id)))
    except OSError as error:
        problem = f"cannot remove what is left of container {container_id}: {error}"
        raise errors.CNIError(errors.IO_FAILURE, problem) from error
    # Where cniDir is the runtime's own directory, its record of this very network is there, too.
    cache.sweep(cni_dir, container_id, foreign=work.settings.name)


def load(work: Work, container_id: str) -> tuple[Attachment, ...]:
    """Return what was recorded of a container, in the order of ADD; empty when nothing was.

    A record that is torn, or not one, is no error: the log says so, and what libcni's cache holds of the container is
    returned in its place, as it is when there is no record at all.
    """
    source = path(work.settings.cni_dir, container_id)
    cached = _cached(work, container_id)
    try:
        recorded = _decode(jsontext.loads(files.read(source)), cached, work.request.call.ifname)
        if recorded:  # an empty list is no record: nobody attaches nothing (B12)
            return recorded
    except FileNotFoundError:
        pass
    except (OSError, ValueError, errors.CNIError) as error:
        work.log.error(f"the record {source} cannot be used, the cached results are: {error}")
    return tuple(attachment for entry in cached for attachment in _from_cache(work, entry))


def earlier(work: Work, plan: Plan) -> tuple[Attachment, ...]:
    """Return what is recorded of this call's container beyond a plan, by ADDs for other interfaces."""
    planned = {(attachment.network.name, attachment.ifname) for attachment in plan.attachments}
    known = load(work, work.request.call.container_id)
    return tuple(each for each in known if (each.network.name, each.ifname) not in planned)


def containers(work: Work) -> tuple[str, ...]:
    """Return the containers of which a record or a cached result is there, sorted."""
    recorded = {entry.container_id for entry in _cached(work, "")}
    for name in _names(work):
        if not name.startswith(".") and files.is_regular(path(work.settings.cni_dir, name)):
            recorded.add(name)
    return tuple(sorted(recorded))


def litter(work: Work) -> tuple[str, ...]:
    """Return the containers of which a lock or half a record is there, sorted: calls for them are at work, or died."""
    parts = (name[1:].rpartition(".") for name in _names(work) if name.startswith("."))
    return tuple(sorted({container_id for container_id, _, kind in parts if container_id and kind in _LITTER}))


def completed(work: Work, container_id: str, attachment: Attachment) -> bool:
    """Tell whether the attachment's ADD succeeded, and no DEL has since: its result is cached, be it damaged."""
    try:
        cached = cache.path(work.settings.cni_dir, attachment.network.name, container_id, attachment.ifname)
        return files.exists(cached)
    except (OSError, ValueError, errors.CNIError):  # ValueError: a NUL byte, which no file's name can have
        return False


def without_interface(work: Work, container_id: str, attachment: Attachment) -> bool:
    """Tell whether an attachment is known to have no interface in the pod: its plugins do addresses only, say.

    Results before 0.3.0 never name an interface, so nothing is known of them.
    """
    try:
        cached = cache.read(work.settings.cni_dir, attachment.network.name, container_id, attachment.ifname)
        if cached is None or cached.result is None:
            return False
        known = results.decode(cached.result, default_version=versions.OLDEST)
        return versions.at_least(known.version, "0.3.0") and not any(each.sandbox for each in known.interfaces)
    except errors.CNIError:
        return False


def _cached(work: Work, container_id: str) -> tuple[Cached, ...]:
    """Return the cached results of a container, or of all, the cluster network's first; none when they are unreadable.

    Their files do not tell the order of ADD. Interface names do, as far as Multus chose them.
    """
    try:
        found = cache.attachments(work.settings.cni_dir, container_id)
    except errors.CNIError as error:
        work.log.error(f"the cached results cannot be used: {error}")
        return ()
    # Where cniDir is the runtime's own directory, its record of this very network is there, too.
    others = [entry for entry in found if entry.network_name != work.settings.name]
    return tuple(sorted(others, key=lambda entry: (entry.ifname != work.request.call.ifname, entry.ifname)))


def _names(work: Work) -> list[str]:
    cni_dir = work.settings.cni_dir
    try:
        return files.list_directory(cni_dir)
    except FileNotFoundError:  # a fresh node: nothing has been recorded yet (B17)
        return []
    except OSError as error:
        raise errors.CNIError(errors.IO_FAILURE, f"cannot list {cni_dir}: {error.strerror}") from error


def _encode(attachment: Attachment) -> JSONObject:
    """Write an attachment the way the original writes its `DelegateNetConf`."""
    network, wanted = attachment.network, attachment.selection
    common: JSONObject = {"cniVersion": network.version, "name": network.name}
    plugins: list[JSONValue] = [{"type": plugin.type} for plugin in network.plugins]
    document: JSONObject = {
        "Conf": common | ({"type": network.plugins[0].type} if network.single else {}),
        "ConfList": common | ({} if network.single else {"plugins": plugins}),
        "Name": attachment.name,
        "IsFilterV4Gateway": False,
        "IsFilterV6Gateway": False,
        "Bytes": binascii.b2a_base64(network.effective_raw(), newline=False).decode(),
        _OURS: {
            "ifName": attachment.ifname,
            "netns": attachment.netns,
            "cniArgs": [[key, text] for key, text in attachment.args],
            "capabilityArgs": attachment.capability_args,
        },
    }
    optional: JSONObject = {
        "ifnameRequest": attachment.ifname,  # always: the original would go by the position
        "macRequest": wanted.mac if wanted else "",
        "infinibandGUIDRequest": wanted.infiniband_guid if wanted else "",
        "ipRequest": list(wanted.ips) if wanted else [],
        "deviceID": attachment.device_id,
        "resourceName": attachment.resource,
    }
    return document | {key: item for key, item in optional.items() if item}


def _decode(document: JSONValue, cached: tuple[Cached, ...], ifname: str) -> tuple[Attachment, ...]:
    """Read a record, ours or the original's. Raises ValueError or CNIError when it is neither."""
    if document is None:
        return ()
    if not isinstance(document, list):
        raise fields.FieldError(f"expected a list of delegates, found {jsontext.kind(document)}")
    entries = (fields.Fields.of(item, f"[{index}]") for index, item in enumerate(document))
    return tuple(_decode_entry(entry, index, cached, ifname) for index, entry in enumerate(entries))


def _decode_entry(entry: Fields, index: int, cached: tuple[Cached, ...], ifname: str) -> Attachment:
    network = conf.parse(binascii.a2b_base64(entry.text("Bytes")))
    ours = entry.fields(_OURS)
    name = ours.text("ifName") or entry.text("ifnameRequest") or (f"net{index}" if index else ifname)
    if not name:  # GC has no interface name to offer
        name = next((known.ifname for known in cached if known.network_name == network.name), "eth0")
    attachment = Attachment(
        name=entry.text("Name") or network.name,
        network=network,
        ifname=name,
        resource=entry.text("resourceName"),
        device_id=entry.text("deviceID"),
    )
    if entry.has(_OURS):
        arguments = ours.object("capabilityArgs") or {}
        return attachment.replace(args=_pairs(ours), netns=ours.text("netns"), capability_args=arguments)
    for known in cached:  # the original records only a part of the capability arguments; libcni's cache has all (B14)
        if (known.network_name, known.ifname) == (network.name, name):
            return attachment.replace(args=known.args, capability_args=known.capability_args, netns=known.netns)
    return attachment.replace(capability_args=_requests(entry))


def _pairs(ours: Fields) -> tuple[tuple[str, str], ...]:
    pairs = []
    for item in ours.array("cniArgs"):
        if not isinstance(item, list) or len(item) != 2:
            raise ours.wrong("cniArgs", "a list of pairs", item)
        pairs.append((str(item[0]), str(item[1])))
    return tuple(pairs)


def _requests(entry: Fields) -> JSONObject:
    """Return what the original recorded of the capability arguments."""
    requests: JSONObject = {
        "mac": entry.text("macRequest"),
        "infinibandGUID": entry.text("infinibandGUIDRequest"),
        "ips": list(entry.strings("ipRequest")),
        "deviceID": entry.text("deviceID"),
    }
    return {key: item for key, item in requests.items() if item}


def _from_cache(work: Work, entry: Cached) -> tuple[Attachment, ...]:
    """Return a cached result's attachment; none when its configuration is of no use."""
    try:
        network = conf.parse(entry.config)
    except errors.CNIError as error:
        work.log.error(f"the cached result {entry.path} cannot be used: {error}")
        return ()
    return (
        Attachment(
            name=network.name,
            network=network,
            ifname=entry.ifname,
            args=entry.args,
            capability_args=entry.capability_args,
            netns=entry.netns,
        ),
    )
