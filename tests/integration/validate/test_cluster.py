"""`multus validate --kubeconfig`: definitions that are not in the files are looked up in a cluster, the lab's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from multus_py.cli import main
from multus_py.lab import manifests
from multus_py.lab.apiserver import APIServer
from multus_py.lab.faults import Answer, Fault
from multus_py.lab.objects import Object
from tests.unit.validate import marked

NETWORK: Object = {"cniVersion": "1.0.0", "type": "macvlan", "master": "eth1"}
ISOLATED = '{"type": "multus", "clusterNetwork": "/etc/cni/net.d/10-a.conflist", "namespaceIsolation": true}'


@pytest.fixture
def api() -> Iterator[APIServer]:
    with APIServer() as server:
        server.create(manifests.network("storage", NETWORK))
        server.create(manifests.network("shared", NETWORK, namespace="infra"))
        yield server


class Validator:
    """Runs the command for a pod with an annotation."""

    def __init__(self, folder: Path, api: APIServer, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.kubeconfig = str(api.kubeconfig(folder / "kubeconfig"))
        self.capsys = capsys

    def __call__(self, annotation: str, *more: str) -> tuple[int, str]:
        file = self.folder / "pod.yaml"
        file.write_text(marked.pod(annotation))
        status = main.main(["validate", "--kubeconfig", self.kubeconfig, str(file), *more])
        return status, self.capsys.readouterr().out


@pytest.fixture
def validate(tmp_path: Path, api: APIServer, capsys: pytest.CaptureFixture[str]) -> Validator:
    return Validator(tmp_path, api, capsys)


def test_definitions_of_the_cluster_count(validate: Validator) -> None:
    assert validate("storage,infra/shared") == (0, "1 file: nothing wrong\n")


def test_a_definition_that_is_nowhere_is_an_error(validate: Validator) -> None:
    status, said = validate("nothing")
    assert status == 1
    assert "pod.yaml:7: error: pod pod: " in said
    assert "there is no definition default/nothing [nad-not-found]" in said


def test_what_the_pod_asks_for_is_held_against_the_clusters_definition(validate: Validator) -> None:
    status, said = validate('[{"name": "storage", "ips": ["203.0.113.7/24"]}]')
    assert status == 1
    assert "[capability-not-declared]" in said


def test_isolation_is_that_of_the_configuration_given(validate: Validator) -> None:
    (validate.folder / "00-multus.conf").write_text(ISOLATED)
    status, said = validate("storage,infra/shared", str(validate.folder / "00-multus.conf"))
    assert status == 1
    assert "expected a network of default, found infra/shared [nad-out-of-reach]" in said
    assert said.count("error:") == 1


def test_a_server_that_does_not_answer_is_an_error(validate: Validator, api: APIServer) -> None:
    api.inject(Fault(Answer(403), path="/network-att", times=None))
    status, said = validate("storage")
    assert status == 1
    assert "[cluster-unavailable]" in said
