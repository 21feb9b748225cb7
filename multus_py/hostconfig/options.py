"""What the node's configuration is made from: options of the command line and of a file, in one typed record.

The names are those of the Go Multus: flags as its `thin_entrypoint` has them (multus-behaviour 7.2), keys as in its
daemon-config.json (6.4). One table says for each field what it is called in either. What is made of the options is
in `multusconf`, `account` and `reconcile`.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.base import spelling
from multus_py.base.fields import Fields
from multus_py.hostconfig import validation
from multus_py.hostconfig.errors import HostConfigError
from multus_py.hostconfig.hostpath import on_host

if TYPE_CHECKING:
    from typing import TypeAlias

    from multus_py.base.jsontext import JSONObject, JSONValue

    Parser: TypeAlias = argparse._ActionsContainer  # noqa: SLF001 - what parsers and groups have in common

AUTO = "auto"
CONF_DIR = Path("/host/etc/cni/net.d")
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
KUBECONFIG = "multus.d/multus.kubeconfig"
"""Where in `cni_conf_dir` the kubeconfig is."""


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
    kubeconfig_host: str = on_host(CONF_DIR / KUBECONFIG)
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


@dataclass(frozen=True, kw_only=True)
class _Name:
    """What a field of the options is called."""

    field: str
    flag: str
    key: str
    help: str

    @property
    def default(self) -> object:
        """What holds when nothing is said."""
        return Options.__dataclass_fields__[self.field].default

    @property
    def is_switch(self) -> bool:
        """Whether it is true or false."""
        return isinstance(self.default, bool)

    @property
    def is_path(self) -> bool:
        """Whether it is a path as this process sees it."""
        return self.default is None or isinstance(self.default, Path)


# The original's flags first, in its order (multus-behaviour 7.2).
_TABLE = (
    ("cni_conf_dir", "--cni-conf-dir", "cniConfigDir", "where 00-multus.conf goes (%(default)s)"),
    ("cni_version", "--cni-version", "cniVersion", "the CNI version that the primary network is expected to have"),
    ("multus_conf_file", "--multus-conf-file", "multusConfigFile", "`auto`, or a Multus configuration to copy"),
    ("multus_cni_conf_dir", "--multus-cni-conf-dir", "multusCNIConfDir", "where networks are looked up by name"),
    (
        "kubeconfig_host",
        "--multus-kubeconfig-file-host",
        "kubeconfig",
        f"the kubeconfig's path on the host, if it is not {KUBECONFIG} in --cni-conf-dir; empty for none",
    ),
    ("master_cni_file", "--multus-master-cni-file-name", "multusMasterCNI", "the primary's file; else the first"),
    ("namespace_isolation", "--namespace-isolation", "namespaceIsolation", "pods use networks of their namespace only"),
    ("global_namespaces", "--global-namespaces", "globalNamespaces", "namespaces whose networks every pod may use"),
    (
        "autoconfig_dir",
        "--multus-autoconfig-dir",
        "multusAutoconfigDir",
        "where the primary network's configuration is looked for (as --cni-conf-dir)",
    ),
    ("log_to_stderr", "--multus-log-to-stderr", "logToStderr", "the plugin logs to stderr (%(default)s)"),
    ("log_level", "--multus-log-level", "logLevel", "debug, verbose, error or panic"),
    ("log_file", "--multus-log-file", "logFile", "the plugin logs to this file on the host"),
    (
        "override_network_name",
        "--override-network-name",
        "overrideNetworkName",
        "the configuration has the primary network's name in place of multus-cni-network",
    ),
    (
        "cleanup_config_on_exit",
        "--cleanup-config-on-exit",
        "cleanupConfigOnExit",
        "a daemon that is stopped takes the configuration away",
    ),
    ("rename_conf_file", "--rename-conf-file", "renameConfFile", "rename the primary's file to FILE.old"),
    (
        "readiness_indicator_file",
        "--readiness-indicator-file",
        "readinessindicatorfile",
        "the file on the host whose existence says that the primary network is ready",
    ),
    ("additional_bin_dir", "--additional-bin-dir", "binDir", "the directory of the plugins on the host"),
    ("skip_tls_verify", "--skip-tls-verify", "skipTLSVerify", "do not look at the API server's certificate"),
    ("force_cni_version", "--force-cni-version", "forceCNIVersion", "use --cni-version in place of the primary's"),
    ("skip_kubeconfig", "--skip-kubeconfig", "skipKubeconfig", "the kubeconfig is somebody else's: leave it alone"),
    (
        "service_account_dir",
        "--service-account-dir",
        "serviceAccountDir",
        "where token and CA are mounted (%(default)s)",
    ),
)
_NAMES = tuple(_Name(field=field, flag=flag, key=key, help=help) for field, flag, key, help in _TABLE)
_TRUE, _FALSE = ("1", "t", "true"), ("0", "f", "false")  # as the original's


def add_arguments(parser: argparse.ArgumentParser, *, only: Collection[str] = ()) -> None:
    """Let a command have the flags, all or those for some fields; flags not given leave no trace in its namespace."""
    group = parser.add_argument_group("the node's CNI configuration")
    for name in [name for name in _NAMES if name.field in only or not only]:
        help = name.help.replace("%(default)s", str(name.default).lower() if name.is_switch else str(name.default))
        if name.is_switch:
            add_switch(group, name.flag, help, dest=name.field)
        else:
            metavar = "DIR" if name.is_path else "TEXT"
            group.add_argument(name.flag, dest=name.field, default=argparse.SUPPRESS, metavar=metavar, help=help)


def add_switch(parser: Parser, flag: str, help: str, *, dest: str = "") -> None:
    """Add a flag that is written like the original's: `--flag`, `--flag=true`, `--flag=false`, also 1, t, 0, f."""
    parser.add_argument(
        flag,
        dest=dest or flag.lstrip("-").replace("-", "_"),
        type=_switch,
        nargs="?",
        const=True,
        default=argparse.SUPPRESS,
        metavar="BOOL",
        help=help,
    )


def given(arguments: argparse.Namespace) -> bool:
    """Tell whether any of the flags was given."""
    return any(name.field in arguments for name in _NAMES)


def from_arguments(arguments: argparse.Namespace, *, base: Options | None = None) -> Options:
    """Return what the command line says; for the flags not given, what `base` says, or the defaults.

    Raises:
        HostConfigError: A value is wrong; the message names the flag.
    """
    named = [name for name in _NAMES if name.field in arguments]
    values: dict[str, JSONValue] = {name.key: getattr(arguments, name.field) for name in named}
    flags = {name.key: name.flag for name in named}
    for problem in validation.problems(values, "daemon-config"):
        key, colon, rest = problem.partition(":")
        raise HostConfigError(flags.get(key, key) + colon + rest)
    return _checked(_with(base or Options(), Fields(values, "")))


def read_document(path: Path) -> JSONObject:
    """Read a configuration file, JSON or YAML, and check it against daemon-config.schema.json.

    It is also where the daemon finds its own keys, `metricsPort` for one.

    Raises:
        HostConfigError: It cannot be read, or a value is wrong; the message names the key.
    """
    from multus_py.base import yamltext

    try:
        document = yamltext.loads(path.read_bytes())
    except OSError as error:
        raise HostConfigError(f"cannot read {path}: {error.strerror}") from error
    except yamltext.YAMLError as error:
        raise HostConfigError(f"{path}: {error}") from error
    problems = validation.problems(document, "daemon-config")
    if problems or not isinstance(document, dict):
        raise HostConfigError(f"{path}: {'; '.join(problems)}")
    return document


def from_file(path: Path) -> Options:
    """Read a configuration file, JSON or YAML, with the keys of the Go Multus' daemon-config.json.

    Raises:
        HostConfigError: It cannot be read, or a value is wrong; the message names the key.
    """
    document = read_document(path)
    try:
        options = from_document(document)
    except HostConfigError as error:
        raise HostConfigError(f"{path}: {error}") from error
    return dataclasses.replace(options, warnings=_unknown(path, document))


def from_document(document: JSONObject) -> Options:
    """Return what a configuration file says that has been checked against the schema.

    Raises:
        HostConfigError: Values do not go together; the message names the keys.
    """
    fields = Fields(document, "")
    own = {name.key for name in _NAMES}
    settings = {key: fields.raw(key) for key in sorted(validation.settings_keys() - own) if fields.has(key)}
    return dataclasses.replace(_checked(_with(Options(), fields)), settings=settings)


def _with(base: Options, fields: Fields) -> Options:
    """Return the options with what a checked document says."""
    said = {name: fields.raw(name.key) for name in _NAMES if fields.has(name.key)}
    values: dict[str, object] = {name.field: _path(value) if name.is_path else value for name, value in said.items()}
    directory = values.get("cni_conf_dir")
    if isinstance(directory, Path):
        values = _following(base, directory) | values
    return dataclasses.replace(base, **values)  # type: ignore[arg-type]  # the schema has checked each of them


def _following(base: Options, directory: Path) -> dict[str, object]:
    """Return what changes with the directory of the configuration, where nothing else was said of it."""
    follows: dict[str, object] = {}
    if base.autoconfig_dir == base.cni_conf_dir:
        follows["autoconfig_dir"] = directory
    if base.kubeconfig_host == on_host(base.cni_conf_dir / KUBECONFIG):
        follows["kubeconfig_host"] = on_host(directory / KUBECONFIG)
    return follows


def _path(value: JSONValue) -> Path | None:
    return Path(value) if isinstance(value, str) and value else None


def _checked(options: Options) -> Options:
    """Return the options, if they go together."""
    if options.force_cni_version and not options.cni_version:
        raise HostConfigError(
            "--force-cni-version (forceCNIVersion) needs --cni-version (cniVersion): which one is it?"
        )
    if "/" in options.master_cni_file:
        raise HostConfigError(
            f"--multus-master-cni-file-name (multusMasterCNI): {options.master_cni_file} has to be a name in "
            f"{options.autoconfig_dir}; another directory is named with --multus-autoconfig-dir (multusAutoconfigDir)"
        )
    return options


def _unknown(path: Path, document: JSONObject) -> tuple[str, ...]:
    known = validation.known_keys()
    folded = {key.lower() for key in known}
    warnings = []
    for key in document:
        if key.lower() not in folded:
            meant = spelling.closest(key, known)
            warnings.append(f"{path}: the key {key} is not known" + (f"; is it {meant}?" if meant else ""))
    return tuple(warnings)


def _switch(text: str) -> bool:
    if text.lower() in _TRUE + _FALSE:
        return text.lower() in _TRUE
    raise argparse.ArgumentTypeError(f"expected true or false, found {text}")
