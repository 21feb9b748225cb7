"""The adapter that asks `multus daemon`, which has this node's pods and all NADs in memory (`wire` has the protocol).

All its questions of one call together wait no longer than they may (`daemonTimeout`). Whatever the daemon does not do,
or not in time, or not in a way that can be believed, is a NoAnswerError: the caller should ask the API server then.
What is believed without asking again: documents, and that something is not there, or is another one's.
"""

from __future__ import annotations

import posix

from multus_py.base import clock as time
from multus_py.cluster import errors, frames, objects, sockets, wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from multus_py.base.clock import Clock, Deadline
    from multus_py.base.fields import Fields
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.objects import Nad, Pod
    from multus_py.cluster.port import Event, PodDevices, Report
    from multus_py.cluster.wire import Failure, Resolved

CONNECT_PATIENCE = 0.05
"""Seconds in which a connection is there, on this very machine, or will not be."""

_ROOT = 0
_NOT_SAID = wire.Failure(kind=wire.OTHER, message="it says nothing of it")
_CHUNK = 64 << 10


class NoAnswerError(errors.ClusterError):
    """The daemon did not answer, or in a way that is of no use. That says nothing about the cluster."""


class Daemon:
    """The daemon, as the port that Multus asks (`multus_py.cluster.port.Cluster`)."""

    def __init__(
        self,
        path: str,
        *,
        clock: Clock,
        timeout: float = 2.0,
        multus_namespace: str = "",
        nads: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Prepare; nothing is connected before the first operation.

        Args:
            path: The daemon's socket.
            clock: What waits and time-outs are measured on.
            timeout: Seconds that all operations may take together.
            multus_namespace: Where a pod's default-network annotation looks for a NAD without a namespace.
            nads: NADs that will be asked for whatever the pod says, as (namespace, name).
        """
        self._path = path
        self._clock = clock
        self._left = timeout
        self._multus_namespace = multus_namespace
        self._wanted = tuple(nads)
        self._nads: dict[tuple[str, str], JSONObject | Failure | None] = {}
        self._stream: sockets.Plain | None = None

    def __repr__(self) -> str:
        """Show the socket, and whether we are talking to it."""
        return f"Daemon({self._path}, {'connected' if self._stream else 'not connected'})"

    def get_pod(self, namespace: str, name: str, uid: str = "") -> Pod:
        """Return a pod, and remember the NADs that come with it. Raises NotFoundError, NoAnswerError."""
        if not name:
            raise NoAnswerError("it is not asked for a pod without a name")
        found = self._resolve(namespace, name, uid, self._wanted).pod
        if found is None:
            raise errors.NotFoundError(f'there is no pod "{name}" in namespace "{namespace}" ({self._path})')
        try:
            pod = objects.Pod.from_document(found)
        except errors.ClusterError as error:
            raise NoAnswerError(str(error)) from error
        if (pod.namespace, pod.name) != (namespace, name):
            raise NoAnswerError(f'it answered with the pod "{pod.name}" in namespace "{pod.namespace}"')
        if uid and uid != pod.uid and not pod.is_static:
            raise NoAnswerError(f"the pod that it knows has the UID {pod.uid}, not {uid}")
        return pod

    def get_nads(self, names: Sequence[tuple[str, str]]) -> list[Nad | errors.ClusterError]:
        """Return network attachment definitions, and NotFoundError for those that are not there.

        Raises:
            NoAnswerError: There is one of which the daemon cannot tell.
        """
        missing = tuple(name for name in dict.fromkeys(names) if name not in self._nads)
        if missing:
            self._resolve("", "", "", missing)
        return [self._nad(namespace, name) for namespace, name in names]

    def get_devices(self, pod: Pod) -> PodDevices:
        """Return the devices of this very pod: of its claims, and of device plugins if the daemon can tell.

        Raises:
            ConflictError: There is another pod of that name now.
            NotFoundError: The pod is gone.
            NoAnswerError: Anything else.
        """
        answer = self._ask(wire.GetDevices(namespace=pod.namespace, name=pod.name, uid=pod.uid).document())
        try:
            return wire.read_devices(answer)
        except frames.WireError as error:
            raise NoAnswerError(str(error)) from error

    def write_status(self, pod: Pod, annotations: Mapping[str, str]) -> None:
        """Have annotations of this very pod set.

        Raises:
            ConflictError: There is another pod of that name now.
            NotFoundError: The pod is gone.
            NoAnswerError: It may or may not have been done. Doing it again does no harm.
        """
        wanted = wire.SetStatus(namespace=pod.namespace, name=pod.name, uid=pod.uid, annotations=annotations)
        self._ask(wanted.document())

    def post_events(self, pod: Pod, happened: Sequence[Event], report: Report | None = None) -> None:
        """Hand over what happened. It is told in the daemon's own time, so nobody waits. Raises NoAnswerError."""
        told = wire.Tell(
            namespace=pod.namespace,
            name=pod.name,
            uid=pod.uid,
            node=pod.node,
            events=tuple(happened),
            report=report,
        )
        self._exchange(told.document(), is_answered=False)

    def greet(self) -> str:
        """Ask for nothing, to see that the daemon answers in words that are understood; return its program's version.

        Raises:
            NoAnswerError: It does not. (A version that is not said is empty: daemons once did not.)
        """
        return self._resolve("", "", "", ()).program

    def close(self) -> None:
        """Hang up."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _resolve(self, namespace: str, name: str, uid: str, nads: tuple[tuple[str, str], ...]) -> Resolved:
        """Ask for a pod and NADs, and remember the NADs. Raises ClusterError."""
        wanted = wire.Resolve(
            namespace=namespace, name=name, uid=uid, multus_namespace=self._multus_namespace, nads=nads
        )
        answer = self._ask(wanted.document())
        try:
            resolved = wire.Resolved.read(answer)
        except frames.WireError as error:
            raise NoAnswerError(str(error)) from error
        self._nads.update(resolved.nads)
        return resolved

    def _nad(self, namespace: str, name: str) -> Nad | errors.NotFoundError:
        found = self._nads.get((namespace, name), _NOT_SAID)
        if found is None:
            kind = "network-attachment-definition"
            return errors.NotFoundError(f'there is no {kind} "{name}" in namespace "{namespace}" ({self._path})')
        if isinstance(found, wire.Failure):
            raise NoAnswerError(f'it has no network-attachment-definition "{name}": {found.message}')
        try:
            nad = objects.Nad.from_document(found)
        except errors.ClusterError as error:
            raise NoAnswerError(str(error)) from error
        if (nad.namespace, nad.name) != (namespace, name):
            raise NoAnswerError(f'it answered with another network-attachment-definition than "{name}"')
        return nad

    def _ask(self, question: JSONObject) -> Fields:
        """Return the answer to a question. Raises ClusterError."""
        answer = self._exchange(question)
        try:
            message = frames.unpack(answer)
            failure = wire.Failure.read(message)
        except frames.WireError as error:
            raise NoAnswerError(str(error)) from error
        if failure is None:
            return message
        said = failure.error()
        if isinstance(said, (errors.NotFoundError, errors.ConflictError)):
            raise said
        raise NoAnswerError(f"{failure.kind}: {failure.message}")

    def _exchange(self, message: JSONObject, *, is_answered: bool = True) -> bytes:
        """Send a message and return the body of what comes back. The connection is closed when that fails.

        Raises:
            NoAnswerError: It failed, or the time is over.
        """
        if self._left <= 0:
            raise NoAnswerError("the time for it is over")
        started = self._clock.monotonic()
        deadline = time.Deadline(self._clock, self._left)
        try:
            stream = self._stream = self._stream or self._connect()
            stream.send(frames.pack(message, frames.MAX_REQUEST), deadline)
            return _receive(stream, deadline) if is_answered else b""
        except (OSError, frames.WireError) as error:
            self.close()
            raise NoAnswerError(getattr(error, "strerror", None) or str(error)) from error
        except BaseException:
            self.close()
            raise
        finally:
            self._left -= self._clock.monotonic() - started

    def _connect(self) -> sockets.Plain:
        """Connect to the daemon, and to nobody else. Raises OSError."""
        patience = time.Deadline(self._clock, min(CONNECT_PATIENCE, self._left))
        socket = sockets.connect_local(self._path, patience)
        try:
            user = sockets.peer_user(socket)
            if user not in {_ROOT, posix.geteuid()}:
                raise PermissionError(f"the socket belongs to user {user}")
        except BaseException:
            socket.close()
            raise
        return sockets.Plain(socket)


def _receive(stream: sockets.Plain, deadline: Deadline) -> bytes:
    """Return the body of one frame. Raises OSError, WireError."""
    header = _exactly(stream, frames.HEADER_SIZE, deadline)
    return _exactly(stream, frames.size(header, frames.MAX_ANSWER), deadline)


def _exactly(stream: sockets.Plain, size: int, deadline: Deadline) -> bytes:
    parts = []
    while size:
        part = stream.receive(min(size, _CHUNK), deadline)
        if not part:
            raise ConnectionResetError("it hung up")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
