"""The networks of all NADs of the cluster, if it can be asked: they tell which stores of addresses are Multus'."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from multus_py.attach import networks as lookup
from multus_py.base import process
from multus_py.base.clock import Deadline, SystemClock
from multus_py.cluster import credentials, http, kubeconfig, operation
from multus_py.cluster.errors import ClusterError
from multus_py.cluster.objects import Nad
from multus_py.cni.errors import CNIError
from multus_py.doctor import server
from multus_py.doctor.server import RefusedError, Server

if TYPE_CHECKING:
    from multus_py.attach.settings import Settings
    from multus_py.cni.conf import Network


class UnknownError(Exception):
    """The NADs cannot be told; the message says why."""


def listed(settings: Settings) -> list[Nad]:
    """Return the NADs of the cluster that the settings name; none where there is no Kubernetes. Raises UnknownError."""
    if not settings.kubeconfig:
        return []
    clock = SystemClock()
    try:
        access = kubeconfig.load(settings.kubeconfig)
        environment = process.clean_environment(os.environb)
        deadline = Deadline(clock, server.TIMEOUT)
        credential = credentials.obtain(access, run=process.run, environ=environment, deadline=deadline)
        found = Server(access, credential, clock=clock).items(operation.everywhere(operation.NADS))
        return [Nad.from_document(document) for document in found]
    except (OSError, ClusterError, RefusedError, http.ProtocolError) as error:
        raise UnknownError(str(error)) from error


def networks(nads: Iterable[Nad], settings: Settings) -> list[Network]:
    """Return the networks of NADs; those that cannot be read are no network of any pod's."""
    found = []
    for nad in nads:
        try:
            found.append(lookup.Finder(settings, None).from_nad(nad).network)
        except CNIError:
            continue
    return found
