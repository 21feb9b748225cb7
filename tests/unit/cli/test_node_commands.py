"""`show`, `gc` and `plan` as they are typed, on the records that ADD has written."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import yaml

from multus_py.cli import main
from multus_py.lab.netns import Namespace
from tests.unit.inventory.nodes import ID, NodeWorld


class Say(Protocol):
    """Types a command; gives status, output and errors."""

    def __call__(self, *words: str) -> tuple[int, str, str]: ...


@pytest.fixture
def given(tmp_path: Path) -> NodeWorld:
    made = NodeWorld(tmp_path)
    made.start()
    return made


@pytest.fixture
def say(given: NodeWorld, capsys: pytest.CaptureFixture[str]) -> Say:
    """Return what types a command, with this node's configuration, and gives status, output and errors."""
    config = given.world.root / "00-multus.conf"
    config.write_text(json.dumps(given.world.keys))

    def typed(*words: str) -> tuple[int, str, str]:
        status = main.main([*words, "--multus-conf-file", str(config)])
        said = capsys.readouterr()
        return status, said.out, said.err

    return typed


def test_pods_are_a_table(say: Say) -> None:
    status, out, _ = say("show", "pods")
    assert status == 0
    assert out.splitlines()[1].split() == [
        *("demo/web", "eth0", "cluster", "bridge", "br0", "192.0.2.7/24", "02:00:00:00:00:02", "attached")
    ]


def test_a_pod_that_was_not_completed_and_a_record_that_cannot_be_read_say_so(given: NodeWorld, say: Say) -> None:
    given.write(given.world.state / ("b" * 64), "[{")
    for path in given.results():
        path.unlink()
    _, out, _ = say("show", "pods")
    assert [line.split()[-1] for line in out.splitlines()[1:]] == ["unreadable", "incomplete"]


def test_documents_have_everything(say: Say) -> None:
    (shown,) = json.loads(say("show", "pod", "demo/web", "-o", "json")[1])
    assert shown["pod"] == {"namespace": "demo", "name": "web", "uid": "u1"}
    (attachment,) = shown["attachments"]
    assert attachment["routes"] == [{"destination": "0.0.0.0/0", "gateway": "192.0.2.1"}]
    assert attachment["host-interfaces"] == [{"name": "veth0", "mac": "02:00:00:00:00:01"}]
    assert attachment["config"]["bridge"] == "br0"
    assert yaml.safe_load(say("show", "container", ID[:5], "-o", "yaml")[1]) == [shown]


def test_networks_are_counted(say: Say) -> None:
    status, out, _ = say("show", "networks")
    assert (status, out.splitlines()[1].split()) == (0, ["cluster", "bridge", "br0", "1", "1"])
    (network,) = json.loads(say("show", "networks", "-o", "json")[1])
    assert network == {"name": "cluster", "plugins": "bridge", "master": "br0", "attachments": 1, "ips": 1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "pod", "web"), "multus show: nothing is recorded of pod default/web"),
        (("show", "container", "zz"), "multus show: nothing is recorded of container zz"),
        (("plan", "-f", "/missing.yaml"), "multus plan: cannot read /missing.yaml"),
    ],
    ids=lambda item: " ".join(item) if isinstance(item, tuple) else "",
)
def test_what_cannot_be_done_is_said_with_status_1(say: Say, words: tuple[str, ...], said: str) -> None:
    status, out, err = say(*words)
    assert (status, out) == (1, "")
    assert err.startswith(said)


@pytest.mark.parametrize("command", [("show", "pods"), ("gc",), ("plan", "-f", "x")], ids=" ".join)
def test_a_file_that_is_no_multus_configuration_is_refused(
    command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "10-other.conf"
    other.write_text('{"type": "bridge"}')
    assert main.main([*command, "--multus-conf-file", str(other)]) == 1
    assert "is no Multus configuration" in capsys.readouterr().err


def test_a_node_without_a_configuration_is_what_its_records_say(
    given: NodeWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = str(given.world.root / "nowhere")
    assert main.main(["show", "pods", "--cni-conf-dir", nowhere, "--cni-dir", str(given.world.state)]) == 0
    assert "demo/web" in capsys.readouterr().out
    assert main.main(["plan", "-f", "x", "--cni-conf-dir", nowhere]) == 1
    assert f"no Multus configuration in {nowhere}" in capsys.readouterr().err


@pytest.fixture
def elsewhere() -> Iterator[None]:
    """Have one more network namespace on this machine: who sees none but its own judges nothing."""
    with Namespace(f"elsewhere-{secrets.token_hex(4)}"):
        yield


@pytest.mark.root
@pytest.mark.usefixtures("elsewhere")
def test_a_dry_run_of_gc_is_for_programs_too(given: NodeWorld, say: Say) -> None:
    status, out, _ = say("gc", "--dry-run", "-o", "json")
    (leak,) = json.loads(out)
    assert (status, leak["kind"], leak["container"], leak["holds"]) == (0, "container", ID, ["192.0.2.7/24"])
    assert given.record().exists()


@pytest.mark.root
@pytest.mark.usefixtures("elsewhere")
def test_a_program_that_wants_a_document_is_not_asked(given: NodeWorld, say: Say) -> None:
    given.end()
    status, out, err = say("gc", "-o", "json")
    assert (status, out) == (1, "")
    assert err.splitlines()[-1] == (
        "multus gc: nothing was done: --yes was not given, and only a person at a terminal is asked"
    )
    assert given.record().exists()


def test_a_plan_is_for_programs_too(given: NodeWorld, say: Say) -> None:
    files = {
        "pod.yaml": "{kind: Pod, metadata: {name: web, annotations: {k8s.v1.cni.cncf.io/networks: a}}}",
        "nad.yaml": '{kind: NetworkAttachmentDefinition, metadata: {name: a}, spec: {config: \'{"type": "ptp"}\'}}',
    }
    for name, text in files.items():
        (given.world.root / name).write_text(text)
    pod, nad = (str(given.world.root / name) for name in files)
    status, out, _ = say("plan", "-f", pod, "--nads", nad, "-o", "json")
    (planned,) = json.loads(out)
    assert status == 0
    assert [(step["plugin"], step["executable"] is None) for step in planned["steps"]] == [
        ("bridge", False),
        ("ptp", True),
    ]
    status, out, _ = say("plan", "-f", pod, "--nads", nad)
    assert "this machine has no plugin ptp" in out
    status, _, err = say("plan", "-f", nad)
    assert (status, "no pod, and nothing that makes pods" in err) == (1, True)
