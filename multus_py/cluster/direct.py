"""The adapter that asks the API server itself, over one connection that is kept for the whole CNI call.

What may help is done here, within the time that an operation has: trying again later, and reading the credentials
again (the original gives up after 250 ms: multus-behaviour B24). Every failure leaves as a ClusterError that says what
was asked, of which server, and what it answered.
"""

from __future__ import annotations

import posix

from multus_py.base import clock as time
from multus_py.base import jsontext, process
from multus_py.cluster import credentials, dial, errors, events, http, kubeconfig, objects, operation
from multus_py.cluster.operation import AgainError, Operation
from multus_py.cluster.port import PodDevices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from multus_py.base.clock import Clock, Deadline
    from multus_py.base.jsontext import JSONObject
    from multus_py.base.log import Log
    from multus_py.base.process import Run
    from multus_py.cluster.credentials import Credential
    from multus_py.cluster.http import Response
    from multus_py.cluster.kubeconfig import Access
    from multus_py.cluster.objects import Nad, Pod
    from multus_py.cluster.port import Event, Report

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_LEAST_PATIENCE = 0.5
_EVENT_PATIENCE = 2.0
_AHEAD = 8  # requests on their way at once: they fit into a socket's buffer, or both sides might wait for each other
_NO_VARIABLES: Mapping[bytes, bytes] = {}


class Direct:
    """The API server, as the port that Multus asks (`multus_py.cluster.port.Cluster`)."""

    def __init__(
        self,
        access: Access,
        *,
        clock: Clock,
        log: Log,
        timeout: float = 10.0,
        environ: Mapping[bytes, bytes] = _NO_VARIABLES,
        run: Run = process.run,
    ) -> None:
        """Prepare; nothing is read, started or connected before the first operation.

        Args:
            access: Which server, and who we are.
            clock: What waits and time-outs are measured on.
            log: Where retries are noted.
            timeout: Seconds that one operation may take with all its retries; 0 for no limit.
            environ: The environment for a credential plugin.
            run: How a credential plugin is started.
        """
        self._access = access
        self._clock = clock
        self._log = log
        self._timeout = timeout
        self._environ = environ
        self._run = run
        self._session: _Session | None = None

    def __repr__(self) -> str:
        """Show the server, and whether we are talking to it."""
        return f"Direct({self._access.server}, {'connected' if self._session else 'not connected'})"

    def get_pod(self, namespace: str, name: str, uid: str = "") -> Pod:  # noqa: ARG002 - nothing is remembered here
        """Return a pod. Raises ClusterError; NotFoundError when there is none (any more)."""
        return self._pod(namespace, name, time.Deadline(self._clock, self._timeout))

    def get_nads(self, names: Sequence[tuple[str, str]]) -> list[Nad | errors.ClusterError]:
        """Return network attachment definitions, or for each that cannot be had the reason."""
        found: list[Nad | errors.ClusterError] = []
        deadline = time.Deadline(self._clock, self._timeout)
        wanted = [
            Operation(verb="get", resource=operation.NADS, namespace=namespace, name=name) for namespace, name in names
        ]
        for one, answer in self._asked(wanted, deadline):
            try:
                found.append(objects.Nad.from_document(self._perform(one, deadline, answer)))
            except errors.ClusterError as error:
                found.append(error)
        return found

    def get_devices(self, pod: Pod) -> PodDevices:
        """Return the devices of the pod's resource claims. No server knows those of device plugins.

        Raises:
            ConflictError: There is another pod of that name now.
            NotFoundError: The pod is gone.
            ClusterError: Anything else.
        """
        deadline = time.Deadline(self._clock, self._timeout)
        whole = pod if pod.claims is not None else self._pod(pod.namespace, pod.name, deadline)
        if whole.uid != pod.uid:
            raise errors.ConflictError(f'pod "{pod.name}" in namespace "{pod.namespace}" is another one now')
        if not whole.claims:
            return PodDevices()
        from multus_py.cluster import claimed  # for pods with resource claims only

        return claimed.devices(
            whole,
            lambda wanted: [self._perform(one, deadline, answer) for one, answer in self._asked(wanted, deadline)],
        )

    def write_status(self, pod: Pod, annotations: Mapping[str, str]) -> None:
        """Set annotations of this very pod by one patch: with the UID in it, the server refuses any other pod.

        Raises:
            ConflictError: There is another pod of that name now.
            NotFoundError: The pod is gone.
            ClusterError: Anything else.
        """
        body: JSONObject = {"metadata": {"uid": pod.uid, "annotations": dict(annotations)}}
        namespace, name = pod.namespace, pod.name
        wanted = Operation(verb="patch", resource=operation.POD_STATUS, namespace=namespace, name=name, body=body)
        self._perform(wanted, time.Deadline(self._clock, self._timeout))

    def post_events(
        self,
        pod: Pod,
        happened: Sequence[Event],
        report: Report | None = None,  # noqa: ARG002 - there is nobody to give it to
    ) -> None:
        """Create events, with little patience: whoever waits for the pod waits for this, too. Raises ClusterError."""
        deadline = time.Deadline(self._clock, min(self._timeout or _EVENT_PATIENCE, _EVENT_PATIENCE))
        documents = [events.document(pod, event, now=self._clock.now()) for event in happened]
        wanted = [
            Operation(verb="create", resource=operation.EVENTS, namespace=pod.namespace, body=body)
            for body in documents
        ]
        for one, answer in self._asked(wanted, deadline):
            try:
                self._perform(one, deadline, answer)
            except errors.ConflictError:
                pass  # it is there: it had arrived, the answer got lost, and we sent it again

    def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            self._session.connection.close()
            self._session = None

    def _pod(self, namespace: str, name: str, deadline: Deadline) -> Pod:
        wanted = Operation(verb="get", resource=operation.PODS, namespace=namespace, name=name)
        return objects.Pod.from_document(self._perform(wanted, deadline))

    def _asked(self, wanted: Sequence[Operation], deadline: Deadline) -> Iterable[tuple[Operation, Response | None]]:
        """Send several operations without waiting in between, and pair each with its answer, None if none came.

        That saves the way to the server and back for all but the first. It is no more than a start: whoever gets no
        answer here, or a useless one, goes the way of a single operation, where failures are dealt with.
        """
        answers: list[Response] = []
        if len(wanted) > 1:
            try:
                session = self._open(deadline)
                messages = [session.message(one) for one in wanted[:_AHEAD]]
                several = session.connection.request_several(messages, self._patience(deadline))
                answers = [session.dialer.heard(each) for each in several]
            except (errors.ClusterError, OSError, ValueError, http.ProtocolError):
                pass
        for one, answer in zip(wanted, answers, strict=False):
            self._note(one, answer)
        known = [None if answer.status == 401 else answer for answer in answers]  # 401: the credentials may be new
        return zip(wanted, known + [None] * (len(wanted) - len(known)), strict=True)

    def _perform(self, wanted: Operation, deadline: Deadline, answer: Response | None = None) -> JSONObject:
        """Carry out an operation with all that helps, and return the server's document.

        Args:
            wanted: What to do.
            deadline: When to give up.
            answer: What the server said already, if it was asked.
        """
        try:
            return self._repeat(wanted, deadline, answer)
        except errors.ForbiddenError as error:
            place = f"{wanted.resource} {wanted.where}"
            message = f"the node's account may not {wanted.verb} {place} ({self._access.server}): {error}"
            raise errors.ForbiddenError(message) from error
        except errors.ClusterError as error:
            raise type(error)(f"cannot {wanted} ({self._access.server}): {error}") from error
        except (ValueError, http.ProtocolError) as error:
            raise errors.ClusterError(f"cannot {wanted} ({self._access.server}): {error}") from error

    def _repeat(self, wanted: Operation, deadline: Deadline, answer: Response | None) -> JSONObject:
        started, attempts = self._clock.monotonic(), 1
        while True:
            try:
                return wanted.judge(answer or self._attempt(wanted, deadline))
            except (AgainError, errors.UnauthorizedError) as failure:
                # Unauthorized: in an upgrade, a pod's token is void once the pod is gone; its successor brings another.
                pause = max(failure.after if isinstance(failure, AgainError) else 0.0, _pause(attempts))
                left = deadline.remaining()
                if left is not None and pause >= left:
                    spent = self._clock.monotonic() - started
                    kind = errors.UnavailableError if isinstance(failure, AgainError) else type(failure)
                    raise kind(f"{failure} (attempt {attempts}, {spent:.1f} s after the first)") from failure
                self._log.verbose(f"cannot {wanted} yet ({self._access.server}): {failure}; again in {pause:.1f} s")
            attempts += 1
            answer = None
            self._clock.sleep(pause)

    def _attempt(self, wanted: Operation, deadline: Deadline) -> Response:
        """Send it once; once more if the server does not know us, because our credentials may be new by now."""
        try:
            response = self._send(wanted, deadline)
            if response.status == 401:
                self._renew()
                response = self._send(wanted, deadline)
            return response
        except TimeoutError as error:
            raise AgainError("no answer in time") from error
        except OSError as error:
            raise AgainError(error.strerror or str(error)) from error

    def _send(self, wanted: Operation, deadline: Deadline) -> Response:
        session = self._open(deadline)
        response = session.dialer.heard(session.connection.request(session.message(wanted), self._patience(deadline)))
        self._note(wanted, response)
        return response

    def _note(self, wanted: Operation, response: Response) -> None:
        self._log.debug(f"{wanted} ({self._access.server}): {response.status} {response.reason}")

    def _patience(self, deadline: Deadline) -> Deadline:
        """Give one attempt half of what is left: one of many servers behind an address may hang, and others not."""
        left = deadline.remaining()
        if left is None or left <= _LEAST_PATIENCE:
            return deadline
        return time.Deadline(self._clock, max(left / 2, _LEAST_PATIENCE))

    def _open(self, deadline: Deadline) -> _Session:
        if self._session is None:
            credential = credentials.obtain(self._access, run=self._run, environ=self._environ, deadline=deadline)
            self._session = _Session(self._access, credential, self._clock)
        return self._session

    def _renew(self) -> None:
        """Forget the credentials, and read the kubeconfig again: they are rotated, and nobody tells us."""
        self.close()
        if self._access.source:
            self._access = kubeconfig.load(self._access.source)


class _Session:
    """What belongs to one set of credentials: the connection, and the requests that go over it."""

    def __init__(self, access: Access, credential: Credential, clock: Clock) -> None:
        """Prepare; nothing is connected yet. Raises ConfigError."""
        self.dialer = dial.Dialer(access, credential, clock=clock)
        self.connection = http.Connection(self.dialer)

    def message(self, wanted: Operation) -> bytes:
        """Write an operation as a request. Raises ValueError, ProtocolError: it cannot be one."""
        if wanted.body is None:
            return self.dialer.message(wanted.method, wanted.path)
        body = jsontext.dumps(wanted.body).encode()
        return self.dialer.message(wanted.method, wanted.path, media_type=wanted.media_type, body=body)


def _pause(attempts: int) -> float:
    """Return how long to wait after so many attempts: longer each time, and not as long as others of our age."""
    spread = 1 + posix.getpid() % 32 / 64
    return min(_FIRST_PAUSE * 2.0 ** min(attempts - 1, 10), _LONGEST_PAUSE) * spread
