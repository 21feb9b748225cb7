"""The record on disk: ours, the original's, torn ones, foreign ones, and the lock."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multus_py.attach import record
from multus_py.attach.attachment import Attachment, Plan
from multus_py.base import files, jsontext
from multus_py.cni import cache
from multus_py.cni.cache import Cached
from multus_py.cni.errors import CNIError
from multus_py.multinet.selection import Selection
from tests.unit.attach.world import NETNS, World, names, network

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

GOLDEN = Path(__file__).parents[2] / "golden" / "attach"
CLUSTER = Attachment(
    name="cluster",
    network=network({"cniVersion": "1.0.0", "name": "cluster", "type": "bridge", "bridge": "cni0"}),
    ifname="eth0",
    args=(("IgnoreUnknown", "1"), ("K8S_POD_NAME", "web")),
    capability_args={"portMappings": [{"hostPort": 8080, "containerPort": 80}]},
    netns=NETNS,
)
CHAIN = Attachment(
    name="demo/a",
    network=network({"cniVersion": "0.4.0", "name": "a", "plugins": [{"type": "macvlan"}, {"type": "tuning"}]}),
    ifname="storage",
    capability_args={"ips": ["192.0.2.7/24"], "bandwidth": {"ingressRate": 1}, "deviceID": "1"},
    selection=Selection(
        namespace="demo",
        name="a",
        interface="storage",
        ips=("192.0.2.7/24",),
        mac="02:00:5e:00:53:01",
        infiniband_guid="24:8a:07:03:00:8d:ae:2f",
    ),
    resource="vendor/nic",
    device_id="1",
    netns=NETNS,
)


def test_a_record_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    world = World(tmp_path)
    large = CLUSTER.replace(capability_args={"mac": "x" * files.MAX_SIZE})
    with pytest.raises(CNIError, match=r"cannot write the record .*/c1: larger than 16 MiB"):
        record.save(world.work(), "c1", (large,))
    assert not (world.state / "c1").exists()


def cached(attachment: Attachment, *, container_id: str = "c1", result: JSONObject | None = None) -> Cached:
    return Cached(
        network_name=attachment.network.name,
        container_id=container_id,
        ifname=attachment.ifname,
        config=attachment.network.raw,
        netns=attachment.netns,
        args=attachment.args,
        capability_args=attachment.capability_args,
        result=result,
    )


def put(world: World, data: JSONValue | bytes, container_id: str = "c1") -> None:
    world.state.mkdir(exist_ok=True)
    world.record(container_id).write_bytes(data if isinstance(data, bytes) else jsontext.dumps(data).encode())


# Ours.


def test_what_is_recorded_is_what_is_read_again(world: World) -> None:
    call = world.work()
    world.state.mkdir()
    record.save(call, "c1", (CLUSTER, CHAIN))
    assert record.load(call, "c1") == (CLUSTER, CHAIN.replace(selection=None))


def test_a_record_is_in_the_originals_form_with_a_key_of_ours(world: World) -> None:
    world.state.mkdir()
    record.save(world.work(), "c1", (CLUSTER, CHAIN))
    golden = json.loads((GOLDEN / "record.json").read_text())
    assert json.loads(world.record().read_bytes()) == golden
    assert base64.b64decode(golden[0]["Bytes"]) == CLUSTER.network.raw


def test_plugins_of_a_sub_directory_are_recorded_too(world: World) -> None:
    plugin = network({"name": "x", "type": "last"}).plugins[0]
    appended = CHAIN.network.replace(plugins=(*CHAIN.network.plugins, plugin), appended=1)
    world.state.mkdir()
    record.save(world.work(), "c1", (CHAIN.replace(network=appended),))
    [found] = record.load(world.work(), "c1")
    assert [each.type for each in found.network.plugins] == ["macvlan", "tuning", "last"]


# The original's.


def test_a_record_of_the_original_is_read(world: World) -> None:
    """B14: of what the original forgets to record, libcni's cache has all, where the ADD came so far."""
    put(world, (GOLDEN / "go-record.json").read_bytes())
    (world.state / "results").mkdir()
    (world.state / "results" / "a-c1-net1").write_bytes((GOLDEN / "go-cached-result.json").read_bytes())
    first, second, third = record.load(world.work("DEL"), "c1")
    assert names((first, second, third)) == ["cluster@eth0", "demo/a@net1", "demo/nic@storage"]
    assert [each.network.single for each in (first, second, third)] == [True, False, True]
    assert (first.capability_args, first.args) == ({}, ())
    assert second.capability_args == {
        "ips": ["192.0.2.7/24"],
        "mac": "02:00:5e:00:53:01",
        "portMappings": [{"hostPort": 8080, "containerPort": 80}],
    }
    assert second.args[:2] == (("IgnoreUnknown", "true"), ("K8S_POD_NAME", "web"))
    assert second.netns == NETNS
    assert third.capability_args == {"infinibandGUID": "24:8a:07:03:00:8d:ae:2f", "deviceID": "0000:03:02.3"}
    assert (third.resource, third.device_id) == ("vendor/nic", "0000:03:02.3")


def test_without_cached_results_the_originals_requests_are_the_capability_arguments(world: World) -> None:
    put(world, (GOLDEN / "go-record.json").read_bytes())
    _, second, _ = record.load(world.work("DEL"), "c1")
    assert second.capability_args == {"mac": "02:00:5e:00:53:01", "ips": ["192.0.2.7/24"]}


MASTERS = {"its cached result": (True, "uplink"), "nothing": (False, "eth0")}


@pytest.mark.parametrize(("known", "ifname"), MASTERS.values(), ids=list(MASTERS))
def test_where_no_runtime_names_the_interface_of_the_cluster_network_it_is_told_by(
    world: World, ifname: str, *, known: bool
) -> None:
    put(world, (GOLDEN / "go-record.json").read_bytes())
    call = world.work("GC")
    if known:
        cache.write(str(world.state), cached(CLUSTER.replace(ifname="uplink")))
    assert record.load(call, "c1")[0].ifname == ifname


# Torn ones, foreign ones.

TORN: dict[str, JSONValue | bytes] = {
    "empty": b"",
    "cut off": (GOLDEN / "go-record.json").read_bytes()[:200],
    "an object": {},
    "a text": "x",
    "binary": b"\x00\xff",
    "a null delegate": [None],
    "a delegate without Bytes": [{"Name": "x"}],
    "Bytes that are no base64": [{"Bytes": "%%%"}],
    "Bytes that are not even ASCII": [{"Bytes": "é"}],
    "Bytes that hold no configuration": [{"Bytes": base64.b64encode(b"[]").decode()}],
    "Bytes of another kind": [{"Bytes": 5}],
    "arguments that are no pairs": [
        {"Bytes": base64.b64encode(CLUSTER.network.raw).decode(), "multus-py": {"cniArgs": [["a"]]}}
    ],
    "arguments that are no list": [
        {"Bytes": base64.b64encode(CLUSTER.network.raw).decode(), "multus-py": {"cniArgs": "a=1"}}
    ],
}


@pytest.mark.parametrize("data", TORN.values(), ids=list(TORN))
def test_a_record_that_cannot_be_read_is_replaced_by_the_cached_results(world: World, data: JSONValue | bytes) -> None:
    """B12: the original returns success and cleans nothing."""
    put(world, data)
    for attachment in (CHAIN.replace(ifname="net1"), CLUSTER):
        cache.write(str(world.state), cached(attachment))
    first, second = record.load(world.work("DEL"), "c1")
    assert first == CLUSTER
    assert (second.name, second.ifname, second.capability_args) == ("a", "net1", CHAIN.capability_args)
    assert f"the record {world.record()} cannot be used, the cached results are: " in world.log()


@pytest.mark.parametrize("data", [b"null", b"[]"])
def test_an_empty_record_is_nothing_and_no_crash(world: World, data: bytes) -> None:
    """B12: the original crashes."""
    put(world, data)
    assert record.load(world.work("DEL"), "c1") == ()
    assert world.log() == ""


def test_a_directory_in_place_of_a_record_is_no_crash(world: World) -> None:
    world.record().mkdir(parents=True)
    assert record.load(world.work("DEL"), "c1") == ()
    assert "Is a directory" in world.log()


@pytest.mark.parametrize("place", ["c1", "results/cluster-c1-eth0"])
def test_what_the_system_refuses_to_read_is_not_taken_for_gone(world: World, place: str) -> None:
    """A DEL that did would succeed and leak."""
    cache.write(str(world.state), cached(CLUSTER))
    cache.write(str(world.state), cached(CHAIN))
    (world.state / place).unlink(missing_ok=True)
    (world.state / place).symlink_to("/proc/self/mem")  # can be opened; reading is an input/output error
    with pytest.raises(cache.UnreadableError, match=f"read .*/{place}: input/output error"):
        record.load(world.work("DEL"), "c1")


def test_a_record_of_ours_needs_no_cached_results(world: World) -> None:
    put(world, [])
    record.save(world.work(), "c1", (CLUSTER,))
    (world.state / "results").mkdir()
    (world.state / "results" / "cluster-c1-eth0").symlink_to("/proc/self/mem")
    assert record.load(world.work("DEL"), "c1") == (CLUSTER,)


def test_without_a_record_the_cached_results_are_what_is_known(world: World) -> None:
    cache.write(str(world.state), cached(CLUSTER))
    cache.write(str(world.state), cached(CHAIN, container_id="c2"))
    assert record.load(world.work("DEL"), "c1") == (CLUSTER,)
    assert world.log() == ""


def test_the_runtimes_own_cached_result_of_this_network_is_none_of_ours(world: World) -> None:
    """With `cniDir` at libcni's default DEL would call itself, and wait for its own lock."""
    ours = CLUSTER.replace(network=network({"name": "multus", "type": "multus"}))
    for attachment in (ours, CLUSTER):
        cache.write(str(world.state), cached(attachment))
    assert record.load(world.work("DEL"), "c1") == (CLUSTER,)


def test_the_cluster_networks_cached_result_comes_first_whatever_the_names(world: World) -> None:
    for network_name, ifname in (("a", "net2"), ("b", "net1"), ("z", "eth0")):
        configured = network({"name": network_name, "type": "x"})
        cache.write(str(world.state), cached(CLUSTER.replace(network=configured, ifname=ifname)))
    assert names(record.load(world.work("DEL"), "c1")) == ["z@eth0", "b@net1", "a@net2"]


def test_a_damaged_cached_result_is_passed_over(world: World) -> None:
    cache.write(str(world.state), cached(CLUSTER))
    cache.write(str(world.state), cached(CHAIN).replace(config=b"oops"))
    (world.state / "results" / "torn-c1-net9").write_bytes(b"{")
    assert record.load(world.work("DEL"), "c1") == (CLUSTER,)
    assert "results/a-c1-storage cannot be used: " in world.log()


def test_cached_results_that_cannot_be_listed_are_none(world: World) -> None:
    put(world, [])
    (world.state / "results").write_text("a file")
    assert record.load(world.work("DEL"), "c1") == ()
    assert "the cached results cannot be used: " in world.log()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Bytes", "Name", "multus-py", "ifName", "cniArgs", "ifnameRequest"]), inner
            )
        ),
    )
)
def test_no_document_at_all_makes_reading_fail(value: JSONValue) -> None:
    try:
        record._decode(value, tuple, "eth0")
    except (ValueError, CNIError):
        pass  # what `load` takes for a torn record


# What is there.


def test_containers_are_those_with_a_record_or_a_cached_result(world: World) -> None:
    put(world, [], "c2")
    put(world, [], ".c3.lock")
    (world.state / "c4").mkdir()
    cache.write(str(world.state), cached(CLUSTER))
    assert record.containers(world.work("GC")) == ("c1", "c2")


def test_a_fresh_node_has_no_containers(world: World) -> None:
    """B17: the original fails."""
    assert record.containers(world.work("GC")) == ()


def test_a_state_directory_that_cannot_be_listed_is_an_error(world: World) -> None:
    world.state.write_text("a file")
    with pytest.raises(CNIError, match=r"cannot list .*/state: Not a directory"):
        record.containers(world.work("GC"))


def test_what_an_earlier_add_made_is_what_the_plan_does_not_make_again(world: World) -> None:
    world.state.mkdir()
    call = world.work()
    record.save(call, "c1", (CLUSTER, CHAIN))
    assert names(record.earlier(call, Plan(attachments=(CLUSTER,)))) == ["demo/a@storage"]
    assert names(record.earlier(call, Plan(attachments=(CLUSTER.replace(ifname="eth1"),)))) == [
        "cluster@eth0",
        "demo/a@storage",
    ]


COMPLETED = {"a result": (b"", True), "a damaged one": (b"{", True), "none": (None, False)}


@pytest.mark.parametrize(("data", "expected"), COMPLETED.values(), ids=list(COMPLETED))
def test_an_attachment_is_complete_when_its_result_is_cached(
    world: World, data: bytes | None, *, expected: bool
) -> None:
    if data is not None:
        cache.write(str(world.state), cached(CLUSTER))
        if data:
            (world.state / "results" / "cluster-c1-eth0").write_bytes(data)
    assert record.completed(world.work(), "c1", CLUSTER) is expected


@pytest.mark.parametrize("ifname", ["", "a/b", "a\0b"])
def test_an_attachment_of_an_impossible_name_is_not_complete(world: World, ifname: str) -> None:
    assert not record.completed(world.work(), "c1", CLUSTER.replace(ifname=ifname))


RESULTS: dict[str, tuple[JSONObject | None, bool]] = {
    "no result": (None, False),
    "an interface": ({"cniVersion": "0.3.1", "interfaces": [{"name": "x", "sandbox": "/x"}]}, False),
    "an interface on the host": ({"cniVersion": "0.3.1", "interfaces": [{"name": "x"}]}, True),
    "no interface": ({"cniVersion": "0.3.0"}, True),
    "a version that never tells": ({"cniVersion": "0.2.0"}, False),
    "a version that is none": ({"cniVersion": "7"}, False),
}


@pytest.mark.parametrize(("result", "expected"), RESULTS.values(), ids=list(RESULTS))
def test_an_attachment_has_no_interface_when_its_result_says_so(
    world: World, result: JSONObject | None, *, expected: bool
) -> None:
    cache.write(str(world.state), cached(CLUSTER, result=result))
    assert record.without_interface(world.work(), "c1", CLUSTER) is expected


def test_nothing_is_known_of_an_interface_without_a_cached_result(world: World) -> None:
    assert not record.without_interface(world.work(), "c1", CLUSTER)


# Writing and locking.


def test_a_record_that_cannot_be_written_leaves_the_old_one(world: World) -> None:
    """B29: the original writes in place."""
    put(world, [])
    world.keys["cniDir"] = str(world.record())
    with pytest.raises(CNIError, match=r"cannot write the record .*/c1/c1: Not a directory"):
        record.save(world.work(), "c1", ())
    assert world.record().read_bytes() == b"[]"


def test_a_record_that_cannot_be_removed_is_an_error(world: World) -> None:
    world.record().mkdir(parents=True)
    with pytest.raises(CNIError, match=r"cannot remove the record .*/c1: "):
        record.remove(world.work(), "c1")
