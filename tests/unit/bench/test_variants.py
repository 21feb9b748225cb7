"""What is started for a pod."""

from __future__ import annotations

import json
from pathlib import Path

from tests.bench import networks
from tests.bench.variants import Bare, Meta, Pod

POD = Pod("ns", "pod2", "uid", 2, Path("/run/netns/pod"))
LEASES = Path("/leases")
CONFIGS = [networks.primary(LEASES), *networks.extras(LEASES).values()]


def test_the_plugins_alone_are_started_in_the_order_of_the_networks() -> None:
    steps = Bare(Path("/plugins"), CONFIGS).add(POD, "id")
    assert [(step.argv[0], step.env["CNI_IFNAME"]) for step in steps] == [
        ("/plugins/bridge", "eth0"),
        ("/plugins/macvlan", "net1"),
        ("/plugins/macvlan", "net2"),
    ]


def test_the_plugins_alone_are_undone_backwards_with_their_own_results() -> None:
    steps = Bare(Path("/plugins"), CONFIGS).delete(POD, "id", [b'{"of": "eth0"}', b'{"of": "net1"}', b'{"of": "net2"}'])
    assert [step.env["CNI_IFNAME"] for step in steps] == ["net2", "net1", "eth0"]
    assert [json.loads(step.stdin)["prevResult"]["of"] for step in steps] == ["net2", "net1", "eth0"]


def test_a_meta_plugin_is_one_program_whatever_the_pod_wants() -> None:
    meta = Meta("key", "label", ("/bin/multus",), b'{"name": "multus"}', Path("/plugins"))
    (add,) = meta.add(POD, "id")
    (delete,) = meta.delete(POD, "id", [b'{"ips": []}'])
    assert (add.argv, add.env["CNI_COMMAND"], add.stdin) == (("/bin/multus",), "ADD", b'{"name": "multus"}')
    assert "K8S_POD_NAME=pod2" in add.env["CNI_ARGS"].split(";")
    assert json.loads(delete.stdin) == {"name": "multus", "prevResult": {"ips": []}}


def test_after_a_failed_add_there_is_no_previous_result() -> None:
    assert networks.with_previous(b'{"name": "multus"}', b"") == b'{"name": "multus"}'


def test_a_pod_asks_for_its_networks_in_order() -> None:
    assert [networks.annotation(count) for count in (0, 1, 2)] == ["", "net1", "net1,net2"]
    assert networks.interfaces(2) == ["eth0", "net1", "net2"]


def test_parallel_attachments_are_asked_for_in_the_configuration() -> None:
    def config(*, parallel: bool) -> object:
        made = networks.multus(
            CONFIGS[0], kubeconfig=Path("/k"), plugins=Path("/p"), state=Path("/s"), parallel=parallel
        )
        return json.loads(made).get("parallelAttachments")

    assert (config(parallel=True), config(parallel=False)) == (True, None)


def test_calls_look_for_a_daemon_only_where_they_shall() -> None:
    def config(daemon: Path | None) -> object:
        made = networks.multus(CONFIGS[0], kubeconfig=Path("/k"), plugins=Path("/p"), state=Path("/s"), daemon=daemon)
        return json.loads(made).get("daemonSocketDir")

    assert (config(Path("/run/x")), config(None)) == ("/run/x", "")
