"""All checks over all files: what kind of document each is, what it is checked for, and what they say of each other."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING

from multus_py.attach.settings import Settings
from multus_py.base import jsontext, spelling
from multus_py.findings.finding import Finding, Severity
from multus_py.hostconfig import validation
from multus_py.validate import cniconf, multusconf, nads, pods, reading, references
from multus_py.validate.references import Context

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.cluster.port import Cluster
    from multus_py.validate.document import Document
    from multus_py.validate.nads import Definition

_GROUPS = ("", "apps", "batch", nads.GROUP)
_DAEMON_CONFIG = "daemon-config.json"
_MULTUS = re.compile(r'"multus(-shim)?"')
_CNI = re.compile(r'"(cniVersion|multus(-shim)?)"')
_IN_CONFIG_MAPS = {".conf": _CNI, ".conflist": _CNI, ".json": _MULTUS}
"""What a text has in it that is meant as a configuration, by its key's suffix: nginx.conf is not."""


@dataclass(kw_only=True)
class _Given:
    """What was found in all files."""

    findings: list[Finding] = field(default_factory=list)
    definitions: list[tuple[Document, Definition]] = field(default_factory=list)
    pods: list[tuple[Document, str]] = field(default_factory=list)
    configurations: list[Document] = field(default_factory=list)
    """CNI configurations that are files of a node."""
    settings: list[tuple[Document, Settings]] = field(default_factory=list)


def validate(
    files: Iterable[tuple[str, bytes]],
    *,
    namespace: str = "default",
    cluster: Cluster | None = None,
    on_node: Callable[[str], bool] | None = None,
) -> list[Finding]:
    """Return what is wrong with files, in their order.

    Args:
        files: Each with its name and its content.
        namespace: Where objects go that do not say so.
        cluster: Where definitions are looked up that are not in the files; None for nowhere.
        on_node: Tells whether this node has a CNI configuration of a name, for definitions that leave theirs to it;
            None when this is no node.
    """
    given = _Given()
    order: dict[str, int] = {}
    for file, data in files:
        order.setdefault(file, len(order))
        documents, problems = reading.read(file, data)
        given.findings += problems
        for document in documents:
            given.findings += _check(document, given, namespace)
    given.findings += _check_together(given, namespace, cluster, on_node)
    unique = dict.fromkeys(given.findings)
    return sorted(unique, key=lambda finding: (order.get(finding.file, 0), finding.line))


def _check(document: Document, given: _Given, namespace: str) -> Iterator[Finding]:
    """Yield what is wrong with one document by itself, and note down what it is."""
    if not isinstance(document.value, dict):
        problem = f"expected an object, found {jsontext.kind(document.value)}"
        yield document.finding("unrecognised", (), problem, remedy="Give what is to be checked.")
    elif document.object.get("kind") or document.object.get("apiVersion"):
        yield from _check_object(document, given, namespace)
    else:
        yield from _check_configuration(document, given)


def _check_object(document: Document, given: _Given, namespace: str) -> Iterator[Finding]:
    """Check an object of Kubernetes."""
    kind, version, items = (document.object.get(key) for key in ("kind", "apiVersion", "items"))
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
        common: JSONObject = {"apiVersion": version, "kind": kind.removesuffix("List")}
        for at, _ in enumerate(items):
            part = document.part(("items", at))
            if part.object and "kind" not in part.object and kind != "List":  # the API's own lists say it once
                part = dataclasses.replace(part, value={**common, **part.object})
            yield from _check(part, given, namespace)
    elif kind == nads.KIND:
        named = document.named(_subject("nad", document))
        given.definitions.append((named, nads.definition(named, namespace=namespace)))
        yield from nads.check(named)
    elif isinstance(kind, str) and kind in pods.TEMPLATES:
        named = document.named(_subject(kind.lower(), document))
        given.pods.append((named, kind))
        yield from nads.check_name(named, ("metadata", "name"), dots=True)
        yield from pods.check(named, kind)
    elif kind == "ConfigMap":
        yield from _check_config_map(document.named(_subject("configmap", document)), given)
    else:
        yield from _check_kind(document, kind, version)


def _check_kind(document: Document, kind: object, version: object) -> Iterator[Finding]:
    """Find kinds that are meant to be one of those that are checked; other groups have kinds of all names."""
    if str(version or "v1").rpartition("/")[0] not in _GROUPS:
        return
    known = (nads.KIND, *pods.TEMPLATES)
    meant = spelling.closest(kind, known) if isinstance(kind, str) and kind not in known else ""
    if kind is None and version == nads.API_VERSION:
        meant = nads.KIND
    if meant:
        yield document.finding(
            "unknown-kind",
            ("kind",) if kind is not None else (),
            f"expected {meant}, found {kind if kind is not None else 'none'}",
            remedy=f"Did you mean {meant}? Write that.",
        )


def _check_config_map(document: Document, given: _Given) -> Iterator[Finding]:
    """Check configurations of Multus that a ConfigMap carries to the nodes."""
    data = document.object.get("data")
    for key, text in (data if isinstance(data, dict) else {}).items():
        marks = _IN_CONFIG_MAPS.get(PurePath(key).suffix)
        if isinstance(text, str) and (key == _DAEMON_CONFIG or (marks and marks.search(text))):
            inner, found = reading.embedded(document, ("data", key), text, id="config-not-json")
            yield from found
            if inner is not None:
                yield from _check_configuration(inner, given, daemon=key == _DAEMON_CONFIG)


def _check_configuration(document: Document, given: _Given, *, daemon: bool = False) -> Iterator[Finding]:
    """Check a file of a node: a CNI configuration, one of Multus, or the daemon's."""
    daemon = daemon or (document.file.endswith(_DAEMON_CONFIG) and not document.prefix)
    if not daemon and ("plugins" in document.object or cniconf.type_of(document)):
        yield from _check_cni(document, given)
    elif daemon or _is_for_daemon(document.object):
        given.settings.append((document, multusconf.daemon_settings(document)))
        yield from multusconf.check_daemon(document)
    else:
        yield _unrecognised(document)


def _is_for_daemon(keys: Collection[str]) -> bool:
    """Tell whether an object is the daemon's configuration. Half of its keys are enough; one alone may be anybody's."""
    known = {key.lower() for key in validation.known_keys()}
    return 2 * sum(key.lower() in known for key in keys) >= len(keys) > 0


def _unrecognised(document: Document) -> Finding:
    return document.finding(
        "unrecognised",
        (),
        "expected an object of Kubernetes (apiVersion, kind), a CNI configuration (type, plugins) or the daemon's",
        remedy="If it is meant to be one of these, add what is missing; otherwise leave the file out.",
        severity=Severity.NOTE,
    )


def _check_cni(document: Document, given: _Given) -> Iterator[Finding]:
    multus = [part for part in cniconf.parts(document) if cniconf.type_of(part) == multusconf.TYPE]
    for part in multus:
        called = multusconf.as_called(part, document)
        yield from multusconf.check(called)
        parsed = multusconf.parsed(called)
        if parsed is not None:
            given.settings.append((called, parsed))
    if multus != [document]:
        given.configurations.append(document)
        yield from cniconf.check(document)


def _check_together(
    given: _Given, namespace: str, cluster: Cluster | None, on_node: Callable[[str], bool] | None
) -> Iterator[Finding]:
    """Yield what documents say of each other."""
    named = [document.object.get("name") for document in given.configurations]
    context = Context(
        definitions=tuple(definition for _, definition in given.definitions),
        settings=given.settings[0][1] if given.settings else Settings(),
        cluster=cluster,
        has_file=lambda name: name in named or (on_node is not None and on_node(name)),
    )
    yield from references.duplicates(given.definitions)
    for document, definition in given.definitions:
        if nads.without_config(document) and not context.has_file(definition.name):
            yield nads.not_on_node(document, context.settings.conf_dir, known=on_node is not None)
    for document, settings in given.settings:
        yield from references.check_settings(document, dataclasses.replace(context, settings=settings))
    for document, kind in given.pods:
        pod = pods.pod(document, kind, namespace=namespace, multus_namespace=context.settings.multus_namespace)
        yield from references.check_pod(pod, context)


def _subject(kind: str, document: Document) -> str:
    namespace, name = (document.get(("metadata", key)) for key in ("namespace", "name"))
    names = [text for text in (namespace, name) if isinstance(text, str) and text]
    return f"{kind} {'/'.join(names)}".strip()
