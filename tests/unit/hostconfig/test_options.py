"""Options: the original's flags and keys under their names, and what is refused in which words."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multus_py.hostconfig import options, validation
from multus_py.hostconfig.errors import HostConfigError
from multus_py.hostconfig.options import Options

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    options.add_arguments(parser)
    return parser.parse_args(words)


def from_words(*words: str) -> Options:
    return options.from_arguments(arguments(*words))


def from_document(directory: Path, document: JSONObject | str) -> Options:
    path = directory / "daemon-config.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return options.from_file(path)


def test_without_flags_everything_is_as_in_the_original() -> None:
    assert from_words() == Options()
    assert not options.given(arguments())
    assert options.given(arguments("--multus-log-level=debug"))


# Flag, value, field, its value; key, its value (multus-behaviour 6.4 and 7.2).
NAMES: dict[str, tuple[str, str, object, str, JSONValue]] = {
    "--cni-conf-dir": ("/c", "cni_conf_dir", Path("/c"), "cniConfigDir", "/c"),
    "--multus-autoconfig-dir": ("/a", "autoconfig_dir", Path("/a"), "multusAutoconfigDir", "/a"),
    "--cni-version": ("0.4.0", "cni_version", "0.4.0", "cniVersion", "0.4.0"),
    "--multus-conf-file": ("/m.conf", "multus_conf_file", "/m.conf", "multusConfigFile", "/m.conf"),
    "--multus-cni-conf-dir": ("/n", "multus_cni_conf_dir", Path("/n"), "multusCNIConfDir", "/n"),
    "--multus-kubeconfig-file-host": ("/k", "kubeconfig_host", "/k", "kubeconfig", "/k"),
    "--multus-master-cni-file-name": ("x.conf", "master_cni_file", "x.conf", "multusMasterCNI", "x.conf"),
    "--namespace-isolation": ("true", "namespace_isolation", True, "namespaceIsolation", True),
    "--global-namespaces": ("a,b", "global_namespaces", "a,b", "globalNamespaces", "a,b"),
    "--multus-log-to-stderr": ("false", "log_to_stderr", False, "logToStderr", False),
    "--multus-log-level": ("verbose", "log_level", "verbose", "logLevel", "verbose"),
    "--multus-log-file": ("/l", "log_file", "/l", "logFile", "/l"),
    "--override-network-name": ("true", "override_network_name", True, "overrideNetworkName", True),
    "--cleanup-config-on-exit": ("true", "cleanup_config_on_exit", True, "cleanupConfigOnExit", True),
    "--rename-conf-file": ("true", "rename_conf_file", True, "renameConfFile", True),
    "--readiness-indicator-file": ("/r", "readiness_indicator_file", "/r", "readinessindicatorfile", "/r"),
    "--additional-bin-dir": ("/b", "additional_bin_dir", "/b", "binDir", "/b"),
    "--skip-tls-verify": ("true", "skip_tls_verify", True, "skipTLSVerify", True),
    "--skip-kubeconfig": ("true", "skip_kubeconfig", True, "skipKubeconfig", True),
    "--service-account-dir": ("/s", "service_account_dir", Path("/s"), "serviceAccountDir", "/s"),
}


@pytest.mark.parametrize("flag", NAMES)
def test_a_flag_and_a_key_say_the_same(flag: str, tmp_path: Path) -> None:
    word, field, value, key, json_value = NAMES[flag]
    expected = dataclasses.replace(Options(), **{field: value})  # type: ignore[arg-type]  # the table's own words
    if field == "cni_conf_dir":
        kubeconfig = "/c/multus.d/multus.kubeconfig"
        expected = dataclasses.replace(expected, autoconfig_dir=expected.cni_conf_dir, kubeconfig_host=kubeconfig)
    assert from_words(f"{flag}={word}") == expected
    assert from_document(tmp_path, {key: json_value}) == expected
    assert from_document(tmp_path, {key.lower(): json_value}) == expected
    assert key in validation.known_keys()


def test_every_field_that_can_be_set_has_a_flag_and_a_key() -> None:
    fields = {field for _, field, _, _, _ in NAMES.values()} | {"force_cni_version"}
    assert fields | {"settings", "warnings"} == set(Options.__dataclass_fields__)


@pytest.mark.parametrize("word", ["--namespace-isolation", "--namespace-isolation=TRUE", "--namespace-isolation=1"])
def test_a_switch_is_written_as_the_original_allows(word: str) -> None:
    assert from_words(word).namespace_isolation
    assert not from_words("--namespace-isolation=f").namespace_isolation


def test_the_primary_is_looked_for_beside_the_configuration_unless_another_directory_is_named() -> None:
    assert from_words("--cni-conf-dir=/c").autoconfig_dir == Path("/c")
    assert from_words("--cni-conf-dir=/c", "--multus-autoconfig-dir=/a").autoconfig_dir == Path("/a")


def test_the_kubeconfig_is_named_as_the_host_has_it_unless_another_path_is_given() -> None:
    assert (
        from_words("--cni-conf-dir=/host/etc/k3s/net.d").kubeconfig_host == "/etc/k3s/net.d/multus.d/multus.kubeconfig"
    )
    assert from_words("--cni-conf-dir=/c", "--multus-kubeconfig-file-host=/k").kubeconfig_host == "/k"
    assert from_words("--cni-conf-dir=/c", "--multus-kubeconfig-file-host=").kubeconfig_host == ""


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    base = from_document(tmp_path, {"logLevel": "error", "logFile": "/l", "defaultNetworks": ["n"]})
    found = options.from_arguments(arguments("--multus-log-level=debug"), base=base)
    assert (found.log_level, found.log_file, found.settings) == ("debug", "/l", {"defaultNetworks": ["n"]})


WRONG_WORDS = {
    "a level": ("--multus-log-level=loud", "--multus-log-level: expected one of panic, error, verbose, debug"),
    "a version": ("--cni-version=one", "--cni-version: expected a CNI version such as 1.0.0"),
    "no directory": ("--cni-conf-dir=", "--cni-conf-dir: expected a text that is not empty"),
    "force what": ("--force-cni-version", "needs --cni-version"),
    "a path for a name": ("--multus-master-cni-file-name=/x/y.conf", "/x/y.conf has to be a name in"),
}


@pytest.mark.parametrize(("word", "message"), WRONG_WORDS.values(), ids=list(WRONG_WORDS))
def test_a_wrong_value_is_an_error_that_names_the_flag(word: str, message: str) -> None:
    with pytest.raises(HostConfigError, match=message):
        from_words(word)


def test_a_switch_that_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(argparse.ArgumentError, match="expected true or false, found maybe"):
        arguments("--namespace-isolation=maybe")


def test_keys_of_the_multus_configuration_are_kept_for_it(tmp_path: Path) -> None:
    document: JSONObject = {
        "SystemNamespaces": ["kube-system"],
        "capabilities": {"mac": True},
        "clusterNetwork": "n",
        "confDir": "/n",
        "logLevel": "debug",
        "metricsPort": 9091,
        "apiTimeout": None,
    }
    found = from_document(tmp_path, document)
    assert found.settings == {
        "systemNamespaces": ["kube-system"],
        "capabilities": {"mac": True},
        "clusterNetwork": "n",
        "confDir": "/n",
    }
    assert found.warnings == ()


def test_yaml_is_read_too(tmp_path: Path) -> None:
    found = from_document(tmp_path, "# comment\nlogLevel: debug\nsystemNamespaces: [a]\n")
    assert (found.log_level, found.settings) == ("debug", {"systemNamespaces": ["a"]})


WRONG_FILES = {
    "no object": ("[]", "expected an object, found an array"),
    "nothing": ("", "expected an object, found null"),
    "neither JSON nor YAML": ("{]", "neither JSON .* nor YAML .* at line 1"),
    "a wrong kind": ('{"metricsPort": "9091"}', 'metricsPort: expected an integer, found "9091"'),
    "a date of YAML": ("logFile: 2026-01-01\nlogLevel: 2026-01-01", "logLevel: expected one of panic"),
    "a date for a key": ("2026-01-01: x\nlogLevel: 5", "logLevel: expected a string, found 5"),
    "a list that holds itself": ("a: &a [*a]", "stands for nothing that is complete"),
    "a number for a key": ("1: x\nlogLevel: 5", "logLevel: expected a string, found 5"),
    "options that do not go together": ("forceCNIVersion: true", "needs --cni-version"),
}


@pytest.mark.parametrize(("text", "message"), WRONG_FILES.values(), ids=list(WRONG_FILES))
def test_a_wrong_file_is_an_error_that_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(HostConfigError, match=f"^{tmp_path}/daemon-config.json: .*{message}"):
        from_document(tmp_path, text)


def test_a_file_that_is_not_there_is_an_error() -> None:
    with pytest.raises(HostConfigError, match="cannot read /nowhere: No such file or directory"):
        options.from_file(Path("/nowhere"))


def test_an_unknown_key_is_warned_of_with_the_one_that_was_meant(tmp_path: Path) -> None:
    found = from_document(tmp_path, {"logLevle": "debug", "zzz": 1})
    assert found.warnings == (
        f"{tmp_path}/daemon-config.json: the key logLevle is not known; is it logLevel?",
        f"{tmp_path}/daemon-config.json: the key zzz is not known",
    )
