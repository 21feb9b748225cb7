"""Which devices the kubelet has allocated to a pod: it is asked, or its checkpoint is read (multus-behaviour 5.1)."""

from __future__ import annotations

from multus_py.base import files
from multus_py.node import checkpoint, errors, podresources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def allocated(
    namespace: str,
    name: str,
    uid: str,
    *,
    containers: Sequence[str],
    timeout: float,
    socket: str = podresources.SOCKET,
    path: str = checkpoint.PATH,
) -> Mapping[str, tuple[str, ...]]:
    """Return the device ids of a pod for each resource, in the order in which networks get them.

    Args:
        namespace: The pod's.
        name: The pod's.
        uid: The pod's, as the kubelet knows it.
        containers: The names of the pod's containers, in order, sidecars first; none when they are not known.
        timeout: Seconds that the kubelet may take to answer.
        socket: Where it listens.
        path: Its checkpoint, for when there is no socket.

    Raises:
        NodeError: Neither says; UnavailableError when asking again later may help.
    """
    try:
        listens = files.exists(socket)
    except OSError as error:
        raise errors.NodeError(f"the kubelet's socket cannot be looked for: {error}") from error
    if listens:
        return podresources.allocated(namespace, name, uid, socket=socket, timeout=timeout)
    return checkpoint.allocated(uid, containers=containers, path=path)
