"""What goes over the wire: status codes, `Status` objects, versions and watches, as of a real API server."""

from __future__ import annotations

import json

import pytest

from multus_py.lab.apiserver import APIServer
from multus_py.lab.objects import JSON, Object, at, section, text
from tests.unit.lab.caller import JSON_PATCH, MERGE, STRATEGIC, Caller, connect

PODS = "/api/v1/namespaces/default/pods"
POD1 = f"{PODS}/pod1"
NADS = "/apis/k8s.cni.cncf.io/v1/namespaces/default/network-attachment-definitions"


@pytest.fixture(autouse=True)
def existing(server: APIServer, pod: Object) -> Object:
    return server.create(pod)


def refusal(obj: Object) -> tuple[JSON, JSON, JSON]:
    assert (obj["kind"], obj["apiVersion"], obj["status"]) == ("Status", "v1", "Failure")
    return obj["code"], obj["reason"], obj["message"]


def test_an_object_that_does_not_exist_is_not_found(caller: Caller) -> None:
    response = caller.call("GET", f"{PODS}/other")
    assert response.code == 404
    assert refusal(response.obj) == (404, "NotFound", 'pods "other" not found')
    assert response.obj["details"] == {"name": "other", "group": "", "kind": "pods"}


def test_a_custom_object_is_not_found_by_its_group(caller: Caller) -> None:
    message = 'network-attachment-definitions.k8s.cni.cncf.io "net1" not found'
    assert refusal(caller.call("GET", f"{NADS}/net1").obj) == (404, "NotFound", message)


def test_a_path_that_is_not_served_is_not_found(caller: Caller) -> None:
    message = "the server could not find the requested resource"
    assert refusal(caller.call("GET", "/api/v1/nodes").obj) == (404, "NotFound", message)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", POD1), ("POST", "/api/v1/pods"), ("PUT", PODS), ("DELETE", f"{POD1}/status")]
)
def test_a_method_that_makes_no_sense_is_not_allowed(caller: Caller, method: str, path: str) -> None:
    assert caller.call(method, path, {}).code == 405


def test_a_second_object_of_the_same_name_exists_already(caller: Caller, pod: Object) -> None:
    assert refusal(caller.call("POST", PODS, pod).obj) == (409, "AlreadyExists", 'pods "pod1" already exists')


def test_an_object_needs_its_namespace(caller: Caller) -> None:
    response = caller.call("POST", "/api/v1/namespaces/nowhere/pods", {"metadata": {"name": "pod2"}})
    assert refusal(response.obj) == (404, "NotFound", 'namespaces "nowhere" not found')


@pytest.mark.parametrize(
    ("path", "body", "code", "message"),
    [
        (PODS, {"metadata": {"name": "p", "namespace": "x"}}, 400, "namespace of the provided object does not match"),
        (PODS, {"metadata": {}}, 422, 'Pod "" is invalid: metadata.name: Required value'),
        (PODS, {"metadata": {"name": "Pod_1"}}, 422, "a lowercase RFC 1123 subdomain"),
        (PODS, {"kind": "Event", "metadata": {"name": "p"}}, 400, "kind in the data (Event)"),
        (PODS, {"apiVersion": "v2", "metadata": {"name": "p"}}, 400, "API version in the data (v2)"),
        (PODS, {"metadata": []}, 400, "metadata"),
        (PODS, {"metadata": {"name": "p", "annotations": {"a": 1}}}, 400, "metadata.annotations"),
        (PODS, ["p"], 400, "not a JSON object"),
        (
            "/api/v1/namespaces/default/events",
            {"metadata": {"name": "e"}, "involvedObject": {"namespace": "x"}},
            422,
            "does not match event.namespace",
        ),
    ],
)
def test_an_object_that_breaks_a_rule_is_refused(
    caller: Caller, path: str, body: JSON, code: int, message: str
) -> None:
    response = caller.call("POST", path, body)
    assert response.code == code
    assert message in text(response.obj, "message")


def test_a_body_that_is_not_json_is_a_bad_request(caller: Caller) -> None:
    caller.connection.request("POST", PODS, b"{", {"Authorization": caller.authorization})
    response = caller.connection.getresponse()
    assert (response.status, json.loads(response.read())["reason"]) == (400, "BadRequest")


def test_each_change_makes_a_new_version_and_no_change_makes_none(caller: Caller, existing: Object) -> None:
    patch: Object = {"metadata": {"annotations": {"a": "1"}}}
    changed = caller.call("PATCH", POD1, patch, media_type=MERGE).obj
    assert int(text(changed, "metadata", "resourceVersion")) > int(text(existing, "metadata", "resourceVersion"))
    assert caller.call("PATCH", POD1, patch, media_type=MERGE).obj == changed


def test_the_generation_counts_changes_of_the_spec_only(caller: Caller) -> None:
    annotated = caller.call("PATCH", POD1, {"metadata": {"annotations": {"a": "1"}}}, media_type=MERGE).obj
    assert at(annotated, "metadata", "generation") == 1
    changed = caller.call("PATCH", POD1, {"spec": {"nodeName": "node2"}}, media_type=MERGE).obj
    assert at(changed, "metadata", "generation") == 2


@pytest.mark.parametrize("path", [POD1, f"{POD1}/status"])
@pytest.mark.parametrize(
    ("field", "value"), [("uid", "other"), ("name", "other"), ("creationTimestamp", "2020-01-01T00:00:00Z")]
)
def test_a_patch_of_what_never_changes_is_invalid(caller: Caller, path: str, field: str, value: str) -> None:
    response = caller.call("PATCH", path, {"metadata": {field: value}}, media_type=MERGE)
    message = f'Pod "pod1" is invalid: metadata.{field}: Invalid value: "{value}": field is immutable'
    assert response.code == 422
    assert refusal(response.obj) == (422, "Invalid", message)
    cause = {
        "reason": "FieldValueInvalid",
        "message": f'Invalid value: "{value}": field is immutable',
        "field": f"metadata.{field}",
    }
    assert response.obj["details"] == {"name": "pod1", "group": "", "kind": "Pod", "causes": [cause]}


def test_a_patch_guarded_by_the_right_uid_is_accepted(caller: Caller, existing: Object) -> None:
    guarded: Object = {"metadata": {"uid": text(existing, "metadata", "uid"), "annotations": {"a": "1"}}}
    response = caller.call("PATCH", f"{POD1}/status", guarded, media_type=MERGE)
    assert response.code == 200
    assert at(response.obj, "metadata", "annotations") == {"a": "1"}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_write_with_a_stale_version_is_a_conflict(caller: Caller, existing: Object, method: str) -> None:
    caller.call("PATCH", POD1, {"metadata": {"annotations": {"a": "1"}}}, media_type=MERGE)
    response = caller.call(method, POD1, existing, media_type=MERGE)
    message = (
        'Operation cannot be fulfilled on pods "pod1": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert refusal(response.obj) == (409, "Conflict", message)


def test_a_put_meant_for_another_uid_is_a_conflict(caller: Caller, existing: Object) -> None:
    section(existing, "metadata")["uid"] = "other"
    code, reason, message = refusal(caller.call("PUT", POD1, existing).obj)
    assert (code, reason) == (409, "Conflict")
    assert "Precondition failed: UID in precondition: other, UID in object meta: " in str(message)


def test_a_put_replaces_the_object_but_not_its_status(server: APIServer, caller: Caller, existing: Object) -> None:
    server.edit("pod", "pod1", lambda obj: obj.update(status={"phase": "Running"}), subresource="status")
    body: Object = {"metadata": {"name": "pod1", "labels": {"new": "yes"}}, "spec": {}, "status": {"phase": "Failed"}}
    replaced = caller.call("PUT", POD1, body).obj
    assert at(replaced, "metadata", "labels") == {"new": "yes"}
    assert at(replaced, "metadata", "uid") == at(existing, "metadata", "uid")
    assert replaced["spec"] == {}
    assert replaced["status"] == {"phase": "Running"}


def test_a_put_has_to_name_the_object_of_its_path(caller: Caller) -> None:
    response = caller.call("PUT", POD1, {"metadata": {"name": "other"}})
    message = "the name of the object (other) does not match the name on the URL (pod1)"
    assert refusal(response.obj) == (400, "BadRequest", message)


def test_a_put_of_a_custom_object_needs_its_version(caller: Caller) -> None:
    created = caller.call("POST", NADS, {"metadata": {"name": "net1"}}).obj
    assert caller.call("PUT", f"{NADS}/net1", {"metadata": {"name": "net1"}}).code == 422
    assert caller.call("PUT", f"{NADS}/net1", {**created, "spec": {"config": "{}"}}).code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_the_status_door_changes_annotations_and_status_only(caller: Caller, existing: Object, method: str) -> None:
    body: Object = {
        "metadata": {"name": "pod1", "annotations": {"a": "1"}, "ownerReferences": [{"uid": "u", "name": "n"}]},
        "spec": {"nodeName": "node2"},
        "status": {"phase": "Running"},
    }
    response = caller.call(method, f"{POD1}/status", body, media_type=MERGE)
    assert response.code == 200
    assert response.obj["spec"] == existing["spec"]
    assert response.obj["status"] == {"phase": "Running"}
    assert at(response.obj, "metadata", "annotations") == {"a": "1"}
    assert at(response.obj, "metadata", "ownerReferences") is None


@pytest.mark.parametrize(
    ("media_type", "patch"),
    [
        (MERGE, {"metadata": {"labels": {"app": "db"}}}),
        (STRATEGIC, {"metadata": {"labels": {"app": "db"}}}),
        (JSON_PATCH, [{"op": "replace", "path": "/metadata/labels/app", "value": "db"}]),
    ],
)
def test_a_pod_takes_each_type_of_patch(caller: Caller, media_type: str, patch: JSON) -> None:
    response = caller.call("PATCH", POD1, patch, media_type=media_type)
    assert response.code == 200
    assert at(response.obj, "metadata", "labels") == {"app": "db"}


@pytest.mark.parametrize(
    ("media_type", "patch", "code"),
    [
        (JSON_PATCH, [{"op": "remove", "path": "/nowhere"}], 422),
        (JSON_PATCH, {"op": "remove"}, 400),
        (JSON_PATCH, [{"op": "replace", "path": "", "value": 1}], 400),
        (MERGE, [1], 400),
        ("application/apply-patch+yaml", {}, 415),
        ("application/json", {}, 415),
    ],
)
def test_a_patch_that_cannot_be_applied_is_refused(caller: Caller, media_type: str, patch: JSON, code: int) -> None:
    assert caller.call("PATCH", POD1, patch, media_type=media_type).code == code


def test_a_custom_object_takes_no_strategic_patch(caller: Caller) -> None:
    caller.call("POST", NADS, {"metadata": {"name": "net1"}})
    response = caller.call("PATCH", f"{NADS}/net1", {}, media_type=STRATEGIC)
    assert response.code == 415
    assert text(response.obj, "message").endswith("application/json-patch+json, application/merge-patch+json")


def test_a_delete_can_be_guarded_by_uid_and_version(caller: Caller, existing: Object) -> None:
    assert caller.call("DELETE", POD1, {"preconditions": {"uid": "other"}}).code == 409
    assert caller.call("DELETE", POD1, {"preconditions": {"resourceVersion": "1"}}).code == 409
    assert caller.call("DELETE", POD1, {"preconditions": {"uid": at(existing, "metadata", "uid")}}).code == 200
    assert caller.call("DELETE", POD1).code == 404


def test_a_list_of_a_version_that_does_not_exist_yet_times_out(caller: Caller) -> None:
    response = caller.call("GET", f"{PODS}?resourceVersion=99999")
    assert refusal(response.obj)[:2] == (504, "Timeout")
    assert caller.call("GET", f"{PODS}?resourceVersion=0").code == 200
    assert caller.call("GET", f"{PODS}?resourceVersion=newest").code == 400


def test_without_valid_credentials_nobody_gets_in(server: APIServer) -> None:
    stranger = Caller(server, token="wrong")
    response = stranger.call("GET", POD1)
    assert response.code == 401
    assert refusal(response.obj) == (401, "Unauthorized", "Unauthorized")
    assert stranger.call("GET", "/version").code == 200
    assert stranger.call("GET", "/healthz").body == b"ok"
    stranger.close()


def test_tokens_can_be_rotated_while_the_server_runs(server: APIServer, caller: Caller) -> None:
    old = server.token()
    server.tokens["next"] = "lab"
    del server.tokens[old]
    assert caller.call("GET", POD1).code == 401
    successor = Caller(server, token="next")
    assert successor.call("GET", POD1).code == 200
    successor.close()


def test_it_says_what_it_serves(caller: Caller) -> None:
    assert caller.call("GET", "/api").obj["versions"] == ["v1"]
    groups = caller.call("GET", "/apis").obj["groups"]
    assert isinstance(groups, list)
    assert [text(group, "name") for group in groups] == ["k8s.cni.cncf.io", "resource.k8s.io"]
    resources = caller.call("GET", "/api/v1").obj["resources"]
    assert isinstance(resources, list)
    assert [text(resource, "name") for resource in resources] == ["pods", "pods/status", "events", "namespaces"]
    assert caller.call("GET", "/apis/k8s.cni.cncf.io").obj["kind"] == "APIGroup"


def test_one_connection_serves_many_requests(server: APIServer, caller: Caller) -> None:
    caller.call("GET", POD1)
    caller.call("GET", f"{PODS}/other")
    caller.call("POST", PODS, {"metadata": {"generateName": "pod-"}})
    assert len({request.connection for request in server.requests}) == 1


def test_the_log_has_method_path_user_and_body(server: APIServer, caller: Caller) -> None:
    caller.call("PATCH", f"{POD1}?fieldManager=me", {"metadata": {}}, media_type=MERGE)
    (request,) = server.requests
    assert (request.method, request.path, request.user) == ("PATCH", f"{POD1}?fieldManager=me", "lab")
    assert request.body == b'{"metadata":{}}'
    server.forget_requests()
    assert server.requests == ()


def test_a_body_without_a_length_is_refused(caller: Caller) -> None:
    caller.connection.putrequest("POST", PODS)
    caller.connection.putheader("Transfer-Encoding", "chunked")
    caller.connection.endheaders()
    response = caller.connection.getresponse()
    assert response.status == 411
    response.read()


def watch(server: APIServer, query: str, *, path: str = PODS, events: int = 1) -> list[tuple[str, str]]:
    """Return the type and the object's name of the first events of a watch."""
    connection = connect(server)
    headers = {"Authorization": f"Bearer {server.token()}"}
    connection.request("GET", f"{path}?watch=1{query}", headers=headers)
    with connection.getresponse() as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        lines = [json.loads(response.readline()) for _ in range(events)]
    connection.close()
    return [(line["type"], text(line["object"], "metadata", "name")) for line in lines]


def test_a_watch_from_nothing_starts_with_what_is_there(server: APIServer) -> None:
    assert watch(server, "") == [("ADDED", "pod1")]
    assert watch(server, "&resourceVersion=0", path=POD1) == [("ADDED", "pod1")]


def test_a_watch_that_reaches_back_too_far_is_told_that_its_version_is_gone(
    server: APIServer, caller: Caller, existing: Object
) -> None:
    server.edit("pod", "pod1", lambda obj: section(obj, "metadata", "labels").update(app="db"))
    server.forget_history()
    response = caller.call("GET", f"{PODS}?watch=1&resourceVersion={text(existing, 'metadata', 'resourceVersion')}")
    line = response.obj
    assert response.code == 200
    assert line["type"] == "ERROR"
    assert refusal(section(line, "object"))[:2] == (410, "Expired")


def test_a_watch_with_a_selector_sees_objects_come_and_go(server: APIServer, caller: Caller, existing: Object) -> None:
    since = text(existing, "metadata", "resourceVersion")
    for app in ("db", "db2", "web"):
        caller.call("PATCH", POD1, {"metadata": {"labels": {"app": app}}}, media_type=MERGE)
    seen = watch(server, f"&resourceVersion={since}&labelSelector=app%3Dweb", events=2)
    assert seen == [("DELETED", "pod1"), ("ADDED", "pod1")]


def test_a_watch_can_be_ended_by_the_server(server: APIServer) -> None:
    connection = connect(server)
    connection.request("GET", f"{PODS}?watch=1", headers={"Authorization": f"Bearer {server.token()}"})
    response = connection.getresponse()
    assert json.loads(response.readline())["type"] == "ADDED"
    server.end_watches()
    assert response.read() == b""
    connection.close()


def test_a_watch_list_is_refused_so_that_clients_fall_back(caller: Caller) -> None:
    assert caller.call("GET", f"{PODS}?watch=1&sendInitialEvents=true").code == 422


def page(caller: Caller, query: str) -> tuple[list[str], Object]:
    """Return the names on one page of the pods, and the list's metadata."""
    found = caller.call("GET", f"{PODS}?{query}").obj
    items = found["items"]
    assert isinstance(items, list)
    return [text(item, "metadata", "name") for item in items], section(found, "metadata")


@pytest.fixture
def five(server: APIServer) -> None:
    for name in ("pod2", "pod3", "pod4", "pod5"):
        server.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}})


@pytest.mark.usefixtures("five")
def test_a_list_comes_in_pages_and_is_as_it_was_at_the_first_one(server: APIServer, caller: Caller) -> None:
    names, first = page(caller, "limit=2")
    server.delete("pod", "pod4")
    more, second = page(caller, f"limit=2&continue={first['continue']}")
    last, third = page(caller, f"limit=2&continue={second['continue']}")

    assert (names, more, last) == (["pod1", "pod2"], ["pod3", "pod4"], ["pod5"])
    assert (first["remainingItemCount"], second["remainingItemCount"]) == (3, 1)
    assert "continue" not in third
    assert {each["resourceVersion"] for each in (first, second, third)} == {str(server.store.version - 1)}


@pytest.mark.usefixtures("five")
@pytest.mark.parametrize("query", ["limit=5", "limit=0", "limit=2&resourceVersion=0"])
def test_a_list_comes_in_one_piece_if_it_fits_or_is_read_from_memory(caller: Caller, query: str) -> None:
    names, metadata = page(caller, query)
    assert len(names) == 5
    assert "continue" not in metadata


@pytest.mark.usefixtures("five")
def test_a_list_that_was_not_read_to_its_end_in_time_is_gone(server: APIServer, caller: Caller) -> None:
    _, metadata = page(caller, "limit=2")
    server.forget_history()
    response = caller.call("GET", f"{PODS}?limit=2&continue={metadata['continue']}")
    assert refusal(response.obj)[:2] == (410, "Expired")


@pytest.mark.parametrize("wanted", [True, False], ids=["wanted", "not wanted"])
def test_bookmarks_go_to_those_who_want_them(server: APIServer, existing: Object, wanted: bool) -> None:  # noqa: FBT001
    since = text(existing, "metadata", "resourceVersion")
    connection = connect(server)
    headers = {"Authorization": f"Bearer {server.token()}"}
    query = f"watch=1&resourceVersion={since}&allowWatchBookmarks={json.dumps(wanted)}"
    connection.request("GET", f"{PODS}?{query}", headers=headers)
    with connection.getresponse() as response:
        server.send_bookmarks()
        if wanted:
            metadata: Object = {"resourceVersion": since, "creationTimestamp": None}
            mark = {"type": "BOOKMARK", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": metadata}}
            assert json.loads(response.readline()) == mark
        server.end_watches()
        assert response.read() == b""
    connection.close()


def test_objects_come_as_their_metadata_when_a_client_wants_no_more(server: APIServer, existing: Object) -> None:
    connection = connect(server)
    accept = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1, application/json"
    found = []
    for path, suffix in ((PODS, "List"), (POD1, ""), (f"{PODS}?watch=1&timeoutSeconds=1", "")):
        headers = {"Authorization": f"Bearer {server.token()}", "Accept": accept.format(suffix)}
        connection.request("GET", path, headers=headers)
        with connection.getresponse() as response:
            found.append(json.loads(response.readline()))
            response.read()
    connection.close()

    listed, got, event = found
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": existing["metadata"]}
    assert listed["kind"] == "PartialObjectMetadataList"
    assert [listed["items"], got, event["object"]] == [[partial], partial, partial]
