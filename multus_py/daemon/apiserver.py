"""Reads objects from the API server as the pod that the daemon runs in: a connection for each question, no retries.

What is asked, and what the answers mean, is the business of others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.base import jsontext, process
from multus_py.cluster import credentials, dial, errors, http, kubeconfig
from multus_py.hostconfig.options import SERVICE_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from multus_py.base.clock import Clock, Deadline
    from multus_py.base.jsontext import JSONObject


class UnreachableError(Exception):
    """No answer came; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server said."""

    status: int
    document: JSONObject
    """The object, if the status is 200."""


class APIServer:
    """The API server of the cluster that the pod is in."""

    def __init__(
        self, environment: Mapping[str, str], *, clock: Clock, service_account: Path = SERVICE_ACCOUNT
    ) -> None:
        """Prepare; nothing is read or connected yet.

        Args:
            environment: Where KUBERNETES_SERVICE_HOST and _PORT are looked for.
            clock: What time-outs are measured on.
            service_account: Where the token and the CA are mounted.
        """
        self._directory = str(service_account)
        self._environment = {name.encode(): text.encode() for name, text in environment.items()}
        self._clock = clock

    def get(self, path: str, deadline: Deadline) -> Answer:
        """Ask for an object, with the token as it is by now. Raises UnreachableError."""
        try:
            access = kubeconfig.in_cluster(self._environment, directory=self._directory)
            if access is None:
                raise UnreachableError("there is no service account")
            token = credentials.obtain(access, run=process.run, environ={}, deadline=deadline)
            dialer = dial.Dialer(access, token, clock=self._clock, agent="multus-py-daemon")
            connection = http.Connection(dialer)
            try:
                response = connection.request(dialer.message("GET", path), deadline)
            finally:
                connection.close()
            document = jsontext.loads(response.body) if response.status == 200 else {}
        except (OSError, ValueError, errors.ClusterError, http.ProtocolError) as error:
            raise UnreachableError(str(error)) from error
        return Answer(status=response.status, document=document if isinstance(document, dict) else {})
