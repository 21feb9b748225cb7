"""The built program asks the kubelet for a pod's devices: grpc, in both of its forms, where it is needed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.lab.apiserver import APIServer
from tests.fakes.kubelet import serving
from tests.packaging.calls import Caller

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

NIC = "example.com/nic"
# The kubelet's directory is the same on every node, so the call gets a /var/lib of its own.
_ON_A_NODE = """
mount -t tmpfs tmpfs /var/lib && mkdir /var/lib/kubelet && mount --bind "$1" /var/lib/kubelet && exec "$2"
"""


@pytest.fixture
def server() -> Iterator[APIServer]:
    config: JSONObject = {"cniVersion": "1.1.0", "type": "bridge"}
    with APIServer() as server:
        server.create(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": "web", "annotations": {"k8s.v1.cni.cncf.io/networks": "a@nothing-1,a@nothing-2"}},
                "spec": {"containers": []},
            }
        )
        server.create(
            {
                "apiVersion": "k8s.cni.cncf.io/v1",
                "kind": "NetworkAttachmentDefinition",
                "metadata": {"name": "a", "annotations": {"k8s.v1.cni.cncf.io/resourceName": NIC}},
                "spec": {"config": json.dumps(config)},
            }
        )
        yield server


def add(caller: Caller, kubelet: Path, server: APIServer) -> JSONObject:
    """Attach the pod on a node with this directory as the kubelet's; return what was printed."""
    caller.settings = {"kubeconfig": str(server.kubeconfig(kubelet / "kubeconfig")), "apiTimeout": 5}
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", _ON_A_NODE, "-", kubelet, caller.program],
        input=caller.config(),
        capture_output=True,
        check=False,
        timeout=60,
        env=caller.environ(
            "ADD",
            CNI_ARGS="K8S_POD_NAMESPACE=default;K8S_POD_NAME=web",
            CNI_NETNS="/proc/self/ns/net",
            CNI_NETNS_OVERRIDE="1",
            CNI_IFNAME="nothing-yet",
            PATH=os.environ["PATH"],
        ),
    )
    assert done.stderr == b""
    printed: JSONObject = json.loads(done.stdout)
    return printed


@pytest.mark.root
def test_each_network_gets_a_device(caller: Caller, server: APIServer, tmp_path: Path) -> None:
    kubelet = tmp_path / "kubelet"
    (kubelet / "pod-resources").mkdir(parents=True)
    with serving(kubelet / "pod-resources/kubelet.sock", {("default", "web"): [[(NIC, ["d2", "d1"])]]}) as asked:
        printed = add(caller, kubelet, server)

    assert "msg" not in printed
    assert asked.asked == ["Get"]
    assert [call.config.get("deviceID") for call in caller.delegates.calls()] == [None, "d1", "d2"]
