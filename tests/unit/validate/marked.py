"""Broken inputs, written so that the lines that findings name can be seen: each ends with a mark."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from multus_py.findings.finding import Finding, Severity

MARK = "«"


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A finding that has to be reported, for one marked line."""

    id: str
    path: str
    said: str
    """A part of what the problem or the remedy says."""
    severity: Severity = Severity.ERROR


def error(id: str, path: str, said: str) -> Expected:
    return Expected(id=id, path=path, said=said)


def warning(id: str, path: str, said: str) -> Expected:
    return Expected(id=id, path=path, said=said, severity=Severity.WARNING)


def note(id: str, path: str, said: str) -> Expected:
    return Expected(id=id, path=path, said=said, severity=Severity.NOTE)


def nad(config: str, *, metadata: str = "name: net") -> str:
    """Return a definition with a configuration."""
    lines = ["apiVersion: k8s.cni.cncf.io/v1", "kind: NetworkAttachmentDefinition", f"metadata: {{{metadata}}}"]
    return "\n".join([*lines, "spec:", "  config: |", textwrap.indent(textwrap.dedent(config).strip(), "    ")]) + "\n"


def pod(networks: str, *, metadata: str = "name: pod") -> str:
    """Return a pod with the annotation for networks."""
    annotation = textwrap.indent(textwrap.dedent(networks).strip(), "      ")
    head = f"---\napiVersion: v1\nkind: Pod\nmetadata:\n  {metadata}\n  annotations:\n"
    return f"{head}    k8s.v1.cni.cncf.io/networks: |\n{annotation}\n"


def without_marks(text: str) -> tuple[str, list[int]]:
    """Return a text without its marks, and the lines that had one; a line may have several."""
    lines = text.split("\n")
    marked = [number for number, line in enumerate(lines, 1) for _ in range(line.count(MARK))]
    return "\n".join(line.replace(MARK, "").rstrip() if MARK in line else line for line in lines), marked


def summary(findings: list[Finding]) -> list[tuple[str, Severity, int, str]]:
    return [(finding.id, finding.severity, finding.line, finding.path) for finding in findings]
