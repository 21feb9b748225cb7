"""The Multus configuration, 00-multus.conf, and the daemon's: read with their own parsers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from multus_py.attach import settings
from multus_py.attach.settings import Settings
from multus_py.base import jsontext
from multus_py.base.fields import Fields
from multus_py.cni import conf, errors, versions
from multus_py.findings.finding import Finding, Severity
from multus_py.hostconfig import options, validation
from multus_py.hostconfig.errors import HostConfigError
from multus_py.hostconfig.validation import Kind
from multus_py.validate import cniconf, shape

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.validate.document import Document

TYPE = "multus"
_SHAPES = {kind.value for kind in (Kind.MISSING, Kind.TYPE, Kind.VALUE)}
"""What is wrong with a document that is not to be read any further."""
_VERBS = "1.1.0"
"""Where GC and STATUS begin."""


def check(document: Document) -> Iterator[Finding]:
    """Yield what is wrong with a Multus configuration."""
    found = shape.check(document, "multus-conf")
    for index, _ in enumerate(_delegates(document)):
        delegate = document.part(("delegates", index))
        inner = list(cniconf.check(delegate)) if isinstance(delegate.value, dict) else []
        found = [finding for finding in found if finding not in inner] + inner
    yield from found
    try:
        parsed = settings.parse(jsontext.dumps(document.object).encode())
    except errors.CNIError as error:
        yield from shape.refused(document, error, found)
        return
    yield from _check_settings(document, parsed)
    yield from _check_versions(document, parsed)


def as_called(part: Document, whole: Document) -> Document:
    """Return a plugin's configuration as runtimes hand it over: with the name and the version of the list it is in."""
    said: JSONObject = {key: whole.object[key] for key in ("name", "cniVersion") if key in whole.object}
    return dataclasses.replace(part, value={**part.object, **said})


def check_daemon(document: Document) -> Iterator[Finding]:
    """Yield what is wrong with the daemon's configuration."""
    found = shape.check(document, "daemon-config")
    yield from found
    if any(finding.id in _SHAPES for finding in found):
        return
    try:
        options.from_document(document.object)
    except HostConfigError as error:
        yield document.finding("refused", (), str(error), remedy="Correct what the message names.")
    yield from _check_settings(document, daemon_settings(document))


def parsed(document: Document) -> Settings | None:
    """Return what a Multus configuration says; None when the plugin would refuse it."""
    try:
        return settings.parse(jsontext.dumps(document.object).encode())
    except errors.CNIError:
        return None


def daemon_settings(document: Document) -> Settings:
    """Return what the configuration that the daemon generates will say of networks and namespaces."""
    fields = Fields(document.object, "")
    said: JSONObject = {key: fields.raw(key) for key in sorted(validation.settings_keys()) if fields.has(key)}
    if not said.get("clusterNetwork"):
        said["delegates"] = [{"type": "primary", "name": "primary"}]
    try:
        return settings.parse(jsontext.dumps(said).encode())
    except errors.CNIError:
        return Settings()


def _delegates(document: Document) -> list[object]:
    """Return the delegates that are looked at: none where a cluster network goes before them."""
    several = document.get(("delegates",))
    return list(several) if isinstance(several, list) and not document.get(("clusterNetwork",)) else []


def _check_settings(document: Document, parsed: Settings) -> Iterator[Finding]:
    """Find settings that need others to have an effect."""
    fields = Fields(document.object, "")
    needs = (
        ("defaultNetworks", "clusterNetwork", bool(parsed.cluster_network)),
        ("globalNamespaces", "namespaceIsolation", parsed.namespace_isolation),
        ("auxiliaryCNIChainName", "clusterNetwork", bool(parsed.cluster_network)),
    )
    for key, needed, there in needs:
        if fields.raw(key) and not there:
            yield document.finding(
                "setting-without-effect",
                (key,),
                f"it has an effect together with {needed} only, which is not set",
                remedy=f"Set {needed}, or remove {key}.",
                severity=Severity.WARNING,
            )
    if parsed.cluster_network and fields.raw("delegates"):
        yield document.finding(
            "setting-without-effect",
            ("delegates",),
            "clusterNetwork goes before it: nobody reads it",
            remedy="Remove one of them.",
            severity=Severity.WARNING,
        )
    for warning in parsed.warnings:
        yield document.finding(
            "wrong-value",
            ("logLevel",),
            warning,
            remedy="Write one of those.",
            severity=Severity.WARNING,
        )


def _check_versions(document: Document, parsed: Settings) -> Iterator[Finding]:
    """Find networks that GC and STATUS do not reach although others of the chain know them."""
    try:
        own = versions.at_least(parsed.version, _VERBS)
    except ValueError:
        problem = f'expected a version of the CNI specification, found "{parsed.version}"'
        remedy = f"Write one of {', '.join(versions.SUPPORTED)}."
        yield document.finding("unknown-version", ("cniVersion",), problem, remedy=remedy)
        return
    for index, network in enumerate(parsed.delegates):
        if _has_verbs(network) not in {own, None}:
            ours, its = (version or versions.OLDEST for version in (parsed.version, network.version))
            yield document.finding(
                "mixed-versions",
                ("delegates", index, "cniVersion"),
                f"expected {_VERBS} or newer in both or in none, found {ours} for Multus and {its} for this network",
                remedy=f"Give both {_VERBS}, or both an older one: as it is, GC and STATUS do not reach this network.",
                severity=Severity.WARNING,
            )


def _has_verbs(network: conf.Network) -> bool | None:
    try:
        return versions.at_least(network.version, _VERBS)
    except ValueError:
        return None  # said where the network is checked
