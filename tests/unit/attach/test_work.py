"""A call at work: its arguments, whom messages are about, and what delegates are given."""

from __future__ import annotations

import pytest

from multus_py.attach import work
from multus_py.attach.attachment import Attachment
from multus_py.attach.work import PodArgs
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from tests.unit.attach.world import NETNS, World, network

POD = "K8S_POD_NAMESPACE=ns;K8S_POD_NAME=pod;K8S_POD_INFRA_CONTAINER_ID=infra;K8S_POD_UID=uid"
ACCEPTED = {
    "nothing": ("", PodArgs()),
    "the pod": (POD, PodArgs(namespace="ns", name="pod", infra_container_id="infra", uid="uid")),
    "of duplicates the last one": ("K8S_POD_NAME=a;K8S_POD_NAME=b", PodArgs(name="b")),
    "an address": ("IP=192.0.2.1", PodArgs()),
    "an empty address": ("IP=", PodArgs()),
    "unknown ones that may be ignored": ("A=1;IgnoreUnknown=TRUE", PodArgs()),
    "no unknown ones": ("IgnoreUnknown=0", PodArgs()),
}


@pytest.mark.parametrize(("text", "expected"), ACCEPTED.values(), ids=list(ACCEPTED))
def test_cni_args_name_the_pod(text: str, expected: PodArgs) -> None:
    assert work.parse_pod_args(text).replace(pairs=()) == expected


def test_cni_args_are_kept_as_pairs_in_order() -> None:
    assert work.parse_pod_args("IgnoreUnknown=1;B=2;A=1").pairs == (("IgnoreUnknown", "1"), ("B", "2"), ("A", "1"))


REFUSED = {
    "a trailing semicolon": ("IP=192.0.2.1;", 'ARGS: invalid pair ""'),
    "two equals signs": ("K8S_POD_NAME=a=b", 'ARGS: invalid pair "K8S_POD_NAME=a=b"'),
    "unknown names": ("FOO=1;BAR=2", 'CNI_ARGS: ARGS: unknown args ["FOO=1" "BAR=2"]'),
    "unknown names, not to be ignored": ("FOO=1;IgnoreUnknown=False", 'CNI_ARGS: ARGS: unknown args ["FOO=1"]'),
    "names in another case": ("k8s_pod_name=a", 'CNI_ARGS: ARGS: unknown args ["k8s_pod_name=a"]'),
    "no boolean": (
        "IgnoreUnknown=yes",
        'CNI_ARGS: ARGS: error parsing value of pair "IgnoreUnknown=yes": boolean unmarshal error: invalid input yes',
    ),
    "an address with a prefix": ("IP=192.0.2.1/24", 'CNI_ARGS: ARGS: error parsing value of pair "IP=192.0.2.1/24": '),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=list(REFUSED))
def test_wrong_cni_args_are_an_error_that_quotes_them(text: str, message: str) -> None:
    with pytest.raises(CNIError) as caught:
        work.parse_pod_args(text)
    assert caught.value.msg.startswith(message)
    assert caught.value.code == errors.INVALID_ENVIRONMENT


@pytest.mark.parametrize("text", [given for given, _ in REFUSED.values()], ids=list(REFUSED))
def test_a_deletion_takes_cni_args_as_they_are(world: World, text: str) -> None:
    """B6: arguments that cannot be understood keep the original from deleting."""
    world.delete(args=text)
    assert world.run.names() == ["DEL bridge eth0"]


def test_messages_are_about_the_pod(world: World) -> None:
    assert world.work().subject == "demo/web/u1"


def test_messages_are_about_the_container_where_there_is_no_pod(world: World) -> None:
    assert world.work(args="").subject == "container c1"


def test_plugins_are_looked_up_in_bin_dir_first_and_then_in_cni_path(world: World) -> None:
    assert world.work().executor.search == (str(world.bin), "/opt/cni/bin")


@pytest.mark.parametrize(("seconds", "timeout"), [(0, None), (2.5, 2.5)], ids=["none", "some"])
def test_the_time_out_of_delegates_is_a_setting(world: World, seconds: float, timeout: float | None) -> None:
    world.keys["delegateTimeout"] = seconds
    assert world.work().executor.timeout == timeout


def test_warnings_of_the_settings_go_to_stderr(world: World) -> None:
    world.keys["logLevel"] = "loud"
    world.work()
    assert world.stderr == [b"multus: unknown logLevel 'loud': known are panic, error, verbose, debug\n"]


def test_an_attachment_is_made_where_and_for_whom_the_call_says(world: World) -> None:
    attachment = Attachment(
        name="demo/a",
        network=network({"name": "a", "type": "macvlan"}),
        ifname="net1",
        args=(("A", "1"),),
        capability_args={"mac": "x"},
        netns="/recorded",
    )
    call = world.work()
    runtime = call.runtime(attachment)
    assert (runtime.container_id, runtime.netns, runtime.ifname) == ("c1", NETNS, "net1")
    assert (runtime.args, runtime.capability_args) == ((("A", "1"),), {"mac": "x"})
    assert runtime.cache_dir == str(world.state)
    other = call.runtime(attachment, container_id="c2", netns="")
    assert (other.container_id, other.netns) == ("c2", "")
