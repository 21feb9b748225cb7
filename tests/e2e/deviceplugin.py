"""A device plugin: a process of its own on a node, which registers with the kubelet as SR-IOV's does.

    python -m tests.e2e.deviceplugin example.com/fast dev-1 dev-2@0 dev-3@0,1

advertises a resource with devices, each near the NUMA nodes that stand behind its `@`. Like the SR-IOV device plugin it
writes a file of device information for each that the kubelet allocates. When the kubelet starts anew, which takes its
socket away, the plugin registers again. The hardware is all that it lacks.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc

from multus_py.node import deviceinfo
from tests.protocols import deviceplugin_pb2 as messages
from tests.protocols import deviceplugin_pb2_grpc as service

FOLDER = Path("/var/lib/kubelet/device-plugins")
_KUBELET = FOLDER / "kubelet.sock"
_VERSION = "v1beta1"


class DevicePlugin:
    """The servicer of one resource."""

    def __init__(self, resource: str, devices: list[str]) -> None:
        """Have these devices, each `ID` or `ID@NUMA,NUMA`."""
        self._resource = resource
        self._devices = [_device(text) for text in devices]

    def GetDevicePluginOptions(  # noqa: N802 - the protocol's name
        self, _request: messages.Empty, _context: grpc.ServicerContext
    ) -> messages.DevicePluginOptions:
        """Want nothing special."""
        return messages.DevicePluginOptions()

    def ListAndWatch(  # noqa: N802 - the protocol's name
        self, _request: messages.Empty, context: grpc.ServicerContext
    ) -> Iterator[messages.ListAndWatchResponse]:
        """Say what there is, which never changes, for as long as the kubelet listens."""
        yield messages.ListAndWatchResponse(devices=self._devices)
        while context.is_active():
            time.sleep(0.5)

    def Allocate(  # noqa: N802 - the protocol's name
        self, request: messages.AllocateRequest, _context: grpc.ServicerContext
    ) -> messages.AllocateResponse:
        """Allocate what the kubelet chose: write down what each device is, and tell the container which it has."""
        answers = []
        for container in request.container_requests:
            for id in container.devices_ids:
                self._describe(id)
            variable = "PCIDEVICE_" + "".join(c if c.isalnum() else "_" for c in self._resource.upper())
            given = {variable: ",".join(sorted(container.devices_ids))}
            answers.append(messages.ContainerAllocateResponse(envs=given))
        return messages.AllocateResponse(container_responses=answers)

    def _describe(self, id: str) -> None:
        path = Path(deviceinfo.device_path(self._resource, id))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"type": "pci", "version": "1.1.0", "pci": {"pci-address": id}}))

    def register(self, endpoint: str) -> None:
        """Tell the kubelet about us."""
        request = messages.RegisterRequest(version=_VERSION, endpoint=endpoint, resource_name=self._resource)
        options = [("grpc.default_authority", "localhost")]
        with grpc.insecure_channel(f"unix:{_KUBELET}", options=options) as channel:
            service.RegistrationStub(channel).Register(request, timeout=10, wait_for_ready=True)
        print(f"registered {self._resource}: {[device.ID for device in self._devices]}", flush=True)


def _device(text: str) -> messages.Device:
    id, _, places = text.partition("@")
    nodes = [messages.NUMANode(ID=int(place)) for place in places.split(",") if place]
    topology = messages.TopologyInfo(nodes=nodes) if nodes else None
    return messages.Device(ID=id, health="Healthy", topology=topology)


def main(resource: str, devices: list[str]) -> None:
    """Serve until somebody ends us."""
    plugin = DevicePlugin(resource, devices)
    endpoint = f"{resource.replace('/', '-')}.sock"
    while True:
        (FOLDER / endpoint).unlink(missing_ok=True)
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        service.add_DevicePluginServicer_to_server(plugin, server)
        server.add_insecure_port(f"unix:{FOLDER / endpoint}")
        server.start()
        plugin.register(endpoint)
        while (FOLDER / endpoint).exists():  # a kubelet that starts clears the folder
            time.sleep(0.5)
        server.stop(grace=None).wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
