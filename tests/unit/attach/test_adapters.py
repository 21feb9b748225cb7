"""The real adapters, as far as they can be tried without changing this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from multus_py.attach import adapters
from multus_py.attach.settings import Settings
from multus_py.base import clock, log, process
from multus_py.cluster import errors as cluster_errors
from multus_py.cluster.direct import Direct
from multus_py.node import errors as node_errors
from multus_py.node.routes import DefaultRoutes

QUIET = log.Log(log.Options(stderr=False))


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
    path = tmp_path / "kubeconfig"
    config = {
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {}}],
        "current-context": "x",
    }
    path.write_text(json.dumps(config))
    cluster = adapters.DirectCluster({})(Settings(kubeconfig=str(path)), log=QUIET)
    assert isinstance(cluster, Direct)
    assert "127.0.0.1" in repr(cluster)


def test_a_kubeconfig_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(cluster_errors.ClusterError, match="kubeconfig"):
        adapters.DirectCluster({})(Settings(kubeconfig=str(tmp_path / "kubeconfig")), log=QUIET)


def test_without_a_kubeconfig_and_outside_a_pod_there_is_no_kubernetes() -> None:
    assert adapters.DirectCluster({})(Settings(), log=QUIET) is None


def test_the_node_is_asked_for_interfaces_and_routes_by_the_namespaces_path(tmp_path: Path) -> None:
    node = adapters.HostNode()
    with pytest.raises(node_errors.NodeError, match="does not exist"):
        node.first_interface(str(tmp_path / "netns"), ["eth0"])
    with pytest.raises(node_errors.NodeError, match="does not exist"):
        node.set_default_routes(str(tmp_path / "netns"), DefaultRoutes(holder="eth0"))


def test_an_unknown_pod_has_no_devices() -> None:
    assert adapters.HostNode().allocated_devices("00000000-no-such-pod") == {}
