"""The kubelet's PodResources service, over real gRPC."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import grpc
import pytest
from grpc_tools import protoc

from multus_py.node import errors, podresources
from tests.fakes.kubelet import FakeKubelet, serving

ROOT = Path(__file__).parents[3]
POD, OTHER = ("demo", "web"), ("demo", "other")
NIC, GPU = "example.com/nic", "example.com/gpu"


@pytest.fixture(name="socket")
def _socket(tmp_path: Path) -> Path:
    return tmp_path / "kubelet.sock"


@pytest.fixture(name="kubelet")
def _kubelet(socket: Path) -> Iterator[FakeKubelet]:
    with serving(socket, {POD: [[(NIC, ["d1"])]], OTHER: [[(NIC, ["d2"])]]}) as kubelet:
        yield kubelet


def allocated(socket: Path, *, timeout: float = 10) -> Mapping[str, tuple[str, ...]]:
    return podresources.allocated(*POD, "u1", socket=str(socket), timeout=timeout)


def test_a_kubelet_is_asked_for_the_one_pod(kubelet: FakeKubelet, socket: Path) -> None:
    assert allocated(socket) == {NIC: ("d1",)}
    assert kubelet.asked == ["Get"]


DISABLED = {
    "before 1.27": (grpc.StatusCode.UNIMPLEMENTED, "unknown method Get for service v1.PodResourcesLister"),
    "1.27 to 1.33": (grpc.StatusCode.UNKNOWN, "PodResources API Get method disabled"),
}


@pytest.mark.parametrize("answer", DISABLED.values(), ids=list(DISABLED))
def test_where_it_cannot_be_asked_for_one_pod_all_are_listed(
    kubelet: FakeKubelet, socket: Path, answer: tuple[grpc.StatusCode, str]
) -> None:
    kubelet.without = answer
    assert allocated(socket) == {NIC: ("d1",)}
    assert kubelet.asked == ["Get", "List"]


@pytest.mark.parametrize("answer", [None, DISABLED["before 1.27"]], ids=["Get", "List"])
def test_containers_keep_their_order_and_each_ones_devices_are_sorted(
    kubelet: FakeKubelet, socket: Path, answer: tuple[grpc.StatusCode, str] | None
) -> None:
    kubelet.without = answer
    # The kubelet answers an entry a device and NUMA node, in an order that is another one each time.
    kubelet.pods[POD] = [
        [(NIC, ["d9"]), (GPU, ["g1"]), (NIC, ["d8"]), (NIC, ["d9"])],
        [],
        [(NIC, ["d2", "d1"]), (GPU, [])],
        [(NIC, ["d8"])],
    ]
    assert allocated(socket) == {NIC: ("d8", "d9", "d1", "d2"), GPU: ("g1",)}


def test_a_pod_that_the_kubelet_does_not_know_has_no_devices(kubelet: FakeKubelet, socket: Path) -> None:
    del kubelet.pods[POD]
    assert allocated(socket) == {}


def test_a_kubelet_that_is_asked_too_often_is_asked_again(kubelet: FakeKubelet, socket: Path) -> None:
    kubelet.refusals = [grpc.StatusCode.RESOURCE_EXHAUSTED] * 2
    assert allocated(socket) == {NIC: ("d1",)}
    assert kubelet.asked == ["Get"] * 3


def test_a_kubelet_that_does_not_answer_in_time_is_an_error_that_may_pass(kubelet: FakeKubelet, socket: Path) -> None:
    kubelet.delay = 0.5
    with pytest.raises(errors.UnavailableError) as caught:
        allocated(socket, timeout=0.1)
    assert str(caught.value).startswith(
        f"the kubelet does not tell the devices of pod demo/web/u1: {socket}: DEADLINE_EXCEEDED: "
    )


def test_a_socket_without_a_kubelet_is_an_error_that_may_pass(socket: Path) -> None:
    with serving(socket, {}):
        pass
    with pytest.raises(errors.UnavailableError, match="demo/web/u1"):
        allocated(socket, timeout=0.2)


@pytest.mark.slow
def test_a_kubelet_that_is_just_starting_is_waited_for(socket: Path) -> None:
    found: list[Mapping[str, tuple[str, ...]]] = []
    call = threading.Thread(target=lambda: found.append(allocated(socket, timeout=30)))
    call.start()
    call.join(0.3)
    with serving(socket, {POD: [[(NIC, ["d1"])]]}):
        call.join()
    assert found == [{NIC: ("d1",)}]


@pytest.mark.parametrize("code", [grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INTERNAL])
def test_a_refusal_is_an_error_with_the_kubelets_own_words(
    kubelet: FakeKubelet, socket: Path, code: grpc.StatusCode
) -> None:
    kubelet.refusals = [code]
    with pytest.raises(errors.NodeError, match=f"demo/web/u1: .*: {code.name}: as the test says") as caught:
        allocated(socket)
    assert not isinstance(caught.value, errors.UnavailableError)
    assert kubelet.asked == ["Get"]


def test_an_answer_beyond_measure_is_refused(kubelet: FakeKubelet, socket: Path) -> None:
    kubelet.pods[POD] = [[(NIC, ["d" * (17 << 20)])]]
    with pytest.raises(errors.NodeError, match="RESOURCE_EXHAUSTED"):
        allocated(socket)


def test_an_answer_of_another_kind_is_an_error(tmp_path: Path) -> None:
    """Whatever listens there: it is not answered with an exception of the library."""
    (tmp_path / "file").touch()
    with pytest.raises(errors.NodeError):
        allocated(tmp_path / "file", timeout=0.2)


def test_importing_the_module_does_not_open_the_door() -> None:
    program = "import sys; from multus_py.node import kubelet; print(*{'grpc', 'google'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("proto", ["multus_py/node/podresources.proto", "tests/protocols/deviceplugin.proto"])
def test_the_generated_modules_are_those_of_the_proto_file(tmp_path: Path, proto: str) -> None:
    """`make stubs` makes them."""
    outputs = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    assert protoc.main(["protoc", f"-I{ROOT}", *outputs, str(ROOT / proto)]) == 0
    made = [path for path in tmp_path.rglob("*.py*") if path.is_file()]
    assert len(made) == 3
    for path in made:
        assert path.read_text() == (ROOT / path.relative_to(tmp_path)).read_text(), f"{path.name}: make stubs"
