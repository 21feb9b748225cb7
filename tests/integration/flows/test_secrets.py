"""The node's token: in the kubeconfig, and nowhere else, whatever happens to a call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from multus_py.lab.faults import Answer, Fault
from multus_py.lab.runtime import PluginError
from tests.integration.flows.world import World

pytestmark = pytest.mark.root

REFUSALS = {
    "nothing": (0, "", "/nothing"),
    "a token that is not known": (401, "GET", "/pods/"),
    "pods": (403, "GET", "/pods/"),
    "a network": (404, "GET", "/network-att"),
    "a network, for now": (500, "GET", "/network-att"),
    "the status": (422, "PATCH", "/status"),
}
"""What an API server refuses, quoting what it was sent: the code, the method, and a part of the path."""


def holding(directory: Path, secret: str) -> list[str]:
    """Return the files below a directory that hold a secret."""
    return [path.name for path in directory.rglob("*") if path.is_file() and secret in path.read_text(errors="replace")]


@pytest.mark.parametrize(("code", "method", "path"), REFUSALS.values(), ids=list(REFUSALS))
def test_the_token_is_in_no_output_event_log_or_file_and_no_plugin_gets_it(
    world: World, code: int, method: str, path: str
) -> None:
    token = world.api.token()
    world.configured(
        logLevel="debug", logFile=str(world.node.directory / "log"), logToStderr=True, apiTimeout=1, daemonTimeout=1
    )
    world.network("data", world.recorder("data", {"ADD": [{"environ": True}]}))
    pod = world.pod("pod1", "data")
    quoting = Answer(code, f"what is this: Authorization: Bearer {token}")
    world.api.inject(Fault(quoting, method=method, path=path, times=None))
    try:
        said = json.dumps(world.add(pod))
    except PluginError as error:
        said = f"{error} {error.details} {error.stderr}"
    world.delete(pod)
    assert token not in said
    assert token not in f"{world.events(pod, count=0)}"
    assert holding(world.node.directory, token) == ["multus.kubeconfig"]
    assert 'get pods "pod1"' in (world.node.directory / "log").read_text()
    assert all("environ" in entry for entry in world.recorded("data", "ADD"))
