"""The plugin's side of the protocol: from environment and stdin to one JSON document and an exit status.

Whatever a handler does, its caller gets a result or an error object, never a traceback on stdout and never two
documents. Sections 1, 3, 4 and 6 of cni-behaviour.
"""

from __future__ import annotations

import posix

from multus_py.base import files, jsontext, value, wording
from multus_py.base.fields import FieldError, Fields
from multus_py.cni import args, errors, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from multus_py.base.jsontext import JSONObject

    Handler: TypeAlias = Callable[["Request"], JSONObject | None]
    Read: TypeAlias = Callable[[], bytes]
    Write: TypeAlias = Callable[[bytes], None]

_INDENT = 4
_OWN_NETNS = "/proc/self/ns/net"
_NETNS_COMMANDS = ("ADD", "DEL")


class Request(value.Value):
    """One call, checked: what a handler gets."""

    call: args.Call
    config: bytes
    """The network configuration as it came on stdin."""
    version: str
    """The version to answer in; what the configuration says, or 0.1.0."""
    name: str
    """The network's name."""


def run(
    handlers: Mapping[str, Handler],
    *,
    about: str = "",
    supported: Sequence[str] = versions.SUPPORTED,
    environ: Mapping[bytes, bytes] | None = None,
    stdin: Read | None = None,
    stdout: Write | None = None,
    stderr: Write | None = None,
    own_netns: str = _OWN_NETNS,
) -> int:
    """Answer one call of a plugin.

    Args:
        handlers: What to do for each command. They get a checked request; what they return is printed. A command that
            has none succeeds, and prints nothing.
        about: What the plugin is, for people who start it by hand.
        supported: The versions of configurations that the handlers understand.
        environ: The environment variables; this process' own by default.
        stdin: Reads all of stdin; this process' own by default. It is called once at most.
        stdout: Writes to stdout, likewise.
        stderr: Writes to stderr, likewise.
        own_netns: The path of the network namespace that CNI_NETNS must not be.

    Returns:
        The exit status.
    """
    plugin = _Plugin(handlers, supported, stdin or _read_stdin, own_netns)
    write, tell = stdout or _write_stdout, stderr or _write_stderr
    variables = posix.environ if environ is None else environ
    if about and not variables.get(b"CNI_COMMAND"):
        tell(f"{about}\nCNI protocol versions supported: {', '.join(supported)}\n".encode())
        return 0
    try:
        exit_status, text = 0, plugin.answer(variables)
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt too: the runtime must get its document
        exit_status, text = 1, _failure(error, tell)
    try:
        write(text.encode(errors="replace"))
    except BaseException as error:  # noqa: BLE001 - there is nothing left to print it with
        tell(f"cannot write to stdout: {error}\n".encode(errors="replace"))
        return 1
    return exit_status


def version_document(supported: Sequence[str]) -> str:
    """Return the answer to VERSION: one line, which names the newest version that we know, whatever was asked."""
    listed: JSONObject = {"cniVersion": versions.CURRENT, "supportedVersions": list(supported)}
    return jsontext.dumps(listed) + "\n"


def _read_stdin() -> bytes:
    return files.read_fd(0)


def _write_stdout(data: bytes) -> None:
    files.write_fd(1, data)


def _write_stderr(data: bytes) -> None:
    try:
        files.write_fd(2, data)
    except OSError:
        pass  # nobody listens


def _failure(error: BaseException, tell: Write) -> str:
    """Return the error object for whatever was raised."""
    if not isinstance(error, errors.CNIError):
        _tell_where(error, tell)
        shown = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        error = errors.CNIError(errors.INTERNAL, f"internal error: {shown}")
    return jsontext.dumps(error.document(), indent=_INDENT, html_safe=True)


def _tell_where(error: BaseException, tell: Write) -> None:
    """Write a traceback to stderr: what happened is a bug, or somebody's interrupt."""
    try:
        import traceback  # 5 ms, when all is lost anyway

        tell("".join(traceback.format_exception(error)).encode(errors="replace"))
    except BaseException:  # noqa: BLE001, S110 - the document on stdout is what counts
        pass


class _Plugin:
    """The checks before a handler is called, in their order."""

    def __init__(self, handlers: Mapping[str, Handler], supported: Sequence[str], stdin: Read, own_netns: str) -> None:
        self._handlers = handlers
        self._supported = supported
        self._stdin = stdin
        self._own_netns = own_netns

    def answer(self, environ: Mapping[bytes, bytes]) -> str:
        """Return what is to be printed. Raises CNIError, and what a handler raises."""
        call = args.call_from_environ(environ)
        if call.command == "VERSION":
            return version_document(self._supported)  # stdin is not even read
        request = self._request(call)
        self._check_netns(call)
        handler = self._handlers.get(call.command)
        if handler is None:
            return ""
        document = handler(request)
        if document is None and call.command == "ADD":
            document = {"cniVersion": request.version}  # an ADD without a result is no answer
        return "" if document is None else jsontext.dumps(document, indent=_INDENT, html_safe=True)

    def _request(self, call: args.Call) -> Request:
        config = self._read()
        name, fields = _network_name(config)
        if call.command not in args.COMMANDS:
            raise errors.CNIError(errors.INVALID_ENVIRONMENT, f"unknown CNI_COMMAND: {call.command}")
        try:
            version = fields.text("cniVersion") or versions.OLDEST
        except FieldError as error:
            problem = f"decoding version from network config: {error}"
            raise errors.CNIError(errors.DECODING_FAILURE, problem) from error
        self._check_version(call.command, version)
        return Request(call=call, config=config, version=version, name=name)

    def _read(self) -> bytes:
        try:
            return self._stdin()
        except OSError as error:
            problem = f"error reading from stdin: {wording.reason(error)}"
            raise errors.CNIError(errors.IO_FAILURE, problem) from error

    def _check_version(self, command: str, version: str) -> None:
        """Refuse what the configuration's or our own version cannot do (cni-behaviour 3.2 to 3.4)."""
        minimum = versions.MINIMUM.get(command)
        problem, details = "", ""
        try:
            if minimum and not versions.at_least(version, minimum):
                problem = f"config version does not allow {command}"
            elif minimum and not any(versions.at_least(each, version) for each in self._supported):
                problem = f"plugin version does not allow {command}"
            elif version not in self._supported:  # equal as text: 1.0 is not 1.0.0
                listed = wording.quoted_list(self._supported)
                problem = "incompatible CNI versions"
                details = f"config is {wording.quoted(version)}, plugin supports {listed}"
        except ValueError as error:
            raise errors.CNIError(errors.DECODING_FAILURE, str(error)) from error
        if problem:
            raise errors.CNIError(errors.INCOMPATIBLE_VERSION, problem, details)

    def _check_netns(self, call: args.Call) -> None:
        """Refuse to work on our own network namespace, before anything is done (cni-behaviour 4.6)."""
        if call.command not in _NETNS_COMMANDS or call.netns_override:
            return
        theirs = _identity(call.netns)
        if theirs and theirs == _identity(self._own_netns):
            problem = "plugin's netns and netns from CNI_NETNS should not be the same"
            raise errors.CNIError(errors.INVALID_NETNS, problem)


def _network_name(config: bytes) -> tuple[str, Fields]:
    """Return the network's name and the configuration to read further. The texts are skel's: cni-behaviour 1.9."""
    try:
        fields = Fields(jsontext.loads_object(config), "")
        name = fields.text("name")
    except (jsontext.JSONError, FieldError) as error:
        raise errors.CNIError(errors.DECODING_FAILURE, f"error unmarshall network config: {error}") from error
    if not name:
        raise errors.CNIError(errors.INVALID_CONFIG, "missing network name")
    args.validate_network_name(name)
    return name, fields


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells one namespace from another, None when there is none at the path."""
    try:
        found = posix.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
