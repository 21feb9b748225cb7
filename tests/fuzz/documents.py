"""Documents, one reader each: what users, administrators and the CNI world write.

The rule: an answer, or an error of the kind that the reader declares.
"""

from __future__ import annotations

import json

from multus_py.attach import settings, work
from multus_py.base import jsontext
from multus_py.cluster import url
from multus_py.cni import conf, errors, result, versions
from multus_py.hostconfig import options, primary
from multus_py.hostconfig.errors import HostConfigError
from multus_py.inventory import manifests
from multus_py.inventory.node import InventoryError
from multus_py.multinet import selection
from multus_py.validate import checking
from tests.fuzz import scratch


def multus_conf(data: bytes) -> None:
    """00-multus.conf. Parsed only: it names directories to write to."""
    try:
        settings.parse(data)
    except errors.CNIError:
        pass


def daemon_config(data: bytes) -> None:
    """The options of the installer and the daemon, JSON or YAML."""
    with scratch.file(data) as path:
        try:
            options.from_file(path)
        except HostConfigError:
            pass


def cni_args(data: bytes) -> None:
    """CNI_ARGS. A DEL takes whatever comes."""
    text = scratch.text(data)
    work.parse_pod_args(text, lenient=True)
    try:
        work.parse_pod_args(text)
    except errors.CNIError:
        pass


def plugin_result(data: bytes) -> None:
    """A result, in each version that it can be said in."""
    try:
        read = result.decode(jsontext.loads_object(data), default_version="1.0.0")
    except (errors.CNIError, jsontext.JSONError):
        return
    for version in versions.SUPPORTED:
        try:
            written = result.encode(read, version)
        except errors.CNIError:
            continue
        again = result.encode(result.decode(written, default_version=version), version)
        assert again == written, f"{version}: {written} becomes {again}"


def network_list(data: bytes) -> None:
    """A CNI configuration."""
    try:
        network = conf.parse(data)
    except errors.CNIError:
        return
    assert conf.parse(network.effective_raw()).plugins == network.plugins


def selections(data: bytes) -> None:
    """The annotation alone: what is accepted is within bounds."""
    try:
        chosen = selection.parse(scratch.text(data), namespace="demo")
    except selection.SelectionError:
        return
    for one in chosen:
        assert one.name
        assert "/" not in one.name + one.namespace + one.interface
        assert len(one.interface.encode()) <= 15


def json_text(data: bytes) -> None:
    """JSON: what we accept, the standard library accepts, and means the same by it."""
    try:
        ours = jsontext.loads(data)
    except jsontext.JSONError:
        return
    assert jsontext.loads(jsontext.dumps(ours)) == ours
    assert json.loads(jsontext.dumps(ours)) == ours


def server_url(data: bytes) -> None:
    """A server's address."""
    try:
        parsed = url.parse(scratch.text(data))
    except ValueError:
        return
    assert 0 < parsed.port < 1 << 16


def primary_network(data: bytes) -> None:
    """What another program writes into the directory of CNI configurations, and may not have finished."""
    with scratch.folder() as directory:
        (directory / "10-net.conflist").write_bytes(data)
        try:
            found = primary.find(options.Options(cni_conf_dir=directory, autoconfig_dir=directory))
        except HostConfigError:
            return
        assert found.primary or found.problem


def manifest(data: bytes) -> None:
    """A file for `multus plan`: YAML or JSON."""
    try:
        found = manifests.documents(scratch.text(data), name="file")
        manifests.pods(found, namespace="demo")
        manifests.nads(found, namespace="demo")
    except InventoryError:
        pass


def validated(data: bytes) -> None:
    """A file for `multus validate`, as each of the kinds that it takes: whatever it is, it is a finding at most."""
    last = len(scratch.text(data).splitlines()) + 1
    for name in ("file.yaml", "file.conflist", "00-multus.conf", "daemon-config.json"):
        assert all(finding.line <= last for finding in checking.validate([(name, data)]))
