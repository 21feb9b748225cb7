"""What one may do is told before it is tried, and both agree."""

from __future__ import annotations

import email.utils
import time

import pytest

from multus_py.lab.apiserver import APIServer
from multus_py.lab.objects import Object, section
from multus_py.lab.reviews import PATH
from tests.unit.lab.caller import Caller

NADS = "/apis/k8s.cni.cncf.io/v1/network-attachment-definitions"


def allowed(caller: Caller, **attributes: str) -> object:
    asked: Object = {"kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": dict(attributes)}}
    answer = caller.call("POST", PATH, asked)
    assert answer.code == 201
    return section(answer.obj, "status")["allowed"]


def test_everything_is_allowed_at_first(caller: Caller) -> None:
    assert allowed(caller, verb="list", resource="pods") is True
    assert caller.call("GET", "/api/v1/pods").code == 200


@pytest.mark.parametrize(
    ("verb", "attributes", "request_line"),
    [
        ("list", {"resource": "pods"}, "GET /api/v1/pods"),
        (
            "patch",
            {"resource": "pods", "subresource": "status"},
            "PATCH /api/v1/namespaces/default/pods/p/status",
        ),
        ("list", {"resource": "network-attachment-definitions", "group": "k8s.cni.cncf.io"}, f"GET {NADS}"),
    ],
    ids=["pods", "status", "NADs"],
)
def test_what_was_denied_is_reviewed_and_refused_alike(
    server: APIServer, caller: Caller, verb: str, attributes: dict[str, str], request_line: str
) -> None:
    group, subresource = attributes.get("group", ""), attributes.get("subresource", "")
    name = attributes["resource"] + (f".{group}" if group else "") + (f"/{subresource}" if subresource else "")
    server.deny(verb, name)
    assert allowed(caller, verb=verb, **attributes) is False
    method, path = request_line.split()
    refused = caller.call(method, path, {} if method == "PATCH" else None)
    assert refused.code == 403
    assert f"cannot {verb} resource" in str(refused.obj["message"])
    assert allowed(caller, verb="get", **attributes) is True


def test_a_review_needs_credentials(server: APIServer) -> None:
    caller = Caller(server, token="nobody's")
    assert caller.call("POST", PATH, {}).code == 401
    caller.close()


def test_the_server_can_be_ahead_of_its_time(server: APIServer, caller: Caller) -> None:
    server.set_clock(ahead=3600)
    date = caller.call("GET", "/version").headers["Date"]
    assert email.utils.parsedate_to_datetime(date).timestamp() > time.time() + 3500
