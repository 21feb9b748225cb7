"""F7: what Multus' configuration is for the primary networks of the real world, and what each option does to it."""

from __future__ import annotations

import json
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multus_py.attach import settings
from multus_py.hostconfig import multusconf, primary
from multus_py.hostconfig.errors import HostConfigError
from multus_py.hostconfig.options import Options
from tests.unit.hostconfig.node import BRIDGE, Node, chain, multus

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

GOLDEN = Path(__file__).parents[2] / "golden/hostconfig"
NETWORKS = sorted(path.name for path in GOLDEN.iterdir())


def generate(directory: Path, **options: object) -> multusconf.Generated:
    chosen = Options(autoconfig_dir=directory, **options)  # type: ignore[arg-type]  # the test's own words
    search = primary.find(chosen)
    assert search.primary, search.problem
    return multusconf.generate(search.primary, chosen)


def plugin_of(generated: multusconf.Generated) -> JSONObject:
    """Return the part of a configuration that the plugin is given."""
    document: JSONObject = json.loads(generated.data)
    plugins = document.get("plugins")
    return {**document, **plugins[0]} if isinstance(plugins, list) and isinstance(plugins[0], dict) else document


@pytest.mark.parametrize("network", NETWORKS)
def test_the_configuration_for_a_network_of_the_real_world(network: str) -> None:
    [expected] = (GOLDEN / network / "expected").iterdir()
    generated = generate(GOLDEN / network)
    assert (generated.name, generated.data.decode()) == (expected.name, expected.read_text())
    assert generated.warnings == ()


@pytest.mark.parametrize("network", NETWORKS)
def test_the_plugin_understands_it_and_has_the_primary_as_it_was(network: str) -> None:
    [path] = [path for path in (GOLDEN / network).iterdir() if path.is_file()]
    plugin = plugin_of(generate(GOLDEN / network))
    found = settings.parse(json.dumps(plugin).encode())
    original = json.loads(path.read_bytes())
    assert json.loads(found.delegates[0].raw) == original
    assert (found.version, found.name) == (original["cniVersion"], "multus-cni-network")
    assert found.warnings == ()


OPTIONS: dict[str, tuple[dict[str, object], str, JSONValue]] = {
    "confDir, as the host has it (B27)": (
        {"multus_cni_conf_dir": PurePath("/host/etc/cni/multus/net.d")},
        "confDir",
        "/etc/cni/multus/net.d",
    ),
    "kubeconfig": ({"kubeconfig_host": "/k"}, "kubeconfig", "/k"),
    "no kubeconfig": ({"kubeconfig_host": ""}, "kubeconfig", None),
    "a kubeconfig of somebody else's": ({"kubeconfig_host": "/k", "skip_kubeconfig": True}, "kubeconfig", "/k"),
    "binDir": ({"additional_bin_dir": "/b"}, "binDir", "/b"),
    "readiness file": ({"readiness_indicator_file": "/r"}, "readinessindicatorfile", "/r"),
    "isolation": ({"namespace_isolation": True}, "namespaceIsolation", True),
    "no isolation": ({"namespace_isolation": False}, "namespaceIsolation", None),
    "global namespaces": ({"global_namespaces": "a,b"}, "globalNamespaces", "a,b"),
    "log level": ({"log_level": "debug"}, "logLevel", "debug"),
    "log file": ({"log_file": "/l"}, "logFile", "/l"),
    "no stderr": ({"log_to_stderr": False}, "logToStderr", False),
    "stderr": ({"log_to_stderr": True}, "logToStderr", None),
    "the primary's name": ({"override_network_name": True}, "name", "cluster"),
    "further keys": ({"settings": {"logOptions": {"maxAge": 1}}}, "logOptions", {"maxAge": 1}),
    "a cluster network": ({"settings": {"clusterNetwork": "n"}}, "delegates", None),
}


@pytest.mark.parametrize(("options", "key", "expected"), OPTIONS.values(), ids=list(OPTIONS))
def test_an_option_becomes_a_key(node: Node, options: dict[str, object], key: str, expected: JSONValue) -> None:
    node.put("10-a.conf", BRIDGE)
    assert plugin_of(generate(node.directory, **options)).get(key) == expected


@pytest.mark.parametrize("key", ["auxiliaryCNIChainName", "defaultNetworks"])
def test_what_needs_a_cluster_network_by_reference_gets_the_primarys_path(node: Node, key: str) -> None:
    node.put("10-a.conf", BRIDGE)
    value: JSONValue = "chain" if key == "auxiliaryCNIChainName" else ["net"]
    plugin = plugin_of(generate(node.directory, settings={key: value}))
    assert (plugin["clusterNetwork"], plugin[key], plugin.get("delegates")) == (
        str(node.path("10-a.conf")),
        value,
        None,
    )
    with pytest.raises(HostConfigError, match="drop --rename-conf-file"):
        generate(node.directory, settings={key: value}, rename_conf_file=True)


def able(**capabilities: bool) -> JSONObject:
    return {"type": "a", "capabilities": dict(capabilities)}


CAPABILITIES: dict[str, tuple[JSONObject, JSONObject]] = {
    "of all plugins": (chain(plugins=[able(ips=True), able(mac=True)]), {}),
    "one that a later plugin does not want": (chain(plugins=[able(ips=True, mac=True), able(ips=False)]), {}),
    "of the options, too": (BRIDGE | able(ips=True), {"mac": True, "bandwidth": False}),
}


@pytest.mark.parametrize(("content", "more"), CAPABILITIES.values(), ids=list(CAPABILITIES))
def test_the_capabilities_are_the_union_of_the_enabled_ones(node: Node, content: JSONObject, more: JSONObject) -> None:
    node.put("10-a.json", content)
    plugin = plugin_of(generate(node.directory, settings={"capabilities": more}))
    assert plugin["capabilities"] == {"ips": True, "mac": True}


VERSIONS = {
    "0.3.1": "00-multus.conf",
    "0.4.0": "00-multus.conf",
    "1.0.0": "00-multus.conflist",
    "1.1.0": "00-multus.conflist",
}


@pytest.mark.parametrize(("version", "name"), VERSIONS.items())
def test_the_form_and_the_version_follow_the_primary(node: Node, version: str, name: str) -> None:
    node.put("10-a.conf", BRIDGE | {"cniVersion": version})
    generated = generate(node.directory)
    assert (generated.name, plugin_of(generated)["cniVersion"]) == (name, version)
    assert {generated.name, generated.other} == {"00-multus.conf", "00-multus.conflist"}


def test_of_several_versions_it_is_the_newest_that_is_known(node: Node) -> None:
    node.put("10-a.conflist", chain("a", version="0.4.0", cniVersions=["1.0.0", "0.3.1", "2.0.0"]))
    assert json.loads(generate(node.directory).data)["cniVersion"] == "1.0.0"


def test_a_primary_without_a_version_stays_without_one(node: Node) -> None:
    node.put("10-a.conf", {"name": "n", "type": "bridge"})
    generated = generate(node.directory)
    assert "cniVersion" not in json.loads(generated.data)
    assert generated.name == "00-multus.conf"


def test_a_version_from_the_future_is_an_error_that_says_what_can_be_done(node: Node) -> None:
    node.put("10-a.conf", BRIDGE | {"cniVersion": "1.2.0"})
    with pytest.raises(HostConfigError, match=r"cniVersion 1\.2\.0 is newer than 1\.1\.0.*--force-cni-version"):
        generate(node.directory)
    assert plugin_of(generate(node.directory, cni_version="1.1.0", force_cni_version=True))["cniVersion"] == "1.1.0"


def test_another_version_than_expected_is_a_warning(node: Node) -> None:
    """B37: for the original a changed version of the primary is the end."""
    node.put("10-a.conf", BRIDGE)
    generated = generate(node.directory, cni_version="0.3.1")
    assert plugin_of(generated)["cniVersion"] == "0.4.0"
    [warning] = generated.warnings
    assert warning.startswith(f"cniVersion 0.3.1 is asked for, but that of {node.path('10-a.conf')} is 0.4.0")
    assert generate(node.directory, cni_version="0.4.0").warnings == ()


def test_a_forced_version_holds_for_multus_and_its_delegate_and_leaves_the_file_alone(node: Node) -> None:
    path = node.put("10-a.conflist", chain("a", cniVersions=["1.1.0"]))
    plugin = plugin_of(generate(node.directory, cni_version="0.3.1", force_cni_version=True))
    assert (plugin["cniVersion"], plugin["delegates"]) == ("0.3.1", [chain("a", version="0.3.1")])
    assert json.loads(path.read_bytes()) == chain("a", cniVersions=["1.1.0"])


def test_settings_that_give_no_valid_configuration_are_an_error(node: Node) -> None:
    node.put("10-a.conf", BRIDGE)
    with pytest.raises(
        HostConfigError, match=r"give no Multus configuration: apiTimeout: expected at least 0, found -1"
    ):
        generate(node.directory, settings={"apiTimeout": -1})


FOREIGN: dict[str, tuple[JSONObject, tuple[str, ...]]] = {
    "a good one": (multus(), ()),
    "a good list": (chain("x", plugins=[multus()]), ()),
    "a bad key": (multus(logFile=5), ("logFile: expected a string, found 5",)),
    "a bad key in a list": (
        chain("x", plugins=[multus(logFile=5)]),
        ("plugins[0].logFile: expected a string, found 5",),
    ),
    "no Multus": (BRIDGE, ("its type is not multus, nor that of one of its plugins",)),
}


@pytest.mark.parametrize(("document", "problems"), FOREIGN.values(), ids=list(FOREIGN))
def test_a_configuration_of_somebody_else_is_checked(document: JSONObject, problems: tuple[str, ...]) -> None:
    assert multusconf.problems(document) == problems


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text().map("x-{}".format), values, max_size=4))  # keys that mean nothing to anybody
def test_nothing_of_the_primary_is_lost(more: JSONObject) -> None:
    network = primary.describe(Path("10-a.conf"), {**more, **BRIDGE})
    generated = multusconf.generate(network, Options())
    assert json.loads(generated.data)["delegates"] == [{**more, **BRIDGE}]
