"""Where networks are found: NADs, names, directories, files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from multus_py.attach import settings
from multus_py.attach.networks import Finder, Found, NoNetworkError
from multus_py.cluster import errors as cluster_errors
from multus_py.cni import errors
from multus_py.cni.errors import CNIError
from tests.unit.attach.world import World

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

SINGLE: JSONObject = {"cniVersion": "1.0.0", "name": "net-a", "type": "macvlan"}
CHAIN: JSONObject = {"cniVersion": "1.0.0", "name": "net-a", "plugins": [{"type": "macvlan"}, {"type": "tuning"}]}


def finder(world: World) -> Finder:
    given = settings.parse(world.request("ADD").config)
    return Finder(given, world.cluster)


def types(found: Found) -> list[str]:
    return [plugin.type for plugin in found.network.plugins]


def refusal(world: World, name: str = "net-a") -> CNIError:
    with pytest.raises(CNIError) as caught:
        finder(world).attachment_definition("demo", name)
    return caught.value


CONFIGS = {
    "one plugin": (SINGLE, "net-a", ["macvlan"]),
    "a list": (CHAIN, "net-a", ["macvlan", "tuning"]),
    "one plugin, although there is a list too": (SINGLE | {"plugins": []}, "net-a", ["macvlan"]),
    "a name of its own": (SINGLE | {"name": "other"}, "other", ["macvlan"]),
    "no name": ({"type": "macvlan"}, "net-a", ["macvlan"]),
    "an empty name": (CHAIN | {"name": ""}, "net-a", ["macvlan", "tuning"]),
    "a null name": (CHAIN | {"name": None}, "net-a", ["macvlan", "tuning"]),
}


@pytest.mark.parametrize(("config", "name", "plugins"), CONFIGS.values(), ids=list(CONFIGS))
def test_a_nad_is_a_network_that_status_calls_by_the_nads_name(
    world: World, config: JSONObject, name: str, plugins: list[str]
) -> None:
    world.put_nad("net-a", config, resource="vendor/nic")
    found = finder(world).attachment_definition("demo", "net-a")
    assert (found.name, found.resource) == ("demo/net-a", "vendor/nic")
    assert (found.network.name, types(found)) == (name, plugins)


def test_what_a_nad_says_reaches_its_plugins_unchanged(world: World) -> None:
    text = '{"type": "macvlan", "name": "net-a", "big": 12345678901234567890, "x": {"y": [1, "<&>"]}}'
    world.put_nad("net-a", text)
    found = finder(world).attachment_definition("demo", "net-a")
    assert found.network.raw == text.encode()
    assert found.network.plugins[0].raw["x"] == {"y": [1, "<&>"]}


def test_a_nad_without_a_config_is_a_file_in_conf_dir(world: World) -> None:
    world.put_nad("net-a", "")
    world.write("10-other.conf", SINGLE | {"name": "other"})
    world.write("20-net-a.conflist", {**CHAIN})
    world.write("net-a/30-more.conf", {"type": "more"})
    found = finder(world).attachment_definition("demo", "net-a")
    assert (found.name, types(found)) == ("demo/net-a", ["macvlan", "tuning", "more"])


BAD_CONFIGS: dict[str, tuple[JSONValue, str]] = {
    "no JSON": ("{", "network-attachment-definition demo/net-a: spec.config: "),
    "no object": (
        "[]",
        "network-attachment-definition demo/net-a: spec.config: expected a JSON object, found an array",
    ),
    "null": ("null", "network-attachment-definition demo/net-a: delegate must have the 'type' or 'plugin' field"),
    "no plugins": (
        {"plugins": []},
        "network-attachment-definition demo/net-a: error parsing configuration list: no pl",
    ),
    "a null plugin": ({"plugins": [None]}, "network-attachment-definition demo/net-a: failed to parse plugin config 0"),
    "a type of a wrong kind": ({"type": 5}, "network-attachment-definition demo/net-a: error parsing configuration: "),
    "a name of a wrong kind": ({"type": "x", "name": 5}, "network-attachment-definition demo/net-a: error parsing con"),
    "no such file": ("", "network-attachment-definition demo/net-a: no net configurations found in "),
}


@pytest.mark.parametrize(("config", "message"), BAD_CONFIGS.values(), ids=list(BAD_CONFIGS))
def test_a_bad_nad_is_an_error_that_names_it(world: World, config: JSONValue, message: str) -> None:
    """B21: some of these crash the original."""
    world.put_nad("net-a", config)
    error = refusal(world)
    assert error.msg.startswith(message)
    assert not isinstance(error, NoNetworkError)


def test_a_missing_nad_is_told_in_the_originals_words(world: World) -> None:
    error = refusal(world)
    assert isinstance(error, NoNetworkError)
    assert error.msg == (
        "cannot find a network-attachment-definition (net-a) in namespace (demo): "
        'network-attachment-definition "net-a" in namespace "demo" not found'
    )
    assert error.code == errors.INVALID_CONFIG


def test_a_context_goes_before_the_message_and_not_into_the_announcement(world: World) -> None:
    error = refusal(world).prefixed("pod: ").prefixed("call: ")
    assert isinstance(error, NoNetworkError)
    assert error.msg == f"call: pod: {error.announcement}"


def test_without_a_cluster_there_is_no_nad(world: World) -> None:
    world.cluster = None
    error = refusal(world)
    assert isinstance(error, NoNetworkError)
    assert error.msg.endswith("(demo): no way to the Kubernetes API is configured (kubeconfig)")


FAILURES = {
    "not allowed": (cluster_errors.ForbiddenError("may not get"), errors.INVALID_CONFIG, True),
    "not now": (cluster_errors.UnavailableError("refused"), errors.TRY_AGAIN_LATER, False),
}


@pytest.mark.parametrize(("failure", "code", "announced"), FAILURES.values(), ids=list(FAILURES))
def test_a_nad_that_cannot_be_read_is_no_missing_one(
    world: World, failure: cluster_errors.ClusterError, code: int, *, announced: bool
) -> None:
    assert world.cluster
    world.cluster.fail("get_nads", failure)
    error = refusal(world)
    assert (error.code, isinstance(error, NoNetworkError)) == (code, announced)
    assert str(failure) in error.msg


# References: clusterNetwork and defaultNetworks.


def test_a_reference_by_name_is_a_nad_of_the_multus_namespace_first(world: World) -> None:
    world.keys["multusNamespace"] = "multus"
    world.put_nad("net-a", CHAIN, namespace="multus")
    world.write("net-a.conf", SINGLE)
    found = finder(world).reference("net-a")
    assert (found.name, types(found)) == ("multus/net-a", ["macvlan", "tuning"])


@pytest.mark.parametrize("kubernetes", [True, False], ids=["not a NAD", "no Kubernetes"])
def test_a_reference_by_name_may_be_a_file(world: World, *, kubernetes: bool) -> None:
    if not kubernetes:
        world.cluster = None
    world.write("net-a.conf", SINGLE)
    found = finder(world).reference("net-a")
    assert (found.name, types(found)) == ("net-a", ["macvlan"])


def test_a_reference_that_is_nowhere_says_where_it_was_looked_for(world: World) -> None:
    with pytest.raises(CNIError) as caught:
        finder(world).reference("net-a")
    assert caught.value.msg == (
        'cannot find the network "net-a": as a NAD in kube-system: network-attachment-definition "net-a" in namespace '
        f'"kube-system" not found; as a file: no net configurations found in {world.conf_dir}'
    )


def test_a_bad_nad_is_an_error_even_when_there_is_a_file(world: World) -> None:
    world.put_nad("net-a", "{", namespace="kube-system")
    world.write("net-a.conf", SINGLE)
    with pytest.raises(CNIError, match="network-attachment-definition kube-system/net-a: "):
        finder(world).reference("net-a")


def test_a_reference_with_a_slash_may_be_a_file_with_its_sub_directory(world: World) -> None:
    path = world.write("x.conflist", CHAIN)
    world.write("net-a/9.conf", {"type": "last"})
    found = finder(world).reference(path)
    assert (found.name, types(found)) == ("net-a", ["macvlan", "tuning", "last"])


def test_a_reference_with_a_slash_may_be_a_directory_of_which_the_first_file_counts(world: World) -> None:
    world.write("30.conf", {"name": "third", "type": "x"})
    world.write("20.conf", {"name": "second", "type": "x"})
    world.write("10.txt", "not looked at")
    assert finder(world).reference(str(world.conf_dir)).name == "second"


MISSING = {
    "an empty directory": ("/empty", "no net configurations found in {root}/empty"),
    "no such file": ("/none.conf", "error reading {root}/none.conf: open {root}/none.conf: no such file or directory"),
}


@pytest.mark.parametrize(("path", "message"), MISSING.values(), ids=list(MISSING))
def test_a_reference_with_a_slash_to_nothing_is_an_error(world: World, path: str, message: str) -> None:
    (world.root / "empty").mkdir()
    with pytest.raises(CNIError) as caught:
        finder(world).reference(f"{world.root}{path}")
    assert caught.value.msg == message.format(root=world.root)


# The auxiliary chain.


def chain(world: World, name: str = "aux") -> Found | None:
    world.keys |= {"clusterNetwork": str(world.conf_dir / "net.conflist"), "auxiliaryCNIChainName": name}
    return finder(world).auxiliary_chain()


def test_the_auxiliary_chain_is_passthru_and_the_files_of_its_directory(world: World) -> None:
    world.write("aux/2.conf", {"type": "second"})
    world.write("aux/1.conf", {"type": "first", "capabilities": {"mac": True}})
    world.write("aux/3.json", {"type": "not looked at"})
    found = chain(world)
    assert found
    assert (found.name, found.network.version, types(found)) == ("aux", "1.0.0", ["passthru", "first", "second"])
    assert found.network.plugins[0].name == "passthru-cni"
    assert json.loads(found.network.raw)["plugins"][1] == {"type": "first", "capabilities": {"mac": True}}


@pytest.mark.parametrize("made", [True, False], ids=["empty", "missing"])
def test_an_auxiliary_chain_without_plugins_is_none(world: World, *, made: bool) -> None:
    if made:
        (world.conf_dir / "aux").mkdir()
    assert chain(world) is None


def test_there_is_no_auxiliary_chain_unless_configured(world: World) -> None:
    assert finder(world).auxiliary_chain() is None


def test_an_auxiliary_chain_needs_a_cluster_network_that_is_a_file(world: World) -> None:
    world.keys["auxiliaryCNIChainName"] = "aux"
    with pytest.raises(CNIError, match='auxiliaryCNIChainName "aux" needs a clusterNetwork that is a file, not ""'):
        finder(world).auxiliary_chain()


@pytest.mark.parametrize("name", ["..", "a/b", "-a"])
def test_the_name_of_an_auxiliary_chain_cannot_lead_elsewhere(world: World, name: str) -> None:
    with pytest.raises(CNIError, match="invalid characters found in network name"):
        chain(world, name)


def test_a_broken_auxiliary_chain_is_an_error(world: World) -> None:
    path = world.write("aux/1.conf", "{")
    with pytest.raises(CNIError, match=path):
        chain(world)
