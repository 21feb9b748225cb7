"""What is found, where, and that nothing is found in what works."""

from __future__ import annotations

from pathlib import Path

import pytest

from multus_py.findings.finding import Finding, Severity
from multus_py.validate import checking, rules
from tests.unit.validate import marked
from tests.unit.validate.broken import BROKEN
from tests.unit.validate.marked import Expected
from tests.unit.validate.valid import VALID

ROOT = Path(__file__).parents[3]


def validate(file: str, text: str) -> list[Finding]:
    return checking.validate([(file, text.encode())])


@pytest.mark.parametrize(("file", "text", "expected"), BROKEN.values(), ids=list(BROKEN))
def test_what_is_wrong_is_found_on_its_line_and_nothing_else_is(
    file: str, text: str, expected: tuple[Expected, ...]
) -> None:
    clean, lines = marked.without_marks(text)
    found = validate(file, clean)
    lines += [0] * (len(expected) - len(lines))
    assert sorted(marked.summary(found)) == sorted(
        (each.id, each.severity, line, each.path) for each, line in zip(expected, lines, strict=True)
    )
    for each in expected:
        said = [f"{finding.problem} {finding.remedy}" for finding in found if finding.id == each.id]
        assert any(each.said in text for text in said), said


def test_every_finding_is_explained() -> None:
    explained = {rule.id for rule in rules.RULES}
    assert {each.id for _, _, expected in BROKEN.values() for each in expected} <= explained
    assert len(explained) == len(rules.RULES)


@pytest.mark.parametrize(("file", "text"), VALID.values(), ids=list(VALID))
def test_nothing_is_found_in_what_works(file: str, text: str) -> None:
    assert validate(file, text) == []


OURS = sorted(
    path.relative_to(ROOT)
    for pattern in ("conf/**/*.yaml", "conf/**/*.conf", "tests/golden/hostconfig/**/*.conf*")
    for path in ROOT.glob(pattern)
    if path.name not in {"alerts.yaml", "missing-plugin.yaml"}  # no manifest; and a mistake on purpose
)


@pytest.mark.parametrize("path", OURS, ids=str)
def test_nothing_is_found_in_what_we_ship_nor_in_what_others_do(path: Path) -> None:
    assert validate(str(path), (ROOT / path).read_text()) == []


def test_the_plugin_that_no_node_has_gets_a_note() -> None:
    (finding,) = validate("missing-plugin.yaml", (ROOT / "conf/examples/missing-plugin.yaml").read_text())
    assert (finding.id, finding.severity, finding.line) == ("unknown-plugin", Severity.NOTE, 12)


def test_findings_come_in_the_order_of_files_and_lines() -> None:
    broken = marked.nad('{"cniVersion": "9", "type": "bridge",\n "mtu": "1"}').encode()
    found = checking.validate([("b.yaml", broken), ("a.yaml", broken)])
    assert [(finding.file, finding.line) for finding in found] == [
        ("b.yaml", 6),
        ("b.yaml", 7),
        ("a.yaml", 3),
        ("a.yaml", 6),
        ("a.yaml", 7),
    ]


def test_documents_of_several_files_are_seen_together() -> None:
    definition = marked.nad(
        '{"cniVersion": "1.0.0", "type": "bridge"}', metadata="name: net, namespace: infra"
    ).encode()
    (finding,) = checking.validate([("pod.yaml", marked.pod("net").encode()), ("nad.yaml", definition)])
    assert (finding.id, finding.file) == ("nad-in-other-namespace", "pod.yaml")


def test_objects_without_a_namespace_go_where_the_user_says() -> None:
    definition = marked.nad('{"cniVersion": "1.0.0", "type": "bridge"}', metadata="name: net, namespace: infra")
    text = (definition + marked.pod("net")).encode()
    assert checking.validate([("a.yaml", text)], namespace="infra") == []


def test_a_definition_may_leave_its_configuration_to_the_node() -> None:
    definition = marked.nad("").replace("config: |", "config: ''").encode()
    assert checking.validate([("a.yaml", definition)], on_node=lambda name: name == "net") == []
    configuration = b'{"cniVersion": "1.0.0", "name": "net", "type": "bridge"}'
    assert checking.validate([("a.yaml", definition), ("net.conf", configuration)]) == []


def test_a_cluster_network_may_be_a_file_of_the_node() -> None:
    definition = marked.nad(
        '{"cniVersion": "1.0.0", "type": "bridge"}', metadata="name: net, namespace: infra"
    ).encode()
    files = [("a.yaml", definition), ("00-multus.conf", b'{"type": "multus", "clusterNetwork": "net"}')]
    assert [finding.id for finding in checking.validate(files)] == ["nad-in-other-namespace"]
    assert checking.validate(files, on_node=lambda name: name == "net") == []
