"""The real adapters, as far as they can be tried without changing this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.attach import adapters
from multus_py.attach.settings import Settings
from multus_py.base import clock, log, process
from multus_py.cluster import errors as cluster_errors
from multus_py.cluster import port
from multus_py.cluster.direct import Direct
from multus_py.cluster.fallback import Fallback
from multus_py.cluster.objects import Pod
from multus_py.node import errors as node_errors
from multus_py.node.routes import DefaultRoutes
from tests.unit.cluster.desk import desk
from tests.unit.cluster.loopback import serving_at

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.port import Cluster

QUIET = log.Log(log.Options(stderr=False))


def kubeconfig(path: Path, server: str) -> str:
    """Write a kubeconfig; return its path."""
    config = {
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(config))
    return str(path)


def test_the_ports_of_a_call_are_the_real_ones(capfd: pytest.CaptureFixture[str]) -> None:
    ports = adapters.real_ports({b"A": b"1", b"_PYI_X": b"2", b"LD_LIBRARY_PATH": b"/bundle"})
    assert ports.environ == {b"A": b"1"}
    assert ports.run is process.run
    assert isinstance(ports.clock, clock.SystemClock)
    ports.stderr(b"hello\n")
    assert capfd.readouterr().err == "hello\n"


def test_a_closed_stderr_is_no_error() -> None:
    before = os.dup(2)
    os.close(2)
    try:
        adapters.real_ports({}).stderr(b"hello\n")
    finally:
        os.dup2(before, 2)
        os.close(before)


def test_the_cluster_is_the_one_of_the_kubeconfig(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:1")
    cluster = adapters.DirectCluster({})(Settings(kubeconfig=path), log=QUIET)
    assert isinstance(cluster, Direct)
    assert "127.0.0.1" in repr(cluster)


def test_a_kubeconfig_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(cluster_errors.ClusterError, match="kubeconfig"):
        adapters.DirectCluster({})(Settings(kubeconfig=str(tmp_path / "kubeconfig")), log=QUIET)


def test_without_a_kubeconfig_and_outside_a_pod_there_is_no_kubernetes() -> None:
    assert adapters.DirectCluster({})(Settings(), log=QUIET) is None


class Node:
    """A node with a kubeconfig, and a directory for the daemon."""

    def __init__(self, root: Path) -> None:
        self.directory = root / "daemon"
        self.fallbacks = self.directory / port.FALLBACKS
        self.path = self.directory / port.SOCKET
        self.kubeconfig = kubeconfig(root / "kubeconfig", "http://127.0.0.1:1")

    def open(self, **settings: object) -> Cluster | None:
        given: dict[str, object] = {"kubeconfig": self.kubeconfig, "daemon_dir": str(self.directory), **settings}
        cluster = adapters.DaemonCluster(adapters.DirectCluster({}))
        return cluster(Settings().replace(**given), log=QUIET)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_the_daemon_is_asked_where_there_is_one(node: Node) -> None:
    node.directory.mkdir()
    node.fallbacks.touch()
    with desk(node.path, {"nads": [["m", "net", None]]}) as heard:
        cluster = node.open(multus_namespace="m", cluster_network="net")
        assert isinstance(cluster, Fallback)
        (found,) = cluster.get_nads([("m", "net")])
        assert isinstance(found, cluster_errors.NotFoundError)
        cluster.close()
    assert [question["ask"] for question in heard.heard] == ["resolve"]
    assert node.fallbacks.read_bytes() == b""


def test_what_the_settings_refer_to_is_asked_for_with_the_pod(node: Node) -> None:
    node.directory.mkdir()
    pod: JSONObject = {"metadata": {"namespace": "demo", "name": "web", "uid": "u"}}
    with desk(node.path, {"pod": pod, "nads": []}) as heard:
        cluster = node.open(multus_namespace="m", cluster_network="net", default_networks=("a", "/etc/b"))
        assert cluster
        cluster.get_pod("demo", "web")
        cluster.close()
    assert (heard.heard[0]["multusNamespace"], heard.heard[0]["nads"]) == ("m", [["m", "net"], ["m", "a"]])


def test_without_a_daemon_the_api_server_is_asked_and_that_is_counted_where_a_daemon_was(node: Node) -> None:
    assert isinstance(node.open(), Direct)
    assert not node.directory.exists()
    node.directory.mkdir()
    assert isinstance(node.open(), Direct)
    assert not node.fallbacks.exists()
    node.fallbacks.touch()
    for _ in range(3):
        assert isinstance(node.open(), Direct)
    assert len(node.fallbacks.read_bytes()) == 3


def test_a_daemon_that_is_of_no_help_is_counted_once_a_call(node: Node) -> None:
    node.directory.mkdir()
    node.fallbacks.touch()
    with serving_at(node.path, lambda _: None):
        pass
    cluster = node.open(api_timeout=0.01)
    assert isinstance(cluster, Fallback)
    for _ in range(2):
        with pytest.raises(cluster_errors.UnavailableError, match=r"127\.0\.0\.1:1"):
            cluster.get_pod("demo", "web")
    assert len(node.fallbacks.read_bytes()) == 1


def test_a_count_that_cannot_be_written_is_no_failure(node: Node) -> None:
    node.fallbacks.mkdir(parents=True)
    assert isinstance(node.open(), Direct)
    node.fallbacks.rmdir()
    node.fallbacks.symlink_to("/dev/full")
    assert isinstance(node.open(), Direct)


@pytest.mark.parametrize("switched_off", [{"daemon_dir": ""}, {"kubeconfig": ""}], ids=["by its key", "no Kubernetes"])
def test_a_daemon_is_not_asked_when_that_is_not_wanted(node: Node, switched_off: dict[str, str]) -> None:
    node.directory.mkdir()
    with desk(node.path) as heard:
        assert not isinstance(node.open(**switched_off), Fallback)
    assert heard.heard == []


def test_a_directory_that_cannot_be_looked_into_holds_no_daemon(node: Node) -> None:
    node.directory.symlink_to(node.directory)  # a loop
    assert isinstance(node.open(), Direct)


def test_the_node_is_asked_for_interfaces_and_routes_by_the_namespaces_path(tmp_path: Path) -> None:
    node = adapters.HostNode()
    with pytest.raises(node_errors.NodeError, match="does not exist"):
        node.first_interface(str(tmp_path / "netns"), ["eth0"])
    with pytest.raises(node_errors.NodeError, match="does not exist"):
        node.set_default_routes(str(tmp_path / "netns"), DefaultRoutes(holder="eth0"))


def test_an_unknown_pod_has_no_devices() -> None:
    """On a machine without a kubelet."""
    pod = Pod(namespace="demo", name="none", uid="00000000-no-such-pod")
    assert adapters.HostNode().allocated_devices(pod, pod.uid, timeout=1) == {}
