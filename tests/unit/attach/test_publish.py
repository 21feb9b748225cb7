"""The network status and events."""

from __future__ import annotations

import json

import pytest

from multus_py.attach.attachment import Attached, Attachment
from multus_py.attach.networks import NoNetworkError
from multus_py.attach.perform import AttachError
from multus_py.attach.publish import Publisher
from multus_py.attach.stopwatch import Stopwatch
from multus_py.cluster import errors as cluster_errors
from multus_py.cluster.objects import Pod
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from multus_py.cni.result import Address, Interface, Result, Route
from tests.unit.attach.world import DEFAULT_NETWORK, LEGACY_STATUS, NETNS, STATUS, World, network


def made(name: str, ifname: str, *addresses: str, gateway: str = "") -> Attached:
    return Attached(
        attachment=Attachment(name=name, network=network({"name": "n", "type": "x"}), ifname=ifname),
        result=Result(
            interfaces=(Interface(name=ifname, mac="02:00:5e:00:53:01", sandbox=NETNS),),
            addresses=tuple(Address(address=address, interface=0) for address in addresses),
            routes=(Route(dst="0.0.0.0/0", gw=gateway),) if gateway else (),
        ),
    )


BOTH = (
    made("cluster", "eth0", "10.1.0.2/16", "2001:db8::2/64", gateway="10.1.0.1"),
    made("demo/a", "net1", "192.0.2.7/24"),
)


def publisher(world: World, pod: Pod | None = None) -> Publisher:
    return Publisher(world.work(), world.cluster, pod, Stopwatch(world.clock))


def test_the_status_has_an_entry_for_every_attachment(world: World) -> None:
    pod = world.put_pod("a")
    publisher(world, pod).status(BOTH)
    assert world.status_entries() == [
        {
            "name": "cluster",
            "interface": "eth0",
            "ips": ["10.1.0.2", "2001:db8::2"],
            "mac": "02:00:5e:00:53:01",
            "default": True,
            "dns": {},
            "gateway": ["10.1.0.1"],
        },
        {"name": "demo/a", "interface": "net1", "ips": ["192.0.2.7"], "mac": "02:00:5e:00:53:01", "dns": {}},
    ]
    assert world.annotation(LEGACY_STATUS) == ""
    assert world.cluster
    assert world.cluster.calls == [("write_status", "demo", "web")]


def test_the_status_carries_device_information(world: World) -> None:
    pod = world.put_pod()
    publisher(world, pod).status([BOTH[0].replace(device_info={"type": "pci"})])
    assert world.status_entries()[0]["device-info"] == {"type": "pci"}


def test_the_old_annotation_is_written_when_it_is_asked_for(world: World) -> None:
    """Flow F8: older guides show the status under this name."""
    world.keys["legacyNetworkStatus"] = True
    pod = world.put_pod()
    publisher(world, pod).status(BOTH)
    assert world.annotation(LEGACY_STATUS) == world.annotation(STATUS) != ""


QUIET = {
    "a system pod that asked for nothing": ({}, ["demo"], False),
    "a system pod that asked for networks": ({"networks": "a"}, ["demo"], True),
    "a system pod that asked for a default network": ({DEFAULT_NETWORK: "a"}, ["demo"], True),
    "a pod with the name of a system namespace": ({}, ["web"], True),
}


@pytest.mark.parametrize(("asked", "system", "written"), QUIET.values(), ids=list(QUIET))
def test_the_status_of(world: World, asked: dict[str, str], system: list[str], *, written: bool) -> None:
    """B9: the original compares system namespaces with the pod's name."""
    world.keys["systemNamespaces"] = list(system)
    pod = world.put_pod(**asked)
    publisher(world, pod).status(BOTH)
    assert bool(world.annotation()) is written


@pytest.mark.parametrize("what", ["no pod", "no cluster"])
def test_nothing_is_said_where_there_is(world: World, what: str) -> None:
    pod = world.put_pod()
    cluster = None if what == "no cluster" else world.cluster
    speaker = Publisher(world.work(), cluster, pod if what != "no pod" else None, Stopwatch(world.clock))
    speaker.status(BOTH)
    speaker.added(BOTH)
    assert world.cluster
    assert world.cluster.calls == []


def test_a_namesake_of_the_pod_never_gets_its_status(world: World) -> None:
    pod = world.put_pod()
    world.put_pod(uid="u2")
    with pytest.raises(CNIError, match=r"cannot write the network status: .* has another UID"):
        publisher(world, pod).status(BOTH)
    assert world.annotation() == ""


def test_a_pod_that_is_gone_gets_no_status_and_that_is_no_error(world: World) -> None:
    pod = world.put_pod()
    assert world.cluster
    world.cluster.remove_pod("demo", "web")
    publisher(world, pod).status(BOTH)
    assert "warning: pod demo/web/u1 went away before its network status was written" in world.log()


# Events.


def test_an_event_tells_of_every_attachment_that_has_interfaces_or_addresses(world: World) -> None:
    empty = made("demo/b", "net2").replace(result=Result())
    addressed = made("demo/c", "net3").replace(result=Result(addresses=(Address(address="192.0.2.8/24"),)))
    publisher(world, world.put_pod()).added([*BOTH, empty, addressed])
    assert world.events() == [
        ("Normal", "AddedInterface", "Add eth0 [10.1.0.2/16 2001:db8::2/64] from cluster"),
        ("Normal", "AddedInterface", "Add net1 [192.0.2.7/24] from demo/a"),
        ("Normal", "AddedInterface", "Add net3 [192.0.2.8/24] from demo/c"),
    ]


def failures(world: World) -> dict[str, tuple[BaseException, list[tuple[str, str, str]]]]:
    cause = CNIError(11, "no address", "pool is empty")
    missing = NoNetworkError(errors.INVALID_CONFIG, "cannot find a network-attachment-definition (x)").prefixed("pod: ")
    return {
        "a delegate": (
            AttachError(world.work(), BOTH[1].attachment, cause),
            [("Warning", "FailedToAddInterface", "Add net1 from demo/a failed: no address; pool is empty")],
        ),
        "a network that is missing": (
            missing,
            [("Warning", "NoNetworkFound", "cannot find a network-attachment-definition (x)")],
        ),
        "anything else": (CNIError(7, "bad"), []),
        "an interrupt": (KeyboardInterrupt(), []),
    }


@pytest.mark.parametrize("what", ["a delegate", "a network that is missing", "anything else", "an interrupt"])
def test_a_warning_tells_of_the_failure_of(world: World, what: str) -> None:
    """Flow F10, and section 3.11: the original says nothing of a delegate that fails."""
    error, expected = failures(world)[what]
    publisher(world, world.put_pod()).failed(error)
    assert world.events() == expected


def test_events_that_cannot_be_posted_are_logged_and_given_up(world: World) -> None:
    assert world.cluster
    world.cluster.fail("post_events", cluster_errors.ForbiddenError("may not create events"))
    publisher(world, world.put_pod()).added(BOTH)
    assert world.cluster.calls == [("post_events", "demo", "web")], "no second attempt"
    assert "warning: cannot post events for demo/web/u1: may not create events" in world.log()


def test_the_whole_of_an_add_is_told(world: World) -> None:
    world.put_nad("a")
    world.put_pod("a")
    world.add()
    assert [entry["name"] for entry in json.loads(world.annotation())] == ["cluster", "demo/a"]
    assert [reason for _, reason, _ in world.events()] == ["AddedInterface", "AddedInterface"]


def test_a_missing_network_is_told_and_nothing_is_attached(world: World) -> None:
    """Flow F10: the NAD exists in another namespace."""
    world.put_nad("a", namespace="blue")
    world.put_pod("a")
    with pytest.raises(CNIError, match="pod demo/web: annotation "):
        world.add()
    [(type, reason, message)] = world.events()
    assert (type, reason) == ("Warning", "NoNetworkFound")
    assert message.startswith("cannot find a network-attachment-definition (a) in namespace (demo): ")
    assert world.run.names() == []
    assert world.left_behind() == []
