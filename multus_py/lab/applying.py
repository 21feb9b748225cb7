"""`multus lab apply`: bring objects to the lab's API server, for those who have no kubectl at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from multus_py.base import process
from multus_py.base.clock import Deadline, SystemClock
from multus_py.cluster import credentials, dial, http, kubeconfig
from multus_py.lab import kinds, shell
from multus_py.lab.kinds import Kind
from multus_py.lab.objects import decode, encode, text

_PATIENCE = 10.0
_NOT_FOUND = 404


class ApplyError(Exception):
    """The server refuses an object; the message is its own."""


def apply(files: Sequence[Path], kubeconfig_file: Path) -> Iterator[str]:
    """Create the objects in files, in the place of those of the same names; yield what was done.

    Pods are for the lab's node, and wait there: nobody starts them.

    Raises:
        ApplyError: The server refuses one.
        ClusterError: There is no way to the server.
        ManifestError: A file is none with objects.
        OSError: The connection failed.
    """
    clock = SystemClock()
    deadline = Deadline(clock, _PATIENCE)
    access = kubeconfig.load(str(kubeconfig_file))
    dialer = dial.Dialer(
        access, credentials.obtain(access, run=process.run, environ={}, deadline=deadline), clock=clock
    )
    connection = http.Connection(dialer)
    try:
        for obj in shell.read(files):
            kind, name = kinds.of(obj), text(obj, "metadata", "name")
            path = _path(kind, text(obj, "metadata", "namespace") or "default")
            gone = connection.request(dialer.message("DELETE", f"{path}/{name}"), deadline)
            made = connection.request(
                dialer.message("POST", path, media_type="application/json", body=encode(obj)), deadline
            )
            if made.status >= 300:
                raise ApplyError(text(decode(made.body), "message"))
            yield f"{kind.singular}/{name} {'created' if gone.status == _NOT_FOUND else 'replaced'}"
    finally:
        connection.close()


def _path(kind: Kind, namespace: str) -> str:
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    return f"{root}/namespaces/{namespace}/{kind.plural}" if kind.namespaced else f"{root}/{kind.plural}"
