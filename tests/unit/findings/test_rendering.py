from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from multus_py.findings import rendering
from multus_py.findings.finding import Finding, Rule, Severity

FINDING = Finding(
    id="address-outside-subnet",
    severity=Severity.ERROR,
    problem="expected an address in 192.0.2.0/24, found 198.51.100.1",
    remedy="Write an address of the subnet, or the other subnet.",
    file="nad.yaml",
    line=12,
    path="spec.config.ipam.gateway",
    subject="nad default/storage",
)
RULE = Rule(id="address-outside-subnet", title="An address", meaning="It is never reached.", remedy="Write another.")


def printed(*findings: Finding) -> str:
    return "".join("".join(text for text, _ in line) + "\n" for line in rendering.text(findings))


def test_text_says_where_how_bad_what_and_what_to_do() -> None:
    assert printed(FINDING) == (
        "nad.yaml:12: error: nad default/storage: spec.config.ipam.gateway: expected an address in 192.0.2.0/24, found"
        " 198.51.100.1 [address-outside-subnet]\n"
        "    Write an address of the subnet, or the other subnet.\n"
    )


def test_text_leaves_out_what_is_not_known() -> None:
    assert printed(Finding(id="a", severity=Severity.NOTE, problem="odd", file="x.yaml")) == "x.yaml: note: odd [a]\n"
    assert printed(Finding(id="a", severity=Severity.OK, problem="fine")) == "ok: fine [a]\n"


@pytest.mark.parametrize(
    ("severity", "style"),
    list(zip(Severity, ["bold red", "yellow", "cyan", "green"], strict=True)),
    ids=str,
)
def test_how_bad_it_is_has_a_colour(severity: Severity, style: str) -> None:
    (line,) = rendering.text([Finding(id="a", severity=severity, problem="odd")])
    assert (severity.value, style) in line


def test_the_summary_counts() -> None:
    warning = Finding(id="a", severity=Severity.WARNING, problem="odd")
    assert rendering.summary([FINDING, warning, warning]) == "1 error, 2 warnings"
    assert not rendering.summary([])


def test_json_holds_every_field_that_says_something() -> None:
    document = json.loads(rendering.json([FINDING, Finding(id="a", severity=Severity.OK, problem="fine")]))
    assert document == {
        "findings": [
            {
                "id": "address-outside-subnet",
                "severity": "error",
                "problem": "expected an address in 192.0.2.0/24, found 198.51.100.1",
                "remedy": "Write an address of the subnet, or the other subnet.",
                "file": "nad.yaml",
                "line": 12,
                "path": "spec.config.ipam.gateway",
                "subject": "nad default/storage",
            },
            {"id": "a", "severity": "ok", "problem": "fine"},
        ],
        "summary": {"error": 1, "warning": 0, "note": 0, "ok": 1},
    }


def test_sarif_points_at_the_line_and_explains_the_rule() -> None:
    run = json.loads(rendering.sarif([FINDING], rules=[RULE]))["runs"][0]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == RULE.id
    assert (result["level"], result["kind"]) == ("error", "fail")
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "nad.yaml"},
        "region": {"startLine": 12},
    }
    assert "expected an address in 192.0.2.0/24" in result["message"]["text"]


@pytest.mark.parametrize("name", ["-", "a b%/ü.yaml"])
def test_sarif_names_files_by_uris(name: str) -> None:
    finding = Finding(id="a", severity=Severity.OK, problem="fine", file=name)
    (result,) = json.loads(rendering.sarif([finding], rules=[]))["runs"][0]["results"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == {"-": "stdin", "a b%/ü.yaml": "a%20b%25/%C3%BC.yaml"}[name]
    assert "ruleIndex" not in result
    assert (result["level"], result["kind"]) == ("none", "pass")


def test_sarif_is_what_the_standard_says() -> None:
    schema = json.loads((Path(__file__).parents[2] / "golden/findings/sarif-2.1.0.schema.json").read_text())
    findings = [
        FINDING,
        Finding(id="a", severity=Severity.OK, problem="fine"),
        Finding(id="b", severity=Severity.NOTE, problem="odd.", file="-"),
        Finding(id="c", severity=Severity.WARNING, problem="odd", subject="nad a/b"),
    ]
    document = json.loads(rendering.sarif(findings, rules=[RULE]))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    assert len(document["runs"][0]["results"]) == len(findings)
