"""What a call needs to know of its pod: the pod, and every NAD that it may want. From memory, or else from the API.

Memory is believed for a pod with the very UID that was asked for, and for NADs, while the watches are up. Whatever else
there is to say, that something is not there above all, is asked of the API server first. Only when that does not answer
memory has the last word, on objects that it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from multus_py.attach.plan import DEFAULT_NETWORK, NETWORKS
from multus_py.cluster import errors
from multus_py.cluster.objects import Nad, Pod
from multus_py.cluster.wire import Failure, Resolved
from multus_py.daemon import cache
from multus_py.multinet import selection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.port import Cluster
    from multus_py.cluster.wire import Resolve
    from multus_py.daemon.cache import Kept, Key


class Memory(Protocol):
    """Objects of one kind; following.Follower is the real one."""

    def get(self, key: Key) -> Kept | None:
        """Return what is kept of an object."""

    def is_current(self) -> bool:
        """Tell whether what is kept is what is."""


class Lender(Protocol):
    """Who has connections to the API server; connections.Connections is the real one."""

    def borrowed(self) -> AbstractContextManager[Cluster]:
        """Lend one out. Raises ClusterError."""


class Resolver:
    """Answers the question for a pod and its NADs."""

    def __init__(self, *, pods: Memory, nads: Memory, connections: Lender) -> None:
        """Answer from these."""
        self._pods = pods
        self._nads = nads
        self._connections = connections

    def from_memory(self, question: Resolve) -> Resolved | None:
        """Return the answer if it takes no question to the API server, None if it does."""
        if not self._nads.is_current():
            return None
        pod = None
        if question.name:
            kept = self._remembered(question)
            if kept is None or not self._pods.is_current():
                return None
            pod = kept.document()
        nads: dict[Key, JSONObject | Failure | None] = {}
        for key in _wanted(question, pod):
            found = self._nads.get(key)
            if found is None:
                return None
            nads[key] = found.document()
        return Resolved(pod=pod, nads=nads)

    def resolve(self, question: Resolve) -> Resolved:
        """Return the answer, with whatever has to be asked for it.

        An API server that did not answer the first question is not asked a second one: the call waits for the answer to
        both no longer than for one.

        Raises:
            ClusterError: The pod cannot be had, for another reason than that there is none.
        """
        pod, silence = self._pod(question) if question.name else (None, None)
        wanted = _wanted(question, pod)
        known = {key: found for key in wanted if (found := self._nads.get(key))} if self._nads.is_current() else {}
        nads: dict[Key, JSONObject | Failure | None] = {key: kept.document() for key, kept in known.items()}
        nads |= self._asked([key for key in wanted if key not in known], silence)
        return Resolved(pod=pod, nads={key: nads[key] for key in wanted})

    def _remembered(self, question: Resolve) -> Kept | None:
        """Return the pod if memory has the very one that was asked for."""
        kept = self._pods.get((question.namespace, question.name))
        return kept if kept is not None and question.uid and kept.uid == question.uid else None

    def _pod(self, question: Resolve) -> tuple[JSONObject | None, errors.UnavailableError | None]:
        """Return the pod, None when there is none; and what kept the API server from telling, if it is from memory.

        Raises:
            ClusterError: It cannot be had.
        """
        kept = self._remembered(question)
        if kept is not None and self._pods.is_current():
            return kept.document(), None
        try:
            with self._connections.borrowed() as cluster:
                return cache.pod_document(cluster.get_pod(question.namespace, question.name)), None
        except errors.NotFoundError:
            return None, None
        except errors.UnavailableError as error:
            if kept is None:
                raise
            return kept.document(), error

    def _asked(
        self, wanted: Sequence[Key], silence: errors.UnavailableError | None
    ) -> dict[Key, JSONObject | Failure | None]:
        """Ask for NADs; what cannot be had is answered in its place, so that it hides nothing else."""
        if not wanted:
            return {}
        if silence is not None:
            return {key: self._judged(key, silence) for key in wanted}
        try:
            with self._connections.borrowed() as cluster:
                found = cluster.get_nads(wanted)
        except errors.ClusterError as error:
            found = [error] * len(wanted)
        return {key: self._judged(key, each) for key, each in zip(wanted, found, strict=True)}

    def _judged(self, key: Key, found: Nad | errors.ClusterError) -> JSONObject | Failure | None:
        if isinstance(found, Nad):
            return cache.nad_document(found)
        if isinstance(found, errors.NotFoundError):
            return None
        kept = self._nads.get(key) if isinstance(found, errors.UnavailableError) else None
        return kept.document() if kept else Failure.of(found)


def _wanted(question: Resolve, pod: JSONObject | None) -> tuple[Key, ...]:
    """Return the NADs to answer with: those asked for, and those that the pod's annotations name."""
    wanted = list(question.nads)
    if pod is not None:
        wanted += _named(Pod.from_document(pod), question.multus_namespace)
    return tuple(dict.fromkeys(wanted))


def _named(pod: Pod, multus_namespace: str) -> list[Key]:
    """Return the NADs that a pod's annotations name. If one is wrong, the plugin will say so; it names none."""
    chosen: list[selection.Selection] = []
    try:
        chosen += selection.parse(pod.annotations.get(NETWORKS, ""), namespace=pod.namespace)
        if DEFAULT_NETWORK in pod.annotations:
            chosen.append(selection.parse_one(pod.annotations[DEFAULT_NETWORK], namespace=multus_namespace))
    except selection.SelectionError:
        pass
    return [(one.namespace, one.name) for one in chosen]
