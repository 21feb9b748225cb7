"""The port: everything that Multus asks of the cluster. Adapters: `direct`, `daemon`, and `fallback`, made of both."""

from __future__ import annotations

from multus_py.base import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol

    from multus_py.cluster.errors import ClusterError
    from multus_py.cluster.objects import Nad, Pod

    class Cluster(Protocol):
        """The cluster, for one CNI call. Methods raise ClusterError, and nothing else."""

        def get_pod(self, namespace: str, name: str, uid: str = "") -> Pod:
            """Return a pod, as the API server has it.

            Args:
                namespace: Where it is.
                name: What it is called.
                uid: How the caller knows it, if so: what is remembered of another pod of that name is of no use then.

            Raises:
                NotFoundError: There is none (any more).
            """

        def get_nads(self, names: Sequence[tuple[str, str]]) -> list[Nad | ClusterError]:
            """Look network attachment definitions up, each given as (namespace, name), in one go.

            Returns, for each name, what was found, or the error that it would be to ask for this one alone:
            NotFoundError when there is none. Here alone errors are returned and not raised: none hides the others.
            """

        def get_devices(self, pod: Pod) -> PodDevices:
            """Return the devices that a pod has got, as far as the adapter can tell.

            Raises:
                ConflictError: There is another pod of that name now.
                NotFoundError: The pod is gone.
                ClusterError: A claim of the pod is not there, not allocated, not the pod's, or has a device that is
                    not published. The message names the claim, and the device as driver/pool/device.
            """

        def write_status(self, pod: Pod, annotations: Mapping[str, str]) -> None:
            """Set annotations of this very pod, and leave its others alone.

            Raises:
                ConflictError: There is another pod of that name now.
                NotFoundError: The pod is gone.
            """

        def post_events(self, pod: Pod, events: Sequence[Event], report: Report | None = None) -> None:
            """Tell those who look at the pod what happened, and those who look after the node how the call went.

            Whoever calls this should survive its failure. An adapter that has nobody for the report drops it.
            """

        def close(self) -> None:
            """Let go of connections. The object is of no use after that."""


SOCKET, FALLBACKS = "multus-py.sock", "fallbacks"
"""The daemon's socket, and the file with one byte for each call that did without it, in the daemon's directory."""


_NOTHING: Mapping[str, tuple[str, ...]] = {}


class PodDevices(value.Value):
    """The devices of a pod: what plugins call them, by the resource that a network names, in the order of their use."""

    claimed: Mapping[str, tuple[str, ...]] = _NOTHING
    """From the pod's resource claims (DRA)."""
    kubelet: Mapping[str, tuple[str, ...]] | None = None
    """From device plugins, as the kubelet allocated them; None when this adapter cannot tell: ask the kubelet then."""
    passed_over: tuple[str, ...] = ()
    """Which devices of claims no network can use, and why, a sentence each: for whoever finds none left."""


class Event(value.Value):
    """Something that happened to a pod."""

    type: str = "Normal"
    """Normal or Warning."""
    reason: str
    """Why, in one word for machines: AddedInterface (multus-behaviour 3.11)."""
    message: str
    """What, in a sentence for people."""


class Phase(value.Value):
    """A part of a call, and what it took."""

    name: str
    """pod, plan, record, delegate, undo, status."""
    plugin: str = ""
    """For a delegate its type."""
    seconds: float


class Report(value.Value):
    """How a call went."""

    verb: str
    succeeded: bool
    seconds: float
    """Since its configuration was read."""
    networks: tuple[str, ...] = ()
    """What was attached, in order."""
    phases: tuple[Phase, ...] = ()
