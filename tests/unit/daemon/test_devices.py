"""The devices of a pod: those of its claims, and with them those of the kubelet if it can be asked in time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from multus_py.cluster import errors
from multus_py.cluster.objects import Pod
from multus_py.cluster.port import PodDevices
from multus_py.daemon.devices import Devices, Kubelet
from multus_py.node.errors import NodeError
from tests.fakes.clock import FakeClock
from tests.fakes.cluster import FakeCluster
from tests.fakes.lending import FakeLender

POD = Pod(namespace="default", name="web", uid="u1", node="node1")
CLAIMED = PodDevices(claimed={"a/claimed": ("1",)})


class FakeKubelet:
    """Answers what a test says, and notes how long it was given."""

    def __init__(self, answer: Mapping[str, tuple[str, ...]] | NodeError) -> None:
        self._answer = answer
        self.timeouts: list[float] = []

    def allocated(self, pod: Pod, *, timeout: float) -> Mapping[str, tuple[str, ...]]:
        assert pod == POD
        self.timeouts.append(timeout)
        if isinstance(self._answer, NodeError):
            raise self._answer
        return self._answer


class SlowCluster(FakeCluster):
    """Takes its time over devices."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        super().__init__(POD)
        self._clock = clock
        self._seconds = seconds
        self.give("default", "web", CLAIMED)

    def get_devices(self, pod: Pod) -> PodDevices:
        self._clock.advance(self._seconds)
        return super().get_devices(pod)


def ask(kubelet: FakeKubelet | None, *, taking: float = 0.5) -> PodDevices:
    clock = FakeClock()
    return Devices(FakeLender(SlowCluster(clock, taking)), kubelet=kubelet, clock=clock).of(POD, patience=2.0)


def test_the_kubelets_devices_come_with_those_of_claims() -> None:
    kubelet = FakeKubelet({"a/plugin": ("7", "8")})
    assert ask(kubelet) == CLAIMED.replace(kubelet={"a/plugin": ("7", "8")})
    assert kubelet.timeouts == [0.75]


def test_a_kubelet_that_does_not_answer_is_left_to_the_plugin() -> None:
    assert ask(FakeKubelet(NodeError("no such socket"))) == CLAIMED


def test_a_kubelet_is_not_asked_when_there_is_no_time_left() -> None:
    kubelet = FakeKubelet({})
    assert ask(kubelet, taking=1.95) == CLAIMED
    assert kubelet.timeouts == []


def test_without_a_kubelet_there_are_claims_only() -> None:
    assert ask(None) == CLAIMED


def test_claims_that_cannot_be_resolved_are_an_error() -> None:
    lender = FakeLender(FakeCluster(POD))
    lender.broken = errors.UnavailableError("no way")
    with pytest.raises(errors.UnavailableError):
        Devices(lender, kubelet=FakeKubelet({}), clock=FakeClock()).of(POD, patience=2.0)


def test_a_kubelet_that_is_not_there_is_an_error_of_the_node(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=str(tmp_path)):
        Kubelet(tmp_path).allocated(POD, timeout=0.2)
