"""STATUS: at once, with code 50 and the reason."""

from __future__ import annotations

import pytest

from multus_py.cluster import errors as cluster_errors
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from tests.unit.attach.world import World


def refusal(world: World) -> CNIError:
    with pytest.raises(CNIError) as caught:
        world.status()
    return caught.value


@pytest.fixture
def current(world: World) -> World:
    """Return a world whose cluster network is of CNI 1.1.0, which knows STATUS."""
    world.keys["delegates"] = [
        {"cniVersion": "1.1.0", "name": "cluster", "plugins": [{"type": "bridge"}, {"type": "macvlan"}]}
    ]
    return world


def test_the_plugins_of_the_cluster_network_are_asked(current: World) -> None:
    current.status()
    assert current.run.names() == ["STATUS bridge", "STATUS macvlan"]
    assert current.run.calls[0].config == {"cniVersion": "1.1.0", "name": "cluster", "type": "bridge"}


@pytest.mark.parametrize("code", [50, 51, 100])
def test_a_plugins_code_survives(current: World, code: int) -> None:
    """B20: the original loses the codes of STATUS on its way."""
    current.run.answer("bridge", "STATUS", CNIError(code, "no", "really"))
    error = refusal(current)
    assert (error.code, error.msg, error.details) == (code, "no", "really")


def test_below_version_1_1_plugins_need_only_be_there(world: World) -> None:
    world.status()
    assert world.run.names() == []


def test_a_plugin_that_is_missing_is_not_ready(world: World) -> None:
    world.run.uninstall("bridge")
    error = refusal(world)
    assert error.code == errors.PLUGIN_NOT_AVAILABLE
    assert error.msg == f'failed to find plugin "bridge" in path [{world.bin} /opt/cni/bin]'


def test_a_default_network_that_is_not_up_is_not_ready_and_not_waited_for(world: World) -> None:
    """Section 9.3: the original may take 45 seconds to answer."""
    world.keys["readinessindicatorfile"] = str(world.root / "ready")
    error = refusal(world)
    assert error.code == errors.PLUGIN_NOT_AVAILABLE
    assert error.msg == (
        f"readiness indicator file {world.root}/ready is not there: check that the default network is up"
    )
    assert world.clock.sleeps == []
    (world.root / "ready").mkdir()
    world.status()


@pytest.mark.parametrize("seconds", [1, 30], ids=["less", "more"])
def test_the_cluster_has_two_seconds_at_most(world: World, seconds: int) -> None:
    world.keys["apiTimeout"] = seconds
    world.status()
    assert [given.api_timeout for given in world.opened] == [min(2, seconds)]


NOT_READY: dict[str, cluster_errors.ClusterError] = {
    "a broken kubeconfig": cluster_errors.ConfigError("no such file"),
    "a broken answer": cluster_errors.UnavailableError("refused"),
}


@pytest.mark.parametrize("failure", NOT_READY.values(), ids=list(NOT_READY))
def test_no_way_to_the_cluster_is_not_ready(world: World, failure: cluster_errors.ClusterError) -> None:
    world.cluster_failure = failure
    error = refusal(world)
    assert error.msg == f"no way to the Kubernetes API: {failure}"
    assert error.code == errors.PLUGIN_NOT_AVAILABLE


def test_a_cluster_network_that_is_no_nad_and_no_file_is_not_ready_and_no_crash(world: World) -> None:
    """B19: the original crashes."""
    world.keys["clusterNetwork"] = "net"
    error = refusal(world)
    assert error.code == errors.PLUGIN_NOT_AVAILABLE
    assert error.msg.startswith('cannot find the network "net": as a NAD in kube-system: ')


def test_a_cluster_network_that_is_a_nad_is_asked(world: World) -> None:
    world.keys["clusterNetwork"] = "net"
    world.put_nad("net", {"cniVersion": "1.1.0", "type": "bridge"}, namespace="kube-system")
    world.status()
    assert world.run.names() == ["STATUS bridge"]
    assert world.cluster
    assert world.cluster.closed
