from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from multus_py.base.clock import Deadline, SystemClock
from multus_py.daemon import apiserver
from multus_py.lab.apiserver import APIServer
from multus_py.lab.objects import at

PODS = "/api/v1/namespaces/default/pods"


class World:
    """A server, and a pod's way to it."""

    def __init__(self, server: APIServer, directory: Path) -> None:
        self.server = server
        self.directory = directory
        server.service_account(directory)
        address = urlsplit(server.url)
        self.environment = {
            "KUBERNETES_SERVICE_HOST": address.hostname or "",
            "KUBERNETES_SERVICE_PORT": str(address.port),
        }

    def get(self, path: str) -> apiserver.Answer:
        clock = SystemClock()
        asked = apiserver.APIServer(self.environment, clock=clock, service_account=self.directory)
        return asked.get(path, Deadline(clock, 10))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with APIServer() as server:
        yield World(server, tmp_path)


def test_an_object_is_read(world: World) -> None:
    world.server.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {}})

    answer = world.get(f"{PODS}/web")

    assert answer.status == 200
    assert at(answer.document, "metadata", "name") == "web"


def test_a_missing_object_is_an_answer(world: World) -> None:
    assert world.get(f"{PODS}/web") == apiserver.Answer(status=404, document={})


def test_a_refusal_is_an_answer(world: World) -> None:
    (world.directory / "token").write_text("nobody")

    assert world.get(f"{PODS}/web").status == 401


def test_outside_of_a_pod_there_is_no_server(world: World) -> None:
    world.environment = {}

    with pytest.raises(apiserver.UnreachableError, match="no service account"):
        world.get(PODS)


def test_a_server_that_is_not_there_does_not_answer(world: World) -> None:
    world.environment["KUBERNETES_SERVICE_PORT"] = "1"

    with pytest.raises(apiserver.UnreachableError, match="refused"):
        world.get(PODS)


def test_a_server_that_cannot_be_trusted_does_not_answer(world: World) -> None:
    with APIServer() as other:
        other.service_account(world.directory)

    with pytest.raises(apiserver.UnreachableError, match="certificate"):
        world.get(PODS)
