"""A DRA driver's plugin on a node: a process of its own, which the kubelet finds in `plugins_registry`.

    python -m tests.e2e.dradriver nics.example.com

says yes to every claim that the kubelet wants prepared. What devices there are the tests publish themselves, as the
part of a driver that talks to the API server does. The hardware is all that it lacks.
"""

from __future__ import annotations

import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc

from tests.protocols import draplugin_pb2 as messages
from tests.protocols import draplugin_pb2_grpc as service
from tests.protocols import pluginregistration_pb2 as registration
from tests.protocols import pluginregistration_pb2_grpc as registration_service

_FOLDER = Path("/var/lib/kubelet")


class Driver:
    """The servicer of one driver, of its claims and of its registration."""

    def __init__(self, name: str, endpoint: Path) -> None:
        """Answer for this driver, on this socket."""
        self._name = name
        self._endpoint = endpoint

    def GetInfo(  # noqa: N802 - the protocol's name
        self, _request: registration.InfoRequest, _context: grpc.ServicerContext
    ) -> registration.PluginInfo:
        """Say who we are."""
        return registration.PluginInfo(
            type="DRAPlugin", name=self._name, endpoint=str(self._endpoint), supported_versions=["v1.DRAPlugin"]
        )

    def NotifyRegistrationStatus(  # noqa: N802 - the protocol's name
        self, request: registration.RegistrationStatus, _context: grpc.ServicerContext
    ) -> registration.RegistrationStatusResponse:
        """Hear whether the kubelet will have us; the tests wait for this line."""
        print(f"registered {self._name}: {request.plugin_registered} {request.error}", flush=True)
        return registration.RegistrationStatusResponse()

    def NodePrepareResources(  # noqa: N802 - the protocol's name
        self, request: messages.NodePrepareResourcesRequest, _context: grpc.ServicerContext
    ) -> messages.NodePrepareResourcesResponse:
        """Prepare claims: there is nothing to do for a device that is only a name."""
        print(f"prepared {[claim.name for claim in request.claims]}", flush=True)
        prepared = {claim.uid: messages.NodePrepareResourceResponse() for claim in request.claims}
        return messages.NodePrepareResourcesResponse(claims=prepared)

    def NodeUnprepareResources(  # noqa: N802 - the protocol's name
        self, request: messages.NodeUnprepareResourcesRequest, _context: grpc.ServicerContext
    ) -> messages.NodeUnprepareResourcesResponse:
        """Take it back."""
        print(f"unprepared {[claim.name for claim in request.claims]}", flush=True)
        undone = {claim.uid: messages.NodeUnprepareResourceResponse() for claim in request.claims}
        return messages.NodeUnprepareResourcesResponse(claims=undone)


def main(name: str) -> None:
    """Serve until somebody ends us."""
    endpoint, registry = _FOLDER / "plugins" / name / "dra.sock", _FOLDER / "plugins_registry" / f"{name}-reg.sock"
    driver = Driver(name, endpoint)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    service.add_DRAPluginServicer_to_server(driver, server)
    registration_service.add_RegistrationServicer_to_server(driver, server)
    for socket in (endpoint, registry):  # the latter last: then the kubelet comes
        socket.parent.mkdir(parents=True, exist_ok=True)
        socket.unlink(missing_ok=True)
    server.add_insecure_port(f"unix:{endpoint}")
    server.start()
    listener = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
    registration_service.add_RegistrationServicer_to_server(driver, listener)
    listener.add_insecure_port(f"unix:{registry}")
    listener.start()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
