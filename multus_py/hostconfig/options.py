"""What the node's configuration is made from: options of the command line and of a file, in one typed record.

The names are those of the Go Multus: flags as its `thin_entrypoint` has them (multus-behaviour 7.2), keys as in its
daemon-config.json (6.4). One table says for each field what it is called in either. What is made of the options is
in `multusconf`, `account` and `reconcile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from multus_py.base.jsontext import JSONObject, JSONValue

AUTO = "auto"
CONF_DIR = Path("/host/etc/cni/net.d")
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
KUBECONFIG_HOST = "/etc/cni/net.d/multus.d/multus.kubeconfig"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the node's configuration is made from. Paths `*_dir` are as this process sees them."""

    cni_conf_dir: Path = CONF_DIR
    """Where 00-multus.conf and multus.d/ go."""
    autoconfig_dir: Path = CONF_DIR
    """Where the primary network's configuration is looked for."""
    multus_conf_file: str = AUTO
    """`auto` to generate the configuration, or a file to copy."""
    master_cni_file: str = ""
    """The primary's file in `autoconfig_dir`; empty for the first by name."""
    cni_version: str = ""
    """The version that the primary is expected to have."""
    force_cni_version: bool = False
    """Whether `cni_version` replaces the primary's in what is generated."""
    kubeconfig_host: str = KUBECONFIG_HOST
    """The path of the kubeconfig on the host; empty for a configuration without one."""
    skip_kubeconfig: bool = False
    """Whether the kubeconfig is somebody else's: named in the configuration, but neither written nor removed."""
    skip_tls_verify: bool = False
    service_account_dir: Path = SERVICE_ACCOUNT
    multus_cni_conf_dir: Path | None = None
    """Where Multus looks networks up by name; made if need be. None for the plugin's own default."""
    override_network_name: bool = False
    """Whether the configuration has the primary network's name instead of `multus-cni-network`."""
    rename_conf_file: bool = False
    """Whether the primary's file is renamed to FILE.old, so that a runtime cannot find it."""
    cleanup_config_on_exit: bool = False
    """Whether the daemon calls `remove` when it is stopped."""
    namespace_isolation: bool = False
    global_namespaces: str = ""
    readiness_indicator_file: str = ""
    additional_bin_dir: str = ""
    log_to_stderr: bool = True
    log_level: str = ""
    log_file: str = ""
    settings: Mapping[str, JSONValue] = field(default_factory=dict)
    """More keys of the Multus configuration, which go into it as they stand: `defaultNetworks`, `logOptions`, ..."""
    warnings: tuple[str, ...] = ()
    """What is odd about the options."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Let a command have the flags; those not given leave no trace in its namespace."""
    raise NotImplementedError


def given(arguments: argparse.Namespace) -> bool:
    """Tell whether any of the flags was given."""
    raise NotImplementedError


def from_arguments(arguments: argparse.Namespace, *, base: Options | None = None) -> Options:
    """Return what the command line says; for the flags not given, what `base` says, or the defaults.

    Raises:
        HostConfigError: A value is wrong; the message names the flag.
    """
    raise NotImplementedError


def read_document(path: Path) -> JSONObject:
    """Read a configuration file, JSON or YAML, and check it against daemon-config.schema.json.

    It is also where the daemon finds its own keys, `metricsPort` for one.

    Raises:
        HostConfigError: It cannot be read, or a value is wrong; the message names the key.
    """
    raise NotImplementedError


def from_file(path: Path) -> Options:
    """Read a configuration file, JSON or YAML, with the keys of the Go Multus' daemon-config.json.

    Raises:
        HostConfigError: It cannot be read, or a value is wrong; the message names the key.
    """
    raise NotImplementedError
