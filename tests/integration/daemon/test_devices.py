"""A daemon as a process is asked for the devices of pods: of their claims, and of a kubelet's device plugins."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.cluster.objects import Pod
from multus_py.cluster.port import PodDevices
from multus_py.lab.faults import Delay, Fault
from tests.fakes import dra
from tests.fakes.kubelet import FakeKubelet, serving
from tests.integration.daemon.running import Daemon
from tests.integration.daemon.serving import NODE, Served, served

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

pytestmark = pytest.mark.slow

DRIVER = "nics.example.com"
CLAIMED = {"a/claimed": ("0000:3b:02.0", "0000:3b:02.1")}
ALLOCATED = {"a/plugin": ("0000:5e:00.0",)}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as world:
        yield world


@pytest.fixture
def kubelet(tmp_path: Path) -> Iterator[FakeKubelet]:
    (tmp_path / "kubelet").mkdir()
    devices = [[(resource, list(ids)) for resource, ids in ALLOCATED.items()]]
    with serving(tmp_path / "kubelet/kubelet.sock", {("default", "web"): devices}) as kubelet:
        yield kubelet


@contextlib.contextmanager
def asked(world: Served, *flags: str) -> Iterator[Daemon]:
    with world.daemon(f"--pod-resources-dir={world.directory.parent / 'kubelet'}", *flags) as daemon:
        daemon.until(world.socket.exists)
        yield daemon


def claiming(world: Served) -> Pod:
    """Have a pod with a claim, and return what a call knows of it: its metadata."""
    metadata: JSONObject = {"name": "web", "namespace": "default"}
    spec: JSONObject = {"nodeName": NODE, "resourceClaims": [{"name": "nic", "resourceClaimName": "two"}]}
    made = world.server.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {}})
    devices = {f"vf-{index}": (id, "a/claimed") for index, id in enumerate(CLAIMED["a/claimed"])}
    world.server.create(dra.slice_of(NODE, devices, driver=DRIVER, node=NODE))
    uid = dra.uid(made)
    world.server.create(dra.claim("two", [(DRIVER, NODE, name) for name in devices], reserved_for=[uid]))
    return Pod(namespace="default", name="web", uid=uid)


def devices(world: Served, pod: Pod) -> PodDevices:
    with contextlib.closing(world.call(timeout=10)) as cluster:
        return cluster.get_devices(pod)


def test_one_question_brings_the_devices_of_claims_and_of_device_plugins(world: Served, kubelet: FakeKubelet) -> None:
    pod = claiming(world)
    with asked(world) as daemon:
        assert devices(world, pod) == PodDevices(claimed=CLAIMED, kubelet=ALLOCATED)
        assert kubelet.asked == ["Get"]
        assert daemon.count("multus_requests_total", question="devices", outcome="asked") == 1
    assert world.fallbacks == 0


def test_a_kubelet_that_is_not_there_is_left_to_the_plugin(world: Served) -> None:
    pod = claiming(world)
    with asked(world):
        assert devices(world, pod) == PodDevices(claimed=CLAIMED)
    assert world.fallbacks == 0


def test_a_kubelet_that_hangs_is_left_to_the_plugin_while_there_is_time(world: Served, kubelet: FakeKubelet) -> None:
    pod = claiming(world)
    kubelet.delay = 3.0
    with asked(world), contextlib.closing(world.call()) as cluster:
        assert cluster.get_devices(pod) == PodDevices(claimed=CLAIMED)
    assert world.fallbacks == 0


def test_an_api_server_that_hangs_leaves_it_all_to_the_plugin(world: Served, kubelet: FakeKubelet) -> None:
    pod = claiming(world)
    with asked(world):
        world.server.inject(Fault(Delay(1.6), path="/apis/resource.k8s.io/v1/namespaces/", times=4))
        with contextlib.closing(world.call()) as cluster:
            assert cluster.get_devices(pod) == PodDevices(claimed=CLAIMED)
    assert world.fallbacks == 1
