"""Whether a daemon that is told to end goes for good, as its DaemonSet does, or will be followed by another one.

A signal does not say, so the API server is asked. `kubectl delete -f conf/multus.yaml` takes the service account and
its rights away by the same command, so a refusal is an answer, too: but only of a server that answered before, so that
the lack of a right that never was there makes no node drop its configuration. Without an answer the node stays as it
is.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from multus_py.base.clock import Deadline
from multus_py.base.fields import FieldError, Fields
from multus_py.daemon.apiserver import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from multus_py.base.clock import Clock
    from multus_py.base.jsontext import JSONObject
    from multus_py.daemon.apiserver import Answer

NAME, NAMESPACE = "POD_NAME", "POD_NAMESPACE"
"""The variables by which the pod is told its own name."""
PATIENCE = 8.0
"""Seconds after which a server that does not answer is not waited for any longer."""
DOUBT = 5.0
"""Seconds for which refusals must go on to be believed. A pod that is deleted by force is refused, too, while its
successor is on its way; that one is killed before this is over (its grace period is 2 seconds)."""
_PAUSE = 1.0
_RETRY = 30.0
_REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Server(Protocol):
    """The API server; apiserver.APIServer is the real one."""

    def get(self, path: str, deadline: Deadline) -> Answer:
        """Ask for an object. Raises UnreachableError."""


class Removal:
    """The DaemonSet that the daemon's pod is of, and whether it is still there."""

    def __init__(self, environment: Mapping[str, str], *, server: Server, clock: Clock) -> None:
        """Take what is needed; nothing is asked yet.

        Args:
            environment: Where the pod's name is.
            server: Whom to ask.
            clock: Measures pauses.
        """
        self._namespace = environment.get(NAMESPACE, "")
        self._pod = environment.get(NAME, "")
        self._server = server
        self._clock = clock
        self._daemonset = ""

    def watch(self) -> None:
        """Learn in the background whose pod this is, however long it takes the server to answer."""
        if self._namespace and self._pod:
            threading.Thread(target=self._learn_in_time, name="removal", daemon=True).start()

    def learn(self) -> bool:
        """Learn whose pod this is, and that we may ask for that; tell whether it worked."""
        deadline = Deadline(self._clock, PATIENCE)
        try:
            pod = self._server.get(f"/api/v1/namespaces/{self._namespace}/pods/{self._pod}", deadline)
            path = f"/apis/apps/v1/namespaces/{self._namespace}/daemonsets/{_owner(pod.document)}"
            if self._server.get(path, deadline).status == HTTPStatus.OK:
                self._daemonset = path
        except (UnreachableError, FieldError):
            pass
        return bool(self._daemonset)

    def reason(self) -> str:
        """Return why the daemon goes for good, or "" if it does not, or if nobody can tell."""
        if not self._daemonset:
            return ""
        name = f"DaemonSet {self._namespace}/{self._daemonset.rpartition('/')[2]}"
        deadline, doubt = Deadline(self._clock, PATIENCE), Deadline(self._clock, DOUBT)
        while not deadline.expired():
            try:
                answer = self._server.get(self._daemonset, deadline)
            except UnreachableError:
                answer = None
            if answer and answer.status == HTTPStatus.NOT_FOUND:
                return f"{name} is deleted"
            if answer and answer.status == HTTPStatus.OK:
                return f"{name} is being deleted" if _is_going(answer.document) else ""
            if answer and answer.status in _REFUSALS and doubt.expired():
                return f"{name} cannot be asked for any more ({answer.status}): its service account is deleted"
            deadline.sleep(_PAUSE)
        return ""

    def _learn_in_time(self) -> None:
        while not self.learn():
            self._clock.sleep(_RETRY)


def _owner(pod: JSONObject) -> str:
    """Return the name of the DaemonSet that a pod is of. Raises FieldError."""
    for owner in Fields(pod, "pod").fields("metadata").objects("ownerReferences"):
        if owner.text("kind") == "DaemonSet":
            return owner.text("name")
    raise FieldError("the pod is of no DaemonSet")


def _is_going(daemonset: JSONObject) -> bool:
    return bool(Fields(daemonset, "DaemonSet").fields("metadata").text("deletionTimestamp"))
