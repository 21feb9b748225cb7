"""What a runtime passes to a plugin in environment variables: read, checked, and the rules for names.

Sections 1, 2 and 5 of cni-behaviour. Nothing here reads the process' own environment; it is an argument.
"""

from __future__ import annotations

from multus_py.base import value, wording
from multus_py.cni import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

COMMANDS = ("ADD", "CHECK", "DEL", "GC", "STATUS", "VERSION")

_ALPHANUMERIC = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_NAME = _ALPHANUMERIC | frozenset("_.-")
# Go's unicode.IsSpace. str.isspace() differs: it takes U+001C to U+001F too.
_SPACE = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | frozenset(
    map(chr, range(0x2000, 0x200B))
)
_MAX_INTERFACE_NAME = 15  # bytes: the kernel's IFNAMSIZ without the NUL


class Call(value.Value):
    """The environment of one call of a plugin, checked for what the command requires."""

    command: str
    """CNI_COMMAND as it stands; it need not be one of COMMANDS."""
    container_id: str = ""
    netns: str = ""
    ifname: str = ""
    args: str = ""
    """CNI_ARGS, not parsed yet: `parse_args` and `split_args` do that."""
    path: tuple[str, ...] = ()
    """The directories of CNI_PATH."""
    netns_override: bool = False
    """Whether CNI_NETNS may be the plugin's own network namespace."""


def validate_container_id(text: str) -> None:
    """Check a container id. Raises CNIError (cni-behaviour 2.2)."""
    if not text:
        raise errors.CNIError(errors.UNKNOWN_CONTAINER, "missing containerID")
    if not _is_name(text):
        raise errors.CNIError(errors.INVALID_ENVIRONMENT, "invalid characters in containerID", text)


def validate_network_name(text: str) -> None:
    """Check a network's name. Raises CNIError (cni-behaviour 2.3)."""
    if not text:
        raise errors.CNIError(errors.INVALID_CONFIG, "missing network name:")
    if not _is_name(text):
        raise errors.CNIError(errors.INVALID_CONFIG, "invalid characters found in network name", text)


def validate_interface_name(text: str) -> None:
    """Check an interface's name, in the order of cni-behaviour 2.4. Raises CNIError."""
    problem, details = "", ""
    if not text:
        problem = "interface name is empty"
    elif len(text.encode(errors="surrogateescape")) > _MAX_INTERFACE_NAME:
        problem, details = "interface name is too long", "interface name should be less than 16 characters"
    elif text in (".", ".."):
        problem = "interface name is . or .."
    elif not _SPACE.isdisjoint(text) or "/" in text or ":" in text:
        problem = "interface name contains / or : or whitespace characters"
    if problem:
        raise errors.CNIError(errors.INVALID_ENVIRONMENT, problem, details)


def _is_name(text: str) -> bool:
    return text[0] in _ALPHANUMERIC and _NAME.issuperset(text)


_ATTACHMENT = frozenset({"ADD", "CHECK", "DEL"})

# Which commands require a variable, and how it is checked for them; in the order of examination
# (cni-behaviour 1.3, 1.5).
VARIABLES: tuple[tuple[str, frozenset[str], Callable[[str], None] | None], ...] = (
    ("CNI_CONTAINERID", _ATTACHMENT, validate_container_id),
    ("CNI_NETNS", frozenset({"ADD", "CHECK"}), None),
    ("CNI_IFNAME", _ATTACHMENT, validate_interface_name),
    ("CNI_ARGS", frozenset(), None),
    ("CNI_PATH", _ATTACHMENT | {"GC", "STATUS"}, None),
    ("CNI_NETNS_OVERRIDE", frozenset(), None),
)
_COMMAND = "CNI_COMMAND"


def call_from_environ(environ: Mapping[bytes, bytes]) -> Call:
    """Read and check the variables of a call.

    Raises:
        CNIError: A variable is invalid, or some are missing; all the missing ones are named together.
    """
    command = _variable(environ, _COMMAND)
    if not command:
        raise _missing([_COMMAND])
    given: dict[str, str] = {}
    missing = []
    for name, commands, validate in VARIABLES:
        text = given[name] = _variable(environ, name)
        if command not in commands:
            continue
        if not text:
            missing.append(name)
        elif validate:
            validate(text)
    if missing:
        raise _missing(missing)
    return Call(
        command=command,
        container_id=given["CNI_CONTAINERID"],
        netns=given["CNI_NETNS"],
        ifname=given["CNI_IFNAME"],
        args=given["CNI_ARGS"],
        path=tuple(directory for directory in given["CNI_PATH"].split(":") if directory),
        netns_override=given["CNI_NETNS_OVERRIDE"].lower() in ("1", "true"),
    )


def _variable(environ: Mapping[bytes, bytes], name: str) -> str:
    return environ.get(name.encode(), b"").decode(errors="surrogateescape")


def _missing(names: list[str]) -> errors.CNIError:
    return errors.CNIError(errors.INVALID_ENVIRONMENT, f"required env variables [{','.join(names)}] missing")


def parse_args(text: str) -> tuple[tuple[str, str], ...]:
    """Parse CNI_ARGS by its grammar: `K=V;K=V`, exactly one `=` in each pair, nothing trimmed.

    Raises:
        CNIError: A pair is none, an empty one (a trailing `;`) included.
    """
    pairs = []
    for pair in text.split(";") if text else ():
        parts = pair.split("=")
        if len(parts) != 2:
            raise errors.CNIError(errors.INVALID_ENVIRONMENT, f"ARGS: invalid pair {wording.quoted(pair)}")
        pairs.append((parts[0], parts[1]))
    return tuple(pairs)


def split_args(text: str) -> tuple[tuple[str, str], ...]:
    """Split CNI_ARGS as far as it can be read: each pair at its first `=`; what has none is left out."""
    halves = (pair.partition("=") for pair in text.split(";"))
    return tuple((key, content) for key, equals, content in halves if equals)


def join_args(pairs: Iterable[tuple[str, str]]) -> str:
    """Write CNI_ARGS. There is no escaping (cni-behaviour 8.6)."""
    return ";".join(f"{key}={content}" for key, content in pairs)
