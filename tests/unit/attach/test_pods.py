"""The pod of a call."""

from __future__ import annotations

import pytest

from multus_py.attach import pods
from multus_py.cluster import errors as cluster_errors
from multus_py.cluster.objects import Pod
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from tests.unit.attach.world import World

SOURCE = "kubernetes.io/config.source"


def fetch(world: World, args: str = "K8S_POD_NAMESPACE=demo;K8S_POD_NAME=web;K8S_POD_UID=u1") -> Pod | None:
    return pods.fetch(world.work(args=args), world.cluster)


def test_the_pod_that_the_runtime_names_is_read(world: World) -> None:
    pod = world.put_pod()
    assert fetch(world) == pod


def test_without_kubernetes_there_is_no_pod(world: World) -> None:
    world.cluster = None
    assert fetch(world) is None


def test_a_call_that_names_no_pod_has_none(world: World) -> None:
    assert fetch(world, "") is None


def test_a_pod_that_is_not_there_is_gone(world: World) -> None:
    with pytest.raises(pods.PodGoneError, match="demo/web/u1"):
        fetch(world)


FAILURES = {
    "not now": (cluster_errors.UnavailableError("timed out"), errors.TRY_AGAIN_LATER),
    "not allowed": (cluster_errors.ForbiddenError("may not get pods"), errors.INTERNAL),
    "unknown": (cluster_errors.UnauthorizedError("who are you"), errors.INTERNAL),
}


@pytest.mark.parametrize(("failure", "code"), FAILURES.values(), ids=list(FAILURES))
def test_a_pod_that_cannot_be_read_is_an_error_that_names_it(
    world: World, failure: cluster_errors.ClusterError, code: int
) -> None:
    assert world.cluster
    world.cluster.fail("get_pod", failure)
    with pytest.raises(CNIError) as caught:
        fetch(world)
    assert caught.value.msg == f"[demo/web/u1]: cannot read the pod: {failure}"
    assert caught.value.code == code


def test_another_pod_of_the_same_name_is_an_error(world: World) -> None:
    world.put_pod(uid="u2")
    with pytest.raises(CNIError) as caught:
        fetch(world)
    assert caught.value.msg == '[demo/web/u1]: expected pod UID "u1" but got "u2" from Kube API'


NO_MATTER = {
    "the runtime names none": ("K8S_POD_NAMESPACE=demo;K8S_POD_NAME=web", {}),
    "a static pod has two": ("K8S_POD_NAMESPACE=demo;K8S_POD_NAME=web;K8S_POD_UID=hash", {SOURCE: "file"}),
}


@pytest.mark.parametrize(("args", "annotations"), NO_MATTER.values(), ids=list(NO_MATTER))
def test_the_uid_does_not_matter_when(world: World, args: str, annotations: dict[str, str]) -> None:
    pod = world.put_pod(**annotations)
    assert fetch(world, args) == pod


def test_a_pod_from_the_api_is_not_static(world: World) -> None:
    world.put_pod(uid="u2", **{SOURCE: "api"})
    with pytest.raises(CNIError, match="expected pod UID"):
        fetch(world)
