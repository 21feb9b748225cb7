"""CNI configurations: a plugin's, or a list of plugins, wherever they stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from multus_py.base import jsontext, spelling
from multus_py.base.fields import Fields
from multus_py.cni import args, conf, errors, versions
from multus_py.findings.finding import Finding, Severity
from multus_py.validate import ipam, plugins, shape

if TYPE_CHECKING:
    from multus_py.validate.document import Document

_VERB_SWITCHES = (("disableCheck", "CHECK"), ("disableGC", "GC"))


def check(document: Document, *, device: bool = False) -> Iterator[Finding]:
    """Yield what is wrong with a configuration, which is what the document is.

    Args:
        document: The configuration; a network without a name is called as whoever holds it says.
        device: Whether a device plugin gives its plugins a device.
    """
    if Fields(document.object, "").raw("type") is None and "plugins" not in document.object:
        yield _neither(document)
        return
    whole = [] if type_of(document) else shape.check(document, "cni-list")
    if any(type_of(part) not in plugins.SCHEMAS for part in parts(document)):
        whole = [finding for finding in whole if finding.id != "unknown-key"]  # whoever made the plugin may read it
    each = [
        finding
        for at, part in enumerate(parts(document))
        for finding in (_check_plugin(part, first=at == 0, device=device) if type_of(part) else ())
    ]
    found = [*(finding for finding in whole if finding not in each), *each]
    yield from found
    try:
        network = conf.parse(jsontext.dumps(document.object).encode())
    except errors.CNIError as error:
        yield from shape.refused(document, error, found)
        return
    yield from _check_name(document, network)
    yield from _check_versions(document, network)


def type_of(document: Document) -> str:
    """Return the type of the plugin that a document configures; empty when it is a list, or neither."""
    found = document.get(("type",))
    return found if isinstance(found, str) else ""


def parts(document: Document) -> list[Document]:
    """Return the configurations of the plugins: of a list each, of a plugin its own."""
    several = document.object.get("plugins")
    if type_of(document) or not isinstance(several, list):
        return [document]
    return [document.part(("plugins", at)) for at, _ in enumerate(several)]


def _neither(document: Document) -> Finding:
    for key in document.object:
        meant = spelling.closest(key, ("type", "plugins"))
        if meant:
            problem = f"the key is not known, and {meant} is missing"
            return document.finding("misspelt-key", (key,), problem, remedy=f"Did you mean {meant}? Write that.")
    problem = "expected type (one plugin) or plugins (a list of them), found neither"
    return document.finding("missing-key", (), problem, remedy="Add one of them.")


def _check_plugin(part: Document, *, first: bool, device: bool) -> Iterator[Finding]:
    type = type_of(part)
    yield from shape.check(part, plugins.SCHEMAS.get(type, plugins.ANY_PLUGIN))
    if type in plugins.SCHEMAS:
        yield from _check_keys(part, type, device=device)
    if first:
        yield from _check_first(part, type)
    ipam_type = part.get(("ipam", "type"))
    if isinstance(ipam_type, str) and type not in plugins.OWN_ADDRESSES:
        addresses = part.part(("ipam",))
        if ipam_type in plugins.IPAM_SCHEMAS:
            yield from shape.check(addresses, plugins.IPAM_SCHEMAS[ipam_type])
        yield from ipam.check(addresses, ipam_type)
    yield from _check_types(part, type, ipam_type if isinstance(ipam_type, str) else "")


def _check_types(part: Document, type: str, ipam_type: str) -> Iterator[Finding]:
    """Point at plugins that nobody knows but that have nearly the name of one."""
    known = ((("type",), type, plugins.SCHEMAS), (("ipam", "type"), ipam_type, plugins.IPAM_SCHEMAS))
    for path, name, table in known:
        meant = spelling.closest(name, table)
        if meant and meant not in {name, *name.split("-")}:  # cnv-bridge and ib-sriov are no slips of the pen
            yield part.finding(
                "unknown-plugin",
                path,
                f'no reference plugin is called "{name}"',
                remedy=f"Did you mean {meant}? A plugin of this name has to be on each node.",
                severity=Severity.NOTE,
            )


def _check_keys(part: Document, type: str, *, device: bool) -> Iterator[Finding]:
    """Check keys that do not go together, and those that need each other."""
    fields = Fields(part.object, "")
    for plugin, one, other in plugins.EXCLUSIVE:
        if plugin == type and fields.raw(one) and fields.raw(other):
            yield part.finding(
                "exclusive-keys",
                (other,),
                f"{type} does not take {one} and {other} together",
                remedy="Remove one of them.",
            )
    alone = [(one, other) for plugin, one, other in plugins.COMPANIONS if plugin == type and not fields.raw(other)]
    alone += [(one, other) for plugin, one, other in plugins.REQUIRED_BY if plugin == type and not fields.has(other)]
    for one, other in alone:
        if fields.raw(one):
            problem = f"is missing, and {type} takes {one} only together with it"
            yield part.finding("missing-key", (other,), problem, remedy=f"Add {other}, or remove {one}.")
    names = plugins.DEVICE_KEYS.get(type, ())
    if names and not device and not any(fields.raw(name) for name in names) and not _declares(part, "deviceID"):
        yield part.finding(
            "device-missing",
            (),
            f"{type} has no device: none of {', '.join(names)} is here, and no resource in the definition",
            remedy="Name the device, or annotate the definition with k8s.v1.cni.cncf.io/resourceName.",
        )


def _declares(part: Document, capability: str) -> bool:
    return part.get(("capabilities",)) is not None and part.get(("capabilities", capability)) is True


def _check_first(part: Document, type: str) -> Iterator[Finding]:
    if type in plugins.IPAM_SCHEMAS:
        yield part.finding(
            "ipam-plugin-first",
            ("type",),
            f"{type} hands out addresses, and makes no interface",
            remedy=f'Write the plugin that makes the interface here, and "ipam": {{"type": "{type}", ...}} beside it.',
        )
    if type in plugins.CHAINED:
        yield part.finding(
            "chained-plugin-first",
            ("type",),
            f"{type} works on the interface that a plugin before it has made, and there is none before it",
            remedy="Put it into a list of plugins, after the one that makes the interface.",
        )
    if type in plugins.NEED_ADDRESSES and not part.get(("ipam", "type")):
        problem = f"is missing, and {type} attaches nothing without addresses"
        yield part.finding("missing-key", ("ipam", "type"), problem, remedy="Add an ipam section with its type.")


def _check_name(document: Document, network: conf.Network) -> Iterator[Finding]:
    """Check the network's name, which becomes a part of file names."""
    if not network.name:
        yield document.finding("missing-key", ("name",), "is missing", remedy="Add name.")
        return
    try:
        args.validate_network_name(network.name)
    except errors.CNIError:
        problem = f'expected letters, digits, and _ . - within the name, found "{network.name}"'
        yield document.finding("invalid-name", ("name",), problem, remedy="Choose a name of these characters.")


def _check_versions(document: Document, network: conf.Network) -> Iterator[Finding]:
    version, path = network.version, ("cniVersion",)
    if not version:
        yield document.finding(
            "version-missing",
            path,
            f"is missing, and {versions.OLDEST} is what that means: no CHECK, no GC, no STATUS",
            remedy="Add cniVersion, 1.0.0 if nothing speaks against it.",
            severity=Severity.WARNING,
        )
    elif version not in versions.SUPPORTED:
        known = ", ".join(versions.SUPPORTED)
        problem = f'expected a version of the CNI specification, found "{version}"'
        yield document.finding("unknown-version", path, problem, remedy=f"Write one of {known}.")
        return
    yield from _check_switches(document, version)
    for part in parts(document):
        yield from _check_plugin_version(document, part, version)


def _check_switches(document: Document, version: str) -> Iterator[Finding]:
    for key, verb in _VERB_SWITCHES:
        if document.get((key,)) in (True, "true") and not versions.at_least(version, versions.MINIMUM[verb]):
            yield document.finding(
                "setting-without-effect",
                (key,),
                f"{verb} exists since CNI {versions.MINIMUM[verb]}, and this network has {version}",
                remedy=f"Remove {key}, or raise cniVersion.",
                severity=Severity.WARNING,
            )


def _check_plugin_version(document: Document, part: Document, version: str) -> Iterator[Finding]:
    type, own = type_of(part), part.get(("cniVersion",))
    if part is not document and isinstance(own, str) and own and own != version:
        yield part.finding(
            "plugin-version-ignored",
            ("cniVersion",),
            f"expected the version of the list, {version or 'none'}, found {own}: the list's holds for all its plugins",
            remedy="Remove it from the plugin, or write it where the list begins.",
            severity=Severity.WARNING,
        )
    needed = plugins.MINIMUM.get(type, versions.OLDEST)
    addresses = part.get(("ipam", "type"))
    if isinstance(addresses, str) and _several_of_a_family(part, addresses):
        needed = max(needed, "0.3.0", key=versions.parse)
    if not versions.at_least(version, needed):
        yield document.finding(
            "version-too-old",
            ("cniVersion",),
            f"{type} here needs CNI {needed} or newer, found {version or versions.OLDEST}",
            remedy=f"Write {needed} or newer.",
        )


def _several_of_a_family(part: Document, ipam_type: str) -> bool:
    """Tell whether a pod gets two addresses of one family, which results could not say before CNI 0.3.0."""
    families = [each[0].subnet.version for each in ipam.ranges(part.get(("ipam",)), ipam_type) if each]
    return len(set(families)) < len(families)


def with_name(document: Document, name: str) -> Document:
    """Return a configuration with a name of its holder's, if it has none itself."""
    if document.object.get("name") or not isinstance(document.value, dict):
        return document
    return dataclasses.replace(document, value={**document.value, "name": name})
