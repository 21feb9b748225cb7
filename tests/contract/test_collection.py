"""What the daemon keeps against what the API server has: lists, watches, and their being cut at every stage."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.base.clock import SystemClock
from multus_py.cluster import errors, kubeconfig, operation
from multus_py.daemon import cluster
from multus_py.daemon.cache import Cache, Kept, keep_nad, keep_pod
from multus_py.daemon.cluster import Collection
from multus_py.daemon.following import CACHED, NEWEST, ExpiredError, Follower
from multus_py.lab.apiserver import APIServer
from multus_py.lab.faults import Answer, Delay, Fault, Garbage, HangUp
from multus_py.lab.objects import section
from tests.packaging.calls import eventually

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.lab.httpd import Request

PODS, NADS = "/api/v1/pods", "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions"


class World:
    """An API server, and somebody who follows the pods of one of its nodes, and the NADs."""

    def __init__(self, server: APIServer, directory: Path) -> None:
        self.server = server
        self.kubeconfig = server.kubeconfig(directory / "kubeconfig")
        self.stop = threading.Event()
        self.pods = self._follower(
            operation.PODS, keep_pod_of_node1, selector="spec.nodeName=node1", metadata_only=True
        )
        self.nads = self._follower(operation.NADS, keep_nad)
        self._threads = [threading.Thread(target=follower.run) for follower in (self.pods, self.nads)]

    def collection(self, resource: str, *, selector: str = "", metadata_only: bool = False) -> Collection:
        return Collection(
            lambda: kubeconfig.load(str(self.kubeconfig)),
            resource,
            selector=selector,
            metadata_only=metadata_only,
            environ={},
            clock=SystemClock(),
            jitter=lambda: 0.0,
        )

    def _follower(
        self, resource: str, keep: Callable[[JSONObject], Kept], *, selector: str = "", metadata_only: bool = False
    ) -> Follower:
        source = self.collection(resource, selector=selector, metadata_only=metadata_only)
        return Follower(
            source,
            Cache(),
            what=resource,
            keep=keep,
            clock=SystemClock(),
            stop=self.stop,
            jitter=lambda: 0.0,
        )

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self.stop.set()
        for thread in self._threads:
            if thread.ident:
                thread.join(30)

    def create_pod(self, name: str, *, node: str = "node1", **annotations: str) -> None:
        metadata: JSONObject = {"name": name, "namespace": "default", "annotations": {**annotations}}
        spec: JSONObject = {"nodeName": node, "containers": [{"name": "c", "image": "i"}]}
        self.server.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})

    def create_nad(self, name: str) -> None:
        metadata: JSONObject = {"name": name, "namespace": "default"}
        nad: JSONObject = {"kind": "NetworkAttachmentDefinition", "metadata": metadata, "spec": {"config": "{}"}}
        self.server.create({"apiVersion": "k8s.cni.cncf.io/v1", **nad})

    def sees(self, *names: str) -> None:
        """Wait until these pods are in memory, and no others."""
        eventually(lambda: all(self.pods.get(("default", name)) for name in names))
        eventually(lambda: self.pods._cache.size().objects == len(names))


def keep_pod_of_node1(document: JSONObject) -> Kept:
    return keep_pod(document, node="node1")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with APIServer() as server:
        world = World(server, tmp_path)
        yield world
        world.close()


def watches(request: Request) -> bool:
    return request.path.startswith(PODS) and "watch=true" in request.path


def test_a_nodes_pods_and_all_networks_are_there_and_stay_as_they_are_in_the_cluster(world: World) -> None:
    world.create_pod("a", x="1")
    world.create_pod("elsewhere", node="node2")
    world.create_nad("net1")
    world.start()
    world.sees("a")
    eventually(lambda: world.nads.get(("default", "net1")))

    world.create_pod("b")
    world.server.edit("pod", "a", lambda pod: section(pod, "metadata", "annotations").update(x="2"))
    world.sees("a", "b")
    eventually(lambda: '"x":"2"' in (kept.text if (kept := world.pods.get(("default", "a"))) else ""))
    world.server.delete("pod", "a")
    world.server.delete("nad", "net1")
    world.sees("b")
    eventually(lambda: world.nads.get(("default", "net1")) is None)


def test_of_pods_nothing_but_the_metadata_comes_over_the_wire(world: World) -> None:
    world.create_pod("a")
    page = world.collection(operation.PODS, metadata_only=True).page(version=CACHED, token="")
    full = world.collection(operation.PODS).page(version=CACHED, token="")

    assert "spec" in full.items[0]
    assert "spec" not in page.items[0]
    assert page.items[0]["metadata"] == full.items[0]["metadata"]


def test_long_lists_come_in_pages_over_one_connection(world: World) -> None:
    for index in range(cluster.LIMIT + 3):
        world.create_nad(f"net{index}")
    collection = world.collection(operation.NADS)
    first = collection.page(version=NEWEST, token="")
    second = collection.page(version=NEWEST, token=first.token)

    assert (len(first.items), len(second.items), second.token) == (cluster.LIMIT, 3, "")
    assert first.version == second.version
    assert len({request.connection for request in world.server.requests}) == 1


def test_a_list_that_is_not_older_than_what_we_know_comes_in_one_piece_from_the_servers_memory(world: World) -> None:
    for index in range(cluster.LIMIT + 1):
        world.create_nad(f"net{index}")
    collection = world.collection(operation.NADS)
    version = collection.page(version=NEWEST, token="").version
    world.server.forget_requests()
    page = collection.page(version=version, token="")

    assert (len(page.items), page.token) == (cluster.LIMIT + 1, "")
    assert "limit" not in world.server.requests[0].path
    with pytest.raises(errors.UnavailableError, match="Too large resource version"):
        collection.page(version=str(int(version) + 1000), token="")


def test_a_page_that_is_gone_is_said_to_be(world: World) -> None:
    for index in range(cluster.LIMIT + 1):
        world.create_nad(f"net{index}")
    collection = world.collection(operation.NADS)
    first = collection.page(version=NEWEST, token="")
    world.server.forget_history()
    with pytest.raises(ExpiredError):
        collection.page(version=NEWEST, token=first.token)


def test_a_watch_of_a_version_that_is_gone_is_said_to_be(world: World) -> None:
    world.create_pod("a")
    world.server.forget_history()
    world.create_pod("b")
    with pytest.raises(ExpiredError):
        next(world.collection(operation.PODS).watch("1", stopped=lambda: False))
    world.server.inject(Fault(Answer(410)))
    with pytest.raises(ExpiredError):
        world.collection(operation.PODS).watch("1", stopped=lambda: False)


@pytest.mark.parametrize("code", [400, 401, 403, 500])
def test_a_server_that_quotes_the_token_does_not_get_it_into_messages(world: World, code: int) -> None:
    token = world.server.token()
    world.server.inject(Fault(Answer(code, f"what is this: Authorization: Bearer {token}"), times=None))
    collection = world.collection(operation.NADS)
    with pytest.raises(errors.ClusterError, match=r"Bearer \(our token\)") as listing:
        collection.page(version=CACHED, token="")
    with pytest.raises(errors.ClusterError, match=r"Bearer \(our token\)") as watching:
        collection.watch("1", stopped=lambda: False)
    assert token not in f"{listing.value} {watching.value}"


@pytest.mark.parametrize(
    ("action", "error"),
    [
        (Answer(401), errors.UnauthorizedError),
        (Answer(403), errors.ForbiddenError),
        (Answer(404), errors.ClusterError),
        (Answer(429, retry_after=1), errors.UnavailableError),
        (Answer(500), errors.UnavailableError),
        (Garbage(), errors.ClusterError),
        (HangUp(after="headers"), errors.UnavailableError),
        (HangUp(after="request", reset=True), errors.UnavailableError),
        (HangUp(after="effect"), errors.UnavailableError),
    ],
    ids=lambda action: repr(action) if not isinstance(action, type) else "",
)
@pytest.mark.parametrize("verb", ["list", "watch"])
def test_whatever_goes_wrong_is_an_error_of_the_cluster_that_says_what_was_asked(
    world: World, verb: str, action: Answer | Garbage | HangUp, error: type[errors.ClusterError]
) -> None:
    world.server.inject(Fault(action, times=2))
    collection = world.collection(operation.PODS)

    def ask() -> object:
        if verb == "list":
            return collection.page(version=CACHED, token="")
        return list(collection.watch("1", stopped=lambda: False))

    with pytest.raises(error, match=f"{verb} pods"):
        ask()


def test_without_a_kubeconfig_it_is_an_error_of_the_cluster(world: World) -> None:
    world.kubeconfig.unlink()
    with pytest.raises(errors.ConfigError):
        world.collection(operation.PODS).page(version=CACHED, token="")


def test_bookmarks_save_a_list_when_the_history_is_short(world: World) -> None:
    world.create_pod("a")
    world.start()
    world.sees("a")
    world.server.wait_for_requests(watches)
    for index in range(5):
        world.create_nad(f"net{index}")  # nothing that a watch of the pods would hear of
    eventually(lambda: world.nads._cache.size().objects == 5)
    before = world.pods.standing().heard
    world.server.send_bookmarks()
    eventually(lambda: world.pods.standing().heard != before)
    world.server.forget_history()
    world.server.end_watches()
    world.server.wait_for_requests(watches, times=2)
    world.create_pod("b")

    world.sees("a", "b")
    assert world.pods.standing().lists == 1


def test_a_history_that_is_too_short_is_followed_by_a_new_list(world: World) -> None:
    world.create_pod("a")
    world.start()
    world.sees("a")
    world.server.wait_for_requests(watches)
    for request in ("b", "c"):
        world.server.inject(Fault(HangUp(), path="watch=true"))
        world.server.drop_connections()
        world.create_pod(request)
    world.server.forget_history()

    world.sees("a", "b", "c")


@pytest.mark.parametrize(
    "cut",
    [
        Fault(HangUp(after="headers"), path="limit="),
        Fault(HangUp(after="effect"), path="limit="),
        Fault(HangUp(after="headers"), path="watch=true"),
        Fault(HangUp(after="request", reset=True), path="watch=true"),
        Fault(HangUp(after="effect"), path="watch=true"),
        Fault(Answer(500), path="watch=true"),
        Fault(Garbage(code=502), path="limit="),
        Fault(Garbage(), path="watch=true"),
        Fault(Delay(0.3)),
    ],
    ids=repr,
)
def test_a_cut_at_any_stage_is_mended(world: World, cut: Fault) -> None:
    world.create_pod("a")
    world.server.inject(cut, cut)
    world.start()
    world.sees("a")
    world.server.inject(cut)
    world.server.drop_connections()
    world.create_pod("b")
    world.server.delete("pod", "a")

    world.sees("b")
    eventually(lambda: world.pods.standing().watching)
    assert world.pods.standing().trouble == ""


def test_who_stops_a_watch_does_not_wait_for_the_server(world: World) -> None:
    world.start()
    world.server.wait_for_requests(watches)
    world.stop.set()
    for thread in world._threads:
        thread.join(5)
        assert not thread.is_alive()


def test_the_token_is_read_again_for_each_connection(world: World, tmp_path: Path) -> None:
    world.create_pod("a")
    world.start()
    world.sees("a")
    world.server.wait_for_requests(watches)
    world.server.tokens.clear()
    world.server.tokens["new"] = "lab"
    world.server.kubeconfig(world.kubeconfig)
    world.server.end_watches()
    world.create_pod("b")

    world.sees("a", "b")
