"""The Multus configuration: every key of multus-behaviour 1.1, its default, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multus_py.attach import settings
from multus_py.attach.settings import Settings
from multus_py.base import log
from multus_py.cni import errors
from multus_py.cni.errors import CNIError

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue

DELEGATE: JSONObject = {"cniVersion": "1.0.0", "name": "cluster", "type": "bridge"}
LEAST: JSONObject = {"cniVersion": "1.0.0", "name": "multus", "type": "multus", "delegates": [DELEGATE]}


def parse(**keys: JSONValue) -> Settings:
    return settings.parse(json.dumps(LEAST | keys).encode())


def refusal(raw: bytes) -> CNIError:
    with pytest.raises(CNIError) as caught:
        settings.parse(raw)
    return caught.value


def test_whatever_is_not_said_has_the_originals_default() -> None:
    found = parse()
    [delegate] = found.delegates
    assert (delegate.name, delegate.version, delegate.single) == ("cluster", "1.0.0", True)
    assert found == Settings(version="1.0.0", name="multus", delegates=(delegate,))
    assert (found.conf_dir, found.cni_dir) == ("/etc/cni/multus/net.d", "/var/lib/cni/multus")
    assert (found.bin_dir, found.multus_namespace) == ("/opt/cni/bin", "kube-system")
    assert (found.system_namespaces, found.global_namespaces) == (("kube-system",), ("default",))
    assert (found.api_timeout, found.delegate_timeout, found.parallel) == (10.0, 0.0, False)
    assert found.log == log.Options(
        level=log.PANIC, path="", stderr=True, max_age=5, max_size=100, max_backups=5, compress=True
    )


KEYS: dict[str, tuple[JSONValue, str, object]] = {
    "confDir": ("/conf", "conf_dir", "/conf"),
    "cniDir": ("/cni", "cni_dir", "/cni"),
    "binDir": ("/bin", "bin_dir", "/bin"),
    "clusterNetwork": ("net", "cluster_network", "net"),
    "defaultNetworks": (["a", "b"], "default_networks", ("a", "b")),
    "kubeconfig": ("/kubeconfig", "kubeconfig", "/kubeconfig"),
    "logFile": ("/log", "log", log.Options(path="/log")),
    "logLevel": ("DeBug", "log", log.Options(level=log.DEBUG)),
    "logToStderr": (False, "log", log.Options(stderr=False)),
    "readinessindicatorfile": ("/ready", "readiness_file", "/ready"),
    "namespaceIsolation": (True, "namespace_isolation", True),
    "globalNamespaces": (" a ,, b,", "global_namespaces", ("a", "b")),
    "systemNamespaces": (["x"], "system_namespaces", ("x",)),
    "multusNamespace": ("m", "multus_namespace", "m"),
    "auxiliaryCNIChainName": ("chain", "auxiliary_chain", "chain"),
    "runtimeConfig": ({"mac": "x"}, "runtime_config", {"mac": "x"}),
    "apiTimeout": (2.5, "api_timeout", 2.5),
    "daemonSocketDir": ("/daemon", "daemon_dir", "/daemon"),
    "daemonTimeout": (0.5, "daemon_timeout", 0.5),
    "delegateTimeout": (60, "delegate_timeout", 60),
    "parallelAttachments": (True, "parallel", True),
    "missingDevice": ("ignore", "ignore_missing_device", True),
    "legacyNetworkStatus": (True, "legacy_status", True),
}


@pytest.mark.parametrize("spell", [str, str.lower, str.upper], ids=["as written", "lower case", "upper case"])
@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_read_whatever_its_case(key: str, spell: type[str]) -> None:
    given, field, expected = KEYS[key]
    assert getattr(parse(**{spell(key): given}), field) == expected


@pytest.mark.parametrize("key", KEYS)
def test_null_leaves_the_default(key: str) -> None:
    assert parse(**{key: None}) == parse()


@pytest.mark.parametrize("key", ["confDir", "cniDir", "binDir", "multusNamespace", "globalNamespaces", "missingDevice"])
def test_an_empty_text_leaves_the_default(key: str) -> None:
    assert parse(**{key: ""}) == parse()


def test_an_empty_list_of_system_namespaces_exempts_nobody() -> None:
    assert parse(systemNamespaces=[]).system_namespaces == ()


def test_an_empty_text_switches_the_daemon_off() -> None:
    assert (parse().daemon_dir, parse(daemonSocketDir="").daemon_dir) == ("/run/multus", "")


def test_a_timeout_of_zero_means_the_default() -> None:
    found = parse(apiTimeout=0, daemonTimeout=0)
    assert (found.api_timeout, found.daemon_timeout) == (10.0, 2.0)


def test_what_is_referred_to_may_be_a_definition_unless_it_is_a_path() -> None:
    found = parse(clusterNetwork="net", defaultNetworks=["a", "/etc/b.conf"], multusNamespace="m")
    assert found.referenced_nads == (("m", "net"), ("m", "a"))
    assert parse(clusterNetwork="/etc/net.conf").referenced_nads == ()
    assert parse(defaultNetworks=["a"]).referenced_nads == ()


def test_log_options_are_read_for_a_log_that_is_made_with_them() -> None:
    """B15: the original applies logOptions before it has a log, so that they never count."""
    found = parse(logOptions={"maxAge": 1, "maxSize": 2, "MaxBackups": 3, "compress": False})
    assert found.log == log.Options(max_age=1, max_size=2, max_backups=3, compress=False)


def test_an_unknown_log_level_is_a_warning_and_changes_nothing() -> None:
    found = parse(logLevel="loud")
    assert found.log == log.Options()
    assert found.warnings == ("unknown logLevel 'loud': known are panic, error, verbose, debug",)


def test_keys_that_mean_nothing_here_are_passed_over() -> None:
    assert parse(cniConf="x", overrideNetworkName=True, chrootDir=1) == parse()


def test_retry_delete_on_error_is_accepted_and_changes_nothing() -> None:
    assert parse(retryDeleteOnError=True) == parse()


def test_with_a_cluster_network_the_delegates_are_not_even_looked_at() -> None:
    found = parse(clusterNetwork="net", delegates=[{"type": 5}])
    assert (found.cluster_network, found.delegates) == ("net", ())


def test_delegates_may_be_lists_of_plugins() -> None:
    chain: JSONObject = {"name": "chain", "plugins": [{"type": "bridge"}, {"type": "tuning"}]}
    first, second = parse(delegates=[DELEGATE, chain]).delegates
    assert (first.single, second.single, len(second.plugins)) == (True, False, 2)


VALID = {
    "the spec's key": ("cni.dev/valid-attachments", [{"containerID": "c", "ifname": "i"}], (("c", "i"),)),
    "libcni's first key": ("cni.dev/attachments", [{"containerID": "c", "ifname": "i"}], (("c", "i"),)),
    "an empty list": ("cni.dev/valid-attachments", [], ()),
    "null, which libcni writes for an empty list": ("cni.dev/valid-attachments", None, ()),
}


@pytest.mark.parametrize(("key", "given", "expected"), VALID.values(), ids=list(VALID))
def test_the_list_of_valid_attachments_is_read(key: str, given: JSONValue, expected: object) -> None:
    assert parse(**{key: given}).valid_attachments == expected


def test_no_list_of_valid_attachments_is_not_an_empty_one() -> None:
    assert parse().valid_attachments is None


NOT_A_STRING = "expected a string, found 5"
WRONG: dict[str, tuple[JSONObject, str]] = {
    **{key: ({key: 5}, f"{key}: {NOT_A_STRING}") for key, (given, _, _) in KEYS.items() if isinstance(given, str)},
    "name": ({"name": 5}, f"name: {NOT_A_STRING}"),
    "cniVersion": ({"cniVersion": 5}, f"cniVersion: {NOT_A_STRING}"),
    "capabilities": ({"capabilities": {"mac": "yes"}}, 'capabilities.mac: expected true or false, found "yes"'),
    "capabilities, no object": ({"capabilities": []}, "capabilities: expected an object, found an array"),
    "runtimeConfig": ({"runtimeConfig": []}, "runtimeConfig: expected an object, found an array"),
    "defaultNetworks": ({"defaultNetworks": "a"}, 'defaultNetworks: expected an array, found "a"'),
    "defaultNetworks, an item": ({"defaultNetworks": ["a", 1]}, "defaultNetworks[1]: expected a string, found 1"),
    "systemNamespaces": ({"systemNamespaces": "x"}, 'systemNamespaces: expected an array, found "x"'),
    "namespaceIsolation": ({"namespaceIsolation": "true"}, 'namespaceIsolation: expected true or false, found "true"'),
    "logOptions": ({"logOptions": 1}, "logOptions: expected an object, found 1"),
    "maxSize": ({"logOptions": {"maxSize": 1.5}}, "logOptions.maxSize: expected an integer, found 1.5"),
    "retryDeleteOnError": ({"retryDeleteOnError": 1}, "retryDeleteOnError: expected true or false, found 1"),
    "a negative time-out": ({"apiTimeout": -1}, "apiTimeout: expected a number of seconds, 0 to 86400, found -1"),
    "an endless time-out": (
        {"delegateTimeout": 1e300},
        "delegateTimeout: expected a number of seconds, 0 to 86400, found 1e+300",
    ),
    "a time-out in words": ({"delegateTimeout": "5s"}, 'delegateTimeout: expected a number, found "5s"'),
    "a GC list": (
        {"cni.dev/valid-attachments": [None]},
        "cni.dev/valid-attachments[0]: expected an object, found null",
    ),
    "no delegate": ({"delegates": []}, "delegates: expected at least one network here, or a clusterNetwork, found an"),
    "delegates, no list": ({"delegates": {}}, "delegates: expected an array, found an object"),
    "a delegate that is null": ({"delegates": [None]}, "delegates[0]: expected an object, found null"),
    "a delegate without a type": ({"delegates": [DELEGATE, {"name": "x"}]}, "delegates[1]: delegate must have the"),
}


@pytest.mark.parametrize(("keys", "message"), WRONG.values(), ids=list(WRONG))
def test_a_wrong_value_is_one_error_that_names_the_key(keys: JSONObject, message: str) -> None:
    error = refusal(json.dumps(LEAST | keys).encode())
    assert error.msg.startswith(f"Multus configuration: {message}")
    assert error.code == errors.INVALID_CONFIG


@pytest.mark.parametrize("plugins", [[], [None], None], ids=["empty", "null in it", "null"])
def test_a_delegate_without_plugins_is_an_error_and_no_crash(plugins: JSONValue) -> None:
    """B21: `"plugins": []` and `[null]` crash the original."""
    error = refusal(json.dumps(LEAST | {"delegates": [{"name": "x", "plugins": plugins}]}).encode())
    assert error.msg.startswith("Multus configuration: delegates[0]: ")


def test_neither_delegates_nor_a_cluster_network_is_an_error() -> None:
    error = refusal(b'{"cniVersion": "1.0.0", "name": "multus"}')
    assert error.msg == (
        "Multus configuration: delegates: expected at least one network here, or a clusterNetwork, found null"
    )


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"\xff", b"{} {}", b"\xef\xbb\xbf{}"])
def test_what_is_no_json_object_is_a_decoding_failure(raw: bytes) -> None:
    assert refusal(raw).code == errors.DECODING_FAILURE


@pytest.mark.parametrize("depth", [190, 600, 100_000])
def test_deep_nesting_is_read_or_refused(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    raw = f'{{"name": "m", "delegates": [{{"type": "a", "name": "b", "x": {deep}}}]}}'.encode()
    if depth < 200:
        assert settings.parse(raw).delegates[0].plugins[0].raw["x"]
    else:
        assert refusal(raw).msg == "Multus configuration: nested too deeply"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
known_keys = st.sampled_from(
    [*KEYS, "cniVersion", "name", "delegates", "capabilities", "logOptions", *settings.VALID_ATTACHMENTS]
)
delegates = st.lists(
    st.dictionaries(
        st.sampled_from(["type", "name", "plugins", "cniVersion", "cniVersions", "capabilities", "dns", "ipam"]),
        json_values,
    ),
    max_size=2,
)


@given(st.dictionaries(known_keys, json_values), delegates)
def test_any_json_is_parsed_or_refused_with_a_cni_error(keys: JSONObject, some: list[JSONValue]) -> None:
    for document in (keys, LEAST | keys, keys | {"delegates": some}):
        try:
            found = settings.parse(json.dumps(document).encode())
        except CNIError:
            continue
        assert found.delegates or found.cluster_network


@given(st.binary(max_size=50))
def test_any_bytes_are_parsed_or_refused_with_a_cni_error(raw: bytes) -> None:
    with pytest.raises(CNIError):
        settings.parse(raw)
