"""The record of an attachment's ADD that the reference library keeps, `cniCacheV1`, in its place and form.

`<cache directory>/results/<network>-<container>-<interface>`; section 8.13 of cni-behaviour. Another implementation may
have written the file, and may read ours. What is done with a record is in `network`.
"""

from __future__ import annotations

import binascii

from multus_py.base import files, jsontext, value, wording
from multus_py.base.fields import FieldError, Fields
from multus_py.cni import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

KIND = "cniCacheV1"
_RESULTS = "results"


class UnreadableError(errors.CNIError):
    """The system does not let the state be read. Nothing may be taken for gone, then: it is only not known."""

    def __init__(self, path: str, error: OSError) -> None:
        """Say which file or directory it is."""
        super().__init__(errors.IO_FAILURE, f"read {path}: {wording.reason(error)}")


class Cached(value.Value):
    """One attachment: what was asked for, and what came of it."""

    network_name: str
    container_id: str
    ifname: str
    config: bytes = b""
    """The configuration of the network, before anything is added to it for a call."""
    netns: str = ""
    args: tuple[tuple[str, str], ...] = ()
    capability_args: JSONObject
    result: JSONObject | None = None
    """What the last plugin returned, in the version in which it did."""
    path: str = ""
    """The file that it was read from."""


def path(cache_dir: str, network_name: str, container_id: str, ifname: str) -> str:
    """Return the path of an attachment's record.

    Raises:
        CNIError: A part of the name is missing, or would lead out of the directory.
    """
    parts = (network_name, container_id, ifname)
    if not all(parts):
        network, container, interface = map(wording.quoted, parts)
        problem = f"requires network name ({network}), container ID ({container}), and interface name ({interface})"
        raise errors.CNIError(errors.INVALID_CONFIG, f"cache file path {problem}")
    name = "-".join(parts)
    if "/" in name or "\0" in name:
        raise errors.CNIError(errors.INVALID_CONFIG, f"cache file path cannot hold the name {wording.quoted(name)}")
    return f"{cache_dir}/{_RESULTS}/{name}"


def write(cache_dir: str, cached: Cached) -> None:
    """Write an attachment's record, atomically.

    Raises:
        CNIError: It has no proper name, or the file cannot be written.
    """
    target = path(cache_dir, cached.network_name, cached.container_id, cached.ifname)
    document: JSONObject = {
        "kind": KIND,
        "containerId": cached.container_id,
        "config": binascii.b2a_base64(cached.config, newline=False).decode(),
        "ifName": cached.ifname,
        "networkName": cached.network_name,
    }
    args: list[JSONValue] = [list(pair) for pair in cached.args]
    optional: JSONObject = {
        "netns": cached.netns,
        "cniArgs": args,
        "capabilityArgs": cached.capability_args,
        "result": cached.result,
    }
    document.update({key: item for key, item in optional.items() if item})
    data = jsontext.dumps(document, html_safe=True).encode(errors="replace")
    try:
        files.make_directories(files.directory_of(target))
        files.write_atomic(target, data, only_writer=True)  # whoever writes has the lock of the container
    except OSError as error:
        raise errors.CNIError(errors.IO_FAILURE, f"write {target}: {wording.reason(error)}") from error


def read(cache_dir: str, network_name: str, container_id: str, ifname: str) -> Cached | None:
    """Read an attachment's record; None when there is none.

    A JSON object of another kind is what old versions wrote: the bare result.

    Raises:
        CNIError: It has no proper name, the file cannot be read, or it is damaged.
    """
    source = path(cache_dir, network_name, container_id, ifname)
    try:
        document = jsontext.loads_object(files.read(source))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise errors.CNIError(errors.IO_FAILURE, f"read {source}: {wording.reason(error)}") from error
    except jsontext.JSONError as error:
        raise errors.CNIError(errors.DECODING_FAILURE, f"{source}: {error}") from error
    if document.get("kind") != KIND:
        return Cached(
            network_name=network_name,
            container_id=container_id,
            ifname=ifname,
            capability_args={},
            result=document,
            path=source,
        )
    try:
        return _decode(document, source)
    except ValueError as error:  # FieldError and binascii.Error are
        raise errors.CNIError(errors.DECODING_FAILURE, f"{source}: {error}") from error


def remove(cache_dir: str, network_name: str, container_id: str, ifname: str) -> None:
    """Remove an attachment's record. That there is none is no error.

    Raises:
        CNIError: It has no proper name, or the file cannot be removed.
    """
    target = path(cache_dir, network_name, container_id, ifname)
    try:
        files.discard(target)
    except OSError as error:
        raise errors.CNIError(errors.IO_FAILURE, f"remove {target}: {wording.reason(error)}") from error


def sweep(cache_dir: str, container_id: str, *, foreign: str = "") -> None:
    """Remove all records of a container, also those that are torn, or were never finished.

    The content of these does not say whose they are; their names do, well enough for what is of no use to anybody.

    Args:
        cache_dir: The directory that has `results/`.
        container_id: The container.
        foreign: A network whose records are not ours to remove.

    Raises:
        CNIError: One cannot be removed, or the directory cannot be listed.
    """
    directory = f"{cache_dir}/{_RESULTS}"
    try:
        for name in files.list_directory(directory):
            if f"-{container_id}-" not in name or name.startswith(f"{foreign}-{container_id}-"):
                continue
            if name.startswith(".") or _is_of(f"{directory}/{name}", container_id):
                files.remove(f"{directory}/{name}")
    except FileNotFoundError:
        pass
    except OSError as error:
        raise errors.CNIError(errors.IO_FAILURE, f"sweep {directory}: {wording.reason(error)}") from error


def attachments(cache_dir: str, container_id: str = "") -> tuple[Cached, ...]:
    """Return all records, or those of one container, in the order of their files' names. Damaged ones are left out.

    Raises:
        UnreadableError: The system refuses to list the directory, or to read one of them.
        CNIError: In the directory's place is something else. That it does not exist is no error.
    """
    directory = f"{cache_dir}/{_RESULTS}"
    try:
        names = files.list_directory(directory)
    except FileNotFoundError:
        return ()
    except OSError as error:
        if files.is_spoilt(error):
            raise errors.CNIError(errors.IO_FAILURE, f"open {directory}: {wording.reason(error)}") from error
        raise UnreadableError(directory, error) from error
    needle = f"-{container_id}-" if container_id else ""
    found = (_readable(f"{directory}/{name}") for name in names if needle in name and not name.startswith("."))
    return tuple(cached for cached in found if cached and container_id in ("", cached.container_id))


def _is_of(source: str, container_id: str) -> bool:
    cached = _readable(source)
    return files.is_regular(source) if cached is None else cached.container_id == container_id


def _readable(source: str) -> Cached | None:
    """Return a record, None when it is damaged. Raises UnreadableError."""
    try:
        document = jsontext.loads_object(files.read(source))
        cached = _decode(document, source) if document.get("kind") == KIND else None
    except ValueError:
        return None
    except OSError as error:
        if files.is_spoilt(error):
            return None
        raise UnreadableError(source, error) from error
    return cached if cached and cached.ifname and cached.network_name else None


def _decode(document: JSONObject, source: str) -> Cached:
    fields = Fields(document, "")
    return Cached(
        network_name=fields.text("networkName"),
        container_id=fields.text("containerId"),
        ifname=fields.text("ifName"),
        config=binascii.a2b_base64(fields.text("config").encode(), strict_mode=True),
        netns=fields.text("netns"),
        args=tuple(_pair(fields, item) for item in fields.array("cniArgs")),
        capability_args=fields.object("capabilityArgs") or {},
        result=fields.object("result"),
        path=source,
    )


def _pair(fields: Fields, item: JSONValue) -> tuple[str, str]:
    if isinstance(item, list) and len(item) == 2:
        key, content = item
        if isinstance(key, str) and isinstance(content, str):
            return key, content
    raise FieldError(f"{fields.path('cniArgs')}: expected pairs of strings")
