"""What `show`, `plan` and `gc` print for programs has the keys that docs/operating.md lists, and no others."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.cli import plan, show
from multus_py.cluster.objects import Pod
from multus_py.findings.finding import Finding, Severity
from multus_py.inventory import documents
from multus_py.inventory.model import Attachment, Container, Kind, Leak, Link, Route
from multus_py.inventory.reclaiming import Outcome
from multus_py.inventory.rehearsal import Rehearsal, Step

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

PAGE = Path("docs/operating.md").read_text().partition("## For programs")[2].partition("\n## ")[0]
ATTACHMENT = Attachment(
    network="default/data",
    name="data",
    plugins=("macvlan",),
    interface="net1",
    completed=True,
    sandbox="/run/netns/pod",
    master="eth1",
    mac="02:00:5e:00:53:01",
    mtu=1400,
    addresses=("192.0.2.7/24",),
    gateways=("192.0.2.1",),
    routes=(Route(destination="0.0.0.0/0"),),
    host=(Link(name="veth0"),),
    resource="vendor/nic",
    device="0000:03:02.3",
    findings=(Finding(id="x", severity=Severity.ERROR, problem="p"),),
)
CONTAINER = Container(id="c", pod="web", attachments=(ATTACHMENT,))
LEAK = Leak(kind=Kind.LOCK, subject="lock", reason="r")
STEP = Step(network="n", interface="net1", plugin="ptp", path="", environment={}, stdin={}, previous="")
REHEARSAL = Rehearsal(steps=(STEP,), default_routes=())
DOCUMENTS: dict[str, JSONObject] = {
    "show pods": documents.container(CONTAINER, compared=True),
    "attachments": documents.attachment(ATTACHMENT),
    "findings": documents.finding(CONTAINER.findings[0]),
    "show networks": show._summary("n", [ATTACHMENT]),
    "plan": plan._document(Pod(namespace="default", name="web", uid=""), REHEARSAL),
    "steps": plan._step(STEP),
    "gc": documents.outcome(Outcome(leak=LEAK, done=True, said="removed")),
}


@pytest.mark.parametrize("what", DOCUMENTS)
def test_the_page_lists_the_keys_of(what: str) -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| `{what}`"))
    text = re.sub(r"\([^)]*\)|--live", "", row.split("|")[2])
    assert re.findall(r"`([\w-]+)`", text) == list(DOCUMENTS[what])


def test_what_is_not_known_of_an_attachment_is_left_out() -> None:
    bare = Attachment(network="n", name="n", plugins=(), interface="net1", completed=False)
    assert list(documents.attachment(bare)) == ["name", "interface", "plugins", "completed", "config"]
    assert documents.container(dataclasses.replace(CONTAINER, pod=""))["pod"] is None
