"""Multus put on a cluster as README says, kept there through what happens to nodes, and removed again (F13, F16)."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import multus_py
from multus_py.lab.objects import Object, at, text
from tests.e2e import daemon as daemons
from tests.e2e import networks, readme
from tests.e2e.api import APPS, CORE
from tests.e2e.cluster import CONF, Cluster, Space, nothing_new, status_of, wait_ready
from tests.e2e.equipment import BINARY
from tests.e2e.load import Load
from tests.e2e.node import Node
from tests.e2e.waiting import say, wait_for
from tools import image

_CONF_DIR = "/etc/cni/net.d"
_MULTUS_CONF = f"{_CONF_DIR}/00-multus.conf"
_KUBECONFIG = f"{_CONF_DIR}/multus.d/multus.kubeconfig"
_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
_NEXT = "0.1.1"
_DAEMONSET = f"{APPS}/namespaces/kube-system/daemonsets/kube-multus-ds"
_PODS = f"{CORE}/namespaces/kube-system/pods?labelSelector=name=multus"


@pytest.fixture(scope="module")
def stripped(cluster: Cluster) -> Iterator[dict[str, dict[str, list[str]]]]:
    """Take the plugin off all nodes, and put it back in the end; gives each node's files."""
    if not BINARY:
        pytest.skip("an image is made of a build: make e2e")
    for node in cluster.nodes:
        node.strip()
    time.sleep(1)  # the runtime reads it when the kernel tells it so
    yield {node.name: node.files() for node in cluster.nodes}
    if cluster.api.find(_DAEMONSET):
        cluster.kubectl("delete", "-f", str(CONF / "multus.yaml"))
        wait_for(lambda: not cluster.api.list(_PODS), "the daemons are gone", timeout=60)
    token = cluster.admit_plugin()
    for node in cluster.nodes:
        node.equip(token)
    time.sleep(1)


@pytest.fixture(scope="module")
def loaded(cluster: Cluster, stripped: object) -> None:
    """Load the image, as README says."""
    readme.follow(cluster, "Make and load the image")


@pytest.fixture
def installed(cluster: Cluster, loaded: None) -> str:
    """See that it is installed, as README says; gives what the commands printed."""
    if cluster.api.find(_DAEMONSET):
        _settled(cluster)
        return ""
    return readme.follow(cluster, "Apply")


def test_install_by_the_readme(installed: str, cluster: Cluster, space: Space) -> None:
    for words in ("successfully rolled out", "kube-multus-ds-", "network-attachment-definitions.k8s.cni.cncf.io"):
        assert words in installed
    space.nad("storage", networks.macvlan())
    fallbacks = {node.name: _metrics(node)["multus_fallbacks_total"] for node in cluster.nodes}
    for node in cluster.nodes:
        space.pod(f"on-{node.name}", "storage", on=node)
    for node in cluster.nodes:
        pod = space.running(f"on-{node.name}")
        assert node.addresses(pod).keys() == {"eth0", "net1"}
        configuration = json.loads(node.machine.path(_MULTUS_CONF).read_text())
        assert configuration["delegates"] == [node.primary()]
        assert node.machine.path(_MULTUS_CONF).stat().st_mode & 0o777 == 0o600
        assert node.machine.path(_KUBECONFIG).stat().st_mode & 0o777 == 0o600
        daemon = _daemon(cluster, node)
        assert text(daemon, "status", "qosClass") == "Guaranteed"
        # The daemon was asked, and has written the status: the call did not have to do without it.
        _hears(cluster, node, f"event=call verb=ADD pod={space.name}/on-{node.name} outcome=success")
        metrics = _metrics(node)
        assert metrics["multus_node_config_waiting"] == 0
        assert metrics["multus_fallbacks_total"] == fallbacks[node.name]
    printed = cluster.kubectl("--namespace", space.name, "get", "net-attach-def", "storage", "--output=wide")
    assert "macvlan" in printed


@pytest.mark.usefixtures("installed")
def test_install_heals_what_cilium_renames(cluster: Cluster, space: Space, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    left.machine.run(["mv", _MULTUS_CONF, f"{_MULTUS_CONF}.cilium_bak"])
    wait_for(left.machine.path(_MULTUS_CONF).exists, "00-multus.conf is back", timeout=5)
    space.pod("renamed", "storage", on=left)
    assert left.addresses(space.running("renamed")).keys() == {"eth0", "net1"}
    _hears(cluster, left, "cni.exclusive")
    left.machine.run(["rm", f"{_MULTUS_CONF}.cilium_bak"])


@pytest.mark.usefixtures("installed")
def test_install_daemon_killed(cluster: Cluster, space: Space, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    restarts = _restarts(_daemon(cluster, left))
    left.machine.run(["kill", "-9", str(left.container(_daemon(cluster, left), "multus"))])
    space.pod("meanwhile", "storage", on=left)
    assert left.addresses(space.running("meanwhile")).keys() == {"eth0", "net1"}
    wait_for(lambda: _restarts(_daemon(cluster, left)) > restarts, "the daemon was started again", timeout=60)
    _settled(cluster)
    left.machine.run(["rm", _MULTUS_CONF])
    wait_for(left.machine.path(_MULTUS_CONF).exists, "00-multus.conf is back", timeout=5)
    space.pod("after", "storage", on=left)
    assert left.addresses(space.running("after")).keys() == {"eth0", "net1"}


@pytest.mark.usefixtures("installed")
def test_install_daemon_hangs(cluster: Cluster, space: Space, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    fallbacks = _metrics(left)["multus_fallbacks_total"]
    daemon = str(left.container(_daemon(cluster, left), "multus"))
    left.machine.run(["kill", "-STOP", daemon])
    try:
        space.pod("meanwhile", "storage", on=left)
        assert left.addresses(space.running("meanwhile")).keys() == {"eth0", "net1"}
    finally:
        left.machine.run(["kill", "-CONT", daemon])
    wait_for(lambda: _metrics(left)["multus_fallbacks_total"] > fallbacks, "it is counted", timeout=20)


@pytest.mark.usefixtures("installed")
def test_install_follows_the_token(cluster: Cluster, space: Space, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    before = _token(left)
    # A kubelet that is started again has no token in its memory, so it asks for new ones, long before they are due.
    left.stop("kubelet")
    left.start("kubelet")
    wait_ready(cluster.api, left)
    wait_for(lambda: _mounted_token(cluster, left) != before, "the pod has a new token", timeout=150)
    wait_for(lambda: _token(left) == _mounted_token(cluster, left), "the kubeconfig has it, too", timeout=10)
    space.pod("renewed", "storage", on=left)
    assert left.addresses(space.running("renewed")).keys() == {"eth0", "net1"}


@pytest.mark.usefixtures("installed")
def test_install_upgrade_under_load(cluster: Cluster, space: Space, tmp_path: Path) -> None:
    for node in cluster.nodes:
        node.load(_next_image(tmp_path))
    tokens = [_token(node) for node in cluster.nodes]
    space.nad("storage", networks.macvlan())
    with Load(space, "storage") as load:
        load.wait(2)
        say(f"upgrading to {_NEXT}")
        manifest = (CONF / "multus.yaml").read_text().replace(image.NAME, f"multus-py:{_NEXT}")
        cluster.kubectl("apply", "--filename", "-", stdin=manifest)
        _settled(cluster)
        load.wait(2)
    say(f"{load.count} pods came and went meanwhile")
    assert load.lacking == []
    assert load.failures() == []
    for node, token in zip(cluster.nodes, tokens, strict=True):
        assert f"multus {_NEXT}" in node.machine.run(["/opt/cni/bin/multus", "version"])
        assert _token(node) != token


@pytest.mark.usefixtures("installed")
def test_install_survives_a_reboot(cluster: Cluster, space: Space, left: Node) -> None:
    space.nad("storage", networks.macvlan())
    space.pod("lasting", "storage", on=left)
    old = left.sandbox(space.running("lasting"))
    say(f"pulling the plug of {left.name}")
    left.halt()
    left.boot()
    cluster.connect_nodes()
    wait_ready(cluster.api, left)
    wait_for(lambda: _another(left, space, "lasting", old.id), "the pod has a new sandbox", timeout=90)
    pod = space.running("lasting")
    assert left.addresses(pod).keys() == {"eth0", "net1"}
    _settled(cluster)


@pytest.mark.usefixtures("installed")
def test_install_removed(cluster: Cluster, space: Space, stripped: dict[str, dict[str, list[str]]]) -> None:
    space.nad("storage", networks.macvlan())
    for node in cluster.nodes:
        space.pod(f"before-{node.name}", "storage", on=node)
    for node in cluster.nodes:
        space.running(f"before-{node.name}")
    space.delete()
    space.gone()
    for node in cluster.nodes:
        nothing_new(node, {})
    readme.follow(cluster, "Remove")
    wait_for(lambda: not cluster.api.list(_PODS), "the daemons are gone", timeout=60)
    for node in cluster.nodes:
        assert node.files() == stripped[node.name]
        space.pod(f"after-{node.name}", "storage", on=node)
    for node in cluster.nodes:
        pod = space.running(f"after-{node.name}")
        assert node.addresses(pod).keys() == {"eth0"}
        assert status_of(pod) == []
        assert node.ping(pod, node.address.gateway)


@pytest.mark.usefixtures("loaded")
def test_install_takes_over_from_a_manifest_for_the_go_multus(cluster: Cluster, space: Space, left: Node) -> None:
    if cluster.api.find(_DAEMONSET):
        readme.follow(cluster, "Remove")
    cluster.admit_plugin()
    space.nad("storage", networks.macvlan())
    cluster.kubectl("apply", "--filename", str(Path(__file__).with_name("thin.yaml")))
    _settled(cluster)
    wait_for(left.machine.path(_MULTUS_CONF).exists, "the node is configured", timeout=30)
    space.pod("thin", "storage", on=left)
    assert left.addresses(space.running("thin")).keys() == {"eth0", "net1"}
    readme.follow(cluster, "Apply")
    daemon = _daemon(cluster, left)
    assert text(daemon, "status", "qosClass") == "Guaranteed", "nothing of the old one is left in it"
    space.pod("new", "storage", on=left)
    assert left.addresses(space.running("new")).keys() == {"eth0", "net1"}


def _settled(cluster: Cluster) -> None:
    """Wait until every daemon is there, of the right version, and its node configured."""
    cluster.kubectl("--namespace=kube-system", "rollout", "status", "daemonset/kube-multus-ds", "--timeout=120s")


def _daemon(cluster: Cluster, node: Node) -> Object:
    """Return the pod of a node's daemon."""
    (pod,) = [pod for pod in cluster.api.list(_PODS) if text(pod, "spec", "nodeName") == node.name]
    return pod


def _restarts(pod: Object) -> int:
    statuses = at(pod, "status", "containerStatuses")
    (status,) = statuses if isinstance(statuses, list) else []
    count = at(status, "restartCount")
    return count if isinstance(count, int) else 0


def _log(cluster: Cluster, node: Node) -> str:
    name = text(_daemon(cluster, node), "metadata", "name")
    return cluster.kubectl("--namespace=kube-system", "logs", name)


def _hears(cluster: Cluster, node: Node, line: str) -> None:
    """Wait until the daemon has a line in its log."""
    wait_for(lambda: line in _log(cluster, node), f"the daemon of {node.name} says {line}", timeout=20)


def _metrics(node: Node) -> dict[str, float]:
    return daemons.metrics(node, 9489)


def _token(node: Node) -> str:
    """Return the token in the node's kubeconfig."""
    kubeconfig = json.loads(node.machine.path(_KUBECONFIG).read_text())
    token: str = kubeconfig["users"][0]["user"]["token"]
    return token


def _mounted_token(cluster: Cluster, node: Node) -> str:
    """Return the token that the daemon's pod has."""
    pid = node.container(_daemon(cluster, node), "multus")
    return node.machine.run(["cat", f"/proc/{pid}/root{_TOKEN}"]).strip()


def _another(node: Node, space: Space, name: str, sandbox: str) -> bool:
    (pod,) = [pod for pod in space.pods() if text(pod, "metadata", "name") == name]
    try:
        return node.sandbox(pod).id != sandbox
    except AssertionError:
        return False


def _next_image(directory: Path) -> Path:
    """Make the image of the next version: this one, by another name."""
    archive = directory / "next.tar"
    if not archive.exists():
        files = image.contents(image.unpack(Path(BINARY), directory))
        built = directory / "build.json"
        found = json.loads(files[image.HOME / "lib/build.json"].read_text())
        assert found["version"] == multus_py.VERSION
        built.write_text(json.dumps(found | {"version": _NEXT, "id": re.sub(".", "0", found["id"])}))
        image.write(archive, files | {image.HOME / "lib/build.json": built}, name=f"multus-py:{_NEXT}")
    return archive
