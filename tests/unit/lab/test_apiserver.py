"""The API server through the official client: what a real program sees of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import kubernetes.client
import kubernetes.watch
import pytest
from kubernetes.client import ApiClient, CoreV1Api, CustomObjectsApi

from multus_py.lab.apierrors import ApiError
from multus_py.lab.apiserver import APIServer
from multus_py.lab.objects import JSON, Object, at, section, text

NAD = ("k8s.cni.cncf.io", "v1", "default", "network-attachment-definitions")


def plain(client: ApiClient, model: object) -> Object:
    """Return what the official client made of an answer, as the JSON that it came from."""
    value: JSON = client.sanitize_for_serialization(model)
    assert isinstance(value, dict)
    return value


def names(client: ApiClient, found: object) -> list[str]:
    items = plain(client, found)["items"]
    assert isinstance(items, list)
    return [text(item, "metadata", "name") for item in items]


def test_a_pod_is_created_read_listed_and_deleted(client: ApiClient) -> None:
    core = CoreV1Api(client)
    container = kubernetes.client.V1Container(name="web", image="web:1")
    spec = kubernetes.client.V1PodSpec(node_name="node1", containers=[container])
    metadata = kubernetes.client.V1ObjectMeta(name="pod1")
    created = plain(
        client, core.create_namespaced_pod("default", kubernetes.client.V1Pod(metadata=metadata, spec=spec))
    )
    assert text(created, "metadata", "uid")
    assert text(created, "metadata", "creationTimestamp")
    assert at(created, "metadata", "generation") == 1
    assert created["status"] == {"phase": "Pending"}
    assert plain(client, core.read_namespaced_pod("pod1", "default")) == created
    assert names(client, core.list_namespaced_pod("default")) == ["pod1"]
    assert section(plain(client, core.delete_namespaced_pod("pod1", "default")), "spec") == section(created, "spec")
    assert names(client, core.list_pod_for_all_namespaces()) == []


def test_a_network_is_a_custom_object(client: ApiClient) -> None:
    networks = CustomObjectsApi(client)
    body: Object = {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": "net1"},
        "spec": {"config": "{}"},
    }
    networks.create_namespaced_custom_object(*NAD, body)
    read = plain(client, networks.get_namespaced_custom_object(*NAD, "net1"))
    assert read["spec"] == {"config": "{}"}
    change = {"spec": {"config": '{"type": "bridge"}'}}
    changed = plain(client, networks.patch_namespaced_custom_object(*NAD, "net1", change))
    assert at(changed, "metadata", "generation") == 2
    assert plain(client, networks.delete_namespaced_custom_object(*NAD, "net1"))["status"] == "Success"


def test_a_list_can_be_limited_by_fields_and_labels(server: APIServer, client: ApiClient) -> None:
    for name, node, app in (("a", "node1", "web"), ("b", "node2", "web"), ("c", "node1", "db")):
        metadata: Object = {"name": name, "namespace": "x", "labels": {"app": app}}
        server.create(
            {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": node, "containers": []}}
        )
    core = CoreV1Api(client)
    assert names(client, core.list_pod_for_all_namespaces(field_selector="spec.nodeName=node1")) == ["a", "c"]
    assert names(client, core.list_namespaced_pod("x", label_selector="app=web")) == ["a", "b"]
    assert names(client, core.list_namespaced_pod("default")) == []


def test_an_event_gets_a_name_and_is_found_by_what_it_is_about(client: ApiClient) -> None:
    core = CoreV1Api(client)
    about = kubernetes.client.V1ObjectReference(kind="Pod", name="pod1", namespace="default")
    metadata = kubernetes.client.V1ObjectMeta(generate_name="pod1.")
    event = kubernetes.client.CoreV1Event(involved_object=about, metadata=metadata, reason="AddedInterface")
    name = text(plain(client, core.create_namespaced_event("default", event)), "metadata", "name")
    assert name.startswith("pod1.")
    assert name != "pod1."
    assert names(client, core.list_namespaced_event("default", field_selector="involvedObject.name=pod1")) == [name]
    assert names(client, core.list_namespaced_event("default", field_selector="involvedObject.name=pod2")) == []


def test_a_watch_tells_what_happens_after_a_list(server: APIServer, client: ApiClient, pod: Object) -> None:
    core = CoreV1Api(client)
    version = text(plain(client, core.list_namespaced_pod("default")), "metadata", "resourceVersion")
    server.create(pod)
    server.edit("pod", "pod1", lambda obj: section(obj, "metadata", "labels").update(app="db"))
    server.delete("pod", "pod1")
    watch = kubernetes.watch.Watch()
    seen = []
    for event in watch.stream(core.list_namespaced_pod, "default", resource_version=version):
        seen.append((event["type"], event["object"].metadata.labels["app"]))
        if event["type"] == "DELETED":
            watch.stop()
    assert seen == [("ADDED", "web"), ("MODIFIED", "db"), ("DELETED", "db")]


def test_a_watch_waits_for_what_has_not_happened_yet(server: APIServer, client: ApiClient, pod: Object) -> None:
    core = CoreV1Api(client)
    version = text(plain(client, core.list_namespaced_pod("default")), "metadata", "resourceVersion")

    def first_event() -> str:
        watch = kubernetes.watch.Watch()
        for event in watch.stream(core.list_namespaced_pod, "default", resource_version=version, timeout_seconds=10):
            watch.stop()
            return str(event["object"].metadata.name)
        return ""

    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(first_event)
        server.wait_for_requests(lambda request: "watch=" in request.path)
        server.create(pod)
        assert waiting.result(timeout=10) == "pod1"


def test_the_python_side_takes_short_names_and_makes_namespaces(server: APIServer, pod: Object) -> None:
    section(pod, "metadata")["namespace"] = "elsewhere"
    server.create(pod)
    assert text(server.get("po", "pod1", "elsewhere"), "spec", "nodeName") == "node1"
    assert [text(item, "metadata", "name") for item in server.list("namespaces")] == [
        "default",
        "elsewhere",
        "kube-system",
    ]
    with pytest.raises(KeyError):
        server.get("node", "node1")


def test_a_namespace_takes_its_objects_along(server: APIServer, client: ApiClient, pod: Object) -> None:
    server.create({**pod, "metadata": {"name": "pod1", "namespace": "elsewhere"}})
    CoreV1Api(client).delete_namespace("elsewhere")
    assert server.list("pods") == []


def test_what_it_returns_is_a_copy(server: APIServer, pod: Object) -> None:
    server.create(pod)["spec"] = None
    server.get("pod", "pod1")["spec"] = None
    server.list("pods")[0]["spec"] = None
    assert section(server.get("pod", "pod1"), "spec")["nodeName"] == "node1"


def test_edit_and_delete_refuse_what_does_not_exist(server: APIServer) -> None:
    with pytest.raises(ApiError, match='pods "pod1" not found'):
        server.edit("pod", "pod1", lambda _: None)
    with pytest.raises(ApiError, match='pods "pod1" not found'):
        server.delete("pod", "pod1")


def test_wait_for_requests_says_what_it_saw_when_time_is_up(server: APIServer, client: ApiClient) -> None:
    CoreV1Api(client).list_namespace()
    with pytest.raises(TimeoutError, match="GET /api/v1/namespaces"):
        server.wait_for_requests(lambda request: request.method == "DELETE", timeout=0)


def test_it_can_speak_plain_http(pod: Object) -> None:
    with APIServer(tls=False) as server:
        server.create(pod)
        configuration = kubernetes.client.Configuration(host=server.url)
        configuration.api_key["authorization"] = f"Bearer {server.token()}"
        with ApiClient(configuration) as client:
            assert names(client, CoreV1Api(client).list_namespaced_pod("default")) == ["pod1"]
            client.rest_client.pool_manager.clear()
