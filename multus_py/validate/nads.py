"""NetworkAttachmentDefinitions: the object, the configuration in it, and what others have to know of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multus_py.base import jsontext
from multus_py.cni import conf, errors
from multus_py.findings.finding import Finding, Severity
from multus_py.multinet import selection
from multus_py.validate import cniconf, reading, shape

if TYPE_CHECKING:
    from multus_py.cni.conf import Network
    from multus_py.validate.document import Document

KIND, GROUP, API_VERSION = "NetworkAttachmentDefinition", "k8s.cni.cncf.io", "k8s.cni.cncf.io/v1"
RESOURCE_NAME = "k8s.v1.cni.cncf.io/resourceName"
_CONFIG = ("spec", "config")
_JSON = ": a configuration is JSON, with double quotes, without comments, and without a comma after the last element"
_INDENTED = "Write `config: |`, and below it, indented, the JSON."


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A definition, as far as those that refer to it have to know it."""

    namespace: str
    name: str
    network: Network | None
    """What it describes; None when that is nothing that Multus could use, or is in a file of the node."""


def check(document: Document) -> Iterator[Finding]:
    """Yield what is wrong with a definition."""
    config = document.get(_CONFIG)
    if config is not None and not isinstance(config, str):
        problem = f"expected JSON as a text, found {jsontext.kind(config)}"
        yield document.finding("config-not-text", _CONFIG, problem, remedy=_INDENTED)
    else:
        yield from shape.check(document, "network-attachment-definition")
    yield from _check_names(document)
    if isinstance(config, str) and config.strip():
        yield from _check_config(document, config)


def without_config(document: Document) -> bool:
    """Tell whether a definition leaves its configuration to the nodes' files."""
    config = document.get(_CONFIG)
    return config is None or (isinstance(config, str) and not config.strip())


def definition(document: Document, *, namespace: str) -> Definition:
    """Return what others have to know of a definition; `namespace` is where it goes if it does not say so."""
    own, name = document.get(("metadata", "namespace")), document.get(("metadata", "name"))
    config = document.get(_CONFIG)
    text = name if isinstance(name, str) else ""
    return Definition(
        namespace=own if isinstance(own, str) and own else namespace,
        name=text,
        network=network(config if isinstance(config, str) else "", name=text),
    )


def network(config: str, *, name: str) -> Network | None:
    """Return the network that a definition's text describes; None when it describes none."""
    try:
        document = jsontext.loads_object(config)
        return conf.parse(jsontext.dumps({**document, "name": document.get("name") or name}).encode())
    except (jsontext.JSONError, errors.CNIError):
        return None


def _check_names(document: Document) -> Iterator[Finding]:
    yield from check_name(document, ("metadata", "name"), dots=True)
    yield from check_name(document, ("metadata", "namespace"), dots=False)


def check_name(document: Document, path: tuple[str, ...], *, dots: bool) -> Iterator[Finding]:
    """Yield what is wrong with an object's name, or (without dots) a namespace's."""
    name = document.get(path)
    if isinstance(name, str) and name and not selection.is_dns_name(name, size=253 if dots else 63, dots=dots):
        expected = "lower-case letters, digits, - and ." if dots else "lower-case letters, digits and -"
        yield document.finding(
            "invalid-name",
            path,
            f'expected {expected}, the first and the last a letter or a digit, found "{name}"',
            remedy="Choose another name: Kubernetes refuses this one.",
        )


def _check_config(document: Document, text: str) -> Iterator[Finding]:
    config, found = reading.embedded(document, _CONFIG, text, id="config-not-json", remedy=_JSON)
    yield from found
    if config is None:
        return
    if not isinstance(config.value, dict):
        problem = f"expected a JSON object, found {jsontext.kind(config.value)}"
        yield document.finding("config-not-json", _CONFIG, problem, remedy='Write {"cniVersion": "1.0.0", "type": …}.')
        return
    name = document.get(("metadata", "name"))
    named = name if isinstance(name, str) and name else "unnamed"  # that has been said already
    yield from cniconf.check(cniconf.with_name(config, named), device=_has_device(document))


def _has_device(document: Document) -> bool:
    annotations = document.get(("metadata", "annotations"))
    return isinstance(annotations, dict) and bool(annotations.get(RESOURCE_NAME))


def not_on_node(document: Document, directory: str, *, known: bool) -> Finding:
    """Return the finding about a definition whose configuration nobody has seen; `known`: this is a node."""
    name = document.get(("metadata", "name"))
    return document.finding(
        "config-missing",
        _CONFIG,
        f'is empty, and neither the files given nor {directory} have a CNI configuration named "{name}"'
        if known
        else f'is empty, so every node needs a CNI configuration named "{name}" in {directory}',
        remedy=f"Write the configuration here, or put a file with it into {directory} of every node.",
        severity=Severity.WARNING if known else Severity.NOTE,
    )
