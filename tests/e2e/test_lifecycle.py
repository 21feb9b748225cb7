"""Pods, daemons and machines that come and go at bad moments. Whatever happens: nothing is left in the end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from multus_py.lab.objects import Object, text
from tests.e2e import networks
from tests.e2e.api import APPS, CORE
from tests.e2e.cluster import NETWORKS, Cluster, Space, ips, nothing_new, pod_spec, status_of, wait_ready
from tests.e2e.node import Node
from tests.e2e.waiting import say, wait_for


@pytest.mark.usefixtures("daemon")
def test_static_pod_gets_its_networks(space: Space, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    _write_static_pod(space, left)
    try:
        pod = space.running(f"static-{left.name}")
        assert [text(entry, "interface") for entry in status_of(pod)] == ["eth0", "net1"]
        (sandbox,) = left.records()
        assert "net1" in left.machine.run(["cat", f"/var/lib/cni/multus/{sandbox.name}"])
        space.event(f"static-{left.name}", "AddedInterface", "Add net1 [203.0.113.")
    finally:
        left.machine.path("/var/lib/kubelet/manifests/static.yaml").unlink()
    space.gone(f"static-{left.name}")


@pytest.mark.usefixtures("daemon")
def test_pod_deleted_while_its_add_runs(space: Space, left: Node) -> None:
    space.nad("slow", networks.gate())
    left.close_gate()
    try:
        space.pod("hasty", "slow", on=left)
        left.wait_at_gate()
        assert len(left.records()) == 1
        space.delete("hasty", grace=0)
        space.gone("hasty")
    finally:
        left.open_gate()
    nothing_new(left, {})


@pytest.mark.usefixtures("daemon")
def test_statefulset_pod_comes_back_under_its_name(space: Space, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    labels: Object = {"app": "db"}
    space.create(
        "statefulsets",
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": "db"},
            "spec": {
                "serviceName": "db",
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels, "annotations": {NETWORKS: "storage"}},
                    "spec": pod_spec(left),
                },
            },
        },
    )
    first = space.running("db-0")
    for grace in (None, 0):
        say(f"deleting db-0, {'at once' if grace == 0 else 'in order'}")
        space.delete("db-0", grace=grace)
        uid = text(first, "metadata", "uid")
        _wait_for_another(space, "db-0", uid)
        again = space.running("db-0")
        assert left.addresses(again)["net1"] == [f"{ip}/25" for ip in ips(again, "net1")]
        first = again
    space.api.delete(f"{APPS}/namespaces/{space.name}/statefulsets/db")
    space.gone(timeout=60)


def test_api_stopped_during_add(space: Space, cluster: Cluster, left: Node) -> None:
    space.nad("slow", networks.gate())
    left.close_gate()
    try:
        space.pod("early", "slow", on=left)
        left.wait_at_gate()
        say("stopping the API server")
        with cluster.without_api():
            left.open_gate()
            # The status cannot be written: all is undone, and the runtime is told.
            wait_for(lambda: not left.records(), "the ADD is undone", timeout=40, found=left.leftovers)
            wait_for(lambda: _was_told(left, space), "the runtime is told", timeout=10)
    finally:
        left.open_gate()
    pod = space.running("early", timeout=90)
    assert list(left.addresses(pod)) == ["eth0", "net1"]


def test_api_stopped_during_del(space: Space, cluster: Cluster, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    space.pod("late", "storage", on=left, container={"command": ["sleep", "1000"]})
    space.running("late")
    space.delete("late")  # `sleep` does not listen to SIGTERM: two seconds are left
    say("stopping the API server")
    with cluster.without_api():
        nothing_new(left, {})
    space.gone("late")


def test_api_gone_for_good(space: Space, cluster: Cluster, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    manifest = _write_static_pod(space, left)
    space.running(f"static-{left.name}")
    say("stopping the API server, and removing the plugin's kubeconfig")
    with cluster.without_api():
        left.remove_kubeconfig()
        try:
            left.machine.path(manifest).unlink()
            nothing_new(left, {})
        finally:
            left.configure()
    space.gone(f"static-{left.name}")


def test_kubelet_restart(space: Space, cluster: Cluster, left: Node) -> None:
    _restart(space, cluster, left, "kubelet")


def test_containerd_restart(space: Space, cluster: Cluster, left: Node) -> None:
    _restart(space, cluster, left, "containerd")


def test_kubelet_stopped_while_add_runs(space: Space, cluster: Cluster, left: Node) -> None:
    with _add_cut_short(space, left):
        left.stop("kubelet")  # the runtime kills multus, and calls DEL at once
    left.start("kubelet")
    _recovers(space, cluster, left)


def test_containerd_stopped_while_add_runs(space: Space, cluster: Cluster, left: Node) -> None:
    with _add_cut_short(space, left):
        left.stop("containerd")
        left.start("containerd")  # which calls DEL when kubelet asks it to
    _recovers(space, cluster, left)


def test_reboot_of_a_node(space: Space, cluster: Cluster, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    space.pod("lasting", "storage", on=left)
    space.pod("doomed", "storage", on=left)
    before = [space.running(name) for name in ("lasting", "doomed")]
    (old,) = (left.sandbox(pod).id for pod in before[:1])
    say(f"pulling the plug of {left.name}")
    left.halt()
    space.delete("doomed")
    left.boot()
    cluster.connect_nodes()
    wait_ready(cluster.api, left)
    space.gone("doomed")
    wait_for(lambda: _another_sandbox(left, before[0], old), "the pod has a new sandbox", timeout=60)
    pod = space.running("lasting")
    wait_for(lambda: len(left.records()) == 1, "one record is left", timeout=60, found=left.leftovers)
    addresses = left.addresses(pod)
    for interface in ("eth0", "net1"):
        assert addresses[interface] == [f"{ip}/25" for ip in ips(pod, interface)]
    assert left.ping(pod, left.address.gateway)


def _was_told(node: Node, space: Space) -> bool:
    log = node.runtime_log()
    return f"[{space.name}/early/" in log and "cannot write the network status" in log


def _restart(space: Space, cluster: Cluster, node: Node, daemon: str) -> None:
    space.nad("storage", networks.macvlan())
    space.pod("old", "storage", on=node)
    old = space.running("old")
    before = (node.sandbox(old), node.addresses(old))
    node.stop(daemon)
    node.start(daemon)
    wait_ready(cluster.api, node)
    space.pod("new", "storage", on=node)
    new = space.running("new")
    assert node.addresses(new).keys() == {"eth0", "net1"}
    assert (node.sandbox(old), node.addresses(old)) == before, "the running pod is as it was"
    assert node.ping(old, text(new, "status", "podIP"))


@contextmanager
def _add_cut_short(space: Space, node: Node) -> Iterator[None]:
    """Hold a plugin in an ADD until DEL was called for it. Nothing may come of that plugin any more."""
    space.nad("slow", networks.gate())
    node.close_gate()
    try:
        space.pod("cut", "slow", on=node)
        first = node.wait_at_gate()
        yield
        gone = f"the record of {first} is gone"
        wait_for(lambda: first not in {path.name for path in node.records()}, gone, timeout=60, found=node.leftovers)
    finally:
        node.open_gate()


def _recovers(space: Space, cluster: Cluster, node: Node) -> None:
    wait_ready(cluster.api, node)
    pod = space.running("cut", timeout=120)
    assert node.addresses(pod).keys() == {"eth0", "net1"}
    wait_for(lambda: len(node.records()) == 1, "one record is left", timeout=90, found=node.leftovers)


def _write_static_pod(space: Space, node: Node) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "static", "namespace": space.name, "annotations": {NETWORKS: "storage"}},
        "spec": pod_spec(),
    }
    path = "/var/lib/kubelet/manifests/static.yaml"
    node.machine.path(path).write_text(json.dumps(document))
    return path


def _wait_for_another(space: Space, name: str, uid: str) -> None:
    path = f"{CORE}/namespaces/{space.name}/pods/{name}"
    what = f"another {name}"
    space.api.wait(path, lambda pod: text(pod, "metadata", "uid") != uid, what, timeout=30)


def _another_sandbox(node: Node, pod: Object, old: str) -> bool:
    try:
        return node.sandbox(pod).id != old
    except AssertionError:
        return False
