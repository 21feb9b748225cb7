"""One CNI call at work: the request, read and typed, with everything that its steps share."""

from __future__ import annotations

from multus_py.attach import settings as configuration
from multus_py.base import address, log, value
from multus_py.cni import args, errors, invoke, network

TYPE_CHECKING = False
if TYPE_CHECKING:
    from multus_py.attach.attachment import Attachment
    from multus_py.attach.ports import Ports
    from multus_py.attach.settings import Settings
    from multus_py.base.log import Log
    from multus_py.cni.invoke import Executor
    from multus_py.cni.skel import Request

_POD_ARGS = {
    "K8S_POD_NAMESPACE": "namespace",
    "K8S_POD_NAME": "name",
    "K8S_POD_INFRA_CONTAINER_ID": "infra_container_id",
    "K8S_POD_UID": "uid",
}
_TRUE, _FALSE = ("1", "true"), ("0", "false")


class PodArgs(value.Value):
    """Which pod the runtime is talking about, from CNI_ARGS; all empty when it is none (cnitool)."""

    namespace: str = ""
    name: str = ""
    infra_container_id: str = ""
    uid: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    """Everything that CNI_ARGS held, for the delegates."""

    def __str__(self) -> str:
        """Name the pod for messages: "namespace/name/uid"."""
        return f"{self.namespace}/{self.name}/{self.uid}"


class Work(value.Value):
    """What the steps of one call share."""

    request: Request
    settings: Settings
    pod_args: PodArgs
    log: Log
    executor: Executor
    ports: Ports

    @property
    def subject(self) -> str:
        """Whom messages are about: the pod as "namespace/name/uid", or the container where there is no pod."""
        return str(self.pod_args) if self.pod_args.name else f"container {self.request.call.container_id}"

    def runtime(self, attachment: Attachment, *, container_id: str = "", netns: str | None = None) -> network.Runtime:
        """Return what libcni calls the runtime configuration of an attachment.

        Args:
            attachment: The attachment.
            container_id: Whose it is; by default the container of this call.
            netns: Where it is; by default where this call says.
        """
        call = self.request.call
        return network.Runtime(
            container_id=container_id or call.container_id,
            netns=call.netns if netns is None else netns,
            ifname=attachment.ifname,
            args=attachment.args,
            capability_args=attachment.capability_args,
            cache_dir=self.settings.cni_dir,
        )


def begin(request: Request, *, ports: Ports) -> Work:
    """Read the configuration and CNI_ARGS of a call, and set up the log and the runner of delegates.

    Raises:
        CNIError: One of them is wrong.
    """
    settings = configuration.parse(request.config)
    logger = log.Log(settings.log, ports.clock)
    for warning in settings.warnings:  # not to the log: at its default level nobody would see it
        ports.stderr(f"multus: {warning}\n".encode(errors="replace"))
    lenient = request.call.command == "DEL"  # odd arguments must not keep a pod from being deleted (B6)
    executor = invoke.Executor(
        run=ports.run,
        search=(settings.bin_dir, *request.call.path),
        environ=ports.environ,
        timeout=settings.delegate_timeout or None,
        clock=ports.clock,
        log=logger,
        stderr=ports.stderr,
    )
    pod_args = parse_pod_args(request.call.args, lenient=lenient)
    return Work(request=request, settings=settings, pod_args=pod_args, log=logger, executor=executor, ports=ports)


def parse_pod_args(text: str, *, lenient: bool = False) -> PodArgs:
    """Parse CNI_ARGS (cni-behaviour 5).

    Args:
        text: `K=V` pairs, separated by `;`.
        lenient: Whether whatever cannot be understood is passed over.

    Raises:
        CNIError: A pair is malformed, or unknown and not to be ignored.
    """
    pairs = args.split_args(text) if lenient else args.parse_args(text)
    if not lenient:
        _check(pairs)
    known = {field: text for key, text in pairs if (field := _POD_ARGS.get(key))}  # of duplicates the last one counts
    return PodArgs(
        namespace=known.get("namespace", ""),
        name=known.get("name", ""),
        infra_container_id=known.get("infra_container_id", ""),
        uid=known.get("uid", ""),
        pairs=pairs,
    )


def _check(pairs: tuple[tuple[str, str], ...]) -> None:
    ignore_unknown, unknown = False, []
    for key, text in pairs:
        if key == "IgnoreUnknown":
            ignore_unknown = _boolean(key, text)
        elif key == "IP":
            _check_ip(text)
        elif key not in _POD_ARGS:
            unknown.append(f'"{key}={text}"')
    if unknown and not ignore_unknown:
        raise _error(f"unknown args [{' '.join(unknown)}]")


def _boolean(key: str, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise _error(f'error parsing value of pair "{key}={text}": boolean unmarshal error: invalid input {text}')


def _check_ip(text: str) -> None:
    try:
        if text:
            address.ip(text)
    except ValueError as error:
        raise _error(f'error parsing value of pair "IP={text}": {error}') from error


def _error(problem: str) -> errors.CNIError:
    return errors.CNIError(errors.INVALID_ENVIRONMENT, f"CNI_ARGS: ARGS: {problem}")
