"""How a call went, told in its end to who listens on the node: the daemon, which makes metrics of it."""

from __future__ import annotations

from multus_py.cni import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from multus_py.attach.attachment import Attachment
    from multus_py.attach.ports import Listener
    from multus_py.attach.stopwatch import Stopwatch
    from multus_py.attach.work import Work


class Reported:
    """A context that measures a call, and in the end tells who listens how it went.

    It is for the verbs that have nothing to ask of the cluster; ADD's report goes with its events (`publish`).
    """

    def __init__(self, work: Work) -> None:
        """Name the call."""
        self._work = work
        self._listener: Listener | None = None
        self._stopwatch: Stopwatch | None = None
        self._networks: tuple[str, ...] = ()

    def __enter__(self) -> Work:
        """Return the call, measured if anybody listens."""
        ports = self._work.ports
        self._listener = ports.find_listener(self._work.settings)
        if self._listener is None:
            return self._work
        from multus_py.attach import stopwatch  # for nodes with a daemon only

        self._stopwatch = stopwatch.Stopwatch(ports.clock)
        return self._stopwatch.delegates(self._work, meanwhile=self._listener.prepare)

    def about(self, attachments: Iterable[Attachment]) -> None:
        """Note what the call is about."""
        self._networks = tuple(attachment.name for attachment in attachments)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Tell; an interrupted call has no time for that."""
        if self._listener is None or self._stopwatch is None or not isinstance(error, (errors.CNIError, type(None))):
            return
        pod, verb = self._work.pod_args, self._work.request.call.command
        report = self._stopwatch.report(verb, succeeded=error is None, networks=self._networks)
        self._listener.tell(pod.namespace, pod.name, pod.uid, report)
